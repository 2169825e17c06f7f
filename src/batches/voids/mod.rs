//! Ranges of stamps that no longer count.

pub mod api;
mod service;
mod store;
pub mod types;

pub(in crate::batches) use store::{n_voided, void_lines, voids_of};
