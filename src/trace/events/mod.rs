//! Events of a batch: what may be told, the entry it makes, the row that is asked for, and corrections. Nothing is edited.

mod entry;
pub mod policy;
mod service;
mod store;
mod units;
mod writing;

pub use service::MAX_EVENTS_LISTED;
pub(in crate::trace) use store::by_columns;
pub use units::check_input_unit;
