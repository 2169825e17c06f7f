//! The form of a certificate: what is typed into it becomes a draft, and a sheet becomes what it shows. Programs' JSON takes the
//! same way, so that both are read alike. It decides nothing.

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::http::{Fields, TextField};
use crate::register::files::ScanChange;

use super::types::{CertificateDraft, CertificateSheet, IssuerLevel, Score};

const NUMBER: TextField =
    TextField { name: "number", vi: "Số giấy chứng nhận", en: "Certificate number", max_chars: 100 };
const DECISION: TextField =
    TextField { name: "decision_no", vi: "Số quyết định", en: "Decision number", max_chars: 100 };
const ISSUER: TextField = TextField { name: "issuer", vi: "Nơi cấp", en: "Issuer", max_chars: 200 };
const REASON: TextField = TextField { name: "reason", vi: "Lý do thu hồi", en: "Reason", max_chars: 500 };

/// What was typed.
pub(super) fn read_draft(fields: &Fields) -> Result<CertificateDraft> {
    let stars = match fields.value("stars") {
        "" => None,
        text => Some(text.parse().ok().filter(|stars| (3..=5).contains(stars)).ok_or_else(|| {
            Error::invalid(
                "stars",
                "Giấy chứng nhận OCOP có 3, 4 hoặc 5 sao.",
                "an OCOP certificate has 3, 4 or 5 stars",
            )
        })?),
    };
    let issuer_level =
        match fields.value("issuer_level") {
            "" => None,
            word => Some(IssuerLevel::parse(word).ok_or_else(|| {
                Error::invalid("issuer_level", "Xin chọn cấp của nơi cấp.", "choose the issuer's level")
            })?),
        };
    let score = match fields.value("score") {
        "" => None,
        text => Some(Score::parse(text)?),
    };
    Ok(CertificateDraft {
        number: fields.text(&NUMBER)?,
        stars,
        score,
        decision_no: fields.text(&DECISION)?,
        issuer: fields.text(&ISSUER)?,
        issuer_level,
        from: fields.day("from")?,
        to: fields.day("to")?,
    })
}

/// The scan that came with the form, and what becomes of the one before.
pub(super) fn read_scan(fields: &Fields) -> ScanChange {
    match fields.file("scan") {
        Some(file) => ScanChange::Replace(file.bytes.to_vec()),
        None if fields.is_ticked("remove_scan") => ScanChange::Remove,
        None => ScanChange::Keep,
    }
}

/// The day and the reason of a revocation.
pub(super) fn read_revocation(fields: &Fields) -> Result<(NaiveDate, String)> {
    Ok((fields.required_day("on")?, fields.required_text(&REASON)?))
}

/// What the form shows of a sheet.
pub(super) fn filled(sheet: &CertificateSheet) -> Fields {
    Fields::from_values(pairs_of(sheet))
}

/// A sheet as the fields of its form.
pub(super) fn pairs_of(sheet: &CertificateSheet) -> [(&'static str, String); 9] {
    let draft = sheet.draft();
    let text = |value: Option<String>| value.unwrap_or_default();
    let day = |day: Option<NaiveDate>| text(day.map(|day| day.to_string()));
    [
        ("number", text(draft.number)),
        ("stars", text(draft.stars.map(|stars| stars.to_string()))),
        ("score", text(draft.score.map(|score| score.to_string().replace('.', ",")))),
        ("decision_no", text(draft.decision_no)),
        ("issuer", text(draft.issuer)),
        ("issuer_level", text(draft.issuer_level.map(|level| level.as_str().to_owned()))),
        ("from", day(draft.from)),
        ("to", day(draft.to)),
        ("version", sheet.version.to_string()),
    ]
}
