//! Which producer each row means: by its number, or else by name and commune. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::register::facts::types::{Place, ProducerFacts, StoredProducer};
use crate::register::import::{Column, ErrorList, ImportRow, RowError, Sentence};

use super::existing::{Existing, Index};
use super::merging::{Merged, Merging};
use super::places::Places;

/// A producer that rows name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// One of the register.
    Known(i32),
    /// A new one, with the code of its commune.
    New(String, Option<String>),
}

/// The producers of a file, and of each row which one it means; none where the row was refused.
pub(super) struct Producers {
    pub(super) merged: Vec<Merged<Key, ProducerFacts>>,
    pub(super) of_row: Vec<Option<usize>>,
}

/// Finds them all.
pub(super) fn resolve(rows: &[ImportRow], existing: &Existing, index: &Index<'_>, errors: &mut ErrorList) -> Producers {
    let mut places = Places::of(existing);
    let found: Vec<_> = rows.iter().map(|row| (row, places.find(row))).collect();
    let mut communes: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (row, place) in &found {
        if let (None, Ok(Some(place))) = (row.further.producer_no, place) {
            communes.entry(&row.producer).or_default().insert(&place.code);
        }
    }
    let mut merging = Merging::new("chủ thể", "producer");
    let mut of_row = Vec::with_capacity(rows.len());
    for (at, (row, place)) in found.iter().enumerate() {
        let taken = place.clone().and_then(|place| {
            let in_file = communes.get(row.producer.as_str());
            let key = key(row, place.as_ref(), in_file, index)?;
            merging.take(at, row, key, ProducerFacts::of_row(row, place))
        });
        of_row.push(taken.map_err(|error| errors.push(error)).ok());
    }
    Producers { merged: merging.into_merged(), of_row }
}

fn key(
    row: &ImportRow,
    place: Option<&Place>,
    in_file: Option<&BTreeSet<&str>>,
    index: &Index<'_>,
) -> Result<Key, RowError> {
    if let Some(number) = row.further.producer_no {
        return match index.producers.get(&number) {
            Some(known) => Ok(Key::Known(known.producer_no)),
            None => Err(refused(row, Column::ProducerNo, no_such_number(number))),
        };
    }
    let named: &[&StoredProducer] = index.producers_named.get(row.producer.as_str()).map_or(&[], Vec::as_slice);
    let code = match (place, in_file) {
        (Some(place), _) => Some(place.code.as_str()),
        (None, Some(codes)) if 1 < codes.len() => {
            return Err(refused(row, Column::CommuneCode, several_in_file(&row.producer, codes)));
        }
        (None, codes) => codes.and_then(|codes| codes.first().copied()),
    };
    let is_there = |known: &&&StoredProducer| code_of(known) == code;
    if let Some(known) = code.and_then(|_| named.iter().find(is_there)) {
        return Ok(Key::Known(known.producer_no));
    }
    match (named, code) {
        // The one of this name is meant when the file or the register does not say where it is.
        ([only], None) => Ok(Key::Known(only.producer_no)),
        ([only], Some(_)) if code_of(only).is_none() => Ok(Key::Known(only.producer_no)),
        ([_, _, ..], None) => Err(refused(row, Column::Producer, several_in_register(&row.producer, named))),
        _ => Ok(Key::New(row.producer.clone(), code.map(str::to_owned))),
    }
}

fn code_of(producer: &StoredProducer) -> Option<&str> {
    producer.facts.commune.as_ref().map(|place| place.code.as_str())
}

pub(super) fn refused(row: &ImportRow, column: Column, sentence: Sentence) -> RowError {
    RowError::new(row.line, row.headings.of(column), sentence)
}

fn no_such_number(number: i32) -> Sentence {
    Sentence::new(
        format!("Sổ không có chủ thể số {number}. Hãy xem lại số, hoặc để trống ô này nếu là chủ thể mới."),
        format!(
            "The register has no producer {number}. Look at the number again, or leave the cell empty for a new one."
        ),
    )
}

fn several_in_file(name: &str, codes: &BTreeSet<&str>) -> Sentence {
    let codes = codes.iter().copied().collect::<Vec<_>>().join(", ");
    Sentence::new(
        format!(
            "Trong tệp có nhiều chủ thể tên “{name}” ở các xã khác nhau (mã {codes}). Hãy điền mã xã cho dòng này."
        ),
        format!(
            "The file has several producers named “{name}” in different communes (codes {codes}). Fill in this row's commune code."
        ),
    )
}

fn several_in_register(name: &str, named: &[&StoredProducer]) -> Sentence {
    let one = |producer: &&StoredProducer, where_not_known: &str| {
        let place = producer.facts.commune.as_ref().map_or(where_not_known, |place| &place.name);
        format!("{} ({place})", producer.producer_no)
    };
    let vi = named.iter().map(|own| one(own, "chưa rõ xã")).collect::<Vec<_>>().join(", ");
    let en = named.iter().map(|own| one(own, "commune not known")).collect::<Vec<_>>().join(", ");
    Sentence::new(
        format!("Sổ có nhiều chủ thể tên “{name}”: số {vi}. Hãy điền số chủ thể hoặc mã xã để biết là chủ thể nào."),
        format!(
            "The register has several producers named “{name}”: {en}. Fill in the producer's number or commune code to say which."
        ),
    )
}
