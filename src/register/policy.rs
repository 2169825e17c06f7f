//! Who may mint, and how certificates stand on a day. Pure: dates come in as arguments.
//!
//! Mandatory items are those of Circular 02/2024 and TCVN 12850:2019 as far as they could be confirmed in November 2026.

use chrono::NaiveDate;

use crate::error::{Error, Missing, Result};

use super::types::{Certificate, CertificateState, Product};

/// What a batch asks of its product when stamps are ordered.
#[derive(Clone, Copy, Debug)]
pub struct MintRequest {
    /// The day the batch was packed.
    pub packed_on: NaiveDate,
    /// The batch's last day of use.
    pub last_valid_day: Option<NaiveDate>,
    /// The day of the order.
    pub today: NaiveDate,
}

/// Whether stamps may be minted: a certificate on the packing day *and* today, and every mandatory item.
pub fn may_mint(product: &Product, request: MintRequest) -> Result<()> {
    let product_no = product.product_no.get();
    if !product.is_stamped_by_batch {
        return Err(Error::NotStampedByBatch { product_no });
    }
    if product.is_closed {
        return Err(Error::refused(
            "product-closed",
            format!("Sản phẩm số {product_no} hoặc chủ thể của nó đã đóng trong sổ; không cấp thêm tem."),
            format!("product {product_no} or its producer has left the register; no more stamps are minted"),
        ));
    }
    let on = |day| certificate_state(&product.certificates, day);
    match on(request.today) {
        CertificateState::Unknown => return Err(Error::CertificateUnknown { product_no }),
        CertificateState::Lapsed { last_day } => return Err(Error::CertificateLapsed { product_no, last_day }),
        CertificateState::NotYetValid { first_day } => {
            return Err(Error::CertificateNotYetValid { product_no, first_day });
        }
        CertificateState::Revoked { on } => {
            return Err(Error::CertificateRevoked { product_no, revoked_on: on });
        }
        CertificateState::InForce => {}
    }
    if on(request.packed_on) != CertificateState::InForce {
        return Err(Error::CertificateNotOnPackingDay { product_no, packed_on: request.packed_on });
    }
    let missing = missing_items(product, request.last_valid_day);
    if !missing.is_empty() {
        return Err(Error::MandatoryDataMissing(missing));
    }
    if let Some(last) = request.last_valid_day.filter(|last| *last < request.today) {
        return Err(Error::refused(
            "past-shelf-life",
            format!("Lô này đã hết hạn sử dụng ngày {}; không in tem được nữa.", last.format("%d/%m/%Y")),
            format!("the goods of this batch were good until {last}; no more stamps can be minted"),
        ));
    }
    Ok(())
}

/// The mandatory items that are missing. Product code, serial and packing day are always there by construction.
pub fn missing_items(product: &Product, last_valid_day: Option<NaiveDate>) -> Vec<Missing> {
    let blank = |text: &str| text.trim().is_empty();
    let checks = [
        (blank(&product.name), Missing::Name),
        (product.photo_base64.is_none(), Missing::Image),
        (blank(&product.producer.name), Missing::Producer),
        (product.producer.address().is_none(), Missing::Address),
        (product.standards.as_deref().is_none_or(blank), Missing::Standards),
        (product.shelf_life.is_some() && last_valid_day.is_none(), Missing::ShelfLife),
    ];
    checks.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, item)| item).collect()
}

/// The certificate that covers a day.
pub fn certificate_on(certificates: &[Certificate], day: NaiveDate) -> Option<&Certificate> {
    certificates.iter().find(|certificate| certificate.covers(day))
}

/// How certificates stand on a day. Without any dates it is unknown, never lapsed.
pub fn certificate_state(certificates: &[Certificate], day: NaiveDate) -> CertificateState {
    standing(certificates, day).0
}

/// The certificate that a page about a day shows: the one in force, else the one that ended last, else the newest.
pub fn certificate_to_show(certificates: &[Certificate], day: NaiveDate) -> Option<&Certificate> {
    standing(certificates, day).1.or_else(|| certificates.first())
}

/// The state on a day, with the certificate that makes it so.
fn standing(certificates: &[Certificate], day: NaiveDate) -> (CertificateState, Option<&Certificate>) {
    if let Some(certificate) = certificate_on(certificates, day) {
        return (CertificateState::InForce, Some(certificate));
    }
    let ended = certificates.iter().filter_map(|certificate| Some((end_before(certificate, day)?, certificate)));
    // One that was revoked on the day another lapsed is the newer one.
    let is_revoked = |end: CertificateState| matches!(end, CertificateState::Revoked { .. });
    if let Some(((_, end), certificate)) =
        ended.max_by_key(|((first_day_without, end), _)| (*first_day_without, is_revoked(*end)))
    {
        return (end, Some(certificate));
    }
    let starts = certificates.iter().filter_map(|certificate| Some((certificate.window?.0, certificate)));
    starts
        .min_by_key(|(first_day, _)| *first_day)
        .map_or((CertificateState::Unknown, None), |(first_day, certificate)| {
            (CertificateState::NotYetValid { first_day }, Some(certificate))
        })
}

/// How a certificate that no longer holds on a day came to its end, with the first day it was missing.
fn end_before(certificate: &Certificate, day: NaiveDate) -> Option<(NaiveDate, CertificateState)> {
    let lapsed = certificate.window.map(|(_, last_day)| last_day).filter(|last_day| *last_day < day);
    let revoked = certificate.revoked.as_ref().map(|(on, _)| *on).filter(|on| *on <= day);
    match (lapsed, revoked) {
        // Whoever revokes a certificate that has lapsed takes nothing more away.
        (Some(last_day), Some(on)) if last_day < on => {
            Some((last_day.succ_opt()?, CertificateState::Lapsed { last_day }))
        }
        (_, Some(on)) => Some((on, CertificateState::Revoked { on })),
        (Some(last_day), None) => Some((last_day.succ_opt()?, CertificateState::Lapsed { last_day })),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::{Producer, ShelfLife};
    use super::*;
    use crate::accounts::types::ProducerNo;
    use crate::stamp::ProductNo;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn certificate(window: Option<(&str, &str)>) -> Certificate {
        let window = window.map(|(from, to)| (day(from), day(to)));
        Certificate { stars: Some(4), number: Some("1".into()), issuer: None, window, revoked: None }
    }

    fn revoked(window: Option<(&str, &str)>, on: &str) -> Certificate {
        Certificate { revoked: Some((day(on), "gian dối".into())), ..certificate(window) }
    }

    fn product() -> Product {
        Product {
            product_no: ProductNo::new(7).unwrap(),
            name: "Miến dong".into(),
            set_no: 7,
            set_name: None,
            is_stamped_by_batch: true,
            stars: Some(4),
            standards: Some("TCCS 01:2025".into()),
            shelf_life: None,
            pack: None,
            is_closed: false,
            photo_base64: Some("AA==".into()),
            demo: false,
            producer: Producer {
                producer_no: ProducerNo(1),
                name: "HTX".into(),
                kind: None,
                village: Some("thôn A".into()),
                commune: None,
                former: None,
            },
            certificates: vec![certificate(Some(("2024-01-01", "2026-12-31")))],
        }
    }

    #[track_caller]
    fn check(product: &Product, packed_on: &str, today: &str, expected: &str) {
        let request =
            MintRequest { packed_on: day(packed_on), last_valid_day: Some(day("2027-12-31")), today: day(today) };
        let code = may_mint(product, request).map_or_else(|err| err.code(), |()| "ok");
        assert_eq!(code, expected);
    }

    #[test]
    fn a_certificate_on_both_days_lets_mint_up_to_its_last_day() {
        check(&product(), "2026-01-01", "2026-12-31", "ok");
        check(&product(), "2026-01-01", "2027-01-01", "certificate-lapsed");
    }

    #[test]
    fn a_certificate_that_starts_after_packing_refuses_to_mint() {
        check(&product(), "2023-12-31", "2026-01-01", "certificate-not-on-packing-day");
        check(&product(), "2024-01-01", "2023-12-31", "certificate-not-yet-valid");
    }

    #[test]
    fn a_certificate_without_dates_is_unknown_and_refuses_to_mint() {
        let unknown = Product { certificates: vec![certificate(None)], ..product() };
        check(&unknown, "2026-01-01", "2026-01-02", "certificate-unknown");
        let none = Product { certificates: vec![], ..product() };
        check(&none, "2026-01-01", "2026-01-02", "certificate-unknown");
    }

    #[test]
    fn packing_in_a_gap_between_two_certificates_refuses_to_mint() {
        let two =
            vec![certificate(Some(("2026-01-01", "2028-12-31"))), certificate(Some(("2022-01-01", "2024-12-31")))];
        let product = Product { certificates: two, ..product() };
        check(&product, "2025-06-01", "2026-06-01", "certificate-not-on-packing-day");
        check(&product, "2024-12-31", "2026-06-01", "ok");
    }

    #[test]
    fn a_revoked_certificate_refuses_to_mint_whatever_day_was_packed_on() {
        let product =
            Product { certificates: vec![revoked(Some(("2024-01-01", "2026-12-31")), "2026-03-10")], ..product() };
        check(&product, "2026-03-09", "2026-03-09", "ok");
        check(&product, "2026-03-09", "2026-03-10", "certificate-revoked");
        check(&product, "2026-03-10", "2026-04-01", "certificate-revoked");
    }

    #[test]
    fn a_new_certificate_after_a_revoked_one_mints_what_was_packed_under_either() {
        let certificates = vec![
            certificate(Some(("2026-05-01", "2029-04-30"))),
            revoked(Some(("2024-01-01", "2026-12-31")), "2026-03-10"),
        ];
        let product = Product { certificates, ..product() };
        check(&product, "2026-03-09", "2026-05-01", "ok");
        check(&product, "2026-03-10", "2026-05-01", "certificate-not-on-packing-day");
        check(&product, "2026-05-01", "2026-05-01", "ok");
    }

    #[test]
    fn the_state_of_a_day_is_that_of_the_certificate_that_ended_last() {
        let window = Some(("2024-01-01", "2026-12-31"));
        let on = |certificates: &[Certificate], text| certificate_state(certificates, day(text));
        let march = CertificateState::Revoked { on: day("2026-03-10") };
        let one = [revoked(window, "2026-03-10")];
        assert_eq!(on(&one, "2026-03-09"), CertificateState::InForce);
        assert_eq!(on(&one, "2026-03-10"), march);
        assert_eq!(on(&one, "2028-01-01"), march, "its printed last day no longer counts");
        assert_eq!(on(&one, "2023-12-31"), CertificateState::NotYetValid { first_day: day("2024-01-01") });
        let revoked_after_lapsing = [revoked(window, "2027-02-01")];
        assert_eq!(on(&revoked_after_lapsing, "2027-03-01"), CertificateState::Lapsed { last_day: day("2026-12-31") });
        let after_an_older = [
            revoked(Some(("2025-01-01", "2027-12-31")), "2025-01-01"),
            certificate(Some(("2022-01-01", "2024-12-31"))),
        ];
        assert_eq!(on(&after_an_older, "2025-06-01"), CertificateState::Revoked { on: day("2025-01-01") });
        let without_dates = [revoked(None, "2026-03-10")];
        assert_eq!(on(&without_dates, "2026-03-09"), CertificateState::Unknown);
        assert_eq!(on(&without_dates, "2026-03-10"), march);
    }

    #[test]
    fn the_certificate_shown_is_the_one_whose_state_is_told() {
        let newest_first = [
            certificate(Some(("2027-01-01", "2029-12-31"))),
            revoked(Some(("2024-01-01", "2026-12-31")), "2026-03-10"),
        ];
        let shown = |text| certificate_to_show(&newest_first, day(text)).unwrap().revoked.is_some();
        assert!(shown("2026-01-01") && shown("2026-06-01"));
        assert!(!shown("2027-01-01"));
        assert!(certificate_to_show(&[certificate(None)], day("2026-01-01")).is_some());
        assert!(certificate_to_show(&[], day("2026-01-01")).is_none());
    }

    #[test]
    fn every_missing_mandatory_item_is_listed() {
        let bare = Product {
            name: " ".into(),
            photo_base64: None,
            standards: None,
            shelf_life: Some(ShelfLife::Months(6)),
            producer: Producer {
                producer_no: ProducerNo(1),
                name: String::new(),
                kind: None,
                village: None,
                commune: None,
                former: Some("Na Rì".into()),
            },
            ..product()
        };
        let expected = [
            Missing::Name,
            Missing::Image,
            Missing::Producer,
            Missing::Address,
            Missing::Standards,
            Missing::ShelfLife,
        ];
        assert_eq!(missing_items(&bare, None), expected);
        check(&bare, "2026-01-01", "2026-01-02", "mandatory-data-missing");
    }

    #[test]
    fn tourism_is_not_stamped_by_the_batch() {
        check(&Product { is_stamped_by_batch: false, ..product() }, "2026-01-01", "2026-01-02", "not-stamped-by-batch");
    }

    #[test]
    fn goods_past_their_last_day_get_no_more_stamps() {
        let long = Product { certificates: vec![certificate(Some(("2024-01-01", "2030-12-31")))], ..product() };
        check(&long, "2026-01-01", "2027-12-31", "ok");
        check(&long, "2026-01-01", "2028-01-01", "past-shelf-life");
    }
}
