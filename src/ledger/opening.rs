//! Opening the ledger: does Postgres keep what it acknowledges, is the database what was published, does the key fit? Behind or
//! different, the ledger is halted and stays readable; it is an operator's to let it go on, and only a whole one goes on.

use chrono::TimeDelta;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::error::{Error, Result};
use crate::merkle::{TreeHead, VerifierKey};

use super::checkpoints::open_stored;
use super::comparing::compare_all;
use super::halting::Stop;
use super::service::Ledger;
use super::{checkpoint_store, tree_store};

/// An entry that waits longer for a checkpoint makes the service unready: ten ticks.
const MAX_WAIT: TimeDelta = TimeDelta::seconds(2);

impl Ledger {
    /// Checks all that must hold before anything is signed, and finishes what was left staged. Refuses a Postgres that may forget, and
    /// a key that did not sign this ledger. A database behind what was published is halted: the service starts and stays readable.
    pub async fn open(&self) -> Result<()> {
        let mark = self.read_mark().await?;
        let mut conn = self.parts.db.conn().await?;
        check_durability(&mut conn).await?;
        let state = tree_store::find_state(&mut conn).await?;
        if let Some(reason) = state.halted_reason {
            tracing::error!(
                alarm = "ledger-halted",
                reason,
                "the ledger is still halted; 'nguon ledger resume' says what to do"
            );
            return Ok(());
        }
        let outcome = examine(&mut conn, state.size, mark.as_ref(), self.verifier()).await;
        drop(conn);
        match outcome {
            Ok(()) => {}
            Err(Stop::Halt(alarm, reason)) => return self.halt_for(alarm, &reason).await,
            Err(Stop::Error(error)) => return Err(error),
        }
        // What cannot be finished now, on a full disk for example, the first tick tries again.
        if let Err(error) = self.finish_staged().await {
            tracing::error!(error.code = error.code(), ?error, "a staged checkpoint is not published yet");
        }
        Ok(())
    }

    /// Lets a halted ledger go on, if its database is whole now. If it is not, the refusal says how to recover.
    pub async fn resume(&self) -> Result<()> {
        let mark = self.read_mark().await?;
        let mut conn = self.parts.db.conn().await?;
        let resuming = conn.transaction(async |conn| {
            tree_store::lock(conn).await?;
            let size = tree_store::find_state(conn).await?.size;
            examine(conn, size, mark.as_ref(), self.verifier()).await?;
            tree_store::clear_halt(conn).await?;
            Ok::<_, Stop>(size)
        });
        let outcome = resuming.await;
        drop(conn);
        let size = self.settle(outcome).await?;
        tracing::warn!(ledger.size = size, "the ledger was compared with what was published and goes on");
        Ok(())
    }

    /// On an operator's word that this database is the newest, writes its newest published checkpoint into a high-water file that was
    /// lost. Whoever holds a newer checkpoint will see a fork: so it is said loudly.
    pub async fn renew_mark(&self) -> Result<()> {
        let mut conn = self.parts.db.conn().await?;
        let state = tree_store::find_state(&mut conn).await?;
        let newest = checkpoint_store::newest_published(&mut conn).await?;
        let outcome = match &newest {
            Some(head) => examine(&mut conn, state.size, Some(head), self.verifier()).await,
            None => Ok(()),
        };
        drop(conn);
        self.settle(outcome).await?;
        if let Some(head) = newest {
            self.note_high_water(&head).await?;
            tracing::warn!(
                alarm = "ledger-mark-renewed",
                ledger.size = head.size,
                "the high-water file was made anew from the database on an operator's word; if anything newer was published, this ledger \
                 forks"
            );
        }
        Ok(())
    }

    /// Whether acts are sealed as they should be: not halted, a first checkpoint, and nothing that has waited for one for long.
    pub async fn check_ready(&self) -> Result<()> {
        let mut conn = self.parts.db.conn().await?;
        if let Some(reason) = tree_store::find_state(&mut conn).await?.halted_reason {
            return Err(Error::Unavailable(format!("the ledger is halted: {reason}").into()));
        }
        let covered = checkpoint_store::published_size(&mut conn).await?;
        let covered = covered.ok_or_else(|| Error::Unavailable("the ledger has no checkpoint yet".into()))?;
        if tree_store::has_waited_since(&mut conn, covered, self.parts.clock.now() - MAX_WAIT).await? {
            return Err(Error::Unavailable("entries of the ledger wait for a checkpoint".into()));
        }
        Ok(())
    }
}

/// A ledger over a database that forgets would sign what is gone after a power cut, and then sign something else.
async fn check_durability(conn: &mut AsyncPgConnection) -> Result<()> {
    let (fsync, synchronous_commit, full_page_writes) = tree_store::durability(conn).await?;
    let not_durable = |name: &str| {
        Error::refused(
            "postgres-not-durable",
            format!(
                "Postgres đang tắt {name}: mất điện là mất những gì đã ghi sổ. Xin đặt {name} = on trong postgresql.conf, khởi động \
                 lại Postgres rồi chạy lại."
            ),
            format!(
                "Postgres runs with {name} = off and would forget acknowledged entries in a power cut; set {name} = on in \
                 postgresql.conf, restart Postgres, and start again"
            ),
        )
    };
    if fsync == "off" {
        return Err(not_durable("fsync"));
    }
    if synchronous_commit == "off" {
        return Err(not_durable("synchronous_commit"));
    }
    if full_page_writes == "off" {
        tracing::warn!(
            alarm = "postgres-torn-pages",
            "Postgres runs with full_page_writes = off: a power cut may tear pages unless the disk writes whole ones; set it to on"
        );
    }
    Ok(())
}

/// Whether the newest checkpoint is under our key, and the database is all that was published.
async fn examine(
    conn: &mut AsyncPgConnection,
    size: u64,
    mark: Option<&TreeHead>,
    verifier: &VerifierKey,
) -> Result<(), Stop> {
    if let Some(newest) = checkpoint_store::newest_checkpoint(conn).await? {
        open_stored(&newest, verifier)?;
    }
    compare_all(conn, size, mark).await
}
