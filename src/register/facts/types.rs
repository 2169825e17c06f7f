//! The facts of the register as values, each one known or not. Pure. Texts are as a cell of their column holds them.

use std::fmt;

use chrono::NaiveDate;

use crate::register::certificates::types::{CertificateDraft, IssuerLevel, Score};
use crate::register::import::{ImportRow, ProducerKind, RowState, ShelfLife};
use crate::register::types::Pack;

/// One fact, as a cell holds it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::register) enum Fact {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// A day.
    Day(NaiveDate),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            // Vietnam writes a decimal comma.
            Self::Number(number) => f.write_str(&number.to_string().replace('.', ",")),
            Self::Day(day) => day.format("%d/%m/%Y").fmt(f),
        }
    }
}

/// A commune in one of its lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::register) struct Place {
    /// Five digits.
    pub(in crate::register) code: String,
    /// Its first day.
    pub(in crate::register) valid_from: NaiveDate,
    /// Its name.
    pub(in crate::register) name: String,
}

/// What is said of a producer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::register) struct ProducerFacts {
    pub(in crate::register) name: Option<String>,
    pub(in crate::register) kind: Option<ProducerKind>,
    pub(in crate::register) tax_code: Option<String>,
    pub(in crate::register) printed_address: Option<String>,
    pub(in crate::register) village: Option<String>,
    pub(in crate::register) commune: Option<Place>,
    pub(in crate::register) former_commune: Option<String>,
    pub(in crate::register) former_district: Option<String>,
    pub(in crate::register) former_province: Option<String>,
}

/// What is said of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::register) struct ProductFacts {
    pub(in crate::register) name: Option<String>,
    pub(in crate::register) name_en: Option<String>,
    pub(in crate::register) set_no: Option<u8>,
    pub(in crate::register) stars: Option<u8>,
    pub(in crate::register) story: Option<String>,
    pub(in crate::register) story_en: Option<String>,
    pub(in crate::register) ingredients: Option<String>,
    pub(in crate::register) standards: Option<String>,
    pub(in crate::register) gtin: Option<String>,
    pub(in crate::register) shelf_life: Option<ShelfLife>,
    pub(in crate::register) pack: Option<Pack>,
    pub(in crate::register) decision: Option<String>,
    pub(in crate::register) first_year_seen: Option<i16>,
    pub(in crate::register) source: Option<String>,
}

/// What is said of a certificate, its revocation aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::register) struct CertificateFacts {
    pub(in crate::register) number: Option<String>,
    pub(in crate::register) stars: Option<u8>,
    pub(in crate::register) score: Option<Score>,
    pub(in crate::register) decision_no: Option<String>,
    pub(in crate::register) issuer: Option<String>,
    pub(in crate::register) issuer_level: Option<IssuerLevel>,
    pub(in crate::register) from: Option<NaiveDate>,
    pub(in crate::register) to: Option<NaiveDate>,
}

/// A producer of the register.
#[derive(Clone, Debug)]
pub(in crate::register) struct StoredProducer {
    pub(in crate::register) producer_no: i32,
    pub(in crate::register) is_closed: bool,
    pub(in crate::register) facts: ProducerFacts,
}

/// A product of the register.
#[derive(Clone, Debug)]
pub(in crate::register) struct StoredProduct {
    pub(in crate::register) product_no: i32,
    pub(in crate::register) producer_no: i32,
    /// Whether it left the register by itself.
    pub(in crate::register) is_closed: bool,
    pub(in crate::register) facts: ProductFacts,
}

/// A certificate of the register.
#[derive(Clone, Debug)]
pub(in crate::register) struct StoredCertificate {
    pub(in crate::register) certificate_id: i32,
    pub(in crate::register) product_no: i32,
    pub(in crate::register) facts: CertificateFacts,
    /// From which day on it no longer counts, and why.
    pub(in crate::register) revoked: Option<(NaiveDate, String)>,
}

impl StoredProduct {
    /// Whether it is in the register still.
    pub(in crate::register) const fn state(&self, producer_is_closed: bool) -> RowState {
        match (self.is_closed, producer_is_closed) {
            (true, _) => RowState::Closed,
            (false, true) => RowState::ProducerClosed,
            (false, false) => RowState::Open,
        }
    }
}

impl ProducerFacts {
    /// What one row says.
    pub(in crate::register) fn of_row(row: &ImportRow, commune: Option<Place>) -> Self {
        Self {
            name: Some(row.producer.clone()),
            kind: Some(row.producer_kind),
            tax_code: row.further.tax_code.as_ref().map(|code| code.as_str().to_owned()),
            printed_address: row.further.printed_address.clone(),
            village: row.village.clone(),
            commune,
            former_commune: row.former_commune.clone(),
            former_district: row.former_district.clone(),
            former_province: row.former_province.clone(),
        }
    }
}

impl ProductFacts {
    /// What one row says.
    pub(in crate::register) fn of_row(row: &ImportRow) -> Self {
        Self {
            name: Some(row.product.clone()),
            name_en: row.further.product_en.clone(),
            set_no: Some(row.set_no),
            stars: row.stars,
            story: row.further.story.clone(),
            story_en: row.further.story_en.clone(),
            ingredients: row.further.ingredients.clone(),
            standards: row.standards.clone(),
            gtin: row.further.gtin.as_ref().map(|gtin| gtin.as_str().to_owned()),
            shelf_life: row.shelf_life,
            pack: row.further.pack.clone(),
            decision: row.decision.clone(),
            first_year_seen: row.first_year_seen,
            source: row.source.clone(),
        }
    }
}

impl CertificateFacts {
    /// What one row says; none when it says nothing of a certificate.
    pub(in crate::register) fn of_row(row: &ImportRow) -> Option<Self> {
        let (dated, undated) = (row.certificate.as_ref(), row.undated_certificate.as_ref());
        let facts = Self {
            number: dated.map_or_else(|| undated.and_then(|own| own.number.clone()), |own| own.number.clone()),
            stars: row.further.certificate_stars,
            score: row.further.score,
            decision_no: row.further.certificate_decision.clone(),
            issuer: dated.map_or_else(|| undated.and_then(|own| own.issuer.clone()), |own| own.issuer.clone()),
            issuer_level: row.further.issuer_level,
            from: dated.map(|own| own.from),
            to: dated.and_then(|own| own.to),
        };
        (facts != Self::default()).then_some(facts)
    }

    /// The same as someone would type it into the form.
    pub(in crate::register) fn draft(&self) -> CertificateDraft {
        CertificateDraft {
            number: self.number.clone(),
            stars: self.stars,
            score: self.score,
            decision_no: self.decision_no.clone(),
            issuer: self.issuer.clone(),
            issuer_level: self.issuer_level,
            from: self.from,
            to: self.to,
        }
    }
}
