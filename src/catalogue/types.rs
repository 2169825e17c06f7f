//! What a visitor asks the catalogue, and what it answers, as values. Pure.

use chrono::{DateTime, NaiveDate, Utc};

use crate::clock::day_in_vietnam;
use crate::register::papers::types::PaperKind;
use crate::register::policy::certificate_on;
use crate::register::types::{Certificate, Product};
use crate::stamp::ProductNo;

/// Products on one page of the list: a few screens of a phone.
pub const HITS_PER_PAGE: u32 = 20;
/// The last page that is looked at; the whole country's products fit before it.
const MAX_PAGE: u32 = 1_000;
/// Longest text that is searched for, characters: longer than any product's and producer's name together.
pub const MAX_TEXT_CHARS: usize = 100;
/// Most words of a search; each costs a comparison per product.
const MAX_WORDS: usize = 8;
/// Product sets are numbered 1 to 26.
const MAX_SET_NO: u8 = 26;
/// Stars that can be asked for.
pub const STARS: [u8; 5] = [5, 4, 3, 2, 1];

/// Whose products are on view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Real products alone.
    RealOnly,
    /// The examples of a demonstration too.
    WithExamples,
}

/// A search as it was sent; what makes no sense asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The words, as typed.
    pub text: String,
    /// Only this set.
    pub set_no: Option<u8>,
    /// Only with so many stars.
    pub stars: Option<u8>,
    /// Which page, from 1.
    pub page: u32,
}

impl Search {
    /// Reads what a form or a link sent.
    pub fn read(text: &str, set_no: &str, stars: &str, page: &str) -> Self {
        let number = |text: &str, max: u8| text.parse().ok().filter(|n| (1..=max).contains(n));
        Self {
            text: text.trim().chars().take(MAX_TEXT_CHARS).collect(),
            set_no: number(set_no, MAX_SET_NO),
            stars: number(stars, STARS.len().try_into().unwrap_or(u8::MAX)),
            page: page.parse().unwrap_or(1).clamp(1, MAX_PAGE),
        }
    }

    /// The words, each of which a product must have.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split_whitespace().take(MAX_WORDS)
    }

    /// Whether anything narrows the list.
    pub fn is_narrowed(&self) -> bool {
        !self.text.is_empty() || self.set_no.is_some() || self.stars.is_some()
    }

    /// Products before this page.
    pub const fn offset(&self) -> u32 {
        self.page.saturating_sub(1) * HITS_PER_PAGE
    }
}

/// One product in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its number.
    pub product_no: ProductNo,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// Its stars in the register.
    pub stars: Option<u8>,
    /// Who makes it.
    pub producer: String,
    /// The producer's commune today.
    pub commune: Option<String>,
    /// Whether there is a picture to show.
    pub has_picture: bool,
    /// Its certificates, newest first.
    pub certificates: Vec<Certificate>,
}

impl Hit {
    /// Its stars: those of the certificate in force, else those of the register.
    pub fn stars_on(&self, today: NaiveDate) -> Option<u8> {
        stars(&self.certificates, self.stars, today)
    }
}

fn stars(certificates: &[Certificate], of_register: Option<u8>, today: NaiveDate) -> Option<u8> {
    certificate_on(certificates, today).and_then(|certificate| certificate.stars).or(of_register)
}

/// A product set by number and names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetName {
    /// 1 to 26.
    pub set_no: u8,
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

/// One page of what was found.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The products of this page.
    pub hits: Vec<Hit>,
    /// How many there are on all pages.
    pub n_found: u32,
    /// When nothing was found: names that look like what was typed.
    pub suggestions: Vec<Hit>,
    /// Sets to choose from.
    pub sets: Vec<SetName>,
    /// The day by which certificates were judged.
    pub today: NaiveDate,
}

impl Listing {
    /// The last page.
    pub fn n_pages(&self) -> u32 {
        self.n_found.div_ceil(HITS_PER_PAGE).max(1)
    }
}

/// A photo of the product's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Its number, part of its address.
    pub photo_id: i32,
    /// Pixels across.
    pub width_px: i16,
    /// Pixels down.
    pub height_px: i16,
}

/// What the register says of a product besides what every scan shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Name in English.
    pub name_en: Option<String>,
    /// Story in Vietnamese.
    pub story: Option<String>,
    /// Story in English.
    pub story_en: Option<String>,
    /// Ingredients.
    pub ingredients: Option<String>,
    /// GTIN.
    pub gtin: Option<String>,
    /// The address as printed on packaging.
    pub printed_address: Option<String>,
    /// Since when the product is closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Since when its producer is closed.
    pub producer_closed_at: Option<DateTime<Utc>>,
}

/// A way to reach the producer that someone agreed to make public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// `person`, `phone`, `zalo`, `email`, `website` or `address`.
    pub kind: String,
    /// What it says.
    pub value: String,
}

impl Contact {
    /// Where a tap on it leads; none for what cannot be followed safely.
    pub fn href(&self) -> Option<String> {
        let digits: String = self.value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        let is_mail = self.value.contains('@') && !self.value.contains(|c: char| c.is_whitespace() || c == '?');
        let lower = self.value.to_ascii_lowercase();
        match self.kind.as_str() {
            "phone" if !digits.is_empty() => Some(format!("tel:{digits}")),
            "zalo" if !digits.is_empty() => Some(format!("https://zalo.me/{}", digits.trim_start_matches('+'))),
            "email" if is_mail => Some(format!("mailto:{}", self.value)),
            "website" if lower.starts_with("https://") || lower.starts_with("http://") => Some(self.value.clone()),
            _ => None,
        }
    }
}

/// A food-safety paper that counts today: its kind, number and dates, never its file or what else stands on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// What it is.
    pub kind: PaperKind,
    /// Its number as printed.
    pub number: Option<String>,
    /// When it was issued.
    pub issued_on: Option<NaiveDate>,
    /// Its last day.
    pub valid_to: Option<NaiveDate>,
}

/// How a batch stands with the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing against it.
    Normal,
    /// Suspended for the time being.
    Suspended,
    /// Recalled for good.
    Recalled,
}

/// A batch with stamps that may still be in shops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentBatch {
    /// Its lot.
    pub lot: String,
    /// The day it was packed.
    pub packed_on: NaiveDate,
    /// Its last day of use.
    pub last_valid_day: Option<NaiveDate>,
    /// How it stands.
    pub standing: Standing,
    /// Why, when it does not stand well.
    pub reason: Option<String>,
    /// What to do, when it does not stand well.
    pub advice: Option<String>,
}

/// Everything the page of a product shows.
#[derive(Clone, Debug)]
pub struct PublicProduct {
    /// What every scan shows too, with its producer and all certificates.
    pub product: Product,
    /// What is for this page alone.
    pub details: Details,
    /// Photos, the first first.
    pub photos: Vec<Photo>,
    /// Public contacts of the producer.
    pub contacts: Vec<Contact>,
    /// Food-safety papers of the product and of its producer that are not past their last day.
    pub papers: Vec<Paper>,
    /// Batches that may be in shops, those recalled or suspended first.
    pub batches: Vec<CurrentBatch>,
    /// The day by which everything was judged.
    pub today: NaiveDate,
}

impl PublicProduct {
    /// Since when the number is kept only so that printed stamps point somewhere.
    pub fn closed_on(&self) -> Option<NaiveDate> {
        self.details.closed_at.or(self.details.producer_closed_at).map(day_in_vietnam)
    }

    /// Its stars: those of the certificate in force, else those of the register.
    pub fn stars(&self) -> Option<u8> {
        stars(&self.product.certificates, self.product.stars, self.today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_in_a_search_asks_for_nothing() {
        let nonsense = Search::read("  ", "27", "six", "-4");
        assert_eq!(nonsense, Search { page: 1, ..Search::default() });
        assert!(!nonsense.is_narrowed());
        assert_eq!(Search::read("", "0", "0", "0").set_no, None);
        assert_eq!(
            Search::read("", "26", "5", "4294967295"),
            Search { text: String::new(), set_no: Some(26), stars: Some(5), page: MAX_PAGE }
        );
    }

    #[test]
    fn a_search_has_at_most_100_characters_and_8_words() {
        let long = Search::read(&"ệ ".repeat(500), "", "", "");
        assert_eq!(long.text.chars().count(), MAX_TEXT_CHARS);
        assert_eq!(long.words().count(), MAX_WORDS);
    }

    #[track_caller]
    fn check_href(kind: &str, value: &str, expected: Option<&str>) {
        let contact = Contact { kind: kind.to_owned(), value: value.to_owned() };
        assert_eq!(contact.href().as_deref(), expected);
    }

    #[test]
    fn a_contact_leads_only_where_its_kind_may_lead() {
        check_href("phone", "0209 3 000 000", Some("tel:02093000000"));
        check_href("zalo", "+84 900 000 000", Some("https://zalo.me/84900000000"));
        check_href("email", "htx@example.vn", Some("mailto:htx@example.vn"));
        check_href("email", "htx@example.vn?bcc=x@example.vn", None);
        check_href("website", "https://example.vn", Some("https://example.vn"));
        check_href("website", "javascript:alert(1)", None);
        check_href("website", "data:text/html,x", None);
        check_href("address", "thôn Thử", None);
        check_href("phone", "chưa có", None);
    }
}
