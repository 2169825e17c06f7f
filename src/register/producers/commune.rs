//! Finds the commune that someone means by its name, whatever diacritics were typed, and says what became of one that is gone.
//! Pure: both lists come in as arguments. A code alone names no commune, because codes were used again in the reform of 2025.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::error::{Error, Result};

use super::types::{Commune, FormerCommune};

/// What may stand before a commune's own name.
const KINDS: [&str; 4] = ["phuong ", "xa ", "thi tran ", "dac khu "];
/// Former communes of one name that a sentence tells about.
const MAX_TOLD: usize = 3;

/// The commune of today with this name; with or without `xã` or `phường`, with or without diacritics.
pub(in crate::register) fn choose<'c>(
    typed: &str,
    today: &'c [Commune],
    former: &[FormerCommune],
) -> Result<&'c Commune> {
    if let Some(exact) = today.iter().find(|commune| commune.name == typed) {
        return Ok(exact);
    }
    let is_meant = |name: &str| {
        let (name, typed) = (fold(name), fold(typed));
        name == typed || bare(&name) == typed
    };
    let meant: Vec<&Commune> = today.iter().filter(|commune| is_meant(&commune.name)).collect();
    match meant.as_slice() {
        [only] => Ok(only),
        [] => Err(gone_or_unknown(former.iter().filter(|commune| is_meant(&commune.name)))),
        several => {
            let names: Vec<&str> = several.iter().map(|commune| commune.name.as_str()).collect();
            let names = names.join(", ");
            Err(Error::invalid(
                "commune",
                format!("Tên này có thể là: {names}. Xin chọn một tên trong danh sách."),
                format!("this may be: {names}; choose one of the list"),
            ))
        }
    }
}

fn gone_or_unknown<'f>(former: impl Iterator<Item = &'f FormerCommune>) -> Error {
    let told: Vec<(String, String)> = former.take(MAX_TOLD).map(tell).collect();
    if told.is_empty() {
        return Error::invalid(
            "commune",
            "Trong tỉnh không có xã, phường nào tên như vậy từ 01/07/2025. Xin chọn một tên trong danh sách.",
            "the province has had no commune of this name since 2025-07-01; choose one of the list",
        );
    }
    let join = |pick: fn(&(String, String)) -> &str| told.iter().map(pick).collect::<Vec<_>>().join("; ");
    Error::invalid(
        "commune",
        format!("{}. Xin chọn tên mới; tên cũ ghi vào phần địa chỉ trước sáp nhập.", join(|(vi, _)| vi)),
        format!("{}; choose the new name, the old one belongs into the address before the merger", join(|(_, en)| en)),
    )
}

/// What became of a former commune, in both languages.
pub(in crate::register) fn tell(commune: &FormerCommune) -> (String, String) {
    let FormerCommune { name, district, became, .. } = commune;
    let place = district.as_ref().map_or_else(|| name.clone(), |district| format!("{name} ({district})"));
    let became = became.join(", ");
    (
        format!("{place} chỉ có đến 30/06/2025, nay thuộc {became}"),
        format!("{place} ended on 2025-06-30 and is now part of {became}"),
    )
}

/// Small letters without diacritics and tone marks, blanks alike.
fn fold(text: &str) -> String {
    let letters: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect();
    let letters = letters.to_lowercase().replace('đ', "d");
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A folded name without its kind.
fn bare(folded: &str) -> &str {
    KINDS.iter().find_map(|kind| folded.strip_prefix(kind)).unwrap_or(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Vec<Commune> {
        let commune = |code: &str, name: &str| Commune {
            code: code.into(),
            valid_from: "2025-07-01".parse().unwrap(),
            name: name.into(),
            province: "Thái Nguyên".into(),
        };
        vec![
            commune("1", "Phường Bắc Kạn"),
            commune("2", "Xã Na Rì"),
            commune("3", "Xã Vân Hán"),
            commune("4", "Xã Văn Hán"),
        ]
    }

    fn former() -> Vec<FormerCommune> {
        let commune = |name: &str, district: &str, became: &[&str]| FormerCommune {
            code: "01837".into(),
            name: name.into(),
            district: Some(district.into()),
            became: became.iter().map(|name| (*name).to_owned()).collect(),
        };
        vec![
            commune("Xã Nông Thượng", "Thành Phố Bắc Kạn", &["Phường Bắc Kạn"]),
            commune("Xã Văn Minh", "Huyện Na Rì", &["Xã Na Rì", "Phường Bắc Kạn"]),
        ]
    }

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let (today, former) = (today(), former());
        let said = choose(typed, &today, &former).map_or_else(|error| error.vi(), |commune| commune.name.clone());
        assert!(said.contains(expected), "{typed}: {said}");
    }

    #[test]
    fn a_commune_is_found_without_its_diacritics_and_without_its_kind() {
        for typed in ["Phường Bắc Kạn", "phuong bac kan", "Bắc Kạn", "BAC  KAN", "Ba\u{306}\u{301}c Ka\u{323}n"]
        {
            check(typed, "Phường Bắc Kạn");
        }
        check("Xã Văn Hán", "Xã Văn Hán");
    }

    #[test]
    fn a_name_that_fits_two_communes_is_asked_about() {
        check("xa van han", "Tên này có thể là: Xã Vân Hán, Xã Văn Hán");
    }

    #[test]
    fn a_commune_of_before_the_reform_is_refused_with_what_it_became() {
        check("nong thuong", "Xã Nông Thượng (Thành Phố Bắc Kạn) chỉ có đến 30/06/2025, nay thuộc Phường Bắc Kạn");
        check("Xã Văn Minh", "nay thuộc Xã Na Rì, Phường Bắc Kạn");
    }

    #[test]
    fn a_name_that_never_was_is_refused() {
        for typed in ["", "Xã", "Hà Nội", "01843", "<script>"] {
            check(typed, "không có xã, phường nào");
        }
    }
}
