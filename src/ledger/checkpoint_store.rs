//! Queries on checkpoints, cosignatures, manifests and the heads of chains. No transaction, no clock, no rule.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{ledger_checkpoints, ledger_cosignatures, ledger_entries};
use crate::merkle::TreeHead;
use crate::stamp::BatchNo;

use super::manifest::ChainHead;
use super::tree_store::{damaged, read_hash, read_size};

#[derive(HasQuery)]
#[diesel(table_name = ledger_checkpoints)]
struct CheckpointRow {
    size: i64,
    root: Vec<u8>,
    note: String,
    published_at: Option<DateTime<Utc>>,
}

/// A checkpoint as it was signed.
#[derive(Clone, Debug)]
pub(super) struct StoredCheckpoint {
    /// What its columns say.
    pub(super) head: TreeHead,
    /// The signed note, without cosignatures.
    pub(super) note: String,
    /// Whether anyone may have seen it.
    pub(super) is_published: bool,
}

impl CheckpointRow {
    fn into_checkpoint(self) -> QueryResult<StoredCheckpoint> {
        let head = TreeHead { size: read_size(self.size)?, root: read_hash(&self.root)? };
        Ok(StoredCheckpoint { head, note: self.note, is_published: self.published_at.is_some() })
    }
}

/// The checkpoint of the largest tree, published or not.
pub(super) async fn newest_checkpoint(conn: &mut AsyncPgConnection) -> QueryResult<Option<StoredCheckpoint>> {
    let newest = CheckpointRow::query().order(ledger_checkpoints::size.desc()).first(conn).await.optional()?;
    newest.map(CheckpointRow::into_checkpoint).transpose()
}

/// Size of the largest tree with a published checkpoint.
pub(super) async fn published_size(conn: &mut AsyncPgConnection) -> QueryResult<Option<u64>> {
    let published = ledger_checkpoints::table.filter(ledger_checkpoints::published_at.is_not_null());
    let newest = published.order(ledger_checkpoints::size.desc()).select(ledger_checkpoints::size);
    newest.first(conn).await.optional()?.map(read_size).transpose()
}

/// The newest published checkpoint's size and root.
pub(super) async fn newest_published(conn: &mut AsyncPgConnection) -> QueryResult<Option<TreeHead>> {
    match published_size(conn).await? {
        Some(size) => Ok(checkpoint_at(conn, size).await?.map(|checkpoint| checkpoint.head)),
        None => Ok(None),
    }
}

/// The checkpoint of this size.
pub(super) async fn checkpoint_at(conn: &mut AsyncPgConnection, size: u64) -> QueryResult<Option<StoredCheckpoint>> {
    let found = CheckpointRow::query().filter(ledger_checkpoints::size.eq(size.cast_signed()));
    found.first(conn).await.optional()?.map(CheckpointRow::into_checkpoint).transpose()
}

/// The checkpoint of the largest tree that a witness cosigned.
pub(super) async fn newest_cosigned(conn: &mut AsyncPgConnection) -> QueryResult<Option<StoredCheckpoint>> {
    let sizes = ledger_cosignatures::table.order(ledger_cosignatures::size.desc()).select(ledger_cosignatures::size);
    match sizes.first(conn).await.optional()? {
        Some(size) => checkpoint_at(conn, read_size(size)?).await,
        None => Ok(None),
    }
}

/// Stages a checkpoint. The table refuses a size that is not larger than all before.
pub(super) async fn insert_checkpoint(
    conn: &mut AsyncPgConnection,
    head: &TreeHead,
    note: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let columns = (
        ledger_checkpoints::size.eq(head.size.cast_signed()),
        ledger_checkpoints::root.eq(head.root.as_bytes().to_vec()),
        ledger_checkpoints::note.eq(note),
        ledger_checkpoints::signed_at.eq(now),
    );
    diesel::insert_into(ledger_checkpoints::table).values(columns).execute(conn).await
}

/// Publishes a checkpoint; 0 if another instance did.
pub(super) async fn publish_checkpoint(
    conn: &mut AsyncPgConnection,
    size: u64,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let staged = ledger_checkpoints::size.eq(size.cast_signed()).and(ledger_checkpoints::published_at.is_null());
    let update = diesel::update(ledger_checkpoints::table.filter(staged));
    update.set(ledger_checkpoints::published_at.eq(now)).execute(conn).await
}

/// When a witness cosigned the checkpoint of this size, if it did. The row stays locked, so that the later of two cosignatures wins.
pub(super) async fn cosigned_at(
    conn: &mut AsyncPgConnection,
    size: u64,
    witness: &str,
) -> QueryResult<Option<DateTime<Utc>>> {
    let found = ledger_cosignatures::table.find((size.cast_signed(), witness));
    found.select(ledger_cosignatures::cosigned_at).for_update().first(conn).await.optional()
}

/// Stores a witness's cosignature, in the place of an earlier one.
pub(super) async fn put_cosignature(
    conn: &mut AsyncPgConnection,
    size: u64,
    witness: &str,
    line: &str,
    at: DateTime<Utc>,
) -> QueryResult<usize> {
    let fresh = (ledger_cosignatures::line.eq(line), ledger_cosignatures::cosigned_at.eq(at));
    diesel::insert_into(ledger_cosignatures::table)
        .values((ledger_cosignatures::size.eq(size.cast_signed()), ledger_cosignatures::witness.eq(witness), fresh))
        .on_conflict((ledger_cosignatures::size, ledger_cosignatures::witness))
        .do_update()
        .set(fresh)
        .execute(conn)
        .await
}

/// When the last manifest that has a place in the tree was recorded.
pub(super) async fn last_manifest(conn: &mut AsyncPgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    // As text, so that the planner sees that the index of manifests serves.
    let manifests = ledger_entries::table.filter(sql::<Bool>("kind = 'manifest'"));
    let newest = manifests.filter(ledger_entries::ledger_index.is_not_null()).order(ledger_entries::entry_no.desc());
    newest.select(ledger_entries::recorded_at).first(conn).await.optional()
}

/// When the first entry of the tree was recorded.
pub(super) async fn first_recorded(conn: &mut AsyncPgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    let first = ledger_entries::table.filter(ledger_entries::ledger_index.eq(0));
    first.select(ledger_entries::recorded_at).first(conn).await.optional()
}

type HeadRow = (Option<i32>, Option<i32>, Vec<u8>);

fn read_head((batch_no, n, hash): HeadRow) -> QueryResult<ChainHead> {
    let missing = || damaged(std::io::Error::other("an entry of a batch without its place"));
    let batch = BatchNo::try_from(batch_no.ok_or_else(missing)?).map_err(damaged)?;
    let n = u32::try_from(n.ok_or_else(missing)?).map_err(damaged)?;
    Ok(ChainHead { batch, n, hash: read_hash(&hash)? })
}

/// The last entry of each chain among the first `size` of the tree, batches downwards from below `before`, at most `limit` of them.
pub(super) async fn heads_within(
    conn: &mut AsyncPgConnection,
    size: u64,
    before: i32,
    limit: i64,
) -> QueryResult<Vec<ChainHead>> {
    let rows: Vec<HeadRow> = ledger_entries::table
        .filter(ledger_entries::batch_no.lt(before).and(ledger_entries::ledger_index.lt(size.cast_signed())))
        .distinct_on(ledger_entries::batch_no)
        .order((ledger_entries::batch_no.desc(), ledger_entries::n.desc()))
        .limit(limit)
        .select((ledger_entries::batch_no, ledger_entries::n, ledger_entries::leaf_hash))
        .load(conn)
        .await?;
    rows.into_iter().map(read_head).collect()
}

/// The entries of chains from `first` up to, not including, `end`, in the order of the tree.
pub(super) async fn heads_between(conn: &mut AsyncPgConnection, first: u64, end: u64) -> QueryResult<Vec<ChainHead>> {
    let within =
        ledger_entries::ledger_index.ge(first.cast_signed()).and(ledger_entries::ledger_index.lt(end.cast_signed()));
    let rows: Vec<HeadRow> = ledger_entries::table
        .filter(within)
        .filter(ledger_entries::batch_no.is_not_null())
        .order(ledger_entries::ledger_index)
        .select((ledger_entries::batch_no, ledger_entries::n, ledger_entries::leaf_hash))
        .load(conn)
        .await?;
    rows.into_iter().map(read_head).collect()
}
