//! Going and looking: fetch a log's newest checkpoint and the few tiles that show it only grew, cosign it, bring the cosignature back.
//! For a witness that runs no server. It must never take a tile's word: what was fetched has to lead to roots that the log signed.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::redirect::Policy;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::merkle::{
    Hash, MerkleError, Note, SignedCheckpoint, TreeHead, VerifierKey, consistency_subtrees, prove_consistency,
    tiles_of, verify_consistency,
};
use crate::monitor::{Comparison, Fork, Source, SourceFault, TilesFault, Trust, cause, compare};
use crate::text::kept_text;

use super::policy::Refusal;
use super::service::{Cosigned, Judgement, KnownLog, Witness};

/// How often a pull starts anew because another one on the same folder was faster.
const MAX_ROUNDS: usize = 3;
/// A server that takes longer for one note is tried again next time.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer to a delivery that is read for its reason, bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Of a refusal the first words are told, characters.
const MAX_REASON_CHARS: usize = 300;

/// What came of looking.
#[derive(Debug)]
pub enum PullOutcome {
    /// It only grew, and is cosigned and on record.
    Cosigned(Box<Cosigned>),
    /// The log, or a part of it, could not be read.
    Unreachable(SourceFault),
    /// Its key signed two checkpoints that cannot both be true.
    Fork(Box<Fork>),
    /// It shows fewer entries than were cosigned.
    Rollback {
        /// What was cosigned.
        held: TreeHead,
        /// What it shows.
        shown: TreeHead,
    },
    /// Its checkpoint is not signed by its key, or its tiles do not lead to what it signed.
    Mismatch(MerkleError),
}

/// What was looked at, and what came of it.
#[derive(Debug)]
pub struct Pulled {
    /// Where the log was found: the address given or one step below.
    pub source: Source,
    /// The key by which it was judged, and why that one; none if it was not reached.
    pub key: Option<(VerifierKey, Trust)>,
    /// What came of it.
    pub outcome: PullOutcome,
}

/// Looks at a log once. `key` is the log's if it is known; else the one remembered in the witness's folder counts, and in a folder
/// that knows no log yet the one that the log gives for itself. Errors are of this side: a wrong key, a folder that fails.
pub async fn pull(witness: &Witness, source: &Source, key: Option<VerifierKey>) -> Result<Pulled> {
    let (source, bytes) = match source.find().await {
        Ok(found) => found,
        Err(fault) => return Ok(not_reached(source, fault)),
    };
    let note = match Note::parse(&bytes) {
        Ok(note) => note,
        Err(err) => return Ok(Pulled { source, key: None, outcome: PullOutcome::Mismatch(err) }),
    };
    let (key, trust) = match choose_key(witness, &source, &note, key).await? {
        Ok(chosen) => chosen,
        Err(fault) => return Ok(not_reached(&source, fault)),
    };
    let log = KnownLog::new(key.clone())?;
    let outcome = match log.check(note) {
        Ok(checkpoint) => {
            if trust != Trust::Remembered {
                let (origin, key) = (log.origin().clone(), key.clone());
                in_background(witness, move |witness| witness.state().lock(&origin)?.pin(&key)).await?;
            }
            follow(witness, &source, &log, &key, &checkpoint).await?
        }
        Err(err) => PullOutcome::Mismatch(err),
    };
    Ok(Pulled { source, key: Some((key, trust)), outcome })
}

fn not_reached(source: &Source, fault: SourceFault) -> Pulled {
    Pulled { source: source.clone(), key: None, outcome: PullOutcome::Unreachable(fault) }
}

/// The key that counts, and why. A folder that follows a log already never takes another log's word for its key: whoever answers under
/// a known address with a new name would else be believed.
async fn choose_key(
    witness: &Witness,
    source: &Source,
    note: &Note,
    given: Option<VerifierKey>,
) -> Result<Result<(VerifierKey, Trust), SourceFault>> {
    let known = in_background(witness, |witness| witness.state().known_logs()).await?;
    if let Some(given) = given {
        if known.iter().any(|key| key.name() == given.name() && *key != given) {
            return Err(Error::invalid(
                "vkey",
                "Thư mục này đang theo sổ cái cùng tên với một khóa khác. Xin hỏi văn phòng vì sao khóa đổi; nếu đổi thật, dùng thư mục mới.",
                "this folder follows the log of this name under another key. Ask the office why the key changed; if it did, use a new folder",
            ));
        }
        return Ok(Ok((given, Trust::Named)));
    }
    let claimed = note.unverified_text().split('\n').next().unwrap_or_default();
    if let Some(key) = known.iter().find(|key| key.name().as_str() == claimed) {
        return Ok(Ok((key.clone(), Trust::Remembered)));
    }
    if !known.is_empty() {
        return Err(Error::invalid(
            "vkey",
            "Thư mục này đang theo sổ cái khác. Nếu muốn theo thêm sổ cái này, xin chạy một lần với --vkey.",
            "this folder follows another log. To follow this one as well, run once with --vkey",
        ));
    }
    let text = match source.read_vkey().await {
        Ok(text) => text,
        Err(fault) => return Ok(Err(fault)),
    };
    let key = VerifierKey::parse(&text).map_err(|err| {
        Error::invalid(
            "vkey",
            "Sổ cái không đưa ra khóa dùng được; xin hỏi văn phòng và thêm --vkey.",
            format!("the log gives no usable key for itself ({err}); ask the office and add --vkey"),
        )
    })?;
    Ok(Ok((key, Trust::FirstUse)))
}

async fn follow(
    witness: &Witness,
    source: &Source,
    log: &KnownLog,
    key: &VerifierKey,
    shown: &SignedCheckpoint,
) -> Result<PullOutcome> {
    let shown_head = *shown.head();
    for _ in 0..MAX_ROUNDS {
        let asked = log.clone();
        let last = in_background(witness, move |witness| witness.last(&asked)).await?;
        let held = last.as_ref().map_or(TreeHead::EMPTY, |last| *last.checkpoint.head());
        if shown_head.size < held.size {
            return Ok(PullOutcome::Rollback { held, shown: shown_head });
        }
        let proof = match fetch_proof(source, &held, &shown_head).await {
            Ok(proof) => proof,
            Err(TilesFault::Source(fault)) => return Ok(PullOutcome::Unreachable(fault)),
            Err(TilesFault::Format(err)) => {
                return match &last {
                    Some(last) => contradict(source, key, &last.checkpoint, shown, err).await,
                    None => Ok(PullOutcome::Mismatch(err)),
                };
            }
        };
        let (asked, checkpoint) = (log.clone(), shown.clone());
        let judging = in_background(witness, move |witness| witness.cosign(&asked, held.size, &proof, &checkpoint));
        match judging.await? {
            Judgement::Cosigned(cosigned) => return Ok(PullOutcome::Cosigned(cosigned)),
            // Another pull, or a request to `serve`, moved the record in the meantime: look again from there.
            Judgement::Refused(Refusal::OtherSize { .. } | Refusal::OtherRoot { .. }) => {}
            Judgement::Refused(Refusal::Inconsistent(err)) => return Ok(PullOutcome::Mismatch(err)),
            Judgement::Refused(refusal @ Refusal::OldBeyondNew { .. }) => return Err(Error::internal(refusal)),
        }
    }
    Err(Error::refused(
        "witness-busy",
        "Nhiều lệnh cùng dùng thư mục này một lúc; xin chạy lại sau.",
        "several commands use this folder at once; run again later",
    ))
}

/// Fetches what shows that the log grew from one tree to the other, and checks that it does.
async fn fetch_proof(source: &Source, old: &TreeHead, new: &TreeHead) -> Result<Vec<Hash>, TilesFault> {
    let tiles = source.read_tiles(tiles_of(&consistency_subtrees(old.size, new.size)?, new.size)?).await?;
    let proof = prove_consistency(&tiles, old.size, new.size)?;
    verify_consistency(old, new, &proof)?;
    Ok(proof)
}

/// What was fetched does not lead from the held checkpoint to the shown one: a proven fork, or tiles that are none of the shown tree.
async fn contradict(
    source: &Source,
    key: &VerifierKey,
    held: &SignedCheckpoint,
    shown: &SignedCheckpoint,
    err: MerkleError,
) -> Result<PullOutcome> {
    Ok(match compare(source, key, held, shown).await {
        Comparison::Fork(fork) => PullOutcome::Fork(fork),
        Comparison::Unread(fault) => PullOutcome::Unreachable(fault),
        Comparison::Agrees | Comparison::Unproven => PullOutcome::Mismatch(err),
    })
}

/// The lock and the disk of the witness's folder may keep one waiting.
async fn in_background<T: Send + 'static>(
    witness: &Witness,
    work: impl FnOnce(&Witness) -> Result<T> + Send + 'static,
) -> Result<T> {
    let witness = witness.clone();
    spawn_blocking(move || work(&witness)).await?
}

/// Whether a log read from there takes cosignatures: a folder does not.
pub fn takes_cosignatures(source: &Source) -> bool {
    let name = source.name();
    name.starts_with("https://") || name.starts_with("http://")
}

/// Brings a cosigned checkpoint to the log, which answers 204.
pub async fn deliver(source: &Source, checkpoint: &SignedCheckpoint) -> Result<()> {
    let http = reqwest::Client::builder().timeout(DELIVERY_TIMEOUT).redirect(Policy::none()).build();
    let address = format!("{}/cosignatures", source.name());
    let sent = http.map_err(Error::internal)?.post(&address).body(checkpoint.to_string()).send().await;
    let mut answer =
        sent.map_err(|err| not_delivered(&address, &Reason { vi: "không kết nối được".to_owned(), en: cause(&err) }))?;
    if answer.status() == StatusCode::NO_CONTENT {
        return Ok(());
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk);
        if MAX_ANSWER_BYTES < body.len() {
            break;
        }
    }
    Err(not_delivered(&address, &Reason::of(answer.status(), &body)))
}

/// Why a cosignature was not taken, in both languages.
struct Reason {
    vi: String,
    en: String,
}

impl Reason {
    /// What the log says, if it answers with a problem of this program (RFC 9457); else its status alone.
    fn of(status: StatusCode, body: &[u8]) -> Self {
        let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let said = |language: &str| {
            let text = kept_text(problem.get(language)?.as_str()?);
            let text: String = text.trim_end_matches('.').chars().take(MAX_REASON_CHARS).collect();
            (!text.is_empty()).then_some(text)
        };
        let code = status.as_u16();
        Self {
            vi: said("vi").unwrap_or_else(|| format!("máy chủ trả lời mã {code}")),
            en: said("en").unwrap_or_else(|| format!("the server answers {status}")),
        }
    }
}

fn not_delivered(address: &str, Reason { vi, en }: &Reason) -> Error {
    Error::refused(
        "cosignature-not-delivered",
        format!("Đã ký và ghi nhớ, nhưng chưa gửi được tới {address}: {vi}. Lần chạy sau sẽ gửi lại."),
        format!("cosigned and on record, but not delivered to {address}: {en}; the next run sends it again"),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::witness::testing::{Log, witness};

    /// A log as it is exported into a folder.
    fn publish(log: &Log, dir: &Path, size: u64) {
        for tile in crate::merkle::tiles_of_growth(0, size) {
            let path = dir.join(tile.to_string());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, log.tiles.data(tile).unwrap()).unwrap();
        }
        std::fs::write(dir.join("vkey"), format!("{}\n", log.signer.verifier())).unwrap();
        std::fs::write(dir.join("checkpoint"), log.checkpoint(size).to_string()).unwrap();
    }

    struct Stage {
        state: tempfile::TempDir,
        web: tempfile::TempDir,
    }

    impl Stage {
        fn new() -> Self {
            let stage = Self { state: tempfile::tempdir().unwrap(), web: tempfile::tempdir().unwrap() };
            witness(stage.state.path());
            stage
        }

        /// Another look, by another process.
        async fn pull(&self, key: Option<VerifierKey>) -> Result<Pulled> {
            let witness = Witness::open(self.state.path(), crate::clock::Clock::system())?;
            pull(&witness, &Source::in_folder(self.web.path()), key).await
        }

        /// After the log was published with this size.
        async fn pull_at(&self, log: &Log, size: u64) -> PullOutcome {
            publish(log, self.web.path(), size);
            self.pull(None).await.unwrap().outcome
        }
    }

    #[track_caller]
    fn cosigned(outcome: &PullOutcome) -> u64 {
        match outcome {
            PullOutcome::Cosigned(cosigned) => cosigned.checkpoint.head().size,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_log_or_by_its_status() {
        let problem = r#"{"type":"/problems/x","vi":"Không có trong danh sách.","en":"not on the list"}"#;
        let reason = Reason::of(StatusCode::FORBIDDEN, problem.as_bytes());
        assert_eq!((reason.vi.as_str(), reason.en.as_str()), ("Không có trong danh sách", "not on the list"));
        let reason = Reason::of(StatusCode::BAD_GATEWAY, b"<html>\x1b[2J");
        assert_eq!(
            (reason.vi.as_str(), reason.en.as_str()),
            ("máy chủ trả lời mã 502", "the server answers 502 Bad Gateway")
        );
    }

    #[tokio::test]
    async fn a_log_that_grows_is_cosigned_each_time() {
        let (stage, log) = (Stage::new(), Log::of(70_000));
        for size in [0, 1, 255, 256, 257, 700, 65_536, 70_000, 70_000] {
            assert_eq!(cosigned(&stage.pull_at(&log, size).await), size);
        }
    }

    #[tokio::test]
    async fn a_log_that_dropped_a_partial_tile_for_the_full_one_is_still_followed() {
        let (stage, log) = (Stage::new(), Log::of(1_000));
        stage.pull_at(&log, 300).await;
        publish(&log, stage.web.path(), 600);
        let tiles = stage.web.path().join("tile/0");
        let full = log.tiles.data(crate::merkle::Tile::new(0, 2, 256).unwrap()).unwrap();
        std::fs::write(tiles.join("002"), full).unwrap();
        std::fs::remove_dir_all(tiles.join("002.p")).unwrap();
        assert_eq!(cosigned(&stage.pull(None).await.unwrap().outcome), 600);
    }

    #[tokio::test]
    async fn the_log_below_the_address_of_a_server_is_found() {
        let (stage, log) = (Stage::new(), Log::of(9));
        let below = stage.web.path().join("ledger");
        std::fs::create_dir(&below).unwrap();
        publish(&log, &below, 9);
        let pulled = stage.pull(None).await.unwrap();
        assert_eq!((cosigned(&pulled.outcome), pulled.source.name()), (9, below.display().to_string()));
    }

    #[tokio::test]
    async fn the_first_key_is_remembered_and_said_to_be_so() {
        let (stage, log) = (Stage::new(), Log::of(9));
        publish(&log, stage.web.path(), 9);
        let key = log.signer.verifier();
        for trust in [Trust::FirstUse, Trust::Remembered] {
            assert_eq!(stage.pull(None).await.unwrap().key, Some((key.clone(), trust)));
        }
        assert_eq!(stage.pull(Some(key.clone())).await.unwrap().key, Some((key.clone(), Trust::Named)));
    }

    #[tokio::test]
    async fn another_key_under_the_same_name_is_not_taken() {
        let (stage, log, other) = (Stage::new(), Log::of(9), Log::with_key(9, 8));
        stage.pull_at(&log, 5).await;
        // Neither from the log itself, which now gives another key and signs with it,
        publish(&other, stage.web.path(), 9);
        assert!(matches!(stage.pull(None).await.unwrap().outcome, PullOutcome::Mismatch(MerkleError::Unsigned)));
        // nor from whoever runs the command.
        let given = stage.pull(Some(other.signer.verifier().clone())).await;
        assert_eq!(given.unwrap_err().code(), "invalid");
    }

    #[tokio::test]
    async fn another_log_under_the_address_is_followed_only_by_its_key() {
        let (stage, log) = (Stage::new(), Log::of(9));
        stage.pull_at(&log, 5).await;
        let other = Log::named("ocop.example/other", 9);
        publish(&other, stage.web.path(), 9);
        assert_eq!(stage.pull(None).await.unwrap_err().code(), "invalid");
        let pulled = stage.pull(Some(other.signer.verifier().clone())).await.unwrap();
        assert_eq!(cosigned(&pulled.outcome), 9);
    }

    #[tokio::test]
    async fn a_smaller_tree_is_a_rollback() {
        let (stage, log) = (Stage::new(), Log::of(300));
        stage.pull_at(&log, 300).await;
        let outcome = stage.pull_at(&log, 299).await;
        let (held, shown) = (*log.checkpoint(300).head(), *log.checkpoint(299).head());
        assert!(matches!(outcome, PullOutcome::Rollback { held: h, shown: s } if h == held && s == shown));
    }

    #[tokio::test]
    async fn another_history_is_a_fork_with_evidence() {
        let (ours, theirs) = (Log::of(700), Log::forked(700, 100));
        for (held, shown) in [(300, 300), (300, 700), (256, 257), (101, 102)] {
            let stage = Stage::new();
            stage.pull_at(&ours, held).await;
            match stage.pull_at(&theirs, shown).await {
                PullOutcome::Fork(fork) => {
                    assert_eq!((fork.first().head(), fork.second().head().size), (ours.checkpoint(held).head(), shown));
                    let witness = Witness::open(stage.state.path(), crate::clock::Clock::system()).unwrap();
                    let file = witness.state().keep_evidence(&fork).unwrap();
                    assert!(Fork::parse(&std::fs::read(file).unwrap()).is_ok());
                }
                other => panic!("{held} {shown}: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn tiles_of_another_tree_are_no_fork_and_not_cosigned() {
        let (stage, ours, theirs) = (Stage::new(), Log::of(700), Log::forked(700, 100));
        stage.pull_at(&ours, 300).await;
        publish(&theirs, stage.web.path(), 700);
        std::fs::write(stage.web.path().join("checkpoint"), ours.checkpoint(700).to_string()).unwrap();
        assert!(matches!(stage.pull(None).await.unwrap().outcome, PullOutcome::Mismatch(_)));
    }

    #[tokio::test]
    async fn a_checkpoint_that_is_not_signed_by_the_log_is_a_mismatch() {
        let (stage, log) = (Stage::new(), Log::of(9));
        publish(&log, stage.web.path(), 5);
        let changed = log.checkpoint(5).to_string().replace("\n5\n", "\n6\n");
        std::fs::write(stage.web.path().join("checkpoint"), changed).unwrap();
        assert!(matches!(stage.pull(None).await.unwrap().outcome, PullOutcome::Mismatch(MerkleError::Signature(_))));
        assert_eq!(witness_state(&stage).known_logs().unwrap(), []);
    }

    fn witness_state(stage: &Stage) -> crate::witness::StateFolder {
        crate::witness::StateFolder::new(stage.state.path())
    }

    #[tokio::test]
    async fn a_log_or_a_tile_that_is_not_there_is_unreachable() {
        let (stage, log) = (Stage::new(), Log::of(700));
        assert!(matches!(stage.pull(None).await.unwrap().outcome, PullOutcome::Unreachable(_)));
        stage.pull_at(&log, 300).await;
        publish(&log, stage.web.path(), 700);
        std::fs::remove_dir_all(stage.web.path().join("tile/0")).unwrap();
        assert!(matches!(stage.pull(None).await.unwrap().outcome, PullOutcome::Unreachable(_)));
    }
}
