//! Ranges of stamps that no longer count.

mod store;
pub mod types;

pub(in crate::batches) use store::voids_of;
