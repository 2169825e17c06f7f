//! How the page names what the trail keeps by codes: acts, things, the names and codes in details. Words only; a code without
//! words is shown as it is, so that nothing is ever left out.

use serde_json::Value;

use crate::http::Language;

/// Acts: room and verb.
const ACTS: &[(&str, &str, &str)] = &[
    ("account.created", "Tạo tài khoản", "Account made"),
    ("account.changed", "Sửa tài khoản", "Account changed"),
    ("account.disabled", "Khóa tài khoản", "Account disabled"),
    ("account.enabled", "Mở lại tài khoản", "Account enabled"),
    ("link.made", "Tạo đường dẫn đặt mật khẩu", "Link made"),
    ("link.used", "Đặt mật khẩu qua đường dẫn", "Link used"),
    ("password.changed", "Đổi mật khẩu", "Password changed"),
    ("session.opened", "Đăng nhập", "Signed in"),
    ("session.ended", "Kết thúc đăng nhập", "Session ended"),
    ("token.created", "Cấp mã truy cập", "Token made"),
    ("token.revoked", "Thu hồi mã truy cập", "Token revoked"),
    ("producer.created", "Thêm chủ thể", "Producer added"),
    ("producer.changed", "Sửa chủ thể", "Producer changed"),
    ("producer.closed", "Đóng chủ thể", "Producer closed"),
    ("producer.reopened", "Mở lại chủ thể", "Producer reopened"),
    ("contact.added", "Thêm liên hệ", "Contact added"),
    ("contact.shared", "Đổi người được xem liên hệ", "Contact shared"),
    ("contact.removed", "Xóa liên hệ", "Contact removed"),
    ("product.added", "Thêm sản phẩm", "Product added"),
    ("product.changed", "Sửa sản phẩm", "Product changed"),
    ("product.closed", "Đóng sản phẩm", "Product closed"),
    ("product.reopened", "Mở lại sản phẩm", "Product reopened"),
    ("product.photos_added", "Thêm ảnh", "Photos added"),
    ("product.photo_first", "Chọn ảnh chính", "Main photo chosen"),
    ("product.photo_removed", "Xóa ảnh", "Photo removed"),
    ("certificate.recognised", "Ghi giấy chứng nhận", "Certificate entered"),
    ("certificate.changed", "Sửa giấy chứng nhận", "Certificate changed"),
    ("certificate.revoked", "Thu hồi giấy chứng nhận", "Certificate revoked"),
    ("paper.added", "Ghi giấy an toàn thực phẩm", "Food-safety paper entered"),
    ("paper.changed", "Sửa giấy an toàn thực phẩm", "Food-safety paper changed"),
    ("paper.closed", "Đóng giấy an toàn thực phẩm", "Food-safety paper closed"),
    ("register.imported", "Nhập sổ từ tệp", "Register imported"),
    ("import.uploaded", "Gửi tệp để nhập", "File handed in for import"),
    ("import.confirmed", "Đồng ý ghi tệp vào sổ", "Import agreed to"),
    ("import.dropped", "Bỏ tệp đã gửi", "File dropped"),
    ("batch.opened", "Mở lô hàng", "Batch opened"),
    ("batch.closed", "Đóng lô hàng", "Batch closed"),
    ("batch.suspended", "Tạm dừng lô hàng", "Batch suspended"),
    ("batch.resumed", "Cho lô hàng tiếp tục", "Batch resumed"),
    ("batch.recalled", "Thu hồi lô hàng", "Batch recalled"),
    ("stamps.minted", "Phát tem", "Stamps minted"),
    ("stamps.voided", "Hủy tem", "Stamps voided"),
    ("scratch.exported", "Xuất mã dưới lớp cào", "Scratch codes exported"),
    ("suspension.proposed", "Đề nghị tạm dừng lô", "Suspension proposed"),
    ("suspension.decided", "Trả lời đề nghị tạm dừng", "Proposal decided"),
    ("quota.set", "Đặt hạn mức tem", "Quota set"),
    ("quota.asked", "Đề nghị thêm tem", "More stamps asked for"),
    ("quota.decided", "Trả lời đề nghị thêm tem", "Request for stamps decided"),
    ("quota.policy_set", "Đổi quy định hạn mức", "Rule of quotas changed"),
    ("event.recorded", "Ghi việc của lô", "Event recorded"),
    ("event.corrected", "Sửa việc đã ghi", "Event corrected"),
    ("lot.shared", "Chia sẻ lô làm nguyên liệu", "Lot shared"),
    ("lot.unshared", "Thôi chia sẻ lô", "Lot shared no more"),
    ("stage.added", "Thêm công đoạn", "Stage added"),
    ("stage.changed", "Sửa công đoạn", "Stage changed"),
    ("stage.moved", "Đổi thứ tự công đoạn", "Stage moved"),
    ("stage.closed", "Đóng công đoạn", "Stage closed"),
    ("stage.reopened", "Mở lại công đoạn", "Stage opened again"),
    ("product.stages_chosen", "Chọn mẫu công đoạn", "Stages chosen"),
    ("key.made", "Tạo khóa", "Key made"),
    ("key.retired", "Cho khóa thôi ký", "Key retired"),
    ("key.compromised", "Ghi khóa có thể đã lộ", "Key marked as compromised"),
];

/// Kinds of things, and where the page of one is.
const THINGS: &[(&str, &str, Option<&str>)] = &[
    ("account", "tài khoản", Some("/people/")),
    ("session", "lần đăng nhập", None),
    ("token", "mã truy cập", None),
    ("producer", "chủ thể", Some("/producers/")),
    ("product", "sản phẩm", Some("/products/")),
    ("certificate", "giấy chứng nhận", Some("/certificates/")),
    ("paper", "giấy", None),
    ("batch", "lô", Some("/batches/")),
    ("quota", "quy định hạn mức", None),
    ("stage", "công đoạn", None),
    ("key", "khóa", None),
    ("register", "sổ đăng ký", None),
    ("import", "lần nhập", Some("/imports/")),
];

/// Names in details in the order in which the page tells them, and codes that stand as their values.
const WORDS: &[(&str, &str)] = &[
    ("count", "số lượng"),
    ("first", "từ tem số"),
    ("last", "đến tem số"),
    ("serial", "tem số"),
    ("scratch", "có mã cào"),
    ("lot", "mã lô"),
    ("line", "dòng số"),
    ("corrects", "thay dòng số"),
    ("stage", "công đoạn"),
    ("inputs", "từ lô"),
    ("template", "mẫu công đoạn"),
    ("with", "chia sẻ với chủ thể"),
    ("packed_on", "đóng gói ngày"),
    ("product", "sản phẩm"),
    ("product_no", "sản phẩm"),
    ("purpose", "dùng cho"),
    ("producer_no", "chủ thể"),
    ("reason", "lý do"),
    ("note", "ghi chú"),
    ("was", "trước đó"),
    ("before", "trước đó"),
    ("on", "từ ngày"),
    ("from", "từ ngày"),
    ("to", "đến ngày"),
    ("stars", "sao"),
    ("set", "nhóm"),
    ("number", "số giấy"),
    ("fields", "các mục"),
    ("changed", "các mục"),
    ("photo", "ảnh"),
    ("proposal", "đề nghị"),
    ("request", "đề nghị"),
    ("state", "kết quả"),
    ("max_stamps", "hạn mức"),
    ("is_enforced", "áp dụng"),
    ("margin_percent", "cộng thêm (%)"),
    ("contact_id", "liên hệ"),
    ("kind", "loại"),
    ("visibility", "ai được xem"),
    ("link", "đường dẫn"),
    ("sessions_ended", "số lần đăng nhập bị kết thúc"),
    ("scopes", "quyền"),
    ("expires", "đến"),
    ("role", "vai trò"),
    ("role_before", "vai trò trước"),
    ("commune", "xã"),
    ("commune_code", "xã"),
    ("commune_before", "xã trước"),
    ("producer_before", "chủ thể trước"),
    ("name", "tên"),
    ("login", "tên đăng nhập"),
    ("name_en", "tên tiếng Anh"),
    ("story", "câu chuyện"),
    ("story_en", "câu chuyện tiếng Anh"),
    ("ingredients", "thành phần"),
    ("standards", "tiêu chuẩn"),
    ("gtin", "mã vạch"),
    ("shelf_life", "hạn sử dụng"),
    ("pack", "một gói"),
    ("score", "điểm"),
    ("decision_no", "số quyết định"),
    ("issuer", "nơi cấp"),
    ("issuer_level", "cấp của nơi cấp"),
    ("days", "ngày hiệu lực"),
    ("scan", "bản quét"),
    ("decision", "quyết định công nhận"),
    ("first_year_seen", "năm đầu có sao"),
    ("source", "nguồn thông tin"),
    ("image", "ảnh"),
    ("issued_on", "ngày cấp"),
    ("valid_to", "ngày cuối"),
    ("scope", "nội dung"),
    ("file", "bản quét"),
    ("village", "thôn"),
    ("printed_address", "địa chỉ in trên bao bì"),
    ("tax_code", "mã số thuế"),
    ("former_commune", "xã cũ"),
    ("former_district", "huyện cũ"),
    ("former_province", "tỉnh cũ"),
    ("rows", "số dòng"),
    ("added", "thêm mới"),
    ("updated", "sửa"),
    ("unchanged", "giữ nguyên"),
    ("bytes", "cỡ tệp (byte)"),
    ("producers_added", "chủ thể mới"),
    ("producers_changed", "chủ thể sửa"),
    ("products_added", "sản phẩm mới"),
    ("products_changed", "sản phẩm sửa"),
    ("certificates_added", "giấy chứng nhận mới"),
    ("certificates_changed", "giấy chứng nhận sửa"),
    ("stamp", "tem"),
    ("code", "mã gõ tay"),
    ("true", "có"),
    ("false", "không"),
    ("office", "văn phòng tỉnh"),
    ("officer", "cán bộ xã"),
    ("producer", "chủ thể"),
    ("inspector", "thanh tra"),
    ("auditor", "kiểm toán"),
    ("read", "xem"),
    ("register:write", "ghi sổ đăng ký"),
    ("batches:write", "mở, đóng lô và hủy tem"),
    ("stamps:mint", "phát tem"),
    ("scratch:read", "xem mã dưới lớp cào"),
    ("public", "công khai"),
    ("offices", "chỉ cơ quan"),
    ("me", "chỉ chủ thể"),
    ("person", "người liên hệ"),
    ("phone", "điện thoại"),
    ("email", "thư điện tử"),
    ("website", "trang web"),
    ("address", "địa chỉ"),
    ("cooperative", "hợp tác xã"),
    ("cooperative_group", "tổ hợp tác"),
    ("company", "công ty"),
    ("household", "hộ gia đình"),
    ("eligibility", "giấy chứng nhận đủ điều kiện an toàn thực phẩm"),
    ("commitment", "bản cam kết an toàn thực phẩm"),
    ("self_declaration", "bản tự công bố sản phẩm"),
    ("haccp", "chứng nhận HACCP"),
    ("iso22000", "chứng nhận ISO 22000"),
    ("vietgap", "chứng nhận VietGAP"),
    ("organic", "chứng nhận hữu cơ"),
    ("test_report", "phiếu kiểm nghiệm"),
    ("misprint", "in hỏng"),
    ("damaged", "hư hỏng"),
    ("lost", "mất"),
    ("stolen", "bị lấy cắp"),
    ("overprint", "in thừa"),
    ("order_cancelled", "hủy đơn hàng"),
    ("other", "khác"),
    ("normal", "bình thường"),
    ("suspended", "tạm dừng"),
    ("recalled", "thu hồi"),
    ("waiting", "đang chờ"),
    ("accepted", "đã tạm dừng lô"),
    ("dismissed", "không chấp nhận"),
    ("approved", "đã duyệt"),
    ("refused", "không duyệt"),
    ("checking", "đang kiểm tra"),
    ("checked", "đã kiểm tra, chờ quyết định"),
    ("writing", "đang ghi vào sổ"),
    ("done", "đã ghi vào sổ"),
    ("failed", "đứt giữa chừng"),
    ("dropped", "đã bị bỏ"),
];

/// Details whose values are codes of ours; those of all others were typed or counted, and stay as they are.
const CODED: &[&str] = &[
    "role",
    "role_before",
    "state",
    "reason",
    "was",
    "before",
    "kind",
    "visibility",
    "scopes",
    "fields",
    "changed",
    "is_enforced",
    "scratch",
    "purpose",
];

/// An act's name.
pub(super) fn act_name(act: &str, language: Language) -> String {
    let known = ACTS.iter().find(|(code, ..)| *code == act);
    known.map_or_else(|| act.to_owned(), |(_, vi, en)| language.pick(vi, en).to_owned())
}

/// What an act was done to: `batch 12` is "lô 12".
pub(super) fn thing_name(thing: &str, language: Language) -> String {
    let (kind, number) = thing.split_once(' ').unwrap_or((thing, ""));
    match (language, THINGS.iter().find(|(code, ..)| *code == kind)) {
        (Language::Vi, Some((_, vi, _))) if number.parse::<u64>().is_ok() => format!("{vi} {number}"),
        (Language::Vi, Some((_, vi, _))) => (*vi).to_owned(),
        _ => thing.to_owned(),
    }
}

/// The page of what an act was done to, if it has one.
pub(super) fn thing_href(thing: &str) -> Option<String> {
    let (kind, number) = thing.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    let (.., start) = THINGS.iter().find(|(code, ..)| *code == kind)?;
    start.map(|start| format!("{start}{number}"))
}

/// Details as one line: "số lượng: 50, lý do: mất".
pub(super) fn details_line(details: &Value, language: Language) -> String {
    let Value::Object(details) = details else { return details.to_string() };
    let mut parts: Vec<_> = details.iter().filter(|(_, value)| !value.is_null()).collect();
    parts.sort_by_key(|(name, _)| WORDS.iter().position(|(known, _)| known == name).unwrap_or(WORDS.len()));
    let text = |name: &str, value: &Value| {
        if CODED.contains(&name) {
            value_text(value, &|code| word(code, language))
        } else {
            value_text(value, &day_text)
        }
    };
    let parts = parts.into_iter().map(|(name, value)| format!("{}: {}", word(name, language), text(name, value)));
    parts.collect::<Vec<_>>().join(", ")
}

fn value_text(value: &Value, say: &dyn Fn(&str) -> String) -> String {
    match value {
        Value::String(text) => say(text),
        Value::Array(values) => values.iter().map(|value| value_text(value, say)).collect::<Vec<_>>().join(" · "),
        other => say(&other.to_string()),
    }
}

/// Days as people write them; anything else as it is.
fn day_text(text: &str) -> String {
    text.parse::<chrono::NaiveDate>().map_or_else(|_| text.to_owned(), |day| day.format("%d/%m/%Y").to_string())
}

/// A code in the page's words.
fn word(code: &str, language: Language) -> String {
    match (language, WORDS.iter().find(|(known, _)| *known == code)) {
        (Language::Vi, Some((_, vi))) => (*vi).to_owned(),
        (Language::En, Some(_)) => code.replace('_', " "),
        (_, None) => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::types::{Role, Scope};
    use serde_json::json;

    #[test]
    fn things_and_details_are_named_in_the_pages_language() {
        assert_eq!(thing_name("batch 12", Language::Vi), "lô 12");
        assert_eq!(thing_name("quota policy", Language::Vi), "quy định hạn mức");
        assert_eq!(thing_name("batch 12", Language::En), "batch 12");
        let details =
            json!({ "count": 50, "on": "2026-11-20", "reason": "lost", "fields": ["story", "gtin"], "to": null });
        assert_eq!(
            details_line(&details, Language::Vi),
            "số lượng: 50, lý do: mất, từ ngày: 20/11/2026, các mục: câu chuyện · mã vạch"
        );
    }

    #[test]
    fn what_has_no_words_is_shown_as_it_is() {
        assert_eq!(act_name("moon.landed", Language::Vi), "moon.landed");
        assert_eq!(thing_name("moon 1", Language::Vi), "moon 1");
        assert_eq!(thing_href("moon 1"), None);
        assert_eq!(
            details_line(&json!({ "crater": "Mốc, rách", "lot": "me" }), Language::Vi),
            "mã lô: me, crater: Mốc, rách"
        );
    }

    #[test]
    fn every_role_and_every_scope_has_a_word() {
        for code in Role::ALL.map(Role::as_str).into_iter().chain(Scope::ALL.map(Scope::as_str)) {
            assert!(WORDS.iter().any(|(known, _)| *known == code), "{code}");
        }
    }

    #[test]
    fn no_code_has_two_words() {
        for (at, (code, _)) in WORDS.iter().enumerate() {
            assert_eq!(WORDS.iter().position(|(known, _)| known == code), Some(at), "{code}");
        }
    }

    #[test]
    fn a_thing_with_a_page_leads_to_it() {
        assert_eq!(thing_href("batch 12").as_deref(), Some("/batches/12"));
        assert_eq!(thing_href("batch <script>"), None);
        assert_eq!(thing_href("session 4"), None);
    }
}
