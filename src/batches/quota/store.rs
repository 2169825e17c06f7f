//! Queries on the policy of quotas and on requests for more. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::Reach;
use crate::batches::minting::types::Doer;
use crate::batches::store::{By, damaged};
use crate::db::schema::{accounts, batches, producers, products, quota_policy, quota_requests, tokens};
use crate::stamp::BatchNo;

use super::types::{QuotaPolicy, QuotaRequest, QuotaState};

/// The office's policy; the migration puts its one row there.
pub(super) async fn policy(conn: &mut AsyncPgConnection) -> QueryResult<QuotaPolicy> {
    let (is_enforced, margin, version): (bool, i16, i32) = quota_policy::table
        .select((quota_policy::is_enforced, quota_policy::margin_percent, quota_policy::version))
        .first(conn)
        .await?;
    Ok(QuotaPolicy { is_enforced, margin_percent: u16::try_from(margin).map_err(damaged)?, version })
}

/// Writes the policy over the version it was read at; returns whether that was still the version.
pub(super) async fn set_policy(conn: &mut AsyncPgConnection, policy: QuotaPolicy) -> QueryResult<bool> {
    let margin = i16::try_from(policy.margin_percent).map_err(damaged)?;
    let n_rows = diesel::update(quota_policy::table.filter(quota_policy::version.eq(policy.version)))
        .set((
            quota_policy::is_enforced.eq(policy.is_enforced),
            quota_policy::margin_percent.eq(margin),
            quota_policy::version.eq(policy.version + 1),
        ))
        .execute(conn)
        .await?;
    Ok(n_rows == 1)
}

#[derive(HasQuery)]
#[diesel(table_name = quota_requests)]
struct RequestRow {
    request_no: i32,
    batch_no: i32,
    n_stamps: i32,
    reason: String,
    asked_at: DateTime<Utc>,
    state: String,
    decided_at: Option<DateTime<Utc>>,
    note: Option<String>,
}

/// Stores a request; nothing when the batch has one waiting.
pub(super) async fn insert_request(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    n_stamps: i32,
    reason: &str,
    by: By,
    now: DateTime<Utc>,
) -> QueryResult<Option<i32>> {
    diesel::insert_into(quota_requests::table)
        .values((
            quota_requests::batch_no.eq(batch_no.to_i32()),
            quota_requests::n_stamps.eq(n_stamps),
            quota_requests::reason.eq(reason),
            quota_requests::asked_by.eq(by.token),
            quota_requests::asked_by_account.eq(by.account),
            quota_requests::asked_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .returning(quota_requests::request_no)
        .get_result(conn)
        .await
        .optional()
}

/// Which requests are wanted.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// Those that wait, the oldest first.
    Waiting,
    /// Those that were decided, the latest first.
    Decided,
    /// Those of one batch, the latest first.
    OfBatch(BatchNo),
}

/// Requests within reach.
pub(super) async fn requests(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    wanted: Wanted,
    limit: i64,
) -> QueryResult<Vec<QuotaRequest>> {
    let mut query = quota_requests::table
        .inner_join(batches::table.inner_join(products::table.inner_join(producers::table)))
        .left_join(accounts::table.on(quota_requests::asked_by_account.eq(accounts::account_id.nullable())))
        .left_join(tokens::table.on(quota_requests::asked_by.eq(tokens::token_id.nullable())))
        .filter(within(reach))
        .select((
            RequestRow::as_select(),
            batches::lot,
            products::name,
            producers::name,
            (accounts::display_name, accounts::role).nullable(),
            tokens::name.nullable(),
        ))
        .limit(limit)
        .into_boxed();
    query = match wanted {
        Wanted::Waiting => query.filter(quota_requests::state.eq("waiting")).order(quota_requests::request_no.asc()),
        Wanted::Decided => query.filter(quota_requests::state.ne("waiting")).order(quota_requests::decided_at.desc()),
        Wanted::OfBatch(batch_no) => {
            query.filter(quota_requests::batch_no.eq(batch_no.to_i32())).order(quota_requests::request_no.desc())
        }
    };
    let rows: Vec<JoinedRequest> = query.load(conn).await?;
    rows.into_iter().map(into_request).collect()
}

type JoinedRequest = (RequestRow, String, String, String, Option<(String, String)>, Option<String>);

fn into_request((row, lot, product, producer, account, token): JoinedRequest) -> QueryResult<QuotaRequest> {
    let state = QuotaState::parse(&row.state);
    Ok(QuotaRequest {
        request_no: row.request_no,
        batch_no: BatchNo::try_from(row.batch_no).map_err(damaged)?,
        lot,
        product,
        producer,
        n_stamps: u32::try_from(row.n_stamps).map_err(damaged)?,
        reason: row.reason,
        by: Doer::from_columns(account, token),
        asked_at: row.asked_at,
        state: state.ok_or_else(|| damaged(std::io::Error::other("unknown state of a request")))?,
        decided_at: row.decided_at,
        note: row.note,
    })
}

/// A request's batch, stamps and whether it still waits; locked until the transaction ends.
pub(super) async fn lock_request(
    conn: &mut AsyncPgConnection,
    request_no: i32,
) -> QueryResult<Option<(i32, i32, bool)>> {
    let row: Option<(i32, i32, String)> = quota_requests::table
        .find(request_no)
        .select((quota_requests::batch_no, quota_requests::n_stamps, quota_requests::state))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(batch_no, n_stamps, state)| (batch_no, n_stamps, state == "waiting")))
}

/// Writes what came of a request.
pub(super) async fn decide_request(
    conn: &mut AsyncPgConnection,
    request_no: i32,
    state: QuotaState,
    note: Option<&str>,
    by: By,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(quota_requests::table.find(request_no))
        .set((
            quota_requests::state.eq(state.as_str()),
            quota_requests::note.eq(note),
            quota_requests::decided_by.eq(by.account),
            quota_requests::decided_at.eq(now),
        ))
        .execute(conn)
        .await
}
