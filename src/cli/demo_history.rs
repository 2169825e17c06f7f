//! What happened to the demo's batches: a believable history of goods that do not exist, with a slip that was corrected, lots bought
//! outside, and honey that goes into another producer's boxes. Data and its reading; it records nothing.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::clock::beginning_of;
use crate::error::{Error, Result};
use crate::stamp::BatchNo;
use crate::trace::stages::types::StageTemplate;
use crate::trace::types::{
    Amount, Declared, InputFrom, NewEvent, NewInput, NewPlace, OutsideLotDraft, Quantity, Said, Sha256Hash, Unit, What,
};

/// Something that was told of a batch. Days count from the day it was packed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Which stage of the product's template, by its code.
    stage: &'static str,
    day: i64,
    /// When it was told: day, hour and minute in Vietnam.
    at: (i64, i64, i64),
    taken: &'static str,
    made: &'static str,
    input: From,
    wait_days: Option<u16>,
    note: &'static str,
    /// Whether the product's picture goes with it.
    pub(super) has_photo: bool,
    /// The line of this history that it says anew, from 0, and why.
    pub(super) corrects: Option<(usize, &'static str)>,
}

/// Where what went in comes from.
#[derive(Clone, Copy, Debug)]
enum From {
    /// It is not said.
    Nothing,
    /// From someone without an account: product, supplier, their bill, how much.
    Outside(&'static str, &'static str, &'static str, &'static str),
    /// From the batch whose lot is shared with this one's producer.
    Shared(&'static str),
}

const TOLD: Told = Told {
    stage: "",
    day: 0,
    at: (0, 0, 0),
    taken: "",
    made: "",
    input: From::Nothing,
    wait_days: None,
    note: "",
    has_photo: false,
    corrects: None,
};

/// A bag of canna noodles from the field to the shop.
const NOODLES: [Told; 10] = [
    Told {
        stage: "care",
        day: -60,
        at: (-8, 9, 20),
        note: "Bón phân chuồng ủ hoai, làm cỏ lần cuối, không phun thuốc. Ghi bù theo sổ tay.",
        ..TOLD
    },
    Told {
        stage: "harvest",
        day: -8,
        at: (-8, 17, 30),
        made: "3400 kg",
        note: "Ruộng đồi thôn Ví Dụ, củ đã rũ đất.",
        ..TOLD
    },
    Told {
        stage: "buy",
        day: -7,
        at: (-7, 16, 10),
        input: From::Outside("Củ dong riềng tươi", "Hộ bà Ví Dụ (không có thật)", "PN-07", "1300 kg"),
        ..TOLD
    },
    Told { stage: "starch", day: -6, at: (-6, 18, 5), taken: "4700 kg", made: "1800 kg", ..TOLD },
    Told {
        stage: "starch",
        day: -6,
        at: (-5, 7, 40),
        taken: "4700 kg",
        made: "1080 kg",
        corrects: Some((3, "Ghi nhầm số cân tinh bột: đúng là 1.080 kg, không phải 1.800 kg.")),
        ..TOLD
    },
    Told {
        stage: "wash",
        day: -4,
        at: (-4, 17, 15),
        taken: "1080 kg",
        made: "512 kg",
        note: "Ngâm, gạn 4 lần, phơi ráo.",
        ..TOLD
    },
    Told {
        stage: "noodle", day: -1, at: (-1, 18, 30), taken: "512 kg", made: "502 kg", note: "Phơi ba nắng.", ..TOLD
    },
    Told {
        stage: "pack", at: (0, 17, 0), made: "500 kg", note: "1.000 gói, mỗi gói 500 g.", has_photo: true, ..TOLD
    },
    Told { stage: "ship", day: 2, at: (3, 8, 15), made: "300 gói", note: "Giao cửa hàng OCOP trung tâm.", ..TOLD },
    Told { stage: "ship", day: 5, at: (5, 16, 40), made: "250 gói", note: "Giao siêu thị.", ..TOLD },
];

/// Tea from the garden to the box; twenty boxes hold a bottle of another producer's honey.
const TEA: [Told; 9] = [
    Told {
        stage: "care",
        day: -30,
        at: (-8, 10, 0),
        wait_days: Some(10),
        note: "Phun chế phẩm sinh học trừ bọ xít muỗi, đúng liều trên nhãn.",
        ..TOLD
    },
    Told { stage: "harvest", day: -4, at: (-4, 17, 40), made: "480 kg", note: "Hái một tôm hai lá.", ..TOLD },
    Told {
        stage: "buy",
        day: -4,
        at: (-4, 18, 0),
        input: From::Outside("Chè búp tươi", "Hộ ông Ví Dụ (không có thật)", "", "130 kg"),
        ..TOLD
    },
    Told { stage: "fire", day: -4, at: (-3, 7, 30), taken: "610 kg", made: "126 kg", ..TOLD },
    Told { stage: "sort", day: -2, at: (-2, 16, 20), taken: "126 kg", made: "121 kg", ..TOLD },
    Told { stage: "pack", at: (0, 15, 30), made: "1165 gói", note: "Gói 100 g.", has_photo: true, ..TOLD },
    Told {
        stage: "pack",
        at: (0, 16, 20),
        made: "20 hộp",
        input: From::Shared("20 chai"),
        note: "Hộp quà: hai gói chè 100 g và một chai mật ong.",
        ..TOLD
    },
    Told {
        stage: "test", day: 1, at: (1, 14, 0), note: "Phiếu kết quả số 12-TD (trình diễn): đạt.", ..TOLD
    },
    Told { stage: "ship", day: 2, at: (2, 16, 45), made: "400 gói", note: "Giao cửa hàng trong tỉnh.", ..TOLD },
];

/// Honey from the hive to the bottle.
const HONEY: [Told; 6] = [
    Told {
        stage: "care",
        day: -40,
        at: (-8, 8, 30),
        note: "Đặt đàn ở rừng keo đang ra hoa, không dùng thuốc.",
        ..TOLD
    },
    Told { stage: "harvest", day: -7, at: (-7, 17, 0), made: "560 lít", note: "Mật hoa keo.", ..TOLD },
    Told { stage: "filter", day: -6, at: (-6, 11, 30), taken: "560 lít", made: "552 lít", ..TOLD },
    Told {
        stage: "dry",
        day: -4,
        at: (-4, 15, 0),
        taken: "552 lít",
        made: "530 lít",
        note: "Thủy phần từ 22% xuống 19%.",
        ..TOLD
    },
    Told { stage: "pack", at: (0, 16, 0), made: "1050 chai", note: "Chai 500 ml.", has_photo: true, ..TOLD },
    Told { stage: "ship", day: 3, at: (3, 18, 20), made: "600 chai", note: "Giao đại lý.", ..TOLD },
];

/// What happened to the batch of a lot; of any other nothing did.
pub(super) fn history_of(lot: &str) -> &'static [Told] {
    match lot {
        "MD-01" => &NOODLES,
        "CX-01" => &TEA,
        "MO-01" => &HONEY,
        _ => &[],
    }
}

impl Told {
    /// When it was told, of a batch that was packed on this day.
    pub(super) fn told_at(&self, packed_on: NaiveDate) -> Result<DateTime<Utc>> {
        let (day, hour, minute) = self.at;
        Ok(beginning_of(day_from(packed_on, day)?) + TimeDelta::hours(hour) + TimeDelta::minutes(minute))
    }

    /// The event that it is, of a batch that was packed on this day.
    pub(super) fn event(
        &self,
        packed_on: NaiveDate,
        stages: &StageTemplate,
        shared: Option<BatchNo>,
        photo: Option<Sha256Hash>,
    ) -> Result<NewEvent> {
        let stage = stages.stages.iter().find(|stage| stage.code == self.stage);
        let stage = stage.ok_or_else(|| Error::internal("the demo names a stage that is not offered"))?;
        let on = day_from(packed_on, self.day)?;
        Ok(NewEvent {
            what: What::Stage(stage.stage_no),
            when: Declared { on, time: None },
            place: NewPlace::Own,
            taken: amount(self.taken)?,
            made: amount(self.made)?,
            inputs: self.input(on, shared)?.into_iter().collect(),
            wait_days: self.wait_days,
            note: Said::optional("note", self.note)?,
            files: photo.into_iter().collect(),
        })
    }

    fn input(&self, on: NaiveDate, shared: Option<BatchNo>) -> Result<Option<NewInput>> {
        let (from, used) = match self.input {
            From::Nothing => return Ok(None),
            From::Shared(used) => {
                let batch_no = shared.ok_or_else(|| Error::internal("the demo shares no lot"))?;
                (InputFrom::Batch(batch_no), required(used)?)
            }
            From::Outside(product, supplier, lot, received) => {
                let received = required(received)?;
                let draft = OutsideLotDraft {
                    product: Said::new("inputs", product)?,
                    supplier: Said::new("inputs", supplier)?,
                    lot: Said::optional("inputs", lot)?,
                    received_on: on,
                    received: received.clone(),
                };
                (InputFrom::NewOutside(draft), received)
            }
        };
        Ok(Some(NewInput { from, amount: used }))
    }
}

fn day_from(packed_on: NaiveDate, days: i64) -> Result<NaiveDate> {
    let away = Days::new(days.unsigned_abs());
    let day = if days < 0 { packed_on.checked_sub_days(away) } else { packed_on.checked_add_days(away) };
    day.ok_or_else(|| Error::internal("no calendar for the demo"))
}

/// `120.5 kg`; nothing when nothing is said.
fn amount(text: &str) -> Result<Option<Amount>> {
    let Some((quantity, unit)) = text.split_once(' ') else { return Ok(None) };
    Ok(Some(Amount { quantity: Quantity::parse(quantity)?, unit: Unit::new("unit", unit)? }))
}

fn required(text: &str) -> Result<Amount> {
    amount(text)?.ok_or_else(|| Error::internal("the demo names a lot without its quantity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOTS: [&str; 3] = ["MD-01", "CX-01", "MO-01"];

    #[test]
    fn nothing_is_told_before_it_happened_or_before_what_was_told_earlier() {
        for lot in LOTS {
            let history = history_of(lot);
            assert!(history.iter().all(|told| told.day <= told.at.0), "{lot}");
            assert!(history.is_sorted_by_key(|told| told.at), "{lot}");
        }
    }

    #[test]
    fn a_correction_says_anew_the_same_stage_of_the_same_day() {
        for history in LOTS.map(history_of) {
            for told in history {
                let Some((n, _)) = told.corrects else { continue };
                assert_eq!((history[n].stage, history[n].day), (told.stage, told.day));
            }
        }
    }
}
