//! The JSON Web Key Set of the issuer (RFC 7517, RFC 8037), read by offline verifiers and written for them.
//! Private keys have no place in these types.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::stamp::KeyNo;

use super::{KeyStatus, Keyring, PublicKey, check_key};

/// A key set document.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwks {
    /// The keys, by number.
    pub keys: Vec<Jwk>,
}

/// One Ed25519 public key of the issuer.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    pub kty: String,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// Always `sig`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Always `Ed25519` (RFC 9864).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The public key, base64url without padding.
    pub x: String,
    /// RFC 7638 thumbprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The number in stamps, 1 to 4095.
    pub stamp_kid: u16,
    /// Signing starts, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Signing ends, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// `active`, `retired` or `compromised`; absent means active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Why a key set cannot be used. One bad key refuses the whole file: half a key set gives wrong answers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// Not a JSON key set.
    #[error("not a JSON Web Key Set: {0}")]
    Json(String),
    /// A key that no stamp can name.
    #[error("key {0}: stamp_kid must be 1 to 4095 and appear once")]
    KeyNo(u16),
    /// Another kind of key.
    #[error("key {0}: kty must be OKP and crv Ed25519")]
    Kind(u16),
    /// A weak, mixed-order or misspelt public key.
    #[error("key {0}: x is no sound Ed25519 public key")]
    Weak(u16),
    /// A state that this version does not know.
    #[error("key {0}: status must be active, retired or compromised")]
    Status(u16),
}

impl Jwks {
    /// Parses a document.
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        serde_json::from_slice(json).map_err(|err| JwksError::Json(err.to_string()))
    }

    /// Checks every key and takes them into a ring.
    pub fn to_keyring(&self) -> Result<Keyring, JwksError> {
        let keys = self.keys.iter().map(Jwk::to_public_key).collect::<Result<Vec<_>, _>>()?;
        let ring: Keyring = keys.iter().cloned().collect();
        if ring.iter().count() != keys.len() {
            let twice = keys.iter().find(|key| 1 < keys.iter().filter(|other| other.key_no == key.key_no).count());
            return Err(JwksError::KeyNo(twice.map_or(0, |key| key.key_no.get())));
        }
        Ok(ring)
    }
}

impl Jwk {
    fn to_public_key(&self) -> Result<PublicKey, JwksError> {
        let n = self.stamp_kid;
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(JwksError::Kind(n));
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.x).map_err(|_| JwksError::Weak(n))?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| JwksError::Weak(n))?;
        let status = match &self.status {
            None => KeyStatus::Active,
            Some(name) => KeyStatus::parse(name).ok_or(JwksError::Status(n))?,
        };
        let time = |seconds: Option<i64>| seconds.and_then(|s| DateTime::from_timestamp(s, 0));
        Ok(PublicKey {
            key_no: KeyNo::new(n).map_err(|_| JwksError::KeyNo(n))?,
            verifying: check_key(&bytes).map_err(|_| JwksError::Weak(n))?,
            status,
            not_before: time(self.nbf),
            not_after: time(self.exp),
        })
    }
}

impl From<&Keyring> for Jwks {
    fn from(ring: &Keyring) -> Self {
        Self { keys: ring.iter().map(Jwk::from).collect() }
    }
}

impl From<&PublicKey> for Jwk {
    fn from(key: &PublicKey) -> Self {
        let x = URL_SAFE_NO_PAD.encode(key.verifying.as_bytes());
        Self {
            kid: Some(thumbprint(&x)),
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            usage: Some("sig".to_owned()),
            alg: Some("Ed25519".to_owned()),
            x,
            stamp_kid: key.key_no.get(),
            nbf: key.not_before.map(|t| t.timestamp()),
            exp: key.not_after.map(|t| t.timestamp()),
            status: Some(key.status.as_str().to_owned()),
        }
    }
}

/// RFC 7638: SHA-256 over the required members in lexical order.
fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "ZVZcoQF3Kx2QOYuKXKDy_m9VevfSRYK2VLSdfcJtUlw";

    #[track_caller]
    fn check(json: &str, expected: &JwksError) {
        assert_eq!(&Jwks::parse(json.as_bytes()).unwrap().to_keyring().unwrap_err(), expected);
    }

    #[test]
    fn the_thumbprint_follows_rfc_7638() {
        assert_eq!(thumbprint(X), "H9HDBdbj9SEReClEcWeOjvkqK3RQfOXQTN_GiKUZ_TU");
    }

    #[test]
    fn an_absent_status_is_active_and_dates_do_not_matter() {
        let json = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}","stamp_kid":1,"exp":1}}]}}"#);
        let ring = Jwks::parse(json.as_bytes()).unwrap().to_keyring().unwrap();
        assert_eq!(ring.find(KeyNo::new(1).unwrap()).unwrap().status, KeyStatus::Active);
    }

    #[test]
    fn one_bad_key_refuses_the_whole_set() {
        let key =
            |x: &str, n: u16, more: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","stamp_kid":{n}{more}}}"#);
        let good = key(X, 1, "");
        check(&format!(r#"{{"keys":[{good},{good}]}}"#), &JwksError::KeyNo(1));
        check(&format!(r#"{{"keys":[{}]}}"#, key(X, 0, "")), &JwksError::KeyNo(0));
        check(&format!(r#"{{"keys":[{good},{}]}}"#, key(X, 2, r#","status":"lost""#)), &JwksError::Status(2));
        let identity = URL_SAFE_NO_PAD
            .encode([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        check(&format!(r#"{{"keys":[{good},{}]}}"#, key(&identity, 2, "")), &JwksError::Weak(2));
        check(r#"{"keys":[{"kty":"RSA","crv":"","x":"","stamp_kid":3}]}"#, &JwksError::Kind(3));
    }
}
