//! Products in full: the list with its filters, the sheet of one product, its photos, and who may change what.
//! A scan never comes here: what it needs of a product is in `register::types`.

mod body;
mod filter;
mod form;
pub mod form_pages;
pub(super) mod listing;
mod lists;
pub mod pages;
pub mod photo_pages;
mod photos;
mod service;
mod store;
pub mod types;
mod words;

pub use body::ProductBody;
pub(super) use body::{change_of, draft_of, in_json_names};
pub use filter::{CertificateFilter, Closed, PAGE_ROWS, ProductFilter, ProductSort};
pub(super) use lists::ListsCache;
pub use photos::{HandedIn, MAX_PHOTOS};
