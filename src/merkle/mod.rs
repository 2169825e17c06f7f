//! The mathematics of the ledger: one RFC 6962 Merkle tree, its proofs and tiles, and the signed texts by which others hold it.
//!
//! Pure: hashes and bytes in, hashes and bytes out. It must never store or fetch anything, read a clock or know what an entry says:
//! stored hashes come in through [`ReadNodes`], times as numbers. Whoever fetches asks first what is needed ([`inclusion_subtrees`],
//! [`consistency_subtrees`], [`tiles_of`]), fetches it as it likes and hands it over as a [`TileSet`].
//!
//! Formats are those of C2SP, byte for byte, so that auditors and witnesses of others read them: signed-note, tlog-checkpoint,
//! tlog-tiles, tlog-cosignature and tlog-proof (<https://c2sp.org>). Every text has one spelling: what is read prints as it was read.

mod bundle;
mod checkpoint;
mod cosignature;
mod error;
mod hash;
mod note;
mod note_key;
mod number;
mod proof;
mod tile;
mod tile_set;
mod tlog_proof;
mod tree;

pub use bundle::{Bundle, MAX_ENTRY_BYTES, bundles_of_growth, read_bundle, write_bundle};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::{Cosignature, MAX_TIME, cosign};
pub use error::MerkleError;
pub use hash::{Hash, hash_leaf, hash_node};
pub use note::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteSignature};
pub use note_key::{KeyId, KeyKind, KeyName, SignerKey, VerifierKey};
pub use number::parse_decimal;
pub use proof::{
    consistency_subtrees, inclusion_subtrees, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion,
};
pub use tile::{TILE_HEIGHT, TILE_WIDTH, Tile, tiles_of, tiles_of_edge, tiles_of_growth};
pub use tile_set::TileSet;
pub use tlog_proof::{MAX_PATH_LEN, TlogProof};
pub use tree::{Frontier, MAX_SIZE, Node, ReadNodes, Subtree, TreeHead, root_of};
