//! The way of a stamp through the pages, as people go it: the office invites a producer, who opens a batch on a phone and orders
//! stamps that a buyer finds in order, until the office revokes the certificate.

use nguon::accounts::PersonDraft;
use nguon::accounts::types::{Actor, Role};

use crate::chromium::{Browser, DESKTOP, PHONE};
use crate::world::World;

/// Words that nobody else chose.
const OFFICE_PASSWORD: &str = "ruộng nếp cầu treo";
const PRODUCER_PASSWORD: &str = "suối đá nương ngô";
/// By what the producer signs in.
const PHONE_NUMBER: &str = "0912 345 678";
/// The day on the test's clock.
const TODAY: &str = "2026-11-22";

/// Whether the browsers run the pages' script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scripts {
    On,
    Off,
}

async fn open(world: &World, size: (u32, u32), scripts: Scripts) -> Browser {
    let browser = Browser::open(&world.base_url, size).await;
    if scripts == Scripts::Off {
        browser.run_no_scripts().await;
    }
    browser
}

/// Chooses a password by a one-time link and stands on the desk.
async fn choose_password(browser: &Browser, link: &str, password: &str) {
    browser.go(link).await;
    browser.assert_kept().await;
    browser.fill("#password", password).await;
    browser.fill("#repeated", password).await;
    browser.press("main form button").await;
    assert_eq!(browser.path().await, "/desk");
}

/// The office's first account, whose link the operator's command prints.
async fn enter_office(world: &World, scripts: Scripts) -> Browser {
    let draft = PersonDraft::new("vanphong", "Văn phòng thử", Role::Office, None, None).unwrap();
    let (_, link) = world.accounts.invite_person(&Actor::operator(), draft).await.unwrap();
    let office = open(world, DESKTOP, scripts).await;
    choose_password(&office, &format!("/link/{}", link.secret.reveal()), OFFICE_PASSWORD).await;
    office
}

/// The office makes the producer's account and reads the link that it sends.
async fn invite_producer(office: &Browser) -> String {
    office.press("nav.only-wide a[href='/people']").await;
    office.press("a[href='/people/new']").await;
    office.fill("#name", "Người thử chủ thể").await;
    office.fill("#login", PHONE_NUMBER).await;
    office.choose("#role", "producer").await;
    office.fill("#producer", "HTX Thử Nghiệm").await;
    office.press("main form button").await;
    office.assert_kept().await;
    let text = office.find(".secret").await.text().await.unwrap();
    text[text.find("http").unwrap()..].to_owned()
}

/// The producer leaves and comes back, as on any other day.
async fn sign_in_again(producer: &Browser) {
    producer.click("nav.only-narrow summary").await;
    producer.press("nav.only-narrow form button").await;
    producer.go("/sign-in").await;
    producer.assert_kept().await;
    producer.fill("#login", PHONE_NUMBER).await;
    producer.fill("#password", PRODUCER_PASSWORD).await;
    producer.press("main form button").await;
    assert_eq!(producer.path().await, "/desk");
    producer.assert_kept().await;
}

/// From the desk to an open batch: the product is chosen, lot and day are proposed.
async fn open_batch(producer: &Browser) {
    producer.press("a[href='/batches/new']").await;
    producer.assert_kept().await;
    producer.assert_says("Miến dong thử").await;
    assert!(producer.n_fields("main form[method=post]").await <= 5, "a batch takes at most five fields");
    assert!(!producer.value("#lot").await.is_empty(), "a lot is proposed");
    assert_eq!(producer.value("#packed_on").await, TODAY);
    producer.fill("#quantity", "50").await;
    producer.fill("#unit", "gói").await;
    producer.press("main form[method=post] button").await;
    producer.assert_says("Đã mở lô hàng").await;
    producer.assert_kept().await;
}

async fn order_stamps(producer: &Browser, count: &str) {
    producer.fill("#count", count).await;
    producer.press("#order form[action$='/stamps'] button").await;
    producer.assert_kept().await;
}

/// What a buyer sees who scans the first stamp.
async fn scan_first_stamp(producer: &Browser) {
    producer.press("#runs a[href$='/stamps/1']").await;
    producer.assert_kept().await;
    producer.press("main a[href^='/s/']").await;
    producer.assert_kept().await;
    assert!(producer.has(".verdict.green h1").await, "{}", producer.text().await);
    producer.assert_says("Tem do Văn phòng OCOP thử phát hành").await;
}

async fn revoke_certificate(office: &Browser) {
    office.press("nav.only-wide a[href='/certificates']").await;
    office.press("main td a[href^='/certificates/']").await;
    office.click("#revoke summary").await;
    office.pick_day("#on", TODAY).await;
    office.fill("#reason", "Hồ sơ ghi sai vùng nguyên liệu").await;
    office.click("#sure").await;
    office.press("#revoke form button").await;
    office.assert_says("Bị thu hồi từ ngày 22/11/2026").await;
    office.assert_kept().await;
}

async fn go_the_whole_way(scripts: Scripts) {
    let world = World::at_its_own_address().await;
    world.product().await;
    let office = enter_office(&world, scripts).await;
    let link = invite_producer(&office).await;

    let producer = open(&world, PHONE, scripts).await;
    choose_password(&producer, &link, PRODUCER_PASSWORD).await;
    sign_in_again(&producer).await;
    open_batch(&producer).await;
    order_stamps(&producer, "50").await;
    producer.assert_says("Tem đã phát: 50").await;
    scan_first_stamp(&producer).await;

    // The page with the form for an order was open before the certificate was revoked.
    producer.go("/batches/1").await;
    revoke_certificate(&office).await;
    order_stamps(&producer, "10").await;
    producer.assert_says("Chưa đặt tem được.").await;
    producer.assert_says("Hồ sơ ghi sai vùng nguyên liệu").await;
    assert!(!producer.has("#count").await, "nothing can be ordered any more");
    assert_eq!(world.test_db.count("SELECT sum(last_serial - first_serial + 1)::bigint AS n FROM mint_runs").await, 50);
    office.close().await;
    producer.close().await;
}

#[actix_web::test]
async fn an_invited_producer_mints_on_a_phone_until_the_office_revokes_the_certificate() {
    go_the_whole_way(Scripts::On).await;
}

#[actix_web::test]
async fn the_same_way_is_open_to_a_browser_that_runs_no_scripts() {
    go_the_whole_way(Scripts::Off).await;
}
