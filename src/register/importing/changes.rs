//! The changes of an import one by one, for people to read before they say yes: counted all, listed up to a cap. Pure.

use std::collections::BTreeMap;
use std::fmt::Debug;

use sha2::{Digest, Sha256};

use crate::register::facts::types::Fact;
use crate::register::facts::{Facts, differences};
use crate::register::import::{Column, ImportRow};

use super::types::{ChangeKind, ChangedThing, FieldChange, ImportPreview, ImportReport, MAX_LISTED_CHANGES, RowChange};

/// Longest text shown of a fact (characters): a change is read in a table.
const MAX_SHOWN_CHARS: usize = 200;
/// What stays visible before the first letter that differs (characters).
const LEAD_CHARS: usize = 20;

/// A fact before and after.
type Difference = (Column, Option<Fact>, Option<Fact>);

/// Gathers them.
pub(super) struct Changes<'r> {
    rows: &'r [ImportRow],
    /// The first by line, then in the order in which they came: a register of ten thousand new rows stays small.
    listed: BTreeMap<(u32, usize), RowChange>,
    n_all: usize,
    counts: ImportReport,
    digest: Sha256,
}

impl<'r> Changes<'r> {
    pub(super) fn new(rows: &'r [ImportRow]) -> Self {
        Self { rows, listed: BTreeMap::new(), n_all: 0, counts: ImportReport::default(), digest: Sha256::new() }
    }

    /// Adds a change. `known` is the thing as the register has it, with its number; without it the thing is new. `further` is
    /// what would be said of it beyond its own facts.
    pub(super) fn add<F: Facts + Debug + Default>(
        &mut self,
        row: usize,
        (thing, name): (ChangedThing, &str),
        known: Option<(i32, &F)>,
        after: &F,
        further: Vec<(Column, Fact)>,
    ) {
        let counts = &mut self.counts;
        let count = match (thing, known.is_some()) {
            (ChangedThing::Producer, false) => &mut counts.n_producers_added,
            (ChangedThing::Producer, true) => &mut counts.n_producers_updated,
            (ChangedThing::Product, false) => &mut counts.n_products_added,
            (ChangedThing::Product, true) => &mut counts.n_products_updated,
            (ChangedThing::Certificate, false) => &mut counts.n_certificates_added,
            (ChangedThing::Certificate, true) => &mut counts.n_certificates_updated,
        };
        *count += 1;
        let line = self.rows.get(row).map_or(0, |row| row.line);
        let (number, before) = known.unzip();
        let nothing = F::default();
        let mut fields = differences(before.unwrap_or(&nothing), after);
        fields.extend(further.into_iter().map(|(column, fact)| (column, None, Some(fact))));
        // Some of what is new stands under no column, such as which life of a commune is meant.
        let whole = known.is_none().then_some(after);
        // Debug quotes texts, so that no two changes read alike.
        self.digest.update(format!("{line} {thing:?} {number:?} {name:?} {fields:?} {whole:?}\n"));
        let fields = fields.into_iter().map(field_change).collect();
        let kind = if known.is_none() { ChangeKind::Added(fields) } else { ChangeKind::Changed(fields) };
        self.listed.insert((line, self.n_all), RowChange { line, thing, name: name.to_owned(), kind });
        self.n_all += 1;
        if MAX_LISTED_CHANGES < self.listed.len() {
            self.listed.pop_last();
        }
    }

    /// The changes by line, with the other counts.
    pub(super) fn into_preview(self, others: &ImportReport) -> ImportPreview {
        let n_more = self.n_all.saturating_sub(self.listed.len());
        let changes = self.listed.into_values().collect();
        let report = ImportReport {
            n_rows: others.n_rows,
            n_unchanged: others.n_unchanged,
            n_pictures_left_out: others.n_pictures_left_out,
            ..self.counts
        };
        ImportPreview { report, changes, n_more, digest: self.digest.finalize().into() }
    }
}

fn field_change((column, before, after): Difference) -> FieldChange {
    let (before, after) = (before.map(|fact| fact.to_string()), after.map(|fact| fact.to_string()));
    let skipped = match (&before, &after) {
        (Some(before), Some(after)) => {
            let n_same = before.chars().zip(after.chars()).take_while(|(one, two)| one == two).count();
            if n_same < MAX_SHOWN_CHARS - LEAD_CHARS { 0 } else { n_same - LEAD_CHARS }
        }
        _ => 0,
    };
    let cut = |text: String| excerpt(&text, skipped);
    FieldChange { vi: column.vi(), en: column.en(), before: before.map(cut), after: after.map(cut) }
}

/// A text from a place on, with dots where something is left out.
fn excerpt(text: &str, skipped: usize) -> String {
    let rest: String = text.chars().skip(skipped).take(MAX_SHOWN_CHARS).collect();
    let before = if skipped == 0 { "" } else { "…" };
    let after = if text.chars().nth(skipped + MAX_SHOWN_CHARS).is_some() { "…" } else { "" };
    format!("{before}{rest}{after}")
}

#[cfg(test)]
mod tests {
    use crate::register::facts::types::{CertificateFacts, Place, ProducerFacts};

    use super::*;

    /// A preview of this one new thing.
    fn preview_of<F: Facts + Debug + Default>(thing: ChangedThing, facts: &F) -> ImportPreview {
        let mut changes = Changes::new(&[]);
        changes.add(0, (thing, "1"), None, facts, Vec::new());
        changes.into_preview(&ImportReport::default())
    }

    #[test]
    fn everything_written_of_a_new_thing_is_in_the_digest() {
        let facts = |to: &str| CertificateFacts { to: to.parse().ok(), ..CertificateFacts::default() };
        let [one, other] = ["2028-12-31", "2027-12-31"].map(|to| preview_of(ChangedThing::Certificate, &facts(to)));
        assert_ne!(one.digest, other.digest);
        assert_ne!(one.changes, other.changes);
        let place = |first: &str| Place {
            code: "01843".to_owned(),
            valid_from: first.parse().unwrap(),
            name: "Phường Bắc Kạn".to_owned(),
        };
        let facts = |first: &str| ProducerFacts { commune: Some(place(first)), ..ProducerFacts::default() };
        let [one, other] = ["2025-07-01", "2026-07-01"].map(|first| preview_of(ChangedThing::Producer, &facts(first)));
        assert_ne!(one.digest, other.digest, "what no column shows too");
    }

    #[test]
    fn of_many_changes_the_first_are_kept_and_all_are_counted_and_hashed() {
        let preview = |n: usize| {
            let mut changes = Changes::new(&[]);
            let facts = ProducerFacts { name: Some("HTX".to_owned()), ..ProducerFacts::default() };
            for i in 0..n {
                changes.add(0, (ChangedThing::Producer, &i.to_string()), None, &facts, Vec::new());
            }
            changes.into_preview(&ImportReport::default())
        };
        let (one, other) = (preview(MAX_LISTED_CHANGES + 2), preview(MAX_LISTED_CHANGES + 3));
        assert_eq!((one.changes.len(), one.n_more), (MAX_LISTED_CHANGES, 2));
        assert_eq!(one.report.n_producers_added, MAX_LISTED_CHANGES + 2);
        assert_eq!(one.changes, other.changes);
        assert_ne!(one.digest, other.digest);
    }

    #[test]
    fn a_long_text_is_shown_from_where_it_differs() {
        let story = |end: &str| Some(Fact::Text(format!("{}{end}", "a".repeat(1_000))));
        let change = field_change((Column::Story, story("đông"), story("dong")));
        assert_eq!(change.before.as_deref(), Some(format!("…{}đông", "a".repeat(20)).as_str()));
        assert_eq!(change.after.as_deref(), Some(format!("…{}dong", "a".repeat(20)).as_str()));
        let change = field_change((Column::Story, None, story("")));
        assert_eq!(change.after.map(|text| text.chars().count()), Some(201));
    }
}
