//! The register as JSON: the public fields of products.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::http::{Problem, Public, routes};
use crate::stamp::ProductNo;

use super::Register;
use super::policy::{certificate_state, certificate_to_show};
use super::types::{Certificate, Product};

routes! {
    GET "/api/v1/products" => list_products: Public,
    GET "/api/v1/products/{product_no}" => show_product: Public,
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

/// A product's public fields.
#[derive(Serialize, utoipa::ToSchema)]
struct ProductView {
    product_no: u32,
    name: String,
    set_no: u8,
    set_name: Option<String>,
    /// Stars as the register says.
    stars: Option<u8>,
    producer: String,
    producer_kind: Option<&'static str>,
    address: Option<String>,
    /// The address before 2025-07-01.
    former_address: Option<String>,
    certificate: CertificateView,
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
    from: Option<chrono::NaiveDate>,
    to: Option<chrono::NaiveDate>,
}

impl ProductView {
    fn new(product: Product, today: chrono::NaiveDate) -> Self {
        let shown: Option<&Certificate> = certificate_to_show(&product.certificates, today);
        Self {
            certificate: CertificateView {
                state: certificate_state(&product.certificates, today).as_str(),
                stars: shown.and_then(|c| c.stars),
                certificate_no: shown.and_then(|c| c.number.clone()),
                issuer: shown.and_then(|c| c.issuer.clone()),
                from: shown.and_then(|c| c.window).map(|(from, _)| from),
                to: shown.and_then(|c| c.window).map(|(_, to)| to),
            },
            product_no: product.product_no.get(),
            set_no: product.set_no,
            set_name: product.set_name.map(|(vi, _)| vi),
            stars: product.stars,
            address: product.producer.address(),
            former_address: product.producer.former,
            producer: product.producer.name,
            producer_kind: product.producer.kind.map(super::types::ProducerKind::as_str),
            name: product.name,
            demo: product.demo,
        }
    }
}

/// Products of the register, in ascending order of number.
#[utoipa::path(get, path = "/api/v1/products", tag = "register", params(PageQuery), responses(
    (status = 200, description = "One page", body = ProductPage),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn list_products(_: Public, query: web::Query<PageQuery>, register: web::Data<Register>) -> Result<HttpResponse> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", "limit phải từ 1 đến 200.", "limit must be 1 to 200"));
    }
    let after = match query.cursor.as_deref() {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Error::invalid("cursor", "cursor không đúng.", "unknown cursor"))?,
    };
    let mut products = register.products_after(after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = limit < products.len();
    products.truncate(limit);
    let next = if has_more { products.last().map(|product| product.product_no.to_string()) } else { None };
    let today = register.today();
    let items = products.into_iter().map(|product| ProductView::new(product, today)).collect();
    Ok(HttpResponse::Ok().json(ProductPage { items, next }))
}

/// One product.
#[utoipa::path(get, path = "/api/v1/products/{product_no}", tag = "register",
    params(("product_no" = u32, Path, description = "Number in the register")), responses(
    (status = 200, description = "The product", body = ProductView),
    (status = 404, description = "No such product", body = Problem, content_type = "application/problem+json"),
))]
async fn show_product(_: Public, product_no: web::Path<String>, register: web::Data<Register>) -> Result<HttpResponse> {
    let product_no: ProductNo = product_no.parse().map_err(|_| Error::NotFound(crate::error::Thing::Product))?;
    let product = register.find_product(product_no).await?;
    Ok(HttpResponse::Ok().json(ProductView::new(product, register.today())))
}
