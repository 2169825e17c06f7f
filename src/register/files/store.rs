//! Queries on files. Who may fetch one is the business of the thing it belongs to; no transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{certificates, files, food_safety_papers};

use super::types::{MediaType, PaperFile, Sha256Hash};

/// Keeps a file under its hash. One that is there is locked until the transaction ends, so that nobody forgets it meanwhile.
pub(in crate::register) async fn keep(
    conn: &mut AsyncPgConnection,
    file: &PaperFile,
    now: DateTime<Utc>,
) -> QueryResult<Sha256Hash> {
    let hash = file.hash();
    diesel::insert_into(files::table)
        .values((
            files::sha256.eq(&hash.0[..]),
            files::media_type.eq(file.media_type.as_str()),
            files::content.eq(&file.content),
            files::created_at.eq(now),
        ))
        .on_conflict(files::sha256)
        .do_update()
        .set(files::media_type.eq(excluded(files::media_type)))
        .execute(conn)
        .await?;
    Ok(hash)
}

/// A file's bytes.
pub(in crate::register) async fn find_file(
    conn: &mut AsyncPgConnection,
    hash: Sha256Hash,
) -> QueryResult<Option<PaperFile>> {
    let row: Option<(String, Vec<u8>)> =
        files::table.find(hash.0.to_vec()).select((files::media_type, files::content)).first(conn).await.optional()?;
    Ok(row.and_then(|(media_type, content)| Some(PaperFile { media_type: MediaType::parse(&media_type)?, content })))
}

/// Drops a file that nothing refers to any more; a paper may name people, so what was replaced must not stay behind.
pub(super) async fn forget_unused(conn: &mut AsyncPgConnection, hash: Sha256Hash) -> QueryResult<usize> {
    let of_certificate = certificates::table.filter(certificates::scan_sha256.eq(files::sha256.nullable()));
    let of_paper = food_safety_papers::table.filter(food_safety_papers::file_sha256.eq(files::sha256.nullable()));
    diesel::delete(files::table.find(hash.0.to_vec()))
        .filter(diesel::dsl::not(diesel::dsl::exists(of_certificate)))
        .filter(diesel::dsl::not(diesel::dsl::exists(of_paper)))
        .execute(conn)
        .await
}
