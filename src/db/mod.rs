//! The ground the domains stand on: a Postgres of our own or a given one, a pool, migrations, the schema.
//! It knows tables, never rules.

pub mod cluster;
mod migrate;
mod pool;
pub mod schema;

pub use migrate::{MIGRATIONS, has_pending_migrations, is_empty, migrate};
pub use pool::Db;
