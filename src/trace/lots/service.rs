//! Use cases of lots: looking up what an event names, choosing, sharing. A lot that is not there and a lot that was not shared get
//! the same answer.

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{self, Act, details};
use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::batches::types::Batch;
use crate::batches::{find_batch, find_batch_for_update};
use crate::error::{Error, Result, Thing};
use crate::stamp::BatchNo;
use crate::text::kept_text;
use crate::trace::events::check_input_unit;
use crate::trace::graph::leads_to;
use crate::trace::service::Trace;
use crate::trace::types::{Against, InputFrom, NewInput, OutsideLot, OutsideLotDraft};

use super::store;
use super::types::{KnownInput, LotChoices, MAX_SEARCH_CHARS, Share, ShareWith, Source};

/// Lots of each kind that a form offers; a search finds the others.
const MAX_CHOICES: i64 = 20;
/// Words of a search that are looked at.
const MAX_WORDS: usize = 6;

/// The words of a search.
fn words_of(search: &str) -> Vec<String> {
    let search: String = kept_text(search).chars().take(MAX_SEARCH_CHARS).collect();
    search.split_whitespace().take(MAX_WORDS).map(str::to_owned).collect()
}

/// The inputs of an event of `batch`, looked up, with the graph held when edges between batches are drawn; lots from outside that
/// are new are made known. The caller holds the batch's row.
pub(in crate::trace) async fn known_inputs(
    conn: &mut AsyncPgConnection,
    batch: &Batch,
    inputs: &[NewInput],
    corrects: Option<u32>,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Vec<KnownInput>> {
    let batch_nos: Vec<i32> = inputs.iter().filter_map(batch_of).map(BatchNo::to_i32).collect();
    let lot_nos: Vec<i32> = inputs.iter().filter_map(known_lot_of).collect();
    let usable = if batch_nos.is_empty() {
        Vec::new()
    } else {
        store::lock_graph(conn).await?;
        store::usable_batches(conn, batch.producer_no, &batch_nos).await?
    };
    // A correction may keep a lot that was recalled since: what went in stays told.
    let corrects = corrects.and_then(|n| i32::try_from(n).ok()).filter(|_| !batch_nos.is_empty());
    let named_before = match corrects {
        Some(n) => store::batches_named_by(conn, batch.batch_no, n).await?,
        None => Vec::new(),
    };
    let lots = if lot_nos.is_empty() {
        Vec::new()
    } else {
        store::own_outside_lots(conn, batch.producer_no, &lot_nos).await?
    };
    let mut known = Vec::with_capacity(inputs.len());
    for input in inputs {
        let source = match &input.from {
            InputFrom::Batch(batch_no) => {
                let found = usable.iter().find(|usable| usable.batch_no == batch_no.to_i32());
                let found = found.ok_or_else(|| no_lot(*batch_no))?;
                if matches!(found.against, Some(Against::Recalled(_))) && !named_before.contains(&found.batch_no) {
                    return Err(recalled_lot(&found.lot));
                }
                check_input_unit(&input.amount, found.unit.as_deref())?;
                Source::Batch(*batch_no)
            }
            InputFrom::Outside(lot_no) => {
                let lot = lots.iter().find(|lot| lot.lot_no == *lot_no).ok_or_else(no_outside_lot)?;
                check_input_unit(&input.amount, Some(lot.received.unit.as_str()))?;
                Source::Outside(lot.clone())
            }
            InputFrom::NewOutside(draft) => {
                check_input_unit(&input.amount, Some(draft.received.unit.as_str()))?;
                Source::Outside(new_lot(conn, batch.producer_no, draft, now, today).await?)
            }
        };
        known.push(KnownInput { source, amount: input.amount.clone() });
    }
    if !batch_nos.is_empty() && leads_to(conn, batch.batch_no, &batch_nos).await? {
        return Err(circle(batch.batch_no));
    }
    Ok(known)
}

fn batch_of(input: &NewInput) -> Option<BatchNo> {
    match input.from {
        InputFrom::Batch(batch_no) => Some(batch_no),
        InputFrom::Outside(_) | InputFrom::NewOutside(_) => None,
    }
}

const fn known_lot_of(input: &NewInput) -> Option<i32> {
    match input.from {
        InputFrom::Outside(lot_no) => Some(lot_no.0),
        InputFrom::Batch(_) | InputFrom::NewOutside(_) => None,
    }
}

async fn new_lot(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    draft: &OutsideLotDraft,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<OutsideLot> {
    if today < draft.received_on {
        return Err(Error::invalid(
            "inputs",
            "Ngày nhận nguyên liệu chưa tới; xin ghi ngày đã nhận.",
            "the lot's day lies in the future; tell the day it came in",
        ));
    }
    Ok(store::insert_outside_lot(conn, producer_no, draft, now).await?)
}

fn no_lot(batch_no: BatchNo) -> Error {
    Error::invalid(
        "inputs",
        format!(
            "Không có lô số {batch_no}, hoặc chủ lô chưa chia sẻ với cơ sở này; xin kiểm tra lại số lô, hoặc nhờ chủ lô bấm Chia sẻ lô."
        ),
        format!(
            "there is no batch {batch_no}, or its owner has not shared it with this producer; check the number, or ask the owner to share it"
        ),
    )
}

fn recalled_lot(lot: &str) -> Error {
    Error::invalid(
        "inputs",
        format!("Lô {lot} đã bị thu hồi; không dùng làm nguyên liệu."),
        format!("lot {lot} was recalled; it is no input any more"),
    )
}

fn no_outside_lot() -> Error {
    Error::invalid(
        "inputs",
        "Không có lô mua ngoài này trong sổ của cơ sở; xin chọn lại trong danh sách, hoặc ghi lô mới.",
        "this producer has no such lot from outside; choose one of the list, or make a new one known",
    )
}

fn circle(batch_no: BatchNo) -> Error {
    Error::refused(
        "lot-circle",
        format!(
            "Không ghi được: lô được chọn lại làm từ chính lô số {batch_no}, thành một vòng tròn. Xin kiểm tra lại lô nguyên liệu."
        ),
        format!(
            "refused: the lot that was named is itself made of batch {batch_no}, which closes a circle; check the input lots"
        ),
    )
}

impl Trace {
    /// Lots that may be named as inputs of a batch, the newest first, at most 20 of each kind.
    pub async fn lots_to_choose(&self, reach: &Reach, batch_no: BatchNo, search: &str) -> Result<LotChoices> {
        let words = words_of(search);
        let mut conn = self.parts.db.conn().await?;
        let batch = self.batch_within(&mut conn, reach, batch_no).await?;
        let batches = store::usable_lots(&mut conn, batch.producer_no, batch_no, &words, MAX_CHOICES).await?;
        let outside = store::usable_outside_lots(&mut conn, batch.producer_no, &words, MAX_CHOICES).await?;
        Ok(LotChoices { batches, outside })
    }

    /// Lets others name a lot as their input. Sharing it again changes nothing.
    pub async fn share_lot(&self, actor: &Actor, batch_no: BatchNo, with: ShareWith) -> Result<()> {
        actor.require(Scope::BatchesWrite)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let found = find_batch_for_update(conn, &actor.writes(), batch_no).await?;
            let batch = found.ok_or(Error::NotFound(Thing::Batch))?;
            if let ShareWith::Producer(producer_no) = with
                && !store::is_producer(conn, producer_no).await?
            {
                return Err(no_such_producer());
            }
            if store::insert_share(conn, batch_no, with, actor, now).await? == 0 {
                return Ok(());
            }
            record(conn, "lot.shared", &batch, with, actor, now).await
        })
        .await
    }

    /// Lets others name a lot no more. What was made of it stays as it was told.
    pub async fn unshare_lot(&self, actor: &Actor, batch_no: BatchNo, with: ShareWith) -> Result<()> {
        actor.require(Scope::BatchesWrite)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let found = find_batch_for_update(conn, &actor.writes(), batch_no).await?;
            let batch = found.ok_or(Error::NotFound(Thing::Batch))?;
            if store::delete_share(conn, batch_no, with).await? == 0 {
                return Ok(());
            }
            record(conn, "lot.unshared", &batch, with, actor, now).await
        })
        .await
    }

    /// With whom a lot is shared, the latest first.
    pub async fn list_shares(&self, reach: &Reach, batch_no: BatchNo) -> Result<Vec<Share>> {
        let mut conn = self.parts.db.conn().await?;
        find_batch(&mut conn, reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        Ok(store::shares_of(&mut conn, batch_no).await?)
    }
}

fn no_such_producer() -> Error {
    Error::invalid(
        "with",
        "Không có chủ thể mang số này trong sổ, hoặc đã ngừng; xin chọn lại.",
        "the register has no such producer, or it left; choose another",
    )
}

async fn record(
    conn: &mut AsyncPgConnection,
    act: &'static str,
    batch: &Batch,
    with: ShareWith,
    actor: &Actor,
    at: DateTime<Utc>,
) -> Result<()> {
    let thing = format!("batch {}", batch.batch_no);
    let details = details([("lot", batch.lot.as_str().into()), ("with", with.producer_no().map(|no| no.0).into())]);
    let producer_no = Some(batch.producer_no);
    Ok(audit::record(conn, Act { act, thing, producer_no, details, actor, at }).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_a_few_words_however_long_it_is() {
        assert_eq!(words_of("  tinh bo\u{302}\u{323}t  nghệ "), ["tinh", "bột", "nghệ"]);
        assert!(words_of(&"a ".repeat(500)).len() <= MAX_WORDS);
    }
}
