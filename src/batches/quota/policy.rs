//! How many stamps a batch may have. Pure: batch, product and the office's policy come in as arguments.

use crate::batches::types::Batch;
use crate::error::{Error, Result};
use crate::register::measure::Measure;
use crate::register::types::{Pack, Product, Quantity};
use crate::stamp::Serial;

use super::types::QuotaPolicy;

/// A batch's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// None, and why.
    None(NoLimit),
    /// So many stamps, voided ones included: the margin is there for misprints.
    UpTo {
        /// How many.
        n_stamps: u32,
        /// Where the number comes from.
        by: LimitBy,
    },
}

/// Why a batch has no quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLimit {
    /// The office does not enforce quotas.
    NotEnforced,
    /// The product belongs to the demonstration.
    Demo,
}

/// Why a quota cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The batch declares no quantity.
    Quantity,
    /// The register does not say what a pack holds.
    Pack,
    /// The batch is not counted as the pack is, and one cannot be turned into the other.
    Units,
}

/// Where a quota comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitBy {
    /// The office set it for this batch.
    Hand,
    /// The quantity declared, by the pack, with the margin.
    Declared,
    /// It cannot be computed: each stamp is the office's to allow, or whoever is limited would decide whether there is a limit.
    Nothing(Unknown),
}

/// The quota of a batch. One set by hand holds always; a computed one only where the office enforces it.
pub fn limit_of(batch: &Batch, product: &Product, policy: QuotaPolicy) -> Limit {
    if let Some(n_stamps) = batch.max_stamps {
        return Limit::UpTo { n_stamps, by: LimitBy::Hand };
    }
    if product.demo {
        return Limit::None(NoLimit::Demo);
    }
    if !policy.is_enforced {
        return Limit::None(NoLimit::NotEnforced);
    }
    let Some(quantity) = batch.quantity else {
        return to_be_asked(Unknown::Quantity);
    };
    let Some(pack) = &product.pack else {
        return to_be_asked(Unknown::Pack);
    };
    match n_packs(quantity, batch.unit.as_deref().unwrap_or_default(), pack, policy.margin_percent) {
        Some(n_stamps) => Limit::UpTo { n_stamps, by: LimitBy::Declared },
        None => to_be_asked(Unknown::Units),
    }
}

const fn to_be_asked(why: Unknown) -> Limit {
    Limit::UpTo { n_stamps: 0, by: LimitBy::Nothing(why) }
}

/// Stamps left, if there is a limit.
pub fn n_left(limit: Limit, n_minted: u32) -> Option<u32> {
    match limit {
        Limit::None(_) => None,
        Limit::UpTo { n_stamps, .. } => Some(n_stamps.saturating_sub(n_minted)),
    }
}

/// Whether so many more stamps keep within the quota.
pub fn check_order(limit: Limit, n_minted: u32, count: u32) -> Result<()> {
    match n_left(limit, n_minted) {
        Some(left) if left < count => Err(Error::QuotaExceeded { left }),
        _ => Ok(()),
    }
}

/// The quota after a request was approved: enough for the stamps asked for, and never less than before.
pub fn raised(limit: Limit, n_minted: u32, n_asked: u32) -> u32 {
    let before = match limit {
        Limit::None(_) => 0,
        Limit::UpTo { n_stamps, .. } => n_stamps,
    };
    n_minted.saturating_add(n_asked).min(Serial::MAX.get()).max(before)
}

/// Packs that a quantity fills, with the margin, rounded up; none when the units do not agree.
fn n_packs(quantity: Quantity, unit: &str, pack: &Pack, margin_percent: u16) -> Option<u32> {
    let (batch, pack) = (Measure::of(unit, quantity), Measure::of(pack.unit.as_str(), pack.quantity));
    if batch.kind != pack.kind || pack.n == 0 {
        return None;
    }
    let with_margin = batch.n * (100 + u128::from(margin_percent));
    let n_packs = with_margin.div_ceil(pack.n * 100);
    Some(u32::try_from(n_packs).unwrap_or(u32::MAX).min(Serial::MAX.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::testing::{batch, product};
    use crate::register::types::Unit;

    const ENFORCED: QuotaPolicy = QuotaPolicy { is_enforced: true, margin_percent: 5, version: 1 };

    fn declared() -> Batch {
        Batch { quantity: Quantity::parse("500").ok(), unit: Some("kg".into()), ..batch() }
    }

    fn packed() -> Product {
        let pack = Pack { quantity: Quantity::parse("0.5").unwrap(), unit: Unit::new("unit", "kg").unwrap() };
        Product { pack: Some(pack), ..product() }
    }

    #[test]
    fn a_batch_without_a_quota_says_why() {
        let none = |batch: &Batch, product: &Product, policy| match limit_of(batch, product, policy) {
            Limit::None(why) => Some(why),
            Limit::UpTo { .. } => None,
        };
        let off = QuotaPolicy { is_enforced: false, ..ENFORCED };
        assert_eq!(none(&declared(), &packed(), ENFORCED), None);
        assert_eq!(none(&declared(), &packed(), off), Some(NoLimit::NotEnforced));
        assert_eq!(none(&declared(), &Product { demo: true, ..packed() }, ENFORCED), Some(NoLimit::Demo));
    }

    #[test]
    fn a_batch_whose_quota_cannot_be_computed_gets_what_the_office_allows() {
        let bottles = Batch { unit: Some("chai".into()), ..declared() };
        for (batch, product, why) in [
            (batch(), packed(), Unknown::Quantity),
            (declared(), product(), Unknown::Pack),
            (bottles, packed(), Unknown::Units),
        ] {
            let limit = limit_of(&batch, &product, ENFORCED);
            assert_eq!(limit, Limit::UpTo { n_stamps: 0, by: LimitBy::Nothing(why) });
            assert!(check_order(limit, 0, 1).is_err());
            assert_eq!(raised(limit, 0, 50), 50);
        }
    }

    #[test]
    fn a_quota_set_by_hand_holds_whatever_the_policy_says() {
        let by_hand = Batch { max_stamps: Some(7), ..declared() };
        let expected = Limit::UpTo { n_stamps: 7, by: LimitBy::Hand };
        let off = QuotaPolicy { is_enforced: false, ..ENFORCED };
        assert_eq!(limit_of(&by_hand, &packed(), ENFORCED), expected);
        assert_eq!(limit_of(&by_hand, &product(), off), expected);
        let declared = limit_of(&declared(), &packed(), ENFORCED);
        assert_eq!(declared, Limit::UpTo { n_stamps: 1_050, by: LimitBy::Declared });
    }

    const UP_TO_100: Limit = Limit::UpTo { n_stamps: 100, by: LimitBy::Declared };

    #[track_caller]
    fn check(quantity: &str, unit: &str, pack: (&str, &str), margin_percent: u16, expected: Option<u32>) {
        let pack = Pack { quantity: Quantity::parse(pack.0).unwrap(), unit: Unit::new("unit", pack.1).unwrap() };
        let found = n_packs(Quantity::parse(quantity).unwrap(), unit, &pack, margin_percent);
        assert_eq!(found, expected, "{quantity} {unit} in {pack:?}");
    }

    #[test]
    fn a_quantity_is_divided_by_the_pack_and_the_margin_is_added_before_rounding_up() {
        check("500", "kg", ("500", "g"), 0, Some(1_000));
        check("500", "kg", ("0.5", "kg"), 5, Some(1_050));
        check("1", "kg", ("300", "g"), 0, Some(4));
        check("1", "kg", ("300", "g"), 5, Some(4));
        check("1", "kg", ("300", "g"), 25, Some(5));
        check("10", "lít", ("330", "ml"), 0, Some(31));
        check("1.5", "tấn", ("1", "kg"), 100, Some(3_000));
        check("300", "Chai", ("1", "chai "), 5, Some(315));
    }

    #[test]
    fn units_that_cannot_be_turned_into_each_other_give_no_quota() {
        check("300", "chai", ("500", "ml"), 5, None);
        check("300", "kg", ("500", "ml"), 5, None);
        check("300", "", ("500", "g"), 5, None);
    }

    #[test]
    fn a_quota_never_exceeds_the_serials_of_a_batch() {
        check("1000000000", "kg", ("0.001", "g"), 100, Some(16_777_215));
    }

    #[test]
    fn an_order_may_use_the_quota_up_but_not_exceed_it() {
        assert!(check_order(UP_TO_100, 60, 40).is_ok());
        let refused = check_order(UP_TO_100, 60, 41).unwrap_err();
        assert!(matches!(refused, Error::QuotaExceeded { left: 40 }));
        assert!(matches!(check_order(UP_TO_100, 200, 1).unwrap_err(), Error::QuotaExceeded { left: 0 }));
        assert!(check_order(Limit::None(NoLimit::NotEnforced), 1_000_000, 1_000_000).is_ok());
    }

    #[test]
    fn an_approved_request_leaves_room_for_what_was_asked_and_takes_nothing_away() {
        assert_eq!(raised(UP_TO_100, 90, 50), 140);
        assert_eq!(raised(UP_TO_100, 10, 50), 100);
        assert_eq!(raised(UP_TO_100, 16_777_000, 1_000), 16_777_215);
    }
}
