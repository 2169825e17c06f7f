//! Queries on voided ranges. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::batches::store::damaged;
use crate::batches::types::SerialRange;
use crate::db::schema::voids;
use crate::stamp::{BatchNo, Serial};

use super::types::{Void, VoidReason};

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
