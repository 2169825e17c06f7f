//! Certificates on their pages and for programs: the rules of the first day, overlaps, two officers at one certificate,
//! revoking, scans of papers, lists, reminders, and that another producer's are not there.

use nguon::accounts::types::{Actor, ProducerNo, Reach, Role, Scope};
use nguon::register::import::ImportRow;
use serde_json::{Value, json};

use crate::browser::{File, Person};
use crate::world::{Answer, World, day, good_row, tiny_picture};

/// A product without a certificate, of another producer in another commune than `good_row`'s.
fn bare_row() -> ImportRow {
    ImportRow {
        product: "Mật ong thử".to_owned(),
        set_no: 4,
        producer: "Hộ Nuôi Ong Thử".to_owned(),
        commune_code: Some("02185".to_owned()),
        commune: Some("Xã Côn Minh".to_owned()),
        former_district: None,
        former_province: None,
        stars: None,
        certificate: None,
        ..good_row()
    }
}

/// A world with product 1, whose certificate 1 holds from 2025-01-01 to 2027-12-31, and product 2, which has none.
async fn world_of_two() -> (World, Person) {
    let world = World::new().await;
    world.product().await;
    world.product_from(bare_row()).await;
    let office = world.sign_in(Role::Office).await;
    (world, office)
}

const NEW: [(&str, &str); 8] = [
    ("number", "12/GCN"),
    ("stars", "4"),
    ("score", "76,5"),
    ("decision_no", "QĐ 99/QĐ-UBND"),
    ("issuer", "UBND tỉnh Thái Nguyên"),
    ("issuer_level", "province"),
    ("from", "2026-11-20"),
    ("to", ""),
];

/// The form with some fields typed otherwise.
fn with<'f>(fields: &[(&'f str, &'f str)], changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let kept = fields.iter().filter(|(known, _)| changed.iter().all(|(name, _)| name != known));
    kept.chain(changed).copied().collect()
}

async fn enter(office: &Person, fields: &[(&str, &str)]) -> Answer {
    office.submit("/products/2/certificates/new", "/products/2/certificates", fields).await
}

async fn n_acts(world: &World, act: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM audit_trail WHERE act = '{act}'")).await
}

#[actix_web::test]
async fn the_office_enters_a_certificate_and_reads_how_its_last_day_came_about() {
    let (world, office) = world_of_two().await;
    let path = enter(&office, &NEW).await.assert_sent_on();
    assert_eq!(path, "/certificates/2?done=created");
    let page = office.page("/certificates/2").await;
    for shown in [
        "Mật ong thử",
        "12/GCN",
        "QĐ 99/QĐ-UBND",
        "4 sao",
        "76,5",
        "UBND tỉnh Thái Nguyên (Cấp tỉnh)",
        "20/11/2026",
        "19/11/2029",
        "36 tháng − 1 ngày, theo Quyết định 148/QĐ-TTg ngày 24/02/2023",
        "Còn hiệu lực",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert_eq!(n_acts(&world, "certificate.recognised").await, 2, "that of product 1 was imported");
    let own = "SELECT count(*) AS n FROM audit_trail WHERE thing = 'certificate 2' AND producer_no = 2 AND details->>'to' = '2029-11-19'";
    assert_eq!(world.test_db.count(own).await, 1);
    let stars = "SELECT stars::bigint AS n FROM products WHERE product_no = 2";
    assert_eq!(world.test_db.count(stars).await, 4, "the product's stars follow the certificate in force");
}

#[actix_web::test]
async fn what_breaks_the_rules_of_the_first_day_is_refused_and_stays_typed() {
    let (world, office) = world_of_two().await;
    let too_long = &*"x".repeat(101);
    for (changed, because) in [
        (&[("score", "69,9")][..], "từ 70 đến dưới 90 điểm, theo Quyết định 148"),
        (&[("stars", "3"), ("score", "70")], "từ 50 đến dưới 70 điểm"),
        (&[("stars", "5"), ("score", "95")], "5 sao do cấp bộ (trung ương) công nhận"),
        (&[("issuer_level", "ministry"), ("issuer", "Bộ nào đó")], "4 sao do cấp tỉnh công nhận"),
        (&[("issuer", "UBND huyện Na Rì")], "UBND huyện Na Rì là cấp huyện"),
        (&[("issuer", "UBND huyện Na Rì"), ("issuer_level", "district")], "không còn cấp huyện"),
        (&[("score", "101")], "từ 0 đến 100"),
        (&[("stars", "2")], "3, 4 hoặc 5 sao"),
        (&[("stars", "")], "cần hạng sao"),
        (&[("to", "2026-11-19")], "Ngày cuối phải sau ngày đầu"),
        (&[("to", "2030-01-01")], "chỉ có giá trị 36 tháng"),
        (&[("from", "")], "nếu chưa biết, xin bỏ trống cả hai"),
        (&[("from", "20-11-2026")], "Ngày viết là"),
        (&[("issuer", "")], "Xin điền nơi cấp"),
        (&[("number", too_long)], "dài nhất 100 ký tự"),
    ] {
        let changed = if changed == [("from", "")] { &[("from", ""), ("to", "2027-01-01")][..] } else { changed };
        let answer = enter(&office, &with(&NEW, changed)).await;
        answer.assert_refused(because);
        assert!(answer.text().contains("value=\"QĐ 99/QĐ-UBND\""), "{because}");
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM certificates WHERE product_no = 2").await, 0);
}

#[actix_web::test]
async fn a_district_of_before_the_reform_still_stands_on_an_old_certificate() {
    let (_world, office) = world_of_two().await;
    let old = with(
        &NEW,
        &[
            ("from", "2024-06-01"),
            ("issuer", "UBND huyện Na Rì"),
            ("issuer_level", "district"),
            ("stars", "3"),
            ("score", "55"),
        ],
    );
    enter(&office, &old).await.assert_sent_on();
    assert!(office.page("/certificates/2").await.contains("UBND huyện Na Rì (Cấp huyện (trước 01/07/2025))"));
}

#[actix_web::test]
async fn without_days_the_state_is_unknown_and_no_stamp_is_made() {
    let (world, office) = world_of_two().await;
    let undated = with(&NEW, &[("from", ""), ("issuer", ""), ("issuer_level", ""), ("stars", ""), ("score", "")]);
    enter(&office, &undated).await.assert_sent_on();
    assert!(office.page("/certificates/2").await.contains("chưa có trong sổ: chưa in tem được"));
    let product_no = nguon::stamp::ProductNo::new(2).unwrap();
    let batch = world.batch_of(product_no, "A", "2026-11-20", Some("2027-11-20")).await;
    let answer = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    answer.assert_problem(409, "certificate-unknown");
}

#[actix_web::test]
async fn overlapping_windows_are_refused_with_both_named_and_touching_ones_are_not() {
    let (_world, office) = world_of_two().await;
    let enter_for_1 = async |changed: &[(&str, &str)]| {
        office.submit("/products/1/certificates/new", "/products/1/certificates", &with(&NEW, changed)).await
    };
    let answer = enter_for_1(&[("from", "2026-11-20")]).await;
    answer.assert_refused("20/11/2026 – 19/11/2029");
    answer.assert_refused("01/01/2025 – 31/12/2027");
    enter_for_1(&[("from", "2022-01-01"), ("to", "2024-12-31")]).await.assert_sent_on();
    // Made to overlap by changing it.
    let base = with(&NEW, &[("from", "2022-01-01"), ("to", "2025-01-01"), ("version", "1")]);
    office
        .submit("/certificates/2/edit", "/certificates/2/edit", &base)
        .await
        .assert_refused("01/01/2025 – 31/12/2027");
    // Its own window is no other's.
    let shorter = with(&base, &[("to", "2024-06-30")]);
    office.submit("/certificates/2/edit", "/certificates/2/edit", &shorter).await.assert_sent_on();
}

#[actix_web::test]
async fn two_certificates_entered_at_once_never_overlap() {
    let (world, _office) = world_of_two().await;
    let enter = async |number: &str| {
        let body = json!({ "number": number, "stars": 3, "issuer": "UBND tỉnh Thái Nguyên", "issuer_level": "province", "from": "2026-11-20" });
        world.office.post("/api/v1/products/2/certificates", &body).await.status
    };
    let mut statuses = [0; 4];
    let answers = tokio::join!(enter("a"), enter("b"), enter("c"), enter("d"));
    (statuses[0], statuses[1], statuses[2], statuses[3]) = answers;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}

#[actix_web::test]
async fn the_second_of_two_officers_is_told_and_nothing_is_overwritten() {
    let (world, first) = world_of_two().await;
    enter(&first, &NEW).await.assert_sent_on();
    let second = world.sign_in(Role::Office).await;
    let opened = with(&NEW, &[("version", "1"), ("to", "2029-11-19")]);
    let save = async |who: &Person, fields: &[(&str, &str)]| {
        who.submit("/certificates/2/edit", "/certificates/2/edit", fields).await
    };
    save(&first, &with(&opened, &[("number", "13/GCN"), ("score", "80")])).await.assert_sent_on();
    let answer = save(&second, &with(&opened, &[("number", "14/GCN")])).await;
    assert_eq!(answer.status, 409);
    let text = answer.text();
    for shown in ["Chưa có gì bị ghi đè", "value=\"13/GCN\"", "value=\"80\"", "name=\"version\" value=\"2\""] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("14/GCN") && first.page("/certificates/2").await.contains("13/GCN"));
    let fields = "SELECT count(*) AS n FROM audit_trail WHERE act = 'certificate.changed' AND details = '{\"fields\": [\"number\", \"score\"]}'";
    assert_eq!(world.test_db.count(fields).await, 1);
    save(&second, &with(&opened, &[("number", "14/GCN"), ("version", "2")])).await.assert_sent_on();
}

#[actix_web::test]
async fn a_revoked_certificate_mints_no_more_and_is_final() {
    let (world, office) = world_of_two().await;
    let batch = world.batch_of(nguon::stamp::ProductNo::new(1).unwrap(), "A", "2026-11-20", Some("2027-11-20")).await;
    world.mint(batch.batch_no, 5).await;
    let revoke = async |on: &str, reason: &str| {
        let fields = [("on", on), ("reason", reason), ("sure", "yes")];
        office.submit("/certificates/1", "/certificates/1/revoke", &fields).await
    };
    let unsure = [("on", "2026-11-21"), ("reason", "Lý do")];
    let unsure = office.submit("/certificates/1", "/certificates/1/revoke", &unsure).await;
    unsure.assert_refused("đánh dấu vào ô");
    revoke("2026-11-23", "Lý do").await.assert_refused("không được ở sau hôm nay");
    revoke("2024-12-31", "Lý do").await.assert_refused("không được trước ngày đầu");
    revoke("2026-11-21", "").await.assert_refused("Lý do thu hồi");
    revoke("", "Lý do").await.assert_refused("Xin chọn ngày");
    revoke("2026-11-21", "Gian dối về <b>nguồn gốc</b>").await.assert_sent_on();
    let page = office.page("/certificates/1").await;
    assert!(page.contains("Bị thu hồi từ ngày 21/11/2026") && page.contains("&#60;b&#62;nguồn gốc"), "{page}");
    assert!(!page.contains("/certificates/1/edit") && !page.contains("/certificates/1/revoke"), "{page}");
    let problem = world.office.order(batch.batch_no, "k2", &json!({ "count": 1 })).await;
    problem.assert_problem(409, "certificate-revoked");
    let token = office.form_token("/certificates/1").await;
    let again = [("form_token", token.as_str()), ("on", "2026-11-22"), ("reason", "Lần nữa"), ("sure", "yes")];
    office.post_form("/certificates/1/revoke", &again).await.assert_refused("đã bị thu hồi từ ngày 21/11/2026");
    let mut change = with(&NEW, &[("version", "2"), ("from", "2025-01-01")]);
    change.push(("form_token", token.as_str()));
    let answer = office.post_form("/certificates/1/edit", &change).await;
    answer.assert_refused("đã bị thu hồi từ ngày 21/11/2026");
    let restore = "UPDATE certificates SET revoked_on = NULL, revoked_reason = NULL WHERE certificate_id = 1";
    assert!(world.test_db.sql(restore).await.unwrap_err().contains("stays revoked"));
    assert_eq!(n_acts(&world, "certificate.revoked").await, 1);
    // A new one may start on the day of revocation.
    let next = with(&NEW, &[("from", "2026-11-21")]);
    office.submit("/products/1/certificates/new", "/products/1/certificates", &next).await.assert_sent_on();
    let answer = world.office.order(batch.batch_no, "k3", &json!({ "count": 1 })).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn scan<'f>(name: &'f str, bytes: &'f [u8]) -> [File<'f>; 1] {
    // The declared type is a lie on purpose: the bytes decide.
    [File { field: "scan", name, media_type: "image/svg+xml", bytes }]
}

#[actix_web::test]
async fn a_scan_is_served_in_a_sandbox_to_those_who_may_see_the_certificate() {
    let (world, office) = world_of_two().await;
    let (new, action) = ("/products/2/certificates/new", "/products/2/certificates");
    let mut jpeg = tiny_picture();
    jpeg.extend_from_slice(b"<script>alert(1)</script>");
    office.upload(new, action, &NEW, &scan("giay.jpg", &jpeg)).await.assert_sent_on();
    let answer = office.get("/certificates/2/scan").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"giay-chung-nhan-2.jpg\"");
    assert!(answer.body.starts_with(&[0xff, 0xd8]) && !answer.body.windows(7).any(|part| part == b"<script"));
    for role in [Role::Auditor, Role::Inspector] {
        assert_eq!(world.sign_in(role).await.get("/certificates/2/scan").await.status, 200);
    }
    assert_eq!(world.member_of(ProducerNo(2)).await.get("/certificates/2/scan").await.status, 200);
    assert_eq!(world.member_of(ProducerNo(1)).await.get("/certificates/2/scan").await.status, 404);
    assert_eq!(office.get("/certificates/1/scan").await.status, 404, "it has none");

    let pdf = b"%PDF-1.4\n1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj";
    let edit = with(&NEW, &[("version", "1"), ("to", "2029-11-19")]);
    let path = "/certificates/2/edit";
    office.upload(path, path, &edit, &scan("giay.pdf", pdf)).await.assert_sent_on();
    let answer = office.get("/certificates/2/scan").await;
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"giay-chung-nhan-2.pdf\"");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.body, pdf);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM files").await, 1, "the one before is gone");
    // Nothing chosen: it stays. The box ticked: it goes.
    office.upload(path, path, &with(&edit, &[("version", "2")]), &[]).await.assert_sent_on();
    assert_eq!(office.get("/certificates/2/scan").await.status, 200);
    office.upload(path, path, &with(&edit, &[("version", "3"), ("remove_scan", "yes")]), &[]).await.assert_sent_on();
    assert_eq!(office.get("/certificates/2/scan").await.status, 404);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM files").await, 0);
}

#[actix_web::test]
async fn a_file_that_two_certificates_share_goes_with_the_last_of_them() {
    let (world, office) = world_of_two().await;
    let picture = tiny_picture();
    for (product_no, from) in [(1, "2028-01-01"), (2, "2026-11-20")] {
        let (new, action) =
            (format!("/products/{product_no}/certificates/new"), format!("/products/{product_no}/certificates"));
        let fields = with(&NEW, &[("from", from)]);
        world.move_clock_to("2027-06-01T05:00:00Z");
        let office = world.sign_in(Role::Office).await;
        office.upload(&new, &action, &fields, &scan("a.png", &picture)).await.assert_sent_on();
    }
    drop(office);
    let office = world.sign_in(Role::Office).await;
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM files").await, 1);
    for (certificate_id, from, n_left) in [(2, "2028-01-01", 1), (3, "2026-11-20", 0)] {
        let path = format!("/certificates/{certificate_id}/edit");
        let fields = with(&NEW, &[("from", from), ("version", "1"), ("remove_scan", "yes")]);
        office.submit(&path, &path, &fields).await.assert_sent_on();
        assert_eq!(world.test_db.count("SELECT count(*) AS n FROM files").await, n_left);
    }
}

#[actix_web::test]
async fn what_is_no_paper_is_refused_with_its_field() {
    let (world, office) = world_of_two().await;
    let (new, action) = ("/products/2/certificates/new", "/products/2/certificates");
    // A PNG that promises 60,000 × 60,000 pixels in 33 bytes.
    let bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\x7b\x0e\x5a\xf9";
    let mut large_pdf = b"%PDF-1.7\n".to_vec();
    large_pdf.resize(8 * 1024 * 1024 + 1, b' ');
    for (bytes, because) in [
        (&b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..], "không đọc được"),
        (b"garbage", "không đọc được"),
        (b"PK\x03\x04", "không đọc được"),
        (bomb, "không đọc được"),
        (&large_pdf, "lớn hơn 8 MB"),
    ] {
        let answer = office.upload(new, action, &NEW, &scan("x.jpg", bytes)).await;
        answer.assert_refused(because);
        assert!(answer.text().contains("href=\"#scan\""), "{because}");
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM files").await, 0);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM certificates WHERE product_no = 2").await, 0);
}

#[actix_web::test]
async fn another_producers_certificates_are_not_there_and_only_the_office_writes() {
    let (world, office) = world_of_two().await;
    let member = world.member_of(ProducerNo(2)).await;
    let officer = world.officer_of("02185").await;
    for person in [&member, &officer] {
        for path in ["/certificates/1", "/certificates/1/scan", "/certificates/99", "/certificates/x"] {
            assert_eq!(person.get(path).await.status, 404, "{path}");
        }
        assert!(!person.page("/certificates").await.contains("Miến dong thử"));
        let token = person.form_token("/certificates").await;
        for path in
            ["/certificates/1/edit", "/certificates/1/revoke", "/products/1/certificates", "/products/2/certificates"]
        {
            let mut fields = with(&NEW, &[("version", "1"), ("on", "2026-11-22"), ("reason", "x")]);
            fields.push(("form_token", token.as_str()));
            assert_eq!(person.post_form(path, &fields).await.status, 403, "{path}");
        }
        assert_eq!(person.get("/products/2/certificates/new").await.status, 403);
    }
    for path in ["/certificates/99", "/certificates/99/edit", "/products/99/certificates/new"] {
        assert_eq!(office.get(path).await.status, 404, "{path}");
    }
    for path in ["/certificates/99/edit", "/certificates/99/revoke", "/products/99/certificates"] {
        let fields = with(&NEW, &[("version", "1"), ("on", "2026-11-22"), ("reason", "x")]);
        assert_eq!(office.submit("/certificates", path, &fields).await.status, 404, "{path}");
    }
}

/// Certificates of every kind of state, each of a product of its own.
async fn world_of_states() -> World {
    let world = World::new().await;
    world.product().await;
    let product = "INSERT INTO products (producer_no, name, set_no, stars) SELECT 1, 'Sản phẩm ' || n, 4, 3 FROM generate_series(2, 12) n";
    world.sql(product).await;
    for (product_no, window, revoked_on) in [
        (2, Some(("2023-11-22", "2026-11-21")), None),
        (3, Some(("2026-11-23", "2029-11-22")), None),
        (4, None, None),
        (5, Some(("2025-01-01", "2027-12-31")), Some("2026-11-22")),
        (6, Some(("2025-01-01", "2026-06-30")), Some("2026-06-30")),
        (7, Some(("2025-01-01", "2026-06-30")), Some("2026-07-01")),
        (8, None, Some("2026-01-01")),
        (9, Some(("2026-11-22", "2026-11-22")), None),
        (10, Some(("2027-01-01", "2027-06-30")), Some("2026-01-01")),
        (11, Some(("2024-03-01", "2027-02-22")), None),
        (12, Some(("2024-03-01", "2027-02-23")), None),
    ] {
        let text = |day: Option<&str>| day.map_or("NULL".to_owned(), |day| format!("'{day}'"));
        let (from, to) = window.unzip();
        let reason = text(revoked_on.map(|_| "thử"));
        world
            .sql(&format!(
                "INSERT INTO certificates (product_no, stars, certificate_no, valid_from, valid_to, revoked_on, revoked_reason) \
                 VALUES ({product_no}, 3, '{product_no}/GCN', {}, {}, {}, {reason})",
                text(from),
                text(to),
                text(revoked_on),
            ))
            .await;
    }
    world
}

#[actix_web::test]
async fn each_state_of_the_filter_finds_those_that_the_policy_calls_so() {
    let world = world_of_states().await;
    let mut n_found = 0;
    for state in ["in_force", "lapsed", "not_yet_valid", "revoked", "unknown"] {
        let items = world.office.get(&format!("/api/v1/certificates?state={state}")).await.json()["items"].clone();
        let items = items.as_array().unwrap().clone();
        assert!(!items.is_empty(), "{state}");
        n_found += items.len();
        for item in items {
            assert_eq!(item["state"], state, "{item}");
        }
    }
    let all = world.office.get("/api/v1/certificates").await.json()["items"].as_array().unwrap().len();
    assert_eq!((n_found, all), (12, 12), "every certificate has one state");
}

#[actix_web::test]
async fn the_list_is_searched_filtered_and_sorted() {
    let world = world_of_states().await;
    let office = world.sign_in(Role::Office).await;
    let found = async |query: &str| {
        let page = office.page(&format!("/certificates?{query}")).await;
        (1..=12).filter(|n| page.contains(&format!("<a href=\"/certificates/{n}\">"))).collect::<Vec<i32>>()
    };
    assert_eq!(found("q=mien+dong").await, [1]);
    assert_eq!(found("q=2%2FGCN").await, [2]);
    assert_eq!(found("q=htx+thu+nghiem&stars=4").await, [1]);
    assert_eq!(found("set=7").await, [1]);
    assert_eq!(found("commune=01840").await, Vec::<i32>::new());
    assert_eq!(found("ends=3").await, [9, 11]);
    assert_eq!(found("ends=1&state=in_force").await, [9]);
    assert_eq!(found("page=2").await, Vec::<i32>::new());
    let page = office.page("/certificates?sort=newest").await;
    assert!(page.find("/certificates/12\"").unwrap() < page.find("/certificates/1\"").unwrap());
    assert_eq!(office.get("/certificates?state=fine").await.status, 422);
    let auditor = world.sign_in(Role::Auditor).await;
    assert!(auditor.page("/certificates").await.contains("Miến dong thử"));
}

#[actix_web::test]
async fn reminders_stand_in_their_nearest_group_with_contacts_the_offices_may_see() {
    let world = world_of_states().await;
    world
        .sql(
            "INSERT INTO producer_contacts (producer_no, kind, value, visibility, created_at) VALUES \
              (1, 'phone', '0208 000 002', 'offices', now()), (1, 'phone', '0208 000 003', 'me', now())",
        )
        .await;
    let office = world.sign_in(Role::Office).await;
    let page = office.page("/certificates/reminders").await;
    let groups: Vec<&str> = page.split("<section class=\"card\">").skip(1).collect();
    let where_is = |n: i32| {
        let link = format!("<a href=\"/certificates/{n}\">");
        groups.iter().map(|group| group.matches(&link).count()).collect::<Vec<_>>()
    };
    assert_eq!(where_is(9), [1, 0, 0, 0]);
    assert_eq!(where_is(11), [0, 1, 0, 0]);
    assert_eq!(where_is(12), [0, 0, 1, 0]);
    for none in [1, 2, 3, 4, 5, 6, 7, 8, 10] {
        assert_eq!(where_is(none), [0, 0, 0, 0], "{none}");
    }
    assert!(page.contains("Điện thoại: 0208 000 002") && !page.contains("0208 000 003"), "{page}");
    assert!(page.contains("còn 0 ngày") && page.contains("đến 22/12/2026"), "{page}");
    let ending = world.register.certificates_ending(day("2026-11-22"), 9, &Reach::Everything).await.unwrap();
    assert_eq!(ending.iter().map(|sheet| sheet.certificate_id).collect::<Vec<_>>(), [9, 11, 12]);
    let elsewhere =
        world.register.certificates_ending(day("2026-11-22"), 9, &Reach::Commune("02185".into())).await.unwrap();
    assert!(elsewhere.is_empty());
    // One that is followed by another needs no reminder, and neither does a product that left the register.
    world.sql("INSERT INTO certificates (product_no, stars, valid_from, valid_to) VALUES (11, 3, '2027-02-23', '2030-02-22')").await;
    world.sql("UPDATE products SET closed_at = now() WHERE product_no = 9").await;
    let ending = world.register.certificates_ending(day("2026-11-22"), 9, &Reach::Everything).await.unwrap();
    assert_eq!(ending.iter().map(|sheet| sheet.certificate_id).collect::<Vec<_>>(), [12]);
}

#[actix_web::test]
async fn the_reminders_as_csv_hold_no_formula() {
    let world = world_of_states().await;
    world.sql("UPDATE products SET name = '=HYPERLINK(\"http://x\")' WHERE product_no = 9").await;
    world.sql("UPDATE producers SET name = '+84, \"HTX\"'").await;
    let office = world.sign_in(Role::Office).await;
    let answer = office.get("/certificates/reminders.csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"sap-het-han-2026-11-22.csv\"");
    let mut reader = csv::Reader::from_reader(answer.body.strip_prefix("\u{feff}".as_bytes()).unwrap());
    assert_eq!(reader.headers().unwrap().get(3), Some("Sản phẩm"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0][0], &rows[0][1], &rows[0][3]), ("1", "22/11/2026", "'=HYPERLINK(\"http://x\")"));
    assert_eq!(&rows[0][6], "'+84, \"HTX\"");
}

#[actix_web::test]
async fn every_text_of_a_certificate_is_escaped() {
    let (_world, office) = world_of_two().await;
    let script = "<script>alert(1)</script>\"'&";
    let fields = with(&NEW, &[("number", script), ("decision_no", script), ("issuer", script)]);
    enter(&office, &fields).await.assert_sent_on();
    for path in ["/certificates", "/certificates/2", "/certificates/2/edit"] {
        let page = office.page(path).await;
        assert!(page.contains("&#60;script&#62;") && !page.contains("<script>alert"), "{path}: {page}");
    }
}

#[actix_web::test]
async fn programs_enter_list_and_revoke_certificates() {
    let (world, _office) = world_of_two().await;
    let body = json!({
        "number": "12/GCN", "stars": 4, "score": "76.5", "decision_no": "QĐ 99", "issuer": "UBND tỉnh Thái Nguyên",
        "issuer_level": "province", "from": "2026-11-20"
    });
    let answer = world.office.post("/api/v1/products/2/certificates", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    assert_eq!(
        (&made["to"], &made["state"], &made["score"]),
        (&json!("2029-11-19"), &json!("in_force"), &json!("76.5"))
    );
    world.office.post("/api/v1/products/2/certificates", &body).await.assert_problem(409, "certificate-overlap");
    world.office.post("/api/v1/products/99/certificates", &body).await.assert_problem(404, "not-found");
    let wrong = json!({ "number": "1", "stars": 3, "score": "80", "issuer": "UBND tỉnh Thái Nguyên", "issuer_level": "province", "from": "2030-01-01" });
    let problem = world.office.post("/api/v1/products/2/certificates", &wrong).await.assert_problem(422, "invalid");
    assert_eq!(problem["field"], "from");
    let unknown = json!({ "number": "1", "starz": 3 });
    world.office.post("/api/v1/products/2/certificates", &unknown).await.assert_problem(400, "malformed-body");

    let page = world.office.get("/api/v1/certificates?limit=1").await.json();
    assert_eq!((&page["items"][0]["certificate_id"], &page["next"]), (&json!(1), &json!("1")));
    let page = world.office.get("/api/v1/certificates?limit=1&cursor=1").await.json();
    assert_eq!((&page["items"][0]["number"], &page["next"]), (&json!("12/GCN"), &Value::Null));
    world.office.get("/api/v1/certificates?stars=9").await.assert_problem(422, "invalid");

    let revocation = json!({ "on": "2026-11-22", "reason": "Gian dối" });
    let revoked = world.office.post("/api/v1/certificates/2/revoke", &revocation).await;
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    assert_eq!((&revoked.json()["state"], &revoked.json()["revoked_on"]), (&json!("revoked"), &json!("2026-11-22")));
    let again = world.office.post("/api/v1/certificates/2/revoke", &revocation).await;
    again.assert_problem(409, "certificate-already-revoked");

    let own = world
        .accounts
        .create_token("hộ", Some(ProducerNo(2)), &[Scope::Read, Scope::RegisterWrite], None)
        .await
        .unwrap();
    let own = world.public.with_token(own.token.reveal());
    assert_eq!(own.get("/api/v1/certificates").await.json()["items"].as_array().unwrap().len(), 1);
    own.post("/api/v1/products/2/certificates", &body).await.assert_problem(403, "forbidden");
    own.post("/api/v1/certificates/1/revoke", &revocation).await.assert_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_closed_product_gets_no_certificate() {
    let (world, office) = world_of_two().await;
    world.sql("UPDATE products SET closed_at = now() WHERE product_no = 2").await;
    enter(&office, &NEW).await.assert_refused("đã đóng trong sổ");
}

#[actix_web::test]
async fn the_service_asks_for_the_offices_scope_itself() {
    let (world, _office) = world_of_two().await;
    let member = Actor::with_token(nguon::accounts::types::TokenId(1), Some(ProducerNo(1)), vec![Scope::RegisterWrite]);
    let refused = world.register.revoke_certificate(&member, 1, day("2026-11-22"), "x").await.unwrap_err();
    assert_eq!(refused.code(), "forbidden");
}

#[actix_web::test]
async fn a_program_of_the_office_changes_a_certificate_on_the_version_it_read() {
    let (world, _) = world_of_two().await;
    let patch = async |body: Value| {
        world.office.send(world.office.request("PATCH", "/api/v1/certificates/1").json(&body)).await
    };
    let changed =
        patch(json!({ "number": "99/GCN", "decision_no": "QĐ 9", "version": 1, "issuer_level": "province" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!((&changed["number"], &changed["version"]), (&json!("99/GCN"), &json!(2)));
    patch(json!({ "number": "98/GCN", "version": 1 })).await.assert_problem(409, "edit-conflict");
    patch(json!({ "stars": 2, "version": 2 })).await.assert_problem(422, "invalid");
}
