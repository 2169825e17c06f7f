//! What a form lets people choose: stages and bare steps, lots, places. It reads no database and takes nothing typed.

use chrono::NaiveDate;

use crate::batches::types::Batch;
use crate::http::Language;
use crate::register::products::types::Lists;
use crate::register::types::Producer;
use crate::trace::events::policy::window;
use crate::trace::lots::types::{Left, LotChoices};
use crate::trace::stages::types::{Stage, StageTemplate};
use crate::trace::types::{Against, Event, InputFrom, LotRef, OutsideLotNo, Phase, StageNo, Step, What};

use super::lines::lot_words;
use super::words;

/// Something that can be recorded, as the form offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its value in forms and addresses.
    pub(super) value: String,
    pub(super) what: What,
    pub(super) step: Step,
    pub(super) name: String,
    pub(super) hint: Option<String>,
    /// In what it is usually counted.
    pub(super) unit: String,
    /// Which parts of the form it has, as marks that the style sheet knows.
    pub(super) marks: String,
}

/// Everything that can be recorded of a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices {
    /// The stages of the product's template, in their order.
    pub(super) stages: Vec<Choice>,
    /// Steps that no stage is.
    pub(super) others: Vec<Choice>,
}

impl Choices {
    /// Of a template's open stages.
    pub(super) fn new(template: &StageTemplate, language: Language) -> Self {
        let stages: Vec<Choice> = template.stages.iter().map(|stage| Choice::of_stage(stage, language)).collect();
        let is_missing = |step: &Step| stages.iter().all(|choice| choice.step != *step);
        let others = Step::ALL.into_iter().filter(is_missing).map(|step| Choice::of_step(step, language)).collect();
        Self { stages, others }
    }

    /// With what an event names, even when its stage is offered no more.
    pub(super) fn with_event(mut self, event: &Event, language: Language) -> Self {
        let what = what_of(event);
        if self.find(&value_of(what)).is_none() {
            let (vi, en) = event.name();
            let name = language.pick(vi, en).to_owned();
            let value = value_of(what);
            let marks = marks(event.step);
            self.stages.push(Choice { value, what, step: event.step, name, hint: None, unit: String::new(), marks });
        }
        self
    }

    /// The choice of a value.
    pub(super) fn find(&self, value: &str) -> Option<&Choice> {
        self.stages.iter().chain(&self.others).find(|choice| choice.value == value)
    }

    /// What comes next after what was done last: the stage behind it, in the order of the template.
    pub(super) fn likely(&self, last: Option<What>) -> Option<&Choice> {
        let last = last.and_then(|last| self.stages.iter().position(|choice| choice.what == last));
        let next = last.map_or(0, |last| last + 1);
        self.stages.get(next).or(self.stages.last())
    }
}

impl Choice {
    fn of_stage(stage: &Stage, language: Language) -> Self {
        let what = What::Stage(stage.stage_no);
        Self {
            value: value_of(what),
            what,
            step: stage.step,
            name: language.pick(&stage.name_vi, &stage.name_en).to_owned(),
            hint: stage.hint_vi.clone().filter(|_| language == Language::Vi),
            unit: stage.unit.as_ref().map(|unit| unit.as_str().to_owned()).unwrap_or_default(),
            marks: marks(stage.step),
        }
    }

    fn of_step(step: Step, language: Language) -> Self {
        let what = What::Step(step);
        let name = language.pick(step.vi(), step.en()).to_owned();
        Self { value: value_of(what), what, step, name, hint: None, unit: String::new(), marks: marks(step) }
    }
}

/// The day that a form proposes: today, or the last one on which it may have been done.
pub(super) fn usual_day(choice: Option<&Choice>, packed_on: NaiveDate, today: NaiveDate) -> NaiveDate {
    let latest = choice.and_then(|choice| window(choice.step.phase(), packed_on).1);
    latest.map_or(today, |latest| latest.min(today))
}

/// On which days a step may lie, as the form says it beside the day.
pub(super) struct DayHint {
    /// The part of the form that is shown with steps of this phase.
    pub(super) class: &'static str,
    pub(super) sentence: String,
}

/// For each phase, the days that a batch packed on a day lets its steps lie on.
pub(super) fn day_hints(packed_on: NaiveDate, language: Language) -> [DayHint; 4] {
    let until = |phase| window(phase, packed_on).1.map(words::day).unwrap_or_default();
    let (first, packed) = (words::day(window(Phase::Packing, packed_on).0), words::day(packed_on));
    let (making, packing) = (until(Phase::Making), until(Phase::Packing));
    let hint = |class, vi, en| DayHint {
        class,
        sentence: match language {
            Language::Vi => vi,
            Language::En => en,
        },
    };
    [
        hint(
            "of-making",
            format!("Trồng, thu hoạch, chế biến: muộn nhất là ngày {making}, vì lô đóng gói ngày {packed}."),
            format!("Growing, harvest, processing: {making} at the latest, the batch being packed on {packed}."),
        ),
        hint(
            "of-packing",
            format!("Đóng gói: từ ngày {first} đến ngày {packing}, vì lô đóng gói ngày {packed}."),
            format!("Packing: from {first} to {packing}, the batch being packed on {packed}."),
        ),
        hint(
            "of-leaving",
            format!("Xuất hàng, bán hàng: từ ngày đóng gói {packed} trở đi."),
            format!("Shipping, selling: from the packing day {packed} on."),
        ),
        hint(
            "of-any",
            "Kiểm nghiệm, tiêu hủy: ngày nào cũng được, trừ ngày chưa tới.".to_owned(),
            "Testing, destroying: any day up to today.".to_owned(),
        ),
    ]
}

/// Which parts of the form a step has.
fn marks(step: Step) -> String {
    let phase = match step.phase() {
        Phase::Making => "data-making",
        Phase::Packing => "data-packing",
        Phase::Leaving => "data-leaving",
        Phase::Any => "data-any",
    };
    let marks = [
        (true, phase),
        (step.has_in(), "data-in"),
        (step.has_out(), "data-out"),
        (step.takes_lots(), "data-lots"),
        (step.has_wait(), "data-wait"),
    ];
    let marks: Vec<&str> = marks.into_iter().filter(|(has, _)| *has).map(|(_, mark)| mark).collect();
    marks.join(" ")
}

/// What an event names.
pub(super) fn what_of(event: &Event) -> What {
    event.stage.as_ref().map_or(What::Step(event.step), |stage| What::Stage(stage.stage_no))
}

/// A stage's number, or a step's name.
pub(super) fn value_of(what: What) -> String {
    match what {
        What::Stage(StageNo(n)) => n.to_string(),
        What::Step(step) => step.as_str().to_owned(),
    }
}

/// A value with what it says.
pub(super) type Choosable = (String, String);

/// Lots to choose from: batches first, then lots from outside. What was chosen before stays even when the list has moved on.
pub(super) fn lot_options(lots: &LotChoices, chosen: &[String], language: Language) -> Vec<Choosable> {
    let batches = lots.batches.iter().map(|batch| {
        let value = lot_value(&InputFrom::Batch(batch.batch_no)).unwrap_or_default();
        let warning = match batch.against {
            None => "",
            Some(Against::Suspended(_)) => language.pick("ĐANG TẠM DỪNG: ", "SUSPENDED: "),
            Some(Against::Recalled(_)) => language.pick("ĐÃ BỊ THU HỒI, không dùng: ", "RECALLED, not to be used: "),
        };
        (value, format!("{warning}{} · {} ({})", batch.lot, batch.product, batch.producer))
    });
    let outside = lots.outside.iter().map(|choice| {
        let value = lot_value(&InputFrom::Outside(choice.lot.lot_no)).unwrap_or_default();
        let words = lot_words(&LotRef::Outside(choice.lot.clone()), language).0;
        let received = words::amount(&choice.lot.received, language);
        let left = match choice.left() {
            Left::Some(left) => format!(", {} {}", language.pick("còn", "left:"), words::amount(&left, language)),
            Left::Nothing => format!(", {}", language.pick("đã dùng hết", "used up")),
            Left::Unknown => String::new(),
        };
        (value, format!("{words}: {received}{left}"))
    });
    let mut options: Vec<Choosable> = batches.chain(outside).collect();
    for value in chosen {
        let is_known = value.is_empty() || options.iter().any(|(known, _)| known == value);
        let label = match parse_lot(value).filter(|_| !is_known) {
            Some(InputFrom::Batch(batch_no)) => format!("{} {batch_no}", language.pick("Lô số", "Batch number")),
            Some(InputFrom::Outside(lot_no)) => {
                format!("{} {}", language.pick("Lô mua ngoài số", "Outside lot"), lot_no.0)
            }
            _ => continue,
        };
        options.push((value.clone(), label));
    }
    options
}

/// The value of a lot in the form; one that is made known with the event has none.
pub(super) fn lot_value(from: &InputFrom) -> Option<String> {
    match from {
        InputFrom::Batch(batch_no) => Some(format!("b{batch_no}")),
        InputFrom::Outside(lot_no) => Some(format!("o{}", lot_no.0)),
        InputFrom::NewOutside(_) => None,
    }
}

/// Reads the value of a lot.
pub(super) fn parse_lot(value: &str) -> Option<InputFrom> {
    match value.split_at_checked(1)? {
        ("b", number) => number.parse().ok().map(InputFrom::Batch),
        ("o", number) => number.parse().ok().map(|n| InputFrom::Outside(OutsideLotNo(n))),
        _ => None,
    }
}

/// At the producer's own place.
pub(super) const OWN_PLACE: &str = "own";
/// Somewhere that is told in words.
pub(super) const OTHER_PLACE: &str = "other";

/// Where something may have been done.
pub(super) fn place_options(producer: &Producer, lists: &Lists, language: Language) -> Vec<Choosable> {
    let own = language.pick("Tại cơ sở", "At the producer's");
    let own = producer.address().map_or_else(|| own.to_owned(), |address| format!("{own}: {address}"));
    let other = language.pick("Nơi khác, ghi rõ bên dưới", "Elsewhere, as written below").to_owned();
    let communes = lists.communes.iter().map(|commune| (commune.code.clone(), commune.name.clone()));
    let ends = [(OWN_PLACE.to_owned(), own), (OTHER_PLACE.to_owned(), other)];
    ends.into_iter().chain(communes).collect()
}

/// The unit that inputs of a batch are probably counted in.
pub(super) fn usual_unit(choice: Option<&Choice>, batch: &Batch) -> String {
    let of_stage = choice.map(|choice| choice.unit.clone()).filter(|unit| !unit.is_empty());
    of_stage.or_else(|| batch.unit.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::types::{Declared, Doer, EventStage, Place};

    fn stage(n: i32, step: Step) -> Stage {
        Stage {
            stage_no: StageNo(n),
            template: "tea".into(),
            code: format!("s{n}"),
            place: u16::try_from(n).unwrap(),
            step,
            name_vi: format!("Việc {n}"),
            name_en: format!("Stage {n}"),
            unit: None,
            max_yield_permille: None,
            hint_vi: None,
            closed_at: None,
            version: 1,
        }
    }

    #[test]
    fn the_proposed_day_is_never_behind_the_last_one_allowed() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let tea = tea();
        let proposed = |value: &str, today: &str| usual_day(tea.find(value), day("2026-11-20"), day(today));
        assert_eq!(proposed("2", "2026-11-22"), day("2026-11-22"));
        assert_eq!(proposed("2", "2026-12-24"), day("2026-11-27"));
        assert_eq!(proposed("sell", "2026-12-24"), day("2026-12-24"));
    }

    fn tea() -> Choices {
        let stages = vec![stage(1, Step::Harvest), stage(2, Step::Process), stage(3, Step::Pack)];
        let template = StageTemplate {
            template: "tea".into(),
            name_vi: "Chè".into(),
            name_en: "Tea".into(),
            set_nos: vec![1],
            stages,
        };
        Choices::new(&template, Language::Vi)
    }

    fn event(n: u32, stage_no: i32, corrected_by: Option<u32>) -> Event {
        Event {
            batch_no: crate::stamp::BatchNo::new(7).unwrap(),
            n,
            stage: Some(EventStage { stage_no: StageNo(stage_no), name_vi: "Cũ".into(), name_en: "Old".into() }),
            step: Step::Process,
            when: Declared { on: "2026-11-20".parse().unwrap(), time: None },
            place: Place::default(),
            taken: None,
            made: None,
            inputs: Vec::new(),
            wait_days: None,
            note: None,
            files: Vec::new(),
            recorded_at: "2026-11-20T01:00:00Z".parse().unwrap(),
            role: "producer".into(),
            by: Doer::Operator,
            corrects: None,
            reason: None,
            corrected_by,
        }
    }

    #[track_caller]
    fn check(last: Option<What>, expected: &str) {
        assert_eq!(tea().likely(last).unwrap().value, expected);
    }

    #[test]
    fn the_stage_behind_the_last_one_is_proposed() {
        check(None, "1");
        check(Some(What::Stage(StageNo(1))), "2");
        check(Some(What::Stage(StageNo(3))), "3");
        check(Some(What::Step(Step::Destroy)), "1");
    }

    #[test]
    fn a_step_that_no_stage_is_can_still_be_recorded() {
        assert!(tea().find("destroy").is_some());
        assert!(tea().find("pack").is_none(), "packing is a stage already");
    }

    #[test]
    fn a_corrected_event_keeps_a_stage_that_is_offered_no_more() {
        assert!(tea().find("9").is_none());
        assert!(tea().with_event(&event(2, 9, None), Language::Vi).find("9").is_some());
    }

    #[test]
    fn a_lot_is_read_back_from_its_value() {
        for value in ["b2041", "o17"] {
            assert_eq!(parse_lot(value).and_then(|lot| lot_value(&lot)).as_deref(), Some(value));
        }
        for wrong in ["", "b", "x1", "b16777216", "o-", "é1"] {
            assert_eq!(parse_lot(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_lot_that_was_chosen_stays_in_the_list() {
        let options =
            lot_options(&LotChoices::default(), &["b5".into(), String::new(), "nonsense".into()], Language::Vi);
        assert_eq!(options, [("b5".to_owned(), "Lô số 5".to_owned())]);
    }
}
