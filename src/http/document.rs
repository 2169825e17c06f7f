//! The frame of every page: one inline style sheet, allowed by its hash, and headers that let nothing else in.

use std::sync::LazyLock;

use actix_web::HttpResponseBuilder;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Language;

/// The style sheet of the public pages, small enough to travel inside each of them.
const PAGE_CSS: &str = include_str!("../../assets/css/page.css");

static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src {}; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        style_source(PAGE_CSS)
    )
});

/// A style sheet's source expression for a content security policy.
pub fn style_source(css: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(css)))
}

/// Content type and policy of a page that uses `PAGE_CSS`.
pub fn page_headers(response: &mut HttpResponseBuilder) {
    response.content_type("text/html; charset=utf-8");
    response.insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY.as_str()));
}

/// What the frame needs of every page.
pub struct Document<'p> {
    /// The language of the page.
    pub language: Language,
    /// The title, without the service's name.
    pub title: &'p str,
    /// Where the link to the other language leads.
    pub other_language_href: &'p str,
    /// Shows the banner of the demonstration.
    pub demo: bool,
}

impl Document<'_> {
    /// The style sheet, for the template.
    pub const fn css(&self) -> &'static str {
        PAGE_CSS
    }

    /// Picks one of two texts.
    pub const fn pick<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        self.language.pick(vi, en)
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'p> {
    document: Document<'p>,
    text: &'p str,
}

/// A page for a person who meets an error outside the API.
pub(super) fn error_document(language: Language, text: &str) -> String {
    let title = language.pick("Chưa làm được", "Something is not right");
    let document = Document {
        language,
        title,
        other_language_href: language.pick("?lang=en", "?lang=vi"),
        demo: false,
    };
    ErrorPage { document, text }
        .render()
        .unwrap_or_else(|_| text.to_owned())
}
