//! What happened to a batch: stages and events, lots as a graph, what adds up and what does not, how far a recall reaches, and the
//! timeline of a batch's chain in the ledger. Nothing that was told is edited: a correction stands beside what it corrects.

pub mod api;
pub mod balance;
pub mod card;
pub mod events;
pub mod graph;
pub mod lots;
pub mod pages;
pub mod projection;
mod rows;
mod service;
pub mod stages;
pub mod steps;
#[cfg(test)]
mod testing;
pub mod timeline;
pub mod types;

pub use service::{Trace, TraceParts};
