//! Recording what was done with a batch, and saying it anew. Both are one form; what was refused is shown again as it was typed,
//! photos included.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::accounts::types::Actor;
use crate::batches::Batches;
use crate::clock::day_in_vietnam;
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, FormError, IdempotencyKey, Keeper, Language, page, page_after, see_other};
use crate::register::Register;
use crate::stamp::BatchNo;
use crate::trace::Trace;
use crate::trace::api::batch_no;
use crate::trace::events::policy::{check_latest, may_correct, may_record};
use crate::trace::types::{Correction, NewEvent, Said, Sha256Hash};

use super::choices::{Choice, Choices, usual_day, usual_unit};
use super::event_form::{read_event, values_of};
use super::form_page::{About, Filled, Services, in_words, setting};
use super::photos::take_in;

/// What the form begins with.
#[derive(Deserialize)]
pub(super) struct NewQuery {
    /// As the last time this was done: a stage's number or a step's name.
    #[serde(default)]
    like: String,
}

pub(super) async fn show_new_form(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    query: web::Query<NewQuery>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let services = Services { trace: &trace, batches: &batches, register: &register };
    let setting = setting(&services, &actor, batch_no, language).await?;
    // Said before anything is filled in, and not after.
    may_record(&setting.batch)?;
    let asked = setting.choices.find(&query.like).cloned();
    let last = match &asked {
        Some(choice) => trace.last_event_like(&actor.writes(), batch_no, choice.what).await?,
        None => None,
    };
    let mut values = Vec::new();
    // The time of day is left to whoever knows it: what nobody said is not put into the ledger.
    let day = |choice: Option<&Choice>| {
        let today = day_in_vietnam(trace.now());
        ("on".to_owned(), usual_day(choice, setting.batch.packed_on, today).to_string())
    };
    let copied = if let Some(last) = &last {
        values.push(day(asked.as_ref()));
        values.extend(values_of(last, language));
        // What is worth a note is worth a new one.
        values.retain(|(name, _)| name != "note");
        let from = language.pick("Đã chép từ lần trước", "Copied from last time");
        Some(format!("{from}: {}.", in_words(last, language)))
    } else {
        let last = trace.last_done(&actor.writes(), batch_no).await?;
        let choice = asked.as_ref().or_else(|| setting.choices.likely(last));
        values.push(day(choice));
        let unit = usual_unit(choice, &setting.batch);
        values.extend([("in_unit".to_owned(), unit.clone()), ("out_unit".to_owned(), unit)]);
        values.extend(choice.map(|choice| ("what".to_owned(), choice.value.clone())));
        let nothing = language.pick("Việc này chưa có lần trước để chép.", "There is no last time of this to copy.");
        asked.is_some().then(|| nothing.to_owned())
    };
    let filled =
        Filled { about: About::New, fields: Fields::from_values(values), kept: Vec::new(), error: None, copied };
    page(&filled.page(&req, &actor, &services, setting).await?)
}

/// What came of a form that was sent.
enum Sent {
    /// It is recorded.
    Recorded,
    /// It is shown again: a lot was looked for, or something was refused.
    Again(Option<Error>),
}

/// Reads a form and hands it to `record`, unless it only looks for a lot.
async fn receive(
    (trace, actor, batch_no): (&Trace, &Actor, BatchNo),
    fields: &Fields,
    choices: &Choices,
    record: impl AsyncFnOnce(NewEvent, IdempotencyKey) -> Result<()>,
) -> (Sent, Vec<Sha256Hash>) {
    let taken = take_in(trace, actor, batch_no, fields).await;
    if fields.is_ticked("find") {
        return (Sent::Again(taken.refused), taken.kept);
    }
    let read = || {
        let key = IdempotencyKey::new(fields.value("order_key")).map_err(|_| Error::FormExpired)?;
        Ok((read_event(fields, choices, taken.kept.clone())?, key))
    };
    let outcome = match (taken.refused, read()) {
        (None, Ok((event, key))) => record(event, key).await.map_err(said_on_page),
        // A photo that was not taken is gone from the form, so this is the one time to say so.
        (Some(error), _) | (None, Err(error)) => Err(error),
    };
    let sent = match outcome {
        Ok(()) => Sent::Recorded,
        Err(error) => Sent::Again(Some(error)),
    };
    (sent, taken.kept)
}

/// Whoever goes back and sends the form with something else never saw its key. The form that is shown with this has a new one.
fn said_on_page(error: Error) -> Error {
    match error {
        Error::IdempotencyKeyReused => Error::refused(
            "event-already-received",
            "Trang này đã được nhận với nội dung khác; xin xem nhật ký lô hàng, muốn ghi thêm thì bấm Ghi lần nữa.",
            "this form was already received with other contents; see the batch's log, and press Record again to record this too",
        ),
        other => other,
    }
}

pub(super) async fn record_event(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let services = Services { trace: &trace, batches: &batches, register: &register };
    // Before any photo is opened: whoever may not write here costs us nothing.
    let setting = setting(&services, &actor, batch_no, language).await?;
    let record = async |event: NewEvent, key: IdempotencyKey| {
        let order = event.order_key(batch_no, key.as_str());
        trace.record_event(&actor, batch_no, event, Some(order)).await.map(drop)
    };
    match receive((&trace, &actor, batch_no), &fields, &setting.choices, record).await {
        (Sent::Recorded, _) => Ok(see_other(&format!("/batches/{batch_no}/events?done=recorded"))),
        (Sent::Again(error), kept) => {
            let error = error.map(|error| FormError::of(error, language)).transpose()?;
            let filled = Filled { about: About::New, fields, kept, error, copied: None };
            let page = filled.page(&req, &actor, &services, setting).await?;
            page_after(page.error.as_ref(), &page)
        }
    }
}

/// An event's place in its batch's chain.
fn chain_place(text: &str) -> Result<u32> {
    text.parse().map_err(|_| Error::NotFound(Thing::Page))
}

pub(super) async fn show_correction_form(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (batch_no, n) = (batch_no(&path.0)?, chain_place(&path.1)?);
    let language = Language::of(&req);
    let services = Services { trace: &trace, batches: &batches, register: &register };
    let event = trace.find_event(&actor.writes(), batch_no, n).await?;
    let setting = setting(&services, &actor, batch_no, language).await?.for_event(&event, language);
    may_correct(&setting.batch)?;
    check_latest(n, event.corrected_by)?;
    let mut values = values_of(&event, language);
    values.push(("on".to_owned(), event.when.on.to_string()));
    values.push(("time".to_owned(), event.when.time.map(|time| time.format("%H:%M").to_string()).unwrap_or_default()));
    let filled = Filled {
        about: About::Anew(&event),
        fields: Fields::from_values(values),
        kept: event.files.clone(),
        error: None,
        copied: None,
    };
    page(&filled.page(&req, &actor, &services, setting).await?)
}

pub(super) async fn correct_event(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (batch_no, n) = (batch_no(&path.0)?, chain_place(&path.1)?);
    let language = Language::of(&req);
    let services = Services { trace: &trace, batches: &batches, register: &register };
    let event = trace.find_event(&actor.writes(), batch_no, n).await?;
    let setting = setting(&services, &actor, batch_no, language).await?.for_event(&event, language);
    let record = async |event: NewEvent, key: IdempotencyKey| {
        let reason = Said::new("reason", fields.value("reason"))?;
        let correction = Correction { n, event, reason };
        let order = correction.order_key(batch_no, key.as_str());
        trace.correct_event(&actor, batch_no, correction, Some(order)).await.map(drop)
    };
    match receive((&trace, &actor, batch_no), &fields, &setting.choices, record).await {
        (Sent::Recorded, _) => Ok(see_other(&format!("/batches/{batch_no}/events?done=recorded"))),
        (Sent::Again(error), kept) => {
            let error = error.map(|error| FormError::of(error, language)).transpose()?;
            let filled = Filled { about: About::Anew(&event), fields, kept, error, copied: None };
            let page = filled.page(&req, &actor, &services, setting).await?;
            page_after(page.error.as_ref(), &page)
        }
    }
}
