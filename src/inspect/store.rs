//! Queries for look-ups: batches by lot, contacts that offices may see, proposals, and what a session remembers. No transaction,
//! no clock, no HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Jsonb, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::db::schema::{batches, producer_contacts, producers, products, sessions, suspension_proposals};
use crate::stamp::BatchNo;

use super::types::{Choice, Contact, MAX_RECENT, Proposal, Recent};

diesel::define_sql_function! {
    /// Capital letters alone.
    fn upper(text: Text) -> Text;
}

/// Batches that one text may mean; more are no choice any more.
const MAX_CHOICES: i64 = 50;
/// Proposals shown of a batch or of a person.
const MAX_PROPOSALS: i64 = 20;

/// Batches of this number or this lot, in any case of letters; the newest first.
pub(super) async fn choices(
    conn: &mut AsyncPgConnection,
    batch_no: Option<BatchNo>,
    lot: Option<&str>,
) -> QueryResult<Vec<Choice>> {
    type Row = (i32, String, String, String, NaiveDate, String);
    let mut query = batches::table
        .inner_join(products::table.inner_join(producers::table))
        .select((
            batches::batch_no,
            batches::lot,
            products::name,
            producers::name,
            batches::packed_on,
            batches::standing,
        ))
        .order(batches::batch_no.desc())
        .limit(MAX_CHOICES)
        .into_boxed();
    let by_number = batch_no.map(|batch_no| batches::batch_no.eq(batch_no.to_i32()));
    let by_lot = lot.map(|lot| upper(batches::lot).eq(upper(lot.to_owned())));
    query = match (by_number, by_lot) {
        (Some(by_number), Some(by_lot)) => query.filter(by_number.or(by_lot)),
        (Some(by_number), None) => query.filter(by_number),
        (None, Some(by_lot)) => query.filter(by_lot),
        (None, None) => return Ok(Vec::new()),
    };
    let rows: Vec<Row> = query.load(conn).await?;
    let to_choice = |(batch_no, lot, product, producer, packed_on, standing)| Choice {
        batch_no,
        lot,
        product,
        producer,
        packed_on,
        standing,
    };
    Ok(rows.into_iter().map(to_choice).collect())
}

/// What offices may know of how to reach a producer.
pub(super) async fn contacts(conn: &mut AsyncPgConnection, producer_no: i32) -> QueryResult<Vec<Contact>> {
    let rows: Vec<(String, String)> = producer_contacts::table
        .filter(producer_contacts::producer_no.eq(producer_no))
        .filter(producer_contacts::visibility.eq_any(["public", "offices"]))
        .select((producer_contacts::kind, producer_contacts::value))
        .order(producer_contacts::contact_id)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(kind, value)| Contact { kind, value }).collect())
}

type ProposalRow = (i32, i32, String, String, Option<i32>, String, DateTime<Utc>, String, Option<String>);

fn to_proposal(
    (proposal_no, batch_no, lot, product, serial, reason, proposed_at, state, note): ProposalRow,
) -> Proposal {
    Proposal { proposal_no, batch_no, lot, product, serial, reason, proposed_at, state, note }
}

/// Whose or of what proposals are wanted.
#[derive(Clone, Copy)]
pub(super) enum ProposalsOf {
    Batch(BatchNo),
    Account(i32),
}

/// The newest first.
pub(super) async fn proposals(conn: &mut AsyncPgConnection, of: ProposalsOf) -> QueryResult<Vec<Proposal>> {
    let mut query = suspension_proposals::table
        .inner_join(batches::table.inner_join(products::table))
        .select((
            suspension_proposals::proposal_no,
            suspension_proposals::batch_no,
            batches::lot,
            products::name,
            suspension_proposals::serial,
            suspension_proposals::reason,
            suspension_proposals::proposed_at,
            suspension_proposals::state,
            suspension_proposals::note,
        ))
        .order(suspension_proposals::proposal_no.desc())
        .limit(MAX_PROPOSALS)
        .into_boxed();
    query = match of {
        ProposalsOf::Batch(batch_no) => query.filter(suspension_proposals::batch_no.eq(batch_no.to_i32())),
        ProposalsOf::Account(account_id) => query.filter(suspension_proposals::proposed_by.eq(account_id)),
    };
    let rows: Vec<ProposalRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(to_proposal).collect())
}

/// What a session remembers, the newest first. What is not in the shape of today's version is forgotten.
pub(super) async fn recent(conn: &mut AsyncPgConnection, session_id: i32) -> QueryResult<Vec<Recent>> {
    let found: Option<Value> =
        sessions::table.find(session_id).select(sessions::recent_lookups).first(conn).await.optional()?;
    Ok(found.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default())
}

/// Puts a look-up before the others, once, and lets the oldest go. One statement, so that two tabs lose nothing.
pub(super) async fn remember(conn: &mut AsyncPgConnection, session_id: i32, recent: &Recent) -> QueryResult<usize> {
    let value = serde_json::to_value(recent).map_err(|err| diesel::result::Error::SerializationError(err.into()))?;
    diesel::sql_query(
        "UPDATE sessions SET recent_lookups = ( \
             SELECT jsonb_agg(kept.entry ORDER BY kept.place) FROM ( \
                 SELECT entry, place FROM jsonb_array_elements(jsonb_build_array($1) || recent_lookups) \
                     WITH ORDINALITY AS list (entry, place) \
                 WHERE place = 1 OR entry ->> 'q' IS DISTINCT FROM $1 ->> 'q' \
                 ORDER BY place LIMIT $2) AS kept) \
         WHERE session_id = $3",
    )
    .bind::<Jsonb, _>(value)
    .bind::<Integer, _>(i32::try_from(MAX_RECENT).unwrap_or(i32::MAX))
    .bind::<Integer, _>(session_id)
    .execute(conn)
    .await
}
