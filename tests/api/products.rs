//! Products on pages and for programs: what a search finds, who sees and writes what, photos, and what is printed of what people
//! typed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{ProducerNo, Reach, Role, Scope};
use nguon::register::import::{ImportRow, ProducerKind};
use nguon::register::products::{CertificateFilter, ProductFilter};
use nguon::stamp::ProductNo;
use serde_json::{Value, json};

use crate::browser::{COMMUNE, File, Person};
use crate::world::{Client, World, certificate, day, good_row, tiny_picture};

/// A commune that is not the one of `good_row`'s producer.
const OTHER_COMMUNE: &str = "01840";

/// A row of another producer in another commune.
fn other_row() -> ImportRow {
    ImportRow {
        product: "Chè shan tuyết".to_owned(),
        set_no: 11,
        producer: "Công ty Khác".to_owned(),
        producer_kind: ProducerKind::Company,
        commune_code: Some(OTHER_COMMUNE.to_owned()),
        commune: None,
        ..good_row()
    }
}

/// The names that a filter finds within a reach, in the list's order.
async fn found(world: &World, reach: &Reach, query: &str) -> Vec<String> {
    let filter = ProductFilter::from_query(query).unwrap();
    let page = world.register.list_products(reach, &filter).await.unwrap();
    page.products.into_iter().map(|product| product.name).collect()
}

async fn all_found(world: &World, query: &str) -> Vec<String> {
    found(world, &Reach::Everything, query).await
}

async fn named(world: &World, names: &[&str]) {
    for name in names {
        world.product_from(ImportRow { product: (*name).to_owned(), ..good_row() }).await;
    }
}

fn q(text: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish()
}

#[actix_web::test]
async fn a_name_is_found_without_its_diacritics_and_wherever_its_tone_mark_stands() {
    let world = World::new().await;
    named(&world, &["Miến dong Na Rì", "Gạo nếp Khẩu nua Lếch", "Trà hoa vàng Hoà Bình"]).await;
    for text in ["mien dong", "MIẾN DONG", "miến", "Mie\u{302}\u{301}n", "dong mien", "  na   ri "] {
        assert_eq!(all_found(&world, &q(text)).await, ["Miến dong Na Rì"], "{text}");
    }
    for text in ["hoà bình", "hòa bình", "hoa binh"] {
        assert_eq!(all_found(&world, &q(text)).await, ["Trà hoa vàng Hoà Bình"], "{text}");
    }
    assert_eq!(all_found(&world, &q("khau nua lech")).await, ["Gạo nếp Khẩu nua Lếch"]);
    assert!(all_found(&world, &q("mien gao")).await.is_empty(), "every word must be there");
}

#[actix_web::test]
async fn a_search_looks_at_the_producer_and_the_english_name_too() {
    let world = World::new().await;
    let first = world.product().await;
    world.product_from(other_row()).await;
    world.sql(&format!("UPDATE products SET name_en = 'Canna noodles' WHERE product_no = {first}")).await;
    assert_eq!(all_found(&world, &q("canna NOODLE")).await, ["Miến dong thử"]);
    assert_eq!(all_found(&world, &q("cong ty khac")).await, ["Chè shan tuyết"]);
    assert_eq!(all_found(&world, &q("shan khac")).await, ["Chè shan tuyết"], "one word from each");
}

#[actix_web::test]
async fn marks_that_a_pattern_would_read_stand_for_themselves() {
    let world = World::new().await;
    named(&world, &["Tinh dầu 100%", "Tinh dầu 1000", "Rượu a_b", "Rượu axb", "Mật \\ ong"]).await;
    assert_eq!(all_found(&world, &q("100%")).await, ["Tinh dầu 100%"]);
    assert_eq!(all_found(&world, &q("a_b")).await, ["Rượu a_b"]);
    assert_eq!(all_found(&world, &q("\\")).await, ["Mật \\ ong"]);
    // A wide percent sign becomes a plain one when diacritics go.
    assert_eq!(all_found(&world, &q("100％")).await, ["Tinh dầu 100%"]);
    assert!(all_found(&world, &q("' OR true --")).await.is_empty());
}

#[actix_web::test]
async fn each_filter_narrows_the_list_and_all_of_them_must_hold() {
    let world = World::new().await;
    world.product().await;
    world.product_from(ImportRow { stars: Some(3), ..other_row() }).await;
    let (first, second) = (["Miến dong thử"], ["Chè shan tuyết"]);
    assert_eq!(all_found(&world, &format!("commune={COMMUNE}")).await, first);
    assert_eq!(all_found(&world, &format!("commune={OTHER_COMMUNE}")).await, second);
    assert_eq!(all_found(&world, "set=11").await, second);
    assert_eq!(all_found(&world, "stars=4").await, first);
    assert_eq!(all_found(&world, "kind=company").await, second);
    assert_eq!(all_found(&world, "producer=1").await, first);
    assert_eq!(all_found(&world, "kind=company&stars=3&set=11").await, second);
    assert!(all_found(&world, "kind=company&stars=4").await.is_empty());
    world.sql("UPDATE products SET closed_at = now() WHERE product_no = 1").await;
    assert_eq!(all_found(&world, "").await, second);
    assert_eq!(all_found(&world, "closed=only").await, first);
    assert_eq!(all_found(&world, "closed=all").await.len(), 2);
    world
        .sql("UPDATE products SET closed_at = NULL; UPDATE producers SET closed_at = now() WHERE producer_no = 2")
        .await;
    assert_eq!(all_found(&world, "").await, first, "a closed producer's products leave the list with it");
}

#[actix_web::test]
async fn a_list_is_sorted_as_vietnamese_is_and_by_what_was_asked() {
    let world = World::new().await;
    for (name, set_no, stars, to) in [
        ("Đỗ tương", 3, Some(3), "2027-01-31"),
        ("Dầu lạc", 9, Some(5), "2026-12-31"),
        ("Ổi", 1, None, "2029-01-31"),
        ("Xôi", 6, Some(4), "2028-01-31"),
        ("An toàn", 1, Some(4), "2030-01-31"),
    ] {
        let from = day(to).checked_sub_months(chrono::Months::new(36)).unwrap();
        let certificate = stars.map(|stars| {
            let issuer = if stars == 5 {
                "Bộ Nông nghiệp và Phát triển nông thôn"
            } else {
                "UBND tỉnh Thái Nguyên"
            };
            let issuer = Some(issuer.to_owned());
            nguon::register::import::CertificateColumns { issuer, ..certificate(&from.to_string(), to) }
        });
        let row = ImportRow { product: name.to_owned(), set_no, stars, certificate, ..good_row() };
        world.product_from(row).await;
    }
    assert_eq!(all_found(&world, "").await, ["An toàn", "Dầu lạc", "Đỗ tương", "Ổi", "Xôi"]);
    assert_eq!(all_found(&world, "sort=set").await, ["An toàn", "Ổi", "Đỗ tương", "Xôi", "Dầu lạc"]);
    assert_eq!(all_found(&world, "sort=stars").await, ["Dầu lạc", "An toàn", "Xôi", "Đỗ tương", "Ổi"]);
    assert_eq!(all_found(&world, "sort=ends").await, ["Dầu lạc", "Đỗ tương", "Xôi", "An toàn", "Ổi"]);
    assert_eq!(all_found(&world, "sort=newest").await, ["An toàn", "Xôi", "Ổi", "Dầu lạc", "Đỗ tương"]);
}

#[actix_web::test]
async fn a_list_has_pages_of_fifty_and_the_count_of_all() {
    let world = World::new().await;
    world.product().await;
    world
        .sql(
            "INSERT INTO products (producer_no, name, set_no) SELECT 1, 'Hàng ' || lpad(n::text, 3, '0'), 1 \
             FROM generate_series(1, 119) n",
        )
        .await;
    let page = async |query: &str| {
        world.register.list_products(&Reach::Everything, &ProductFilter::from_query(query).unwrap()).await.unwrap()
    };
    let (first, third) = (page("").await, page("page=3").await);
    assert_eq!((first.products.len(), first.n_all, third.products.len(), third.n_all), (50, 120, 20, 120));
    assert_eq!((first.products[0].name.as_str(), third.products[19].name.as_str()), ("Hàng 001", "Miến dong thử"));
    assert!(page("page=4").await.products.is_empty());
    let office = world.sign_in(Role::Office).await;
    let shown = office.page("/products?page=2&set=1").await;
    assert!(shown.contains("/products?set=1&#38;page=3") || shown.contains("/products?set=1&amp;page=3"), "{shown}");
    assert!(office.page("/products?page=9").await.contains("không có trang này"));
}

#[actix_web::test]
async fn a_certificate_that_ends_soon_is_found_unless_it_is_renewed() {
    let world = World::new().await;
    let windows = [
        ("hôm nay", "2023-11-23", "2026-11-22"),
        ("hôm qua", "2023-11-22", "2026-11-21"),
        ("đúng sáu tháng", "2024-05-23", "2027-05-22"),
        ("sáu tháng một ngày", "2024-05-24", "2027-05-23"),
    ];
    for (name, from, to) in windows {
        world
            .product_from(ImportRow {
                product: name.to_owned(),
                certificate: Some(certificate(from, to)),
                ..good_row()
            })
            .await;
    }
    assert_eq!(all_found(&world, "ends=6&sort=ends").await, ["hôm nay", "đúng sáu tháng"]);
    let renewed = ImportRow {
        product: "hôm nay".to_owned(),
        certificate: Some(certificate("2026-11-23", "2029-11-22")),
        ..good_row()
    };
    world.product_from(renewed).await;
    assert_eq!(all_found(&world, "ends=6").await, ["đúng sáu tháng"]);
    let revoke =
        "UPDATE certificates SET revoked_on = '2027-01-10', revoked_reason = 'thử' WHERE valid_to = '2027-05-22'";
    world.sql(revoke).await;
    assert_eq!(all_found(&world, "ends=2").await, ["đúng sáu tháng"], "it ends on the day before it is revoked");
}

/// The filter asks the database what `policy` would say of each product.
#[actix_web::test]
async fn the_filter_by_certificate_agrees_with_the_rule_for_every_mixture_of_certificates() {
    let world = World::new().await;
    world.product().await;
    // Each product gets up to two certificates: around today, with and without dates, revoked before, on and after today.
    world
        .sql(
            "INSERT INTO products (producer_no, name, set_no, stars) SELECT 1, 'p' || n, 1, 4 FROM generate_series(1, 400) n;
             INSERT INTO certificates (product_no, stars, valid_from, valid_to, revoked_on, revoked_reason)
             SELECT p.product_no, 4, w.f, w.t, r.d, CASE WHEN r.d IS NOT NULL THEN 'thử' END
             FROM products p
             CROSS JOIN LATERAL (VALUES (p.product_no % 7, p.product_no / 7 % 5), (p.product_no / 35 % 7, p.product_no / 245 % 5)) AS k (w, r)
             CROSS JOIN LATERAL (SELECT (ARRAY['2020-01-01', '2023-11-23', '2023-11-24', '2026-11-22', '2026-11-23', NULL])[k.w]::date AS f,
                                        (ARRAY['2022-12-31', '2026-11-21', '2026-11-22', '2029-11-21', '2029-11-22', NULL])[k.w]::date AS t) w
             CROSS JOIN LATERAL (SELECT (ARRAY['2022-06-01', '2026-11-21', '2026-11-22', '2026-11-23'])[k.r]::date AS d) r
             WHERE k.w > 0 AND p.product_no > 1
             ON CONFLICT DO NOTHING",
        )
        .await;
    let mut n_seen = 0;
    for state in CertificateFilter::ALL {
        let mut expected: Vec<u32> = Vec::new();
        let mut filter = ProductFilter::default();
        loop {
            let page = world.register.list_products(&Reach::Everything, &filter).await.unwrap();
            let today = world.register.today();
            let of_state = page.products.iter().filter(|product| product.state(today).as_str() == state.as_str());
            expected.extend(of_state.map(|product| product.product_no.get()));
            if page.products.is_empty() {
                break;
            }
            filter.page += 1;
        }
        let mut filter = ProductFilter { certificate: Some(*state), ..ProductFilter::default() };
        let mut given: Vec<u32> = Vec::new();
        loop {
            let page = world.register.list_products(&Reach::Everything, &filter).await.unwrap();
            given.extend(page.products.iter().map(|product| product.product_no.get()));
            if page.products.is_empty() {
                break;
            }
            filter.page += 1;
        }
        assert!(5 < given.len(), "{state:?} is hardly tried: {}", given.len());
        n_seen += given.len();
        expected.sort_unstable();
        given.sort_unstable();
        assert_eq!(given, expected, "{state:?}");
    }
    assert_eq!(n_seen, 401);
}

#[actix_web::test]
async fn a_producer_and_an_officer_see_their_own_products_alone() {
    let world = World::new().await;
    world.product().await;
    world.product_from(other_row()).await;
    let own = Reach::Producer(ProducerNo(1));
    assert_eq!(found(&world, &own, "").await, ["Miến dong thử"]);
    assert!(found(&world, &own, "producer=2").await.is_empty());
    assert_eq!(found(&world, &Reach::Commune(OTHER_COMMUNE.into()), "").await, ["Chè shan tuyết"]);
    assert!(found(&world, &Reach::Nothing, "").await.is_empty());
    let producer = world.sign_in(Role::Producer).await;
    let list = producer.page("/products").await;
    assert!(list.contains("Miến dong thử") && !list.contains("Chè shan tuyết"));
}

/// Every address of product 2 that someone may try, with the fields its form would carry.
fn addresses_of_the_other() -> Vec<(&'static str, &'static str)> {
    vec![
        ("GET", "/products/2"),
        ("GET", "/products/2/edit"),
        ("POST", "/products/2/edit"),
        ("POST", "/products/2/photos"),
        ("POST", "/products/2/photos/1/first"),
        ("POST", "/products/2/photos/1/remove"),
    ]
}

/// What a form for product 2 would carry.
fn full_form(token: &str) -> Vec<(&str, &str)> {
    let rest = [
        ("version", "1"),
        ("producer", "1"),
        ("name", "Chiếm"),
        ("set", "1"),
        ("standards", "x"),
        ("shelf_life_unit", "months"),
    ];
    [&[("form_token", token)], &rest[..]].concat()
}

async fn with_photo(world: &World, product_no: ProductNo, office: &Person) -> String {
    let photo = tiny_picture();
    let file = File { field: "photo", name: "a.jpg", media_type: "image/jpeg", bytes: &photo };
    let sheet = format!("/products/{product_no}");
    office.upload(&sheet, &format!("{sheet}/photos"), &[], &[file]).await.assert_sent_on();
    world.test_db.count("SELECT max(photo_id)::bigint AS n FROM product_photos").await.to_string()
}

#[actix_web::test]
async fn anothers_product_is_not_found_on_any_page_or_form() {
    let world = World::new().await;
    let (own, other) = (world.product().await, world.product_from(other_row()).await);
    let office = world.sign_in(Role::Office).await;
    with_photo(&world, other, &office).await;
    let before = world
        .test_db
        .count("SELECT hashtext(string_agg(p::text, ''))::bigint AS n FROM (SELECT * FROM products ORDER BY 1) p")
        .await;
    let people = [world.sign_in(Role::Producer).await, world.officer_of(COMMUNE).await];
    for person in &people {
        let token = person.form_token(&format!("/products/{own}/edit")).await;
        for (method, path) in addresses_of_the_other() {
            let answer = match method {
                "GET" => person.get(path).await,
                _ if path.ends_with("/photos") => {
                    let photo = tiny_picture();
                    let file = File { field: "photo", name: "a.jpg", media_type: "image/jpeg", bytes: &photo };
                    person.upload(&format!("/products/{own}/edit"), path, &[], &[file]).await
                }
                _ => person.post_form(path, &full_form(&token)).await,
            };
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        }
        for path in ["/products/2/close", "/products/1/close", "/products/1/reopen"] {
            assert_eq!(person.post_form(path, &full_form(&token)).await.status, 403, "{path}");
        }
        // A new product for another's producer, and an own photo's place taken with another's photo.
        let mut form = full_form(&token);
        form.retain(|(name, _)| *name != "producer");
        form.push(("producer", "2"));
        assert_eq!(person.post_form("/products", &form).await.status, 404);
        let moved = person.post_form(&format!("/products/{own}/photos/1/first"), &full_form(&token)).await;
        assert_eq!(moved.status, 404);
    }
    let after = world
        .test_db
        .count("SELECT hashtext(string_agg(p::text, ''))::bigint AS n FROM (SELECT * FROM products ORDER BY 1) p")
        .await;
    assert_eq!(after, before);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM product_photos").await, 1);
}

#[actix_web::test]
async fn an_inspector_and_an_auditor_read_every_product_and_write_none() {
    let world = World::new().await;
    world.product().await;
    for role in [Role::Inspector, Role::Auditor] {
        let person = world.sign_in(role).await;
        let sheet = person.page("/products/1").await;
        assert!(!sheet.contains("/products/1/edit") && !sheet.contains("/products/1/photos\""), "{sheet}");
        for path in ["/products/new", "/products/1/edit"] {
            assert_eq!(person.get(path).await.status, 403, "{path}");
        }
    }
}

#[actix_web::test]
async fn the_office_adds_a_product_and_its_sheet_says_what_stamps_still_need() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let fields = [
        ("producer", "1"),
        ("name", "Bún khô"),
        ("set", "6"),
        ("stars", "3"),
        ("shelf_life_n", "45"),
        ("shelf_life_unit", "days"),
        ("pack_quantity", "0,5"),
        ("pack_unit", "kg"),
        ("gtin", "4006381333931"),
        ("name_en", "Dried noodles"),
        ("story", "Dòng một\nDòng hai"),
    ];
    let to = office.submit("/products/new?producer=1", "/products", &fields).await.assert_sent_on();
    assert_eq!(to, "/products/2?done=created");
    let sheet = office.page(&to).await;
    for text in ["Bún khô", "45 ngày", "0,5 kg", "4006381333931", "Dried noodles", "Đã thêm.", "Người thử office"]
    {
        assert!(sheet.contains(text), "{text} is not on {sheet}");
    }
    for href in ["/products/2#photos", "/products/2/edit#standards", "/products/2/certificates/new", "/p/2"] {
        assert!(sheet.contains(&format!("href=\"{href}\"")), "{href} is not on {sheet}");
    }
    let trail =
        "SELECT count(*) AS n FROM audit_trail WHERE act = 'product.added' AND thing = 'product 2' AND producer_no = 1";
    assert_eq!(world.test_db.count(trail).await, 1);
}

#[actix_web::test]
async fn a_producer_adds_its_own_product_but_no_stars() {
    let world = World::new().await;
    world.product().await;
    let producer = world.sign_in(Role::Producer).await;
    let page = producer.page("/products/new").await;
    assert!(!page.contains("name=\"stars\""), "{page}");
    let fields = [("producer", "1"), ("name", "Bún khô"), ("set", "6"), ("stars", "5"), ("shelf_life_unit", "months")];
    producer.submit("/products/new", "/products", &fields).await.assert_sent_on();
    let stars = "SELECT count(*) AS n FROM products WHERE product_no = 2 AND stars IS NULL AND producer_no = 1";
    assert_eq!(world.test_db.count(stars).await, 1);
}

#[actix_web::test]
async fn once_there_is_a_certificate_only_the_office_renames_a_product() {
    let world = World::new().await;
    let product_no = world.product().await;
    let edit = format!("/products/{product_no}/edit");
    let producer = world.sign_in(Role::Producer).await;
    let form = producer.page(&edit).await;
    assert!(!form.contains("name=\"name\"") && !form.contains("name=\"set\"") && !form.contains("name=\"stars\""));
    let fields = [
        ("version", "1"),
        ("producer", "2"),
        ("name", "Tên khác"),
        ("set", "1"),
        ("stars", "5"),
        ("standards", "TCCS 02:2026"),
        ("shelf_life_n", "12"),
        ("shelf_life_unit", "months"),
    ];
    producer.submit(&edit, &edit, &fields).await.assert_sent_on();
    let sheet = world.register.product_sheet(&Reach::Everything, product_no).await.unwrap();
    assert_eq!(
        (sheet.product.name.as_str(), sheet.product.set_no, sheet.product.stars, sheet.product.standards.as_deref()),
        ("Miến dong thử", 7, Some(4), Some("TCCS 02:2026"))
    );
    let office = world.sign_in(Role::Office).await;
    let fields =
        [&[("version", "2"), ("producer", "1"), ("name", "Tên khác"), ("set", "6"), ("stars", "4")], &fields[5..]]
            .concat();
    office.submit(&edit, &edit, &fields).await.assert_sent_on();
    assert_eq!(world.register.find_product(product_no).await.unwrap().name, "Tên khác");
}

#[actix_web::test]
async fn a_form_that_came_too_late_overwrites_nothing_and_keeps_what_was_typed() {
    let world = World::new().await;
    let product_no = world.product().await;
    let edit = format!("/products/{product_no}/edit");
    let office = world.sign_in(Role::Office).await;
    let officer = world.officer_of(COMMUNE).await;
    let rest =
        [("producer", "1"), ("name", "Miến dong thử"), ("set", "7"), ("stars", "4"), ("shelf_life_unit", "months")];
    let of_office =
        [&[("version", "1"), ("standards", "TCCS của văn phòng"), ("shelf_life_n", "12")], &rest[..]].concat();
    let of_officer = [&[("version", "1"), ("standards", "TCCS của xã"), ("shelf_life_n", "12")], &rest[..]].concat();
    office.submit(&edit, &edit, &of_office).await.assert_sent_on();
    let late = officer.submit(&edit, &edit, &of_officer).await;
    let text = late.text();
    assert_eq!(late.status, 409, "{text}");
    assert!(text.contains("Có người khác vừa sửa") && text.contains("TCCS của xã"), "{text}");
    assert!(
        text.contains("name=\"standards\" value=\"TCCS của văn phòng\"")
            && text.contains("name=\"version\" value=\"2\"")
    );
    let sheet = world.register.product_sheet(&Reach::Everything, product_no).await.unwrap();
    assert_eq!((sheet.product.standards.as_deref(), sheet.version), (Some("TCCS của văn phòng"), 2));
}

#[actix_web::test]
async fn saving_what_was_not_changed_writes_nothing() {
    let world = World::new().await;
    let product_no = world.product().await;
    let sheet = world.register.product_sheet(&Reach::Everything, product_no).await.unwrap();
    let actor = nguon::accounts::types::Actor::operator();
    world.register.save_product(&actor, product_no, 1, &sheet.draft()).await.unwrap();
    let after = world.register.product_sheet(&Reach::Everything, product_no).await.unwrap();
    assert_eq!((after.version, after.last_change), (1, sheet.last_change));
}

#[actix_web::test]
async fn a_second_product_of_the_same_name_is_refused_at_its_field() {
    let world = World::new().await;
    world.product().await;
    named(&world, &["Bún khô"]).await;
    let office = world.sign_in(Role::Office).await;
    let fields = [("producer", "1"), ("name", "Bún khô"), ("set", "6"), ("shelf_life_unit", "months")];
    let refused = office.submit("/products/new", "/products", &fields).await;
    refused.assert_refused("đã có sản phẩm mang tên này");
    assert!(refused.text().contains("href=\"#name\"") && refused.text().contains("value=\"Bún khô\""));
    let fields = [&[("version", "1"), ("stars", "4")], &fields[..]].concat();
    office.submit("/products/1/edit", "/products/1/edit", &fields).await.assert_refused("đã có sản phẩm mang tên này");
    let unknown = [("producer", "1"), ("name", "Khác"), ("set", "27"), ("shelf_life_unit", "months")];
    office.submit("/products/new", "/products", &unknown).await.assert_refused("Nhóm sản phẩm này không có");
}

#[actix_web::test]
async fn a_closed_product_leaves_the_lists_and_stays_known() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 1).await;
    let stamp = world.stamp(batch.batch_no, 1).await;
    let office = world.sign_in(Role::Office).await;
    let producer = world.sign_in(Role::Producer).await;
    let close = [("version", "1")];
    assert_eq!(
        office.submit("/products/1", "/products/1/close", &close).await.assert_sent_on(),
        "/products/1?done=closed"
    );
    assert_eq!(world.public.get("/api/v1/products").await.json()["items"], json!([]));
    assert_eq!(world.public.get("/api/v1/products?closed=all").await.json()["items"], json!([]), "not even asked for");
    assert_eq!(world.public.get("/api/v1/products/1").await.json()["closed"], true);
    assert!(!producer.page("/products").await.contains("Miến dong thử"));
    assert!(producer.page("/products?closed=only").await.contains("Miến dong thử"));
    let sheet = producer.page("/products/1").await;
    assert!(sheet.contains("Đã đóng trong sổ") && !sheet.contains("/products/1/edit\""), "{sheet}");
    let fields = [("version", "2"), ("standards", "Mới"), ("shelf_life_unit", "months")];
    producer.submit("/products/1/edit", "/products/1/edit", &fields).await.assert_refused("đã đóng trong sổ");
    assert_eq!(world.public.verdict(&format!("/s/{}", stamp.digits())).await["headline"], "issued");
    office.submit("/products/1", "/products/1/reopen", &[("version", "2")]).await.assert_sent_on();
    assert_eq!(world.public.get("/api/v1/products").await.json()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn closing_on_an_old_page_is_refused() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    world.sql("UPDATE products SET version = 2").await;
    let refused = office.submit("/products/1", "/products/1/close", &[("version", "1")]).await;
    refused.assert_told();
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM products WHERE closed_at IS NOT NULL").await, 0);
}

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

#[actix_web::test]
async fn what_people_typed_is_shown_as_text_and_never_runs() {
    let world = World::new().await;
    world.product().await;
    world.product_from(other_row()).await;
    let office = world.sign_in(Role::Office).await;
    let fields = [
        ("version", "1"),
        ("producer", "1"),
        ("name", SCRIPT),
        ("name_en", SCRIPT),
        ("set", "7"),
        ("stars", "4"),
        ("story", SCRIPT),
        ("story_en", SCRIPT),
        ("ingredients", SCRIPT),
        ("standards", SCRIPT),
        ("shelf_life_unit", "months"),
    ];
    office.submit("/products/1/edit", "/products/1/edit", &fields).await.assert_sent_on();
    world.sql("UPDATE producers SET name = name || '<script>alert(3)</script>'; UPDATE products SET decision = '<script>x'").await;
    let late = office.submit("/products/1/edit", "/products/1/edit", &fields).await;
    assert_eq!(late.status, 409);
    let refused =
        office.submit("/products/1/edit", "/products/1/edit", &[&fields[..], &[("gtin", SCRIPT)]].concat()).await;
    refused.assert_refused("GTIN");
    let search = format!("/products?{}", q(SCRIPT));
    let pages = [
        office.page("/products").await,
        office.page(&search).await,
        office.page("/products/1").await,
        office.page("/products/1/edit").await,
        office.page("/products/new").await,
        late.text(),
        refused.text(),
    ];
    for page in pages {
        assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{page}");
        assert!(
            !page.contains("<script>") && !page.contains("<img src=x") && !page.contains("onerror=alert(2)>\""),
            "{page}"
        );
    }
}

/// A JPEG as a phone writes it: lying on its side, with the place where it was taken.
fn phone_photo() -> Vec<u8> {
    let mut plain = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(600, 400, image::Rgb([180, 60, 20]))
        .write_to(&mut plain, image::ImageFormat::Jpeg)
        .unwrap();
    let plain = plain.into_inner();
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01".to_vec();
    exif.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
    exif.extend_from_slice(b"\0\0\0\0GPS 22.14 105.83 iPhone");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

async fn send_photos(person: &Person, photos: &[(&str, &[u8])]) -> crate::world::Answer {
    let files: Vec<File<'_>> =
        photos.iter().map(|(name, bytes)| File { field: "photo", name, media_type: "image/jpeg", bytes }).collect();
    person.upload("/products/1", "/products/1/photos", &[], &files).await
}

#[actix_web::test]
async fn a_phones_photo_is_shown_upright_without_where_it_was_taken() {
    let world = World::new().await;
    world.product_from(ImportRow { image: None, ..good_row() }).await;
    let producer = world.sign_in(Role::Producer).await;
    assert!(producer.page("/products/1").await.contains("Ảnh sản phẩm: <a"));
    let to = send_photos(&producer, &[("IMG_1.jpg", &phone_photo())]).await.assert_sent_on();
    assert_eq!(to, "/products/1?done=saved#photos");
    assert!(producer.page("/products/1").await.contains("Ảnh sản phẩm: đã có"));
    for path in ["/photos/1", "/photos/1/small"] {
        let photo = world.public.get(path).await;
        assert_eq!((photo.status, photo.header("content-type")), (200, "image/jpeg"));
        assert_eq!(photo.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(photo.header("x-content-type-options"), "nosniff");
        let held = |text: &[u8]| photo.body.windows(text.len()).any(|window| window == text);
        assert!(!held(b"GPS") && !held(b"Exif") && !held(b"iPhone"), "{path} still tells where it was taken");
        let shown = image::load_from_memory(&photo.body).unwrap();
        assert!(shown.width() < shown.height(), "{path} lies on its side");
    }
    assert!(world.public.get("/photos/1").await.body.len() <= 512 * 1024);
    let carried =
        "SELECT count(*) AS n FROM products p JOIN product_photos f USING (product_no) WHERE p.photo = f.small";
    assert_eq!(world.test_db.count(carried).await, 1);
    world.public.get("/photos/2").await.assert_problem(404, "not-found");
    world.public.get("/photos/x").await.assert_problem(404, "not-found");
}

#[actix_web::test]
async fn the_main_photo_can_be_chosen_and_every_photo_taken_away() {
    let world = World::new().await;
    world.product().await;
    let producer = world.sign_in(Role::Producer).await;
    let photo = phone_photo();
    send_photos(&producer, &[("1.jpg", &photo), ("2.jpg", &tiny_picture()), ("3.jpg", &photo)]).await.assert_sent_on();
    let order = async || {
        let sheet = world.register.product_sheet(&Reach::Everything, ProductNo::new(1).unwrap()).await.unwrap();
        sheet.photos.iter().map(|photo| photo.photo_id.0).collect::<Vec<_>>()
    };
    let carried = async || {
        let sql = "SELECT coalesce(min(photo_id), 0)::bigint AS n FROM products p JOIN product_photos f USING (product_no) WHERE p.photo = f.small";
        world.test_db.count(sql).await
    };
    assert_eq!((order().await, carried().await), (vec![1, 2, 3], 1));
    producer.submit("/products/1", "/products/1/photos/2/first", &[]).await.assert_sent_on();
    assert_eq!((order().await, carried().await), (vec![2, 1, 3], 2));
    producer.submit("/products/1", "/products/1/photos/2/remove", &[]).await.assert_sent_on();
    assert_eq!((order().await, carried().await), (vec![1, 3], 1));
    world.public.get("/photos/2").await.assert_problem(404, "not-found");
    for photo in ["1", "3"] {
        producer.submit("/products/1", &format!("/products/1/photos/{photo}/remove"), &[]).await.assert_sent_on();
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM products WHERE photo IS NULL").await, 1);
}

#[actix_web::test]
async fn photos_that_cannot_be_used_are_refused_with_what_to_do_and_none_of_their_company_is_kept() {
    let world = World::new().await;
    world.product().await;
    let producer = world.sign_in(Role::Producer).await;
    let good = phone_photo();
    let truncated = &good[..good.len() - 400];
    let cases: [(&str, &[u8], &str); 6] = [
        ("IMG_2.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "Tương thích nhất"),
        (
            "a.svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            "không phải ảnh JPEG hoặc PNG",
        ),
        ("a.pdf", b"%PDF-1.7", "không phải ảnh JPEG hoặc PNG"),
        ("b.jpg", truncated, "thiếu phần cuối"),
        ("c.png", &bomb(), "không đọc được hoặc quá lớn"),
        ("<b>.jpg", b"GIF89a", "không phải ảnh JPEG hoặc PNG"),
    ];
    for (name, bytes, because) in cases {
        let refused = send_photos(&producer, &[("tốt.jpg", &good), (name, bytes)]).await;
        refused.assert_refused(because);
        let text = refused.text();
        assert!(!text.contains("<b>.jpg") && !text.contains("<svg xmlns=\"http://www.w3.org/2000/svg\"><script>"));
    }
    producer.upload("/products/1", "/products/1/photos", &[], &[]).await.assert_refused("ít nhất một ảnh");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM product_photos").await, 0);
}

/// A PNG of 40,000 pixels a side in a few hundred bytes.
pub(crate) fn bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&40_000_u32.to_be_bytes());
    header.extend_from_slice(&40_000_u32.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let crc = crc32(&header).to_be_bytes();
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0d".as_slice(), &header, &crc, &[0; 64]].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[actix_web::test]
async fn a_photo_of_fifty_megabytes_is_refused_in_a_human_sentence() {
    let world = World::new().await;
    world.product().await;
    let producer = world.sign_in(Role::Producer).await;
    let huge = [tiny_picture(), vec![0; 50_000_000]].concat();
    let refused = send_photos(&producer, &[("to.jpg", &huge)]).await;
    assert_eq!(refused.status, 413);
    assert!(refused.text().contains("lớn hơn 20 MB"), "{}", refused.text());
}

#[actix_web::test]
async fn a_product_has_at_most_eight_photos() {
    let world = World::new().await;
    world.product().await;
    let producer = world.sign_in(Role::Producer).await;
    let photo = tiny_picture();
    let six = vec![("a.jpg", &photo[..]); 6];
    send_photos(&producer, &six).await.assert_sent_on();
    send_photos(&producer, &six[..3]).await.assert_refused("tối đa 8 ảnh, hiện đã có 6");
    send_photos(&producer, &six[..2]).await.assert_sent_on();
    assert!(producer.page("/products/1").await.contains("Đã đủ 8 ảnh"));
}

async fn program(world: &World, producer_no: Option<ProducerNo>, scopes: &[Scope]) -> Client {
    let token = world.accounts.create_token("thử", producer_no, scopes, None).await.unwrap();
    world.public.with_token(token.token.reveal())
}

async fn patch(client: &Client, path: &str, body: &Value) -> crate::world::Answer {
    client.send(client.request("PATCH", path).json(body)).await
}

#[actix_web::test]
async fn the_public_list_of_programs_takes_the_same_filters() {
    let world = World::new().await;
    world.product().await;
    world.product_from(other_row()).await;
    let names = async |query: &str| {
        let page = world.public.get(&format!("/api/v1/products?{query}")).await.json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("q=mien+dong").await, ["Miến dong thử"]);
    assert_eq!(names("set=11&state=in_force").await, ["Chè shan tuyết"]);
    assert_eq!(names("limit=1&cursor=1").await, ["Chè shan tuyết"]);
    world.public.get("/api/v1/products?set=99").await.assert_problem(422, "invalid");
}

#[actix_web::test]
async fn a_program_adds_and_changes_products_within_its_reach() {
    let world = World::new().await;
    world.product().await;
    world.product_from(other_row()).await;
    let own = program(&world, Some(ProducerNo(1)), &[Scope::RegisterWrite, Scope::Read]).await;
    let body =
        json!({ "producer_no": 1, "name": "Bún khô", "set_no": 6, "pack": { "quantity": 12.345, "unit": "kg" } });
    let added = own.post("/api/v1/products", &body).await;
    assert_eq!((added.status, added.header("location")), (201, "/api/v1/products/3"));
    assert_eq!(added.json()["pack"], "12.345 kg");
    let changed =
        patch(&own, "/api/v1/products/3", &json!({ "version": 1, "story": "Chuyện", "pack": null })).await.json();
    assert_eq!(
        (&changed["story"], &changed["pack"], &changed["version"], &changed["name"]),
        (&json!("Chuyện"), &json!(null), &json!(2), &json!("Bún khô"))
    );
    patch(&own, "/api/v1/products/3", &json!({ "version": 1, "story": "Muộn" }))
        .await
        .assert_problem(409, "edit-conflict");
    let stars =
        patch(&own, "/api/v1/products/3", &json!({ "version": 2, "stars": 5 })).await.assert_problem(422, "invalid");
    assert_eq!(stars["field"], "stars");
    let renamed = patch(&own, "/api/v1/products/1", &json!({ "version": 1, "name": "Khác" })).await;
    assert_eq!(renamed.assert_problem(422, "invalid")["field"], "name");
    patch(&own, "/api/v1/products/2", &json!({ "version": 1, "story": "x" })).await.assert_problem(404, "not-found");
    own.post("/api/v1/products", &json!({ "producer_no": 2, "name": "x", "set_no": 1 }))
        .await
        .assert_problem(404, "not-found");
    let wrong = own.post("/api/v1/products", &json!({ "producer_no": 1, "name": "x", "set_no": 40 })).await;
    assert_eq!(wrong.assert_problem(422, "invalid")["field"], "set_no");
    let reader = program(&world, Some(ProducerNo(1)), &[Scope::Read]).await;
    reader.post("/api/v1/products", &body).await.assert_problem(403, "forbidden");
    assert_eq!(
        patch(&world.office, "/api/v1/products/2", &json!({ "version": 1, "stars": 3 })).await.json()["stars"],
        3
    );
}
