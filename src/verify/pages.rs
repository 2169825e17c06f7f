//! The public pages: the answer to a scan, and the front page. One response holds everything; no script, nothing from elsewhere.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::clock::in_vietnam;
use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{ClientNetwork, Document, Language, Network, Problem, Public, page_headers, routes};
use crate::stamp::TypedCode;

use super::answer::Answer;
use super::facts::{BatchFacts, Facts, Mint};
use super::service::Verifier;
use super::texts;
use super::verdict::{Headline, Tone, decide};

routes! {
    GET "/" => show_home: Public,
    GET "/s/{digits:.*}" => show_stamp: Public,
    GET "/c" => find_code: Public,
    GET "/c/{code:.*}" => show_code: Public,
}

/// What a page with a photo takes, bytes: one allocation instead of many.
const PAGE_BYTES: usize = 14 * 1024;
/// Longest code that is looked at, bytes: 16 characters with every separator a keyboard can make.
const MAX_CODE_BYTES: usize = 64;

/// A line of a list on the page.
struct Row {
    name: &'static str,
    value: String,
    class: &'static str,
}

impl Row {
    fn plain(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            class: "",
        }
    }

    fn toned(name: &'static str, (value, class): (String, &'static str)) -> Self {
        Self { name, value, class }
    }
}

struct ProductBlock<'f> {
    name: &'f str,
    producer: &'f str,
    photo: Option<String>,
    stars: Option<u8>,
    rows: Vec<Row>,
    certificate: Vec<Row>,
}

#[derive(Template)]
#[template(path = "verdict.html")]
struct VerdictPage<'f> {
    document: Document<'f>,
    tone: &'static str,
    icon: &'static str,
    headline: String,
    explanation: String,
    contact: Option<&'f str>,
    product: Option<ProductBlock<'f>>,
    stamp: Vec<Row>,
    proof: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'p> {
    document: Document<'p>,
    issuer_name: &'p str,
    contact: &'p str,
}

/// Tick, exclamation mark, cross: drawn, because fonts differ.
const fn icon(tone: Tone) -> &'static str {
    match tone {
        Tone::Green => "M4 13l5 5L20 6",
        Tone::Amber => "M12 4v10M12 19v.01",
        Tone::Red => "M5 5l14 14M19 5L5 19",
    }
}

fn render(facts: &Facts<'_>, identity: &Identity, language: Language, demo: bool) -> Result<String> {
    let headline = decide(facts);
    let title = texts::headline(headline, &identity.issuer_name, facts.carrier, language);
    let document = Document {
        language,
        title: &title,
        other_language_href: language.pick("?lang=en", "?lang=vi"),
        demo,
    };
    let page = VerdictPage {
        document,
        tone: headline.tone().as_str(),
        icon: icon(headline.tone()),
        headline: title.clone(),
        explanation: texts::explanation(headline, facts, language),
        contact: (headline.tone() != Tone::Green).then_some(identity.contact.as_str()),
        product: facts.batch.as_ref().map(|batch| product_block(batch, facts, language)),
        stamp: if headline == Headline::NotIssued {
            Vec::new()
        } else {
            stamp_rows(facts, language)
        },
        proof: texts::proof(headline, facts.carrier, language),
    };
    let mut html = String::with_capacity(PAGE_BYTES);
    page.render_into(&mut html).map_err(Error::internal)?;
    Ok(html)
}

/// The seven facts that the law asks for, and the certificate.
fn product_block<'f>(facts: &BatchFacts<'f>, all: &Facts<'f>, language: Language) -> ProductBlock<'f> {
    let (product, batch) = (facts.product, facts.batch);
    let unknown = || language.pick("chưa có trong sổ", "not in the register").to_owned();
    let mut rows = vec![
        Row::plain(language.pick("Tên sản phẩm", "Product"), &product.name),
        Row::plain(language.pick("Cơ sở sản xuất", "Producer"), &product.producer.name),
        Row::plain(
            language.pick("Địa chỉ", "Address"),
            product.producer.address().unwrap_or_else(unknown),
        ),
    ];
    if let Some(former) = &product.producer.former {
        rows.push(Row::plain(
            language.pick("Địa chỉ trước 01/07/2025", "Address before 01/07/2025"),
            former,
        ));
    }
    rows.push(Row::plain(
        language.pick("Ngày đóng gói", "Packed on"),
        texts::date(batch.packed_on),
    ));
    if let Some(shelf_life) = texts::shelf_life(all.shelf_life, language) {
        rows.push(Row::toned(language.pick("Hạn sử dụng", "Good until"), shelf_life));
    }
    rows.push(Row::plain(language.pick("Mã lô", "Lot"), &batch.lot));
    let code = format!(
        "{} · {} {}",
        product.product_no,
        language.pick("lô số", "batch"),
        batch.batch_no
    );
    rows.push(Row::plain(
        language.pick("Mã sản phẩm trong sổ", "Number in the register"),
        code,
    ));
    if let Some(standards) = &product.standards {
        rows.push(Row::plain(
            language.pick("Tiêu chuẩn áp dụng", "Standards applied"),
            standards,
        ));
    }
    ProductBlock {
        name: &product.name,
        producer: &product.producer.name,
        photo: product.photo.as_ref().map(|jpeg| STANDARD.encode(jpeg)),
        stars: facts
            .certificate
            .and_then(|certificate| certificate.stars)
            .or(product.stars),
        rows,
        certificate: certificate_rows(facts, all, language),
    }
}

fn certificate_rows(facts: &BatchFacts<'_>, all: &Facts<'_>, language: Language) -> Vec<Row> {
    let unknown = || language.pick("chưa có trong sổ", "not in the register").to_owned();
    let certificate = facts.certificate;
    let text = |value: Option<&String>| value.cloned().unwrap_or_else(unknown);
    let last_day = certificate
        .and_then(|certificate| certificate.window)
        .map(|(_, last)| texts::date(last));
    let on_packing_day = texts::certificate_state(facts.on_packing_day, language);
    let on_today = texts::certificate_state(facts.on_today, language);
    let today = texts::date(crate::clock::day_in_vietnam(all.now));
    let answer = |day: &str, (state, class): (String, &'static str)| (format!("{day}: {state}"), class);
    vec![
        Row::plain(
            language.pick("Số giấy", "Number"),
            text(certificate.and_then(|c| c.number.as_ref())),
        ),
        Row::plain(
            language.pick("Nơi cấp", "Issued by"),
            text(certificate.and_then(|c| c.issuer.as_ref())),
        ),
        Row::plain(
            language.pick("Hiệu lực đến hết ngày", "In force until"),
            last_day.unwrap_or_else(unknown),
        ),
        Row::toned(
            language.pick("Ngày đóng gói", "On the packing day"),
            answer(&texts::date(facts.batch.packed_on), on_packing_day),
        ),
        Row::toned(language.pick("Hôm nay", "Today"), answer(&today, on_today)),
    ]
}

fn stamp_rows(facts: &Facts<'_>, language: Language) -> Vec<Row> {
    use super::facts::Carrier;
    use crate::keyring::KeyStatus;
    let Some(claim) = facts.claim else { return Vec::new() };
    let serial = if claim.serial == crate::stamp::Serial::WHOLE_BATCH {
        language
            .pick(
                "0 – tem của cả lô hoặc thùng",
                "0 – the stamp of the whole batch or carton",
            )
            .to_owned()
    } else {
        claim.serial.to_string()
    };
    let carrier = match facts.carrier {
        Carrier::Full => language.pick("Tem đầy đủ, có chữ ký số", "Full stamp with signature"),
        Carrier::Compact => language.pick("Tem nhỏ hoặc mã gõ tay", "Small stamp or typed code"),
    };
    let mut rows = vec![
        Row::plain(language.pick("Số tem trong lô", "Number in the batch"), serial),
        Row::plain(language.pick("Loại tem", "Kind of stamp"), carrier),
    ];
    if facts.batch.is_none() {
        rows.insert(
            0,
            Row::plain(language.pick("Lô số", "Batch"), claim.batch_no.to_string()),
        );
    }
    if let Mint::Minted { minted_at } = facts.mint {
        rows.push(Row::plain(
            language.pick("Ngày phát hành tem", "Stamp issued on"),
            in_vietnam(minted_at).format("%d/%m/%Y").to_string(),
        ));
    }
    if facts.key == Some(KeyStatus::Compromised) {
        let text = language.pick(
            "đã bị lộ – chỉ sổ của văn phòng là căn cứ",
            "may be in other hands – only the office's register counts",
        );
        rows.push(Row::toned(
            language.pick("Khóa ký tem", "Signing key"),
            (text.to_owned(), "no"),
        ));
    }
    if let Some(batch) = &facts.batch {
        let as_of = in_vietnam(batch.as_of).format("%H:%M %d/%m/%Y").to_string();
        rows.push(Row::plain(language.pick("Theo sổ lúc", "Register as of"), as_of));
    }
    rows
}

/// Whether the caller asks for JSON rather than a page.
fn wants_json(req: &HttpRequest) -> bool {
    let accept = req
        .headers()
        .get(actix_web::http::header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
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
    let status = if facts.rule().is_some() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((VARY, "Accept, Accept-Language"));
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if as_json {
        return Ok(response.json(Answer::new(facts, &identity.issuer_name)));
    }
    page_headers(&mut response);
    Ok(response.body(render(facts, identity, Language::of(req), demo)?))
}

/// Whether pages carry the demonstration's banner.
#[derive(Clone, Copy)]
pub struct IsDemo(pub bool);

/// The front page: a box for the typed code, and what a stamp does and does not prove.
#[utoipa::path(get, path = "/", tag = "public", responses((status = 200, description = "The page", content_type = "text/html")))]
async fn show_home(
    _: Public,
    language: Language,
    identity: web::Data<Identity>,
    demo: web::Data<IsDemo>,
) -> Result<HttpResponse> {
    let title = language.pick("Kiểm tra tem", "Check a stamp");
    let document = Document {
        language,
        title,
        other_language_href: language.pick("/?lang=en", "/?lang=vi"),
        demo: demo.0,
    };
    let page = HomePage {
        document,
        issuer_name: &identity.issuer_name,
        contact: &identity.contact,
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "Accept-Language"));
    page_headers(&mut response);
    Ok(response.body(page.render().map_err(Error::internal)?))
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
    demo: web::Data<IsDemo>,
) -> Result<HttpResponse> {
    // The raw path: a percent sign is never resolved into a digit.
    let digits = req.uri().path().strip_prefix("/s/").unwrap_or_default();
    let findings = verifier.verify_digits(digits.as_bytes()).await;
    respond(&req, &findings.facts(), &identity, demo.0, wants_json(&req))
}

/// What was typed into the box.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CodeQuery {
    /// The code, in any spelling.
    code: String,
    /// Language to go on in.
    lang: Option<String>,
}

/// Takes the box's text to the code's own address.
#[utoipa::path(get, path = "/c", tag = "public", params(CodeQuery), responses((status = 303, description = "To /c/{code}")))]
async fn find_code(_: Public, query: web::Query<CodeQuery>) -> Result<HttpResponse> {
    let spelled = TypedCode::parse(&query.code).map(TypedCode::to_plain);
    let is_safe = |c: &char| c.is_ascii_alphanumeric();
    let code = spelled.unwrap_or_else(|_| query.code.chars().filter(is_safe).take(MAX_CODE_BYTES).collect());
    let language = if query.lang.as_deref() == Some("en") {
        "?lang=en"
    } else {
        ""
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/c/{code}{language}")))
        .finish())
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
    demo: web::Data<IsDemo>,
) -> Result<HttpResponse> {
    let code = req.uri().path().strip_prefix("/c/").unwrap_or_default();
    let findings = verifier.verify_code(code, network.0).await?;
    respond(&req, &findings.facts(), &identity, demo.0, wants_json(&req))
}
