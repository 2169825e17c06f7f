//! One binary for every integration test: it links once. Each test has a database of its own, cloned from a migrated template
//! in a real Postgres, and talks to a real server on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot set its stage should fail there"
)]

mod access;
mod away;
mod batch_pages;
mod batch_stage;
mod batches;
mod browser;
mod catalogue;
mod certificates;
mod cluster;
mod commands;
mod commands_backup;
mod commands_demo;
mod commands_register;
mod commands_setup;
mod commands_verify;
mod database;
mod desk;
mod escaping;
mod forms;
mod imports;
mod inspect;
mod keys;
mod ledger;
mod ledger_audit;
mod ledger_faults;
mod ledger_kills;
mod ledger_manifest;
mod ledger_marks;
mod ledger_projection;
mod ledger_restore;
mod ledger_served;
mod ledger_stage;
mod ledger_tampering;
mod log;
mod minting;
mod papers;
mod people;
mod print;
mod producers;
mod products;
mod query_counts;
mod quotas;
mod reach;
mod register;
mod roles;
mod scans;
mod sessions;
mod standing;
mod trace;
mod trace_bad_input;
mod trace_lots;
mod trace_pages;
mod trace_stage;
mod trail;
mod two;
mod uploads;
mod vectors;
mod voids;
mod witness;
mod witness_push;
mod workbook;
mod world;
