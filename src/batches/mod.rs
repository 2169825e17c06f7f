//! Batches and their mint runs: open a batch, reserve serials, sign, and hand out what is printed.
//! A run is one row however many stamps it holds; labels are rendered later from the run.

pub mod api;
mod high_water;
mod print;
mod rendering;
mod service;
mod store;
pub mod types;

pub use high_water::HighWater;
pub use print::{PrintOrder, SheetOrder};
pub use rendering::Printer;
pub use service::Batches;
pub(crate) use store::load_card_rows;
