//! Templates of stages: what a producer may choose from when something is recorded. They come with the program and are the
//! office's to change; a stage is never deleted, since events name it.

mod reference;
mod service;
mod store;
pub mod types;

pub(in crate::trace) use service::no_stage;
pub(in crate::trace) use store::{find_stage, template_of};
