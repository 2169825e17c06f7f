//! A batch's standing, as a value. Pure.

use chrono::{DateTime, Utc};

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
