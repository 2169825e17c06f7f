//! The form of an event: what is typed into it becomes an event, and an event becomes what it shows. It decides nothing; fields
//! that the chosen step does not have are passed over, because whoever sends the form does not see them.

use chrono::NaiveTime;

use crate::error::{Error, Result};
use crate::http::{Fields, Language};
use crate::trace::events::policy::check_used;
use crate::trace::types::{
    Amount, Declared, Event, Input, InputFrom, LotRef, NewEvent, NewInput, NewPlace, OutsideLotDraft, Quantity, Said,
    Sha256Hash, Unit,
};

use super::choices::{Choices, OTHER_PLACE, OWN_PLACE, lot_value, parse_lot, value_of, what_of};

/// Lots that the form has lines for; more than these are recorded as another event.
pub(super) const N_LOT_LINES: usize = 8;
/// Lines for lots that are open from the start.
pub(super) const N_OPEN_LOT_LINES: usize = 1;

/// The fields of one line for a lot.
pub(super) fn lot_line(line: usize) -> [String; 3] {
    [format!("lot_{line}"), format!("lot_{line}_quantity"), format!("lot_{line}_unit")]
}

/// The lots that are chosen in the form.
pub(super) fn chosen_lots(fields: &Fields) -> Vec<String> {
    (1..=N_LOT_LINES).map(|line| fields.value(&format!("lot_{line}")).to_owned()).collect()
}

/// What was typed, with photos that are kept already.
pub(super) fn read_event(fields: &Fields, choices: &Choices, files: Vec<Sha256Hash>) -> Result<NewEvent> {
    let choice = choices.find(fields.value("what")).ok_or_else(|| {
        Error::invalid("what", "Xin chọn việc đã làm trong danh sách.", "choose what was done from the list")
    })?;
    let step = choice.step;
    let when = read_when(fields)?;
    let taken = if step.has_in() { amount(fields, ["in", "in_unit"])? } else { None };
    let made = if step.has_out() { amount(fields, ["out", "out_unit"])? } else { None };
    let inputs = if step.takes_lots() { read_inputs(fields, when)? } else { Vec::new() };
    let wait_days = if step.has_wait() { fields.whole_number("wait_days")? } else { None };
    let wait_days = wait_days.map(|days| u16::try_from(days).map_err(|_| too_long_a_wait())).transpose()?;
    Ok(NewEvent {
        what: choice.what,
        when,
        place: read_place(fields)?,
        taken,
        made,
        inputs,
        wait_days,
        note: Said::optional("note", fields.value("note"))?,
        files,
    })
}

fn too_long_a_wait() -> Error {
    Error::invalid(
        "wait_days",
        "Số ngày cách ly quá lớn; xin xem lại nhãn thuốc.",
        "that many days of waiting cannot be right; see the label of the spray",
    )
}

fn read_when(fields: &Fields) -> Result<Declared> {
    let on = fields.required_day("on")?;
    let time = fields.value("time");
    if time.is_empty() {
        return Ok(Declared { on, time: None });
    }
    let read = NaiveTime::parse_from_str(time, "%H:%M").or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S"));
    let time = read.map_err(|_| {
        Error::invalid("time", "Giờ viết là giờ:phút, ví dụ 07:30.", "write a time as hh:mm, for example 07:30")
    })?;
    Ok(Declared { on, time: Some(time) }.to_the_minute())
}

fn read_place(fields: &Fields) -> Result<NewPlace> {
    match fields.value("place") {
        "" | OWN_PLACE => Ok(NewPlace::Own),
        OTHER_PLACE => Ok(NewPlace::Text(Said::new("place_text", fields.value("place_text"))?)),
        code => Ok(NewPlace::Commune(code.to_owned())),
    }
}

/// A quantity with its unit; none when no number was typed, whatever unit stands beside it.
fn amount(fields: &Fields, [quantity, unit]: [&'static str; 2]) -> Result<Option<Amount>> {
    let typed = fields.value(quantity);
    if typed.is_empty() {
        return Ok(None);
    }
    let quantity = Quantity::typed(quantity, typed)?;
    Ok(Some(Amount { quantity, unit: Unit::new(unit, fields.value(unit))? }))
}

fn read_inputs(fields: &Fields, when: Declared) -> Result<Vec<NewInput>> {
    let mut inputs = Vec::new();
    for line in 1..=N_LOT_LINES {
        let [lot, quantity, unit] = lot_line(line);
        let (lot, quantity, unit) = (fields.value(&lot), fields.value(&quantity), fields.value(&unit));
        if lot.is_empty() && quantity.is_empty() {
            continue;
        }
        let from = parse_lot(lot).ok_or_else(|| {
            Error::invalid("inputs", "Xin chọn lô cho mỗi số lượng đã ghi.", "choose a lot for every quantity")
        })?;
        let amount =
            lot_amount(quantity, Some(unit).filter(|unit| !unit.is_empty()).unwrap_or(fields.value("in_unit")))?;
        inputs.push(NewInput { from, amount });
    }
    inputs.extend(read_new_lot(fields, when)?);
    Ok(inputs)
}

fn lot_amount(quantity: &str, unit: &str) -> Result<Amount> {
    if quantity.is_empty() {
        return Err(Error::invalid("inputs", "Xin ghi mỗi lô đã dùng bao nhiêu.", "say how much of each lot was used"));
    }
    Ok(Amount { quantity: Quantity::typed("inputs", quantity)?, unit: Unit::new("inputs", unit)? })
}

/// A lot bought from outside that is made known with this event; when nothing else is said, all of it went in.
fn read_new_lot(fields: &Fields, when: Declared) -> Result<Option<NewInput>> {
    let typed = ["new_product", "new_supplier", "new_received", "new_lot"];
    if typed.iter().all(|name| fields.value(name).is_empty()) {
        return Ok(None);
    }
    let received = amount(fields, ["new_received", "new_unit"])?
        .ok_or_else(|| Error::invalid("new_received", "Xin ghi đã nhận bao nhiêu.", "say how much came in"))?;
    let used = match fields.value("new_used") {
        "" => received.clone(),
        used => Amount { quantity: Quantity::typed("new_used", used)?, unit: received.unit.clone() },
    };
    check_used("new_used", &used, &received)?;
    let draft = OutsideLotDraft {
        product: Said::new("new_product", fields.value("new_product"))?,
        supplier: Said::new("new_supplier", fields.value("new_supplier"))?,
        lot: Said::optional("new_lot", fields.value("new_lot"))?,
        received_on: fields.day("new_received_on")?.unwrap_or(when.on),
        received,
    };
    Ok(Some(NewInput { from: InputFrom::NewOutside(draft), amount: used }))
}

/// An event as the fields of the form, without when it happened.
pub(super) fn values_of(event: &Event, language: Language) -> Vec<(String, String)> {
    let mut values = vec![("what".to_owned(), value_of(what_of(event)))];
    let mut add = |name: &str, value: String| values.push((name.to_owned(), value));
    for (amount, quantity, unit) in [(&event.taken, "in", "in_unit"), (&event.made, "out", "out_unit")] {
        if let Some(amount) = amount {
            add(quantity, language.decimal(&amount.quantity));
            add(unit, amount.unit.as_str().to_owned());
        }
    }
    match (&event.place.text, &event.place.village, &event.place.commune) {
        (Some(text), ..) => {
            add("place", OTHER_PLACE.to_owned());
            add("place_text", text.clone());
        }
        (None, None, Some((code, _))) => add("place", code.clone()),
        (None, ..) => add("place", OWN_PLACE.to_owned()),
    }
    add("wait_days", event.wait_days.map(|days| days.to_string()).unwrap_or_default());
    add("note", event.note.clone().unwrap_or_default());
    for (line, input) in (1..=N_LOT_LINES).zip(&event.inputs) {
        let [lot, quantity, unit] = lot_line(line);
        add(&lot, lot_value(&from_of(input)).unwrap_or_default());
        add(&quantity, language.decimal(&input.amount.quantity));
        add(&unit, input.amount.unit.as_str().to_owned());
    }
    values
}

fn from_of(input: &Input) -> InputFrom {
    match &input.from {
        LotRef::Batch(batch) => InputFrom::Batch(batch.batch_no),
        LotRef::Outside(lot) => InputFrom::Outside(lot.lot_no),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::stages::types::StageTemplate;
    use crate::trace::types::{Step, What};

    fn choices() -> Choices {
        let template = StageTemplate {
            template: "generic".into(),
            name_vi: "Chung".into(),
            name_en: "Generic".into(),
            set_nos: Vec::new(),
            stages: Vec::new(),
        };
        Choices::new(&template, Language::Vi)
    }

    fn fields(more: &[(&str, &str)]) -> Fields {
        let basic = [
            ("what", "process"),
            ("on", "2026-11-20"),
            ("in", "100"),
            ("in_unit", "kg"),
            ("out", "20"),
            ("out_unit", "kg"),
        ];
        // The first value of a field counts.
        Fields::from_values(more.iter().chain(&basic).map(|(name, value)| (*name, *value)))
    }

    fn read(more: &[(&str, &str)]) -> Result<NewEvent> {
        read_event(&fields(more), &choices(), Vec::new())
    }

    #[track_caller]
    fn check_refused(more: &[(&str, &str)], expected: &str) {
        match read(more) {
            Err(Error::Invalid { field, .. }) => assert_eq!(field, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_typed_becomes_an_event() {
        let event = read(&[("time", "07:30"), ("note", "Trời nắng")]).unwrap();
        assert_eq!(event.what, What::Step(Step::Process));
        assert_eq!(event.made.unwrap().to_string(), "20 kg");
        assert_eq!(event.when.time, NaiveTime::from_hms_opt(7, 30, 0));
    }

    #[test]
    fn fields_that_the_step_does_not_have_are_passed_over() {
        let event = read(&[("what", "care"), ("wait_days", "10"), ("lot_1", "b5"), ("lot_1_quantity", "3")]).unwrap();
        assert_eq!((event.taken, event.made, event.inputs, event.wait_days), (None, None, Vec::new(), Some(10)));
        assert_eq!(read(&[("wait_days", "10")]).unwrap().wait_days, None);
    }

    #[test]
    fn a_lot_takes_the_unit_of_what_went_in_unless_it_has_its_own() {
        let event = read(&[
            ("lot_1", "b5"),
            ("lot_1_quantity", "60"),
            ("lot_2", "o3"),
            ("lot_2_quantity", "4"),
            ("lot_2_unit", "bao"),
        ]);
        let amounts: Vec<String> = event.unwrap().inputs.iter().map(|input| input.amount.to_string()).collect();
        assert_eq!(amounts, ["60 kg", "4 bao"]);
    }

    #[test]
    fn a_lot_from_outside_is_used_up_unless_something_else_is_said() {
        let new =
            [("new_product", "Dong riềng"), ("new_supplier", "Ông An"), ("new_received", "500"), ("new_unit", "kg")];
        assert_eq!(read(&new).unwrap().inputs[0].amount.to_string(), "500 kg");
        let used = [&new[..], &[("new_used", "120")]].concat();
        assert_eq!(read(&used).unwrap().inputs[0].amount.to_string(), "120 kg");
    }

    #[test]
    fn nonsense_is_refused_beside_its_field() {
        check_refused(&[("what", "")], "what");
        check_refused(&[("what", "99")], "what");
        check_refused(&[("on", "hôm qua")], "on");
        check_refused(&[("time", "7 giờ")], "time");
        check_refused(&[("in", "-1")], "in");
        check_refused(&[("out_unit", "")], "out_unit");
        check_refused(&[("lot_1_quantity", "3")], "inputs");
        check_refused(&[("lot_1", "b5")], "inputs");
        check_refused(&[("place", OTHER_PLACE)], "place_text");
        check_refused(&[("new_product", "Dong riềng")], "new_received");
        let too_much =
            [("new_product", "Dong riềng"), ("new_received", "800"), ("new_unit", "kg"), ("new_used", "900")];
        check_refused(&too_much, "new_used");
        check_refused(&[("what", "care"), ("wait_days", "70000")], "wait_days");
    }
}
