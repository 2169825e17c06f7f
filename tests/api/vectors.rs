//! Test vectors, made by independent implementations: stamps, typed codes, scratch codes, and edge-case signatures.

use ed25519_dalek::{Signature, VerifyingKey};
use nguon::keyring::{Jwks, Keyring, StampSigner, check_key};
use nguon::stamp::{
    BatchNo, CodeKey, Issuer, KeyNo, LastValidDay, N_DIGITS, ProductNo, Rule, Serial, TypedCode, decode, encode,
    issue_code, scratch_code,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

const STAMPS: &str = include_str!("../vectors/stamp_v1.json");
const CODES: &str = include_str!("../vectors/codes_v1.json");
/// Third-party vectors are not part of the project; where they are not beside it, their test says so and passes.
const EDGE_CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/tlog/ed25519/ed25519vectors.json");

fn stamps() -> (Value, Issuer, Keyring) {
    let vectors: Value = serde_json::from_str(STAMPS).unwrap();
    let issuer = Issuer::new(vectors["issuer"].as_str().unwrap()).unwrap();
    let ring = Jwks::parse(vectors["jwks"].to_string().as_bytes()).unwrap().to_keyring().unwrap();
    (vectors, issuer, ring)
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_valid_stamp_verifies_and_signs_again_to_the_same_digits() {
    let (vectors, issuer, ring) = stamps();
    for case in vectors["valid"].as_array().unwrap() {
        let (digits, fields) = (case["digits"].as_str().unwrap(), &case["fields"]);
        let payload = ring.verify_stamp(&issuer, digits.as_bytes()).unwrap().payload;
        assert_eq!(payload.to_bytes().as_slice(), hex(&case["payload_hex"]));
        assert_eq!(u32::from(payload.key_no.get()), number(&fields["kid"]));
        assert_eq!(payload.product_no.get(), number(&fields["prod"]));
        assert_eq!(payload.batch_no.get(), number(&fields["batch"]));
        assert_eq!(payload.serial.get(), number(&fields["serial"]));
        assert_eq!(u32::from(payload.last_valid_day.get()), number(&fields["exp"]));

        let seed = Sha256::digest(format!("TEST ONLY stamp key {}", payload.key_no));
        let signer = StampSigner::new(payload.key_no, &seed.into());
        let again = signer.sign(&issuer, payload.product_no, payload.batch_no, payload.serial, payload.last_valid_day);
        assert_eq!(again.to_digits(), digits);
    }
}

#[test]
fn every_invalid_stamp_fails_by_its_rule() {
    let (vectors, issuer, ring) = stamps();
    for case in vectors["invalid"].as_array().unwrap() {
        let rule = ring.verify_stamp(&issuer, case["digits"].as_str().unwrap().as_bytes()).unwrap_err();
        let stage = match rule {
            Rule::Length | Rule::Digit | Rule::Group => "decode",
            Rule::Key => "kid",
            rule => rule.as_str(),
        };
        assert_eq!(stage, case["must_fail_at"].as_str().unwrap(), "{}", case["name"]);
    }
}

#[test]
fn a_million_random_and_mutated_texts_are_refused_or_decode_to_themselves() {
    let (vectors, issuer, ring) = stamps();
    let good = vectors["valid"][0]["digits"].as_str().unwrap().as_bytes().to_vec();
    let mut random = Xorshift(0x006e_6775_6f6e);
    for round in 0..1_000_000_u32 {
        let text = if round % 2 == 0 { random.text() } else { random.mutate(&good) };
        if text == good {
            continue;
        }
        if let Ok(bytes) = decode(&text) {
            assert_eq!(encode(&bytes).as_bytes(), text);
            // Strict verification costs 100 times the decoding; one in 16 that decode is enough to see it never pass.
            assert!(round % 16 != 1 || ring.verify_stamp(&issuer, &text).is_err());
        } else {
            assert!(ring.verify_stamp(&issuer, &text).is_err());
        }
    }
}

/// Fixed seed, so that a failure comes again (Marsaglia's xorshift).
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    /// Mostly of the right length, half of them digits only.
    fn text(&mut self) -> Vec<u8> {
        let length = if self.below(4) == 0 { self.below(300) } else { N_DIGITS };
        let digits_only = self.below(2) == 0;
        let byte = |random: &mut Self| {
            if digits_only {
                b'0' + u8::try_from(random.below(10)).unwrap()
            } else {
                u8::try_from(random.below(256)).unwrap()
            }
        };
        (0..length).map(|_| byte(self)).collect()
    }

    fn mutate(&mut self, good: &[u8]) -> Vec<u8> {
        let mut text = good.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(text.len());
            match self.below(8) {
                0 => drop(text.remove(at)),
                1 => text.insert(at, b'0'),
                2 => text[at] = u8::try_from(self.below(256)).unwrap(),
                3 => text.swap(at, good.len() / 2 - 1),
                _ => text[at] = b'0' + u8::try_from(self.below(10)).unwrap(),
            }
        }
        text
    }
}

fn code_key(vectors: &Value, name: &str) -> CodeKey {
    CodeKey::new(hex(&vectors[name]).try_into().unwrap())
}

#[test]
fn every_typed_and_scratch_code_is_as_computed_elsewhere() {
    let vectors: Value = serde_json::from_str(CODES).unwrap();
    let (code, scratch) = (code_key(&vectors, "code_key_hex"), code_key(&vectors, "scratch_key_hex"));
    for case in vectors["valid"].as_array().unwrap() {
        let batch_no = BatchNo::new(number(&case["batch"])).unwrap();
        let serial = Serial::new(number(&case["serial"])).unwrap();
        assert_eq!(issue_code(&code, batch_no, serial).to_plain(), case["code"].as_str().unwrap());
        assert_eq!(scratch_code(&scratch, batch_no, serial).to_string(), case["scratch"].as_str().unwrap());
    }
}

#[test]
fn every_spelling_of_a_typed_code_is_read() {
    let vectors: Value = serde_json::from_str(CODES).unwrap();
    let (key, spellings) = (code_key(&vectors, "code_key_hex"), &vectors["spellings"]);
    for text in spellings["texts"].as_array().unwrap() {
        let claim = TypedCode::parse(text.as_str().unwrap()).unwrap().claim().unwrap();
        assert_eq!(claim.batch_no.get(), number(&spellings["batch"]));
        assert_eq!(claim.serial.get(), number(&spellings["serial"]));
        assert!(claim.is_by(&key), "{text}");
    }
}

#[test]
fn every_invalid_typed_code_is_refused() {
    let vectors: Value = serde_json::from_str(CODES).unwrap();
    let key = code_key(&vectors, "code_key_hex");
    for case in vectors["invalid"].as_array().unwrap() {
        let claim = TypedCode::parse(case["text"].as_str().unwrap()).and_then(TypedCode::claim);
        assert!(!claim.is_ok_and(|claim| claim.is_by(&key)), "{}", case["name"]);
    }
}

#[test]
fn of_the_edge_case_signatures_43_pass_strict_verification_and_1_with_a_checked_key() {
    let Ok(json) = std::fs::read(EDGE_CASES) else {
        eprintln!("skipped: the third-party vectors are not beside the project");
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&json).unwrap();
    assert_eq!(cases.len(), 914);
    let (mut n_strict, mut n_checked) = (0, 0);
    for case in &cases {
        let key: [u8; 32] = hex(&case["key"]).try_into().unwrap();
        let signature = Signature::from_slice(&hex(&case["sig"])).unwrap();
        let message = case["msg"].as_str().unwrap().as_bytes();
        let passes = |key: VerifyingKey| key.verify_strict(message, &signature).is_ok();
        n_strict += u32::from(VerifyingKey::from_bytes(&key).is_ok_and(passes));
        n_checked += u32::from(check_key(&key).is_ok_and(passes));
    }
    assert_eq!((n_strict, n_checked), (43, 1));
}

/// The same edge, computed here: the identity, a point of order 2, and a key with a torsion component are no keys.
#[test]
fn weak_and_mixed_order_keys_are_refused_at_load() {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    let good = StampSigner::new(KeyNo::new(1).unwrap(), &[7; 32]).public_bytes();
    assert!(check_key(&good).is_ok());
    for torsion in EIGHT_TORSION {
        assert!(check_key(torsion.compress().as_bytes()).is_err());
    }
    for torsion in &EIGHT_TORSION[1..] {
        assert!(check_key((ED25519_BASEPOINT_POINT + torsion).compress().as_bytes()).is_err());
    }
}

#[test]
fn a_stamp_of_another_issuer_is_refused_by_signature() {
    let (vectors, _, ring) = stamps();
    let other = Issuer::new("tem.example.com").unwrap();
    let digits = vectors["valid"][0]["digits"].as_str().unwrap();
    assert_eq!(ring.verify_stamp(&other, digits.as_bytes()).unwrap_err(), Rule::Signature);
}

#[test]
fn signing_is_deterministic_so_a_reprint_is_the_same_stamp() {
    let (_, issuer, _) = stamps();
    let signer = StampSigner::new(KeyNo::new(3).unwrap(), &[9; 32]);
    let sign = || {
        let (product_no, batch_no, serial) =
            (ProductNo::new(1).unwrap(), BatchNo::new(2).unwrap(), Serial::new(3).unwrap());
        signer.sign(&issuer, product_no, batch_no, serial, LastValidDay::NONE).to_digits()
    };
    assert_eq!(sign(), sign());
}
