//! The use case of the balance.

use crate::accounts::types::Reach;
use crate::error::Result;
use crate::register::types::Quantity;
use crate::stamp::BatchNo;
use crate::trace::service::Trace;
use crate::trace::types::Amount;

use super::policy::check_balance;
use super::store;
use super::types::{Balance, BalanceFacts};

impl Trace {
    /// What does not add up in a batch, with the numbers; nothing when all does, or when nothing can be compared.
    pub async fn balance_of(&self, reach: &Reach, batch_no: BatchNo) -> Result<Balance> {
        let mut conn = self.parts.db.conn().await?;
        let batch = self.batch_within(&mut conn, reach, batch_no).await?;
        let declared = batch.quantity.map(Quantity::thousandths);
        let facts = BalanceFacts {
            is_open: batch.is_open,
            declared: Amount::from_columns(declared, batch.unit.as_deref()),
            pack: store::pack_of(&mut conn, batch.product_no).await?,
            n_stamps: store::n_stamps(&mut conn, batch_no).await?,
            stages: store::stage_sums(&mut conn, batch_no).await?,
            passed_on: store::passed_on(&mut conn, batch_no).await?,
            outside: store::outside_sums(&mut conn, batch_no).await?,
            sources: store::source_sums(&mut conn, batch.producer_no, batch_no).await?,
        };
        Ok(check_balance(&facts))
    }
}
