//! Queries on contacts. Whose they are and who may see them is part of each query; no transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::ProducerNo;
use crate::db::schema::producer_contacts;

use super::types::{Consent, Contact, ContactKind, NewContact, Shared, Visibility};

#[derive(HasQuery)]
#[diesel(table_name = producer_contacts)]
struct ContactRow {
    contact_id: i32,
    kind: String,
    value: String,
    visibility: String,
    consent_by: Option<String>,
    consent_at: Option<DateTime<Utc>>,
    consent_text: Option<String>,
}

impl ContactRow {
    fn into_contact(self) -> Option<Contact> {
        let consent = self.consent_by.zip(self.consent_text).map(|(by, text)| Consent { by, text });
        Some(Contact {
            contact_id: self.contact_id,
            kind: ContactKind::parse(&self.kind)?,
            value: self.value,
            visibility: Visibility::parse(&self.visibility)?,
            consent: consent.zip(self.consent_at),
        })
    }
}

fn words(seen: &[Visibility]) -> Vec<&'static str> {
    seen.iter().map(|visibility| visibility.as_str()).collect()
}

/// A producer's contacts of these visibilities, in the order of kinds.
pub(in crate::register) async fn contacts_of(
    conn: &mut AsyncPgConnection,
    producer_nos: &[ProducerNo],
    seen: &[Visibility],
) -> QueryResult<Vec<(ProducerNo, Contact)>> {
    let numbers: Vec<i32> = producer_nos.iter().map(|producer_no| producer_no.0).collect();
    let rows: Vec<(i32, ContactRow)> = producer_contacts::table
        .filter(producer_contacts::producer_no.eq_any(numbers))
        .filter(producer_contacts::visibility.eq_any(words(seen)))
        .select((producer_contacts::producer_no, ContactRow::as_select()))
        .order(producer_contacts::contact_id)
        .load(conn)
        .await?;
    let own = |(producer_no, row): (i32, ContactRow)| Some((ProducerNo(producer_no), row.into_contact()?));
    let mut contacts: Vec<(ProducerNo, Contact)> = rows.into_iter().filter_map(own).collect();
    contacts.sort_by_key(|(_, contact)| ContactKind::ALL.iter().position(|kind| *kind == contact.kind));
    Ok(contacts)
}

/// One contact of a producer, if it is of these visibilities; locked until the transaction ends.
pub(super) async fn lock_contact(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    contact_id: i32,
    seen: &[Visibility],
) -> QueryResult<Option<Contact>> {
    let row: Option<ContactRow> = producer_contacts::table
        .find(contact_id)
        .filter(producer_contacts::producer_no.eq(producer_no.0))
        .filter(producer_contacts::visibility.eq_any(words(seen)))
        .select(ContactRow::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(ContactRow::into_contact))
}

/// How many contacts a producer has, whoever may see them.
pub(super) async fn count(conn: &mut AsyncPgConnection, producer_no: ProducerNo) -> QueryResult<i64> {
    producer_contacts::table.filter(producer_contacts::producer_no.eq(producer_no.0)).count().get_result(conn).await
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    contact: &NewContact,
    now: DateTime<Utc>,
) -> QueryResult<i32> {
    let consent = contact.shared.consent();
    diesel::insert_into(producer_contacts::table)
        .values((
            producer_contacts::producer_no.eq(producer_no.0),
            producer_contacts::kind.eq(contact.kind.as_str()),
            producer_contacts::value.eq(&contact.value),
            producer_contacts::visibility.eq(contact.shared.visibility().as_str()),
            producer_contacts::consent_by.eq(consent.map(|consent| &consent.by)),
            producer_contacts::consent_at.eq(consent.map(|_| now)),
            producer_contacts::consent_text.eq(consent.map(|consent| &consent.text)),
            producer_contacts::created_at.eq(now),
        ))
        .returning(producer_contacts::contact_id)
        .get_result(conn)
        .await
}

pub(super) async fn share(
    conn: &mut AsyncPgConnection,
    contact_id: i32,
    shared: &Shared,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let consent = shared.consent();
    diesel::update(producer_contacts::table.find(contact_id))
        .set((
            producer_contacts::visibility.eq(shared.visibility().as_str()),
            producer_contacts::consent_by.eq(consent.map(|consent| &consent.by)),
            producer_contacts::consent_at.eq(consent.map(|_| now)),
            producer_contacts::consent_text.eq(consent.map(|consent| &consent.text)),
        ))
        .execute(conn)
        .await
}

pub(super) async fn delete(conn: &mut AsyncPgConnection, contact_id: i32) -> QueryResult<usize> {
    diesel::delete(producer_contacts::table.find(contact_id)).execute(conn).await
}
