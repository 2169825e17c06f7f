//! Downloads of the lists as workbooks, with the filters of their pages. Extract, call one service, answer.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;

use crate::error::Result;
use crate::http::{Reader, pages};
use crate::register::Register;
use crate::register::certificates::CertificateListFilter;
use crate::register::producers::ProducerFilter;
use crate::register::products::ProductFilter;

pages! {
    GET "/products.xlsx" => download_products: Reader,
    GET "/producers.xlsx" => download_producers: Reader,
    GET "/certificates.xlsx" => download_certificates: Reader,
}

/// What XLSX is (ECMA-376).
pub(in crate::register) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A workbook that is saved under a plain name with the day.
pub(in crate::register) fn workbook_answer(name: &str, today: NaiveDate, workbook: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(XLSX)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-{today}.xlsx\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(workbook)
}

async fn download_products(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = ProductFilter::from_query(req.query_string())?;
    let workbook = register.products_workbook(&actor.reads(), &filter).await?;
    Ok(workbook_answer("so-ocop", register.today(), workbook))
}

async fn download_producers(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = ProducerFilter::from_query(req.query_string())?;
    let workbook = register.producers_workbook(&actor.reads(), &filter).await?;
    Ok(workbook_answer("chu-the", register.today(), workbook))
}

async fn download_certificates(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = CertificateListFilter::from_query(req.query_string())?;
    let workbook = register.certificates_workbook(&actor.reads(), &filter).await?;
    Ok(workbook_answer("giay-chung-nhan", register.today(), workbook))
}
