//! Which producers a list shows, and in which order: read from an address and written back to it. Pure; it asks no database.

use url::form_urlencoded::{Serializer, parse};

use crate::error::{Error, Result};
use crate::http::kept_text;
use crate::register::choice::choice;
use crate::register::products::Closed;

use super::types::ProducerKind;

/// Producers on one page of a list.
pub(super) const PAGE_ROWS: u32 = 50;
/// Longest search, characters: longer than most producers' names.
const MAX_SEARCH_CHARS: usize = 100;
/// Most words that are looked at; each costs the database a comparison a producer.
const MAX_SEARCH_WORDS: usize = 10;
/// The last page anyone can ask for; half a million producers have fewer.
const MAX_PAGE: u32 = 10_000;

choice! {
    /// What a list is sorted by.
    ProducerSort {
        /// By name, as a Vietnamese dictionary does.
        Name = "name",
        /// By commune, then name; those without one last.
        Commune = "commune",
        /// Most products first.
        Products = "products",
        /// The newest in the register first.
        Newest = "newest",
    }
}

/// Which producers a list shows. Every condition that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerFilter {
    /// Words that must all be in the name, whatever their diacritics; or a whole tax code.
    pub text: Option<String>,
    /// Today's commune, by code.
    pub commune_code: Option<String>,
    /// What it is in law.
    pub kind: Option<ProducerKind>,
    /// Whether those that left the register are shown.
    pub closed: Closed,
    /// The order.
    pub sort: ProducerSort,
    /// The page, from 1.
    pub page: u32,
}

impl Default for ProducerFilter {
    fn default() -> Self {
        Self { text: None, commune_code: None, kind: None, closed: Closed::Hidden, sort: ProducerSort::Name, page: 1 }
    }
}

impl ProducerFilter {
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
            "kind" => self.kind = Some(ProducerKind::parse(&value).ok_or_else(|| unknown("kind"))?),
            "closed" => self.closed = Closed::parse(&value).ok_or_else(|| unknown("closed"))?,
            "sort" => self.sort = ProducerSort::parse(&value).ok_or_else(|| unknown("sort"))?,
            "page" => {
                let page = value.parse().ok().filter(|page| (1..=MAX_PAGE).contains(page));
                self.page = page.ok_or_else(|| unknown("page"))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The query string that reads back as this filter; empty when nothing is asked.
    pub fn to_query(&self) -> String {
        let standard = Self::default();
        let given = |differs: bool, word: &str| differs.then(|| word.to_owned());
        let pairs = [
            ("q", self.text.clone()),
            ("commune", self.commune_code.clone()),
            ("kind", self.kind.map(|kind| kind.as_str().to_owned())),
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

    /// Producers before this page.
    pub const fn offset(&self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(PAGE_ROWS)
    }

    /// Whether it asks for less than everything that is open.
    pub fn is_narrowed(&self) -> bool {
        Self { sort: ProducerSort::Name, page: 1, ..self.clone() } != Self::default()
    }
}

fn unknown(field: &'static str) -> Error {
    Error::invalid(
        field,
        "Bộ lọc trên địa chỉ không đúng; xin mở lại danh sách và chọn lại.",
        format!("no such choice for \"{field}\"; open the list again and choose"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_back_from_its_own_address() {
        let full = "q=mi%E1%BA%BFn+dong&commune=01843&kind=household&closed=all&sort=products&page=2";
        assert_eq!(ProducerFilter::from_query(full).unwrap().to_query(), full);
        assert_eq!(ProducerFilter::from_query("lang=en&done=saved&q=+").unwrap(), ProducerFilter::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        for (query, name) in [
            ("commune=x", "commune"),
            ("kind=farm", "kind"),
            ("page=0", "page"),
            ("sort=1", "sort"),
            ("closed=1", "closed"),
        ] {
            let refused = ProducerFilter::from_query(query).unwrap_err();
            assert!(matches!(refused, Error::Invalid { field, .. } if field == name), "{query}");
        }
        assert!(ProducerFilter::from_query(&format!("q={}", "a".repeat(101))).is_err());
    }
}
