//! The database away: every page and every answer to a program says so in a sentence, soon, and nobody is signed out by it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nguon::accounts::Accounts;
use nguon::accounts::types::{PlainSecret, Role};
use nguon::batches::{Batches, BatchesParts, HighWater};
use nguon::cli::server::{Services, route_table, start};
use nguon::db::Db;
use nguon::http::Route;
use nguon::keys::{Keys, Secret};
use nguon::register::Register;
use nguon::stamp::Issuer;
use nguon::verify::{Cards, Verifier};

use crate::browser::{Browser, Person, SESSION_COOKIE};
use crate::roles::{Caller, VISIT_COOKIE, may_call};
use crate::two::{Two, address_of, is_of_programs};
use crate::world::{Answer, ISSUER, TestDb, World, ledger_on, settings, trace_on};

/// Waiting for a place in the pool and for a connection takes seven seconds at the most; nobody waits until the request as a
/// whole is given up.
const IN_TIME: Duration = Duration::from_secs(10);

impl TestDb {
    /// Ends every connection and takes no new one, or takes them again.
    async fn take_connections(&self, takes: bool) {
        let name = &self.name;
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        self.admin_sql(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {takes}")).await;
        self.admin_sql(&end).await;
    }
}

/// Why this answer is none for a day without the database, if it is.
fn fault(answer: &Answer, took: Duration) -> Option<String> {
    let says_so = answer.text().contains("hưa kết nối được");
    let is_good = answer.status == 503 && says_so && !answer.header("retry-after").is_empty();
    let keeps_session = answer.headers.get("set-cookie").is_none();
    let is_soon = took < IN_TIME;
    let line = || format!("{} {} after {took:?}: {}", answer.status, answer.header("location"), answer.text());
    (!is_good || !keeps_session || !is_soon).then(line)
}

async fn timed(asking: impl Future<Output = Answer>) -> (Answer, Duration) {
    let begun = Instant::now();
    let answer = asking.await;
    (answer, begun.elapsed())
}

async fn ask(two: &Two, person: &Person, route: &Route, path: &str) -> Answer {
    if is_of_programs(route) {
        let request = two.world.office.request(route.method, path).header("Idempotency-Key", "k");
        let body = if route.path.ends_with("/stamps") { r#"{"count": 1}"# } else { "{}" };
        let request = request.header("content-type", "application/json").body(body);
        return two.world.office.send(request).await;
    }
    if route.method == "GET" {
        return person.get(path).await;
    }
    let token = PlainSecret::received(person.cookie(SESSION_COOKIE).unwrap()).form_token().as_str().to_owned();
    person.post_form(path, &[("form_token", &token), ("version", "1")]).await
}

#[actix_web::test]
async fn every_page_and_form_says_that_the_register_is_away_and_nobody_is_signed_out() {
    let two = Two::new().await;
    let people = [
        (Caller::Office, two.world.sign_in(Role::Office).await),
        (Caller::Producer, two.world.sign_in(Role::Producer).await),
        (Caller::Inspector, two.world.sign_in(Role::Inspector).await),
    ];
    // A page that was just open has left connections in the pool.
    for (_, person) in &people {
        assert_eq!(person.get("/desk").await.status, 200);
    }
    two.world.test_db.take_connections(false).await;
    let mut faults = Vec::new();
    for route in route_table().iter().filter(|route| !may_call(route, Caller::Nobody)) {
        let path = address_of(route, &two.one);
        for (caller, person) in &people {
            if may_call(route, *caller) || is_of_programs(route) {
                let (answer, took) = timed(ask(&two, person, route, &path)).await;
                faults.extend(
                    fault(&answer, took).map(|fault| format!("{} {path} as {caller:?}: {fault}", route.method)),
                );
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    two.world.test_db.take_connections(true).await;
    for (_, person) in &people {
        assert_eq!(person.get("/desk").await.status, 200, "the session holds when the register is back");
    }
}

#[actix_web::test]
async fn open_pages_answer_from_memory_or_say_that_the_register_is_away() {
    let mut two = Two::new().await;
    two.one.extend([("hash", "0".to_owned()), ("name", "app.css".to_owned())]);
    let browser = two.world.browser();
    two.world.test_db.take_connections(false).await;
    let mut faults = Vec::new();
    for route in route_table().iter().filter(|route| may_call(route, Caller::Nobody) && route.method == "GET") {
        let path = address_of(route, &two.one);
        let (answer, took) = timed(browser.get(&path)).await;
        // What is no page of the register's (a style sheet's old address) is not there, register or not.
        let is_without_it = answer.status < 400 || route.path.starts_with("/static/");
        let is_program = is_of_programs(route);
        if !is_without_it && !is_program {
            faults.extend(fault(&answer, took).map(|fault| format!("{path}: {fault}")));
        } else if 500 <= answer.status && answer.status != 503 {
            faults.push(format!("{path}: {}", answer.status));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn signing_in_and_links_say_that_the_register_is_away() {
    let two = Two::new().await;
    let browser = two.world.browser();
    let visit = PlainSecret::plain().unwrap();
    browser.set_cookie(VISIT_COOKIE, visit.reveal());
    let token = visit.form_token().as_str().to_owned();
    two.world.test_db.take_connections(false).await;
    let link = format!("/link/{}", two.one["secret"]);
    let password = "con trâu đi qua cầu";
    for (path, fields) in [
        ("/sign-in", [("login", "member1"), ("password", password)]),
        (link.as_str(), [("password", password), ("repeated", password)]),
    ] {
        let fields = [&[("form_token", token.as_str())], &fields[..]].concat();
        let (answer, took) = timed(browser.post_form(path, &fields)).await;
        assert_eq!(fault(&answer, took), None, "{path}");
    }
}

/// A server whose database takes connections and never says a word.
fn server_with_a_silent_database(world: &World) -> (actix_web::dev::ServerHandle, String, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://nguon@{}/nguon", silent.local_addr().unwrap());
    let db = Db::new(&url, tokio::runtime::Handle::current()).unwrap();
    let (clock, issuer) = (world.clock.clone(), Issuer::new(ISSUER).unwrap());
    let data_dir = world.data_dir.path();
    let secret = Secret::read(&data_dir.join("secret")).unwrap();
    let keys = Keys::new(db.clone(), clock.clone(), secret, issuer.clone());
    let register = Register::new(db.clone(), clock.clone());
    let batches = Batches::new(BatchesParts {
        db: db.clone(),
        clock: clock.clone(),
        keys: keys.clone(),
        register: register.clone(),
        issuer: issuer.clone(),
        high_water: HighWater::open(&data_dir.join("high-water-2")).unwrap(),
    });
    let cards = Arc::new(Cards::new(db.clone(), clock.clone()));
    let verifier = Arc::new(Verifier::new(clock.clone(), keys.clone(), issuer, cards));
    let accounts = Accounts::new(db.clone(), clock.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let settings = settings(&[]);
    let ledger = ledger_on(&db, &clock, &world.keys, &data_dir.join("ledger-high-water-2"));
    let trace = trace_on(&db, &clock, &ledger, data_dir);
    let services =
        Services { db, clock, settings, keys, ledger, accounts, register, batches, trace, verifier, is_demo: false };
    let server = start(listener, services).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (handle, base_url, silent)
}

#[actix_web::test]
async fn a_database_that_says_nothing_is_given_up_in_time() {
    let world = World::new().await;
    let (server, base_url, _silent) = server_with_a_silent_database(&world);
    let browser = Browser::at(&base_url);
    browser.set_cookie(SESSION_COOKIE, PlainSecret::plain().unwrap().reveal());
    let ask = async |path: &'static str| (path, timed(browser.get(path)).await);
    let asked = [
        "/desk",
        "/products",
        "/batches",
        "/people",
        "/",
        "/p/1",
        "/desk",
        "/desk",
        "/desk",
        "/desk",
        "/desk",
        "/desk",
    ];
    for (path, (answer, took)) in futures_util::future::join_all(asked.map(ask)).await {
        assert_eq!(fault(&answer, took), None, "{path}");
    }
    drop(server.stop(false));
}
