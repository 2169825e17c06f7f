//! What the ledger's tree costs beside the hashing that cannot be spared: the root of a million leaves, and a proof out of them.
//! Read the ratios; the absolute times are this machine's.

#![expect(clippy::unwrap_used, reason = "a bench that cannot set its stage should fail there")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nguon::merkle::{
    Frontier, Hash, TileSet, TreeHead, hash_leaf, hash_node, inclusion_subtrees, prove_inclusion, root_of, tiles_of,
    verify_inclusion,
};

const SIZE: u64 = 1_000_000;

fn leaves() -> Vec<Hash> {
    (0..SIZE).map(|n| hash_leaf(&n.to_be_bytes())).collect()
}

/// A million leaves have 999,999 nodes above them: the bare line hashes as many pairs and does nothing else.
fn root_of_a_million(c: &mut Criterion) {
    let leaves = leaves();
    let mut group = c.benchmark_group("root of 1,000,000 leaves");
    group.sample_size(10);
    group.bench_function("bare", |b| {
        b.iter(|| leaves.iter().skip(1).fold(Hash::EMPTY_ROOT, |hash, leaf| hash_node(&hash, leaf)));
    });
    group.bench_function("frontier", |b| {
        b.iter(|| {
            let mut frontier = Frontier::default();
            leaves.iter().try_for_each(|leaf| frontier.append(*leaf)).unwrap();
            frontier.root()
        });
    });
    group.bench_function("tiles", |b| {
        b.iter(|| {
            let mut tiles = TileSet::default();
            tiles.append(0, &leaves).unwrap();
            root_of(&tiles, SIZE).unwrap()
        });
    });
    group.finish();
}

/// With the tiles at hand as bytes, as they are stored: choose them, take them in, make the proof.
fn prove_one_of_a_million(c: &mut Criterion) {
    let leaves = leaves();
    let mut stored = TileSet::default();
    stored.append(0, &leaves).unwrap();
    let head = TreeHead { size: SIZE, root: root_of(&stored, SIZE).unwrap() };
    let mut group = c.benchmark_group("inclusion in 1,000,000 leaves");
    let mut next = (0..SIZE).cycle().step_by(104_729);
    group.bench_function("make", |b| {
        b.iter(|| {
            let index = next.next().unwrap();
            let mut tiles = TileSet::default();
            for tile in tiles_of(&inclusion_subtrees(index, SIZE).unwrap(), SIZE).unwrap() {
                tiles.insert(tile, &stored.data(tile).unwrap()).unwrap();
            }
            prove_inclusion(&tiles, index, SIZE).unwrap()
        });
    });
    let path = prove_inclusion(&stored, 7, SIZE).unwrap();
    let leaf = hash_leaf(&7_u64.to_be_bytes());
    group.bench_function("verify", |b| b.iter(|| verify_inclusion(&head, 7, &leaf, black_box(&path)).unwrap()));
    group.finish();
}

criterion_group!(benches, root_of_a_million, prove_one_of_a_million);
criterion_main!(benches);
