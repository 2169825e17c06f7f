//! Whether the goods of a batch may be sold: suspended, resumed, recalled by the office.

pub mod types;
