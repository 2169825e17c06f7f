//! Batches and their mint runs: open a batch, reserve serials, sign, and hand out what is printed; void stamps, suspend, resume
//! and recall, decide what inspectors propose, and hold producers to their quotas.
//! A run is one row however many stamps it holds; labels are rendered later from the run.

pub mod api;
mod entered;
mod high_water;
pub mod minting;
mod opening;
pub mod overview;
pub mod pages;
mod print;
pub mod print_api;
pub mod proposals;
pub mod quota;
mod service;
pub mod standing;
mod store;
#[cfg(test)]
mod testing;
mod trail;
pub mod types;
pub mod voids;

pub use entered::imported_batches;
pub use high_water::HighWater;
pub use minting::Minted;
pub use print::{PrintJob, PrintedStamp};
pub use service::{BatchPage, Batches, BatchesParts};
pub(crate) use store::{CardRows, find as find_batch, find_for_update as find_batch_for_update, load_card_rows};
