//! A batch and a product for the tests of pure rules, to be bent by each.

use chrono::DateTime;

use crate::accounts::types::ProducerNo;
use crate::register::types::{Certificate, Producer, Product};
use crate::stamp::{BatchNo, ProductNo};

use super::types::{Batch, Standing};

/// Open, in good standing, packed on 2026-11-20, nothing declared.
pub(super) fn batch() -> Batch {
    Batch {
        batch_no: BatchNo::new(1).unwrap(),
        product_no: ProductNo::new(1).unwrap(),
        producer_no: ProducerNo(1),
        lot: "MD-01".into(),
        packed_on: "2026-11-20".parse().unwrap(),
        last_valid_day: None,
        quantity: None,
        unit: None,
        is_open: true,
        next_serial: 1,
        opened_at: DateTime::UNIX_EPOCH,
        closed_at: None,
        standing: Standing::Normal,
        max_stamps: None,
        version: 1,
    }
}

/// A product that may be minted in 2026, without shelf life and pack.
pub(super) fn product() -> Product {
    let window = Some(("2025-01-01".parse().unwrap(), "2027-12-31".parse().unwrap()));
    Product {
        product_no: ProductNo::new(1).unwrap(),
        name: "Miến dong".into(),
        set_no: 7,
        set_name: None,
        is_stamped_by_batch: true,
        stars: Some(4),
        standards: Some("TCCS 01:2025".into()),
        shelf_life: None,
        pack: None,
        is_closed: false,
        photo_base64: Some("AA==".into()),
        demo: false,
        producer: Producer {
            producer_no: ProducerNo(1),
            name: "HTX".into(),
            kind: None,
            village: Some("thôn A".into()),
            commune: None,
            former: None,
        },
        certificates: vec![Certificate { stars: Some(4), number: None, issuer: None, window, revoked: None }],
    }
}
