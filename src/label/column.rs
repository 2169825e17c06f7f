//! Lines of text one below the other, as SVG; it must never write outside text without escaping it.

use std::fmt::Write as _;

use super::text::{Line, escape, fit, fit_line, number};

/// Distance between two lines, in their own size.
pub(super) const LEADING: f64 = 1.22;
/// Room above a baseline for capital letters with their Vietnamese marks, in the line's own size.
const ASCENT: f64 = 0.98;

/// Collects centred lines from the top down, in mm.
pub(super) struct Column {
    middle: f64,
    /// Width of the widest line allowed.
    pub(super) room: f64,
    /// Where the next line begins.
    pub(super) y: f64,
    /// The lines so far.
    pub(super) svg: String,
}

impl Column {
    pub(super) fn new(middle: f64, room: f64) -> Self {
        Self { middle, room, y: 0.0, svg: String::new() }
    }

    /// Leaves room for something else; returns where that begins.
    pub(super) fn skip(&mut self, height: f64) -> f64 {
        let top = self.y;
        self.y += height;
        top
    }

    /// Leaves room for a line of this size; returns its baseline.
    pub(super) fn advance(&mut self, size: f64) -> f64 {
        self.skip(size * LEADING) + size * ASCENT
    }

    /// Text on one line, squeezed as far as needed.
    pub(super) fn push_line(&mut self, text: &str, size: f64, attributes: &str) {
        let line = fit_line(text, size, self.room);
        self.write(&line, size, attributes);
    }

    /// Text on at most `max_lines` lines.
    pub(super) fn push(&mut self, text: &str, size: f64, max_lines: usize, attributes: &str) {
        for line in fit(text, size, self.room, max_lines) {
            self.write(&line, size, attributes);
        }
    }

    fn write(&mut self, line: &Line, size: f64, attributes: &str) {
        let y = self.advance(size);
        push_text(&mut self.svg, line, (self.middle, y), size, attributes);
    }
}

/// Writes one centred line on the baseline `y`; `attributes` are this module's own.
pub(super) fn push_text(svg: &mut String, line: &Line, (x, y): (f64, f64), size: f64, attributes: &str) {
    let (x, y, size) = (number(x), number(y), number(size));
    let squeeze = line
        .squeeze
        .map_or_else(String::new, |room| format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", number(room)));
    let _ = write!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{squeeze}{attributes}>{}</text>",
        escape(&line.text)
    );
}
