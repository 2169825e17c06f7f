//! The sequencer: gives pending entries their places in the tree, in one transaction a round, one sequencer at a time. It never changes
//! an entry, and takes no hash on trust that it can compute.
//!
//! If we die in a round, nothing of it happened: entries stay pending and the next round, of any instance, takes them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio::task::spawn_blocking;

use crate::clock::day_in_vietnam;
use crate::error::{Error, Result};
use crate::merkle::{Hash, Tile, TileSet, TreeHead, hash_leaf, tiles_of_edge, tiles_of_growth};

use super::append::append;
use super::comparing::{check_running, compare};
use super::halting::{Alarm, HaltReason, Stop};
use super::manifest::{ChainHead, Manifest};
use super::service::Ledger;
use super::tree_store::PendingRow;
use super::types::{Author, Draft, EntryNo, Kind};
use super::{checkpoint_store, tree_store};

/// Entries a round: some milliseconds of hashing and a tenth of a second in the database.
const MAX_ROUND: u32 = 4096;
/// Chains whose ends are read in one query for a manifest: well within the time of a statement, whatever their lengths.
const HEADS_PER_QUERY: i64 = 5_000;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequenced {
    /// Entries that got a place.
    pub n_entries: usize,
    /// Whether more may wait.
    pub has_more: bool,
}

impl Ledger {
    /// One round: up to 4096 pending entries get the next places in the tree. Does nothing while another instance is at it.
    pub async fn sequence_once(&self) -> Result<Sequenced> {
        let mark = self.read_mark().await?;
        let mut conn = self.parts.db.conn().await?;
        let round = conn.transaction(async |conn| {
            let Some(size) = begin(conn, mark.as_ref()).await? else { return Ok::<_, Stop>(Sequenced::default()) };
            let rows = tree_store::pending(conn, MAX_ROUND.into()).await?;
            let n_entries = rows.len();
            check_chains(conn, &rows).await?;
            extend_tree(conn, size, rows).await?;
            Ok(Sequenced { n_entries, has_more: u32::try_from(n_entries) == Ok(MAX_ROUND) })
        });
        let outcome = round.await;
        drop(conn);
        self.settle(outcome).await
    }

    /// Once a day: a manifest, made and sequenced in one transaction, so that it covers exactly the entries before it. Where the chains
    /// end is read before that, without a lock; under the lock only what was sequenced since is read.
    pub async fn append_manifest(&self) -> Result<Option<EntryNo>> {
        let (now, today) = (self.parts.clock.now(), self.parts.clock.today());
        let mark = self.read_mark().await?;
        let mut conn = self.parts.db.conn().await?;
        let known = tree_store::find_state(&mut conn).await?.size;
        if !is_manifest_due(&mut conn, known, today).await? {
            return Ok(None);
        }
        let heads = heads_of_all(&mut conn, known).await?;
        let made = conn.transaction(async |conn| {
            let Some(size) = begin(conn, mark.as_ref()).await? else { return Ok::<_, Stop>(None) };
            // Another instance may have made it since.
            if !is_manifest_due(conn, size, today).await? {
                return Ok(None);
            }
            let newer = checkpoint_store::heads_between(conn, known, size).await?;
            let manifest = spawn_blocking(move || make_manifest(today, size, heads, newer)).await??;
            let public = manifest.to_public();
            let draft =
                Draft { kind: Kind::Manifest, batch: None, at: now, author: Author::SERVICE, public, private: None };
            let entry_no = append(conn, &draft, now).await?.entry_no;
            let row = tree_store::pending_entry(conn, entry_no.0).await?;
            extend_tree(conn, size, vec![row]).await?;
            Ok(Some(entry_no))
        });
        let outcome = made.await;
        drop(conn);
        self.settle(outcome).await
    }

    /// The mark of the high-water file, read off the workers that answer.
    pub(super) async fn read_mark(&self) -> Result<Option<TreeHead>> {
        let marks = self.parts.high_water.clone();
        spawn_blocking(move || marks.last()).await?
    }
}

/// Becomes the one that may change the tree and gives its size; nothing while another is it. A database that is not what was
/// published gets nothing new: places in the tree given now would stand against those that others hold.
pub(super) async fn begin(conn: &mut AsyncPgConnection, mark: Option<&TreeHead>) -> Result<Option<u64>, Stop> {
    if !tree_store::try_lock(conn).await? {
        return Ok(None);
    }
    // Read after the lock: whoever had it before has committed.
    let state = tree_store::find_state(conn).await?;
    check_running(&state)?;
    compare(conn, state.size, mark).await?;
    Ok(Some(state.size))
}

/// Entries of one batch keep their order in the tree. They do, because each is made while its batch's row is locked: the next one is
/// inserted after the one before has committed, has the higher number, and is never seen without it. A violation is a defect or a
/// hand in the database, and would stand in the tree for ever; so it is looked at all the same.
async fn check_chains(conn: &mut AsyncPgConnection, rows: &[PendingRow]) -> Result<(), Stop> {
    let (batch_nos, ns) = places_before(rows)?;
    if batch_nos.is_empty() || tree_store::count_placed(conn, &batch_nos, &ns).await? == batch_nos.len() {
        return Ok(());
    }
    let reason = HaltReason::new(
        "có mục đang chờ mà mục ngay trước nó trong chuỗi của lô chưa có chỗ trong sổ cái",
        "a pending entry's predecessor in its chain has no place in the tree",
    );
    Err(Stop::Halt(Alarm::Damaged, reason))
}

/// For each chain among these rows the place before its first row, batch and n, which the tree must have already; the rows after it
/// follow each other here.
fn places_before(rows: &[PendingRow]) -> Result<(Vec<i32>, Vec<i32>), Stop> {
    let mut last_of = BTreeMap::new();
    let (mut batch_nos, mut ns) = (Vec::new(), Vec::new());
    for row in rows {
        let (Some(batch_no), Some(n)) = (row.batch_no, row.n) else { continue };
        match last_of.insert(batch_no, n) {
            Some(last) if last + 1 == n => {}
            Some(_) => {
                let entry_no = row.entry_no;
                let reason = HaltReason::new(
                    format!("mục đang chờ, hàng {entry_no}, làm đứt thứ tự chuỗi của lô {batch_no}"),
                    format!("pending entry {entry_no} of batch {batch_no} breaks the order of its chain"),
                );
                return Err(Stop::Halt(Alarm::Damaged, reason));
            }
            None if n == 1 => {}
            None => {
                batch_nos.push(batch_no);
                ns.push(n - 1);
            }
        }
    }
    Ok((batch_nos, ns))
}

/// Gives these entries the places behind a tree of `size`, and gives the new size.
async fn extend_tree(conn: &mut AsyncPgConnection, size: u64, rows: Vec<PendingRow>) -> Result<u64, Stop> {
    if rows.is_empty() {
        return Ok(size);
    }
    let entry_nos: Vec<i64> = rows.iter().map(|row| row.entry_no).collect();
    let leaves = spawn_blocking(move || hash_rows(&rows)).await??;
    let new_size = grow_tree(conn, size, leaves).await?;
    let indexes: Vec<i64> = (size.cast_signed()..new_size.cast_signed()).collect();
    if tree_store::place_entries(conn, &entry_nos, &indexes).await? == entry_nos.len() {
        return Ok(new_size);
    }
    Err(two_at_once())
}

/// Appends leaves to the stored tree of `size`: tiles, and the size by compare-and-swap. Gives the new size.
pub(super) async fn grow_tree(conn: &mut AsyncPgConnection, size: u64, leaves: Vec<Hash>) -> Result<u64, Stop> {
    let edge: Vec<Tile> = tiles_of_edge(size).collect();
    let edge = tree_store::find_tiles(conn, &edge).await?;
    let (new_size, tiles) = spawn_blocking(move || grow_tiles(edge, size, &leaves)).await??;
    tree_store::put_tiles(conn, &tiles).await?;
    if tree_store::grow(conn, size, new_size).await? { Ok(new_size) } else { Err(two_at_once()) }
}

/// Cannot happen while we hold the lock; and if it did, nothing is written.
fn two_at_once() -> Stop {
    Stop::Error(Error::Busy("the tree was changed, or the ledger halted, in the same moment".into()))
}

/// The leaf hashes, computed from the bytes that will be served.
fn hash_rows(rows: &[PendingRow]) -> Result<Vec<Hash>, Stop> {
    let hash = |row: &PendingRow| {
        let leaf = hash_leaf(&row.bytes);
        if row.leaf_hash == leaf.as_bytes() {
            return Ok(leaf);
        }
        let entry_no = row.entry_no;
        let reason = HaltReason::new(
            format!("nội dung của mục đang chờ, hàng {entry_no}, không khớp với mã băm lưu cùng"),
            format!("the bytes of pending entry {entry_no} do not have the hash that is stored with them"),
        );
        Err(Stop::Halt(Alarm::Damaged, reason))
    };
    rows.iter().map(hash).collect()
}

/// A tile with its bytes.
type TileBytes = (Tile, Vec<u8>);

/// Appends leaves to the edge of a tree of `size`; gives the new size and the tiles that are new or have grown.
fn grow_tiles(mut edge: TileSet, size: u64, leaves: &[Hash]) -> Result<(u64, Vec<TileBytes>), Stop> {
    let new_size = edge.append(size, leaves)?;
    let whole = |tile: Tile| {
        let data = edge.data(tile).ok_or_else(|| Stop::Error(Error::internal(format!("{tile} was not grown"))))?;
        Ok((tile, data))
    };
    let tiles = tiles_of_growth(size, new_size).map(whole).collect::<Result<_, Stop>>()?;
    Ok((new_size, tiles))
}

/// Whether today's manifest is to be made: the last one is of an earlier day. Before the first one the first entry's day counts. It
/// is made without news too: it is what tells an auditor that the ledger is alive.
pub(super) async fn is_manifest_due(conn: &mut AsyncPgConnection, size: u64, today: NaiveDate) -> Result<bool> {
    let since = match checkpoint_store::last_manifest(conn).await? {
        Some(recorded) => Some(recorded),
        None => checkpoint_store::first_recorded(conn).await?,
    };
    Ok(0 < size && since.is_some_and(|since| day_in_vietnam(since) < today))
}

/// Where every chain ends among the first `size` entries. They never change, so that many queries see one state.
async fn heads_of_all(conn: &mut AsyncPgConnection, size: u64) -> Result<Vec<ChainHead>> {
    let (mut heads, mut before) = (Vec::new(), i32::MAX);
    loop {
        let page = checkpoint_store::heads_within(conn, size, before, HEADS_PER_QUERY).await?;
        let Some(last) = page.last() else { return Ok(heads) };
        before = last.batch.to_i32();
        heads.extend(page);
    }
}

/// `newer` are the entries that came after `heads` were read, in the order of the tree.
fn make_manifest(day: NaiveDate, size: u64, heads: Vec<ChainHead>, newer: Vec<ChainHead>) -> Result<Manifest, Stop> {
    let heads: BTreeMap<_, _> = heads.into_iter().chain(newer).map(|head| (head.batch, head)).collect();
    let heads: Vec<ChainHead> = heads.into_values().collect();
    Ok(Manifest::new(day, size, &heads)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::manifest::manifest_root;
    use crate::stamp::BatchNo;

    fn row(entry_no: i64, place: Option<(i32, i32)>) -> PendingRow {
        let bytes = entry_no.to_be_bytes().to_vec();
        let leaf_hash = hash_leaf(&bytes).as_bytes().to_vec();
        PendingRow { entry_no, bytes, leaf_hash, batch_no: place.map(|it| it.0), n: place.map(|it| it.1) }
    }

    fn is_damage<T>(outcome: &Result<T, Stop>) -> bool {
        matches!(outcome, Err(Stop::Halt(Alarm::Damaged, _)))
    }

    #[test]
    fn entries_of_a_chain_follow_each_other_behind_what_the_tree_has() {
        let rows =
            [row(1, Some((7, 4))), row(2, None), row(3, Some((8, 1))), row(4, Some((7, 5))), row(5, Some((8, 2)))];
        assert_eq!(places_before(&rows).unwrap(), (vec![7], vec![3]));
    }

    #[test]
    fn an_entry_out_of_its_chains_order_halts() {
        for ns in [[4, 6], [5, 4], [4, 4]] {
            let rows = [row(1, Some((7, ns[0]))), row(2, Some((7, ns[1])))];
            assert!(is_damage(&places_before(&rows)), "{ns:?}");
        }
    }

    #[test]
    fn bytes_that_were_changed_while_they_waited_halt() {
        let mut changed = row(1, None);
        assert!(hash_rows(std::slice::from_ref(&changed)).is_ok());
        changed.bytes[7] ^= 1;
        assert!(is_damage(&hash_rows(&[changed])));
    }

    #[test]
    fn a_missing_tile_of_the_edge_halts() {
        assert!(is_damage(&grow_tiles(TileSet::default(), 300, &[Hash::EMPTY_ROOT])));
    }

    #[test]
    fn a_manifest_covers_what_came_while_it_was_prepared() {
        let head =
            |batch, n: u32| ChainHead { batch: BatchNo::new(batch).unwrap(), n, hash: hash_leaf(&n.to_be_bytes()) };
        let (known, newer) = (vec![head(2, 3), head(1, 1)], vec![head(2, 4), head(3, 1), head(2, 5)]);
        let manifest = make_manifest("2026-11-29".parse().unwrap(), 12, known, newer).ok().unwrap();
        assert_eq!((manifest.count, manifest.chains), (12, 3));
        assert_eq!(Ok(manifest.root), manifest_root(&[head(1, 1), head(2, 5), head(3, 1)]));
    }
}
