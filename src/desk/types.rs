//! What the desks count, as values. Pure.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Months, NaiveDate, Utc};

use crate::register::policy::{certificate_on, certificate_state};
use crate::register::types::{Certificate, CertificateState};

/// Months before a certificate's end at which producers are reminded.
pub const REMINDER_MONTHS: [u8; 4] = [9, 6, 3, 1];

/// A product of the register as the figures need it.
#[derive(Clone, Debug)]
pub struct CountedProduct {
    /// Its number.
    pub product_no: i32,
    /// Its producer.
    pub producer_no: i32,
    /// Its set, 1 to 26.
    pub set_no: u8,
    /// Stars as the register says.
    pub stars: Option<u8>,
    /// Its certificates.
    pub certificates: Vec<Certificate>,
}

/// A producer of the register as the figures need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedProducer {
    /// Its number.
    pub producer_no: i32,
    /// Its name.
    pub name: String,
    /// Today's commune; none when the register does not say.
    pub commune: Option<Commune>,
}

/// A commune by code and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commune {
    /// Its name.
    pub name: String,
    /// Its code, which is no name: codes were used again.
    pub code: String,
}

/// What one producer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerFigures {
    /// The producer.
    pub producer: CountedProducer,
    /// Products in the register.
    pub n_products: u32,
    /// Of them with a certificate in force.
    pub n_in_force: u32,
}

/// A batch that the office suspended or recalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuledBatch {
    /// Its number.
    pub batch_no: i32,
    /// Its lot.
    pub lot: String,
    /// Its product.
    pub product: String,
    /// Who made it.
    pub producer: String,
    /// Whether it was taken back for good.
    pub is_recalled: bool,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What waits for the office.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Proposals to suspend a batch.
    pub n_proposals: i64,
    /// Requests for more stamps.
    pub n_requests: i64,
}

/// The register in numbers, on one day. Products and producers that were closed are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All products.
    pub n_products: u32,
    /// With a certificate in force.
    pub n_in_force: u32,
    /// Whose last certificate lapsed.
    pub n_lapsed: u32,
    /// Whose last certificate was revoked.
    pub n_revoked: u32,
    /// Whose first certificate has not begun.
    pub n_not_yet_valid: u32,
    /// Without the dates of any.
    pub n_unknown: u32,
    /// Products in force by stars, the most stars first.
    pub by_stars: Vec<(u8, u32)>,
    /// Products in force by set, in the order of sets.
    pub by_set: Vec<(u8, u32)>,
    /// Products in force by commune, the most first; none: the register does not say.
    pub by_commune: Vec<(Option<Commune>, u32)>,
    /// Products in force that no certificate covers any more within so many months.
    pub ending: Vec<(u8, u32)>,
    /// Producers by name.
    pub producers: Vec<ProducerFigures>,
}

impl Figures {
    /// Counts producers and products.
    pub fn count(producers: Vec<CountedProducer>, products: &[CountedProduct], today: NaiveDate) -> Self {
        let communes: HashMap<i32, Option<&Commune>> =
            producers.iter().map(|producer| (producer.producer_no, producer.commune.as_ref())).collect();
        let mut figures = Self::default();
        let (mut stars, mut sets) = (BTreeMap::<u8, u32>::new(), BTreeMap::<u8, u32>::new());
        let mut by_commune = BTreeMap::<Option<&Commune>, u32>::new();
        let mut of_producer = HashMap::<i32, (u32, u32)>::new();
        let mut ends = Vec::new();
        for product in products {
            figures.n_products += 1;
            let own = of_producer.entry(product.producer_no).or_default();
            own.0 += 1;
            match certificate_state(&product.certificates, today) {
                CertificateState::InForce => {
                    figures.n_in_force += 1;
                    own.1 += 1;
                    let of_certificate = certificate_on(&product.certificates, today).and_then(|paper| paper.stars);
                    if let Some(n) = of_certificate.or(product.stars) {
                        *stars.entry(n).or_default() += 1;
                    }
                    *sets.entry(product.set_no).or_default() += 1;
                    let commune = communes.get(&product.producer_no).copied().flatten();
                    *by_commune.entry(commune).or_default() += 1;
                    ends.extend(covered_until(&product.certificates, today));
                }
                CertificateState::Lapsed { .. } => figures.n_lapsed += 1,
                CertificateState::Revoked { .. } => figures.n_revoked += 1,
                CertificateState::NotYetValid { .. } => figures.n_not_yet_valid += 1,
                CertificateState::Unknown => figures.n_unknown += 1,
            }
        }
        figures.by_stars = stars.into_iter().rev().collect();
        figures.by_set = sets.into_iter().collect();
        figures.by_commune = by_commune.into_iter().map(|(commune, n)| (commune.cloned(), n)).collect();
        figures.by_commune.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        figures.ending = REMINDER_MONTHS.map(|months| (months, n_ending(&ends, today, months))).to_vec();
        let figures_of = |producer: CountedProducer| {
            let (n_products, n_in_force) = of_producer.get(&producer.producer_no).copied().unwrap_or_default();
            ProducerFigures { producer, n_products, n_in_force }
        };
        figures.producers = producers.into_iter().map(figures_of).collect();
        figures
    }
}

/// The last day that certificates cover without a gap, from a day on that one covers.
pub fn covered_until(certificates: &[Certificate], today: NaiveDate) -> Option<NaiveDate> {
    let mut last_day = None;
    let mut day = today;
    // Every round moves to another certificate's end, so there are no more rounds than certificates.
    for _ in certificates {
        let Some(certificate) = certificate_on(certificates, day) else { break };
        let revoked_before = certificate.revoked.as_ref().and_then(|(on, _)| on.pred_opt());
        let Some(end) = certificate.window.map(|(_, last)| revoked_before.map_or(last, |before| before.min(last)))
        else {
            break;
        };
        last_day = Some(end);
        let Some(next) = end.succ_opt() else { break };
        day = next;
    }
    last_day
}

fn n_ending(ends: &[NaiveDate], today: NaiveDate, months: u8) -> u32 {
    let until = today.checked_add_months(Months::new(months.into()));
    let is_near = |end: &&NaiveDate| until.is_some_and(|until| **end <= until);
    u32::try_from(ends.iter().filter(is_near).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn paper(stars: u8, from: &str, to: &str) -> Certificate {
        Certificate {
            stars: Some(stars),
            number: None,
            issuer: None,
            window: Some((day(from), day(to))),
            revoked: None,
        }
    }

    fn revoked(on: &str, certificate: Certificate) -> Certificate {
        Certificate { revoked: Some((day(on), "x".into())), ..certificate }
    }

    fn product(producer_no: i32, set_no: u8, certificates: Vec<Certificate>) -> CountedProduct {
        CountedProduct { product_no: 1, producer_no, set_no, stars: Some(3), certificates }
    }

    fn producers() -> Vec<CountedProducer> {
        let producer =
            |producer_no, commune| CountedProducer { producer_no, name: format!("HTX {producer_no}"), commune };
        vec![producer(1, Some(commune("Xã Một"))), producer(2, Some(commune("Xã Hai"))), producer(3, None)]
    }

    fn commune(name: &str) -> Commune {
        Commune { name: name.to_owned(), code: "01843".to_owned() }
    }

    const TODAY: &str = "2026-11-22";

    fn figures(products: &[CountedProduct]) -> Figures {
        Figures::count(producers(), products, day(TODAY))
    }

    #[test]
    fn only_products_in_force_are_counted_by_stars_set_and_commune() {
        let figures = figures(&[
            product(1, 7, vec![paper(4, "2025-01-01", "2027-12-31")]),
            product(1, 11, vec![paper(5, "2025-01-01", "2027-12-31")]),
            product(2, 7, vec![paper(3, "2025-01-01", "2027-12-31")]),
            product(2, 7, vec![paper(4, "2020-01-01", "2022-12-31")]),
            product(3, 4, vec![paper(3, "2027-01-01", "2029-12-31")]),
            product(3, 4, vec![revoked("2026-01-01", paper(3, "2025-01-01", "2027-12-31"))]),
            product(3, 4, vec![]),
        ]);
        assert_eq!(figures.by_stars, [(5, 1), (4, 1), (3, 1)]);
        assert_eq!(figures.by_set, [(7, 2), (11, 1)]);
        assert_eq!(figures.by_commune, [(Some(commune("Xã Một")), 2), (Some(commune("Xã Hai")), 1)]);
        let states =
            [figures.n_in_force, figures.n_lapsed, figures.n_not_yet_valid, figures.n_revoked, figures.n_unknown];
        assert_eq!((figures.n_products, states), (7, [3, 1, 1, 1, 1]));
        let of_producers: Vec<_> = figures.producers.iter().map(|line| (line.n_products, line.n_in_force)).collect();
        assert_eq!(of_producers, [(2, 2), (2, 1), (3, 0)]);
    }

    #[track_caller]
    fn check_until(certificates: &[Certificate], expected: Option<&str>) {
        assert_eq!(covered_until(certificates, day(TODAY)), expected.map(day));
    }

    #[test]
    fn a_certificate_that_follows_without_a_gap_moves_the_end() {
        let now = || paper(4, "2024-01-01", "2026-12-31");
        check_until(&[now()], Some("2026-12-31"));
        check_until(&[paper(4, "2027-01-01", "2029-12-31"), now()], Some("2029-12-31"));
        check_until(&[paper(4, "2027-01-02", "2029-12-31"), now()], Some("2026-12-31"));
        check_until(&[revoked("2026-12-15", now())], Some("2026-12-14"));
        check_until(&[paper(4, "2027-01-01", "2029-12-31")], None);
        check_until(&[], None);
    }

    #[test]
    fn what_ends_within_a_month_ends_within_nine_as_well() {
        let ending = |last: &str| product(1, 7, vec![paper(3, "2024-01-01", last)]);
        let figures = figures(&["2026-12-22", "2026-12-23", "2027-05-22", "2027-08-22", "2027-08-23"].map(ending));
        assert_eq!(figures.ending, [(9, 4), (6, 3), (3, 2), (1, 1)]);
    }
}
