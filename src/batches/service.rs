//! Use cases of batches themselves: open, find, list. One use case is one transaction. What is done with a batch stands in the
//! folders beside: minting, voids, standing, quota, proposals; what is counted, in overview.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::details;
use crate::accounts::types::{Actor, Reach, Scope};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::keys::Keys;
use crate::ledger::Kind;
use crate::register::types::Product;
use crate::register::{Register, find_product_within};
use crate::stamp::{BatchNo, Issuer, ProductNo};

use super::high_water::{HighWater, Marks};
use super::overview::figures_of;
use super::overview::types::ListedBatch;
use super::store::{self, After, By};
use super::trail::{Facts, record_in_ledger};
use super::types::{Batch, BatchFilter, OpenBatch};

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
    pub(super) parts: BatchesParts,
}

/// One page of batches.
pub struct BatchPage {
    /// Open batches first, the newest first.
    pub batches: Vec<ListedBatch>,
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
        actor.require(Scope::BatchesWrite)?;
        let (now, today) = (self.parts.clock.now(), self.parts.clock.today());
        order.check(today)?;
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let found = find_product_within(conn, &actor.writes(), order.product_no, today).await?;
            let product = found.ok_or(Error::NotFound(Thing::Product))?;
            if product.is_closed {
                return Err(closed_product(order.product_no));
            }
            let order = with_derived_last_day(order, &product);
            if let Some(batch) = store::insert(conn, &order, now, By::of(actor)).await? {
                let facts = details([
                    ("product", order.product_no.get().into()),
                    ("lot", order.lot.as_str().into()),
                    ("packed_on", order.packed_on.into()),
                    ("last_valid_day", order.last_valid_day.into()),
                ]);
                record_in_ledger(conn, Kind::BatchOpened, &batch, actor, now, Facts::public(facts)).await?;
                return Ok(batch);
            }
            let taken_by = store::find_lot(conn, order.product_no, order.lot.as_str()).await?;
            let batch_no = taken_by.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
            Err(Error::LotTaken { lot: order.lot.as_str().to_owned(), batch_no })
        })
        .await
    }

    /// One batch.
    pub async fn find_batch(&self, reach: &Reach, batch_no: BatchNo) -> Result<Batch> {
        store::find(&mut *self.parts.db.conn().await?, reach, batch_no).await?.ok_or(Error::NotFound(Thing::Batch))
    }

    /// Open batches first; `cursor` is `next` of the page before.
    pub async fn list_batches(
        &self,
        reach: &Reach,
        filter: &BatchFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<BatchPage> {
        let after = cursor.map(parse_cursor).transpose()?;
        let mut conn = self.parts.db.conn().await?;
        let mut found = store::list(&mut conn, reach, filter, after, i64::from(limit) + 1).await?;
        let limit = usize::try_from(limit).map_err(Error::internal)?;
        let has_more = limit < found.len();
        found.truncate(limit);
        let next = if has_more { found.last().map(|(batch, ..)| cursor_of(batch)) } else { None };
        Ok(BatchPage { batches: figures_of(&mut conn, found).await?, next })
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

fn closed_product(product_no: ProductNo) -> Error {
    Error::refused(
        "product-closed",
        format!("Sản phẩm số {product_no} đã ngừng trong sổ; không mở lô mới được."),
        format!("product {product_no} has left the register; no batch can be opened"),
    )
}

/// A batch without its own last day takes the product's shelf life, if the register has one.
fn with_derived_last_day(mut order: OpenBatch, product: &Product) -> OpenBatch {
    let derived = || product.shelf_life.and_then(|shelf_life| shelf_life.last_day(order.packed_on));
    order.last_valid_day = order.last_valid_day.or_else(derived);
    order
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
