//! What anyone sees without signing in.

use crate::chromium::{Browser, DESKTOP, PHONE};
use crate::world::World;

#[actix_web::test]
async fn the_front_page_is_kept_on_a_phone_and_on_a_desk() {
    let world = World::new().await;
    for size in [PHONE, DESKTOP] {
        let browser = Browser::open(&world.base_url, size).await;
        browser.go("/").await;
        browser.assert_kept().await;
        browser.close().await;
    }
}
