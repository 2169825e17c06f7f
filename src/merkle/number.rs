//! Numbers and bytes as the formats spell them: decimals without leading zeros, padded base64, lower-case hex. One value, one spelling.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::MAX_SIZE;

/// Reads a decimal up to 2^63 - 1 that would be printed as it stands: no sign, no leading zeros, no spaces.
pub fn parse_decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|&n| is_plain && n <= MAX_SIZE)
}

/// Reads base64 with its padding and with nothing in the bits that are left over (RFC 4648 §4 and §3.5).
pub(super) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Prints base64 with its padding (RFC 4648 §4).
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(parse_decimal("0"), Some(0));
        assert_eq!(parse_decimal("1000000"), Some(1_000_000));
        assert_eq!(parse_decimal("9223372036854775807"), Some(MAX_SIZE));
        for text in
            ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "٣", "0x1", "9223372036854775808", "18446744073709551616"]
        {
            assert_eq!(parse_decimal(text), None, "{text}");
        }
    }
}
