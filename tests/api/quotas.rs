//! Quotas: where they come from, what is refused above them, and how the office lets a batch have more.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use futures_util::future::join_all;
use nguon::accounts::types::{Actor, Role};
use nguon::batches::quota::types::QuotaDecision;
use nguon::stamp::BatchNo;
use serde_json::json;

use crate::browser::Person;
use crate::world::{Answer, World};

/// A batch of 50 kg whose packs hold half a kilogram; the office enforces quotas with 5 per cent: 105 stamps.
async fn scene() -> (World, Person, Person) {
    let world = World::new().await;
    world.batch().await;
    world.sql("UPDATE products SET pack_thousandths = 500000, pack_unit = 'g'").await;
    world.sql("UPDATE batches SET quantity_thousandths = 50000, unit = 'kg'").await;
    world.sql("UPDATE quota_policy SET is_enforced = true").await;
    let (farmer, office) = (world.sign_in(Role::Producer).await, world.sign_in(Role::Office).await);
    (world, farmer, office)
}

fn batch_no() -> BatchNo {
    BatchNo::new(1).unwrap()
}

async fn order(world: &World, key: &str, count: u32) -> Answer {
    world.office.order(batch_no(), key, &json!({ "count": count })).await
}

async fn ask(person: &Person, count: &str, reason: &str) -> Answer {
    let fields = [("more_count", count), ("more_reason", reason)];
    person.submit("/batches/1", "/batches/1/quota-requests", &fields).await
}

async fn decide(office: &Person, request_no: i32, fields: &[(&str, &str)]) -> Answer {
    office.submit("/requests", &format!("/requests/quotas/{request_no}"), fields).await
}

#[actix_web::test]
async fn a_batch_gets_as_many_stamps_as_it_declares_packs_and_the_margin() {
    let (world, farmer, _) = scene().await;
    let page = farmer.page("/batches/1").await;
    assert!(page.contains("Được cấp nhiều nhất 105 tem"), "{page}");
    assert_eq!(order(&world, "a", 100).await.status, 201);
    let refused = order(&world, "b", 6).await.assert_problem(409, "quota-exceeded");
    assert!(refused["vi"].as_str().unwrap().contains("còn được cấp 5 tem"), "{refused}");
    assert_eq!(order(&world, "c", 5).await.status, 201);
    order(&world, "d", 1).await.assert_problem(409, "quota-exceeded");
}

#[actix_web::test]
async fn orders_at_the_same_time_do_not_exceed_the_quota_together() {
    let (world, ..) = scene().await;
    let orders = (0..20).map(|n| {
        let world = &world;
        async move { order(world, &format!("k{n}"), 10).await.status }
    });
    let statuses = join_all(orders).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 10);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 10);
}

#[actix_web::test]
async fn voided_stamps_count_as_used() {
    let (world, ..) = scene().await;
    order(&world, "a", 105).await;
    let body = json!({ "first": 1, "last": 50, "reason": "misprint" });
    assert_eq!(world.office.post("/api/v1/batches/1/voids", &body).await.status, 201);
    order(&world, "b", 1).await.assert_problem(409, "quota-exceeded");
}

#[actix_web::test]
async fn without_figures_every_stamp_is_the_offices_to_allow_and_the_page_says_why() {
    let (world, farmer, _) = scene().await;
    for (sql, why) in [
        ("UPDATE batches SET unit = 'chai'", "không đổi cho nhau được"),
        ("UPDATE products SET pack_thousandths = NULL, pack_unit = NULL", "mỗi gói chứa bao nhiêu"),
        ("UPDATE batches SET quantity_thousandths = NULL, unit = NULL", "chưa khai số lượng"),
    ] {
        world.sql(sql).await;
        let page = farmer.page("/batches/1").await;
        assert!(page.contains("Chưa tính được hạn mức tem") && page.contains(why), "{why}: {page}");
        order(&world, "a", 1).await.assert_problem(409, "quota-exceeded");
    }
}

#[actix_web::test]
async fn without_a_rule_there_is_no_quota_and_the_page_says_why() {
    let (world, farmer, _) = scene().await;
    for (sql, why) in [
        ("UPDATE quota_policy SET is_enforced = false", "chưa áp dụng hạn mức"),
        ("UPDATE products SET demo = true", "Đây là bản trình diễn nên"),
    ] {
        world.sql(sql).await;
        let page = farmer.page("/batches/1").await;
        assert!(page.contains("có hạn mức tem") && page.contains(why), "{why}: {page}");
    }
    assert_eq!(order(&world, "a", 1_000_000).await.status, 201);
}

#[actix_web::test]
async fn who_meets_the_quota_asks_and_the_offices_approval_raises_it() {
    let (world, farmer, office) = scene().await;
    order(&world, "a", 100).await;
    let page = farmer.page("/batches/1").await;
    let key = page.split("name=\"order_key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let refused = farmer.submit("/batches/1", "/batches/1/stamps", &[("order_key", key), ("count", "40")]).await;
    refused.assert_refused("còn được cấp 5 tem");
    let text = refused.text();
    assert!(text.contains("<details id=\"more\" open>") && text.contains("name=\"more_count\" value=\"40\""), "{text}");
    assert_eq!(ask(&farmer, "40", "Gói nhỏ hơn").await.assert_sent_on(), "/batches/1?done=sent");
    assert!(farmer.page("/batches/1").await.contains("đang chờ văn phòng"));
    let waiting = office.page("/requests").await;
    assert!(waiting.contains("Gói nhỏ hơn") && waiting.contains("Xin thêm 40 tem"), "{waiting}");
    assert_eq!(decide(&office, 1, &[("decision", "approve")]).await.assert_sent_on(), "/requests?done=decided");
    assert!(farmer.page("/batches/1").await.contains("văn phòng đã duyệt"));
    assert_eq!(order(&world, "b", 40).await.status, 201);
    order(&world, "c", 1).await.assert_problem(409, "quota-exceeded");
    decide(&office, 1, &[("decision", "approve")]).await.assert_refused("đã được giải quyết");
    let acts =
        "SELECT count(*) AS n FROM audit_trail WHERE act IN ('quota.asked', 'quota.decided') AND producer_no = 1";
    assert_eq!(world.test_db.count(acts).await, 2);
}

#[actix_web::test]
async fn a_refused_request_keeps_the_quota_and_needs_a_word_to_the_producer() {
    let (world, farmer, office) = scene().await;
    ask(&farmer, "200", "a").await.assert_sent_on();
    decide(&office, 1, &[("decision", "refuse"), ("note", " ")]).await.assert_refused("Xin ghi lý do");
    decide(&office, 1, &[("note", "x")]).await.assert_refused("hai nút");
    decide(&office, 1, &[("decision", "refuse"), ("note", "Số lượng khai chưa đúng")]).await.assert_sent_on();
    assert!(farmer.page("/batches/1").await.contains("văn phòng không duyệt (Số lượng khai chưa đúng)"));
    order(&world, "a", 106).await.assert_problem(409, "quota-exceeded");
    assert!(office.page("/requests").await.contains("Số lượng khai chưa đúng"));
}

#[actix_web::test]
async fn a_batch_has_one_request_waiting_and_none_for_what_it_may_order_anyway() {
    let (world, farmer, _) = scene().await;
    ask(&farmer, "105", "a").await.assert_refused("đặt được ngay");
    ask(&farmer, "0", "a").await.assert_refused("href=\"#more_count\"");
    ask(&farmer, "106", " ").await.assert_refused("href=\"#more_reason\"");
    ask(&farmer, "106", "a").await.assert_sent_on();
    let again = ask(&farmer, "106", "a").await;
    assert!(again.text().contains("đã có một đề nghị đang chờ"), "{}", again.text());
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM quota_requests").await, 1);
}

#[actix_web::test]
async fn of_two_decisions_sent_at_once_one_counts() {
    let (world, farmer, _) = scene().await;
    ask(&farmer, "200", "a").await.assert_sent_on();
    let office = Actor::operator();
    let decisions = (0..6).map(|_| world.batches.decide_quota(&office, 1, QuotaDecision::Approve));
    let outcomes = join_all(decisions).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|err| err.code() == "request-decided"));
    assert_eq!(world.test_db.count("SELECT max_stamps::bigint AS n FROM batches").await, 200);
}

#[actix_web::test]
async fn a_quota_set_by_hand_holds_without_any_rule_and_is_taken_away_again() {
    let (world, _, office) = scene().await;
    world.sql("UPDATE quota_policy SET is_enforced = false").await;
    let set = async |value: &str, version: &str| {
        office.submit("/batches/1", "/batches/1/quota", &[("version", version), ("max_stamps", value)]).await
    };
    set("7", "1").await.assert_sent_on();
    set("8", "1").await.assert_told();
    set("16777216", "2").await.assert_refused("16.777.215");
    order(&world, "a", 8).await.assert_problem(409, "quota-exceeded");
    assert_eq!(order(&world, "b", 7).await.status, 201);
    set("", "2").await.assert_sent_on();
    assert_eq!(order(&world, "c", 1_000).await.status, 201);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM audit_trail WHERE act = 'quota.set'").await, 2);
}

#[actix_web::test]
async fn the_office_sets_the_rule_and_two_who_set_it_do_not_overwrite_each_other() {
    let (world, _, office) = scene().await;
    let save = async |version: &str, margin: &str, enforced: &str| {
        let fields = [("version", version), ("margin_percent", margin), ("is_enforced", enforced)];
        office.submit("/requests", "/requests/policy", &fields).await
    };
    save("1", "101", "yes").await.assert_refused("từ 0 đến 100");
    save("1", "20", "yes").await.assert_sent_on();
    let late = save("1", "30", "").await;
    late.assert_told();
    // The margin that stands, so that sending the page again keeps it.
    assert!(late.text().contains("value=\"20\"") && !late.text().contains("value=\"30\""), "{}", late.text());
    let now = "SELECT margin_percent::bigint AS n FROM quota_policy WHERE is_enforced";
    assert_eq!(world.test_db.count(now).await, 20);
    assert!(office.page("/batches/1").await.contains("Được cấp nhiều nhất 120 tem"));
    let set = "SELECT count(*) AS n FROM audit_trail WHERE act = 'quota.policy_set'";
    assert_eq!(world.test_db.count(set).await, 1);
}

#[actix_web::test]
async fn only_the_office_decides_and_inspectors_see_no_quotas() {
    let (world, farmer, _) = scene().await;
    ask(&farmer, "200", "Gói nhỏ hơn").await.assert_sent_on();
    for role in [Role::Inspector, Role::Auditor] {
        let person = world.sign_in(role).await;
        let page = person.page("/requests").await;
        assert_eq!(page.contains("Gói nhỏ hơn"), role == Role::Auditor, "{role:?}");
        assert!(!page.contains("action=\"/requests/"), "{role:?}");
        for path in ["/requests/quotas/1", "/requests/proposals/1", "/requests/policy"] {
            let token = crate::browser::form_token_in(&page);
            let fields = [("form_token", token.as_str()), ("decision", "approve"), ("version", "1")];
            assert_eq!(person.post_form(path, &fields).await.status, 403, "{role:?} {path}");
        }
    }
    assert_eq!(farmer.get("/requests").await.status, 403);
    let actor = world.actor_of(&farmer).await;
    assert_eq!(
        world.batches.decide_quota(&actor, 1, QuotaDecision::Approve).await.unwrap_err().code(),
        "role-forbidden"
    );
}

#[actix_web::test]
async fn the_office_decides_proposals_on_the_page() {
    let (world, _, office) = scene().await;
    let inspector = world.sign_in(Role::Inspector).await;
    let actor = world.actor_of(&inspector).await;
    for reason in ["Nhãn sai", "Không có địa chỉ"] {
        world.batches.propose_suspension(&actor, batch_no(), None, reason).await.unwrap();
    }
    assert!(inspector.page("/requests").await.contains("Nhãn sai"));
    let decide = async |proposal_no: i32, fields: &[(&str, &str)]| {
        office.submit("/requests", &format!("/requests/proposals/{proposal_no}"), fields).await
    };
    assert!(office.page("/requests").await.contains("required aria-describedby=\"reason-hint-1\"></textarea>"));
    let empty = decide(1, &[("decision", "accept"), ("reason", ""), ("advice", "Chờ tin")]).await;
    empty.assert_refused("Xin ghi lý do");
    assert!(empty.text().contains("value=\"Chờ tin\""), "what was typed is still there");
    let accept = [("decision", "accept"), ("reason", "Nhãn ghi sai hạn dùng"), ("reread", "yes")];
    decide(1, &accept[..2]).await.assert_refused("Xin đọc lại");
    decide(1, &accept).await.assert_sent_on();
    decide(2, &[("decision", "dismiss"), ("note", "Đã có trên hộp")]).await.assert_sent_on();
    assert_eq!(decide(9, &[("decision", "dismiss"), ("note", "a")]).await.status, 404);
    assert!(office.page("/batches/1").await.contains("Nhãn ghi sai hạn dùng"));
    let page = inspector.page("/requests").await;
    assert!(page.contains("đã tạm dừng lô") && page.contains("Đã có trên hộp"), "{page}");
}
