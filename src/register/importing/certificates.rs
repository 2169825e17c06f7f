//! Which certificate each row means, and whether what it says keeps the rules of its day. Pure: the dated rules come in with
//! what the register holds.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::NaiveDate;

use crate::error::Error;
use crate::register::certificates::types::CertificateEntry;
use crate::register::certificates::{check_not_revoked, check_overlap, complete};
use crate::register::facts::types::{CertificateFacts, StoredCertificate};
use crate::register::facts::{Facts, differences};
use crate::register::import::{Column, ErrorList, ImportRow, RowError, Sentence, sentence};
use crate::register::types::Certificate;

use super::existing::{Existing, Index};
use super::producers::refused;

/// Stars that the register keeps of a certificate at all.
const CERTIFICATE_STARS: RangeInclusive<u8> = 3..=5;

/// A certificate that is to be written.
pub(super) struct PlannedCertificate {
    /// Its number, when the register has it.
    pub(super) certificate_id: Option<i32>,
    /// Place of its product.
    pub(super) product: usize,
    /// Place of its row.
    pub(super) row: usize,
    pub(super) entry: CertificateEntry,
    /// What the register said before; nothing of a new one.
    pub(super) before: CertificateFacts,
}

/// What a row says a certificate of.
#[derive(Clone, Copy)]
pub(super) struct OfProduct {
    /// Place of the product.
    pub(super) product: usize,
    /// Its number, when the register has it.
    pub(super) product_no: Option<i32>,
    /// Its stars, which a new certificate has when its own are not said.
    pub(super) stars: Option<u8>,
}

/// Compares rows with the register's certificates.
pub(super) struct Matching<'e> {
    existing: &'e Existing,
    index: &'e Index<'e>,
    /// Lines by the certificates they named.
    lines: HashMap<i32, u32>,
    planned: Vec<PlannedCertificate>,
}

impl<'e> Matching<'e> {
    pub(super) fn new(existing: &'e Existing, index: &'e Index<'e>) -> Self {
        Self { existing, index, lines: HashMap::new(), planned: Vec::new() }
    }

    /// Takes what a row says of a certificate.
    pub(super) fn take(&mut self, at: usize, row: &ImportRow, of: OfProduct) -> Result<(), RowError> {
        let given = CertificateFacts::of_row(row);
        let known = self.find(row, given.as_ref(), of.product_no)?;
        check_revocation_cells(row, known)?;
        let Some(mut facts) = given else { return Ok(()) };
        if let Some(known) = known {
            if let Some(line) = self.lines.insert(known.certificate_id, row.line) {
                return Err(refused(row, Column::CertificateNo, named_twice(line)));
            }
            if differences(&known.facts, &facts).is_empty() {
                return Ok(());
            }
            facts.fill_from(&known.facts);
            check_not_revoked(&as_certificate(known)).map_err(|error| broken(row, &error))?;
        }
        let entry = self.complete(row, &facts, of)?;
        let (certificate_id, before) = known.map(|known| (known.certificate_id, known.facts.clone())).unzip();
        let before = before.unwrap_or_default();
        self.planned.push(PlannedCertificate { certificate_id, product: of.product, row: at, entry, before });
        Ok(())
    }

    /// The certificate that a row means: by its number in the register, by its printed number, or else by its days.
    fn find(
        &self,
        row: &ImportRow,
        given: Option<&CertificateFacts>,
        product_no: Option<i32>,
    ) -> Result<Option<&'e StoredCertificate>, RowError> {
        if let Some(id) = row.further.certificate_id {
            let known = self.index.certificates.get(&id).filter(|known| Some(known.product_no) == product_no);
            return match known {
                Some(known) => Ok(Some(known)),
                None => Err(refused(row, Column::CertificateId, not_of_this_product(id))),
            };
        }
        let Some(given) = given else { return Ok(None) };
        let own = self.index.certificates_of(product_no);
        let same_days = |known: &StoredCertificate| given.from.is_some() && known.facts.from == given.from;
        if given.number.is_some() {
            let named: Vec<_> = own.iter().copied().filter(|known| known.facts.number == given.number).collect();
            return match named.as_slice() {
                [] => Ok(None),
                [only] => Ok(Some(only)),
                several => match several.iter().find(|known| same_days(known)) {
                    Some(known) => Ok(Some(known)),
                    None => Err(refused(row, Column::CertificateNo, several_of_this_number())),
                },
            };
        }
        let is_undated = |known: &StoredCertificate| {
            given.from.is_none() && known.facts.from.is_none() && known.facts.issuer == given.issuer
        };
        Ok(own.iter().copied().find(|known| same_days(known) || is_undated(known)))
    }

    /// Completes what is said by the rules of its day. Whoever leaves out the level of an issuer of the list means the list's.
    fn complete(&self, row: &ImportRow, facts: &CertificateFacts, of: OfProduct) -> Result<CertificateEntry, RowError> {
        let rules = &self.existing.rules;
        let mut draft = facts.draft();
        let listed = |name: &String| rules.issuers.iter().find(|own| own.name.to_lowercase() == name.to_lowercase());
        draft.issuer_level = draft.issuer_level.or_else(|| draft.issuer.as_ref().and_then(listed).map(|own| own.level));
        let Some(from) = draft.from else {
            // A paper that someone has seen a part of stays as it was seen: nothing dated can be checked.
            draft.stars = draft.stars.or(of.stars.filter(|stars| CERTIFICATE_STARS.contains(stars)));
            return Ok(CertificateEntry { draft, window: None });
        };
        draft.stars = draft.stars.or(of.stars);
        if let Some(stars) = draft.stars
            && let Some(band) = rules.band(stars, from).filter(|band| band.recognised_by.is_none())
        {
            return Err(refused(row, Column::Stars, without_certificate(stars, &band.source)));
        }
        complete(draft, rules, self.existing.today).map_err(|error| broken(row, &error))
    }

    /// Everything to be written, checked against all other certificates of its product.
    pub(super) fn finish(
        self,
        rows: &[ImportRow],
        product_no: impl Fn(usize) -> Option<i32>,
        errors: &mut ErrorList,
    ) -> Vec<PlannedCertificate> {
        let mut new_of: HashMap<usize, Vec<(usize, Certificate)>> = HashMap::new();
        for planned in &self.planned {
            let Some(window) = planned.entry.window else { continue };
            let own = |known: &&&StoredCertificate| Some(known.certificate_id) != planned.certificate_id;
            let known = self.index.certificates_of(product_no(planned.product)).iter().filter(own);
            let mut others: Vec<Certificate> = known.map(|known| as_certificate(known)).collect();
            let beside = new_of.entry(planned.product).or_default();
            others.extend(beside.iter().map(|(_, certificate)| certificate.clone()));
            if let (Err(error), Some(row)) = (check_overlap(window, &others), rows.get(planned.row)) {
                errors.push(broken(row, &error));
            }
            beside.push((planned.row, entered(&planned.entry)));
        }
        self.planned
    }
}

fn entered(entry: &CertificateEntry) -> Certificate {
    Certificate {
        stars: entry.draft.stars,
        number: entry.draft.number.clone(),
        issuer: entry.draft.issuer.clone(),
        window: entry.window,
        revoked: None,
    }
}

pub(super) fn as_certificate(known: &StoredCertificate) -> Certificate {
    Certificate {
        stars: known.facts.stars,
        number: known.facts.number.clone(),
        issuer: known.facts.issuer.clone(),
        window: known.facts.from.zip(known.facts.to),
        revoked: known.revoked.clone(),
    }
}

/// What an entry says, as cells say it.
pub(super) fn said(entry: &CertificateEntry) -> CertificateFacts {
    let draft = &entry.draft;
    let (from, to): (Option<NaiveDate>, Option<NaiveDate>) = entry.window.unzip();
    CertificateFacts {
        number: draft.number.clone(),
        stars: draft.stars,
        score: draft.score,
        decision_no: draft.decision_no.clone(),
        issuer: draft.issuer.clone(),
        issuer_level: draft.issuer_level,
        from,
        to,
    }
}

/// A broken rule under the column that it is about.
fn broken(row: &ImportRow, error: &Error) -> RowError {
    let column = match error {
        Error::Invalid { field: "stars", .. } if row.further.certificate_stars.is_none() => Column::Stars,
        Error::Invalid { field: "stars", .. } => Column::CertificateStars,
        Error::Invalid { field: "score", .. } => Column::Score,
        Error::Invalid { field: "issuer", .. } => Column::Issuer,
        Error::Invalid { field: "issuer_level", .. } => Column::IssuerLevel,
        Error::Invalid { field: "to", .. } => Column::To,
        Error::Refused { code: "certificate-already-revoked", .. } => Column::CertificateNo,
        _ => Column::From,
    };
    refused(row, column, sentence(error))
}

/// A file shows revocations and makes none.
fn check_revocation_cells(row: &ImportRow, known: Option<&StoredCertificate>) -> Result<(), RowError> {
    let (on, reason) = known.and_then(|known| known.revoked.as_ref()).map(|(on, reason)| (*on, reason)).unzip();
    let further = &row.further;
    let column = if further.revoked_on.is_some() && further.revoked_on != on {
        Column::RevokedOn
    } else if further.revoked_reason.is_some() && further.revoked_reason.as_ref() != reason {
        Column::RevokedReason
    } else {
        return Ok(());
    };
    Err(refused(
        row,
        column,
        Sentence::new(
            "Không thu hồi giấy chứng nhận qua tệp. Hãy để trống ô này, và thu hồi trên trang của giấy chứng nhận.",
            "A file revokes no certificate. Leave the cell empty, and revoke it on the certificate's page.",
        ),
    ))
}

fn named_twice(line: u32) -> Sentence {
    Sentence::new(
        format!("Dòng {line} đã nói về giấy chứng nhận này. Hãy xóa một trong hai dòng."),
        format!("Line {line} is about this certificate already. Delete one of the two lines."),
    )
}

fn not_of_this_product(id: i32) -> Sentence {
    Sentence::new(
        format!("Sản phẩm này không có giấy chứng nhận mang mã {id} trong sổ. Hãy để trống ô này nếu là giấy mới."),
        format!("This product has no certificate {id} in the register. Leave the cell empty for a new one."),
    )
}

fn several_of_this_number() -> Sentence {
    Sentence::new(
        format!(
            "Trong sổ, sản phẩm này có nhiều giấy cùng mang số này. Hãy điền cột “{}” hoặc ngày đầu của giấy.",
            Column::CertificateId.vi()
        ),
        format!(
            "The register has several certificates of this number of the product. Fill in “{}”, or the certificate's first day.",
            Column::CertificateId.code()
        ),
    )
}

fn without_certificate(stars: u8, source: &str) -> Sentence {
    Sentence::new(
        format!(
            "Sản phẩm {stars} sao không có giấy chứng nhận, theo {source}. Hãy điền đúng số sao, hoặc xóa phần giấy chứng nhận."
        ),
        format!(
            "A product of {stars} stars has no certificate ({source}). Fill in the right stars, or clear the certificate's cells."
        ),
    )
}
