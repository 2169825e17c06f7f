//! The lock file that decides who owns the cluster. Whoever holds it may create, recover, start and stop; nobody else ever does.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::db::cluster::error::ClusterError;

/// The lock, held until dropped; the system drops it with the process, so a `kill -9` never leaves it behind.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// What the holder wrote into the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Holder {
    /// The application's process.
    pub(super) owner: Option<i32>,
    /// The postmaster that it started, once that is ready.
    pub(super) postmaster: Option<i32>,
}

impl Lock {
    /// Takes the lock, or says `None` when another process holds it.
    pub(super) fn try_take(path: &Path) -> Result<Option<Self>, ClusterError> {
        let failed = |source| ClusterError::io("opening", path, source);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(ClusterError::io("locking", path, source)),
        }
        let mut lock = Self { file };
        lock.write(&format!("{}\n", std::process::id())).map_err(failed)?;
        Ok(Some(lock))
    }

    /// Tells others which postmaster they may attach to. Only a ready one is announced, so a file left by a `kill -9` names
    /// a process that the next holder replaces before anybody trusts it.
    pub(super) fn announce(&mut self, path: &Path, postmaster: i32) -> Result<(), ClusterError> {
        self.write(&format!("{}\n{postmaster}\n", std::process::id()))
            .map_err(|source| ClusterError::io("writing", path, source))
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())
    }
}

/// Who holds the lock, as far as the file says.
pub(super) fn holder(path: &Path) -> Holder {
    parse(&fs::read_to_string(path).unwrap_or_default())
}

fn parse(text: &str) -> Holder {
    let mut lines = text.lines().map(|line| line.trim().parse().ok());
    Holder { owner: lines.next().flatten(), postmaster: lines.next().flatten() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_without_a_ready_server_offers_none_to_attach_to() {
        assert_eq!(parse("17\n"), Holder { owner: Some(17), postmaster: None });
        assert_eq!(parse("17\n99\n"), Holder { owner: Some(17), postmaster: Some(99) });
        assert_eq!(parse(""), Holder::default());
    }
}
