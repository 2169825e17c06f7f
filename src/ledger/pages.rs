//! The ledger's own page, for anyone and without a session: what it is, how long it is, who watches it, how to check it. It tells
//! nothing of batches or people, and shows no key or hash before someone asks for it.

use actix_web::http::header::{CACHE_CONTROL, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use crate::clock::in_vietnam;
use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{Document, Language, Public, Site, page_headers, routes};

use super::public_face::PublicFace;
use super::service::Ledger;

routes! {
    GET "/ledger" => show_ledger: Public,
}

/// How long others may keep the page: that the ledger is halted must show soon.
const MAX_AGE: &str = "public, max-age=10";

#[derive(Template)]
#[template(path = "ledger/ledger.html")]
struct LedgerPage<'p> {
    document: Document<'p>,
    n_entries: String,
    published_at: Option<String>,
    /// By name, with the time of the last cosignature.
    witnesses: Vec<(String, Option<String>)>,
    is_halted: bool,
    vkey: String,
    contact: &'p str,
    public_url: &'p str,
}

/// What the ledger is, how it stands and how anyone checks it.
#[utoipa::path(get, path = "/ledger", tag = "public", responses(
    (status = 200, description = "The page", content_type = "text/html"),
))]
async fn show_ledger(
    _: Public,
    req: HttpRequest,
    ledger: web::Data<Ledger>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let PublicFace { published, witnesses, is_halted } = ledger.public_face().await?;
    let witnesses = witnesses.into_iter().map(|(name, at)| (name, at.map(|at| instant(at, language))));
    let page = LedgerPage {
        document: Document {
            language,
            title: language.pick("Sổ cái nhật ký lô hàng", "The ledger of batch logs"),
            other_language_href: language.pick("?lang=en", "?lang=vi"),
            demo: site.is_demo,
        },
        n_entries: in_thousands(published.map_or(0, |(size, _)| size), language),
        published_at: published.map(|(_, at)| instant(at, language)),
        witnesses: witnesses.collect(),
        is_halted,
        vkey: ledger.verifier().to_string(),
        contact: &identity.contact,
        public_url: identity.public_url.as_str(),
    };
    let html = page.render().map_err(Error::internal)?;
    let mut response = HttpResponse::Ok();
    page_headers(&mut response);
    response.insert_header((CACHE_CONTROL, MAX_AGE));
    // The page is in the language that the visitor chose or prefers.
    response.insert_header((VARY, "Accept-Language, Cookie"));
    Ok(response.body(html))
}

/// An instant on Vietnam's clocks.
fn instant(at: DateTime<Utc>, language: Language) -> String {
    let there = in_vietnam(at);
    format!("{} {} {}", there.format("%H:%M"), language.pick("ngày", "on"), there.format("%d/%m/%Y"))
}

/// With a mark between thousands.
fn in_thousands(n: u64, language: Language) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if 0 < i && (digits.len() - i).is_multiple_of(3) {
            text.push_str(language.pick(".", ","));
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(is_halted: bool, witnesses: Vec<(String, Option<String>)>) -> String {
        let document =
            Document { language: Language::Vi, title: "Sổ cái", other_language_href: "?lang=en", demo: false };
        let page = LedgerPage {
            document,
            n_entries: in_thousands(1_204_500, Language::Vi),
            published_at: Some("08:41 ngày 12/03/2026".to_owned()),
            witnesses,
            is_halted,
            vkey: "ocop.example/ledger+1b2c3d4e+AQAB".to_owned(),
            contact: "0208 000 0000",
            public_url: "https://ocop.example",
        };
        page.render().unwrap()
    }

    #[test]
    fn the_page_says_what_the_ledger_does_not_prove() {
        let said = "Sổ cái cho biết ai ghi gì, lúc nào và không bị sửa lén; không chứng minh lời khai là đúng.";
        assert!(page(false, Vec::new()).contains(said));
    }

    #[test]
    fn the_command_to_follow_the_ledger_has_the_whole_address() {
        assert!(page(false, Vec::new()).contains("nguon audit https://ocop.example/ledger --vkey @vkey"));
    }

    #[test]
    fn a_halted_ledger_is_said_to_be_so() {
        assert!(page(true, Vec::new()).contains("Sổ cái đang tạm khóa"));
        assert!(!page(false, Vec::new()).contains("Sổ cái đang tạm khóa"));
    }

    #[test]
    fn the_key_is_folded_away() {
        let text = page(false, Vec::new());
        assert!(text.find("<details>").unwrap() < text.find("1b2c3d4e").unwrap());
    }

    #[test]
    fn a_witness_that_never_signed_is_named() {
        let text = page(false, vec![("Báo Thái Nguyên".to_owned(), None)]);
        assert!(text.contains("Báo Thái Nguyên") && text.contains("chưa ký lần nào"), "{text}");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(in_thousands(1_204_500, Language::Vi), "1.204.500");
        assert_eq!(in_thousands(999, Language::En), "999");
    }
}
