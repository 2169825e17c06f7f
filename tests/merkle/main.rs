//! The ledger's tree and texts: against a naive reading of RFC 6962, against vectors made elsewhere, and against the crates of others.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test whose stage cannot be set should fail there")]

mod naive;
mod others;
mod texts;
mod tree;
mod vectors;
