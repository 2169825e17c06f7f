//! The office's policy of quotas and what was asked above them, as values. Pure.

use chrono::{DateTime, Utc};

use crate::batches::minting::types::Doer;
use crate::error::{Error, Result};
use crate::stamp::BatchNo;

/// Whether stamps are limited by what batches declare, and by how much more for misprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaPolicy {
    /// Whether it is enforced.
    pub is_enforced: bool,
    /// Per cent on top of the packs declared, 0 to 100.
    pub margin_percent: u16,
    /// Counts its changes.
    pub version: i32,
}

/// The largest margin, per cent: twice the packs declared.
pub const MAX_MARGIN_PERCENT: u32 = 100;

impl QuotaPolicy {
    /// Checks a margin.
    pub fn margin(percent: u32) -> Result<u16> {
        u16::try_from(percent).ok().filter(|percent| u32::from(*percent) <= MAX_MARGIN_PERCENT).ok_or_else(|| {
            Error::invalid("margin_percent", "Phần cộng thêm từ 0 đến 100 %.", "the margin is 0 to 100 per cent")
        })
    }
}

/// How a request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaState {
    /// Not yet.
    Waiting,
    /// The office lets the batch have the stamps.
    Approved,
    /// It does not.
    Refused,
}

impl QuotaState {
    /// The name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Approved, Self::Refused].into_iter().find(|state| state.as_str() == name)
    }
}

/// Stamps asked for above a batch's quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRequest {
    /// Its number.
    pub request_no: i32,
    /// The batch.
    pub batch_no: BatchNo,
    /// The batch's lot.
    pub lot: String,
    /// The product's name.
    pub product: String,
    /// The producer's name.
    pub producer: String,
    /// How many more.
    pub n_stamps: u32,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: Doer,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// What came of it.
    pub state: QuotaState,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// What the office said.
    pub note: Option<String>,
}

/// What the office says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaDecision {
    /// The batch may have the stamps.
    Approve,
    /// It may not, and why.
    Refuse {
        /// Why.
        note: String,
    },
}
