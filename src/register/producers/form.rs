//! The form of a producer: what is typed into it becomes an entry, and a sheet becomes what it shows. It decides nothing.

use crate::error::{Error, Result};
use crate::http::{Fields, TextField};

use super::TaxCode;
use super::types::{OwnEntry, ProducerEntry, ProducerKind, ProducerSheet};

const fn text(name: &'static str, vi: &'static str, en: &'static str, max_chars: usize) -> TextField {
    TextField { name, vi, en, max_chars }
}

/// Longest name, characters, as the register files take it.
pub(super) const NAME: TextField = text("name", "Tên chủ thể", "Name", 200);
const TAX_CODE: TextField = text("tax_code", "Mã số thuế", "Tax code", 40);
const COMMUNE: TextField = text("commune", "Xã, phường hiện nay", "Commune of today", 100);
const VILLAGE: TextField = text("village", "Thôn, xóm, tổ", "Village", 100);
const PRINTED_ADDRESS: TextField = text("printed_address", "Địa chỉ in trên bao bì", "Address as printed", 300);
const FORMER_COMMUNE: TextField = text("former_commune", "Xã, phường cũ", "Former commune", 100);
const FORMER_DISTRICT: TextField = text("former_district", "Huyện, thành phố cũ", "Former district", 100);
const FORMER_PROVINCE: TextField = text("former_province", "Tỉnh cũ", "Former province", 100);

/// What the office typed.
pub(super) fn read_entry(fields: &Fields) -> Result<ProducerEntry> {
    let kind = ProducerKind::parse(fields.value("kind"))
        .ok_or_else(|| Error::invalid("kind", "Xin chọn loại hình của chủ thể.", "choose what the producer is"))?;
    Ok(ProducerEntry {
        name: one_line(fields.required_text(&NAME)?),
        kind,
        tax_code: fields.text(&TAX_CODE)?.as_deref().map(TaxCode::parse).transpose()?,
        commune: fields.text(&COMMUNE)?,
        former_commune: fields.text(&FORMER_COMMUNE)?.map(one_line),
        former_district: fields.text(&FORMER_DISTRICT)?.map(one_line),
        former_province: fields.text(&FORMER_PROVINCE)?.map(one_line),
        own: read_own_entry(fields)?,
    })
}

/// What a producer or its officer typed.
pub(super) fn read_own_entry(fields: &Fields) -> Result<OwnEntry> {
    Ok(OwnEntry {
        village: fields.text(&VILLAGE)?.map(one_line),
        printed_address: fields.text(&PRINTED_ADDRESS)?.map(one_line),
    })
}

/// What the form shows of a sheet.
pub(super) fn filled(sheet: &ProducerSheet) -> Fields {
    Fields::from_values(pairs_of(sheet))
}

/// A sheet as the fields of its form.
pub(super) fn pairs_of(sheet: &ProducerSheet) -> [(&'static str, String); 10] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let commune = sheet.commune.as_ref().map(|commune| commune.name.clone());
    [
        ("name", sheet.name.clone()),
        ("kind", sheet.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
        ("tax_code", text(&sheet.tax_code)),
        ("commune", commune.unwrap_or_default()),
        ("village", text(&sheet.village)),
        ("printed_address", text(&sheet.printed_address)),
        ("former_commune", text(&sheet.former_commune)),
        ("former_district", text(&sheet.former_district)),
        ("former_province", text(&sheet.former_province)),
        ("version", sheet.version.to_string()),
    ]
}

/// Line ends of a pasted text become blanks: these texts stand in one line.
fn one_line(text: String) -> String {
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text }
}
