//! Minting over HTTP: what an order gives, what refuses it, and that no serial is given twice.

use serde_json::json;

use crate::world::World;

#[actix_web::test]
async fn an_order_gives_a_run_whose_stamps_read_as_issued() {
    let world = World::new().await;
    let batch = world.batch().await;
    let minted = world
        .office
        .order(batch.batch_no, "order-1", &json!({ "count": 50 }))
        .await;
    assert_eq!(minted.status, 201, "{}", minted.text());
    let minted = minted.json();
    assert_eq!((&minted["first"], &minted["last"]), (&json!(1), &json!(50)));

    let digits = minted["last_stamp"]["digits"].as_str().unwrap();
    let verdict = world.public.get_json(&format!("/s/{digits}")).await;
    assert_eq!(verdict.status, 200, "{}", verdict.text());
    assert_eq!(verdict.json()["headline"], "issued");
}
