//! Files that commands read and write: no more than a limit, and what holds secrets or stamps for its owner alone.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Error, Result};

/// One mebibyte, for sentences about limits.
const MIB: u64 = 1024 * 1024;

/// Reads a regular file of at most `limit` bytes.
pub(super) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let name = path.display();
    if !path.is_file() && path.exists() {
        let (vi, en) = (format!("{name} không phải tệp thường."), format!("{name} is no regular file"));
        return Err(Error::invalid("file", vi, en));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Error::file(path))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::file(path))?;
    if u64::try_from(bytes.len()).is_ok_and(|n| limit < n) {
        let megabytes = limit / MIB;
        let vi = format!("{name} lớn hơn {megabytes} MB; xin dùng tệp nhỏ hơn.");
        return Err(Error::invalid("file", vi, format!("{name} is larger than {megabytes} MB; use a smaller file")));
    }
    Ok(bytes)
}

/// Makes a file, or empties it, readable by its owner alone.
pub(super) fn create_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(Error::file(path))
}
