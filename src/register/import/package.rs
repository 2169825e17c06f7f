//! Looks through an XLSX package before any spreadsheet code sees it, so that a hostile file cannot exhaust memory. Sizes a file declares
//! are never believed: every entry is inflated through a counter. It keeps nothing of what it reads.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::errors::RowError;
use super::types::ZIP_MAGIC;

/// Most bytes all entries may inflate to: a sheet of 20,000 full rows is under 60 MB.
const MAX_UNZIPPED_BYTES: usize = 100 * 1024 * 1024;
/// Most entries: a workbook has about a dozen, and one per picture.
const MAX_ENTRIES: usize = 1_000;
/// Largest table of shared texts (bytes): 20,000 rows with 1,500 bytes of their own. It is held in memory whole.
const MAX_SHARED_TEXT_BYTES: usize = 32 * 1024 * 1024;
/// Largest table of styles (bytes): a thousand times that of an ordinary workbook. It is held in memory whole.
const MAX_STYLE_BYTES: usize = 4 * 1024 * 1024;
/// Largest list of sheets or parts (bytes): some thousand sheets. It is held in memory whole.
const MAX_LIST_BYTES: usize = 1024 * 1024;
/// Most shared texts a workbook may announce: 20,000 rows of 64 cells. The spreadsheet reader allocates for the number announced.
const MAX_SHARED_TEXTS: u32 = 1_300_000;
/// Tags times longest value in the styles (bytes): the spreadsheet reader copies a font's name and a number format into every style.
const MAX_STYLE_WEIGHT: usize = 128 * 1024 * 1024;
/// Longest value in the list of parts (bytes): the longest path Excel takes. The spreadsheet reader copies it for every sheet.
const MAX_PATH_BYTES: usize = 2_100;
/// How much is inflated at a time (bytes).
const CHUNK_BYTES: usize = 64 * 1024;
/// First bytes of a central directory record (PKZIP application note, 4.3.12): one per entry.
const DIRECTORY_MAGIC: &[u8] = b"PK\x01\x02";
/// First bytes of an OLE container: an old .xls, or a workbook with a password.
const OLE_MAGIC: &[u8] = b"\xD0\xCF\x11\xE0";

/// Refuses a package that is no workbook, or that would cost too much to read.
pub(super) fn check_package(bytes: &[u8]) -> Result<(), RowError> {
    if bytes.starts_with(OLE_MAGIC) {
        return Err(RowError::file(
            "Tệp này là Excel kiểu cũ (.xls) hoặc có mật khẩu. Hãy bỏ mật khẩu và lưu lại thành .xlsx.",
            "This is an old Excel file (.xls) or has a password. Remove the password and save it again as .xlsx.",
        ));
    }
    if !bytes.starts_with(ZIP_MAGIC) {
        return Err(damaged());
    }
    // Counted in the raw bytes first: the directory is held in memory once the archive is open.
    if bytes.windows(DIRECTORY_MAGIC.len()).filter(|window| *window == DIRECTORY_MAGIC).count() > MAX_ENTRIES {
        return Err(too_big());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let mut left = MAX_UNZIPPED_BYTES;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| damaged())?;
        // The spreadsheet reader finds a part by the name as stored, or else as decoded.
        let stored = Part::of(&String::from_utf8_lossy(entry.name_raw()));
        let decoded = Part::of(&entry.name().map_err(|_| damaged())?);
        let part = if stored == Part::Streamed { decoded } else { stored };
        let (n_bytes, kept) = inflate(entry, part, left)?;
        left = left.saturating_sub(n_bytes);
        part.check(&kept)?;
    }
    Ok(())
}

/// The refusal of a workbook that cannot be read.
pub(super) fn damaged() -> RowError {
    RowError::file(
        "Không đọc được tệp Excel này. Hãy mở bằng Excel, lưu lại thành .xlsx (không mật khẩu) rồi nhập lại.",
        "This Excel file cannot be read. Open it in Excel, save it again as .xlsx (no password) and import it again.",
    )
}

/// The refusal of a workbook over one of the caps.
pub(super) fn too_big() -> RowError {
    RowError::file(
        "Tệp Excel quá lớn khi mở ra. Hãy chép riêng bảng danh sách (không ảnh, không định dạng) sang tệp mới rồi nhập lại.",
        "The Excel file is too large once unpacked. Copy only the table (no pictures, no formatting) into a new file and import that.",
    )
}

/// The parts the spreadsheet reader takes into memory whole. All others, worksheets included, it reads as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Root,
    Parts,
    Sheets,
    Styles,
    SharedTexts,
    Streamed,
}

impl Part {
    /// Names are compared as the spreadsheet reader does: any case, either slash.
    fn of(name: &str) -> Self {
        match name.replace('\\', "/").to_ascii_lowercase().as_str() {
            "_rels/.rels" => Self::Root,
            "xl/_rels/workbook.xml.rels" => Self::Parts,
            "xl/workbook.xml" | "xl/theme/theme1.xml" => Self::Sheets,
            "xl/styles.xml" => Self::Styles,
            "xl/sharedstrings.xml" => Self::SharedTexts,
            _ => Self::Streamed,
        }
    }

    const fn max_bytes(self) -> usize {
        match self {
            Self::Root | Self::Parts | Self::Sheets => MAX_LIST_BYTES,
            Self::Styles => MAX_STYLE_BYTES,
            Self::SharedTexts => MAX_SHARED_TEXT_BYTES,
            Self::Streamed => MAX_UNZIPPED_BYTES,
        }
    }

    fn check(self, content: &[u8]) -> Result<(), RowError> {
        if matches!(self, Self::Sheets | Self::Streamed) {
            return Ok(());
        }
        let xml = plain_xml(content).ok_or_else(damaged)?;
        let longest = longest_value(xml);
        let fits = match self {
            Self::Root if longest.is_some() && names_the_usual_workbook(xml) => true,
            Self::Root => return Err(damaged()),
            Self::Parts => longest.is_some_and(|n| n <= MAX_PATH_BYTES),
            Self::Styles => longest.is_some_and(|n| n.saturating_mul(xml.matches('<').count()) <= MAX_STYLE_WEIGHT),
            Self::SharedTexts => announces_few_texts(xml),
            Self::Sheets | Self::Streamed => true,
        };
        if fits { Ok(()) } else { Err(too_big()) }
    }
}

/// Inflates one entry: its true size, and its bytes when they have to be checked.
fn inflate(mut entry: impl Read, part: Part, left: usize) -> Result<(usize, Vec<u8>), RowError> {
    let cap = left.min(part.max_bytes());
    let (mut n_bytes, mut kept, mut chunk) = (0_usize, Vec::new(), vec![0; CHUNK_BYTES]);
    loop {
        let n = entry.read(&mut chunk).map_err(|_| damaged())?;
        if n == 0 {
            return Ok((n_bytes, kept));
        }
        n_bytes = n_bytes.saturating_add(n);
        if n_bytes > cap {
            return Err(too_big());
        }
        if part != Part::Streamed {
            kept.extend_from_slice(chunk.get(..n).unwrap_or_default());
        }
    }
}

/// The text of a part, if it is UTF-8 without control characters. That leaves no encoding in which a word could hide from the checks below.
fn plain_xml(content: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(content).ok()?;
    let plain = text.bytes().all(|byte| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r'));
    plain.then_some(text)
}

/// Whether the package has one main part and it is xl/workbook.xml: otherwise any part could stand in for those with a cap.
fn names_the_usual_workbook(xml: &str) -> bool {
    let mut tags = xml.split('<').filter(|tag| tag.contains("/relationships/officeDocument"));
    let (Some(tag), None) = (tags.next(), tags.next()) else {
        return false;
    };
    let usual = [r#"Target="xl/workbook.xml""#, r#"Target="/xl/workbook.xml""#];
    tag.matches("Target").count() == tag.matches("TargetMode").count().saturating_add(1)
        && usual.iter().any(|target| tag.contains(target))
}

/// The longest attribute value of a part (bytes). `None` when it has comments or sections, in which quotation marks mean nothing, or a
/// `<` inside a value, which XML forbids and which would hide where a tag begins.
fn longest_value(xml: &str) -> Option<usize> {
    if xml.contains("<!") || xml.get(1..).unwrap_or_default().contains("<?") {
        return None;
    }
    let (mut in_tag, mut quote, mut run, mut longest) = (false, None, 0_usize, 0_usize);
    for byte in xml.bytes() {
        match (in_tag, quote) {
            (false, _) => in_tag = byte == b'<',
            (true, None) => match byte {
                b'>' => in_tag = false,
                b'"' | b'\'' => (quote, run) = (Some(byte), 0),
                _ => {}
            },
            (true, Some(open)) if byte == open => quote = None,
            (true, Some(_)) if byte == b'<' => return None,
            (true, Some(_)) => {
                run = run.saturating_add(1);
                longest = longest.max(run);
            }
        }
    }
    Some(longest)
}

/// Whether every `uniqueCount="n"` is a number within the cap.
fn announces_few_texts(xml: &str) -> bool {
    xml.split("uniqueCount").skip(1).all(|after| {
        let Some(value) = after.trim_start().strip_prefix('=') else {
            return true;
        };
        let digits = value.trim_start().trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default();
        digits.parse::<u32>().is_ok_and(|n| n <= MAX_SHARED_TEXTS)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Book, inline_row};
    use super::*;

    fn refusal(bytes: &[u8]) -> RowError {
        check_package(bytes).unwrap_err()
    }

    fn book() -> Book {
        Book::new().sheet("Sheet1", &inline_row(1, &["product"]))
    }

    #[test]
    fn an_ordinary_workbook_passes() {
        assert_eq!(check_package(&book().zip()), Ok(()));
    }

    #[test]
    fn a_zip_bomb_is_refused_by_its_true_size() {
        let bytes = book().entry("xl/media/a.bin", &vec![0; MAX_UNZIPPED_BYTES + 1]).zip();
        assert!(bytes.len() < 1024 * 1024, "the bomb itself is small");
        assert_eq!(refusal(&bytes), too_big());
    }

    #[test]
    fn a_bomb_that_declares_a_small_size_is_refused() {
        let mut bytes = book().entry("xl/media/a.bin", &vec![0; MAX_UNZIPPED_BYTES + 1]).zip();
        let declared = u32::try_from(MAX_UNZIPPED_BYTES + 1).unwrap().to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == declared).collect();
        assert!(places.len() >= 2, "local header and directory");
        for at in places {
            bytes[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
        }
        check_package(&bytes).unwrap_err();
    }

    #[test]
    fn many_parts_that_are_small_alone_are_counted_together() {
        let half = vec![0; MAX_UNZIPPED_BYTES / 2];
        assert_eq!(refusal(&book().entry("a", &half).entry("b", &half).zip()), too_big());
    }

    #[test]
    fn more_than_1_000_entries_are_refused() {
        let many = (0..=MAX_ENTRIES).fold(book(), |book, n| book.entry(&format!("xl/media/{n}"), b"x"));
        assert_eq!(refusal(&many.zip()), too_big());
    }

    #[test]
    fn a_table_of_texts_that_announces_too_many_is_refused() {
        for value in ["\"9999999999999\"", " = '9999999999999'", "\"00000002000000\"", "\"12", "\"x\""] {
            let sign = if value.contains('=') { "" } else { "=" };
            let xml = format!("<sst uniqueCount{sign}{value}><si><t>a</t></si></sst>");
            assert_eq!(refusal(&book().entry("xl/SharedStrings.xml", xml.as_bytes()).zip()), too_big(), "{value}");
        }
        let fine = book().entry("xl/sharedStrings.xml", b"<sst uniqueCount=\"1\"><si><t>uniqueCount</t></si></sst>");
        assert_eq!(check_package(&fine.zip()), Ok(()));
    }

    #[test]
    fn a_table_of_texts_in_utf16_is_refused() {
        let xml: Vec<u8> = "<sst uniqueCount='99999999999'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(refusal(&book().entry("xl/sharedStrings.xml", &xml).zip()), damaged());
    }

    #[test]
    fn a_long_value_that_many_styles_would_copy_is_refused() {
        let font = format!("<font><name val=\"{}\"/></font>", "a".repeat(100_000));
        let xml = format!(
            "<styleSheet><fonts>{font}</fonts><cellXfs>{}</cellXfs></styleSheet>",
            "<xf fontId=\"0\"/>".repeat(10_000)
        );
        assert_eq!(refusal(&book().styles(&xml).zip()), too_big());
        let hidden = xml.replace("<fonts>", "<!-- \" --><fonts>");
        assert_eq!(refusal(&book().styles(&hidden).zip()), too_big());
    }

    #[test]
    fn a_workbook_under_another_name_is_refused() {
        let rels = r#"<Relationships><Relationship Type="x/relationships/officeDocument" Target="xl/media/a.png"/></Relationships>"#;
        assert_eq!(refusal(&book().root(rels).zip()), damaged());
        let two = r#"<Relationships><Relationship Type="x/relationships/officeDocument" A="Target=" Target="xl/workbook.xml"/></Relationships>"#;
        assert_eq!(refusal(&book().root(two).zip()), damaged());
        let hidden = r#"<Relationships><Relationship Target="a.png" A="><" Type="x/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
        assert_eq!(refusal(&book().root(hidden).zip()), damaged());
    }

    #[test]
    fn what_is_no_zip_is_refused_with_advice() {
        assert_eq!(refusal(b"product,stars"), damaged());
        assert_eq!(refusal(b"PK\x03\x04 cut short"), damaged());
        assert!(refusal(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").vi.contains("mật khẩu"));
    }
}
