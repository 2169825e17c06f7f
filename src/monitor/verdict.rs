//! How an audit ends, from what it found. Pure: facts in, one outcome out. What is proven wrong weighs more than what could not be seen.

use chrono::{DateTime, TimeDelta, Utc};

use super::types::Outcome;

/// What was established.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts are established each by itself; any may hold beside any other"
)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Two checkpoints contradict each other.
    pub(super) is_forked: bool,
    /// The log shows less than it signed before.
    pub(super) is_rolled_back: bool,
    /// Something is not what was signed.
    pub(super) has_problems: bool,
    /// Something could not be read.
    pub(super) is_unread: bool,
    /// When the newest entry was recorded; none in an empty log.
    pub(super) newest: Option<DateTime<Utc>>,
    /// The time of the audit.
    pub(super) now: DateTime<Utc>,
    /// How old the newest entry may be.
    pub(super) stale_after: TimeDelta,
    /// Whether enough witnesses cosigned, or none were asked for.
    pub(super) has_quorum: bool,
}

/// Decides. A checkpoint says no time, so its age is that of its newest entry by the log's own clock; an empty log has no age.
pub(super) fn decide(facts: &Facts) -> Outcome {
    let is_old = facts.newest.is_some_and(|newest| facts.stale_after < facts.now - newest);
    if facts.is_forked {
        Outcome::Fork
    } else if facts.is_rolled_back {
        Outcome::Rollback
    } else if facts.has_problems {
        Outcome::Mismatch
    } else if facts.is_unread {
        Outcome::Unreachable
    } else if is_old || !facts.has_quorum {
        Outcome::Stale
    } else {
        Outcome::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Facts {
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        Facts {
            is_forked: false,
            is_rolled_back: false,
            has_problems: false,
            is_unread: false,
            newest: Some(now),
            now,
            stale_after: TimeDelta::hours(48),
            has_quorum: true,
        }
    }

    #[track_caller]
    fn check(facts: Facts, expected: Outcome) {
        assert_eq!(decide(&facts), expected);
    }

    #[test]
    fn a_log_with_nothing_against_it_is_whole() {
        check(whole(), Outcome::Whole);
        check(Facts { newest: None, ..whole() }, Outcome::Whole);
    }

    #[test]
    fn what_is_proven_weighs_more_than_what_could_not_be_read() {
        let all = Facts { is_forked: true, is_rolled_back: true, has_problems: true, is_unread: true, ..whole() };
        check(all, Outcome::Fork);
        check(Facts { is_forked: false, ..all }, Outcome::Rollback);
        check(Facts { is_forked: false, is_rolled_back: false, ..all }, Outcome::Mismatch);
        check(Facts { is_unread: true, has_quorum: false, ..whole() }, Outcome::Unreachable);
    }

    #[test]
    fn a_log_is_stale_once_its_newest_entry_is_older_than_asked() {
        let aged = |age| Facts { newest: Some(whole().now - age), ..whole() };
        check(aged(TimeDelta::hours(48)), Outcome::Whole);
        check(aged(TimeDelta::hours(48) + TimeDelta::seconds(1)), Outcome::Stale);
    }

    #[test]
    fn an_entry_from_a_clock_that_runs_ahead_is_not_stale() {
        check(Facts { newest: Some(whole().now + TimeDelta::hours(72)), ..whole() }, Outcome::Whole);
    }

    #[test]
    fn a_log_without_its_quorum_is_stale() {
        check(Facts { has_quorum: false, ..whole() }, Outcome::Stale);
    }
}
