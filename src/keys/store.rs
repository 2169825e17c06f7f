//! Queries on keys. Rows hold private halves sealed only.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::keys;

#[derive(HasQuery, Insertable)]
#[diesel(table_name = keys)]
pub(super) struct KeyRow {
    pub(super) purpose: String,
    pub(super) key_no: i32,
    pub(super) public_key: Option<Vec<u8>>,
    pub(super) sealed: Vec<u8>,
    pub(super) status: String,
    pub(super) not_before: DateTime<Utc>,
    pub(super) not_after: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) changed_at: DateTime<Utc>,
}

pub(super) async fn all(conn: &mut AsyncPgConnection) -> QueryResult<Vec<KeyRow>> {
    KeyRow::query().order((keys::purpose, keys::key_no)).load(conn).await
}

/// The highest number given to a purpose so far, 0 when none.
pub(super) async fn last_key_no(conn: &mut AsyncPgConnection, purpose: &str) -> QueryResult<i32> {
    let last: Option<i32> =
        keys::table.filter(keys::purpose.eq(purpose)).select(diesel::dsl::max(keys::key_no)).get_result(conn).await?;
    Ok(last.unwrap_or(0))
}

pub(super) async fn insert(conn: &mut AsyncPgConnection, row: &KeyRow) -> QueryResult<usize> {
    diesel::insert_into(keys::table).values(row).execute(conn).await
}

/// Locks the purpose's rows, so that two operators cannot both retire the last active key.
pub(super) async fn lock_purpose(conn: &mut AsyncPgConnection, purpose: &str) -> QueryResult<Vec<KeyRow>> {
    KeyRow::query().filter(keys::purpose.eq(purpose)).order(keys::key_no).for_update().load(conn).await
}

pub(super) async fn set_status(
    conn: &mut AsyncPgConnection,
    purpose: &str,
    key_no: i32,
    status: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(keys::table.find((purpose, key_no)))
        .set((keys::status.eq(status), keys::changed_at.eq(now)))
        .execute(conn)
        .await
}
