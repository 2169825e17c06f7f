//! What an inspector types, and what is remembered of it, as values. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::batches::types::Lot;
use crate::stamp::{BatchNo, N_DIGITS, Reading, TypedCode, read};

/// Longest text that is looked up, characters: a stamp's address with whatever chats append to it.
pub const MAX_TEXT_CHARS: usize = 600;
/// Look-ups remembered with a session.
pub const MAX_RECENT: usize = 20;
/// Digits from which on a number is a stamp that was read in part, and no lot.
const MIN_STAMP_DIGITS: usize = N_DIGITS / 2;

/// What a text may stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A full stamp's digits, still to be checked.
    Stamp(String),
    /// A typed code; what looks like one may be a lot as well.
    Code(String, Option<String>),
    /// A batch by number, a lot by its text, or both.
    Goods {
        /// The number.
        batch_no: Option<BatchNo>,
        /// The lot.
        lot: Option<String>,
    },
}

impl Wanted {
    /// Tells what a text may stand for; none when it can stand for nothing.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(address) = address_of(text) {
            return Some(match read(&address) {
                Reading::Digits(digits) => Self::Stamp(digits.to_owned()),
                Reading::Code(code) => Self::Code(code.to_owned(), None),
            });
        }
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if MIN_STAMP_DIGITS <= compact.len() && compact.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::Stamp(compact));
        }
        let lot = Lot::new(text).ok().map(|lot| lot.as_str().to_owned());
        if TypedCode::parse(text).is_ok() {
            return Some(Self::Code(text.to_owned(), lot));
        }
        let named = strip_batch_words(text);
        let batch_no = named.unwrap_or(text).parse().ok();
        let lot = if named.is_some() && batch_no.is_some() { None } else { lot };
        (batch_no.is_some() || lot.is_some()).then_some(Self::Goods { batch_no, lot })
    }
}

/// An address of ours, also when it was pasted without its scheme.
fn address_of(text: &str) -> Option<String> {
    let has_scheme = text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("http")) && text.contains("://");
    let is_bare = !has_scheme && (text.contains("/s/") || text.contains("/c/"));
    match (has_scheme, is_bare) {
        (true, _) => Some(text.to_owned()),
        // The host is looked at by nobody.
        (false, true) if text.starts_with('/') => Some(format!("https://host{text}")),
        (false, true) => Some(format!("https://{text}")),
        (false, false) => None,
    }
}

/// `lô 12`, `batch 12`, `#12`: the number alone is meant.
fn strip_batch_words(text: &str) -> Option<&str> {
    let words = ["lô hàng số", "lô hàng", "lô số", "lô", "batch", "#"];
    words.into_iter().find_map(|word| {
        let n_bytes = text.char_indices().nth(word.chars().count()).map_or(text.len(), |(at, _)| at);
        let (head, tail) = text.split_at_checked(n_bytes)?;
        (head.to_lowercase() == word).then(|| tail.trim())
    })
}

/// One look-up, as the session remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// What was typed, to look again.
    pub q: String,
    /// Product, lot and stamp.
    pub label: String,
    /// The headline's code; empty for a batch.
    pub headline: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// One of several batches that a text may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number.
    pub batch_no: i32,
    /// Its lot.
    pub lot: String,
    /// Its product.
    pub product: String,
    /// Who made it.
    pub producer: String,
    /// The day it was packed.
    pub packed_on: NaiveDate,
    /// `normal`, `suspended` or `recalled`.
    pub standing: String,
}

/// A way to reach the producer that offices may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// `person`, `phone`, `zalo`, `email`, `website` or `address`.
    pub kind: String,
    /// What it says.
    pub value: String,
}

/// A proposal to suspend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its number.
    pub proposal_no: i32,
    /// The batch.
    pub batch_no: i32,
    /// The batch's lot.
    pub lot: String,
    /// The batch's product.
    pub product: String,
    /// Which stamp gave rise to it.
    pub serial: Option<i32>,
    /// Why.
    pub reason: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// `waiting`, `accepted` or `dismissed`.
    pub state: String,
    /// What the office said.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goods(batch_no: Option<u32>, lot: Option<&str>) -> Wanted {
        let batch_no = batch_no.map(|n| BatchNo::new(n).unwrap());
        Wanted::Goods { batch_no, lot: lot.map(str::to_owned) }
    }

    #[track_caller]
    fn check(text: &str, expected: impl Into<Option<Wanted>>) {
        assert_eq!(Wanted::read(text), expected.into(), "{text}");
    }

    #[test]
    fn an_address_is_a_stamp_or_a_code_with_or_without_its_scheme() {
        let stamp = || Some(Wanted::Stamp("045".to_owned()));
        check(" https://x.vn/s/045?fbclid=1 ", stamp());
        check("HTTPS://X.VN/s/045", stamp());
        check("x.vn/s/045", stamp());
        check("/s/045", stamp());
        check("x.vn/c/0001-2G00", Some(Wanted::Code("0001-2G00".to_owned(), None)));
    }

    #[test]
    fn many_digits_are_a_stamp_however_they_were_grouped() {
        let digits = "0123456789".repeat(18) + "0123456";
        let grouped: String =
            digits.chars().enumerate().flat_map(|(i, c)| (i % 17 == 0).then_some(' ').into_iter().chain([c])).collect();
        check(&grouped, Some(Wanted::Stamp(digits.clone())));
        check(&digits[..150], Some(Wanted::Stamp(digits[..150].to_owned())));
    }

    #[test]
    fn sixteen_characters_are_a_code_and_perhaps_a_lot() {
        check(
            "0001-2G00-00G4-7K3M",
            Some(Wanted::Code("0001-2G00-00G4-7K3M".into(), Some("0001-2G00-00G4-7K3M".into()))),
        );
        check("0001 2g00 00g4 7k3m", Some(Wanted::Code("0001 2g00 00g4 7k3m".into(), None)));
    }

    #[test]
    fn a_number_is_a_batch_or_a_lot_unless_it_is_called_a_batch() {
        check("12", goods(Some(12), Some("12")));
        check("Lô 12", goods(Some(12), None));
        check("LÔ HÀNG SỐ 12", goods(Some(12), None));
        check("batch 12", goods(Some(12), None));
        check("#12", goods(Some(12), None));
        check("MD-01", goods(None, Some("MD-01")));
        check("20261120", goods(Some(20_261_120).filter(|n| *n <= 0x00ff_ffff), Some("20261120")));
    }

    #[test]
    fn what_can_stand_for_nothing_is_told_apart() {
        for text in ["", "  ", "miến dong", "lô ngon", "<script>alert(1)</script>", "99999999999999999999999"] {
            check(text, None);
        }
    }
}
