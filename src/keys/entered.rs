//! What the ledger says of keys: purpose, number and what is public of them. Never a private half.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::error::Result;
use crate::ledger::{Author, Draft, Kind};

use super::store::{self, KeyRow};

/// The entry of an act on a key, by the operator at the command line.
pub(super) fn draft(kind: Kind, row: &KeyRow, at: DateTime<Utc>) -> Draft {
    let public_key = row.public_key.as_ref().map(|bytes| STANDARD.encode(bytes));
    let public = serde_json::json!({ "purpose": row.purpose, "key": row.key_no, "public_key": public_key });
    Draft { kind, batch: None, at, author: Author::OPERATOR, public, private: None }
}

/// Entries of the keys that are older than the ledger.
pub async fn imported_keys(conn: &mut AsyncPgConnection) -> Result<Vec<Draft>> {
    let older = store::all(conn).await?;
    let entry = |row: &KeyRow| {
        let mut draft = draft(Kind::Imported, row, row.created_at);
        draft.author = Author::SERVICE;
        if let Some(public) = draft.public.as_object_mut() {
            public.insert("status".to_owned(), row.status.clone().into());
        }
        draft
    };
    Ok(older.iter().map(entry).collect())
}
