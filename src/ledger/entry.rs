//! An entry as bytes: exactly what is hashed, stored, served and proved. Pure. What was written is never written anew from what was
//! read: the bytes are the record, and [`Entry::parse`] only says what is in them.
//!
//! Times are RFC 3339 in UTC with `Z`, in whole seconds or, when there are any, with three digits of milliseconds:
//! `2026-03-12T01:41:00Z`, `2026-03-12T01:41:00.250Z`.

use chrono::{DateTime, Datelike, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::canonical::{CanonicalError, write_canonical};
use super::types::{Author, Draft};
use crate::merkle::Hash;
use crate::stamp::BatchNo;

/// Longest entry, bytes. The ledger's format would take 65,535; what is longer belongs outside, behind its hash.
pub const MAX_ENTRY_BYTES: usize = 4096;
/// The one version there is.
const VERSION: u64 = 1;
/// Longest name of a kind, characters.
const MAX_KIND_CHARS: usize = 40;
/// Bytes of chance before private data, so that short data cannot be guessed from its hash.
pub(super) const SALT_BYTES: usize = 16;

/// Why bytes are no entry, or no entry can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// More bytes than an entry may have.
    #[error("an entry has at most 4096 bytes, this one has {n_bytes}; the longest of its members is {longest:?}")]
    Long {
        /// Bytes that it has.
        n_bytes: usize,
        /// The member of `public` that takes most of them; empty when the bytes were not looked into.
        longest: String,
    },
    /// Not an object with the members of an entry.
    #[error("not an entry: {0}")]
    Json(String),
    /// Another version than 1.
    #[error("an entry of version {0}; this program reads version 1")]
    Version(u64),
    /// A member whose value no entry has.
    #[error("the member {0:?} of the entry has a value that it cannot have")]
    Member(&'static str),
    /// `batch`, `n` and `prev` do not go together.
    #[error("an entry of a batch has n from 1 and prev from n = 2 on; one without a batch has neither")]
    Chain,
    /// Something without a canonical spelling.
    #[error("the entry cannot be spelt: {0}")]
    Canonical(#[from] CanonicalError),
    /// The members of an entry in another spelling than the one they have.
    #[error("the entry is not in its canonical spelling")]
    Spelling,
}

/// Who made an entry, as it says: a role and a number, never a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryActor {
    /// As what they acted.
    pub role: String,
    /// The account, when a person acted.
    pub account: Option<i32>,
    /// The token, when a program acted.
    pub token: Option<i32>,
}

impl From<Author> for EntryActor {
    fn from(author: Author) -> Self {
        Self { role: author.role.to_owned(), account: author.account, token: author.token }
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The format, 1.
    pub v: u64,
    /// What it records; a name that [`super::Kind`] may not know, as later versions may add some.
    pub kind: String,
    /// Whose chain it belongs to, if any.
    pub batch: Option<BatchNo>,
    /// Its place in that chain, from 1.
    pub n: Option<u32>,
    /// Leaf hash of the chain's entry before it; none for the first.
    pub prev: Option<Hash>,
    /// When it happened, as declared.
    pub at: DateTime<Utc>,
    /// When the server recorded it.
    pub recorded: DateTime<Utc>,
    /// Who made it.
    pub actor: EntryActor,
    /// SHA-256 of salt and private data, if there are any.
    pub data: Option<[u8; Hash::LEN]>,
    /// An object that anyone may read.
    pub public: Value,
}

/// Where an entry stands in its batch's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Whose chain.
    pub(super) batch: BatchNo,
    /// From 1.
    pub(super) n: u32,
    /// Leaf hash of the one before.
    pub(super) prev: Option<Hash>,
}

/// An entry as JSON is read into it. It is lenient where writing the entry again tells the difference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    actor: WireActor,
    at: String,
    batch: Option<u32>,
    data: Option<String>,
    kind: String,
    n: Option<u32>,
    prev: Option<String>,
    public: Map<String, Value>,
    recorded: String,
    v: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireActor {
    role: String,
    account: Option<i32>,
    token: Option<i32>,
}

impl Entry {
    /// The entry of a draft at its place. Times lose what is below a millisecond, text is composed.
    pub(super) fn of_draft(
        draft: &Draft,
        place: Option<Place>,
        recorded: DateTime<Utc>,
        data: Option<[u8; Hash::LEN]>,
    ) -> Self {
        Self {
            v: VERSION,
            kind: draft.kind.as_str().to_owned(),
            batch: place.map(|place| place.batch),
            n: place.map(|place| place.n),
            prev: place.and_then(|place| place.prev),
            at: whole_millis(draft.at),
            recorded: whole_millis(recorded),
            actor: draft.author.into(),
            data,
            public: draft.public.clone(),
        }
    }

    /// Reads an entry and refuses every spelling but its own. A kind that is not known here is no fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if MAX_ENTRY_BYTES < bytes.len() {
            return Err(EntryError::Long { n_bytes: bytes.len(), longest: String::new() });
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|err| EntryError::Json(err.to_string()))?;
        if wire.v != VERSION {
            return Err(EntryError::Version(wire.v));
        }
        let hash = |text: Option<String>, name| {
            text.map(|text| Hash::parse(&text).ok_or(EntryError::Member(name))).transpose()
        };
        let batch = wire.batch.map(|no| BatchNo::new(no).map_err(|_| EntryError::Member("batch"))).transpose()?;
        let entry = Self {
            v: wire.v,
            kind: wire.kind,
            batch,
            n: wire.n,
            prev: hash(wire.prev, "prev")?,
            at: parse_time(&wire.at).ok_or(EntryError::Member("at"))?,
            recorded: parse_time(&wire.recorded).ok_or(EntryError::Member("recorded"))?,
            actor: EntryActor { role: wire.actor.role, account: wire.actor.account, token: wire.actor.token },
            data: hash(wire.data, "data")?.map(|hash| *hash.as_bytes()),
            public: Value::Object(wire.public),
        };
        // What is read is written again: whatever differs from the one spelling shows here, absent and null included.
        if entry.to_bytes()? == bytes { Ok(entry) } else { Err(EntryError::Spelling) }
    }

    /// The bytes of the record.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let is_kind = |c: char| c.is_ascii_lowercase() || c == '_';
        if self.kind.is_empty() || MAX_KIND_CHARS < self.kind.len() || !self.kind.chars().all(is_kind) {
            return Err(EntryError::Member("kind"));
        }
        if self.actor.role.is_empty() {
            return Err(EntryError::Member("actor"));
        }
        if !self.public.is_object() {
            return Err(EntryError::Member("public"));
        }
        let mut actor = Map::from_iter([("role".to_owned(), json!(self.actor.role))]);
        actor.extend(self.actor.account.map(|id| ("account".to_owned(), json!(id))));
        actor.extend(self.actor.token.map(|id| ("token".to_owned(), json!(id))));
        let mut members = json!({
            "actor": actor,
            "at": spell_time(self.at).ok_or(EntryError::Member("at"))?,
            "data": self.data.map(|data| Hash::new(data).to_string()),
            "kind": self.kind,
            "public": self.public,
            "recorded": spell_time(self.recorded).ok_or(EntryError::Member("recorded"))?,
            "v": self.v,
        });
        if let (Some((batch, n)), Some(members)) = (self.chain()?, members.as_object_mut()) {
            members.insert("batch".to_owned(), json!(batch.get()));
            members.insert("n".to_owned(), json!(n));
            members.insert("prev".to_owned(), json!(self.prev.map(|hash| hash.to_string())));
        }
        let bytes = write_canonical(&members)?;
        if bytes.len() <= MAX_ENTRY_BYTES {
            Ok(bytes)
        } else {
            Err(EntryError::Long { n_bytes: bytes.len(), longest: longest_member(&self.public) })
        }
    }

    /// Batch and place, if it has them and they go together.
    fn chain(&self) -> Result<Option<(BatchNo, u32)>, EntryError> {
        match (self.batch, self.n, self.prev) {
            (None, None, None) => Ok(None),
            (Some(batch), Some(1), None) => Ok(Some((batch, 1))),
            (Some(batch), Some(n), Some(_)) if 1 < n => Ok(Some((batch, n))),
            _ => Err(EntryError::Chain),
        }
    }
}

/// The member that is to be shortened when an entry is too long.
fn longest_member(public: &Value) -> String {
    let members = public.as_object().into_iter().flatten();
    members.max_by_key(|(_, value)| value.to_string().len()).map(|(name, _)| name.clone()).unwrap_or_default()
}

/// The hash in `data`: SHA-256(salt ‖ canonical bytes of the private object).
pub fn hash_private(salt: &[u8; SALT_BYTES], data: &[u8]) -> [u8; Hash::LEN] {
    Sha256::new_with_prefix(salt).chain_update(data).finalize().into()
}

/// Cuts off what an entry cannot say. A leap second becomes the one after it.
fn whole_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

/// None for years beyond four digits and for leap seconds, which have no one spelling.
fn spell_time(at: DateTime<Utc>) -> Option<String> {
    let (millis, has_year) = (at.timestamp_subsec_millis(), (0..=9999).contains(&at.year()));
    if !has_year || 1000 <= millis {
        return None;
    }
    let format = if millis == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
    Some(at.format(format).to_string())
}

/// Reads no spelling but that of [`spell_time`].
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    spell_time(at).filter(|spelt| spelt == text).map(|_| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::Kind;
    use crate::merkle::hash_leaf;

    fn draft(public: Value) -> Draft {
        Draft {
            kind: Kind::Event,
            batch: BatchNo::new(2041).ok(),
            at: "2026-03-11T17:00:00Z".parse().unwrap(),
            author: Author { role: "producer", account: Some(7), token: None },
            public,
            private: None,
        }
    }

    fn entry(public: Value) -> Entry {
        let place = Place { batch: BatchNo::new(2041).unwrap(), n: 4, prev: Some(hash_leaf(b"third")) };
        Entry::of_draft(&draft(public), Some(place), "2026-03-12T01:41:00.250Z".parse().unwrap(), None)
    }

    fn text(entry: &Entry) -> String {
        String::from_utf8(entry.to_bytes().unwrap()).unwrap()
    }

    #[test]
    fn an_entry_is_spelt_in_one_way() {
        let prev = hash_leaf(b"third");
        let expected = format!(
            "{{\"actor\":{{\"account\":7,\"role\":\"producer\"}},\"at\":\"2026-03-11T17:00:00Z\",\"batch\":2041,\"data\":null,\
             \"kind\":\"event\",\"n\":4,\"prev\":\"{prev}\",\"public\":{{\"in\":1000,\"stage\":\"sấy\"}},\
             \"recorded\":\"2026-03-12T01:41:00.250Z\",\"v\":1}}"
        );
        assert_eq!(text(&entry(json!({"stage": "sấy", "in": 1000}))), expected);
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let mut entry = entry(json!({"a": [1, {"b": null}]}));
        assert_eq!(Entry::parse(&entry.to_bytes().unwrap()).as_ref(), Ok(&entry));
        entry.data = Some([7; 32]);
        (entry.n, entry.prev) = (Some(1), None);
        assert_eq!(Entry::parse(&entry.to_bytes().unwrap()).as_ref(), Ok(&entry));
        (entry.batch, entry.n) = (None, None);
        assert_eq!(Entry::parse(&entry.to_bytes().unwrap()).as_ref(), Ok(&entry));
    }

    #[test]
    fn an_entry_without_a_batch_names_neither_batch_nor_n_nor_prev() {
        let entry = Entry::of_draft(&draft(json!({})), None, DateTime::UNIX_EPOCH, None);
        let text = text(&entry);
        assert!(!["\"batch\"", "\"n\"", "\"prev\""].iter().any(|name| text.contains(name)), "{text}");
    }

    #[test]
    fn the_first_entry_of_a_chain_has_a_prev_of_null() {
        let place = Place { batch: BatchNo::new(1).unwrap(), n: 1, prev: None };
        let entry = Entry::of_draft(&draft(json!({})), Some(place), DateTime::UNIX_EPOCH, None);
        assert!(text(&entry).contains("\"n\":1,\"prev\":null,"));
    }

    #[test]
    fn batch_n_and_prev_go_together() {
        let prev = Some(hash_leaf(b"third"));
        let batch = BatchNo::new(1).ok();
        for (batch, n, prev) in [
            (None, Some(1), None),
            (None, None, prev),
            (batch, None, None),
            (batch, Some(0), None),
            (batch, Some(1), prev),
            (batch, Some(2), None),
        ] {
            let entry = Entry { batch, n, prev, ..entry(json!({})) };
            assert_eq!(entry.to_bytes(), Err(EntryError::Chain), "{n:?}");
        }
    }

    #[track_caller]
    fn check_refused(from: &str, to: &str) {
        let good = text(&entry(json!({"a": 1})));
        let bad = good.replacen(from, to, 1);
        assert_ne!(good, bad, "{from}");
        assert!(Entry::parse(bad.as_bytes()).is_err(), "{bad}");
    }

    #[test]
    fn every_other_spelling_of_an_entry_is_refused() {
        check_refused("\"v\":1}", "\"v\":1}\n");
        check_refused("\"v\":1", "\"v\": 1");
        check_refused("\"v\":1", "\"v\":1,\"w\":1");
        check_refused("\"v\":1", "\"v\":1,\"v\":1");
        check_refused(",\"v\":1", "");
        check_refused("\"kind\":\"event\"", "\"kind\":\"Event\"");
        check_refused("\"kind\":\"event\"", "\"kind\":\"\"");
        check_refused("\"kind\":\"event\"", "\"kind\":\"\\u0065vent\"");
        check_refused("\"data\":null,", "");
        check_refused("\"data\":null", "\"data\":\"AAAA\"");
        check_refused("\"account\":7", "\"account\":null");
        check_refused("\"account\":7", "\"account\":7,\"name\":\"An\"");
        check_refused("\"role\":\"producer\"", "\"role\":\"\"");
        check_refused("\"batch\":2041", "\"batch\":16777216");
        check_refused("\"batch\":2041", "\"batch\":null");
        check_refused("\"batch\":2041", "\"batch\":-1");
        check_refused("\"batch\":2041,", "");
        check_refused("\"n\":4", "\"n\":1");
        check_refused("\"n\":4", "\"n\":4.0");
        check_refused("\"prev\":\"", "\"prev\":\"A");
        check_refused("17:00:00Z", "17:00:00.000Z");
        check_refused("17:00:00Z", "17:00:00+00:00");
        check_refused("17:00:00Z", "17:00:00z");
        check_refused("T17:00:00Z", " 17:00:00Z");
        check_refused("00.250Z", "00.25Z");
        check_refused("00.250Z", "00.250000Z");
        check_refused("00.250Z", "60.250Z");
        check_refused("{\"a\":1}", "[1]");
        check_refused("{\"a\":1}", "{\"a\":1.0}");
        check_refused("{\"a\":1}", "{\"a\":0,\"a\":1}");
        check_refused("{\"a\":1}", "{\"a\":\"e\u{302}\"}");
    }

    #[test]
    fn another_version_is_named() {
        let text = text(&entry(json!({}))).replace("\"v\":1}", "\"v\":2}");
        assert_eq!(Entry::parse(text.as_bytes()), Err(EntryError::Version(2)));
    }

    #[test]
    fn a_kind_of_a_later_version_is_read() {
        let text = text(&entry(json!({}))).replace("\"kind\":\"event\"", "\"kind\":\"photo_added\"");
        assert_eq!(Entry::parse(text.as_bytes()).unwrap().kind, "photo_added");
    }

    #[test]
    fn an_entry_of_4097_bytes_is_refused_and_what_to_shorten_is_named() {
        let with_note = |n| entry(json!({"stage": "sấy", "note": "x".repeat(n)}));
        let n_rest = text(&with_note(0)).len();
        let longest = with_note(MAX_ENTRY_BYTES - n_rest).to_bytes().unwrap();
        assert_eq!(longest.len(), MAX_ENTRY_BYTES);
        assert!(Entry::parse(&longest).is_ok());
        let refused = EntryError::Long { n_bytes: MAX_ENTRY_BYTES + 1, longest: "note".to_owned() };
        assert_eq!(with_note(MAX_ENTRY_BYTES - n_rest + 1).to_bytes(), Err(refused));
    }

    #[test]
    fn too_many_bytes_are_refused_before_they_are_looked_into() {
        let bytes = vec![b' '; MAX_ENTRY_BYTES + 1];
        assert_eq!(Entry::parse(&bytes), Err(EntryError::Long { n_bytes: bytes.len(), longest: String::new() }));
    }

    #[test]
    fn a_time_keeps_its_milliseconds_and_nothing_below() {
        let spelt = |text: &str| spell_time(whole_millis(text.parse().unwrap())).unwrap();
        assert_eq!(spelt("2026-03-12T08:41:00.0019+07:00"), "2026-03-12T01:41:00.001Z");
        assert_eq!(spelt("2026-03-12T01:41:00.000999Z"), "2026-03-12T01:41:00Z");
        assert_eq!(spelt("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
        assert_eq!(spelt("1969-12-31T23:59:59.9999Z"), "1969-12-31T23:59:59.999Z");
        assert_eq!(spell_time(DateTime::<Utc>::MAX_UTC), None);
    }

    #[test]
    fn private_data_is_hashed_behind_its_salt() {
        let expected: [u8; 32] = Sha256::digest([[9; 16].as_slice(), b"{}"].concat()).into();
        assert_eq!(hash_private(&[9; 16], b"{}"), expected);
    }

    proptest! {
        #[test]
        fn any_entry_is_read_as_it_was_written(
            seconds in 0_i64..4_000_000_000_000,
            n in 1_u32..1_000_000,
            note in "[^\u{0}]{0,60}",
            data in any::<Option<[u8; 32]>>(),
        ) {
            use unicode_normalization::UnicodeNormalization;
            let mut entry = entry(json!({"note": note.nfc().collect::<String>()}));
            entry.at = DateTime::from_timestamp_millis(seconds).unwrap();
            (entry.n, entry.data) = (Some(n), data);
            entry.prev = (1 < n).then(|| hash_leaf(&n.to_be_bytes()));
            prop_assert_eq!(Entry::parse(&entry.to_bytes().unwrap()), Ok(entry));
        }

        #[test]
        fn a_changed_byte_is_another_entry_or_none(at in 0_usize..200, byte in any::<u8>()) {
            let entry = entry(json!({"note": "sấy"}));
            let mut bytes = entry.to_bytes().unwrap();
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            prop_assert_ne!(Entry::parse(&bytes), Ok(entry));
        }
    }
}
