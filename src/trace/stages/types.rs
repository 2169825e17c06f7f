//! Stages that producers choose from, as values. Pure.

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::register::types::Unit;
use crate::text::kept_text;
use crate::trace::types::{StageNo, Step};

/// Longest name of a stage, characters.
const MAX_NAME_CHARS: usize = 100;
/// Longest hint, characters: two lines on a phone.
const MAX_HINT_CHARS: usize = 300;
/// Highest yield that is taken: a hundred out of one in, for what soaks up water or is diluted.
const MAX_YIELD_PERMILLE: u32 = 100_000;

/// A stage of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its number.
    pub stage_no: StageNo,
    /// Its template.
    pub template: String,
    /// Its name in entries, which stays when it is renamed.
    pub code: String,
    /// Its place in forms, from 1.
    pub place: u16,
    /// The step it is.
    pub step: Step,
    /// Its name in Vietnamese.
    pub name_vi: String,
    /// Its name in English.
    pub name_en: String,
    /// In what it is usually counted.
    pub unit: Option<Unit>,
    /// Most that comes out of what went in, permille.
    pub max_yield_permille: Option<u32>,
    /// What to look out for, in Vietnamese.
    pub hint_vi: Option<String>,
    /// When it was closed: it is offered no more, and what was recorded keeps its name.
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

impl Stage {
    /// Its name in entries and in the trail: template and code.
    pub fn full_code(&self) -> String {
        format!("{}.{}", self.template, self.code)
    }
}

/// A template with its stages in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTemplate {
    /// Its name in the database and in JSON.
    pub template: String,
    /// In Vietnamese.
    pub name_vi: String,
    /// In English.
    pub name_en: String,
    /// Product sets that have it unless a product chooses another.
    pub set_nos: Vec<u8>,
    /// Its stages.
    pub stages: Vec<Stage>,
}

/// What the office says of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDraft {
    /// The step it is.
    pub step: Step,
    /// Its name in Vietnamese.
    pub name_vi: String,
    /// Its name in English.
    pub name_en: String,
    /// In what it is usually counted.
    pub unit: Option<Unit>,
    /// Most that comes out of what went in, permille.
    pub max_yield_permille: Option<u32>,
    /// What to look out for, in Vietnamese.
    pub hint_vi: Option<String>,
}

impl StageDraft {
    /// Takes what a form holds; the yield is typed in percent.
    pub fn typed(
        step: &str,
        (name_vi, name_en): (&str, &str),
        unit: &str,
        yield_percent: &str,
        hint_vi: &str,
    ) -> Result<Self> {
        let step = Step::parse(step).ok_or_else(|| {
            Error::invalid("step", "Xin chọn loại việc trong danh sách.", "choose a step of the list")
        })?;
        let unit = if unit.trim().is_empty() { None } else { Some(Unit::new("unit", &kept_text(unit))?) };
        let hint_vi = Some(kept_text(hint_vi)).filter(|hint| !hint.is_empty());
        if hint_vi.as_ref().is_some_and(|hint| MAX_HINT_CHARS < hint.chars().count()) {
            return Err(too_long("hint_vi", MAX_HINT_CHARS));
        }
        Ok(Self {
            step,
            name_vi: name("name_vi", name_vi)?,
            name_en: name("name_en", name_en)?,
            unit,
            max_yield_permille: permille(yield_percent)?,
            hint_vi,
        })
    }
}

fn name(field: &'static str, text: &str) -> Result<String> {
    let text = kept_text(text);
    if text.is_empty() {
        return Err(Error::invalid(field, "Xin điền tên công đoạn.", "give the stage a name"));
    }
    if MAX_NAME_CHARS < text.chars().count() { Err(too_long(field, MAX_NAME_CHARS)) } else { Ok(text) }
}

fn too_long(field: &'static str, max_chars: usize) -> Error {
    Error::invalid(
        field,
        format!("Xin viết ngắn lại, nhiều nhất {max_chars} ký tự."),
        format!("make it shorter, at most {max_chars} characters"),
    )
}

/// A percentage with at most one decimal place, as permille.
fn permille(text: &str) -> Result<Option<u32>> {
    let text = text.trim().trim_end_matches('%').trim_end().replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, tenths) = text.split_once('.').unwrap_or((&text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let permille: Option<u32> = if is_number(whole) && is_number(tenths) && tenths.len() == 1 {
        format!("{whole}{tenths}").parse().ok()
    } else {
        None
    };
    permille.filter(|n| (1..=MAX_YIELD_PERMILLE).contains(n)).map(Some).ok_or_else(|| {
        Error::invalid(
            "yield",
            "Thu được nhiều nhất là phần trăm, ví dụ 25 hoặc 22,5; để trống nếu không so được.",
            "a yield is a percentage such as 25 or 22.5; leave it empty where in and out cannot be compared",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yield_is_typed_in_percent_with_one_decimal() {
        for (text, expected) in
            [("", None), ("25", Some(250)), ("22,5 %", Some(225)), ("0.1", Some(1)), ("105", Some(1050))]
        {
            assert_eq!(permille(text).unwrap(), expected, "{text}");
        }
        for text in ["0", "-1", "22.55", "một", ".5", "5.", "10001", "99999999999"] {
            assert!(permille(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stage_needs_a_step_of_the_list_and_both_names() {
        let typed = |step: &str, vi: &str, en: &str| StageDraft::typed(step, (vi, en), "kg", "", "");
        assert!(typed("process", "Sao chè", "Firing").is_ok());
        assert!(typed("bake", "Sao chè", "Firing").is_err());
        assert!(typed("process", " ", "Firing").is_err());
        assert!(typed("process", "Sao chè", &"x".repeat(101)).is_err());
    }
}
