//! Entry bundles (C2SP tlog-tiles): 256 entries, or fewer at the right edge, each behind its length. The bytes of an entry pass
//! through untouched: what was hashed is what is served.

use std::fmt;

use super::tile::{parse_place, spell_place};
use super::{MerkleError, Tile, tiles_of_growth};

/// Most bytes in an entry: its length is two bytes in a bundle.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// A bundle of entries: those whose hashes are in the tile of level 0 with the same index and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    leaves: Tile,
}

impl Bundle {
    /// The bundle of this index with its first `width` entries, 1 to 256.
    pub fn new(index: u64, width: u16) -> Result<Self, MerkleError> {
        Ok(Self { leaves: Tile::new(0, index, width)? })
    }

    /// The tile with the hashes of its entries.
    pub const fn leaves(self) -> Tile {
        self.leaves
    }

    /// Reads `tile/entries/<N>` or `tile/entries/<N>.p/<W>`.
    pub fn parse(path: &str) -> Result<Self, MerkleError> {
        let (index, width) = path.strip_prefix("tile/entries/").and_then(parse_place).ok_or(MerkleError::TilePath)?;
        Self::new(index, width)
    }
}

/// The path below the log's prefix.
impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", spell_place(self.leaves.index(), self.leaves.width()))
    }
}

/// The bundles that a tree of `new` leaves has and a tree of `old` did not.
pub fn bundles_of_growth(old: u64, new: u64) -> impl Iterator<Item = Bundle> {
    tiles_of_growth(old, new).take_while(|tile| tile.level() == 0).map(|leaves| Bundle { leaves })
}

/// Writes entries one after the other, each behind its length in two bytes, the higher first.
pub fn write_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, MerkleError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| MerkleError::EntryLong)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads exactly the entries of this bundle.
pub fn read_bundle(bundle: Bundle, bytes: &[u8]) -> Result<Vec<&[u8]>, MerkleError> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(bundle.leaves.width().into());
    for _ in 0..bundle.leaves.width() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(MerkleError::TileData)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(MerkleError::TileData)?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(MerkleError::TileData) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_and_printed_as_the_specification_spells_it() {
        for (index, width, path) in [
            (0, 256, "tile/entries/000"),
            (1_234_067, 256, "tile/entries/x001/x234/067"),
            (273, 112, "tile/entries/273.p/112"),
        ] {
            let bundle = Bundle::new(index, width).unwrap();
            assert_eq!(bundle.to_string(), path);
            assert_eq!(Bundle::parse(path), Ok(bundle));
        }
        for path in
            ["tile/entries/", "tile/entries", "tile/0/000", "tile/entries/0", "tile/entries/000.p/256", "tile/data/000"]
        {
            assert_eq!(Bundle::parse(path), Err(MerkleError::TilePath), "{path}");
        }
    }

    #[test]
    fn growth_gives_the_bundles_of_the_new_leaves() {
        let paths: Vec<String> = bundles_of_growth(255, 600).map(|bundle| bundle.to_string()).collect();
        assert_eq!(paths, ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"]);
    }

    #[test]
    fn entries_stand_behind_their_lengths() {
        let bytes = write_bundle([b"a".as_slice(), b"", &[0xff; 258]]).unwrap();
        assert_eq!(bytes[..7], [0, 1, b'a', 0, 0, 1, 2]);
        assert_eq!(bytes.len(), 3 + 2 + 2 + 258);
        assert_eq!(read_bundle(Bundle::new(0, 3).unwrap(), &bytes).unwrap(), [b"a".as_slice(), b"", &[0xff; 258]]);
    }

    #[test]
    fn an_entry_of_65536_bytes_is_refused() {
        assert!(write_bundle([vec![0; MAX_ENTRY_BYTES].as_slice()]).is_ok());
        assert_eq!(write_bundle([vec![0; MAX_ENTRY_BYTES + 1].as_slice()]), Err(MerkleError::EntryLong));
    }

    #[test]
    fn a_bundle_with_another_number_of_entries_is_refused() {
        let bytes = write_bundle([b"one".as_slice(), b"two"]).unwrap();
        for width in [1, 3, 256] {
            assert_eq!(read_bundle(Bundle::new(0, width).unwrap(), &bytes), Err(MerkleError::TileData));
        }
        for end in 0..bytes.len() {
            assert_eq!(read_bundle(Bundle::new(0, 2).unwrap(), &bytes[..end]), Err(MerkleError::TileData));
        }
    }
}
