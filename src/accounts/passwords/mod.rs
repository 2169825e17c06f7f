//! Passwords: hashed slowly, off the web workers, and only so many at a time. A password's text goes no further than here, and a
//! sign-in that cannot succeed takes as long as one that can.

pub(super) mod policy;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::http::kept_text;

/// Memory of one hash, KiB: the first of the settings that OWASP's Password Storage Cheat Sheet calls equal (19 MiB, two passes,
/// one lane). A graphics card is short of memory before it is short of arithmetic.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory (OWASP, as above).
const PASSES: u32 = 2;
/// Lanes: one, since a lane more would take a second core from the scans.
const LANES: u32 = 1;
/// Hashes at the same time: bounds their memory to 38 MiB and leaves the other cores to scans.
const PLACES: usize = 2;
/// How long a sign-in waits for a place before it is asked to come again.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(10);

static FREE_PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(PLACES)));
/// What is checked when there is no password to check: costs the same, and no password fits it.
static NO_PASSWORD: LazyLock<String> = LazyLock::new(|| {
    let salt = "a2hvbmcgbWF0IGtoYXUhIQ";
    let hash = "A".repeat(43);
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")
});

/// What someone typed as their password: composed and without blanks around it, as every text of a form. Never shown by `Debug`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what a person typed.
    pub fn received(typed: &str) -> Self {
        Self(Zeroizing::new(kept_text(typed)))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Another password, or none to compare with.
    Wrong,
    /// The right one.
    Right,
    /// The right one, under parameters that have since been raised: it should be hashed anew.
    RightButWeak,
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|err| Error::internal(err.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password into a PHC string.
pub(super) async fn hash(password: Password) -> Result<String> {
    in_a_place(move || hash_now(&password)).await
}

fn hash_now(password: &Password) -> Result<String> {
    let hash = hasher()?.hash_password(password.reveal().as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|err| Error::internal(err.to_string()))
}

/// Hashes a password that passes an examination, which is slow as well.
pub(super) async fn hash_if(
    password: Password,
    examine: impl FnOnce(&str) -> Result<()> + Send + 'static,
) -> Result<String> {
    in_a_place(move || {
        examine(password.reveal())?;
        hash_now(&password)
    })
    .await
}

/// Compares a password with a stored hash; without one it works as long and finds nothing.
pub(super) async fn check(password: Password, stored: Option<String>) -> Result<Check> {
    in_a_place(move || {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NO_PASSWORD.clone());
        let hash = PasswordHash::new(&stored).map_err(|err| Error::internal(err.to_string()))?;
        let fits = hasher()?.verify_password(password.reveal().as_bytes(), &hash).is_ok();
        Ok(match (fits && is_known, is_weak(&hash)) {
            (false, _) => Check::Wrong,
            (true, false) => Check::Right,
            (true, true) => Check::RightButWeak,
        })
    })
    .await
}

fn is_weak(hash: &PasswordHash) -> bool {
    Params::try_from(hash).map_or(true, |params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES)
}

/// Runs slow arithmetic off the web workers. The place is held until it is done, even when nobody waits for it any more.
async fn in_a_place<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let waiting = tokio::time::timeout(WAIT_FOR_PLACE, Arc::clone(&FREE_PLACES).acquire_owned());
    let place =
        waiting.await.map_err(|_| Error::Busy("too many passwords at once".into()))?.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::received(text)
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone_and_each_hash_has_its_own_salt() {
        let stored = hash(password("con trâu đi cày")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(check(password("con trâu đi cày"), Some(stored.clone())).await.unwrap(), Check::Right);
        assert_eq!(check(password("con trau di cay"), Some(stored.clone())).await.unwrap(), Check::Wrong);
        assert_ne!(hash(password("con trâu đi cày")).await.unwrap(), stored);
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_its_letters_are_composed() {
        let stored = hash(password("mie\u{302}\u{301}n dong xanh")).await.unwrap();
        assert_eq!(check(password(" miến dong xanh "), Some(stored)).await.unwrap(), Check::Right);
    }

    #[tokio::test]
    async fn nothing_fits_where_there_is_no_password_and_the_work_is_the_same() {
        assert_eq!(check(password(""), None).await.unwrap(), Check::Wrong);
        let stored = hash(password("x")).await.unwrap();
        let costs = |phc: &str| Params::try_from(&PasswordHash::new(phc).unwrap()).unwrap();
        let (of_none, of_some) = (costs(&NO_PASSWORD), costs(&stored));
        assert_eq!(
            (of_none.m_cost(), of_none.t_cost(), of_none.p_cost()),
            (of_some.m_cost(), of_some.t_cost(), of_some.p_cost())
        );
        assert_eq!(of_none.output_len(), of_some.output_len());
    }

    #[tokio::test]
    async fn a_hash_under_lower_parameters_is_right_but_to_be_made_anew() {
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(b"con trau di cay").unwrap();
        let found = check(password("con trau di cay"), Some(weak.to_string())).await.unwrap();
        assert_eq!(found, Check::RightButWeak);
    }

    #[test]
    fn a_password_is_not_in_its_debug_text() {
        assert_eq!(format!("{:?}", password("bí mật")), "Password(..)");
    }
}
