//! Voiding: which stamps may be voided, by whom, and that a voided stamp says so when it is scanned.

use futures_util::future::join_all;
use nguon::accounts::types::Scope;
use nguon::batches::types::Batch;
use serde_json::{Value, json};

use crate::world::{Answer, World, good_row};

async fn scene() -> (World, Batch) {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    (world, batch)
}

fn range(first: u32, last: u32) -> Value {
    json!({ "first": first, "last": last, "reason": "misprint" })
}

async fn void(world: &World, batch: &Batch, body: &Value) -> Answer {
    world.office.post(&format!("/api/v1/batches/{}/voids", batch.batch_no), body).await
}

async fn n_voids(world: &World) -> i64 {
    world.test_db.count("SELECT count(*) AS n FROM voids").await
}

/// The headlines of these stamps, once the first of them is voided or two seconds have passed.
async fn headlines(world: &World, batch: &Batch, serials: &[u32]) -> Vec<Value> {
    let mut found = Vec::new();
    for _ in 0..100 {
        found.clear();
        for serial in serials {
            let stamp = world.stamp(batch.batch_no, *serial).await;
            found.push(world.public.verdict(&format!("/s/{}", stamp.digits())).await["headline"].clone());
        }
        if found[0] == "voided" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    found
}

#[actix_web::test]
async fn a_voided_stamp_says_so_with_reason_and_day_and_its_neighbours_do_not() {
    let (world, batch) = scene().await;
    let stamp = world.stamp(batch.batch_no, 4).await;
    assert_eq!(world.public.verdict(&format!("/s/{}", stamp.digits())).await["headline"], "issued");
    let answer = void(&world, &batch, &range(4, 6)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(
        headlines(&world, &batch, &[4, 5, 6, 3, 7, 0]).await,
        ["voided", "voided", "voided", "issued", "issued", "issued"]
    );
    let verdict = world.public.verdict(&format!("/c/{}", stamp.plain_code())).await;
    assert_eq!((&verdict["headline"], &verdict["tone"]), (&json!("voided"), &json!("red")));
    assert_eq!(verdict["facts"]["mint"]["state"], "minted");
    assert_eq!(verdict["facts"]["mint"]["void"]["reason"], "misprint");
    assert!(verdict["facts"]["mint"]["void"]["voided_at"].as_str().unwrap().starts_with("2026-11-22"));
    let page = world.public.get_page(&format!("/s/{}", stamp.digits())).await;
    let text = page.text();
    assert!(page.status == 200 && text.contains("Tem đã bị hủy") && text.contains("22/11/2026 (in hỏng)"), "{text}");
}

#[actix_web::test]
async fn the_note_of_a_void_is_never_shown_to_who_scans() {
    let (world, batch) = scene().await;
    let body = json!({ "first": 4, "last": 4, "reason": "other", "note": "để quên ở nhà ông Ất" });
    assert_eq!(void(&world, &batch, &body).await.json()["note"], "để quên ở nhà ông Ất");
    assert_eq!(headlines(&world, &batch, &[4]).await, ["voided"]);
    let digits = world.stamp(batch.batch_no, 4).await.digits().to_owned();
    for answer in
        [world.public.get_page(&format!("/s/{digits}")).await, world.public.get_json(&format!("/s/{digits}")).await]
    {
        assert!(!answer.text().contains("ông Ất"));
    }
}

#[actix_web::test]
async fn a_range_that_was_not_minted_whole_is_refused() {
    let (world, batch) = scene().await;
    for (first, last) in [(1, 11), (11, 11), (10, 20), (16_777_215, 16_777_215)] {
        let problem = void(&world, &batch, &range(first, last)).await.assert_problem(422, "invalid");
        assert_eq!(problem["field"], "last");
    }
    void(&world, &batch, &range(6, 5)).await.assert_problem(422, "invalid");
    void(&world, &batch, &range(1, 16_777_216)).await.assert_problem(404, "not-found");
    assert_eq!(n_voids(&world).await, 0);
}

#[actix_web::test]
async fn a_range_over_two_runs_is_voided_at_once() {
    let (world, batch) = scene().await;
    world.mint(batch.batch_no, 5).await;
    assert_eq!(void(&world, &batch, &range(8, 13)).await.status, 201);
    assert_eq!(n_voids(&world).await, 1);
}

#[actix_web::test]
async fn an_overlap_is_refused_and_names_what_is_voided() {
    let (world, batch) = scene().await;
    void(&world, &batch, &range(3, 5)).await;
    for (first, last) in [(5, 6), (1, 3), (4, 4), (1, 10)] {
        let problem = void(&world, &batch, &range(first, last)).await.assert_problem(409, "already-voided");
        assert!(problem["vi"].as_str().unwrap().contains("số 3 đến 5"), "{problem}");
    }
    assert_eq!(void(&world, &batch, &range(6, 6)).await.status, 201);
}

#[actix_web::test]
async fn of_overlapping_voids_sent_at_once_one_is_taken() {
    let (world, batch) = scene().await;
    let voids = (1..=6_u32).map(|first| {
        let (world, batch) = (&world, &batch);
        async move { void(world, batch, &range(first, 7)).await }
    });
    let answers = join_all(voids).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    assert_eq!(n_voids(&world).await, 1);
}

#[actix_web::test]
async fn the_whole_batchs_stamp_is_voided_only_when_it_is_named() {
    let (world, batch) = scene().await;
    assert_eq!(void(&world, &batch, &range(0, 0)).await.status, 201);
    assert_eq!(headlines(&world, &batch, &[0, 1]).await, ["voided", "issued"]);
}

#[actix_web::test]
async fn a_reason_is_one_of_the_list_and_another_one_needs_a_note() {
    let (world, batch) = scene().await;
    let with = |reason: &str, note: Value| json!({ "first": 1, "last": 1, "reason": reason, "note": note });
    for (body, field) in [
        (with("", json!(null)), "reason"),
        (with("rách", json!(null)), "reason"),
        (with("other", json!(null)), "note"),
        (with("other", json!(" ")), "note"),
        (with("lost", json!("a".repeat(501))), "note"),
    ] {
        assert_eq!(void(&world, &batch, &body).await.assert_problem(422, "invalid")["field"], field);
    }
    for (i, reason) in ["misprint", "damaged", "lost", "stolen", "overprint", "order_cancelled"].iter().enumerate() {
        let body = json!({ "first": i + 1, "last": i + 1, "reason": reason });
        assert_eq!(void(&world, &batch, &body).await.status, 201, "{reason}");
    }
}

#[actix_web::test]
async fn stamps_of_closed_suspended_and_recalled_batches_may_still_be_voided() {
    let (world, batch) = scene().await;
    world.sql("UPDATE batches SET state = 'closed'").await;
    assert_eq!(void(&world, &batch, &range(1, 1)).await.status, 201);
    world.sql("UPDATE batches SET standing = 'recalled', standing_reason = 'a', standing_since = now()").await;
    assert_eq!(void(&world, &batch, &range(2, 2)).await.status, 201);
}

#[actix_web::test]
async fn a_void_is_written_into_the_trail_and_never_changed() {
    let (world, batch) = scene().await;
    let own = world.client_of(1, &[Scope::BatchesWrite]).await;
    let path = format!("/api/v1/batches/{}/voids", batch.batch_no);
    assert_eq!(own.post(&path, &range(2, 3)).await.status, 201);
    let trail = "SELECT count(*) AS n FROM audit_trail WHERE act = 'stamps.voided' AND thing = 'batch 1' AND producer_no = 1 \
                 AND role = 'producer' AND token_id IS NOT NULL AND request_id IS NOT NULL \
                 AND details = '{\"first\": 2, \"last\": 3, \"reason\": \"misprint\"}'";
    assert_eq!(world.test_db.count(trail).await, 1);
    for sql in ["UPDATE voids SET last_serial = 9", "DELETE FROM voids", "TRUNCATE voids"] {
        assert!(world.test_db.sql(sql).await.is_err(), "{sql}");
    }
}

#[actix_web::test]
async fn the_lists_of_voids_and_runs_are_in_order() {
    let (world, batch) = scene().await;
    world.mint(batch.batch_no, 5).await;
    void(&world, &batch, &range(8, 9)).await;
    void(&world, &batch, &range(2, 3)).await;
    let spans = async |list: &str| -> Vec<(u64, u64)> {
        let answer = world.office.get(&format!("/api/v1/batches/{}/{list}", batch.batch_no)).await;
        assert_eq!(answer.status, 200);
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.iter().map(|item| (item["first"].as_u64().unwrap(), item["last"].as_u64().unwrap())).collect()
    };
    assert_eq!(spans("voids").await, [(2, 3), (8, 9)]);
    assert_eq!(spans("runs").await, [(1, 10), (11, 15)]);
}

#[actix_web::test]
async fn another_producers_batch_is_not_found_whatever_is_asked_of_it() {
    let (world, batch) = scene().await;
    let other = nguon::register::import::ImportRow {
        product: "Chè thử".to_owned(),
        producer: "HTX Khác".to_owned(),
        ..good_row()
    };
    let other = world.product_from(other).await;
    let stranger = world.client_of(2, &Scope::OF_PRODUCER).await;
    let n_no = batch.batch_no;
    for path in [
        "",
        "/runs",
        "/voids",
        "/stamps/1",
        "/stamps/1/qr.svg",
        "/stamps/1/qr.png",
        "/stamps/1/label.svg",
        "/stamps.csv",
        "/sheet.html",
    ] {
        stranger.get(&format!("/api/v1/batches/{n_no}{path}")).await.assert_problem(404, "not-found");
    }
    for (verb, body) in [("close", json!({})), ("voids", range(1, 1))] {
        stranger.post(&format!("/api/v1/batches/{n_no}/{verb}"), &body).await.assert_problem(404, "not-found");
    }
    stranger.order(n_no, "k", &json!({ "count": 1 })).await.assert_problem(404, "not-found");
    let open = |product_no: u32, lot: &str| json!({ "product_no": product_no, "lot": lot, "packed_on": "2026-11-20" });
    stranger.post("/api/v1/batches", &open(1, "X")).await.assert_problem(404, "not-found");
    assert_eq!(stranger.post("/api/v1/batches", &open(other.get(), "X")).await.status, 201);
    let list = stranger.get("/api/v1/batches").await.json();
    let lots: Vec<&str> = list["items"].as_array().unwrap().iter().map(|item| item["lot"].as_str().unwrap()).collect();
    assert_eq!(lots, ["X"]);
    let writes = "SELECT count(*) AS n FROM audit_trail WHERE role = 'producer'";
    assert_eq!((n_voids(&world).await, world.test_db.count(writes).await), (0, 1));
}

#[actix_web::test]
async fn each_scope_of_a_producers_token_opens_its_own_doors() {
    let (world, batch) = scene().await;
    let n_no = batch.batch_no;
    let reader = world.client_of(1, &[Scope::Read]).await;
    assert_eq!(reader.get(&format!("/api/v1/batches/{n_no}")).await.status, 200);
    reader.get(&format!("/api/v1/batches/{n_no}/stamps/1")).await.assert_problem(403, "forbidden");
    reader.post(&format!("/api/v1/batches/{n_no}/voids"), &range(1, 1)).await.assert_problem(403, "forbidden");
    let writer = world.client_of(1, &[Scope::BatchesWrite]).await;
    writer.get(&format!("/api/v1/batches/{n_no}")).await.assert_problem(403, "forbidden");
    writer.order(n_no, "k", &json!({ "count": 1 })).await.assert_problem(403, "forbidden");
    let minter = world.client_of(1, &[Scope::StampsMint]).await;
    assert_eq!(minter.order(n_no, "k", &json!({ "count": 1 })).await.status, 201);
    assert_eq!(minter.get(&format!("/api/v1/batches/{n_no}/stamps/1")).await.status, 200);
    minter.post(&format!("/api/v1/batches/{n_no}/voids"), &range(1, 1)).await.assert_problem(403, "forbidden");
    minter.get(&format!("/api/v1/batches/{n_no}/stamps.csv?scratch=true")).await.assert_problem(403, "forbidden");
    let printer = world.client_of(1, &[Scope::StampsMint, Scope::ScratchRead]).await;
    assert_eq!(printer.get(&format!("/api/v1/batches/{n_no}/stamps.csv?scratch=true")).await.status, 200);
    let exported = "SELECT count(*) AS n FROM audit_trail WHERE act = 'scratch.exported' AND producer_no = 1";
    assert_eq!(world.test_db.count(exported).await, 1);
}
