//! The answer to a scan as JSON for programs, and the issuer's public keys. Open to every origin.

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::config::Identity;
use crate::error::Result;
use crate::http::{ClientNetwork, Network, Problem, Public, Site, routes};
use crate::keyring::Jwks;
use crate::keys::Keys;
use crate::stamp::{Reading, read};

use super::answer::Answer;
use super::pages::respond;
use super::service::Verifier;

routes! {
    GET "/api/v1/verify/{stamp:.*}" => verify_stamp: Public,
    GET "/.well-known/jwks.json" => show_keys: Public,
}

/// Verifies a stamp's digits or a typed code. A text that is no typed code is taken as digits.
#[utoipa::path(get, path = "/api/v1/verify/{stamp}", tag = "verify",
    params(("stamp" = String, Path, description = "187 digits, or 16 characters of a typed code")), responses(
    (status = 200, description = "Not refused", body = Answer),
    (status = 404, description = "Refused; `rule` names the first rule that failed", body = Answer),
    (status = 429, description = "Too many wrong codes from this network", body = Problem, content_type = "application/problem+json"),
))]
async fn verify_stamp(
    _: Public,
    req: HttpRequest,
    network: ClientNetwork,
    verifier: web::Data<Verifier<Option<Network>>>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let text = req.uri().path().strip_prefix("/api/v1/verify/").unwrap_or_default();
    // Of all percent signs only the space's is resolved: people type codes in groups.
    let text = &text.replace("%20", " ");
    let findings = match read(text) {
        Reading::Code(code) => verifier.verify_code(code, network.0).await?,
        Reading::Digits(digits) => verifier.verify_digits(digits.as_bytes()).await,
    };
    respond(&req, &findings.facts(), &identity, site.is_demo, true)
}

/// How long others may keep the key set, seconds: a compromised key must show within minutes.
const KEYS_MAX_AGE: &str = "public, max-age=300";

/// The issuer's public stamp keys (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "verify", responses((status = 200, description = "The key set", body = Jwks)))]
async fn show_keys(_: Public, keys: web::Data<Keys>) -> Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    response.insert_header((CACHE_CONTROL, KEYS_MAX_AGE));
    Ok(response.json(Jwks::from(&keys.room().ring)))
}
