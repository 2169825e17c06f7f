//! Takes checked rows of a register file into the register: all or nothing, and importing twice changes nothing.

mod acts;
mod certificates;
mod changes;
mod existing;
mod merging;
mod places;
mod plan;
mod producers;
mod products;
mod progress;
mod service;
mod store;
mod types;
mod unique;

pub use progress::Progress;
pub use types::{
    ChangeKind, ChangedThing, FieldChange, ImportPreview, ImportReport, MAX_LISTED_CHANGES, Photos, RowChange,
};
