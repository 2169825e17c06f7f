//! What is known of a stamp, line by line in one language: the same lines on the page and at the command line.

use crate::clock::{day_in_vietnam, in_vietnam};
use crate::http::Language;
use crate::keyring::KeyStatus;
use crate::register::types::CertificateState;
use crate::stamp::Serial;
use crate::trace::card::types::CardEvent;

use super::facts::{BatchFacts, Carrier, Facts, Mint};
use super::texts;
use super::verdict::{Headline, decide};

/// One line: what it is, what it says, and the page's class for it.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// `yes`, `no`, `open` or nothing.
    pub class: &'static str,
}

impl Row {
    /// A line that is neither good nor bad.
    pub fn plain(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), class: "" }
    }

    /// A line with its class.
    pub fn toned(name: &'static str, (value, class): (String, &'static str)) -> Self {
        Self { name, value, class }
    }
}

fn not_in_register(language: Language) -> String {
    language.pick("chưa có trong sổ", "not in the register").to_owned()
}

/// The facts that the law asks for, besides the product's name and picture, which head the page.
pub(super) fn product_rows(facts: &BatchFacts<'_>, all: &Facts<'_>, language: Language) -> Vec<Row> {
    let (product, batch) = (facts.product, facts.batch);
    let address = product.producer.address().unwrap_or_else(|| not_in_register(language));
    let mut rows = vec![
        Row::plain(language.pick("Cơ sở sản xuất", "Producer"), &product.producer.name),
        Row::plain(language.pick("Địa chỉ", "Address"), address),
    ];
    if let Some(former) = &product.producer.former {
        rows.push(Row::plain(language.pick("Địa chỉ trước 01/07/2025", "Address before 01/07/2025"), former));
    }
    rows.push(Row::plain(language.pick("Ngày đóng gói", "Packed on"), texts::date(batch.packed_on)));
    if let Some(shelf_life) = texts::shelf_life(all.shelf_life, language) {
        rows.push(Row::toned(language.pick("Hạn sử dụng", "Good until"), shelf_life));
    }
    rows.push(Row::plain(language.pick("Mã lô", "Lot"), &batch.lot));
    if let Some(standing) = texts::standing(&batch.standing, language) {
        rows.push(Row::toned(language.pick("Tình trạng lô hàng", "State of the batch"), (standing, "no")));
    }
    if let Some(standards) = &product.standards {
        rows.push(Row::plain(language.pick("Tiêu chuẩn áp dụng", "Standards applied"), standards));
    }
    rows.push(Row::plain(
        language.pick("Mã số sản phẩm trong sổ", "Number in the register"),
        product.product_no.to_string(),
    ));
    rows
}

/// The last stages of the batch: when, and what was done.
pub(super) fn stage_rows(facts: &BatchFacts<'_>, language: Language) -> Vec<(String, String)> {
    let row = |event: &CardEvent| (texts::date(event.on), language.pick(&event.name_vi, &event.name_en).to_owned());
    facts.events.iter().map(row).collect()
}

/// The certificate with both answers: on the packing day, and today.
pub(super) fn certificate_rows(facts: &BatchFacts<'_>, all: &Facts<'_>, language: Language) -> Vec<Row> {
    let certificate = facts.certificate;
    let text = |value: Option<&String>| value.cloned().unwrap_or_else(|| not_in_register(language));
    let last_day = certificate.and_then(|certificate| certificate.window).map(|(_, last)| texts::date(last));
    let answer = |day, state| {
        let (state, class) = texts::certificate_state(state, language);
        (format!("{}: {state}", texts::date(day)), class)
    };
    let mut rows = vec![
        Row::plain(language.pick("Số giấy chứng nhận", "Number"), text(certificate.and_then(|c| c.number.as_ref()))),
        Row::plain(language.pick("Nơi cấp", "Issued by"), text(certificate.and_then(|c| c.issuer.as_ref()))),
        Row::plain(language.pick("Hiệu lực đến hết ngày", "In force until"), text(last_day.as_ref())),
    ];
    if let Some((on, reason)) = certificate.and_then(|certificate| certificate.revoked.as_ref()) {
        let value = format!("{}: {reason}", texts::date(*on));
        rows.push(Row::toned(language.pick("Bị thu hồi từ ngày", "Revoked on"), (value, "no")));
    }
    rows.push(Row::toned(
        language.pick("Ngày đóng gói", "On the packing day"),
        answer(facts.batch.packed_on, facts.on_packing_day),
    ));
    rows.push(Row::toned(language.pick("Hôm nay", "Today"), answer(day_in_vietnam(all.now), facts.on_today)));
    rows
}

/// The one sentence beside the stars.
pub(super) fn certificate_sentence(facts: &BatchFacts<'_>, language: Language) -> (String, &'static str) {
    let (state, class) = texts::certificate_state(facts.on_today, language);
    let window = facts.certificate.and_then(|certificate| certificate.window);
    if let (CertificateState::InForce, Some((_, last))) = (facts.on_today, window) {
        let text = language.pick("Giấy chứng nhận còn hiệu lực đến hết ngày", "Certificate in force until");
        return (format!("{text} {}", texts::date(last)), class);
    }
    let name = language.pick("Giấy chứng nhận", "Certificate");
    let then = match facts.on_packing_day {
        CertificateState::InForce => language.pick("; ngày đóng gói còn hiệu lực", "; in force on the packing day"),
        _ => "",
    };
    (format!("{name}: {state}{then}"), class)
}

/// The stamp itself: which one it is, how it came, when it was issued, how fresh the register's word is.
pub(super) fn stamp_rows(facts: &Facts<'_>, language: Language) -> Vec<Row> {
    let Some(claim) = facts.claim else { return Vec::new() };
    let serial = if claim.serial == Serial::WHOLE_BATCH {
        language.pick("0 – tem của cả lô hoặc thùng", "0 – the stamp of the whole batch or carton").to_owned()
    } else {
        claim.serial.to_string()
    };
    // A code is printed on full stamps too, so it does not tell the kind of its stamp.
    let carrier = match facts.carrier {
        Carrier::Full => Row::plain(
            language.pick("Loại tem", "Kind of stamp"),
            language.pick("Tem đầy đủ, có chữ ký số", "Full stamp with signature"),
        ),
        Carrier::Compact => Row::plain(
            language.pick("Tra bằng", "Looked up by"),
            language.pick("Mã gõ tay hoặc tem nhỏ", "Typed code or small stamp"),
        ),
    };
    let mut rows = vec![
        Row::plain(language.pick("Số thứ tự của tem", "Stamp number"), serial),
        Row::plain(language.pick("Thuộc lô số", "Of batch number"), claim.batch_no.to_string()),
        carrier,
    ];
    if facts.batch.is_none() {
        if let Some(signed) = claim.signed {
            rows.push(Row::plain(
                language.pick("Mã số sản phẩm trong sổ", "Number in the register"),
                signed.product_no.to_string(),
            ));
        }
        if let Some(shelf_life) = texts::shelf_life(facts.shelf_life, language) {
            rows.push(Row::toned(language.pick("Hạn sử dụng", "Good until"), shelf_life));
        }
    }
    if let Mint::Minted { minted_at } = facts.mint {
        let day = texts::date(day_in_vietnam(minted_at));
        rows.push(Row::plain(language.pick("Ngày phát hành tem", "Stamp issued on"), day));
    }
    if let Some(void) = facts.void {
        let text = texts::void(void, language);
        rows.push(Row::toned(language.pick("Tình trạng con tem", "State of the stamp"), (text, "no")));
    }
    if facts.key == Some(KeyStatus::Compromised) {
        let text = language.pick(
            "có thể đã bị lộ; chỉ tin kết quả theo sổ của văn phòng",
            "may be in other hands; rely on the office's register alone",
        );
        rows.push(Row::toned(language.pick("Khóa ký tem", "Signing key"), (text.to_owned(), "no")));
    }
    if let Some(batch) = &facts.batch {
        let as_of = in_vietnam(batch.as_of).format("%d/%m/%Y %H:%M").to_string();
        rows.push(Row::plain(language.pick("Theo sổ lúc", "Register as of"), as_of));
    }
    rows
}

/// The whole answer in one language, for a terminal.
pub fn summary(facts: &Facts<'_>, issuer_name: &str, language: Language) -> String {
    let headline = decide(facts);
    let rule = facts.rule().map(|rule| format!(" [{}]", rule.as_str())).unwrap_or_default();
    let mut lines = vec![
        format!("{}{rule}", texts::headline(headline, facts, issuer_name, language)),
        texts::explanation(headline, facts, language),
    ];
    let mut add = |rows: Vec<Row>| lines.extend(rows.iter().map(|row| format!("  {}: {}", row.name, row.value)));
    if headline != Headline::NotIssued {
        if let Some(batch) = &facts.batch {
            add(vec![Row::plain(language.pick("Sản phẩm", "Product"), &batch.product.name)]);
            add(product_rows(batch, facts, language));
            add(certificate_rows(batch, facts, language));
        }
        add(stamp_rows(facts, language));
    }
    lines.join("\n")
}
