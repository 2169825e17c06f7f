//! What a batch's mass balance is made of, and what does not add up, as values. Pure.

use crate::trace::types::Amount;

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

/// What does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// More came out of a stage than its yield lets come out of what went in.
    Yield,
    /// More went on, as stamps and into other batches, than the batch has.
    Batch,
    /// More was taken from a lot from outside than came in.
    Outside,
    /// More was taken from another batch than it has.
    Source,
}

impl Check {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yield => "yield",
            Self::Batch => "batch",
            Self::Outside => "outside",
            Self::Source => "source",
        }
    }
}

/// What came of comparing a batch's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What does not add up.
    pub findings: Vec<Finding>,
    /// Whether there was anything to compare at all.
    pub is_compared: bool,
}

/// One thing that does not add up, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check it failed.
    pub check: Check,
    /// What there was, at the most; thousandths of `unit`.
    pub at_most_thousandths: u64,
    /// What was told of it; thousandths of `unit`.
    pub told_thousandths: u64,
    /// `g`, `ml` or the name of the pieces.
    pub unit: String,
    /// The finding in words, numbers and all.
    pub words: Words,
}

/// A stage's or bare step's events of a batch that stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageSum {
    /// Its name in Vietnamese and English.
    pub name: (String, String),
    /// Its yield, permille.
    pub max_yield_permille: Option<u32>,
    /// Whether it is the packing of the batch.
    pub is_packing: bool,
    /// What went in, event by event.
    pub taken: Vec<Amount>,
    /// What came out, event by event.
    pub made: Vec<Amount>,
}

/// A lot from outside, with all that was taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideSum {
    /// What it is.
    pub product: String,
    /// What came in.
    pub received: Amount,
    /// What went into batches, input by input.
    pub used: Vec<Amount>,
}

/// Another batch that went in, with what was taken from it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSum {
    /// Its lot.
    pub lot: String,
    /// What is known of how much it has: what it declares, its pack, and what was harvested, made and packed.
    pub has: BalanceFacts,
    /// What went into the batch in hand, input by input.
    pub used: Vec<Amount>,
}

/// Everything a batch's balance is computed from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalanceFacts {
    /// Whether the batch may get more stamps, so that its packing may not be told to the end.
    pub is_open: bool,
    /// What the batch declares.
    pub declared: Option<Amount>,
    /// What one pack holds.
    pub pack: Option<Amount>,
    /// Stamps that are out, without the voided ones.
    pub n_stamps: u64,
    /// Stages in the order of the template.
    pub stages: Vec<StageSum>,
    /// What went into other batches, input by input.
    pub passed_on: Vec<Amount>,
    /// Lots from outside that went in.
    pub outside: Vec<OutsideSum>,
    /// Other batches that went in.
    pub sources: Vec<SourceSum>,
}
