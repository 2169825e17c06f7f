//! Text as it is kept and compared: composed, trimmed, without characters that nobody sees. It decides nothing.

use unicode_normalization::UnicodeNormalization;

/// Text as it is kept: no hidden characters, composed (NFC), line ends as `\n`, no blanks around it. Hidden ones go first, or
/// they would keep letters and their marks apart.
pub fn kept_text(text: &str) -> String {
    let seen: String = text.replace("\r\n", "\n").chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
    let composed: String = seen.nfc().collect();
    composed.trim().to_owned()
}

/// Control characters, marks that hide or turn text around (Unicode UAX 9 and relatives), and the sign of a letter lost on the way.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}

/// A heading in which no lot or number is broken over two lines: a word joiner (U+2060) behind each hyphen and slash.
pub fn unbroken(text: &str) -> String {
    text.replace('-', "-\u{2060}").replace('/', "/\u{2060}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_from_a_heading_is_kept_as_it_was_written() {
        assert_eq!(unbroken("MD-/01"), "MD-\u{2060}/\u{2060}01");
        assert_eq!(kept_text(&unbroken("MD-/01")), "MD-/01");
    }

    #[test]
    fn text_is_kept_composed_trimmed_and_without_control_characters() {
        assert_eq!(kept_text(" Mie\u{302}\u{301}n\u{0} dong\r\nA \u{7}"), "Miến dong\nA");
    }

    #[test]
    fn nothing_hidden_makes_two_texts_of_one() {
        for twin in ["Miến\u{200b} dong", "Mi\u{7}e\u{7}\u{302}\u{301}n dong", "\u{202e}Miến dong", "Miến dong\u{feff}"]
        {
            assert_eq!(kept_text(twin), "Miến dong");
        }
    }
}
