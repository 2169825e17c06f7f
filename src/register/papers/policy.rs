//! What a food-safety paper must keep to be entered: days in their order, and words for what has no kind of its own. Pure.

use chrono::NaiveDate;

use crate::error::{Error, Result};

use super::types::{PaperDraft, PaperKind};

/// Refuses what cannot stand on a paper.
pub(super) fn check(draft: &PaperDraft, today: NaiveDate) -> Result<()> {
    if draft.issued_on.is_some_and(|issued_on| today < issued_on) {
        return Err(Error::invalid(
            "issued_on",
            "Ngày cấp không được ở sau hôm nay; xin xem lại ngày trên giấy.",
            "the paper cannot have been issued after today; look at its date again",
        ));
    }
    if draft.issued_on.zip(draft.valid_to).is_some_and(|(issued_on, valid_to)| valid_to < issued_on) {
        return Err(Error::invalid(
            "valid_to",
            "Ngày cuối không được trước ngày cấp; xin xem lại hai ngày trên giấy.",
            "the last day cannot lie before the day of issue; look at both dates again",
        ));
    }
    if draft.kind == PaperKind::Other && draft.scope.is_none() {
        return Err(Error::invalid(
            "scope",
            "Với giấy tờ khác, xin ghi rõ đó là giấy gì.",
            "of any other paper, say what it is",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The field that is wrong with a paper on 2026-11-22.
    #[track_caller]
    fn check_on(kind: PaperKind, issued_on: Option<&str>, valid_to: Option<&str>, scope: Option<&str>) -> &'static str {
        let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let (issued_on, valid_to) = (day(issued_on), day(valid_to));
        let scope = scope.map(str::to_owned);
        let draft = PaperDraft { kind, product_no: None, number: None, issuer: None, issued_on, valid_to, scope };
        match check(&draft, "2026-11-22".parse().unwrap()) {
            Ok(()) => "",
            Err(Error::Invalid { field, .. }) => field,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn days_stand_in_their_order_and_none_is_needed() {
        for (issued_on, valid_to, wrong) in [
            (None, None, ""),
            (Some("2026-11-22"), None, ""),
            (Some("2026-11-23"), None, "issued_on"),
            (None, Some("2020-01-01"), ""),
            (Some("2026-01-02"), Some("2026-01-02"), ""),
            (Some("2026-01-02"), Some("2026-01-01"), "valid_to"),
        ] {
            assert_eq!(check_on(PaperKind::Haccp, issued_on, valid_to, None), wrong, "{issued_on:?} {valid_to:?}");
        }
    }

    #[test]
    fn what_has_no_kind_of_its_own_says_what_it_is() {
        assert_eq!(check_on(PaperKind::Other, None, None, None), "scope");
        assert_eq!(check_on(PaperKind::Other, None, None, Some("Giấy xác nhận kiến thức")), "");
    }
}
