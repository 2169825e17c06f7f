//! Checkpoints (C2SP tlog-checkpoint): the log's signed word for how many entries there are and what their root is. Signing must come
//! last: whoever signs has recomputed the root and proved it consistent with the checkpoint before.

use std::fmt;

use super::{
    Cosignature, Hash, KeyKind, KeyName, MerkleError, Note, NoteSignature, SignerKey, TreeHead, VerifierKey,
    cosignature, number,
};

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log: the same text as its key's name.
    pub origin: KeyName,
    /// Its size and root.
    pub head: TreeHead,
}

impl Checkpoint {
    /// The text that is signed: origin, size and root, each on its line. Extension lines are never written.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.head.size, self.head.root)
    }

    /// Reads the text of a checkpoint. Extension lines are allowed, as C2SP has it, and mean nothing here.
    pub(super) fn parse(text: &str) -> Result<Self, MerkleError> {
        let body = text.strip_suffix('\n').ok_or(MerkleError::Checkpoint("it ends in a newline"))?;
        let mut lines = body.split('\n');
        let mut next = || lines.next().ok_or(MerkleError::Checkpoint("it has at least three lines"));
        let (origin, size, root) = (next()?, next()?, next()?);
        let origin = KeyName::parse(origin)?;
        let size = number::parse_decimal(size)
            .ok_or(MerkleError::Checkpoint("its second line is the size, a decimal without leading zeros"))?;
        let root = Hash::parse(root).ok_or(MerkleError::Checkpoint("its third line is the root in base64"))?;
        if lines.any(str::is_empty) {
            return Err(MerkleError::Checkpoint("an extension line is not empty"));
        }
        Ok(Self { origin, head: TreeHead { size, root } })
    }

    /// Signs it with the key of its log, and checks it as a stranger would before anyone sees it: a key of another log signs nothing.
    pub fn sign(&self, log: &SignerKey) -> Result<SignedCheckpoint, MerkleError> {
        let note = Note::sign(&self.to_text(), log)?;
        SignedCheckpoint::check(note, log.verifier())
    }
}

/// A checkpoint that its log has signed: this type is the proof that the signature was checked. Printed, it is the note as it was
/// read or made, with all its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads a checkpoint and checks that the log of this key signed it for itself.
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<Self, MerkleError> {
        Self::check(Note::parse(bytes)?, log)
    }

    /// Checks a note that was read already.
    pub fn check(note: Note, log: &VerifierKey) -> Result<Self, MerkleError> {
        if log.kind() != KeyKind::Ed25519 {
            return Err(MerkleError::KeyKind);
        }
        note.verify(std::slice::from_ref(log))?;
        let checkpoint = Checkpoint::parse(note.unverified_text())?;
        if checkpoint.origin == *log.name() {
            Ok(Self { note, checkpoint })
        } else {
            Err(MerkleError::Origin(log.name().clone()))
        }
    }

    /// The log.
    pub const fn origin(&self) -> &KeyName {
        &self.checkpoint.origin
    }

    /// Size and root.
    pub const fn head(&self) -> &TreeHead {
        &self.checkpoint.head
    }

    /// The note with its signatures.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The signed text, extension lines and all.
    pub(super) fn text(&self) -> &str {
        self.note.unverified_text()
    }

    /// Takes up a witness's cosignature, in the place of an earlier one of the same witness, and gives its time.
    pub fn add_cosignature(&mut self, signature: NoteSignature, witness: &VerifierKey) -> Result<u64, MerkleError> {
        if !signature.is_under(witness) {
            return Err(MerkleError::Unsigned);
        }
        let time = cosignature::read_time(witness, self.text(), signature.bytes())?;
        self.note.put(signature)?;
        Ok(time)
    }

    /// Who of these witnesses cosigned, each once and with the latest of its times. A false cosignature under the key of one of them
    /// is an error: someone has meddled with the file.
    pub fn cosignatures(&self, witnesses: &[VerifierKey]) -> Result<Vec<Cosignature>, MerkleError> {
        let mut found = Vec::new();
        for witness in witnesses {
            let under = self.note.signatures().iter().filter(|signature| signature.is_under(witness));
            let times = under.map(|signature| cosignature::read_time(witness, self.text(), signature.bytes()));
            let latest = times.collect::<Result<Vec<_>, _>>()?.into_iter().max();
            found.extend(latest.map(|time| Cosignature { witness: witness.name().clone(), time }));
        }
        Ok(found)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
