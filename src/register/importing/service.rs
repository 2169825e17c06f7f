//! Use cases of importing: telling what a file would change, and taking it in. The comparison runs off the web workers.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::record_all;
use crate::accounts::types::{Actor, Scope};
use crate::error::Result;
use crate::ledger::append_all;
use crate::register::Register;
use crate::register::import::ImportRow;

use super::acts::{acts_of, entries_of};
use super::existing::{Existing, WithPictures};
use super::plan::{Plan, make_plan};
use super::progress::Progress;
use super::store::{apply, lock};
use super::types::{ImportPreview, ImportReport, Photos};

impl Register {
    /// What an import of these rows would change; or the errors for which it would take none. Nothing is written.
    pub async fn preview_import(&self, rows: Vec<ImportRow>, photos: Photos) -> Result<ImportPreview> {
        let existing = Existing::load(&mut *self.db.conn().await?, with_pictures(&photos), self.clock.today()).await?;
        Ok(compare(rows, photos, existing).await?.into_preview())
    }

    /// Takes checked rows in: all of them or, with a list of errors, none.
    pub async fn import(
        &self,
        actor: &Actor,
        rows: Vec<ImportRow>,
        photos: Photos,
        demo: bool,
        progress: &Progress,
    ) -> Result<ImportReport> {
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| self.import_in(conn, actor, (rows, photos), demo, progress, |_| Ok(())).await)
            .await
    }

    /// The same inside the caller's transaction. `agree` sees what would change before anything is written, and may refuse it.
    pub(in crate::register) async fn import_in(
        &self,
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        (rows, photos): (Vec<ImportRow>, Photos),
        demo: bool,
        progress: &Progress,
        agree: impl FnOnce(&ImportPreview) -> Result<()>,
    ) -> Result<ImportReport> {
        actor.require(Scope::Office)?;
        // The comparison stands inside the lock: another import between it and the writing would make it wrong.
        lock(conn).await?;
        let existing = Existing::load(conn, with_pictures(&photos), self.clock.today()).await?;
        let plan = compare(rows, photos, existing).await?;
        agree(plan.preview())?;
        progress.begin(plan.n_written());
        let numbers = apply(conn, &plan, demo, progress).await?;
        let report = report(&plan, &numbers.products);
        let now = self.clock.now();
        append_all(conn, &entries_of(&plan, &numbers, actor, now), now).await?;
        record_all(conn, acts_of(&plan, &numbers, &report, actor, now)).await?;
        Ok(report)
    }
}

fn with_pictures(photos: &Photos) -> WithPictures {
    if photos.is_empty() { WithPictures::No } else { WithPictures::Yes }
}

async fn compare(rows: Vec<ImportRow>, photos: Photos, existing: Existing) -> Result<Plan> {
    Ok(tokio::task::spawn_blocking(move || make_plan(&rows, photos, &existing)).await??)
}

fn report(plan: &Plan, products: &std::collections::HashMap<usize, i32>) -> ImportReport {
    let new = plan.products.iter().enumerate().filter(|(_, own)| own.number.is_none());
    let given = new.filter_map(|(place, _)| products.get(&place).copied());
    let new_product_nos = given.clone().min().zip(given.max());
    ImportReport { new_product_nos, ..plan.report() }
}
