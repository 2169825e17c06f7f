//! The stamp itself: its bytes, its text forms, how it is signed and how it is read (stamp format, version 1).
//! Pure: no key storage, no database, no clock, no network. What is decided here holds in a valley without signal.

mod digits;
mod ids;
mod payload;
mod reading;
mod scratch_code;
mod signature;
mod typed_code;

pub use digits::{N_BYTES, N_DIGITS, decode, encode};
pub use ids::{BatchNo, KeyNo, LastValidDay, OutOfRange, ProductNo, Serial};
pub use payload::{PAYLOAD_LEN, Payload};
pub use reading::{Reading, read};
pub use scratch_code::{ScratchCode, scratch_code};
pub use signature::{Issuer, IssuerError, Stamp, sign, verify};
pub use typed_code::{Claim, CodeKey, TypedCode, issue_code};

/// Why a stamp is refused. The order is the order in which a reader checks; the first that fails is the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rule {
    /// The path is not `/s/` followed by 187 bytes.
    #[error("length")]
    Length,
    /// Something other than an ASCII digit.
    #[error("digit")]
    Digit,
    /// A group of 17 digits is 2^56 or more.
    #[error("group")]
    Group,
    /// Not stamp version 1.
    #[error("version")]
    Version,
    /// The key number is not one of this issuer's.
    #[error("key")]
    Key,
    /// The Ed25519 signature does not verify strictly.
    #[error("signature")]
    Signature,
    /// Well signed, but no minted run holds this serial with this product, last day and key.
    #[error("not_minted")]
    NotMinted,
    /// A typed code that this issuer did not give out.
    #[error("code")]
    Code,
}

impl Rule {
    /// Every rule, in checking order; typed codes last.
    pub const ALL: [Self; 8] = [
        Self::Length,
        Self::Digit,
        Self::Group,
        Self::Version,
        Self::Key,
        Self::Signature,
        Self::NotMinted,
        Self::Code,
    ];

    /// The stable name used in JSON, logs and vectors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Digit => "digit",
            Self::Group => "group",
            Self::Version => "version",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::NotMinted => "not_minted",
            Self::Code => "code",
        }
    }
}
