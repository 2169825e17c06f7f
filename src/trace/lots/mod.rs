//! Lots that go into others: who may name which, lots from outside, sharing, and no circle.

mod service;
mod store;
pub mod types;

pub(in crate::trace) use service::known_inputs;
pub(in crate::trace) use store::{BatchRefRow, batch_refs, outside_lots};
