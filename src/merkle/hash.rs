//! SHA-256 as RFC 6962 §2.1 uses it: leaves and nodes are hashed under different first bytes, so that neither can pass for the other.

use std::fmt;

use sha2::{Digest, Sha256};

use super::number;

/// Stands before an entry (RFC 6962 §2.1).
const LEAF_PREFIX: [u8; 1] = [0x00];
/// Stands before two hashes (RFC 6962 §2.1).
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash in the tree. As text it is padded base64, the spelling of checkpoints and proofs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    /// Bytes in a hash.
    pub const LEN: usize = 32;
    /// The root of the tree without leaves: SHA-256 of nothing (RFC 6962 §2.1).
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// Takes the 32 bytes as they are stored.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Reads 44 characters of base64 in their only spelling.
    pub fn parse(text: &str) -> Option<Self> {
        number::parse_base64(text)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&number::to_base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of an entry as a leaf.
pub fn hash_leaf(entry: &[u8]) -> Hash {
    Hash(Sha256::new_with_prefix(LEAF_PREFIX).chain_update(entry).finalize().into())
}

/// The hash of a node above two others.
pub fn hash_node(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new_with_prefix(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::EMPTY_ROOT, Hash(Sha256::digest([]).into()));
    }

    #[test]
    fn a_leaf_of_two_hashes_is_not_their_node() {
        let (left, right) = (hash_leaf(b"a"), hash_leaf(b"b"));
        let entry = [left.0, right.0].concat();
        assert_ne!(hash_leaf(&entry), hash_node(&left, &right));
    }

    #[test]
    fn a_hash_is_read_in_one_spelling_only() {
        let text = Hash::EMPTY_ROOT.to_string();
        assert_eq!(Hash::parse(&text), Some(Hash::EMPTY_ROOT));
        // 32 bytes leave two bits of the last character unused; set, they would spell the same hash a second time.
        let unused_bits = text.replace("FU=", "FV=");
        for other in [&text[..43], &format!("{text}\n"), &unused_bits, &text.replace('/', "_"), ""] {
            assert_eq!(Hash::parse(other), None, "{other}");
        }
    }
}
