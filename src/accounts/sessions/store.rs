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
