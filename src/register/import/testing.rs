//! Workbooks made by hand for the tests of this folder, so that each can be wrong in exactly one way. Never compiled into the program.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

/// A workbook in the making.
pub(super) struct Book {
    sheets: Vec<(String, String)>,
    entries: Vec<(String, Vec<u8>)>,
    root: String,
    styles: String,
}

const ROOT: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
/// Style 0 is a plain number, style 1 a date.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

impl Book {
    pub(super) fn new() -> Self {
        Self { sheets: Vec::new(), entries: Vec::new(), root: ROOT.to_owned(), styles: STYLES.to_owned() }
    }

    /// Adds a worksheet with these rows.
    pub(super) fn sheet(self, name: &str, rows: &str) -> Self {
        self.raw_sheet(name, &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"))
    }

    /// Adds a worksheet with this XML; the name may carry further attributes.
    pub(super) fn raw_sheet(mut self, name: &str, xml: &str) -> Self {
        self.sheets.push((name.to_owned(), xml.to_owned()));
        self
    }

    /// Adds any other part.
    pub(super) fn entry(mut self, name: &str, content: &[u8]) -> Self {
        self.entries.push((name.to_owned(), content.to_owned()));
        self
    }

    /// Replaces the package's own list of parts.
    pub(super) fn root(mut self, xml: &str) -> Self {
        xml.clone_into(&mut self.root);
        self
    }

    /// Replaces the styles.
    pub(super) fn styles(mut self, xml: &str) -> Self {
        xml.clone_into(&mut self.styles);
        self
    }

    /// The finished file.
    pub(super) fn zip(&self) -> Vec<u8> {
        let (mut sheets, mut parts) = (Vec::new(), Vec::new());
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let mut add = |name: &str, content: &[u8]| {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        };
        for (n, (name, xml)) in self.sheets.iter().enumerate() {
            sheets.push(format!("<sheet name=\"{name}\" r:id=\"rId{n}\"/>"));
            parts.push(format!(
                "<Relationship Id=\"rId{n}\" Type=\"x/relationships/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
            ));
            add(&format!("xl/worksheets/sheet{n}.xml"), xml.as_bytes());
        }
        add("_rels/.rels", self.root.as_bytes());
        add("xl/styles.xml", self.styles.as_bytes());
        add("xl/workbook.xml", format!("<workbook><sheets>{}</sheets></workbook>", sheets.concat()).as_bytes());
        add("xl/_rels/workbook.xml.rels", format!("<Relationships>{}</Relationships>", parts.concat()).as_bytes());
        for (name, content) in &self.entries {
            add(name, content);
        }
        zip.finish().unwrap().into_inner()
    }
}

/// One row of texts, from column A.
pub(super) fn inline_row(row: u32, texts: &[&str]) -> String {
    let cells: Vec<String> = texts.iter().map(|text| inline(text)).collect();
    raw_row(row, &cells)
}

/// One row of cells given as XML without positions, from column A.
pub(super) fn raw_row(row: u32, cells: &[String]) -> String {
    format!("<row r=\"{row}\">{}</row>", cells.concat())
}

/// A cell with a text.
pub(super) fn inline(text: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

/// A cell with a number.
pub(super) fn number(value: &str) -> String {
    format!("<c><v>{value}</v></c>")
}
