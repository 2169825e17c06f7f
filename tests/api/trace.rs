//! Events over the API: what recording leaves behind, the same event sent twice, corrections, photos, and that an event and its entry
//! are kept together or not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use nguon::accounts::types::Role;
use nguon::files::{FileStore, Sha256Hash};
use nguon::stamp::BatchNo;
use nguon::trace::types::{Step, What};
use serde_json::{Value, json};

use crate::ledger::refuse_inserts;
use crate::trace_stage::{event, kg, path_of, told};
use crate::world::{Answer, Client, World, tiny_picture};

/// A world with a batch of 500 kg, and a program that records for its producer.
async fn scene() -> (World, BatchNo, Client) {
    let world = World::new().await;
    let product_no = world.product().await;
    let batch_no = world.batch_of_kg(product_no, "MD-01", 500).await;
    let program = world.recorder_of(1).await;
    (world, batch_no, program)
}

/// Starch was washed out of 100 kg of tubers.
async fn starch(world: &World) -> Value {
    json!({
        "stage_no": world.stage_no("noodles.starch").await, "on": "2026-11-20", "time": "07:30",
        "place": { "commune": "02185" }, "in": kg(100), "out": kg(20.5), "note": "Ông An trực",
    })
}

/// 40 kg of tubers came in from someone who has no batches here.
fn bought() -> Value {
    let lot = json!({ "product": "Củ dong riềng", "supplier": "Bà Ví Dụ", "lot": "PN-7" });
    json!({
        "step": "receive_lot", "on": "2026-11-20", "place": { "text": "nhà ông Ất" }, "note": "chị Bính nhận",
        "inputs": [{ "new_outside": lot, "quantity": 40, "unit": "kg" }],
    })
}

#[track_caller]
fn picked<const N: usize>(event: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| event[name].clone())
}

#[actix_web::test]
async fn a_recorded_event_is_answered_with_everything_that_was_told() {
    let (world, batch_no, program) = scene().await;
    let answer = program.record(batch_no, &starch(&world).await).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let event = answer.json();
    let named = picked(&event, ["n", "name", "step", "on", "time", "note", "role"]);
    let expected = json!([2, "Xát củ, lọc tinh bột", "process", "2026-11-20", "07:30", "Ông An trực", "producer"]);
    assert_eq!(json!(named), expected);
    let amounts = json!([{ "quantity": "100", "unit": "kg" }, { "quantity": "20.5", "unit": "kg" }]);
    assert_eq!(json!(picked(&event, ["in", "out"])), amounts);
    assert_eq!(
        event["place"],
        json!({ "commune_code": "02185", "commune": "Xã Côn Minh", "village": null, "text": null })
    );
    let epcis = json!({ "event_type": "TransformationEvent", "action": null, "biz_step": "creating_class_instance" });
    assert_eq!(event["epcis"], epcis);
}

#[actix_web::test]
async fn a_recorded_event_is_listed_as_it_was_answered() {
    let (world, batch_no, program) = scene().await;
    let answered = program.record(batch_no, &starch(&world).await).await.json();
    assert_eq!(program.events(batch_no).await, [answered]);
}

#[actix_web::test]
async fn events_are_listed_behind_a_line() {
    let (_world, batch_no, program) = scene().await;
    let first = program.recorded(batch_no, &event(&json!({}))).await;
    let second = program.recorded(batch_no, &event(&json!({}))).await;
    let behind = program.get(&path_of(batch_no, &format!("events?after={first}"))).await.json();
    assert_eq!(
        (&behind["items"][0]["n"], &behind["items"][1], &behind["next"]),
        (&json!(second), &json!(null), &json!(null))
    );
}

#[actix_web::test]
async fn an_event_is_one_entry_of_numbers_codes_and_days() {
    let (world, batch_no, program) = scene().await;
    let told = starch(&world).await;
    let rows = world.entered(program.recorded(batch_no, &told)).await;
    assert_eq!(rows.len(), 1);
    let entry = rows[0].entry();
    assert_eq!(json!(picked(&entry, ["kind", "batch", "n", "at"])), json!(["event", 1, 2, "2026-11-20T00:30:00Z"]));
    let expected = json!({
        "step": "process", "stage": "noodles.starch", "name": "Xát củ, lọc tinh bột", "on": "2026-11-20", "time": "07:30",
        "place": { "commune": "02185", "name": "Xã Côn Minh" },
        "in": { "quantity": 100_000, "unit": "kg" }, "out": { "quantity": 20_500, "unit": "kg" },
    });
    assert_eq!(entry["public"], expected);
}

#[actix_web::test]
async fn an_events_entry_and_the_trail_name_its_author_by_role_and_number() {
    let (world, batch_no, program) = scene().await;
    let told = starch(&world).await;
    let rows = world.entered(program.recorded(batch_no, &told)).await;
    let token = world.test_db.count("SELECT max(token_id)::bigint AS n FROM tokens").await;
    assert_eq!(rows[0].entry()["actor"], json!({ "role": "producer", "token": token }));
    let trail = format!(
        "SELECT count(*) AS n FROM audit_trail WHERE act = 'event.recorded' AND thing = 'batch 1' AND producer_no = 1 \
         AND token_id = {token} AND details->>'line' = '2' AND details->>'stage' = 'noodles.starch'"
    );
    assert_eq!(world.test_db.count(&trail).await, 1);
}

#[actix_web::test]
async fn what_may_be_a_persons_is_in_no_entry_and_not_in_the_trail() {
    let (world, batch_no, program) = scene().await;
    let rows = world
        .entered(async {
            let n = program.recorded(batch_no, &bought()).await;
            let corrected = program.correct(batch_no, n, &event(&json!({ "note": "chị Bính nhận" }))).await;
            assert_eq!(corrected.status, 201, "{}", corrected.text());
        })
        .await;
    assert!(rows.iter().all(|row| row.entry()["data"].is_string()), "nothing is kept beside the entries");
    let entries: String = rows.iter().map(|row| row.entry().to_string()).collect();
    for words in ["Bà Ví Dụ", "PN-7", "nhà ông Ất", "chị Bính", "ghi nhầm"] {
        assert!(!entries.contains(words), "{words}: {entries}");
        let trail = format!("SELECT count(*) AS n FROM audit_trail t WHERE t::text LIKE '%{words}%'");
        assert_eq!(world.test_db.count(&trail).await, 0, "{words}");
    }
}

#[actix_web::test]
async fn an_officer_who_records_for_a_producer_is_named_as_such() {
    let (world, batch_no, program) = scene().await;
    let officer = world.sign_in(Role::Officer).await;
    let actor = world.actor_of(&officer).await;
    let recording = Box::pin(world.trace.record_event(&actor, batch_no, told(What::Step(Step::Test)), None));
    let rows = world.entered(async { recording.await.unwrap() }).await;
    assert_eq!(rows[0].entry()["actor"], json!({ "role": "officer", "account": officer.account_id.0 }));
    assert_eq!(program.events(batch_no).await[0]["role"], "officer");
    let farmer = world.sign_in(Role::Producer).await;
    let log = farmer.page("/batches/1/events").await;
    assert!(log.contains("Cán bộ xã ghi thay: Người thử officer"), "who typed it is not told: {log}");
}

#[actix_web::test]
async fn an_event_that_is_sent_again_is_answered_with_the_first_and_entered_once() {
    let (world, batch_no, program) = scene().await;
    let told = starch(&world).await;
    let send = async || program.record_under("k", batch_no, &told).await;
    let mut answers: Vec<Answer> = Vec::new();
    let rows = world.entered(async { answers.extend([send().await, send().await]) }).await;
    assert_eq!((answers[0].status, answers[1].status, rows.len()), (201, 201, 1));
    assert_eq!(answers[0].json(), answers[1].json());
    let replayed = [0, 1].map(|at: usize| answers[at].header("idempotency-replayed"));
    assert_eq!(replayed, ["", "true"]);
}

#[actix_web::test]
async fn an_event_sent_many_times_at_once_is_entered_once() {
    let (world, batch_no, program) = scene().await;
    let told = event(&json!({}));
    let rows = world
        .entered(async {
            let answers = join_all((0..8).map(|_| program.record_under("k", batch_no, &told))).await;
            assert!(answers.iter().all(|answer| answer.status == 201 && answer.json()["n"] == 2));
        })
        .await;
    assert_eq!(rows.len(), 1);
}

#[actix_web::test]
async fn a_key_that_named_another_event_is_refused() {
    let (world, batch_no, program) = scene().await;
    assert_eq!(program.record_under("k", batch_no, &event(&json!({}))).await.status, 201);
    let rows = world
        .entered(async {
            let again = program.record_under("k", batch_no, &event(&json!({ "out": kg(21) }))).await;
            again.assert_problem(409, "idempotency-key-reused");
        })
        .await;
    assert!(rows.is_empty());
}

#[actix_web::test]
async fn a_key_belongs_to_one_token_and_one_batch() {
    let (world, batch_no, program) = scene().await;
    let other_batch = world.batch_of_kg(1.try_into().unwrap(), "MD-02", 500).await;
    let other_program = world.recorder_of(1).await;
    let told = event(&json!({}));
    let rows = world
        .entered(async {
            for (program, batch_no) in [(&program, batch_no), (&program, other_batch), (&other_program, batch_no)] {
                assert_eq!(program.record_under("k", batch_no, &told).await.status, 201);
            }
        })
        .await;
    assert_eq!(rows.len(), 3);
}

#[actix_web::test]
async fn a_key_is_kept_for_30_days_and_then_means_a_new_event() {
    let (world, batch_no, program) = scene().await;
    let told = event(&json!({}));
    let lines = async || program.record_under("k", batch_no, &told).await.json()["n"].clone();
    assert_eq!(lines().await, 2);
    world.move_clock_to("2026-12-22T04:00:00Z");
    assert_eq!(lines().await, 2);
    world.move_clock_to("2026-12-22T06:00:00Z");
    assert_eq!(lines().await, 3);
}

#[actix_web::test]
async fn a_refused_event_can_be_sent_again_under_its_key_once_it_is_right() {
    let (_world, batch_no, program) = scene().await;
    assert_eq!(program.record_under("k", batch_no, &event(&json!({ "on": "2026-12-24" }))).await.status, 422);
    assert_eq!(program.record_under("k", batch_no, &event(&json!({}))).await.status, 201);
}

#[actix_web::test]
async fn a_correction_points_at_its_event_and_the_old_one_stays() {
    let (_world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    let corrected = program.correct(batch_no, n, &event(&json!({ "out": kg(25) }))).await;
    assert_eq!(corrected.status, 201, "{}", corrected.text());
    let events = program.events(batch_no).await;
    let told = events
        .iter()
        .map(|event| (event["out"]["quantity"].clone(), event["corrects"].clone(), event["corrected_by"].clone()));
    let expected = [(json!("20"), json!(null), json!(3)), (json!("25"), json!(2), json!(null))];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[actix_web::test]
async fn a_correction_is_an_entry_that_names_the_line_it_says_anew() {
    let (world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    let rows = world.entered(program.correct(batch_no, n, &event(&json!({ "out": kg(25) })))).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].kind.as_str(), &rows[0].public()["corrects"]), ("correction", &json!(n)));
}

#[actix_web::test]
async fn only_the_latest_that_was_said_may_be_corrected() {
    let (_world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    let anew = event(&json!({ "out": kg(25) }));
    assert_eq!(program.correct(batch_no, n, &anew).await.status, 201);
    let refused = program.correct(batch_no, n, &anew).await.assert_problem(409, "event-corrected");
    assert!(refused["vi"].as_str().unwrap().contains("dòng 3"), "it does not say where: {refused}");
    assert_eq!(program.correct(batch_no, n + 1, &anew).await.json()["corrects"], 3);
}

#[actix_web::test]
async fn of_two_who_correct_a_line_at_once_one_is_refused() {
    let (_world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    let anew = [25, 26].map(|quantity| event(&json!({ "out": kg(quantity) })));
    let answers = join_all(anew.iter().map(|anew| program.correct(batch_no, n, anew))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[actix_web::test]
async fn a_correction_that_is_sent_again_is_answered_with_the_first() {
    let (_world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    let send =
        async |quantity: u32| program.correct_under("k", batch_no, n, &event(&json!({ "out": kg(quantity) }))).await;
    let (first, again) = (send(25).await, send(25).await);
    assert_eq!((first.json(), again.header("idempotency-replayed")), (again.json(), "true"));
    send(26).await.assert_problem(409, "idempotency-key-reused");
}

#[actix_web::test]
async fn a_refused_correction_leaves_the_old_line_standing() {
    let (_world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    let before = program.events(batch_no).await;
    assert_eq!(program.correct(batch_no, n, &event(&json!({ "on": "2026-12-24" }))).await.status, 422);
    assert_eq!(program.events(batch_no).await, before);
}

#[actix_web::test]
async fn what_is_no_event_cannot_be_corrected() {
    let (_world, batch_no, program) = scene().await;
    // The first line opened the batch.
    for n in [0, 1, 99, 4_294_967_296] {
        program.correct(batch_no, n, &event(&json!({}))).await.assert_problem(404, "not-found");
    }
}

#[actix_web::test]
async fn while_the_ledger_is_halted_nothing_is_recorded_and_afterwards_it_is() {
    let (world, batch_no, program) = scene().await;
    let n = program.recorded(batch_no, &event(&json!({}))).await;
    world.sql("UPDATE ledger_state SET halted_at = now(), halted_reason = 'thử'").await;
    let before = world.contents().await;
    program.record_under("k", batch_no, &bought()).await.assert_problem(503, "ledger-halted");
    program.correct(batch_no, n, &event(&json!({ "out": kg(25) }))).await.assert_problem(503, "ledger-halted");
    assert_eq!(world.contents().await, before);
    world.sql("UPDATE ledger_state SET halted_at = NULL, halted_reason = NULL").await;
    assert_eq!(program.record_under("k", batch_no, &bought()).await.status, 201);
}

#[actix_web::test]
async fn an_event_that_cannot_be_written_whole_leaves_nothing_behind() {
    let (world, batch_no, program) = scene().await;
    let photo = keep_photo(&world).await;
    let mut told = bought();
    told["files"] = json!([photo.to_string()]);
    let before = world.contents().await;
    for table in [
        "trace_outside_lots",
        "ledger_entries",
        "ledger_private",
        "trace_events",
        "trace_inputs",
        "trace_event_files",
        "audit_trail",
        "trace_orders",
    ] {
        refuse_inserts(&world, table).await;
        assert_eq!(program.record_under("k", batch_no, &told).await.status, 500, "{table}");
        world.sql("DROP FUNCTION refuse_this CASCADE").await;
        assert_eq!(world.contents().await, before, "{table}");
    }
    assert_eq!(program.record_under("k", batch_no, &told).await.status, 201);
}

async fn keep_photo(world: &World) -> Sha256Hash {
    let files = FileStore::in_folder(&world.data_dir.path().join("files")).unwrap();
    files.put(tiny_picture()).await.unwrap()
}

/// Where a kept file lies.
fn place_of(world: &World, hash: Sha256Hash) -> PathBuf {
    let hex = hash.to_string();
    world.data_dir.path().join("files/sha256").join(&hex[..2]).join(&hex[2..4]).join(hex)
}

#[actix_web::test]
async fn a_photo_is_served_as_its_hash_says_and_never_with_another_byte() {
    let (world, batch_no, program) = scene().await;
    let photo = keep_photo(&world).await;
    program.recorded(batch_no, &event(&json!({ "files": [photo.to_string()] }))).await;
    let href = format!("/files/{photo}.jpg");
    let served = world.public.get(&href).await;
    assert_eq!((served.status, Sha256Hash::of(&served.body)), (200, photo));
    let place = place_of(&world, photo);
    let mut damaged = fs::read(&place).unwrap();
    damaged[100] ^= 1;
    fs::write(&place, &damaged).unwrap();
    let refused = world.public.get(&href).await;
    refused.assert_problem(500, "internal");
    assert_eq!(refused.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn a_photo_that_is_gone_is_not_there() {
    let (world, batch_no, program) = scene().await;
    let photo = keep_photo(&world).await;
    program.recorded(batch_no, &event(&json!({ "files": [photo.to_string()] }))).await;
    fs::remove_file(place_of(&world, photo)).unwrap();
    assert_eq!(world.public.get(&format!("/files/{photo}.jpg")).await.status, 404);
}

#[actix_web::test]
async fn a_kept_photo_is_served_only_once_an_event_names_it_and_then_for_ever() {
    let (world, batch_no, program) = scene().await;
    let photo = keep_photo(&world).await;
    let status = async || world.public.get(&format!("/files/{photo}.jpg")).await.status;
    assert_eq!(status().await, 404);
    let n = program.recorded(batch_no, &event(&json!({ "files": [photo.to_string()] }))).await;
    assert_eq!(status().await, 200);
    assert_eq!(program.correct(batch_no, n, &event(&json!({}))).await.status, 201);
    assert_eq!(status().await, 200, "the entry of the struck line names it still");
}

#[actix_web::test]
async fn an_events_photos_are_in_its_entry_by_hash() {
    let (world, batch_no, program) = scene().await;
    let photo = keep_photo(&world).await;
    let told = event(&json!({ "files": [photo.to_string()] }));
    let rows = world.entered(program.recorded(batch_no, &told)).await;
    assert_eq!(rows[0].public()["files"], json!([STANDARD.encode(photo.0)]));
}

async fn timelines(world: &World) -> [String; 2] {
    let show = async |lang: &str| world.public.get_page(&format!("/batches/1/timeline?lang={lang}")).await.text();
    [show("vi").await, show("en").await]
}

#[actix_web::test]
async fn the_public_timeline_tells_pending_lines_from_sealed_ones() {
    let (world, batch_no, program) = scene().await;
    program.recorded(batch_no, &event(&json!({}))).await;
    world.seal().await;
    program.recorded(batch_no, &event(&json!({}))).await;
    let [page, _] = timelines(&world).await;
    let (n_waiting, n_sealed) =
        (page.matches("Đang chờ niêm phong").count(), page.matches("từ đó không bị sửa").count());
    assert_eq!((n_waiting, n_sealed), (1, 2), "{page}");
}

#[actix_web::test]
async fn the_public_timeline_shows_a_struck_line_with_the_reason_and_no_supplier_place_or_note() {
    let (world, batch_no, program) = scene().await;
    let first = program.record(batch_no, &bought()).await.json();
    let lot = first["inputs"][0]["outside"]["outside"].clone();
    let anew = json!({ "step": "receive_lot", "on": "2026-11-20", "inputs": [{ "outside": lot, "quantity": 39, "unit": "kg" }] });
    assert_eq!(program.correct(batch_no, 2, &anew).await.status, 201);
    for page in timelines(&world).await {
        let struck = page.split("id=\"n2\"").nth(1).unwrap().split("</li>").next().unwrap();
        assert!(struck.contains("<del>40 kg") && struck.contains("href=\"#n3\""), "{struck}");
        assert!(struck.contains("ghi nhầm số cân"), "{struck}");
        assert!(page.contains("39 kg"), "{page}");
        for hidden in ["Củ dong", "Ví Dụ", "PN-7", "ông Ất", "chị Bính"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
        assert!(!page.to_lowercase().contains("blockchain"), "{page}");
    }
}
