//! The issuer's stored keys: made, sealed, rotated, retired, marked as compromised; opened into memory for signing.
//! Private halves leave this room only inside types that hide themselves.

mod entered;
mod seal;
mod service;
mod store;
pub mod types;

pub use entered::imported_keys;
pub use seal::{Secret, SecretError};
pub use service::{KeyInfo, KeyRoom, Keys};
