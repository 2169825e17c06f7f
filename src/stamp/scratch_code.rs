//! The eight digits under a scratch layer, derived so that nothing is stored until one is used.
//! They leave the service only in print exports that were asked for by someone who may.

use std::fmt;

use hmac::Mac;

use super::{BatchNo, CodeKey, Serial};

/// Keeps a scratch code from being taken for any other HMAC of the issuer.
const TAG: &[u8; 18] = b"vn-ocop-scratch/1\0";
/// Eight decimal digits.
const MODULUS: u64 = 100_000_000;

/// Eight digits, leading zeros kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ScratchCode(u64);

impl fmt::Display for ScratchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl fmt::Debug for ScratchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScratchCode(..)")
    }
}

/// The scratch code of one stamp: the whole HMAC as one big-endian number, modulo 10^8.
pub fn scratch_code(key: &CodeKey, batch_no: BatchNo, serial: Serial) -> ScratchCode {
    let digest = key.mac(TAG, batch_no, serial).map(|mac| mac.finalize().into_bytes());
    let number = digest.iter().flatten().fold(0_u64, |n, &byte| (n << 8 | u64::from(byte)) % MODULUS);
    ScratchCode(number)
}
