//! Vietnamese tax codes: what can be checked of one without asking the tax office. Pure.
//!
//! Ten digits are an organisation's, the tenth being a check digit (Circular 105/2020/TT-BTC, article 5; the weights are those of
//! python-stdnum's `vn.mst` and of the circular's own example 0100047516). Ten digits, a dash and three are its branch. Twelve
//! are a person's identity number, which is a household's tax code since 2025-07-01 (Circular 86/2024/TT-BTC): it begins with
//! the number of a province, 001 to 096, and has no check digit.

use std::fmt;

use crate::error::{Error, Result};

/// Weights of the first nine digits.
const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
/// Highest number of a province in an identity number (Circular 59/2021/TT-BCA, appendix 1).
const LAST_PROVINCE: u32 = 96;

/// A tax code that may exist. A household's is personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxCode(String);

impl TaxCode {
    /// Reads a tax code; blanks and dots between its digits do not count.
    pub fn parse(text: &str) -> Result<Self> {
        let code: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '\u{a0}')).collect();
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let (main, branch) = match code.split_once('-') {
            Some((main, branch)) => (main, Some(branch)),
            None if code.len() == 13 => {
                code.split_at_checked(10).map_or((&*code, None), |(main, branch)| (main, Some(branch)))
            }
            None => (&*code, None),
        };
        if !is_digits(main) || !branch.is_none_or(is_digits) {
            return Err(misshapen());
        }
        match (main.len(), branch) {
            (12, None) => person(main),
            (10, None) => organisation(main),
            (10, Some(branch)) if branch.len() == 3 && branch != "000" => {
                organisation(main).map(|Self(main)| Self(format!("{main}-{branch}")))
            }
            _ => Err(misshapen()),
        }
    }

    /// The text, as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaxCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn organisation(digits: &str) -> Result<TaxCode> {
    let mut values = digits.chars().filter_map(|c| c.to_digit(10));
    // The weights come first: a zip asks its first side once more than it takes.
    let sum: u32 = WEIGHTS.into_iter().zip(values.by_ref()).map(|(weight, digit)| weight * digit).sum();
    // A remainder of 0 would ask for a check digit of two places: no code has one.
    if values.next() == Some(10 - sum % 11) {
        return Ok(TaxCode(digits.to_owned()));
    }
    Err(Error::invalid(
        "tax_code",
        "Mã số thuế này không đúng: chữ số thứ mười là số kiểm tra và không khớp. Xin xem lại từng chữ số.",
        "this tax code is wrong: its tenth digit is a check digit and does not fit; look at every digit again",
    ))
}

fn person(digits: &str) -> Result<TaxCode> {
    let province = digits.get(..3).and_then(|province| province.parse().ok()).unwrap_or(0);
    if (1..=LAST_PROVINCE).contains(&province) {
        return Ok(TaxCode(digits.to_owned()));
    }
    Err(Error::invalid(
        "tax_code",
        "Mã số thuế 12 chữ số là số định danh của chủ hộ, bắt đầu bằng mã tỉnh từ 001 đến 096. Xin xem lại.",
        "a tax code of 12 digits is the owner's identity number and begins with a province, 001 to 096; look at it again",
    ))
}

fn misshapen() -> Error {
    Error::invalid(
        "tax_code",
        "Mã số thuế có 10 chữ số, 10 chữ số và 3 chữ số (chi nhánh, ví dụ 0100047516-001), hoặc 12 chữ số (hộ gia đình).",
        "a tax code has 10 digits, 10 and 3 (a branch, for example 0100047516-001), or 12 (a household)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let parsed = TaxCode::parse(text);
        assert_eq!(parsed.as_ref().ok().map(TaxCode::as_str), expected, "{text}: {parsed:?}");
    }

    #[test]
    fn the_check_digit_of_an_organisation_is_computed() {
        check("0100047516", Some("0100047516"));
        check("0100112437", Some("0100112437"));
        check(" 0100 047 516 ", Some("0100047516"));
        for last in "012345789".chars() {
            check(&format!("010004751{last}"), None);
        }
        // The weighted sum of these nine is a multiple of 11: no tenth digit fits.
        for last in 0..=9 {
            check(&format!("000000000{last}"), None);
        }
    }

    #[test]
    fn two_digits_in_the_wrong_order_are_noticed() {
        check("1000047516", None);
        check("0100074516", None);
    }

    #[test]
    fn a_branch_has_three_more_digits_with_or_without_the_dash() {
        check("0100047516-001", Some("0100047516-001"));
        check("0100047516001", Some("0100047516-001"));
        for wrong in ["0100047516-000", "0100047516-01", "0100047516-0001", "0100047517-001", "0100047516-"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_household_has_an_identity_number_of_a_province() {
        check("006300123456", Some("006300123456"));
        check("096200000001", Some("096200000001"));
        for wrong in ["000300123456", "097300123456", "19300123456", "00630012345a"] {
            check(wrong, None);
        }
    }

    #[test]
    fn anything_else_is_no_tax_code() {
        for wrong in ["", "-", "01000475", "=1+1", "０１０００４７５１６", "0100047516\n-001x", "ééééé01234567"]
        {
            check(wrong, None);
        }
    }
}
