//! Queries on the graph's points and edges. No transaction, no clock, no HTTP.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::Reach;
use crate::batches::types::SerialRange;
use crate::db::schema::{batches, mint_runs, producers, products, trace_inputs, trace_outside_lots, voids};
use crate::stamp::{BatchNo, Serial};
use crate::trace::lots::{BatchRefRow, outside_lots};
use crate::trace::rows::{amount_of, batch_no_of, damaged, unknown};
use crate::trace::types::{Amount, BatchRef, OutsideLot, OutsideLotNo};

use super::types::{Edge, NodeId, StandingKind};

/// Batch, event, batch or lot that went in, quantity, unit.
type EdgeRow = (i32, i32, Option<i32>, Option<i32>, i64, String);
type EdgeColumns = (
    trace_inputs::batch_no,
    trace_inputs::n,
    trace_inputs::from_batch,
    trace_inputs::from_lot,
    trace_inputs::quantity_thousandths,
    trace_inputs::unit,
);
const EDGE_COLUMNS: EdgeColumns = (
    trace_inputs::batch_no,
    trace_inputs::n,
    trace_inputs::from_batch,
    trace_inputs::from_lot,
    trace_inputs::quantity_thousandths,
    trace_inputs::unit,
);

/// Every edge into one of these batches, and every edge between batches out of one of those.
pub(super) async fn edges(conn: &mut AsyncPgConnection, into: &[i32], out_of: &[i32]) -> QueryResult<Vec<Edge>> {
    let is_asked = trace_inputs::batch_no.eq_any(into).nullable().or(trace_inputs::from_batch.eq_any(out_of));
    let rows: Vec<EdgeRow> = trace_inputs::table
        .filter(trace_inputs::stands)
        .filter(is_asked)
        .select(EDGE_COLUMNS)
        .order((trace_inputs::batch_no, trace_inputs::n, trace_inputs::place))
        .load(conn)
        .await?;
    rows.into_iter().map(to_edge).collect()
}

/// The latest edges into a batch.
pub(super) async fn edges_into(conn: &mut AsyncPgConnection, into: BatchNo, limit: i64) -> QueryResult<Vec<Edge>> {
    let rows: Vec<EdgeRow> = trace_inputs::table
        .filter(trace_inputs::batch_no.eq(into.to_i32()).and(trace_inputs::stands))
        .select(EDGE_COLUMNS)
        .order((trace_inputs::n.desc(), trace_inputs::place))
        .limit(limit)
        .load(conn)
        .await?;
    rows.into_iter().map(to_edge).collect()
}

/// The latest edges out of a batch.
pub(super) async fn edges_out_of(conn: &mut AsyncPgConnection, out_of: BatchNo, limit: i64) -> QueryResult<Vec<Edge>> {
    let rows: Vec<EdgeRow> = trace_inputs::table
        .filter(trace_inputs::from_batch.eq(out_of.to_i32()).and(trace_inputs::stands))
        .select(EDGE_COLUMNS)
        .order((trace_inputs::batch_no.desc(), trace_inputs::n.desc(), trace_inputs::place))
        .limit(limit)
        .load(conn)
        .await?;
    rows.into_iter().map(to_edge).collect()
}

/// The batches that a lot from outside went into, at most `limit`.
pub(super) async fn users_of(conn: &mut AsyncPgConnection, lot_no: OutsideLotNo, limit: i64) -> QueryResult<Vec<i32>> {
    trace_inputs::table
        .filter(trace_inputs::from_lot.eq(lot_no.0).and(trace_inputs::stands))
        .select(trace_inputs::batch_no)
        .distinct()
        .order(trace_inputs::batch_no)
        .limit(limit)
        .load(conn)
        .await
}

/// A lot from outside that is a producer's within reach.
pub(super) async fn lot_within(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    lot_no: OutsideLotNo,
) -> QueryResult<Option<OutsideLot>> {
    let owned = trace_outside_lots::table
        .inner_join(producers::table.on(producers::producer_no.eq(trace_outside_lots::producer_no)))
        .filter(trace_outside_lots::lot_no.eq(lot_no.0))
        .filter(within(reach));
    if diesel::select(diesel::dsl::exists(owned)).get_result(conn).await? {
        Ok(outside_lots(conn, &[lot_no.0]).await?.pop())
    } else {
        Ok(None)
    }
}

fn to_edge((to, n, from_batch, from_lot, thousandths, unit): EdgeRow) -> QueryResult<Edge> {
    let from = match (from_batch, from_lot) {
        (Some(batch_no), _) => NodeId::Batch(batch_no_of(batch_no)?),
        (None, Some(lot_no)) => NodeId::Outside(OutsideLotNo(lot_no)),
        (None, None) => return Err(unknown("an input from nowhere")),
    };
    let n = u32::try_from(n).map_err(damaged)?;
    Ok(Edge { from, to: batch_no_of(to)?, amount: amount_of(thousandths, &unit)?, n })
}

/// Which batch went into which, of these and whatever they went into.
pub(super) async fn links_out_of(conn: &mut AsyncPgConnection, out_of: &[i32]) -> QueryResult<Vec<(BatchNo, BatchNo)>> {
    let rows: Vec<(i32, i32)> = trace_inputs::table
        .filter(trace_inputs::stands.and(trace_inputs::from_batch.is_not_null()))
        .filter(trace_inputs::from_batch.eq_any(out_of))
        .select((trace_inputs::from_batch.assume_not_null(), trace_inputs::batch_no))
        .load(conn)
        .await?;
    rows.into_iter().map(|(from, to)| Ok((batch_no_of(from)?, batch_no_of(to)?))).collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = batches)]
struct StateColumns {
    quantity_thousandths: Option<i64>,
    unit: Option<String>,
    standing: String,
    state: String,
}

/// A batch with what is known of it.
pub(super) struct Point {
    pub(super) batch: BatchRef,
    pub(super) declared: Option<Amount>,
    pub(super) standing: StandingKind,
    pub(super) is_open: bool,
}

/// These batches by number.
pub(super) async fn points(conn: &mut AsyncPgConnection, batch_nos: &[i32]) -> QueryResult<BTreeMap<BatchNo, Point>> {
    let rows: Vec<(BatchRefRow, StateColumns)> = batches::table
        .inner_join(products::table.inner_join(producers::table))
        .filter(batches::batch_no.eq_any(batch_nos))
        .select((BatchRefRow::as_select(), StateColumns::as_select()))
        .load(conn)
        .await?;
    let point = |(batch, state): (BatchRefRow, StateColumns)| {
        let batch = batch.into_ref()?;
        let declared = Amount::from_columns(state.quantity_thousandths, state.unit.as_deref());
        let standing = StandingKind::parse(&state.standing).ok_or_else(|| unknown("unknown standing of a batch"))?;
        Ok((batch.batch_no, Point { batch, declared, standing, is_open: state.state == "open" }))
    };
    rows.into_iter().map(point).collect()
}

/// Ranges of serials by batch, lowest first.
pub(super) type Ranges = BTreeMap<BatchNo, Vec<SerialRange>>;

/// What was minted of these batches, without the whole batch's own stamps.
pub(super) async fn minted(conn: &mut AsyncPgConnection, batch_nos: &[i32]) -> QueryResult<Ranges> {
    let rows = mint_runs::table
        .filter(mint_runs::batch_no.eq_any(batch_nos))
        .select((mint_runs::batch_no, mint_runs::first_serial, mint_runs::last_serial))
        .order((mint_runs::batch_no, mint_runs::first_serial))
        .load(conn)
        .await?;
    ranges(rows)
}

/// What was voided of these batches.
pub(super) async fn voided(conn: &mut AsyncPgConnection, batch_nos: &[i32]) -> QueryResult<Ranges> {
    let rows = voids::table
        .filter(voids::batch_no.eq_any(batch_nos))
        .select((voids::batch_no, voids::first_serial, voids::last_serial))
        .order((voids::batch_no, voids::first_serial))
        .load(conn)
        .await?;
    ranges(rows)
}

fn ranges(rows: Vec<(i32, i32, i32)>) -> QueryResult<Ranges> {
    let serial = |n: i32| Serial::try_from(n).map_err(damaged);
    let mut ranges = Ranges::new();
    for (batch_no, first, last) in rows {
        let range = SerialRange { first: serial(first)?, last: serial(last)? };
        ranges.entry(batch_no_of(batch_no)?).or_default().push(range);
    }
    Ok(ranges)
}
