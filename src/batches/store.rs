//! Queries on batches, runs and kept answers. No transaction, no clock, no HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::ProducerNo;
use crate::db::schema::{batches, mint_orders, mint_runs, producers, products, scratch_exports};
use crate::stamp::{BatchNo, KeyNo, LastValidDay, ProductNo, Serial};

use super::types::{Batch, MintRun, Notice, OpenBatch, OrderKey, Quantity, SerialRange, Standing, Void};
use super::voids::voids_of;

/// A batch with whose it is; every query of it has `producers` in it, so that a reach can be asked for.
#[derive(HasQuery)]
#[diesel(table_name = batches)]
#[diesel(base_query = batches::table.inner_join(products::table.inner_join(producers::table)))]
struct BatchRow {
    batch_no: i32,
    product_no: i32,
    lot: String,
    packed_on: NaiveDate,
    last_valid_day: Option<NaiveDate>,
    quantity_thousandths: Option<i64>,
    unit: Option<String>,
    state: String,
    next_serial: i32,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    standing: String,
    standing_reason: Option<String>,
    standing_advice: Option<String>,
    standing_contact: Option<String>,
    standing_since: Option<DateTime<Utc>>,
    max_stamps: Option<i32>,
    version: i32,
    #[diesel(select_expression = producers::producer_no)]
    producer_no: i32,
}

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

/// A row that breaks the schema's own rules.
pub(super) fn damaged(err: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(err))
}

impl BatchRow {
    fn into_batch(self) -> QueryResult<Batch> {
        let (advice, contact) = (self.standing_advice, self.standing_contact);
        let notice = self.standing_reason.zip(self.standing_since).map(|(reason, since)| Notice {
            reason,
            advice,
            contact,
            since,
        });
        let standing = Standing::parse(&self.standing, notice);
        Ok(Batch {
            batch_no: BatchNo::try_from(self.batch_no).map_err(damaged)?,
            product_no: ProductNo::try_from(self.product_no).map_err(damaged)?,
            lot: self.lot,
            packed_on: self.packed_on,
            last_valid_day: self.last_valid_day,
            quantity: self.quantity_thousandths.and_then(Quantity::from_thousandths),
            unit: self.unit,
            is_open: self.state == "open",
            next_serial: u32::try_from(self.next_serial).map_err(damaged)?,
            opened_at: self.opened_at,
            producer_no: ProducerNo(self.producer_no),
            closed_at: self.closed_at,
            standing: standing.ok_or_else(|| damaged(std::io::Error::other("unknown standing of a batch")))?,
            max_stamps: self.max_stamps.map(u32::try_from).transpose().map_err(damaged)?,
            version: self.version,
        })
    }
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

/// A batch with what was minted and voided, for the answer to a scan.
pub(crate) struct CardRows {
    /// The batch.
    pub(crate) batch: Batch,
    /// Its runs, lowest serial first.
    pub(crate) runs: Vec<MintRun>,
    /// Its voids, lowest serial first.
    pub(crate) voids: Vec<Void>,
}

/// Everything a scan asks of a batch itself.
pub(crate) async fn load_card_rows(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Option<CardRows>> {
    let Some(batch) = find(conn, batch_no).await? else {
        return Ok(None);
    };
    let (runs, voids) = (runs(conn, batch_no).await?, voids_of(conn, batch_no).await?);
    Ok(Some(CardRows { batch, runs, voids }))
}

pub(super) async fn find(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Option<Batch>> {
    let row: Option<BatchRow> =
        BatchRow::query().filter(batches::batch_no.eq(batch_no.to_i32())).first(conn).await.optional()?;
    row.map(BatchRow::into_batch).transpose()
}

/// Locks the batch until the transaction ends: orders for one batch stand in line.
pub(super) async fn find_for_update(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Option<Batch>> {
    // The batch alone is locked, not its product and producer, which others may be editing.
    let row = batches::table.find(batch_no.to_i32()).select(batches::batch_no).for_no_key_update();
    let locked: Option<i32> = row.first(conn).await.optional()?;
    if locked.is_none() { Ok(None) } else { find(conn, batch_no).await }
}

pub(super) async fn find_by_lot(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    lot: &str,
) -> QueryResult<Option<i32>> {
    batches::table
        .filter(batches::product_no.eq(product_no.to_i32()).and(batches::lot.eq(lot)))
        .select(batches::batch_no)
        .first(conn)
        .await
        .optional()
}

/// Where a page of batches starts: behind an open or a closed batch.
#[derive(Clone, Copy)]
pub(super) struct After {
    pub(super) is_open: bool,
    pub(super) batch_no: i32,
}

/// Open batches first, the newest first.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    product_no: Option<ProductNo>,
    after: Option<After>,
    limit: i64,
) -> QueryResult<Vec<Batch>> {
    let mut query =
        BatchRow::query().order((batches::state.desc(), batches::batch_no.desc())).limit(limit).into_boxed();
    if let Some(product_no) = product_no {
        query = query.filter(batches::product_no.eq(product_no.to_i32()));
    }
    if let Some(after) = after {
        let state = state_name(after.is_open);
        query = query
            .filter(batches::state.lt(state).or(batches::state.eq(state).and(batches::batch_no.lt(after.batch_no))));
    }
    let rows: Vec<BatchRow> = query.load(conn).await?;
    rows.into_iter().map(BatchRow::into_batch).collect()
}

/// `open` sorts after `closed`, which the order of pages relies on.
const fn state_name(is_open: bool) -> &'static str {
    if is_open { "open" } else { "closed" }
}

/// Returns nothing when the lot already has a batch.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    batch: &OpenBatch,
    now: DateTime<Utc>,
    opened_by: Option<i32>,
) -> QueryResult<Option<Batch>> {
    let batch_no: Option<i32> = diesel::insert_into(batches::table)
        .values((
            batches::product_no.eq(batch.product_no.to_i32()),
            batches::lot.eq(batch.lot.as_str()),
            batches::packed_on.eq(batch.packed_on),
            batches::last_valid_day.eq(batch.last_valid_day),
            batches::quantity_thousandths.eq(batch.quantity.map(Quantity::thousandths)),
            batches::unit.eq(batch.unit.as_deref()),
            batches::opened_at.eq(now),
            batches::opened_by.eq(opened_by),
        ))
        .on_conflict((batches::product_no, batches::lot))
        .do_nothing()
        .returning(batches::batch_no)
        .get_result(conn)
        .await
        .optional()?;
    match batch_no {
        Some(batch_no) => find(conn, BatchNo::try_from(batch_no).map_err(damaged)?).await,
        None => Ok(None),
    }
}

pub(super) async fn set_next_serial(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    next_serial: i32,
) -> QueryResult<usize> {
    diesel::update(batches::table.find(batch_no.to_i32())).set(batches::next_serial.eq(next_serial)).execute(conn).await
}

/// Stores a run and returns its number.
pub(super) async fn insert_run(
    conn: &mut AsyncPgConnection,
    run: &MintRun,
    minted_by: Option<i32>,
) -> QueryResult<i32> {
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
        .values((row, mint_runs::minted_by.eq(minted_by)))
        .returning(mint_runs::run_no)
        .get_result(conn)
        .await
}

/// A batch's runs, lowest serial first.
pub(super) async fn runs(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<MintRun>> {
    let query = RunRow::query().filter(mint_runs::batch_no.eq(batch_no.to_i32())).order(mint_runs::first_serial);
    let rows: Vec<RunRow> = query.load(conn).await?;
    rows.into_iter().map(RunRow::into_run).collect()
}

/// The run that answered an order, with the hash of the order's body.
pub(super) async fn answered_order(
    conn: &mut AsyncPgConnection,
    token_id: i32,
    order: &OrderKey,
    since: DateTime<Utc>,
) -> QueryResult<Option<(Vec<u8>, MintRun)>> {
    let found: Option<(Vec<u8>, RunRow)> = mint_orders::table
        .inner_join(mint_runs::table)
        .filter(
            mint_orders::token_id
                .eq(token_id)
                .and(mint_orders::route.eq(&order.route))
                .and(mint_orders::key.eq(&order.key)),
        )
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
    token_id: i32,
    order: &OrderKey,
    run_no: i32,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(mint_orders::table)
        .values((
            mint_orders::token_id.eq(token_id),
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
    exported_by: Option<i32>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(scratch_exports::table)
        .values((
            scratch_exports::batch_no.eq(batch_no.to_i32()),
            scratch_exports::first_serial.eq(range.first.to_i32()),
            scratch_exports::last_serial.eq(range.last.to_i32()),
            scratch_exports::exported_by.eq(exported_by),
            scratch_exports::exported_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Batch number and next serial of every batch, locked until the transaction ends.
pub(super) async fn lock_serials(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(i32, i32)>> {
    batches::table
        .select((batches::batch_no, batches::next_serial))
        .order(batches::batch_no)
        .for_no_key_update()
        .load(conn)
        .await
}

/// Makes the next batch number larger than `batch_no`; a sequence that is further stays where it is.
pub(super) async fn skip_batch_numbers(conn: &mut AsyncPgConnection, batch_no: i32) -> QueryResult<usize> {
    diesel::sql_query("SELECT setval('batches_batch_no_seq', $1) FROM batches_batch_no_seq WHERE last_value < $1")
        .bind::<diesel::sql_types::Integer, _>(batch_no)
        .execute(conn)
        .await
}
