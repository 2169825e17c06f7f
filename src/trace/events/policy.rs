//! What may be told of a batch: when, how much, in what unit, and of which batches at all. Pure: everything comes in as arguments.

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};

use crate::batches::types::{Batch, Standing};
use crate::error::{Error, Result};
use crate::register::measure::Measure;
use crate::register::types::Pack;
use crate::trace::stages::types::Stage;
use crate::trace::types::{Amount, InputFrom, MAX_FILES, MAX_INPUTS, NewEvent, NewInput, Phase, Step};

use super::units::check_units;

/// How far ahead a phone's clock may be.
const CLOCK_LEEWAY: TimeDelta = TimeDelta::minutes(5);
/// How long before packing the making of a batch may have begun: spirits lie in jars and herbs in the ground for years, and a
/// year of another millennium is a slip of the finger.
const LONGEST_MAKING_MONTHS: Months = Months::new(5 * 12);
/// How many days the packing of one batch may spread about its packing day, and how long after it what was made before may end.
const PACKING_SPREAD: Days = Days::new(7);
/// Longest wait between spraying and harvest, days.
const MAX_WAIT_DAYS: u16 = 365;

/// What an event is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The batch it is told of.
    pub batch: &'a Batch,
    /// The stage that was chosen, if one was.
    pub stage: Option<&'a Stage>,
    /// The step.
    pub step: Step,
    /// What one pack of the product holds.
    pub pack: Option<&'a Pack>,
    /// When it is told.
    pub now: DateTime<Utc>,
}

/// Whether a batch takes new events. A suspended one does: what happens to it goes on happening.
pub fn may_record(batch: &Batch) -> Result<()> {
    check_not_recalled(batch)?;
    if batch.is_open {
        return Ok(());
    }
    let batch_no = batch.batch_no;
    Err(Error::refused(
        "batch-closed",
        format!("Lô số {batch_no} đã đóng nên không ghi thêm được; nếu dòng đã ghi bị sai, xin bấm Sửa ở dòng đó."),
        format!("batch {batch_no} is closed and takes no more events; if a line is wrong, correct that line"),
    ))
}

/// Whether events of a batch may be corrected. Of a closed one they may: a slip is often seen afterwards.
pub fn may_correct(batch: &Batch) -> Result<()> {
    check_not_recalled(batch)
}

/// Whether a line may be corrected that was corrected by a later one already: only the latest may.
pub fn check_latest(n: u32, corrected_by: Option<u32>) -> Result<()> {
    let Some(later) = corrected_by else { return Ok(()) };
    Err(Error::refused(
        "event-corrected",
        format!("Dòng {n} đã được sửa ở dòng {later}; xin mở lại nhật ký lô hàng và sửa dòng mới nhất."),
        format!("line {n} was corrected by line {later}; open the log again and correct the latest one"),
    ))
}

fn check_not_recalled(batch: &Batch) -> Result<()> {
    let batch_no = batch.batch_no;
    match batch.standing {
        Standing::Recalled(_) => Err(Error::refused(
            "batch-recalled",
            format!(
                "Lô số {batch_no} đã bị thu hồi; hồ sơ của lô giữ nguyên, không ghi hay sửa thêm. Xin gọi văn phòng nếu có điều cần bổ sung."
            ),
            format!(
                "batch {batch_no} was recalled; its record stays as it is, call the office if something is missing"
            ),
        )),
        Standing::Normal | Standing::Suspended(_) => Ok(()),
    }
}

/// Whether an event may be told of a batch, its standing and its input lots aside.
pub fn check_event(event: &NewEvent, ground: Ground<'_>) -> Result<()> {
    check_day(event, ground)?;
    check_fields(event, ground.step)?;
    check_inputs(&event.inputs)?;
    check_units(event, ground)
}

fn check_day(event: &NewEvent, ground: Ground<'_>) -> Result<()> {
    if ground.now + CLOCK_LEEWAY < event.when.instant() {
        return Err(Error::invalid(
            "on",
            "Ngày giờ này chưa tới; xin ghi ngày đã làm.",
            "this lies in the future; tell the day it was done",
        ));
    }
    let packed_on = ground.batch.packed_on;
    let day = packed_on.format("%d/%m/%Y");
    let (earliest, latest) = window(ground.step.phase(), packed_on);
    if event.when.on < earliest {
        return Err(Error::invalid(
            "on",
            format!(
                "Ngày này quá sớm: lô đóng gói ngày {day}, việc này chỉ ghi được từ ngày {}. Xin kiểm tra lại ngày.",
                earliest.format("%d/%m/%Y")
            ),
            format!(
                "this is too early: the batch was packed on {packed_on}, so this can be from {earliest} on; check the day"
            ),
        ));
    }
    match latest {
        Some(latest) if latest < event.when.on => Err(Error::invalid(
            "on",
            format!(
                "Ngày này quá muộn: lô đóng gói ngày {day}, việc này chỉ ghi được đến ngày {}. Xin kiểm tra lại ngày.",
                latest.format("%d/%m/%Y")
            ),
            format!(
                "this is too late: the batch was packed on {packed_on}, so this can be up to {latest}; check the day"
            ),
        )),
        _ => Ok(()),
    }
}

/// The days on which a step of a batch that was packed on a day may lie. The product's own making lies before its packing, hence
/// the lower bound is not the batch's opening but the longest that its making may have taken.
pub fn window(phase: Phase, packed_on: NaiveDate) -> (NaiveDate, Option<NaiveDate>) {
    let began = packed_on.checked_sub_months(LONGEST_MAKING_MONTHS).unwrap_or(NaiveDate::MIN);
    let after = packed_on.checked_add_days(PACKING_SPREAD);
    match phase {
        Phase::Making => (began, after),
        Phase::Packing => (packed_on.checked_sub_days(PACKING_SPREAD).unwrap_or(NaiveDate::MIN), after),
        Phase::Leaving => (packed_on, None),
        Phase::Any => (began, None),
    }
}

fn check_fields(event: &NewEvent, step: Step) -> Result<()> {
    check_amount("in", event.taken.as_ref(), Asked::of_in(step))?;
    check_amount("out", event.made.as_ref(), Asked::of_out(step))?;
    if step == Step::ReceiveLot && event.inputs.is_empty() {
        return Err(Error::invalid(
            "inputs",
            "Xin chọn lô đã nhận, hoặc ghi người bán và số lượng.",
            "name the lot that came in, or its supplier and quantity",
        ));
    }
    if !step.takes_lots() && !event.inputs.is_empty() {
        return Err(Error::invalid(
            "inputs",
            "Việc này không có lô nguyên liệu đi vào; xin bỏ trống.",
            "no lots go into this step; leave them out",
        ));
    }
    match event.wait_days {
        Some(_) if !step.has_wait() => Err(Error::invalid(
            "wait_days",
            "Số ngày cách ly chỉ ghi cho việc chăm sóc, phun thuốc.",
            "days of waiting go with spraying alone",
        )),
        Some(days) if MAX_WAIT_DAYS < days => Err(Error::invalid(
            "wait_days",
            format!("Số ngày cách ly từ 0 đến {MAX_WAIT_DAYS}."),
            format!("days of waiting are 0 to {MAX_WAIT_DAYS}"),
        )),
        _ if MAX_FILES < event.files.len() => Err(Error::invalid(
            "photo",
            format!("Mỗi lần ghi nhiều nhất {MAX_FILES} ảnh."),
            format!("an event has at most {MAX_FILES} photos"),
        )),
        _ => Ok(()),
    }
}

/// Whether a step says a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// It has none.
    No,
    /// It may.
    May,
    /// It is not understood without.
    Must,
}

impl Asked {
    const fn of_in(step: Step) -> Self {
        if step.needs_in() {
            Self::Must
        } else if step.has_in() {
            Self::May
        } else {
            Self::No
        }
    }

    const fn of_out(step: Step) -> Self {
        if step.needs_out() {
            Self::Must
        } else if step.has_out() {
            Self::May
        } else {
            Self::No
        }
    }
}

fn check_amount(field: &'static str, amount: Option<&Amount>, asked: Asked) -> Result<()> {
    match amount {
        Some(_) if asked == Asked::No => Err(Error::invalid(
            field,
            "Việc này không ghi số lượng ở ô này; xin bỏ trống.",
            "this step has no such quantity; leave it out",
        )),
        None if asked == Asked::Must => Err(Error::invalid(
            field,
            "Xin ghi số lượng và đơn vị, ví dụ 50 kg.",
            "give the quantity and its unit, for example 50 kg",
        )),
        _ => Ok(()),
    }
}

fn check_inputs(inputs: &[NewInput]) -> Result<()> {
    if MAX_INPUTS < inputs.len() {
        return Err(Error::invalid(
            "inputs",
            format!("Mỗi lần ghi nhiều nhất {MAX_INPUTS} lô; xin ghi làm nhiều lần."),
            format!("an event names at most {MAX_INPUTS} lots; record it in parts"),
        ));
    }
    let known = |input: &NewInput| !matches!(input.from, InputFrom::NewOutside(_));
    let is_twice = |(at, input): (usize, &NewInput)| inputs.iter().take(at).any(|before| before.from == input.from);
    if inputs.iter().enumerate().filter(|(_, input)| known(input)).any(is_twice) {
        return Err(Error::invalid(
            "inputs",
            "Có lô được chọn hai lần; xin cộng lại thành một dòng.",
            "a lot is named twice; add the two quantities up",
        ));
    }
    inputs.iter().try_for_each(|input| match &input.from {
        InputFrom::NewOutside(lot) => check_used("inputs", &input.amount, &lot.received),
        InputFrom::Batch(_) | InputFrom::Outside(_) => Ok(()),
    })
}

/// Of a lot that just came in no more is used than came in.
pub fn check_used(field: &'static str, used: &Amount, received: &Amount) -> Result<()> {
    let measure = |amount: &Amount| Measure::of(amount.unit.as_str(), amount.quantity);
    let (most, told) = (measure(received), measure(used));
    if most.kind != told.kind || told.n <= most.n {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format!("Đã dùng {used}, nhiều hơn số đã nhận {received}; xin kiểm tra lại hai số này."),
        format!("{used} used is more than the {received} that came in; check the two numbers"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::types::Notice;
    use crate::files::Sha256Hash;
    use crate::stamp::BatchNo;
    use crate::trace::testing::{amount, batch, event, stage};
    use crate::trace::types::{Declared, Unit};

    /// 17:00 in Vietnam on 2026-11-22.
    const NOW: &str = "2026-11-22T10:00:00Z";

    /// The field that is refused, if one is, of an event of a batch that was packed on 2026-11-20.
    fn refused(event: &NewEvent, step: Step, stage: Option<&Stage>) -> Option<&'static str> {
        let batch = batch();
        let ground = Ground { batch: &batch, stage, step, pack: None, now: NOW.parse().unwrap() };
        match check_event(event, ground) {
            Ok(()) => None,
            Err(Error::Invalid { field, .. }) => Some(field),
            Err(err) => panic!("{err}"),
        }
    }

    /// An event of a step with everything the step needs.
    fn whole(step: Step, on: &str) -> NewEvent {
        NewEvent {
            taken: step.needs_in().then(|| amount("10 kg")),
            made: step.needs_out().then(|| amount("10 kg")),
            inputs: if step == Step::ReceiveLot { vec![input(2, "10 kg")] } else { Vec::new() },
            ..event(step, on)
        }
    }

    fn input(batch_no: u32, text: &str) -> NewInput {
        NewInput { from: InputFrom::Batch(BatchNo::new(batch_no).unwrap()), amount: amount(text) }
    }

    #[track_caller]
    fn check_day_of(step: Step, on: &str, expected: Option<&str>) {
        assert_eq!(refused(&whole(step, on), step, None), expected, "{step:?} on {on}");
    }

    #[test]
    fn nothing_lies_in_the_future() {
        for step in [Step::Process, Step::Pack, Step::Sell, Step::Test] {
            check_day_of(step, "2026-11-22", None);
            check_day_of(step, "2026-11-23", Some("on"));
        }
    }

    #[track_caller]
    fn check_time(time: &str, expected: Option<&str>) {
        let when = Declared { on: "2026-11-22".parse().unwrap(), time: Some(time.parse().unwrap()) };
        assert_eq!(refused(&NewEvent { when, ..whole(Step::Process, "2026-11-22") }, Step::Process, None), expected);
    }

    #[test]
    fn a_phones_clock_may_be_five_minutes_ahead() {
        check_time("17:05:00", None);
        check_time("17:06:00", Some("on"));
    }

    #[test]
    fn making_lies_before_packing_but_not_years_before() {
        for step in [Step::Sow, Step::Care, Step::Harvest, Step::ReceiveLot, Step::Process] {
            check_day_of(step, "2021-11-20", None);
            check_day_of(step, "2021-11-19", Some("on"));
        }
    }

    #[test]
    fn making_does_not_go_on_long_after_packing() {
        let late = Batch { packed_on: "2026-11-10".parse().unwrap(), ..batch() };
        let refused = |on: &str| {
            let ground =
                Ground { batch: &late, stage: None, step: Step::Harvest, pack: None, now: NOW.parse().unwrap() };
            check_event(&whole(Step::Harvest, on), ground).is_err()
        };
        assert!(!refused("2026-11-17"));
        assert!(refused("2026-11-18"));
    }

    #[test]
    fn packing_lies_about_the_packing_day() {
        check_day_of(Step::Pack, "2026-11-13", None);
        check_day_of(Step::Pack, "2026-11-12", Some("on"));
    }

    #[test]
    fn goods_leave_no_earlier_than_they_were_packed() {
        for step in [Step::Ship, Step::ReceiveGoods, Step::Sell] {
            check_day_of(step, "2026-11-20", None);
            check_day_of(step, "2026-11-19", Some("on"));
        }
    }

    #[test]
    fn a_step_is_told_with_what_it_is_not_understood_without() {
        for (step, field) in [
            (Step::Harvest, "out"),
            (Step::Process, "out"),
            (Step::Pack, "out"),
            (Step::Ship, "out"),
            (Step::Sell, "out"),
            (Step::Destroy, "out"),
            (Step::ReceiveGoods, "in"),
            (Step::ReceiveLot, "inputs"),
        ] {
            assert_eq!(refused(&event(step, "2026-11-20"), step, None), Some(field), "{step:?}");
        }
        for step in [Step::Sow, Step::Care, Step::Test] {
            assert_eq!(refused(&event(step, "2026-11-20"), step, None), None, "{step:?}");
        }
    }

    #[test]
    fn a_step_is_not_told_with_what_it_has_not() {
        let care = |bent: fn(&mut NewEvent)| {
            let mut event = event(Step::Care, "2026-11-20");
            bent(&mut event);
            refused(&event, Step::Care, None)
        };
        assert_eq!(care(|event| event.taken = Some(amount("1 kg"))), Some("in"));
        assert_eq!(care(|event| event.made = Some(amount("1 kg"))), Some("out"));
        assert_eq!(care(|event| event.inputs = vec![input(2, "1 kg")]), Some("inputs"));
        assert_eq!(care(|event| event.wait_days = Some(366)), Some("wait_days"));
        assert_eq!(care(|event| event.wait_days = Some(14)), None);
        let sprayed = NewEvent { wait_days: Some(14), ..whole(Step::Harvest, "2026-11-20") };
        assert_eq!(refused(&sprayed, Step::Harvest, None), Some("wait_days"));
    }

    #[track_caller]
    fn check_unit(stage: &Stage, taken: Option<&str>, made: Option<&str>, expected: Option<&str>) {
        let event = NewEvent { taken: taken.map(amount), made: made.map(amount), ..event(stage.step, "2026-11-20") };
        assert_eq!(refused(&event, stage.step, Some(stage)), expected, "{taken:?} {made:?}");
    }

    #[test]
    fn what_a_stage_makes_is_counted_as_the_stage_is() {
        check_unit(&stage(Step::Harvest), None, Some("1 tạ"), None);
        check_unit(&stage(Step::Harvest), None, Some("5 lít"), Some("out_unit"));
        check_unit(&stage(Step::Harvest), None, Some("5 bao"), Some("out_unit"));
        check_unit(&stage(Step::Sow), Some("5 lít"), None, Some("in_unit"));
        let hives = Stage { unit: Unit::new("unit", "đàn").ok(), ..stage(Step::Sow) };
        check_unit(&hives, Some("20 thùng"), None, None);
        check_unit(&hives, Some("20 kg"), None, Some("in_unit"));
        check_unit(&Stage { unit: None, ..stage(Step::Harvest) }, None, Some("5 lít"), None);
    }

    #[test]
    fn in_and_out_of_a_stage_with_a_yield_are_of_one_kind() {
        let with_yield = Stage { max_yield_permille: Some(280), ..stage(Step::Process) };
        check_unit(&with_yield, Some("1 tạ"), Some("20 kg"), None);
        check_unit(&with_yield, Some("100 lít"), Some("20 kg"), Some("in_unit"));
        let distilling = Stage { unit: Unit::new("unit", "lít").ok(), ..stage(Step::Process) };
        check_unit(&distilling, Some("100 kg"), Some("60 lít"), None);
    }

    #[test]
    fn packed_goods_are_pieces_or_what_the_batch_is_counted_in() {
        let pack = stage(Step::Pack);
        check_unit(&pack, None, Some("500 gói"), None);
        check_unit(&pack, Some("500000 g"), Some("500 gói"), None);
        check_unit(&pack, None, Some("500 lít"), Some("out_unit"));
    }

    #[test]
    fn no_more_lots_and_photos_than_an_entry_holds_and_no_lot_twice() {
        let with = |inputs: Vec<NewInput>, n_files: u8| {
            let files = (0..n_files).map(|n| Sha256Hash([n; 32])).collect();
            refused(&NewEvent { inputs, files, ..whole(Step::Process, "2026-11-20") }, Step::Process, None)
        };
        let lots = |n: u32| (2..n + 2).map(|no| input(no, "1 kg")).collect::<Vec<_>>();
        assert_eq!(with(lots(20), 6), None);
        assert_eq!(with(lots(21), 0), Some("inputs"));
        assert_eq!(with(lots(1), 7), Some("photo"));
        assert_eq!(with(vec![input(2, "1 kg"), input(2, "2 kg")], 0), Some("inputs"));
    }

    #[test]
    fn a_closed_batch_is_only_corrected_and_a_recalled_one_stays_as_it_is() {
        let notice = Notice { reason: "a".into(), advice: None, contact: None, since: DateTime::UNIX_EPOCH };
        let closed = Batch { is_open: false, ..batch() };
        let suspended = Batch { standing: Standing::Suspended(notice.clone()), ..batch() };
        let recalled = Batch { standing: Standing::Recalled(notice), ..batch() };
        let code = |outcome: Result<()>| outcome.map_err(|err| err.code());
        assert_eq!((code(may_record(&batch())), code(may_correct(&batch()))), (Ok(()), Ok(())));
        assert_eq!((code(may_record(&suspended)), code(may_correct(&suspended))), (Ok(()), Ok(())));
        assert_eq!((code(may_record(&closed)), code(may_correct(&closed))), (Err("batch-closed"), Ok(())));
        let stays = Err("batch-recalled");
        assert_eq!((code(may_record(&recalled)), code(may_correct(&recalled))), (stays, stays));
    }
}
