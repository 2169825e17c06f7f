//! One-time links: how a new person, or one who forgot, comes to a password. Nobody else ever knows it.

pub mod pages;
mod service;
pub(super) mod store;

pub use service::{LinkOwner, NewLink};
