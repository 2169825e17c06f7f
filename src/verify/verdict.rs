//! Decides the headline of a scan from its facts. Pure: no clock, no database, no request. The first row that applies wins.

use crate::batches::types::Standing;
use crate::keyring::KeyStatus;
use crate::register::types::CertificateState;

use super::facts::{Facts, Mint, ShelfLifeState};

/// What a scan says first, in the order of the verdict table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headline {
    /// Refused, or in no minted run.
    NotIssued,
    /// The batch is recalled.
    Recalled,
    /// The stamp lies in a voided range.
    Voided,
    /// The batch is suspended.
    Suspended,
    /// After the last valid day.
    PastShelfLife,
    /// No certificate was in force on the packing day.
    CertificateLapsed,
    /// Signature good, register not reached or its facts too old.
    Unchecked,
    /// None of the above.
    Issued,
}

/// How a headline is toned. Never the only sign: word and icon say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Do not buy.
    Red,
    /// Look closer.
    Amber,
    /// As the issuer says.
    Green,
}

impl Headline {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotIssued => "not_issued",
            Self::Recalled => "recalled",
            Self::Voided => "voided",
            Self::Suspended => "suspended",
            Self::PastShelfLife => "past_shelf_life",
            Self::CertificateLapsed => "certificate_lapsed",
            Self::Unchecked => "unchecked",
            Self::Issued => "issued",
        }
    }

    /// Its tone.
    pub const fn tone(self) -> Tone {
        match self {
            Self::NotIssued | Self::Recalled | Self::Voided => Tone::Red,
            Self::Suspended | Self::PastShelfLife | Self::CertificateLapsed | Self::Unchecked => Tone::Amber,
            Self::Issued => Tone::Green,
        }
    }
}

impl Tone {
    /// The stable name, also the page's class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Amber => "amber",
            Self::Green => "green",
        }
    }
}

/// The headline of these facts.
pub fn decide(facts: &Facts<'_>) -> Headline {
    if facts.rule().is_some() {
        return Headline::NotIssued;
    }
    if matches!(facts.standing(), Some(Standing::Recalled(_))) {
        return Headline::Recalled;
    }
    if facts.void.is_some() {
        return Headline::Voided;
    }
    if matches!(facts.standing(), Some(Standing::Suspended(_))) {
        return Headline::Suspended;
    }
    if matches!(facts.shelf_life, ShelfLifeState::Past { .. }) {
        return Headline::PastShelfLife;
    }
    let on_packing_day = facts.batch.as_ref().map(|batch| batch.on_packing_day);
    match on_packing_day {
        Some(
            CertificateState::Lapsed { .. } | CertificateState::NotYetValid { .. } | CertificateState::Revoked { .. },
        ) => return Headline::CertificateLapsed,
        Some(CertificateState::InForce | CertificateState::Unknown) | None => {}
    }
    if facts.batch.is_none() || !matches!(facts.mint, Mint::Minted { .. }) || facts.is_stale() {
        return Headline::Unchecked;
    }
    Headline::Issued
}

/// Whether nothing can be decided: the register was asked and not reached, or the key may be in other hands and no mint record
/// is at hand. An offline check of a sound key is decided: the issuer signed.
pub fn is_undecidable(facts: &Facts<'_>) -> bool {
    let is_compromised = facts.key == Some(KeyStatus::Compromised);
    facts.rule().is_none()
        && match facts.mint {
            Mint::Minted { .. } | Mint::NotMinted => false,
            Mint::OutOfReach => true,
            Mint::NotAsked => is_compromised,
        }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

    use super::super::facts::{BatchFacts, Carrier, Claim, SignedClaim};
    use super::*;
    use crate::accounts::types::ProducerNo;
    use crate::batches::types::find_void;
    use crate::batches::types::{Batch, MintRun, Notice, SerialRange, Void, VoidReason};
    use crate::register::types::{Certificate, Producer, Product};
    use crate::stamp::{BatchNo, KeyNo, LastValidDay, ProductNo, Rule, Serial};

    const NOW: &str = "2026-11-22T05:00:00Z";

    /// One stamp of one batch, to be bent by each test.
    #[derive(Clone, Copy)]
    struct Case {
        packed_on: &'static str,
        window: Option<(&'static str, &'static str)>,
        revoked_on: Option<&'static str>,
        last_valid_day: Option<&'static str>,
        key: KeyStatus,
        age: TimeDelta,
        mint: Record,
        standing: Said,
        /// The first and the last voided serial; the stamp's own is 3.
        voided: Option<(u32, u32)>,
    }

    /// What the office says of the batch.
    #[derive(Clone, Copy)]
    enum Said {
        Nothing,
        Suspended,
        Recalled,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Record {
        Minted,
        NotMinted,
        OutOfReach,
    }

    const GOOD: Case = Case {
        packed_on: "2026-06-01",
        window: Some(("2025-01-01", "2027-12-31")),
        revoked_on: None,
        last_valid_day: Some("2027-06-01"),
        key: KeyStatus::Active,
        age: TimeDelta::zero(),
        mint: Record::Minted,
        standing: Said::Nothing,
        voided: None,
    };

    fn standing(said: Said) -> Standing {
        let notice =
            Notice { reason: "Kiểm nghiệm".into(), advice: None, contact: None, since: NOW.parse().unwrap() };
        match said {
            Said::Nothing => Standing::Normal,
            Said::Suspended => Standing::Suspended(notice),
            Said::Recalled => Standing::Recalled(notice),
        }
    }

    fn voids(case: &Case, now: DateTime<Utc>) -> Vec<Void> {
        let serial = |n| Serial::new(n).unwrap();
        let ranges = case.voided.iter().map(|&(first, last)| SerialRange::new(serial(first), serial(last)).unwrap());
        let void = |range| Void { void_no: 1, range, reason: VoidReason::Lost, note: None, voided_at: now };
        ranges.map(void).collect()
    }

    #[track_caller]
    fn check(case: &Case, expected: Headline) {
        let now: DateTime<Utc> = NOW.parse().unwrap();
        let today = crate::clock::day_in_vietnam(now);
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let (product_no, batch_no, serial, key_no) =
            (ProductNo::new(1).unwrap(), BatchNo::new(2).unwrap(), Serial::new(3).unwrap(), KeyNo::new(1).unwrap());
        let last_valid_day =
            case.last_valid_day.map_or(LastValidDay::NONE, |last| LastValidDay::from_date(day(last)).unwrap());
        let batch = Batch {
            batch_no,
            product_no,
            producer_no: ProducerNo(1),
            lot: "A".into(),
            packed_on: day(case.packed_on),
            last_valid_day: case.last_valid_day.map(day),
            quantity: None,
            unit: None,
            is_open: true,
            next_serial: 11,
            opened_at: now,
            closed_at: None,
            standing: standing(case.standing),
            max_stamps: None,
            version: 1,
        };
        let window = case.window.map(|(from, to)| (day(from), day(to)));
        let revoked = case.revoked_on.map(|on| (day(on), "gian dối".to_owned()));
        let product = Product {
            product_no,
            name: "Miến dong".into(),
            set_no: 7,
            set_name: None,
            is_stamped_by_batch: true,
            stars: Some(4),
            standards: None,
            shelf_life: None,
            pack: None,
            is_closed: false,
            photo_base64: None,
            demo: false,
            producer: Producer {
                producer_no: crate::accounts::types::ProducerNo(1),
                name: "HTX".into(),
                kind: None,
                village: None,
                commune: None,
                former: None,
            },
            certificates: vec![Certificate { stars: Some(4), number: None, issuer: None, window, revoked }],
        };
        let run = MintRun {
            batch_no,
            first: Serial::FIRST,
            last: Serial::new(10).unwrap(),
            product_no,
            last_valid_day,
            stamp_key: key_no,
            code_key: key_no,
            scratch_key: None,
            minted_at: now,
        };
        let claim = Claim { batch_no, serial, signed: Some(SignedClaim { product_no, last_valid_day }), key_no };
        let facts = Facts::unchecked(Carrier::Full, claim, Some(case.key), now, today);
        let voids = voids(case, now);
        let facts = match case.mint {
            Record::Minted => facts
                .minted(&run, BatchFacts::new(&batch, &product, now - case.age, today), today)
                .voided(find_void(&voids, serial)),
            Record::NotMinted => facts.not_minted(),
            Record::OutOfReach => facts,
        };
        assert_eq!(decide(&facts), expected);
    }

    #[test]
    fn a_minted_stamp_in_order_is_issued() {
        check(&GOOD, Headline::Issued);
    }

    #[test]
    fn every_refusal_is_not_issued() {
        for rule in Rule::ALL {
            let facts = Facts::refused(Carrier::Full, rule, NOW.parse().unwrap());
            assert_eq!(decide(&facts), Headline::NotIssued);
            assert_eq!(facts.rule(), Some(rule));
        }
        check(&Case { mint: Record::NotMinted, ..GOOD }, Headline::NotIssued);
    }

    #[test]
    fn a_stamp_outside_every_run_is_not_issued_even_past_its_shelf_life() {
        check(&Case { mint: Record::NotMinted, last_valid_day: Some("2026-01-01"), ..GOOD }, Headline::NotIssued);
    }

    /// Everything at once that speaks against a stamp; each test takes the first away.
    const WORST: Case = Case {
        standing: Said::Recalled,
        voided: Some((1, 5)),
        last_valid_day: Some("2026-11-21"),
        window: Some(("2020-01-02", "2020-12-31")),
        age: TimeDelta::hours(48),
        ..GOOD
    };

    #[test]
    fn the_first_row_of_the_table_that_applies_is_the_headline() {
        check(&Case { mint: Record::NotMinted, ..WORST }, Headline::NotIssued);
        check(&WORST, Headline::Recalled);
        check(&Case { standing: Said::Suspended, ..WORST }, Headline::Voided);
        check(&Case { standing: Said::Nothing, ..WORST }, Headline::Voided);
        check(&Case { standing: Said::Suspended, voided: None, ..WORST }, Headline::Suspended);
        check(&Case { standing: Said::Nothing, voided: None, ..WORST }, Headline::PastShelfLife);
        let in_time = Case { standing: Said::Nothing, voided: None, last_valid_day: None, ..WORST };
        check(&in_time, Headline::CertificateLapsed);
        check(&Case { window: GOOD.window, ..in_time }, Headline::Unchecked);
        check(&Case { window: GOOD.window, age: GOOD.age, ..in_time }, Headline::Issued);
    }

    #[test]
    fn only_the_stamps_in_a_voided_range_are_voided() {
        check(&Case { voided: Some((3, 3)), ..GOOD }, Headline::Voided);
        check(&Case { voided: Some((0, 2)), ..GOOD }, Headline::Issued);
        check(&Case { voided: Some((4, 10)), ..GOOD }, Headline::Issued);
    }

    #[test]
    fn recalled_and_voided_are_red_and_suspended_is_amber() {
        let tones = [Headline::Recalled, Headline::Voided, Headline::Suspended].map(Headline::tone);
        assert_eq!(tones, [Tone::Red, Tone::Red, Tone::Amber]);
    }

    #[test]
    fn past_shelf_life_comes_before_the_certificate() {
        check(&Case { last_valid_day: Some("2026-11-21"), ..GOOD }, Headline::PastShelfLife);
        check(
            &Case { last_valid_day: Some("2026-11-21"), window: Some(("2020-01-02", "2020-12-31")), ..GOOD },
            Headline::PastShelfLife,
        );
        check(&Case { last_valid_day: Some("2026-11-22"), ..GOOD }, Headline::Issued);
        check(&Case { last_valid_day: None, ..GOOD }, Headline::Issued);
    }

    #[test]
    fn a_certificate_that_did_not_cover_the_packing_day_changes_the_headline() {
        check(&Case { window: Some(("2022-01-01", "2026-05-31")), ..GOOD }, Headline::CertificateLapsed);
        check(&Case { window: Some(("2026-06-02", "2029-05-31")), ..GOOD }, Headline::CertificateLapsed);
    }

    #[test]
    fn a_certificate_that_lapsed_after_packing_does_not_change_the_headline() {
        check(&Case { window: Some(("2023-07-01", "2026-06-30")), ..GOOD }, Headline::Issued);
    }

    #[test]
    fn a_certificate_revoked_by_the_packing_day_changes_the_headline_and_one_revoked_since_does_not() {
        check(&Case { revoked_on: Some("2026-05-31"), ..GOOD }, Headline::CertificateLapsed);
        check(&Case { revoked_on: Some("2026-06-01"), ..GOOD }, Headline::CertificateLapsed);
        check(&Case { revoked_on: Some("2026-06-02"), ..GOOD }, Headline::Issued);
    }

    #[test]
    fn a_certificate_without_dates_is_never_called_lapsed() {
        check(&Case { window: None, ..GOOD }, Headline::Issued);
    }

    #[test]
    fn without_the_register_a_good_signature_is_unchecked() {
        check(&Case { mint: Record::OutOfReach, ..GOOD }, Headline::Unchecked);
        check(&Case { mint: Record::OutOfReach, last_valid_day: Some("2026-11-21"), ..GOOD }, Headline::PastShelfLife);
    }

    #[test]
    fn facts_older_than_a_day_are_not_relied_on() {
        check(&Case { age: TimeDelta::hours(24), ..GOOD }, Headline::Issued);
        check(&Case { age: TimeDelta::hours(24) + TimeDelta::seconds(1), ..GOOD }, Headline::Unchecked);
    }

    #[test]
    fn a_compromised_key_is_a_fact_that_the_mint_record_settles() {
        check(&Case { key: KeyStatus::Compromised, ..GOOD }, Headline::Issued);
        check(&Case { key: KeyStatus::Compromised, mint: Record::OutOfReach, ..GOOD }, Headline::Unchecked);
    }

    #[test]
    fn a_retired_key_changes_nothing() {
        check(&Case { key: KeyStatus::Retired, ..GOOD }, Headline::Issued);
    }
}
