//! Queries for the figures of the register, each within the reader's reach. No transaction, no clock, no HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::Reach;
use crate::db::schema::{batches, communes, producers, product_sets, products, quota_requests, suspension_proposals};

use super::types::{Commune, CountedProducer, CountedProduct, RuledBatch, Waiting};

/// Batches on an inspector's desk.
const MAX_RULED: i64 = 10;

/// Producers that are not closed, by name.
pub(super) async fn producers(conn: &mut AsyncPgConnection, reach: &Reach) -> QueryResult<Vec<CountedProducer>> {
    type Row = (i32, String, Option<(String, String)>);
    let commune = producers::commune_code
        .eq(communes::code.nullable())
        .and(producers::commune_valid_from.eq(communes::valid_from.nullable()));
    let rows: Vec<Row> = producers::table
        .left_join(communes::table.on(commune))
        .filter(within(reach))
        .filter(producers::closed_at.is_null())
        .select((producers::producer_no, producers::name, (communes::name, communes::code).nullable()))
        .order((producers::search_key, producers::producer_no))
        .load(conn)
        .await?;
    let to_producer = |(producer_no, name, commune): Row| CountedProducer {
        producer_no,
        name,
        commune: commune.map(|(name, code)| Commune { name, code }),
    };
    Ok(rows.into_iter().map(to_producer).collect())
}

/// Products that are not closed, without their certificates.
pub(super) async fn products(conn: &mut AsyncPgConnection, reach: &Reach) -> QueryResult<Vec<CountedProduct>> {
    let rows: Vec<(i32, i32, i16, Option<i16>)> = products::table
        .inner_join(producers::table)
        .filter(within(reach))
        .filter(products::closed_at.is_null().and(producers::closed_at.is_null()))
        .select((products::product_no, products::producer_no, products::set_no, products::stars))
        .load(conn)
        .await?;
    let to_product = |(product_no, producer_no, set_no, stars): (i32, i32, i16, Option<i16>)| CountedProduct {
        product_no,
        producer_no,
        set_no: u8::try_from(set_no).unwrap_or_default(),
        stars: stars.and_then(|n| u8::try_from(n).ok()),
        certificates: Vec::new(),
    };
    Ok(rows.into_iter().map(to_product).collect())
}

/// The names of product sets on a day, in Vietnamese and English.
pub(super) async fn set_names(
    conn: &mut AsyncPgConnection,
    today: NaiveDate,
) -> QueryResult<Vec<(i16, String, String)>> {
    product_sets::table
        .filter(product_sets::valid_from.le(today))
        .filter(product_sets::valid_to.is_null().or(product_sets::valid_to.ge(today)))
        .select((product_sets::set_no, product_sets::name_vi, product_sets::name_en))
        .load(conn)
        .await
}

/// How much waits for the office.
pub(super) async fn waiting(conn: &mut AsyncPgConnection) -> QueryResult<Waiting> {
    let proposals = suspension_proposals::table.filter(suspension_proposals::state.eq("waiting")).count();
    let requests = quota_requests::table.filter(quota_requests::state.eq("waiting")).count();
    let (n_proposals, n_requests): (Option<i64>, Option<i64>) =
        diesel::select((proposals.single_value(), requests.single_value())).get_result(conn).await?;
    Ok(Waiting { n_proposals: n_proposals.unwrap_or_default(), n_requests: n_requests.unwrap_or_default() })
}

/// Batches that were suspended or recalled last, the latest first.
pub(super) async fn ruled_lately(conn: &mut AsyncPgConnection) -> QueryResult<Vec<RuledBatch>> {
    type Row = (i32, String, String, String, String, Option<String>, Option<DateTime<Utc>>);
    let rows: Vec<Row> = batches::table
        .inner_join(products::table.inner_join(producers::table))
        .filter(batches::standing.ne("normal"))
        .select((
            batches::batch_no,
            batches::lot,
            products::name,
            producers::name,
            batches::standing,
            batches::standing_reason,
            batches::standing_since,
        ))
        .order((batches::standing_since.desc(), batches::batch_no.desc()))
        .limit(MAX_RULED)
        .load(conn)
        .await?;
    let to_batch = |(batch_no, lot, product, producer, standing, reason, since): Row| {
        let is_recalled = standing == "recalled";
        // The schema has a reason and an instant for every standing but the normal one.
        Some(RuledBatch { batch_no, lot, product, producer, is_recalled, reason: reason?, since: since? })
    };
    Ok(rows.into_iter().filter_map(to_batch).collect())
}
