//! Logs and witnesses for tests: small trees with fixed keys. It must never be compiled into the program.

use std::path::Path;

use crate::clock::Clock;
use crate::merkle::{
    Checkpoint, Hash, KeyKind, KeyName, SignedCheckpoint, SignerKey, TileSet, TreeHead, hash_leaf, root_of,
};

use super::{KnownLog, StateFolder, Witness};

const ORIGIN: &str = "ocop.example/ledger";

/// A log of numbered entries.
pub(crate) struct Log {
    pub(crate) signer: SignerKey,
    pub(crate) tiles: TileSet,
}

impl Log {
    pub(crate) fn of(size: u64) -> Self {
        Self::with_key(size, 7)
    }

    /// Under another key of the same name.
    pub(crate) fn with_key(size: u64, seed: u8) -> Self {
        Self::make(ORIGIN, size, size, seed)
    }

    /// Under another name.
    pub(crate) fn named(origin: &str, size: u64) -> Self {
        Self::make(origin, size, size, 7)
    }

    /// The same beginning, and another history from an entry on.
    pub(crate) fn forked(size: u64, from: u64) -> Self {
        Self::make(ORIGIN, size, from, 7)
    }

    fn make(origin: &str, size: u64, forked_from: u64, seed: u8) -> Self {
        let origin = KeyName::parse(origin).unwrap();
        let signer = SignerKey::new(origin, KeyKind::Ed25519, &[seed; 32]).unwrap();
        let leaves: Vec<Hash> = (0..size).map(|n| hash_leaf(&Self::entry(n, forked_from <= n))).collect();
        let mut tiles = TileSet::default();
        tiles.append(0, &leaves).unwrap();
        Self { signer, tiles }
    }

    fn entry(n: u64, is_forked: bool) -> Vec<u8> {
        format!("{{\"n\":{n},\"forked\":{is_forked}}}").into_bytes()
    }

    pub(crate) fn known(&self) -> KnownLog {
        KnownLog::new(self.signer.verifier().clone()).unwrap()
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let head = TreeHead { size, root: root_of(&self.tiles, size).unwrap() };
        Checkpoint { origin: self.signer.verifier().name().clone(), head }.sign(&self.signer).unwrap()
    }
}

/// Makes a witness's folder with a new key, and opens it.
pub(crate) fn witness(dir: &Path) -> Witness {
    StateFolder::new(dir).create(KeyName::parse("bao.example/witness").unwrap()).unwrap();
    Witness::open(dir, Clock::system()).unwrap()
}
