//! What the form for a new batch proposes: a lot that is free, a last day of use, and the same as last time. Pure.

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

use crate::register::types::Product;

use super::types::{Batch, MAX_LOT_CHARS};

/// Most initials in a proposed lot; with day and suffix it stays well within 20 characters.
const MAX_INITIALS: usize = 6;

/// The product's initials and the day: `MDVD-261122` for "Miến dong Ví Dụ".
pub(super) fn lot_base(product: &str, today: NaiveDate) -> String {
    let plain: String = product.nfd().collect::<String>().replace(['đ', 'Đ'], "d");
    let initials = plain.split(|c: char| !c.is_alphanumeric() && !is_mark(c));
    let initials: String = initials
        .filter_map(|word| word.chars().find(char::is_ascii_alphanumeric))
        .take(MAX_INITIALS)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let initials = if initials.is_empty() { "LO".to_owned() } else { initials };
    format!("{initials}-{}", today.format("%y%m%d"))
}

/// The combining marks that decomposing leaves behind its letters.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// The base itself, or with the next free number behind it.
pub(super) fn next_lot(base: &str, taken: &[String]) -> String {
    let is_free = |lot: &String| lot.chars().count() <= MAX_LOT_CHARS && !taken.contains(lot);
    let numbered = (2_u32..).take(taken.len() + 1).map(|n| format!("{base}-{n}"));
    std::iter::once(base.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| base.to_owned())
}

/// The last day of use of goods packed on a day: by the product's shelf life, or as many days as last time.
pub(super) fn proposed_last_day(product: &Product, last: Option<&Batch>, packed_on: NaiveDate) -> Option<NaiveDate> {
    let by_product = product.shelf_life.and_then(|shelf_life| shelf_life.last_day(packed_on));
    let as_last_time = || {
        let last = last?;
        packed_on.checked_add_signed(last.last_valid_day?.signed_duration_since(last.packed_on))
    };
    by_product.or_else(as_last_time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::testing::{batch, product};
    use crate::batches::types::Lot;
    use crate::register::types::ShelfLife;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_proposed_lot_is_the_products_initials_and_the_day() {
        for (name, expected) in [
            ("Miến dong Ví Dụ", "MDVD-261122"),
            ("Đậu phụ  (Bắc Kạn)", "DPBK-261122"),
            ("Ổi", "O-261122"),
            ("Rượu 30 độ", "R3D-261122"),
            ("…", "LO-261122"),
            ("a b c d e f g h i j", "ABCDEF-261122"),
        ] {
            let lot = lot_base(name, day("2026-11-22"));
            assert_eq!(lot, expected);
            assert!(Lot::new(&lot).is_ok(), "{lot}");
        }
    }

    #[test]
    fn a_taken_lot_gets_the_next_free_number() {
        let next = |taken: &[&str]| next_lot("MD-1", &taken.iter().map(|lot| (*lot).to_owned()).collect::<Vec<_>>());
        assert_eq!(next(&[]), "MD-1");
        assert_eq!(next(&["MD-1"]), "MD-1-2");
        assert_eq!(next(&["MD-1", "MD-1-2", "MD-1-4"]), "MD-1-3");
        assert_eq!(next(&["MD-1", "MD-1-2", "MD-1-3"]), "MD-1-4");
    }

    #[test]
    fn the_last_day_follows_the_shelf_life_and_else_last_time() {
        let packed_on = day("2026-11-22");
        let kept = crate::register::types::Product { shelf_life: Some(ShelfLife::Months(12)), ..product() };
        let last = Batch { packed_on: day("2026-11-01"), last_valid_day: Some(day("2026-11-11")), ..batch() };
        assert_eq!(proposed_last_day(&kept, Some(&last), packed_on), Some(day("2027-11-22")));
        assert_eq!(proposed_last_day(&product(), Some(&last), packed_on), Some(day("2026-12-02")));
        assert_eq!(proposed_last_day(&product(), None, packed_on), None);
    }
}
