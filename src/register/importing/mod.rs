//! Takes checked rows of a register file into the register: all or nothing, and importing twice changes nothing.

mod existing;
mod plan;
mod producer;
mod store;

pub(super) use existing::Existing;
pub(super) use store::{apply, lock};

pub(super) use plan::make_plan;
pub use plan::{ImportReport, Photos};
