//! What the register says of a producer, a product and a certificate, fact by fact: what an exported row shows and what an
//! imported row is compared with. It decides nothing and writes nothing.

mod cells;
pub(super) mod store;
pub(super) mod types;

pub(super) use cells::{Facts, conflict, differences};
