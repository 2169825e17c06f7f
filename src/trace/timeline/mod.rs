//! A batch's chain as people read it: every entry with its words, its two dates, its author by role, and its seal; what was corrected
//! stays, struck, with the reason. For anyone it shows no name, no note and no supplier.

mod combining;
mod entered;
mod service;
mod store;
pub mod types;
mod words;
