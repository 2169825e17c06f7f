//! Entries of the trail as values, and which of them a reader wants. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::accounts::types::{AccountId, ProducerNo, Role, TokenId};
use crate::clock::beginning_of;

/// Entries on one page.
pub(super) const ENTRIES_PER_PAGE: usize = 100;

/// One thing that someone did.
#[derive(Clone, Debug, PartialEq)]
pub struct TrailEntry {
    /// Its number; later ones are higher.
    pub entry_no: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// In which request; none at the command line.
    pub request_id: Option<String>,
    /// The person, by number and by the name they have today.
    pub person: Option<(AccountId, String)>,
    /// The program, by number and name.
    pub program: Option<(TokenId, String)>,
    /// As what.
    pub role: Option<Role>,
    /// For which producer, by number and by the name it has today.
    pub producer: Option<(ProducerNo, String)>,
    /// Room and verb.
    pub act: String,
    /// Kind and number.
    pub thing: String,
    /// Numbers, codes and reasons.
    pub details: Value,
}

impl TrailEntry {
    /// The details as one line: `count: 50, reason: lost`.
    pub fn details_line(&self) -> String {
        let Value::Object(details) = &self.details else { return self.details.to_string() };
        let parts = details.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {other}"),
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Which entries a reader wants. Every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub to: Option<NaiveDate>,
    /// Room and verb.
    pub act: Option<String>,
    /// What one person did.
    pub account_id: Option<AccountId>,
    /// What was done for one producer.
    pub producer_no: Option<ProducerNo>,
}

impl TrailFilter {
    /// The first instant that is wanted.
    pub(super) fn begins(&self) -> Option<DateTime<Utc>> {
        self.from.map(beginning_of)
    }

    /// The first instant that is no longer wanted.
    pub(super) fn ends(&self) -> Option<DateTime<Utc>> {
        self.to?.succ_opt().map(beginning_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_one_plain_line() {
        let entry = TrailEntry {
            entry_no: 1,
            at: DateTime::UNIX_EPOCH,
            request_id: None,
            person: None,
            program: None,
            role: Some(Role::Office),
            producer: None,
            act: "batch.opened".to_owned(),
            thing: "batch 12".to_owned(),
            details: serde_json::json!({"count": 50, "lot": "MD-01", "note": null}),
        };
        assert_eq!(entry.details_line(), "count: 50, lot: MD-01");
    }
}
