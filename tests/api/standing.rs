//! Closing, suspending, resuming and recalling: what the office may say of a batch, and that the next scan says it too.

use futures_util::future::join_all;
use nguon::accounts::types::{Actor, Role, Scope};
use nguon::batches::proposals::types::ProposalDecision;
use nguon::batches::standing::types::Words;
use nguon::batches::types::Batch;
use nguon::stamp::Serial;
use serde_json::{Value, json};

use crate::world::{Answer, StampText, World};

/// Notifications take a moment; two seconds are far more than they need.
const N_TRIES: u32 = 100;

/// A world, its batch of ten stamps, and the stamp with serial 7, scanned once so that its card is remembered.
async fn scene() -> (World, Batch, StampText) {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    let stamp = world.stamp(batch.batch_no, 7).await;
    assert_eq!(headline(&world, &stamp).await, "issued");
    (world, batch, stamp)
}

async fn headline(world: &World, stamp: &StampText) -> Value {
    world.public.verdict(&format!("/s/{}", stamp.digits())).await["headline"].clone()
}

/// Waits for the notification, then gives the verdict, which must have this headline.
async fn verdict_once(world: &World, stamp: &StampText, expected: &str) -> Value {
    for _ in 0..N_TRIES {
        let verdict = world.public.verdict(&format!("/s/{}", stamp.digits())).await;
        if verdict["headline"] == expected {
            return verdict;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("not {expected} after two seconds, but {}", headline(world, stamp).await);
}

async fn post(world: &World, batch: &Batch, verb: &str, body: Value) -> Answer {
    world.office.post(&format!("/api/v1/batches/{}/{verb}", batch.batch_no), &body).await
}

/// How often the trail names an act, with the batch it was done to and for whom.
async fn n_acts(world: &World, act: &str) -> i64 {
    let sql = format!(
        "SELECT count(*) AS n FROM audit_trail WHERE act = '{act}' AND thing = 'batch 1' AND producer_no = 1 AND role = 'office'"
    );
    world.test_db.count(&sql).await
}

#[actix_web::test]
async fn a_suspended_batch_says_so_at_the_next_scan_with_reason_advice_and_contact() {
    let (world, batch, stamp) = scene().await;
    let words = json!({ "reason": "Chờ kết quả kiểm nghiệm", "advice": "Chưa nên dùng", "contact": "0209 000 111" });
    let answer = post(&world, &batch, "suspend", words).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["standing"]["state"], "suspended");
    let verdict = verdict_once(&world, &stamp, "suspended").await;
    assert_eq!((&verdict["tone"], &verdict["rule"]), (&json!("amber"), &json!(null)));
    let standing = &verdict["facts"]["batch"]["standing"];
    assert_eq!(
        (&standing["state"], &standing["reason"], &standing["advice"], &standing["contact"]),
        (&json!("suspended"), &json!("Chờ kết quả kiểm nghiệm"), &json!("Chưa nên dùng"), &json!("0209 000 111"))
    );
    assert_eq!(verdict["facts"]["batch"]["state"], "open");
    let page = world.public.get_page(&format!("/c/{}", stamp.plain_code())).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for shown in ["Đang tạm dừng", "22/11/2026. Lý do: Chờ kết quả kiểm nghiệm. Chưa nên dùng.", "0209 000 111"]
    {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert_eq!(n_acts(&world, "batch.suspended").await, 1);
}

#[actix_web::test]
async fn a_resumed_batch_is_issued_again_and_may_have_stamps() {
    let (world, batch, stamp) = scene().await;
    post(&world, &batch, "suspend", json!({ "reason": "a" })).await;
    verdict_once(&world, &stamp, "suspended").await;
    let order = json!({ "count": 1 });
    world.office.order(batch.batch_no, "k", &order).await.assert_problem(409, "batch-suspended");
    post(&world, &batch, "resume", json!({ "reason": " " })).await.assert_problem(422, "invalid");
    assert_eq!(post(&world, &batch, "resume", json!({ "reason": "Kết quả tốt" })).await.status, 200);
    let verdict = verdict_once(&world, &stamp, "issued").await;
    assert_eq!(verdict["facts"]["batch"]["standing"]["reason"], json!(null));
    assert_eq!(world.office.order(batch.batch_no, "k", &order).await.status, 201);
    assert_eq!(n_acts(&world, "batch.resumed").await, 1);
    post(&world, &batch, "resume", json!({ "reason": "a" })).await.assert_problem(409, "not-suspended");
}

#[actix_web::test]
async fn a_recall_is_red_says_what_to_do_and_is_final() {
    let (world, batch, stamp) = scene().await;
    let answer = post(&world, &batch, "recall", json!({ "reason": "Có vi khuẩn Salmonella" })).await;
    assert_eq!(answer.json()["standing"]["state"], "recalled");
    let verdict = verdict_once(&world, &stamp, "recalled").await;
    assert_eq!(verdict["tone"], "red");
    let explanation = verdict["explanation"]["vi"].as_str().unwrap();
    assert!(explanation.contains("Salmonella") && explanation.contains("mang trả nơi bán"), "{explanation}");
    assert_eq!(world.public.get_page(&format!("/s/{}", stamp.digits())).await.status, 200);
    world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await.assert_problem(409, "batch-recalled");
    for verb in ["suspend", "resume"] {
        post(&world, &batch, verb, json!({ "reason": "a" })).await.assert_problem(409, "recall-is-final");
    }
    let refused =
        world.test_db.sql("UPDATE batches SET standing = 'normal', standing_reason = NULL, standing_since = NULL");
    assert!(refused.await.unwrap_err().contains("stays recalled"));
}

#[actix_web::test]
async fn the_words_of_a_recall_may_be_corrected_but_not_its_day() {
    let (world, batch, _) = scene().await;
    post(&world, &batch, "recall", json!({ "reason": "a" })).await;
    let since = |answer: &Answer| answer.json()["standing"]["since"].clone();
    world.move_clock_to("2026-11-25T05:00:00Z");
    let again = post(&world, &batch, "recall", json!({ "reason": "b", "contact": "0209 000 222" })).await;
    assert_eq!(again.json()["standing"]["reason"], "b");
    assert!(since(&again).as_str().unwrap().starts_with("2026-11-22"), "{}", since(&again));
    assert_eq!(n_acts(&world, "batch.recalled").await, 2);
}

#[actix_web::test]
async fn of_two_decisions_on_the_same_version_the_second_is_told() {
    let (world, batch, _) = scene().await;
    let decisions = (0..4).map(|n| {
        let (world, batch) = (&world, &batch);
        async move { post(world, batch, "suspend", json!({ "reason": format!("lý do {n}"), "version": 1 })).await }
    });
    let mut statuses: Vec<u16> = join_all(decisions).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    let late = post(&world, &batch, "recall", json!({ "reason": "a", "version": 1 })).await;
    late.assert_problem(409, "edit-conflict");
    assert_eq!(n_acts(&world, "batch.suspended").await, 1);
}

#[actix_web::test]
async fn a_ruling_needs_a_reason_within_its_length() {
    let (world, batch, _) = scene().await;
    for verb in ["suspend", "recall"] {
        post(&world, &batch, verb, json!({ "reason": "" })).await.assert_problem(422, "invalid");
        post(&world, &batch, verb, json!({ "reason": "a".repeat(501) })).await.assert_problem(422, "invalid");
        let contact = json!({ "reason": "a", "contact": "0".repeat(201) });
        assert_eq!(post(&world, &batch, verb, contact).await.assert_problem(422, "invalid")["field"], "contact");
        post(&world, &batch, verb, json!({})).await.assert_problem(400, "malformed-body");
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM batches WHERE standing <> 'normal'").await, 0);
}

#[actix_web::test]
async fn a_closed_batch_gets_no_more_stamps_and_its_stamps_stay_good() {
    let (world, batch, stamp) = scene().await;
    let closed = post(&world, &batch, "close", json!({})).await;
    assert_eq!((closed.status, &closed.json()["state"]), (200, &json!("closed")));
    assert!(closed.json()["closed_at"].is_string());
    world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await.assert_problem(409, "batch-closed");
    post(&world, &batch, "close", json!({})).await.assert_problem(409, "batch-closed");
    assert_eq!(headline(&world, &stamp).await, "issued");
    assert_eq!(n_acts(&world, "batch.closed").await, 1);
    assert!(world.test_db.sql("UPDATE batches SET state = 'open'").await.unwrap_err().contains("stays closed"));
}

#[actix_web::test]
async fn a_producers_token_closes_its_own_batches_and_rules_on_none() {
    let (world, batch, _) = scene().await;
    let own = world.client_of(1, &[Scope::Read, Scope::BatchesWrite]).await;
    let path = |verb: &str| format!("/api/v1/batches/{}/{verb}", batch.batch_no);
    for verb in ["suspend", "resume", "recall"] {
        own.post(&path(verb), &json!({ "reason": "a" })).await.assert_problem(403, "forbidden");
    }
    let reader = world.client_of(1, &[Scope::Read, Scope::StampsMint]).await;
    reader.post(&path("close"), &json!({})).await.assert_problem(403, "forbidden");
    assert_eq!(own.post(&path("close"), &json!({})).await.status, 200);
}

#[actix_web::test]
async fn an_inspector_proposes_and_the_office_accepts_which_suspends() {
    let (world, batch, stamp) = scene().await;
    let inspector = world.sign_in(Role::Inspector).await;
    let inspector = world.actor_of(&inspector).await;
    let serial = Serial::new(7).ok();
    let propose =
        async |reason: &str| world.batches.propose_suspension(&inspector, batch.batch_no, serial, reason).await;
    let proposal_no = propose("Nhãn sai hạn dùng").await.unwrap();
    assert_eq!(propose("Nhãn sai hạn dùng").await.unwrap(), proposal_no, "sent twice, it is one proposal");
    let accept = ProposalDecision::Accept(Words::new("Nhãn sai hạn dùng", None, None).unwrap());
    let refused = world.batches.decide_proposal(&inspector, proposal_no, accept.clone()).await;
    assert_eq!(refused.unwrap_err().code(), "role-forbidden");
    world.batches.decide_proposal(&Actor::operator(), proposal_no, accept.clone()).await.unwrap();
    verdict_once(&world, &stamp, "suspended").await;
    let again = world.batches.decide_proposal(&Actor::operator(), proposal_no, accept).await;
    assert_eq!(again.unwrap_err().code(), "request-decided");
    assert_eq!(n_acts(&world, "suspension.decided").await, 1);
    assert_eq!(n_acts(&world, "batch.suspended").await, 1);
    let proposed = "SELECT count(*) AS n FROM audit_trail WHERE act = 'suspension.proposed' AND role = 'inspector'";
    assert_eq!(world.test_db.count(proposed).await, 1);
}

#[actix_web::test]
async fn a_dismissed_proposal_changes_nothing_but_keeps_the_offices_word() {
    let (world, batch, stamp) = scene().await;
    let inspector = world.actor_of(&world.sign_in(Role::Inspector).await).await;
    let proposal_no = world.batches.propose_suspension(&inspector, batch.batch_no, None, "a").await.unwrap();
    let dismiss = |note: &str| ProposalDecision::Dismiss { note: note.to_owned() };
    let silent = world.batches.decide_proposal(&Actor::operator(), proposal_no, dismiss(" ")).await;
    assert_eq!(silent.unwrap_err().code(), "invalid");
    world.batches.decide_proposal(&Actor::operator(), proposal_no, dismiss("Đã kiểm tra")).await.unwrap();
    let decided = world.batches.suspension_proposals(&inspector).await.unwrap().decided;
    assert_eq!(decided[0].note.as_deref(), Some("Đã kiểm tra"));
    assert_eq!(headline(&world, &stamp).await, "issued");
}

#[actix_web::test]
async fn only_inspectors_and_the_office_propose_and_only_for_stamps_that_exist() {
    let (world, batch, _) = scene().await;
    for role in [Role::Producer, Role::Officer, Role::Auditor] {
        let actor = world.actor_of(&world.sign_in(role).await).await;
        let refused = world.batches.propose_suspension(&actor, batch.batch_no, None, "a").await;
        assert_eq!(refused.unwrap_err().code(), "role-forbidden", "{role:?}");
    }
    let inspector = world.actor_of(&world.sign_in(Role::Inspector).await).await;
    let unminted = world.batches.propose_suspension(&inspector, batch.batch_no, Serial::new(11).ok(), "a").await;
    assert_eq!(unminted.unwrap_err().code(), "not-found");
}

#[actix_web::test]
async fn characters_that_nobody_sees_are_not_kept_of_what_programs_send() {
    let world = World::new().await;
    world.batch().await;
    let body = json!({ "reason": "M\u{202e}ốc\u{0}", "contact": "\u{0}", "advice": "\u{200b}" });
    assert_eq!(world.office.post("/api/v1/batches/1/suspend", &body).await.status, 200);
    let kept = "SELECT count(*) AS n FROM batches WHERE standing_reason = 'Mốc' AND standing_contact IS NULL AND standing_advice IS NULL";
    assert_eq!(world.test_db.count(kept).await, 1);
}
