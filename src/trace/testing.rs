//! A batch, a stage and an event for the tests of pure rules, to be bent by each.

use chrono::DateTime;

use crate::accounts::types::ProducerNo;
use crate::batches::types::{Batch, Standing};
use crate::stamp::{BatchNo, ProductNo};

use super::stages::types::Stage;
use super::types::{Amount, Declared, NewEvent, NewPlace, Quantity, StageNo, Step, Unit, What};

/// Open, in good standing, packed on 2026-11-20, counted in kilograms.
pub(in crate::trace) fn batch() -> Batch {
    Batch {
        batch_no: BatchNo::new(1).unwrap(),
        product_no: ProductNo::new(1).unwrap(),
        producer_no: ProducerNo(1),
        lot: "MD-01".into(),
        packed_on: "2026-11-20".parse().unwrap(),
        last_valid_day: None,
        quantity: Quantity::parse("500").ok(),
        unit: Some("kg".into()),
        is_open: true,
        next_serial: 1,
        opened_at: DateTime::UNIX_EPOCH,
        closed_at: None,
        standing: Standing::Normal,
        max_stamps: None,
        version: 1,
    }
}

/// A stage of this step, counted in kilograms.
pub(in crate::trace) fn stage(step: Step) -> Stage {
    Stage {
        stage_no: StageNo(1),
        template: "tea".into(),
        code: "fire".into(),
        place: 1,
        step,
        name_vi: "Sao khô".into(),
        name_en: "Dried".into(),
        unit: Unit::new("unit", "kg").ok(),
        max_yield_permille: None,
        hint_vi: None,
        closed_at: None,
        version: 1,
    }
}

/// "12.5 kg" as an amount.
pub(in crate::trace) fn amount(text: &str) -> Amount {
    let (quantity, unit) = text.split_once(' ').unwrap();
    Amount { quantity: Quantity::parse(quantity).unwrap(), unit: Unit::new("unit", unit).unwrap() }
}

/// A step on a day, at the producer's, with nothing else told.
pub(in crate::trace) fn event(step: Step, on: &str) -> NewEvent {
    NewEvent {
        what: What::Step(step),
        when: Declared { on: on.parse().unwrap(), time: None },
        place: NewPlace::Own,
        taken: None,
        made: None,
        inputs: Vec::new(),
        wait_days: None,
        note: None,
        files: Vec::new(),
    }
}
