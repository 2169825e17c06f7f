//! What the ledger serves: byte for byte the formats that the crates of others read, and nothing that is not published.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::ledger::Seal;
use nguon::stamp::BatchNo;
use serde_json::json;

use crate::log::{ProofFile, PublishedLog, open_checkpoint};
use crate::world::{ISSUER, World};

/// Any batch: chains of the ledger know no register.
const BATCH: u32 = 2041;
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A world with this many entries in its log, all published.
async fn world_of(n_entries: i64) -> World {
    let world = World::new().await;
    grow_to(&world, n_entries).await;
    world
}

async fn grow_to(world: &World, n_entries: i64) {
    let n_more = n_entries - world.test_db.n_entries().await;
    world.enter_many(u32::try_from(n_more).unwrap()).await;
    world.seal().await;
}

async fn status(world: &World, path: &str) -> u16 {
    world.public.get(path).await.status
}

#[actix_web::test]
async fn the_key_opens_the_checkpoint_and_is_named_as_its_origin() {
    let world = World::new().await;
    let vkey = world.public.get("/ledger/vkey").await.text();
    let vkey = vkey.strip_suffix('\n').unwrap();
    let checkpoint = open_checkpoint(&world.public.get("/ledger/checkpoint").await.body, vkey);
    assert_eq!(vkey.split('+').next().unwrap(), checkpoint.origin());
    assert_eq!(checkpoint.origin(), format!("{ISSUER}/ledger"));
    assert_eq!(checkpoint.extension(), "");
}

#[actix_web::test]
async fn tiles_and_entries_of_any_size_lead_to_the_signed_root() {
    let world = World::new().await;
    for n_entries in [5, 255, 256, 257, 512, 600] {
        grow_to(&world, n_entries).await;
        let log = PublishedLog::fetch_whole(&world.public).await;
        assert_eq!(log.checkpoint.size(), u64::try_from(n_entries).unwrap());
    }
}

#[actix_web::test]
async fn entries_are_served_as_they_are_stored() {
    let world = world_of(300).await;
    let stored: Vec<Vec<u8>> = world.test_db.entries().await.into_iter().map(|row| row.bytes).collect();
    assert_eq!(PublishedLog::fetch(&world.public).await.entries, stored);
}

#[actix_web::test]
async fn a_tile_that_has_grown_still_answers_at_its_smaller_widths() {
    let world = world_of(300).await;
    let full = world.public.get("/ledger/tile/0/000").await.body;
    assert_eq!(full.len(), 256 * 32);
    for width in [1_usize, 4, 255] {
        let partial = world.public.get(&format!("/ledger/tile/0/000.p/{width}")).await;
        assert_eq!(partial.body, full[..width * 32], "{width}");
    }
}

#[actix_web::test]
async fn what_no_published_checkpoint_covers_is_not_served() {
    let world = world_of(10).await;
    world.enter_many(5).await;
    let paths = ["/ledger/tile/0/000.p/11", "/ledger/tile/entries/000.p/11"];
    let statuses = async || [status(&world, paths[0]).await, status(&world, paths[1]).await];
    world.ledger.sequence_once().await.unwrap();
    assert_eq!(statuses().await, [404, 404], "sequenced");
    let staged = world.ledger.stage_checkpoint().await.unwrap().unwrap();
    let noted = world.ledger.note_high_water(staged.head()).await.unwrap();
    assert_eq!(statuses().await, [404, 404], "staged and noted");
    world.ledger.publish(noted).await.unwrap();
    assert_eq!(statuses().await, [200, 200], "published");
}

#[actix_web::test]
async fn an_address_that_is_misspelt_is_not_there() {
    let world = world_of(300).await;
    for path in ["0/000", "0/001.p/44", "1/000.p/1", "entries/000", "entries/001.p/44"] {
        assert_eq!(status(&world, &format!("/ledger/tile/{path}")).await, 200, "{path}");
    }
    let misspelt = [
        "",
        "0",
        "0/0",
        "0/00",
        "0/0000",
        "0/x000/000",
        "0/000/",
        "/0/000",
        "00/000",
        "+0/000",
        "-1/000",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/",
        "0/000.P/1",
        "0/%30%30%30",
        "0/001",
        "0/001.p/45",
        "0/002.p/1",
        "1/000",
        "1/000.p/2",
        "2/000.p/1",
        "8/000",
        "63/000",
        "256/000",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
        "entries",
        "entries/",
        "entries/0",
        "entries/001",
        "entries/001.p/45",
        "data/000",
        "ENTRIES/000",
    ];
    let mut served = Vec::new();
    for path in misspelt {
        let answer = world.public.get(&format!("/ledger/tile/{path}")).await;
        if answer.status != 404 {
            served.push(format!("{path}: {}", answer.status));
        }
    }
    assert!(served.is_empty(), "{served:?}");
}

#[actix_web::test]
async fn what_never_changes_may_be_kept_for_ever_and_what_changes_only_for_a_moment() {
    let world = world_of(300).await;
    world.enter(BATCH).await;
    world.seal().await;
    let proof = format!("/batches/{BATCH}/1.tlog-proof");
    let expected = [
        ("/ledger/tile/0/000", "application/octet-stream", FOR_EVER),
        ("/ledger/tile/0/001.p/44", "application/octet-stream", FOR_EVER),
        ("/ledger/tile/entries/000", "application/octet-stream", FOR_EVER),
        ("/ledger/checkpoint", "text/plain; charset=utf-8", "public, max-age=1"),
        (&proof, "text/plain; charset=utf-8", "public, max-age=1"),
        ("/ledger/vkey", "text/plain; charset=utf-8", "public, max-age=3600"),
    ];
    for (path, media_type, caching) in expected {
        let answer = world.public.get(path).await;
        let headers = ["content-type", "cache-control", "access-control-allow-origin"].map(|name| answer.header(name));
        assert_eq!((answer.status, headers), (200, [media_type, caching, "*"]), "{path}");
    }
    let missing = world.public.get("/ledger/tile/0/001").await;
    assert!(!missing.header("cache-control").contains("immutable"), "a tile that is not there yet will be");
}

#[actix_web::test]
async fn head_is_answered_like_get_without_the_body() {
    let world = world_of(300).await;
    for path in ["/ledger/vkey", "/ledger/checkpoint", "/ledger/tile/0/000", "/ledger/tile/entries/001.p/44"] {
        let get = world.public.get(path).await;
        let head = world.public.send(world.public.request("HEAD", path)).await;
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "cache-control", "content-length"] {
            assert_eq!((head.status, head.header(name)), (get.status, get.header(name)), "{path}: {name}");
        }
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
    }
    let missing = world.public.send(world.public.request("HEAD", "/ledger/tile/9/000")).await;
    assert_eq!(missing.status, 404);
}

#[actix_web::test]
async fn the_ledger_takes_no_other_method() {
    let world = World::new().await;
    for path in ["/ledger/vkey", "/ledger/checkpoint", "/ledger/tile/0/000"] {
        for method in ["POST", "PUT", "DELETE"] {
            assert_eq!(world.office.send(world.office.request(method, path)).await.status, 405, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_proof_shows_offline_that_the_entry_is_in_the_log() {
    let world = world_of(600).await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 500).await;
    world.seal().await;
    let vkey = world.public.get("/ledger/vkey").await.text();
    let rows = world.test_db.entries().await;
    for n in [1, 2] {
        let answer = world.public.get(&format!("/batches/{}/{n}.tlog-proof", batch.batch_no)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let proof = ProofFile::read(&answer.text());
        proof.assert_proves(vkey.trim_end());
        let row = rows.iter().find(|row| row.n == Some(n)).unwrap();
        assert_eq!((proof.extra, i64::try_from(proof.index).ok()), (row.bytes.clone(), row.ledger_index));
        assert!(answer.body.len() <= 2_048, "{} bytes", answer.body.len());
    }
}

#[actix_web::test]
async fn our_own_reading_of_a_proof_agrees_and_an_entry_with_another_byte_does_not() {
    let world = world_of(600).await;
    world.enter(BATCH).await;
    world.seal().await;
    let text = world.ledger.prove(BatchNo::new(BATCH).unwrap(), 1).await.unwrap();
    let proof = nguon::merkle::TlogProof::parse(text.as_bytes()).unwrap();
    let mut entry = proof.extra().unwrap().to_vec();
    assert!(proof.verify(world.ledger.verifier(), &nguon::merkle::hash_leaf(&entry)).is_ok());
    entry[40] ^= 1;
    assert!(proof.verify(world.ledger.verifier(), &nguon::merkle::hash_leaf(&entry)).is_err());
}

#[actix_web::test]
async fn a_pending_entry_has_no_proof_until_its_checkpoint_is_published() {
    let world = World::new().await;
    world.enter(BATCH).await;
    let path = format!("/batches/{BATCH}/1.tlog-proof");
    world.public.get(&path).await.assert_problem(409, "not-sealed-yet");
    world.ledger.sequence_once().await.unwrap();
    world.public.get(&path).await.assert_problem(409, "not-sealed-yet");
    let staged = world.ledger.stage_checkpoint().await.unwrap().unwrap();
    world.public.get(&path).await.assert_problem(409, "not-sealed-yet");
    let noted = world.ledger.note_high_water(staged.head()).await.unwrap();
    world.ledger.publish(noted).await.unwrap();
    assert_eq!(status(&world, &path).await, 200);
}

#[actix_web::test]
async fn a_proof_of_what_does_not_exist_is_not_there() {
    let world = World::new().await;
    world.enter(BATCH).await;
    world.seal().await;
    let no = BATCH;
    for path in [
        format!("/batches/{no}/2.tlog-proof"),
        format!("/batches/{no}/0.tlog-proof"),
        format!("/batches/{no}/01.tlog-proof"),
        format!("/batches/{no}/4294967297.tlog-proof"),
        format!("/batches/0{no}/1.tlog-proof"),
        "/batches/9/1.tlog-proof".to_owned(),
        "/batches/0/1.tlog-proof".to_owned(),
        "/batches/99999999999/1.tlog-proof".to_owned(),
    ] {
        assert_eq!(status(&world, &path).await, 404, "{path}");
    }
}

#[actix_web::test]
async fn an_entry_is_called_sealed_only_once_its_checkpoint_is_published() {
    let world = World::new().await;
    world.enter(BATCH).await;
    let seal = async || world.ledger.lines_of(BatchNo::new(BATCH).unwrap(), None, 100).await.unwrap()[0].seal.clone();
    assert_eq!(seal().await, Seal::Pending);
    world.ledger.sequence_once().await.unwrap();
    let staged = world.ledger.stage_checkpoint().await.unwrap().unwrap();
    let noted = world.ledger.note_high_water(staged.head()).await.unwrap();
    assert_eq!(seal().await, Seal::Pending);
    world.move_clock_to("2026-11-22T05:10:00Z");
    world.ledger.publish(noted).await.unwrap();
    let Seal::Sealed { index, at, witnesses } = seal().await else { panic!("not sealed") };
    assert_eq!((index, witnesses), (4, Vec::new()));
    assert!("2026-11-22T05:10:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() <= at, "{at}");
}

#[actix_web::test]
async fn a_later_checkpoint_does_not_change_when_an_entry_was_sealed() {
    let world = World::new().await;
    world.enter(BATCH).await;
    world.seal().await;
    let seal = async || world.ledger.lines_of(BatchNo::new(BATCH).unwrap(), None, 100).await.unwrap()[0].seal.clone();
    let first = seal().await;
    world.move_clock_to("2026-11-22T09:00:00Z");
    world.enter(BATCH).await;
    world.seal().await;
    assert_eq!(seal().await, first);
}

#[actix_web::test]
async fn the_service_is_unready_while_an_entry_waits_for_its_checkpoint() {
    let world = World::new().await;
    assert_eq!(status(&world, "/readyz").await, 200);
    world.enter(BATCH).await;
    assert_eq!(status(&world, "/readyz").await, 200, "the next tick is on its way");
    world.move_clock_to("2026-11-22T05:01:00Z");
    assert_eq!(status(&world, "/readyz").await, 503, "pending");
    world.ledger.sequence_once().await.unwrap();
    assert_eq!(status(&world, "/readyz").await, 503, "sequenced");
    world.seal().await;
    assert_eq!(status(&world, "/readyz").await, 200);
}

#[actix_web::test]
async fn an_erased_person_leaves_the_log_and_its_proofs_as_they_were() {
    let world = World::new().await;
    let now = world.clock.now();
    let mut draft = crate::ledger_stage::draft(Some(BATCH), json!({}), now);
    draft.private = Some(json!({ "name": "Nguyễn Thị Ví Dụ" }));
    let mut conn = world.test_db.db.conn().await.unwrap();
    let entry_no = nguon::ledger::append(&mut conn, &draft, now).await.unwrap().entry_no;
    world.seal().await;
    let before = PublishedLog::fetch_whole(&world.public).await;
    assert!(!String::from_utf8_lossy(&before.entries.concat()).contains("Ví Dụ"));
    world.sql(&format!("DELETE FROM ledger_private WHERE entry_no = {entry_no}")).await;
    assert!(nguon::ledger::private_of(&mut conn, &[entry_no]).await.unwrap().is_empty());
    let after = PublishedLog::fetch_whole(&world.public).await;
    assert_eq!((after.entries, after.note), (before.entries, before.note));
}
