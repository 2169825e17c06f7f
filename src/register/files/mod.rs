//! Papers that were handed in: scanned pictures and PDF files, each kept once under its hash and shown to nobody by itself.
//! Whoever may see the thing a file belongs to may fetch it there.

mod answer;
mod intake;
mod leftovers;
mod store;
mod types;

pub(in crate::register) use answer::file_answer;
pub(in crate::register) use intake::draw_anew;
pub(in crate::register) use leftovers::forget_replaced;
pub(in crate::register) use store::{find_file, keep};
pub use types::{PaperFile, ScanChange, Sha256Hash};
