//! Closing a batch, and the office's rulings on its standing. One use case is one transaction that holds the batch's row.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use chrono::{DateTime, Utc};

use crate::accounts::audit::details;
use crate::accounts::types::{Actor, Reach, Scope};
use crate::batches::service::Batches;
use crate::batches::store;
use crate::batches::trail::{Facts, record_in_ledger};
use crate::batches::types::Batch;
use crate::error::{Error, Result, Thing};
use crate::ledger::Kind;
use crate::stamp::BatchNo;

use super::types::{Ruling, rule};

impl Batches {
    /// Closes a batch: it gets no more stamps, those it has stay good. Final.
    pub async fn close_batch(&self, actor: &Actor, batch_no: BatchNo) -> Result<Batch> {
        actor.require(Scope::BatchesWrite)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let reach = actor.writes();
            let batch = store::find_for_update(conn, &reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
            if !batch.is_open {
                return Err(Error::BatchClosed { batch_no: batch_no.get() });
            }
            store::close(conn, &batch, now).await?;
            let facts = details([("lot", batch.lot.as_str().into())]);
            record_in_ledger(conn, Kind::BatchClosed, &batch, actor, now, Facts::public(facts)).await?;
            reread(conn, &reach, batch_no).await
        })
        .await
    }

    /// Suspends, resumes or recalls a batch. `opened_version` is the version that the decision was made on; one that someone
    /// else has changed since is not overwritten.
    pub async fn rule_on_batch(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        ruling: Ruling,
        opened_version: Option<i32>,
    ) -> Result<Batch> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let reach = actor.writes();
            let batch = store::find_for_update(conn, &reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
            if opened_version.is_some_and(|version| version != batch.version) {
                return Err(Error::EditConflict);
            }
            apply_ruling(conn, &batch, actor, ruling, now).await?;
            reread(conn, &reach, batch_no).await
        })
        .await
    }
}

/// Applies a ruling to a batch whose row is locked, and writes it into the trail.
pub(in crate::batches) async fn apply_ruling(
    conn: &mut AsyncPgConnection,
    batch: &Batch,
    actor: &Actor,
    ruling: Ruling,
    now: DateTime<Utc>,
) -> Result<()> {
    let (kind, reason) = (ruling.kind(), ruling.reason().to_owned());
    let standing = rule(batch.batch_no, &batch.standing, ruling, now)?;
    store::set_standing(conn, batch, &standing).await?;
    let was = batch.standing.as_str();
    // Someone typed the reason, and may have named a person in it.
    let facts = Facts::with_private(details([("was", was.into())]), details([("reason", reason.into())]));
    record_in_ledger(conn, kind, batch, actor, now, facts).await
}

async fn reread(conn: &mut AsyncPgConnection, reach: &Reach, batch_no: BatchNo) -> Result<Batch> {
    store::find(conn, reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))
}
