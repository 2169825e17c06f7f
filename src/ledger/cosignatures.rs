//! Cosignatures come in: what named witnesses say of our checkpoints. Nothing is kept that does not verify, and a checkpoint under our
//! own key that we never published is an alarm: someone holds a ledger that this database does not know.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::error::{Error, Result};
use crate::merkle::{NoteSignature, SignedCheckpoint};

use super::checkpoints::open_stored;
use super::comparing::root_at;
use super::halting::{Alarm, HaltReason, Stop};
use super::policy::Witness;
use super::service::Ledger;
use super::{checkpoint_store, tree_store};

/// How far a witness's clock may be ahead of ours.
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

/// A cosignature that verified.
struct Accepted {
    filed_as: String,
    line: String,
    at: DateTime<Utc>,
}

impl Ledger {
    /// Takes a whole signed note: our checkpoint, our signature, the cosignatures of named witnesses. Each that verifies is kept, of one
    /// witness the latest. Signatures of others in the same note are passed over.
    pub async fn accept_cosignature(&self, note: &[u8]) -> Result<()> {
        let checkpoint = SignedCheckpoint::open(note, self.verifier()).map_err(|err| not_ours(&err))?;
        let mut conn = self.parts.db.conn().await?;
        let published = match find_published(&mut conn, &checkpoint, self).await {
            Ok(published) => published,
            Err(stop) => {
                drop(conn);
                return self.settle(Err(stop)).await;
            }
        };
        let accepted = self.read_cosignatures(&checkpoint, &published)?;
        let size = published.head().size;
        conn.transaction(async |conn| {
            for Accepted { filed_as, line, at } in &accepted {
                let known = checkpoint_store::cosigned_at(conn, size, filed_as).await?;
                if known.is_none_or(|known| known < *at) {
                    checkpoint_store::put_cosignature(conn, size, filed_as, line, *at).await?;
                }
            }
            Ok::<_, Error>(())
        })
        .await
    }

    /// The cosignatures of our witnesses in a note, each verified over the checkpoint as we published it.
    fn read_cosignatures(&self, note: &SignedCheckpoint, published: &SignedCheckpoint) -> Result<Vec<Accepted>> {
        let mut others = note.note().signatures().iter().filter(|it| !it.is_under(self.verifier())).peekable();
        if others.peek().is_none() {
            return Err(Error::invalid(
                "cosignature",
                "Bản ghi này chưa có chữ ký của người làm chứng nào; xin ký rồi gửi lại.",
                "the note has no cosignature; cosign it, then send it again",
            ));
        }
        let latest = self.parts.clock.now() + MAX_AHEAD;
        let ours = others.filter_map(|signature| Some((signature, self.parts.witnesses.claimed_by(signature)?)));
        let accepted: Vec<Accepted> =
            ours.map(|(signature, witness)| verify(signature, witness, published, latest)).collect::<Result<_>>()?;
        if accepted.is_empty() {
            return Err(Error::UnknownWitness);
        }
        Ok(accepted)
    }
}

/// The checkpoint as it is stored, if we published exactly this one. One that our key signed and this database does not continue is a
/// fork, or what a restored backup has forgotten: the ledger is halted.
async fn find_published(
    conn: &mut AsyncPgConnection,
    checkpoint: &SignedCheckpoint,
    ledger: &Ledger,
) -> Result<SignedCheckpoint, Stop> {
    let (size, root) = (checkpoint.head().size, checkpoint.head().root);
    if let Some(stored) = checkpoint_store::checkpoint_at(conn, size).await?
        && stored.is_published
    {
        let ours = open_stored(&stored, ledger.verifier())?;
        if ours.note().unverified_text() == checkpoint.note().unverified_text() {
            return Ok(ours);
        }
    }
    let tree = tree_store::find_state(conn).await?.size;
    if size <= tree && root_at(conn, size).await? == root {
        return Err(Stop::Error(Error::refused(
            "unknown-checkpoint",
            "Sổ cái chưa công bố điểm chốt này; xin lấy điểm chốt mới nhất ở /ledger/checkpoint rồi ký lại.",
            "this checkpoint is not published; take the newest from /ledger/checkpoint and cosign that",
        )));
    }
    let reason = HaltReason::new(
        format!(
            "người làm chứng giữ một điểm chốt {size} mục, mã gốc {root}, do khóa của sổ cái này ký, mà cơ sở dữ liệu này ({tree} mục) \
             không nối tiếp: nó được khôi phục từ bản cũ, hoặc khóa đang bị dùng ở nơi khác"
        ),
        format!(
            "a witness holds a checkpoint of {size} entries with the root {root} that our key signed and this database, with {tree} \
             entries, does not continue: it was restored from an old backup, or the key is used elsewhere"
        ),
    );
    Err(Stop::Halt(Alarm::Fork, reason))
}

fn verify(
    signature: &NoteSignature,
    witness: &Witness,
    published: &SignedCheckpoint,
    latest: DateTime<Utc>,
) -> Result<Accepted> {
    let false_signature = || {
        Error::invalid(
            "cosignature",
            format!("Chữ ký mang tên {} không đúng với điểm chốt này; xin ký lại.", witness.name),
            format!("the cosignature of {} does not verify for this checkpoint; cosign it again", witness.name),
        )
    };
    let mut cosigned = published.clone();
    let time = cosigned.add_cosignature(signature.clone(), &witness.key).map_err(|_| false_signature())?;
    let at = i64::try_from(time).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let at = at.filter(|at| *at <= latest).ok_or_else(|| {
        Error::invalid(
            "cosignature",
            "Giờ ký nhanh hơn giờ của sổ cái quá một ngày; xin chỉnh lại đồng hồ của máy ký rồi ký lại.",
            "the cosignature's time is more than a day ahead; set the clock of the machine that signs, and cosign again",
        )
    })?;
    Ok(Accepted { filed_as: witness.signs_as(), line: signature.to_string(), at })
}

fn not_ours(err: &crate::merkle::MerkleError) -> Error {
    Error::invalid(
        "cosignature",
        "Đây không phải là điểm chốt do sổ cái này ký; xin gửi nguyên bản lấy ở /ledger/checkpoint, thêm chữ ký của quý vị.",
        format!(
            "this is no checkpoint that this ledger signed ({err}); send the whole note from /ledger/checkpoint with your cosignature"
        ),
    )
}
