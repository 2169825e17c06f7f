//! A restored backup: the database is older than what others hold. The ledger refuses to go on, says how to recover, stays readable,
//! and goes on without a fork once it has what was published.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs;
use std::path::PathBuf;

use nguon::accounts::types::Actor;
use nguon::batches::types::MintOrder;
use nguon::keys::types::Purpose;
use nguon::ledger::Ledger;
use nguon::monitor::verify_database;
use nguon::stamp::BatchNo;
use serde_json::json;

use crate::ledger_stage::{mark_in, seal_all};
use crate::log::{PublishedLog, Watcher};
use crate::world::World;

/// Entries behind the backup.
const N_LOST: u32 = 3;

/// A world whose database was restored from before its last entries, which were published; with what anyone had seen of the log, and
/// an exported copy of it.
struct Restored {
    world: World,
    seen: PublishedLog,
    copy: PathBuf,
}

impl Restored {
    async fn new() -> Self {
        let mut world = World::new().await;
        world.is_ledger_whole = false;
        let batch = world.batch().await;
        world.mint(batch.batch_no, 10).await;
        world.seal().await;
        let backup = world.test_db.copy("backup").await;
        for _ in 0..N_LOST {
            world.mint(batch.batch_no, 5).await;
            world.seal().await;
        }
        let copy = world.data_dir.path().join("copy");
        world.ledger.export(&copy).await.unwrap();
        let seen = PublishedLog::fetch_whole(&world.public).await;
        world.test_db.put_back(&backup).await;
        Self { world, seen, copy }
    }

    /// A fresh process, as after the restore.
    async fn restart(&self) -> Ledger {
        let ledger = self.world.second_ledger("ledger-high-water");
        ledger.open().await.unwrap();
        ledger
    }

    /// The log goes on from what was seen: no fork.
    async fn assert_goes_on(&self, ledger: &Ledger) {
        self.world.enter(77).await;
        seal_all(&self.world, ledger).await;
        let after = PublishedLog::fetch_whole(&self.world.public).await;
        assert!(self.seen.checkpoint.size() < after.checkpoint.size());
        assert_eq!(after.root_at(self.seen.checkpoint.size()), *self.seen.checkpoint.hash(), "a fork");
        assert!(after.entries.starts_with(&self.seen.entries));
        let (db, key) = (&self.world.test_db.db, self.world.ledger.verifier());
        assert_eq!(verify_database(db, key).await.unwrap().problems, []);
    }
}

#[actix_web::test]
async fn a_restored_backup_halts_the_ledger_and_says_how_to_recover() {
    let restored = Restored::new().await;
    let ledger = restored.restart().await;
    let refused = ledger.seal_pending().await.unwrap_err();
    assert_eq!(refused.code(), "ledger-halted");
    for said in [refused.to_string(), refused.vi()] {
        for command in ["nguon restore", "ledger recover", "ledger resume"] {
            assert!(said.split_whitespace().collect::<Vec<_>>().join(" ").contains(command), "{command}: {said}");
        }
    }
    let status = ledger.status().await.unwrap();
    assert!(status.halted_reason.unwrap().contains("older than what others hold"));
}

#[actix_web::test]
async fn a_running_server_notices_that_its_database_was_restored() {
    let restored = Restored::new().await;
    assert_eq!(restored.world.ledger.seal_pending().await.unwrap_err().code(), "ledger-halted");
    assert_eq!(restored.world.public.get("/readyz").await.status, 503);
}

#[actix_web::test]
async fn a_halted_ledger_refuses_every_act_and_leaves_nothing_of_it() {
    let restored = Restored::new().await;
    restored.restart().await;
    let world = &restored.world;
    let rows = "SELECT (SELECT count(*) FROM ledger_entries) + (SELECT count(*) FROM audit_trail) + (SELECT count(*) FROM batches)
        + (SELECT count(*) FROM mint_runs) + (SELECT count(*) FROM voids) + (SELECT count(*) FROM keys) AS n";
    let before = world.test_db.count(rows).await;
    let acts = [
        ("/api/v1/batches/1/suspend", json!({ "reason": "x" })),
        ("/api/v1/batches/1/recall", json!({ "reason": "x" })),
        ("/api/v1/batches/1/voids", json!({ "first": 1, "last": 2, "reason": "misprint" })),
        ("/api/v1/batches", json!({ "product_no": 1, "lot": "MD-02", "packed_on": "2026-11-20" })),
        ("/api/v1/certificates/1/revoke", json!({ "on": "2026-11-21", "reason": "x" })),
    ];
    for (path, body) in acts {
        let problem = world.office.post(path, &body).await.assert_problem(503, "ledger-halted");
        assert!(problem["vi"].as_str().unwrap().contains("Chưa ghi gì"), "{path}: {problem}");
    }
    world
        .office
        .order(BatchNo::new(1).unwrap(), "k", &json!({ "count": 1 }))
        .await
        .assert_problem(503, "ledger-halted");
    assert_eq!(world.keys.create(Purpose::Stamp).await.unwrap_err().code(), "ledger-halted");
    assert_eq!(world.test_db.count(rows).await, before);
}

#[actix_web::test]
async fn a_halted_ledger_stays_readable() {
    let restored = Restored::new().await;
    restored.restart().await;
    let world = &restored.world;
    let stamp = world.stamp(BatchNo::new(1).unwrap(), 3).await;
    assert_eq!(world.public.verdict(&format!("/s/{}", stamp.digits())).await["headline"], "issued");
    for path in ["/", "/p/1", "/ledger/vkey", "/ledger/checkpoint", "/batches/1/1.tlog-proof"] {
        assert_eq!(world.public.get(path).await.status, 200, "{path}");
    }
    let log = PublishedLog::fetch_whole(&world.public).await;
    assert!(restored.seen.entries.starts_with(&log.entries));
}

#[actix_web::test]
async fn a_halted_ledger_signs_and_places_nothing() {
    let restored = Restored::new().await;
    let world = &restored.world;
    // Committed before anyone noticed.
    world.enter(77).await;
    let ledger = restored.restart().await;
    let state = || async { (world.test_db.checkpoints().await, world.test_db.tree_size().await, world.high_water()) };
    let before = state().await;
    assert!(ledger.seal_pending().await.is_err());
    assert!(ledger.sequence_once().await.is_err());
    assert!(ledger.append_manifest().await.is_err() || ledger.append_manifest().await.unwrap().is_none());
    assert!(ledger.stage_checkpoint().await.is_err());
    assert_eq!(state().await, before);
}

#[actix_web::test]
async fn resuming_is_refused_while_the_database_is_behind() {
    let restored = Restored::new().await;
    let ledger = restored.restart().await;
    assert_eq!(ledger.resume().await.unwrap_err().code(), "ledger-halted");
    assert!(ledger.seal_pending().await.is_err());
}

#[actix_web::test]
async fn the_newest_backup_put_back_lets_the_ledger_go_on() {
    let world = World::new().await;
    world.enter(1).await;
    world.seal().await;
    let (old, seen) = (world.test_db.copy("old").await, PublishedLog::fetch(&world.public).await);
    world.enter(1).await;
    world.seal().await;
    let newest = world.test_db.copy("newest").await;
    world.test_db.put_back(&old).await;
    let ledger = world.second_ledger("ledger-high-water");
    ledger.open().await.unwrap();
    assert!(ledger.resume().await.is_err());
    world.test_db.put_back(&newest).await;
    ledger.open().await.unwrap();
    world.enter(1).await;
    seal_all(&world, &ledger).await;
    let after = PublishedLog::fetch_whole(&world.public).await;
    assert_eq!(after.root_at(seen.checkpoint.size()), *seen.checkpoint.hash());
}

#[actix_web::test]
async fn an_exported_copy_brings_back_what_was_published_and_the_log_goes_on_without_a_fork() {
    let restored = Restored::new().await;
    let ledger = restored.restart().await;
    let report = ledger.recover(&restored.copy).await.unwrap();
    assert_eq!((report.n_entries, report.size), (u64::from(N_LOST), restored.seen.checkpoint.size()));
    let log = PublishedLog::fetch_whole(&restored.world.public).await;
    assert_eq!(log.note, restored.seen.note, "the checkpoint is the one that was published");
    restored.assert_goes_on(&ledger).await;
    assert_eq!(restored.world.public.get("/readyz").await.status, 200);
}

#[actix_web::test]
async fn acts_that_were_committed_before_anyone_noticed_are_kept_behind_what_was_recovered() {
    let restored = Restored::new().await;
    restored.world.enter(77).await;
    let ledger = restored.restart().await;
    ledger.recover(&restored.copy).await.unwrap();
    restored.assert_goes_on(&ledger).await;
    let chain = restored.world.ledger.lines_of(BatchNo::new(77).unwrap(), None, 100).await.unwrap();
    assert_eq!(chain.len(), 2);
}

#[actix_web::test]
async fn an_act_that_took_the_place_of_a_lost_one_is_named_and_nothing_is_changed() {
    let restored = Restored::new().await;
    // The third entry of the batch once more, and another than the one that was published.
    let order = MintOrder { count: 7.try_into().unwrap(), scratch: false };
    let world = &restored.world;
    world.batches.mint_stamps(&Actor::operator(), BatchNo::new(1).unwrap(), order, None).await.unwrap();
    let ledger = restored.restart().await;
    let before = world.test_db.entries().await;
    let refused = ledger.recover(&restored.copy).await.unwrap_err();
    assert_eq!(refused.code(), "copy-conflicts");
    assert!(refused.to_string().contains("batch 1"), "{refused}");
    assert_eq!(world.test_db.entries().await, before);
    assert!(ledger.seal_pending().await.is_err(), "still halted");
}

#[actix_web::test]
async fn a_copy_that_is_too_old_damaged_or_of_another_ledger_is_refused_and_changes_nothing() {
    let restored = Restored::new().await;
    let ledger = restored.restart().await;
    let before = restored.world.test_db.entries().await;
    let other = World::new().await;
    other.enter_many(40).await;
    other.seal().await;
    let foreign = other.data_dir.path().join("copy");
    other.ledger.export(&foreign).await.unwrap();
    assert_eq!(ledger.recover(&foreign).await.unwrap_err().code(), "copy-not-ours");

    let bundle = format!("tile/entries/000.p/{}", restored.seen.checkpoint.size());
    let whole = fs::read(restored.copy.join(&bundle)).unwrap();
    let mut damaged = whole.clone();
    *damaged.iter_mut().rfind(|byte| byte.is_ascii_digit()).unwrap() ^= 1;
    for bytes in [&damaged[..], &whole[..whole.len() - 1]] {
        fs::write(restored.copy.join(&bundle), bytes).unwrap();
        assert!(ledger.recover(&restored.copy).await.is_err());
        assert_eq!(restored.world.test_db.entries().await, before);
        assert!(ledger.seal_pending().await.is_err(), "still halted");
    }
    fs::write(restored.copy.join(&bundle), whole).unwrap();
    ledger.recover(&restored.copy).await.unwrap();
}

#[actix_web::test]
async fn a_copy_from_before_the_last_checkpoint_is_refused() {
    let mut world = World::new().await;
    world.is_ledger_whole = false;
    let backup = world.test_db.copy("backup").await;
    world.enter(1).await;
    world.seal().await;
    let copy = world.data_dir.path().join("copy");
    world.ledger.export(&copy).await.unwrap();
    world.enter(1).await;
    world.seal().await;
    world.test_db.put_back(&backup).await;
    world.ledger.open().await.unwrap();
    assert_eq!(world.ledger.recover(&copy).await.unwrap_err().code(), "copy-too-old");
    assert_eq!(world.test_db.tree_size().await, 4);
}

#[actix_web::test]
async fn rows_that_a_superuser_cut_off_halt_the_ledger() {
    let mut world = World::new().await;
    world.is_ledger_whole = false;
    world.enter_many(6).await;
    world.seal().await;
    world.enter_many(5).await;
    world.seal().await;
    // Entries, tiles, checkpoints and size, all as they were at ten entries.
    world
        .test_db
        .tamper(
            "DELETE FROM ledger_checkpoints WHERE 10 < size; DELETE FROM ledger_entries WHERE 10 <= ledger_index;
             UPDATE ledger_tiles SET hashes = substring(hashes FROM 1 FOR 320); UPDATE ledger_state SET size = 10",
        )
        .await;
    let ledger = world.second_ledger("ledger-high-water");
    ledger.open().await.unwrap();
    assert_eq!(ledger.seal_pending().await.unwrap_err().code(), "ledger-halted");
}

#[actix_web::test]
async fn an_instance_whose_file_remembers_stops_one_that_forgot() {
    let restored = Restored::new().await;
    let world = &restored.world;
    let forgetful = world.second_ledger("a-new-file");
    world.enter_many(40).await;
    assert_eq!(forgetful.seal_pending().await.unwrap_err().code(), "ledger-mark-missing");
    // An operator gives a wrong word for it.
    forgetful.renew_mark().await.unwrap();
    seal_all(world, &forgetful).await;
    assert!(restored.seen.checkpoint.size() < mark_in(&world.data_dir.path().join("a-new-file")).unwrap());
    assert_eq!(world.ledger.seal_pending().await.unwrap_err().code(), "ledger-halted");
    assert!(world.ledger.status().await.unwrap().halted_reason.unwrap().contains("another history"));
    assert_eq!(forgetful.seal_pending().await.unwrap_err().code(), "ledger-halted");
}

#[actix_web::test]
async fn a_file_that_is_ahead_of_a_whole_database_by_a_checkpoint_alone_is_no_alarm() {
    // The process died between its high-water file and the publication.
    let world = World::new().await;
    let mut watcher = Watcher::default();
    world.enter(1).await;
    world.ledger.sequence_once().await.unwrap();
    let staged = world.ledger.stage_checkpoint().await.unwrap().unwrap();
    world.ledger.note_high_water(staged.head()).await.unwrap();
    let ledger = world.second_ledger("ledger-high-water");
    ledger.open().await.unwrap();
    let note = world.public.get("/ledger/checkpoint").await.body;
    assert_eq!(watcher.saw(&note, &world.ledger.verifier().to_string()), staged.head().size);
}
