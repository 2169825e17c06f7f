//! What inspectors and offices look up: a stamp, a code, a batch or a lot, with every fact the register has. Nobody's day is
//! kept: the last look-ups belong to the session and go with it.

pub mod pages;
mod rows;
mod service;
mod store;
pub mod types;

pub use rows::{ProposalRow, RecentRow};
pub use service::{BatchSheet, Found, Inspection, Seen};
