//! What an import did, or would do: counts and the changes one by one. Pure values.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Pictures by the file name in the column `image`, already shrunk.
pub type Photos = HashMap<String, Vec<u8>>;

/// Most changes that a preview lists (changes): more than a person reads through; the others are counted.
pub const MAX_LISTED_CHANGES: usize = 500;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows of the file.
    pub n_rows: usize,
    /// Rows that changed nothing: the register said the same already.
    pub n_unchanged: usize,
    /// Producers that were new.
    pub n_producers_added: usize,
    /// Producers that were there and were changed.
    pub n_producers_updated: usize,
    /// Products that were new.
    pub n_products_added: usize,
    /// Products that were there and were changed.
    pub n_products_updated: usize,
    /// Certificates that were new.
    pub n_certificates_added: usize,
    /// Certificates that were there and were changed.
    pub n_certificates_updated: usize,
    /// Rows that name a picture which was not handed in with the file.
    pub n_pictures_left_out: usize,
    /// The lowest and highest number given to a new product; none in a preview.
    pub new_product_nos: Option<(i32, i32)>,
}

/// What an import would do: nothing of it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportPreview {
    /// The counts.
    pub report: ImportReport,
    /// The changes in the order of the file's lines, at most [`MAX_LISTED_CHANGES`].
    pub changes: Vec<RowChange>,
    /// How many more there are beyond those listed.
    pub n_more: usize,
    /// SHA-256 of every change, listed or not, with whole texts: of what the register has what differs, of what is new all
    /// that would be written of it, what the rules of the day computed included. Previews that agree in it write the same.
    #[serde(skip)]
    pub digest: [u8; 32],
}

/// One thing of the register that an import adds or changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// The first line of the file that names it.
    pub line: u32,
    /// What it is.
    pub thing: ChangedThing,
    /// Its name; of a certificate its number, or its product's name when it has none.
    pub name: String,
    /// What becomes of it.
    pub kind: ChangeKind,
}

/// What a change is a change of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedThing {
    /// A producer.
    Producer,
    /// A product.
    Product,
    /// A certificate.
    Certificate,
}

/// What becomes of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new, and this would be written of it.
    Added(Vec<FieldChange>),
    /// These facts of it change.
    Changed(Vec<FieldChange>),
}

/// One fact that would be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// What the fact is called, in Vietnamese.
    pub vi: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// What the register says now; nothing of what is new.
    pub before: Option<String>,
    /// What it would say.
    pub after: Option<String>,
}
