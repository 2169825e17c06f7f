//! Which lots a producer may name as inputs, as values. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::types::ProducerNo;
use crate::register::measure::Measure;
use crate::stamp::BatchNo;
use crate::trace::types::{Amount, BatchRef, OutsideLot};

/// Longest search that is looked at, characters.
pub const MAX_SEARCH_CHARS: usize = 100;

/// Where an input comes from, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Another batch.
    Batch(BatchNo),
    /// A lot from outside.
    Outside(OutsideLot),
}

/// An input that may be named, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownInput {
    /// From where.
    pub source: Source,
    /// How much.
    pub amount: Amount,
}

/// With whom a lot is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareWith {
    /// One producer.
    Producer(ProducerNo),
    /// Every producer of the province.
    Everyone,
}

impl ShareWith {
    /// The producer, if it is one.
    pub const fn producer_no(self) -> Option<ProducerNo> {
        match self {
            Self::Producer(producer_no) => Some(producer_no),
            Self::Everyone => None,
        }
    }
}

/// A lot that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// With whom.
    pub with: ShareWith,
    /// That producer's name.
    pub name: Option<String>,
    /// Since when.
    pub shared_at: DateTime<Utc>,
}

/// Lots to choose from, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LotChoices {
    /// Batches of the producer, and those that others shared.
    pub batches: Vec<BatchRef>,
    /// Lots from outside that the producer has named before.
    pub outside: Vec<OutsideChoice>,
}

/// A lot from outside, with what was taken of it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideChoice {
    /// The lot.
    pub lot: OutsideLot,
    /// What went into batches, input by input.
    pub used: Vec<Amount>,
}

/// What is left of a lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// So much.
    Some(Amount),
    /// Nothing, or less than nothing.
    Nothing,
    /// Nobody can tell: it is counted in units that cannot be turned into one another.
    Unknown,
}

impl OutsideChoice {
    /// What is left, in the unit that it came in.
    pub fn left(&self) -> Left {
        let Amount { quantity, unit } = &self.lot.received;
        let received = Measure::of(unit.as_str(), *quantity);
        let mut used = 0;
        for amount in &self.used {
            let measure = Measure::of(amount.unit.as_str(), amount.quantity);
            if measure.kind != received.kind {
                return Left::Unknown;
            }
            used += measure.n;
        }
        let thousandths = u128::from(quantity.thousandths().unsigned_abs());
        let left = received.n.saturating_sub(used) * thousandths / received.n.max(1);
        let left = i64::try_from(left).ok().and_then(|left| Amount::from_columns(Some(left), Some(unit.as_str())));
        left.map_or(Left::Nothing, Left::Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::amount;
    use crate::trace::types::OutsideLotNo;

    fn left(used: &[&str]) -> Left {
        let lot = OutsideLot {
            lot_no: OutsideLotNo(1),
            product: "Dong riềng củ".into(),
            supplier: None,
            lot: None,
            received_on: "2026-11-18".parse().unwrap(),
            received: amount("8 tạ"),
        };
        OutsideChoice { lot, used: used.iter().map(|text| amount(text)).collect() }.left()
    }

    #[test]
    fn what_is_left_is_told_in_the_unit_that_came_in() {
        assert_eq!(left(&[]), Left::Some(amount("8 tạ")));
        assert_eq!(left(&["250 kg", "1 tạ"]), Left::Some(amount("4.5 tạ")));
    }

    #[test]
    fn nothing_is_left_of_what_was_used_up() {
        assert_eq!(left(&["900 kg"]), Left::Nothing);
    }

    #[test]
    fn what_is_left_is_unknown_where_units_differ() {
        assert_eq!(left(&["3 bao"]), Left::Unknown);
    }
}
