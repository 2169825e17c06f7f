//! Sessions: who signed in, on which device, and for how long it holds.

mod service;
mod store;
pub(super) mod types;
