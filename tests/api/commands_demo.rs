//! `nguon demo`: what a first visitor is shown, what stays for the second, and that it never mixes with the real thing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::browser::Browser;
use crate::commands::{Place, Server, free_port};
use crate::world::Client;

const MARK: &str = "BẢN TRÌNH DIỄN";

/// A place with nothing set but the data folder and the address.
fn demo_place() -> Place {
    ["NGUON_ISSUER", "NGUON_PUBLIC_URL", "NGUON_ISSUER_NAME", "NGUON_CONTACT"]
        .into_iter()
        .fold(Place::new(), Place::without)
}

/// The printed values: front page, where to sign in, logins and passwords, a stamp's page, sheet, token file.
fn shown(server: &Server) -> Vec<String> {
    let printed = server.printed();
    let values = printed.lines().filter_map(|line| line.strip_prefix("  "));
    values.filter(|value| value.starts_with(['/', 'h'])).map(str::to_owned).collect()
}

#[actix_web::test]
async fn the_demo_shows_a_visitor_everything_and_keeps_it() {
    let place = demo_place();
    let server = place.start("demo");
    let first = shown(&server);
    let [front, sign_in, people, stamp, sheet, token] = first.as_slice() else { panic!("{}", server.printed()) };
    let paths = ["accounts.txt", "sheet.html", "office.token"].map(|name| place.data().join(name));
    assert_eq!([people, sheet, token], paths.each_ref().map(|path| path.to_str().unwrap()));
    for secret in [people, token] {
        let mode = fs::metadata(secret).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{secret}");
    }
    assert_eq!(*sign_in, format!("{front}sign-in"));
    check_people(&server, &fs::read_to_string(people).unwrap()).await;
    check_sheet(&fs::read_to_string(sheet).unwrap());

    let public = Client::new("", None);
    for address in [front, stamp] {
        let page = public.get(address).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(page.text().contains(MARK), "{address}");
    }
    check_batches(&server, fs::read_to_string(token).unwrap().trim()).await;

    server.stop(Signal::SIGTERM);
    let server = place.start("demo");
    assert_eq!(shown(&server), first);
    assert_eq!(Client::new("", None).get(stamp).await.status, 200);
    server.stop(Signal::SIGINT);
    assert_eq!(place.postgres_processes(), Vec::<std::path::PathBuf>::new());
}

/// Everyone in the file can sign in with the password beside their name, and none of the passwords was printed.
async fn check_people(server: &Server, file: &str) {
    let lines: Vec<Vec<&str>> = file.lines().skip(3).map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(
        lines.iter().map(|line| line[0]).collect::<Vec<_>>(),
        ["vanphong", "canbo", "chuthe", "thanhtra", "kiemtoan"]
    );
    for line in lines {
        assert!(!server.printed().contains(line[1]), "a password was printed");
        let browser = Browser::at(&server.base_url);
        let fields = [("login", line[0]), ("password", line[1])];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.assert_sent_on(), "/desk", "{}", line[0]);
        assert!(browser.page("/account").await.contains("Người Trình Diễn"));
    }
}

fn check_sheet(sheet: &str) {
    assert!(sheet.contains(MARK));
    let serials = sheet.matches(">Số ").count();
    assert_eq!(serials, 96, "labels on the sheet");
}

async fn check_batches(server: &Server, token: &str) {
    let office = Client::new(&server.base_url, Some(token));
    let mut batches = office.get("/api/v1/batches").await.json()["items"].as_array().unwrap().clone();
    assert_eq!(batches.len(), 3);
    batches.sort_by_key(|batch| batch["batch_no"].as_u64());
    for (batch, on_today) in batches.iter().zip(["in_force", "in_force", "lapsed"]) {
        assert_eq!(batch["n_minted"], 1_000);
        let stamp = office.get(&format!("/api/v1/batches/{}/stamps/1000", batch["batch_no"])).await.json();
        let path = format!("/s/{}", stamp["digits"].as_str().unwrap());
        let answer = office.get_json(&path).await.json();
        let certificate = &answer["facts"]["certificate"];
        assert_eq!((&answer["headline"], &answer["facts"]["product"]["demo"]), (&json!("issued"), &json!(true)));
        assert_eq!((&certificate["on_packing_day"], &certificate["today"]), (&json!("in_force"), &json!(on_today)));
        let page = office.get(&path).await;
        assert!(page.status == 200 && page.text().contains(MARK));
        let label = office.get(&format!("/api/v1/batches/{}/stamps/1/label.svg", batch["batch_no"])).await;
        assert!(label.status == 200 && label.text().contains(MARK));
    }
}

#[test]
fn a_real_folder_is_refused_by_the_demo_and_stays_as_it_is() {
    let place = Place::new();
    place.run(&["init"]).done();
    let demo = ["NGUON_ISSUER", "NGUON_PUBLIC_URL"].into_iter().fold(place, Place::without);
    demo.run(&["demo"]).refused("belongs to a real deployment");
    let place = demo.with("NGUON_ISSUER", crate::world::ISSUER).with("NGUON_PUBLIC_URL", crate::world::PUBLIC_URL);
    place.start("serve").stop(Signal::SIGTERM);
}

#[test]
fn a_demo_folder_is_refused_by_the_real_commands() {
    let demo = demo_place();
    demo.start("demo").stop(Signal::SIGTERM);
    let data = demo.data();
    let real = Place::new().with("NGUON_DATA", data.to_str().unwrap());
    real.run(&["serve"]).refused("set up for demo.invalid");
    real.run(&["init"]).refused("already set up");
}

#[test]
fn the_demo_cannot_take_another_issuer_or_a_given_database() {
    let place = demo_place();
    let other = place.with("NGUON_ISSUER", "tem.example.vn");
    other.run(&["demo"]).refused("NGUON_ISSUER cannot be set for the demo");
    let given = other.without("NGUON_ISSUER").with("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/d");
    given.run(&["demo"]).refused("unset DATABASE_URL");
    assert!(!given.data().exists());
    let path = given.without("DATABASE_URL").with("NGUON_HTTP", &format!("localhost:{}", free_port()));
    path.run(&["demo"]).refused("NGUON_HTTP must be");
}
