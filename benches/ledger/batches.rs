//! Batches in bulk, with products and producers to own them. It writes rows alone: what the ledger says of them is made elsewhere.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::stage::number;

/// Products of one producer.
const PER_PRODUCER: u32 = 10;
/// Batches of one product.
const PER_PRODUCT: u32 = 100;
/// Stamps of one batch.
const STAMPS: u32 = 500;

/// Opens batches 1 to `n_batches`, packed today, each of 500 kg and with a run of stamps.
pub(crate) async fn open_batches(conn: &mut AsyncPgConnection, n_batches: u32) {
    let n_products = n_batches.div_ceil(PER_PRODUCT);
    let n_producers = n_products.div_ceil(PER_PRODUCER);
    let today = "(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date";
    let next_serial = STAMPS + 1;
    // As a copy of a database is loaded: references and notices are for rows that come one by one.
    let fill = format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         INSERT INTO producers (name, kind, village, commune_code, commune_valid_from)
             SELECT 'HTX ' || n, 'cooperative', 'thôn ' || n, code, valid_from FROM generate_series(1, {n_producers}) n,
                 (SELECT code, valid_from FROM communes WHERE code = '01843' ORDER BY valid_from DESC LIMIT 1) commune
             ORDER BY n;
         INSERT INTO products (producer_no, name, set_no, stars)
             SELECT 1 + (n - 1) / {PER_PRODUCER}, 'Trà xanh ' || n, 11, 4 FROM generate_series(1, {n_products}) n ORDER BY n;
         INSERT INTO batches (product_no, lot, packed_on, last_valid_day, quantity_thousandths, unit, next_serial, opened_at)
             SELECT 1 + (n - 1) / {PER_PRODUCT}, 'L' || n, {today}, {today} + 365, 500000, 'kg', {next_serial}, now()
             FROM generate_series(1, {n_batches}) n ORDER BY n;
         INSERT INTO mint_runs (batch_no, first_serial, last_serial, product_no, last_valid_day, stamp_key_no, code_key_no, minted_at)
             SELECT batch_no, 1, {STAMPS}, product_no, last_valid_day - '2020-01-01', stamp.key_no, code.key_no, now()
             FROM batches, (SELECT min(key_no) AS key_no FROM keys WHERE purpose = 'stamp') stamp,
                 (SELECT min(key_no) AS key_no FROM keys WHERE purpose = 'code') code
             ORDER BY batch_no;
         COMMIT"
    );
    conn.batch_execute(&fill).await.unwrap();
    let n_filled = number(conn, "SELECT max(batch_no)::bigint AS value FROM batches").await;
    assert_eq!(n_filled, i64::from(n_batches), "batches have other numbers than the log");
    for table in ["producers", "products", "batches", "mint_runs"] {
        conn.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
    }
}
