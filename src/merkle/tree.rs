//! The shape of the tree (RFC 6962 §2.1, RFC 9162 §2.1.1): its complete subtrees, its frontier, and roots made of either.
//! It must never hold a whole tree: a million leaves are twenty hashes here.

use std::fmt;

use super::{Hash, MerkleError, hash_node};

/// Most leaves in a tree: sizes are signed 64-bit numbers in the database and in the tools of others.
pub const MAX_SIZE: u64 = i64::MAX.unsigned_abs();

/// How many leaves a tree has and the root over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Leaves in the tree.
    pub size: u64,
    /// The hash over all of them.
    pub root: Hash,
}

impl TreeHead {
    /// The tree before its first leaf.
    pub const EMPTY: Self = Self { size: 0, root: Hash::EMPTY_ROOT };
}

/// The root of a complete subtree: 2^level leaves, of which the first is leaf index · 2^level. Level 0 are the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    level: u8,
    index: u64,
}

impl Node {
    /// A node that lies within the largest tree.
    pub fn new(level: u8, index: u64) -> Result<Self, MerkleError> {
        let n_nodes = MAX_SIZE.checked_shr(level.into()).unwrap_or(0);
        if index < n_nodes { Ok(Self { level, index }) } else { Err(MerkleError::TooLarge) }
    }

    /// Levels above the leaves.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Its place in its level, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} of level {}", self.index, self.level)
    }
}

/// Where stored hashes come from. Absent is `None`; a fault while reading belongs to whoever fetched.
pub trait ReadNodes {
    /// The hash of a complete subtree.
    fn read_node(&self, node: Node) -> Option<Hash>;
}

/// A range of leaves that is hashed as one in some tree: it starts where a complete subtree of its size or the next power of two
/// starts. Proofs and roots are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    start: u64,
    end: u64,
}

impl Subtree {
    /// The leaves from `start` up to, not including, `end`.
    pub fn new(start: u64, end: u64) -> Result<Self, MerkleError> {
        if MAX_SIZE < end {
            return Err(MerkleError::TooLarge);
        }
        let width = end.checked_sub(start).filter(|width| 0 < *width).map(u64::next_power_of_two);
        if width.is_some_and(|width| start.is_multiple_of(width)) {
            Ok(Self { start, end })
        } else {
            Err(MerkleError::NoSubtree { start, end })
        }
    }

    /// The caller splits a tree where RFC 6962 splits it, which gives subtrees only.
    pub(super) const fn split_off(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    /// First leaf.
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The leaf after the last.
    pub const fn end(self) -> u64 {
        self.end
    }

    /// The complete subtrees it is made of, from left to right: one for each bit set in its length.
    pub fn nodes(self) -> impl Iterator<Item = Node> {
        let length = self.end - self.start;
        let levels = (0..64_u8).rev().filter(move |level| length >> level & 1 == 1);
        levels.scan(self.start, |at, level| {
            let node = Node { level, index: *at >> level };
            *at += 1 << level;
            Some(node)
        })
    }

    /// Its Merkle Tree Hash.
    pub fn hash(self, nodes: &impl ReadNodes) -> Result<Hash, MerkleError> {
        let hashes = read_all(nodes, self.nodes())?;
        fold(&hashes).ok_or(MerkleError::NoSubtree { start: self.start, end: self.end })
    }
}

/// The root of the first `size` leaves, recomputed from stored hashes.
pub fn root_of(nodes: &impl ReadNodes, size: u64) -> Result<Hash, MerkleError> {
    Ok(Frontier::read(nodes, size)?.root())
}

fn read_all(nodes: &impl ReadNodes, wanted: impl Iterator<Item = Node>) -> Result<Vec<Hash>, MerkleError> {
    wanted.map(|node| nodes.read_node(node).ok_or(MerkleError::Missing(node))).collect()
}

/// Complete subtrees from left to right, each larger than the next, hash from the right: the split of RFC 6962 §2.1 read backwards.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().copied().rev().reduce(|right, left| hash_node(&left, &right))
}

/// The right edge of a growing tree: the roots of the complete subtrees that its leaves fall into, the largest first. It is all
/// that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Takes up a frontier where it was left.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Result<Self, MerkleError> {
        if MAX_SIZE < size {
            return Err(MerkleError::TooLarge);
        }
        if u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(MerkleError::Peaks(size));
        }
        Ok(Self { size, peaks })
    }

    /// Reads the frontier of the first `size` leaves.
    pub fn read(nodes: &impl ReadNodes, size: u64) -> Result<Self, MerkleError> {
        if size == 0 {
            return Ok(Self::default());
        }
        let peaks = read_all(nodes, Subtree::new(0, size)?.nodes())?;
        Ok(Self { size, peaks })
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: Hash) -> Result<(), MerkleError> {
        if self.size == MAX_SIZE {
            return Err(MerkleError::TooLarge);
        }
        // Each bit set at the low end of the size is a complete subtree that the new leaf doubles.
        let mut peak = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                peak = hash_node(&left, &peak);
            }
        }
        self.peaks.push(peak);
        self.size += 1;
        Ok(())
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        fold(&self.peaks).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtree_starts_where_a_complete_one_would() {
        for (start, end) in [(0, 1), (0, 300), (4, 6), (4, 8), (6, 7), (256, 300), (0, MAX_SIZE)] {
            assert!(Subtree::new(start, end).is_ok(), "{start}..{end}");
        }
        for (start, end) in [(0, 0), (3, 3), (5, 4), (1, 3), (2, 5), (4, 13), (128, 300)] {
            assert_eq!(Subtree::new(start, end), Err(MerkleError::NoSubtree { start, end }));
        }
    }

    #[test]
    fn a_subtree_falls_into_complete_ones_from_left_to_right() {
        let nodes: Vec<Node> = Subtree::new(8, 15).unwrap().nodes().collect();
        assert_eq!(nodes, [Node { level: 2, index: 2 }, Node { level: 1, index: 6 }, Node { level: 0, index: 14 }]);
    }

    #[test]
    fn the_largest_tree_is_full() {
        let mut frontier = Frontier::new(MAX_SIZE, vec![Hash::EMPTY_ROOT; 63]).unwrap();
        assert_eq!(frontier.append(Hash::EMPTY_ROOT), Err(MerkleError::TooLarge));
        assert_eq!(Subtree::new(0, MAX_SIZE + 1), Err(MerkleError::TooLarge));
        assert_eq!(Frontier::new(MAX_SIZE + 1, vec![Hash::EMPTY_ROOT]), Err(MerkleError::TooLarge));
    }

    #[test]
    fn a_node_lies_within_the_largest_tree() {
        assert!(Node::new(62, 0).is_ok());
        for (level, index) in [(0, MAX_SIZE), (62, 1), (63, 0), (64, 0), (255, 0)] {
            assert_eq!(Node::new(level, index), Err(MerkleError::TooLarge));
        }
    }

    #[test]
    fn a_frontier_has_a_peak_for_each_bit_of_its_size() {
        for (size, n_peaks) in [(0, 1), (1, 0), (6, 1), (6, 3), (7, 2)] {
            assert_eq!(Frontier::new(size, vec![Hash::EMPTY_ROOT; n_peaks]), Err(MerkleError::Peaks(size)));
        }
    }

    #[test]
    fn a_missing_hash_is_named() {
        struct Nothing;
        impl ReadNodes for Nothing {
            fn read_node(&self, _: Node) -> Option<Hash> {
                None
            }
        }
        assert_eq!(root_of(&Nothing, 0), Ok(Hash::EMPTY_ROOT));
        assert_eq!(root_of(&Nothing, 5), Err(MerkleError::Missing(Node { level: 2, index: 0 })));
    }
}
