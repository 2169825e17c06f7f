//! What programs send of a thing that is there: fields left out, emptied or given, and the version that was read. It knows no
//! field by name.

use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};

/// A field of a body: left out, or sent, null or not.
#[derive(Debug, Default)]
pub(in crate::register) enum Sent<T> {
    /// It was left out: what is there stays.
    #[default]
    Absent,
    /// It was null: what is there is emptied.
    Null,
    /// It was sent.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T> Sent<T> {
    /// Whether it was sent, null or not.
    pub(in crate::register) const fn is_sent(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// As the field of a form: none when it was left out, empty when it was null.
    pub(in crate::register) fn typed(self, show: impl FnOnce(T) -> String) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Null => Some(String::new()),
            Self::Value(value) => Some(show(value)),
        }
    }
}

/// The version that a change was made on; without it someone else's change could be overwritten.
pub(in crate::register) fn read_version(version: Option<i32>) -> Result<i32> {
    version
        .ok_or_else(|| Error::invalid("version", "Xin gửi kèm version như đã đọc.", "send the version that you read"))
}
