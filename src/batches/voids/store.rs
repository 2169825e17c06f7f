//! Queries on voided ranges. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::batches::minting::types::Doer;
use crate::batches::store::{By, damaged};
use crate::batches::types::SerialRange;
use crate::db::schema::{accounts, tokens, voids};
use crate::stamp::{BatchNo, Serial};

use super::types::{Void, VoidLine, VoidOrder, VoidReason};

#[derive(HasQuery)]
#[diesel(table_name = voids)]
struct VoidRow {
    void_no: i32,
    first_serial: i32,
    last_serial: i32,
    reason: String,
    note: Option<String>,
    voided_at: DateTime<Utc>,
}

impl VoidRow {
    fn into_void(self) -> QueryResult<Void> {
        let serial = |n| Serial::try_from(n).map_err(damaged);
        let reason = VoidReason::parse(&self.reason);
        Ok(Void {
            void_no: self.void_no,
            range: SerialRange { first: serial(self.first_serial)?, last: serial(self.last_serial)? },
            reason: reason.ok_or_else(|| damaged(std::io::Error::other("unknown reason of a void")))?,
            note: self.note,
            voided_at: self.voided_at,
        })
    }
}

/// A batch's voids, lowest serial first.
pub(in crate::batches) async fn voids_of(conn: &mut AsyncPgConnection, batch_no: BatchNo) -> QueryResult<Vec<Void>> {
    let query = VoidRow::query().filter(voids::batch_no.eq(batch_no.to_i32())).order(voids::first_serial);
    let rows: Vec<VoidRow> = query.load(conn).await?;
    rows.into_iter().map(VoidRow::into_void).collect()
}

/// A batch's voids with who did them, the newest first.
pub(in crate::batches) async fn void_lines(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
) -> QueryResult<Vec<VoidLine>> {
    type Row = (VoidRow, Option<(String, String)>, Option<String>);
    let rows: Vec<Row> = voids::table
        .left_join(accounts::table.on(voids::voided_by_account.eq(accounts::account_id.nullable())))
        .left_join(tokens::table.on(voids::voided_by.eq(tokens::token_id.nullable())))
        .filter(voids::batch_no.eq(batch_no.to_i32()))
        .order(voids::void_no.desc())
        .select((VoidRow::as_select(), (accounts::display_name, accounts::role).nullable(), tokens::name.nullable()))
        .load(conn)
        .await?;
    let line =
        |(row, account, token): Row| Ok(VoidLine { void: row.into_void()?, by: Doer::from_columns(account, token) });
    rows.into_iter().map(line).collect()
}

/// Stores a void.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    batch_no: BatchNo,
    order: &VoidOrder,
    by: By,
    now: DateTime<Utc>,
) -> QueryResult<Void> {
    let row: VoidRow = diesel::insert_into(voids::table)
        .values((
            voids::batch_no.eq(batch_no.to_i32()),
            voids::first_serial.eq(order.range.first.to_i32()),
            voids::last_serial.eq(order.range.last.to_i32()),
            voids::reason.eq(order.reason.as_str()),
            voids::note.eq(order.note.as_deref()),
            voids::voided_at.eq(now),
            voids::voided_by.eq(by.token),
            voids::voided_by_account.eq(by.account),
        ))
        .returning(VoidRow::as_returning())
        .get_result(conn)
        .await?;
    row.into_void()
}

/// How many stamps of each of these batches are voided, without the whole batch's own.
pub(in crate::batches) async fn n_voided(
    conn: &mut AsyncPgConnection,
    batch_nos: &[i32],
) -> QueryResult<Vec<(i32, i64)>> {
    let n_stamps = diesel::dsl::sql::<diesel::sql_types::BigInt>("sum(last_serial - greatest(first_serial, 1) + 1)");
    voids::table
        .filter(voids::batch_no.eq_any(batch_nos))
        .group_by(voids::batch_no)
        .select((voids::batch_no, n_stamps))
        .load(conn)
        .await
}
