//! What can be wrong with a tree, a proof, a tile or a signed text. It must never say where the bytes came from: the caller knows.

use super::{KeyId, KeyName, Node};

/// Why something of the ledger is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// More leaves than a tree can have.
    #[error("a tree has at most 2^63 - 1 leaves")]
    TooLarge,
    /// A leaf that the tree does not have.
    #[error("there is no leaf {index} in a tree of {size}")]
    NoSuchLeaf {
        /// The leaf asked for, from 0.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// A newer tree with fewer leaves than the older one: a rollback.
    #[error("a tree of {old} leaves cannot have shrunk to {new}")]
    Shrunk {
        /// Leaves in the tree that was there before.
        old: u64,
        /// Leaves in the tree that should follow it.
        new: u64,
    },
    /// A range of leaves whose hash no tree contains.
    #[error("the leaves {start} to {end} make no subtree")]
    NoSubtree {
        /// First leaf.
        start: u64,
        /// The leaf after the last.
        end: u64,
    },
    /// The frontier of a tree has one hash for each bit set in its size.
    #[error("a tree of {0} leaves has another number of peaks")]
    Peaks(u64),
    /// A stored hash that was needed and is not there.
    #[error("the hash of {0} is missing")]
    Missing(Node),
    /// A proof ends before it reaches the root.
    #[error("the proof is too short")]
    ProofShort,
    /// A proof goes on beyond the root.
    #[error("the proof is too long")]
    ProofLong,
    /// The proof leads to another root than the one given.
    #[error("the proof does not lead to the root of the tree")]
    Root,
    /// The proof leads to another root than the older tree's: with both roots signed, a fork.
    #[error("the proof does not lead to the root of the older tree")]
    OldRoot,
    /// A path that names no tile and no bundle, or not in the one spelling that it has.
    #[error("the path names no tile")]
    TilePath,
    /// A tile's place or width that no tree has.
    #[error("there is no such tile in any tree")]
    NoSuchTile,
    /// Bytes that are not this many hashes or entries.
    #[error("the data does not fill its tile exactly")]
    TileData,
    /// The length before an entry is two bytes.
    #[error("an entry has at most 65535 bytes")]
    EntryLong,
    /// Not a signed note.
    #[error("not a signed note: {0}")]
    Note(&'static str),
    /// A name that cannot stand in a signature line.
    #[error("a key name is not empty and has no spaces, plus signs or control characters")]
    KeyName,
    /// Not the text of a key, or the text of a key of another kind.
    #[error("not a note key: {0}")]
    Key(&'static str),
    /// The identifier in a key's text is not the one that follows from its name and bytes.
    #[error("the key identifier does not belong to this name and key: expected {0}")]
    KeyId(KeyId),
    /// A weak, mixed-order or misspelt public key.
    #[error("the public key is no sound Ed25519 key")]
    WeakKey,
    /// A key that may not sign this: a log's key signs checkpoints, a witness's key cosigns them.
    #[error("the key is of another kind than this signature needs")]
    KeyKind,
    /// A signature under the name and identifier of a known key that this key did not make.
    #[error("the signature of {0} does not verify")]
    Signature(KeyName),
    /// No known key signed the note: its text must not be read.
    #[error("no known key signed this note")]
    Unsigned,
    /// Not the text of a checkpoint.
    #[error("not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// A checkpoint of another log than the key's.
    #[error("the checkpoint is of another log than {0}")]
    Origin(KeyName),
    /// A time that does not fit a cosignature.
    #[error("a cosignature's time is at most 2^63 - 1 seconds")]
    Time,
    /// Not a tlog-proof file.
    #[error("not a tlog-proof: {0}")]
    TlogProof(&'static str),
}
