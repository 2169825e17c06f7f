//! Queries on published checkpoints and on what witnesses made of them. It reads and never writes. No transaction, no clock, no HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{ledger_checkpoints, ledger_cosignatures, ledger_entries};

use super::tree_store::read_size;

/// The newest published checkpoint, without cosignatures.
pub(super) async fn newest_note(conn: &mut AsyncPgConnection) -> QueryResult<Option<String>> {
    ledger_checkpoints::table
        .filter(ledger_checkpoints::published_at.is_not_null())
        .order(ledger_checkpoints::size.desc())
        .select(ledger_checkpoints::note)
        .first(conn)
        .await
        .optional()
}

/// The signature lines that these witnesses gave for the checkpoint of a size.
pub(super) async fn cosignature_lines(
    conn: &mut AsyncPgConnection,
    size: u64,
    filed_as: &[String],
) -> QueryResult<Vec<String>> {
    ledger_cosignatures::table
        .filter(ledger_cosignatures::size.eq(size.cast_signed()))
        .filter(ledger_cosignatures::witness.eq_any(filed_as))
        .order(ledger_cosignatures::witness)
        .select(ledger_cosignatures::line)
        .load(conn)
        .await
}

/// The latest cosignatures of these witnesses on published checkpoints of more than `above` entries, the largest size first: size
/// and how the witness is filed. At most `limit` of them.
pub(super) async fn recently_cosigned(
    conn: &mut AsyncPgConnection,
    above: u64,
    filed_as: &[String],
    limit: i64,
) -> QueryResult<Vec<(u64, String)>> {
    let rows: Vec<(i64, String)> = ledger_cosignatures::table
        .inner_join(ledger_checkpoints::table)
        .filter(ledger_checkpoints::published_at.is_not_null())
        .filter(ledger_cosignatures::size.gt(above.cast_signed()))
        .filter(ledger_cosignatures::witness.eq_any(filed_as))
        .order(ledger_cosignatures::size.desc())
        .select((ledger_cosignatures::size, ledger_cosignatures::witness))
        .limit(limit)
        .load(conn)
        .await?;
    rows.into_iter().map(|(size, witness)| Ok((read_size(size)?, witness))).collect()
}

/// The size of the largest published checkpoint that a witness cosigned.
pub(super) async fn last_size_cosigned_by(conn: &mut AsyncPgConnection, filed_as: &str) -> QueryResult<Option<u64>> {
    let size: Option<i64> = ledger_cosignatures::table
        .inner_join(ledger_checkpoints::table)
        .filter(ledger_checkpoints::published_at.is_not_null())
        .filter(ledger_cosignatures::witness.eq(filed_as))
        .order(ledger_cosignatures::size.desc())
        .select(ledger_cosignatures::size)
        .first(conn)
        .await
        .optional()?;
    size.map(read_size).transpose()
}

/// When a witness first cosigned a published checkpoint that covers these places in the tree; without those that it never did.
pub(super) async fn first_cosigned_by(
    conn: &mut AsyncPgConnection,
    filed_as: &str,
    places: &[u64],
) -> QueryResult<BTreeMap<u64, DateTime<Utc>>> {
    let places: Vec<i64> = places.iter().map(|place| place.cast_signed()).collect();
    let first = ledger_cosignatures::table
        .inner_join(ledger_checkpoints::table)
        .filter(ledger_checkpoints::published_at.is_not_null())
        .filter(ledger_cosignatures::witness.eq(filed_as))
        .filter(ledger_cosignatures::size.nullable().gt(ledger_entries::ledger_index))
        .order(ledger_cosignatures::size)
        .select(ledger_cosignatures::cosigned_at)
        .limit(1)
        .single_value();
    let rows: Vec<(i64, Option<DateTime<Utc>>)> = ledger_entries::table
        .filter(ledger_entries::ledger_index.eq_any(places))
        .select((ledger_entries::ledger_index.assume_not_null(), first))
        .load(conn)
        .await?;
    let known = rows.into_iter().filter_map(|(place, at)| Some((place, at?)));
    known.map(|(place, at)| Ok((read_size(place)?, at))).collect()
}

/// The newest published checkpoint: its size, and since when it is published.
pub(super) async fn newest_published(conn: &mut AsyncPgConnection) -> QueryResult<Option<(u64, DateTime<Utc>)>> {
    let newest: Option<(i64, Option<DateTime<Utc>>)> = ledger_checkpoints::table
        .filter(ledger_checkpoints::published_at.is_not_null())
        .order(ledger_checkpoints::size.desc())
        .select((ledger_checkpoints::size, ledger_checkpoints::published_at))
        .first(conn)
        .await
        .optional()?;
    let Some((size, Some(at))) = newest else { return Ok(None) };
    Ok(Some((read_size(size)?, at)))
}

/// When a witness last cosigned a published checkpoint, by its own clock.
pub(super) async fn last_cosigned_by(
    conn: &mut AsyncPgConnection,
    filed_as: &str,
) -> QueryResult<Option<DateTime<Utc>>> {
    ledger_cosignatures::table
        .inner_join(ledger_checkpoints::table)
        .filter(ledger_checkpoints::published_at.is_not_null())
        .filter(ledger_cosignatures::witness.eq(filed_as))
        .order(ledger_cosignatures::size.desc())
        .select(ledger_cosignatures::cosigned_at)
        .first(conn)
        .await
        .optional()
}
