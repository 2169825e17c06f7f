//! Ranges of leaves as the complete subtrees that they fall into: what shows to anyone that two signed roots contradict each other.
//! Pure, and small: a tree of any size is at most 126 hashes here.

use crate::merkle::{Frontier, Hash, MerkleError, Node, ReadNodes, Tile, hash_node};

/// A complete subtree and its hash.
pub(super) type Piece = (Node, Hash);

/// The complete subtrees that the leaves from `start` up to, not including, `end` fall into, from left to right. Unlike the
/// subtrees of a proof they do not depend on the size of any tree.
pub(super) fn pieces_of(start: u64, end: u64) -> Result<Vec<Node>, MerkleError> {
    let mut nodes = Vec::new();
    let mut at = start;
    while at < end {
        let level = at.trailing_zeros().min((end - at).ilog2());
        nodes.push(Node::new(u8::try_from(level).map_err(|_| MerkleError::TooLarge)?, at >> level)?);
        at += 1 << level;
    }
    Ok(nodes)
}

/// The tiles from which these subtrees are read or computed in a tree of `size` leaves.
pub(super) fn tiles_of_pieces(nodes: &[Node], size: u64) -> Result<Vec<Tile>, MerkleError> {
    let tiles = nodes.iter().map(|node| Tile::holding(*node, size).ok_or(MerkleError::Missing(*node)));
    let mut tiles = tiles.collect::<Result<Vec<_>, _>>()?;
    tiles.sort_unstable();
    tiles.dedup();
    Ok(tiles)
}

/// Reads the hashes of these subtrees.
pub(super) fn read_pieces(from: &impl ReadNodes, nodes: Vec<Node>) -> Result<Vec<Piece>, MerkleError> {
    let read = |node| from.read_node(node).map(|hash| (node, hash)).ok_or(MerkleError::Missing(node));
    nodes.into_iter().map(read).collect()
}

/// The root over complete subtrees that stand side by side from the first leaf on.
pub(super) fn root_of_pieces(pieces: &[Piece]) -> Result<Hash, MerkleError> {
    let mut grown = Cover::starting_at(0);
    for (node, hash) in pieces {
        grown.push(*node, *hash)?;
    }
    let peaks = grown.pieces.iter().map(|(_, hash)| *hash).collect();
    Ok(Frontier::new(grown.end, peaks)?.root())
}

/// A range of leaves while it grows.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    end: u64,
    pieces: Vec<Piece>,
}

impl Cover {
    /// No leaves yet; the first will be this one.
    pub(super) const fn starting_at(start: u64) -> Self {
        Self { end: start, pieces: Vec::new() }
    }

    /// Appends a leaf.
    pub(super) fn append(&mut self, leaf: Hash) -> Result<(), MerkleError> {
        self.push(Node::new(0, self.end)?, leaf)
    }

    /// The complete subtrees so far, from left to right.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn push(&mut self, node: Node, hash: Hash) -> Result<(), MerkleError> {
        let (level, first) = (node.level(), node.index() << node.level());
        if first != self.end {
            return Err(MerkleError::Missing(node));
        }
        self.end = first + (1 << level);
        let (mut node, mut hash) = (node, hash);
        // A right child whose left sibling stands before it becomes their parent.
        while let Some((left, left_hash)) = self.pieces.last().copied() {
            if left.level() != node.level() || node.index().is_multiple_of(2) {
                break;
            }
            self.pieces.pop();
            hash = hash_node(&left_hash, &hash);
            node = Node::new(node.level() + 1, node.index() / 2)?;
        }
        self.pieces.push((node, hash));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{TileSet, hash_leaf, root_of};

    fn leaves(n: u32) -> Vec<Hash> {
        (0..n).map(|n| hash_leaf(&n.to_be_bytes())).collect()
    }

    fn tree(n: u32) -> TileSet {
        let mut tiles = TileSet::default();
        tiles.append(0, &leaves(n)).unwrap();
        tiles
    }

    #[test]
    fn a_range_grown_leaf_by_leaf_is_the_pieces_of_the_tree() {
        let (tiles, leaves) = (tree(700), leaves(700));
        for (start, end) in [(0, 1), (0, 700), (1, 700), (255, 257), (256, 512), (300, 301), (511, 700), (7, 7)] {
            let mut cover = Cover::starting_at(start);
            for leaf in &leaves[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()] {
                cover.append(*leaf).unwrap();
            }
            let read = read_pieces(&tiles, pieces_of(start, end).unwrap()).unwrap();
            assert_eq!(cover.pieces(), read, "{start}..{end}");
        }
    }

    #[test]
    fn pieces_of_both_parts_lead_to_the_root() {
        let tiles = tree(700);
        for (old, new) in [(0, 0), (0, 1), (1, 2), (5, 700), (256, 700), (699, 700), (700, 700)] {
            let nodes = [pieces_of(0, old).unwrap(), pieces_of(old, new).unwrap()].concat();
            let pieces = read_pieces(&tiles, nodes).unwrap();
            assert_eq!(root_of_pieces(&pieces), root_of(&tiles, new), "{old} {new}");
        }
    }

    #[test]
    fn pieces_that_leave_a_gap_or_overlap_are_refused() {
        let tiles = tree(16);
        for nodes in [vec![(0, 1)], vec![(2, 0), (2, 2)], vec![(2, 0), (1, 1)], vec![(3, 0), (0, 9)]] {
            let nodes = nodes.into_iter().map(|(level, index)| Node::new(level, index).unwrap()).collect();
            let pieces = read_pieces(&tiles, nodes).unwrap();
            assert!(root_of_pieces(&pieces).is_err());
        }
    }

    #[test]
    fn the_tiles_of_pieces_hold_them_all() {
        let whole = tree(70_000);
        let nodes = [pieces_of(0, 300).unwrap(), pieces_of(300, 70_000).unwrap()].concat();
        let mut few = TileSet::default();
        for tile in tiles_of_pieces(&nodes, 70_000).unwrap() {
            few.insert(tile, &whole.data(tile).unwrap()).unwrap();
        }
        assert_eq!(read_pieces(&few, nodes.clone()).unwrap(), read_pieces(&whole, nodes).unwrap());
    }
}
