//! What the forms on a batch's page do. Each reads its fields, calls one service and sends on; what was refused is shown again.

use std::num::NonZeroU32;

use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::accounts::types::Actor;
use crate::batches::api::batch_no;
use crate::batches::service::Batches;
use crate::batches::standing::types::{Ruling, Words, reason_of};
use crate::batches::types::{MintOrder, OrderKey, SerialRange};
use crate::batches::voids::types::VoidOrder;
use crate::error::{Error, Result};
use crate::http::{Fields, FormError, IdempotencyKey, Keeper, Language, Office, see_other};
use crate::stamp::{BatchNo, Serial};

use super::batch::{Form, Refused, batch_page};

/// Sends on, or shows the form again. `names` gives the fields of errors their names on this page.
struct Answer<'r> {
    req: &'r HttpRequest,
    actor: &'r Actor,
    batches: &'r Batches,
    batch_no: BatchNo,
    form: Form,
    names: &'r [(&'static str, &'static str)],
}

impl Answer<'_> {
    async fn of<T>(self, outcome: Result<T>, fields: Fields, done: &str) -> Result<HttpResponse> {
        let Self { req, actor, batches, batch_no, form, names } = self;
        match outcome {
            Ok(_) => Ok(see_other(&format!("/batches/{batch_no}?done={done}"))),
            Err(error) => {
                let fields = (!matches!(error, Error::EditConflict)).then_some(fields);
                let mut error = FormError::of(error, Language::of(req))?;
                if let Some((_, name)) = names.iter().find(|(field, _)| *field == error.field) {
                    error.field = name;
                }
                batch_page(req, actor, batches, batch_no, Some(Refused { form, fields, error })).await
            }
        }
    }
}

/// A whole number of stamps, at least one.
fn count_of(fields: &Fields, name: &'static str) -> Result<NonZeroU32> {
    let count = fields.whole_number(name)?.filter(|n| *n <= Serial::MAX.get()).and_then(NonZeroU32::new);
    count.ok_or_else(|| {
        Error::invalid(name, "Xin điền số tem, từ 1 đến 16.777.215.", "enter how many stamps, from 1 to 16,777,215")
    })
}

fn read_order(batch_no: BatchNo, fields: &Fields) -> Result<(MintOrder, OrderKey)> {
    let order = MintOrder { count: count_of(fields, "count")?, scratch: fields.is_ticked("scratch") };
    let key = IdempotencyKey::new(fields.value("order_key")).map_err(|_| Error::FormExpired)?;
    let body = format!("{} {}", order.count, order.scratch);
    let key = OrderKey {
        route: format!("POST /batches/{batch_no}/stamps"),
        key: key.as_str().to_owned(),
        body_hash: Sha256::digest(body).into(),
    };
    Ok((order, key))
}

/// Whoever goes back and sends the form with another number never saw its key. The form that is shown with this has a new one,
/// so that only who has read it orders again.
fn said_on_page(error: Error) -> Error {
    match error {
        Error::IdempotencyKeyReused => Error::refused(
            "order-already-received",
            "Đơn trên trang này đã được nhận với số lượng khác; xin xem mục Tem đã phát, muốn đặt thêm thì mở lại trang.",
            "the order on this page was already received with another number; see Stamps, and open the page again to order more",
        ),
        other => other,
    }
}

pub(super) async fn order_stamps(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let outcome = match read_order(batch_no, &fields) {
        Ok((order, key)) => batches.mint_stamps(&actor, batch_no, order, Some(key)).await.map_err(said_on_page),
        Err(error) => Err(error),
    };
    let names = &[("", "count")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Order, names };
    answer.of(outcome, fields, "minted#runs").await
}

fn read_void(fields: &Fields) -> Result<VoidOrder> {
    fields.check_sure("void_sure")?;
    let serial = |name: &'static str| -> Result<Serial> {
        let number = fields.whole_number(name)?;
        let serial = number.and_then(|n| Serial::new(n).ok());
        serial.ok_or_else(|| Error::invalid(name, "Xin điền số thứ tự của tem.", "enter the number of the stamp"))
    };
    let range = SerialRange::new(serial("void_first")?, serial("void_last")?)?;
    VoidOrder::new(range, fields.value("void_reason"), Some(fields.value("void_note")))
}

pub(super) async fn void_stamps(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let outcome = match read_void(&fields) {
        Ok(order) => batches.void_range(&actor, batch_no, order).await,
        Err(error) => Err(error),
    };
    let names = &[("last", "void_last"), ("reason", "void_reason"), ("note", "void_note"), ("", "void_first")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Void, names };
    answer.of(outcome, fields, "voided#voids").await
}

pub(super) async fn close_batch(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let outcome = match fields.check_sure("close_sure") {
        Ok(()) => batches.close_batch(&actor, batch_no).await,
        Err(error) => Err(error),
    };
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Close, names: &[] };
    answer.of(outcome, fields, "closed").await
}

/// Reason, advice and contact of a form whose fields begin with `suspend_` or `recall_`.
fn read_words(fields: &Fields, [reason, advice, contact]: [&str; 3]) -> Result<Words> {
    Words::new(fields.value(reason), Some(fields.value(advice)), Some(fields.value(contact)))
}

pub(super) async fn suspend_batch(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let version = Some(fields.version()?);
    let outcome = match read_words(&fields, ["suspend_reason", "suspend_advice", "suspend_contact"]) {
        Ok(words) => batches.rule_on_batch(&actor, batch_no, Ruling::Suspend(words), version).await,
        Err(error) => Err(error),
    };
    let names = &[("reason", "suspend_reason"), ("advice", "suspend_advice"), ("contact", "suspend_contact")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Suspend, names };
    answer.of(outcome, fields, "suspended").await
}

pub(super) async fn resume_batch(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let version = Some(fields.version()?);
    let outcome = match reason_of(fields.value("resume_reason")) {
        Ok(reason) => batches.rule_on_batch(&actor, batch_no, Ruling::Resume { reason }, version).await,
        Err(error) => Err(error),
    };
    let names = &[("reason", "resume_reason")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Resume, names };
    answer.of(outcome, fields, "resumed").await
}

pub(super) async fn recall_batch(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let version = Some(fields.version()?);
    let words = || {
        fields.check_sure("recall_sure")?;
        read_words(&fields, ["recall_reason", "recall_advice", "recall_contact"])
    };
    let outcome = match words() {
        Ok(words) => batches.rule_on_batch(&actor, batch_no, Ruling::Recall(words), version).await,
        Err(error) => Err(error),
    };
    let names = &[("reason", "recall_reason"), ("advice", "recall_advice"), ("contact", "recall_contact")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Recall, names };
    answer.of(outcome, fields, "recalled").await
}

pub(super) async fn set_quota(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let version = fields.version()?;
    let outcome = match fields.whole_number("max_stamps") {
        Ok(max_stamps) => batches.set_max_stamps(&actor, batch_no, max_stamps, version).await,
        Err(error) => Err(error),
    };
    let names = &[("count", "max_stamps")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::Quota, names };
    answer.of(outcome, fields, "saved").await
}

pub(super) async fn ask_quota(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let outcome = match count_of(&fields, "more_count") {
        Ok(count) => batches.ask_quota(&actor, batch_no, count, fields.value("more_reason")).await,
        Err(error) => Err(error),
    };
    let names = &[("count", "more_count"), ("reason", "more_reason"), ("", "more_count")];
    let answer = Answer { req: &req, actor: &actor, batches: &batches, batch_no, form: Form::MoreStamps, names };
    answer.of(outcome, fields, "sent").await
}
