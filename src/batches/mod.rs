//! Batches and their mint runs: open a batch, reserve serials, sign, and hand out what is printed.
//! A run is one row however many stamps it holds; labels are rendered later from the run.

pub mod api;
mod high_water;
mod print;
pub mod print_api;
mod service;
pub mod standing;
mod store;
pub mod types;
pub mod voids;

pub use high_water::HighWater;
pub use print::{PrintJob, PrintedStamp};
pub use service::{Batches, BatchesParts, Minted};
pub(crate) use store::{CardRows, load_card_rows};
