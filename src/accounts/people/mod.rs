//! Accounts of people: who they are, by what they sign in, where they belong.

pub(super) mod login;
pub mod pages;
mod service;
pub(super) mod store;
pub(super) mod types;

pub use service::PeoplePage;
