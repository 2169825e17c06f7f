//! The use case of the timeline.

use crate::error::{Error, Result};
use crate::stamp::BatchNo;
use crate::trace::events::events_after;
use crate::trace::service::Trace;

use super::combining::combine;
use super::types::{TimelineLine, Viewer};

impl Trace {
    /// A batch's chain as people read it; empty for a batch without entries. Whoever asks for a keeper has found the batch within
    /// their reach before.
    pub async fn timeline(&self, batch_no: BatchNo, viewer: Viewer) -> Result<Vec<TimelineLine>> {
        let lines = self.parts.ledger.lines_of(batch_no).await?;
        // No more events than lines: what is recorded in between waits for the next look.
        let n_lines = i64::try_from(lines.len()).map_err(Error::internal)?;
        let events = events_after(&mut *self.parts.db.conn().await?, batch_no, 0, n_lines).await?;
        Ok(combine(lines, events, viewer))
    }
}
