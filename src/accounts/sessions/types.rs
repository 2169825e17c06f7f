//! How long a session holds. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::types::{Role, SessionId};

/// At a desk that others may come to: a night ends it, a lunch break does not.
const IDLE_AT_A_DESK: TimeDelta = TimeDelta::hours(12);
/// On a phone that one person carries: a producer who opens one batch a month is not asked each time.
const IDLE_ON_A_PHONE: TimeDelta = TimeDelta::days(30);
/// The longest that any session holds, however much it is used.
pub(in crate::accounts) const LONGEST: TimeDelta = TimeDelta::days(90);
/// `last_seen_at` is written no more often than this: a page is a read, not a write.
pub(in crate::accounts) const SEEN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// How long a session of this role holds without a request.
pub(in crate::accounts) const fn idle_limit(role: Role) -> TimeDelta {
    match role {
        Role::Office | Role::Officer | Role::Auditor => IDLE_AT_A_DESK,
        Role::Producer | Role::Inspector => IDLE_ON_A_PHONE,
    }
}

/// Sessions of one account at the same time; the one left alone longest makes room.
pub(in crate::accounts) const MAX_SESSIONS: usize = 20;
/// How long the row of a session that is over is kept.
pub(in crate::accounts) const KEPT_AFTER_ITS_END: TimeDelta = TimeDelta::days(30);

/// How long a browser keeps a session's cookie when it is closed: on a phone, which closes it all the time, as long as the
/// session can hold; at a desk not at all.
pub(in crate::accounts) const fn kept_by_the_browser(role: Role) -> Option<TimeDelta> {
    match role {
        Role::Office | Role::Officer | Role::Auditor => None,
        Role::Producer | Role::Inspector => Some(LONGEST),
    }
}

/// What decides whether a session still holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounts) struct Standing {
    pub(in crate::accounts) role: Role,
    pub(in crate::accounts) last_seen_at: DateTime<Utc>,
    pub(in crate::accounts) expires_at: DateTime<Utc>,
    pub(in crate::accounts) ended_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Whether the session opens anything at this instant.
    pub(in crate::accounts) fn holds(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now < self.last_seen_at + idle_limit(self.role)
    }
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its number.
    pub session_id: SessionId,
    /// Browser and system, for telling one's devices apart.
    pub device: String,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to five minutes.
    pub last_seen_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(role: Role, seen_hours_ago: i64, expires_in_hours: i64, ended: bool, expected: bool) {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1_000);
        let standing = Standing {
            role,
            last_seen_at: now - TimeDelta::hours(seen_hours_ago),
            expires_at: now + TimeDelta::hours(expires_in_hours),
            ended_at: ended.then_some(now),
        };
        assert_eq!(standing.holds(now), expected, "{standing:?}");
    }

    #[test]
    fn a_session_holds_until_it_is_ended_left_alone_or_old() {
        check(Role::Office, 11, 1, false, true);
        check(Role::Office, 12, 1, false, false);
        check(Role::Officer, 12, 1, false, false);
        check(Role::Auditor, 12, 1, false, false);
        check(Role::Producer, 29 * 24, 1, false, true);
        check(Role::Producer, 30 * 24, 1, false, false);
        check(Role::Inspector, 29 * 24, 1, false, true);
        check(Role::Producer, 1, 0, false, false);
        check(Role::Producer, 1, 1, true, false);
    }
}
