//! Use cases of the register: the deployment's identity, the dated lists, one product, all of them.

use std::sync::Arc;

use diesel_async::AsyncConnection;

use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::stamp::{Issuer, ProductNo};

use super::products::ListsCache;
use super::types::Product;
use super::{reference, store};

/// The register of one deployment.
#[derive(Clone)]
pub struct Register {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) lists: Arc<ListsCache>,
}

impl Register {
    /// On this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock, lists: Arc::default() }
    }

    /// Writes the dated lists that come with this version; rows that are there stay as they are.
    pub async fn load_reference_lists(&self) -> Result<()> {
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            store::insert_communes(conn, &reference::communes()?).await?;
            let (new_from, old_from) = (reference::reform()?, reference::codes_began()?);
            store::insert_commune_changes(conn, &reference::commune_changes()?, new_from, old_from).await?;
            store::insert_product_sets(conn, &reference::product_sets()?).await?;
            store::insert_star_bands(conn, &reference::star_bands()?).await?;
            store::insert_issuers(conn, &reference::issuers()?).await?;
            Ok(())
        })
        .await
    }

    /// The issuer stored at init, and whether this is a demonstration.
    pub async fn deployment(&self) -> Result<Option<(String, bool)>> {
        Ok(store::deployment(&mut *self.db.conn().await?).await?)
    }

    /// Stores the issuer, once and for ever.
    pub async fn found_deployment(&self, issuer: &Issuer, demo: bool) -> Result<()> {
        store::insert_deployment(&mut *self.db.conn().await?, issuer.as_str(), demo, self.clock.now()).await?;
        Ok(())
    }

    /// One product.
    pub async fn find_product(&self, product_no: ProductNo) -> Result<Product> {
        let product = store::find_product(&mut *self.db.conn().await?, product_no, self.clock.today()).await?;
        product.ok_or(Error::NotFound(Thing::Product))
    }

    /// Products above a number, in ascending order.
    pub async fn products_after(&self, after: i32, limit: i64) -> Result<Vec<Product>> {
        Ok(store::products_after(&mut *self.db.conn().await?, after, limit, self.clock.today()).await?)
    }

    /// Today, as the register sees it.
    pub fn today(&self) -> chrono::NaiveDate {
        self.clock.today()
    }
}
