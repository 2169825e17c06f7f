//! The last stages of a batch, as they travel with the answer to a scan: few, and a few bytes each.

mod store;
pub mod types;

pub(crate) use store::last_events;
