//! The form of a food-safety paper: what is typed into it becomes a draft, and a sheet becomes what it shows. Programs' JSON takes
//! the same way, so that both are read alike. It decides nothing.

use crate::error::{Error, Result, Thing};
use crate::http::{Fields, TextField};
use crate::register::files::ScanChange;

use super::types::{PaperDraft, PaperKind, PaperSheet};

const NUMBER: TextField = TextField { name: "number", vi: "Số giấy", en: "Number", max_chars: 100 };
const ISSUER: TextField = TextField { name: "issuer", vi: "Nơi cấp", en: "Issuer", max_chars: 200 };
const SCOPE: TextField =
    TextField { name: "scope", vi: "Nội dung, phạm vi", en: "What it is about", max_chars: 500 };

/// What was typed.
pub(super) fn read_draft(fields: &Fields) -> Result<PaperDraft> {
    let kind = PaperKind::parse(fields.value("kind"))
        .ok_or_else(|| Error::invalid("kind", "Xin chọn loại giấy.", "choose what the paper is"))?;
    let product_no = match fields.value("product_no") {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::NotFound(Thing::Product))?),
    };
    Ok(PaperDraft {
        kind,
        product_no,
        number: fields.text(&NUMBER)?,
        issuer: fields.text(&ISSUER)?,
        issued_on: fields.day("issued_on")?,
        valid_to: fields.day("valid_to")?,
        scope: fields.text(&SCOPE)?,
    })
}

/// The file that came with the form, and what becomes of the one before.
pub(super) fn read_file(fields: &Fields) -> ScanChange {
    match fields.file("file") {
        Some(file) => ScanChange::Replace(file.bytes.to_vec()),
        None if fields.is_ticked("remove_file") => ScanChange::Remove,
        None => ScanChange::Keep,
    }
}

/// A draft as the fields of its form.
pub(super) fn pairs_of(draft: &PaperDraft) -> [(&'static str, String); 7] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    [
        ("kind", draft.kind.as_str().to_owned()),
        ("product_no", draft.product_no.map(|product_no| product_no.to_string()).unwrap_or_default()),
        ("number", text(&draft.number)),
        ("issuer", text(&draft.issuer)),
        ("issued_on", day(draft.issued_on)),
        ("valid_to", day(draft.valid_to)),
        ("scope", text(&draft.scope)),
    ]
}

/// What the form shows of a sheet.
pub(super) fn filled(sheet: &PaperSheet) -> Fields {
    Fields::from_values(pairs_of(&sheet.draft).into_iter().chain([("version", sheet.version.to_string())]))
}
