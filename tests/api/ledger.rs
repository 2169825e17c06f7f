//! Acts and their entries: every act that matters is an entry of the ledger, both commit together or neither does, and what is older
//! than the ledger is taken in once.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use nguon::accounts::types::Actor;
use nguon::batches::types::{Batch, MintOrder};
use nguon::keys::types::Purpose;
use nguon::ledger::Entry;
use nguon::merkle::hash_leaf;
use nguon::register::import::{CertificateColumns, ImportRow};
use nguon::register::{Photos, Progress};
use nguon::stamp::KeyNo;
use serde_json::{Value, json};

use crate::commands::Place;
use crate::ledger_stage::Row;
use crate::world::{Answer, TestDb, World, certificate, good_row};

async fn post(world: &World, batch: &Batch, verb: &str, body: Value) {
    let path = format!("/api/v1/batches/{}/{verb}", batch.batch_no);
    let answer = world.office.post(&path, &body).await;
    assert!(answer.status < 300, "{}", answer.text());
}

async fn import(world: &World, rows: Vec<ImportRow>) {
    let (photos, progress) = (Photos::default(), Progress::default());
    world.register.import(&Actor::operator(), rows, photos, false, &progress).await.unwrap();
}

fn certified(product: &str, number: &str) -> ImportRow {
    let certificate = CertificateColumns { number: Some(number.to_owned()), ..certificate("2025-01-01", "2027-12-31") };
    ImportRow { product: product.to_owned(), image: None, certificate: Some(certificate), ..good_row() }
}

/// Kind and place in the chain.
fn lines(rows: &[Row]) -> Vec<(&str, Option<i32>)> {
    rows.iter().map(|row| (row.kind.as_str(), row.n)).collect()
}

#[actix_web::test]
async fn every_act_on_a_batch_is_the_next_entry_of_its_chain() {
    let world = World::new().await;
    let product_no = world.product().await;
    let rows = world
        .entered(async {
            let batch = world.batch_of(product_no, "MD-01", "2026-11-20", Some("2027-11-20")).await;
            world.mint(batch.batch_no, 10).await;
            post(&world, &batch, "voids", json!({ "first": 4, "last": 6, "reason": "misprint" })).await;
            post(&world, &batch, "suspend", json!({ "reason": "Chờ kiểm nghiệm" })).await;
            post(&world, &batch, "resume", json!({ "reason": "Kết quả tốt" })).await;
            world.batches.close_batch(&Actor::operator(), batch.batch_no).await.unwrap();
            post(&world, &batch, "recall", json!({ "reason": "Nấm mốc" })).await;
        })
        .await;
    let kinds = ["batch_opened", "run_minted", "range_voided", "suspended", "resumed", "batch_closed", "recalled"];
    let expected: Vec<(&str, Option<i32>)> = kinds.into_iter().zip((1..).map(Some)).collect();
    assert_eq!(lines(&rows), expected);
}

#[actix_web::test]
async fn a_run_is_one_entry_with_its_range_however_many_stamps_it_has() {
    let world = World::new().await;
    let batch = world.batch().await;
    let rows = world.entered(world.mint(batch.batch_no, 1_000_000)).await;
    assert_eq!(lines(&rows), [("run_minted", Some(2))]);
    let public = rows[0].public();
    assert_eq!((&public["first"], &public["last"]), (&json!(1), &json!(1_000_000)), "{public}");
}

#[actix_web::test]
async fn an_order_that_is_sent_again_is_entered_once() {
    let world = World::new().await;
    let batch = world.batch().await;
    let order = async || world.office.order(batch.batch_no, "same", &json!({ "count": 5 })).await.status;
    let rows = world.entered(async { assert!(order().await < 300 && order().await < 300) }).await;
    assert_eq!(lines(&rows), [("run_minted", Some(2))]);
}

async fn enter_certificate(world: &World) -> Answer {
    let body = json!({ "number": "12/GCN", "stars": 4, "score": "76.5", "issuer": "UBND tỉnh Thái Nguyên", "issuer_level": "province", "from": "2026-11-20" });
    world.office.post("/api/v1/products/1/certificates", &body).await
}

#[actix_web::test]
async fn every_act_on_a_certificate_is_an_entry_without_a_chain() {
    let world = World::new().await;
    world.product_from(ImportRow { certificate: None, ..good_row() }).await;
    let rows = world
        .entered(async {
            let entered = enter_certificate(&world).await;
            assert_eq!(entered.status, 201, "{}", entered.text());
            let (id, version) = (&entered.json()["certificate_id"], &entered.json()["version"]);
            let change = world.office.request("PATCH", &format!("/api/v1/certificates/{id}"));
            let changed = world.office.send(change.json(&json!({ "number": "13/GCN", "version": version }))).await;
            assert_eq!(changed.status, 200, "{}", changed.text());
            let body = json!({ "on": "2026-11-21", "reason": "Sai quy trình" });
            let revoked = world.office.post(&format!("/api/v1/certificates/{id}/revoke"), &body).await;
            assert!(revoked.status < 300, "{}", revoked.text());
        })
        .await;
    assert_eq!(lines(&rows), [("recognised", None), ("recognition_changed", None), ("recognition_revoked", None)]);
    assert_eq!(rows[1].public()["number"], "13/GCN");
}

#[actix_web::test]
async fn an_import_enters_each_certificate_and_none_that_is_as_it_was() {
    let world = World::new().await;
    let two = || vec![certified("Miến dong", "01/GCN"), certified("Mật ong", "02/GCN")];
    let rows = world.entered(import(&world, two())).await;
    assert_eq!(lines(&rows), [("recognised", None), ("recognised", None)]);
    assert!(world.entered(import(&world, two())).await.is_empty(), "nothing changed");
}

#[actix_web::test]
async fn making_retiring_and_disowning_a_key_are_entries() {
    let world = World::new().await;
    let rows = world
        .entered(async {
            let second = world.keys.create(Purpose::Stamp).await.unwrap();
            world.keys.retire(Purpose::Stamp, KeyNo::new(1).unwrap()).await.unwrap();
            world.keys.create(Purpose::Stamp).await.unwrap();
            world.keys.mark_compromised(Purpose::Stamp, second).await.unwrap();
        })
        .await;
    let said: Vec<(String, Value)> = rows.iter().map(|row| (row.kind.clone(), row.public()["key"].clone())).collect();
    let expected = [("key_added", 2), ("key_retired", 1), ("key_added", 3), ("key_compromised", 2)];
    assert_eq!(said, expected.map(|(kind, key)| (kind.to_owned(), json!(key))));
}

#[actix_web::test]
async fn no_private_half_of_a_key_is_in_the_ledger() {
    let world = World::new().await;
    world.keys.create(Purpose::Code).await.unwrap();
    let rows = world.test_db.entries().await;
    let keys: Vec<Value> = rows.iter().filter(|row| row.kind == "key_added").map(Row::public).collect();
    assert!(2 < keys.len());
    for key in keys {
        let is_public = ["stamp", "ledger"].contains(&key["purpose"].as_str().unwrap());
        assert_eq!(key["public_key"].is_string(), is_public, "{key}");
        let names: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert!(names.iter().all(|name| ["purpose", "key", "public_key"].contains(&name.as_str())), "{names:?}");
    }
}

#[actix_web::test]
async fn an_entry_names_its_author_by_role_and_number() {
    let world = World::new().await;
    let batch = world.batch().await;
    let by_program = world.entered(world.office.order(batch.batch_no, "k", &json!({ "count": 1 }))).await;
    let token = world.test_db.count("SELECT max(token_id)::bigint AS n FROM tokens").await;
    assert_eq!(by_program[0].entry()["actor"], json!({ "role": "office", "token": token }));
    let by_operator = world.entered(world.mint(batch.batch_no, 1)).await;
    assert_eq!(by_operator[0].entry()["actor"], json!({ "role": "operator" }));
}

#[actix_web::test]
async fn a_refused_act_leaves_no_entry() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    let path = format!("/api/v1/batches/{}", batch.batch_no);
    let refused = [
        (format!("{path}/voids"), json!({ "first": 8, "last": 11, "reason": "misprint" })),
        (format!("{path}/resume"), json!({ "reason": "chưa tạm dừng" })),
        (format!("{path}/suspend"), json!({ "reason": " " })),
        ("/api/v1/batches".to_owned(), json!({ "product_no": 1, "lot": "MD-01", "packed_on": "2026-11-20" })),
        ("/api/v1/products/1/certificates".to_owned(), json!({ "stars": 9 })),
        ("/api/v1/certificates/1/revoke".to_owned(), json!({ "on": "2031-01-01", "reason": "x" })),
    ];
    let rows = world
        .entered(async {
            for (path, body) in &refused {
                let answer = world.office.post(path, body).await;
                assert!((400..500).contains(&answer.status), "{path}: {}", answer.text());
            }
            assert!(world.keys.retire(Purpose::Stamp, KeyNo::new(1).unwrap()).await.is_err(), "the last active key");
            assert!(world.keys.create(Purpose::Ledger).await.is_err(), "a second ledger key");
        })
        .await;
    assert!(rows.is_empty(), "{:?}", lines(&rows));
}

/// Every act of this world that is behind the ledger fails from now on at this table.
pub(crate) async fn refuse_inserts(world: &World, table: &str) {
    let sql = format!(
        "CREATE FUNCTION refuse_this() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER refuse_this BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_this()"
    );
    world.sql(&sql).await;
}

#[actix_web::test]
async fn an_act_that_fails_after_its_entry_was_made_leaves_none() {
    let world = World::new().await;
    let batch = world.batch().await;
    refuse_inserts(&world, "audit_trail").await;
    let order = MintOrder { count: 5.try_into().unwrap(), scratch: false };
    let rows = world
        .entered(async {
            assert!(world.batches.mint_stamps(&Actor::operator(), batch.batch_no, order, None).await.is_err());
        })
        .await;
    assert!(rows.is_empty(), "{:?}", lines(&rows));
}

#[actix_web::test]
async fn an_act_whose_entry_cannot_be_made_is_not_done() {
    let world = World::new().await;
    let batch = world.batch().await;
    refuse_inserts(&world, "ledger_entries").await;
    let order = MintOrder { count: 5.try_into().unwrap(), scratch: false };
    assert!(world.batches.mint_stamps(&Actor::operator(), batch.batch_no, order, None).await.is_err());
    let suspended = world.office.post("/api/v1/batches/1/suspend", &json!({ "reason": "x" })).await;
    assert_eq!(suspended.status, 500);
    assert!(world.keys.create(Purpose::Stamp).await.is_err());
    let done = "SELECT (SELECT count(*) FROM mint_runs) + (SELECT count(*) FROM keys WHERE key_no = 2)
                + (SELECT count(*) FROM batches WHERE standing <> 'normal') AS n";
    assert_eq!(world.test_db.count(done).await, 0);
}

#[actix_web::test]
async fn acts_at_the_same_time_make_one_chain_without_gaps() {
    let world = World::new().await;
    let batch = world.batch().await;
    let orders = (0..24).map(|i| {
        let (office, batch_no) = (world.office.clone(), batch.batch_no);
        async move { office.order(batch_no, &format!("order-{i}"), &json!({ "count": 3 })).await.status }
    });
    assert!(join_all(orders).await.iter().all(|status| *status == 201));
    let mut prev = None;
    let rows = world.test_db.entries().await;
    for (row, n) in rows.iter().filter(|row| row.batch_no == Some(1)).zip(1..) {
        let entry = Entry::parse(&row.bytes).unwrap();
        assert_eq!((entry.n, entry.prev), (Some(n), prev));
        prev = Some(hash_leaf(&row.bytes));
    }
    assert_eq!(rows.iter().filter(|row| row.batch_no == Some(1)).count(), 25);
}

#[actix_web::test]
async fn the_first_entry_of_a_chain_has_no_entry_before_it_and_the_next_names_its_hash() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 1).await;
    let rows = world.test_db.entries().await;
    let chain: Vec<&Row> = rows.iter().filter(|row| row.batch_no.is_some()).collect();
    let hash = STANDARD.encode(tlog_tiles::record_hash(&chain[0].bytes).0);
    assert_eq!((&chain[0].entry()["prev"], &chain[1].entry()["prev"]), (&Value::Null, &json!(hash)));
}

/// Makes a deployment look as one that is older than the ledger.
async fn forget_the_ledger(test_db: &TestDb, place: &Place) {
    test_db
        .tamper(
            "DELETE FROM ledger_cosignatures; DELETE FROM ledger_private; DELETE FROM ledger_entries; DELETE FROM ledger_tiles;
             DELETE FROM ledger_checkpoints; UPDATE ledger_state SET size = 0, imported_at = NULL",
        )
        .await;
    // No process has published anything yet.
    let _ = fs::remove_file(place.data().join("ledger-high-water"));
}

#[actix_web::test]
async fn rows_older_than_the_ledger_are_taken_in_once_with_one_entry_each() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    place.mint(batch_no, 10);
    forget_the_ledger(&test_db, &place).await;
    place.run(&["migrate"]).done();
    let rows = test_db.entries().await;
    assert!(rows.iter().all(|row| row.kind == "imported"));
    let n_older = test_db
        .count("SELECT (SELECT count(*) FROM keys) + (SELECT count(*) FROM certificates) + (SELECT count(*) FROM batches) AS n")
        .await;
    assert_eq!(i64::try_from(rows.len()).unwrap(), n_older);
    place.run(&["migrate"]).done();
    assert_eq!(test_db.entries().await, rows, "a second time takes nothing in");
}

#[actix_web::test]
async fn the_acts_on_an_older_batch_go_on_behind_its_imported_entry() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    place.mint(batch_no, 10);
    forget_the_ledger(&test_db, &place).await;
    place.run(&["migrate"]).done();
    place.mint(batch_no, 5);
    let rows = test_db.entries().await;
    let chain: Vec<Row> = rows.into_iter().filter(|row| row.batch_no.is_some()).collect();
    assert_eq!(lines(&chain), [("imported", Some(1)), ("run_minted", Some(2))]);
    assert_eq!(chain[0].public()["minted"], json!({ "n": 10, "ranges": [[1, 10]] }));
}
