//! What becomes of a file that was replaced. It never touches one that anything still refers to.

use diesel_async::AsyncPgConnection;

use super::store::forget_unused;
use super::types::Sha256Hash;

/// Drops a replaced file after the change is written. If we die before this, or it fails, the file stays behind without an
/// owner: nobody can fetch it, and the change stands all the same.
pub(in crate::register) async fn forget_replaced(conn: &mut AsyncPgConnection, hash: Sha256Hash) {
    if let Err(err) = forget_unused(conn, hash).await {
        tracing::warn!(%err, file.hash = ?hash, "a replaced file stays behind without an owner");
    }
}
