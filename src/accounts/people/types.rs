//! A person's account as a value. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::types::{AccountId, Actor, Home, ProducerNo, Role};
use crate::error::{Error, Result};

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

/// An account with the name of where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account: Account,
    /// The producer's or the commune's name, for roles that belong to one.
    pub place: Option<String>,
}

/// Whether someone can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonStanding {
    /// They can.
    Active,
    /// They have not chosen a password yet.
    Invited,
    /// The office has closed the door.
    Disabled,
}

impl PersonStanding {
    /// Every standing, in the order of forms.
    pub const ALL: [Self; 3] = [Self::Active, Self::Invited, Self::Disabled];

    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == name)
    }
}

/// Whom a list of people shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Part of a name, or a whole login.
    pub text: Option<String>,
    /// Of one role.
    pub role: Option<Role>,
    /// Of one standing.
    pub standing: Option<PersonStanding>,
    /// Of one producer.
    pub producer_no: Option<ProducerNo>,
}

/// An account as someone wants it to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonDraft {
    /// By what they sign in.
    pub login: Login,
    /// Their name.
    pub display_name: String,
    /// What they are here, and where.
    pub role: Role,
    /// Where their reach ends; belongs to the role.
    pub home: Home,
}

/// Longest name of a person, characters.
pub(in crate::accounts) const MAX_NAME_CHARS: usize = 100;

impl PersonDraft {
    /// Checks what was typed.
    pub fn new(
        login: &str,
        display_name: &str,
        role: Role,
        producer_no: Option<ProducerNo>,
        commune_code: Option<&str>,
    ) -> Result<Self> {
        let display_name = display_name.trim().to_owned();
        if display_name.is_empty() || MAX_NAME_CHARS < display_name.chars().count() {
            return Err(Error::invalid(
                "name",
                "Xin điền họ và tên, dài nhất 100 ký tự.",
                "enter a name of 1 to 100 characters",
            ));
        }
        let home = home_of(role, producer_no.map(|no| no.0), commune_code.map(str::to_owned));
        let home = home.ok_or_else(|| match role {
            Role::Officer => {
                Error::invalid("commune", "Cán bộ xã cần chọn một xã.", "a commune officer needs a commune")
            }
            _ => Error::invalid(
                "producer",
                "Người của chủ thể cần chọn một chủ thể.",
                "a producer's account needs a producer",
            ),
        })?;
        Ok(Self { login: Login::new(login)?, display_name, role, home })
    }
}

impl Account {
    /// Whether they can sign in.
    pub const fn standing(&self) -> PersonStanding {
        match (self.disabled_at, self.has_password) {
            (Some(_), _) => PersonStanding::Disabled,
            (None, true) => PersonStanding::Active,
            (None, false) => PersonStanding::Invited,
        }
    }

    /// The producer they are a member of.
    pub const fn producer_no(&self) -> Option<ProducerNo> {
        match self.home {
            Home::Producer(producer_no) => Some(producer_no),
            Home::Province | Home::Commune(_) => None,
        }
    }

    /// The commune they act for, by code.
    pub fn commune_code(&self) -> Option<&str> {
        match &self.home {
            Home::Commune(code) => Some(code),
            Home::Province | Home::Producer(_) => None,
        }
    }

    /// This person, acting in a request.
    pub(in crate::accounts) fn actor(&self, request_id: Option<String>) -> Actor {
        let actor = Actor::with_account(self.account_id, self.role, self.home.clone());
        match request_id {
            Some(request_id) => actor.in_request(request_id),
            None => actor,
        }
    }
}

/// Where a role belongs; none when the role asks for a producer or a commune that is not given.
pub(in crate::accounts) fn home_of(role: Role, producer_no: Option<i32>, commune_code: Option<String>) -> Option<Home> {
    match role {
        Role::Office | Role::Inspector | Role::Auditor => Some(Home::Province),
        Role::Officer => commune_code.map(Home::Commune),
        Role::Producer => producer_no.map(|no| Home::Producer(ProducerNo(no))),
    }
}
