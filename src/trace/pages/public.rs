//! The timeline of a batch for anyone, without a session: who recorded what, when, and since when it is sealed. It shows no name
//! of a person, no supplier and no note, because the timeline it is given holds none.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::types::Reach;
use crate::batches::Batches;
use crate::batches::types::{Batch, Notice, Standing};
use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{Document, Language, Public, Site, policy_with_pictures, routes};
use crate::register::types::Product;
use crate::trace::Trace;
use crate::trace::api::batch_no;
use crate::trace::timeline::types::Viewer;

use super::lines::{Hand, Line, n_events, newest_first};
use super::words;

routes! {
    GET "/batches/{batch_no}/timeline" => show_timeline: Public,
}

/// The sheet of this page; it travels beside the small one that every public page has.
const CSS: &str = include_str!("../../../assets/css/timeline.css");
static POLICY: LazyLock<String> = LazyLock::new(|| policy_with_pictures(CSS));
/// How long others may keep the page: a recall must show soon, and what waits for its seal has it in a moment.
const MAX_AGE: &str = "public, max-age=10";

#[derive(Template)]
#[template(path = "trace/timeline.html")]
struct TimelinePage<'p> {
    document: Document<'p>,
    css: &'static str,
    batch: &'p Batch,
    product: &'p Product,
    what_it_proves: &'static str,
    lines: Vec<Line>,
    n_events: usize,
    contact: &'p str,
    public_url: &'p str,
}

impl TimelinePage<'_> {
    /// What the office says against the batch.
    fn notice(&self) -> Option<(&'static str, &Notice)> {
        let pick = |vi, en| self.document.language.pick(vi, en);
        match &self.batch.standing {
            Standing::Normal => None,
            Standing::Suspended(notice) => Some((pick("Lô hàng đang tạm dừng", "This batch is suspended"), notice)),
            Standing::Recalled(notice) => Some((pick("Lô hàng bị thu hồi", "This batch was recalled"), notice)),
        }
    }

    fn packed_on(&self) -> String {
        words::day(self.batch.packed_on)
    }
}

/// What was recorded of a batch, newest first, with the dates declared and recorded, seals and proofs.
#[utoipa::path(get, path = "/batches/{batch_no}/timeline", tag = "public", params(("batch_no" = String, Path, description = "The batch's number")), responses(
    (status = 200, description = "The page", content_type = "text/html"),
    (status = 404, description = "No such batch"),
))]
async fn show_timeline(
    _: Public,
    req: HttpRequest,
    path: web::Path<String>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let batch = batches.find_batch(&Reach::Everything, batch_no).await?;
    let product = batches.product_of(&batch).await?;
    let timeline = trace.timeline(batch_no, Viewer::Anyone).await?;
    let title = format!("{} {}", language.pick("Nhật ký lô hàng", "Log of lot"), batch.lot);
    let other_language_href = language.pick("?lang=en", "?lang=vi");
    let page = TimelinePage {
        document: Document { language, title: &title, other_language_href, demo: site.is_demo },
        css: CSS,
        batch: &batch,
        product: &product,
        what_it_proves: words::what_it_proves(language),
        n_events: n_events(&timeline),
        lines: newest_first(batch_no, &timeline, Hand::Reads, language),
        contact: &identity.contact,
        public_url: identity.public_url.as_str(),
    };
    let html = page.render().map_err(Error::internal)?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8");
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()));
    response.insert_header(("X-Robots-Tag", "noindex"));
    response.insert_header((CACHE_CONTROL, MAX_AGE));
    // Pages are in the language that the visitor chose or prefers.
    response.insert_header((VARY, "Accept-Language, Cookie"));
    Ok(response.body(html))
}
