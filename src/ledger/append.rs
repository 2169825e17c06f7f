//! Appending: entries are made and stored in the transaction of the act that they record, so that neither exists without the other.
//! It reads no clock, opens no transaction and gives no place in the tree: that is the sequencer's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::result::{DatabaseErrorKind, Error as Diesel};
use diesel_async::AsyncPgConnection;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::merkle::hash_leaf;
use crate::stamp::BatchNo;

use super::canonical::{parse_canonical, write_canonical};
use super::entry::{Entry, EntryError, MAX_ENTRY_BYTES, Place, SALT_BYTES, hash_private};
use super::manifest::ChainHead;
use super::store;
use super::store::{MadeEntry, PrivateRow};
use super::types::{Appended, Draft, EntryNo};

/// Entries per statement: some hundred kilobytes, and no wait that others would notice.
const CHUNK_ENTRIES: usize = 1_000;
/// Entries made in one go, some microseconds each, before other tasks get the thread.
const ENTRIES_BEFORE_A_BREAK: usize = 50;
/// Longest private data of an entry, bytes: the table's own limit.
const MAX_PRIVATE_BYTES: usize = 65_536;
/// What the database answers to an insert while the ledger is halted (error code NG001, which diesel does not pass on).
const HALTED: &str = "the ledger is halted";
/// The constraint that a caller runs into who does not hold the batch's row.
const PLACE_TAKEN: &str = "one_entry_per_place_in_a_chain";

/// Private data as it is stored, with what the entry holds of it.
struct PrivateData {
    salt: [u8; SALT_BYTES],
    bytes: Vec<u8>,
}

impl PrivateData {
    fn new(data: &Value) -> Result<Self> {
        let bytes = write_canonical(data).map_err(Error::internal)?;
        if MAX_PRIVATE_BYTES < bytes.len() {
            return Err(Error::refused(
                "entry-too-long",
                format!(
                    "Phần nội dung không công khai dài {} byte, nhiều nhất là {MAX_PRIVATE_BYTES}; xin viết ngắn lại.",
                    bytes.len()
                ),
                format!("what is kept private has {} bytes and may have {MAX_PRIVATE_BYTES}; shorten it", bytes.len()),
            ));
        }
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(Error::internal)?;
        Ok(Self { salt, bytes })
    }
}

/// Makes and stores an entry, inside the caller's transaction. Of an entry of a batch the caller holds the batch's row, or it may
/// lose a race for its place in the chain and is told to try again.
pub async fn append(conn: &mut AsyncPgConnection, draft: &Draft, recorded: DateTime<Utc>) -> Result<Appended> {
    let place = match draft.batch {
        Some(batch) => Some(place_after(batch, store::head_of(conn, batch).await?)),
        None => None,
    };
    let private = draft.private.as_ref().map(PrivateData::new).transpose()?;
    let data = private.as_ref().map(|private| hash_private(&private.salt, &private.bytes));
    let made = make(Entry::of_draft(draft, place, recorded, data))?;
    let entry_no = store::insert(conn, &made).await.map_err(explain)?;
    if let Some(private) = private {
        store::insert_private(conn, entry_no, &private.salt, &private.bytes).await?;
    }
    Ok(Appended { entry_no, n: made.entry.n, leaf_hash: made.leaf_hash })
}

/// Makes and stores many entries in their order, inside the caller's transaction: a register that is imported, rows older than the
/// ledger. Drafts of one batch follow each other in its chain. None of them may have private data.
pub async fn append_all(conn: &mut AsyncPgConnection, drafts: &[Draft], recorded: DateTime<Utc>) -> Result<()> {
    for chunk in drafts.chunks(CHUNK_ENTRIES) {
        let batches: Vec<BatchNo> = chunk.iter().filter_map(|draft| draft.batch).collect();
        let mut heads = store::heads_of(conn, &batches).await?;
        let mut all_made = Vec::with_capacity(chunk.len());
        for drafts in chunk.chunks(ENTRIES_BEFORE_A_BREAK) {
            for draft in drafts {
                all_made.push(make_next(&mut heads, draft, recorded)?);
            }
            tokio::task::yield_now().await;
        }
        store::insert_all(conn, &all_made).await.map_err(explain)?;
    }
    Ok(())
}

/// Makes the next entry of its chain, which then is the chain's head.
fn make_next(heads: &mut BTreeMap<BatchNo, ChainHead>, draft: &Draft, recorded: DateTime<Utc>) -> Result<MadeEntry> {
    if draft.private.is_some() {
        return Err(Error::internal("entries that are appended in bulk have no private data"));
    }
    let place = draft.batch.map(|batch| place_after(batch, heads.get(&batch).copied()));
    let made = make(Entry::of_draft(draft, place, recorded, None))?;
    if let Some(Place { batch, n, .. }) = place {
        heads.insert(batch, ChainHead { batch, n, hash: made.leaf_hash });
    }
    Ok(made)
}

fn place_after(batch: BatchNo, head: Option<ChainHead>) -> Place {
    Place { batch, n: head.map_or(1, |head| head.n + 1), prev: head.map(|head| head.hash) }
}

fn make(entry: Entry) -> Result<MadeEntry> {
    let bytes = entry.to_bytes().map_err(|err| match err {
        EntryError::Long { n_bytes, longest } => Error::refused(
            "entry-too-long",
            format!(
                "Nội dung ghi vào sổ cái dài {n_bytes} byte, nhiều nhất là {MAX_ENTRY_BYTES}; xin viết ngắn lại mục \"{longest}\". Chưa ghi gì cả."
            ),
            format!(
                "the entry for the ledger has {n_bytes} bytes and may have {MAX_ENTRY_BYTES}; shorten \"{longest}\"; nothing was written"
            ),
        ),
        err => Error::internal(err),
    })?;
    Ok(MadeEntry { leaf_hash: hash_leaf(&bytes), bytes, entry })
}

/// What a failed insert means.
fn explain(err: Diesel) -> Error {
    match &err {
        Diesel::DatabaseError(_, info) if info.message() == HALTED => Error::LedgerHalted {
            vi: "cơ sở dữ liệu cũ hơn, hoặc khác với những gì đã công bố. Chưa ghi gì cả; xin báo văn phòng để người quản trị khôi phục bản mới nhất."
                .to_owned(),
            en: "the database is older than, or differs from, what was published; nothing was written, tell the operator to restore the newest copy"
                .to_owned(),
        },
        Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, info)
            if info.constraint_name() == Some(PLACE_TAKEN) =>
        {
            Error::Busy(err.into())
        }
        _ => err.into(),
    }
}

/// What was kept outside these entries, by row. An entry without private data, or whose data was erased, is not among them, and
/// neither is one whose data is not what the entry holds the hash of: such words are nobody's.
pub async fn private_of(conn: &mut AsyncPgConnection, entry_nos: &[EntryNo]) -> Result<BTreeMap<EntryNo, Value>> {
    let rows = store::private_rows(conn, entry_nos).await?;
    Ok(rows.iter().filter_map(|row| Some((row.entry_no, read_private(row)?))).collect())
}

/// The data, if it is what the entry holds the hash of.
fn read_private(row: &PrivateRow) -> Option<Value> {
    let salt = row.salt.as_slice().try_into().ok()?;
    let entry = Entry::parse(&row.bytes).ok()?;
    if entry.data != Some(hash_private(salt, &row.data)) {
        return None;
    }
    parse_canonical(&row.data).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::{Author, Kind};

    fn draft(batch: Option<u32>, public: Value) -> Draft {
        let batch = batch.map(|no| BatchNo::new(no).unwrap());
        let at = DateTime::UNIX_EPOCH;
        Draft { kind: Kind::Imported, batch, at, author: Author::SERVICE, public, private: None }
    }

    #[test]
    fn entries_made_in_bulk_follow_each_other_in_their_chains() {
        let batch = BatchNo::new(1).unwrap();
        let stored = hash_leaf(b"stored");
        let mut heads = BTreeMap::from([(batch, ChainHead { batch, n: 3, hash: stored })]);
        let mut next = |no| make_next(&mut heads, &draft(no, json!({})), DateTime::UNIX_EPOCH).unwrap();
        let (fourth, other, alone, fifth) = (next(Some(1)), next(Some(2)), next(None), next(Some(1)));
        assert_eq!((fourth.entry.n, fourth.entry.prev), (Some(4), Some(stored)));
        assert_eq!((other.entry.n, other.entry.prev), (Some(1), None));
        assert_eq!((alone.entry.n, alone.entry.prev), (None, None));
        assert_eq!((fifth.entry.n, fifth.entry.prev), (Some(5), Some(fourth.leaf_hash)));
    }

    #[test]
    fn private_data_is_refused_in_bulk() {
        let draft = Draft { private: Some(json!({})), ..draft(None, json!({})) };
        assert_eq!(make_next(&mut BTreeMap::new(), &draft, DateTime::UNIX_EPOCH).unwrap_err().code(), "internal");
    }

    #[test]
    fn a_too_long_entry_is_refused_with_what_to_shorten() {
        let draft = draft(None, json!({"note": "x".repeat(5_000)}));
        let refused = make(Entry::of_draft(&draft, None, DateTime::UNIX_EPOCH, None)).unwrap_err();
        assert_eq!(refused.code(), "entry-too-long");
        assert!(refused.vi().contains("\"note\"") && refused.to_string().contains("\"note\""));
    }

    #[test]
    fn words_that_are_not_what_the_entry_holds_the_hash_of_are_not_read() {
        let private = PrivateData::new(&json!({"note": "mốc"})).unwrap();
        let data = Some(hash_private(&private.salt, &private.bytes));
        let bytes = Entry::of_draft(&draft(None, json!({})), None, DateTime::UNIX_EPOCH, data).to_bytes().unwrap();
        let row = |data: &[u8]| PrivateRow {
            entry_no: EntryNo(1),
            bytes: bytes.clone(),
            salt: private.salt.to_vec(),
            data: data.to_vec(),
        };
        assert_eq!(read_private(&row(&private.bytes)), Some(json!({"note": "mốc"})));
        assert_eq!(read_private(&row(r#"{"note":"tốt"}"#.as_bytes())), None);
    }

    #[test]
    fn two_salts_are_never_the_same() {
        let salt = || PrivateData::new(&json!({"name": "An"})).unwrap().salt;
        assert_ne!(salt(), salt());
    }

    fn database_error(kind: DatabaseErrorKind, message: &str) -> Error {
        explain(Diesel::DatabaseError(kind, Box::new(message.to_owned())))
    }

    #[test]
    fn a_halted_ledger_says_so() {
        assert_eq!(database_error(DatabaseErrorKind::Unknown, HALTED).code(), "ledger-halted");
        assert_eq!(database_error(DatabaseErrorKind::Unknown, "another message").code(), "internal");
    }
}
