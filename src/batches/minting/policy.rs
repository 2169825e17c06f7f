//! Who gets stamps for a batch: its standing, whether it is open, and what the register says of its product. Pure.

use chrono::NaiveDate;

use crate::batches::types::{Batch, Standing};
use crate::error::{Error, Result};
use crate::register::policy::{MintRequest, may_mint};
use crate::register::types::Product;

/// Whether a batch may have stamps today. How many is for the quota to say.
pub fn may_order(batch: &Batch, product: &Product, today: NaiveDate) -> Result<()> {
    let batch_no = batch.batch_no.get();
    match batch.standing {
        Standing::Recalled(_) => return Err(Error::BatchRecalled { batch_no }),
        Standing::Suspended(_) => return Err(Error::BatchSuspended { batch_no }),
        Standing::Normal => {}
    }
    if !batch.is_open {
        return Err(Error::BatchClosed { batch_no });
    }
    may_mint(product, MintRequest { packed_on: batch.packed_on, last_valid_day: batch.last_valid_day, today })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::testing::{batch, product};
    use crate::batches::types::Notice;
    use chrono::DateTime;

    #[track_caller]
    fn check(batch: &Batch, product: &Product, expected: Result<(), &str>) {
        let today = "2026-11-22".parse().unwrap();
        assert_eq!(may_order(batch, product, today).map_err(|err| err.code()), expected);
    }

    #[test]
    fn only_an_open_batch_in_good_standing_gets_stamps() {
        let notice = Notice { reason: "a".into(), advice: None, contact: None, since: DateTime::UNIX_EPOCH };
        let suspended = Batch { standing: Standing::Suspended(notice.clone()), ..batch() };
        let recalled = Batch { standing: Standing::Recalled(notice), is_open: false, ..batch() };
        check(&batch(), &product(), Ok(()));
        check(&Batch { is_open: false, ..batch() }, &product(), Err("batch-closed"));
        check(&suspended, &product(), Err("batch-suspended"));
        check(&recalled, &product(), Err("batch-recalled"));
    }

    #[test]
    fn what_the_register_says_of_the_product_comes_after() {
        let no_photo = Product { photo_base64: None, ..product() };
        check(&batch(), &no_photo, Err("mandatory-data-missing"));
        check(&Batch { is_open: false, ..batch() }, &no_photo, Err("batch-closed"));
        check(&batch(), &Product { is_closed: true, ..product() }, Err("product-closed"));
    }
}
