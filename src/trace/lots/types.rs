//! Which lots a producer may name as inputs, as values. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::types::ProducerNo;
use crate::stamp::BatchNo;
use crate::trace::types::{Amount, BatchRef, OutsideLot};

/// Where an input comes from, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Another batch.
    Batch(BatchNo),
    /// A lot from outside.
    Outside(OutsideLot),
}

/// An input that may be named, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownInput {
    /// From where.
    pub source: Source,
    /// How much.
    pub amount: Amount,
}

/// With whom a lot is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareWith {
    /// One producer.
    Producer(ProducerNo),
    /// Every producer of the province.
    Everyone,
}

impl ShareWith {
    /// The producer, if it is one.
    pub const fn producer_no(self) -> Option<ProducerNo> {
        match self {
            Self::Producer(producer_no) => Some(producer_no),
            Self::Everyone => None,
        }
    }
}

/// A lot that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// With whom.
    pub with: ShareWith,
    /// That producer's name.
    pub name: Option<String>,
    /// Since when.
    pub shared_at: DateTime<Utc>,
}

/// Lots to choose from, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LotChoices {
    /// Batches of the producer, and those that others shared.
    pub batches: Vec<BatchRef>,
    /// Lots from outside that the producer has named before.
    pub outside: Vec<OutsideLot>,
}
