//! A witness's word for a checkpoint (C2SP tlog-cosignature, `cosignature/v1`): at this time, this was the largest tree of this log
//! that I saw, and it was consistent with all I saw before. Times are numbers from outside; this file must never read a clock.

use super::{KeyKind, KeyName, MAX_SIZE, MerkleError, NoteSignature, SignedCheckpoint, SignerKey, VerifierKey};

/// Latest time of a cosignature, in seconds since 1970: the format keeps the sign bit free.
pub const MAX_TIME: u64 = MAX_SIZE;

/// A cosignature that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness.
    pub witness: KeyName,
    /// When it cosigned by its own clock, in seconds since 1970. A time to come is for the caller to judge.
    pub time: u64,
}

/// Cosigns a checkpoint whose log signature was checked; its consistency with what the witness saw before is the caller's to check
/// first. Extension lines are signed along, as the format asks.
pub fn cosign(checkpoint: &SignedCheckpoint, witness: &SignerKey, time: u64) -> Result<NoteSignature, MerkleError> {
    if witness.verifier().kind() != KeyKind::Cosignature {
        return Err(MerkleError::KeyKind);
    }
    if MAX_TIME < time {
        return Err(MerkleError::Time);
    }
    let signature = witness.sign_bytes(message(time, checkpoint.text()).as_bytes());
    let bytes = [time.to_be_bytes().as_slice(), &signature].concat();
    Ok(NoteSignature::new(witness.verifier(), bytes))
}

/// What a witness signs: a line that no note of another format starts with, the time, and the text of the checkpoint.
fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Verifies the bytes of a cosignature, eight of time and 64 of signature, and gives the time.
pub(super) fn read_time(witness: &VerifierKey, text: &str, bytes: &[u8]) -> Result<u64, MerkleError> {
    if witness.kind() != KeyKind::Cosignature {
        return Err(MerkleError::KeyKind);
    }
    let refused = || MerkleError::Signature(witness.name().clone());
    let (time, signature) = bytes.split_first_chunk().ok_or_else(refused)?;
    let time = u64::from_be_bytes(*time);
    if MAX_TIME < time {
        return Err(MerkleError::Time);
    }
    if witness.has_signed(message(time, text).as_bytes(), signature) { Ok(time) } else { Err(refused()) }
}
