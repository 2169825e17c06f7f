//! The register as workbooks: lists to read, and the one that fills in and imports again. What is written are texts, numbers and
//! days, never a formula, whatever a text begins with.

pub mod api;
mod guide;
pub mod pages;
mod service;
mod table;
mod workbook;

pub use service::MAX_EXPORT_ROWS;
