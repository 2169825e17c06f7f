//! Reads a register file (TSV, CSV or XLSX) into checked rows: bytes in, rows out, all or nothing. It must never touch the database, the
//! file system or the clock, and never guess: what can be read in two ways is refused with both.

mod columns;
mod dates;
mod delimited;
mod errors;
mod package;
mod row;
mod rows;
mod table;
#[cfg(test)]
mod testing;
mod types;
mod values;
mod words;
mod workbook;

pub(super) use columns::Column;
pub use dates::CERTIFICATE_YEARS;
pub(super) use errors::{ErrorList, Sentence};
pub use errors::{ImportErrors, MAX_REPORTED_ERRORS, RowError};
pub use table::{MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS};
pub use types::{
    CertificateColumns, FileKind, FurtherColumns, Headings, ImportRow, ProducerKind, RowState, ShelfLife,
    UndatedCertificate,
};
pub(super) use values::as_read;
pub(super) use words::sentence;

use columns::read_headings;
use row::read_row;
use rows::Above;
use table::read_table;

/// Reads a whole register file. Any error refuses every row; all errors are collected, at most [`MAX_REPORTED_ERRORS`] of them listed.
pub fn read_register(bytes: &[u8], kind: FileKind) -> Result<Vec<ImportRow>, ImportErrors> {
    let table = read_table(bytes, kind)?;
    let mut errors = ErrorList::default();
    let columns = read_headings(&table.headings, &mut errors);
    // With a wrong heading every row would be wrong too, for the same reason.
    errors.into_result()?;

    let mut errors = ErrorList::default();
    let mut above = Above::default();
    for row in &table.rows {
        if let Some(row) = read_row(row, &columns, &above, &mut errors)
            && let Err(error) = above.push(row)
        {
            errors.push(error);
        }
    }
    errors.into_result()?;
    Ok(above.into_rows())
}

#[cfg(test)]
mod tests {
    use super::testing::{Book, inline, inline_row, number, raw_row};
    use super::*;

    const HEADINGS: &str = "product\tproduct_set\tproducer\tproducer_kind\tcommune_code\tstars\tfrom\n";

    fn errors_of(text: &str) -> Vec<(u32, String)> {
        let refused = read_register(text.as_bytes(), FileKind::Tsv).unwrap_err();
        refused.errors.into_iter().map(|error| (error.line, error.column)).collect()
    }

    #[test]
    fn the_sample_register_is_read_whole_and_its_gaps_stay_gaps() {
        let sample = include_bytes!("../../../assets/register/ocop_register_sample.tsv");
        let rows = read_register(sample, FileKind::Tsv).unwrap();
        let count = |rule: fn(&ImportRow) -> bool| rows.iter().filter(|row| rule(row)).count();
        assert_eq!((rows.len(), rows[0].line, rows[64].line), (65, 2, 66));
        assert_eq!(count(|row| row.set_no == 26), 3, "tourism");
        assert_eq!(count(|row| row.stars.is_none()), 2);
        assert_eq!(count(|row| row.commune_code.is_none()), 22);
        assert_eq!(count(|row| row.certificate.is_some() || row.undated_certificate.is_some()), 0);
    }

    #[test]
    fn one_wrong_row_refuses_the_file_and_all_errors_are_listed() {
        let text = format!("{HEADINGS}Trà\t11\tHTX\tcooperative\nMật\t44\tHTX\ttrại\n\nCam\t1\t\tcompany\n");
        let wanted = [(3, "product_set"), (3, "producer_kind"), (5, "producer")];
        assert_eq!(errors_of(&text), wanted.map(|(line, column)| (line, column.to_owned())));
    }

    #[test]
    fn a_product_twice_is_refused_with_both_lines() {
        let text =
            format!("{HEADINGS}Trà\t11\tHTX\tcooperative\nCam\t1\tHTX\tcooperative\ntrà\t12\thtx\tcooperative\n");
        let refused = read_register(text.as_bytes(), FileKind::Tsv).unwrap_err();
        assert_eq!(refused.errors.len(), 1);
        assert!(refused.errors[0].vi.contains("dòng 2 và 4"));
    }

    #[test]
    fn a_product_may_stand_in_a_row_for_each_certificate_and_say_its_own_facts_once() {
        let rows = |certificates: [&str; 2]| {
            let [one, two] = certificates.map(|from| format!("\t\t4\t{from}"));
            let text = format!("{HEADINGS}Trà\t11\tHTX\tcooperative{one}\nTrà\t\tHTX\t{two}\n");
            read_register(text.as_bytes(), FileKind::Tsv)
        };
        let read = rows(["2020-01-01", "2023-01-01"]).unwrap();
        assert_eq!((read[1].set_no, read[1].producer_kind), (11, ProducerKind::Cooperative));
        assert!(rows(["2020-01-01", "2020-01-01"]).unwrap_err().errors[0].vi.contains("dòng 2 và 3"));
        assert!(rows(["2020-01-01", ""]).unwrap_err().errors[0].vi.contains("thêm một giấy chứng nhận"));
    }

    #[test]
    fn an_error_names_the_heading_that_the_file_has() {
        let headings = "Tên sản phẩm\tNHÓM SẢN PHẨM\tChủ thể\tLoại hình chủ thể\n";
        assert_eq!(errors_of(&format!("{headings}Trà\t99\tHTX Ba Bể\tHTX\n")), [(2, "NHÓM SẢN PHẨM".to_owned())]);
    }

    #[test]
    fn a_wrong_heading_is_reported_alone() {
        assert_eq!(
            errors_of("product\tproduct_set\tproducer\tproducer_kind\tsao\nTrà\t99\t\t\n"),
            [(1, "sao".to_owned())]
        );
    }

    #[test]
    fn more_than_200_errors_are_counted() {
        let text = format!("{HEADINGS}{}", "Trà\t0\tHTX\tcooperative\n".repeat(300));
        let refused = read_register(text.as_bytes(), FileKind::Tsv).unwrap_err();
        assert_eq!((refused.errors.len(), refused.n_more), (200, 100), "one wrong set a row");
    }

    #[test]
    fn twenty_thousand_rows_are_read_and_one_more_is_refused() {
        let rows: Vec<String> = (0..20_000).map(|n| format!("Trà {n}\t11\tHTX\tcooperative\n")).collect();
        let text = format!("{HEADINGS}{}", rows.concat());
        assert_eq!(read_register(text.as_bytes(), FileKind::Tsv).unwrap().len(), 20_000);
        let refused = read_register(format!("{text}Cam\t1\tHTX\tcompany\n").as_bytes(), FileKind::Tsv).unwrap_err();
        assert!(refused.errors[0].vi.contains("hơn 20000 dòng"));
    }

    #[test]
    fn headings_alone_give_no_rows() {
        assert_eq!(read_register(HEADINGS.as_bytes(), FileKind::Tsv), Ok(Vec::new()));
    }

    #[test]
    fn a_row_of_the_register_is_read_alike_from_tsv_csv_and_xlsx() {
        let tsv = format!("\u{feff}{HEADINGS}Miến dong\t7\tHTX Tài Hoan\tcooperative\t02185\t5\t2026-05-31\r\n");
        let csv = tsv.replace('\t', ";");
        let date = "<c s=\"1\"><v>46173</v></c>".to_owned();
        let cells = [
            inline("Miến dong"),
            number("7.0"),
            inline("HTX Tài Hoan"),
            inline("cooperative"),
            number("2185"),
            number("5"),
            date,
        ];
        let headings: Vec<&str> = HEADINGS.trim().split('\t').collect();
        let xlsx = Book::new().sheet("Sheet1", &(inline_row(1, &headings) + &raw_row(2, &cells))).zip();
        let rows = read_register(tsv.as_bytes(), FileKind::Tsv).unwrap();
        assert_eq!(rows[0].commune_code.as_deref(), Some("02185"));
        assert_eq!(read_register(csv.as_bytes(), FileKind::Csv).as_ref(), Ok(&rows));
        assert_eq!(read_register(&xlsx, FileKind::Xlsx).as_ref(), Ok(&rows));
    }
}
