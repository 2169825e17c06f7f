//! A comparison cut into pieces, so that no statement takes long, and what cannot be read found among what can.

use diesel::result::{DatabaseErrorKind, Error as Diesel};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::error::Result;
use crate::ledger::EntryNo;

use super::store::{self, Comparison, Pieces};
use super::types::{MAX_FAULTS_SHOWN, ProjectionFault, ProjectionReport, UNREADABLE};

/// Entries or batches that are compared by one statement: a second's work.
const PIECE_NUMBERS: i64 = 20_000;

/// Bounds that leave no number out, both included: what lies outside those that are given out is compared as well.
pub(super) fn pieces_up_to(last: i64) -> Vec<(i64, i64)> {
    let mut pieces = Vec::new();
    let mut first = i64::MIN;
    let mut end = PIECE_NUMBERS;
    while end < last {
        pieces.push((first, end));
        (first, end) = (end + 1, end.saturating_add(PIECE_NUMBERS));
    }
    pieces.push((first, i64::MAX));
    pieces
}

/// Compares one piece. Bytes that are no entry make a statement fail: then halves are compared, down to the one that cannot be read.
pub(super) async fn compare(
    conn: &mut AsyncPgConnection,
    comparison: &Comparison,
    piece: (i64, i64),
    report: &mut ProjectionReport,
) -> Result<()> {
    let mut waiting = vec![piece];
    while let Some((first, last)) = waiting.pop() {
        // A savepoint: what fails in it leaves the snapshot as it was.
        let found = conn.transaction(async |conn| store::differences(conn, comparison, (first, last)).await).await;
        match found {
            Ok((faults, n_faults)) => report.add(faults, n_faults),
            Err(Diesel::DatabaseError(DatabaseErrorKind::Unknown, info)) if !is_out_of_time(info.message()) => {
                if comparison.pieces == Pieces::None || first == last || MAX_FAULTS_SHOWN <= report.problems.len() {
                    report.add(vec![unreadable(comparison, (first, last))], 1);
                    continue;
                }
                let middle = first.midpoint(last);
                // Below zero the middle is rounded towards it, which is the upper half's first number.
                let middle = if middle < last { middle } else { last - 1 };
                waiting.push((middle + 1, last));
                waiting.push((first, middle));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether the statement was stopped, which says nothing of the bytes.
fn is_out_of_time(message: &str) -> bool {
    message.starts_with("canceling statement")
}

fn unreadable(comparison: &Comparison, (first, last): (i64, i64)) -> ProjectionFault {
    let is_entry = comparison.pieces == Pieces::Entries && first == last;
    let batch = (comparison.pieces == Pieces::Batches && first == last).then_some(first);
    ProjectionFault {
        entry_no: is_entry.then_some(EntryNo(first)),
        ledger_index: None,
        batch: batch.and_then(|no| i32::try_from(no).ok()?.try_into().ok()),
        n: None,
        table: comparison.table,
        what: UNREADABLE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_leave_no_number_out() {
        assert_eq!(pieces_up_to(0), [(i64::MIN, i64::MAX)]);
        assert_eq!(pieces_up_to(20_000), [(i64::MIN, i64::MAX)]);
        assert_eq!(pieces_up_to(50_000), [(i64::MIN, 20_000), (20_001, 40_000), (40_001, i64::MAX)]);
    }

    #[test]
    fn a_statement_that_was_stopped_says_nothing_of_the_bytes() {
        assert!(is_out_of_time("canceling statement due to statement timeout"));
        assert!(!is_out_of_time("invalid input syntax for type json"));
    }
}
