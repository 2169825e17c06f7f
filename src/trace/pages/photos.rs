//! Photos of events: taking them in with a form, and showing them to anyone. What was handed in is never kept, only what was drawn
//! anew from it.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

use crate::accounts::types::Actor;
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, Public, routes};
use crate::stamp::BatchNo;
use crate::trace::Trace;
use crate::trace::types::{MAX_FILES, Sha256Hash};

routes! {
    GET "/files/{sha256}.jpg" => show_photo: Public,
}

/// A hash names the same bytes for ever (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Longest file name repeated in a message, characters.
const MAX_SHOWN_NAME_CHARS: usize = 40;
/// The hidden fields that carry photos of a form that was refused.
const KEPT: &str = "kept";

/// A photo of an event, as large as pages show it.
#[utoipa::path(get, path = "/files/{sha256}.jpg", tag = "public", params(("sha256" = String, Path, description = "SHA-256 of the file, 64 hexadecimal digits")), responses(
    (status = 200, description = "The photo, checked against its hash", content_type = "image/jpeg"),
    (status = 404, description = "No event has such a photo"),
))]
async fn show_photo(_: Public, path: web::Path<String>, trace: web::Data<Trace>) -> Result<HttpResponse> {
    let hash = path.parse().map_err(|_| Error::NotFound(Thing::File))?;
    let jpeg = trace.photo_of_event(hash).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "image/jpeg")).insert_header((CACHE_CONTROL, FOR_EVER));
    Ok(response.body(jpeg))
}

/// What became of the photos of a form.
pub(super) struct TakenIn {
    /// Those that are kept, each once: from an earlier try of the same form first.
    pub(super) kept: Vec<Sha256Hash>,
    /// Why one of them was not taken.
    pub(super) refused: Option<Error>,
}

/// Takes in what came with a form. One that cannot be used does not lose the others.
pub(super) async fn take_in(trace: &Trace, actor: &Actor, batch_no: BatchNo, fields: &Fields) -> TakenIn {
    let mut taken = TakenIn { kept: kept_before(fields), refused: None };
    for file in fields.files("photo") {
        if MAX_FILES <= taken.kept.len() {
            taken.refused = Some(too_many());
            break;
        }
        match trace.keep_photo(actor, batch_no, file.bytes.to_vec()).await {
            Ok(hash) if taken.kept.contains(&hash) => {}
            Ok(hash) => taken.kept.push(hash),
            Err(error) => taken.refused = Some(naming(&file.name, error)),
        }
    }
    taken
}

/// Photos that the form carries from an earlier try, or from the event that it corrects.
fn kept_before(fields: &Fields) -> Vec<Sha256Hash> {
    let mut kept = Vec::new();
    for hash in fields.values(KEPT).filter_map(|hash| hash.parse().ok()) {
        if !kept.contains(&hash) && kept.len() < MAX_FILES {
            kept.push(hash);
        }
    }
    kept
}

fn too_many() -> Error {
    Error::invalid(
        "photo",
        format!("Mỗi lần ghi có tối đa {MAX_FILES} ảnh; xin bớt ảnh rồi gửi lại."),
        format!("at most {MAX_FILES} photos go with one record; leave some out and send again"),
    )
}

/// Says which of several photos is meant.
fn naming(name: &str, error: Error) -> Error {
    match error {
        Error::Invalid { field, vi, en } => {
            let name: String = name.chars().take(MAX_SHOWN_NAME_CHARS).collect();
            Error::Invalid { field, vi: format!("{name}: {vi}"), en: format!("{name}: {en}") }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_of_an_earlier_try_come_back_once_each_and_never_more_than_fit() {
        let hash = |n: u8| Sha256Hash([n; 32]).to_string();
        let mut values: Vec<(&str, String)> = (1..=9).map(|n| (KEPT, hash(n))).collect();
        values.extend([(KEPT, hash(1)), (KEPT, "no hash".to_owned())]);
        let kept = kept_before(&Fields::from_values(values));
        assert_eq!(kept, (1..=6).map(|n| Sha256Hash([n; 32])).collect::<Vec<_>>());
    }
}
