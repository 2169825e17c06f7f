//! Takes checked rows of a register file into the register: all or nothing, and importing twice changes nothing.

mod plan;
mod store;

pub(super) use store::{Existing, apply, lock};

pub(super) use plan::make_plan;
pub use plan::{ImportReport, Photos};
