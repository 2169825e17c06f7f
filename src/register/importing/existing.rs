//! What the register holds when an import begins, and how its rows are found. Queries only; no transaction of its own.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::products;
use crate::register::certificates::rules;
use crate::register::certificates::types::Rules;
use crate::register::facts::store::{Wanted, load_certificates, load_producers, load_products};
use crate::register::facts::types::{StoredCertificate, StoredProducer, StoredProduct};
use crate::register::producers::types::{Commune, FormerCommune};
use crate::register::producers::{communes_on, former_communes};

/// The register as an import finds it.
#[derive(Debug, Default)]
pub(in crate::register) struct Existing {
    pub(super) producers: Vec<StoredProducer>,
    pub(super) products: Vec<StoredProduct>,
    pub(super) certificates: Vec<StoredCertificate>,
    /// SHA-256 of the products' pictures, when the file brings pictures.
    pub(super) pictures: HashMap<i32, Vec<u8>>,
    pub(super) rules: Rules,
    /// The communes of the day.
    pub(super) communes: Vec<Commune>,
    /// Those that are gone, with what they became.
    pub(super) former: Vec<FormerCommune>,
    /// The day.
    pub(super) today: NaiveDate,
}

impl Existing {
    /// Reads it, the communes as of `day`.
    pub(in crate::register) async fn load(
        conn: &mut AsyncPgConnection,
        with_pictures: WithPictures,
        day: NaiveDate,
    ) -> QueryResult<Self> {
        Ok(Self {
            producers: load_producers(conn, Wanted::All).await?,
            products: load_products(conn, Wanted::All).await?,
            certificates: load_certificates(conn, Wanted::All).await?,
            pictures: match with_pictures {
                WithPictures::Yes => load_pictures(conn).await?,
                WithPictures::No => HashMap::new(),
            },
            rules: rules(conn).await?,
            communes: communes_on(conn, day).await?,
            former: former_communes(conn, day).await?,
            today: day,
        })
    }
}

/// Whether the products' pictures are compared too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::register) enum WithPictures {
    /// They are.
    Yes,
    /// The file brings none.
    No,
}

async fn load_pictures(conn: &mut AsyncPgConnection) -> QueryResult<HashMap<i32, Vec<u8>>> {
    let rows: Vec<(i32, Option<Vec<u8>>)> = products::table
        .filter(products::photo.is_not_null())
        .select((products::product_no, sql::<Nullable<Binary>>("sha256(products.photo)")))
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|(product_no, hash)| Some((product_no, hash?))).collect())
}

/// The ways in which a row names what the register has.
pub(super) struct Index<'e> {
    pub(super) producers: HashMap<i32, &'e StoredProducer>,
    pub(super) producers_named: HashMap<&'e str, Vec<&'e StoredProducer>>,
    pub(super) products: HashMap<i32, &'e StoredProduct>,
    pub(super) products_named: HashMap<(i32, &'e str), &'e StoredProduct>,
    pub(super) certificates: HashMap<i32, &'e StoredCertificate>,
    pub(super) certificates_of: HashMap<i32, Vec<&'e StoredCertificate>>,
}

impl<'e> Index<'e> {
    pub(super) fn of(existing: &'e Existing) -> Self {
        let mut producers_named: HashMap<&str, Vec<&StoredProducer>> = HashMap::new();
        for producer in &existing.producers {
            producers_named.entry(named(producer.facts.name.as_ref())).or_default().push(producer);
        }
        let mut certificates_of: HashMap<i32, Vec<&StoredCertificate>> = HashMap::new();
        for certificate in &existing.certificates {
            certificates_of.entry(certificate.product_no).or_default().push(certificate);
        }
        let by_name = |product: &'e StoredProduct| ((product.producer_no, named(product.facts.name.as_ref())), product);
        Self {
            producers: existing.producers.iter().map(|own| (own.producer_no, own)).collect(),
            producers_named,
            products: existing.products.iter().map(|own| (own.product_no, own)).collect(),
            products_named: existing.products.iter().map(by_name).collect(),
            certificates: existing.certificates.iter().map(|own| (own.certificate_id, own)).collect(),
            certificates_of,
        }
    }

    /// A product's certificates.
    pub(super) fn certificates_of(&self, product_no: Option<i32>) -> &[&'e StoredCertificate] {
        product_no.and_then(|number| self.certificates_of.get(&number)).map_or(&[], Vec::as_slice)
    }
}

fn named(name: Option<&String>) -> &str {
    name.map_or("", String::as_str)
}
