//! Actors, roles, reach, scopes and secrets as values. Pure: nothing here asks a database who someone is.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A token's number, which is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId(pub i32);

/// An account's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i32);

/// A session's number, which is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub i32);

/// A producer's number in the register: the organisation that accounts and tokens belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProducerNo(pub i32);

impl fmt::Display for ProducerNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The province's office: keeps the register.
    Office,
    /// A commune's officer: acts for its producers, with a trace.
    Officer,
    /// A member of one producer.
    Producer,
    /// Checks batches in markets.
    Inspector,
    /// Reads all, writes nothing.
    Auditor,
}

impl Role {
    /// Every role, in the order of forms and tables.
    pub const ALL: [Self; 5] = [Self::Office, Self::Officer, Self::Producer, Self::Inspector, Self::Auditor];

    /// The name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Officer => "officer",
            Self::Producer => "producer",
            Self::Inspector => "inspector",
            Self::Auditor => "auditor",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Whose things an actor may see or change. Every finder takes one: what lies outside is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every producer's.
    Everything,
    /// One producer's.
    Producer(ProducerNo),
    /// Those of the producers in the commune of this code today.
    Commune(String),
    /// Nobody's.
    Nothing,
}

/// What a token allows. An account's role allows what its tokens could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything the office does, but for scratch codes.
    Office,
    /// Reading products and batches.
    Read,
    /// Writing one's part of the register.
    RegisterWrite,
    /// Opening, closing and voiding.
    BatchesWrite,
    /// Ordering stamps.
    StampsMint,
    /// Scratch codes in print exports.
    ScratchRead,
}

impl Scope {
    /// Every scope, in the order of forms.
    pub const ALL: [Self; 6] =
        [Self::Office, Self::Read, Self::RegisterWrite, Self::BatchesWrite, Self::StampsMint, Self::ScratchRead];
    /// What a producer's token may have.
    pub const OF_PRODUCER: [Self; 5] =
        [Self::Read, Self::RegisterWrite, Self::BatchesWrite, Self::StampsMint, Self::ScratchRead];

    /// The name in the database and in errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Read => "read",
            Self::RegisterWrite => "register:write",
            Self::BatchesWrite => "batches:write",
            Self::StampsMint => "stamps:mint",
            Self::ScratchRead => "scratch:read",
        }
    }

    /// Reads the name; scopes of a later version are unknown and allow nothing.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// By what an actor is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The operator at the command line of the server.
    Operator,
    /// A person who signed in.
    Account(AccountId),
    /// A program with a token.
    Token(TokenId),
}

/// The session a page is shown in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub session_id: SessionId,
    /// The person's name, as pages greet.
    pub display_name: String,
    /// What every form of this session carries.
    pub form_token: FormToken,
}

/// Who does something: by what they are known, as what they act, and how far they reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// By what they are known.
    pub who: Who,
    /// As what they act.
    pub role: Role,
    /// The request they act in, 16 hex digits; none at the command line.
    pub request_id: Option<String>,
    /// The session, when a person acts on a page.
    pub session: Option<Session>,
    scopes: Vec<Scope>,
    home: Home,
}

/// Where a role's reach ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// The whole province.
    Province,
    /// One commune, by code.
    Commune(String),
    /// One producer.
    Producer(ProducerNo),
}

impl Actor {
    /// A program with a token, of the office or of one producer.
    pub fn with_token(token_id: TokenId, producer_no: Option<ProducerNo>, scopes: Vec<Scope>) -> Self {
        let (role, home) = match producer_no {
            None => (Role::Office, Home::Province),
            Some(producer_no) => (Role::Producer, Home::Producer(producer_no)),
        };
        Self { who: Who::Token(token_id), role, request_id: None, session: None, scopes, home }
    }

    /// A person.
    pub fn with_account(account_id: AccountId, role: Role, home: Home) -> Self {
        let scopes = match role {
            Role::Office => vec![Scope::Office, Scope::ScratchRead],
            Role::Officer | Role::Producer => Scope::OF_PRODUCER.to_vec(),
            Role::Inspector | Role::Auditor => vec![Scope::Read],
        };
        Self { who: Who::Account(account_id), role, request_id: None, session: None, scopes, home }
    }

    /// The operator at the command line of the server, who may do what the office may.
    pub fn operator() -> Self {
        Self {
            who: Who::Operator,
            role: Role::Office,
            request_id: None,
            session: None,
            scopes: vec![Scope::Office, Scope::ScratchRead],
            home: Home::Province,
        }
    }

    /// The same actor in this request.
    #[must_use]
    pub fn in_request(self, request_id: String) -> Self {
        Self { request_id: Some(request_id), ..self }
    }

    /// The same actor in this session.
    #[must_use]
    pub fn in_session(self, session: Session) -> Self {
        Self { session: Some(session), ..self }
    }

    /// Whether the scope is allowed. The office's covers every other but scratch codes.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || (scope != Scope::ScratchRead && self.scopes.contains(&Scope::Office))
    }

    /// Refuses an actor without the scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        match (self.has(scope), self.who) {
            (true, _) => Ok(()),
            (false, Who::Token(_)) => Err(Error::Forbidden(scope.as_str())),
            (false, _) => Err(Error::RoleForbidden),
        }
    }

    /// Whose things they may see.
    pub fn reads(&self) -> Reach {
        match &self.home {
            Home::Province => Reach::Everything,
            Home::Commune(code) => Reach::Commune(code.clone()),
            Home::Producer(producer_no) => Reach::Producer(*producer_no),
        }
    }

    /// Whose things they may change.
    pub fn writes(&self) -> Reach {
        match self.role {
            Role::Office | Role::Officer | Role::Producer => self.reads(),
            Role::Inspector | Role::Auditor => Reach::Nothing,
        }
    }

    /// The one producer they belong to, if any.
    pub const fn producer_no(&self) -> Option<ProducerNo> {
        match self.home {
            Home::Producer(producer_no) => Some(producer_no),
            Home::Province | Home::Commune(_) => None,
        }
    }

    /// The account, when a person acts.
    pub const fn account_id(&self) -> Option<AccountId> {
        match self.who {
            Who::Account(id) => Some(id),
            Who::Operator | Who::Token(_) => None,
        }
    }

    /// The token, when a program acts.
    pub const fn token_id(&self) -> Option<TokenId> {
        match self.who {
            Who::Token(id) => Some(id),
            Who::Operator | Who::Account(_) => None,
        }
    }
}

/// 256 random bits in clear text: shown once, then only their hash is kept. Never shown by `Debug`.
pub struct PlainSecret(String);

/// What every token starts with, so that a leaked one is recognised for what it is.
const TOKEN_PREFIX: &str = "nguon_";

impl PlainSecret {
    /// An access token for a program.
    pub fn token() -> Result<Self> {
        Ok(Self(format!("{TOKEN_PREFIX}{}", random_text()?)))
    }

    /// A session's or a one-time link's secret.
    pub fn plain() -> Result<Self> {
        Ok(Self(random_text()?))
    }

    /// Takes what a caller sent.
    pub fn received(text: String) -> Self {
        Self(text)
    }

    /// What is stored: SHA-256 suffices for 256 random bits.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The text to show once, or to set as a cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What every form shown under this secret carries, and no other can.
    pub fn form_token(&self) -> FormToken {
        // HMAC takes a key of any length.
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .map(|mac| mac.chain_update(b"nguon form"))
            .map(|mac| mac.finalize().into_bytes().to_vec());
        FormToken(URL_SAFE_NO_PAD.encode(mac.unwrap_or_default()))
    }
}

fn random_text() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(..)")
    }
}

/// What ties a form to the session, or to the visit, it was shown in.
#[derive(Clone, PartialEq, Eq)]
pub struct FormToken(String);

impl FormToken {
    /// The value of the hidden field.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form carried this very token; takes the same time wherever they differ.
    pub fn matches(&self, given: &str) -> bool {
        Sha256::digest(&self.0) == Sha256::digest(given) && !self.0.is_empty()
    }
}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(role: Role, home: Home) -> Actor {
        Actor::with_account(AccountId(1), role, home)
    }

    #[test]
    fn inspectors_and_auditors_read_everything_and_write_nothing() {
        for role in [Role::Inspector, Role::Auditor] {
            let actor = person(role, Home::Province);
            assert_eq!((actor.reads(), actor.writes()), (Reach::Everything, Reach::Nothing));
            assert!(!actor.has(Scope::BatchesWrite) && !actor.has(Scope::StampsMint) && !actor.has(Scope::Office));
        }
    }

    #[test]
    fn a_producer_and_an_officer_reach_no_further_than_home() {
        let producer = person(Role::Producer, Home::Producer(ProducerNo(7)));
        assert_eq!(producer.writes(), Reach::Producer(ProducerNo(7)));
        let officer = person(Role::Officer, Home::Commune("01843".into()));
        assert_eq!(officer.writes(), Reach::Commune("01843".into()));
        assert!(officer.require(Scope::Office).is_err());
    }

    #[test]
    fn the_offices_scope_covers_all_but_scratch_codes() {
        let token = Actor::with_token(TokenId(1), None, vec![Scope::Office]);
        assert!(token.has(Scope::StampsMint) && token.has(Scope::Read));
        assert!(!token.has(Scope::ScratchRead));
    }

    #[test]
    fn a_form_token_belongs_to_its_secret_alone() {
        let (one, two) = (PlainSecret::plain().unwrap(), PlainSecret::plain().unwrap());
        assert!(one.form_token().matches(one.form_token().as_str()));
        assert!(!one.form_token().matches(two.form_token().as_str()));
        assert!(!one.form_token().matches(""));
    }

    #[test]
    fn every_role_and_scope_is_read_back_from_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
    }
}
