//! Use cases of producers: listing, looking at one, adding, changing, closing. Every write leaves its trace in the same
//! transaction.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{self, Act, details};
use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::error::{Error, Result, Thing};
use crate::register::Register;
use crate::register::store::deployment;

use super::commune;
use super::filter::ProducerFilter;
use super::store::{self, Taken};
use super::types::{Commune, OwnProduct, ProducerChange, ProducerEntry, ProducerPage, ProducerSheet};

impl Register {
    /// One page of the producers that a reader may see.
    pub async fn list_producers(&self, reach: &Reach, filter: &ProducerFilter) -> Result<ProducerPage> {
        Ok(store::list(&mut *self.db.conn().await?, reach, filter).await?)
    }

    /// Producers above a number, in ascending order.
    pub async fn producers_after(&self, reach: &Reach, after: i32, limit: i64) -> Result<Vec<ProducerSheet>> {
        Ok(store::list_after(&mut *self.db.conn().await?, reach, after, limit).await?)
    }

    /// One producer that a reader may see.
    pub async fn find_producer(&self, reach: &Reach, producer_no: ProducerNo) -> Result<ProducerSheet> {
        let found = store::find_producer(&mut *self.db.conn().await?, reach, producer_no).await?;
        found.ok_or(Error::NotFound(Thing::Producer))
    }

    /// The products of a producer that the caller was allowed to find, open ones first.
    pub async fn products_of(&self, producer: &ProducerSheet) -> Result<Vec<OwnProduct>> {
        Ok(store::products_of(&mut *self.db.conn().await?, producer.producer_no).await?)
    }

    /// Adds a producer.
    pub async fn create_producer(&self, actor: &Actor, entry: &ProducerEntry) -> Result<ProducerNo> {
        actor.require(Scope::Office)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let commune = self.commune_of(conn, entry).await?;
            let is_demo = deployment(conn).await?.is_some_and(|(_, is_demo)| is_demo);
            let producer_no = store::insert(conn, entry, commune.as_ref(), is_demo).await?.map_err(is_taken)?;
            let details = details([("kind", entry.kind.as_str().into())]);
            audit::record(conn, Act { details, ..self.act_on(actor, "producer.created", producer_no) }).await?;
            Ok(producer_no)
        })
        .await
    }

    /// Changes a producer, as much of it as the actor may write. Someone else's change since `version` is never overwritten.
    pub async fn change_producer(
        &self,
        actor: &Actor,
        producer_no: ProducerNo,
        version: i32,
        change: &ProducerChange,
    ) -> Result<()> {
        actor.require(match change {
            ProducerChange::Whole(_) => Scope::Office,
            ProducerChange::Own(_) => Scope::RegisterWrite,
        })?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let before = store::lock_producer(conn, &actor.writes(), producer_no).await?;
            let before = before.ok_or(Error::NotFound(Thing::Producer))?;
            check_open(&before)?;
            let n_written = match change {
                ProducerChange::Whole(entry) => {
                    let commune = self.commune_of(conn, entry).await?;
                    let written = store::update_whole(conn, producer_no, version, entry, commune.as_ref()).await?;
                    written.map_err(is_taken)?
                }
                ProducerChange::Own(own) => store::update_own(conn, producer_no, version, own).await?,
            };
            if n_written == 0 {
                return Err(Error::EditConflict);
            }
            let details = details([("fields", change.changed_fields(&before).into())]);
            audit::record(conn, Act { details, ..self.act_on(actor, "producer.changed", producer_no) }).await?;
            Ok(())
        })
        .await
    }

    /// Closes a producer: it leaves the lists and gets no new products; its stamps stay known.
    pub async fn close_producer(&self, actor: &Actor, producer_no: ProducerNo) -> Result<()> {
        actor.require(Scope::Office)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let found = store::find_producer(conn, &actor.writes(), producer_no).await?;
            found.ok_or(Error::NotFound(Thing::Producer))?;
            // Closing twice keeps the first time.
            if 0 < store::close(conn, producer_no, self.clock.now()).await? {
                audit::record(conn, self.act_on(actor, "producer.closed", producer_no)).await?;
            }
            Ok(())
        })
        .await
    }

    /// Takes a closed producer back into the register, with the products that were not closed themselves.
    pub async fn reopen_producer(&self, actor: &Actor, producer_no: ProducerNo) -> Result<()> {
        actor.require(Scope::Office)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let found = store::find_producer(conn, &actor.writes(), producer_no).await?;
            found.ok_or(Error::NotFound(Thing::Producer))?;
            if 0 < store::reopen(conn, producer_no).await? {
                audit::record(conn, self.act_on(actor, "producer.reopened", producer_no)).await?;
            }
            Ok(())
        })
        .await
    }

    /// An act on a producer, without further details.
    pub(in crate::register) fn act_on<'a>(
        &self,
        actor: &'a Actor,
        act: &'static str,
        producer_no: ProducerNo,
    ) -> Act<'a> {
        let thing = format!("producer {producer_no}");
        Act { act, thing, producer_no: Some(producer_no), details: details([]), actor, at: self.clock.now() }
    }

    async fn commune_of(&self, conn: &mut AsyncPgConnection, entry: &ProducerEntry) -> Result<Option<Commune>> {
        let Some(typed) = &entry.commune else { return Ok(None) };
        let day = self.clock.today();
        let today = store::communes_on(conn, day).await?;
        if let Some(exact) = today.iter().find(|commune| commune.name == *typed) {
            return Ok(Some(exact.clone()));
        }
        let former = store::former_communes(conn, day).await?;
        commune::choose(typed, &today, &former).map(|commune| Some(commune.clone()))
    }
}

/// Refuses a producer that left the register.
pub(in crate::register) fn check_open(producer: &ProducerSheet) -> Result<()> {
    if producer.closed_at.is_none() {
        return Ok(());
    }
    Err(Error::refused(
        "producer-closed",
        "Chủ thể này đã đóng trong sổ nên không sửa được nữa; cần sửa thì xin văn phòng mở lại.",
        "this producer has left the register and is changed no more; ask the office to take it back in first",
    ))
}

fn is_taken(taken: Taken) -> Error {
    match taken {
        Taken::Name => Error::invalid(
            "name",
            "Trong xã, phường này đã có một chủ thể mang tên này; xin tìm trong danh sách, kể cả chủ thể đã đóng.",
            "this commune already has a producer of this name; look for it in the list, among closed ones too",
        ),
        Taken::TaxCode => Error::invalid(
            "tax_code",
            "Mã số thuế này đã là của một chủ thể khác trong sổ; xin tìm theo mã số thuế.",
            "another producer of the register has this tax code; search for it",
        ),
    }
}
