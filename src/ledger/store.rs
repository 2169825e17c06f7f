//! Queries on entries and on what is kept outside them. The bytes are the record: the other columns are written from them and only
//! searched by. No transaction, no clock, no HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{ledger_checkpoints, ledger_entries, ledger_private};
use crate::merkle::Hash;
use crate::stamp::BatchNo;

use super::entry::Entry;
use super::manifest::ChainHead;
use super::tree_store::{damaged, read_hash, read_size};
use super::types::EntryNo;

/// An entry that is made but not stored yet.
#[derive(Debug)]
pub(super) struct MadeEntry {
    /// What it says.
    pub(super) entry: Entry,
    /// How it says it.
    pub(super) bytes: Vec<u8>,
    /// RFC 6962 hash of the bytes.
    pub(super) leaf_hash: Hash,
}

impl MadeEntry {
    fn batch_no(&self) -> Option<i32> {
        self.entry.batch.map(BatchNo::to_i32)
    }

    /// A chain that long has no place in the column; the insert then says so.
    fn n(&self) -> Option<i32> {
        self.entry.n.map(u32::cast_signed)
    }
}

/// An entry of a chain with what is known of its seal.
pub(super) struct ChainRow {
    /// Its row.
    pub(super) entry_no: EntryNo,
    /// The record.
    pub(super) bytes: Vec<u8>,
    /// Its hash.
    pub(super) leaf_hash: Hash,
    /// Its place in the tree.
    pub(super) index: Option<u64>,
    /// When the first checkpoint that covers it was published.
    pub(super) sealed_at: Option<DateTime<Utc>>,
}

/// The last entry of a batch's chain.
pub(super) async fn head_of(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Option<ChainHead>> {
    let row: Option<(i32, Vec<u8>)> = ledger_entries::table
        .filter(ledger_entries::batch_no.eq(batch_no.to_i32()))
        .order(ledger_entries::n.desc())
        .select((ledger_entries::n.assume_not_null(), ledger_entries::leaf_hash))
        .first(conn)
        .await
        .optional()?;
    row.map(|(n, hash)| to_head(batch_no, n, &hash)).transpose()
}

fn to_head(batch: BatchNo, n: i32, hash: &[u8]) -> QueryResult<ChainHead> {
    Ok(ChainHead { batch, n: u32::try_from(n).map_err(damaged)?, hash: read_hash(hash)? })
}

/// The last entries of these batches' chains.
pub(super) async fn heads_of(
    conn: &mut AsyncPgConnection,
    batch_nos: &[BatchNo],
) -> QueryResult<BTreeMap<BatchNo, ChainHead>> {
    let batch_nos: Vec<i32> = batch_nos.iter().map(|no| no.to_i32()).collect();
    let rows: Vec<(i32, i32, Vec<u8>)> = ledger_entries::table
        .filter(ledger_entries::batch_no.eq_any(batch_nos))
        .distinct_on(ledger_entries::batch_no)
        .order((ledger_entries::batch_no, ledger_entries::n.desc()))
        .select((
            ledger_entries::batch_no.assume_not_null(),
            ledger_entries::n.assume_not_null(),
            ledger_entries::leaf_hash,
        ))
        .load(conn)
        .await?;
    let heads = rows.into_iter().map(|(no, n, hash)| {
        let batch = BatchNo::try_from(no).map_err(damaged)?;
        Ok((batch, to_head(batch, n, &hash)?))
    });
    heads.collect()
}

/// Stores an entry, pending.
pub(super) async fn insert(conn: &mut AsyncPgConnection, made: &MadeEntry) -> QueryResult<EntryNo> {
    diesel::insert_into(ledger_entries::table)
        .values((
            ledger_entries::bytes.eq(made.bytes.as_slice()),
            ledger_entries::leaf_hash.eq(made.leaf_hash.as_bytes().as_slice()),
            ledger_entries::kind.eq(made.entry.kind.as_str()),
            ledger_entries::batch_no.eq(made.batch_no()),
            ledger_entries::n.eq(made.n()),
            ledger_entries::declared_at.eq(made.entry.at),
            ledger_entries::recorded_at.eq(made.entry.recorded),
        ))
        .returning(ledger_entries::entry_no)
        .get_result(conn)
        .await
        .map(EntryNo)
}

/// Stores entries, pending, in their order: a chain's later entry gets the higher row, and so the later place in the tree.
pub(super) async fn insert_all(conn: &mut AsyncPgConnection, all: &[MadeEntry]) -> QueryResult<()> {
    let insert = "INSERT INTO ledger_entries (bytes, leaf_hash, kind, batch_no, n, declared_at, recorded_at) \
         SELECT bytes, leaf_hash, kind, batch_no, n, declared_at, recorded_at \
         FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY \
         AS made (bytes, leaf_hash, kind, batch_no, n, declared_at, recorded_at, place) ORDER BY place";
    diesel::sql_query(insert)
        .bind::<Array<Binary>, _>(all.iter().map(|made| made.bytes.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(all.iter().map(|made| made.leaf_hash.as_bytes().as_slice()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(all.iter().map(|made| made.entry.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Integer>>, _>(all.iter().map(MadeEntry::batch_no).collect::<Vec<_>>())
        .bind::<Array<Nullable<Integer>>, _>(all.iter().map(MadeEntry::n).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(all.iter().map(|made| made.entry.at).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(all.iter().map(|made| made.entry.recorded).collect::<Vec<_>>())
        .execute(conn)
        .await
        .map(drop)
}

/// Stores what an entry holds only the hash of.
pub(super) async fn insert_private(
    conn: &mut AsyncPgConnection,
    entry_no: EntryNo,
    salt: &[u8],
    data: &[u8],
) -> QueryResult<()> {
    diesel::insert_into(ledger_private::table)
        .values((ledger_private::entry_no.eq(entry_no.0), ledger_private::salt.eq(salt), ledger_private::data.eq(data)))
        .execute(conn)
        .await
        .map(drop)
}

/// What is kept outside an entry, and the entry that holds its hash.
pub(super) struct PrivateRow {
    /// The entry's row.
    pub(super) entry_no: EntryNo,
    /// The entry.
    pub(super) bytes: Vec<u8>,
    /// The chance before the data.
    pub(super) salt: Vec<u8>,
    /// The data.
    pub(super) data: Vec<u8>,
}

/// Entry, its bytes, salt and data.
type PrivateColumns = (i64, Vec<u8>, Vec<u8>, Vec<u8>);

/// What is kept outside these entries.
pub(super) async fn private_rows(conn: &mut AsyncPgConnection, entry_nos: &[EntryNo]) -> QueryResult<Vec<PrivateRow>> {
    let entry_nos: Vec<i64> = entry_nos.iter().map(|no| no.0).collect();
    let rows: Vec<PrivateColumns> = ledger_private::table
        .inner_join(ledger_entries::table)
        .filter(ledger_private::entry_no.eq_any(entry_nos))
        .select((ledger_private::entry_no, ledger_entries::bytes, ledger_private::salt, ledger_private::data))
        .load(conn)
        .await?;
    let row = |(no, bytes, salt, data)| PrivateRow { entry_no: EntryNo(no), bytes, salt, data };
    Ok(rows.into_iter().map(row).collect())
}

/// The newest entries of a batch's chain, of those before a place if one is given, in the order of the chain.
pub(super) async fn chain_of(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    before: Option<u32>,
    limit: u32,
) -> QueryResult<Vec<ChainRow>> {
    type Row = (i64, Vec<u8>, Vec<u8>, Option<i64>, Option<DateTime<Utc>>);
    let sealed_at = ledger_checkpoints::table
        .filter(ledger_checkpoints::published_at.is_not_null())
        .filter(ledger_checkpoints::size.nullable().gt(ledger_entries::ledger_index))
        .order(ledger_checkpoints::size)
        .select(ledger_checkpoints::published_at)
        .limit(1)
        .single_value();
    // No chain is longer than its column can count.
    let before = before.and_then(|n| i32::try_from(n).ok()).unwrap_or(i32::MAX);
    let rows: Vec<Row> = ledger_entries::table
        .filter(ledger_entries::batch_no.eq(batch_no.to_i32()))
        .filter(ledger_entries::n.lt(before))
        .order(ledger_entries::n.desc())
        .limit(limit.into())
        .select((
            ledger_entries::entry_no,
            ledger_entries::bytes,
            ledger_entries::leaf_hash,
            ledger_entries::ledger_index,
            sealed_at,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .rev()
        .map(|(entry_no, bytes, leaf_hash, index, sealed_at)| {
            Ok(ChainRow {
                entry_no: EntryNo(entry_no),
                leaf_hash: read_hash(&leaf_hash)?,
                bytes,
                index: index.map(read_size).transpose()?,
                sealed_at,
            })
        })
        .collect()
}

/// Entries of one kind in a batch's chain behind a place, in its order: row, bytes and hash.
pub(super) async fn chain_of_kind(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    kind: &str,
    after: u32,
    limit: u32,
) -> QueryResult<Vec<(EntryNo, Vec<u8>, Hash)>> {
    let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = ledger_entries::table
        .filter(ledger_entries::batch_no.eq(batch_no.to_i32()))
        .filter(ledger_entries::kind.eq(kind))
        .filter(ledger_entries::n.gt(i32::try_from(after).unwrap_or(i32::MAX)))
        .order(ledger_entries::n)
        .limit(limit.into())
        .select((ledger_entries::entry_no, ledger_entries::bytes, ledger_entries::leaf_hash))
        .load(conn)
        .await?;
    rows.into_iter().map(|(entry_no, bytes, hash)| Ok((EntryNo(entry_no), bytes, read_hash(&hash)?))).collect()
}

/// An entry by its place in its batch's chain: its place in the tree and its bytes.
pub(super) async fn entry_in_chain(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    n: u32,
) -> QueryResult<Option<(Option<u64>, Vec<u8>)>> {
    let row: Option<(Option<i64>, Vec<u8>)> = ledger_entries::table
        .filter(ledger_entries::batch_no.eq(batch_no.to_i32()))
        .filter(ledger_entries::n.eq(n.cast_signed()))
        .select((ledger_entries::ledger_index, ledger_entries::bytes))
        .first(conn)
        .await
        .optional()?;
    row.map(|(index, bytes)| Ok((index.map(read_size).transpose()?, bytes))).transpose()
}

/// The bytes of the entries from `start` up to, not including, `end`, in the tree's order.
pub(super) async fn entries_in_tree(conn: &mut AsyncPgConnection, start: u64, end: u64) -> QueryResult<Vec<Vec<u8>>> {
    ledger_entries::table
        .filter(ledger_entries::ledger_index.ge(start.cast_signed()))
        .filter(ledger_entries::ledger_index.lt(end.cast_signed()))
        .order(ledger_entries::ledger_index)
        .select(ledger_entries::bytes)
        .load(conn)
        .await
}
