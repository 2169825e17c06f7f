//! What waits for the office: proposals to suspend, and requests for more stamps than a quota allows.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::types::{Actor, Role, Scope};
use crate::batches::minting::types::Doer;
use crate::batches::proposals::Proposals;
use crate::batches::proposals::types::{Proposal, ProposalDecision};
use crate::batches::quota::QuotaRequests;
use crate::batches::quota::types::{MAX_MARGIN_PERCENT, QuotaDecision, QuotaPolicy, QuotaRequest};
use crate::batches::service::Batches;
use crate::batches::standing::types::Words;
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, FormError, Frame, Language, Office, Overseer, page_after, see_other};

use super::words::{doer_name, proposal_state, request_state};

/// Which form was refused, with its number where there are several of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Proposal(i32),
    Quota(i32),
    Policy,
}

#[derive(Template)]
#[template(path = "batches/requests.html")]
struct RequestsPage {
    frame: Frame,
    error: Option<FormError>,
    refused: Option<Form>,
    form: Fields,
    proposals: Proposals,
    /// Shown to the office and to auditors; inspectors have no part in quotas.
    quotas: Option<QuotaRequests>,
    policy: QuotaPolicy,
    max_margin: u32,
    is_office: bool,
}

impl RequestsPage {
    fn doer(&self, doer: &Doer) -> String {
        doer_name(doer, self.frame.language)
    }

    fn proposal_state(&self, proposal: &Proposal) -> &'static str {
        proposal_state(proposal.state, self.frame.language)
    }

    fn request_state(&self, request: &QuotaRequest) -> &'static str {
        request_state(request.state, self.frame.language)
    }

    /// What was typed into a proposal's form, if that one was refused.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend what they pass")]
    fn typed_of_proposal(&self, proposal_no: &i32, name: &str) -> Option<&str> {
        (self.refused == Some(Form::Proposal(*proposal_no))).then(|| self.form.value(name))
    }

    /// What was typed into a request's form, if that one was refused.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend what they pass")]
    fn typed_of_quota(&self, request_no: &i32, name: &str) -> &str {
        if self.refused == Some(Form::Quota(*request_no)) { self.form.value(name) } else { "" }
    }

    /// The margin as typed, or as it stands.
    fn margin(&self) -> String {
        match self.refused {
            Some(Form::Policy) => self.form.value("margin_percent").to_owned(),
            _ => self.policy.margin_percent.to_string(),
        }
    }
}

async fn requests_page(
    req: &HttpRequest,
    actor: &Actor,
    batches: &Batches,
    refused: Option<(Form, Fields, FormError)>,
) -> Result<HttpResponse> {
    let language = Language::of(req);
    let help = language.pick(
        "Thanh tra đề nghị tạm dừng lô hàng; chủ thể đề nghị thêm tem ngoài hạn mức. Văn phòng quyết định ở đây.",
        "Inspectors propose to suspend batches; producers ask for stamps above their quota. The office decides here.",
    );
    let proposals = batches.suspension_proposals(actor).await?;
    let sees_quotas = actor.role != Role::Inspector;
    let quotas = if sees_quotas { Some(batches.quota_requests(actor).await?) } else { None };
    let (which, form, error) = match refused {
        // What someone else wrote meanwhile is shown, and not what was typed over it.
        Some((_, _, error)) if error.status == StatusCode::CONFLICT => (None, Fields::default(), Some(error)),
        Some((which, form, error)) => (Some(which), form, Some(error)),
        None => (None, Fields::default(), None),
    };
    let template = RequestsPage {
        frame: Frame::new(req, actor, language.pick("Đề nghị", "Requests"), help),
        error,
        refused: which,
        form,
        proposals,
        quotas,
        policy: batches.quota_policy().await?,
        max_margin: MAX_MARGIN_PERCENT,
        is_office: actor.has(Scope::Office),
    };
    page_after(template.error.as_ref(), &template)
}

pub(super) async fn show_requests(
    Overseer(actor): Overseer,
    req: HttpRequest,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    requests_page(&req, &actor, &batches, None).await
}

/// Sends on, or shows the page again with what was typed. The forms are many, so an error names no field of its own.
async fn answer(
    req: &HttpRequest,
    actor: &Actor,
    batches: &Batches,
    outcome: Result<()>,
    (form, fields): (Form, Fields),
) -> Result<HttpResponse> {
    match outcome {
        Ok(()) => Ok(see_other("/requests?done=decided")),
        Err(error) => {
            let error = FormError { field: "", ..FormError::of(error, Language::of(req))? };
            requests_page(req, actor, batches, Some((form, fields, error))).await
        }
    }
}

fn request_no(text: &str) -> Result<i32> {
    text.parse().map_err(|_| Error::NotFound(Thing::Request))
}

fn undecided() -> Error {
    Error::invalid("decision", "Xin chọn một trong hai nút.", "choose one of the two buttons")
}

/// What buyers will read, in words that someone has read again.
fn read_acceptance(fields: &Fields) -> Result<ProposalDecision> {
    let value = |name| fields.value(name);
    let words = Words::new(value("reason"), Some(value("advice")), Some(value("contact")))?;
    if !fields.is_ticked("reread") {
        return Err(Error::invalid(
            "reread",
            "Xin đọc lại lý do mà người mua sẽ đọc, rồi đánh dấu vào ô \"Tôi đã đọc lại\".",
            "read again what buyers will read, then tick the box \"I have read\"",
        ));
    }
    Ok(ProposalDecision::Accept(words))
}

pub(super) async fn decide_proposal(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let proposal_no = request_no(&path)?;
    let value = |name| fields.value(name);
    let decision = match value("decision") {
        "accept" => read_acceptance(&fields),
        "dismiss" => Ok(ProposalDecision::Dismiss { note: value("note").to_owned() }),
        _ => Err(undecided()),
    };
    let outcome = match decision {
        Ok(decision) => batches.decide_proposal(&actor, proposal_no, decision).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &batches, outcome, (Form::Proposal(proposal_no), fields)).await
}

pub(super) async fn decide_quota(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let request_no = request_no(&path)?;
    let decision = match fields.value("decision") {
        "approve" => Ok(QuotaDecision::Approve),
        "refuse" => Ok(QuotaDecision::Refuse { note: fields.value("note").to_owned() }),
        _ => Err(undecided()),
    };
    let outcome = match decision {
        Ok(decision) => batches.decide_quota(&actor, request_no, decision).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &batches, outcome, (Form::Quota(request_no), fields)).await
}

pub(super) async fn save_policy(
    Office(actor): Office,
    req: HttpRequest,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let version = fields.version()?;
    let wanted = || {
        let percent = fields.whole_number("margin_percent")?.unwrap_or_default();
        let margin_percent = QuotaPolicy::margin(percent)?;
        Ok(QuotaPolicy { is_enforced: fields.is_ticked("is_enforced"), margin_percent, version })
    };
    let outcome = match wanted() {
        Ok(wanted) => batches.set_quota_policy(&actor, wanted).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &batches, outcome, (Form::Policy, fields)).await
}
