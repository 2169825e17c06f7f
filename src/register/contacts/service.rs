//! Use cases of contacts: seeing, adding, sharing, removing. The trail tells what kind of contact was written, never its value.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{self, Act, details};
use crate::accounts::types::{Actor, ProducerNo, Scope};
use crate::error::{Error, Result, Thing};
use crate::register::Register;
use crate::register::producers::types::ProducerSheet;
use crate::register::producers::{check_open, lock_producer};

use super::store;
use super::types::{Contact, NewContact, Shared, Visibility};

/// Most contacts of one producer: more is a mistake, or a way to fill the disk.
const MAX_CONTACTS: i64 = 20;

impl Register {
    /// A producer's contacts that an actor may see. The actor was allowed to find the producer.
    pub async fn contacts_seen_by(&self, actor: &Actor, producer_no: ProducerNo) -> Result<Vec<Contact>> {
        self.contacts(producer_no, Visibility::seen_by(actor)).await
    }

    /// A producer's contacts that everyone may see: for public pages.
    pub async fn public_contacts(&self, producer_no: ProducerNo) -> Result<Vec<Contact>> {
        self.contacts(producer_no, &[Visibility::Public]).await
    }

    async fn contacts(&self, producer_no: ProducerNo, seen: &[Visibility]) -> Result<Vec<Contact>> {
        let found = store::contacts_of(&mut *self.db.conn().await?, &[producer_no], seen).await?;
        Ok(found.into_iter().map(|(_, contact)| contact).collect())
    }

    /// Adds a contact.
    pub async fn add_contact(&self, actor: &Actor, producer_no: ProducerNo, contact: &NewContact) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        contact.shared.require(actor)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            check_open(&lock_own(conn, actor, producer_no).await?)?;
            if MAX_CONTACTS <= store::count(conn, producer_no).await? {
                return Err(Error::refused(
                    "too-many-contacts",
                    format!("Mỗi chủ thể có nhiều nhất {MAX_CONTACTS} thông tin liên hệ; xin xóa bớt trước khi thêm."),
                    format!("a producer has at most {MAX_CONTACTS} contacts; remove one before adding another"),
                ));
            }
            let contact_id = store::insert(conn, producer_no, contact, now).await?;
            let details = details([
                ("contact_id", contact_id.into()),
                ("kind", contact.kind.as_str().into()),
                ("visibility", contact.shared.visibility().as_str().into()),
            ]);
            audit::record(conn, Act { details, ..self.act_on(actor, "contact.added", producer_no) }).await?;
            Ok(())
        })
        .await
    }

    /// Changes who sees a contact. One that the actor does not see is not found.
    pub async fn share_contact(
        &self,
        actor: &Actor,
        producer_no: ProducerNo,
        contact_id: i32,
        shared: &Shared,
    ) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        shared.require(actor)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            if shared.visibility() == Visibility::Public {
                check_open(&lock_own(conn, actor, producer_no).await?)?;
            }
            let contact = lock_seen(conn, actor, producer_no, contact_id).await?;
            store::share(conn, contact_id, shared, now).await?;
            let details = details([
                ("contact_id", contact_id.into()),
                ("kind", contact.kind.as_str().into()),
                ("before", contact.visibility.as_str().into()),
                ("visibility", shared.visibility().as_str().into()),
            ]);
            audit::record(conn, Act { details, ..self.act_on(actor, "contact.shared", producer_no) }).await?;
            Ok(())
        })
        .await
    }

    /// Removes a contact for good: it may be a person's.
    pub async fn remove_contact(&self, actor: &Actor, producer_no: ProducerNo, contact_id: i32) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let contact = lock_seen(conn, actor, producer_no, contact_id).await?;
            store::delete(conn, contact_id).await?;
            let details = details([("contact_id", contact_id.into()), ("kind", contact.kind.as_str().into())]);
            audit::record(conn, Act { details, ..self.act_on(actor, "contact.removed", producer_no) }).await?;
            Ok(())
        })
        .await
    }
}

/// Locks a producer that the actor may write, so that its contacts are counted and changed one after the other.
async fn lock_own(conn: &mut AsyncPgConnection, actor: &Actor, producer_no: ProducerNo) -> Result<ProducerSheet> {
    let producer = lock_producer(conn, &actor.writes(), producer_no).await?;
    producer.ok_or(Error::NotFound(Thing::Producer))
}

async fn lock_seen(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    producer_no: ProducerNo,
    contact_id: i32,
) -> Result<Contact> {
    lock_own(conn, actor, producer_no).await?;
    let contact = store::lock_contact(conn, producer_no, contact_id, Visibility::seen_by(actor)).await?;
    contact.ok_or(Error::NotFound(Thing::Contact))
}
