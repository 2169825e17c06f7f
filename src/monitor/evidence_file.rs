//! Where the proof of a fork is kept. It must never take the place of another file: what lies there may be an earlier proof.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

use super::evidence::Fork;

/// Names that are tried: `x.evidence`, `x-2.evidence` and so on.
const MAX_NAMES: u32 = 1000;

/// Writes the proof to this file, or beside it under a numbered name if another file has that name; where it was written. A file that
/// holds the very same proof already is left as it is.
pub fn write_evidence(fork: &Fork, path: &Path) -> Result<PathBuf> {
    let text = fork.to_string();
    for number in 1..=MAX_NAMES {
        let path = numbered(path, number);
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(err) if err.kind() == ErrorKind::AlreadyExists => {
                if std::fs::read(&path).is_ok_and(|bytes| bytes == text.as_bytes()) {
                    return Ok(path);
                }
                continue;
            }
            Err(err) => return Err(Error::file(&path)(err)),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| File::open(folder)?.sync_all()).map_err(Error::file(&path))?;
        return Ok(path);
    }
    Err(Error::refused(
        "evidence-names-taken",
        format!("Đã có quá nhiều tệp bằng chứng cạnh {}; xin chọn thư mục khác.", path.display()),
        format!("there are too many evidence files beside {}; choose another folder", path.display()),
    ))
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::testing::{Log, signer};

    fn fork(size: u64) -> Fork {
        let (ours, theirs) = (Log::of(20), Log::forked(20, 3));
        Fork::prove(signer().verifier(), &ours.checkpoint(size), &theirs.checkpoint(size), Vec::new()).unwrap()
    }

    #[test]
    fn no_evidence_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nguon-fork-9.evidence");
        assert_eq!(write_evidence(&fork(9), &path).unwrap(), path);
        let second = write_evidence(&fork(10), &path).unwrap();
        assert_eq!(second, dir.path().join("nguon-fork-9-2.evidence"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), fork(9).to_string());
    }

    #[test]
    fn the_same_evidence_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fork");
        write_evidence(&fork(9), &path).unwrap();
        assert_eq!(write_evidence(&fork(9), &path).unwrap(), path);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
