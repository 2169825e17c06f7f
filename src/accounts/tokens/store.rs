//! Queries on tokens. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::tokens;

#[derive(HasQuery)]
#[diesel(table_name = tokens)]
pub(super) struct TokenRow {
    pub(super) token_id: i32,
    pub(super) scopes: Vec<Option<String>>,
    pub(super) producer_no: Option<i32>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

#[derive(Insertable)]
#[diesel(table_name = tokens)]
pub(super) struct TokenInsert<'t> {
    pub(super) name: &'t str,
    pub(super) hash: &'t [u8],
    pub(super) scopes: Vec<&'t str>,
    pub(super) producer_no: Option<i32>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

pub(super) async fn insert(conn: &mut AsyncPgConnection, token: TokenInsert<'_>) -> QueryResult<i32> {
    diesel::insert_into(tokens::table).values(token).returning(tokens::token_id).get_result(conn).await
}

pub(super) async fn find_by_hash(conn: &mut AsyncPgConnection, hash: &[u8]) -> QueryResult<Option<TokenRow>> {
    TokenRow::query().filter(tokens::hash.eq(hash)).first(conn).await.optional()
}

/// Returns whether the token exists; revoking twice keeps the first time.
pub(super) async fn revoke(conn: &mut AsyncPgConnection, token_id: i32, now: DateTime<Utc>) -> QueryResult<bool> {
    let row = tokens::table.find(token_id);
    diesel::update(row.filter(tokens::revoked_at.is_null())).set(tokens::revoked_at.eq(now)).execute(conn).await?;
    diesel::select(diesel::dsl::exists(row)).get_result(conn).await
}
