//! Names and tax codes that only one may have: what the register would refuse is an error of its row instead. Pure.

use std::collections::HashMap;
use std::hash::Hash;

use crate::register::import::{Column, ErrorList, ImportRow, Sentence};

use super::existing::Existing;
use super::plan::{PlannedProducer, PlannedProduct};
use super::producers::refused;

/// Who has something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// One of the register.
    Known(i32),
    /// A new one, by its place in the file.
    New(usize),
}

fn holder(number: Option<i32>, place: usize) -> Holder {
    number.map_or(Holder::New(place), Holder::Known)
}

/// Claims something; whether another has it already. What the register has stays taken even when the same file gives it up:
/// rows are written one after the other.
fn is_taken<K: Eq + Hash>(taken: &mut HashMap<K, Holder>, key: K, own: Holder) -> bool {
    *taken.entry(key).or_insert(own) != own
}

/// Refuses rows whose producer or product would have what another has.
pub(super) fn refuse_taken(
    rows: &[ImportRow],
    existing: &Existing,
    producers: &[PlannedProducer],
    products: &[PlannedProduct],
    errors: &mut ErrorList,
) {
    let known = || existing.producers.iter().map(|known| (&known.facts, Holder::Known(known.producer_no)));
    let mut names: HashMap<_, _> = known()
        .map(|(facts, own)| ((facts.name.as_deref(), facts.commune.as_ref().map(|place| &*place.code)), own))
        .collect();
    let mut tax_codes: HashMap<_, _> =
        known().filter_map(|(facts, own)| Some((facts.tax_code.as_deref()?, own))).collect();
    let mut refuse = |row: usize, column: Column, sentence: Sentence| {
        if let Some(row) = rows.get(row) {
            errors.push(refused(row, column, sentence));
        }
    };
    for (place, planned) in producers.iter().enumerate().filter(|(_, planned)| planned.is_written()) {
        let (facts, own) = (&planned.facts, holder(planned.number, place));
        let name = (facts.name.as_deref(), facts.commune.as_ref().map(|place| &*place.code));
        if is_taken(&mut names, name, own) {
            refuse(planned.row, Column::Producer, producer_taken());
        }
        if facts.tax_code.as_deref().is_some_and(|code| is_taken(&mut tax_codes, code, own)) {
            refuse(planned.row, Column::TaxCode, tax_code_taken());
        }
    }
    let numbered = producers.iter().enumerate().filter_map(|(place, own)| Some((own.number?, place)));
    let places: HashMap<i32, usize> = numbered.collect();
    let known = existing.products.iter().filter_map(|known| {
        let owner = *places.get(&known.producer_no)?;
        Some(((owner, known.facts.name.as_deref()), Holder::Known(known.product_no)))
    });
    let mut names: HashMap<_, _> = known.collect();
    for (place, planned) in products.iter().enumerate().filter(|(_, planned)| planned.is_written()) {
        let name = (planned.producer, planned.facts.name.as_deref());
        if is_taken(&mut names, name, holder(planned.number, place)) {
            refuse(planned.row, Column::Product, product_taken());
        }
    }
}

fn producer_taken() -> Sentence {
    Sentence::new(
        "Trong xã, phường này đã có một chủ thể khác mang tên này, có thể đã đóng. Hãy xem lại tên, hoặc điền số của chủ thể đó.",
        "This commune has another producer of this name, perhaps a closed one. Look at the name, or fill in that producer's number.",
    )
}

fn tax_code_taken() -> Sentence {
    Sentence::new(
        "Mã số thuế này đã là của một chủ thể khác. Hãy xem lại mã số; nếu là cùng một chủ thể, hãy điền số chủ thể.",
        "Another producer has this tax code. Look at it again; if it is the same producer, fill in its number.",
    )
}

fn product_taken() -> Sentence {
    Sentence::new(
        "Chủ thể này đã có một sản phẩm khác mang tên này. Hãy đặt tên khác; muốn hoán đổi hai tên thì nhập làm hai lần.",
        "This producer has another product of this name. Choose another; to exchange two names, import twice.",
    )
}
