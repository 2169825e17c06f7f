//! What a witness answers to `add-checkpoint`: whose checkpoint it is, whether that log signed it, and then the witness's own
//! judgement. It knows no web; the statuses are given in `api`.

use crate::error::Result;
use crate::merkle::{MerkleError, SignedCheckpoint};
use crate::monitor::Fork;

use super::policy::Refusal;
use super::request::{AddCheckpoint, RequestError};
use super::service::{Judgement, KnownLog, Witness};
use super::state::origin_hash;

/// A witness and the logs that it signs for.
#[derive(Clone, Debug)]
pub struct Counter {
    witness: Witness,
    logs: Vec<KnownLog>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The witness's signature line, with its newline.
    Cosigned(String),
    /// No request, or a checkpoint that its log signed and that is none all the same.
    Malformed(String),
    /// A log that this witness does not follow.
    UnknownLog,
    /// No key of the log signed, or one falsely.
    NotSigned(MerkleError),
    /// The record forbids it.
    Refused(Refusal),
}

impl From<RequestError> for Answer {
    fn from(err: RequestError) -> Self {
        Self::Malformed(err.to_string())
    }
}

impl Counter {
    /// Opens for these logs; a record that these keys cannot read is refused now and not at the first request.
    pub fn open(witness: Witness, logs: Vec<KnownLog>) -> Result<Self> {
        for log in &logs {
            witness.last(log)?;
        }
        Ok(Self { witness, logs })
    }

    /// Answers a request's body. Blocks on the lock and on the disk.
    pub fn answer(&self, body: &[u8]) -> Result<Answer> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(err) => return Ok(err.into()),
        };
        let Some(log) = self.logs.iter().find(|log| log.origin().as_str() == request.claimed_origin()) else {
            return Ok(Answer::UnknownLog);
        };
        let checkpoint = match log.check(request.checkpoint) {
            Ok(checkpoint) => checkpoint,
            Err(err @ (MerkleError::Unsigned | MerkleError::Signature(_))) => return Ok(Answer::NotSigned(err)),
            Err(err) => return Ok(Answer::Malformed(err.to_string())),
        };
        let (origin, size) = (log.origin().as_str(), checkpoint.head().size);
        Ok(match self.witness.cosign(log, request.old_size, &request.proof, &checkpoint)? {
            Judgement::Cosigned(cosigned) => {
                tracing::info!(log.origin = origin, size, "cosigned");
                Answer::Cosigned(cosigned.line.to_string())
            }
            Judgement::Refused(refusal) => {
                if let Refusal::OtherRoot { .. } = refusal {
                    self.keep_evidence(log, &checkpoint)?;
                }
                Answer::Refused(refusal)
            }
        })
    }

    /// Two roots for one size, both signed: whoever sent the second brought the proof along.
    fn keep_evidence(&self, log: &KnownLog, second: &SignedCheckpoint) -> Result<()> {
        let (origin, size) = (log.origin().as_str(), second.head().size);
        let Some(first) = self.witness.last(log)? else { return Ok(()) };
        let forks = log.keys().iter().map(|key| Fork::prove(key, &first.checkpoint, second, Vec::new()));
        let Some(fork) = forks.flatten().next() else { return Ok(()) };
        let file = self.witness.state().keep_evidence(&fork)?;
        tracing::error!(
            alarm = "ledger-fork",
            log.origin = origin,
            size,
            file = %file.display(),
            "the log signed two roots for one size; the proof is kept"
        );
        Ok(())
    }

    /// The last cosigned checkpoint of the log whose origin has this hash, for whoever compares.
    pub fn last(&self, hash: &str) -> Result<Option<String>> {
        let log = self.logs.iter().find(|log| origin_hash(log.origin()) == hash);
        let last = log.map(|log| self.witness.last(log)).transpose()?.flatten();
        Ok(last.map(|last| last.checkpoint.to_string()))
    }
}
