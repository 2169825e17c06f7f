//! What is known of one stamp at one moment, each fact by itself. Pure data and the arithmetic of establishing it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::batches::types::{Batch, MintRun, Standing, Void};
use crate::keyring::KeyStatus;
use crate::register::policy::{certificate_state, certificate_to_show};
use crate::register::types::{Certificate, CertificateState, Product};
use crate::stamp::{BatchNo, KeyNo, LastValidDay, Payload, ProductNo, Rule, Serial};
use crate::trace::card::types::CardEvent;

/// Facts older than this are no longer relied on (verdict table, row 8).
pub const MAX_AGE: TimeDelta = TimeDelta::hours(24);

/// How the stamp came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The full symbol or its digits: carries the signature.
    Full,
    /// The compact symbol or a typed code: carries none, the issuer alone can check it.
    Compact,
}

impl Carrier {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Compact => "compact",
        }
    }
}

/// What a stamp that was not refused says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The batch.
    pub batch_no: BatchNo,
    /// Which stamp of it.
    pub serial: Serial,
    /// The signed rest, when the carrier has it.
    pub signed: Option<SignedClaim>,
    /// The key that made it: a stamp key for a full carrier, a code key for a compact one.
    pub key_no: KeyNo,
}

/// What only the full carrier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedClaim {
    /// The product.
    pub product_no: ProductNo,
    /// The last valid day.
    pub last_valid_day: LastValidDay,
}

impl From<Payload> for Claim {
    fn from(payload: Payload) -> Self {
        let signed = SignedClaim { product_no: payload.product_no, last_valid_day: payload.last_valid_day };
        Self { batch_no: payload.batch_no, serial: payload.serial, signed: Some(signed), key_no: payload.key_no }
    }
}

/// Whether the register vouches for the claim.
#[derive(Clone, Debug)]
pub enum Mint {
    /// A run holds the stamp as signed.
    Minted {
        /// When.
        minted_at: DateTime<Utc>,
    },
    /// No run holds it.
    NotMinted,
    /// The register was not reached.
    OutOfReach,
    /// The register was not asked: an offline check.
    NotAsked,
}

/// What the register says of the batch and its product.
#[derive(Clone, Debug)]
pub struct BatchFacts<'c> {
    /// The batch.
    pub batch: &'c Batch,
    /// Its product.
    pub product: &'c Product,
    /// How the certificate stood on the packing day.
    pub on_packing_day: CertificateState,
    /// How it stands today.
    pub on_today: CertificateState,
    /// The certificate to show: that of the packing day, else the one that ended last before it, else the newest.
    pub certificate: Option<&'c Certificate>,
    /// The last stages that were recorded of it, the latest first. They decide nothing.
    pub events: &'c [CardEvent],
    /// When the register was read.
    pub as_of: DateTime<Utc>,
}

impl<'c> BatchFacts<'c> {
    /// Reads them off a batch and its product.
    pub fn new(batch: &'c Batch, product: &'c Product, as_of: DateTime<Utc>, today: NaiveDate) -> Self {
        let certificates = &product.certificates;
        Self {
            batch,
            product,
            on_packing_day: certificate_state(certificates, batch.packed_on),
            on_today: certificate_state(certificates, today),
            certificate: certificate_to_show(certificates, batch.packed_on),
            events: &[],
            as_of,
        }
    }

    /// The same facts with these events of the batch.
    #[must_use]
    pub fn with_events(self, events: &'c [CardEvent]) -> Self {
        Self { events, ..self }
    }
}

/// The shelf life, by the earlier of the stamp's and the batch's last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShelfLifeState {
    /// Good today.
    Good {
        /// The last day.
        last_day: NaiveDate,
    },
    /// Past.
    Past {
        /// The last day.
        last_day: NaiveDate,
    },
    /// The goods do not expire.
    None,
    /// Neither stamp nor register says.
    Unknown,
}

/// Everything known of one stamp at one moment.
#[derive(Clone, Debug)]
pub struct Facts<'c> {
    /// How it came.
    pub carrier: Carrier,
    /// The first rule that failed; the mint record's is derived from `mint`.
    pub refused: Option<Rule>,
    /// What it says; none when it was refused before that was sure.
    pub claim: Option<Claim>,
    /// The state of the key that made it: a stamp key, or a code key for a compact carrier.
    pub key: Option<KeyStatus>,
    /// What the mint record says.
    pub mint: Mint,
    /// The void that holds the stamp, if one does.
    pub void: Option<&'c Void>,
    /// What the register says.
    pub batch: Option<BatchFacts<'c>>,
    /// The shelf life.
    pub shelf_life: ShelfLifeState,
    /// When these facts were put together.
    pub now: DateTime<Utc>,
}

impl<'c> Facts<'c> {
    /// A refused stamp: nothing else is known of it.
    pub fn refused(carrier: Carrier, rule: Rule, now: DateTime<Utc>) -> Self {
        let (claim, key, batch) = (None, None, None);
        Self {
            carrier,
            refused: Some(rule),
            claim,
            key,
            mint: Mint::OutOfReach,
            void: None,
            batch,
            shelf_life: ShelfLifeState::Unknown,
            now,
        }
    }

    /// A good claim, without the register.
    pub fn unchecked(
        carrier: Carrier,
        claim: Claim,
        key: Option<KeyStatus>,
        now: DateTime<Utc>,
        today: NaiveDate,
    ) -> Self {
        let signed: Vec<_> = claim.signed.iter().map(|signed| signed.last_valid_day.to_date()).collect();
        let shelf_life = shelf_life(&signed, today);
        let (mint, void, batch) = (Mint::OutOfReach, None, None);
        Self { carrier, refused: None, claim: Some(claim), key, mint, void, batch, shelf_life, now }
    }

    /// The same facts, where there is no register to ask.
    #[must_use]
    pub fn offline(self) -> Self {
        Self { mint: Mint::NotAsked, ..self }
    }

    /// A good claim that the register does not know.
    #[must_use]
    pub fn not_minted(self) -> Self {
        Self { mint: Mint::NotMinted, batch: None, ..self }
    }

    /// A good claim and what the register says of it.
    #[must_use]
    pub fn minted(self, run: &MintRun, batch: BatchFacts<'c>, today: NaiveDate) -> Self {
        let signed =
            self.claim.and_then(|claim| claim.signed).map_or(run.last_valid_day, |signed| signed.last_valid_day);
        let shelf_life = shelf_life(&[signed.to_date(), batch.batch.last_valid_day], today);
        Self { mint: Mint::Minted { minted_at: run.minted_at }, batch: Some(batch), shelf_life, ..self }
    }

    /// The same facts of a stamp that was voided.
    #[must_use]
    pub fn voided(self, void: Option<&'c Void>) -> Self {
        Self { void, ..self }
    }

    /// How the batch stands.
    pub fn standing(&self) -> Option<&'c Standing> {
        self.batch.as_ref().map(|facts| &facts.batch.standing)
    }

    /// The rule that refuses the stamp, if any.
    pub fn rule(&self) -> Option<Rule> {
        self.refused.or(matches!(self.mint, Mint::NotMinted).then_some(Rule::NotMinted))
    }

    /// Whether what the register said is too old to rely on.
    pub fn is_stale(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| MAX_AGE < self.now - batch.as_of)
    }
}

/// The run that holds a claim exactly as it was signed; a stamp that differs from its run in anything is not minted.
pub fn find_run<'r>(runs: &'r [MintRun], claim: &Claim) -> Option<&'r MintRun> {
    runs.iter().find(|run| {
        run.batch_no == claim.batch_no
            && run.holds(claim.serial)
            && match claim.signed {
                Some(signed) => {
                    (run.product_no, run.last_valid_day, run.stamp_key)
                        == (signed.product_no, signed.last_valid_day, claim.key_no)
                }
                None => run.code_key == claim.key_no,
            }
    })
}

/// By the last days that are known: one entry a source, none in it when that source says that the goods do not expire.
fn shelf_life(sources: &[Option<NaiveDate>], today: NaiveDate) -> ShelfLifeState {
    if sources.is_empty() {
        return ShelfLifeState::Unknown;
    }
    match sources.iter().flatten().min() {
        None => ShelfLifeState::None,
        Some(&last_day) if last_day < today => ShelfLifeState::Past { last_day },
        Some(&last_day) => ShelfLifeState::Good { last_day },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(sources: &[Option<&str>], expected: ShelfLifeState) {
        let sources: Vec<Option<NaiveDate>> = sources.iter().map(|text| text.map(day)).collect();
        assert_eq!(shelf_life(&sources, day("2026-11-22")), expected);
    }

    #[test]
    fn the_earlier_of_the_stamps_and_the_batchs_last_day_counts() {
        let (today, yesterday, later) = (Some("2026-11-22"), Some("2026-11-21"), Some("2027-01-01"));
        check(&[today, later], ShelfLifeState::Good { last_day: day("2026-11-22") });
        check(&[later, yesterday], ShelfLifeState::Past { last_day: day("2026-11-21") });
        check(&[None, yesterday], ShelfLifeState::Past { last_day: day("2026-11-21") });
        check(&[yesterday, None], ShelfLifeState::Past { last_day: day("2026-11-21") });
    }

    #[test]
    fn goods_that_do_not_expire_are_told_from_goods_of_unknown_shelf_life() {
        check(&[None, None], ShelfLifeState::None);
        check(&[None], ShelfLifeState::None);
        check(&[], ShelfLifeState::Unknown);
    }
}
