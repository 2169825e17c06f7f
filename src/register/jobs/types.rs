//! Imports of register files as values: their states, what a dry run found, what was written. Pure.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::register::import::{FileKind, ImportErrors};
use crate::register::{ChangeKind, ChangedThing, FieldChange, ImportPreview, ImportReport, RowChange};

/// Changes kept and shown of a dry run: more than a person reads, on a page of bounded size. The others are counted.
pub(super) const MAX_SHOWN_CHANGES: usize = 200;
/// Longest file name kept, characters: enough to know one's own file again.
const MAX_NAME_CHARS: usize = 60;
/// Characters kept of the end of a name that is too long: its ending, and a date or number before it.
const NAME_END_CHARS: usize = 16;

/// An import's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobId(pub i32);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It is being read and compared with the register.
    Checking,
    /// It was compared; someone decides.
    Checked,
    /// The file has errors.
    Refused,
    /// It is being written.
    Writing,
    /// It was written.
    Done,
    /// It broke off; nothing was written.
    Failed,
    /// Nobody wanted it.
    Dropped,
}

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 7] =
        [Self::Checking, Self::Checked, Self::Refused, Self::Writing, Self::Done, Self::Failed, Self::Dropped];

    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Checked => "checked",
            Self::Refused => "refused",
            Self::Writing => "writing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a process works on it.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Checking | Self::Writing)
    }
}

/// What an import would change or changed, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Rows of the file.
    pub n_rows: usize,
    /// Rows that say what the register says already.
    pub n_unchanged: usize,
    /// Producers that are new.
    pub n_producers_added: usize,
    /// Producers that change.
    pub n_producers_updated: usize,
    /// Products that are new.
    pub n_products_added: usize,
    /// Products that change.
    pub n_products_updated: usize,
    /// Certificates that are new.
    pub n_certificates_added: usize,
    /// Certificates that change.
    pub n_certificates_updated: usize,
    /// Rows that name a picture; pictures do not come with a file handed in on a page.
    pub n_pictures_left_out: usize,
    /// Errors, when the file was refused.
    pub n_errors: usize,
}

impl Counts {
    /// Of what an import did or would do.
    pub(super) const fn of(report: &ImportReport) -> Self {
        Self {
            n_rows: report.n_rows,
            n_unchanged: report.n_unchanged,
            n_producers_added: report.n_producers_added,
            n_producers_updated: report.n_producers_updated,
            n_products_added: report.n_products_added,
            n_products_updated: report.n_products_updated,
            n_certificates_added: report.n_certificates_added,
            n_certificates_updated: report.n_certificates_updated,
            n_pictures_left_out: report.n_pictures_left_out,
            n_errors: 0,
        }
    }

    /// Things that are new.
    pub const fn n_added(&self) -> usize {
        self.n_producers_added + self.n_products_added + self.n_certificates_added
    }

    /// Things that change.
    pub const fn n_updated(&self) -> usize {
        self.n_producers_updated + self.n_products_updated + self.n_certificates_updated
    }
}

/// Something wrong with the file, where it is and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Line or row, from 1; 0 for the whole file.
    pub line: u32,
    /// The column's heading, or empty.
    pub column: String,
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

/// One thing of the register that is new or changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The first line that names it.
    pub line: u32,
    /// What it is.
    pub thing: ChangedThing,
    /// Its name.
    pub name: String,
    /// Whether the register does not have it yet.
    pub is_new: bool,
    /// What changes of it; of what is new, all that would be written.
    pub facts: Vec<Fact>,
}

/// One fact that would be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is called, in Vietnamese.
    pub vi: String,
    /// What it is called, in English.
    pub en: String,
    /// What the register says; nothing of what is new.
    pub before: Option<String>,
    /// What it would say.
    pub after: Option<String>,
}

impl From<RowChange> for Change {
    fn from(change: RowChange) -> Self {
        let fact = |FieldChange { vi, en, before, after }| Fact { vi: vi.to_owned(), en: en.to_owned(), before, after };
        let (is_new, fields) = match change.kind {
            ChangeKind::Added(fields) => (true, fields),
            ChangeKind::Changed(fields) => (false, fields),
        };
        let facts = fields.into_iter().map(fact).collect();
        Self { line: change.line, thing: change.thing, name: change.name, is_new, facts }
    }
}

/// What came of a step, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Report {
    /// The file has errors.
    Refused {
        /// The first of them.
        faults: Vec<Fault>,
        /// How many more there are.
        n_more: usize,
    },
    /// What would change.
    Checked {
        /// The first changes.
        changes: Vec<Change>,
        /// How many more there are.
        n_more: usize,
        /// Whether someone had agreed to another list, which the register or its rules have since left behind.
        is_anew: bool,
    },
    /// It was written.
    Done,
    /// It broke off.
    Failed {
        /// Why, in Vietnamese.
        vi: String,
        /// Why, in English.
        en: String,
    },
    /// Nobody decided in time.
    Expired,
}

/// What a step leads to: the state, the figures, and what the page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The state from now on.
    pub state: JobState,
    /// The figures, if there are any.
    pub counts: Option<Counts>,
    /// What the page says.
    pub report: Report,
    /// Digest of everything that would change, of a dry run.
    pub digest: Option<[u8; 32]>,
}

impl Outcome {
    /// A dry run to decide on.
    pub(super) fn checked(preview: ImportPreview) -> Self {
        let n_unlisted = preview.changes.len().saturating_sub(MAX_SHOWN_CHANGES);
        let changes = preview.changes.into_iter().take(MAX_SHOWN_CHANGES).map(Change::from).collect();
        Self {
            state: JobState::Checked,
            counts: Some(Counts::of(&preview.report)),
            report: Report::Checked { changes, n_more: preview.n_more + n_unlisted, is_anew: false },
            digest: Some(preview.digest),
        }
    }

    /// The same after another dry run was agreed to, which no longer holds.
    pub(super) fn checked_anew(preview: ImportPreview) -> Self {
        let mut outcome = Self::checked(preview);
        if let Report::Checked { is_anew, .. } = &mut outcome.report {
            *is_anew = true;
        }
        outcome
    }

    /// A file that was written.
    pub(super) const fn done(report: &ImportReport) -> Self {
        Self { state: JobState::Done, counts: Some(Counts::of(report)), report: Report::Done, digest: None }
    }

    /// A step that ended with an error.
    pub(super) fn of_error(error: Error) -> Self {
        match error {
            Error::Import(errors) => Self::refused(errors),
            other => Self::failed(other.vi(), other.to_string()),
        }
    }

    /// A job whose process is gone.
    pub(super) fn broken_off() -> Self {
        Self::failed(
            "Máy chủ dừng giữa chừng; xin gửi lại tệp.".to_owned(),
            "the server stopped in the middle; hand the file in again".to_owned(),
        )
    }

    fn refused(errors: ImportErrors) -> Self {
        let counts = Counts { n_errors: errors.errors.len() + errors.n_more, ..Counts::default() };
        let fault = |error: crate::register::import::RowError| Fault {
            line: error.line,
            column: error.column,
            vi: error.vi,
            en: error.en,
        };
        let faults = errors.errors.into_iter().map(fault).collect();
        let report = Report::Refused { faults, n_more: errors.n_more };
        Self { state: JobState::Refused, counts: Some(counts), report, digest: None }
    }

    fn failed(vi: String, en: String) -> Self {
        Self { state: JobState::Failed, counts: None, report: Report::Failed { vi, en }, digest: None }
    }
}

/// An import in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLine {
    /// Its number.
    pub job_id: JobId,
    /// Who handed the file in, by the name they have today.
    pub by: String,
    /// The file's name, shortened.
    pub file_name: String,
    /// How far it has come.
    pub state: JobState,
    /// Steps done, and steps there are; 0 while that is not known.
    pub progress: (u32, u32),
    /// The figures.
    pub counts: Counts,
    /// When it was handed in.
    pub created_at: DateTime<Utc>,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
}

/// An import with everything its page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its line in the list.
    pub line: JobLine,
    /// What came of the last step.
    pub report: Option<Report>,
    /// Digest of the dry run that is shown.
    pub digest: Option<[u8; 32]>,
}

impl Job {
    /// The digest as a form carries it.
    pub fn digest_text(&self) -> String {
        let digits = self.digest.iter().flatten().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }
}

/// What kind of register file this is: a workbook is one whatever it is called, the rest goes by its name.
pub(super) fn kind_of(file_name: &str, bytes: &[u8]) -> FileKind {
    let sniffed = FileKind::sniff(bytes);
    // The reader of workbooks knows what to say to an Excel file of the old kind.
    let is_old = file_name.to_ascii_lowercase().ends_with(".xls");
    if sniffed == FileKind::Xlsx || is_old {
        return FileKind::Xlsx;
    }
    FileKind::from_name(file_name).unwrap_or(sniffed)
}

/// A file's name as it is kept: without its folders, without marks that turn the direction of reading, not too long.
pub(super) fn kept_name(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let bare = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let chars: Vec<char> = bare.chars().filter(|c| !turns(*c) && !c.is_control()).collect();
    let kept: String = match chars.len() {
        0 => "?".to_owned(),
        n if n <= MAX_NAME_CHARS => chars.iter().collect(),
        n => {
            let start = chars.iter().take(MAX_NAME_CHARS - NAME_END_CHARS - 1);
            start.chain(&['…']).chain(chars.iter().skip(n - NAME_END_CHARS)).collect()
        }
    };
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_back_from_its_name() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
        }
    }

    #[track_caller]
    fn check(name: &str, kept: &str) {
        assert_eq!(kept_name(name), kept);
    }

    #[test]
    fn a_file_name_is_kept_without_folders_and_tricks() {
        check("Sổ 2026.xlsx", "Sổ 2026.xlsx");
        check("C:\\fakepath\\so.xlsx", "so.xlsx");
        check("../../etc/so.tsv", "so.tsv");
        check("so\u{202e}xslx.exe", "soxslx.exe");
        check("", "?");
        check("so/", "?");
    }

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_ending() {
        let kept = kept_name(&format!("{}-2026-11-28.xlsx", "ổ".repeat(300)));
        assert_eq!(kept.chars().count(), MAX_NAME_CHARS);
        assert!(kept.starts_with("ổổ") && kept.ends_with("…-2026-11-28.xlsx"), "{kept}");
    }

    #[test]
    fn a_workbook_is_known_by_its_bytes_and_the_rest_by_name() {
        assert_eq!(kind_of("so.csv", b"PK\x03\x04"), FileKind::Xlsx);
        assert_eq!(kind_of("so.xlsx", b"product\t"), FileKind::Xlsx);
        assert_eq!(kind_of("So.XLS", b"\xd0\xcf\x11\xe0"), FileKind::Xlsx);
        assert_eq!(kind_of("so.tsv", b"product"), FileKind::Tsv);
        assert_eq!(kind_of("so", b"product\tproduct_set"), FileKind::Tsv);
    }
}
