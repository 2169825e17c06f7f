//! A person's account as a value. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::types::{AccountId, Home, ProducerNo, Role};

use super::login::Login;

/// Someone who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub account_id: AccountId,
    /// By what they sign in.
    pub login: Login,
    /// As pages greet them.
    pub display_name: String,
    /// What they are here.
    pub role: Role,
    /// Where their reach ends.
    pub home: Home,
    /// Whether they have chosen a password yet.
    pub has_password: bool,
    /// Since when there is an account.
    pub created_at: DateTime<Utc>,
    /// Since when it opens nothing.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Counts changes.
    pub version: i32,
}

/// Where a role belongs; none when the role asks for a producer or a commune that is not given.
pub(in crate::accounts) fn home_of(role: Role, producer_no: Option<i32>, commune_code: Option<String>) -> Option<Home> {
    match role {
        Role::Office | Role::Inspector | Role::Auditor => Some(Home::Province),
        Role::Officer => commune_code.map(Home::Commune),
        Role::Producer => producer_no.map(|no| Home::Producer(ProducerNo(no))),
    }
}
