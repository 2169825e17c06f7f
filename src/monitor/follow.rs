//! One audit of a log from outside: its key, its checkpoint, what was signed before, every entry, who cosigned. It must never remember
//! as checked what it did not check, and never forget what the log signed.

use futures_util::future::try_join;
use futures_util::{StreamExt, stream};
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::ledger::WitnessPolicy;
use crate::merkle::{Bundle, Hash, KeyKind, SignedCheckpoint, Tile, VerifierKey, bundles_of_growth};

use super::comparing::{Comparison, compare};
use super::evidence::Fork;
use super::part::Part;
use super::source::{N_PARALLEL, Source, SourceFault};
use super::state::{Checked, State, StateFile};
use super::types::{AuditReport, AuditSettings, Cosigned, Fault, Findings, Outcome, Place, Scope, Trust};
use super::verdict::{Facts, decide};
use super::walk::Walk;

/// Bundles between two prunings: half a megabyte of tiles that are kept for nothing.
const BUNDLES_BETWEEN_PRUNINGS: u32 = 64;

/// Audits a log. Errors are the auditor's own: a state that is damaged or of another log, a held checkpoint of another log.
/// Whatever the log does is in the report.
pub async fn audit(source: &Source, file: &StateFile, settings: &AuditSettings) -> Result<AuditReport> {
    let before = file.read()?;
    let mut report = AuditReport::of(source.name());
    let (source, note) = match source.find().await {
        Ok(found) => found,
        Err(fault) => {
            report.unread = Some(fault);
            return Ok(report);
        }
    };
    report.source = source.name();
    let mut findings = Findings::default();
    let (key, trust) = match choose_key(&source, settings, before.as_ref(), &mut findings).await? {
        Ok(chosen) => chosen,
        Err(unread) => {
            report.unread = unread;
            return Ok(conclude(report, findings, settings));
        }
    };
    report.key = Some((key.clone(), trust));
    let shown = match SignedCheckpoint::open(&note, &key) {
        Ok(shown) => shown,
        Err(err) => {
            findings.add(Place::default(), Fault::Checkpoint(err.to_string()));
            return Ok(conclude(report, findings, settings));
        }
    };
    report.shown = Some(*shown.head());
    let held = held_checkpoints(before.as_ref(), settings, &key)?;
    let audit = Audit { source, key, shown, held, settings, before };
    audit.run(file, report, findings).await
}

/// The key by which the log is judged, and why that one; or what could not be read of it.
async fn choose_key(
    source: &Source,
    settings: &AuditSettings,
    before: Option<&State>,
    findings: &mut Findings,
) -> Result<Result<(VerifierKey, Trust), Option<SourceFault>>> {
    match (&settings.key, before) {
        (Some(named), _) if named.kind() != KeyKind::Ed25519 => Err(Error::invalid(
            "vkey",
            "Khóa này là của người làm chứng; xin dùng khóa của sổ cái, ở /ledger/vkey.",
            "this is a witness's key; use the ledger's, at /ledger/vkey",
        )),
        (Some(named), Some(before)) if *named != before.key => Err(Error::refused(
            "audit-other-log",
            "Tệp ghi nhớ này thuộc sổ cái có khóa khác; xin chọn tệp khác bằng --state. Nếu sổ cái tự đổi khóa, xin hỏi văn phòng vì sao.",
            "the state file belongs to a log with another key; choose another file with --state, and ask the office if the key was changed",
        )),
        (Some(named), _) => Ok(Ok((named.clone(), Trust::Named))),
        (None, Some(before)) => Ok(Ok((before.key.clone(), Trust::Remembered))),
        (None, None) => Ok(match source.read_vkey().await.map(|text| VerifierKey::parse(&text)) {
            Ok(Ok(key)) => Ok((key, Trust::FirstUse)),
            Ok(Err(err)) => {
                findings.add(Place::default(), Fault::Checkpoint(err.to_string()));
                Err(None)
            }
            Err(fault) => Err(Some(fault)),
        }),
    }
}

/// Everything that the log must stand by, the smallest first.
fn held_checkpoints(
    before: Option<&State>,
    settings: &AuditSettings,
    key: &VerifierKey,
) -> Result<Vec<SignedCheckpoint>> {
    let remembered = before
        .into_iter()
        .flat_map(|state| state.checked.iter().map(|(checkpoint, _)| checkpoint).chain(&state.seen).cloned());
    let mut held: Vec<SignedCheckpoint> = remembered.collect();
    for note in &settings.held {
        held.push(SignedCheckpoint::open(note, key).map_err(|err| {
            Error::invalid(
                "checkpoint",
                "Bản xác nhận đã giữ không do khóa của sổ cái này ký, hoặc đã bị sửa.",
                format!("the checkpoint that you hold was not signed by this log's key, or was changed ({err})"),
            )
        })?);
    }
    held.sort_by_key(|checkpoint| checkpoint.head().size);
    Ok(held)
}

/// What an audit has in hand once the log's checkpoint is known to be the log's.
struct Audit<'a> {
    source: Source,
    key: VerifierKey,
    shown: SignedCheckpoint,
    held: Vec<SignedCheckpoint>,
    settings: &'a AuditSettings,
    before: Option<State>,
}

/// Whether tiles show that every checkpoint that was kept is of the tree that is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreement {
    Proven,
    Unproven,
}

/// What came of reading the entries.
struct Walked {
    walk: Walk,
    unread: Option<SourceFault>,
}

impl Audit<'_> {
    async fn run(mut self, file: &StateFile, mut report: AuditReport, mut findings: Findings) -> Result<AuditReport> {
        report.held = self.held.last().map(|held| *held.head());
        report.fork = self.two_roots().map(Box::new);
        let is_rolled_back = report.held.is_some_and(|held| self.shown.head().size < held.size);
        if report.fork.is_some() || is_rolled_back {
            return Ok(conclude(report, findings, self.settings));
        }
        let cosigned = self.read_cosignatures(&mut findings).await;
        let agreement = match self.compare_with_held().await {
            Ok(agreement) => agreement,
            Err(fork) => {
                report.fork = Some(fork);
                return Ok(conclude(report, findings, self.settings));
            }
        };
        let Walked { mut walk, unread } = self.walk_through(agreement).await?;
        report.from_size = walk.from();
        report.unread = unread;
        report.fork = walk.take_fork();
        report.cosigned = cosigned;
        report.n_read = walk.n_read();
        report.n_batches = walk.n_batches();
        report.n_manifests = walk.n_manifests();
        report.newest = walk.newest();
        findings.merge(walk.take_findings());
        let report = conclude(report, findings, self.settings);
        self.remember(file, &report, &walk)?;
        Ok(report)
    }

    /// Two signed roots for one size.
    fn two_roots(&self) -> Option<Fork> {
        let all: Vec<&SignedCheckpoint> = self.held.iter().chain([&self.shown]).collect();
        let pairs = all.iter().enumerate().flat_map(|(i, one)| all.iter().skip(i + 1).map(move |other| (one, other)));
        let mut of_one_size = pairs.filter(|(one, other)| one.head().size == other.head().size);
        of_one_size.find_map(|(one, other)| Fork::prove(&self.key, one, other, Vec::new()).ok())
    }

    /// Who cosigned the newest checkpoint, or else the newest one with enough witnesses, which then must be in the log as well.
    async fn read_cosignatures(&mut self, findings: &mut Findings) -> Option<Cosigned> {
        let policy = self.settings.policy.as_ref()?;
        let newest = cosigned(policy, &self.shown, self.settings, findings);
        if newest.has_quorum {
            return Some(newest);
        }
        let note = self.source.read_witnessed().await.ok();
        let witnessed = note.and_then(|note| SignedCheckpoint::open(&note, &self.key).ok());
        let witnessed = witnessed.filter(|witnessed| witnessed.head().size <= self.shown.head().size);
        let Some(witnessed) = witnessed else { return Some(newest) };
        let older = cosigned(policy, &witnessed, self.settings, findings);
        self.held.push(witnessed);
        Some(if older.has_quorum || newest.witnesses.is_empty() { older } else { newest })
    }

    /// Holds every checkpoint that was kept against the one that is shown, by tiles. A fork ends it.
    async fn compare_with_held(&self) -> Result<Agreement, Box<Fork>> {
        let mut agreement = Agreement::Proven;
        for held in &self.held {
            match compare(&self.source, &self.key, held, &self.shown).await {
                Comparison::Fork(fork) => return Err(fork),
                Comparison::Agrees => {}
                Comparison::Unproven | Comparison::Unread(_) => agreement = Agreement::Unproven,
            }
        }
        Ok(agreement)
    }

    /// Reads the entries, new ones alone where that is enough. What does not lead to the signed root is read from the first entry on:
    /// only then can it be said whether what was signed before is contradicted.
    async fn walk_through(&self, agreement: Agreement) -> Result<Walked> {
        let checked = self.before.as_ref().and_then(|state| state.checked.as_ref());
        // Tiles that prove nothing leave the entries; those before the last audit would not be read again.
        let last = checked.filter(|(last, _)| {
            let are_ahead = self.held.iter().all(|held| last.head().size <= held.head().size);
            self.settings.scope == Scope::New && (agreement == Agreement::Proven || are_ahead)
        });
        let walked = self.walk(last).await?;
        let is_led_astray = walked.unread.is_none() && walked.walk.root() != self.shown.head().root;
        if last.is_some() && is_led_astray { self.walk(None).await } else { Ok(walked) }
    }

    async fn walk(&self, last: Option<&(SignedCheckpoint, Checked)>) -> Result<Walked> {
        let log = self.key.clone();
        let mut walk = match last {
            Some((checkpoint, checked)) => {
                Walk::resume(log, checkpoint.head().size, checked).map_err(Error::internal)?
            }
            None => Walk::new(log),
        };
        walk.expect(self.held.iter().cloned().chain([self.shown.clone()]));
        let (from, to) = (walk.size(), self.shown.head().size);
        if to == 0 && self.shown.head().root != Hash::EMPTY_ROOT {
            walk.findings().add(Place::default(), Fault::Root { size: 0 });
        }
        let mut parts =
            stream::iter(bundles_of_growth(from, to)).map(|bundle| self.read_part(bundle)).buffered(N_PARALLEL);
        let mut n_until_pruning = BUNDLES_BETWEEN_PRUNINGS;
        while let Some(part) = parts.next().await {
            let part = match part {
                Ok(part) => part,
                Err(fault) => return Ok(stopped(walk, fault)),
            };
            let filled = walk.take(part).map_err(Error::internal)?;
            if let Err(fault) = self.compare_tiles(&mut walk, filled).await {
                return Ok(stopped(walk, fault));
            }
            if walk.is_broken() {
                return Ok(Walked { walk, unread: None });
            }
            n_until_pruning -= 1;
            if n_until_pruning == 0 {
                walk.prune().map_err(Error::internal)?;
                n_until_pruning = BUNDLES_BETWEEN_PRUNINGS;
            }
        }
        if from < to {
            let edge = walk.edge_above();
            if let Err(fault) = self.compare_tiles(&mut walk, edge).await {
                return Ok(stopped(walk, fault));
            }
        }
        Ok(Walked { walk, unread: None })
    }

    async fn read_part(&self, bundle: Bundle) -> Result<Part, SourceFault> {
        let (entries, tile) = try_join(self.source.read_bundle(bundle), self.source.read_tile(bundle.leaves())).await?;
        let reading = spawn_blocking(move || Part::read(bundle, &entries, &tile));
        reading.await.map_err(|err| SourceFault::Unreachable { path: bundle.to_string(), why: err.to_string() })
    }

    async fn compare_tiles(&self, walk: &mut Walk, tiles: Vec<Tile>) -> Result<(), SourceFault> {
        for tile in tiles {
            walk.compare_tile(tile, &self.source.read_tile(tile).await?);
        }
        Ok(())
    }

    /// What was found whole becomes the next starting point. Else the log's signature alone is remembered: it must stand by that.
    fn remember(&self, file: &StateFile, report: &AuditReport, walk: &Walk) -> Result<()> {
        let before = self.before.as_ref();
        let (checked, seen) = match report.outcome {
            Outcome::Whole | Outcome::Stale => {
                (Some((self.shown.clone(), walk.checked().map_err(Error::internal)?)), None)
            }
            Outcome::Mismatch | Outcome::Unreachable => {
                (before.and_then(|state| state.checked.clone()), Some(self.shown.clone()))
            }
            Outcome::Fork | Outcome::Rollback => return Ok(()),
        };
        file.write(&State { key: self.key.clone(), checked, seen })
    }
}

/// A file larger than it can be is damage; one that cannot be had is not.
fn stopped(mut walk: Walk, fault: SourceFault) -> Walked {
    match fault {
        SourceFault::TooLarge { path, .. } => {
            let place = Place::at(walk.size());
            walk.findings().add(place, Fault::Cut { path });
            Walked { walk, unread: None }
        }
        fault => Walked { walk, unread: Some(fault) },
    }
}

/// Who of the policy cosigned. Towards the quorum count those who did so lately: a log could show for ever what witnesses saw last year.
fn cosigned(
    policy: &WitnessPolicy,
    checkpoint: &SignedCheckpoint,
    settings: &AuditSettings,
    findings: &mut Findings,
) -> Cosigned {
    let mut witnesses = Vec::new();
    for witness in policy.witnesses() {
        match checkpoint.cosignatures(std::slice::from_ref(&witness.key)) {
            Ok(found) => witnesses.extend(found.into_iter().map(|it| (witness.name.clone(), it.time))),
            Err(_) => findings.add(Place::default(), Fault::Cosignature(witness.name.clone())),
        }
    }
    let since = settings.now.checked_sub_signed(settings.stale_after).map(|since| since.timestamp());
    let is_recent = |time: u64| since.is_none_or(|since| i64::try_from(time).is_ok_and(|time| since <= time));
    let lately = witnesses.iter().filter(|(_, time)| is_recent(*time));
    let names: Vec<&str> = lately.map(|(name, _)| name.as_str()).collect();
    let has_quorum = policy.has_quorum(&names);
    Cosigned { head: *checkpoint.head(), witnesses, n_named: policy.witnesses().len(), has_quorum }
}

fn conclude(mut report: AuditReport, findings: Findings, settings: &AuditSettings) -> AuditReport {
    let is_smaller = |held: &crate::merkle::TreeHead| report.shown.is_some_and(|shown| shown.size < held.size);
    let facts = Facts {
        is_forked: report.fork.is_some(),
        is_rolled_back: report.held.as_ref().is_some_and(is_smaller),
        has_problems: 0 < findings.n_problems,
        is_unread: report.unread.is_some(),
        newest: report.newest,
        now: settings.now,
        stale_after: settings.stale_after,
        has_quorum: report.cosigned.as_ref().is_none_or(|cosigned| cosigned.has_quorum),
    };
    report.outcome = decide(&facts);
    (report.problems, report.n_problems) = (findings.first, findings.n_problems);
    report
}
