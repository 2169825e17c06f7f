//! One row of cells into one [`ImportRow`], with every error of the row. Of other rows it knows only what those above said of the
//! same product and producer.

use std::ops::RangeInclusive;

use chrono::NaiveDate;

use crate::register::types::Pack;
use crate::stamp::ProductNo;

use super::columns::{Column, FileColumns, folded};
use super::errors::{ErrorList, RowError, Sentence};
use super::rows::Above;
use super::table::{Cell, TableRow};
use super::types::{CertificateColumns, FurtherColumns, ImportRow, UndatedCertificate};
use super::values::{
    Value, read_commune_code, read_date, read_image, read_shelf_life, read_text, read_value, read_whole,
};
use super::words::{
    read_gtin, read_kind, read_level, read_number, read_product_no, read_quantity, read_score, read_state,
    read_tax_code, read_unit,
};

/// Product sets of the programme (Decision 148/2023 and its successors).
const PRODUCT_SETS: RangeInclusive<u16> = 1..=26;
/// Stars a product may have.
const STARS: RangeInclusive<u16> = 1..=5;
/// Stars the register keeps of a certificate; which of them have one on which day is a dated rule, decided later.
const CERTIFICATE_STARS: RangeInclusive<u16> = 3..=5;
/// Years a product may first be seen in: OCOP began in 2018 (Decision 490/2018).
const YEARS: RangeInclusive<u16> = 2018..=2100;

/// Reads one row; `None` when at least one error was added.
pub(super) fn read_row(
    row: &TableRow,
    columns: &FileColumns,
    above: &Above,
    errors: &mut ErrorList,
) -> Option<ImportRow> {
    let mut fields = Fields { row, columns, errors, n_errors: 0 };
    fields.refuse_cells_without_heading();
    let product_no = fields.optional(Column::ProductNo, |value| read_product_no(&value));
    let producer_no = fields.optional(Column::ProducerNo, |value| read_number(&value));
    let same = above.product(product_no, name_key(row, columns).as_ref());
    let product = fields.required(Column::Product, read_text, same.map(|row| row.product.clone()));
    let set_no = fields.required(
        Column::ProductSet,
        |value| read_whole(&value, &PRODUCT_SETS),
        same.map(|row| row.set_no.into()),
    );
    let producer = fields.required(Column::Producer, read_text, same.map(|row| row.producer.clone()));
    let own = same.or_else(|| above.producer(producer_no, producer.as_deref().unwrap_or_default()));
    let producer_kind = fields.required(Column::ProducerKind, read_kind, own.map(|row| row.producer_kind));
    let first_year_seen = fields.optional(Column::FirstYearSeen, |value| read_whole(&value, &YEARS));
    let (certificate, undated_certificate) = fields.certificate();
    let imported = ImportRow {
        line: row.line,
        headings: columns.headings.clone(),
        product: product.unwrap_or_default(),
        set_no: set_no.and_then(|set| u8::try_from(set).ok()).unwrap_or_default(),
        producer: producer.unwrap_or_default(),
        village: fields.text(Column::Village),
        commune_code: fields.optional(Column::CommuneCode, |value| read_commune_code(&value)),
        commune: fields.text(Column::Commune),
        former_commune: fields.text(Column::FormerCommune),
        former_district: fields.text(Column::FormerDistrict),
        former_province: fields.text(Column::FormerProvince),
        stars: fields.stars(Column::Stars, &STARS),
        first_year_seen: first_year_seen.and_then(|year| i16::try_from(year).ok()),
        decision: fields.text(Column::Decision),
        source: fields.text(Column::Source),
        certificate,
        undated_certificate,
        image: fields.optional(Column::Image, read_image),
        standards: fields.text(Column::Standards),
        shelf_life: fields.optional(Column::ShelfLife, |value| read_shelf_life(&value)),
        further: fields.further(product_no, producer_no),
        // Last: every cell was read by then, so that every error of the row is told.
        producer_kind: producer_kind?,
    };
    (fields.n_errors == 0).then_some(imported)
}

/// What makes two rows the same product: its name and its producer's, whatever the case and spacing.
pub(super) fn name_key(row: &TableRow, columns: &FileColumns) -> Option<[String; 2]> {
    let name = |column| match cell(row, columns, column) {
        Some(Cell::Text(text)) => Some(folded(text)),
        _ => None,
    };
    Some([name(Column::Product)?, name(Column::Producer)?])
}

fn cell<'a>(row: &'a TableRow, columns: &FileColumns, column: Column) -> Option<&'a Cell> {
    row.cells.get(columns.position(column)?)
}

struct Fields<'a> {
    row: &'a TableRow,
    columns: &'a FileColumns,
    errors: &'a mut ErrorList,
    n_errors: usize,
}

impl Fields<'_> {
    fn refuse(&mut self, column: Column, sentence: Sentence) {
        self.refuse_at(self.columns.headings.of(column), sentence);
    }

    fn refuse_at(&mut self, heading: &str, sentence: Sentence) {
        self.n_errors = self.n_errors.saturating_add(1);
        self.errors.push(RowError::new(self.row.line, heading, sentence));
    }

    /// The value of a column; `None` when the cell is empty or was refused.
    fn optional<T>(&mut self, column: Column, read: impl FnOnce(Value) -> Result<T, Sentence>) -> Option<T> {
        let cell = cell(self.row, self.columns, column).unwrap_or(&Cell::Empty);
        let value = read_value(cell, column).and_then(|value| value.map(read).transpose());
        value.unwrap_or_else(|sentence| {
            self.refuse(column, sentence);
            None
        })
    }

    /// The value of a column that a row may leave empty only when a row above says it of the same product or producer.
    fn required<T>(
        &mut self,
        column: Column,
        read: impl FnOnce(Value) -> Result<T, Sentence>,
        above: Option<T>,
    ) -> Option<T> {
        let before = self.n_errors;
        let value = self.optional(column, read);
        if value.is_some() || self.n_errors != before {
            return value;
        }
        if above.is_none() {
            self.refuse(column, empty_cell());
        }
        above
    }

    fn stars(&mut self, column: Column, range: &RangeInclusive<u16>) -> Option<u8> {
        self.optional(column, |value| read_whole(&value, range)).and_then(|stars| u8::try_from(stars).ok())
    }

    fn pack(&mut self) -> Option<Pack> {
        let before = self.n_errors;
        let quantity = self.optional(Column::PackQuantity, |value| read_quantity(&value));
        let unit = self.optional(Column::PackUnit, read_unit);
        match (quantity, unit) {
            (Some(quantity), Some(unit)) => return Some(Pack { quantity, unit }),
            (Some(_), None) if self.n_errors == before => self.refuse(Column::PackUnit, half_a_pack()),
            (None, Some(_)) if self.n_errors == before => self.refuse(Column::PackQuantity, half_a_pack()),
            _ => {}
        }
        None
    }

    fn text(&mut self, column: Column) -> Option<String> {
        self.optional(column, read_text)
    }

    fn date(&mut self, column: Column) -> Option<NaiveDate> {
        self.optional(column, |value| read_date(&value))
    }

    fn refuse_cells_without_heading(&mut self) {
        let stray = |(at, cell): &(usize, &Cell)| **cell != Cell::Empty && !self.columns.has_heading_at(*at);
        if let Some((at, _)) = self.row.cells.iter().enumerate().find(stray) {
            self.refuse_at("", cell_without_heading(at.saturating_add(1)));
        }
    }

    /// What few files say.
    fn further(&mut self, product_no: Option<ProductNo>, producer_no: Option<i32>) -> FurtherColumns {
        FurtherColumns {
            product_no,
            producer_no,
            product_en: self.text(Column::ProductEn),
            state: self.optional(Column::State, read_state),
            tax_code: self.optional(Column::TaxCode, read_tax_code),
            printed_address: self.text(Column::PrintedAddress),
            story: self.text(Column::Story),
            story_en: self.text(Column::StoryEn),
            ingredients: self.text(Column::Ingredients),
            gtin: self.optional(Column::Gtin, read_gtin),
            pack: self.pack(),
            certificate_id: self.optional(Column::CertificateId, |value| read_number(&value)),
            certificate_stars: self.stars(Column::CertificateStars, &CERTIFICATE_STARS),
            score: self.optional(Column::Score, |value| read_score(&value)),
            certificate_decision: self.text(Column::CertificateDecision),
            issuer_level: self.optional(Column::IssuerLevel, read_level),
            revoked_on: self.date(Column::RevokedOn),
            revoked_reason: self.text(Column::RevokedReason),
        }
    }

    /// The certificate with its dates, or what is known of one without.
    fn certificate(&mut self) -> (Option<CertificateColumns>, Option<UndatedCertificate>) {
        let (number, issuer) = (self.text(Column::CertificateNo), self.text(Column::Issuer));
        let before = self.n_errors;
        let (from, to) = (self.date(Column::From), self.date(Column::To));
        if self.n_errors > before {
            return (None, None);
        }
        let Some(from) = from else {
            if to.is_some() {
                self.refuse(Column::From, no_first_day());
            }
            let undated = UndatedCertificate { number, issuer };
            return (None, Some(undated).filter(|known| known.number.is_some() || known.issuer.is_some()));
        };
        if to.is_some_and(|to| to < from) {
            self.refuse(Column::To, ends_before_it_begins());
        }
        (Some(CertificateColumns { number, issuer, from, to }), None)
    }
}

fn half_a_pack() -> Sentence {
    Sentence::new(
        "Lượng một gói và đơn vị đi cùng nhau, ví dụ 500 và g. Hãy điền cả hai, hoặc xóa cả hai.",
        "What one pack holds and its unit belong together, for example 500 and g. Fill in both, or clear both.",
    )
}

fn empty_cell() -> Sentence {
    Sentence::new(
        "Ô bắt buộc này đang trống. Hãy điền vào; nếu trong Excel ô bị gộp với dòng trên thì bỏ gộp và điền từng dòng.",
        "This required cell is empty. Fill it in; if it is merged with the row above in Excel, unmerge it and fill in each row.",
    )
}

fn cell_without_heading(column_no: usize) -> Sentence {
    Sentence::new(
        format!(
            "Ô ở cột thứ {column_no} có chữ nhưng cột không có tên. Hãy xóa ô, hoặc xem dòng này có bị lệch cột không."
        ),
        format!(
            "The cell in column {column_no} is filled but the column has no heading. Clear it, or see whether the row has shifted."
        ),
    )
}

fn no_first_day() -> Sentence {
    Sentence::new(
        "Có ngày cuối mà thiếu ngày đầu. Hãy điền ngày đầu của giấy chứng nhận.",
        "There is a last day but no first day. Fill in the first day of the certificate.",
    )
}

fn ends_before_it_begins() -> Sentence {
    Sentence::new(
        "Ngày cuối trước ngày đầu. Hãy xem lại hai ngày này trên giấy chứng nhận.",
        "The last day is before the first day. Check both days on the certificate.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::types::ProducerKind;
    use super::*;

    /// A row with the four required cells and these others.
    fn read(others: &[(Column, &str)]) -> Result<ImportRow, Vec<RowError>> {
        let required = [
            (Column::Product, "Trà"),
            (Column::ProductSet, "11"),
            (Column::Producer, "HTX"),
            (Column::ProducerKind, "cooperative"),
        ];
        let kept = required.into_iter().filter(|(column, _)| others.iter().all(|(other, _)| other != column));
        let all: Vec<(Column, &str)> = kept.chain(others.iter().copied()).collect();
        let columns: Vec<Option<Column>> = all.iter().map(|(column, _)| Some(*column)).collect();
        let cells = all.iter().map(|(_, text)| Cell::text(text)).collect();
        read_cells(&columns, cells)
    }

    fn read_cells(columns: &[Option<Column>], cells: Vec<Cell>) -> Result<ImportRow, Vec<RowError>> {
        let mut errors = ErrorList::default();
        let columns = FileColumns::of(columns);
        let imported = read_row(&TableRow { line: 9, cells }, &columns, &Above::default(), &mut errors);
        match errors.into_result() {
            Ok(()) => Ok(imported.unwrap()),
            Err(all) => {
                assert_eq!(imported, None, "a row with an error is not taken");
                Err(all.errors)
            }
        }
    }

    #[track_caller]
    fn check_refused(others: &[(Column, &str)], columns: &[Column]) {
        let got: Vec<String> = read(others).unwrap_err().into_iter().map(|error| error.column).collect();
        let wanted: Vec<&str> = columns.iter().map(|column| column.code()).collect();
        assert_eq!(got, wanted);
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_a_row_does_not_say_stays_none() {
        let row = read(&[(Column::Stars, ""), (Column::CommuneCode, " ")]).unwrap();
        assert_eq!((row.set_no, row.producer_kind), (11, ProducerKind::Cooperative));
        assert_eq!((row.stars, row.commune_code, row.certificate, row.undated_certificate), (None, None, None, None));
    }

    #[test]
    fn every_error_of_a_row_is_reported() {
        check_refused(
            &[
                (Column::Product, ""),
                (Column::ProductSet, "27"),
                (Column::ProducerKind, "trang trại"),
                (Column::Stars, "6"),
                (Column::To, "x"),
            ],
            &[Column::Product, Column::ProductSet, Column::ProducerKind, Column::To, Column::Stars],
        );
    }

    #[test]
    fn each_column_keeps_its_own_length() {
        for column in [Column::Product, Column::Village, Column::Source, Column::CertificateNo, Column::Decision] {
            let full = "a".repeat(column.max_chars());
            assert!(read(&[(column, &full)]).is_ok());
            check_refused(&[(column, &(full + "a"))], &[column]);
        }
    }

    #[test]
    fn years_before_ocop_are_refused() {
        assert_eq!(read(&[(Column::FirstYearSeen, "2018")]).unwrap().first_year_seen, Some(2018));
        check_refused(&[(Column::FirstYearSeen, "2017")], &[Column::FirstYearSeen]);
        check_refused(&[(Column::FirstYearSeen, "2101")], &[Column::FirstYearSeen]);
    }

    #[test]
    fn a_last_day_that_is_left_out_is_left_to_the_rules_of_the_first() {
        let row = read(&[(Column::From, "2025-06-01"), (Column::CertificateNo, "12/GCN")]).unwrap();
        let certificate = row.certificate.unwrap();
        assert_eq!((certificate.from, certificate.to), (day("2025-06-01"), None));
        assert_eq!((certificate.number.as_deref(), row.undated_certificate), (Some("12/GCN"), None));
        let row = read(&[(Column::From, "2025-06-01"), (Column::To, "2025-06-01")]).unwrap();
        assert_eq!(row.certificate.unwrap().to, Some(day("2025-06-01")));
    }

    #[test]
    fn a_pack_has_both_halves() {
        let row = read(&[(Column::PackQuantity, "0,5"), (Column::PackUnit, "kg")]).unwrap();
        assert_eq!(row.further.pack.unwrap().to_string(), "0.5 kg");
        check_refused(&[(Column::PackQuantity, "500")], &[Column::PackUnit]);
        check_refused(&[(Column::PackUnit, "g")], &[Column::PackQuantity]);
        check_refused(&[(Column::PackQuantity, "x"), (Column::PackUnit, "g")], &[Column::PackQuantity]);
    }

    #[test]
    fn a_number_or_issuer_without_dates_is_kept_as_undated() {
        let row = read(&[(Column::Issuer, "UBND huyện Na Rì")]).unwrap();
        assert_eq!(row.certificate, None);
        assert_eq!(row.undated_certificate.unwrap().issuer.as_deref(), Some("UBND huyện Na Rì"));
    }

    #[test]
    fn a_last_day_without_a_first_is_refused() {
        check_refused(&[(Column::Stars, "3"), (Column::To, "2028-05-31")], &[Column::From]);
    }

    #[test]
    fn a_date_that_cannot_be_read_is_the_only_error_of_its_certificate() {
        check_refused(
            &[(Column::Stars, "2"), (Column::From, "01/06/2025"), (Column::To, "2028-05-31")],
            &[Column::From],
        );
        check_refused(&[(Column::Stars, "2"), (Column::From, "2025-06-01"), (Column::To, "x")], &[Column::To]);
    }

    #[test]
    fn a_last_day_before_the_first_is_refused() {
        check_refused(&[(Column::Stars, "3"), (Column::From, "2025-06-02"), (Column::To, "2025-06-01")], &[Column::To]);
    }

    #[test]
    fn a_filled_cell_under_no_heading_is_refused() {
        let columns =
            [Some(Column::Product), Some(Column::ProductSet), Some(Column::Producer), Some(Column::ProducerKind), None];
        let cells = ["Trà", "11", "HTX", "company", "x"];
        let errors = read_cells(&columns, cells.map(Cell::text).to_vec()).unwrap_err();
        assert!(errors[0].vi.contains("cột thứ 5"));
        let errors = read_cells(&columns[..4], cells.map(Cell::text).to_vec()).unwrap_err();
        assert!(errors[0].vi.contains("cột thứ 5"));
    }

    #[test]
    fn rows_of_one_product_share_a_key_whatever_the_case_and_spacing() {
        let columns = [Some(Column::Product), Some(Column::Producer)];
        let columns = FileColumns::of(&columns);
        let key = |names: [&str; 2]| name_key(&TableRow { line: 2, cells: names.map(Cell::text).to_vec() }, &columns);
        assert_eq!(key(["Miến  Dong", "HTX Ba Bể"]), key(["miến dong ", "HTX BA BỂ"]));
        assert_ne!(key(["Miến dong", "HTX Ba Bể"]), key(["Miến dong", "HTX Na Rì"]));
        assert_eq!(key(["Miến dong", ""]), None);
    }
}
