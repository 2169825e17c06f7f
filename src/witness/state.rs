//! A witness's own folder: its key, and of each log the last checkpoint that it cosigned. It must never forget one: a cosignature
//! leaves only after its checkpoint is on the disk, and what is there is replaced by a larger one alone.
//!
//! ```text
//! witness.key                  the private key, for its owner alone
//! logs/<origin hash>/lock      held while a checkpoint is judged and written
//! logs/<origin hash>/checkpoint  the last cosigned checkpoint: a note with the log's signature and ours
//! logs/<origin hash>/vkey      the log's key, as it was given or first seen
//! logs/<origin hash>/fork.evidence  the first proof that the log forked
//! ```
//! The origin hash is the SHA-256 of the log's origin in lower-case hex, as in C2SP tlog-witness.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::durable::{Readers, replace, sync_folder, sync_folder_of};
use crate::error::{Error, Result};
use crate::merkle::{KeyKind, KeyName, MAX_NOTE_BYTES, SignedCheckpoint, SignerKey, VerifierKey};
use crate::monitor::{Fork, write_evidence};

/// Largest key file, bytes: a name, an identifier and 44 characters of key.
const MAX_KEY_FILE_BYTES: usize = 4 * 1024;

/// The folder.
#[derive(Clone, Debug)]
pub struct StateFolder {
    dir: PathBuf,
}

impl StateFolder {
    /// Names the folder; nothing is read yet.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Makes the folder with a new key of this name, and gives its public half. A key that is there already stays.
    pub fn create(&self, name: KeyName) -> Result<VerifierKey> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(Error::internal)?;
        let key = SignerKey::new(name, KeyKind::Cosignature, &seed).map_err(Error::internal)?;
        make_dir(&self.dir)?;
        let path = self.key_file();
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(Zeroizing::new(format!("{}\n", key.to_private_text().as_str())).as_bytes())?;
            file.sync_all()?;
            sync_folder(&self.dir)
        };
        match write() {
            Err(err) if err.kind() == ErrorKind::AlreadyExists => Err(Error::refused(
                "witness-exists",
                format!("{} đã có khóa của người làm chứng; xin chọn thư mục khác.", self.dir.display()),
                format!("{} already holds a witness's key; choose another folder", self.dir.display()),
            )),
            written => written.map(|()| key.verifier().clone()).map_err(Error::file(&path)),
        }
    }

    /// Reads the key.
    pub fn read_key(&self) -> Result<SignerKey> {
        let path = self.key_file();
        let Some(text) = read_small(&path, MAX_KEY_FILE_BYTES)? else {
            return Err(Error::refused(
                "no-witness-here",
                format!("{} chưa có khóa; xin chạy: nguon witness init --name TÊN --state THƯ_MỤC", self.dir.display()),
                format!("{} holds no key; run: nguon witness init --name NAME --state DIR", self.dir.display()),
            ));
        };
        let key = str::from_utf8(&text).ok().and_then(|text| SignerKey::parse(text.trim_end_matches('\n')).ok());
        key.filter(|key| key.verifier().kind() == KeyKind::Cosignature).ok_or_else(|| damaged(&path))
    }

    /// The keys of all logs that were followed from here.
    pub fn known_logs(&self) -> Result<Vec<VerifierKey>> {
        let logs = self.dir.join("logs");
        let entries = match std::fs::read_dir(&logs) {
            Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::file(&logs))?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            keys.extend(read_verifier(&entry.map_err(Error::file(&logs))?.path().join("vkey"))?);
        }
        Ok(keys)
    }

    /// The record of one log, for one alone among all threads and processes until it is dropped.
    pub fn lock(&self, origin: &KeyName) -> Result<LogRecord> {
        let dir = self.log_dir(origin);
        make_dir(&dir)?;
        let path = dir.join("lock");
        let lock = || {
            // The lock is a file of its own that nobody replaces, so the one that is locked is the one that others open. A file
            // opened twice is locked twice: threads wait for each other as processes do.
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        let lock = lock().map_err(Error::file(&path))?;
        Ok(LogRecord { dir, _lock: lock })
    }

    /// The last checkpoint of a log that was cosigned here. A whole one at any time: it is replaced in one step.
    pub fn last(&self, origin: &KeyName) -> Result<Option<Vec<u8>>> {
        read_small(&self.checkpoint_file(origin), MAX_NOTE_BYTES)
    }

    /// Keeps the proof that a log forked, and says where. The first one stays: it is enough, and those of every later look would fill
    /// the disk.
    pub fn keep_evidence(&self, fork: &Fork) -> Result<PathBuf> {
        let origin = fork.log().name();
        let path = self.log_dir(origin).join("fork.evidence");
        let _held = self.lock(origin)?;
        if path.exists() { Ok(path) } else { write_evidence(fork, &path) }
    }

    /// Where the last cosigned checkpoint of a log lies.
    pub(super) fn checkpoint_file(&self, origin: &KeyName) -> PathBuf {
        self.log_dir(origin).join("checkpoint")
    }

    fn key_file(&self) -> PathBuf {
        self.dir.join("witness.key")
    }

    fn log_dir(&self, origin: &KeyName) -> PathBuf {
        self.dir.join("logs").join(origin_hash(origin))
    }
}

/// What is known of one log, held against everyone else.
#[derive(Debug)]
pub struct LogRecord {
    dir: PathBuf,
    /// Let go when dropped, and by the system when the process dies.
    _lock: File,
}

impl LogRecord {
    /// The last cosigned checkpoint.
    pub fn last(&self) -> Result<Option<Vec<u8>>> {
        read_small(&self.dir.join("checkpoint"), MAX_NOTE_BYTES)
    }

    /// Puts a newly cosigned checkpoint in the place of the last one. Durable when it returns; a death before the renaming leaves
    /// the last one, after it the new one, and never half of either.
    pub fn replace(&self, checkpoint: &SignedCheckpoint) -> Result<()> {
        self.write("checkpoint", &checkpoint.to_string())
    }

    /// Remembers the log's key.
    pub fn pin(&self, key: &VerifierKey) -> Result<()> {
        self.write("vkey", &format!("{key}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.dir.join(name);
        replace(&path, text.as_bytes(), Readers::Owner).map_err(Error::file(&path))
    }
}

/// The SHA-256 of a log's origin in lower-case hex (C2SP tlog-witness).
pub fn origin_hash(origin: &KeyName) -> String {
    let hash = Sha256::digest(origin.as_str());
    hash.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// A file of ours that does not say what it should. Never repaired: a witness that starts anew could sign a fork.
pub(super) fn damaged(path: &Path) -> Error {
    Error::refused(
        "witness-state-damaged",
        format!("Tệp {} hỏng hoặc thuộc về khóa khác; xin khôi phục từ bản sao, không xóa đi làm lại.", path.display()),
        format!("{} is damaged or belongs to another key; restore it from a copy, do not start anew", path.display()),
    )
}

fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let make = || {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        // A folder that is not on the disk yet would take its files with it.
        dir.ancestors().take(2).try_for_each(sync_folder_of)
    };
    make().map_err(Error::file(dir))
}

fn read_verifier(path: &Path) -> Result<Option<VerifierKey>> {
    let Some(text) = read_small(path, MAX_KEY_FILE_BYTES)? else { return Ok(None) };
    let key = str::from_utf8(&text).ok().and_then(|text| VerifierKey::parse(text.trim_end_matches('\n')).ok());
    key.map(Some).ok_or_else(|| damaged(path))
}

/// Reads a file of ours; none when it is not there. A longer one is none of ours.
fn read_small(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(Error::file(path))?,
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(Error::file(path))?;
    if bytes.len() <= limit { Ok(Some(bytes)) } else { Err(damaged(path)) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn name(text: &str) -> KeyName {
        KeyName::parse(text).unwrap()
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::new(&dir.path().join("state"));
        let verifier = state.create(name("bao.example/witness")).unwrap();
        assert_eq!(state.read_key().unwrap().verifier(), &verifier);
        let mode = std::fs::metadata(state.key_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(state.create(name("bao.example/witness")).unwrap_err().code(), "witness-exists");
        assert_eq!(state.read_key().unwrap().verifier(), &verifier);
    }

    #[test]
    fn a_key_of_a_log_is_no_key_of_a_witness() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::new(dir.path());
        let log = SignerKey::new(name("example.com/log"), KeyKind::Ed25519, &[1; 32]).unwrap();
        std::fs::write(state.key_file(), log.to_private_text().as_bytes()).unwrap();
        assert_eq!(state.read_key().unwrap_err().code(), "witness-state-damaged");
    }

    #[test]
    fn a_folder_without_a_key_says_how_to_make_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = StateFolder::new(dir.path()).read_key().unwrap_err();
        assert!(error.to_string().contains("nguon witness init"), "{error}");
    }

    #[test]
    fn the_hash_of_an_origin_is_the_specifications() {
        // SHA-256 of "example.com/behind-the-sofa", by coreutils.
        assert_eq!(
            origin_hash(&name("example.com/behind-the-sofa")),
            "5fd2dc0beb4ce54da5050cf6d5c75248b023abad441c3cecde3976fbe9da4fe4"
        );
    }

    #[test]
    fn the_key_of_a_log_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateFolder::new(dir.path());
        let log = SignerKey::new(name("example.com/log"), KeyKind::Ed25519, &[1; 32]).unwrap();
        let record = state.lock(log.verifier().name()).unwrap();
        assert_eq!(state.known_logs().unwrap(), []);
        record.pin(log.verifier()).unwrap();
        assert_eq!(state.known_logs().unwrap(), [log.verifier().clone()]);
    }
}
