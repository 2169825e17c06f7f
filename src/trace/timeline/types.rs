//! A batch's chain as people read it, as values. Pure.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

pub use crate::ledger::{Kind, Seal};
use crate::stamp::BatchNo;
pub use crate::trace::balance::types::Words;
use crate::trace::types::{Amount, BatchRef, Doer, Sha256Hash, Step};

/// For whom a timeline is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Anyone who scans: no names, no notes, no suppliers.
    Anyone,
    /// Who reaches the batch.
    Keeper,
}

/// One page of a batch's timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Its lines, in the order of the chain.
    pub lines: Vec<TimelineLine>,
    /// The place before which there are older lines, if there are any.
    pub older: Option<u32>,
}

/// One line of the timeline: one entry of the batch's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineLine {
    /// Its place in the chain.
    pub n: u32,
    /// What kind of entry it is.
    pub kind: Kind,
    /// What happened.
    pub title: Words,
    /// More about entries that are no events: which stamps, what reason.
    pub detail: Option<Words>,
    /// The day, as declared.
    pub declared_on: NaiveDate,
    /// The time of day, when one was declared.
    pub declared_time: Option<NaiveTime>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Days between the day declared and the day it was recorded; 0 on the same day.
    pub delay_days: i64,
    /// Who recorded it, by role: "Cán bộ xã ghi thay".
    pub author: Words,
    /// Who typed it; for keepers alone.
    pub by: Option<Doer>,
    /// What an event says.
    pub event: Option<EventLine>,
    /// The line it says anew.
    pub corrects: Option<u32>,
    /// Present when a correction took its place: the line is shown struck.
    pub struck: Option<Struck>,
    /// Whether it is sealed, and by whom it was witnessed.
    pub seal: Seal,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    /// The step.
    pub step: Step,
    /// Village and commune.
    pub place: Option<String>,
    /// Free words of the place; for keepers alone.
    pub place_text: Option<String>,
    /// How much went in.
    pub taken: Option<Amount>,
    /// How much came out, left, or was destroyed.
    pub made: Option<Amount>,
    /// Which lots went in.
    pub inputs: Vec<InputLine>,
    /// Days of waiting after spraying.
    pub wait_days: Option<u16>,
    /// The note; for keepers alone.
    pub note: Option<String>,
    /// Photos.
    pub files: Vec<Sha256Hash>,
}

/// How much of which lot went in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine {
    /// Which lot.
    pub from: InputLot,
    /// How much of it.
    pub amount: Amount,
}

/// A lot that went in, as far as the reader may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputLot {
    /// Another batch.
    Batch(BatchRef),
    /// Another batch of which no more is known than its number.
    Number(BatchNo),
    /// A lot from outside; for anyone, and once its words were erased, without a word of what and whose it is.
    Outside(Option<Supply>),
}

/// What a keeper knows of a lot from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// What it is.
    pub product: String,
    /// From whom.
    pub supplier: Option<String>,
    /// Its lot or bill.
    pub lot: Option<String>,
    /// The day it came in.
    pub received_on: NaiveDate,
}

/// Which correction took a line's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struck {
    /// The correction's place in the chain.
    pub by_n: u32,
    /// The day it was recorded.
    pub on: NaiveDate,
    /// Why, for anyone; none once it was erased.
    pub reason: Option<String>,
}
