//! Cells and rows before anyone knows what they mean, and the caps on how many a file may hold. It decides nothing about their content.

use chrono::NaiveDate;

use super::delimited::read_delimited;
use super::errors::{ImportErrors, RowError};
use super::types::{FileKind, ZIP_MAGIC};
use super::workbook::read_workbook;

/// Largest file taken (bytes): 20,000 rows of 700 bytes are 14 MB.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Most rows below the headings: thirty times the register of the first province, which has about 600.
pub const MAX_ROWS: usize = 20_000;
/// Most columns: three times the known headings, so that a stray empty column does no harm.
pub const MAX_COLUMNS: usize = 64;
/// Longest cell kept (bytes): a story of 5,000 letters with two marks each, decomposed, is 35,000; a longer cell is refused in
/// its row.
const MAX_CELL_BYTES: usize = 40 * 1024;
/// Most text kept from one file (bytes): a workbook may point thousands of cells at one long shared text.
const MAX_TABLE_BYTES: usize = 64 * 1024 * 1024;

/// One cell as the file holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Number(f64),
    Date(NaiveDate),
    /// A date with a time of day, a duration, or a date no calendar has.
    OddTime,
    Bool,
    /// An error value such as `#REF!`.
    Broken(String),
    /// A formula whose result was never stored.
    Uncomputed,
    /// A text over the longest cell kept.
    TooLong,
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        if text.trim().is_empty() {
            Self::Empty
        } else if text.len() > MAX_CELL_BYTES {
            Self::TooLong
        } else {
            Self::Text(text.to_owned())
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Broken(text) => text.len(),
            _ => 0,
        }
    }
}

/// One row that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableRow {
    /// Physical line on which the record starts, or row of the worksheet, from 1.
    pub(super) line: u32,
    pub(super) cells: Vec<Cell>,
}

impl TableRow {
    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| *cell == Cell::Empty)
    }
}

/// The first row that is not empty, and those below it.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) headings: TableRow,
    pub(super) rows: Vec<TableRow>,
}

/// Gathers rows and stops at the caps.
#[derive(Debug, Default)]
pub(super) struct TableBuilder {
    headings: Option<TableRow>,
    rows: Vec<TableRow>,
    n_bytes: usize,
}

impl TableBuilder {
    pub(super) fn push(&mut self, row: TableRow) -> Result<(), RowError> {
        if row.is_empty() {
            return Ok(());
        }
        self.n_bytes = self.n_bytes.saturating_add(row.cells.iter().map(Cell::n_bytes).sum());
        if self.n_bytes > MAX_TABLE_BYTES {
            return Err(RowError::file(
                "Bảng có quá nhiều chữ. Hãy chia danh sách thành nhiều tệp nhỏ hơn rồi nhập từng tệp.",
                "The table holds too much text. Split the list into smaller files and import them one by one.",
            ));
        }
        if self.headings.is_none() {
            self.headings = Some(row);
        } else if self.rows.len() < MAX_ROWS {
            self.rows.push(row);
        } else {
            return Err(RowError::file(
                format!("Bảng có hơn {MAX_ROWS} dòng. Hãy chia danh sách thành nhiều tệp nhỏ hơn rồi nhập từng tệp."),
                format!(
                    "The table has more than {MAX_ROWS} rows. Split the list into smaller files and import them one by one."
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Table, RowError> {
        let Some(headings) = self.headings else {
            return Err(RowError::file(
                "Tệp không có dòng nào. Dòng đầu phải là tên các cột: Tên sản phẩm, Nhóm sản phẩm, Chủ thể, Loại hình chủ thể…",
                "The file has no row. The first row must hold the headings: product, product_set, producer, producer_kind…",
            ));
        };
        Ok(Table { headings, rows: self.rows })
    }
}

/// Reads the cells of a file, or refuses the file as a whole.
pub(super) fn read_table(bytes: &[u8], kind: FileKind) -> Result<Table, ImportErrors> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(RowError::file(
            "Tệp nặng hơn 20 MB. Hãy chia danh sách thành nhiều tệp nhỏ hơn rồi nhập từng tệp.",
            "The file is larger than 20 MB. Split the list into smaller files and import them one by one.",
        )
        .into());
    }
    match kind {
        FileKind::Xlsx => read_workbook(bytes),
        FileKind::Tsv | FileKind::Csv if bytes.starts_with(ZIP_MAGIC) => Err(RowError::file(
            "Đây là tệp Excel chứ không phải tệp chữ. Hãy đổi đuôi tên tệp thành .xlsx rồi nhập lại.",
            "This is an Excel file, not a text file. Rename it to end in .xlsx and import it again.",
        )
        .into()),
        FileKind::Tsv | FileKind::Csv => Ok(read_delimited(bytes, kind)?),
    }
}

/// The refusal of a row that has a cell beyond [`MAX_COLUMNS`].
pub(super) fn too_many_columns(line: u32) -> RowError {
    let sentence = super::errors::Sentence::new(
        format!("Dòng này có ô ở sau cột thứ {MAX_COLUMNS}. Hãy xóa các ô thừa bên phải bảng."),
        format!("This row has a cell beyond column {MAX_COLUMNS}. Delete the cells to the right of the table."),
    );
    RowError::new(line, "", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u32, text: &str) -> TableRow {
        TableRow { line, cells: vec![Cell::text(text)] }
    }

    #[test]
    fn the_20_001st_row_is_refused() {
        let mut table = TableBuilder::default();
        for line in 1..=20_001 {
            table.push(row(line, "a")).unwrap();
        }
        let error = table.push(row(20_002, "a")).unwrap_err();
        assert!(error.vi.contains("hơn 20000 dòng"));
    }

    #[test]
    fn empty_rows_are_not_counted() {
        let mut table = TableBuilder::default();
        table.push(row(1, "product")).unwrap();
        for line in 2..100_002 {
            table.push(row(line, " ")).unwrap();
        }
        assert_eq!(table.finish().unwrap().rows.len(), 0);
    }

    #[test]
    fn more_text_than_the_cap_is_refused() {
        let mut table = TableBuilder::default();
        let long = "a".repeat(MAX_CELL_BYTES);
        let full = (1..=2_000).find_map(|line| table.push(row(line, &long)).err());
        assert!(full.unwrap().vi.contains("quá nhiều chữ"));
    }

    #[test]
    fn a_cell_over_the_longest_is_not_kept() {
        assert_eq!(Cell::text(&"a".repeat(MAX_CELL_BYTES + 1)), Cell::TooLong);
    }

    #[test]
    fn a_file_over_20_mib_is_refused_unread() {
        let error = read_table(&vec![b'\n'; MAX_FILE_BYTES + 1], FileKind::Csv).unwrap_err();
        assert!(error.errors[0].vi.contains("20 MB"));
        assert!(read_table(&vec![b'a'; MAX_FILE_BYTES], FileKind::Csv).is_ok());
    }

    #[test]
    fn a_workbook_named_as_text_is_told_apart() {
        let error = read_table(b"PK\x03\x04", FileKind::Csv).unwrap_err();
        assert!(error.errors[0].vi.contains(".xlsx"));
    }
}
