//! Use cases of events. Recording is one transaction that holds the batch's row: the order it answers, the event, its edges, its
//! ledger entry and its line in the trail commit together or not at all.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{self, Act, details};
use crate::accounts::author::author_of;
use crate::accounts::types::{Actor, Reach, Scope};
use crate::batches::find_batch_for_update;
use crate::batches::types::Batch;
use crate::error::{Error, Result, Thing};
use crate::files::clean_photo;
use crate::ledger::{self, Draft, Kind};
use crate::stamp::BatchNo;
use crate::trace::lots::known_inputs;
use crate::trace::lots::types::Source;
use crate::trace::service::Trace;
use crate::trace::stages::types::Stage;
use crate::trace::stages::{find_stage, no_stage, template_of};
use crate::trace::types::{
    Correction, Event, NewEvent, NewPlace, Note, OrderKey, Place, Recorded, Sha256Hash, StageNo, Step, What,
};

use super::entry::{Told, private_of, public_of};
use super::policy::{Ground, check_event, check_latest, may_correct, may_record};
use super::store::{self, CommuneRef, ProductGround};
use super::writing::{self, Stamped};

/// How long an event that is sent again is recognised.
const ORDERS_KEPT: TimeDelta = TimeDelta::days(30);
/// Most events that are listed at once.
pub const MAX_EVENTS_LISTED: u32 = 1_000;

/// What is recorded: an event, or an earlier one said anew.
#[derive(Clone, Copy)]
struct Telling<'a> {
    event: &'a NewEvent,
    corrects: Option<(u32, &'a Note)>,
}

impl Trace {
    /// Records an event of a batch. Sent again under the same key it is answered with the first.
    ///
    /// A crash before the commit leaves nothing but photos that nobody names; after it, the same order finds the event again.
    pub async fn record_event(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        mut event: NewEvent,
        key: Option<OrderKey>,
    ) -> Result<Recorded> {
        event.when = event.when.to_the_minute();
        self.tell(actor, batch_no, Telling { event: &event, corrects: None }, key).await
    }

    /// Says an earlier event anew. The old line stays and is shown struck; only the latest that was said can be corrected.
    pub async fn correct_event(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        mut correction: Correction,
        key: Option<OrderKey>,
    ) -> Result<Recorded> {
        correction.event.when = correction.event.when.to_the_minute();
        let corrects = Some((correction.n, &correction.reason));
        self.tell(actor, batch_no, Telling { event: &correction.event, corrects }, key).await
    }

    async fn tell(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        telling: Telling<'_>,
        key: Option<OrderKey>,
    ) -> Result<Recorded> {
        actor.require(Scope::BatchesWrite)?;
        if !telling.event.files.is_empty() {
            self.batch_within(&mut *self.parts.db.conn().await?, &actor.writes(), batch_no).await?;
            // Without a connection in hand: the files may be slow.
            self.check_files(&telling.event.files).await?;
        }
        let mut conn = self.parts.db.conn().await?;
        let (n, is_repeated) = conn
            .transaction(async |conn| self.tell_in_transaction(conn, actor, batch_no, telling, key.as_ref()).await)
            .await?;
        let event = store::find_event(&mut conn, batch_no, n).await?.ok_or_else(no_event)?;
        Ok(Recorded { event, is_repeated })
    }

    /// Photos are kept before they are named, and looked for before the batch is held.
    async fn check_files(&self, files: &[Sha256Hash]) -> Result<()> {
        for hash in files {
            if !self.parts.files.has(*hash).await? {
                return Err(Error::invalid(
                    "photo",
                    "Có ảnh chưa gửi lên được; xin chọn lại ảnh.",
                    "a photo that is named was not kept; hand it in first",
                ));
            }
        }
        Ok(())
    }

    async fn tell_in_transaction(
        &self,
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        batch_no: BatchNo,
        telling: Telling<'_>,
        key: Option<&OrderKey>,
    ) -> Result<(i32, bool)> {
        let now = self.parts.clock.now();
        let found = find_batch_for_update(conn, &actor.writes(), batch_no).await?;
        let batch = found.ok_or(Error::NotFound(Thing::Batch))?;
        let keeper = writing::keeper_of(actor);
        let kept = keeper.as_deref().zip(key);
        if let Some((keeper, key)) = kept {
            writing::forget_orders(conn, keeper, now - ORDERS_KEPT).await?;
            if let Some((body_hash, n)) = writing::answered_order(conn, keeper, key, now - ORDERS_KEPT).await? {
                return if body_hash == key.body_hash { Ok((n, true)) } else { Err(Error::IdempotencyKeyReused) };
            }
        }
        let struck_stage = match telling.corrects {
            None => {
                may_record(&batch)?;
                None
            }
            Some((n, _)) => {
                may_correct(&batch)?;
                strike(conn, batch_no, n).await?
            }
        };
        let (stage, step) = stage_of(conn, &batch, telling.event.what, struck_stage).await?;
        let n = self.write(conn, actor, &batch, telling, (stage.as_ref(), step), now).await?;
        if let Some((keeper, key)) = kept {
            writing::keep_order(conn, keeper, key, (batch_no, n), now).await?;
        }
        Ok((n, false))
    }

    /// Checks the event against what it names and writes it; returns its place in the chain.
    async fn write(
        &self,
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        batch: &Batch,
        telling: Telling<'_>,
        (stage, step): (Option<&Stage>, Step),
        now: DateTime<Utc>,
    ) -> Result<i32> {
        let Telling { event, corrects } = telling;
        let product = store::product_ground(conn, batch.product_no).await?;
        check_event(event, Ground { batch, stage, step, pack: product.pack.as_ref(), now })?;
        let (place, commune) = place_of(conn, &event.place, product).await?;
        let today = self.parts.clock.today();
        let inputs = known_inputs(conn, batch, &event.inputs, corrects.map(|(n, _)| n), now, today).await?;
        let told = Told { event, stage, step, place: &place, inputs: &inputs, corrects };
        let draft = Draft {
            kind: if corrects.is_some() { Kind::Correction } else { Kind::Event },
            batch: Some(batch.batch_no),
            at: event.when.instant(),
            author: author_of(actor),
            public: public_of(&told),
            private: private_of(&told),
        };
        let appended = ledger::append(conn, &draft, now).await?;
        let n = appended.n.and_then(|n| i32::try_from(n).ok());
        let n = n.ok_or_else(|| Error::internal("an entry of a batch without a place in its chain"))?;
        let stamped = Stamped {
            batch_no: batch.batch_no,
            n,
            entry_no: appended.entry_no,
            commune: commune.as_ref(),
            recorded_at: now,
            role: draft.author.role,
            actor,
        };
        writing::insert_event(conn, &told, stamped).await?;
        record(conn, actor, batch, &told, n, now).await?;
        Ok(n)
    }

    /// A batch's events in their order, struck ones included, at most `MAX_EVENTS_LISTED`.
    pub async fn list_events(&self, reach: &Reach, batch_no: BatchNo) -> Result<Vec<Event>> {
        self.list_events_after(reach, batch_no, 0).await
    }

    /// The same behind a place in the chain.
    pub async fn list_events_after(&self, reach: &Reach, batch_no: BatchNo, n: u32) -> Result<Vec<Event>> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        let n = i32::try_from(n).unwrap_or(i32::MAX);
        Ok(store::events_after(&mut conn, batch_no, n, i64::from(MAX_EVENTS_LISTED)).await?)
    }

    /// One event of a batch.
    pub async fn find_event(&self, reach: &Reach, batch_no: BatchNo, n: u32) -> Result<Event> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        let n = i32::try_from(n).map_err(|_| no_event())?;
        store::find_event(&mut conn, batch_no, n).await?.ok_or_else(no_event)
    }

    /// What the same producer told last of this stage, of the same product if there is anything: what a form proposes.
    pub async fn last_event_like(&self, reach: &Reach, batch_no: BatchNo, what: What) -> Result<Option<Event>> {
        let mut conn = self.parts.db.conn().await?;
        let batch = self.batch_within(&mut conn, reach, batch_no).await?;
        match store::last_like(&mut conn, (batch.producer_no, batch.product_no), what).await? {
            Some((batch_no, n)) => {
                let batch_no = BatchNo::try_from(batch_no).map_err(Error::internal)?;
                Ok(store::find_event(&mut conn, batch_no, n).await?)
            }
            None => Ok(None),
        }
    }

    /// What was done last, of what stands: a form proposes what comes behind it.
    pub async fn last_done(&self, reach: &Reach, batch_no: BatchNo) -> Result<Option<What>> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        Ok(store::last_standing_stage(&mut conn, batch_no).await?)
    }

    /// Draws a photo anew and keeps it, for an event of this batch that is told next. Until an event names it, nobody is shown it.
    pub async fn keep_photo(&self, actor: &Actor, batch_no: BatchNo, bytes: Vec<u8>) -> Result<Sha256Hash> {
        actor.require(Scope::BatchesWrite)?;
        self.batch_within(&mut *self.parts.db.conn().await?, &actor.writes(), batch_no).await?;
        self.parts.files.put(clean_photo(bytes).await?.jpeg).await
    }

    /// What the producer of a batch has told before, of whichever batch: what a form can be filled in from.
    pub async fn told_before(&self, reach: &Reach, batch_no: BatchNo) -> Result<Vec<What>> {
        let mut conn = self.parts.db.conn().await?;
        let batch = self.batch_within(&mut conn, reach, batch_no).await?;
        Ok(store::told_before(&mut conn, batch.producer_no).await?)
    }

    /// A photo of an event, for anyone: what is in the ledger is public. Struck events keep theirs.
    pub async fn photo_of_event(&self, hash: Sha256Hash) -> Result<Vec<u8>> {
        if !store::is_of_an_event(&mut *self.parts.db.conn().await?, hash).await? {
            return Err(Error::NotFound(Thing::File));
        }
        self.parts.files.get(hash).await?.ok_or(Error::NotFound(Thing::File))
    }
}

fn no_event() -> Error {
    Error::NotFound(Thing::Event)
}

/// Strikes an event that stands and returns its stage. One that was corrected already is corrected at its latest line.
async fn strike(conn: &mut AsyncPgConnection, batch_no: BatchNo, n: u32) -> Result<Option<StageNo>> {
    let place = i32::try_from(n).map_err(|_| no_event())?;
    if let Some(struck) = writing::strike(conn, batch_no, place).await? {
        return Ok(struck.stage_no);
    }
    let event = store::find_event(conn, batch_no, place).await?.ok_or_else(no_event)?;
    check_latest(n, event.corrected_by)?;
    Err(no_event())
}

/// The stage that was chosen, which belongs to the product's template and is open. A correction may keep the stage of the event it
/// corrects, whatever became of it.
async fn stage_of(
    conn: &mut AsyncPgConnection,
    batch: &Batch,
    what: What,
    struck_stage: Option<StageNo>,
) -> Result<(Option<Stage>, Step)> {
    let stage_no = match what {
        What::Step(step) => return Ok((None, step)),
        What::Stage(stage_no) => stage_no,
    };
    let stage = find_stage(conn, stage_no).await?.ok_or_else(no_stage)?;
    let template = template_of(conn, &Reach::Everything, batch.product_no).await?;
    let is_offered = stage.closed_at.is_none() && template.as_deref() == Some(stage.template.as_str());
    if !is_offered && struck_stage != Some(stage_no) {
        return Err(no_stage());
    }
    let step = stage.step;
    Ok((Some(stage), step))
}

/// The place as it is recorded, and its commune in the life that it has now.
async fn place_of(
    conn: &mut AsyncPgConnection,
    place: &NewPlace,
    product: ProductGround,
) -> Result<(Place, Option<CommuneRef>)> {
    let (commune, village, text) = match place {
        NewPlace::Own => (product.commune, product.village, None),
        NewPlace::Commune(code) => {
            let commune = store::commune_today(conn, code).await?.ok_or_else(|| {
                Error::invalid("place", "Không có xã mang mã này; xin chọn lại.", "there is no commune of this code")
            })?;
            (Some(commune), None, None)
        }
        NewPlace::Text(text) => (None, None, Some(text.as_str().to_owned())),
    };
    let named = commune.as_ref().map(|commune| (commune.code.clone(), commune.name.clone()));
    Ok((Place { commune: named, village, text }, commune))
}

/// The trail's line: numbers and codes, never words of a person.
async fn record(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    batch: &Batch,
    told: &Told<'_>,
    n: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    let inputs = told.inputs.iter().map(|input| match &input.source {
        Source::Batch(batch_no) => batch_no.to_string(),
        Source::Outside(lot) => format!("outside {}", lot.lot_no.0),
    });
    let inputs: Vec<String> = inputs.collect();
    let stage = told.stage.map_or_else(|| told.step.as_str().to_owned(), Stage::full_code);
    let details = details([
        ("line", n.into()),
        ("corrects", told.corrects.map(|(n, _)| n).into()),
        ("stage", stage.into()),
        ("inputs", (!inputs.is_empty()).then_some(inputs).into()),
    ]);
    let act = if told.corrects.is_some() { "event.corrected" } else { "event.recorded" };
    let thing = format!("batch {}", batch.batch_no);
    let producer_no = Some(batch.producer_no);
    Ok(audit::record(conn, Act { act, thing, producer_no, details, actor, at }).await?)
}
