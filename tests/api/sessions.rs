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
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort_unstable();
        pages.push(headers.join("\n") + &text.replace(&form_token_in(&text), "").replace(login, ""));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
    assert!(pages[0].contains("không đúng"));
    // With the right password the disabled account still gets that answer.
    assert_eq!(sign_in(&world.browser(), "disabled", PASSWORD).await.status, 401);
}

#[actix_web::test]
async fn every_sign_in_has_a_new_secret_and_ends_the_session_that_was_shown() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let browser = world.browser();
    // A secret that someone else planted opens nothing, before and after.
    let planted = PlainSecret::plain().unwrap().reveal().to_owned();
    browser.set_cookie(SESSION_COOKIE, &planted);
    sign_in(&browser, "known", PASSWORD).await.assert_sent_on();
    let first = browser.cookie(SESSION_COOKIE).unwrap();
    assert_ne!(first, planted);
    let stranger = world.browser();
    stranger.set_cookie(SESSION_COOKIE, &planted);
    assert_eq!(stranger.get("/account").await.status, 303);
    // Signing in again from the same browser: `/sign-in` shows no form to someone who is in, so the form is sent as it was kept.
    let visit = world.browser();
    let token = visit.form_token("/sign-in").await;
    let fields = [("form_token", token.as_str()), ("login", "known"), ("password", PASSWORD)];
    visit.set_cookie(SESSION_COOKIE, &first);
    visit.post_form("/sign-in", &fields).await.assert_sent_on();
    assert_ne!(visit.cookie(SESSION_COOKIE).unwrap(), first);
    stranger.set_cookie(SESSION_COOKIE, &first);
    assert_eq!(stranger.get("/account").await.status, 303, "the session that was shown has ended");
}

#[actix_web::test]
async fn a_form_without_its_own_sessions_token_is_refused() {
    let world = World::new().await;
    let (one, other) = (world.sign_in(Role::Office).await, world.sign_in(Role::Office).await);
    let foreign = other.form_token("/account").await;
    let own = one.form_token("/account").await;
    let action = "/account/sessions/end-others";
    for fields in
        [vec![], vec![("form_token", "")], vec![("form_token", foreign.as_str())], vec![("form_token", &own[1..])]]
    {
        let answer = one.post_form(action, &fields).await;
        assert_eq!(answer.status, 403, "{fields:?}");
        assert!(answer.text().contains("mở lại trang"));
    }
    let cross_site = one.request("POST", action).header("sec-fetch-site", "cross-site");
    let body = format!("form_token={own}");
    let cross_site = cross_site.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(one.send(cross_site).await.status, 403);
    assert_eq!(one.post_form(action, &[("form_token", &own)]).await.assert_sent_on(), "/account?done=ended");
    // Kept and sent again after signing out, it opens nothing.
    let secret = one.cookie(SESSION_COOKIE).unwrap();
    one.submit("/account", "/sign-out", &[]).await.assert_sent_on();
    one.set_cookie(SESSION_COOKIE, &secret);
    assert!(one.post_form(action, &[("form_token", &own)]).await.assert_sent_on().starts_with("/sign-in"));
}

#[actix_web::test]
async fn signing_in_takes_the_form_of_this_very_visit() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let (here, elsewhere) = (world.browser(), world.browser());
    let foreign = elsewhere.form_token("/sign-in").await;
    here.page("/sign-in").await;
    let fields = [("login", "known"), ("password", PASSWORD)];
    let with_foreign = [&[("form_token", foreign.as_str())], fields.as_slice()].concat();
    assert_eq!(here.post_form("/sign-in", &with_foreign).await.status, 403);
    assert_eq!(here.post_form("/sign-in", &fields).await.status, 403);
    assert_eq!(world.browser().post_form("/sign-in", &with_foreign).await.status, 403, "a browser without a visit");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM sessions").await, 0);
}

#[actix_web::test]
async fn wrong_passwords_are_looked_at_ever_more_slowly_for_one_login_alone() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    account(&world, "other", Role::Office).await;
    let browser = world.browser();
    for login in ["known", "unknown"] {
        for _ in 0..5 {
            assert_eq!(sign_in(&browser, login, "sai mật khẩu rồi").await.status, 401);
        }
        let mut waits = Vec::new();
        for _ in 0..3 {
            let refused = sign_in(&browser, login, PASSWORD).await;
            assert_eq!(refused.status, 429, "the right password waits as well");
            assert!(refused.text().contains("xin chờ"));
            let wait: i64 = refused.header("retry-after").parse().unwrap();
            waits.push(wait);
            world.clock.move_to(world.clock.now() + chrono::TimeDelta::seconds(wait + 1));
            assert_eq!(sign_in(&browser, login, "sai mật khẩu rồi").await.status, 401);
        }
        assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    }
    assert_eq!(sign_in(&browser, "other", PASSWORD).await.status, 303);
    // The office helps at once: a link does not wait, and clears the row.
    let known = world.accounts.find_person_by_login("known").await.unwrap().account;
    let link = world.accounts.make_link(&Actor::operator(), known.account_id).await.unwrap();
    world.accounts.choose_password(&link.secret, Password::received(PASSWORD), None).await.unwrap();
    assert_eq!(sign_in(&world.browser(), "known", PASSWORD).await.status, 303);
}

#[actix_web::test]
async fn one_network_does_not_try_many_logins_quickly() {
    let world = World::new().await;
    let browser = world.browser();
    let mut n_refused = 0;
    for n in 0..34 {
        let answer = sign_in(&browser, &format!("login{n}"), "sai mật khẩu rồi").await;
        n_refused += u32::from(answer.status == 429);
    }
    assert!(0 < n_refused, "the network was never slowed down");
}

#[actix_web::test]
async fn after_signing_in_one_is_sent_on_within_this_site_only() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    for (next, expected) in [
        ("/products?set=7&q=ch%C3%A8", "/products?set=7&q=ch%C3%A8"),
        ("//evil.example", "/desk"),
        ("/\\evil.example", "/desk"),
        ("https://evil.example/", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("/\t/evil.example", "/desk"),
    ] {
        let browser = world.browser();
        let fields = [("login", "known"), ("password", PASSWORD), ("next", next)];
        assert_eq!(browser.submit("/sign-in", "/sign-in", &fields).await.assert_sent_on(), expected, "{next:?}");
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        // Someone who is in already is sent on at once, as carefully.
        assert_eq!(browser.get(&format!("/sign-in?{query}")).await.assert_sent_on(), expected, "{next:?}");
        let page = world.browser().page(&format!("/sign-in?{query}")).await;
        let kept = format!("name=\"next\" value=\"{}\"", expected.replace('&', "&#38;"));
        assert!(page.contains(&kept), "{page}");
    }
}

#[actix_web::test]
async fn nobody_is_sent_to_sign_in_and_back_to_the_page_they_asked_for() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let browser = world.browser();
    let address = browser.get("/people?role=producer").await.assert_sent_on();
    assert_eq!(address, "/sign-in?next=%2Fpeople%3Frole%3Dproducer");
    let page = browser.page(&address).await;
    assert!(page.contains("name=\"next\" value=\"/people?role=producer\""), "{page}");
}

fn session_cookie(answer: &Answer) -> String {
    let mut lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
    lines.rfind(|line| line.contains("nguon-session")).unwrap()
}

#[actix_web::test]
async fn the_session_cookie_is_read_by_no_script_sent_by_no_other_site_and_only_over_tls() {
    let world = World::new().await;
    world.product().await;
    account(&world, "office", Role::Office).await;
    let cookie = session_cookie(&sign_in(&world.browser(), "office", PASSWORD).await);
    for part in ["__Host-nguon-session=", "; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"), "at a desk it ends with the browser: {cookie}");
    account(&world, "inspector", Role::Inspector).await;
    let cookie = session_cookie(&sign_in(&world.browser(), "inspector", PASSWORD).await);
    assert!(cookie.contains("Max-Age=7776000"), "on a phone it is kept: {cookie}");
}

#[actix_web::test]
async fn a_deployment_without_tls_has_cookies_that_work_without() {
    let world = World::at_its_own_address().await;
    account(&world, "office", Role::Office).await;
    let browser = world.browser();
    let cookie = session_cookie(&sign_in(&browser, "office", PASSWORD).await);
    assert!(cookie.starts_with("nguon-session=") && !cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    assert!(browser.page("/account").await.contains("Người Thử"));
}

#[actix_web::test]
async fn a_changed_password_ends_every_other_session_and_unused_links() {
    let world = World::new().await;
    let account_id = account(&world, "known", Role::Office).await;
    let (here, there) = (world.browser(), world.browser());
    sign_in(&here, "known", PASSWORD).await.assert_sent_on();
    sign_in(&there, "known", PASSWORD).await.assert_sent_on();
    let link = world.accounts.make_link(&Actor::operator(), account_id).await.unwrap();
    let change = async |present: &str, new: &str, repeated: &str| {
        let fields = [("present_password", present), ("password", new), ("repeated", repeated)];
        here.submit("/account", "/account/password", &fields).await
    };
    let new = "bếp lửa khói lam chiều";
    change("sai mật khẩu rồi", new, new).await.assert_refused("Mật khẩu hiện tại không đúng");
    change(PASSWORD, new, "bếp lửa").await.assert_refused("chưa giống nhau");
    change(PASSWORD, "ngắn", "ngắn").await.assert_refused("ít nhất 10 ký tự");
    change(PASSWORD, "matkhau123", "matkhau123").await.assert_refused("quá thông dụng");
    assert_eq!(there.get("/account").await.status, 200);
    assert_eq!(change(PASSWORD, new, new).await.assert_sent_on(), "/account?done=password");
    assert_eq!(here.get("/account").await.status, 200);
    assert_eq!(there.get("/account").await.status, 303);
    assert_eq!(world.accounts.find_link(&link.secret).await.unwrap_err().code(), "not-found");
    assert_eq!(sign_in(&world.browser(), "known", PASSWORD).await.status, 401);
    assert_eq!(sign_in(&world.browser(), "known", new).await.status, 303);
}

#[actix_web::test]
async fn people_see_where_they_are_signed_in_and_end_what_they_do_not_know() {
    let world = World::new().await;
    let account_id = account(&world, "known", Role::Office).await;
    let (here, phone, tablet) = (world.browser(), world.browser(), world.browser());
    sign_in(&here, "known", PASSWORD).await.assert_sent_on();
    let on_phone = world.session_of(account_id, &phone).await;
    world.session_of(account_id, &tablet).await;
    let page = here.page("/account").await;
    assert_eq!(page.matches("Trình duyệt thử").count(), 4, "each device once, and once for its button: {page}");
    let end = format!("/account/sessions/{on_phone}/end");
    here.submit("/account", &end, &[]).await.assert_sent_on();
    assert_eq!((phone.get("/account").await.status, tablet.get("/account").await.status), (303, 200));
    assert_eq!(here.submit("/account", &end, &[]).await.status, 404, "it has ended already");
    here.submit("/account", "/account/sessions/end-others", &[]).await.assert_sent_on();
    assert_eq!((here.get("/account").await.status, tablet.get("/account").await.status), (200, 303));
}

#[actix_web::test]
async fn nobody_ends_another_persons_session() {
    let world = World::new().await;
    let (one, other) = (world.sign_in(Role::Office).await, world.sign_in(Role::Inspector).await);
    let end = format!("/account/sessions/{}/end", other.session_id);
    assert_eq!(one.submit("/account", &end, &[]).await.status, 404);
    for nonsense in ["/account/sessions/0/end", "/account/sessions/x/end", "/account/sessions/99999999999/end"] {
        assert_eq!(one.submit("/account", nonsense, &[]).await.status, 404, "{nonsense}");
    }
    assert!(is_known(&world, &other).await);
}

#[actix_web::test]
async fn what_an_ended_session_looked_up_is_forgotten() {
    let world = World::new().await;
    let inspector = world.sign_in(Role::Inspector).await;
    world.sql("UPDATE sessions SET recent_lookups = '[\"1/5\"]'").await;
    inspector.submit("/account", "/sign-out", &[]).await.assert_sent_on();
    let left = "SELECT count(*) AS n FROM sessions WHERE recent_lookups <> '[]'";
    assert_eq!(world.test_db.count(left).await, 0);
}

#[actix_web::test]
async fn at_most_twenty_sessions_of_one_account_are_open() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let first = world.browser();
    sign_in(&first, "known", PASSWORD).await.assert_sent_on();
    world.move_clock_to("2026-11-22T05:10:00Z");
    for _ in 0..19 {
        let known = world.accounts.find_person_by_login("known").await.unwrap().account;
        world.session_of(known.account_id, &world.browser()).await;
    }
    sign_in(&world.browser(), "known", PASSWORD).await.assert_sent_on();
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL").await, 20);
    assert_eq!(first.get("/account").await.status, 303, "the one left alone longest made room");
}

#[actix_web::test]
async fn a_link_shows_its_form_any_number_of_times_and_sets_a_password_once() {
    let world = World::new().await;
    let account_id = account(&world, "known", Role::Office).await;
    let elsewhere = world.browser();
    sign_in(&elsewhere, "known", PASSWORD).await.assert_sent_on();
    let link = world.accounts.make_link(&Actor::operator(), account_id).await.unwrap();
    let address = format!("/link/{}", link.secret.reveal());
    let browser = world.browser();
    for _ in 0..3 {
        let answer = browser.get(&address).await;
        assert!(answer.text().contains("Người Thử") && answer.header("referrer-policy") == "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let choose = async |password: &str, repeated: &str| {
        browser.submit(&address, &address, &[("password", password), ("repeated", repeated)]).await
    };
    choose("matkhau123", "matkhau123").await.assert_refused("quá thông dụng");
    choose("con trâu đi cày", "con trâu").await.assert_refused("chưa giống nhau");
    let new = "con trâu đi cày ruộng";
    assert_eq!(choose(new, new).await.assert_sent_on(), "/desk");
    assert!(browser.page("/account").await.contains("known"));
    assert!(browser.get("/batches/99").await.text().contains("<a href=\"/desk\">Về trang chính</a>"));
    assert_eq!(elsewhere.get("/account").await.status, 303, "other sessions have ended");
    let again = world.browser().get(&address).await;
    assert_eq!(again.status, 404);
    assert!(again.text().contains("72 giờ") && again.text().contains("<a href=\"/sign-in\">Đăng nhập</a>"));
    assert_eq!(sign_in(&world.browser(), "known", new).await.status, 303);
}

#[actix_web::test]
async fn of_two_who_use_the_same_link_one_gets_in() {
    let world = World::new().await;
    let account_id = account(&world, "known", Role::Office).await;
    let link = world.accounts.make_link(&Actor::operator(), account_id).await.unwrap();
    let password = Password::received("con trâu đi cày ruộng");
    let (one, other) = tokio::join!(
        world.accounts.choose_password(&link.secret, password.clone(), None),
        world.accounts.choose_password(&link.secret, password.clone(), None),
    );
    assert_eq!(u32::from(one.is_ok()) + u32::from(other.is_ok()), 1);
}

#[actix_web::test]
async fn a_link_is_good_for_72_hours_and_until_a_newer_one_or_a_closed_door() {
    let world = World::new().await;
    let account_id = account(&world, "known", Role::Inspector).await;
    let make = async || world.accounts.make_link(&Actor::operator(), account_id).await.unwrap().secret;
    let is_good = async |secret: &PlainSecret| world.accounts.find_link(secret).await.is_ok();
    let first = make().await;
    let second = make().await;
    assert!(!is_good(&first).await && is_good(&second).await);
    world.move_clock_to("2026-11-25T04:59:00Z");
    assert!(is_good(&second).await);
    world.move_clock_to("2026-11-25T05:00:02Z");
    assert!(!is_good(&second).await);
    let used = world.accounts.choose_password(&second, Password::received("con trâu đi cày ruộng"), None).await;
    assert_eq!(used.unwrap_err().code(), "not-found");
    let third = make().await;
    world.accounts.disable_person(&Actor::operator(), account_id, 1).await.unwrap();
    assert!(!is_good(&third).await);
    let refused = world.accounts.make_link(&Actor::operator(), account_id).await.unwrap_err();
    assert_eq!(refused.code(), "account-disabled");
    for nonsense in ["x", "%00", "a'--", &"a".repeat(5_000)] {
        assert_eq!(world.browser().get(&format!("/link/{nonsense}")).await.status, 404, "{nonsense}");
    }
}

#[actix_web::test]
async fn sessions_links_and_passwords_are_stored_hashed() {
    let world = World::new().await;
    let account_id = account(&world, "known", Role::Office).await;
    let browser = world.browser();
    sign_in(&browser, "known", PASSWORD).await.assert_sent_on();
    let link = world.accounts.make_link(&Actor::operator(), account_id).await.unwrap();
    let secrets = [browser.cookie(SESSION_COOKIE).unwrap(), link.secret.reveal().to_owned()];
    for (table, secret) in ["sessions", "account_links"].iter().zip(&secrets) {
        let hashed = format!("SELECT count(*) AS n FROM {table} WHERE hash = sha256(convert_to('{secret}', 'UTF8'))");
        assert_eq!(world.test_db.count(&hashed).await, 1, "{table}");
    }
    for table in ["accounts", "sessions", "account_links", "audit_trail"] {
        for secret in secrets.iter().map(String::as_str).chain([PASSWORD]) {
            let plain = format!("SELECT count(*) AS n FROM {table} t WHERE t::text LIKE '%{secret}%'");
            assert_eq!(world.test_db.count(&plain).await, 0, "{table}");
        }
    }
}

#[actix_web::test]
async fn a_password_under_old_parameters_is_hashed_anew_when_it_is_next_used() {
    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Params, Version};

    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
    let hash = weak.hash_password(PASSWORD.as_bytes()).unwrap();
    world.sql(&format!("UPDATE accounts SET password_hash = '{hash}'")).await;
    assert_eq!(sign_in(&world.browser(), "known", PASSWORD).await.status, 303);
    let strong = "SELECT count(*) AS n FROM accounts WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
    assert_eq!(world.test_db.count(strong).await, 1);
    assert_eq!(sign_in(&world.browser(), "known", PASSWORD).await.status, 303);
}

#[actix_web::test]
async fn the_database_away_is_said_in_a_sentence_and_costs_no_attempt() {
    let world = World::new().await;
    account(&world, "known", Role::Office).await;
    let browser = world.browser();
    let token = browser.form_token("/sign-in").await;
    let fields = [("form_token", token.as_str()), ("login", "known"), ("password", PASSWORD)];
    world.sql("ALTER TABLE accounts RENAME TO accounts_away").await;
    for _ in 0..7 {
        assert_eq!(browser.post_form("/sign-in", &fields).await.status, 500);
    }
    world.sql("ALTER TABLE accounts_away RENAME TO accounts").await;
    assert_eq!(browser.post_form("/sign-in", &fields).await.status, 303);
}
