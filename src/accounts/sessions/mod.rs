//! Sessions: who signed in, on which device, and for how long it holds. Signing in is one function, whatever proves the person.

mod device;
pub mod pages;
mod service;
mod sign_in;
pub(super) mod store;
pub(super) mod types;

pub use sign_in::{Arrival, Proof, SignedIn};
