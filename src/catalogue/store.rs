//! Queries for the public pages, on what is public alone. No transaction, no clock, no HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Float, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join5;

use crate::db::schema::{
    batches, certificates, communes, food_safety_papers, producer_contacts, producers, product_photos, product_sets,
    products,
};
use crate::register::papers::types::PaperKind;
use crate::stamp::ProductNo;

use super::types::{Contact, CurrentBatch, Details, HITS_PER_PAGE, Hit, Paper, Photo, Search, SetName, Standing, View};

diesel::define_sql_function! {
    /// What a search compares (migration 5).
    #[sql_name = "search_key"]
    fn key_of(text: Text) -> Text;
}
diesel::define_sql_function! {
    /// The same for a text that may be missing.
    #[sql_name = "search_key"]
    fn key_of_nullable(text: Nullable<Text>) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// How alike two texts are, 0 to 1 (pg_trgm).
    fn similarity(one: Text, other: Text) -> Float;
}
diesel::define_sql_function! {
    /// How much of the first text is in the second, 0 to 1 (pg_trgm).
    fn word_similarity(part: Text, whole: Text) -> Float;
}
diesel::define_sql_function! {
    /// The larger one.
    fn greatest(one: Float, other: Float) -> Float;
}

/// Names to offer when nothing was found.
const MAX_SUGGESTIONS: i64 = 5;
/// How alike they must be, 0 to 1: one wrong letter in a word of six.
const MIN_LIKENESS: f32 = 0.45;
/// Batches on a product's page; a producer rarely has more in shops.
const MAX_BATCHES: i64 = 12;
/// Most products in a map of the site (sitemaps.org).
const MAX_NUMBERS: i64 = 50_000;

/// Holds for products on view, closed ones included. For queries that have `products` and `producers` in them.
#[diesel::dsl::auto_type]
fn on_view(view: View) -> _ {
    let with_examples: bool = matches!(view, View::WithExamples);
    with_examples.into_sql::<Bool>().or(products::demo.eq(false).and(producers::demo.eq(false)))
}

/// Holds for products on view that are not closed.
#[diesel::dsl::auto_type]
fn listed(view: View) -> _ {
    let on_view: on_view = on_view(view);
    on_view.and(products::closed_at.is_null()).and(producers::closed_at.is_null())
}

/// The commune of a producer, as it stands in the register.
#[diesel::dsl::auto_type]
fn commune_of_producer() -> _ {
    producers::commune_code
        .eq(communes::code.nullable())
        .and(producers::commune_valid_from.eq(communes::valid_from.nullable()))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = products)]
struct HitColumns {
    product_no: i32,
    name: String,
    name_en: Option<String>,
    stars: Option<i16>,
}

type HitRow = (HitColumns, String, Option<String>, bool);

fn damaged(err: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(err))
}

fn to_hit((columns, producer, commune, has_picture): HitRow) -> QueryResult<Hit> {
    Ok(Hit {
        product_no: ProductNo::try_from(columns.product_no).map_err(damaged)?,
        name: columns.name,
        name_en: columns.name_en,
        stars: columns.stars.and_then(|n| u8::try_from(n).ok()),
        producer,
        commune,
        has_picture,
        certificates: Vec::new(),
    })
}

/// `%`, `_` and the escape itself stand for themselves.
fn containing(word: &str) -> String {
    format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// What a text is compared by.
async fn key(conn: &mut AsyncPgConnection, text: &str) -> QueryResult<String> {
    diesel::select(key_of(text)).get_result(conn).await
}

/// One page of what fits, with how many fit in all.
pub(super) async fn search(
    conn: &mut AsyncPgConnection,
    view: View,
    search: &Search,
    today: NaiveDate,
) -> QueryResult<(Vec<Hit>, u32)> {
    let key = if search.text.is_empty() { String::new() } else { key(conn, &search.text).await? };
    let mut query = products::table
        .inner_join(producers::table)
        .left_join(communes::table.on(commune_of_producer()))
        .filter(listed(view))
        .select((
            HitColumns::as_select(),
            producers::name,
            communes::name.nullable(),
            products::photo.is_not_null(),
            count_star().over(),
        ))
        .order((
            similarity(products::search_key, key.clone()).desc(),
            products::stars.desc().nulls_last(),
            products::search_key,
            products::product_no,
        ))
        .limit(HITS_PER_PAGE.into())
        .offset(search.offset().into())
        .into_boxed();
    for word in key.split_whitespace() {
        let pattern = containing(word);
        query = query.filter(
            (products::search_key.like(pattern.clone()).nullable())
                .or(producers::search_key.like(pattern.clone()).nullable())
                .or(key_of_nullable(communes::name.nullable()).like(pattern.clone()))
                .or(key_of_nullable(producers::former_district).like(pattern)),
        );
    }
    if let Some(set_no) = search.set_no {
        query = query.filter(products::set_no.eq(i16::from(set_no)));
    }
    if let Some(stars) = search.stars {
        let in_force = || {
            certificates::table
                .filter(certificates::valid_from.le(today).and(certificates::valid_to.ge(today)))
                .filter(certificates::revoked_on.is_null().or(certificates::revoked_on.gt(today)))
        };
        let so_many = in_force().filter(certificates::stars.eq(i16::from(stars))).select(certificates::product_no);
        let any = in_force().select(certificates::product_no);
        let by_register = products::stars.eq(i16::from(stars)).and(products::product_no.ne_all(any).nullable());
        query = query.filter(products::product_no.eq_any(so_many).nullable().or(by_register));
    }
    let rows: Vec<(HitColumns, String, Option<String>, bool, i64)> = query.load(conn).await?;
    let mut n_found = 0;
    let mut hits = Vec::with_capacity(rows.len());
    for (columns, producer, commune, has_picture, n) in rows {
        n_found = u32::try_from(n).map_err(damaged)?;
        hits.push(to_hit((columns, producer, commune, has_picture))?);
    }
    Ok((hits, n_found))
}

/// Products whose name or producer looks like what was typed, the likest first.
pub(super) async fn suggest(conn: &mut AsyncPgConnection, view: View, text: &str) -> QueryResult<Vec<Hit>> {
    let key = key(conn, text).await?;
    let likeness =
        greatest(word_similarity(key.clone(), products::search_key), word_similarity(key, producers::search_key));
    let rows: Vec<HitRow> = products::table
        .inner_join(producers::table)
        .left_join(communes::table.on(commune_of_producer()))
        .filter(listed(view))
        .filter(likeness.clone().ge(MIN_LIKENESS))
        .select((HitColumns::as_select(), producers::name, communes::name.nullable(), products::photo.is_not_null()))
        .order((likeness.desc(), products::product_no))
        .limit(MAX_SUGGESTIONS)
        .load(conn)
        .await?;
    rows.into_iter().map(to_hit).collect()
}

/// The product sets of a day.
pub(super) async fn sets(conn: &mut AsyncPgConnection, today: NaiveDate) -> QueryResult<Vec<SetName>> {
    let rows: Vec<(i16, String, String)> = product_sets::table
        .filter(product_sets::valid_from.le(today))
        .filter(product_sets::valid_to.is_null().or(product_sets::valid_to.ge(today)))
        .select((product_sets::set_no, product_sets::name_vi, product_sets::name_en))
        .order(product_sets::set_no)
        .load(conn)
        .await?;
    let to_set = |(set_no, vi, en): (i16, _, _)| Ok(SetName { set_no: u8::try_from(set_no).map_err(damaged)?, vi, en });
    rows.into_iter().map(to_set).collect()
}

/// What a product's page shows besides what every scan shows.
pub(super) struct Rest {
    pub(super) details: Details,
    pub(super) photos: Vec<Photo>,
    pub(super) contacts: Vec<Contact>,
    pub(super) papers: Vec<Paper>,
    pub(super) batches: Vec<CurrentBatch>,
}

/// None when the product is not on view.
pub(super) async fn load_rest(
    conn: &AsyncPgConnection,
    view: View,
    product_no: ProductNo,
    today: NaiveDate,
) -> QueryResult<Option<Rest>> {
    let no = product_no.to_i32();
    let (details, photos, contacts, papers, batches) = try_join5(
        details(conn, view, no),
        photos(conn, no),
        public_contacts(conn, no),
        papers(conn, no, today),
        current_batches(conn, no, today),
    )
    .await?;
    Ok(details.map(|details| Rest { details, photos, contacts, papers, batches }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = products)]
struct DetailColumns {
    name_en: Option<String>,
    story: Option<String>,
    story_en: Option<String>,
    ingredients: Option<String>,
    gtin: Option<String>,
    closed_at: Option<DateTime<Utc>>,
}

async fn details(mut conn: &AsyncPgConnection, view: View, product_no: i32) -> QueryResult<Option<Details>> {
    let row: Option<(DetailColumns, Option<String>, Option<DateTime<Utc>>)> = products::table
        .inner_join(producers::table)
        .filter(products::product_no.eq(product_no).and(on_view(view)))
        .select((DetailColumns::as_select(), producers::printed_address, producers::closed_at))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(row.map(|(columns, printed_address, producer_closed_at)| Details {
        name_en: columns.name_en,
        story: columns.story,
        story_en: columns.story_en,
        ingredients: columns.ingredients,
        gtin: columns.gtin,
        closed_at: columns.closed_at,
        printed_address,
        producer_closed_at,
    }))
}

async fn photos(mut conn: &AsyncPgConnection, product_no: i32) -> QueryResult<Vec<Photo>> {
    let rows: Vec<(i32, i16, i16)> = product_photos::table
        .filter(product_photos::product_no.eq(product_no))
        .select((product_photos::photo_id, product_photos::width_px, product_photos::height_px))
        .order(product_photos::place)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|(photo_id, width_px, height_px)| Photo { photo_id, width_px, height_px }).collect())
}

/// Whose product it is.
#[diesel::dsl::auto_type]
fn producer_of(product_no: i32) -> _ {
    products::table.filter(products::product_no.eq(product_no)).select(products::producer_no)
}

/// None of a producer that left the register: nobody keeps them up to date.
async fn public_contacts(mut conn: &AsyncPgConnection, product_no: i32) -> QueryResult<Vec<Contact>> {
    let rows: Vec<(String, String)> = producer_contacts::table
        .inner_join(producers::table)
        .filter(producers::closed_at.is_null())
        .filter(producer_contacts::producer_no.eq_any(producer_of(product_no)))
        .filter(producer_contacts::visibility.eq("public"))
        .select((producer_contacts::kind, producer_contacts::value))
        .order(producer_contacts::contact_id)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|(kind, value)| Contact { kind, value }).collect())
}

/// The product's own and those of its producer as a whole, as far as they count on a day.
async fn papers(mut conn: &AsyncPgConnection, product_no: i32, today: NaiveDate) -> QueryResult<Vec<Paper>> {
    type Row = (String, Option<String>, Option<NaiveDate>, Option<NaiveDate>);
    let rows: Vec<Row> = food_safety_papers::table
        .filter(food_safety_papers::producer_no.eq_any(producer_of(product_no)))
        .filter(food_safety_papers::product_no.is_null().or(food_safety_papers::product_no.eq(product_no)))
        .filter(food_safety_papers::closed_at.is_null())
        .filter(food_safety_papers::valid_to.is_null().or(food_safety_papers::valid_to.ge(today)))
        .select((
            food_safety_papers::kind,
            food_safety_papers::paper_no,
            food_safety_papers::issued_on,
            food_safety_papers::valid_to,
        ))
        .order((food_safety_papers::valid_to.desc().nulls_last(), food_safety_papers::paper_id))
        .load(&mut conn)
        .await?;
    let paper = |(kind, number, issued_on, valid_to): Row| {
        Some(Paper { kind: PaperKind::parse(&kind)?, number, issued_on, valid_to })
    };
    Ok(rows.into_iter().filter_map(paper).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = batches)]
struct BatchColumns {
    lot: String,
    packed_on: NaiveDate,
    last_valid_day: Option<NaiveDate>,
    standing: String,
    standing_reason: Option<String>,
    standing_advice: Option<String>,
}

/// Batches that have stamps and are not past their last day; those with something against them first, and always.
async fn current_batches(
    mut conn: &AsyncPgConnection,
    product_no: i32,
    today: NaiveDate,
) -> QueryResult<Vec<CurrentBatch>> {
    let rows: Vec<BatchColumns> = batches::table
        .filter(batches::product_no.eq(product_no).and(batches::next_serial.gt(1)))
        .filter(
            (batches::last_valid_day.ge(today))
                .or(batches::last_valid_day.is_null())
                .or(batches::standing.ne("normal").nullable()),
        )
        .select(BatchColumns::as_select())
        .order((batches::standing.ne("normal").desc(), batches::packed_on.desc(), batches::batch_no.desc()))
        .limit(MAX_BATCHES)
        .load(&mut conn)
        .await?;
    let to_batch = |row: BatchColumns| CurrentBatch {
        lot: row.lot,
        packed_on: row.packed_on,
        last_valid_day: row.last_valid_day,
        standing: match row.standing.as_str() {
            "recalled" => Standing::Recalled,
            "suspended" => Standing::Suspended,
            _ => Standing::Normal,
        },
        reason: row.standing_reason,
        advice: row.standing_advice,
    };
    Ok(rows.into_iter().map(to_batch).collect())
}

/// The small picture of a product on view.
pub(super) async fn picture(
    conn: &mut AsyncPgConnection,
    view: View,
    product_no: ProductNo,
) -> QueryResult<Option<Vec<u8>>> {
    let found: Option<Option<Vec<u8>>> = products::table
        .inner_join(producers::table)
        .filter(products::product_no.eq(product_no.to_i32()).and(on_view(view)))
        .select(products::photo)
        .first(conn)
        .await
        .optional()?;
    Ok(found.flatten())
}

/// The numbers of all listed products.
pub(super) async fn numbers(conn: &mut AsyncPgConnection, view: View) -> QueryResult<Vec<i32>> {
    products::table
        .inner_join(producers::table)
        .filter(listed(view))
        .select(products::product_no)
        .order(products::product_no)
        .limit(MAX_NUMBERS)
        .load(conn)
        .await
}
