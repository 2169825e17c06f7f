//! Voiding stamps as JSON, and the list of what was voided.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::batches::Batches;
use crate::batches::api::batch_no;
use crate::batches::types::SerialRange;
use crate::error::{Error, Result, Thing};
use crate::http::{JsonBody, Keeper, Problem, Reader, routes};
use crate::stamp::Serial;

use super::types::{Void, VoidOrder};

routes! {
    GET "/api/v1/batches/{batch_no}/voids" => list_voids: Reader,
    POST "/api/v1/batches/{batch_no}/voids" => void_range: Keeper,
}

/// Stamps to void.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct VoidBody {
    /// The first serial; 0 is the whole batch's stamp.
    #[schema(example = 101)]
    first: u32,
    /// The last serial.
    #[schema(example = 120)]
    last: u32,
    /// `misprint`, `damaged`, `lost`, `stolen`, `overprint`, `order_cancelled` or `other`.
    #[schema(example = "misprint")]
    reason: String,
    /// More, at most 500 characters; `other` needs it. Never shown to who scans.
    note: Option<String>,
}

/// A voided range.
#[derive(Serialize, utoipa::ToSchema)]
struct VoidView {
    void_no: i32,
    first: u32,
    last: u32,
    reason: &'static str,
    note: Option<String>,
    voided_at: DateTime<Utc>,
}

/// What was voided of a batch.
#[derive(Serialize, utoipa::ToSchema)]
struct VoidList {
    /// Lowest serial first.
    items: Vec<VoidView>,
}

impl From<Void> for VoidView {
    fn from(void: Void) -> Self {
        Self {
            void_no: void.void_no,
            first: void.range.first.get(),
            last: void.range.last.get(),
            reason: void.reason.as_str(),
            note: void.note,
            voided_at: void.voided_at,
        }
    }
}

/// What was voided of a batch.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/voids", tag = "batches", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The voids", body = VoidList),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn list_voids(
    Reader(actor): Reader,
    path: web::Path<String>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let voids = batches.list_voids(&actor, batch_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(VoidList { items: voids.into_iter().map(VoidView::from).collect() }))
}

/// Voids a range of stamps, for good: whoever scans one of them is told so.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/voids", tag = "batches", request_body = VoidBody, security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 201, description = "The void", body = VoidView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Some of them are voided already", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Not minted, or no such reason", body = Problem, content_type = "application/problem+json"),
))]
async fn void_range(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<VoidBody>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let body = body.0;
    let serial = |n| Serial::new(n).map_err(|_| Error::NotFound(Thing::Stamp));
    let range = SerialRange::new(serial(body.first)?, serial(body.last)?)?;
    let order = VoidOrder::new(range, &body.reason, body.note.as_deref())?;
    let void = batches.void_range(&actor, batch_no(&path)?, order).await?;
    Ok(HttpResponse::Created().json(VoidView::from(void)))
}
