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
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Stamp, Self::Code, Self::Scratch];

    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stamp => "stamp",
            Self::Code => "code",
            Self::Scratch => "scratch",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}
