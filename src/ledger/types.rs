//! Entries of the ledger as values: what kinds there are, what is handed in, what comes back. Pure; it knows no product and no rule.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::merkle::Hash;
use crate::stamp::BatchNo;

/// What an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A product got a certificate.
    Recognised,
    /// A certificate was changed.
    RecognitionChanged,
    /// A certificate was revoked.
    RecognitionRevoked,
    /// A batch was opened.
    BatchOpened,
    /// Something happened to a batch.
    Event,
    /// An earlier event of the batch is said anew; the old entry stays.
    Correction,
    /// A batch gets no more stamps.
    BatchClosed,
    /// A range of stamps was minted: one entry for a run, never one for a stamp.
    RunMinted,
    /// A range of stamps no longer counts.
    RangeVoided,
    /// A batch must not be sold for now.
    Suspended,
    /// A suspended batch may be sold again.
    Resumed,
    /// A batch is taken back for good.
    Recalled,
    /// An inspector looked at a batch.
    Inspection,
    /// A key was made.
    KeyAdded,
    /// A key signs no more.
    KeyRetired,
    /// A private key may be in other hands.
    KeyCompromised,
    /// Count and Merkle root of all chains' heads, once a day: nothing newer can be hidden.
    Manifest,
    /// A row that is older than the ledger, as it stood when the ledger began.
    Imported,
    /// Private data of an earlier entry was erased.
    Erasure,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Recognised,
        Self::RecognitionChanged,
        Self::RecognitionRevoked,
        Self::BatchOpened,
        Self::Event,
        Self::Correction,
        Self::BatchClosed,
        Self::RunMinted,
        Self::RangeVoided,
        Self::Suspended,
        Self::Resumed,
        Self::Recalled,
        Self::Inspection,
        Self::KeyAdded,
        Self::KeyRetired,
        Self::KeyCompromised,
        Self::Manifest,
        Self::Imported,
        Self::Erasure,
    ];

    /// The name in entries and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recognised => "recognised",
            Self::RecognitionChanged => "recognition_changed",
            Self::RecognitionRevoked => "recognition_revoked",
            Self::BatchOpened => "batch_opened",
            Self::Event => "event",
            Self::Correction => "correction",
            Self::BatchClosed => "batch_closed",
            Self::RunMinted => "run_minted",
            Self::RangeVoided => "range_voided",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Recalled => "recalled",
            Self::Inspection => "inspection",
            Self::KeyAdded => "key_added",
            Self::KeyRetired => "key_retired",
            Self::KeyCompromised => "key_compromised",
            Self::Manifest => "manifest",
            Self::Imported => "imported",
            Self::Erasure => "erasure",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An entry's row, from 1. Not its place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryNo(pub i64);

impl fmt::Display for EntryNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who made an entry: a role and a number, never a name. Neither account nor token: the operator at the command line, or the
/// service itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// As what they acted.
    pub role: &'static str,
    /// The account, when a person acted.
    pub account: Option<i32>,
    /// The token, when a program acted.
    pub token: Option<i32>,
}

impl Author {
    /// The operator at the command line of the server.
    pub const OPERATOR: Self = Self { role: "operator", account: None, token: None };
    /// The service itself: manifests, and what it takes in of older rows.
    pub const SERVICE: Self = Self { role: "service", account: None, token: None };
}

/// An entry to be made. What must not be public for ever goes into `private`: the entry then holds only its salted hash.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it records.
    pub kind: Kind,
    /// Whose chain it belongs to, if any.
    pub batch: Option<BatchNo>,
    /// When it happened, as declared.
    pub at: DateTime<Utc>,
    /// Who makes it.
    pub author: Author,
    /// An object that anyone may read for ever: numbers, codes, dates. Integers only, within ±(2^53 − 1).
    pub public: Value,
    /// An object kept outside the entry.
    pub private: Option<Value>,
}

/// An entry that was made. It is final once the caller's transaction commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its row.
    pub entry_no: EntryNo,
    /// Its place in its batch's chain, from 1.
    pub n: Option<u32>,
    /// RFC 6962 hash of its bytes.
    pub leaf_hash: Hash,
}

/// A witness that vouches for an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBy {
    /// Its name in the policy.
    pub name: String,
    /// When, by its own clock, it cosigned the first checkpoint that covers the entry.
    pub at: DateTime<Utc>,
}

/// Whether an entry is covered by a published checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Not yet: it is kept, and waits for its checkpoint.
    Pending,
    /// From now on nobody changes it unnoticed.
    Sealed {
        /// Its place in the tree, from 0.
        index: u64,
        /// When the first checkpoint that covers it was published.
        at: DateTime<Utc>,
        /// The witnesses of the policy that cosigned a checkpoint which covers it, in the policy's order.
        witnesses: Vec<SealedBy>,
    },
    /// Its bytes are not those that were hashed when it was recorded: whatever it says, nobody vouches for it.
    Broken,
}

/// A line of a batch's history: an entry of its chain, as it says, with its seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its row.
    pub entry_no: EntryNo,
    /// Its place in the chain, from 1.
    pub n: u32,
    /// What it records.
    pub kind: Kind,
    /// When it happened, as declared.
    pub at: DateTime<Utc>,
    /// When the server recorded it.
    pub recorded: DateTime<Utc>,
    /// What anyone may read.
    pub public: Value,
    /// As what its author acted.
    pub author_role: String,
    /// RFC 6962 hash of its bytes.
    pub leaf_hash: Hash,
    /// Whether it is sealed.
    pub seal: Seal,
}
