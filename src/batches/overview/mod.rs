//! Batches as lists, counts and one whole page show them. Reads only.

mod service;
mod store;
pub mod types;

pub(in crate::batches) use service::figures_of;
