//! Roots and proofs, made and checked, against the naive tree.

use std::sync::LazyLock;

use nguon::merkle::{
    Frontier, Hash, MAX_PATH_LEN, MAX_SIZE, MerkleError, Node, Subtree, Tile, TileSet, TreeHead, consistency_subtrees,
    hash_leaf, inclusion_subtrees, prove_consistency, prove_inclusion, root_of, tiles_of, verify_consistency,
    verify_inclusion,
};
use proptest::prelude::*;

use crate::naive::{Naive, Twins, entry};

/// Every smaller tree is compared in full.
const N_SMALL: u64 = 300;
/// Leaves of the tree that random proofs are taken from: three levels of tiles.
const N_LARGE: u64 = 70_000;

#[test]
fn the_roots_of_small_trees_are_those_of_the_naive_tree() {
    let naive = Naive::default();
    let tiles = naive.tiles(N_SMALL);
    let mut frontier = Frontier::default();
    for size in 0..=N_SMALL {
        let head = naive.head(size);
        assert_eq!(frontier.head(), head);
        assert_eq!(root_of(&tiles, size), Ok(head.root));
        assert_eq!(Frontier::read(&tiles, size).as_ref(), Ok(&frontier));
        assert_eq!(Frontier::new(size, frontier.peaks().to_vec()).as_ref(), Ok(&frontier));
        frontier.append(hash_leaf(&entry(size))).unwrap();
    }
}

#[test]
fn every_inclusion_proof_of_small_trees_is_the_naive_one_and_verifies() {
    let naive = Naive::default();
    for size in 1..=N_SMALL {
        for index in 0..size {
            let path = prove_inclusion(&naive, index, size).unwrap();
            assert_eq!(path, naive.path(index, size), "{index} of {size}");
            assert_eq!(verify_inclusion(&naive.head(size), index, &hash_leaf(&entry(index)), &path), Ok(()));
        }
    }
}

#[test]
fn every_consistency_proof_of_small_trees_is_the_naive_one_and_verifies() {
    let naive = Naive::default();
    for new in 1..=N_SMALL {
        for old in 1..=new {
            let proof = prove_consistency(&naive, old, new).unwrap();
            assert_eq!(proof, naive.consistency(old, new), "{old} to {new}");
            assert_eq!(verify_consistency(&naive.head(old), &naive.head(new), &proof), Ok(()));
        }
    }
}

/// Every proof with a hash more, a hash less, two exchanged or one bit flipped, at every place.
fn spoil(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let other = hash_leaf(b"another");
    let mut spoilt = Vec::new();
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, other);
        spoilt.push(longer);
    }
    for at in 0..proof.len() {
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        spoilt.push(shorter);
        let mut twice = proof.to_vec();
        twice.insert(at, proof[at]);
        spoilt.push(twice);
        let mut bytes = *proof[at].as_bytes();
        bytes[at % 32] ^= 1;
        let mut flipped = proof.to_vec();
        flipped[at] = Hash::new(bytes);
        spoilt.push(flipped);
        let mut exchanged = proof.to_vec();
        exchanged.swap(0, at);
        spoilt.push(exchanged);
    }
    spoilt.retain(|other| other != proof);
    spoilt
}

#[test]
fn every_spoilt_inclusion_proof_of_small_trees_is_refused() {
    let naive = Naive::default();
    for size in 1..30 {
        for index in 0..size {
            let (head, path) = (naive.head(size), naive.path(index, size));
            for spoilt in spoil(&path) {
                assert!(
                    verify_inclusion(&head, index, &hash_leaf(&entry(index)), &spoilt).is_err(),
                    "{index} of {size}"
                );
            }
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(verify_inclusion(&head, other, &hash_leaf(&entry(index)), &path).is_err(), "{other} of {size}");
                assert!(verify_inclusion(&head, index, &hash_leaf(&entry(other)), &path).is_err(), "{other} of {size}");
            }
        }
    }
}

#[test]
fn every_spoilt_consistency_proof_of_small_trees_is_refused() {
    let naive = Naive::default();
    for new in 1..30 {
        for old in 1..=new {
            let (old_head, new_head, proof) = (naive.head(old), naive.head(new), naive.consistency(old, new));
            for spoilt in spoil(&proof) {
                assert!(verify_consistency(&old_head, &new_head, &spoilt).is_err(), "{old} to {new}");
            }
            let root = hash_leaf(b"another");
            assert!(verify_consistency(&TreeHead { root, ..old_head }, &new_head, &proof).is_err(), "{old} to {new}");
            assert!(verify_consistency(&old_head, &TreeHead { root, ..new_head }, &proof).is_err(), "{old} to {new}");
        }
    }
}

#[test]
fn what_was_wrong_with_a_proof_is_said() {
    let naive = Naive::default();
    let (head, leaf) = (naive.head(7), hash_leaf(&entry(2)));
    let path = naive.path(2, 7);
    let refused = |head: &TreeHead, index, path: &[Hash]| verify_inclusion(head, index, &leaf, path).unwrap_err();
    assert_eq!(refused(&TreeHead::EMPTY, 0, &[]), MerkleError::NoSuchLeaf { index: 0, size: 0 });
    assert_eq!(refused(&head, 7, &path), MerkleError::NoSuchLeaf { index: 7, size: 7 });
    assert_eq!(refused(&head, 2, &path[1..]), MerkleError::ProofShort);
    assert_eq!(refused(&head, 2, &[path.clone(), vec![leaf]].concat()), MerkleError::ProofLong);
    assert_eq!(refused(&head, 3, &path), MerkleError::Root);
    assert_eq!(refused(&TreeHead { size: MAX_SIZE + 1, ..head }, 2, &path), MerkleError::TooLarge);

    let refused = |old: &TreeHead, new: &TreeHead, proof: &[Hash]| verify_consistency(old, new, proof).unwrap_err();
    let (old, proof) = (naive.head(3), naive.consistency(3, 7));
    let forked = TreeHead { root: leaf, ..old };
    assert_eq!(refused(&head, &old, &[]), MerkleError::Shrunk { old: 7, new: 3 });
    assert_eq!(refused(&old, &head, &[]), MerkleError::ProofShort);
    assert_eq!(refused(&naive.head(4), &head, &[]), MerkleError::ProofShort);
    assert_eq!(refused(&old, &head, &proof[..2]), MerkleError::ProofShort);
    assert_eq!(refused(&old, &head, &[proof.clone(), vec![leaf]].concat()), MerkleError::ProofLong);
    assert_eq!(refused(&forked, &head, &proof), MerkleError::OldRoot);
    assert_eq!(refused(&old, &TreeHead { root: leaf, ..head }, &proof), MerkleError::Root);
    assert_eq!(refused(&old, &forked, &[]), MerkleError::Root);
    assert_eq!(refused(&old, &old, &proof), MerkleError::ProofLong);
    assert_eq!(refused(&old, &TreeHead { size: MAX_SIZE + 1, ..head }, &proof), MerkleError::TooLarge);
}

#[test]
fn every_tree_follows_the_empty_one_without_a_proof() {
    let head = Naive::default().head(7);
    assert_eq!(verify_consistency(&TreeHead::EMPTY, &head, &[]), Ok(()));
    assert_eq!(verify_consistency(&TreeHead::EMPTY, &TreeHead::EMPTY, &[]), Ok(()));
    assert_eq!(verify_consistency(&TreeHead::EMPTY, &head, &[head.root]), Err(MerkleError::ProofLong));
    let false_root = TreeHead { size: 0, ..head };
    assert_eq!(verify_consistency(&false_root, &head, &[]), Err(MerkleError::OldRoot));
    assert_eq!(verify_consistency(&TreeHead::EMPTY, &false_root, &[]), Err(MerkleError::Root));
    assert_eq!(consistency_subtrees(0, 7), Ok(vec![]));
}

#[test]
fn a_proof_that_cannot_be_is_not_made() {
    let tiles = Naive::default().tiles(7);
    assert_eq!(prove_inclusion(&tiles, 0, 0), Err(MerkleError::NoSuchLeaf { index: 0, size: 0 }));
    assert_eq!(prove_inclusion(&tiles, 7, 7), Err(MerkleError::NoSuchLeaf { index: 7, size: 7 }));
    assert_eq!(prove_inclusion(&tiles, 0, 8), Err(MerkleError::Missing(Node::new(2, 1).unwrap())));
    assert_eq!(prove_inclusion(&tiles, 0, MAX_SIZE + 1), Err(MerkleError::TooLarge));
    assert_eq!(prove_consistency(&tiles, 7, 3), Err(MerkleError::Shrunk { old: 7, new: 3 }));
    assert_eq!(prove_consistency(&tiles, 3, MAX_SIZE + 1), Err(MerkleError::TooLarge));
}

static LARGE: LazyLock<TileSet> = LazyLock::new(|| Naive::default().tiles(N_LARGE));

/// Only the tiles that were asked for, as one who fetches them would have them.
fn fetch(subtrees: &[Subtree], size: u64) -> TileSet {
    let mut fetched = TileSet::default();
    for tile in tiles_of(subtrees, size).unwrap() {
        fetched.insert(tile, &LARGE.data(tile).unwrap()).unwrap();
    }
    fetched
}

thread_local! {
    static NAIVE: Naive = Naive::default();
}

proptest! {
    #[test]
    fn a_random_inclusion_proof_needs_only_the_tiles_it_names(size in 1..=N_LARGE, at: u64) {
        let index = at % size;
        let subtrees = inclusion_subtrees(index, size).unwrap();
        let path = prove_inclusion(&fetch(&subtrees, size), index, size).unwrap();
        NAIVE.with(|naive| {
            prop_assert_eq!(&path, &naive.path(index, size));
            prop_assert_eq!(verify_inclusion(&naive.head(size), index, &hash_leaf(&entry(index)), &path), Ok(()));
            Ok(())
        })?;
    }

    #[test]
    fn a_random_consistency_proof_needs_only_the_tiles_it_names(new in 1..=N_LARGE, at: u64) {
        let old = 1 + at % new;
        let subtrees = consistency_subtrees(old, new).unwrap();
        let proof = prove_consistency(&fetch(&subtrees, new), old, new).unwrap();
        NAIVE.with(|naive| {
            prop_assert_eq!(&proof, &naive.consistency(old, new));
            prop_assert_eq!(verify_consistency(&naive.head(old), &naive.head(new), &proof), Ok(()));
            Ok(())
        })?;
    }

    #[test]
    fn proofs_of_trees_of_any_size_verify_and_stay_short(size in 1..=MAX_SIZE, shift in 0_u32..63, at: u64) {
        let (twins, size) = (Twins::default(), (size >> shift).max(1));
        let (index, old) = (at % size, 1 + at % size);
        let head = |size| TreeHead { size, root: root_of(&twins, size).unwrap() };
        let path = prove_inclusion(&twins, index, size).unwrap();
        prop_assert!(path.len() <= MAX_PATH_LEN);
        prop_assert_eq!(verify_inclusion(&head(size), index, &Twins::leaf(), &path), Ok(()));
        let proof = prove_consistency(&twins, old, size).unwrap();
        // One more than a path: the subtree that the climb starts at.
        prop_assert!(proof.len() <= MAX_PATH_LEN + 1);
        prop_assert_eq!(verify_consistency(&head(old), &head(size), &proof), Ok(()));
    }

    #[test]
    fn what_is_no_proof_is_refused_without_a_panic(
        sizes: (u64, u64), index: u64, proof in prop::collection::vec(any::<[u8; 32]>(), 0..70), root: [u8; 32],
    ) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash::new).collect();
        let (root, leaf) = (Hash::new(root), hash_leaf(b"a leaf"));
        let (old, new) = (TreeHead { size: sizes.0, root: leaf }, TreeHead { size: sizes.1, root });
        prop_assert!(verify_inclusion(&new, index, &leaf, &proof).is_err());
        prop_assert!(verify_consistency(&old, &new, &proof).is_err());
    }

    #[test]
    fn a_path_that_names_a_tile_is_the_only_one_that_does(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}
