//! Nguồn: electronic stamps for Vietnam's OCOP programme. Mint signed QR stamps for a batch, print them, answer anyone who scans.
//!
//! Reading order, from the bottom of the house to its roof:
//!
//! - [`stamp`] the stamp's bytes, digits, signature, typed and scratch codes (pure)
//! - [`keyring`] public keys with their states, JWKS, signing (pure)
//! - [`label`] QR symbols, labels, A4 sheets (pure)
//! - [`merkle`] the ledger's tree, proofs, tiles, signed checkpoints (pure)
//! - [`clock`], [`config`], [`durable`], [`error`], [`telemetry`], [`picture`], [`text`] wall time, settings, files that
//!   outlive a power cut, the one error enum, logging, opening pictures, text as it is kept
//! - [`db`] pool, embedded Postgres, migrations, schema
//! - [`files`] files by their hash, in a folder or in object storage
//! - [`http`] routes, access, problems, languages, headers
//! - [`ledger`] entries as bytes, the tree, checkpoints
//! - [`monitor`] following a ledger from outside; [`witness`] signing that it only grew
//! - [`keys`] stored keys, sealed
//! - [`accounts`] people, sessions, tokens, the trail of who wrote what
//! - [`register`] communes, producers, products, certificates and papers; import and export; who may mint
//! - [`batches`] batches, mint runs, printing; voids, standing, quotas
//! - [`trace`] what happened to a batch, lots as a graph, what adds up and what does not
//! - [`verify`] facts, verdict, the public page
//! - [`catalogue`] the front page with its search, a public page for every product
//! - [`inspect`] an inspector's look-up of stamps, codes, batches and lots
//! - [`desk`] the first page of everyone who signs in, by role
//! - [`cli`] the commands
//!
//! Who may import whom is written in ARCHITECTURE.md and held by `tests/architecture.rs`.

pub mod accounts;
pub mod batches;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod desk;
pub mod durable;
pub mod error;
pub mod files;
pub mod http;
pub mod inspect;
pub mod keyring;
pub mod keys;
pub mod label;
pub mod ledger;
pub mod merkle;
pub mod monitor;
pub mod picture;
pub mod register;
pub mod stamp;
pub mod telemetry;
pub mod text;
pub mod trace;
pub mod verify;
pub mod witness;
