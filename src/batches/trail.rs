//! What is done to batches, as entries of the audit trail: numbers, codes and reasons, never a person's data.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use serde_json::Value;

use crate::accounts::audit::{self, Act, Entered};
use crate::accounts::types::Actor;
use crate::error::Result;
use crate::ledger::Kind;

use super::types::Batch;

/// Adds an act on a batch to the trail, inside the caller's transaction.
pub(super) async fn record(
    conn: &mut AsyncPgConnection,
    act: &'static str,
    batch: &Batch,
    actor: &Actor,
    at: DateTime<Utc>,
    details: Value,
) -> QueryResult<()> {
    audit::record(conn, act_on(act, batch, actor, at, details)).await
}

/// What is told of an act that the ledger keeps. The trail gets all of it.
pub(super) struct Facts {
    /// Numbers, codes and days: the ledger shows them to anyone, for ever.
    public: Value,
    /// Words that someone typed: beside the ledger, which holds only their hash, so that they can be erased.
    private: Option<Value>,
}

impl Facts {
    /// Facts without words.
    pub(super) const fn public(public: Value) -> Self {
        Self { public, private: None }
    }

    /// Facts and the words that go with them.
    pub(super) const fn with_private(public: Value, private: Value) -> Self {
        Self { public, private: Some(private) }
    }

    /// Everything, for the trail.
    fn details(&self) -> Value {
        let members = [Some(&self.public), self.private.as_ref()].into_iter().flatten().filter_map(Value::as_object);
        Value::Object(members.flatten().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

/// Adds an act that belongs into the batch's chain to the trail and to the ledger, inside the caller's transaction, which holds
/// the batch's row.
pub(super) async fn record_in_ledger(
    conn: &mut AsyncPgConnection,
    kind: Kind,
    batch: &Batch,
    actor: &Actor,
    at: DateTime<Utc>,
    facts: Facts,
) -> Result<()> {
    let act = act_on(name_of(kind), batch, actor, at, facts.details());
    let Facts { public, private } = facts;
    audit::record_in_ledger(conn, act, Entered { kind, batch: Some(batch.batch_no), public, private }).await
}

fn act_on<'a>(act: &'static str, batch: &Batch, actor: &'a Actor, at: DateTime<Utc>, details: Value) -> Act<'a> {
    Act { act, thing: format!("batch {}", batch.batch_no), producer_no: Some(batch.producer_no), details, actor, at }
}

/// What the trail calls an entry of a batch's chain.
const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::BatchOpened => "batch.opened",
        Kind::BatchClosed => "batch.closed",
        Kind::RunMinted => "stamps.minted",
        Kind::RangeVoided => "stamps.voided",
        Kind::Suspended => "batch.suspended",
        Kind::Resumed => "batch.resumed",
        Kind::Recalled => "batch.recalled",
        Kind::Recognised
        | Kind::RecognitionChanged
        | Kind::RecognitionRevoked
        | Kind::Event
        | Kind::Correction
        | Kind::Inspection
        | Kind::KeyAdded
        | Kind::KeyRetired
        | Kind::KeyCompromised
        | Kind::Manifest
        | Kind::Imported
        | Kind::Erasure => "batch.changed",
    }
}

/// Adds a change of the policy of quotas to the trail.
pub(super) async fn record_policy(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    at: DateTime<Utc>,
    details: Value,
) -> QueryResult<()> {
    let act = Act { act: "quota.policy_set", thing: "quota policy".to_owned(), producer_no: None, details, actor, at };
    audit::record(conn, act).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_trail_gets_the_public_facts_and_the_words() {
        let facts = Facts::with_private(json!({ "was": "normal" }), json!({ "reason": "mốc" }));
        assert_eq!(facts.details(), json!({ "was": "normal", "reason": "mốc" }));
        assert_eq!(Facts::public(json!({ "first": 1 })).details(), json!({ "first": 1 }));
    }
}
