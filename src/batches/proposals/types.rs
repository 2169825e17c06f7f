//! Proposals to suspend a batch, as values. Pure.

use chrono::{DateTime, Utc};

use crate::batches::minting::types::Doer;
use crate::batches::standing::types::Words;
use crate::stamp::{BatchNo, Serial};

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// Nothing yet.
    Waiting,
    /// The office suspended the batch.
    Accepted,
    /// It did not.
    Dismissed,
}

impl ProposalState {
    /// The name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Accepted, Self::Dismissed].into_iter().find(|state| state.as_str() == name)
    }
}

/// A proposal as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its number.
    pub proposal_no: i32,
    /// The batch.
    pub batch_no: BatchNo,
    /// The batch's lot.
    pub lot: String,
    /// The product's name.
    pub product: String,
    /// The producer's name.
    pub producer: String,
    /// The stamp that gave rise to it.
    pub serial: Option<Serial>,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub by: Doer,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// What became of it.
    pub state: ProposalState,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// What the office said.
    pub note: Option<String>,
}

/// What the office says to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposalDecision {
    /// The batch is suspended with these words.
    Accept(Words),
    /// It is not, and why.
    Dismiss {
        /// Why.
        note: String,
    },
}
