//! The answer to a scan as JSON: headline, rule, and every fact with its state and dates.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::batches::types::Standing;
use crate::http::Language;
use crate::keyring::KeyStatus;
use crate::register::types::CertificateState;

use super::facts::{BatchFacts, Facts, Mint, ShelfLifeState};
use super::texts;
use super::verdict::{Headline, decide};

/// The whole answer.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Answer {
    /// `not_issued`, `recalled`, `voided`, `suspended`, `past_shelf_life`, `certificate_lapsed`, `unchecked` or `issued`.
    pub headline: &'static str,
    /// `red`, `amber` or `green`.
    pub tone: &'static str,
    /// The headline in words.
    pub text: Bilingual,
    /// One sentence more.
    pub explanation: Bilingual,
    /// For `not_issued`, the first rule that failed: `length`, `digit`, `group`, `version`, `key`, `signature`, `not_minted`, `code`.
    pub rule: Option<&'static str>,
    /// What the stamp says of itself, when it was not refused.
    pub stamp: Option<StampFact>,
    /// Every fact by itself.
    pub facts: FactSheet,
}

/// A text in both languages.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Bilingual {
    vi: String,
    en: String,
}

/// What the stamp says of itself.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StampFact {
    batch_no: u32,
    serial: u32,
    /// Only the full carrier says.
    product_no: Option<u32>,
    /// Only the full carrier says; null when the goods do not expire.
    last_valid_day: Option<NaiveDate>,
}

/// The facts, each with its state.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FactSheet {
    carrier: State,
    signature: State,
    key: KeyFact,
    mint: MintFact,
    batch: BatchFact,
    product: Option<ProductFact>,
    certificate: CertificateFact,
    shelf_life: ShelfLifeFact,
    scan: State,
}

/// A fact that is a state alone.
#[derive(Serialize, utoipa::ToSchema)]
struct State {
    state: &'static str,
}

/// The key that made it: a stamp key, or a code key for a compact carrier.
#[derive(Serialize, utoipa::ToSchema)]
struct KeyFact {
    /// `active`, `retired`, `compromised` or `unknown`.
    state: &'static str,
    key_no: Option<u16>,
}

/// The mint record.
#[derive(Serialize, utoipa::ToSchema)]
struct MintFact {
    /// `minted`, `not_minted` or `unknown`.
    state: &'static str,
    minted_at: Option<DateTime<Utc>>,
    /// The void that holds the stamp; null when it counts.
    void: Option<VoidFact>,
}

/// Why and when a stamp was voided.
#[derive(Serialize, utoipa::ToSchema)]
struct VoidFact {
    /// `misprint`, `damaged`, `lost`, `stolen`, `overprint`, `order_cancelled` or `other`.
    reason: &'static str,
    voided_at: DateTime<Utc>,
}

/// Whether the batch's goods may be sold.
#[derive(Serialize, utoipa::ToSchema)]
struct StandingFact {
    /// `normal`, `suspended`, `recalled` or `unknown`.
    state: &'static str,
    /// Why, as the office wrote it.
    reason: Option<String>,
    /// What a buyer should do, as the office wrote it.
    advice: Option<String>,
    /// Whom to call about it, when it is not the office.
    contact: Option<String>,
    since: Option<DateTime<Utc>>,
}

/// The batch.
#[derive(Serialize, utoipa::ToSchema)]
struct BatchFact {
    /// `open`, `closed` or `unknown`.
    state: &'static str,
    standing: StandingFact,
    batch_no: Option<u32>,
    lot: Option<String>,
    packed_on: Option<NaiveDate>,
    last_valid_day: Option<NaiveDate>,
    /// When the register was read.
    as_of: Option<DateTime<Utc>>,
}

/// The product.
#[derive(Serialize, utoipa::ToSchema)]
struct ProductFact {
    product_no: u32,
    name: String,
    producer: String,
    address: Option<String>,
    former_address: Option<String>,
    standards: Option<String>,
    demo: bool,
}

/// The certificate, with both answers.
#[derive(Serialize, utoipa::ToSchema)]
struct CertificateFact {
    /// How it stood on the packing day: `in_force`, `lapsed`, `not_yet_valid`, `revoked` or `unknown`.
    state: &'static str,
    /// The same, by its own name.
    on_packing_day: &'static str,
    /// How it stands today.
    today: &'static str,
    stars: Option<u8>,
    certificate_no: Option<String>,
    issuer: Option<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// From which day on it no longer counts, if it was revoked.
    revoked_on: Option<NaiveDate>,
    revoked_reason: Option<String>,
}

/// The shelf life.
#[derive(Serialize, utoipa::ToSchema)]
struct ShelfLifeFact {
    /// `good`, `past`, `none` (does not expire) or `unknown`.
    state: &'static str,
    /// The earlier of the stamp's and the batch's.
    last_valid_day: Option<NaiveDate>,
}

impl Answer {
    /// Says what these facts amount to.
    pub fn new(facts: &Facts<'_>, issuer_name: &str) -> Self {
        let headline = decide(facts);
        let both = |text: &dyn Fn(Language) -> String| Bilingual { vi: text(Language::Vi), en: text(Language::En) };
        Self {
            headline: headline.as_str(),
            tone: headline.tone().as_str(),
            text: both(&|language| texts::headline(headline, facts, issuer_name, language)),
            explanation: both(&|language| texts::explanation(headline, facts, language)),
            rule: facts.rule().map(crate::stamp::Rule::as_str),
            stamp: facts.claim.map(|claim| StampFact {
                batch_no: claim.batch_no.get(),
                serial: claim.serial.get(),
                product_no: claim.signed.map(|signed| signed.product_no.get()),
                last_valid_day: claim.signed.and_then(|signed| signed.last_valid_day.to_date()),
            }),
            facts: fact_sheet(facts, headline),
        }
    }
}

fn fact_sheet(facts: &Facts<'_>, headline: Headline) -> FactSheet {
    let batch = facts.batch.as_ref();
    FactSheet {
        carrier: State { state: facts.carrier.as_str() },
        signature: State { state: signature_state(facts) },
        key: KeyFact {
            state: facts.key.map_or("unknown", KeyStatus::as_str),
            key_no: facts.key.and(facts.claim).map(|claim| claim.key_no.get()),
        },
        mint: mint_fact(facts),
        batch: batch_fact(batch),
        product: batch.map(product_fact),
        certificate: certificate_fact(batch),
        shelf_life: shelf_life_fact(facts.shelf_life),
        scan: State { state: if headline == Headline::NotIssued { "unknown" } else { "not_recorded" } },
    }
}

fn signature_state(facts: &Facts<'_>) -> &'static str {
    use super::facts::Carrier;
    match (facts.carrier, facts.claim, facts.refused) {
        (Carrier::Compact, ..) => "not_carried",
        (Carrier::Full, Some(_), _) => "valid",
        (Carrier::Full, None, Some(crate::stamp::Rule::Signature)) => "invalid",
        (Carrier::Full, None, _) => "unread",
    }
}

fn mint_fact(facts: &Facts<'_>) -> MintFact {
    let (state, minted_at) = match facts.mint {
        Mint::Minted { minted_at } => ("minted", Some(minted_at)),
        Mint::NotMinted => ("not_minted", None),
        Mint::OutOfReach | Mint::NotAsked => ("unknown", None),
    };
    let void = facts.void.map(|void| VoidFact { reason: void.reason.as_str(), voided_at: void.voided_at });
    MintFact { state, minted_at, void }
}

fn standing_fact(standing: Option<&Standing>) -> StandingFact {
    let notice = standing.and_then(Standing::notice);
    StandingFact {
        state: standing.map_or("unknown", Standing::as_str),
        reason: notice.map(|notice| notice.reason.clone()),
        advice: notice.and_then(|notice| notice.advice.clone()),
        contact: notice.and_then(|notice| notice.contact.clone()),
        since: notice.map(|notice| notice.since),
    }
}

fn batch_fact(batch: Option<&BatchFacts<'_>>) -> BatchFact {
    BatchFact {
        state: match batch {
            None => "unknown",
            Some(facts) if facts.batch.is_open => "open",
            Some(_) => "closed",
        },
        standing: standing_fact(batch.map(|facts| &facts.batch.standing)),
        batch_no: batch.map(|facts| facts.batch.batch_no.get()),
        lot: batch.map(|facts| facts.batch.lot.clone()),
        packed_on: batch.map(|facts| facts.batch.packed_on),
        last_valid_day: batch.and_then(|facts| facts.batch.last_valid_day),
        as_of: batch.map(|facts| facts.as_of),
    }
}

fn product_fact(facts: &BatchFacts<'_>) -> ProductFact {
    let product = facts.product;
    ProductFact {
        product_no: product.product_no.get(),
        name: product.name.clone(),
        producer: product.producer.name.clone(),
        address: product.producer.address(),
        former_address: product.producer.former.clone(),
        standards: product.standards.clone(),
        demo: product.demo,
    }
}

fn certificate_fact(batch: Option<&BatchFacts<'_>>) -> CertificateFact {
    let shown = batch.and_then(|facts| facts.certificate);
    let state = |of: fn(&BatchFacts<'_>) -> CertificateState| batch.map_or(CertificateState::Unknown, of).as_str();
    CertificateFact {
        state: state(|facts| facts.on_packing_day),
        on_packing_day: state(|facts| facts.on_packing_day),
        today: state(|facts| facts.on_today),
        stars: shown.and_then(|certificate| certificate.stars),
        certificate_no: shown.and_then(|certificate| certificate.number.clone()),
        issuer: shown.and_then(|certificate| certificate.issuer.clone()),
        from: shown.and_then(|certificate| certificate.window).map(|(from, _)| from),
        to: shown.and_then(|certificate| certificate.window).map(|(_, to)| to),
        revoked_on: shown.and_then(|certificate| certificate.revoked.as_ref()).map(|(on, _)| *on),
        revoked_reason: shown.and_then(|certificate| certificate.revoked.as_ref()).map(|(_, reason)| reason.clone()),
    }
}

fn shelf_life_fact(state: ShelfLifeState) -> ShelfLifeFact {
    match state {
        ShelfLifeState::Good { last_day } => ShelfLifeFact { state: "good", last_valid_day: Some(last_day) },
        ShelfLifeState::Past { last_day } => ShelfLifeFact { state: "past", last_valid_day: Some(last_day) },
        ShelfLifeState::None => ShelfLifeFact { state: "none", last_valid_day: None },
        ShelfLifeState::Unknown => ShelfLifeFact { state: "unknown", last_valid_day: None },
    }
}
