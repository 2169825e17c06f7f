//! People and programs: accounts, sessions, tokens, what each may do, and the trail of what they did.

pub(crate) mod audit;
mod people;
pub(crate) mod reach;
mod service;
mod sessions;
mod tokens;
pub mod types;

pub use service::Accounts;
pub use tokens::NewToken;
