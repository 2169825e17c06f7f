//! Numbers that name things on a stamp, each in its own type so that none can be passed for another.
//! They know their width in the stamp and nothing of where they are stored.

use std::fmt;

use chrono::{Days, NaiveDate};

/// A number that does not fit the field it is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {min} to {max}")]
pub struct OutOfRange {
    /// Which number.
    pub what: &'static str,
    /// Smallest allowed value.
    pub min: u32,
    /// Largest allowed value.
    pub max: u32,
}

/// The largest number of a 24-bit field.
const MAX_U24: u32 = 0x00ff_ffff;

macro_rules! u24 {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            /// Largest value: the field is 24 bits wide.
            pub const MAX: Self = Self(MAX_U24);

            /// Checks the range.
            pub const fn new(n: u32) -> Result<Self, OutOfRange> {
                if MAX_U24 < n {
                    return Err(OutOfRange { what: $what, min: 0, max: MAX_U24 });
                }
                Ok(Self(n))
            }

            /// The number.
            pub const fn get(self) -> u32 {
                self.0
            }

            /// Big-endian, as in the payload.
            pub(super) const fn to_be_bytes(self) -> [u8; 3] {
                let [_, a, b, c] = self.0.to_be_bytes();
                [a, b, c]
            }

            /// Every three bytes are a value.
            pub(super) const fn from_be_bytes([a, b, c]: [u8; 3]) -> Self {
                Self(u32::from_be_bytes([0, a, b, c]))
            }

            /// As a signed 32-bit integer, which holds every 24-bit number (Postgres has no unsigned type).
            pub const fn to_i32(self) -> i32 {
                self.0.cast_signed()
            }
        }

        impl TryFrom<i32> for $name {
            type Error = OutOfRange;

            fn try_from(n: i32) -> Result<Self, OutOfRange> {
                u32::try_from(n).ok().map_or(Err(OutOfRange { what: $what, min: 0, max: MAX_U24 }), Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = OutOfRange;

            /// Digits alone, without a sign or leading zeros: one number has one spelling.
            fn from_str(text: &str) -> Result<Self, OutOfRange> {
                let out_of_range = OutOfRange { what: $what, min: 0, max: MAX_U24 };
                let is_plain = text == "0" || (text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'));
                let number = text.parse().ok().filter(|_| is_plain);
                number.map_or(Err(out_of_range), Self::new)
            }
        }
    };
}

u24!(/** A product's number in the province's OCOP register. */ ProductNo, "product_no");
u24!(/** A batch's number, unique per issuer. */ BatchNo, "batch_no");
u24!(/** A stamp's number within its batch; 0 is the stamp of the whole batch or carton. */ Serial, "serial");

impl Serial {
    /// The stamp of the whole batch or carton, minted with the batch's first run.
    pub const WHOLE_BATCH: Self = Self(0);
    /// The first serial of a pack.
    pub const FIRST: Self = Self(1);
}

/// A stamp key's number, 1 to 4095, assigned once per issuer and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyNo(u16);

impl KeyNo {
    /// The largest key number: the field is 12 bits wide.
    pub const MAX: u16 = 0x0fff;

    /// Checks the range; 0 names no key.
    pub const fn new(n: u16) -> Result<Self, OutOfRange> {
        if n == 0 || Self::MAX < n {
            return Err(OutOfRange { what: "key_no", min: 1, max: 0x0fff });
        }
        Ok(Self(n))
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i32> for KeyNo {
    type Error = OutOfRange;

    fn try_from(n: i32) -> Result<Self, OutOfRange> {
        u16::try_from(n).map_or(Err(OutOfRange { what: "key_no", min: 1, max: 0x0fff }), Self::new)
    }
}

impl fmt::Display for KeyNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The last day the goods are good: whole days since 2020-01-01, 0 when they do not expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LastValidDay(u16);

impl LastValidDay {
    /// The goods do not expire.
    pub const NONE: Self = Self(0);

    /// Day 0 of the count.
    const fn epoch() -> NaiveDate {
        match NaiveDate::from_ymd_opt(2020, 1, 1) {
            Some(day) => day,
            None => NaiveDate::MIN,
        }
    }

    /// Days are counted 2020-01-02 (1) to 2199-06-06 (65 535); other dates do not fit the field.
    pub fn from_date(day: NaiveDate) -> Result<Self, OutOfRange> {
        let n_days = day.signed_duration_since(Self::epoch()).num_days();
        match u16::try_from(n_days) {
            Ok(n) if 0 < n => Ok(Self(n)),
            _ => Err(OutOfRange { what: "last_valid_day", min: 1, max: 0xffff }),
        }
    }

    /// The calendar day, or nothing when the goods do not expire.
    pub fn to_date(self) -> Option<NaiveDate> {
        if self == Self::NONE { None } else { Self::epoch().checked_add_days(Days::new(self.0.into())) }
    }

    /// Days since 2020-01-01.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<u16> for LastValidDay {
    fn from(n: u16) -> Self {
        Self(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_25_bits_is_refused() {
        assert_eq!(Serial::new(0x00ff_ffff).unwrap(), Serial::MAX);
        assert!(Serial::new(0x0100_0000).is_err());
        assert!(Serial::try_from(-1).is_err());
    }

    #[test]
    fn key_numbers_run_from_1_to_4095() {
        assert!(KeyNo::new(0).is_err());
        assert!(KeyNo::new(1).is_ok());
        assert!(KeyNo::new(4095).is_ok());
        assert!(KeyNo::new(4096).is_err());
    }

    #[test]
    fn days_count_from_the_second_of_january_2020() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(LastValidDay::from_date(day(2020, 1, 2)).unwrap().get(), 1);
        assert_eq!(LastValidDay::from(2921).to_date(), Some(day(2027, 12, 31)));
        assert!(LastValidDay::from_date(day(2020, 1, 1)).is_err());
        assert!(LastValidDay::from_date(day(2199, 6, 7)).is_err());
        assert_eq!(LastValidDay::from(65535).to_date(), Some(day(2199, 6, 6)));
        assert_eq!(LastValidDay::NONE.to_date(), None);
    }
}
