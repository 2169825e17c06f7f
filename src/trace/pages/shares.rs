//! With whom a lot is shared: only those may name it as what went into a batch of theirs.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::types::{Actor, ProducerNo, Reach};
use crate::batches::Batches;
use crate::batches::types::Batch;
use crate::error::{Error, Result};
use crate::http::{Fields, FormError, Frame, Keeper, Language, kept_text, page, page_after, see_other};
use crate::register::Register;
use crate::register::producers::ProducerFilter;
use crate::register::producers::types::ProducerLine;
use crate::stamp::BatchNo;
use crate::trace::Trace;
use crate::trace::api::batch_no;
use crate::trace::lots::types::{MAX_SEARCH_CHARS, Share, ShareWith};

use super::words;

/// Producers that a search lists; whoever does not see theirs types more of the name.
const MAX_FOUND: usize = 20;
/// What the form calls everyone.
const EVERYONE: &str = "everyone";

/// What is looked for.
#[derive(Deserialize)]
pub(super) struct ShareQuery {
    /// Words of a producer's name.
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "trace/shares.html")]
struct SharesPage {
    frame: Frame,
    error: Option<FormError>,
    batch: Batch,
    shares: Vec<ShareRow>,
    q: String,
    found: Vec<ProducerLine>,
    is_for_everyone: bool,
}

/// A share in words.
struct ShareRow {
    name: String,
    /// What the form calls it.
    value: String,
    since: String,
}

impl ShareRow {
    fn new(share: &Share, language: Language) -> Self {
        let everyone = language.pick("Mọi chủ thể trong tỉnh", "Every producer of the province");
        Self {
            name: share.name.clone().unwrap_or_else(|| everyone.to_owned()),
            value: share
                .with
                .producer_no()
                .map_or_else(|| EVERYONE.to_owned(), |producer_no| producer_no.0.to_string()),
            since: words::instant(share.shared_at, language),
        }
    }
}

async fn shares_page(
    req: &HttpRequest,
    actor: &Actor,
    (trace, batches, register): (&Trace, &Batches, &Register),
    batch_no: BatchNo,
    (q, error): (&str, Option<FormError>),
) -> Result<SharesPage> {
    let language = Language::of(req);
    let batch = batches.find_batch(&actor.writes(), batch_no).await?;
    let shares = trace.list_shares(&actor.writes(), batch_no).await?;
    let q: String = kept_text(q).chars().take(MAX_SEARCH_CHARS).collect();
    let mut found = Vec::new();
    if !q.is_empty() {
        let filter = ProducerFilter { text: Some(q.clone()), ..ProducerFilter::default() };
        // Names and communes of producers are public; a lot is shared with others than those one may write for.
        found = register.list_producers(&Reach::Everything, &filter).await?.lines;
        let is_new = |line: &ProducerLine| {
            line.producer_no != batch.producer_no
                && shares.iter().all(|share| share.with.producer_no() != Some(line.producer_no))
        };
        found.retain(is_new);
        found.truncate(MAX_FOUND);
    }
    let title = format!("{} {}", language.pick("Chia sẻ lô", "Share lot"), batch.lot);
    let help = language.pick(
        "Chủ thể được chia sẻ có thể ghi lô này là nguyên liệu của họ. Họ chỉ thấy mã lô, tên sản phẩm và tên chủ thể.",
        "A producer you share this lot with may record it as what went into theirs. They see lot, product and producer only.",
    );
    Ok(SharesPage {
        frame: Frame::new(req, actor, title, help),
        is_for_everyone: shares.iter().any(|share| share.with == ShareWith::Everyone),
        error,
        shares: shares.iter().map(|share| ShareRow::new(share, language)).collect(),
        batch,
        q,
        found,
    })
}

pub(super) async fn show_shares(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    query: web::Query<ShareQuery>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let services = (trace.as_ref(), batches.as_ref(), register.as_ref());
    page(&shares_page(&req, &actor, services, batch_no(&path)?, (&query.q, None)).await?)
}

fn read_with(fields: &Fields) -> Result<ShareWith> {
    if fields.value("with") == EVERYONE {
        return Ok(ShareWith::Everyone);
    }
    let producer_no = fields.value("with").parse().map(ProducerNo);
    producer_no.map(ShareWith::Producer).map_err(|_| {
        Error::invalid("with", "Xin tìm và chọn chủ thể để chia sẻ.", "find and choose the producer to share with")
    })
}

pub(super) async fn change_shares(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let change = async || {
        let with = read_with(&fields)?;
        if fields.is_ticked("withdraw") {
            trace.unshare_lot(&actor, batch_no, with).await
        } else {
            trace.share_lot(&actor, batch_no, with).await
        }
    };
    match change().await {
        Ok(()) => Ok(see_other(&format!("/batches/{batch_no}/shares?done=saved"))),
        Err(error) => {
            let error = FormError::of(error, Language::of(&req))?;
            let services = (trace.as_ref(), batches.as_ref(), register.as_ref());
            let page = shares_page(&req, &actor, services, batch_no, (fields.value("q"), Some(error))).await?;
            page_after(page.error.as_ref(), &page)
        }
    }
}
