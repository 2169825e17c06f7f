//! What a look-up found, line by line in one language. Words only: what is true was established below.

use chrono::{DateTime, NaiveDate, Utc};

use crate::batches::types::Standing;
use crate::clock::in_vietnam;
use crate::http::Language;
use crate::keyring::KeyStatus;
use crate::register::policy::certificate_state;
use crate::register::types::{Certificate, CertificateState};
use crate::stamp::Rule;
use crate::verify::facts::{Carrier, Facts, Mint, ShelfLifeState, find_run};
use crate::verify::verdict::{Headline, Tone};
use crate::verify::{Presented, Row, certificate_words, icon, present};

use super::service::BatchSheet;
use super::types::{Proposal, Recent};

/// The answer first: word, icon, tone and one sentence.
pub(super) struct Banner {
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
    pub(super) title: String,
    pub(super) explanation: String,
}

/// Lines that belong together.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

pub(super) fn date(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

pub(super) fn instant(instant: DateTime<Utc>) -> String {
    in_vietnam(instant).format("%d/%m/%Y %H:%M").to_string()
}

fn not_in_register(language: Language) -> String {
    language.pick("chưa có trong sổ", "not in the register").to_owned()
}

/// The banner and the lines of one stamp.
pub(super) fn of_stamp(
    facts: &Facts<'_>,
    sheet: Option<&BatchSheet>,
    issuer_name: &str,
    language: Language,
) -> (Banner, Section) {
    let Presented { headline, title, explanation, icon, stamp } = present(facts, issuer_name, language);
    let banner = Banner { tone: headline.tone().as_str(), icon, title, explanation };
    let mut rows = vec![signature(facts, language)];
    rows.extend(key(facts, language));
    rows.push(mint(facts, language));
    if let Some(rule) = facts.rule() {
        rows.push(Row::toned(
            language.pick("Điểm không đạt", "What failed"),
            (format!("{} ({})", rule_words(rule, language), rule.as_str()), "no"),
        ));
    }
    let run = facts.claim.as_ref().and_then(|claim| sheet.and_then(|sheet| find_run(&sheet.runs, claim)));
    if let Some(run) = run {
        let text = format!("{}–{} · {}", run.first, run.last, instant(run.minted_at));
        rows.push(Row::plain(language.pick("Trong đợt phát", "In the run"), text));
    }
    if let Some(shelf_life) = shelf_life(facts.shelf_life, language) {
        rows.push(shelf_life);
    }
    if let Some(void) = facts.void {
        let text = format!("{}: {}", instant(void.voided_at), language.pick(void.reason.vi(), void.reason.en()));
        rows.push(Row::toned(language.pick("Đã hủy", "Voided"), (text, "no")));
    }
    rows.extend(stamp);
    (banner, Section { title: language.pick("Con tem", "The stamp"), rows })
}

fn signature(facts: &Facts<'_>, language: Language) -> Row {
    let text = match (facts.carrier, facts.claim, facts.refused) {
        (Carrier::Compact, ..) => {
            let text = language.pick(
                "mã gõ tay hoặc tem nhỏ, không mang chữ ký số: tra trong sổ",
                "typed code or small stamp, carries none: looked up in the register",
            );
            (text, "")
        }
        (Carrier::Full, Some(_), _) => (language.pick("đúng", "good"), "yes"),
        (Carrier::Full, None, Some(Rule::Signature)) => (language.pick("sai", "wrong"), "no"),
        (Carrier::Full, None, _) => (language.pick("không đọc được", "not read"), "no"),
    };
    Row::toned(language.pick("Chữ ký số", "Signature"), (text.0.to_owned(), text.1))
}

/// None where no key came to be judged: a wrong code, or digits that were not read so far.
fn key(facts: &Facts<'_>, language: Language) -> Option<Row> {
    let (words, class) = match facts.key {
        Some(KeyStatus::Active) => (language.pick("đang dùng", "active"), "yes"),
        Some(KeyStatus::Retired) => {
            (language.pick("đã thôi dùng, tem cũ vẫn đúng", "retired, old stamps stay good"), "")
        }
        Some(KeyStatus::Compromised) => (language.pick("có thể đã bị lộ", "may be in other hands"), "no"),
        None if facts.rule() == Some(Rule::Key) => (language.pick("không phải khóa của chúng tôi", "not ours"), "no"),
        None => return None,
    };
    let number = facts.key.and(facts.claim).map(|claim| format!("{}: ", claim.key_no)).unwrap_or_default();
    Some(Row::toned(language.pick("Khóa", "Key"), (format!("{number}{words}"), class)))
}

fn mint(facts: &Facts<'_>, language: Language) -> Row {
    let value = match facts.mint {
        Mint::Minted { minted_at } => (instant(minted_at), "yes"),
        Mint::NotMinted => {
            (language.pick("sổ không có con tem này", "the register has no such stamp").to_owned(), "no")
        }
        Mint::OutOfReach | Mint::NotAsked => (language.pick("chưa đối chiếu", "not compared").to_owned(), "open"),
    };
    Row::toned(language.pick("Phát hành", "Minted"), value)
}

/// A rule's failing, for someone who has to write it down.
const fn rule_words(rule: Rule, language: Language) -> &'static str {
    match rule {
        Rule::Length => language.pick("độ dài", "length"),
        Rule::Digit => language.pick("có ký tự không phải chữ số", "something that is no digit"),
        Rule::Group => language.pick("nhóm chữ số quá lớn", "a group of digits too large"),
        Rule::Version => language.pick("loại tem không rõ", "unknown kind of stamp"),
        Rule::Key => language.pick("khóa ký không phải của văn phòng", "not a key of this issuer"),
        Rule::Signature => language.pick("chữ ký số sai", "wrong signature"),
        Rule::NotMinted => language.pick("không có trong sổ phát hành", "in no minted run"),
        Rule::Code => language.pick("mã gõ không do văn phòng cấp", "no code of this issuer"),
    }
}

fn shelf_life(state: ShelfLifeState, language: Language) -> Option<Row> {
    let value = match state {
        ShelfLifeState::Good { last_day } => (date(last_day), "yes"),
        ShelfLifeState::Past { last_day } => {
            (format!("{} ({})", date(last_day), language.pick("đã hết hạn", "past")), "no")
        }
        ShelfLifeState::None => (language.pick("không có hạn sử dụng", "does not expire").to_owned(), ""),
        ShelfLifeState::Unknown => return None,
    };
    Some(Row::toned(language.pick("Hạn sử dụng", "Good until"), value))
}

/// What a batch amounts to, when it was looked up without a stamp.
pub(super) fn of_batch(sheet: &BatchSheet, language: Language) -> Banner {
    let on_packing_day = certificate_state(&sheet.product.certificates, sheet.batch.packed_on);
    let is_past = sheet.batch.last_valid_day.is_some_and(|last| last < sheet.today);
    let (tone, title) = match (&sheet.batch.standing, is_past, on_packing_day) {
        (Standing::Recalled(_), ..) => (Tone::Red, language.pick("Lô hàng bị thu hồi", "Batch recalled")),
        (Standing::Suspended(_), ..) => (Tone::Amber, language.pick("Lô hàng đang tạm dừng", "Batch suspended")),
        (_, true, _) => (Tone::Amber, language.pick("Lô hàng đã hết hạn sử dụng", "Batch past its shelf life")),
        (_, _, CertificateState::InForce | CertificateState::Unknown) => {
            (Tone::Green, language.pick("Lô hàng bình thường", "Batch in good standing"))
        }
        _ => (Tone::Amber, language.pick("Ngày đóng gói không có chứng nhận", "No certificate on the packing day")),
    };
    let explanation = match sheet.batch.standing.notice() {
        Some(notice) => notice.reason.clone(),
        None => language
            .pick(
                "Đây là thông tin của lô hàng trong sổ. Muốn biết một con tem có thật hay không, xin tra chính con tem đó.",
                "This is what the register has on the batch. To know whether a stamp is genuine, look that stamp up.",
            )
            .to_owned(),
    };
    Banner { tone: tone.as_str(), icon: icon(tone), title: title.to_owned(), explanation }
}

/// Batch, certificates and producer.
pub(super) fn sections(sheet: &BatchSheet, language: Language) -> Vec<Section> {
    vec![
        Section {
            title: language.pick("Lô hàng trong sổ", "The batch in the register"),
            rows: batch_rows(sheet, language),
        },
        Section {
            title: language.pick("Giấy chứng nhận OCOP", "OCOP certificates"),
            rows: certificate_rows(sheet, language),
        },
        Section { title: language.pick("Chủ thể", "Producer"), rows: producer_rows(sheet, language) },
    ]
}

fn batch_rows(sheet: &BatchSheet, language: Language) -> Vec<Row> {
    let (batch, product) = (&sheet.batch, &sheet.product);
    let mut rows = vec![
        Row::plain(
            language.pick("Sản phẩm", "Product"),
            format!("{} (số {})", product.name, product.product_no).replace("(số ", language.pick("(số ", "(no. ")),
        ),
        Row::plain(language.pick("Lô số", "Batch number"), batch.batch_no.to_string()),
        Row::plain(language.pick("Mã lô", "Lot"), &batch.lot),
        Row::plain(language.pick("Ngày đóng gói", "Packed on"), date(batch.packed_on)),
        Row::plain(
            language.pick("Hạn dùng của lô", "Last day of the batch"),
            batch.last_valid_day.map_or_else(|| language.pick("không có", "none").to_owned(), date),
        ),
    ];
    if let Some(quantity) = batch.quantity {
        let unit = batch.unit.as_deref().unwrap_or_default();
        rows.push(Row::plain(
            language.pick("Số lượng khai", "Declared quantity"),
            format!("{} {unit}", language.decimal(&quantity)),
        ));
    }
    let state = match (batch.is_open, batch.closed_at) {
        (true, _) => language.pick("đang mở", "open").to_owned(),
        (false, Some(closed_at)) => format!("{} {}", language.pick("đã đóng lúc", "closed at"), instant(closed_at)),
        (false, None) => language.pick("đã đóng", "closed").to_owned(),
    };
    rows.push(Row::plain(language.pick("Mở lô lúc", "Opened at"), format!("{} · {state}", instant(batch.opened_at))));
    rows.extend(standing_rows(&batch.standing, language));
    if let Some(standards) = &product.standards {
        rows.push(Row::plain(language.pick("Tiêu chuẩn áp dụng", "Standards applied"), standards));
    }
    rows.push(Row::plain(language.pick("Theo sổ lúc", "Register as of"), instant(sheet.as_of)));
    rows
}

fn standing_rows(standing: &Standing, language: Language) -> Vec<Row> {
    let name = language.pick("Tình trạng", "Standing");
    let Some(notice) = standing.notice() else {
        return vec![Row::toned(name, (language.pick("bình thường", "normal").to_owned(), "yes"))];
    };
    let (words, class) = match standing {
        Standing::Recalled(_) => (language.pick("bị thu hồi từ", "recalled since"), "no"),
        Standing::Normal | Standing::Suspended(_) => (language.pick("tạm dừng từ", "suspended since"), "open"),
    };
    let mut rows = vec![
        Row::toned(name, (format!("{words} {}", instant(notice.since)), class)),
        Row::plain(language.pick("Lý do", "Reason"), &notice.reason),
    ];
    if let Some(advice) = &notice.advice {
        rows.push(Row::plain(language.pick("Lời khuyên cho người mua", "Advice for buyers"), advice));
    }
    if let Some(contact) = &notice.contact {
        rows.push(Row::plain(language.pick("Liên hệ về việc này", "Contact for this"), contact));
    }
    rows
}

fn certificate_rows(sheet: &BatchSheet, language: Language) -> Vec<Row> {
    let certificates = &sheet.product.certificates;
    let answer = |name, day| {
        let (words, class) = certificate_words(certificate_state(certificates, day), language);
        Row::toned(name, (format!("{}: {words}", date(day)), class))
    };
    let mut rows = vec![
        answer(language.pick("Ngày đóng gói", "On the packing day"), sheet.batch.packed_on),
        answer(language.pick("Hôm nay", "Today"), sheet.today),
    ];
    rows.extend(certificates.iter().map(|certificate| certificate_row(certificate, language)));
    rows
}

/// A certificate in one line: number, stars, issuer, days, and the end that revoking put to it.
fn certificate_row(certificate: &Certificate, language: Language) -> Row {
    let mut parts = vec![certificate.number.clone().unwrap_or_else(|| not_in_register(language))];
    parts.extend(certificate.stars.map(|n| format!("{n} {}", language.pick("sao", "stars"))));
    parts.extend(certificate.issuer.clone());
    parts.extend(certificate.window.map(|(from, to)| format!("{} – {}", date(from), date(to))));
    if let Some((on, reason)) = &certificate.revoked {
        parts.push(format!("{} {}: {reason}", language.pick("thu hồi từ", "revoked on"), date(*on)));
    }
    Row::plain(language.pick("Giấy chứng nhận", "Certificate"), parts.join(" · "))
}

fn producer_rows(sheet: &BatchSheet, language: Language) -> Vec<Row> {
    let producer = &sheet.product.producer;
    let mut rows = vec![
        Row::plain(language.pick("Tên", "Name"), &producer.name),
        Row::plain(
            language.pick("Địa chỉ hiện nay", "Address today"),
            producer.address().unwrap_or_else(|| not_in_register(language)),
        ),
    ];
    if let Some(former) = &producer.former {
        rows.push(Row::plain(language.pick("Địa chỉ trước 01/07/2025", "Address before 01/07/2025"), former));
    }
    rows.extend(sheet.contacts.iter().map(|contact| Row::plain(contact_kind(&contact.kind, language), &contact.value)));
    if sheet.contacts.is_empty() {
        let text = language.pick("chưa có liên hệ nào mà cơ quan được xem", "none that offices may see");
        rows.push(Row::plain(language.pick("Liên hệ", "Contacts"), text));
    }
    rows
}

/// What a contact is.
fn contact_kind(kind: &str, language: Language) -> &'static str {
    match kind {
        "person" => language.pick("Người liên hệ", "Contact person"),
        "phone" => language.pick("Điện thoại", "Phone"),
        "zalo" => "Zalo",
        "email" => "Email",
        "website" => language.pick("Trang web", "Website"),
        _ => language.pick("Địa chỉ liên hệ", "Address"),
    }
}

/// A headline's code in two or three words, with the chip's class for it; for lists.
pub(super) fn short_headline(code: &str, language: Language) -> (&'static str, &'static str) {
    match code {
        "issued" => (language.pick("Đúng", "Issued"), "good"),
        "recalled" => (language.pick("Bị thu hồi", "Recalled"), "bad"),
        "voided" => (language.pick("Đã hủy", "Voided"), "bad"),
        "suspended" => (language.pick("Tạm dừng", "Suspended"), "care"),
        "past_shelf_life" => (language.pick("Hết hạn dùng", "Past shelf life"), "care"),
        "certificate_lapsed" => (language.pick("Hết chứng nhận", "Certificate lapsed"), "care"),
        "unchecked" => (language.pick("Chưa đối chiếu", "Not compared"), "care"),
        "not_issued" => (language.pick("Không hợp lệ", "Not issued"), "bad"),
        _ => (language.pick("Lô hàng", "Batch"), "plain"),
    }
}

/// A headline for lists.
pub(super) fn short(headline: Headline, language: Language) -> (&'static str, &'static str) {
    short_headline(headline.as_str(), language)
}

/// A remembered look-up, ready to be shown.
pub struct RecentRow {
    /// Looks it up again.
    pub href: String,
    /// Product, lot and stamp, or what was typed.
    pub label: String,
    /// The headline in a few words.
    pub words: &'static str,
    /// The chip's class.
    pub class: &'static str,
    /// When.
    pub at: String,
}

impl RecentRow {
    /// Says it in one language.
    pub fn new(recent: &Recent, language: Language) -> Self {
        let (words, class) = short_headline(&recent.headline, language);
        let label = if recent.label.is_empty() {
            recent.q.chars().take(MAX_LABEL_CHARS).collect()
        } else {
            recent.label.clone()
        };
        Self { href: look_up_href(&recent.q), label, words, class, at: instant(recent.at) }
    }
}

/// Longest piece of a typed text in a list, characters.
const MAX_LABEL_CHARS: usize = 40;

/// The address that looks a text up.
pub(super) fn look_up_href(text: &str) -> String {
    format!("/inspect?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish())
}

/// A proposal, ready to be shown.
pub struct ProposalRow {
    /// Looks its batch up.
    pub href: String,
    /// Product, lot and stamp.
    pub label: String,
    /// Its state in words.
    pub words: &'static str,
    /// The chip's class.
    pub class: &'static str,
    /// When it was sent.
    pub at: String,
    /// Why.
    pub reason: String,
    /// What the office said.
    pub note: Option<String>,
}

impl ProposalRow {
    /// Says it in one language.
    pub fn new(proposal: &Proposal, language: Language) -> Self {
        let (words, class) = match proposal.state.as_str() {
            "accepted" => (language.pick("Đã chấp nhận", "Accepted"), "good"),
            "dismissed" => (language.pick("Không chấp nhận", "Dismissed"), "plain"),
            _ => (language.pick("Đang chờ", "Waiting"), "care"),
        };
        let serial = proposal.serial.map(|n| format!(" · {} {n}", language.pick("tem", "stamp"))).unwrap_or_default();
        Self {
            href: look_up_href(&format!("#{}", proposal.batch_no)),
            label: format!("{} · {}{serial}", proposal.product, proposal.lot),
            words,
            class,
            at: instant(proposal.proposed_at),
            reason: proposal.reason.clone(),
            note: proposal.note.clone(),
        }
    }
}
