//! Postgres' messages: a file of bounded size and the last lines in memory. Must never hold Postgres up.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes after which the file becomes `postgres.log.1` and a new one begins; two files at most, so 8 MiB on disk.
const FILE_LIMIT: u64 = 4 << 20;

/// Bytes kept for error messages: some ten lines.
const TAIL_LIMIT: usize = 2048;

/// Bytes read at once; a pipe holds 64 KiB.
const CHUNK: usize = 8192;

/// Time that the last lines of a process which just ended get to arrive.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// Between two looks whether they have.
const DRAIN_POLL: Duration = Duration::from_millis(5);

/// The last lines that came out of the pipe.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Arc<AtomicBool>,
}

impl Tail {
    /// Reads the pipe until its last writer is gone; what cannot be written to the file (a full disk) is dropped, because an
    /// unread pipe would stop Postgres.
    pub(super) fn follow(&self, mut pipe: impl Read, path: &Path) {
        let mut file = LogFile::open(path);
        let mut chunk = [0; CHUNK];
        loop {
            let n = match pipe.read(&mut chunk) {
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let Some(read) = chunk.get(..n).filter(|read| !read.is_empty()) else {
                break;
            };
            file.write(read);
            self.keep(read);
        }
        self.ended.store(true, Ordering::Release);
    }

    fn keep(&self, read: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(read);
        let surplus = bytes.len().saturating_sub(TAIL_LIMIT);
        bytes.drain(..surplus);
    }

    /// The last lines of a process that has ended, on one line.
    pub(super) fn last_words(&self) -> String {
        let deadline = Instant::now() + DRAIN_LIMIT;
        while !self.ended.load(Ordering::Acquire) && Instant::now() < deadline {
            std::thread::sleep(DRAIN_POLL);
        }
        one_line(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The last lines of an output, joined so that they fit into a sentence.
pub(super) fn one_line(bytes: &[u8]) -> String {
    let start = bytes.len().saturating_sub(TAIL_LIMIT);
    let text = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default());
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" | ")
}

/// Whether Postgres or `initdb` ended for want of space; a write cut short names no system error, only the hint.
pub(super) fn tells_of_full_disk(log: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "Check free disk space"].iter().any(|words| log.contains(words))
}

struct LogFile {
    path: PathBuf,
    file: Option<File>,
    n_bytes: u64,
}

impl LogFile {
    fn open(path: &Path) -> Self {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).ok();
        let n_bytes = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |found| found.len());
        Self { path: path.to_path_buf(), file, n_bytes }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.n_bytes >= FILE_LIMIT {
            // A failed rename only makes the file grow until the next chunk tries again.
            let _ = fs::rename(&self.path, self.path.with_extension("log.1"));
            *self = Self::open(&self.path.clone());
        }
        if let Some(file) = &mut self.file
            && file.write_all(bytes).is_ok()
        {
            self.n_bytes = self.n_bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_never_takes_more_than_two_files_of_the_limit() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("nguon-log-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let path = folder.join("postgres.log");
        Tail::default().follow(std::io::repeat(b'x').take(FILE_LIMIT * 5 / 2), &path);
        let sizes = [fs::metadata(&path)?.len(), fs::metadata(folder.join("postgres.log.1"))?.len()];
        let n_files = fs::read_dir(&folder)?.count();
        fs::remove_dir_all(&folder)?;
        assert_eq!(n_files, 2);
        assert!(sizes.iter().all(|size| *size < FILE_LIMIT + 8192), "{sizes:?}");
        Ok(())
    }

    #[test]
    fn the_last_words_end_with_the_last_line() {
        let tail = Tail::default();
        let text = "old line\n".repeat(1000) + "FATAL:  last line\n";
        tail.follow(text.as_bytes(), Path::new("/nonexistent/postgres.log"));
        assert!(tail.last_words().ends_with("old line | FATAL:  last line"));
        assert!(tail.last_words().len() < 2 * TAIL_LIMIT);
    }
}
