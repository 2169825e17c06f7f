//! Queries on food-safety papers. Whose they are is part of each query; no transaction, no clock.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{food_safety_papers, producers, products};
use crate::register::files::Sha256Hash;
use crate::register::store::damaged;
use crate::stamp::ProductNo;

use super::types::{PaperDraft, PaperKind, PaperSheet};

#[derive(Queryable, Selectable)]
#[diesel(table_name = food_safety_papers)]
struct PaperColumns {
    paper_id: i32,
    producer_no: i32,
    product_no: Option<i32>,
    kind: String,
    paper_no: Option<String>,
    issuer: Option<String>,
    issued_on: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    scope: Option<String>,
    file_sha256: Option<Vec<u8>>,
    closed_at: Option<DateTime<Utc>>,
    version: i32,
}

/// A paper with the names of its producer and its product.
type Row = (PaperColumns, String, Option<String>);

fn to_sheet((row, producer, product): Row) -> QueryResult<PaperSheet> {
    let wrong = |what: String| damaged(std::io::Error::other(what));
    let kind = PaperKind::parse(&row.kind).ok_or_else(|| wrong(format!("a paper of the kind {}", row.kind)))?;
    let file = row.file_sha256.map(<[u8; 32]>::try_from).transpose();
    Ok(PaperSheet {
        paper_id: row.paper_id,
        producer_no: ProducerNo(row.producer_no),
        producer,
        product,
        draft: PaperDraft {
            kind,
            product_no: row.product_no.map(ProductNo::try_from).transpose().map_err(damaged)?,
            number: row.paper_no,
            issuer: row.issuer,
            issued_on: row.issued_on,
            valid_to: row.valid_to,
            scope: row.scope,
        },
        file: file.map_err(|bytes| wrong(format!("a hash of {} bytes", bytes.len())))?.map(Sha256Hash),
        closed_at: row.closed_at,
        version: row.version,
    })
}

fn to_sheets(rows: Vec<Row>) -> QueryResult<Vec<PaperSheet>> {
    rows.into_iter().map(to_sheet).collect()
}

/// Papers with their producers and, where there is one, their products.
macro_rules! joined {
    () => {
        food_safety_papers::table
            .inner_join(producers::table)
            .left_join(products::table.on(food_safety_papers::product_no.eq(products::product_no.nullable())))
    };
}

macro_rules! sheet_columns {
    () => {
        (PaperColumns::as_select(), producers::name, products::name.nullable())
    };
}

/// The order of lists: those that count first, the producer's before its products', those without an end before the others.
macro_rules! list_order {
    () => {
        (
            food_safety_papers::closed_at.is_not_null(),
            food_safety_papers::product_no.asc().nulls_first(),
            food_safety_papers::valid_to.desc(),
            food_safety_papers::paper_id,
        )
    };
}

/// One paper, for whoever may see its producer.
pub(super) async fn find_paper(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    paper_id: i32,
) -> QueryResult<Option<PaperSheet>> {
    let row: Option<Row> = joined!()
        .filter(food_safety_papers::paper_id.eq(paper_id))
        .filter(within(reach))
        .select(sheet_columns!())
        .first(conn)
        .await
        .optional()?;
    row.map(to_sheet).transpose()
}

/// Every paper of a producer within reach, its products' included.
pub(super) async fn of_producer(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    producer_no: ProducerNo,
) -> QueryResult<Vec<PaperSheet>> {
    let rows = joined!()
        .filter(within(reach))
        .filter(food_safety_papers::producer_no.eq(producer_no.0))
        .select(sheet_columns!())
        .order(list_order!())
        .load(conn)
        .await?;
    to_sheets(rows)
}

/// The papers of one product of a producer within reach, and those of the producer as a whole.
pub(super) async fn of_product(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    producer_no: ProducerNo,
    product_no: ProductNo,
) -> QueryResult<Vec<PaperSheet>> {
    let is_its = food_safety_papers::product_no.eq(product_no.to_i32());
    let rows = joined!()
        .filter(within(reach))
        .filter(food_safety_papers::producer_no.eq(producer_no.0))
        .filter(food_safety_papers::product_no.is_null().or(is_its))
        .select(sheet_columns!())
        .order(list_order!())
        .load(conn)
        .await?;
    to_sheets(rows)
}

/// Papers that count and whose last day lies between two days, the first to end first. One that a later paper of the same kind
/// follows is left out: it has been renewed.
pub(super) async fn ending_between(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    first: NaiveDate,
    last: NaiveDate,
) -> QueryResult<Vec<PaperSheet>> {
    let later = diesel::alias!(food_safety_papers as later);
    let follows = later
        .field(food_safety_papers::producer_no)
        .eq(food_safety_papers::producer_no)
        .and(later.field(food_safety_papers::kind).eq(food_safety_papers::kind))
        .and(later.field(food_safety_papers::product_no).is_not_distinct_from(food_safety_papers::product_no))
        .and(later.field(food_safety_papers::closed_at).is_null())
        .and(later.field(food_safety_papers::valid_to).gt(food_safety_papers::valid_to));
    let rows = joined!()
        .filter(within(reach))
        .filter(food_safety_papers::valid_to.between(first, last))
        .filter(food_safety_papers::closed_at.is_null().and(producers::closed_at.is_null()))
        .filter(products::closed_at.is_null())
        .filter(not(exists(later.filter(follows))))
        .select(sheet_columns!())
        .order((food_safety_papers::valid_to, food_safety_papers::paper_id))
        .load(conn)
        .await?;
    to_sheets(rows)
}

/// How many papers a producer has, closed ones included.
pub(super) async fn count(conn: &mut AsyncPgConnection, producer_no: ProducerNo) -> QueryResult<i64> {
    food_safety_papers::table.filter(food_safety_papers::producer_no.eq(producer_no.0)).count().get_result(conn).await
}

/// Whether a product has left the register; none when it is not the producer's.
pub(super) async fn is_product_closed(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    product_no: ProductNo,
) -> QueryResult<Option<bool>> {
    products::table
        .find(product_no.to_i32())
        .filter(products::producer_no.eq(producer_no.0))
        .select(products::closed_at.is_not_null())
        .first(conn)
        .await
        .optional()
}

/// What a draft writes.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = food_safety_papers, treat_none_as_null = true)]
struct DraftColumns<'d> {
    product_no: Option<i32>,
    kind: &'static str,
    paper_no: Option<&'d str>,
    issuer: Option<&'d str>,
    issued_on: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    scope: Option<&'d str>,
    file_sha256: Option<Vec<u8>>,
}

impl<'d> DraftColumns<'d> {
    fn new(draft: &'d PaperDraft, file: Option<Sha256Hash>) -> Self {
        Self {
            product_no: draft.product_no.map(ProductNo::to_i32),
            kind: draft.kind.as_str(),
            paper_no: draft.number.as_deref(),
            issuer: draft.issuer.as_deref(),
            issued_on: draft.issued_on,
            valid_to: draft.valid_to,
            scope: draft.scope.as_deref(),
            file_sha256: file.map(|hash| hash.0.to_vec()),
        }
    }
}

/// Adds a paper; its number in the register.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    draft: &PaperDraft,
    file: Option<Sha256Hash>,
) -> QueryResult<i32> {
    diesel::insert_into(food_safety_papers::table)
        .values((food_safety_papers::producer_no.eq(producer_no.0), DraftColumns::new(draft, file)))
        .returning(food_safety_papers::paper_id)
        .get_result(conn)
        .await
}

/// Writes a paper, if it still has this version; how many rows were written.
pub(super) async fn update(
    conn: &mut AsyncPgConnection,
    paper_id: i32,
    version: i32,
    draft: &PaperDraft,
    file: Option<Sha256Hash>,
) -> QueryResult<usize> {
    let row = food_safety_papers::table.find(paper_id).filter(food_safety_papers::version.eq(version));
    let set = (DraftColumns::new(draft, file), food_safety_papers::version.eq(food_safety_papers::version + 1));
    diesel::update(row).set(set).execute(conn).await
}

/// Closes a paper, if it still has this version; how many rows were written.
pub(super) async fn close(
    conn: &mut AsyncPgConnection,
    paper_id: i32,
    version: i32,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let row = food_safety_papers::table.find(paper_id).filter(food_safety_papers::version.eq(version));
    let set = (food_safety_papers::closed_at.eq(now), food_safety_papers::version.eq(food_safety_papers::version + 1));
    diesel::update(row).set(set).execute(conn).await
}
