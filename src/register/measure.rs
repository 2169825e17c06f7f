//! Units that can be turned into each other: mass, volume, and whatever is counted by the piece. Pure; it decides nothing.

use super::types::Quantity;

/// An amount in the smallest unit of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// What it can be compared with.
    pub kind: MeasureKind,
    /// Thousandths of a gram, of a millilitre, or of a piece.
    pub n: u128,
}

/// What can be turned into each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    /// Thousandths of a gram.
    Mass,
    /// Thousandths of a millilitre.
    Volume,
    /// Thousandths of whatever the text says.
    Counted(String),
}

/// Spellings of units of mass, with how many grams they are.
const MASSES: [(&[&str], u128); 6] = [
    (&["g", "gr", "gam", "gram"], 1),
    (&["lạng"], 100),
    (&["kg", "kí", "ký", "kilôgam", "kilogam", "kilogram"], 1_000),
    (&["yến"], 10_000),
    (&["tạ"], 100_000),
    (&["tấn", "t"], 1_000_000),
];
/// Spellings of units of volume, with how many millilitres they are.
const VOLUMES: [(&[&str], u128); 3] =
    [(&["ml", "mililít", "mililit"], 1), (&["cl"], 10), (&["l", "lít", "lit"], 1_000)];

impl Measure {
    /// What a quantity of a unit amounts to.
    pub fn of(unit: &str, quantity: Quantity) -> Self {
        let (kind, factor) = MeasureKind::with_factor(unit);
        Self { kind, n: u128::from(quantity.thousandths().unsigned_abs()) * factor }
    }
}

impl MeasureKind {
    /// What a unit counts.
    pub fn of(unit: &str) -> Self {
        Self::with_factor(unit).0
    }

    /// Whether it is mass or volume, and no piece.
    pub const fn is_measured(&self) -> bool {
        !matches!(self, Self::Counted(_))
    }

    fn with_factor(unit: &str) -> (Self, u128) {
        let unit = unit.trim().to_lowercase();
        let find = |units: &[(&[&str], u128)]| {
            units.iter().find(|(names, _)| names.contains(&unit.as_str())).map(|(_, factor)| *factor)
        };
        if let Some(factor) = find(&MASSES) {
            return (Self::Mass, factor);
        }
        if let Some(factor) = find(&VOLUMES) {
            return (Self::Volume, factor);
        }
        (Self::Counted(unit), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(quantity: &str, unit: &str) -> Measure {
        Measure::of(unit, Quantity::parse(quantity).unwrap())
    }

    #[test]
    fn spellings_of_one_mass_are_one_measure() {
        for (quantity, unit) in [("500", "kg"), ("0.5", "tấn"), ("5", "tạ"), ("50", "yến"), ("500000", " Gam ")] {
            assert_eq!(measure(quantity, unit), measure("500", "kg"), "{quantity} {unit}");
        }
    }

    #[test]
    fn pieces_are_compared_with_pieces_of_the_same_name_alone() {
        assert_eq!(measure("5", "Gói").kind, measure("1", "gói").kind);
        assert_ne!(measure("5", "gói").kind, measure("5", "hộp").kind);
        assert!(!MeasureKind::of("gói").is_measured() && MeasureKind::of("lít").is_measured());
    }
}
