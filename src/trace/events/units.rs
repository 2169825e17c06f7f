//! In which units what is told of an event may be counted: those of its stage, of its batch, of the lot that went in. Pure; a refusal
//! names the field that is wrong.

use crate::error::{Error, Result};
use crate::register::measure::MeasureKind;
use crate::trace::types::{Amount, NewEvent, Phase, Step, Unit};

use super::policy::Ground;

/// Whether every quantity of an event is counted in a unit that fits.
pub(super) fn check_units(event: &NewEvent, ground: Ground<'_>) -> Result<()> {
    let kind_of = |amount: &Amount| MeasureKind::of(amount.unit.as_str());
    match ground.step.phase() {
        Phase::Making => {
            let usual = ground.stage.and_then(|stage| stage.unit.as_ref());
            if let Some(usual) = usual {
                let inputs = event.inputs.iter().map(|input| ("inputs", &input.amount));
                // What goes into a process may be another thing than what comes out: grain and spirits.
                let counted: Vec<(&str, &Amount)> = if ground.step == Step::Process {
                    made_of(event).collect()
                } else if ground.step == Step::ReceiveLot {
                    taken_of(event).chain(inputs).collect()
                } else {
                    taken_of(event).chain(made_of(event)).collect()
                };
                let usual_kind = MeasureKind::of(usual.as_str());
                let mut counted = counted.into_iter();
                if let Some((field, wrong)) = counted.find(|(_, amount)| !are_alike(&kind_of(amount), &usual_kind)) {
                    return Err(wrong_unit(field, wrong, usual));
                }
            }
            let has_yield = ground.stage.is_some_and(|stage| stage.max_yield_permille.is_some());
            match (&event.taken, &event.made) {
                (Some(taken), Some(made)) if has_yield && kind_of(taken) != kind_of(made) => {
                    Err(wrong_unit("in_unit", taken, &made.unit))
                }
                _ => Ok(()),
            }
        }
        Phase::Packing | Phase::Leaving => {
            let units = [ground.batch.unit.as_deref(), ground.pack.map(|pack| pack.unit.as_str())];
            let measured = units.into_iter().flatten().find(|unit| MeasureKind::of(unit).is_measured());
            let Some(unit) = measured.and_then(|unit| Unit::new("unit", unit).ok()) else { return Ok(()) };
            let goods = MeasureKind::of(unit.as_str());
            let is_other = |amount: &Amount| kind_of(amount).is_measured() && kind_of(amount) != goods;
            match taken_of(event).chain(made_of(event)).find(|(_, amount)| is_other(amount)) {
                Some((field, wrong)) => Err(wrong_unit(field, wrong, &unit)),
                None => Ok(()),
            }
        }
        Phase::Any => Ok(()),
    }
}

/// Whether two kinds may stand for one another: the same measure, or pieces of any name.
fn are_alike(one: &MeasureKind, other: &MeasureKind) -> bool {
    one == other || (!one.is_measured() && !other.is_measured())
}

/// What went in, under the name of its field.
fn taken_of(event: &NewEvent) -> impl Iterator<Item = (&'static str, &Amount)> {
    event.taken.iter().map(|amount| ("in_unit", amount))
}

/// What came out, under the name of its field.
fn made_of(event: &NewEvent) -> impl Iterator<Item = (&'static str, &Amount)> {
    event.made.iter().map(|amount| ("out_unit", amount))
}

fn wrong_unit(field: &'static str, wrong: &Amount, usual: &Unit) -> Error {
    let (wrong, usual) = (wrong.unit.as_str(), usual.as_str());
    Error::invalid(
        field,
        format!("Đơn vị {wrong} không dùng được ở đây; xin ghi bằng {usual} hoặc đơn vị cùng loại."),
        format!("the unit {wrong} does not fit here; use {usual} or a unit of the same kind"),
    )
}

/// Whether so much of a lot can be taken in this unit: never litres of what is weighed.
pub fn check_input_unit(amount: &Amount, lot_unit: Option<&str>) -> Result<()> {
    let Some(lot_unit) = lot_unit else { return Ok(()) };
    let (taken, has) = (MeasureKind::of(amount.unit.as_str()), MeasureKind::of(lot_unit));
    if !taken.is_measured() || !has.is_measured() || taken == has {
        return Ok(());
    }
    Unit::new("unit", lot_unit).map_or(Ok(()), |unit| Err(wrong_unit("inputs", amount, &unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::amount;

    #[test]
    fn what_is_weighed_is_not_taken_by_the_litre() {
        assert!(check_input_unit(&amount("5 lít"), Some("kg")).is_err());
        for (taken, lot_unit) in
            [("5 tạ", Some("kg")), ("5 túi", Some("kg")), ("5 lít", Some("thùng")), ("5 lít", None)]
        {
            assert!(check_input_unit(&amount(taken), lot_unit).is_ok(), "{taken}");
        }
    }
}
