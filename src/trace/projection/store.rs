//! The queries that compare rows with entries, each set-based on the entries' own bytes. They select and change nothing. No
//! transaction, no clock, no HTTP.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{batches, ledger_entries};
use crate::ledger::EntryNo;
use crate::stamp::BatchNo;

use super::types::{MAX_FAULTS_SHOWN, ProjectionFault};

/// By what the rows of a comparison are told apart into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    /// Numbers of entries.
    Entries,
    /// Numbers of batches.
    Batches,
    /// All at once.
    None,
}

/// One comparison of a table with the entries.
pub(super) struct Comparison {
    /// The table.
    pub(super) table: &'static str,
    /// How it is cut into pieces.
    pub(super) pieces: Pieces,
    sql: String,
}

impl Comparison {
    /// Around the query of differences: how many there are, and the first of them.
    fn new(table: &'static str, pieces: Pieces, differences: &str) -> Self {
        // Comparisons that are made at once do not name the bounds, and each bound must be named once.
        let sql = format!(
            "SELECT count(*) OVER () AS n_all, f.entry_no, f.ledger_index, f.batch_no, f.n, left(f.what, {MAX_WHAT_CHARS}) AS what \
             FROM ({differences}) f WHERE $1 <= $2 ORDER BY f.entry_no NULLS LAST, f.batch_no LIMIT {MAX_FAULTS_SHOWN}"
        );
        Self { table, pieces, sql }
    }
}

/// Longest description of one difference, characters: a few columns of a row.
const MAX_WHAT_CHARS: usize = 500;

/// Every comparison there is.
pub(super) static COMPARISONS: LazyLock<Vec<Comparison>> = LazyLock::new(|| {
    let strays = |table| include_str!("sql/strays.sql").replace("{table}", table);
    let imported = |table, member, kind| {
        let sql = include_str!("sql/imported.sql").replace("{table}", table);
        sql.replace("{member}", member).replace("{kind}", kind)
    };
    vec![
        Comparison::new("trace_events", Pieces::Entries, include_str!("sql/events.sql")),
        Comparison::new("trace_inputs", Pieces::Entries, include_str!("sql/inputs.sql")),
        Comparison::new("trace_event_files", Pieces::Entries, include_str!("sql/files.sql")),
        Comparison::new("trace_outside_lots", Pieces::Entries, include_str!("sql/outside_lots.sql")),
        Comparison::new("ledger_private", Pieces::Entries, include_str!("sql/private.sql")),
        Comparison::new("trace_inputs", Pieces::Batches, &strays("trace_inputs")),
        Comparison::new("trace_event_files", Pieces::Batches, &strays("trace_event_files")),
        Comparison::new("mint_runs", Pieces::Batches, include_str!("sql/runs.sql")),
        Comparison::new("mint_runs", Pieces::Batches, &imported("mint_runs", "minted", "run_minted")),
        Comparison::new("voids", Pieces::Batches, include_str!("sql/voids.sql")),
        Comparison::new("voids", Pieces::Batches, &imported("voids", "voided", "range_voided")),
        Comparison::new("batches", Pieces::Batches, include_str!("sql/batches.sql")),
        Comparison::new("certificates", Pieces::None, include_str!("sql/certificates.sql")),
        Comparison::new("keys", Pieces::None, include_str!("sql/keys.sql")),
        Comparison::new("ledger_checkpoints", Pieces::None, include_str!("sql/checkpoints.sql")),
    ]
});

#[derive(QueryableByName)]
struct FaultRow {
    #[diesel(sql_type = BigInt)]
    n_all: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    entry_no: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    ledger_index: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    batch_no: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    n: Option<i32>,
    #[diesel(sql_type = Text)]
    what: String,
}

impl FaultRow {
    fn into_fault(self, table: &'static str) -> ProjectionFault {
        ProjectionFault {
            entry_no: self.entry_no.map(EntryNo),
            ledger_index: self.ledger_index.and_then(|index| u64::try_from(index).ok()),
            batch: self.batch_no.and_then(|no| BatchNo::try_from(no).ok()),
            n: self.n.and_then(|n| u32::try_from(n).ok()),
            table,
            what: self.what,
        }
    }
}

/// The first differences between two bounds, both included, and how many there are.
pub(super) async fn differences(
    conn: &mut AsyncPgConnection,
    comparison: &Comparison,
    (first, last): (i64, i64),
) -> QueryResult<(Vec<ProjectionFault>, u64)> {
    let query = diesel::sql_query(comparison.sql.as_str()).bind::<BigInt, _>(first).bind::<BigInt, _>(last);
    let rows: Vec<FaultRow> = query.load(conn).await?;
    let n_all = rows.as_slice().first().and_then(|row| u64::try_from(row.n_all).ok()).unwrap_or(0);
    Ok((rows.into_iter().map(|row| row.into_fault(comparison.table)).collect(), n_all))
}

/// Gives the statements of this transaction more time than those of requests have, and none of the compiling that pays only for
/// queries of another kind.
pub(super) async fn take_time(conn: &mut AsyncPgConnection, timeout_ms: u32) -> QueryResult<()> {
    diesel::sql_query(format!("SET LOCAL statement_timeout = {timeout_ms}")).execute(conn).await?;
    diesel::sql_query("SET LOCAL jit = off").execute(conn).await.map(drop)
}

/// The highest number of an entry, 0 when there is none.
pub(super) async fn last_entry(conn: &mut AsyncPgConnection) -> QueryResult<i64> {
    let last: Option<i64> =
        ledger_entries::table.select(diesel::dsl::max(ledger_entries::entry_no)).get_result(conn).await?;
    Ok(last.unwrap_or(0))
}

/// The highest number of a batch, 0 when there is none.
pub(super) async fn last_batch(conn: &mut AsyncPgConnection) -> QueryResult<i64> {
    let last: Option<i32> = batches::table.select(diesel::dsl::max(batches::batch_no)).get_result(conn).await?;
    Ok(last.unwrap_or(0).into())
}
