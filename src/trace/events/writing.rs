//! What recording writes: the event's row, its lots and photos, and which order it answered. Inside the caller's transaction; no
//! clock, no HTTP.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::{Actor, Who};
use crate::db::schema::{trace_event_files, trace_events, trace_inputs, trace_orders};
use crate::ledger::EntryNo;
use crate::stamp::BatchNo;
use crate::trace::lots::types::{KnownInput, Source};
use crate::trace::rows::damaged;
use crate::trace::types::{Amount, OrderKey, Said, Sha256Hash, StageNo};

use super::entry::Told;
use super::store::{CommuneRef, by_columns};

/// Where in the ledger an event stands, and who recorded it when.
#[derive(Clone, Copy)]
pub(super) struct Stamped<'a> {
    pub(super) batch_no: BatchNo,
    pub(super) n: i32,
    pub(super) entry_no: EntryNo,
    pub(super) commune: Option<&'a CommuneRef>,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) role: &'static str,
    pub(super) actor: &'a Actor,
}

#[derive(Insertable)]
#[diesel(table_name = trace_events)]
struct EventColumns<'a> {
    batch_no: i32,
    n: i32,
    entry_no: i64,
    corrects: Option<i32>,
    stage_no: Option<i32>,
    step: &'static str,
    happened_on: NaiveDate,
    happened_time: Option<NaiveTime>,
    commune_code: Option<&'a str>,
    commune_valid_from: Option<NaiveDate>,
    village: Option<&'a str>,
    in_thousandths: Option<i64>,
    in_unit: Option<&'a str>,
    out_thousandths: Option<i64>,
    out_unit: Option<&'a str>,
    wait_days: Option<i16>,
    place_text: Option<&'a str>,
    note: Option<&'a str>,
    reason: Option<&'a str>,
    recorded_at: DateTime<Utc>,
    recorded_by: Option<i32>,
    recorded_by_account: Option<i32>,
    role: &'static str,
}

/// Writes an event with its lots and photos.
pub(super) async fn insert_event(
    conn: &mut AsyncPgConnection,
    told: &Told<'_>,
    stamped: Stamped<'_>,
) -> QueryResult<()> {
    let thousandths = |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.quantity.thousandths());
    let unit = |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.unit.as_str().to_owned());
    let (in_unit, out_unit) = (unit(&told.event.taken), unit(&told.event.made));
    let (recorded_by, recorded_by_account) = by_columns(stamped.actor);
    let corrects = told.corrects.map(|(n, _)| i32::try_from(n)).transpose().map_err(damaged)?;
    let row = EventColumns {
        batch_no: stamped.batch_no.to_i32(),
        n: stamped.n,
        entry_no: stamped.entry_no.0,
        corrects,
        stage_no: told.stage.map(|stage| stage.stage_no.0),
        step: told.step.as_str(),
        happened_on: told.event.when.on,
        happened_time: told.event.when.time,
        commune_code: stamped.commune.map(|commune| commune.code.as_str()),
        commune_valid_from: stamped.commune.map(|commune| commune.valid_from),
        village: told.place.village.as_deref(),
        in_thousandths: thousandths(&told.event.taken),
        in_unit: in_unit.as_deref(),
        out_thousandths: thousandths(&told.event.made),
        out_unit: out_unit.as_deref(),
        wait_days: told.event.wait_days.map(i16::try_from).transpose().map_err(damaged)?,
        place_text: told.place.text.as_deref(),
        note: told.event.note.as_ref().map(Said::as_str),
        reason: told.corrects.map(|(_, reason)| reason.as_str()),
        recorded_at: stamped.recorded_at,
        recorded_by,
        recorded_by_account,
        role: stamped.role,
    };
    diesel::insert_into(trace_events::table).values(row).execute(conn).await?;
    for (input, place) in told.inputs.iter().zip(1..) {
        insert_input(conn, stamped, place, input).await?;
    }
    for (file, place) in told.event.files.iter().zip(1..) {
        insert_file(conn, stamped, place, *file).await?;
    }
    Ok(())
}

async fn insert_input(
    conn: &mut AsyncPgConnection,
    stamped: Stamped<'_>,
    place: i16,
    input: &KnownInput,
) -> QueryResult<usize> {
    let (from_batch, from_lot) = match &input.source {
        Source::Batch(batch_no) => (Some(batch_no.to_i32()), None),
        Source::Outside(lot) => (None, Some(lot.lot_no.0)),
    };
    diesel::insert_into(trace_inputs::table)
        .values((
            trace_inputs::batch_no.eq(stamped.batch_no.to_i32()),
            trace_inputs::n.eq(stamped.n),
            trace_inputs::place.eq(place),
            trace_inputs::from_batch.eq(from_batch),
            trace_inputs::from_lot.eq(from_lot),
            trace_inputs::quantity_thousandths.eq(input.amount.quantity.thousandths()),
            trace_inputs::unit.eq(input.amount.unit.as_str()),
        ))
        .execute(conn)
        .await
}

async fn insert_file(
    conn: &mut AsyncPgConnection,
    stamped: Stamped<'_>,
    place: i16,
    file: Sha256Hash,
) -> QueryResult<usize> {
    diesel::insert_into(trace_event_files::table)
        .values((
            trace_event_files::batch_no.eq(stamped.batch_no.to_i32()),
            trace_event_files::n.eq(stamped.n),
            trace_event_files::place.eq(place),
            trace_event_files::sha256.eq(file.0.to_vec()),
        ))
        .execute(conn)
        .await
}

/// What is known of an event once it is struck.
pub(super) struct StruckEvent {
    /// The stage it named.
    pub(super) stage_no: Option<StageNo>,
}

/// Strikes an event that stands, with its edges; none when it does not stand.
pub(super) async fn strike(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    n: i32,
) -> QueryResult<Option<StruckEvent>> {
    let inputs = trace_inputs::table.filter(trace_inputs::batch_no.eq(batch_no.to_i32()).and(trace_inputs::n.eq(n)));
    diesel::update(inputs).set(trace_inputs::stands.eq(false)).execute(conn).await?;
    let event = trace_events::table.find((batch_no.to_i32(), n)).filter(trace_events::stands);
    let mut struck: Vec<Option<i32>> =
        diesel::update(event).set(trace_events::stands.eq(false)).returning(trace_events::stage_no).load(conn).await?;
    Ok(struck.pop().map(|stage_no| StruckEvent { stage_no: stage_no.map(StageNo) }))
}

/// Whose orders are kept, as the column names them. The operator at the command line is nobody whose order could be told from
/// another's.
pub(super) fn keeper_of(actor: &Actor) -> Option<String> {
    match actor.who {
        Who::Operator => None,
        Who::Account(id) => Some(format!("account {}", id.0)),
        Who::Token(id) => Some(format!("token {}", id.0)),
    }
}

/// The event that answered an order, with the hash of what was told then.
pub(super) async fn answered_order(
    conn: &mut AsyncPgConnection,
    keeper: &str,
    order: &OrderKey,
    since: DateTime<Utc>,
) -> QueryResult<Option<(Vec<u8>, i32)>> {
    trace_orders::table
        .filter(trace_orders::actor.eq(keeper))
        .filter(trace_orders::route.eq(&order.route).and(trace_orders::key.eq(&order.key)))
        .filter(trace_orders::created_at.ge(since))
        .select((trace_orders::body_hash, trace_orders::n))
        .first(conn)
        .await
        .optional()
}

/// Keeps which event answered an order.
pub(super) async fn keep_order(
    conn: &mut AsyncPgConnection,
    keeper: &str,
    order: &OrderKey,
    (batch_no, n): (BatchNo, i32),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(trace_orders::table)
        .values((
            trace_orders::actor.eq(keeper),
            trace_orders::route.eq(&order.route),
            trace_orders::key.eq(&order.key),
            trace_orders::body_hash.eq(order.body_hash.as_slice()),
            trace_orders::batch_no.eq(batch_no.to_i32()),
            trace_orders::n.eq(n),
            trace_orders::created_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Forgets the orders of this actor that were kept before `until`: another's are left alone, so that nobody waits for anybody.
pub(super) async fn forget_orders(
    conn: &mut AsyncPgConnection,
    keeper: &str,
    until: DateTime<Utc>,
) -> QueryResult<usize> {
    let own = trace_orders::table.filter(trace_orders::actor.eq(keeper)).filter(trace_orders::created_at.lt(until));
    diesel::delete(own).execute(conn).await
}
