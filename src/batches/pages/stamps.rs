//! One stamp as a page: its label, its code, and the way to the page that buyers see.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::batches::print::PrintedStamp;
use crate::batches::print_api::find_stamp;
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
    let help = language.pick(
        "Đây là con tem đúng như sẽ in. Quét thử bằng điện thoại trước khi in nhiều.",
        "The stamp as it will be printed. Try it with a phone before you print many.",
    );
    let (before, after) = job.neighbours(stamp.serial);
    page(&StampPage {
        frame: Frame::new(&req, &actor, title, help),
        url: public_url.stamp(&stamp.digits),
        page_href: format!("/s/{}", stamp.digits),
        before,
        after,
        batch: job.batch,
        stamp,
    })
}
