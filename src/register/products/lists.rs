//! The dated lists in memory: every list and form asks for them, and they change with a decree or a new version of the program.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::types::Lists;

/// A list that another server or a new version wrote is seen after this time at the latest.
const FRESH_FOR: TimeDelta = TimeDelta::seconds(60);

/// The lists as they were read last.
#[derive(Debug, Default)]
pub(in crate::register) struct ListsCache(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    day: NaiveDate,
    read_at: DateTime<Utc>,
    lists: Arc<Lists>,
}

impl ListsCache {
    /// The lists of a day, if they were read lately.
    pub(super) fn find(&self, day: NaiveDate, now: DateTime<Utc>) -> Option<Arc<Lists>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.as_ref().filter(|kept| kept.day == day && (now - kept.read_at).abs() < FRESH_FOR);
        fresh.map(|kept| Arc::clone(&kept.lists))
    }

    /// Keeps what was just read.
    pub(super) fn keep(&self, day: NaiveDate, read_at: DateTime<Utc>, lists: Lists) -> Arc<Lists> {
        let lists = Arc::new(lists);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept { day, read_at, lists: Arc::clone(&lists) });
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_kept_for_their_own_day_and_a_minute() {
        let cache = ListsCache::default();
        let now: DateTime<Utc> = "2026-11-22T05:00:00Z".parse().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(cache.find(day("2026-11-22"), now).is_none());
        cache.keep(day("2026-11-22"), now, Lists::default());
        assert!(cache.find(day("2026-11-22"), now + TimeDelta::seconds(59)).is_some());
        assert!(cache.find(day("2026-11-22"), now + TimeDelta::seconds(60)).is_none());
        assert!(cache.find(day("2026-11-23"), now).is_none());
    }
}
