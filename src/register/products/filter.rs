//! Which products a list shows, and in which order: read from an address and written back to it. Pure; it asks no database.

use std::ops::RangeInclusive;
use std::str::FromStr;

use url::form_urlencoded::{Serializer, parse};

use crate::accounts::types::ProducerNo;
use crate::error::{Error, Result};
use crate::http::kept_text;
use crate::register::choice::choice;
use crate::register::types::ProducerKind;

/// Products on one page of a list.
pub const PAGE_ROWS: u32 = 50;
/// Longest search, characters: longer than any product's name.
const MAX_SEARCH_CHARS: usize = 100;
/// Most words that are looked at; each costs the database a comparison a product.
const MAX_SEARCH_WORDS: usize = 10;
/// Longest look ahead, months: a certificate holds 36.
const MAX_MONTHS: u8 = 36;
/// The last page anyone can ask for; a million products have fewer.
const MAX_PAGE: u32 = 20_000;

choice! {
    /// How a product's certificates stand today, as in `register::policy`.
    CertificateFilter {
        /// One covers today.
        InForce = "in_force",
        /// The last ended.
        Lapsed = "lapsed",
        /// The first has not begun.
        NotYetValid = "not_yet_valid",
        /// The last was revoked.
        Revoked = "revoked",
        /// None has dates.
        Unknown = "unknown",
    }
}

choice! {
    /// Whether products that left the register are shown.
    Closed {
        /// They are not.
        Hidden = "no",
        /// They alone are.
        Only = "only",
        /// They are, among the others.
        Shown = "all",
    }
}

choice! {
    /// What a list is sorted by.
    ProductSort {
        /// By name, as a Vietnamese dictionary does.
        Name = "name",
        /// By set, then name.
        Set = "set",
        /// Most stars first.
        Stars = "stars",
        /// By the last day of the last certificate, the earliest first; without dates last.
        Ends = "ends",
        /// The newest in the register first.
        Newest = "newest",
    }
}

/// Which products a list shows. Every condition that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFilter {
    /// Words that must all be in the product's names or its producer's, whatever their diacritics.
    pub text: Option<String>,
    /// Today's commune of the producer, by code.
    pub commune_code: Option<String>,
    /// Product set, 1 to 26.
    pub set_no: Option<u8>,
    /// Stars, 1 to 5.
    pub stars: Option<u8>,
    /// What the producer is in law.
    pub producer_kind: Option<ProducerKind>,
    /// How the certificates stand today.
    pub certificate: Option<CertificateFilter>,
    /// The last certificate ends within this many months from today, 1 to 36.
    pub ends_within_months: Option<u8>,
    /// One producer's.
    pub producer_no: Option<ProducerNo>,
    /// Whether closed products are shown.
    pub closed: Closed,
    /// The order.
    pub sort: ProductSort,
    /// The page, from 1.
    pub page: u32,
}

impl Default for ProductFilter {
    fn default() -> Self {
        Self {
            text: None,
            commune_code: None,
            set_no: None,
            stars: None,
            producer_kind: None,
            certificate: None,
            ends_within_months: None,
            producer_no: None,
            closed: Closed::Hidden,
            sort: ProductSort::Name,
            page: 1,
        }
    }
}

impl ProductFilter {
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
            "commune" => {
                let is_code = value.len() == 5 && value.bytes().all(|b| b.is_ascii_digit());
                self.commune_code = Some(is_code.then_some(value).ok_or_else(|| unknown("commune"))?);
            }
            "set" => self.set_no = Some(number("set", &value, &(1..=26))?),
            "stars" => self.stars = Some(number("stars", &value, &(1..=5))?),
            "kind" => self.producer_kind = Some(ProducerKind::parse(&value).ok_or_else(|| unknown("kind"))?),
            "state" => self.certificate = Some(CertificateFilter::parse(&value).ok_or_else(|| unknown("state"))?),
            "ends" => self.ends_within_months = Some(number("ends", &value, &(1..=MAX_MONTHS))?),
            "producer" => self.producer_no = Some(ProducerNo(number("producer", &value, &(1..=i32::MAX))?)),
            "closed" => self.closed = Closed::parse(&value).ok_or_else(|| unknown("closed"))?,
            "sort" => self.sort = ProductSort::parse(&value).ok_or_else(|| unknown("sort"))?,
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
            ("commune", self.commune_code.clone()),
            ("set", text(&self.set_no)),
            ("stars", text(&self.stars)),
            ("kind", self.producer_kind.map(|kind| kind.as_str().to_owned())),
            ("state", self.certificate.map(|state| state.as_str().to_owned())),
            ("ends", text(&self.ends_within_months)),
            ("producer", self.producer_no.map(|no| no.to_string())),
            ("closed", given(self.closed != standard.closed, self.closed.as_str())),
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

    /// Products before this page.
    pub const fn offset(&self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(PAGE_ROWS)
    }

    /// Whether it asks for less than everything that is open.
    pub fn is_narrowed(&self) -> bool {
        Self { sort: ProductSort::Name, page: 1, ..self.clone() } != Self::default()
    }
}

fn unknown(field: &'static str) -> Error {
    Error::invalid(
        field,
        "Bộ lọc trên địa chỉ không đúng; xin mở lại danh sách và chọn lại.",
        format!("no such choice for \"{field}\"; open the list again and choose"),
    )
}

fn number<N: FromStr + PartialOrd>(field: &'static str, value: &str, range: &RangeInclusive<N>) -> Result<N> {
    let number = value.parse().ok().filter(|n| range.contains(n));
    number.ok_or_else(|| unknown(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_back_from_its_own_address() {
        let full = "q=mi%E1%BA%BFn+dong&commune=01843&set=7&stars=4&kind=cooperative&state=in_force&ends=6&producer=3&closed=all&sort=ends&page=2";
        let filter = ProductFilter::from_query(full).unwrap();
        assert_eq!(filter.to_query(), full);
        assert_eq!(ProductFilter::from_query("").unwrap().to_query(), "");
    }

    #[test]
    fn empty_and_foreign_names_ask_for_nothing() {
        let filter = ProductFilter::from_query("q=+&set=&lang=en&done=saved&sort=name&page=1").unwrap();
        assert_eq!(filter, ProductFilter::default());
        assert!(!filter.is_narrowed());
    }

    #[test]
    fn only_conditions_narrow_a_list() {
        assert!(!ProductFilter::from_query("sort=newest&page=3").unwrap().is_narrowed());
        for query in ["q=x", "closed=only", "ends=1", "producer=1"] {
            assert!(ProductFilter::from_query(query).unwrap().is_narrowed(), "{query}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        for (query, field) in [
            ("set=27", "set"),
            ("stars=0", "stars"),
            ("kind=other+kind", "kind"),
            ("state=fine", "state"),
            ("ends=37", "ends"),
            ("ends=-1", "ends"),
            ("commune=1843", "commune"),
            ("commune=%27%3B--a", "commune"),
            ("page=0", "page"),
            ("producer=x", "producer"),
            ("sort=price", "sort"),
        ] {
            let refused = ProductFilter::from_query(query).unwrap_err();
            assert!(matches!(&refused, Error::Invalid { field: given, .. } if *given == field), "{query}: {refused}");
        }
        let long = format!("q={}", "a".repeat(101));
        assert!(ProductFilter::from_query(&long).is_err());
    }
}
