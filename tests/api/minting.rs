//! Minting over HTTP: what an order gives, what refuses it, and that no serial is given twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::BTreeSet;

use futures_util::future::join_all;
use nguon::accounts::types::Role;
use nguon::batches::types::Batch;
use nguon::register::import::ImportRow;
use serde_json::{Value, json};

use crate::world::{Answer, World, certificate, good_row};

fn no_certificate(row: ImportRow) -> ImportRow {
    ImportRow { certificate: None, ..row }
}

fn span(minted: &Value) -> (u64, u64) {
    (minted["first"].as_u64().unwrap(), minted["last"].as_u64().unwrap())
}

/// Orders with this body exactly as written.
async fn order_raw(world: &World, batch: &Batch, content_type: &str, body: &str) -> Answer {
    let path = format!("/api/v1/batches/{}/stamps", batch.batch_no);
    let request = world.office.request("POST", &path).header("Idempotency-Key", "raw");
    let request = request.header("Content-Type", content_type).body(body.to_owned());
    world.office.send(request).await
}

/// Orders one stamp of a product like `row`, packed on a day.
async fn order_of(world: &World, row: ImportRow, packed_on: &str) -> Answer {
    let product_no = world.product_from(row).await;
    let batch = world.batch_of(product_no, "L-1", packed_on, Some("2028-01-01")).await;
    world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await
}

async fn n_runs(world: &World) -> i64 {
    world.test_db.count("SELECT count(*) AS n FROM mint_runs").await
}

#[actix_web::test]
async fn an_order_gives_a_run_whose_stamps_read_as_issued() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world.office.order(batch.batch_no, "order-1", &json!({ "count": 50 })).await;
    assert_eq!(minted.status, 201, "{}", minted.text());
    let minted = minted.json();
    assert_eq!(span(&minted), (1, 50));
    for end in ["first_stamp", "last_stamp"] {
        let digits = minted[end]["digits"].as_str().unwrap();
        let verdict = world.public.get_json(&format!("/s/{digits}")).await;
        assert_eq!(verdict.status, 200, "{}", verdict.text());
        assert_eq!(verdict.json()["headline"], "issued");
    }
}

#[actix_web::test]
async fn a_count_outside_1_to_the_last_serial_is_refused() {
    let world = World::new().await;
    let batch = world.batch().await;
    for count in ["0", "-1", "1e9", "1000000000", "2.5", "16777216", "1e400"] {
        let answer = order_raw(&world, &batch, "application/json", &format!("{{\"count\":{count}}}")).await;
        assert!(answer.status == 422 || count == "1e400", "{count}: {}", answer.text());
        if answer.status == 422 {
            assert_eq!(answer.assert_problem(422, "invalid")["field"], "count");
        } else {
            answer.assert_problem(400, "malformed-body");
        }
    }
    assert_eq!(n_runs(&world).await, 0);
}

#[actix_web::test]
async fn an_order_past_the_24_bit_end_is_refused_and_the_very_last_serial_is_minted() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 16_777_214).await;
    let order = async |key: &str, count: u32| {
        let body = json!({ "count": count });
        world.office.order(batch.batch_no, key, &body).await
    };
    let too_many = order("a", 2).await.assert_problem(409, "serials-exhausted");
    assert!(too_many["en"].as_str().unwrap().contains("only 1 serials"));
    assert_eq!(span(&order("b", 1).await.json()), (16_777_215, 16_777_215));
    order("c", 1).await.assert_problem(409, "serials-exhausted");
}

#[actix_web::test]
async fn a_million_stamps_are_one_row_and_any_of_them_can_be_printed() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world.office.order(batch.batch_no, "k", &json!({ "count": 1_000_000 })).await;
    assert_eq!(minted.status, 201);
    assert_eq!(n_runs(&world).await, 1);
    let middle = world.stamp(batch.batch_no, 567_890).await;
    assert_eq!(world.public.verdict(&format!("/s/{}", middle.digits())).await["headline"], "issued");
}

#[actix_web::test]
async fn orders_at_the_same_time_never_share_a_serial_and_leave_no_gap() {
    let world = World::new().await;
    let batch = world.batch().await;
    let orders = (0..32_u32).map(|i| {
        let office = world.office.clone();
        let body = json!({ "count": 1 + i % 7 });
        async move { office.order(batch.batch_no, &format!("order-{i}"), &body).await }
    });
    let mut serials = BTreeSet::new();
    let mut n_ordered = 0;
    for answer in join_all(orders).await {
        assert_eq!(answer.status, 201, "{}", answer.text());
        let (first, last) = span(&answer.json());
        n_ordered += last - first + 1;
        for serial in first..=last {
            assert!(serials.insert(serial), "serial {serial} was given twice");
        }
    }
    assert_eq!(serials, (1..=n_ordered).collect());
}

#[actix_web::test]
async fn the_same_key_sent_many_times_at_once_gives_one_run() {
    let world = World::new().await;
    let batch = world.batch().await;
    let orders = (0..16).map(|_| {
        let office = world.office.clone();
        async move { office.order(batch.batch_no, "same", &json!({ "count": 5 })).await }
    });
    let answers = join_all(orders).await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(span(&answer.json()), (1, 5));
    }
    let n_new = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty());
    assert_eq!(n_new.count(), 1);
    assert_eq!(n_runs(&world).await, 1);
}

#[actix_web::test]
async fn a_repeated_order_is_answered_from_its_run_and_says_so() {
    let world = World::new().await;
    let batch = world.batch().await;
    let body = json!({ "count": 10, "scratch": false });
    let first = world.office.order(batch.batch_no, "k", &body).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = world.office.order(batch.batch_no, "k", &body).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json(), first.json());
}

#[actix_web::test]
async fn a_repeated_order_is_known_by_what_its_body_means_not_by_its_spelling() {
    let world = World::new().await;
    let batch = world.batch().await;
    for body in ["{\"count\":10}", " { \"scratch\" : false,\n \"count\" : 10 } ", "{\"count\":10,\"scratch\":false}"] {
        let answer = order_raw(&world, &batch, "application/json; charset=utf-8", body).await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.text());
        assert_eq!(span(&answer.json()), (1, 10), "{body}");
    }
    assert_eq!(n_runs(&world).await, 1);
}

#[actix_web::test]
async fn a_key_used_for_another_body_is_refused() {
    let world = World::new().await;
    let batch = world.batch().await;
    let order = async |body: Value| world.office.order(batch.batch_no, "k", &body).await;
    assert_eq!(order(json!({ "count": 10 })).await.status, 201);
    order(json!({ "count": 11 })).await.assert_problem(409, "idempotency-key-reused");
    order(json!({ "count": 10, "scratch": true })).await.assert_problem(409, "idempotency-key-reused");
    assert_eq!(n_runs(&world).await, 1);
}

#[actix_web::test]
async fn a_key_belongs_to_one_token_and_one_batch() {
    let world = World::new().await;
    let batch = world.batch().await;
    let other_batch = world.batch_of(batch.product_no, "L-2", "2026-11-20", None).await;
    let other_office = world.client_with(&[nguon::accounts::types::Scope::Office]).await;
    let body = json!({ "count": 10 });
    world.office.order(batch.batch_no, "k", &body).await;
    let by_another = other_office.order(batch.batch_no, "k", &body).await;
    assert_eq!(span(&by_another.json()), (11, 20));
    let elsewhere = world.office.order(other_batch.batch_no, "k", &body).await;
    assert_eq!(elsewhere.header("idempotency-replayed"), "");
}

#[actix_web::test]
async fn a_key_is_1_to_64_visible_ascii_characters() {
    let world = World::new().await;
    let batch = world.batch().await;
    let path = format!("/api/v1/batches/{}/stamps", batch.batch_no);
    let order = async |key: Option<&[u8]>| {
        let mut request = world.office.request("POST", &path).json(&json!({ "count": 1 }));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", reqwest::header::HeaderValue::from_bytes(key).unwrap());
        }
        world.office.send(request).await
    };
    let long = "k".repeat(65);
    let bad: [Option<&[u8]>; 5] = [None, Some(b""), Some(b"two words"), Some("khóa".as_bytes()), Some(long.as_bytes())];
    for key in bad {
        order(key).await.assert_problem(400, "idempotency-key-required");
    }
    assert_eq!(order(Some(&long.as_bytes()[..64])).await.status, 201);
    assert_eq!(order(Some(b"!~")).await.status, 201);
}

#[actix_web::test]
async fn a_key_is_kept_for_30_days_and_then_means_a_new_order() {
    let world = World::new().await;
    let batch = world.batch().await;
    let order = async || world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    assert_eq!(span(&order().await.json()), (1, 1));
    world.move_clock_to("2026-12-22T04:59:00Z");
    assert_eq!(order().await.header("idempotency-replayed"), "true");
    world.move_clock_to("2026-12-22T05:01:00Z");
    let later = order().await;
    assert_eq!(later.header("idempotency-replayed"), "");
    assert_eq!(span(&later.json()), (2, 2));
}

#[actix_web::test]
async fn a_refused_order_can_be_sent_again_under_its_key_once_the_certificate_is_entered() {
    let world = World::new().await;
    let product_no = world.product_from(no_certificate(good_row())).await;
    let batch = world.batch_of(product_no, "L-1", "2026-11-20", None).await;
    let order = async || world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    order().await.assert_problem(409, "certificate-unknown");
    assert_eq!(world.product().await, product_no);
    let answer = order().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[actix_web::test]
async fn a_certificate_lets_mint_up_to_and_including_its_last_day() {
    let world = World::new().await;
    let row = |from, to| ImportRow {
        product: format!("Sản phẩm {to}"),
        certificate: Some(certificate(from, to)),
        ..good_row()
    };
    let lapsed = order_of(&world, row("2024-01-01", "2026-11-21"), "2026-11-20").await;
    lapsed.assert_problem(409, "certificate-lapsed");
    let last_day = order_of(&world, row("2024-01-01", "2026-11-22"), "2026-11-20").await;
    assert_eq!(last_day.status, 201, "{}", last_day.text());
}

#[actix_web::test]
async fn a_certificate_without_dates_refuses_as_unknown_and_never_as_lapsed() {
    let world = World::new().await;
    let row = ImportRow {
        undated_certificate: Some(nguon::register::import::UndatedCertificate {
            number: Some("9/GCN".to_owned()),
            issuer: None,
        }),
        ..no_certificate(good_row())
    };
    let problem = order_of(&world, row, "2026-11-20").await.assert_problem(409, "certificate-unknown");
    let text = problem["vi"].as_str().unwrap();
    assert!(text.contains("chưa có ngày chứng nhận trong sổ") && !text.contains("hết hạn"), "{text}");
}

#[actix_web::test]
async fn a_certificate_that_does_not_cover_the_packing_day_refuses() {
    let world = World::new().await;
    let row = ImportRow { certificate: Some(certificate("2026-11-01", "2029-10-31")), ..good_row() };
    let answer = order_of(&world, row, "2026-10-31").await;
    answer.assert_problem(409, "certificate-not-on-packing-day");
}

#[actix_web::test]
async fn a_certificate_that_starts_tomorrow_refuses_today() {
    let world = World::new().await;
    let row = ImportRow { certificate: Some(certificate("2026-11-23", "2029-11-22")), ..good_row() };
    let answer = order_of(&world, row, "2026-11-22").await;
    answer.assert_problem(409, "certificate-not-yet-valid");
}

#[actix_web::test]
async fn the_day_of_a_certificate_is_the_day_in_vietnam() {
    let world = World::new().await;
    let row = ImportRow { certificate: Some(certificate("2024-01-01", "2026-11-22")), ..good_row() };
    world.move_clock_to("2026-11-22T16:59:00Z");
    assert_eq!(order_of(&world, row.clone(), "2026-11-20").await.status, 201);
    world.move_clock_to("2026-11-22T17:01:00Z");
    let batch = world.batch_of(world.product_from(row).await, "L-2", "2026-11-20", None).await;
    let late = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    late.assert_problem(409, "certificate-lapsed");
}

#[actix_web::test]
async fn every_mandatory_item_that_is_missing_is_listed() {
    let world = World::new().await;
    let named = |name: &str| ImportRow {
        product: name.to_owned(),
        producer: format!("HTX {name}"),
        shelf_life: None,
        ..good_row()
    };
    let no_image = ImportRow { image: None, ..named("không ảnh") };
    let no_standards = ImportRow { standards: None, ..named("không tiêu chuẩn") };
    let no_address = ImportRow { village: None, commune: None, commune_code: None, ..named("không địa chỉ") };
    let nothing = ImportRow {
        image: None,
        standards: None,
        village: None,
        commune: None,
        commune_code: None,
        ..named("thiếu cả")
    };
    for (row, expected) in [
        (no_image, json!(["image"])),
        (no_standards, json!(["standards"])),
        (no_address, json!(["address"])),
        (nothing, json!(["image", "address", "standards"])),
    ] {
        let answer = order_of(&world, row, "2026-11-20").await;
        assert_eq!(answer.assert_problem(422, "mandatory-data-missing")["missing"], expected);
    }
}

#[actix_web::test]
async fn a_batch_without_a_last_day_is_refused_once_the_register_knows_a_shelf_life() {
    let world = World::new().await;
    let row = ImportRow { shelf_life: None, ..good_row() };
    let product_no = world.product_from(row).await;
    let batch = world.batch_of(product_no, "L-1", "2026-11-20", None).await;
    world.product().await;
    let answer = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    assert_eq!(answer.assert_problem(422, "mandatory-data-missing")["missing"], json!(["shelf_life"]));
}

#[actix_web::test]
async fn a_tourism_product_is_not_stamped_by_the_batch() {
    let world = World::new().await;
    let row = ImportRow { set_no: 26, ..good_row() };
    let answer = order_of(&world, row, "2026-11-20").await;
    answer.assert_problem(409, "not-stamped-by-batch");
}

#[actix_web::test]
async fn goods_past_their_last_day_get_no_more_stamps() {
    let world = World::new().await;
    let product_no = world.product().await;
    let batch = world.batch_of(product_no, "L-1", "2026-06-01", Some("2026-11-21")).await;
    let answer = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    answer.assert_problem(409, "past-shelf-life");
}

#[actix_web::test]
async fn a_closed_batch_gets_no_more_stamps_and_keeps_those_it_has() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 5).await;
    world.sql("UPDATE batches SET state = 'closed'").await;
    let answer = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    answer.assert_problem(409, "batch-closed");
    let stamp = world.stamp(batch.batch_no, 5).await;
    let verdict = world.public.verdict(&format!("/s/{}", stamp.digits())).await;
    assert_eq!((&verdict["headline"], &verdict["facts"]["batch"]["state"]), (&json!("issued"), &json!("closed")));
}

#[actix_web::test]
async fn an_unknown_batch_is_not_found() {
    let world = World::new().await;
    for batch_no in ["999", "0", "16777216", "-1", "abc", "1.0"] {
        let request = world.office.request("POST", &format!("/api/v1/batches/{batch_no}/stamps"));
        let request = request.header("Idempotency-Key", "k").json(&json!({ "count": 1 }));
        world.office.send(request).await.assert_problem(404, "not-found");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_the_expected_json_is_refused() {
    let world = World::new().await;
    let batch = world.batch().await;
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"count\":\"5\"}",
        "{\"count\":null}",
        "{\"count\":1,\"count\":2}",
        "{\"count\":1,\"colour\":\"red\"}",
        "{\"count\":1,\"scratch\":1}",
        "{\"count\":1} {}",
        "\u{feff}{\"count\":1}",
    ] {
        let answer = order_raw(&world, &batch, "application/json", body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        answer.assert_problem(400, "malformed-body");
    }
    assert_eq!(n_runs(&world).await, 0);
}

#[actix_web::test]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let world = World::new().await;
    let batch = world.batch().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let answer = order_raw(&world, &batch, content_type, "{\"count\":1}").await;
        answer.assert_problem(415, "not-json");
    }
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let world = World::new().await;
    let batch = world.batch().await;
    let body = |n_bytes: usize| format!("{{\"count\":1}}{}", " ".repeat(n_bytes - 11));
    let limit = nguon::http::MAX_BODY_BYTES;
    let over = order_raw(&world, &batch, "application/json", &body(limit + 1)).await;
    over.assert_problem(413, "body-too-large");
    let huge = order_raw(&world, &batch, "application/json", &body(20 * limit)).await;
    huge.assert_problem(413, "body-too-large");
    assert_eq!(order_raw(&world, &batch, "application/json", &body(limit)).await.status, 201);
}

#[actix_web::test]
async fn the_stamp_of_the_whole_batch_comes_with_the_first_run_alone() {
    let world = World::new().await;
    let batch = world.batch().await;
    let path = format!("/api/v1/batches/{}/stamps/0", batch.batch_no);
    world.office.get(&path).await.assert_problem(404, "not-found");
    let first = world.office.order(batch.batch_no, "a", &json!({ "count": 3 })).await;
    let second = world.office.order(batch.batch_no, "b", &json!({ "count": 3 })).await;
    let whole = |answer: &Answer| answer.json()["whole_batch_serial"].clone();
    assert_eq!((whole(&first), whole(&second)), (json!(0), json!(null)));
    let stamp = world.stamp(batch.batch_no, 0).await;
    for address in [format!("/s/{}", stamp.digits()), format!("/c/{}", stamp.plain_code())] {
        let verdict = world.public.verdict(&address).await;
        assert_eq!((&verdict["headline"], &verdict["stamp"]["serial"]), (&json!("issued"), &json!(0)));
    }
}

#[actix_web::test]
async fn a_register_restored_from_a_backup_never_gives_a_serial_again() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    let file = world.data_dir.path().join("high-water");
    let known = std::fs::read_to_string(&file).unwrap();
    assert_eq!(known, format!("{} 10\n", batch.batch_no));
    // What a server wrote after the backup was made: more of this batch, and a batch that is lost.
    std::fs::write(&file, format!("{known}{} 500\n77 20\n", batch.batch_no)).unwrap();
    let behind = world.batches.reconcile_high_water().await.unwrap();
    assert_eq!(behind, [batch.batch_no.get()]);
    assert_eq!(world.mint(batch.batch_no, 1).await.run.first.get(), 501);
    let next = world.batch_of(batch.product_no, "L-2", "2026-11-20", None).await;
    assert_eq!(next.batch_no.get(), 78);
}

#[actix_web::test]
async fn a_mint_that_died_before_it_was_noted_is_noted_at_the_next_start() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    let file = world.data_dir.path().join("high-water");
    std::fs::write(&file, "").unwrap();
    assert!(world.batches.reconcile_high_water().await.unwrap().is_empty());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{} 10\n", batch.batch_no));
    // And so is one that was noted only up to an earlier run.
    std::fs::write(&file, format!("{} 4\n", batch.batch_no)).unwrap();
    assert!(world.batches.reconcile_high_water().await.unwrap().is_empty());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{} 10\n", batch.batch_no));
}

#[actix_web::test]
async fn a_mint_cut_off_in_the_middle_leaves_nothing_and_can_be_sent_again() {
    let world = World::new().await;
    let batch = world.batch().await;
    let mut blocker = world.test_db.db.dedicated().await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(&mut blocker, "BEGIN; LOCK TABLE mint_runs IN SHARE MODE")
        .await
        .unwrap();
    let office = world.office.clone();
    let order = actix_web::rt::spawn(async move { office.order(batch.batch_no, "k", &json!({ "count": 9 })).await });
    // The serials are taken, the run is not yet stored: there the connection is cut.
    let cut = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS n FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%INTO \"mint_runs\"%'";
    while world.test_db.count(cut).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let answer = order.await.unwrap();
    answer.assert_problem(503, "unavailable");
    assert_ne!(answer.header("retry-after"), "");
    drop(blocker);
    let left = "SELECT count(*) + (SELECT count(*) FROM mint_orders) + (SELECT sum(next_serial - 1)::bigint FROM batches) AS n \
                FROM mint_runs";
    assert_eq!(world.test_db.count(left).await, 0);
    let again = world.office.order(batch.batch_no, "k", &json!({ "count": 9 })).await;
    assert_eq!((again.status, span(&again.json())), (201, (1, 9)));
}

#[actix_web::test]
async fn one_order_has_one_spelling_of_its_batch() {
    let world = World::new().await;
    let batch_no = world.batch().await.batch_no;
    for (spelled, status) in
        [(format!("0{batch_no}"), 404), (format!("+{batch_no}"), 404), (format!("{batch_no}"), 201)]
    {
        let request = world.office.request("POST", &format!("/api/v1/batches/{spelled}/stamps"));
        let answer = world.office.send(request.header("Idempotency-Key", "k").json(&json!({ "count": 5 }))).await;
        assert_eq!(answer.status, status, "{spelled}");
    }
    let request = world.office.request("POST", &format!("/api/v1/batches/%3{batch_no}/stamps"));
    let again = world.office.send(request.header("Idempotency-Key", "k").json(&json!({ "count": 5 }))).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(n_runs(&world).await, 1);
}

#[actix_web::test]
async fn a_body_that_is_a_list_is_refused() {
    let world = World::new().await;
    let batch = world.batch().await;
    order_raw(&world, &batch, "application/json", "[1,false]").await.assert_problem(400, "malformed-body");
    assert_eq!(n_runs(&world).await, 0);
}

#[actix_web::test]
async fn a_product_or_producer_that_left_the_register_gets_no_more_stamps() {
    for close in ["UPDATE products SET closed_at = now()", "UPDATE producers SET closed_at = now()"] {
        let world = World::new().await;
        let batch = world.batch().await;
        world.sql(close).await;
        world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await.assert_problem(409, "product-closed");
        let page = world.sign_in(Role::Office).await.page(&format!("/batches/{}", batch.batch_no)).await;
        assert!(page.contains("đã đóng trong sổ; không cấp thêm tem"), "{page}");
    }
}
