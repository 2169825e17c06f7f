//! The page after signing in: what each role sees of what is theirs, in numbers that can be read without colours.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{ProducerNo, Role};
use nguon::register::import::ImportRow;

use crate::world::{CONTACT, World, certificate, good_row};

fn row(product: &str, producer: &str) -> ImportRow {
    ImportRow { product: product.to_owned(), producer: producer.to_owned(), ..good_row() }
}

/// Two producers in two communes, with certificates in different states.
async fn province() -> World {
    let world = World::new().await;
    world.product_from(row("Miến dong", "HTX Một")).await;
    world
        .product_from(ImportRow {
            set_no: 11,
            stars: Some(3),
            certificate: Some(certificate("2024-02-23", "2027-02-22")),
            ..row("Chè xanh", "HTX Một")
        })
        .await;
    world
        .product_from(ImportRow {
            certificate: Some(certificate("2020-01-01", "2022-12-31")),
            ..row("Miến cũ", "HTX Một")
        })
        .await;
    world.product_from(ImportRow { certificate: None, ..row("Miến chưa rõ", "HTX Một") }).await;
    world.product_from(ImportRow { commune_code: None, commune: None, ..row("Gạo", "HTX Hai") }).await;
    world
}

/// The number in the table row that begins with this label.
fn number_of(page: &str, label: &str) -> String {
    let rest = page.split(&format!("{label}</a></td><td class=\"n\">")).nth(1);
    let rest = rest.or_else(|| page.split(&format!("{label}</td><td class=\"n\">")).nth(1));
    rest.unwrap_or_else(|| panic!("{label} is in no table of {page}")).split('<').next().unwrap().to_owned()
}

#[actix_web::test]
async fn the_office_and_the_auditor_see_the_province_in_charts_with_tables_beside_them() {
    let world = province().await;
    for role in [Role::Office, Role::Auditor] {
        let page = world.sign_in(role).await.page("/desk").await;
        assert!(page.contains("<span class=\"big\">3</span> sản phẩm còn hiệu lực, trên 5"), "{page}");
        assert!(page.contains("<span class=\"big\">1</span> sản phẩm đã hết hiệu lực"), "{page}");
        assert_eq!([number_of(&page, "4 sao"), number_of(&page, "3 sao")], ["2", "1"]);
        assert_eq!([number_of(&page, "Phường Bắc Kạn"), number_of(&page, "Sổ chưa ghi xã")], ["2", "1"]);
        assert_eq!(
            [
                number_of(&page, "9 tháng"),
                number_of(&page, "6 tháng"),
                number_of(&page, "3 tháng"),
                number_of(&page, "1 tháng")
            ],
            ["1", "1", "1", "0"]
        );
        assert!(
            page.contains("href=\"/products?commune=01843&#38;state=in_force\"")
                && page.contains("href=\"/certificates/reminders?months=6\""),
            "{page}"
        );
        for id in ["stars", "sets", "communes", "minted"] {
            assert!(page.contains(&format!("role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"")), "{id}");
        }
        assert!(page.contains(">4 sao: 2; 3 sao: 1</desc>"), "a chart says its numbers in words");
    }
}

#[actix_web::test]
async fn minted_stamps_are_counted_by_months_of_vietnams_calendar() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 1_234).await;
    world.move_clock_to("2026-11-30T16:59:00Z");
    world.mint(batch.batch_no, 1_000).await;
    world.move_clock_to("2026-11-30T17:01:00Z");
    world.mint(batch.batch_no, 66).await;
    let page = world.sign_in(Role::Office).await.page("/desk").await;
    let months = page.split_once("minted-title").unwrap().1;
    assert_eq!(
        [number_of(months, "01/2026"), number_of(months, "11/2026"), number_of(months, "12/2026")],
        ["0", "2.234", "66"]
    );
    assert!(!months.contains(">12/2025</td>") && months.contains("2.300"), "{months}");
}

#[actix_web::test]
async fn an_officer_sees_the_same_of_the_commune_and_its_producers() {
    let world = province().await;
    let officer = world.officer_of("01843").await;
    let page = officer.page("/desk").await;
    assert!(page.contains("<span class=\"big\">2</span> sản phẩm còn hiệu lực, trên 4"), "{page}");
    assert!(
        page.contains("<a href=\"/producers/1\">HTX Một</a>")
            && !page.contains("HTX Hai")
            && !page.contains("/requests"),
        "{page}"
    );
    let elsewhere = world.officer_of("01846").await.page("/desk").await;
    assert!(
        elsewhere.contains("Sổ chưa có gì") && elsewhere.contains("/producers/new") && !elsewhere.contains("/imports"),
        "{elsewhere}"
    );
}

#[actix_web::test]
async fn what_waits_for_the_office_is_counted() {
    let world = World::new().await;
    world.batch().await;
    world
        .sql("INSERT INTO suspension_proposals (batch_no, reason, proposed_at) VALUES (1, 'a', now()), (1, 'b', now()); \
              INSERT INTO suspension_proposals (batch_no, reason, proposed_at, state, decided_at) VALUES (1, 'c', now(), 'dismissed', now()); \
              INSERT INTO quota_requests (batch_no, n_stamps, reason, asked_at) VALUES (1, 5, 'x', now())")
        .await;
    let page = world.sign_in(Role::Office).await.page("/desk").await;
    assert!(
        page.contains("<span class=\"big\">3</span> đề nghị đang chờ: 2 đề nghị tạm dừng lô, 1 xin thêm tem"),
        "{page}"
    );
}

#[actix_web::test]
async fn an_empty_register_says_where_to_begin() {
    let world = World::new().await;
    let page = world.sign_in(Role::Office).await.page("/desk").await;
    assert!(page.contains("Sổ chưa có gì") && page.contains("href=\"/imports\"") && !page.contains("<svg"), "{page}");
}

#[actix_web::test]
async fn a_producer_sees_open_batches_with_their_stamps_and_products_with_their_ends() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 1_500).await;
    world.sql("INSERT INTO voids (batch_no, first_serial, last_serial, reason, voided_at) VALUES (1, 5, 14, 'misprint', now())").await;
    let closed = world.batch_of(batch.product_no, "MD-CU", "2026-10-20", None).await;
    world
        .sql(&format!("UPDATE batches SET state = 'closed', closed_at = now() WHERE batch_no = {}", closed.batch_no))
        .await;
    let other = world.product_from(row("Gạo lạ", "HTX Khác")).await;
    world.batch_of(other, "GL-01", "2026-11-20", None).await;
    let page = world.member_of(ProducerNo(1)).await.page("/desk").await;
    for shown in [
        "href=\"/batches/new\">Mở lô mới</a>",
        "href=\"/batches/1\">Đặt tem</a>",
        "<a href=\"/batches/1\">MD-01</a>",
        "data-label=\"Tem đã phát\">1.500</td>",
        "data-label=\"Đã hủy\">10</td>",
        "<a href=\"/products/1\">Miến dong thử</a>",
        "còn hiệu lực</span> đến hết ngày 31/12/2027",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    for hidden in ["MD-CU", "GL-01", "Gạo lạ", "HTX Khác", "Còn thiếu"] {
        assert!(!page.contains(hidden), "{hidden} is in {page}");
    }
}

#[actix_web::test]
async fn a_producer_is_told_what_is_missing_and_where_to_fill_it_in() {
    let world = World::new().await;
    let lapsed = certificate("2020-01-01", "2022-12-31");
    world.product_from(ImportRow { image: None, standards: None, certificate: Some(lapsed), ..good_row() }).await;
    let page = world.sign_in(Role::Producer).await.page("/desk").await;
    for shown in [
        "Chưa có lô hàng nào đang mở",
        "đã hết hiệu lực sau ngày 31/12/2022",
        "Chưa đặt được tem cho sản phẩm này",
        "<a href=\"/products/1#photos\">Bổ sung: hình ảnh sản phẩm</a>",
        "<a href=\"/products/1/edit#standards\">Bổ sung: tiêu chuẩn áp dụng</a>",
        CONTACT,
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    assert!(!page.contains("Đặt tem</a>"), "without a batch there is nothing to order stamps for");
}

#[actix_web::test]
async fn a_new_producer_is_told_what_to_do_first() {
    let world = World::new().await;
    world.product().await;
    world.sql("UPDATE products SET closed_at = now()").await;
    let page = world.sign_in(Role::Producer).await.page("/desk").await;
    assert!(
        page.contains("Sổ chưa có sản phẩm nào của quý vị") && page.contains("/products/new") && page.contains(CONTACT),
        "{page}"
    );
}

#[actix_web::test]
async fn an_inspector_has_a_box_and_sees_what_was_suspended_lately() {
    let world = World::new().await;
    world.batch().await;
    let inspector = world.sign_in(Role::Inspector).await;
    let page = inspector.page("/desk").await;
    for shown in ["action=\"/inspect\"", "Chưa tra gì", "Chưa có đề nghị nào", "Không có lô hàng nào đang bị tạm dừng"]
    {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    world.sql("UPDATE batches SET standing = 'suspended', standing_reason = 'Chờ kiểm nghiệm', standing_since = '2026-11-21T05:00:00Z'").await;
    let page = inspector.page("/desk").await;
    assert!(page.contains("Đang tạm dừng") && page.contains("21/11/2026 12:00: Chờ kiểm nghiệm"), "{page}");
}

#[actix_web::test]
async fn every_role_has_a_desk_in_both_languages_and_nobody_is_sent_to_sign_in() {
    let world = province().await;
    for role in Role::ALL {
        let person = world.sign_in(role).await;
        for (language, word) in [("vi", "Trang chính"), ("en", "Desk")] {
            let page = person.page(&format!("/desk?lang={language}")).await;
            assert!(page.contains(word) && page.contains("class=\"help\""), "{role:?} {page}");
        }
        let page = person.page("/desk?lang=en").await;
        for word in ["còn hiệu lực", "Chưa có", "Sản phẩm</th>", "Vừa tra"] {
            assert!(!page.contains(word), "{role:?}: {word} in {page}");
        }
    }
    assert_eq!(world.browser().get("/desk").await.assert_sent_on(), "/sign-in?next=%2Fdesk");
}

#[actix_web::test]
async fn texts_of_the_register_cannot_break_out_of_a_desk() {
    let evil = "\"><script>alert(1)</script>";
    let world = World::new().await;
    let product_no = world.product_from(row(evil, evil)).await;
    world.batch_of(product_no, "X", "2026-11-20", None).await;
    world.sql(&format!("UPDATE product_sets SET name_vi = '{evil}' WHERE set_no = 7; UPDATE communes SET name = '{evil}' WHERE code = '01843'")).await;
    for role in [Role::Office, Role::Officer, Role::Producer] {
        let page = world.sign_in(role).await.page("/desk").await;
        assert!(
            page.contains("alert(1)") && !page.contains("<script>alert") && !page.contains(evil),
            "{role:?} {page}"
        );
    }
}
