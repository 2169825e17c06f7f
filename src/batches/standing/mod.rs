//! Whether the goods of a batch may be sold: suspended, resumed, recalled by the office; and closing, after which it gets no
//! more stamps.

pub mod api;
mod service;
pub mod types;

pub(in crate::batches) use service::apply_ruling;
