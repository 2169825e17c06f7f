//! The use case of the timeline.

use diesel_async::AsyncPgConnection;

use crate::error::{Error, Result};
use crate::ledger::{EntryNo, Kind, Line, entries_of_kind, private_of};
use crate::stamp::BatchNo;
use crate::trace::lots::batch_refs;
use crate::trace::service::Trace;

use super::combining::{Beside, CorrectedBy, PrivateData, combine, sees_words};
use super::entered::{Entered, NamedLot, corrected_by, event_of};
use super::store;
use super::types::{Timeline, Viewer};

/// Lines of one page of a timeline: more than most batches ever have.
const LINES_PER_PAGE: u32 = 100;
/// Most corrections behind the oldest line of a page that are looked through for those of its lines: some megabytes at the most.
const MAX_CORRECTIONS: u32 = 1_000;

impl Trace {
    /// The newest lines of a batch's chain as people read it, of those before a place if one is given; empty for a batch without
    /// entries. Whoever asks for a keeper has found the batch within their reach before.
    pub async fn timeline(&self, batch_no: BatchNo, viewer: Viewer, before: Option<u32>) -> Result<Timeline> {
        let lines = self.parts.ledger.lines_of(batch_no, before, LINES_PER_PAGE).await?;
        let Some(oldest) = lines.first().map(|line| line.n) else { return Ok(Timeline::default()) };
        let mut conn = self.parts.db.conn().await?;
        let beside = beside(&mut conn, batch_no, &lines, viewer).await?;
        let lines = combine(lines, &beside, viewer);
        Ok(Timeline { lines, older: Some(oldest).filter(|n| 1 < *n) })
    }
}

/// What is shown beside these lines. Anyone's timeline is made without the words of keepers, not merely shown without them.
async fn beside(conn: &mut AsyncPgConnection, batch_no: BatchNo, lines: &[Line], viewer: Viewer) -> Result<Beside> {
    let events: Vec<(&Line, Entered)> = lines.iter().filter_map(|line| Some((line, event_of(line)?))).collect();
    let mut beside = Beside::default();
    if let Some((first, _)) = events.first() {
        let later = entries_of_kind(conn, batch_no, Kind::Correction, first.n, MAX_CORRECTIONS).await?;
        for (entry_no, entry) in later {
            let Some((n, corrected)) = entry.n.zip(corrected_by(&entry.public)) else { continue };
            beside.corrections.insert(corrected, CorrectedBy { n, entry_no, recorded: entry.recorded });
        }
        let inputs = events.iter().flat_map(|(_, event)| &event.inputs);
        let batches = inputs.filter_map(|(lot, _)| match lot {
            NamedLot::Batch(batch_no) => Some(batch_no.to_i32()),
            NamedLot::Outside(_) => None,
        });
        beside.batches = batch_refs(conn, &batches.collect::<Vec<_>>()).await?;
        let stages: Vec<String> = events.iter().filter_map(|(_, event)| event.stage.clone()).collect();
        beside.english = store::english_names(conn, &stages).await?;
        if sees_words(viewer) {
            let places = events.iter().map(|(line, _)| i32::try_from(line.n).map_err(Error::internal));
            beside.doers = store::doers(conn, batch_no, &places.collect::<Result<Vec<_>>>()?).await?;
        }
    }
    let rulings = lines.iter().filter(|line| is_ruling(line.kind)).map(|line| line.entry_no);
    let told = events.iter().filter(|_| sees_words(viewer)).map(|(line, _)| line.entry_no);
    let struck = events.iter().filter_map(|(line, _)| beside.corrections.get(&line.n)).map(|by| by.entry_no);
    let mut with_words: Vec<EntryNo> = rulings.chain(told).chain(struck).collect();
    with_words.sort_unstable();
    with_words.dedup();
    beside.private = if with_words.is_empty() { PrivateData::new() } else { private_of(conn, &with_words).await? };
    Ok(beside)
}

/// Whether it is an act whose reason everyone is shown.
const fn is_ruling(kind: Kind) -> bool {
    matches!(kind, Kind::Suspended | Kind::Resumed | Kind::Recalled)
}
