//! People and programs: who invites, changes and closes the door to whom; tokens of organisations; the commands for it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{Actor, ProducerNo, Role, Scope};
use nguon::accounts::{Password, PersonDraft};
use serde_json::json;

use crate::browser::{Browser, COMMUNE, Person};
use crate::commands::Place;
use crate::world::{Answer, TestDb, World, good_row};

const PASSWORD: &str = "con trâu đi qua cầu";

/// Fields of the form of an account.
fn fields<'f>(
    login: &'f str,
    name: &'f str,
    role: &'f str,
    producer: &'f str,
    commune: &'f str,
) -> Vec<(&'f str, &'f str)> {
    vec![("login", login), ("name", name), ("role", role), ("producer", producer), ("commune", commune)]
}

/// The one-time link's path on a page.
#[track_caller]
fn link_on(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let rest = text.split("https://tem.example.vn/link/").nth(1).unwrap_or_else(|| panic!("no link on {text}"));
    format!("/link/{}", rest.split('<').next().unwrap())
}

async fn choose_password(browser: &Browser, link: &str) -> Answer {
    browser.submit(link, link, &[("password", PASSWORD), ("repeated", PASSWORD)]).await
}

async fn id_of(world: &World, login: &str) -> i32 {
    world.accounts.find_person_by_login(login).await.unwrap().account.account_id.0
}

/// The version that the form of an account carries.
async fn version_of(world: &World, account_id: i32) -> String {
    world
        .test_db
        .count(&format!("SELECT version::bigint AS n FROM accounts WHERE account_id = {account_id}"))
        .await
        .to_string()
}

/// Sends the form of an account, as someone who has its page open.
async fn change(world: &World, who: &Person, account_id: i32, fields: Vec<(&str, &str)>) -> Answer {
    let version = version_of(world, account_id).await;
    let fields = [vec![("version", version.as_str())], fields].concat();
    let page = format!("/people/{account_id}");
    who.submit(&page, &page, &fields).await
}

async fn press(world: &World, who: &Person, account_id: i32, verb: &str) -> Answer {
    let version = version_of(world, account_id).await;
    let page = format!("/people/{account_id}");
    who.submit(&page, &format!("{page}/{verb}"), &[("version", &version)]).await
}

#[actix_web::test]
async fn the_office_invites_a_producer_who_chooses_a_password_and_is_in() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let form = office.page("/people/new?role=producer&producer=1").await;
    assert!(form.contains("value=\"1 · HTX Thử Nghiệm\""), "the producer is chosen already: {form}");
    let invited = fields("0912 345 678", "Người Mới", "producer", "thu nghiem", COMMUNE);
    let link = link_on(&office.submit("/people/new", "/people", &invited).await);
    let page = office.page(&format!("/people/{}", id_of(&world, "0912345678").await)).await;
    assert!(!page.contains(&link), "the link is shown once");

    let phone = world.browser();
    assert_eq!(choose_password(&phone, &link).await.assert_sent_on(), "/desk");
    let own = phone.page("/account").await;
    assert!(own.contains("Người Mới") && own.contains("0912 345 678") && own.contains("HTX Thử Nghiệm"), "{own}");
    let actor = actor_of(&world, &phone).await;
    assert_eq!((actor.role, actor.producer_no()), (Role::Producer, Some(ProducerNo(1))));
}

async fn actor_of(world: &World, browser: &Browser) -> Actor {
    use nguon::accounts::types::PlainSecret;
    use nguon::http::Authenticate;

    let secret = browser.cookie(crate::browser::SESSION_COOKIE).unwrap();
    world.accounts.of_session(PlainSecret::received(secret)).await.unwrap()
}

#[actix_web::test]
async fn an_invitation_that_makes_no_sense_is_refused_and_what_was_typed_stays() {
    let world = World::new().await;
    world.product().await;
    world
        .product_from(nguon::register::import::ImportRow {
            producer: "HTX Thử Nghiệm Hai".to_owned(), ..good_row()
        })
        .await;
    let office = world.sign_in(Role::Office).await;
    let name = "Người <b>Mới</b>";
    for (bad, because) in [
        (fields("0912 345 678", name, "officer", "", ""), "cần chọn một xã"),
        (fields("0912 345 678", name, "officer", "", "99999"), "Không có xã nào"),
        // Phường Nguyễn Thị Minh Khai, until 2025-06-30; the code has not been used since.
        (fields("0912 345 678", name, "officer", "", "01834"), "Không có xã nào"),
        (fields("0912 345 678", name, "producer", "", ""), "cần chọn một chủ thể"),
        (fields("0912 345 678", name, "producer", "99", ""), "Không tìm thấy chủ thể"),
        (fields("0912 345 678", name, "producer", "htx", ""), "Có 2 chủ thể khớp"),
        (fields("0912 345 678", name, "king", "", ""), "chọn vai trò"),
        (fields("không", name, "office", "", ""), "số điện thoại"),
        (fields("", name, "office", "", ""), "số điện thoại"),
        (fields("OFFICE1", name, "office", "", ""), "Đã có tài khoản"),
    ] {
        let answer = office.submit("/people/new", "/people", &bad).await;
        answer.assert_refused(because);
        let page = answer.text();
        assert!(page.contains("Người &#60;b&#62;Mới&#60;/b&#62;") && !page.contains("<b>Mới"), "{page}");
    }
    let long = "x".repeat(101);
    for name in ["", "  ", &long] {
        let bad = fields("0912 345 678", name, "office", "", "");
        office.submit("/people/new", "/people", &bad).await.assert_refused("họ và tên");
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM accounts").await, 1);
}

#[actix_web::test]
async fn what_belongs_to_another_role_is_left_out() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let both = fields("inspector9", "Thanh Tra", "inspector", "1", COMMUNE);
    link_on(&office.submit("/people/new", "/people", &both).await);
    let account = world.accounts.find_person_by_login("inspector9").await.unwrap().account;
    assert_eq!((account.producer_no(), account.commune_code()), (None, None));
}

#[actix_web::test]
async fn a_new_link_replaces_the_one_before() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let first = link_on(&office.submit("/people/new", "/people", &fields("new.one", "Người", "auditor", "", "")).await);
    let second = link_on(&press(&world, &office, id_of(&world, "new.one").await, "link").await);
    assert_eq!(world.browser().get(&first).await.status, 404);
    assert_eq!(choose_password(&world.browser(), &second).await.assert_sent_on(), "/desk");
}

#[actix_web::test]
async fn another_role_or_place_ends_the_sessions_and_another_name_does_not() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let officer = world.officer_of(COMMUNE).await;
    let id = officer.account_id.0;
    let renamed = change(&world, &office, id, fields("officer2", "Tên Khác", "officer", "", COMMUNE)).await;
    assert_eq!(renamed.assert_sent_on(), format!("/people/{id}?done=saved"));
    assert!(officer.page("/account").await.contains("Tên Khác"));
    change(&world, &office, id, fields("officer2", "Tên Khác", "officer", "", "02185")).await.assert_sent_on();
    assert_eq!(officer.get("/account").await.status, 303);
    world.session_of(officer.account_id, &officer.browser).await;
    change(&world, &office, id, fields("officer2", "Tên Khác", "producer", "1", "02185")).await.assert_sent_on();
    assert_eq!(officer.get("/account").await.status, 303);
    world.session_of(officer.account_id, &officer.browser).await;
    let actor = actor_of(&world, &officer).await;
    assert_eq!((actor.role, actor.producer_no()), (Role::Producer, Some(ProducerNo(1))));
}

#[actix_web::test]
async fn of_two_who_change_one_account_the_second_is_told_and_nothing_is_overwritten() {
    let world = World::new().await;
    let (office, other) = (world.sign_in(Role::Office).await, world.sign_in(Role::Office).await);
    let auditor = world.sign_in(Role::Auditor).await;
    let id = auditor.account_id.0;
    let stale = version_of(&world, id).await;
    change(&world, &office, id, fields("auditor3", "Tên Mới", "auditor", "", "")).await.assert_sent_on();
    let page = format!("/people/{id}");
    let late = [vec![("version", stale.as_str())], fields("auditor3", "Tên Của Tôi", "auditor", "", "")].concat();
    let answer = other.submit(&page, &page, &late).await;
    answer.assert_told();
    assert!(answer.text().contains("value=\"Tên Mới\"") && !answer.text().contains("Tên Của Tôi"));
    let refused = other.submit(&page, &format!("{page}/disable"), &[("version", &stale)]).await;
    refused.assert_told();
    // The page it was shown again on has the new version.
    let again = change(&world, &other, id, fields("auditor3", "Tên Của Tôi", "auditor", "", "")).await;
    again.assert_sent_on();
}

#[actix_web::test]
async fn a_disabled_account_is_signed_out_and_stays_out_until_it_is_enabled() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let invited = fields("new.one", "Người", "inspector", "", "");
    let link = link_on(&office.submit("/people/new", "/people", &invited).await);
    let phone = world.browser();
    choose_password(&phone, &link).await.assert_sent_on();
    let id = id_of(&world, "new.one").await;
    press(&world, &office, id, "disable").await.assert_sent_on();
    assert_eq!(phone.get("/account").await.status, 303);
    let sign_in = async || {
        let browser = world.browser();
        browser.submit("/sign-in", "/sign-in", &[("login", "new.one"), ("password", PASSWORD)]).await.status
    };
    assert_eq!(sign_in().await, 401);
    press(&world, &office, id, "disable").await.assert_told();
    press(&world, &office, id, "link").await.assert_refused("đang bị khóa");
    press(&world, &office, id, "enable").await.assert_sent_on();
    assert_eq!(sign_in().await, 303);
    assert_eq!(phone.get("/account").await.status, 303, "the old session stays ended");
}

#[actix_web::test]
async fn the_last_office_account_that_can_sign_in_is_neither_disabled_nor_given_another_role() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let other = world.sign_in(Role::Office).await;
    let (id, other_id) = (office.account_id.0, other.account_id.0);
    // The other one has no password: it could not sign in again.
    world.sql(&format!("UPDATE accounts SET password_hash = '$argon2id$' WHERE account_id = {id}")).await;
    press(&world, &office, id, "disable").await.assert_refused("tài khoản văn phòng cuối cùng");
    let demoted = change(&world, &other, id, fields("office1", "Người", "auditor", "", "")).await;
    demoted.assert_refused("tài khoản văn phòng cuối cùng");
    // One that was never used may go.
    press(&world, &office, other_id, "disable").await.assert_sent_on();
    press(&world, &office, other_id, "enable").await.assert_sent_on();
    world.sql(&format!("UPDATE accounts SET password_hash = '$argon2id$' WHERE account_id = {other_id}")).await;
    press(&world, &office, other_id, "disable").await.assert_sent_on();
    press(&world, &office, id, "disable").await.assert_refused("tài khoản văn phòng cuối cùng");
}

#[actix_web::test]
async fn two_of_the_office_who_disable_each_other_leave_one() {
    let world = World::new().await;
    let (one, other) = (world.sign_in(Role::Office).await, world.sign_in(Role::Office).await);
    world.sql("UPDATE accounts SET password_hash = '$argon2id$'").await;
    let operator = Actor::operator();
    let (first, second) = tokio::join!(
        world.accounts.disable_person(&operator, one.account_id, 1),
        world.accounts.disable_person(&operator, other.account_id, 1),
    );
    assert_eq!(u32::from(first.is_ok()) + u32::from(second.is_ok()), 1, "{first:?} {second:?}");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM accounts WHERE disabled_at IS NULL").await, 1);
}

#[actix_web::test]
async fn auditors_see_people_tokens_and_trail_and_change_none_of_them() {
    let world = World::new().await;
    let auditor = world.sign_in(Role::Auditor).await;
    let office = world.sign_in(Role::Office).await;
    let page = format!("/people/{}", office.account_id.0);
    for address in ["/people", "/tokens", "/trail", &page] {
        let text = auditor.page(address).await;
        assert!(
            !text.contains("<form method=\"post\" action=\"/people") && !text.contains("action=\"/tokens"),
            "{text}"
        );
    }
    assert_eq!(auditor.get("/people/new").await.status, 403);
    for action in ["/people", &page, &format!("{page}/disable"), &format!("{page}/link"), "/tokens"] {
        let answer = auditor.submit("/account", action, &[("version", "1")]).await;
        assert_eq!(answer.status, 403, "{action}");
    }
}

#[actix_web::test]
async fn nobody_else_sees_people() {
    let world = World::new().await;
    world.product().await;
    for role in [Role::Officer, Role::Producer, Role::Inspector] {
        let person = world.sign_in(role).await;
        for address in ["/people", "/people/1", "/people/new", "/tokens", "/trail", "/trail.csv"] {
            assert_eq!(person.get(address).await.status, 403, "{role:?} {address}");
        }
    }
}

#[actix_web::test]
async fn people_are_found_by_name_without_diacritics_by_number_producer_role_and_state() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    for (login, name, role, producer) in
        [("0912345678", "Hoàng Văn Đức", Role::Producer, Some(1)), ("thanhtra", "Lý Thị Hoà", Role::Inspector, None)]
    {
        let draft = PersonDraft::new(login, name, role, producer.map(ProducerNo), None).unwrap();
        world.accounts.invite_person(&Actor::operator(), draft).await.unwrap();
    }
    let found = async |query: &str| {
        let page = office.page(&format!("/people?{query}")).await;
        ["Hoàng Văn Đức", "Lý Thị Hoà", "Người thử office"].map(|name| page.contains(&format!("\">{name}</a></td>")))
    };
    assert_eq!(found("").await, [true, true, true]);
    assert_eq!(found("q=hoang+van+duc").await, [true, false, false]);
    assert_eq!(found("q=th%E1%BB%8B+h%C3%B2a").await, [false, true, false]);
    assert_eq!(found("q=0912.345.678").await, [true, false, false]);
    assert_eq!(found("q=thu+nghiem").await, [true, false, false]);
    assert_eq!(found("role=inspector").await, [false, true, false]);
    assert_eq!(found("state=invited&producer=1").await, [true, false, false]);
    assert_eq!(found("state=disabled").await, [false, false, false]);
    assert_eq!(found("q=%25").await, [false, false, false]);
    assert_eq!(found("q=%27%3B--&role=x&state=y").await, [false, false, false]);
}

#[actix_web::test]
async fn the_list_of_people_has_pages() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    world
        .sql("INSERT INTO accounts (login, display_name, role, created_at) SELECT 'many' || n, 'Người ' || n, 'auditor', now() FROM generate_series(1, 120) n")
        .await;
    let mut seen = 0;
    let mut address = "/people?role=auditor".to_owned();
    for expected in [50, 50, 20] {
        let page = office.page(&address).await;
        let n = page.matches("<td class=\"first\">").count();
        assert_eq!(n, expected);
        seen += n;
        address = match page.split("rel=\"next\" href=\"").nth(1) {
            Some(rest) => rest.split('"').next().unwrap().replace("&#38;", "&"),
            None => break,
        };
    }
    assert_eq!(seen, 120);
}

#[actix_web::test]
async fn members_of_one_producer_see_each_others_names_and_nobody_elses() {
    let world = World::new().await;
    world.product().await;
    world.product_from(nguon::register::import::ImportRow { producer: "HTX Khác".to_owned(), ..good_row() }).await;
    let one = world.member_of(ProducerNo(1)).await;
    let draft = |login, name, no| PersonDraft::new(login, name, Role::Producer, Some(ProducerNo(no)), None).unwrap();
    for (login, name, no) in [("colleague", "Đồng Nghiệp", 1), ("stranger", "Người Ngoài", 2)] {
        world.accounts.invite_person(&Actor::operator(), draft(login, name, no)).await.unwrap();
    }
    let page = one.page("/account").await;
    assert!(page.contains("Đồng Nghiệp") && !page.contains("Người Ngoài"), "{page}");
}

/// The token's text on the page that shows it once.
fn token_on(answer: &Answer) -> String {
    let text = answer.text();
    let rest = text.split("<code class=\"secret\">").nth(1).unwrap_or_else(|| panic!("no token on {text}"));
    rest.split('<').next().unwrap().to_owned()
}

#[actix_web::test]
async fn the_office_gives_a_producer_a_token_with_scopes_and_a_last_day() {
    let world = World::new().await;
    let batch = world.batch().await;
    let office = world.sign_in(Role::Office).await;
    let asked =
        [("name", "phần mềm HTX"), ("producer", "1 · HTX Thử Nghiệm"), ("scopes", "read"), ("expires", "2026-12-01")];
    let token = token_on(&office.submit("/tokens", "/tokens", &asked).await);
    let page = office.page("/tokens").await;
    assert!(page.contains("phần mềm HTX") && page.contains("HTX Thử Nghiệm") && !page.contains(&token));
    let program = world.public.with_token(&token);
    assert_eq!(program.get(&format!("/api/v1/batches/{}", batch.batch_no)).await.status, 200);
    let refused =
        program.post("/api/v1/batches", &json!({ "product_no": 1, "lot": "X", "packed_on": "2026-11-20" })).await;
    refused.assert_problem(403, "forbidden");
    // Good to the end of its last day in Vietnam.
    world.move_clock_to("2026-12-01T16:59:00Z");
    assert_eq!(program.get("/api/v1/batches").await.status, 200);
    world.move_clock_to("2026-12-01T17:00:02Z");
    program.get("/api/v1/batches").await.assert_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn a_token_is_ended_on_the_page_and_stays_in_the_list() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let asked = [("name", "máy in"), ("scopes", "office"), ("scopes", "scratch:read"), ("expires", "2027-11-01")];
    let token = token_on(&office.submit("/tokens", "/tokens", &asked).await);
    let program = world.public.with_token(&token);
    assert_eq!(program.get("/api/v1/batches").await.status, 200);
    let newest = world.test_db.count("SELECT max(token_id)::bigint AS n FROM tokens").await;
    let end = format!("/tokens/{newest}/revoke");
    assert_eq!(office.submit("/tokens", &end, &[]).await.assert_sent_on(), "/tokens?done=ended");
    program.get("/api/v1/batches").await.assert_problem(401, "unauthenticated");
    let page = office.page("/tokens").await;
    assert!(page.contains("đã thu hồi") && !page.contains(&end));
    assert_eq!(office.submit("/tokens", "/tokens/9999/revoke", &[]).await.status, 404);
    // Ending it twice keeps one entry of the trail.
    office.submit("/tokens", &end, &[]).await.assert_sent_on();
    let ended =
        format!("SELECT count(*) AS n FROM audit_trail WHERE act = 'token.revoked' AND thing = 'token {newest}'");
    assert_eq!(world.test_db.count(&ended).await, 1);
}

#[actix_web::test]
async fn a_token_that_makes_no_sense_is_refused() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    for (name, producer, scope, expires, because) in [
        ("", "", "read", "2026-12-01", "1 đến 100 ký tự"),
        ("x", "1", "office", "2026-12-01", "không được có quyền của văn phòng"),
        ("x", "99", "read", "2026-12-01", "Không tìm thấy chủ thể"),
        ("x", "", "all", "2026-12-01", "ít nhất một quyền"),
        ("x", "", "read", "", "chọn ngày"),
        ("x", "", "read", "2026-11-21", "từ hôm nay"),
        ("x", "", "read", "2028-11-22", "hai năm"),
    ] {
        let asked = [("name", name), ("producer", producer), ("scopes", scope), ("expires", expires)];
        office.submit("/tokens", "/tokens", &asked).await.assert_refused(because);
    }
    let direct = world.accounts.create_token("x", Some(ProducerNo(1)), &[Scope::Office], None).await;
    assert_eq!(direct.unwrap_err().code(), "invalid");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM tokens WHERE producer_no IS NOT NULL").await, 0);
}

#[actix_web::test]
async fn the_commands_make_the_first_office_account_and_help_who_is_locked_out() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    let create = ["account", "create", "--login", "0912 345 678", "--name", "Người Đầu Tiên", "--role", "office"];
    let made = place.run(&create).done();
    assert!(
        made.stdout.starts_with("https://tem.example.vn/link/") && made.stdout.lines().count() == 1,
        "{}",
        made.stdout
    );
    place.run(&create).refused("already an account");
    let officer = ["account", "create", "--login", "canbo", "--name", "Cán Bộ", "--role", "officer"];
    place.run(&officer).refused("needs a commune");
    let made = place.run(&[&officer[..], &["--commune", COMMUNE, "--json"]].concat()).done().json();
    assert_eq!((&made["login"], &made["role"]), (&json!("canbo"), &json!("officer")));
    assert!(made["link"].as_str().unwrap().starts_with("https://tem.example.vn/link/"));

    let listed = place.run(&["account", "list", "--json"]).done().json();
    let logins: Vec<_> = listed.as_array().unwrap().iter().map(|line| (&line["login"], &line["state"])).collect();
    assert_eq!(logins, [(&json!("canbo"), &json!("invited")), (&json!("+84912345678"), &json!("invited"))]);
    let listed = place.run(&["account", "list"]).done().stdout;
    assert!(listed.contains("0912 345 678") && listed.contains("Phường Bắc Kạn"), "{listed}");

    let reset = place.run(&["account", "reset", "84912345678", "--json"]).done().json();
    assert_ne!(reset["link"], made["link"]);
    assert_eq!(test_db.count("SELECT count(*) AS n FROM account_links WHERE used_at IS NULL").await, 2, "one each");
    place.run(&["account", "reset", "nobody"]).refused("no such account");
    place.run(&["account", "disable", "CANBO"]).done();
    place.run(&["account", "reset", "canbo"]).refused("disabled");
    place.run(&["account", "enable", "canbo"]).done();
    let unnamed = place.without("NGUON_PUBLIC_URL");
    unnamed.run(&["account", "reset", "canbo"]).refused("NGUON_PUBLIC_URL is not set");
    assert_eq!(
        test_db.count("SELECT count(*) AS n FROM audit_trail WHERE account_id IS NULL AND act LIKE 'account.%'").await,
        4
    );
}

#[actix_web::test]
async fn the_command_makes_a_producers_token_with_its_scopes() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.found();
    let create = |more: &[&str]| place.run(&[&["token", "create", "phần mềm", "--producer", "1"], more].concat());
    create(&[]).ended(2);
    create(&["--scope", "office"]).refused("cannot have the office's scope");
    create(&["--scope", "everything"]).ended(2);
    create(&["--scope", "read", "--scope", "stamps:mint", "--expires", "2099-12-31", "--json"]).done();
    let other = place.run(&["token", "create", "x", "--producer", "99", "--scope", "read"]);
    other.refused("no producer of this number");
    let made = "SELECT count(*) AS n FROM tokens WHERE producer_no = 1 AND scopes = '{read,stamps:mint}' \
                AND expires_at = '2099-12-31T17:00:00Z'";
    assert_eq!(test_db.count(made).await, 1);
}

#[actix_web::test]
async fn a_password_is_nobodys_to_set_but_its_persons() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let inspector = world.sign_in(Role::Inspector).await;
    let id = inspector.account_id.0;
    let with_password = [fields("inspector2", "Người", "inspector", "", ""), vec![("password", PASSWORD)]].concat();
    change(&world, &office, id, with_password).await.assert_sent_on();
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM accounts WHERE password_hash IS NOT NULL").await, 0);
    let by_inspector = world.accounts.make_link(&actor_of(&world, &inspector).await, inspector.account_id).await;
    assert_eq!(by_inspector.unwrap_err().code(), "role-forbidden");
    let password = Password::received(PASSWORD);
    let unknown = nguon::accounts::types::PlainSecret::plain().unwrap();
    let refused = world.accounts.choose_password(&unknown, password, None).await;
    assert_eq!(refused.unwrap_err().code(), "not-found");
}
