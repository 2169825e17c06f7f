//! The page after signing in, one for each kind of work.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use crate::accounts::types::{Actor, Role};
use crate::batches::overview::types::ListedBatch;
use crate::batches::types::Standing;
use crate::error::{Missing, Result};
use crate::http::{Frame, Language, Member, page, pages};
use crate::inspect::{Inspection, ProposalRow, RecentRow};
use crate::register::policy::{certificate_state, missing_items};
use crate::register::products::types::fix_href;
use crate::register::types::{CertificateState, Product};
use crate::verify::certificate_words;

use super::Desk;
use super::chart::{Chart, Labels, Value};
use super::service::{OfficeDesk, ProducerDesk};
use super::types::RuledBatch;

pages! {
    GET "/desk" => show_desk: Member,
}

/// Bars of one chart, and rows of its table at once; past these they are taken together, and folded away.
const MAX_BARS: usize = 12;

async fn show_desk(
    access: Member,
    req: HttpRequest,
    desk: web::Data<Desk>,
    inspection: web::Data<Inspection>,
) -> Result<HttpResponse> {
    let actor = access.0;
    match actor.role {
        Role::Office | Role::Auditor | Role::Officer => office_desk(&req, &actor, &desk).await,
        Role::Producer => producer_desk(&req, &actor, &desk).await,
        Role::Inspector => inspector_desk(&req, &actor, &desk, &inspection).await,
    }
}

/// One line of a table beside a chart.
struct Count {
    label: String,
    /// The list of what was counted; empty when there is none.
    href: String,
    n: u64,
}

/// A chart with its table.
struct Panel {
    chart: Chart,
    head: &'static str,
    /// What the table shows at once.
    rows: Vec<Count>,
    /// What is folded away.
    more: Vec<Count>,
}

impl Panel {
    fn new(
        frame: &Frame,
        id: &'static str,
        title: &str,
        head: &'static str,
        labels: Labels,
        mut rows: Vec<Count>,
    ) -> Self {
        let values: Vec<Value> =
            rows.iter().map(|row| Value { label: row.label.clone(), n: row.n, number: frame.number(&row.n) }).collect();
        let values = if MAX_BARS < values.len() { topmost(frame, values) } else { values };
        let told: Vec<String> = values.iter().map(|value| format!("{}: {}", value.label, value.number)).collect();
        let chart = Chart::new(id, title.to_owned(), told.join("; "), labels, &values);
        let more = rows.split_off(rows.len().min(MAX_BARS));
        Self { chart, head, rows, more }
    }
}

/// The first values, and one for all the others together.
fn topmost(frame: &Frame, mut values: Vec<Value>) -> Vec<Value> {
    let others = values.split_off(MAX_BARS);
    let n = others.iter().map(|value| value.n).sum();
    let label = match frame.language {
        Language::Vi => format!("{} mục khác", others.len()),
        Language::En => format!("{} others", others.len()),
    };
    values.push(Value { label, n, number: frame.number(&n) });
    values
}

#[derive(Template)]
#[template(path = "desk/office.html")]
struct OfficePage {
    frame: Frame,
    role: Role,
    desk: OfficeDesk,
    panels: Vec<Panel>,
    minted: Panel,
}

impl OfficePage {
    fn is_officer(&self) -> bool {
        self.role == Role::Officer
    }

    fn n_minted(&self) -> String {
        self.frame.number(&self.desk.minted.iter().map(|month| month.n_stamps).sum::<u64>())
    }

    fn n_waiting(&self) -> String {
        self.frame.number(&(self.desk.waiting.n_proposals + self.desk.waiting.n_requests))
    }
}

async fn office_desk(req: &HttpRequest, actor: &Actor, desk: &Desk) -> Result<HttpResponse> {
    let it = desk.office_desk(actor).await?;
    let language = Language::of(req);
    let help = match actor.role {
        Role::Officer => language.pick(
            "Tình hình sản phẩm OCOP và tem của các chủ thể trong xã. Bấm vào tên chủ thể để làm thay họ.",
            "OCOP products and stamps of the producers in your commune. Open a producer to act for them.",
        ),
        _ => language.pick(
            "Tình hình sản phẩm, giấy chứng nhận và tem của cả tỉnh hôm nay. Bấm vào con số để xem danh sách.",
            "Products, certificates and stamps of the whole province today. Press a number to see the list.",
        ),
    };
    let title = match actor.role {
        Role::Officer => language.pick("Trang chính của xã", "Your commune"),
        _ => language.pick("Tình hình toàn tỉnh", "The province today"),
    };
    let frame = Frame::new(req, actor, title, help);
    let panels = register_panels(&frame, &it);
    let months = it.minted.iter().map(|month| Count {
        label: month.month.format("%m/%Y").to_string(),
        href: String::new(),
        n: month.n_stamps,
    });
    let minted = Panel::new(
        &frame,
        "minted",
        frame.pick("Tem phát hành trong 12 tháng", "Stamps minted in the last 12 months"),
        frame.pick("Tháng", "Month"),
        Labels::Beside,
        months.collect(),
    );
    page(&OfficePage { role: actor.role, panels, minted, desk: it, frame })
}

/// Products in force by stars, set and commune.
fn register_panels(frame: &Frame, it: &OfficeDesk) -> Vec<Panel> {
    let figures = &it.figures;
    let list = |filter: String| format!("/products?{filter}&state=in_force");
    let stars = figures.by_stars.iter().map(|(stars, n)| Count {
        label: format!("{stars} {}", frame.pick("sao", "stars")),
        href: list(format!("stars={stars}")),
        n: u64::from(*n),
    });
    let sets = figures.by_set.iter().map(|(set_no, n)| Count {
        label: match it.set_names.get(set_no) {
            Some((vi, en)) => format!("{set_no}. {}", frame.pick(vi, en)),
            None => set_no.to_string(),
        },
        href: list(format!("set={set_no}")),
        n: u64::from(*n),
    });
    let communes = figures.by_commune.iter().map(|(commune, n)| match commune {
        Some(commune) => {
            Count { label: commune.name.clone(), href: list(format!("commune={}", commune.code)), n: u64::from(*n) }
        }
        None => Count {
            label: frame.pick("Sổ chưa ghi xã", "Not in the register").to_owned(),
            href: String::new(),
            n: u64::from(*n),
        },
    });
    vec![
        Panel::new(
            frame,
            "stars",
            frame.pick("Sản phẩm còn hiệu lực theo hạng sao", "Products in force by stars"),
            frame.pick("Hạng sao", "Stars"),
            Labels::Beside,
            stars.collect(),
        ),
        Panel::new(
            frame,
            "sets",
            frame.pick("Sản phẩm còn hiệu lực theo nhóm", "Products in force by set"),
            frame.pick("Nhóm sản phẩm", "Product set"),
            Labels::Above,
            sets.collect(),
        ),
        Panel::new(
            frame,
            "communes",
            frame.pick("Sản phẩm còn hiệu lực theo xã, phường", "Products in force by commune"),
            frame.pick("Xã, phường", "Commune"),
            Labels::Above,
            communes.collect(),
        ),
    ]
}

#[derive(Template)]
#[template(path = "desk/producer.html")]
struct ProducerPage {
    frame: Frame,
    desk: ProducerDesk,
}

impl ProducerPage {
    fn state(&self, product: &Product) -> (String, &'static str) {
        certificate_words(certificate_state(&product.certificates, self.desk.today), self.frame.language)
    }

    fn last_day(&self, product: &Product) -> Option<NaiveDate> {
        super::types::covered_until(&product.certificates, self.desk.today)
    }

    fn is_in_force(&self, product: &Product) -> bool {
        certificate_state(&product.certificates, self.desk.today) == CertificateState::InForce
    }

    /// What the law asks for and the register lacks; the shelf life is asked for batch by batch.
    fn missing(&self, product: &Product) -> Vec<(String, String)> {
        let last_day = product.shelf_life.and_then(|life| life.last_day(self.desk.today));
        let item = |item: Missing| (fix_href(item, product), self.frame.pick(item.vi(), item.en()).to_owned());
        missing_items(product, last_day).into_iter().map(item).collect()
    }

    /// Where what was done is recorded: of the one batch, or after choosing one; none when there is no batch to choose.
    fn record_href(&self) -> Option<String> {
        let mut recordable = self.desk.batches.iter().filter(|listed| takes_events(listed));
        let only = recordable.next()?;
        let href = match recordable.next() {
            None if !self.desk.has_more => format!("/batches/{}/events/new", only.batch.batch_no),
            _ => "/batches?state=open".to_owned(),
        };
        Some(href)
    }

    fn standing(&self, listed: &ListedBatch) -> Option<(&'static str, &'static str)> {
        match listed.batch.standing.as_str() {
            "suspended" => Some((self.frame.pick("Đang tạm dừng", "Suspended"), "care")),
            "recalled" => Some((self.frame.pick("Bị thu hồi", "Recalled"), "bad")),
            _ => None,
        }
    }
}

async fn producer_desk(req: &HttpRequest, actor: &Actor, desk: &Desk) -> Result<HttpResponse> {
    let language = Language::of(req);
    let help = language.pick(
        "Mỗi lần đóng gói là một lô hàng: mở lô, đặt số tem cần in, rồi in và dán.",
        "Every packing is a batch: open it, order the stamps it needs, print them and put them on.",
    );
    let frame = Frame::new(req, actor, language.pick("Trang chính", "Your desk"), help);
    page(&ProducerPage { frame, desk: desk.producer_desk(actor).await? })
}

#[derive(Template)]
#[template(path = "desk/inspector.html")]
struct InspectorPage {
    frame: Frame,
    /// Nothing is in the box yet.
    q: &'static str,
    recent: Vec<RecentRow>,
    proposals: Vec<ProposalRow>,
    ruled: Vec<RuledBatch>,
}

async fn inspector_desk(
    req: &HttpRequest,
    actor: &Actor,
    desk: &Desk,
    inspection: &Inspection,
) -> Result<HttpResponse> {
    let language = Language::of(req);
    let help = language.pick(
        "Tra một con tem, một mã hoặc một lô hàng; xem đề nghị của mình và những lô vừa bị tạm dừng, thu hồi.",
        "Look up a stamp, a code or a batch; see your proposals and the batches suspended or recalled lately.",
    );
    let frame = Frame::new(req, actor, language.pick("Trang chính của thanh tra", "Inspector's desk"), help);
    let recent = inspection.recent(actor).await?.iter().map(|recent| RecentRow::new(recent, language)).collect();
    let proposals = inspection.own_proposals(actor).await?;
    let proposals = proposals.iter().map(|proposal| ProposalRow::new(proposal, language)).collect();
    page(&InspectorPage { frame, q: "", recent, proposals, ruled: desk.ruled_lately().await? })
}

/// Whether more may be recorded of a batch on the desk, all of which are open: nothing of one that was recalled.
pub(in crate::desk) fn takes_events(listed: &ListedBatch) -> bool {
    !matches!(listed.batch.standing, Standing::Recalled(_))
}
