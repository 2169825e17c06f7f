//! What the register says of each batch, kept in memory and fresh by notification, with reading again behind it.
//! When the database is away an old card still answers, and says how old it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use quick_cache::sync::Cache;

use crate::batches::types::{Batch, MintRun, Void};
use crate::batches::{CardRows, load_card_rows};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::register::find_product;
use crate::register::types::Product;
use crate::stamp::BatchNo;
use crate::trace::card::last_events;
use crate::trace::card::types::CardEvent;

/// Batches kept in memory, about 8 kB each with a photo.
const MAX_CARDS: usize = 2_000;
/// While notifications arrive, a card is read again after this time all the same: a lost notification must not last.
const FRESH_WHILE_LISTENING: TimeDelta = TimeDelta::seconds(60);
/// While they do not.
const FRESH_WHILE_DEAF: TimeDelta = TimeDelta::seconds(2);
/// After the database was not reached, scans answer from memory for this long before one tries again.
const REST_AFTER_FAILURE: TimeDelta = TimeDelta::seconds(1);
/// A scan waits this long for the register, then answers without it.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two tries to listen.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// The listening connection is tried out this often, and the keys are read again all the same.
const LISTEN_PROBE: Duration = Duration::from_secs(15);

/// A batch with its runs, its voids, its product and its last stages, as read at one moment.
#[derive(Debug)]
pub struct Card {
    /// The batch.
    pub batch: Batch,
    /// Its runs.
    pub runs: Vec<MintRun>,
    /// Its voids, lowest serial first.
    pub voids: Vec<Void>,
    /// Its product.
    pub product: Product,
    /// Its last stages, the latest first.
    pub events: Vec<CardEvent>,
    /// When it was read.
    pub as_of: DateTime<Utc>,
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// A card, possibly an old one when the database is away.
    Found(Arc<Card>),
    /// The register was asked and has no such batch.
    NoSuchBatch,
    /// The register was not reached and nothing is remembered.
    OutOfReach,
}

/// The cards of one server.
pub struct Cards {
    db: Db,
    clock: Clock,
    cache: Cache<BatchNo, Arc<Card>>,
    is_listening: AtomicBool,
    /// Milliseconds since 1970; scans do not ask the database before.
    rest_until: AtomicI64,
    /// Microseconds since 1970; a card read before the last change that was announced is read again.
    last_change: AtomicI64,
}

impl Cards {
    /// None in memory yet.
    pub fn new(db: Db, clock: Clock) -> Self {
        let cache = Cache::new(MAX_CARDS);
        Self {
            db,
            clock,
            cache,
            is_listening: AtomicBool::new(false),
            rest_until: AtomicI64::new(0),
            last_change: AtomicI64::new(0),
        }
    }

    /// The card of a batch, from memory while it is fresh.
    pub async fn find(&self, batch_no: BatchNo) -> Lookup {
        if let Some(card) = self.cache.get(&batch_no) {
            let listening = self.is_listening.load(Ordering::Relaxed);
            let fresh_for = if listening { FRESH_WHILE_LISTENING } else { FRESH_WHILE_DEAF };
            let is_after_last_change = self.last_change.load(Ordering::Relaxed) <= card.as_of.timestamp_micros();
            if is_after_last_change && self.clock.now() - card.as_of < fresh_for {
                return Lookup::Found(card);
            }
        }
        self.read(batch_no).await
    }

    /// The card of a batch as the database has it now; what is remembered only when it cannot be reached.
    pub async fn read(&self, batch_no: BatchNo) -> Lookup {
        let remembered = || self.cache.get(&batch_no).map_or(Lookup::OutOfReach, Lookup::Found);
        let now = self.clock.now();
        if now.timestamp_millis() < self.rest_until.load(Ordering::Relaxed) {
            return remembered();
        }
        match tokio::time::timeout(LOOKUP_TIMEOUT, self.load(batch_no, now)).await {
            Ok(Ok(Some(card))) => {
                let card = Arc::new(card);
                self.cache.insert(batch_no, Arc::clone(&card));
                Lookup::Found(card)
            }
            Ok(Ok(None)) => {
                self.cache.remove(&batch_no);
                Lookup::NoSuchBatch
            }
            Ok(Err(error)) => self.rest(&error, remembered),
            Err(_) => self.rest(&Error::Unavailable("no answer in time".into()), remembered),
        }
    }

    fn rest(&self, error: &Error, remembered: impl FnOnce() -> Lookup) -> Lookup {
        tracing::warn!(error.code = error.code(), error.cause = ?error, "the register was not reached for a scan");
        self.rest_until.store((self.clock.now() + REST_AFTER_FAILURE).timestamp_millis(), Ordering::Relaxed);
        remembered()
    }

    async fn load(&self, batch_no: BatchNo, as_of: DateTime<Utc>) -> Result<Option<Card>> {
        let mut conn = self.db.conn().await?;
        let Some(CardRows { batch, runs, voids }) = load_card_rows(&mut conn, batch_no).await? else {
            return Ok(None);
        };
        let product = find_product(&mut conn, batch.product_no, self.clock.today()).await?;
        let events = last_events(&mut conn, batch_no).await?;
        Ok(product.map(|product| Card { batch, runs, voids, product, events, as_of }))
    }

    /// Listens for changes of batches, the register and keys for ever. While it cannot, cards are read again every two seconds.
    pub async fn follow_changes(&self, keys: &Keys) {
        loop {
            if let Err(error) = self.listen(keys).await {
                tracing::warn!(error.code = error.code(), error.cause = ?error, "not listening for changes, reading again instead");
            }
            self.is_listening.store(false, Ordering::Relaxed);
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    async fn listen(&self, keys: &Keys) -> Result<()> {
        let mut conn = self.db.dedicated().await?;
        conn.batch_execute("LISTEN nguon_cards; LISTEN nguon_keys").await?;
        // What changed before we listened was not announced to us.
        keys.reload().await?;
        self.refresh_all().await;
        self.is_listening.store(true, Ordering::Relaxed);
        loop {
            let next = {
                let mut changes = std::pin::pin!(conn.notifications_stream());
                tokio::time::timeout(LISTEN_PROBE, changes.next()).await
            };
            match next {
                Ok(Some(change)) => self.forget(&change?, keys).await?,
                Ok(None) => return Ok(()),
                Err(_) => {
                    conn.batch_execute("SELECT 1").await?;
                    keys.reload().await?;
                }
            }
        }
    }

    async fn forget(&self, change: &diesel::pg::PgNotification, keys: &Keys) -> Result<()> {
        if change.channel == "nguon_keys" {
            keys.reload().await?;
            return Ok(());
        }
        self.last_change.store(self.clock.now().timestamp_micros(), Ordering::Relaxed);
        match change.payload.parse::<BatchNo>() {
            Ok(batch_no) => self.refresh(batch_no).await,
            Err(_) => self.refresh_all().await,
        }
        Ok(())
    }

    async fn refresh_all(&self) {
        let remembered: Vec<BatchNo> = self.cache.iter().map(|(batch_no, _)| batch_no).collect();
        for batch_no in remembered {
            self.refresh(batch_no).await;
        }
    }

    /// Reads a remembered card again at once, so that a fresh one is at hand when the database goes away. One that is known to
    /// be outdated and cannot be read is forgotten: better no answer than yesterday's.
    async fn refresh(&self, batch_no: BatchNo) {
        if self.cache.get(&batch_no).is_none() {
            return;
        }
        let asked_at = self.clock.now();
        match self.read(batch_no).await {
            Lookup::Found(card) if asked_at <= card.as_of => {}
            _ => drop(self.cache.remove(&batch_no)),
        }
    }
}
