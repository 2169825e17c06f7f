//! Queries on producers. Who may see what is part of each query; no transaction, no clock.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{commune_changes, communes, producers, products};
use crate::register::products::Closed;
use crate::register::store::InVietnameseOrder;
use crate::stamp::ProductNo;

use super::filter::{PAGE_ROWS, ProducerFilter, ProducerSort};
use super::types::{
    Commune, FormerCommune, OwnEntry, OwnProduct, ProducerEntry, ProducerKind, ProducerLine, ProducerPage,
    ProducerSheet,
};

diesel::define_sql_function! {
    /// The LIKE pattern of one word (migration 000005).
    fn search_pattern(word: Text) -> Text;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = producers)]
struct SheetColumns {
    producer_no: i32,
    name: String,
    kind: String,
    tax_code: Option<String>,
    printed_address: Option<String>,
    village: Option<String>,
    former_commune: Option<String>,
    former_district: Option<String>,
    former_province: Option<String>,
    demo: bool,
    closed_at: Option<DateTime<Utc>>,
    version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = communes)]
struct CommuneColumns {
    code: String,
    valid_from: NaiveDate,
    name: String,
    province: String,
}

impl From<CommuneColumns> for Commune {
    fn from(row: CommuneColumns) -> Self {
        Self { code: row.code, valid_from: row.valid_from, name: row.name, province: row.province }
    }
}

type SheetRow = (SheetColumns, Option<CommuneColumns>);

fn to_sheet((row, commune): SheetRow) -> ProducerSheet {
    ProducerSheet {
        producer_no: ProducerNo(row.producer_no),
        name: row.name,
        kind: ProducerKind::parse(&row.kind),
        tax_code: row.tax_code,
        printed_address: row.printed_address,
        village: row.village,
        commune: commune.map(Commune::from),
        former_commune: row.former_commune,
        former_district: row.former_district,
        former_province: row.former_province,
        demo: row.demo,
        closed_at: row.closed_at,
        version: row.version,
    }
}

/// Joins a producer's commune in the life it was registered with.
macro_rules! with_commune {
    () => {
        producers::table.left_join(
            communes::table.on(producers::commune_code
                .eq(communes::code.nullable())
                .and(producers::commune_valid_from.eq(communes::valid_from.nullable()))),
        )
    };
}

/// One producer, for whoever may see it.
pub(in crate::register) async fn find_producer(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    producer_no: ProducerNo,
) -> QueryResult<Option<ProducerSheet>> {
    let row: Option<SheetRow> = with_commune!()
        .filter(producers::producer_no.eq(producer_no.0))
        .filter(within(reach))
        .select((SheetColumns::as_select(), Option::<CommuneColumns>::as_select()))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(to_sheet))
}

/// The same, locked until the transaction ends.
pub(in crate::register) async fn lock_producer(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    producer_no: ProducerNo,
) -> QueryResult<Option<ProducerSheet>> {
    let row = producers::table.find(producer_no.0).filter(within(reach)).select(producers::producer_no);
    let locked: Option<i32> = row.for_no_key_update().first(conn).await.optional()?;
    if locked.is_none() { Ok(None) } else { find_producer(conn, reach, producer_no).await }
}

/// A producer's products, open ones first.
pub(super) async fn products_of(conn: &mut AsyncPgConnection, producer_no: ProducerNo) -> QueryResult<Vec<OwnProduct>> {
    let rows: Vec<(i32, String, bool)> = products::table
        .filter(products::producer_no.eq(producer_no.0))
        .select((products::product_no, products::name, products::closed_at.is_not_null()))
        .order((products::closed_at.is_not_null(), products::search_key, products::product_no))
        .load(conn)
        .await?;
    let own = |(product_no, name, is_closed)| {
        Some(OwnProduct { product_no: ProductNo::try_from(product_no).ok()?, name, is_closed })
    };
    Ok(rows.into_iter().filter_map(own).collect())
}

/// Open products of the producer in the outer query.
macro_rules! n_products {
    () => {
        products::table
            .filter(products::producer_no.eq(producers::producer_no))
            .filter(products::closed_at.is_null())
            .count()
            .single_value()
    };
}

type ListRow = (i32, String, String, Option<String>, Option<i64>, bool, i64);

/// The producers that a filter finds, in its order.
macro_rules! narrowed {
    ($reach:expr, $filter:expr) => {{
        let (reach, filter): (&Reach, &ProducerFilter) = ($reach, $filter);
        let by_name = || InVietnameseOrder::new(producers::name);
        let mut query = with_commune!().filter(within(reach)).into_boxed();
        for word in filter.words() {
            let has_tax_code = producers::tax_code.is_not_distinct_from(filter.text.as_deref());
            query = query.filter(producers::search_key.like(search_pattern(word)).or(has_tax_code));
        }
        if let Some(code) = &filter.commune_code {
            query = query.filter(producers::commune_code.eq(code));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(producers::kind.eq(kind.as_str()));
        }
        query = match filter.closed {
            Closed::Hidden => query.filter(producers::closed_at.is_null()),
            Closed::Only => query.filter(producers::closed_at.is_not_null()),
            Closed::Shown => query,
        };
        query = match filter.sort {
            ProducerSort::Name => query.order(by_name()),
            ProducerSort::Commune => query.order((communes::name.nullable().asc().nulls_last(), by_name())),
            ProducerSort::Products => query.order((n_products!().desc(), by_name())),
            ProducerSort::Newest => query.order(producers::producer_no.desc()),
        };
        query.then_order_by(producers::producer_no)
    }};
}

/// The numbers of matching producers in the filter's order, at most as many as the limit.
pub(in crate::register) async fn matching_producers(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &ProducerFilter,
    limit: i64,
) -> QueryResult<Vec<i32>> {
    narrowed!(reach, filter).limit(limit).select(producers::producer_no).load(conn).await
}

/// One page of a list, with the count of all that the filter finds; the count is 0 beyond the last page.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &ProducerFilter,
) -> QueryResult<ProducerPage> {
    let rows: Vec<ListRow> = narrowed!(reach, filter)
        .offset(filter.offset().into())
        .limit(PAGE_ROWS.into())
        .select((
            producers::producer_no,
            producers::name,
            producers::kind,
            communes::name.nullable(),
            n_products!(),
            producers::closed_at.is_not_null(),
            count_star().over(),
        ))
        .load(conn)
        .await?;
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let n_all = rows.as_slice().first().map_or(0, |(.., n)| count(*n));
    let lines = rows.into_iter().map(|(producer_no, name, kind, commune, n_products, is_closed, _)| ProducerLine {
        producer_no: ProducerNo(producer_no),
        name,
        kind: ProducerKind::parse(&kind),
        commune,
        n_products: count(n_products.unwrap_or(0)),
        is_closed,
    });
    Ok(ProducerPage { lines: lines.collect(), n_all })
}

/// Producers above a number, in ascending order.
pub(super) async fn list_after(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    after: i32,
    limit: i64,
) -> QueryResult<Vec<ProducerSheet>> {
    let rows: Vec<SheetRow> = with_commune!()
        .filter(within(reach))
        .filter(producers::producer_no.gt(after))
        .order(producers::producer_no)
        .limit(limit)
        .select((SheetColumns::as_select(), Option::<CommuneColumns>::as_select()))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(to_sheet).collect())
}

/// The communes of a day, by name.
pub(in crate::register) async fn communes_on(
    conn: &mut AsyncPgConnection,
    day: NaiveDate,
) -> QueryResult<Vec<Commune>> {
    let rows: Vec<CommuneColumns> = communes::table
        .filter(communes::valid_from.le(day))
        .filter(communes::valid_to.is_null().or(communes::valid_to.ge(day)))
        .select(CommuneColumns::as_select())
        .order(sql::<Text>("communes.name COLLATE \"vi-x-icu\""))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Commune::from).collect())
}

/// The communes that were gone by a day, each with what it became.
pub(in crate::register) async fn former_communes(
    conn: &mut AsyncPgConnection,
    day: NaiveDate,
) -> QueryResult<Vec<FormerCommune>> {
    let (old, new) = diesel::alias!(communes as old, communes as new);
    let is_old = old
        .field(communes::code)
        .eq(commune_changes::old_code)
        .and(old.field(communes::valid_from).eq(commune_changes::old_valid_from));
    let is_new = new
        .field(communes::code)
        .eq(commune_changes::new_code)
        .and(new.field(communes::valid_from).eq(commune_changes::new_valid_from));
    let rows: Vec<(String, String, Option<String>, String)> = commune_changes::table
        .inner_join(old.on(is_old))
        .inner_join(new.on(is_new))
        .filter(old.field(communes::valid_to).lt(day))
        .select((
            old.field(communes::code),
            old.field(communes::name),
            old.field(communes::district),
            new.field(communes::name),
        ))
        .order((commune_changes::old_code, commune_changes::new_code))
        .load(conn)
        .await?;
    let mut former: Vec<FormerCommune> = Vec::new();
    for (code, name, district, became) in rows {
        match former.last_mut() {
            Some(last) if last.code == code && last.name == name && last.district == district => {
                last.became.push(became);
            }
            _ => former.push(FormerCommune { code, name, district, became: vec![became] }),
        }
    }
    Ok(former)
}

/// What another producer of the register has already.
#[derive(Clone, Copy)]
pub(super) enum Taken {
    /// Its name, in the same commune.
    Name,
    /// Its tax code.
    TaxCode,
}

/// A broken rule of uniqueness becomes what it says; the transaction has to end.
fn taken<T>(result: QueryResult<T>) -> QueryResult<Result<T, Taken>> {
    use diesel::result::Error::DatabaseError;
    match result {
        Err(DatabaseError(DatabaseErrorKind::UniqueViolation, info)) => match info.constraint_name() {
            Some("one_producer_per_name_and_commune") => Ok(Err(Taken::Name)),
            Some("producers_tax_code_key") => Ok(Err(Taken::TaxCode)),
            _ => Err(DatabaseError(DatabaseErrorKind::UniqueViolation, info)),
        },
        other => other.map(Ok),
    }
}

/// Columns that only the office writes.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = producers, treat_none_as_null = true)]
struct EntryColumns<'e> {
    name: &'e str,
    kind: &'static str,
    tax_code: Option<&'e str>,
    commune_code: Option<&'e str>,
    commune_valid_from: Option<NaiveDate>,
    former_commune: Option<&'e str>,
    former_district: Option<&'e str>,
    former_province: Option<&'e str>,
}

impl<'e> EntryColumns<'e> {
    fn new(entry: &'e ProducerEntry, commune: Option<&'e Commune>) -> Self {
        Self {
            name: &entry.name,
            kind: entry.kind.as_str(),
            tax_code: entry.tax_code.as_ref().map(super::TaxCode::as_str),
            commune_code: commune.map(|commune| &*commune.code),
            commune_valid_from: commune.map(|commune| commune.valid_from),
            former_commune: entry.former_commune.as_deref(),
            former_district: entry.former_district.as_deref(),
            former_province: entry.former_province.as_deref(),
        }
    }
}

/// Columns that a producer's own people write too.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = producers, treat_none_as_null = true)]
struct OwnColumns<'e> {
    village: Option<&'e str>,
    printed_address: Option<&'e str>,
}

impl<'e> From<&'e OwnEntry> for OwnColumns<'e> {
    fn from(own: &'e OwnEntry) -> Self {
        Self { village: own.village.as_deref(), printed_address: own.printed_address.as_deref() }
    }
}

/// Adds a producer.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    entry: &ProducerEntry,
    commune: Option<&Commune>,
    is_demo: bool,
) -> QueryResult<Result<ProducerNo, Taken>> {
    let inserted = diesel::insert_into(producers::table)
        .values((EntryColumns::new(entry, commune), OwnColumns::from(&entry.own), producers::demo.eq(is_demo)))
        .returning(producers::producer_no)
        .get_result(conn)
        .await;
    taken(inserted.map(ProducerNo))
}

/// Writes all of a producer, if it still has this version; how many rows were written.
pub(super) async fn update_whole(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    version: i32,
    entry: &ProducerEntry,
    commune: Option<&Commune>,
) -> QueryResult<Result<usize, Taken>> {
    let row = producers::table.find(producer_no.0).filter(producers::version.eq(version));
    let written = diesel::update(row)
        .set((
            EntryColumns::new(entry, commune),
            OwnColumns::from(&entry.own),
            producers::version.eq(producers::version + 1),
        ))
        .execute(conn)
        .await;
    taken(written)
}

/// Writes a producer's own part, if it still has this version; how many rows were written.
pub(super) async fn update_own(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    version: i32,
    own: &OwnEntry,
) -> QueryResult<usize> {
    let row = producers::table.find(producer_no.0).filter(producers::version.eq(version));
    let set = (OwnColumns::from(own), producers::version.eq(producers::version + 1));
    diesel::update(row).set(set).execute(conn).await
}

/// Takes a closed producer back into the register's lists; how many rows were written.
pub(super) async fn reopen(conn: &mut AsyncPgConnection, producer_no: ProducerNo) -> QueryResult<usize> {
    let row = producers::table.find(producer_no.0).filter(producers::closed_at.is_not_null());
    let set = (producers::closed_at.eq(None::<DateTime<Utc>>), producers::version.eq(producers::version + 1));
    diesel::update(row).set(set).execute(conn).await
}

/// Takes a producer out of the register's lists; how many rows were written.
pub(super) async fn close(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let row = producers::table.find(producer_no.0).filter(producers::closed_at.is_null());
    let set = (producers::closed_at.eq(now), producers::version.eq(producers::version + 1));
    diesel::update(row).set(set).execute(conn).await
}
