//! A bundle of entries as it was fetched, hashed and read. Pure: this is the work that takes time, and it can be done for several
//! bundles at once, because nothing here depends on the entries before.

use chrono::{DateTime, Utc};

use crate::ledger::manifest::Manifest;
use crate::ledger::{Entry, Kind};
use crate::merkle::{Bundle, Hash, TILE_WIDTH, Tile, hash_leaf};

use super::chains::Link;
use super::types::{Fault, Place, Problem};

/// What an audit needs of what an entry says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Its place in its batch's chain.
    pub(super) link: Option<Link>,
    /// When the log recorded it.
    pub(super) recorded: DateTime<Utc>,
    /// Whether it is a manifest, and what it says then.
    pub(super) manifest: ManifestSaid,
}

/// The manifest in an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum ManifestSaid {
    /// The entry is none.
    None,
    /// This one.
    Some(Manifest),
    /// The entry is of that kind and says something else.
    Garbled,
}

impl Said {
    /// Of an entry that was read.
    pub(super) fn of(entry: &Entry) -> Self {
        let link = entry.batch.zip(entry.n).map(|(batch, n)| Link { batch, n, prev: entry.prev });
        let manifest = match Manifest::parse(&entry.public) {
            _ if entry.kind != Kind::Manifest.as_str() => ManifestSaid::None,
            Some(manifest) if link.is_none() => ManifestSaid::Some(manifest),
            _ => ManifestSaid::Garbled,
        };
        Self { link, recorded: entry.recorded, manifest }
    }
}

/// An entry of the log.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Hash of its bytes; where the bytes are missing, the hash that the tile gives.
    pub(super) hash: Hash,
    /// The hash that the published tile gives, if it has one.
    pub(super) published: Option<Hash>,
    /// What it says; nothing if it could not be read.
    pub(super) said: Option<Said>,
}

/// Some entries in their order.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Index of the first.
    pub(super) first: u64,
    /// Index after the last that there should be.
    pub(super) end: u64,
    /// The entries that there are, from the first on.
    pub(super) leaves: Vec<Leaf>,
    /// What is wrong with each by itself.
    pub(super) problems: Vec<Problem>,
}

impl Part {
    /// Reads a bundle and the tile with its leaf hashes, as they were fetched.
    pub(super) fn read(bundle: Bundle, entries: &[u8], tile: &[u8]) -> Self {
        let place = bundle.leaves();
        let width = usize::from(place.width());
        let first = place.index() * u64::from(TILE_WIDTH);
        let end = first + u64::from(place.width());
        let mut part = Self { first, end, leaves: Vec::with_capacity(width), problems: Vec::new() };
        let hashes = part.read_hashes(place, tile);
        let (mut rest, mut n_there) = (entries, 0_u16);
        for (offset, index) in (0..width).zip(first..) {
            let published = hashes.get(offset).copied();
            if let Some((entry, after)) = split_entry(rest) {
                (rest, n_there) = (after, n_there + 1);
                part.take(index, entry, published, place);
            } else if let Some(hash) = published {
                // What is cut off has no bytes; the tree goes on with the published hash, so that the rest can be checked.
                rest = &[];
                part.leaves.push(Leaf { hash, published, said: None });
            } else {
                break;
            }
        }
        if n_there < place.width() || !rest.is_empty() {
            part.tell_cut(n_there.into(), bundle.to_string());
        }
        part
    }

    fn read_hashes(&mut self, tile: Tile, data: &[u8]) -> Vec<Hash> {
        let (hashes, rest) = data.as_chunks::<{ Hash::LEN }>();
        let width = usize::from(tile.width());
        if !rest.is_empty() || hashes.len() != width {
            self.tell_cut(u64::try_from(hashes.len().min(width)).unwrap_or(0), tile.to_string());
        }
        hashes.iter().take(width).copied().map(Hash::new).collect()
    }

    fn tell_cut(&mut self, n_there: u64, path: String) {
        self.problems.push(Problem { place: Place::at(self.first + n_there), fault: Fault::Cut { path } });
    }

    fn take(&mut self, index: u64, bytes: &[u8], published: Option<Hash>, tile: Tile) {
        let hash = hash_leaf(bytes);
        let mut place = Place::at(index);
        let said = match Entry::parse(bytes) {
            Ok(entry) => {
                (place.batch, place.n) = (entry.batch, entry.n);
                Some(Said::of(&entry))
            }
            Err(err) => {
                self.problems.push(Problem { place, fault: Fault::Unreadable(err.to_string()) });
                None
            }
        };
        if published.is_some_and(|published| published != hash) {
            self.problems.push(Problem { place, fault: Fault::Leaf { tile: tile.to_string() } });
        }
        self.leaves.push(Leaf { hash, published, said });
    }
}

/// The next entry of a bundle, behind its length.
fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::testing::Log;

    fn faults(part: &Part) -> Vec<(Option<u64>, &Fault)> {
        part.problems.iter().map(|problem| (problem.place.index, &problem.fault)).collect()
    }

    fn bundle_of(log: &Log) -> (Bundle, Vec<u8>, Vec<u8>) {
        let bundle = Bundle::new(1, 44).unwrap();
        (bundle, log.bundle(bundle), log.tiles.data(bundle.leaves()).unwrap())
    }

    #[test]
    fn a_sound_bundle_has_no_problems() {
        let (bundle, entries, tile) = bundle_of(&Log::of(300));
        let part = Part::read(bundle, &entries, &tile);
        assert_eq!((part.first, part.leaves.len(), part.problems.len()), (256, 44, 0));
    }

    #[test]
    fn a_flipped_byte_in_an_entry_names_its_index() {
        let (bundle, mut entries, tile) = bundle_of(&Log::of(300));
        // In the middle of the first entry.
        entries[60] ^= 1;
        let part = Part::read(bundle, &entries, &tile);
        assert!(faults(&part).contains(&(Some(256), &Fault::Leaf { tile: "tile/0/001.p/44".to_owned() })));
        assert!(part.problems.iter().all(|problem| problem.place.index == Some(256)));
    }

    #[test]
    fn a_flipped_byte_in_a_tile_names_the_index() {
        let (bundle, entries, mut tile) = bundle_of(&Log::of(300));
        tile[32 * 7] ^= 1;
        let part = Part::read(bundle, &entries, &tile);
        assert_eq!(faults(&part), [(Some(263), &Fault::Leaf { tile: "tile/0/001.p/44".to_owned() })]);
    }

    #[test]
    fn a_cut_bundle_names_the_first_entry_that_is_missing() {
        let (bundle, entries, tile) = bundle_of(&Log::of(300));
        let part = Part::read(bundle, &entries[..entries.len() - 1], &tile);
        assert_eq!(faults(&part), [(Some(299), &Fault::Cut { path: "tile/entries/001.p/44".to_owned() })]);
        assert_eq!(part.leaves.len(), 44);
        assert!(part.leaves[43].said.is_none());
    }

    #[test]
    fn bytes_behind_the_last_entry_are_a_problem() {
        let (bundle, mut entries, tile) = bundle_of(&Log::of(300));
        entries.extend([0, 0]);
        let part = Part::read(bundle, &entries, &tile);
        assert_eq!(faults(&part), [(Some(300), &Fault::Cut { path: "tile/entries/001.p/44".to_owned() })]);
    }

    #[test]
    fn a_tile_of_another_length_is_a_problem_and_the_entries_are_read() {
        let (bundle, entries, tile) = bundle_of(&Log::of(300));
        let part = Part::read(bundle, &entries, &tile[..100]);
        assert_eq!(faults(&part), [(Some(259), &Fault::Cut { path: "tile/0/001.p/44".to_owned() })]);
        assert_eq!(part.leaves.len(), 44);
    }

    #[test]
    fn where_bytes_and_hashes_are_missing_the_part_ends() {
        let (bundle, entries, tile) = bundle_of(&Log::of(300));
        let part = Part::read(bundle, &entries[..entries.len() - 1], &tile[..1000]);
        assert_eq!(part.leaves.len(), 43);
    }
}
