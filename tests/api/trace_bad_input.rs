//! What is told and cannot be: every case is refused with its code and field in both languages, and nothing is written. What is only
//! spelled otherwise is composed once, at the edge.

use futures_util::TryStreamExt;
use nguon::accounts::types::{Actor, Role};
use nguon::files::{FileStore, Sha256Hash};
use nguon::stamp::{BatchNo, ProductNo};
use serde_json::{Value, json};

use crate::browser::File;
use crate::trace_stage::{event, from_batch, kg, path_of};
use crate::world::{Answer, Client, World, tiny_picture};

/// A batch of 500 kg packed on 2026-11-20, and a program that records for its producer. It is noon on 2026-11-22.
struct Stage {
    world: World,
    product_no: ProductNo,
    batch_no: BatchNo,
    program: Client,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let product_no = world.product().await;
        let batch_no = world.batch_of_kg(product_no, "MD-01", 500).await;
        let program = world.recorder_of(1).await;
        Self { world, product_no, batch_no, program }
    }

    /// Sends 20 kg that were made, bent by each of these cases; every one is refused beside its field.
    async fn check_refused(&self, cases: &[(Value, &str)]) {
        let before = self.world.contents().await;
        for (bent, field) in cases {
            let answer = self.program.record(self.batch_no, &event(bent)).await;
            assert_eq!(answer.status, 422, "{bent}: {}", answer.text());
            assert_eq!(answer.assert_problem(422, "invalid")["field"], *field, "{bent}");
        }
        assert_eq!(self.world.contents().await, before, "something was written");
    }

    async fn record(&self, bent: &Value) -> Answer {
        self.program.record(self.batch_no, &event(bent)).await
    }

    /// Sends these bytes as an event.
    async fn send_raw(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.program.request("POST", &path_of(self.batch_no, "events")).header("Idempotency-Key", "k");
        self.program.send(request.header("content-type", "application/json").body(body)).await
    }

    async fn n_events(&self) -> i64 {
        self.world.test_db.count("SELECT count(*) AS n FROM trace_events").await
    }
}

#[actix_web::test]
async fn a_day_that_cannot_be_is_refused() {
    let stage = Stage::new().await;
    stage
        .check_refused(&[
            (json!({ "on": "2026-11-23" }), "on"),
            (json!({ "on": "2026-11-22", "time": "12:30" }), "on"),
            (json!({ "on": "9999-12-31" }), "on"),
            (json!({ "on": "2021-11-19" }), "on"),
            (json!({ "on": "0001-01-01" }), "on"),
            (json!({ "step": "test", "out": null, "on": "2021-11-19" }), "on"),
            (json!({ "step": "pack", "on": "2026-11-12" }), "on"),
            (json!({ "step": "ship", "on": "2026-11-19" }), "on"),
            (json!({ "step": "sell", "on": "2026-11-19" }), "on"),
            (json!({ "time": "25:00" }), "time"),
            (json!({ "time": "7h30" }), "time"),
            (json!({ "time": "" }), "time"),
        ])
        .await;
}

#[actix_web::test]
async fn what_was_made_long_after_packing_is_refused() {
    let stage = Stage::new().await;
    let old = stage.world.batch_of(stage.product_no, "MD-00", "2026-11-01", None).await;
    for (on, status) in [("2026-11-08", 201), ("2026-11-09", 422)] {
        let answer = stage.program.record(old.batch_no, &event(&json!({ "on": on }))).await;
        assert_eq!(answer.status, status, "{on}: {}", answer.text());
    }
}

#[actix_web::test]
async fn a_quantity_that_is_none_is_refused() {
    let stage = Stage::new().await;
    for quantity in [json!(-1), json!(-0.5), json!(0), json!(0.0005), json!(1.2345), json!(1e15), json!(1e300)] {
        stage.check_refused(&[(json!({ "out": kg(quantity) }), "quantity")]).await;
    }
}

#[actix_web::test]
async fn a_unit_that_is_none_or_does_not_fit_is_refused() {
    let stage = Stage::new().await;
    let starch = stage.world.stage_no("noodles.starch").await;
    let of = |unit: &str| json!({ "quantity": 1, "unit": unit });
    let batch_no = stage.world.batch_of_kg(stage.product_no, "MD-02", 500).await;
    let litres_of_kilograms = json!({ "batch": batch_no.get(), "quantity": 1, "unit": "lít" });
    stage
        .check_refused(&[
            (json!({ "out": of("") }), "unit"),
            (json!({ "out": of("  ") }), "unit"),
            (json!({ "out": of("kg<b>") }), "unit"),
            (json!({ "out": of(&"k".repeat(21)) }), "unit"),
            // The stage is counted in kilograms, and so is the batch.
            (json!({ "step": null, "stage_no": starch, "out": of("lít") }), "out_unit"),
            (json!({ "step": null, "stage_no": starch, "in": of("lít") }), "in_unit"),
            (json!({ "step": "pack", "out": of("lít") }), "out_unit"),
            (json!({ "step": "sell", "out": of("ml") }), "out_unit"),
            (json!({ "inputs": [litres_of_kilograms] }), "inputs"),
        ])
        .await;
}

#[actix_web::test]
async fn quantities_that_a_step_does_not_have_or_lacks_are_refused() {
    let stage = Stage::new().await;
    stage
        .check_refused(&[
            (json!({ "step": "harvest", "in": kg(1) }), "in"),
            (json!({ "step": "harvest", "out": null }), "out"),
            (json!({ "step": "test" }), "out"),
            (json!({ "step": "receive_goods", "out": null }), "in"),
            (json!({ "wait_days": 7 }), "wait_days"),
            (json!({ "step": "care", "out": null, "wait_days": 366 }), "wait_days"),
        ])
        .await;
}

#[actix_web::test]
async fn a_stage_or_step_that_is_none_of_the_products_is_refused() {
    let stage = Stage::new().await;
    let own = stage.world.stage_no("noodles.wash").await;
    let of_another = stage.world.stage_no("tea.fire").await;
    stage.world.sql(&format!("UPDATE stages SET closed_at = now() WHERE stage_no = {own}")).await;
    stage
        .check_refused(&[
            (json!({ "step": null }), "what"),
            (json!({ "step": "bake" }), "what"),
            (json!({ "stage_no": own }), "what"),
            (json!({ "step": null, "stage_no": own }), "what"),
            (json!({ "step": null, "stage_no": of_another }), "what"),
            (json!({ "step": null, "stage_no": 999_999 }), "what"),
            (json!({ "step": null, "stage_no": -1 }), "what"),
        ])
        .await;
}

#[actix_web::test]
async fn a_place_or_note_that_is_none_or_too_long_is_refused() {
    let stage = Stage::new().await;
    stage
        .check_refused(&[
            (json!({ "place": { "commune": "99999" } }), "place"),
            (json!({ "place": { "commune": "" } }), "place"),
            (json!({ "place": { "commune": "02185", "text": "chợ" } }), "place"),
            (json!({ "place": { "text": "ệ".repeat(121) } }), "place"),
            (json!({ "note": "ệ".repeat(501) }), "note"),
        ])
        .await;
}

#[actix_web::test]
async fn a_lot_that_cannot_be_an_input_is_refused() {
    let stage = Stage::new().await;
    let other_product = stage.world.product_of_another().await;
    let others = stage.world.batch_of_kg(other_product, "TB-01", 500).await;
    let supply = |name: &str, value: Value| {
        let mut lot = json!({ "product": "Củ dong", "supplier": "Bà Ví Dụ" });
        lot[name] = value;
        json!({ "inputs": [{ "new_outside": lot, "quantity": 1, "unit": "kg" }] })
    };
    let other_program = stage.world.recorder_of(2).await;
    other_program.recorded(others, &event(&supply("lot", json!("PN-7")))).await;
    let own = stage.world.batch_of_kg(stage.product_no, "MD-02", 500).await;
    let one = |input: Value| json!({ "inputs": [input] });
    let of = |name: &str, number: u32| one(json!({ name: number, "quantity": 1, "unit": "kg" }));
    let many: Vec<Value> = (1..=21).map(|n| json!({ "batch": n, "quantity": 1, "unit": "kg" })).collect();
    stage
        .check_refused(&[
            (of("batch", 999), "inputs"),
            (of("batch", 0), "inputs"),
            (of("batch", 4_294_967_295), "inputs"),
            (of("batch", others.get()), "inputs"),
            (of("outside", 999), "inputs"),
            // The other producer's.
            (of("outside", 1), "inputs"),
            (one(json!({ "quantity": 1, "unit": "kg" })), "inputs"),
            (one(json!({ "batch": own.get(), "outside": 1, "quantity": 1, "unit": "kg" })), "inputs"),
            (json!({ "inputs": [from_batch(own, 1), from_batch(own, 2)] }), "inputs"),
            (json!({ "inputs": many }), "inputs"),
            (json!({ "step": "test", "out": null, "inputs": [from_batch(own, 1)] }), "inputs"),
            (json!({ "step": "receive_lot", "out": null }), "inputs"),
            (one(json!({ "batch": own.get(), "quantity": 0, "unit": "kg" })), "quantity"),
            (supply("received_on", json!("2026-11-23")), "inputs"),
            (supply("supplier", json!(" ")), "inputs"),
            (supply("product", json!("ệ".repeat(121))), "inputs"),
            (supply("lot", json!("9".repeat(41))), "inputs"),
            (supply("received", kg(-1)), "quantity"),
            // More of it went in than came in.
            (supply("received", kg(0.5)), "inputs"),
        ])
        .await;
}

#[actix_web::test]
async fn a_lot_that_was_not_shared_is_answered_exactly_as_one_that_does_not_exist() {
    let stage = Stage::new().await;
    let other_product = stage.world.product_of_another().await;
    let others = stage.world.batch_of_kg(other_product, "TB-01", 500).await;
    let said = async |number: u32| {
        let input = json!({ "batch": number, "quantity": 1, "unit": "kg" });
        let answer = stage.record(&json!({ "inputs": [input] })).await;
        (answer.status, answer.text().replace(&format!(" {number},"), " N,"))
    };
    assert_eq!(said(others.get()).await, said(999).await);
}

#[actix_web::test]
async fn a_photo_that_was_not_handed_in_is_refused() {
    let stage = Stage::new().await;
    let files = FileStore::in_folder(&stage.world.data_dir.path().join("files")).unwrap();
    let kept = files.put(tiny_picture()).await.unwrap().to_string();
    stage
        .check_refused(&[
            (json!({ "files": ["anh.jpg"] }), "photo"),
            (json!({ "files": [kept.to_uppercase()] }), "photo"),
            (json!({ "files": ["ab".repeat(32)] }), "photo"),
            (json!({ "files": ["../../../../etc/passwd"] }), "photo"),
            (json!({ "files": vec![kept; 7] }), "photo"),
        ])
        .await;
}

#[actix_web::test]
async fn a_photo_that_is_no_photo_is_refused_and_neither_kept_nor_recorded() {
    let stage = Stage::new().await;
    let farmer = stage.world.sign_in(Role::Producer).await;
    let page = "/batches/1/events/new";
    let fields = [("what", "destroy"), ("order_key", "k"), ("on", "2026-11-20"), ("out", "5"), ("out_unit", "kg")];
    for bytes in
        [&b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"[..], b"\xff\xd8\xff", b"MZ"]
    {
        let file = File { field: "photo", name: "anh.jpg", media_type: "image/jpeg", bytes };
        farmer.upload(page, page, &fields, &[file]).await.assert_refused("JPEG");
    }
    let files = FileStore::in_folder(&stage.world.data_dir.path().join("files")).unwrap();
    let kept: Vec<Sha256Hash> = files.hashes().try_collect().await.unwrap();
    assert_eq!((kept, stage.n_events().await), (Vec::new(), 0));
}

#[actix_web::test]
async fn a_body_that_is_no_event_in_json_is_refused() {
    let stage = Stage::new().await;
    let good = r#"{ "step": "test", "on": "2026-11-20" }"#;
    let cases = [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        format!("{good}{good}"),
        r#"{ "step": "test" }"#.to_owned(),
        r#"{ "step": "test", "on": "2026-02-30" }"#.to_owned(),
        r#"{ "step": "test", "on": "hôm nay" }"#.to_owned(),
        r#"{ "step": "test", "on": "2026-11-20", "weather": "mưa" }"#.to_owned(),
        r#"{ "step": "test", "on": "2026-11-20", "on": "2026-11-20" }"#.to_owned(),
        r#"{ "step": "harvest", "on": "2026-11-20", "out": { "quantity": "5", "unit": "kg" } }"#.to_owned(),
        r#"{ "step": "harvest", "on": "2026-11-20", "out": { "quantity": NaN, "unit": "kg" } }"#.to_owned(),
        r#"{ "step": "care", "on": "2026-11-20", "wait_days": -1 }"#.to_owned(),
        r#"{ "step": "care", "on": "2026-11-20", "wait_days": 65536 }"#.to_owned(),
        r#"{ "step": "process", "on": "2026-11-20", "inputs": [{ "batch": 4294967296, "quantity": 1, "unit": "kg" }] }"#.to_owned(),
        // Half of a surrogate pair.
        r#"{ "step": "test", "on": "2026-11-20", "note": "\ud83d" }"#.to_owned(),
        format!("{{ \"note\": {}", "[".repeat(60_000)),
    ];
    for body in cases {
        let answer = stage.send_raw(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        answer.assert_problem(400, "malformed-body");
    }
    assert_eq!(stage.n_events().await, 0);
}

#[actix_web::test]
async fn text_that_is_no_utf8_is_refused() {
    let stage = Stage::new().await;
    for broken in [&b"Ch\xe8"[..], b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf"] {
        let body = [&br#"{ "step": "test", "on": "2026-11-20", "note": ""#[..], broken, br#"" }"#].concat();
        stage.send_raw(body).await.assert_problem(400, "malformed-body");
    }
    assert_eq!(stage.n_events().await, 0);
}

#[actix_web::test]
async fn a_text_beyond_the_limit_of_a_body_is_refused() {
    let stage = Stage::new().await;
    let body = json!({ "step": "test", "on": "2026-11-20", "note": "a".repeat(nguon::http::MAX_BODY_BYTES) });
    stage.send_raw(body.to_string()).await.assert_problem(413, "body-too-large");
    assert_eq!(stage.n_events().await, 0);
}

/// The server hangs up on a program that goes on sending; a browser is shown the sentence.
#[actix_web::test]
async fn twenty_megabytes_of_text_are_refused_and_the_server_goes_on() {
    let stage = Stage::new().await;
    let huge = "a".repeat(20_000_000);
    let body = json!({ "step": "test", "on": "2026-11-20", "note": huge }).to_string();
    let request = stage.program.request("POST", &path_of(stage.batch_no, "events")).header("Idempotency-Key", "k");
    let sent = request.header("content-type", "application/json").body(body).send().await;
    let status = sent.map(|answer| answer.status().as_u16());
    assert!(matches!(status, Ok(413) | Err(_)), "{status:?}");
    let farmer = stage.world.sign_in(Role::Producer).await;
    let page = "/batches/1/events/new";
    let fields = [("what", "test"), ("order_key", "k"), ("on", "2026-11-20"), ("note", huge.as_str())];
    let refused = farmer.upload(page, page, &fields, &[]).await;
    assert!(refused.status == 413 && refused.text().contains("lớn hơn"), "{}", refused.text());
    assert_eq!((stage.n_events().await, stage.record(&json!({})).await.status), (0, 201));
}

#[actix_web::test]
async fn an_event_without_a_key_or_with_a_misspelt_one_is_refused() {
    let stage = Stage::new().await;
    let too_long = "k".repeat(65);
    for key in [None, Some(""), Some("có dấu"), Some(too_long.as_str())] {
        let mut request = stage.program.request("POST", &path_of(stage.batch_no, "events")).json(&event(&json!({})));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key.as_bytes());
        }
        stage.program.send(request).await.assert_problem(400, "idempotency-key-required");
    }
    assert_eq!(stage.n_events().await, 0);
}

/// What people type on some keyboards, with marks apart from their letters.
fn decomposed() -> Value {
    let lot = json!({ "product": "Cu\u{309} dong", "supplier": "Ba\u{300} Ba\u{301}nh" });
    json!({
        "out": { "quantity": 5, "unit": "go\u{301}i" }, "note": " Mie\u{302}\u{301}n\u{200b} to\u{302}\u{301}t\u{0} ",
        "place": { "text": "cho\u{31b}\u{323}" }, "inputs": [{ "new_outside": lot, "quantity": 1, "unit": "kg" }],
    })
}

#[actix_web::test]
async fn vietnamese_in_pieces_is_composed_once_before_anything_is_kept() {
    let stage = Stage::new().await;
    let recorded = stage.record(&decomposed()).await;
    assert_eq!(recorded.status, 201, "{}", recorded.text());
    let event = recorded.json();
    let lot = &event["inputs"][0]["outside"];
    let said = json!([event["note"], event["place"]["text"], event["out"]["unit"], lot["product"], lot["supplier"]]);
    assert_eq!(said, json!(["Miến tốt", "chợ", "gói", "Củ dong", "Bà Bánh"]));
    let entered = stage.world.test_db.entries().await.pop().unwrap().public();
    assert_eq!(entered["out"]["unit"], "gói");
    let composed = "SELECT count(*) AS n FROM ledger_private WHERE convert_from(data, 'UTF8') IS NFC NORMALIZED \
                    AND convert_from(data, 'UTF8') LIKE '%Miến tốt%Bà Bánh%'";
    assert_eq!(stage.world.test_db.count(composed).await, 1);
}

#[actix_web::test]
async fn the_same_event_in_composed_letters_is_the_same_order() {
    let stage = Stage::new().await;
    let bent = json!({ "note": "Mie\u{302}\u{301}n", "out": { "quantity": 5, "unit": "go\u{301}i" } });
    let composed = json!({ "note": "Miến", "out": { "quantity": 5.0, "unit": "gói" } });
    assert_eq!(stage.program.record_under("k", stage.batch_no, &event(&bent)).await.status, 201);
    let again = stage.program.record_under("k", stage.batch_no, &event(&composed)).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{}", again.text());
}

#[actix_web::test]
async fn a_closed_batch_takes_corrections_and_no_more_events() {
    let stage = Stage::new().await;
    let n = stage.program.recorded(stage.batch_no, &event(&json!({}))).await;
    stage.world.batches.close_batch(&Actor::operator(), stage.batch_no).await.unwrap();
    stage.record(&json!({})).await.assert_problem(409, "batch-closed");
    let corrected = stage.program.correct(stage.batch_no, n, &event(&json!({ "out": kg(25) }))).await;
    assert_eq!(corrected.status, 201, "{}", corrected.text());
}

#[actix_web::test]
async fn a_recalled_batch_takes_neither_events_nor_corrections() {
    let stage = Stage::new().await;
    let n = stage.program.recorded(stage.batch_no, &event(&json!({}))).await;
    let recall = json!({ "reason": "Mẫu kiểm nghiệm không đạt" });
    assert_eq!(stage.world.office.post(&path_of(stage.batch_no, "recall"), &recall).await.status, 200);
    let before = stage.world.contents().await;
    stage.record(&json!({})).await.assert_problem(409, "batch-recalled");
    let corrected = stage.program.correct(stage.batch_no, n, &event(&json!({ "out": kg(25) }))).await;
    corrected.assert_problem(409, "batch-recalled");
    assert_eq!(stage.world.contents().await, before);
}

#[actix_web::test]
async fn a_suspended_batch_goes_on_being_told_of() {
    let stage = Stage::new().await;
    let suspend = json!({ "reason": "Chờ kiểm nghiệm" });
    assert_eq!(stage.world.office.post(&path_of(stage.batch_no, "suspend"), &suspend).await.status, 200);
    assert_eq!(stage.record(&json!({})).await.status, 201);
}

#[actix_web::test]
async fn a_correction_without_a_reason_or_that_cannot_be_is_refused() {
    let stage = Stage::new().await;
    let n = stage.program.recorded(stage.batch_no, &event(&json!({}))).await;
    let path = path_of(stage.batch_no, &format!("events/{n}/correction"));
    let before = stage.world.contents().await;
    let too_long = "ệ".repeat(501);
    for (reason, bent, field) in [
        ("", json!({}), "reason"),
        (" \u{200b} ", json!({}), "reason"),
        (too_long.as_str(), json!({}), "reason"),
        ("nhầm", json!({ "on": "2026-11-23" }), "on"),
        ("nhầm", json!({ "out": kg(0) }), "quantity"),
        ("nhầm", json!({ "step": "bake" }), "what"),
    ] {
        let body = json!({ "event": event(&bent), "reason": reason });
        let request = stage.program.request("POST", &path).header("Idempotency-Key", "k").json(&body);
        let problem = stage.program.send(request).await.assert_problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}");
    }
    assert_eq!(stage.world.contents().await, before);
}

#[actix_web::test]
async fn an_event_of_a_batch_that_is_none_is_not_found() {
    let stage = Stage::new().await;
    for batch in ["999", "0", "01", "-1", "4294967296", "abc"] {
        let request = stage.program.request("POST", &format!("/api/v1/batches/{batch}/events"));
        let request = request.header("Idempotency-Key", "k").json(&event(&json!({})));
        stage.program.send(request).await.assert_problem(404, "not-found");
    }
}
