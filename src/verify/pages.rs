//! The answer to a scan as a page. One response holds everything; no script, nothing from elsewhere.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::batches::types::Standing;
use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{ClientNetwork, Document, Language, Network, Problem, Public, Site, page_headers, routes};
use crate::stamp::{BatchNo, N_DIGITS, Reading, TypedCode, read};

use super::answer::Answer;
use super::facts::{BatchFacts, Facts};
use super::presented::icon;
use super::rows::{Row, certificate_rows, certificate_sentence, product_rows, stage_rows, stamp_rows};
use super::service::Verifier;
use super::texts;
use super::verdict::{Headline, Tone, decide};

routes! {
    GET "/s/{digits:.*}" => show_stamp: Public,
    GET "/c" => find_code: Public,
    GET "/c/{code:.*}" => show_code: Public,
}

/// Past this, bytes, the photo gives way to the words: with the headers the first answer stays within 14 KB.
const MAX_PAGE_BYTES: usize = 13_500;
/// What a page with a photo takes, bytes: one allocation instead of many.
const PAGE_BYTES: usize = 14 * 1024;
/// Longest code that is looked at, bytes: 16 characters with every separator a keyboard can make.
const MAX_CODE_BYTES: usize = 64;

struct ProductBlock<'f> {
    name: &'f str,
    photo: Option<&'f str>,
    stars: Option<u8>,
    certificate_sentence: String,
    certificate_class: &'static str,
    rows: Vec<Row>,
    certificate: Vec<Row>,
    /// Days with what was done on them.
    stages: Vec<(String, String)>,
    batch_no: BatchNo,
}

#[derive(Template)]
#[template(path = "verdict.html")]
struct VerdictPage<'f> {
    document: Document<'f>,
    tone: &'static str,
    is_refused: bool,
    icon: &'static str,
    headline: String,
    explanation: String,
    contact: Option<&'f str>,
    product: Option<ProductBlock<'f>>,
    stamp: Vec<Row>,
    proof: Vec<&'static str>,
}

fn render(facts: &Facts<'_>, identity: &Identity, language: Language, demo: bool) -> Result<String> {
    let headline = decide(facts);
    let title = texts::headline(headline, facts, &identity.issuer_name, language);
    let document =
        Document { language, title: &title, other_language_href: language.pick("?lang=en", "?lang=vi"), demo };
    let mut page = VerdictPage {
        document,
        tone: headline.tone().as_str(),
        is_refused: headline == Headline::NotIssued,
        icon: icon(headline.tone()),
        headline: title.clone(),
        explanation: texts::explanation(headline, facts, language),
        contact: (headline.tone() != Tone::Green).then(|| contact(headline, facts, identity)),
        product: facts.batch.as_ref().map(|batch| product_block(batch, facts, language)),
        stamp: if headline == Headline::NotIssued { Vec::new() } else { stamp_rows(facts, language) },
        proof: texts::proof(headline, facts, language),
    };
    let mut html = String::with_capacity(PAGE_BYTES);
    page.render_into(&mut html).map_err(Error::internal)?;
    if MAX_PAGE_BYTES < html.len()
        && let Some(product) = page.product.as_mut()
    {
        product.photo = None;
        html.clear();
        page.render_into(&mut html).map_err(Error::internal)?;
    }
    Ok(html)
}

/// Whom to call: of a suspended or recalled batch whoever the notice names, else the office.
fn contact<'f>(headline: Headline, facts: &Facts<'f>, identity: &'f Identity) -> &'f str {
    let notice = match headline {
        Headline::Recalled | Headline::Suspended => facts.standing().and_then(Standing::notice),
        _ => None,
    };
    notice.and_then(|notice| notice.contact.as_deref()).unwrap_or(&identity.contact)
}

fn product_block<'f>(facts: &BatchFacts<'f>, all: &Facts<'f>, language: Language) -> ProductBlock<'f> {
    let product = facts.product;
    let (certificate_sentence, certificate_class) = certificate_sentence(facts, language);
    ProductBlock {
        name: &product.name,
        photo: product.photo_base64.as_deref(),
        stars: facts.certificate.and_then(|certificate| certificate.stars).or(product.stars),
        certificate_sentence,
        certificate_class,
        rows: product_rows(facts, all, language),
        certificate: certificate_rows(facts, all, language),
        stages: stage_rows(facts, language),
        batch_no: facts.batch.batch_no,
    }
}

/// Whether the caller asks for JSON rather than a page.
fn wants_json(req: &HttpRequest) -> bool {
    let accept =
        req.headers().get(actix_web::http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// The answer as the caller wants it. A stamp that was not issued is 404, with the same body.
pub(super) fn respond(
    req: &HttpRequest,
    facts: &Facts<'_>,
    identity: &Identity,
    demo: bool,
    as_json: bool,
) -> Result<HttpResponse> {
    let status = if facts.rule().is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    if as_json {
        return Ok(response.json(Answer::new(facts, &identity.issuer_name)));
    }
    page_headers(&mut response);
    Ok(response.body(render(facts, identity, Language::of(req), demo)?))
}

/// What a full stamp's QR code opens: a page, or JSON for `Accept: application/json`.
#[utoipa::path(get, path = "/s/{digits}", tag = "public", params(("digits" = String, Path, description = "Exactly 187 ASCII digits")), responses(
    (status = 200, description = "The stamp is not refused", content((Answer = "application/json"), (String = "text/html"))),
    (status = 404, description = "The stamp is refused; the same body names the rule", content((Answer = "application/json"), (String = "text/html"))),
))]
async fn show_stamp(
    _: Public,
    req: HttpRequest,
    verifier: web::Data<Verifier<Option<Network>>>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    // The raw path: a percent sign is never resolved into a digit.
    let digits = req.uri().path().strip_prefix("/s/").unwrap_or_default();
    let findings = verifier.verify_digits(digits.as_bytes()).await;
    respond(&req, &findings.facts(), &identity, site.is_demo, wants_json(&req))
}

/// What was typed into the box.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CodeQuery {
    /// The code in any spelling, or a stamp's whole address.
    code: Option<String>,
    /// Language to go on in.
    lang: Option<String>,
}

/// Takes the box's text to the stamp's own address; without a text, back to the box.
#[utoipa::path(get, path = "/c", tag = "public", params(CodeQuery), responses((status = 303, description = "To /c/{code}")))]
async fn find_code(_: Public, query: web::Query<CodeQuery>) -> Result<HttpResponse> {
    let language = if query.lang.as_deref() == Some("en") { "?lang=en" } else { "" };
    let path = query.code.as_deref().map_or_else(|| "/".to_owned(), address_of);
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, format!("{path}{language}"))).finish())
}

/// Where a typed text leads. What is neither code nor digits goes to the code's page, which says what is wrong with it.
fn address_of(text: &str) -> String {
    let (folder, text) = match read(text.trim()) {
        Reading::Digits(digits) if digits.len() == N_DIGITS => ("s", digits.to_owned()),
        Reading::Code(code) | Reading::Digits(code) => {
            ("c", TypedCode::parse(code).map_or_else(|_| code.to_owned(), TypedCode::to_plain))
        }
    };
    let safe = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(MAX_CODE_BYTES.max(N_DIGITS));
    format!("/{folder}/{}", safe.collect::<String>())
}

/// What a compact stamp's QR code opens, or a typed code: a page, or JSON for `Accept: application/json`.
#[utoipa::path(get, path = "/c/{code}", tag = "public", params(("code" = String, Path, description = "16 characters of Crockford base32")), responses(
    (status = 200, description = "The code is not refused", content((Answer = "application/json"), (String = "text/html"))),
    (status = 404, description = "The code is refused; the same body names the rule", content((Answer = "application/json"), (String = "text/html"))),
    (status = 429, description = "Too many wrong codes from this network", body = Problem, content_type = "application/problem+json"),
))]
async fn show_code(
    _: Public,
    req: HttpRequest,
    network: ClientNetwork,
    verifier: web::Data<Verifier<Option<Network>>>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    // Of all percent signs only the space's is resolved: people type codes in groups.
    let code = req.uri().path().strip_prefix("/c/").unwrap_or_default().replace("%20", " ");
    let findings = verifier.verify_code(&code, network.0).await?;
    respond(&req, &findings.facts(), &identity, site.is_demo, wants_json(&req))
}
