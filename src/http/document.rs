//! The frame of every page: one inline style sheet, allowed by its hash, and headers that let nothing else in.

use std::sync::LazyLock;

use actix_web::HttpResponseBuilder;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::text::unbroken;

use super::{DESK, Language, SIGN_IN};

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

/// Content type and policy of a page that uses `PAGE_CSS`: a stamp's page or an error's, which no search engine should show.
pub fn page_headers(response: &mut HttpResponseBuilder) {
    response.content_type("text/html; charset=utf-8");
    response.insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY.as_str()));
    response.insert_header(("X-Robots-Tag", "noindex"));
}

/// The policy of a page that adds a sheet of its own to `PAGE_CSS` and shows pictures of this site.
pub fn policy_with_pictures(own_css: &str) -> String {
    format!(
        "default-src 'none'; style-src {} {}; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        style_source(PAGE_CSS),
        style_source(own_css)
    )
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

    /// The front page in this language.
    pub const fn home(&self) -> &'static str {
        self.language.pick("/", "/?lang=en")
    }

    /// The title as it stands on the page.
    pub fn heading(&self) -> String {
        unbroken(self.title)
    }

    /// Picks one of two texts.
    pub const fn pick<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        self.language.pick(vi, en)
    }
}

/// What every page of this server knows of it.
pub struct Site {
    /// Shows the banner of the demonstration.
    pub is_demo: bool,
    /// Whom to call.
    pub contact: String,
}

/// Where the page of an error leads besides the front page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WayOn {
    /// Nowhere else.
    Front,
    /// To the desk, for a browser that carries a session's cookie.
    Desk,
    /// To signing in, for whoever opens a link that is used up.
    SignIn,
}

impl WayOn {
    const fn link(self, language: Language) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Front => None,
            Self::Desk => Some((DESK, language.pick("Về trang chính", "To the desk"))),
            Self::SignIn => Some((SIGN_IN, language.pick("Đăng nhập", "Sign in"))),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'p> {
    document: Document<'p>,
    text: &'p str,
    contact: Option<&'p str>,
    /// Address and words.
    way_on: Option<(&'static str, &'static str)>,
}

/// A page for a person who meets an error outside the API.
pub(super) fn error_document(language: Language, error: &Error, site: Option<&Site>, way_on: WayOn) -> String {
    let title = match error {
        Error::NotFound(_) => language.pick("Không tìm thấy trang", "No such page"),
        Error::TooManyCodes { .. } => language.pick("Gõ mã sai quá nhiều lần", "Too many wrong codes"),
        Error::RoleForbidden => language.pick("Không được phép", "Not allowed"),
        Error::FormExpired => language.pick("Xin mở lại trang", "Open the page again"),
        Error::EditConflict => language.pick("Có người vừa sửa trước", "Someone was faster"),
        Error::Unavailable(_) => language.pick("Chưa kết nối được với sổ", "The register is not reached"),
        _ => language.pick("Có lỗi xảy ra", "Something is not right"),
    };
    let text = match language {
        Language::Vi => error.vi(),
        Language::En => capitalised(&error.to_string()),
    };
    let demo = site.is_some_and(|site| site.is_demo);
    let document = Document { language, title, other_language_href: language.pick("?lang=en", "?lang=vi"), demo };
    let contact = site.map(|site| site.contact.as_str());
    ErrorPage { document, text: &text, contact, way_on: way_on.link(language) }
        .render()
        .unwrap_or_else(|_| text.clone())
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
