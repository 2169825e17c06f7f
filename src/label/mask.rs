//! Chooses the mask of a symbol: the same one as the crate's own search, by bit rows instead of module by module; it must never change what the symbol says.
//!
//! The search is 98 % of the time a symbol takes. Here a row is one word: runs, blocks and
//! finder-like patterns are found by shifts and counted by popcount.

use std::{array, sync::OnceLock};

use qrcode::{
    Color, Version,
    bits::Bits,
    canvas::{Canvas, MaskPattern},
    ec::construct_codewords,
};

use super::{LabelError, carrier::Level};

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];
/// Versions 3 to 9, each with levels M and Q.
const N_KINDS: usize = 14;

/// What each mask does to a symbol of one kind, format bits included: drawn once per process, since it depends on nothing else.
static CHANGES: [OnceLock<[Grid; MASKS.len()]>; N_KINDS] = [const { OnceLock::new() }; N_KINDS];

/// A square of modules by rows and again by columns, so that both directions are scored alike.
#[derive(Clone, Debug, Default, PartialEq)]
struct Grid {
    rows: Vec<u64>,
    columns: Vec<u64>,
}

/// Draws the codewords of finished bits and returns the rows under the mask with the lowest penalty, column x in bit x.
pub(super) fn draw_with_best_mask(bits: Bits, level: Level) -> Result<Vec<u64>, LabelError> {
    let version = bits.version();
    let plain = Grid::of(draw(&bits.into_bytes(), version, level)?);
    let masked = |change: &Grid| plain.changed_by(change);
    let best = changes(version, level)?.iter().map(masked).min_by_key(Grid::penalty).unwrap_or_default();
    Ok(best.rows)
}

fn draw(data: &[u8], version: Version, level: Level) -> Result<Canvas, LabelError> {
    let (data, correction) = construct_codewords(data, version, level.ec())?;
    let mut canvas = Canvas::new(version, level.ec());
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    Ok(canvas)
}

fn changes(version: Version, level: Level) -> Result<&'static [Grid; MASKS.len()], LabelError> {
    let slot = match version {
        Version::Normal(v @ 3..=9) => usize::from(v.unsigned_abs() - 3) * 2 + usize::from(level == Level::Q),
        _ => return Err(qrcode::types::QrError::InvalidVersion.into()),
    };
    let kind = CHANGES.get(slot).ok_or(qrcode::types::QrError::InvalidVersion)?;
    if let Some(drawn) = kind.get() {
        return Ok(drawn);
    }
    let empty = draw(&vec![0; Bits::new(version).max_len(level.ec())? / 8], version, level)?;
    let plain = Grid::of(empty.clone());
    Ok(kind.get_or_init(|| {
        array::from_fn(|n| {
            let mut canvas = empty.clone();
            if let Some(mask) = MASKS.get(n) {
                canvas.apply_mask(*mask);
            }
            plain.changed_by(&Grid::of(canvas))
        })
    }))
}

impl Grid {
    fn of(canvas: Canvas) -> Self {
        let modules = canvas.into_colors();
        let n = modules.len().isqrt();
        let mut grid = Self { rows: vec![0; n], columns: vec![0; n] };
        for (y, (line, row)) in modules.chunks(n.max(1)).zip(&mut grid.rows).enumerate() {
            for (x, (module, column)) in line.iter().zip(&mut grid.columns).enumerate() {
                let bit = u64::from(*module == Color::Dark);
                *row |= bit << x;
                *column |= bit << y;
            }
        }
        grid
    }

    fn changed_by(&self, change: &Self) -> Self {
        let xor = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| a ^ b).collect();
        Self { rows: xor(&self.rows, &change.rows), columns: xor(&self.columns, &change.columns) }
    }

    /// The penalty of ISO/IEC 18004, 7.8.3, less a constant that is the same for every mask.
    fn penalty(&self) -> u32 {
        let n = self.rows.len();
        let lines = self.rows.iter().chain(&self.columns);
        let by_line: u32 = lines.map(|line| runs(*line, n) + finder_like(*line)).sum();
        by_line + blocks(&self.rows) + imbalance(&self.rows)
    }
}

/// Bit x is set where modules x and x + 1 of a line of n are alike.
fn alike(line: u64, n: usize) -> u64 {
    !(line ^ (line >> 1)) & ((1 << (n - 1)) - 1)
}

/// Each run of 5 or more like modules costs its length less 2.
fn runs(line: u64, n: usize) -> u32 {
    let pairs = alike(line, n);
    let fives = pairs & (pairs >> 1) & (pairs >> 2) & (pairs >> 3);
    let starts = fives & !(fives << 1);
    fives.count_ones() + 2 * starts.count_ones()
}

/// Each square of 2 × 2 like modules costs 3.
fn blocks(rows: &[u64]) -> u32 {
    let squares = rows.iter().zip(rows.iter().skip(1)).map(|(upper, lower)| {
        let both = alike(*upper, rows.len()) & alike(*lower, rows.len());
        (both & !(upper ^ lower)).count_ones()
    });
    3 * squares.sum::<u32>()
}

/// Each dark-light-dark-dark-dark-light-dark with four light modules before or after it costs 40.
fn finder_like(line: u64) -> u32 {
    let found = line & !(line >> 1) & (line >> 2) & (line >> 3) & (line >> 4) & !(line >> 5) & (line >> 6);
    let dark_before = (line << 1) | (line << 2) | (line << 3) | (line << 4);
    let dark_after = (line >> 7) | (line >> 8) | (line >> 9) | (line >> 10);
    40 * (found & !(dark_before & dark_after)).count_ones()
}

/// Each half per cent away from half dark costs 1.
fn imbalance(rows: &[u64]) -> u32 {
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let total = u32::try_from(rows.len() * rows.len()).unwrap_or(u32::MAX).max(1);
    (dark * 200 / total).abs_diff(100)
}

#[cfg(test)]
mod tests {
    use qrcode::QrCode;

    use super::*;
    use crate::label::testing::Dice;

    fn numeric(version: i16, level: Level, digits: &[u8]) -> Bits {
        let mut bits = Bits::new(Version::Normal(version));
        bits.push_numeric_data(digits).unwrap();
        bits.push_terminator(level.ec()).unwrap();
        bits
    }

    #[test]
    fn the_symbol_is_the_one_the_crate_itself_would_draw() {
        let mut dice = Dice::new(7);
        for version in 3..=9 {
            for level in [Level::M, Level::Q] {
                for _ in 0..20 {
                    let digits: Vec<u8> = (0..60).map(|_| b'0' + u8::try_from(dice.below(10)).unwrap()).collect();
                    let ours = draw_with_best_mask(numeric(version, level, &digits), level).unwrap();
                    let theirs = QrCode::with_bits(numeric(version, level, &digits), level.ec()).unwrap();
                    for (y, row) in ours.iter().enumerate() {
                        for x in 0..ours.len() {
                            assert_eq!(row >> x & 1 == 1, theirs[(x, y)] == Color::Dark, "{version} {level:?} {x} {y}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_version_outside_the_printed_ones_is_an_error() {
        assert_eq!(draw_with_best_mask(numeric(10, Level::M, b"1"), Level::M).unwrap_err().code(), "label_symbol");
    }
}
