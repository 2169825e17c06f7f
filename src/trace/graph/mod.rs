//! Lots as a graph: where a batch comes from, where it went, and what a recall of it reaches. Each question is a constant number of
//! queries, however large the graph.

mod closures;
mod service;
mod store;
pub mod types;

pub(in crate::trace) use closures::leads_to;
