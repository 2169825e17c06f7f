//! What anyone may see of the register without a stamp: the front page with its search, a page for every product, and what
//! search engines are told. It shows public fields alone and writes nothing.

mod descriptions;
pub mod pages;
mod robots;
mod service;
mod store;
pub mod types;

pub use robots::Robots;
pub use service::Catalogue;
