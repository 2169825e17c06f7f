//! A file as an answer: in a sandbox, never sniffed, a PDF for saving alone.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};

use super::types::{MediaType, PaperFile};

/// Nothing runs and nothing is fetched, whatever the file turns out to be.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Answers with a file under a name of ours, without its ending.
pub(in crate::register) fn file_answer(file: PaperFile, name: &str) -> HttpResponse {
    let kind = match file.media_type {
        MediaType::Jpeg => "inline",
        MediaType::Pdf => "attachment",
    };
    HttpResponse::Ok()
        .content_type(file.media_type.as_str())
        .insert_header((CONTENT_DISPOSITION, format!("{kind}; filename=\"{name}.{}\"", file.media_type.ending())))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(file.content)
}
