//! The room's services: what they stand on. Each use case stands in the folder it belongs to.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::accounts::types::Reach;
use crate::batches::find_batch;
use crate::batches::types::Batch;
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::files::FileStore;
use crate::ledger::Ledger;
use crate::stamp::BatchNo;

/// What the trace of one deployment stands on.
#[derive(Clone)]
pub struct TraceParts {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The ledger, for what is shown of its chains.
    pub ledger: Ledger,
    /// Photos.
    pub files: FileStore,
}

/// What happened to the batches of one deployment.
#[derive(Clone)]
pub struct Trace {
    pub(super) parts: TraceParts,
}

impl Trace {
    /// On these parts.
    pub fn new(parts: TraceParts) -> Self {
        Self { parts }
    }

    /// The same trace at another time.
    #[must_use]
    pub fn at(&self, clock: Clock) -> Self {
        Self { parts: TraceParts { clock, ..self.parts.clone() } }
    }

    /// The present instant, for pages.
    pub fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }

    /// A batch within reach; another's is not found.
    pub(super) async fn batch_within(
        &self,
        conn: &mut AsyncPgConnection,
        reach: &Reach,
        batch_no: BatchNo,
    ) -> Result<Batch> {
        find_batch(conn, reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))
    }
}
