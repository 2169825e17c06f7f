//! Tokens of programs: made, shown once, recognised by their hash, ended.

pub mod pages;
mod service;
mod store;
mod types;

pub use service::NewToken;
pub use types::{Token, TokenOrder, TokenStanding};
