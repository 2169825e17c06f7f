//! Facts under their columns: shown, merged and compared, all in one way. Pure.

use crate::register::certificates::types::IssuerLevel;
use crate::register::import::{Column, ProducerKind, ShelfLife};

use super::types::{CertificateFacts, Fact, ProducerFacts, ProductFacts};

/// Facts that stand under columns.
pub(in crate::register) trait Facts {
    /// Each with its column, in the order of the columns.
    fn cells(&self) -> Vec<(Column, Option<Fact>)>;

    /// Takes from another what this one does not say.
    fn fill_from(&mut self, other: &Self);
}

/// The first column of which two say different things.
pub(in crate::register) fn conflict<F: Facts>(one: &F, two: &F) -> Option<Column> {
    let mut pairs = one.cells().into_iter().zip(two.cells());
    let differs = |((column, one), (_, two)): ((Column, Option<Fact>), (Column, Option<Fact>))| {
        (one.is_some() && two.is_some() && one != two).then_some(column)
    };
    pairs.find_map(differs)
}

/// What `after` says that `before` does not say, or says otherwise. What it leaves empty is no difference.
pub(in crate::register) fn differences<F: Facts>(before: &F, after: &F) -> Vec<(Column, Option<Fact>, Option<Fact>)> {
    let pairs = before.cells().into_iter().zip(after.cells());
    let differs = |((column, before), (_, after)): ((Column, Option<Fact>), (Column, Option<Fact>))| {
        (after.is_some() && before != after).then_some((column, before, after))
    };
    pairs.filter_map(differs).collect()
}

fn text(text: Option<&String>) -> Option<Fact> {
    text.cloned().map(Fact::Text)
}

fn word(word: Option<&str>) -> Option<Fact> {
    word.map(|word| Fact::Text(word.to_owned()))
}

fn number(number: Option<impl Into<f64>>) -> Option<Fact> {
    number.map(|number| Fact::Number(number.into()))
}

fn fill<T: Clone>(own: &mut Option<T>, other: Option<&T>) {
    if own.is_none() {
        *own = other.cloned();
    }
}

/// A shelf life as people write it.
fn shelf_life(shelf_life: ShelfLife) -> Fact {
    Fact::Text(match shelf_life {
        ShelfLife::Days(n) => format!("{n} ngày"),
        ShelfLife::Months(n) => format!("{n} tháng"),
    })
}

impl Facts for ProducerFacts {
    fn cells(&self) -> Vec<(Column, Option<Fact>)> {
        vec![
            (Column::Producer, text(self.name.as_ref())),
            (Column::ProducerKind, word(self.kind.map(ProducerKind::vi))),
            (Column::TaxCode, text(self.tax_code.as_ref())),
            (Column::PrintedAddress, text(self.printed_address.as_ref())),
            (Column::Village, text(self.village.as_ref())),
            (Column::CommuneCode, word(self.commune.as_ref().map(|place| &*place.code))),
            (Column::Commune, word(self.commune.as_ref().map(|place| &*place.name))),
            (Column::FormerCommune, text(self.former_commune.as_ref())),
            (Column::FormerDistrict, text(self.former_district.as_ref())),
            (Column::FormerProvince, text(self.former_province.as_ref())),
        ]
    }

    fn fill_from(&mut self, other: &Self) {
        fill(&mut self.name, other.name.as_ref());
        fill(&mut self.kind, other.kind.as_ref());
        fill(&mut self.tax_code, other.tax_code.as_ref());
        fill(&mut self.printed_address, other.printed_address.as_ref());
        fill(&mut self.village, other.village.as_ref());
        fill(&mut self.commune, other.commune.as_ref());
        fill(&mut self.former_commune, other.former_commune.as_ref());
        fill(&mut self.former_district, other.former_district.as_ref());
        fill(&mut self.former_province, other.former_province.as_ref());
    }
}

impl Facts for ProductFacts {
    fn cells(&self) -> Vec<(Column, Option<Fact>)> {
        let quantity = self.pack.as_ref().and_then(|pack| pack.quantity.to_string().parse::<f64>().ok());
        vec![
            (Column::Product, text(self.name.as_ref())),
            (Column::ProductEn, text(self.name_en.as_ref())),
            (Column::ProductSet, number(self.set_no)),
            (Column::Stars, number(self.stars)),
            (Column::Story, text(self.story.as_ref())),
            (Column::StoryEn, text(self.story_en.as_ref())),
            (Column::Ingredients, text(self.ingredients.as_ref())),
            (Column::Standards, text(self.standards.as_ref())),
            (Column::Gtin, text(self.gtin.as_ref())),
            (Column::ShelfLife, self.shelf_life.map(shelf_life)),
            (Column::PackQuantity, number(quantity)),
            (Column::PackUnit, word(self.pack.as_ref().map(|pack| pack.unit.as_str()))),
            (Column::Decision, text(self.decision.as_ref())),
            (Column::FirstYearSeen, number(self.first_year_seen)),
            (Column::Source, text(self.source.as_ref())),
        ]
    }

    fn fill_from(&mut self, other: &Self) {
        fill(&mut self.name, other.name.as_ref());
        fill(&mut self.name_en, other.name_en.as_ref());
        fill(&mut self.set_no, other.set_no.as_ref());
        fill(&mut self.stars, other.stars.as_ref());
        fill(&mut self.story, other.story.as_ref());
        fill(&mut self.story_en, other.story_en.as_ref());
        fill(&mut self.ingredients, other.ingredients.as_ref());
        fill(&mut self.standards, other.standards.as_ref());
        fill(&mut self.gtin, other.gtin.as_ref());
        fill(&mut self.shelf_life, other.shelf_life.as_ref());
        fill(&mut self.pack, other.pack.as_ref());
        fill(&mut self.decision, other.decision.as_ref());
        fill(&mut self.first_year_seen, other.first_year_seen.as_ref());
        fill(&mut self.source, other.source.as_ref());
    }
}

impl Facts for CertificateFacts {
    fn cells(&self) -> Vec<(Column, Option<Fact>)> {
        vec![
            (Column::CertificateNo, text(self.number.as_ref())),
            (Column::CertificateStars, number(self.stars)),
            (Column::Score, number(self.score.map(|score| f64::from(score.tenths()) / 10.0))),
            (Column::CertificateDecision, text(self.decision_no.as_ref())),
            (Column::Issuer, text(self.issuer.as_ref())),
            (Column::IssuerLevel, word(self.issuer_level.map(IssuerLevel::vi))),
            (Column::From, self.from.map(Fact::Day)),
            (Column::To, self.to.map(Fact::Day)),
        ]
    }

    fn fill_from(&mut self, other: &Self) {
        fill(&mut self.number, other.number.as_ref());
        fill(&mut self.stars, other.stars.as_ref());
        fill(&mut self.score, other.score.as_ref());
        fill(&mut self.decision_no, other.decision_no.as_ref());
        fill(&mut self.issuer, other.issuer.as_ref());
        fill(&mut self.issuer_level, other.issuer_level.as_ref());
        fill(&mut self.from, other.from.as_ref());
        fill(&mut self.to, other.to.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_is_neither_a_conflict_nor_a_difference() {
        let said = ProductFacts { name: Some("Trà".into()), stars: Some(3), ..ProductFacts::default() };
        let less = ProductFacts { name: Some("Trà".into()), ..ProductFacts::default() };
        assert_eq!(conflict(&said, &less), None);
        assert!(differences(&said, &less).is_empty());
        assert_eq!(differences(&less, &said), [(Column::Stars, None, Some(Fact::Number(3.0)))]);
        let other = ProductFacts { stars: Some(4), ..less.clone() };
        assert_eq!(conflict(&said, &other), Some(Column::Stars));
        let mut filled = less;
        filled.fill_from(&said);
        assert_eq!(filled, said);
    }

    #[test]
    fn facts_are_shown_as_vietnam_writes_them() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 5, 31).unwrap();
        assert_eq!(Fact::Day(day).to_string(), "31/05/2026");
        assert_eq!(Fact::Number(76.5).to_string(), "76,5");
        assert_eq!(shelf_life(ShelfLife::Months(12)).to_string(), "12 tháng");
    }
}
