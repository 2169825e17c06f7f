//! How to reach a producer, each line with who may see it: everyone, the offices, or the producer's own people alone.
//! A contact can be a person's: what is removed is gone, and nothing of its value stands in the trail.

pub mod pages;
mod service;
mod store;
pub mod types;

pub(in crate::register) use store::contacts_of;
