//! The daily manifest: once a day, over exactly the entries before it, with a root that anyone can compute.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nguon::merkle::{Frontier, hash_leaf};
use serde_json::json;

use crate::ledger_stage::Row;
use crate::world::World;

const TOMORROW: &str = "2026-11-23T02:00:00Z";

async fn manifests(world: &World) -> Vec<Row> {
    world.test_db.entries().await.into_iter().filter(|row| row.kind == "manifest").collect()
}

#[actix_web::test]
async fn a_manifest_is_made_once_a_day() {
    let world = World::new().await;
    let n_manifests = async || world.test_db.n_of_kind("manifest").await;
    for (instant, expected) in [
        ("2026-11-22T16:58:00Z", 0),
        ("2026-11-22T17:00:10Z", 1),
        ("2026-11-23T16:58:00Z", 1),
        ("2026-11-23T17:00:10Z", 2),
    ] {
        world.move_clock_to(instant);
        for _ in 0..2 {
            world.enter(7).await;
            world.seal().await;
        }
        assert_eq!(n_manifests().await, expected, "{instant}");
    }
}

#[actix_web::test]
async fn a_log_without_news_gets_its_manifest_all_the_same_so_that_it_is_never_stale() {
    let world = World::new().await;
    for (day, expected) in [("2026-11-23", 1), ("2026-11-24", 2), ("2026-11-25", 3)] {
        world.move_clock_to(&format!("{day}T02:00:00Z"));
        world.seal().await;
        assert_eq!(world.test_db.n_of_kind("manifest").await, expected, "{day}");
    }
}

#[actix_web::test]
async fn a_manifest_counts_the_entries_before_it_and_names_the_day() {
    let world = World::new().await;
    world.enter(7).await;
    world.move_clock_to(TOMORROW);
    world.seal().await;
    let manifest = &manifests(&world).await[0];
    let public = manifest.public();
    assert_eq!((&public["day"], &public["count"], &public["chains"]), (&json!("2026-11-23"), &json!(5), &json!(1)));
    assert_eq!(manifest.ledger_index, Some(5));
}

#[actix_web::test]
async fn its_root_is_that_of_the_ends_of_all_chains_by_batch_number() {
    let world = World::new().await;
    for batch_no in [300, 2, 41, 2, 300, 300, 1_000_000] {
        world.enter(batch_no).await;
    }
    world.move_clock_to(TOMORROW);
    world.seal().await;
    let mut heads = BTreeMap::new();
    for row in world.test_db.entries().await {
        if let (Some(batch_no), Some(n)) = (row.batch_no, row.n) {
            heads.insert(
                batch_no,
                format!("{batch_no} {n} {}\n", STANDARD.encode(tlog_tiles::record_hash(&row.bytes).0)),
            );
        }
    }
    let mut root = Frontier::default();
    for line in heads.values() {
        root.append(hash_leaf(line.as_bytes())).unwrap();
    }
    assert_eq!(manifests(&world).await[0].public()["root"], root.root().to_string());
    assert_eq!(heads.len(), 4);
}

#[actix_web::test]
async fn entries_that_wait_are_behind_the_manifest_and_not_in_it() {
    let world = World::new().await;
    world.enter(7).await;
    world.seal().await;
    world.move_clock_to(TOMORROW);
    world.enter(7).await;
    world.ledger.append_manifest().await.unwrap().unwrap();
    world.seal().await;
    let rows = world.test_db.entries().await;
    let manifest = rows.iter().find(|row| row.kind == "manifest").unwrap();
    let waiting = rows.iter().find(|row| row.n == Some(2)).unwrap();
    assert_eq!((manifest.ledger_index, &manifest.public()["count"]), (Some(5), &json!(5)));
    assert_eq!(waiting.ledger_index, Some(6));
}

#[actix_web::test]
async fn two_instances_make_one_manifest_a_day() {
    let world = World::new().await;
    let second = world.second_ledger("high-water-of-two");
    second.renew_mark().await.unwrap();
    second.open().await.unwrap();
    world.move_clock_to(TOMORROW);
    world.enter(7).await;
    let (one, other) = tokio::join!(world.ledger.seal_pending(), second.seal_pending());
    one.unwrap();
    other.unwrap();
    world.seal().await;
    assert_eq!(world.test_db.n_of_kind("manifest").await, 1);
}

#[actix_web::test]
async fn a_clock_that_was_set_back_a_day_makes_no_second_manifest() {
    let world = World::new().await;
    for instant in [TOMORROW, "2026-11-22T05:00:00Z", TOMORROW] {
        world.move_clock_to(instant);
        world.enter(7).await;
        world.seal().await;
    }
    assert_eq!(world.test_db.n_of_kind("manifest").await, 1);
}
