//! What pages of products call things, in both languages. Text only: what applies is decided elsewhere.

use chrono::NaiveDate;

use crate::error::Missing;
use crate::http::Language;
use crate::register::types::{CertificateState, Pack, ProducerKind, ShelfLife};

use super::filter::{CertificateFilter, Closed, ProductSort};
use super::types::Lists;

/// A day as people write it.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// What a producer is in law.
pub(super) const fn kind(kind: ProducerKind, language: Language) -> &'static str {
    match kind {
        ProducerKind::Cooperative => language.pick("Hợp tác xã", "Cooperative"),
        ProducerKind::Company => language.pick("Công ty", "Company"),
        ProducerKind::Household => language.pick("Hộ sản xuất, kinh doanh", "Household"),
        ProducerKind::CooperativeGroup => language.pick("Tổ hợp tác", "Cooperative group"),
    }
}

/// How certificates stand, as a filter calls it.
pub(super) const fn standing(state: CertificateFilter, language: Language) -> &'static str {
    match state {
        CertificateFilter::InForce => language.pick("Còn hiệu lực", "In force"),
        CertificateFilter::Lapsed => language.pick("Đã hết hạn", "Lapsed"),
        CertificateFilter::NotYetValid => language.pick("Chưa đến ngày hiệu lực", "Not yet valid"),
        CertificateFilter::Revoked => language.pick("Đã bị thu hồi", "Revoked"),
        CertificateFilter::Unknown => language.pick("Chưa có ngày", "No dates"),
    }
}

/// How certificates stand on a day, with the chip's class and the day that matters.
pub(super) fn state(state: CertificateState, last_day: Option<NaiveDate>, language: Language) -> StateWords {
    let (filter, class, day) = match state {
        CertificateState::InForce => (CertificateFilter::InForce, "good", last_day),
        CertificateState::Lapsed { last_day } => (CertificateFilter::Lapsed, "bad", Some(last_day)),
        CertificateState::NotYetValid { first_day } => (CertificateFilter::NotYetValid, "care", Some(first_day)),
        CertificateState::Revoked { on } => (CertificateFilter::Revoked, "bad", Some(on)),
        CertificateState::Unknown => (CertificateFilter::Unknown, "plain", None),
    };
    let before_day = match state {
        CertificateState::InForce => language.pick("đến", "until"),
        CertificateState::Lapsed { .. } | CertificateState::Revoked { .. } => language.pick("ngày", "on"),
        CertificateState::NotYetValid { .. } | CertificateState::Unknown => language.pick("từ", "from"),
    };
    let day = day.map(|day| format!("{before_day} {}", self::day(day)));
    StateWords { class, text: standing(filter, language), day }
}

/// A state in words.
pub(super) struct StateWords {
    /// The chip's class.
    pub(super) class: &'static str,
    /// What it says.
    pub(super) text: &'static str,
    /// The day that matters.
    pub(super) day: Option<String>,
}

/// What a list is sorted by.
pub(super) const fn sort(sort: ProductSort, language: Language) -> &'static str {
    match sort {
        ProductSort::Name => language.pick("Tên", "Name"),
        ProductSort::Set => language.pick("Nhóm sản phẩm", "Set"),
        ProductSort::Stars => language.pick("Nhiều sao nhất", "Most stars"),
        ProductSort::Ends => language.pick("Chứng nhận kết thúc sớm nhất", "Certificate ending first"),
        ProductSort::Newest => language.pick("Mới thêm", "Newest"),
    }
}

/// Whether closed products are shown.
pub(super) const fn closed(closed: Closed, language: Language) -> &'static str {
    match closed {
        Closed::Hidden => language.pick("Đang trong sổ", "In the register"),
        Closed::Only => language.pick("Đã đóng", "Closed"),
        Closed::Shown => language.pick("Tất cả", "All"),
    }
}

/// A set with its number.
pub(super) fn set(set_no: u8, lists: &Lists, language: Language) -> String {
    match lists.set(set_no) {
        Some(set) => format!("{set_no} – {}", language.pick(&set.vi, &set.en)),
        None => set_no.to_string(),
    }
}

/// A number of stars.
pub(super) fn stars(stars: u8, language: Language) -> String {
    format!("{stars} {}", language.pick("sao", if stars == 1 { "star" } else { "stars" }))
}

/// A shelf life.
pub(super) fn shelf_life(shelf_life: ShelfLife, language: Language) -> String {
    let plural = |n: u16, one: &'static str, more: &'static str| if n == 1 { one } else { more };
    match shelf_life {
        ShelfLife::Days(n) => format!("{n} {}", language.pick("ngày", plural(n, "day", "days"))),
        ShelfLife::Months(n) => format!("{n} {}", language.pick("tháng", plural(n, "month", "months"))),
    }
}

/// What one pack holds; Vietnam writes a decimal comma.
pub(super) fn pack(pack: &Pack, language: Language) -> String {
    format!("{} {}", language.decimal(&pack.quantity), pack.unit.as_str())
}

/// A mandatory item, as the checklist of a product calls it.
pub(super) const fn item(item: Missing, language: Language) -> &'static str {
    match item {
        Missing::Name => language.pick("Tên sản phẩm", "Product name"),
        Missing::Image => language.pick("Ảnh sản phẩm", "Photo of the product"),
        Missing::Producer => language.pick("Tên chủ thể", "Producer's name"),
        Missing::Address => language.pick("Địa chỉ chủ thể", "Producer's address"),
        Missing::Standards => language.pick("Tiêu chuẩn áp dụng", "Standards applied"),
        Missing::ShelfLife => language.pick("Hạn sử dụng", "Shelf life"),
    }
}

/// What the form calls a field.
pub(super) fn field(name: &str, language: Language) -> &'static str {
    match name {
        "producer" => language.pick("Chủ thể", "Producer"),
        "name" => language.pick("Tên sản phẩm", "Name"),
        "name_en" => language.pick("Tên tiếng Anh", "Name in English"),
        "set" => language.pick("Nhóm sản phẩm", "Product set"),
        "stars" => language.pick("Hạng sao", "Stars"),
        "story" => language.pick("Câu chuyện sản phẩm", "Story"),
        "story_en" => language.pick("Câu chuyện tiếng Anh", "Story in English"),
        "ingredients" => language.pick("Thành phần", "Ingredients"),
        "standards" => language.pick("Tiêu chuẩn áp dụng", "Standards applied"),
        "gtin" => language.pick("Mã vạch (GTIN)", "Bar code number (GTIN)"),
        "shelf_life_n" => language.pick("Hạn sử dụng", "Shelf life"),
        "shelf_life_unit" => language.pick("Tính theo", "Counted in"),
        "pack_quantity" => language.pick("Lượng một gói", "One pack holds"),
        _ => language.pick("Đơn vị", "Unit"),
    }
}
