//! Batches that are older than the ledger, as the ledger takes them in: one entry each, with how they stood that day.

use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};

use crate::error::Result;
use crate::ledger::{Author, Draft, Kind};

use super::store::{RangeRow, all_batches, all_runs, all_voids};
use super::types::Batch;

/// Most ranges that an entry spells out; beyond them it only counts. A batch has one range unless serials were skipped.
const MAX_RANGES: usize = 40;

/// Entries of the batches that are older than the ledger.
pub async fn imported_batches(conn: &mut AsyncPgConnection) -> Result<Vec<Draft>> {
    let batches = all_batches(conn).await?;
    let (runs, voids) = (all_runs(conn).await?, all_voids(conn).await?);
    Ok(batches.iter().map(|batch| draft(batch, own(&runs, batch), own(&voids, batch))).collect())
}

/// The ranges of one batch among those of all, which are sorted by batch and serial.
fn own<'a>(ranges: &'a [RangeRow], batch: &Batch) -> &'a [RangeRow] {
    let batch_no = batch.batch_no.to_i32();
    let start = ranges.partition_point(|(of, ..)| *of < batch_no);
    let end = ranges.partition_point(|(of, ..)| *of <= batch_no);
    ranges.get(start..end).unwrap_or_default()
}

fn draft(batch: &Batch, runs: &[RangeRow], voids: &[RangeRow]) -> Draft {
    let public = json!({
        "product": batch.product_no.get(),
        "lot": batch.lot,
        "packed_on": batch.packed_on.to_string(),
        "last_valid_day": batch.last_valid_day.map(|day| day.to_string()),
        "open": batch.is_open,
        "standing": batch.standing.as_str(),
        "minted": spelt(runs),
        "voided": spelt(voids),
    });
    Draft {
        kind: Kind::Imported,
        batch: Some(batch.batch_no),
        at: batch.opened_at,
        author: Author::SERVICE,
        public,
        private: None,
    }
}

/// `{"n": stamps, "ranges": [[first, last], …]}`, neighbours in one range; without ranges when there are too many.
fn spelt(ranges: &[RangeRow]) -> Value {
    let n: i64 = ranges.iter().map(|(_, first, last)| i64::from(*last) - i64::from(*first) + 1).sum();
    let mut joined: Vec<(i32, i32)> = Vec::new();
    for (_, first, last) in ranges {
        match joined.last_mut() {
            Some(before) if before.1 + 1 == *first => before.1 = *last,
            _ => joined.push((*first, *last)),
        }
    }
    let ranges = (joined.len() <= MAX_RANGES).then_some(joined);
    json!({ "n": n, "ranges": ranges })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ranges_are_told_as_one_and_too_many_are_only_counted() {
        assert_eq!(spelt(&[(1, 1, 100), (1, 101, 150)]), json!({ "n": 150, "ranges": [[1, 150]] }));
        assert_eq!(spelt(&[(1, 1, 1), (1, 3, 3)]), json!({ "n": 2, "ranges": [[1, 1], [3, 3]] }));
        let many: Vec<RangeRow> = (0..50).map(|n| (1, 2 * n + 1, 2 * n + 1)).collect();
        assert_eq!(spelt(&many), json!({ "n": 50, "ranges": null }));
        assert_eq!(spelt(&[]), json!({ "n": 0, "ranges": [] }));
    }
}
