//! The only reader of wall time. Everything else is handed an instant or a day, so a test can stand at any date.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};

/// Vietnam has kept UTC+7 without daylight saving since 1975.
const HO_CHI_MINH_SECONDS_EAST: i32 = 7 * 3600;
/// Postgres keeps microseconds; an instant must read the same before and after it was stored.
const SUBSECOND_DIGITS: u16 = 6;

/// Where time comes from.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Seconds added to the system's time; moved by tests only.
    shift: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        let now = Utc::now() + TimeDelta::seconds(self.shift.load(Ordering::Relaxed));
        now.trunc_subsecs(SUBSECOND_DIGITS)
    }

    /// The present day in Asia/Ho_Chi_Minh: every day in this program is one of these.
    pub fn today(&self) -> NaiveDate {
        day_in_vietnam(self.now())
    }

    /// Stands this clock, and all its clones, at another instant from which it runs on.
    pub fn move_to(&self, instant: DateTime<Utc>) {
        self.shift.store((instant - Utc::now()).num_seconds(), Ordering::Relaxed);
    }
}

/// The calendar day of an instant in Asia/Ho_Chi_Minh.
pub fn day_in_vietnam(instant: DateTime<Utc>) -> NaiveDate {
    in_vietnam(instant).date_naive()
}

/// The instant at which a calendar day begins in Asia/Ho_Chi_Minh.
pub fn beginning_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::seconds(i64::from(HO_CHI_MINH_SECONDS_EAST))
}

/// An instant on Vietnam's clocks.
pub fn in_vietnam(instant: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(HO_CHI_MINH_SECONDS_EAST) {
        Some(offset) => instant.with_timezone(&offset),
        None => instant.fixed_offset(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_changes_at_17_hours_utc() {
        let at = |text: &str| day_in_vietnam(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-11-22T16:59:59Z"), "2026-11-22");
        assert_eq!(at("2026-11-22T17:00:00Z"), "2026-11-23");
        let begins = beginning_of(NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
        assert_eq!(begins, "2026-11-22T17:00:00Z".parse::<DateTime<Utc>>().unwrap());
    }
}
