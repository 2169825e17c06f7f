//! Products, producers and certificates as values. Pure.

use chrono::{Days, Months, NaiveDate};

pub use super::import::{ProducerKind, ShelfLife};
use crate::stamp::ProductNo;

/// A product with its producer and all its certificates.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Its number in the register.
    pub product_no: ProductNo,
    /// Its name.
    pub name: String,
    /// Product set, 1 to 26.
    pub set_no: u8,
    /// The set's name in Vietnamese and English, when the list has it.
    pub set_name: Option<(String, String)>,
    /// Whether its set is stamped by the batch; tourism is stamped for a place.
    pub is_stamped_by_batch: bool,
    /// Stars as the register says, with or without a certificate.
    pub stars: Option<u8>,
    /// Standards applied.
    pub standards: Option<String>,
    /// How long it keeps.
    pub shelf_life: Option<ShelfLife>,
    /// A JPEG of at most 4 KiB in base64, ready for the page: it is read once and shown with every scan.
    pub photo_base64: Option<String>,
    /// Belongs to the demonstration.
    pub demo: bool,
    /// Who makes it.
    pub producer: Producer,
    /// Certificates, newest first; those without dates last.
    pub certificates: Vec<Certificate>,
}

/// Who makes a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Name.
    pub name: String,
    /// What it is in law.
    pub kind: Option<ProducerKind>,
    /// Village.
    pub village: Option<String>,
    /// Today's commune, with its province.
    pub commune: Option<String>,
    /// The address before the reform of 2025-07-01, as printed on older packaging.
    pub former: Option<String>,
}

impl Producer {
    /// Village and commune in one line; none when neither is known.
    pub fn address(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.village, &self.commune].into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { None } else { Some(parts.join(", ")) }
    }
}

/// One OCOP certificate. Both dates are there, or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Stars it grants, 3 to 5.
    pub stars: Option<u8>,
    /// Its number as printed.
    pub number: Option<String>,
    /// Its issuer as printed; districts that no longer exist included.
    pub issuer: Option<String>,
    /// First and last day in force.
    pub window: Option<(NaiveDate, NaiveDate)>,
    /// From which day on it no longer counts, and why. What was packed before stays recognised.
    pub revoked: Option<(NaiveDate, String)>,
}

impl Certificate {
    /// Whether it is in force on a day: inside its dates, and not revoked on that day or before.
    pub fn covers(&self, day: NaiveDate) -> bool {
        let is_revoked = self.revoked.as_ref().is_some_and(|(on, _)| *on <= day);
        !is_revoked && self.window.is_some_and(|(first, last)| first <= day && day <= last)
    }
}

/// How a product's certificates stand on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// One covers the day.
    InForce,
    /// The latest ended before the day.
    Lapsed {
        /// Its last day.
        last_day: NaiveDate,
    },
    /// The earliest starts after the day.
    NotYetValid {
        /// Its first day.
        first_day: NaiveDate,
    },
    /// The latest was revoked on the day or before.
    Revoked {
        /// From which day on it no longer counts.
        on: NaiveDate,
    },
    /// The register has no dates.
    Unknown,
}

impl CertificateState {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Lapsed { .. } => "lapsed",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

impl ShelfLife {
    /// The last day of use of goods packed on a day.
    pub fn last_day(self, packed_on: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(n) => packed_on.checked_add_days(Days::new(n.into())),
            Self::Months(n) => packed_on.checked_add_months(Months::new(n.into())),
        }
    }
}
