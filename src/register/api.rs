//! The register as JSON: the public fields of products, and writing them for whoever has a token.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Thing};
use crate::http::{JsonBody, Keeper, Problem, Public, routes};
use crate::stamp::ProductNo;

use super::Register;
use super::policy::{certificate_state, certificate_to_show};
use super::products::types::{ListedProduct, ProductSheet};
use super::products::{ProductBody, ProductFilter, change_of, draft_of, in_json_names};
use super::types::{Certificate, Pack, ProducerKind, ShelfLife};

routes! {
    GET "/api/v1/products" => list_products: Public,
    POST "/api/v1/products" => add_product: Keeper,
    GET "/api/v1/products/{product_no}" => show_product: Public,
    PATCH "/api/v1/products/{product_no}" => change_product: Keeper,
}

/// Products on one page when the caller does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most products on one page.
const MAX_LIMIT: i64 = 200;

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items on the page, 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// One page of products.
#[derive(Serialize, utoipa::ToSchema)]
struct ProductPage {
    items: Vec<ProductView>,
    /// Cursor of the next page, null at the end.
    next: Option<String>,
}

/// A product's public fields, as lists show them.
#[derive(Serialize, utoipa::ToSchema)]
struct ProductView {
    product_no: u32,
    name: String,
    name_en: Option<String>,
    set_no: u8,
    set_name: Option<String>,
    /// Stars as the register says.
    stars: Option<u8>,
    producer_no: i32,
    producer: String,
    producer_kind: Option<&'static str>,
    address: Option<String>,
    /// The address before 2025-07-01.
    former_address: Option<String>,
    certificate: CertificateView,
    /// Left the register: its stamps stay known, no new ones are made.
    closed: bool,
    /// Belongs to the demonstration.
    demo: bool,
}

/// How the product's certificate stands today.
#[derive(Serialize, utoipa::ToSchema)]
struct CertificateView {
    /// `in_force`, `lapsed`, `not_yet_valid`, `revoked` or `unknown`.
    state: &'static str,
    stars: Option<u8>,
    certificate_no: Option<String>,
    issuer: Option<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Everything public of one product.
#[derive(Serialize, utoipa::ToSchema)]
struct ProductSheetView {
    #[serde(flatten)]
    product: ProductView,
    story: Option<String>,
    story_en: Option<String>,
    ingredients: Option<String>,
    standards: Option<String>,
    /// 8, 12, 13 or 14 digits.
    gtin: Option<String>,
    /// For example `12 months` or `45 days`.
    shelf_life: Option<String>,
    /// What one pack holds, for example `500 g`.
    pack: Option<String>,
    /// Addresses of its photos (JPEG), the first one first.
    photos: Vec<String>,
    /// Send it back with a change: a product that someone else changed since is not overwritten.
    version: i32,
}

impl CertificateView {
    fn new(certificates: &[Certificate], today: NaiveDate) -> Self {
        let shown: Option<&Certificate> = certificate_to_show(certificates, today);
        Self {
            state: certificate_state(certificates, today).as_str(),
            stars: shown.and_then(|c| c.stars),
            certificate_no: shown.and_then(|c| c.number.clone()),
            issuer: shown.and_then(|c| c.issuer.clone()),
            from: shown.and_then(|c| c.window).map(|(from, _)| from),
            to: shown.and_then(|c| c.window).map(|(_, to)| to),
        }
    }
}

impl ProductView {
    fn new(product: ListedProduct, today: NaiveDate) -> Self {
        Self {
            certificate: CertificateView::new(&product.certificates, today),
            product_no: product.product_no.get(),
            name: product.name,
            name_en: product.name_en,
            set_no: product.set_no,
            set_name: product.set_name.map(|(vi, _)| vi),
            stars: product.stars,
            address: product.producer.address(),
            producer_no: product.producer.producer_no.0,
            former_address: product.producer.former,
            producer: product.producer.name,
            producer_kind: product.producer.kind.map(ProducerKind::as_str),
            closed: product.is_closed,
            demo: product.demo,
        }
    }
}

impl ProductSheetView {
    fn new(sheet: ProductSheet, today: NaiveDate) -> Self {
        let shelf_life = sheet.product.shelf_life.map(|shelf_life| match shelf_life {
            ShelfLife::Days(n) => format!("{n} days"),
            ShelfLife::Months(n) => format!("{n} months"),
        });
        Self {
            shelf_life,
            pack: sheet.product.pack.as_ref().map(Pack::to_string),
            standards: sheet.product.standards.clone(),
            photos: sheet.photos.iter().map(|photo| format!("/photos/{}", photo.photo_id)).collect(),
            gtin: sheet.gtin.as_ref().map(ToString::to_string),
            story: sheet.story.clone(),
            story_en: sheet.story_en.clone(),
            ingredients: sheet.ingredients.clone(),
            version: sheet.version,
            product: ProductView::new(sheet.into_listed(), today),
        }
    }
}

/// A product's number from a path; anything else names no product.
pub(super) fn product_no(text: &str) -> Result<ProductNo> {
    text.parse().map_err(|_| Error::NotFound(Thing::Product))
}

/// Products of the register, in ascending order of number. Every filter that is given must hold.
#[utoipa::path(get, path = "/api/v1/products", tag = "register", params(
    PageQuery,
    ("q" = Option<String>, Query, description = "Words that must all be in the product's or its producer's name; diacritics and the place of tone marks do not matter"),
    ("commune" = Option<String>, Query, description = "Five digits of the producer's commune of today"),
    ("set" = Option<u8>, Query, description = "Product set, 1 to 26"),
    ("stars" = Option<u8>, Query, description = "Stars, 1 to 5"),
    ("kind" = Option<String>, Query, description = "`cooperative`, `company`, `household` or `cooperative_group`"),
    ("state" = Option<String>, Query, description = "Certificate today: `in_force`, `lapsed`, `not_yet_valid`, `revoked` or `unknown`"),
    ("ends" = Option<u8>, Query, description = "The last certificate ends within this many months, 1 to 36"),
    ("producer" = Option<i32>, Query, description = "Number of one producer"),
), responses(
    (status = 200, description = "One page", body = ProductPage),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn list_products(
    _: Public,
    query: web::Query<PageQuery>,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = ProductFilter::from_query(req.query_string())?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", "limit phải từ 1 đến 200.", "limit must be 1 to 200"));
    }
    let after = match query.cursor.as_deref() {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Error::invalid("cursor", "cursor không đúng.", "unknown cursor"))?,
    };
    let mut products = register.public_products_after(&filter, after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = limit < products.len();
    products.truncate(limit);
    let next = if has_more { products.last().map(|product| product.product_no.to_string()) } else { None };
    let today = register.today();
    let items = products.into_iter().map(|product| ProductView::new(product, today)).collect();
    Ok(HttpResponse::Ok().json(ProductPage { items, next }))
}

/// One product. One that left the register is still shown, marked as closed.
#[utoipa::path(get, path = "/api/v1/products/{product_no}", tag = "register",
    params(("product_no" = u32, Path, description = "Number in the register")), responses(
    (status = 200, description = "The product", body = ProductSheetView),
    (status = 404, description = "No such product", body = Problem, content_type = "application/problem+json"),
))]
async fn show_product(_: Public, path: web::Path<String>, register: web::Data<Register>) -> Result<HttpResponse> {
    let sheet = register.public_product(product_no(&path)?).await?;
    Ok(HttpResponse::Ok().json(ProductSheetView::new(sheet, register.today())))
}

/// Adds a product: the office for any producer and with stars, a producer's token for that producer. Needs `register:write`.
#[utoipa::path(post, path = "/api/v1/products", tag = "register", request_body = ProductBody, security(("token" = [])), responses(
    (status = 201, description = "The product", body = ProductSheetView),
    (status = 404, description = "No such producer within reach", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong, or not this token's to write", body = Problem, content_type = "application/problem+json"),
))]
async fn add_product(
    Keeper(actor): Keeper,
    body: JsonBody<ProductBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let added = register.add_product(&actor, &draft_of(body.0)?).await.map_err(in_json_names)?;
    let sheet = register.product_sheet(&actor.reads(), added).await?;
    let location = format!("/api/v1/products/{added}");
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(ProductSheetView::new(sheet, register.today())))
}

/// Changes a product: fields that are absent stay, fields that are null are emptied. Needs `register:write`.
#[utoipa::path(patch, path = "/api/v1/products/{product_no}", tag = "register", request_body = ProductBody, security(("token" = [])),
    params(("product_no" = u32, Path, description = "Number in the register")), responses(
    (status = 200, description = "The product as it is now", body = ProductSheetView),
    (status = 404, description = "No such product within reach", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Someone else changed it since that version, or it left the register", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong, or not this token's to write", body = Problem, content_type = "application/problem+json"),
))]
async fn change_product(
    Keeper(actor): Keeper,
    path: web::Path<String>,
    body: JsonBody<ProductBody>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let product_no = product_no(&path)?;
    let sheet = register.product_sheet(&actor.writes(), product_no).await?;
    let (version, draft) = change_of(body.0, &sheet.draft())?;
    register.save_product(&actor, product_no, version, &draft).await.map_err(in_json_names)?;
    let sheet = register.product_sheet(&actor.reads(), product_no).await?;
    Ok(HttpResponse::Ok().json(ProductSheetView::new(sheet, register.today())))
}
