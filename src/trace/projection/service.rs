//! The use case: rows against entries, in one snapshot, piece by piece.

use diesel_async::AsyncPgConnection;

use crate::db::Db;
use crate::error::Result;

use super::pieces::{compare, pieces_up_to};
use super::store::{self, COMPARISONS, Pieces};
use super::types::ProjectionReport;

/// One statement of the comparison, milliseconds: those that cannot be cut into pieces read the whole ledger once.
const STATEMENT_TIMEOUT_MS: u32 = 600_000;

/// Compares what rows say with what their entries say. The first differences are named and all are counted.
pub async fn verify_projections(db: &Db) -> Result<ProjectionReport> {
    let mut conn = db.dedicated().await?;
    let mut snapshot = conn.build_transaction().repeatable_read().read_only();
    snapshot.run(async |conn| compare_all(conn).await).await
}

async fn compare_all(conn: &mut AsyncPgConnection) -> Result<ProjectionReport> {
    store::take_time(conn, STATEMENT_TIMEOUT_MS).await?;
    let (last_entry, last_batch) = (store::last_entry(conn).await?, store::last_batch(conn).await?);
    let mut report = ProjectionReport::default();
    for comparison in COMPARISONS.iter() {
        let pieces = match comparison.pieces {
            Pieces::Entries => pieces_up_to(last_entry),
            Pieces::Batches => pieces_up_to(last_batch),
            Pieces::None => vec![(i64::MIN, i64::MAX)],
        };
        for piece in pieces {
            compare(conn, comparison, piece, &mut report).await?;
        }
    }
    Ok(report)
}
