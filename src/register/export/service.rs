//! Use cases of exporting: a list within the reader's reach, all of it, as a workbook. Drawing runs off the web workers.

use std::collections::{HashMap, HashSet};

use tokio::sync::Semaphore;

use crate::accounts::types::Reach;
use crate::error::{Error, Result};
use crate::register::Register;
use crate::register::certificates::{CertificateListFilter, all_certificates};
use crate::register::facts::store::{Wanted, load_certificates, load_producers, load_products};
use crate::register::facts::types::{StoredCertificate, StoredProducer, StoredProduct};
use crate::register::import::MAX_ROWS;
use crate::register::producers::{ProducerFilter, matching_producers};
use crate::register::products::ProductFilter;
use crate::register::products::listing::matching_products;

use super::table::{Listed, Table, certificates, producers, register};
use super::workbook::{WithGuide, write};

/// Most rows of a workbook: as many as an import takes back.
pub const MAX_EXPORT_ROWS: usize = MAX_ROWS;
/// Workbooks drawn at the same time: one of all rows takes some 150 MB while it is.
const DRAWING_PLACES: usize = 2;
static DRAWING: Semaphore = Semaphore::const_new(DRAWING_PLACES);

impl Register {
    /// The products that a filter finds, each with its certificates, as the workbook that imports again.
    pub async fn products_workbook(&self, reach: &Reach, filter: &ProductFilter) -> Result<Vec<u8>> {
        let mut conn = self.db.conn().await?;
        let numbers = matching_products(&mut conn, reach, filter, query_limit(), self.clock.today()).await?;
        check_size(numbers.len())?;
        let products =
            in_order(&numbers, load_products(&mut conn, Wanted::Numbers(&numbers)).await?, |own| own.product_no);
        let owners: Vec<i32> = products.iter().map(|own: &StoredProduct| own.producer_no).collect();
        let producers = load_producers(&mut conn, Wanted::Numbers(&owners)).await?;
        let certificates = load_certificates(&mut conn, Wanted::Numbers(&numbers)).await?;
        check_size(rows_of(&products, &certificates))?;
        let listed = Listed { producers, products, certificates };
        drawn(move || register(listed), WithGuide::Yes).await
    }

    /// The same workbook without a row, to be filled in.
    pub async fn blank_workbook(&self) -> Result<Vec<u8>> {
        let listed = Listed { producers: Vec::new(), products: Vec::new(), certificates: Vec::new() };
        drawn(move || register(listed), WithGuide::Yes).await
    }

    /// The producers that a filter finds.
    pub async fn producers_workbook(&self, reach: &Reach, filter: &ProducerFilter) -> Result<Vec<u8>> {
        let mut conn = self.db.conn().await?;
        let numbers = matching_producers(&mut conn, reach, filter, query_limit()).await?;
        check_size(numbers.len())?;
        let listed = load_producers(&mut conn, Wanted::Numbers(&numbers)).await?;
        let listed = in_order(&numbers, listed, |own: &StoredProducer| own.producer_no);
        drawn(move || producers(listed), WithGuide::No).await
    }

    /// The certificates that a filter finds.
    pub async fn certificates_workbook(&self, reach: &Reach, filter: &CertificateListFilter) -> Result<Vec<u8>> {
        let today = self.clock.today();
        let listed = all_certificates(&mut *self.db.conn().await?, reach, filter, query_limit(), today).await?;
        check_size(listed.len())?;
        drawn(move || certificates(listed, today), WithGuide::No).await
    }
}

/// Draws a workbook when a place is free. The place is held until it is done, even when nobody waits for it any more.
async fn drawn(table: impl FnOnce() -> Table + Send + 'static, guide: WithGuide) -> Result<Vec<u8>> {
    let place = DRAWING.acquire().await.map_err(Error::internal)?;
    let drawing = move || {
        let _place = place;
        write(&table(), guide)
    };
    tokio::task::spawn_blocking(drawing).await?
}

/// Each certificate has a row of its own, and a product without one has its row all the same.
fn rows_of(products: &[StoredProduct], certificates: &[StoredCertificate]) -> usize {
    let certified: HashSet<i32> = certificates.iter().map(|own| own.product_no).collect();
    certificates.len() + products.iter().filter(|own| !certified.contains(&own.product_no)).count()
}

/// One more than is allowed: then it is known that there are too many.
fn query_limit() -> i64 {
    i64::try_from(MAX_EXPORT_ROWS).unwrap_or(i64::MAX).saturating_add(1)
}

fn check_size(n_rows: usize) -> Result<()> {
    if n_rows <= MAX_EXPORT_ROWS {
        return Ok(());
    }
    Err(Error::refused(
        "export-too-large",
        format!(
            "Danh sách dài hơn {MAX_EXPORT_ROWS} dòng; xin lọc bớt (ví dụ theo xã, phường) rồi tải thành nhiều lần."
        ),
        format!(
            "the list has more than {MAX_EXPORT_ROWS} rows; filter it, for example by commune, and download the parts"
        ),
    ))
}

/// Rows in the order of their numbers in a list.
fn in_order<T>(numbers: &[i32], rows: Vec<T>, number: fn(&T) -> i32) -> Vec<T> {
    let places: HashMap<i32, usize> = numbers.iter().copied().zip(0..).collect();
    let mut rows = rows;
    rows.sort_by_key(|row| places.get(&number(row)).copied());
    rows
}
