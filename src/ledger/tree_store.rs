//! Queries on the ledger's state, its entries' places and its tiles. No transaction, no clock, no rule: what must hold is in the
//! migration and with the callers.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{ledger_entries, ledger_state};
use crate::merkle::{Hash, Tile, TileSet};

use super::statements::{CountPlaced, FindTiles, PlaceEntries, PutTiles};

/// Any number that no other program uses on this database as an advisory lock: who holds it may change the tree.
const SEQUENCER_LOCK: i64 = 0x6e67_6c65_6467;

/// A row that breaks the schema's own rules.
pub(super) fn damaged(err: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(err.into())
}

/// 32 bytes as they are stored.
pub(super) fn read_hash(bytes: &[u8]) -> QueryResult<Hash> {
    bytes.try_into().map(Hash::new).map_err(damaged)
}

/// A size or an index as it is stored: never negative.
pub(super) fn read_size(size: i64) -> QueryResult<u64> {
    u64::try_from(size).map_err(damaged)
}

/// Becomes the one that may change the tree, until the transaction ends; false while another is it.
pub(super) async fn try_lock(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    let lock = sql::<Bool>("pg_try_advisory_xact_lock(").bind::<BigInt, _>(SEQUENCER_LOCK).sql(")");
    select(lock).get_result(conn).await
}

/// The same, but waits for the other.
pub(super) async fn lock(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    let lock = sql::<Text>("pg_advisory_xact_lock(").bind::<BigInt, _>(SEQUENCER_LOCK).sql(")::text");
    select(lock).get_result::<String>(conn).await.map(drop)
}

/// How far the tree has grown, and whether something forbids to go on.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Entries in the tree.
    pub(super) size: u64,
    /// When older rows were taken in.
    pub(super) imported_at: Option<DateTime<Utc>>,
    /// Why nothing may be written or signed.
    pub(super) halted_reason: Option<String>,
}

/// The state.
pub(super) async fn find_state(conn: &mut AsyncPgConnection) -> QueryResult<State> {
    let columns = (ledger_state::size, ledger_state::imported_at, ledger_state::halted_reason);
    let (size, imported_at, halted_reason) = ledger_state::table.select(columns).first::<(i64, _, _)>(conn).await?;
    Ok(State { size: read_size(size)?, imported_at, halted_reason })
}

/// Compare-and-swap of the tree's size; false if it was another, or the ledger is halted.
pub(super) async fn grow(conn: &mut AsyncPgConnection, old: u64, new: u64) -> QueryResult<bool> {
    let at_old = ledger_state::size.eq(old.cast_signed()).and(ledger_state::halted_at.is_null());
    let update = diesel::update(ledger_state::table.filter(at_old)).set(ledger_state::size.eq(new.cast_signed()));
    Ok(update.execute(conn).await? == 1)
}

/// Halts the ledger; false if it was halted already.
pub(super) async fn halt(conn: &mut AsyncPgConnection, reason: &str, now: DateTime<Utc>) -> QueryResult<bool> {
    let update = diesel::update(ledger_state::table.filter(ledger_state::halted_at.is_null()))
        .set((ledger_state::halted_at.eq(now), ledger_state::halted_reason.eq(reason)));
    Ok(update.execute(conn).await? == 1)
}

/// Lets the ledger go on.
pub(super) async fn clear_halt(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    let nothing = (ledger_state::halted_at.eq(None::<DateTime<Utc>>), ledger_state::halted_reason.eq(None::<String>));
    diesel::update(ledger_state::table).set(nothing).execute(conn).await
}

/// Notes that older rows are taken in.
pub(super) async fn set_imported(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(ledger_state::table).set(ledger_state::imported_at.eq(now)).execute(conn).await
}

/// An entry that waits for its place in the tree.
#[derive(HasQuery)]
#[diesel(table_name = ledger_entries)]
pub(super) struct PendingRow {
    pub(super) entry_no: i64,
    pub(super) bytes: Vec<u8>,
    pub(super) leaf_hash: Vec<u8>,
    pub(super) batch_no: Option<i32>,
    pub(super) n: Option<i32>,
}

/// The entries that have waited longest, in the order in which they were made.
pub(super) async fn pending(conn: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<PendingRow>> {
    let waiting = PendingRow::query().filter(ledger_entries::ledger_index.is_null());
    waiting.order(ledger_entries::entry_no).limit(limit).load(conn).await
}

/// One of them.
pub(super) async fn pending_entry(conn: &mut AsyncPgConnection, entry_no: i64) -> QueryResult<PendingRow> {
    let waiting = PendingRow::query().filter(ledger_entries::ledger_index.is_null());
    waiting.filter(ledger_entries::entry_no.eq(entry_no)).first(conn).await
}

/// Whether any entry waits.
pub(super) async fn has_pending(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    select(exists(ledger_entries::table.filter(ledger_entries::ledger_index.is_null()))).get_result(conn).await
}

/// How many wait.
pub(super) async fn count_pending(conn: &mut AsyncPgConnection) -> QueryResult<u64> {
    let waiting = ledger_entries::table.filter(ledger_entries::ledger_index.is_null());
    waiting.count().get_result(conn).await.and_then(read_size)
}

/// Whether an entry recorded before this instant is not among the first `covered` of the tree.
pub(super) async fn has_waited_since(
    conn: &mut AsyncPgConnection,
    covered: u64,
    before: DateTime<Utc>,
) -> QueryResult<bool> {
    let old = ledger_entries::table.filter(ledger_entries::recorded_at.lt(before));
    // Two questions, each with its index; one with `or` would read every entry.
    let unplaced = select(exists(old.filter(ledger_entries::ledger_index.is_null())));
    let uncovered = select(exists(old.filter(ledger_entries::ledger_index.ge(covered.cast_signed()))));
    Ok(unplaced.get_result(conn).await? || uncovered.get_result(conn).await?)
}

/// How many of these places in chains, batch and n, are taken by entries that have a place in the tree.
pub(super) async fn count_placed(conn: &mut AsyncPgConnection, batch_nos: &[i32], ns: &[i32]) -> QueryResult<usize> {
    let n_placed: i64 = CountPlaced { batch_nos, ns }.get_result(conn).await?;
    usize::try_from(n_placed).map_err(damaged)
}

/// Gives entries that have none these places; how many got one.
pub(super) async fn place_entries(
    conn: &mut AsyncPgConnection,
    entry_nos: &[i64],
    indexes: &[i64],
) -> QueryResult<usize> {
    PlaceEntries { entry_nos, indexes }.execute(conn).await
}

/// The leaf hashes of the entries from `first` up to, not including, `end`, in the order of the tree.
pub(super) async fn leaf_hashes(conn: &mut AsyncPgConnection, first: u64, end: u64) -> QueryResult<Vec<Hash>> {
    let within =
        ledger_entries::ledger_index.ge(first.cast_signed()).and(ledger_entries::ledger_index.lt(end.cast_signed()));
    let rows: Vec<Vec<u8>> = ledger_entries::table
        .filter(within)
        .order(ledger_entries::ledger_index)
        .select(ledger_entries::leaf_hash)
        .load(conn)
        .await?;
    rows.iter().map(|bytes| read_hash(bytes)).collect()
}

/// These tiles, each with as many hashes as it was asked with, in one query. A tile that is missing or shorter is left out: whoever
/// reads a hash of it hears of it.
pub(super) async fn find_tiles(conn: &mut AsyncPgConnection, wanted: &[Tile]) -> QueryResult<TileSet> {
    let mut set = TileSet::default();
    if wanted.is_empty() {
        return Ok(set);
    }
    let (levels, indexes) = columns_of(wanted);
    let rows: Vec<(i16, i64, Vec<u8>)> = FindTiles { levels: &levels, indexes: &indexes }.load(conn).await?;
    for tile in wanted {
        let place = (i16::from(tile.level()), tile.index().cast_signed());
        let row = rows.iter().find(|(level, index, _)| (*level, *index) == place);
        let data = row.and_then(|(.., hashes)| hashes.get(..usize::from(tile.width()) * Hash::LEN));
        if let Some(data) = data {
            set.insert(*tile, data).map_err(damaged)?;
        }
    }
    Ok(set)
}

/// Stores these tiles from a set that has all their hashes.
pub(super) async fn put_tiles(conn: &mut AsyncPgConnection, tiles: &[(Tile, Vec<u8>)]) -> QueryResult<usize> {
    let (places, hashes): (Vec<Tile>, Vec<Vec<u8>>) = tiles.iter().cloned().unzip();
    let (levels, indexes) = columns_of(&places);
    PutTiles { levels: &levels, indexes: &indexes, hashes: &hashes }.execute(conn).await
}

fn columns_of(tiles: &[Tile]) -> (Vec<i16>, Vec<i64>) {
    tiles.iter().map(|tile| (i16::from(tile.level()), tile.index().cast_signed())).unzip()
}

/// Whether Postgres keeps what it acknowledged: its settings `fsync`, `synchronous_commit` and `full_page_writes`.
pub(super) async fn durability(conn: &mut AsyncPgConnection) -> QueryResult<(String, String, String)> {
    let setting = |name: &'static str| sql::<Text>("current_setting(").bind::<Text, _>(name).sql(")");
    select((setting("fsync"), setting("synchronous_commit"), setting("full_page_writes"))).get_result(conn).await
}
