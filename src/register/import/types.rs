//! What an imported row says once it was checked. Plain data: nothing here reads a file or touches the database.

use chrono::NaiveDate;

use crate::register::certificates::types::{IssuerLevel, Score};
use crate::register::gtin::Gtin;
use crate::register::producers::TaxCode;
use crate::register::types::Pack;
use crate::stamp::ProductNo;

use super::columns::{Column, folded};

pub use super::columns::Headings;

/// The forms in which a register may be handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// UTF-8 text, cells separated by tabs.
    Tsv,
    /// UTF-8 text, cells separated by commas, or by semicolons as Vietnamese Excel writes them.
    Csv,
    /// An Excel workbook.
    Xlsx,
}

/// One product of the register with one of its certificates, as one checked row of the file says it. A product that has several
/// certificates stands in several rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Line of the text file or row of the worksheet, counted from 1.
    pub line: u32,
    /// What the file calls its columns.
    pub headings: Headings,
    /// Name of the product.
    pub product: String,
    /// Product set, 1 to 26.
    pub set_no: u8,
    /// Name of the producer (chủ thể).
    pub producer: String,
    /// What the producer is in law.
    pub producer_kind: ProducerKind,
    /// Village (thôn, xóm).
    pub village: Option<String>,
    /// Five digits of today's commune.
    pub commune_code: Option<String>,
    /// Name of today's commune.
    pub commune: Option<String>,
    /// Commune before the reform of 2025, as printed.
    pub former_commune: Option<String>,
    /// District before the reform of 2025, as printed.
    pub former_district: Option<String>,
    /// Province before the reform of 2025, as printed.
    pub former_province: Option<String>,
    /// Stars, 1 to 5.
    pub stars: Option<u8>,
    /// First year in which the product was seen with these stars.
    pub first_year_seen: Option<i16>,
    /// The decision that recognised it, as text.
    pub decision: Option<String>,
    /// Where the row was found.
    pub source: Option<String>,
    /// The certificate, when its dates are known; then `undated_certificate` is `None`.
    pub certificate: Option<CertificateColumns>,
    /// Number or issuer of a certificate whose dates the file does not give: its state is unknown, never lapsed.
    pub undated_certificate: Option<UndatedCertificate>,
    /// Picture of the product: a file name relative to the import file, which the caller loads.
    pub image: Option<String>,
    /// Standards applied.
    pub standards: Option<String>,
    /// How long the product keeps.
    pub shelf_life: Option<ShelfLife>,
    /// What few files say.
    pub further: FurtherColumns,
}

impl ImportRow {
    /// What the file calls the column of pictures.
    pub fn image_heading(&self) -> &str {
        self.headings.of(Column::Image)
    }
}

/// What a file may say besides the usual: as much as the register keeps, so that an exported workbook says everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FurtherColumns {
    /// The product's number in the register: then its name may be a new one.
    pub product_no: Option<ProductNo>,
    /// The producer's number in the register: then its name may be a new one.
    pub producer_no: Option<i32>,
    /// Name of the product in English.
    pub product_en: Option<String>,
    /// Whether it left the register: shown, and not changed by a file.
    pub state: Option<RowState>,
    /// Tax code of the producer.
    pub tax_code: Option<TaxCode>,
    /// The producer's address as printed on packaging.
    pub printed_address: Option<String>,
    /// Story of the product.
    pub story: Option<String>,
    /// The story in English.
    pub story_en: Option<String>,
    /// What the product is made of.
    pub ingredients: Option<String>,
    /// Trade item number.
    pub gtin: Option<Gtin>,
    /// What one pack holds.
    pub pack: Option<Pack>,
    /// The certificate's number in the register: then the printed one may be a new one.
    pub certificate_id: Option<i32>,
    /// Stars that the certificate grants, where they are not the product's.
    pub certificate_stars: Option<u8>,
    /// Points of the assessment.
    pub score: Option<Score>,
    /// Number of the decision by which the certificate was given.
    pub certificate_decision: Option<String>,
    /// On which level the issuer stands.
    pub issuer_level: Option<IssuerLevel>,
    /// From when on the certificate is revoked: shown, and not changed by a file.
    pub revoked_on: Option<NaiveDate>,
    /// Why: shown, and not changed by a file.
    pub revoked_reason: Option<String>,
}

/// Whether a product is in the register still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// It is.
    Open,
    /// It left.
    Closed,
    /// Its producer left.
    ProducerClosed,
}

impl RowState {
    const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::ProducerClosed];

    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Open => "Đang trong sổ",
            Self::Closed => "Đã đóng",
            Self::ProducerClosed => "Chủ thể đã đóng",
        }
    }

    /// The word of files that programs write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::ProducerClosed => "producer_closed",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        let word = folded(word);
        Self::ALL.into_iter().find(|state| state.as_str() == word || folded(state.vi()) == word)
    }
}

/// A certificate with its dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateColumns {
    /// Number as printed.
    pub number: Option<String>,
    /// Issuer as printed: districts that no longer exist included.
    pub issuer: Option<String>,
    /// First day in force.
    pub from: NaiveDate,
    /// Last day in force; computed from the first by the rules of that day when the file leaves it out.
    pub to: Option<NaiveDate>,
}

/// What is known of a certificate without dates: at least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndatedCertificate {
    /// Number as printed.
    pub number: Option<String>,
    /// Issuer as printed.
    pub issuer: Option<String>,
}

/// What a producer is in law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProducerKind {
    /// Hợp tác xã.
    Cooperative,
    /// Công ty.
    Company,
    /// Hộ sản xuất, kinh doanh.
    Household,
    /// Tổ hợp tác.
    CooperativeGroup,
}

impl ProducerKind {
    /// Every kind, in the order in which errors list them.
    pub const ALL: [Self; 4] = [Self::Cooperative, Self::Company, Self::Household, Self::CooperativeGroup];

    /// The word used in register files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::Company => "company",
            Self::Household => "household",
            Self::CooperativeGroup => "cooperative_group",
        }
    }

    /// The kind with this word, in any case of letters.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }

    /// The kind that a cell means: the word of register files, the name in Vietnamese, or what people write for it.
    pub(super) fn read(word: &str) -> Option<Self> {
        let word = folded(word);
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == word || folded(kind.vi()) == word);
        known.or(match word.as_str() {
            "htx" => Some(Self::Cooperative),
            "tht" => Some(Self::CooperativeGroup),
            "công ty" | "doanh nghiệp" | "cty" => Some(Self::Company),
            "hộ" | "hộ gia đình" | "hộ kinh doanh" | "hộ sản xuất" | "hộ sản xuất, kinh doanh" => {
                Some(Self::Household)
            }
            _ => None,
        })
    }
}

/// How long a product keeps after packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShelfLife {
    /// In days, at least one.
    Days(u16),
    /// In calendar months, at least one.
    Months(u16),
}

impl FileKind {
    /// The kind a file name says by its ending; `None` for any other ending.
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "tsv" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    /// The kind the content looks like: a zip is a workbook, a tab in the first line means TSV, anything else is read as CSV.
    pub fn sniff(bytes: &[u8]) -> Self {
        let mut first_line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default().iter();
        if bytes.starts_with(ZIP_MAGIC) {
            Self::Xlsx
        } else if first_line.any(|byte| *byte == b'\t') {
            Self::Tsv
        } else {
            Self::Csv
        }
    }
}

/// First bytes of a zip file that holds something (PKZIP application note, 4.3.7).
pub(super) const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_name_says_the_kind() {
        assert_eq!(FileKind::from_name("Sổ 2026.XLSX"), Some(FileKind::Xlsx));
        assert_eq!(FileKind::from_name("so.tsv"), Some(FileKind::Tsv));
        assert_eq!(FileKind::from_name("a.b.csv"), Some(FileKind::Csv));
        assert_eq!(FileKind::from_name("so.xls"), None);
        assert_eq!(FileKind::from_name("csv"), None);
    }

    #[test]
    fn a_tab_in_the_first_line_means_tsv_and_zip_bytes_mean_xlsx() {
        assert_eq!(FileKind::sniff(b"product\tstars\n"), FileKind::Tsv);
        assert_eq!(FileKind::sniff(b"product,stars\na\tb,3\n"), FileKind::Csv);
        assert_eq!(FileKind::sniff(b"PK\x03\x04rest"), FileKind::Xlsx);
        assert_eq!(FileKind::sniff(b""), FileKind::Csv);
    }

    #[test]
    fn every_producer_kind_is_read_back_from_its_word() {
        for kind in ProducerKind::ALL {
            assert_eq!(ProducerKind::parse(kind.as_str()), Some(kind));
            assert_eq!(ProducerKind::read(&kind.vi().to_uppercase()), Some(kind));
        }
        assert_eq!(ProducerKind::parse("HTX"), None);
        assert_eq!(ProducerKind::read("HTX"), Some(ProducerKind::Cooperative));
        assert_eq!(ProducerKind::read("Công  ty"), Some(ProducerKind::Company));
        assert_eq!(ProducerKind::read("hợp tác"), None, "a cooperative or a cooperative group");
    }
}
