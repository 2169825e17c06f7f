//! A product as lists and its own pages show it, and what a keeper may write of it. Pure values; no query, no form.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use crate::accounts::audit::LastAct;
use crate::accounts::types::{ProducerNo, Role};
use crate::error::{Error, Missing, Result};
use crate::register::gtin::Gtin;
use crate::register::policy::{certificate_state, certificate_to_show, missing_items};
use crate::register::types::{Certificate, CertificateState, Pack, Producer, Product, ShelfLife};
use crate::stamp::ProductNo;

/// One line of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedProduct {
    /// Its number in the register.
    pub product_no: ProductNo,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// Product set, 1 to 26.
    pub set_no: u8,
    /// The set's name in Vietnamese and English, when today's list has it.
    pub set_name: Option<(String, String)>,
    /// Stars as the register says, with or without a certificate.
    pub stars: Option<u8>,
    /// Who makes it.
    pub producer: Producer,
    /// Certificates, newest first; those without dates last.
    pub certificates: Vec<Certificate>,
    /// Whether `/p/{product_no}/picture.jpg` shows something.
    pub has_photo: bool,
    /// Whether it left the register.
    pub is_closed: bool,
    /// Belongs to the demonstration.
    pub demo: bool,
}

impl ListedProduct {
    /// How its certificates stand on a day.
    pub fn state(&self, day: NaiveDate) -> CertificateState {
        certificate_state(&self.certificates, day)
    }

    /// The last day of the certificate that a list shows.
    pub fn last_day(&self, day: NaiveDate) -> Option<NaiveDate> {
        certificate_to_show(&self.certificates, day).and_then(Certificate::last_day)
    }
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductPage {
    /// Its lines.
    pub products: Vec<ListedProduct>,
    /// Products of the whole list; 0 beyond its last page.
    pub n_all: u32,
}

/// A product set of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSet {
    /// Its number, 1 to 26.
    pub set_no: u8,
    /// Its name.
    pub vi: String,
    /// Its name in English.
    pub en: String,
    /// Whether its products are stamped by the batch; tourism is stamped for a place.
    pub has_batches: bool,
}

/// A commune of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commune {
    /// Five digits.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// The dated lists as they stand on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// The sets, by number.
    pub sets: Vec<ProductSet>,
    /// The communes, by name.
    pub communes: Vec<Commune>,
    /// The bands of stars, fewest first.
    pub stars: Vec<u8>,
    /// Commune and province, for every life of every code.
    pub(super) places: HashMap<(String, NaiveDate), String>,
}

impl Lists {
    /// A set by its number.
    pub fn set(&self, set_no: u8) -> Option<&ProductSet> {
        self.sets.iter().find(|set| set.set_no == set_no)
    }

    /// A commune of this day by its code.
    pub fn commune(&self, code: &str) -> Option<&Commune> {
        self.communes.iter().find(|commune| commune.code == code)
    }

    /// Commune and province in one line.
    pub(super) fn place(&self, code: Option<String>, valid_from: Option<NaiveDate>) -> Option<String> {
        self.places.get(&(code?, valid_from?)).cloned()
    }
}

/// A photo's number; what it names never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhotoId(pub i32);

impl fmt::Display for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A photo of a product, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhotoRef {
    /// Its number, as in `/photos/{photo_id}`.
    pub photo_id: PhotoId,
    /// Width, pixels.
    pub width_px: u16,
    /// Height, pixels.
    pub height_px: u16,
}

/// Everything the register holds of one product.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductSheet {
    /// What minting and scanning know of it.
    pub product: Product,
    /// Counts changes: a form that was opened on another version is refused.
    pub version: i32,
    /// Its name in English.
    pub name_en: Option<String>,
    /// Its story.
    pub story: Option<String>,
    /// Its story in English.
    pub story_en: Option<String>,
    /// What it is made of.
    pub ingredients: Option<String>,
    /// Its trade item number.
    pub gtin: Option<Gtin>,
    /// First year in which it was seen with its stars.
    pub first_year_seen: Option<u16>,
    /// The decision that recognised it, as text.
    pub decision: Option<String>,
    /// When it left the register.
    pub closed_at: Option<DateTime<Utc>>,
    /// Its photos, the first one first.
    pub photos: Vec<PhotoRef>,
    /// The numbers of its certificates, each with the same certificate as in `product`.
    pub certificates: Vec<(i32, Certificate)>,
    /// Who wrote it last; none when the trail does not say.
    pub last_change: Option<LastAct>,
}

impl ProductSheet {
    /// The mandatory items that the register lacks. What a batch must bring is not the product's to lack.
    pub fn missing(&self, today: NaiveDate) -> Vec<Missing> {
        missing_items(&self.product, Some(today))
    }

    /// The product as a list shows it.
    pub fn into_listed(self) -> ListedProduct {
        let product = self.product;
        ListedProduct {
            product_no: product.product_no,
            name: product.name,
            name_en: self.name_en,
            set_no: product.set_no,
            set_name: product.set_name,
            stars: product.stars,
            producer: product.producer,
            certificates: product.certificates,
            has_photo: product.photo_base64.is_some(),
            is_closed: product.is_closed,
            demo: product.demo,
        }
    }

    /// What a keeper's form shows when it is opened.
    pub fn draft(&self) -> ProductDraft {
        let product = &self.product;
        ProductDraft {
            producer_no: product.producer.producer_no,
            name: product.name.clone(),
            name_en: self.name_en.clone(),
            set_no: product.set_no,
            stars: product.stars,
            story: self.story.clone(),
            story_en: self.story_en.clone(),
            ingredients: self.ingredients.clone(),
            standards: product.standards.clone(),
            gtin: self.gtin.clone(),
            shelf_life: product.shelf_life,
            pack: product.pack.clone(),
        }
    }

    /// What this role may write here.
    pub fn rights(&self, role: Role) -> Rights {
        Rights { is_office: role == Role::Office, is_name_free: self.product.certificates.is_empty() }
    }
}

/// What a person may write of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The office writes everything.
    pub is_office: bool,
    /// No certificate names the product yet, so its keepers may still name it.
    pub is_name_free: bool,
}

impl Rights {
    /// Of someone who enters a new product.
    pub fn of_new(role: Role) -> Self {
        Self { is_office: role == Role::Office, is_name_free: true }
    }

    /// Whether the name and the set may be written: they stand on the certificate.
    pub const fn may_name(self) -> bool {
        self.is_office || self.is_name_free
    }
}

/// A product as a keeper wrote it, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductDraft {
    /// Whose it is.
    pub producer_no: ProducerNo,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// Product set, 1 to 26.
    pub set_no: u8,
    /// Stars as the register says.
    pub stars: Option<u8>,
    /// Its story.
    pub story: Option<String>,
    /// Its story in English.
    pub story_en: Option<String>,
    /// What it is made of.
    pub ingredients: Option<String>,
    /// Standards applied.
    pub standards: Option<String>,
    /// Its trade item number.
    pub gtin: Option<Gtin>,
    /// How long it keeps.
    pub shelf_life: Option<ShelfLife>,
    /// What one pack holds.
    pub pack: Option<Pack>,
}

impl ProductDraft {
    /// The names of the fields in which two drafts differ, as forms and the audit trail name them.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("producer", self.producer_no != other.producer_no),
            ("name", self.name != other.name),
            ("name_en", self.name_en != other.name_en),
            ("set", self.set_no != other.set_no),
            ("stars", self.stars != other.stars),
            ("story", self.story != other.story),
            ("story_en", self.story_en != other.story_en),
            ("ingredients", self.ingredients != other.ingredients),
            ("standards", self.standards != other.standards),
            ("gtin", self.gtin != other.gtin),
            ("shelf_life", self.shelf_life != other.shelf_life),
            ("pack", self.pack != other.pack),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// What happens to a product's place in the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It leaves the register: no new stamps, no place in public lists.
    Close,
    /// It comes back.
    Reopen,
}

/// Refuses fields that someone may not write.
pub(super) fn check_rights(rights: Rights, fields: &[&'static str]) -> Result<()> {
    for field in fields.iter().copied() {
        let may = match field {
            "producer" | "stars" => rights.is_office,
            "name" | "set" => rights.may_name(),
            _ => true,
        };
        if !may {
            return Err(Error::invalid(
                field,
                "Mục này chỉ văn phòng tỉnh sửa được; xin gửi đề nghị cho văn phòng.",
                "only the province's office changes this; ask the office",
            ));
        }
    }
    Ok(())
}

/// Refuses a set or a number of stars that the lists do not have, where one was chosen.
pub(super) fn check_choices(lists: &Lists, draft: &ProductDraft, fields: &[&'static str]) -> Result<()> {
    if fields.contains(&"set") && lists.set(draft.set_no).is_none() {
        return Err(Error::invalid(
            "set",
            "Nhóm sản phẩm này không có trong danh mục hiện hành; xin chọn lại.",
            "today's list has no such set; choose again",
        ));
    }
    if fields.contains(&"stars") && draft.stars.is_some_and(|stars| !lists.stars.contains(&stars)) {
        return Err(Error::invalid(
            "stars",
            "Hạng sao này không có trong quy định hiện hành; xin chọn lại.",
            "today's rules have no such number of stars; choose again",
        ));
    }
    Ok(())
}

/// A producer to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerChoice {
    /// Its number.
    pub producer_no: ProducerNo,
    /// Its name and commune, so that two of one name are told apart.
    pub label: String,
}

/// Where a missing item is filled in.
pub fn fix_href(item: Missing, product: &Product) -> String {
    let (product_no, producer_no) = (product.product_no, product.producer.producer_no);
    match item {
        Missing::Name => format!("/products/{product_no}/edit#name"),
        Missing::Image => format!("/products/{product_no}#photos"),
        Missing::Producer => format!("/producers/{producer_no}/edit#name"),
        Missing::Address => format!("/producers/{producer_no}/edit#village"),
        Missing::Standards => format!("/products/{product_no}/edit#standards"),
        Missing::ShelfLife => format!("/products/{product_no}/edit#shelf_life_n"),
    }
}
