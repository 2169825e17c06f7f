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

/// Adds an act that belongs into the batch's chain to the trail and to the ledger, inside the caller's transaction, which holds
/// the batch's row.
pub(super) async fn record_in_ledger(
    conn: &mut AsyncPgConnection,
    kind: Kind,
    batch: &Batch,
    actor: &Actor,
    at: DateTime<Utc>,
    details: Value,
) -> Result<()> {
    let entered = Entered { kind, batch: Some(batch.batch_no), public: details.clone() };
    audit::record_in_ledger(conn, act_on(name_of(kind), batch, actor, at, details), entered).await
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
        _ => "batch.changed",
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
