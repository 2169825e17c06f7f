//! Signing a payload and checking a signature: Ed25519, strict, under a domain tag and the issuer's name.
//! There is no algorithm field: the algorithm belongs to the key record.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::{KeyNo, N_BYTES, PAYLOAD_LEN, Payload, Rule, digits};

/// Keeps a stamp's signature from being taken for the signature of anything else.
const TAG: &[u8; 16] = b"vn-ocop-stamp/1\0";
/// The issuer's length is one byte in the signed message.
const MAX_ISSUER_BYTES: usize = 255;

/// Why a string cannot name an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer is 1 to 255 visible ASCII characters, for example ocop.thainguyen.vn")]
pub struct IssuerError;

/// Who issues the stamps, for example `ocop.thainguyen.vn`: signed with every stamp, printed on none.
///
/// Not the URL's host, so a domain move keeps old stamps valid and a test deployment's stamp never verifies in production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    name: String,
    /// Tag, length and name: what every signed message of this issuer starts with.
    prefix: Vec<u8>,
}

impl Issuer {
    /// Checks the name and prepares the message prefix.
    pub fn new(name: &str) -> Result<Self, IssuerError> {
        let length = u8::try_from(name.len()).map_err(|_| IssuerError)?;
        if name.is_empty() || MAX_ISSUER_BYTES < name.len() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(IssuerError);
        }
        let mut prefix = TAG.to_vec();
        prefix.push(length);
        prefix.extend_from_slice(name.as_bytes());
        Ok(Self { name: name.to_owned(), prefix })
    }

    /// The name as configured.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    fn message(&self, payload: [u8; PAYLOAD_LEN]) -> Vec<u8> {
        let mut message = Vec::with_capacity(self.prefix.len() + PAYLOAD_LEN);
        message.extend_from_slice(&self.prefix);
        message.extend_from_slice(&payload);
        message
    }
}

/// A signed payload, ready to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it says.
    pub payload: Payload,
    signature: [u8; 64],
}

impl Stamp {
    /// The 187 digits that go into the URL and the symbol.
    pub fn to_digits(&self) -> String {
        let mut bytes = [0; N_BYTES];
        let (head, tail) = bytes.split_at_mut(PAYLOAD_LEN);
        head.copy_from_slice(&self.payload.to_bytes());
        tail.copy_from_slice(&self.signature);
        digits::encode(&bytes)
    }
}

/// Signs a payload. Deterministic: printing again gives the same stamp.
pub fn sign(issuer: &Issuer, key: &SigningKey, payload: Payload) -> Stamp {
    let signature = key.sign(&issuer.message(payload.to_bytes())).to_bytes();
    Stamp { payload, signature }
}

/// Reads and checks a stamp's digits; the error is the first rule that fails.
///
/// `find_key` gives this issuer's public key of a number, already checked at load (not weak, not of mixed order).
/// Success means that the issuer signed this payload, not that the pack in hand is genuine: a photocopy verifies too.
pub fn verify<'k>(
    text: &[u8],
    issuer: &Issuer,
    find_key: impl FnOnce(KeyNo) -> Option<&'k VerifyingKey>,
) -> Result<Payload, Rule> {
    let bytes = digits::decode(text)?;
    let (head, tail) = bytes.split_first_chunk::<PAYLOAD_LEN>().ok_or(Rule::Length)?;
    let payload = Payload::from_bytes(*head)?;
    let key = find_key(payload.key_no).ok_or(Rule::Key)?;
    let signature = Signature::from_slice(tail).map_err(|_| Rule::Signature)?;
    key.verify_strict(&issuer.message(*head), &signature).map_err(|_| Rule::Signature)?;
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{BatchNo, LastValidDay, ProductNo, Serial};
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn arbitrary_payload() -> impl Strategy<Value = Payload> {
        (1_u16..=4095, 0_u32..1 << 24, 0_u32..1 << 24, 0_u32..1 << 24, any::<u16>()).prop_map(|(k, p, b, s, d)| {
            Payload {
                key_no: KeyNo::new(k).unwrap(),
                product_no: ProductNo::new(p).unwrap(),
                batch_no: BatchNo::new(b).unwrap(),
                serial: Serial::new(s).unwrap(),
                last_valid_day: LastValidDay::from(d),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_signed_payload_verifies_and_reads_back(payload in arbitrary_payload()) {
            let issuer = Issuer::new("tem.example.vn").unwrap();
            let digits = sign(&issuer, &key(), payload).to_digits();
            let public = key().verifying_key();
            prop_assert_eq!(verify(digits.as_bytes(), &issuer, |_| Some(&public)), Ok(payload));
        }

        #[test]
        fn one_changed_digit_never_verifies(payload in arbitrary_payload(), at in 0_usize..187, by in 1_u8..10) {
            let issuer = Issuer::new("tem.example.vn").unwrap();
            let mut digits = sign(&issuer, &key(), payload).to_digits().into_bytes();
            digits[at] = (digits[at] - b'0' + by) % 10 + b'0';
            let public = key().verifying_key();
            prop_assert!(verify(&digits, &issuer, |_| Some(&public)).is_err());
        }
    }

    #[test]
    fn an_issuer_has_1_to_255_visible_ascii_characters() {
        assert!(Issuer::new("").is_err());
        assert!(Issuer::new(&"a".repeat(255)).is_ok());
        assert!(Issuer::new(&"a".repeat(256)).is_err());
        assert!(Issuer::new("ocop thai nguyen").is_err());
        assert!(Issuer::new("ocop.thái-nguyên.vn").is_err());
    }
}
