//! The 16-character code printed under every symbol, for those who cannot scan, and inside the compact symbol.
//! It carries a 30-bit tag instead of a signature, so only the issuer can check it, online and rate-limited.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{BatchNo, Rule, Serial};

/// Keeps a typed code's tag from being taken for any other HMAC of the issuer.
const TAG: &[u8; 15] = b"vn-ocop-code/1\0";
/// Crockford's base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters in a code.
const LEN: usize = 16;
/// Bits of the tag: 2^30 guesses at 20 a minute and network are a century.
const TAG_BITS: u32 = 30;

/// A 32-byte random key for typed or scratch codes. Never shown by `Debug`.
#[derive(Clone)]
pub struct CodeKey(Zeroizing<[u8; 32]>);

impl CodeKey {
    /// Takes the key's bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// HMAC-SHA-256 over a tag and the stamp's place.
    pub(super) fn mac(&self, tag: &[u8], batch_no: BatchNo, serial: Serial) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref()).ok()?;
        mac.update(tag);
        mac.update(&batch_no.to_be_bytes());
        mac.update(&serial.to_be_bytes());
        Some(mac)
    }

    fn code_tag(&self, batch_no: BatchNo, serial: Serial) -> u32 {
        let first_four = self
            .mac(TAG, batch_no, serial)
            .and_then(|mac| mac.finalize().into_bytes().first_chunk::<4>().copied())
            .unwrap_or_default();
        u32::from_be_bytes(first_four) >> (u32::BITS - TAG_BITS)
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(..)")
    }
}

/// A code in its canonical spelling: 16 upper-case characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypedCode([u8; LEN]);

/// What a typed code says, before its tag is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The batch it names.
    pub batch_no: BatchNo,
    /// The stamp it names.
    pub serial: Serial,
    tag: u32,
}

/// The code of one stamp.
pub fn issue_code(key: &CodeKey, batch_no: BatchNo, serial: Serial) -> TypedCode {
    let place = u128::from(batch_no.get()) << 24 | u128::from(serial.get());
    let bits = place << 2 << TAG_BITS | u128::from(key.code_tag(batch_no, serial));
    let mut text = [b'0'; LEN];
    for (i, character) in text.iter_mut().rev().enumerate() {
        let symbol = usize::try_from(bits >> (5 * i) & 31).unwrap_or_default();
        *character = ALPHABET.get(symbol).copied().unwrap_or(b'0');
    }
    TypedCode(text)
}

impl TypedCode {
    /// Reads what a person typed: any case, spaces and dashes ignored, O read as 0, I and L as 1.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let mut code = [b'0'; LEN];
        let mut places = code.iter_mut();
        for c in text.chars().filter(|&c| !is_separator(c)) {
            let c = u8::try_from(c).map_err(|_| Rule::Code)?.to_ascii_uppercase();
            let c = match c {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                c => c,
            };
            if !ALPHABET.contains(&c) {
                return Err(Rule::Code);
            }
            *places.next().ok_or(Rule::Code)? = c;
        }
        if places.next().is_some() {
            return Err(Rule::Code);
        }
        Ok(Self(code))
    }

    /// What the code says; the two filler bits must be zero, so that a stamp has one code.
    pub fn claim(self) -> Result<Claim, Rule> {
        let bits = self.0.iter().try_fold(0_u128, |bits, character| {
            let symbol = ALPHABET.iter().position(|c| c == character).ok_or(Rule::Code)?;
            Ok(bits << 5 | u128::try_from(symbol).map_err(|_| Rule::Code)?)
        })?;
        let field = |shift: u32, width: u32| u32::try_from(bits >> shift & ((1 << width) - 1)).map_err(|_| Rule::Code);
        if field(TAG_BITS, 2)? != 0 {
            return Err(Rule::Code);
        }
        Ok(Claim {
            batch_no: BatchNo::new(field(TAG_BITS + 2 + 24, 24)?).map_err(|_| Rule::Code)?,
            serial: Serial::new(field(TAG_BITS + 2, 24)?).map_err(|_| Rule::Code)?,
            tag: field(0, TAG_BITS)?,
        })
    }

    /// The 16 characters without dashes, as in the compact symbol's URL.
    pub fn to_plain(self) -> String {
        self.0.iter().map(|&c| char::from(c)).collect()
    }
}

impl Claim {
    /// Whether this key made the code. Both tags are compared as whole numbers, so time tells nothing of single bits.
    pub fn is_by(&self, key: &CodeKey) -> bool {
        key.code_tag(self.batch_no, self.serial) ^ self.tag == 0
    }
}

/// Printed in groups of four: `0001-2G00-00G4-7K3M`.
impl fmt::Display for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in self.0.iter().enumerate() {
            if 0 < i && i % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*c))?;
        }
        Ok(())
    }
}

/// Spaces and dashes as keyboards, chats and word processors write them.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> CodeKey {
        CodeKey::new([3; 32])
    }

    fn place(batch: u32, serial: u32) -> (BatchNo, Serial) {
        (BatchNo::new(batch).unwrap(), Serial::new(serial).unwrap())
    }

    proptest! {
        #[test]
        fn every_code_reads_back_and_is_by_its_key(batch in 0_u32..1 << 24, serial in 0_u32..1 << 24) {
            let (batch_no, serial) = place(batch, serial);
            let code = issue_code(&key(), batch_no, serial);
            let claim = TypedCode::parse(&code.to_string()).unwrap().claim().unwrap();
            prop_assert_eq!((claim.batch_no, claim.serial), (batch_no, serial));
            prop_assert!(claim.is_by(&key()));
            prop_assert!(!claim.is_by(&CodeKey::new([4; 32])));
        }
    }

    #[test]
    fn case_spaces_dashes_and_look_alikes_do_not_matter() {
        let (batch_no, serial) = place(1, 33);
        let code = issue_code(&key(), batch_no, serial);
        let sloppy = code.to_string().to_lowercase().replace('0', "o").replace('1', "l").replace('-', " – ");
        assert_eq!(TypedCode::parse(&sloppy), Ok(code));
    }

    #[test]
    fn a_code_of_another_length_or_alphabet_is_refused() {
        for text in ["", "0", "000000000000000", "00000000000000000", "000000000000000U", "000000000000000é"] {
            assert_eq!(TypedCode::parse(text), Err(Rule::Code), "{text}");
        }
    }

    #[test]
    fn set_filler_bits_are_refused() {
        let (batch_no, serial) = place(1, 2);
        let plain = issue_code(&key(), batch_no, serial).to_plain();
        for filler in 1..4 {
            let mut forged = plain.clone().into_bytes();
            let symbol = ALPHABET.iter().position(|c| *c == forged[9]).unwrap();
            forged[9] = ALPHABET[symbol | filler];
            let forged = TypedCode::parse(std::str::from_utf8(&forged).unwrap()).unwrap();
            assert_eq!(forged.claim(), Err(Rule::Code));
        }
    }

    #[test]
    fn the_key_is_not_in_its_debug_text() {
        assert_eq!(format!("{:?}", key()), "CodeKey(..)");
    }
}
