//! Certificates as JSON: listed within the token's reach, entered, changed and revoked by the office.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::http::{Fields, JsonBody, Office, Problem, Reader, kept_text, routes};
use crate::register::Register;
use crate::register::files::ScanChange;
use crate::register::sent::Sent;

use super::filter::CertificateListFilter;
use super::form::{pairs_of, read_draft, read_revocation};
use super::pages::{certificate_id, product_no};
use super::types::{CertificateSheet, IssuerLevel};

routes! {
    GET "/api/v1/certificates" => list_certificates: Reader,
    POST "/api/v1/products/{product_no}/certificates" => enter_certificate: Office,
    PATCH "/api/v1/certificates/{certificate_id}" => change_certificate: Office,
    POST "/api/v1/certificates/{certificate_id}/revoke" => revoke_certificate: Office,
}

/// Certificates on one page when the caller does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most certificates on one page.
const MAX_LIMIT: i64 = 200;

/// Which certificates, and which page of them.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CertificateQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items on the page, 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// Words of the product's or the producer's name, whatever their diacritics, or a certificate's number.
    #[serde(rename = "q")]
    _q: Option<String>,
    /// `in_force`, `lapsed`, `not_yet_valid`, `revoked` or `unknown`, as of today.
    #[serde(rename = "state")]
    _state: Option<String>,
    /// 3 to 5.
    #[serde(rename = "stars")]
    _stars: Option<String>,
    /// The product's set, 1 to 26.
    #[serde(rename = "set")]
    _set: Option<String>,
    /// Today's commune of the producer, five digits.
    #[serde(rename = "commune")]
    _commune: Option<String>,
    /// The last day lies within this many months, 1 to 36.
    #[serde(rename = "ends")]
    _ends: Option<String>,
}

/// One page of certificates.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CertificateListPage)]
struct CertificatePageView {
    items: Vec<CertificateView>,
    /// Cursor of the next page, null at the end.
    next: Option<String>,
}

/// A certificate of the register.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RegisterCertificate)]
struct CertificateView {
    certificate_id: i32,
    product_no: u32,
    product: String,
    producer_no: i32,
    producer: String,
    /// `in_force`, `lapsed`, `not_yet_valid`, `revoked` or `unknown`, as of today.
    state: &'static str,
    number: Option<String>,
    stars: Option<u8>,
    /// Points out of 100 with at most one decimal, for example `"76.5"`.
    score: Option<String>,
    decision_no: Option<String>,
    issuer: Option<String>,
    /// `district`, `province` or `ministry`.
    issuer_level: Option<&'static str>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// From which day on it no longer counts.
    revoked_on: Option<NaiveDate>,
    revoked_reason: Option<String>,
    has_scan: bool,
    version: i32,
}

impl CertificateView {
    fn new(sheet: CertificateSheet, today: NaiveDate) -> Self {
        let (from, to) = sheet.certificate.window.unzip();
        let state = sheet.state(today).as_str();
        let (revoked_on, revoked_reason) = sheet.certificate.revoked.unzip();
        Self {
            certificate_id: sheet.certificate_id,
            product_no: sheet.product_no.get(),
            product: sheet.product,
            producer_no: sheet.producer_no.0,
            producer: sheet.producer,
            state,
            number: sheet.certificate.number,
            stars: sheet.certificate.stars,
            score: sheet.score.map(|score| score.to_string()),
            decision_no: sheet.decision_no,
            issuer: sheet.certificate.issuer,
            issuer_level: sheet.issuer_level.map(IssuerLevel::as_str),
            from,
            to,
            revoked_on,
            revoked_reason,
            has_scan: sheet.scan.is_some(),
            version: sheet.version,
        }
    }
}

/// A certificate to enter. Without `from` its state is unknown and no stamps are made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CertificateBody {
    /// As printed.
    number: Option<String>,
    /// 3 to 5; required with `from`.
    stars: Option<u8>,
    /// Points out of 100 with at most one decimal, for example `"76.5"`; they must fit the stars by the rules of `from`.
    score: Option<String>,
    decision_no: Option<String>,
    /// As printed; required with `from`.
    issuer: Option<String>,
    /// `district` (before 2025-07-01), `province` or `ministry`; required with `from`.
    issuer_level: Option<String>,
    /// First day in force.
    from: Option<NaiveDate>,
    /// Last day in force; when absent, computed from the first day and the term of its rules.
    to: Option<NaiveDate>,
}

impl CertificateBody {
    /// The form that says the same.
    fn to_fields(&self) -> Fields {
        let text = |value: &Option<String>| value.as_deref().map(kept_text).unwrap_or_default();
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        Fields::from_values([
            ("number", text(&self.number)),
            ("stars", self.stars.map(|stars| stars.to_string()).unwrap_or_default()),
            ("score", text(&self.score)),
            ("decision_no", text(&self.decision_no)),
            ("issuer", text(&self.issuer)),
            ("issuer_level", text(&self.issuer_level)),
            ("from", day(self.from)),
            ("to", day(self.to)),
        ])
    }
}

/// A change of a certificate: absent fields are left as they are, null empties a field. The scan stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CertificateChange {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    number: Sent<String>,
    /// 3 to 5.
    #[serde(default)]
    #[schema(value_type = Option<u8>)]
    stars: Sent<u8>,
    /// Points out of 100 with at most one decimal, for example `"76.5"`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    score: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    decision_no: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    issuer: Sent<String>,
    /// `district`, `province` or `ministry`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    issuer_level: Sent<String>,
    /// First day in force.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    from: Sent<NaiveDate>,
    /// Last day in force; null: computed from the first.
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    to: Sent<NaiveDate>,
    /// The version that was read.
    version: i32,
}

impl CertificateChange {
    /// The form that says the same, over a certificate as it is.
    fn into_fields(self, current: &CertificateSheet) -> Fields {
        let text = |value: Sent<String>| value.typed(|text| kept_text(&text));
        let day = |day: Sent<NaiveDate>| day.typed(|day| day.to_string());
        let sent = [
            ("number", text(self.number)),
            ("stars", self.stars.typed(|stars| stars.to_string())),
            ("score", text(self.score)),
            ("decision_no", text(self.decision_no)),
            ("issuer", text(self.issuer)),
            ("issuer_level", text(self.issuer_level)),
            ("from", day(self.from)),
            ("to", day(self.to)),
        ];
        let sent = sent.into_iter().filter_map(|(name, value)| Some((name, value?)));
        // The first value of a name is the one that is read.
        Fields::from_values(sent.chain(pairs_of(current)))
    }
}

/// From which day on a certificate no longer counts.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RevocationBody {
    /// A day on which it held, today at the latest.
    on: NaiveDate,
    /// Shown to whoever scans a stamp of the product; up to 500 characters.
    reason: String,
}

/// Certificates within the token's reach, in ascending order of number.
#[utoipa::path(get, path = "/api/v1/certificates", tag = "register", security(("token" = [])), params(CertificateQuery), responses(
    (status = 200, description = "One page", body = CertificatePageView),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn list_certificates(
    Reader(actor): Reader,
    req: HttpRequest,
    query: web::Query<CertificateQuery>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = CertificateListFilter::from_query(req.query_string())?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", "limit phải từ 1 đến 200.", "limit must be 1 to 200"));
    }
    let after = match query.cursor.as_deref() {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Error::invalid("cursor", "cursor không đúng.", "unknown cursor"))?,
    };
    let mut sheets = register.certificates_after(&actor.reads(), &filter, after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = limit < sheets.len();
    sheets.truncate(limit);
    let next = if has_more { sheets.last().map(|sheet| sheet.certificate_id.to_string()) } else { None };
    let today = register.today();
    let items = sheets.into_iter().map(|sheet| CertificateView::new(sheet, today)).collect();
    Ok(HttpResponse::Ok().json(CertificatePageView { items, next }))
}

/// Enters a certificate of a product.
#[utoipa::path(post, path = "/api/v1/products/{product_no}/certificates", tag = "register", security(("token" = [])),
    params(("product_no" = u32, Path, description = "Number in the register")), request_body = CertificateBody, responses(
    (status = 201, description = "Entered", body = CertificateView),
    (status = 400, description = "The body is not the JSON expected here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such product", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It overlaps another certificate of the product, or the product is closed", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field breaks the rules of the first day", body = Problem, content_type = "application/problem+json"),
))]
async fn enter_certificate(
    Office(actor): Office,
    path: web::Path<String>,
    body: JsonBody<CertificateBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let draft = read_draft(&body.0.to_fields())?;
    let certificate_id = register.recognise(&actor, product_no(&path)?, draft, None).await?;
    let sheet = register.find_certificate(&actor.reads(), certificate_id).await?;
    Ok(HttpResponse::Created().json(CertificateView::new(sheet, register.today())))
}

/// Changes a certificate. A change since the version that was read is never overwritten; a revoked one is changed no more.
#[utoipa::path(patch, path = "/api/v1/certificates/{certificate_id}", tag = "register", security(("token" = [])),
    params(("certificate_id" = i32, Path, description = "Number in the register")), request_body = CertificateChange, responses(
    (status = 200, description = "Changed", body = CertificateView),
    (status = 400, description = "The body is not the JSON expected here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such certificate", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Someone else changed it since, it overlaps another or was revoked", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field breaks the rules of the first day", body = Problem, content_type = "application/problem+json"),
))]
async fn change_certificate(
    Office(actor): Office,
    path: web::Path<String>,
    body: JsonBody<CertificateChange>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let certificate_id = certificate_id(&path)?;
    let before = register.find_certificate(&actor.writes(), certificate_id).await?;
    let version = body.0.version;
    let draft = read_draft(&body.0.into_fields(&before))?;
    register.change_certificate(&actor, certificate_id, version, draft, ScanChange::Keep).await?;
    let sheet = register.find_certificate(&actor.reads(), certificate_id).await?;
    Ok(HttpResponse::Ok().json(CertificateView::new(sheet, register.today())))
}

/// Revokes a certificate, for good: from that day on no stamps are made, and goods packed since then are told so.
#[utoipa::path(post, path = "/api/v1/certificates/{certificate_id}/revoke", tag = "register", security(("token" = [])),
    params(("certificate_id" = i32, Path, description = "Number in the register")), request_body = RevocationBody, responses(
    (status = 200, description = "Revoked", body = CertificateView),
    (status = 400, description = "The body is not the JSON expected here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such certificate", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It was revoked before", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The day or the reason is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn revoke_certificate(
    Office(actor): Office,
    path: web::Path<String>,
    body: JsonBody<RevocationBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let certificate_id = certificate_id(&path)?;
    let fields = Fields::from_values([("on", body.0.on.to_string()), ("reason", kept_text(&body.0.reason))]);
    let (on, reason) = read_revocation(&fields)?;
    register.revoke_certificate(&actor, certificate_id, on, &reason).await?;
    let sheet = register.find_certificate(&actor.reads(), certificate_id).await?;
    Ok(HttpResponse::Ok().json(CertificateView::new(sheet, register.today())))
}
