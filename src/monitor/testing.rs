//! A small log in memory for tests: real entries, manifests in between, published as a folder, and its double with another history.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::ledger::manifest::{ChainHead, Manifest};
use crate::ledger::{Entry, EntryActor};
use crate::merkle::{
    Bundle, Checkpoint, Hash, KeyKind, KeyName, SignedCheckpoint, SignerKey, TileSet, TreeHead, bundles_of_growth,
    hash_leaf, root_of, tiles_of_growth, write_bundle,
};
use crate::stamp::BatchNo;

/// Batches whose entries take turns.
const N_BATCHES: u64 = 7;
/// Every so many entries is a manifest.
const BETWEEN_MANIFESTS: u64 = 50;

/// The log's key.
pub(super) fn signer() -> SignerKey {
    let name = KeyName::parse("ocop.example/ledger").unwrap();
    SignerKey::new(name, KeyKind::Ed25519, &[7; 32]).unwrap()
}

/// When the first entry was recorded; each further one a minute later.
pub(super) fn start() -> DateTime<Utc> {
    "2026-11-29T01:00:00.250Z".parse().unwrap()
}

/// The log.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) tiles: TileSet,
    heads: BTreeMap<BatchNo, ChainHead>,
}

impl Log {
    /// A log of some entries.
    pub(super) fn of(n_entries: u64) -> Self {
        Self::forked(n_entries, u64::MAX)
    }

    /// The same, with another history from this entry on.
    pub(super) fn forked(n_entries: u64, from: u64) -> Self {
        let mut log = Self { entries: Vec::new(), tiles: TileSet::default(), heads: BTreeMap::new() };
        for index in 0..n_entries {
            let salt = u64::from(from <= index);
            let entry = if index % BETWEEN_MANIFESTS == BETWEEN_MANIFESTS - 1 {
                log.manifest_entry()
            } else {
                log.event(u32::try_from(index % N_BATCHES).unwrap() + 1, salt)
            };
            log.push(&entry);
        }
        log
    }

    /// How many entries there are.
    pub(super) fn size(&self) -> u64 {
        self.entries.len().try_into().unwrap()
    }

    /// The next entry of a batch.
    pub(super) fn event(&self, batch: u32, salt: u64) -> Entry {
        let batch = BatchNo::new(batch).unwrap();
        let head = self.heads.get(&batch);
        let recorded = start() + TimeDelta::minutes(i64::try_from(self.size()).unwrap());
        Entry {
            v: 1,
            kind: "event".to_owned(),
            batch: Some(batch),
            n: Some(head.map_or(1, |head| head.n + 1)),
            prev: head.map(|head| head.hash),
            at: recorded,
            recorded,
            actor: EntryActor { role: "producer".to_owned(), account: Some(7), token: None },
            data: None,
            public: json!({"stage": "sấy", "salt": salt, "index": self.size()}),
        }
    }

    /// A manifest of what there is.
    pub(super) fn manifest_entry(&self) -> Entry {
        let heads: Vec<ChainHead> = self.heads.values().copied().collect();
        let manifest = Manifest::new("2026-11-29".parse().unwrap(), self.size(), &heads).unwrap();
        let event = self.event(1, 0);
        let kind = "manifest".to_owned();
        Entry { kind, batch: None, n: None, prev: None, public: manifest.to_public(), ..event }
    }

    /// Appends an entry, whatever it says.
    pub(super) fn push(&mut self, entry: &Entry) {
        let bytes = entry.to_bytes().unwrap();
        let hash = hash_leaf(&bytes);
        if let (Some(batch), Some(n)) = (entry.batch, entry.n) {
            self.heads.insert(batch, ChainHead { batch, n, hash });
        }
        self.push_bytes(bytes);
    }

    /// Appends bytes that may be no entry.
    pub(super) fn push_bytes(&mut self, bytes: Vec<u8>) {
        self.tiles.append(self.size(), &[hash_leaf(&bytes)]).unwrap();
        self.entries.push(bytes);
    }

    /// The signed checkpoint of a size.
    pub(super) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        sign(TreeHead { size, root: root_of(&self.tiles, size).unwrap() })
    }

    /// A bundle as it is published.
    pub(super) fn bundle(&self, bundle: Bundle) -> Vec<u8> {
        let first = usize::try_from(bundle.leaves().index() * 256).unwrap();
        let entries = &self.entries[first..first + usize::from(bundle.leaves().width())];
        write_bundle(entries.iter().map(Vec::as_slice)).unwrap()
    }

    /// Publishes the first `size` entries into a folder, the way `nguon ledger export` does.
    pub(super) fn publish(&self, folder: &Path, size: u64) {
        let write = |path: String, bytes: &[u8]| {
            let file = folder.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        };
        for tile in tiles_of_growth(0, size) {
            write(tile.to_string(), &self.tiles.data(tile).unwrap());
        }
        for bundle in bundles_of_growth(0, size) {
            write(bundle.to_string(), &self.bundle(bundle));
        }
        write("vkey".to_owned(), format!("{}\n", signer().verifier()).as_bytes());
        write("checkpoint".to_owned(), self.checkpoint(size).to_string().as_bytes());
    }
}

/// Signs any head.
pub(super) fn sign(head: TreeHead) -> SignedCheckpoint {
    Checkpoint { origin: signer().verifier().name().clone(), head }.sign(&signer()).unwrap()
}

/// A hash of nothing in particular.
pub(super) fn some_hash() -> Hash {
    hash_leaf(b"something else")
}
