//! Queries on tokens. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::{ProducerNo, Scope, TokenId};
use crate::db::schema::{producers, tokens};

use super::types::Token;

#[derive(HasQuery)]
#[diesel(table_name = tokens)]
pub(super) struct TokenRow {
    pub(super) token_id: i32,
    name: String,
    pub(super) scopes: Vec<Option<String>>,
    pub(super) producer_no: Option<i32>,
    created_at: DateTime<Utc>,
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

/// The token's row, held until the caller's transaction ends.
pub(super) async fn lock(conn: &mut AsyncPgConnection, token_id: i32) -> QueryResult<Option<TokenRow>> {
    tokens::table.find(token_id).select(TokenRow::as_select()).for_update().first(conn).await.optional()
}

pub(super) async fn revoke(conn: &mut AsyncPgConnection, token_id: i32, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(tokens::table.find(token_id)).set(tokens::revoked_at.eq(now)).execute(conn).await.map(drop)
}

/// Every token with the name of its producer, the newest first.
pub(super) async fn list(conn: &mut AsyncPgConnection) -> QueryResult<Vec<Token>> {
    let rows: Vec<(TokenRow, Option<String>)> = tokens::table
        .left_join(producers::table.on(producers::producer_no.nullable().eq(tokens::producer_no)))
        .order(tokens::token_id.desc())
        .select((TokenRow::as_select(), producers::name.nullable()))
        .load(conn)
        .await?;
    let token = |(row, producer): (TokenRow, Option<String>)| Token {
        token_id: TokenId(row.token_id),
        name: row.name,
        producer: row.producer_no.map(ProducerNo).zip(producer),
        scopes: row.scopes.iter().flatten().filter_map(|name| Scope::parse(name)).collect(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    };
    Ok(rows.into_iter().map(token).collect())
}
