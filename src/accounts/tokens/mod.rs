//! Tokens of programs: made, shown once, recognised by their hash, ended.

mod service;
mod store;

pub use service::NewToken;
