//! RFC 6962 §2.1 as it is written there, by recursion over lists of entries: slow, obvious, and sharing no code with what is tested.

use std::cell::RefCell;
use std::collections::HashMap;

use nguon::merkle::{Hash, Node, ReadNodes, TileSet, TreeHead};
use sha2::{Digest, Sha256};

/// Entry n of every tree here.
pub(crate) fn entry(n: u64) -> Vec<u8> {
    format!("entry {n}").into_bytes()
}

/// A list of entries; hashes of ranges are remembered, so that thousands of proofs stay cheap.
#[derive(Default)]
pub(crate) struct Naive {
    known: RefCell<HashMap<(u64, u64), Hash>>,
}

fn sha256(parts: &[&[u8]]) -> Hash {
    Hash::new(Sha256::digest(parts.concat()).into())
}

/// The largest power of two smaller than n.
fn split(n: u64) -> u64 {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

impl Naive {
    /// MTH(D[start:end]).
    pub(crate) fn hash(&self, start: u64, end: u64) -> Hash {
        if let Some(hash) = self.known.borrow().get(&(start, end)) {
            return *hash;
        }
        let hash = match end - start {
            0 => sha256(&[]),
            1 => sha256(&[&[0], &entry(start)]),
            n => {
                let middle = start + split(n);
                sha256(&[&[1], self.hash(start, middle).as_bytes(), self.hash(middle, end).as_bytes()])
            }
        };
        self.known.borrow_mut().insert((start, end), hash);
        hash
    }

    pub(crate) fn head(&self, size: u64) -> TreeHead {
        TreeHead { size, root: self.hash(0, size) }
    }

    /// PATH(index, D[0:size]).
    pub(crate) fn path(&self, index: u64, size: u64) -> Vec<Hash> {
        self.path_in(index, 0, size)
    }

    fn path_in(&self, index: u64, start: u64, end: u64) -> Vec<Hash> {
        if end - start == 1 {
            return Vec::new();
        }
        let middle = start + split(end - start);
        let (mut path, sibling) = if index < middle {
            (self.path_in(index, start, middle), self.hash(middle, end))
        } else {
            (self.path_in(index, middle, end), self.hash(start, middle))
        };
        path.push(sibling);
        path
    }

    /// PROOF(old, D[0:new]).
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        self.subproof(old, 0, new, true)
    }

    fn subproof(&self, old: u64, start: u64, end: u64, is_whole: bool) -> Vec<Hash> {
        if old == end - start {
            return if is_whole { Vec::new() } else { vec![self.hash(start, end)] };
        }
        let k = split(end - start);
        let (mut proof, sibling) = if old <= k {
            (self.subproof(old, start, start + k, is_whole), self.hash(start + k, end))
        } else {
            (self.subproof(old - k, start + k, end, false), self.hash(start, start + k))
        };
        proof.push(sibling);
        proof
    }

    /// The same leaves as tiles.
    pub(crate) fn tiles(&self, size: u64) -> TileSet {
        let leaves: Vec<Hash> = (0..size).map(|n| self.hash(n, n + 1)).collect();
        let mut tiles = TileSet::default();
        assert_eq!(tiles.append(0, &leaves), Ok(size));
        tiles
    }
}

/// Every node at hand, so that making thousands of proofs costs no hashing.
impl ReadNodes for Naive {
    fn read_node(&self, node: Node) -> Option<Hash> {
        Some(self.hash(node.index() << node.level(), (node.index() + 1) << node.level()))
    }
}

/// Endlessly many equal leaves: a complete subtree's hash depends on its level alone, so trees of any size can be read.
pub(crate) struct Twins {
    levels: Vec<Hash>,
}

impl Twins {
    pub(crate) fn leaf() -> Hash {
        sha256(&[&[0], b"twin"])
    }
}

impl Default for Twins {
    fn default() -> Self {
        let node = |hash: &Hash| sha256(&[&[1], hash.as_bytes(), hash.as_bytes()]);
        Self { levels: std::iter::successors(Some(Self::leaf()), |hash| Some(node(hash))).take(63).collect() }
    }
}

impl ReadNodes for Twins {
    fn read_node(&self, node: Node) -> Option<Hash> {
        self.levels.get(usize::from(node.level())).copied()
    }
}
