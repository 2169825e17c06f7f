//! Actors, scopes and tokens as values. Pure: nothing here asks a database who someone is.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A token's number, which is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId(pub i32);

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything the office does.
    Office,
    /// Scratch codes in print exports.
    ScratchRead,
}

impl Scope {
    /// The name in the database and in errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::ScratchRead => "scratch:read",
        }
    }

    /// Reads the name; scopes of a later version are unknown and allow nothing.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Office, Self::ScratchRead].into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The token, or none for the operator at the command line.
    pub token_id: Option<TokenId>,
    scopes: Vec<Scope>,
}

impl Actor {
    /// Someone with a token.
    pub fn with_token(token_id: TokenId, scopes: Vec<Scope>) -> Self {
        Self { token_id: Some(token_id), scopes }
    }

    /// The operator at the command line of the server, who may do what the office may.
    pub fn operator() -> Self {
        Self { token_id: None, scopes: vec![Scope::Office, Scope::ScratchRead] }
    }

    /// Refuses an actor without the scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) { Ok(()) } else { Err(Error::Forbidden(scope.as_str())) }
    }
}

/// A token in clear text: shown once, then only its hash is kept. Never shown by `Debug`.
pub struct PlainToken(String);

/// What every token starts with, so that a leaked one is recognised for what it is.
const PREFIX: &str = "nguon_";

impl PlainToken {
    /// Makes one of 256 random bits.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Takes what a caller sent.
    pub fn received(text: String) -> Self {
        Self(text)
    }

    /// What is stored: SHA-256 suffices for 256 random bits.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The text to show once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(..)")
    }
}
