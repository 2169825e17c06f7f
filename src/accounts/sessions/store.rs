//! Queries on sessions. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::people::store::AccountRow;
use crate::db::schema::{accounts, sessions};

#[derive(HasQuery)]
#[diesel(table_name = sessions)]
pub(super) struct SessionRow {
    pub(super) session_id: i32,
    pub(super) device: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

pub(super) async fn find(conn: &mut AsyncPgConnection, hash: &[u8]) -> QueryResult<Option<(SessionRow, AccountRow)>> {
    sessions::table
        .inner_join(accounts::table)
        .filter(sessions::hash.eq(hash))
        .select((SessionRow::as_select(), AccountRow::as_select()))
        .first(conn)
        .await
        .optional()
}

pub(super) async fn see(conn: &mut AsyncPgConnection, session_id: i32, now: DateTime<Utc>) -> QueryResult<()> {
    let row = sessions::table.find(session_id);
    diesel::update(row).set(sessions::last_seen_at.eq(now)).execute(conn).await.map(drop)
}

#[derive(Insertable)]
#[diesel(table_name = sessions)]
pub(super) struct SessionInsert<'s> {
    pub(super) account_id: i32,
    pub(super) hash: &'s [u8],
    pub(super) device: &'s str,
    pub(super) created_at: DateTime<Utc>,
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

pub(super) async fn insert(conn: &mut AsyncPgConnection, session: SessionInsert<'_>) -> QueryResult<i32> {
    diesel::insert_into(sessions::table).values(session).returning(sessions::session_id).get_result(conn).await
}

/// Sessions of an account that were not ended, the last seen first.
pub(super) async fn list(conn: &mut AsyncPgConnection, account_id: i32) -> QueryResult<Vec<SessionRow>> {
    SessionRow::query()
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::ended_at.is_null())
        .order((sessions::last_seen_at.desc(), sessions::session_id.desc()))
        .load(conn)
        .await
}

/// Ends one session of an account and forgets what it looked up; whether there was one to end.
pub(super) async fn end(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    session_id: i32,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let row = sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::session_id.eq(session_id))
        .filter(sessions::ended_at.is_null());
    let ended = diesel::update(row).set((sessions::ended_at.eq(now), sessions::recent_lookups.eq(nothing())));
    ended.execute(conn).await.map(|n| n == 1)
}

/// Ends the session that a browser showed, whosever it is.
pub(super) async fn end_shown(conn: &mut AsyncPgConnection, hash: &[u8], now: DateTime<Utc>) -> QueryResult<()> {
    let row = sessions::table.filter(sessions::hash.eq(hash)).filter(sessions::ended_at.is_null());
    let ended = diesel::update(row).set((sessions::ended_at.eq(now), sessions::recent_lookups.eq(nothing())));
    ended.execute(conn).await.map(drop)
}

/// Ends every session of an account but one, and tells how many.
pub(in crate::accounts) async fn end_all(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    except: Option<i32>,
    now: DateTime<Utc>,
) -> QueryResult<u32> {
    let rows = sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::session_id.nullable().is_distinct_from(except))
        .filter(sessions::ended_at.is_null());
    let ended = diesel::update(rows).set((sessions::ended_at.eq(now), sessions::recent_lookups.eq(nothing())));
    ended.execute(conn).await.map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// Sessions of an account that ended, or could last hold, before an instant are of no more use to anyone.
pub(super) async fn forget(conn: &mut AsyncPgConnection, account_id: i32, before: DateTime<Utc>) -> QueryResult<()> {
    let over = sessions::ended_at.le(before).assume_not_null().or(sessions::expires_at.le(before));
    let rows = sessions::table.filter(sessions::account_id.eq(account_id)).filter(over);
    diesel::delete(rows).execute(conn).await.map(drop)
}

fn nothing() -> serde_json::Value {
    serde_json::Value::Array(Vec::new())
}
