//! Certificates as values: the sheet, what is entered, the dated rules, who is to be reminded. Pure.

use std::fmt;
use std::slice;

use chrono::{Months, NaiveDate};

use crate::accounts::types::ProducerNo;
use crate::error::{Error, Result};
use crate::register::choice::choice;
use crate::register::contacts::types::Contact;
use crate::register::files::Sha256Hash;
use crate::register::policy::certificate_state;
use crate::register::types::{Certificate, CertificateState};
use crate::stamp::ProductNo;

choice! {
    /// On which level someone recognises products.
    IssuerLevel {
        /// Districts, until 2025-06-30.
        District = "district",
        /// The province.
        Province = "province",
        /// The ministry.
        Ministry = "ministry",
    }
}

impl IssuerLevel {
    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::District => "Cấp huyện (trước 01/07/2025)",
            Self::Province => "Cấp tỉnh",
            Self::Ministry => "Cấp bộ (trung ương)",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::District => "District (before 01/07/2025)",
            Self::Province => "Province",
            Self::Ministry => "Ministry",
        }
    }
}

/// Points out of 100, to one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u16);

impl Score {
    /// All points there are.
    const MAX_TENTHS: u16 = 1_000;

    /// Takes tenths of a point.
    pub fn from_tenths(tenths: u16) -> Option<Self> {
        (tenths <= Self::MAX_TENTHS).then_some(Self(tenths))
    }

    /// Reads points as people write them, with a comma or a point and at most one decimal.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid(
                "score",
                "Điểm là số từ 0 đến 100, nhiều nhất một chữ số sau dấu phẩy, ví dụ 76,5.",
                "a score is a number from 0 to 100 with at most one decimal, for example 76.5",
            )
        };
        let (whole, tenth) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(tenth) || tenth.len() != 1 || 3 < whole.len() {
            return Err(refused());
        }
        let tenths = format!("{whole}{tenth}").parse().map_err(|_| refused())?;
        Self::from_tenths(tenths).ok_or_else(refused)
    }

    /// Tenths of a point.
    pub const fn tenths(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, tenth) = (self.0 / 10, self.0 % 10);
        if tenth == 0 { write!(f, "{whole}") } else { write!(f, "{whole}.{tenth}") }
    }
}

/// A band of stars as it was on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarBand {
    /// Stars, 1 to 5.
    pub stars: u8,
    /// Its first day.
    pub valid_from: NaiveDate,
    /// Its last day, if it has ended.
    pub valid_to: Option<NaiveDate>,
    /// Fewest points.
    pub min_score: Score,
    /// On which level it is recognised; none: without a certificate.
    pub recognised_by: Option<IssuerLevel>,
    /// For how many months a certificate holds.
    pub months: Option<u32>,
    /// The decision that says so.
    pub source: String,
}

/// Someone who stands, or stood, on certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Name.
    pub name: String,
    /// Level.
    pub level: IssuerLevel,
    /// First day, as far as known.
    pub valid_from: NaiveDate,
    /// Last day, if there is none any more.
    pub valid_to: Option<NaiveDate>,
}

/// The dated rules that certificates are entered by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Every band in each of its lives, fewest stars first.
    pub bands: Vec<StarBand>,
    /// Every issuer in each of its lives.
    pub issuers: Vec<Issuer>,
}

/// A certificate as it was typed: each field by itself is well formed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateDraft {
    /// Its number as printed.
    pub number: Option<String>,
    /// Stars, 3 to 5.
    pub stars: Option<u8>,
    /// Points of the assessment.
    pub score: Option<Score>,
    /// The decision that recognised the product.
    pub decision_no: Option<String>,
    /// Its issuer as printed.
    pub issuer: Option<String>,
    /// The issuer's level.
    pub issuer_level: Option<IssuerLevel>,
    /// First day in force.
    pub from: Option<NaiveDate>,
    /// Last day in force; computed from the first when it is left out.
    pub to: Option<NaiveDate>,
}

/// A certificate that keeps the rules of its first day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEntry {
    /// As it was typed, but for the days.
    pub draft: CertificateDraft,
    /// First and last day in force; none: its state is unknown.
    pub window: Option<(NaiveDate, NaiveDate)>,
}

/// Everything the register says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSheet {
    /// Its number in the register.
    pub certificate_id: i32,
    /// Its product.
    pub product_no: ProductNo,
    /// The product's name.
    pub product: String,
    /// The product's set.
    pub set_no: u8,
    /// Whose product it is.
    pub producer_no: ProducerNo,
    /// The producer's name.
    pub producer: String,
    /// The producer's commune.
    pub commune: Option<String>,
    /// What minting and scanning know of it.
    pub certificate: Certificate,
    /// Points of the assessment.
    pub score: Option<Score>,
    /// The decision that recognised the product.
    pub decision_no: Option<String>,
    /// The issuer's level.
    pub issuer_level: Option<IssuerLevel>,
    /// The scan of the paper.
    pub scan: Option<Sha256Hash>,
    /// Counts its changes.
    pub version: i32,
}

impl CertificateSheet {
    /// How this certificate by itself stands on a day.
    pub fn state(&self, day: NaiveDate) -> CertificateState {
        certificate_state(slice::from_ref(&self.certificate), day)
    }

    /// What its form shows.
    pub fn draft(&self) -> CertificateDraft {
        CertificateDraft {
            number: self.certificate.number.clone(),
            stars: self.certificate.stars,
            score: self.score,
            decision_no: self.decision_no.clone(),
            issuer: self.certificate.issuer.clone(),
            issuer_level: self.issuer_level,
            from: self.certificate.window.map(|(from, _)| from),
            to: self.certificate.window.map(|(_, to)| to),
        }
    }
}

impl CertificateEntry {
    /// Names of the fields that differ from what the register has, for the trail.
    pub fn changed_fields(&self, before: &CertificateSheet) -> Vec<String> {
        let (now, then) = (&self.draft, before.draft());
        let fields = [
            ("number", now.number != then.number),
            ("stars", now.stars != then.stars),
            ("score", now.score != then.score),
            ("decision_no", now.decision_no != then.decision_no),
            ("issuer", now.issuer != then.issuer),
            ("issuer_level", now.issuer_level != then.issuer_level),
            ("days", self.window != before.certificate.window),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
    }
}

/// One page of a list, and how many the whole list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificatePage {
    /// The page.
    pub certificates: Vec<CertificateSheet>,
    /// All that the filter finds.
    pub n_all: u32,
}

/// A certificate that ends soon, and how to reach whoever it matters to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its last day.
    pub last_day: NaiveDate,
    /// The certificate.
    pub sheet: CertificateSheet,
    /// How to reach the producer: what is public or for the offices.
    pub contacts: Vec<Contact>,
}

/// Months before the last day at which people are reminded, the nearest first.
pub const REMINDER_MONTHS: [u32; 4] = [1, 3, 6, 9];

/// Certificates that end within some months, those of nearer groups aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingGroup {
    /// Within how many months.
    pub months: u32,
    /// The last day that still belongs to it.
    pub until: NaiveDate,
    /// Those that end first come first.
    pub endings: Vec<Ending>,
}

/// The day that lies some months ahead: a certificate whose last day it is ends within them.
pub fn months_ahead(today: NaiveDate, months: u32) -> NaiveDate {
    today.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}
