//! Closing, suspending, resuming and recalling a batch as JSON.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::accounts::types::Actor;
use crate::batches::Batches;
use crate::batches::api::{BatchView, batch_no};
use crate::error::Result;
use crate::http::{JsonBody, Keeper, Office, Problem, routes};

use super::types::{Ruling, Words, reason_of};

routes! {
    POST "/api/v1/batches/{batch_no}/close" => close_batch: Keeper,
    POST "/api/v1/batches/{batch_no}/suspend" => suspend_batch: Office,
    POST "/api/v1/batches/{batch_no}/resume" => resume_batch: Office,
    POST "/api/v1/batches/{batch_no}/recall" => recall_batch: Office,
}

/// What the public page says of the batch.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct WordsBody {
    /// Why, 1 to 500 characters.
    #[schema(example = "Kiểm nghiệm phát hiện dư lượng vượt mức cho phép")]
    reason: String,
    /// What a buyer should do; the page says the usual without it.
    advice: Option<String>,
    /// Whom to call; the office without it.
    contact: Option<String>,
    /// The batch's version that this was decided on; refused when it has changed since.
    version: Option<i32>,
}

/// Why the batch may be sold again.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumeBody {
    /// Why, 1 to 500 characters.
    reason: String,
    /// The batch's version that this was decided on; refused when it has changed since.
    version: Option<i32>,
}

impl WordsBody {
    fn words(&self) -> Result<Words> {
        Words::new(&self.reason, self.advice.as_deref(), self.contact.as_deref())
    }
}

async fn rule(
    actor: &Actor,
    batch: &str,
    batches: &Batches,
    ruling: Ruling,
    version: Option<i32>,
) -> Result<HttpResponse> {
    let batch = batches.rule_on_batch(actor, batch_no(batch)?, ruling, version).await?;
    Ok(HttpResponse::Ok().json(BatchView::from(batch)))
}

/// Closes a batch, for good: it gets no more stamps, those it has stay good.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/close", tag = "batches", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The batch", body = BatchView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Closed already", body = Problem, content_type = "application/problem+json"),
))]
async fn close_batch(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch = batches.close_batch(&actor, batch_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(BatchView::from(batch)))
}

/// Suspends a batch: whoever scans is told not to buy until it is resumed. Said again, the words are replaced.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/suspend", tag = "batches", request_body = WordsBody, security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The batch", body = BatchView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Recalled, or changed since", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No reason, or a text too long", body = Problem, content_type = "application/problem+json"),
))]
async fn suspend_batch(
    Office(actor): Office,
    path: web::Path<String>,
    body: JsonBody<WordsBody>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    rule(&actor, &path, &batches, Ruling::Suspend(body.0.words()?), body.0.version).await
}

/// Lets a suspended batch be sold again.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/resume", tag = "batches", request_body = ResumeBody, security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The batch", body = BatchView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not suspended, or changed since", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No reason, or a text too long", body = Problem, content_type = "application/problem+json"),
))]
async fn resume_batch(
    Office(actor): Office,
    path: web::Path<String>,
    body: JsonBody<ResumeBody>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let ruling = Ruling::Resume { reason: reason_of(&body.0.reason)? };
    rule(&actor, &path, &batches, ruling, body.0.version).await
}

/// Recalls a batch, for good. Said again, the words are replaced.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/recall", tag = "batches", request_body = WordsBody, security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The batch", body = BatchView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Changed since", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No reason, or a text too long", body = Problem, content_type = "application/problem+json"),
))]
async fn recall_batch(
    Office(actor): Office,
    path: web::Path<String>,
    body: JsonBody<WordsBody>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    rule(&actor, &path, &batches, Ruling::Recall(body.0.words()?), body.0.version).await
}
