//! The office's policy, quotas set by hand, and requests for more. One use case is one transaction.

use std::num::NonZeroU32;

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::details;
use crate::accounts::types::{Actor, Reach, Scope};
use crate::batches::minting::n_minted;
use crate::batches::service::Batches;
use crate::batches::standing::types::reason_of;
use crate::batches::store;
use crate::batches::store::By;
use crate::batches::trail::record;
use crate::batches::types::Batch;
use crate::error::{Error, Result, Thing};
use crate::register::find_product;
use crate::register::types::Product;
use crate::stamp::{BatchNo, Serial};

use super::policy::{Limit, check_order, limit_of, n_left, raised};
use super::store::{Wanted, decide_request, insert_request, lock_request, policy, requests, set_policy};
use super::types::{QuotaDecision, QuotaPolicy, QuotaRequest, QuotaState};

/// Requests on one page: a province has a few a week.
const MAX_SHOWN: i64 = 100;

/// The requests of the office's page.
#[derive(Clone, Debug, Default)]
pub struct QuotaRequests {
    /// Those that wait, the oldest first.
    pub waiting: Vec<QuotaRequest>,
    /// Those that were decided, the latest first.
    pub decided: Vec<QuotaRequest>,
}

impl Batches {
    /// The office's policy.
    pub async fn quota_policy(&self) -> Result<QuotaPolicy> {
        Ok(policy(&mut *self.parts.db.conn().await?).await?)
    }

    /// Writes the policy over the version it was opened at.
    pub async fn set_quota_policy(&self, actor: &Actor, wanted: QuotaPolicy) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            if !set_policy(conn, wanted).await? {
                return Err(Error::EditConflict);
            }
            let facts =
                details([("is_enforced", wanted.is_enforced.into()), ("margin_percent", wanted.margin_percent.into())]);
            Ok(crate::batches::trail::record_policy(conn, actor, now, facts).await?)
        })
        .await
    }

    /// Sets a batch's quota by hand, or takes it away.
    pub async fn set_max_stamps(
        &self,
        actor: &Actor,
        batch_no: BatchNo,
        max_stamps: Option<u32>,
        opened_version: i32,
    ) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let column = max_stamps.map(max_stamps_column).transpose()?;
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let batch = locked(conn, &actor.writes(), batch_no).await?;
            if batch.version != opened_version {
                return Err(Error::EditConflict);
            }
            store::set_max_stamps(conn, &batch, column).await?;
            let facts = details([("was", batch.max_stamps.into()), ("max_stamps", max_stamps.into())]);
            Ok(record(conn, "quota.set", &batch, actor, now, facts).await?)
        })
        .await
    }

    /// Asks the office for more stamps than the quota leaves. A batch has one request waiting at a time.
    pub async fn ask_quota(&self, actor: &Actor, batch_no: BatchNo, n_stamps: NonZeroU32, reason: &str) -> Result<i32> {
        actor.require(Scope::StampsMint)?;
        let (now, today) = (self.parts.clock.now(), self.parts.clock.today());
        let reason = reason_of(reason)?;
        let column = max_stamps_column(n_stamps.get())?;
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let batch = locked(conn, &actor.writes(), batch_no).await?;
            let product = product_of(conn, &batch, today).await?;
            let limit = limit_of(&batch, &product, policy(conn).await?);
            needs_asking(limit, count(conn, batch_no).await?, n_stamps)?;
            let request_no = insert_request(conn, batch_no, column, &reason, By::of(actor), now).await?;
            let request_no = request_no.ok_or_else(already_waiting)?;
            let facts = details([
                ("request", request_no.into()),
                ("count", n_stamps.get().into()),
                ("reason", reason.as_str().into()),
            ]);
            record(conn, "quota.asked", &batch, actor, now, facts).await?;
            Ok(request_no)
        })
        .await
    }

    /// Lets a batch have the stamps asked for, or not. An approval raises the batch's quota by hand.
    pub async fn decide_quota(&self, actor: &Actor, request_no: i32, decision: QuotaDecision) -> Result<()> {
        actor.require(Scope::Office)?;
        let (now, today) = (self.parts.clock.now(), self.parts.clock.today());
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let found = lock_request(conn, request_no).await?.ok_or(Error::NotFound(Thing::Request))?;
            let (batch_no, n_stamps, is_waiting) = found;
            if !is_waiting {
                return Err(decided_already());
            }
            let batch_no = BatchNo::try_from(batch_no).map_err(Error::internal)?;
            let n_stamps = u32::try_from(n_stamps).map_err(Error::internal)?;
            let batch = locked(conn, &actor.writes(), batch_no).await?;
            let (state, note) = match decision {
                QuotaDecision::Approve => {
                    let product = product_of(conn, &batch, today).await?;
                    let limit = limit_of(&batch, &product, policy(conn).await?);
                    let max_stamps = raised(limit, count(conn, batch_no).await?, n_stamps);
                    store::set_max_stamps(conn, &batch, Some(max_stamps_column(max_stamps)?)).await?;
                    (QuotaState::Approved, None)
                }
                QuotaDecision::Refuse { note } => (QuotaState::Refused, Some(reason_of(&note)?)),
            };
            decide_request(conn, request_no, state, note.as_deref(), By::of(actor), now).await?;
            let facts = details([
                ("request", request_no.into()),
                ("count", n_stamps.into()),
                ("state", state.as_str().into()),
                ("note", note.into()),
            ]);
            Ok(record(conn, "quota.decided", &batch, actor, now, facts).await?)
        })
        .await
    }

    /// Requests within the reader's reach.
    pub async fn quota_requests(&self, actor: &Actor) -> Result<QuotaRequests> {
        let reach = actor.reads();
        let mut conn = self.parts.db.conn().await?;
        let waiting = requests(&mut conn, &reach, Wanted::Waiting, MAX_SHOWN).await?;
        Ok(QuotaRequests { waiting, decided: requests(&mut conn, &reach, Wanted::Decided, MAX_SHOWN).await? })
    }
}

/// The quota of a batch, and the request that was last made for it.
pub(in crate::batches) async fn quota_of(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    batch: &Batch,
    product: &Product,
) -> Result<(Limit, Option<QuotaRequest>)> {
    let limit = limit_of(batch, product, policy(conn).await?);
    let last_request = requests(conn, reach, Wanted::OfBatch(batch.batch_no), 1).await?.pop();
    Ok((limit, last_request))
}

/// Refuses an order above the quota, inside the transaction that holds the batch's row.
pub(in crate::batches) async fn check_quota(
    conn: &mut AsyncPgConnection,
    batch: &Batch,
    product: &Product,
    order: NonZeroU32,
) -> Result<()> {
    let limit = limit_of(batch, product, policy(conn).await?);
    match limit {
        Limit::None(_) => Ok(()),
        Limit::UpTo { .. } => check_order(limit, count(conn, batch.batch_no).await?, order.get()),
    }
}

/// Refuses a request for what may be ordered without asking.
fn needs_asking(limit: Limit, n_minted: u32, n_stamps: NonZeroU32) -> Result<()> {
    match n_left(limit, n_minted) {
        Some(left) if left < n_stamps.get() => Ok(()),
        _ => Err(Error::refused(
            "quota-not-exceeded",
            "Số tem này đặt được ngay, không cần đề nghị.",
            "so many stamps can be ordered without asking",
        )),
    }
}

fn already_waiting() -> Error {
    Error::refused(
        "request-waiting",
        "Lô này đã có một đề nghị đang chờ văn phòng; xin đợi trả lời.",
        "a request for this batch is waiting for the office; wait for the answer",
    )
}

/// Someone else was faster.
pub(in crate::batches) fn decided_already() -> Error {
    Error::refused(
        "request-decided",
        "Đề nghị này đã được giải quyết trước đó.",
        "this request has been decided already",
    )
}

async fn locked(conn: &mut AsyncPgConnection, reach: &Reach, batch_no: BatchNo) -> Result<Batch> {
    store::find_for_update(conn, reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))
}

async fn product_of(conn: &mut AsyncPgConnection, batch: &Batch, today: chrono::NaiveDate) -> Result<Product> {
    find_product(conn, batch.product_no, today).await?.ok_or(Error::NotFound(Thing::Product))
}

async fn count(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> Result<u32> {
    u32::try_from(n_minted(conn, batch_no).await?).map_err(Error::internal)
}

fn max_stamps_column(n_stamps: u32) -> Result<i32> {
    let serial = Serial::new(n_stamps)
        .map_err(|_| Error::invalid("count", "Số tem nhiều nhất là 16.777.215.", "at most 16777215 stamps a batch"))?;
    Ok(serial.to_i32())
}
