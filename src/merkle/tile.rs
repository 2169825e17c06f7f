//! Tiles (C2SP tlog-tiles): the tree cut into pieces of 256 hashes that never change once full. Where a tile lies, how its path is
//! spelt, which tiles a tree has and which it gains by growing. Their bytes are no matter of this file.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::{MAX_SIZE, MerkleError, Node, Subtree, number};

/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u8 = 8;
/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;
/// The highest level with a hash in it: 2^63 - 1 leaves fill no tile of level 7. C2SP spells levels to 63; none of those exists.
const MAX_LEVEL: u8 = 7;

/// One tile: hash i is the root over 256^level leaves, the first of which is leaf (index · 256 + i) · 256^level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile of this level and index with its first `width` hashes, 1 to 256.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, MerkleError> {
        let tile = Self { level, index, width };
        let has_hashes = (1..=TILE_WIDTH).contains(&width);
        if has_hashes && tile.exists_in(MAX_SIZE) { Ok(tile) } else { Err(MerkleError::NoSuchTile) }
    }

    /// The tile of this level and index as a tree of `size` leaves has it, if it has a hash in it.
    pub fn of_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let first = index.checked_mul(TILE_WIDTH.into())?;
        let n_left = hashes_in_level(level, size.min(MAX_SIZE)).checked_sub(first)?;
        let width = u16::try_from(n_left).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
        (0 < width).then_some(Self { level, index, width })
    }

    /// The tile that holds a node, or from whose hashes it is computed, as a tree of `size` leaves has it.
    pub fn holding(node: Node, size: u64) -> Option<Self> {
        let place = Place::of(node);
        Self::of_tree(place.level, place.index, size).filter(|tile| place.hashes.end <= usize::from(tile.width))
    }

    /// Its level: 0 holds leaf hashes.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Its place in its level, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// Hashes in it, 1 to 256.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it is full, and thus final.
    pub const fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Whether a tree of `size` leaves has all its hashes.
    pub fn exists_in(self, size: u64) -> bool {
        let end = self.index.checked_mul(TILE_WIDTH.into()).and_then(|first| first.checked_add(self.width.into()));
        end.is_some_and(|end| end <= hashes_in_level(self.level, size))
    }

    /// The nodes whose hashes it holds, in order.
    pub fn nodes(self) -> impl Iterator<Item = Result<Node, MerkleError>> {
        let first = self.index * u64::from(TILE_WIDTH);
        (first..first + u64::from(self.width)).map(move |index| Node::new(self.level * TILE_HEIGHT, index))
    }

    /// Reads `tile/<L>/<N>` or `tile/<L>/<N>.p/<W>`.
    pub fn parse(path: &str) -> Result<Self, MerkleError> {
        let (level, place) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(MerkleError::TilePath)?;
        let level =
            number::parse_decimal(level).and_then(|level| level.try_into().ok()).ok_or(MerkleError::TilePath)?;
        let (index, width) = parse_place(place).ok_or(MerkleError::TilePath)?;
        Self::new(level, index, width)
    }
}

/// The path below the log's prefix.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, spell_place(self.index, self.width))
    }
}

/// Hashes in a level of tiles, over all its tiles.
fn hashes_in_level(level: u8, size: u64) -> u64 {
    if MAX_LEVEL < level { 0 } else { size >> (level * TILE_HEIGHT) }
}

/// Where a node is found: its tile, and the hashes of it that lie below the node.
pub(super) struct Place {
    pub(super) level: u8,
    pub(super) index: u64,
    pub(super) hashes: Range<usize>,
}

impl Place {
    pub(super) fn of(node: Node) -> Self {
        let (level, height) = (node.level() / TILE_HEIGHT, node.level() % TILE_HEIGHT);
        let first = node.index() << height;
        let (index, offset) = split_index(first);
        Self { level, index, hashes: offset..offset + (1 << height) }
    }
}

/// A tile's index and the place within it.
pub(super) fn split_index(hash: u64) -> (u64, usize) {
    let offset = usize::try_from(hash % u64::from(TILE_WIDTH)).unwrap_or(0);
    (hash / u64::from(TILE_WIDTH), offset)
}

/// The tiles that a tree of `new` leaves has and a tree of `old` did not, levels upwards, each with its final width: what is to be
/// stored and published after growing.
pub fn tiles_of_growth(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..=MAX_LEVEL).flat_map(move |level| {
        let before = hashes_in_level(level, old);
        let (first, _) = split_index(before);
        // One beyond the last tile; `of_tree` leaves out tiles without hashes.
        let end = split_index(hashes_in_level(level, new)).0 + 1;
        let tiles = (first..end).filter_map(move |index| Tile::of_tree(level, index, new));
        tiles.filter(move |tile| !tile.exists_in(old))
    })
}

/// The partial tiles of a tree, at most one a level. Its root follows from them, and so does every tile to come.
pub fn tiles_of_edge(size: u64) -> impl Iterator<Item = Tile> {
    (0..=MAX_LEVEL).filter_map(move |level| {
        let (index, _) = split_index(hashes_in_level(level, size));
        Tile::of_tree(level, index, size)
    })
}

/// The tiles from which the hashes of these subtrees are read or computed, in a tree of `size` leaves: each once, for one fetch.
pub fn tiles_of(subtrees: &[Subtree], size: u64) -> Result<BTreeSet<Tile>, MerkleError> {
    let nodes = subtrees.iter().flat_map(|subtree| subtree.nodes());
    nodes.map(|node| Tile::holding(node, size).ok_or(MerkleError::Missing(node))).collect()
}

/// Spells an index in groups of three digits, all but the last behind an `x`, and the width unless it is full.
pub(super) fn spell_place(index: u64, width: u16) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while 0 < rest {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    if width == TILE_WIDTH { text } else { format!("{text}.p/{width}") }
}

/// Reads index and width; accepts nothing that [`spell_place`] would not write.
pub(super) fn parse_place(text: &str) -> Option<(u64, u16)> {
    let (index_text, width) = match text.split_once(".p/") {
        Some((index, width)) => (index, number::parse_decimal(width)?.try_into().ok()?),
        None => (text, TILE_WIDTH),
    };
    let mut index = 0_u64;
    for group in index_text.split('/') {
        let digits: u64 = group.trim_start_matches('x').parse().ok()?;
        index = index.checked_mul(1000)?.checked_add(digits)?;
    }
    (spell_place(index, width) == text).then_some((index, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(tiles: impl Iterator<Item = Tile>) -> Vec<String> {
        tiles.map(|tile| tile.to_string()).collect()
    }

    #[track_caller]
    fn check_path(level: u8, index: u64, width: u16, path: &str) {
        let tile = Tile::new(level, index, width).unwrap();
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::parse(path), Ok(tile));
    }

    #[test]
    fn a_path_groups_the_digits_of_its_index() {
        check_path(0, 0, 256, "tile/0/000");
        check_path(0, 999, 1, "tile/0/999.p/1");
        check_path(1, 1000, 255, "tile/1/x001/000.p/255");
        check_path(0, 1_234_067, 256, "tile/0/x001/x234/067");
        check_path(0, (MAX_SIZE >> 8) - 1, 256, "tile/0/x036/x028/x797/x018/x963/966");
        check_path(0, MAX_SIZE >> 8, 255, "tile/0/x036/x028/x797/x018/x963/967.p/255");
        check_path(7, 0, 127, "tile/7/000.p/127");
    }

    #[test]
    fn a_path_has_one_spelling() {
        let bad = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/x001",
            "tile/0/001/000",
            "tile/0/xx01/000",
            "tile/0/x01/000",
            "tile/0/x001/x000",
            "tile/00/000",
            "tile/+0/000",
            "tile/-1/000",
            "tile/64/000",
            "tile/256/000",
            "tile/x/000",
            "tile/0/+12",
            "tile/0/-12",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/257",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "tile/0/000.P/1",
            "TILE/0/000",
            "tile/0/000 ",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/entries/000",
            "tile/0/٠٠٠",
        ];
        for path in bad {
            assert!(Tile::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_tile_that_no_tree_can_have_is_refused() {
        let tiles = [
            (8, 0, 1),
            (63, 0, 1),
            (255, 0, 1),
            (7, 0, 128),
            (7, 1, 1),
            (0, MAX_SIZE >> 8, 256),
            (0, u64::MAX, 1),
            (0, 0, 0),
            (0, 0, 257),
        ];
        for (level, index, width) in tiles {
            assert_eq!(Tile::new(level, index, width), Err(MerkleError::NoSuchTile), "{level} {index} {width}");
        }
        assert_eq!(Tile::of_tree(0, u64::MAX, u64::MAX), None);
    }

    /// The example of C2SP tlog-tiles: 273 full tiles and one of 112, one full of level 1 and one of 17, one hash on level 2.
    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        let tiles = paths(tiles_of_growth(0, 70_000));
        assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
        assert_eq!(tiles[272], "tile/0/272");
        assert_eq!(tiles[273..], ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(paths(tiles_of_edge(70_000)), ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn a_tree_of_256_has_a_full_tile_and_one_hash_above() {
        assert_eq!(paths(tiles_of_growth(0, 256)), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(tiles_of_edge(256)), ["tile/1/000.p/1"]);
    }

    #[test]
    fn growth_touches_only_tiles_with_new_hashes() {
        assert_eq!(paths(tiles_of_growth(5, 5)), [""; 0]);
        assert_eq!(paths(tiles_of_growth(5, 9)), ["tile/0/000.p/9"]);
        assert_eq!(paths(tiles_of_growth(255, 257)), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
        assert_eq!(paths(tiles_of_growth(256, 257)), ["tile/0/001.p/1"]);
        assert_eq!(paths(tiles_of_growth(65_535, 65_536)), ["tile/0/255", "tile/1/000", "tile/2/000.p/1"]);
        assert_eq!(paths(tiles_of_growth(9, 5)), [""; 0]);
    }

    #[test]
    fn a_node_is_found_in_the_tile_below_it() {
        let holding =
            |level, index, size| Tile::holding(Node::new(level, index).unwrap(), size).map(|tile| tile.to_string());
        assert_eq!(holding(0, 300, 301).unwrap(), "tile/0/001.p/45");
        assert_eq!(holding(0, 300, 300), None);
        assert_eq!(holding(7, 1, 256).unwrap(), "tile/0/000");
        assert_eq!(holding(7, 1, 255), None);
        assert_eq!(holding(8, 0, 256).unwrap(), "tile/1/000.p/1");
        assert_eq!(holding(8, 0, 255), None);
    }
}
