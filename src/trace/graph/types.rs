//! Lots as a graph: what went into what. Pure; it never asks a database who may see what.

use std::collections::{BTreeMap, VecDeque};

use crate::batches::types::SerialRange;
use crate::stamp::{BatchNo, Serial};
use crate::trace::types::{Amount, BatchRef, Input, OutsideLot, OutsideLotNo};

/// Most batches of one graph, each way; a page cannot show more, and it says when it was cut.
pub const MAX_NODES: usize = 1_000;
/// Most batches that a recall lists: more than a province packs in a year. It says when it was cut.
pub const MAX_REACHED: usize = 100_000;

/// Most steps, each way, that are shown of a batch's own neighbours.
pub const MAX_NEIGHBOURS: usize = 100;

/// What the office says of a batch, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandingKind {
    /// Nothing against it.
    Normal,
    /// It must not be sold for now.
    Suspended,
    /// It is taken back for good.
    Recalled,
}

impl StandingKind {
    const ALL: [Self; 3] = [Self::Normal, Self::Suspended, Self::Recalled];

    /// The name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Suspended => "suspended",
            Self::Recalled => "recalled",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One step back and one step forward from a batch, the latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// What went into it.
    pub back: Vec<Input>,
    /// What it went into, and how much of it.
    pub forward: Vec<(BatchRef, Amount)>,
    /// Whether there is more than `MAX_NEIGHBOURS` one way.
    pub is_cut: bool,
}

/// A point of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeId {
    /// A batch.
    Batch(BatchNo),
    /// A lot from outside.
    Outside(OutsideLotNo),
}

/// What an edge says: so much of one lot went into a batch, by this event of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The lot that went in.
    pub from: NodeId,
    /// The batch it went into.
    pub to: BatchNo,
    /// How much.
    pub amount: Amount,
    /// The event's place in the chain of `to`.
    pub n: u32,
}

/// What is known of a batch within one's own reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchState {
    /// What it declares.
    pub declared: Option<Amount>,
    /// What the office says of it.
    pub standing: StandingKind,
    /// Whether it may get stamps.
    pub is_open: bool,
    /// Stamps minted, without the whole batch's own.
    pub n_stamps: u64,
}

/// A point with what the asker may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A batch; of another's batch only lot, product and producer are known.
    Batch {
        /// Lot, product, producer.
        batch: BatchRef,
        /// The rest, within one's own reach.
        state: Option<BatchState>,
    },
    /// A lot from outside, known to who reaches the batch it went into.
    Outside(OutsideLot),
}

impl Node {
    /// Which point it is.
    pub fn id(&self) -> NodeId {
        match self {
            Self::Batch { batch, .. } => NodeId::Batch(batch.batch_no),
            Self::Outside(lot) => NodeId::Outside(lot.lot_no),
        }
    }
}

/// Where a batch comes from and where it went, as far as the asker may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The batch that was asked about.
    pub root: BatchNo,
    /// The points, the root first.
    pub nodes: Vec<Node>,
    /// What went into what.
    pub edges: Vec<Edge>,
    /// Whether there is more than `MAX_NODES` batches one way.
    pub is_cut: bool,
}

/// A batch that a recall reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// How many steps away; 0 is the recalled batch itself, 1 whatever a recalled lot from outside went into.
    pub depth: u32,
    /// Lot, product, producer.
    pub batch: BatchRef,
    /// What the office says of it, within one's own reach.
    pub standing: Option<StandingKind>,
    /// Stamps that are out, without the voided ones, within one's own reach.
    pub stamps: Vec<SerialRange>,
}

impl Reached {
    /// How many stamps are out.
    pub fn n_stamps(&self) -> u64 {
        self.stamps.iter().map(|range| u64::from(range.n_serials())).sum()
    }
}

/// What a recall of a batch, or of a lot from outside, reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallReach {
    /// By depth, then by number: a recalled batch is the first.
    pub batches: Vec<Reached>,
    /// Whether there are more than `MAX_REACHED`.
    pub is_cut: bool,
}

/// How many steps forward each batch lies, the shortest way, where the roots lie at `first`.
pub fn depths(roots: &[BatchNo], first: u32, edges: &[(BatchNo, BatchNo)]) -> BTreeMap<BatchNo, u32> {
    let mut next: BTreeMap<BatchNo, Vec<BatchNo>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(*from).or_default().push(*to);
    }
    let mut waiting: VecDeque<(BatchNo, u32)> = roots.iter().map(|root| (*root, first)).collect();
    let mut depths: BTreeMap<BatchNo, u32> = waiting.iter().copied().collect();
    while let Some((batch_no, depth)) = waiting.pop_front() {
        for to in next.get(&batch_no).into_iter().flatten() {
            if !depths.contains_key(to) {
                depths.insert(*to, depth + 1);
                waiting.push_back((*to, depth + 1));
            }
        }
    }
    depths
}

/// The parts of minted ranges that no void covers. Both come lowest serial first, and neither overlaps itself.
pub fn without_voids(minted: &[SerialRange], voided: &[SerialRange]) -> Vec<SerialRange> {
    let mut left = Vec::new();
    for range in minted {
        let mut rest = Some(*range);
        for void in voided {
            let Some(open) = rest else { break };
            let Some(hit) = open.meet(void) else { continue };
            if open.first < hit.first
                && let Some(last) = before(hit.first)
            {
                left.push(SerialRange { first: open.first, last });
            }
            rest =
                after(hit.last).filter(|first| *first <= open.last).map(|first| SerialRange { first, last: open.last });
        }
        left.extend(rest);
    }
    left
}

fn before(serial: Serial) -> Option<Serial> {
    serial.get().checked_sub(1).and_then(|n| Serial::new(n).ok())
}

fn after(serial: Serial) -> Option<Serial> {
    Serial::new(serial.get() + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(n: u32) -> BatchNo {
        BatchNo::new(n).unwrap()
    }

    fn range(first: u32, last: u32) -> SerialRange {
        SerialRange { first: Serial::new(first).unwrap(), last: Serial::new(last).unwrap() }
    }

    #[test]
    fn the_depth_of_a_batch_is_its_shortest_way() {
        let edges: Vec<_> = [(1, 2), (2, 3), (1, 3), (3, 4)].map(|(from, to)| (batch(from), batch(to))).into();
        let found: Vec<_> = depths(&[batch(1)], 0, &edges).into_iter().map(|(no, depth)| (no.get(), depth)).collect();
        assert_eq!(found, [(1, 0), (2, 1), (3, 1), (4, 2)]);
        let of_a_lot = depths(&[batch(1), batch(3)], 1, &edges);
        assert_eq!(of_a_lot.into_values().collect::<Vec<_>>(), [1, 2, 1, 2]);
    }

    #[track_caller]
    fn check(minted: &[(u32, u32)], voided: &[(u32, u32)], expected: &[(u32, u32)]) {
        let ranges = |pairs: &[(u32, u32)]| pairs.iter().map(|(first, last)| range(*first, *last)).collect::<Vec<_>>();
        assert_eq!(without_voids(&ranges(minted), &ranges(voided)), ranges(expected));
    }

    #[test]
    fn voided_stamps_are_cut_out_of_what_is_listed() {
        check(&[(1, 100)], &[], &[(1, 100)]);
        check(&[(1, 100)], &[(1, 10), (50, 50), (91, 100)], &[(11, 49), (51, 90)]);
        check(&[(1, 10), (11, 20)], &[(5, 15)], &[(1, 4), (16, 20)]);
        check(&[(1, 10)], &[(0, 0)], &[(1, 10)]);
        check(&[(1, 10)], &[(1, 10)], &[]);
        check(&[(1, 16_777_215)], &[(16_777_215, 16_777_215)], &[(1, 16_777_214)]);
    }
}
