//! Sessions: how long they hold, what ends them, and what they open.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{AccountId, Actor, PlainSecret, Role};
use nguon::accounts::{Password, PersonDraft};
use nguon::http::Authenticate;

use crate::browser::{Browser, Person, SESSION_COOKIE, form_token_in};
use crate::world::{Answer, World};

/// A password that is taken.
const PASSWORD: &str = "con trâu đi qua cầu";

/// An account that has `PASSWORD`.
async fn account(world: &World, login: &str, role: Role) -> AccountId {
    let draft = PersonDraft::new(login, "Người Thử", role, None, None).unwrap();
    let (account_id, link) = world.accounts.invite_person(&Actor::operator(), draft).await.unwrap();
    world.accounts.choose_password(&link.secret, Password::received(PASSWORD), None).await.unwrap();
    account_id
}

async fn sign_in(browser: &Browser, login: &str, password: &str) -> Answer {
    browser.submit("/sign-in", "/sign-in", &[("login", login), ("password", password)]).await
}

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

#[actix_web::test]
async fn someone_signs_in_by_any_spelling_of_their_number_and_out_again() {
    let world = World::new().await;
    let account_id = account(&world, "0912 345 678", Role::Office).await;
    for login in ["+84912345678", "0912.345.678", " 84 912 345 678 "] {
        let browser = world.browser();
        assert_eq!(sign_in(&browser, login, PASSWORD).await.assert_sent_on(), "/desk");
        let page = browser.page("/account").await;
        assert!(page.contains("0912 345 678") && page.contains("Người Thử"), "{page}");
        let secret = browser.cookie(SESSION_COOKIE).unwrap();
        assert_eq!(browser.submit("/account", "/sign-out", &[]).await.assert_sent_on(), "/sign-in");
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
        browser.set_cookie(SESSION_COOKIE, &secret);
        assert_eq!(
            browser.get("/account").await.assert_sent_on(),
            "/sign-in?next=%2Faccount",
            "the old cookie opens nothing"
        );
    }
    let opened = format!(
        "SELECT count(*) AS n FROM audit_trail WHERE act = 'session.opened' AND account_id = {} AND details = '{{}}'",
        account_id.0
    );
    assert_eq!(world.test_db.count(&opened).await, 3);
}

#[actix_web::test]
async fn the_answer_is_the_same_for_a_wrong_password_an_unknown_login_and_a_closed_door() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let disabled = account(&world, "disabled", Role::Inspector).await;
    world.accounts.disable_person(&Actor::operator(), disabled, 1).await.unwrap();
    let draft = PersonDraft::new("invited", "Người Mới", Role::Office, None, None).unwrap();
    world.accounts.invite_person(&Actor::operator(), draft).await.unwrap();
    let mut pages = Vec::new();
    for login in ["known", "disabled", "invited", "unknown", "0912 345 678", "không phải tên"] {
        let browser = world.browser();
        let answer = sign_in(&browser, login, "con trâu đi qua sông").await;
        assert_eq!(answer.status, 401, "{login}");
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
        let text = answer.text();
        pages.push(text.replace(&form_token_in(&text), "").replace(login, ""));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
    assert!(pages[0].contains("không đúng"));
    // With the right password the disabled account still gets that answer.
    assert_eq!(sign_in(&world.browser(), "disabled", PASSWORD).await.status, 401);
}
