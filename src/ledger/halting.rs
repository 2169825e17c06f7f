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

/// Why the ledger must not go on, in both languages; without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaltReason {
    /// In Vietnamese.
    pub vi: String,
    /// In English: what the database keeps.
    pub en: String,
}

impl HaltReason {
    /// In both languages.
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }

    /// As the database keeps it, in English alone: the Vietnamese tells the gist and quotes it.
    pub fn stored(en: &str) -> Self {
        Self::new(format!("cơ sở dữ liệu cũ hơn, hoặc khác với những gì đã công bố; máy ghi lại: \"{en}\""), en)
    }
}

/// Why a step ends early: with a fault that may pass, or with one after which nothing may be written or signed.
#[derive(Debug)]
pub(super) enum Stop {
    /// Halt the ledger.
    Halt(Alarm, HaltReason),
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
        let reason = HaltReason::new(
            format!("các ô mã băm đã lưu không khớp nhau ({error})"),
            format!("the stored tiles do not add up: {error}"),
        );
        Self::Halt(Alarm::Damaged, reason)
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
    pub async fn halt(&self, reason: &HaltReason) -> Result<()> {
        self.halt_for(Alarm::Behind, reason).await
    }

    /// Forbids every instance to write or to sign. What is stored stays readable.
    pub(super) async fn halt_for(&self, alarm: Alarm, reason: &HaltReason) -> Result<()> {
        let reason: String = reason.en.chars().take(MAX_REASON_CHARS).collect();
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
pub(super) fn halted(reason: &HaltReason) -> Error {
    let HaltReason { vi, en } = reason;
    Error::LedgerHalted {
        vi: format!(
            "{vi}. Chưa ghi và chưa ký gì thêm. Xin khôi phục bản sao lưu mới nhất (nguon restore) rồi khởi động lại; nếu các mục mới \
             nhất chỉ còn trong bản xuất, xin chạy: nguon ledger recover THƯ_MỤC; sau đó chạy: nguon ledger resume."
        ),
        en: format!(
            "{en}. Nothing is written or signed. Restore the newest backup with 'nguon restore' and start again, or bring back the \
             newest entries from an exported copy with 'nguon ledger recover DIR'; then run 'nguon ledger resume'"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_to_write_is_told_why_in_both_languages() {
        let told = halted(&HaltReason::new("thiếu ô mã băm", "a tile is missing"));
        assert_eq!(told.code(), "ledger-halted");
        assert!(told.vi().contains("thiếu ô mã băm") && told.to_string().contains("a tile is missing"));
    }

    #[test]
    fn a_stored_reason_is_quoted_in_vietnamese() {
        let reason = HaltReason::stored("a tile is missing");
        assert_eq!(reason.en, "a tile is missing");
        assert!(reason.vi.contains("máy ghi lại: \"a tile is missing\""), "{}", reason.vi);
    }
}
