//! The writing of an import's plan. No transaction of its own.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{certificates, producers, products};
use crate::register::import::ImportRow;
use crate::register::store::shelf_life_columns;

use super::existing::{load_producers, load_products};
use super::plan::Plan;
use super::producer::ProducerRow;
use super::progress::Progress;
use super::types::ImportReport;

/// Rows per statement: well below the 65,535 binds that Postgres takes.
const CHUNK_ROWS: usize = 1_000;

/// Locks the register against a second import until the transaction ends.
pub(in crate::register) async fn lock(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::sql_query("LOCK TABLE producers, products, certificates IN SHARE ROW EXCLUSIVE MODE").execute(conn).await
}

/// Writes a plan.
pub(in crate::register) async fn apply(
    conn: &mut AsyncPgConnection,
    plan: &Plan<'_>,
    n_rows: usize,
    progress: &Progress,
) -> QueryResult<ImportReport> {
    progress.begin(n_rows);
    insert_producers(conn, plan).await?;
    let producer_nos = load_producers(conn).await?;
    insert_products(conn, plan, &producer_nos).await?;
    for (producer_no, producer) in &plan.known_producers {
        update_producer(conn, *producer_no, producer).await?;
    }
    for (product_no, row) in &plan.known_products {
        update_product(conn, *product_no, row, plan).await?;
    }
    let product_nos = load_products(conn).await?;
    insert_certificates(conn, plan, &producer_nos, &product_nos).await?;
    let given = plan.new_products.iter().filter_map(|row| {
        let producer_no = *producer_nos.get(&row.producer)?;
        product_nos.get(&(producer_no, row.product.clone())).copied()
    });
    let new_product_nos = given.clone().min().zip(given.max());
    progress.advance(n_rows);
    Ok(ImportReport { new_product_nos, ..plan.report(n_rows) })
}

async fn insert_producers(conn: &mut AsyncPgConnection, plan: &Plan<'_>) -> QueryResult<()> {
    for chunk in plan.new_producers.chunks(CHUNK_ROWS) {
        let row = |producer: &ProducerRow<'_>| {
            (
                producers::name.eq(producer.name.to_owned()),
                producers::kind.eq(producer.kind.as_str()),
                producers::village.eq(producer.village.map(str::to_owned)),
                producers::commune_code.eq(producer.commune_code.map(str::to_owned)),
                producers::commune_valid_from.eq(producer.commune_from),
                producers::former_commune.eq(producer.former_commune.map(str::to_owned)),
                producers::former_district.eq(producer.former_district.map(str::to_owned)),
                producers::former_province.eq(producer.former_province.map(str::to_owned)),
                producers::demo.eq(plan.demo),
            )
        };
        let rows: Vec<_> = chunk.iter().map(row).collect();
        diesel::insert_into(producers::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

async fn insert_products(
    conn: &mut AsyncPgConnection,
    plan: &Plan<'_>,
    producer_nos: &HashMap<String, i32>,
) -> QueryResult<()> {
    for chunk in plan.new_products.chunks(CHUNK_ROWS) {
        let row = |row: &&ImportRow| {
            let (shelf_life_n, shelf_life_unit) = shelf_life_columns(row.shelf_life);
            (
                products::producer_no.eq(producer_nos.get(&row.producer).copied().unwrap_or_default()),
                products::name.eq(row.product.clone()),
                products::set_no.eq(i16::from(row.set_no)),
                products::stars.eq(row.stars.map(i16::from)),
                products::first_year_seen.eq(row.first_year_seen),
                products::decision.eq(row.decision.clone()),
                products::source.eq(row.source.clone()),
                products::standards.eq(row.standards.clone()),
                products::shelf_life_n.eq(shelf_life_n),
                products::shelf_life_unit.eq(shelf_life_unit),
                products::photo.eq(plan.photo(row)),
                products::demo.eq(plan.demo),
            )
        };
        let rows: Vec<_> = chunk.iter().map(row).collect();
        diesel::insert_into(products::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

#[derive(AsChangeset)]
#[diesel(table_name = producers)]
struct ProducerChange<'r> {
    kind: &'static str,
    village: Option<&'r str>,
    commune_code: Option<&'r str>,
    commune_valid_from: Option<NaiveDate>,
    former_commune: Option<&'r str>,
    former_district: Option<&'r str>,
    former_province: Option<&'r str>,
}

/// As with products, an empty cell leaves what the register has.
async fn update_producer(
    conn: &mut AsyncPgConnection,
    producer_no: i32,
    producer: &ProducerRow<'_>,
) -> QueryResult<usize> {
    let change = ProducerChange {
        kind: producer.kind.as_str(),
        village: producer.village,
        commune_code: producer.commune_code,
        commune_valid_from: producer.commune_from,
        former_commune: producer.former_commune,
        former_district: producer.former_district,
        former_province: producer.former_province,
    };
    diesel::update(producers::table.find(producer_no)).set(change).execute(conn).await
}

#[derive(AsChangeset)]
#[diesel(table_name = products)]
struct ProductChange<'r> {
    set_no: i16,
    stars: Option<i16>,
    first_year_seen: Option<i16>,
    decision: Option<&'r str>,
    source: Option<&'r str>,
    standards: Option<&'r str>,
    shelf_life_n: Option<i16>,
    shelf_life_unit: Option<&'static str>,
    photo: Option<Vec<u8>>,
}

/// An empty cell leaves what the register has: a file that lacks a column must not wipe it.
async fn update_product(
    conn: &mut AsyncPgConnection,
    product_no: i32,
    row: &ImportRow,
    plan: &Plan<'_>,
) -> QueryResult<usize> {
    let (shelf_life_n, shelf_life_unit) = shelf_life_columns(row.shelf_life);
    let change = ProductChange {
        set_no: i16::from(row.set_no),
        stars: row.stars.map(i16::from),
        first_year_seen: row.first_year_seen,
        decision: row.decision.as_deref(),
        source: row.source.as_deref(),
        standards: row.standards.as_deref(),
        shelf_life_n,
        shelf_life_unit,
        photo: plan.photo(row),
    };
    diesel::update(products::table.find(product_no)).set(change).execute(conn).await
}

async fn insert_certificates(
    conn: &mut AsyncPgConnection,
    plan: &Plan<'_>,
    producer_nos: &HashMap<String, i32>,
    product_nos: &HashMap<(i32, String), i32>,
) -> QueryResult<()> {
    let product_no = |row: &ImportRow| {
        let producer_no = producer_nos.get(&row.producer).copied().unwrap_or_default();
        product_nos.get(&(producer_no, row.product.clone())).copied().unwrap_or_default()
    };
    for chunk in plan.new_certificates.chunks(CHUNK_ROWS) {
        let row = |row: &&ImportRow| {
            let dated = row.certificate.as_ref();
            let undated = row.undated_certificate.as_ref();
            (
                certificates::product_no.eq(product_no(row)),
                certificates::stars.eq(row.stars.filter(|stars| 3 <= *stars).map(i16::from)),
                certificates::certificate_no
                    .eq(dated.map_or_else(|| undated.and_then(|c| c.number.clone()), |c| c.number.clone())),
                certificates::issuer
                    .eq(dated.map_or_else(|| undated.and_then(|c| c.issuer.clone()), |c| c.issuer.clone())),
                certificates::valid_from.eq(dated.map(|c| c.from)),
                certificates::valid_to.eq(dated.map(|c| c.to)),
            )
        };
        let rows: Vec<_> = chunk.iter().map(row).collect();
        diesel::insert_into(certificates::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

impl Plan<'_> {
    fn photo(&self, row: &ImportRow) -> Option<Vec<u8>> {
        self.photos.get(row.image.as_ref()?).cloned()
    }
}
