//! Rows that are not what their entries say: what an audit of this machine's database tells of them, for people and for programs. Pure.
//! What the rows say was perhaps written by whoever changed them: it is never printed as it stands.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::http::Language;
use crate::ledger::EntryNo;
use crate::stamp::BatchNo;
use crate::trace::projection::types::{NO_ENTRY, NO_ROW, ProjectionFault, ProjectionReport, UNREADABLE};

use super::telling::clean;

/// The differences as lines, and how many more there are.
pub(super) fn of_rows(report: &ProjectionReport, language: Language) -> String {
    let mut text = String::new();
    for fault in &report.problems {
        let _ = writeln!(text, "  ✗ {}", of_fault(fault, language));
    }
    let n_more = report.n_problems.saturating_sub(u64::try_from(report.problems.len()).unwrap_or(0));
    if 0 < n_more {
        let more = language.pick("hàng nữa khác với sổ cái", "more rows differ from the ledger");
        let _ = writeln!(text, "  ✗ … {n_more} {more}");
    }
    if 0 < report.n_problems {
        let what = language.pick(
            "(bên trái dấu ≠ là cơ sở dữ liệu đang ghi, bên phải là sổ cái đã ghi)",
            "(what the database says stands left of ≠, what the ledger says right of it)",
        );
        let _ = writeln!(text, "  {what}");
    }
    text
}

fn of_fault(fault: &ProjectionFault, language: Language) -> String {
    let mut parts = vec![format!("{} {}", language.pick("bảng", "table"), fault.table)];
    if let Some(index) = fault.ledger_index {
        parts.push(format!("{} {index}", language.pick("mục", "entry")));
    }
    match (fault.batch, fault.n) {
        (Some(batch), Some(n)) => {
            let (batch_word, line) = (language.pick("lô", "batch"), language.pick("dòng", "line"));
            parts.push(format!("{batch_word} {batch} {line} {n}"));
        }
        (Some(batch), None) => parts.push(format!("{} {batch}", language.pick("lô", "batch"))),
        (None, _) => {}
    }
    let what = fault.what.as_str();
    let what = if let Some(before) = what.strip_suffix(NO_ROW) {
        format!(
            "{before}{}",
            language.pick("sổ cái có ghi mà bảng không có hàng nào", "the ledger has it and the table has no row")
        )
    } else if let Some(before) = what.strip_suffix(NO_ENTRY) {
        format!(
            "{before}{}",
            language.pick("bảng có hàng mà sổ cái không ghi", "the table has a row of which the ledger says nothing")
        )
    } else if what == UNREADABLE {
        language.pick("không đọc được để so với sổ cái", "it cannot be read and compared with the ledger").to_owned()
    } else {
        what.to_owned()
    };
    clean(&format!("{}: {what}", parts.join(", ")))
}

/// The differences for programs.
pub(super) fn of_rows_json(report: &ProjectionReport) -> Value {
    let fault = |fault: &ProjectionFault| {
        json!({
            "table": fault.table,
            "what": fault.what,
            "index": fault.ledger_index,
            "entry_no": fault.entry_no.map(|EntryNo(no)| no),
            "batch": fault.batch.map(BatchNo::get),
            "n": fault.n,
        })
    };
    json!({ "n_problems": report.n_problems, "problems": report.problems.iter().map(fault).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(table: &'static str, what: &str) -> ProjectionFault {
        let batch = BatchNo::new(7).ok();
        ProjectionFault {
            entry_no: Some(EntryNo(18)),
            ledger_index: Some(17),
            batch,
            n: Some(4),
            table,
            what: what.to_owned(),
        }
    }

    #[test]
    fn a_row_that_differs_is_told_with_its_place_and_with_both_values() {
        let report = ProjectionReport {
            problems: vec![fault("trace_events", "out_thousandths 7777000 ≠ 20000")],
            n_problems: 3,
        };
        let said = of_rows(&report, Language::Vi);
        assert!(said.contains("✗ bảng trace_events, mục 17, lô 7 dòng 4: out_thousandths 7777000 ≠ 20000"), "{said}");
        assert!(said.contains("✗ … 2 hàng nữa"), "{said}");
    }

    #[test]
    fn what_is_missing_is_told_in_words() {
        let said = |what| of_fault(&fault("mint_runs", what), Language::En);
        assert!(said("1–50: no row").ends_with("1–50: the ledger has it and the table has no row"));
        assert!(said("no entry").ends_with(": the table has a row of which the ledger says nothing"));
        assert!(said("unreadable").ends_with("cannot be read and compared with the ledger"));
    }

    #[test]
    fn what_a_row_says_reaches_no_terminal_as_it_stands() {
        assert!(!of_fault(&fault("batches", "lot \u{1b}[2J"), Language::Vi).contains('\u{1b}'));
    }
}
