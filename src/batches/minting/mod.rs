//! Orders of stamps: reserve serials, store the run, sign its ends, remember the order. Printing reads the runs back.

pub mod policy;
mod service;
mod store;
pub mod types;

pub use service::Minted;
pub(in crate::batches) use store::{n_minted, run_lines, runs_of};
