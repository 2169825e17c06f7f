//! Audits of small logs published into folders: whole ones, grown ones, and every way in which one can be false.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::chains::ChainFault;
use super::evidence::Fork;
use super::follow::audit;
use super::source::{Source, SourceFault};
use super::state::StateFile;
use super::testing::{Log, sign, signer, some_hash, start};
use super::types::{AuditReport, AuditSettings, Fault, Outcome, Scope, Trust};
use crate::error::Result;
use crate::ledger::WitnessPolicy;
use crate::merkle::{Bundle, KeyKind, KeyName, SignedCheckpoint, SignerKey, Tile, TreeHead, cosign};

/// A folder with a log, and an auditor's memory beside it.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// Publishes anew: what was there goes.
    fn with(log: &Log, size: u64) -> Self {
        let desk = Self::new();
        desk.publish(log, size);
        desk
    }

    fn publish(&self, log: &Log, size: u64) {
        if self.folder().exists() {
            std::fs::remove_dir_all(self.folder()).unwrap();
        }
        log.publish(&self.folder(), size);
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state.json")
    }

    async fn try_audit(&self, settings: &AuditSettings) -> Result<AuditReport> {
        let state = StateFile::open(&self.state()).unwrap();
        audit(&Source::in_folder(&self.folder()), &state, settings).await
    }

    async fn audit(&self) -> AuditReport {
        self.try_audit(&settings()).await.unwrap()
    }

    async fn audit_fully(&self) -> AuditReport {
        self.try_audit(&AuditSettings { scope: Scope::Full, ..settings() }).await.unwrap()
    }

    fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let file = self.folder().join(path);
        let mut bytes = std::fs::read(&file).unwrap();
        change(&mut bytes);
        std::fs::write(file, bytes).unwrap();
    }
}

fn settings() -> AuditSettings {
    AuditSettings::at(start() + TimeDelta::hours(12))
}

/// Index and fault of everything that was kept.
fn faults(report: &AuditReport) -> Vec<(Option<u64>, Fault)> {
    report.problems.iter().map(|problem| (problem.place.index, problem.fault.clone())).collect()
}

#[track_caller]
fn check_fork(report: &AuditReport) {
    assert_eq!(report.outcome, Outcome::Fork, "{report:?}");
    let evidence = report.fork.as_ref().unwrap().to_string();
    assert!(Fork::parse(evidence.as_bytes()).is_ok());
}

#[tokio::test]
async fn a_log_that_adds_up_is_whole() {
    let desk = Desk::with(&Log::of(600), 600);
    let report = desk.audit().await;
    assert_eq!((report.outcome, faults(&report)), (Outcome::Whole, vec![]));
    assert_eq!((report.n_read, report.n_batches, report.n_manifests), (600, 7, 12));
    assert_eq!(report.newest, Some(start() + TimeDelta::minutes(599)));
}

#[tokio::test]
async fn an_empty_log_is_whole_and_has_one_root() {
    let desk = Desk::with(&Log::of(0), 0);
    assert_eq!(desk.audit().await.outcome, Outcome::Whole);
    let false_root = sign(TreeHead { size: 0, root: some_hash() });
    std::fs::write(desk.folder().join("checkpoint"), false_root.to_string()).unwrap();
    assert_eq!(Desk::audit(&desk).await.outcome, Outcome::Fork);
}

#[tokio::test]
async fn a_log_of_every_size_around_a_tile_is_whole() {
    let log = Log::of(520);
    for size in [1, 2, 255, 256, 257, 511, 512, 513] {
        let report = Desk::with(&log, size).audit().await;
        assert_eq!((report.outcome, report.n_read), (Outcome::Whole, size));
    }
}

#[tokio::test]
async fn the_next_audit_reads_only_what_is_new() {
    let log = Log::of(700);
    let desk = Desk::with(&log, 300);
    for (size, from) in [(300, 0), (300, 300), (512, 300), (513, 512), (700, 513)] {
        desk.publish(&log, size);
        let report = desk.audit().await;
        assert_eq!((report.outcome, report.from_size, report.n_read), (Outcome::Whole, from, size - from));
        assert_eq!(report.newest, Some(start() + TimeDelta::minutes(i64::try_from(size).unwrap() - 1)));
    }
}

#[tokio::test]
async fn a_full_audit_ends_with_the_same_memory() {
    let log = Log::of(700);
    let desk = Desk::with(&log, 300);
    desk.audit().await;
    desk.publish(&log, 700);
    desk.audit().await;
    let by_steps = std::fs::read(desk.state()).unwrap();
    let report = desk.audit_fully().await;
    assert_eq!((report.outcome, report.from_size, report.n_read), (Outcome::Whole, 0, 700));
    assert_eq!(std::fs::read(desk.state()).unwrap(), by_steps);
}

#[tokio::test]
async fn the_key_is_pinned_at_first_use_and_remembered() {
    let desk = Desk::with(&Log::of(20), 20);
    assert_eq!(desk.audit().await.key, Some((signer().verifier().clone(), Trust::FirstUse)));
    assert_eq!(desk.audit().await.key, Some((signer().verifier().clone(), Trust::Remembered)));
    let named = AuditSettings { key: Some(signer().verifier().clone()), ..settings() };
    assert_eq!(desk.try_audit(&named).await.unwrap().key, Some((signer().verifier().clone(), Trust::Named)));
}

fn other_signer(kind: KeyKind) -> SignerKey {
    SignerKey::new(KeyName::parse("other.example/ledger").unwrap(), kind, &[9; 32]).unwrap()
}

#[tokio::test]
async fn a_memory_of_another_log_is_refused() {
    let desk = Desk::with(&Log::of(20), 20);
    desk.audit().await;
    let key = Some(other_signer(KeyKind::Ed25519).verifier().clone());
    let error = desk.try_audit(&AuditSettings { key, ..settings() }).await.unwrap_err();
    assert_eq!(error.code(), "audit-other-log");
}

#[tokio::test]
async fn a_witnesss_key_is_no_key_of_a_log() {
    let key = Some(other_signer(KeyKind::Cosignature).verifier().clone());
    let error = Desk::with(&Log::of(20), 20).try_audit(&AuditSettings { key, ..settings() }).await.unwrap_err();
    assert_eq!(error.code(), "invalid");
}

#[tokio::test]
async fn a_checkpoint_under_another_key_is_a_mismatch() {
    let key = Some(other_signer(KeyKind::Ed25519).verifier().clone());
    let report = Desk::with(&Log::of(20), 20).try_audit(&AuditSettings { key, ..settings() }).await.unwrap();
    assert_eq!(report.outcome, Outcome::Mismatch);
    assert!(matches!(report.problems[0].fault, Fault::Checkpoint(_)));
}

#[tokio::test]
async fn a_flipped_byte_in_the_checkpoint_is_a_mismatch() {
    let log = Log::of(20);
    for at in [0, 25, 40, 100] {
        let desk = Desk::with(&log, 20);
        desk.change("checkpoint", |bytes| bytes[at] ^= 1);
        let report = desk.audit().await;
        assert_eq!(report.outcome, Outcome::Mismatch, "{at}");
        assert!(!desk.state().exists());
    }
}

#[tokio::test]
async fn two_roots_for_one_size_are_a_fork() {
    let desk = Desk::with(&Log::of(300), 300);
    desk.audit().await;
    desk.publish(&Log::forked(300, 298), 300);
    check_fork(&desk.audit().await);
}

#[tokio::test]
async fn a_rewritten_history_is_a_fork_however_the_log_grew() {
    for (old, new) in [(300, 301), (256, 512), (511, 700), (120, 700)] {
        let desk = Desk::with(&Log::of(old), old);
        desk.audit().await;
        desk.publish(&Log::forked(new, 100), new);
        check_fork(&desk.audit().await);
        check_fork(&desk.audit_fully().await);
    }
}

#[tokio::test]
async fn a_fork_behind_false_tiles_is_proven_by_the_entries() {
    let desk = Desk::with(&Log::of(300), 300);
    desk.audit().await;
    desk.publish(&Log::forked(700, 100), 700);
    desk.change("tile/1/000.p/2", |bytes| bytes[0] ^= 1);
    check_fork(&desk.audit().await);
}

#[tokio::test]
async fn a_fork_is_proven_even_if_the_entries_are_gone() {
    let desk = Desk::with(&Log::of(300), 300);
    desk.audit().await;
    desk.publish(&Log::forked(700, 100), 700);
    std::fs::remove_dir_all(desk.folder().join("tile/entries")).unwrap();
    check_fork(&desk.audit().await);
}

#[tokio::test]
async fn a_checkpoint_that_someone_kept_convicts_at_the_first_audit() {
    let held = vec![Log::of(300).checkpoint(290).to_string().into_bytes()];
    let desk = Desk::with(&Log::forked(700, 100), 700);
    check_fork(&desk.try_audit(&AuditSettings { held, ..settings() }).await.unwrap());
}

#[tokio::test]
async fn a_kept_checkpoint_from_before_the_last_audit_is_compared_too() {
    let desk = Desk::with(&Log::forked(600, 100), 600);
    desk.audit().await;
    let held = vec![Log::of(300).checkpoint(290).to_string().into_bytes()];
    check_fork(&desk.try_audit(&AuditSettings { held, ..settings() }).await.unwrap());
}

#[tokio::test]
async fn a_kept_checkpoint_of_another_key_is_a_matter_of_usage() {
    let held = vec![b"something\n1\nx\n\n\xe2\x80\x94 a b\n".to_vec()];
    let error = Desk::with(&Log::of(20), 20).try_audit(&AuditSettings { held, ..settings() }).await.unwrap_err();
    assert_eq!(error.code(), "invalid");
}

#[tokio::test]
async fn a_fork_does_not_change_the_memory() {
    let desk = Desk::with(&Log::of(300), 300);
    desk.audit().await;
    let before = std::fs::read(desk.state()).unwrap();
    desk.publish(&Log::forked(700, 100), 700);
    desk.audit().await;
    assert_eq!(std::fs::read(desk.state()).unwrap(), before);
}

#[tokio::test]
async fn fewer_entries_than_before_are_a_rollback() {
    let log = Log::of(600);
    let desk = Desk::with(&log, 600);
    desk.audit().await;
    desk.publish(&log, 599);
    let report = desk.audit().await;
    assert_eq!((report.outcome, report.held.unwrap().size), (Outcome::Rollback, 600));
}

#[tokio::test]
async fn a_checkpoint_that_did_not_hold_is_not_forgotten() {
    let log = Log::of(600);
    let desk = Desk::with(&log, 300);
    desk.audit().await;
    desk.publish(&log, 600);
    desk.change("tile/0/001", |bytes| bytes[0] ^= 1);
    assert_eq!(desk.audit().await.outcome, Outcome::Mismatch);
    desk.publish(&log, 400);
    assert_eq!(desk.audit().await.outcome, Outcome::Rollback);
    desk.publish(&log, 600);
    let report = desk.audit().await;
    assert_eq!((report.outcome, report.from_size), (Outcome::Whole, 300));
}

/// Publishes 600 entries of which one says something else than was signed.
fn desk_with_changed_entry(desk: &Desk, log: &Log, index: usize) {
    let mut changed = log.clone();
    let entry = String::from_utf8(changed.entries[index].clone()).unwrap();
    changed.entries[index] = entry.replace("\"salt\":0", "\"salt\":1").into_bytes();
    assert_ne!(changed.entries[index], log.entries[index]);
    let tile = Tile::of_tree(0, u64::try_from(index / 256).unwrap(), 600).unwrap();
    let bundle = Bundle::new(tile.index(), tile.width()).unwrap();
    std::fs::write(desk.folder().join(bundle.to_string()), changed.bundle(bundle)).unwrap();
}

#[tokio::test]
async fn a_changed_entry_is_named() {
    let log = Log::of(600);
    let desk = Desk::with(&log, 600);
    desk_with_changed_entry(&desk, &log, 270);
    let report = desk.audit().await;
    assert_eq!(report.outcome, Outcome::Mismatch);
    // The next entry of its batch names the hash that it should have.
    let expected =
        [(Some(270), Fault::Leaf { tile: "tile/0/001".to_owned() }), (Some(277), Fault::Chain(ChainFault::Prev))];
    assert_eq!(faults(&report), expected);
    assert_eq!((report.problems[0].place.batch.unwrap().get(), report.problems[0].place.n), (5, Some(38)));
}

#[tokio::test]
async fn an_entry_that_was_audited_before_and_changed_is_named() {
    let log = Log::of(600);
    let desk = Desk::with(&log, 300);
    desk.audit().await;
    desk.publish(&log, 600);
    desk_with_changed_entry(&desk, &log, 270);
    let report = desk.audit().await;
    assert!(faults(&report).contains(&(Some(270), Fault::Rewritten)));
}

#[tokio::test]
async fn a_changed_leaf_hash_is_named() {
    let desk = Desk::with(&Log::of(600), 600);
    desk.change("tile/0/002.p/88", |bytes| bytes[32 * 5 + 31] ^= 0x80);
    let report = desk.audit().await;
    assert_eq!(faults(&report), [(Some(517), Fault::Leaf { tile: "tile/0/002.p/88".to_owned() })]);
}

#[tokio::test]
async fn a_changed_hash_above_the_leaves_is_named_by_its_first_entry() {
    let desk = Desk::with(&Log::of(600), 600);
    desk.change("tile/1/000.p/2", |bytes| bytes[32] ^= 1);
    let report = desk.audit().await;
    assert_eq!(faults(&report), [(Some(256), Fault::Tile { tile: "tile/1/000.p/2".to_owned() })]);
}

#[tokio::test]
async fn a_cut_bundle_is_named_by_the_first_entry_that_is_missing() {
    let desk = Desk::with(&Log::of(600), 600);
    desk.change("tile/entries/001", |bytes| bytes.truncate(bytes.len() - 1));
    let report = desk.audit().await;
    assert_eq!(report.outcome, Outcome::Mismatch);
    assert_eq!(faults(&report)[0], (Some(511), Fault::Cut { path: "tile/entries/001".to_owned() }));
}

#[tokio::test]
async fn a_bundle_beyond_any_size_is_a_mismatch() {
    let desk = Desk::with(&Log::of(600), 600);
    desk.change("tile/entries/001", |bytes| bytes.resize(2_000_000, 0));
    let report = desk.audit().await;
    assert_eq!(faults(&report), [(Some(256), Fault::Cut { path: "tile/entries/001".to_owned() })]);
}

#[tokio::test]
async fn an_entry_that_was_left_out_of_its_chain_is_noticed() {
    let mut log = Log::of(0);
    for (index, entry) in Log::of(90).entries.into_iter().enumerate() {
        if index != 60 {
            log.push_bytes(entry);
        }
    }
    let report = Desk::with(&log, 89).audit().await;
    assert_eq!(faults(&report), [(Some(66), Fault::Chain(ChainFault::Number { expected: 9 }))]);
}

#[tokio::test]
async fn a_false_manifest_is_named() {
    let mut log = Log::of(60);
    let manifest = log.manifest_entry();
    log.push(&log.event(3, 0));
    log.push(&manifest);
    let report = Desk::with(&log, 62).audit().await;
    assert_eq!(faults(&report), [(Some(61), Fault::Manifest)]);
}

#[tokio::test]
async fn bytes_that_are_no_entry_are_named() {
    let mut log = Log::of(60);
    log.push_bytes(b"{}".to_vec());
    let report = Desk::with(&log, 61).audit().await;
    assert!(matches!(faults(&report)[..], [(Some(60), Fault::Unreadable(_))]));
}

#[tokio::test]
async fn a_root_that_does_not_follow_from_the_entries_is_a_mismatch() {
    let desk = Desk::with(&Log::of(600), 600);
    let signed = sign(TreeHead { size: 600, root: some_hash() });
    std::fs::write(desk.folder().join("checkpoint"), signed.to_string()).unwrap();
    assert_eq!(faults(&desk.audit().await), [(Some(599), Fault::Root { size: 600 })]);
}

#[tokio::test]
async fn what_is_missing_is_named_and_the_log_unreachable() {
    let log = Log::of(600);
    for path in ["tile/entries/001", "tile/0/001", "tile/entries/002.p/88", "tile/1/000.p/2"] {
        let desk = Desk::with(&log, 600);
        std::fs::remove_file(desk.folder().join(path)).unwrap();
        let report = desk.audit().await;
        assert_eq!(report.outcome, Outcome::Unreachable, "{path}");
        assert_eq!(report.unread, Some(SourceFault::Missing { path: path.to_owned() }));
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_unreachable() {
    let desk = Desk::new();
    let report = desk.audit().await;
    assert_eq!(report.outcome, Outcome::Unreachable);
    assert_eq!(report.unread, Some(SourceFault::NoFolder { path: desk.folder().display().to_string() }));
}

#[tokio::test]
async fn a_log_is_found_one_step_below() {
    let desk = Desk::new();
    Log::of(20).publish(&desk.folder().join("ledger"), 20);
    let report = desk.audit().await;
    assert_eq!(report.outcome, Outcome::Whole);
    assert!(Path::new(&report.source).ends_with("log/ledger"));
}

#[tokio::test]
async fn partial_files_that_were_dropped_are_read_from_the_full_ones() {
    let log = Log::of(700);
    let desk = Desk::with(&log, 700);
    // The log grew on, and dropped what it no longer needs.
    std::fs::write(desk.folder().join("checkpoint"), log.checkpoint(400).to_string()).unwrap();
    let tile = Tile::new(1, 0, 1).unwrap();
    std::fs::write(desk.folder().join(tile.to_string()), log.tiles.data(tile).unwrap()).unwrap();
    let report = desk.audit().await;
    assert_eq!((report.outcome, report.n_read), (Outcome::Whole, 400));
}

#[tokio::test]
async fn a_log_without_news_for_long_is_stale_and_remembered() {
    let desk = Desk::with(&Log::of(60), 60);
    let newest = start() + TimeDelta::minutes(59);
    let late = AuditSettings { now: newest + TimeDelta::hours(49), ..settings() };
    assert_eq!(desk.try_audit(&late).await.unwrap().outcome, Outcome::Stale);
    // Nothing new to read, and yet its age is known.
    let again = desk.try_audit(&late).await.unwrap();
    assert_eq!((again.outcome, again.from_size), (Outcome::Stale, 60));
    let patient = AuditSettings { stale_after: TimeDelta::hours(50), ..late };
    assert_eq!(desk.try_audit(&patient).await.unwrap().outcome, Outcome::Whole);
}

fn witness() -> SignerKey {
    SignerKey::new(KeyName::parse("bao.example/witness").unwrap(), KeyKind::Cosignature, &[3; 32]).unwrap()
}

fn with_policy() -> AuditSettings {
    let text = format!("witness báo {}\nquorum báo\n", witness().verifier());
    AuditSettings { policy: Some(WitnessPolicy::parse(&text, None).unwrap()), ..settings() }
}

/// The time at which the log began, seconds since 1970.
const COSIGNED_AT: u64 = 1_795_914_000;

fn cosign_published(desk: &Desk, signed: &SignedCheckpoint, time: u64) {
    let line = cosign(signed, &witness(), time).unwrap();
    desk.change("checkpoint", |bytes| bytes.extend_from_slice(line.to_string().as_bytes()));
}

#[tokio::test]
async fn a_quorum_of_witnesses_is_told_by_name() {
    let log = Log::of(60);
    let desk = Desk::with(&log, 60);
    cosign_published(&desk, &log.checkpoint(60), COSIGNED_AT);
    let report = desk.try_audit(&with_policy()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Whole);
    assert_eq!(report.cosigned.unwrap().witnesses, [("báo".to_owned(), COSIGNED_AT)]);
}

#[tokio::test]
async fn too_few_witnesses_are_stale() {
    let desk = Desk::with(&Log::of(60), 60);
    let report = desk.try_audit(&with_policy()).await.unwrap();
    assert_eq!((report.outcome, report.cosigned.unwrap().has_quorum), (Outcome::Stale, false));
}

#[tokio::test]
async fn cosignatures_of_long_ago_are_no_quorum() {
    let log = Log::of(60);
    let desk = Desk::with(&log, 60);
    cosign_published(&desk, &log.checkpoint(60), COSIGNED_AT - 48 * 3600);
    let report = desk.try_audit(&with_policy()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Stale);
    assert_eq!(report.cosigned.unwrap().witnesses.len(), 1);
}

#[tokio::test]
async fn a_false_cosignature_is_a_mismatch() {
    let log = Log::of(60);
    let desk = Desk::with(&log, 60);
    cosign_published(&desk, &log.checkpoint(59), COSIGNED_AT);
    let report = desk.try_audit(&with_policy()).await.unwrap();
    assert_eq!(faults(&report), [(None, Fault::Cosignature("báo".to_owned()))]);
}
