//! Bodies of events, corrections and shares, read into commands. Text is composed here, once.

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use serde_json::Number;

use crate::accounts::types::ProducerNo;
use crate::error::{Error, Result};
use crate::stamp::BatchNo;
use crate::text::kept_text;
use crate::trace::lots::types::ShareWith;
use crate::trace::types::{
    Amount, Correction, Declared, InputFrom, LotText, NewEvent, NewInput, NewPlace, Note, OutsideLotDraft,
    OutsideLotNo, PlaceText, Quantity, Sha256Hash, StageNo, Step, SupplyText, Unit, What,
};

/// How much of what.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AmountBody {
    /// A positive number with at most three decimal places.
    #[schema(value_type = f64, example = 120.5)]
    quantity: Number,
    /// Of what, at most 20 characters.
    #[schema(example = "kg")]
    unit: String,
}

impl AmountBody {
    fn read(&self) -> Result<Amount> {
        let unit = Unit::new("unit", &kept_text(&self.unit))?;
        Ok(Amount { quantity: Quantity::parse(&self.quantity.to_string())?, unit })
    }
}

/// Where it happened: one of the two; without any, at the producer's.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceBody {
    /// The code of a commune of today.
    #[schema(example = "02185")]
    commune: Option<String>,
    /// Free words, at most 120 characters. They may name a person and stay outside the ledger's entry.
    text: Option<String>,
}

/// A lot bought from someone who has no batches here.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OutsideLotBody {
    /// What it is, at most 120 characters.
    #[schema(example = "củ dong riềng")]
    product: String,
    /// From whom, at most 120 characters. It stays outside the ledger's entry.
    supplier: String,
    /// Its lot or bill, at most 40 characters.
    lot: Option<String>,
    /// The day it came in; the event's day when absent.
    received_on: Option<NaiveDate>,
    /// How much came in; what went in now when absent.
    received: Option<AmountBody>,
}

/// A lot that went in: exactly one of `batch`, `outside` and `new_outside`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InputBody {
    /// The number of a batch, one's own or shared.
    batch: Option<u32>,
    /// The number of a lot from outside that is known already.
    outside: Option<i32>,
    /// A lot from outside that is made known with the event.
    new_outside: Option<OutsideLotBody>,
    /// How much of it, a positive number with at most three decimal places.
    #[schema(value_type = f64, example = 60)]
    quantity: Number,
    /// Of what, at most 20 characters.
    #[schema(example = "kg")]
    unit: String,
}

/// An event: a stage of the product's template, or a bare step.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventBody {
    /// The number of the stage; or `step`.
    stage_no: Option<i32>,
    /// `sow`, `care`, `harvest`, `receive_lot`, `process`, `pack`, `test`, `ship`, `receive_goods`, `sell` or `destroy`.
    #[schema(example = "process")]
    step: Option<String>,
    /// The day, `yyyy-mm-dd`, in Asia/Ho_Chi_Minh.
    on: NaiveDate,
    /// The time of day, `hh:mm`, in Asia/Ho_Chi_Minh.
    #[schema(example = "08:30")]
    time: Option<String>,
    /// Where; at the producer's when absent.
    place: Option<PlaceBody>,
    /// How much went in.
    #[serde(rename = "in")]
    taken: Option<AmountBody>,
    /// How much came out, left, or was destroyed.
    #[serde(rename = "out")]
    made: Option<AmountBody>,
    /// Which lots went in, at most 20.
    #[serde(default)]
    inputs: Vec<InputBody>,
    /// Days between spraying and harvest that the spray asks for.
    wait_days: Option<u16>,
    /// At most 500 characters. It stays outside the ledger's entry.
    note: Option<String>,
    /// SHA-256 of photos that are kept already, 64 lower-case hexadecimal digits each, at most 6.
    #[serde(default)]
    files: Vec<String>,
}

/// An event said anew, and why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrectionBody {
    /// What should have been said.
    event: EventBody,
    /// Why, 1 to 500 characters. It stays outside the ledger's entry.
    reason: String,
}

/// With whom a lot is shared: one producer, or everyone.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareBody {
    /// The producer's number.
    producer_no: Option<i32>,
    /// Every producer of the province.
    #[serde(default)]
    everyone: bool,
}

impl EventBody {
    pub(super) fn read(self) -> Result<NewEvent> {
        let when = Declared { on: self.on, time: self.time.as_deref().map(time_of).transpose()? };
        let inputs = self.inputs.into_iter().map(|input| input.read(self.on)).collect::<Result<_>>()?;
        Ok(NewEvent {
            what: what_of(self.stage_no, self.step.as_deref())?,
            when,
            place: self.place.map_or(Ok(NewPlace::Own), PlaceBody::read)?,
            taken: self.taken.as_ref().map(AmountBody::read).transpose()?,
            made: self.made.as_ref().map(AmountBody::read).transpose()?,
            inputs,
            wait_days: self.wait_days,
            note: Note::optional("note", self.note.as_deref().unwrap_or_default())?,
            files: self.files.iter().map(|text| hash_of(text)).collect::<Result<_>>()?,
        })
    }
}

impl CorrectionBody {
    pub(super) fn read(self, n: u32) -> Result<Correction> {
        Ok(Correction { n, event: self.event.read()?, reason: Note::new("reason", &self.reason)? })
    }
}

impl PlaceBody {
    fn read(self) -> Result<NewPlace> {
        let text = PlaceText::optional("place", self.text.as_deref().unwrap_or_default())?;
        match (self.commune, text) {
            (Some(code), None) => Ok(NewPlace::Commune(code)),
            (None, Some(text)) => Ok(NewPlace::Text(text)),
            (None, None) => Ok(NewPlace::Own),
            (Some(_), Some(_)) => Err(Error::invalid(
                "place",
                "Xin chọn xã, hoặc ghi địa điểm bằng lời, không ghi cả hai.",
                "give the commune or free words, not both",
            )),
        }
    }
}

impl InputBody {
    fn read(self, event_day: NaiveDate) -> Result<NewInput> {
        let amount = AmountBody { quantity: self.quantity, unit: self.unit }.read()?;
        let from = match (self.batch, self.outside, self.new_outside) {
            (Some(batch), None, None) => InputFrom::Batch(BatchNo::new(batch).map_err(|_| no_batch(batch))?),
            (None, Some(lot_no), None) => InputFrom::Outside(OutsideLotNo(lot_no)),
            (None, None, Some(lot)) => InputFrom::NewOutside(lot.read(event_day, &amount)?),
            _ => {
                return Err(Error::invalid(
                    "inputs",
                    "Mỗi lô đầu vào ghi đúng một trong ba: batch, outside hoặc new_outside.",
                    "each input has exactly one of batch, outside and new_outside",
                ));
            }
        };
        Ok(NewInput { from, amount })
    }
}

impl OutsideLotBody {
    fn read(self, event_day: NaiveDate, taken: &Amount) -> Result<OutsideLotDraft> {
        let received = self.received.as_ref().map(AmountBody::read).transpose()?;
        Ok(OutsideLotDraft {
            product: SupplyText::new("inputs", &self.product)?,
            supplier: SupplyText::new("inputs", &self.supplier)?,
            lot: LotText::optional("inputs", self.lot.as_deref().unwrap_or_default())?,
            received_on: self.received_on.unwrap_or(event_day),
            received: received.unwrap_or_else(|| taken.clone()),
        })
    }
}

impl ShareBody {
    pub(super) fn read(&self) -> Result<ShareWith> {
        match (self.producer_no, self.everyone) {
            (Some(producer_no), false) => Ok(ShareWith::Producer(ProducerNo(producer_no))),
            (None, true) => Ok(ShareWith::Everyone),
            _ => Err(Error::invalid(
                "with",
                "Xin ghi producer_no của một chủ thể, hoặc everyone là true.",
                "give one producer_no, or set everyone to true",
            )),
        }
    }
}

fn what_of(stage_no: Option<i32>, step: Option<&str>) -> Result<What> {
    let what = match (stage_no, step) {
        (Some(stage_no), None) => Some(What::Stage(StageNo(stage_no))),
        (None, Some(step)) => Step::parse(step).map(What::Step),
        _ => None,
    };
    what.ok_or_else(|| {
        Error::invalid(
            "what",
            "Xin ghi stage_no của một công đoạn, hoặc step là một loại việc trong danh sách.",
            "give the stage_no of a stage, or as step one of the list",
        )
    })
}

fn time_of(text: &str) -> Result<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| Error::invalid("time", "Giờ viết như 08:30.", "a time is written like 08:30"))
}

fn hash_of(text: &str) -> Result<Sha256Hash> {
    text.parse().map_err(|_| {
        Error::invalid(
            "photo",
            "Ảnh được gọi bằng mã SHA-256 gồm 64 chữ số thập lục phân, chữ thường.",
            "a photo is named by its SHA-256, 64 lower-case hexadecimal digits",
        )
    })
}

fn no_batch(batch: u32) -> Error {
    Error::invalid("inputs", format!("Không có lô số {batch}."), format!("there is no batch {batch}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(bent: &Value) -> Result<NewEvent> {
        let mut body = json!({ "step": "process", "on": "2026-11-20" });
        for (name, value) in bent.as_object().unwrap() {
            body[name] = value.clone();
        }
        serde_json::from_value::<EventBody>(body).unwrap().read()
    }

    #[track_caller]
    fn check_refused(bent: &Value, expected: &str) {
        match read(bent) {
            Err(Error::Invalid { field, .. }) => assert_eq!(field, expected, "{bent}"),
            other => panic!("{bent}: {other:?}"),
        }
    }

    #[test]
    fn what_is_no_event_is_refused_by_its_field() {
        for (bent, field) in [
            (json!({ "step": "bake" }), "what"),
            (json!({ "stage_no": 4 }), "what"),
            (json!({ "step": null }), "what"),
            (json!({ "time": "25:00" }), "time"),
            (json!({ "time": "8h30" }), "time"),
            (json!({ "in": { "quantity": -5, "unit": "kg" } }), "quantity"),
            (json!({ "in": { "quantity": 0, "unit": "kg" } }), "quantity"),
            (json!({ "out": { "quantity": 1.2345, "unit": "kg" } }), "quantity"),
            (json!({ "out": { "quantity": 1, "unit": "<b>" } }), "unit"),
            (json!({ "place": { "commune": "02185", "text": "kho" } }), "place"),
            (json!({ "place": { "text": "k".repeat(121) } }), "place"),
            (json!({ "note": "k".repeat(501) }), "note"),
            (json!({ "files": ["AB".repeat(32)] }), "photo"),
            (json!({ "inputs": [{ "quantity": 1, "unit": "kg" }] }), "inputs"),
            (json!({ "inputs": [{ "batch": 1, "outside": 2, "quantity": 1, "unit": "kg" }] }), "inputs"),
            (json!({ "inputs": [{ "batch": 16_777_216, "quantity": 1, "unit": "kg" }] }), "inputs"),
            (
                json!({ "inputs": [{ "new_outside": { "product": "củ dong", "supplier": " " }, "quantity": 1, "unit": "kg" }] }),
                "inputs",
            ),
        ] {
            check_refused(&bent, field);
        }
    }

    #[test]
    fn text_is_composed_once_at_the_edge() {
        let typed = json!({ "note": " Sao che\u{300}\u{200b} ", "out": { "quantity": 1, "unit": "go\u{301}i" } });
        let event = read(&typed).unwrap();
        assert_eq!(event.note.unwrap().as_str(), "Sao chè");
        assert_eq!(event.made.unwrap().unit.as_str(), "gói");
    }

    #[test]
    fn the_same_event_has_the_same_fingerprint_and_another_has_another() {
        let batch_no = BatchNo::new(7).unwrap();
        let hash = |bent: &Value| read(bent).unwrap().order_key(batch_no, "a").body_hash;
        assert_eq!(hash(&json!({ "note": "che\u{300}" })), hash(&json!({ "note": "chè" })));
        let base = hash(&json!({}));
        for bent in [
            json!({ "step": "test" }),
            json!({ "on": "2026-11-21" }),
            json!({ "time": "08:00" }),
            json!({ "place": { "commune": "02185" } }),
            json!({ "in": { "quantity": 1, "unit": "kg" } }),
            json!({ "out": { "quantity": 1, "unit": "kg" } }),
            json!({ "wait_days": 0 }),
            json!({ "note": "a" }),
            json!({ "files": ["ab".repeat(32)] }),
            json!({ "inputs": [{ "batch": 1, "quantity": 1, "unit": "kg" }] }),
            json!({ "inputs": [{ "outside": 1, "quantity": 1, "unit": "kg" }] }),
        ] {
            assert_ne!(hash(&bent), base, "{bent}");
        }
    }

    #[test]
    fn a_new_lot_from_outside_came_in_as_it_was_used_unless_it_says_otherwise() {
        let lot = |bent: Value| {
            let mut lot = json!({ "product": "củ dong", "supplier": "HTX Ví Dụ" });
            for (name, value) in bent.as_object().unwrap() {
                lot[name] = value.clone();
            }
            let event = read(&json!({ "inputs": [{ "new_outside": lot, "quantity": 40, "unit": "kg" }] })).unwrap();
            match event.inputs.into_iter().next().unwrap().from {
                InputFrom::NewOutside(draft) => (draft.received_on.to_string(), draft.received.to_string()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(lot(json!({})), ("2026-11-20".to_owned(), "40 kg".to_owned()));
        let said = json!({ "received_on": "2026-11-01", "received": { "quantity": 900, "unit": "kg" } });
        assert_eq!(lot(said), ("2026-11-01".to_owned(), "900 kg".to_owned()));
    }

    #[test]
    fn a_share_names_one_producer_or_everyone() {
        let read = |body: Value| serde_json::from_value::<ShareBody>(body).unwrap().read().ok();
        assert_eq!(read(json!({ "producer_no": 4 })), Some(ShareWith::Producer(ProducerNo(4))));
        assert_eq!(read(json!({ "everyone": true })), Some(ShareWith::Everyone));
        assert_eq!(read(json!({})), None);
        assert_eq!(read(json!({ "producer_no": 4, "everyone": true })), None);
    }
}
