//! Taking in what is older than the ledger: once a deployment, every row of then gets its `imported` entry. What the entries say is the
//! caller's; that it happens once, wholly or not at all, is decided here.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};

use crate::db::Db;
use crate::error::Result;

use super::append::append_all;
use super::tree_store;
use super::types::Draft;

/// Appends the drafts that `imported` gives, if that was never done. `imported` reads the rows of the rooms above through the
/// connection that it is handed.
///
/// One transaction: if we die in it, nothing was taken in, and the next start does it. Whoever comes second waits and finds it done.
pub async fn adopt(
    db: &Db,
    now: DateTime<Utc>,
    imported: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Vec<Draft>>,
) -> Result<()> {
    type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;
    let mut conn = db.conn().await?;
    // By hand: `transaction` wants a future that may change threads, which this parameter cannot promise.
    Transactions::begin_transaction(&mut *conn).await?;
    match adopt_on(&mut conn, now, imported).await {
        Ok(n_entries) => {
            Transactions::commit_transaction(&mut *conn).await?;
            if 0 < n_entries {
                tracing::info!(ledger.entries = n_entries, "what is older than the ledger was taken into it");
            }
            Ok(())
        }
        Err(error) => {
            Transactions::rollback_transaction(&mut *conn).await?;
            Err(error)
        }
    }
}

async fn adopt_on(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    imported: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Vec<Draft>>,
) -> Result<usize> {
    // Keeps sequencers away too: they pass over a tick, and nobody sees half of it in the tree.
    tree_store::lock(conn).await?;
    if tree_store::find_state(conn).await?.imported_at.is_some() {
        return Ok(0);
    }
    let drafts = imported(conn).await?;
    append_all(conn, &drafts, now).await?;
    tree_store::set_imported(conn, now).await?;
    Ok(drafts.len())
}
