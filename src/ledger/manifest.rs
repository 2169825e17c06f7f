//! The daily manifest: how many entries there are and where every chain ends, so that nothing newer can be hidden. Pure.
//!
//! A manifest covers exactly the entries with a smaller index than its own. Its root is the RFC 6962 Merkle Tree Hash over one leaf a
//! batch, by rising batch number; the leaf is the text line `<batch> <n> <hash>` with its newline, where n is the place of the batch's
//! last entry in its chain and the hash is that entry's leaf hash in base64. Without any batch it is the root of the empty tree.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::merkle::{Frontier, Hash, MerkleError, hash_leaf};
use crate::stamp::BatchNo;

/// Where a batch's chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The batch.
    pub batch: BatchNo,
    /// The place of its last entry, from 1.
    pub n: u32,
    /// Leaf hash of that entry.
    pub hash: Hash,
}

/// The root over the ends of all chains, in whatever order they come; each batch once.
pub fn manifest_root(heads: &[ChainHead]) -> Result<Hash, MerkleError> {
    let mut heads = heads.to_vec();
    heads.sort_unstable_by_key(|head| head.batch);
    let mut frontier = Frontier::default();
    for head in heads {
        frontier.append(hash_leaf(format!("{} {} {}\n", head.batch, head.n, head.hash).as_bytes()))?;
    }
    Ok(frontier.root())
}

/// What a manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The day in Asia/Ho_Chi_Minh on which it was made.
    pub day: NaiveDate,
    /// Entries before it in the tree: its index.
    pub count: u64,
    /// Batches with at least one entry before it.
    pub chains: u64,
    /// The root over where their chains end.
    pub root: Hash,
}

impl Manifest {
    /// The manifest of a day, over these chains.
    pub fn new(day: NaiveDate, count: u64, heads: &[ChainHead]) -> Result<Self, MerkleError> {
        let chains = u64::try_from(heads.len()).map_err(|_| MerkleError::TooLarge)?;
        Ok(Self { day, count, chains, root: manifest_root(heads)? })
    }

    /// The public part of its entry.
    pub fn to_public(&self) -> Value {
        json!({
            "day": self.day.to_string(),
            "count": self.count,
            "chains": self.chains,
            "root": self.root.to_string(),
        })
    }

    /// Reads the public part of a manifest's entry; none if it says anything else.
    pub fn parse(public: &Value) -> Option<Self> {
        let text = |name: &str| public.get(name)?.as_str();
        let number = |name: &str| public.get(name)?.as_u64();
        let this = Self {
            day: text("day")?.parse().ok()?,
            count: number("count")?,
            chains: number("chains")?,
            root: Hash::parse(text("root")?)?,
        };
        (this.to_public() == *public).then_some(this)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::hash_node;

    fn head(batch: u32, n: u32) -> ChainHead {
        ChainHead { batch: BatchNo::new(batch).unwrap(), n, hash: hash_leaf(&n.to_be_bytes()) }
    }

    fn leaf(text: &str, n: u32) -> Hash {
        hash_leaf(format!("{text} {}\n", head(0, n).hash).as_bytes())
    }

    #[test]
    fn the_root_is_that_of_one_line_a_batch() {
        let root = manifest_root(&[head(2, 4), head(10, 1), head(300, 12)]).unwrap();
        assert_eq!(root, hash_node(&hash_node(&leaf("2 4", 4), &leaf("10 1", 1)), &leaf("300 12", 12)));
    }

    #[test]
    fn the_root_goes_by_number_whatever_the_order() {
        let (one, other) = ([head(2, 4), head(10, 1)], [head(10, 1), head(2, 4)]);
        assert_eq!(manifest_root(&one), manifest_root(&other));
    }

    #[test]
    fn a_newer_entry_of_any_chain_gives_another_root() {
        assert_ne!(manifest_root(&[head(2, 4), head(10, 1)]), manifest_root(&[head(2, 4), head(10, 2)]));
    }

    #[test]
    fn without_batches_it_is_the_empty_root() {
        assert_eq!(manifest_root(&[]), Ok(Hash::EMPTY_ROOT));
    }

    #[test]
    fn a_manifest_is_read_as_it_is_written() {
        let manifest = Manifest::new("2026-11-29".parse().unwrap(), 7, &[head(2, 4)]).unwrap();
        let public = manifest.to_public();
        assert_eq!(public["day"], "2026-11-29");
        assert_eq!(Manifest::parse(&public), Some(manifest));
    }

    #[test]
    fn anything_else_is_no_manifest() {
        let public = Manifest::new("2026-11-29".parse().unwrap(), 7, &[]).unwrap().to_public();
        for name in ["day", "count", "chains", "root"] {
            let mut other = public.clone();
            other[name] = json!("x");
            assert_eq!(Manifest::parse(&other), None, "{name}");
        }
        let mut more = public;
        more["more"] = json!(1);
        assert_eq!(Manifest::parse(&more), None);
    }
}
