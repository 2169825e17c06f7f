//! A program's access as a value. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::types::{ProducerNo, Scope, TokenId};
use crate::error::{Error, Result};

/// Longest name of a token, characters.
const MAX_NAME_CHARS: usize = 100;

/// A token as someone wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOrder {
    pub(super) name: String,
    pub(super) producer_no: Option<ProducerNo>,
    pub(super) scopes: Vec<Scope>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl TokenOrder {
    /// Checks what was asked for: a producer's token never reaches further than a producer.
    pub fn new(
        name: &str,
        producer_no: Option<ProducerNo>,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<Self> {
        let name = name.trim().to_owned();
        if name.is_empty() || MAX_NAME_CHARS < name.chars().count() {
            return Err(Error::invalid(
                "name",
                "Tên mã truy cập dài 1 đến 100 ký tự.",
                "a token's name has 1 to 100 characters",
            ));
        }
        if producer_no.is_some() && scopes.iter().any(|scope| !Scope::OF_PRODUCER.contains(scope)) {
            return Err(Error::invalid(
                "scopes",
                "Mã truy cập của chủ thể không được có quyền của văn phòng.",
                "a producer's token cannot have the office's scope",
            ));
        }
        Ok(Self { name, producer_no, scopes: scopes.to_vec(), expires_at })
    }
}

/// Whether a token opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStanding {
    /// It does.
    Good,
    /// Its last day is over.
    Expired,
    /// It was ended.
    Revoked,
}

/// A token as lists show it: never its text, which nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub token_id: TokenId,
    /// What it is for.
    pub name: String,
    /// Whose it is; none for the office's own.
    pub producer: Option<(ProducerNo, String)>,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it opens nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Token {
    /// How it stands at this instant.
    pub fn standing(&self, now: DateTime<Utc>) -> TokenStanding {
        if self.revoked_at.is_some() {
            TokenStanding::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            TokenStanding::Expired
        } else {
            TokenStanding::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producers_token_never_gets_the_offices_scope() {
        let order = |producer_no, scopes: &[Scope]| TokenOrder::new("t", producer_no, scopes, None);
        assert_eq!(order(Some(ProducerNo(1)), &[Scope::Read, Scope::Office]).unwrap_err().code(), "invalid");
        assert!(order(Some(ProducerNo(1)), &Scope::OF_PRODUCER).is_ok());
        assert!(order(None, &Scope::ALL).is_ok());
    }

    #[test]
    fn a_name_has_1_to_100_characters() {
        for (name, good) in
            [("", false), ("  ", false), ("x", true), (&"ộ".repeat(100), true), (&"x".repeat(101), false)]
        {
            assert_eq!(TokenOrder::new(name, None, &[], None).is_ok(), good, "{name}");
        }
    }
}
