//! Producers in full: the list with its filters, the sheet of one producer, and who may change what of it.
//! How to reach a producer is the business of `register::contacts`.

pub mod api;
mod commune;
mod filter;
mod form;
pub mod pages;
mod service;
mod store;
mod tax_code;
pub mod types;

pub(in crate::register) use commune::{choose, tell};
pub(in crate::register) use service::check_open;
pub(in crate::register) use store::{communes_on, former_communes, lock_producer, matching_producers};

pub use filter::{ProducerFilter, ProducerSort};
pub use tax_code::TaxCode;
