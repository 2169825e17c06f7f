//! Queries on batches. Every finder takes a reach: what lies outside is not found. No transaction, no clock, no HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{Actor, ProducerNo, Reach};
use crate::db::schema::{batches, mint_runs, producers, products, voids};
use crate::stamp::{BatchNo, ProductNo};

use super::minting::runs_of;
use super::types::{Batch, BatchFilter, MintRun, Notice, OpenBatch, Quantity, ShownBatches, Standing, Void};
use super::voids::voids_of;

diesel::define_sql_function! {
    /// Where the second text stands in the first, from 1; 0 when it does not.
    fn strpos(text: diesel::sql_types::Text, part: diesel::sql_types::Text) -> diesel::sql_types::Integer;
}
diesel::define_sql_function! {
    /// What a search compares: in small letters, without diacritics (migration 5).
    fn search_key(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
diesel::define_sql_function! {
    /// In small letters.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Who did something, as the columns that say so: a token, an account, or neither at the command line.
#[derive(Clone, Copy)]
pub(super) struct By {
    pub(super) token: Option<i32>,
    pub(super) account: Option<i32>,
}

impl By {
    pub(super) fn of(actor: &Actor) -> Self {
        Self { token: actor.token_id().map(|id| id.0), account: actor.account_id().map(|id| id.0) }
    }
}

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
    let Some(batch) = find(conn, &Reach::Everything, batch_no).await? else {
        return Ok(None);
    };
    let (runs, voids) = (runs_of(conn, batch_no).await?, voids_of(conn, batch_no).await?);
    Ok(Some(CardRows { batch, runs, voids }))
}

/// Every batch by number.
pub(super) async fn all_batches(conn: &mut AsyncPgConnection) -> QueryResult<Vec<Batch>> {
    let rows: Vec<BatchRow> = BatchRow::query().order(batches::batch_no).load(conn).await?;
    rows.into_iter().map(BatchRow::into_batch).collect()
}

/// A batch's number with the first and the last serial of a range.
pub(super) type RangeRow = (i32, i32, i32);

/// The minted ranges of all batches, by batch and serial.
pub(super) async fn all_runs(conn: &mut AsyncPgConnection) -> QueryResult<Vec<RangeRow>> {
    mint_runs::table
        .select((mint_runs::batch_no, mint_runs::first_serial, mint_runs::last_serial))
        .order((mint_runs::batch_no, mint_runs::first_serial))
        .load(conn)
        .await
}

/// The voided ranges of all batches, by batch and serial.
pub(super) async fn all_voids(conn: &mut AsyncPgConnection) -> QueryResult<Vec<RangeRow>> {
    voids::table
        .select((voids::batch_no, voids::first_serial, voids::last_serial))
        .order((voids::batch_no, voids::first_serial))
        .load(conn)
        .await
}

/// One batch, if it lies within reach.
pub(crate) async fn find(conn: &mut AsyncPgConnection, reach: &Reach, batch_no: BatchNo) -> QueryResult<Option<Batch>> {
    let query = BatchRow::query().filter(batches::batch_no.eq(batch_no.to_i32())).filter(within(reach));
    let row: Option<BatchRow> = query.first(conn).await.optional()?;
    row.map(BatchRow::into_batch).transpose()
}

/// Locks the batch until the transaction ends: whoever changes one batch stands in line. The batch alone is locked, not its
/// product and producer, which others may be editing.
pub(crate) async fn find_for_update(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    batch_no: BatchNo,
) -> QueryResult<Option<Batch>> {
    let row = batches::table.find(batch_no.to_i32()).select(batches::batch_no).for_no_key_update();
    let locked: Option<i32> = row.first(conn).await.optional()?;
    if locked.is_none() { Ok(None) } else { find(conn, reach, batch_no).await }
}

/// The batch that has a product's lot.
pub(super) async fn find_lot(
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

/// A product's lots that begin like this.
pub(super) async fn lots_beginning(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    beginning: &str,
) -> QueryResult<Vec<String>> {
    batches::table
        .filter(batches::product_no.eq(product_no.to_i32()).and(strpos(batches::lot, beginning).eq(1)))
        .select(batches::lot)
        .load(conn)
        .await
}

/// The batch of a product that was opened last.
pub(super) async fn last_of(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
) -> QueryResult<Option<Batch>> {
    let query = BatchRow::query().filter(batches::product_no.eq(product_no.to_i32())).filter(within(reach));
    let row: Option<BatchRow> = query.order(batches::batch_no.desc()).first(conn).await.optional()?;
    row.map(BatchRow::into_batch).transpose()
}

/// Where a page of batches starts: behind an open or a closed batch.
#[derive(Clone, Copy)]
pub(super) struct After {
    pub(super) is_open: bool,
    pub(super) batch_no: i32,
}

/// A batch with the names of its product and its producer.
pub(super) type NamedBatch = (Batch, String, String);

/// Open batches first, the newest first.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &BatchFilter,
    after: Option<After>,
    limit: i64,
) -> QueryResult<Vec<NamedBatch>> {
    let mut query = <BatchRow as HasQuery<diesel::pg::Pg>>::base_query()
        .filter(within(reach))
        .select((BatchRow::as_select(), products::name, producers::name))
        .order((batches::state.desc(), batches::batch_no.desc()))
        .limit(limit)
        .into_boxed();
    if let Some(product_no) = filter.product_no {
        query = query.filter(batches::product_no.eq(product_no.to_i32()));
    }
    query = match filter.shown {
        None => query,
        Some(ShownBatches::Open) => query.filter(batches::state.eq(state_name(true))),
        Some(ShownBatches::Closed) => query.filter(batches::state.eq(state_name(false))),
        Some(ShownBatches::Suspended) => query.filter(batches::standing.eq("suspended")),
        Some(ShownBatches::Recalled) => query.filter(batches::standing.eq("recalled")),
    };
    if let Some(lot) = &filter.lot {
        query = query.filter(strpos(lower(batches::lot), lot.to_lowercase()).gt(0));
    }
    for word in &filter.words {
        let in_lot = strpos(lower(batches::lot), word.to_lowercase()).gt(0);
        let in_product = strpos(products::search_key, search_key(word)).gt(0);
        query = query.filter(in_lot.or(in_product).or(strpos(producers::search_key, search_key(word)).gt(0)));
    }
    if let Some(after) = after {
        let state = state_name(after.is_open);
        query = query
            .filter(batches::state.lt(state).or(batches::state.eq(state).and(batches::batch_no.lt(after.batch_no))));
    }
    let rows: Vec<(BatchRow, String, String)> = query.load(conn).await?;
    rows.into_iter().map(|(row, product, producer)| Ok((row.into_batch()?, product, producer))).collect()
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
    by: By,
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
            batches::opened_by.eq(by.token),
            batches::opened_by_account.eq(by.account),
        ))
        .on_conflict((batches::product_no, batches::lot))
        .do_nothing()
        .returning(batches::batch_no)
        .get_result(conn)
        .await
        .optional()?;
    match batch_no {
        Some(batch_no) => find(conn, &Reach::Everything, BatchNo::try_from(batch_no).map_err(damaged)?).await,
        None => Ok(None),
    }
}

/// Ends the handing out of stamps.
pub(super) async fn close(conn: &mut AsyncPgConnection, batch: &Batch, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(batches::table.find(batch.batch_no.to_i32()))
        .set((batches::state.eq(state_name(false)), batches::closed_at.eq(now), batches::version.eq(batch.version + 1)))
        .execute(conn)
        .await
}

/// Sets how a batch stands.
pub(super) async fn set_standing(
    conn: &mut AsyncPgConnection,
    batch: &Batch,
    standing: &Standing,
) -> QueryResult<usize> {
    let notice = standing.notice();
    diesel::update(batches::table.find(batch.batch_no.to_i32()))
        .set((
            batches::standing.eq(standing.as_str()),
            batches::standing_reason.eq(notice.map(|notice| notice.reason.as_str())),
            batches::standing_advice.eq(notice.and_then(|notice| notice.advice.as_deref())),
            batches::standing_contact.eq(notice.and_then(|notice| notice.contact.as_deref())),
            batches::standing_since.eq(notice.map(|notice| notice.since)),
            batches::version.eq(batch.version + 1),
        ))
        .execute(conn)
        .await
}

/// Sets the most stamps that a batch may have.
pub(super) async fn set_max_stamps(
    conn: &mut AsyncPgConnection,
    batch: &Batch,
    max_stamps: Option<i32>,
) -> QueryResult<usize> {
    diesel::update(batches::table.find(batch.batch_no.to_i32()))
        .set((batches::max_stamps.eq(max_stamps), batches::version.eq(batch.version + 1)))
        .execute(conn)
        .await
}

pub(super) async fn set_next_serial(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    next_serial: i32,
) -> QueryResult<usize> {
    diesel::update(batches::table.find(batch_no.to_i32())).set(batches::next_serial.eq(next_serial)).execute(conn).await
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
