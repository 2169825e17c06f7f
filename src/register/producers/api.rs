//! Producers as JSON, for programs of the offices and of producers themselves, within the reach of their token.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::http::{Problem, Reader, routes};
use crate::register::Register;
use crate::register::contacts::types::Contact;

use super::pages::producer_no;
use super::types::{ProducerKind, ProducerSheet};

routes! {
    GET "/api/v1/producers" => list_producers: Reader,
    GET "/api/v1/producers/{producer_no}" => show_producer: Reader,
}

/// Producers on one page when the caller does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most producers on one page.
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

/// One page of producers.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProducerListPage)]
struct ProducerPageView {
    items: Vec<ProducerView>,
    /// Cursor of the next page, null at the end.
    next: Option<String>,
}

/// A producer of the register.
#[derive(Serialize, utoipa::ToSchema)]
struct ProducerView {
    producer_no: i32,
    name: String,
    /// `cooperative`, `cooperative_group`, `company` or `household`.
    kind: Option<&'static str>,
    /// 10 digits, 10 and 3, or 12; a household's is personal data.
    tax_code: Option<String>,
    /// As printed on packaging.
    printed_address: Option<String>,
    village: Option<String>,
    /// Code of today's commune.
    commune_code: Option<String>,
    commune: Option<String>,
    /// The address before 2025-07-01.
    former_address: Option<String>,
    /// It left the register.
    is_closed: bool,
    /// Belongs to the demonstration.
    demo: bool,
}

/// A producer with how to reach it.
#[derive(Serialize, utoipa::ToSchema)]
struct ProducerDetail {
    #[serde(flatten)]
    producer: ProducerView,
    /// What the caller may see.
    contacts: Vec<ContactView>,
}

/// One way to reach a producer.
#[derive(Serialize, utoipa::ToSchema)]
struct ContactView {
    /// `person`, `phone`, `zalo`, `email`, `website` or `address`.
    kind: &'static str,
    value: String,
    /// `public`, `offices` or `me`.
    visibility: &'static str,
}

impl From<ProducerSheet> for ProducerView {
    fn from(sheet: ProducerSheet) -> Self {
        Self {
            producer_no: sheet.producer_no.0,
            former_address: sheet.former_address(),
            kind: sheet.kind.map(ProducerKind::as_str),
            tax_code: sheet.tax_code,
            printed_address: sheet.printed_address,
            village: sheet.village,
            commune_code: sheet.commune.as_ref().map(|commune| commune.code.clone()),
            commune: sheet.commune.map(|commune| commune.name),
            is_closed: sheet.closed_at.is_some(),
            demo: sheet.demo,
            name: sheet.name,
        }
    }
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self { kind: contact.kind.as_str(), value: contact.value, visibility: contact.visibility.as_str() }
    }
}

/// Producers within the token's reach, in ascending order of number.
#[utoipa::path(get, path = "/api/v1/producers", tag = "register", security(("token" = [])), params(PageQuery), responses(
    (status = 200, description = "One page", body = ProducerPageView),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
async fn list_producers(
    Reader(actor): Reader,
    query: web::Query<PageQuery>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", "limit phải từ 1 đến 200.", "limit must be 1 to 200"));
    }
    let after = match query.cursor.as_deref() {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Error::invalid("cursor", "cursor không đúng.", "unknown cursor"))?,
    };
    let mut producers = register.producers_after(&actor.reads(), after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = limit < producers.len();
    producers.truncate(limit);
    let next = if has_more { producers.last().map(|producer| producer.producer_no.to_string()) } else { None };
    let items = producers.into_iter().map(ProducerView::from).collect();
    Ok(HttpResponse::Ok().json(ProducerPageView { items, next }))
}

/// One producer within the token's reach, with the contacts that the caller may see.
#[utoipa::path(get, path = "/api/v1/producers/{producer_no}", tag = "register", security(("token" = [])),
    params(("producer_no" = i32, Path, description = "Number in the register")), responses(
    (status = 200, description = "The producer", body = ProducerDetail),
    (status = 404, description = "No such producer within reach", body = Problem, content_type = "application/problem+json"),
))]
async fn show_producer(
    Reader(actor): Reader,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    let producer = register.find_producer(&actor.reads(), producer_no).await?;
    let contacts = register.contacts_seen_by(&actor, producer_no).await?;
    let contacts = contacts.into_iter().map(ContactView::from).collect();
    Ok(HttpResponse::Ok().json(ProducerDetail { producer: producer.into(), contacts }))
}
