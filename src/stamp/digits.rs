//! 77 bytes as 187 decimal digits and back: eleven groups of seven bytes, seventeen digits each.
//! Numeric mode makes them the smallest symbol; digits survive SMS, chat and keyboards.

use super::Rule;

/// Digits in a stamp's text.
pub const N_DIGITS: usize = N_GROUPS * DIGITS_PER_GROUP;
/// Bytes in a stamp.
pub const N_BYTES: usize = N_GROUPS * BYTES_PER_GROUP;

const N_GROUPS: usize = 11;
const DIGITS_PER_GROUP: usize = 17;
const BYTES_PER_GROUP: usize = 7;

/// Writes 187 digits.
pub fn encode(bytes: &[u8; N_BYTES]) -> String {
    let mut text = [b'0'; N_DIGITS];
    let (groups, _) = bytes.as_chunks::<BYTES_PER_GROUP>();
    let (fields, _) = text.as_chunks_mut::<DIGITS_PER_GROUP>();
    for (&[a, b, c, d, e, f, g], field) in groups.iter().zip(fields) {
        let mut n = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
        for digit in field.iter_mut().rev() {
            *digit += u8::try_from(n % 10).unwrap_or_default();
            n /= 10;
        }
    }
    text.iter().map(|&byte| char::from(byte)).collect()
}

/// Reads 187 digits, strictly: no sign, no space, no other script, and no group that only fits by wrapping.
///
/// The length is counted in bytes, so a text with a foreign digit fails by `length` first.
pub fn decode(text: &[u8]) -> Result<[u8; N_BYTES], Rule> {
    let text: &[u8; N_DIGITS] = text.try_into().map_err(|_| Rule::Length)?;
    if !text.iter().all(u8::is_ascii_digit) {
        return Err(Rule::Digit);
    }
    let mut bytes = [0; N_BYTES];
    let (fields, _) = text.as_chunks::<DIGITS_PER_GROUP>();
    let (groups, _) = bytes.as_chunks_mut::<BYTES_PER_GROUP>();
    for (field, group) in fields.iter().zip(groups) {
        let n = field.iter().fold(0_u64, |n, &digit| n * 10 + u64::from(digit - b'0'));
        let [0, rest @ ..] = n.to_be_bytes() else {
            return Err(Rule::Group);
        };
        *group = rest;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decoding_the_encoded_bytes_gives_them_back(bytes in prop::collection::vec(any::<u8>(), N_BYTES)) {
            let bytes: [u8; N_BYTES] = bytes.try_into().unwrap();
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes));
        }

        #[test]
        fn a_text_that_decodes_is_the_only_text_of_its_bytes(text in "[0-9]{187}") {
            if let Ok(bytes) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Rule) {
        assert_eq!(decode(text.as_bytes()), Err(expected));
    }

    #[test]
    fn a_text_of_another_length_is_refused_by_length() {
        check("", Rule::Length);
        check(&"0".repeat(186), Rule::Length);
        check(&"0".repeat(188), Rule::Length);
        check(&format!("０{}", "0".repeat(186)), Rule::Length);
    }

    #[test]
    fn a_text_with_a_sign_a_space_or_a_foreign_digit_is_refused_by_digit() {
        check(&format!("+{}", "0".repeat(186)), Rule::Digit);
        check(&format!("{} ", "0".repeat(186)), Rule::Digit);
        check(&format!("０{}", "0".repeat(184)), Rule::Digit);
    }

    #[test]
    fn the_first_group_value_past_seven_bytes_is_refused_by_group() {
        let largest = format!("{:017}{}", (1_u64 << 56) - 1, "0".repeat(170));
        assert!(decode(largest.as_bytes()).is_ok());
        check(&format!("{:017}{}", 1_u64 << 56, "0".repeat(170)), Rule::Group);
    }
}
