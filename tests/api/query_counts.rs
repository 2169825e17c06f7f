//! How many queries a list takes, its session's look-up included: diesel tells of every statement that it hands to Postgres, on
//! whichever connection of the pool. Statements are counted by database, since every test has its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use nguon::accounts::types::Role;

use crate::browser::Person;
use crate::world::World;

/// Statements by the database they went to.
static STATEMENTS: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// The most that a list may take.
const MAX_QUERIES: usize = 3;

/// Listens to one connection.
#[derive(Default)]
struct Counter {
    database: String,
}

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                let path = url.split('?').next().unwrap_or_default();
                path.rsplit('/').next().unwrap_or_default().clone_into(&mut self.database);
            }
            InstrumentationEvent::StartQuery { .. } => {
                *STATEMENTS.lock().unwrap().entry(self.database.clone()).or_default() += 1;
            }
            _ => {}
        }
    }
}

/// A world whose statements are counted, with 1,001 products of 101 producers, most of them with certificates in force.
async fn counted_world() -> World {
    set_default_instrumentation(|| Some(Box::<Counter>::default())).unwrap();
    let world = World::new().await;
    world.product().await;
    world
        .sql(
            "INSERT INTO producers (name, kind) SELECT 'Hợp tác xã ' || n, 'cooperative' FROM generate_series(2, 101) n; \
             INSERT INTO products (producer_no, name, set_no, stars) \
                 SELECT 2 + n % 100, 'Sản phẩm ' || n, 1 + n % 13, 3 + n % 2 FROM generate_series(1, 1000) n; \
             INSERT INTO certificates (product_no, stars, certificate_no, valid_from, valid_to) \
                 SELECT product_no, 3, product_no || '/GCN', '2024-06-01', '2027-05-31' FROM products WHERE 100 < product_no",
        )
        .await;
    // What is heard of changes is read on its own account.
    world.stop_listening();
    world
}

/// How many statements opening a page takes, once the dated lists are in memory.
async fn n_queries(world: &World, person: &Person, path: &str) -> usize {
    person.page(path).await;
    let count = || STATEMENTS.lock().unwrap().get(&world.test_db.name).copied().unwrap_or_default();
    let before = count();
    person.page(path).await;
    count() - before
}

#[actix_web::test]
async fn a_list_of_a_thousand_products_takes_at_most_three_queries_with_every_filter() {
    let world = counted_world().await;
    let people = [world.sign_in(Role::Office).await, world.sign_in(Role::Officer).await];
    for person in &people {
        for query in [
            "",
            "?q=san+pham+hop+tac",
            "?commune=01843&set=7&stars=4&kind=cooperative",
            "?state=in_force&ends=9&sort=ends",
            "?state=revoked",
            "?state=lapsed&sort=stars&page=2",
            "?closed=all&sort=newest&page=11",
        ] {
            let n = n_queries(&world, person, &format!("/products{query}")).await;
            assert!((1..=MAX_QUERIES).contains(&n), "{n} queries for {query}");
        }
    }
}

#[actix_web::test]
async fn lists_of_producers_and_certificates_take_at_most_three_queries() {
    let world = counted_world().await;
    let office = world.sign_in(Role::Office).await;
    for path in ["/producers?sort=products&kind=cooperative", "/certificates?state=in_force&ends=9&stars=3"] {
        let n = n_queries(&world, &office, path).await;
        assert!((1..=MAX_QUERIES).contains(&n), "{n} queries for {path}");
    }
}
