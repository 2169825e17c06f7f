//! Lots as a graph: sharing, one step back and one step forward, circles, what does not add up, and how far a recall reaches.

use futures_util::future::join_all;
use nguon::accounts::types::Role;
use nguon::register::import::ImportRow;
use nguon::stamp::{BatchNo, ProductNo};
use serde_json::{Value, json};

use crate::trace_stage::{event, from_batch, kg, made_of, path_of};
use crate::world::{Client, World, good_row};

/// A world with a product, and a program that records for its producer.
async fn scene() -> (World, ProductNo, Client) {
    let world = World::new().await;
    let product_no = world.product().await;
    let program = world.recorder_of(1).await;
    (world, product_no, program)
}

/// A scene with three batches of 500 kg.
async fn three() -> (World, [BatchNo; 3], Client) {
    let (world, product_no, program) = scene().await;
    let mut batches = Vec::new();
    for lot in ["MD-01", "MD-02", "MD-03"] {
        batches.push(world.batch_of_kg(product_no, lot, 500).await);
    }
    (world, [batches[0], batches[1], batches[2]], program)
}

/// A scene of two producers with a batch and a program each.
async fn neighbours() -> (World, [BatchNo; 2], [Client; 2]) {
    let (world, product_no, program) = scene().await;
    let own = world.batch_of_kg(product_no, "MD-01", 500).await;
    let other_product = world.product_of_another().await;
    let other = world.batch_of_kg(other_product, "TB-01", 500).await;
    let other_program = world.recorder_of(2).await;
    (world, [own, other], [program, other_program])
}

/// A lot from outside as an input: 100 kg of tubers.
fn tubers() -> Value {
    let lot = json!({ "product": "Củ dong riềng", "supplier": "Bà Ví Dụ" });
    json!({ "new_outside": lot, "quantity": 100, "unit": "kg" })
}

async fn share(owner: &Client, batch_no: BatchNo, with: &Value) {
    let answer = owner.post(&path_of(batch_no, "shares"), with).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn is_usable(program: &Client, batch_no: BatchNo, input: BatchNo) -> bool {
    program.record(batch_no, &made_of(input, 10)).await.status == 201
}

#[actix_web::test]
async fn anothers_lot_is_an_input_only_while_it_is_shared() {
    let (_world, [own, other], [program, other_program]) = neighbours().await;
    assert!(!is_usable(&program, own, other).await, "before");
    let with = json!({ "producer_no": 1 });
    share(&other_program, other, &with).await;
    assert!(is_usable(&program, own, other).await, "while");
    let ended = other_program.post(&path_of(other, "shares/end"), &with).await;
    assert_eq!((ended.status, &ended.json()["items"]), (200, &json!([])));
    assert!(!is_usable(&program, own, other).await, "afterwards");
}

#[actix_web::test]
async fn what_was_made_of_a_lot_stays_when_it_is_shared_no_more() {
    let (_world, [own, other], [program, other_program]) = neighbours().await;
    share(&other_program, other, &json!({ "everyone": true })).await;
    program.recorded(own, &made_of(other, 10)).await;
    other_program.post(&path_of(other, "shares/end"), &json!({ "everyone": true })).await;
    assert_eq!(edges(&program, own).await, ["batch:2 -> batch:1 10 kg, line 2"]);
}

#[actix_web::test]
async fn a_lot_shared_with_one_producer_is_no_input_of_another() {
    let (world, [own, other], [program, other_program]) = neighbours().await;
    let third = ImportRow { product: "Mật ong".to_owned(), producer: "Hộ Ba".to_owned(), ..good_row() };
    world.product_from(third).await;
    share(&other_program, other, &json!({ "producer_no": 3 })).await;
    assert!(!is_usable(&program, own, other).await);
}

#[actix_web::test]
async fn a_share_is_listed_once_however_often_it_is_said_and_is_in_the_trail() {
    let (world, [own, _], [program, _]) = neighbours().await;
    for _ in 0..2 {
        share(&program, own, &json!({ "producer_no": 2 })).await;
    }
    let shares = program.get(&path_of(own, "shares")).await.json();
    let named: Vec<_> = shares["items"].as_array().unwrap().iter().map(|share| share["producer"].clone()).collect();
    assert_eq!(named, ["HTX Khác"]);
    program.post(&path_of(own, "shares/end"), &json!({ "producer_no": 2 })).await;
    let acts = "SELECT count(*) AS n FROM audit_trail WHERE act IN ('lot.shared', 'lot.unshared') AND producer_no = 1";
    assert_eq!(world.test_db.count(acts).await, 2);
}

#[actix_web::test]
async fn a_share_names_a_producer_of_the_register_or_everyone() {
    let (_world, [own, _], [program, _]) = neighbours().await;
    for body in [json!({}), json!({ "producer_no": 99 }), json!({ "producer_no": 2, "everyone": true })] {
        let problem = program.post(&path_of(own, "shares"), &body).await.assert_problem(422, "invalid");
        assert_eq!(problem["field"], "with", "{body}");
    }
}

async fn graph(client: &Client, batch_no: BatchNo) -> Value {
    let answer = client.get(&path_of(batch_no, "trace")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The edges of a batch's graph in a line each.
async fn edges(client: &Client, batch_no: BatchNo) -> Vec<String> {
    let graph = graph(client, batch_no).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |edge: &Value| {
        let (from, to, amount) = (text(&edge["from"]), text(&edge["to"]), &edge["amount"]);
        format!("{from} -> {to} {} {}, line {}", text(&amount["quantity"]), text(&amount["unit"]), edge["n"])
    };
    graph["edges"].as_array().unwrap().iter().map(line).collect()
}

fn ids(graph: &Value) -> Vec<&str> {
    graph["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn the_graph_goes_both_ways_with_quantities() {
    let (_world, [first, middle, last], program) = three().await;
    program.recorded(first, &event(&json!({ "inputs": [tubers()] }))).await;
    program.recorded(middle, &made_of(first, 60)).await;
    program.recorded(last, &made_of(middle, 12)).await;
    let whole =
        ["outside:1 -> batch:1 100 kg, line 2", "batch:1 -> batch:2 60 kg, line 2", "batch:2 -> batch:3 12 kg, line 2"];
    for batch_no in [first, middle, last] {
        assert_eq!(edges(&program, batch_no).await, whole, "of {batch_no}");
    }
    let graph = graph(&program, middle).await;
    assert_eq!(ids(&graph), ["batch:2", "batch:1", "batch:3", "outside:1"]);
    let state = json!([{ "quantity": "500", "unit": "kg" }, "normal", true, 0]);
    let root = &graph["nodes"][0];
    assert_eq!(json!([root["declared"], root["standing"], root["is_open"], root["n_stamps"]]), state);
}

#[actix_web::test]
async fn a_batch_without_lots_is_a_graph_of_itself() {
    let (_world, [first, ..], program) = three().await;
    let graph = graph(&program, first).await;
    assert_eq!((ids(&graph), &graph["edges"], &graph["is_cut"]), (vec!["batch:1"], &json!([]), &json!(false)));
}

#[actix_web::test]
async fn a_corrected_events_lots_leave_the_graph() {
    let (_world, [first, middle, last], program) = three().await;
    let n = program.recorded(middle, &made_of(first, 60)).await;
    assert_eq!(program.correct(middle, n, &made_of(last, 40)).await.status, 201);
    assert_eq!(edges(&program, middle).await, ["batch:3 -> batch:2 40 kg, line 3"]);
    assert_eq!(ids(&graph(&program, first).await), ["batch:1"]);
}

#[actix_web::test]
async fn anothers_batch_is_known_by_name_alone_and_what_lies_behind_it_not_at_all() {
    let (world, [own, other], [program, other_program]) = neighbours().await;
    other_program.recorded(other, &event(&json!({ "inputs": [tubers()] }))).await;
    share(&other_program, other, &json!({ "producer_no": 1 })).await;
    program.recorded(own, &made_of(other, 10)).await;
    let seen = graph(&program, own).await;
    assert_eq!(ids(&seen), ["batch:1", "batch:2"]);
    let neighbour = &seen["nodes"][1];
    assert_eq!(neighbour["batch"]["producer"], "HTX Khác");
    assert_eq!(json!([neighbour["declared"], neighbour["standing"], neighbour["n_stamps"]]), json!([null, null, null]));
    assert!(!seen.to_string().contains("Ví Dụ"), "another's supplier: {seen}");
    // The owner sees where it went; the office sees everything.
    assert_eq!(ids(&graph(&other_program, other).await), ["batch:2", "batch:1", "outside:1"]);
    assert_eq!(ids(&graph(&world.office, own).await), ["batch:1", "batch:2", "outside:1"]);
}

#[actix_web::test]
async fn a_graph_of_anothers_batch_is_not_there() {
    let (_world, [_, other], [program, other_program]) = neighbours().await;
    share(&other_program, other, &json!({ "everyone": true })).await;
    for rest in ["trace", "events", "balance", "reach", "shares"] {
        program.get(&path_of(other, rest)).await.assert_problem(404, "not-found");
    }
}

#[actix_web::test]
async fn a_lot_is_never_made_of_itself_by_any_way() {
    let (_world, [first, middle, last], program) = three().await;
    program.recorded(middle, &made_of(first, 60)).await;
    program.recorded(last, &made_of(middle, 12)).await;
    for (batch_no, input) in [(first, first), (first, middle), (first, last), (middle, last)] {
        program.record(batch_no, &made_of(input, 1)).await.assert_problem(409, "lot-circle");
    }
}

#[actix_web::test]
async fn a_correction_closes_no_circle_either_and_opens_the_way_it_gives_up() {
    let (_world, [first, middle, last], program) = three().await;
    let n = program.recorded(middle, &made_of(first, 60)).await;
    let of_last = program.recorded(first, &made_of(last, 10)).await;
    program.correct(first, of_last, &made_of(middle, 10)).await.assert_problem(409, "lot-circle");
    assert_eq!(program.correct(middle, n, &made_of(last, 60)).await.status, 201);
    assert_eq!(program.record(first, &made_of(middle, 10)).await.status, 201);
}

#[actix_web::test]
async fn events_at_the_same_time_never_close_a_circle_together() {
    const N_ROUNDS: u32 = 6;
    let (world, product_no, program) = scene().await;
    for round in 0..N_ROUNDS {
        let mut ring = Vec::new();
        for place in 0..3 {
            ring.push(world.batch_of_kg(product_no, &format!("V-{round}-{place}"), 500).await);
        }
        // Each is made of the one before it, the first of the last: the one that comes last closes the ring.
        let told: Vec<Value> = ring.iter().map(|batch_no| made_of(*batch_no, 1)).collect();
        let sent = ring.iter().cycle().skip(1).zip(&told).map(|(batch_no, told)| program.record(*batch_no, told));
        let answers = join_all(sent).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 201, 409]);
    }
}

#[actix_web::test]
async fn two_lots_that_are_told_to_be_made_of_each_other_at_once_are_not() {
    let (_world, [first, second, _], program) = three().await;
    let (one, two) = (made_of(second, 1), made_of(first, 1));
    let answers = join_all([program.record(first, &one), program.record(second, &two)]).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

async fn recall(world: &World, batch_no: BatchNo) {
    let recall = json!({ "reason": "Mẫu kiểm nghiệm không đạt" });
    assert_eq!(world.office.post(&path_of(batch_no, "recall"), &recall).await.status, 200);
}

#[actix_web::test]
async fn a_recalled_lot_is_no_input_any_more() {
    let (world, [first, middle, _], program) = three().await;
    recall(&world, first).await;
    let problem = program.record(middle, &made_of(first, 10)).await.assert_problem(422, "invalid");
    assert_eq!(problem["field"], "inputs");
}

#[actix_web::test]
async fn a_correction_keeps_a_lot_that_was_recalled_since() {
    let (world, [first, middle, _], program) = three().await;
    let n = program.recorded(middle, &made_of(first, 10)).await;
    recall(&world, first).await;
    assert_eq!(program.correct(middle, n, &made_of(first, 12)).await.status, 201);
}

#[actix_web::test]
async fn what_was_made_of_a_lot_that_was_recalled_since_says_so_to_anyone() {
    let (world, [first, middle, _], program) = three().await;
    program.recorded(middle, &made_of(first, 10)).await;
    recall(&world, first).await;
    let timeline = world.public.get_page("/batches/2/timeline").await.text();
    assert!(timeline.contains("lô này đã bị thu hồi ngày 22/11/2026"), "{timeline}");
    let recalled = world.public.get_page("/batches/1/timeline").await.text();
    assert!(recalled.contains("mang trả nơi bán"), "{recalled}");
}

#[actix_web::test]
async fn more_taken_of_a_batch_than_it_declares_is_flagged_at_the_taker_too() {
    let (_world, [first, middle, _], program) = three().await;
    program.recorded(middle, &made_of(first, 501)).await;
    assert_eq!(findings(&program, middle).await, [finding("source", 500_000_000, 501_000_000)]);
}

/// What does not add up in a batch: check, at most and told in thousandths of a unit.
async fn findings(client: &Client, batch_no: BatchNo) -> Vec<(String, u64, u64, String)> {
    let answer = client.get(&path_of(batch_no, "balance")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let numbers = |finding: &Value| {
        let number = |name: &str| finding[name].as_u64().unwrap();
        let (at_most, told) = (number("at_most_thousandths"), number("told_thousandths"));
        (text(&finding["check"]), at_most, told, text(&finding["unit"]))
    };
    answer.json()["findings"].as_array().unwrap().iter().map(numbers).collect()
}

fn finding(check: &str, at_most: u64, told: u64) -> (String, u64, u64, String) {
    (check.to_owned(), at_most, told, "g".to_owned())
}

#[actix_web::test]
async fn more_out_of_a_stage_than_its_yield_allows_is_flagged_until_it_is_corrected() {
    let (world, [first, ..], program) = three().await;
    let stage_no = world.stage_no("noodles.starch").await;
    let starch = |made: u32| json!({ "stage_no": stage_no, "on": "2026-11-20", "in": kg(100), "out": kg(made) });
    let n = program.recorded(first, &starch(30)).await;
    assert_eq!(findings(&program, first).await, [finding("yield", 28_000_000, 30_000_000)]);
    assert_eq!(program.correct(first, n, &starch(28)).await.status, 201);
    assert_eq!(findings(&program, first).await, []);
}

#[actix_web::test]
async fn the_numbers_of_a_finding_stand_on_the_page_in_words() {
    let (world, [first, ..], program) = three().await;
    let stage_no = world.stage_no("noodles.starch").await;
    let starch = json!({ "stage_no": stage_no, "on": "2026-11-20", "in": kg(100), "out": kg(30) });
    program.recorded(first, &starch).await;
    let farmer = world.sign_in(Role::Producer).await;
    let page = farmer.page("/batches/1/events").await;
    assert!(page.contains("đưa vào 100 kg, nhiều nhất ra được 28 kg (28%), nhưng đã ghi ra 30 kg"), "{page}");
}

#[actix_web::test]
async fn where_only_lots_are_told_they_are_what_went_in() {
    let (world, [first, middle, _], program) = three().await;
    let stage_no = world.stage_no("noodles.starch").await;
    let inputs = [from_batch(first, 60)];
    let starch = json!({ "stage_no": stage_no, "on": "2026-11-20", "inputs": inputs, "out": kg(20) });
    program.recorded(middle, &starch).await;
    assert_eq!(findings(&program, middle).await, [finding("yield", 16_800_000, 20_000_000)]);
}

#[actix_web::test]
async fn more_stamps_and_passed_on_goods_than_the_batch_has_are_flagged_without_voided_stamps() {
    let (world, product_no, program) = scene().await;
    world.sql("UPDATE products SET pack_thousandths = 500000, pack_unit = 'g'").await;
    let small = world.batch_of_kg(product_no, "MD-01", 20).await;
    let other = world.batch_of_kg(product_no, "MD-02", 500).await;
    world.mint(small, 38).await;
    program.recorded(other, &made_of(small, 1)).await;
    assert_eq!(findings(&program, small).await, [], "19 kg in stamps and 1 kg passed on");
    world.mint(small, 2).await;
    assert_eq!(findings(&program, small).await, [finding("batch", 20_000_000, 21_000_000)]);
    let void = json!({ "first": 39, "last": 40, "reason": "misprint" });
    assert_eq!(world.office.post(&path_of(small, "voids"), &void).await.status, 201);
    assert_eq!(findings(&program, small).await, []);
}

#[actix_web::test]
async fn more_taken_of_a_lot_from_outside_than_came_in_is_flagged_at_every_batch_that_took_of_it() {
    let (_world, [first, middle, last], program) = three().await;
    let lot = json!({ "product": "Củ dong riềng", "supplier": "Bà Ví Dụ", "received": kg(40) });
    let some = json!({ "new_outside": lot, "quantity": 25, "unit": "kg" });
    program.recorded(first, &event(&json!({ "inputs": [some], "out": kg(5) }))).await;
    let rest = json!({ "outside": 1, "quantity": 16, "unit": "kg" });
    program.recorded(middle, &event(&json!({ "inputs": [rest], "out": kg(3) }))).await;
    for batch_no in [first, middle] {
        assert_eq!(findings(&program, batch_no).await, [finding("outside", 40_000_000, 41_000_000)], "{batch_no}");
    }
    assert_eq!(findings(&program, last).await, []);
}

/// Depth, batch and ranges of stamps of everything that a recall reaches.
async fn reached(client: &Client, batch_no: BatchNo) -> Vec<Value> {
    let reach = client.get(&path_of(batch_no, "reach")).await.json();
    assert_eq!(reach["is_cut"], false);
    let ranges = |batch: &Value| {
        let stamps = batch["stamps"].as_array().unwrap();
        stamps.iter().map(|range| json!([range["first"], range["last"]])).collect::<Vec<_>>()
    };
    let line = |batch: &Value| json!([batch["depth"], batch["batch_no"], batch["n_stamps"], ranges(batch)]);
    reach["batches"].as_array().unwrap().iter().map(line).collect()
}

#[actix_web::test]
async fn a_recall_reaches_every_batch_by_its_shortest_way_with_the_stamps_that_are_out() {
    let (world, [first, middle, last], program) = three().await;
    let beside = world.batch_of_kg(1.try_into().unwrap(), "MD-04", 500).await;
    // One way over two batches, another over one, and both into the last.
    program.recorded(middle, &made_of(first, 60)).await;
    program.recorded(last, &made_of(middle, 10)).await;
    program.recorded(beside, &made_of(first, 30)).await;
    program.recorded(last, &made_of(beside, 10)).await;
    world.mint(middle, 12).await;
    world.mint(middle, 8).await;
    world.mint(last, 5).await;
    let void = json!({ "first": 5, "last": 8, "reason": "misprint" });
    assert_eq!(world.office.post(&path_of(middle, "voids"), &void).await.status, 201);
    let expected = [
        json!([0, 1, 0, []]),
        json!([1, 2, 16, [[1, 4], [9, 12], [13, 20]]]),
        json!([1, 4, 0, []]),
        json!([2, 3, 5, [[1, 5]]]),
    ];
    assert_eq!(reached(&world.office, first).await, expected);
    assert_eq!(reached(&world.office, last).await, [json!([0, 3, 5, [[1, 5]]])], "never backwards");
}

#[actix_web::test]
async fn how_far_a_recall_reaches_says_what_was_recalled_already() {
    let (world, [first, middle, _], program) = three().await;
    program.recorded(middle, &made_of(first, 60)).await;
    let recall = json!({ "reason": "Mẫu kiểm nghiệm không đạt" });
    assert_eq!(world.office.post(&path_of(first, "recall"), &recall).await.status, 200);
    let reach = world.office.get(&path_of(first, "reach")).await.json();
    let standing: Vec<&Value> = reach["batches"].as_array().unwrap().iter().map(|batch| &batch["standing"]).collect();
    assert_eq!(standing, ["recalled", "normal"]);
}

#[actix_web::test]
async fn an_owner_sees_to_whom_a_recall_reaches_but_not_their_stamps() {
    let (world, [own, other], [program, other_program]) = neighbours().await;
    share(&program, own, &json!({ "producer_no": 2 })).await;
    other_program.recorded(other, &made_of(own, 10)).await;
    world.mint(other, 5).await;
    assert_eq!(reached(&program, own).await, [json!([0, 1, 0, []]), json!([1, 2, 0, []])]);
    assert_eq!(reached(&world.office, own).await[1], json!([1, 2, 5, [[1, 5]]]));
}
