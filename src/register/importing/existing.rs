//! What the register holds when an import begins. Queries only; no transaction of its own.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{certificates, producers, products};
use crate::register::store::communes_on;

/// The register as an import finds it.
pub(in crate::register) struct Existing {
    /// Producer numbers by name.
    pub(super) producers: HashMap<String, i32>,
    products: HashMap<(i32, String), i32>,
    /// Certificates of all products.
    pub(super) certificates: Vec<ExistingCertificate>,
    /// First day and name of today's communes by code.
    pub(super) communes: HashMap<String, (NaiveDate, String)>,
}

/// A certificate the register has.
pub(super) struct ExistingCertificate {
    pub(super) product_no: i32,
    pub(super) number: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) window: Option<(NaiveDate, NaiveDate)>,
}

impl Existing {
    /// Reads it, the communes as of `day`.
    pub(in crate::register) async fn load(conn: &mut AsyncPgConnection, day: NaiveDate) -> QueryResult<Self> {
        type CertificateRow = (i32, Option<String>, Option<String>, Option<NaiveDate>, Option<NaiveDate>);
        let certificates: Vec<CertificateRow> = certificates::table
            .select((
                certificates::product_no,
                certificates::certificate_no,
                certificates::issuer,
                certificates::valid_from,
                certificates::valid_to,
            ))
            .load(conn)
            .await?;
        let to_certificate = |(product_no, number, issuer, from, to): CertificateRow| ExistingCertificate {
            product_no,
            number,
            issuer,
            window: from.zip(to),
        };
        let communes = communes_on(conn, day).await?;
        Ok(Self {
            producers: load_producers(conn).await?,
            products: load_products(conn).await?,
            certificates: certificates.into_iter().map(to_certificate).collect(),
            communes: communes.into_iter().map(|(code, first_day, name)| (code, (first_day, name))).collect(),
        })
    }

    /// A product's number by producer and name.
    pub(super) fn product_no(&self, producer: &str, product: &str) -> Option<i32> {
        let producer_no = *self.producers.get(producer)?;
        self.products.get(&(producer_no, product.to_owned())).copied()
    }
}

/// Producer numbers by name.
pub(super) async fn load_producers(conn: &mut AsyncPgConnection) -> QueryResult<HashMap<String, i32>> {
    let rows: Vec<(String, i32)> =
        producers::table.select((producers::name, producers::producer_no)).load(conn).await?;
    Ok(rows.into_iter().collect())
}

/// Product numbers by producer and name.
pub(super) async fn load_products(conn: &mut AsyncPgConnection) -> QueryResult<HashMap<(i32, String), i32>> {
    let rows: Vec<(i32, String, i32)> =
        products::table.select((products::producer_no, products::name, products::product_no)).load(conn).await?;
    Ok(rows.into_iter().map(|(producer_no, name, product_no)| ((producer_no, name), product_no)).collect())
}
