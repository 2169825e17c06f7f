//! `nguon audit`: follows a ledger from outside, looks through the one of this machine, or checks the evidence of a fork. It prints what
//! was checked, what is wrong and what to do, and ends with the code that says so; it changes nothing but the auditor's own files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Args;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::{Mode, process_environment, read_storage};
use crate::error::{Error, Result};
use crate::ledger::{LedgerMarks, WitnessPolicy};
use crate::merkle::{MAX_NOTE_BYTES, VerifierKey};
use crate::monitor::{
    self, AuditSettings, Beside, Fork, MAX_EVIDENCE_BYTES, NotFork, Outcome, STALE_AFTER, Scope, Source, StateFile,
    Trust, verify_database_beside, write_evidence,
};
use crate::trace::projection::verify_projections;

use super::USAGE_OF_LEDGER;
use super::audit_json as json;
use super::audit_words as words;
use super::files::read_limited;
use super::house::with_house;
use super::print_json;
use super::verifier_keys::read_verifier_key;

/// Longest wait for news that one can ask for, hours: ten years.
const MAX_STALE_HOURS: i64 = 87_660;
/// Longest part of a state file's name that is made of an address.
const MAX_NAME_CHARS: usize = 100;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  nguon audit https://ocop.thainguyen.vn --vkey @vkey\n  0 7 * * *  nguon audit https://ocop.thainguyen.vn --state /home/bao/thai-nguyen.json\n  nguon audit /mnt/usb/so-cai --state thai-nguyen.json --policy nguoi-lam-chung.txt\n  nguon audit --database\n  nguon audit --evidence nguon-fork-1204.evidence\n\nExit code: 0 whole, 1 unreachable, 2 fork (two signed checkpoints that cannot both be true), 3 rollback (fewer entries than were signed\nbefore), 4 mismatch (an entry, hash or signature is not what was signed), 5 stale (no news for long, or too few witnesses), 64 usage"
)]
pub(super) struct AuditOptions {
    /// The ledger: an address such as https://ocop.thainguyen.vn, or a folder as `nguon ledger export` writes it.
    #[arg(value_name = "URL|DIR", required_unless_present_any = ["database", "evidence"])]
    source: Option<String>,
    /// Look through the ledger in this machine's database instead: every row, column, tile and checkpoint, and whether what people are
    /// shown of acts is what their entries say.
    #[arg(long, conflicts_with = "source")]
    database: bool,
    /// Check a file that proves a fork, offline, instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "database"])]
    evidence: Option<PathBuf>,
    /// The ledger's verifier key, or @FILE. Without it the key of the last audit counts; the very first time the one that the ledger
    /// gives for itself.
    #[arg(long, value_name = "KEY|@FILE", conflicts_with = "database")]
    vkey: Option<String>,
    /// The auditor's own memory; the next audit goes on from there. Without it a file in this folder, named after the ledger.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["database", "evidence"])]
    state: Option<PathBuf>,
    /// Read every entry again from the first one on, not only the new ones.
    #[arg(long, conflicts_with_all = ["database", "evidence"])]
    full: bool,
    /// A signed checkpoint that someone kept, such as a witness or a newspaper: the ledger must contain it. May be given more than once.
    #[arg(long = "checkpoint", value_name = "FILE", conflicts_with_all = ["database", "evidence"])]
    checkpoints: Vec<PathBuf>,
    /// The witnesses whose cosignatures are asked for (C2SP tlog-policy).
    #[arg(long, value_name = "FILE", conflicts_with = "evidence")]
    policy: Option<PathBuf>,
    /// How many hours the newest entry may be old. A checkpoint says no time, so the time at which its newest entry was recorded
    /// counts; a ledger gets an entry a day at the least, its manifest. Older cosignatures do not count towards --policy either.
    #[arg(long, value_name = "HOURS", default_value_t = STALE_AFTER.num_hours(), value_parser = clap::value_parser!(i64).range(1..=MAX_STALE_HOURS), conflicts_with_all = ["database", "evidence"])]
    stale_after: i64,
    /// Where to write the proof of a fork; without it nguon-fork-SIZE.evidence in this folder. No file is ever written over.
    #[arg(long, value_name = "FILE", conflicts_with = "evidence")]
    evidence_to: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is to be said at the end.
struct Answer {
    outcome: Outcome,
    text: String,
    json: Value,
    fork: Option<Box<Fork>>,
}

/// Runs the command. Its exit codes are its own: what is no outcome of an audit is a matter of usage.
pub(super) async fn audit(options: AuditOptions) -> ExitCode {
    let answer = match (&options.evidence, &options.source) {
        (Some(file), _) => return check_evidence(file, &options),
        (None, Some(source)) => follow(source, &options).await,
        (None, None) => look_through(&options).await,
    };
    match answer.and_then(|answer| conclude(answer, &options)) {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => failed(&error, Outcome::Unreachable.exit_code()),
        Err(error) => failed(&error, USAGE_OF_LEDGER),
    }
}

fn failed(error: &Error, code: u8) -> ExitCode {
    super::tell(error);
    ExitCode::from(code)
}

async fn follow(source: &str, options: &AuditOptions) -> Result<Answer> {
    let source = Source::parse(source)?;
    let key = options.vkey.as_deref().map(read_verifier_key).transpose()?;
    let limit = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
    let held = options.checkpoints.iter().map(|file| read_limited(file, limit)).collect::<Result<_>>()?;
    let settings = AuditSettings {
        policy: read_policy(options, key.as_ref())?,
        key,
        held,
        scope: if options.full { Scope::Full } else { Scope::New },
        stale_after: TimeDelta::hours(options.stale_after),
        ..AuditSettings::at(Clock::system().now())
    };
    let path = options.state.clone().unwrap_or_else(|| default_state(&source.name()));
    let state = StateFile::open(&path)?;
    let report = monitor::audit(&source, &state, &settings).await?;
    let text = words::of_audit(&report, &settings, state.path());
    Ok(Answer { outcome: report.outcome, text, json: json::of_audit(&report, state.path()), fork: report.fork })
}

async fn look_through(options: &AuditOptions) -> Result<Answer> {
    let storage = read_storage(Mode::Service, &process_environment)?;
    let (mut report, rows) = with_house(async |house| {
        let high_water = LedgerMarks::open(&storage.ledger_high_water_file)?;
        let key = house.ledger.verifier();
        let given = read_policy(options, Some(key))?;
        let witnesses = Some(given.as_ref().unwrap_or_else(|| house.ledger.witnesses()));
        let report =
            verify_database_beside(&house.db, key, Beside { high_water: Some(&high_water), witnesses }).await?;
        Ok((report, verify_projections(&house.db).await?))
    })
    .await?;
    if report.outcome == Outcome::Whole && !rows.is_whole() {
        report.outcome = Outcome::Mismatch;
    }
    let (text, json) = (words::of_database(&report, &rows), json::of_database(&report, &rows));
    Ok(Answer { outcome: report.outcome, text, json, fork: report.fork })
}

/// Prints the answer; the proof of a fork is kept first.
fn conclude(answer: Answer, options: &AuditOptions) -> Result<Outcome> {
    let Answer { outcome, mut text, mut json, fork } = answer;
    if let Some(fork) = &fork {
        let size = fork.second().head().size;
        let path = options.evidence_to.clone().unwrap_or_else(|| format!("nguon-fork-{size}.evidence").into());
        let kept = write_evidence(fork, &path);
        let kept = kept.map(|path| path.display().to_string()).inspect_err(|error| {
            super::tell(error);
            // A proof that cannot be kept must not be lost.
            eprintln!("{fork}");
        });
        text.push_str(&words::of_evidence_file(kept.as_deref().ok()));
        if let Some(members) = json.as_object_mut() {
            members.insert("evidence".to_owned(), kept.ok().into());
        }
    }
    if options.json {
        print_json(&json)?;
    } else {
        print!("{text}");
    }
    Ok(outcome)
}

fn read_policy(options: &AuditOptions, log: Option<&VerifierKey>) -> Result<Option<WitnessPolicy>> {
    options.policy.as_deref().map(|file| WitnessPolicy::read(file, log)).transpose()
}

/// Whether the file proves what it says; needs neither network nor database.
fn check_evidence(file: &Path, options: &AuditOptions) -> ExitCode {
    let limit = u64::try_from(MAX_EVIDENCE_BYTES).unwrap_or(u64::MAX);
    let read = read_limited(file, limit);
    let (bytes, key) = match (read, options.vkey.as_deref().map(read_verifier_key).transpose()) {
        (Ok(bytes), Ok(key)) => (bytes, key),
        (Err(error), _) | (_, Err(error)) => return failed(&error, USAGE_OF_LEDGER),
    };
    let checked = Fork::parse(&bytes);
    // Evidence brings its log's key along: without one to compare with it is taken at its word.
    let trust = if key.is_some() { Trust::Named } else { Trust::FirstUse };
    let is_other = |fork: &Fork| key.as_ref().is_some_and(|key| key != fork.log());
    let (code, said) = match &checked {
        Ok(fork) if is_other(fork) => (USAGE_OF_LEDGER, words::of_other_key(fork)),
        Ok(fork) => (Outcome::Fork.exit_code(), words::of_fork(fork, trust)),
        Err(why @ NotFork::Text(_)) => (USAGE_OF_LEDGER, words::of_no_evidence(why)),
        Err(why) => (Outcome::Mismatch.exit_code(), words::of_no_evidence(why)),
    };
    if options.json
        && let Err(error) = print_json(&json::of_evidence(&checked))
    {
        return failed(&error, USAGE_OF_LEDGER);
    }
    if !options.json {
        print!("{said}");
    }
    ExitCode::from(code)
}

/// A file in this folder by the name of the host or of the folder, so that several ledgers may be followed from one place.
fn default_state(source: &str) -> PathBuf {
    let place = match source.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => Path::new(source).file_name().and_then(|name| name.to_str()).unwrap_or("log"),
    };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = place.chars().map(|c| if is_plain(c) { c } else { '_' }).take(MAX_NAME_CHARS).collect();
    PathBuf::from(format!("nguon-audit-{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_state(source: &str, expected: &str) {
        assert_eq!(default_state(source), Path::new(expected));
    }

    #[test]
    fn the_state_is_named_after_the_host_or_the_folder() {
        check_state("https://ocop.thainguyen.vn", "nguon-audit-ocop.thainguyen.vn.json");
        check_state("https://ocop.thainguyen.vn/ledger", "nguon-audit-ocop.thainguyen.vn.json");
        check_state("http://127.0.0.1:8080", "nguon-audit-127.0.0.1_8080.json");
        check_state("/mnt/usb/sổ cái/", "nguon-audit-sổ_cái.json");
        check_state("..", "nguon-audit-log.json");
    }
}
