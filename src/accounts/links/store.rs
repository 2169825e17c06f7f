//! Queries on one-time links. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::people::store::AccountRow;
use crate::db::schema::{account_links, accounts};

/// Unused links of an account go: a newer one replaces them, and a disabled account has none.
pub(in crate::accounts) async fn remove_unused(conn: &mut AsyncPgConnection, account_id: i32) -> QueryResult<()> {
    let unused =
        account_links::table.filter(account_links::account_id.eq(account_id)).filter(account_links::used_at.is_null());
    diesel::delete(unused).execute(conn).await.map(drop)
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    hash: &[u8],
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> QueryResult<i32> {
    diesel::insert_into(account_links::table)
        .values((
            account_links::account_id.eq(account_id),
            account_links::hash.eq(hash),
            account_links::created_at.eq(created_at),
            account_links::expires_at.eq(expires_at),
        ))
        .returning(account_links::link_id)
        .get_result(conn)
        .await
}

/// The link that is good at this instant, with whose it is.
pub(super) async fn find_good(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Option<AccountRow>> {
    account_links::table
        .inner_join(accounts::table)
        .filter(account_links::hash.eq(hash))
        .filter(account_links::used_at.is_null())
        .filter(account_links::expires_at.gt(now))
        .filter(accounts::disabled_at.is_null())
        .select(AccountRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// Uses a link up. Of two who open the same link, one gets its number and the other none.
pub(super) async fn use_up(conn: &mut AsyncPgConnection, hash: &[u8], now: DateTime<Utc>) -> QueryResult<Option<i32>> {
    let good = account_links::table
        .filter(account_links::hash.eq(hash))
        .filter(account_links::used_at.is_null())
        .filter(account_links::expires_at.gt(now));
    diesel::update(good)
        .set(account_links::used_at.eq(now))
        .returning(account_links::link_id)
        .get_result(conn)
        .await
        .optional()
}
