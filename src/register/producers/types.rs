//! Producers as values: the sheet, the line in a list, what is written. Pure.

use chrono::{DateTime, NaiveDate, Utc};

use crate::accounts::types::ProducerNo;
pub use crate::register::import::ProducerKind;
use crate::stamp::ProductNo;

use super::TaxCode;

impl ProducerKind {
    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Cooperative => "Hợp tác xã",
            Self::CooperativeGroup => "Tổ hợp tác",
            Self::Company => "Công ty, doanh nghiệp",
            Self::Household => "Hộ gia đình, hộ kinh doanh",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Cooperative => "Cooperative",
            Self::CooperativeGroup => "Cooperative group",
            Self::Company => "Company",
            Self::Household => "Household",
        }
    }
}

/// A commune of today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commune {
    /// Five digits; with the first day they name it.
    pub code: String,
    /// Its first day.
    pub valid_from: NaiveDate,
    /// Its name with its kind.
    pub name: String,
    /// Its province.
    pub province: String,
}

/// A commune of before the reform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerCommune {
    /// Five digits; today they may name another.
    pub code: String,
    /// Its name with its kind.
    pub name: String,
    /// The district it lay in.
    pub district: Option<String>,
    /// The communes of today that it went into, wholly or in part.
    pub became: Vec<String>,
}

/// Everything the register says of a producer itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerSheet {
    /// Its number.
    pub producer_no: ProducerNo,
    /// Its name.
    pub name: String,
    /// What it is in law, where the register knows.
    pub kind: Option<ProducerKind>,
    /// Its tax code; a household's is personal data.
    pub tax_code: Option<String>,
    /// The address as printed on packaging, in one line.
    pub printed_address: Option<String>,
    /// Village.
    pub village: Option<String>,
    /// Where it is today.
    pub commune: Option<Commune>,
    /// Commune before the reform, as printed.
    pub former_commune: Option<String>,
    /// District before the reform, as printed.
    pub former_district: Option<String>,
    /// Province before the reform, as printed.
    pub former_province: Option<String>,
    /// Belongs to the demonstration.
    pub demo: bool,
    /// When it left the register, if it did.
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

impl ProducerSheet {
    /// Village and commune of today in one line.
    pub fn address(&self) -> Option<String> {
        let commune = self.commune.as_ref().map(|commune| format!("{}, {}", commune.name, commune.province));
        joined([self.village.as_deref(), commune.as_deref()])
    }

    /// The address before the reform in one line.
    pub fn former_address(&self) -> Option<String> {
        joined([self.former_commune.as_deref(), self.former_district.as_deref(), self.former_province.as_deref()])
    }
}

fn joined<const N: usize>(parts: [Option<&str>; N]) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A producer in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerLine {
    /// Its number.
    pub producer_no: ProducerNo,
    /// Its name.
    pub name: String,
    /// What it is in law, where the register knows.
    pub kind: Option<ProducerKind>,
    /// Its commune of today.
    pub commune: Option<String>,
    /// Products of its that are in the register, closed ones aside.
    pub n_products: u32,
    /// Whether it left the register.
    pub is_closed: bool,
}

/// One page of a list, and how many the whole list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerPage {
    /// The page.
    pub lines: Vec<ProducerLine>,
    /// All that the filter finds.
    pub n_all: u32,
}

/// A product on its producer's sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProduct {
    /// Its number.
    pub product_no: ProductNo,
    /// Its name.
    pub name: String,
    /// Whether it left the register.
    pub is_closed: bool,
}

/// A producer as the office writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// Name.
    pub name: String,
    /// What it is in law.
    pub kind: ProducerKind,
    /// Tax code.
    pub tax_code: Option<TaxCode>,
    /// The name of today's commune as it was typed.
    pub commune: Option<String>,
    /// Commune before the reform, as printed.
    pub former_commune: Option<String>,
    /// District before the reform, as printed.
    pub former_district: Option<String>,
    /// Province before the reform, as printed.
    pub former_province: Option<String>,
    /// What its own people may write too.
    pub own: OwnEntry,
}

/// What a producer and its officer may write of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEntry {
    /// Village.
    pub village: Option<String>,
    /// The address as printed on packaging.
    pub printed_address: Option<String>,
}

/// What someone changes of a producer: as much as their role lets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProducerChange {
    /// All of it, by the office.
    Whole(ProducerEntry),
    /// Its own part.
    Own(OwnEntry),
}

impl ProducerChange {
    /// The part that both kinds write.
    pub const fn own(&self) -> &OwnEntry {
        match self {
            Self::Whole(entry) => &entry.own,
            Self::Own(own) => own,
        }
    }

    /// Names of the fields that differ from what the register has, for the trail: names, never values.
    pub fn changed_fields(&self, before: &ProducerSheet) -> Vec<String> {
        let own = self.own();
        let mut fields = vec![
            ("village", own.village != before.village),
            ("printed_address", own.printed_address != before.printed_address),
        ];
        if let Self::Whole(entry) = self {
            let tax_code = entry.tax_code.as_ref().map(TaxCode::as_str);
            let commune = before.commune.as_ref().map(|commune| &commune.name);
            fields.extend([
                ("name", entry.name != before.name),
                ("kind", Some(entry.kind) != before.kind),
                ("tax_code", tax_code != before.tax_code.as_deref()),
                ("commune", entry.commune.as_ref() != commune),
                ("former_commune", entry.former_commune != before.former_commune),
                ("former_district", entry.former_district != before.former_district),
                ("former_province", entry.former_province != before.former_province),
            ]);
        }
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
    }
}
