//! An inspector's page: one box for whatever is at hand, a photo, and everything the register knows of it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::types::{Actor, Role};
use crate::batches::Batches;
use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{
    Fields, FormError, Frame, Inspector, Language, Overseer, TextField, kept_text, page, pages, refused_page, see_other,
};
use crate::stamp::{BatchNo, Serial};
use crate::verify::verdict::decide;

use super::rows::{self, Banner, ProposalRow, RecentRow, Section};
use super::service::{BatchSheet, Found, Inspection, Seen};
use super::types::{Choice, MAX_TEXT_CHARS};

pages! {
    GET "/inspect" => show_inspect: Overseer,
    POST "/inspect" => read_photo: Overseer,
    POST "/inspect/proposals" => propose_suspension: Inspector,
}

/// The field for whatever is at hand.
const TEXT: TextField = TextField { name: "q", vi: "Mã cần tra", en: "what to look up", max_chars: MAX_TEXT_CHARS };
/// Why a batch should be suspended.
const REASON: TextField = TextField { name: "reason", vi: "Lý do", en: "reason", max_chars: 500 };

/// What is looked up.
#[derive(Deserialize)]
struct LookUpQuery {
    #[serde(default)]
    q: String,
}

/// One code of a photo, in words.
struct SeenRow {
    href: String,
    label: String,
    words: &'static str,
    class: &'static str,
}

/// What the page says was found.
enum Outcome {
    /// Nothing was asked yet.
    Nothing,
    /// What was asked for is not there.
    NotFound,
    /// Several batches to choose from.
    Several(Vec<Choice>),
    /// Several codes of one photo.
    Seen(Vec<SeenRow>),
    /// One stamp or batch.
    One(Box<One>),
}

struct One {
    banner: Banner,
    sections: Vec<Section>,
    sheet: Option<Box<BatchSheet>>,
    /// The stamp that was looked up.
    serial: Option<Serial>,
    proposals: Vec<ProposalRow>,
}

#[derive(Template)]
#[template(path = "inspect/inspect.html")]
struct InspectPage {
    frame: Frame,
    role: Role,
    q: String,
    error: Option<FormError>,
    reason: String,
    outcome: Outcome,
    recent: Vec<RecentRow>,
}

impl InspectPage {
    /// Only a batch in good standing can be proposed, by those whose work it is.
    fn may_propose(&self, sheet: &BatchSheet) -> bool {
        matches!(self.role, Role::Inspector | Role::Office) && sheet.batch.standing.notice().is_none()
    }

    #[expect(clippy::unused_self, reason = "templates call it on the page")]
    fn instant(&self, instant: &chrono::DateTime<chrono::Utc>) -> String {
        rows::instant(*instant)
    }

    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "templates call it on the page and lend what they pass"
    )]
    fn batch_href(&self, batch_no: &i32) -> String {
        rows::look_up_href(&format!("#{batch_no}"))
    }
}

/// What every page here begins with.
async fn start(req: &HttpRequest, actor: &Actor, inspection: &Inspection, q: &str) -> Result<InspectPage> {
    let language = Language::of(req);
    let title = language.pick("Tra cứu tem, lô hàng", "Look up a stamp or a batch");
    let help = language.pick(
        "Dán địa chỉ hoặc gõ mã của tem, số lô, mã lô; hoặc chụp ảnh tem. Tra ở đây không tính vào số lần gõ mã của người dân.",
        "Paste a stamp's address, type its code, a batch number or a lot; or take a photo. Looking up here never counts as guessing.",
    );
    let frame = Frame::new(req, actor, title, help);
    let recent = inspection.recent(actor).await?;
    let recent = recent.iter().map(|recent| RecentRow::new(recent, language)).collect();
    let (error, reason, outcome) = (None, String::new(), Outcome::Nothing);
    Ok(InspectPage { frame, role: actor.role, q: q.to_owned(), error, reason, outcome, recent })
}

async fn outcome_of(
    actor: &Actor,
    inspection: &Inspection,
    identity: &Identity,
    q: &str,
    language: Language,
) -> Result<Outcome> {
    Ok(match inspection.look_up(actor, q).await? {
        Found::Nothing => Outcome::NotFound,
        Found::Several(choices) => Outcome::Several(choices),
        Found::Batch(sheet) => {
            let banner = rows::of_batch(&sheet, language);
            let (sections, proposals) = (rows::sections(&sheet, language), proposals(&sheet, language));
            Outcome::One(Box::new(One { banner, sections, sheet: Some(sheet), serial: None, proposals }))
        }
        Found::Stamp(findings, sheet) => {
            let facts = findings.facts();
            let (banner, stamp) = rows::of_stamp(&facts, sheet.as_deref(), &identity.issuer_name, language);
            let mut sections = vec![stamp];
            sections.extend(sheet.iter().flat_map(|sheet| rows::sections(sheet, language)));
            let proposals = sheet.as_ref().map(|sheet| proposals(sheet, language)).unwrap_or_default();
            // A stamp that is in no run is no stamp of the batch.
            let serial = facts.claim.filter(|_| facts.rule().is_none()).map(|claim| claim.serial);
            Outcome::One(Box::new(One { banner, sections, sheet, serial, proposals }))
        }
    })
}

fn proposals(sheet: &BatchSheet, language: Language) -> Vec<ProposalRow> {
    sheet.proposals.iter().map(|proposal| ProposalRow::new(proposal, language)).collect()
}

/// The text to look up, within its limit.
fn text_of(fields: &Fields) -> Result<String> {
    Ok(fields.text(&TEXT)?.unwrap_or_default())
}

async fn show_inspect(
    access: Overseer,
    req: HttpRequest,
    query: web::Query<LookUpQuery>,
    inspection: web::Data<Inspection>,
    identity: web::Data<Identity>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let q = kept_text(&query.q);
    let checked = text_of(&Fields::from_values([("q", q.as_str())]));
    let outcome = match checked {
        Ok(q) if q.is_empty() => Outcome::Nothing,
        Ok(q) => outcome_of(&access.0, &inspection, &identity, &q, language).await?,
        Err(error) => {
            let mut refused = start(&req, &access.0, &inspection, "").await?;
            refused.error = Some(FormError::of(error, language)?);
            return refused_page(&refused);
        }
    };
    let mut shown = start(&req, &access.0, &inspection, &q).await?;
    shown.outcome = outcome;
    page(&shown)
}

/// The field with the photo.
const PHOTO: &str = "photo";

async fn read_photo(
    access: Overseer,
    req: HttpRequest,
    fields: Fields,
    inspection: web::Data<Inspection>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let mut shown = start(&req, &access.0, &inspection, "").await?;
    let texts = match fields.file(PHOTO) {
        Some(file) => inspection.read_photo(file.bytes.clone()).await,
        None => Err(Error::invalid(PHOTO, "Xin chọn hoặc chụp một ảnh.", "choose or take a photo")),
    };
    let refused = match texts {
        Ok(texts) => match texts.as_slice() {
            [only] => return Ok(see_other(&rows::look_up_href(only))),
            [] => Error::invalid(
                PHOTO,
                "Không đọc được mã QR nào trong ảnh. Xin chụp gần hơn, đủ sáng, không nghiêng; hoặc gõ mã in dưới mã QR.",
                "no QR code could be read in the photo; take it closer, in good light and straight, or type the code under it",
            ),
            _ => {
                let seen = inspection.survey(texts).await;
                shown.outcome = Outcome::Seen(seen.iter().map(|seen| seen_row(seen, language)).collect());
                return page(&shown);
            }
        },
        Err(Error::Invalid { vi, en, .. }) => Error::invalid(PHOTO, vi, en),
        Err(error) => error,
    };
    shown.error = Some(FormError::of(refused, language)?);
    refused_page(&shown)
}

fn seen_row(seen: &Seen, language: Language) -> SeenRow {
    let facts = seen.findings.facts();
    let (words, class) = rows::short(decide(&facts), language);
    let goods = facts.batch.as_ref().map(|batch| format!("{} · {}", batch.product.name, batch.batch.lot));
    let serial = facts.claim.map(|claim| format!("{} {}", language.pick("tem", "stamp"), claim.serial));
    let parts: Vec<String> = goods.into_iter().chain(serial).collect();
    let label = if parts.is_empty() { seen.text.chars().take(MAX_SEEN_CHARS).collect() } else { parts.join(" · ") };
    SeenRow { href: rows::look_up_href(&seen.text), label, words, class }
}

/// Longest piece of a foreign code's text in the list, characters.
const MAX_SEEN_CHARS: usize = 60;

async fn propose_suspension(
    access: Inspector,
    req: HttpRequest,
    fields: Fields,
    batches: web::Data<Batches>,
    inspection: web::Data<Inspection>,
    identity: web::Data<Identity>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let q = text_of(&fields)?;
    let proposed = propose(&access.0, &fields, &batches).await;
    let Err(error) = proposed else {
        return Ok(see_other(&format!("{}&done=sent", rows::look_up_href(&q))));
    };
    let error = FormError::of(error, language)?;
    let mut shown = start(&req, &access.0, &inspection, &q).await?;
    shown.outcome = outcome_of(&access.0, &inspection, &identity, &q, language).await?;
    shown.reason = fields.value(REASON.name).to_owned();
    shown.error = Some(error);
    refused_page(&shown)
}

async fn propose(actor: &Actor, fields: &Fields, batches: &Batches) -> Result<i32> {
    let batch_no: BatchNo = fields.value("batch_no").parse().map_err(|_| Error::FormExpired)?;
    let serial = Some(fields.value("serial")).filter(|text| !text.is_empty());
    let serial: Option<Serial> = serial.map(str::parse).transpose().map_err(|_| Error::FormExpired)?;
    batches.propose_suspension(actor, batch_no, serial, &fields.required_text(&REASON)?).await
}
