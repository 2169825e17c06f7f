//! Puts together the lines of a batch's chain and what is shown beside them. Every figure comes from the entry's own bytes. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::clock::day_in_vietnam;
use crate::ledger::{EntryNo, Line};
use crate::trace::types::{Amount, BatchRef, Doer};

use super::entered::{Entered, NamedLot, event_of, supply_of, words_of};
use super::types::{EventLine, InputLine, InputLot, Struck, TimelineLine, Viewer, Words};
use super::words::{author_of, detail_of, title_of};

/// What is kept outside entries, by row; only what their hashes vouch for.
pub(super) type PrivateData = BTreeMap<EntryNo, Value>;

/// The correction of a line, as its own entry says.
pub(super) struct CorrectedBy {
    /// Its place in the chain.
    pub(super) n: u32,
    /// Its row.
    pub(super) entry_no: EntryNo,
    /// When it was recorded.
    pub(super) recorded: DateTime<Utc>,
}

/// What is shown beside the entries.
#[derive(Default)]
pub(super) struct Beside {
    /// Corrections, by the places of the lines that they correct.
    pub(super) corrections: BTreeMap<u32, CorrectedBy>,
    /// What the reader may know of what is kept outside entries.
    pub(super) private: PrivateData,
    /// Batches that went in.
    pub(super) batches: Vec<BatchRef>,
    /// English names of stages, which entries have not, by their full codes.
    pub(super) english: BTreeMap<String, String>,
    /// Who typed the lines, by their places; for keepers alone.
    pub(super) doers: BTreeMap<u32, Doer>,
}

/// The timeline of a batch, in the order of its chain.
pub(super) fn combine(lines: Vec<Line>, beside: &Beside, viewer: Viewer) -> Vec<TimelineLine> {
    lines.into_iter().map(|line| to_line(line, beside, viewer)).collect()
}

fn to_line(line: Line, beside: &Beside, viewer: Viewer) -> TimelineLine {
    let private = beside.private.get(&line.entry_no);
    let event = event_of(&line);
    let declared_on = event.as_ref().map_or_else(|| day_in_vietnam(line.at), |event| event.on);
    let struck = event.as_ref().and_then(|_| beside.corrections.get(&line.n)).map(|by| Struck {
        by_n: by.n,
        on: day_in_vietnam(by.recorded),
        reason: words_of(beside.private.get(&by.entry_no), "reason"),
    });
    TimelineLine {
        n: line.n,
        kind: line.kind,
        title: title(&line, event.as_ref(), beside),
        detail: detail_of(line.kind, &line.public, private),
        declared_on,
        declared_time: event.as_ref().and_then(|event| event.time),
        recorded_at: line.recorded,
        delay_days: delay_days(declared_on, line.recorded),
        author: author_of(&line.author_role),
        by: beside.doers.get(&line.n).filter(|_| sees_words(viewer)).cloned(),
        corrects: event.as_ref().and_then(|event| event.corrects),
        struck,
        event: event.map(|event| to_event(event, private.filter(|_| sees_words(viewer)), beside)),
        seal: line.seal,
    }
}

/// The name in the entry, which a later renaming does not change; in English, which entries have not, the stage's of today.
fn title(line: &Line, event: Option<&Entered>, beside: &Beside) -> Words {
    let title = title_of(line.kind, &line.public);
    match event.and_then(|event| beside.english.get(event.stage.as_ref()?)) {
        Some(english) => Words { en: english.clone(), ..title },
        None => title,
    }
}

fn delay_days(declared_on: NaiveDate, recorded: DateTime<Utc>) -> i64 {
    day_in_vietnam(recorded).signed_duration_since(declared_on).num_days().max(0)
}

/// Whether notes, suppliers and names are shown.
pub(super) fn sees_words(viewer: Viewer) -> bool {
    viewer == Viewer::Keeper
}

/// `private` is there for keepers alone.
fn to_event(event: Entered, private: Option<&Value>, beside: &Beside) -> EventLine {
    let inputs = event.inputs.into_iter().map(|(lot, amount)| to_input(lot, amount, private, beside)).collect();
    EventLine {
        step: event.step,
        place: event.place,
        place_text: words_of(private, "place"),
        taken: event.taken,
        made: event.made,
        inputs,
        wait_days: event.wait_days,
        note: words_of(private, "note"),
        files: event.files,
    }
}

fn to_input(lot: NamedLot, amount: Amount, private: Option<&Value>, beside: &Beside) -> InputLine {
    let from = match lot {
        NamedLot::Batch(batch_no) => match beside.batches.iter().find(|batch| batch.batch_no == batch_no) {
            Some(batch) => InputLot::Batch(batch.clone()),
            None => InputLot::Number(batch_no),
        },
        NamedLot::Outside(lot_no) => InputLot::Outside(private.and_then(|private| supply_of(private, lot_no))),
    };
    InputLine { from, amount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::types::Role;
    use crate::ledger::{Kind, Seal};
    use crate::merkle::hash_leaf;
    use crate::trace::testing::amount;
    use serde_json::json;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn line(n: u32, kind: Kind, recorded: &str) -> Line {
        Line {
            entry_no: EntryNo(n.into()),
            n,
            kind,
            at: at("2026-11-17T17:00:00Z"),
            recorded: at(recorded),
            public: json!({
                "step": "process", "stage": "tea.fire", "name": "Sao khô", "on": "2026-11-18",
                "out": { "quantity": 20_000, "unit": "kg" }, "inputs": [{ "outside": 5, "quantity": 100_000, "unit": "kg" }],
            }),
            author_role: "officer".into(),
            leaf_hash: hash_leaf(b""),
            seal: Seal::Pending,
        }
    }

    fn beside() -> Beside {
        let supply = json!({ "outside": 5, "product": "chè của bà Ví Dụ", "supplier": "bà Ví Dụ", "lot": "PN-7", "received_on": "2026-11-18" });
        let words = json!({ "note": "anh Ví Dụ đứng máy", "place": "nhà ông Ví Dụ", "outside": [supply] });
        let reason = json!({ "reason": "ghi nhầm số cân" });
        let recorded = at("2026-11-21T18:00:00Z");
        Beside {
            corrections: BTreeMap::from([(2, CorrectedBy { n: 4, entry_no: EntryNo(4), recorded })]),
            private: PrivateData::from([(EntryNo(2), words), (EntryNo(4), reason)]),
            batches: Vec::new(),
            english: BTreeMap::from([("tea.fire".to_owned(), "Fired".to_owned())]),
            doers: BTreeMap::from([(2, Doer::Person { name: "Ví Dụ".into(), role: Role::Officer })]),
        }
    }

    /// Opened, told, minted, told anew.
    fn timeline(viewer: Viewer) -> Vec<TimelineLine> {
        let mut anew = line(4, Kind::Correction, "2026-11-21T18:00:00Z");
        anew.public["corrects"] = json!(2);
        let lines = vec![
            line(1, Kind::BatchOpened, "2026-11-17T17:00:00Z"),
            line(2, Kind::Event, "2026-11-20T02:00:00Z"),
            line(3, Kind::RunMinted, "2026-11-20T03:00:00Z"),
            anew,
        ];
        combine(lines, &beside(), viewer)
    }

    #[test]
    fn every_line_of_the_chain_is_there_and_events_stand_behind_theirs() {
        let found: Vec<_> = timeline(Viewer::Anyone).into_iter().map(|line| (line.n, line.event.is_some())).collect();
        assert_eq!(found, [(1, false), (2, true), (3, false), (4, true)]);
    }

    #[test]
    fn a_corrected_line_is_struck_with_the_correction_behind_it() {
        let timeline = timeline(Viewer::Keeper);
        let struck = timeline[1].struck.clone().unwrap();
        assert_eq!((struck.by_n, struck.on.to_string()), (4, "2026-11-22".to_owned()));
        assert_eq!(struck.reason.as_deref(), Some("ghi nhầm số cân"));
        assert_eq!((timeline[3].corrects, &timeline[3].struck), (Some(2), &None));
    }

    #[test]
    fn a_line_tells_the_figures_of_its_entry() {
        let event = timeline(Viewer::Anyone).remove(1).event.unwrap();
        assert_eq!((event.made, &event.inputs[0].amount), (Some(amount("20 kg")), &amount("100 kg")));
    }

    #[test]
    fn the_delay_is_in_days_of_vietnam() {
        let delays: Vec<_> = timeline(Viewer::Anyone).into_iter().map(|line| line.delay_days).collect();
        assert_eq!(delays, [0, 2, 2, 4]);
    }

    #[test]
    fn anyone_sees_why_a_line_was_corrected() {
        let struck = timeline(Viewer::Anyone)[1].struck.clone().unwrap();
        assert_eq!(struck.reason.as_deref(), Some("ghi nhầm số cân"));
    }

    #[test]
    fn anyone_sees_no_name_no_note_and_nothing_of_a_lot_from_outside() {
        let shown = format!("{:?}", timeline(Viewer::Anyone));
        assert!(!shown.contains("Ví Dụ") && !shown.contains("PN-7"), "{shown}");
        let kept = format!("{:?}", timeline(Viewer::Keeper));
        for words in ["nhà ông Ví Dụ", "\"bà Ví Dụ\"", "chè của bà Ví Dụ", "anh Ví Dụ đứng máy", "PN-7"]
        {
            assert!(kept.contains(words), "{words}");
        }
    }

    #[test]
    fn a_line_keeps_the_name_it_was_recorded_with() {
        let title = timeline(Viewer::Anyone).remove(1).title;
        assert_eq!((title.vi.as_str(), title.en.as_str()), ("Sao khô", "Fired"));
    }

    #[test]
    fn a_line_says_by_role_who_recorded_it() {
        assert_eq!(timeline(Viewer::Anyone).remove(1).author.vi, "Cán bộ xã ghi thay");
    }
}
