//! Stored rows as an audit reads them: bytes hashed and parsed, columns compared with the bytes, private data with the hash that stands
//! for it, tiles with the hashes. Pure. The bytes are the record; a column that says something else is wrong, whatever it says.

use std::collections::BTreeMap;

use crate::ledger::{Entry, hash_private};
use crate::merkle::{Hash, SignedCheckpoint, TILE_WIDTH, Tile, VerifierKey, hash_leaf};
use crate::stamp::BatchNo;

use super::part::{Leaf, Part, Said};
use super::store::{CheckpointRow, EntryRow, PrivateRow};
use super::types::{Fault, Place, Problem};

/// Some of what is stored: entries that follow each other in the tree, and what belongs to them.
pub(super) struct Range {
    /// Index of the first entry.
    pub(super) first: u64,
    /// Index after the last.
    pub(super) end: u64,
    /// Entries in the whole tree.
    pub(super) total: u64,
    pub(super) entries: Vec<(EntryRow, PrivateRow)>,
    pub(super) tiles: Vec<(i64, Vec<u8>)>,
    pub(super) checkpoints: Vec<CheckpointRow>,
}

/// The same, read.
pub(super) struct ReadRange {
    pub(super) part: Part,
    pub(super) checkpoints: ReadCheckpoints,
}

/// Checkpoints whose signatures hold, and what is wrong with them or the others.
#[derive(Default)]
pub(super) struct ReadCheckpoints {
    pub(super) signed: Vec<SignedCheckpoint>,
    pub(super) problems: Vec<Problem>,
    /// The largest that anyone may have seen.
    pub(super) published: Option<u64>,
}

impl Range {
    /// Hashes and reads everything; a matter of milliseconds, off the threads that answer.
    pub(super) fn read(self, log: &VerifierKey) -> ReadRange {
        let n_entries = usize::try_from(self.end - self.first).unwrap_or(0);
        let mut part =
            Part { first: self.first, end: self.end, leaves: Vec::with_capacity(n_entries), problems: Vec::new() };
        let tiles = self.read_tiles(&mut part.problems);
        let mut rows = self.entries.into_iter().peekable();
        for index in self.first..self.end {
            let (tile, offset) = (index / u64::from(TILE_WIDTH), index % u64::from(TILE_WIDTH));
            let published =
                tiles.get(&tile).and_then(|hashes| hashes.get(usize::try_from(offset).unwrap_or(0)).copied());
            let is_here = |(row, _): &(EntryRow, PrivateRow)| row.ledger_index == i64::try_from(index).ok();
            let leaf = if let Some((row, private)) = rows.next_if(is_here) {
                Some(read_row(&row, private.as_ref(), published, &mut part.problems))
            } else {
                part.problems.push(Problem { place: Place::at(index), fault: Fault::NoEntry });
                published.map(|hash| Leaf { hash, published, said: None })
            };
            // The tree ends where an entry and its hash are both missing.
            let Some(leaf) = leaf else { break };
            part.leaves.push(leaf);
        }
        ReadRange { part, checkpoints: read_checkpoints(&self.checkpoints, log) }
    }

    fn read_tiles(&self, problems: &mut Vec<Problem>) -> BTreeMap<u64, Vec<Hash>> {
        let stored: BTreeMap<i64, &[u8]> = self.tiles.iter().map(|(index, data)| (*index, data.as_slice())).collect();
        let width = u64::from(TILE_WIDTH);
        let wanted = (self.first / width..self.end.div_ceil(width)).filter_map(|at| Tile::of_tree(0, at, self.total));
        let mut tiles = BTreeMap::new();
        for tile in wanted {
            let data =
                i64::try_from(tile.index()).ok().and_then(|index| stored.get(&index).copied()).unwrap_or_default();
            let (hashes, rest) = data.as_chunks::<{ Hash::LEN }>();
            if !rest.is_empty() || hashes.len() != usize::from(tile.width()) {
                let place = Place::at(tile.index() * width);
                problems.push(Problem { place, fault: Fault::StoredTile { tile: tile.to_string() } });
            }
            tiles.insert(tile.index(), hashes.iter().copied().map(Hash::new).collect());
        }
        tiles
    }
}

/// Reads a row and compares its columns with its bytes.
pub(super) fn read_row(
    row: &EntryRow,
    private: Option<&(Vec<u8>, Vec<u8>)>,
    published: Option<Hash>,
    problems: &mut Vec<Problem>,
) -> Leaf {
    let hash = hash_leaf(&row.bytes);
    let index = row.ledger_index.and_then(|index| u64::try_from(index).ok());
    let batch = row.batch_no.and_then(|no| BatchNo::try_from(no).ok());
    let n = row.n.and_then(|n| u32::try_from(n).ok());
    let mut place = Place { index, entry_no: Some(row.entry_no), batch, n };
    let entry = Entry::parse(&row.bytes);
    if let Ok(entry) = &entry {
        (place.batch, place.n) = (entry.batch, entry.n);
    }
    let mut tell = |fault| problems.push(Problem { place, fault });
    let is_stored = row.leaf_hash == hash.as_bytes();
    let is_published = published.is_none_or(|published| published == hash);
    let tile = || index.and_then(|index| Tile::of_tree(0, index / u64::from(TILE_WIDTH), u64::MAX));
    // Of bytes, column and tile two agree when one was changed, and the third is named.
    match (is_stored, is_published) {
        (true, true) => {}
        (false, false) if published.is_some_and(|published| row.leaf_hash == published.as_bytes()) => {
            tell(Fault::Column("bytes"));
        }
        (is_stored, is_published) => {
            if !is_stored {
                tell(Fault::Column("leaf_hash"));
            }
            if !is_published {
                tell(Fault::Leaf { tile: tile().map(|tile| tile.to_string()).unwrap_or_default() });
            }
        }
    }
    let said = match entry {
        Ok(entry) => {
            for column in columns_that_differ(row, &entry) {
                tell(Fault::Column(column));
            }
            if private.is_some_and(|(salt, data)| !is_private_of(&entry, salt, data)) {
                tell(Fault::Private);
            }
            Some(Said::of(&entry))
        }
        Err(err) => {
            tell(Fault::Unreadable(err.to_string()));
            None
        }
    };
    Leaf { hash, published, said }
}

fn columns_that_differ(row: &EntryRow, entry: &Entry) -> Vec<&'static str> {
    let columns = [
        ("kind", row.kind == entry.kind),
        ("batch_no", row.batch_no == entry.batch.map(BatchNo::to_i32)),
        ("n", row.n.map(i64::from) == entry.n.map(i64::from)),
        ("declared_at", row.declared_at == entry.at),
        ("recorded_at", row.recorded_at == entry.recorded),
    ];
    columns.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
}

fn is_private_of(entry: &Entry, salt: &[u8], data: &[u8]) -> bool {
    salt.try_into().is_ok_and(|salt| entry.data == Some(hash_private(salt, data)))
}

/// Reads checkpoints and compares their columns with what was signed.
pub(super) fn read_checkpoints(rows: &[CheckpointRow], log: &VerifierKey) -> ReadCheckpoints {
    let mut read = ReadCheckpoints::default();
    for row in rows {
        let (size, place) = (row.size, Place::default());
        let mut tell = |what| read.problems.push(Problem { place, fault: Fault::StoredCheckpoint { size, what } });
        if row.published_at.is_some() {
            read.published = read.published.max(u64::try_from(size).ok());
        }
        let Ok(signed) = SignedCheckpoint::open(row.note.as_bytes(), log) else {
            tell("note");
            continue;
        };
        if i64::try_from(signed.head().size) != Ok(size) {
            tell("size");
        }
        if signed.head().root.as_bytes() != row.root.as_slice() {
            tell("root");
        }
        read.signed.push(signed);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::testing::{Log, signer};

    fn row_of(log: &Log, index: u64) -> EntryRow {
        let bytes = log.entries[usize::try_from(index).unwrap()].clone();
        let entry = Entry::parse(&bytes).unwrap();
        EntryRow {
            entry_no: i64::try_from(index).unwrap() + 1000,
            ledger_index: i64::try_from(index).ok(),
            leaf_hash: hash_leaf(&bytes).as_bytes().to_vec(),
            bytes,
            kind: entry.kind,
            batch_no: entry.batch.map(BatchNo::to_i32),
            n: entry.n.map(u32::cast_signed),
            declared_at: entry.at,
            recorded_at: entry.recorded,
        }
    }

    fn range(log: &Log, first: u64, end: u64) -> Range {
        let data = |index| log.tiles.data(Tile::of_tree(0, index, log.size()).unwrap()).unwrap();
        Range {
            first,
            end,
            total: log.size(),
            entries: (first..end).map(|index| (row_of(log, index), None)).collect(),
            tiles: (first / 256..end.div_ceil(256)).map(|index| (i64::try_from(index).unwrap(), data(index))).collect(),
            checkpoints: [300, 400].map(|size| checkpoint_row(log, size)).into(),
        }
    }

    fn checkpoint_row(log: &Log, size: u64) -> CheckpointRow {
        let checkpoint = log.checkpoint(size);
        CheckpointRow {
            size: size.cast_signed(),
            root: checkpoint.head().root.as_bytes().to_vec(),
            note: checkpoint.to_string(),
            published_at: (size == 300).then(crate::monitor::testing::start),
        }
    }

    fn faults(read: &ReadRange) -> Vec<(Option<u64>, Fault)> {
        let all = read.part.problems.iter().chain(&read.checkpoints.problems);
        all.map(|problem| (problem.place.index, problem.fault.clone())).collect()
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Range), expected: &[(Option<u64>, Fault)]) {
        let mut range = range(&Log::of(600), 256, 600);
        change(&mut range);
        assert_eq!(faults(&range.read(signer().verifier())), expected);
    }

    #[test]
    fn sound_rows_have_no_problems() {
        check(|_| {}, &[]);
        let read = range(&Log::of(600), 256, 600).read(signer().verifier());
        assert_eq!((read.part.leaves.len(), read.checkpoints.signed.len()), (344, 2));
        assert_eq!(read.checkpoints.published, Some(300));
    }

    #[test]
    fn every_changed_column_is_named() {
        check(|range| range.entries[3].0.leaf_hash[0] ^= 1, &[(Some(259), Fault::Column("leaf_hash"))]);
        check(|range| range.entries[3].0.kind = "suspended".to_owned(), &[(Some(259), Fault::Column("kind"))]);
        check(|range| range.entries[3].0.batch_no = Some(77), &[(Some(259), Fault::Column("batch_no"))]);
        check(|range| range.entries[3].0.n = None, &[(Some(259), Fault::Column("n"))]);
        let later = chrono::TimeDelta::milliseconds(1);
        check(|range| range.entries[3].0.declared_at += later, &[(Some(259), Fault::Column("declared_at"))]);
        check(|range| range.entries[3].0.recorded_at -= later, &[(Some(259), Fault::Column("recorded_at"))]);
    }

    #[test]
    fn changed_bytes_are_named_as_such() {
        let change = |range: &mut Range| {
            let bytes = &mut range.entries[3].0.bytes;
            let at = bytes.windows(4).position(|four| four == b"salt").unwrap();
            bytes[at + 6] = b'1';
        };
        check(change, &[(Some(259), Fault::Column("bytes"))]);
    }

    #[test]
    fn a_changed_hash_in_a_tile_is_named() {
        check(|range| range.tiles[1].1[32 * 5] ^= 1, &[(Some(517), Fault::Leaf { tile: "tile/0/002".to_owned() })]);
    }

    #[test]
    fn a_tile_that_is_missing_or_of_another_length_is_named() {
        let expected = [(Some(256), Fault::StoredTile { tile: "tile/0/001".to_owned() })];
        check(|range| drop(range.tiles.remove(0)), &expected);
        check(|range| range.tiles[0].1.truncate(8191), &expected);
        check(|range| range.tiles[0].1.extend([0; 32]), &expected);
    }

    #[test]
    fn a_missing_entry_is_named() {
        check(|range| drop(range.entries.remove(3)), &[(Some(259), Fault::NoEntry)]);
    }

    #[test]
    fn private_data_must_give_the_hash_in_the_entry() {
        let log = Log::of(1);
        let entry = Entry { data: Some(hash_private(&[5; 16], b"{}")), ..log.event(1, 0) };
        let mut log = Log::of(0);
        log.push(&entry);
        let problems = |salt: u8, data: &[u8]| {
            let mut problems = Vec::new();
            read_row(&row_of(&log, 0), Some(&(vec![salt; 16], data.to_vec())), None, &mut problems);
            problems.into_iter().map(|problem| problem.fault).collect::<Vec<_>>()
        };
        assert_eq!(problems(5, b"{}"), []);
        assert_eq!(problems(6, b"{}"), [Fault::Private]);
        assert_eq!(problems(5, b"[]"), [Fault::Private]);
    }

    #[test]
    fn private_data_of_an_entry_without_a_hash_is_a_problem() {
        check(|range| range.entries[0].1 = Some((vec![1; 16], vec![1])), &[(Some(256), Fault::Private)]);
    }

    #[test]
    fn a_changed_checkpoint_is_named() {
        let told = |size, what| (None, Fault::StoredCheckpoint { size, what });
        check(|range| range.checkpoints[0].root[0] ^= 1, &[told(300, "root")]);
        check(|range| range.checkpoints[0].size = 301, &[told(301, "size")]);
        let change = |range: &mut Range| {
            let note = &mut range.checkpoints[0].note;
            *note = note.replacen("300", "301", 1);
        };
        check(change, &[told(300, "note")]);
    }
}
