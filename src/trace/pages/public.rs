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
use crate::trace::timeline::types::{Timeline, Viewer};

use super::lines::{Hand, Line, PageQuery, is_empty, newest_first};
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
    is_empty: bool,
    /// Whether newer lines come before these.
    is_later: bool,
    older: Option<u32>,
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

    /// What a buyer should do: the office's own words, else the usual ones.
    fn advice<'n>(&self, notice: &'n Notice) -> &'n str {
        let usual = || self.batch.standing.usual_advice().map(|(vi, en)| self.document.language.pick(vi, en));
        notice.advice.as_deref().or_else(usual).unwrap_or_default()
    }

    fn packed_on(&self) -> String {
        words::day(self.batch.packed_on)
    }
}

/// What was recorded of a batch, newest first, a hundred lines to a page, with the dates declared and recorded, seals and proofs.
#[utoipa::path(get, path = "/batches/{batch_no}/timeline", tag = "public", params(
    ("batch_no" = String, Path, description = "The batch's number"),
    ("after" = Option<u32>, Query, description = "The oldest line of the page before: the older ones are shown"),
), responses(
    (status = 200, description = "The page", content_type = "text/html"),
    (status = 404, description = "No such batch"),
))]
async fn show_timeline(
    _: Public,
    req: HttpRequest,
    path: web::Path<String>,
    query: web::Query<PageQuery>,
    (trace, batches): (web::Data<Trace>, web::Data<Batches>),
    (identity, site): (web::Data<Identity>, web::Data<Site>),
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let batch = batches.find_batch(&Reach::Everything, batch_no).await?;
    let product = batches.product_of(&batch).await?;
    let after = query.after;
    let timeline = trace.timeline(batch_no, Viewer::Anyone, after).await?;
    let (is_demo, contact, public_url) =
        (site.is_demo, identity.contact.clone(), identity.public_url.as_str().to_owned());
    let render = move || render(&Shown { language, batch, product, timeline, after, is_demo, contact, public_url });
    let html = tokio::task::spawn_blocking(render).await??;
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8");
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()));
    response.insert_header(("X-Robots-Tag", "noindex"));
    response.insert_header((CACHE_CONTROL, MAX_AGE));
    // Pages are in the language that the visitor chose or prefers.
    response.insert_header((VARY, "Accept-Language, Cookie"));
    Ok(response.body(html))
}

/// Everything that a page of a timeline shows.
struct Shown {
    language: Language,
    batch: Batch,
    product: Product,
    timeline: Timeline,
    after: Option<u32>,
    is_demo: bool,
    contact: String,
    public_url: String,
}

/// Off the web workers: a hundred lines are half a megabyte at the most.
fn render(shown: &Shown) -> Result<String> {
    let Shown { language, batch, product, timeline, after, .. } = shown;
    let (language, after) = (*language, *after);
    let title = format!("{} {}", language.pick("Nhật ký lô hàng", "Log of lot"), batch.lot);
    let other = language.pick("lang=en", "lang=vi");
    let other = after.map_or_else(|| format!("?{other}"), |n| format!("?after={n}&{other}"));
    let page = TimelinePage {
        document: Document { language, title: &title, other_language_href: &other, demo: shown.is_demo },
        css: CSS,
        batch,
        product,
        what_it_proves: words::what_it_proves(language),
        is_empty: is_empty(timeline, after),
        is_later: after.is_some(),
        older: timeline.older,
        lines: newest_first(batch.batch_no, &timeline.lines, Hand::Reads, language),
        contact: &shown.contact,
        public_url: &shown.public_url,
    };
    page.render().map_err(Error::internal)
}
