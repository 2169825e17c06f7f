//! What each role's desk shows. Reads only, each within the reader's reach.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::accounts::types::{Actor, Reach, Scope};
use crate::batches::Batches;
use crate::batches::overview::types::{ListedBatch, MintedInMonth};
use crate::batches::types::{BatchFilter, ShownBatches};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::Result;
use crate::register::types::{Certificate, Product};
use crate::register::{certificates_of, products_within};

use super::store;
use super::types::{Figures, RuledBatch, Waiting};

/// Months of stamps on a chart.
const N_MONTHS: u32 = 12;
/// Open batches on a producer's desk; the rest is one press away.
const MAX_BATCHES: u32 = 20;
/// Products on a producer's desk; the largest cooperative has about thirty.
const MAX_PRODUCTS: i64 = 60;

/// The desks of one deployment.
#[derive(Clone)]
pub struct Desk {
    db: Db,
    clock: Clock,
    batches: Batches,
}

/// An office's or an officer's desk.
pub struct OfficeDesk {
    /// The register in numbers.
    pub figures: Figures,
    /// Names of the sets, in Vietnamese and English.
    pub set_names: HashMap<u8, (String, String)>,
    /// Stamps minted in each of the last months, the oldest first.
    pub minted: Vec<MintedInMonth>,
    /// What waits for the office.
    pub waiting: Waiting,
    /// The day of these figures.
    pub today: NaiveDate,
}

/// A producer's desk.
pub struct ProducerDesk {
    /// Open batches, the newest first.
    pub batches: Vec<ListedBatch>,
    /// Whether there are more of them.
    pub has_more: bool,
    /// Products in the register.
    pub products: Vec<Product>,
    /// The day by which they are judged.
    pub today: NaiveDate,
}

impl Desk {
    /// On these parts.
    pub fn new(db: Db, clock: Clock, batches: Batches) -> Self {
        Self { db, clock, batches }
    }

    /// Figures of everything within the reader's reach.
    pub async fn office_desk(&self, actor: &Actor) -> Result<OfficeDesk> {
        actor.require(Scope::Read)?;
        let (reach, today) = (actor.reads(), self.clock.today());
        let mut conn = self.db.conn().await?;
        let producers = store::producers(&mut conn, &reach).await?;
        let mut products = store::products(&mut conn, &reach).await?;
        let numbers: Vec<i32> = products.iter().map(|product| product.product_no).collect();
        let mut certificates: HashMap<i32, Vec<Certificate>> = HashMap::new();
        for (product_no, certificate) in certificates_of(&mut conn, &numbers).await? {
            certificates.entry(product_no).or_default().push(certificate);
        }
        for product in &mut products {
            product.certificates = certificates.remove(&product.product_no).unwrap_or_default();
        }
        let names = store::set_names(&mut conn, today).await?;
        let set_names = names.into_iter().filter_map(|(set_no, vi, en)| Some((u8::try_from(set_no).ok()?, (vi, en))));
        let waiting = if reach == Reach::Everything { store::waiting(&mut conn).await? } else { Waiting::default() };
        drop(conn);
        Ok(OfficeDesk {
            figures: Figures::count(producers, &products, today),
            set_names: set_names.collect(),
            minted: self.batches.minted_per_month(&reach, N_MONTHS).await?,
            waiting,
            today,
        })
    }

    /// A producer's open batches and products.
    pub async fn producer_desk(&self, actor: &Actor) -> Result<ProducerDesk> {
        actor.require(Scope::Read)?;
        let (reach, today) = (actor.reads(), self.clock.today());
        let products = products_within(&mut *self.db.conn().await?, &reach, MAX_PRODUCTS, today).await?;
        let filter = BatchFilter { shown: Some(ShownBatches::Open), ..BatchFilter::default() };
        let page = self.batches.list_batches(&reach, &filter, None, MAX_BATCHES).await?;
        Ok(ProducerDesk { batches: page.batches, has_more: page.next.is_some(), products, today })
    }

    /// Batches that were suspended or recalled last.
    pub async fn ruled_lately(&self) -> Result<Vec<RuledBatch>> {
        Ok(store::ruled_lately(&mut *self.db.conn().await?).await?)
    }
}
