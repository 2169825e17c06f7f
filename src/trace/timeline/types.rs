//! A batch's chain as people read it, as values. Pure.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

pub use crate::ledger::{Kind, Seal};
pub use crate::trace::balance::types::Words;
use crate::trace::types::{Amount, Doer, Input, Sha256Hash, Step};

/// For whom a timeline is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Anyone who scans: no names, no notes, no suppliers.
    Anyone,
    /// Who reaches the batch.
    Keeper,
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
    /// Which lots went in. For anyone a lot from outside has neither supplier nor lot.
    pub inputs: Vec<Input>,
    /// Days of waiting after spraying.
    pub wait_days: Option<u16>,
    /// The note; for keepers alone.
    pub note: Option<String>,
    /// Photos.
    pub files: Vec<Sha256Hash>,
}

/// Which correction took a line's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struck {
    /// The correction's place in the chain.
    pub by_n: u32,
    /// The day it was recorded.
    pub on: NaiveDate,
    /// Why; for keepers alone, since it may name people.
    pub reason: Option<String>,
}
