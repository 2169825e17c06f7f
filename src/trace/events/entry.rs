//! What an event leaves in the ledger: in the entry numbers, codes and days that anyone may read for ever; beside it, as a salted
//! hash alone, whatever may be a person's. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::trace::lots::types::{KnownInput, Source};
use crate::trace::stages::types::Stage;
use crate::trace::types::{Amount, NewEvent, Note, OutsideLot, Place, Said, Step};

/// An event with everything it names looked up.
pub(super) struct Told<'a> {
    /// As told.
    pub(super) event: &'a NewEvent,
    /// The stage, if one was chosen.
    pub(super) stage: Option<&'a Stage>,
    /// The step.
    pub(super) step: Step,
    /// Where.
    pub(super) place: &'a Place,
    /// Which lots went in.
    pub(super) inputs: &'a [KnownInput],
    /// The event it says anew, and why.
    pub(super) corrects: Option<(u32, &'a Note)>,
}

/// What anyone may read. What is absent is left out, so that an entry says nothing twice.
pub(super) fn public_of(told: &Told<'_>) -> Value {
    let event = told.event;
    let mut public = Map::new();
    let mut say = |name: &str, value: Value| drop(public.insert(name.to_owned(), value));
    say("step", told.step.as_str().into());
    if let Some(stage) = told.stage {
        say("stage", stage.full_code().into());
        say("name", stage.name_vi.as_str().into());
    }
    say("on", event.when.on.to_string().into());
    if let Some(time) = event.when.time {
        say("time", time.format("%H:%M").to_string().into());
    }
    if let Some((code, name)) = &told.place.commune {
        say("place", json!({ "commune": code, "name": name }));
    }
    if let Some(village) = &told.place.village {
        say("village", village.as_str().into());
    }
    if let Some(taken) = &event.taken {
        say("in", amount_of(taken));
    }
    if let Some(made) = &event.made {
        say("out", amount_of(made));
    }
    if !told.inputs.is_empty() {
        say("inputs", told.inputs.iter().map(input_of).collect());
    }
    if let Some(days) = event.wait_days {
        say("wait_days", days.into());
    }
    if !event.files.is_empty() {
        // A third shorter than in digits, so that a proof fits more photos.
        say("files", event.files.iter().map(|hash| STANDARD.encode(hash.0)).collect());
    }
    if let Some((n, _)) = told.corrects {
        say("corrects", n.into());
    }
    Value::Object(public)
}

/// What may be a person's: notes, reasons, free words of the place, suppliers. None when there is nothing of the kind.
pub(super) fn private_of(told: &Told<'_>) -> Option<Value> {
    let mut private = Map::new();
    let mut say = |name: &str, value: Value| drop(private.insert(name.to_owned(), value));
    if let Some(note) = &told.event.note {
        say("note", note.as_str().into());
    }
    if let Some(text) = &told.place.text {
        say("place", text.as_str().into());
    }
    if let Some(reason) = told.corrects.map(|(_, reason)| reason).map(Said::as_str) {
        say("reason", reason.into());
    }
    let outside = told.inputs.iter().filter_map(|input| match &input.source {
        Source::Outside(lot) => Some(supply_of(lot)),
        Source::Batch(_) => None,
    });
    let outside: Vec<Value> = outside.collect();
    if !outside.is_empty() {
        say("outside", outside.into());
    }
    (!private.is_empty()).then_some(Value::Object(private))
}

/// Thousandths of the unit: an entry holds integers alone.
fn amount_of(amount: &Amount) -> Value {
    json!({ "quantity": amount.quantity.thousandths(), "unit": amount.unit.as_str() })
}

fn input_of(input: &KnownInput) -> Value {
    let (quantity, unit) = (input.amount.quantity.thousandths(), input.amount.unit.as_str());
    match &input.source {
        Source::Batch(batch_no) => json!({ "batch": batch_no.get(), "quantity": quantity, "unit": unit }),
        Source::Outside(lot) => json!({ "outside": lot.lot_no.0, "quantity": quantity, "unit": unit }),
    }
}

fn supply_of(lot: &OutsideLot) -> Value {
    json!({
        "outside": lot.lot_no.0,
        "product": lot.product,
        "supplier": lot.supplier,
        "lot": lot.lot,
        "received_on": lot.received_on.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Sha256Hash;
    use crate::stamp::BatchNo;
    use crate::trace::testing::{amount, event, stage};
    use crate::trace::types::{Declared, OutsideLotNo};

    fn outside() -> OutsideLot {
        OutsideLot {
            lot_no: OutsideLotNo(5),
            product: "củ dong của bà Ví Dụ".into(),
            supplier: Some("bà Nguyễn Thị Ví Dụ".into()),
            lot: Some("PN-7".into()),
            received_on: "2026-11-01".parse().unwrap(),
            received: amount("900 kg"),
        }
    }

    fn place() -> Place {
        let commune = Some(("02185".to_owned(), "Xã Côn Minh".to_owned()));
        Place { commune, village: Some("thôn Chè Cọ".into()), text: None }
    }

    fn whole() -> NewEvent {
        NewEvent {
            when: Declared { on: "2026-11-20".parse().unwrap(), time: Some("08:30:00".parse().unwrap()) },
            taken: Some(amount("1 tạ")),
            made: Some(amount("20.5 kg")),
            note: Some(Said::new("note", "anh Ví Dụ đứng máy").unwrap()),
            files: vec![Sha256Hash([0xab; 32])],
            ..event(Step::Process, "2026-11-20")
        }
    }

    fn inputs() -> Vec<KnownInput> {
        vec![
            KnownInput { source: Source::Batch(BatchNo::new(12).unwrap()), amount: amount("60 kg") },
            KnownInput { source: Source::Outside(outside()), amount: amount("40 kg") },
        ]
    }

    #[test]
    fn an_entry_says_what_was_done_in_numbers_codes_and_days() {
        let (event, stage, place, inputs) = (whole(), stage(Step::Process), place(), inputs());
        let told = Told {
            event: &event,
            stage: Some(&stage),
            step: Step::Process,
            place: &place,
            inputs: &inputs,
            corrects: None,
        };
        assert_eq!(
            public_of(&told),
            json!({
                "step": "process", "stage": "tea.fire", "name": "Sao khô", "on": "2026-11-20", "time": "08:30",
                "place": { "commune": "02185", "name": "Xã Côn Minh" }, "village": "thôn Chè Cọ",
                "in": { "quantity": 1_000, "unit": "tạ" }, "out": { "quantity": 20_500, "unit": "kg" },
                "inputs": [{ "batch": 12, "quantity": 60_000, "unit": "kg" }, { "outside": 5, "quantity": 40_000, "unit": "kg" }],
                "files": [STANDARD.encode([0xab; 32])],
            })
        );
    }

    #[test]
    fn what_may_be_a_persons_stays_out_of_the_entry() {
        let (event, inputs) = (whole(), inputs());
        let place = Place { text: Some("nhà ông Ví Dụ".into()), ..Place::default() };
        let reason = Said::new("reason", "chị Ví Dụ ghi nhầm").unwrap();
        let corrects = Some((3, &reason));
        let told = Told { event: &event, stage: None, step: Step::Process, place: &place, inputs: &inputs, corrects };
        assert!(!public_of(&told).to_string().contains("Ví Dụ"));
        assert_eq!(public_of(&told)["corrects"], 3);
        let private = private_of(&told).unwrap();
        for words in ["nhà ông Ví Dụ", "chị Ví Dụ ghi nhầm", "anh Ví Dụ đứng máy", "bà Nguyễn Thị Ví Dụ"]
        {
            assert!(private.to_string().contains(words), "{words}");
        }
    }

    #[test]
    fn an_event_without_words_of_people_keeps_nothing_beside_its_entry() {
        let (event, place) = (event(Step::Test, "2026-11-20"), place());
        let told = Told { event: &event, stage: None, step: Step::Test, place: &place, inputs: &[], corrects: None };
        assert_eq!(private_of(&told), None);
    }

    #[test]
    fn the_fullest_event_fits_an_entry() {
        let lots = (0..20).map(|_| KnownInput {
            source: Source::Batch(BatchNo::new(16_777_215).unwrap()),
            amount: amount("999999999.999 kilôgamkilôgamki"),
        });
        let inputs: Vec<_> = lots.collect();
        let event = NewEvent { files: vec![Sha256Hash([0xff; 32]); 6], ..whole() };
        let stage = Stage { name_vi: "ệ".repeat(100), ..stage(Step::Process) };
        let place = Place { village: Some("ệ".repeat(200)), ..place() };
        let told = Told {
            event: &event,
            stage: Some(&stage),
            step: Step::Process,
            place: &place,
            inputs: &inputs,
            corrects: None,
        };
        // What is around it, hashes and times, takes less than 600 bytes.
        assert!(public_of(&told).to_string().len() + 600 <= crate::ledger::MAX_ENTRY_BYTES);
    }
}
