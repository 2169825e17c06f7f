//! A symbol as SVG: one path that follows the borders between dark and light; it must never carry text or style.
//!
//! Outlines rather than a rectangle a run: no hairlines between rows where a viewer smooths edges,
//! and half the size. Every corner of the outline turns, and where two dark modules touch at a
//! corner the path runs straight through; with the even-odd rule the same modules are filled.

use std::fmt::Write as _;

use super::{QUIET_MODULES, symbol::Symbol};

/// The symbol as a picture of its own: white ground, quiet zone, width in mm.
pub fn qr_svg(symbol: &Symbol) -> String {
    let total = symbol.n_modules() + 2 * QUIET_MODULES;
    let mm = super::text::number(f64::from(total) * symbol.module_mm());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{mm}mm\" height=\"{mm}mm\" viewBox=\"0 0 {total} {total}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{total}v{total}H0z\"/>\
         <path fill=\"#000\" fill-rule=\"evenodd\" d=\"{}\"/></svg>",
        outline(symbol)
    )
}

/// The outline in modules, with the quiet zone's corner at 0 0; to be filled with the even-odd rule.
pub(super) fn outline(symbol: &Symbol) -> String {
    let mut borders = Borders::of(symbol);
    let mut path = String::with_capacity(4096);
    // A relative move after `z` counts from the corner where the last outline began.
    let (mut from_x, mut from_y) = (-i32::from(QUIET_MODULES), -i32::from(QUIET_MODULES));
    while let Some((x, y)) = borders.next_corner() {
        let (dx, dy) = (i32::from(x) - from_x, i32::from(y) - from_y);
        let separator = if dy < 0 { "" } else { " " };
        let _ = write!(path, "{}{dx}{separator}{dy}", if path.is_empty() { "M" } else { "m" });
        borders.walk(x, y, &mut path);
        path.push('z');
        (from_x, from_y) = (i32::from(x), i32::from(y));
    }
    path
}

/// The unit borders between a dark and a light module that are still to be drawn.
struct Borders {
    /// Bit x of line y: the border above module (x, y), from (x, y) to (x + 1, y).
    above: Vec<u64>,
    /// Bit x of line y: the border left of module (x, y), from (x, y) to (x, y + 1).
    left: Vec<u64>,
}

impl Borders {
    fn of(symbol: &Symbol) -> Self {
        let n = symbol.n_modules();
        let above = (0..=n).map(|y| symbol.row(y) ^ y.checked_sub(1).map_or(0, |up| symbol.row(up))).collect();
        let left = (0..=n).map(|y| symbol.row(y) ^ (symbol.row(y) << 1)).collect();
        Self { above, left }
    }

    /// The first corner from which a border leads to the right.
    fn next_corner(&self) -> Option<(u16, u16)> {
        let (y, line) = self.above.iter().enumerate().find(|(_, line)| **line != 0)?;
        Some((u16::try_from(line.trailing_zeros()).ok()?, u16::try_from(y).ok()?))
    }

    /// Draws and removes one closed outline that starts to the right; the last side is left to `z`.
    fn walk(&mut self, start_x: u16, start_y: u16, path: &mut String) {
        let (mut x, mut y) = (start_x, start_y);
        loop {
            let across = self.run(&mut x, y);
            let _ = write!(path, "h{across}");
            let down = self.drop(x, &mut y);
            if (x, y) == (start_x, start_y) || down == 0 {
                return;
            }
            let _ = write!(path, "v{down}");
        }
    }

    /// Follows borders along line y from column x to the right or to the left; a corner never offers both.
    fn run(&mut self, x: &mut u16, y: u16) -> i32 {
        let Some(line) = self.above.get_mut(usize::from(y)) else {
            return 0;
        };
        let mut steps = 0;
        while take(line, Some(*x)) {
            *x += 1;
            steps += 1;
        }
        while take(line, x.checked_sub(1)) {
            *x -= 1;
            steps -= 1;
        }
        steps
    }

    /// Follows borders along column x from line y down or up; a corner never offers both.
    fn drop(&mut self, x: u16, y: &mut u16) -> i32 {
        let mut steps = 0;
        while self.left.get_mut(usize::from(*y)).is_some_and(|line| take(line, Some(x))) {
            *y += 1;
            steps += 1;
        }
        while y.checked_sub(1).and_then(|up| self.left.get_mut(usize::from(up))).is_some_and(|line| take(line, Some(x)))
        {
            *y -= 1;
            steps -= 1;
        }
        steps
    }
}

/// Removes a border and says whether it was there.
fn take(line: &mut u64, at: Option<u16>) -> bool {
    let bit = at.and_then(|at| 1_u64.checked_shl(at.into())).unwrap_or(0);
    let there = *line & bit != 0;
    *line &= !bit;
    there
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::label::{
        carrier::Carrier,
        plan::LabelWidth,
        symbol::symbol_for,
        testing::{HOSTS, TestStamp, stamp},
    };

    /// Fills an outline by the even-odd rule: every vertical side flips what lies right of it.
    fn fill(path: &str, n: usize) -> Vec<u64> {
        let mut rows = vec![0_u64; n];
        let (mut x, mut y) = (0_i32, 0_i32);
        for part in path.split_inclusive('z') {
            let body = part.strip_suffix('z').unwrap().trim_start_matches(['M', 'm']);
            let at = body.find(['h', 'v']).unwrap();
            let (start, sides) = body.split_at(at);
            let cut = start[1..].find([' ', '-']).unwrap() + 1;
            x += start[..cut].parse::<i32>().unwrap();
            y += start[cut..].trim().parse::<i32>().unwrap();
            let (start_x, start_y) = (x, y);
            let mut flip = |x: i32, from: i32, to: i32| {
                for line in from.min(to)..from.max(to) {
                    rows[usize::try_from(line - 4).unwrap()] ^= u64::MAX << (x - 4);
                }
            };
            let mut rest = sides;
            while !rest.is_empty() {
                let end = rest[1..].find(['h', 'v']).map_or(rest.len(), |at| at + 1);
                let steps: i32 = rest[1..end].parse().unwrap();
                if rest.starts_with('h') {
                    x += steps;
                } else {
                    flip(x, y, y + steps);
                    y += steps;
                }
                rest = &rest[end..];
            }
            assert_eq!(x, start_x, "the side that closes an outline is upright");
            flip(x, y, start_y);
            (x, y) = (start_x, start_y);
        }
        rows
    }

    proptest! {
        #[test]
        fn the_outline_fills_exactly_the_dark_modules(serial in 0_u32..100_000, host in 0_usize..3, full: bool) {
            let carrier = if full { Carrier::Full } else { Carrier::Compact };
            let symbol = symbol_for(&TestStamp::numbered(serial).text(HOSTS[host]), carrier, LabelWidth::new(25.0).unwrap()).unwrap();
            let n = symbol.n_modules();
            let filled = fill(&outline(&symbol), usize::from(n));
            for y in 0..n {
                prop_assert_eq!(filled[usize::from(y)], symbol.row(y));
            }
        }
    }

    #[test]
    fn a_symbol_takes_at_most_5_kb() {
        for n in 0..200 {
            let svg = qr_svg(
                &symbol_for(&TestStamp::numbered(n).text(HOSTS[1]), Carrier::Full, LabelWidth::new(23.0).unwrap())
                    .unwrap(),
            );
            assert!(svg.len() <= 5_000, "{}", svg.len());
        }
    }

    #[test]
    fn the_picture_is_sized_in_mm_with_the_quiet_zone() {
        let svg = qr_svg(&symbol_for(&stamp().text(HOSTS[1]), Carrier::Full, LabelWidth::STANDARD).unwrap());
        assert!(svg.contains(r#"width="19.895mm" height="19.895mm" viewBox="0 0 53 53""#), "{svg}");
        assert!(svg.contains(r##"<path fill="#fff" d="M0 0h53v53H0z"/>"##), "{svg}");
        assert!(svg.contains(r#"d="M4 4h7"#), "{svg}");
    }
}
