//! JSON in its one canonical spelling (RFC 8785), narrowed to what an entry needs: integers only, text composed (NFC), few levels.
//! Pure. It must never let two texts stand for one value: what is hashed could otherwise be spelt anew.

use std::cmp::Ordering;

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

/// Largest integer, either way from zero: beyond it RFC 8785 §3.2.2.3 (IEEE 754 doubles) cannot tell neighbours apart.
const MAX_INTEGER: u64 = (1 << 53) - 1;
/// Most levels of objects and lists inside each other.
const MAX_DEPTH: usize = 16;

/// Why something has no canonical spelling, or is not in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// A fraction, an exponent, or an integer that a double does not hold exactly.
    #[error("{0} is not an integer within 2^53 - 1")]
    Number(String),
    /// Two names of one object that are the same once composed.
    #[error("an object has the name {0:?} twice")]
    Name(String),
    /// More levels than are read here.
    #[error("it has more than 16 levels")]
    Depth,
    /// Not JSON at all.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// JSON in another spelling: blanks, another order, another escape, text that is not composed.
    #[error("it is not in the canonical spelling of RFC 8785 with NFC text")]
    Spelling,
}

/// Writes a value. Text that is not composed is composed, names included; nothing else changes.
pub(super) fn write_canonical(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut text = String::new();
    write_value(&mut text, value, MAX_DEPTH)?;
    Ok(text.into_bytes())
}

/// Reads a value whose bytes are canonical, and refuses every other spelling.
pub(super) fn parse_canonical(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let value = serde_json::from_slice(bytes).map_err(|err| CanonicalError::Json(err.to_string()))?;
    if write_canonical(&value)? == bytes { Ok(value) } else { Err(CanonicalError::Spelling) }
}

fn write_value(text: &mut String, value: &Value, levels_left: usize) -> Result<(), CanonicalError> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => {
            let integer = number.as_i64().filter(|n| n.unsigned_abs() <= MAX_INTEGER);
            let integer = integer.ok_or_else(|| CanonicalError::Number(number.to_string()))?;
            text.push_str(&integer.to_string());
        }
        Value::String(string) => write_string(text, string.nfc()),
        Value::Array(items) => {
            let levels_left = levels_left.checked_sub(1).ok_or(CanonicalError::Depth)?;
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if 0 < i {
                    text.push(',');
                }
                write_value(text, item, levels_left)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            let levels_left = levels_left.checked_sub(1).ok_or(CanonicalError::Depth)?;
            write_members(text, members, levels_left)?;
        }
    }
    Ok(())
}

fn write_members(text: &mut String, members: &Map<String, Value>, levels_left: usize) -> Result<(), CanonicalError> {
    let mut members: Vec<(String, &Value)> =
        members.iter().map(|(name, value)| (name.nfc().collect(), value)).collect();
    members.sort_by(|(one, _), (other, _)| compare_names(one, other));
    let mut last = None;
    text.push('{');
    for (name, value) in &members {
        if last == Some(name) {
            return Err(CanonicalError::Name(name.clone()));
        }
        if last.is_some() {
            text.push(',');
        }
        write_string(text, name.chars());
        text.push(':');
        write_value(text, value, levels_left)?;
        last = Some(name);
    }
    text.push('}');
    Ok(())
}

/// The order of names (RFC 8785 §3.2.3): by UTF-16 code units, which is not the order of characters beyond U+FFFF.
fn compare_names(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// Writes text between quotes and escapes what must be escaped, nothing else (RFC 8785 §3.2.2.2).
fn write_string(text: &mut String, characters: impl Iterator<Item = char>) {
    text.push('"');
    for c in characters {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\0'..='\u{1f}' => {
                let digits = [u32::from(c) >> 4, u32::from(c) & 0xf];
                text.push_str("\\u00");
                text.extend(digits.into_iter().filter_map(|digit| char::from_digit(digit, 16)));
            }
            _ => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(String::from_utf8(write_canonical(value).unwrap()).unwrap(), expected);
    }

    #[test]
    fn names_stand_in_the_order_of_rfc_8785_section_3_2_3() {
        let mut names = ["\u{20ac}", "\r", "\u{fb33}", "1", "\u{1f600}", "\u{80}", "\u{f6}"];
        names.sort_by(|one, other| compare_names(one, other));
        assert_eq!(names, ["\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"]);
    }

    #[test]
    fn text_is_escaped_as_in_rfc_8785_section_3_2_2() {
        let value: Value = serde_json::from_str(
            r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
        )
        .unwrap();
        check(&value, "{\"literals\":[null,true,false],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    }

    #[test]
    fn every_control_character_has_its_escape_and_no_other_character_has_one() {
        check(&json!("\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}"), r#""\u0000\b\t\n\u000b\f\r\u001f""#);
        check(&json!("\u{7f}\u{80}</\u{2028}đ😀"), "\"\u{7f}\u{80}</\u{2028}đ😀\"");
    }

    #[test]
    fn members_of_every_level_are_sorted_and_blanks_are_gone() {
        check(
            &json!({"b": [{"z": 1, "a": {}}, []], "a": -3, "B": "Miến dong"}),
            r#"{"B":"Miến dong","a":-3,"b":[{"a":{},"z":1},[]]}"#,
        );
    }

    #[test]
    fn text_is_composed_as_it_is_written() {
        check(&json!({"te\u{302}\u{301}": "mie\u{302}\u{301}n"}), "{\"t\u{1ebf}\":\"mi\u{1ebf}n\"}");
    }

    #[test]
    fn two_names_that_are_one_once_composed_are_refused() {
        let value = json!({"\u{1ebf}": 1, "e\u{302}\u{301}": 2});
        assert_eq!(write_canonical(&value), Err(CanonicalError::Name("\u{1ebf}".into())));
    }

    #[test]
    fn integers_end_where_doubles_stop_telling_them_apart() {
        check(
            &json!([9_007_199_254_740_991_i64, -9_007_199_254_740_991_i64, 0]),
            "[9007199254740991,-9007199254740991,0]",
        );
        for number in
            [json!(9_007_199_254_740_992_i64), json!(-9_007_199_254_740_992_i64), json!(u64::MAX), json!(i64::MIN)]
        {
            assert_eq!(write_canonical(&number), Err(CanonicalError::Number(number.to_string())));
        }
    }

    #[test]
    fn fractions_and_exponents_are_refused() {
        for text in ["1.5", "1.0", "1e3", "-0", "-0.0"] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(matches!(write_canonical(&value), Err(CanonicalError::Number(_))), "{text}");
        }
    }

    #[test]
    fn the_seventeenth_level_is_refused() {
        let nested = |levels| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        assert!(write_canonical(&nested(16)).is_ok());
        assert_eq!(write_canonical(&nested(17)), Err(CanonicalError::Depth));
    }

    #[test]
    fn another_spelling_of_a_value_is_refused() {
        let good = "{\"a\":1,\"b\":\"\\n\u{1ebf}/\"}";
        assert!(parse_canonical(good.as_bytes()).is_ok());
        let spellings = [
            "{\"b\":\"\\n\u{1ebf}/\",\"a\":1}",
            "{\"a\":1, \"b\":\"\\n\u{1ebf}/\"}",
            "{\"a\":1,\"b\":\"\\n\u{1ebf}/\"}\n",
            "{\"a\":1,\"b\":\"\\u000a\u{1ebf}/\"}",
            "{\"a\":1,\"b\":\"\\n\\u1ebf/\"}",
            "{\"a\":1,\"b\":\"\\n\u{1ebf}\\/\"}",
            "{\"a\":1,\"b\":\"\\ne\u{302}\u{301}/\"}",
            "{\"a\":2,\"a\":1,\"b\":\"\\n\u{1ebf}/\"}",
        ];
        for spelling in spellings {
            assert_eq!(parse_canonical(spelling.as_bytes()), Err(CanonicalError::Spelling), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bytes in [b"".as_slice(), b"{", b"\xef\xbb\xbf{}", b"\"\xff\"", br#""\ud800""#, b"01", b"NaN"] {
            assert!(matches!(parse_canonical(bytes), Err(CanonicalError::Json(_))), "{bytes:?}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let max = 9_007_199_254_740_991_i64;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-max..=max).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            any::<Vec<char>>().prop_map(|chars| chars.into_iter().collect::<String>().into()),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(".{0,6}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_written_the_same(value in values()) {
            // Two random names may compose to one, which is refused; that has a test of its own.
            let Ok(bytes) = write_canonical(&value) else { return Ok(()) };
            let read = parse_canonical(&bytes);
            prop_assert!(read.is_ok());
            prop_assert_eq!(write_canonical(&read.unwrap()).unwrap(), bytes);
        }

        #[test]
        fn composed_values_come_back_as_they_were(text in "[a-zà-ỹ\"\\\\ ]{0,20}", n in -1_000_000_i64..1_000_000) {
            let value = json!({"n": n, "text": text.nfc().collect::<String>()});
            prop_assert_eq!(parse_canonical(&write_canonical(&value).unwrap()), Ok(value));
        }

        #[test]
        fn any_bytes_are_refused_or_are_the_one_spelling(bytes in any::<Vec<u8>>()) {
            if let Ok(value) = parse_canonical(&bytes) {
                prop_assert_eq!(write_canonical(&value).unwrap(), bytes);
            }
        }
    }
}
