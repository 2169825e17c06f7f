//! `nguon ledger verify`: a proof file checked offline, with nothing but the log's key. It must never take that key from the file that
//! it checks, nor print what an entry says before the proof holds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;

use crate::error::{Error, Result};
use crate::ledger::Entry;
use crate::ledger::policy::WitnessPolicy;
use crate::merkle::{MerkleError, SignedCheckpoint, TlogProof, TreeHead, VerifierKey, hash_leaf};

use super::USAGE_OF_LEDGER;
use super::files::read_limited;
use super::ledger_words::{in_words, to_json};
use super::verifier_keys::read_verifier_key;

/// Not enough of the policy's witnesses cosigned.
const NO_QUORUM: u8 = 1;
/// A signature that is missing or wrong, or another log's.
const WRONG_SIGNATURE: u8 = 2;
/// The proof is for another entry.
const OTHER_ENTRY: u8 = 4;
/// Largest proof file, bytes: the longest note and as much again.
const MAX_PROOF_BYTES: u64 = 2 * 1024 * 1024;
/// Largest file that is read as an entry, bytes: more than any log of this format holds.
const MAX_ENTRY_FILE_BYTES: u64 = 1024 * 1024;

#[derive(Args)]
pub(super) struct LedgerVerifyOptions {
    /// The proof, as the batch's page gives it.
    file: PathBuf,
    /// The ledger's verifier key, or @FILE. It stands at /ledger/vkey; compare it with what the office printed or told you.
    #[arg(long, value_name = "KEY|@FILE")]
    vkey: Option<String>,
    /// The entry's bytes; without it those beside the proof are taken.
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// Whose cosignatures count, a C2SP tlog-policy file; not enough of them is exit code 1.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a proof that holds shows.
pub(super) struct Proven {
    /// The log.
    pub(super) origin: String,
    /// The entry's place, from 0.
    pub(super) index: u64,
    /// The tree that has it.
    pub(super) head: TreeHead,
    /// What the entry says.
    pub(super) entry: Entry,
    /// Witnesses of the policy that cosigned, and when by their clocks.
    pub(super) witnessed: Vec<(String, DateTime<Utc>)>,
    /// Whether they are enough; none without a policy.
    pub(super) has_quorum: Option<bool>,
}

/// Why a proof does not hold.
struct Fault {
    code: u8,
    vi: String,
    en: String,
}

impl Fault {
    fn new(code: u8, vi: &str, en: &str, cause: &impl std::fmt::Display) -> Self {
        Self { code, vi: format!("{vi} ({cause})"), en: format!("{en} ({cause})") }
    }
}

/// Runs the command.
pub(super) fn verify(options: &LedgerVerifyOptions) -> ExitCode {
    let given = match Given::read(options) {
        Ok(given) => given,
        Err(error) => {
            super::tell(&error);
            return ExitCode::from(USAGE_OF_LEDGER);
        }
    };
    match check(&given) {
        Ok(proven) => {
            let printed = if options.json {
                super::print_json(&to_json(&proven))
            } else {
                println!("{}", in_words(&proven));
                Ok(())
            };
            match printed {
                Ok(()) if proven.has_quorum == Some(false) => ExitCode::from(NO_QUORUM),
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    super::tell(&error);
                    ExitCode::FAILURE
                }
            }
        }
        Err(fault) => {
            if options.json {
                let said = serde_json::json!({ "holds": false, "code": fault.code, "vi": fault.vi, "en": fault.en });
                println!("{said}");
            } else {
                eprintln!("{}\n{}", fault.vi, fault.en);
            }
            ExitCode::from(fault.code)
        }
    }
}

/// What the caller brings.
struct Given {
    proof: TlogProof,
    log: VerifierKey,
    entry: Vec<u8>,
    policy: Option<WitnessPolicy>,
}

impl Given {
    fn read(options: &LedgerVerifyOptions) -> Result<Self> {
        let Some(vkey) = &options.vkey else {
            return Err(Error::invalid(
                "vkey",
                "Xin thêm --vkey: tệp bằng chứng không tự chứng minh được nó của ai. Khóa của sổ cái ở địa chỉ /ledger/vkey của văn phòng; nên đối chiếu với bản in hoặc hỏi qua điện thoại.",
                "add --vkey: a proof cannot vouch for its own key. The ledger's key stands at /ledger/vkey of the office; compare it with the printed one",
            ));
        };
        let log = read_verifier_key(vkey)?;
        let proof = read_proof(&options.file)?;
        let entry = match (&options.entry, proof.extra()) {
            (Some(file), _) => read_limited(file, MAX_ENTRY_FILE_BYTES)?,
            (None, Some(extra)) => extra.to_vec(),
            (None, None) => {
                return Err(Error::invalid(
                    "entry",
                    "Tệp bằng chứng không kèm nội dung mục; xin thêm --entry TỆP.",
                    "the proof comes without its entry; add --entry FILE",
                ));
            }
        };
        let policy = options.policy.as_deref().map(|file| WitnessPolicy::read(file, Some(&log))).transpose()?;
        Ok(Self { proof, log, entry, policy })
    }
}

fn read_proof(file: &Path) -> Result<TlogProof> {
    TlogProof::parse(&read_limited(file, MAX_PROOF_BYTES)?).map_err(|err| {
        let name = file.display();
        Error::invalid(
            "file",
            format!("{name} không phải tệp bằng chứng (.tlog-proof), hoặc đã bị sửa; xin tải lại."),
            format!("{name} is no .tlog-proof file: {err}"),
        )
    })
}

fn check(given: &Given) -> Result<Proven, Fault> {
    let checkpoint = given.proof.verify(&given.log, &hash_leaf(&given.entry)).map_err(|err| fault_of(&err))?;
    let witnessed = match &given.policy {
        Some(policy) => read_witnesses(&checkpoint, policy)?,
        None => Vec::new(),
    };
    let names: Vec<&str> = witnessed.iter().map(|(name, _)| name.as_str()).collect();
    let has_quorum = given.policy.as_ref().map(|policy| policy.has_quorum(&names));
    let entry = Entry::parse(&given.entry).map_err(|err| {
        Fault::new(
            OTHER_ENTRY,
            "Sổ cái có những byte này, nhưng đó không phải một mục của Nguồn.",
            "the ledger has these bytes, but they are no entry of Nguồn",
            &err,
        )
    })?;
    let origin = checkpoint.origin().as_str().to_owned();
    Ok(Proven { origin, index: given.proof.index(), head: *checkpoint.head(), entry, witnessed, has_quorum })
}

fn fault_of(err: &MerkleError) -> Fault {
    match err {
        MerkleError::ProofShort
        | MerkleError::ProofLong
        | MerkleError::Root
        | MerkleError::NoSuchLeaf { .. }
        | MerkleError::TooLarge => Fault::new(
            OTHER_ENTRY,
            "KHÔNG KHỚP: bằng chứng này không phải của mục này, hoặc mục này đã bị sửa.",
            "MISMATCH: this proof is not for this entry, or the entry was changed",
            err,
        ),
        _ => Fault::new(
            WRONG_SIGNATURE,
            "SAI CHỮ KÝ: sổ cái của khóa này không ký tệp bằng chứng này.",
            "WRONG SIGNATURE: the ledger of this key did not sign this proof",
            err,
        ),
    }
}

fn read_witnesses(
    checkpoint: &SignedCheckpoint,
    policy: &WitnessPolicy,
) -> Result<Vec<(String, DateTime<Utc>)>, Fault> {
    let mut witnessed = Vec::new();
    for witness in policy.witnesses() {
        let found = checkpoint.cosignatures(std::slice::from_ref(&witness.key)).map_err(|err| {
            Fault::new(
                WRONG_SIGNATURE,
                "SAI CHỮ KÝ: có chữ ký làm chứng bị giả.",
                "WRONG SIGNATURE: a cosignature is forged",
                &err,
            )
        })?;
        let times = found.first().map(|cosignature| i64::try_from(cosignature.time).unwrap_or(i64::MAX));
        let at = times.map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC));
        witnessed.extend(at.map(|at| (witness.name.clone(), at)));
    }
    Ok(witnessed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Checkpoint, KeyKind, KeyName, SignerKey, TileSet, cosign, root_of};

    const ENTRY: &str = "{\"actor\":{\"account\":7,\"role\":\"producer\"},\"at\":\"2026-03-10T01:00:00Z\",\"batch\":2041,\
        \"data\":null,\"kind\":\"batch_opened\",\"n\":1,\"prev\":null,\"public\":{\"quantity\":500000,\"unit\":\"kg\"},\
        \"recorded\":\"2026-03-12T01:41:00Z\",\"v\":1}";

    fn key(name: &str, kind: KeyKind, seed: u8) -> SignerKey {
        SignerKey::new(KeyName::parse(name).unwrap(), kind, &[seed; 32]).unwrap()
    }

    fn log() -> SignerKey {
        key("ocop.example/ledger", KeyKind::Ed25519, 7)
    }

    fn witness() -> SignerKey {
        key("bao.example/witness", KeyKind::Cosignature, 8)
    }

    /// A log of five entries, of which the third is the one to prove; its checkpoint is cosigned.
    fn proof() -> TlogProof {
        let leaves: Vec<_> = [b"0".as_slice(), b"1", ENTRY.as_bytes(), b"3", b"4"].map(hash_leaf).to_vec();
        let mut tiles = TileSet::default();
        tiles.append(0, &leaves).unwrap();
        let head = TreeHead { size: 5, root: root_of(&tiles, 5).unwrap() };
        let mut checkpoint = Checkpoint { origin: log().verifier().name().clone(), head }.sign(&log()).unwrap();
        let line = cosign(&checkpoint, &witness(), 1_773_279_660).unwrap();
        checkpoint.add_cosignature(line, witness().verifier()).unwrap();
        TlogProof::make(&tiles, &checkpoint, 2, Some(ENTRY.as_bytes().to_vec())).unwrap()
    }

    fn given() -> Given {
        Given { proof: proof(), log: log().verifier().clone(), entry: ENTRY.as_bytes().to_vec(), policy: None }
    }

    fn policy(quorum: &str) -> WitnessPolicy {
        let other = key("vien.example/witness", KeyKind::Cosignature, 9);
        let text = format!(
            "witness báo {}\nwitness viện {}\ngroup cả-hai all báo viện\nquorum {quorum}\n",
            witness().verifier(),
            other.verifier()
        );
        WitnessPolicy::parse(&text, None).unwrap()
    }

    #[track_caller]
    fn refused(given: &Given, code: u8) {
        assert_eq!(check(given).err().map(|fault| fault.code), Some(code));
    }

    #[test]
    fn a_proof_that_holds_gives_the_entry_and_who_cosigned_when() {
        let proven = check(&Given { policy: Some(policy("báo")), ..given() }).ok().unwrap();
        assert_eq!((proven.index, proven.head.size, proven.entry.kind.as_str()), (2, 5, "batch_opened"));
        assert_eq!(proven.witnessed, [("báo".to_owned(), "2026-03-12T01:41:00Z".parse().unwrap())]);
        assert_eq!(proven.has_quorum, Some(true));
    }

    #[test]
    fn a_quorum_that_is_not_reached_is_said() {
        assert_eq!(check(&Given { policy: Some(policy("cả-hai")), ..given() }).ok().unwrap().has_quorum, Some(false));
    }

    #[test]
    fn a_changed_entry_does_not_match() {
        let entry = ENTRY.replace("500000", "900000").into_bytes();
        refused(&Given { entry, ..given() }, OTHER_ENTRY);
    }

    #[test]
    fn another_logs_key_and_another_key_of_the_same_name_are_refused() {
        for other in [key("ocop.example/ledger", KeyKind::Ed25519, 9), key("other.example", KeyKind::Ed25519, 7)] {
            refused(&Given { log: other.verifier().clone(), ..given() }, WRONG_SIGNATURE);
        }
        refused(&Given { log: witness().verifier().clone(), ..given() }, WRONG_SIGNATURE);
    }

    #[test]
    fn a_forged_cosignature_is_a_wrong_signature() {
        // The witness signed at another time than the one that the line claims.
        let text = proof().to_string();
        let (head, line) = text.trim_end().rsplit_once(' ').unwrap();
        let forged = TlogProof::parse(format!("{head} {}AAAAAAB{}\n", &line[..6], &line[13..]).as_bytes()).unwrap();
        refused(&Given { proof: forged, policy: Some(policy("báo")), ..given() }, WRONG_SIGNATURE);
    }

    #[test]
    fn without_the_logs_key_nothing_is_checked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.tlog-proof");
        std::fs::write(&file, proof().to_string()).unwrap();
        let mut options = LedgerVerifyOptions { file, vkey: None, entry: None, policy: None, json: false };
        assert!(Given::read(&options).err().unwrap().to_string().contains("--vkey"));
        options.vkey = Some(log().verifier().to_string());
        assert_eq!(Given::read(&options).unwrap().entry, ENTRY.as_bytes());
    }
}
