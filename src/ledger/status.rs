//! How the ledger stands, for the operator: how far it is, what waits, who witnessed it, whether it is halted. It reads and changes
//! nothing.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::error::Result;

use super::halting::HaltReason;
use super::service::Ledger;
use super::{checkpoint_store, published_store, tree_store};

/// How the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerStatus {
    /// The log's public key.
    pub vkey: String,
    /// Entries with a place in the tree.
    pub size: u64,
    /// Entries that the newest published checkpoint covers; none before the first.
    pub published_size: Option<u64>,
    /// Entries that wait for their place.
    pub n_pending: u64,
    /// The largest tree that the high-water file knows of.
    pub high_water_size: Option<u64>,
    /// When older rows were taken in.
    pub imported_at: Option<DateTime<Utc>>,
    /// Why nothing is written or signed, if so, in English.
    pub halted_reason: Option<String>,
    /// The witnesses of the policy.
    pub witnesses: Vec<WitnessStatus>,
}

/// How far a witness is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WitnessStatus {
    /// Its name in the policy.
    pub name: String,
    /// The largest published tree that it cosigned.
    pub cosigned_size: Option<u64>,
}

impl Ledger {
    /// How the ledger stands.
    pub async fn status(&self) -> Result<LedgerStatus> {
        let mark = self.read_mark().await?;
        let mut conn = self.parts.db.conn().await?;
        let state = tree_store::find_state(&mut conn).await?;
        let mut witnesses = Vec::new();
        for witness in self.parts.witnesses.witnesses() {
            let cosigned_size = published_store::last_size_cosigned_by(&mut conn, &witness.signs_as()).await?;
            witnesses.push(WitnessStatus { name: witness.name.clone(), cosigned_size });
        }
        Ok(LedgerStatus {
            vkey: self.verifier().to_string(),
            size: state.size,
            published_size: checkpoint_store::published_size(&mut conn).await?,
            n_pending: tree_store::count_pending(&mut conn).await?,
            high_water_size: mark.map(|mark| mark.size),
            imported_at: state.imported_at,
            halted_reason: state.halted_reason,
            witnesses,
        })
    }
}

/// As the operator reads it, a line a fact.
impl fmt::Display for LedgerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = "—".to_owned();
        let or_none = |size: Option<u64>| size.map_or(none.clone(), |size| size.to_string());
        writeln!(f, "Khóa / key: {}", self.vkey)?;
        writeln!(f, "Số mục / entries: {}", self.size)?;
        writeln!(f, "Đã niêm phong / sealed: {}", or_none(self.published_size))?;
        writeln!(f, "Đang chờ / waiting: {}", self.n_pending)?;
        writeln!(f, "Tệp mốc cao nhất / high-water file: {}", or_none(self.high_water_size))?;
        for WitnessStatus { name, cosigned_size } in &self.witnesses {
            writeln!(f, "Người làm chứng / witness {name}: {}", or_none(*cosigned_size))?;
        }
        match &self.halted_reason {
            None => write!(f, "Đang ghi bình thường / running"),
            Some(reason) => {
                let HaltReason { vi, en } = HaltReason::stored(reason);
                write!(f, "ĐANG TẠM KHÓA: {vi}\nHALTED: {en}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(halted_reason: Option<&str>) -> String {
        let witnesses = vec![WitnessStatus { name: "báo".into(), cosigned_size: None }];
        let halted_reason = halted_reason.map(ToOwned::to_owned);
        let status = LedgerStatus {
            vkey: "a+b+c".into(),
            size: 7,
            published_size: Some(6),
            n_pending: 1,
            high_water_size: None,
            imported_at: None,
            halted_reason,
            witnesses,
        };
        status.to_string()
    }

    #[test]
    fn a_halted_ledger_says_why() {
        assert!(status(Some("it is older")).ends_with("HALTED: it is older"));
        assert!(status(None).ends_with("running"));
    }

    #[test]
    fn a_witness_that_never_cosigned_is_shown() {
        assert!(status(None).contains("witness báo: —"));
    }
}
