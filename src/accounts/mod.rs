//! People and programs: accounts, sessions, tokens, what each may do, and the trail of what they did.

pub(crate) mod audit;
pub(crate) mod reach;
mod service;
mod store;
pub mod types;

pub use service::{Accounts, NewToken};
