//! The ledger of this machine looked through from the inside: every row, every column, every tile, every checkpoint, as one moment of
//! the database shows them. It must never repair what it finds, nor write at all.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use tokio::task::spawn_blocking;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::ledger::{LedgerMarks, WitnessPolicy};
use crate::merkle::{Hash, NoteSignature, SignedCheckpoint, TILE_WIDTH, Tile, TreeHead, VerifierKey};

use super::evidence::Fork;
use super::rows::{Range, ReadCheckpoints, ReadRange, read_checkpoints, read_row};
use super::store;
use super::store::CosignatureRow;
use super::types::{Fault, Findings, MAX_SHOWN, Outcome, Place, Problem};
use super::verdict::{Facts, decide};
use super::walk::Walk;

/// Entries that are read, hashed and checked together: a megabyte and a half, and a whole number of tiles.
const ENTRIES_AT_ONCE: u64 = 4096;
/// Ranges that are hashed at the same time, one for each of two cores.
const N_PARALLEL: usize = 2;
/// Entries without a place, cosignatures: rows that are read together.
const ROWS_AT_ONCE: i64 = 1000;
/// Missing entries that are looked for one by one; a place in the tree far beyond all others is nonsense and told as such.
const MAX_MISSING: u64 = 1 << 20;
/// Ranges between two prunings: half a megabyte of tiles.
const RANGES_BETWEEN_PRUNINGS: u64 = 4;

/// What stands beside the database and must agree with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The file that remembers what was published.
    pub high_water: Option<&'a LedgerMarks>,
    /// The witnesses whose cosignatures can be checked.
    pub witnesses: Option<&'a WitnessPolicy>,
}

/// What was found in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Entries in the tree.
    pub size: u64,
    /// The root over them, recomputed.
    pub root: Hash,
    /// Entries that wait for their place.
    pub n_pending: u64,
    /// Chains of batches.
    pub n_batches: u64,
    /// Manifests that were computed anew.
    pub n_manifests: u64,
    /// Checkpoints whose signatures hold.
    pub n_checkpoints: u64,
    /// Entries that a published checkpoint covers.
    pub published: Option<u64>,
    /// Why the ledger is halted, if it is.
    pub halted: Option<String>,
    /// What is wrong: the first [`MAX_SHOWN`].
    pub problems: Vec<Problem>,
    /// How much is wrong in all.
    pub n_problems: u64,
    /// Two checkpoints that contradict each other.
    pub fork: Option<Box<Fork>>,
}

/// Verifies the whole ledger as it is stored, and nothing beside it.
pub async fn verify_database(db: &Db, key: &VerifierKey) -> Result<DatabaseReport> {
    verify_database_beside(db, key, Beside::default()).await
}

/// Verifies the whole ledger as it is stored, and that it agrees with what stands beside it.
pub async fn verify_database_beside(db: &Db, key: &VerifierKey, beside: Beside<'_>) -> Result<DatabaseReport> {
    // The mark is written after its checkpoint is stored, and a checkpoint is published after its mark is written: the mark from
    // before is never ahead of the database, the one from after never behind what is published in it.
    let before = read_mark(beside.high_water).await?;
    let mut conn = db.dedicated().await?;
    let mut snapshot = conn.build_transaction().repeatable_read().read_only();
    let mut looking = snapshot.run(async |conn| Looking::through(conn, key, beside.witnesses, before).await).await?;
    let after = read_mark(beside.high_water).await?;
    if beside.high_water.is_some() {
        looking.compare_mark(before, after);
    }
    Ok(looking.report())
}

async fn read_mark(marks: Option<&LedgerMarks>) -> Result<Option<TreeHead>> {
    let Some(marks) = marks.cloned() else { return Ok(None) };
    spawn_blocking(move || marks.last()).await?
}

/// What was seen so far.
struct Looking {
    walk: Walk,
    further: Findings,
    total: u64,
    n_pending: u64,
    n_checkpoints: u64,
    published: Option<u64>,
    halted: Option<String>,
    is_rolled_back: bool,
    root_at_mark: Option<Hash>,
}

impl Looking {
    async fn through(
        conn: &mut AsyncPgConnection,
        key: &VerifierKey,
        witnesses: Option<&WitnessPolicy>,
        mark: Option<TreeHead>,
    ) -> Result<Self> {
        let mut this = Self {
            walk: Walk::new(key.clone()),
            further: Findings::default(),
            total: 0,
            n_pending: 0,
            n_checkpoints: 0,
            published: None,
            halted: None,
            is_rolled_back: false,
            root_at_mark: None,
        };
        this.walk.note_root_at(mark.map(|mark| mark.size));
        this.count(conn).await?;
        this.look_at_first_checkpoints(conn, key).await?;
        this.look_at_entries(conn, key).await?;
        this.look_at_pending(conn).await?;
        this.look_beyond(conn, key).await?;
        this.look_at_cosignatures(conn, key, witnesses).await?;
        Ok(this)
    }

    fn tell(&mut self, place: Place, fault: Fault) {
        self.further.add(place, fault);
    }

    /// How many entries there are to look at: as many as have a place, and the holes between them.
    async fn count(&mut self, conn: &mut AsyncPgConnection) -> Result<()> {
        let (n_placed, last) = store::count_placed(conn).await?;
        let n_placed = u64::try_from(n_placed).unwrap_or(0);
        let end = last.and_then(|last| u64::try_from(last).ok()).map_or(0, |last| last.saturating_add(1));
        self.total = end.min(n_placed.saturating_add(MAX_MISSING));
        let (said, halted) = store::state(conn).await?.unwrap_or((-1, None));
        if u64::try_from(said) != Ok(self.total) {
            self.tell(Place::default(), Fault::Size { said });
        }
        self.halted = halted;
        Ok(())
    }

    /// Checkpoints of the tree without entries.
    async fn look_at_first_checkpoints(&mut self, conn: &mut AsyncPgConnection, key: &VerifierKey) -> Result<()> {
        let rows = store::checkpoints_within(conn, i64::MIN, 0).await?;
        let read = read_checkpoints(&rows, key);
        for signed in &read.signed {
            if *signed.head() != TreeHead::EMPTY {
                self.tell(Place::default(), Fault::Root { size: signed.head().size });
            }
        }
        self.take_checkpoints(&read);
        Ok(())
    }

    fn take_checkpoints(&mut self, read: &ReadCheckpoints) {
        self.n_checkpoints += u64::try_from(read.signed.len()).unwrap_or(0);
        self.published = self.published.max(read.published);
        self.further.add_all(read.problems.iter().cloned());
    }

    /// Fetches ranges one after the other, reads them two at a time while the next is on its way, and walks through them in order.
    async fn look_at_entries(&mut self, conn: &mut AsyncPgConnection, key: &VerifierKey) -> Result<()> {
        let mut upper: BTreeMap<(i16, i64), Vec<u8>> = BTreeMap::new();
        for (level, index, data) in store::upper_tiles(conn).await? {
            upper.insert((level, index), data);
        }
        let (mut fetched, mut n_ranges) = (0, 0);
        let mut reading = VecDeque::new();
        loop {
            while fetched < self.total && reading.len() <= N_PARALLEL {
                let range = fetch(conn, fetched, self.total).await?;
                fetched = range.end;
                let key = key.clone();
                reading.push_back(spawn_blocking(move || range.read(&key)));
            }
            let Some(read) = reading.pop_front() else { break };
            let read: ReadRange = read.await?;
            self.take_checkpoints(&read.checkpoints);
            self.walk.expect(read.checkpoints.signed);
            let filled = self.walk.take(read.part).map_err(Error::internal)?;
            self.compare_upper(&mut upper, filled);
            n_ranges += 1;
            if u64::is_multiple_of(n_ranges, RANGES_BETWEEN_PRUNINGS) {
                self.walk.prune().map_err(Error::internal)?;
            }
        }
        if !self.walk.is_broken() {
            let edge = self.walk.edge_above();
            self.compare_upper(&mut upper, edge);
            // What is left is in no tree of this size.
            for (level, index) in upper.into_keys() {
                self.tell(Place::default(), Fault::StoredTile { tile: format!("{level}/{index}") });
            }
        }
        self.root_at_mark = self.walk.noted_root();
        Ok(())
    }

    fn compare_upper(&mut self, upper: &mut BTreeMap<(i16, i64), Vec<u8>>, tiles: Vec<Tile>) {
        for tile in tiles {
            match upper.remove(&(i16::from(tile.level()), tile.index().cast_signed())) {
                Some(data) => self.walk.compare_tile(tile, &data),
                None => self.tell(Place::default(), Fault::StoredTile { tile: tile.to_string() }),
            }
        }
    }

    /// Entries that wait continue the chains.
    async fn look_at_pending(&mut self, conn: &mut AsyncPgConnection) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let rows = store::pending_after(conn, after, ROWS_AT_ONCE).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = last.entry_no;
            for (row, private) in &rows {
                let mut problems = Vec::new();
                let leaf = read_row(row, private.as_ref(), None, &mut problems);
                self.further.add_all(problems);
                if let Some(said) = &leaf.said {
                    self.walk.take_pending(row.entry_no, leaf.hash, said);
                }
                self.n_pending += 1;
            }
        }
    }

    /// Entries, tiles and checkpoints that lie behind the end of the tree.
    async fn look_beyond(&mut self, conn: &mut AsyncPgConnection, key: &VerifierKey) -> Result<()> {
        let limit = i64::try_from(MAX_SHOWN).unwrap_or(i64::MAX);
        for (index, entry_no) in store::places_from(conn, self.total.cast_signed(), limit).await? {
            let index = index.and_then(|index| u64::try_from(index).ok());
            let place = Place { index, entry_no: Some(entry_no), ..Place::default() };
            self.tell(place, Fault::Column("ledger_index"));
        }
        let n_tiles = self.total.div_ceil(u64::from(TILE_WIDTH)).cast_signed();
        for index in store::leaf_tile_indexes_from(conn, n_tiles, limit).await? {
            self.tell(Place::default(), Fault::StoredTile { tile: format!("0/{index}") });
        }
        let rows = store::checkpoints_above(conn, self.total.cast_signed(), limit).await?;
        let read = read_checkpoints(&rows, key);
        self.take_checkpoints(&read);
        for row in rows {
            self.tell(Place::default(), Fault::StoredCheckpoint { size: row.size, what: "size" });
        }
        self.is_rolled_back |= read.signed.iter().any(|signed| self.total < signed.head().size);
        Ok(())
    }

    async fn look_at_cosignatures(
        &mut self,
        conn: &mut AsyncPgConnection,
        key: &VerifierKey,
        witnesses: Option<&WitnessPolicy>,
    ) -> Result<()> {
        let (mut size, mut witness) = (i64::MIN, String::new());
        loop {
            let rows = store::cosignatures_after(conn, size, &witness, ROWS_AT_ONCE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            (size, witness) = (last.size, last.witness.clone());
            let (key, policy) = (key.clone(), witnesses.cloned());
            let faults = spawn_blocking(move || {
                rows.iter().filter_map(|row| fault_of(row, &key, policy.as_ref())).collect::<Vec<_>>()
            });
            faults.await?.into_iter().for_each(|fault| self.tell(Place::default(), fault));
        }
    }

    /// The file outside the database remembers what was published.
    fn compare_mark(&mut self, before: Option<TreeHead>, after: Option<TreeHead>) {
        if let Some(mark) = before {
            if self.total < mark.size {
                self.is_rolled_back = true;
                self.tell(Place::default(), Fault::HighWaterAhead { size: mark.size });
            } else if self.root_at_mark.is_some_and(|root| root != mark.root) {
                self.tell(Place::default(), Fault::HighWater { size: mark.size });
            }
        }
        let size = after.map_or(0, |mark| mark.size);
        if self.published.is_some_and(|published| size < published) {
            self.tell(Place::default(), Fault::HighWater { size });
        }
    }

    fn report(mut self) -> DatabaseReport {
        let fork = self.walk.take_fork();
        let mut findings = self.walk.take_findings();
        findings.merge(self.further);
        let facts = Facts {
            is_forked: fork.is_some(),
            is_rolled_back: self.is_rolled_back,
            has_problems: 0 < findings.n_problems,
            is_unread: false,
            newest: None,
            now: DateTime::<Utc>::UNIX_EPOCH,
            stale_after: TimeDelta::MAX,
            has_quorum: true,
        };
        DatabaseReport {
            outcome: decide(&facts),
            size: self.total,
            root: self.walk.root(),
            n_pending: self.n_pending,
            n_batches: self.walk.n_batches(),
            n_manifests: self.walk.n_manifests(),
            n_checkpoints: self.n_checkpoints,
            published: self.published,
            halted: self.halted,
            problems: findings.first,
            n_problems: findings.n_problems,
            fork,
        }
    }
}

async fn fetch(conn: &mut AsyncPgConnection, first: u64, total: u64) -> Result<Range> {
    let end = total.min(first.saturating_add(ENTRIES_AT_ONCE));
    let (from, to) = (first.cast_signed(), end.cast_signed());
    let width = u64::from(TILE_WIDTH);
    let entries = store::entries_between(conn, from, to).await?;
    let tiles = store::leaf_tiles(conn, (first / width).cast_signed(), end.div_ceil(width).cast_signed()).await?;
    let checkpoints = store::checkpoints_within(conn, from, to).await?;
    Ok(Range { first, end, total, entries, tiles, checkpoints })
}

/// What is wrong with a cosignature: it is misspelt, filed under another name, or of a known witness and does not verify.
fn fault_of(row: &CosignatureRow, key: &VerifierKey, witnesses: Option<&WitnessPolicy>) -> Option<Fault> {
    let misfiled = Fault::StoredCheckpoint { size: row.size, what: "cosignature" };
    let lines = NoteSignature::parse_lines(&row.line).unwrap_or_default();
    let [line] = lines.as_slice() else { return Some(misfiled) };
    if format!("{}+{}", line.name(), line.id()) != row.witness {
        return Some(misfiled);
    }
    let witness = witnesses?.signing_as(&row.witness)?;
    let mut checkpoint = SignedCheckpoint::open(row.note.as_bytes(), key).ok()?;
    let added = checkpoint.add_cosignature(line.clone(), &witness.key);
    added.is_err().then(|| Fault::Cosignature(witness.name.clone()))
}
