//! Verifier keys on the command line: the text itself, or `@FILE` for a file that holds it.

use std::path::Path;

use crate::error::{Error, Result};
use crate::merkle::VerifierKey;

use super::files::read_limited;

/// Largest file with a verifier key, bytes: it is one line of some hundred characters.
const MAX_KEY_BYTES: u64 = 1024 * 1024;

/// Reads `KEY` or `@FILE`.
pub(super) fn read_verifier_key(argument: &str) -> Result<VerifierKey> {
    let text = match argument.strip_prefix('@') {
        Some(file) => String::from_utf8_lossy(&read_limited(Path::new(file), MAX_KEY_BYTES)?).into_owned(),
        None => argument.to_owned(),
    };
    VerifierKey::parse(text.trim()).map_err(|err| {
        let vi = "Khóa kiểm không đúng; xin chép nguyên dòng ở /ledger/vkey, dạng TÊN+MÃ+KHÓA.";
        Error::invalid("vkey", vi, format!("copy the whole line at /ledger/vkey, NAME+ID+KEY ({err})"))
    })
}
