//! The register: importing the sample, what its products say in public, and that importing again changes nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::HashMap;

use nguon::accounts::types::Actor;
use nguon::error::Result;
use nguon::register::import::{CertificateColumns, FileKind, ImportRow, ShelfLife, read_register};
use nguon::register::{ImportReport, Photos, Progress};
use serde_json::{Value, json};

use crate::world::{World, certificate, day, good_row};

const SAMPLE: &[u8] = include_bytes!("../../assets/register/ocop_register_sample.tsv");

fn sample() -> Vec<ImportRow> {
    read_register(SAMPLE, FileKind::sniff(SAMPLE)).unwrap()
}

/// Imports as the operator does; nobody watches.
async fn import(world: &World, rows: Vec<ImportRow>) -> Result<ImportReport> {
    world.register.import(&Actor::operator(), rows, Photos::new(), false, &Progress::default()).await
}

/// The good row with this certificate.
fn numbered(number: &str, certificate: CertificateColumns) -> ImportRow {
    let certificate = CertificateColumns { number: Some(number.to_owned()), ..certificate };
    ImportRow { certificate: Some(certificate), ..good_row() }
}

/// Every product of the public list.
async fn all_products(world: &World) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.public.get(&format!("/api/v1/products?limit=20{cursor}")).await.json();
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 20);
        found.extend(items);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// How many rows each table of the register has, and a hash of what stands in them.
async fn fingerprint(world: &World) -> [i64; 3] {
    let mut found = [0; 3];
    for (slot, table) in found.iter_mut().zip(["producers", "products", "certificates"]) {
        let sql =
            format!("SELECT coalesce(sum(hashtextextended(t::text, 0) % 1000000007), 0)::bigint AS n FROM {table} t");
        *slot = world.test_db.count(&sql).await;
    }
    found
}

#[actix_web::test]
async fn the_sample_register_is_imported_with_all_its_65_products() {
    let world = World::new().await;
    let report = import(&world, sample()).await.unwrap();
    assert_eq!((report.n_rows, report.n_products_added, report.n_certificates_added), (65, 65, 0));
    let products = all_products(&world).await;
    assert_eq!(products.len(), 65);
    let by_name: HashMap<&str, &Value> =
        products.iter().map(|product| (product["name"].as_str().unwrap(), product)).collect();
    let known = by_name["Miến dong Tài Hoan"];
    assert_eq!(
        (&known["producer"], &known["set_no"], &known["stars"]),
        (&json!("Hợp tác xã Tài Hoan"), &json!(7), &json!(5))
    );
    assert!(known["address"].as_str().unwrap().contains("Xã Côn Minh"));
    assert_eq!(known["former_address"], "Xã Côn Minh, Na Rì, Bắc Kạn");
}

#[actix_web::test]
async fn a_product_of_the_sample_has_an_unknown_certificate_and_cannot_be_minted() {
    let world = World::new().await;
    import(&world, sample()).await.unwrap();
    let products = all_products(&world).await;
    for product in &products {
        let shown = &product["certificate"];
        assert_eq!(
            (&shown["state"], &shown["from"], &shown["to"]),
            (&json!("unknown"), &json!(null), &json!(null)),
            "{product}"
        );
        assert_eq!(product["demo"], false);
    }
    let goods = products.iter().find(|product| product["set_no"] != 26).unwrap();
    let body = json!({ "product_no": goods["product_no"], "lot": "A", "packed_on": "2026-11-20" });
    let batch = world.office.post("/api/v1/batches", &body).await.json();
    let request = world.office.request("POST", &format!("/api/v1/batches/{}/stamps", batch["batch_no"]));
    let request = request.header("Idempotency-Key", "k").json(&json!({ "count": 1 }));
    world.office.send(request).await.assert_problem(409, "certificate-unknown");
}

#[actix_web::test]
async fn missing_stars_and_communes_of_the_sample_stay_missing() {
    let world = World::new().await;
    import(&world, sample()).await.unwrap();
    let products = all_products(&world).await;
    let n_without = |field: &str| products.iter().filter(|product| product[field].is_null()).count();
    let rows = sample();
    assert_eq!(n_without("stars"), rows.iter().filter(|row| row.stars.is_none()).count());
    let no_place = |row: &&ImportRow| row.commune_code.is_none() && row.village.is_none();
    assert_eq!(n_without("address"), rows.iter().filter(no_place).count());
    let n_tourism = products.iter().filter(|product| product["set_no"] == 26).count();
    assert_eq!(n_tourism, 3);
}

#[actix_web::test]
async fn importing_the_same_file_twice_changes_nothing() {
    let world = World::new().await;
    let mut rows = sample();
    rows.push(good_row());
    import(&world, rows.clone()).await.unwrap();
    let before = fingerprint(&world).await;
    let again = import(&world, rows).await.unwrap();
    assert_eq!((again.n_rows, again.n_unchanged), (66, 66));
    assert_eq!((again.n_producers_added, again.n_products_added, again.n_certificates_added), (0, 0, 0));
    assert_eq!(fingerprint(&world).await, before);
}

#[actix_web::test]
async fn two_imports_of_the_same_file_at_once_make_one_register() {
    let world = World::new().await;
    let rows = sample();
    let (first, second) = tokio::join!(import(&world, rows.clone()), import(&world, rows));
    let mut added = [first.unwrap().n_products_added, second.unwrap().n_products_added];
    added.sort_unstable();
    assert_eq!(added, [0, 65]);
}

#[actix_web::test]
async fn one_bad_row_keeps_the_whole_file_out() {
    let world = World::new().await;
    let before = fingerprint(&world).await;
    let bad =
        ImportRow { line: 3, product: "Chè thử".to_owned(), commune_code: Some("99999".to_owned()), ..good_row() };
    let refused = import(&world, vec![good_row(), bad]).await.unwrap_err();
    assert_eq!(refused.code(), "import-errors");
    let text = refused.to_string();
    assert!(text.contains('3') && text.contains("commune_code"), "{text}");
    assert_eq!(fingerprint(&world).await, before);
}

#[actix_web::test]
async fn a_commune_is_known_by_its_code_of_today_and_its_name_must_agree() {
    let world = World::new().await;
    let row = ImportRow { commune: Some("Phường Đức Xuân".to_owned()), ..good_row() };
    let refused = import(&world, vec![row]).await.unwrap_err();
    assert!(refused.to_string().contains("Phường Bắc Kạn"), "{refused}");
}

#[actix_web::test]
async fn a_file_without_a_column_does_not_wipe_what_the_register_has() {
    let world = World::new().await;
    let product_no = world.product().await;
    let before = world.register.find_product(product_no).await.unwrap();
    let poorer =
        ImportRow { standards: None, shelf_life: None, image: None, stars: None, certificate: None, ..good_row() };
    world.product_from(poorer).await;
    assert_eq!(world.register.find_product(product_no).await.unwrap(), before);
}

#[actix_web::test]
async fn a_renewed_certificate_stands_beside_the_old_one() {
    let world = World::new().await;
    let product_no = world.product().await;
    world.move_clock_to("2027-06-01T05:00:00Z");
    let renewed = numbered("02/GCN", certificate("2028-01-01", "2030-12-31"));
    world.product_from(renewed).await;
    let product = world.register.find_product(product_no).await.unwrap();
    let last_days: Vec<_> = product.certificates.iter().map(|certificate| certificate.window.unwrap().1).collect();
    assert_eq!(last_days, [day("2030-12-31"), day("2027-12-31")]);
}

#[actix_web::test]
async fn a_certificate_that_overlaps_another_of_the_product_is_refused() {
    let world = World::new().await;
    world.product().await;
    let overlapping = numbered("02/GCN", certificate("2027-11-22", "2030-11-21"));
    let refused = import(&world, vec![overlapping]).await.unwrap_err();
    assert_eq!(refused.code(), "import-errors");
    assert!(refused.to_string().contains("01/GCN"), "{refused}");
}

#[actix_web::test]
async fn the_public_list_says_how_the_certificate_stands_today() {
    let world = World::new().await;
    for (name, from, to) in
        [("a", "2024-01-01", "2026-11-21"), ("b", "2024-01-01", "2026-11-22"), ("c", "2026-11-23", "2029-01-01")]
    {
        let row = ImportRow { product: name.to_owned(), certificate: Some(certificate(from, to)), ..good_row() };
        world.product_from(row).await;
    }
    let states: Vec<Value> =
        all_products(&world).await.iter().map(|product| product["certificate"]["state"].clone()).collect();
    assert_eq!(states, ["lapsed", "in_force", "not_yet_valid"]);
}

#[actix_web::test]
async fn one_product_is_shown_with_its_public_fields() {
    let world = World::new().await;
    let row = ImportRow { shelf_life: Some(ShelfLife::Days(30)), ..good_row() };
    let product_no = world.product_from(row).await;
    let shown = world.public.get(&format!("/api/v1/products/{product_no}")).await.json();
    let listed = all_products(&world).await[0].clone();
    for (field, value) in listed.as_object().unwrap() {
        assert_eq!(&shown[field], value, "{field}");
    }
    assert_eq!((&shown["shelf_life"], &shown["standards"]), (&json!("30 days"), &json!("TCCS 01:2025")));
    assert_eq!(
        (&shown["name"], &shown["certificate"]["issuer"]),
        (&json!("Miến dong thử"), &json!("UBND tỉnh Thái Nguyên"))
    );
}

#[actix_web::test]
async fn an_unknown_product_is_not_found() {
    let world = World::new().await;
    for product_no in ["1", "0", "16777216", "x", "-1", "1.0"] {
        let answer = world.public.get(&format!("/api/v1/products/{product_no}")).await;
        answer.assert_problem(404, "not-found");
    }
}

#[actix_web::test]
async fn a_list_parameter_that_makes_no_sense_is_refused() {
    let world = World::new().await;
    for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=99999999999", "limit=9223372036854775807"] {
        let answer = world.public.get(&format!("/api/v1/products?{query}")).await;
        answer.assert_problem(422, "invalid");
    }
}

#[actix_web::test]
async fn every_commune_of_the_province_is_there_from_the_reform_on() {
    let world = World::new().await;
    let communes =
        "SELECT count(*) AS n FROM communes WHERE valid_from = '2025-07-01' AND province LIKE '%Thái Nguyên%'";
    assert_eq!(world.test_db.count(communes).await, 92);
    let unmapped = "SELECT count(*) AS n FROM communes c WHERE valid_from = '2025-07-01' AND NOT EXISTS \
                    (SELECT FROM commune_changes m WHERE m.new_code = c.code AND m.new_valid_from = c.valid_from)";
    assert_eq!(world.test_db.count(unmapped).await, 0);
    let sets = "SELECT count(*) AS n FROM product_sets WHERE valid_to IS NULL";
    assert_eq!(world.test_db.count(sets).await, 26);
}

#[actix_web::test]
async fn importing_a_known_producer_again_fills_in_its_address_and_empty_cells_leave_it() {
    let world = World::new().await;
    let bare = ImportRow { village: None, commune_code: None, commune: None, ..good_row() };
    let product_no = world.product_from(bare.clone()).await;
    assert_eq!(world.register.find_product(product_no).await.unwrap().producer.address(), None);
    world.product_from(good_row()).await;
    world.product_from(bare).await;
    let address = world.register.find_product(product_no).await.unwrap().producer.address();
    assert_eq!(address.as_deref(), Some("thôn Thử, Phường Bắc Kạn, Thái Nguyên"));
}

#[actix_web::test]
async fn rows_of_one_producer_complete_each_other_and_may_not_contradict() {
    let world = World::new().await;
    let bare = ImportRow { village: None, commune_code: None, commune: None, ..good_row() };
    let full = ImportRow { line: 3, product: "Bún khô thử".to_owned(), ..good_row() };
    import(&world, vec![bare, full]).await.unwrap();
    let products = world.register.products_after(0, 10).await.unwrap();
    assert_eq!(products[0].producer.address().as_deref(), Some("thôn Thử, Phường Bắc Kạn, Thái Nguyên"));

    let elsewhere =
        ImportRow {
            line: 4, product: "Phở khô thử".to_owned(), village: Some("thôn Khác".into()), ..good_row()
        };
    let refused = import(&world, vec![good_row(), elsewhere]).await.unwrap_err().to_string();
    assert!(refused.contains("Dòng 4, cột village") && refused.contains("differs from line 2"), "{refused}");
}
