//! Sentences and names of the public pages, in both languages. Text only: what applies is decided elsewhere.

use std::iter;

use chrono::NaiveDate;

use crate::http::Language;
use crate::register::policy::{certificate_state, certificate_to_show};
use crate::register::types::{Certificate, CertificateState, ProducerKind, ShelfLife};
use crate::verify::certificate_words;

use super::types::{PublicProduct, Standing};

/// Longest description for search engines and shared links, characters; more is cut off by them.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// A day as people here write it.
pub(super) fn date(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// How certificates stand on a day as one sentence, with the page's class for it.
pub(super) fn certificate_sentence(
    certificates: &[Certificate],
    today: NaiveDate,
    language: Language,
) -> (String, &'static str) {
    let state = certificate_state(certificates, today);
    let (words, class) = certificate_words(state, language);
    let window = certificate_to_show(certificates, today).and_then(|certificate| certificate.window);
    let text = match (state, window) {
        (CertificateState::InForce, Some((_, last))) => {
            let text = language.pick("Giấy chứng nhận còn hiệu lực đến hết ngày", "Certificate in force until");
            format!("{text} {}", date(last))
        }
        _ => format!("{}: {words}", language.pick("Giấy chứng nhận", "Certificate")),
    };
    (text, class)
}

/// What a search engine or a shared link says of a product.
pub(super) fn description(product: &PublicProduct, language: Language) -> String {
    let stars = product.stars().map(|n| format!("{n} {}", language.pick("sao OCOP", "OCOP stars")));
    let producer = &product.product.producer;
    let place = producer.commune.as_deref().map(|commune| format!(", {commune}")).unwrap_or_default();
    let (certificate, _) = certificate_sentence(&product.product.certificates, product.today, language);
    let stars = stars.map(|stars| format!("{stars}. ")).unwrap_or_default();
    let facts = format!("{stars}{}{place}. {certificate}.", producer.name);
    let story = story(product, language).unwrap_or_default().split_whitespace();
    shortened(&iter::once(facts.as_str()).chain(story).collect::<Vec<_>>().join(" "))
}

/// The story in a language, or in the one there is.
pub(super) fn story(product: &PublicProduct, language: Language) -> Option<&str> {
    let (vi, en) = (product.details.story.as_deref(), product.details.story_en.as_deref());
    match language {
        Language::Vi => vi.or(en),
        Language::En => en.or(vi),
    }
}

/// Cut at a word, with a sign that something was cut.
fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_DESCRIPTION_CHARS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MAX_DESCRIPTION_CHARS - 1).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{whole_words}…")
}

/// A shelf life in words.
pub(super) fn shelf_life(shelf_life: ShelfLife, language: Language) -> String {
    match shelf_life {
        ShelfLife::Days(n) => format!("{n} {}", language.pick("ngày", if n == 1 { "day" } else { "days" })),
        ShelfLife::Months(n) => format!("{n} {}", language.pick("tháng", if n == 1 { "month" } else { "months" })),
    }
}

/// What a producer is in law.
pub(super) const fn producer_kind(kind: ProducerKind, language: Language) -> &'static str {
    match kind {
        ProducerKind::Cooperative => language.pick("Hợp tác xã", "Cooperative"),
        ProducerKind::Company => language.pick("Công ty", "Company"),
        ProducerKind::Household => language.pick("Hộ sản xuất, kinh doanh", "Household business"),
        ProducerKind::CooperativeGroup => language.pick("Tổ hợp tác", "Cooperative group"),
    }
}

/// What a contact is.
pub(super) fn contact_kind(kind: &str, language: Language) -> &'static str {
    match kind {
        "person" => language.pick("Người liên hệ", "Contact person"),
        "phone" => language.pick("Điện thoại", "Phone"),
        "zalo" => "Zalo",
        "email" => "Email",
        "website" => language.pick("Trang web", "Website"),
        _ => language.pick("Nơi bán hàng", "Where to find them"),
    }
}

/// How a batch stands, with the page's class for it; nothing to say of a normal one.
pub(super) const fn standing(standing: Standing, language: Language) -> Option<(&'static str, &'static str)> {
    match standing {
        Standing::Normal => None,
        Standing::Suspended => Some((language.pick("Đang tạm dừng", "Suspended"), "open")),
        Standing::Recalled => Some((language.pick("Bị thu hồi", "Recalled"), "no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_description_is_cut_at_a_word() {
        let text = shortened(&"miến dong ".repeat(50));
        assert!(text.chars().count() <= MAX_DESCRIPTION_CHARS && text.ends_with("miến…") || text.ends_with("dong…"));
        assert_eq!(shortened("miến dong"), "miến dong");
        let one_word = shortened(&"ệ".repeat(500));
        assert_eq!(one_word.chars().count(), MAX_DESCRIPTION_CHARS);
    }
}
