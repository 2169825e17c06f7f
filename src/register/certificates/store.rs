//! Queries on certificates. Who may see what is part of each query; no transaction, no clock.

use chrono::NaiveDate;
use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{certificates, communes, issuers, producers, products, star_bands};
use crate::register::files::Sha256Hash;
use crate::register::products::CertificateFilter;
use crate::register::store::{InVietnameseOrder, damaged};
use crate::register::types::Certificate;
use crate::stamp::ProductNo;

use super::filter::{CertificateListFilter, CertificateSort, PAGE_ROWS};
use super::types::{
    CertificateEntry, CertificatePage, CertificateSheet, Issuer, IssuerLevel, Rules, Score, StarBand, months_ahead,
};

#[diesel::declare_sql_function]
extern "SQL" {
    /// Migration 000005.
    fn search_pattern(word: Text) -> Text;
    /// Migration 000005.
    fn last_day_in_force(valid_to: Nullable<Date>, revoked_on: Nullable<Date>) -> Nullable<Date>;
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
    scan_sha256: Option<Vec<u8>>,
    revoked_on: Option<NaiveDate>,
    revoked_reason: Option<String>,
    version: i32,
}

/// Product, set, producer and commune beside a certificate.
type Beside = (String, i16, i32, String, Option<String>);

fn to_sheet((row, beside): (CertificateColumns, Beside)) -> QueryResult<CertificateSheet> {
    let (product, set_no, producer_no, producer, commune) = beside;
    let scan = row.scan_sha256.map(<[u8; 32]>::try_from).transpose();
    Ok(CertificateSheet {
        certificate_id: row.certificate_id,
        product_no: ProductNo::try_from(row.product_no).map_err(damaged)?,
        product,
        set_no: u8::try_from(set_no).map_err(damaged)?,
        producer_no: ProducerNo(producer_no),
        producer,
        commune,
        certificate: Certificate {
            stars: row.stars.and_then(|n| u8::try_from(n).ok()),
            number: row.certificate_no,
            issuer: row.issuer,
            window: row.valid_from.zip(row.valid_to),
            revoked: row.revoked_on.zip(row.revoked_reason),
        },
        score: row.score_tenths.and_then(|n| u16::try_from(n).ok()).and_then(Score::from_tenths),
        decision_no: row.decision_no,
        issuer_level: row.issuer_level.as_deref().and_then(IssuerLevel::parse),
        scan: scan
            .map_err(|bytes| damaged(std::io::Error::other(format!("a hash of {} bytes", bytes.len()))))?
            .map(Sha256Hash),
        version: row.version,
    })
}

/// Certificates with their products, producers and communes.
macro_rules! joined {
    () => {
        certificates::table.inner_join(products::table.inner_join(producers::table)).left_join(
            communes::table.on(producers::commune_code
                .eq(communes::code.nullable())
                .and(producers::commune_valid_from.eq(communes::valid_from.nullable()))),
        )
    };
}

macro_rules! beside_columns {
    () => {
        (products::name, products::set_no, producers::producer_no, producers::name, communes::name.nullable())
    };
}

macro_rules! sheet_columns {
    () => {
        (CertificateColumns::as_select(), beside_columns!())
    };
}

/// One certificate, for whoever may see it.
pub(super) async fn find_certificate(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    certificate_id: i32,
) -> QueryResult<Option<CertificateSheet>> {
    let row: Option<(CertificateColumns, Beside)> = joined!()
        .filter(certificates::certificate_id.eq(certificate_id))
        .filter(within(reach))
        .select(sheet_columns!())
        .first(conn)
        .await
        .optional()?;
    row.map(to_sheet).transpose()
}

/// A product's certificates, newest first, those without dates last.
pub(super) async fn of_product(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
) -> QueryResult<Vec<CertificateSheet>> {
    let rows: Vec<(CertificateColumns, Beside)> = joined!()
        .filter(certificates::product_no.eq(product_no.to_i32()))
        .select(sheet_columns!())
        .order((certificates::valid_from.desc().nulls_last(), certificates::certificate_id))
        .load(conn)
        .await?;
    rows.into_iter().map(to_sheet).collect()
}

/// A product that certificates are written of.
pub(super) struct LockedProduct {
    /// Whose it is.
    pub(super) producer_no: ProducerNo,
    /// Its stars as the register says.
    pub(super) stars: Option<u8>,
    /// Whether it left the register.
    pub(super) is_closed: bool,
}

/// Locks a product, so that two certificates of it are written one after the other.
pub(super) async fn lock_product(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
) -> QueryResult<Option<LockedProduct>> {
    let locked: Option<i32> = products::table
        .find(product_no.to_i32())
        .select(products::product_no)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    if locked.is_none() {
        return Ok(None);
    }
    let row: Option<(i32, Option<i16>, bool)> = products::table
        .inner_join(producers::table)
        .filter(products::product_no.eq(product_no.to_i32()))
        .filter(within(reach))
        .select((producers::producer_no, products::stars, products::closed_at.is_not_null()))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(producer_no, stars, is_closed)| LockedProduct {
        producer_no: ProducerNo(producer_no),
        stars: stars.and_then(|n| u8::try_from(n).ok()),
        is_closed,
    }))
}

/// Writes a product's stars and counts it as a change of the product.
pub(super) async fn set_product_stars(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    stars: u8,
) -> QueryResult<usize> {
    diesel::update(products::table.find(product_no.to_i32()))
        .set((products::stars.eq(i16::from(stars)), products::version.eq(products::version + 1)))
        .execute(conn)
        .await
}

/// Which of the matching certificates are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slice {
    /// The filter's page, in the filter's order, with the count of all.
    Page,
    /// All of them in the filter's order, at most as many as the limit.
    All {
        /// Most lines.
        limit: i64,
    },
    /// Those above a number, in ascending order; the count is theirs alone.
    After {
        /// The number.
        certificate_id: i32,
        /// Most lines.
        limit: i64,
    },
}

/// Narrows a list to one state. The rule of `register::policy` for one certificate; a test holds the two together.
macro_rules! in_state {
    ($query:expr, $state:expr, $today:expr) => {{
        let (query, today): (_, NaiveDate) = ($query, $today);
        let is_revoked = || {
            let holds_until = certificates::valid_to.is_null().or(certificates::valid_to.ge(certificates::revoked_on));
            certificates::revoked_on.le(today).and(holds_until)
        };
        let is_unrevoked = || certificates::revoked_on.is_null().or(certificates::revoked_on.gt(today));
        match $state {
            None => query,
            Some(CertificateFilter::Revoked) => query.filter(is_revoked()),
            Some(CertificateFilter::InForce) => query
                .filter(certificates::valid_from.le(today).and(certificates::valid_to.ge(today)))
                .filter(is_unrevoked()),
            Some(CertificateFilter::Lapsed) => query
                .filter(certificates::valid_to.lt(today))
                .filter(certificates::revoked_on.is_null().or(certificates::revoked_on.gt(certificates::valid_to))),
            Some(CertificateFilter::NotYetValid) => {
                query.filter(certificates::valid_from.gt(today)).filter(is_unrevoked())
            }
            Some(CertificateFilter::Unknown) => query.filter(certificates::valid_from.is_null()).filter(is_unrevoked()),
        }
    }};
}

/// The lines of a list.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &CertificateListFilter,
    slice: Slice,
    today: NaiveDate,
) -> QueryResult<CertificatePage> {
    let by_name = || InVietnameseOrder::new(products::name);
    let last_day = || last_day_in_force(certificates::valid_to, certificates::revoked_on);
    let mut query = joined!().filter(within(reach)).into_boxed();
    for word in filter.words() {
        let is_number = certificates::certificate_no.is_not_distinct_from(filter.text.as_deref());
        let is_named =
            products::search_key.like(search_pattern(word)).or(producers::search_key.like(search_pattern(word)));
        query = query.filter(is_named.or(is_number));
    }
    if let Some(stars) = filter.stars {
        query = query.filter(certificates::stars.eq(i16::from(stars)));
    }
    if let Some(set_no) = filter.set_no {
        query = query.filter(products::set_no.eq(i16::from(set_no)));
    }
    if let Some(code) = &filter.commune_code {
        query = query.filter(producers::commune_code.eq(code));
    }
    if let Some(months) = filter.ends_within_months {
        query = query.filter(last_day().between(today, months_ahead(today, months.into())));
    }
    query = in_state!(query, filter.state, today);
    query = match slice {
        Slice::After { certificate_id, limit } => query
            .filter(certificates::certificate_id.gt(certificate_id))
            .order(certificates::certificate_id)
            .limit(limit),
        Slice::Page | Slice::All { .. } => {
            let query = match filter.sort {
                CertificateSort::Ends => query.order((last_day().asc().nulls_last(), by_name())),
                CertificateSort::Product => query.order(by_name()),
                CertificateSort::Stars => query.order((certificates::stars.desc().nulls_last(), by_name())),
                CertificateSort::Newest => query.order(certificates::certificate_id.desc()),
            };
            let query = query.then_order_by(certificates::certificate_id);
            match slice {
                Slice::All { limit } => query.limit(limit),
                _ => query.offset(filter.offset().into()).limit(PAGE_ROWS.into()),
            }
        }
    };
    let rows: Vec<(CertificateColumns, Beside, i64)> =
        query.select((CertificateColumns::as_select(), beside_columns!(), count_star().over())).load(conn).await?;
    let n_all = rows.as_slice().first().map_or(0, |(.., n)| u32::try_from(*n).unwrap_or(u32::MAX));
    let certificates = rows.into_iter().map(|(row, beside, _)| to_sheet((row, beside))).collect::<QueryResult<_>>()?;
    Ok(CertificatePage { certificates, n_all })
}

/// All that a filter finds in its order, at most as many as the limit.
pub(in crate::register) async fn all_certificates(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    filter: &CertificateListFilter,
    limit: i64,
    today: NaiveDate,
) -> QueryResult<Vec<CertificateSheet>> {
    Ok(list(conn, reach, filter, Slice::All { limit }, today).await?.certificates)
}

/// Unrevoked certificates whose last day lies between two days, the first to end first. Those that a later one of the same
/// product follows are left out, and products and producers that left the register.
pub(super) async fn ending_between(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    first: NaiveDate,
    last: NaiveDate,
) -> QueryResult<Vec<CertificateSheet>> {
    let later = diesel::alias!(certificates as later);
    let follows = later
        .filter(later.field(certificates::product_no).eq(certificates::product_no))
        .filter(later.field(certificates::valid_to).gt(certificates::valid_to))
        .filter(later.field(certificates::revoked_on).is_null());
    let rows: Vec<(CertificateColumns, Beside)> = joined!()
        .filter(within(reach))
        .filter(certificates::valid_to.between(first, last))
        .filter(certificates::revoked_on.is_null())
        .filter(products::closed_at.is_null().and(producers::closed_at.is_null()))
        .filter(not(exists(follows)))
        .select(sheet_columns!())
        .order((certificates::valid_to, certificates::certificate_id))
        .load(conn)
        .await?;
    rows.into_iter().map(to_sheet).collect()
}

/// Every band and issuer in each of its lives.
pub(in crate::register) async fn rules(conn: &mut AsyncPgConnection) -> QueryResult<Rules> {
    type BandRow = (i16, NaiveDate, Option<NaiveDate>, i32, Option<String>, Option<i16>, String);
    let bands: Vec<BandRow> = star_bands::table
        .select((
            star_bands::stars,
            star_bands::valid_from,
            star_bands::valid_to,
            star_bands::min_score,
            star_bands::recognised_by,
            star_bands::certificate_months,
            star_bands::source,
        ))
        .order((star_bands::stars, star_bands::valid_from))
        .load(conn)
        .await?;
    let listed: Vec<(String, String, NaiveDate, Option<NaiveDate>)> = issuers::table
        .select((issuers::name, issuers::level, issuers::valid_from, issuers::valid_to))
        .order((issuers::level.desc(), issuers::name))
        .load(conn)
        .await?;
    let band = |(stars, valid_from, valid_to, min_score, recognised_by, months, source): BandRow| {
        Some(StarBand {
            stars: u8::try_from(stars).ok()?,
            valid_from,
            valid_to,
            min_score: Score::from_tenths(u16::try_from(min_score).ok()?.checked_mul(10)?)?,
            recognised_by: recognised_by.as_deref().and_then(IssuerLevel::parse),
            months: months.and_then(|n| u32::try_from(n).ok()),
            source,
        })
    };
    let issuer = |(name, level, valid_from, valid_to): (String, String, _, _)| {
        Some(Issuer { name, level: IssuerLevel::parse(&level)?, valid_from, valid_to })
    };
    Ok(Rules {
        bands: bands.into_iter().filter_map(band).collect(),
        issuers: listed.into_iter().filter_map(issuer).collect(),
    })
}

/// What an entry writes.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = certificates, treat_none_as_null = true)]
struct EntryColumns<'e> {
    stars: Option<i16>,
    certificate_no: Option<&'e str>,
    issuer: Option<&'e str>,
    issuer_level: Option<&'static str>,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    score_tenths: Option<i16>,
    decision_no: Option<&'e str>,
    scan_sha256: Option<Vec<u8>>,
}

impl<'e> EntryColumns<'e> {
    fn new(entry: &'e CertificateEntry, scan: Option<Sha256Hash>) -> Self {
        let draft = &entry.draft;
        Self {
            stars: draft.stars.map(i16::from),
            certificate_no: draft.number.as_deref(),
            issuer: draft.issuer.as_deref(),
            issuer_level: draft.issuer_level.map(IssuerLevel::as_str),
            valid_from: entry.window.map(|(from, _)| from),
            valid_to: entry.window.map(|(_, to)| to),
            score_tenths: draft.score.and_then(|score| i16::try_from(score.tenths()).ok()),
            decision_no: draft.decision_no.as_deref(),
            scan_sha256: scan.map(|hash| hash.0.to_vec()),
        }
    }
}

/// Adds a certificate; its number in the register.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    entry: &CertificateEntry,
    scan: Option<Sha256Hash>,
) -> QueryResult<i32> {
    diesel::insert_into(certificates::table)
        .values((certificates::product_no.eq(product_no.to_i32()), EntryColumns::new(entry, scan)))
        .returning(certificates::certificate_id)
        .get_result(conn)
        .await
}

/// Writes a certificate, if it still has this version; how many rows were written.
pub(super) async fn update(
    conn: &mut AsyncPgConnection,
    certificate_id: i32,
    version: i32,
    entry: &CertificateEntry,
    scan: Option<Sha256Hash>,
) -> QueryResult<usize> {
    let row = certificates::table.find(certificate_id).filter(certificates::version.eq(version));
    let set = (EntryColumns::new(entry, scan), certificates::version.eq(certificates::version + 1));
    diesel::update(row).set(set).execute(conn).await
}

/// Revokes a certificate.
pub(super) async fn revoke(
    conn: &mut AsyncPgConnection,
    certificate_id: i32,
    on: NaiveDate,
    reason: &str,
) -> QueryResult<usize> {
    diesel::update(certificates::table.find(certificate_id))
        .set((
            certificates::revoked_on.eq(on),
            certificates::revoked_reason.eq(reason),
            certificates::version.eq(certificates::version + 1),
        ))
        .execute(conn)
        .await
}

/// A certificate as the ledger takes it in.
#[derive(HasQuery)]
#[diesel(table_name = certificates)]
pub(super) struct OlderCertificate {
    pub(super) certificate_id: i32,
    pub(super) product_no: i32,
    pub(super) stars: Option<i16>,
    pub(super) certificate_no: Option<String>,
    pub(super) decision_no: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) valid_from: Option<NaiveDate>,
    pub(super) valid_to: Option<NaiveDate>,
    pub(super) revoked_on: Option<NaiveDate>,
}

/// Every certificate by number.
pub(super) async fn every_certificate(conn: &mut AsyncPgConnection) -> QueryResult<Vec<OlderCertificate>> {
    OlderCertificate::query().order(certificates::certificate_id).load(conn).await
}
