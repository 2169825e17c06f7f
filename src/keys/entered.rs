//! What the ledger says of keys: purpose, number and what is public of them. Never a private half.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};

use crate::error::Result;
use crate::ledger::{Author, Draft, Kind};

use super::store::{self, KeyRow};

/// The entry of an act on a key.
pub(super) fn draft(kind: Kind, author: Author, row: &KeyRow, at: DateTime<Utc>) -> Draft {
    let public = json!({ "purpose": row.purpose, "key": row.key_no, "public_key": public_key(row) });
    Draft { kind, batch: None, at, author, public, private: None }
}

/// Entries of the keys that are older than the ledger, with how they stood that day.
pub async fn imported_keys(conn: &mut AsyncPgConnection) -> Result<Vec<Draft>> {
    Ok(store::all(conn).await?.iter().map(imported).collect())
}

fn imported(row: &KeyRow) -> Draft {
    let public = json!({
        "purpose": row.purpose,
        "key": row.key_no,
        "public_key": public_key(row),
        "status": row.status,
    });
    Draft { kind: Kind::Imported, batch: None, at: row.created_at, author: Author::SERVICE, public, private: None }
}

fn public_key(row: &KeyRow) -> Option<Value> {
    row.public_key.as_ref().map(|bytes| STANDARD.encode(bytes).into())
}
