//! Another organisation's numbers in every address, form and body: not there, exactly as what does not exist, and nothing changes.

use std::collections::BTreeMap;

use nguon::accounts::types::{ProducerNo, Scope};
use nguon::cli::server::route_table;
use nguon::http::Route;
use serde_json::{Value, json};

use crate::browser::{File, Person};
use crate::roles::{Caller, may_call};
use crate::two::{MARK, PLAIN_MARK, Things, Two, address, address_of, is_of_programs, parameters};
use crate::world::{Answer, Client, tiny_picture};

/// A number that nothing has.
const NOWHERE: &str = "999999";

/// What any of the forms asks for, all of it good: nothing but the address stands in the way.
pub(crate) const FIELDS: [(&str, &str); 60] = [
    ("version", "1"),
    ("name", "Của tôi"),
    ("name_en", "Mine"),
    ("producer", "1"),
    ("product", "1"),
    ("set", "7"),
    ("standards", "TCCS 02"),
    ("shelf_life_n", "6"),
    ("shelf_life_unit", "months"),
    ("village", "thôn Của Tôi"),
    ("printed_address", "Của tôi"),
    ("kind", "person"),
    ("value", "Của tôi"),
    ("visibility", "offices"),
    ("consent", ""),
    ("order_key", "khoa-1"),
    ("count", "2"),
    ("void_first", "2"),
    ("void_last", "2"),
    ("void_reason", "lost"),
    ("void_note", "mất"),
    ("void_sure", "yes"),
    ("close_sure", "yes"),
    ("more_count", "100000"),
    ("more_reason", "cần thêm"),
    ("lot", "L-9"),
    ("packed_on", "2026-11-20"),
    ("last_valid_day", "2027-11-20"),
    ("paper_no", "9"),
    ("issuer", "Nơi cấp"),
    ("issued_on", "2026-01-01"),
    ("valid_to", "2027-01-01"),
    ("scope", "miến"),
    ("stars", "4"),
    ("from", "2026-01-01"),
    ("to", "2028-12-31"),
    ("reason", "lý do"),
    ("note", "ghi"),
    ("login", "nguoi.moi"),
    ("role", "producer"),
    ("decision", "approve"),
    ("batch_no", "1"),
    ("serial", "1"),
    ("sure", "yes"),
    ("what", "destroy"),
    ("on", "2026-11-20"),
    ("time", "07:30"),
    ("place", "own"),
    ("place_text", "nhà kho"),
    ("lot_search", "L-9"),
    ("new_product", "củ dong"),
    ("new_supplier", "chợ huyện"),
    ("new_lot", "PN-7"),
    ("out", "1"),
    ("out_unit", "kg"),
    ("with", "everyone"),
    ("template", "generic"),
    ("step", "process"),
    ("name_vi", "Của tôi"),
    ("hint_vi", "Ghi số cân"),
];

/// The same for the forms of an address: one name means two things.
fn fields_for(path: &str) -> Vec<(&'static str, &'static str)> {
    let kind = if path.contains("/papers") { "haccp" } else { "person" };
    FIELDS.iter().map(|(name, value)| (*name, if *name == "kind" { kind } else { *value })).collect()
}

/// The body that a program sends to the address, good as it is.
fn body_for(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("stamps") => json!({ "count": 1 }),
        Some("voids") => json!({ "first": 3, "last": 3, "reason": "lost" }),
        Some("events") => json!({ "step": "test", "on": "2026-11-20" }),
        Some("correction") => json!({ "event": { "step": "test", "on": "2026-11-20" }, "reason": "ghi nhầm" }),
        Some("shares" | "end") => json!({ "everyone": true }),
        Some("papers") => json!({ "kind": "haccp", "number": "9" }),
        Some("close") if path.contains("/papers/") => json!({ "version": 1 }),
        Some("close") => json!({}),
        _ if path.contains("/producers/") => json!({ "village": "thôn Của Tôi", "version": 1 }),
        _ if path.contains("/papers/") => json!({ "number": "9", "version": 1 }),
        _ => json!({ "story": "Của tôi", "version": 1 }),
    }
}

/// Routes behind the door whose address names something.
fn routes_with_numbers(caller: Caller) -> Vec<Route> {
    let mut routes = route_table();
    routes.retain(|route| !parameters(route).is_empty() && may_call(route, caller) && !may_call(route, Caller::Nobody));
    routes
}

/// Every address of the route in which at least one number is the other's, and beside it the same with numbers that nothing has.
fn addresses_of_another(route: &Route, two: &Two) -> Vec<(String, String)> {
    // Serials and places in a chain count within a batch and belong to nobody by themselves.
    let is_owned = |name: &String| !matches!(name.as_str(), "serial" | "n");
    let owned: Vec<String> = parameters(route).into_iter().filter(is_owned).collect();
    let mixtures = 1_u32..1 << owned.len();
    mixtures
        .map(|mixture| {
            let is_own = |name: &str| {
                let place = owned.iter().position(|known| known == name);
                place.is_none_or(|place| mixture & 1 << place == 0)
            };
            let with = |strange: &dyn Fn(&str) -> String| {
                address(route, |name| if is_own(name) { two.one[name].clone() } else { strange(name) })
            };
            (with(&|name| two.other[name].clone()), with(&|_| NOWHERE.to_owned()))
        })
        .collect()
}

/// Sends a request as someone does who has everything right but whose it is.
async fn send_as(person: &Person, route: &Route, path: &str) -> Answer {
    if route.method == "GET" {
        return person.get(path).await;
    }
    let picture = tiny_picture();
    let files: Vec<File<'_>> = ["photo", "scan", "file"]
        .map(|field| File { field, name: "a.jpg", media_type: "image/jpeg", bytes: &picture })
        .into();
    person.upload("/account", path, &fields_for(path), &files).await
}

async fn send_with(program: &Client, route: &Route, path: &str) -> Answer {
    let mut request = program.request(route.method, path).header("Idempotency-Key", "khoa-2");
    if path.ends_with("/photos") {
        request = request.header("content-type", "image/jpeg").body(tiny_picture());
    } else if route.method != "GET" {
        request = request.json(&body_for(path));
    }
    program.send(request).await
}

/// What an answer says, without what differs from one answer to the next.
fn said(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

#[actix_web::test]
async fn anothers_things_are_not_there_on_any_page_or_form() {
    let two = Two::new().await;
    let member = two.world.member_of(ProducerNo(1)).await;
    let officer = two.world.officer_of(crate::browser::COMMUNE).await;
    let before = two.world.contents().await;
    let mut faults = Vec::new();
    let mut n_tried = 0;
    for (person, caller) in [(&member, Caller::Producer), (&officer, Caller::Officer)] {
        let routes = routes_with_numbers(caller);
        for route in routes.iter().filter(|route| !is_of_programs(route)) {
            for (path, nowhere) in addresses_of_another(route, &two) {
                let missing = said(&send_as(person, route, &nowhere).await);
                let answer = send_as(person, route, &path).await;
                n_tried += 1;
                if answer.status != 404 || said(&answer) != missing {
                    faults.push(format!(
                        "{caller:?} {} {path}: {:?}, of nothing {missing:?}",
                        route.method,
                        said(&answer)
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(50 < n_tried, "only {n_tried} addresses were tried");
    assert_eq!(two.world.contents().await, before);
}

#[actix_web::test]
async fn anothers_things_are_not_there_for_programs() {
    let two = Two::new().await;
    let program = two.program_of_one(&Scope::OF_PRODUCER).await;
    let before = two.world.contents().await;
    let mut faults = Vec::new();
    for route in routes_with_numbers(Caller::ProducerToken) {
        for (path, nowhere) in addresses_of_another(&route, &two) {
            let missing = said(&send_with(&program, &route, &nowhere).await);
            let answer = send_with(&program, &route, &path).await;
            if answer.status != 404 || said(&answer) != missing {
                faults.push(format!("{} {path}: {:?}, of nothing {missing:?}", route.method, said(&answer)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(two.world.contents().await, before);
}

/// What the two tests above send would be taken if it were one's own: else they would prove nothing.
#[actix_web::test]
async fn the_same_forms_and_bodies_are_taken_for_ones_own_things() {
    let two = Two::new().await;
    let member = two.world.member_of(ProducerNo(1)).await;
    let program = two.program_of_one(&Scope::OF_PRODUCER).await;
    two.world
        .sql("UPDATE quota_requests SET state = 'refused', decided_at = now(); UPDATE batches SET max_stamps = 50")
        .await;
    let mut routes = routes_with_numbers(Caller::Producer);
    routes.extend(routes_with_numbers(Caller::ProducerToken));
    // What takes something away comes last.
    routes.sort_by_key(|route| (route.path.ends_with("/remove"), route.path.ends_with("/close")));
    let mut faults = Vec::new();
    for route in &routes {
        let mut own: Things = two.one.clone();
        own.insert("session_id", member.session_id.to_string());
        if route.path.starts_with("/account/") {
            continue;
        }
        let path = address_of(route, &own);
        let version = format!("UPDATE products SET version = 1 WHERE product_no = {}", own["product_no"]);
        two.world.sql(&version).await;
        let answer = if is_of_programs(route) {
            send_with(&program, route, &path).await
        } else {
            send_as(&member, route, &path).await
        };
        // What a page has done already, such as closing, is found and not done again.
        if 400 <= answer.status && answer.status != 409 {
            faults.push(format!("{} {path}: {} {}", route.method, answer.status, answer.text()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn nothing_of_anothers_shows_in_any_list_or_search() {
    let two = Two::new().await;
    let member = two.world.member_of(ProducerNo(1)).await;
    let officer = two.world.officer_of(crate::browser::COMMUNE).await;
    let program = two.program_of_one(&Scope::OF_PRODUCER).await;
    let mut faults = Vec::new();
    let mut look = |caller: Caller, path: String, answer: &Answer| {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let n_seen = text.matches(MARK).count() + text.matches(PLAIN_MARK).count();
        if 0 < n_seen || 500 <= answer.status {
            faults.push(format!("{caller:?} {path}: {}, {n_seen} times", answer.status));
        }
    };
    for route in route_table() {
        if route.method != "GET" || !parameters(&route).is_empty() || may_call(&route, Caller::Nobody) {
            continue;
        }
        // What was asked for is repeated in its box: it is spelled otherwise than what may not be found.
        for query in
            ["", "?q=ben+kia", "?q=ben-kia", "?producer=2", "?product=2", "?product_no=2&lot=ben-kia", "?commune=02185"]
        {
            let path = format!("{}{query}", route.path);
            for (caller, person) in [(Caller::Producer, &member), (Caller::Officer, &officer)] {
                if may_call(&route, caller) {
                    look(caller, path.clone(), &person.get(&path).await);
                }
            }
            if may_call(&route, Caller::ProducerToken) {
                look(Caller::ProducerToken, path.clone(), &program.get(&path).await);
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn anothers_number_in_a_form_or_body_is_as_good_as_none() {
    let two = Two::new().await;
    let member = two.world.member_of(ProducerNo(1)).await;
    let officer = two.world.officer_of(crate::browser::COMMUNE).await;
    let program = two.program_of_one(&Scope::OF_PRODUCER).await;
    let before = two.world.contents().await;
    let with = |name: &'static str, value: &'static str| {
        let mut fields: BTreeMap<&str, &str> = BTreeMap::from(FIELDS);
        fields.insert(name, value);
        fields.into_iter().collect::<Vec<_>>()
    };
    for person in [&member, &officer] {
        for (path, name) in [("/batches", "product"), ("/products", "producer")] {
            let of_another = person.submit("/account", path, &with(name, "2")).await;
            let of_nobody = person.submit("/account", path, &with(name, NOWHERE)).await;
            assert_eq!((of_another.status, of_nobody.status), (404, 404), "{path}");
        }
        assert_eq!(person.get("/batches/new?product=2").await.status, 404);
        assert_eq!(person.get("/batches/new?product=2&like=last").await.status, 404);
    }
    let batch = |product_no: u32| json!({ "product_no": product_no, "lot": "L-9", "packed_on": "2026-11-20" });
    program.post("/api/v1/batches", &batch(2)).await.assert_problem(404, "not-found");
    let product = json!({ "producer_no": 2, "name": "Của tôi", "set_no": 7 });
    program.post("/api/v1/products", &product).await.assert_problem(404, "not-found");
    let moved = program.request("PATCH", "/api/v1/products/1").json(&json!({ "producer_no": 2, "version": 1 }));
    let moved = program.send(moved).await;
    assert!([403, 404, 409, 422].contains(&moved.status), "{}", moved.text());
    assert_eq!(two.world.contents().await, before);
}
