//! What the demo shows: products and batches of producers that plainly do not exist. Dates follow the day it is set up.

use chrono::{DateTime, Days, Months, NaiveDate, Utc};

use crate::batches::types::{Lot, OpenBatch, Quantity};
use crate::error::{Error, Result};
use crate::register::Photos;
use crate::register::certificates::types::IssuerLevel;
use crate::register::import::{CertificateColumns, FurtherColumns, Headings, ImportRow, ProducerKind, ShelfLife};
use crate::stamp::ProductNo;

/// One example product with its batch.
struct Example {
    product: &'static str,
    set_no: u8,
    producer: &'static str,
    stars: u8,
    image: &'static str,
    picture: &'static [u8],
    certificate_no: &'static str,
    /// The certificate's last day, from today.
    certificate_ends: Offset,
    shelf_life: ShelfLife,
    lot: &'static str,
    packed_days_ago: u64,
    quantity: &'static str,
    unit: &'static str,
}

enum Offset {
    MonthsAhead(u32),
    DaysAgo(u64),
}

/// The certificate of the last one lapsed after its batch was packed.
const EXAMPLES: [Example; 3] = [
    Example {
        product: "Miến dong Ví Dụ",
        set_no: 7,
        producer: "HTX Trình Diễn Một (không có thật)",
        stars: 4,
        image: "mien.jpg",
        picture: include_bytes!("../../assets/demo/mien.jpg"),
        certificate_no: "TD-01 (trình diễn)",
        certificate_ends: Offset::MonthsAhead(30),
        shelf_life: ShelfLife::Months(12),
        lot: "MD-01",
        packed_days_ago: 10,
        quantity: "500",
        unit: "kg",
    },
    Example {
        product: "Chè xanh Ví Dụ",
        set_no: 11,
        producer: "Công ty Trình Diễn Hai (không có thật)",
        stars: 3,
        image: "che.jpg",
        picture: include_bytes!("../../assets/demo/che.jpg"),
        certificate_no: "TD-02 (trình diễn)",
        certificate_ends: Offset::MonthsAhead(20),
        shelf_life: ShelfLife::Months(18),
        lot: "CX-01",
        packed_days_ago: 3,
        quantity: "120.5",
        unit: "kg",
    },
    Example {
        product: "Mật ong Ví Dụ",
        set_no: 4,
        producer: "Tổ hợp tác Trình Diễn Ba (không có thật)",
        stars: 3,
        image: "mat-ong.jpg",
        picture: include_bytes!("../../assets/demo/mat-ong.jpg"),
        certificate_no: "TD-03 (trình diễn)",
        certificate_ends: Offset::DaysAgo(30),
        shelf_life: ShelfLife::Months(24),
        lot: "MO-01",
        packed_days_ago: 90,
        quantity: "1050",
        unit: "chai",
    },
];

/// Months that a certificate holds.
const CERTIFICATE_MONTHS: u32 = 36;
/// The demo began before its oldest batch was packed.
const FOUNDED_DAYS_AGO: u64 = 100;
/// Days between opening a batch and packing it: what is done in between is told as it is done.
const OPENED_DAYS_BEFORE_PACKING: u64 = 8;
/// Days between packing and ordering stamps.
const MINTED_DAYS_AFTER_PACKING: u64 = 1;

impl Example {
    fn certificate_window(&self, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let to = match self.certificate_ends {
            Offset::MonthsAhead(n) => today.checked_add_months(Months::new(n))?,
            Offset::DaysAgo(n) => today.checked_sub_days(Days::new(n))?,
        };
        let from = to.checked_sub_months(Months::new(CERTIFICATE_MONTHS))?.checked_add_days(Days::new(1))?;
        Some((from, to))
    }

    fn row(&self, line: u32, today: NaiveDate) -> Option<ImportRow> {
        let (from, to) = self.certificate_window(today)?;
        let kind = [ProducerKind::Cooperative, ProducerKind::Company, ProducerKind::CooperativeGroup];
        let producer_kind = kind.into_iter().nth(usize::try_from(line).ok()? - 1)?;
        Some(ImportRow {
            line,
            headings: Headings::default(),
            product: self.product.to_owned(),
            set_no: self.set_no,
            producer: self.producer.to_owned(),
            producer_kind,
            village: Some("thôn Ví Dụ, xã Trình Diễn".to_owned()),
            commune_code: None,
            commune: None,
            former_commune: None,
            former_district: None,
            former_province: None,
            stars: Some(self.stars),
            first_year_seen: None,
            decision: None,
            source: Some("ví dụ của bản trình diễn".to_owned()),
            certificate: Some(CertificateColumns {
                number: Some(self.certificate_no.to_owned()),
                issuer: Some("Cơ quan trình diễn (không có thật)".to_owned()),
                from,
                to: Some(to),
            }),
            undated_certificate: None,
            image: Some(self.image.to_owned()),
            standards: Some("TCCS 01:TRÌNH DIỄN".to_owned()),
            shelf_life: Some(self.shelf_life),
            further: FurtherColumns { issuer_level: Some(IssuerLevel::Province), ..FurtherColumns::default() },
        })
    }
}

/// The example products as a register's rows.
pub(super) fn products(today: NaiveDate) -> Result<Vec<ImportRow>> {
    let rows = (1..).zip(&EXAMPLES).map(|(line, example)| example.row(line, today));
    rows.collect::<Option<Vec<_>>>().ok_or_else(|| Error::internal("no calendar for the demo"))
}

/// Whose member the demo's producer is.
pub(super) const fn first_producer() -> &'static str {
    let [first, ..] = &EXAMPLES;
    first.producer
}

/// Their pictures, shrunk.
pub(super) fn photos() -> Result<Photos> {
    let shrink = |example: &Example| Ok((example.image.to_owned(), crate::register::photo::shrink(example.picture)?));
    EXAMPLES.iter().map(shrink).collect()
}

/// When the demo's keys were made: before its oldest stamps.
pub(super) fn founded_at(today: NaiveDate) -> Result<DateTime<Utc>> {
    let day = today.checked_sub_days(Days::new(FOUNDED_DAYS_AGO)).and_then(|day| day.and_hms_opt(2, 0, 0));
    day.map(|time| time.and_utc()).ok_or_else(|| Error::internal("no calendar for the demo"))
}

/// One example batch.
pub(super) struct DemoBatch {
    /// The product's name.
    pub(super) product: &'static str,
    /// When it was opened.
    pub(super) opened_at: DateTime<Utc>,
    /// When its stamps were ordered.
    pub(super) minted_at: DateTime<Utc>,
    /// The product's picture.
    pub(super) picture: &'static [u8],
    lot: &'static str,
    packed_on: NaiveDate,
    quantity: &'static str,
    unit: &'static str,
}

impl DemoBatch {
    /// The batch to open.
    pub(super) fn order(&self, product_no: ProductNo) -> Result<OpenBatch> {
        Ok(OpenBatch {
            product_no,
            lot: Lot::new(self.lot)?,
            packed_on: self.packed_on,
            last_valid_day: None,
            quantity: Some(Quantity::parse(self.quantity)?),
            unit: Some(self.unit.to_owned()),
        })
    }
}

/// The example batches.
pub(super) fn batches(today: NaiveDate) -> Vec<DemoBatch> {
    let batch = |example: &Example| {
        let packed_on = today.checked_sub_days(Days::new(example.packed_days_ago))?;
        let minted_on = packed_on.checked_add_days(Days::new(MINTED_DAYS_AFTER_PACKING))?;
        let minted_at = minted_on.and_hms_opt(2, 0, 0)?.and_utc();
        let opened_on = packed_on.checked_sub_days(Days::new(OPENED_DAYS_BEFORE_PACKING))?;
        let opened_at = opened_on.and_hms_opt(1, 0, 0)?.and_utc();
        let Example { product, picture, lot, quantity, unit, .. } = *example;
        Some(DemoBatch { product, opened_at, minted_at, picture, lot, packed_on, quantity, unit })
    };
    EXAMPLES.iter().filter_map(batch).collect()
}
