//! Use cases of batches: open, list, mint, print. One use case is one transaction.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::types::{Actor, Scope};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::keys::types::Purpose;
use crate::keys::{KeyRoom, Keys};
use crate::register::policy::{MintRequest, may_mint};
use crate::register::types::Product;
use crate::register::{Register, find_product};
use crate::stamp::{BatchNo, Issuer, LastValidDay, ProductNo, Serial};

use super::high_water::{HighWater, Marks};
use super::print::{PrintJob, PrintedStamp};
use super::store::{self, After};
use super::types::{Batch, MintOrder, MintRun, OpenBatch, OrderKey, SerialRange};

/// How long a repeated order is recognised.
const ORDERS_KEPT: TimeDelta = TimeDelta::days(30);

/// What the batches of one deployment stand on.
#[derive(Clone)]
pub struct BatchesParts {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The keys.
    pub keys: Keys,
    /// The register.
    pub register: Register,
    /// Who issues.
    pub issuer: Issuer,
    /// What was handed out.
    pub high_water: HighWater,
}

/// The batches of one deployment.
#[derive(Clone)]
pub struct Batches {
    parts: BatchesParts,
}

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

/// One page of batches.
pub struct BatchPage {
    /// Open batches first, the newest first.
    pub batches: Vec<Batch>,
    /// Where the next page starts.
    pub next: Option<String>,
}

impl Batches {
    /// On these parts.
    pub fn new(parts: BatchesParts) -> Self {
        Self { parts }
    }

    /// The same batches at another time.
    #[must_use]
    pub fn at(&self, clock: Clock) -> Self {
        Self { parts: BatchesParts { clock, ..self.parts.clone() } }
    }

    /// Opens a batch of a product.
    pub async fn open_batch(&self, actor: &Actor, order: OpenBatch) -> Result<Batch> {
        actor.require(Scope::Office)?;
        let today = self.parts.clock.today();
        order.check(today)?;
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let product = find_product(conn, order.product_no, today).await?.ok_or(Error::NotFound(Thing::Product))?;
            let order = with_derived_last_day(order, &product);
            let token_id = actor.token_id().map(|id| id.0);
            if let Some(batch) = store::insert(conn, &order, self.parts.clock.now(), token_id).await? {
                return Ok(batch);
            }
            let taken_by = store::find_by_lot(conn, order.product_no, order.lot.as_str()).await?;
            let batch_no = taken_by.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
            Err(Error::LotTaken { lot: order.lot.as_str().to_owned(), batch_no })
        })
        .await
    }

    /// One batch.
    pub async fn find_batch(&self, batch_no: BatchNo) -> Result<Batch> {
        store::find(&mut *self.parts.db.conn().await?, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))
    }

    /// Open batches first; `cursor` is `next` of the page before.
    pub async fn list_batches(
        &self,
        product_no: Option<ProductNo>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<BatchPage> {
        let after = cursor.map(parse_cursor).transpose()?;
        let mut conn = self.parts.db.conn().await?;
        let mut batches = store::list(&mut conn, product_no, after, i64::from(limit) + 1).await?;
        let limit = usize::try_from(limit).map_err(Error::internal)?;
        let has_more = limit < batches.len();
        batches.truncate(limit);
        let next = if has_more { batches.last().map(cursor_of) } else { None };
        Ok(BatchPage { batches, next })
    }

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
        actor.require(Scope::Office)?;
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
        let batch = store::find_for_update(conn, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        let kept = actor.token_id().zip(key);
        if let Some((token_id, key)) = kept {
            store::forget_orders(conn, now - ORDERS_KEPT).await?;
            if let Some((body_hash, run)) = store::answered_order(conn, token_id.0, key, now - ORDERS_KEPT).await? {
                return if body_hash == key.body_hash {
                    Ok((batch, run, true))
                } else {
                    Err(Error::IdempotencyKeyReused)
                };
            }
        }
        if !batch.is_open {
            return Err(Error::BatchClosed { batch_no: batch_no.get() });
        }
        let product = find_product(conn, batch.product_no, today).await?.ok_or(Error::NotFound(Thing::Product))?;
        let request = MintRequest { packed_on: batch.packed_on, last_valid_day: batch.last_valid_day, today };
        may_mint(&product, request)?;
        let run = plan_run(&batch, order, room, now)?;
        store::set_next_serial(conn, batch_no, run.last.to_i32() + 1).await?;
        let run_no = store::insert_run(conn, &run, actor.token_id().map(|id| id.0)).await?;
        if let Some((token_id, key)) = kept {
            store::keep_order(conn, token_id.0, key, run_no, now).await?;
        }
        Ok((batch, run, false))
    }

    /// A range of stamps to print; without bounds, all that were minted (serial 0 only when asked for).
    pub async fn print_job(&self, batch_no: BatchNo, first: Option<Serial>, last: Option<Serial>) -> Result<PrintJob> {
        let mut conn = self.parts.db.conn().await?;
        let batch = store::find(&mut conn, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        let runs = store::runs(&mut conn, batch_no).await?;
        let lowest = runs.first().ok_or(Error::NotFound(Thing::Stamp))?.first;
        let highest = runs.last().ok_or(Error::NotFound(Thing::Stamp))?.last;
        if first.is_some_and(|first| highest < first) {
            return Err(Error::NotFound(Thing::Stamp));
        }
        let range = SerialRange::new(first.unwrap_or(lowest), last.unwrap_or(highest))?;
        drop(conn);
        let room = self.room_with(&runs).await?;
        PrintJob::new(batch, runs, range, room, self.parts.issuer.clone())
    }

    /// Notes that the scratch codes of a range leave the service; only for an actor who may have them.
    pub async fn record_scratch_export(&self, actor: &Actor, job: &PrintJob) -> Result<()> {
        actor.require(Scope::ScratchRead)?;
        let mut conn = self.parts.db.conn().await?;
        let token_id = actor.token_id().map(|id| id.0);
        store::record_scratch_export(&mut conn, job.batch.batch_no, job.range, token_id, self.parts.clock.now())
            .await?;
        Ok(())
    }

    /// The product of a batch, for what stands on its labels.
    pub async fn product_of(&self, batch: &Batch) -> Result<Product> {
        self.parts.register.find_product(batch.product_no).await
    }

    /// Moves every batch past the serials that the high-water file says were handed out, and the file up to the database.
    /// Returns the batches that lay behind: their later runs are lost, and scans of them will say "not issued".
    pub async fn reconcile_high_water(&self) -> Result<Vec<u32>> {
        let mut conn = self.parts.db.conn().await?;
        let high_water = self.parts.high_water.clone();
        let marks = tokio::task::spawn_blocking(move || high_water.marks()).await??;
        let (marks, behind) = conn.transaction(async |conn| raise_serials(conn, marks).await).await?;
        let high_water = self.parts.high_water.clone();
        tokio::task::spawn_blocking(move || high_water.rewrite(&marks)).await??;
        Ok(behind)
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

/// Raises batches to their marks and marks to their batches; returns the marks and the batches that lay behind.
async fn raise_serials(conn: &mut AsyncPgConnection, mut marks: Marks) -> Result<(Marks, Vec<u32>)> {
    let mut behind = Vec::new();
    for (batch_no, next_serial) in store::lock_serials(conn).await? {
        let mark = marks.entry(batch_no).or_insert(next_serial - 1);
        if next_serial <= *mark {
            let batch = BatchNo::try_from(batch_no).map_err(Error::internal)?;
            store::set_next_serial(conn, batch, *mark + 1).await?;
            behind.push(batch.get());
        }
        *mark = (next_serial - 1).max(*mark);
    }
    if let Some((&highest, _)) = marks.last_key_value() {
        store::skip_batch_numbers(conn, highest).await?;
    }
    Ok((marks, behind))
}

/// A batch without its own last day takes the product's shelf life, if the register has one.
fn with_derived_last_day(mut order: OpenBatch, product: &Product) -> OpenBatch {
    let derived = || product.shelf_life.and_then(|shelf_life| shelf_life.last_day(order.packed_on));
    order.last_valid_day = order.last_valid_day.or_else(derived);
    order
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
        let job = PrintJob::new(batch.clone(), vec![run], range, Arc::clone(room), issuer.clone())?;
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

/// `o12` behind open batch 12, `c12` behind closed batch 12.
fn cursor_of(batch: &Batch) -> String {
    format!("{}{}", if batch.is_open { 'o' } else { 'c' }, batch.batch_no)
}

fn parse_cursor(text: &str) -> Result<After> {
    let unknown = || Error::invalid("cursor", "cursor không đúng.", "unknown cursor");
    let (state, number) = text.split_at_checked(1).ok_or_else(unknown)?;
    let batch_no = number.parse().map_err(|_| unknown())?;
    match state {
        "o" => Ok(After { is_open: true, batch_no }),
        "c" => Ok(After { is_open: false, batch_no }),
        _ => Err(unknown()),
    }
}
