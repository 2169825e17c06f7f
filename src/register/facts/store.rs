//! Reads the facts of producers, products and certificates, all of them or some. Queries only; no transaction of its own.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{certificates, communes, producers, products};
use crate::register::certificates::types::{IssuerLevel, Score};
use crate::register::import::{Column, ProducerKind, as_read};
use crate::register::store::shelf_life;
use crate::register::types::Pack;

use super::types::{
    CertificateFacts, Place, ProducerFacts, ProductFacts, StoredCertificate, StoredProducer, StoredProduct,
};

/// Which rows are wanted.
#[derive(Clone, Copy, Debug)]
pub(in crate::register) enum Wanted<'n> {
    /// Every one.
    All,
    /// Those with these numbers.
    Numbers(&'n [i32]),
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = producers)]
struct ProducerColumns {
    producer_no: i32,
    name: String,
    kind: String,
    tax_code: Option<String>,
    printed_address: Option<String>,
    village: Option<String>,
    former_commune: Option<String>,
    former_district: Option<String>,
    former_province: Option<String>,
    closed_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = products)]
struct ProductColumns {
    product_no: i32,
    producer_no: i32,
    name: String,
    name_en: Option<String>,
    set_no: i16,
    stars: Option<i16>,
    story: Option<String>,
    story_en: Option<String>,
    ingredients: Option<String>,
    standards: Option<String>,
    gtin: Option<String>,
    shelf_life_n: Option<i16>,
    shelf_life_unit: Option<String>,
    pack_thousandths: Option<i64>,
    pack_unit: Option<String>,
    decision: Option<String>,
    first_year_seen: Option<i16>,
    source: Option<String>,
    closed_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = certificates)]
struct CertificateColumns {
    certificate_id: i32,
    product_no: i32,
    stars: Option<i16>,
    certificate_no: Option<String>,
    issuer: Option<String>,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    score_tenths: Option<i16>,
    decision_no: Option<String>,
    issuer_level: Option<String>,
    revoked_on: Option<NaiveDate>,
    revoked_reason: Option<String>,
}

/// A text as a cell of its column holds it; none when nothing of it can be seen.
fn seen(text: Option<String>, column: Column) -> Option<String> {
    text.map(|text| as_read(&text, column)).filter(|text| !text.is_empty())
}

fn small(number: Option<i16>) -> Option<u8> {
    number.and_then(|n| u8::try_from(n).ok())
}

type CommuneRow = Option<(String, NaiveDate, String)>;

fn to_producer((row, commune): (ProducerColumns, CommuneRow)) -> StoredProducer {
    let facts = ProducerFacts {
        name: seen(Some(row.name), Column::Producer),
        kind: ProducerKind::parse(&row.kind),
        tax_code: row.tax_code,
        printed_address: seen(row.printed_address, Column::PrintedAddress),
        village: seen(row.village, Column::Village),
        commune: commune.map(|(code, valid_from, name)| Place { code, valid_from, name }),
        former_commune: seen(row.former_commune, Column::FormerCommune),
        former_district: seen(row.former_district, Column::FormerDistrict),
        former_province: seen(row.former_province, Column::FormerProvince),
    };
    StoredProducer { producer_no: row.producer_no, is_closed: row.closed_at.is_some(), facts }
}

fn to_product(row: ProductColumns) -> StoredProduct {
    let facts = ProductFacts {
        name: seen(Some(row.name), Column::Product),
        name_en: seen(row.name_en, Column::ProductEn),
        set_no: u8::try_from(row.set_no).ok(),
        stars: small(row.stars),
        story: seen(row.story, Column::Story),
        story_en: seen(row.story_en, Column::StoryEn),
        ingredients: seen(row.ingredients, Column::Ingredients),
        standards: seen(row.standards, Column::Standards),
        gtin: row.gtin,
        shelf_life: shelf_life(row.shelf_life_n, row.shelf_life_unit.as_deref()),
        pack: Pack::from_columns(row.pack_thousandths, row.pack_unit.as_deref()),
        decision: seen(row.decision, Column::Decision),
        first_year_seen: row.first_year_seen,
        source: seen(row.source, Column::Source),
    };
    StoredProduct {
        product_no: row.product_no,
        producer_no: row.producer_no,
        is_closed: row.closed_at.is_some(),
        facts,
    }
}

fn to_certificate(row: CertificateColumns) -> StoredCertificate {
    let facts = CertificateFacts {
        number: seen(row.certificate_no, Column::CertificateNo),
        stars: small(row.stars),
        score: row.score_tenths.and_then(|n| u16::try_from(n).ok()).and_then(Score::from_tenths),
        decision_no: seen(row.decision_no, Column::CertificateDecision),
        issuer: seen(row.issuer, Column::Issuer),
        issuer_level: row.issuer_level.as_deref().and_then(IssuerLevel::parse),
        from: row.valid_from,
        to: row.valid_to,
    };
    let reason = row.revoked_reason.map(|reason| as_read(&reason, Column::RevokedReason));
    StoredCertificate {
        certificate_id: row.certificate_id,
        product_no: row.product_no,
        facts,
        revoked: row.revoked_on.zip(reason),
    }
}

/// Producers, by number.
pub(in crate::register) async fn load_producers(
    conn: &mut AsyncPgConnection,
    wanted: Wanted<'_>,
) -> QueryResult<Vec<StoredProducer>> {
    let own_commune = producers::commune_code
        .eq(communes::code.nullable())
        .and(producers::commune_valid_from.eq(communes::valid_from.nullable()));
    let mut query = producers::table.left_join(communes::table.on(own_commune)).into_boxed();
    if let Wanted::Numbers(numbers) = wanted {
        query = query.filter(producers::producer_no.eq_any(numbers));
    }
    let rows: Vec<(ProducerColumns, CommuneRow)> = query
        .select((ProducerColumns::as_select(), (communes::code, communes::valid_from, communes::name).nullable()))
        .order(producers::producer_no)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(to_producer).collect())
}

/// Products, by number.
pub(in crate::register) async fn load_products(
    conn: &mut AsyncPgConnection,
    wanted: Wanted<'_>,
) -> QueryResult<Vec<StoredProduct>> {
    let mut query = products::table.into_boxed();
    if let Wanted::Numbers(numbers) = wanted {
        query = query.filter(products::product_no.eq_any(numbers));
    }
    let rows: Vec<ProductColumns> =
        query.select(ProductColumns::as_select()).order(products::product_no).load(conn).await?;
    Ok(rows.into_iter().map(to_product).collect())
}

/// Certificates of the products wanted: those that begin first come first, those without dates last.
pub(in crate::register) async fn load_certificates(
    conn: &mut AsyncPgConnection,
    wanted: Wanted<'_>,
) -> QueryResult<Vec<StoredCertificate>> {
    let mut query = certificates::table.into_boxed();
    if let Wanted::Numbers(numbers) = wanted {
        query = query.filter(certificates::product_no.eq_any(numbers));
    }
    let rows: Vec<CertificateColumns> = query
        .select(CertificateColumns::as_select())
        .order((certificates::valid_from.asc().nulls_last(), certificates::certificate_id))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(to_certificate).collect())
}
