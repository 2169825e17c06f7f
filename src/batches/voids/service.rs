//! Voiding a range of stamps. One transaction that holds the batch's row, so that no two ranges overlap.

use diesel_async::AsyncConnection;

use crate::accounts::audit::details;
use crate::accounts::types::{Actor, Scope};
use crate::batches::minting::runs_of;
use crate::batches::service::Batches;
use crate::batches::store;
use crate::batches::store::By;
use crate::batches::trail::{Facts, record_in_ledger};
use crate::error::{Error, Result, Thing};
use crate::ledger::Kind;
use crate::stamp::BatchNo;

use super::store::{insert, voids_of};
use super::types::{Void, VoidOrder, check_void};

impl Batches {
    /// Voids a range. Closed, suspended and recalled batches too: their stamps may still get lost. Final.
    pub async fn void_range(&self, actor: &Actor, batch_no: BatchNo, order: VoidOrder) -> Result<Void> {
        actor.require(Scope::BatchesWrite)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let reach = actor.writes();
            let batch = store::find_for_update(conn, &reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
            let (runs, voids) = (runs_of(conn, batch_no).await?, voids_of(conn, batch_no).await?);
            check_void(order.range, &runs, &voids)?;
            let void = insert(conn, batch_no, &order, By::of(actor), now).await?;
            let facts = details([
                ("first", order.range.first.get().into()),
                ("last", order.range.last.get().into()),
                ("reason", order.reason.as_str().into()),
            ]);
            record_in_ledger(conn, Kind::RangeVoided, &batch, actor, now, Facts::public(facts)).await?;
            Ok(void)
        })
        .await
    }

    /// A batch's voids, lowest serial first.
    pub async fn list_voids(&self, actor: &Actor, batch_no: BatchNo) -> Result<Vec<Void>> {
        let mut conn = self.parts.db.conn().await?;
        store::find(&mut conn, &actor.reads(), batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        Ok(voids_of(&mut conn, batch_no).await?)
    }
}
