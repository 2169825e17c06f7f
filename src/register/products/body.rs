//! What programs send of a product. It becomes the fields of the form and is checked as the form is.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::http::{Fields, kept_text};
use crate::register::sent::{Sent, read_version};
use crate::register::types::{Pack, Quantity, Unit};

use super::form::{pairs_of, read};
use super::types::{ProductDraft, Rights};

/// Whatever a program sends is read as it stands; whether it may write it is the service's to say.
const EVERYTHING: Rights = Rights { is_office: true, is_name_free: true };

/// A product, or a change of one: absent fields are left as they are, null empties a field.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductBody {
    /// Whose it is. Required for a new product; later the office's to change.
    producer_no: Option<i32>,
    /// Required for a new product. Once it has a certificate, the office's to change.
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name_en: Sent<String>,
    /// Product set, 1 to 26. Required for a new product. Once it has a certificate, the office's to change.
    set_no: Option<u8>,
    /// 1 to 5; the office's to write.
    #[serde(default)]
    #[schema(value_type = Option<u8>)]
    stars: Sent<u8>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    story: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    story_en: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ingredients: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    standards: Sent<String>,
    /// 8, 12, 13 or 14 digits with a right check digit.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gtin: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<ShelfLifeBody>)]
    shelf_life: Sent<ShelfLifeBody>,
    #[serde(default)]
    #[schema(value_type = Option<PackBody>)]
    pack: Sent<PackBody>,
    /// The version that was read; required for a change.
    version: Option<i32>,
}

/// How long a product keeps.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShelfLifeBody {
    /// How many.
    n: u16,
    /// `days` or `months`.
    unit: String,
}

/// What one pack holds.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PackBody {
    /// A positive number with at most three decimal places.
    #[schema(value_type = f64)]
    quantity: serde_json::Number,
    /// For example `g`.
    unit: String,
}

/// A product to add.
pub(in crate::register) fn draft_of(body: ProductBody) -> Result<ProductDraft> {
    apply(body, None)
}

/// The version a change was made on, and the product as it shall be.
pub(in crate::register) fn change_of(body: ProductBody, current: &ProductDraft) -> Result<(i32, ProductDraft)> {
    let version = read_version(body.version)?;
    Ok((version, apply(body, Some(current))?))
}

fn apply(body: ProductBody, current: Option<&ProductDraft>) -> Result<ProductDraft> {
    let pack = match body.pack {
        Sent::Absent => current.and_then(|current| current.pack.clone()),
        Sent::Null => None,
        Sent::Value(pack) => Some(Pack {
            quantity: Quantity::parse(&pack.quantity.to_string()).map_err(in_json_names)?,
            unit: Unit::new("pack", &pack.unit)?,
        }),
    };
    let text = |value: Sent<String>| value.typed(|text| kept_text(&text));
    let (n, unit) = match body.shelf_life {
        Sent::Absent => (None, None),
        Sent::Null => (Some(String::new()), None),
        Sent::Value(shelf_life) => (Some(shelf_life.n.to_string()), Some(shelf_life.unit)),
    };
    let sent = [
        ("producer", body.producer_no.map(|n| n.to_string())),
        ("name", body.name.map(|name| kept_text(&name))),
        ("name_en", text(body.name_en)),
        ("set", body.set_no.map(|n| n.to_string())),
        ("stars", body.stars.typed(|n| n.to_string())),
        ("story", text(body.story)),
        ("story_en", text(body.story_en)),
        ("ingredients", text(body.ingredients)),
        ("standards", text(body.standards)),
        ("gtin", text(body.gtin)),
        ("shelf_life_n", n),
        ("shelf_life_unit", unit),
        ("pack_quantity", Some(String::new())),
        ("pack_unit", Some(String::new())),
    ];
    let sent = sent.into_iter().filter_map(|(name, value)| Some((name, value?)));
    // The first value of a name is the one that is read.
    let fields = Fields::from_values(sent.chain(current.map(pairs_of).into_iter().flatten()));
    let draft = read(&fields, EVERYTHING, current).map_err(in_json_names)?;
    Ok(ProductDraft { pack, ..draft })
}

/// The field of an error as programs name it.
pub(in crate::register) fn in_json_names(error: Error) -> Error {
    match error {
        Error::Invalid { field, vi, en } => {
            let field = match field {
                "producer" => "producer_no",
                "set" => "set_no",
                "shelf_life_n" | "shelf_life_unit" => "shelf_life",
                "pack_quantity" | "pack_unit" | "quantity" => "pack",
                other => other,
            };
            Error::Invalid { field, vi, en }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::types::ShelfLife;

    fn body(json: &str) -> ProductBody {
        serde_json::from_str(json).unwrap()
    }

    fn full() -> ProductDraft {
        draft_of(body(
            r#"{"producer_no": 3, "name": "Miến dong", "set_no": 7, "stars": 4, "story": "Dòng\nhai", "gtin": "4006381333931",
                "shelf_life": {"n": 12, "unit": "months"}, "pack": {"quantity": 12.345, "unit": "kg"}}"#,
        ))
        .unwrap()
    }

    #[test]
    fn a_new_product_is_read_whole() {
        let draft = full();
        assert_eq!(draft.pack.unwrap().to_string(), "12.345 kg");
        assert_eq!((draft.shelf_life, draft.stars, draft.set_no), (Some(ShelfLife::Months(12)), Some(4), 7));
    }

    #[test]
    fn what_is_absent_stays_and_what_is_null_is_text() {
        let current = full();
        let (version, same) = change_of(body(r#"{"version": 2}"#), &current).unwrap();
        assert_eq!((version, &same), (2, &current));
        let json =
            r#"{"version": 2, "story": null, "stars": null, "shelf_life": null, "pack": null, "name_en": "Noodles"}"#;
        let (_, changed) = change_of(body(json), &current).unwrap();
        assert_eq!(changed.differences(&current), ["name_en", "stars", "story", "shelf_life", "pack"]);
    }

    #[test]
    fn a_wrong_field_is_named_as_it_was_sent() {
        for (json, field) in [
            (r#"{"name": "x", "set_no": 7}"#, "producer_no"),
            (r#"{"producer_no": 1, "name": "x"}"#, "set_no"),
            (r#"{"producer_no": 1, "name": " ", "set_no": 7}"#, "name"),
            (r#"{"producer_no": 1, "name": "x", "set_no": 7, "shelf_life": {"n": 3, "unit": "years"}}"#, "shelf_life"),
            (r#"{"producer_no": 1, "name": "x", "set_no": 7, "pack": {"quantity": -1, "unit": "g"}}"#, "pack"),
        ] {
            let refused = draft_of(body(json)).unwrap_err();
            assert!(matches!(refused, Error::Invalid { field: given, .. } if given == field), "{json}: {refused}");
        }
        assert!(change_of(body("{}"), &full()).is_err());
        assert!(serde_json::from_str::<ProductBody>(r#"{"colour": "green"}"#).is_err());
    }
}
