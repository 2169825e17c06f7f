//! What the rows of a file say together: a further row of a product may leave empty what a row above says, and must bring a
//! certificate of its own. It knows the file alone, not the register.

use std::collections::HashMap;

use crate::stamp::ProductNo;

use super::columns::{Column, folded};
use super::errors::{RowError, Sentence};
use super::types::ImportRow;

/// The rows read so far.
#[derive(Debug, Default)]
pub(super) struct Above {
    rows: Vec<ImportRow>,
    by_number: HashMap<ProductNo, usize>,
    by_name: HashMap<[String; 2], usize>,
    by_producer_no: HashMap<i32, usize>,
    by_producer: HashMap<String, usize>,
    /// Lines of certificates by the place of their product's first row.
    certificates: HashMap<(usize, CertificateKey), u32>,
}

/// What tells two certificates of one product apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum CertificateKey {
    /// The number the register gave.
    Id(i32),
    /// The printed number, or else the first day.
    Printed(Option<String>, Option<chrono::NaiveDate>),
}

impl Above {
    /// The first row of a product.
    pub(super) fn product(&self, number: Option<ProductNo>, names: Option<&[String; 2]>) -> Option<&ImportRow> {
        self.rows.get(self.product_at(number, names)?)
    }

    fn product_at(&self, number: Option<ProductNo>, names: Option<&[String; 2]>) -> Option<usize> {
        match number {
            Some(number) => self.by_number.get(&number).copied(),
            None => self.by_name.get(names?).copied(),
        }
    }

    /// The first row of a producer.
    pub(super) fn producer(&self, number: Option<i32>, name: &str) -> Option<&ImportRow> {
        let by_number = number.and_then(|number| self.by_producer_no.get(&number));
        self.rows.get(*by_number.or_else(|| self.by_producer.get(&folded(name)))?)
    }

    /// Takes the next row, or refuses it when it says nothing that a row above has not said.
    pub(super) fn push(&mut self, row: ImportRow) -> Result<(), RowError> {
        let names = [folded(&row.product), folded(&row.producer)];
        let own = self.rows.len();
        let first = self.product_at(row.further.product_no, Some(&names));
        let of_product = first.unwrap_or(own);
        let key = CertificateKey::of(&row);
        let repeated = match (&key, first.and_then(|at| self.rows.get(at))) {
            (None, Some(first)) => Some(first.line),
            (Some(key), _) => self.certificates.get(&(of_product, key.clone())).copied(),
            (None, None) => None,
        };
        if let Some(line) = repeated {
            return Err(RowError::new(row.line, row.headings.of(Column::Product), repeats(line, row.line)));
        }
        if let Some(key) = key {
            self.certificates.insert((of_product, key), row.line);
        }
        if let Some(number) = row.further.product_no {
            self.by_number.entry(number).or_insert(own);
        }
        if let Some(number) = row.further.producer_no {
            self.by_producer_no.entry(number).or_insert(own);
        }
        let [_, producer] = &names;
        self.by_producer.entry(producer.clone()).or_insert(own);
        self.by_name.entry(names).or_insert(own);
        self.rows.push(row);
        Ok(())
    }

    /// All of them.
    pub(super) fn into_rows(self) -> Vec<ImportRow> {
        self.rows
    }
}

impl CertificateKey {
    fn of(row: &ImportRow) -> Option<Self> {
        if let Some(id) = row.further.certificate_id {
            return Some(Self::Id(id));
        }
        match (&row.certificate, &row.undated_certificate) {
            (Some(dated), _) => Some(match &dated.number {
                Some(number) => Self::Printed(Some(number.clone()), None),
                None => Self::Printed(None, Some(dated.from)),
            }),
            (None, Some(undated)) => Some(Self::Printed(undated.number.clone(), None)),
            (None, None) => None,
        }
    }
}

fn repeats(first: u32, line: u32) -> Sentence {
    Sentence::new(
        format!(
            "Sản phẩm này của chủ thể này đã có ở dòng {first}. Hãy xóa một trong hai dòng {first} và {line}; chỉ viết thêm dòng khi sản phẩm có thêm một giấy chứng nhận khác."
        ),
        format!(
            "This product of this producer is already on line {first}. Delete one of lines {first} and {line}; a further line is only for a further certificate."
        ),
    )
}
