//! Reads the file of witnesses. What is in it is understood elsewhere, without touching the disk; never more of it than a policy can be.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::merkle::VerifierKey;

use super::policy::WitnessPolicy;

/// Longest policy file, bytes: some thousand witnesses.
const MAX_FILE_BYTES: u64 = 256 * 1024;

impl WitnessPolicy {
    /// Reads a policy file. A file that lists logs must list `log`, if it is known.
    pub fn read(path: &Path, log: Option<&VerifierKey>) -> Result<Self> {
        let text = read_text(path).map_err(Error::file(path))?.ok_or_else(|| {
            Error::refused(
                "witness-policy",
                format!("{} không phải tệp văn bản UTF-8, hoặc lớn hơn 256 KB; xin lưu lại.", path.display()),
                format!("{} is no UTF-8 text, or larger than 256 KB; save it again", path.display()),
            )
        })?;
        Self::parse(&text, log).map_err(|error| under_name(path, error))
    }
}

/// An error of the file's text, behind the name of the file.
fn under_name(path: &Path, error: Error) -> Error {
    let name = path.display();
    match error {
        Error::Refused { code, vi, en } => Error::refused(code, format!("{name}: {vi}"), format!("{name}: {en}")),
        other => other,
    }
}

/// Nothing for what is too long or no text.
fn read_text(path: &Path) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let n_bytes = File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    let is_whole = u64::try_from(n_bytes).is_ok_and(|n_bytes| n_bytes <= MAX_FILE_BYTES);
    Ok(String::from_utf8(bytes).ok().filter(|_| is_whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bao.txt");
        std::fs::write(&path, "witnes a b\n").unwrap();
        let error = WitnessPolicy::read(&path, None).unwrap_err();
        let name = path.display().to_string();
        assert!(error.vi().starts_with(&name) && error.to_string().starts_with(&name), "{error}");
    }

    #[test]
    fn a_file_that_is_too_long_or_no_text_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("witnesses");
        let longest = usize::try_from(MAX_FILE_BYTES).unwrap();
        for bytes in [vec![b'#'; longest + 1], vec![0xff]] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(WitnessPolicy::read(&path, None).unwrap_err().code(), "witness-policy");
        }
        let filler = "#".repeat(longest - "quorum none\n".len() - 1);
        std::fs::write(&path, format!("{filler}\nquorum none\n")).unwrap();
        assert_eq!(WitnessPolicy::read(&path, None).unwrap(), WitnessPolicy::default());
    }
}
