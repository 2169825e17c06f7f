//! Looking up as an inspector: whatever is at hand leads to every fact, nothing of it stays, and a proposal reaches the office.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::io::Cursor;

use nguon::accounts::types::Role;
use nguon::batches::types::Batch;
use nguon::register::import::ImportRow;
use nguon::verify::MAX_WRONG_PER_NETWORK;

use crate::browser::{File, Person};
use crate::world::{Answer, StampText, World, good_row};

/// A world with one minted batch, its stamp 7, and an inspector.
async fn scene() -> (World, Batch, StampText, Person) {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    let stamp = world.stamp(batch.batch_no, 7).await;
    let inspector = world.sign_in(Role::Inspector).await;
    (world, batch, stamp, inspector)
}

fn href(text: &str) -> String {
    format!("/inspect?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish())
}

async fn look_up(person: &Person, text: &str) -> String {
    person.page(&href(text)).await
}

async fn send_photo(person: &Person, bytes: &[u8]) -> Answer {
    let photo = File { field: "photo", name: "anh.png", media_type: "image/png", bytes };
    person.upload("/inspect", "/inspect", &[], &[photo]).await
}

/// The symbols of these stamps side by side, as one photo.
async fn photo_of(world: &World, batch: &Batch, serials: &[u32]) -> Vec<u8> {
    let mut symbols = Vec::new();
    for serial in serials {
        let path = format!("/api/v1/batches/{}/stamps/{serial}/qr.png", batch.batch_no);
        symbols.push(image::load_from_memory(&world.office.get(&path).await.body).unwrap().into_luma8());
    }
    let side = symbols[0].width();
    let mut photo = image::GrayImage::from_pixel(
        (side + 80) * u32::try_from(symbols.len()).unwrap(),
        side + 80,
        image::Luma([255]),
    );
    for (n, symbol) in (0..).zip(&symbols) {
        image::imageops::overlay(&mut photo, symbol, i64::from(40 + n * (side + 80)), 40);
    }
    let mut bytes = Cursor::new(Vec::new());
    photo.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[actix_web::test]
async fn a_stamp_is_found_by_its_address_its_digits_and_its_code_with_every_fact() {
    let (world, batch, stamp, inspector) = scene().await;
    world
        .sql("INSERT INTO producer_contacts (producer_no, kind, value, visibility, created_at) VALUES (1, 'phone', '0209 000 222', 'offices', now()), (1, 'phone', '0209 000 333', 'me', now())")
        .await;
    let grouped = stamp
        .digits()
        .as_bytes()
        .chunks(17)
        .map(|chunk| std::str::from_utf8(chunk).unwrap())
        .collect::<Vec<_>>()
        .join(" ");
    for text in [
        stamp.url().to_owned(),
        format!("{}?fbclid=1", stamp.url()),
        stamp.digits().to_owned(),
        grouped,
        stamp.code().to_owned(),
        stamp.plain_code(),
    ] {
        let page = look_up(&inspector, &text).await;
        for shown in [
            "<section class=\"verdict green\"",
            "Tem do",
            "Miến dong thử",
            "MD-01",
            "20/11/2026",
            "20/11/2027",
            "1–10",
            "01/GCN · 4 sao · UBND tỉnh Thái Nguyên · 01/01/2025 – 31/12/2027",
            "20/11/2026: còn hiệu lực",
            "22/11/2026: còn hiệu lực",
            "HTX Thử Nghiệm",
            "0209 000 222",
            "thôn Thử, Phường Bắc Kạn",
        ] {
            assert!(page.contains(shown), "{text}: {shown} is not in {page}");
        }
        assert!(!page.contains("0209 000 333"), "what only the producer may see stays with the producer");
        assert!(
            page.contains(&format!("name=\"batch_no\" value=\"{}\"", batch.batch_no))
                && page.contains("name=\"serial\" value=\"7\"")
        );
    }
    let page = look_up(&inspector, stamp.digits()).await;
    assert!(
        page.contains("<dt>Chữ ký số</dt><dd class=\"yes\">đúng</dd>")
            && page.contains("<dt>Khóa</dt><dd class=\"yes\">1: đang dùng</dd>"),
        "{page}"
    );
}

#[actix_web::test]
async fn a_refused_stamp_says_what_failed() {
    let (_world, _, stamp, inspector) = scene().await;
    let mut forged = stamp.digits().to_owned();
    forged.replace_range(100..101, if forged.as_bytes()[100] == b'0' { "1" } else { "0" });
    let page = look_up(&inspector, &forged).await;
    assert!(page.contains("<section class=\"verdict red\"") && page.contains("(signature)"), "{page}");
    let page = look_up(&inspector, &stamp.digits()[..150]).await;
    assert!(page.contains("(length)") && !page.contains("name=\"batch_no\""), "{page}");
    let page = look_up(&inspector, "0000 0000 0000 0099").await;
    assert!(page.contains("(code)") && !page.contains("<dt>Khóa</dt>"), "no key was judged: {page}");
}

#[actix_web::test]
async fn a_batch_is_found_by_its_number_and_by_its_lot_in_any_case() {
    let (_world, batch, _, inspector) = scene().await;
    for text in [
        format!("lô {}", batch.batch_no),
        format!("#{}", batch.batch_no),
        batch.batch_no.to_string(),
        "md-01".to_owned(),
    ] {
        let page = look_up(&inspector, &text).await;
        assert!(page.contains("Lô hàng bình thường") && page.contains("<td>1 – 10</td>"), "{text}: {page}");
    }
}

#[actix_web::test]
async fn a_lot_of_several_producers_is_a_choice() {
    let (world, batch, _, inspector) = scene().await;
    let other = world.product_from(ImportRow { producer: "HTX Khác".to_owned(), ..good_row() }).await;
    let second = world.batch_of(other, "MD-01", "2026-11-19", None).await;
    let page = look_up(&inspector, "MD-01").await;
    assert!(
        page.contains("Có nhiều lô hàng") && page.contains("HTX Khác") && page.contains("HTX Thử Nghiệm"),
        "{page}"
    );
    for batch_no in [batch.batch_no, second.batch_no] {
        assert!(page.contains(&format!("href=\"/inspect?q=%23{batch_no}\"")), "{page}");
    }
}

#[actix_web::test]
async fn a_lot_that_looks_like_a_code_is_found_all_the_same() {
    let (world, batch, _, inspector) = scene().await;
    world.batch_of(batch.product_no, "2026112000000001", "2026-11-20", None).await;
    let page = look_up(&inspector, "2026112000000001").await;
    assert!(page.contains("Lô hàng bình thường"), "{page}");
}

#[actix_web::test]
async fn standing_and_voids_are_shown_with_words_and_dates() {
    let (world, batch, stamp, inspector) = scene().await;
    world
        .sql("INSERT INTO voids (batch_no, first_serial, last_serial, reason, note, voided_at) VALUES (1, 5, 8, 'stolen', 'ghi chú', '2026-11-21T05:00:00Z')")
        .await;
    let page = look_up(&inspector, stamp.digits()).await;
    assert!(
        page.contains("Tem đã bị hủy") && page.contains("21/11/2026 12:00: bị lấy cắp") && page.contains("ghi chú"),
        "{page}"
    );
    world
        .sql("UPDATE batches SET standing = 'recalled', standing_reason = 'Nấm mốc', standing_advice = 'Trả lại', standing_contact = '0208 111', standing_since = '2026-11-21T06:00:00Z'")
        .await;
    for text in [stamp.digits().to_owned(), format!("#{}", batch.batch_no)] {
        let page = look_up(&inspector, &text).await;
        for shown in
            ["verdict red", "Lô hàng bị thu hồi", "bị thu hồi từ 21/11/2026 13:00", "Nấm mốc", "Trả lại", "0208 111"]
        {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        assert!(!page.contains("action=\"/inspect/proposals\""), "a recalled batch needs no proposal");
    }
}

#[actix_web::test]
async fn nothing_found_says_what_to_check() {
    let (_world, _, _, inspector) = scene().await;
    for text in ["KHÔNG CÓ", "999", "MD-99", "<script>alert(1)</script>"] {
        let page = look_up(&inspector, text).await;
        assert!(page.contains("Không tìm thấy") && page.contains("Xin kiểm tra"), "{page}");
        assert!(!page.contains("<script>alert"), "{page}");
    }
    let long = inspector.get(&href(&"a".repeat(601))).await;
    assert_eq!(long.status, 422);
    assert!(long.text().contains("600"), "{}", long.text());
}

#[actix_web::test]
async fn one_stamp_in_a_photo_is_looked_up_and_several_are_listed() {
    let (world, batch, stamp, inspector) = scene().await;
    let (one, three) = (photo_of(&world, &batch, &[7]).await, photo_of(&world, &batch, &[1, 2, 3]).await);
    world.sql("INSERT INTO voids (batch_no, first_serial, last_serial, reason, voided_at) VALUES (1, 2, 2, 'lost', now())").await;
    let answer = send_photo(&inspector, &one).await;
    let to = answer.assert_sent_on();
    assert!(to.to_uppercase().contains(&stamp.digits()[..60]), "{to}");
    assert!(inspector.page(&to).await.contains("verdict green"));
    let answer = send_photo(&inspector, &three).await;
    assert_eq!(answer.status, 200);
    let page = answer.text();
    assert!(page.contains("Các mã đọc được trong ảnh (3)"), "{page}");
    let page = page.split("Tra tiếp").next().unwrap();
    for serial in 1..=3 {
        assert!(page.contains(&format!("Miến dong thử · MD-01 · tem {serial}</a>")), "{page}");
    }
    assert_eq!(page.matches("chip good\">Đúng").count(), 2, "{page}");
    assert_eq!(page.matches("chip bad\">Đã hủy").count(), 1, "{page}");
}

#[actix_web::test]
async fn a_photo_without_a_code_or_no_photo_at_all_says_what_to_do() {
    let (_world, _, _, inspector) = scene().await;
    let mut blank = Cursor::new(Vec::new());
    image::GrayImage::from_pixel(300, 300, image::Luma([255])).write_to(&mut blank, image::ImageFormat::Png).unwrap();
    send_photo(&inspector, &blank.into_inner()).await.assert_refused("Không đọc được mã QR nào");
    send_photo(&inspector, b"<svg onload=alert(1)>").await.assert_refused("Ảnh không đọc được");
    send_photo(&inspector, b"").await.assert_refused("Xin chọn hoặc chụp một ảnh");
}

#[actix_web::test]
async fn looking_up_is_no_guessing_and_uses_up_nobodys_tries() {
    let (world, _, stamp, inspector) = scene().await;
    for n in 0..MAX_WRONG_PER_NETWORK + 5 {
        let page = look_up(&inspector, &format!("0000-0000-00G4-{n:04}")).await;
        assert!(page.contains("(code)"), "{page}");
    }
    assert!(look_up(&inspector, stamp.code()).await.contains("verdict green"));
    let answer = world.public.get_json(&format!("/c/{}", stamp.plain_code())).await;
    assert_eq!(answer.status, 200, "the same network has all its tries left");
}

#[actix_web::test]
async fn the_last_twenty_look_ups_stay_with_the_session_alone() {
    let (world, batch, stamp, inspector) = scene().await;
    for n in 2..=24 {
        world.batch_of(batch.product_no, &format!("L-{n}"), "2026-11-20", None).await;
    }
    for n in 2..=24 {
        look_up(&inspector, &format!("#{n}")).await;
    }
    look_up(&inspector, stamp.code()).await;
    look_up(&inspector, "#24").await;
    look_up(&inspector, "MD-KHONG-CO").await;
    let page = inspector.page("/inspect").await;
    let recent = page.split_once("Vừa tra</h2>").unwrap().1;
    assert_eq!(recent.matches("<li><a href=\"/inspect?q=").count(), 20, "{recent}");
    let first_two: Vec<&str> = recent.split("<li>").skip(1).take(2).collect();
    assert!(
        first_two[0].contains("L-24") && first_two[1].contains("MD-01 · 7") && first_two[1].contains("Đúng"),
        "{recent}"
    );
    assert!(!recent.contains("KHONG-CO"));
    // The same person elsewhere sees none of it.
    let elsewhere = world.browser();
    world.session_of(inspector.account_id, &elsewhere).await;
    assert!(elsewhere.page("/inspect").await.contains("Chưa tra gì"));
    assert_eq!(
        world.test_db.count("SELECT count(*) AS n FROM audit_trail").await,
        world.test_db.count("SELECT count(*) AS n FROM audit_trail WHERE role <> 'inspector'").await,
        "no look-up is on the trail"
    );
}

#[actix_web::test]
async fn an_inspector_proposes_once_and_sees_the_answer() {
    let (world, _, stamp, inspector) = scene().await;
    let page = href(stamp.code());
    let fields = [("q", stamp.code()), ("batch_no", "1"), ("serial", "7"), ("reason", "Bao bì <b>rách</b>, mốc")];
    for _ in 0..2 {
        let to = inspector.submit(&page, "/inspect/proposals", &fields).await.assert_sent_on();
        let shown = inspector.page(&to).await;
        assert!(
            shown.contains("Đã gửi.") && shown.contains("Đang chờ") && shown.contains("Bao bì &#60;b&#62;rách"),
            "{shown}"
        );
    }
    assert_eq!(
        world
            .test_db
            .count("SELECT count(*) AS n FROM suspension_proposals WHERE serial = 7 AND state = 'waiting'")
            .await,
        1
    );
    assert_eq!(
        world
            .test_db
            .count("SELECT count(*) AS n FROM audit_trail WHERE act = 'suspension.proposed' AND producer_no = 1")
            .await,
        1
    );
    world
        .sql("UPDATE suspension_proposals SET state = 'dismissed', decided_at = now(), note = 'Đã kiểm tra lại'")
        .await;
    let desk = inspector.page("/desk").await;
    assert!(desk.contains("Không chấp nhận") && desk.contains("Đã kiểm tra lại"), "{desk}");
}

#[actix_web::test]
async fn a_proposal_without_a_reason_or_for_what_is_not_there_is_refused_and_keeps_what_was_typed() {
    let (world, _, stamp, inspector) = scene().await;
    let page = href(stamp.code());
    let send = async |fields: &[(&str, &str)]| inspector.submit(&page, "/inspect/proposals", fields).await;
    send(&[("q", stamp.code()), ("batch_no", "1"), ("reason", " ")]).await.assert_refused("Xin điền: Lý do");
    let long = "x".repeat(501);
    let refused = send(&[("q", stamp.code()), ("batch_no", "1"), ("reason", &long)]).await;
    refused.assert_refused("dài nhất 500 ký tự");
    assert!(refused.text().contains(&long));
    assert_eq!(send(&[("q", "#99"), ("batch_no", "99"), ("reason", "mốc")]).await.status, 404);
    assert_eq!(send(&[("q", "#1"), ("batch_no", "1"), ("serial", "11"), ("reason", "mốc")]).await.status, 404);
    assert_eq!(send(&[("q", "#1"), ("batch_no", "x"), ("reason", "mốc")]).await.status, 403);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM suspension_proposals").await, 0);
}

#[actix_web::test]
async fn only_those_who_oversee_the_province_look_up_and_only_some_propose() {
    let (world, _, _, inspector) = scene().await;
    for (role, may_look, may_propose) in [
        (Role::Office, true, true),
        (Role::Inspector, true, true),
        (Role::Auditor, true, false),
        (Role::Officer, false, false),
        (Role::Producer, false, false),
    ] {
        let person = world.sign_in(role).await;
        assert_eq!(person.get("/inspect").await.status, if may_look { 200 } else { 403 }, "{role:?}");
        if may_look {
            assert_eq!(look_up(&person, "#1").await.contains("action=\"/inspect/proposals\""), may_propose, "{role:?}");
        }
        let token = if may_look { person.form_token("/inspect").await } else { String::new() };
        let fields = [("form_token", token.as_str()), ("q", "#1"), ("batch_no", "1"), ("reason", "mốc")];
        let answer = person.post_form("/inspect/proposals", &fields).await;
        assert_eq!(answer.status, if may_propose { 303 } else { 403 }, "{role:?}");
    }
    let forged = [("form_token", "x"), ("q", "#1"), ("batch_no", "1"), ("reason", "mốc")];
    assert_eq!(inspector.post_form("/inspect/proposals", &forged).await.status, 403);
    let nobody = world.browser().get("/inspect?q=%231").await;
    assert_eq!(nobody.assert_sent_on(), "/sign-in?next=%2Finspect%3Fq%3D%25231");
}

#[actix_web::test]
async fn texts_of_the_register_cannot_break_out_of_a_look_up() {
    let world = World::new().await;
    let evil = "\"><script>alert(1)</script>";
    let row = ImportRow {
        product: evil.to_owned(),
        producer: evil.to_owned(),
        standards: Some(evil.to_owned()),
        village: Some(evil.to_owned()),
        ..good_row()
    };
    let product_no = world.product_from(row).await;
    world.batch_of(product_no, "X", "2026-11-20", None).await;
    world
        .sql(&format!("UPDATE certificates SET certificate_no = '{evil}', issuer = '{evil}'; UPDATE batches SET standing = 'suspended', standing_reason = '{evil}', standing_advice = '{evil}', standing_contact = '{evil}', standing_since = now(); \
            INSERT INTO producer_contacts (producer_no, kind, value, visibility, created_at) VALUES (1, 'person', '{evil}', 'offices', now()); \
            INSERT INTO suspension_proposals (batch_no, reason, proposed_at) VALUES (1, '{evil}', now())"))
        .await;
    let inspector = world.sign_in(Role::Inspector).await;
    for path in ["/inspect?q=X", "/inspect?q=X&lang=en", "/desk"] {
        let page = inspector.page(path).await;
        assert!(page.contains("alert(1)") && !page.contains("<script>alert") && !page.contains(evil), "{page}");
    }
}

#[actix_web::test]
async fn without_the_database_a_look_up_says_so_in_a_human_sentence() {
    let (world, _, stamp, inspector) = scene().await;
    world.test_db.admin_sql(&format!("DROP DATABASE {} WITH (FORCE)", world.test_db.name)).await;
    for path in ["/inspect".to_owned(), href(stamp.code()), "/desk".to_owned()] {
        let answer = inspector.get(&path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.text().contains("Chưa kết nối được với sổ"), "{}", answer.text());
    }
}
