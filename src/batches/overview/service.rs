//! What lists, counts and the page of one batch show. Reads only, each within the reader's reach.

use std::collections::HashMap;

use chrono::{Datelike, Months, NaiveDate};
use diesel_async::AsyncPgConnection;

use crate::accounts::types::{Actor, Reach, Scope};
use crate::batches::minting::policy::may_order;
use crate::batches::minting::run_lines;
use crate::batches::opening::{lot_base, next_lot};
use crate::batches::quota::quota_of;
use crate::batches::service::Batches;
use crate::batches::store::{NamedBatch, find, last_of, list, lots_beginning};
use crate::batches::types::BatchFilter;
use crate::batches::voids::{n_voided, void_lines};
use crate::error::{Error, Result, Thing};
use crate::register::{find_product, find_product_within};
use crate::stamp::{BatchNo, ProductNo};

use super::store::{counts, current_batches, minted_by_month, n_minted, product_choices};
use super::types::{BatchCounts, BatchSheet, CurrentBatch, ListedBatch, MintedInMonth, NewBatch, ProductChoice};

/// How long a batch is shown on its product's public page after it was packed, months.
const MONTHS_CURRENT: u32 = 24;
/// Batches on a product's public page.
const MAX_CURRENT: i64 = 12;
/// Batches that one lot's name may find: other producers may use the same.
const MAX_OF_LOT: i64 = 50;
/// Products in the list to choose from; more are found by searching.
const MAX_CHOICES: i64 = 30;

impl Batches {
    /// Everything that the page of one batch shows.
    pub async fn batch_sheet(&self, actor: &Actor, batch_no: BatchNo) -> Result<BatchSheet> {
        actor.require(Scope::Read)?;
        let (reach, today) = (actor.reads(), self.parts.clock.today());
        let mut conn = self.parts.db.conn().await?;
        let batch = find(&mut conn, &reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        let product = find_product(&mut conn, batch.product_no, today).await?.ok_or(Error::NotFound(Thing::Product))?;
        let runs = run_lines(&mut conn, batch_no).await?;
        let voids = void_lines(&mut conn, batch_no).await?;
        let (limit, last_request) = quota_of(&mut conn, &reach, &batch, &product).await?;
        let n_minted = runs.iter().map(|line| line.run.range().n_serials()).sum();
        let n_voided = voids.iter().map(|line| line.void.n_stamps()).sum();
        let refusal = may_order(&batch, &product, today).err();
        Ok(BatchSheet { batch, product, runs, voids, n_minted, n_voided, limit, last_request, refusal })
    }

    /// Batches whose lot is spelt so, in small or capital letters.
    pub async fn find_by_lot(&self, reach: &Reach, lot: &str) -> Result<Vec<ListedBatch>> {
        let filter = BatchFilter { lot: Some(lot.trim().to_owned()), ..BatchFilter::default() };
        let mut conn = self.parts.db.conn().await?;
        let mut found = list(&mut conn, reach, &filter, None, MAX_OF_LOT).await?;
        found.retain(|(batch, ..)| batch.lot.eq_ignore_ascii_case(lot.trim()));
        figures_of(&mut conn, found).await
    }

    /// What the public page of a product shows of its batches: open, in good standing, stamped, packed in the last two years.
    pub async fn current_batches_of(&self, product_no: ProductNo) -> Result<Vec<CurrentBatch>> {
        let since = self.parts.clock.today().checked_sub_months(Months::new(MONTHS_CURRENT));
        let since = since.ok_or_else(|| Error::internal("no calendar two years back"))?;
        Ok(current_batches(&mut *self.parts.db.conn().await?, product_no, since, MAX_CURRENT).await?)
    }

    /// Stamps minted in each of the last months, this one included; the oldest first, none left out.
    pub async fn minted_per_month(&self, reach: &Reach, n_months: u32) -> Result<Vec<MintedInMonth>> {
        let months = months_until(self.parts.clock.today(), n_months);
        let Some(first) = months.first() else { return Ok(Vec::new()) };
        let counted = minted_by_month(&mut *self.parts.db.conn().await?, reach, *first).await?;
        let counted: HashMap<NaiveDate, u64> = counted.into_iter().map(|count| (count.month, count.n_stamps)).collect();
        let count = |month| MintedInMonth { month, n_stamps: counted.get(&month).copied().unwrap_or_default() };
        Ok(months.into_iter().map(count).collect())
    }

    /// Batches and stamps within reach, in numbers.
    pub async fn batch_counts(&self, reach: &Reach) -> Result<BatchCounts> {
        Ok(counts(&mut *self.parts.db.conn().await?, reach).await?)
    }

    /// Products that the actor may open a batch of, with these words in their name or their producer's.
    pub async fn product_choices(&self, actor: &Actor, search: &str) -> Result<Vec<ProductChoice>> {
        let words = BatchFilter::words_of(search);
        let today = self.parts.clock.today();
        let mut conn = self.parts.db.conn().await?;
        Ok(product_choices(&mut conn, &actor.writes(), &words, today, MAX_CHOICES).await?)
    }

    /// What the form for a new batch of a product begins with.
    pub async fn new_batch(&self, actor: &Actor, product_no: ProductNo) -> Result<NewBatch> {
        actor.require(Scope::BatchesWrite)?;
        let (reach, today) = (actor.writes(), self.parts.clock.today());
        let mut conn = self.parts.db.conn().await?;
        let found = find_product_within(&mut conn, &reach, product_no, today).await?;
        let product = found.ok_or(Error::NotFound(Thing::Product))?;
        let base = lot_base(&product.name, today);
        let lot = next_lot(&base, &lots_beginning(&mut conn, product_no, &base).await?);
        let last = last_of(&mut conn, &reach, product_no).await?;
        Ok(NewBatch { product, lot, last, today })
    }
}

/// Adds what was minted and voided to a list of batches.
pub(in crate::batches) async fn figures_of(
    conn: &mut AsyncPgConnection,
    found: Vec<NamedBatch>,
) -> Result<Vec<ListedBatch>> {
    let batch_nos: Vec<i32> = found.iter().map(|(batch, ..)| batch.batch_no.to_i32()).collect();
    let minted: HashMap<i32, i64> = n_minted(conn, &batch_nos).await?.into_iter().collect();
    let voided: HashMap<i32, i64> = n_voided(conn, &batch_nos).await?.into_iter().collect();
    let figure = |figures: &HashMap<i32, i64>, batch_no: BatchNo| {
        u32::try_from(figures.get(&batch_no.to_i32()).copied().unwrap_or_default()).map_err(Error::internal)
    };
    let listed = |(batch, product, producer): NamedBatch| {
        let (n_minted, n_voided) = (figure(&minted, batch.batch_no)?, figure(&voided, batch.batch_no)?);
        Ok(ListedBatch { batch, product, producer, n_minted, n_voided })
    };
    found.into_iter().map(listed).collect()
}

/// The first days of the last months up to today's, the oldest first.
fn months_until(today: NaiveDate, n_months: u32) -> Vec<NaiveDate> {
    let this_month = today.with_day(1).unwrap_or(today);
    (0..n_months).rev().filter_map(|n| this_month.checked_sub_months(Months::new(n))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_months_end_with_this_one() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let months = months_until(day("2026-01-31"), 3);
        assert_eq!(months, [day("2025-11-01"), day("2025-12-01"), day("2026-01-01")]);
        assert!(months_until(day("2026-01-31"), 0).is_empty());
    }
}
