//! Setting a deployment up and keeping it: `init`, `migrate`, `keys`, `token`, `label`, and `serve` with what it refuses.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use nguon::stamp::BatchNo;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::commands::{Place, Server};
use crate::world::{Client, TestDb};

#[track_caller]
fn assert_private(path: &Path) {
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", path.display());
}

/// The states of the stamp keys by number.
fn stamp_keys(place: &Place) -> Vec<(u64, String)> {
    let listed = place.run(&["keys", "list", "--json"]).done().json();
    let keys = listed.as_array().unwrap().iter().filter(|key| key["purpose"] == "stamp");
    keys.map(|key| (key["key_no"].as_u64().unwrap(), key["status"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn init_makes_secret_token_and_keys_once() {
    let place = Place::new();
    let said = place.run(&["init"]).done().stdout;
    for file in ["secret", "office.token", "high-water"] {
        let path = place.data().join(file);
        assert!(said.contains(path.to_str().unwrap()), "{file}: {said}");
    }
    assert_private(&place.data().join("secret"));
    assert_private(&place.data().join("office.token"));
    let token = fs::read_to_string(place.data().join("office.token")).unwrap();
    assert!(!said.contains(token.trim()), "the token was printed");

    place.run(&["init"]).refused("already set up");
    assert_eq!(place.run(&["init", "--if-missing"]).done().stdout, "");
    assert_eq!(fs::read_to_string(place.data().join("office.token")).unwrap(), token);
    assert_eq!(stamp_keys(&place), [(1, "active".to_owned())]);
    assert!(place.postgres_processes().is_empty(), "Postgres was left running");
}

#[test]
fn init_without_an_issuer_names_the_variable() {
    let place = Place::new().without("NGUON_ISSUER");
    place.run(&["init"]).refused("NGUON_ISSUER is not set");
    assert!(!place.data().exists(), "something was made");
}

#[test]
fn init_for_the_demos_issuer_is_refused() {
    let place = Place::new().with("NGUON_ISSUER", "demo.invalid");
    place.run(&["init"]).refused("demo.invalid belongs to the demo");
}

#[actix_web::test]
async fn migrate_prepares_an_empty_database_and_then_has_nothing_to_do() {
    let test_db = TestDb::new().await;
    test_db.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
    let place = Place::on(&test_db).await;
    place.run(&["serve"]).refused("run: nguon migrate");
    let first = place.run(&["migrate"]).done().stdout;
    assert!(!first.contains(" 0 bước"), "{first}");
    assert!(place.run(&["migrate"]).done().stdout.contains(" 0 bước"));
}

#[actix_web::test]
async fn a_key_is_made_retired_and_disowned_but_the_last_active_one_stays() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    place.run(&["keys", "retire", "1"]).refused("last active key");
    assert_eq!(place.run(&["keys", "new", "--json"]).done().json(), json!({ "purpose": "stamp", "key_no": 2 }));
    place.run(&["keys", "retire", "1"]).done();
    place.run(&["keys", "mark-compromised", "1"]).done();
    place.run(&["keys", "retire", "2"]).refused("last active key");
    let states = [(1, "compromised".to_owned()), (2, "active".to_owned())];
    assert_eq!(stamp_keys(&place), states);
    place.run(&["keys", "retire", "9"]).refused("of this number");
    place.run(&["keys", "retire", "4096"]).refused("of this number");
    place.run(&["keys", "new", "--purpose", "door"]).ended(2);
}

#[actix_web::test]
async fn new_stamps_are_signed_by_the_new_key_and_old_ones_still_verify() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    let old = place.mint(batch_no, 1);
    place.run(&["keys", "new"]).done();
    place.run(&["keys", "retire", "1"]).done();
    let new = place.mint(batch_no, 1);
    assert_eq!((&old["key_no"], &new["key_no"]), (&json!(1), &json!(2)));
    for minted in [old, new] {
        place.run(&["verify", minted["first_stamp"]["digits"].as_str().unwrap()]).done();
    }
}

#[actix_web::test]
async fn a_token_works_until_it_is_revoked() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    let made = place.run(&["token", "create", "xưởng in", "--json"]).done().json();
    let server = place.start("serve");
    let status = async |token: &str| Client::new(&server.base_url, Some(token)).get("/api/v1/batches").await.status;
    let token = made["token"].as_str().unwrap();
    assert_eq!(status(token).await, 200);
    place.run(&["token", "revoke", &made["token_id"].to_string()]).done();
    assert_eq!(status(token).await, 401);
    place.run(&["token", "revoke", "999"]).refused("of this number");
    place.run(&["token", "create", "x", "--scope", "everything"]).ended(2);
}

#[actix_web::test]
async fn a_label_is_written_by_the_ending_of_its_name() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found().to_string();
    place.mint(1, 100);
    let write = |name: &str| place.run(&["label", &batch_no, "--out", name]);
    for (name, head) in [("a.svg", "<svg"), ("a.png", "\u{fffd}PNG"), ("a.html", "<!DOCTYPE html>")] {
        write(name).done();
        let bytes = fs::read(place.path(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.to_lowercase().starts_with(&head.to_lowercase()), "{name}");
    }
    let sheet = fs::read_to_string(place.path("a.html")).unwrap();
    assert!(!sheet.contains("TRÌNH DIỄN"), "a real label is marked as a demonstration");
    place.run(&["verify", place.path("a.png").to_str().unwrap()]).done();
    for name in ["a.pdf", "a", "a.SVG2"] {
        write(name).refused(".svg, .png or .html");
        assert!(!place.path(name).exists(), "{name}");
    }
    let many = ["label", &batch_no, "--first", "1", "--last", "2", "--out", "b.svg"];
    place.run(&many).refused("one stamp");
    let narrow = ["label", &batch_no, "--carrier", "full", "--width-mm", "17", "--out", "b.svg"];
    place.run(&narrow).refused("18");
    assert!(!place.path("b.svg").exists());
}

#[test]
fn serve_refuses_each_nonsense_with_one_sentence_that_names_the_variable() {
    let cases = [
        ("NGUON_PUBLIC_URL", "http://tem.example.vn", "NGUON_PUBLIC_URL must start with https://"),
        ("NGUON_PUBLIC_URL", "https://203.0.113.7", "NGUON_PUBLIC_URL must name a real host"),
        ("NGUON_PUBLIC_URL", "https://[2001:db8::1]", "NGUON_PUBLIC_URL must name a real host"),
        ("NGUON_PUBLIC_URL", "https://localhost", "NGUON_PUBLIC_URL must name a real host"),
        ("NGUON_PUBLIC_URL", "", "NGUON_PUBLIC_URL is not set"),
        ("NGUON_CONTACT", "", "NGUON_CONTACT is not set"),
        ("NGUON_ISSUER_NAME", "", "NGUON_ISSUER_NAME is not set"),
        ("NGUON_ISSUER", "", "NGUON_ISSUER is not set"),
        ("NGUON_HTTP", "8080", "NGUON_HTTP must be"),
        ("NGUON_TRUSTED_PROXIES", "all", "NGUON_TRUSTED_PROXIES must be"),
        ("DATABASE_URL", "postgresql://u:p@127.0.0.1/d?sslmode=require", "DATABASE_URL asks for TLS"),
        ("DATABASE_PASSWORD_FILE", "/nowhere/password", "DATABASE_PASSWORD_FILE"),
    ];
    for (name, value, because) in cases {
        let mut place = Place::new().with(name, value);
        if name == "DATABASE_PASSWORD_FILE" {
            place = place.with("DATABASE_URL", "postgresql://u@127.0.0.1/d");
        }
        let said = place.run(&["serve"]).refused(because);
        assert!(said.stdout.is_empty() && !place.data().exists(), "{name}");
    }
}

#[test]
fn serve_names_the_variable_when_the_port_is_in_use() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let place = Place::new().with("NGUON_HTTP", &address);
    let said = place.run(&["serve"]).refused("NGUON_HTTP");
    assert!(said.stderr.contains(&address), "{}", said.stderr);
    assert!(!place.data().exists(), "something was made");
}

#[actix_web::test]
async fn serve_refuses_a_database_that_was_not_initialised() {
    let test_db = TestDb::new().await;
    Place::on(&test_db).await.run(&["serve"]).refused("nguon init");
}

#[actix_web::test]
async fn serve_refuses_another_issuer_than_the_stored_one() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    let said = place.with("NGUON_ISSUER", "other.example.vn").run(&["serve"]);
    said.refused("NGUON_ISSUER is other.example.vn");
}

#[actix_web::test]
async fn serve_refuses_a_secret_that_others_may_read() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    fs::set_permissions(place.data().join("secret"), fs::Permissions::from_mode(0o644)).unwrap();
    place.run(&["serve"]).refused("chmod 600");
}

#[actix_web::test]
async fn serve_prints_what_is_set_and_hides_the_database_password() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.run(&["init"]).done();
    let server = place.start("serve");
    let url: url::Url = test_db.url().await.parse().unwrap();
    let said = server.said();
    assert!(said.contains("NGUON_CONTACT = 0208 000 000"), "{said}");
    assert!(said.contains("DATABASE_URL = ") && !said.contains(url.password().unwrap()), "{said}");
}

#[actix_web::test]
async fn serve_runs_beside_commands_and_leaves_no_postgres_behind() {
    let place = Place::new();
    place.run(&["init"]).done();
    let server = place.start("serve");
    let batch_no = place.open_batch();
    assert_eq!(place.mint(batch_no, 5)["last"], 5);
    place.run(&["keys", "list", "--json"]).done();
    let public = Client::new(&server.base_url, None);
    assert_eq!(public.get("/readyz").await.status, 200, "a command stopped the server's Postgres");

    server.stop(Signal::SIGTERM);
    assert_eq!(place.postgres_processes(), Vec::<std::path::PathBuf>::new());
    place.start("serve").stop(Signal::SIGINT);
    assert_eq!(place.postgres_processes(), Vec::<std::path::PathBuf>::new());
}

#[actix_web::test]
async fn a_running_server_signs_under_the_new_key_as_soon_as_the_command_ends() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    let server = place.start("serve");
    let office = office(&place, &server);
    let order = json!({ "count": 1 });
    assert_eq!(office.order(batch(batch_no), "before", &order).await.status, 201);
    place.run(&["keys", "new"]).done();
    place.run(&["keys", "retire", "1"]).done();
    let minted = office.order(batch(batch_no), "after", &order).await.json();
    let digits = minted["first_stamp"]["digits"].as_str().unwrap();
    let answer = office.get_json(&format!("/s/{digits}")).await.json();
    assert_eq!(answer["facts"]["key"], json!({ "state": "active", "key_no": 2 }));
}

#[actix_web::test]
async fn a_mint_of_no_stamps_or_too_many_is_refused_and_uses_no_serial() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found().to_string();
    place.run(&["mint", &batch_no, "0"]).refused("at least 1");
    place.run(&["mint", &batch_no, "16777216"]).ended(1);
    place.run(&["mint", &batch_no, "-1"]).ended(2);
    place.run(&["mint", &batch_no, "5000000000"]).ended(2);
    place.run(&["mint", "99", "1"]).refused("of this number");
    place.run(&["mint", "0", "1"]).ended(1);
    assert_eq!(place.mint(1, 1)["first"], 1);
}

/// The office at a running server.
fn office(place: &Place, server: &Server) -> Client {
    let token = fs::read_to_string(place.data().join("office.token")).unwrap();
    Client::new(&server.base_url, Some(token.trim()))
}

fn batch(batch_no: u64) -> BatchNo {
    BatchNo::new(u32::try_from(batch_no).unwrap()).unwrap()
}

#[actix_web::test]
async fn what_a_server_hands_out_after_a_mint_command_is_in_the_high_water_file() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    let server = place.start("serve");
    let office = office(&place, &server);
    place.mint(batch_no, 5);
    let minted = office.order(batch(batch_no), "order-1", &json!({ "count": 7 })).await;
    assert_eq!((minted.status, &minted.json()["last"]), (201, &Value::from(12)));
    let marks = fs::read_to_string(place.data().join("high-water")).unwrap();
    assert_eq!(marks.lines().last(), Some(format!("{batch_no} 12").as_str()), "{marks}");
    assert_private(&place.data().join("high-water"));
}

#[actix_web::test]
async fn mints_by_commands_and_by_the_server_at_once_share_no_serial_and_are_all_in_the_high_water_file() {
    let test_db = TestDb::new().await;
    let place = Arc::new(Place::on(&test_db).await);
    let batch_no = place.found();
    let server = place.start("serve");
    let office = office(&place, &server);
    let commands: Vec<_> = (0..3)
        .map(|_| {
            let place = Arc::clone(&place);
            std::thread::spawn(move || (0..3).map(|_| place.mint(batch_no, 2)).collect::<Vec<_>>())
        })
        .collect();
    let mut minted = Vec::new();
    while !commands.iter().all(std::thread::JoinHandle::is_finished) {
        let key = format!("order-{}", minted.len());
        minted.push(office.order(batch(batch_no), &key, &json!({ "count": 2 })).await.json());
    }
    minted.extend(commands.into_iter().flat_map(|command| command.join().unwrap()));
    let mut firsts: Vec<u64> = minted.iter().map(|run| run["first"].as_u64().unwrap()).collect();
    firsts.sort_unstable();
    assert!(firsts.iter().copied().eq((0..).map(|n| 1 + 2 * n).take(minted.len())), "{firsts:?}");

    let last = format!("{batch_no} {}", 2 * minted.len());
    let marks = fs::read_to_string(place.data().join("high-water")).unwrap();
    assert!(marks.lines().any(|mark| mark == last), "{last}: {marks}");
}

#[actix_web::test]
async fn a_private_postgres_that_dies_is_started_again_beside_the_running_server() {
    let place = Place::new();
    place.run(&["init"]).done();
    let server = place.start("serve");
    let postmaster = || {
        let file = fs::read_to_string(place.data().join("pg/postmaster.pid")).ok()?;
        file.lines().next()?.parse::<i32>().ok()
    };
    let first = postmaster().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(first), Signal::SIGKILL).unwrap();
    let public = Client::new(&server.base_url, None);
    let mut is_back = false;
    for _ in 0..120 {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        is_back = postmaster().is_some_and(|pid| pid != first) && public.get("/readyz").await.status == 200;
        if is_back {
            break;
        }
    }
    assert!(is_back, "{}", server.said());
    server.stop(Signal::SIGTERM);
}

#[test]
fn a_command_that_only_reads_makes_no_database() {
    let place = Place::new();
    place.run(&["keys", "list"]).refused("there is no data in");
    place.run(&["serve"]).refused("there is no data in");
    place.run(&["verify", "0450"]).ended(3);
    assert!(!place.data().join("pg").exists());
}
