//! Keys over their life: rotation, retirement, a key in other hands, and what the key set tells the world.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::keyring::Jwks;
use nguon::keys::types::Purpose;
use nguon::keys::{Keys, Secret};
use nguon::stamp::{Issuer, KeyNo};
use serde_json::json;

use crate::world::{CONTACT, ISSUER, World};

fn key(n: u16) -> KeyNo {
    KeyNo::new(n).unwrap()
}

#[actix_web::test]
async fn after_a_rotation_new_stamps_are_under_the_new_key_and_old_ones_verify() {
    let world = World::new().await;
    let batch = world.batch().await;
    let old = world.mint(batch.batch_no, 5).await;
    assert_eq!(world.keys.create(Purpose::Stamp).await.unwrap(), key(2));
    assert_eq!(world.keys.create(Purpose::Code).await.unwrap(), key(2));
    let new = world.mint(batch.batch_no, 5).await;
    assert_eq!((old.run.stamp_key, new.run.stamp_key), (key(1), key(2)));
    assert_eq!((old.run.code_key, new.run.code_key), (key(1), key(2)));
    for (minted, key_no) in [(&old, 1), (&new, 2)] {
        let verdict = world.public.verdict(&format!("/s/{}", minted.last.digits)).await;
        assert_eq!((&verdict["headline"], &verdict["facts"]["key"]["key_no"]), (&json!("issued"), &json!(key_no)));
        let code = minted.last.code.to_plain();
        assert_eq!(world.public.verdict(&format!("/c/{code}")).await["headline"], "issued");
    }
    assert_eq!(world.stamp(batch.batch_no, 5).await.digits(), old.last.digits);
}

#[actix_web::test]
async fn a_rotation_by_another_process_is_used_by_the_next_mint_and_understood_by_scans() {
    let world = World::new().await;
    let batch = world.batch().await;
    let secret = Secret::read(&world.data_dir.path().join("secret")).unwrap();
    let command = Keys::new(world.test_db.db.clone(), world.clock.clone(), secret, Issuer::new(ISSUER).unwrap());
    command.create(Purpose::Stamp).await.unwrap();
    let minted = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await.json();
    assert_eq!(minted["key_no"], 2);
    let digits = minted["first_stamp"]["digits"].as_str().unwrap();
    assert_eq!(world.public.verdict(&format!("/s/{digits}")).await["headline"], "issued");
}

#[actix_web::test]
async fn a_retired_key_verifies_for_ever_and_signs_no_more() {
    let world = World::new().await;
    let batch = world.batch().await;
    let old = world.mint(batch.batch_no, 1).await;
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.retire(Purpose::Stamp, key(1)).await.unwrap();
    let verdict = world.public.verdict(&format!("/s/{}", old.last.digits)).await;
    assert_eq!((&verdict["headline"], &verdict["facts"]["key"]["state"]), (&json!("issued"), &json!("retired")));
    assert_eq!(world.mint(batch.batch_no, 1).await.run.stamp_key, key(2));
}

#[actix_web::test]
async fn a_compromised_key_is_shown_and_the_mint_record_decides() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world.mint(batch.batch_no, 1).await;
    let room = world.keys.room();
    let forged = room
        .signer(key(1))
        .unwrap()
        .sign(
            &Issuer::new(ISSUER).unwrap(),
            minted.run.product_no,
            batch.batch_no,
            nguon::stamp::Serial::new(2).unwrap(),
            minted.run.last_valid_day,
        )
        .to_digits();
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.mark_compromised(Purpose::Stamp, key(1)).await.unwrap();
    let path = format!("/s/{}", minted.last.digits);
    let verdict = world.public.verdict(&path).await;
    assert_eq!((&verdict["headline"], &verdict["facts"]["key"]["state"]), (&json!("issued"), &json!("compromised")));
    let page = world.public.get_page(&path).await.text();
    assert!(page.contains("đã bị lộ"), "{page}");
    let refused = world.public.get_json(&format!("/s/{forged}")).await;
    assert_eq!((refused.status, &refused.json()["rule"]), (404, &json!("not_minted")));
}

#[actix_web::test]
async fn a_compromised_key_without_the_register_is_unchecked() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world.mint(batch.batch_no, 1).await;
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.mark_compromised(Purpose::Stamp, key(1)).await.unwrap();
    let drop_it = format!("DROP DATABASE {} WITH (FORCE)", world.test_db.name);
    world.test_db.admin_sql(&drop_it).await;
    let path = format!("/s/{}", minted.last.digits);
    let verdict = world.public.verdict(&path).await;
    assert_eq!((&verdict["headline"], &verdict["facts"]["key"]["state"]), (&json!("unchecked"), &json!("compromised")));
    let page = world.public.get_page(&path).await.text();
    assert!(page.contains("đã bị lộ") && page.contains(CONTACT), "{page}");
}

#[actix_web::test]
async fn the_last_active_key_cannot_be_retired() {
    let world = World::new().await;
    for purpose in Purpose::ALL {
        let expected = if purpose == Purpose::Ledger { "one-ledger-key" } else { "last-active-key" };
        assert_eq!(world.keys.retire(purpose, key(1)).await.unwrap_err().code(), expected);
    }
    assert_eq!(world.keys.retire(Purpose::Stamp, key(9)).await.unwrap_err().code(), "not-found");
}

#[actix_web::test]
async fn a_key_only_ages() {
    let world = World::new().await;
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.mark_compromised(Purpose::Stamp, key(1)).await.unwrap();
    let refused = world.keys.retire(Purpose::Stamp, key(1)).await.unwrap_err();
    assert_eq!(refused.code(), "key-compromised");
}

#[actix_web::test]
async fn without_an_active_key_nothing_is_minted_and_the_server_is_not_ready() {
    let world = World::new().await;
    let batch = world.batch().await;
    assert_eq!(world.public.get("/readyz").await.status, 200);
    world.keys.mark_compromised(Purpose::Stamp, key(1)).await.unwrap();
    let order = async || world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    order().await.assert_problem(503, "no-active-key");
    world.public.get("/readyz").await.assert_problem(503, "no-active-key");
    world.keys.create(Purpose::Stamp).await.unwrap();
    assert_eq!(order().await.status, 201);
}

#[actix_web::test]
async fn the_key_set_holds_every_stamp_key_with_its_state_and_no_secret() {
    let world = World::new().await;
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.retire(Purpose::Stamp, key(1)).await.unwrap();
    world.keys.mark_compromised(Purpose::Stamp, key(2)).await.unwrap();
    let answer = world.public.get("/.well-known/jwks.json").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin"), answer.header("content-type")),
        (200, "*", "application/json")
    );
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    let states: Vec<_> =
        keys.iter().map(|key| (key["stamp_kid"].as_u64().unwrap(), key["status"].as_str().unwrap())).collect();
    assert_eq!(states, [(1, "retired"), (2, "compromised"), (3, "active")]);
    for key in keys {
        let names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(!names.contains(&"d") && !names.contains(&"k"), "{names:?}");
        assert_eq!(
            (&key["kty"], &key["crv"], &key["use"], &key["alg"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("sig"), &json!("Ed25519"))
        );
    }
}

#[actix_web::test]
async fn the_served_key_set_verifies_stamps_without_a_network() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world.mint(batch.batch_no, 3).await;
    let set = world.public.get("/.well-known/jwks.json").await;
    let ring = Jwks::parse(&set.body).unwrap().to_keyring().unwrap();
    let digits = minted.last.digits.as_bytes();
    let verified = ring.verify_stamp(&Issuer::new(ISSUER).unwrap(), digits).unwrap();
    assert_eq!(verified.payload.serial.get(), 3);
    let elsewhere = ring.verify_stamp(&Issuer::new("demo.invalid").unwrap(), digits);
    assert_eq!(elsewhere.unwrap_err().as_str(), "signature");
}

#[actix_web::test]
async fn stored_keys_are_sealed_and_open_with_their_own_secret_alone() {
    let world = World::new().await;
    let other = Secret::create(&world.data_dir.path().join("other")).unwrap();
    let stranger = Keys::new(world.test_db.db.clone(), world.clock.clone(), other, Issuer::new(ISSUER).unwrap());
    assert_eq!(stranger.reload().await.unwrap_err().code(), "key-does-not-open");
    let secret = Secret::read(&world.data_dir.path().join("secret")).unwrap();
    let other_issuer =
        Keys::new(world.test_db.db.clone(), world.clock.clone(), secret, Issuer::new("other.example").unwrap());
    assert_eq!(other_issuer.reload().await.unwrap_err().code(), "key-does-not-open");
}

#[actix_web::test]
async fn a_sealed_key_cannot_be_put_under_another_number() {
    let world = World::new().await;
    world
        .sql(
            "INSERT INTO keys (purpose, key_no, public_key, sealed, status, not_before, created_at, changed_at) \
             SELECT 'code', 2, NULL, sealed, status, not_before, created_at, changed_at FROM keys WHERE purpose = 'scratch'",
        )
        .await;
    assert_eq!(world.keys.reload().await.unwrap_err().code(), "key-does-not-open");
}

#[actix_web::test]
async fn keys_made_at_the_same_time_get_numbers_of_their_own() {
    let world = World::new().await;
    let made = futures_util::future::join_all((0..6).map(|_| world.keys.create(Purpose::Stamp))).await;
    let mut numbers: Vec<u16> = made.into_iter().map(|made| made.unwrap().get()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5, 6, 7]);
}

#[actix_web::test]
async fn nothing_secret_is_in_a_debug_text() {
    let world = World::new().await;
    let token = world.accounts.create_token("x", None, &[nguon::accounts::types::Scope::Office], None).await.unwrap();
    assert!(!format!("{token:?}").contains(token.token.reveal()));
    let text = format!("{:?}", world.keys.room());
    assert!(text.contains("StampSigner(key 1)") && text.contains("CodeKey(..)"), "{text}");
}

#[actix_web::test]
async fn a_code_whose_key_may_be_in_other_hands_says_so() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world.mint(batch.batch_no, 1).await;
    world.keys.create(Purpose::Code).await.unwrap();
    world.keys.mark_compromised(Purpose::Code, key(1)).await.unwrap();
    let path = format!("/c/{}", minted.last.code.to_plain());
    let verdict = world.public.verdict(&path).await;
    assert_eq!(verdict["facts"]["key"], json!({ "state": "compromised", "key_no": 1 }));
    assert!(world.public.get_page(&path).await.text().contains("có thể đã bị lộ"));
}

#[actix_web::test]
async fn a_stamp_under_a_key_that_was_not_announced_here_is_issued_all_the_same() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.stop_listening();
    let secret = Secret::read(&world.data_dir.path().join("secret")).unwrap();
    let elsewhere = Keys::new(world.test_db.db.clone(), world.clock.clone(), secret, Issuer::new(ISSUER).unwrap());
    for purpose in [Purpose::Stamp, Purpose::Code] {
        elsewhere.create(purpose).await.unwrap();
    }
    let minted = world.mint_with(&elsewhere, batch.batch_no).await;
    assert_eq!(minted.run.stamp_key, key(2));
    let digits = world.public.verdict(&format!("/s/{}", minted.last.digits)).await;
    assert_eq!((&digits["headline"], &digits["rule"]), (&json!("issued"), &json!(null)));
}

#[actix_web::test]
async fn a_code_under_a_key_that_was_not_announced_here_is_issued_all_the_same() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.stop_listening();
    let secret = Secret::read(&world.data_dir.path().join("secret")).unwrap();
    let elsewhere = Keys::new(world.test_db.db.clone(), world.clock.clone(), secret, Issuer::new(ISSUER).unwrap());
    elsewhere.create(Purpose::Code).await.unwrap();
    let minted = world.mint_with(&elsewhere, batch.batch_no).await;
    let code = minted.last.code.to_plain();
    assert_eq!(world.public.verdict(&format!("/c/{code}")).await["headline"], "issued");
}

#[actix_web::test]
async fn whatever_happens_to_a_key_is_on_the_trail() {
    let world = World::new().await;
    world.keys.create(Purpose::Stamp).await.unwrap();
    world.keys.retire(Purpose::Stamp, key(1)).await.unwrap();
    world.keys.mark_compromised(Purpose::Stamp, key(1)).await.unwrap();
    for (act, thing) in [("key.made", "key 2"), ("key.retired", "key 1"), ("key.compromised", "key 1")] {
        let sql = format!(
            "SELECT count(*) AS n FROM audit_trail WHERE act = '{act}' AND thing = '{thing}' AND details->>'purpose' = 'stamp'"
        );
        assert_eq!(world.test_db.count(&sql).await, 1, "{act}");
    }
}
