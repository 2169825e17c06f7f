//! Which certificates a list shows, and in which order: read from an address and written back to it. Pure; it asks no database.

use std::ops::RangeInclusive;

use url::form_urlencoded::{Serializer, parse};

use crate::error::{Error, Result};
use crate::http::kept_text;
use crate::register::choice::choice;
use crate::register::products::CertificateFilter;

/// Certificates on one page of a list.
pub(super) const PAGE_ROWS: u32 = 50;
/// Longest search, characters: longer than most products' names.
const MAX_SEARCH_CHARS: usize = 100;
/// Most words that are looked at; each costs the database a comparison a certificate.
const MAX_SEARCH_WORDS: usize = 10;
/// Longest look ahead, months: a certificate holds 36.
const MAX_MONTHS: u8 = 36;
/// The last page anyone can ask for; a million certificates have fewer.
const MAX_PAGE: u32 = 20_000;

choice! {
    /// What a list is sorted by.
    CertificateSort {
        /// By the last day, the earliest first; without dates last.
        Ends = "ends",
        /// By the product's name, as a Vietnamese dictionary does.
        Product = "product",
        /// Most stars first.
        Stars = "stars",
        /// The newest in the register first.
        Newest = "newest",
    }
}

/// Which certificates a list shows. Every condition that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateListFilter {
    /// Words that must all be in the product's or the producer's name, whatever their diacritics; or a whole number.
    pub text: Option<String>,
    /// How the certificate by itself stands today.
    pub state: Option<CertificateFilter>,
    /// Stars, 3 to 5.
    pub stars: Option<u8>,
    /// The product's set, 1 to 26.
    pub set_no: Option<u8>,
    /// Today's commune of the producer, by code.
    pub commune_code: Option<String>,
    /// Its last day lies within this many months from today, 1 to 36.
    pub ends_within_months: Option<u8>,
    /// The order.
    pub sort: CertificateSort,
    /// The page, from 1.
    pub page: u32,
}

impl Default for CertificateListFilter {
    fn default() -> Self {
        Self {
            text: None,
            state: None,
            stars: None,
            set_no: None,
            commune_code: None,
            ends_within_months: None,
            sort: CertificateSort::Ends,
            page: 1,
        }
    }
}

impl CertificateListFilter {
    /// Reads the query string of a list. Names that are not a filter's are left alone, empty values ask for nothing.
    pub fn from_query(query: &str) -> Result<Self> {
        let mut filter = Self::default();
        for (name, value) in parse(query.as_bytes()) {
            let value = kept_text(&value);
            if !value.is_empty() {
                filter.take(&name, value)?;
            }
        }
        Ok(filter)
    }

    fn take(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "q" if MAX_SEARCH_CHARS < value.chars().count() => {
                return Err(Error::invalid(
                    "q",
                    format!("Từ tìm kiếm dài nhất {MAX_SEARCH_CHARS} ký tự."),
                    format!("a search has at most {MAX_SEARCH_CHARS} characters"),
                ));
            }
            "q" => self.text = Some(value),
            "state" => self.state = Some(CertificateFilter::parse(&value).ok_or_else(|| unknown("state"))?),
            "stars" => self.stars = Some(number("stars", &value, &(3..=5))?),
            "set" => self.set_no = Some(number("set", &value, &(1..=26))?),
            "commune" => {
                let is_code = value.len() == 5 && value.bytes().all(|b| b.is_ascii_digit());
                self.commune_code = Some(is_code.then_some(value).ok_or_else(|| unknown("commune"))?);
            }
            "ends" => self.ends_within_months = Some(number("ends", &value, &(1..=MAX_MONTHS))?),
            "sort" => self.sort = CertificateSort::parse(&value).ok_or_else(|| unknown("sort"))?,
            "page" => self.page = number("page", &value, &(1..=MAX_PAGE))?,
            _ => {}
        }
        Ok(())
    }

    /// The query string that reads back as this filter; empty when nothing is asked.
    pub fn to_query(&self) -> String {
        let standard = Self::default();
        let text = |value: &Option<u8>| value.as_ref().map(ToString::to_string);
        let given = |differs: bool, word: &str| differs.then(|| word.to_owned());
        let pairs = [
            ("q", self.text.clone()),
            ("state", self.state.map(|state| state.as_str().to_owned())),
            ("stars", text(&self.stars)),
            ("set", text(&self.set_no)),
            ("commune", self.commune_code.clone()),
            ("ends", text(&self.ends_within_months)),
            ("sort", given(self.sort != standard.sort, self.sort.as_str())),
            ("page", given(self.page != standard.page, &self.page.to_string())),
        ];
        let mut query = Serializer::new(String::new());
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.finish()
    }

    /// The same list at another page.
    #[must_use]
    pub fn at_page(&self, page: u32) -> Self {
        Self { page, ..self.clone() }
    }

    /// The words to look for.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.text.iter().flat_map(|text| text.split_whitespace()).take(MAX_SEARCH_WORDS)
    }

    /// Certificates before this page.
    pub const fn offset(&self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(PAGE_ROWS)
    }

    /// Whether it asks for less than everything.
    pub fn is_narrowed(&self) -> bool {
        Self { sort: CertificateSort::Ends, page: 1, ..self.clone() } != Self::default()
    }
}

fn unknown(field: &'static str) -> Error {
    Error::invalid(
        field,
        "Bộ lọc trên địa chỉ không đúng; xin mở lại danh sách và chọn lại.",
        format!("no such choice for \"{field}\"; open the list again and choose"),
    )
}

fn number<N: std::str::FromStr + PartialOrd>(field: &'static str, value: &str, range: &RangeInclusive<N>) -> Result<N> {
    let number = value.parse().ok().filter(|n| range.contains(n));
    number.ok_or_else(|| unknown(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_back_from_its_own_address() {
        let full = "q=mi%E1%BA%BFn&state=lapsed&stars=4&set=7&commune=01843&ends=6&sort=stars&page=2";
        assert_eq!(CertificateListFilter::from_query(full).unwrap().to_query(), full);
        let nothing = CertificateListFilter::from_query("lang=en&q=+&done=saved").unwrap();
        assert_eq!((nothing.to_query().as_str(), nothing.is_narrowed()), ("", false));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        for (query, name) in [
            ("state=fine", "state"),
            ("stars=2", "stars"),
            ("set=0", "set"),
            ("commune=abcde", "commune"),
            ("ends=37", "ends"),
            ("sort=price", "sort"),
            ("page=0", "page"),
        ] {
            let refused = CertificateListFilter::from_query(query).unwrap_err();
            assert!(matches!(refused, Error::Invalid { field, .. } if field == name), "{query}");
        }
    }
}
