//! The chains of batches as an auditor rebuilds them: every entry of a batch has the next number and names the hash of the one before.
//! Pure. It must never believe a head that it did not compute from entries itself.

use std::collections::BTreeMap;

use crate::ledger::manifest::ChainHead;
use crate::merkle::Hash;
use crate::stamp::BatchNo;

/// Where an entry says that it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Whose chain.
    pub(super) batch: BatchNo,
    /// Its place in it, from 1.
    pub(super) n: u32,
    /// Hash of the entry before it; none for the first.
    pub(super) prev: Option<Hash>,
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// Not the next number: an entry is missing, stands twice or in the wrong order.
    Number {
        /// The number that comes next.
        expected: u32,
    },
    /// It does not name the hash of the entry before it.
    Prev,
}

/// The heads of all chains so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chains {
    heads: BTreeMap<BatchNo, ChainHead>,
}

impl Chains {
    /// Takes chains up where they were left.
    pub(super) fn new(heads: impl IntoIterator<Item = ChainHead>) -> Self {
        Self { heads: heads.into_iter().map(|head| (head.batch, head)).collect() }
    }

    /// All heads, by batch number.
    pub(super) fn heads(&self) -> Vec<ChainHead> {
        self.heads.values().copied().collect()
    }

    /// How many chains there are.
    pub(super) fn n_chains(&self) -> u64 {
        u64::try_from(self.heads.len()).unwrap_or(u64::MAX)
    }

    /// Appends an entry with this hash. One that does not fit becomes the head all the same, so that each break is told once; but
    /// the chain never goes back.
    pub(super) fn append(&mut self, link: &Link, hash: Hash) -> Result<(), ChainFault> {
        let head = self.heads.get(&link.batch).copied();
        let expected = head.map_or(1, |head| head.n.saturating_add(1));
        if expected <= link.n {
            self.heads.insert(link.batch, ChainHead { batch: link.batch, n: link.n, hash });
        }
        if link.n != expected {
            return Err(ChainFault::Number { expected });
        }
        if link.prev == head.map(|head| head.hash) { Ok(()) } else { Err(ChainFault::Prev) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::hash_leaf;

    fn link(batch: u32, n: u32, prev: Option<&[u8]>) -> Link {
        Link { batch: BatchNo::new(batch).unwrap(), n, prev: prev.map(hash_leaf) }
    }

    #[track_caller]
    fn check(links: &[(Link, &[u8])], expected: Result<(), ChainFault>) {
        let mut chains = Chains::default();
        let (last, before) = links.split_last().unwrap();
        for (link, bytes) in before {
            assert_eq!(chains.append(link, hash_leaf(bytes)), Ok(()));
        }
        assert_eq!(chains.append(&last.0, hash_leaf(last.1)), expected);
    }

    #[test]
    fn each_batch_has_a_chain_of_its_own() {
        check(&[(link(1, 1, None), b"a"), (link(2, 1, None), b"b"), (link(1, 2, Some(b"a")), b"c")], Ok(()));
    }

    #[test]
    fn a_missing_entry_breaks_the_chain() {
        check(&[(link(1, 1, None), b"a"), (link(1, 3, Some(b"b")), b"c")], Err(ChainFault::Number { expected: 2 }));
        check(&[(link(1, 2, Some(b"a")), b"b")], Err(ChainFault::Number { expected: 1 }));
    }

    #[test]
    fn an_entry_that_stands_twice_breaks_the_chain() {
        check(&[(link(1, 1, None), b"a"), (link(1, 1, None), b"a")], Err(ChainFault::Number { expected: 2 }));
    }

    #[test]
    fn an_entry_that_names_another_before_it_breaks_the_chain() {
        check(&[(link(1, 1, None), b"a"), (link(1, 2, Some(b"x")), b"b")], Err(ChainFault::Prev));
    }

    #[test]
    fn a_break_is_told_once() {
        let mut chains = Chains::default();
        assert!(chains.append(&link(1, 4, Some(b"x")), hash_leaf(b"four")).is_err());
        assert_eq!(chains.append(&link(1, 5, Some(b"four")), hash_leaf(b"five")), Ok(()));
    }

    #[test]
    fn a_late_entry_does_not_turn_the_chain_back() {
        let mut chains = Chains::default();
        for (n, prev, bytes) in [(1, None, b"a"), (2, Some(b"a".as_slice()), b"b"), (3, Some(b"b"), b"c")] {
            assert_eq!(chains.append(&link(1, n, prev), hash_leaf(bytes)), Ok(()));
        }
        assert!(chains.append(&link(1, 2, Some(b"a")), hash_leaf(b"b")).is_err());
        assert_eq!(chains.append(&link(1, 4, Some(b"c")), hash_leaf(b"d")), Ok(()));
    }
}
