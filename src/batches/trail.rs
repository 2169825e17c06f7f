//! What is done to batches, as entries of the audit trail: numbers, codes and reasons, never a person's data.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use serde_json::Value;

use crate::accounts::audit::{self, Act};
use crate::accounts::types::Actor;

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
    let thing = format!("batch {}", batch.batch_no);
    let producer_no = Some(batch.producer_no);
    audit::record(conn, Act { act, thing, producer_no, details, actor, at }).await
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
