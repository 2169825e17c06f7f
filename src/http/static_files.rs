//! The style sheet and the script of the signed-in pages, under addresses that change with their content.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, Thing};

use super::access::Public;
use super::pages;

const CSS: &str = include_str!("../../assets/css/app.css");
const JS: &str = include_str!("../../assets/js/app.js");
/// An address names one content for ever (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

static CSS_HREF: LazyLock<String> = LazyLock::new(|| href("app.css", CSS));
static JS_HREF: LazyLock<String> = LazyLock::new(|| href("app.js", JS));

fn href(name: &str, content: &str) -> String {
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
    format!("/static/{}/{name}", hash.get(..16).unwrap_or_default())
}

pub(super) fn css_href() -> &'static str {
    &CSS_HREF
}

pub(super) fn js_href() -> &'static str {
    &JS_HREF
}

pages! {
    GET "/static/{hash}/{name}" => show_file: Public,
}

async fn show_file(_: Public, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (media_type, content) = match path.1.as_str() {
        "app.css" => ("text/css; charset=utf-8", CSS),
        "app.js" => ("text/javascript; charset=utf-8", JS),
        _ => return Err(Error::NotFound(Thing::Page)),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, FOR_EVER))
        .body(content))
}
