//! What is wrong with a register file, line by line, in Vietnamese and English. It only holds and shows sentences: no rule lives here.

use std::fmt;

/// At most this many errors are listed (errors): more than a person corrects before trying again, and a bounded answer.
pub const MAX_REPORTED_ERRORS: usize = 200;

/// One thing that is wrong, where it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Line of the text file or row of the worksheet, counted from 1; 0 when the file as a whole is refused.
    pub line: u32,
    /// Heading of the column, or empty when the error is not about one column.
    pub column: String,
    /// The sentence in Vietnamese.
    pub vi: String,
    /// The same sentence in English.
    pub en: String,
}

impl RowError {
    pub(in crate::register) fn new(line: u32, column: &str, sentence: Sentence) -> Self {
        let Sentence { vi, en } = sentence;
        Self { line, column: column.to_owned(), vi, en }
    }

    pub(super) fn file(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(0, "", Sentence::new(vi, en))
    }

    /// Where the error is, in Vietnamese: "Dòng 3, cột stars", or "Cả tệp".
    pub fn place_vi(&self) -> String {
        place(self, ["Cả tệp", "Dòng", "cột"])
    }

    /// Where the error is, in English: "Line 3, column stars", or "The file".
    pub fn place_en(&self) -> String {
        place(self, ["The file", "Line", "column"])
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}: {})", self.place_vi(), self.vi, self.place_en(), self.en)
    }
}

fn place(error: &RowError, [file, line, column]: [&str; 3]) -> String {
    match (error.line, error.column.as_str()) {
        (0, "") => file.to_owned(),
        (0, name) => format!("{file}, {column} {name}"),
        (n, "") => format!("{line} {n}"),
        (n, name) => format!("{line} {n}, {column} {name}"),
    }
}

/// Everything that is wrong with one file: none of its rows is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.listing())]
pub struct ImportErrors {
    /// The errors in the order of their lines, at most [`MAX_REPORTED_ERRORS`].
    pub errors: Vec<RowError>,
    /// How many more there are beyond those listed.
    pub n_more: usize,
}

impl ImportErrors {
    /// "Còn 12 lỗi nữa…" when the list was cut.
    pub fn more_vi(&self) -> Option<String> {
        (self.n_more > 0)
            .then(|| format!("Còn {} lỗi nữa chưa liệt kê: hãy sửa các lỗi trên rồi nhập lại tệp.", self.n_more))
    }

    /// "And 12 more errors…" when the list was cut.
    pub fn more_en(&self) -> Option<String> {
        (self.n_more > 0)
            .then(|| format!("And {} more errors: correct those above and import the file again.", self.n_more))
    }

    fn listing(&self) -> String {
        let mut lines: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        if let (Some(vi), Some(en)) = (self.more_vi(), self.more_en()) {
            lines.push(format!("{vi} ({en})"));
        }
        lines.join("\n")
    }
}

impl From<RowError> for ImportErrors {
    fn from(error: RowError) -> Self {
        Self { errors: vec![error], n_more: 0 }
    }
}

/// The same sentence in both languages, not yet tied to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::register) struct Sentence {
    pub(in crate::register) vi: String,
    pub(in crate::register) en: String,
}

impl Sentence {
    pub(in crate::register) fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }
}

/// Collects errors: keeps the first [`MAX_REPORTED_ERRORS`] and counts the rest.
#[derive(Debug, Default)]
pub(in crate::register) struct ErrorList {
    errors: Vec<RowError>,
    n_more: usize,
}

impl ErrorList {
    pub(in crate::register) fn push(&mut self, error: RowError) {
        if self.errors.len() < MAX_REPORTED_ERRORS {
            self.errors.push(error);
        } else {
            self.n_more = self.n_more.saturating_add(1);
        }
    }

    pub(in crate::register) fn into_result(self) -> Result<(), ImportErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(ImportErrors { errors: self.errors, n_more: self.n_more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: u32) -> RowError {
        RowError::new(line, "stars", Sentence::new("Sai.", "Wrong."))
    }

    #[test]
    fn errors_beyond_the_cap_are_counted_not_listed() {
        let mut list = ErrorList::default();
        for line in 1..=203 {
            list.push(error(line));
        }
        let errors = list.into_result().unwrap_err();
        assert_eq!((errors.errors.len(), errors.n_more), (200, 3));
        assert!(errors.to_string().ends_with("(And 3 more errors: correct those above and import the file again.)"));
    }

    #[test]
    fn no_error_is_no_refusal() {
        assert!(ErrorList::default().into_result().is_ok());
    }

    #[test]
    fn an_error_is_shown_with_its_place_in_both_languages() {
        assert_eq!(error(3).to_string(), "Dòng 3, cột stars: Sai. (Line 3, column stars: Wrong.)");
        assert_eq!(RowError::file("Sai.", "Wrong.").to_string(), "Cả tệp: Sai. (The file: Wrong.)");
    }
}
