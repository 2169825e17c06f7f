//! The answer to a scan in words, for pages of the rooms above it. It decides nothing itself.

use crate::http::Language;

use super::facts::Facts;
use super::rows::{Row, stamp_rows};
use super::texts;
use super::verdict::{Headline, Tone, decide};

/// Headline, icon, and what is known of the stamp itself.
pub struct Presented {
    /// Which headline it is.
    pub headline: Headline,
    /// The headline in words.
    pub title: String,
    /// One sentence more.
    pub explanation: String,
    /// The path of the icon that says the same as the tone.
    pub icon: &'static str,
    /// The stamp itself, line by line.
    pub stamp: Vec<Row>,
}

/// Says these facts in one language.
pub fn present(facts: &Facts<'_>, issuer_name: &str, language: Language) -> Presented {
    let headline = decide(facts);
    Presented {
        headline,
        title: texts::headline(headline, facts, issuer_name, language),
        explanation: texts::explanation(headline, facts, language),
        icon: icon(headline.tone()),
        stamp: stamp_rows(facts, language),
    }
}

/// Tick, exclamation mark, cross: drawn, because fonts differ.
pub const fn icon(tone: Tone) -> &'static str {
    match tone {
        Tone::Green => "M4 13l5 5L20 6",
        Tone::Amber => "M12 4v10M12 19v.01",
        Tone::Red => "M5 5l14 14M19 5L5 19",
    }
}
