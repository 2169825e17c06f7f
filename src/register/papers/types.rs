//! Food-safety papers as values: what kinds there are, what is entered, how one stands on a day. Pure.

use chrono::{DateTime, NaiveDate, Utc};

use crate::accounts::types::ProducerNo;
use crate::register::choice::choice;
use crate::register::contacts::types::Contact;
use crate::register::files::Sha256Hash;
use crate::stamp::ProductNo;

choice! {
    /// What a food-safety paper is.
    PaperKind {
        /// That the place of making is fit for it (Decree 15/2018, article 11).
        Eligibility = "eligibility",
        /// That small makers keep the rules (Circular 17/2018 of the ministry of agriculture).
        Commitment = "commitment",
        /// What the producer itself declares of a product (Decree 15/2018, article 4).
        SelfDeclaration = "self_declaration",
        /// HACCP.
        Haccp = "haccp",
        /// ISO 22000.
        Iso22000 = "iso22000",
        /// VietGAP.
        Vietgap = "vietgap",
        /// Organic farming.
        Organic = "organic",
        /// What a laboratory found.
        TestReport = "test_report",
        /// Anything else; its scope says what it is.
        Other = "other",
    }
}

impl PaperKind {
    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Eligibility => "Giấy chứng nhận đủ điều kiện an toàn thực phẩm",
            Self::Commitment => "Bản cam kết an toàn thực phẩm",
            Self::SelfDeclaration => "Bản tự công bố sản phẩm",
            Self::Haccp => "Chứng nhận HACCP",
            Self::Iso22000 => "Chứng nhận ISO 22000",
            Self::Vietgap => "Chứng nhận VietGAP",
            Self::Organic => "Chứng nhận hữu cơ",
            Self::TestReport => "Phiếu kiểm nghiệm",
            Self::Other => "Giấy tờ khác",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Eligibility => "Food-safety eligibility certificate",
            Self::Commitment => "Food-safety commitment",
            Self::SelfDeclaration => "Product self-declaration",
            Self::Haccp => "HACCP certificate",
            Self::Iso22000 => "ISO 22000 certificate",
            Self::Vietgap => "VietGAP certificate",
            Self::Organic => "Organic certificate",
            Self::TestReport => "Test report",
            Self::Other => "Other paper",
        }
    }
}

/// A paper as it was typed: each field by itself is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperDraft {
    /// What it is.
    pub kind: PaperKind,
    /// Of which product; none: of the producer as a whole.
    pub product_no: Option<ProductNo>,
    /// Its number as printed.
    pub number: Option<String>,
    /// Its issuer as printed.
    pub issuer: Option<String>,
    /// When it was issued.
    pub issued_on: Option<NaiveDate>,
    /// Its last day; none: it has no end, or none that is known.
    pub valid_to: Option<NaiveDate>,
    /// What it is about.
    pub scope: Option<String>,
}

impl PaperDraft {
    /// Names of the fields that differ, for the trail.
    pub fn differences(&self, before: &Self) -> Vec<String> {
        let fields = [
            ("kind", self.kind != before.kind),
            ("product_no", self.product_no != before.product_no),
            ("number", self.number != before.number),
            ("issuer", self.issuer != before.issuer),
            ("issued_on", self.issued_on != before.issued_on),
            ("valid_to", self.valid_to != before.valid_to),
            ("scope", self.scope != before.scope),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
    }
}

/// How a paper stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperState {
    /// Its last day is not past.
    InForce,
    /// Its last day is past.
    Lapsed,
    /// It has no last day.
    NoEnd,
    /// It was closed in the register.
    Closed,
}

impl PaperState {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Lapsed => "lapsed",
            Self::NoEnd => "no_end",
            Self::Closed => "closed",
        }
    }
}

/// Everything the register says of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperSheet {
    /// Its number in the register.
    pub paper_id: i32,
    /// Whose it is.
    pub producer_no: ProducerNo,
    /// The producer's name.
    pub producer: String,
    /// The name of its product, when it is one product's.
    pub product: Option<String>,
    /// What stands on it.
    pub draft: PaperDraft,
    /// Its scan.
    pub file: Option<Sha256Hash>,
    /// Since when it no longer counts.
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

impl PaperSheet {
    /// How it stands on a day.
    pub fn state(&self, day: NaiveDate) -> PaperState {
        match self.draft.valid_to {
            _ if self.closed_at.is_some() => PaperState::Closed,
            None => PaperState::NoEnd,
            Some(last) if last < day => PaperState::Lapsed,
            Some(_) => PaperState::InForce,
        }
    }
}

/// A paper that ends soon, and how to reach whoever it matters to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingPaper {
    /// Its last day.
    pub last_day: NaiveDate,
    /// The paper.
    pub sheet: PaperSheet,
    /// How to reach the producer: what is public or for the offices.
    pub contacts: Vec<Contact>,
}

/// Months before the last day from which on people are reminded: a paper is renewed sooner than a product is assessed anew.
pub const PAPER_REMINDER_MONTHS: u32 = 3;
