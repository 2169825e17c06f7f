//! Who may do what: access tokens and their scopes. Tokens are stored hashed and shown once.

mod service;
mod store;
pub mod types;

pub use service::{Accounts, NewToken};
