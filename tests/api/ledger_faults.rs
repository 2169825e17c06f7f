//! Faults in the middle: whatever step of sequencing and checkpointing was the last, a fresh process on the same database and the same
//! high-water file goes on. Nothing is lost, nothing stands twice, no gap, never two roots for a size, never a smaller size.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::time::Duration;

use chrono::{Days, NaiveDate};
use futures_util::future::join_all;
use nguon::clock::Clock;
use nguon::db::Db;
use nguon::error::Error;
use nguon::ledger::{Appended, Ledger, LedgerMarks, LedgerParts, WitnessPolicy};
use nguon::stamp::BatchNo;

use crate::ledger_stage::{enter, mark_in, seal_all};
use crate::log::{ProofFile, PublishedLog, Watcher};
use crate::world::World;

/// Every connection of the pool may be dead once.
const MAX_LOOKS: usize = 10;
/// Steps of a tick.
const N_STEPS: usize = 6;
/// As many as the house has writers in its figures.
const N_WRITERS: u32 = 32;
const ENTRIES_PER_WRITER: usize = 10;

/// Runs the first steps of a tick and then no more, as a process does that dies there.
async fn tick_until(ledger: &Ledger, n_steps: usize) -> Result<(), Error> {
    if n_steps == 0 {
        return Ok(());
    }
    ledger.finish_staged().await?;
    if n_steps == 1 {
        return Ok(());
    }
    ledger.sequence_once().await?;
    if n_steps == 2 {
        return Ok(());
    }
    ledger.append_manifest().await?;
    if n_steps == 3 {
        return Ok(());
    }
    let Some(staged) = ledger.stage_checkpoint().await? else { return Ok(()) };
    if n_steps == 4 {
        return Ok(());
    }
    let noted = ledger.note_high_water(staged.head()).await?;
    if n_steps == 5 {
        return Ok(());
    }
    ledger.publish(noted).await
}

/// A fresh process on the same database and the same high-water file.
async fn restart(world: &World) -> Ledger {
    let ledger = world.second_ledger("ledger-high-water");
    ledger.open().await.unwrap();
    ledger
}

/// Looks like a client that comes again when it is told to: a connection that died may lie in the pool until someone takes it.
async fn look(world: &World, watcher: &mut Watcher) -> u64 {
    let vkey = world.ledger.verifier().to_string();
    for _ in 0..MAX_LOOKS {
        let answer = world.public.get("/ledger/checkpoint").await;
        if answer.status == 200 {
            return watcher.saw(&answer.body, &vkey);
        }
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
    panic!("no checkpoint was served in {MAX_LOOKS} tries");
}

/// Every entry is in the published tree, once; every checkpoint ever stored is of this tree and published; the file knows the last.
async fn assert_nothing_lost(world: &World, watcher: &Watcher) {
    let log = PublishedLog::fetch_whole(&world.public).await;
    let mut rows = world.test_db.entries().await;
    rows.sort_by_key(|row| row.ledger_index);
    let stored: Vec<Vec<u8>> = rows.iter().map(|row| row.bytes.clone()).collect();
    assert!(log.entries == stored, "{} published, {} stored", log.entries.len(), stored.len());
    assert!(rows.iter().zip(0..).all(|(row, index)| row.ledger_index == Some(index)), "indexes are not contiguous");
    for row in world.test_db.checkpoints().await {
        let checkpoint = crate::log::open_checkpoint(row.note.as_bytes(), &log.vkey);
        assert!(row.is_published, "{} is still staged", row.size);
        if 0 < checkpoint.size() {
            assert_eq!(log.root_at(checkpoint.size()), *checkpoint.hash(), "the root of {}", row.size);
        }
    }
    watcher.assert_one_history(&log);
    assert_eq!(mark_in(&world.high_water_path()), Some(log.checkpoint.size()));
}

/// Every round stands a day later, so that the tick has a manifest to make.
fn stand_at_day(world: &World, n: usize) {
    let first: NaiveDate = "2026-11-23".parse().unwrap();
    let day = first.checked_add_days(Days::new(u64::try_from(n).unwrap())).unwrap();
    world.move_clock_to(&format!("{day}T02:00:00Z"));
}

#[actix_web::test]
async fn a_process_that_dies_between_any_two_steps_loses_nothing() {
    let world = World::new().await;
    let mut watcher = Watcher::default();
    for n_steps in 0..=N_STEPS {
        stand_at_day(&world, n_steps);
        world.enter(1).await;
        world.enter(2).await;
        tick_until(&restart(&world).await, n_steps).await.unwrap();
        look(&world, &mut watcher).await;
        // Those who write do not notice.
        world.enter(1).await;
        seal_all(&world, &restart(&world).await).await;
        look(&world, &mut watcher).await;
        assert_nothing_lost(&world, &watcher).await;
    }
    assert!(N_STEPS < watcher.n_seen());
}

#[actix_web::test]
async fn a_process_that_dies_again_at_any_step_while_it_recovers_loses_nothing() {
    let world = World::new().await;
    let mut watcher = Watcher::default();
    for first in 0..=N_STEPS {
        for second in 0..=N_STEPS {
            stand_at_day(&world, first * (N_STEPS + 1) + second);
            world.enter(1).await;
            tick_until(&restart(&world).await, first).await.unwrap();
            world.enter(1).await;
            // It does not even get to open itself: the tick alone must cope.
            tick_until(&world.second_ledger("ledger-high-water"), second).await.unwrap();
            look(&world, &mut watcher).await;
        }
    }
    seal_all(&world, &restart(&world).await).await;
    look(&world, &mut watcher).await;
    assert_nothing_lost(&world, &watcher).await;
}

/// What of a tick reaches the database, in its order.
const WRITES: [(&str, &str); 6] = [
    ("INSERT OR UPDATE", "ledger_tiles"),
    ("UPDATE", "ledger_entries"),
    ("UPDATE", "ledger_state"),
    ("INSERT", "ledger_entries"),
    ("INSERT", "ledger_checkpoints"),
    ("UPDATE", "ledger_checkpoints"),
];

/// From now on this write fails, as it is made or as it is committed.
async fn arm(world: &World, (write, table): (&str, &str), when: &str, does: &str) {
    let trigger = match when {
        "write" => format!("CREATE TRIGGER faulty BEFORE {write} ON {table} FOR EACH ROW"),
        _ => format!(
            "CREATE CONSTRAINT TRIGGER faulty AFTER {write} ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        ),
    };
    let sql = format!(
        "CREATE FUNCTION faulty() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} RETURN NULL; END $$;
         {trigger} EXECUTE FUNCTION faulty()"
    );
    world.sql(&sql).await;
}

/// Fails every write once, with what a plpgsql statement does; the next process goes on.
async fn check_failing_writes(when: &str, does: &str) {
    let world = World::new().await;
    let mut watcher = Watcher::default();
    for (n, write) in WRITES.into_iter().enumerate() {
        stand_at_day(&world, n);
        world.enter(1).await;
        world.enter(2).await;
        let dying = restart(&world).await;
        let published = look(&world, &mut watcher).await;
        arm(&world, write, when, does).await;
        assert!(dying.seal_pending().await.is_err(), "{write:?} did not fail");
        assert_eq!(look(&world, &mut watcher).await, published, "{write:?}: published all the same");
        world.sql("DROP FUNCTION faulty CASCADE").await;
        world.enter(2).await;
        seal_all(&world, &restart(&world).await).await;
        assert!(published < look(&world, &mut watcher).await);
        assert_nothing_lost(&world, &watcher).await;
    }
}

#[actix_web::test]
async fn a_write_that_fails_leaves_a_tick_undone_and_the_next_goes_on() {
    check_failing_writes("write", "RAISE EXCEPTION 'disk full';").await;
}

#[actix_web::test]
async fn a_commit_that_fails_leaves_a_tick_undone_and_the_next_goes_on() {
    check_failing_writes("commit", "RAISE EXCEPTION 'disk full';").await;
}

#[actix_web::test]
async fn a_connection_that_dies_at_the_commit_leaves_a_tick_undone_and_the_next_goes_on() {
    check_failing_writes("commit", "PERFORM pg_terminate_backend(pg_backend_pid());").await;
}

#[actix_web::test]
async fn a_ledger_whose_tick_failed_goes_on_by_itself() {
    let world = World::new().await;
    let mut watcher = Watcher::default();
    for write in WRITES {
        world.enter(1).await;
        if write == ("INSERT", "ledger_entries") {
            stand_at_day(&world, 0);
        }
        arm(&world, write, "commit", "RAISE EXCEPTION 'disk full';").await;
        assert!(world.ledger.seal_pending().await.is_err(), "{write:?}");
        world.sql("DROP FUNCTION faulty CASCADE").await;
        seal_all(&world, &world.ledger).await;
        look(&world, &mut watcher).await;
    }
    assert_nothing_lost(&world, &watcher).await;
}

/// An instance of its own, with connections and a high-water file of its own, which begins as a copy of the first one's.
fn instance(world: &World, file: &str) -> Ledger {
    let high_water = LedgerMarks::open(&world.data_dir.path().join(file)).unwrap();
    high_water.take_over(&world.data_dir.path().join("ledger-high-water")).unwrap();
    Ledger::new(LedgerParts {
        db: world.test_db.db.apart(2).unwrap(),
        clock: world.clock.clone(),
        signer: world.keys.room().ledger_signer().unwrap().clone(),
        high_water,
        witnesses: WitnessPolicy::default(),
    })
}

/// Commits entries of one chain one after the other, and gives what was acknowledged.
async fn write_chain(db: Db, clock: Clock, batch_no: u32) -> Vec<(u32, Appended)> {
    let mut acknowledged = Vec::new();
    while acknowledged.len() < ENTRIES_PER_WRITER {
        match enter(&db, Some(batch_no), clock.now()).await {
            Ok(appended) => acknowledged.push((batch_no, appended)),
            // The pool is smaller than the crowd: whoever waits in vain has written nothing and tries again.
            Err(Error::Unavailable(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    acknowledged
}

/// Ticks as fast as it can until it is stopped; a fault in a tick would be one of the two instances' making.
async fn tick_on(ledger: Ledger) {
    loop {
        ledger.seal_pending().await.unwrap();
        actix_web::rt::task::yield_now().await;
    }
}

#[actix_web::test]
async fn two_instances_with_files_of_their_own_never_fork_under_32_writers() {
    let world = World::new().await;
    let mut watcher = Watcher::default();
    let two = ["one", "other"].map(|file| instance(&world, file));
    for ledger in &two {
        ledger.open().await.unwrap();
    }
    let ticking = two.clone().map(|ledger| actix_web::rt::spawn(tick_on(ledger)));
    let writing =
        join_all((1..=N_WRITERS).map(|batch_no| {
            actix_web::rt::spawn(write_chain(world.test_db.db.clone(), world.clock.clone(), batch_no))
        }));
    let mut writing = std::pin::pin!(writing);
    let acknowledged: Vec<(u32, Appended)> = loop {
        tokio::select! {
            done = &mut writing => break done.into_iter().flat_map(Result::unwrap).collect(),
            () = tokio::time::sleep(Duration::from_millis(20)) => {
                // The crowd may keep the page from a connection.
                let seen = world.public.get("/ledger/checkpoint").await;
                if seen.status == 200 {
                    watcher.saw(&seen.body, &world.ledger.verifier().to_string());
                }
            }
        }
    };
    for ticks in &ticking {
        assert!(!ticks.is_finished(), "an instance could not go on");
        ticks.abort();
    }
    for ledger in &two {
        seal_all(&world, ledger).await;
    }
    seal_all(&world, &world.ledger).await;
    look(&world, &mut watcher).await;
    assert_nothing_lost(&world, &watcher).await;
    for file in ["one", "other"] {
        assert_eq!(mark_in(&world.data_dir.path().join(file)), mark_in(&world.high_water_path()), "{file}");
    }
    assert!(3 < watcher.n_seen());
    for (batch_no, appended) in acknowledged {
        let text = two[0].prove(BatchNo::new(batch_no).unwrap(), appended.n.unwrap()).await.unwrap();
        let proof = ProofFile::read(&text);
        proof.assert_proves(&world.ledger.verifier().to_string());
        assert_eq!(tlog_tiles::record_hash(&proof.extra).0, *appended.leaf_hash.as_bytes());
    }
}
