//! Products, producers and certificates as values. Pure.

use std::fmt;

use chrono::{Days, Months, NaiveDate};
use serde::Serialize;

pub use super::import::{ProducerKind, ShelfLife};
use crate::accounts::types::ProducerNo;
use crate::error::{Error, Result};
use crate::stamp::ProductNo;

/// A product with its producer and all its certificates: what minting and scanning ask of it. Its story and photos stay in
/// the database until its own page asks for them.
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
    /// What one pack holds.
    pub pack: Option<Pack>,
    /// Whether it left the register: its stamps stay known, no new ones are made.
    pub is_closed: bool,
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
    /// Its number in the register.
    pub producer_no: ProducerNo,
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

    /// The last day on which it counts: the day before its revocation, if that came first.
    pub fn last_day(&self) -> Option<NaiveDate> {
        let (_, last_day) = self.window?;
        let revoked = self.revoked.as_ref().and_then(|(on, _)| on.pred_opt());
        Some(revoked.map_or(last_day, |before| before.min(last_day)))
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

/// A quantity in thousandths of its unit: exact where a float is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(i64);

impl Quantity {
    /// The largest quantity, thousandths: a million tonnes in grams would be a typing error.
    const MAX_THOUSANDTHS: i64 = 1_000_000_000_000;

    /// Reads a decimal number with at most three places, as programs write it.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid(
                "quantity",
                "Số lượng là số dương, nhiều nhất ba chữ số sau dấu chấm.",
                "a quantity is a positive number with at most three decimal places",
            )
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || 3 < fraction.len() || !all_digits(whole) || !all_digits(fraction) {
            return Err(refused());
        }
        let thousandths: i64 = format!("{whole}{fraction:0<3}").parse().map_err(|_| refused())?;
        Self::from_thousandths(thousandths).ok_or_else(refused)
    }

    /// Reads a number as people type it, with a decimal comma or point. `1.000` and `1,000` are one or one thousand, so both
    /// are refused with the two ways to write it.
    pub fn typed(field: &'static str, text: &str) -> Result<Self> {
        let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}')).collect();
        let text = text.replace(',', ".");
        if let Some((whole, fraction)) = text.split_once('.')
            && fraction.len() == 3
            && whole.bytes().any(|b| b != b'0')
        {
            let whole = whole.trim_start_matches('0');
            return Err(Error::invalid(
                field,
                format!("Số này đọc được hai cách; xin viết {whole}{fraction} hoặc {whole},{}.", shortest(fraction)),
                format!(
                    "this number can be read in two ways; write {whole}{fraction} or {whole}.{}",
                    shortest(fraction)
                ),
            ));
        }
        Self::parse(&text).map_err(|_| why_not(field, &text))
    }

    /// Takes the stored form.
    pub fn from_thousandths(n: i64) -> Option<Self> {
        (0 < n && n <= Self::MAX_THOUSANDTHS).then_some(Self(n))
    }

    /// The stored form.
    pub const fn thousandths(self) -> i64 {
        self.0
    }
}

/// Why a typed number, with a point for its comma, is no quantity.
fn why_not(field: &'static str, text: &str) -> Error {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (vi, en) = if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        ("Xin điền một số dương, ví dụ 500 hoặc 0,5.", "enter a positive number, for example 500 or 0.5")
    } else if 3 < fraction.len() {
        (
            "Sau dấu phẩy nhiều nhất ba chữ số, ví dụ 0,125; xin làm tròn.",
            "at most three decimal places, for example 0.125; round it",
        )
    } else if text.bytes().all(|b| matches!(b, b'0' | b'.')) {
        ("Xin điền một số lớn hơn 0.", "enter a number greater than 0")
    } else {
        (
            "Số này quá lớn, nhiều nhất là 1.000.000.000; xin xem lại hoặc dùng đơn vị lớn hơn, ví dụ tấn.",
            "this number is too large, at most 1,000,000,000; look again or use a larger unit such as tonnes",
        )
    };
    Error::invalid(field, vi, en)
}

/// Decimal places that say something; one stays.
fn shortest(fraction: &str) -> &str {
    let short = fraction.trim_end_matches('0');
    if short.is_empty() { "0" } else { short }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// In what a quantity is counted: kg, chai, gói ...
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Unit(String);

/// Marks in units besides letters and digits.
const UNIT_MARKS: &str = " .,/%()-";
/// Longest unit, characters.
const MAX_UNIT_CHARS: usize = 20;

impl Unit {
    /// Checks a unit.
    pub fn new(field: &'static str, text: &str) -> Result<Self> {
        let text = text.trim();
        let is_unit_char = |c: char| c.is_alphanumeric() || UNIT_MARKS.contains(c);
        if text.is_empty() || MAX_UNIT_CHARS < text.chars().count() || !text.chars().all(is_unit_char) {
            return Err(Error::invalid(
                field,
                "Đơn vị dài 1 đến 20 ký tự, ví dụ g, kg, ml, gói.",
                "a unit has 1 to 20 characters, for example g, kg, ml",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one pack holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// How much.
    pub quantity: Quantity,
    /// Of what.
    pub unit: Unit,
}

impl Pack {
    /// Takes the stored form; none when either half is missing or damaged.
    pub fn from_columns(thousandths: Option<i64>, unit: Option<&str>) -> Option<Self> {
        let quantity = Quantity::from_thousandths(thousandths?)?;
        Some(Self { quantity, unit: Unit::new("pack_unit", unit?).ok()? })
    }
}

impl Pack {
    /// Whether a form shows it with these texts.
    pub fn is_written(&self, quantity: &str, unit: &str) -> bool {
        self.quantity.to_string() == quantity.replace(',', ".") && self.unit.as_str() == unit
    }
}

impl fmt::Display for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.quantity, self.unit.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_exact_to_three_places() {
        let shown = |text: &str| Quantity::parse(text).unwrap().to_string();
        assert_eq!(shown("12.5"), "12.5");
        assert_eq!(shown("500"), "500");
        assert_eq!(shown("0.001"), "0.001");
        for bad in ["", "0", "-1", "1.2345", "1e3", ".5", "1000000000000", "NaN"] {
            assert!(Quantity::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_typed_quantity_has_a_comma_or_a_point_but_never_two_readings() {
        let typed = |text: &str| Quantity::typed("quantity", text);
        for (text, shown) in [("0,5", "0.5"), ("0.5", "0.5"), ("1 500", "1500"), ("0,125", "0.125"), ("12,50", "12.5")]
        {
            assert_eq!(typed(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["1.000", "1,000", "12.345"] {
            let refused = typed(text).unwrap_err().to_string();
            assert!(refused.contains("two ways"), "{text}: {refused}");
        }
        for text in ["", "0", "1.000.000", "nửa", "-1", "1,2345"] {
            assert!(typed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_typed_number_that_is_refused_says_what_is_wrong_with_it() {
        let refused = |text: &str| Quantity::typed("quantity", text).unwrap_err().to_string();
        for text in ["12345678901234567890", "1000000000,01"] {
            assert!(refused(text).contains("too large"), "{text}");
        }
        assert!(refused("1,2345").contains("at most three decimal places"));
        assert!(refused("0,0").contains("greater than 0"));
        assert!(refused("nửa").contains("a positive number"));
    }

    #[test]
    fn a_unit_is_short_and_plain() {
        assert_eq!(Unit::new("unit", " chai (ml) ").unwrap().as_str(), "chai (ml)");
        for bad in ["", " ", "<b>", "a\nb", "=kg", &"k".repeat(21)] {
            assert!(Unit::new("unit", bad).is_err(), "{bad:?}");
        }
    }
}
