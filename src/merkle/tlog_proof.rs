//! The tlog-proof file (C2SP tlog-proof): index, inclusion path and checkpoint in one text, which shows without network or database
//! that an entry is in the log. What the entry says is not in it: the one who checks brings the entry.

use std::fmt;

use super::{
    Checkpoint, Hash, MAX_NOTE_BYTES, MerkleError, Note, ReadNodes, SignedCheckpoint, VerifierKey, number,
    prove_inclusion, verify_inclusion,
};

/// First line of the file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes in an inclusion path: a tree of 2^63 - 1 leaves has no longer one.
pub const MAX_PATH_LEN: usize = 63;
/// Longest file that is read, in bytes: the longest note, and as much again for the rest.
const MAX_BYTES: usize = 2 * MAX_NOTE_BYTES;

/// A proof as it was read or made: well-formed, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    path: Vec<Hash>,
    checkpoint: Note,
}

impl TlogProof {
    /// Proves entry `index` in the tree of this checkpoint. What stands in `extra` is covered by no signature.
    pub fn make(
        nodes: &impl ReadNodes,
        checkpoint: &SignedCheckpoint,
        index: u64,
        extra: Option<Vec<u8>>,
    ) -> Result<Self, MerkleError> {
        let path = prove_inclusion(nodes, index, checkpoint.head().size)?;
        Ok(Self { extra, index, path, checkpoint: checkpoint.note().clone() })
    }

    /// Reads a file. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, MerkleError> {
        if MAX_BYTES < bytes.len() {
            return Err(MerkleError::TlogProof("it is longer than 2,000,000 bytes"));
        }
        let text = str::from_utf8(bytes).map_err(|_| MerkleError::TlogProof("it is not UTF-8"))?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(MerkleError::TlogProof("an empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(MerkleError::TlogProof("its first line is c2sp.org/tlog-proof@v1"));
        }
        let mut extra = None;
        if let Some(data) = lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            extra = Some(number::parse_base64(data).ok_or(MerkleError::TlogProof("the extra data is base64"))?);
            lines.next();
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(number::parse_decimal);
        let index = index.ok_or(MerkleError::TlogProof("the index is a decimal without leading zeros"))?;
        let path = lines.map(Hash::parse).collect::<Option<Vec<_>>>();
        let path = path.ok_or(MerkleError::TlogProof("a line of the path is a hash in base64"))?;
        if MAX_PATH_LEN < path.len() {
            return Err(MerkleError::TlogProof("the path is longer than that of any tree"));
        }
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        Checkpoint::parse(checkpoint.unverified_text())?;
        Ok(Self { extra, index, path, checkpoint })
    }

    /// Verifies that the log of this key has `leaf` at the index, and gives the checkpoint that says so. Cosignatures are the next
    /// thing to ask of it.
    pub fn verify(&self, log: &VerifierKey, leaf: &Hash) -> Result<SignedCheckpoint, MerkleError> {
        let checkpoint = SignedCheckpoint::check(self.checkpoint.clone(), log)?;
        verify_inclusion(checkpoint.head(), self.index, leaf, &self.path)?;
        Ok(checkpoint)
    }

    /// The entry's place in the log, from 0. True once [`TlogProof::verify`] has passed.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Data that the maker put beside the proof. No signature covers it.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }
}

/// The file.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", number::to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
