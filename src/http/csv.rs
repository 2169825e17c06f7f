//! Lines of CSV (RFC 4180) for people who open them in a spreadsheet: no cell of anyone's text is taken for a formula.

/// What the file begins with, so that Excel reads it as UTF-8.
pub const CSV_HEAD: &str = "\u{feff}";
/// What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One line, its end included. A cell that could be a formula gets an apostrophe before it, which shows that it is text.
pub fn csv_line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let text = without_formulas(text);
    if text.contains(['"', ',', ';', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

/// Text in which nothing can begin as a formula, at its start or behind a semicolon, at which Excel splits lines where commas
/// stand in numbers.
pub fn without_formulas(text: &str) -> String {
    let guard = |part: &str| {
        let guard = if part.starts_with(FORMULA_STARTS) { "'" } else { "" };
        format!("{guard}{part}")
    };
    text.split(';').map(guard).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_as_a_formula_does() {
        for text in ["=1+1", "+84 208", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"] {
            let line = csv_line([text]);
            assert!(line.trim_start_matches('"').starts_with('\''), "{line}");
        }
    }

    #[test]
    fn commas_quotes_and_line_ends_stay_inside_their_cell() {
        assert_eq!(csv_line(["a,b", "\"c\"", "d\ne", "", "miến"]), "\"a,b\",\"\"\"c\"\"\",\"d\ne\",,miến\r\n");
    }
}
