//! Whom to remind of a certificate that ends: each certificate once, in the nearest of the groups. Pure.

use chrono::NaiveDate;

use super::types::{Ending, EndingGroup, REMINDER_MONTHS, months_ahead};

/// Parts certificates into their groups. One that has ended, or ends later than the furthest group, is in none.
pub(super) fn grouped(endings: Vec<Ending>, today: NaiveDate) -> [EndingGroup; REMINDER_MONTHS.len()] {
    let mut groups =
        REMINDER_MONTHS.map(|months| EndingGroup { months, until: months_ahead(today, months), endings: Vec::new() });
    for ending in endings {
        let nearest = groups.iter_mut().find(|group| today <= ending.last_day && ending.last_day <= group.until);
        if let Some(group) = nearest {
            group.endings.push(ending);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::types::ProducerNo;
    use crate::register::certificates::types::CertificateSheet;
    use crate::register::types::Certificate;
    use crate::stamp::ProductNo;

    fn ending(last_day: &str) -> Ending {
        let last_day = last_day.parse().unwrap();
        Ending {
            last_day,
            sheet: CertificateSheet {
                certificate_id: 1,
                product_no: ProductNo::new(1).unwrap(),
                product: "Miến dong".into(),
                set_no: 7,
                producer_no: ProducerNo(1),
                producer: "HTX".into(),
                commune: None,
                certificate: Certificate { stars: Some(3), number: None, issuer: None, window: None, revoked: None },
                score: None,
                decision_no: None,
                issuer_level: None,
                scan: None,
                version: 1,
            },
            contacts: Vec::new(),
        }
    }

    /// The group of a certificate with this last day, on this day.
    #[track_caller]
    fn check(today: &str, last_day: &str, expected: Option<u32>) {
        let groups = grouped(vec![ending(last_day)], today.parse().unwrap());
        let found: Vec<u32> = groups.iter().flat_map(|group| group.endings.iter().map(|_| group.months)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{last_day} on {today}");
    }

    #[test]
    fn a_certificate_is_in_its_nearest_group_and_in_no_other() {
        for (last_day, months) in [
            ("2026-11-21", None),
            ("2026-11-22", Some(1)),
            ("2026-12-22", Some(1)),
            ("2026-12-23", Some(3)),
            ("2027-02-22", Some(3)),
            ("2027-02-23", Some(6)),
            ("2027-05-22", Some(6)),
            ("2027-05-23", Some(9)),
            ("2027-08-22", Some(9)),
            ("2027-08-23", None),
        ] {
            check("2026-11-22", last_day, months);
        }
    }

    #[test]
    fn a_month_without_such_a_day_ends_with_its_last() {
        check("2027-01-31", "2027-02-28", Some(1));
        check("2027-01-31", "2027-03-01", Some(3));
        check("2026-11-30", "2027-02-28", Some(3));
        check("2026-11-30", "2027-03-01", Some(6));
    }

    #[test]
    fn groups_keep_the_order_they_were_given() {
        let endings = ["2026-12-01", "2026-12-02", "2026-12-03"].map(ending).to_vec();
        let groups = grouped(endings.clone(), "2026-11-22".parse().unwrap());
        assert_eq!(groups[0].endings, endings);
        assert_eq!(groups.map(|group| group.months), [1, 3, 6, 9]);
    }
}
