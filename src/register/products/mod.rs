//! Products in full: the list with its filters, the sheet of one product, its photos, and who may change what.
//! A scan never comes here: what it needs of a product is in `register::types`.

mod filter;

pub use filter::{CertificateFilter, Closed, PAGE_ROWS, ProductFilter, ProductSort};
