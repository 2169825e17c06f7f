//! Reads the file of witnesses. What is in it is understood elsewhere, without touching the disk.

use std::path::Path;

use crate::error::{Error, Result};
use crate::merkle::VerifierKey;

use super::policy::WitnessPolicy;

/// Longest policy file, bytes: some thousand witnesses.
const MAX_FILE_BYTES: usize = 256 * 1024;

impl WitnessPolicy {
    /// Reads a policy file. A file that lists logs must list `log`.
    pub fn read(path: &Path, log: &VerifierKey) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::file(path))?;
        let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_FILE_BYTES).ok_or_else(|| {
            Error::refused(
                "witness-policy",
                format!("{} không phải tệp văn bản UTF-8, hoặc lớn hơn 256 KB; xin lưu lại.", path.display()),
                format!("{} is no UTF-8 text, or larger than 256 KB; save it again", path.display()),
            )
        })?;
        Self::parse(&text, Some(log))
    }
}
