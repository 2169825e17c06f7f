//! The work on an import: checking and writing, each on a thread of its own with its own runtime, so that reading a large file
//! never stalls a web worker and a stopping server never waits for one. One job has the turn in the whole deployment.
//!
//! A job is ended by whoever works on it, in the transaction that writes. If the process dies before, `tidy_imports` ends the
//! job, and nothing of it was written; if it dies after the commit, the job is done and says so.

use std::future::Future;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::types::Actor;
use crate::error::{Error, Result, Thing};
use crate::register::import::{ImportRow, read_register};
use crate::register::{ImportPreview, Photos, Progress, Register};

use super::store;
use super::types::{JobId, JobState, Outcome, kind_of};

/// A job gives a sign of life this often, with its progress; pages ask once a second.
const SIGN_EVERY: Duration = Duration::from_millis(500);
/// A job looks this often whether the turn is free.
const ASK_TURN_EVERY: Duration = Duration::from_millis(500);

impl Register {
    /// Checks a file that was handed in.
    pub(super) fn check_apart(&self, job_id: JobId) {
        let register = self.clone();
        apart(job_id, async move || {
            let progress = Progress::default();
            let checked = register.signing(job_id, &progress, register.check(job_id)).await;
            let outcome = match checked {
                Ok(preview) => Outcome::checked(preview),
                Err(error) => failed(job_id, error),
            };
            register.settle(job_id, JobState::Checking, &outcome).await
        });
    }

    /// Writes what was shown under this digest, or shows what has become of it.
    pub(super) fn write_apart(&self, job_id: JobId, actor: Actor, shown: [u8; 32]) {
        let register = self.clone();
        apart(job_id, async move || {
            let progress = Progress::default();
            let written = register.signing(job_id, &progress, register.write(job_id, &actor, shown, &progress)).await;
            let outcome = match written {
                Ok(None) => return Ok(()),
                Ok(Some(preview)) => Outcome::checked_anew(preview),
                Err(error) => failed(job_id, error),
            };
            register.settle(job_id, JobState::Writing, &outcome).await
        });
    }

    async fn check(&self, job_id: JobId) -> Result<ImportPreview> {
        let _turn = self.take_turn(job_id, JobState::Checking).await?;
        let rows = self.read_rows(job_id, JobState::Checking).await?;
        self.preview_import(rows, Photos::new()).await
    }

    /// Writes, unless the register or its rules have changed so that something else would be written than was shown: then nothing
    /// is, and what would be comes back.
    async fn write(
        &self,
        job_id: JobId,
        actor: &Actor,
        shown: [u8; 32],
        progress: &Progress,
    ) -> Result<Option<ImportPreview>> {
        let _turn = self.take_turn(job_id, JobState::Writing).await?;
        let rows = self.read_rows(job_id, JobState::Writing).await?;
        let is_demo = self.deployment().await?.is_some_and(|(_, is_demo)| is_demo);
        let mut anew = None;
        let mut conn = self.db.conn().await?;
        let written = conn
            .transaction(async |conn| {
                let agree = |preview: &ImportPreview| {
                    if preview.digest == shown {
                        return Ok(());
                    }
                    anew = Some(preview.clone());
                    Err(Error::EditConflict)
                };
                let report = self.import_in(conn, actor, (rows, Photos::new()), is_demo, progress, agree).await?;
                let done = Outcome::done(&report);
                // Whoever took this process for dead has ended the job, and told people that nothing was written.
                if store::settle(conn, job_id, JobState::Writing, &done, self.clock.now()).await? {
                    Ok(())
                } else {
                    Err(Error::EditConflict)
                }
            })
            .await;
        match (written, anew) {
            (Err(Error::EditConflict), Some(preview)) => Ok(Some(preview)),
            (written, _) => written.map(|()| None),
        }
    }

    /// The rows of a job's file; their number is for the page while nobody knows how many steps writing them takes.
    async fn read_rows(&self, job_id: JobId, state: JobState) -> Result<Vec<ImportRow>> {
        let found = store::load_file(&mut *self.db.conn().await?, job_id, state).await?;
        let (name, bytes) = found.ok_or(Error::NotFound(Thing::Import))?;
        let rows = tokio::task::spawn_blocking(move || read_register(&bytes, kind_of(&name, &bytes))).await??;
        if state == JobState::Checking {
            let n_rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            store::sign(&mut *self.db.conn().await?, job_id, Some((0, n_rows)), self.clock.now()).await?;
        }
        Ok(rows)
    }

    /// Waits for the one turn in this deployment; it ends with the connection, so a process that dies keeps nobody waiting. A job
    /// that was dropped meanwhile waits no longer, and none holds a connection while it waits.
    async fn take_turn(&self, job_id: JobId, state: JobState) -> Result<AsyncPgConnection> {
        loop {
            if !store::is_at(&mut *self.db.conn().await?, job_id, state).await? {
                return Err(Error::NotFound(Thing::Import));
            }
            let mut conn = self.db.dedicated().await?;
            if store::try_turn(&mut conn).await? {
                return Ok(conn);
            }
            drop(conn);
            tokio::time::sleep(ASK_TURN_EVERY).await;
        }
    }

    /// Does the work, giving signs of life meanwhile on connections that the work's transaction knows nothing of.
    async fn signing<T>(&self, job_id: JobId, progress: &Progress, work: impl Future<Output = Result<T>>) -> Result<T> {
        let signs = async {
            loop {
                tokio::time::sleep(SIGN_EVERY).await;
                let steps = Some((progress.done(), progress.total())).filter(|(_, total)| 0 < *total);
                let signed =
                    async { Ok(store::sign(&mut *self.db.conn().await?, job_id, steps, self.clock.now()).await?) };
                if let Err(error) = Result::<()>::from(signed.await) {
                    tracing::debug!(error.code = error.code(), import.id = job_id.0, "a sign of life was lost");
                }
            }
        };
        tokio::select! {
            done = work => done,
            () = signs => Err(Error::internal("the signs of life ended")),
        }
    }

    async fn settle(&self, job_id: JobId, from: JobState, outcome: &Outcome) -> Result<()> {
        store::settle(&mut *self.db.conn().await?, job_id, from, outcome, self.clock.now()).await?;
        Ok(())
    }
}

/// What an error leads to; one that is not the file's fault goes to the log with its cause.
fn failed(job_id: JobId, error: Error) -> Outcome {
    // Not found: someone dropped it, which is no fault.
    if !matches!(error, Error::Import(_) | Error::NotFound(Thing::Import)) {
        tracing::error!(error.code = error.code(), error.cause = ?error, import.id = job_id.0, "an import broke off");
    }
    Outcome::of_error(error)
}

/// Runs a job on a thread of its own. A job that cannot start gives no sign, and is ended as one whose process is gone.
fn apart(job_id: JobId, job: impl AsyncFnOnce() -> Result<()> + Send + 'static) {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        runtime.block_on(job())
    };
    let log = move |error: &Error| {
        tracing::error!(error.code = error.code(), error.cause = ?error, import.id = job_id.0, "an import did not end");
    };
    let thread = std::thread::Builder::new().name(format!("import {job_id}"));
    if let Err(error) = thread.spawn(move || run().inspect_err(log)) {
        log(&Error::internal(error));
    }
}
