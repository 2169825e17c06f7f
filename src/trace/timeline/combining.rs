//! Puts the lines of a batch's chain and the events behind them together. Pure.

use chrono::{DateTime, NaiveDate, Utc};

use crate::clock::day_in_vietnam;
use crate::ledger::Line;
use crate::trace::types::{Event, Input, LotRef, OutsideLot};

use super::types::{EventLine, Struck, TimelineLine, Viewer, Words};
use super::words::{author_of, detail_of, title_of};

/// The timeline of a batch, in the order of its chain.
pub(super) fn combine(lines: Vec<Line>, events: Vec<Event>, viewer: Viewer) -> Vec<TimelineLine> {
    // Both come in the order of the chain.
    let mut corrections: Vec<(u32, DateTime<Utc>, Option<String>)> = Vec::new();
    for event in events.iter().filter(|event| event.corrects.is_some()) {
        corrections.push((event.n, event.recorded_at, event.reason.clone()));
    }
    let mut events = events.into_iter().peekable();
    let mut timeline = Vec::with_capacity(lines.len());
    for line in lines {
        while events.next_if(|event| event.n < line.n).is_some() {}
        let event = events.next_if(|event| event.n == line.n);
        timeline.push(to_line(line, event, &corrections, viewer));
    }
    timeline
}

fn to_line(
    line: Line,
    event: Option<Event>,
    corrections: &[(u32, DateTime<Utc>, Option<String>)],
    viewer: Viewer,
) -> TimelineLine {
    let declared_on = event.as_ref().map_or_else(|| day_in_vietnam(line.at), |event| event.when.on);
    let struck = event.as_ref().and_then(|event| event.corrected_by).and_then(|by_n| {
        let at = corrections.binary_search_by_key(&by_n, |(n, ..)| *n).ok()?;
        let (_, recorded_at, reason) = corrections.get(at)?;
        Some(Struck { by_n, on: day_in_vietnam(*recorded_at), reason: reason.clone().filter(|_| sees_words(viewer)) })
    });
    TimelineLine {
        n: line.n,
        kind: line.kind,
        title: title(&line, event.as_ref()),
        detail: detail_of(line.kind, &line.public),
        declared_on,
        declared_time: event.as_ref().and_then(|event| event.when.time),
        recorded_at: line.recorded,
        delay_days: delay_days(declared_on, line.recorded),
        author: author_of(&line.author_role),
        by: event.as_ref().filter(|_| sees_words(viewer)).map(|event| event.by.clone()),
        corrects: event.as_ref().and_then(|event| event.corrects),
        struck,
        event: event.map(|event| to_event(event, viewer)),
        seal: line.seal,
    }
}

/// The name in the entry, which a later renaming does not change; in English, which entries have not, the stage's of today.
fn title(line: &Line, event: Option<&Event>) -> Words {
    let title = title_of(line.kind, &line.public);
    match event.and_then(|event| event.stage.as_ref()) {
        Some(stage) => Words { en: stage.name_en.clone(), ..title },
        None => title,
    }
}

fn delay_days(declared_on: NaiveDate, recorded: DateTime<Utc>) -> i64 {
    day_in_vietnam(recorded).signed_duration_since(declared_on).num_days().max(0)
}

/// Whether words that may name people are shown.
fn sees_words(viewer: Viewer) -> bool {
    viewer == Viewer::Keeper
}

fn to_event(event: Event, viewer: Viewer) -> EventLine {
    let inputs = event.inputs.into_iter().map(|input| seen(input, viewer)).collect();
    EventLine {
        step: event.step,
        place: event.place.public(),
        place_text: event.place.text.filter(|_| sees_words(viewer)),
        taken: event.taken,
        made: event.made,
        inputs,
        wait_days: event.wait_days,
        note: event.note.filter(|_| sees_words(viewer)),
        files: event.files,
    }
}

fn seen(input: Input, viewer: Viewer) -> Input {
    match input.from {
        LotRef::Outside(lot) if !sees_words(viewer) => {
            Input { from: LotRef::Outside(OutsideLot { supplier: None, lot: None, ..lot }), ..input }
        }
        _ => input,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{EntryNo, Kind, Seal};
    use crate::merkle::hash_leaf;
    use crate::stamp::BatchNo;
    use crate::trace::testing::amount;
    use crate::trace::types::{Declared, Doer, EventStage, OutsideLotNo, Place, StageNo, Step};
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
            public: json!({ "step": "process", "name": "Sao khô" }),
            author_role: "officer".into(),
            leaf_hash: hash_leaf(b""),
            seal: Seal::Pending,
        }
    }

    fn event(n: u32) -> Event {
        Event {
            batch_no: BatchNo::new(1).unwrap(),
            n,
            stage: Some(EventStage { stage_no: StageNo(1), name_vi: "Sao mới".into(), name_en: "Fired".into() }),
            step: Step::Process,
            when: Declared { on: "2026-11-18".parse().unwrap(), time: None },
            place: Place { text: Some("nhà ông Ví Dụ".into()), ..Place::default() },
            taken: None,
            made: None,
            inputs: vec![Input {
                from: LotRef::Outside(OutsideLot {
                    lot_no: OutsideLotNo(5),
                    product: "chè búp tươi".into(),
                    supplier: Some("bà Ví Dụ".into()),
                    lot: Some("PN-7".into()),
                    received_on: "2026-11-18".parse().unwrap(),
                    received: amount("100 kg"),
                }),
                amount: amount("100 kg"),
            }],
            wait_days: None,
            note: Some("anh Ví Dụ đứng máy".into()),
            files: Vec::new(),
            recorded_at: at("2026-11-20T02:00:00Z"),
            role: "officer".into(),
            by: Doer::Person { name: "Ví Dụ".into(), role: crate::accounts::types::Role::Officer },
            corrects: None,
            reason: None,
            corrected_by: None,
        }
    }

    /// Opened, told, minted, told anew.
    fn timeline(viewer: Viewer) -> Vec<TimelineLine> {
        let lines = vec![
            line(1, Kind::BatchOpened, "2026-11-17T17:00:00Z"),
            line(2, Kind::Event, "2026-11-20T02:00:00Z"),
            line(3, Kind::RunMinted, "2026-11-20T03:00:00Z"),
            line(4, Kind::Correction, "2026-11-21T18:00:00Z"),
        ];
        let told = Event { corrected_by: Some(4), ..event(2) };
        let anew = Event {
            corrects: Some(2),
            reason: Some("chị Ví Dụ ghi nhầm".into()),
            recorded_at: at("2026-11-21T18:00:00Z"),
            ..event(4)
        };
        combine(lines, vec![told, anew], viewer)
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
        assert_eq!(struck.reason.as_deref(), Some("chị Ví Dụ ghi nhầm"));
        assert_eq!((timeline[3].corrects, &timeline[3].struck), (Some(2), &None));
    }

    #[test]
    fn the_delay_is_in_days_of_vietnam() {
        let delays: Vec<_> = timeline(Viewer::Anyone).into_iter().map(|line| line.delay_days).collect();
        assert_eq!(delays, [0, 2, 2, 4]);
    }

    #[test]
    fn anyone_sees_no_word_that_may_name_a_person() {
        let shown = format!("{:?}", timeline(Viewer::Anyone));
        assert!(!shown.contains("Ví Dụ") && !shown.contains("PN-7"), "{shown}");
        let kept = format!("{:?}", timeline(Viewer::Keeper));
        for words in ["nhà ông Ví Dụ", "bà Ví Dụ", "anh Ví Dụ đứng máy", "chị Ví Dụ ghi nhầm", "PN-7"]
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
