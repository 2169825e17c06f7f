//! The trail of writes: who, for whom, what, when, in which request. It is written in the transaction of the act itself, so that
//! neither exists without the other. It must never hold a person's data: only kinds, numbers, codes and reasons.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::db::schema::{accounts, audit_trail};
use crate::error::Result;
use crate::ledger::{self, Draft, Kind};
use crate::stamp::BatchNo;

use super::author::author_of;
use super::types::{Actor, ProducerNo, Role};

/// What someone did.
#[derive(Clone, Debug)]
pub(crate) struct Act<'a> {
    /// Room and verb, for example `batch.opened`.
    #[expect(clippy::struct_field_names, reason = "the trail's column has this name")]
    pub(crate) act: &'static str,
    /// Kind and number, for example `batch 12`.
    pub(crate) thing: String,
    /// For whom, when it was done for one producer.
    pub(crate) producer_no: Option<ProducerNo>,
    /// Numbers, codes and reasons; never a person's data.
    pub(crate) details: Value,
    /// Who did it.
    pub(crate) actor: &'a Actor,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

/// A value among the details of an act.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Detail(Value);

macro_rules! details_are {
    ($($kind:ty),+) => {$(
        impl From<$kind> for Detail {
            fn from(value: $kind) -> Self {
                Self(value.into())
            }
        }
    )+};
}
details_are!(&str, String, bool, i16, i32, i64, u8, u16, u32, u64, Vec<String>);

impl From<NaiveDate> for Detail {
    fn from(day: NaiveDate) -> Self {
        Self(day.to_string().into())
    }
}

impl<T: Into<Detail>> From<Option<T>> for Detail {
    fn from(value: Option<T>) -> Self {
        Self(value.map_or(Value::Null, |value| value.into().0))
    }
}

/// The details of an act by name, for services, which know no JSON:
/// `details([("count", count.into()), ("reason", reason.into())])`.
pub(crate) fn details<const N: usize>(facts: [(&'static str, Detail); N]) -> Value {
    facts.into_iter().map(|(name, detail)| (name.to_owned(), detail.0)).collect()
}

/// Acts per statement: nine binds each, well below the 65,535 that Postgres takes.
const CHUNK_ACTS: usize = 1_000;

/// An act as a row of the trail.
#[derive(Insertable)]
#[diesel(table_name = audit_trail)]
struct ActColumns<'a> {
    at: DateTime<Utc>,
    request_id: Option<&'a str>,
    account_id: Option<i32>,
    token_id: Option<i32>,
    role: &'static str,
    producer_no: Option<i32>,
    act: &'static str,
    thing: String,
    details: Value,
}

impl<'a> From<Act<'a>> for ActColumns<'a> {
    fn from(act: Act<'a>) -> Self {
        Self {
            at: act.at,
            request_id: act.actor.request_id.as_deref(),
            account_id: act.actor.account_id().map(|id| id.0),
            token_id: act.actor.token_id().map(|id| id.0),
            role: act.actor.role.as_str(),
            producer_no: act.producer_no.map(|no| no.0),
            act: act.act,
            thing: act.thing,
            details: act.details,
        }
    }
}

/// Adds an act to the trail, inside the caller's transaction.
pub(crate) async fn record(conn: &mut AsyncPgConnection, act: Act<'_>) -> QueryResult<()> {
    diesel::insert_into(audit_trail::table).values(ActColumns::from(act)).execute(conn).await.map(drop)
}

/// What an act leaves in the ledger for ever.
pub(crate) struct Entered {
    /// What it is.
    pub(crate) kind: Kind,
    /// Whose chain it belongs to; the caller holds that batch's row.
    pub(crate) batch: Option<BatchNo>,
    /// Numbers, codes and days that anyone may read.
    pub(crate) public: Value,
    /// Words that someone typed, which must stay erasable: the ledger holds only their hash.
    pub(crate) private: Option<Value>,
}

impl Entered {
    /// The entry of an act that happens as it is recorded.
    pub(crate) fn draft(self, actor: &Actor, at: DateTime<Utc>) -> Draft {
        let Self { kind, batch, public, private } = self;
        Draft { kind, batch, at, author: author_of(actor), public, private }
    }
}

/// Adds an act to the trail and to the ledger, inside the caller's transaction: the act, its line and its entry commit together
/// or not at all.
pub(crate) async fn record_in_ledger(conn: &mut AsyncPgConnection, act: Act<'_>, entered: Entered) -> Result<()> {
    ledger::append(conn, &entered.draft(act.actor, act.at), act.at).await?;
    Ok(record(conn, act).await?)
}

/// Adds many acts in their order, inside the caller's transaction.
pub(crate) async fn record_all(conn: &mut AsyncPgConnection, acts: Vec<Act<'_>>) -> QueryResult<()> {
    let mut rest: Vec<ActColumns<'_>> = acts.into_iter().map(ActColumns::from).collect();
    while !rest.is_empty() {
        let chunk: Vec<_> = rest.drain(..rest.len().min(CHUNK_ACTS)).collect();
        diesel::insert_into(audit_trail::table).values(chunk).execute(conn).await?;
    }
    Ok(())
}

/// The last act on a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAct {
    /// When.
    pub at: DateTime<Utc>,
    /// As what they acted.
    pub role: Role,
    /// The person's name; none for a program and for the operator.
    pub name: Option<String>,
}

/// What was done last to a thing, and by whom.
pub(crate) async fn last_act(conn: &mut AsyncPgConnection, thing: &str) -> QueryResult<Option<LastAct>> {
    let row: Option<(DateTime<Utc>, String, Option<String>)> = audit_trail::table
        .left_join(accounts::table.on(accounts::account_id.nullable().eq(audit_trail::account_id)))
        .filter(audit_trail::thing.eq(thing))
        .select((audit_trail::at, audit_trail::role, accounts::display_name.nullable()))
        .order(audit_trail::entry_no.desc())
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(at, role, name)| Some(LastAct { at, role: Role::parse(&role)?, name })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_an_object_of_plain_values() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22);
        let made = details([("count", 5_u32.into()), ("from", day.into()), ("to", None::<NaiveDate>.into())]);
        assert_eq!(made.to_string(), r#"{"count":5,"from":"2026-11-22","to":null}"#);
        assert_eq!(details([]).to_string(), "{}");
    }
}
