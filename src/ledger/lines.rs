//! A batch's chain as it is shown: each entry as its bytes say, and whether it is sealed. It must never show from a column what the
//! bytes say themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::error::{Error, Result};
use crate::merkle::{Hash, hash_leaf};
use crate::stamp::BatchNo;

use super::entry::Entry;
use super::published_store;
use super::service::Ledger;
use super::store;
use super::store::ChainRow;
use super::types::{EntryNo, Kind, Line, Seal, SealedBy};

/// A witness, and when it first vouched for the entries of a chain that it cosigned, by their places in the tree.
struct Word {
    name: String,
    first: BTreeMap<u64, DateTime<Utc>>,
}

impl Ledger {
    /// The newest lines of a batch's chain, of those before a place if one is given, at most `limit`, in the order of the chain;
    /// empty for a batch without entries. As many queries as there are witnesses, and one. Entries are read off the web workers.
    pub async fn lines_of(&self, batch_no: BatchNo, before: Option<u32>, limit: u32) -> Result<Vec<Line>> {
        let mut conn = self.parts.db.conn().await?;
        let rows = store::chain_of(&mut conn, batch_no, before, limit).await?;
        let places: Vec<u64> = rows.iter().filter_map(|row| row.index).collect();
        let mut words = Vec::new();
        for witness in self.parts.witnesses.witnesses() {
            let first = published_store::first_cosigned_by(&mut conn, &witness.signs_as(), &places).await?;
            words.push(Word { name: witness.name.clone(), first });
        }
        drop(conn);
        tokio::task::spawn_blocking(move || rows.iter().map(|row| to_line(row, &words)).collect()).await?
    }
}

/// Entries of one kind in a batch's chain behind a place, at most `limit`, in the order of the chain. Those whose bytes are not what
/// was hashed are left out.
pub async fn entries_of_kind(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    kind: Kind,
    after: u32,
    limit: u32,
) -> Result<Vec<(EntryNo, Entry)>> {
    let rows = store::chain_of_kind(conn, batch_no, kind.as_str(), after, limit).await?;
    let whole = move |(entry_no, bytes, hash): (EntryNo, Vec<u8>, Hash)| {
        let entry = (hash_leaf(&bytes) == hash).then(|| Entry::parse(&bytes).ok())??;
        (entry.kind == kind.as_str()).then_some((entry_no, entry))
    };
    tokio::task::spawn_blocking(move || Ok(rows.into_iter().filter_map(whole).collect())).await?
}

fn to_line(row: &ChainRow, words: &[Word]) -> Result<Line> {
    let entry = Entry::parse(&row.bytes).map_err(Error::internal)?;
    let kind = Kind::parse(&entry.kind).ok_or_else(|| Error::internal("an entry of a kind that is not known here"))?;
    let n = entry.n.ok_or_else(|| Error::internal("an entry of a chain without a place in it"))?;
    let is_whole = hash_leaf(&row.bytes) == row.leaf_hash;
    let seal = match (row.index, row.sealed_at) {
        _ if !is_whole => Seal::Broken,
        (Some(index), Some(at)) => {
            let given = words.iter().filter_map(|word| {
                let at = *word.first.get(&index)?;
                Some(SealedBy { name: word.name.clone(), at })
            });
            Seal::Sealed { index, at, witnesses: given.collect() }
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
    use crate::ledger::{Author, Draft};

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
        let seal = |index, is_published| to_line(&row(index, is_published), &[]).unwrap().seal;
        assert_eq!(seal(None, false), Seal::Pending);
        assert_eq!(seal(Some(7), false), Seal::Pending);
        assert_eq!(seal(Some(7), true), Seal::Sealed { index: 7, at: DateTime::UNIX_EPOCH, witnesses: vec![] });
    }

    #[test]
    fn an_entry_whose_bytes_are_not_those_that_were_hashed_is_never_sealed() {
        for (index, is_published) in [(None, false), (Some(7), true)] {
            let row = ChainRow { leaf_hash: hash_leaf(b"other bytes"), ..row(index, is_published) };
            assert_eq!(to_line(&row, &[]).unwrap().seal, Seal::Broken);
        }
    }

    #[test]
    fn a_witness_stands_for_the_entries_that_it_cosigned_with_the_time_at_which_it_did() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let words = [("báo", 7), ("viện", 6)]
            .map(|(name, place)| Word { name: name.into(), first: BTreeMap::from([(place, at)]) });
        let Seal::Sealed { witnesses, .. } = to_line(&row(Some(7), true), &words).unwrap().seal else {
            panic!("not sealed");
        };
        assert_eq!(witnesses, [SealedBy { name: "báo".into(), at }]);
    }

    #[test]
    fn a_line_says_what_its_bytes_say() {
        let line = to_line(&row(None, false), &[]).unwrap();
        assert_eq!((line.n, line.kind, line.author_role.as_str()), (1, Kind::Event, "operator"));
        assert_eq!(line.public, json!({"a": 1}));
    }
}
