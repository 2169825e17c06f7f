//! Queries that count and list. No transaction, no clock, no HTTP.

use chrono::NaiveDate;
use diesel::dsl::{count_star, sql, sum};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::Reach;
use crate::batches::store::{damaged, search_key, strpos};
use crate::db::schema::{batches, mint_runs, producers, product_sets, products, voids};
use crate::stamp::ProductNo;

use super::types::{BatchCounts, CurrentBatch, MintedInMonth, ProductChoice};

/// How many stamps each of these batches has, without the whole batch's own.
pub(super) async fn n_minted(conn: &mut AsyncPgConnection, batch_nos: &[i32]) -> QueryResult<Vec<(i32, i64)>> {
    let rows: Vec<(i32, Option<i64>)> = mint_runs::table
        .filter(mint_runs::batch_no.eq_any(batch_nos))
        .group_by(mint_runs::batch_no)
        .select((mint_runs::batch_no, sum(mint_runs::last_serial - mint_runs::first_serial + 1)))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(batch_no, n)| (batch_no, n.unwrap_or_default())).collect())
}

/// Open batches of a product in good standing, packed since a day, the newest first.
pub(super) async fn current_batches(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    packed_since: NaiveDate,
    limit: i64,
) -> QueryResult<Vec<CurrentBatch>> {
    let rows: Vec<(String, NaiveDate, Option<NaiveDate>)> = batches::table
        .filter(batches::product_no.eq(product_no.to_i32()).and(batches::packed_on.ge(packed_since)))
        .filter(batches::state.eq("open").and(batches::standing.eq("normal")).and(batches::next_serial.gt(1)))
        .order((batches::packed_on.desc(), batches::batch_no.desc()))
        .limit(limit)
        .select((batches::lot, batches::packed_on, batches::last_valid_day))
        .load(conn)
        .await?;
    let batch = |(lot, packed_on, last_valid_day)| CurrentBatch { lot, packed_on, last_valid_day };
    Ok(rows.into_iter().map(batch).collect())
}

/// Stamps minted by month of Vietnam's calendar, since a day, the oldest month first; months without any are left out.
pub(super) async fn minted_by_month(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    since: NaiveDate,
) -> QueryResult<Vec<MintedInMonth>> {
    let month = || sql::<Date>("date_trunc('month', mint_runs.minted_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date");
    let n_stamps = sql::<BigInt>("sum(mint_runs.last_serial - mint_runs.first_serial + 1)");
    let rows: Vec<(NaiveDate, i64)> = mint_runs::table
        .inner_join(batches::table.inner_join(products::table.inner_join(producers::table)))
        .filter(within(reach))
        .filter(month().ge(since))
        .group_by(month())
        .order(month())
        .select((month(), n_stamps))
        .load(conn)
        .await?;
    let count =
        |(month, n): (NaiveDate, i64)| Ok(MintedInMonth { month, n_stamps: u64::try_from(n).map_err(damaged)? });
    rows.into_iter().map(count).collect()
}

/// Batches and stamps within reach, in numbers.
pub(super) async fn counts(conn: &mut AsyncPgConnection, reach: &Reach) -> QueryResult<BatchCounts> {
    let states: Vec<(String, String, i64)> = batches::table
        .inner_join(products::table.inner_join(producers::table))
        .filter(within(reach))
        .group_by((batches::state, batches::standing))
        .select((batches::state, batches::standing, count_star()))
        .load(conn)
        .await?;
    let n_minted: Option<i64> = mint_runs::table
        .inner_join(batches::table.inner_join(products::table.inner_join(producers::table)))
        .filter(within(reach))
        .select(sum(mint_runs::last_serial - mint_runs::first_serial + 1))
        .first(conn)
        .await?;
    let n_voided: Option<i64> = voids::table
        .inner_join(batches::table.inner_join(products::table.inner_join(producers::table)))
        .filter(within(reach))
        .select(sql::<diesel::sql_types::Nullable<BigInt>>(
            "sum(voids.last_serial - greatest(voids.first_serial, 1) + 1)",
        ))
        .first(conn)
        .await?;
    let number = |n: i64| u64::try_from(n).map_err(damaged);
    let mut counts = BatchCounts {
        n_minted: number(n_minted.unwrap_or_default())?,
        n_voided: number(n_voided.unwrap_or_default())?,
        ..BatchCounts::default()
    };
    for (state, standing, n) in states {
        let n = number(n)?;
        *(if state == "open" { &mut counts.n_open } else { &mut counts.n_closed }) += n;
        match standing.as_str() {
            "suspended" => counts.n_suspended += n,
            "recalled" => counts.n_recalled += n,
            _ => {}
        }
    }
    Ok(counts)
}

/// Products to open a batch of: in the register, stamped by the batch, with these words in name or producer.
pub(super) async fn product_choices(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    words: &[String],
    today: NaiveDate,
    limit: i64,
) -> QueryResult<Vec<ProductChoice>> {
    let is_set = products::set_no
        .eq(product_sets::set_no)
        .and(product_sets::valid_from.le(today))
        .and(product_sets::valid_to.is_null().or(product_sets::valid_to.ge(today)));
    let mut query = products::table
        .inner_join(producers::table)
        .left_join(product_sets::table.on(is_set))
        .filter(within(reach))
        .filter(products::closed_at.is_null())
        .filter(product_sets::has_batches.nullable().is_distinct_from(false))
        .order((products::name, products::product_no))
        .select((products::product_no, products::name, producers::name))
        .limit(limit)
        .into_boxed();
    for word in words {
        let in_product = strpos(products::search_key, search_key(word)).gt(0);
        query = query.filter(in_product.or(strpos(producers::search_key, search_key(word)).gt(0)));
    }
    let rows: Vec<(i32, String, String)> = query.load(conn).await?;
    let choice = |(product_no, name, producer)| {
        Ok(ProductChoice { product_no: ProductNo::try_from(product_no).map_err(damaged)?, name, producer })
    };
    rows.into_iter().map(choice).collect()
}
