//! Queries on the register. Rows become domain values here and nowhere else; no transaction, no clock.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{certificates, commune_changes, communes, deployment, producers, product_sets, products};
use crate::stamp::ProductNo;

use super::reference;
use super::types::{Certificate, Pack, Producer, ProducerKind, Product, ShelfLife};

#[derive(Queryable, Selectable)]
#[diesel(table_name = products)]
struct ProductColumns {
    product_no: i32,
    name: String,
    set_no: i16,
    stars: Option<i16>,
    standards: Option<String>,
    shelf_life_n: Option<i16>,
    shelf_life_unit: Option<String>,
    photo: Option<Vec<u8>>,
    demo: bool,
    pack_thousandths: Option<i64>,
    pack_unit: Option<String>,
    closed_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = producers)]
struct ProducerColumns {
    producer_no: i32,
    closed_at: Option<DateTime<Utc>>,
    name: String,
    kind: String,
    village: Option<String>,
    former_commune: Option<String>,
    former_district: Option<String>,
    former_province: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = communes)]
struct CommuneColumns {
    name: String,
    province: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = product_sets)]
struct SetColumns {
    name_vi: String,
    name_en: String,
    has_batches: bool,
}

type Joined = (ProductColumns, ProducerColumns, Option<CommuneColumns>, Option<SetColumns>);

/// One product as the register has it, with the set's name of `day`.
pub(crate) async fn find_product(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    day: NaiveDate,
) -> QueryResult<Option<Product>> {
    Ok(load_products(conn, Wanted::One(product_no), day).await?.pop())
}

/// The same, for whoever may see it: another's product is not there.
pub(crate) async fn find_product_within(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
    day: NaiveDate,
) -> QueryResult<Option<Product>> {
    Ok(load_products(conn, Wanted::Within(product_no, reach), day).await?.pop())
}

/// Products above a number, in ascending order.
pub(super) async fn products_after(
    conn: &mut AsyncPgConnection,
    after: i32,
    limit: i64,
    day: NaiveDate,
) -> QueryResult<Vec<Product>> {
    load_products(conn, Wanted::After { after, limit }, day).await
}

/// Products that are not closed within a reach, in ascending order.
pub(crate) async fn products_within(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    limit: i64,
    day: NaiveDate,
) -> QueryResult<Vec<Product>> {
    load_products(conn, Wanted::OpenWithin { reach, limit }, day).await
}

#[derive(Clone, Copy)]
enum Wanted<'r> {
    One(ProductNo),
    Within(ProductNo, &'r Reach),
    OpenWithin { reach: &'r Reach, limit: i64 },
    After { after: i32, limit: i64 },
}

async fn load_products(conn: &mut AsyncPgConnection, wanted: Wanted<'_>, day: NaiveDate) -> QueryResult<Vec<Product>> {
    let commune = producers::commune_code
        .eq(communes::code.nullable())
        .and(producers::commune_valid_from.eq(communes::valid_from.nullable()));
    let set = products::set_no
        .eq(product_sets::set_no)
        .and(product_sets::valid_from.le(day))
        .and(product_sets::valid_to.is_null().or(product_sets::valid_to.ge(day)));
    let mut query = products::table
        .inner_join(producers::table)
        .left_join(communes::table.on(commune))
        .left_join(product_sets::table.on(set))
        .select((
            ProductColumns::as_select(),
            ProducerColumns::as_select(),
            Option::<CommuneColumns>::as_select(),
            Option::<SetColumns>::as_select(),
        ))
        .order(products::product_no)
        .into_boxed();
    query = match wanted {
        Wanted::One(product_no) => query.filter(products::product_no.eq(product_no.to_i32())),
        Wanted::Within(product_no, reach) => {
            query.filter(products::product_no.eq(product_no.to_i32())).filter(within(reach))
        }
        Wanted::OpenWithin { reach, limit } => {
            query.filter(products::closed_at.is_null()).filter(within(reach)).limit(limit)
        }
        Wanted::After { after, limit } => query.filter(products::product_no.gt(after)).limit(limit),
    };
    let rows: Vec<Joined> = query.load(conn).await?;
    let numbers: Vec<i32> = rows.iter().map(|(product, ..)| product.product_no).collect();
    let mut certificates = load_certificates(conn, &numbers).await?;
    rows.into_iter()
        .map(|row| {
            let own = certificates.extract_if(.., |own| own.product_no == row.0.product_no);
            let own = own.map(|own| own.certificate).collect();
            to_product(row, own)
        })
        .collect()
}

/// Certificates with their product's number: newest window first, those without dates last.
pub(crate) async fn certificates_of(
    conn: &mut AsyncPgConnection,
    product_nos: &[i32],
) -> QueryResult<Vec<(i32, Certificate)>> {
    let own = load_certificates(conn, product_nos).await?;
    Ok(own.into_iter().map(|own| (own.product_no, own.certificate)).collect())
}

/// A certificate with its number and its product's.
pub(super) struct OfProduct {
    pub(super) product_no: i32,
    pub(super) certificate_id: i32,
    pub(super) certificate: Certificate,
}

/// Newest window first, those without dates last.
pub(super) async fn load_certificates(
    conn: &mut AsyncPgConnection,
    product_nos: &[i32],
) -> QueryResult<Vec<OfProduct>> {
    type Window = (Option<NaiveDate>, Option<NaiveDate>);
    type Row = ((i32, i32), Option<i16>, Option<String>, Option<String>, Window, (Option<NaiveDate>, Option<String>));
    let rows: Vec<Row> = certificates::table
        .filter(certificates::product_no.eq_any(product_nos))
        .select((
            (certificates::product_no, certificates::certificate_id),
            certificates::stars,
            certificates::certificate_no,
            certificates::issuer,
            (certificates::valid_from, certificates::valid_to),
            (certificates::revoked_on, certificates::revoked_reason),
        ))
        .order((certificates::product_no, certificates::valid_from.desc().nulls_last(), certificates::certificate_id))
        .load(conn)
        .await?;
    let to_certificate =
        |((product_no, certificate_id), stars, number, issuer, (from, to), (revoked_on, reason)): Row| {
            let stars = stars.and_then(|n| u8::try_from(n).ok());
            let certificate =
                Certificate { stars, number, issuer, window: from.zip(to), revoked: revoked_on.zip(reason) };
            OfProduct { product_no, certificate_id, certificate }
        };
    Ok(rows.into_iter().map(to_certificate).collect())
}

fn to_product((product, producer, commune, set): Joined, certificates: Vec<Certificate>) -> QueryResult<Product> {
    let former: Vec<String> =
        [producer.former_commune, producer.former_district, producer.former_province].into_iter().flatten().collect();
    Ok(Product {
        product_no: ProductNo::try_from(product.product_no).map_err(damaged)?,
        name: product.name,
        set_no: u8::try_from(product.set_no).map_err(damaged)?,
        is_stamped_by_batch: set.as_ref().is_none_or(|set| set.has_batches),
        set_name: set.map(|set| (set.name_vi, set.name_en)),
        stars: product.stars.and_then(|n| u8::try_from(n).ok()),
        standards: product.standards,
        shelf_life: shelf_life(product.shelf_life_n, product.shelf_life_unit.as_deref()),
        photo_base64: product.photo.map(|jpeg| STANDARD.encode(jpeg)),
        demo: product.demo,
        pack: Pack::from_columns(product.pack_thousandths, product.pack_unit.as_deref()),
        is_closed: product.closed_at.is_some() || producer.closed_at.is_some(),
        producer: Producer {
            producer_no: ProducerNo(producer.producer_no),
            name: producer.name,
            kind: ProducerKind::parse(&producer.kind),
            village: producer.village,
            commune: commune.map(|commune| format!("{}, {}", commune.name, commune.province)),
            former: if former.is_empty() { None } else { Some(former.join(", ")) },
        },
        certificates,
    })
}

// Letters in the order of a Vietnamese dictionary, for the names of a list. Diesel keeps a statement with it prepared, which it does
// not with a piece of SQL text.
diesel::postfix_operator!(InVietnameseOrder, " COLLATE \"vi-x-icu\"", diesel::sql_types::Text, backend: diesel::pg::Pg);

pub(super) fn damaged(err: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(err))
}

pub(super) fn shelf_life(n: Option<i16>, unit: Option<&str>) -> Option<ShelfLife> {
    let n = u16::try_from(n?).ok()?;
    match unit? {
        "days" => Some(ShelfLife::Days(n)),
        "months" => Some(ShelfLife::Months(n)),
        _ => None,
    }
}

/// The shelf life as its two columns.
pub(super) fn shelf_life_columns(shelf_life: Option<ShelfLife>) -> (Option<i16>, Option<&'static str>) {
    let (n, unit) = match shelf_life {
        None => return (None, None),
        Some(ShelfLife::Days(n)) => (n, "days"),
        Some(ShelfLife::Months(n)) => (n, "months"),
    };
    (i16::try_from(n).ok(), Some(unit))
}

/// The issuer stored at init and whether this is a demonstration.
pub(super) async fn deployment(conn: &mut AsyncPgConnection) -> QueryResult<Option<(String, bool)>> {
    deployment::table.select((deployment::issuer, deployment::demo)).first(conn).await.optional()
}

pub(super) async fn insert_deployment(
    conn: &mut AsyncPgConnection,
    issuer: &str,
    demo: bool,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(deployment::table)
        .values((deployment::issuer.eq(issuer), deployment::demo.eq(demo), deployment::created_at.eq(now)))
        .execute(conn)
        .await
}

pub(super) async fn insert_communes(conn: &mut AsyncPgConnection, list: &[reference::Commune]) -> QueryResult<usize> {
    let row = |commune: &reference::Commune| {
        (
            communes::code.eq(commune.code.clone()),
            communes::valid_from.eq(commune.valid_from),
            communes::valid_to.eq(commune.valid_to),
            communes::name.eq(commune.name.clone()),
            communes::kind.eq(commune.kind.clone()),
            communes::district.eq(commune.district.clone()),
            communes::province.eq(commune.province.clone()),
        )
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    diesel::insert_into(communes::table)
        .values(rows)
        .on_conflict((communes::code, communes::valid_from))
        .do_nothing()
        .execute(conn)
        .await
}

pub(super) async fn insert_commune_changes(
    conn: &mut AsyncPgConnection,
    list: &[reference::CommuneChange],
    new_from: NaiveDate,
    old_from: NaiveDate,
) -> QueryResult<usize> {
    let row = |change: &reference::CommuneChange| {
        (
            commune_changes::new_code.eq(change.new_code.clone()),
            commune_changes::new_valid_from.eq(new_from),
            commune_changes::old_code.eq(change.old_code.clone()),
            commune_changes::old_valid_from.eq(old_from),
        )
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    diesel::insert_into(commune_changes::table).values(rows).on_conflict_do_nothing().execute(conn).await
}

pub(super) async fn insert_product_sets(
    conn: &mut AsyncPgConnection,
    list: &[reference::ProductSet],
) -> QueryResult<usize> {
    let row = |set: &reference::ProductSet| {
        (
            product_sets::set_no.eq(set.set_no),
            product_sets::valid_from.eq(set.valid_from),
            product_sets::industry.eq(set.industry.clone()),
            product_sets::name_vi.eq(set.name_vi.clone()),
            product_sets::name_en.eq(set.name_en.clone()),
            product_sets::has_batches.eq(set.has_batches),
            product_sets::source.eq(set.source.clone()),
        )
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    diesel::insert_into(product_sets::table)
        .values(rows)
        .on_conflict((product_sets::set_no, product_sets::valid_from))
        .do_nothing()
        .execute(conn)
        .await
}

pub(super) async fn insert_star_bands(
    conn: &mut AsyncPgConnection,
    list: &[reference::StarBand],
) -> QueryResult<usize> {
    use crate::db::schema::star_bands;
    let row = |band: &reference::StarBand| {
        (
            star_bands::stars.eq(band.stars),
            star_bands::valid_from.eq(band.valid_from),
            star_bands::valid_to.eq(band.valid_to),
            star_bands::min_score.eq(band.min_score),
            star_bands::recognised_by.eq(band.recognised_by.clone()),
            star_bands::certificate_months.eq(band.certificate_months),
            star_bands::source.eq(band.source.clone()),
        )
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    diesel::insert_into(star_bands::table)
        .values(rows)
        .on_conflict((star_bands::stars, star_bands::valid_from))
        .do_nothing()
        .execute(conn)
        .await
}

pub(super) async fn insert_issuers(conn: &mut AsyncPgConnection, list: &[reference::Issuer]) -> QueryResult<usize> {
    use crate::db::schema::issuers;
    let row = |issuer: &reference::Issuer| {
        (
            issuers::name.eq(issuer.name.clone()),
            issuers::level.eq(issuer.level.clone()),
            issuers::valid_from.eq(issuer.valid_from),
            issuers::valid_to.eq(issuer.valid_to),
            issuers::source.eq(issuer.source.clone()),
        )
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    diesel::insert_into(issuers::table)
        .values(rows)
        .on_conflict((issuers::name, issuers::valid_from))
        .do_nothing()
        .execute(conn)
        .await
}
