//! Choosing a producer in one field that works without a script: a number, a line of the list, or part of a name. Pure.

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};

use super::types::ProducerNo;

/// Candidates that are named when a name fits several.
const MAX_NAMED: usize = 3;
/// What stands between number and name in a list.
const BETWEEN: &str = " · ";

/// A line of the list to choose from.
pub(super) fn line(no: impl std::fmt::Display, name: &str) -> String {
    format!("{no}{BETWEEN}{name}")
}

/// The number that a line of the list, or a typed number, starts with.
pub(super) fn leading_number(text: &str) -> Option<i32> {
    let text = text.trim();
    let number = text.split_once(BETWEEN).map_or(text, |(number, _)| number.trim());
    if number.bytes().all(|b| b.is_ascii_digit()) { number.parse().ok() } else { None }
}

/// The producer that someone means; none when the field was left empty.
pub(super) fn choose_producer(typed: &str, choices: &[(ProducerNo, String)]) -> Result<Option<ProducerNo>> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    if let Some(number) = leading_number(typed) {
        let known = choices.iter().find(|(no, _)| no.0 == number);
        return known.map(|(no, _)| Some(*no)).ok_or_else(|| unknown(typed));
    }
    let key = plain_letters(typed.trim());
    let fitting: Vec<&(ProducerNo, String)> =
        choices.iter().filter(|(_, name)| plain_letters(name).contains(&key)).collect();
    match fitting.as_slice() {
        [] => Err(unknown(typed)),
        [(no, _)] => Ok(Some(*no)),
        several => {
            // A whole name wins over names that contain it.
            if let Some((no, _)) = several.iter().find(|(_, name)| plain_letters(name) == key) {
                return Ok(Some(*no));
            }
            let named: Vec<String> = several.iter().take(MAX_NAMED).map(|(no, name)| line(no, name)).collect();
            let (n, named) = (several.len(), named.join("; "));
            Err(Error::invalid(
                "producer",
                format!("Có {n} chủ thể khớp: {named}… Xin chọn một trong danh sách hoặc gõ số."),
                format!("{n} producers fit: {named}… choose one from the list or type its number"),
            ))
        }
    }
}

fn unknown(typed: &str) -> Error {
    Error::invalid(
        "producer",
        format!("Không tìm thấy chủ thể \"{typed}\"; xin chọn trong danh sách."),
        format!("no producer fits \"{typed}\"; choose one from the list"),
    )
}

/// Small letters without diacritics.
pub(super) fn plain_letters(text: &str) -> String {
    let small = text.to_lowercase().replace('đ', "d");
    small.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(typed: &str) -> Result<Option<i32>, String> {
        let choices = [(1, "HTX Miến Dong"), (2, "HTX Miến"), (13, "Công ty Chè Đồi"), (14, "HTX Chè")]
            .map(|(no, name)| (ProducerNo(no), name.to_owned()));
        choose_producer(typed, &choices).map(|no| no.map(|no| no.0)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_producer_is_chosen_by_number_by_line_or_by_part_of_a_name() {
        assert_eq!(choose(""), Ok(None));
        assert_eq!(choose(" 13 "), Ok(Some(13)));
        assert_eq!(choose("13 · Công ty Chè Đồi"), Ok(Some(13)));
        assert_eq!(choose("che doi"), Ok(Some(13)));
        assert_eq!(choose("htx mien"), Ok(Some(2)), "a whole name wins");
        assert!(choose("chè").unwrap_err().contains("13 · Công ty Chè Đồi; 14 · HTX Chè"));
        assert!(choose("rượu").unwrap_err().contains("no producer fits"));
        assert!(choose("99").is_err());
    }
}
