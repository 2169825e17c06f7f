//! Slows down those who guess typed codes: 20 wrong ones a minute from one network, then none at all for the rest of it.
//! Networks are kept in memory for a minute and written nowhere.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Error, Result};

/// Wrong codes that one network may try in a window.
pub const MAX_WRONG_PER_NETWORK: u32 = 20;
/// The window.
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// Wrong codes of everyone in a window that call for a person: a country's typing errors stay far below.
const ALARM_WRONG: u32 = 600;
/// Networks kept at once (about 4 MB); past that the oldest windows are forgotten first.
const MAX_NETWORKS: usize = 65_536;

#[derive(Clone, Copy)]
struct Window {
    began: DateTime<Utc>,
    n_wrong: u32,
}

/// The wrong codes of the last minute, by network `N`.
pub struct Guesses<N> {
    networks: Mutex<HashMap<N, Window>>,
    everyone: Mutex<Window>,
}

impl<N: Copy + Eq + Hash> Default for Guesses<N> {
    fn default() -> Self {
        let everyone = Window { began: DateTime::UNIX_EPOCH, n_wrong: 0 };
        Self { networks: Mutex::default(), everyone: Mutex::new(everyone) }
    }
}

impl<N: Copy + Eq + Hash> Guesses<N> {
    /// Runs one check of a code, unless the network has tried too many wrong ones; then right ones get no answer either, or
    /// the refusals would tell them apart. The try is counted before it is made, so tries at the same time all count.
    pub fn check<T>(&self, network: N, now: DateTime<Utc>, is_right: impl FnOnce() -> Option<T>) -> Result<Option<T>> {
        self.take(network, now)?;
        let found = is_right();
        if found.is_some() {
            self.give_back(network);
        } else {
            self.count_for_everyone(now);
        }
        Ok(found)
    }

    fn take(&self, network: N, now: DateTime<Utc>) -> Result<()> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if MAX_NETWORKS <= networks.len() && !networks.contains_key(&network) {
            networks.retain(|_, window| now - window.began < WINDOW);
            if MAX_NETWORKS <= networks.len() {
                let oldest = networks.iter().min_by_key(|(_, window)| window.began).map(|(network, _)| *network);
                oldest.map(|network| networks.remove(&network));
            }
        }
        let window = networks.entry(network).or_insert(Window { began: now, n_wrong: 0 });
        if WINDOW <= now - window.began {
            *window = Window { began: now, n_wrong: 0 };
        }
        if MAX_WRONG_PER_NETWORK <= window.n_wrong {
            let left = (window.began + WINDOW - now).num_seconds().max(0);
            return Err(Error::TooManyCodes { retry_after_seconds: u64::try_from(left).unwrap_or(0) + 1 });
        }
        window.n_wrong += 1;
        Ok(())
    }

    fn give_back(&self, network: N) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = networks.get_mut(&network) {
            window.n_wrong = window.n_wrong.saturating_sub(1);
        }
    }

    fn count_for_everyone(&self, now: DateTime<Utc>) {
        let mut window = self.everyone.lock().unwrap_or_else(PoisonError::into_inner);
        if WINDOW <= now - window.began {
            *window = Window { began: now, n_wrong: 0 };
        }
        window.n_wrong += 1;
        if window.n_wrong == ALARM_WRONG {
            tracing::error!(alarm = "wrong-codes", n_wrong = window.n_wrong, "someone may be guessing typed codes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_21st_wrong_code_in_a_minute_is_not_checked_and_a_right_one_neither() {
        let guesses = Guesses::default();
        for _ in 0..20 {
            assert!(guesses.check(1, at(0), || None::<()>).unwrap().is_none());
        }
        assert_eq!(guesses.check(1, at(1), || Some(())).unwrap_err().code(), "too-many-codes");
        assert!(guesses.check(2, at(1), || Some(())).unwrap().is_some());
        assert!(guesses.check(1, at(60), || Some(())).unwrap().is_some());
    }

    #[test]
    fn right_codes_do_not_count() {
        let guesses = Guesses::default();
        for _ in 0..100 {
            assert!(guesses.check(1, at(0), || Some(())).unwrap().is_some());
        }
    }

    #[test]
    fn the_table_of_networks_stays_bounded() {
        let guesses = Guesses::default();
        for network in 0..MAX_NETWORKS + 10 {
            guesses.check(network, at(0), || None::<()>).unwrap();
        }
        assert_eq!(guesses.networks.lock().unwrap().len(), MAX_NETWORKS);
    }
}
