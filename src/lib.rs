//! tmp
pub mod clock;
pub mod config;
pub mod keyring;
pub mod stamp;
