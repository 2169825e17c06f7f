//! Use cases of templates: filling them once, offering stages, and the office's changes. A stage that changed since it was opened
//! is not written over.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{self, Act, Detail, details};
use crate::accounts::types::{Actor, Reach, Scope};
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::stamp::{BatchNo, ProductNo};
use crate::trace::service::Trace;
use crate::trace::types::StageNo;

use super::types::{Stage, StageDraft, StageTemplate};
use super::{reference, store};

/// Most stages of a template: more than fit on two screens of a phone are not chosen from.
const MAX_STAGES: usize = 30;

impl Trace {
    /// Writes the templates that come with this version; what is there stays as it is.
    pub async fn load_stage_lists(db: &Db) -> Result<()> {
        let mut conn = db.conn().await?;
        conn.transaction(async |conn| {
            store::insert_templates(conn, &reference::templates()?).await?;
            store::insert_stages(conn, &reference::stages()?).await?;
            Ok(())
        })
        .await
    }

    /// Every template with its sets and stages, closed ones included.
    pub async fn list_templates(&self) -> Result<Vec<StageTemplate>> {
        Ok(store::all_templates(&mut *self.parts.db.conn().await?).await?)
    }

    /// One template with its sets and stages, closed ones included.
    pub async fn find_template(&self, template: &str) -> Result<StageTemplate> {
        let found = store::find_template(&mut *self.parts.db.conn().await?, template).await?;
        found.ok_or(Error::NotFound(Thing::Page))
    }

    /// The template of a batch's product with the stages that may be chosen.
    pub async fn stages_of_batch(&self, reach: &Reach, batch_no: BatchNo) -> Result<StageTemplate> {
        let mut conn = self.parts.db.conn().await?;
        let batch = self.batch_within(&mut conn, reach, batch_no).await?;
        let name =
            store::template_of(&mut conn, reach, batch.product_no).await?.ok_or(Error::NotFound(Thing::Batch))?;
        let mut template = store::find_template(&mut conn, &name).await?.ok_or_else(no_template)?;
        template.stages.retain(|stage| stage.closed_at.is_none());
        Ok(template)
    }

    /// The name of a product's template.
    pub async fn template_of_product(&self, reach: &Reach, product_no: ProductNo) -> Result<String> {
        let found = store::template_of(&mut *self.parts.db.conn().await?, reach, product_no).await?;
        found.ok_or(Error::NotFound(Thing::Product))
    }

    /// Chooses another template for a product.
    pub async fn choose_template(&self, actor: &Actor, product_no: ProductNo, template: &str) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let found = store::lock_product(conn, &actor.writes(), product_no).await?;
            let producer_no = found.ok_or(Error::NotFound(Thing::Product))?;
            store::find_template(conn, template).await?.ok_or_else(no_template)?;
            store::set_template(conn, product_no, template).await?;
            let thing = format!("product {product_no}");
            let details = details([("template", template.into())]);
            let act = "product.stages_chosen";
            Ok(audit::record(conn, Act { act, thing, producer_no: Some(producer_no), details, actor, at: now }).await?)
        })
        .await
    }

    /// Adds a stage at the end of a template.
    pub async fn add_stage(&self, actor: &Actor, template: &str, draft: StageDraft) -> Result<Stage> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            if !store::lock_template(conn, template).await? {
                return Err(no_template());
            }
            let stages = store::stages_of(conn, template).await?;
            if MAX_STAGES <= stages.len() {
                return Err(Error::refused(
                    "too-many-stages",
                    format!("Mẫu này đã có {MAX_STAGES} công đoạn; xin sửa một công đoạn có sẵn."),
                    format!("this template has {MAX_STAGES} stages already; change one of them"),
                ));
            }
            // Stages are never deleted, so their number makes a code that none has.
            let code = format!("added_{}", stages.len() + 1);
            let place = stages.iter().map(|stage| stage.place).max().unwrap_or_default() + 1;
            let stage = store::insert_stage(conn, template, &code, place, &draft).await?;
            record(conn, "stage.added", &stage, actor, now).await?;
            Ok(stage)
        })
        .await
    }

    /// Changes what a stage says; what was recorded before keeps it by number.
    pub async fn change_stage(
        &self,
        actor: &Actor,
        stage_no: StageNo,
        version: i32,
        draft: StageDraft,
    ) -> Result<Stage> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let before = locked(conn, stage_no).await?;
            if before.step != draft.step {
                return Err(Error::invalid(
                    "step",
                    "Loại việc không đổi được vì đã có dòng ghi theo nó; xin đóng công đoạn này và thêm công đoạn mới.",
                    "the step cannot change, since events name it; close this stage and add a new one",
                ));
            }
            let written = store::update_stage(conn, stage_no, version, &draft).await?;
            let stage = written.ok_or(Error::EditConflict)?;
            record(conn, "stage.changed", &stage, actor, now).await?;
            Ok(stage)
        })
        .await
    }

    /// Moves a stage to a place, counted from 1; the others move along.
    pub async fn move_stage(&self, actor: &Actor, stage_no: StageNo, version: i32, place: u16) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let stage = locked(conn, stage_no).await?;
            if stage.version != version {
                return Err(Error::EditConflict);
            }
            let stages = store::stages_of(conn, &stage.template).await?;
            for (moved, place) in moves(&stages, stage_no, place) {
                store::set_place(conn, moved, place).await?;
            }
            record(conn, "stage.moved", &stage, actor, now).await
        })
        .await
    }

    /// Offers a stage no more.
    pub async fn close_stage(&self, actor: &Actor, stage_no: StageNo, version: i32) -> Result<()> {
        let now = self.parts.clock.now();
        self.set_stage_closed(actor, stage_no, version, Some(now), "stage.closed").await
    }

    /// Offers a closed stage again.
    pub async fn reopen_stage(&self, actor: &Actor, stage_no: StageNo, version: i32) -> Result<()> {
        self.set_stage_closed(actor, stage_no, version, None, "stage.reopened").await
    }

    async fn set_stage_closed(
        &self,
        actor: &Actor,
        stage_no: StageNo,
        version: i32,
        closed_at: Option<DateTime<Utc>>,
        act: &'static str,
    ) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.parts.clock.now();
        let mut conn = self.parts.db.conn().await?;
        conn.transaction(async |conn| {
            let stage = locked(conn, stage_no).await?;
            if store::set_closed(conn, stage_no, version, closed_at).await? == 0 {
                return Err(Error::EditConflict);
            }
            record(conn, act, &stage, actor, now).await
        })
        .await
    }
}

/// A stage whose template is held until the transaction ends.
async fn locked(conn: &mut AsyncPgConnection, stage_no: StageNo) -> Result<Stage> {
    let stage = store::find_stage(conn, stage_no).await?.ok_or_else(no_stage)?;
    store::lock_template(conn, &stage.template).await?;
    store::find_stage(conn, stage_no).await?.ok_or_else(no_stage)
}

/// The new places of the stages that do not stand where they will, when one of them moves.
fn moves(stages: &[Stage], moved: StageNo, place: u16) -> Vec<(StageNo, u16)> {
    let mut order: Vec<StageNo> = stages.iter().map(|stage| stage.stage_no).filter(|no| *no != moved).collect();
    let at = usize::from(place.saturating_sub(1)).min(order.len());
    order.insert(at, moved);
    let stands =
        |stage_no: StageNo, place: u16| stages.iter().any(|stage| stage.stage_no == stage_no && stage.place == place);
    order.into_iter().zip(1..).filter(|(stage_no, place)| !stands(*stage_no, *place)).collect()
}

async fn record(
    conn: &mut AsyncPgConnection,
    act: &'static str,
    stage: &Stage,
    actor: &Actor,
    at: DateTime<Utc>,
) -> Result<()> {
    let thing = format!("stage {}", stage.stage_no.0);
    let facts: [(&'static str, Detail); 2] =
        [("template", stage.template.as_str().into()), ("name", stage.name_vi.as_str().into())];
    Ok(audit::record(conn, Act { act, thing, producer_no: None, details: details(facts), actor, at }).await?)
}

fn no_template() -> Error {
    Error::invalid("template", "Xin chọn mẫu công đoạn trong danh sách.", "choose a template of the list")
}

/// A stage that is not there, or not there for this product.
pub(in crate::trace) fn no_stage() -> Error {
    Error::invalid(
        "what",
        "Không có công đoạn này cho sản phẩm; xin chọn lại trong danh sách.",
        "this product has no such stage; choose one of the list",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::types::Step;

    fn stages() -> Vec<Stage> {
        let stage = |n: i32| Stage {
            stage_no: StageNo(10 + n),
            template: "tea".into(),
            code: format!("s{n}"),
            place: u16::try_from(n).unwrap(),
            step: Step::Process,
            name_vi: "a".into(),
            name_en: "a".into(),
            unit: None,
            max_yield_permille: None,
            hint_vi: None,
            closed_at: None,
            version: 1,
        };
        (1..=4).map(stage).collect()
    }

    #[track_caller]
    fn check(moved: i32, place: u16, expected: &[(i32, u16)]) {
        let found: Vec<_> =
            moves(&stages(), StageNo(moved), place).into_iter().map(|(no, place)| (no.0, place)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_stage_that_moves_takes_the_others_along() {
        check(11, 3, &[(12, 1), (13, 2), (11, 3)]);
        check(14, 1, &[(14, 1), (11, 2), (12, 3), (13, 4)]);
        check(12, 99, &[(13, 2), (14, 3), (12, 4)]);
    }

    #[test]
    fn a_stage_that_stays_moves_nobody() {
        check(12, 2, &[]);
        check(11, 0, &[]);
    }
}
