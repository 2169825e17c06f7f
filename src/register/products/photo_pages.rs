//! The faces of a product's photos: handing in, ordering, taking away, and the pictures themselves, which anyone may see.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::accounts::types::Actor;
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, FormError, Keeper, Language, Public, pages, see_other};
use crate::register::Register;
use crate::register::api::product_no;
use crate::stamp::ProductNo;

use super::pages::sheet_page;
use super::photos::HandedIn;
use super::types::PhotoId;

pages! {
    GET "/photos/{photo_id}" => show_photo: Public,
    GET "/photos/{photo_id}/small" => show_small_photo: Public,
    POST "/products/{product_no}/photos" => add_photos: Keeper,
    POST "/products/{product_no}/photos/{photo_id}/first" => put_photo_first: Keeper,
    POST "/products/{product_no}/photos/{photo_id}/remove" => remove_photo: Keeper,
}

/// A photo's number names the same bytes for ever (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

fn photo_id(text: &str) -> Result<PhotoId> {
    text.parse().map(PhotoId).map_err(|_| Error::NotFound(Thing::File))
}

fn jpeg(bytes: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "image/jpeg")).insert_header((CACHE_CONTROL, FOR_EVER));
    response.body(bytes)
}

async fn show_photo(_: Public, path: web::Path<String>, register: web::Data<Register>) -> Result<HttpResponse> {
    Ok(jpeg(register.photo(photo_id(&path)?).await?))
}

async fn show_small_photo(_: Public, path: web::Path<String>, register: web::Data<Register>) -> Result<HttpResponse> {
    Ok(jpeg(register.small_photo(photo_id(&path)?).await?))
}

/// Back to the photos, or the sheet again with what is wrong.
async fn answer(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    product_no: ProductNo,
    done: Result<()>,
) -> Result<HttpResponse> {
    match done {
        Ok(()) => Ok(see_other(&format!("/products/{product_no}?done=saved#photos"))),
        Err(error) => {
            let error = FormError::of(error, Language::of(req))?;
            sheet_page(req, actor, register, product_no, Some(error)).await
        }
    }
}

async fn add_photos(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let product_no = product_no(&path)?;
    let handed_in = |file: &crate::http::UploadedFile| HandedIn { name: file.name.clone(), bytes: file.bytes.to_vec() };
    let photos = fields.files("photo").map(handed_in).collect();
    let done = register.add_photos(&actor, product_no, photos).await;
    answer(&req, &actor, &register, product_no, done).await
}

async fn put_photo_first(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    _: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (product_no, photo_id) = (product_no(&path.0)?, photo_id(&path.1)?);
    let done = register.put_photo_first(&actor, product_no, photo_id).await;
    answer(&req, &actor, &register, product_no, done).await
}

async fn remove_photo(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    _: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (product_no, photo_id) = (product_no(&path.0)?, photo_id(&path.1)?);
    let done = register.remove_photo(&actor, product_no, photo_id).await;
    answer(&req, &actor, &register, product_no, done).await
}
