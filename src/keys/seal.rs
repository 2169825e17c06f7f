//! Seals private keys with a secret that lies outside the database, so that a stolen backup signs nothing.
//! The secret's file is readable by its owner alone; the secret is never shown.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Bytes of the nonce that stands before each sealed key.
const NONCE_BYTES: usize = 24;
/// The file holds 43 characters and a line end; anything much longer is another file.
const MAX_FILE_BYTES: u64 = 128;
/// Group and others.
const OTHERS: u32 = 0o077;

/// Why a secret file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Others may read it.
    #[error("the secret file is readable by others; run: chmod 600 FILE")]
    TooOpen,
    /// Not a secret.
    #[error("the secret file does not hold a secret; restore it from where it is kept off this machine")]
    Malformed,
}

/// 32 random bytes. Never shown by `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Reads the file; refuses one that others may read.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(Error::file(path))?;
        let metadata = file.metadata().map_err(Error::file(path))?;
        if metadata.permissions().mode() & OTHERS != 0 {
            return Err(refused(SecretError::TooOpen, path));
        }
        let mut text = Zeroizing::new(String::new());
        Read::by_ref(&mut file).take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(Error::file(path))?;
        let bytes = STANDARD_NO_PAD.decode(text.trim()).map_err(|_| refused(SecretError::Malformed, path))?;
        let bytes = bytes.try_into().map_err(|_| refused(SecretError::Malformed, path))?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Makes a new secret and its file, mode 0600; an existing file is never overwritten.
    pub fn create(path: &Path) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(Error::internal)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(Error::file(path))?;
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(bytes.as_ref()));
        writeln!(file, "{}", text.as_str()).and_then(|()| file.sync_all()).map_err(Error::file(path))?;
        Ok(Self(bytes))
    }

    /// Seals `plain` for one place: it opens under the same `place` only.
    pub(super) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::internal("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what `seal` made; none when the secret, the place or the bytes differ.
    pub(super) fn open(&self, place: &str, sealed: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: body, aad: place.as_bytes() };
        let plain = Zeroizing::new(self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()?);
        Some(Zeroizing::new(plain.as_slice().try_into().ok()?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key: &[u8; 32] = &self.0;
        XChaCha20Poly1305::new(key.into())
    }
}

fn refused(err: SecretError, path: &Path) -> Error {
    let path = path.display();
    let vi = match err {
        SecretError::TooOpen => format!("Tệp bí mật {path} đang cho người khác đọc; xin chạy: chmod 600 {path}"),
        SecretError::Malformed => {
            format!("Tệp {path} không phải tệp bí mật; xin khôi phục từ nơi cất giữ ngoài máy này.")
        }
    };
    Error::refused("secret-file", vi, format!("{path}: {err}"))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(dir: &tempfile::TempDir) -> Secret {
        Secret::create(&dir.path().join("secret")).unwrap()
    }

    #[test]
    fn a_sealed_key_opens_in_its_own_place_only() {
        let dir = tempfile::tempdir().unwrap();
        let secret = secret(&dir);
        let sealed = secret.seal("stamp/1", &[9; 32]).unwrap();
        assert_eq!(secret.open("stamp/1", &sealed).as_deref(), Some(&[9; 32]));
        assert!(secret.open("stamp/2", &sealed).is_none());
        assert!(Secret::create(&dir.path().join("other")).unwrap().open("stamp/1", &sealed).is_none());
    }

    #[test]
    fn a_secret_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        Secret::create(&path).unwrap();
        assert!(Secret::read(&path).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(Secret::read(&path).unwrap_err().code(), "secret-file");
    }

    #[test]
    fn an_existing_secret_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        secret(&dir);
        assert!(Secret::create(&dir.path().join("secret")).is_err());
    }

    #[test]
    fn the_secret_is_not_in_its_debug_text() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(format!("{:?}", secret(&dir)), "Secret(..)");
    }
}
