//! The pages of batches, as people use them: open one, order stamps, see why not, void, close; and what the office does.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use futures_util::future::join_all;
use nguon::accounts::types::{ProducerNo, Role};
use nguon::batches::types::Batch;
use nguon::register::import::ImportRow;

use crate::browser::{Browser, Person};
use crate::world::{World, good_row};

/// A world with a batch of ten stamps, and a member of its producer.
async fn scene() -> (World, Batch, Person) {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 10).await;
    let farmer = world.sign_in(Role::Producer).await;
    (world, batch, farmer)
}

fn other_row() -> ImportRow {
    ImportRow { product: "Chè thử".to_owned(), producer: "HTX Khác".to_owned(), ..good_row() }
}

/// The value of a form's field on a page.
#[track_caller]
fn value_in(page: &str, name: &str) -> String {
    let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    field.unwrap_or_else(|| panic!("no field {name}: {page}")).split('"').next().unwrap().to_owned()
}

/// How many fields a person sees on a page's form.
fn n_visible_fields(page: &str) -> usize {
    let form = page.split("action=\"/batches\"").nth(1).unwrap().split("</form>").next().unwrap();
    form.matches("<input").count() - form.matches("type=\"hidden\"").count() + form.matches("<select").count()
}

async fn order(browser: &Browser, page: &str, count: &str) -> crate::world::Answer {
    let key = value_in(&browser.page(page).await, "order_key");
    browser.submit(page, &format!("{page}/stamps"), &[("order_key", &key), ("count", count)]).await
}

#[actix_web::test]
async fn a_farmer_opens_a_batch_in_five_fields_and_orders_stamps() {
    let world = World::new().await;
    world.product().await;
    let farmer = world.sign_in(Role::Producer).await;
    let form = farmer.page("/batches/new").await;
    // Quantity and unit are one answer in two boxes.
    assert_eq!(n_visible_fields(&form), 5, "{form}");
    assert_eq!(value_in(&form, "product"), "1", "the only product is chosen already");
    let (lot, packed_on) = (value_in(&form, "lot"), value_in(&form, "packed_on"));
    assert_eq!((lot.as_str(), packed_on.as_str()), ("MDT-261122", "2026-11-22"));
    let fields = [("product", "1"), ("lot", &lot), ("packed_on", &packed_on), ("quantity", "12,5"), ("unit", "kg")];
    let opened = farmer.submit("/batches/new", "/batches", &fields).await.assert_sent_on();
    assert_eq!(opened, "/batches/1?done=opened");
    let page = farmer.page(&opened).await;
    assert!(page.contains("Đã mở lô hàng") && page.contains("12,5 kg") && page.contains("22/11/2026"), "{page}");
    let sent_on = order(&farmer, "/batches/1", "50").await.assert_sent_on();
    assert_eq!(sent_on, "/batches/1?done=minted#runs");
    let page = farmer.page("/batches/1").await;
    assert!(page.contains("1 – 50") && page.contains("Người thử producer (Chủ thể)"), "{page}");
    let list = farmer.page("/batches").await;
    assert!(list.contains("MDT-261122") && list.contains(">50<"), "{list}");
    let trail = "SELECT count(*) AS n FROM audit_trail WHERE act IN ('batch.opened', 'stamps.minted') AND account_id = 1 \
                 AND producer_no = 1 AND request_id IS NOT NULL";
    assert_eq!(world.test_db.count(trail).await, 2);
    let by = "SELECT count(*) AS n FROM batches JOIN mint_runs USING (batch_no) WHERE opened_by_account = 1 AND minted_by_account = 1";
    assert_eq!(world.test_db.count(by).await, 1);
}

#[actix_web::test]
async fn one_stamp_is_shown_as_printed_and_leads_to_its_public_page() {
    let (world, batch, farmer) = scene().await;
    let stamp = world.stamp(batch.batch_no, 3).await;
    let page = farmer.page("/batches/1/stamps/3").await;
    assert!(page.contains(stamp.code()) && page.contains("/batches/1/stamps/3/label.svg"), "{page}");
    let href = format!("/s/{}", stamp.digits());
    assert!(page.contains(&format!("href=\"{href}\"")));
    assert!(world.public.get_page(&href).await.text().contains("Tem do "));
    let label = farmer.get("/batches/1/stamps/3/label.svg").await;
    assert_eq!((label.status, label.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(farmer.get("/batches/1/stamps/11").await.status, 404);
    assert_eq!(farmer.get("/batches/1/sheet?first=1&last=10").await.status, 200);
    let csv = farmer.get("/batches/1/stamps.csv").await;
    assert_eq!((csv.status, csv.text().lines().count()), (200, 11));
}

#[actix_web::test]
async fn a_voided_stamps_page_warns_and_shows_no_label() {
    let (_world, _, farmer) = scene().await;
    let fields =
        [("void_first", "3"), ("void_last", "3"), ("void_reason", "misprint"), ("void_note", ""), ("void_sure", "yes")];
    farmer.submit("/batches/1", "/batches/1/voids", &fields).await.assert_sent_on();
    let page = farmer.page("/batches/1/stamps/3").await;
    assert!(page.contains("Tem này đã hủy (in hỏng) – không dán lên hàng"), "{page}");
    assert!(!page.contains("label.svg") && !page.contains("đúng như sẽ in"), "{page}");
    let label = farmer.get("/batches/1/stamps/3/label.svg").await;
    assert!(label.status == 409 && label.text().contains("Tem số 3 đã hủy"), "{} {}", label.status, label.text());
    let sheet = farmer.get("/batches/1/sheet?first=3&last=3").await;
    assert!(sheet.status == 409 && sheet.text().contains("không còn tem nào để in"), "{}", sheet.text());
    assert!(!farmer.page("/batches/1/stamps/4").await.contains("Tem này đã hủy"));
}

#[actix_web::test]
async fn a_run_longer_than_a_sheet_has_a_link_to_each_part() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 3_000).await;
    let farmer = world.sign_in(Role::Producer).await;
    let page = farmer.page("/batches/1").await;
    for (query, words) in
        [("first=1&amp;last=2000", "In tờ A4: 1 – 2.000<"), ("first=2001&amp;last=3000", "In tờ A4: 2.001 – 3.000<")]
    {
        assert!(page.contains(&format!("/batches/1/sheet?{query}\"")) && page.contains(words), "{page}");
    }
    assert!(page.contains("Tệp cho nhà in (CSV)"));
}

#[actix_web::test]
async fn an_order_is_told_beside_what_is_printed_of_it() {
    let (_world, _, farmer) = scene().await;
    let sent_on = order(&farmer, "/batches/1", "5").await.assert_sent_on();
    let told = "Đã phát 5 tem, số 11 – 15.";
    let page = farmer.page(sent_on.trim_end_matches("#runs")).await;
    let runs = page.split("id=\"runs\"").nth(1).unwrap();
    assert!(runs.contains(told) && runs.contains("class=\"button\" href=\"/batches/1/sheet?first=11"), "{runs}");
    assert!(!farmer.page("/batches/1").await.contains(told));
}

#[actix_web::test]
async fn a_sheet_leads_back_to_its_batch_on_pages_alone() {
    let (world, _, farmer) = scene().await;
    assert!(farmer.page("/batches/1/sheet").await.contains("<a href=\"/batches/1#runs\">"));
    assert!(!world.office.get("/api/v1/batches/1/sheet.html").await.text().contains("href="));
}

#[actix_web::test]
async fn a_batch_without_a_certificate_also_lists_what_its_product_lacks() {
    let world = World::new().await;
    world.product_from(ImportRow { certificate: None, standards: None, ..good_row() }).await;
    let farmer = world.sign_in(Role::Producer).await;
    let fields = [("product", "1"), ("lot", "A-1"), ("packed_on", "2026-11-20")];
    let opened = farmer.submit("/batches/new", "/batches", &fields).await.assert_sent_on();
    let page = farmer.page(&opened).await;
    for part in ["chưa có ngày chứng nhận", "/products/1#certificates", "/products/1/edit#standards"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[actix_web::test]
async fn a_stamps_page_leads_to_its_neighbours_alone() {
    let (_world, _, farmer) = scene().await;
    let leads = async |from: u32, to: &str| {
        farmer.page(&format!("/batches/1/stamps/{from}")).await.contains(&format!("href=\"/batches/1/stamps/{to}\""))
    };
    assert!(leads(1, "2").await && !leads(1, "0").await);
    assert!(leads(10, "9").await && !leads(10, "11").await);
}

#[actix_web::test]
async fn same_as_last_time_fills_in_quantity_and_unit_and_a_free_lot() {
    let world = World::new().await;
    world.product().await;
    let farmer = world.sign_in(Role::Producer).await;
    assert!(!farmer.page("/batches/new").await.contains("Giống lần trước"));
    let fields =
        [("product", "1"), ("lot", "MDT-261122"), ("packed_on", "2026-11-22"), ("quantity", "500"), ("unit", "gói")];
    farmer.submit("/batches/new", "/batches", &fields).await.assert_sent_on();
    let form = farmer.page("/batches/new").await;
    assert!(form.contains("href=\"/batches/new?product=1&amp;like=last\""), "{form}");
    assert_eq!((value_in(&form, "quantity").as_str(), value_in(&form, "lot").as_str()), ("", "MDT-261122-2"));
    let same = farmer.page("/batches/new?product=1&like=last").await;
    let values = ["quantity", "unit", "lot", "packed_on"].map(|name| value_in(&same, name));
    assert_eq!(values, ["500", "gói", "MDT-261122-2", "2026-11-22"]);
}

#[actix_web::test]
async fn with_several_products_the_first_step_is_to_choose_one() {
    let world = World::new().await;
    world.product().await;
    world.product_from(ImportRow { product: "Bánh gạo".to_owned(), ..good_row() }).await;
    world.product_from(other_row()).await;
    let farmer = world.sign_in(Role::Producer).await;
    let page = farmer.page("/batches/new").await;
    assert!(page.contains("/batches/new?product=1\"") && page.contains("/batches/new?product=2\""), "{page}");
    assert!(!page.contains("Chè thử"), "another producer's product is not there to choose");
    let found = farmer.page("/batches/new?q=banh+gao").await;
    assert!(found.contains("Bánh gạo") && !found.contains("Miến dong"), "{found}");
    assert!(farmer.page("/batches/new?product=2").await.contains("Bánh gạo"));
}

#[actix_web::test]
async fn a_refused_batch_shows_the_form_as_it_was_typed() {
    let (_world, _, farmer) = scene().await;
    let typed = |lot, packed, quantity, unit| {
        [("product", "1"), ("lot", lot), ("packed_on", packed), ("quantity", quantity), ("unit", unit)]
    };
    for (fields, sentence) in [
        (typed("LÔ 1", "2026-11-22", "5", "kg"), "Mã lô dài 1 đến 20 ký tự"),
        (typed("MD-01", "2026-11-22", "5", "kg"), "đã mở rồi (lô số 1)"),
        (typed("A", "2027-11-22", "5", "kg"), "31 ngày sau hôm nay"),
        (typed("A", "22-11-2026", "5", "kg"), "Ngày viết là ngày/tháng/năm"),
        (typed("A", "2026-11-22", "1.000", "kg"), "đọc được hai cách"),
        (typed("A", "2026-11-22", "5", ""), "Xin ghi đơn vị"),
    ] {
        let answer = farmer.submit("/batches/new", "/batches", &fields).await;
        answer.assert_refused(sentence);
        assert_eq!(value_in(&answer.text(), "quantity"), fields[3].1);
    }
}

#[actix_web::test]
async fn a_double_tap_mints_once_for_people_too() {
    let (world, _, farmer) = scene().await;
    let page = farmer.page("/batches/1").await;
    let (key, token) = (value_in(&page, "order_key"), crate::browser::form_token_in(&page));
    let fields = [("form_token", token.as_str()), ("order_key", &key), ("count", "5")];
    let taps = (0..6).map(|_| farmer.post_form("/batches/1/stamps", &fields));
    for answer in join_all(taps).await {
        answer.assert_sent_on();
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM mint_runs").await, 2);
    assert_ne!(value_in(&farmer.page("/batches/1").await, "order_key"), key, "every page has a key of its own");
    let other = [("form_token", token.as_str()), ("order_key", &key), ("count", "6")];
    let refused = farmer.post_form("/batches/1/stamps", &other).await;
    refused.assert_refused("Đơn trên trang này đã được nhận với số lượng khác");
    assert!(!refused.text().contains("Idempotency-Key"));
    let fresh = value_in(&refused.text(), "order_key");
    assert_ne!(fresh, key, "who has read it may order again");
    let again = [("form_token", token.as_str()), ("order_key", &fresh), ("count", "6")];
    farmer.post_form("/batches/1/stamps", &again).await.assert_sent_on();
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM mint_runs").await, 3);
}

#[actix_web::test]
async fn an_order_that_is_no_number_of_stamps_is_refused_beside_its_field() {
    let (_world, _, farmer) = scene().await;
    for count in ["", "0", "-1", "1,5", "nhiều", "16777216", "99999999999"] {
        let answer = order(&farmer, "/batches/1", count).await;
        answer.assert_refused("href=\"#count\"");
    }
    order(&farmer, "/batches/1", "1.000").await.assert_sent_on();
    assert!(farmer.page("/batches/1").await.contains("11 – 1010"));
}

#[actix_web::test]
async fn a_lapsed_or_revoked_certificate_is_said_before_anything_is_ordered() {
    let (world, _, farmer) = scene().await;
    let key = value_in(&farmer.page("/batches/1").await, "order_key");
    world.sql("UPDATE certificates SET revoked_on = '2026-11-22', revoked_reason = 'Vi phạm nhãn'").await;
    let page = farmer.page("/batches/1").await;
    assert!(page.contains("Chưa đặt tem được.") && page.contains("thu hồi từ ngày 22/11/2026"), "{page}");
    assert!(page.contains("href=\"/products/1#certificates\"") && !page.contains("name=\"count\""), "{page}");
    let answer = farmer.submit("/batches/1", "/batches/1/stamps", &[("order_key", &key), ("count", "1")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("thu hồi từ ngày 22/11/2026"));
    world
        .sql(
            "ALTER TABLE certificates DISABLE TRIGGER certificates_stay_revoked; \
               UPDATE certificates SET revoked_on = NULL, revoked_reason = NULL, valid_to = '2026-11-21'",
        )
        .await;
    assert!(farmer.page("/batches/1").await.contains("đã hết hạn ngày 21/11/2026"));
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM mint_runs").await, 1);
}

#[actix_web::test]
async fn missing_data_is_a_checklist_with_a_link_to_fix_each() {
    let world = World::new().await;
    let bare = ImportRow {
        image: None,
        standards: None,
        village: None,
        commune: None,
        commune_code: None,
        shelf_life: None,
        ..good_row()
    };
    let product_no = world.product_from(bare).await;
    world.batch_of(product_no, "A", "2026-11-20", None).await;
    let farmer = world.sign_in(Role::Producer).await;
    let page = farmer.page("/batches/1").await;
    for link in ["/products/1#photos", "/products/1/edit#standards", "/producers/1/edit#village"] {
        assert!(page.contains(&format!("<li><a href=\"{link}\">")), "{link}: {page}");
    }
    let english = farmer.page("/batches/1?lang=en").await;
    assert!(english.contains("product image") && english.contains("standards applied"), "{english}");
}

#[actix_web::test]
async fn a_range_is_voided_with_a_reason_and_only_when_one_is_sure() {
    let (world, _, farmer) = scene().await;
    let void = async |first: &str, last: &str, reason: &str, sure: &str| {
        let fields = [
            ("void_first", first),
            ("void_last", last),
            ("void_reason", reason),
            ("void_note", "<b>ướt</b>"),
            ("void_sure", sure),
        ];
        farmer.submit("/batches/1", "/batches/1/voids", &fields).await
    };
    void("2", "3", "damaged", "").await.assert_refused("Tôi hiểu");
    void("2", "3", "", "yes").await.assert_refused("Xin chọn lý do hủy");
    void("3", "2", "damaged", "yes").await.assert_refused("href=\"#void_last\"");
    void("9", "11", "damaged", "yes").await.assert_refused("chưa phát tem số 11");
    assert_eq!(void("2", "3", "damaged", "yes").await.assert_sent_on(), "/batches/1?done=voided#voids");
    let again = void("3", "4", "damaged", "yes").await;
    again.assert_refused("Tem số 2 đến 3 của lô này đã hủy");
    assert_eq!(value_in(&again.text(), "void_last"), "4", "what was typed is still there");
    let page = farmer.page("/batches/1").await;
    assert!(page.contains("đã hủy 2") && page.contains("tem bị hư hại: &#60;b&#62;ướt&#60;/b&#62;"), "{page}");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM voids WHERE voided_by_account = 1").await, 1);
}

#[actix_web::test]
async fn a_closed_batch_has_no_more_order_form_and_says_what_to_do_instead() {
    let (_world, _, farmer) = scene().await;
    farmer.submit("/batches/1", "/batches/1/close", &[]).await.assert_refused("Tôi hiểu");
    let closed = farmer.submit("/batches/1", "/batches/1/close", &[("close_sure", "yes")]).await;
    assert_eq!(closed.assert_sent_on(), "/batches/1?done=closed");
    let page = farmer.page("/batches/1").await;
    assert!(!page.contains("name=\"count\"") && page.contains("/batches/new?product=1&#38;like=last"), "{page}");
    assert!(!page.contains("/batches/1/close"));
}

#[actix_web::test]
async fn the_office_suspends_resumes_and_recalls_on_the_batchs_page() {
    let (world, _, farmer) = scene().await;
    let office = world.sign_in(Role::Office).await;
    let version = async || value_in(&office.page("/batches/1").await, "version");
    let rule = async |verb: &str, version: &str, fields: &[(&str, &str)]| {
        let fields = [&[("version", version)], fields].concat();
        office.submit("/batches/1", &format!("/batches/1/{verb}"), &fields).await
    };
    let stale = version().await;
    rule("suspend", &stale, &[("suspend_reason", " ")]).await.assert_refused("href=\"#suspend_reason\"");
    let words = [("suspend_reason", "Chờ kiểm nghiệm"), ("suspend_contact", "0209 000 111")];
    assert_eq!(rule("suspend", &stale, &words).await.assert_sent_on(), "/batches/1?done=suspended");
    rule("recall", &stale, &[("recall_reason", "a"), ("recall_sure", "yes")]).await.assert_told();
    let seen = farmer.page("/batches/1").await;
    assert!(seen.contains("Chờ kiểm nghiệm") && seen.contains("đang tạm dừng; chưa cấp thêm tem"), "{seen}");
    assert!(!seen.contains("/batches/1/suspend"), "a producer does not rule");
    rule("resume", &version().await, &[("resume_reason", "Kết quả tốt")]).await.assert_sent_on();
    assert!(farmer.page("/batches/1").await.contains("name=\"count\""));
    rule("recall", &version().await, &[("recall_reason", "a")]).await.assert_refused("Tôi hiểu");
    let recalled = rule("recall", &version().await, &[("recall_reason", "Nhiễm khuẩn"), ("recall_sure", "yes")]).await;
    assert_eq!(recalled.assert_sent_on(), "/batches/1?done=recalled");
    assert!(farmer.page("/batches/1").await.contains("đã bị thu hồi; không cấp thêm tem"));
    let acts = "SELECT count(*) AS n FROM audit_trail WHERE account_id IS NOT NULL AND act IN ('batch.suspended', 'batch.resumed', 'batch.recalled')";
    assert_eq!(world.test_db.count(acts).await, 3);
}

#[actix_web::test]
async fn another_producers_batch_is_not_found_on_any_page_or_form() {
    let (world, batch, farmer) = scene().await;
    world.product_from(other_row()).await;
    let stranger = world.member_of(ProducerNo(2)).await;
    let n_no = batch.batch_no;
    for path in ["", "/sheet", "/stamps.csv", "/stamps/1", "/stamps/1/label.svg"] {
        assert_eq!(stranger.get(&format!("/batches/{n_no}{path}")).await.status, 404, "{path}");
    }
    assert_eq!(stranger.get("/batches/new?product=1").await.status, 404);
    let key = value_in(&farmer.page("/batches/1").await, "order_key");
    let submit = async |path: &str, fields: &[(&str, &str)]| stranger.submit("/batches/new", path, fields).await.status;
    let void = [("void_first", "1"), ("void_last", "1"), ("void_reason", "lost"), ("void_sure", "yes")];
    assert_eq!(submit("/batches/1/stamps", &[("order_key", &key), ("count", "1")]).await, 404);
    assert_eq!(submit("/batches/1/voids", &void).await, 404);
    assert_eq!(submit("/batches/1/close", &[("close_sure", "yes")]).await, 404);
    assert_eq!(submit("/batches/1/quota-requests", &[("more_count", "1"), ("more_reason", "a")]).await, 404);
    assert_eq!(submit("/batches", &[("product", "1"), ("lot", "A"), ("packed_on", "2026-11-20")]).await, 404);
    for verb in ["suspend", "resume", "recall", "quota"] {
        assert_eq!(submit(&format!("/batches/1/{verb}"), &[("version", "1")]).await, 403, "{verb}");
    }
    assert!(!stranger.page("/batches").await.contains("MD-01"));
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM audit_trail WHERE role = 'producer'").await, 0);
}

#[actix_web::test]
async fn an_officer_acts_for_the_producers_of_the_commune_alone() {
    let (world, _, _) = scene().await;
    let officer = world.sign_in(Role::Officer).await;
    order(&officer, "/batches/1", "5").await.assert_sent_on();
    assert!(officer.page("/batches").await.contains("MD-01"));
    let elsewhere = world.officer_of("01849").await;
    assert_eq!(elsewhere.get("/batches/1").await.status, 404);
    assert!(elsewhere.page("/batches").await.contains("Chưa có lô hàng nào"));
    let for_whom =
        "SELECT count(*) AS n FROM audit_trail WHERE role = 'officer' AND producer_no = 1 AND act = 'stamps.minted'";
    assert_eq!(world.test_db.count(for_whom).await, 1);
}

#[actix_web::test]
async fn inspectors_and_auditors_read_a_batch_and_change_nothing() {
    let (world, _, _) = scene().await;
    for role in [Role::Inspector, Role::Auditor] {
        let person = world.sign_in(role).await;
        let page = person.page("/batches/1").await;
        assert!(
            page.contains("1 – 10") && !page.contains("name=\"count\"") && !page.contains("/sheet"),
            "{role:?}: {page}"
        );
        for path in ["/batches/1/sheet", "/batches/1/stamps.csv", "/batches/1/stamps/1", "/batches/new"] {
            assert_eq!(person.get(path).await.status, 403, "{role:?} {path}");
        }
    }
}

#[actix_web::test]
async fn the_list_is_searched_by_lot_and_by_name_without_diacritics() {
    let (world, batch, _) = scene().await;
    let other = world.product_from(other_row()).await;
    world.batch_of(other, "CHE_100%", "2026-11-20", None).await;
    world.batch_of(batch.product_no, "CU-1", "2026-11-20", None).await;
    world.sql("UPDATE batches SET state = 'closed' WHERE batch_no = 3").await;
    let office = world.sign_in(Role::Office).await;
    let found = async |query: &str| -> Vec<u32> {
        let page = office.page(&format!("/batches?{query}")).await;
        (1..=3).filter(|n| page.contains(&format!("href=\"/batches/{n}\""))).collect()
    };
    assert_eq!(found("").await, [1, 2, 3]);
    assert_eq!(found("q=md-0").await, [1]);
    assert_eq!(found("q=mien+dong").await, [1, 3]);
    assert_eq!(found("q=htx+khac").await, [2]);
    assert_eq!(found("q=0%25").await, [2], "a percent sign is itself");
    assert_eq!(found("q=_").await, [2], "so is an underscore");
    assert_eq!(found("state=closed").await, [3]);
    assert_eq!(found("state=open&q=mien").await, [1]);
    assert_eq!(found("product=2").await, [2]);
    assert!(office.page("/batches?q=khong+co").await.contains("Không có lô nào như vậy"));
}

#[actix_web::test]
async fn a_list_longer_than_a_page_goes_on() {
    let world = World::new().await;
    let product_no = world.product().await;
    for n in 1..=31 {
        world.batch_of(product_no, &format!("L-{n}"), "2026-11-20", None).await;
    }
    let farmer = world.sign_in(Role::Producer).await;
    let first = farmer.page("/batches").await;
    assert!(first.contains(">L-31<") && first.contains(">L-2<") && !first.contains(">L-1<"), "{first}");
    let next =
        first.split("class=\"pager\"").nth(1).unwrap().split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    let second = farmer.page(&next.replace("&#38;", "&")).await;
    assert!(second.contains(">L-1<") && !second.contains(">L-2<") && !second.contains("class=\"pager\""));
}

#[actix_web::test]
async fn texts_of_people_cannot_break_out_of_the_pages() {
    let (world, _, farmer) = scene().await;
    let evil = "</textarea><script>alert(1)</script>\"'";
    world
        .sql("UPDATE products SET name = '<img src=x onerror=alert(1)>'; UPDATE producers SET name = '<i>x</i>'")
        .await;
    let office = world.sign_in(Role::Office).await;
    let version = value_in(&office.page("/batches/1").await, "version");
    let words =
        [("version", version.as_str()), ("suspend_reason", evil), ("suspend_advice", evil), ("suspend_contact", evil)];
    office.submit("/batches/1", "/batches/1/suspend", &words).await.assert_sent_on();
    let inspector = world.actor_of(&world.sign_in(Role::Inspector).await).await;
    let batch_no = nguon::stamp::BatchNo::new(1).unwrap();
    world.batches.propose_suspension(&inspector, batch_no, None, evil).await.unwrap();
    let stamp = world.stamp(batch_no, 1).await;
    for page in [
        farmer.page("/batches/1").await,
        farmer.page("/batches").await,
        farmer.page("/batches/new").await,
        office.page("/batches/1").await,
        office.page("/requests").await,
        office.page("/batches?q=%22%3E%3Cscript%3E").await,
        world.public.get_page(&format!("/s/{}", stamp.digits())).await.text(),
    ] {
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains("<i>x"), "{page}");
        assert!(!page.contains("\"><script>"));
    }
}

#[actix_web::test]
async fn a_form_without_its_token_changes_nothing() {
    let (world, _, farmer) = scene().await;
    let void = [("void_first", "1"), ("void_last", "1"), ("void_reason", "lost"), ("void_sure", "yes")];
    for (path, fields) in [
        ("/batches/1/voids", &void[..]),
        ("/batches/1/close", &[("close_sure", "yes")]),
        ("/batches/1/stamps", &[("order_key", "k"), ("count", "1")]),
        ("/batches", &[("product", "1"), ("lot", "A"), ("packed_on", "2026-11-20")]),
    ] {
        assert_eq!(farmer.post_form(path, fields).await.status, 403, "{path}");
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM audit_trail WHERE role = 'producer'").await, 0);
}

#[actix_web::test]
async fn without_the_database_every_page_says_so_in_a_human_sentence() {
    let (world, _, _) = scene().await;
    let office = world.sign_in(Role::Office).await;
    let token = office.form_token("/batches/1").await;
    world.test_db.admin_sql(&format!("DROP DATABASE {} WITH (FORCE)", world.test_db.name)).await;
    for path in ["/batches", "/batches/new", "/batches/1", "/batches/1/sheet", "/batches/1/stamps/1", "/requests"] {
        let answer = office.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {}", answer.text());
        assert!(answer.text().contains("chưa kết nối được với sổ"), "{path}");
    }
    let order = [("form_token", token.as_str()), ("order_key", "k"), ("count", "1")];
    assert_eq!(office.post_form("/batches/1/stamps", &order).await.status, 503);
}

#[actix_web::test]
async fn every_page_speaks_english_when_asked() {
    let (world, _, farmer) = scene().await;
    let office = world.sign_in(Role::Office).await;
    for (person, path) in [
        (&farmer, "/batches"),
        (&farmer, "/batches/new"),
        (&farmer, "/batches/1"),
        (&farmer, "/batches/1/stamps/1"),
        (&office, "/batches/1"),
        (&office, "/requests"),
    ] {
        let page = person.page(&format!("{path}?lang=en")).await;
        let content = page.split("<main").nth(1).unwrap();
        for word in ["Tem đã", "Lý do", "Đặt tem", "Mã lô", "Hủy", "Văn phòng", "Đề nghị", "Số lượng"]
        {
            assert!(!content.contains(word), "{path}: {word}");
        }
    }
}
