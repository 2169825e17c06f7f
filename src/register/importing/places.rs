//! The commune of a row by its code of today, its name, or both; what is gone is refused with what it became. Pure.

use std::collections::HashMap;
use std::slice;

use crate::register::facts::types::Place;
use crate::register::import::{Column, ImportRow, RowError, Sentence, sentence};
use crate::register::producers::types::Commune;
use crate::register::producers::{choose, tell};

use super::existing::Existing;

type Found = Result<Option<Place>, (Column, Sentence)>;

/// Finds communes, each only once: a file names the same few again and again.
pub(super) struct Places<'e> {
    existing: &'e Existing,
    found: HashMap<(Option<String>, Option<String>), Found>,
}

impl<'e> Places<'e> {
    pub(super) fn of(existing: &'e Existing) -> Self {
        Self { existing, found: HashMap::new() }
    }

    /// The commune of a row; none when it names none.
    pub(super) fn find(&mut self, row: &ImportRow) -> Result<Option<Place>, RowError> {
        let key = (row.commune_code.clone(), row.commune.clone());
        let existing = self.existing;
        let found =
            self.found.entry(key).or_insert_with_key(|(code, name)| look(existing, code.as_deref(), name.as_deref()));
        found.clone().map_err(|(column, sentence)| RowError::new(row.line, row.headings.of(column), sentence))
    }
}

fn look(existing: &Existing, code: Option<&str>, name: Option<&str>) -> Found {
    match (code, name) {
        (None, None) => Ok(None),
        (None, Some(name)) => match choose(name, &existing.communes, &existing.former) {
            Ok(commune) => Ok(Some(place(commune))),
            Err(error) => Err((Column::Commune, sentence(&error))),
        },
        (Some(code), name) => {
            let today = existing.communes.iter().find(|commune| commune.code == code);
            let commune = today.ok_or_else(|| (Column::CommuneCode, no_such_code(existing, code)))?;
            match name {
                Some(name) if choose(name, slice::from_ref(commune), &[]).is_err() => {
                    Err((Column::Commune, misnamed(existing, commune, name)))
                }
                _ => Ok(Some(place(commune))),
            }
        }
    }
}

fn place(commune: &Commune) -> Place {
    Place { code: commune.code.clone(), valid_from: commune.valid_from, name: commune.name.clone() }
}

fn no_such_code(existing: &Existing, code: &str) -> Sentence {
    let (mut vi, mut en) = (
        format!("Không có xã, phường nào mang mã {code} từ 01/07/2025"),
        format!("No commune has had the code {code} since 2025-07-01"),
    );
    if let Some(former) = existing.former.iter().find(|former| former.code == code) {
        let told = tell(former);
        vi = format!("{vi}: {}", told.0);
        en = format!("{en}: {}", told.1);
    }
    Sentence::new(
        format!("{vi}. Hãy điền mã của xã, phường mới."),
        format!("{en}. Fill in the code of the new commune."),
    )
}

fn misnamed(existing: &Existing, commune: &Commune, given: &str) -> Sentence {
    let Commune { code, name, .. } = commune;
    let (mut vi, mut en) =
        (format!("Mã {code} là {name}, không phải {given}"), format!("The code {code} is {name}, not {given}"));
    if let Some(former) = existing.former.iter().find(|former| former.name == given) {
        let told = tell(former);
        vi = format!("{vi}; {}", told.0);
        en = format!("{en}; {}", told.1);
    }
    Sentence::new(
        format!("{vi}. Hãy sửa mã hoặc tên; tên cũ ghi vào cột “{}”.", Column::FormerCommune.vi()),
        format!("{en}. Correct the code or the name; the old name belongs under “{}”.", Column::FormerCommune.code()),
    )
}
