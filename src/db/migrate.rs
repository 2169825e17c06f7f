//! Runs the migrations that are compiled in, one process at a time. It decides nothing about their contents.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::{Error, Result};

use super::Db;

/// The schema, in the order it grew.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Any number that no other program uses on this database as an advisory lock.
const MIGRATION_LOCK: i64 = 0x006e_6775_6f6e;

/// Applies pending migrations and returns their names. Several processes may call this at once: one works, the others wait.
pub async fn migrate(db: &Db) -> Result<Vec<String>> {
    let mut conn = db.dedicated().await?;
    diesel::sql_query("SET statement_timeout = 0").execute(&mut conn).await?;
    diesel::sql_query("SET lock_timeout = 0").execute(&mut conn).await?;
    diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(MIGRATION_LOCK).execute(&mut conn).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    tokio::task::spawn_blocking(move || {
        let done = harness.run_pending_migrations(MIGRATIONS).map_err(Error::internal)?;
        Ok(done.iter().map(ToString::to_string).collect())
    })
    .await?
}

/// Whether the database lacks a migration of this version, or has never been migrated.
pub async fn has_pending_migrations(db: &Db) -> Result<bool> {
    let mut harness = AsyncMigrationHarness::new(db.dedicated().await?);
    tokio::task::spawn_blocking(move || harness.has_pending_migration(MIGRATIONS).map_err(Error::internal)).await?
}

/// Whether the database holds no table of anyone's.
pub async fn is_empty(db: &Db) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        found: bool,
    }
    let mut conn = db.dedicated().await?;
    let sql =
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')) AS found";
    let row: Found = diesel::sql_query(sql).get_result(&mut conn).await?;
    Ok(!row.found)
}
