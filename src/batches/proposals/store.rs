//! Queries on proposals to suspend. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::batches::minting::types::Doer;
use crate::batches::store::{By, damaged};
use crate::db::schema::{accounts, batches, producers, products, suspension_proposals};
use crate::stamp::{BatchNo, Serial};

use super::types::{Proposal, ProposalState};

#[derive(HasQuery)]
#[diesel(table_name = suspension_proposals)]
struct ProposalRow {
    proposal_no: i32,
    batch_no: i32,
    serial: Option<i32>,
    reason: String,
    proposed_at: DateTime<Utc>,
    state: String,
    decided_at: Option<DateTime<Utc>>,
    note: Option<String>,
}

type JoinedProposal = (ProposalRow, String, String, String, Option<(String, String)>);

fn into_proposal((row, lot, product, producer, account): JoinedProposal) -> QueryResult<Proposal> {
    let state = ProposalState::parse(&row.state);
    Ok(Proposal {
        proposal_no: row.proposal_no,
        batch_no: BatchNo::try_from(row.batch_no).map_err(damaged)?,
        lot,
        product,
        producer,
        serial: row.serial.map(Serial::try_from).transpose().map_err(damaged)?,
        reason: row.reason,
        by: Doer::from_columns(account, None),
        proposed_at: row.proposed_at,
        state: state.ok_or_else(|| damaged(std::io::Error::other("unknown state of a proposal")))?,
        decided_at: row.decided_at,
        note: row.note,
    })
}

/// Proposals that wait, the oldest first; or those decided, the latest first.
pub(super) async fn proposals(
    conn: &mut AsyncPgConnection,
    wanted: ProposalState,
    limit: i64,
) -> QueryResult<Vec<Proposal>> {
    let mut query = suspension_proposals::table
        .inner_join(batches::table.inner_join(products::table.inner_join(producers::table)))
        .left_join(accounts::table.on(suspension_proposals::proposed_by.eq(accounts::account_id.nullable())))
        .select((
            ProposalRow::as_select(),
            batches::lot,
            products::name,
            producers::name,
            (accounts::display_name, accounts::role).nullable(),
        ))
        .limit(limit)
        .into_boxed();
    query = match wanted {
        ProposalState::Waiting => {
            query.filter(suspension_proposals::state.eq("waiting")).order(suspension_proposals::proposal_no.asc())
        }
        ProposalState::Accepted | ProposalState::Dismissed => {
            query.filter(suspension_proposals::state.ne("waiting")).order(suspension_proposals::decided_at.desc())
        }
    };
    let rows: Vec<JoinedProposal> = query.load(conn).await?;
    rows.into_iter().map(into_proposal).collect()
}

/// The same proposal of the same person, when it still waits: a double tap makes no second one.
pub(super) async fn same_waiting(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    serial: Option<Serial>,
    reason: &str,
    by: By,
) -> QueryResult<Option<i32>> {
    suspension_proposals::table
        .filter(suspension_proposals::batch_no.eq(batch_no.to_i32()))
        .filter(suspension_proposals::serial.is_not_distinct_from(serial.map(Serial::to_i32)))
        .filter(suspension_proposals::proposed_by.is_not_distinct_from(by.account))
        .filter(suspension_proposals::reason.eq(reason).and(suspension_proposals::state.eq("waiting")))
        .select(suspension_proposals::proposal_no)
        .first(conn)
        .await
        .optional()
}

/// Stores a proposal and returns its number.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    serial: Option<Serial>,
    reason: &str,
    by: By,
    now: DateTime<Utc>,
) -> QueryResult<i32> {
    diesel::insert_into(suspension_proposals::table)
        .values((
            suspension_proposals::batch_no.eq(batch_no.to_i32()),
            suspension_proposals::serial.eq(serial.map(Serial::to_i32)),
            suspension_proposals::reason.eq(reason),
            suspension_proposals::proposed_by.eq(by.account),
            suspension_proposals::proposed_at.eq(now),
        ))
        .returning(suspension_proposals::proposal_no)
        .get_result(conn)
        .await
}

/// A proposal's batch and whether it still waits; locked until the transaction ends.
pub(super) async fn lock(conn: &mut AsyncPgConnection, proposal_no: i32) -> QueryResult<Option<(i32, bool)>> {
    let row: Option<(i32, String)> = suspension_proposals::table
        .find(proposal_no)
        .select((suspension_proposals::batch_no, suspension_proposals::state))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(batch_no, state)| (batch_no, state == "waiting")))
}

/// Writes what became of a proposal.
pub(super) async fn decide(
    conn: &mut AsyncPgConnection,
    proposal_no: i32,
    state: ProposalState,
    note: Option<&str>,
    by: By,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(suspension_proposals::table.find(proposal_no))
        .set((
            suspension_proposals::state.eq(state.as_str()),
            suspension_proposals::note.eq(note),
            suspension_proposals::decided_by.eq(by.account),
            suspension_proposals::decided_at.eq(now),
        ))
        .execute(conn)
        .await
}
