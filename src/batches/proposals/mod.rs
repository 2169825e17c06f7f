//! What inspectors ask the office to suspend, and what the office says to it.

mod service;
mod store;
pub mod types;

pub use service::Proposals;
