//! Following a ledger from outside, and looking through the one inside: signature, consistency, every entry, every chain, every
//! manifest. It holds nobody's private key, changes nothing, and believes nothing that it can compute.

mod chains;
mod comparing;
mod cover;
mod database;
mod evidence;
mod evidence_file;
mod follow;
#[cfg(test)]
mod follow_tests;
mod part;
mod rows;
pub mod source;
pub mod state;
mod store;
#[cfg(test)]
mod testing;
pub mod types;
mod verdict;
mod walk;
mod web;

pub use chains::ChainFault;
pub use comparing::{Comparison, compare};
pub use database::{Beside, DatabaseReport, verify_database, verify_database_beside};
pub use evidence::{Fork, MAX_EVIDENCE_BYTES, NotFork};
pub use evidence_file::write_evidence;
pub use follow::audit;
pub use source::{Source, SourceFault, TilesFault};
pub use state::StateFile;
pub use types::{
    AuditReport, AuditSettings, Cosigned, Fault, MAX_SHOWN, Outcome, Place, Problem, STALE_AFTER, Scope, Trust,
};
pub(crate) use web::cause;
