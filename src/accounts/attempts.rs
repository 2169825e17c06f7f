//! Slows down those who guess passwords: the longer the row of wrong ones for a login or from a network, the longer the wait
//! before the next is looked at. Kept in memory alone; what was typed and where from is written nowhere.
//!
//! The waits are short enough that nobody can keep another from signing in for long, and long enough that a password of the
//! least strength taken here stands for years.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Error, Result};
use crate::http::Network;

/// How a row of wrong passwords is slowed down.
struct Limits {
    /// Wrong ones that nobody waits for: people mistype.
    n_free: u32,
    /// The wait after the last free one; it doubles with each further one.
    first_wait: TimeDelta,
    /// The longest wait.
    longest_wait: TimeDelta,
    /// One wrong one is forgotten in this time.
    forgets_one_in: TimeDelta,
}

/// One person's: 12 wrong ones an hour in the long run.
const OF_LOGIN: Limits = Limits {
    n_free: 5,
    first_wait: TimeDelta::seconds(5),
    longest_wait: TimeDelta::minutes(5),
    forgets_one_in: TimeDelta::minutes(30),
};
/// A network may be a whole district behind one provider's address, so it is given more.
const OF_NETWORK: Limits = Limits {
    n_free: 30,
    first_wait: TimeDelta::seconds(1),
    longest_wait: TimeDelta::minutes(1),
    forgets_one_in: TimeDelta::seconds(20),
};
/// Doublings that count: the wait is at its longest well before, and what was held for longer is let go sooner.
const MAX_DOUBLINGS: u32 = 8;
/// Logins and networks kept at once (about 4 MB each); past that those with the fewest wrong ones are forgotten first.
const MAX_KEPT: usize = 65_536;

/// A row of wrong passwords.
#[derive(Clone, Copy)]
struct Row {
    /// When the last one was.
    last: DateTime<Utc>,
    /// When the whole row will be forgotten: each wrong one moves it on.
    forgotten_at: DateTime<Utc>,
}

impl Row {
    /// Wrong ones not forgotten yet, begun ones counted whole.
    fn n_wrong(&self, limits: &Limits, now: DateTime<Utc>) -> u32 {
        let left = (self.forgotten_at - now).num_milliseconds().max(0);
        let one = limits.forgets_one_in.num_milliseconds().max(1);
        u32::try_from(left.saturating_add(one - 1) / one).unwrap_or(u32::MAX)
    }

    fn free_at(&self, limits: &Limits, now: DateTime<Utc>) -> DateTime<Utc> {
        match self.n_wrong(limits, now).checked_sub(limits.n_free) {
            None => now,
            Some(n_more) => {
                let wait = limits.first_wait * 2_i32.pow(n_more.min(MAX_DOUBLINGS));
                self.last + wait.min(limits.longest_wait)
            }
        }
    }
}

struct Rows<K> {
    limits: Limits,
    kept: HashMap<K, Row>,
}

impl<K: Copy + Eq + Hash> Rows<K> {
    fn new(limits: Limits) -> Self {
        Self { limits, kept: HashMap::new() }
    }

    /// Seconds still to wait, if any.
    fn wait(&self, key: K, now: DateTime<Utc>) -> Option<u64> {
        let free_at = self.kept.get(&key)?.free_at(&self.limits, now);
        let left = u64::try_from((free_at - now).num_seconds()).ok()?;
        (now < free_at).then_some(left + 1)
    }

    fn add(&mut self, key: K, now: DateTime<Utc>) {
        if MAX_KEPT <= self.kept.len() && !self.kept.contains_key(&key) {
            self.kept.retain(|_, row| now < row.forgotten_at);
            if MAX_KEPT <= self.kept.len() {
                let least = self.kept.iter().min_by_key(|(_, row)| row.forgotten_at).map(|(key, _)| *key);
                least.map(|key| self.kept.remove(&key));
            }
        }
        let one = self.limits.forgets_one_in;
        let n_most = i32::try_from(self.limits.n_free + MAX_DOUBLINGS).unwrap_or(i32::MAX);
        let row = self.kept.entry(key).or_insert(Row { last: now, forgotten_at: now });
        row.last = now;
        row.forgotten_at = (row.forgotten_at.max(now) + one).min(now + one * n_most);
    }

    fn take_back(&mut self, key: K) {
        let one = self.limits.forgets_one_in;
        if let Some(row) = self.kept.get_mut(&key) {
            row.forgotten_at -= one;
        }
    }
}

/// The wrong passwords of the last hours, by login and by network.
pub(super) struct Attempts {
    /// Logins are kept as hashes: people type their password into the wrong field.
    hasher: RandomState,
    rows: Mutex<(Rows<u64>, Rows<Network>)>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { hasher: RandomState::new(), rows: Mutex::new((Rows::new(OF_LOGIN), Rows::new(OF_NETWORK))) }
    }
}

impl Attempts {
    /// Counts an attempt as wrong before it is made, so that attempts at the same time all count; refuses it while there is
    /// a wait. Unknown logins are counted alike.
    pub(super) fn begin(&self, login: &str, network: Option<Network>, now: DateTime<Utc>) -> Result<()> {
        let login = self.hasher.hash_one(login);
        let mut rows = self.lock();
        let of_network = network.and_then(|network| rows.1.wait(network, now));
        if let Some(retry_after_seconds) = rows.0.wait(login, now).max(of_network) {
            return Err(Error::TooManySignIns { retry_after_seconds });
        }
        rows.0.add(login, now);
        if let Some(network) = network {
            rows.1.add(network, now);
        }
        Ok(())
    }

    /// The password was right: the login's row is forgotten, and the network's is as it was.
    pub(super) fn was_right(&self, login: &str, network: Option<Network>) {
        let login = self.hasher.hash_one(login);
        let mut rows = self.lock();
        rows.0.kept.remove(&login);
        if let Some(network) = network {
            rows.1.take_back(network);
        }
    }

    /// Nobody looked at the password: the attempt does not count.
    pub(super) fn was_not_made(&self, login: &str, network: Option<Network>) {
        let login = self.hasher.hash_one(login);
        let mut rows = self.lock();
        rows.0.take_back(login);
        if let Some(network) = network {
            rows.1.take_back(network);
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Rows<u64>, Rows<Network>)> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::seconds(seconds)
    }

    fn network(n: u8) -> Network {
        Network::of([203, 0, n, 1].into())
    }

    /// Seconds to wait; none when the attempt was let through, and then it is counted as wrong.
    fn attempt(attempts: &Attempts, login: &str, network: Option<Network>, second: i64) -> Option<u64> {
        match attempts.begin(login, network, at(second)) {
            Ok(()) => None,
            Err(Error::TooManySignIns { retry_after_seconds }) => Some(retry_after_seconds),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn after_five_wrong_passwords_the_wait_doubles_up_to_five_minutes() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            assert_eq!(attempt(&attempts, "a", None, 0), None);
        }
        let mut now = 0;
        for expected in [5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300] {
            assert_eq!(attempt(&attempts, "a", None, now), Some(expected + 1));
            assert_eq!(
                attempt(&attempts, "a", None, now + 2),
                Some(expected - 1),
                "the refused attempt does not count"
            );
            now += i64::try_from(expected).unwrap();
            assert_eq!(attempt(&attempts, "a", None, now), None, "after {expected} s");
        }
        assert_eq!(attempt(&attempts, "b", None, now), None, "another login does not wait");
    }

    #[test]
    fn wrong_passwords_are_forgotten_one_each_half_hour() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempt(&attempts, "a", None, 0);
        }
        assert!(attempt(&attempts, "a", None, 1).is_some());
        assert_eq!(attempt(&attempts, "a", None, 30 * 60 + 1), None);
        assert!(attempt(&attempts, "a", None, 30 * 60 + 2).is_some());
        for _ in 0..5 {
            assert_eq!(attempt(&attempts, "a", None, 6 * 3600), None);
        }
    }

    #[test]
    fn a_network_that_tries_many_logins_waits_and_its_neighbours_do_not() {
        let attempts = Attempts::default();
        for n in 0..30 {
            assert_eq!(attempt(&attempts, &format!("login{n}"), Some(network(1)), 0), None);
        }
        assert_eq!(attempt(&attempts, "fresh", Some(network(1)), 0), Some(2));
        assert_eq!(attempt(&attempts, "fresh", Some(network(2)), 0), None);
    }

    #[test]
    fn right_passwords_cost_a_network_nothing_and_clear_the_login() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            for _ in 0..5 {
                assert_eq!(attempt(&attempts, "a", Some(network(1)), 0), None);
                attempts.was_right("a", Some(network(1)));
            }
        }
        for _ in 0..4 {
            attempt(&attempts, "a", None, 0);
        }
        assert_eq!(attempt(&attempts, "a", None, 0), None);
        attempts.was_right("a", None);
        assert_eq!(attempt(&attempts, "a", None, 0), None);
    }

    #[test]
    fn an_attempt_that_nobody_looked_at_does_not_count() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            assert_eq!(attempt(&attempts, "a", Some(network(1)), 0), None);
            attempts.was_not_made("a", Some(network(1)));
        }
    }

    #[test]
    fn what_is_kept_stays_bounded_and_the_longest_row_stays_longest() {
        let mut rows = Rows::new(OF_LOGIN);
        for _ in 0..5 {
            rows.add(u64::MAX, at(0));
        }
        for key in 0..u64::try_from(MAX_KEPT).unwrap() + 100 {
            rows.add(key, at(0));
        }
        assert_eq!(rows.kept.len(), MAX_KEPT);
        assert!(rows.wait(u64::MAX, at(0)).is_some());
    }
}
