//! What a witness may sign: a log that only grew since it last signed. Pure; the whole promise of a witness is this one function,
//! called while nobody else can change what it knows of the log.

use crate::merkle::{Hash, MerkleError, TreeHead, verify_consistency};

/// Why a checkpoint is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The log claims that the witness saw more than the checkpoint has.
    #[error("the old size {old} is larger than the checkpoint's {new}")]
    OldBeyondNew {
        /// What was claimed.
        old: u64,
        /// The checkpoint's size.
        new: u64,
    },
    /// The witness last signed another size than the log believes.
    #[error("the last checkpoint that was cosigned here has {last} entries")]
    OtherSize {
        /// What it signed.
        last: u64,
    },
    /// Two roots for one size: a fork.
    #[error("another root was cosigned here for {size} entries")]
    OtherRoot {
        /// The size that has two roots.
        size: u64,
    },
    /// The proof does not show that the log only grew.
    #[error("the checkpoint does not follow from the last one that was cosigned here: {0}")]
    Inconsistent(MerkleError),
}

/// Decides whether the witness, who last signed `last` (the empty tree when nothing), may sign `new`, in the order in which
/// tlog-witness v1.0.0 asks.
pub fn decide(last: &TreeHead, old_size: u64, new: &TreeHead, proof: &[Hash]) -> Result<(), Refusal> {
    if new.size < old_size {
        return Err(Refusal::OldBeyondNew { old: old_size, new: new.size });
    }
    if old_size != last.size {
        return Err(Refusal::OtherSize { last: last.size });
    }
    if new.size == 0 && new.root != Hash::EMPTY_ROOT {
        return Err(Refusal::Inconsistent(MerkleError::Root));
    }
    if new.size == last.size && new.root != last.root {
        return Err(Refusal::OtherRoot { size: new.size });
    }
    verify_consistency(last, new, proof).map_err(Refusal::Inconsistent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{TileSet, hash_leaf, prove_consistency, root_of};

    fn tree(salt: u8) -> TileSet {
        let leaves: Vec<Hash> = (0..40_u8).map(|n| hash_leaf(&[n, if n < 10 { 0 } else { salt }])).collect();
        let mut tiles = TileSet::default();
        tiles.append(0, &leaves).unwrap();
        tiles
    }

    fn head(tiles: &TileSet, size: u64) -> TreeHead {
        TreeHead { size, root: root_of(tiles, size).unwrap() }
    }

    #[test]
    fn a_log_that_only_grew_is_signed() {
        let tiles = tree(0);
        for old in 0..=40 {
            for new in old..=40 {
                let proof = prove_consistency(&tiles, old, new).unwrap();
                assert_eq!(decide(&head(&tiles, old), old, &head(&tiles, new), &proof), Ok(()), "{old} to {new}");
            }
        }
    }

    #[test]
    fn a_smaller_tree_is_never_signed() {
        let tiles = tree(0);
        for old in 1..=40 {
            for new in 0..old {
                // Whatever is claimed to be the old size.
                for claimed in 0..=40 {
                    assert!(decide(&head(&tiles, old), claimed, &head(&tiles, new), &[]).is_err());
                }
            }
        }
    }

    #[test]
    fn an_old_size_beyond_the_checkpoint_is_refused_before_the_record_is_looked_at() {
        let tiles = tree(0);
        let refused = decide(&head(&tiles, 5), 21, &head(&tiles, 20), &[]);
        assert_eq!(refused, Err(Refusal::OldBeyondNew { old: 21, new: 20 }));
    }

    #[test]
    fn another_old_size_is_answered_with_the_last_one() {
        let tiles = tree(0);
        let proof = prove_consistency(&tiles, 6, 20).unwrap();
        for claimed in [0, 6, 8, 20] {
            let refused = decide(&head(&tiles, 7), claimed, &head(&tiles, 20), &proof);
            assert_eq!(refused, Err(Refusal::OtherSize { last: 7 }));
        }
    }

    #[test]
    fn a_second_root_for_a_size_is_refused() {
        let (ours, theirs) = (tree(0), tree(1));
        let refused = decide(&head(&ours, 20), 20, &head(&theirs, 20), &[]);
        assert_eq!(refused, Err(Refusal::OtherRoot { size: 20 }));
    }

    #[test]
    fn a_fork_is_refused_whatever_proof_it_brings() {
        let (ours, theirs) = (tree(0), tree(1));
        let proofs = [
            prove_consistency(&theirs, 20, 30).unwrap(),
            prove_consistency(&ours, 20, 30).unwrap(),
            prove_consistency(&theirs, 10, 30).unwrap(),
            Vec::new(),
        ];
        for proof in proofs {
            let refused = decide(&head(&ours, 20), 20, &head(&theirs, 30), &proof);
            assert!(matches!(refused, Err(Refusal::Inconsistent(_))));
        }
    }

    #[test]
    fn a_proof_where_none_belongs_is_refused() {
        let tiles = tree(0);
        for (old, new) in [(0, 0), (0, 20), (20, 20)] {
            let refused = decide(&head(&tiles, old), old, &head(&tiles, new), &[Hash::EMPTY_ROOT]);
            assert_eq!(refused, Err(Refusal::Inconsistent(MerkleError::ProofLong)));
        }
    }

    #[test]
    fn an_empty_tree_has_one_root() {
        let strange = TreeHead { size: 0, root: hash_leaf(b"x") };
        let refused = decide(&TreeHead::EMPTY, 0, &strange, &[]);
        assert_eq!(refused, Err(Refusal::Inconsistent(MerkleError::Root)));
    }
}
