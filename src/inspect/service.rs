//! Use cases of look-ups: a text, a photo, what a session remembers. They write nothing but that memory.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::accounts::types::Actor;
use crate::batches::types::{Batch, MintRun, Void};
use crate::batches::{CardRows, load_card_rows};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::http::Network;
use crate::picture;
use crate::register::find_product;
use crate::register::types::Product;
use crate::stamp::BatchNo;
use crate::verify::verdict::{Headline, decide};
use crate::verify::{Findings, Verifier, photo};

use super::store::{self, ProposalsOf};
use super::types::{Choice, Contact, Proposal, Recent, Wanted};

/// Codes of one photo that are looked at: a sheet of labels has 96.
const MAX_CODES: usize = 100;

/// Looks things up on one deployment.
#[derive(Clone)]
pub struct Inspection {
    db: Db,
    clock: Clock,
    verifier: Arc<Verifier<Option<Network>>>,
}

/// Everything the register has on a batch.
pub struct BatchSheet {
    /// The batch.
    pub batch: Batch,
    /// Its runs, lowest serial first.
    pub runs: Vec<MintRun>,
    /// Its voids, lowest serial first.
    pub voids: Vec<Void>,
    /// Its product, with producer and certificates.
    pub product: Product,
    /// How to reach the producer, as far as offices may know.
    pub contacts: Vec<Contact>,
    /// Proposals to suspend it, the newest first.
    pub proposals: Vec<Proposal>,
    /// When all this was read.
    pub as_of: DateTime<Utc>,
    /// The day by which it is judged.
    pub today: NaiveDate,
}

/// What a look-up found.
pub enum Found {
    /// A stamp, refused or not, with its batch when there is one.
    Stamp(Box<Findings>, Option<Box<BatchSheet>>),
    /// One batch.
    Batch(Box<BatchSheet>),
    /// Several batches, one of which is meant.
    Several(Vec<Choice>),
    /// Nothing.
    Nothing,
}

/// One code of a photo.
pub struct Seen {
    /// What it says.
    pub text: String,
    /// What the register says of it.
    pub findings: Findings,
}

impl Inspection {
    /// On these parts.
    pub fn new(db: Db, clock: Clock, verifier: Arc<Verifier<Option<Network>>>) -> Self {
        Self { db, clock, verifier }
    }

    /// Looks a text up, and remembers it with the session when it led to something.
    pub async fn look_up(&self, actor: &Actor, text: &str) -> Result<Found> {
        let found = match Wanted::read(text) {
            None => Found::Nothing,
            Some(Wanted::Stamp(digits)) => self.stamp(self.verifier.verify_digits(digits.as_bytes()).await).await?,
            Some(Wanted::Code(code, lot)) => {
                let findings = self.verifier.inspect_code(&code).await;
                let goods = match lot {
                    Some(lot) if decide(&findings.facts()) == Headline::NotIssued => {
                        self.goods(None, Some(&lot)).await?
                    }
                    _ => Found::Nothing,
                };
                if matches!(goods, Found::Nothing) { self.stamp(findings).await? } else { goods }
            }
            Some(Wanted::Goods { batch_no, lot }) => self.goods(batch_no, lot.as_deref()).await?,
        };
        if let (Some(session), Some(recent)) = (&actor.session, self.recollection(text, &found)) {
            store::remember(&mut *self.db.conn().await?, session.session_id.0, &recent).await?;
        }
        Ok(found)
    }

    async fn stamp(&self, findings: Findings) -> Result<Found> {
        let claim = findings.facts().claim;
        let sheet = match claim {
            Some(claim) => self.sheet(claim.batch_no).await?,
            None => None,
        };
        Ok(Found::Stamp(Box::new(findings), sheet.map(Box::new)))
    }

    async fn goods(&self, batch_no: Option<BatchNo>, lot: Option<&str>) -> Result<Found> {
        let choices = store::choices(&mut *self.db.conn().await?, batch_no, lot).await?;
        let [only] = choices.as_slice() else {
            return Ok(if choices.is_empty() { Found::Nothing } else { Found::Several(choices) });
        };
        let batch_no = BatchNo::try_from(only.batch_no).map_err(Error::internal)?;
        Ok(self.sheet(batch_no).await?.map_or(Found::Nothing, |sheet| Found::Batch(Box::new(sheet))))
    }

    async fn sheet(&self, batch_no: BatchNo) -> Result<Option<BatchSheet>> {
        let (as_of, today) = (self.clock.now(), self.clock.today());
        let mut conn = self.db.conn().await?;
        let Some(CardRows { batch, runs, voids }) = load_card_rows(&mut conn, batch_no).await? else {
            return Ok(None);
        };
        let Some(product) = find_product(&mut conn, batch.product_no, today).await? else {
            return Ok(None);
        };
        let contacts = store::contacts(&mut conn, batch.producer_no.0).await?;
        let proposals = store::proposals(&mut conn, ProposalsOf::Batch(batch_no)).await?;
        Ok(Some(BatchSheet { batch, runs, voids, product, contacts, proposals, as_of, today }))
    }

    fn recollection(&self, text: &str, found: &Found) -> Option<Recent> {
        let (label, headline) = match found {
            Found::Batch(sheet) => (format!("{} · {}", sheet.product.name, sheet.batch.lot), String::new()),
            Found::Stamp(findings, sheet) => {
                let facts = findings.facts();
                let goods = sheet.as_ref().map(|sheet| format!("{} · {}", sheet.product.name, sheet.batch.lot));
                let serial = facts.claim.map(|claim| claim.serial.to_string());
                let label: Vec<String> = goods.into_iter().chain(serial).collect();
                (label.join(" · "), decide(&facts).as_str().to_owned())
            }
            Found::Several(_) | Found::Nothing => return None,
        };
        Some(Recent { q: text.trim().to_owned(), label, headline, at: self.clock.now() })
    }

    /// The texts of all codes in a photo, each once.
    pub async fn read_photo(&self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Vec<String>> {
        let mut texts = picture::apart(move || photo::read_all_qr(bytes.as_ref())).await?;
        texts.sort_unstable();
        texts.dedup();
        texts.truncate(MAX_CODES);
        Ok(texts)
    }

    /// What the register says of several codes at once.
    pub async fn survey(&self, texts: Vec<String>) -> Vec<Seen> {
        let mut seen = Vec::with_capacity(texts.len());
        for text in texts {
            let findings = match Wanted::read(&text) {
                Some(Wanted::Code(code, _)) => self.verifier.inspect_code(&code).await,
                Some(Wanted::Stamp(digits)) => self.verifier.verify_digits(digits.as_bytes()).await,
                Some(Wanted::Goods { .. }) | None => self.verifier.verify_digits(b"").await,
            };
            seen.push(Seen { text, findings });
        }
        seen
    }

    /// What this session looked up last, the newest first.
    pub async fn recent(&self, actor: &Actor) -> Result<Vec<Recent>> {
        match &actor.session {
            Some(session) => Ok(store::recent(&mut *self.db.conn().await?, session.session_id.0).await?),
            None => Ok(Vec::new()),
        }
    }

    /// What this person proposed to suspend, the newest first.
    pub async fn own_proposals(&self, actor: &Actor) -> Result<Vec<Proposal>> {
        match actor.account_id() {
            Some(account_id) => {
                Ok(store::proposals(&mut *self.db.conn().await?, ProposalsOf::Account(account_id.0)).await?)
            }
            None => Ok(Vec::new()),
        }
    }
}
