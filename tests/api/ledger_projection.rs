//! A superuser's hand in the tables that people are shown, past every trigger: whatever row says something else than its entry, the
//! audit names its table, and the timeline goes on telling what the entry says.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::time::{Duration, Instant};

use nguon::trace::projection::types::{NO_ENTRY, NO_ROW, ProjectionReport};
use nguon::trace::projection::verify_projections;
use serde_json::json;

use crate::trace_stage::{event, from_batch, kg, path_of};
use crate::world::World;

/// A world in which something of every kind happened: batch 1 was made of batch 2 and of a lot from outside, told once and told anew,
/// minted, partly voided and closed; batch 2 was suspended; the certificate was entered and revoked.
async fn stage() -> World {
    let mut world = World::new().await;
    world.is_ledger_whole = false;
    let product_no = world.product().await;
    let program = world.recorder_of(1).await;
    let batch = world.batch_of_kg(product_no, "MD-01", 500).await;
    let other = world.batch_of_kg(product_no, "MD-02", 500).await;
    world.mint(batch, 10).await;
    let void = json!({ "first": 3, "last": 4, "reason": "lost" });
    let voided = world.office.post(&path_of(batch, "voids"), &void).await;
    assert_eq!(voided.status, 201, "{}", voided.text());
    let lot = json!({ "product": "Củ dong riềng", "supplier": "Bà Ví Dụ" });
    let outside = json!({ "new_outside": lot, "quantity": 100, "unit": "kg" });
    let told = event(&json!({
        "time": "08:30", "note": "anh Ví Dụ đứng máy", "inputs": [from_batch(other, 60), outside], "out": kg(20),
    }));
    let n = program.recorded(batch, &told).await;
    let anew = program.correct(batch, n, &event(&json!({ "out": kg(30) }))).await;
    assert_eq!(anew.status, 201, "{}", anew.text());
    let reason = json!({ "reason": "Nấm mốc" });
    let suspended = world.office.post(&path_of(other, "suspend"), &reason).await;
    assert_eq!(suspended.status, 200, "{}", suspended.text());
    world.seal().await;
    world
}

async fn report(world: &World) -> ProjectionReport {
    verify_projections(&world.test_db.db).await.unwrap()
}

/// Changes rows past every trigger and expects the report to name this table, and what of it.
async fn check_named(world: &World, change: &str, table: &str, what: &str) {
    world.test_db.tamper(change).await;
    let found = report(world).await;
    let is_named = found.problems.iter().any(|fault| fault.table == table && fault.what.contains(what));
    assert!(is_named, "{change}: {found:?}");
}

#[actix_web::test]
async fn a_world_that_nobody_touched_is_what_its_entries_say() {
    let world = stage().await;
    assert_eq!(report(&world).await, ProjectionReport::default());
}

#[actix_web::test]
async fn a_small_world_is_compared_in_a_moment() {
    let world = stage().await;
    report(&world).await;
    let began = Instant::now();
    report(&world).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[actix_web::test]
async fn every_column_of_an_event_that_people_see_is_compared() {
    let world = stage().await;
    for (set, what) in [
        ("out_thousandths = 7777000", "out_thousandths 7777000 ≠ 20000"),
        ("happened_on = '2026-11-19'", "happened_on"),
        ("happened_time = '09:00'", "happened_time"),
        ("step = 'test'", "step"),
        ("village = 'thôn Khác'", "village"),
        ("note = 'không ai'", "note"),
        ("stands = true", "stands true ≠ false"),
        ("role = 'office'", "role"),
    ] {
        check_named(&world, &format!("UPDATE trace_events SET {set} WHERE corrects IS NULL"), "trace_events", what)
            .await;
    }
}

#[actix_web::test]
async fn what_went_in_is_compared() {
    let world = stage().await;
    check_named(
        &world,
        "UPDATE trace_inputs SET quantity_thousandths = 1 WHERE from_batch IS NOT NULL",
        "trace_inputs",
        "≠",
    )
    .await;
    let stray = "INSERT INTO trace_inputs (batch_no, n, place, from_batch, quantity_thousandths, unit) VALUES (1, 1, 1, 2, 5, 'kg')";
    check_named(&world, stray, "trace_inputs", NO_ENTRY).await;
}

#[actix_web::test]
async fn a_lot_from_outside_is_compared_with_what_is_kept_beside_the_entry() {
    let world = stage().await;
    check_named(&world, "UPDATE trace_outside_lots SET supplier = 'Ông Khác'", "trace_outside_lots", "supplier").await;
}

#[actix_web::test]
async fn a_photo_that_the_entry_does_not_name_is_named() {
    let world = stage().await;
    let photo = "INSERT INTO trace_event_files SELECT batch_no, n, 1, sha256('x') FROM trace_events WHERE stands";
    check_named(&world, photo, "trace_event_files", "≠").await;
}

#[actix_web::test]
async fn runs_and_voided_ranges_are_compared_both_ways() {
    let world = stage().await;
    check_named(&world, "UPDATE mint_runs SET last_serial = 9", "mint_runs", "last_serial 9 ≠ 10").await;
    check_named(&world, "UPDATE voids SET first_serial = 4", "voids", NO_ENTRY).await;
    check_named(&world, "DELETE FROM voids", "voids", NO_ROW).await;
    check_named(&world, "DELETE FROM mint_runs", "mint_runs", NO_ROW).await;
}

#[actix_web::test]
async fn how_a_batch_stands_is_compared_with_the_last_ruling() {
    let world = stage().await;
    let resume =
        "UPDATE batches SET standing = 'normal', standing_reason = NULL, standing_since = NULL WHERE batch_no = 2";
    check_named(&world, resume, "batches", "standing \"normal\" ≠ \"suspended\"").await;
    check_named(&world, "UPDATE batches SET state = 'closed' WHERE batch_no = 1", "batches", "state").await;
    check_named(
        &world,
        "UPDATE batches SET last_valid_day = '2030-01-01' WHERE batch_no = 1",
        "batches",
        "last_valid_day",
    )
    .await;
}

#[actix_web::test]
async fn a_certificate_is_compared_with_the_last_entry_of_it() {
    let world = stage().await;
    check_named(&world, "UPDATE certificates SET stars = 5", "certificates", "stars 5 ≠ ").await;
    let revoke = "UPDATE certificates SET revoked_on = '2026-11-01', revoked_reason = 'x'";
    check_named(&world, revoke, "certificates", "revoked_on").await;
    check_named(&world, "DELETE FROM certificates", "certificates", NO_ROW).await;
}

#[actix_web::test]
async fn the_state_of_a_key_is_compared_with_the_last_entry_of_it() {
    let world = stage().await;
    check_named(&world, "UPDATE keys SET status = 'retired' WHERE purpose = 'code'", "keys", "status").await;
    check_named(&world, "DELETE FROM keys WHERE purpose = 'scratch'", "keys", NO_ROW).await;
}

#[actix_web::test]
async fn rows_without_entries_and_entries_without_rows_are_named() {
    let world = stage().await;
    check_named(&world, "DELETE FROM trace_events WHERE corrects IS NULL", "trace_events", NO_ROW).await;
    check_named(&world, "UPDATE trace_events SET entry_no = 1", "trace_events", NO_ENTRY).await;
}

#[actix_web::test]
async fn words_that_are_gone_without_an_erasure_are_named() {
    let world = stage().await;
    check_named(&world, "DELETE FROM ledger_private", "ledger_private", NO_ROW).await;
}

#[actix_web::test]
async fn a_seal_that_claims_to_be_older_than_what_it_seals_is_named() {
    let world = stage().await;
    let earlier = "UPDATE ledger_checkpoints SET published_at = published_at - interval '1 year'";
    check_named(&world, earlier, "ledger_checkpoints", "published_at").await;
}

#[actix_web::test]
async fn an_entry_that_cannot_be_read_hides_no_other() {
    let world = stage().await;
    world.test_db.tamper("UPDATE ledger_entries SET bytes = '{}}' WHERE kind = 'correction'").await;
    check_named(&world, "UPDATE trace_events SET out_thousandths = 7777000", "trace_events", "out_thousandths").await;
}

#[actix_web::test]
async fn the_timeline_tells_what_the_entry_says_whatever_the_row_says() {
    let world = stage().await;
    world
        .test_db
        .tamper("UPDATE trace_events SET out_thousandths = 7777000, happened_on = '2020-01-01', stands = true")
        .await;
    world.test_db.tamper("UPDATE trace_inputs SET quantity_thousandths = 8888000").await;
    let page = world.public.get("/batches/1/timeline").await.text();
    for shown in ["20 kg", "30 kg", "60 kg", "100 kg", "20/11/2026"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    for wrong in ["7777", "7.777", "8888", "8.888", "01/01/2020"] {
        assert!(!page.contains(wrong), "{wrong}: {page}");
    }
}

#[actix_web::test]
async fn a_line_is_struck_as_the_entries_say() {
    let world = stage().await;
    let before = world.public.get("/batches/1/timeline").await.text();
    world.test_db.tamper("UPDATE trace_events SET corrects = NULL, stands = true").await;
    let after = world.public.get("/batches/1/timeline").await.text();
    assert_eq!(after, before);
}

#[actix_web::test]
async fn anyone_is_told_of_a_lot_from_outside_how_much_and_no_more() {
    let world = stage().await;
    let page = world.public.get("/batches/1/timeline").await.text();
    assert!(page.contains("nguyên liệu mua ngoài") && !page.contains("Củ dong riềng"), "{page}");
}

#[actix_web::test]
async fn a_line_whose_bytes_were_changed_is_not_shown_as_sealed() {
    let world = stage().await;
    let change = "UPDATE ledger_entries SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '20000', '90000'), 'UTF8') \
         WHERE kind = 'event'";
    world.test_db.tamper(change).await;
    let page = world.public.get("/batches/1/timeline").await.text();
    assert!(page.contains("Dòng này không khớp với sổ cái; xin báo văn phòng"), "{page}");
}
