//! What all rows of one thing together say of it: rows may complete each other and may not contradict. Pure.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use crate::register::facts::{Facts, conflict};
use crate::register::import::{Column, ImportRow, RowError, Sentence};

/// One thing with everything that rows say of it.
pub(super) struct Merged<K, F> {
    pub(super) key: K,
    /// Place of the first row that names it.
    pub(super) row: usize,
    pub(super) facts: F,
}

/// Gathers rows by what they are of.
pub(super) struct Merging<K, F> {
    places: HashMap<K, usize>,
    merged: Vec<Merged<K, F>>,
    lines: Vec<u32>,
    vi: &'static str,
    en: &'static str,
}

impl<K: Clone + Eq + Hash, F: Facts> Merging<K, F> {
    /// For things that sentences call so.
    pub(super) fn new(vi: &'static str, en: &'static str) -> Self {
        Self { places: HashMap::new(), merged: Vec::new(), lines: Vec::new(), vi, en }
    }

    /// Takes what a row says; the place of its thing. Two rows that say different things are an error of the later one.
    pub(super) fn take(&mut self, at: usize, row: &ImportRow, key: K, facts: F) -> Result<usize, RowError> {
        match self.places.entry(key.clone()) {
            Entry::Vacant(free) => {
                let place = self.merged.len();
                free.insert(place);
                self.merged.push(Merged { key, row: at, facts });
                self.lines.push(row.line);
                Ok(place)
            }
            Entry::Occupied(known) => {
                let place = *known.get();
                if let Some(own) = self.merged.get_mut(place) {
                    if let Some(column) = conflict(&own.facts, &facts) {
                        let line = self.lines.get(place).copied().unwrap_or_default();
                        return Err(self.differs(row, column, line));
                    }
                    own.facts.fill_from(&facts);
                }
                Ok(place)
            }
        }
    }

    fn differs(&self, row: &ImportRow, column: Column, line: u32) -> RowError {
        let sentence = Sentence::new(
            format!("Khác với dòng {line} của cùng {}. Hãy viết giống nhau, hoặc để trống ô này.", self.vi),
            format!("This differs from line {line} of the same {}. Write the same, or leave the cell empty.", self.en),
        );
        RowError::new(row.line, row.headings.of(column), sentence)
    }

    pub(super) fn into_merged(self) -> Vec<Merged<K, F>> {
        self.merged
    }
}
