//! Batches over HTTP: opening them, what is refused, and the list.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use futures_util::future::join_all;
use nguon::register::import::{ImportRow, ShelfLife};
use nguon::stamp::ProductNo;
use serde_json::{Value, json};

use crate::world::{Answer, World, good_row};

fn order(product_no: ProductNo, lot: &str) -> Value {
    json!({
        "product_no": product_no.get(),
        "lot": lot,
        "packed_on": "2026-11-20",
        "last_valid_day": "2027-11-20",
    })
}

/// An order with one field set to something else.
fn order_with(product_no: ProductNo, field: &str, value: Value) -> Value {
    let mut body = order(product_no, "L-1");
    body[field] = value;
    body
}

async fn open(world: &World, body: &Value) -> Answer {
    world.office.post("/api/v1/batches", body).await
}

async fn n_batches(world: &World) -> i64 {
    world.test_db.count("SELECT count(*) AS n FROM batches").await
}

#[actix_web::test]
async fn an_opened_batch_is_created_at_an_address_that_shows_it() {
    let world = World::new().await;
    let product_no = world.product().await;
    let mut body = order(product_no, "MD-2026/11");
    body["quantity"] = json!(12.5);
    body["unit"] = json!("kg");
    let opened = open(&world, &body).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    let shown = world.office.get(opened.header("location")).await.json();
    assert_eq!(shown, opened.json());
    for (field, expected) in [
        ("lot", json!("MD-2026/11")),
        ("packed_on", json!("2026-11-20")),
        ("last_valid_day", json!("2027-11-20")),
        ("quantity", json!("12.5")),
        ("unit", json!("kg")),
        ("state", json!("open")),
        ("n_minted", json!(0)),
        ("product_no", json!(product_no.get())),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
}

#[actix_web::test]
async fn an_unknown_product_is_not_found() {
    let world = World::new().await;
    let product_no = world.product().await;
    for unknown in [999_u32, 0, 16_777_216, u32::MAX] {
        let answer = open(&world, &order_with(product_no, "product_no", json!(unknown))).await;
        answer.assert_problem(404, "not-found");
    }
}

#[actix_web::test]
async fn a_lot_over_20_characters_or_outside_the_gs1_set_is_refused() {
    let world = World::new().await;
    let product_no = world.product().await;
    for lot in ["", "ABCDEFGHIJKLMNOPQRSTU", "MD 01", "LÔ-01", "A#1", "A\u{0}", "A\n", "A[1]", "０１"] {
        let answer = open(&world, &order(product_no, lot)).await;
        assert_eq!(answer.assert_problem(422, "invalid")["field"], "lot", "{lot:?}");
    }
    assert_eq!(n_batches(&world).await, 0);
    for lot in ["ABCDEFGHIJKLMNOPQRST", "!\"%&'()*+,-./:;<=>?_"] {
        assert_eq!(open(&world, &order(product_no, lot)).await.status, 201, "{lot}");
    }
}

#[actix_web::test]
async fn a_lot_has_one_batch_per_product() {
    let world = World::new().await;
    let product_no = world.product().await;
    let other = ImportRow { product: "Chè thử".to_owned(), ..good_row() };
    let other = world.product_from(other).await;
    let first = open(&world, &order(product_no, "A")).await.json();
    let taken = open(&world, &order(product_no, "A")).await.assert_problem(409, "lot-taken");
    assert!(taken["en"].as_str().unwrap().contains(&format!("batch {}", first["batch_no"])));
    assert_eq!(open(&world, &order(other, "A")).await.status, 201);
    // Lots are told apart as they are printed.
    assert_eq!(open(&world, &order(product_no, "a")).await.status, 201);
}

#[actix_web::test]
async fn the_same_lot_sent_many_times_at_once_opens_one_batch() {
    let world = World::new().await;
    let product_no = world.product().await;
    let body = order(product_no, "A");
    let mut statuses: Vec<u16> =
        join_all((0..8).map(|_| open(&world, &body))).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[actix_web::test]
async fn dates_in_the_wrong_order_or_out_of_reach_are_refused() {
    let world = World::new().await;
    let product_no = world.product().await;
    for (field, value) in [
        ("last_valid_day", "2026-11-19"),
        ("last_valid_day", "2199-06-07"),
        ("packed_on", "2026-12-24"),
        ("packed_on", "2020-01-01"),
    ] {
        let mut body = order_with(product_no, field, json!(value));
        if field == "packed_on" {
            body["last_valid_day"] = json!("2030-01-01");
        }
        let answer = open(&world, &body).await;
        assert_eq!(answer.assert_problem(422, "invalid")["field"], field, "{value}");
    }
    let same_day = order_with(product_no, "last_valid_day", json!("2026-11-20"));
    assert_eq!(open(&world, &same_day).await.status, 201);
}

#[actix_web::test]
async fn a_date_that_is_no_iso_date_is_refused_and_never_guessed() {
    let world = World::new().await;
    let product_no = world.product().await;
    for date in ["20/11/2026", "201126", "2026-02-30", "2026-11-20T00:00:00Z", ""] {
        let answer = open(&world, &order_with(product_no, "packed_on", json!(date))).await;
        answer.assert_problem(400, "malformed-body");
    }
}

#[actix_web::test]
async fn without_a_last_day_the_products_shelf_life_decides() {
    let world = World::new().await;
    for (name, shelf_life, expected) in [
        ("tháng", Some(ShelfLife::Months(12)), json!("2027-11-20")),
        ("ngày", Some(ShelfLife::Days(30)), json!("2026-12-20")),
        ("không", None, json!(null)),
    ] {
        let row = ImportRow { product: name.to_owned(), shelf_life, ..good_row() };
        let product_no = world.product_from(row).await;
        let opened = open(&world, &order_with(product_no, "last_valid_day", json!(null))).await;
        assert_eq!(opened.json()["last_valid_day"], expected, "{name}");
    }
}

#[actix_web::test]
async fn a_quantity_is_positive_with_three_places_and_a_unit_goes_with_it() {
    let world = World::new().await;
    let product_no = world.product().await;
    for quantity in [json!(0), json!(-1), json!(1.2345), json!(1e15)] {
        let answer = open(&world, &order_with(product_no, "quantity", quantity)).await;
        assert_eq!(answer.assert_problem(422, "invalid")["field"], "quantity");
    }
    let lone_unit = open(&world, &order_with(product_no, "unit", json!("kg"))).await;
    assert_eq!(lone_unit.assert_problem(422, "invalid")["field"], "unit");
    for unit in ["", " ", "một hai ba bốn năm sáu", "k\u{0}g"] {
        let mut body = order_with(product_no, "quantity", json!(1));
        body["unit"] = json!(unit);
        let answer = open(&world, &body).await;
        assert_eq!(answer.assert_problem(422, "invalid")["field"], "unit", "{unit:?}");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_the_expected_json_opens_nothing() {
    let world = World::new().await;
    let product_no = world.product().await;
    let misspelt = order_with(product_no, "colour", json!("red"));
    open(&world, &misspelt).await.assert_problem(400, "malformed-body");
    let send = async |content_type: &str, body: String| {
        let request = world.office.request("POST", "/api/v1/batches");
        world.office.send(request.header("Content-Type", content_type).body(body)).await
    };
    send("application/json", "{\"product_no\":".to_owned()).await.assert_problem(400, "malformed-body");
    send("text/plain", order(product_no, "A").to_string()).await.assert_problem(415, "not-json");
    send("application/json", " ".repeat(nguon::http::MAX_BODY_BYTES + 1)).await.assert_problem(413, "body-too-large");
    assert_eq!(n_batches(&world).await, 0);
}

/// Every batch number of the list in its order, page by page.
async fn walk(world: &World, query: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.office.get(&format!("/api/v1/batches?limit=3{query}{cursor}")).await.json();
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["batch_no"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[actix_web::test]
async fn the_list_has_open_batches_first_and_the_newest_first_on_every_page() {
    let world = World::new().await;
    let product_no = world.product().await;
    for n in 1..=8 {
        open(&world, &order(product_no, &format!("L-{n}"))).await;
    }
    world.sql("UPDATE batches SET state = 'closed' WHERE batch_no IN (2, 7, 8)").await;
    assert_eq!(walk(&world, "").await, [6, 5, 4, 3, 1, 8, 7, 2]);
}

#[actix_web::test]
async fn the_list_can_be_asked_for_one_product() {
    let world = World::new().await;
    let product_no = world.product().await;
    let other = ImportRow { product: "Chè thử".to_owned(), ..good_row() };
    let other = world.product_from(other).await;
    for n in 1..=5 {
        open(&world, &order(product_no, &format!("L-{n}"))).await;
    }
    open(&world, &order(other, "L-1")).await;
    assert_eq!(walk(&world, &format!("&product_no={other}")).await, [6]);
    assert_eq!(walk(&world, &format!("&product_no={product_no}")).await, [5, 4, 3, 2, 1]);
    assert_eq!(walk(&world, "&product_no=999").await, [0_u64; 0]);
}

#[actix_web::test]
async fn a_list_parameter_that_makes_no_sense_is_refused() {
    let world = World::new().await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "cursor=x",
        "cursor=o",
        "cursor=o1x",
        "cursor=%E1%BB%87",
        "product_no=x",
    ] {
        let answer = world.office.get(&format!("/api/v1/batches?{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text());
        answer.assert_problem(422, "invalid");
    }
}

#[actix_web::test]
async fn a_batch_that_does_not_exist_is_not_found() {
    let world = World::new().await;
    for batch_no in ["1", "0", "16777216", "x", "-1"] {
        let answer = world.office.get(&format!("/api/v1/batches/{batch_no}")).await;
        answer.assert_problem(404, "not-found");
    }
}
