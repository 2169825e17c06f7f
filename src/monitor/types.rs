//! What an audit is asked and what it finds, as values. Pure: where the log came from and where the answer goes is not their matter.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ledger::WitnessPolicy;
use crate::merkle::{TreeHead, VerifierKey};
use crate::stamp::BatchNo;

use super::chains::ChainFault;
use super::evidence::Fork;
use super::source::SourceFault;

/// Problems that are kept and shown; further ones are counted.
pub const MAX_SHOWN: usize = 20;
/// A log gets at least its manifest once a day. One whose newest entry is older than two days says nothing of today.
pub const STALE_AFTER: TimeDelta = TimeDelta::hours(48);

/// How an audit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was looked at adds up.
    Whole,
    /// The log, or a part of it, could not be read.
    Unreachable,
    /// The log signed two checkpoints that cannot both be true.
    Fork,
    /// The log shows fewer entries than it signed before.
    Rollback,
    /// Something is not what was signed.
    Mismatch,
    /// Nothing is wrong, but the newest entry is old, or too few witnesses have cosigned.
    Stale,
}

impl Outcome {
    /// The exit code of `nguon audit`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Unreachable => 1,
            Self::Fork => 2,
            Self::Rollback => 3,
            Self::Mismatch => 4,
            Self::Stale => 5,
        }
    }

    /// The name in the answer for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Unreachable => "unreachable",
            Self::Fork => "fork",
            Self::Rollback => "rollback",
            Self::Mismatch => "mismatch",
            Self::Stale => "stale",
        }
    }
}

/// Which entries are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that came since the last audit.
    New,
    /// All, from the first.
    Full,
}

/// What an auditor asks for.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// The log's key, if it is known; else the one that is remembered, or the one that the log gives for itself the first time.
    pub key: Option<VerifierKey>,
    /// Further checkpoints of the log that someone kept, as signed notes: the log must contain them.
    pub held: Vec<Vec<u8>>,
    /// Whose cosignatures are asked for.
    pub policy: Option<WitnessPolicy>,
    /// Which entries are read.
    pub scope: Scope,
    /// How old the newest entry may be.
    pub stale_after: TimeDelta,
    /// The time of the audit.
    pub now: DateTime<Utc>,
}

impl AuditSettings {
    /// The usual ones, at this time.
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self { key: None, held: Vec::new(), policy: None, scope: Scope::New, stale_after: STALE_AFTER, now }
    }
}

/// Why a key is believed to be the log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The auditor named it.
    Named,
    /// It is the one of the audits before.
    Remembered,
    /// The log gave it for itself, and it is remembered from now on.
    FirstUse,
}

/// Which entry, or which part of the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Place in the tree, from 0.
    pub index: Option<u64>,
    /// Row in the database.
    pub entry_no: Option<i64>,
    /// Whose chain.
    pub batch: Option<BatchNo>,
    /// Place in that chain, from 1.
    pub n: Option<u32>,
}

impl Place {
    /// A place in the tree.
    pub const fn at(index: u64) -> Self {
        Self { index: Some(index), entry_no: None, batch: None, n: None }
    }
}

/// What can be wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry's bytes are no entry in its one spelling.
    Unreadable(String),
    /// The published tile holds another hash for the entry.
    Leaf {
        /// Path of the tile.
        tile: String,
    },
    /// A tile above the entries holds another hash than follows from them; the place is the first entry below that hash.
    Tile {
        /// Path of the tile.
        tile: String,
    },
    /// A tile or bundle has another number of bytes or entries than it should; the place is the first entry that is not in it.
    Cut {
        /// Its path.
        path: String,
    },
    /// The entry has another hash than when it was audited before.
    Rewritten,
    /// Its batch's chain breaks here.
    Chain(ChainFault),
    /// The manifest is not what the entries before it give.
    Manifest,
    /// The published entries do not lead to the root that was signed.
    Root {
        /// The size of that checkpoint.
        size: u64,
    },
    /// The checkpoint is not one that the log's key signed.
    Checkpoint(String),
    /// A witness's cosignature does not verify.
    Cosignature(String),
    /// A column says something else than the bytes.
    Column(&'static str),
    /// No entry has this index.
    NoEntry,
    /// What is kept outside the entry does not give the hash that it holds.
    Private,
    /// A stored tile is missing or is none that the tree has.
    StoredTile {
        /// Its path, or level and index where it has none.
        tile: String,
    },
    /// A stored checkpoint: what of it is wrong.
    StoredCheckpoint {
        /// Its size.
        size: i64,
        /// Column or signature.
        what: &'static str,
    },
    /// The database counts another number of entries in the tree than it has.
    Size {
        /// What it says.
        said: i64,
    },
    /// The high-water file knows a larger tree than the database has.
    HighWaterAhead {
        /// Its size.
        size: u64,
    },
    /// The high-water file knows less than was published, or another root.
    HighWater {
        /// Its size.
        size: u64,
    },
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// What was found wrong so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// The first [`MAX_SHOWN`].
    pub(super) first: Vec<Problem>,
    /// How many there are in all.
    pub(super) n_problems: u64,
}

impl Findings {
    pub(super) fn add(&mut self, place: Place, fault: Fault) {
        self.n_problems += 1;
        if self.first.len() < MAX_SHOWN {
            self.first.push(Problem { place, fault });
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        let n_further = other.n_problems;
        let n_before = self.n_problems;
        self.add_all(other.first);
        self.n_problems = n_before + n_further;
    }

    pub(super) fn add_all(&mut self, problems: impl IntoIterator<Item = Problem>) {
        problems.into_iter().for_each(|problem| self.add(problem.place, problem.fault));
    }
}

/// Which witnesses of the policy stand behind the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The checkpoint that they cosigned: the newest, or the newest with enough of them.
    pub head: TreeHead,
    /// By their names in the policy, with the time of their cosignature in seconds since 1970.
    pub witnesses: Vec<(String, u64)>,
    /// All that the policy names.
    pub n_named: usize,
    /// Whether those of them who did so lately are enough: not longer ago than the newest entry may be old.
    pub has_quorum: bool,
}

/// What came of an audit.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Where the log was read.
    pub source: String,
    /// The key that its checkpoints were checked against, and why that one.
    pub key: Option<(VerifierKey, Trust)>,
    /// Entries that an earlier audit had checked.
    pub from_size: u64,
    /// The newest checkpoint that the log showed, if its signature held.
    pub shown: Option<TreeHead>,
    /// The largest checkpoint that was kept from before.
    pub held: Option<TreeHead>,
    /// Entries that this audit read and found in their place.
    pub n_read: u64,
    /// Chains of batches so far.
    pub n_batches: u64,
    /// Manifests so far, all of them computed anew.
    pub n_manifests: u64,
    /// When the newest entry was recorded by the log's clock.
    pub newest: Option<DateTime<Utc>>,
    /// Who cosigned, when the auditor asked for it.
    pub cosigned: Option<Cosigned>,
    /// What is wrong: the first [`MAX_SHOWN`].
    pub problems: Vec<Problem>,
    /// How much is wrong in all.
    pub n_problems: u64,
    /// What could not be read.
    pub unread: Option<SourceFault>,
    /// Two checkpoints that contradict each other.
    pub fork: Option<Box<Fork>>,
}

impl AuditReport {
    pub(super) fn of(source: String) -> Self {
        Self {
            outcome: Outcome::Unreachable,
            source,
            key: None,
            from_size: 0,
            shown: None,
            held: None,
            n_read: 0,
            n_batches: 0,
            n_manifests: 0,
            newest: None,
            cosigned: None,
            problems: Vec::new(),
            n_problems: 0,
            unread: None,
            fork: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_beyond_the_twentieth_are_counted_and_not_kept() {
        let mut findings = Findings::default();
        (0..50).for_each(|index| findings.add(Place::at(index), Fault::Rewritten));
        assert_eq!((findings.first.len(), findings.n_problems), (MAX_SHOWN, 50));
    }
}
