//! Everything of the ledger as it is stored, in order and piece by piece. It reads what the columns hold, sense or nonsense: judging is
//! the audit's. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{
    ledger_checkpoints, ledger_cosignatures, ledger_entries, ledger_private, ledger_state, ledger_tiles,
};

/// An entry's row.
#[derive(HasQuery)]
#[diesel(table_name = ledger_entries)]
pub(super) struct EntryRow {
    pub(super) entry_no: i64,
    pub(super) ledger_index: Option<i64>,
    pub(super) bytes: Vec<u8>,
    pub(super) leaf_hash: Vec<u8>,
    pub(super) kind: String,
    pub(super) batch_no: Option<i32>,
    pub(super) n: Option<i32>,
    pub(super) declared_at: DateTime<Utc>,
    pub(super) recorded_at: DateTime<Utc>,
}

/// Salt and data that are kept outside an entry.
pub(super) type PrivateRow = Option<(Vec<u8>, Vec<u8>)>;

/// Entries with a place in the tree from `first` up to, not including, `end`, in its order.
pub(super) async fn entries_between(
    conn: &mut AsyncPgConnection,
    first: i64,
    end: i64,
) -> QueryResult<Vec<(EntryRow, PrivateRow)>> {
    ledger_entries::table
        .left_join(ledger_private::table)
        .filter(ledger_entries::ledger_index.ge(first))
        .filter(ledger_entries::ledger_index.lt(end))
        .order(ledger_entries::ledger_index)
        .select((EntryRow::as_select(), (ledger_private::salt, ledger_private::data).nullable()))
        .load(conn)
        .await
}

/// Entries without a place in the tree, in the order in which they were made.
pub(super) async fn pending_after(
    conn: &mut AsyncPgConnection,
    entry_no: i64,
    limit: i64,
) -> QueryResult<Vec<(EntryRow, PrivateRow)>> {
    ledger_entries::table
        .left_join(ledger_private::table)
        .filter(ledger_entries::ledger_index.is_null())
        .filter(ledger_entries::entry_no.gt(entry_no))
        .order(ledger_entries::entry_no)
        .limit(limit)
        .select((EntryRow::as_select(), (ledger_private::salt, ledger_private::data).nullable()))
        .load(conn)
        .await
}

/// How many entries have a place in the tree, and the last of those places.
pub(super) async fn count_placed(conn: &mut AsyncPgConnection) -> QueryResult<(i64, Option<i64>)> {
    let placed = ledger_entries::table.filter(ledger_entries::ledger_index.is_not_null());
    placed.select((count_star(), diesel::dsl::max(ledger_entries::ledger_index))).first(conn).await
}

/// The first places in the tree from `first` on, with their rows.
pub(super) async fn places_from(
    conn: &mut AsyncPgConnection,
    first: i64,
    limit: i64,
) -> QueryResult<Vec<(Option<i64>, i64)>> {
    ledger_entries::table
        .filter(ledger_entries::ledger_index.ge(first))
        .order(ledger_entries::ledger_index)
        .limit(limit)
        .select((ledger_entries::ledger_index, ledger_entries::entry_no))
        .load(conn)
        .await
}

/// What the state says: entries in the tree, and why the ledger is halted, if it is.
pub(super) async fn state(conn: &mut AsyncPgConnection) -> QueryResult<Option<(i64, Option<String>)>> {
    ledger_state::table.select((ledger_state::size, ledger_state::halted_reason)).first(conn).await.optional()
}

/// Tiles of leaf hashes from this index up to, not including, `end`.
pub(super) async fn leaf_tiles(conn: &mut AsyncPgConnection, first: i64, end: i64) -> QueryResult<Vec<(i64, Vec<u8>)>> {
    ledger_tiles::table
        .filter(ledger_tiles::level.eq(0))
        .filter(ledger_tiles::tile_index.ge(first))
        .filter(ledger_tiles::tile_index.lt(end))
        .order(ledger_tiles::tile_index)
        .select((ledger_tiles::tile_index, ledger_tiles::hashes))
        .load(conn)
        .await
}

/// All tiles above the leaves: one for 65,536 entries.
pub(super) async fn upper_tiles(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(i16, i64, Vec<u8>)>> {
    ledger_tiles::table
        .filter(ledger_tiles::level.gt(0))
        .order((ledger_tiles::level, ledger_tiles::tile_index))
        .select((ledger_tiles::level, ledger_tiles::tile_index, ledger_tiles::hashes))
        .load(conn)
        .await
}

/// Tiles of leaf hashes from this index on.
pub(super) async fn leaf_tile_indexes_from(
    conn: &mut AsyncPgConnection,
    first: i64,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    ledger_tiles::table
        .filter(ledger_tiles::level.eq(0))
        .filter(ledger_tiles::tile_index.ge(first))
        .order(ledger_tiles::tile_index)
        .limit(limit)
        .select(ledger_tiles::tile_index)
        .load(conn)
        .await
}

/// A checkpoint's row.
#[derive(HasQuery)]
#[diesel(table_name = ledger_checkpoints)]
pub(super) struct CheckpointRow {
    pub(super) size: i64,
    pub(super) root: Vec<u8>,
    pub(super) note: String,
    pub(super) published_at: Option<DateTime<Utc>>,
}

/// Checkpoints of more than `above` entries and of `up_to` at the most, the smallest first.
pub(super) async fn checkpoints_within(
    conn: &mut AsyncPgConnection,
    above: i64,
    up_to: i64,
) -> QueryResult<Vec<CheckpointRow>> {
    CheckpointRow::query()
        .filter(ledger_checkpoints::size.gt(above))
        .filter(ledger_checkpoints::size.le(up_to))
        .order(ledger_checkpoints::size)
        .load(conn)
        .await
}

/// The smallest checkpoints of more than `above` entries.
pub(super) async fn checkpoints_above(
    conn: &mut AsyncPgConnection,
    above: i64,
    limit: i64,
) -> QueryResult<Vec<CheckpointRow>> {
    let above = CheckpointRow::query().filter(ledger_checkpoints::size.gt(above));
    above.order(ledger_checkpoints::size).limit(limit).load(conn).await
}

/// A cosignature's row with the note that it is about.
pub(super) struct CosignatureRow {
    pub(super) size: i64,
    pub(super) witness: String,
    pub(super) line: String,
    pub(super) note: String,
}

/// Cosignatures behind this one, by size and witness.
pub(super) async fn cosignatures_after(
    conn: &mut AsyncPgConnection,
    size: i64,
    witness: &str,
    limit: i64,
) -> QueryResult<Vec<CosignatureRow>> {
    let same_size = ledger_cosignatures::size.eq(size).and(ledger_cosignatures::witness.gt(witness));
    let rows: Vec<(i64, String, String, String)> = ledger_cosignatures::table
        .inner_join(ledger_checkpoints::table)
        .filter(ledger_cosignatures::size.gt(size).or(same_size))
        .order((ledger_cosignatures::size, ledger_cosignatures::witness))
        .limit(limit)
        .select((
            ledger_cosignatures::size,
            ledger_cosignatures::witness,
            ledger_cosignatures::line,
            ledger_checkpoints::note,
        ))
        .load(conn)
        .await?;
    let row = |(size, witness, line, note)| CosignatureRow { size, witness, line, note };
    Ok(rows.into_iter().map(row).collect())
}
