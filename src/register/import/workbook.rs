//! XLSX into rows, streamed cell by cell. The size a sheet claims to have is never used, so memory follows the cells that are there;
//! formulas are never computed, only their stored results are read.

use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader};
use chrono::NaiveDate;

use super::columns::has_heading;
use super::errors::{ErrorList, ImportErrors, RowError, Sentence};
use super::package::{check_package, damaged, too_big};
use super::table::{Cell, MAX_COLUMNS, Table, TableBuilder, TableRow, too_many_columns};

/// Most worksheets looked at for headings: an empty one of 100 MB costs a second to pass over.
const MAX_SHEETS: usize = 5;
/// Most cells visited, formatted but empty ones included: 100,000 empty rows of 40 columns still pass.
const MAX_VISITED_CELLS: u32 = 5_000_000;

/// Reads the first visible worksheet whose first row that is not empty holds a known heading.
pub(super) fn read_workbook(bytes: &[u8]) -> Result<Table, ImportErrors> {
    check_package(bytes)?;
    // The spreadsheet reader calculates with row and column names unchecked, so a hostile name can make it panic. It holds nothing
    // of ours, so the panic is the file's fault and ends with the file.
    catch_unwind(AssertUnwindSafe(|| read_sheets(bytes, MAX_VISITED_CELLS))).unwrap_or_else(|_| Err(damaged().into()))
}

fn read_sheets(bytes: &[u8], mut n_left: u32) -> Result<Table, ImportErrors> {
    let mut workbook = Xlsx::new(std::io::Cursor::new(bytes)).map_err(|_| damaged())?;
    let shown = |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    let names: Vec<String> =
        workbook.sheets_metadata().iter().filter(shown).map(|sheet| sheet.name.clone()).take(MAX_SHEETS).collect();
    for name in names {
        let cells = workbook.worksheet_cells_reader(&name).map_err(|_| damaged())?;
        let mut rows = Rows { cells, waiting: None, last: None, is_over: false, n_left };
        if let Some(first) = rows.next_row()?
            && has_heading(&first)
        {
            let mut table = TableBuilder::default();
            table.push(first)?;
            while let Some(row) = rows.next_row()? {
                table.push(row)?;
            }
            let table = table.finish()?;
            // The stream of cells holds the workbook.
            drop(rows);
            let merged = workbook.merge_cells_by_sheet_name(&name).map_err(|_| damaged())?;
            refuse_merged(table.headings.line, &merged)?;
            return Ok(table);
        }
        n_left = rows.n_left;
    }
    Err(no_headings().into())
}

/// Merged cells below the headings: only the first of them holds a value, so which rows it is meant for is a guess.
fn refuse_merged(heading_line: u32, merged: &[Dimensions]) -> Result<(), ImportErrors> {
    let mut errors = ErrorList::default();
    for region in merged.iter().filter(|region| heading_line <= region.end.0) {
        let range = format!("{}:{}", cell_name(region.start), cell_name(region.end));
        let sentence = Sentence::new(
            format!(
                "Các ô {range} bị gộp làm một nên không rõ giá trị là của dòng nào. Trong Excel, chọn các ô này, bấm “Merge & Center” để bỏ gộp, rồi điền từng ô."
            ),
            format!(
                "The cells {range} are merged, so it is not clear which row the value belongs to. Select them in Excel, press “Merge & Center” to unmerge them, and fill in each cell."
            ),
        );
        errors.push(RowError::new(region.start.0.saturating_add(1), "", sentence));
    }
    errors.into_result()
}

/// What Excel calls a cell, for example `B7`.
fn cell_name((row, column): Position) -> String {
    let (mut letters, mut left) = (String::new(), column.saturating_add(1));
    while let Some(rest) = left.checked_sub(1) {
        let letter = char::from_digit(rest % 26 + 10, 36).unwrap_or('?').to_ascii_uppercase();
        letters.insert(0, letter);
        left = rest / 26;
    }
    format!("{letters}{}", row.saturating_add(1))
}

fn no_headings() -> RowError {
    RowError::file(
        "Không trang tính nào có tên cột ở dòng đầu. Dòng đầu của bảng phải là tên các cột: Tên sản phẩm, Nhóm sản phẩm, Chủ thể, Loại hình chủ thể…",
        "No worksheet has headings in its first row. The first row of the table must hold: product, product_set, producer, producer_kind…",
    )
}

/// Zero-based row and column.
type Position = (u32, u32);

struct Rows<'a, R: Read + Seek> {
    cells: XlsxCellReader<'a, R>,
    /// The first cell of the next row, already taken from the stream.
    waiting: Option<(Position, Cell)>,
    last: Option<Position>,
    /// The stream has ended; asked once more, the reader would call that an error.
    is_over: bool,
    n_left: u32,
}

impl<R: Read + Seek> Rows<'_, R> {
    /// The next row that holds something.
    fn next_row(&mut self) -> Result<Option<TableRow>, RowError> {
        let first = match self.waiting.take() {
            Some(first) => Some(first),
            None => self.next_cell()?,
        };
        let Some(((row, column), cell)) = first else {
            return Ok(None);
        };
        let mut cells = Vec::new();
        let line = row.saturating_add(1);
        put(&mut cells, line, column, cell)?;
        while let Some((position, cell)) = self.next_cell()? {
            if position.0 != row {
                self.waiting = Some((position, cell));
                break;
            }
            put(&mut cells, line, position.1, cell)?;
        }
        Ok(Some(TableRow { line, cells }))
    }

    /// The next cell that is not empty. Cells out of order are refused: the same cell could be there twice.
    fn next_cell(&mut self) -> Result<Option<(Position, Cell)>, RowError> {
        while !self.is_over {
            let Some(record) = self.cells.next_cell_with_formula_metadata().map_err(|_| damaged())? else {
                self.is_over = true;
                break;
            };
            self.n_left = self.n_left.checked_sub(1).ok_or_else(too_big)?;
            if self.last.is_some_and(|last| record.pos <= last) {
                return Err(damaged());
            }
            self.last = Some(record.pos);
            let cell = match (record.value, record.formula) {
                (DataRef::Empty, Some(_)) => Cell::Uncomputed,
                (value, _) => read_value(&value),
            };
            if cell != Cell::Empty {
                return Ok(Some((record.pos, cell)));
            }
        }
        Ok(None)
    }
}

fn put(cells: &mut Vec<Cell>, line: u32, column: u32, cell: Cell) -> Result<(), RowError> {
    let column =
        usize::try_from(column).ok().filter(|column| *column < MAX_COLUMNS).ok_or_else(|| too_many_columns(line))?;
    cells.resize(column, Cell::Empty);
    cells.push(cell);
    Ok(())
}

fn read_value(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) => Cell::text(text),
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Int(number) => Cell::text(&number.to_string()),
        DataRef::Bool(_) => Cell::Bool,
        DataRef::DateTime(moment) => read_moment(moment),
        DataRef::DateTimeIso(text) => read_iso_moment(text),
        DataRef::DurationIso(_) => Cell::OddTime,
        DataRef::Error(error) => Cell::Broken(error.to_string()),
    }
}

fn read_moment(moment: &ExcelDateTime) -> Cell {
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let at_midnight = (hour, minute, second, milli) == (0, 0, 0, 0);
    let date = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day));
    match date {
        Some(date) if at_midnight && moment.is_datetime() => Cell::Date(date),
        _ => Cell::OddTime,
    }
}

/// A date cell of the strict format: `2026-05-31`, or with a time of midnight.
fn read_iso_moment(text: &str) -> Cell {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let at_midnight = time.trim_end_matches('Z').chars().all(|c| matches!(c, '0' | ':' | '.'));
    match NaiveDate::parse_from_str(date, "%Y-%m-%d") {
        Ok(date) if at_midnight => Cell::Date(date),
        _ => Cell::OddTime,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Book, inline, inline_row, number, raw_row};
    use super::*;

    fn table(book: &Book) -> Table {
        read_workbook(&book.zip()).unwrap()
    }

    /// The one reason for which a workbook is refused.
    fn refusal(book: &Book) -> RowError {
        let all = read_workbook(&book.zip()).unwrap_err();
        assert_eq!((all.errors.len(), all.n_more), (1, 0));
        all.errors[0].clone()
    }

    fn headed(rows: &str) -> Book {
        Book::new().sheet("Sheet1", &(inline_row(1, &["product", "stars"]) + rows))
    }

    fn second_row(cells: &[String]) -> Vec<Cell> {
        table(&headed(&raw_row(2, cells))).rows[0].cells.clone()
    }

    #[test]
    fn a_sheet_that_claims_every_cell_of_excel_costs_nothing() {
        let rows = inline_row(1, &["product"]) + "<row r=\"7\"><c r=\"B7\"><v>3</v></c></row>";
        let xml = format!("<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData>{rows}</sheetData></worksheet>");
        let rows = table(&Book::new().raw_sheet("Sheet1", &xml)).rows;
        assert_eq!(rows, [TableRow { line: 7, cells: vec![Cell::Empty, Cell::Number(3.0)] }]);
    }

    #[test]
    fn a_dimension_written_backwards_is_refused_or_read_without_a_panic() {
        let rows = inline_row(1, &["product"]);
        let xml = format!("<worksheet><dimension ref=\"XFD9:A1\"/><sheetData>{rows}</sheetData></worksheet>");
        let outcome = read_workbook(&Book::new().raw_sheet("Sheet1", &xml).zip());
        assert!(outcome == Err(damaged().into()) || outcome.is_ok_and(|table| table.rows.is_empty()));
    }

    #[test]
    fn the_first_visible_sheet_with_headings_is_read() {
        let list = inline_row(1, &["product"]) + &inline_row(2, &["Trà"]);
        let hidden = inline_row(1, &["product"]) + &inline_row(2, &["Ẩn"]);
        let book = Book::new()
            .sheet("Empty", "")
            .sheet("Guide", &inline_row(1, &["Hướng dẫn"]))
            .sheet("Hidden\" state=\"hidden", &hidden)
            .sheet("List", &list);
        assert_eq!(table(&book).rows[0].cells, [Cell::Text("Trà".to_owned())]);
    }

    #[test]
    fn a_workbook_without_headings_is_refused() {
        assert_eq!(refusal(&Book::new().sheet("Sheet1", &inline_row(1, &["Danh sách"]))), no_headings());
        assert_eq!(refusal(&Book::new()), no_headings());
    }

    #[test]
    fn dates_are_read_from_cells_with_a_date_format_only() {
        let date = "<c s=\"1\"><v>46173</v></c>".to_owned();
        let with_time = "<c s=\"1\"><v>46173.25</v></c>".to_owned();
        let iso = "<c t=\"d\"><v>2026-05-31T00:00:00Z</v></c>".to_owned();
        let day = Cell::Date(NaiveDate::from_ymd_opt(2026, 5, 31).unwrap());
        assert_eq!(
            second_row(&[date, with_time, iso, number("46173")]),
            [day.clone(), Cell::OddTime, day, Cell::Number(46173.0)]
        );
    }

    #[test]
    fn an_error_value_a_truth_value_and_a_formula_without_result_are_told_apart() {
        let broken = "<c t=\"e\"><v>#REF!</v></c>".to_owned();
        let truth = "<c t=\"b\"><v>1</v></c>".to_owned();
        let formula = "<c><f>A1&amp;\"x\"</f></c>".to_owned();
        let computed = "<c t=\"str\"><f>A1</f><v>product</v></c>".to_owned();
        let shared = "<c><f t=\"shared\" si=\"4294967295\" ref=\"A2:A3\">A1</f></c>".to_owned();
        let cells = second_row(&[broken, truth, formula, computed, shared]);
        let wanted = [
            Cell::Broken("#REF!".to_owned()),
            Cell::Bool,
            Cell::Uncomputed,
            Cell::Text("product".to_owned()),
            Cell::Uncomputed,
        ];
        assert_eq!(cells, wanted);
    }

    #[test]
    fn a_hundred_thousand_empty_rows_are_passed_over() {
        let empty: Vec<String> =
            (2..100_002).map(|row| format!("<row r=\"{row}\"><c s=\"1\"/><c s=\"1\"/></row>")).collect();
        let rows = table(&headed(&(empty.concat() + &inline_row(100_002, &["Trà"])))).rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].line, 100_002);
    }

    #[test]
    fn empty_cells_of_all_sheets_count_towards_the_visited() {
        let three = "<row r=\"1\"><c s=\"1\"/><c s=\"1\"/><c s=\"1\"/></row>";
        let bytes = Book::new().sheet("A", three).sheet("B", three).zip();
        assert_eq!(read_sheets(&bytes, 6), Err(no_headings().into()));
        assert_eq!(read_sheets(&bytes, 5), Err(too_big().into()));
    }

    #[test]
    fn the_20_001st_row_of_a_sheet_is_refused() {
        let rows: String = (2..=20_002).map(|row| inline_row(row, &["Trà"])).collect();
        assert!(refusal(&headed(&rows)).vi.contains("hơn 20000 dòng"));
    }

    #[test]
    fn a_cell_far_to_the_right_is_refused_with_its_row() {
        let error = refusal(&headed("<row r=\"3\"><c r=\"BM3\"><v>1</v></c></row>"));
        assert_eq!(error.line, 3);
        assert_eq!(table(&headed("<row r=\"3\"><c r=\"BL3\"><v>1</v></c></row>")).rows[0].cells.len(), 64);
    }

    #[test]
    fn merged_cells_below_the_headings_are_refused_by_their_range() {
        let sheet = |merged: &str| {
            let rows =
                inline_row(1, &["product", "stars"]) + &inline_row(2, &["Trà", "3"]) + &inline_row(3, &["", "4"]);
            let merged = format!("<mergeCells count=\"1\"><mergeCell ref=\"{merged}\"/></mergeCells>");
            Book::new().raw_sheet("S", &format!("<worksheet><sheetData>{rows}</sheetData>{merged}</worksheet>"))
        };
        let error = refusal(&sheet("A2:A3"));
        assert_eq!((error.line, error.column.as_str()), (2, ""));
        assert!(error.vi.contains("A2:A3") && error.vi.contains("bỏ gộp"), "{}", error.vi);
        assert_eq!(refusal(&sheet("AA1:AB2")).line, 1, "it reaches below the headings");
        assert_eq!(table(&sheet("C1:D1")).rows.len(), 2, "two headings in one do no harm");
        assert_eq!(cell_name((6, 701)), "ZZ7");
    }

    #[test]
    fn rows_out_of_order_and_cells_there_twice_are_refused() {
        assert_eq!(refusal(&headed(&(inline_row(5, &["a"]) + &inline_row(4, &["b"])))), damaged());
        let twice = "<row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"A2\"><v>2</v></c></row>";
        assert_eq!(refusal(&headed(twice)), damaged());
    }

    #[test]
    fn shared_texts_are_followed() {
        let texts = "<sst uniqueCount=\"1\"><si><t>Miến dong</t></si></sst>";
        let book = headed("<row r=\"2\"><c t=\"s\"><v>0</v></c></row>").entry("xl/sharedStrings.xml", texts.as_bytes());
        assert_eq!(table(&book).rows[0].cells, [Cell::Text("Miến dong".to_owned())]);
        assert_eq!(refusal(&headed("<row r=\"2\"><c t=\"s\"><v>9</v></c></row>")), damaged());
    }

    #[test]
    fn sheet_xml_that_breaks_off_is_refused() {
        let xml = "<worksheet><sheetData><row r=\"1\"><c><v>1";
        assert_eq!(refusal(&Book::new().raw_sheet("Sheet1", xml)), damaged());
    }

    #[test]
    fn a_text_with_spaces_only_is_empty() {
        assert_eq!(
            table(&headed(&raw_row(2, &[inline("  "), number("4")]))).rows[0].cells,
            [Cell::Empty, Cell::Number(4.0)]
        );
    }
}
