//! Compares a file's rows with the register and decides what to write. It asks no database: what the register holds comes in
//! as an argument.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use crate::register::import::{ImportErrors, ImportRow, MAX_REPORTED_ERRORS, RowError};

use super::existing::{Existing, ExistingCertificate};
use super::producer::ProducerRow;
use super::types::{ChangeKind, ChangedThing, ImportPreview, ImportReport, MAX_LISTED_CHANGES, Photos, RowChange};

/// What is to be written.
pub(in crate::register) struct Plan<'r> {
    /// Producers that are new.
    pub(super) new_producers: Vec<ProducerRow<'r>>,
    /// Producers that the register has.
    pub(super) known_producers: Vec<(i32, ProducerRow<'r>)>,
    /// Rows of new products.
    pub(super) new_products: Vec<&'r ImportRow>,
    /// Rows of known products.
    pub(super) known_products: Vec<(i32, &'r ImportRow)>,
    /// Rows whose certificate is new.
    pub(super) new_certificates: Vec<&'r ImportRow>,
    pub(super) photos: &'r Photos,
    pub(super) demo: bool,
}

impl Plan<'_> {
    /// What writing it does, but for the numbers that new products get.
    pub(super) fn report(&self, n_rows: usize) -> ImportReport {
        ImportReport {
            n_rows,
            n_producers_added: self.new_producers.len(),
            n_products_added: self.new_products.len(),
            n_products_updated: self.known_products.len(),
            n_certificates_added: self.new_certificates.len(),
            ..ImportReport::default()
        }
    }

    /// What it would change.
    pub(in crate::register) fn preview(&self, n_rows: usize) -> ImportPreview {
        let added = |line, thing, name: &str| RowChange { line, thing, name: name.to_owned(), kind: ChangeKind::Added };
        let producer = |row: &ProducerRow<'_>| added(row.line, ChangedThing::Producer, row.name);
        let product = |row: &&ImportRow| added(row.line, ChangedThing::Product, &row.product);
        let certificate = |row: &&ImportRow| added(row.line, ChangedThing::Certificate, &row.product);
        let mut changes: Vec<RowChange> = self.new_producers.iter().map(producer).collect();
        changes.extend(self.new_products.iter().map(product));
        changes.extend(self.new_certificates.iter().map(certificate));
        changes.sort_by_key(|change| change.line);
        let n_more = changes.len().saturating_sub(MAX_LISTED_CHANGES);
        changes.truncate(MAX_LISTED_CHANGES);
        ImportPreview { report: self.report(n_rows), changes, n_more }
    }
}

/// Decides, or says of each bad row what is wrong with it.
pub(in crate::register) fn make_plan<'r>(
    rows: &'r [ImportRow],
    photos: &'r Photos,
    existing: &Existing,
    demo: bool,
) -> Result<Plan<'r>, ImportErrors> {
    let mut errors = Vec::new();
    let mut plan = Plan {
        new_producers: vec![],
        known_producers: vec![],
        new_products: vec![],
        known_products: vec![],
        new_certificates: vec![],
        photos,
        demo,
    };
    let mut producers: BTreeMap<&str, ProducerRow<'r>> = BTreeMap::new();
    let mut seen_products: HashSet<(&str, &str)> = HashSet::new();
    for row in rows {
        let commune_from = match commune(row, existing) {
            Ok(first_day) => first_day,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let said = ProducerRow::new(row, commune_from);
        match producers.entry(&row.producer) {
            Entry::Vacant(place) => drop(place.insert(said)),
            Entry::Occupied(mut known) => errors.extend(known.get_mut().take(&said).err()),
        }
        let product_no = existing.product_no(&row.producer, &row.product);
        match product_no {
            Some(product_no) => plan.known_products.push((product_no, row)),
            None if seen_products.insert((&row.producer, &row.product)) => plan.new_products.push(row),
            None => errors.push(error(row, "product", "trùng với một dòng phía trên", "repeats a line above")),
        }
        match certificate(row, product_no, existing) {
            Ok(true) => plan.new_certificates.push(row),
            Ok(false) => {}
            Err(error) => errors.push(error),
        }
    }
    for (name, producer) in producers {
        match existing.producers.get(name) {
            Some(&producer_no) => plan.known_producers.push((producer_no, producer)),
            None => plan.new_producers.push(producer),
        }
    }
    if errors.is_empty() { Ok(plan) } else { Err(to_import_errors(errors)) }
}

/// The first day of the row's commune; an unknown code, or one that names another commune today, is an error.
fn commune(row: &ImportRow, existing: &Existing) -> Result<Option<NaiveDate>, RowError> {
    let Some(code) = &row.commune_code else { return Ok(None) };
    let Some((first_day, name)) = existing.communes.get(code) else {
        return Err(error(
            row,
            "commune_code",
            format!("không có xã, phường nào mang mã {code} từ 01/07/2025"),
            format!("no commune has code {code} since 2025-07-01"),
        ));
    };
    match &row.commune {
        Some(given) if given != name => Err(error(
            row,
            "commune",
            format!("mã {code} là {name}, không phải {given}"),
            format!("code {code} is {name}, not {given}"),
        )),
        _ => Ok(Some(*first_day)),
    }
}

/// Whether the row's certificate is new; one that overlaps another of the same product is an error.
fn certificate(row: &ImportRow, product_no: Option<i32>, existing: &Existing) -> Result<bool, RowError> {
    let of_product = || existing.certificates.iter().filter(|known| Some(known.product_no) == product_no);
    if let Some(dated) = &row.certificate {
        let same =
            |known: &ExistingCertificate| known.window == Some((dated.from, dated.to)) && known.number == dated.number;
        if of_product().any(same) {
            return Ok(false);
        }
        let overlapping =
            of_product().find_map(|known| known.window.filter(|(from, to)| *from <= dated.to && dated.from <= *to));
        return match overlapping {
            None => Ok(true),
            Some((from, to)) => Err(error(
                row,
                "from",
                format!(
                    "trùng thời gian với giấy chứng nhận đã có trong sổ ({} – {})",
                    from.format("%d/%m/%Y"),
                    to.format("%d/%m/%Y")
                ),
                format!("overlaps a certificate that the register has ({from} to {to})"),
            )),
        };
    }
    let Some(undated) = &row.undated_certificate else {
        return Ok(false);
    };
    Ok(!of_product().any(|known| known.number == undated.number && known.issuer == undated.issuer))
}

fn error(row: &ImportRow, column: &str, vi: impl Into<String>, en: impl Into<String>) -> RowError {
    RowError { line: row.line, column: column.to_owned(), vi: vi.into(), en: en.into() }
}

fn to_import_errors(mut errors: Vec<RowError>) -> ImportErrors {
    let n_more = errors.len().saturating_sub(MAX_REPORTED_ERRORS);
    errors.truncate(MAX_REPORTED_ERRORS);
    ImportErrors { errors, n_more }
}
