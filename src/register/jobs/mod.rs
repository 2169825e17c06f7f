//! Register files that the office hands in on a page: checked first, shown, and written when someone agrees to what was shown.
//! It never decides what a file means (`import`) nor how it is written (`importing`).

pub mod pages;
mod service;
mod store;
pub mod types;
mod worker;
