//! One public key with its state, and the check that every key passes before it may verify anything.

use chrono::{DateTime, Utc};
use ed25519_dalek::VerifyingKey;

use crate::stamp::KeyNo;

/// What has become of a key. Both former states are facts to show, never reasons to reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// Signs and verifies.
    Active,
    /// No longer signs; verifies for ever.
    Retired,
    /// The private half may be in other hands: only the mint record can decide.
    Compromised,
}

impl KeyStatus {
    /// The name in JWKS, JSON and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Retired, Self::Compromised].into_iter().find(|status| status.as_str() == name)
    }
}

/// A public stamp key. `not_before` and `not_after` bound signing only; verification never reads them.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// Its number in the payload.
    pub key_no: KeyNo,
    /// Decoded once, used for every scan.
    pub verifying: VerifyingKey,
    /// Its state now.
    pub status: KeyStatus,
    /// Signing starts.
    pub not_before: Option<DateTime<Utc>>,
    /// Signing ends.
    pub not_after: Option<DateTime<Utc>>,
}

/// A public key under which signatures prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key is no point of the prime-order group in its canonical encoding")]
pub struct WeakKey;

/// Decodes a public key and refuses weak, mixed-order and non-canonical ones: under the first two a signature can be made
/// that verifies for many messages or only in some libraries, and the last gives one key two names.
pub fn check_key(bytes: &[u8; 32]) -> Result<VerifyingKey, WeakKey> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| WeakKey)?;
    let point = key.to_edwards();
    if key.is_weak() || !point.is_torsion_free() || point.compress().as_bytes() != bytes {
        return Err(WeakKey);
    }
    Ok(key)
}
