//! Handing in, agreeing, dropping, and ending what was left lying. The work itself goes on in `worker`, apart from requests.

use chrono::TimeDelta;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{Act, Detail, details, record};
use crate::accounts::types::{Actor, Role, Scope};
use crate::error::{Error, Result, Thing};
use crate::register::Register;
use crate::register::import::MAX_FILE_BYTES;

use super::store;
use super::types::{Counts, Job, JobId, JobLine, JobState, Outcome, Report, kept_name, kind_of};

/// A job that gave no sign for so long has lost its process: forty signs are missed by then, so that a database that pauses for
/// a moment ends no import.
const STALE_AFTER: TimeDelta = TimeDelta::seconds(20);
/// A checked file waits this long for someone to decide: over a weekend. Then it is dropped.
pub(super) const KEPT_FOR: TimeDelta = TimeDelta::days(3);
/// How often what was left lying is looked for.
const TIDY_EVERY: std::time::Duration = std::time::Duration::from_secs(30);
/// Imports worked on or waiting for their turn, each with a thread and a connection; one more or less in a race does no harm.
const MAX_UNDER_WAY: i64 = 4;
/// Files that wait for a decision: they fill at most 400 MB of the database.
const MAX_WAITING: i64 = 20;
/// Imports in the list: a busy office hands in a few a week.
const MAX_LISTED: i64 = 50;

impl Register {
    /// Keeps a register file and begins to check it, apart from this request. Nothing of it is written.
    pub async fn hand_in_import(&self, actor: &Actor, file_name: &str, bytes: &[u8]) -> Result<JobId> {
        actor.require(Scope::Office)?;
        let account_id = actor.account_id().ok_or(Error::RoleForbidden)?;
        if bytes.is_empty() || MAX_FILE_BYTES < bytes.len() {
            return Err(Error::invalid(
                "file",
                "Xin chọn một tệp xlsx, csv hoặc tsv có nội dung, không quá 20 MB.",
                "choose an xlsx, csv or tsv file that is not empty and at most 20 MB",
            ));
        }
        self.tidy_imports().await?;
        let now = self.clock.now();
        let file_name = kept_name(file_name);
        let kind = format!("{:?}", kind_of(&file_name, bytes)).to_lowercase();
        let mut conn = self.db.conn().await?;
        let job_id = conn
            .transaction(async |conn| {
                refuse_crowd(conn).await?;
                let job_id = store::insert(conn, account_id, &file_name, bytes, now).await?;
                let facts = [("bytes", u64::try_from(bytes.len()).unwrap_or(u64::MAX).into()), ("kind", kind.into())];
                self.record_import(conn, actor, "import.uploaded", job_id, facts).await?;
                Ok::<_, Error>(job_id)
            })
            .await?;
        self.check_apart(job_id);
        Ok(job_id)
    }

    /// Agrees to write what the dry run of this digest showed. Agreeing once more changes nothing.
    pub async fn confirm_import(&self, actor: &Actor, job_id: JobId, shown: &str) -> Result<()> {
        actor.require(Scope::Office)?;
        let shown = read_digest(shown).ok_or(Error::FormExpired)?;
        let mut conn = self.db.conn().await?;
        let has_begun = conn
            .transaction(async |conn| {
                let begun = store::begin_writing(conn, job_id, &shown, self.clock.now()).await?;
                let Some(counts) = begun else { return Ok::<_, Error>(false) };
                let (n_under_way, _) = store::count_open(conn).await?;
                if MAX_UNDER_WAY < n_under_way {
                    return Err(too_many_under_way(MAX_UNDER_WAY));
                }
                self.record_import(conn, actor, "import.confirmed", job_id, facts_of(&counts)).await?;
                Ok(true)
            })
            .await?;
        if has_begun {
            self.write_apart(job_id, actor.clone(), shown);
            return Ok(());
        }
        let job = store::find(&mut conn, job_id).await?.ok_or(Error::NotFound(Thing::Import))?;
        match job.line.state {
            JobState::Writing | JobState::Done => Ok(()),
            JobState::Checked => Err(shown_anew()),
            JobState::Checking | JobState::Refused | JobState::Failed | JobState::Dropped => Err(not_waiting()),
        }
    }

    /// Drops a file that nobody wants. Dropping it once more changes nothing.
    pub async fn drop_import(&self, actor: &Actor, job_id: JobId) -> Result<()> {
        actor.require(Scope::Office)?;
        let mut conn = self.db.conn().await?;
        let dropped = conn
            .transaction(async |conn| {
                let Some(state) = store::drop_file(conn, job_id, self.clock.now()).await? else { return Ok(false) };
                let facts = [("was", state.as_str().into())];
                self.record_import(conn, actor, "import.dropped", job_id, facts).await?;
                Ok::<_, Error>(true)
            })
            .await?;
        if dropped {
            return Ok(());
        }
        let job = store::find(&mut conn, job_id).await?.ok_or(Error::NotFound(Thing::Import))?;
        if job.line.state == JobState::Dropped { Ok(()) } else { Err(not_waiting()) }
    }

    /// The latest imports, the newest first.
    pub async fn list_imports(&self, actor: &Actor) -> Result<Vec<JobLine>> {
        require_office_or_auditor(actor)?;
        self.tidy_imports().await?;
        Ok(store::list(&mut *self.db.conn().await?, MAX_LISTED).await?)
    }

    /// One import with what its page shows.
    pub async fn find_import(&self, actor: &Actor, job_id: JobId) -> Result<Job> {
        require_office_or_auditor(actor)?;
        let found = store::find(&mut *self.db.conn().await?, job_id).await?;
        let job = found.ok_or(Error::NotFound(Thing::Import))?;
        if !job.line.state.is_under_way() || self.clock.now() - job.line.updated_at < STALE_AFTER {
            return Ok(job);
        }
        self.tidy_imports().await?;
        store::find(&mut *self.db.conn().await?, job_id).await?.ok_or(Error::NotFound(Thing::Import))
    }

    /// Ends imports whose process is gone, whichever instance it was, and drops files that waited too long. An import is one
    /// transaction that ends with its job, so of a job that was still under way nothing was written.
    pub async fn tidy_imports(&self) -> Result<()> {
        let now = self.clock.now();
        let under_way = [JobState::Checking, JobState::Writing];
        let expired = Outcome { state: JobState::Dropped, counts: None, report: Report::Expired, digest: None };
        let mut conn = self.db.conn().await?;
        let stale = store::end_older(&mut conn, &under_way, now - STALE_AFTER, &Outcome::broken_off(), now).await?;
        let late = store::end_older(&mut conn, &[JobState::Checked], now - KEPT_FOR, &expired, now).await?;
        for job_id in stale {
            tracing::warn!(import.id = job_id, "an import lost its process; nothing of it was written");
        }
        for job_id in late {
            tracing::info!(import.id = job_id, "a checked file waited too long and was dropped");
        }
        Ok(())
    }

    /// Tidies as long as the process runs.
    pub async fn keep_imports_tidy(&self) {
        loop {
            if let Err(error) = self.tidy_imports().await {
                tracing::debug!(error.code = error.code(), "imports are tidied next time");
            }
            tokio::time::sleep(TIDY_EVERY).await;
        }
    }

    async fn record_import<const N: usize>(
        &self,
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        act: &'static str,
        job_id: JobId,
        facts: [(&'static str, Detail); N],
    ) -> Result<()> {
        let (thing, at) = (format!("import {job_id}"), self.clock.now());
        Ok(record(conn, Act { act, thing, producer_no: None, details: details(facts), actor, at }).await?)
    }
}

fn facts_of(counts: &Counts) -> [(&'static str, Detail); 4] {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX).into();
    [
        ("rows", number(counts.n_rows)),
        ("added", number(counts.n_added())),
        ("updated", number(counts.n_updated())),
        ("unchanged", number(counts.n_unchanged)),
    ]
}

async fn refuse_crowd(conn: &mut AsyncPgConnection) -> Result<()> {
    let (n_under_way, n_waiting) = store::count_open(conn).await?;
    if MAX_UNDER_WAY <= n_under_way {
        return Err(too_many_under_way(n_under_way));
    }
    if MAX_WAITING <= n_waiting {
        return Err(Error::refused(
            "imports-waiting",
            format!(
                "Đã có {n_waiting} tệp kiểm tra xong đang chờ; xin ghi hoặc bỏ bớt trong danh sách dưới đây rồi gửi lại."
            ),
            format!("{n_waiting} checked files wait already; write or drop some in the list below and send it again"),
        ));
    }
    Ok(())
}

fn too_many_under_way(n: i64) -> Error {
    Error::refused(
        "imports-under-way",
        format!("Đang xử lý {n} tệp khác; xin chờ vài phút rồi làm lại."),
        format!("{n} other files are being worked on; wait a few minutes and try again"),
    )
}

fn require_office_or_auditor(actor: &Actor) -> Result<()> {
    if actor.role == Role::Auditor { Ok(()) } else { actor.require(Scope::Office) }
}

/// 64 digits of a digest as a form carries it.
fn read_digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(digest)
}

fn shown_anew() -> Error {
    Error::refused(
        "import-shown-anew",
        "Chưa ghi gì. Sổ đã đổi sau khi quý vị mở trang: xin xem lại các thay đổi dưới đây rồi bấm Ghi vào sổ.",
        "nothing was written; the register changed after you opened this page, look at the changes below and choose to write them",
    )
}

fn not_waiting() -> Error {
    Error::refused(
        "import-not-waiting",
        "Tệp này không còn chờ quyết định, nên không có gì thay đổi. Muốn nhập, xin gửi lại tệp.",
        "this file no longer waits for a decision, so nothing changed; to import it, hand it in again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_back_as_it_was_sent_and_nothing_else_is() {
        let text = format!("{}ff", "01".repeat(31));
        assert_eq!(read_digest(&text).map(|digest| (digest[0], digest[31])), Some((1, 255)));
        for wrong in ["", "01", &"zz".repeat(32), &"é".repeat(32), &"01".repeat(33)] {
            assert_eq!(read_digest(wrong), None, "{wrong}");
        }
    }
}
