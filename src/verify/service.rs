//! From what a person brought to the facts: check the text, look up the batch, compare with the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::batches::types::find_void;
use crate::clock::Clock;
use crate::error::Result;
use crate::keyring::{KeyStatus, Keyring};
use crate::keys::Keys;
use crate::keys::types::Purpose;
use crate::stamp::{BatchNo, Claim as CodeClaim, Issuer, Rule, TypedCode};

use super::cards::{Card, Cards, Lookup};
use super::facts::{BatchFacts, Carrier, Claim, Facts, find_run};
use super::guesses::Guesses;

/// Verifies stamps against the keys and the register of one deployment.
pub struct Verifier<N> {
    clock: Clock,
    keys: Keys,
    issuer: Issuer,
    cards: Arc<Cards>,
    guesses: Guesses<N>,
    /// Milliseconds since 1970 of the last time a missing key made us read the keys.
    keys_read_at: AtomicI64,
}

/// Between two readings of the keys for stamps whose key is not known.
const KEYS_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// The facts of a stamp, with the card they are read from.
pub struct Findings {
    base: Facts<'static>,
    card: Option<Arc<Card>>,
    today: NaiveDate,
}

impl Findings {
    /// The facts.
    pub fn facts(&self) -> Facts<'_> {
        let base = self.base.clone();
        let (Some(card), Some(claim)) = (self.card.as_deref(), base.claim) else {
            return base;
        };
        match find_run(&card.runs, &claim) {
            Some(run) => base
                .minted(
                    run,
                    BatchFacts::new(&card.batch, &card.product, card.as_of, self.today).with_events(&card.events),
                    self.today,
                )
                .voided(find_void(&card.voids, claim.serial)),
            None => base.not_minted(),
        }
    }
}

impl<N: Copy + Eq + std::hash::Hash> Verifier<N> {
    /// On these parts.
    pub fn new(clock: Clock, keys: Keys, issuer: Issuer, cards: Arc<Cards>) -> Self {
        Self { clock, keys, issuer, cards, guesses: Guesses::default(), keys_read_at: AtomicI64::new(0) }
    }

    /// A full stamp's digits. A forgery ends here without touching the database.
    pub async fn verify_digits(&self, digits: &[u8]) -> Findings {
        let (now, today) = (self.clock.now(), self.clock.today());
        let mut claimed = self.claim_of(digits);
        if claimed == Err(Rule::Key) && self.read_keys_again(now).await {
            claimed = self.claim_of(digits);
        }
        match claimed {
            Err(rule) => Findings { base: Facts::refused(Carrier::Full, rule, now), card: None, today },
            Ok((claim, status)) => {
                let base = Facts::unchecked(Carrier::Full, claim, Some(status), now, today);
                self.compare(base, claim, today).await
            }
        }
    }

    /// A typed code. Wrong ones are counted by network, and past the limit nothing is checked. A text that is no code at all
    /// tells a guesser nothing and is not counted.
    pub async fn verify_code(&self, text: &str, network: N) -> Result<Findings> {
        let (now, today) = (self.clock.now(), self.clock.today());
        let refused = Findings { base: Facts::refused(Carrier::Compact, Rule::Code, now), card: None, today };
        let Ok(said) = TypedCode::parse(text).and_then(TypedCode::claim) else {
            return Ok(refused);
        };
        let mut claimed = self.guesses.check(network, now, || self.claim_of_code(said))?;
        if claimed.is_none() && self.read_keys_again(now).await {
            claimed = self.claim_of_code(said);
        }
        let Some((claim, status)) = claimed else { return Ok(refused) };
        let base = Facts::unchecked(Carrier::Compact, claim, Some(status), now, today);
        Ok(self.compare(base, claim, today).await)
    }

    /// A typed code brought by someone whose work it is to look: it never counts as a guess, right or wrong.
    pub async fn inspect_code(&self, text: &str) -> Findings {
        let (now, today) = (self.clock.now(), self.clock.today());
        let refused = Findings { base: Facts::refused(Carrier::Compact, Rule::Code, now), card: None, today };
        let Ok(said) = TypedCode::parse(text).and_then(TypedCode::claim) else {
            return refused;
        };
        let mut claimed = self.claim_of_code(said);
        if claimed.is_none() && self.read_keys_again(now).await {
            claimed = self.claim_of_code(said);
        }
        let Some((claim, status)) = claimed else { return refused };
        let base = Facts::unchecked(Carrier::Compact, claim, Some(status), now, today);
        self.compare(base, claim, today).await
    }

    /// A key may have been made by another process a moment ago. Before a stamp is refused for want of its key the database is
    /// asked, at most once in `KEYS_AGAIN` whatever strangers send.
    async fn read_keys_again(&self, now: DateTime<Utc>) -> bool {
        let last = self.keys_read_at.load(Ordering::Relaxed);
        let is_due = KEYS_AGAIN <= now - DateTime::from_timestamp_millis(last).unwrap_or_default();
        let is_ours = is_due
            && self
                .keys_read_at
                .compare_exchange(last, now.timestamp_millis(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        is_ours && self.keys.reload().await.is_ok()
    }

    fn claim_of(&self, digits: &[u8]) -> Result<(Claim, KeyStatus), Rule> {
        let room = self.keys.room();
        let verified = room.ring.verify_stamp(&self.issuer, digits)?;
        Ok((verified.payload.into(), verified.key.status))
    }

    fn claim_of_code(&self, said: CodeClaim) -> Option<(Claim, KeyStatus)> {
        let room = self.keys.room();
        let (key_no, _) = room.code_keys().find(|(_, key)| said.is_by(key))?;
        let status = room.status(Purpose::Code, key_no)?;
        Some((Claim { batch_no: said.batch_no, serial: said.serial, signed: None, key_no }, status))
    }

    /// A stamp that a remembered card does not hold may have been minted a moment ago: the database decides before we say no.
    async fn compare(&self, base: Facts<'static>, claim: Claim, today: NaiveDate) -> Findings {
        let mut lookup = self.cards.find(claim.batch_no).await;
        if matches!(&lookup, Lookup::Found(card) if find_run(&card.runs, &claim).is_none()) {
            lookup = self.settle(claim.batch_no, base.now).await;
        }
        match lookup {
            Lookup::Found(card) => Findings { base, card: Some(card), today },
            Lookup::NoSuchBatch => Findings { base: base.not_minted(), card: None, today },
            Lookup::OutOfReach => Findings { base, card: None, today },
        }
    }

    /// Only a card read after the question was asked can deny a stamp.
    async fn settle(&self, batch_no: BatchNo, asked_at: DateTime<Utc>) -> Lookup {
        match self.cards.read(batch_no).await {
            Lookup::Found(card) if card.as_of < asked_at => Lookup::OutOfReach,
            lookup => lookup,
        }
    }
}

/// The facts of a full stamp with public keys alone, as an inspector without signal has them.
pub fn offline_facts(
    ring: &Keyring,
    issuer: &Issuer,
    digits: &[u8],
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Facts<'static> {
    match ring.verify_stamp(issuer, digits) {
        Err(rule) => Facts::refused(Carrier::Full, rule, now),
        Ok(verified) => {
            Facts::unchecked(Carrier::Full, verified.payload.into(), Some(verified.key.status), now, today).offline()
        }
    }
}
