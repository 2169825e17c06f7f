//! Batches as JSON: list, open, mint.

use std::num::NonZeroU32;

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::PublicUrl;
use crate::error::{Error, Result, Thing};
use crate::http::{IdempotencyKey, JsonBody, Keeper, Problem, Reader, routes};
use crate::stamp::{BatchNo, ProductNo, Serial};

use super::minting::Minted;
use super::print::PrintedStamp;
use super::service::Batches;
use super::types::{
    Batch, BatchFilter, Lot, MintOrder, MintRun, OpenBatch, OrderKey, Quantity, ShownBatches, Standing, VoidReason,
};

routes! {
    GET "/api/v1/batches" => list_batches: Reader,
    POST "/api/v1/batches" => open_batch: Keeper,
    GET "/api/v1/batches/{batch_no}" => show_batch: Reader,
    GET "/api/v1/batches/{batch_no}/runs" => list_runs: Reader,
    POST "/api/v1/batches/{batch_no}/stamps" => mint_stamps: Keeper,
}

/// Batches on one page when the caller does not say.
const DEFAULT_LIMIT: u32 = 50;
/// Most batches on one page.
const MAX_LIMIT: u32 = 200;

/// Which page of batches.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct BatchQuery {
    /// Only batches of this product.
    product_no: Option<u32>,
    /// Only `open`, `closed`, `suspended` or `recalled` ones.
    state: Option<String>,
    /// Only those whose lot has this in it.
    lot: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items on the page, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// One page of batches.
#[derive(Serialize, utoipa::ToSchema)]
struct BatchPageView {
    items: Vec<BatchView>,
    /// Cursor of the next page, null at the end.
    next: Option<String>,
}

/// A batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BatchView {
    batch_no: u32,
    product_no: u32,
    lot: String,
    packed_on: NaiveDate,
    /// The last day of use, null when the goods do not expire.
    last_valid_day: Option<NaiveDate>,
    /// Decimal, at most three places.
    quantity: Option<String>,
    unit: Option<String>,
    /// `open` or `closed`.
    state: &'static str,
    /// Serials handed out so far.
    n_minted: u32,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    standing: StandingView,
    /// Most stamps it may have, when the office has set a number by hand.
    max_stamps: Option<u32>,
    /// Counts its changes.
    version: i32,
}

/// Whether the batch's goods may be sold.
#[derive(Serialize, utoipa::ToSchema)]
struct StandingView {
    /// `normal`, `suspended` or `recalled`.
    state: &'static str,
    reason: Option<String>,
    advice: Option<String>,
    contact: Option<String>,
    since: Option<DateTime<Utc>>,
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        let state = standing.as_str();
        match standing {
            Standing::Normal => Self { state, reason: None, advice: None, contact: None, since: None },
            Standing::Suspended(notice) | Standing::Recalled(notice) => Self {
                state,
                reason: Some(notice.reason),
                advice: notice.advice,
                contact: notice.contact,
                since: Some(notice.since),
            },
        }
    }
}

/// A run as the list of them shows it.
#[derive(Serialize, utoipa::ToSchema)]
struct RunView {
    first: u32,
    last: u32,
    count: u32,
    scratch: bool,
    /// The number of the key that signs.
    key_no: u16,
    minted_at: DateTime<Utc>,
}

impl From<MintRun> for RunView {
    fn from(run: MintRun) -> Self {
        Self {
            first: run.first.get(),
            last: run.last.get(),
            count: run.range().n_serials(),
            scratch: run.scratch_key.is_some(),
            key_no: run.stamp_key.get(),
            minted_at: run.minted_at,
        }
    }
}

/// What was minted of a batch.
#[derive(Serialize, utoipa::ToSchema)]
struct RunList {
    /// Lowest serial first.
    items: Vec<RunView>,
}

impl From<Batch> for BatchView {
    fn from(batch: Batch) -> Self {
        Self {
            batch_no: batch.batch_no.get(),
            product_no: batch.product_no.get(),
            lot: batch.lot,
            packed_on: batch.packed_on,
            last_valid_day: batch.last_valid_day,
            quantity: batch.quantity.map(|quantity| quantity.to_string()),
            unit: batch.unit,
            state: if batch.is_open { "open" } else { "closed" },
            n_minted: batch.next_serial - 1,
            opened_at: batch.opened_at,
            closed_at: batch.closed_at,
            standing: batch.standing.into(),
            max_stamps: batch.max_stamps,
            version: batch.version,
        }
    }
}

/// A batch to open.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenBatchBody {
    /// The product's number in the register.
    #[schema(example = 66)]
    product_no: u32,
    /// 1 to 20 characters of GS1 set 82.
    #[schema(example = "MD-2026-11")]
    lot: String,
    /// The packing day, `yyyy-mm-dd`.
    packed_on: NaiveDate,
    /// The last day of use; without it the product's shelf life decides, or the goods do not expire.
    last_valid_day: Option<NaiveDate>,
    /// How much, a positive number with at most three decimal places.
    #[schema(value_type = Option<f64>)]
    quantity: Option<serde_json::Number>,
    /// Of what, at most 20 characters.
    #[schema(example = "kg")]
    unit: Option<String>,
}

/// An order of stamps.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MintBody {
    /// How many, 1 to 16 777 215.
    #[schema(value_type = u32, minimum = 1, maximum = 16_777_215)]
    count: serde_json::Number,
    /// With codes under a scratch layer.
    #[serde(default)]
    scratch: bool,
}

/// A minted run.
#[derive(Serialize, utoipa::ToSchema)]
struct MintedView {
    batch_no: u32,
    /// The first serial.
    first: u32,
    /// The last serial.
    last: u32,
    count: u32,
    scratch: bool,
    /// The number of the key that signs.
    key_no: u16,
    minted_at: DateTime<Utc>,
    /// The stamp of the whole batch or carton, minted with the first run.
    whole_batch_serial: Option<u32>,
    first_stamp: StampView,
    last_stamp: StampView,
}

/// What is printed for one stamp.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StampView {
    serial: u32,
    /// The address in the full symbol.
    url: String,
    /// The 187 digits.
    digits: String,
    /// The typed code, in groups of four.
    code: String,
    /// The address in the compact symbol.
    compact_url: String,
    /// Why the stamp was voided; absent while it counts. A voided stamp is not to be printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided: Option<&'static str>,
}

impl StampView {
    pub(super) fn new(stamp: &PrintedStamp, public_url: &PublicUrl) -> Self {
        Self {
            serial: stamp.serial.get(),
            url: public_url.stamp(&stamp.digits),
            digits: stamp.digits.clone(),
            code: stamp.code.to_string(),
            compact_url: public_url.code(&stamp.code.to_plain()),
            voided: None,
        }
    }

    /// With why it was voided, if it was.
    pub(super) fn voided_for(self, reason: Option<VoidReason>) -> Self {
        Self { voided: reason.map(VoidReason::as_str), ..self }
    }
}

impl MintedView {
    fn new(minted: &Minted, public_url: &PublicUrl) -> Self {
        let run = &minted.run;
        Self {
            batch_no: run.batch_no.get(),
            first: run.first.get(),
            last: run.last.get(),
            count: run.last.get() - run.first.get() + 1,
            scratch: run.scratch_key.is_some(),
            key_no: run.stamp_key.get(),
            minted_at: run.minted_at,
            whole_batch_serial: run.holds(Serial::WHOLE_BATCH).then_some(0),
            first_stamp: StampView::new(&minted.first, public_url),
            last_stamp: StampView::new(&minted.last, public_url),
        }
    }
}

/// A batch's number from a path; anything else names no batch.
pub(super) fn batch_no(text: &str) -> Result<BatchNo> {
    text.parse().map_err(|_| Error::NotFound(Thing::Batch))
}

/// Batches, open ones first, the newest first.
#[utoipa::path(get, path = "/api/v1/batches", tag = "batches", params(BatchQuery), security(("token" = [])), responses(
    (status = 200, description = "One page", body = BatchPageView),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
))]
async fn list_batches(
    Reader(actor): Reader,
    query: web::Query<BatchQuery>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", "limit phải từ 1 đến 200.", "limit must be 1 to 200"));
    }
    let product_no = query.product_no.map(ProductNo::new).transpose().map_err(|_| Error::NotFound(Thing::Product))?;
    let shown = match query.state.as_deref() {
        None => None,
        Some(name) => Some(ShownBatches::parse(name).ok_or_else(|| {
            let en = "state must be open, closed, suspended or recalled";
            Error::invalid("state", "state phải là open, closed, suspended hoặc recalled.", en)
        })?),
    };
    let filter = BatchFilter { product_no, shown, lot: query.lot.clone(), words: Vec::new() };
    let page = batches.list_batches(&actor.reads(), &filter, query.cursor.as_deref(), limit).await?;
    let items = page.batches.into_iter().map(|listed| BatchView::from(listed.batch)).collect();
    Ok(HttpResponse::Ok().json(BatchPageView { items, next: page.next }))
}

/// Opens a batch.
#[utoipa::path(post, path = "/api/v1/batches", tag = "batches", request_body = OpenBatchBody, security(("token" = [])), responses(
    (status = 201, description = "The batch", body = BatchView),
    (status = 404, description = "Unknown product", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The lot already has a batch", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn open_batch(
    Keeper(actor): Keeper,
    body: JsonBody<OpenBatchBody>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let body = body.0;
    let order = OpenBatch {
        product_no: ProductNo::new(body.product_no).map_err(|_| Error::NotFound(Thing::Product))?,
        lot: Lot::new(&body.lot)?,
        packed_on: body.packed_on,
        last_valid_day: body.last_valid_day,
        quantity: body.quantity.map(|number| Quantity::parse(&number.to_string())).transpose()?,
        unit: body.unit.map(|unit| unit.trim().to_owned()),
    };
    let batch = batches.open_batch(&actor, order).await?;
    let location = format!("/api/v1/batches/{}", batch.batch_no);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(BatchView::from(batch)))
}

/// One batch.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}", tag = "batches", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The batch", body = BatchView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn show_batch(
    Reader(actor): Reader,
    path: web::Path<String>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(BatchView::from(batches.find_batch(&actor.reads(), batch_no(&path)?).await?)))
}

/// What was minted of a batch, run by run.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/runs", tag = "batches", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The runs", body = RunList),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn list_runs(
    Reader(actor): Reader,
    path: web::Path<String>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let runs = batches.list_runs(&actor, batch_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(RunList { items: runs.into_iter().map(RunView::from).collect() }))
}

/// Mints stamps: reserves serials and signs. Repeating the request under the same key gives the same run.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/stamps", tag = "batches", request_body = MintBody, security(("token" = [])),
    params(
        ("batch_no" = u32, Path, description = "Number of the batch"),
        ("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for each order, remembered for 30 days"),
    ), responses(
    (status = 201, description = "The run", body = MintedView),
    (status = 400, description = "No Idempotency-Key, or the body is no such JSON", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Refused: certificate, closed, suspended or recalled batch, quota, exhausted serials, or a reused key", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Wrong count, or mandatory data is missing", body = Problem, content_type = "application/problem+json"),
))]
async fn mint_stamps(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: JsonBody<MintBody>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let order = MintOrder { count: parse_count(&body.0.count)?, scratch: body.0.scratch };
    let canonical = serde_json::to_vec(&body.0).map_err(Error::internal)?;
    let batch_no = batch_no(&path)?;
    let key = OrderKey {
        route: format!("POST /api/v1/batches/{batch_no}/stamps"),
        key: key.as_str().to_owned(),
        body_hash: Sha256::digest(canonical).into(),
    };
    let minted = batches.mint_stamps(&actor, batch_no, order, Some(key)).await?;
    let mut response = HttpResponse::Created();
    if minted.is_repeated {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    Ok(response.json(MintedView::new(&minted, &public_url)))
}

/// A whole number from 1 to the last serial.
fn parse_count(number: &serde_json::Number) -> Result<NonZeroU32> {
    let count = number.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= Serial::MAX.get());
    count.and_then(NonZeroU32::new).ok_or_else(|| {
        Error::invalid(
            "count",
            "Số tem phải là số nguyên từ 1 đến 16777215.",
            "count must be a whole number from 1 to 16777215",
        )
    })
}
