//! A batch's standing, as a value. Pure.

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::ledger::Kind;
use crate::stamp::BatchNo;
use crate::text::kept_text;

/// Whether the goods of a batch may be sold. Besides being open or closed, which only says whether it gets more stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is said against it.
    #[default]
    Normal,
    /// Not to be sold until the office resumes it.
    Suspended(Notice),
    /// Taken back, for good.
    Recalled(Notice),
}

/// What the public page says of a batch that is suspended or recalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Why.
    pub reason: String,
    /// What a buyer should do; without it the page says the usual.
    pub advice: Option<String>,
    /// Whom to call about it; without it, the office.
    pub contact: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Standing {
    /// The name in the database and in JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Suspended(_) => "suspended",
            Self::Recalled(_) => "recalled",
        }
    }

    /// What is said of it, unless it is normal.
    pub const fn notice(&self) -> Option<&Notice> {
        match self {
            Self::Normal => None,
            Self::Suspended(notice) | Self::Recalled(notice) => Some(notice),
        }
    }

    /// What a buyer should do where the office gave no advice of its own, in Vietnamese and English.
    pub const fn usual_advice(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Normal => None,
            Self::Suspended(_) => Some((
                "Chưa nên mua hoặc dùng cho đến khi có kết luận.",
                "Better not buy or use it until the matter is settled.",
            )),
            Self::Recalled(_) => Some((
                "Không mua, không dùng; nếu đã mua, xin mang trả nơi bán.",
                "Do not buy or use it; if you bought it, take it back to the shop.",
            )),
        }
    }

    /// Reads the name; a standing other than normal needs its notice.
    pub(in crate::batches) fn parse(name: &str, notice: Option<Notice>) -> Option<Self> {
        match (name, notice) {
            ("normal", None) => Some(Self::Normal),
            ("suspended", Some(notice)) => Some(Self::Suspended(notice)),
            ("recalled", Some(notice)) => Some(Self::Recalled(notice)),
            _ => None,
        }
    }
}

/// What the office does with a batch's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Not to be sold for now; said again, its words are replaced.
    Suspend(Words),
    /// May be sold again. Why goes into the trail.
    Resume {
        /// Why.
        reason: String,
    },
    /// Taken back for good; said again, its words are replaced.
    Recall(Words),
}

/// What the office says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Why.
    pub reason: String,
    /// What a buyer should do.
    pub advice: Option<String>,
    /// Whom to call.
    pub contact: Option<String>,
}

/// Longest reason and longest advice, characters: a phone's screen.
pub const MAX_WORDS_CHARS: usize = 500;
/// Longest contact, characters: a name and two numbers.
pub const MAX_CONTACT_CHARS: usize = 200;

impl Words {
    /// Checks the lengths; an empty advice or contact is none.
    pub fn new(reason: &str, advice: Option<&str>, contact: Option<&str>) -> Result<Self> {
        let optional = |field, text: Option<&str>, max_chars| match text.map(kept_text).filter(|text| !text.is_empty())
        {
            Some(text) => within_length(field, &text, max_chars).map(Some),
            None => Ok(None),
        };
        Ok(Self {
            reason: reason_of(reason)?,
            advice: optional("advice", advice, MAX_WORDS_CHARS)?,
            contact: optional("contact", contact, MAX_CONTACT_CHARS)?,
        })
    }

    fn since(self, since: DateTime<Utc>) -> Notice {
        Notice { reason: self.reason, advice: self.advice, contact: self.contact, since }
    }
}

/// Checks a reason: 1 to 500 characters.
pub fn reason_of(text: &str) -> Result<String> {
    let text = kept_text(text);
    if text.is_empty() {
        return Err(Error::invalid("reason", "Xin ghi lý do.", "give a reason"));
    }
    within_length("reason", &text, MAX_WORDS_CHARS)
}

fn within_length(field: &'static str, text: &str, max_chars: usize) -> Result<String> {
    if max_chars < text.chars().count() {
        return Err(Error::invalid(
            field,
            format!("Xin viết ngắn hơn: nhiều nhất {max_chars} ký tự."),
            format!("at most {max_chars} characters"),
        ));
    }
    Ok(text.to_owned())
}

impl Ruling {
    /// What the ledger calls it.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Suspend(_) => Kind::Suspended,
            Self::Resume { .. } => Kind::Resumed,
            Self::Recall(_) => Kind::Recalled,
        }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Suspend(words) | Self::Recall(words) => &words.reason,
            Self::Resume { reason } => reason,
        }
    }
}

/// How a batch stands after a ruling. A recall is final; what is said again keeps its first day.
pub fn rule(batch_no: BatchNo, now_stands: &Standing, ruling: Ruling, now: DateTime<Utc>) -> Result<Standing> {
    match (now_stands, ruling) {
        (Standing::Recalled(first), Ruling::Recall(words)) => Ok(Standing::Recalled(words.since(first.since))),
        (Standing::Recalled(_), Ruling::Suspend(_) | Ruling::Resume { .. }) => Err(Error::refused(
            "recall-is-final",
            format!("Lô số {batch_no} đã bị thu hồi; thu hồi là quyết định cuối cùng."),
            format!("batch {batch_no} was recalled; a recall is final"),
        )),
        (Standing::Normal | Standing::Suspended(_), Ruling::Recall(words)) => Ok(Standing::Recalled(words.since(now))),
        (Standing::Normal, Ruling::Suspend(words)) => Ok(Standing::Suspended(words.since(now))),
        (Standing::Suspended(first), Ruling::Suspend(words)) => Ok(Standing::Suspended(words.since(first.since))),
        (Standing::Suspended(_), Ruling::Resume { .. }) => Ok(Standing::Normal),
        (Standing::Normal, Ruling::Resume { .. }) => Err(Error::refused(
            "not-suspended",
            format!("Lô số {batch_no} không bị tạm dừng; không cần cho tiếp tục."),
            format!("batch {batch_no} is not suspended; there is nothing to resume"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "2026-11-20T01:00:00Z";
    const LATER: &str = "2026-11-22T01:00:00Z";

    fn words(reason: &str) -> Words {
        Words::new(reason, None, None).unwrap()
    }

    fn notice(reason: &str, since: &str) -> Notice {
        words(reason).since(since.parse().unwrap())
    }

    #[track_caller]
    fn check(stands: &Standing, ruling: Ruling, expected: &Result<Standing, &str>) {
        let ruled = rule(BatchNo::new(1).unwrap(), stands, ruling, LATER.parse().unwrap());
        assert_eq!(&ruled.map_err(|err| err.code()), expected);
    }

    #[test]
    fn every_ruling_on_every_standing() {
        let suspended = Standing::Suspended(notice("a", FIRST));
        let recalled = Standing::Recalled(notice("a", FIRST));
        let suspend = || Ruling::Suspend(words("b"));
        let recall = || Ruling::Recall(words("b"));
        let resume = || Ruling::Resume { reason: "b".into() };
        check(&Standing::Normal, suspend(), &Ok(Standing::Suspended(notice("b", LATER))));
        check(&Standing::Normal, recall(), &Ok(Standing::Recalled(notice("b", LATER))));
        check(&Standing::Normal, resume(), &Err("not-suspended"));
        check(&suspended, suspend(), &Ok(Standing::Suspended(notice("b", FIRST))));
        check(&suspended, recall(), &Ok(Standing::Recalled(notice("b", LATER))));
        check(&suspended, resume(), &Ok(Standing::Normal));
        check(&recalled, suspend(), &Err("recall-is-final"));
        check(&recalled, resume(), &Err("recall-is-final"));
        check(&recalled, recall(), &Ok(Standing::Recalled(notice("b", FIRST))));
    }

    #[test]
    fn a_reason_is_required_and_advice_and_contact_may_be_left_empty() {
        let said = Words::new(" Kiểm nghiệm ", Some(" "), Some("")).unwrap();
        assert_eq!(said, Words { reason: "Kiểm nghiệm".into(), advice: None, contact: None });
        assert_eq!(Words::new("  ", None, None).unwrap_err().code(), "invalid");
        assert!(Words::new(&"ạ".repeat(MAX_WORDS_CHARS), None, None).is_ok());
        assert!(Words::new(&"a".repeat(MAX_WORDS_CHARS + 1), None, None).is_err());
        assert!(Words::new("a", None, Some(&"0".repeat(MAX_CONTACT_CHARS + 1))).is_err());
    }
}
