//! The pages in a real Chromium, as people meet them: a phone of 360×640 and a desk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot set its stage should fail there"
)]

mod chromium;
mod journey;
mod kept;
#[path = "../api/browser.rs"]
#[expect(dead_code, reason = "the people of the other tests, of whom these need a part")]
mod people;
#[path = "../api/world.rs"]
#[expect(dead_code, reason = "the stage of the other tests, of which these need a part")]
mod world;
