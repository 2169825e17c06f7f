//! Queries on imports under way. A job's file is read by the one who works on it and by nobody else. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::accounts::types::AccountId;
use crate::db::schema::{accounts, import_jobs};
use crate::register::store::damaged;

use super::types::{Counts, Job, JobId, JobLine, JobState, Outcome, Report};

/// Any number that no other program uses on this database as an advisory lock.
const TURN_LOCK: i64 = 0x6e67_756f_6e02;

#[derive(HasQuery)]
#[diesel(table_name = import_jobs)]
struct LineRow {
    job_id: i32,
    file_name: String,
    state: String,
    n_done: i32,
    n_total: i32,
    counts: Option<Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn into_line((row, by): (LineRow, String)) -> QueryResult<JobLine> {
    let state = JobState::parse(&row.state);
    let steps = |n: i32| u32::try_from(n).unwrap_or_default();
    Ok(JobLine {
        job_id: JobId(row.job_id),
        by,
        file_name: row.file_name,
        state: state.ok_or_else(|| damaged(std::io::Error::other("unknown state of an import")))?,
        progress: (steps(row.n_done), steps(row.n_total)),
        counts: row.counts.map(serde_json::from_value::<Counts>).transpose().map_err(damaged)?.unwrap_or_default(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// The latest imports, the newest first.
pub(super) async fn list(conn: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<JobLine>> {
    let rows: Vec<(LineRow, String)> = import_jobs::table
        .inner_join(accounts::table)
        .select((LineRow::as_select(), accounts::display_name))
        .order(import_jobs::job_id.desc())
        .limit(limit)
        .load(conn)
        .await?;
    rows.into_iter().map(into_line).collect()
}

/// One import.
pub(super) async fn find(conn: &mut AsyncPgConnection, job_id: JobId) -> QueryResult<Option<Job>> {
    type JobRow = (LineRow, String, Option<Value>, Option<Vec<u8>>);
    let row: Option<JobRow> = import_jobs::table
        .inner_join(accounts::table)
        .filter(import_jobs::job_id.eq(job_id.0))
        .select((LineRow::as_select(), accounts::display_name, import_jobs::report, import_jobs::digest))
        .first(conn)
        .await
        .optional()?;
    let Some((line, by, report, digest)) = row else { return Ok(None) };
    Ok(Some(Job {
        line: into_line((line, by))?,
        report: report.map(serde_json::from_value::<Report>).transpose().map_err(damaged)?,
        digest: digest.and_then(|digest| digest.try_into().ok()),
    }))
}

/// How many imports are being worked on, and how many files wait for a decision.
pub(super) async fn count_open(conn: &mut AsyncPgConnection) -> QueryResult<(i64, i64)> {
    let checked = || import_jobs::state.eq(JobState::Checked.as_str());
    let open = import_jobs::table.filter(import_jobs::content.is_not_null());
    let n_open: i64 = open.select(count_star()).first(conn).await?;
    let n_waiting: i64 = open.filter(checked()).select(count_star()).first(conn).await?;
    Ok((n_open - n_waiting, n_waiting))
}

/// Keeps a file that is to be checked.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    by: AccountId,
    file_name: &str,
    content: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<JobId> {
    let job_id = diesel::insert_into(import_jobs::table)
        .values((
            import_jobs::account_id.eq(by.0),
            import_jobs::file_name.eq(file_name),
            import_jobs::content.eq(content),
            import_jobs::state.eq(JobState::Checking.as_str()),
            import_jobs::created_at.eq(now),
            import_jobs::updated_at.eq(now),
        ))
        .returning(import_jobs::job_id)
        .get_result(conn)
        .await?;
    Ok(JobId(job_id))
}

/// The file's name and bytes, while the job is in this state.
pub(super) async fn load_file(
    conn: &mut AsyncPgConnection,
    job_id: JobId,
    state: JobState,
) -> QueryResult<Option<(String, Vec<u8>)>> {
    let row: Option<(String, Option<Vec<u8>>)> = import_jobs::table
        .find(job_id.0)
        .filter(import_jobs::state.eq(state.as_str()))
        .select((import_jobs::file_name, import_jobs::content))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(name, content)| Some((name, content?))))
}

/// Whether a job is there still, in this state.
pub(super) async fn is_at(conn: &mut AsyncPgConnection, job_id: JobId, state: JobState) -> QueryResult<bool> {
    let own = import_jobs::table.find(job_id.0).filter(import_jobs::state.eq(state.as_str()));
    diesel::select(exists(own)).get_result(conn).await
}

/// Takes the one turn there is in this deployment, if it is free. It ends with the connection.
pub(super) async fn try_turn(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>("pg_try_advisory_lock(").bind::<BigInt, _>(TURN_LOCK).sql(")")).get_result(conn).await
}

/// A sign of life, with the steps so far when there are any.
pub(super) async fn sign(
    conn: &mut AsyncPgConnection,
    job_id: JobId,
    steps: Option<(u32, u32)>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    #[derive(AsChangeset)]
    #[diesel(table_name = import_jobs)]
    struct Sign {
        n_done: Option<i32>,
        n_total: Option<i32>,
        updated_at: DateTime<Utc>,
    }
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let (n_done, n_total) = steps.map(|(done, total)| (number(done), number(total))).unzip();
    let under_way = [JobState::Checking, JobState::Writing].map(JobState::as_str);
    diesel::update(import_jobs::table.find(job_id.0).filter(import_jobs::state.eq_any(under_way)))
        .set(Sign { n_done, n_total, updated_at: now })
        .execute(conn)
        .await
        .map(drop)
}

/// Agrees to the dry run of this digest, and to no other; the figures that were agreed to, or none when there is nothing of
/// the kind to agree to any more.
pub(super) async fn begin_writing(
    conn: &mut AsyncPgConnection,
    job_id: JobId,
    shown: &[u8; 32],
    now: DateTime<Utc>,
) -> QueryResult<Option<Counts>> {
    let checked = import_jobs::state.eq(JobState::Checked.as_str());
    let row = import_jobs::table.find(job_id.0).filter(checked).filter(import_jobs::digest.eq(&shown[..]));
    let counts: Option<Option<Value>> = diesel::update(row)
        .set((
            import_jobs::state.eq(JobState::Writing.as_str()),
            import_jobs::n_done.eq(0),
            import_jobs::n_total.eq(0),
            import_jobs::updated_at.eq(now),
        ))
        .returning(import_jobs::counts)
        .get_result(conn)
        .await
        .optional()?;
    let Some(counts) = counts else { return Ok(None) };
    counts.map(serde_json::from_value).transpose().map(Option::unwrap_or_default).map(Some).map_err(damaged)
}

/// Ends a step, if the job still stands where the step began; whoever ended it before is not overwritten. The file goes unless
/// someone has yet to decide.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    job_id: JobId,
    from: JobState,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let row = import_jobs::table.find(job_id.0).filter(import_jobs::state.eq(from.as_str()));
    let ended = (
        import_jobs::state.eq(outcome.state.as_str()),
        import_jobs::counts.eq(outcome.counts.map(serde_json::to_value).transpose().map_err(damaged)?),
        import_jobs::report.eq(serde_json::to_value(&outcome.report).map_err(damaged)?),
        import_jobs::digest.eq(outcome.digest.map(Vec::from)),
        import_jobs::updated_at.eq(now),
    );
    let n = match outcome.state {
        JobState::Checked => diesel::update(row).set(ended).execute(conn).await?,
        _ => diesel::update(row).set((ended, import_jobs::content.eq(None::<Vec<u8>>))).execute(conn).await?,
    };
    Ok(n == 1)
}

/// Drops a file that is being checked or waits for a decision, and what was found in it; the state it was in, or none.
pub(super) async fn drop_file(
    conn: &mut AsyncPgConnection,
    job_id: JobId,
    now: DateTime<Utc>,
) -> QueryResult<Option<JobState>> {
    let droppable = [JobState::Checking, JobState::Checked].map(JobState::as_str);
    let before: Option<String> = import_jobs::table
        .find(job_id.0)
        .filter(import_jobs::state.eq_any(droppable))
        .select(import_jobs::state)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let Some(before) = before.as_deref().and_then(JobState::parse) else { return Ok(None) };
    diesel::update(import_jobs::table.find(job_id.0))
        .set((
            import_jobs::state.eq(JobState::Dropped.as_str()),
            import_jobs::content.eq(None::<Vec<u8>>),
            import_jobs::report.eq(None::<Value>),
            import_jobs::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(Some(before))
}

/// Ends every job in one of these states to which nothing has happened since `before`; the numbers of those it ended.
pub(super) async fn end_older(
    conn: &mut AsyncPgConnection,
    states: &[JobState],
    before: DateTime<Utc>,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> QueryResult<Vec<i32>> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    diesel::update(import_jobs::table)
        .filter(import_jobs::state.eq_any(states))
        .filter(import_jobs::updated_at.lt(before))
        .set((
            import_jobs::state.eq(outcome.state.as_str()),
            import_jobs::content.eq(None::<Vec<u8>>),
            import_jobs::counts.eq(None::<Value>),
            import_jobs::report.eq(serde_json::to_value(&outcome.report).map_err(damaged)?),
            import_jobs::updated_at.eq(now),
        ))
        .returning(import_jobs::job_id)
        .get_results(conn)
        .await
}
