//! Food-safety papers as JSON: a producer's papers within the token's reach, entered, changed and closed by whoever may write
//! the producer. Files are handed in on pages.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::http::{Fields, JsonBody, Keeper, Problem, Reader, kept_text, routes};
use crate::register::Register;
use crate::register::files::ScanChange;
use crate::register::producers::pages::producer_no;
use crate::register::sent::{Sent, read_version};
use crate::stamp::ProductNo;

use super::form::{pairs_of, read_draft};
use super::pages::paper_id;
use super::types::{PaperDraft, PaperSheet};

routes! {
    GET "/api/v1/producers/{producer_no}/papers" => list_papers: Reader,
    POST "/api/v1/producers/{producer_no}/papers" => add_paper: Keeper,
    PATCH "/api/v1/papers/{paper_id}" => change_paper: Keeper,
    POST "/api/v1/papers/{paper_id}/close" => close_paper: Keeper,
}

/// The papers of a producer.
#[derive(Serialize, utoipa::ToSchema)]
struct PaperList {
    items: Vec<PaperView>,
}

/// A food-safety paper.
#[derive(Serialize, utoipa::ToSchema)]
struct PaperView {
    paper_id: i32,
    producer_no: i32,
    /// Null: of the producer as a whole.
    product_no: Option<u32>,
    product: Option<String>,
    /// `eligibility`, `commitment`, `self_declaration`, `haccp`, `iso22000`, `vietgap`, `organic`, `test_report` or `other`.
    kind: &'static str,
    /// `in_force`, `lapsed`, `no_end` or `closed`, as of today.
    state: &'static str,
    number: Option<String>,
    issuer: Option<String>,
    issued_on: Option<NaiveDate>,
    /// Its last day; null when it has none.
    valid_to: Option<NaiveDate>,
    scope: Option<String>,
    has_file: bool,
    version: i32,
}

impl PaperView {
    fn new(sheet: PaperSheet, today: NaiveDate) -> Self {
        let state = sheet.state(today).as_str();
        Self {
            paper_id: sheet.paper_id,
            producer_no: sheet.producer_no.0,
            product_no: sheet.draft.product_no.map(ProductNo::get),
            product: sheet.product,
            kind: sheet.draft.kind.as_str(),
            state,
            number: sheet.draft.number,
            issuer: sheet.draft.issuer,
            issued_on: sheet.draft.issued_on,
            valid_to: sheet.draft.valid_to,
            scope: sheet.draft.scope,
            has_file: sheet.file.is_some(),
            version: sheet.version,
        }
    }
}

/// A paper, or a change of one: absent fields are left as they are, null empties a field.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PaperBody {
    /// `eligibility`, `commitment`, `self_declaration`, `haccp`, `iso22000`, `vietgap`, `organic`, `test_report` or `other`.
    /// Required for a new paper.
    kind: Option<String>,
    /// One of the producer's products; null or absent: of the producer as a whole.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    product_no: Sent<u32>,
    /// As printed; shown to everyone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    number: Sent<String>,
    /// As printed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    issuer: Sent<String>,
    /// Today at the latest.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    issued_on: Sent<NaiveDate>,
    /// Its last day, if it has one.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    valid_to: Sent<NaiveDate>,
    /// What it is about; required for `other`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    scope: Sent<String>,
    /// The version that was read; required for a change.
    version: Option<i32>,
}

impl PaperBody {
    /// The form that says the same, over a paper as it is.
    fn into_draft(self, current: Option<&PaperDraft>) -> Result<PaperDraft> {
        let text = |value: Sent<String>| value.typed(|text| kept_text(&text));
        let day = |day: Sent<NaiveDate>| day.typed(|day| day.to_string());
        let sent = [
            ("kind", self.kind),
            ("product_no", self.product_no.typed(|product_no| product_no.to_string())),
            ("number", text(self.number)),
            ("issuer", text(self.issuer)),
            ("issued_on", day(self.issued_on)),
            ("valid_to", day(self.valid_to)),
            ("scope", text(self.scope)),
        ];
        let sent = sent.into_iter().filter_map(|(name, value)| Some((name, value?)));
        // The first value of a name is the one that is read.
        read_draft(&Fields::from_values(sent.chain(current.map(pairs_of).into_iter().flatten())))
    }
}

/// The paper as it was read.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ClosingBody {
    /// The version that was read.
    version: i32,
}

/// A producer's food-safety papers, its products' and closed ones included.
#[utoipa::path(get, path = "/api/v1/producers/{producer_no}/papers", tag = "register", security(("token" = [])),
    params(("producer_no" = i32, Path, description = "Number in the register")), responses(
    (status = 200, description = "All of them", body = PaperList),
    (status = 404, description = "No such producer within reach", body = Problem, content_type = "application/problem+json"),
))]
async fn list_papers(
    Reader(actor): Reader,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer = register.find_producer(&actor.reads(), producer_no(&path)?).await?;
    let today = register.today();
    let papers = register.papers_of(&actor.reads(), producer.producer_no).await?;
    let items = papers.into_iter().map(|sheet| PaperView::new(sheet, today)).collect();
    Ok(HttpResponse::Ok().json(PaperList { items }))
}

/// Enters a paper of a producer, or of one of its products.
#[utoipa::path(post, path = "/api/v1/producers/{producer_no}/papers", tag = "register", security(("token" = [])),
    params(("producer_no" = i32, Path, description = "Number in the register")), request_body = PaperBody, responses(
    (status = 201, description = "Entered", body = PaperView),
    (status = 400, description = "The body is not the JSON expected here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such producer within reach, or the product is not its own", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The producer is closed, or has as many papers as there may be", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn add_paper(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<PaperBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    let paper_id = register.add_paper(&actor, producer_no, &body.0.into_draft(None)?, None).await?;
    let sheet = register.find_paper(&actor.reads(), paper_id).await?;
    Ok(HttpResponse::Created().json(PaperView::new(sheet, register.today())))
}

/// Changes a paper that is still as it was read.
#[utoipa::path(patch, path = "/api/v1/papers/{paper_id}", tag = "register", security(("token" = [])),
    params(("paper_id" = i32, Path, description = "Number in the register")), request_body = PaperBody, responses(
    (status = 200, description = "Changed", body = PaperView),
    (status = 400, description = "The body is not the JSON expected here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such paper within reach, or the product is not its producer's", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Someone changed it since, or it is closed", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong, or the version is missing", body = Problem, content_type = "application/problem+json"),
))]
async fn change_paper(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<PaperBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let paper_id = paper_id(&path)?;
    let before = register.find_paper(&actor.writes(), paper_id).await?;
    let version = read_version(body.0.version)?;
    let draft = body.0.into_draft(Some(&before.draft))?;
    register.change_paper(&actor, paper_id, version, &draft, ScanChange::Keep).await?;
    let sheet = register.find_paper(&actor.reads(), paper_id).await?;
    Ok(HttpResponse::Ok().json(PaperView::new(sheet, register.today())))
}

/// Closes a paper for good: it leaves public pages and reminders, and stays in the register.
#[utoipa::path(post, path = "/api/v1/papers/{paper_id}/close", tag = "register", security(("token" = [])),
    params(("paper_id" = i32, Path, description = "Number in the register")), request_body = ClosingBody, responses(
    (status = 200, description = "Closed", body = PaperView),
    (status = 400, description = "The body is not the JSON expected here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such paper within reach", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Someone changed it since, or it was closed before", body = Problem, content_type = "application/problem+json"),
))]
async fn close_paper(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<ClosingBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let paper_id = paper_id(&path)?;
    register.close_paper(&actor, paper_id, body.0.version).await?;
    let sheet = register.find_paper(&actor.reads(), paper_id).await?;
    Ok(HttpResponse::Ok().json(PaperView::new(sheet, register.today())))
}
