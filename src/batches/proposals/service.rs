//! Proposing and deciding suspensions. Accepting suspends the batch in the same transaction.

use diesel_async::AsyncConnection;

use crate::accounts::audit::details;
use crate::accounts::types::{Actor, Role, Scope};
use crate::batches::minting::runs_of;
use crate::batches::quota::decided_already;
use crate::batches::service::Batches;
use crate::batches::standing::apply_ruling;
use crate::batches::standing::types::{Ruling, reason_of};
use crate::batches::store;
use crate::batches::store::By;
use crate::batches::trail::record;
use crate::error::{Error, Result, Thing};
use crate::stamp::{BatchNo, Serial};

use super::store::{decide, insert, lock, proposals, same_waiting};
use super::types::{Proposal, ProposalDecision, ProposalState};

/// Proposals on one page: a province has a few a week.
const MAX_SHOWN: i64 = 100;

/// The proposals of the office's page.
#[derive(Clone, Debug, Default)]
pub struct Proposals {
    /// Those that wait, the oldest first.
    pub waiting: Vec<Proposal>,
    /// Those that were decided, the latest first.
    pub decided: Vec<Proposal>,
}

impl Batches {
    /// Asks the office to suspend a batch, if need be because of one stamp. Sent twice, it is one proposal.
    pub async fn propose_suspension(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        serial: Option<Serial>,
        reason: &str,
    ) -> Result<i32> {
        if !matches!(actor.role, Role::Inspector | Role::Office) {
            return Err(Error::RoleForbidden);
        }
        actor.require(Scope::Read)?;
        let reason = reason_of(reason)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let found = store::find_for_update(conn, &actor.reads(), batch_no).await?;
            let batch = found.ok_or(Error::NotFound(Thing::Batch))?;
            let runs = runs_of(conn, batch_no).await?;
            if serial.is_some_and(|serial| !runs.iter().any(|run| run.holds(serial))) {
                return Err(Error::NotFound(Thing::Stamp));
            }
            let by = By::of(actor);
            if let Some(proposal_no) = same_waiting(conn, batch_no, serial, &reason, by).await? {
                return Ok(proposal_no);
            }
            let proposal_no = insert(conn, batch_no, serial, &reason, by, now).await?;
            let facts = details([
                ("proposal", proposal_no.into()),
                ("serial", serial.map(Serial::get).into()),
                ("reason", reason.as_str().into()),
            ]);
            record(conn, "suspension.proposed", &batch, actor, now, facts).await?;
            Ok(proposal_no)
        })
        .await
    }

    /// Accepts a proposal, which suspends the batch, or dismisses it.
    pub async fn decide_proposal(&self, actor: &Actor, proposal_no: i32, decision: ProposalDecision) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let (batch_no, is_waiting) = lock(conn, proposal_no).await?.ok_or(Error::NotFound(Thing::Request))?;
            if !is_waiting {
                return Err(decided_already());
            }
            let batch_no = BatchNo::try_from(batch_no).map_err(Error::internal)?;
            let found = store::find_for_update(conn, &actor.writes(), batch_no).await?;
            let batch = found.ok_or(Error::NotFound(Thing::Batch))?;
            let (state, note) = match decision {
                ProposalDecision::Accept(words) => {
                    apply_ruling(conn, &batch, actor, Ruling::Suspend(words), now).await?;
                    (ProposalState::Accepted, None)
                }
                ProposalDecision::Dismiss { note } => (ProposalState::Dismissed, Some(reason_of(&note)?)),
            };
            decide(conn, proposal_no, state, note.as_deref(), By::of(actor), now).await?;
            let facts =
                details([("proposal", proposal_no.into()), ("state", state.as_str().into()), ("note", note.into())]);
            Ok(record(conn, "suspension.decided", &batch, actor, now, facts).await?)
        })
        .await
    }

    /// Every proposal, for those who oversee the province.
    pub async fn suspension_proposals(&self, actor: &Actor) -> Result<Proposals> {
        if !matches!(actor.role, Role::Office | Role::Inspector | Role::Auditor) {
            return Err(Error::RoleForbidden);
        }
        actor.require(Scope::Read)?;
        let mut conn = self.parts.db.conn().await?;
        let waiting = proposals(&mut conn, ProposalState::Waiting, MAX_SHOWN).await?;
        Ok(Proposals { waiting, decided: proposals(&mut conn, ProposalState::Accepted, MAX_SHOWN).await? })
    }
}
