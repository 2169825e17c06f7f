//! Queries on lots: what neighbours may know of a batch, lots from outside, shares, and the circle that must not close. No
//! transaction, no clock, no HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::{Actor, ProducerNo};
use crate::db::schema::{batches, lot_shares, producers, products, trace_inputs, trace_outside_lots};
use crate::stamp::{BatchNo, ProductNo};
use crate::trace::events::by_columns;
use crate::trace::rows::{against_of, amount_of, batch_no_of, damaged};
use crate::trace::types::{Against, Amount, BatchRef, OutsideLot, OutsideLotDraft, OutsideLotNo, Said};

use super::types::{OutsideChoice, Share, ShareWith};

/// Lot, product and producer of these batches.
pub(in crate::trace) async fn batch_refs(
    conn: &mut AsyncPgConnection,
    batch_nos: &[i32],
) -> QueryResult<Vec<BatchRef>> {
    if batch_nos.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<BatchRefRow> = batches::table
        .inner_join(products::table.inner_join(producers::table))
        .filter(batches::batch_no.eq_any(batch_nos))
        .select(BatchRefRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(BatchRefRow::into_ref).collect()
}

/// What neighbours in the graph may know of a batch.
#[derive(Queryable, Selectable)]
#[diesel(table_name = batches)]
pub(in crate::trace) struct BatchRefRow {
    batch_no: i32,
    lot: String,
    product_no: i32,
    #[diesel(select_expression = products::name)]
    product: String,
    #[diesel(select_expression = producers::producer_no)]
    producer_no: i32,
    #[diesel(select_expression = producers::name)]
    producer: String,
    standing: String,
    standing_since: Option<DateTime<Utc>>,
}

impl BatchRefRow {
    pub(in crate::trace) fn into_ref(self) -> QueryResult<BatchRef> {
        Ok(BatchRef {
            batch_no: batch_no_of(self.batch_no)?,
            against: against_of(&self.standing, self.standing_since)?,
            lot: self.lot,
            product_no: ProductNo::try_from(self.product_no).map_err(damaged)?,
            product: self.product,
            producer_no: ProducerNo(self.producer_no),
            producer: self.producer,
        })
    }
}

/// A lot from outside as its row has it.
#[derive(HasQuery)]
#[diesel(table_name = trace_outside_lots)]
pub(in crate::trace) struct OutsideLotRow {
    lot_no: i32,
    product: String,
    supplier: Option<String>,
    lot: Option<String>,
    received_on: NaiveDate,
    quantity_thousandths: i64,
    unit: String,
}

impl OutsideLotRow {
    pub(in crate::trace) fn into_lot(self) -> QueryResult<OutsideLot> {
        Ok(OutsideLot {
            lot_no: OutsideLotNo(self.lot_no),
            product: self.product,
            supplier: self.supplier,
            lot: self.lot,
            received_on: self.received_on,
            received: amount_of(self.quantity_thousandths, &self.unit)?,
        })
    }
}

/// These lots from outside, whoever's they are.
pub(in crate::trace) async fn outside_lots(
    conn: &mut AsyncPgConnection,
    lot_nos: &[i32],
) -> QueryResult<Vec<OutsideLot>> {
    if lot_nos.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<OutsideLotRow> =
        OutsideLotRow::query().filter(trace_outside_lots::lot_no.eq_any(lot_nos)).load(conn).await?;
    rows.into_iter().map(OutsideLotRow::into_lot).collect()
}

/// Those of these lots from outside that are this producer's.
pub(super) async fn own_outside_lots(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    lot_nos: &[i32],
) -> QueryResult<Vec<OutsideLot>> {
    let query = OutsideLotRow::query()
        .filter(trace_outside_lots::producer_no.eq(producer_no.0).and(trace_outside_lots::lot_no.eq_any(lot_nos)));
    let rows: Vec<OutsideLotRow> = query.load(conn).await?;
    rows.into_iter().map(OutsideLotRow::into_lot).collect()
}

/// Makes a lot from outside known.
pub(super) async fn insert_outside_lot(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    draft: &OutsideLotDraft,
    now: DateTime<Utc>,
) -> QueryResult<OutsideLot> {
    let row: OutsideLotRow = diesel::insert_into(trace_outside_lots::table)
        .values((
            trace_outside_lots::producer_no.eq(producer_no.0),
            trace_outside_lots::product.eq(draft.product.as_str()),
            trace_outside_lots::supplier.eq(draft.supplier.as_str()),
            trace_outside_lots::lot.eq(draft.lot.as_ref().map(Said::as_str)),
            trace_outside_lots::received_on.eq(draft.received_on),
            trace_outside_lots::quantity_thousandths.eq(draft.received.quantity.thousandths()),
            trace_outside_lots::unit.eq(draft.received.unit.as_str()),
            trace_outside_lots::created_at.eq(now),
        ))
        .returning(OutsideLotRow::as_returning())
        .get_result(conn)
        .await?;
    row.into_lot()
}

/// A batch that a producer may name as an input.
pub(super) struct UsableBatch {
    pub(super) batch_no: i32,
    pub(super) lot: String,
    pub(super) unit: Option<String>,
    pub(super) against: Option<Against>,
}

/// Number, lot, unit, standing and since when.
type UsableRow = (i32, String, Option<String>, String, Option<DateTime<Utc>>);

/// Those of these batches that a producer may name as inputs: their own and what was shared with them.
pub(super) async fn usable_batches(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    batch_nos: &[i32],
) -> QueryResult<Vec<UsableBatch>> {
    let to_them = lot_shares::producer_no.is_null().or(lot_shares::producer_no.eq(producer_no.0));
    let shared = lot_shares::table.filter(lot_shares::batch_no.eq(batches::batch_no)).filter(to_them);
    let rows: Vec<UsableRow> = batches::table
        .inner_join(products::table)
        .filter(batches::batch_no.eq_any(batch_nos))
        .filter(products::producer_no.eq(producer_no.0).or(diesel::dsl::exists(shared)))
        .select((batches::batch_no, batches::lot, batches::unit, batches::standing, batches::standing_since))
        .load(conn)
        .await?;
    let usable = |(batch_no, lot, unit, standing, since): UsableRow| {
        Ok(UsableBatch { batch_no, lot, unit, against: against_of(&standing, since)? })
    };
    rows.into_iter().map(usable).collect()
}

/// The batches that an event named as its inputs.
pub(super) async fn batches_named_by(conn: &mut AsyncPgConnection, batch_no: BatchNo, n: i32) -> QueryResult<Vec<i32>> {
    trace_inputs::table
        .filter(trace_inputs::batch_no.eq(batch_no.to_i32()).and(trace_inputs::n.eq(n)))
        .filter(trace_inputs::from_batch.is_not_null())
        .select(trace_inputs::from_batch.assume_not_null())
        .load(conn)
        .await
}

diesel::define_sql_function! {
    /// Holds a lock until the transaction ends.
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt);
}
diesel::define_sql_function! {
    /// Where the second text stands in the first, from 1; 0 when it does not.
    fn strpos(text: diesel::sql_types::Text, part: diesel::sql_types::Text) -> diesel::sql_types::Integer;
}
diesel::define_sql_function! {
    /// What a search compares: in small letters, without diacritics (migration 5).
    fn search_key(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The lock under which edges are drawn: two events that would close a circle between them stand in line.
const GRAPH_LOCK: i64 = 0x6e67_756f_6e5f_6772;

/// Holds the graph until the transaction ends. Taken after the batch's row, by everyone.
pub(super) async fn lock_graph(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::select(pg_advisory_xact_lock(GRAPH_LOCK)).execute(conn).await
}

/// Shares a lot; nothing when it is shared already.
pub(super) async fn insert_share(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    with: ShareWith,
    actor: &Actor,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let (token, account) = by_columns(actor);
    diesel::insert_into(lot_shares::table)
        .values((
            lot_shares::batch_no.eq(batch_no.to_i32()),
            lot_shares::producer_no.eq(with.producer_no().map(|no| no.0)),
            lot_shares::shared_at.eq(now),
            lot_shares::shared_by.eq(token),
            lot_shares::shared_by_account.eq(account),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// Shares a lot no more; what was made of it stays.
pub(super) async fn delete_share(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    with: ShareWith,
) -> QueryResult<usize> {
    let with = lot_shares::producer_no.is_not_distinct_from(with.producer_no().map(|no| no.0));
    diesel::delete(lot_shares::table.filter(lot_shares::batch_no.eq(batch_no.to_i32()).and(with))).execute(conn).await
}

/// Whether there is such a producer, still in the register.
pub(super) async fn is_producer(conn: &mut AsyncPgConnection, producer_no: ProducerNo) -> QueryResult<bool> {
    let open = producers::table.filter(producers::producer_no.eq(producer_no.0).and(producers::closed_at.is_null()));
    diesel::select(diesel::dsl::exists(open)).get_result(conn).await
}

/// With whom a lot is shared, the latest first.
pub(super) async fn shares_of(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<Share>> {
    let rows: Vec<(Option<i32>, DateTime<Utc>, Option<String>)> = lot_shares::table
        .left_join(producers::table)
        .filter(lot_shares::batch_no.eq(batch_no.to_i32()))
        .select((lot_shares::producer_no, lot_shares::shared_at, producers::name.nullable()))
        .order(lot_shares::share_no.desc())
        .load(conn)
        .await?;
    let share = |(producer_no, shared_at, name): (Option<i32>, DateTime<Utc>, Option<String>)| Share {
        with: producer_no.map_or(ShareWith::Everyone, |no| ShareWith::Producer(ProducerNo(no))),
        name,
        shared_at,
    };
    Ok(rows.into_iter().map(share).collect())
}

/// Batches that a producer may name as inputs of one of theirs, each of these words in lot, product or producer, the newest first.
pub(super) async fn usable_lots(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    but: BatchNo,
    words: &[String],
    limit: i64,
) -> QueryResult<Vec<BatchRef>> {
    let to_them = lot_shares::producer_no.is_null().or(lot_shares::producer_no.eq(producer_no.0));
    let shared = lot_shares::table.filter(lot_shares::batch_no.eq(batches::batch_no)).filter(to_them);
    let mut query = batches::table
        .inner_join(products::table.inner_join(producers::table))
        .filter(batches::batch_no.ne(but.to_i32()))
        .filter(products::producer_no.eq(producer_no.0).or(diesel::dsl::exists(shared)))
        .select(BatchRefRow::as_select())
        .order(batches::batch_no.desc())
        .limit(limit)
        .into_boxed();
    for word in words {
        let in_lot = strpos(search_key(batches::lot), search_key(word)).gt(0);
        let in_product = strpos(products::search_key, search_key(word)).gt(0);
        query = query.filter(in_lot.or(in_product).or(strpos(producers::search_key, search_key(word)).gt(0)));
    }
    let rows: Vec<BatchRefRow> = query.load(conn).await?;
    rows.into_iter().map(BatchRefRow::into_ref).collect()
}

/// A producer's lots from outside with what was taken of them, each of these words in product, supplier or lot, the newest first.
pub(super) async fn usable_outside_lots(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    words: &[String],
    limit: i64,
) -> QueryResult<Vec<OutsideChoice>> {
    let mut query = trace_outside_lots::table
        .filter(trace_outside_lots::producer_no.eq(producer_no.0))
        .select(OutsideLotRow::as_select())
        .order(trace_outside_lots::lot_no.desc())
        .limit(limit)
        .into_boxed();
    for word in words {
        let in_product = strpos(search_key(trace_outside_lots::product), search_key(word)).gt(0);
        let in_supplier = strpos(search_key(trace_outside_lots::supplier.assume_not_null()), search_key(word)).gt(0);
        let in_lot = strpos(search_key(trace_outside_lots::lot.assume_not_null()), search_key(word)).gt(0);
        query = query.filter(in_product.or(in_supplier).or(in_lot));
    }
    let rows: Vec<OutsideLotRow> = query.load(conn).await?;
    let lot_nos: Vec<i32> = rows.iter().map(|row| row.lot_no).collect();
    let taken: Vec<(i32, i64, String)> = trace_inputs::table
        .filter(trace_inputs::stands.and(trace_inputs::from_lot.eq_any(lot_nos)))
        .select((trace_inputs::from_lot.assume_not_null(), trace_inputs::quantity_thousandths, trace_inputs::unit))
        .load(conn)
        .await?;
    let mut used: BTreeMap<i32, Vec<Amount>> = BTreeMap::new();
    for (lot_no, thousandths, unit) in taken {
        used.entry(lot_no).or_default().push(amount_of(thousandths, &unit)?);
    }
    let choice = |row: OutsideLotRow| {
        let used = used.remove(&row.lot_no).unwrap_or_default();
        Ok(OutsideChoice { lot: row.into_lot()?, used })
    };
    rows.into_iter().map(choice).collect()
}
