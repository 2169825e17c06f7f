//! Certificates in full: entering, changing and revoking them by the dated rules of their day, and who is to be reminded.
//! How they stand on a day, which minting and scanning ask, is decided in `register::policy`.

pub mod api;
mod entered;
mod filter;
mod form;
pub mod pages;
mod policy;
mod reminders;
pub mod reminders_pages;
mod service;
mod store;
pub mod types;

pub(super) use entered::certificate_entered;
pub use entered::imported_certificates;
pub use filter::{CertificateListFilter, CertificateSort};
pub(super) use policy::{check_not_revoked, check_overlap, complete};
pub(super) use store::{all_certificates, rules};
