//! TSV and CSV text into rows. It is strict where readers usually forgive: a quotation mark that is not closed, or text after one that is,
//! is refused, because a forgiving reader swallows whole rows into one cell. It never looks at what a cell means.

use super::errors::{RowError, Sentence};
use super::table::{Cell, MAX_COLUMNS, Table, TableBuilder, TableRow, too_many_columns};
use super::types::FileKind;

/// Byte order marks of UTF-16, which Excel's "Unicode text" writes.
const UTF16_MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// Reads TSV or CSV text. The separator of CSV is the one its first line uses.
pub(super) fn read_delimited(bytes: &[u8], kind: FileKind) -> Result<Table, RowError> {
    let text = decode(bytes)?;
    let separator = if kind == FileKind::Tsv { '\t' } else { csv_separator(text) };
    let mut records = Records { rest: text, line: 1, separator };
    let mut table = TableBuilder::default();
    while let Some(row) = records.next_row()? {
        table.push(row)?;
    }
    table.finish()
}

fn decode(bytes: &[u8]) -> Result<&str, RowError> {
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(RowError::file(
            "Tệp lưu theo kiểu “Unicode Text” (UTF-16). Hãy lưu lại theo kiểu “CSV UTF-8” hoặc .xlsx.",
            "The file was saved as “Unicode Text” (UTF-16). Save it again as “CSV UTF-8” or .xlsx.",
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn not_utf8(bytes: &[u8], valid_up_to: usize) -> RowError {
    let good = bytes.get(..valid_up_to).and_then(|part| std::str::from_utf8(part).ok()).unwrap_or_default();
    let sentence = Sentence::new(
        "Từ dòng này có chữ không đúng mã UTF-8 (có thể là TCVN3 hoặc VNI). Hãy lưu lại tệp theo kiểu “CSV UTF-8” hoặc .xlsx.",
        "From this line on there are letters that are not UTF-8 (perhaps TCVN3 or VNI). Save the file again as “CSV UTF-8” or .xlsx.",
    );
    RowError::new(n_line_ends(good).saturating_add(1), "", sentence)
}

/// No heading holds a comma, semicolon or tab, so the first line shows the separator. Excel set to Vietnamese writes semicolons.
fn csv_separator(text: &str) -> char {
    let first_line = text.trim_start().split(['\n', '\r']).next().unwrap_or_default();
    [',', ';', '\t'].into_iter().find(|separator| first_line.contains(*separator)).unwrap_or(',')
}

/// Ends of lines in a text: LF, CR LF, or a lone CR.
fn n_line_ends(text: &str) -> u32 {
    let n = text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count();
    u32::try_from(n).unwrap_or(u32::MAX)
}

struct Records<'a> {
    rest: &'a str,
    line: u32,
    separator: char,
}

enum End {
    Cell,
    Row,
}

impl Records<'_> {
    fn next_row(&mut self) -> Result<Option<TableRow>, RowError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            let (cell, end) = if self.rest.starts_with('"') { self.quoted_cell()? } else { self.plain_cell() };
            if cells.len() < MAX_COLUMNS {
                cells.push(cell);
            } else if cell != Cell::Empty {
                return Err(too_many_columns(line));
            }
            if matches!(end, End::Row) {
                return Ok(Some(TableRow { line, cells }));
            }
        }
    }

    fn plain_cell(&mut self) -> (Cell, End) {
        let n = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(n).unwrap_or((self.rest, ""));
        self.rest = rest;
        (Cell::text(text), self.take_end().unwrap_or(End::Row))
    }

    fn quoted_cell(&mut self) -> Result<(Cell, End), RowError> {
        let opened = self.line;
        let mut text = String::new();
        let mut rest = self.rest.strip_prefix('"').unwrap_or_default();
        loop {
            let Some((part, after)) = rest.split_once('"') else {
                return Err(RowError::new(opened, "", unclosed_quote()));
            };
            text.push_str(part);
            rest = after;
            let Some(after_doubled) = after.strip_prefix('"') else {
                break;
            };
            text.push('"');
            rest = after_doubled;
        }
        self.line = self.line.saturating_add(n_line_ends(&text));
        self.rest = rest;
        let end = self.take_end().ok_or_else(|| RowError::new(opened, "", text_after_quote()))?;
        Ok((Cell::text(&text), end))
    }

    /// Takes what ends a cell; `None` when more text of the cell follows.
    fn take_end(&mut self) -> Option<End> {
        if let Some(rest) = self.rest.strip_prefix(self.separator) {
            self.rest = rest;
            return Some(End::Cell);
        }
        if self.rest.is_empty() {
            return Some(End::Row);
        }
        self.rest = ["\r\n", "\n", "\r"].into_iter().find_map(|end| self.rest.strip_prefix(end))?;
        self.line = self.line.saturating_add(1);
        Some(End::Row)
    }
}

fn unclosed_quote() -> Sentence {
    Sentence::new(
        "Có dấu ngoặc kép (\") mở ở dòng này mà không đóng. Hãy xóa dấu đó, hoặc lưu bảng thành .xlsx.",
        "A quotation mark (\") opened on this line is never closed. Delete it, or save the table as .xlsx.",
    )
}

fn text_after_quote() -> Sentence {
    Sentence::new(
        "Sau dấu ngoặc kép (\") đóng vẫn còn chữ. Trong ô có ngoặc kép, hãy viết hai dấu (\"\") cho mỗi dấu, hoặc lưu bảng thành .xlsx.",
        "There is text after a closing quotation mark (\"). Inside a quoted cell write each mark twice (\"\"), or save the table as .xlsx.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, kind: FileKind) -> Vec<(u32, Vec<String>)> {
        let table = read_delimited(text.as_bytes(), kind).unwrap();
        let all = std::iter::once(table.headings).chain(table.rows);
        all.map(|row| (row.line, row.cells.iter().map(show).collect())).collect()
    }

    fn show(cell: &Cell) -> String {
        match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone(),
            other => format!("{other:?}"),
        }
    }

    fn refusal(text: &[u8]) -> RowError {
        read_delimited(text, FileKind::Csv).unwrap_err()
    }

    #[test]
    fn quotes_hold_separators_quotes_and_line_breaks() {
        let got = rows("a,b\n\"x,y\",\"he said \"\"no\"\"\nthen\"\n", FileKind::Csv);
        assert_eq!(got[1], (2, vec!["x,y".to_owned(), "he said \"no\"\nthen".to_owned()]));
    }

    #[test]
    fn a_row_has_the_physical_line_on_which_it_starts() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,\"x", "y", "\"", "", "2,z"].join(end);
            let lines: Vec<u32> = rows(&text, FileKind::Csv).into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [1, 2, 6], "line end {end:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_heading() {
        assert_eq!(rows("\u{feff}product\tstars\n", FileKind::Tsv)[0].1, ["product", "stars"]);
    }

    #[test]
    fn csv_with_semicolons_is_read_as_vietnamese_excel_writes_it() {
        assert_eq!(rows("a;b\n1,5;2\n", FileKind::Csv)[1].1, ["1,5", "2"]);
    }

    #[test]
    fn bad_utf8_is_refused_with_its_line() {
        let error = refusal(b"a,b\r\n1,2\r\n3,\xE0\r\n");
        assert_eq!(error.line, 3);
        assert!(error.vi.contains("UTF-8"));
    }

    #[test]
    fn utf16_is_refused_with_advice() {
        assert!(refusal(b"\xFF\xFEa\0,\0").vi.contains("UTF-16"));
    }

    #[test]
    fn an_unclosed_quote_is_refused_with_the_line_that_opened_it() {
        let error = refusal(b"a,b\n1,2\n\"3,4\n5,6\n");
        assert_eq!(error.line, 3);
        assert!(error.vi.contains("không đóng"));
    }

    #[test]
    fn text_after_a_closing_quote_is_refused() {
        let error = refusal(b"a,b\n\"x\ny\"z,4\n");
        assert_eq!(error.line, 2);
        assert!(error.vi.contains("vẫn còn chữ"));
    }

    #[test]
    fn a_quote_inside_an_unquoted_cell_is_a_letter() {
        assert_eq!(rows("a\tb\nTrà \"ngon\"\t2\n", FileKind::Tsv)[1].1, ["Trà \"ngon\"", "2"]);
    }

    #[test]
    fn a_cell_beyond_column_64_is_refused_and_an_empty_one_is_not() {
        let wide = format!("a{}\n", ",".repeat(100));
        assert_eq!(rows(&wide, FileKind::Csv).len(), 1);
        assert_eq!(refusal(format!("a\n1{}2\n", ",".repeat(64)).as_bytes()).line, 2);
    }

    fn cell_text() -> impl Strategy<Value = String> {
        proptest::string::string_regex("([a-zđà ,;\"\t\n]{0,8}[a-z\"])?").unwrap()
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_back(table in proptest::collection::vec(proptest::collection::vec(cell_text(), 3), 1..6)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["h,h", "h", "h"]).unwrap();
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let got: Vec<Vec<String>> = rows(&text, FileKind::Csv).into_iter().skip(1).map(|(_, cells)| cells).collect();
            let kept: Vec<Vec<String>> = table.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
            prop_assert_eq!(got, kept);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_delimited(&bytes, FileKind::Csv);
        }
    }
}
