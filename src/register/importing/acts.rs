//! What an import leaves in the audit trail: one act for each thing it wrote, as if someone had written it on its page, and one for
//! the import. Numbers, codes and names of fields only.

use chrono::{DateTime, Utc};

use crate::accounts::audit::{Act, details};
use crate::accounts::types::{Actor, ProducerNo};
use crate::ledger::{Draft, Kind};
use crate::register::certificates::certificate_entered;
use crate::register::facts::differences;
use crate::register::import::{Column, ProducerKind};

use super::certificates::{PlannedCertificate, said};
use super::plan::Plan;
use super::store::Numbers;
use super::types::ImportReport;

/// The acts of a written plan.
pub(super) fn acts_of<'a>(
    plan: &Plan,
    numbers: &Numbers,
    report: &ImportReport,
    actor: &'a Actor,
    at: DateTime<Utc>,
) -> Vec<Act<'a>> {
    let act = |act: &'static str, thing: String, producer_no: Option<i32>, details| Act {
        act,
        thing,
        producer_no: producer_no.map(ProducerNo),
        details,
        actor,
        at,
    };
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).into();
    let counts = details([
        ("rows", count(report.n_rows)),
        ("producers_added", count(report.n_producers_added)),
        ("producers_changed", count(report.n_producers_updated)),
        ("products_added", count(report.n_products_added)),
        ("products_changed", count(report.n_products_updated)),
        ("certificates_added", count(report.n_certificates_added)),
        ("certificates_changed", count(report.n_certificates_updated)),
    ]);
    let mut acts = vec![act("register.imported", "register".to_owned(), None, counts)];
    for (place, own) in plan.producers.iter().enumerate().filter(|(_, own)| own.is_written()) {
        let number = numbers.producers.get(&place).copied();
        let (name, details) = match own.number {
            None => ("producer.created", details([("kind", own.facts.kind.map(ProducerKind::as_str).into())])),
            Some(_) => ("producer.changed", details([("fields", recorded(&own.changed).into())])),
        };
        acts.push(act(name, format!("producer {}", number.unwrap_or_default()), number, details));
    }
    for (place, own) in plan.products.iter().enumerate().filter(|(_, own)| own.is_written()) {
        let number = numbers.products.get(&place).copied().unwrap_or_default();
        let (set, stars) = (own.facts.set_no.into(), own.facts.stars.into());
        let (name, details) = match own.number {
            None => ("product.added", details([("set", set), ("stars", stars)])),
            Some(_) => (
                "product.changed",
                details([("fields", recorded(&own.changed).into()), ("set", set), ("stars", stars)]),
            ),
        };
        acts.push(act(name, format!("product {number}"), numbers.producers.get(&own.producer).copied(), details));
    }
    for (place, own) in plan.certificates.iter().enumerate() {
        let number = numbers.certificates.get(&place).copied().unwrap_or_default();
        let producer = plan.products.get(own.product).and_then(|product| numbers.producers.get(&product.producer));
        let (name, details) = of_certificate(own, numbers);
        acts.push(act(name, format!("certificate {number}"), producer.copied(), details));
    }
    acts
}

/// What a written plan leaves in the ledger: an entry for each certificate.
pub(super) fn entries_of(plan: &Plan, numbers: &Numbers, actor: &Actor, at: DateTime<Utc>) -> Vec<Draft> {
    let entry = |(place, own): (usize, &PlannedCertificate)| {
        let kind = if own.certificate_id.is_some() { Kind::RecognitionChanged } else { Kind::Recognised };
        let number = numbers.certificates.get(&place).copied().unwrap_or_default();
        let product = numbers.products.get(&own.product).copied().unwrap_or_default();
        certificate_entered(kind, number, product, &own.entry).draft(actor, at)
    };
    plan.certificates.iter().enumerate().map(entry).collect()
}

fn of_certificate(own: &PlannedCertificate, numbers: &Numbers) -> (&'static str, serde_json::Value) {
    if own.certificate_id.is_some() {
        let changed = differences(&own.before, &said(&own.entry));
        let codes: Vec<&str> = changed.iter().map(|(column, ..)| column.code()).collect();
        return ("certificate.changed", details([("fields", recorded(&codes).into())]));
    }
    let (from, to) = own.entry.window.unzip();
    let details = details([
        ("product_no", numbers.products.get(&own.product).copied().into()),
        ("stars", own.entry.draft.stars.into()),
        ("number", own.entry.draft.number.clone().into()),
        ("from", from.into()),
        ("to", to.into()),
    ]);
    ("certificate.recognised", details)
}

/// Names of fields as forms record them, each once, for columns that changed.
fn recorded(codes: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for column in Column::ALL.iter().copied().filter(|column| codes.contains(&column.code())) {
        let name = name_of(column);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// What the form of the same thing calls a column. A column that no form has keeps its own word.
const fn name_of(column: Column) -> &'static str {
    match column {
        Column::Product | Column::Producer => "name",
        Column::ProductEn => "name_en",
        Column::ProductSet => "set",
        Column::ProducerKind => "kind",
        Column::CommuneCode | Column::Commune => "commune",
        Column::PackQuantity | Column::PackUnit => "pack",
        Column::CertificateNo => "number",
        Column::CertificateStars => "stars",
        Column::CertificateDecision => "decision_no",
        Column::From | Column::To => "days",
        _ => column.code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(codes: &[&str], names: &[&str]) {
        assert_eq!(recorded(codes), names);
    }

    #[test]
    fn columns_are_recorded_under_the_names_of_the_forms_and_each_name_once() {
        check(&["product", "product_set", "pack_quantity", "pack_unit", "image"], &["name", "set", "pack", "image"]);
        check(&["producer", "producer_kind", "commune_code", "commune"], &["name", "kind", "commune"]);
        check(&["certificate_no", "certificate_decision", "from", "to"], &["number", "decision_no", "days"]);
        check(&["standards"], &["standards"]);
        check(&[], &[]);
    }
}
