//! An actor as the ledger names them: role and number, never a name.

use crate::ledger::Author;

use super::types::{Actor, Who};

/// Who made an entry. The operator at the command line has no account.
pub(crate) fn author_of(actor: &Actor) -> Author {
    match actor.who {
        Who::Operator => Author::OPERATOR,
        Who::Account(id) => Author { role: actor.role.as_str(), account: Some(id.0), token: None },
        Who::Token(id) => Author { role: actor.role.as_str(), account: None, token: Some(id.0) },
    }
}
