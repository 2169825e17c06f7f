//! Files that outlive a power cut: replaced whole or not at all, lines that are never half of one, names that are on the disk. It must
//! never know what a file says.

use std::fs::{File, OpenOptions};
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Ending of a file that is written beside another one, to take its place once it is whole.
const FRESH: &str = ".new";

/// Who may read a file that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Whoever the user's own settings let read.
    Usual,
}

impl Readers {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Usual => 0o666,
        }
    }
}

/// The path with an ending of ours behind its whole name.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Puts a file in the place of the one that is there, if any. Durable when it returns; whoever dies in it leaves the old one or the new
/// one, never half of either.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    replace_for_now(path, bytes, readers)?;
    sync_folder_of(path)
}

/// The same without the folder: the file is whole, but its name may be lost until the folder is on the disk. For many files of one
/// folder.
pub fn replace_for_now(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let fresh = beside(path, FRESH);
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(readers.mode()).open(&fresh)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    std::fs::rename(&fresh, path)
}

/// Puts the folder of a file on the disk, and with it the file's name. The folder of a bare name is the working one.
pub fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(folder)
}

/// Puts a folder with the names in it on the disk.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

/// Opens a file of lines as `options` say, alone among all threads and processes until it is dropped, and cuts off a torn last line:
/// what is appended to it would damage it. It may be replaced at any time, so it is opened anew for each change.
pub fn lock_lines(path: &Path, options: &OpenOptions) -> Result<File> {
    loop {
        let mut file = options.open(path)?;
        file.lock()?;
        // While we waited, another file may have been put in its place.
        let (held, named) = (file.metadata()?, std::fs::metadata(path)?);
        if (held.dev(), held.ino()) == (named.dev(), named.ino()) {
            cut_torn_line(&mut file, held.len())?;
            return Ok(file);
        }
    }
}

fn cut_torn_line(file: &mut File, n_bytes: u64) -> Result<()> {
    let mut last = [b'\n'];
    if n_bytes == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == [b'\n'] {
        return Ok(());
    }
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    file.set_len(u64::try_from(whole).map_err(std::io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn in_folder(check: impl FnOnce(&Path)) {
        let dir = tempfile::tempdir().unwrap();
        check(&dir.path().join("file.txt"));
    }

    fn lines() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        options
    }

    #[test]
    fn a_file_is_replaced_and_leaves_none_behind() {
        in_folder(|path| {
            for text in ["a longer text", "short"] {
                replace(path, text.as_bytes(), Readers::Owner).unwrap();
                assert_eq!(std::fs::read_to_string(path).unwrap(), text);
            }
            assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        });
    }

    #[test]
    fn half_a_file_that_a_death_left_behind_is_written_over() {
        in_folder(|path| {
            std::fs::write(beside(path, FRESH), "half of something much longer").unwrap();
            replace(path, b"whole", Readers::Owner).unwrap();
            assert_eq!(std::fs::read(path).unwrap(), b"whole");
        });
    }

    #[test]
    fn what_is_for_the_owner_nobody_else_reads() {
        in_folder(|path| {
            replace(path, b"x", Readers::Owner).unwrap();
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        });
    }

    #[test]
    fn a_torn_last_line_is_cut_off() {
        for (torn, whole) in [("a\nb", "a\n"), ("b", ""), ("a\n", "a\n"), ("", "")] {
            in_folder(|path| {
                std::fs::write(path, torn).unwrap();
                lock_lines(path, &lines()).unwrap();
                assert_eq!(std::fs::read_to_string(path).unwrap(), whole);
            });
        }
    }

    #[test]
    fn a_file_that_was_replaced_while_one_waited_is_opened_anew() {
        in_folder(|path| {
            let held = lock_lines(path, &lines()).unwrap();
            let (own, started) = (path.to_owned(), std::sync::Arc::new(std::sync::Barrier::new(2)));
            let waiting = std::thread::spawn({
                let started = std::sync::Arc::clone(&started);
                move || {
                    started.wait();
                    lock_lines(&own, &lines()).unwrap().write_all(b"later\n").unwrap();
                }
            });
            started.wait();
            replace(path, b"fresh\n", Readers::Owner).unwrap();
            drop(held);
            waiting.join().unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), "fresh\nlater\n");
        });
    }
}
