//! Batches, runs and what is asked of them, as values. Pure.

use std::num::NonZeroU32;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::accounts::types::ProducerNo;
use crate::error::{Error, Result};
pub use crate::register::types::{Quantity, Unit};
use crate::stamp::{BatchNo, KeyNo, LastValidDay, ProductNo, Serial};

pub use super::standing::types::{Notice, Standing};
pub use super::voids::types::{Void, VoidReason, find_void};

/// A lot as printed: 1 to 20 characters of GS1 set 82 (GS1 General Specifications, AI 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Lot(String);

/// GS1 AI 10.
pub(super) const MAX_LOT_CHARS: usize = 20;
/// The marks of GS1 set 82 besides letters and digits.
const LOT_MARKS: &str = "!\"%&'()*+,-./:;<=>?_";

impl Lot {
    /// Checks a lot.
    pub fn new(text: &str) -> Result<Self> {
        let is_lot_char = |c: char| c.is_ascii_alphanumeric() || LOT_MARKS.contains(c);
        if text.is_empty() || MAX_LOT_CHARS < text.chars().count() || !text.chars().all(is_lot_char) {
            return Err(Error::invalid(
                "lot",
                "Mã lô dài 1 đến 20 ký tự: chữ không dấu, chữ số, dấu gạch (-) hoặc dấu chấm (.); không có dấu cách.",
                "a lot has 1 to 20 characters of GS1 set 82: letters without accents, digits and ! \" % & ' ( ) * + , - . / : ; < = > ? _ , no space",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A batch to open, checked.
#[derive(Clone, Debug)]
pub struct OpenBatch {
    /// The product.
    pub product_no: ProductNo,
    /// Its lot.
    pub lot: Lot,
    /// The day it is packed.
    pub packed_on: NaiveDate,
    /// Its last day of use; none: derived from the product's shelf life, if it has one.
    pub last_valid_day: Option<NaiveDate>,
    /// How much.
    pub quantity: Option<Quantity>,
    /// Of what.
    pub unit: Option<String>,
}

/// Stamps may be ordered this many days before packing, so that labels are at hand on the day.
const MAX_DAYS_AHEAD: i64 = 31;

impl OpenBatch {
    /// Checks the dates against each other and today, and the unit.
    pub fn check(&self, today: NaiveDate) -> Result<()> {
        if MAX_DAYS_AHEAD < self.packed_on.signed_duration_since(today).num_days()
            || LastValidDay::from_date(self.packed_on).is_err()
        {
            return Err(Error::invalid(
                "packed_on",
                "Ngày đóng gói phải từ 02/01/2020 đến tối đa 31 ngày sau hôm nay.",
                "packed_on must lie between 2020-01-02 and 31 days from today",
            ));
        }
        if let Some(last) = self.last_valid_day {
            if last < self.packed_on {
                return Err(Error::invalid(
                    "last_valid_day",
                    "Hạn sử dụng không được trước ngày đóng gói.",
                    "last_valid_day must not be before packed_on",
                ));
            }
            LastValidDay::from_date(last).map_err(|_| {
                Error::invalid(
                    "last_valid_day",
                    "Hạn sử dụng không được sau 06/06/2199.",
                    "last_valid_day must not be after 2199-06-06",
                )
            })?;
        }
        let bad_unit = |unit: &String| Unit::new("unit", unit).is_err();
        if self.unit.as_ref().is_some_and(bad_unit) || (self.unit.is_some() && self.quantity.is_none()) {
            return Err(Error::invalid(
                "unit",
                "Đơn vị dài 1 đến 20 ký tự và đi cùng số lượng.",
                "a unit has 1 to 20 characters and goes with a quantity",
            ));
        }
        Ok(())
    }
}

/// An open or closed batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number.
    pub batch_no: BatchNo,
    /// Its product.
    pub product_no: ProductNo,
    /// Whose it is.
    pub producer_no: ProducerNo,
    /// Its lot.
    pub lot: String,
    /// The day it was packed.
    pub packed_on: NaiveDate,
    /// Its last day of use.
    pub last_valid_day: Option<NaiveDate>,
    /// How much.
    pub quantity: Option<Quantity>,
    /// Of what.
    pub unit: Option<String>,
    /// Whether more stamps may be ordered.
    pub is_open: bool,
    /// The first serial not yet handed out, 1 to 16 777 216.
    pub next_serial: u32,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed, if it is.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether its goods may be sold.
    pub standing: Standing,
    /// Most stamps that the office lets it have, when the office has set a number by hand.
    pub max_stamps: Option<u32>,
    /// Counts its changes, so that two people do not overwrite each other.
    pub version: i32,
}

impl Batch {
    /// Serials left.
    pub const fn n_left(&self) -> u32 {
        (Serial::MAX.get() + 1).saturating_sub(self.next_serial)
    }
}

/// Which batches a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchFilter {
    /// Of this product alone.
    pub product_no: Option<ProductNo>,
    /// In this state alone.
    pub shown: Option<ShownBatches>,
    /// Whose lot has this in it, in small or capital letters.
    pub lot: Option<String>,
    /// Each of which stands in the lot, or in the product's or producer's name, with or without diacritics.
    pub words: Vec<String>,
}

impl BatchFilter {
    /// Words of a search that are looked at.
    const MAX_WORDS: usize = 6;

    /// The words of a search.
    pub fn words_of(search: &str) -> Vec<String> {
        search.split_whitespace().take(Self::MAX_WORDS).map(str::to_owned).collect()
    }
}

/// States of batches as lists are asked for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBatches {
    /// Those that may get more stamps.
    Open,
    /// Those that get no more.
    Closed,
    /// Not to be sold for now.
    Suspended,
    /// Taken back.
    Recalled,
}

impl ShownBatches {
    /// Every state, in the order of forms.
    pub const ALL: [Self; 4] = [Self::Open, Self::Closed, Self::Suspended, Self::Recalled];

    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Suspended => "suspended",
            Self::Recalled => "recalled",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shown| shown.as_str() == name)
    }
}

/// An order of stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MintOrder {
    /// How many, at least 1.
    pub count: NonZeroU32,
    /// With a scratch layer.
    pub scratch: bool,
}

/// The caller's name for one order, so that repeating it mints nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// Method and path.
    pub route: String,
    /// The caller's `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of the parsed body.
    pub body_hash: [u8; 32],
}

/// One run: stamps `first` to `last` of a batch, all signed alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MintRun {
    /// The batch.
    pub batch_no: BatchNo,
    /// The first serial.
    pub first: Serial,
    /// The last serial.
    pub last: Serial,
    /// The product as signed.
    pub product_no: ProductNo,
    /// The last valid day as signed.
    pub last_valid_day: LastValidDay,
    /// The key that signs.
    pub stamp_key: KeyNo,
    /// The key that makes its typed codes.
    pub code_key: KeyNo,
    /// The key that makes its scratch codes, if it has any.
    pub scratch_key: Option<KeyNo>,
    /// When it was minted.
    pub minted_at: DateTime<Utc>,
}

impl MintRun {
    /// Whether the run holds a serial. The batch's own stamp, serial 0, belongs to the run that starts at 1.
    pub fn holds(&self, serial: Serial) -> bool {
        let is_whole_batch = serial == Serial::WHOLE_BATCH && self.first == Serial::FIRST;
        is_whole_batch || (self.first <= serial && serial <= self.last)
    }

    /// Its serials, without the batch's own.
    pub fn range(&self) -> SerialRange {
        SerialRange { first: self.first, last: self.last }
    }
}

/// A range of serials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialRange {
    /// The first.
    pub first: Serial,
    /// The last.
    pub last: Serial,
}

impl SerialRange {
    /// Checks the order.
    pub fn new(first: Serial, last: Serial) -> Result<Self> {
        if last < first {
            return Err(Error::invalid("last", "Số cuối phải không nhỏ hơn số đầu.", "last must not be below first"));
        }
        Ok(Self { first, last })
    }

    /// How many serials there are in it.
    pub fn n_serials(&self) -> u32 {
        self.last.get().saturating_sub(self.first.get()) + 1
    }

    /// The serials that lie in both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }

    /// Whether the serial lies in it.
    pub fn holds(&self, serial: Serial) -> bool {
        self.first <= serial && serial <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_is_1_to_20_characters_of_the_gs1_set() {
        assert!(Lot::new("MD-2026/11.A").is_ok());
        assert!(Lot::new(&"A".repeat(20)).is_ok());
        for bad in ["", "MD 01", "LÔ01", "A#1", "A\u{0}", "a\nb", &"A".repeat(21)] {
            assert!(Lot::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_whole_batch_stamp_belongs_to_the_first_run_alone() {
        let serial = |n| Serial::new(n).unwrap();
        let run = |first, last| MintRun {
            batch_no: BatchNo::new(1).unwrap(),
            first: serial(first),
            last: serial(last),
            product_no: ProductNo::new(1).unwrap(),
            last_valid_day: LastValidDay::NONE,
            stamp_key: KeyNo::new(1).unwrap(),
            code_key: KeyNo::new(1).unwrap(),
            scratch_key: None,
            minted_at: DateTime::UNIX_EPOCH,
        };
        assert!(run(1, 10).holds(serial(0)));
        assert!(run(1, 10).holds(serial(10)));
        assert!(!run(1, 10).holds(serial(11)));
        assert!(!run(11, 20).holds(serial(0)));
    }

    fn order(packed_on: &str, last: Option<&str>) -> OpenBatch {
        OpenBatch {
            product_no: ProductNo::new(1).unwrap(),
            lot: Lot::new("A").unwrap(),
            packed_on: packed_on.parse().unwrap(),
            last_valid_day: last.map(|day| day.parse().unwrap()),
            quantity: None,
            unit: None,
        }
    }

    #[track_caller]
    fn check_dates(packed_on: &str, last: Option<&str>, expected: bool) {
        assert_eq!(order(packed_on, last).check("2026-11-22".parse().unwrap()).is_ok(), expected);
    }

    #[test]
    fn dates_of_a_batch_stand_in_their_order() {
        check_dates("2026-11-22", Some("2026-11-22"), true);
        check_dates("2026-11-22", Some("2026-11-21"), false);
        check_dates("2026-12-23", None, true);
        check_dates("2026-12-24", None, false);
        check_dates("2020-01-01", None, false);
        check_dates("2026-11-22", Some("2199-06-07"), false);
    }
}
