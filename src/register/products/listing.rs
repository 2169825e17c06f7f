//! Queries behind every list of products: one for the lines and their count, one for their certificates. Who may see what is
//! part of the query. No transaction, no clock.

use std::collections::HashMap;

use chrono::{Months, NaiveDate};
use diesel::dsl::{InnerJoin, IntoBoxed, count_star, exists, max, not, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{certificates, communes, producers, product_sets, products, star_bands};
use crate::register::store::{InVietnameseOrder, damaged, load_certificates};
use crate::register::types::{Certificate, Producer, ProducerKind};
use crate::stamp::ProductNo;

use super::filter::{CertificateFilter, Closed, PAGE_ROWS, ProductFilter, ProductSort};
use super::types::{Commune, ListedProduct, Lists, ProductPage, ProductSet};

#[diesel::declare_sql_function]
extern "SQL" {
    /// Migration 000005.
    fn search_pattern(word: Text) -> Text;
    /// Migration 000005.
    fn last_day_in_force(valid_to: Nullable<Date>, revoked_on: Nullable<Date>) -> Nullable<Date>;
}

/// Products with their producers, narrowed.
type Narrowed<'q> = IntoBoxed<'q, InnerJoin<products::table, producers::table>, Pg>;

#[derive(Queryable, Selectable)]
#[diesel(table_name = products)]
struct LineColumns {
    product_no: i32,
    name: String,
    name_en: Option<String>,
    set_no: i16,
    stars: Option<i16>,
    demo: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = producers)]
struct MakerColumns {
    producer_no: i32,
    name: String,
    kind: String,
    village: Option<String>,
    commune_code: Option<String>,
    commune_valid_from: Option<NaiveDate>,
    former_commune: Option<String>,
    former_district: Option<String>,
    former_province: Option<String>,
}

type Line = (LineColumns, MakerColumns, bool, bool, i64);

/// Which of the matching products are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slice {
    /// The filter's page, in the filter's order, with the count of all.
    Page,
    /// Those above a number, in ascending order; the count is theirs alone.
    After {
        /// The number.
        product_no: i32,
        /// Most lines.
        limit: i64,
    },
}

/// The lines of a list.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &ProductFilter,
    slice: Slice,
    lists: &Lists,
    today: NaiveDate,
) -> QueryResult<ProductPage> {
    let query = match slice {
        Slice::Page => {
            ordered(narrowed(reach, filter, today), filter.sort).offset(filter.offset().into()).limit(PAGE_ROWS.into())
        }
        Slice::After { product_no, limit } => narrowed(reach, filter, today)
            .filter(products::product_no.gt(product_no))
            .order(products::product_no)
            .limit(limit),
    };
    let rows: Vec<Line> = query
        .select((
            LineColumns::as_select(),
            MakerColumns::as_select(),
            products::photo.is_not_null(),
            products::closed_at.is_not_null().or(producers::closed_at.is_not_null()),
            count_star().over(),
        ))
        .load(conn)
        .await?;
    let n_all = rows.as_slice().first().map_or(0, |(.., n)| u32::try_from(*n).unwrap_or(u32::MAX));
    let numbers: Vec<i32> = rows.iter().map(|(line, ..)| line.product_no).collect();
    let mut of_product: HashMap<i32, Vec<_>> = HashMap::new();
    for own in load_certificates(conn, &numbers).await? {
        of_product.entry(own.product_no).or_default().push(own.certificate);
    }
    let listed = rows.into_iter().map(|line| {
        let certificates = of_product.remove(&line.0.product_no).unwrap_or_default();
        to_listed(line, certificates, lists)
    });
    Ok(ProductPage { products: listed.collect::<QueryResult<_>>()?, n_all })
}

/// The numbers of matching products in the filter's order, at most as many as the limit.
pub(in crate::register) async fn matching_products(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &ProductFilter,
    limit: i64,
    today: NaiveDate,
) -> QueryResult<Vec<i32>> {
    let query = ordered(narrowed(reach, filter, today), filter.sort).limit(limit);
    query.select(products::product_no).load(conn).await
}

fn to_listed(
    (line, maker, has_photo, is_closed, _): Line,
    certificates: Vec<Certificate>,
    lists: &Lists,
) -> QueryResult<ListedProduct> {
    let set_no = u8::try_from(line.set_no).map_err(damaged)?;
    let former: Vec<String> =
        [maker.former_commune, maker.former_district, maker.former_province].into_iter().flatten().collect();
    Ok(ListedProduct {
        product_no: ProductNo::try_from(line.product_no).map_err(damaged)?,
        name: line.name,
        name_en: line.name_en,
        set_no,
        set_name: lists.set(set_no).map(|set| (set.vi.clone(), set.en.clone())),
        stars: line.stars.and_then(|n| u8::try_from(n).ok()),
        producer: Producer {
            producer_no: ProducerNo(maker.producer_no),
            name: maker.name,
            kind: ProducerKind::parse(&maker.kind),
            village: maker.village,
            commune: lists.place(maker.commune_code, maker.commune_valid_from),
            former: if former.is_empty() { None } else { Some(former.join(", ")) },
        },
        certificates,
        has_photo,
        is_closed,
        demo: line.demo,
    })
}

/// The certificates of the product in the outer query that meet a condition.
macro_rules! own_certificates {
    ($condition:expr) => {
        certificates::table.filter(certificates::product_no.eq(products::product_no)).filter($condition)
    };
}

/// The last day on which any certificate of the product in the outer query counts.
macro_rules! last_end {
    () => {
        own_certificates!(certificates::valid_to.is_not_null())
            .select(max(last_day_in_force(certificates::valid_to, certificates::revoked_on)))
            .single_value()
    };
}

/// Every condition of a filter within a reach.
fn narrowed<'q>(reach: &Reach, filter: &'q ProductFilter, today: NaiveDate) -> Narrowed<'q> {
    let mut query = products::table.inner_join(producers::table).into_boxed().filter(within(reach));
    for word in filter.words() {
        let matches =
            products::search_key.like(search_pattern(word)).or(producers::search_key.like(search_pattern(word)));
        query = query.filter(matches);
    }
    if let Some(code) = &filter.commune_code {
        query = query.filter(producers::commune_code.eq(code));
    }
    if let Some(set_no) = filter.set_no {
        query = query.filter(products::set_no.eq(i16::from(set_no)));
    }
    if let Some(stars) = filter.stars {
        query = query.filter(products::stars.eq(i16::from(stars)));
    }
    if let Some(kind) = filter.producer_kind {
        query = query.filter(producers::kind.eq(kind.as_str()));
    }
    if let Some(producer_no) = filter.producer_no {
        query = query.filter(producers::producer_no.eq(producer_no.0));
    }
    let is_open = products::closed_at.is_null().and(producers::closed_at.is_null());
    query = match filter.closed {
        Closed::Hidden => query.filter(is_open),
        Closed::Only => query.filter(not(is_open)),
        Closed::Shown => query,
    };
    if let Some(months) = filter.ends_within_months {
        let end = today.checked_add_months(Months::new(months.into())).unwrap_or(NaiveDate::MAX);
        query = query.filter(last_end!().between(today, end));
    }
    match filter.certificate {
        Some(state) => with_state(query, state, today),
        None => query,
    }
}

/// The rule of `register::policy`, asked of every product at once; a test holds the two together.
fn with_state(query: Narrowed<'_>, state: CertificateFilter, today: NaiveDate) -> Narrowed<'_> {
    let holds = certificates::valid_from
        .le(today)
        .and(certificates::valid_to.ge(today))
        .and(certificates::revoked_on.is_null().or(certificates::revoked_on.gt(today)));
    let is_in_force = exists(own_certificates!(holds));
    // The last day of those that ran out, and the day of those that were revoked before they did.
    let lapsed = certificates::valid_to
        .lt(today)
        .and(certificates::revoked_on.is_null().or(certificates::revoked_on.gt(certificates::valid_to)));
    let last_lapse = own_certificates!(lapsed).select(max(certificates::valid_to)).single_value();
    let revoked = certificates::revoked_on
        .le(today)
        .and(certificates::valid_to.is_null().or(certificates::valid_to.ge(certificates::revoked_on)));
    let last_revocation = own_certificates!(revoked).select(max(certificates::revoked_on)).single_value();
    let has_dates = exists(own_certificates!(certificates::valid_from.is_not_null()));
    let is_over = last_lapse.is_not_null().or(last_revocation.is_not_null());
    match state {
        CertificateFilter::InForce => query.filter(is_in_force),
        CertificateFilter::Revoked => query
            .filter(not(is_in_force))
            .filter(last_revocation.is_not_null().and(last_lapse.is_null().or(last_revocation.gt(last_lapse)))),
        CertificateFilter::Lapsed => query
            .filter(not(is_in_force))
            .filter(last_lapse.is_not_null().and(last_revocation.is_null().or(last_revocation.le(last_lapse)))),
        CertificateFilter::NotYetValid => query.filter(not(is_in_force)).filter(not(is_over)).filter(has_dates),
        CertificateFilter::Unknown => query.filter(not(is_over)).filter(not(has_dates)),
    }
}

fn ordered(query: Narrowed<'_>, sort: ProductSort) -> Narrowed<'_> {
    let by_name = || InVietnameseOrder::new(products::name);
    let query = match sort {
        ProductSort::Name => query.order(by_name()),
        ProductSort::Set => query.order((products::set_no, by_name())),
        ProductSort::Stars => query.order((products::stars.desc().nulls_last(), by_name())),
        ProductSort::Ends => query.order((last_end!().asc().nulls_last(), by_name())),
        ProductSort::Newest => return query.order(products::product_no.desc()),
    };
    query.then_order_by(products::product_no)
}

/// The dated lists as they stand on a day.
pub(super) async fn load_lists(conn: &mut AsyncPgConnection, day: NaiveDate) -> QueryResult<Lists> {
    let sets: Vec<(i16, String, String, bool)> = product_sets::table
        .filter(product_sets::valid_from.le(day))
        .filter(product_sets::valid_to.is_null().or(product_sets::valid_to.ge(day)))
        .select((product_sets::set_no, product_sets::name_vi, product_sets::name_en, product_sets::has_batches))
        .order(product_sets::set_no)
        .load(conn)
        .await?;
    let bands: Vec<i16> = star_bands::table
        .filter(star_bands::valid_from.le(day))
        .filter(star_bands::valid_to.is_null().or(star_bands::valid_to.ge(day)))
        .select(star_bands::stars)
        .order(star_bands::stars)
        .load(conn)
        .await?;
    let lives: Vec<(String, NaiveDate, String, String, bool)> = communes::table
        .select((
            communes::code,
            communes::valid_from,
            communes::name,
            communes::province,
            communes::valid_from
                .le(day)
                .and(communes::valid_to.is_null().or(communes::valid_to.ge(day)).assume_not_null()),
        ))
        .order(sql::<Text>("communes.name COLLATE \"vi-x-icu\""))
        .load(conn)
        .await?;
    let set = |(set_no, vi, en, has_batches): (i16, String, String, bool)| {
        Ok(ProductSet { set_no: u8::try_from(set_no).map_err(damaged)?, vi, en, has_batches })
    };
    let today = lives.iter().filter(|(.., is_today)| *is_today);
    Ok(Lists {
        sets: sets.into_iter().map(set).collect::<QueryResult<_>>()?,
        communes: today.map(|(code, _, name, ..)| Commune { code: code.clone(), name: name.clone() }).collect(),
        stars: bands.into_iter().filter_map(|n| u8::try_from(n).ok()).collect(),
        places: lives
            .into_iter()
            .map(|(code, valid_from, name, province, _)| ((code, valid_from), format!("{name}, {province}")))
            .collect(),
    })
}
