//! The names of what a symbol can carry and how well it is protected; decides nothing.

use std::str::FromStr;

use qrcode::EcLevel;

use super::LabelError;

/// What the producer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CarrierChoice {
    /// Full where the label is wide enough, otherwise compact.
    #[default]
    Auto,
    /// The signed stamp in the code, which verifies without a network.
    Full,
    /// The typed code in the code, for small labels; works online only.
    Compact,
}

impl CarrierChoice {
    /// The name used in addresses and forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Full => "full",
            Self::Compact => "compact",
        }
    }
}

impl FromStr for CarrierChoice {
    type Err = LabelError;

    fn from_str(name: &str) -> Result<Self, LabelError> {
        match name {
            "auto" => Ok(Self::Auto),
            "full" => Ok(Self::Full),
            "compact" => Ok(Self::Compact),
            _ => Err(LabelError::CarrierUnknown),
        }
    }
}

impl From<Carrier> for CarrierChoice {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Full => Self::Full,
            Carrier::Compact => Self::Compact,
        }
    }
}

/// What a symbol carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// `ORIGIN/s/` and the 187 digits of the signed stamp.
    Full,
    /// `ORIGIN/c/` and the 16 characters of the typed code.
    Compact,
}

impl Carrier {
    /// The name used in addresses, forms and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Compact => "compact",
        }
    }

    /// The path between the origin and the stamp.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Full => "/s/",
            Self::Compact => "/c/",
        }
    }
}

/// Error correction level; L and H are never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// About 15 % of the codewords can be restored.
    M,
    /// About 25 % of the codewords can be restored.
    Q,
}

impl Level {
    /// The letter of the level.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::M => "M",
            Self::Q => "Q",
        }
    }

    pub(super) const fn ec(self) -> EcLevel {
        match self {
            Self::M => EcLevel::M,
            Self::Q => EcLevel::Q,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_named_exactly() {
        for choice in [CarrierChoice::Auto, CarrierChoice::Full, CarrierChoice::Compact] {
            assert_eq!(choice.as_str().parse::<CarrierChoice>().unwrap(), choice);
        }
        assert_eq!("FULL".parse::<CarrierChoice>().unwrap_err().code(), "label_carrier_unknown");
    }
}
