//! Minting and printing. An order is one transaction; signing and rendering run off the web workers.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::details;
use crate::accounts::types::{Actor, Scope};
use crate::batches::print::{PrintJob, PrintedStamp};
use crate::batches::quota::check_quota;
use crate::batches::service::Batches;
use crate::batches::store::{By, find, find_for_update, set_next_serial};
use crate::batches::trail::{Facts, record, record_in_ledger};
use crate::batches::types::{Batch, MintOrder, MintRun, OrderKey, SerialRange};
use crate::batches::voids::types::list_ranges;
use crate::batches::voids::voids_of;
use crate::error::{Error, Result, Thing};
use crate::keys::KeyRoom;
use crate::keys::types::Purpose;
use crate::ledger::Kind;
use crate::register::find_product;
use crate::stamp::{BatchNo, Issuer, LastValidDay, Serial};

use super::policy::may_order;
use super::store::{self, runs_of};

/// How long a repeated order is recognised.
const ORDERS_KEPT: TimeDelta = TimeDelta::days(30);

/// A run that was just minted, or that answered the same order before.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The run.
    pub run: MintRun,
    /// Its first stamp, verified before it is given out.
    pub first: PrintedStamp,
    /// Its last stamp, verified before it is given out.
    pub last: PrintedStamp,
    /// Whether the order had been answered before.
    pub is_repeated: bool,
}

impl Batches {
    /// Mints a run: one row, whatever its size.
    ///
    /// A crash before the commit leaves nothing; after it, the run exists and the same order finds it again.
    pub async fn mint_stamps(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        order: MintOrder,
        key: Option<OrderKey>,
    ) -> Result<Minted> {
        actor.require(Scope::StampsMint)?;
        let room = self.parts.keys.reload().await?;
        let mut conn = self.parts.db.conn().await?;
        let (batch, run, is_repeated) = conn
            .transaction(async |conn| self.mint_in_transaction(conn, actor, batch_no, order, key.as_ref(), &room).await)
            .await?;
        drop(conn);
        let high_water = self.parts.high_water.clone();
        let issuer = self.parts.issuer.clone();
        tokio::task::spawn_blocking(move || {
            high_water.note(run.batch_no, run.last)?;
            let (first, last) = sign_ends(&batch, run, &room, &issuer)?;
            Ok(Minted { run, first, last, is_repeated })
        })
        .await?
    }

    async fn mint_in_transaction(
        &self,
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        batch_no: BatchNo,
        order: MintOrder,
        key: Option<&OrderKey>,
        room: &KeyRoom,
    ) -> Result<(Batch, MintRun, bool)> {
        let (now, today) = (self.parts.clock.now(), self.parts.clock.today());
        let found = find_for_update(conn, &actor.writes(), batch_no).await?;
        let batch = found.ok_or(Error::NotFound(Thing::Batch))?;
        let by = By::of(actor);
        // The operator at the command line is nobody whose order could be told from another's.
        let kept = key.filter(|_| by.token.is_some() || by.account.is_some());
        if let Some(key) = kept {
            store::forget_orders(conn, now - ORDERS_KEPT).await?;
            if let Some((body_hash, run)) = store::answered_order(conn, by, key, now - ORDERS_KEPT).await? {
                return if body_hash == key.body_hash {
                    Ok((batch, run, true))
                } else {
                    Err(Error::IdempotencyKeyReused)
                };
            }
        }
        let product = find_product(conn, batch.product_no, today).await?.ok_or(Error::NotFound(Thing::Product))?;
        may_order(&batch, &product, today)?;
        let run = plan_run(&batch, order, room, now)?;
        check_quota(conn, &batch, &product, order.count).await?;
        set_next_serial(conn, batch_no, run.last.to_i32() + 1).await?;
        let run_no = store::insert_run(conn, &run, by).await?;
        if let Some(key) = kept {
            store::keep_order(conn, by, key, run_no, now).await?;
        }
        let facts = details([
            ("first", run.first.get().into()),
            ("last", run.last.get().into()),
            ("scratch", order.scratch.into()),
            ("product", run.product_no.get().into()),
            ("last_valid_day", run.last_valid_day.to_date().into()),
            ("key", run.stamp_key.get().into()),
        ]);
        record_in_ledger(conn, Kind::RunMinted, &batch, actor, now, Facts::public(facts)).await?;
        Ok((batch, run, false))
    }

    /// A range of stamps to print; without bounds, all that were minted (serial 0 only when asked for). Voided stamps are left
    /// out, and a range of nothing else is refused.
    /// Whoever may order stamps may print them, and nobody else: what is printed is a stamp.
    pub async fn print_job(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        first: Option<Serial>,
        last: Option<Serial>,
    ) -> Result<PrintJob> {
        let job = self.job_of(actor, batch_no, first, last).await?;
        if job.n_stamps() == 0 { Err(all_voided(job.range)) } else { Ok(job) }
    }

    /// One stamp to look at, voided or not.
    pub(in crate::batches) async fn stamp_job(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        serial: Serial,
    ) -> Result<PrintJob> {
        self.job_of(actor, batch_no, Some(serial), Some(serial)).await
    }

    async fn job_of(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        first: Option<Serial>,
        last: Option<Serial>,
    ) -> Result<PrintJob> {
        actor.require(Scope::StampsMint)?;
        let mut conn = self.parts.db.conn().await?;
        let batch = find(&mut conn, &actor.writes(), batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        let runs = runs_of(&mut conn, batch_no).await?;
        let voids = voids_of(&mut conn, batch_no).await?;
        let lowest = runs.first().ok_or(Error::NotFound(Thing::Stamp))?.first;
        let highest = runs.last().ok_or(Error::NotFound(Thing::Stamp))?.last;
        if first.is_some_and(|first| highest < first) {
            return Err(Error::NotFound(Thing::Stamp));
        }
        let range = SerialRange::new(first.unwrap_or(lowest), last.unwrap_or(highest))?;
        drop(conn);
        let room = self.room_with(&runs).await?;
        PrintJob::new(batch, runs, voids, range, room, self.parts.issuer.clone())
    }

    /// A batch's runs, lowest serial first.
    pub async fn list_runs(&self, actor: &Actor, batch_no: BatchNo) -> Result<Vec<MintRun>> {
        let mut conn = self.parts.db.conn().await?;
        find(&mut conn, &actor.reads(), batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        Ok(runs_of(&mut conn, batch_no).await?)
    }

    /// Notes that the scratch codes of a range leave the service; only for an actor who may have them.
    pub async fn record_scratch_export(&self, actor: &Actor, job: &PrintJob) -> Result<()> {
        actor.require(Scope::ScratchRead)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            store::record_scratch_export(conn, job.batch.batch_no, job.range, By::of(actor), now).await?;
            let facts = details([("first", job.range.first.get().into()), ("last", job.range.last.get().into())]);
            Ok(record(conn, "scratch.exported", &job.batch, actor, now, facts).await?)
        })
        .await
    }

    /// The opened keys, read again when a run names one that is not there yet.
    async fn room_with(&self, runs: &[MintRun]) -> Result<Arc<KeyRoom>> {
        let room = self.parts.keys.room();
        let is_there = |run: &MintRun| {
            let has_scratch = run.scratch_key.is_none_or(|key_no| room.scratch_key(key_no).is_some());
            has_scratch && room.signer(run.stamp_key).is_some() && room.code_key(run.code_key).is_some()
        };
        if runs.iter().all(is_there) { Ok(room) } else { self.parts.keys.reload().await }
    }
}

/// An empty sheet would tell nobody why it is empty.
fn all_voided(range: SerialRange) -> Error {
    let serials = list_ranges(&[range]);
    Error::refused(
        "stamp-voided",
        format!(
            "Mọi tem được chọn (số {serials}) đã hủy, không còn tem nào để in; xin chọn tem khác hoặc đặt thêm tem."
        ),
        format!("every stamp chosen ({serials}) is voided, none is left to print; choose others or order more stamps"),
    )
}

fn plan_run(batch: &Batch, order: MintOrder, room: &KeyRoom, now: chrono::DateTime<Utc>) -> Result<MintRun> {
    let n_left = batch.n_left();
    if n_left < order.count.get() {
        return Err(Error::SerialsExhausted { left: n_left });
    }
    let serial = |n| Serial::new(n).map_err(Error::internal);
    let last_valid_day = batch.last_valid_day.map(LastValidDay::from_date).transpose().map_err(Error::internal)?;
    Ok(MintRun {
        batch_no: batch.batch_no,
        first: serial(batch.next_serial)?,
        last: serial(batch.next_serial + order.count.get() - 1)?,
        product_no: batch.product_no,
        last_valid_day: last_valid_day.unwrap_or(LastValidDay::NONE),
        stamp_key: room.active(Purpose::Stamp, now)?,
        code_key: room.active(Purpose::Code, now)?,
        scratch_key: if order.scratch { Some(room.active(Purpose::Scratch, now)?) } else { None },
        minted_at: now,
    })
}

/// Signs the first and the last stamp of a run and verifies them as a stranger would, before anyone is told that they exist.
fn sign_ends(
    batch: &Batch,
    run: MintRun,
    room: &Arc<KeyRoom>,
    issuer: &Issuer,
) -> Result<(PrintedStamp, PrintedStamp)> {
    let end = |serial: Serial| {
        let range = SerialRange::new(serial, serial)?;
        let job = PrintJob::new(batch.clone(), vec![run], Vec::new(), range, Arc::clone(room), issuer.clone())?;
        let stamp = job.stamps().next().ok_or(Error::NotFound(Thing::Stamp))??;
        let verified = room.ring.verify_stamp(issuer, stamp.digits.as_bytes());
        match verified {
            Ok(verified) if verified.payload.serial == serial => Ok(stamp),
            _ => {
                Err(Error::internal(format!("stamp {serial} of batch {} does not verify after signing", run.batch_no)))
            }
        }
    };
    Ok((end(run.first)?, end(run.last)?))
}
