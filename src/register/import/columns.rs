//! The headings a register file may have, and which column of the file is which. It knows no cell below the first row.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use super::errors::{ErrorList, RowError, Sentence};
use super::table::{Cell, TableRow};

/// Longest name of a product or producer, issuer or decision (characters): two printed lines.
const MAX_NAME_CHARS: usize = 200;
/// Longest name of a place (characters): the longest commune name of the country has under 40.
const MAX_PLACE_CHARS: usize = 100;
/// Longest address as printed (characters), as the register keeps it.
const MAX_ADDRESS_CHARS: usize = 300;
/// Longest certificate number, number of a decision or file name (characters).
const MAX_SHORT_CHARS: usize = 100;
/// Longest list of standards, reason, or web address a row was found at (characters).
const MAX_LONG_CHARS: usize = 500;
/// Longest list of ingredients (characters), as the register keeps it.
const MAX_INGREDIENTS_CHARS: usize = 1_000;
/// Longest story (characters), as the register keeps it.
const MAX_STORY_CHARS: usize = 5_000;
/// Longest number, date or word from a fixed list (characters): enough to quote a wrong one back.
const MAX_VALUE_CHARS: usize = 40;

/// Declares the columns: the word of files that programs write, the heading in Vietnamese and in English, the longest cell.
macro_rules! columns {
    ($($variant:ident = $code:literal, $vi:literal, $en:literal, $max:expr;)+) => {
        /// A heading a file may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(in crate::register) enum Column {
            $(#[doc = $en] $variant),+
        }

        impl Column {
            /// Every column, in the order of an exported workbook.
            pub(in crate::register) const ALL: &[Self] = &[$(Self::$variant),+];

            /// The heading of files that programs write.
            pub(in crate::register) const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The heading in Vietnamese, as exported.
            pub(in crate::register) const fn vi(self) -> &'static str {
                match self { $(Self::$variant => $vi),+ }
            }

            /// The same in English.
            pub(in crate::register) const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }

            pub(super) const fn max_chars(self) -> usize {
                match self { $(Self::$variant => $max),+ }
            }
        }
    };
}

columns! {
    ProductNo = "product_no", "Số trong sổ", "Number in the register", MAX_VALUE_CHARS;
    Product = "product", "Tên sản phẩm", "Product", MAX_NAME_CHARS;
    ProductEn = "product_en", "Tên tiếng Anh", "Name in English", MAX_NAME_CHARS;
    ProductSet = "product_set", "Nhóm sản phẩm", "Product set", MAX_VALUE_CHARS;
    Stars = "stars", "Hạng sao", "Stars", MAX_VALUE_CHARS;
    State = "state", "Tình trạng trong sổ", "State in the register", MAX_VALUE_CHARS;
    ProducerNo = "producer_no", "Số chủ thể", "Number of the producer", MAX_VALUE_CHARS;
    Producer = "producer", "Chủ thể", "Producer", MAX_NAME_CHARS;
    ProducerKind = "producer_kind", "Loại hình chủ thể", "Kind of producer", MAX_VALUE_CHARS;
    TaxCode = "tax_code", "Mã số thuế", "Tax code", MAX_VALUE_CHARS;
    PrintedAddress = "printed_address", "Địa chỉ trên bao bì", "Address as printed", MAX_ADDRESS_CHARS;
    Village = "village", "Thôn, xóm", "Village", MAX_PLACE_CHARS;
    CommuneCode = "commune_code", "Mã xã, phường", "Commune code", MAX_VALUE_CHARS;
    Commune = "commune", "Xã, phường", "Commune", MAX_PLACE_CHARS;
    FormerCommune = "former_commune", "Xã cũ", "Former commune", MAX_PLACE_CHARS;
    FormerDistrict = "former_district", "Huyện cũ", "Former district", MAX_PLACE_CHARS;
    FormerProvince = "former_province", "Tỉnh cũ", "Former province", MAX_PLACE_CHARS;
    Story = "story", "Câu chuyện sản phẩm", "Story", MAX_STORY_CHARS;
    StoryEn = "story_en", "Câu chuyện tiếng Anh", "Story in English", MAX_STORY_CHARS;
    Ingredients = "ingredients", "Thành phần", "Ingredients", MAX_INGREDIENTS_CHARS;
    Standards = "standards", "Tiêu chuẩn áp dụng", "Standards applied", MAX_LONG_CHARS;
    Gtin = "gtin", "Mã vạch (GTIN)", "Bar code number (GTIN)", MAX_VALUE_CHARS;
    ShelfLife = "shelf_life", "Hạn sử dụng", "Shelf life", MAX_VALUE_CHARS;
    PackQuantity = "pack_quantity", "Lượng một gói", "One pack holds", MAX_VALUE_CHARS;
    PackUnit = "pack_unit", "Đơn vị", "Unit", MAX_VALUE_CHARS;
    Decision = "decision", "Quyết định công nhận", "Decision of recognition", MAX_NAME_CHARS;
    FirstYearSeen = "first_year_seen", "Năm đầu có sao", "First year with these stars", MAX_VALUE_CHARS;
    Source = "source", "Nguồn thông tin", "Source", MAX_LONG_CHARS;
    CertificateId = "certificate_id", "Mã giấy trong sổ", "Certificate's number in the register", MAX_VALUE_CHARS;
    CertificateNo = "certificate_no", "Số giấy chứng nhận", "Certificate number", MAX_SHORT_CHARS;
    CertificateStars = "certificate_stars", "Sao trên giấy", "Stars of the certificate", MAX_VALUE_CHARS;
    Score = "score", "Điểm đánh giá", "Score", MAX_VALUE_CHARS;
    CertificateDecision = "certificate_decision", "Số quyết định cấp giấy", "Decision of the certificate", MAX_SHORT_CHARS;
    Issuer = "issuer", "Nơi cấp", "Issuer", MAX_NAME_CHARS;
    IssuerLevel = "issuer_level", "Cấp công nhận", "Issuer's level", MAX_VALUE_CHARS;
    From = "from", "Có hiệu lực từ", "In force from", MAX_VALUE_CHARS;
    To = "to", "Có hiệu lực đến", "In force until", MAX_VALUE_CHARS;
    RevokedOn = "revoked_on", "Thu hồi từ ngày", "Revoked from", MAX_VALUE_CHARS;
    RevokedReason = "revoked_reason", "Lý do thu hồi", "Reason of the revocation", MAX_LONG_CHARS;
    Image = "image", "Tệp ảnh", "Picture file", MAX_SHORT_CHARS;
}

impl Column {
    const REQUIRED: [Self; 4] = [Self::Product, Self::ProductSet, Self::Producer, Self::ProducerKind];

    /// Whether its text may have several lines; elsewhere a line break is a blank.
    pub(super) const fn has_lines(self) -> bool {
        matches!(self, Self::Story | Self::StoryEn | Self::Ingredients)
    }

    fn parse(heading: &str) -> Option<Self> {
        let heading = folded(heading);
        Self::ALL.iter().copied().find(|column| column.code() == heading || folded(column.vi()) == heading)
    }
}

/// Small letters, composed, blanks alike: how headings and words of a list are compared.
pub(super) fn folded(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a file itself calls its columns, so that an error names the heading a person sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headings(Arc<Vec<(Column, String)>>);

impl Headings {
    /// The heading of a column; of one the file lacks, the one it would have.
    pub(in crate::register) fn of(&self, column: Column) -> &str {
        let own = self.0.iter().find(|(known, _)| *known == column);
        let is_vietnamese = || self.0.iter().any(|(known, text)| *text != known.code());
        match own {
            Some((_, text)) => text,
            None if is_vietnamese() => column.vi(),
            None => column.code(),
        }
    }
}

/// The columns of a file, left to right; `None` where the heading is empty.
pub(super) struct FileColumns {
    columns: Vec<Option<Column>>,
    pub(super) headings: Headings,
}

impl FileColumns {
    /// Where a column is.
    pub(super) fn position(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|known| *known == Some(column))
    }

    /// Whether the column at a place has a heading.
    pub(super) fn has_heading_at(&self, at: usize) -> bool {
        self.columns.get(at).is_some_and(Option::is_some)
    }

    /// Columns under their words, for tests.
    #[cfg(test)]
    pub(super) fn of(columns: &[Option<Column>]) -> Self {
        Self { columns: columns.to_vec(), headings: Headings::default() }
    }
}

/// Reads the headings. A cell under no heading is an error of its row.
pub(super) fn read_headings(row: &TableRow, errors: &mut ErrorList) -> FileColumns {
    let mut columns: Vec<Option<Column>> = Vec::new();
    let mut own = Vec::new();
    for cell in &row.cells {
        let column = match heading_text(cell) {
            None => None,
            Some(name) => match Column::parse(name) {
                None => {
                    errors.push(RowError::new(row.line, name, unknown_heading(name)));
                    None
                }
                Some(column) if columns.contains(&Some(column)) => {
                    errors.push(RowError::new(row.line, name, duplicate_heading()));
                    None
                }
                Some(column) => {
                    own.push((column, name.to_owned()));
                    Some(column)
                }
            },
        };
        columns.push(column);
    }
    let headings = Headings(Arc::new(own));
    for column in Column::REQUIRED {
        if !columns.contains(&Some(column)) {
            errors.push(RowError::new(row.line, headings.of(column), missing_heading(column)));
        }
    }
    FileColumns { columns, headings }
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

fn unknown_heading(name: &str) -> Sentence {
    let name = shorten(name);
    let allowed =
        |pick: fn(Column) -> &'static str| Column::ALL.iter().map(|c| pick(*c)).collect::<Vec<_>>().join(", ");
    Sentence::new(
        format!("Không có tên cột “{name}”. Các tên cột được dùng: {}.", allowed(Column::vi)),
        format!("There is no heading “{name}”. The headings allowed: {}.", allowed(Column::code)),
    )
}

fn duplicate_heading() -> Sentence {
    Sentence::new(
        "Tên cột này có hai lần. Hãy bỏ bớt một cột.",
        "This heading is there twice. Remove one of the columns.",
    )
}

fn missing_heading(column: Column) -> Sentence {
    let (vi, code) = (column.vi(), column.code());
    Sentence::new(
        format!("Thiếu cột bắt buộc “{vi}”. Hãy thêm cột này vào dòng đầu của bảng."),
        format!("The required heading “{code}” is missing. Add it to the first row of the table."),
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
        assert_eq!(columns.position(Column::ProducerKind), Some(0));
        assert_eq!(columns.position(Column::Product), Some(3));
    }

    #[test]
    fn vietnamese_headings_are_read_whatever_their_case_blanks_and_composition() {
        let names = ["TÊN SẢN PHẨM", "nhóm  sản phẩm", " Chủ thể", "Loại hình chu\u{309} thê\u{309}"];
        let mut errors = ErrorList::default();
        let columns = read_headings(&row(&names), &mut errors);
        assert!(errors.into_result().is_ok());
        assert_eq!(columns.position(Column::ProducerKind), Some(3));
        assert_eq!(columns.headings.of(Column::Product), "TÊN SẢN PHẨM", "as the file has it");
        assert_eq!(columns.headings.of(Column::Stars), "Hạng sao", "as such a file would have it");
    }

    #[test]
    fn an_unknown_heading_is_named_with_the_allowed_ones() {
        let errors = errors_of(&[&FOUR[..], &["sao"]].concat());
        assert_eq!(errors.len(), 1);
        assert!(errors[0].vi.contains("“sao”") && errors[0].vi.contains("Huyện cũ, Tỉnh cũ"));
        assert!(errors[0].en.contains("former_district, former_province"));
    }

    #[test]
    fn a_heading_twice_is_refused() {
        let errors = errors_of(&[&FOUR[..], &["stars", "Stars"]].concat());
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].column, "Stars");
    }

    #[test]
    fn each_required_heading_is_missed_by_name() {
        let missed: Vec<String> = errors_of(&["stars"]).into_iter().map(|error| error.column).collect();
        assert_eq!(missed, FOUR);
    }

    #[test]
    fn every_heading_is_read_back_as_its_column() {
        for column in Column::ALL.iter().copied() {
            assert_eq!(Column::parse(column.code()), Some(column));
            assert_eq!(Column::parse(column.vi()), Some(column));
        }
    }
}
