//! Reading the trail page by page.

use crate::accounts::Accounts;
use crate::error::Result;

use super::store;
use super::types::{ENTRIES_PER_PAGE, TrailEntry, TrailFilter};

/// Entries of a file that are read at once.
const ENTRIES_PER_READ: i64 = 1_000;

/// One page of the trail.
#[derive(Debug)]
pub(super) struct TrailPage {
    /// The newest first.
    pub(super) entries: Vec<TrailEntry>,
    /// Where the next page goes on, if there is one.
    pub(super) next_below: Option<i64>,
}

/// What the filters of the page offer.
#[derive(Debug)]
pub(super) struct TrailChoices {
    /// Acts that were ever done.
    pub(super) acts: Vec<String>,
    /// Number and name of every account.
    pub(super) people: Vec<(i32, String)>,
}

impl Accounts {
    /// One page of the trail, the newest entries first; `below` is where the page before ended.
    pub(super) async fn read_trail(&self, filter: &TrailFilter, below: Option<i64>) -> Result<TrailPage> {
        let limit = i64::try_from(ENTRIES_PER_PAGE).unwrap_or(i64::MAX);
        let mut entries = store::list(&mut *self.db.conn().await?, filter, below, limit + 1).await?;
        let has_more = ENTRIES_PER_PAGE < entries.len();
        entries.truncate(ENTRIES_PER_PAGE);
        let next_below = entries.last().filter(|_| has_more).map(|entry| entry.entry_no);
        Ok(TrailPage { entries, next_below })
    }

    /// The next piece of the whole trail as a file; empty at its end. Every piece takes a connection of its own, so a slow
    /// reader holds none.
    pub(super) async fn read_trail_piece(&self, filter: &TrailFilter, below: Option<i64>) -> Result<Vec<TrailEntry>> {
        Ok(store::list(&mut *self.db.conn().await?, filter, below, ENTRIES_PER_READ).await?)
    }

    /// What the filters offer.
    pub(super) async fn trail_choices(&self) -> Result<TrailChoices> {
        let mut conn = self.db.conn().await?;
        Ok(TrailChoices { acts: store::acts(&mut conn).await?, people: store::people(&mut conn).await? })
    }
}
