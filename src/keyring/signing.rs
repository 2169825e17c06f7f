//! The private half of a stamp key: it signs payloads of its own number and shows nothing of itself.

use std::fmt;

use ed25519_dalek::SigningKey;

use crate::stamp::{BatchNo, Issuer, KeyNo, LastValidDay, Payload, ProductNo, Serial, Stamp, sign};

/// Signs under one key number.
#[derive(Clone)]
pub struct StampSigner {
    key_no: KeyNo,
    key: SigningKey,
}

impl StampSigner {
    /// Takes a 32-byte Ed25519 seed.
    pub fn new(key_no: KeyNo, seed: &[u8; 32]) -> Self {
        Self { key_no, key: SigningKey::from_bytes(seed) }
    }

    /// The number that goes into payloads.
    pub fn key_no(&self) -> KeyNo {
        self.key_no
    }

    /// The public half, 32 bytes.
    pub fn public_bytes(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Signs one stamp.
    pub fn sign(
        &self,
        issuer: &Issuer,
        product_no: ProductNo,
        batch_no: BatchNo,
        serial: Serial,
        last_valid_day: LastValidDay,
    ) -> Stamp {
        sign(issuer, &self.key, Payload { key_no: self.key_no, product_no, batch_no, serial, last_valid_day })
    }
}

impl fmt::Debug for StampSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StampSigner(key {})", self.key_no)
    }
}
