//! The query for what travels with a scan. No transaction, no clock.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{stages, trace_events};
use crate::stamp::BatchNo;
use crate::trace::types::Step;

use super::types::{CardEvent, MAX_CARD_EVENTS};

/// The stage's names in both languages, the step, the day.
type EventRow = (Option<(String, String)>, String, NaiveDate);

/// The events of a batch that stand and happened last, the latest first.
pub(crate) async fn last_events(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<CardEvent>> {
    let rows: Vec<EventRow> = trace_events::table
        .left_join(stages::table)
        .filter(trace_events::batch_no.eq(batch_no.to_i32()))
        .filter(trace_events::stands)
        .order((trace_events::happened_on.desc(), trace_events::n.desc()))
        .limit(i64::try_from(MAX_CARD_EVENTS).unwrap_or(i64::MAX))
        .select(((stages::name_vi, stages::name_en).nullable(), trace_events::step, trace_events::happened_on))
        .load(conn)
        .await?;
    let event = |(stage, step, on): (Option<(String, String)>, String, NaiveDate)| {
        let of_step = || Step::parse(&step).map(|step| (step.vi().to_owned(), step.en().to_owned()));
        let (name_vi, name_en) = stage.or_else(of_step)?;
        Some(CardEvent { name_vi, name_en, on })
    };
    Ok(rows.into_iter().filter_map(event).collect())
}
