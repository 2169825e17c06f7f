//! The issuer's public stamp keys, as a verifier holds them: checked at load, with their states, readable as a JWKS.
//! Pure: it never sees where keys are stored, and private halves only as a type that hides itself.

mod jwks;
mod public_key;
mod signing;

pub use jwks::{Jwk, Jwks, JwksError};
pub use public_key::{KeyStatus, PublicKey, WeakKey, check_key};
pub use signing::StampSigner;

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;

use crate::stamp::{Issuer, KeyNo, Payload, Rule, verify};

/// All public keys of one issuer.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: BTreeMap<KeyNo, PublicKey>,
}

/// A stamp whose signature holds, and the key that made it.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'k> {
    /// What was signed.
    pub payload: Payload,
    /// By which key, with its present state.
    pub key: &'k PublicKey,
}

impl Keyring {
    /// The key of a number.
    pub fn find(&self, key_no: KeyNo) -> Option<&PublicKey> {
        self.keys.get(&key_no)
    }

    /// In ascending order of number.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }

    /// Reads and checks a full stamp's digits against these keys; retired and compromised keys verify too.
    pub fn verify_stamp(&self, issuer: &Issuer, digits: &[u8]) -> Result<Verified<'_>, Rule> {
        let find = |key_no| self.find(key_no).map(|key| -> &VerifyingKey { &key.verifying });
        let payload = verify(digits, issuer, find)?;
        let key = self.find(payload.key_no).ok_or(Rule::Key)?;
        Ok(Verified { payload, key })
    }
}

impl FromIterator<PublicKey> for Keyring {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.key_no, key)).collect() }
    }
}
