//! One binary for every integration test: it links once. Each test has a database of its own, cloned from a migrated template
//! in a real Postgres, and talks to a real server on loopback.

mod cluster;
mod minting;
mod world;
