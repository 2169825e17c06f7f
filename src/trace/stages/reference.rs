//! The templates that come with the program, read from assets. They are written once; what the office changed stays.

use crate::error::{Error, Result};

const TEMPLATES: &str = include_str!("../../../assets/trace/templates.tsv");
const STAGES: &str = include_str!("../../../assets/trace/stages.tsv");

/// A template with the product sets that have it.
#[derive(Debug)]
pub(super) struct ListedTemplate {
    pub(super) template: String,
    pub(super) name_vi: String,
    pub(super) name_en: String,
    pub(super) set_nos: Vec<i16>,
}

/// A stage of a template.
#[derive(Debug)]
pub(super) struct ListedStage {
    pub(super) template: String,
    pub(super) place: i16,
    pub(super) code: String,
    pub(super) step: String,
    pub(super) name_vi: String,
    pub(super) name_en: String,
    pub(super) unit: Option<String>,
    pub(super) max_yield_permille: Option<i32>,
    pub(super) hint_vi: Option<String>,
}

/// The templates.
pub(super) fn templates() -> Result<Vec<ListedTemplate>> {
    let template = |[template, name_vi, name_en, set_nos]: [String; 4]| {
        let set_nos = set_nos.split(',').map(|n| n.parse().map_err(Error::internal)).collect::<Result<_>>()?;
        Ok(ListedTemplate { template, name_vi, name_en, set_nos })
    };
    rows(TEMPLATES)?.into_iter().map(template).collect()
}

/// Their stages.
pub(super) fn stages() -> Result<Vec<ListedStage>> {
    let some = |cell: String| Some(cell).filter(|cell| !cell.is_empty());
    let stage = |[template, place, code, step, name_vi, name_en, unit, highest, hint_vi]: [String; 9]| {
        Ok(ListedStage {
            template,
            place: place.parse().map_err(Error::internal)?,
            code,
            step,
            name_vi,
            name_en,
            unit: some(unit),
            max_yield_permille: some(highest).map(|n| n.parse().map_err(Error::internal)).transpose()?,
            hint_vi: some(hint_vi),
        })
    };
    rows(STAGES)?.into_iter().map(stage).collect()
}

/// Lines after the heading, split at tabs; an asset of another shape is a defect of the build.
fn rows<const N: usize>(text: &str) -> Result<Vec<[String; N]>> {
    let split = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(|cell| cell.trim().to_owned()).collect();
        <[String; N]>::try_from(cells)
            .map_err(|cells| Error::internal(format!("asset line with {} cells: {line}", cells.len())))
    };
    text.lines().skip(1).map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::types::Unit;
    use crate::text::kept_text;
    use crate::trace::types::Step;

    #[test]
    fn every_set_that_is_stamped_by_the_batch_has_one_template() {
        let mut set_nos: Vec<i16> = templates().unwrap().into_iter().flat_map(|template| template.set_nos).collect();
        set_nos.sort_unstable();
        assert_eq!(set_nos, (1..=25).collect::<Vec<_>>());
    }

    #[test]
    fn every_template_has_five_to_eight_stages_in_their_order() {
        let stages = stages().unwrap();
        for template in templates().unwrap() {
            let own = stages.iter().filter(|stage| stage.template == template.template);
            let places: Vec<i16> = own.map(|stage| stage.place).collect();
            assert!((5..=8).contains(&places.len()), "{}", template.template);
            assert!(
                places.iter().copied().eq(1..=8.min(i16::try_from(places.len()).unwrap())),
                "{}",
                template.template
            );
        }
    }

    #[test]
    fn every_stage_is_a_step_of_the_vocabulary_of_a_known_template_with_a_plain_unit() {
        let templates = templates().unwrap();
        for stage in stages().unwrap() {
            assert!(Step::parse(&stage.step).is_some(), "{stage:?}");
            assert!(templates.iter().any(|template| template.template == stage.template), "{stage:?}");
            assert!(stage.unit.is_none_or(|unit| Unit::new("unit", &unit).is_ok()), "{}", stage.code);
        }
    }

    #[test]
    fn only_what_is_processed_has_a_yield() {
        for stage in stages().unwrap() {
            assert!(stage.max_yield_permille.is_none() || stage.step == "process", "{stage:?}");
        }
    }

    #[test]
    fn the_words_are_kept_as_they_stand() {
        for text in [TEMPLATES, STAGES] {
            let cells = text.lines().flat_map(|line| line.split('\t'));
            assert!(cells.into_iter().all(|cell| cell == kept_text(cell)));
        }
    }

    #[test]
    fn no_template_has_a_code_twice() {
        let mut codes: Vec<_> = stages().unwrap().into_iter().map(|stage| (stage.template, stage.code)).collect();
        let n_stages = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), n_stages);
    }
}
