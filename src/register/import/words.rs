//! Cells with numbers, codes and words that the register itself gives or checks: one cell into one value, like `values`.

use crate::error::Error;
use crate::register::certificates::types::{IssuerLevel, Score};
use crate::register::gtin::Gtin;
use crate::register::producers::TaxCode;
use crate::register::types::{Quantity, Unit};
use crate::stamp::ProductNo;

use super::columns::{folded, shorten};
use super::errors::Sentence;
use super::types::{ProducerKind, RowState};
use super::values::{Value, is_digits, read_text};

/// One of the words for what a producer is.
pub(super) fn read_kind(value: Value) -> Result<ProducerKind, Sentence> {
    let word = read_text(value)?;
    ProducerKind::read(&word).ok_or_else(|| {
        let (vi, en) = (ProducerKind::ALL.map(ProducerKind::vi), ProducerKind::ALL.map(ProducerKind::as_str));
        no_such_word(&word, "loại hình chủ thể", "kind of producer", &vi, &en)
    })
}

/// One of the words for the level of an issuer.
pub(super) fn read_level(value: Value) -> Result<IssuerLevel, Sentence> {
    let word = read_text(value)?;
    let is_meant = |level: &IssuerLevel| {
        let long = folded(level.vi());
        let short = long.split('(').next().unwrap_or_default().trim().to_owned();
        [long.as_str(), short.as_str(), short.trim_start_matches("cấp "), level.as_str()].contains(&&*folded(&word))
    };
    IssuerLevel::ALL.iter().copied().find(is_meant).ok_or_else(|| {
        let (vi, en): (Vec<_>, Vec<_>) = IssuerLevel::ALL.iter().map(|level| (level.vi(), level.as_str())).unzip();
        no_such_word(&word, "cấp công nhận", "level", &vi, &en)
    })
}

/// Whether a product is in the register still, as an exported workbook says it.
pub(super) fn read_state(value: Value) -> Result<RowState, Sentence> {
    let word = read_text(value)?;
    RowState::read(&word).ok_or_else(|| {
        Sentence::new(
            "Cột này chỉ để xem; hãy để trống, hoặc giữ nguyên như tệp đã tải về.",
            "This column is for reading only; leave it empty, or as it was in the file you downloaded.",
        )
    })
}

fn no_such_word(word: &str, vi: &str, en: &str, allowed_vi: &[&str], allowed_en: &[&str]) -> Sentence {
    let quoted = shorten(word);
    let (allowed_vi, allowed_en) = (allowed_vi.join("; "), allowed_en.join(", "));
    Sentence::new(
        format!("“{quoted}” không phải {vi}. Hãy viết một trong: {allowed_vi}."),
        format!("“{quoted}” is no {en}. Write one of: {allowed_en}."),
    )
}

/// A number that the register gave.
pub(super) fn read_number(value: &Value) -> Result<i32, Sentence> {
    let digits = match value {
        Value::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Value::Text(text) => text.clone(),
        Value::Number(_) | Value::Date(_) => String::new(),
    };
    let number = if is_digits(&digits) { digits.parse().ok().filter(|n: &i32| 0 < *n) } else { None };
    number.ok_or_else(|| {
        let quoted = value.quoted();
        Sentence::new(
            format!("“{quoted}” không phải là số trong sổ. Hãy để trống nếu là dòng mới."),
            format!("“{quoted}” is no number of the register. Leave it empty for something new."),
        )
    })
}

/// A product's number.
pub(super) fn read_product_no(value: &Value) -> Result<ProductNo, Sentence> {
    ProductNo::try_from(read_number(value)?).map_err(|_| {
        Sentence::new("Sổ không có số sản phẩm lớn như vậy.", "The register has no product number as large as this.")
    })
}

/// A tax code.
pub(super) fn read_tax_code(value: Value) -> Result<TaxCode, Sentence> {
    TaxCode::parse(&read_text(value)?).map_err(|error| sentence(&error))
}

/// A trade item number.
pub(super) fn read_gtin(value: Value) -> Result<Gtin, Sentence> {
    Gtin::parse(&read_text(value)?).map_err(|error| {
        let vi = error.vi();
        let mut letters = vi.chars();
        let first = letters.next().map(char::to_uppercase).into_iter().flatten();
        Sentence::new(format!("{}{}.", first.collect::<String>(), letters.as_str()), format!("{error}."))
    })
}

/// Points of an assessment.
pub(super) fn read_score(value: &Value) -> Result<Score, Sentence> {
    Score::parse(&decimal(value)).map_err(|error| sentence(&error))
}

/// How much one pack holds.
pub(super) fn read_quantity(value: &Value) -> Result<Quantity, Sentence> {
    let read = match value {
        // A number cell has one reading only.
        Value::Number(_) => Quantity::parse(&decimal(value)),
        other => Quantity::typed("pack_quantity", &decimal(other)),
    };
    read.map_err(|error| sentence(&error))
}

/// In what a pack is measured.
pub(super) fn read_unit(value: Value) -> Result<Unit, Sentence> {
    Unit::new("pack_unit", &read_text(value)?).map_err(|error| sentence(&error))
}

fn decimal(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Date(date) => date.to_string(),
    }
}

/// The sentence of a rule that the register's forms have too.
pub(in crate::register) fn sentence(error: &Error) -> Sentence {
    let en = match error {
        Error::Invalid { en, .. } => en.clone(),
        other => other.to_string(),
    };
    let mut letters = en.chars();
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    Sentence::new(error.vi(), format!("{first}{}.", letters.as_str().trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn an_unknown_producer_kind_is_refused_with_the_allowed_ones() {
        assert_eq!(read_kind(text("Household")), Ok(ProducerKind::Household));
        assert_eq!(read_kind(text("HTX")), Ok(ProducerKind::Cooperative));
        let refused = read_kind(text("trang trại")).unwrap_err();
        assert!(
            refused.vi.contains("Hợp tác xã; Công ty, doanh nghiệp; ") && refused.en.contains("cooperative, company")
        );
    }

    #[test]
    fn a_level_is_read_with_and_without_its_first_word() {
        for word in ["Cấp tỉnh", "tỉnh", "PROVINCE"] {
            assert_eq!(read_level(text(word)), Ok(IssuerLevel::Province), "{word}");
        }
        assert_eq!(read_level(text("Cấp huyện")), Ok(IssuerLevel::District));
        assert_eq!(read_level(text("cấp bộ (trung ương)")), Ok(IssuerLevel::Ministry));
        assert!(read_level(text("xã")).unwrap_err().vi.contains("Cấp tỉnh"));
    }

    #[test]
    fn a_number_of_the_register_is_whole_and_positive() {
        for good in [text("12"), Value::Number(12.0)] {
            assert_eq!(read_number(&good), Ok(12));
        }
        for bad in [text("0"), text("-1"), text("12a"), text("99999999999"), Value::Number(1.5)] {
            assert!(read_number(&bad).is_err(), "{bad:?}");
        }
        assert!(read_product_no(&text("16777216")).is_err());
    }

    #[test]
    fn quantities_and_scores_of_number_cells_have_one_reading_and_typed_ones_are_asked_about() {
        assert_eq!(read_quantity(&Value::Number(1.125)).unwrap().to_string(), "1.125");
        assert!(read_quantity(&text("1.125")).unwrap_err().en.contains("two ways"));
        assert_eq!(read_score(&Value::Number(76.5)).unwrap().to_string(), "76.5");
        assert!(read_score(&Value::Number(76.55)).is_err());
    }

    #[test]
    fn a_wrong_check_digit_is_a_whole_sentence_in_both_languages() {
        let refused = read_gtin(text("8934567890123")).unwrap_err();
        assert!(refused.vi.starts_with("Chữ số cuối phải là") && refused.vi.ends_with('.'), "{}", refused.vi);
        assert!(refused.en.ends_with('.'));
    }
}
