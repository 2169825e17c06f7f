//! The auditor's own memory of a log: its key, the newest checkpoint that was checked through, and what the next audit needs to go on
//! from there. It must never be half written, and one that was damaged must never pass for a new one.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::durable::{Readers, beside, replace};
use crate::error::{Error, Result};
use crate::ledger::manifest::ChainHead;
use crate::merkle::{Hash, SignedCheckpoint, Tile, TileSet, VerifierKey, root_of, tiles_of_edge};
use crate::stamp::BatchNo;

/// The one version there is.
const VERSION: u32 = 1;
/// Largest state file, bytes: every batch that there can be, 16 million, at 60 bytes each.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// What is remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    /// The tiles at the right edge of the tree that was checked.
    pub(super) edge: Vec<(Tile, Vec<u8>)>,
    /// Where every chain ended.
    pub(super) heads: Vec<ChainHead>,
    /// When its newest entry was recorded.
    pub(super) newest: Option<DateTime<Utc>>,
    /// Manifests so far.
    pub(super) n_manifests: u64,
}

/// Everything that is remembered of a log.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The log's key.
    pub(super) key: VerifierKey,
    /// The newest checkpoint that was checked through, entry by entry, and what it takes to go on.
    pub(super) checked: Option<(SignedCheckpoint, Checked)>,
    /// The newest checkpoint that the log signed and that was not found whole: it must stand by it all the same.
    pub(super) seen: Option<SignedCheckpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    version: u32,
    state: StoredState,
    /// SHA-256 of the member `state` as it is written, in base64: damage must not pass for another memory.
    sum: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredState {
    vkey: String,
    checkpoint: Option<String>,
    seen: Option<String>,
    /// Tiles by their paths.
    edge: BTreeMap<String, String>,
    /// Batch, n and hash of the last entry of each chain.
    chains: Vec<(u32, u32, String)>,
    newest: Option<DateTime<Utc>>,
    manifests: u64,
}

impl StoredState {
    fn of(state: &State) -> Self {
        let checked = state.checked.as_ref();
        let parts = checked.map(|(_, parts)| parts.clone()).unwrap_or_default();
        Self {
            vkey: state.key.to_string(),
            checkpoint: checked.map(|(checkpoint, _)| checkpoint.to_string()),
            seen: state.seen.as_ref().map(ToString::to_string),
            edge: parts.edge.iter().map(|(tile, data)| (tile.to_string(), STANDARD.encode(data))).collect(),
            chains: parts.heads.iter().map(|head| (head.batch.get(), head.n, head.hash.to_string())).collect(),
            newest: parts.newest,
            manifests: parts.n_manifests,
        }
    }

    fn sum(&self) -> Option<String> {
        Some(STANDARD.encode(Sha256::digest(serde_json::to_vec(self).ok()?)))
    }

    /// Nothing for anything that no state of ours says.
    fn into_state(self) -> Option<State> {
        let key = VerifierKey::parse(&self.vkey).ok()?;
        let open = |note: Option<String>| note.map(|note| SignedCheckpoint::open(note.as_bytes(), &key)).transpose();
        let (checkpoint, seen) = (open(self.checkpoint).ok()?, open(self.seen).ok()?);
        let read_tile = |(path, data): (String, String)| Some((Tile::parse(&path).ok()?, STANDARD.decode(data).ok()?));
        let edge = self.edge.into_iter().map(read_tile).collect::<Option<Vec<_>>>()?;
        let read_head = |(batch, n, hash): (u32, u32, String)| {
            Some(ChainHead { batch: BatchNo::new(batch).ok()?, n, hash: Hash::parse(&hash)? })
        };
        let heads = self.chains.into_iter().map(read_head).collect::<Option<Vec<_>>>()?;
        let parts = Checked { edge, heads, newest: self.newest, n_manifests: self.manifests };
        let checked = match checkpoint {
            Some(checkpoint) if is_edge_of(&parts.edge, &checkpoint) => Some((checkpoint, parts)),
            Some(_) => return None,
            None => None,
        };
        Some(State { key, checked, seen })
    }
}

/// Whether these are the tiles at the right edge of the tree that was signed.
fn is_edge_of(edge: &[(Tile, Vec<u8>)], checkpoint: &SignedCheckpoint) -> bool {
    let mut set = TileSet::default();
    let (size, root) = (checkpoint.head().size, checkpoint.head().root);
    edge.iter().all(|(tile, data)| set.insert(*tile, data).is_ok())
        && tiles_of_edge(size).all(|tile| edge.iter().any(|(other, _)| *other == tile))
        && root_of(&set, size) == Ok(root)
}

/// The file, for one audit alone until it is dropped.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// Let go when dropped, and by the system when the process dies.
    _lock: File,
}

impl StateFile {
    /// Takes hold of the file, which need not be there yet. A second audit on it at the same time is refused.
    pub fn open(path: &Path) -> Result<Self> {
        // The state is replaced by renaming, so the lock is a file of its own that stays.
        let lock_path = beside(path, ".lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&lock_path);
        let file = file.map_err(Error::file(&lock_path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::refused(
                "audit-running",
                format!("Một lần kiểm tra khác đang dùng tệp {}; xin đợi nó xong rồi chạy lại.", path.display()),
                format!("another audit is using {}; wait until it ends, then run again", path.display()),
            )),
            Err(std::fs::TryLockError::Error(err)) => Err(Error::file(&lock_path)(err)),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is remembered; nothing before the first audit.
    pub(super) fn read(&self) -> Result<Option<State>> {
        let file = match File::open(&self.path) {
            Err(err) if err.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::file(&self.path))?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(Error::file(&self.path))?;
        let stored: Option<StoredFile> = serde_json::from_slice(&bytes).ok();
        let stored = stored.filter(|stored| stored.version == VERSION);
        let stored = stored.filter(|stored| stored.state.sum().as_ref() == Some(&stored.sum));
        stored.and_then(|stored| stored.state.into_state()).map(Some).ok_or_else(|| self.damaged())
    }

    /// Remembers something else from now on. The old file stays until the new one is whole on disk.
    pub(super) fn write(&self, state: &State) -> Result<()> {
        let state = StoredState::of(state);
        let sum = state.sum().ok_or_else(|| Error::internal("a state that cannot be written"))?;
        let mut bytes = serde_json::to_vec(&StoredFile { version: VERSION, state, sum }).map_err(Error::internal)?;
        bytes.push(b'\n');
        replace(&self.path, &bytes, Readers::Usual).map_err(Error::file(&self.path))
    }

    fn damaged(&self) -> Error {
        let path = self.path.display();
        Error::refused(
            "audit-state-damaged",
            format!(
                "Tệp {path} hỏng hoặc không phải của lệnh này. Xin khôi phục tệp từ bản sao; nếu không có, chuyển tệp đi chỗ khác \
                 và chạy lại với --vkey: lần đó kiểm tra lại từ mục đầu tiên, và không so được với những gì đã thấy trước đây."
            ),
            format!(
                "{path} is damaged or not a file of this command. Restore it from a copy; without one move it away and run again with \
                 --vkey: that audit starts at the first entry, and cannot compare with what was seen before"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::hash_leaf;
    use crate::monitor::testing::{Log, signer};

    fn state() -> State {
        let log = Log::of(300);
        let heads = (1..4).map(|n| ChainHead { batch: BatchNo::new(n).unwrap(), n, hash: hash_leaf(b"x") }).collect();
        let newest = "2026-11-29T01:02:03.250Z".parse().ok();
        let edge = tiles_of_edge(300).map(|tile| (tile, log.tiles.data(tile).unwrap())).collect();
        let checked = Checked { edge, heads, newest, n_manifests: 2 };
        State {
            key: signer().verifier().clone(),
            checked: Some((log.checkpoint(300), checked)),
            seen: Some(log.checkpoint(7)),
        }
    }

    fn in_folder(check: impl FnOnce(&Path)) {
        let dir = tempfile::tempdir().unwrap();
        check(&dir.path().join("log.json"));
    }

    #[test]
    fn a_state_is_read_as_it_was_written() {
        in_folder(|path| {
            let file = StateFile::open(path).unwrap();
            assert!(file.read().unwrap().is_none());
            file.write(&state()).unwrap();
            let read = file.read().unwrap().unwrap();
            assert_eq!(StoredState::of(&read).sum(), StoredState::of(&state()).sum());
        });
    }

    #[test]
    fn a_state_without_a_checked_checkpoint_keeps_key_and_what_was_seen() {
        in_folder(|path| {
            let file = StateFile::open(path).unwrap();
            file.write(&State { checked: None, ..state() }).unwrap();
            let read = file.read().unwrap().unwrap();
            assert!(read.checked.is_none());
            assert_eq!(read.seen, state().seen);
        });
    }

    #[test]
    fn a_damaged_state_is_refused_and_not_taken_for_none() {
        in_folder(|path| {
            let file = StateFile::open(path).unwrap();
            file.write(&state()).unwrap();
            let whole = std::fs::read(path).unwrap();
            for at in (0..whole.len() - 1).step_by(17) {
                let mut bytes = whole.clone();
                bytes[at] ^= 1;
                std::fs::write(path, bytes).unwrap();
                assert_eq!(file.read().unwrap_err().code(), "audit-state-damaged", "{at}");
                std::fs::write(path, &whole[..at]).unwrap();
                assert_eq!(file.read().unwrap_err().code(), "audit-state-damaged", "{at}");
            }
        });
    }

    #[test]
    fn a_second_audit_at_the_same_time_is_refused() {
        in_folder(|path| {
            let first = StateFile::open(path).unwrap();
            assert_eq!(StateFile::open(path).unwrap_err().code(), "audit-running");
            drop(first);
            assert!(StateFile::open(path).is_ok());
        });
    }

    #[test]
    fn half_a_file_that_a_death_left_behind_counts_for_nothing() {
        in_folder(|path| {
            let file = StateFile::open(path).unwrap();
            file.write(&state()).unwrap();
            std::fs::write(beside(path, ".new"), "{\"vers").unwrap();
            assert!(file.read().unwrap().is_some());
        });
    }
}
