//! The log of a batch for whoever keeps it: every line with its dates and its seal, what does not add up, one step back and one
//! step forward.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::types::{Reach, Role};
use crate::batches::Batches;
use crate::batches::types::Batch;
use crate::error::Result;
use crate::http::{Frame, Language, Reader, page};
use crate::trace::Trace;
use crate::trace::api::batch_no;
use crate::trace::events::policy::{may_correct, may_record};
use crate::trace::graph::types::{MAX_NEIGHBOURS, Neighbours};
use crate::trace::timeline::types::Viewer;
use crate::trace::types::{Amount, BatchRef, Input, LotRef};

use super::lines::{Fact, Hand, Line, PageQuery, is_empty, lot_words, newest_first};
use super::reach::lot_reach_href;
use super::words;

#[derive(Template)]
#[template(path = "trace/log.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of the template")]
struct LogPage {
    frame: Frame,
    batch: Batch,
    what_it_proves: &'static str,
    lines: Vec<Line>,
    is_empty: bool,
    /// Whether newer lines come before these.
    is_later: bool,
    older: Option<u32>,
    /// What does not add up.
    findings: Vec<String>,
    /// Whether there was anything to compare at all.
    is_compared: bool,
    /// What was just done, when numbers do not add up.
    just_recorded: Option<&'static str>,
    back: Vec<Fact>,
    forward: Vec<Fact>,
    /// Whether there are more steps than are shown.
    is_cut: bool,
    max_neighbours: usize,
    /// Whether the reader may write of this batch at all.
    is_keeper: bool,
    /// Whether anything more can be recorded.
    is_recordable: bool,
    role: Role,
}

impl LogPage {
    /// Whether the reader looks after all of the province.
    fn is_overseer(&self) -> bool {
        is_overseer(self.role)
    }

    fn is_office(&self) -> bool {
        self.role == Role::Office
    }
}

const fn is_overseer(role: Role) -> bool {
    matches!(role, Role::Office | Role::Inspector | Role::Auditor)
}

pub(super) async fn show_log(
    Reader(actor): Reader,
    req: HttpRequest,
    path: web::Path<String>,
    query: web::Query<PageQuery>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let reach = actor.reads();
    let batch = batches.find_batch(&reach, batch_no).await?;
    let product = batches.product_of(&batch).await?.name;
    let timeline = trace.timeline(batch_no, Viewer::Keeper, query.after).await?;
    let balance = trace.balance_of(&reach, batch_no).await?;
    let neighbours = trace.neighbours_of(&reach, batch_no).await?;
    let is_keeper = actor.writes() != Reach::Nothing;
    let hand = if is_keeper && may_correct(&batch).is_ok() { Hand::Corrects } else { Hand::Reads };
    let title = format!("{} {} · {product}", language.pick("Nhật ký lô", "Log of batch"), batch.lot);
    let help = language.pick(
        "Mỗi dòng là một việc đã ghi, việc mới nhất ở trên. Dòng đã ghi không sửa và không xóa được; ghi nhầm thì sửa bằng một dòng mới.",
        "Each line is something that was recorded, the newest first. A line is never changed or removed; a mistake is corrected by a new line.",
    );
    let mut frame = Frame::new(&req, &actor, title, help);
    // What was just recorded and does not add up is said in one breath.
    let just_recorded = frame.notice.filter(|_| !balance.findings.is_empty());
    if just_recorded.is_some() {
        frame.notice = None;
    }
    page(&LogPage {
        frame,
        what_it_proves: words::what_it_proves(language),
        is_empty: is_empty(&timeline, query.after),
        is_later: query.after.is_some(),
        older: timeline.older,
        lines: newest_first(batch_no, &timeline.lines, hand, language),
        findings: balance.findings.iter().map(|finding| words::said(&finding.words, language).to_owned()).collect(),
        is_compared: balance.is_compared,
        just_recorded,
        back: back(&neighbours, actor.role, language),
        forward: forward(&neighbours, language),
        is_cut: neighbours.is_cut,
        max_neighbours: MAX_NEIGHBOURS,
        is_keeper,
        is_recordable: may_record(&batch).is_ok(),
        batch,
        role: actor.role,
    })
}

fn back(neighbours: &Neighbours, role: Role, language: Language) -> Vec<Fact> {
    let fact = |input: &Input| {
        let (value, _) = lot_words(&input.from, language);
        let amount = words::amount(&input.amount, language);
        let href = match &input.from {
            LotRef::Batch(batch) => Some(format!("/batches/{}/timeline", batch.batch_no)),
            LotRef::Outside(lot) => is_overseer(role).then(|| lot_reach_href(lot.lot_no)),
        };
        Fact { name: language.pick("Nguyên liệu", "Input"), value: format!("{amount} {value}"), href }
    };
    neighbours.back.iter().map(fact).collect()
}

fn forward(neighbours: &Neighbours, language: Language) -> Vec<Fact> {
    let fact = |(batch, amount): &(BatchRef, Amount)| {
        let amount = words::amount(amount, language);
        let into = language.pick("vào lô", "into lot");
        Fact {
            name: language.pick("Đã dùng", "Went on"),
            value: format!("{amount} {into} {}: {} ({})", batch.lot, batch.product, batch.producer),
            href: Some(format!("/batches/{}/timeline", batch.batch_no)),
        }
    };
    neighbours.forward.iter().map(fact).collect()
}
