//! What every face of the program shares on the web: routes and their table, who may call, problems, languages, headers.
//! It knows no domain but `accounts::types`.

mod access;
mod body;
mod document;
mod language;
mod middleware;
mod network;
mod problem;
mod routes;
mod stream;

pub use access::{Access, Authenticate, FirstIs, Gate, Office, Public, guarded};
pub use body::{IdempotencyKey, JsonBody, MAX_BODY_BYTES};
pub use document::{Document, Site, page_headers, style_source};
pub use language::Language;
pub use middleware::{RequestId, answer_request};
pub use network::{ClientNetwork, Network};
pub use problem::{Problem, status_of};
pub(crate) use routes::routes;
pub use routes::{Mounts, Route, extractor_config, not_found};
pub use stream::{PieceSink, streamed};
