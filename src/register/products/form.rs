//! A product's form: what its fields are called, how long they may be, and how they become a draft and back. Programs' JSON takes
//! the same way, so that both are checked alike.

use crate::accounts::types::ProducerNo;
use crate::error::{Error, Result};
use crate::http::{Fields, Language, TextField};
use crate::register::gtin::Gtin;
use crate::register::types::{Pack, Quantity, ShelfLife, Unit};

use super::types::{ProductDraft, Rights};

/// Names as printed on a front label.
const NAME: TextField = TextField { name: "name", vi: "Tên sản phẩm", en: "Product name", max_chars: 200 };
const NAME_EN: TextField = TextField { name: "name_en", vi: "Tên tiếng Anh", en: "English name", max_chars: 200 };
/// Two printed pages.
const STORY: TextField = TextField { name: "story", vi: "Câu chuyện sản phẩm", en: "Story", max_chars: 5_000 };
const STORY_EN: TextField =
    TextField { name: "story_en", vi: "Câu chuyện tiếng Anh", en: "Story in English", max_chars: 5_000 };
const INGREDIENTS: TextField =
    TextField { name: "ingredients", vi: "Thành phần", en: "Ingredients", max_chars: 1_000 };
const STANDARDS: TextField =
    TextField { name: "standards", vi: "Tiêu chuẩn áp dụng", en: "Standards", max_chars: 500 };
/// Longest shelf life taken: ten years, beyond which a slip of the pen is likelier.
const MAX_SHELF_DAYS: u16 = 3_650;
/// The same in months.
const MAX_SHELF_MONTHS: u16 = 120;

/// Reads a form. What someone may not write stays as `base` has it, whatever was sent.
pub(super) fn read(fields: &Fields, rights: Rights, base: Option<&ProductDraft>) -> Result<ProductDraft> {
    let own = |may: bool| base.filter(|_| !may);
    let producer_no = match own(rights.is_office) {
        Some(base) => base.producer_no,
        None => read_producer(fields)?,
    };
    let (name, set_no) = match own(rights.may_name()) {
        Some(base) => (base.name.clone(), base.set_no),
        None => (one_line(fields.required_text(&NAME)?), read_set(fields)?),
    };
    let stars = if rights.is_office { read_stars(fields)? } else { base.and_then(|base| base.stars) };
    Ok(ProductDraft {
        producer_no,
        name,
        name_en: fields.text(&NAME_EN)?.map(one_line),
        set_no,
        stars,
        story: fields.text(&STORY)?,
        story_en: fields.text(&STORY_EN)?,
        ingredients: fields.text(&INGREDIENTS)?,
        standards: fields.text(&STANDARDS)?.map(one_line),
        gtin: read_gtin(fields)?,
        shelf_life: read_shelf_life(fields)?,
        pack: read_pack(fields, base)?,
    })
}

/// The form that reads back as this draft.
pub(super) fn fields_of(draft: &ProductDraft, version: i32, language: Language) -> Fields {
    Fields::from_values([("version", version.to_string())].into_iter().chain(shown_pairs_of(draft, language)))
}

/// The fields of a draft as its form shows them.
pub(super) fn shown_pairs_of(draft: &ProductDraft, language: Language) -> Vec<(&'static str, String)> {
    let shown = |(name, value): (&'static str, String)| match name {
        "pack_quantity" => (name, language.decimal(&value)),
        _ => (name, value),
    };
    pairs_of(draft).into_iter().map(shown).collect()
}

/// The fields of a draft, by name.
pub(super) fn pairs_of(draft: &ProductDraft) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (shelf_life_n, shelf_life_unit) = match draft.shelf_life {
        None => (String::new(), "months"),
        Some(ShelfLife::Days(n)) => (n.to_string(), "days"),
        Some(ShelfLife::Months(n)) => (n.to_string(), "months"),
    };
    let (quantity, unit) = draft
        .pack
        .as_ref()
        .map_or_else(Default::default, |pack| (pack.quantity.to_string(), pack.unit.as_str().to_owned()));
    vec![
        ("producer", draft.producer_no.to_string()),
        ("name", draft.name.clone()),
        ("name_en", text(&draft.name_en)),
        ("set", draft.set_no.to_string()),
        ("stars", draft.stars.map(|stars| stars.to_string()).unwrap_or_default()),
        ("story", text(&draft.story)),
        ("story_en", text(&draft.story_en)),
        ("ingredients", text(&draft.ingredients)),
        ("standards", text(&draft.standards)),
        ("gtin", draft.gtin.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("shelf_life_n", shelf_life_n),
        ("shelf_life_unit", shelf_life_unit.to_owned()),
        ("pack_quantity", quantity),
        ("pack_unit", unit),
    ]
}

/// Names stand in one line on labels.
fn one_line(text: String) -> String {
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text }
}

fn read_producer(fields: &Fields) -> Result<ProducerNo> {
    let number = fields.value("producer").parse().ok().filter(|n| 0 < *n);
    number.map(ProducerNo).ok_or_else(|| Error::invalid("producer", "Xin chọn chủ thể.", "choose the producer"))
}

fn read_set(fields: &Fields) -> Result<u8> {
    let number = fields.value("set").parse().ok();
    number.ok_or_else(|| Error::invalid("set", "Xin chọn nhóm sản phẩm.", "choose the product set"))
}

fn read_stars(fields: &Fields) -> Result<Option<u8>> {
    match fields.value("stars") {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Error::invalid("stars", "Xin chọn hạng sao.", "choose the stars")),
    }
}

fn read_gtin(fields: &Fields) -> Result<Option<Gtin>> {
    match fields.value("gtin") {
        "" => Ok(None),
        text => Gtin::parse(text).map(Some).map_err(|error| {
            let mut vi = error.vi();
            if let Some(first) = vi.get(..1).map(str::to_uppercase) {
                vi.replace_range(..1, &first);
            }
            Error::invalid("gtin", format!("{vi}."), error.to_string())
        }),
    }
}

fn read_shelf_life(fields: &Fields) -> Result<Option<ShelfLife>> {
    let refused = || {
        Error::invalid(
            "shelf_life_n",
            "Hạn sử dụng là số ngày (1 đến 3650) hoặc số tháng (1 đến 120).",
            "a shelf life is a number of days (1 to 3650) or of months (1 to 120)",
        )
    };
    let Some(n) = fields.whole_number("shelf_life_n")? else { return Ok(None) };
    let n = u16::try_from(n).map_err(|_| refused())?;
    match fields.value("shelf_life_unit") {
        "days" if (1..=MAX_SHELF_DAYS).contains(&n) => Ok(Some(ShelfLife::Days(n))),
        "months" if (1..=MAX_SHELF_MONTHS).contains(&n) => Ok(Some(ShelfLife::Months(n))),
        _ => Err(refused()),
    }
}

fn read_pack(fields: &Fields, base: Option<&ProductDraft>) -> Result<Option<Pack>> {
    let kept = base.and_then(|base| base.pack.clone());
    match (fields.value("pack_quantity"), fields.value("pack_unit")) {
        // A number that could be read in two ways is not doubted where it stood before.
        (quantity, unit) if kept.as_ref().is_some_and(|pack| pack.is_written(quantity, unit)) => Ok(kept),
        ("", "") => Ok(None),
        ("", _) => Err(Error::invalid(
            "pack_quantity",
            "Xin điền lượng của một gói, ví dụ 500.",
            "fill in how much one pack holds, for example 500",
        )),
        (quantity, unit) => {
            let quantity = Quantity::typed("pack_quantity", quantity)?;
            Ok(Some(Pack { quantity, unit: Unit::new("pack_unit", unit)? }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: Rights = Rights { is_office: true, is_name_free: false };
    const KEEPER: Rights = Rights { is_office: false, is_name_free: false };

    fn full() -> Vec<(&'static str, &'static str)> {
        vec![
            ("producer", "3"),
            ("name", "Miến dong"),
            ("name_en", "Canna noodles"),
            ("set", "7"),
            ("stars", "4"),
            ("story", "Dòng một\nDòng hai"),
            ("story_en", ""),
            ("ingredients", "Củ dong 100%"),
            ("standards", "TCCS 01:2025"),
            ("gtin", "4006381333931"),
            ("shelf_life_n", "12"),
            ("shelf_life_unit", "months"),
            ("pack_quantity", "0,5"),
            ("pack_unit", "kg"),
        ]
    }

    #[test]
    fn a_draft_becomes_a_form_and_the_form_the_same_draft() {
        let draft = read(&Fields::from_values(full()), OFFICE, None).unwrap();
        assert_eq!(read(&fields_of(&draft, 1, Language::Vi), OFFICE, None).unwrap(), draft);
        assert_eq!(fields_of(&draft, 1, Language::Vi).value("pack_quantity"), "0,5");
        assert_eq!(draft.pack.as_ref().unwrap().to_string(), "0.5 kg");
        assert_eq!((draft.shelf_life, draft.story_en), (Some(ShelfLife::Months(12)), None));
    }

    #[test]
    fn what_a_keeper_may_not_write_stays_as_it_is() {
        let base = read(&Fields::from_values(full()), OFFICE, None).unwrap();
        let forged: Vec<_> =
            [("producer", "9"), ("name", "Khác"), ("set", "1"), ("stars", "5"), ("standards", "Mới")].into();
        let kept = read(&Fields::from_values(forged.clone()), KEEPER, Some(&base)).unwrap();
        assert_eq!(
            kept.differences(&base),
            ["name_en", "story", "ingredients", "standards", "gtin", "shelf_life", "pack"]
        );
        let unnamed = Rights { is_name_free: true, ..KEEPER };
        let named = read(&Fields::from_values(forged), unnamed, Some(&base)).unwrap();
        assert_eq!((named.name.as_str(), named.set_no, named.stars), ("Khác", 1, Some(4)));
    }

    #[track_caller]
    fn check_refused(name: &'static str, value: &str) {
        let mut fields: Vec<(&str, &str)> = full().into_iter().filter(|(known, _)| *known != name).collect();
        fields.push((name, value));
        let refused = read(&Fields::from_values(fields), OFFICE, None).unwrap_err();
        assert!(matches!(refused, Error::Invalid { field, .. } if field == name), "{name}={value}: {refused}");
    }

    #[test]
    fn each_field_refuses_what_it_cannot_take_in_its_own_name() {
        check_refused("name", "");
        check_refused("name", &"x".repeat(201));
        check_refused("story", &"x".repeat(5_001));
        check_refused("set", "");
        check_refused("stars", "many");
        check_refused("producer", "0");
        check_refused("producer", "-1");
        check_refused("gtin", "4006381333932");
        check_refused("shelf_life_n", "0");
        check_refused("shelf_life_n", "121");
        check_refused("shelf_life_n", "99999999");
        check_refused("pack_quantity", "1.000");
        check_refused("pack_quantity", "");
        check_refused("pack_unit", "");
        check_refused("pack_unit", "<script>");
    }

    #[test]
    fn a_pack_that_was_not_touched_is_not_doubted() {
        let mut base = read(&Fields::from_values(full()), OFFICE, None).unwrap();
        base.pack.as_mut().unwrap().quantity = Quantity::parse("12.345").unwrap();
        for language in [Language::Vi, Language::En] {
            assert_eq!(read(&fields_of(&base, 1, language), OFFICE, Some(&base)).unwrap(), base);
        }
    }

    #[test]
    fn a_name_stands_in_one_line() {
        let mut fields = full();
        fields[1].1 = "Miến\ndong";
        assert_eq!(read(&Fields::from_values(fields), OFFICE, None).unwrap().name, "Miến dong");
    }
}
