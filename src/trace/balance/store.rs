//! Queries that a balance is computed from. No transaction, no clock, no HTTP.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::ProducerNo;
use crate::db::schema::{batches, mint_runs, products, stages, trace_events, trace_inputs, trace_outside_lots, voids};
use crate::stamp::{BatchNo, ProductNo};
use crate::trace::rows::{amount_of, damaged, unknown};
use crate::trace::types::{Amount, Step};

use super::types::{BalanceFacts, OutsideSum, SourceSum, StageSum};

/// Stages and bare steps of a batch with what went in and came out; where an event does not say what went in, its lots do.
pub(super) async fn stage_sums(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<StageSum>> {
    type Named = (i32, String, String, Option<i32>);
    let rows: Vec<(i32, String, Option<Named>, Told, Told)> = trace_events::table
        .left_join(stages::table)
        .filter(trace_events::batch_no.eq(batch_no.to_i32()).and(trace_events::stands))
        .select((
            trace_events::n,
            trace_events::step,
            (stages::stage_no, stages::name_vi, stages::name_en, stages::max_yield_permille).nullable(),
            (trace_events::in_thousandths, trace_events::in_unit),
            (trace_events::out_thousandths, trace_events::out_unit),
        ))
        .order((stages::place.asc().nulls_last(), trace_events::n))
        .load(conn)
        .await?;
    let rows_of_inputs: Vec<(i32, i64, String)> = trace_inputs::table
        .filter(trace_inputs::batch_no.eq(batch_no.to_i32()).and(trace_inputs::stands))
        .select((trace_inputs::n, trace_inputs::quantity_thousandths, trace_inputs::unit))
        .load(conn)
        .await?;
    let mut inputs: BTreeMap<i32, Vec<Amount>> = BTreeMap::new();
    for (n, thousandths, unit) in rows_of_inputs {
        inputs.entry(n).or_default().push(amount_of(thousandths, &unit)?);
    }
    let mut sums: Vec<(Option<i32>, String, StageSum)> = Vec::new();
    for (n, step, named, (taken, taken_unit), (made, made_unit)) in rows {
        let taken = if let Some(taken) = Amount::from_columns(taken, taken_unit.as_deref()) {
            vec![taken]
        } else {
            inputs.remove(&n).unwrap_or_default()
        };
        let made = Amount::from_columns(made, made_unit.as_deref());
        let stage_no = named.as_ref().map(|(stage_no, ..)| *stage_no);
        let known = sums.iter_mut().find(|(no, of, _)| *no == stage_no && (stage_no.is_some() || *of == step));
        if let Some((.., sum)) = known {
            sum.taken.extend(taken);
            sum.made.extend(made);
        } else {
            let sum = new_sum(&step, named, taken, made)?;
            sums.push((stage_no, step, sum));
        }
    }
    Ok(sums.into_iter().map(|(.., sum)| sum).collect())
}

fn new_sum(
    step: &str,
    named: Option<(i32, String, String, Option<i32>)>,
    taken: Vec<Amount>,
    made: Option<Amount>,
) -> QueryResult<StageSum> {
    let step = Step::parse(step).ok_or_else(|| unknown("unknown step of an event"))?;
    let (name, max_yield_permille) = match named {
        Some((_, vi, en, permille)) => ((vi, en), permille.map(u32::try_from).transpose().map_err(damaged)?),
        None => ((step.vi().to_owned(), step.en().to_owned()), None),
    };
    let is_packing = step == Step::Pack;
    Ok(StageSum { name, max_yield_permille, is_packing, taken, made: made.into_iter().collect() })
}

/// What went into other batches, input by input.
pub(super) async fn passed_on(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<Amount>> {
    let rows: Vec<(i64, String)> = trace_inputs::table
        .filter(trace_inputs::from_batch.eq(batch_no.to_i32()).and(trace_inputs::stands))
        .select((trace_inputs::quantity_thousandths, trace_inputs::unit))
        .load(conn)
        .await?;
    rows.iter().map(|(thousandths, unit)| amount_of(*thousandths, unit)).collect()
}

/// Number, product, quantity and unit of a lot; quantity and unit of what was taken.
type OutsideRow = (i32, String, i64, String, i64, String);

/// The lots from outside that went into a batch, each with everything that was taken from it, by any batch.
pub(super) async fn outside_sums(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<OutsideSum>> {
    let own = diesel::alias!(trace_inputs as own);
    let lot_nos = own
        .filter(own.field(trace_inputs::batch_no).eq(batch_no.to_i32()).and(own.field(trace_inputs::stands)))
        .filter(own.field(trace_inputs::from_lot).is_not_null())
        .select(own.field(trace_inputs::from_lot).assume_not_null());
    let rows: Vec<OutsideRow> = trace_outside_lots::table
        .inner_join(trace_inputs::table.on(trace_inputs::from_lot.eq(trace_outside_lots::lot_no.nullable())))
        .filter(trace_inputs::stands.and(trace_outside_lots::lot_no.eq_any(lot_nos)))
        .select((
            trace_outside_lots::lot_no,
            trace_outside_lots::product,
            trace_outside_lots::quantity_thousandths,
            trace_outside_lots::unit,
            trace_inputs::quantity_thousandths,
            trace_inputs::unit,
        ))
        .order(trace_outside_lots::lot_no)
        .load(conn)
        .await?;
    let mut sums: Vec<(i32, OutsideSum)> = Vec::new();
    for (lot_no, product, received, received_unit, used, used_unit) in rows {
        let used = amount_of(used, &used_unit)?;
        match sums.last_mut() {
            Some((no, sum)) if *no == lot_no => sum.used.push(used),
            _ => {
                let received = amount_of(received, &received_unit)?;
                sums.push((lot_no, OutsideSum { product, received, used: vec![used] }));
            }
        }
    }
    Ok(sums.into_iter().map(|(_, sum)| sum).collect())
}

/// Quantity and unit as their columns have them.
type Told = (Option<i64>, Option<String>);

/// The batches that went into a batch, each with what is known of how much it has and with what was taken from it here. Of
/// another's batch that is what its public timeline tells, and not what it declares.
pub(super) async fn source_sums(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    batch_no: BatchNo,
) -> QueryResult<Vec<SourceSum>> {
    type Row = ((i32, String, String, i32), Told, Told, (i64, String));
    let rows: Vec<Row> = trace_inputs::table
        .inner_join(batches::table.on(trace_inputs::from_batch.eq(batches::batch_no.nullable())))
        .inner_join(products::table.on(batches::product_no.eq(products::product_no)))
        .filter(trace_inputs::batch_no.eq(batch_no.to_i32()).and(trace_inputs::stands))
        .select((
            (batches::batch_no, batches::lot, batches::state, products::producer_no),
            (batches::quantity_thousandths, batches::unit),
            (products::pack_thousandths, products::pack_unit),
            (trace_inputs::quantity_thousandths, trace_inputs::unit),
        ))
        .order(batches::batch_no)
        .load(conn)
        .await?;
    let mut sums: Vec<(i32, SourceSum)> = Vec::new();
    for ((no, lot, state, owner), (declared, unit), (pack, pack_unit), (used, used_unit)) in rows {
        let used = amount_of(used, &used_unit)?;
        match sums.last_mut() {
            Some((known, sum)) if *known == no => sum.used.push(used),
            _ => {
                let has = BalanceFacts {
                    is_open: state == "open",
                    declared: Amount::from_columns(declared.filter(|_| owner == producer_no.0), unit.as_deref()),
                    pack: Amount::from_columns(pack, pack_unit.as_deref()),
                    ..BalanceFacts::default()
                };
                sums.push((no, SourceSum { lot, has, used: vec![used] }));
            }
        }
    }
    if !sums.is_empty() {
        add_made(conn, &mut sums).await?;
    }
    Ok(sums.into_iter().map(|(_, sum)| sum).collect())
}

/// Adds what was harvested, made and packed of each source, stage by stage.
async fn add_made(conn: &mut AsyncPgConnection, sums: &mut [(i32, SourceSum)]) -> QueryResult<()> {
    let batch_nos: Vec<i32> = sums.iter().map(|(no, _)| *no).collect();
    let making = [Step::Harvest, Step::Process, Step::Pack].map(Step::as_str);
    let rows: Vec<(i32, String, Option<i32>, Told)> = trace_events::table
        .filter(trace_events::batch_no.eq_any(batch_nos).and(trace_events::stands))
        .filter(trace_events::step.eq_any(making))
        .select((
            trace_events::batch_no,
            trace_events::step,
            trace_events::stage_no,
            (trace_events::out_thousandths, trace_events::out_unit),
        ))
        .order((trace_events::batch_no, trace_events::step, trace_events::stage_no))
        .load(conn)
        .await?;
    let mut before: Option<(i32, String, Option<i32>)> = None;
    for (batch_no, step, stage_no, (made, unit)) in rows {
        let Some((_, sum)) = sums.iter_mut().find(|(no, _)| *no == batch_no) else { continue };
        let made = Amount::from_columns(made, unit.as_deref());
        let key = (batch_no, step, stage_no);
        match sum.has.stages.last_mut().filter(|_| before.as_ref() == Some(&key)) {
            Some(stage) => stage.made.extend(made),
            None => sum.has.stages.push(new_sum(&key.1, None, Vec::new(), made)?),
        }
        before = Some(key);
    }
    Ok(())
}

/// What one pack of a product holds.
pub(super) async fn pack_of(conn: &mut AsyncPgConnection, product_no: ProductNo) -> QueryResult<Option<Amount>> {
    let (thousandths, unit): (Option<i64>, Option<String>) = products::table
        .find(product_no.to_i32())
        .select((products::pack_thousandths, products::pack_unit))
        .first(conn)
        .await?;
    Ok(Amount::from_columns(thousandths, unit.as_deref()))
}

/// Stamps of a batch that are out: minted and not voided, without the whole batch's own.
pub(super) async fn n_stamps(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<u64> {
    let runs: Vec<(i32, i32)> = mint_runs::table
        .filter(mint_runs::batch_no.eq(batch_no.to_i32()))
        .select((mint_runs::first_serial, mint_runs::last_serial))
        .load(conn)
        .await?;
    let voided: Vec<(i32, i32)> = voids::table
        .filter(voids::batch_no.eq(batch_no.to_i32()))
        .select((voids::first_serial, voids::last_serial))
        .load(conn)
        .await?;
    // Serial 0 is the whole batch's own.
    let count = |ranges: &[(i32, i32)]| -> i64 {
        ranges.iter().map(|(first, last)| i64::from(*last) - i64::from((*first).max(1)) + 1).sum()
    };
    Ok(u64::try_from(count(&runs) - count(&voided)).unwrap_or_default())
}
