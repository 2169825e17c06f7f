//! A batch's chain as it is shown: each entry as its bytes say, and whether it is sealed. It must never show from a column what the
//! bytes say themselves.

use crate::error::{Error, Result};
use crate::stamp::BatchNo;

use super::entry::Entry;
use super::published_store;
use super::service::Ledger;
use super::store;
use super::store::ChainRow;
use super::types::{Kind, Line, Seal};

/// A witness and the size of the largest published checkpoint that it cosigned: it stands for every entry before that.
struct Reach {
    name: String,
    size: u64,
}

impl Ledger {
    /// A batch's chain in its order; empty for a batch without entries. As many queries as there are witnesses, and one.
    pub async fn lines_of(&self, batch_no: BatchNo) -> Result<Vec<Line>> {
        let mut conn = self.parts.db.conn().await?;
        let rows = store::chain_of(&mut conn, batch_no).await?;
        let mut reaches = Vec::new();
        for witness in self.parts.witnesses.witnesses() {
            let size = published_store::last_size_cosigned_by(&mut conn, &witness.signs_as()).await?;
            reaches.extend(size.map(|size| Reach { name: witness.name.clone(), size }));
        }
        rows.iter().map(|row| to_line(row, &reaches)).collect()
    }
}

fn to_line(row: &ChainRow, reaches: &[Reach]) -> Result<Line> {
    let entry = Entry::parse(&row.bytes).map_err(Error::internal)?;
    let kind = Kind::parse(&entry.kind).ok_or_else(|| Error::internal("an entry of a kind that is not known here"))?;
    let n = entry.n.ok_or_else(|| Error::internal("an entry of a chain without a place in it"))?;
    let seal = match (row.index, row.sealed_at) {
        (Some(index), Some(at)) => {
            let covering = reaches.iter().filter(|reach| index < reach.size);
            Seal::Sealed { index, at, witnesses: covering.map(|reach| reach.name.clone()).collect() }
        }
        _ => Seal::Pending,
    };
    Ok(Line {
        entry_no: row.entry_no,
        n,
        kind,
        at: entry.at,
        recorded: entry.recorded,
        public: entry.public,
        author_role: entry.actor.role,
        leaf_hash: row.leaf_hash,
        seal,
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::ledger::entry::Place;
    use crate::ledger::{Author, Draft, EntryNo};
    use crate::merkle::hash_leaf;

    fn row(index: Option<u64>, is_published: bool) -> ChainRow {
        let batch = BatchNo::new(2041).unwrap();
        let (at, author) = (DateTime::UNIX_EPOCH, Author::OPERATOR);
        let draft = Draft { kind: Kind::Event, batch: Some(batch), at, author, public: json!({"a": 1}), private: None };
        let bytes = Entry::of_draft(&draft, Some(Place { batch, n: 1, prev: None }), at, None).to_bytes().unwrap();
        let sealed_at = is_published.then_some(at);
        ChainRow { entry_no: EntryNo(5), leaf_hash: hash_leaf(&bytes), bytes, index, sealed_at }
    }

    #[test]
    fn an_entry_is_sealed_once_a_checkpoint_that_covers_it_is_published() {
        let seal = |index, is_published| to_line(row(index, is_published), &[]).unwrap().seal;
        assert_eq!(seal(None, false), Seal::Pending);
        assert_eq!(seal(Some(7), false), Seal::Pending);
        assert_eq!(seal(Some(7), true), Seal::Sealed { index: 7, at: DateTime::UNIX_EPOCH, witnesses: vec![] });
    }

    #[test]
    fn a_witness_stands_for_the_entries_before_the_size_it_cosigned() {
        let reaches = [("báo", 9), ("viện", 8), ("trường", 7)].map(|(name, size)| Reach { name: name.into(), size });
        let Seal::Sealed { witnesses, .. } = to_line(row(Some(7), true), &reaches).unwrap().seal else {
            panic!("not sealed");
        };
        assert_eq!(witnesses, ["báo", "viện"]);
    }

    #[test]
    fn a_line_says_what_its_bytes_say() {
        let line = to_line(row(None, false), &[]).unwrap();
        assert_eq!((line.n, line.kind, line.author_role.as_str()), (1, Kind::Event, "operator"));
        assert_eq!(line.public, json!({"a": 1}));
    }
}
