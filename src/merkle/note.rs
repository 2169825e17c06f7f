//! Signed notes (C2SP signed-note): a text and below it the signatures of those who stand for it. A note's text must not be acted on
//! before a known key has signed it; which keys are known is the caller's to say.

use std::fmt;

use super::{KeyId, KeyKind, KeyName, MerkleError, SignerKey, VerifierKey, cosignature, number};

/// Longest note that is read, in bytes, and most signatures: the limits of Go's note package, so that whatever its tools accept is
/// accepted here. C2SP asks for 16 signatures at the least.
pub const MAX_NOTE_BYTES: usize = 1_000_000;
/// See [`MAX_NOTE_BYTES`].
pub const MAX_SIGNATURES: usize = 100;
/// A signature line starts with an em dash and a space.
const LINE_PREFIX: &str = "\u{2014} ";

/// One signature line: who signed, and what their key made of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(super) fn new(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name().clone(), id: key.id(), bytes }
    }

    /// Reads signature lines as they stand in a note, each with its newline; a witness answers with such lines too.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, MerkleError> {
        let lines = text.strip_suffix('\n').ok_or(MerkleError::Note("the last signature line ends in a newline"))?;
        // Counted before anything is decoded.
        if MAX_SIGNATURES < lines.split('\n').count() {
            return Err(MerkleError::Note("it has at most 100 signatures"));
        }
        lines.split('\n').map(Self::parse_line).collect()
    }

    fn parse_line(line: &str) -> Result<Self, MerkleError> {
        let rest =
            line.strip_prefix(LINE_PREFIX).ok_or(MerkleError::Note("a signature line starts with an em dash"))?;
        let (name, signature) =
            rest.split_once(' ').ok_or(MerkleError::Note("a signature line holds name and signature"))?;
        let bytes = number::parse_base64(signature).ok_or(MerkleError::Note("a signature is base64"))?;
        match bytes.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name: KeyName::parse(name)?, id: KeyId::new(*id), bytes: signature.to_vec() })
            }
            _ => Err(MerkleError::Note("a signature follows the four bytes of its key's identifier")),
        }
    }

    /// Who is said to have signed.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// With which key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The signature without the identifier before it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it claims to be by this key: name and identifier are both the key's.
    pub fn is_under(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }

    /// Whether this key made it for this text.
    fn verifies(&self, key: &VerifierKey, text: &str) -> bool {
        match key.kind() {
            KeyKind::Ed25519 => key.has_signed(text.as_bytes(), &self.bytes),
            KeyKind::Cosignature => cosignature::read_time(key, text, &self.bytes).is_ok(),
        }
    }
}

/// The line with its newline.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.to_bytes().as_slice(), &self.bytes].concat();
        writeln!(f, "{LINE_PREFIX}{} {}", self.name, number::to_base64(&bytes))
    }
}

/// A note as it was read: well-formed, with at least one signature, none of them checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, MerkleError> {
        if MAX_NOTE_BYTES < bytes.len() {
            return Err(MerkleError::Note("it is longer than 1,000,000 bytes"));
        }
        let note = str::from_utf8(bytes).map_err(|_| MerkleError::Note("it is not UTF-8"))?;
        check_characters(note)?;
        // The text may have empty lines; the last one ends it.
        let (text, lines) =
            note.rsplit_once("\n\n").ok_or(MerkleError::Note("an empty line stands before the signatures"))?;
        Ok(Self { text: format!("{text}\n"), signatures: NoteSignature::parse_lines(lines)? })
    }

    /// Signs a text, which ends in a newline.
    pub fn sign(text: &str, signer: &SignerKey) -> Result<Self, MerkleError> {
        if signer.verifier().kind() != KeyKind::Ed25519 {
            return Err(MerkleError::KeyKind);
        }
        check_characters(text)?;
        if !text.ends_with('\n') {
            return Err(MerkleError::Note("the text ends in a newline"));
        }
        let signature = NoteSignature::new(signer.verifier(), signer.sign_bytes(text.as_bytes()).to_vec());
        Ok(Self { text: text.to_owned(), signatures: vec![signature] })
    }

    /// The text with its final newline. Not to be acted on before [`Note::verify`].
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Gives those of the known keys that signed, each once. Signatures of unknown keys are passed over, also those that share only the name or
    /// only the identifier with a known one; one false signature under a known key refuses the whole note, and so does a note that
    /// no known key signed.
    pub fn verify<'a>(&self, known: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, MerkleError> {
        let mut signers = Vec::new();
        for signature in &self.signatures {
            let mut under = known.iter().filter(|key| signature.is_under(key)).peekable();
            if under.peek().is_none() {
                continue;
            }
            let signer = under.find(|key| signature.verifies(key, &self.text));
            let signer = signer.ok_or_else(|| MerkleError::Signature(signature.name.clone()))?;
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        if signers.is_empty() { Err(MerkleError::Unsigned) } else { Ok(signers) }
    }

    /// Adds a signature; the last one under the same key goes.
    pub(super) fn put(&mut self, signature: NoteSignature) -> Result<(), MerkleError> {
        self.signatures.retain(|other| (&other.name, other.id) != (&signature.name, signature.id));
        if MAX_SIGNATURES <= self.signatures.len() {
            return Err(MerkleError::Note("it has at most 100 signatures"));
        }
        self.signatures.push(signature);
        Ok(())
    }
}

fn check_characters(text: &str) -> Result<(), MerkleError> {
    let is_control = |b: u8| b < b' ' && b != b'\n';
    if text.bytes().any(is_control) { Err(MerkleError::Note("it has a control character")) } else { Ok(()) }
}

/// The note as it was read.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}
