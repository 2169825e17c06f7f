//! Queries on runs, the orders they answered, and exports of scratch codes. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::batches::store::{By, damaged};
use crate::batches::types::{MintRun, OrderKey, SerialRange};
use crate::db::schema::{accounts, mint_orders, mint_runs, scratch_exports, tokens};
use crate::stamp::{BatchNo, KeyNo, LastValidDay, ProductNo, Serial};

use super::types::{Doer, RunLine};

#[derive(HasQuery, Insertable)]
#[diesel(table_name = mint_runs)]
struct RunRow {
    batch_no: i32,
    first_serial: i32,
    last_serial: i32,
    product_no: i32,
    last_valid_day: i32,
    stamp_key_no: i32,
    code_key_no: i32,
    scratch_key_no: Option<i32>,
    minted_at: DateTime<Utc>,
}

impl RunRow {
    fn into_run(self) -> QueryResult<MintRun> {
        let key = |key_no| KeyNo::try_from(key_no).map_err(damaged);
        Ok(MintRun {
            batch_no: BatchNo::try_from(self.batch_no).map_err(damaged)?,
            first: Serial::try_from(self.first_serial).map_err(damaged)?,
            last: Serial::try_from(self.last_serial).map_err(damaged)?,
            product_no: ProductNo::try_from(self.product_no).map_err(damaged)?,
            last_valid_day: LastValidDay::from(u16::try_from(self.last_valid_day).map_err(damaged)?),
            stamp_key: key(self.stamp_key_no)?,
            code_key: key(self.code_key_no)?,
            scratch_key: self.scratch_key_no.map(key).transpose()?,
            minted_at: self.minted_at,
        })
    }
}

/// Stores a run and returns its number.
pub(super) async fn insert_run(conn: &mut AsyncPgConnection, run: &MintRun, by: By) -> QueryResult<i32> {
    let key = |key_no: KeyNo| i32::from(key_no.get());
    let row = RunRow {
        batch_no: run.batch_no.to_i32(),
        first_serial: run.first.to_i32(),
        last_serial: run.last.to_i32(),
        product_no: run.product_no.to_i32(),
        last_valid_day: i32::from(run.last_valid_day.get()),
        stamp_key_no: key(run.stamp_key),
        code_key_no: key(run.code_key),
        scratch_key_no: run.scratch_key.map(key),
        minted_at: run.minted_at,
    };
    diesel::insert_into(mint_runs::table)
        .values((row, mint_runs::minted_by.eq(by.token), mint_runs::minted_by_account.eq(by.account)))
        .returning(mint_runs::run_no)
        .get_result(conn)
        .await
}

/// A batch's runs, lowest serial first.
pub(in crate::batches) async fn runs_of(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<MintRun>> {
    let query = RunRow::query().filter(mint_runs::batch_no.eq(batch_no.to_i32())).order(mint_runs::first_serial);
    let rows: Vec<RunRow> = query.load(conn).await?;
    rows.into_iter().map(RunRow::into_run).collect()
}

/// The run that answered an order, with the hash of the order's body.
pub(super) async fn answered_order(
    conn: &mut AsyncPgConnection,
    by: By,
    order: &OrderKey,
    since: DateTime<Utc>,
) -> QueryResult<Option<(Vec<u8>, MintRun)>> {
    let found: Option<(Vec<u8>, RunRow)> = mint_orders::table
        .inner_join(mint_runs::table)
        .filter(mint_orders::token_id.is_not_distinct_from(by.token))
        .filter(mint_orders::account_id.is_not_distinct_from(by.account))
        .filter(mint_orders::route.eq(&order.route).and(mint_orders::key.eq(&order.key)))
        .filter(mint_orders::created_at.ge(since))
        .select((mint_orders::body_hash, RunRow::as_select()))
        .first(conn)
        .await
        .optional()?;
    found.map(|(hash, row)| Ok((hash, row.into_run()?))).transpose()
}

/// Keeps which run answered an order.
pub(super) async fn keep_order(
    conn: &mut AsyncPgConnection,
    by: By,
    order: &OrderKey,
    run_no: i32,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(mint_orders::table)
        .values((
            mint_orders::token_id.eq(by.token),
            mint_orders::account_id.eq(by.account),
            mint_orders::route.eq(&order.route),
            mint_orders::key.eq(&order.key),
            mint_orders::body_hash.eq(order.body_hash.as_slice()),
            mint_orders::run_no.eq(run_no),
            mint_orders::created_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Forgets orders kept before `until`.
pub(super) async fn forget_orders(conn: &mut AsyncPgConnection, until: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(mint_orders::table.filter(mint_orders::created_at.lt(until))).execute(conn).await
}

/// Notes that scratch codes left the service.
pub(super) async fn record_scratch_export(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    range: SerialRange,
    by: By,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(scratch_exports::table)
        .values((
            scratch_exports::batch_no.eq(batch_no.to_i32()),
            scratch_exports::first_serial.eq(range.first.to_i32()),
            scratch_exports::last_serial.eq(range.last.to_i32()),
            scratch_exports::exported_by.eq(by.token),
            scratch_exports::exported_by_account.eq(by.account),
            scratch_exports::exported_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// A batch's runs with who ordered them, the newest first.
pub(in crate::batches) async fn run_lines(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
) -> QueryResult<Vec<RunLine>> {
    type Row = (RunRow, Option<(String, String)>, Option<String>);
    let rows: Vec<Row> = mint_runs::table
        .left_join(accounts::table.on(mint_runs::minted_by_account.eq(accounts::account_id.nullable())))
        .left_join(tokens::table.on(mint_runs::minted_by.eq(tokens::token_id.nullable())))
        .filter(mint_runs::batch_no.eq(batch_no.to_i32()))
        .order(mint_runs::first_serial.desc())
        .select((RunRow::as_select(), (accounts::display_name, accounts::role).nullable(), tokens::name.nullable()))
        .load(conn)
        .await?;
    let line =
        |(row, account, token): Row| Ok(RunLine { run: row.into_run()?, by: Doer::from_columns(account, token) });
    rows.into_iter().map(line).collect()
}

/// How many stamps a batch has, without the whole batch's own.
pub(in crate::batches) async fn n_minted(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<i64> {
    let n: Option<i64> = mint_runs::table
        .filter(mint_runs::batch_no.eq(batch_no.to_i32()))
        .select(diesel::dsl::sum(mint_runs::last_serial - mint_runs::first_serial + 1))
        .first(conn)
        .await?;
    Ok(n.unwrap_or_default())
}
