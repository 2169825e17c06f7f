//! The pages in a real Chromium, as people meet them: a phone of 360×640 and a desk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot set its stage should fail there"
)]

mod chromium;
mod public_pages;
#[path = "../api/world.rs"]
#[expect(dead_code, reason = "the stage of the other tests, of which these need a part")]
mod world;
