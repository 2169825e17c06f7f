//! Queries on events and their lots. No transaction, no clock, no HTTP.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::{Actor, ProducerNo};
use crate::db::schema::{
    accounts, batches, communes, producers, products, stages, tokens, trace_event_files, trace_events, trace_inputs,
};
use crate::register::types::Pack;
use crate::stamp::{BatchNo, ProductNo};
use crate::trace::lots::{batch_refs, outside_lots};
use crate::trace::rows::{amount_of, batch_no_of, damaged, unknown};
use crate::trace::types::{
    Amount, Declared, Doer, Event, EventStage, Input, LotRef, Place, Sha256Hash, StageNo, Step, What,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = trace_events)]
struct EventRow {
    batch_no: i32,
    n: i32,
    corrects: Option<i32>,
    step: String,
    happened_on: NaiveDate,
    happened_time: Option<NaiveTime>,
    village: Option<String>,
    in_thousandths: Option<i64>,
    in_unit: Option<String>,
    out_thousandths: Option<i64>,
    out_unit: Option<String>,
    wait_days: Option<i16>,
    place_text: Option<String>,
    note: Option<String>,
    reason: Option<String>,
    recorded_at: DateTime<Utc>,
    role: String,
}

type Stage = (i32, String, String);
type Beside = (Option<Stage>, Option<(String, String)>, Option<(String, String)>, Option<String>, Option<i32>);

fn to_event((row, (stage, commune, account, token, corrected_by)): (EventRow, Beside)) -> QueryResult<Event> {
    let n_of = |n: i32| u32::try_from(n).map_err(damaged);
    Ok(Event {
        batch_no: batch_no_of(row.batch_no)?,
        n: n_of(row.n)?,
        stage: stage.map(|(stage_no, name_vi, name_en)| EventStage { stage_no: StageNo(stage_no), name_vi, name_en }),
        step: Step::parse(&row.step).ok_or_else(|| unknown("unknown step of an event"))?,
        when: Declared { on: row.happened_on, time: row.happened_time },
        place: Place { commune, village: row.village, text: row.place_text },
        taken: Amount::from_columns(row.in_thousandths, row.in_unit.as_deref()),
        made: Amount::from_columns(row.out_thousandths, row.out_unit.as_deref()),
        inputs: Vec::new(),
        wait_days: row.wait_days.map(u16::try_from).transpose().map_err(damaged)?,
        note: row.note,
        files: Vec::new(),
        recorded_at: row.recorded_at,
        role: row.role,
        by: Doer::from_columns(account, token),
        corrects: row.corrects.map(n_of).transpose()?,
        reason: row.reason,
        corrected_by: corrected_by.map(n_of).transpose()?,
    })
}

/// Which events of a batch: those behind one place of the chain and not behind another, at most so many. One shape for all, so
/// that the statement is prepared once a connection: planning its joins costs more than running them.
#[derive(Clone, Copy)]
struct Wanted {
    after: i32,
    until: i32,
    limit: i64,
}

/// One event of a batch.
pub(super) async fn find_event(conn: &mut AsyncPgConnection, batch_no: BatchNo, n: i32) -> QueryResult<Option<Event>> {
    Ok(load_events(conn, batch_no, Wanted { after: n.saturating_sub(1), until: n, limit: 1 }).await?.pop())
}

/// A batch's events behind `n`, in their order.
pub(super) async fn events_after(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    n: i32,
    limit: i64,
) -> QueryResult<Vec<Event>> {
    load_events(conn, batch_no, Wanted { after: n, until: i32::MAX, limit }).await
}

/// The stage or step of the last event of a batch that stands.
pub(super) async fn last_standing_stage(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Option<What>> {
    let row: Option<(Option<i32>, String)> = trace_events::table
        .filter(trace_events::batch_no.eq(batch_no.to_i32()).and(trace_events::stands))
        .select((trace_events::stage_no, trace_events::step))
        .order(trace_events::n.desc())
        .first(conn)
        .await
        .optional()?;
    let what = |(stage_no, step): (Option<i32>, String)| match stage_no {
        Some(stage_no) => Ok(What::Stage(StageNo(stage_no))),
        None => Step::parse(&step).map(What::Step).ok_or_else(|| unknown("unknown step of an event")),
    };
    row.map(what).transpose()
}

async fn load_events(conn: &mut AsyncPgConnection, batch_no: BatchNo, wanted: Wanted) -> QueryResult<Vec<Event>> {
    let later = diesel::alias!(trace_events as later);
    let corrected = later
        .field(trace_events::batch_no)
        .eq(trace_events::batch_no)
        .and(later.field(trace_events::corrects).eq(trace_events::n.nullable()));
    let commune = trace_events::commune_code
        .eq(communes::code.nullable())
        .and(trace_events::commune_valid_from.eq(communes::valid_from.nullable()));
    let query = trace_events::table
        .left_join(stages::table)
        .left_join(communes::table.on(commune))
        .left_join(accounts::table.on(trace_events::recorded_by_account.eq(accounts::account_id.nullable())))
        .left_join(tokens::table.on(trace_events::recorded_by.eq(tokens::token_id.nullable())))
        .left_join(later.on(corrected))
        .filter(trace_events::batch_no.eq(batch_no.to_i32()))
        .select((
            EventRow::as_select(),
            (
                (stages::stage_no, stages::name_vi, stages::name_en).nullable(),
                (communes::code, communes::name).nullable(),
                (accounts::display_name, accounts::role).nullable(),
                tokens::name.nullable(),
                later.field(trace_events::n).nullable(),
            ),
        ))
        .filter(trace_events::n.gt(wanted.after).and(trace_events::n.le(wanted.until)))
        .order(trace_events::n)
        .limit(wanted.limit);
    let rows: Vec<(EventRow, Beside)> = query.load(conn).await?;
    let mut events: Vec<Event> = rows.into_iter().map(to_event).collect::<QueryResult<_>>()?;
    add_inputs(conn, batch_no, &mut events).await?;
    add_files(conn, batch_no, &mut events).await?;
    Ok(events)
}

fn numbers_of(events: &[Event]) -> Vec<i32> {
    events.iter().filter_map(|event| i32::try_from(event.n).ok()).collect()
}

/// The event at a place of the chain, among events in the order of the chain.
fn event_at(events: &mut [Event], n: i32) -> Option<&mut Event> {
    let n = u32::try_from(n).ok()?;
    let at = events.binary_search_by_key(&n, |event| event.n).ok()?;
    events.get_mut(at)
}

async fn add_inputs(conn: &mut AsyncPgConnection, batch_no: BatchNo, events: &mut [Event]) -> QueryResult<()> {
    type Row = (i32, Option<i32>, Option<i32>, i64, String);
    let rows: Vec<Row> = trace_inputs::table
        .filter(trace_inputs::batch_no.eq(batch_no.to_i32()).and(trace_inputs::n.eq_any(numbers_of(events))))
        .select((
            trace_inputs::n,
            trace_inputs::from_batch,
            trace_inputs::from_lot,
            trace_inputs::quantity_thousandths,
            trace_inputs::unit,
        ))
        .order((trace_inputs::n, trace_inputs::place))
        .load(conn)
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let from_batches: Vec<i32> = rows.iter().filter_map(|row| row.1).collect();
    let from_lots: Vec<i32> = rows.iter().filter_map(|row| row.2).collect();
    let batches = batch_refs(conn, &from_batches).await?;
    let lots = outside_lots(conn, &from_lots).await?;
    for (n, from_batch, from_lot, thousandths, unit) in rows {
        let batch = from_batch.and_then(|no| batches.iter().find(|batch| batch.batch_no.to_i32() == no));
        let lot = from_lot.and_then(|no| lots.iter().find(|lot| lot.lot_no.0 == no));
        let from = match (batch, lot) {
            (Some(batch), _) => LotRef::Batch(batch.clone()),
            (None, Some(lot)) => LotRef::Outside(lot.clone()),
            (None, None) => return Err(unknown("an input from nowhere")),
        };
        if let Some(event) = event_at(events, n) {
            event.inputs.push(Input { from, amount: amount_of(thousandths, &unit)? });
        }
    }
    Ok(())
}

async fn add_files(conn: &mut AsyncPgConnection, batch_no: BatchNo, events: &mut [Event]) -> QueryResult<()> {
    let of_these = trace_event_files::n.eq_any(numbers_of(events));
    let rows: Vec<(i32, Vec<u8>)> = trace_event_files::table
        .filter(trace_event_files::batch_no.eq(batch_no.to_i32()).and(of_these))
        .select((trace_event_files::n, trace_event_files::sha256))
        .order((trace_event_files::n, trace_event_files::place))
        .load(conn)
        .await?;
    for (n, sha256) in rows {
        let hash = <[u8; 32]>::try_from(sha256).map_err(|_| unknown("a hash of another length"))?;
        if let Some(event) = event_at(events, n) {
            event.files.push(Sha256Hash(hash));
        }
    }
    Ok(())
}

/// What an event is judged by besides its batch and stage, and where its producer is at home.
pub(super) struct ProductGround {
    pub(super) pack: Option<Pack>,
    pub(super) commune: Option<CommuneRef>,
    pub(super) village: Option<String>,
}

/// A commune in one of its lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommuneRef {
    pub(super) code: String,
    pub(super) valid_from: NaiveDate,
    pub(super) name: String,
}

impl From<(String, NaiveDate, String)> for CommuneRef {
    fn from((code, valid_from, name): (String, NaiveDate, String)) -> Self {
        Self { code, valid_from, name }
    }
}

/// Quantity and unit of a pack, commune, village.
type GroundRow = (Option<i64>, Option<String>, Option<(String, NaiveDate, String)>, Option<String>);

/// The ground of a product.
pub(super) async fn product_ground(conn: &mut AsyncPgConnection, product_no: ProductNo) -> QueryResult<ProductGround> {
    let commune = producers::commune_code
        .eq(communes::code.nullable())
        .and(producers::commune_valid_from.eq(communes::valid_from.nullable()));
    let (pack_thousandths, pack_unit, commune, village): GroundRow = products::table
        .inner_join(producers::table)
        .left_join(communes::table.on(commune))
        .filter(products::product_no.eq(product_no.to_i32()))
        .select((
            products::pack_thousandths,
            products::pack_unit,
            (communes::code, communes::valid_from, communes::name).nullable(),
            producers::village,
        ))
        .first(conn)
        .await?;
    let pack = Pack::from_columns(pack_thousandths, pack_unit.as_deref());
    Ok(ProductGround { pack, commune: commune.map(CommuneRef::from), village })
}

/// A commune of today by code.
pub(super) async fn commune_today(conn: &mut AsyncPgConnection, code: &str) -> QueryResult<Option<CommuneRef>> {
    let row: Option<(String, NaiveDate, String)> = communes::table
        .filter(communes::code.eq(code).and(communes::valid_to.is_null()))
        .select((communes::code, communes::valid_from, communes::name))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(CommuneRef::from))
}

/// The place in its chain of the last event of a producer with this stage or step that stands, of this product if there is one.
pub(super) async fn last_like(
    conn: &mut AsyncPgConnection,
    (producer_no, product_no): (ProducerNo, ProductNo),
    what: What,
) -> QueryResult<Option<(i32, i32)>> {
    let (stage_no, step) = match what {
        What::Stage(stage_no) => (Some(stage_no.0), None),
        What::Step(step) => (None, Some(step.as_str())),
    };
    let is_it = trace_events::stage_no
        .nullable()
        .eq(stage_no)
        .or(trace_events::stage_no.is_null().and(trace_events::step.nullable().eq(step)).nullable());
    trace_events::table
        .inner_join(batches::table.inner_join(products::table))
        .filter(products::producer_no.eq(producer_no.0).and(trace_events::stands))
        .filter(is_it)
        .select((trace_events::batch_no, trace_events::n))
        .order((batches::product_no.eq(product_no.to_i32()).desc(), trace_events::recorded_at.desc()))
        .first(conn)
        .await
        .optional()
}

/// Stages and bare steps of the events of a producer that stand, each once.
pub(super) async fn told_before(conn: &mut AsyncPgConnection, producer_no: ProducerNo) -> QueryResult<Vec<What>> {
    let rows: Vec<(Option<i32>, String)> = trace_events::table
        .inner_join(batches::table.inner_join(products::table))
        .filter(products::producer_no.eq(producer_no.0).and(trace_events::stands))
        .select((trace_events::stage_no, trace_events::step))
        .distinct()
        .load(conn)
        .await?;
    let what = |(stage_no, step): (Option<i32>, String)| match stage_no {
        Some(stage_no) => Ok(What::Stage(StageNo(stage_no))),
        None => Step::parse(&step).map(What::Step).ok_or_else(|| unknown("unknown step of an event")),
    };
    rows.into_iter().map(what).collect()
}

/// Whether a file belongs to any event.
pub(super) async fn is_of_an_event(conn: &mut AsyncPgConnection, hash: Sha256Hash) -> QueryResult<bool> {
    let of_an_event = trace_event_files::table.filter(trace_event_files::sha256.eq(hash.0.to_vec()));
    diesel::select(diesel::dsl::exists(of_an_event)).get_result(conn).await
}

/// Who recorded something, as columns: a token, an account, or neither at the command line.
pub(in crate::trace) fn by_columns(actor: &Actor) -> (Option<i32>, Option<i32>) {
    (actor.token_id().map(|id| id.0), actor.account_id().map(|id| id.0))
}
