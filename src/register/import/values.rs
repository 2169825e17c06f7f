//! One cell into one value: texts, numbers, dates and words of the register. Each function knows its cell only, never the row around it.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

use crate::text::is_hidden;

use super::columns::{Column, shorten};
use super::dates::{check_year, parse_date};
use super::errors::Sentence;
use super::table::Cell;
use super::types::ShelfLife;

/// Largest number a spreadsheet cell keeps exactly (Excel: 15 digits); a longer certificate number has already lost its end.
const MAX_EXACT_NUMBER: f64 = 999_999_999_999_999.0;
/// Largest commune code: five digits (Decision 124/2004 and its successors).
const MAX_COMMUNE_CODE: f64 = 99_999.0;
/// Longest shelf life taken: ten years, beyond which a slip of the pen is likelier.
const MAX_SHELF_DAYS: u16 = 3_650;
/// The same in months.
const MAX_SHELF_MONTHS: u16 = 120;
/// Endings of picture files that the label and page code can read.
const IMAGE_ENDINGS: [&str; 3] = [".jpg", ".jpeg", ".png"];

/// A cell that holds something a column may take.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Trimmed, without control characters, within the column's length; never empty.
    Text(String),
    Number(f64),
    Date(NaiveDate),
}

impl Value {
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::Text(text) => shorten(text),
            Self::Number(number) => shorten(&number.to_string()),
            Self::Date(date) => date.to_string(),
        }
    }
}

/// What a cell holds, or why no column can take it.
pub(super) fn read_value(cell: &Cell, column: Column) -> Result<Option<Value>, Sentence> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Text(text) => clean(text, column).map(|text| Some(Value::Text(text))),
        Cell::Number(number) => Ok(Some(Value::Number(*number))),
        Cell::Date(date) => Ok(Some(Value::Date(*date))),
        Cell::TooLong => Err(too_long(column.max_chars())),
        Cell::OddTime => Err(Sentence::new(
            "Ô này chứa giờ chứ không chỉ ngày. Hãy viết lại ngày, không kèm giờ.",
            "This cell holds a time of day, not only a date. Write the date alone.",
        )),
        Cell::Bool => Err(Sentence::new(
            "Ô này chứa TRUE hoặc FALSE. Hãy viết lại nội dung bằng chữ.",
            "This cell holds TRUE or FALSE. Write the content as text.",
        )),
        Cell::Broken(error) => Err(Sentence::new(
            format!("Ô này báo lỗi {error} của Excel. Hãy sửa công thức hoặc gõ thẳng giá trị."),
            format!("This cell shows Excel's error {error}. Correct the formula or type the value itself."),
        )),
        Cell::Uncomputed => Err(Sentence::new(
            "Ô này có công thức nhưng chưa có kết quả. Hãy mở tệp bằng Excel, lưu lại, hoặc gõ thẳng giá trị.",
            "This cell has a formula without a stored result. Open the file in Excel and save it, or type the value itself.",
        )),
    }
}

/// Composes and trims, turns a line break into a blank where a column has one line, and refuses characters that cannot be seen.
fn clean(text: &str, column: Column) -> Result<String, Sentence> {
    let text = laid_out(text, column);
    if let Some(hidden) = text.chars().find(|c| is_hidden(*c) && *c != '\n') {
        let code = u32::from(hidden);
        return Err(Sentence::new(
            format!("Trong ô có ký tự ẩn hoặc hỏng (U+{code:04X}). Hãy xóa ô và gõ lại bằng tay."),
            format!("The cell has a hidden or damaged character (U+{code:04X}). Clear the cell and type it again."),
        ));
    }
    if text.chars().nth(column.max_chars()).is_some() {
        return Err(too_long(column.max_chars()));
    }
    Ok(text)
}

/// A text that the register has as a cell of this column holds it: what is read back from an exported workbook is equal to it.
pub(in crate::register) fn as_read(text: &str, column: Column) -> String {
    let seen: String = text.chars().filter(|c| *c == '\n' || *c == '\r' || !is_hidden(*c)).collect();
    laid_out(&seen, column)
}

fn laid_out(text: &str, column: Column) -> String {
    let composed: String = text.nfc().collect();
    if column.has_lines() {
        return composed.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    }
    let lines: Vec<&str> = composed.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

fn too_long(max_chars: usize) -> Sentence {
    Sentence::new(
        format!("Ô này dài hơn {max_chars} chữ cái. Hãy viết ngắn lại."),
        format!("This cell is longer than {max_chars} characters. Make it shorter."),
    )
}

/// A text; a whole number in a spreadsheet cell counts as the digits it shows.
pub(super) fn read_text(value: Value) -> Result<String, Sentence> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Number(number) if number.fract() == 0.0 && number.abs() <= MAX_EXACT_NUMBER => {
            Ok(format!("{number:.0}"))
        }
        Value::Number(_) => {
            let shown = value.quoted();
            Err(Sentence::new(
                format!(
                    "Excel giữ ô này như số {shown} nên có thể đã mất chữ số. Hãy định dạng ô là Text (Văn bản) rồi gõ lại."
                ),
                format!(
                    "Excel keeps this cell as the number {shown}, so digits may be lost. Format the cell as Text and type it again."
                ),
            ))
        }
        Value::Date(date) => Err(Sentence::new(
            format!("Excel đã đổi ô này thành ngày {date}. Hãy định dạng ô là Text (Văn bản) rồi gõ lại."),
            format!("Excel turned this cell into the date {date}. Format the cell as Text and type it again."),
        )),
    }
}

/// A whole number in a range. `7.0` is 7, as spreadsheets export it.
pub(super) fn read_whole(value: &Value, range: &RangeInclusive<u16>) -> Result<u16, Sentence> {
    let digits = match value {
        Value::Text(text) => text.strip_suffix(".0").unwrap_or(text).to_owned(),
        Value::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Value::Number(_) | Value::Date(_) => String::new(),
    };
    let number = if is_digits(&digits) { digits.parse().ok() } else { None };
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        let (first, last, quoted) = (range.start(), range.end(), value.quoted());
        Sentence::new(
            format!("Ô này phải là số nguyên từ {first} đến {last}, không phải “{quoted}”."),
            format!("This must be a whole number from {first} to {last}, not “{quoted}”."),
        )
    })
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A commune code. A spreadsheet that keeps it as a number has dropped its leading zero, and only then is the zero put back.
pub(super) fn read_commune_code(value: &Value) -> Result<String, Sentence> {
    match value {
        Value::Text(text) if text.len() == 5 && is_digits(text) => Ok(text.clone()),
        Value::Number(number) if number.fract() == 0.0 && (1.0..=MAX_COMMUNE_CODE).contains(number) => {
            Ok(format!("{number:0>5.0}"))
        }
        other => {
            let quoted = other.quoted();
            Err(Sentence::new(
                format!(
                    "Mã xã phải có đúng 5 chữ số, ví dụ 01843, không phải “{quoted}”. Hãy xem có mất số 0 ở đầu không."
                ),
                format!(
                    "A commune code has exactly 5 digits, such as 01843, not “{quoted}”. See whether a leading zero is missing."
                ),
            ))
        }
    }
}

/// An ISO date, or a real date cell of a spreadsheet.
pub(super) fn read_date(value: &Value) -> Result<NaiveDate, Sentence> {
    match value {
        Value::Date(date) => check_year(*date),
        Value::Text(text) => parse_date(text),
        Value::Number(number) if number.fract() == 0.0 => parse_date(&format!("{number:.0}")),
        Value::Number(number) => parse_date(&number.to_string()),
    }
}

/// A shelf life with its unit.
pub(super) fn read_shelf_life(value: &Value) -> Result<ShelfLife, Sentence> {
    let text = value.quoted();
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(n_digits).unwrap_or(("", &text));
    let count = digits.parse::<u16>().ok().filter(|count| *count > 0);
    let life = match (count, without_marks(unit.trim()).as_str()) {
        (Some(count), "thang" | "months" | "month" | "m") => Some(ShelfLife::Months(count)),
        (Some(count), "ngay" | "days" | "day" | "d") => Some(ShelfLife::Days(count)),
        (_, "") => {
            return Err(Sentence::new(
                format!("“{text}” thiếu đơn vị. Hãy viết rõ, ví dụ “{text} tháng” hoặc “{text} ngày”."),
                format!("“{text}” has no unit. Write for example “{text} months” or “{text} days”."),
            ));
        }
        _ => None,
    };
    let within = |life: &ShelfLife| match life {
        ShelfLife::Days(count) => *count <= MAX_SHELF_DAYS,
        ShelfLife::Months(count) => *count <= MAX_SHELF_MONTHS,
    };
    life.filter(within).ok_or_else(|| {
        Sentence::new(
            format!("Không hiểu hạn sử dụng “{text}”. Hãy viết số tháng hoặc số ngày, ví dụ “30 tháng”, “45 ngày” (nhiều nhất 10 năm)."),
            format!("The shelf life “{text}” is not understood. Write months or days, for example “30 months”, “45 days” (at most 10 years)."),
        )
    })
}

/// Lower case, with the tone marks of "tháng" and "ngày" removed, composed or not, so that both ways of typing them count.
fn without_marks(unit: &str) -> String {
    let lower = unit.to_lowercase();
    let bare = lower.chars().filter(|c| !matches!(c, '\u{300}' | '\u{301}'));
    bare.map(|c| if matches!(c, 'á' | 'à') { 'a' } else { c }).collect()
}

/// The name of a picture beside the import file: never a way out of its folder.
pub(super) fn read_image(value: Value) -> Result<String, Sentence> {
    let name = read_text(value)?;
    let stays = !name.contains(['\\', ':']) && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let lower = name.to_lowercase();
    if stays && IMAGE_ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
        return Ok(name);
    }
    Err(Sentence::new(
        "Hãy viết tên tệp ảnh .jpg hoặc .png nằm cùng thư mục với bảng này, ví dụ “anh/mien-dong.jpg”.",
        "Write the name of a .jpg or .png file in the folder of this table, for example “pictures/noodles.jpg”.",
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn text_is_trimmed_and_a_line_break_becomes_one_space() {
        assert_eq!(clean("\u{a0} Miến \r\n dong ", Column::Product), Ok("Miến dong".to_owned()));
    }

    #[test]
    fn a_story_keeps_its_lines_and_letters_are_composed() {
        assert_eq!(clean(" Một\r\n\r\nHai ", Column::Story), Ok("Một\n\nHai".to_owned()));
        assert_eq!(clean("Mie\u{302}\u{301}n", Column::Product), Ok("Miến".to_owned()));
    }

    #[test]
    fn what_the_register_has_is_compared_as_a_cell_is_read() {
        for (column, text) in [(Column::Story, "a\r\nb\u{7}"), (Column::Village, "tho\u{302}n\nA\u{200b} ")] {
            let shown = as_read(text, column);
            assert_eq!(clean(&shown, column), Ok(shown.clone()));
        }
    }

    #[test]
    fn control_and_hidden_characters_are_refused_by_their_code() {
        for (hidden, code) in
            [("\t", "U+0009"), ("\0", "U+0000"), ("\u{202e}", "U+202E"), ("\u{200b}", "U+200B"), ("\u{fffd}", "U+FFFD")]
        {
            assert!(clean(&format!("a{hidden}b"), Column::Product).unwrap_err().vi.contains(code));
        }
    }

    #[test]
    fn length_is_counted_in_characters_not_bytes() {
        assert!(clean(&"ế".repeat(200), Column::Product).is_ok());
        assert!(clean(&"e".repeat(201), Column::Product).unwrap_err().vi.contains("200"));
    }

    #[test]
    fn a_whole_number_in_a_text_column_is_its_digits_and_any_other_is_refused() {
        assert_eq!(read_text(Value::Number(2890.0)), Ok("2890".to_owned()));
        assert!(read_text(Value::Number(12.5)).is_err());
        assert!(read_text(Value::Number(1e15)).is_err());
        assert!(read_text(Value::Number(1e300)).unwrap_err().vi.len() < 300, "a huge number is quoted short");
        assert!(
            read_text(Value::Date(NaiveDate::from_ymd_opt(2026, 2, 1).unwrap())).unwrap_err().vi.contains("2026-02-01")
        );
    }

    #[test]
    fn whole_numbers_are_read_from_digits_and_integer_floats_only() {
        for seven in [text("7"), text("07"), text("7.0"), Value::Number(7.0)] {
            assert_eq!(read_whole(&seven, &(1..=26)), Ok(7));
        }
        for bad in [
            text("0"),
            text("27"),
            text("+7"),
            text("7,0"),
            text("7.00"),
            text(""),
            Value::Number(7.5),
            Value::Number(-7.0),
            Value::Number(f64::NAN),
        ] {
            assert!(read_whole(&bad, &(1..=26)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_commune_code_has_five_digits_and_only_a_numeric_cell_is_padded() {
        assert_eq!(read_commune_code(&text("01843")), Ok("01843".to_owned()));
        assert_eq!(read_commune_code(&Value::Number(1843.0)), Ok("01843".to_owned()));
        for bad in [
            text("1843"),
            text("018430"),
            text("0184a"),
            Value::Number(0.0),
            Value::Number(100_000.0),
            Value::Number(1843.5),
        ] {
            assert!(read_commune_code(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_shelf_life_is_read_with_its_unit() {
        for months in ["30 tháng", "30 months", "30m", "30 THÁNG", "30 tha\u{301}ng"] {
            assert_eq!(read_shelf_life(&text(months)), Ok(ShelfLife::Months(30)), "{months}");
        }
        for days in ["45 ngày", "45 days", "45d", "45 nga\u{300}y"] {
            assert_eq!(read_shelf_life(&text(days)), Ok(ShelfLife::Days(45)), "{days}");
        }
    }

    #[test]
    fn a_shelf_life_without_unit_asks_for_it() {
        for bare in [text("30"), Value::Number(30.0)] {
            assert!(read_shelf_life(&bare).unwrap_err().vi.contains("“30 tháng” hoặc “30 ngày”"));
        }
    }

    #[test]
    fn a_shelf_life_of_another_shape_or_over_ten_years_is_refused() {
        for bad in ["2 năm", "12-18 tháng", "0 ngày", "tháng", "1,5 tháng", "121 tháng", "3651 ngày", "99999 ngày"]
        {
            assert!(read_shelf_life(&text(bad)).is_err(), "{bad}");
        }
        assert!(read_shelf_life(&text("120 tháng")).is_ok());
    }

    #[test]
    fn a_picture_stays_in_the_folder_of_the_file() {
        assert!(read_image(text("anh/Miến dong.JPG")).is_ok());
        for bad in
            ["../a.png", "/etc/a.png", "C:\\a.png", "a\\b.png", "a//b.png", "http://x/a.png", "a.svg", "a", "./a.png"]
        {
            assert!(read_image(text(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_in_a_date_column_is_refused_with_its_readings() {
        assert!(read_date(&Value::Number(46173.0)).is_err());
        assert!(read_date(&Value::Number(310_526.0)).unwrap_err().vi.contains("2026-05-31"));
    }

    #[test]
    fn cells_without_a_usable_value_are_refused() {
        for cell in [Cell::OddTime, Cell::Bool, Cell::Uncomputed, Cell::TooLong] {
            assert!(read_value(&cell, Column::Product).is_err(), "{cell:?}");
        }
        assert!(read_value(&Cell::Broken("#REF!".to_owned()), Column::Product).unwrap_err().vi.contains("#REF!"));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(any in "\\PC{0,30}") {
            let value = text(&any);
            let _ = (read_shelf_life(&value), read_date(&value), read_commune_code(&value), read_whole(&value, &(1..=5)), read_image(value));
        }
    }
}
