//! Food-safety papers on the sheets of producers and products and for programs: who writes whose, two people at one paper, closing,
//! files, days, who is reminded, what everyone sees.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{ProducerNo, Role, Scope};
use nguon::register::import::ImportRow;
use serde_json::{Value, json};

use crate::browser::{COMMUNE, File, Person};
use crate::world::{Answer, World, good_row, tiny_picture};

/// Producer 1 with product 1 in one commune, producer 2 with product 2 in another.
async fn world_of_two() -> World {
    let world = World::new().await;
    world.product().await;
    let other = ImportRow {
        product: "Mật ong thử".to_owned(),
        producer: "Hộ Nuôi Ong Thử".to_owned(),
        commune_code: Some("02185".to_owned()),
        commune: Some("Xã Côn Minh".to_owned()),
        former_district: None,
        former_province: None,
        stars: None,
        certificate: None,
        ..good_row()
    };
    world.product_from(other).await;
    world
}

/// The same with paper 1, of product 1, in force, which its producer entered.
async fn world_with_a_paper() -> (World, Person) {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    add(&member, &PAPER).await.assert_sent_on();
    (world, member)
}

const PAPER: [(&str, &str); 7] = [
    ("kind", "eligibility"),
    ("product_no", "1"),
    ("number", "12/2025/ATTP"),
    ("issuer", "Chi cục Quản lý chất lượng"),
    ("issued_on", "2025-03-01"),
    ("valid_to", "2028-02-29"),
    ("scope", "Sản xuất miến dong"),
];
const NEW: &str = "/producers/1/papers/new";
const ADD: &str = "/producers/1/papers";
const EDIT: &str = "/papers/1/edit";
const CLOSE: &str = "/papers/1/close";

/// The form with some fields typed otherwise.
fn with<'f>(changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let kept = PAPER.iter().filter(|(known, _)| changed.iter().all(|(name, _)| name != known));
    kept.chain(changed).copied().collect()
}

async fn add(person: &Person, fields: &[(&str, &str)]) -> Answer {
    person.submit(NEW, ADD, fields).await
}

async fn n_papers(world: &World) -> i64 {
    world.test_db.count("SELECT count(*) AS n FROM food_safety_papers").await
}

async fn n_acts(world: &World, condition: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM audit_trail WHERE {condition}")).await
}

#[actix_web::test]
async fn a_paper_stands_on_the_sheets_of_its_producer_and_its_product() {
    let (world, member) = world_with_a_paper().await;
    for path in ["/producers/1", "/products/1"] {
        let page = member.page(path).await;
        for shown in [
            "Giấy chứng nhận đủ điều kiện an toàn thực phẩm",
            "<span class=\"chip good\">Còn hiệu lực</span>",
            "Số 12/2025/ATTP · nơi cấp: Chi cục Quản lý chất lượng",
            "Cấp ngày 01/03/2025 · đến hết ngày 29/02/2028",
            "Sản xuất miến dong",
            "href=\"/papers/1/edit\"",
        ] {
            assert!(page.contains(shown), "{path}: {shown}: {page}");
        }
    }
    assert!(member.page("/producers/1").await.contains("Của sản phẩm <a href=\"/products/1\">Miến dong thử</a>"));
    let office = world.sign_in(Role::Office).await;
    for path in ["/producers/2", "/products/2"] {
        assert!(office.page(path).await.contains("Sổ chưa có giấy tờ nào"), "{path}");
    }
    let own = "act = 'paper.added' AND thing = 'paper 1' AND producer_no = 1 AND details->>'kind' = 'eligibility' \
               AND details::text NOT LIKE '%ATTP%'";
    assert_eq!(n_acts(&world, own).await, 1);
}

#[actix_web::test]
async fn whoever_saved_a_paper_is_led_to_the_sheet_it_stands_on() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    assert_eq!(add(&member, &PAPER).await.assert_sent_on(), "/products/1?done=created#papers");
    assert_eq!(add(&member, &with(&[("product_no", "")])).await.assert_sent_on(), "/producers/1?done=created#papers");
    let page = member.page("/products/1").await;
    assert!(page.contains("Chung cho cả chủ thể"), "a paper of the whole stands on its products' sheets: {page}");
    let form = member.page("/producers/1/papers/new?product_no=1").await;
    assert!(form.contains("<option value=\"1\" selected>Miến dong thử</option>"), "{form}");
    assert!(!form.contains("Mật ong thử"), "{form}");
}

#[actix_web::test]
async fn the_office_an_officer_of_the_commune_and_the_producer_itself_write() {
    let world = world_of_two().await;
    let people = [Role::Office, Role::Officer, Role::Producer];
    for (n, role) in (1..).zip(people) {
        let person = world.sign_in(role).await;
        add(&person, &PAPER).await.assert_sent_on();
        let (edit, close) = (format!("/papers/{n}/edit"), format!("/papers/{n}/close"));
        person.submit(&edit, &edit, &with(&[("version", "1"), ("number", "13/ATTP")])).await.assert_sent_on();
        person.submit(&edit, &close, &[("version", "2")]).await.assert_sent_on();
        for act in ["added", "changed", "closed"] {
            let own = format!("act = 'paper.{act}' AND thing = 'paper {n}' AND role = '{}'", role.as_str());
            assert_eq!(n_acts(&world, &own).await, 1, "{role:?} {act}");
        }
    }
}

#[actix_web::test]
async fn inspectors_and_auditors_read_papers_and_write_none() {
    let (world, _member) = world_with_a_paper().await;
    for role in [Role::Inspector, Role::Auditor] {
        let person = world.sign_in(role).await;
        let page = person.page("/producers/1").await;
        assert!(page.contains("12/2025/ATTP") && !page.contains("/papers/new") && !page.contains("/papers/1/edit"));
        assert_eq!(person.get(NEW).await.status, 403);
        let token = person.form_token("/account").await;
        let mut fields = with(&[("version", "1")]);
        fields.push(("form_token", &token));
        for path in [ADD, EDIT, CLOSE] {
            assert_eq!(person.post_form(path, &fields).await.status, 403, "{role:?} {path}");
        }
    }
    assert_eq!(n_papers(&world).await, 1);
}

#[actix_web::test]
async fn another_producers_papers_are_not_there_in_any_form() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    member.upload(NEW, ADD, &PAPER, &file("giay.jpg", &tiny_picture())).await.assert_sent_on();
    let strangers = [world.member_of(ProducerNo(2)).await, world.officer_of("02185").await];
    for person in &strangers {
        for path in [NEW, EDIT, "/papers/1/file", "/papers/99/edit", "/papers/x/edit", "/producers/x/papers/new"] {
            assert_eq!(person.get(path).await.status, 404, "{path}");
        }
        let token = person.form_token("/producers/2/papers/new").await;
        for changed in [&[("version", "1")][..], &[("version", "1"), ("kind", "nonsense")]] {
            let mut fields = with(changed);
            fields.push(("form_token", &token));
            for path in [ADD, EDIT, CLOSE] {
                assert_eq!(person.post_form(path, &fields).await.status, 404, "{path}");
            }
        }
        // Nor does another's product get a paper through one's own form.
        let mut foreign = PAPER.to_vec();
        foreign.push(("form_token", &token));
        assert_eq!(person.post_form("/producers/2/papers", &foreign).await.status, 404);
        let own = with(&[("product_no", "2")]);
        person.submit("/producers/2/papers/new", "/producers/2/papers", &own).await.assert_sent_on();
    }
    let moved = with(&[("version", "1")]);
    let answer = strangers[0].submit("/papers/2/edit", "/papers/2/edit", &moved).await;
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert_eq!(n_acts(&world, "thing = 'paper 1'").await, 1);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM food_safety_papers WHERE product_no = 1").await, 1);
}

#[actix_web::test]
async fn the_second_of_two_people_is_told_and_nothing_is_overwritten() {
    let (world, member) = world_with_a_paper().await;
    let officer = world.officer_of(COMMUNE).await;
    let save = async |who: &Person, changed: &[(&str, &str)]| who.submit(EDIT, EDIT, &with(changed)).await;
    save(&member, &[("version", "1"), ("number", "13/ATTP"), ("valid_to", "2028-03-31")]).await.assert_sent_on();
    let answer = save(&officer, &[("version", "1"), ("number", "14/ATTP")]).await;
    assert_eq!(answer.status, 409);
    let text = answer.text();
    for shown in ["Chưa có gì bị ghi đè", "value=\"13/ATTP\"", "value=\"2028-03-31\"", "name=\"version\" value=\"2\""]
    {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("14/ATTP") && member.page("/producers/1").await.contains("13/ATTP"));
    let late = officer.submit(EDIT, CLOSE, &[("version", "1")]).await;
    assert_eq!(late.status, 409, "closing what one has not seen");
    let fields = r#"act = 'paper.changed' AND details->'fields' = '["number", "valid_to"]'"#;
    assert_eq!(n_acts(&world, fields).await, 1);
    save(&officer, &[("version", "2"), ("number", "14/ATTP")]).await.assert_sent_on();
}

#[actix_web::test]
async fn a_closed_paper_stays_as_it_is() {
    let (world, member) = world_with_a_paper().await;
    let token = member.form_token(EDIT).await;
    assert_eq!(
        member.submit(EDIT, CLOSE, &[("version", "1")]).await.assert_sent_on(),
        "/products/1?done=closed#papers"
    );
    let page = member.page("/producers/1").await;
    assert!(page.contains("Giấy tờ đã đóng") && page.contains("12/2025/ATTP") && page.contains("Đóng lúc 22/11/2026"));
    assert!(!page.contains("/papers/1/edit") && !member.page(EDIT).await.contains(CLOSE));
    let mut change = with(&[("version", "2"), ("number", "13/ATTP")]);
    change.push(("form_token", &token));
    for path in [EDIT, CLOSE] {
        member.post_form(path, &change).await.assert_refused("đã đóng trong sổ nên không sửa được nữa");
    }
    assert!(world.test_db.sql("DELETE FROM food_safety_papers").await.is_err());
    assert_eq!(n_acts(&world, "act = 'paper.closed'").await, 1);
    let untouched = "SELECT count(*) AS n FROM food_safety_papers WHERE version = 2 AND paper_no = '12/2025/ATTP'";
    assert_eq!(world.test_db.count(untouched).await, 1);
}

fn file<'f>(name: &'f str, bytes: &'f [u8]) -> [File<'f>; 1] {
    // The declared type is a lie on purpose: the bytes decide.
    [File { field: "file", name, media_type: "image/svg+xml", bytes }]
}

#[actix_web::test]
async fn a_file_is_served_in_a_sandbox_to_those_who_may_see_the_producer() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let mut jpeg = tiny_picture();
    jpeg.extend_from_slice(b"<script>alert(1)</script>");
    member.upload(NEW, ADD, &PAPER, &file("giay.jpg", &jpeg)).await.assert_sent_on();
    let answer = member.get("/papers/1/file").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"giay-to-1.jpg\"");
    assert!(answer.body.starts_with(&[0xff, 0xd8]) && !answer.body.windows(7).any(|part| part == b"<script"));
    for role in [Role::Office, Role::Officer, Role::Auditor, Role::Inspector] {
        assert_eq!(world.sign_in(role).await.get("/papers/1/file").await.status, 200, "{role:?}");
    }
    assert_eq!(world.member_of(ProducerNo(2)).await.get("/papers/1/file").await.status, 404);
    assert_eq!(world.browser().get("/papers/1/file").await.status, 303, "nobody is asked to sign in");
}

#[actix_web::test]
async fn a_file_that_is_replaced_or_removed_is_gone() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    member.upload(NEW, ADD, &PAPER, &file("giay.jpg", &tiny_picture())).await.assert_sent_on();
    let pdf = b"%PDF-1.4\n1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj";
    member.upload(EDIT, EDIT, &with(&[("version", "1")]), &file("giay.pdf", pdf)).await.assert_sent_on();
    let answer = member.get("/papers/1/file").await;
    assert_eq!((answer.header("content-type"), &answer.body[..]), ("application/pdf", &pdf[..]));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"giay-to-1.pdf\"");
    let n_files = async || world.test_db.count("SELECT count(*) AS n FROM files").await;
    assert_eq!(n_files().await, 1, "the one before is gone");
    member.upload(EDIT, EDIT, &with(&[("version", "2")]), &[]).await.assert_sent_on();
    assert_eq!(member.get("/papers/1/file").await.status, 200, "nothing chosen: it stays");
    // A file that something else refers to stays where that is.
    world.sql("UPDATE certificates SET scan_sha256 = (SELECT sha256 FROM files)").await;
    let removed = with(&[("version", "3"), ("remove_file", "yes")]);
    member.upload(EDIT, EDIT, &removed, &[]).await.assert_sent_on();
    assert_eq!((member.get("/papers/1/file").await.status, n_files().await), (404, 1));
}

#[actix_web::test]
async fn what_is_no_paper_is_refused_with_its_field() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
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
        let answer = member.upload(NEW, ADD, &PAPER, &file("x.jpg", bytes)).await;
        answer.assert_refused(because);
        let text = answer.text();
        assert!(text.contains("href=\"#file\"") && text.contains("value=\"12/2025/ATTP\""), "{because}: {text}");
    }
    let huge = vec![0xff; 50 * 1024 * 1024];
    let answer = member.upload(NEW, ADD, &PAPER, &file("x.jpg", &huge)).await;
    assert!(answer.status == 413 && answer.text().contains("lớn hơn 20 MB"), "{} {}", answer.status, answer.text());
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM files").await, 0);
    assert_eq!(n_papers(&world).await, 0);
}

#[actix_web::test]
async fn what_cannot_stand_on_a_paper_is_refused_and_stays_typed() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let (long_number, long_scope) = ("x".repeat(101), "x".repeat(501));
    for (changed, because) in [
        (&[("kind", "")][..], "Xin chọn loại giấy"),
        (&[("kind", "passport")], "Xin chọn loại giấy"),
        (&[("issued_on", "2025-03-01"), ("valid_to", "2025-02-28")], "Ngày cuối không được trước ngày cấp"),
        (&[("issued_on", "2026-11-23")], "Ngày cấp không được ở sau hôm nay"),
        (&[("valid_to", "31-12-2027")], "Ngày viết là"),
        (&[("valid_to", "2027-02-30")], "Ngày viết là"),
        (&[("kind", "other"), ("scope", "")], "xin ghi rõ đó là giấy gì"),
        (&[("number", &long_number)], "dài nhất 100 ký tự"),
        (&[("scope", &long_scope)], "dài nhất 500 ký tự"),
    ] {
        let answer = add(&member, &with(changed)).await;
        answer.assert_refused(because);
        assert!(answer.text().contains("value=\"Chi cục Quản lý chất lượng\""), "{because}");
    }
    assert_eq!(n_papers(&world).await, 0);
}

#[actix_web::test]
async fn a_paper_says_in_a_word_how_it_stands_today() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    for (valid_to, chip) in [("2026-11-22", "Còn hiệu lực"), ("2026-11-21", "Hết hạn"), ("", "Không có hạn")]
    {
        let path = add(&member, &with(&[("valid_to", valid_to), ("number", valid_to)])).await.assert_sent_on();
        let page = member.page(path.split('?').next().unwrap()).await;
        let line = page.split("<li>").find(|line| line.contains(&format!("Số {valid_to} ·")) || valid_to.is_empty());
        let found = if valid_to.is_empty() { &page } else { line.unwrap() };
        assert!(found.contains(&format!(">{chip}</span>")), "{valid_to}: {found}");
    }
}

#[actix_web::test]
async fn every_text_of_a_paper_is_escaped() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let script = "<script>alert(1)</script>\"'&";
    let fields = with(&[("number", script), ("issuer", script), ("scope", script), ("valid_to", "2026-12-01")]);
    add(&member, &fields).await.assert_sent_on();
    let office = world.sign_in(Role::Office).await;
    for path in ["/producers/1", "/products/1", EDIT, "/certificates/reminders", "/p/1"] {
        let page = office.page(path).await;
        assert!(page.contains("&#60;script&#62;") && !page.contains("<script>alert"), "{path}: {page}");
    }
}

#[actix_web::test]
async fn what_has_left_the_register_gets_no_paper() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let token = member.form_token(NEW).await;
    world.sql("UPDATE products SET closed_at = now() WHERE product_no = 1").await;
    assert!(!member.page("/products/1").await.contains("/papers/new"));
    let mut fields = PAPER.to_vec();
    fields.push(("form_token", &token));
    member.post_form(ADD, &fields).await.assert_refused("Sản phẩm này đã đóng trong sổ");
    world.sql("UPDATE producers SET closed_at = now() WHERE producer_no = 1").await;
    assert!(!member.page("/producers/1").await.contains("/papers/new"));
    member.post_form(ADD, &fields).await.assert_refused("Chủ thể này đã đóng trong sổ");
    assert_eq!(n_papers(&world).await, 0);
}

#[actix_web::test]
async fn a_product_that_left_the_register_keeps_its_papers() {
    let (world, member) = world_with_a_paper().await;
    world.sql("UPDATE products SET closed_at = now() WHERE product_no = 1").await;
    let form = member.page(EDIT).await;
    assert!(form.contains("<option value=\"1\" selected>Miến dong thử</option>"), "{form}");
    member.submit(EDIT, EDIT, &with(&[("version", "1"), ("number", "13/ATTP")])).await.assert_sent_on();
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM food_safety_papers WHERE product_no = 1").await, 1);
}

#[actix_web::test]
async fn a_producer_has_at_most_two_hundred_papers() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let many = "INSERT INTO food_safety_papers (producer_no, kind) SELECT 1, 'haccp' FROM generate_series(1, 199)";
    world.sql(many).await;
    add(&member, &PAPER).await.assert_sent_on();
    add(&member, &PAPER).await.assert_refused("nhiều nhất 200 giấy tờ");
}

/// The numbers of the papers that the reminders show, in their order.
async fn reminded(person: &Person) -> Vec<String> {
    let page = person.page("/certificates/reminders").await;
    let (_, section) = page.split_once("<section class=\"card\" id=\"papers\">").unwrap();
    section.split("data-label=\"Số giấy\">").skip(1).map(|cell| cell.split('<').next().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn papers_that_end_within_three_months_are_reminded_of_unless_they_were_renewed() {
    let world = world_of_two().await;
    world
        .sql(
            "INSERT INTO food_safety_papers (producer_no, product_no, kind, paper_no, valid_to, closed_at) VALUES \
                 (1, NULL, 'eligibility', 'today', '2026-11-22', NULL), \
                 (1, 1, 'test_report', 'last', '2027-02-22', NULL), \
                 (1, 1, 'haccp', 'later', '2027-02-23', NULL), \
                 (1, 1, 'organic', 'past', '2026-11-21', NULL), \
                 (1, 1, 'vietgap', 'closed', '2026-12-01', now()), \
                 (1, 1, 'iso22000', 'renewed', '2026-12-01', NULL), (1, 1, 'iso22000', 'new', '2029-12-01', NULL), \
                 (1, 1, 'commitment', 'mistake', '2026-12-02', NULL), (1, 1, 'commitment', 'void', '2029-12-01', now()), \
                 (2, 2, 'test_report', 'theirs', '2026-12-03', NULL); \
             INSERT INTO producer_contacts (producer_no, kind, value, visibility, created_at) VALUES \
                 (1, 'phone', '0208 000 002', 'offices', now()), (1, 'phone', '0208 000 003', 'me', now())",
        )
        .await;
    let office = world.sign_in(Role::Office).await;
    assert_eq!(reminded(&office).await, ["today", "mistake", "theirs", "last"]);
    let page = office.page("/certificates/reminders").await;
    assert!(page.contains("còn 0 ngày") && page.contains("0208 000 002") && !page.contains("0208 000 003"), "{page}");
    assert_eq!(reminded(&world.officer_of("02185").await).await, ["theirs"]);
    world.sql("UPDATE producers SET closed_at = now() WHERE producer_no = 2").await;
    world.sql("UPDATE products SET closed_at = now() WHERE product_no = 1").await;
    assert_eq!(reminded(&office).await, ["today"]);
}

#[actix_web::test]
async fn everyone_sees_of_a_paper_that_counts_its_kind_number_and_days_alone() {
    let (world, member) = world_with_a_paper().await;
    member.upload(EDIT, EDIT, &with(&[("version", "1")]), &file("a.jpg", &tiny_picture())).await.assert_sent_on();
    let page = world.public.get_page("/p/1").await.text();
    assert!(page.contains("số 12/2025/ATTP; 01/03/2025 – 29/02/2028"), "{page}");
    for hidden in ["/papers/", "Chi cục", "Sản xuất miến dong"] {
        assert!(!page.contains(hidden), "{hidden} is in {page}");
    }
    world.move_clock_to("2028-03-01T05:00:00Z");
    assert!(!world.public.get_page("/p/1").await.text().contains("12/2025/ATTP"), "past its last day");
    world.move_clock_to("2026-11-22T05:00:00Z");
    member.submit(EDIT, CLOSE, &[("version", "2")]).await.assert_sent_on();
    assert!(!world.public.get_page("/p/1").await.text().contains("12/2025/ATTP"), "closed");
}

const API: &str = "/api/v1/producers/1/papers";

#[actix_web::test]
async fn programs_enter_list_change_and_close_papers() {
    let world = world_of_two().await;
    let body = json!({
        "kind": "test_report", "product_no": 1, "number": "KN-7", "issuer": "Trung tâm kiểm nghiệm",
        "issued_on": "2026-01-05", "valid_to": "2027-01-04", "scope": "Kim loại nặng"
    });
    let answer = world.office.post(API, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    assert_eq!((&made["paper_id"], &made["state"], &made["version"]), (&json!(1), &json!("in_force"), &json!(1)));
    let list = world.office.get(API).await.json();
    assert_eq!((&list["items"][0]["number"], &list["items"][0]["product"]), (&json!("KN-7"), &json!("Miến dong thử")));

    let change = async |body: Value| {
        let request = world.office.request("PATCH", "/api/v1/papers/1").json(&body);
        world.office.send(request).await
    };
    let changed = change(json!({ "version": 1, "valid_to": null, "scope": "Chì" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!(
        (&changed["state"], &changed["scope"], &changed["number"]),
        (&json!("no_end"), &json!("Chì"), &json!("KN-7"))
    );
    change(json!({ "version": 1, "number": "KN-8" })).await.assert_problem(409, "edit-conflict");
    assert_eq!(change(json!({ "number": "KN-8" })).await.assert_problem(422, "invalid")["field"], "version");
    let wrong = change(json!({ "version": 2, "valid_to": "2025-01-01" })).await.assert_problem(422, "invalid");
    assert_eq!(wrong["field"], "valid_to");
    change(json!({ "version": 2, "product_no": 2 })).await.assert_problem(404, "not-found");
    change(json!({ "version": 2, "file": "x" })).await.assert_problem(400, "malformed-body");

    let close = async |version: i32| world.office.post("/api/v1/papers/1/close", &json!({ "version": version })).await;
    close(1).await.assert_problem(409, "edit-conflict");
    let closed = close(2).await;
    assert_eq!((closed.status, &closed.json()["state"]), (200, &json!("closed")));
    close(3).await.assert_problem(409, "paper-closed");
    change(json!({ "version": 3, "number": "KN-8" })).await.assert_problem(409, "paper-closed");
    world.office.post("/api/v1/producers/99/papers", &body).await.assert_problem(404, "not-found");
    world.office.post(API, &json!({ "number": "1" })).await.assert_problem(422, "invalid");
}

#[actix_web::test]
async fn a_producers_program_reaches_its_own_papers_alone_and_writes_only_with_the_scope() {
    let (world, _member) = world_with_a_paper().await;
    let token = async |producer_no: i32, scopes: &[Scope]| {
        let token = world.accounts.create_token("x", Some(ProducerNo(producer_no)), scopes, None).await.unwrap();
        world.public.with_token(token.token.reveal())
    };
    let own = token(1, &[Scope::Read, Scope::RegisterWrite]).await;
    let reader = token(1, &[Scope::Read, Scope::BatchesWrite]).await;
    let other = token(2, &[Scope::Read, Scope::RegisterWrite]).await;
    let body = json!({ "kind": "haccp" });
    assert_eq!(own.post(API, &body).await.status, 201);
    reader.post(API, &body).await.assert_problem(403, "forbidden");
    reader.post("/api/v1/papers/1/close", &json!({ "version": 1 })).await.assert_problem(403, "forbidden");
    assert_eq!(reader.get(API).await.json()["items"].as_array().unwrap().len(), 2);
    other.get(API).await.assert_problem(404, "not-found");
    other.post(API, &body).await.assert_problem(404, "not-found");
    other.post("/api/v1/papers/1/close", &json!({ "version": 1 })).await.assert_problem(404, "not-found");
    let change = other.request("PATCH", "/api/v1/papers/1").json(&json!({ "version": 1 }));
    other.send(change).await.assert_problem(404, "not-found");
}
