//! The public facts of an entry as people read them: every member under its name in one language, quantities with their unit, days as
//! they are written. Pure. What it does not know it shows as it stands: nothing that anyone may read must be left out.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::batches::types::VoidReason;
use crate::http::Language;
use crate::register::types::Quantity;
use crate::trace::steps::Step;

use super::telling::clean;

/// Members that are known, by name: in Vietnamese, in English.
const NAMES: &[(&str, &str, &str)] = &[
    ("step", "Việc", "Step"),
    ("name", "Công đoạn", "Stage"),
    ("stage", "Mã công đoạn", "Code of the stage"),
    ("on", "Ngày", "Day"),
    ("time", "Giờ", "Time"),
    ("place", "Nơi làm", "Place"),
    ("village", "Thôn, xóm", "Village"),
    ("in", "Dùng", "Used"),
    ("out", "Làm ra", "Made"),
    ("inputs", "Lấy từ", "Taken from"),
    ("batch", "Lô hàng", "Batch"),
    ("outside", "Lô nguyên liệu", "Lot of raw goods"),
    ("quantity", "Số lượng", "Quantity"),
    ("unit", "Đơn vị", "Unit"),
    ("wait_days", "Ngày cách ly", "Days to wait before harvest"),
    ("files", "Ảnh", "Photo"),
    ("corrects", "Đính chính dòng thứ", "Corrects line"),
    ("first", "Tem từ số", "Stamps from"),
    ("last", "Tem đến số", "Stamps to"),
    ("scratch", "Có mã cào", "With scratch codes"),
    ("product", "Sản phẩm số", "Product no."),
    ("lot", "Mã lô", "Lot"),
    ("packed_on", "Đóng gói ngày", "Packed on"),
    ("last_valid_day", "Dùng đến hết ngày", "Good until"),
    ("open", "Còn mở", "Open"),
    ("standing", "Tình trạng", "Standing"),
    ("was", "Trước đó", "Before"),
    ("minted", "Tem đã phát", "Stamps minted"),
    ("voided", "Tem đã hủy", "Stamps voided"),
    ("reason", "Lý do", "Reason"),
    ("key", "Khóa số", "Key no."),
    ("purpose", "Khóa dùng để", "Purpose of the key"),
    ("public_key", "Khóa công khai", "Public key"),
    ("status", "Trạng thái của khóa", "Status of the key"),
    ("certificate", "Giấy chứng nhận số trong sổ", "Certificate no. in the register"),
    ("stars", "Số sao", "Stars"),
    ("number", "Số giấy chứng nhận", "Number of the certificate"),
    ("decision", "Quyết định", "Decision"),
    ("issuer", "Nơi cấp", "Issuer"),
    ("from", "Có hiệu lực từ", "Valid from"),
    ("to", "Có hiệu lực đến hết", "Valid until"),
    ("revoked_on", "Thu hồi từ ngày", "Revoked on"),
    ("day", "Ngày", "Day"),
    ("count", "Số mục trước nó", "Entries before it"),
    ("chains", "Số lô hàng", "Batches"),
    ("root", "Mã gốc", "Root hash"),
];
/// Members that hold a day.
const DAYS: [&str; 7] = ["on", "packed_on", "last_valid_day", "from", "to", "revoked_on", "day"];
/// Words that stand for something, by member: in Vietnamese, in English.
const WORDS: &[(&str, &str, &str, &str)] = &[
    ("standing", "normal", "bình thường", "normal"),
    ("standing", "suspended", "tạm dừng bán", "suspended"),
    ("standing", "recalled", "bị thu hồi", "recalled"),
    ("was", "normal", "bình thường", "normal"),
    ("was", "suspended", "tạm dừng bán", "suspended"),
    ("was", "recalled", "bị thu hồi", "recalled"),
    ("purpose", "stamp", "ký tem", "signing stamps"),
    ("purpose", "code", "làm mã tra cứu", "making codes to look up"),
    ("purpose", "scratch", "làm mã dưới lớp cào", "making scratch codes"),
    ("purpose", "ledger", "ký sổ cái", "signing the ledger"),
];

/// Each fact with its name, in the order of the entry.
pub(super) fn facts_of(public: &Value, language: Language) -> Vec<(String, String)> {
    let mut told = Told { public, language, lines: Vec::new() };
    match public {
        Value::Object(members) => members.iter().for_each(|(name, value)| told.tell(name, value)),
        other => told.spell("", "", other),
    }
    told.lines
}

struct Told<'a> {
    public: &'a Value,
    language: Language,
    lines: Vec<(String, String)>,
}

impl Told<'_> {
    /// A member of the entry itself.
    fn tell(&mut self, name: &str, value: &Value) {
        let label = self.label(name);
        if let Some(amount) = self.amount(value) {
            self.lines.push((label, amount));
            return;
        }
        match (name, value) {
            ("inputs", Value::Array(items)) => {
                for (item, number) in items.iter().zip(1_usize..) {
                    match self.input(item) {
                        Some(line) => self.lines.push(line),
                        None => self.spell(&format!("{label} {number}"), "", item),
                    }
                }
            }
            ("files", Value::Array(items)) => {
                for (item, number) in items.iter().zip(1_usize..) {
                    self.spell(&format!("{label} {number}"), "", item);
                }
            }
            ("place", Value::Object(place)) => match self.place(place) {
                Some(place) => self.lines.push((label, place)),
                None => self.spell(&label, name, value),
            },
            ("minted" | "voided", Value::Object(stamps)) => match stamps_of(stamps) {
                Some(stamps) => self.lines.push((label, stamps)),
                None => self.spell(&label, name, value),
            },
            _ => self.spell(&label, name, value),
        }
    }

    /// A value by its path; inner ones a line each.
    fn spell(&mut self, label: &str, name: &str, value: &Value) {
        let below = |inner: String| if label.is_empty() { inner } else { format!("{label}, {inner}") };
        match value {
            Value::Object(members) => {
                for (inner, value) in members {
                    let label = below(self.label(inner));
                    self.spell(&label, inner, value);
                }
            }
            Value::Array(items) => {
                for (item, number) in items.iter().zip(1_usize..) {
                    self.spell(&below(number.to_string()), "", item);
                }
            }
            Value::String(text) => self.lines.push((label.to_owned(), self.text(name, text))),
            Value::Null => self.lines.push((label.to_owned(), "–".to_owned())),
            Value::Bool(true) => self.lines.push((label.to_owned(), self.pick("có", "yes").to_owned())),
            Value::Bool(false) => self.lines.push((label.to_owned(), self.pick("không", "no").to_owned())),
            Value::Number(number) => self.lines.push((label.to_owned(), number.to_string())),
        }
    }

    fn pick(&self, vi: &'static str, en: &'static str) -> &'static str {
        self.language.pick(vi, en)
    }

    /// What a member is called; one of later versions keeps its name.
    fn label(&self, name: &str) -> String {
        let step = self.public.get("step").and_then(Value::as_str).and_then(Step::parse);
        let (vi, en) = match (name, step) {
            ("in", Some(Step::ReceiveGoods)) => ("Nhận được", "Received"),
            ("out", Some(Step::Harvest)) => ("Thu được", "Harvested"),
            ("out", Some(Step::Ship)) => ("Xuất đi", "Shipped"),
            ("out", Some(Step::Sell)) => ("Đã bán", "Sold"),
            ("out", Some(Step::Destroy)) => ("Đã hủy", "Destroyed"),
            _ => match NAMES.iter().find(|(known, ..)| *known == name) {
                Some((_, vi, en)) => (*vi, *en),
                None => return clean(name),
            },
        };
        self.pick(vi, en).to_owned()
    }

    fn text(&self, name: &str, text: &str) -> String {
        if let Some((.., vi, en)) = WORDS.iter().find(|(member, word, ..)| *member == name && *word == text) {
            return self.pick(vi, en).to_owned();
        }
        let is_of_stamps = self.public.get("first").is_some();
        let words = match name {
            "step" => Step::parse(text).map(|step| self.pick(step.vi(), step.en()).to_owned()),
            "reason" if is_of_stamps => {
                VoidReason::parse(text).map(|reason| self.pick(reason.vi(), reason.en()).to_owned())
            }
            name if DAYS.contains(&name) => self.day(text),
            _ => None,
        };
        words.unwrap_or_else(|| clean(text))
    }

    fn day(&self, text: &str) -> Option<String> {
        let day: NaiveDate = text.parse().ok()?;
        Some(day.format(self.pick("%d/%m/%Y", "%Y-%m-%d")).to_string())
    }

    /// `{quantity, unit}` and nothing else: an entry counts in thousandths of the unit.
    fn amount(&self, value: &Value) -> Option<String> {
        let members = value.as_object().filter(|members| members.len() == 2)?;
        self.quantity(members)
    }

    fn quantity(&self, members: &Map<String, Value>) -> Option<String> {
        let quantity = Quantity::from_thousandths(members.get("quantity")?.as_i64()?)?;
        let unit = members.get("unit")?.as_str()?;
        Some(format!("{} {}", self.language.decimal(&quantity), clean(unit)))
    }

    /// A lot that went in: which one, and how much of it.
    fn input(&self, item: &Value) -> Option<(String, String)> {
        let members = item.as_object().filter(|members| members.len() == 3)?;
        let quantity = self.quantity(members)?;
        let source = ["batch", "outside"].into_iter().find(|name| members.contains_key(*name))?;
        let number = members.get(source)?.as_u64()?;
        Some((format!("{} {number}", self.label(source)), quantity))
    }

    fn place(&self, members: &Map<String, Value>) -> Option<String> {
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(clean);
        let (code, name) = (text("commune")?, text("name")?);
        (members.len() == 2).then(|| format!("{name} ({} {code})", self.pick("mã", "code")))
    }
}

/// How many stamps, and which if they are spelt out.
fn stamps_of(members: &Map<String, Value>) -> Option<String> {
    let n = members.get("n")?.as_u64()?;
    let ranges = match members.get("ranges")? {
        Value::Array(ranges) => ranges.iter().map(range).collect::<Option<Vec<_>>>()?.join(", "),
        Value::Null => String::new(),
        _ => return None,
    };
    let ranges = if ranges.is_empty() { ranges } else { format!(" ({ranges})") };
    (members.len() == 2).then(|| format!("{n}{ranges}"))
}

fn range(range: &Value) -> Option<String> {
    match range.as_array()?.as_slice() {
        [first, last] => Some(format!("{} – {}", first.as_u64()?, last.as_u64()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(public: &Value, vi: &str, en: &str) {
        for (language, expected) in [(Language::Vi, vi), (Language::En, en)] {
            let lines = facts_of(public, language);
            let said: Vec<String> = lines.iter().map(|(label, value)| format!("{label}: {value}")).collect();
            assert_eq!(said.join("; "), expected);
        }
    }

    #[test]
    fn thousandths_are_told_as_a_quantity_with_its_unit() {
        check(
            &json!({ "step": "pack", "out": { "quantity": 500_000, "unit": "gói" } }),
            "Việc: Đóng gói; Làm ra: 500 gói",
            "Step: Packed; Made: 500 gói",
        );
        check(&json!({ "in": { "quantity": 20_500, "unit": "kg" } }), "Dùng: 20,5 kg", "Used: 20.5 kg");
    }

    #[test]
    fn what_left_is_not_said_to_be_made() {
        let ship = json!({ "step": "ship", "out": { "quantity": 1_000, "unit": "gói" } });
        check(&ship, "Việc: Xuất hàng; Xuất đi: 1 gói", "Step: Shipped; Shipped: 1 gói");
    }

    #[test]
    fn a_lot_that_went_in_stands_beside_its_quantity() {
        check(
            &json!({ "inputs": [{ "batch": 12, "quantity": 60_000, "unit": "kg" }, { "outside": 5, "quantity": 1, "unit": "kg" }] }),
            "Lô hàng 12: 60 kg; Lô nguyên liệu 5: 0,001 kg",
            "Batch 12: 60 kg; Lot of raw goods 5: 0.001 kg",
        );
    }

    #[test]
    fn days_places_and_reasons_are_told_in_words() {
        check(
            &json!({ "on": "2026-11-20", "place": { "commune": "02185", "name": "Xã Côn Minh" } }),
            "Ngày: 20/11/2026; Nơi làm: Xã Côn Minh (mã 02185)",
            "Day: 2026-11-20; Place: Xã Côn Minh (code 02185)",
        );
        check(
            &json!({ "first": 1, "last": 7, "reason": "lost" }),
            "Tem từ số: 1; Tem đến số: 7; Lý do: bị mất",
            "Stamps from: 1; Stamps to: 7; Reason: lost",
        );
    }

    #[test]
    fn an_imported_batch_tells_how_many_stamps_it_has() {
        check(
            &json!({ "open": false, "minted": { "n": 150, "ranges": [[1, 150]] }, "voided": { "n": 0, "ranges": [] } }),
            "Còn mở: không; Tem đã phát: 150 (1 – 150); Tem đã hủy: 0",
            "Open: no; Stamps minted: 150 (1 – 150); Stamps voided: 0",
        );
    }

    #[test]
    fn a_member_that_is_not_known_is_shown_as_it_stands() {
        check(
            &json!({ "glaze": { "tone": [1, null] } }),
            "glaze, tone, 1: 1; glaze, tone, 2: –",
            "glaze, tone, 1: 1; glaze, tone, 2: –",
        );
        let more = json!({ "out": { "quantity": 1_000, "unit": "kg", "more": true } });
        check(
            &more,
            "Làm ra, Số lượng: 1000; Làm ra, Đơn vị: kg; Làm ra, more: có",
            "Made, Quantity: 1000; Made, Unit: kg; Made, more: yes",
        );
    }
}
