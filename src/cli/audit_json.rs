//! What came of an audit, for programs. Names stay as they are once someone reads them.

use std::path::Path;

use serde_json::{Value, json};

use crate::merkle::TreeHead;
use crate::monitor::{AuditReport, DatabaseReport, Fork, NotFork, Outcome, Problem, Trust};
use crate::stamp::BatchNo;
use crate::trace::projection::types::ProjectionReport;

use super::audit_faults::code_of;
use super::audit_rows::of_rows_json;

/// An audit from outside.
pub(super) fn of_audit(report: &AuditReport, state: &Path) -> Value {
    let cosigned = report.cosigned.as_ref().map(|cosigned| {
        let witness = |(name, time): &(String, u64)| json!({ "name": name, "time": time });
        let witnesses: Vec<Value> = cosigned.witnesses.iter().map(witness).collect();
        json!({ "size": cosigned.head.size, "witnesses": witnesses, "n_named": cosigned.n_named, "has_quorum": cosigned.has_quorum })
    });
    json!({
        "outcome": report.outcome.as_str(),
        "exit_code": report.outcome.exit_code(),
        "source": report.source,
        "vkey": report.key.as_ref().map(|(key, _)| key.to_string()),
        "key_trust": report.key.as_ref().map(|(_, trust)| name_of_trust(*trust)),
        "from_size": report.from_size,
        "shown": report.shown.as_ref().map(of_head),
        "held": report.held.as_ref().map(of_head),
        "n_read": report.n_read,
        "n_batches": report.n_batches,
        "n_manifests": report.n_manifests,
        "newest_recorded": report.newest,
        "cosigned": cosigned,
        "n_problems": report.n_problems,
        "problems": report.problems.iter().map(of_problem).collect::<Vec<_>>(),
        "unread": report.unread.as_ref().map(ToString::to_string),
        "state": state.display().to_string(),
    })
}

/// The database of this machine.
pub(super) fn of_database(report: &DatabaseReport, rows: &ProjectionReport) -> Value {
    json!({
        "outcome": report.outcome.as_str(),
        "exit_code": report.outcome.exit_code(),
        "size": report.size,
        "root": report.root.to_string(),
        "n_pending": report.n_pending,
        "n_batches": report.n_batches,
        "n_manifests": report.n_manifests,
        "n_checkpoints": report.n_checkpoints,
        "published_size": report.published,
        "halted": report.halted,
        "n_problems": report.n_problems,
        "problems": report.problems.iter().map(of_problem).collect::<Vec<_>>(),
        "rows": of_rows_json(rows),
    })
}

/// An evidence file.
pub(super) fn of_evidence(checked: &Result<Fork, NotFork>) -> Value {
    match checked {
        Ok(fork) => json!({
            "outcome": Outcome::Fork.as_str(),
            "vkey": fork.log().to_string(),
            "first": of_head(fork.first().head()),
            "second": of_head(fork.second().head()),
        }),
        Err(why) => json!({ "outcome": Value::Null, "reason": why.to_string() }),
    }
}

fn of_head(head: &TreeHead) -> Value {
    json!({ "size": head.size, "root": head.root.to_string() })
}

fn of_problem(problem: &Problem) -> Value {
    let (code, detail) = code_of(&problem.fault);
    json!({
        "code": code,
        "detail": detail,
        "index": problem.place.index,
        "entry_no": problem.place.entry_no,
        "batch": problem.place.batch.map(BatchNo::get),
        "n": problem.place.n,
    })
}

const fn name_of_trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Named => "named",
        Trust::Remembered => "remembered",
        Trust::FirstUse => "first-use",
    }
}
