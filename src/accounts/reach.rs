//! An actor's reach as a condition of a query. Finders take it as they take the number: what lies outside is not found.

use diesel::prelude::*;

use crate::db::schema::producers;

use super::types::Reach;

/// Holds for the producers within a reach. For any query that has `producers` in it.
#[diesel::dsl::auto_type]
pub(crate) fn within(reach: &Reach) -> _ {
    let is_everything: bool = matches!(reach, Reach::Everything);
    let producer_no: Option<i32> = one_producer(reach);
    let commune: Option<String> = one_commune(reach);
    is_everything
        .into_sql::<diesel::sql_types::Bool>()
        .nullable()
        .or(producers::producer_no.nullable().eq(producer_no))
        .or(producers::commune_code.eq(commune))
}

fn one_producer(reach: &Reach) -> Option<i32> {
    match reach {
        Reach::Producer(producer_no) => Some(producer_no.0),
        Reach::Everything | Reach::Commune(_) | Reach::Nothing => None,
    }
}

fn one_commune(reach: &Reach) -> Option<String> {
    match reach {
        Reach::Commune(code) => Some(code.clone()),
        Reach::Everything | Reach::Producer(_) | Reach::Nothing => None,
    }
}
