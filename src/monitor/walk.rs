//! The log rebuilt from its entries: tree, chains, manifests, and the checkpoints that must agree with them. Pure. Nothing that the
//! log says of itself is taken for true; published tiles are compared and never used, except to go on where an entry is wrong.

use chrono::{DateTime, Utc};

use crate::ledger::manifest::Manifest;
use crate::merkle::{
    Frontier, Hash, MerkleError, Node, ReadNodes, SignedCheckpoint, Tile, TileSet, VerifierKey, tiles_of_edge,
    tiles_of_growth,
};

use super::chains::Chains;
use super::cover::{Cover, Piece, pieces_of, read_pieces};
use super::evidence::Fork;
use super::part::{Leaf, ManifestSaid, Part, Said};
use super::state::Checked;
use super::types::{Fault, Findings, Place};

/// The tree while it grows.
#[derive(Clone, Debug, Default)]
struct Grown {
    frontier: Frontier,
    /// The tiles of the edge, and those that were filled since the last pruning.
    tiles: TileSet,
    contradicted: Option<Contradiction>,
}

/// A checkpoint that says another root than the entries give, and what it takes to prove that against a later one.
#[derive(Clone, Debug)]
struct Contradiction {
    held: SignedCheckpoint,
    before: Vec<Piece>,
    since: Cover,
}

impl Grown {
    fn append(&mut self, leaf: Hash) -> Result<(), MerkleError> {
        self.tiles.append(self.frontier.size(), &[leaf])?;
        self.frontier.append(leaf)?;
        match &mut self.contradicted {
            Some(contradiction) => contradiction.since.append(leaf),
            None => Ok(()),
        }
    }

    /// Compares with what was signed of this size. Two signatures that cannot both be true come back as a fork.
    fn meet(&mut self, held: &SignedCheckpoint, log: &VerifierKey) -> Result<Met, MerkleError> {
        let size = self.frontier.size();
        if self.frontier.root() == held.head().root {
            let Some(contradiction) = &self.contradicted else { return Ok(Met::Agrees(None)) };
            let pieces = [contradiction.before.as_slice(), contradiction.since.pieces()].concat();
            return Ok(Met::Agrees(Fork::prove(log, &contradiction.held, held, pieces).ok().map(Box::new)));
        }
        if self.contradicted.is_none() {
            let before = read_pieces(&Peaks(&self.frontier), pieces_of(0, size)?)?;
            self.contradicted = Some(Contradiction { held: held.clone(), before, since: Cover::starting_at(size) });
        }
        Ok(Met::Differs)
    }

    /// Forgets the tiles that are full: what grows from here needs the edge alone.
    fn prune(&mut self) -> Result<(), MerkleError> {
        let mut edge = TileSet::default();
        for (tile, data) in self.edge()? {
            edge.insert(tile, &data)?;
        }
        self.tiles = edge;
        Ok(())
    }

    fn edge(&self) -> Result<Vec<(Tile, Vec<u8>)>, MerkleError> {
        let data = |tile| self.tiles.data(tile).map(|data| (tile, data)).ok_or(MerkleError::TileData);
        tiles_of_edge(self.frontier.size()).map(data).collect()
    }
}

enum Met {
    Agrees(Option<Box<Fork>>),
    Differs,
}

/// The peaks of a frontier by their nodes.
struct Peaks<'a>(&'a Frontier);

impl ReadNodes for Peaks<'_> {
    fn read_node(&self, node: Node) -> Option<Hash> {
        let nodes = pieces_of(0, self.0.size()).ok()?;
        nodes.iter().zip(self.0.peaks()).find(|(peak, _)| **peak == node).map(|(_, hash)| *hash)
    }
}

/// The way through a log.
#[derive(Debug)]
pub(super) struct Walk {
    log: VerifierKey,
    /// Entries that an earlier walk went through.
    from: u64,
    ours: Grown,
    /// The tree with the published hashes, from the first entry on whose own hash is another one.
    theirs: Option<Grown>,
    chains: Chains,
    /// Checkpoints to come, the smallest last.
    held: Vec<SignedCheckpoint>,
    newest: Option<DateTime<Utc>>,
    n_read: u64,
    n_manifests: u64,
    findings: Findings,
    fork: Option<Box<Fork>>,
    is_broken: bool,
    /// A size, and its root once the walk came by.
    noted: Option<(u64, Option<Hash>)>,
}

impl Walk {
    /// From the first entry on.
    pub(super) fn new(log: VerifierKey) -> Self {
        Self {
            log,
            from: 0,
            ours: Grown::default(),
            theirs: None,
            chains: Chains::default(),
            held: Vec::new(),
            newest: None,
            n_read: 0,
            n_manifests: 0,
            findings: Findings::default(),
            fork: None,
            is_broken: false,
            noted: None,
        }
    }

    /// From where an earlier walk ended.
    pub(super) fn resume(log: VerifierKey, size: u64, checked: &Checked) -> Result<Self, MerkleError> {
        let mut tiles = TileSet::default();
        for (tile, data) in &checked.edge {
            tiles.insert(*tile, data)?;
        }
        let ours = Grown { frontier: Frontier::read(&tiles, size)?, tiles, contradicted: None };
        let (newest, n_manifests) = (checked.newest, checked.n_manifests);
        Ok(Self {
            ours,
            chains: Chains::new(checked.heads.iter().copied()),
            newest,
            n_manifests,
            from: size,
            ..Self::new(log)
        })
    }

    /// Checkpoints that the walk will come by and must agree with. Those behind it are passed over.
    pub(super) fn expect(&mut self, checkpoints: impl IntoIterator<Item = SignedCheckpoint>) {
        let size = self.size();
        self.held.extend(checkpoints.into_iter().filter(|held| size < held.head().size));
        self.held.sort_by_key(|held| std::cmp::Reverse(held.head().size));
    }

    /// Entries that an earlier walk went through.
    pub(super) const fn from(&self) -> u64 {
        self.from
    }

    /// Whether the tree cannot go on: entries are missing, and their hashes too.
    pub(super) const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Entries so far.
    pub(super) const fn size(&self) -> u64 {
        self.ours.frontier.size()
    }

    /// The root over them.
    pub(super) fn root(&self) -> Hash {
        self.ours.frontier.root()
    }

    /// Entries of this walk that were read and found in their place.
    pub(super) const fn n_read(&self) -> u64 {
        self.n_read
    }

    /// Chains of batches so far.
    pub(super) fn n_batches(&self) -> u64 {
        self.chains.n_chains()
    }

    /// Manifests so far.
    pub(super) const fn n_manifests(&self) -> u64 {
        self.n_manifests
    }

    /// When the newest entry was recorded.
    pub(super) const fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// Where further problems are noted.
    pub(super) const fn findings(&mut self) -> &mut Findings {
        &mut self.findings
    }

    /// What is wrong.
    pub(super) fn take_findings(&mut self) -> Findings {
        std::mem::take(&mut self.findings)
    }

    /// The proof of a fork, if the way showed one.
    pub(super) fn take_fork(&mut self) -> Option<Box<Fork>> {
        self.fork.take()
    }

    /// What the next walk needs.
    pub(super) fn checked(&self) -> Result<Checked, MerkleError> {
        Ok(Checked {
            edge: self.ours.edge()?,
            heads: self.chains.heads(),
            newest: self.newest,
            n_manifests: self.n_manifests,
        })
    }

    /// Takes up the next entries, and gives the tiles above them that are full now, to be compared. Entries from before the walk
    /// are compared with what is known of them. Where entries are missing the tree ends; chains and manifests are checked all the
    /// same.
    pub(super) fn take(&mut self, part: Part) -> Result<Vec<Tile>, MerkleError> {
        let before = self.size();
        self.findings.add_all(part.problems);
        for (leaf, index) in part.leaves.iter().zip(part.first..) {
            if index < self.size() {
                self.compare_known(index, leaf)?;
                continue;
            }
            if let Some(said) = &leaf.said {
                self.check(Place::at(index), leaf.hash, said);
            }
            self.is_broken = self.is_broken || self.size() < index;
            if !self.is_broken {
                self.append(leaf)?;
            }
        }
        self.is_broken = self.is_broken || self.size() < part.end;
        Ok(tiles_of_growth(before, self.size()).filter(|tile| 0 < tile.level() && tile.is_full()).collect())
    }

    /// Takes up an entry that has no place in the tree yet.
    pub(super) fn take_pending(&mut self, entry_no: i64, hash: Hash, said: &Said) {
        self.check(Place { entry_no: Some(entry_no), ..Place::default() }, hash, said);
    }

    /// Keeps the root of this size when the walk comes by.
    pub(super) fn note_root_at(&mut self, size: Option<u64>) {
        self.noted = size.map(|size| (size, (size == self.size()).then(|| self.root())));
    }

    /// The root that was to be kept.
    pub(super) fn noted_root(&self) -> Option<Hash> {
        self.noted.and_then(|(_, root)| root)
    }

    /// The tiles above the entries that are not full, to be compared at the end.
    pub(super) fn edge_above(&self) -> Vec<Tile> {
        tiles_of_edge(self.size()).filter(|tile| 0 < tile.level()).collect()
    }

    /// Compares a published tile with what follows from the entries, or from the published hashes below it.
    pub(super) fn compare_tile(&mut self, tile: Tile, data: &[u8]) {
        let Some(ours) = self.ours.tiles.data(tile) else { return };
        let theirs = self.theirs.as_ref().and_then(|theirs| theirs.tiles.data(tile));
        if ours == data || theirs.is_some_and(|theirs| theirs == data) {
            return;
        }
        let hashes = ours.chunks(Hash::LEN).zip(data.chunks(Hash::LEN));
        let n_same = u64::try_from(hashes.take_while(|(one, other)| one == other).count()).unwrap_or(0);
        let node = tile.nodes().nth(usize::try_from(n_same).unwrap_or(usize::MAX));
        let index = node.and_then(Result::ok).map(|node| node.index() << node.level());
        let fault = if ours.len() == data.len() {
            Fault::Tile { tile: tile.to_string() }
        } else {
            Fault::Cut { path: tile.to_string() }
        };
        self.findings.add(Place { index, ..Place::default() }, fault);
    }

    /// Forgets tiles that will not be compared any more.
    pub(super) fn prune(&mut self) -> Result<(), MerkleError> {
        self.ours.prune()?;
        self.theirs.as_mut().map_or(Ok(()), Grown::prune)
    }

    fn compare_known(&mut self, index: u64, leaf: &Leaf) -> Result<(), MerkleError> {
        // Only the edge is known; bundles that are fetched anew begin there.
        let known = self.ours.tiles.read_node(Node::new(0, index)?);
        if known.is_some_and(|known| known != leaf.hash) {
            self.findings.add(Place::at(index), Fault::Rewritten);
        }
        Ok(())
    }

    fn append(&mut self, leaf: &Leaf) -> Result<(), MerkleError> {
        let published = leaf.published.unwrap_or(leaf.hash);
        if published != leaf.hash && self.theirs.is_none() {
            self.theirs = Some(self.ours.clone());
        }
        self.ours.append(leaf.hash)?;
        if let Some(theirs) = &mut self.theirs {
            theirs.append(published)?;
        }
        if let Some((size, root)) = &mut self.noted
            && *size == self.ours.frontier.size()
        {
            *root = Some(self.ours.frontier.root());
        }
        while self.held.last().is_some_and(|held| held.head().size == self.size()) {
            if let Some(held) = self.held.pop() {
                self.meet(&held)?;
            }
        }
        Ok(())
    }

    /// Chain, manifest and time of an entry, before it counts.
    fn check(&mut self, place: Place, hash: Hash, said: &Said) {
        let (batch, n) = (said.link.map(|link| link.batch), said.link.map(|link| link.n));
        let place = Place { batch, n, ..place };
        if self.is_false(place.index, said.manifest) {
            self.findings.add(place, Fault::Manifest);
        }
        if let Some(Err(fault)) = said.link.map(|link| self.chains.append(&link, hash)) {
            self.findings.add(place, Fault::Chain(fault));
        }
        self.n_read += 1;
        self.newest = Some(said.recorded);
    }

    /// Whether a manifest is not what the entries before it give. It gets its place when it is made, so one without is false too.
    fn is_false(&mut self, index: Option<u64>, said: ManifestSaid) -> bool {
        match (said, index) {
            (ManifestSaid::None, _) => false,
            (ManifestSaid::Some(said), Some(index)) => {
                self.n_manifests += 1;
                Manifest::new(said.day, index, &self.chains.heads()) != Ok(said)
            }
            (ManifestSaid::Garbled, _) | (ManifestSaid::Some(_), None) => true,
        }
    }

    fn meet(&mut self, held: &SignedCheckpoint) -> Result<(), MerkleError> {
        let mut met = vec![self.ours.meet(held, &self.log)?];
        if let Some(theirs) = &mut self.theirs {
            met.push(theirs.meet(held, &self.log)?);
        }
        let mut is_met = false;
        for met in met {
            if let Met::Agrees(fork) = met {
                is_met = true;
                self.fork = self.fork.take().or(fork);
            }
        }
        if !is_met {
            let place = Place { index: self.size().checked_sub(1), ..Place::default() };
            self.findings.add(place, Fault::Root { size: held.head().size });
        }
        Ok(())
    }
}
