//! The list of batches, open ones first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::types::Reach;
use crate::batches::overview::types::ListedBatch;
use crate::batches::service::Batches;
use crate::batches::types::{BatchFilter, ShownBatches};
use crate::error::Result;
use crate::http::{Frame, Language, Reader, kept_text, page};
use crate::stamp::ProductNo;

use super::words::{Chip, chip_of, shown_name};

/// Batches on one page.
const PAGE_ROWS: u32 = 30;
/// Longest search that is looked at, characters.
const MAX_SEARCH_CHARS: usize = 100;

/// Which batches, as the address says. What makes no sense asks for nothing.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    product: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "batches/list.html")]
struct ListPage {
    frame: Frame,
    batches: Vec<ListedBatch>,
    q: String,
    state: String,
    product: String,
    states: Vec<(String, String)>,
    next_href: Option<String>,
    is_narrowed: bool,
    is_keeper: bool,
    has_producers: bool,
}

impl ListPage {
    fn chip(&self, listed: &ListedBatch) -> Chip {
        chip_of(&listed.batch, self.frame.language)
    }
}

pub(super) async fn list_batches(
    Reader(actor): Reader,
    req: HttpRequest,
    query: web::Query<ListQuery>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let q: String = kept_text(&query.q).chars().take(MAX_SEARCH_CHARS).collect();
    let product_no = query.product.parse().ok().and_then(|n| ProductNo::new(n).ok());
    let filter = BatchFilter {
        product_no,
        shown: ShownBatches::parse(&query.state),
        words: BatchFilter::words_of(&q),
        lot: None,
    };
    let reach = actor.reads();
    let found = batches.list_batches(&reach, &filter, query.after.as_deref(), PAGE_ROWS).await?;
    let help = language.pick(
        "Mỗi lô hàng là một lần đóng gói. Mở lô trước, rồi đặt tem cho lô đó.",
        "A batch is one packing. Open the batch first, then order its stamps.",
    );
    let mut states = vec![(String::new(), language.pick("Mọi lô", "All batches").to_owned())];
    let named = |shown: &ShownBatches| (shown.as_str().to_owned(), shown_name(*shown, language).to_owned());
    states.extend(ShownBatches::ALL.iter().map(named));
    let shown = filter.shown.map_or("", ShownBatches::as_str).to_owned();
    let product = product_no.map(|no| no.to_string()).unwrap_or_default();
    let next_href = found.next.map(|after| {
        let mut address = url::form_urlencoded::Serializer::new("/batches?".to_owned());
        address.extend_pairs([("q", q.as_str()), ("state", &shown), ("product", &product), ("after", &after)]);
        address.finish()
    });
    page(&ListPage {
        frame: Frame::new(&req, &actor, language.pick("Lô hàng và tem", "Batches and stamps"), help),
        batches: found.batches,
        is_narrowed: !q.is_empty() || !shown.is_empty() || !product.is_empty(),
        q,
        state: shown,
        product,
        states,
        next_href,
        is_keeper: actor.writes() != Reach::Nothing,
        has_producers: !matches!(reach, Reach::Producer(_)),
    })
}
