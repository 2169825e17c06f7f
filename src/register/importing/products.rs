//! Which product each row means: by its number, or else by its producer and name. Pure.

use crate::register::facts::types::ProductFacts;
use crate::register::import::{Column, ErrorList, ImportRow, RowError, Sentence};

use super::existing::Index;
use super::merging::{Merged, Merging};
use super::producers::{Key as ProducerKey, Producers, refused};

/// A product that rows name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// One of the register.
    Known(i32),
    /// A new one, with the place of its producer.
    New(usize, String),
}

/// The products of a file, and of each row which one it means; none where the row was refused.
pub(super) struct Products {
    pub(super) merged: Vec<Merged<Key, ProductFacts>>,
    /// Place of each product's producer.
    pub(super) producer_of: Vec<usize>,
    pub(super) of_row: Vec<Option<usize>>,
}

/// Finds them all.
pub(super) fn resolve(
    rows: &[ImportRow],
    producers: &Producers,
    index: &Index<'_>,
    errors: &mut ErrorList,
) -> Products {
    let mut merging = Merging::new("sản phẩm", "product");
    let mut producer_of = Vec::new();
    let mut of_row = Vec::with_capacity(rows.len());
    for (at, (row, producer)) in rows.iter().zip(&producers.of_row).enumerate() {
        let taken = producer.map(|producer| {
            let place = merging.take(at, row, key(row, producer, producers, index)?, ProductFacts::of_row(row))?;
            if place == producer_of.len() {
                producer_of.push(producer);
            }
            Ok(place)
        });
        of_row.push(taken.transpose().map_err(|error| errors.push(error)).ok().flatten());
    }
    Products { merged: merging.into_merged(), producer_of, of_row }
}

fn key(row: &ImportRow, producer: usize, producers: &Producers, index: &Index<'_>) -> Result<Key, RowError> {
    let known_producer = match producers.merged.get(producer).map(|merged| &merged.key) {
        Some(ProducerKey::Known(number)) => Some(*number),
        _ => None,
    };
    let Some(product_no) = row.further.product_no else {
        let known = known_producer.and_then(|number| index.products_named.get(&(number, row.product.as_str())));
        return Ok(known.map_or_else(|| Key::New(producer, row.product.clone()), |known| Key::Known(known.product_no)));
    };
    let number = product_no.to_i32();
    let Some(known) = index.products.get(&number) else {
        let sentence = Sentence::new(
            format!("Sổ không có sản phẩm số {number}. Hãy xem lại số, hoặc để trống ô này nếu là sản phẩm mới."),
            format!(
                "The register has no product {number}. Look at the number again, or leave the cell empty for a new one."
            ),
        );
        return Err(refused(row, Column::ProductNo, sentence));
    };
    if Some(known.producer_no) == known_producer {
        return Ok(Key::Known(number));
    }
    let owner = index.producers.get(&known.producer_no).and_then(|owner| owner.facts.name.as_deref()).unwrap_or("?");
    let sentence = Sentence::new(
        format!(
            "Sản phẩm số {number} là của chủ thể số {}, {owner}. Hãy xem lại số sản phẩm và chủ thể; muốn chuyển sang chủ thể khác, xin sửa trên trang của sản phẩm.",
            known.producer_no
        ),
        format!(
            "Product {number} belongs to producer {}, {owner}. Look at both again; to move a product, change it on its page.",
            known.producer_no
        ),
    );
    Err(refused(row, Column::ProductNo, sentence))
}
