//! What the stores of this room share: columns as values. A row that breaks the schema's own rules is an error, never a guess.

use chrono::{DateTime, Utc};
use diesel::QueryResult;

use crate::stamp::BatchNo;

use super::types::{Against, Amount};

/// A row that breaks the schema's own rules.
pub(super) fn damaged(err: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(err))
}

/// The same, where no other error says so.
pub(super) fn unknown(what: &'static str) -> diesel::result::Error {
    damaged(std::io::Error::other(what))
}

/// A batch's number as its column holds it.
pub(super) fn batch_no_of(n: i32) -> QueryResult<BatchNo> {
    BatchNo::try_from(n).map_err(damaged)
}

/// What the columns of a batch's standing say against it.
pub(super) fn against_of(standing: &str, since: Option<DateTime<Utc>>) -> QueryResult<Option<Against>> {
    match (standing, since) {
        ("normal", _) => Ok(None),
        ("suspended", Some(since)) => Ok(Some(Against::Suspended(since))),
        ("recalled", Some(since)) => Ok(Some(Against::Recalled(since))),
        _ => Err(unknown("unknown standing of a batch")),
    }
}

/// A quantity and a unit that the schema says are there.
pub(super) fn amount_of(thousandths: i64, unit: &str) -> QueryResult<Amount> {
    Amount::from_columns(Some(thousandths), Some(unit)).ok_or_else(|| unknown("an amount that is none"))
}
