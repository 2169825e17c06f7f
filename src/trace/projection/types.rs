//! What differs between rows and entries, as values. Pure.

use crate::ledger::EntryNo;
use crate::stamp::BatchNo;

/// Most differences that are told one by one; the others are counted.
pub const MAX_FAULTS_SHOWN: usize = 20;
/// What is said of an entry whose row is not there.
pub const NO_ROW: &str = "no row";
/// What is said of a row that no entry speaks of.
pub const NO_ENTRY: &str = "no entry";
/// What is said of entries that cannot be read at all.
pub const UNREADABLE: &str = "unreadable";

/// A row that is not what its entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectionFault {
    /// The entry's row, when there is one.
    pub entry_no: Option<EntryNo>,
    /// The entry's place in the tree, once it has one.
    pub ledger_index: Option<u64>,
    /// The batch, when it is about one.
    pub batch: Option<BatchNo>,
    /// The line of the batch's chain, when it is about one.
    pub n: Option<u32>,
    /// The table whose row it is.
    pub table: &'static str,
    /// Columns with what the row and what the entry says, or [`NO_ROW`], [`NO_ENTRY`], [`UNREADABLE`]; of what may be a person's
    /// the column's name alone.
    pub what: String,
}

/// What came of comparing rows with entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectionReport {
    /// The first differences, [`MAX_FAULTS_SHOWN`] at the most.
    pub problems: Vec<ProjectionFault>,
    /// How many there are in all.
    pub n_problems: u64,
}

impl ProjectionReport {
    /// Whether every row is what its entry says.
    pub const fn is_whole(&self) -> bool {
        self.n_problems == 0
    }

    /// Adds what was found in one go: the first differences, and how many there were.
    pub(super) fn add(&mut self, faults: Vec<ProjectionFault>, n_faults: u64) {
        let n_left = MAX_FAULTS_SHOWN.saturating_sub(self.problems.len());
        self.problems.extend(faults.into_iter().take(n_left));
        self.n_problems = self.n_problems.saturating_add(n_faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault() -> ProjectionFault {
        let what = NO_ROW.to_owned();
        ProjectionFault { entry_no: None, ledger_index: None, batch: None, n: None, table: "voids", what }
    }

    #[test]
    fn differences_beyond_those_that_are_shown_are_counted() {
        let mut report = ProjectionReport::default();
        report.add(vec![fault(); MAX_FAULTS_SHOWN], 900);
        report.add(vec![fault()], 1);
        assert_eq!((report.problems.len(), report.n_problems), (MAX_FAULTS_SHOWN, 901));
    }

    #[test]
    fn a_report_without_differences_is_whole() {
        assert!(ProjectionReport::default().is_whole());
    }
}
