//! A witness: someone elsewhere who signs that a ledger only grew. It has a key and records of its own, judges by these alone, and
//! must never sign a smaller tree than it signed before, nor a second root for a size.
//!
//! It goes and looks ([`pull`]) or is asked ([`start`], C2SP tlog-witness). The other half of the room is the ledger's: asking
//! witnesses elsewhere ([`collect`]).

mod answering;
mod api;
mod collect;
pub mod policy;
mod pull;
mod push;
mod request;
mod service;
mod state;
#[cfg(test)]
mod testing;

pub use answering::{Answer, Counter};
pub use api::start;
pub use collect::{collect, consult};
pub use pull::{PullOutcome, Pulled, deliver, pull, takes_cosignatures};
pub use push::{PushOutcome, Pusher};
pub use request::{AddCheckpoint, MAX_PROOF_LINES, MAX_REQUEST_BYTES, RequestError, SIZE_TYPE, parse_size, print_size};
pub use service::{Cosigned, Judgement, KnownLog, Witness};
pub use state::{LogRecord, StateFolder, origin_hash};
