//! What a person or a camera brings: a URL, digits or a typed code, told apart by their shape alone.
//! Nothing is decoded or trusted here, and percent signs are never resolved: `/s/%30` is not a digit.

use super::TypedCode;

/// What the text turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading<'t> {
    /// Digits of a full stamp, still to be checked (possibly nothing like digits).
    Digits(&'t str),
    /// A typed code or the code of a compact symbol, still to be checked.
    Code(&'t str),
}

/// Tells what a text is. Query and fragment of a URL are ignored; a text that is neither URL nor typed code is digits.
pub fn read(text: &str) -> Reading<'_> {
    let Some(after_scheme) = strip_scheme(text) else {
        return if TypedCode::parse(text).is_ok() { Reading::Code(text) } else { Reading::Digits(text) };
    };
    let end = after_scheme.find(['?', '#']).unwrap_or(after_scheme.len());
    let bare = after_scheme.get(..end).unwrap_or_default();
    let path = bare.find('/').and_then(|at| bare.get(at..)).unwrap_or_default();
    match path.strip_prefix("/c/") {
        Some(code) => Reading::Code(code),
        None => Reading::Digits(path.strip_prefix("/s/").unwrap_or_default()),
    }
}

fn strip_scheme(text: &str) -> Option<&str> {
    ["https://", "http://"].into_iter().find_map(|scheme| {
        let (head, tail) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(tail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Reading<'_>) {
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_url_gives_its_digits_without_query_or_fragment() {
        check("https://x.vn/s/045", Reading::Digits("045"));
        check("HTTPS://x.vn/s/045?fbclid=1/s/9#a", Reading::Digits("045"));
        check("http://x.vn:8080/s/045#?", Reading::Digits("045"));
    }

    #[test]
    fn another_path_gives_no_digits() {
        for url in ["https://x.vn", "https://x.vn/", "https://x.vn?/s/045", "https://x.vn/S/045", "https://x.vn//s/045"]
        {
            check(url, Reading::Digits(""));
        }
    }

    #[test]
    fn a_code_url_or_a_typed_code_is_a_code() {
        check("https://x.vn/c/0001-2G00?x", Reading::Code("0001-2G00"));
        check("0000 0000 0000 000o", Reading::Code("0000 0000 0000 000o"));
    }

    #[test]
    fn anything_else_is_digits() {
        check("", Reading::Digits(""));
        check("-450", Reading::Digits("-450"));
        check("%30", Reading::Digits("%30"));
    }
}
