//! Tiles in memory: those that were fetched for a proof, a root or an audit, or the right edge of the log while it grows.
//! It must never take a hash on trust that it can compute: the hash of a full tile is made from the tile, not read from the one above.

use std::collections::BTreeMap;

use super::tile::{Place, split_index};
use super::{Frontier, Hash, MAX_SIZE, MerkleError, Node, ReadNodes, TILE_HEIGHT, TILE_WIDTH, Tile};

/// Some tiles of one tree, by level and index.
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// Takes a tile's bytes as they are stored and served: its hashes one after the other, nothing else. A tile that is there
    /// already is replaced.
    pub fn insert(&mut self, tile: Tile, data: &[u8]) -> Result<(), MerkleError> {
        let (hashes, rest) = data.as_chunks::<{ Hash::LEN }>();
        if !rest.is_empty() || hashes.len() != usize::from(tile.width()) {
            return Err(MerkleError::TileData);
        }
        let hashes = hashes.iter().copied().map(Hash::new).collect();
        self.tiles.insert((tile.level(), tile.index()), hashes);
        Ok(())
    }

    /// A tile's bytes, if all its hashes are here.
    pub fn data(&self, tile: Tile) -> Option<Vec<u8>> {
        let hashes = self.tiles.get(&(tile.level(), tile.index()))?.get(..usize::from(tile.width()))?;
        Some(hashes.iter().flat_map(Hash::as_bytes).copied().collect())
    }

    /// Appends leaves to a tree of `size`, of which the tiles of its edge are here, and gives the new size. Tiles that fill up give
    /// their hash to the level above. After an error the set is half grown and is to be thrown away.
    pub fn append(&mut self, size: u64, leaves: &[Hash]) -> Result<u64, MerkleError> {
        let mut at = size;
        for leaf in leaves {
            if MAX_SIZE <= at {
                return Err(MerkleError::TooLarge);
            }
            self.put_upwards(at, *leaf)?;
            at += 1;
        }
        Ok(at)
    }

    fn put_upwards(&mut self, leaf_index: u64, leaf: Hash) -> Result<(), MerkleError> {
        let (mut level, mut place, mut hash) = (0_u8, leaf_index, leaf);
        loop {
            let (index, offset) = split_index(place);
            let hashes = self.tiles.entry((level, index)).or_default();
            if hashes.len() != offset {
                return Err(MerkleError::Missing(Node::new(level * TILE_HEIGHT, place)?));
            }
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return Ok(());
            }
            (level, place, hash) = (level + 1, index, hash_all(hashes)?);
        }
    }

    /// Whether each full tile that is here hashes to what the tile above it says, where that one is here too; the first that does
    /// not is named. This is what finds a flipped byte.
    pub fn check(&self) -> Result<(), Node> {
        for (&(level, index), hashes) in &self.tiles {
            let above = Node::new((level + 1) * TILE_HEIGHT, index);
            let (true, Ok(above)) = (hashes.len() == usize::from(TILE_WIDTH), above) else { continue };
            let said = self.read_node(above);
            if said.is_some_and(|said| hash_all(hashes) != Ok(said)) {
                return Err(above);
            }
        }
        Ok(())
    }
}

impl ReadNodes for TileSet {
    fn read_node(&self, node: Node) -> Option<Hash> {
        let place = Place::of(node);
        let hashes = self.tiles.get(&(place.level, place.index))?.get(place.hashes)?;
        hash_all(hashes).ok()
    }
}

fn hash_all(hashes: &[Hash]) -> Result<Hash, MerkleError> {
    let mut frontier = Frontier::default();
    hashes.iter().try_for_each(|hash| frontier.append(*hash))?;
    Ok(frontier.root())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{hash_leaf, root_of, tiles_of_edge, tiles_of_growth};

    fn leaves(range: std::ops::Range<u32>) -> Vec<Hash> {
        range.map(|n| hash_leaf(&n.to_be_bytes())).collect()
    }

    #[test]
    fn growing_by_steps_from_the_edge_gives_the_tiles_of_growing_at_once() {
        let mut whole = TileSet::default();
        whole.append(0, &leaves(0..70_000)).unwrap();
        let (mut stored, mut size) = (TileSet::default(), 0_u32);
        for next in [1, 255, 256, 257, 4_000, 65_535, 65_536, 70_000] {
            let mut edge = TileSet::default();
            for tile in tiles_of_edge(size.into()) {
                edge.insert(tile, &stored.data(tile).unwrap()).unwrap();
            }
            assert_eq!(edge.append(size.into(), &leaves(size..next)), Ok(next.into()));
            assert_eq!(root_of(&edge, next.into()), root_of(&whole, next.into()));
            for tile in tiles_of_growth(size.into(), next.into()) {
                stored.insert(tile, &edge.data(tile).unwrap()).unwrap();
            }
            size = next;
        }
        assert_eq!(stored.tiles, whole.tiles);
    }

    #[test]
    fn growing_without_the_edge_is_refused() {
        let mut empty = TileSet::default();
        assert_eq!(empty.append(300, &leaves(0..1)), Err(MerkleError::Missing(Node::new(0, 300).unwrap())));
        assert_eq!(TileSet::default().append(MAX_SIZE, &leaves(0..1)), Err(MerkleError::TooLarge));
    }

    #[test]
    fn the_same_leaf_is_not_put_twice() {
        let mut set = TileSet::default();
        set.append(0, &leaves(0..3)).unwrap();
        assert_eq!(set.append(2, &leaves(2..3)), Err(MerkleError::Missing(Node::new(0, 2).unwrap())));
    }

    #[test]
    fn data_that_does_not_fill_its_tile_is_refused() {
        let tile = Tile::new(0, 0, 2).unwrap();
        for n_bytes in [0, 32, 63, 65, 96] {
            assert_eq!(TileSet::default().insert(tile, &vec![0; n_bytes]), Err(MerkleError::TileData));
        }
        assert_eq!(TileSet::default().data(tile), None);
    }

    #[test]
    fn a_flipped_byte_in_a_full_tile_is_found() {
        let mut set = TileSet::default();
        set.append(0, &leaves(0..1_000)).unwrap();
        assert_eq!(set.check(), Ok(()));
        let tile = Tile::new(0, 2, 256).unwrap();
        let mut data = set.data(tile).unwrap();
        data[1_000] ^= 1;
        set.insert(tile, &data).unwrap();
        assert_eq!(set.check(), Err(Node::new(8, 2).unwrap()));
    }
}
