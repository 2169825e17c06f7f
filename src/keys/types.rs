//! Kinds of keys. Pure.

/// What a key is for. Keys of different purposes are numbered apart and never stand in for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signs stamps (Ed25519).
    Stamp,
    /// Makes typed codes (HMAC-SHA-256).
    Code,
    /// Makes scratch codes (HMAC-SHA-256).
    Scratch,
    /// Signs the ledger's checkpoints (Ed25519). One for ever: another key is another ledger.
    Ledger,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Stamp, Self::Code, Self::Scratch, Self::Ledger];

    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stamp => "stamp",
            Self::Code => "code",
            Self::Scratch => "scratch",
            Self::Ledger => "ledger",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}
