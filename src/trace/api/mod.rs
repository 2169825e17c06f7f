//! What happened to a batch as JSON: events and corrections, sharing a lot, the graph, the balance, what a recall reaches. It reads
//! bodies, calls services and shows views; it decides nothing.

mod bodies;
mod views;

use actix_web::{HttpResponse, web};

use crate::error::{Error, Result, Thing};
use crate::http::{FileBody, IdempotencyKey, JsonBody, Keeper, Problem, Reader, routes};
use crate::stamp::BatchNo;

use super::service::Trace;
use super::types::{OutsideLotNo, Recorded};

use bodies::{CorrectionBody, EventBody, ShareBody};
use views::{BalanceView, EventList, EventView, LotReachView, PhotoView, RecallReachView, ShareList, TraceView};

routes! {
    GET "/api/v1/batches/{batch_no}/events" => list_events: Reader,
    POST "/api/v1/batches/{batch_no}/events" => record_event: Keeper,
    POST "/api/v1/batches/{batch_no}/events/{n}/correction" => correct_event: Keeper,
    GET "/api/v1/batches/{batch_no}/trace" => show_trace: Reader,
    GET "/api/v1/batches/{batch_no}/balance" => show_balance: Reader,
    GET "/api/v1/batches/{batch_no}/reach" => show_reach: Reader,
    GET "/api/v1/lots/{lot_no}/reach" => show_reach_of_lot: Reader,
    POST "/api/v1/batches/{batch_no}/photos" => keep_photo: Keeper,
    GET "/api/v1/batches/{batch_no}/shares" => list_shares: Reader,
    POST "/api/v1/batches/{batch_no}/shares" => share_lot: Keeper,
    POST "/api/v1/batches/{batch_no}/shares/end" => unshare_lot: Keeper,
}

/// A batch's number from a path; anything else names no batch.
pub(in crate::trace) fn batch_no(text: &str) -> Result<BatchNo> {
    text.parse().map_err(|_| Error::NotFound(Thing::Batch))
}

/// A lot's number from a path; anything else names no lot.
pub(in crate::trace) fn lot_no(text: &str) -> Result<OutsideLotNo> {
    text.parse().map(OutsideLotNo).map_err(|_| Error::NotFound(Thing::Lot))
}

/// Which events of a batch.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// `next` of the list before: events behind this line.
    after: Option<u32>,
}

/// What was recorded of a batch, corrected events included.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/events", tag = "trace", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch"), EventQuery), responses(
    (status = 200, description = "At most 1,000 events, in the order of the batch's chain", body = EventList),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn list_events(
    Reader(actor): Reader,
    path: web::Path<String>,
    query: web::Query<EventQuery>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let after = query.after.unwrap_or_default();
    let events = trace.list_events_after(&actor.reads(), batch_no(&path)?, after).await?;
    Ok(HttpResponse::Ok().json(EventList::from(events)))
}

/// Records an event of a batch. Repeating the request under the same key gives the same event.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/events", tag = "trace", request_body = EventBody, security(("token" = [])),
    params(
        ("batch_no" = u32, Path, description = "Number of the batch"),
        ("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for each event, remembered for 30 days"),
    ), responses(
    (status = 201, description = "The event", body = EventView),
    (status = 400, description = "No Idempotency-Key, or the body is no such JSON", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Refused: closed or recalled batch, lots in a circle, or a reused key", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong: a day in the future, a wrong unit, a lot that is not there or not shared", body = Problem, content_type = "application/problem+json"),
))]
async fn record_event(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: JsonBody<EventBody>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let (batch_no, event) = (batch_no(&path)?, body.0.read()?);
    let key = event.order_key(batch_no, key.as_str());
    Ok(created(trace.record_event(&actor, batch_no, event, Some(key)).await?))
}

/// Says an earlier event anew. The old one stays, and only the latest that was said can be corrected.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/events/{n}/correction", tag = "trace", request_body = CorrectionBody, security(("token" = [])),
    params(
        ("batch_no" = u32, Path, description = "Number of the batch"),
        ("n" = u32, Path, description = "Line of the event in the batch's chain"),
        ("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters, new for each correction, remembered for 30 days"),
    ), responses(
    (status = 201, description = "The correction", body = EventView),
    (status = 400, description = "No Idempotency-Key, or the body is no such JSON", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such batch or event", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Refused: corrected already, recalled batch, lots in a circle, or a reused key", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn correct_event(
    Keeper(actor): Keeper,
    path: web::Path<(String, String)>,
    key: IdempotencyKey,
    body: JsonBody<CorrectionBody>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let (batch, n) = path.into_inner();
    let n = n.parse().map_err(|_| Error::NotFound(Thing::Event))?;
    let (batch_no, correction) = (batch_no(&batch)?, body.0.read(n)?);
    let key = correction.order_key(batch_no, key.as_str());
    Ok(created(trace.correct_event(&actor, batch_no, correction, Some(key)).await?))
}

fn created(recorded: Recorded) -> HttpResponse {
    let mut response = HttpResponse::Created();
    if recorded.is_repeated {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response.json(EventView::from(recorded.event))
}

/// Where a batch comes from and where it went, with quantities. Batches of others are shown one step away, by lot, product and
/// producer.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/trace", tag = "trace", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The graph, at most 1,000 batches each way", body = TraceView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn show_trace(Reader(actor): Reader, path: web::Path<String>, trace: web::Data<Trace>) -> Result<HttpResponse> {
    let graph = trace.graph_of(&actor.reads(), batch_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(TraceView::from(graph)))
}

/// What does not add up in a batch: more out than in allows, more stamps than goods.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/balance", tag = "trace", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The findings; none when all adds up", body = BalanceView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn show_balance(Reader(actor): Reader, path: web::Path<String>, trace: web::Data<Trace>) -> Result<HttpResponse> {
    let balance = trace.balance_of(&actor.reads(), batch_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(BalanceView::from(balance)))
}

/// Every batch and stamp range that a recall of this batch reaches.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/reach", tag = "trace", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The batch itself first, then by depth; at most 100,000 batches", body = RecallReachView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn show_reach(Reader(actor): Reader, path: web::Path<String>, trace: web::Data<Trace>) -> Result<HttpResponse> {
    let reach = trace.recall_reach(&actor.reads(), batch_no(&path)?).await?;
    long_json(move || RecallReachView::from(reach)).await
}

/// Every batch and stamp range that a recall of a lot from outside reaches. Lots are numbered in `outside` of an event's inputs.
#[utoipa::path(get, path = "/api/v1/lots/{lot_no}/reach", tag = "trace", security(("token" = [])),
    params(("lot_no" = i32, Path, description = "Number of the lot from outside")), responses(
    (status = 200, description = "The batches that it went into first, then by depth; at most 100,000 batches", body = LotReachView),
    (status = 404, description = "No such lot", body = Problem, content_type = "application/problem+json"),
))]
async fn show_reach_of_lot(
    Reader(actor): Reader,
    path: web::Path<String>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let found = trace.recall_reach_of_lot(&actor.reads(), lot_no(&path)?).await?;
    long_json(move || LotReachView::from(found)).await
}

/// Writes JSON that may be many megabytes long, off the web workers.
async fn long_json<T: serde::Serialize>(view: impl FnOnce() -> T + Send + 'static) -> Result<HttpResponse> {
    let json = tokio::task::spawn_blocking(move || serde_json::to_vec(&view())).await?.map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// Keeps a photo for an event that is told next. It is drawn anew: neither place nor phone is kept, and nobody sees it until an
/// event names it.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/photos", tag = "trace", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")),
    request_body(content = Vec<u8>, content_type = "image/jpeg", description = "A JPEG or PNG of at most 20 MB, as it is"), responses(
    (status = 201, description = "Its hash, for `files` of the event", body = PhotoView),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "Larger than 20 MB", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No JPEG or PNG that can be read", body = Problem, content_type = "application/problem+json"),
))]
async fn keep_photo(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: FileBody,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let hash = trace.keep_photo(&actor, batch_no(&path)?, body.0.into()).await?;
    Ok(HttpResponse::Created().json(PhotoView::from(hash)))
}

/// With whom a lot is shared.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/shares", tag = "trace", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The shares, the latest first", body = ShareList),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn list_shares(Reader(actor): Reader, path: web::Path<String>, trace: web::Data<Trace>) -> Result<HttpResponse> {
    let shares = trace.list_shares(&actor.reads(), batch_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(ShareList::from(shares)))
}

/// Lets another producer, or every producer, name this lot as an input.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/shares", tag = "trace", request_body = ShareBody, security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The shares, the latest first", body = ShareList),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No such producer", body = Problem, content_type = "application/problem+json"),
))]
async fn share_lot(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<ShareBody>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    trace.share_lot(&actor, batch_no, body.0.read()?).await?;
    Ok(HttpResponse::Ok().json(ShareList::from(trace.list_shares(&actor.reads(), batch_no).await?)))
}

/// Ends a share. What was made of the lot stays as it was told.
#[utoipa::path(post, path = "/api/v1/batches/{batch_no}/shares/end", tag = "trace", request_body = ShareBody, security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Number of the batch")), responses(
    (status = 200, description = "The shares that are left, the latest first", body = ShareList),
    (status = 404, description = "No such batch", body = Problem, content_type = "application/problem+json"),
))]
async fn unshare_lot(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<ShareBody>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    trace.unshare_lot(&actor, batch_no, body.0.read()?).await?;
    Ok(HttpResponse::Ok().json(ShareList::from(trace.list_shares(&actor.reads(), batch_no).await?)))
}
