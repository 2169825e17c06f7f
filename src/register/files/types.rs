//! Files of papers as values. Pure.

use std::fmt;

use sha2::{Digest, Sha256};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// A picture, drawn anew by us.
    Jpeg,
    /// A PDF, as it was handed in.
    Pdf,
}

impl MediaType {
    /// The name in the database and in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Jpeg, Self::Pdf].into_iter().find(|media_type| media_type.as_str() == name)
    }

    /// What the names of such files end in.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Pdf => "pdf",
        }
    }
}

/// The hash under which a file is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Hash(pub [u8; 32]);

impl fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A file with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperFile {
    /// What it is.
    pub media_type: MediaType,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl PaperFile {
    /// Its hash.
    pub fn hash(&self) -> Sha256Hash {
        Sha256Hash(Sha256::digest(&self.content).into())
    }
}

/// What is to become of the file of a paper that is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanChange {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// These bytes take its place.
    Replace(Vec<u8>),
}
