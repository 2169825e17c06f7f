//! The ledger and what stands on it, measured on the real thing: acts sealed a second while 32 write and how long each waits for its
//! published checkpoint; proofs, export, audit and the database's own check at 1,000,000 entries; the graph of a batch and the reach of
//! a recall in a register of 100,000 batches.
//!
//! Each part runs alone by its name: `cargo bench --bench ledger -- seal`, `big` or `trace`. The private Postgres runs with fsync on,
//! and each part has one of its own. Absolute figures are this machine's; what is bare beside them was measured in the same run.

#![expect(clippy::unwrap_used, reason = "a bench that cannot set its stage should fail there")]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "figures for reading")]

#[path = "ledger/batches.rs"]
mod batches;
#[path = "ledger/big.rs"]
mod big;
#[path = "ledger/figures.rs"]
mod figures;
#[path = "ledger/log.rs"]
mod log;
#[path = "ledger/seal.rs"]
mod seal;
#[path = "ledger/stage.rs"]
mod stage;
#[path = "ledger/trace.rs"]
mod trace;

/// What cargo itself says to a bench.
const CARGOS_OWN: &str = "--bench";
/// Threads that run the services, as many as the server has web workers on two cores.
const WORKERS: usize = 2;

fn main() {
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| argument != CARGOS_OWN).collect();
    if let Some(unknown) = parts.iter().find(|part| !["seal", "big", "trace"].contains(&part.as_str())) {
        panic!("there is no part {unknown}; there are seal, big and trace");
    }
    let is_asked = |name: &str| parts.is_empty() || parts.iter().any(|part| part == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build().unwrap();
    runtime.block_on(async {
        if is_asked("seal") {
            seal::measure_sealing().await;
        }
        if is_asked("big") {
            big::measure_a_million().await;
        }
        if is_asked("trace") {
            trace::measure_tracing().await;
        }
    });
}
