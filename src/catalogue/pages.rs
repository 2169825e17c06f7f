//! The public pages that need no stamp: the front page with its search, a product, what search engines ask for. Everything they
//! show may be kept by anyone for a minute.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER, VARY,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use crate::config::{Identity, PublicUrl};
use crate::error::{Error, Result, Thing};
use crate::http::{Document, Language, Public, Site, kept_text, policy_with_pictures, routes};
use crate::register::types::Certificate;
use crate::stamp::ProductNo;

use super::descriptions::{self, certificate_sentence, date};
use super::types::{CurrentBatch, Hit, Listing, Paper, PublicProduct, STARS, Search, SetName};
use super::{Catalogue, Robots};

routes! {
    GET "/" => show_home: Public,
    GET "/p/{product_no}" => show_product: Public,
    GET "/p/{product_no}/picture.jpg" => show_picture: Public,
    GET "/robots.txt" => show_robots: Public,
    GET "/sitemap.xml" => show_sitemap: Public,
}

/// The sheet of these pages; it travels beside the small one that every public page has.
const CSS: &str = include_str!("../../assets/css/catalogue.css");
static POLICY: LazyLock<String> = LazyLock::new(|| policy_with_pictures(CSS));
/// How long others may keep a page: a revoked certificate or a recalled batch must show within the minute.
const PAGE_MAX_AGE: &str = "public, max-age=60";
/// How long others may keep a small picture: it rarely changes.
const PICTURE_MAX_AGE: &str = "public, max-age=3600";
/// Bytes of a hash that make a tag; more tell no more pages apart.
const TAG_BYTES: usize = 16;
/// Seconds after which the register is worth another try.
const RETRY_SECONDS: &str = "2";

/// What the head of a page says to search engines and to whoever it is shared with.
struct Head {
    description: String,
    /// The address without anything that does not matter.
    canonical: String,
    /// The same in the other language.
    alternate: String,
    image: Option<String>,
    kind: &'static str,
    is_indexable: bool,
}

impl Head {
    /// For a path with or without a query.
    fn new(public_url: &PublicUrl, path: &str, language: Language, description: String) -> Self {
        let vi = format!("{}{path}", public_url.as_str());
        let en = format!("{vi}{}lang=en", if path.contains('?') { '&' } else { '?' });
        let (canonical, alternate) = match language {
            Language::Vi => (vi, en),
            Language::En => (en, vi),
        };
        Self { description, canonical, alternate, image: None, kind: "website", is_indexable: true }
    }
}

/// A page that others may keep for a while; one who has this very page is told so.
fn kept(req: &HttpRequest, content_type: &str, max_age: &str, body: impl Into<web::Bytes>) -> HttpResponse {
    let body = body.into();
    let hash = Sha256::digest(&body);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash.get(..TAG_BYTES).unwrap_or_default()));
    let known = req.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, max_age)).insert_header((ETAG, tag));
    // Pages are in the language that the visitor chose or prefers.
    response.insert_header((VARY, "Accept-Language, Cookie"));
    // Headers of a 304 replace those of the kept page (RFC 9111, 4.3.4): without the policy it would lose its styles.
    set_policy(&mut response);
    if is_known {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, content_type));
    response.body(body)
}

fn set_policy(response: &mut HttpResponseBuilder) {
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()));
}

const HTML: &str = "text/html; charset=utf-8";

/// What the front page is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Words of a product's, producer's or commune's name, with or without diacritics.
    #[serde(default)]
    q: String,
    /// Product set, 1 to 26.
    #[serde(default)]
    set: String,
    /// Stars, 1 to 5.
    #[serde(default)]
    stars: String,
    /// Page, from 1.
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "catalogue/home.html")]
struct HomePage<'p> {
    document: Document<'p>,
    head: Head,
    css: &'static str,
    search: &'p Search,
    /// None when the register was not reached.
    listing: Option<&'p Listing>,
    issuer_name: &'p str,
    contact: &'p str,
}

impl HomePage<'_> {
    fn hits<'h>(&self, listing: &'h Listing, hits: &'h [Hit]) -> Vec<HitRow<'h>> {
        hits.iter().map(|hit| HitRow::new(hit, listing, self.document.language)).collect()
    }

    fn set_name<'s>(&self, set: &'s SetName) -> &'s str {
        self.document.pick(&set.vi, &set.en)
    }

    fn is_chosen_set(&self, set: &SetName) -> bool {
        self.search.set_no == Some(set.set_no)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend what they pass")]
    fn is_chosen_stars(&self, stars: &u8) -> bool {
        self.search.stars == Some(*stars)
    }

    /// The same search at another page.
    fn page_href(&self, page: u32) -> String {
        let query = query_of(&Search { page, ..self.search.clone() }, self.document.language);
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    }
}

/// A product in a list, in words.
struct HitRow<'h> {
    hit: &'h Hit,
    href: String,
    name: &'h str,
    stars: Option<u8>,
    state: String,
    state_class: &'static str,
}

impl<'h> HitRow<'h> {
    fn new(hit: &'h Hit, listing: &Listing, language: Language) -> Self {
        let (state, state_class) = certificate_sentence(&hit.certificates, listing.today, language);
        let name = match language {
            Language::Vi => &hit.name,
            Language::En => hit.name_en.as_ref().unwrap_or(&hit.name),
        };
        Self {
            hit,
            href: format!("/p/{}{}", hit.product_no, language.pick("", "?lang=en")),
            name,
            stars: hit.stars_on(listing.today),
            state,
            state_class,
        }
    }
}

/// The query string of a search; empty when nothing is asked.
fn query_of(search: &Search, language: Language) -> String {
    let mut query = Serializer::new(String::new());
    if !search.text.is_empty() {
        query.append_pair("q", &search.text);
    }
    for (name, value) in [("set", search.set_no), ("stars", search.stars)] {
        if let Some(value) = value {
            query.append_pair(name, &value.to_string());
        }
    }
    if 1 < search.page {
        query.append_pair("page", &search.page.to_string());
    }
    if language == Language::En {
        query.append_pair("lang", "en");
    }
    query.finish()
}

/// The front page: check a stamp by its code, and search the products of the province.
#[utoipa::path(get, path = "/", tag = "public", params(SearchQuery), responses(
    (status = 200, description = "The page", content_type = "text/html"),
    (status = 503, description = "The page without the list: the register is not reached", content_type = "text/html"),
))]
async fn show_home(
    _: Public,
    req: HttpRequest,
    query: web::Query<SearchQuery>,
    catalogue: web::Data<Catalogue>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let search = Search::read(&kept_text(&query.q), &query.set, &query.stars, &query.page);
    let listing = match catalogue.search(&search).await {
        Ok(listing) => Some(listing),
        Err(error @ Error::Unavailable(_)) => {
            tracing::error!(error.code = error.code(), error.cause = ?error, "the front page is shown without its list");
            None
        }
        Err(error) => return Err(error),
    };
    let other = language.pick("en", "vi");
    let other_query = query_of(&search, Language::Vi);
    let other_language_href = format!("/?{other_query}{}lang={other}", if other_query.is_empty() { "" } else { "&" });
    let title = if search.is_narrowed() {
        language.pick("Tìm sản phẩm OCOP", "Find OCOP products")
    } else {
        language.pick("Kiểm tra tem, tìm sản phẩm OCOP", "Check a stamp, find OCOP products")
    };
    // What people typed is theirs, not a page to be found again.
    let canonical_query = query_of(&Search { text: String::new(), ..search.clone() }, Language::Vi);
    let path = if canonical_query.is_empty() { "/".to_owned() } else { format!("/?{canonical_query}") };
    let description = match language {
        Language::Vi => format!(
            "Kiểm tra tem truy xuất nguồn gốc và xem sản phẩm OCOP do {} quản lý: hạng sao, giấy chứng nhận, chủ thể, lô hàng.",
            identity.issuer_name
        ),
        Language::En => format!(
            "Check a traceability stamp and see the OCOP products kept by {}: stars, certificates, producers, batches.",
            identity.issuer_name
        ),
    };
    let page = HomePage {
        document: Document { language, title, other_language_href: &other_language_href, demo: site.is_demo },
        head: Head::new(&identity.public_url, &path, language, description),
        css: CSS,
        search: &search,
        listing: listing.as_ref(),
        issuer_name: &identity.issuer_name,
        contact: &identity.contact,
    };
    let html = page.render().map_err(Error::internal)?;
    if listing.is_some() {
        return Ok(kept(&req, HTML, PAGE_MAX_AGE, html));
    }
    let mut response = HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE);
    response.insert_header((CONTENT_TYPE, HTML)).insert_header((RETRY_AFTER, RETRY_SECONDS));
    set_policy(&mut response);
    Ok(response.body(html))
}

/// One certificate in words.
struct CertificateBlock<'p> {
    certificate: &'p Certificate,
    state: String,
    state_class: &'static str,
}

/// One batch in words.
struct BatchRow<'p> {
    batch: &'p CurrentBatch,
    standing: Option<(&'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "catalogue/product.html")]
struct ProductPage<'p> {
    document: Document<'p>,
    head: Head,
    css: &'static str,
    it: &'p PublicProduct,
    contact: &'p str,
}

impl<'p> ProductPage<'p> {
    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "templates call it on the page and lend what they pass"
    )]
    fn day(&self, day: &chrono::NaiveDate) -> String {
        date(*day)
    }

    /// The name in the other language, when there is one.
    fn second_name(&self) -> Option<&'p str> {
        let name_en = self.it.details.name_en.as_deref()?;
        Some(self.document.pick(name_en, &self.it.product.name))
    }

    fn state(&self) -> (String, &'static str) {
        certificate_sentence(&self.it.product.certificates, self.it.today, self.document.language)
    }

    fn story(&self) -> Option<&'p str> {
        descriptions::story(self.it, self.document.language)
    }

    /// The story's own language, when it is not the page's.
    fn story_is_foreign(&self) -> bool {
        let own = self.document.pick("vi", "en");
        let has_own = match own {
            "vi" => self.it.details.story.is_some(),
            _ => self.it.details.story_en.is_some(),
        };
        !has_own
    }

    fn set_name(&self) -> Option<&'p str> {
        self.it.product.set_name.as_ref().map(|(vi, en)| self.document.pick(vi.as_str(), en.as_str()))
    }

    fn shelf_life(&self) -> Option<String> {
        self.it.product.shelf_life.map(|life| descriptions::shelf_life(life, self.document.language))
    }

    fn producer_kind(&self) -> Option<&'static str> {
        self.it.product.producer.kind.map(|kind| descriptions::producer_kind(kind, self.document.language))
    }

    fn contact_kind(&self, kind: &str) -> &'static str {
        descriptions::contact_kind(kind, self.document.language)
    }

    fn paper_kind(&self, paper: &Paper) -> &'static str {
        self.document.language.pick(paper.kind.vi(), paper.kind.en())
    }

    fn certificates(&self) -> Vec<CertificateBlock<'p>> {
        let block = |certificate: &'p Certificate| {
            let state = crate::register::policy::certificate_state(std::slice::from_ref(certificate), self.it.today);
            let (state, state_class) = crate::verify::certificate_words(state, self.document.language);
            CertificateBlock { certificate, state, state_class }
        };
        self.it.product.certificates.iter().map(block).collect()
    }

    fn batches(&self) -> Vec<BatchRow<'p>> {
        let row = |batch: &'p CurrentBatch| BatchRow {
            batch,
            standing: descriptions::standing(batch.standing, self.document.language),
        };
        self.it.batches.iter().map(row).collect()
    }
}

fn product_no(path: &web::Path<String>) -> Result<ProductNo> {
    path.parse().map_err(|_| Error::NotFound(Thing::Product))
}

/// A product for everyone: story, photos, certificates, producer, current batches.
#[utoipa::path(get, path = "/p/{product_no}", tag = "public", params(("product_no" = String, Path, description = "The product's number")), responses(
    (status = 200, description = "The page; a product that left the register says so", content_type = "text/html"),
    (status = 404, description = "No such product"),
))]
async fn show_product(
    _: Public,
    req: HttpRequest,
    path: web::Path<String>,
    catalogue: web::Data<Catalogue>,
    identity: web::Data<Identity>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let it = catalogue.find_product(product_no(&path)?).await?;
    let number = it.product.product_no;
    let title = match language {
        Language::Vi => &it.product.name,
        Language::En => it.details.name_en.as_ref().unwrap_or(&it.product.name),
    };
    let mut head =
        Head::new(&identity.public_url, &format!("/p/{number}"), language, descriptions::description(&it, language));
    head.kind = "product";
    head.is_indexable = it.closed_on().is_none();
    let small = || it.product.photo_base64.as_ref().map(|_| format!("/p/{number}/picture.jpg"));
    let image = it.photos.first().map(|photo| format!("/photos/{}", photo.photo_id)).or_else(small);
    head.image = image.map(|path| format!("{}{path}", identity.public_url.as_str()));
    let other_language_href = language.pick("?lang=en", "?lang=vi");
    let page = ProductPage {
        document: Document { language, title, other_language_href, demo: site.is_demo },
        head,
        css: CSS,
        it: &it,
        contact: &identity.contact,
    };
    Ok(kept(&req, HTML, PAGE_MAX_AGE, page.render().map_err(Error::internal)?))
}

/// A product's small picture.
#[utoipa::path(get, path = "/p/{product_no}/picture.jpg", tag = "public", params(("product_no" = String, Path, description = "The product's number")), responses(
    (status = 200, description = "At most 4 KiB", content_type = "image/jpeg"),
    (status = 404, description = "No such product, or it has no picture"),
))]
async fn show_picture(
    _: Public,
    req: HttpRequest,
    path: web::Path<String>,
    catalogue: web::Data<Catalogue>,
) -> Result<HttpResponse> {
    let jpeg = catalogue.find_picture(product_no(&path)?).await?;
    Ok(kept(&req, "image/jpeg", PICTURE_MAX_AGE, jpeg))
}

/// What search engines may visit.
#[utoipa::path(get, path = "/robots.txt", tag = "public", responses((status = 200, description = "RFC 9309", content_type = "text/plain")))]
async fn show_robots(_: Public, req: HttpRequest, robots: web::Data<Robots>) -> Result<HttpResponse> {
    Ok(kept(&req, "text/plain; charset=utf-8", PICTURE_MAX_AGE, robots.as_str().to_owned()))
}

#[derive(Template)]
#[template(path = "catalogue/sitemap.xml")]
struct SiteMap<'p> {
    public_url: &'p PublicUrl,
    numbers: Vec<i32>,
}

/// Every public product, for search engines.
#[utoipa::path(get, path = "/sitemap.xml", tag = "public", responses((status = 200, description = "sitemaps.org 0.9", content_type = "application/xml")))]
async fn show_sitemap(
    _: Public,
    req: HttpRequest,
    catalogue: web::Data<Catalogue>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let map = SiteMap { public_url: &public_url, numbers: catalogue.list_numbers().await? };
    Ok(kept(&req, "application/xml; charset=utf-8", PAGE_MAX_AGE, map.render().map_err(Error::internal)?))
}
