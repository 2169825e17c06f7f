//! Whether what people are shown is what the ledger says: every row that an act wrote is compared with the bytes of its entry, and what
//! is kept beside an entry with the row that shows it. It reads, and mends nothing.

mod pieces;
mod service;
mod store;
pub mod types;

pub use service::verify_projections;
