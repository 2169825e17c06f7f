//! Queries on one product, its photos, and what is written of it. Who may see it is part of every finder. No transaction of
//! its own, no clock.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::audit::last_act;
use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{communes, producers, product_photos, products};
use crate::register::gtin::Gtin;
use crate::register::photo::ReadyPhoto;
use crate::register::store::{find_product_within, load_certificates, shelf_life_columns};
use crate::stamp::ProductNo;

use super::types::{PhotoId, PhotoRef, ProducerChoice, ProductDraft, ProductSheet};

#[derive(Queryable, Selectable)]
#[diesel(table_name = products)]
struct SheetColumns {
    version: i32,
    name_en: Option<String>,
    story: Option<String>,
    story_en: Option<String>,
    ingredients: Option<String>,
    gtin: Option<String>,
    first_year_seen: Option<i16>,
    decision: Option<String>,
    closed_at: Option<DateTime<Utc>>,
}

/// Everything of one product, for whoever may see it.
pub(super) async fn find_sheet(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
    today: NaiveDate,
) -> QueryResult<Option<ProductSheet>> {
    let Some(mut product) = find_product_within(conn, reach, product_no, today).await? else {
        return Ok(None);
    };
    let own = load_certificates(conn, &[product_no.to_i32()]).await?;
    let certificates: Vec<_> = own.into_iter().map(|own| (own.certificate_id, own.certificate)).collect();
    product.certificates = certificates.iter().map(|(_, certificate)| certificate.clone()).collect();
    let columns: SheetColumns =
        products::table.find(product_no.to_i32()).select(SheetColumns::as_select()).first(conn).await?;
    Ok(Some(ProductSheet {
        product,
        version: columns.version,
        name_en: columns.name_en,
        story: columns.story,
        story_en: columns.story_en,
        ingredients: columns.ingredients,
        gtin: columns.gtin.and_then(|digits| Gtin::parse(&digits).ok()),
        first_year_seen: columns.first_year_seen.and_then(|year| u16::try_from(year).ok()),
        decision: columns.decision,
        closed_at: columns.closed_at,
        photos: list_photos(conn, product_no).await?,
        certificates,
        last_change: last_act(conn, &thing(product_no)).await?,
    }))
}

/// What the audit trail calls a product.
pub(super) fn thing(product_no: ProductNo) -> String {
    format!("product {product_no}")
}

/// A product's photos, the first one first.
pub(super) async fn list_photos(conn: &mut AsyncPgConnection, product_no: ProductNo) -> QueryResult<Vec<PhotoRef>> {
    let rows: Vec<(i32, i16, i16)> = product_photos::table
        .filter(product_photos::product_no.eq(product_no.to_i32()))
        .select((product_photos::photo_id, product_photos::width_px, product_photos::height_px))
        .order(product_photos::place)
        .load(conn)
        .await?;
    let px = |n: i16| u16::try_from(n).unwrap_or_default();
    let photo = |(photo_id, width, height)| PhotoRef {
        photo_id: PhotoId(photo_id),
        width_px: px(width),
        height_px: px(height),
    };
    Ok(rows.into_iter().map(photo).collect())
}

/// A photo as its page shows it.
pub(super) async fn photo(conn: &mut AsyncPgConnection, photo_id: PhotoId) -> QueryResult<Option<Vec<u8>>> {
    product_photos::table.find(photo_id.0).select(product_photos::jpeg).first(conn).await.optional()
}

/// A photo as lists show it.
pub(super) async fn small_photo(conn: &mut AsyncPgConnection, photo_id: PhotoId) -> QueryResult<Option<Vec<u8>>> {
    product_photos::table.find(photo_id.0).select(product_photos::small).first(conn).await.optional()
}

/// What a write needs to know of a product before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locked {
    /// Whose it is.
    pub(super) producer_no: ProducerNo,
    /// Whether it left the register, alone or with its producer.
    pub(super) is_closed: bool,
}

/// Locks a product within reach until the transaction ends, so that its writers stand in line.
pub(super) async fn lock(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
) -> QueryResult<Option<Locked>> {
    let row: Option<(i32, bool)> = products::table
        .inner_join(producers::table)
        .filter(products::product_no.eq(product_no.to_i32()))
        .filter(within(reach))
        .select((producers::producer_no, products::closed_at.is_not_null().or(producers::closed_at.is_not_null())))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(producer_no, is_closed)| Locked { producer_no: ProducerNo(producer_no), is_closed }))
}

/// Whether a producer is there, open and within reach.
pub(super) async fn has_open_producer(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    producer_no: ProducerNo,
) -> QueryResult<bool> {
    let own = producers::table
        .filter(producers::producer_no.eq(producer_no.0))
        .filter(producers::closed_at.is_null())
        .filter(within(reach));
    diesel::select(diesel::dsl::exists(own)).get_result(conn).await
}

/// Open producers within reach, by name.
pub(super) async fn producer_choices(conn: &mut AsyncPgConnection, reach: &Reach) -> QueryResult<Vec<ProducerChoice>> {
    let commune = producers::commune_code
        .eq(communes::code.nullable())
        .and(producers::commune_valid_from.eq(communes::valid_from.nullable()));
    let rows: Vec<(i32, String, Option<String>)> = producers::table
        .left_join(communes::table.on(commune))
        .filter(producers::closed_at.is_null())
        .filter(within(reach))
        .select((producers::producer_no, producers::name, communes::name.nullable()))
        .order(diesel::dsl::sql::<diesel::sql_types::Text>("producers.name COLLATE \"vi-x-icu\""))
        .then_order_by(producers::producer_no)
        .load(conn)
        .await?;
    let choice = |(producer_no, name, commune): (i32, String, Option<String>)| ProducerChoice {
        producer_no: ProducerNo(producer_no),
        label: commune.map_or_else(|| name.clone(), |commune| format!("{name} ({commune})")),
    };
    Ok(rows.into_iter().map(choice).collect())
}

#[derive(AsChangeset, Insertable)]
#[diesel(table_name = products, treat_none_as_null = true)]
struct DraftColumns<'d> {
    producer_no: i32,
    name: &'d str,
    name_en: Option<&'d str>,
    set_no: i16,
    stars: Option<i16>,
    story: Option<&'d str>,
    story_en: Option<&'d str>,
    ingredients: Option<&'d str>,
    standards: Option<&'d str>,
    gtin: Option<&'d str>,
    shelf_life_n: Option<i16>,
    shelf_life_unit: Option<&'static str>,
    pack_thousandths: Option<i64>,
    pack_unit: Option<&'d str>,
}

impl<'d> From<&'d ProductDraft> for DraftColumns<'d> {
    fn from(draft: &'d ProductDraft) -> Self {
        let (shelf_life_n, shelf_life_unit) = shelf_life_columns(draft.shelf_life);
        Self {
            producer_no: draft.producer_no.0,
            name: &draft.name,
            name_en: draft.name_en.as_deref(),
            set_no: draft.set_no.into(),
            stars: draft.stars.map(i16::from),
            story: draft.story.as_deref(),
            story_en: draft.story_en.as_deref(),
            ingredients: draft.ingredients.as_deref(),
            standards: draft.standards.as_deref(),
            gtin: draft.gtin.as_ref().map(Gtin::as_str),
            shelf_life_n,
            shelf_life_unit,
            pack_thousandths: draft.pack.as_ref().map(|pack| pack.quantity.thousandths()),
            pack_unit: draft.pack.as_ref().map(|pack| pack.unit.as_str()),
        }
    }
}

/// Adds a product and returns its number; none when the producer has another of this name.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    draft: &ProductDraft,
    is_demo: bool,
) -> QueryResult<Option<i32>> {
    diesel::insert_into(products::table)
        .values((DraftColumns::from(draft), products::demo.eq(is_demo)))
        .on_conflict((products::producer_no, products::name))
        .do_nothing()
        .returning(products::product_no)
        .get_result(conn)
        .await
        .optional()
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is done.
    Yes,
    /// Someone else wrote before.
    OtherVersion,
    /// The producer has another product of this name; the transaction is lost.
    NameTaken,
}

/// Writes a product that is still at this version.
pub(super) async fn update(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    version: i32,
    draft: &ProductDraft,
) -> QueryResult<Written> {
    use diesel::result::{DatabaseErrorKind, Error};
    let row = products::table.find(product_no.to_i32()).filter(products::version.eq(version));
    let change = (DraftColumns::from(draft), products::version.eq(products::version + 1));
    match diesel::update(row).set(change).execute(conn).await {
        Ok(0) => Ok(Written::OtherVersion),
        Ok(_) => Ok(Written::Yes),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(Written::NameTaken),
        Err(err) => Err(err),
    }
}

/// Closes a product, or opens it again, at this version; returns whether it was at it.
pub(super) async fn set_closed(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    version: i32,
    closed_at: Option<DateTime<Utc>>,
) -> QueryResult<bool> {
    let row = products::table.find(product_no.to_i32()).filter(products::version.eq(version));
    let change = (products::closed_at.eq(closed_at), products::version.eq(products::version + 1));
    Ok(diesel::update(row).set(change).execute(conn).await? == 1)
}

/// Adds a photo behind the others.
pub(super) async fn insert_photo(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    photo: &ReadyPhoto,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let last: Option<i16> = product_photos::table
        .filter(product_photos::product_no.eq(product_no.to_i32()))
        .select(diesel::dsl::max(product_photos::place))
        .first(conn)
        .await?;
    let px = |n: u32| i16::try_from(n).unwrap_or(i16::MAX);
    diesel::insert_into(product_photos::table)
        .values((
            product_photos::product_no.eq(product_no.to_i32()),
            product_photos::place.eq(last.unwrap_or_default() + 1),
            product_photos::jpeg.eq(&photo.jpeg),
            product_photos::small.eq(&photo.small),
            product_photos::width_px.eq(px(photo.width_px)),
            product_photos::height_px.eq(px(photo.height_px)),
            product_photos::created_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// The place of a product's photo; none when it is another's or gone.
async fn place_of(conn: &mut AsyncPgConnection, product_no: ProductNo, photo_id: PhotoId) -> QueryResult<Option<i16>> {
    product_photos::table
        .find(photo_id.0)
        .filter(product_photos::product_no.eq(product_no.to_i32()))
        .select(product_photos::place)
        .first(conn)
        .await
        .optional()
}

/// Puts a photo before the others; returns whether it is there.
pub(super) async fn put_first(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    photo_id: PhotoId,
) -> QueryResult<bool> {
    let Some(place) = place_of(conn, product_no, photo_id).await? else { return Ok(false) };
    let before = product_photos::table
        .filter(product_photos::product_no.eq(product_no.to_i32()))
        .filter(product_photos::place.lt(place));
    diesel::update(before).set(product_photos::place.eq(product_photos::place + 1)).execute(conn).await?;
    diesel::update(product_photos::table.find(photo_id.0)).set(product_photos::place.eq(1)).execute(conn).await?;
    Ok(true)
}

/// Takes a photo away; returns whether it was there.
pub(super) async fn remove_photo(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    photo_id: PhotoId,
) -> QueryResult<bool> {
    let Some(place) = place_of(conn, product_no, photo_id).await? else { return Ok(false) };
    diesel::delete(product_photos::table.find(photo_id.0)).execute(conn).await?;
    let behind = product_photos::table
        .filter(product_photos::product_no.eq(product_no.to_i32()))
        .filter(product_photos::place.gt(place));
    diesel::update(behind).set(product_photos::place.eq(product_photos::place - 1)).execute(conn).await?;
    Ok(true)
}

/// Lets the first photo travel with scans; none travels when there is none.
pub(super) async fn carry_first_photo(conn: &mut AsyncPgConnection, product_no: ProductNo) -> QueryResult<()> {
    let first: Option<Vec<u8>> = product_photos::table
        .filter(product_photos::product_no.eq(product_no.to_i32()))
        .select(product_photos::small)
        .order(product_photos::place)
        .first(conn)
        .await
        .optional()?;
    let row = products::table.find(product_no.to_i32());
    diesel::update(row).set(products::photo.eq(first)).execute(conn).await.map(drop)
}
