//! Use cases of certificates: listing, entering, changing, revoking, and who is to be reminded. Every write leaves its trace in
//! the same transaction; scans are drawn anew before it, off the web workers.

use chrono::NaiveDate;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{Act, details, record_in_ledger};
use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::error::{Error, Result, Thing};
use crate::ledger::Kind;
use crate::register::Register;
use crate::register::contacts::contacts_of;
use crate::register::contacts::types::Visibility;
use crate::register::files::{self, PaperFile, ScanChange, Sha256Hash};
use crate::register::policy::certificate_on;
use crate::register::types::Certificate;
use crate::stamp::ProductNo;

use super::entered::{certificate_entered, certificate_revoked};
use super::filter::CertificateListFilter;
use super::policy::{check_not_revoked, check_overlap, check_revocation, complete};
use super::reminders::grouped;
use super::store::{self, LockedProduct, Slice};
use super::types::{
    CertificateDraft, CertificateEntry, CertificatePage, CertificateSheet, Ending, EndingGroup, REMINDER_MONTHS, Rules,
    months_ahead,
};

/// The field of the form that the scan comes in.
const SCAN_FIELD: &str = "scan";

impl Register {
    /// One page of the certificates that a reader may see.
    pub async fn list_certificates(&self, reach: &Reach, filter: &CertificateListFilter) -> Result<CertificatePage> {
        let mut conn = self.db.conn().await?;
        Ok(store::list(&mut conn, reach, filter, Slice::Page, self.clock.today()).await?)
    }

    /// Certificates above a number, in ascending order.
    pub async fn certificates_after(
        &self,
        reach: &Reach,
        filter: &CertificateListFilter,
        certificate_id: i32,
        limit: i64,
    ) -> Result<Vec<CertificateSheet>> {
        let slice = Slice::After { certificate_id, limit };
        let mut conn = self.db.conn().await?;
        Ok(store::list(&mut conn, reach, filter, slice, self.clock.today()).await?.certificates)
    }

    /// One certificate that a reader may see.
    pub async fn find_certificate(&self, reach: &Reach, certificate_id: i32) -> Result<CertificateSheet> {
        let found = store::find_certificate(&mut *self.db.conn().await?, reach, certificate_id).await?;
        found.ok_or(Error::NotFound(Thing::Certificate))
    }

    /// The scan of a certificate's paper, for whoever may see the certificate.
    pub async fn certificate_scan(&self, reach: &Reach, certificate_id: i32) -> Result<PaperFile> {
        let mut conn = self.db.conn().await?;
        let sheet = store::find_certificate(&mut conn, reach, certificate_id).await?;
        let hash = sheet.and_then(|sheet| sheet.scan).ok_or(Error::NotFound(Thing::File))?;
        files::find_file(&mut conn, hash).await?.ok_or(Error::NotFound(Thing::File))
    }

    /// The dated rules that certificates are entered by.
    pub async fn certificate_rules(&self) -> Result<Rules> {
        Ok(store::rules(&mut *self.db.conn().await?).await?)
    }

    /// Certificates in force that end within some months of a day, the first to end first. One that a later certificate of its
    /// product follows is left out: there is nothing to renew.
    pub async fn certificates_ending(
        &self,
        today: NaiveDate,
        months: u32,
        reach: &Reach,
    ) -> Result<Vec<CertificateSheet>> {
        let last = months_ahead(today, months);
        Ok(store::ending_between(&mut *self.db.conn().await?, reach, today, last).await?)
    }

    /// Whom to remind today, with what the offices may see of their contacts.
    pub async fn reminders(&self, reach: &Reach) -> Result<[EndingGroup; REMINDER_MONTHS.len()]> {
        let today = self.clock.today();
        let furthest = REMINDER_MONTHS.into_iter().max().unwrap_or_default();
        let mut conn = self.db.conn().await?;
        let sheets = store::ending_between(&mut conn, reach, today, months_ahead(today, furthest)).await?;
        let mut numbers: Vec<ProducerNo> = sheets.iter().map(|sheet| sheet.producer_no).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let contacts = contacts_of(&mut conn, &numbers, &[Visibility::Public, Visibility::Offices]).await?;
        let ending = |sheet: CertificateSheet| {
            let own = contacts.iter().filter(|(producer_no, _)| *producer_no == sheet.producer_no);
            let contacts = own.map(|(_, contact)| contact.clone()).collect();
            Some(Ending { last_day: sheet.certificate.window?.1, contacts, sheet })
        };
        Ok(grouped(sheets.into_iter().filter_map(ending).collect(), today))
    }

    /// Enters a certificate; its number in the register.
    pub async fn recognise(
        &self,
        actor: &Actor,
        product_no: ProductNo,
        draft: CertificateDraft,
        scan: Option<Vec<u8>>,
    ) -> Result<i32> {
        actor.require(Scope::Office)?;
        let scan = files::draw_anew(SCAN_FIELD, scan).await?;
        let today = self.clock.today();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let product = lock_open(conn, actor, product_no).await?;
            let entry = complete(draft.clone(), &store::rules(conn).await?, today)?;
            check_others(conn, product_no, None, &entry).await?;
            let hash = self.keep(conn, scan.as_ref()).await?;
            let certificate_id = store::insert(conn, product_no, &entry, hash).await?;
            self.follow_stars(conn, product_no, &product).await?;
            let (from, to) = entry.window.unzip();
            let details = details([
                ("product_no", product_no.get().into()),
                ("stars", entry.draft.stars.into()),
                ("number", entry.draft.number.clone().into()),
                ("from", from.into()),
                ("to", to.into()),
            ]);
            let act = self.act_on_certificate(actor, "certificate.recognised", certificate_id, product.producer_no);
            let entered = certificate_entered(Kind::Recognised, certificate_id, product_no.to_i32(), &entry);
            record_in_ledger(conn, Act { details, ..act }, entered).await?;
            Ok(certificate_id)
        })
        .await
    }

    /// Changes a certificate. Someone else's change since `version` is never overwritten.
    pub async fn change_certificate(
        &self,
        actor: &Actor,
        certificate_id: i32,
        version: i32,
        draft: CertificateDraft,
        scan: ScanChange,
    ) -> Result<()> {
        actor.require(Scope::Office)?;
        let (scan, is_kept) = match scan {
            ScanChange::Keep => (None, true),
            ScanChange::Remove => (None, false),
            ScanChange::Replace(bytes) => (files::draw_anew(SCAN_FIELD, Some(bytes)).await?, false),
        };
        let today = self.clock.today();
        let mut conn = self.db.conn().await?;
        let replaced = conn
            .transaction(async |conn| {
                let (before, product) = lock_certificate(conn, actor, certificate_id).await?;
                if before.version != version {
                    return Err(Error::EditConflict);
                }
                check_not_revoked(&before.certificate)?;
                let entry = complete(draft.clone(), &store::rules(conn).await?, today)?;
                check_others(conn, before.product_no, Some(certificate_id), &entry).await?;
                let hash = if is_kept { before.scan } else { self.keep(conn, scan.as_ref()).await? };
                if store::update(conn, certificate_id, version, &entry, hash).await? == 0 {
                    return Err(Error::EditConflict);
                }
                self.follow_stars(conn, before.product_no, &product).await?;
                let mut fields = entry.changed_fields(&before);
                if hash != before.scan {
                    fields.push("scan".to_owned());
                }
                let details = details([("fields", fields.into())]);
                let act = self.act_on_certificate(actor, "certificate.changed", certificate_id, before.producer_no);
                let product_no = before.product_no.to_i32();
                let entered = certificate_entered(Kind::RecognitionChanged, certificate_id, product_no, &entry);
                record_in_ledger(conn, Act { details, ..act }, entered).await?;
                Ok(before.scan.filter(|old| hash != Some(*old)))
            })
            .await?;
        if let Some(hash) = replaced {
            files::forget_replaced(&mut conn, hash).await;
        }
        Ok(())
    }

    /// Revokes a certificate from a day on, for good. What was packed before stays recognised.
    pub async fn revoke_certificate(
        &self,
        actor: &Actor,
        certificate_id: i32,
        on: NaiveDate,
        reason: &str,
    ) -> Result<()> {
        actor.require(Scope::Office)?;
        let today = self.clock.today();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let (before, _) = lock_certificate(conn, actor, certificate_id).await?;
            check_revocation(&before.certificate, on, today)?;
            store::revoke(conn, certificate_id, on, reason).await?;
            let details =
                details([("product_no", before.product_no.get().into()), ("on", on.into()), ("reason", reason.into())]);
            let act = self.act_on_certificate(actor, "certificate.revoked", certificate_id, before.producer_no);
            let entered = certificate_revoked(certificate_id, before.product_no.to_i32(), on, reason);
            record_in_ledger(conn, Act { details, ..act }, entered).await
        })
        .await
    }

    fn act_on_certificate<'a>(
        &self,
        actor: &'a Actor,
        act: &'static str,
        certificate_id: i32,
        producer_no: ProducerNo,
    ) -> Act<'a> {
        Act { thing: format!("certificate {certificate_id}"), ..self.act_on(actor, act, producer_no) }
    }

    async fn keep(&self, conn: &mut AsyncPgConnection, scan: Option<&PaperFile>) -> Result<Option<Sha256Hash>> {
        match scan {
            None => Ok(None),
            Some(file) => Ok(Some(files::keep(conn, file, self.clock.now()).await?)),
        }
    }

    /// The register's stars of a product are those of the certificate that is in force.
    async fn follow_stars(
        &self,
        conn: &mut AsyncPgConnection,
        product_no: ProductNo,
        product: &LockedProduct,
    ) -> Result<()> {
        let certificates = certificates_of(conn, product_no, None).await?;
        let granted = certificate_on(&certificates, self.clock.today()).and_then(|certificate| certificate.stars);
        if let Some(stars) = granted.filter(|stars| product.stars != Some(*stars)) {
            store::set_product_stars(conn, product_no, stars).await?;
        }
        Ok(())
    }
}

/// Locks a product that a certificate is entered for.
async fn lock_open(conn: &mut AsyncPgConnection, actor: &Actor, product_no: ProductNo) -> Result<LockedProduct> {
    let product = store::lock_product(conn, &actor.writes(), product_no).await?;
    let product = product.ok_or(Error::NotFound(Thing::Product))?;
    if product.is_closed {
        return Err(Error::refused(
            "product-closed",
            "Sản phẩm này đã đóng trong sổ; cần cấp giấy mới thì xin mở lại sản phẩm trước.",
            "this product has left the register; take it back in before entering a certificate",
        ));
    }
    Ok(product)
}

/// A certificate as it stands once its product is locked: every write of certificates waits for that lock.
async fn lock_certificate(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    certificate_id: i32,
) -> Result<(CertificateSheet, LockedProduct)> {
    let not_found = || Error::NotFound(Thing::Certificate);
    let sheet = store::find_certificate(conn, &actor.writes(), certificate_id).await?.ok_or_else(not_found)?;
    let product = store::lock_product(conn, &actor.writes(), sheet.product_no).await?.ok_or_else(not_found)?;
    let sheet = store::find_certificate(conn, &actor.writes(), certificate_id).await?.ok_or_else(not_found)?;
    Ok((sheet, product))
}

async fn certificates_of(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    except: Option<i32>,
) -> Result<Vec<Certificate>> {
    let sheets = store::of_product(conn, product_no).await?;
    let others = sheets.into_iter().filter(|sheet| Some(sheet.certificate_id) != except);
    Ok(others.map(|sheet| sheet.certificate).collect())
}

async fn check_others(
    conn: &mut AsyncPgConnection,
    product_no: ProductNo,
    own: Option<i32>,
    entry: &CertificateEntry,
) -> Result<()> {
    match entry.window {
        None => Ok(()),
        Some(window) => check_overlap(window, &certificates_of(conn, product_no, own).await?),
    }
}
