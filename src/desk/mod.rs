//! The first page of everyone who signs in: figures for offices, their batches and products for producers, look-ups for
//! inspectors. It reads what other rooms keep and writes nothing.

pub mod chart;
pub mod pages;
mod service;
mod store;
pub mod types;

pub use service::Desk;
