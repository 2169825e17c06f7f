//! Runs with who ordered them, as values. Pure.

use crate::accounts::types::Role;
use crate::batches::types::MintRun;

/// Who did something, as pages name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doer {
    /// A person.
    Person {
        /// As they are called.
        name: String,
        /// What they are here.
        role: Role,
    },
    /// A program, by its token's name.
    Program(String),
    /// The operator at the command line.
    Operator,
}

impl Doer {
    /// Reads the joined columns: name and role of an account, or the name of a token.
    pub(crate) fn from_columns(account: Option<(String, String)>, token: Option<String>) -> Self {
        let person = account.and_then(|(name, role)| Some(Self::Person { name, role: Role::parse(&role)? }));
        person.or_else(|| token.map(Self::Program)).unwrap_or(Self::Operator)
    }
}

/// A run as the batch's page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLine {
    /// The run.
    pub run: MintRun,
    /// Who ordered it.
    pub by: Doer,
}
