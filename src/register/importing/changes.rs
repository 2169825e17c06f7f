//! The changes of an import one by one, for people to read before they say yes: counted all, listed up to a cap. Pure.

use sha2::{Digest, Sha256};

use crate::register::facts::types::Fact;
use crate::register::import::{Column, ImportRow};

use super::types::{ChangeKind, ChangedThing, FieldChange, ImportPreview, ImportReport, MAX_LISTED_CHANGES, RowChange};

/// Longest text shown of a fact (characters): a change is read in a table.
const MAX_SHOWN_CHARS: usize = 200;
/// What stays visible before the first letter that differs (characters).
const LEAD_CHARS: usize = 20;

type Differences = Vec<(Column, Option<Fact>, Option<Fact>)>;

/// Gathers them.
pub(super) struct Changes<'r> {
    rows: &'r [ImportRow],
    all: Vec<RowChange>,
    counts: ImportReport,
    digest: Sha256,
}

impl<'r> Changes<'r> {
    pub(super) fn new(rows: &'r [ImportRow]) -> Self {
        Self { rows, all: Vec::new(), counts: ImportReport::default(), digest: Sha256::new() }
    }

    /// Adds a change; without differences the thing is new.
    pub(super) fn add(
        &mut self,
        row: usize,
        thing: ChangedThing,
        name: &str,
        differences: Option<Differences>,
        further: impl IntoIterator<Item = FieldChange>,
    ) {
        let counts = &mut self.counts;
        let count = match (thing, differences.is_some()) {
            (ChangedThing::Producer, false) => &mut counts.n_producers_added,
            (ChangedThing::Producer, true) => &mut counts.n_producers_updated,
            (ChangedThing::Product, false) => &mut counts.n_products_added,
            (ChangedThing::Product, true) => &mut counts.n_products_updated,
            (ChangedThing::Certificate, false) => &mut counts.n_certificates_added,
            (ChangedThing::Certificate, true) => &mut counts.n_certificates_updated,
        };
        *count += 1;
        let line = self.rows.get(row).map_or(0, |row| row.line);
        let further: Vec<FieldChange> = further.into_iter().collect();
        // Debug quotes texts, so that no two changes read alike.
        self.digest.update(format!("{line} {thing:?} {name:?} {differences:?} {further:?}\n"));
        let kind = match differences {
            None => ChangeKind::Added,
            Some(differences) => {
                ChangeKind::Changed(differences.into_iter().map(field_change).chain(further).collect())
            }
        };
        self.all.push(RowChange { line, thing, name: name.to_owned(), kind });
    }

    /// The changes by line, with the other counts.
    pub(super) fn into_preview(mut self, others: &ImportReport) -> ImportPreview {
        self.all.sort_by_key(|change| change.line);
        let n_more = self.all.len().saturating_sub(MAX_LISTED_CHANGES);
        self.all.truncate(MAX_LISTED_CHANGES);
        let report = ImportReport {
            n_rows: others.n_rows,
            n_unchanged: others.n_unchanged,
            n_pictures_left_out: others.n_pictures_left_out,
            ..self.counts
        };
        ImportPreview { report, changes: self.all, n_more, digest: self.digest.finalize().into() }
    }
}

fn field_change((column, before, after): (Column, Option<Fact>, Option<Fact>)) -> FieldChange {
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
    use super::*;

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
