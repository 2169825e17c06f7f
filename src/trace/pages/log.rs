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
use crate::trace::graph::types::{Edge, Graph, Node};
use crate::trace::timeline::types::Viewer;
use crate::trace::types::LotRef;

use super::lines::{Fact, Hand, Line, lot_words, n_events, newest_first};
use super::words;

#[derive(Template)]
#[template(path = "trace/log.html")]
struct LogPage {
    frame: Frame,
    batch: Batch,
    what_it_proves: &'static str,
    lines: Vec<Line>,
    n_events: usize,
    /// What does not add up.
    findings: Vec<String>,
    back: Vec<Fact>,
    forward: Vec<Fact>,
    /// Whether the reader may write of this batch at all.
    is_keeper: bool,
    /// Whether anything more can be recorded.
    is_recordable: bool,
    role: Role,
}

impl LogPage {
    /// Whether the reader looks after all of the province.
    fn is_overseer(&self) -> bool {
        matches!(self.role, Role::Office | Role::Inspector | Role::Auditor)
    }

    fn is_office(&self) -> bool {
        self.role == Role::Office
    }
}

pub(super) async fn show_log(
    Reader(actor): Reader,
    req: HttpRequest,
    path: web::Path<String>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let reach = actor.reads();
    let batch = batches.find_batch(&reach, batch_no).await?;
    let product = batches.product_of(&batch).await?.name;
    let timeline = trace.timeline(batch_no, Viewer::Keeper).await?;
    let findings = trace.balance_of(&reach, batch_no).await?;
    let graph = trace.graph_of(&reach, batch_no).await?;
    let is_keeper = actor.writes() != Reach::Nothing;
    let hand = if is_keeper && may_correct(&batch).is_ok() { Hand::Corrects } else { Hand::Reads };
    let title = format!("{} {} · {product}", language.pick("Nhật ký lô", "Log of batch"), batch.lot);
    let help = language.pick(
        "Mỗi dòng là một việc đã ghi, việc mới nhất ở trên. Dòng đã ghi không sửa và không xóa được; ghi nhầm thì sửa bằng một dòng mới.",
        "Each line is something that was recorded, the newest first. A line is never changed or removed; a mistake is corrected by a new line.",
    );
    page(&LogPage {
        frame: Frame::new(&req, &actor, title, help),
        what_it_proves: words::what_it_proves(language),
        n_events: n_events(&timeline),
        lines: newest_first(batch_no, &timeline, hand, language),
        findings: findings.iter().map(|finding| words::said(&finding.words, language).to_owned()).collect(),
        back: steps(graph.one_step_back(), language),
        forward: forward(&graph, language),
        is_keeper,
        is_recordable: may_record(&batch).is_ok(),
        batch,
        role: actor.role,
    })
}

fn steps<'g>(steps: impl Iterator<Item = (&'g Node, &'g Edge)>, language: Language) -> Vec<Fact> {
    let fact = |(node, edge): (&Node, &Edge)| {
        let lot = match node {
            Node::Batch { batch, .. } => LotRef::Batch(batch.clone()),
            Node::Outside(lot) => LotRef::Outside(lot.clone()),
        };
        let (value, href) = lot_words(&lot, language);
        let amount = words::amount(&edge.amount, language);
        Fact { name: language.pick("Nguyên liệu", "Input"), value: format!("{amount} {value}"), href }
    };
    steps.map(fact).collect()
}

fn forward(graph: &Graph, language: Language) -> Vec<Fact> {
    let fact = |(node, edge): (&Node, &Edge)| {
        let Node::Batch { batch, .. } = node else { return None };
        let amount = words::amount(&edge.amount, language);
        let into = language.pick("vào lô", "into lot");
        Some(Fact {
            name: language.pick("Đã dùng", "Went on"),
            value: format!("{amount} {into} {}: {} ({})", batch.lot, batch.product, batch.producer),
            href: Some(format!("/batches/{}/timeline", batch.batch_no)),
        })
    };
    graph.one_step_forward().filter_map(fact).collect()
}
