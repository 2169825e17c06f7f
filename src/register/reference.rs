//! The dated lists that come with the program: communes before and after 2025-07-01, product sets, star bands, issuers.
//! Read from assets and written at migration; a later decree adds rows, it changes none.

use chrono::NaiveDate;

use crate::error::{Error, Result};

const COMMUNES: &str = include_str!("../../assets/register/communes_thai_nguyen.tsv");
const COMMUNE_CHANGES: &str = include_str!("../../assets/register/communes_old_to_new.tsv");
const PRODUCT_SETS: &str = include_str!("../../assets/register/product_sets.tsv");
const STAR_BANDS: &str = include_str!("../../assets/register/star_bands.tsv");
const ISSUERS: &str = include_str!("../../assets/register/issuers.tsv");

/// The province since the reform.
const PROVINCE: &str = "Thái Nguyên";
/// The day the reform's communes began.
const REFORM: &str = "2025-07-01";
/// The last day of the former communes.
const BEFORE_REFORM: &str = "2025-06-30";
/// The day the list of commune codes began (Decision 124/2004). Some communes are younger; our source does not say which.
const CODES_BEGAN: &str = "2004-07-08";

/// A commune in one of its lives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Commune {
    pub(super) code: String,
    pub(super) valid_from: NaiveDate,
    pub(super) valid_to: Option<NaiveDate>,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) district: Option<String>,
    pub(super) province: String,
}

/// A former commune that went into a present one, wholly or in part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommuneChange {
    pub(super) new_code: String,
    pub(super) old_code: String,
}

/// A product set with its dates.
#[derive(Debug)]
pub(super) struct ProductSet {
    pub(super) set_no: i16,
    pub(super) valid_from: NaiveDate,
    pub(super) industry: String,
    pub(super) name_vi: String,
    pub(super) name_en: String,
    pub(super) has_batches: bool,
    pub(super) source: String,
}

/// A band of stars with its dates.
#[derive(Debug)]
pub(super) struct StarBand {
    pub(super) stars: i16,
    pub(super) valid_from: NaiveDate,
    pub(super) valid_to: Option<NaiveDate>,
    pub(super) min_score: i32,
    pub(super) recognised_by: Option<String>,
    pub(super) certificate_months: Option<i16>,
    pub(super) source: String,
}

/// Who may stand on a certificate as its issuer, to choose from.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) level: String,
    pub(super) valid_from: NaiveDate,
    pub(super) valid_to: Option<NaiveDate>,
    pub(super) source: String,
}

/// When the reform's communes began.
pub(super) fn reform() -> Result<NaiveDate> {
    date(REFORM)
}

/// When the former communes' codes began.
pub(super) fn codes_began() -> Result<NaiveDate> {
    date(CODES_BEGAN)
}

/// Today's communes and the former ones, each once.
pub(super) fn communes() -> Result<Vec<Commune>> {
    let mut communes = Vec::new();
    for [code, name, kind, _former_province] in rows(COMMUNES)? {
        let (valid_from, province) = (reform()?, PROVINCE.to_owned());
        communes.push(Commune { code, valid_from, valid_to: None, name, kind, district: None, province });
    }
    for [_, _, code, name, district, province] in rows(COMMUNE_CHANGES)? {
        if communes.iter().any(|commune| commune.code == code && commune.valid_to.is_some()) {
            continue;
        }
        let kind = name.split_whitespace().next().unwrap_or_default().to_lowercase();
        let province = province.trim_start_matches("Tỉnh ").to_owned();
        let (valid_from, valid_to) = (codes_began()?, Some(date(BEFORE_REFORM)?));
        communes.push(Commune { code, valid_from, valid_to, name, kind, district: Some(district), province });
    }
    Ok(communes)
}

/// Which former communes went where.
pub(super) fn commune_changes() -> Result<Vec<CommuneChange>> {
    Ok(rows(COMMUNE_CHANGES)?
        .into_iter()
        .map(|[new_code, _, old_code, ..]: [String; 6]| CommuneChange { new_code, old_code })
        .collect())
}

/// The 26 product sets.
pub(super) fn product_sets() -> Result<Vec<ProductSet>> {
    let set = |[set_no, valid_from, industry, name_vi, name_en, has_batches, source]: [String; 7]| {
        let (set_no, valid_from) = (number(&set_no)?, date(&valid_from)?);
        Ok(ProductSet { set_no, valid_from, industry, name_vi, name_en, has_batches: has_batches == "yes", source })
    };
    rows(PRODUCT_SETS)?.into_iter().map(set).collect()
}

/// The five bands of stars, in each of their lives.
pub(super) fn star_bands() -> Result<Vec<StarBand>> {
    let band = |[stars, valid_from, valid_to, min_score, recognised_by, certificate_months, source]: [String; 7]| {
        Ok(StarBand {
            stars: number(&stars)?,
            valid_from: date(&valid_from)?,
            valid_to: open_end(&valid_to)?,
            min_score: number(&min_score)?,
            recognised_by: Some(recognised_by).filter(|text| !text.is_empty()),
            certificate_months: if certificate_months.is_empty() { None } else { Some(number(&certificate_months)?) },
            source,
        })
    };
    rows(STAR_BANDS)?.into_iter().map(band).collect()
}

/// Provinces, ministries, and the districts that signed until 2025-06-30. First days reach back no further than the programme.
pub(super) fn issuers() -> Result<Vec<Issuer>> {
    let issuer = |[name, level, valid_from, valid_to, source]: [String; 5]| {
        Ok(Issuer { name, level, valid_from: date(&valid_from)?, valid_to: open_end(&valid_to)?, source })
    };
    rows(ISSUERS)?.into_iter().map(issuer).collect()
}

/// Lines after the heading, split at tabs; an asset of another shape is a defect of the build.
fn rows<const N: usize>(text: &str) -> Result<Vec<[String; N]>> {
    let split = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(|cell| cell.trim().to_owned()).collect();
        <[String; N]>::try_from(cells)
            .map_err(|cells| Error::internal(format!("asset line with {} cells: {line}", cells.len())))
    };
    text.lines().skip(1).map(split).collect()
}

fn date(text: &str) -> Result<NaiveDate> {
    text.parse().map_err(Error::internal)
}

/// A last day, or none while it goes on.
fn open_end(text: &str) -> Result<Option<NaiveDate>> {
    if text.is_empty() { Ok(None) } else { date(text).map(Some) }
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_province_has_92_communes_today_and_each_code_was_used_before() {
        let communes = communes().unwrap();
        let (former, today): (Vec<_>, Vec<_>) = communes.iter().partition(|commune| commune.valid_to.is_some());
        assert_eq!(today.len(), 92);
        for commune in today {
            assert!(former.iter().any(|old| old.code == commune.code), "{}", commune.code);
        }
    }

    #[test]
    fn there_are_26_sets_and_on_every_day_since_the_first_decision_5_bands() {
        assert_eq!(
            product_sets().unwrap().iter().map(|set| set.set_no).collect::<Vec<_>>(),
            (1..=26).collect::<Vec<_>>()
        );
        let bands = star_bands().unwrap();
        for day in ["2019-08-21", "2023-02-23", "2023-02-24", "2026-11-22"] {
            let day = date(day).unwrap();
            let is_valid = |band: &&StarBand| band.valid_from <= day && band.valid_to.is_none_or(|last| day <= last);
            let scores: Vec<_> = bands.iter().filter(is_valid).map(|band| (band.stars, band.min_score)).collect();
            assert_eq!(scores, [(1, 0), (2, 30), (3, 50), (4, 70), (5, 90)], "{day}");
        }
    }

    #[test]
    fn every_former_district_is_an_issuer_until_the_reform_and_no_day_is_without_a_province_and_a_ministry() {
        let issuers = issuers().unwrap();
        let districts: Vec<_> = issuers.iter().filter(|issuer| issuer.level == "district").collect();
        for commune in communes().unwrap() {
            let Some(district) = commune.district else { continue };
            let name = |issuer: &str| issuer.to_lowercase() == format!("ubnd {}", district.to_lowercase());
            assert!(districts.iter().any(|issuer| name(&issuer.name)), "{district}");
        }
        assert!(districts.iter().all(|issuer| issuer.valid_to == Some(date(BEFORE_REFORM).unwrap())));
        for day in ["2018-05-07", "2025-02-28", "2025-03-01", "2025-06-30", "2025-07-01", "2026-11-22"] {
            let day = date(day).unwrap();
            let is_valid =
                |issuer: &&Issuer| issuer.valid_from <= day && issuer.valid_to.is_none_or(|last| day <= last);
            let levels: Vec<_> = issuers.iter().filter(is_valid).map(|issuer| issuer.level.as_str()).collect();
            assert!(levels.contains(&"province") && levels.contains(&"ministry"), "{day}");
        }
    }
}
