//! What the ledger stands on, and its tick: sequence, manifest, checkpoint, publish. Nothing is signed here that was not compared with
//! the high-water file first; each step stands in its own file and may be called alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::merkle::{SignedCheckpoint, SignerKey, TreeHead, VerifierKey};

use super::high_water::LedgerMarks;
use super::policy::WitnessPolicy;

/// Between ticks. With the work of one tick it is what an act waits at most until it is sealed.
const TICK: Duration = Duration::from_millis(200);
/// Rounds of sequencing in a tick; what is left then waits for the next, so that a flood of entries does not put off the checkpoint.
const MAX_ROUNDS: usize = 4;
/// Connections for sealing alone: one for the tick, one to halt the ledger beside it.
const SEALING_CONNECTIONS: usize = 2;
/// A fault that stays is told again after this long: five lines a second would drown the rest.
const REPEAT_FAULT: Duration = Duration::from_mins(1);

/// What the ledger of one deployment stands on.
#[derive(Clone)]
pub struct LedgerParts {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The log's own key; its name is the origin of every checkpoint.
    pub signer: SignerKey,
    /// The file outside the database.
    pub high_water: LedgerMarks,
    /// Whose cosignatures count.
    pub witnesses: WitnessPolicy,
}

/// The ledger of one deployment.
#[derive(Clone)]
pub struct Ledger {
    pub(super) parts: Arc<LedgerParts>,
    pub(super) published: watch::Sender<Option<TreeHead>>,
}

impl Ledger {
    /// On these parts. Nothing is read yet; call [`Ledger::open`] before anything is signed.
    pub fn new(parts: LedgerParts) -> Self {
        Self { parts: Arc::new(parts), published: watch::Sender::new(None) }
    }

    /// The same ledger at another time.
    #[must_use]
    pub fn at(&self, clock: Clock) -> Self {
        let parts = LedgerParts { clock, ..LedgerParts::clone(&self.parts) };
        Self { parts: Arc::new(parts), published: self.published.clone() }
    }

    /// The public key that checkpoints are checked against.
    pub fn verifier(&self) -> &VerifierKey {
        self.parts.signer.verifier()
    }

    /// Whose cosignatures count.
    pub fn witnesses(&self) -> &WitnessPolicy {
        &self.parts.witnesses
    }

    /// Tells of every checkpoint that this instance published or found published: for whoever asks witnesses to cosign. Publishing
    /// does not wait for them: a witness that sleeps must not keep an act from being sealed.
    pub fn follow_checkpoints(&self) -> watch::Receiver<Option<TreeHead>> {
        self.published.subscribe()
    }

    /// One whole tick: finish what was left, sequence what is pending, the manifest when it is due, a checkpoint, publish it. Gives the
    /// checkpoint, if there was anything new; nothing too while another instance is at it.
    pub async fn seal_pending(&self) -> Result<Option<SignedCheckpoint>> {
        self.finish_staged().await?;
        if !self.has_work().await? {
            return Ok(None);
        }
        for _ in 0..MAX_ROUNDS {
            if !self.sequence_once().await?.has_more {
                break;
            }
        }
        self.append_manifest().await?;
        let Some(checkpoint) = self.stage_checkpoint().await? else { return Ok(None) };
        let noted = self.note_high_water(checkpoint.head()).await?;
        self.publish(noted).await?;
        Ok(Some(checkpoint))
    }

    /// The same ledger through connections of its own, so that sealing never waits for those who wait to be sealed.
    fn apart(&self) -> Result<Self> {
        let parts = LedgerParts { db: self.parts.db.apart(SEALING_CONNECTIONS)?, ..LedgerParts::clone(&self.parts) };
        Ok(Self { parts: Arc::new(parts), published: self.published.clone() })
    }

    /// Ticks for ever. A fault puts off the tick, never the loop: what was acknowledged is in the database and waits there.
    pub async fn keep(&self) {
        let this = self.apart().unwrap_or_else(|error| {
            tracing::warn!(error.code = error.code(), "the ledger is sealed through the common connections");
            self.clone()
        });
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut faults = Faults::default();
        loop {
            ticks.tick().await;
            match this.seal_pending().await {
                Ok(_) => faults.end(),
                Err(error) => faults.tell(&error),
            }
        }
    }
}

/// The fault that lasts, so that it is told when it begins, once a minute, and when it ends.
#[derive(Default)]
struct Faults {
    last: Option<(&'static str, Instant)>,
}

impl Faults {
    fn tell(&mut self, error: &Error) {
        let now = Instant::now();
        if self.last.is_some_and(|(code, since)| code == error.code() && now < since + REPEAT_FAULT) {
            return;
        }
        self.last = Some((error.code(), now));
        tracing::error!(
            alarm = "ledger-not-sealing",
            error.code = error.code(),
            ?error,
            "the ledger could not be sealed; what waits is kept, and the next tick tries again"
        );
    }

    fn end(&mut self) {
        if let Some((code, _)) = self.last.take() {
            tracing::info!(error.code = code, "the ledger is sealed again");
        }
    }
}
