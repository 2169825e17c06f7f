//! How many stamps a batch may have: from what it declares, or as the office set by hand; and requests to have more.

pub mod policy;
mod service;
mod store;
pub mod types;

pub use service::QuotaRequests;
pub(in crate::batches) use service::{check_quota, decided_already, quota_of};
