//! The answer to a scan: establish the facts, decide the headline, say it as a page, as JSON or at the command line.
//! Deciding is pure; a forgery ends before anything is asked of the database.

mod answer;
pub mod api;
mod cards;
pub mod facts;
mod guesses;
pub mod pages;
pub mod photo;
mod presented;
mod rows;
mod service;
mod texts;
pub mod verdict;

pub use answer::Answer;
pub use cards::{Card, Cards, Lookup};
pub use guesses::{Guesses, MAX_WRONG_PER_NETWORK};
pub use presented::{Presented, icon, present};
pub use rows::{Row, summary};
pub use service::{Findings, Verifier, offline_facts};
pub(crate) use texts::certificate_state as certificate_words;
