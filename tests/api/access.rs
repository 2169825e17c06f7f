//! Who may call what: tokens, every route as nobody and as everybody, the route table against the description of the API.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::{BTreeMap, BTreeSet};

use nguon::accounts::types::{Scope, TokenId};
use nguon::cli::server::{route_table, whole_open_api};
use nguon::http::{Face, Route};
use serde_json::{Value, json};

use crate::world::{Answer, Client, World};

/// Whether programs with a token call it.
fn is_closed_to_nobody(route: &Route) -> bool {
    route.access != "public" && route.face == Face::Described
}

/// The route's address with numbers that exist in a world with one minted batch, for which a lot was bought.
fn address(route: &Route) -> String {
    route
        .open_api_path()
        .replace("{batch_no}", "1")
        .replace("{product_no}", "1")
        .replace("{producer_no}", "1")
        .replace("{contact_id}", "1")
        .replace("{certificate_id}", "1")
        .replace("{paper_id}", "1")
        .replace("{job_id}", "1")
        .replace("{serial}", "1")
        .replace("{digits}", "1")
        .replace("{code}", "1")
        .replace("{stamp}", "1")
        .replace("{no}", "1")
        .replace("{n}", "1")
        .replace("{path}", "0/000.p/1")
        .replace("{lot_no}", "1")
}

async fn call(client: &Client, method: &str, path: &str) -> Answer {
    let mut request = client.request(method, path).header("Idempotency-Key", "k");
    if method == "POST" {
        request = request.json(&json!({ "count": 1 }));
    }
    client.send(request).await
}

async fn minted_world() -> World {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 5).await;
    let lot = json!({ "product": "Củ dong riềng", "supplier": "Bà Ví Dụ" });
    let inputs = json!([{ "new_outside": lot, "quantity": 40, "unit": "kg" }]);
    let bought = json!({ "step": "receive_lot", "on": "2026-11-20", "inputs": inputs });
    world.office.recorded(batch.batch_no, &bought).await;
    world
}

/// What opens only for the office: its list of batches, asked with this `Authorization`.
async fn ask_with(world: &World, authorization: &str) -> Answer {
    let request = world.public.request("GET", "/api/v1/batches");
    world.public.send(request.header("Authorization", authorization)).await
}

#[actix_web::test]
async fn a_missing_or_mangled_token_is_no_token() {
    let world = World::new().await;
    let token = world.accounts.create_token("office", None, &[Scope::Office], None).await.unwrap();
    let token = token.token.reveal();
    assert_eq!(ask_with(&world, &format!("Bearer {token}")).await.status, 200);
    assert_eq!(ask_with(&world, &format!("bearer {token}")).await.status, 200, "the scheme's case is free");
    let (shorter, upper) = (&token[..token.len() - 1], token.to_uppercase());
    for authorization in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {shorter}"),
        format!("Bearer {token}x"),
        format!("Bearer {upper}"),
        format!("Bearer {}", &token[6..]),
        format!("Bearer {token} {token}"),
        format!("Basic {token}"),
        token.to_owned(),
        "Bearer nguon_' OR 1=1 --".to_owned(),
        format!("Bearer {}", "x".repeat(5_000)),
    ] {
        let answer = ask_with(&world, &authorization).await;
        answer.assert_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{authorization}");
    }
    world.public.get("/api/v1/batches").await.assert_problem(401, "unauthenticated");
    world.public.get(&format!("/api/v1/batches?token={token}")).await.assert_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn a_revoked_token_is_refused_at_once() {
    let world = World::new().await;
    let token = world.accounts.create_token("office", None, &[Scope::Office], None).await.unwrap();
    let office = world.public.with_token(token.token.reveal());
    assert_eq!(office.get("/api/v1/batches").await.status, 200);
    world.accounts.revoke_token(token.token_id).await.unwrap();
    office.get("/api/v1/batches").await.assert_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn revoking_twice_keeps_the_first_time_and_an_unknown_token_is_not_found() {
    let world = World::new().await;
    let token = world.accounts.create_token("office", None, &[Scope::Office], None).await.unwrap();
    world.accounts.revoke_token(token.token_id).await.unwrap();
    let revoked_at =
        format!("SELECT extract(epoch FROM revoked_at)::bigint AS n FROM tokens WHERE token_id = {}", token.token_id.0);
    let first = world.test_db.count(&revoked_at).await;
    world.move_clock_to("2027-01-01T00:00:00Z");
    world.accounts.revoke_token(token.token_id).await.unwrap();
    assert_eq!(world.test_db.count(&revoked_at).await, first);
    let unknown = world.accounts.revoke_token(TokenId(9_999)).await.unwrap_err();
    assert_eq!(unknown.code(), "not-found");
}

#[actix_web::test]
async fn an_expired_token_is_refused_from_its_last_moment_on() {
    let world = World::new().await;
    let end = "2026-12-01T00:00:00Z".parse().unwrap();
    let token = world.accounts.create_token("office", None, &[Scope::Office], Some(end)).await.unwrap();
    let office = world.public.with_token(token.token.reveal());
    world.move_clock_to("2026-11-30T23:59:00Z");
    assert_eq!(office.get("/api/v1/batches").await.status, 200);
    // The test's clock stands up to a second early.
    world.move_clock_to("2026-12-01T00:00:01Z");
    office.get("/api/v1/batches").await.assert_problem(401, "unauthenticated");
    let past = world.accounts.create_token("late", None, &[], Some(end)).await;
    assert_eq!(past.unwrap_err().code(), "invalid");
}

#[actix_web::test]
async fn tokens_are_stored_hashed() {
    let world = World::new().await;
    let token = world.accounts.create_token("office", None, &[Scope::Office], None).await.unwrap();
    let token = token.token.reveal();
    let count = async |condition: &str| {
        let sql = format!("SELECT count(*) AS n FROM tokens t WHERE {condition}");
        world.test_db.count(&sql).await
    };
    assert_eq!(count(&format!("hash = sha256(convert_to('{token}', 'UTF8'))")).await, 1);
    assert_eq!(count(&format!("t::text LIKE '%{}%'", &token[6..])).await, 0);
}

#[actix_web::test]
async fn every_closed_route_refuses_nobody_before_it_looks_at_anything() {
    let world = minted_world().await;
    for route in route_table().iter().filter(|route| is_closed_to_nobody(route)) {
        let known = address(route);
        let unknown = known.replace("/1", "/999");
        for path in [known, unknown] {
            let answer = call(&world.public, route.method, &path).await;
            answer.assert_problem(401, "unauthenticated");
        }
        if route.method == "GET" {
            let head = call(&world.public, "HEAD", &address(route)).await;
            assert_eq!(head.status, 401, "{}", route.path);
        }
    }
}

#[actix_web::test]
async fn a_wrong_token_is_refused_before_a_wrong_body_or_header() {
    let world = minted_world().await;
    let stranger = world.public.with_token("nguon_stranger");
    for path in ["/api/v1/batches", "/api/v1/batches/1/stamps"] {
        for (content_type, body) in [
            ("application/json", "{".to_owned()),
            ("text/plain", "x".to_owned()),
            ("application/json", " ".repeat(nguon::http::MAX_BODY_BYTES + 1)),
        ] {
            let request = stranger.request("POST", path).header("Content-Type", content_type);
            let answer = stranger.send(request.body(body)).await;
            answer.assert_problem(401, "unauthenticated");
        }
    }
}

#[actix_web::test]
async fn every_closed_route_refuses_a_token_without_the_scope() {
    let world = minted_world().await;
    let printer = world.client_with(&[Scope::ScratchRead]).await;
    let powerless = world.client_with(&[]).await;
    for route in route_table().iter().filter(|route| is_closed_to_nobody(route)) {
        for client in [&printer, &powerless] {
            let answer = call(client, route.method, &address(route)).await;
            answer.assert_problem(403, "forbidden");
        }
    }
}

#[actix_web::test]
async fn a_scope_of_a_later_version_allows_nothing() {
    let world = World::new().await;
    let token = world.accounts.create_token("new", None, &[], None).await.unwrap();
    world
        .sql(&format!("ALTER TABLE tokens DISABLE TRIGGER tokens_only_end; UPDATE tokens SET scopes = '{{office:2,OFFICE,*}}' WHERE token_id = {}", token.token_id.0))
        .await;
    let client = world.public.with_token(token.token.reveal());
    client.get("/api/v1/batches").await.assert_problem(403, "forbidden");
}

#[actix_web::test]
async fn every_closed_route_answers_the_office() {
    let world = minted_world().await;
    for route in route_table().iter().filter(|route| is_closed_to_nobody(route)) {
        let answer = call(&world.office, route.method, &address(route)).await;
        // The one body sent here orders stamps; other forms need others. A change has none here.
        let takes_another_body = [
            "/batches",
            "/products",
            "/producers",
            "/voids",
            "/suspend",
            "/resume",
            "/recall",
            "/certificates",
            "/revoke",
            "/papers",
            "/papers/{paper_id}/close",
            "/events",
            "/correction",
            "/shares",
            "/shares/end",
        ];
        let is_another = route.method == "POST" && takes_another_body.iter().any(|end| route.path.ends_with(end));
        let expected: &[u16] = match route.method {
            "PATCH" => &[415],
            // What is sent here is no photo.
            _ if route.path.ends_with("/photos") => &[422],
            _ if is_another => &[400],
            _ => &[200, 201],
        };
        assert!(expected.contains(&answer.status), "{} {}: {}", route.method, route.path, answer.status);
    }
}

#[actix_web::test]
async fn every_public_route_answers_nobody_and_a_stale_token_alike() {
    let world = minted_world().await;
    let stale = world.public.with_token("nguon_stale");
    // Forms that are open to all are for browsers, which carry the visit's token; see the tests of signing in.
    let is_form = |route: &Route| route.face == Face::Page && route.method == "POST";
    for route in route_table().iter().filter(|route| route.access == "public" && !is_form(route)) {
        for client in [&world.public, &stale] {
            let answer = call(client, route.method, &address(route)).await;
            assert!(
                ![401, 403, 405].contains(&answer.status) && answer.status < 500,
                "{}: {}",
                route.path,
                answer.status
            );
        }
    }
}

#[actix_web::test]
async fn no_public_route_yields_a_stamp_or_a_code_that_the_caller_did_not_bring() {
    let world = minted_world().await;
    let mut secrets = Vec::new();
    for serial in 0..=5 {
        let stamp = world.stamp(nguon::stamp::BatchNo::new(1).unwrap(), serial).await;
        // The signature, without the payload that anyone can compute.
        secrets.push(stamp.digits()[40..].to_owned());
        secrets.push(stamp.plain_code());
        secrets.push(stamp.code().to_owned());
    }
    world.seal().await;
    let entries = format!("/ledger/tile/entries/000.p/{}", world.test_db.tree_size().await);
    let open: Vec<Route> = route_table().into_iter().filter(|route| route.access == "public").collect();
    let addresses = open.iter().map(|route| (*route, address(route)));
    let of_entries = open.iter().find(|route| route.path.starts_with("/ledger/tile/")).map(|route| (*route, entries));
    for (route, address) in addresses.chain(of_entries) {
        for accept in ["application/json", "text/html"] {
            let request = world.public.request(route.method, &address);
            let answer = world.public.send(request.header("Accept", accept)).await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{} yields {secret}", route.path);
            }
            let may_be_image = route.path.ends_with("/picture.jpg");
            assert!(may_be_image || !answer.header("content-type").starts_with("image/"), "{}", route.path);
            assert!(!text.contains("/s/0"), "{}", route.path);
        }
    }
}

#[actix_web::test]
async fn a_scan_of_one_carrier_does_not_yield_the_other() {
    let world = minted_world().await;
    let stamp = world.stamp(nguon::stamp::BatchNo::new(1).unwrap(), 3).await;
    for accept in ["application/json", "text/html"] {
        let get = async |path: String| {
            let request = world.public.request("GET", &path).header("Accept", accept);
            world.public.send(request).await.text()
        };
        let by_digits = get(format!("/s/{}", stamp.digits())).await;
        assert!(!by_digits.contains(&stamp.plain_code()) && !by_digits.contains(stamp.code()));
        let by_code = get(format!("/c/{}", stamp.plain_code())).await;
        assert!(!by_code.contains(&stamp.digits()[40..]));
    }
}

/// Method and path of every operation in the OpenAPI document, with whether it needs a token.
fn described() -> BTreeMap<(String, String), bool> {
    let document: Value = serde_json::from_str(&whole_open_api().to_json().unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let needs_token = operation.get("security").is_some();
            found.insert((method.to_uppercase(), path.clone()), needs_token);
        }
    }
    found
}

#[test]
fn the_route_table_and_the_openapi_document_name_the_same_routes_with_the_same_access() {
    let routes: BTreeMap<_, _> = route_table()
        .iter()
        .filter(|route| route.face == Face::Described)
        .map(|route| ((route.method.to_owned(), route.open_api_path()), is_closed_to_nobody(route)))
        .collect();
    assert_eq!(routes, described());
}

#[test]
fn everything_under_api_v1_needs_a_token_except_verify_and_reading_products() {
    for route in route_table().iter().filter(|route| route.path.starts_with("/api/v1/")) {
        let is_open = route.path.starts_with("/api/v1/verify/")
            || route.method == "GET" && route.path.starts_with("/api/v1/products");
        assert_eq!(route.access == "public", is_open, "{}", route.path);
    }
}

#[test]
fn every_operation_is_described_with_all_its_path_parameters() {
    let document: Value = serde_json::from_str(&whole_open_api().to_json().unwrap()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|piece| piece.split('}').next()).collect();
        for operation in operations.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described: BTreeSet<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            assert_eq!(described, named, "{path}");
        }
    }
}

#[actix_web::test]
async fn the_served_openapi_document_is_the_one_made_from_the_code() {
    let world = World::new().await;
    let served = world.public.get("/api/openapi.json").await;
    assert_eq!(served.status, 200);
    let made: Value = serde_json::from_str(&whole_open_api().to_json().unwrap()).unwrap();
    assert_eq!(served.json(), made);
    assert!(made["openapi"].as_str().unwrap().starts_with("3."));
}

#[actix_web::test]
async fn the_browsable_description_needs_nothing_from_elsewhere() {
    let world = World::new().await;
    let moved = world.public.get("/api/docs").await;
    assert_eq!((moved.status, moved.header("location")), (308, "/api/docs/"));
    let page = world.public.get_page("/api/docs/").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    let assets: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| text.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!assets.is_empty());
    for asset in assets {
        let path = format!("/api/docs/{}", asset.trim_start_matches("./"));
        assert_eq!(world.public.get(&path).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn another_method_of_a_known_address_is_refused_with_the_allowed_ones() {
    let world = World::new().await;
    let mut allowed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for route in route_table() {
        allowed.entry(address(&route)).or_default().insert(route.method);
    }
    for (path, methods) in allowed {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if methods.contains(method) {
                continue;
            }
            let answer = call(&world.office, method, &path).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            answer.assert_problem(405, "method-not-allowed");
            let named: BTreeSet<&str> = answer.header("allow").split(", ").collect();
            assert!(methods.is_subset(&named), "{method} {path}: {named:?}");
        }
    }
}

#[actix_web::test]
async fn an_unknown_address_is_not_found_for_programs_and_for_people() {
    let world = World::new().await;
    for path in [
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v2/batches",
        "/api/v1/batches/",
        "//api/v1/batches",
        "/API/V1/batches",
        "/api/v1/batches/1/stamps/1/qr.gif",
    ] {
        world.office.get(path).await.assert_problem(404, "not-found");
    }
    let page = world.public.get_page("/nowhere").await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    // Programs under /api always get a problem, whatever a browser's Accept says.
    world.public.get_page("/api/v1/nowhere").await.assert_problem(404, "not-found");
}

#[actix_web::test]
async fn every_answer_has_a_number_and_the_strict_headers() {
    let world = minted_world().await;
    let mut numbers = BTreeSet::new();
    for route in route_table() {
        let answer = call(&world.office, route.method, &address(&route)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", route.path);
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{}", route.path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
            "{}: {policy}",
            route.path
        );
        if route.access != "public" {
            assert_eq!(answer.header("cache-control"), "no-store", "{}", route.path);
        }
        assert!(numbers.insert(answer.header("x-request-id").to_owned()), "{}", route.path);
    }
}
