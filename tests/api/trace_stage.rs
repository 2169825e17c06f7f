//! What tests of events share: batches that say how much they hold, events as programs send them, and events as services take them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::sync::atomic::{AtomicU32, Ordering};

use nguon::accounts::types::Scope;
use nguon::register::import::ImportRow;
use nguon::stamp::{BatchNo, ProductNo};
use nguon::trace::types::{Declared, NewEvent, NewPlace, What};
use serde_json::{Value, json};

use crate::world::{Answer, Client, World, day, good_row};

impl World {
    /// An open batch of so many kilograms, packed on 2026-11-20.
    pub(crate) async fn batch_of_kg(&self, product_no: ProductNo, lot: &str, quantity: u32) -> BatchNo {
        let body = json!({
            "product_no": product_no.get(), "lot": lot, "packed_on": "2026-11-20", "last_valid_day": "2027-11-20",
            "quantity": quantity, "unit": "kg",
        });
        let answer = self.office.post("/api/v1/batches", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        BatchNo::new(u32::try_from(answer.json()["batch_no"].as_u64().unwrap()).unwrap()).unwrap()
    }

    /// The product of a second producer, behind the first one's.
    pub(crate) async fn product_of_another(&self) -> ProductNo {
        let row = ImportRow { product: "Tinh bột dong".to_owned(), producer: "HTX Khác".to_owned(), ..good_row() };
        self.product_from(row).await
    }

    /// The number of a stage by its template and code: `noodles.starch`.
    pub(crate) async fn stage_no(&self, full_code: &str) -> i64 {
        let sql = format!("SELECT stage_no::bigint AS n FROM stages WHERE template || '.' || code = '{full_code}'");
        self.test_db.count(&sql).await
    }

    /// A program that reads and records for a producer.
    pub(crate) async fn recorder_of(&self, producer_no: i32) -> Client {
        self.client_of(producer_no, &[Scope::Read, Scope::BatchesWrite]).await
    }
}

/// The address of something of a batch.
pub(crate) fn path_of(batch_no: BatchNo, rest: &str) -> String {
    format!("/api/v1/batches/{batch_no}/{rest}")
}

/// A key that no request had.
fn new_key() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Client {
    /// Sends an event under a key of its own.
    pub(crate) async fn record(&self, batch_no: BatchNo, event: &Value) -> Answer {
        self.record_under(&new_key(), batch_no, event).await
    }

    /// Sends an event under this key.
    pub(crate) async fn record_under(&self, key: &str, batch_no: BatchNo, event: &Value) -> Answer {
        let request = self.request("POST", &path_of(batch_no, "events"));
        self.send(request.header("Idempotency-Key", key).json(event)).await
    }

    /// Sends an event that must be taken; its line in the chain.
    pub(crate) async fn recorded(&self, batch_no: BatchNo, event: &Value) -> u64 {
        let answer = self.record(batch_no, event).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["n"].as_u64().unwrap()
    }

    /// Says a line anew, under a key of its own.
    pub(crate) async fn correct(&self, batch_no: BatchNo, n: u64, event: &Value) -> Answer {
        self.correct_under(&new_key(), batch_no, n, event).await
    }

    /// Says a line anew under this key.
    pub(crate) async fn correct_under(&self, key: &str, batch_no: BatchNo, n: u64, event: &Value) -> Answer {
        let request = self.request("POST", &path_of(batch_no, &format!("events/{n}/correction")));
        let body = json!({ "event": event, "reason": "ghi nhầm số cân" });
        self.send(request.header("Idempotency-Key", key).json(&body)).await
    }

    /// What is recorded of a batch.
    pub(crate) async fn events(&self, batch_no: BatchNo) -> Vec<Value> {
        self.get(&path_of(batch_no, "events")).await.json()["items"].as_array().unwrap().clone()
    }
}

/// So many kilograms.
pub(crate) fn kg(quantity: impl Into<Value>) -> Value {
    let quantity: Value = quantity.into();
    json!({ "quantity": quantity, "unit": "kg" })
}

/// So many kilograms of a batch, as an input.
pub(crate) fn from_batch(batch_no: BatchNo, quantity: u32) -> Value {
    json!({ "batch": batch_no.get(), "quantity": quantity, "unit": "kg" })
}

/// 20 kg were made on 2026-11-20, bent by these fields; null takes one away.
pub(crate) fn event(bent: &Value) -> Value {
    let mut event = json!({ "step": "process", "on": "2026-11-20", "out": kg(20) });
    for (name, value) in bent.as_object().unwrap() {
        if value.is_null() {
            event.as_object_mut().unwrap().remove(name);
        } else {
            event[name] = value.clone();
        }
    }
    event
}

/// 20 kg were made of so many kilograms of a batch.
pub(crate) fn made_of(batch_no: BatchNo, quantity: u32) -> Value {
    event(&json!({ "inputs": [from_batch(batch_no, quantity)] }))
}

/// Something was done on 2026-11-20, and no more is said.
pub(crate) fn told(what: What) -> NewEvent {
    NewEvent {
        what,
        when: Declared { on: day("2026-11-20"), time: None },
        place: NewPlace::Own,
        taken: None,
        made: None,
        inputs: Vec::new(),
        wait_days: None,
        note: None,
        files: Vec::new(),
    }
}
