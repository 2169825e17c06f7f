//! What a timeline shows beside its entries: the English names of stages, which entries have not, and who typed a line, for keepers.
//! Nothing here is a figure. No transaction, no clock, no HTTP.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{accounts, stages, tokens, trace_events};
use crate::stamp::BatchNo;
use crate::trace::rows::damaged;
use crate::trace::types::Doer;

/// The English names of stages today, by their full codes.
pub(super) async fn english_names(
    conn: &mut AsyncPgConnection,
    full_codes: &[String],
) -> QueryResult<BTreeMap<String, String>> {
    if full_codes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let full_code = stages::template.concat(".").concat(stages::code);
    let rows: Vec<(String, String)> =
        stages::table.filter(full_code.eq_any(full_codes)).select((full_code, stages::name_en)).load(conn).await?;
    Ok(rows.into_iter().collect())
}

/// Who typed these lines of a batch's chain.
pub(super) async fn doers(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    places: &[i32],
) -> QueryResult<BTreeMap<u32, Doer>> {
    type Row = (i32, Option<(String, String)>, Option<String>);
    let rows: Vec<Row> = trace_events::table
        .left_join(accounts::table.on(trace_events::recorded_by_account.eq(accounts::account_id.nullable())))
        .left_join(tokens::table.on(trace_events::recorded_by.eq(tokens::token_id.nullable())))
        .filter(trace_events::batch_no.eq(batch_no.to_i32()).and(trace_events::n.eq_any(places)))
        .select((trace_events::n, (accounts::display_name, accounts::role).nullable(), tokens::name.nullable()))
        .load(conn)
        .await?;
    let doer = |(n, account, token)| Ok((u32::try_from(n).map_err(damaged)?, Doer::from_columns(account, token)));
    rows.into_iter().map(doer).collect()
}
