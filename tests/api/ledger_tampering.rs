//! A superuser's hand in the database, past every trigger: whatever one byte was changed, the audit names it, and the ledger signs
//! nothing over it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::ledger::append;
use nguon::monitor::{Fault, Outcome, Problem, verify_database};
use serde_json::json;

use crate::commands::Place;
use crate::ledger_stage::draft;
use crate::world::World;

/// Entries of the log: two tiles of leaves, and one hash above them.
const SIZE: i64 = 304;

/// A world with a log of 304 entries, all published: the last four belong to batch 7, of which the very last has private data.
async fn stage() -> World {
    let mut world = World::new().await;
    world.is_ledger_whole = false;
    world.enter_many(296).await;
    for _ in 0..3 {
        world.enter(7).await;
    }
    let now = world.clock.now();
    let mut with_private = draft(Some(7), json!({}), now);
    with_private.private = Some(json!({ "name": "Nguyễn Thị Ví Dụ" }));
    append(&mut world.test_db.db.conn().await.unwrap(), &with_private, now).await.unwrap();
    world.seal().await;
    assert_eq!(world.test_db.tree_size().await, SIZE);
    world
}

async fn problems(world: &World) -> Vec<Problem> {
    verify_database(&world.test_db.db, world.ledger.verifier()).await.unwrap().problems
}

/// Changes the database, expects the audit to name exactly this among what it finds, takes the change back, and expects silence.
async fn check_named(world: &World, change: &str, undo: &str, index: Option<u64>, fault: &Fault) {
    world.test_db.tamper(change).await;
    let found = problems(world).await;
    let is_named = found.iter().any(|problem| (problem.place.index, &problem.fault) == (index, fault));
    assert!(is_named, "{change}: {found:?}");
    world.test_db.tamper(undo).await;
    assert_eq!(problems(world).await, [], "{undo}");
}

/// A change that takes itself back when it is made once more.
async fn check_flip(world: &World, change: &str, index: Option<u64>, fault: Fault) {
    check_named(world, change, change, index, &fault).await;
}

fn flip(column: &str, at: u32) -> String {
    format!("{column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1)")
}

fn flip_entry(column: &str, at: u32, index: u32) -> String {
    format!("UPDATE ledger_entries SET {} WHERE ledger_index = {index}", flip(column, at))
}

#[actix_web::test]
async fn a_log_that_nobody_touched_has_no_problems() {
    let world = stage().await;
    let report = verify_database(&world.test_db.db, world.ledger.verifier()).await.unwrap();
    assert_eq!((report.outcome, report.size, report.problems), (Outcome::Whole, 304, vec![]));
}

#[actix_web::test]
async fn a_flipped_byte_of_an_entry_names_its_index_wherever_it_is() {
    let world = stage().await;
    for (index, at) in [(0, 0), (100, 40), (255, 90), (256, 7), (303, 60)] {
        let change = flip_entry("bytes", at, index);
        check_flip(&world, &change, Some(index.into()), Fault::Column("bytes")).await;
    }
}

#[actix_web::test]
async fn a_flipped_byte_of_a_leaf_hash_names_the_index() {
    let world = stage().await;
    for (index, at) in [(0, 0), (255, 31), (303, 16)] {
        let change = flip_entry("leaf_hash", at, index);
        check_flip(&world, &change, Some(index.into()), Fault::Column("leaf_hash")).await;
    }
}

#[actix_web::test]
async fn a_flipped_byte_of_a_tile_names_the_entry_or_the_tile() {
    let world = stage().await;
    let tile = |level: u8, index: u32, at: u32| {
        format!("UPDATE ledger_tiles SET {} WHERE level = {level} AND tile_index = {index}", flip("hashes", at))
    };
    let leaf = |tile: &str| Fault::Leaf { tile: tile.to_owned() };
    check_flip(&world, &tile(0, 0, 100 * 32), Some(100), leaf("tile/0/000")).await;
    let above = Fault::Tile { tile: "tile/1/000.p/1".to_owned() };
    check_flip(&world, &tile(1, 0, 5), Some(0), above).await;
    let found = {
        world.test_db.tamper(&tile(0, 1, 40 * 32)).await;
        problems(&world).await
    };
    assert!(found.iter().any(|problem| problem.place.index == Some(296)), "{found:?}");
}

#[actix_web::test]
async fn every_column_beside_the_bytes_is_compared_with_them() {
    let world = stage().await;
    let set = |set: &str| format!("UPDATE ledger_entries SET {set} WHERE ledger_index = 301");
    for (column, change, undo) in [
        ("kind", "kind = 'recalled'", "kind = 'inspection'"),
        ("batch_no", "batch_no = 8", "batch_no = 7"),
        ("n", "n = 9", "n = 2"),
        ("declared_at", "declared_at = declared_at + interval '1 ms'", "declared_at = declared_at - interval '1 ms'"),
        ("recorded_at", "recorded_at = recorded_at - interval '1 day'", "recorded_at = recorded_at + interval '1 day'"),
    ] {
        check_named(&world, &set(change), &set(undo), Some(301), &Fault::Column(column)).await;
    }
}

#[actix_web::test]
async fn entries_in_each_others_places_are_named() {
    let world = stage().await;
    let swap = "UPDATE ledger_entries SET ledger_index = 5000 WHERE ledger_index = 10;
        UPDATE ledger_entries SET ledger_index = 10 WHERE ledger_index = 11;
        UPDATE ledger_entries SET ledger_index = 11 WHERE ledger_index = 5000";
    let leaf = Fault::Leaf { tile: "tile/0/000".to_owned() };
    check_flip(&world, swap, Some(10), leaf).await;
}

/// Takes rows away, and how they are put back.
fn take_away(table: &str, which: &str) -> (String, String) {
    let change = format!("CREATE TABLE kept AS SELECT * FROM {table} WHERE {which}; DELETE FROM {table} WHERE {which}");
    let undo = format!("INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept");
    (change, undo)
}

#[actix_web::test]
async fn an_entry_or_a_tile_that_was_taken_away_is_missed() {
    let world = stage().await;
    let (change, undo) = take_away("ledger_entries", "ledger_index = 50");
    check_named(&world, &change, &undo, Some(50), &Fault::NoEntry).await;
    let (change, undo) = take_away("ledger_tiles", "level = 0 AND tile_index = 1");
    let fault = Fault::StoredTile { tile: "tile/0/001.p/48".to_owned() };
    check_named(&world, &change, &undo, Some(256), &fault).await;
}

#[actix_web::test]
async fn an_entry_cut_off_at_the_end_contradicts_the_checkpoint_and_the_size() {
    let world = stage().await;
    world.test_db.tamper("DELETE FROM ledger_private").await;
    let (change, undo) = take_away("ledger_entries", "ledger_index = 303");
    check_named(&world, &change, &undo, None, &Fault::StoredCheckpoint { size: SIZE, what: "size" }).await;
    check_named(&world, &change, &undo, None, &Fault::Size { said: SIZE }).await;
}

#[actix_web::test]
async fn a_checkpoint_that_was_changed_is_named_by_its_size() {
    let world = stage().await;
    let told = |what| Fault::StoredCheckpoint { size: SIZE, what };
    let note = |from: i64, to: i64| {
        format!(
            "UPDATE ledger_checkpoints SET note = replace(note, E'\\n{from}\\n', E'\\n{to}\\n') WHERE size = {SIZE}"
        )
    };
    check_named(&world, &note(SIZE, 305), &note(305, SIZE), None, &told("note")).await;
    let root = format!("UPDATE ledger_checkpoints SET {} WHERE size = {SIZE}", flip("root", 9));
    check_flip(&world, &root, None, told("root")).await;
}

#[actix_web::test]
async fn private_data_that_was_changed_does_not_fit_the_hash_in_its_entry() {
    let world = stage().await;
    for column in ["data", "salt"] {
        let change = format!("UPDATE ledger_private SET {}", flip(column, 3));
        check_flip(&world, &change, Some(303), Fault::Private).await;
    }
}

#[actix_web::test]
async fn a_pending_entry_that_was_changed_is_named_by_its_row() {
    let world = stage().await;
    world.enter(9).await;
    world.test_db.tamper(&format!("UPDATE ledger_entries SET {} WHERE batch_no = 9", flip("leaf_hash", 1))).await;
    let found = problems(&world).await;
    let entry_no = world.test_db.count("SELECT entry_no AS n FROM ledger_entries WHERE batch_no = 9").await;
    let is_named =
        found.iter().any(|it| (it.place.entry_no, &it.fault) == (Some(entry_no), &Fault::Column("leaf_hash")));
    assert!(is_named, "{found:?}");
}

/// Nothing is signed, and the ledger says that it is halted.
async fn assert_halts(world: &World) {
    let before = world.test_db.checkpoints().await;
    assert_eq!(world.ledger.seal_pending().await.unwrap_err().code(), "ledger-halted");
    assert_eq!(world.test_db.checkpoints().await, before, "signed all the same");
    assert!(world.ledger.status().await.unwrap().halted_reason.is_some());
}

#[actix_web::test]
async fn a_pending_entry_that_was_changed_never_gets_a_place() {
    let world = stage().await;
    world.enter(9).await;
    world.test_db.tamper(&format!("UPDATE ledger_entries SET {} WHERE batch_no = 9", flip("bytes", 40))).await;
    assert_halts(&world).await;
    assert_eq!(world.test_db.tree_size().await, SIZE);
}

#[actix_web::test]
async fn a_pending_entry_whose_predecessor_was_taken_away_never_gets_a_place() {
    let world = stage().await;
    world.enter(9).await;
    world.enter(9).await;
    world.test_db.tamper("DELETE FROM ledger_entries WHERE batch_no = 9 AND n = 1").await;
    assert_halts(&world).await;
}

#[actix_web::test]
async fn a_tile_of_the_edge_that_was_changed_is_not_signed() {
    let world = stage().await;
    let change = format!("UPDATE ledger_tiles SET {} WHERE level = 0 AND tile_index = 1", flip("hashes", 40));
    world.test_db.tamper(&change).await;
    world.enter(9).await;
    assert_halts(&world).await;
}

#[actix_web::test]
async fn a_tile_above_the_leaves_that_was_changed_is_not_signed() {
    let world = stage().await;
    world.test_db.tamper(&format!("UPDATE ledger_tiles SET {} WHERE level = 1", flip("hashes", 5))).await;
    world.enter(9).await;
    assert_halts(&world).await;
}

#[actix_web::test]
async fn a_size_that_was_changed_is_noticed_and_not_signed() {
    let world = stage().await;
    world.test_db.tamper("UPDATE ledger_state SET size = 303").await;
    let found = problems(&world).await;
    assert!(found.iter().any(|problem| problem.fault == Fault::Size { said: 303 }), "{found:?}");
    world.enter(9).await;
    assert_halts(&world).await;
}

#[actix_web::test]
async fn the_command_ends_with_4_and_names_the_entry_in_both_languages() {
    let world = stage().await;
    let data = world.data_dir.path().to_str().unwrap();
    let place = Place::on(&world.test_db).await.with("NGUON_DATA", data);
    let audit = |arguments: &[&str]| place.run(&[&["audit", "--database"], arguments].concat());
    audit(&[]).done();
    for (change, named) in [
        (flip_entry("bytes", 40, 271), "271"),
        (flip_entry("leaf_hash", 4, 272), "272"),
        ("UPDATE ledger_entries SET kind = 'recalled' WHERE ledger_index = 301".to_owned(), "301"),
    ] {
        world.test_db.tamper(&change).await;
        let said = audit(&[]).ended(4);
        assert!(format!("{}{}", said.stdout, said.stderr).contains(named), "{change}: {}{}", said.stdout, said.stderr);
    }
    let json = audit(&["--json"]).ended(4).json();
    assert!(json.to_string().contains("271"), "{json}");
}
