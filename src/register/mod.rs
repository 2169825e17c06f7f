//! The province's register: communes, producers with their contacts, products with their photos, certificates and food-safety
//! papers; lists and search; files in and out; and the pure rules of who may mint. `import` reads a file into rows, `importing`
//! compares rows with the register and writes them, `jobs` does both for a page with a preview between, `facts` is what an
//! imported row is compared with and an exported row shows, `export` draws workbooks.
//! It knows nothing of batches; what a batch asks of a product it asks through `policy`.

pub mod api;
pub mod certificates;
mod choice;
pub mod contacts;
pub mod export;
mod facts;
pub mod files;
pub mod gtin;
pub mod import;
mod importing;
pub mod jobs;
pub mod measure;
pub mod papers;
pub mod photo;
pub mod policy;
pub mod producers;
pub mod products;
mod reference;
mod sent;
mod service;
mod store;
pub mod types;

pub use certificates::imported_certificates;
pub use importing::{
    ChangeKind, ChangedThing, FieldChange, ImportPreview, ImportReport, MAX_LISTED_CHANGES, Photos, Progress, RowChange,
};
pub use service::Register;
pub(crate) use store::{certificates_of, find_product, find_product_within, products_within};
