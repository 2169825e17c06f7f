//! One stamp as a page: its label, its code, and the way to the page that buyers see; and many as a sheet that leads back.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::batches::api::batch_no;
use crate::batches::print::PrintedStamp;
use crate::batches::print_api::{Deployment, SheetQuery, find_stamp, sheet_response};
use crate::batches::service::Batches;
use crate::batches::types::Batch;
use crate::config::PublicUrl;
use crate::error::Result;
use crate::http::{Frame, Keeper, Language, page};

#[derive(Template)]
#[template(path = "batches/stamp.html")]
struct StampPage {
    frame: Frame,
    batch: Batch,
    stamp: PrintedStamp,
    /// Why it was voided, if it was: then there is no label to print.
    void_reason: Option<&'static str>,
    /// As printed.
    url: String,
    /// On this server, whatever its public address is.
    page_href: String,
    before: Option<u32>,
    after: Option<u32>,
}

pub(super) async fn show_stamp(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    batches: web::Data<Batches>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let (job, stamp) = find_stamp(&batches, &actor, (&path.0, &path.1)).await?;
    let language = Language::of(&req);
    let title = format!(
        "{} {} · {} {}",
        language.pick("Tem số", "Stamp"),
        stamp.serial,
        language.pick("lô", "batch"),
        job.batch.lot
    );
    let void_reason = job.void_of(stamp.serial).map(|void| language.pick(void.reason.vi(), void.reason.en()));
    let help = match void_reason {
        Some(_) => language.pick(
            "Tem đã hủy không in lại được; ai quét cũng thấy tem đã hủy.",
            "A voided stamp is not printed again; whoever scans it is told that it is void.",
        ),
        None => language.pick(
            "Đây là con tem đúng như sẽ in. Quét thử bằng điện thoại trước khi in nhiều.",
            "The stamp as it will be printed. Try it with a phone before you print many.",
        ),
    };
    let (before, after) = job.neighbours(stamp.serial);
    page(&StampPage {
        frame: Frame::new(&req, &actor, title, help),
        url: public_url.stamp(&stamp.digits),
        page_href: format!("/s/{}", stamp.digits),
        void_reason,
        before,
        after,
        batch: job.batch,
        stamp,
    })
}

/// The sheet with its way back to the batch.
pub(super) async fn show_sheet(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    query: web::Query<SheetQuery>,
    batches: web::Data<Batches>,
    deployment: Deployment,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let back_href = format!("/batches/{batch_no}#runs");
    sheet_response(&batches, &actor, (batch_no, &query), deployment, Some(back_href)).await
}
