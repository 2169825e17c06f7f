//! What every face of the program shares on the web: routes and their table, who may call, forms and their tokens, the frame
//! of pages, problems, languages, headers. It knows no domain but `accounts::types`.

mod access;
mod body;
mod cookies;
mod csv;
mod document;
mod fields;
mod frame;
mod language;
mod middleware;
mod network;
mod problem;
mod routes;
pub mod static_files;
mod stream;

pub use access::{
    Access, Auditor, Authenticate, FirstIs, Gate, Inspector, Keeper, Member, Office, Overseer, Public, Reader, guarded,
    visitor,
};
pub use body::{FileBody, IdempotencyKey, JsonBody, MAX_BODY_BYTES};
pub use cookies::{Cookies, Visit, session_secret};
pub use csv::{CSV_HEAD, csv_line, without_formulas};
pub use document::{Document, Site, page_headers, policy_with_pictures, style_source};
pub use fields::{FORM_TOKEN_FIELD, Fields, MAX_FILES_BYTES, MAX_FORM_BYTES, TextField, UploadedFile};
pub use frame::{
    DESK, FormError, Frame, Link, SIGN_IN, app_headers, page, page_after, page_with, refused_page, role_name, see_other,
};
pub use language::Language;
pub use middleware::{RequestId, answer_request};
pub use network::{ClientNetwork, Network};
pub use problem::{Problem, status_of};
pub use routes::{Face, Mounts, Route, extractor_config, not_found};
pub(crate) use routes::{pages, routes};
pub use stream::{PieceSink, streamed};

pub use crate::text::kept_text;
