//! Gathering cosignatures in the background: each witness of the policy that has an address is shown the newest published checkpoint.
//! Nothing waits for a witness; but what one has seen of us and we no longer have stops the ledger.

use std::time::Duration;

use futures_util::future::join_all;

use crate::error::{Error, Result};
use crate::ledger::policy::Witness as Named;
use crate::ledger::{HaltReason, Ledger};
use crate::merkle::SignedCheckpoint;

use super::push::{PushOutcome, Pusher};

/// A witness is asked at most this often: a checkpoint is made every 200 ms, and people read in minutes.
const MIN_BETWEEN_PUSHES: Duration = Duration::from_secs(10);
/// A witness that fails is asked less and less often, down to this.
const MAX_BETWEEN_PUSHES: Duration = Duration::from_mins(10);
/// The start waits this long for witnesses to say what they saw; one that is slower is heard in the background.
const PATIENCE_AT_START: Duration = Duration::from_secs(10);

/// A witness that has an address, and the way there.
struct Asked<'a> {
    ledger: &'a Ledger,
    pusher: Pusher,
    witness: &'a Named,
    url: &'a str,
}

/// What is to be done after a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// Its cosignature is there: nothing before the next checkpoint.
    Store(Box<SignedCheckpoint>),
    /// Ask again later, and say why.
    Retry(String),
    /// Stop the ledger, and say why.
    Halt(HaltReason),
}

/// Asks every witness that has an address once, before anything new is signed: one that saw more than a restored database has stops
/// the ledger. A witness that does not answer stops nothing.
pub async fn consult(ledger: &Ledger) -> Result<()> {
    let rounds = asked(ledger)?.into_iter().map(async |asked| {
        if let Err(error) = asked.ask(0).await {
            asked.tell(&error);
        }
    });
    if tokio::time::timeout(PATIENCE_AT_START, join_all(rounds)).await.is_err() {
        tracing::warn!("not every witness said in time what it saw last");
    }
    Ok(())
}

/// Asks every witness that has an address, each at its own pace, for as long as the ledger lives. Returns at once where none has.
pub async fn collect(ledger: &Ledger) -> Result<()> {
    join_all(asked(ledger)?.into_iter().map(Asked::follow)).await;
    Ok(())
}

fn asked(ledger: &Ledger) -> Result<Vec<Asked<'_>>> {
    let pusher = Pusher::new()?;
    let witnesses = ledger.witnesses().witnesses();
    let with_address = witnesses.iter().filter_map(|witness| Some((witness, witness.url.as_deref()?)));
    Ok(with_address.map(|(witness, url)| Asked { ledger, pusher: pusher.clone(), witness, url }).collect())
}

impl Asked<'_> {
    async fn follow(self) {
        let mut published = self.ledger.follow_checkpoints();
        let (mut last_cosigned, mut pause) = (0, MIN_BETWEEN_PUSHES);
        loop {
            published.borrow_and_update();
            match self.ask_if_new(last_cosigned).await {
                Ok(size) => {
                    (last_cosigned, pause) = (size, MIN_BETWEEN_PUSHES);
                    tokio::time::sleep(MIN_BETWEEN_PUSHES).await;
                    if published.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    self.tell(&error);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(MAX_BETWEEN_PUSHES);
                }
            }
        }
    }

    fn tell(&self, error: &Error) {
        tracing::warn!(
            ledger.witness = self.witness.name,
            error.code = error.code(),
            error.cause = ?error,
            "a witness was asked in vain"
        );
    }

    /// Asks unless the newest checkpoint has this witness's cosignature already, through this instance or another.
    async fn ask_if_new(&self, last_cosigned: u64) -> Result<u64> {
        if let Some(newest) = newest(self.ledger).await? {
            let known = newest.cosignatures(std::slice::from_ref(&self.witness.key)).map_err(Error::internal)?;
            if !known.is_empty() && 0 < last_cosigned {
                return Ok(newest.head().size);
            }
        }
        self.ask(last_cosigned).await
    }

    /// Shows the witness the newest published checkpoint and gives the size that it cosigned; `last_cosigned` is what it cosigned
    /// last, 0 if that is not known.
    async fn ask(&self, last_cosigned: u64) -> Result<u64> {
        let ledger = self.ledger;
        let Some(newest) = newest(ledger).await? else { return Ok(0) };
        let size = newest.head().size;
        let prove = async |old| ledger.prove_consistency(old, size).await;
        let outcome = self.pusher.push(self.url, self.witness, &newest, last_cosigned, prove).await?;
        // Another instance may have published and shown more in the meantime; only what nobody of us has counts.
        let size_now = self::newest(ledger).await?.map_or(0, |newest| newest.head().size);
        match judge(outcome, &self.witness.name, size_now) {
            Next::Store(cosigned) => {
                ledger.accept_cosignature(cosigned.to_string().as_bytes()).await?;
                tracing::debug!(ledger.witness = self.witness.name, ledger.size = size, "cosigned");
                Ok(size)
            }
            Next::Retry(reason) => Err(Error::Unavailable(reason.into())),
            Next::Halt(reason) => self.halt(reason).await,
        }
    }

    /// The ledger looks at what the witness can show: a checkpoint under our own key that we do not continue halts it. Where the
    /// witness shows nothing its word alone does, if it came over TLS: an operator can let the ledger go on, and a fork cannot be
    /// undone. A word that anyone on the way may have written is only told.
    async fn halt(&self, reason: HaltReason) -> Result<u64> {
        let shown = self.pusher.read_last(self.url, self.ledger.verifier().name()).await;
        let looked_at = match shown {
            Some(shown) => Some(self.ledger.accept_cosignature(&shown).await),
            None => None,
        };
        match looked_at {
            // What it shows is ours: the witness contradicts itself.
            Some(Ok(())) => Err(Error::Unavailable(format!("{}; but it shows a checkpoint of ours", reason.en).into())),
            // No checkpoint of ours at all.
            None | Some(Err(Error::Invalid { .. })) => {
                if self.url.starts_with("https://") {
                    self.ledger.halt(&reason).await?;
                } else {
                    tracing::error!(
                        alarm = "ledger-witness-contradicts",
                        ledger.witness = self.witness.name,
                        reason = reason.en,
                        "a witness claims to have seen more than this database has, and shows nothing; look at it"
                    );
                }
                Err(Error::Unavailable(reason.en.into()))
            }
            Some(Err(error)) => Err(error),
        }
    }
}

fn judge(outcome: PushOutcome, name: &str, size_now: u64) -> Next {
    match outcome {
        PushOutcome::Cosigned(cosigned) => Next::Store(cosigned),
        PushOutcome::AheadOfUs(size) if size <= size_now => {
            Next::Retry(format!("it was shown {size} entries by another instance a moment ago"))
        }
        PushOutcome::AheadOfUs(size) => Next::Halt(HaltReason::new(
            format!(
                "người làm chứng {name} đã ký {size} mục, mà ở đây chỉ có {size_now}: cơ sở dữ liệu cũ hơn bản mà người khác đang giữ"
            ),
            format!(
                "the witness {name} cosigned a ledger of {size} entries, and here are only {size_now}: the database is older than what \
                 others hold"
            ),
        )),
        PushOutcome::OtherTree(size) => Next::Halt(HaltReason::new(
            format!(
                "người làm chứng {name} đã ký một lịch sử {size} mục khác: dữ liệu ở đây không phải là bản đã công bố"
            ),
            format!(
                "the witness {name} cosigned another history of {size} entries: what is here is not what was published"
            ),
        )),
        PushOutcome::Refused { status, reason } => Next::Retry(format!("status {status}: {reason}")),
        PushOutcome::Unreachable(reason) => Next::Retry(reason),
    }
}

async fn newest(ledger: &Ledger) -> Result<Option<SignedCheckpoint>> {
    let text = ledger.newest_checkpoint_text().await?;
    let open = |text: String| SignedCheckpoint::open(text.as_bytes(), ledger.verifier());
    text.map(open).transpose().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halts(outcome: PushOutcome, size_now: u64) -> bool {
        matches!(judge(outcome, "báo", size_now), Next::Halt(_))
    }

    #[test]
    fn a_witness_that_saw_more_than_anyone_here_has_stops_the_ledger() {
        assert!(halts(PushOutcome::AheadOfUs(100), 99));
        assert!(!halts(PushOutcome::AheadOfUs(100), 100));
        assert!(!halts(PushOutcome::AheadOfUs(100), 101));
    }

    #[test]
    fn a_witness_that_saw_another_tree_stops_the_ledger() {
        assert!(halts(PushOutcome::OtherTree(90), 100));
    }

    #[test]
    fn a_witness_that_refuses_or_sleeps_stops_nothing() {
        for outcome in [
            PushOutcome::Refused { status: 403, reason: "unknown key".to_owned() },
            PushOutcome::Refused { status: 422, reason: String::new() },
            PushOutcome::Unreachable("timeout".to_owned()),
        ] {
            assert!(!halts(outcome, 100));
        }
    }
}
