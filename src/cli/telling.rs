//! What several commands tell in the same words: the sentence that always stands below, times, and text of strangers. Pure. A log was
//! written by strangers: its text must never reach a terminal with a character that moves, hides or reverses what stands there.

use chrono::{DateTime, Utc};

use crate::clock::in_vietnam;
use crate::http::Language;
use crate::text::is_hidden;

/// What a ledger can tell and what it cannot, in the words of the public page.
pub(super) const fn what_it_means(language: Language) -> &'static str {
    language.pick(
        "Sổ cái cho biết ai ghi gì, lúc nào và không bị sửa lén; không chứng minh lời khai là đúng.",
        "The ledger shows who recorded what and when, and that it was not changed in secret; it does not prove that what was declared is true.",
    )
}

/// On Vietnam's clocks.
pub(super) fn time(at: DateTime<Utc>, language: Language) -> String {
    let local = in_vietnam(at);
    match language {
        Language::Vi => local.format("%H:%M ngày %d/%m/%Y").to_string(),
        Language::En => local.format("%Y-%m-%d %H:%M (UTC+7)").to_string(),
    }
}

/// Replaces what a terminal would obey instead of show.
pub(super) fn clean(text: &str) -> String {
    text.replace(is_hidden, "\u{fffd}")
}
