//! The trail as a file that a spreadsheet opens (RFC 4180): no cell is taken for a formula, and letters arrive whole. Pure.

use crate::clock::in_vietnam;
use crate::http::without_formulas;

use super::types::TrailEntry;

/// Excel takes a file for UTF-8 by this mark alone.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Headings; the file goes to Vietnamese offices.
const HEADINGS: [&str; 12] = [
    "Số",
    "Lúc",
    "Vai trò",
    "Số tài khoản",
    "Họ và tên",
    "Số mã truy cập",
    "Việc",
    "Đối tượng",
    "Số chủ thể",
    "Chủ thể",
    "Chi tiết",
    "Số yêu cầu",
];
/// What stands before the first entry.
pub(super) fn head() -> String {
    format!("{BYTE_ORDER_MARK}{}", line(HEADINGS.map(str::to_owned)))
}

/// One entry.
pub(super) fn entry_line(entry: &TrailEntry) -> String {
    let (account_no, person) = numbered(entry.person.as_ref().map(|(id, name)| (id.0, name)));
    let (producer_no, producer) = numbered(entry.producer.as_ref().map(|(no, name)| (no.0, name)));
    line([
        entry.entry_no.to_string(),
        in_vietnam(entry.at).format("%Y-%m-%d %H:%M:%S").to_string(),
        entry.role.map_or("", |role| role.as_str()).to_owned(),
        account_no,
        person,
        entry.program.as_ref().map(|(id, _)| id.0.to_string()).unwrap_or_default(),
        entry.act.clone(),
        entry.thing.clone(),
        producer_no,
        producer,
        entry.details_line(),
        entry.request_id.clone().unwrap_or_default(),
    ])
}

fn numbered(of: Option<(i32, &String)>) -> (String, String) {
    of.map_or_else(Default::default, |(no, name)| (no.to_string(), name.clone()))
}

fn line<const N: usize>(cells: [String; N]) -> String {
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    format!("\"{}\"", without_formulas(text).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_quotes_stay_inside() {
        for (text, expected) in [
            ("=1+1", "\"'=1+1\""),
            ("+84", "\"'+84\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("HTX \"Miến\"", "\"HTX \"\"Miến\"\"\""),
            ("a=b", "\"a=b\""),
            ("a;=b", "\"a;'=b\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
