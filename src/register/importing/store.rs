//! The writing of an import's plan, many rows a statement. No transaction of its own.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Jsonb, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use crate::db::schema::products;
use crate::register::certificates::types::{IssuerLevel, Score};
use crate::register::import::ProducerKind;
use crate::register::store::shelf_life_columns;

use super::certificates::PlannedCertificate;
use super::plan::{Plan, PlannedProducer, PlannedProduct};
use super::progress::Progress;

/// Rows per statement: few enough for progress to move, many enough to be quick.
const CHUNK_ROWS: usize = 500;

/// The columns that an import writes of a producer.
macro_rules! producer_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "name, ",
            $prefix,
            "kind, ",
            $prefix,
            "tax_code, ",
            $prefix,
            "printed_address, ",
            $prefix,
            "village, ",
            $prefix,
            "commune_code, ",
            $prefix,
            "commune_valid_from, ",
            $prefix,
            "former_commune, ",
            $prefix,
            "former_district, ",
            $prefix,
            "former_province"
        )
    };
}
const PRODUCER_RECORD: &str = "producer_no int, name text, kind text, tax_code text, printed_address text, village text, \
     commune_code text, commune_valid_from date, former_commune text, former_district text, former_province text";

/// The columns that an import writes of a product.
macro_rules! product_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "name, ",
            $prefix,
            "name_en, ",
            $prefix,
            "set_no, ",
            $prefix,
            "stars, ",
            $prefix,
            "story, ",
            $prefix,
            "story_en, ",
            $prefix,
            "ingredients, ",
            $prefix,
            "standards, ",
            $prefix,
            "gtin, ",
            $prefix,
            "shelf_life_n, ",
            $prefix,
            "shelf_life_unit, ",
            $prefix,
            "pack_thousandths, ",
            $prefix,
            "pack_unit, ",
            $prefix,
            "decision, ",
            $prefix,
            "first_year_seen, ",
            $prefix,
            "source"
        )
    };
}
const PRODUCT_RECORD: &str = "product_no int, producer_no int, name text, name_en text, set_no smallint, stars smallint, \
     story text, story_en text, ingredients text, standards text, gtin text, shelf_life_n smallint, shelf_life_unit text, \
     pack_thousandths bigint, pack_unit text, decision text, first_year_seen smallint, source text";

/// The columns that an import writes of a certificate.
macro_rules! certificate_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "stars, ",
            $prefix,
            "certificate_no, ",
            $prefix,
            "issuer, ",
            $prefix,
            "issuer_level, ",
            $prefix,
            "valid_from, ",
            $prefix,
            "valid_to, ",
            $prefix,
            "score_tenths, ",
            $prefix,
            "decision_no"
        )
    };
}
const CERTIFICATE_RECORD: &str = "certificate_id int, product_no int, stars smallint, certificate_no text, issuer text, \
     issuer_level text, valid_from date, valid_to date, score_tenths smallint, decision_no text";

/// Numbers that new things got, by their places in the plan.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) producers: HashMap<usize, i32>,
    pub(super) products: HashMap<usize, i32>,
    pub(super) certificates: HashMap<usize, i32>,
}

/// Locks the register against a second import until the transaction ends.
pub(super) async fn lock(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::sql_query("LOCK TABLE producers, products, certificates IN SHARE ROW EXCLUSIVE MODE").execute(conn).await
}

/// Writes a plan; the numbers of what was known and of what is new.
pub(super) async fn apply(
    conn: &mut AsyncPgConnection,
    plan: &Plan,
    demo: bool,
    progress: &Progress,
) -> QueryResult<Numbers> {
    let mut numbers = Numbers::default();
    write_producers(conn, plan, demo, progress, &mut numbers).await?;
    write_products(conn, plan, demo, progress, &mut numbers).await?;
    write_certificates(conn, plan, progress, &mut numbers).await?;
    Ok(numbers)
}

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Integer)]
    owner: i32,
}

#[derive(QueryableByName)]
struct NumberedProducer {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    commune_code: Option<String>,
}

async fn write_producers(
    conn: &mut AsyncPgConnection,
    plan: &Plan,
    demo: bool,
    progress: &Progress,
    numbers: &mut Numbers,
) -> QueryResult<()> {
    let insert = format!(
        "INSERT INTO producers ({}, demo) SELECT {}, $2 FROM jsonb_to_recordset($1) AS r({PRODUCER_RECORD}) \
         RETURNING producer_no AS number, name, commune_code",
        producer_columns!(""),
        producer_columns!("r."),
    );
    let update = format!(
        "UPDATE producers p SET ({}) = ({}), version = p.version + 1 \
         FROM jsonb_to_recordset($1) AS r({PRODUCER_RECORD}) WHERE p.producer_no = r.producer_no",
        producer_columns!(""),
        producer_columns!("r."),
    );
    let (new, known): (Vec<_>, Vec<_>) = plan.producers.iter().enumerate().partition(|(_, own)| own.number.is_none());
    numbers.producers.extend(known.iter().filter_map(|(place, own)| Some((*place, own.number?))));
    for chunk in new.chunks(CHUNK_ROWS) {
        let records: Value = chunk.iter().map(|(_, own)| producer_record(own)).collect();
        let given: Vec<NumberedProducer> =
            diesel::sql_query(&insert).bind::<Jsonb, _>(records).bind::<Bool, _>(demo).load(conn).await?;
        let given: HashMap<_, _> =
            given.iter().map(|own| ((own.name.as_str(), own.commune_code.as_deref()), own.number)).collect();
        for (place, own) in chunk {
            let code = own.facts.commune.as_ref().map(|place| place.code.as_str());
            let number = given.get(&(own.facts.name.as_deref().unwrap_or_default(), code)).copied();
            numbers.producers.insert(*place, number.ok_or(diesel::result::Error::NotFound)?);
        }
        progress.advance(chunk.len());
    }
    let changed: Vec<_> = known.into_iter().filter(|(_, own)| own.is_written()).collect();
    for chunk in changed.chunks(CHUNK_ROWS) {
        let records: Value = chunk.iter().map(|(_, own)| producer_record(own)).collect();
        diesel::sql_query(&update).bind::<Jsonb, _>(records).execute(conn).await?;
        progress.advance(chunk.len());
    }
    Ok(())
}

fn producer_record(planned: &PlannedProducer) -> Value {
    let facts = &planned.facts;
    json!({
        "producer_no": planned.number,
        "name": facts.name,
        "kind": facts.kind.map(ProducerKind::as_str),
        "tax_code": facts.tax_code,
        "printed_address": facts.printed_address,
        "village": facts.village,
        "commune_code": facts.commune.as_ref().map(|place| &place.code),
        "commune_valid_from": facts.commune.as_ref().map(|place| place.valid_from.to_string()),
        "former_commune": facts.former_commune,
        "former_district": facts.former_district,
        "former_province": facts.former_province,
    })
}

async fn write_products(
    conn: &mut AsyncPgConnection,
    plan: &Plan,
    demo: bool,
    progress: &Progress,
    numbers: &mut Numbers,
) -> QueryResult<()> {
    let insert = format!(
        "INSERT INTO products (producer_no, {}, demo) SELECT r.producer_no, {}, $2 \
         FROM jsonb_to_recordset($1) AS r({PRODUCT_RECORD}) RETURNING product_no AS number, name, producer_no AS owner",
        product_columns!(""),
        product_columns!("r."),
    );
    let update = format!(
        "UPDATE products p SET ({}) = ({}), version = p.version + 1 \
         FROM jsonb_to_recordset($1) AS r({PRODUCT_RECORD}) WHERE p.product_no = r.product_no",
        product_columns!(""),
        product_columns!("r."),
    );
    let (new, known): (Vec<_>, Vec<_>) = plan.products.iter().enumerate().partition(|(_, own)| own.number.is_none());
    numbers.products.extend(known.iter().filter_map(|(place, own)| Some((*place, own.number?))));
    for chunk in new.chunks(CHUNK_ROWS) {
        let owned: Vec<(&PlannedProduct, Option<i32>)> =
            chunk.iter().map(|(_, own)| (*own, numbers.producers.get(&own.producer).copied())).collect();
        let records: Value = owned.iter().map(|(own, owner)| product_record(own, *owner)).collect();
        let given: Vec<Numbered> =
            diesel::sql_query(&insert).bind::<Jsonb, _>(records).bind::<Bool, _>(demo).load(conn).await?;
        let given: HashMap<_, _> = given.iter().map(|own| ((own.owner, own.name.as_str()), own.number)).collect();
        for ((place, _), (own, owner)) in chunk.iter().zip(&owned) {
            let key = owner.map(|owner| (owner, own.facts.name.as_deref().unwrap_or_default()));
            let number = key.and_then(|key| given.get(&key).copied());
            numbers.products.insert(*place, number.ok_or(diesel::result::Error::NotFound)?);
        }
        progress.advance(chunk.len());
    }
    let changed: Vec<_> = known.into_iter().filter(|(_, own)| own.is_written()).collect();
    for chunk in changed.chunks(CHUNK_ROWS) {
        let records: Value = chunk.iter().map(|(_, own)| product_record(own, None)).collect();
        diesel::sql_query(&update).bind::<Jsonb, _>(records).execute(conn).await?;
        progress.advance(chunk.len());
    }
    write_pictures(conn, plan, numbers).await
}

/// The small pictures that travel with scans; few files bring any.
async fn write_pictures(conn: &mut AsyncPgConnection, plan: &Plan, numbers: &Numbers) -> QueryResult<()> {
    for (place, planned) in plan.products.iter().enumerate() {
        let jpeg = planned.picture.as_ref().and_then(|name| plan.photos.get(name));
        if let (Some(jpeg), Some(number)) = (jpeg, numbers.products.get(&place)) {
            diesel::update(products::table.find(number)).set(products::photo.eq(jpeg)).execute(conn).await?;
        }
    }
    Ok(())
}

fn product_record(planned: &PlannedProduct, producer_no: Option<i32>) -> Value {
    let facts = &planned.facts;
    let (shelf_life_n, shelf_life_unit) = shelf_life_columns(facts.shelf_life);
    json!({
        "product_no": planned.number,
        "producer_no": producer_no,
        "name": facts.name,
        "name_en": facts.name_en,
        "set_no": facts.set_no,
        "stars": facts.stars,
        "story": facts.story,
        "story_en": facts.story_en,
        "ingredients": facts.ingredients,
        "standards": facts.standards,
        "gtin": facts.gtin,
        "shelf_life_n": shelf_life_n,
        "shelf_life_unit": shelf_life_unit,
        "pack_thousandths": facts.pack.as_ref().map(|pack| pack.quantity.thousandths()),
        "pack_unit": facts.pack.as_ref().map(|pack| pack.unit.as_str()),
        "decision": facts.decision,
        "first_year_seen": facts.first_year_seen,
        "source": facts.source,
    })
}

async fn write_certificates(
    conn: &mut AsyncPgConnection,
    plan: &Plan,
    progress: &Progress,
    numbers: &mut Numbers,
) -> QueryResult<()> {
    // The place in the chunk comes along, because nothing else tells two new certificates apart.
    let insert = format!(
        "WITH r AS (SELECT r.*, nextval(pg_get_serial_sequence('certificates', 'certificate_id'))::int AS given \
           FROM jsonb_to_recordset($1) AS r(place int, {CERTIFICATE_RECORD})), \
         written AS (INSERT INTO certificates (certificate_id, product_no, {}) OVERRIDING SYSTEM VALUE \
           SELECT given, product_no, {} FROM r) \
         SELECT given AS number, '' AS name, place AS owner FROM r",
        certificate_columns!(""),
        certificate_columns!("r."),
    );
    let update = format!(
        "UPDATE certificates c SET ({}) = ({}), version = c.version + 1 \
         FROM jsonb_to_recordset($1) AS r({CERTIFICATE_RECORD}) WHERE c.certificate_id = r.certificate_id",
        certificate_columns!(""),
        certificate_columns!("r."),
    );
    let (new, known): (Vec<_>, Vec<_>) =
        plan.certificates.iter().enumerate().partition(|(_, own)| own.certificate_id.is_none());
    numbers.certificates.extend(known.iter().filter_map(|(place, own)| Some((*place, own.certificate_id?))));
    // Those that change come first: a new one may begin on a day that an old one gives up.
    for chunk in known.chunks(CHUNK_ROWS) {
        let records: Value = chunk.iter().map(|(place, own)| certificate_record(own, *place, None)).collect();
        diesel::sql_query(&update).bind::<Jsonb, _>(records).execute(conn).await?;
        progress.advance(chunk.len());
    }
    for chunk in new.chunks(CHUNK_ROWS) {
        let of_product = |own: &PlannedCertificate| numbers.products.get(&own.product).copied();
        let records: Value =
            chunk.iter().map(|(place, own)| certificate_record(own, *place, of_product(own))).collect();
        let given: Vec<Numbered> = diesel::sql_query(&insert).bind::<Jsonb, _>(records).load(conn).await?;
        let given = given.into_iter().filter_map(|own| Some((usize::try_from(own.owner).ok()?, own.number)));
        numbers.certificates.extend(given);
        progress.advance(chunk.len());
    }
    Ok(())
}

fn certificate_record(planned: &PlannedCertificate, place: usize, product_no: Option<i32>) -> Value {
    let (draft, window) = (&planned.entry.draft, planned.entry.window);
    json!({
        "place": place,
        "certificate_id": planned.certificate_id,
        "product_no": product_no,
        "stars": draft.stars,
        "certificate_no": draft.number,
        "issuer": draft.issuer,
        "issuer_level": draft.issuer_level.map(IssuerLevel::as_str),
        "valid_from": window.map(|(from, _)| from.to_string()),
        "valid_to": window.map(|(_, to)| to.to_string()),
        "score_tenths": draft.score.map(Score::tenths),
        "decision_no": draft.decision_no,
    })
}
