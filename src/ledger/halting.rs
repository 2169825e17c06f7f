//! When the ledger must not go on: a database behind what was published, bytes that do not add up, a fork under our own key. It is
//! halted in the database, for every instance, until an operator has put it right; it must never clear that by itself.

use crate::error::{Error, Result};
use crate::merkle::MerkleError;

use super::service::Ledger;
use super::tree_store;

/// Longest reason, characters: the column's own limit.
const MAX_REASON_CHARS: usize = 1000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The database is older than what was published, or has another history.
    Behind,
    /// Stored bytes, hashes or tiles contradict each other.
    Damaged,
    /// Our key signed what this database never published.
    Fork,
}

impl Alarm {
    /// The name that the log is watched for.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "ledger-behind",
            Self::Damaged => "ledger-damaged",
            Self::Fork => "fork-signed-by-us",
        }
    }
}

/// Why a step ends early: with a fault that may pass, or with one after which nothing may be written or signed.
#[derive(Debug)]
pub(super) enum Stop {
    /// Halt the ledger.
    Halt(Alarm, String),
    /// Tell the caller.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<tokio::task::JoinError> for Stop {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Error(error.into())
    }
}

/// Hashes that are missing, or proofs that do not hold, over what is stored here.
impl From<MerkleError> for Stop {
    fn from(error: MerkleError) -> Self {
        Self::Halt(Alarm::Damaged, format!("the stored tiles do not add up: {error}"))
    }
}

impl Ledger {
    /// Gives a step's outcome on, and halts the ledger if the step found that it must not go on.
    pub(super) async fn settle<T>(&self, outcome: Result<T, Stop>) -> Result<T> {
        match outcome {
            Ok(value) => Ok(value),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Halt(alarm, reason)) => {
                self.halt_for(alarm, &reason).await?;
                Err(halted(&reason))
            }
        }
    }

    /// Halts the ledger because someone outside holds what this database does not continue: a witness that saw more, or something else.
    pub async fn halt(&self, reason: &str) -> Result<()> {
        self.halt_for(Alarm::Behind, reason).await
    }

    /// Forbids every instance to write or to sign. What is stored stays readable.
    pub(super) async fn halt_for(&self, alarm: Alarm, reason: &str) -> Result<()> {
        let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
        tracing::error!(
            alarm = alarm.as_str(),
            reason,
            "the ledger is halted: nothing is written or signed until it is whole again, everything stays readable. Restore the newest \
             backup (nguon restore) and start again; if the newest entries exist only in an exported copy, run 'nguon ledger recover \
             DIR'; then 'nguon ledger resume'"
        );
        let mut conn = self.parts.db.conn().await?;
        tree_store::halt(&mut conn, &reason, self.parts.clock.now()).await?;
        Ok(())
    }
}

/// What whoever wants to write or sign is told.
pub(super) fn halted(reason: &str) -> Error {
    Error::refused(
        "ledger-halted",
        "Sổ cái đang tạm khóa: cơ sở dữ liệu cũ hơn, hoặc khác với những gì đã công bố; chưa ghi và chưa ký gì thêm. Xin khôi phục \
         bản sao lưu mới nhất (nguon restore) rồi khởi động lại; nếu các mục mới nhất chỉ còn trong bản xuất, xin chạy: nguon ledger \
         recover THƯ_MỤC; sau đó chạy: nguon ledger resume.",
        format!(
            "the ledger is halted: {reason}. Nothing is written or signed. Restore the newest backup with 'nguon restore' and start \
             again, or bring back the newest entries from an exported copy with 'nguon ledger recover DIR'; then run 'nguon ledger \
             resume'"
        ),
    )
}
