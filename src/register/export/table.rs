//! Lists of the register as tables of cells. Pure: no file format, no query.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::register::certificates::types::CertificateSheet;
use crate::register::facts::Facts;
use crate::register::facts::types::{CertificateFacts, Fact, StoredCertificate, StoredProducer, StoredProduct};
use crate::register::import::{Column, RowState};
use crate::register::types::CertificateState;

/// A table under its headings.
#[derive(Debug)]
pub(super) struct Table {
    /// The worksheet's name.
    pub(super) name: &'static str,
    pub(super) headings: Vec<Heading>,
    pub(super) rows: Vec<Vec<Option<Fact>>>,
}

/// A heading with how its column looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heading {
    pub(super) text: &'static str,
    /// Width, characters.
    pub(super) width: u16,
    pub(super) kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Texts, and codes that would lose their zeros as numbers.
    Text,
    /// Numbers.
    Number,
    /// Days.
    Day,
}

/// The facts of a list, joined by their numbers.
pub(super) struct Listed {
    pub(super) producers: Vec<StoredProducer>,
    /// In the order of the list.
    pub(super) products: Vec<StoredProduct>,
    pub(super) certificates: Vec<StoredCertificate>,
}

/// The columns of the workbook that imports again. Pictures are files beside it, so they have no column here.
fn register_columns() -> impl Iterator<Item = Column> {
    Column::ALL.iter().copied().filter(|column| *column != Column::Image)
}

fn heading(column: Column) -> Heading {
    Heading { text: column.vi(), width: width(column), kind: kind(column) }
}

const fn kind(column: Column) -> Kind {
    match column {
        Column::ProductNo
        | Column::ProductSet
        | Column::Stars
        | Column::ProducerNo
        | Column::PackQuantity
        | Column::FirstYearSeen
        | Column::CertificateId
        | Column::CertificateStars
        | Column::Score => Kind::Number,
        Column::From | Column::To | Column::RevokedOn => Kind::Day,
        _ => Kind::Text,
    }
}

const fn width(column: Column) -> u16 {
    match column {
        Column::Story | Column::StoryEn | Column::Ingredients => 50,
        Column::Product | Column::Producer | Column::PrintedAddress | Column::Standards => 36,
        Column::ProductEn | Column::Issuer | Column::Source | Column::RevokedReason | Column::Decision => 28,
        Column::ProductSet | Column::Stars | Column::CertificateStars | Column::ProductNo | Column::ProducerNo => 14,
        _ => 20,
    }
}

/// The register, one row for each certificate of each product.
pub(super) fn register(listed: Listed) -> Table {
    let producers: HashMap<i32, StoredProducer> =
        listed.producers.into_iter().map(|producer| (producer.producer_no, producer)).collect();
    let mut certificates: HashMap<i32, Vec<StoredCertificate>> = HashMap::new();
    for certificate in listed.certificates {
        certificates.entry(certificate.product_no).or_default().push(certificate);
    }
    let columns: Vec<Column> = register_columns().collect();
    let mut rows = Vec::new();
    for product in &listed.products {
        let mut cells = product.facts.cells();
        let producer = producers.get(&product.producer_no);
        cells.extend(producer.into_iter().flat_map(|producer| producer.facts.cells()));
        let state = product.state(producer.is_some_and(|producer| producer.is_closed));
        cells.extend([
            (Column::ProductNo, Some(Fact::Number(product.product_no.into()))),
            (Column::ProducerNo, Some(Fact::Number(product.producer_no.into()))),
            (Column::State, Some(Fact::Text(state.vi().to_owned()))),
        ]);
        let own = certificates.remove(&product.product_no).unwrap_or_default();
        if own.is_empty() {
            rows.push(in_order(&columns, &cells, &[]));
        }
        rows.extend(own.iter().map(|certificate| in_order(&columns, &cells, &certificate_cells(certificate))));
    }
    Table { name: "Sổ OCOP", headings: columns.into_iter().map(heading).collect(), rows }
}

fn certificate_cells(certificate: &StoredCertificate) -> Vec<(Column, Option<Fact>)> {
    let mut cells = certificate.facts.cells();
    let (on, reason) = certificate.revoked.clone().unzip();
    cells.extend([
        (Column::CertificateId, Some(Fact::Number(certificate.certificate_id.into()))),
        (Column::RevokedOn, on.map(Fact::Day)),
        (Column::RevokedReason, reason.map(Fact::Text)),
    ]);
    cells
}

fn in_order(
    columns: &[Column],
    shared: &[(Column, Option<Fact>)],
    own: &[(Column, Option<Fact>)],
) -> Vec<Option<Fact>> {
    let cell = |column: &Column| {
        let found = shared.iter().chain(own).find(|(known, _)| known == column);
        found.and_then(|(_, fact)| fact.clone())
    };
    columns.iter().map(cell).collect()
}

/// Producers alone.
pub(super) fn producers(listed: Vec<StoredProducer>) -> Table {
    let columns: Vec<Column> =
        [Column::ProducerNo].into_iter().chain(empty_producer().into_iter().map(|(column, _)| column)).collect();
    let mut headings: Vec<Heading> = columns.iter().copied().map(heading).collect();
    headings.push(heading(Column::State));
    let row = |producer: StoredProducer| {
        let number = [(Column::ProducerNo, Some(Fact::Number(producer.producer_no.into())))];
        let mut cells = in_order(&columns, &producer.facts.cells(), &number);
        let state = if producer.is_closed { RowState::Closed } else { RowState::Open };
        cells.push(Some(Fact::Text(state.vi().to_owned())));
        cells
    };
    Table { name: "Chủ thể", headings, rows: listed.into_iter().map(row).collect() }
}

fn empty_producer() -> Vec<(Column, Option<Fact>)> {
    crate::register::facts::types::ProducerFacts::default().cells()
}

/// Certificates, each with its product, producer and state of the day.
pub(super) fn certificates(listed: Vec<CertificateSheet>, today: NaiveDate) -> Table {
    let text = |text, width| Heading { text, width, kind: Kind::Text };
    let before: [Column; 7] = [
        Column::CertificateId,
        Column::ProductNo,
        Column::Product,
        Column::ProductSet,
        Column::ProducerNo,
        Column::Producer,
        Column::Commune,
    ];
    let own: Vec<Column> = CertificateFacts::default().cells().into_iter().map(|(column, _)| column).collect();
    let after = [Column::RevokedOn, Column::RevokedReason];
    let mut headings: Vec<Heading> = before.into_iter().chain(own).chain(after).map(heading).collect();
    headings.push(text("Tình trạng hôm nay", 24));
    let row = |sheet: CertificateSheet| {
        let state = state(sheet.state(today));
        let (from, to) = sheet.certificate.window.unzip();
        let (on, reason) = sheet.certificate.revoked.unzip();
        let facts = CertificateFacts {
            number: sheet.certificate.number,
            stars: sheet.certificate.stars,
            score: sheet.score,
            decision_no: sheet.decision_no,
            issuer: sheet.certificate.issuer,
            issuer_level: sheet.issuer_level,
            from,
            to,
        };
        let mut cells = vec![
            Some(Fact::Number(sheet.certificate_id.into())),
            Some(Fact::Number(sheet.product_no.get().into())),
            Some(Fact::Text(sheet.product)),
            Some(Fact::Number(sheet.set_no.into())),
            Some(Fact::Number(sheet.producer_no.0.into())),
            Some(Fact::Text(sheet.producer)),
            sheet.commune.map(Fact::Text),
        ];
        cells.extend(facts.cells().into_iter().map(|(_, fact)| fact));
        cells.extend([on.map(Fact::Day), reason.map(Fact::Text), Some(Fact::Text(state.to_owned()))]);
        cells
    };
    Table { name: "Giấy chứng nhận", headings, rows: listed.into_iter().map(row).collect() }
}

const fn state(state: CertificateState) -> &'static str {
    match state {
        CertificateState::InForce => "Còn hiệu lực",
        CertificateState::Lapsed { .. } => "Đã hết hạn",
        CertificateState::NotYetValid { .. } => "Chưa đến ngày hiệu lực",
        CertificateState::Revoked { .. } => "Đã bị thu hồi",
        CertificateState::Unknown => "Chưa có ngày trong sổ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::facts::types::{ProducerFacts, ProductFacts};

    fn listed(certificates: Vec<StoredCertificate>) -> Listed {
        let facts = ProducerFacts { name: Some("HTX".into()), ..ProducerFacts::default() };
        let producers = vec![StoredProducer { producer_no: 3, is_closed: false, facts }];
        let facts = ProductFacts { name: Some("=1+1".into()), set_no: Some(7), ..ProductFacts::default() };
        let products = vec![StoredProduct { product_no: 9, producer_no: 3, is_closed: false, facts }];
        Listed { producers, products, certificates }
    }

    fn certificate(id: i32, number: &str) -> StoredCertificate {
        let facts = CertificateFacts { number: Some(number.into()), ..CertificateFacts::default() };
        StoredCertificate { certificate_id: id, product_no: 9, facts, revoked: None }
    }

    #[test]
    fn every_column_that_imports_is_exported_but_for_pictures() {
        let table = register(listed(vec![]));
        assert_eq!(table.headings.len(), Column::ALL.len() - 1);
        assert_eq!(table.rows.len(), 1, "a product without certificate has its row");
    }

    #[test]
    fn a_product_has_a_row_for_each_certificate_and_all_say_what_it_is() {
        let table = register(listed(vec![certificate(1, "01"), certificate(2, "02")]));
        let column = |name: &str| table.headings.iter().position(|heading| heading.text == name).unwrap();
        let said = |name: &str| table.rows.iter().map(|row| row[column(name)].clone().unwrap().to_string()).collect();
        let numbers: Vec<String> = said("Số giấy chứng nhận");
        let names: Vec<String> = said("Tên sản phẩm");
        assert_eq!((numbers, names), (vec!["01".into(), "02".into()], vec!["=1+1".into(), "=1+1".into()]));
    }

    #[test]
    fn every_row_has_as_many_cells_as_there_are_headings() {
        let facts = ProducerFacts::default();
        let table = producers(vec![StoredProducer { producer_no: 3, is_closed: true, facts }]);
        assert_eq!(table.rows[0].len(), table.headings.len());
    }
}
