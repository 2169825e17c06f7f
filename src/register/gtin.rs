//! A product's trade item number (GTIN), if it has one. It checks numbers that others issued and never makes one up. Pure.

use std::fmt;

/// Lengths that the GS1 General Specifications give a GTIN (digits): GTIN-8, -12, -13 and -14.
const LENGTHS: [usize; 4] = [8, 12, 13, 14];

/// A GTIN whose check digit is right, as many digits as were given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gtin(String);

/// Why a text is no GTIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GtinError {
    /// Something else than digits and spaces.
    #[error("a GTIN has digits only")]
    NotDigits,
    /// Another length.
    #[error("a GTIN has 8, 12, 13 or 14 digits; this has {n_digits}")]
    Length {
        /// Digits there are.
        n_digits: usize,
    },
    /// A slip of the pen: the last digit does not follow from the others.
    #[error("the last digit should be {expected} if the others are right: check the number against the packaging")]
    CheckDigit {
        /// What it would have to be.
        expected: u32,
    },
    /// All zeros: its check digit is right, but it names nothing.
    #[error("zeros alone are no GTIN; leave the field empty when the product has none")]
    Zeros,
}

impl GtinError {
    /// The sentence in Vietnamese; the English one is `Display`.
    pub fn vi(self) -> String {
        match self {
            Self::NotDigits => "mã GTIN chỉ gồm chữ số".to_owned(),
            Self::Length { n_digits } => format!("mã GTIN có 8, 12, 13 hoặc 14 chữ số; mã này có {n_digits}"),
            Self::CheckDigit { expected } => {
                format!("chữ số cuối phải là {expected} nếu các số trước đúng: xin đối chiếu với mã trên bao bì")
            }
            Self::Zeros => "toàn số 0 không phải mã GTIN; nếu sản phẩm không có mã, xin để trống".to_owned(),
        }
    }
}

impl Gtin {
    /// Reads a GTIN as it is printed below a bar code; spaces between the digits are left out.
    pub fn parse(text: &str) -> Result<Self, GtinError> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(GtinError::NotDigits);
        }
        if !LENGTHS.contains(&digits.len()) {
            return Err(GtinError::Length { n_digits: digits.len() });
        }
        if digits.bytes().all(|byte| byte == b'0') {
            return Err(GtinError::Zeros);
        }
        let expected = check_digit(&digits);
        if digits.chars().next_back().and_then(|c| c.to_digit(10)) != Some(expected) {
            return Err(GtinError::CheckDigit { expected });
        }
        Ok(Self(digits))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The last digit that the others ask for (GS1 General Specifications, 7.9): weights 3 and 1 in turn from the right.
fn check_digit(digits: &str) -> u32 {
    let weighted = digits.chars().rev().skip(1).zip([3, 1].into_iter().cycle());
    let sum: u32 = weighted.filter_map(|(c, weight)| Some(c.to_digit(10)? * weight)).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_each_length_with_a_right_check_digit_are_gtins() {
        // Numbers that textbooks on bar codes print as examples.
        for text in ["96385074", "036000291452", "4006381333931", "9780306406157", "10012345678902"] {
            assert_eq!(Gtin::parse(text).map(|gtin| gtin.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn spaces_as_printed_below_the_bars_are_left_out() {
        assert_eq!(Gtin::parse(" 4 006381 333931").unwrap().as_str(), "4006381333931");
    }

    #[test]
    fn every_wrong_digit_and_every_wrong_length_is_refused() {
        let right = "4006381333931";
        for place in 0..right.len() {
            for digit in '0'..='9' {
                let mut wrong: Vec<char> = right.chars().collect();
                wrong[place] = digit;
                let wrong: String = wrong.into_iter().collect();
                assert_eq!(Gtin::parse(&wrong).is_ok(), wrong == right, "{wrong}");
            }
        }
        for n_digits in (0..=20).filter(|n| !LENGTHS.contains(n)) {
            assert_eq!(Gtin::parse(&"0".repeat(n_digits)), Err(GtinError::Length { n_digits }));
        }
    }

    #[test]
    fn the_right_digit_is_named() {
        assert_eq!(Gtin::parse("4006381333930"), Err(GtinError::CheckDigit { expected: 1 }));
    }

    #[test]
    fn letters_signs_other_scripts_digits_and_zeros_are_refused() {
        for text in ["400638133393A", "-4006381333931", "4006381-333931", "４００６３８１３３３９３１", "4.00638E+12"]
        {
            assert_eq!(Gtin::parse(text), Err(GtinError::NotDigits), "{text}");
        }
        assert_eq!(Gtin::parse("0000000000000"), Err(GtinError::Zeros));
    }
}
