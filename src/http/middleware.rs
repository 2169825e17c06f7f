//! What happens around every request: a number, one log line without addresses or URL text, and the security headers.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};

use crate::config::PublicUrl;
use crate::error::{Error, Thing};

use super::document::{Site, WayOn, error_document, page_headers};
use super::{Cookies, DESK, Language, SIGN_IN, see_other, session_secret, status_of};

/// A request's number, in the log and in the header `X-Request-Id`.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(u64);

impl RequestId {
    /// Unique in this process, and most likely among processes.
    fn next() -> Self {
        static START: LazyLock<u64> =
            LazyLock::new(|| RandomState::new().build_hasher().finish() & 0xffff_ffff_0000_0000);
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Self(*START | COUNT.fetch_add(1, Ordering::Relaxed) & 0xffff_ffff)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Longer than a statement, a lock and a connection may take together; a database that hangs holds nobody longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// A form with files takes as long as its files do: 20 MB at one megabit a second, and the work on them.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(3);
/// Methods longer than this are nonsense and not worth a line of log.
const MAX_METHOD_BYTES: usize = 16;

/// Wraps every request.
pub async fn answer_request(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = RequestId::next();
    req.extensions_mut().insert(id);
    let limit = if is_upload(req.headers()) { UPLOAD_TIMEOUT } else { REQUEST_TIMEOUT };
    let Ok(answered) = tokio::time::timeout(limit, next.call(req)).await else {
        return Err(late(id));
    };
    let mut res = answered?.map_into_boxed_body();
    if let Some(error) = res.response().error().and_then(|err| err.as_error::<Error>()) {
        log_error(error, id);
        if wants_page(&res) && matches!(error, Error::Unauthenticated) {
            let redirect = to_sign_in(&res);
            res = res.into_response(redirect);
        } else if wants_page(&res) {
            let site = res.request().app_data::<web::Data<Site>>().cloned();
            let page = error_page(error, res.request(), site.as_deref().map(AsRef::as_ref));
            res = res.into_response(page);
        }
    }
    let path = res.request().path();
    let (is_docs, is_verdict) = (path.starts_with(DOCS_PREFIX), is_verdict(path));
    if !is_verdict && let Some(language) = Language::asked(res.request()) {
        let cookies = res.request().app_data::<web::Data<PublicUrl>>().map(|public_url| Cookies::new(public_url));
        if let Some(cookies) = cookies {
            // Only a cookie that does not print as a header is refused, and ours always does.
            drop(res.response_mut().add_cookie(&cookies.language(language)));
        }
    }
    set_headers(res.headers_mut(), id, is_docs);
    if is_verdict {
        let headers = res.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Language"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    let route = res.request().match_pattern();
    let method = Some(res.request().method().as_str()).filter(|method| method.len() <= MAX_METHOD_BYTES).unwrap_or("?");
    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        http.method = method,
        http.route = route.as_deref().unwrap_or("-"),
        http.status = res.status().as_u16(),
        duration_us,
        request.id = %id,
        "request"
    );
    Ok(res)
}

/// Whether the body is a form with files, which phones send slowly.
fn is_upload(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data")
}

/// The request is gone with the work on it, so this answer is the same for people and programs.
fn late(id: RequestId) -> actix_web::Error {
    let error = Error::Unavailable("no answer in time".into());
    log_error(&error, id);
    let mut response = error.error_response();
    set_headers(response.headers_mut(), id, false);
    InternalError::from_response(error, response).into()
}

fn log_error(error: &Error, id: RequestId) {
    if status_of(error).is_server_error() {
        tracing::error!(error.code = error.code(), error.cause = ?error, request.id = %id, "request failed");
    }
}

/// Nobody is sent to sign in, and from there back to the page that was asked for; a form is not sent again.
fn to_sign_in(res: &ServiceResponse<BoxBody>) -> HttpResponse {
    let req = res.request();
    let is_page = *req.method() == Method::GET;
    let next = req.uri().path_and_query().filter(|_| is_page).map_or(DESK, |address| address.as_str());
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    see_other(&format!("{SIGN_IN}?{query}"))
}

/// A person's browser outside the API gets a page instead of JSON.
fn wants_page(res: &ServiceResponse<BoxBody>) -> bool {
    let req = res.request();
    let accepts_html = req
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    accepts_html && !req.path().starts_with("/api/")
}

/// The answers to scans take no notice of cookies.
fn way_on(error: &Error, req: &HttpRequest) -> WayOn {
    match error {
        Error::NotFound(Thing::Link) => WayOn::SignIn,
        _ if !is_verdict(req.path()) && session_secret(req).is_some() => WayOn::Desk,
        _ => WayOn::Front,
    }
}

fn error_page(error: &Error, req: &HttpRequest, site: Option<&Site>) -> HttpResponse {
    let original = error.error_response();
    let mut response = HttpResponse::build(original.status());
    for (name, value) in original.headers() {
        if name != CONTENT_TYPE {
            response.append_header((name, value));
        }
    }
    page_headers(&mut response);
    response.body(error_document(Language::of(req), error, site, way_on(error, req)))
}

/// Answers to scans, refusals and limits included, may be read by pages of any origin.
const VERDICT_PREFIXES: [&str; 3] = ["/s/", "/c/", "/api/v1/verify/"];

/// Whether an address answers a scan.
pub(super) fn is_verdict(path: &str) -> bool {
    VERDICT_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// The browsable API description; its page comes ready made and brings styles and drawings of its own.
const DOCS_PREFIX: &str = "/api/docs/";
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What every answer carries unless its handler set the header itself.
const DEFAULT_HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (HeaderName::from_static("permissions-policy"), "geolocation=(), camera=(), microphone=()"),
];

/// Headers that no handler may forget; a handler may set a stricter or its own value first.
fn set_headers(headers: &mut HeaderMap, id: RequestId, is_docs: bool) {
    if is_docs {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
    }
    for (name, value) in DEFAULT_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
