//! What anyone may know of how the ledger stands: how long it is, since when, who witnesses it, whether it is halted. It reads and
//! changes nothing, and never tells why the ledger is halted: that is for the operator.

use chrono::{DateTime, Utc};

use crate::error::Result;

use super::service::Ledger;
use super::{published_store, tree_store};

/// How the ledger stands, for anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicFace {
    /// Entries of the newest published checkpoint, and since when it is published; none before the first.
    pub published: Option<(u64, DateTime<Utc>)>,
    /// The witnesses of the policy by name, each with the time of its last cosignature.
    pub witnesses: Vec<(String, Option<DateTime<Utc>>)>,
    /// Whether nothing is written or signed until the operator has put something right.
    pub is_halted: bool,
}

impl Ledger {
    /// How the ledger stands, for anyone. As many queries as there are witnesses, and two.
    pub async fn public_face(&self) -> Result<PublicFace> {
        let mut conn = self.parts.db.conn().await?;
        let mut witnesses = Vec::new();
        for witness in self.parts.witnesses.witnesses() {
            let at = published_store::last_cosigned_by(&mut conn, &witness.signs_as()).await?;
            witnesses.push((witness.name.clone(), at));
        }
        let published = published_store::newest_published(&mut conn).await?;
        let is_halted = tree_store::find_state(&mut conn).await?.halted_reason.is_some();
        Ok(PublicFace { published, witnesses, is_halted })
    }
}
