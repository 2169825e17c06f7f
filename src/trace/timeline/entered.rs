//! What an event's own entry says, and what is kept beside it. Pure: it knows no column of a table, because a column can be changed
//! in silence and an entry cannot.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDate, NaiveTime};
use serde_json::Value;

use crate::ledger::{Kind, Line};
use crate::stamp::BatchNo;
use crate::trace::types::{Amount, Sha256Hash, Step};

use super::types::Supply;

/// Which lot went in, as an entry names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedLot {
    /// A batch.
    Batch(BatchNo),
    /// A lot from outside, by its number.
    Outside(i64),
}

/// An event as its entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) step: Step,
    /// The stage's full code.
    pub(super) stage: Option<String>,
    pub(super) on: NaiveDate,
    pub(super) time: Option<NaiveTime>,
    /// Village and commune, by the names that they had.
    pub(super) place: Option<String>,
    pub(super) taken: Option<Amount>,
    pub(super) made: Option<Amount>,
    pub(super) inputs: Vec<(NamedLot, Amount)>,
    pub(super) wait_days: Option<u16>,
    pub(super) files: Vec<Sha256Hash>,
    pub(super) corrects: Option<u32>,
}

/// Reads the event of a line; none when the line is of another kind, or says neither step nor day.
pub(super) fn event_of(line: &Line) -> Option<Entered> {
    if !matches!(line.kind, Kind::Event | Kind::Correction) {
        return None;
    }
    let public = &line.public;
    let number = |name: &str| public.get(name).and_then(Value::as_u64);
    let place = [public.get("village"), public.pointer("/place/name")];
    let place: Vec<&str> = place.into_iter().flatten().filter_map(Value::as_str).collect();
    Some(Entered {
        step: text(public, "step").and_then(Step::parse)?,
        stage: text(public, "stage").map(str::to_owned),
        on: text(public, "on")?.parse().ok()?,
        time: text(public, "time").and_then(|time| NaiveTime::parse_from_str(time, "%H:%M").ok()),
        place: (!place.is_empty()).then(|| place.join(", ")),
        taken: public.get("in").and_then(amount),
        made: public.get("out").and_then(amount),
        inputs: items(public, "inputs").iter().filter_map(input).collect(),
        wait_days: number("wait_days").and_then(|days| u16::try_from(days).ok()),
        files: items(public, "files").iter().filter_map(file_in).collect(),
        corrects: corrected_by(public),
    })
}

/// The line that an entry says anew.
pub(super) fn corrected_by(public: &Value) -> Option<u32> {
    public.get("corrects").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
}

/// What is kept beside an event's entry of a lot from outside.
pub(super) fn supply_of(private: &Value, lot_no: i64) -> Option<Supply> {
    let lot =
        items(private, "outside").iter().find(|lot| lot.get("outside").and_then(Value::as_i64) == Some(lot_no))?;
    Some(Supply {
        product: text(lot, "product")?.to_owned(),
        supplier: text(lot, "supplier").map(str::to_owned),
        lot: text(lot, "lot").map(str::to_owned),
        received_on: text(lot, "received_on")?.parse().ok()?,
    })
}

/// Words kept beside an entry: `note`, `place`, `reason`.
pub(super) fn words_of(private: Option<&Value>, name: &str) -> Option<String> {
    text(private?, name).map(str::to_owned)
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Thousandths and unit.
fn amount(value: &Value) -> Option<Amount> {
    Amount::from_columns(value.get("quantity").and_then(Value::as_i64), text(value, "unit"))
}

fn input(value: &Value) -> Option<(NamedLot, Amount)> {
    let batch = value.get("batch").and_then(Value::as_u64).and_then(|no| u32::try_from(no).ok());
    let batch = batch.and_then(|no| BatchNo::new(no).ok()).map(NamedLot::Batch);
    let lot = batch.or_else(|| value.get("outside").and_then(Value::as_i64).map(NamedLot::Outside))?;
    Some((lot, amount(value)?))
}

/// A photo as its entry names it: its hash in base64.
fn file_in(file: &Value) -> Option<Sha256Hash> {
    let hash = STANDARD.decode(file.as_str()?).ok()?;
    hash.try_into().ok().map(Sha256Hash)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::{EntryNo, Seal};
    use crate::merkle::hash_leaf;
    use crate::trace::testing::amount;

    fn line(kind: Kind, public: Value) -> Line {
        Line {
            entry_no: EntryNo(1),
            n: 1,
            kind,
            at: "2026-11-20T01:30:00Z".parse().unwrap(),
            recorded: "2026-11-20T02:00:00Z".parse().unwrap(),
            public,
            author_role: "producer".into(),
            leaf_hash: hash_leaf(b""),
            seal: Seal::Pending,
        }
    }

    #[test]
    fn an_event_is_read_as_its_entry_says() {
        let public = json!({
            "step": "process", "stage": "tea.fire", "name": "Sao khô", "on": "2026-11-20", "time": "08:30",
            "place": { "commune": "02185", "name": "Xã Côn Minh" }, "village": "thôn Chè Cọ",
            "in": { "quantity": 1_000, "unit": "tạ" }, "out": { "quantity": 20_500, "unit": "kg" },
            "inputs": [{ "batch": 12, "quantity": 60_000, "unit": "kg" }, { "outside": 5, "quantity": 40_000, "unit": "kg" }],
            "files": [STANDARD.encode([0xab; 32])], "wait_days": 7, "corrects": 2,
        });
        let expected = Entered {
            step: Step::Process,
            stage: Some("tea.fire".into()),
            on: "2026-11-20".parse().unwrap(),
            time: Some("08:30:00".parse().unwrap()),
            place: Some("thôn Chè Cọ, Xã Côn Minh".into()),
            taken: Some(amount("1 tạ")),
            made: Some(amount("20.5 kg")),
            inputs: vec![
                (NamedLot::Batch(BatchNo::new(12).unwrap()), amount("60 kg")),
                (NamedLot::Outside(5), amount("40 kg")),
            ],
            wait_days: Some(7),
            files: vec![Sha256Hash([0xab; 32])],
            corrects: Some(2),
        };
        assert_eq!(event_of(&line(Kind::Correction, public)), Some(expected));
    }

    #[test]
    fn what_is_no_event_is_not_read_as_one() {
        let public = json!({ "step": "process", "on": "2026-11-20" });
        assert!(event_of(&line(Kind::Event, public.clone())).is_some());
        assert_eq!(event_of(&line(Kind::RunMinted, public)), None);
        assert_eq!(event_of(&line(Kind::Event, json!({ "what": "thử" }))), None);
    }

    #[test]
    fn a_lot_from_outside_is_found_beside_the_entry_by_its_number() {
        let lot =
            json!({ "outside": 5, "product": "củ dong", "supplier": null, "lot": "PN-7", "received_on": "2026-11-01" });
        let private = json!({ "outside": [lot] });
        let supply = supply_of(&private, 5).unwrap();
        assert_eq!((supply.product.as_str(), supply.supplier, supply.lot.as_deref()), ("củ dong", None, Some("PN-7")));
        assert_eq!(supply_of(&private, 6), None);
    }
}
