//! Events of a batch as values: what is told, and what was recorded. Pure; what may be told is for `events::policy`.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc};
use sha2::{Digest, Sha256};

use crate::accounts::types::ProducerNo;
pub use crate::batches::minting::types::Doer;
pub use crate::batches::types::{OrderKey, Standing};
use crate::clock::beginning_of;
use crate::error::{Error, Result};
pub use crate::files::Sha256Hash;
pub use crate::register::types::{Quantity, Unit};
use crate::stamp::{BatchNo, ProductNo};
use crate::text::kept_text;

pub use super::steps::{Phase, Step};

/// A stage's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageNo(pub i32);

/// The number of a lot that was bought from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutsideLotNo(pub i32);

/// Words of a person, at most so many characters: composed (NFC) and without hidden characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<const MAX_CHARS: usize>(String);

impl<const MAX_CHARS: usize> Said<MAX_CHARS> {
    /// Takes what was typed; nothing is refused like too much.
    pub fn new(field: &'static str, text: &str) -> Result<Self> {
        Self::optional(field, text)?.ok_or_else(|| Error::invalid(field, "Xin điền mục này.", "this must be filled in"))
    }

    /// Takes what was typed, if anything was.
    pub fn optional(field: &'static str, text: &str) -> Result<Option<Self>> {
        let text = kept_text(text);
        if MAX_CHARS < text.chars().count() {
            return Err(Error::invalid(
                field,
                format!("Xin viết ngắn lại, nhiều nhất {MAX_CHARS} ký tự."),
                format!("make it shorter, at most {MAX_CHARS} characters"),
            ));
        }
        Ok((!text.is_empty()).then_some(Self(text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A place in free words.
pub type PlaceText = Said<120>;
/// A note, a reason.
pub type Note = Said<500>;
/// A supplier, or a product bought from one.
pub type SupplyText = Said<120>;
/// A lot as the supplier writes it.
pub type LotText = Said<40>;

/// How much of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// How much.
    pub quantity: Quantity,
    /// Of what.
    pub unit: Unit,
}

impl Amount {
    /// Takes the stored form; none when either half is missing.
    pub fn from_columns(thousandths: Option<i64>, unit: Option<&str>) -> Option<Self> {
        let quantity = Quantity::from_thousandths(thousandths?)?;
        Some(Self { quantity, unit: Unit::new("unit", unit?).ok()? })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.quantity, self.unit.as_str())
    }
}

/// When something happened, as declared: a day and perhaps a time of day in Asia/Ho_Chi_Minh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared {
    /// The day.
    pub on: NaiveDate,
    /// The time of day, to the minute.
    pub time: Option<NaiveTime>,
}

impl Declared {
    /// The instant it names; a day alone names its beginning.
    pub fn instant(self) -> DateTime<Utc> {
        beginning_of(self.on) + self.time.unwrap_or_default().signed_duration_since(NaiveTime::MIN)
    }

    /// To the minute, which is all that people say.
    #[must_use]
    pub fn to_the_minute(self) -> Self {
        let time = self.time.and_then(|time| NaiveTime::from_hms_opt(time.hour(), time.minute(), 0));
        Self { time, ..self }
    }
}

/// What was done: a stage of the product's template, or a bare step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A stage of the product's template.
    Stage(StageNo),
    /// A step that no stage of the template names.
    Step(Step),
}

/// Where, as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewPlace {
    /// At the producer's: their commune and village.
    Own,
    /// In a commune, by code.
    Commune(String),
    /// In free words, which may name a person and stay outside the entry.
    Text(PlaceText),
}

/// A lot bought from someone who has no batches here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideLotDraft {
    /// What it is.
    pub product: SupplyText,
    /// From whom.
    pub supplier: SupplyText,
    /// Its lot or bill, if it has one.
    pub lot: Option<LotText>,
    /// The day it came in.
    pub received_on: NaiveDate,
    /// How much came in.
    pub received: Amount,
}

/// Where an input comes from, as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputFrom {
    /// Another batch, one's own or shared.
    Batch(BatchNo),
    /// A lot from outside that is known already.
    Outside(OutsideLotNo),
    /// A lot from outside that is made known with the event.
    NewOutside(OutsideLotDraft),
}

/// A lot that went in, as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInput {
    /// From where.
    pub from: InputFrom,
    /// How much of it.
    pub amount: Amount,
}

/// Most lots that one event names: with them all, an entry stays well below its 4 KiB.
pub const MAX_INPUTS: usize = 20;
/// Most photos of one event.
pub const MAX_FILES: usize = 6;

/// An event as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What was done.
    pub what: What,
    /// When.
    pub when: Declared,
    /// Where.
    pub place: NewPlace,
    /// How much went in.
    pub taken: Option<Amount>,
    /// How much came out, left, or was destroyed.
    pub made: Option<Amount>,
    /// Which lots went in; at most `MAX_INPUTS`.
    pub inputs: Vec<NewInput>,
    /// Days between spraying and harvest that the spray asks for.
    pub wait_days: Option<u16>,
    /// A note; it may name people and stays outside the entry.
    pub note: Option<Note>,
    /// Photos, kept already; at most `MAX_FILES`.
    pub files: Vec<Sha256Hash>,
}

impl NewEvent {
    /// The caller's name for recording this event once.
    pub fn order_key(&self, batch_no: BatchNo, key: &str) -> OrderKey {
        OrderKey { route: format!("event {batch_no}"), key: key.to_owned(), body_hash: hash_of(&self.facts()) }
    }

    /// Everything that was told, in an order of its own. No kept text holds the mark that joins them.
    fn facts(&self) -> Vec<String> {
        let amount = |amount: Option<&Amount>| amount.map(ToString::to_string).unwrap_or_default();
        let mut facts = vec![
            match self.what {
                What::Stage(stage_no) => format!("stage {}", stage_no.0),
                What::Step(step) => step.as_str().to_owned(),
            },
            self.when.on.to_string(),
            self.when.time.map(|time| time.to_string()).unwrap_or_default(),
            match &self.place {
                NewPlace::Own => "own".to_owned(),
                NewPlace::Commune(code) => format!("commune {code}"),
                NewPlace::Text(text) => format!("text {}", text.as_str()),
            },
            amount(self.taken.as_ref()),
            amount(self.made.as_ref()),
            self.wait_days.map(|days| days.to_string()).unwrap_or_default(),
            self.note.as_ref().map(|note| note.as_str().to_owned()).unwrap_or_default(),
        ];
        for input in &self.inputs {
            facts.push(match &input.from {
                InputFrom::Batch(batch_no) => format!("batch {batch_no}"),
                InputFrom::Outside(lot_no) => format!("outside {}", lot_no.0),
                InputFrom::NewOutside(lot) => format!(
                    "new\u{1e}{}\u{1e}{}\u{1e}{}\u{1e}{}\u{1e}{}",
                    lot.product.as_str(),
                    lot.supplier.as_str(),
                    lot.lot.as_ref().map(Said::as_str).unwrap_or_default(),
                    lot.received_on,
                    lot.received
                ),
            });
            facts.push(amount(Some(&input.amount)));
        }
        facts.extend(self.files.iter().map(ToString::to_string));
        facts
    }
}

fn hash_of(facts: &[String]) -> [u8; 32] {
    Sha256::digest(facts.join("\u{1f}")).into()
}

/// An earlier event of the batch, said anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which one, by its place in the batch's chain.
    pub n: u32,
    /// What should have been said.
    pub event: NewEvent,
    /// Why; it may name people and stays outside the entry.
    pub reason: Note,
}

impl Correction {
    /// The caller's name for recording this correction once.
    pub fn order_key(&self, batch_no: BatchNo, key: &str) -> OrderKey {
        let mut facts = self.event.facts();
        facts.push(format!("corrects {}", self.n));
        facts.push(self.reason.as_str().to_owned());
        OrderKey { route: format!("correction {batch_no}"), key: key.to_owned(), body_hash: hash_of(&facts) }
    }
}

/// The stage of a recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventStage {
    /// Its number.
    pub stage_no: StageNo,
    /// Its name today, in Vietnamese.
    pub name_vi: String,
    /// Its name today, in English.
    pub name_en: String,
}

/// Where an event happened, as recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The commune's code and name.
    pub commune: Option<(String, String)>,
    /// The village, when it was the producer's own place.
    pub village: Option<String>,
    /// Free words; they may name a person, so only who reaches the batch sees them.
    pub text: Option<String>,
}

impl Place {
    /// What anyone may read: village and commune.
    pub fn public(&self) -> Option<String> {
        let commune = self.commune.as_ref().map(|(_, name)| name);
        let parts: Vec<&str> = [self.village.as_ref(), commune].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// What the office says against a lot, and since when; anyone may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Not to be sold until the office resumes it.
    Suspended(DateTime<Utc>),
    /// Taken back, for good.
    Recalled(DateTime<Utc>),
}

/// A batch as its neighbours in the graph may know it: lot, product, producer, and whether it was recalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRef {
    /// Its number.
    pub batch_no: BatchNo,
    /// Its lot.
    pub lot: String,
    /// Its product.
    pub product_no: ProductNo,
    /// The product's name.
    pub product: String,
    /// Whose it is.
    pub producer_no: ProducerNo,
    /// The producer's name.
    pub producer: String,
    /// What the office says against it.
    pub against: Option<Against>,
}

/// A lot from outside. Supplier and lot are for its owner and the offices alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideLot {
    /// Its number.
    pub lot_no: OutsideLotNo,
    /// What it is.
    pub product: String,
    /// From whom; none once it was erased.
    pub supplier: Option<String>,
    /// Its lot or bill.
    pub lot: Option<String>,
    /// The day it came in.
    pub received_on: NaiveDate,
    /// How much came in.
    pub received: Amount,
}

/// A lot that went in, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LotRef {
    /// Another batch.
    Batch(BatchRef),
    /// A lot from outside.
    Outside(OutsideLot),
}

/// How much of which lot went in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which lot.
    pub from: LotRef,
    /// How much of it.
    pub amount: Amount,
}

/// An event as recorded, with everything that who reaches the batch may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The batch.
    pub batch_no: BatchNo,
    /// Its place in the batch's chain.
    pub n: u32,
    /// The stage, when one was chosen.
    pub stage: Option<EventStage>,
    /// The step.
    pub step: Step,
    /// When, as declared.
    pub when: Declared,
    /// Where.
    pub place: Place,
    /// How much went in.
    pub taken: Option<Amount>,
    /// How much came out, left, or was destroyed.
    pub made: Option<Amount>,
    /// Which lots went in.
    pub inputs: Vec<Input>,
    /// Days of waiting after spraying.
    pub wait_days: Option<u16>,
    /// The note.
    pub note: Option<String>,
    /// Photos.
    pub files: Vec<Sha256Hash>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// As what its author acted: a role of accounts, or `operator`.
    pub role: String,
    /// Who typed it; for who reaches the batch, never for the public page.
    pub by: Doer,
    /// The event it says anew.
    pub corrects: Option<u32>,
    /// Why it says it anew.
    pub reason: Option<String>,
    /// The correction that took its place.
    pub corrected_by: Option<u32>,
}

impl Event {
    /// What was done, by name, in Vietnamese and English.
    pub fn name(&self) -> (&str, &str) {
        match &self.stage {
            Some(stage) => (&stage.name_vi, &stage.name_en),
            None => (self.step.vi(), self.step.en()),
        }
    }
}

/// An event that was just recorded, or that answered the same order before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The event.
    pub event: Event,
    /// Whether it had been recorded before.
    pub is_repeated: bool,
}
