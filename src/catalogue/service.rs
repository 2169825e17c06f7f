//! Use cases of the catalogue: search, one product, one small picture, all public numbers. It reads and never writes.

use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::register::types::Certificate;
use crate::register::{certificates_of, find_product};
use crate::stamp::ProductNo;

use super::store;
use super::types::{Listing, PublicProduct, Search, View};

/// The catalogue of one deployment.
#[derive(Clone)]
pub struct Catalogue {
    db: Db,
    clock: Clock,
    view: View,
}

impl Catalogue {
    /// On this database; example products are part of a demonstration's catalogue alone.
    pub fn new(db: Db, clock: Clock, is_demo: bool) -> Self {
        Self { db, clock, view: if is_demo { View::WithExamples } else { View::RealOnly } }
    }

    /// One page of what fits a search; when nothing does, names that come near.
    pub async fn search(&self, search: &Search) -> Result<Listing> {
        let today = self.clock.today();
        let mut conn = self.db.conn().await?;
        let (mut hits, n_found) = store::search(&mut conn, self.view, search, today).await?;
        let mut suggestions = Vec::new();
        if n_found == 0 && !search.text.is_empty() {
            suggestions = store::suggest(&mut conn, self.view, &search.text).await?;
        }
        let numbers: Vec<i32> = hits.iter().chain(&suggestions).map(|hit| hit.product_no.to_i32()).collect();
        let certificates = certificates_of(&mut conn, &numbers).await?;
        for hit in hits.iter_mut().chain(&mut suggestions) {
            let is_own = |(product_no, _): &&(i32, Certificate)| *product_no == hit.product_no.to_i32();
            hit.certificates = certificates.iter().filter(is_own).map(|(_, own)| own.clone()).collect();
        }
        let sets = store::sets(&mut conn, today).await?;
        Ok(Listing { hits, n_found, suggestions, sets, today })
    }

    /// What is public of a product. A closed one still has its page: a printed number never points to nothing.
    pub async fn find_product(&self, product_no: ProductNo) -> Result<PublicProduct> {
        let today = self.clock.today();
        let mut conn = self.db.conn().await?;
        let not_found = || Error::NotFound(Thing::Product);
        let product = find_product(&mut conn, product_no, today).await?.ok_or_else(not_found)?;
        let rest = store::load_rest(&conn, self.view, product_no, today).await?.ok_or_else(not_found)?;
        let store::Rest { details, photos, contacts, papers, batches } = rest;
        Ok(PublicProduct { product, details, photos, contacts, papers, batches, today })
    }

    /// The small picture of a product, a JPEG of at most 4 KiB.
    pub async fn find_picture(&self, product_no: ProductNo) -> Result<Vec<u8>> {
        let mut conn = self.db.conn().await?;
        store::picture(&mut conn, self.view, product_no).await?.ok_or(Error::NotFound(Thing::File))
    }

    /// The numbers of all public products that are not closed, in ascending order.
    pub async fn list_numbers(&self) -> Result<Vec<i32>> {
        Ok(store::numbers(&mut *self.db.conn().await?, self.view).await?)
    }
}
