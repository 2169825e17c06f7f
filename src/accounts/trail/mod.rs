//! Reading the trail of writes: by day, act, person and producer, and all of it as a file. It is written by `audit`.

mod csv;
pub mod pages;
mod service;
mod store;
mod types;
mod words;

pub use types::{TrailEntry, TrailFilter};
