//! Files by their hash, in a folder or in object storage, and photos drawn anew before they are kept. It knows no domain: whose
//! a file is and who may see it is settled above.

mod copies;
mod file_store;
mod photo;
#[cfg(test)]
mod testing;
mod types;

pub use copies::{Copied, copy_all};
pub use file_store::{FileStore, MAX_KEPT_BYTES};
pub use photo::{Cleaned, MAX_CLEAN_BYTES, MAX_CLEAN_SIDE_PX, PHOTO_FIELD, clean_photo};
pub use types::Sha256Hash;
