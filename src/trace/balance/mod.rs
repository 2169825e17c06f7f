//! The mass balance of a batch: what went in, what came out, what went on. It flags, it never refuses.

pub mod policy;
mod service;
mod store;
pub mod types;
