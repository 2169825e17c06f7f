//! What a ledger must find around it before it signs: its high-water file, its own key, a Postgres that keeps what it acknowledges.
//! And a clock that may be wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use nguon::error::Result;
use nguon::ledger::{Ledger, LedgerMarks, LedgerParts, Seal, WitnessPolicy};
use nguon::merkle::{KeyKind, SignerKey};
use nguon::stamp::BatchNo;
use serde_json::json;

use crate::commands::Place;
use crate::ledger_stage::{mark_in, seal_all};
use crate::log::{PublishedLog, open_checkpoint};
use crate::world::{Client, TestDb, World};

const BATCH: u32 = 2041;

/// The size that anyone sees.
async fn published_size(world: &World) -> u64 {
    let note = world.public.get("/ledger/checkpoint").await.body;
    open_checkpoint(&note, &world.ledger.verifier().to_string()).size()
}

/// The checkpoints that are staged and not published.
async fn n_staged(world: &World) -> i64 {
    world.test_db.count("SELECT count(*) AS n FROM ledger_checkpoints WHERE published_at IS NULL").await
}

async fn restart(world: &World) -> Ledger {
    let ledger = world.second_ledger("ledger-high-water");
    ledger.open().await.unwrap();
    ledger
}

/// A checkpoint is published only once its file has it: `break_file` takes care that it cannot, `mend_file` that it can again.
async fn check_file_that_cannot_be_written(break_file: impl FnOnce(&Path), mend_file: impl FnOnce(&Path, &str)) {
    let world = World::new().await;
    let (file, before) = (world.high_water_path(), world.high_water());
    let size = published_size(&world).await;
    world.enter(BATCH).await;
    // The mark was read, and the checkpoint made, before the file went bad.
    world.ledger.sequence_once().await.unwrap();
    let staged = world.ledger.stage_checkpoint().await.unwrap().unwrap();
    break_file(&file);
    assert!(world.ledger.note_high_water(staged.head()).await.is_err());
    for _ in 0..3 {
        assert!(world.ledger.seal_pending().await.is_err(), "a tick without its file");
    }
    assert_eq!((published_size(&world).await, n_staged(&world).await), (size, 1), "published without a mark");
    let pending = world.ledger.lines_of(BatchNo::new(BATCH).unwrap(), None, 100).await.unwrap();
    assert_eq!(pending[0].seal, Seal::Pending);
    mend_file(&file, &before);
    seal_all(&world, &world.ledger).await;
    assert_eq!((published_size(&world).await, n_staged(&world).await), (size + 1, 0));
    assert_eq!(mark_in(&file), Some(size + 1));
    PublishedLog::fetch_whole(&world.public).await;
}

#[actix_web::test]
async fn a_checkpoint_stays_staged_while_its_file_is_gone_and_is_published_once_it_is_back() {
    check_file_that_cannot_be_written(
        |file| fs::remove_file(file).unwrap(),
        |file, before| fs::write(file, before).unwrap(),
    )
    .await;
}

#[actix_web::test]
async fn a_checkpoint_stays_staged_while_a_folder_stands_in_the_files_place() {
    check_file_that_cannot_be_written(
        |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        },
        |file, before| {
            fs::remove_dir(file).unwrap();
            fs::write(file, before).unwrap();
        },
    )
    .await;
}

#[actix_web::test]
async fn a_torn_line_of_the_file_is_forgotten_and_the_log_goes_on() {
    let world = World::new().await;
    for torn in ["7", "5 abcd", "6 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF", "999999"] {
        world.enter(BATCH).await;
        OpenOptions::new().append(true).open(world.high_water_path()).unwrap().write_all(torn.as_bytes()).unwrap();
        let ledger = restart(&world).await;
        seal_all(&world, &ledger).await;
        assert_eq!(mark_in(&world.high_water_path()), Some(published_size(&world).await), "{torn}");
    }
    PublishedLog::fetch_whole(&world.public).await;
}

#[actix_web::test]
async fn a_damaged_line_in_the_file_is_refused_and_names_the_file() {
    let mut world = World::new().await;
    world.is_ledger_whole = false;
    fs::write(world.high_water_path(), "4 không phải gốc\n").unwrap();
    let refused = LedgerMarks::open(&world.high_water_path()).unwrap_err();
    assert_eq!(refused.code(), "ledger-high-water-file");
    assert!(refused.to_string().contains("ledger-high-water") && refused.vi().contains("ledger-high-water"));
}

#[actix_web::test]
async fn a_lost_or_empty_file_signs_nothing_until_an_operator_vouches_for_the_database() {
    let world = World::new().await;
    world.enter(BATCH).await;
    world.seal().await;
    let before = PublishedLog::fetch_whole(&world.public).await;
    fs::remove_file(world.high_water_path()).unwrap();
    let ledger = world.second_ledger("ledger-high-water");
    assert_eq!(fs::read(world.high_water_path()).unwrap(), b"");
    world.enter(BATCH).await;
    assert_eq!(ledger.open().await.unwrap_err().code(), "ledger-mark-missing");
    assert_eq!(ledger.seal_pending().await.unwrap_err().code(), "ledger-mark-missing");
    assert_eq!(ledger.resume().await.unwrap_err().code(), "ledger-mark-missing");
    ledger.renew_mark().await.unwrap();
    assert_eq!(mark_in(&world.high_water_path()), Some(before.checkpoint.size()), "it knows what was published");
    seal_all(&world, &ledger).await;
    let after = PublishedLog::fetch_whole(&world.public).await;
    assert_eq!(after.root_at(before.checkpoint.size()), *before.checkpoint.hash());
}

/// A ledger of this world with another key or other connections.
fn ledger_with(world: &World, db: nguon::db::Db, signer: SignerKey) -> Ledger {
    Ledger::new(LedgerParts {
        db,
        clock: world.clock.clone(),
        signer,
        high_water: LedgerMarks::open(&world.high_water_path()).unwrap(),
        witnesses: WitnessPolicy::default(),
    })
}

#[actix_web::test]
async fn another_key_is_refused_and_signs_nothing_in_this_ledger() {
    let world = World::new().await;
    let name = world.ledger.verifier().name().clone();
    let stranger = SignerKey::new(name, KeyKind::Ed25519, &[9; 32]).unwrap();
    let ledger = ledger_with(&world, world.test_db.db.clone(), stranger);
    assert_eq!(ledger.open().await.unwrap_err().code(), "ledger-key-differs");
    world.enter(BATCH).await;
    assert_eq!(ledger.seal_pending().await.unwrap_err().code(), "ledger-key-differs");
    world.seal().await;
    let log = PublishedLog::fetch_whole(&world.public).await;
    for row in world.test_db.checkpoints().await {
        open_checkpoint(row.note.as_bytes(), &log.vkey);
    }
}

#[actix_web::test]
async fn a_key_of_another_name_is_refused() {
    let world = World::new().await;
    let name = nguon::merkle::KeyName::parse("khac.example.vn/ledger").unwrap();
    let ledger =
        ledger_with(&world, world.test_db.db.clone(), SignerKey::new(name, KeyKind::Ed25519, &[9; 32]).unwrap());
    assert_eq!(ledger.open().await.unwrap_err().code(), "ledger-key-differs");
}

async fn open_on_new_connections(world: &World) -> Result<()> {
    let signer = world.keys.room().ledger_signer().unwrap().clone();
    ledger_with(world, world.test_db.db.apart(1).unwrap(), signer).open().await
}

#[actix_web::test]
async fn a_postgres_that_may_forget_what_it_acknowledged_is_refused() {
    let world = World::new().await;
    for (value, is_refused) in [("off", true), ("local", false), ("remote_apply", false), ("on", false)] {
        let name = &world.test_db.name;
        world.test_db.admin_sql(&format!("ALTER DATABASE {name} SET synchronous_commit = {value}")).await;
        let opened = open_on_new_connections(&world).await;
        let code = opened.as_ref().err().map(nguon::error::Error::code);
        assert_eq!(code, is_refused.then_some("postgres-not-durable"), "{value}");
        if let Err(refused) = opened {
            assert!(refused.to_string().contains("synchronous_commit = on"), "{refused}");
        }
    }
}

#[actix_web::test]
async fn a_postgres_that_says_that_it_does_not_sync_is_refused() {
    let world = World::new().await;
    // The tests' own Postgres cannot be told otherwise; it is made to say so.
    world
        .sql(
            "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql
             AS $$ SELECT CASE $1 WHEN 'fsync' THEN 'off' ELSE pg_catalog.current_setting($1) END $$",
        )
        .await;
    let name = &world.test_db.name;
    world.test_db.admin_sql(&format!("ALTER DATABASE {name} SET search_path = public, pg_catalog")).await;
    let refused = open_on_new_connections(&world).await.unwrap_err();
    assert_eq!(refused.code(), "postgres-not-durable");
    assert!(refused.to_string().contains("fsync = on"), "{refused}");
}

#[actix_web::test]
async fn a_server_on_a_postgres_that_may_forget_does_not_start() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    test_db.admin_sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", test_db.name)).await;
    place.run(&["serve"]).refused("synchronous_commit = off");
}

#[actix_web::test]
async fn a_clock_set_back_puts_earlier_times_into_a_log_that_stays_whole() {
    let world = World::new().await;
    for instant in ["2026-11-22T06:00:00Z", "2026-11-22T05:30:00Z", "2025-01-01T00:00:00Z", "2026-11-22T07:00:00Z"] {
        world.move_clock_to(instant);
        world.enter(BATCH).await;
        world.seal().await;
    }
    let log = PublishedLog::fetch_whole(&world.public).await;
    let recorded: Vec<String> =
        log.read_entries().iter().skip(4).map(|entry| entry["recorded"].as_str().unwrap()[..16].to_owned()).collect();
    assert_eq!(recorded, ["2026-11-22T06:00", "2026-11-22T05:30", "2025-01-01T00:00", "2026-11-22T07:00"]);
    let lines = world.ledger.lines_of(BatchNo::new(BATCH).unwrap(), None, 100).await.unwrap();
    assert!(lines.iter().all(|line| matches!(line.seal, Seal::Sealed { .. })), "{lines:?}");
}

/// Whether the log gets to this size before the service calls itself unready.
async fn is_sealed(client: &Client, n_entries: i64) -> bool {
    loop {
        let note = client.get("/ledger/checkpoint").await.text();
        if n_entries <= note.lines().nth(1).unwrap().parse::<i64>().unwrap() {
            return true;
        }
        if client.get("/readyz").await.status == 503 {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[actix_web::test]
async fn a_full_disk_keeps_acts_and_seals_them_once_there_is_room() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    // No file may grow beyond 512 bytes, as on a full disk: half of a line is written, and then no more.
    let server = place.serve_behind("trap '' XFSZ; ulimit -f 1");
    let token = fs::read_to_string(place.data().join("office.token")).unwrap();
    let office = Client::new(&server.base_url, Some(token.trim()));
    let mut n_acts = 0;
    loop {
        let verb = ["suspend", "resume"][n_acts % 2];
        let path = format!("/api/v1/batches/{batch_no}/{verb}");
        assert_eq!(office.post(&path, &json!({ "reason": "Chờ kiểm nghiệm" })).await.status, 200, "{n_acts}");
        n_acts += 1;
        if !is_sealed(&office, test_db.n_entries().await).await {
            break;
        }
    }
    let (note, vkey) = (office.get("/ledger/checkpoint").await, office.get("/ledger/vkey").await.text());
    let size = open_checkpoint(&note.body, vkey.trim_end()).size();
    assert_eq!(mark_in(&place.data().join("ledger-high-water")), Some(size), "the file and the published checkpoint");
    drop(server);

    let server = place.start("serve");
    let office = Client::new(&server.base_url, None);
    let log = PublishedLog::fetch_whole(&office).await;
    let n_sealed =
        log.read_entries().iter().filter(|it| ["suspended", "resumed"].contains(&it["kind"].as_str().unwrap())).count();
    assert_eq!(n_sealed, n_acts);
    assert!(size < log.checkpoint.size() && log.root_at(size) == *open_checkpoint(&note.body, &log.vkey).hash());
}
