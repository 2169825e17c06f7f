//! Queries on the trail. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::accounts::types::{AccountId, ProducerNo, Role, TokenId};
use crate::db::schema::{accounts, audit_trail, producers, tokens};

use super::types::{TrailEntry, TrailFilter};

#[derive(HasQuery)]
#[diesel(table_name = audit_trail)]
struct EntryRow {
    entry_no: i64,
    at: DateTime<Utc>,
    request_id: Option<String>,
    account_id: Option<i32>,
    token_id: Option<i32>,
    role: String,
    producer_no: Option<i32>,
    act: String,
    thing: String,
    details: Value,
}

type Named = (EntryRow, Option<String>, Option<String>, Option<String>);

fn entry((row, person, program, producer): Named) -> TrailEntry {
    TrailEntry {
        entry_no: row.entry_no,
        at: row.at,
        request_id: row.request_id,
        person: row.account_id.map(AccountId).zip(person),
        program: row.token_id.map(TokenId).zip(program),
        role: Role::parse(&row.role),
        producer: row.producer_no.map(ProducerNo).zip(producer),
        act: row.act,
        thing: row.thing,
        details: row.details,
    }
}

/// Entries that a filter asks for, the newest first, below a number when one is given.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    filter: &TrailFilter,
    below: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<TrailEntry>> {
    let mut query = audit_trail::table
        .left_join(accounts::table.on(accounts::account_id.nullable().eq(audit_trail::account_id)))
        .left_join(tokens::table.on(tokens::token_id.nullable().eq(audit_trail::token_id)))
        .left_join(producers::table.on(producers::producer_no.nullable().eq(audit_trail::producer_no)))
        .select((
            EntryRow::as_select(),
            accounts::display_name.nullable(),
            tokens::name.nullable(),
            producers::name.nullable(),
        ))
        .order(audit_trail::entry_no.desc())
        .limit(limit)
        .into_boxed();
    if let Some(below) = below {
        query = query.filter(audit_trail::entry_no.lt(below));
    }
    if let Some(from) = filter.begins() {
        query = query.filter(audit_trail::at.ge(from));
    }
    if let Some(end) = filter.ends() {
        query = query.filter(audit_trail::at.lt(end));
    }
    if let Some(act) = &filter.act {
        query = query.filter(audit_trail::act.eq(act.clone()));
    }
    if let Some(account_id) = filter.account_id {
        query = query.filter(audit_trail::account_id.eq(account_id.0));
    }
    if let Some(producer_no) = filter.producer_no {
        query = query.filter(audit_trail::producer_no.eq(producer_no.0));
    }
    let rows: Vec<Named> = query.load(conn).await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Every act that was ever done, by name.
pub(super) async fn acts(conn: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    audit_trail::table.select(audit_trail::act).distinct().order(audit_trail::act).load(conn).await
}

/// Number and name of every account, by number.
pub(super) async fn people(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(i32, String)>> {
    accounts::table.order(accounts::account_id).select((accounts::account_id, accounts::display_name)).load(conn).await
}
