//! The register as a workbook for programs, within the token's reach.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::error::Result;
use crate::http::{Problem, Reader, routes};
use crate::register::Register;
use crate::register::products::ProductFilter;

use super::pages::workbook_answer;

routes! {
    GET "/api/v1/register.xlsx" => download_register: Reader,
}

/// The register as an XLSX workbook that imports again: a row for each certificate of each product within the token's reach,
/// with Vietnamese headings. Takes the filters of the list of products; `closed=all` adds what left the register.
#[utoipa::path(get, path = "/api/v1/register.xlsx", tag = "register", security(("token" = [])), params(
    ("q" = Option<String>, Query, description = "Words that must all be in the product's or its producer's name"),
    ("commune" = Option<String>, Query, description = "Five digits of the producer's commune of today"),
    ("set" = Option<u8>, Query, description = "Product set, 1 to 26"),
    ("stars" = Option<u8>, Query, description = "Stars, 1 to 5"),
    ("kind" = Option<String>, Query, description = "`cooperative`, `company`, `household` or `cooperative_group`"),
    ("state" = Option<String>, Query, description = "Certificate today: `in_force`, `lapsed`, `not_yet_valid`, `revoked` or `unknown`"),
    ("ends" = Option<u8>, Query, description = "The last certificate ends within this many months, 1 to 36"),
    ("producer" = Option<i32>, Query, description = "Number of one producer"),
    ("closed" = Option<String>, Query, description = "`no`, `only` or `all`"),
), responses(
    (status = 200, description = "The workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 409, description = "More than 20,000 rows: filter the list", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn download_register(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = ProductFilter::from_query(req.query_string())?;
    let workbook = register.products_workbook(&actor.reads(), &filter).await?;
    Ok(workbook_answer("so-ocop", register.today(), workbook))
}
