//! What is printed, over HTTP: one stamp as text, symbol or label, many as CSV or as an A4 sheet.

use std::fmt::Write;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;

use crate::accounts::types::Actor;
use crate::config::{Identity, PublicUrl};
use crate::error::{Error, Result, Thing};
use crate::http::{Keeper, PieceSink, Problem, Site, routes, streamed, style_source};
use crate::label::{
    Carrier, CarrierChoice, LabelText, LabelWidth, Plan, PxPerModule, SHEET_CSS, SheetNotes, SheetSpec, StampText,
    label_svg, plan, qr_png, qr_svg, sheet_head, sheet_page, sheet_tail, symbol_for,
};
use crate::register::types::Product;
use crate::stamp::{BatchNo, Serial};

use super::api::{StampView, batch_no};
use super::print::{PrintJob, PrintedStamp};
use super::service::Batches;
use super::types::{Batch, SerialRange, Void};
use super::voids::types::list_ranges;

routes! {
    GET "/api/v1/batches/{batch_no}/stamps/{serial}" => show_stamp: Keeper,
    GET "/api/v1/batches/{batch_no}/stamps/{serial}/qr.svg" => show_qr_svg: Keeper,
    GET "/api/v1/batches/{batch_no}/stamps/{serial}/qr.png" => show_qr_png: Keeper,
    GET "/api/v1/batches/{batch_no}/stamps/{serial}/label.svg" => show_label: Keeper,
    GET "/api/v1/batches/{batch_no}/stamps.csv" => export_csv: Keeper,
    GET "/api/v1/batches/{batch_no}/sheet.html" => show_sheet: Keeper,
}

/// Pixels a module when the caller does not say: 424 pixels for a full symbol.
const DEFAULT_PX_PER_MODULE: u32 = 8;
/// Lines of a CSV that are sent together.
const CSV_LINES_PER_PIECE: usize = 256;

/// How a symbol or label is to look.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LabelQuery {
    /// `auto` (default), `full` or `compact`.
    carrier: Option<String>,
    /// Width of the symbol with its quiet zone, millimetres, 10 to 100; 20 when absent.
    width_mm: Option<f64>,
}

/// How a picture of the symbol is to look.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PictureQuery {
    /// `auto` (default), `full` or `compact`.
    carrier: Option<String>,
    /// Decides the symbol, millimetres, 10 to 100; 20 when absent.
    width_mm: Option<f64>,
    /// Pixels a module, 1 to 32; 8 when absent.
    px_per_module: Option<u32>,
}

/// Which stamps for a print house.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CsvQuery {
    /// First serial; the first minted one when absent.
    first: Option<u32>,
    /// Last serial; the last minted one when absent.
    last: Option<u32>,
    /// With the codes under the scratch layer; needs the scope `scratch:read` and is recorded.
    scratch: Option<bool>,
}

/// What labels take from the deployment.
pub(super) type Deployment = (web::Data<PublicUrl>, web::Data<Identity>, web::Data<Site>);

/// Which stamps on a sheet, and how large.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SheetQuery {
    /// First serial; the first minted one when absent.
    first: Option<u32>,
    /// Last serial; the last minted one when absent.
    last: Option<u32>,
    /// `auto` (default), `full` or `compact`.
    carrier: Option<String>,
    /// Width of the symbol with its quiet zone, millimetres, 10 to 100; 20 when absent.
    width_mm: Option<f64>,
}

/// What a label says besides the stamp.
pub struct LabelFacts {
    product: String,
    producer: String,
    lot: String,
    packed_on: String,
    best_before: Option<String>,
    issuer_name: String,
    demo: bool,
}

impl LabelFacts {
    /// Of a batch and its product.
    pub fn new(batch: &Batch, product: &Product, identity: &Identity, site: &Site) -> Self {
        let date = |day: NaiveDate| day.format("%d/%m/%Y").to_string();
        Self {
            product: product.name.clone(),
            producer: product.producer.name.clone(),
            lot: batch.lot.clone(),
            packed_on: date(batch.packed_on),
            best_before: batch.last_valid_day.map(date),
            issuer_name: identity.issuer_name.clone(),
            demo: product.demo || site.is_demo,
        }
    }

    /// For the label module.
    pub fn text(&self) -> LabelText<'_> {
        LabelText {
            product: &self.product,
            producer: &self.producer,
            lot: &self.lot,
            packed_on: &self.packed_on,
            best_before: self.best_before.as_deref(),
            issuer_name: &self.issuer_name,
            demo: self.demo,
        }
    }
}

/// Parses carrier and width and decides the symbol.
pub fn plan_label(carrier: Option<&str>, width_mm: Option<f64>, public_url: &PublicUrl) -> Result<Plan> {
    let choice: CarrierChoice = carrier.unwrap_or("auto").parse()?;
    let width = width_mm.map_or(Ok(LabelWidth::STANDARD), LabelWidth::new)?;
    Ok(plan(choice, width, public_url.as_str())?)
}

/// Writes a sheet of a job's stamps, page by page, until the sink is gone. `back_href` is where its screen leads back to, if it
/// is shown on one.
pub fn write_sheet(
    job: &PrintJob,
    facts: &LabelFacts,
    plan: &Plan,
    public_url: &PublicUrl,
    back_href: Option<&str>,
    mut sink: impl FnMut(String) -> bool,
) -> Result<()> {
    let origin = public_url.as_str();
    let serials = (job.range.first.get(), job.range.last.get());
    let skipped = job.skipped();
    let n_skipped = skipped.iter().map(SerialRange::n_serials).sum();
    let skipped = list_ranges(&skipped);
    let notes = SheetNotes { n_skipped, skipped: &skipped, back_href };
    let spec = SheetSpec::new(plan, origin, facts.text(), serials, job.n_stamps())?.with_notes(notes);
    if !sink(sheet_head(&spec)) {
        return Ok(());
    }
    let n_per_page = usize::try_from(spec.n_per_page()).map_err(Error::internal)?;
    let mut stamps = job.stamps();
    for page in 1..=spec.n_pages() {
        let printed = stamps.by_ref().take(n_per_page).collect::<Result<Vec<_>>>()?;
        let codes: Vec<String> = printed.iter().map(|stamp| stamp.code.to_plain()).collect();
        let texts: Vec<StampText<'_>> =
            printed.iter().zip(&codes).map(|(stamp, code)| stamp_text(stamp, code, origin)).collect();
        if !sink(sheet_page(&spec, page, &texts)?) {
            return Ok(());
        }
    }
    sink(sheet_tail());
    Ok(())
}

fn stamp_text<'t>(stamp: &'t PrintedStamp, code: &'t str, origin: &'t str) -> StampText<'t> {
    StampText { origin, digits: &stamp.digits, code, serial: stamp.serial.get() }
}

fn parse_serial(text: &str) -> Result<Serial> {
    text.parse().map_err(|_| Error::NotFound(Thing::Stamp))
}

/// One stamp of a batch within the actor's reach, signed; voided or not.
pub(super) async fn find_stamp(
    batches: &Batches,
    actor: &Actor,
    (batch, serial): (&str, &str),
) -> Result<(PrintJob, PrintedStamp)> {
    let serial = parse_serial(serial)?;
    let job = batches.stamp_job(actor, batch_no(batch)?, serial).await?;
    tokio::task::spawn_blocking(move || {
        let stamp = job.stamp(serial)?;
        Ok((job, stamp))
    })
    .await?
}

/// One stamp that may be printed: a picture of a voided one would end up on goods.
async fn find_printable(batches: &Batches, actor: &Actor, path: (&str, &str)) -> Result<(PrintJob, PrintedStamp)> {
    let (job, stamp) = find_stamp(batches, actor, path).await?;
    if let Some(void) = job.void_of(stamp.serial) {
        return Err(voided_stamp(stamp.serial, void));
    }
    Ok((job, stamp))
}

fn voided_stamp(serial: Serial, void: &Void) -> Error {
    let (vi, en) = (void.reason.vi(), void.reason.en());
    Error::refused(
        "stamp-voided",
        format!("Tem số {serial} đã hủy ({vi}), không in lại được; xin in tem khác hoặc đặt thêm tem."),
        format!("stamp {serial} is voided ({en}) and is not printed again; print another or order more stamps"),
    )
}

/// Renders off the web workers.
async fn render<T: Send + 'static>(
    stamp: PrintedStamp,
    public_url: web::Data<PublicUrl>,
    draw: impl FnOnce(&StampText<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(move || {
        let code = stamp.code.to_plain();
        draw(&stamp_text(&stamp, &code, public_url.as_str()))
    })
    .await?
}

/// One stamp as text. A voided one says why it was voided, and is not to be printed.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/stamps/{serial}", tag = "print", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Batch"), ("serial" = u32, Path, description = "Serial; 0 is the stamp of the whole batch")),
    responses(
    (status = 200, description = "The stamp", body = StampView),
    (status = 404, description = "Not minted", body = Problem, content_type = "application/problem+json"),
))]
async fn show_stamp(
    Keeper(actor): Keeper,
    path: web::Path<(String, String)>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let (job, stamp) = find_stamp(&batches, &actor, (&path.0, &path.1)).await?;
    let reason = job.void_of(stamp.serial).map(|void| void.reason);
    Ok(HttpResponse::Ok().json(StampView::new(&stamp, &public_url).voided_for(reason)))
}

/// The symbol alone, as SVG.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/stamps/{serial}/qr.svg", tag = "print", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Batch"), ("serial" = u32, Path, description = "Serial"), LabelQuery), responses(
    (status = 200, description = "The symbol", content_type = "image/svg+xml"),
    (status = 404, description = "Not minted", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The stamp is voided: `stamp-voided`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The symbol does not fit the width", body = Problem, content_type = "application/problem+json"),
))]
async fn show_qr_svg(
    Keeper(actor): Keeper,
    path: web::Path<(String, String)>,
    query: web::Query<LabelQuery>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let plan = plan_label(query.carrier.as_deref(), query.width_mm, &public_url)?;
    let (_, stamp) = find_printable(&batches, &actor, (&path.0, &path.1)).await?;
    let svg = render(stamp, public_url, move |text| Ok(qr_svg(&symbol_for(text, plan.carrier, plan.width)?))).await?;
    Ok(svg_response(plan.carrier).body(svg))
}

/// The symbol alone, as a black-and-white PNG.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/stamps/{serial}/qr.png", tag = "print", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Batch"), ("serial" = u32, Path, description = "Serial"), PictureQuery), responses(
    (status = 200, description = "The symbol", content_type = "image/png"),
    (status = 404, description = "Not minted", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The stamp is voided: `stamp-voided`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn show_qr_png(
    Keeper(actor): Keeper,
    path: web::Path<(String, String)>,
    query: web::Query<PictureQuery>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let plan = plan_label(query.carrier.as_deref(), query.width_mm, &public_url)?;
    let scale = PxPerModule::new(query.px_per_module.unwrap_or(DEFAULT_PX_PER_MODULE))?;
    let (_, stamp) = find_printable(&batches, &actor, (&path.0, &path.1)).await?;
    let png =
        render(stamp, public_url, move |text| Ok(qr_png(&symbol_for(text, plan.carrier, plan.width)?, scale)?)).await?;
    Ok(HttpResponse::Ok().content_type("image/png").insert_header(("X-Nguon-Carrier", plan.carrier.as_str())).body(png))
}

/// One label: symbol, typed code, lot and serial.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/stamps/{serial}/label.svg", tag = "print", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Batch"), ("serial" = u32, Path, description = "Serial"), LabelQuery), responses(
    (status = 200, description = "The label; the header X-Nguon-Carrier says full or compact", content_type = "image/svg+xml"),
    (status = 404, description = "Not minted", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The stamp is voided: `stamp-voided`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The symbol does not fit the width", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show_label(
    Keeper(actor): Keeper,
    path: web::Path<(String, String)>,
    query: web::Query<LabelQuery>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let plan = plan_label(query.carrier.as_deref(), query.width_mm, &public_url)?;
    let (job, stamp) = find_printable(&batches, &actor, (&path.0, &path.1)).await?;
    let facts = LabelFacts::new(&job.batch, &batches.product_of(&job.batch).await?, &identity, &site);
    let carrier = plan.carrier;
    let svg = render(stamp, public_url, move |text| Ok(label_svg(&plan, text, &facts.text())?)).await?;
    Ok(svg_response(carrier).body(svg))
}

fn svg_response(carrier: Carrier) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type("image/svg+xml").insert_header(("X-Nguon-Carrier", carrier.as_str()));
    response
}

fn optional_serial(n: Option<u32>) -> Result<Option<Serial>> {
    n.map(Serial::new).transpose().map_err(|_| Error::NotFound(Thing::Stamp))
}

/// Stamps for a print house: one line a stamp. Voided stamps are left out.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/stamps.csv", tag = "print", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Batch"), CsvQuery), responses(
    (status = 200, description = "batch_no, serial, code, url, compact_url, and scratch_code when asked for", content_type = "text/csv"),
    (status = 403, description = "Scratch codes need their own scope", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "Not minted", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Every stamp of the range is voided: `stamp-voided`", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn export_csv(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    query: web::Query<CsvQuery>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let (first, last) = (optional_serial(query.first)?, optional_serial(query.last)?);
    let job = batches.print_job(&actor, batch_no(&path)?, first, last).await?;
    let with_scratch = query.scratch.unwrap_or(false);
    if with_scratch {
        batches.record_scratch_export(&actor, &job).await?;
    }
    let mut response = HttpResponse::Ok();
    let name =
        format!("attachment; filename=\"nguon-{}-{}-{}.csv\"", job.batch.batch_no, job.range.first, job.range.last);
    response.content_type("text/csv; charset=utf-8").insert_header((CONTENT_DISPOSITION, name));
    streamed(response, move |sink| write_csv(&job, &public_url, with_scratch, sink))
}

/// Every field is digits, letters of a code or an address of ours: nothing that a spreadsheet takes for a formula.
fn write_csv(job: &PrintJob, public_url: &PublicUrl, with_scratch: bool, sink: &PieceSink) -> Result<()> {
    let mut piece = String::from("batch_no,serial,code,url,compact_url");
    piece.push_str(if with_scratch { ",scratch_code\r\n" } else { "\r\n" });
    for (i, stamp) in job.stamps().enumerate() {
        let stamp = stamp?;
        let (url, compact) = (public_url.stamp(&stamp.digits), public_url.code(&stamp.code.to_plain()));
        write!(piece, "{},{},{},{url},{compact}", job.batch.batch_no, stamp.serial, stamp.code)
            .map_err(Error::internal)?;
        if with_scratch {
            write!(piece, ",{}", job.scratch_code(stamp.serial)?.unwrap_or_default()).map_err(Error::internal)?;
        }
        piece.push_str("\r\n");
        if (i + 1) % CSV_LINES_PER_PIECE == 0 && !sink.send(std::mem::take(&mut piece)) {
            return Ok(());
        }
    }
    sink.send(piece);
    Ok(())
}

/// Labels on A4 pages, to print from the browser. Voided stamps are left out; the sheet says how many and which.
#[utoipa::path(get, path = "/api/v1/batches/{batch_no}/sheet.html", tag = "print", security(("token" = [])),
    params(("batch_no" = u32, Path, description = "Batch"), SheetQuery), responses(
    (status = 200, description = "The sheet", content_type = "text/html"),
    (status = 404, description = "Not minted", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Every stamp of the range is voided: `stamp-voided`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Too many stamps, or the symbol does not fit the width", body = Problem, content_type = "application/problem+json"),
))]
async fn show_sheet(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    query: web::Query<SheetQuery>,
    batches: web::Data<Batches>,
    deployment: Deployment,
) -> Result<HttpResponse> {
    sheet_response(&batches, &actor, (batch_no(&path)?, &query), deployment, None).await
}

/// A sheet as an answer; `back_href` is where it leads back to on a screen.
pub(super) async fn sheet_response(
    batches: &Batches,
    actor: &Actor,
    (batch_no, query): (BatchNo, &SheetQuery),
    (public_url, identity, site): Deployment,
    back_href: Option<String>,
) -> Result<HttpResponse> {
    let plan = plan_label(query.carrier.as_deref(), query.width_mm, &public_url)?;
    let (first, last) = (optional_serial(query.first)?, optional_serial(query.last)?);
    let job = batches.print_job(actor, batch_no, first, last).await?;
    let facts = LabelFacts::new(&job.batch, &batches.product_of(&job.batch).await?, &identity, &site);
    let serials = (job.range.first.get(), job.range.last.get());
    SheetSpec::new(&plan, public_url.as_str(), facts.text(), serials, job.n_stamps())?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8");
    let policy = format!(
        "default-src 'none'; style-src {}; img-src data:; frame-ancestors 'none'; base-uri 'none'",
        style_source(SHEET_CSS)
    );
    response.insert_header((CONTENT_SECURITY_POLICY, policy));
    streamed(response, move |sink| {
        write_sheet(&job, &facts, &plan, &public_url, back_href.as_deref(), |piece| sink.send(piece))
    })
}
