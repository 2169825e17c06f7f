//! What all rows of one producer together say of it. Pure.

use chrono::NaiveDate;

use crate::register::import::{ImportRow, ProducerKind, RowError};

/// A producer as the file has it: a file's rows are products, so a producer stands in many of them.
pub(super) struct ProducerRow<'r> {
    /// The first line that names it.
    pub(super) line: u32,
    pub(super) name: &'r str,
    pub(super) kind: ProducerKind,
    pub(super) village: Option<&'r str>,
    pub(super) commune_code: Option<&'r str>,
    /// First day of the commune.
    pub(super) commune_from: Option<NaiveDate>,
    pub(super) former_commune: Option<&'r str>,
    pub(super) former_district: Option<&'r str>,
    pub(super) former_province: Option<&'r str>,
}

impl<'r> ProducerRow<'r> {
    /// What one row says.
    pub(super) fn new(row: &'r ImportRow, commune_from: Option<NaiveDate>) -> Self {
        Self {
            line: row.line,
            name: &row.producer,
            kind: row.producer_kind,
            village: row.village.as_deref(),
            commune_code: row.commune_code.as_deref(),
            commune_from,
            former_commune: row.former_commune.as_deref(),
            former_district: row.former_district.as_deref(),
            former_province: row.former_province.as_deref(),
        }
    }

    /// Takes what another row of the same producer adds; two rows that say different things are an error of the later one.
    pub(super) fn take(&mut self, other: &Self) -> Result<(), RowError> {
        let differs = |column: &str| RowError {
            line: other.line,
            column: column.to_owned(),
            vi: format!("khác với dòng {} của cùng cơ sở", self.line),
            en: format!("differs from line {} of the same producer", self.line),
        };
        if self.kind != other.kind {
            return Err(differs("producer_kind"));
        }
        let fields = [
            ("village", &mut self.village, other.village),
            ("commune_code", &mut self.commune_code, other.commune_code),
            ("former_commune", &mut self.former_commune, other.former_commune),
            ("former_district", &mut self.former_district, other.former_district),
            ("former_province", &mut self.former_province, other.former_province),
        ];
        for (column, own, given) in fields {
            match (*own, given) {
                (Some(one), Some(two)) if one != two => return Err(differs(column)),
                (None, Some(two)) => *own = Some(two),
                _ => {}
            }
        }
        self.commune_from = self.commune_from.or(other.commune_from);
        Ok(())
    }
}
