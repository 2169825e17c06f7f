//! The headings a register file may have, and which column of the file is which. It knows no cell below the first row.

use super::errors::{ErrorList, RowError, Sentence};
use super::table::{Cell, TableRow};

/// A heading a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Product,
    ProductSet,
    Producer,
    ProducerKind,
    Village,
    CommuneCode,
    Commune,
    FormerCommune,
    FormerDistrict,
    FormerProvince,
    Stars,
    FirstYearSeen,
    Decision,
    Source,
    CertificateNo,
    Issuer,
    From,
    To,
    Image,
    Standards,
    ShelfLife,
}

/// Longest name of a product or producer, issuer or decision (characters): two printed lines.
const MAX_NAME_CHARS: usize = 200;
/// Longest name of a place (characters): the longest commune name of the country has under 40.
const MAX_PLACE_CHARS: usize = 100;
/// Longest certificate number or file name (characters).
const MAX_SHORT_CHARS: usize = 100;
/// Longest list of standards, or web address a row was found at (characters).
const MAX_LONG_CHARS: usize = 500;
/// Longest number, date or word from a fixed list (characters): enough to quote a wrong one back.
const MAX_VALUE_CHARS: usize = 40;

impl Column {
    pub(super) const ALL: [Self; 21] = [
        Self::Product,
        Self::ProductSet,
        Self::Producer,
        Self::ProducerKind,
        Self::Village,
        Self::CommuneCode,
        Self::Commune,
        Self::FormerCommune,
        Self::FormerDistrict,
        Self::FormerProvince,
        Self::Stars,
        Self::FirstYearSeen,
        Self::Decision,
        Self::Source,
        Self::CertificateNo,
        Self::Issuer,
        Self::From,
        Self::To,
        Self::Image,
        Self::Standards,
        Self::ShelfLife,
    ];

    const REQUIRED: [Self; 4] = [Self::Product, Self::ProductSet, Self::Producer, Self::ProducerKind];

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::ProductSet => "product_set",
            Self::Producer => "producer",
            Self::ProducerKind => "producer_kind",
            Self::Village => "village",
            Self::CommuneCode => "commune_code",
            Self::Commune => "commune",
            Self::FormerCommune => "former_commune",
            Self::FormerDistrict => "former_district",
            Self::FormerProvince => "former_province",
            Self::Stars => "stars",
            Self::FirstYearSeen => "first_year_seen",
            Self::Decision => "decision",
            Self::Source => "source",
            Self::CertificateNo => "certificate_no",
            Self::Issuer => "issuer",
            Self::From => "from",
            Self::To => "to",
            Self::Image => "image",
            Self::Standards => "standards",
            Self::ShelfLife => "shelf_life",
        }
    }

    pub(super) const fn max_chars(self) -> usize {
        match self {
            Self::Product | Self::Producer | Self::Issuer | Self::Decision => MAX_NAME_CHARS,
            Self::Village | Self::Commune | Self::FormerCommune | Self::FormerDistrict | Self::FormerProvince => {
                MAX_PLACE_CHARS
            }
            Self::CertificateNo | Self::Image => MAX_SHORT_CHARS,
            Self::Source | Self::Standards => MAX_LONG_CHARS,
            Self::ProductSet
            | Self::ProducerKind
            | Self::CommuneCode
            | Self::Stars
            | Self::FirstYearSeen
            | Self::From
            | Self::To
            | Self::ShelfLife => MAX_VALUE_CHARS,
        }
    }

    fn parse(heading: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.heading().eq_ignore_ascii_case(heading))
    }
}

/// The columns of the file, left to right; `None` where the heading is empty. A cell under no heading is an error of its row.
pub(super) fn read_headings(row: &TableRow, errors: &mut ErrorList) -> Vec<Option<Column>> {
    let mut columns: Vec<Option<Column>> = Vec::new();
    for cell in &row.cells {
        let column = match heading_text(cell) {
            None => None,
            Some(name) => match Column::parse(name) {
                None => {
                    errors.push(RowError::new(row.line, name, unknown_heading(name)));
                    None
                }
                Some(column) if columns.contains(&Some(column)) => {
                    errors.push(RowError::new(row.line, column.heading(), duplicate_heading()));
                    None
                }
                Some(column) => Some(column),
            },
        };
        columns.push(column);
    }
    for column in Column::REQUIRED {
        if !columns.contains(&Some(column)) {
            errors.push(RowError::new(row.line, column.heading(), missing_heading(column.heading())));
        }
    }
    columns
}

/// Whether a row holds at least one known heading: how the right worksheet is found.
pub(super) fn has_heading(row: &TableRow) -> bool {
    row.cells.iter().filter_map(heading_text).any(|name| Column::parse(name).is_some())
}

fn heading_text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Empty => None,
        Cell::Text(text) => Some(text.trim()).filter(|name| !name.is_empty()),
        _ => Some("?"),
    }
}

fn allowed() -> String {
    Column::ALL.map(Column::heading).join(", ")
}

fn unknown_heading(name: &str) -> Sentence {
    let (name, allowed) = (shorten(name), allowed());
    Sentence::new(
        format!("Không có tên cột “{name}”. Các tên cột được dùng: {allowed}."),
        format!("There is no heading “{name}”. The headings allowed: {allowed}."),
    )
}

fn duplicate_heading() -> Sentence {
    Sentence::new(
        "Tên cột này có hai lần. Hãy bỏ bớt một cột.",
        "This heading is there twice. Remove one of the columns.",
    )
}

fn missing_heading(name: &str) -> Sentence {
    Sentence::new(
        format!("Thiếu cột bắt buộc “{name}”. Hãy thêm cột này vào dòng đầu của bảng."),
        format!("The required heading “{name}” is missing. Add it to the first row of the table."),
    )
}

/// The start of a text, to quote it in an error without copying a whole page.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_VALUE_CHARS).collect();
    if text.chars().nth(MAX_VALUE_CHARS).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(names: &[&str]) -> TableRow {
        TableRow { line: 1, cells: names.iter().map(|name| Cell::text(name)).collect() }
    }

    fn errors_of(names: &[&str]) -> Vec<RowError> {
        let mut errors = ErrorList::default();
        read_headings(&row(names), &mut errors);
        errors.into_result().err().map(|all| all.errors).unwrap_or_default()
    }

    const FOUR: [&str; 4] = ["product", "product_set", "producer", "producer_kind"];

    #[test]
    fn headings_stand_in_any_order_and_case_with_spaces_around() {
        let mut errors = ErrorList::default();
        let columns = read_headings(&row(&[" Producer_Kind ", "PRODUCER", "product_set", "product"]), &mut errors);
        assert!(errors.into_result().is_ok());
        assert_eq!(columns[0], Some(Column::ProducerKind));
        assert_eq!(columns[3], Some(Column::Product));
    }

    #[test]
    fn an_unknown_heading_is_named_with_the_allowed_ones() {
        let errors = errors_of(&[&FOUR[..], &["sao"]].concat());
        assert_eq!(errors.len(), 1);
        assert!(errors[0].vi.contains("“sao”") && errors[0].vi.contains("former_district, former_province, stars"));
    }

    #[test]
    fn a_heading_twice_is_refused() {
        let errors = errors_of(&[&FOUR[..], &["stars", "Stars"]].concat());
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].column, "stars");
    }

    #[test]
    fn each_required_heading_is_missed_by_name() {
        let missed: Vec<String> = errors_of(&["stars"]).into_iter().map(|error| error.column).collect();
        assert_eq!(missed, FOUR);
    }

    #[test]
    fn every_heading_is_read_back_as_its_column() {
        for column in Column::ALL {
            assert_eq!(Column::parse(column.heading()), Some(column));
        }
    }
}
