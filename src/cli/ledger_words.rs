//! What a proven entry says, in plain words and as JSON. Pure. Text of an entry was typed by strangers: it must never reach a terminal
//! with a character that moves, hides or reverses what stands there.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::clock::day_in_vietnam;
use crate::http::Language;
use crate::ledger::Kind;

use super::ledger_facts::facts_of;
use super::ledger_verify::Proven;
use super::telling::{clean, time, what_it_means};

/// Both languages, one below the other.
pub(super) fn in_words(proven: &Proven) -> String {
    format!("{}\n{}", words(proven, Language::Vi), words(proven, Language::En))
}

fn words(proven: &Proven, language: Language) -> String {
    let entry = &proven.entry;
    let mut lines: Vec<(&str, String)> = vec![(language.pick("Việc", "Act"), kind(&entry.kind, language))];
    if let (Some(batch), Some(n)) = (entry.batch, entry.n) {
        let place = language.pick("dòng thứ", "line");
        lines.push((language.pick("Lô hàng", "Batch"), format!("{batch}, {place} {n}")));
    }
    lines.push((language.pick("Ngày khai", "Declared"), time(entry.at, language)));
    let recorded = time(entry.recorded, language);
    let n_days = (day_in_vietnam(entry.recorded) - day_in_vietnam(entry.at)).num_days();
    let delay = match n_days {
        ..=0 => String::new(),
        1 => language.pick(" (chậm 1 ngày)", " (1 day later)").to_owned(),
        n => format!(" ({})", language.pick("chậm {n} ngày", "{n} days later").replace("{n}", &n.to_string())),
    };
    lines.push((language.pick("Ghi sổ lúc", "Recorded"), format!("{recorded}{delay}")));
    lines.push((language.pick("Người ghi", "By"), author(proven, language)));
    if entry.data.is_some() {
        let kept = language.pick("giữ ngoài sổ, ở đây chỉ có mã băm", "kept outside the ledger; here is only its hash");
        lines.push((language.pick("Phần riêng", "Private"), kept.to_owned()));
    }
    let place = format!("{} / {}", proven.index + 1, proven.head.size);
    lines.push((language.pick("Vị trí trong sổ", "Place in the ledger"), place));
    let width = lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    let holds = language.pick("ĐÚNG. Mục này có trong sổ cái", "HOLDS. This entry is in the ledger");
    let mut text = format!("{holds} {}\n", clean(&proven.origin));
    for (label, value) in &lines {
        let padding = " ".repeat(width - label.chars().count());
        let _ = writeln!(text, "  {label}{padding}  {value}");
    }
    text.push_str(&facts(&entry.public, language));
    text.push_str(&witnesses(proven, language));
    let _ = writeln!(text, "{}", what_it_means(language));
    text
}

/// The public facts, one a line.
fn facts(public: &Value, language: Language) -> String {
    let lines = facts_of(public, language);
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("  {}\n", language.pick("Nội dung công khai", "Public facts"));
    for (label, value) in &lines {
        let _ = writeln!(text, "    {label}: {value}");
    }
    text
}

fn witnesses(proven: &Proven, language: Language) -> String {
    let Some(has_quorum) = proven.has_quorum else {
        let no_policy = language.pick(
            "  Chữ ký làm chứng: chưa kiểm, vì không có --policy\n",
            "  Cosignatures: not checked, as there is no --policy\n",
        );
        return no_policy.to_owned();
    };
    let mut text = format!("  {}\n", language.pick("Người làm chứng", "Witnesses"));
    for (name, at) in &proven.witnessed {
        let cosigned = language.pick("ký lúc", "cosigned at");
        let _ = writeln!(text, "    {}: {cosigned} {}", clean(name), time(*at, language));
    }
    if proven.witnessed.is_empty() {
        let _ = writeln!(text, "    {}", language.pick("chưa có ai", "none yet"));
    }
    if !has_quorum {
        let missing = language.pick("CHƯA ĐỦ người làm chứng theo --policy", "NOT ENOUGH witnesses for --policy");
        let _ = writeln!(text, "    {missing}");
    }
    text
}

fn author(proven: &Proven, language: Language) -> String {
    let actor = &proven.entry.actor;
    let role = match actor.role.as_str() {
        "office" => language.pick("văn phòng OCOP", "the OCOP office"),
        "officer" => language.pick("cán bộ xã", "a commune officer"),
        "producer" => language.pick("chủ thể sản xuất", "the producer"),
        "inspector" => language.pick("thanh tra", "an inspector"),
        "auditor" => language.pick("kiểm toán", "an auditor"),
        "operator" => language.pick("người vận hành máy chủ", "the operator of the server"),
        "service" => language.pick("hệ thống tự ghi", "the service itself"),
        other => return clean(other),
    };
    let account = actor.account.map(|id| format!(", {} {id}", language.pick("tài khoản số", "account")));
    let token =
        actor.token.map(|id| format!(", {} {id}", language.pick("phần mềm, mã truy cập số", "a program, token")));
    [role, &account.unwrap_or_default(), &token.unwrap_or_default()].concat()
}

/// What kind of act it is; a kind of later versions keeps its name.
fn kind(name: &str, language: Language) -> String {
    let Some(known) = Kind::parse(name) else { return clean(name) };
    let words = match known {
        Kind::Recognised => language.pick("Công nhận sản phẩm", "Product recognised"),
        Kind::RecognitionChanged => language.pick("Sửa giấy chứng nhận", "Certificate changed"),
        Kind::RecognitionRevoked => language.pick("Thu hồi giấy chứng nhận", "Certificate revoked"),
        Kind::BatchOpened => language.pick("Mở lô hàng", "Batch opened"),
        Kind::Event => language.pick("Ghi một công đoạn", "Event of a batch"),
        Kind::Correction => language.pick("Đính chính một dòng trước", "Correction of an earlier line"),
        Kind::BatchClosed => language.pick("Đóng lô hàng", "Batch closed"),
        Kind::RunMinted => language.pick("Phát tem", "Stamps minted"),
        Kind::RangeVoided => language.pick("Hủy một dải tem", "Stamps voided"),
        Kind::Suspended => language.pick("Tạm dừng lô hàng", "Batch suspended"),
        Kind::Resumed => language.pick("Cho bán lại lô hàng", "Batch resumed"),
        Kind::Recalled => language.pick("Thu hồi lô hàng", "Batch recalled"),
        Kind::Inspection => language.pick("Kiểm tra lô hàng", "Inspection"),
        Kind::KeyAdded => language.pick("Thêm khóa", "Key added"),
        Kind::KeyRetired => language.pick("Thôi dùng khóa", "Key retired"),
        Kind::KeyCompromised => language.pick("Khóa có thể đã lộ", "Key compromised"),
        Kind::Manifest => language.pick("Tổng kết hằng ngày của sổ cái", "Daily manifest of the ledger"),
        Kind::Imported => language.pick("Dữ liệu có từ trước khi lập sổ cái", "Older than the ledger, taken in"),
        Kind::Erasure => language.pick("Xóa dữ liệu riêng", "Private data erased"),
    };
    format!("{words} ({name})")
}

/// Everything, for programs.
pub(super) fn to_json(proven: &Proven) -> Value {
    let entry = &proven.entry;
    let witnessed: Vec<Value> =
        proven.witnessed.iter().map(|(name, at)| json!({ "name": name, "cosigned_at": at })).collect();
    json!({
        "holds": proven.has_quorum != Some(false),
        "origin": proven.origin,
        "index": proven.index,
        "size": proven.head.size,
        "root": proven.head.root.to_string(),
        "entry": {
            "kind": entry.kind, "batch": entry.batch.map(crate::stamp::BatchNo::get), "n": entry.n,
            "prev": entry.prev.map(|hash| hash.to_string()), "at": entry.at, "recorded": entry.recorded,
            "actor": { "role": entry.actor.role, "account": entry.actor.account, "token": entry.actor.token },
            "data": entry.data.map(|hash| STANDARD.encode(hash)), "public": entry.public,
        },
        "witnesses": witnessed,
        "has_quorum": proven.has_quorum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Entry, EntryActor};
    use crate::merkle::{Hash, TreeHead};

    fn proven(public: Value) -> Proven {
        let entry = Entry {
            v: 1,
            kind: "event".to_owned(),
            batch: crate::stamp::BatchNo::new(2041).ok(),
            n: Some(4),
            prev: Some(Hash::EMPTY_ROOT),
            at: "2026-03-10T01:00:00Z".parse().unwrap(),
            recorded: "2026-03-12T01:41:00Z".parse().unwrap(),
            actor: EntryActor { role: "producer".to_owned(), account: Some(7), token: None },
            data: None,
            public,
        };
        Proven {
            origin: "ocop.example/ledger".to_owned(),
            index: 73_893,
            head: TreeHead { size: 109_482, root: Hash::EMPTY_ROOT },
            entry,
            witnessed: vec![("Báo Thái Nguyên".to_owned(), "2026-03-12T02:00:00Z".parse().unwrap())],
            has_quorum: Some(true),
        }
    }

    #[track_caller]
    fn says(proven: &Proven, sentence: &str) {
        let text = in_words(proven);
        assert!(text.contains(sentence), "{text}");
    }

    #[test]
    fn an_entry_is_told_in_both_languages() {
        let proven = proven(json!({ "name": "Sấy", "in": { "quantity": 500_000, "unit": "gói" } }));
        says(&proven, "Ghi một công đoạn (event)");
        says(&proven, "Event of a batch (event)");
        says(&proven, "2041, dòng thứ 4");
        says(&proven, "08:41 ngày 12/03/2026 (chậm 2 ngày)");
        says(&proven, "2026-03-12 08:41 (UTC+7) (2 days later)");
        says(&proven, "chủ thể sản xuất, tài khoản số 7");
        says(&proven, "Công đoạn: Sấy\n    Dùng: 500 gói");
        says(&proven, "Stage: Sấy\n    Used: 500 gói");
        says(&proven, "Báo Thái Nguyên: ký lúc 09:00 ngày 12/03/2026");
        says(&proven, "73894 / 109482");
        says(&proven, what_it_means(Language::Vi));
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        let proven = proven(json!({ "ghi\u{1b}[2Jchú": "a\u{1b}[31mb\u{202e}c\u{9b}d\ne" }));
        let text = in_words(&proven);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text:?}");
        says(&proven, "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e");
    }

    #[test]
    fn witnesses_that_are_not_enough_are_no_proof_that_holds() {
        let proven = Proven { has_quorum: Some(false), witnessed: Vec::new(), ..proven(json!({})) };
        says(&proven, "CHƯA ĐỦ người làm chứng");
        assert_eq!(to_json(&proven)["holds"], false);
    }

    #[test]
    fn every_kind_has_words_of_its_own() {
        let words: std::collections::BTreeSet<String> = Kind::ALL
            .iter()
            .flat_map(|known| [kind(known.as_str(), Language::Vi), kind(known.as_str(), Language::En)])
            .collect();
        assert_eq!(words.len(), 2 * Kind::ALL.len());
        assert_eq!(kind("later_kind", Language::Vi), "later_kind");
    }
}
