//! The pages of what happened to a batch, as people use them: recording with a photo, what is refused and kept, correcting, sharing,
//! the office's lists, and what anyone sees.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::Role;
use nguon::batches::types::Batch;
use nguon::register::import::ImportRow;

use crate::browser::{Browser, File, Person};
use crate::world::{Answer, World, good_row, tiny_picture};

/// A world with a batch, and a member of its producer.
async fn scene() -> (World, Batch, Person) {
    let world = World::new().await;
    let batch = world.batch().await;
    let farmer = world.sign_in(Role::Producer).await;
    (world, batch, farmer)
}

/// The value of a hidden field on a page.
#[track_caller]
fn value_in(page: &str, name: &str) -> String {
    let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    field.unwrap_or_else(|| panic!("no field {name}: {page}")).split('"').next().unwrap().to_owned()
}

/// The value of the choice whose label begins with a name.
#[track_caller]
fn choice(page: &str, name: &str) -> String {
    let before = page.split(&format!("<span>{name}")).next().unwrap();
    let value = before.rsplit("name=\"what\" value=\"").next().unwrap();
    value.split('"').next().unwrap().to_owned()
}

const NEW: &str = "/batches/1/events/new";

/// Fields of a stage that makes 20 kg out of 100 kg.
fn made_noodles<'f>(what: &'f str, key: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("what", what),
        ("order_key", key),
        ("on", "2026-11-20"),
        ("time", "07:30"),
        ("in", "100"),
        ("in_unit", "kg"),
        ("out", "20"),
        ("out_unit", "kg"),
        ("place", "own"),
        ("note", "Ông An trực"),
    ]
}

async fn record(farmer: &Browser, name: &str, files: &[File<'_>]) -> Answer {
    let page = farmer.page(NEW).await;
    let (what, key) = (choice(&page, name), value_in(&page, "order_key"));
    farmer.upload(NEW, NEW, &made_noodles(&what, &key), files).await
}

/// A photo that says where it was taken, as phones do.
fn photo_with_place() -> Vec<u8> {
    let plain = tiny_picture();
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 22.14,105.83";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif[..], &plain[2..]].concat()
}

fn jpeg(bytes: &[u8]) -> File<'_> {
    File { field: "photo", name: "anh.jpg", media_type: "image/jpeg", bytes }
}

const STARCH: &str = "Xát củ";

#[actix_web::test]
async fn a_farmer_records_a_stage_and_reads_it_in_the_log() {
    let (_world, _, farmer) = scene().await;
    assert_eq!(record(&farmer, STARCH, &[]).await.assert_sent_on(), "/batches/1/events?done=recorded");
    let log = farmer.page("/batches/1/events").await;
    for part in
        ["Xát củ, lọc tinh bột", "20/11/2026 07:30", "sau 2 ngày", "Ông An trực", "100 kg", "Đang chờ niêm phong"]
    {
        assert!(log.contains(part), "no {part}: {log}");
    }
}

#[actix_web::test]
async fn the_stage_behind_the_last_one_is_chosen_already() {
    let (_world, _, farmer) = scene().await;
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    let page = farmer.page(NEW).await;
    let next = choice(&page, "Ngâm, lọc lại");
    let chosen = page.split(&format!("name=\"what\" value=\"{next}\"")).nth(1).unwrap().split('>').next().unwrap();
    assert!(chosen.contains("checked"), "{chosen}");
}

#[actix_web::test]
async fn the_same_as_last_time_fills_in_everything_but_day_and_note() {
    let (_world, _, farmer) = scene().await;
    let starch = choice(&farmer.page(NEW).await, STARCH);
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    let page = farmer.page(&format!("{NEW}?like={starch}")).await;
    let filled = ["on", "in", "in_unit", "out", "out_unit"].map(|name| value_in(&page, name));
    assert_eq!(filled, ["2026-11-22", "100", "kg", "20", "kg"]);
    assert!(page.contains("Đã chép từ lần trước") && !page.contains("Ông An trực"), "{page}");
}

#[actix_web::test]
async fn no_time_of_day_is_proposed() {
    let (_world, _, farmer) = scene().await;
    assert_eq!(value_in(&farmer.page(NEW).await, "time"), "");
}

#[actix_web::test]
async fn the_last_time_is_offered_only_where_there_is_one() {
    let (_world, _, farmer) = scene().await;
    assert!(!farmer.page(NEW).await.contains("Giống lần trước"));
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    assert_eq!(farmer.page(NEW).await.matches("Giống lần trước").count(), 1);
}

#[actix_web::test]
async fn what_was_just_recorded_and_does_not_add_up_is_said_at_once() {
    let (_world, _, farmer) = scene().await;
    let page = farmer.page(NEW).await;
    let (what, key) = (choice(&page, STARCH), value_in(&page, "order_key"));
    let mut fields = made_noodles(&what, &key);
    fields.retain(|(name, _)| *name != "out");
    fields.push(("out", "90"));
    let next = farmer.upload(NEW, NEW, &fields, &[]).await.assert_sent_on();
    let log = farmer.page(&next).await;
    assert!(log.contains("Có 1 chỗ số không khớp"), "{log}");
    assert!(log.find("id=\"balance\"") < log.find("id=\"log\""), "{log}");
}

#[actix_web::test]
async fn a_line_that_was_corrected_offers_no_form() {
    let (_world, _, farmer) = scene().await;
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    correct(&farmer, 2).await.assert_sent_on();
    let answer = farmer.get("/batches/1/events/2/correction").await;
    assert!(answer.status == 409 && answer.text().contains("đã được sửa ở dòng 3"), "{}", answer.text());
}

#[actix_web::test]
async fn a_form_sent_twice_is_recorded_once() {
    let (world, _, farmer) = scene().await;
    let page = farmer.page(NEW).await;
    let (what, key) = (choice(&page, STARCH), value_in(&page, "order_key"));
    for _ in 0..2 {
        farmer.upload(NEW, NEW, &made_noodles(&what, &key), &[]).await.assert_sent_on();
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM trace_events").await, 1);
}

#[actix_web::test]
async fn a_photo_is_shown_to_anyone_without_the_place_it_was_taken_at() {
    let (world, _, farmer) = scene().await;
    record(&farmer, STARCH, &[jpeg(&photo_with_place())]).await.assert_sent_on();
    let timeline = world.public.get_page("/batches/1/timeline").await.text();
    let href = timeline.split("<img src=\"").nth(1).unwrap().split('"').next().unwrap();
    let photo = world.public.get(href).await;
    assert_eq!((photo.status, photo.header("content-type")), (200, "image/jpeg"));
    assert!(photo.header("cache-control").contains("immutable"));
    assert!(!photo.body.windows(3).any(|part| part == b"GPS"), "the place is still in it");
}

#[actix_web::test]
async fn a_file_that_no_event_has_is_not_shown() {
    let (world, _, _) = scene().await;
    for name in ["ab".repeat(32), "AB".repeat(32), "x".to_owned()] {
        assert_eq!(world.public.get(&format!("/files/{name}.jpg")).await.status, 404, "{name}");
    }
}

#[actix_web::test]
async fn what_was_refused_is_shown_again_as_typed_with_its_photo() {
    let (_world, _, farmer) = scene().await;
    let page = farmer.page(NEW).await;
    let (what, key) = (choice(&page, STARCH), value_in(&page, "order_key"));
    let mut fields = made_noodles(&what, &key);
    fields.retain(|(name, _)| *name != "on");
    fields.push(("on", "2026-12-24"));
    let refused = farmer.upload(NEW, NEW, &fields, &[jpeg(&tiny_picture())]).await;
    refused.assert_refused("chưa tới");
    let again = refused.text();
    assert_eq!(value_in(&again, "out"), "20");
    assert!(again.contains("Ông An trực") && again.contains("name=\"kept\""), "{again}");
    let kept = value_in(&again, "kept");
    let fields = [made_noodles(&what, &key), vec![("kept", kept.as_str())]].concat();
    farmer.upload(NEW, NEW, &fields, &[]).await.assert_sent_on();
    assert!(farmer.page("/batches/1/events").await.contains(&format!("/files/{kept}.jpg")));
}

#[actix_web::test]
async fn looking_for_a_lot_records_nothing_and_loses_nothing() {
    let (world, _, farmer) = scene().await;
    let page = farmer.page(NEW).await;
    let (what, key) = (choice(&page, STARCH), value_in(&page, "order_key"));
    let fields = [made_noodles(&what, &key), vec![("find", "yes"), ("lot_search", "MD")]].concat();
    let found = farmer.upload(NEW, NEW, &fields, &[]).await;
    assert_eq!((found.status, value_in(&found.text(), "out")), (200, "20".to_owned()));
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM trace_events").await, 0);
}

#[actix_web::test]
async fn an_officer_who_records_is_named_as_such() {
    let (world, _, _) = scene().await;
    let officer = world.sign_in(Role::Officer).await;
    record(&officer, STARCH, &[]).await.assert_sent_on();
    assert!(world.public.get_page("/batches/1/timeline").await.text().contains("Cán bộ xã ghi thay"));
}

/// Corrects the event at this place of the chain to 25 kg.
async fn correct(farmer: &Browser, n: u32) -> Answer {
    let path = format!("/batches/1/events/{n}/correction");
    let page = farmer.page(&path).await;
    let (what, key) = (choice(&page, STARCH), value_in(&page, "order_key"));
    let mut fields = made_noodles(&what, &key);
    fields.retain(|(name, _)| *name != "out");
    fields.extend([("out", "25"), ("reason", "ghi nhầm số cân")]);
    farmer.upload(&path, &path, &fields, &[]).await
}

#[actix_web::test]
async fn a_correction_leaves_the_old_line_struck_with_day_and_reason() {
    let (_world, _, farmer) = scene().await;
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    correct(&farmer, 2).await.assert_sent_on();
    let log = farmer.page("/batches/1/events").await;
    assert!(log.contains("<h3>2. <del>Xát củ, lọc tinh bột</del>") && log.contains("<del>20 kg</del>"), "{log}");
    assert!(log.contains("Đã sửa ngày 22/11/2026: ghi nhầm số cân") && log.contains("25 kg"), "{log}");
}

#[actix_web::test]
async fn the_public_timeline_names_nobody_and_says_what_it_does_not_prove() {
    let (world, _, farmer) = scene().await;
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    let text = world.public.get_page("/batches/1/timeline").await.text();
    assert!(!text.contains("Ông An") && !text.contains("Người thử") && !text.contains("blockchain"), "{text}");
    assert!(text.contains("không chứng minh lời khai là đúng"), "{text}");
    let english = world.public.get_page("/batches/1/timeline?lang=en").await.text();
    assert!(english.contains("does not prove that what was said is true"), "{english}");
}

#[actix_web::test]
async fn a_sealed_line_says_since_when_and_leads_to_its_proof() {
    let (world, _, farmer) = scene().await;
    record(&farmer, STARCH, &[]).await.assert_sent_on();
    let waiting = world.public.get_page("/batches/1/timeline").await.text();
    assert!(waiting.contains("Đang chờ niêm phong") && !waiting.contains("/batches/1/2.tlog-proof"), "{waiting}");
    world.seal().await;
    let sealed = world.public.get_page("/batches/1/timeline").await.text();
    assert!(sealed.contains("từ đó không bị sửa") && sealed.contains("/batches/1/2.tlog-proof"), "{sealed}");
    assert_eq!(world.public.get("/batches/1/2.tlog-proof").await.status, 200);
}

#[actix_web::test]
async fn a_scan_shows_the_last_stages_within_14_kilobytes() {
    let (world, batch, farmer) = scene().await;
    world.mint(batch.batch_no, 1).await;
    for _ in 0..6 {
        record(&farmer, STARCH, &[]).await.assert_sent_on();
    }
    let stamp = world.stamp(batch.batch_no, 1).await;
    let page = world.public.get_page(&format!("/s/{}", stamp.digits())).await;
    let text = page.text();
    assert_eq!(text.matches("Xát củ, lọc tinh bột").count(), 5, "{text}");
    assert!(text.contains("href=\"/batches/1/timeline\"") && page.body.len() <= 14 * 1024, "{}", page.body.len());
}

#[actix_web::test]
async fn a_lot_is_shared_and_withdrawn() {
    let (world, _, farmer) = scene().await;
    let other = ImportRow { product: "Miến khác".to_owned(), producer: "HTX Khác".to_owned(), ..good_row() };
    world.product_from(other).await;
    let page = "/batches/1/shares";
    let found = farmer.page(&format!("{page}?q=htx+khac")).await;
    assert!(found.contains("HTX Khác"), "{found}");
    let n_shares = async || world.test_db.count("SELECT count(*) AS n FROM lot_shares").await;
    farmer.submit(page, page, &[("with", "2")]).await.assert_sent_on();
    assert_eq!(n_shares().await, 1);
    farmer.submit(page, page, &[("with", "2"), ("withdraw", "yes")]).await.assert_sent_on();
    assert_eq!(n_shares().await, 0);
}

#[actix_web::test]
async fn the_office_adds_moves_and_closes_a_stage() {
    let (world, _, farmer) = scene().await;
    let office = world.sign_in(Role::Office).await;
    let page = "/stages/noodles";
    let fields = [("step", "process"), ("name_vi", "Hút chân không"), ("name_en", "Vacuum packed"), ("unit", "kg")];
    office.submit(page, page, &fields).await.assert_sent_on();
    assert!(farmer.page(NEW).await.contains("Hút chân không"));
    let number = "SELECT stage_no::bigint AS n FROM stages WHERE name_vi = 'Hút chân không'";
    let stage_no = world.test_db.count(number).await;
    let close = format!("{page}/{stage_no}/close");
    office.submit(page, &close, &[("version", "1")]).await.assert_sent_on();
    assert!(!farmer.page(NEW).await.contains("Hút chân không"));
}

#[actix_web::test]
async fn a_stage_without_a_name_is_refused_as_typed() {
    let (world, _, _) = scene().await;
    let office = world.sign_in(Role::Office).await;
    let page = "/stages/noodles";
    let fields = [("step", "process"), ("name_vi", ""), ("name_en", "Vacuum packed")];
    let refused = office.submit(page, page, &fields).await;
    refused.assert_refused("Xin điền tên công đoạn");
    assert_eq!(value_in(refused.text().split("id=\"step-new\"").nth(1).unwrap(), "name_en"), "Vacuum packed");
}

#[actix_web::test]
async fn whoever_looks_after_the_province_sees_how_far_a_lot_went() {
    let (world, batch, _) = scene().await;
    world.mint(batch.batch_no, 10).await;
    let inspector = world.sign_in(Role::Inspector).await;
    let page = inspector.page("/batches/1/reach").await;
    assert!(page.contains("MD-01") && page.contains("1 – 10"), "{page}");
    assert!(inspector.page("/batches/1").await.contains("/batches/1/reach"));
}
