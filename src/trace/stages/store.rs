//! Queries on templates and their stages. No transaction, no clock, no HTTP.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::reach::within;
use crate::accounts::types::{ProducerNo, Reach};
use crate::db::schema::{producers, products, stage_template_sets, stage_templates, stages};
use crate::register::types::Unit;
use crate::stamp::ProductNo;
use crate::trace::rows::{damaged, unknown};
use crate::trace::types::{StageNo, Step};

use super::reference::{ListedStage, ListedTemplate};
use super::types::{Stage, StageDraft, StageTemplate};

/// What a product has whose set no template names.
const FALLBACK: &str = "generic";

#[derive(HasQuery)]
#[diesel(table_name = stages)]
struct StageRow {
    stage_no: i32,
    template: String,
    code: String,
    place: i16,
    step: String,
    name_vi: String,
    name_en: String,
    unit: Option<String>,
    max_yield_permille: Option<i32>,
    hint_vi: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    version: i32,
}

impl StageRow {
    fn into_stage(self) -> QueryResult<Stage> {
        let step = Step::parse(&self.step).ok_or_else(|| unknown("unknown step of a stage"))?;
        Ok(Stage {
            stage_no: StageNo(self.stage_no),
            template: self.template,
            code: self.code,
            place: u16::try_from(self.place).map_err(damaged)?,
            step,
            name_vi: self.name_vi,
            name_en: self.name_en,
            unit: self.unit.and_then(|unit| Unit::new("unit", &unit).ok()),
            max_yield_permille: self.max_yield_permille.map(u32::try_from).transpose().map_err(damaged)?,
            hint_vi: self.hint_vi,
            closed_at: self.closed_at,
            version: self.version,
        })
    }
}

/// One stage.
pub(in crate::trace) async fn find_stage(
    conn: &mut AsyncPgConnection,
    stage_no: StageNo,
) -> QueryResult<Option<Stage>> {
    let row: Option<StageRow> =
        StageRow::query().filter(stages::stage_no.eq(stage_no.0)).first(conn).await.optional()?;
    row.map(StageRow::into_stage).transpose()
}

/// A template's stages in their order, closed ones included.
pub(super) async fn stages_of(conn: &mut AsyncPgConnection, template: &str) -> QueryResult<Vec<Stage>> {
    let query = StageRow::query().filter(stages::template.eq(template));
    let rows: Vec<StageRow> = query.order((stages::place, stages::stage_no)).load(conn).await?;
    rows.into_iter().map(StageRow::into_stage).collect()
}

/// Every template with its sets and stages.
pub(super) async fn all_templates(conn: &mut AsyncPgConnection) -> QueryResult<Vec<StageTemplate>> {
    let named: Vec<(String, String, String)> = stage_templates::table
        .select((stage_templates::template, stage_templates::name_vi, stage_templates::name_en))
        .order(stage_templates::name_vi)
        .load(conn)
        .await?;
    let sets: Vec<(i16, String)> = stage_template_sets::table
        .select((stage_template_sets::set_no, stage_template_sets::template))
        .order(stage_template_sets::set_no)
        .load(conn)
        .await?;
    let rows: Vec<StageRow> = StageRow::query().order((stages::place, stages::stage_no)).load(conn).await?;
    let mut all: Vec<Stage> = rows.into_iter().map(StageRow::into_stage).collect::<QueryResult<_>>()?;
    let with_stages = |(template, name_vi, name_en): (String, String, String)| {
        let own_sets = sets.iter().filter(|(_, of)| *of == template);
        let set_nos = own_sets.filter_map(|(set_no, _)| u8::try_from(*set_no).ok()).collect();
        let stages = all.extract_if(.., |stage| stage.template == template).collect();
        StageTemplate { template, name_vi, name_en, set_nos, stages }
    };
    Ok(named.into_iter().map(with_stages).collect())
}

/// One template with its sets and stages.
pub(super) async fn find_template(conn: &mut AsyncPgConnection, template: &str) -> QueryResult<Option<StageTemplate>> {
    let named: Option<(String, String)> = stage_templates::table
        .find(template)
        .select((stage_templates::name_vi, stage_templates::name_en))
        .first(conn)
        .await
        .optional()?;
    let Some((name_vi, name_en)) = named else { return Ok(None) };
    let sets: Vec<i16> = stage_template_sets::table
        .filter(stage_template_sets::template.eq(template))
        .select(stage_template_sets::set_no)
        .order(stage_template_sets::set_no)
        .load(conn)
        .await?;
    let stages = stages_of(conn, template).await?;
    let set_nos = sets.into_iter().filter_map(|set_no| u8::try_from(set_no).ok()).collect();
    Ok(Some(StageTemplate { template: template.to_owned(), name_vi, name_en, set_nos, stages }))
}

/// The template of a product: its own choice, else its set's.
pub(in crate::trace) async fn template_of(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
) -> QueryResult<Option<String>> {
    let found: Option<(Option<String>, Option<String>)> = products::table
        .inner_join(producers::table)
        .left_join(stage_template_sets::table.on(stage_template_sets::set_no.eq(products::set_no)))
        .filter(products::product_no.eq(product_no.to_i32()))
        .filter(within(reach))
        .select((products::stage_template, stage_template_sets::template.nullable()))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|(own, of_set)| own.or(of_set).unwrap_or_else(|| FALLBACK.to_owned())))
}

/// Locks a product and says whose it is.
pub(super) async fn lock_product(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    product_no: ProductNo,
) -> QueryResult<Option<ProducerNo>> {
    let locked: Option<i32> = products::table
        .find(product_no.to_i32())
        .select(products::product_no)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    if locked.is_none() {
        return Ok(None);
    }
    let owner: Option<i32> = products::table
        .inner_join(producers::table)
        .filter(products::product_no.eq(product_no.to_i32()))
        .filter(within(reach))
        .select(producers::producer_no)
        .first(conn)
        .await
        .optional()?;
    Ok(owner.map(ProducerNo))
}

/// Gives a product a template of its own.
pub(super) async fn set_template(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    template: &str,
) -> QueryResult<usize> {
    diesel::update(products::table.find(product_no.to_i32()))
        .set((products::stage_template.eq(template), products::version.eq(products::version + 1)))
        .execute(conn)
        .await
}

/// Locks a template, so that two people change its stages one after the other; whether it is there.
pub(super) async fn lock_template(conn: &mut AsyncPgConnection, template: &str) -> QueryResult<bool> {
    let row = stage_templates::table.find(template).select(stage_templates::template).for_no_key_update();
    let found: Option<String> = row.first(conn).await.optional()?;
    Ok(found.is_some())
}

/// Adds a stage at the end of a template.
pub(super) async fn insert_stage(
    conn: &mut AsyncPgConnection,
    template: &str,
    code: &str,
    place: u16,
    draft: &StageDraft,
) -> QueryResult<Stage> {
    let row: StageRow = diesel::insert_into(stages::table)
        .values((
            stages::template.eq(template),
            stages::code.eq(code),
            stages::place.eq(i16::try_from(place).map_err(damaged)?),
            columns_of(draft)?,
        ))
        .returning(StageRow::as_returning())
        .get_result(conn)
        .await?;
    row.into_stage()
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = stages)]
#[diesel(treat_none_as_null = true)]
struct DraftColumns<'a> {
    step: &'static str,
    name_vi: &'a str,
    name_en: &'a str,
    unit: Option<&'a str>,
    max_yield_permille: Option<i32>,
    hint_vi: Option<&'a str>,
}

fn columns_of(draft: &StageDraft) -> QueryResult<DraftColumns<'_>> {
    Ok(DraftColumns {
        step: draft.step.as_str(),
        name_vi: &draft.name_vi,
        name_en: &draft.name_en,
        unit: draft.unit.as_ref().map(Unit::as_str),
        max_yield_permille: draft.max_yield_permille.map(i32::try_from).transpose().map_err(damaged)?,
        hint_vi: draft.hint_vi.as_deref(),
    })
}

/// Writes a stage that is still at this version; none when it is not.
pub(super) async fn update_stage(
    conn: &mut AsyncPgConnection,
    stage_no: StageNo,
    version: i32,
    draft: &StageDraft,
) -> QueryResult<Option<Stage>> {
    let row: Option<StageRow> = diesel::update(stages::table.find(stage_no.0).filter(stages::version.eq(version)))
        .set((columns_of(draft)?, stages::version.eq(version + 1)))
        .returning(StageRow::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    row.map(StageRow::into_stage).transpose()
}

/// Closes or opens a stage that is still at this version; how many rows were written.
pub(super) async fn set_closed(
    conn: &mut AsyncPgConnection,
    stage_no: StageNo,
    version: i32,
    closed_at: Option<DateTime<Utc>>,
) -> QueryResult<usize> {
    diesel::update(stages::table.find(stage_no.0).filter(stages::version.eq(version)))
        .set((stages::closed_at.eq(closed_at), stages::version.eq(version + 1)))
        .execute(conn)
        .await
}

/// Moves a stage to a place.
pub(super) async fn set_place(conn: &mut AsyncPgConnection, stage_no: StageNo, place: u16) -> QueryResult<usize> {
    diesel::update(stages::table.find(stage_no.0))
        .set((stages::place.eq(i16::try_from(place).map_err(damaged)?), stages::version.eq(stages::version + 1)))
        .execute(conn)
        .await
}

/// Writes the templates that come with this version; rows that are there stay as they are.
pub(super) async fn insert_templates(conn: &mut AsyncPgConnection, list: &[ListedTemplate]) -> QueryResult<()> {
    let named: Vec<_> = list
        .iter()
        .map(|template| {
            (
                stage_templates::template.eq(&template.template),
                stage_templates::name_vi.eq(&template.name_vi),
                stage_templates::name_en.eq(&template.name_en),
            )
        })
        .collect();
    diesel::insert_into(stage_templates::table).values(named).on_conflict_do_nothing().execute(conn).await?;
    let sets: Vec<_> = list
        .iter()
        .flat_map(|template| template.set_nos.iter().map(move |set_no| (set_no, &template.template)))
        .map(|(set_no, template)| (stage_template_sets::set_no.eq(set_no), stage_template_sets::template.eq(template)))
        .collect();
    diesel::insert_into(stage_template_sets::table).values(sets).on_conflict_do_nothing().execute(conn).await?;
    Ok(())
}

/// Writes the stages that come with this version; rows that are there stay as they are.
pub(super) async fn insert_stages(conn: &mut AsyncPgConnection, list: &[ListedStage]) -> QueryResult<usize> {
    let row = |stage: &ListedStage| {
        (
            stages::template.eq(stage.template.clone()),
            stages::code.eq(stage.code.clone()),
            stages::place.eq(stage.place),
            stages::step.eq(stage.step.clone()),
            stages::name_vi.eq(stage.name_vi.clone()),
            stages::name_en.eq(stage.name_en.clone()),
            stages::unit.eq(stage.unit.clone()),
            stages::max_yield_permille.eq(stage.max_yield_permille),
            stages::hint_vi.eq(stage.hint_vi.clone()),
        )
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    diesel::insert_into(stages::table)
        .values(rows)
        .on_conflict((stages::template, stages::code))
        .do_nothing()
        .execute(conn)
        .await
}
