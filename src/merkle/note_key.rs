//! Keys of signed notes (C2SP signed-note): their names, identifiers and texts. A key has one kind and signs nothing else.
//! A private key must show in no `Debug` and no error.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Hash, MerkleError, number};
use crate::keyring::check_key;

/// Stands before the text of a private key in the tools of the Go project, which first wrote notes.
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// The name in a signature line, for a log also the origin of its checkpoints: a URL without scheme, for example
/// `ocop.thainguyen.vn/ledger`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Takes a name that is not empty and has neither Unicode spaces nor plus signs nor ASCII control characters.
    pub fn parse(name: &str) -> Result<Self, MerkleError> {
        let is_bad = |c: char| c.is_whitespace() || c == '+' || c < ' ';
        if name.is_empty() || name.contains(is_bad) { Err(MerkleError::KeyName) } else { Ok(Self(name.to_owned())) }
    }

    /// The name as it stands in notes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Four bytes that, with the name, tell keys apart. Not a secure hash: a signature still has to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LEN]);

impl KeyId {
    /// Bytes in an identifier.
    pub const LEN: usize = 4;

    /// Takes the bytes before a signature.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes before a signature.
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// The first bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key).
    fn of(name: &KeyName, kind: KeyKind, public: &[u8; 32]) -> Self {
        let hash = Sha256::new().chain_update(&name.0).chain_update([b'\n', kind.to_byte()]).chain_update(public);
        let [a, b, c, d, ..] = <[u8; Hash::LEN]>::from(hash.finalize());
        Self([a, b, c, d])
    }
}

/// Eight lower-case hex digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// What a key signs. C2SP knows more kinds; keys of those are not read here, and their signatures are passed over as unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Ed25519 over a note's text: a log's key.
    Ed25519,
    /// Timestamped Ed25519 over a checkpoint: a witness's key (C2SP tlog-cosignature).
    Cosignature,
}

impl KeyKind {
    /// The byte that stands for it in keys and identifiers.
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Cosignature].into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// What the text of a key says, `<name>+<identifier>+<base64>`. The identifier is only claimed: the right one follows from the rest.
struct KeyText<'a> {
    name: KeyName,
    id: &'a str,
    kind: KeyKind,
    key: Zeroizing<[u8; 32]>,
}

impl<'a> KeyText<'a> {
    fn parse(text: &'a str) -> Result<Self, MerkleError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(bytes)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(MerkleError::Key("it has three parts with + between them"));
        };
        let name = KeyName::parse(name)?;
        let bytes =
            number::parse_base64(bytes).map(Zeroizing::new).ok_or(MerkleError::Key("its last part is base64"))?;
        let (kind, key) = bytes.split_first().ok_or(MerkleError::Key("its last part is kind and key"))?;
        let kind = KeyKind::of_byte(*kind).ok_or(MerkleError::Key("its kind is neither Ed25519 nor cosignature"))?;
        let key = key.try_into().map_err(|_| MerkleError::Key("an Ed25519 key has 32 bytes"))?;
        Ok(Self { name, id, kind, key: Zeroizing::new(key) })
    }

    fn check_id(&self, id: KeyId) -> Result<(), MerkleError> {
        if id.to_string() == self.id { Ok(()) } else { Err(MerkleError::KeyId(id)) }
    }
}

fn print_key(name: &KeyName, id: KeyId, kind: KeyKind, key: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 33]);
    let (first, rest) = bytes.split_at_mut(1);
    first.copy_from_slice(&[kind.to_byte()]);
    rest.copy_from_slice(key);
    Zeroizing::new(format!("{name}+{id}+{}", Zeroizing::new(number::to_base64(&*bytes)).as_str()))
}

/// A public key that signatures are checked against. Its text is the C2SP verifier key, `<name>+<identifier>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Takes 32 bytes of public key and refuses weak, mixed-order and misspelt ones.
    pub fn new(name: KeyName, kind: KeyKind, public: &[u8; 32]) -> Result<Self, MerkleError> {
        let key = check_key(public).map_err(|_| MerkleError::WeakKey)?;
        Ok(Self { id: KeyId::of(&name, kind, public), name, kind, key })
    }

    /// Reads the text of a verifier key.
    pub fn parse(text: &str) -> Result<Self, MerkleError> {
        let text = KeyText::parse(text)?;
        let key = Self::new(text.name.clone(), text.kind, &text.key)?;
        text.check_id(key.id)?;
        Ok(key)
    }

    /// The name in its signature lines.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The identifier before its signatures.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What it signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Strict: a weak key, a small-order R or an S beyond the group's order verifies nothing.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print_key(&self.name, self.id, self.kind, self.key.as_bytes()))
    }
}

/// A private key of one kind under one name. Cleared from memory when dropped.
#[derive(Clone)]
pub struct SignerKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// Takes a 32-byte Ed25519 seed.
    pub fn new(name: KeyName, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, MerkleError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// Reads `PRIVATE+KEY+<name>+<identifier>+<base64>`, the text that Go's note tools write.
    pub fn parse(text: &str) -> Result<Self, MerkleError> {
        let rest = text.strip_prefix(PRIVATE_PREFIX).ok_or(MerkleError::Key("it does not start with PRIVATE+KEY+"))?;
        let text = KeyText::parse(rest)?;
        let key = Self::new(text.name.clone(), text.kind, &text.key)?;
        text.check_id(key.verifier.id)?;
        Ok(key)
    }

    /// The private key as text: for the file that keeps it, and for nothing else.
    pub fn to_private_text(&self) -> Zeroizing<String> {
        let VerifierKey { name, id, kind, .. } = &self.verifier;
        let text = print_key(name, *id, *kind, self.key.as_bytes());
        Zeroizing::new(format!("{PRIVATE_PREFIX}{}", text.as_str()))
    }

    /// The public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; Signature::BYTE_SIZE] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(kind: KeyKind) -> SignerKey {
        SignerKey::new(KeyName::parse("example.com/ledger").unwrap(), kind, &[7; 32]).unwrap()
    }

    #[test]
    fn a_name_has_no_spaces_plus_signs_or_control_characters() {
        for name in ["a", "example.com/ledger", "sổ-cái.vn", "oid/1.3.6.1.4", "a—b"] {
            assert_eq!(KeyName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", " ", "a b", "a+b", "a\n", "a\tb", "\u{1}", "a\u{a0}b", "a\u{2003}b", "a\u{3000}", "a\u{85}"] {
            assert_eq!(KeyName::parse(name), Err(MerkleError::KeyName), "{name:?}");
        }
    }

    #[test]
    fn one_key_has_another_identifier_for_another_kind() {
        assert_ne!(signer(KeyKind::Ed25519).verifier().id(), signer(KeyKind::Cosignature).verifier().id());
    }

    #[test]
    fn keys_are_read_as_they_are_printed() {
        for kind in [KeyKind::Ed25519, KeyKind::Cosignature] {
            let signer = signer(kind);
            assert_eq!(VerifierKey::parse(&signer.verifier().to_string()).as_ref(), Ok(signer.verifier()));
            assert_eq!(SignerKey::parse(&signer.to_private_text()).unwrap().verifier(), signer.verifier());
        }
    }

    #[test]
    fn a_misspelt_verifier_key_is_refused() {
        let good = signer(KeyKind::Ed25519).verifier().to_string();
        let (head, bytes) = good.rsplit_once('+').unwrap();
        let (name, id) = head.split_once('+').unwrap();
        let bad = [
            String::new(),
            head.to_owned(),
            format!("{good}\n"),
            format!(" {good}"),
            format!("{good}="),
            format!("{name}+{}+{bytes}", id.to_uppercase()),
            format!("{name}+00000000+{bytes}"),
            format!("{name}+{}+{bytes}", &id[1..]),
            format!("other+{id}+{bytes}"),
            format!("+{id}+{bytes}"),
            format!("{name}+{id}+{}", &bytes[4..]),
            format!("{name}+{id}+"),
            good.replace("+AQ", "+Ag").replace("+Ae", "+Ze"),
        ];
        for text in bad {
            assert!(text == good || VerifierKey::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_of_a_kind_unknown_here_is_refused() {
        for kind in [0x00, 0x02, 0x05, 0x06, 0xff] {
            let bytes = [[kind].as_slice(), signer(KeyKind::Ed25519).verifier.key.as_bytes()].concat();
            let refused = VerifierKey::parse(&format!("example.com/ledger+00000000+{}", number::to_base64(&bytes)));
            assert!(matches!(refused, Err(MerkleError::Key(_))));
        }
    }

    #[test]
    fn a_private_key_does_not_show_in_debug() {
        let signer = signer(KeyKind::Ed25519);
        assert_eq!(format!("{signer:?}"), format!("SignerKey({})", signer.verifier()));
    }
}
