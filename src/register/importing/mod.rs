//! Takes checked rows of a register file into the register: all or nothing, and importing twice changes nothing.

mod existing;
mod plan;
mod producer;
mod progress;
mod store;
mod types;

pub(super) use existing::Existing;
pub(super) use plan::make_plan;
pub(super) use store::{apply, lock};

pub use progress::Progress;
pub use types::{
    ChangeKind, ChangedThing, FieldChange, ImportPreview, ImportReport, MAX_LISTED_CHANGES, Photos, RowChange,
};
