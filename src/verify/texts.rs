//! What the page says, in both languages. Text only: which text applies is decided elsewhere.

use crate::batches::types::{Notice, Standing, Void};
use crate::clock::day_in_vietnam;
use crate::http::Language;
use crate::keyring::KeyStatus;
use crate::register::types::CertificateState;
use crate::stamp::Rule;

use super::facts::{Carrier, Facts, Mint, ShelfLifeState};
use super::verdict::Headline;

/// A date as people here write it.
pub(super) fn date(day: chrono::NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// The day the certificate of the packing day was revoked, when that is why it did not count.
fn revoked_by_packing(facts: &Facts<'_>) -> Option<chrono::NaiveDate> {
    match facts.batch.as_ref()?.on_packing_day {
        CertificateState::Revoked { on } => Some(on),
        _ => None,
    }
}

/// The headline in one language.
pub(super) fn headline(headline: Headline, facts: &Facts<'_>, issuer_name: &str, language: Language) -> String {
    let text = match (headline, facts.carrier) {
        (Headline::NotIssued, _) => language.pick("Mã không hợp lệ", "Not issued by us"),
        (Headline::Recalled, _) => language.pick("Lô hàng bị thu hồi", "Recalled"),
        (Headline::Voided, _) => language.pick("Tem đã bị hủy", "Voided"),
        (Headline::Suspended, _) => language.pick("Đang tạm dừng", "Suspended"),
        (Headline::PastShelfLife, _) => language.pick("Hết hạn sử dụng", "Past its shelf life"),
        (Headline::CertificateLapsed, _) if revoked_by_packing(facts).is_some() => {
            language.pick("Chứng nhận OCOP đã bị thu hồi", "OCOP certificate revoked")
        }
        (Headline::CertificateLapsed, _) => language.pick("Chứng nhận OCOP đã hết hạn", "OCOP certificate lapsed"),
        (Headline::Unchecked, Carrier::Full) => {
            language.pick("Chữ ký đúng, chưa đối chiếu được sổ", "Signature good, register not reached")
        }
        (Headline::Unchecked, Carrier::Compact) => {
            language.pick("Mã đúng, chưa đối chiếu được sổ", "Code good, register not reached")
        }
        (Headline::Issued, _) => {
            return match language {
                Language::Vi => format!("Tem do {issuer_name} phát hành"),
                Language::En => format!("Issued by {issuer_name} for this product"),
            };
        }
    };
    text.to_owned()
}

/// One plain sentence under the headline.
pub(super) fn explanation(headline: Headline, facts: &Facts<'_>, language: Language) -> String {
    match headline {
        Headline::NotIssued => refusal(facts.rule(), language).to_owned(),
        Headline::Recalled | Headline::Suspended => facts.standing().map_or_else(String::new, |is| against(is, language)),
        Headline::Voided => facts.void.map_or_else(String::new, |void| of_void(void, language)),
        Headline::PastShelfLife => match (facts.shelf_life, language) {
            (ShelfLifeState::Past { last_day }, Language::Vi) => {
                format!("Hạn sử dụng là ngày {}. Không nên dùng sản phẩm này.", date(last_day))
            }
            (ShelfLifeState::Past { last_day }, Language::En) => format!("It was good until {}. Better not use it.", date(last_day)),
            _ => String::new(),
        },
        Headline::CertificateLapsed if let Some(on) = revoked_by_packing(facts) => match language {
            Language::Vi => format!(
                "Giấy chứng nhận OCOP đã bị thu hồi từ ngày {}; hàng này đóng gói từ ngày đó trở đi. Sao OCOP in trên bao bì không có giá trị.",
                date(on)
            ),
            Language::En => format!(
                "The OCOP certificate was revoked on {} and this was packed on or after that day. The stars printed on the pack do not count.",
                date(on)
            ),
        },
        Headline::CertificateLapsed => language
            .pick(
                "Ngày đóng gói không nằm trong thời hạn của giấy chứng nhận OCOP nào. Sao OCOP in trên bao bì không có giá trị.",
                "The packing day lies in the term of no OCOP certificate. The stars printed on the pack do not count.",
            )
            .to_owned(),
        Headline::Unchecked if facts.is_stale() => language
            .pick(
                "Thông tin trong sổ đã cũ hơn một ngày. Xin quét lại sau ít phút.",
                "What we have from the register is more than a day old. Please scan again later.",
            )
            .to_owned(),
        Headline::Unchecked if facts.key == Some(KeyStatus::Compromised) => language
            .pick(
                "Khóa ký tem này có thể đã bị lộ: chỉ sổ của văn phòng mới trả lời được. Xin kiểm tra lại sau.",
                "The key of this stamp may be in other hands: only the office's register can tell. Please check again later.",
            )
            .to_owned(),
        Headline::Unchecked if matches!(facts.mint, Mint::NotAsked) => language
            .pick(
                "Tem có chữ ký đúng của nơi phát hành. Đây là kiểm tra không qua mạng nên chưa biết tình trạng lô hàng; khi có mạng xin kiểm tra lại.",
                "The stamp bears the issuer's good signature. This check was made offline, so the state of the batch is not known; check again online.",
            )
            .to_owned(),
        Headline::Unchecked => language
            .pick(
                "Lúc này chưa xem được sổ của văn phòng nên chưa biết tình trạng lô hàng. Xin quét lại sau ít phút.",
                "The office's register cannot be reached right now, so the state of the batch is not known. Please scan again in a few minutes.",
            )
            .to_owned(),
        Headline::Issued => language
            .pick(
                "Hãy so tên sản phẩm, lô và hạn dùng dưới đây với những gì in trên bao bì.",
                "Compare the product, lot and date below with what is printed on the pack.",
            )
            .to_owned(),
    }
}

/// What the office says against a batch: since when, why, what to do.
fn against(standing: &Standing, language: Language) -> String {
    let (said, notice) = match standing {
        Standing::Normal => return String::new(),
        Standing::Recalled(notice) => {
            (language.pick("Lô hàng này bị thu hồi từ ngày", "This batch is recalled since"), notice)
        }
        Standing::Suspended(notice) => {
            (language.pick("Lô hàng này tạm dừng bán từ ngày", "This batch is not to be sold since"), notice)
        }
    };
    let usual = standing.usual_advice().map(|(vi, en)| language.pick(vi, en)).unwrap_or_default();
    let Notice { reason, advice, .. } = notice;
    let since = date(day_in_vietnam(notice.since));
    let why = language.pick("Lý do", "Reason");
    let advice = advice.as_deref().map_or_else(|| usual.to_owned(), sentence);
    format!("{said} {since}. {why}: {} {advice}", sentence(reason))
}

/// How a batch stands, in one line.
pub(super) fn standing(standing: &Standing, language: Language) -> Option<String> {
    let notice = standing.notice()?;
    let said = match standing {
        Standing::Recalled(_) => language.pick("bị thu hồi từ ngày", "recalled since"),
        Standing::Suspended(_) | Standing::Normal => language.pick("tạm dừng từ ngày", "suspended since"),
    };
    Some(format!("{said} {}: {}", date(day_in_vietnam(notice.since)), notice.reason))
}

fn of_void(void: &Void, language: Language) -> String {
    let day = date(day_in_vietnam(void.voided_at));
    match language {
        Language::Vi => format!(
            "Tem này đã bị hủy ngày {day} ({}). Hàng mang tem này không được bán: không nên mua, và xin báo cho chúng tôi.",
            void.reason.vi()
        ),
        Language::En => format!(
            "This stamp was voided on {day} ({}). No goods may be sold with it: better not buy, and please tell us.",
            void.reason.en()
        ),
    }
}

/// Since when and why a stamp no longer counts, in one line.
pub(super) fn void(void: &Void, language: Language) -> String {
    let said = language.pick("đã hủy ngày", "voided on");
    format!("{said} {} ({})", date(day_in_vietnam(void.voided_at)), language.pick(void.reason.vi(), void.reason.en()))
}

/// What someone wrote, ending as a sentence does.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// Why a stamp was refused, without technical words.
fn refusal(rule: Option<Rule>, language: Language) -> &'static str {
    match rule {
        Some(Rule::Length | Rule::Digit | Rule::Group) => language.pick(
            "Mã đọc được không phải mã của tem OCOP, hoặc bị đọc thiếu. Xin quét lại cho rõ, hoặc gõ 16 ký tự in dưới mã QR.",
            "What was read is no OCOP stamp, or was read in part. Scan again, or type the 16 characters under the QR code.",
        ),
        Some(Rule::Version) => language.pick(
            "Mã này không thuộc loại tem mà chúng tôi phát hành. Xin quét lại; nếu vẫn vậy, không nên mua và xin báo cho chúng tôi.",
            "This is no kind of stamp that we issue. Scan again; if it stays, better not buy, and please tell us.",
        ),
        Some(Rule::Key | Rule::Signature) => language.pick(
            "Mã này không do chúng tôi ký. Xin quét lại một lần; nếu vẫn vậy, đây có thể là tem giả: không nên mua và xin báo cho chúng tôi.",
            "We did not sign this code. Scan once more; if it stays, the stamp may be forged: better not buy, and please tell us.",
        ),
        Some(Rule::NotMinted) => language.pick(
            "Chữ ký hoặc mã thì đúng nhưng trong sổ không có con tem này. Không nên mua; xin báo cho chúng tôi.",
            "Its signature or code is right, but the register has no such stamp. Better not buy, and please tell us.",
        ),
        Some(Rule::Code) | None => language.pick(
            "Không có con tem nào mang mã này. Xin gõ lại cho đúng 16 ký tự in dưới mã QR.",
            "No stamp has this code. Please type the 16 characters under the QR code again.",
        ),
    }
}

/// How a certificate stood on a day, with the page's class for it.
pub(crate) fn certificate_state(state: CertificateState, language: Language) -> (String, &'static str) {
    match state {
        CertificateState::InForce => (language.pick("còn hiệu lực", "in force").to_owned(), "yes"),
        CertificateState::Lapsed { last_day } => {
            (format!("{} {}", language.pick("đã hết hiệu lực sau ngày", "lapsed after"), date(last_day)), "no")
        }
        CertificateState::NotYetValid { first_day } => (
            format!("{} {}", language.pick("chưa có hiệu lực, bắt đầu từ", "not yet valid, from"), date(first_day)),
            "no",
        ),
        CertificateState::Revoked { on } => {
            (format!("{} {}", language.pick("đã bị thu hồi từ ngày", "revoked on"), date(on)), "no")
        }
        CertificateState::Unknown => (
            language.pick("chưa có ngày chứng nhận trong sổ", "the register has no certificate dates").to_owned(),
            "open",
        ),
    }
}

/// What the answer proves and does not prove.
pub(super) fn proof(headline: Headline, facts: &Facts<'_>, language: Language) -> Vec<&'static str> {
    if headline == Headline::NotIssued {
        return vec![language.pick(
            "Kết quả này chỉ nói về con tem. Nếu tem bị rách hoặc mờ, mã có thể bị đọc sai: xin thử lại trước khi kết luận.",
            "This speaks of the stamp alone. A torn or smudged stamp may be misread: try again before you conclude anything.",
        )];
    }
    let origin = match facts.carrier {
        Carrier::Full => language.pick(
            "Quý vị đã quét tem đầy đủ: mã QR có chữ ký số của văn phòng, kiểm tra được cả khi không có mạng.",
            "You scanned a full stamp: its QR code carries the office's signature, which can be checked without a network.",
        ),
        Carrier::Compact => language.pick(
            "Quý vị đã quét tem nhỏ hoặc gõ mã: mã ngắn không có chữ ký số, chỉ văn phòng kiểm tra được qua mạng.",
            "You scanned a small stamp or typed its code: a short code carries no signature, only the office can check it, online.",
        ),
    };
    let mut lines = vec![origin];
    if headline != Headline::Unchecked {
        lines.push(language.pick(
            "Tem cho biết văn phòng đã phát hành nó cho sản phẩm và lô hàng này.",
            "It tells that the office issued this stamp for this product and batch.",
        ));
    }
    lines.push(language.pick(
        "Tem không bảo đảm gói hàng trên tay là hàng thật: ảnh chụp lại của tem cũng cho kết quả này.",
        "It does not guarantee that the pack in your hand is genuine: a photocopy of the stamp gives this answer too.",
    ));
    lines
}

/// The shelf life in words.
pub(super) fn shelf_life(state: ShelfLifeState, language: Language) -> Option<(String, &'static str)> {
    match state {
        ShelfLifeState::Good { last_day } => Some((date(last_day), "")),
        ShelfLifeState::Past { last_day } => {
            Some((format!("{} ({})", date(last_day), language.pick("đã hết hạn", "past")), "no"))
        }
        ShelfLifeState::None => Some((language.pick("Không có hạn sử dụng", "Does not expire").to_owned(), "")),
        ShelfLifeState::Unknown => None,
    }
}
