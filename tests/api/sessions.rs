//! Sessions: how long they hold, what ends them, and what they open.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{PlainSecret, Role};
use nguon::http::Authenticate;

use crate::browser::{Person, SESSION_COOKIE};
use crate::world::World;

/// Whether the person's session opens anything.
async fn is_known(world: &World, person: &Person) -> bool {
    let secret = PlainSecret::received(person.cookie(SESSION_COOKIE).unwrap());
    match world.accounts.of_session(secret).await {
        Ok(actor) => actor.account_id() == Some(person.account_id),
        Err(error) => {
            assert_eq!(error.code(), "unauthenticated");
            false
        }
    }
}

#[actix_web::test]
async fn a_session_is_its_persons_until_it_is_left_alone_too_long() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let inspector = world.sign_in(Role::Inspector).await;
    world.move_clock_to("2026-11-22T16:59:00Z");
    assert!(is_known(&world, &office).await && is_known(&world, &inspector).await);
    // Twelve hours after it was last seen, not after it began.
    world.move_clock_to("2026-11-23T04:58:00Z");
    assert!(is_known(&world, &office).await);
    world.move_clock_to("2026-11-23T17:00:00Z");
    assert!(!is_known(&world, &office).await && is_known(&world, &inspector).await);
}

#[actix_web::test]
async fn a_session_ends_after_90_days_however_much_it_is_used() {
    let world = World::new().await;
    let inspector = world.sign_in(Role::Inspector).await;
    for day in ["2026-12-20", "2027-01-18", "2027-02-15"] {
        world.move_clock_to(&format!("{day}T05:00:00Z"));
        assert!(is_known(&world, &inspector).await, "{day}");
    }
    world.move_clock_to("2027-02-20T05:01:00Z");
    assert!(!is_known(&world, &inspector).await);
}

#[actix_web::test]
async fn being_seen_is_written_down_every_five_minutes_not_with_every_page() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let seen = "SELECT extract(epoch FROM last_seen_at - created_at)::bigint AS n FROM sessions";
    world.move_clock_to("2026-11-22T05:04:00Z");
    assert!(is_known(&world, &office).await);
    assert_eq!(world.test_db.count(seen).await, 0);
    world.move_clock_to("2026-11-22T05:06:00Z");
    assert!(is_known(&world, &office).await);
    assert!((355..=365).contains(&world.test_db.count(seen).await));
}

#[actix_web::test]
async fn a_disabled_account_opens_nothing_at_once() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    assert!(is_known(&world, &office).await);
    world.sql(&format!("UPDATE accounts SET disabled_at = now() WHERE account_id = {}", office.account_id.0)).await;
    assert!(!is_known(&world, &office).await);
}
