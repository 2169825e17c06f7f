//! Words on a label: escaping, numbers and fitting into a width without knowing the font; it must never let outside text become markup.

/// The narrowest a line may be squeezed; below it the line is broken instead.
const MIN_SQUEEZE: f64 = 0.8;
/// Bold letters and the wider fonts need this much more than Arial.
const FONT_MARGIN: f64 = 1.05;
/// What stands for the rest of a text that has no room.
const ELLIPSIS: char = '…';

/// Characters that would turn the reading direction of what follows, and so disguise a name.
const DIRECTION: [char; 11] = [
    '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}',
    '\u{2068}', '\u{2069}',
];

/// Escapes outside text for element content and attributes of HTML and of SVG; what XML forbids becomes a space.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push(' '),
            c if c.is_control() => safe.push(' '),
            c if DIRECTION.contains(&c) => {}
            c => safe.push(c),
        }
    }
    safe
}

/// A length for SVG: at most three decimals, no trailing zeros.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One line of text with the width it must be squeezed into, if any.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// The words, not yet escaped.
    pub(super) text: String,
    /// The width in mm the line is set to, where it would be wider on its own.
    pub(super) squeeze: Option<f64>,
}

/// The width of a text in its own font size: Arial's, a little widened for the other fonts named; a wider font runs into the white between labels.
pub(super) fn width_em(text: &str) -> f64 {
    let letters = text.chars().map(|c| match c {
        '\u{300}'..='\u{36f}' => 0.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '/' => 0.28,
        'f' | 'r' | 't' | 'I' | '(' | ')' | '-' => 0.33,
        'm' | 'M' | 'W' | '%' | '@' | ELLIPSIS => 0.94,
        'w' => 0.72,
        c if c.is_uppercase() => 0.7,
        _ => 0.556,
    });
    letters.sum::<f64>() * FONT_MARGIN
}

/// One line, squeezed as far as needed.
pub(super) fn fit_line(text: &str, size: f64, room: f64) -> Line {
    let squeeze = (width_em(text) * size > room).then_some(room);
    Line { text: text.to_owned(), squeeze }
}

/// The size up to `size` at which a text stays on one line without being squeezed too far.
pub(super) fn largest_that_fits(text: &str, size: f64, room: f64) -> f64 {
    size.min(room / (width_em(text) * MIN_SQUEEZE).max(f64::EPSILON))
}

/// At most `max_lines` lines of like length, broken between words where possible; what has no room ends in an ellipsis.
pub(super) fn fit(text: &str, size: f64, room: f64, max_lines: usize) -> Vec<Line> {
    let mut lines = break_lines(text, size, room);
    if lines.len() > max_lines {
        lines.truncate(max_lines);
        if let Some(last) = lines.last_mut() {
            shorten(last, |line| fits(line, size, room));
        }
    } else {
        // The narrowest room that takes no more lines leaves no single word on the last one.
        let narrower = (10..20).map(|twentieths| break_lines(text, size, room * f64::from(twentieths) / 20.0));
        lines = narrower.into_iter().find(|narrow| narrow.len() == lines.len()).unwrap_or(lines);
    }
    lines.iter().filter(|line| !line.is_empty()).map(|line| fit_line(line, size, room)).collect()
}

fn fits(line: &str, size: f64, room: f64) -> bool {
    width_em(line) * size * MIN_SQUEEZE <= room
}

fn break_lines(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().flat_map(|word| pieces(word, |piece| fits(piece, size, room))) {
        let Some(last) = lines.last_mut() else { break };
        let joined = if last.is_empty() { word.clone() } else { format!("{last} {word}") };
        if fits(&joined, size, room) {
            *last = joined;
        } else {
            lines.push(word);
        }
    }
    lines
}

fn shorten(line: &mut String, fits: impl Fn(&str) -> bool) {
    while !line.is_empty() && !fits(&format!("{line}{ELLIPSIS}")) {
        line.pop();
    }
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
}

/// A word, cut where it alone is wider than a line.
fn pieces(word: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let Some(last) = pieces.last_mut() else { break };
        last.push(c);
        if !fits(last) && last.chars().count() > 1 {
            last.pop();
            pieces.push(c.to_string());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_cannot_become_markup() {
        assert_eq!(
            escape(r#"<script>alert("1")</script>&'"#),
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"
        );
        assert_eq!(escape("a\u{0}b\nc\u{202e}d\u{ffff}"), "a b cd ");
        assert_eq!(escape("Miến dong Bắc Kạn – Ơ Ư Ặ"), "Miến dong Bắc Kạn – Ơ Ư Ặ");
    }

    #[test]
    fn a_number_has_at_most_three_decimals_and_no_tail() {
        for (value, text) in [(20.0, "20"), (19.8946, "19.895"), (0.5, "0.5"), (100.0, "100"), (0.0, "0")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_long_text_is_broken_between_words_and_ends_in_an_ellipsis() {
        let lines = fit("Chè Tân Cương hảo hạng của hợp tác xã Hảo Đạt", 2.0, 19.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].text.starts_with("Chè Tân Cương") && lines[1].text.ends_with('…'), "{lines:?}");
        assert_eq!(fit("Chè", 2.0, 19.0, 2), [Line { text: "Chè".to_owned(), squeeze: None }]);
        assert!(fit("  ", 2.0, 19.0, 2).is_empty());
    }

    #[test]
    fn no_word_stands_alone_on_the_last_line() {
        let lines = fit("Không quét được, gõ mã này tại", 2.0, 20.0, 2);
        assert!(lines.len() == 2 && lines[1].text.split(' ').count() >= 3, "{lines:?}");
    }

    #[test]
    fn a_word_wider_than_the_label_is_cut_and_no_line_is_squeezed_below_four_fifths() {
        for text in ["WWWWWWWWWWWWWWWWWWWW", "L20261122-0001-ABCDE", "Đặc sản miến dong"] {
            for line in fit(text, 2.0, 11.4, 9) {
                assert!(width_em(&line.text) * 2.0 * MIN_SQUEEZE <= 11.4, "{line:?}");
            }
        }
    }
}
