//! A stage of a batch as the answer to a scan shows it. Pure.

use chrono::NaiveDate;

/// Most stages that travel with a scan: what stands on a phone's screen without scrolling.
pub const MAX_CARD_EVENTS: usize = 5;

/// An event that stands, by its name and day alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardEvent {
    /// Its name in Vietnamese.
    pub name_vi: String,
    /// Its name in English.
    pub name_en: String,
    /// The day, as declared.
    pub on: NaiveDate,
}
