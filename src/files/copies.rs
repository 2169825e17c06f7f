//! Copies all files from one place to another, for backups. Each is checked on the way, so a damaged one never spreads.

use futures_util::TryStreamExt;

use crate::error::{Error, Result};

use super::file_store::{DamagedFile, FileStore};
use super::types::Sha256Hash;

/// Files copied at the same time: while one waits for the disk, others are read.
const AT_ONCE: usize = 8;

/// What became of a copy.
#[derive(Debug, Default)]
pub struct Copied {
    /// Files that lie at both places now.
    pub n_whole: usize,
    /// Files that do not match their hash and were left behind.
    pub damaged: Vec<Sha256Hash>,
}

/// Copies every file, those that are there already included.
pub async fn copy_all(from: &FileStore, to: &FileStore) -> Result<Copied> {
    let outcomes = from.hashes().map_ok(|hash| copy_one(from, to, hash)).try_buffer_unordered(AT_ONCE);
    let add = |mut copied: Copied, outcome| async move {
        match outcome {
            Outcome::Whole => copied.n_whole += 1,
            Outcome::Damaged(hash) => copied.damaged.push(hash),
            Outcome::Gone => {}
        }
        Ok(copied)
    };
    outcomes.try_fold(Copied::default(), add).await
}

enum Outcome {
    Whole,
    Damaged(Sha256Hash),
    Gone,
}

async fn copy_one(from: &FileStore, to: &FileStore, hash: Sha256Hash) -> Result<Outcome> {
    match from.get(hash).await {
        Ok(Some(bytes)) => to.put(bytes).await.map(|_| Outcome::Whole),
        Ok(None) => Ok(Outcome::Gone),
        Err(Error::Internal(cause)) if cause.is::<DamagedFile>() => Ok(Outcome::Damaged(hash)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dir: &tempfile::TempDir, name: &str) -> FileStore {
        FileStore::in_folder(&dir.path().join(name)).unwrap()
    }

    #[tokio::test]
    async fn every_file_arrives() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (place(&dir, "from"), place(&dir, "to"));
        let mut hashes = Vec::new();
        for n in 0..20_u8 {
            hashes.push(from.put(vec![n; 100]).await.unwrap());
        }
        assert_eq!(copy_all(&from, &to).await.unwrap().n_whole, 20);
        for hash in hashes {
            assert!(to.get(hash).await.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_named_and_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (place(&dir, "from"), place(&dir, "to"));
        let hash = from.put(b"abc".to_vec()).await.unwrap();
        from.put(b"whole".to_vec()).await.unwrap();
        let hex = hash.to_string();
        let path = dir.path().join("from/sha256").join(&hex[..2]).join(&hex[2..4]).join(&hex);
        std::fs::write(path, b"abb").unwrap();
        let copied = copy_all(&from, &to).await.unwrap();
        assert_eq!((copied.n_whole, copied.damaged), (1, vec![hash]));
        assert_eq!(to.get(hash).await.unwrap(), None);
    }
}
