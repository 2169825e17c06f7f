//! The log as a stranger has it: fetched over HTTP and checked with the crates of others alone, chains with plain JSON. It must never
//! ask the database, nor the code that it checks.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash, HashReader, Tile, TileHashReader, TileReader};

use crate::world::Client;

/// Rows of hashes in a tile, as the crate counts them; it also writes the number into its paths.
const TILE_HEIGHT: u8 = 8;

/// Everything that is published of a log.
pub(crate) struct PublishedLog {
    /// The log's key as it says it.
    pub(crate) vkey: String,
    /// The newest checkpoint with its signatures.
    pub(crate) note: String,
    /// What it says.
    pub(crate) checkpoint: Checkpoint,
    /// Bytes of the tiles by their paths.
    tiles: BTreeMap<String, Vec<u8>>,
    /// In the order of the tree.
    pub(crate) entries: Vec<Vec<u8>>,
}

/// The path of a tile below `/ledger/`.
pub(crate) fn path_of(tile: &Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

/// The path of the bundle beside a tile of leaves.
pub(crate) fn bundle_path_of(tile: &Tile) -> String {
    path_of(tile).replacen("tile/0/", "tile/entries/", 1)
}

/// What this key has signed, by the crate of others.
pub(crate) fn open_checkpoint(note: &[u8], vkey: &str) -> Checkpoint {
    let verifier = StandardVerifier::new(vkey).unwrap();
    let note = Note::from_bytes(note).unwrap();
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    Checkpoint::from_bytes(note.text()).unwrap()
}

/// The entries of a bundle.
fn split_bundle(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        bytes = rest;
    }
    assert!(bytes.is_empty(), "a bundle ends in half a length");
    entries
}

async fn fetch(client: &Client, path: &str) -> Vec<u8> {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.body
}

impl PublishedLog {
    /// Fetches a log of at least one entry.
    pub(crate) async fn fetch(client: &Client) -> Self {
        let vkey = String::from_utf8(fetch(client, "/ledger/vkey").await).unwrap();
        let vkey = vkey.strip_suffix('\n').unwrap().to_owned();
        let note = fetch(client, "/ledger/checkpoint").await;
        let checkpoint = open_checkpoint(&note, &vkey);
        let (mut tiles, mut entries) = (BTreeMap::new(), Vec::new());
        for tile in Tile::new_tiles(TILE_HEIGHT, 0, checkpoint.size()) {
            let path = path_of(&tile);
            if tile.level() == 0 {
                let bundle = fetch(client, &format!("/ledger/{}", bundle_path_of(&tile))).await;
                entries.extend(split_bundle(&bundle));
            }
            let bytes = fetch(client, &format!("/ledger/{path}")).await;
            tiles.insert(path, bytes);
        }
        Self { vkey, note: String::from_utf8(note).unwrap(), checkpoint, tiles, entries }
    }

    /// Fetches it and checks all of it.
    pub(crate) async fn fetch_whole(client: &Client) -> Self {
        let log = Self::fetch(client).await;
        log.assert_whole();
        log
    }

    /// Every tile leads to the signed root, every entry is the leaf at its place, and every chain is without a gap.
    pub(crate) fn assert_whole(&self) {
        let size = self.checkpoint.size();
        assert_eq!(u64::try_from(self.entries.len()).unwrap(), size, "entries");
        let reader = TileHashReader::new(size, *self.checkpoint.hash(), self);
        let places: Vec<u64> = (0..size).map(|index| tlog_tiles::stored_hash_index(0, index)).collect();
        let leaves = reader.read_hashes(&places).unwrap();
        for (index, (entry, leaf)) in self.entries.iter().zip(&leaves).enumerate() {
            assert_eq!(tlog_tiles::record_hash(entry), *leaf, "entry {index}");
        }
        assert_chains(&self.entries);
    }

    /// The root that the tree had with this many entries.
    pub(crate) fn root_at(&self, size: u64) -> Hash {
        let reader = TileHashReader::new(self.checkpoint.size(), *self.checkpoint.hash(), self);
        tlog_tiles::tree_hash(size, &reader).unwrap()
    }

    /// What the entries say.
    pub(crate) fn read_entries(&self) -> Vec<Value> {
        self.entries.iter().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect()
    }
}

impl TileReader for PublishedLog {
    fn height(&self) -> u8 {
        TILE_HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| self.tiles[&path_of(tile)].clone()).collect())
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

/// The entries of every batch are numbered from 1 without a gap and name the hash of the one before.
fn assert_chains(entries: &[Vec<u8>]) {
    let mut heads: BTreeMap<u64, (u64, String)> = BTreeMap::new();
    for (index, bytes) in entries.iter().enumerate() {
        let entry: Value = serde_json::from_slice(bytes).unwrap();
        let Some(batch) = entry.get("batch") else { continue };
        let (n, prev) = match heads.get(&batch.as_u64().unwrap()) {
            Some((n, hash)) => (n + 1, Value::from(hash.as_str())),
            None => (1, Value::Null),
        };
        assert_eq!((&entry["n"], &entry["prev"]), (&n.into(), &prev), "entry {index}");
        let hash = STANDARD.encode(tlog_tiles::record_hash(bytes).0);
        heads.insert(batch.as_u64().unwrap(), (n, hash));
    }
}

/// A proof file as a stranger reads it: nothing but lines.
pub(crate) struct ProofFile {
    /// The entry that its maker put into it.
    pub(crate) extra: Vec<u8>,
    /// Its place in the tree.
    pub(crate) index: u64,
    path: Vec<Hash>,
    /// The signed checkpoint.
    pub(crate) note: String,
}

impl ProofFile {
    pub(crate) fn read(text: &str) -> Self {
        let (head, note) = text.split_once("\n\n").unwrap();
        let mut lines = head.split('\n');
        assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
        let mut named = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
        let (extra, index) = (STANDARD.decode(named("extra ")).unwrap(), named("index ").parse().unwrap());
        let path = lines.map(|line| Hash::parse_hash(line).unwrap()).collect();
        Self { extra, index, path, note: note.to_owned() }
    }

    /// Checks that the log of this key has the entry that the file holds; gives the checkpoint that says so.
    #[track_caller]
    pub(crate) fn assert_proves(&self, vkey: &str) -> Checkpoint {
        let checkpoint = open_checkpoint(self.note.as_bytes(), vkey);
        let leaf = tlog_tiles::record_hash(&self.extra);
        tlog_tiles::check_record(&self.path, checkpoint.size(), *checkpoint.hash(), self.index, leaf).unwrap();
        checkpoint
    }
}

/// Someone who looks at the published checkpoint again and again, and forgets none.
#[derive(Default)]
pub(crate) struct Watcher {
    seen: Vec<Checkpoint>,
}

impl Watcher {
    /// Looks once; the size that is published. It never gets smaller, and one size never has two roots.
    #[track_caller]
    pub(crate) fn saw(&mut self, note: &[u8], vkey: &str) -> u64 {
        let checkpoint = open_checkpoint(note, vkey);
        if let Some(last) = self.seen.last() {
            assert!(last.size() <= checkpoint.size(), "{} after {}", checkpoint.size(), last.size());
            assert!(
                last.size() < checkpoint.size() || last.hash() == checkpoint.hash(),
                "two roots for {}",
                last.size()
            );
        }
        let size = checkpoint.size();
        if self.seen.last().is_none_or(|last| last.size() < size) {
            self.seen.push(checkpoint);
        }
        size
    }

    /// Every checkpoint that was ever seen is one of this log's.
    pub(crate) fn assert_one_history(&self, log: &PublishedLog) {
        assert!(!self.seen.is_empty());
        for checkpoint in &self.seen {
            assert_eq!(log.root_at(checkpoint.size()), *checkpoint.hash(), "the root of {}", checkpoint.size());
        }
    }

    /// How many different checkpoints were seen.
    pub(crate) fn n_seen(&self) -> usize {
        self.seen.len()
    }
}
