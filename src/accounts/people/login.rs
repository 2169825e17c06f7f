//! What a person signs in by: a phone number in international form, or a user name. Pure.

use std::fmt;

use crate::error::{Error, Result};

/// Vietnam's country code.
const VIETNAM: &str = "84";
/// Digits of a Vietnamese number after the country code: nine for a mobile phone, ten for a land line.
const VIETNAMESE_DIGITS: std::ops::RangeInclusive<usize> = 9..=10;
/// Digits of a number with its country code: the shortest in use, and the most there can be (E.164).
const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Characters of a user name.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;

/// A phone number as `+84912345678`, or a user name in small letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login(String);

impl Login {
    /// Reads what a person typed, in any of the ways numbers are written; none when it can be neither.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let is_number = typed.chars().all(|c| c.is_ascii_digit() || "+ .-()\u{a0}".contains(c));
        if is_number { phone(typed).map(Self) } else { user_name(typed).map(Self) }
    }

    /// Reads the login of a new account, with a sentence when it can be neither.
    pub fn new(typed: &str) -> Result<Self> {
        Self::parse(typed).ok_or_else(|| {
            Error::invalid(
                "login",
                "Xin điền số điện thoại, ví dụ 0912 345 678, hoặc tên đăng nhập dài 3 đến 32 ký tự gồm chữ cái không dấu, số, dấu chấm hoặc gạch nối, bắt đầu bằng chữ cái.",
                "enter a phone number, for example 0912 345 678, or a user name of 3 to 32 letters, digits, dots or hyphens that starts with a letter",
            )
        })
    }

    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A phone number's digits as they are dialled at home; none for a user name or a number from abroad.
    pub fn national_digits(&self) -> Option<String> {
        self.0.strip_prefix('+')?.strip_prefix(VIETNAM).map(|rest| format!("0{rest}"))
    }
}

/// As people write it: `0912 345 678`.
impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(digits) = self.national_digits() else { return f.write_str(&self.0) };
        let (head, rest) = digits.split_at_checked(4).unwrap_or((&digits, ""));
        let (middle, tail) = rest.split_at_checked(3).unwrap_or((rest, ""));
        write!(f, "{head} {middle} {tail}")
    }
}

fn phone(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let is_abroad = typed.trim_start_matches('(').starts_with('+') || digits.starts_with("00");
    let international = digits.strip_prefix("00").unwrap_or(&digits);
    let vietnamese = if let Some(rest) = international.strip_prefix(VIETNAM).filter(|_| is_abroad) {
        // Some write +84 (0)912 …
        Some(rest.strip_prefix('0').unwrap_or(rest))
    } else if is_abroad {
        None
    } else if let Some(rest) = digits.strip_prefix('0') {
        Some(rest)
    } else if let Some(rest) = digits.strip_prefix(VIETNAM).filter(|rest| VIETNAMESE_DIGITS.contains(&rest.len())) {
        Some(rest)
    } else {
        Some(digits.as_str())
    };
    match vietnamese {
        Some(rest) => VIETNAMESE_DIGITS.contains(&rest.len()).then(|| format!("+{VIETNAM}{rest}")),
        None => INTERNATIONAL_DIGITS.contains(&international.len()).then(|| format!("+{international}")),
    }
}

fn user_name(typed: &str) -> Option<String> {
    let name = typed.to_ascii_lowercase();
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    (starts_well && is_plain && NAME_CHARS.contains(&name.len())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: Option<&str>) {
        assert_eq!(Login::parse(typed).as_ref().map(Login::as_str), expected, "{typed}");
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for typed in [
            "0912 345 678",
            "0912345678",
            "+84 912 345 678",
            "84912345678",
            "(+84) 0912.345.678",
            "0084912345678",
            "912345678",
        ] {
            check(typed, Some("+84912345678"));
        }
        check("0208 3855 123", Some("+842083855123"));
        check("0841 234 567", Some("+84841234567"));
        check("+49 30 1234567", Some("+49301234567"));
        for wrong in ["", "+", "0912", "0912 345 6789 01", "+84 1", "12345678901234567", "++--"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_user_name_has_no_case_and_no_odd_letters() {
        check("Van.Phong", Some("van.phong"));
        check("a1_b-c", Some("a1_b-c"));
        for wrong in ["ab", "1abc", "văn", "a b c", "a@b.vn", "x'; --", &"a".repeat(33)] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_number_is_shown_as_it_is_dialled() {
        assert_eq!(Login::parse("84912345678").unwrap().to_string(), "0912 345 678");
        assert_eq!(Login::parse("+49301234567").unwrap().to_string(), "+49301234567");
        assert_eq!(Login::parse("Office").unwrap().to_string(), "office");
    }
}
