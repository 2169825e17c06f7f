//! What came of an audit, in words that a journalist understands: what was checked, who cosigned, what is wrong, what to do. Pure.

use std::fmt::Write;
use std::path::Path;

use chrono::DateTime;

use crate::http::Language;
use crate::ledger::HaltReason;
use crate::monitor::{AuditReport, AuditSettings, DatabaseReport, Fork, NotFork, Outcome, Problem, Trust};
use crate::trace::projection::types::ProjectionReport;

use super::audit_faults::of_problem;
use super::audit_rows::of_rows;
use super::telling::{clean, time, what_it_means};

fn in_both(words: impl Fn(Language) -> String) -> String {
    format!("{}\n{}", words(Language::Vi), words(Language::En))
}

/// An audit from outside.
pub(super) fn of_audit(report: &AuditReport, settings: &AuditSettings, state: &Path) -> String {
    in_both(|language| {
        let mut text = format!("{}\n", headline(report, settings, language));
        let mut say = |label: (&str, &str), value: String| {
            let _ = writeln!(text, "  {}: {}", language.pick(label.0, label.1), clean(&value));
        };
        say(("Đọc từ", "Read from"), report.source.clone());
        if let Some((key, trust)) = &report.key {
            say(("Khóa của sổ cái", "The ledger's key"), format!("{key} ({})", of_trust(*trust, language)));
        }
        if 0 < report.n_read || matches!(report.outcome, Outcome::Whole | Outcome::Stale) {
            say(("Đã kiểm tra", "Checked"), of_reach(report, language));
        }
        if let Some(newest) = report.newest {
            say(("Mục mới nhất ghi lúc", "Newest entry recorded"), time(newest, language));
        }
        if report.cosigned.is_some() || matches!(report.outcome, Outcome::Whole | Outcome::Stale) {
            say(("Người làm chứng", "Witnesses"), of_witnesses(report, language));
        }
        if matches!(report.outcome, Outcome::Whole | Outcome::Stale) {
            say(("Ghi nhớ cho lần sau ở", "Remembered for the next audit in"), state.display().to_string());
        }
        if let (Some(fault), true) = (&report.unread, report.outcome != Outcome::Unreachable) {
            let why = language.pick(&fault.vi(), &fault.to_string()).to_owned();
            say(("Chưa đọc được hết", "Not everything could be read"), why);
        }
        text.push_str(&of_problems(&report.problems, report.n_problems, language));
        let _ = writeln!(text, "  → {}", what_to_do(report.outcome, report, language));
        let _ = writeln!(text, "{}", what_it_means(language));
        text
    })
}

fn headline(report: &AuditReport, settings: &AuditSettings, language: Language) -> String {
    let vi = language == Language::Vi;
    let size = report.shown.map_or(0, |head| head.size);
    let name = report.key.as_ref().map(|(key, _)| clean(key.name().as_str())).unwrap_or_default();
    let held = report.held.map_or(0, |head| head.size);
    match report.outcome {
        Outcome::Whole if vi => {
            format!("NGUYÊN VẸN. Sổ cái {name} có {size} mục; nó chỉ dài thêm, không mục nào bị sửa, bớt hay chen vào.")
        }
        Outcome::Whole => {
            format!(
                "WHOLE. The ledger {name} has {size} entries; it only grew, and no entry was changed, removed or slipped in."
            )
        }
        Outcome::Stale => stale(report, settings, language),
        Outcome::Unreachable => {
            let fault = report.unread.as_ref();
            let why = fault.map(|fault| if vi { fault.vi() } else { fault.to_string() }).unwrap_or_default();
            let said = language.pick("CHƯA KIỂM TRA ĐƯỢC:", "NOT CHECKED:");
            clean(&format!("{said} {why}."))
        }
        Outcome::Fork if vi => format!(
            "SỔ CÁI TÁCH NHÁNH. Khóa của sổ cái {name} đã ký hai bản không thể cùng đúng: quá khứ đã bị viết lại."
        ),
        Outcome::Fork => {
            format!(
                "FORK. The key of the ledger {name} signed two checkpoints that cannot both be true: the past was rewritten."
            )
        }
        Outcome::Rollback if vi => format!("SỔ CÁI LÙI LẠI. Sổ cái {name} đã ký {held} mục, nay chỉ đưa ra {size}."),
        Outcome::Rollback => format!("ROLLBACK. The ledger {name} had signed {held} entries and now shows {size}."),
        Outcome::Mismatch if vi => {
            format!("KHÔNG KHỚP. Có {} chỗ không đúng với những gì sổ cái đã ký.", report.n_problems)
        }
        Outcome::Mismatch => format!("MISMATCH. {} things are not what the ledger signed.", report.n_problems),
    }
}

fn stale(report: &AuditReport, settings: &AuditSettings, language: Language) -> String {
    let (size, hours) = (report.shown.map_or(0, |head| head.size), settings.stale_after.num_hours());
    let is_old = report.newest.is_some_and(|newest| settings.stale_after < settings.now - newest);
    match (language, is_old) {
        (Language::Vi, true) => format!(
            "NGUYÊN VẸN NHƯNG CŨ. {size} mục đều đúng, nhưng mục mới nhất đã ghi quá {hours} giờ trước. (Bản xác nhận không ghi giờ, nên lấy giờ ghi của mục mới nhất; mỗi ngày sổ cái có ít nhất một mục.)"
        ),
        (Language::En, true) => format!(
            "WHOLE BUT STALE. All {size} entries hold, but the newest was recorded more than {hours} hours ago. (A checkpoint says no time, so that of its newest entry counts; a ledger gets at least one entry a day.)"
        ),
        (Language::Vi, false) => format!(
            "NGUYÊN VẸN NHƯNG CHƯA ĐỦ NGƯỜI LÀM CHỨNG. {size} mục đều đúng, nhưng chưa đủ người làm chứng đã ký gần đây."
        ),
        (Language::En, false) => {
            format!(
                "WHOLE, BUT TOO FEW WITNESSES. All {size} entries hold, but not enough witnesses have cosigned lately."
            )
        }
    }
}

fn of_trust(trust: Trust, language: Language) -> &'static str {
    match trust {
        Trust::Named => language.pick("do người kiểm tra đưa ra", "named by the auditor"),
        Trust::Remembered => language.pick("nhớ từ lần kiểm tra trước", "remembered from the last audit"),
        Trust::FirstUse => language.pick(
            "LẦN ĐẦU: do chính sổ cái đưa ra, nhớ từ nay; xin so với khóa mà văn phòng đã công bố ở nơi khác",
            "FIRST USE: given by the ledger itself and remembered from now on; compare it with the one that the office published elsewhere",
        ),
    }
}

/// A number with the English word that goes with it.
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn of_reach(report: &AuditReport, language: Language) -> String {
    let (from, n_read) = (report.from_size, report.n_read);
    let (batches, manifests) = (report.n_batches, report.n_manifests);
    let before = match (language, from) {
        (_, 0) => String::new(),
        (Language::Vi, _) => format!(", nối tiếp {from} mục đã kiểm tra các lần trước"),
        (Language::En, _) => format!(", following {from} that were checked before"),
    };
    match language {
        Language::Vi => {
            format!("{n_read} mục{before}; đến nay {batches} chuỗi của lô hàng, {manifests} bản tổng kết ngày")
        }
        Language::En => {
            let entries = counted(n_read, "entry", "entries");
            let (chains, manifests) =
                (counted(batches, "chain", "chains"), counted(manifests, "daily manifest", "daily manifests"));
            format!("{entries}{before}; so far {chains} of batches, {manifests}")
        }
    }
}

fn of_witnesses(report: &AuditReport, language: Language) -> String {
    let Some(cosigned) = &report.cosigned else {
        return language.pick("chưa kiểm (cần --policy)", "not checked (needs --policy)").to_owned();
    };
    let names = cosigned.witnesses.iter().map(|(name, seconds)| {
        let at = i64::try_from(*seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        at.map_or_else(|| name.clone(), |at| format!("{name} ({})", time(at, language)))
    });
    let names = names.collect::<Vec<_>>().join(", ");
    let (size, n_signed, n_named) = (cosigned.head.size, cosigned.witnesses.len(), cosigned.n_named);
    let enough = match (language, cosigned.has_quorum) {
        (Language::Vi, true) => "đủ theo --policy",
        (Language::Vi, false) => "CHƯA ĐỦ theo --policy",
        (Language::En, true) => "enough for --policy",
        (Language::En, false) => "NOT ENOUGH for --policy",
    };
    match language {
        Language::Vi if names.is_empty() => format!("chưa có ai ký, {enough}"),
        Language::Vi => format!("{n_signed} trên {n_named} đã ký đến mục thứ {size}: {names}; {enough}"),
        Language::En if names.is_empty() => format!("none has cosigned, {enough}"),
        Language::En => format!("{n_signed} of {n_named} cosigned the first {size} entries: {names}; {enough}"),
    }
}

fn of_problems(problems: &[Problem], n_problems: u64, language: Language) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "  ✗ {}", of_problem(problem, language));
    }
    let n_more = n_problems.saturating_sub(u64::try_from(problems.len()).unwrap_or(0));
    if 0 < n_more {
        let more = language.pick("chỗ nữa", "more");
        let _ = writeln!(text, "  ✗ … {n_more} {more}");
    }
    if !problems.is_empty() {
        let _ = writeln!(text, "  {}", language.pick("(mục đánh số từ 0)", "(entries are counted from 0)"));
    }
    text
}

fn what_to_do(outcome: Outcome, report: &AuditReport, language: Language) -> &'static str {
    let is_unsigned = report.shown.is_none();
    match outcome {
        Outcome::Whole => language.pick("Không phải làm gì. Lần sau chạy lại đúng lệnh này.", "Nothing to do. Run the same command again next time."),
        Outcome::Unreachable => language.pick(
            "Xin xem lại mạng và địa chỉ rồi chạy lại. Nếu nhiều giờ vẫn vậy, xin hỏi văn phòng OCOP.",
            "Look at the network and the address, then run again. If it stays so for hours, ask the OCOP office.",
        ),
        Outcome::Fork => language.pick(
            "Xin giữ tệp bằng chứng và gửi cho người làm chứng, báo chí, văn phòng; ai cũng tự kiểm tra được. Đừng xóa tệp ghi nhớ.",
            "Keep the evidence file and send it to witnesses, press and office; anyone can check it. Do not delete the state file.",
        ),
        Outcome::Rollback => language.pick(
            "Nếu đây là một bản sao cũ, xin lấy bản mới hơn. Nếu là địa chỉ chính thức, có thể máy chủ vừa khôi phục bản cũ: xin hỏi văn phòng và giữ tệp ghi nhớ.",
            "If this is an old copy, take a newer one. If it is the official address, the server may have restored an old backup: ask the office and keep the state file.",
        ),
        Outcome::Mismatch if is_unsigned => language.pick(
            "Xin xem lại địa chỉ và khóa (--vkey). Nếu cả hai đúng, có người đã sửa bản xác nhận hoặc đổi khóa: xin hỏi văn phòng.",
            "Look at the address and the key (--vkey). If both are right, someone changed the checkpoint or the key: ask the office.",
        ),
        Outcome::Mismatch => language.pick(
            "Xin chạy lại để chắc không phải lỗi đường truyền, lưu lại những gì in ra ở đây, rồi hỏi văn phòng về mục đầu tiên.",
            "Run again to rule out a bad line, keep what is printed here, and ask the office about the first entry.",
        ),
        Outcome::Stale => language.pick(
            "Có thể máy chủ hoặc người làm chứng đang nghỉ, hoặc có người đưa cho xem bản cũ; xin thử nơi khác, và hỏi văn phòng nếu vẫn vậy.",
            "The server or the witnesses may be resting, or you are shown an old copy; try from elsewhere, and ask the office if it stays.",
        ),
    }
}

/// The database of this machine.
pub(super) fn of_database(report: &DatabaseReport, rows: &ProjectionReport) -> String {
    in_both(|language| {
        let vi = language == Language::Vi;
        let (size, n) = (report.size, report.n_problems.saturating_add(rows.n_problems));
        let mut text = match report.outcome {
            Outcome::Whole if vi => format!("NGUYÊN VẸN. {size} mục trong cơ sở dữ liệu đều đúng với sổ cái đã ký.\n"),
            Outcome::Whole => format!("WHOLE. All {size} entries in the database are what the ledger signed.\n"),
            Outcome::Fork if vi => {
                format!("SỔ CÁI TÁCH NHÁNH. Trong cơ sở dữ liệu có hai bản đã ký không thể cùng đúng; {n} chỗ sai.\n")
            }
            Outcome::Fork => format!(
                "FORK. The database holds two signed checkpoints that cannot both be true; {n} things are wrong.\n"
            ),
            Outcome::Rollback if vi => {
                format!("SỔ CÁI LÙI LẠI. Cơ sở dữ liệu có {size} mục, ít hơn số đã ký và công bố; {n} chỗ sai.\n")
            }
            Outcome::Rollback => {
                format!("ROLLBACK. The database has {size} entries, fewer than were signed; {n} things are wrong.\n")
            }
            _ if vi => format!("KHÔNG KHỚP. Có {n} chỗ trong cơ sở dữ liệu không đúng với sổ cái.\n"),
            _ => format!("MISMATCH. {n} things in the database are not what the ledger says.\n"),
        };
        let (batches, manifests, checkpoints) = (report.n_batches, report.n_manifests, report.n_checkpoints);
        let (pending, published) = (report.n_pending, report.published.unwrap_or(0));
        let _ = if vi {
            writeln!(
                text,
                "  Đã kiểm tra: {size} mục, {pending} mục chờ niêm phong, {batches} chuỗi của lô hàng, {manifests} bản tổng kết ngày, {checkpoints} bản xác nhận; đã công bố {published} mục"
            )
        } else {
            let (chains, manifests) =
                (counted(batches, "chain", "chains"), counted(manifests, "daily manifest", "daily manifests"));
            let (entries, checkpoints) =
                (counted(size, "entry", "entries"), counted(checkpoints, "checkpoint", "checkpoints"));
            writeln!(
                text,
                "  Checked: {entries}, {pending} waiting to be sealed, {chains} of batches, {manifests}, {checkpoints}; published up to entry {published}"
            )
        };
        if let Some(reason) = &report.halted {
            let halted = language.pick("Sổ cái đang dừng", "The ledger is halted");
            let reason = HaltReason::stored(reason);
            let _ = writeln!(text, "  {halted}: {}", clean(language.pick(&reason.vi, &reason.en)));
        }
        text.push_str(&of_problems(&report.problems, report.n_problems, language));
        text.push_str(&of_rows(rows, language));
        let what = match report.outcome {
            Outcome::Whole => language.pick("Không phải làm gì.", "Nothing to do."),
            _ => language.pick(
                "Xin giữ nguyên cơ sở dữ liệu làm chứng cứ (nguon backup), đừng sửa tay; so với một bản xuất (nguon ledger export) hoặc bản sao lưu rồi mới khôi phục.",
                "Keep the database as it is for evidence (nguon backup), mend nothing by hand; compare it with an export (nguon ledger export) or a backup before you restore.",
            ),
        };
        let _ = writeln!(text, "  → {what}");
        text
    })
}

/// Where the proof of a fork lies.
pub(super) fn of_evidence_file(path: Option<&str>) -> String {
    match path {
        Some(path) => format!("\nBằng chứng / evidence: {path}\n"),
        None => "\nKhông ghi được tệp bằng chứng; xin lưu phần in ở trên. / The evidence could not be written; keep what is printed above.\n".to_owned(),
    }
}

/// An evidence file that holds; `trust` is where its log's key is known from.
pub(super) fn of_fork(fork: &Fork, trust: Trust) -> String {
    let (first, second) = (fork.first().head().size, fork.second().head().size);
    in_both(|language| {
        let key = fork.log();
        let whose = match (language, trust) {
            (_, Trust::Named | Trust::Remembered) => String::new(),
            (Language::Vi, Trust::FirstUse) => {
                "\n  → Xin so khóa trên với khóa mà văn phòng đã công bố từ trước (hoặc chạy lại với --vkey)."
                    .to_owned()
            }
            (Language::En, Trust::FirstUse) => {
                "\n  → Compare this key with the one that the office published before (or run again with --vkey)."
                    .to_owned()
            }
        };
        match language {
            Language::Vi => format!(
                "ĐÚNG LÀ TÁCH NHÁNH. Khóa này đã ký hai bản không thể cùng đúng, {first} mục và {second} mục:\n  {key}{whose}"
            ),
            Language::En => {
                format!(
                    "THE FORK IS PROVEN. This key signed two checkpoints that cannot both be true, of {first} and {second} entries:\n  {key}{whose}\n"
                )
            }
        }
    })
}

/// An evidence file that holds, of another log than the one named.
pub(super) fn of_other_key(fork: &Fork) -> String {
    let key = fork.log();
    format!(
        "Bằng chứng này là của sổ cái có khóa khác với --vkey:\nThis evidence is about a log with another key than --vkey:\n  {key}\n"
    )
}

/// A file that proves nothing.
pub(super) fn of_no_evidence(why: &NotFork) -> String {
    let why = clean(&why.to_string());
    format!(
        "KHÔNG CHỨNG MINH ĐƯỢC GÌ: tệp này không phải bằng chứng đúng, hoặc đã bị sửa trên đường gửi.\nNO PROOF: {why}.\n"
    )
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use crate::merkle::{Hash, KeyKind, KeyName, SignerKey, TreeHead};
    use crate::monitor::{Cosigned, Fault, Place, SourceFault};

    fn now() -> DateTime<Utc> {
        "2026-12-01T01:41:00Z".parse().unwrap()
    }

    fn report(outcome: Outcome) -> AuditReport {
        let name = KeyName::parse("ocop.example/ledger").unwrap();
        let key = SignerKey::new(name, KeyKind::Ed25519, &[7; 32]).unwrap().verifier().clone();
        AuditReport {
            outcome,
            source: "https://ocop.example/ledger".to_owned(),
            key: Some((key, Trust::FirstUse)),
            from_size: 1000,
            shown: Some(TreeHead { size: 1204, root: Hash::EMPTY_ROOT }),
            held: Some(TreeHead { size: 1300, root: Hash::EMPTY_ROOT }),
            n_read: 204,
            n_batches: 12,
            n_manifests: 3,
            newest: Some(now()),
            cosigned: None,
            problems: Vec::new(),
            n_problems: 0,
            unread: None,
            fork: None,
        }
    }

    #[track_caller]
    fn says(report: &AuditReport, sentences: &[&str]) {
        let text = of_audit(report, &AuditSettings::at(now() + TimeDelta::hours(72)), Path::new("log.json"));
        for sentence in sentences {
            assert!(text.contains(sentence), "{sentence}\n{text}");
        }
    }

    #[test]
    fn a_whole_log_is_told_with_what_was_checked_and_whose_key_it_is() {
        let cosigned = Cosigned {
            head: TreeHead { size: 1204, root: Hash::EMPTY_ROOT },
            witnesses: vec![("Báo Thái Nguyên".to_owned(), 1_796_089_260)],
            n_named: 3,
            has_quorum: true,
        };
        let report = AuditReport { cosigned: Some(cosigned), ..report(Outcome::Whole) };
        says(
            &report,
            &[
                "NGUYÊN VẸN. Sổ cái ocop.example/ledger có 1204 mục",
                "WHOLE. The ledger ocop.example/ledger has 1204 entries",
                "204 mục, nối tiếp 1000 mục đã kiểm tra các lần trước",
                "LẦN ĐẦU",
                "1 trên 3 đã ký đến mục thứ 1204: Báo Thái Nguyên (08:41 ngày 01/12/2026)",
                what_it_means(Language::Vi),
            ],
        );
    }

    #[test]
    fn every_outcome_says_what_to_do() {
        use Outcome::{Fork, Mismatch, Rollback, Stale, Unreachable, Whole};
        for outcome in [Whole, Unreachable, Fork, Rollback, Mismatch, Stale] {
            says(&report(outcome), &["  → "]);
        }
    }

    #[test]
    fn a_rollback_tells_both_sizes() {
        let report = report(Outcome::Rollback);
        says(&report, &["đã ký 1300 mục, nay chỉ đưa ra 1204", "had signed 1300 entries and now shows 1204"]);
    }

    #[test]
    fn an_old_log_and_one_without_witnesses_are_told_apart() {
        says(&report(Outcome::Stale), &["NHƯNG CŨ", "48 giờ"]);
        let fresh = AuditReport { newest: Some(now() + TimeDelta::hours(72)), ..report(Outcome::Stale) };
        says(&fresh, &["CHƯA ĐỦ NGƯỜI LÀM CHỨNG"]);
    }

    #[test]
    fn what_could_not_be_read_is_named() {
        let unread = Some(SourceFault::Missing { path: "tile/0/003".to_owned() });
        let report = AuditReport { unread, ..report(Outcome::Unreachable) };
        says(&report, &["không có tệp tile/0/003", "tile/0/003 is not there"]);
    }

    #[test]
    fn problems_that_are_not_shown_are_counted() {
        let problems = vec![Problem { place: Place::at(17), fault: Fault::Rewritten }];
        let report = AuditReport { problems, n_problems: 30, ..report(Outcome::Mismatch) };
        says(&report, &["✗ mục 17: ", "✗ … 29 more", "(mục đánh số từ 0)"]);
    }
}
