//! Inclusion and consistency proofs (RFC 6962 §2.1.1 and §2.1.2): which subtrees they consist of, how they are made from stored
//! hashes, and how they are checked (RFC 9162 §2.1.3.2 and §2.1.4.2). A check must never trust the length of what it was given.

use super::{Hash, MAX_SIZE, MerkleError, ReadNodes, Subtree, TreeHead, hash_node};

/// The subtrees whose hashes prove that leaf `index` is in a tree of `size`, from the leaf's sibling up to the root's child.
pub fn inclusion_subtrees(index: u64, size: u64) -> Result<Vec<Subtree>, MerkleError> {
    check_size(size)?;
    if size <= index {
        return Err(MerkleError::NoSuchLeaf { index, size });
    }
    let mut siblings = Vec::new();
    let (mut start, mut end) = (0, size);
    while 1 < end - start {
        let middle = start + left_width(end - start);
        if index < middle {
            siblings.push(Subtree::split_off(middle, end));
            end = middle;
        } else {
            siblings.push(Subtree::split_off(start, middle));
            start = middle;
        }
    }
    siblings.reverse();
    Ok(siblings)
}

/// The subtrees whose hashes prove that the tree of `old` leaves is the beginning of the tree of `new`. None are needed from the
/// empty tree (C2SP tlog-witness) or from a tree to itself.
pub fn consistency_subtrees(old: u64, new: u64) -> Result<Vec<Subtree>, MerkleError> {
    check_size(new)?;
    if new < old {
        return Err(MerkleError::Shrunk { old, new });
    }
    let mut subtrees = Vec::new();
    if old == 0 {
        return Ok(subtrees);
    }
    let (mut start, mut end) = (0, new);
    while old != end {
        let middle = start + left_width(end - start);
        if old <= middle {
            subtrees.push(Subtree::split_off(middle, end));
            end = middle;
        } else {
            subtrees.push(Subtree::split_off(start, middle));
            start = middle;
        }
    }
    // The whole old tree is left out: the one who checks has its root.
    if 0 < start {
        subtrees.push(Subtree::split_off(start, end));
    }
    subtrees.reverse();
    Ok(subtrees)
}

/// The largest power of two below `width`, which is 2 or more (RFC 6962 §2.1).
const fn left_width(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

fn check_size(size: u64) -> Result<(), MerkleError> {
    if MAX_SIZE < size { Err(MerkleError::TooLarge) } else { Ok(()) }
}

/// Proves that leaf `index` is in the tree of the first `size` leaves.
pub fn prove_inclusion(nodes: &impl ReadNodes, index: u64, size: u64) -> Result<Vec<Hash>, MerkleError> {
    inclusion_subtrees(index, size)?.into_iter().map(|subtree| subtree.hash(nodes)).collect()
}

/// Proves that the first `old` leaves were the same when there were `new`.
pub fn prove_consistency(nodes: &impl ReadNodes, old: u64, new: u64) -> Result<Vec<Hash>, MerkleError> {
    consistency_subtrees(old, new)?.into_iter().map(|subtree| subtree.hash(nodes)).collect()
}

/// Checks that `leaf` is leaf `index` of the tree (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(head: &TreeHead, index: u64, leaf: &Hash, path: &[Hash]) -> Result<(), MerkleError> {
    check_size(head.size)?;
    let mut climb = Climb::from(index, head.size)?;
    let mut hash = *leaf;
    for sibling in path {
        hash = match climb.step()? {
            Side::Left => hash_node(sibling, &hash),
            Side::Right => hash_node(&hash, sibling),
        };
    }
    climb.finish()?;
    if hash == head.root { Ok(()) } else { Err(MerkleError::Root) }
}

/// Checks that the newer tree only adds leaves to the older (RFC 9162 §2.1.4.2). Between trees of one size the proof is empty and the
/// roots are equal; from the empty tree it is empty too.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> Result<(), MerkleError> {
    check_size(new.size)?;
    if new.size < old.size {
        return Err(MerkleError::Shrunk { old: old.size, new: new.size });
    }
    if old.size == 0 || old.size == new.size {
        return verify_without_proof(old, new, proof);
    }
    // The climb starts at the last complete subtree of the old tree: its lower levels hold nothing of the new leaves.
    let mut climb = Climb::from(old.size - 1, new.size)?;
    climb.skip_complete();
    // Where that subtree is the whole old tree, its hash is the root we have; else it is the first of the proof.
    let (first, rest) = if old.size.is_power_of_two() {
        (&old.root, proof)
    } else {
        proof.split_first().ok_or(MerkleError::ProofShort)?
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        match climb.step()? {
            Side::Left => {
                old_hash = hash_node(sibling, &old_hash);
                new_hash = hash_node(sibling, &new_hash);
            }
            Side::Right => new_hash = hash_node(&new_hash, sibling),
        }
    }
    climb.finish()?;
    if old_hash != old.root {
        return Err(MerkleError::OldRoot);
    }
    if new_hash == new.root { Ok(()) } else { Err(MerkleError::Root) }
}

fn verify_without_proof(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> Result<(), MerkleError> {
    if !proof.is_empty() {
        return Err(MerkleError::ProofLong);
    }
    if old.size == 0 && old.root != Hash::EMPTY_ROOT {
        return Err(MerkleError::OldRoot);
    }
    if old.size == new.size && old.root != new.root { Err(MerkleError::Root) } else { Ok(()) }
}

/// On which side of the way up the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

/// The way from a leaf to the root, as RFC 9162 walks it: the place in its level, and the last place of that level.
struct Climb {
    at: u64,
    last: u64,
}

impl Climb {
    fn from(index: u64, size: u64) -> Result<Self, MerkleError> {
        match size.checked_sub(1) {
            Some(last) if index <= last => Ok(Self { at: index, last }),
            _ => Err(MerkleError::NoSuchLeaf { index, size }),
        }
    }

    fn rise(&mut self, levels: u32) {
        self.at = self.at.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }

    /// Rises while the place is a right child.
    fn skip_complete(&mut self) {
        self.rise(self.at.trailing_ones());
    }

    fn step(&mut self) -> Result<Side, MerkleError> {
        if self.last == 0 {
            return Err(MerkleError::ProofLong);
        }
        if self.at == self.last {
            // The last place of a level has no right sibling: it rises unchanged until it is a right child itself.
            self.rise(self.at.trailing_zeros() + 1);
            return Ok(Side::Left);
        }
        let side = if self.at % 2 == 1 { Side::Left } else { Side::Right };
        self.rise(1);
        Ok(side)
    }

    fn finish(&self) -> Result<(), MerkleError> {
        if self.last == 0 { Ok(()) } else { Err(MerkleError::ProofShort) }
    }
}
