//! Food-safety papers of producers and of their products: entering, changing and closing them, and which end soon. A paper is
//! closed and never deleted; its file is shown to whoever may see the producer, and to nobody else.

pub mod api;
mod form;
pub mod pages;
mod policy;
mod service;
mod store;
pub mod types;
