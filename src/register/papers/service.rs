//! Use cases of food-safety papers: seeing, entering, changing, closing, and which end soon. Every write leaves its trace in the
//! same transaction; files are drawn anew before it, off the web workers.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{self, Act, details};
use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::error::{Error, Result, Thing};
use crate::register::Register;
use crate::register::certificates::types::months_ahead;
use crate::register::contacts::contacts_of;
use crate::register::contacts::types::Visibility;
use crate::register::files::{self, PaperFile, ScanChange, Sha256Hash};
use crate::register::producers::lock_producer;
use crate::stamp::ProductNo;

use super::policy::check;
use super::store;
use super::types::{EndingPaper, PAPER_REMINDER_MONTHS, PaperDraft, PaperSheet};

/// Most papers of one producer, closed ones included: decades of them; more is a mistake, or a way to fill the disk.
const MAX_PAPERS: i64 = 200;
/// The field of the form that the file comes in.
const FILE_FIELD: &str = "file";

impl Register {
    /// Every paper of a producer that a reader may see, its products' included.
    pub async fn papers_of(&self, reach: &Reach, producer_no: ProducerNo) -> Result<Vec<PaperSheet>> {
        Ok(store::of_producer(&mut *self.db.conn().await?, reach, producer_no).await?)
    }

    /// The papers of a product that a reader may see, and those of its producer as a whole.
    pub async fn papers_of_product(
        &self,
        reach: &Reach,
        producer_no: ProducerNo,
        product_no: ProductNo,
    ) -> Result<Vec<PaperSheet>> {
        Ok(store::of_product(&mut *self.db.conn().await?, reach, producer_no, product_no).await?)
    }

    /// One paper that a reader may see.
    pub async fn find_paper(&self, reach: &Reach, paper_id: i32) -> Result<PaperSheet> {
        let found = store::find_paper(&mut *self.db.conn().await?, reach, paper_id).await?;
        found.ok_or(Error::NotFound(Thing::Paper))
    }

    /// The file of a paper, for whoever may see the paper.
    pub async fn paper_file(&self, reach: &Reach, paper_id: i32) -> Result<PaperFile> {
        let mut conn = self.db.conn().await?;
        let sheet = store::find_paper(&mut conn, reach, paper_id).await?.ok_or(Error::NotFound(Thing::Paper))?;
        let hash = sheet.file.ok_or(Error::NotFound(Thing::File))?;
        files::find_file(&mut conn, hash).await?.ok_or(Error::NotFound(Thing::File))
    }

    /// Papers that end within the months of the reminders, the first to end first, with what the offices may see of contacts.
    pub async fn papers_ending(&self, reach: &Reach) -> Result<Vec<EndingPaper>> {
        let today = self.clock.today();
        let mut conn = self.db.conn().await?;
        let last = months_ahead(today, PAPER_REMINDER_MONTHS);
        let sheets = store::ending_between(&mut conn, reach, today, last).await?;
        let numbers: Vec<ProducerNo> = sheets.iter().map(|sheet| sheet.producer_no).collect();
        let contacts = contacts_of(&mut conn, &numbers, &[Visibility::Public, Visibility::Offices]).await?;
        let ending = |sheet: PaperSheet| {
            let own = contacts.iter().filter(|(producer_no, _)| *producer_no == sheet.producer_no);
            let contacts = own.map(|(_, contact)| contact.clone()).collect();
            Some(EndingPaper { last_day: sheet.draft.valid_to?, contacts, sheet })
        };
        Ok(sheets.into_iter().filter_map(ending).collect())
    }

    /// Enters a paper; its number in the register.
    pub async fn add_paper(
        &self,
        actor: &Actor,
        producer_no: ProducerNo,
        draft: &PaperDraft,
        file: Option<Vec<u8>>,
    ) -> Result<i32> {
        actor.require(Scope::RegisterWrite)?;
        check(draft, self.clock.today())?;
        let file = files::draw_anew(FILE_FIELD, file).await?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let producer = lock_producer(conn, &actor.writes(), producer_no).await?;
            let producer = producer.ok_or(Error::NotFound(Thing::Producer))?;
            if producer.closed_at.is_some() {
                return Err(Error::refused(
                    "producer-closed",
                    "Chủ thể này đã đóng trong sổ nên không thêm giấy tờ được nữa.",
                    "this producer has left the register and gets no more papers",
                ));
            }
            if MAX_PAPERS <= store::count(conn, producer_no).await? {
                return Err(Error::refused(
                    "too-many-papers",
                    format!("Mỗi chủ thể có nhiều nhất {MAX_PAPERS} giấy tờ; xin sửa giấy đã có thay vì thêm mới."),
                    format!("a producer has at most {MAX_PAPERS} papers; change one instead of adding another"),
                ));
            }
            check_product(conn, producer_no, draft, None).await?;
            let hash = self.keep_file(conn, file.as_ref()).await?;
            let paper_id = store::insert(conn, producer_no, draft, hash).await?;
            let details = details([
                ("kind", draft.kind.as_str().into()),
                ("product_no", draft.product_no.map(ProductNo::get).into()),
                ("issued_on", draft.issued_on.into()),
                ("valid_to", draft.valid_to.into()),
            ]);
            let act = self.act_on_paper(actor, "paper.added", paper_id, producer_no);
            audit::record(conn, Act { details, ..act }).await?;
            Ok(paper_id)
        })
        .await
    }

    /// Changes a paper. Someone else's change since `version` is never overwritten.
    pub async fn change_paper(
        &self,
        actor: &Actor,
        paper_id: i32,
        version: i32,
        draft: &PaperDraft,
        file: ScanChange,
    ) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        check(draft, self.clock.today())?;
        let (file, is_kept) = match file {
            ScanChange::Keep => (None, true),
            ScanChange::Remove => (None, false),
            ScanChange::Replace(bytes) => (files::draw_anew(FILE_FIELD, Some(bytes)).await?, false),
        };
        let mut conn = self.db.conn().await?;
        let replaced = conn
            .transaction(async |conn| {
                let before = lock_paper(conn, actor, paper_id, version).await?;
                check_product(conn, before.producer_no, draft, before.draft.product_no).await?;
                let hash = if is_kept { before.file } else { self.keep_file(conn, file.as_ref()).await? };
                if store::update(conn, paper_id, version, draft, hash).await? == 0 {
                    return Err(Error::EditConflict);
                }
                let mut fields = draft.differences(&before.draft);
                if hash != before.file {
                    fields.push(FILE_FIELD.to_owned());
                }
                let details = details([("kind", draft.kind.as_str().into()), ("fields", fields.into())]);
                let act = self.act_on_paper(actor, "paper.changed", paper_id, before.producer_no);
                audit::record(conn, Act { details, ..act }).await?;
                Ok(before.file.filter(|old| hash != Some(*old)))
            })
            .await?;
        if let Some(hash) = replaced {
            files::forget_replaced(&mut conn, hash).await;
        }
        Ok(())
    }

    /// Closes a paper for good: it leaves public pages and reminders, and stays in the register.
    pub async fn close_paper(&self, actor: &Actor, paper_id: i32, version: i32) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let before = lock_paper(conn, actor, paper_id, version).await?;
            if store::close(conn, paper_id, version, self.clock.now()).await? == 0 {
                return Err(Error::EditConflict);
            }
            let details = details([
                ("kind", before.draft.kind.as_str().into()),
                ("product_no", before.draft.product_no.map(ProductNo::get).into()),
            ]);
            let act = self.act_on_paper(actor, "paper.closed", paper_id, before.producer_no);
            audit::record(conn, Act { details, ..act }).await?;
            Ok(())
        })
        .await
    }

    fn act_on_paper<'a>(&self, actor: &'a Actor, act: &'static str, paper_id: i32, producer_no: ProducerNo) -> Act<'a> {
        Act { thing: format!("paper {paper_id}"), ..self.act_on(actor, act, producer_no) }
    }

    async fn keep_file(&self, conn: &mut AsyncPgConnection, file: Option<&PaperFile>) -> Result<Option<Sha256Hash>> {
        match file {
            None => Ok(None),
            Some(file) => Ok(Some(files::keep(conn, file, self.clock.now()).await?)),
        }
    }
}

/// A paper as it stands once its producer is locked: every write of papers waits for that lock. One that was closed, or that is
/// no longer at this version, is written no more.
async fn lock_paper(conn: &mut AsyncPgConnection, actor: &Actor, paper_id: i32, version: i32) -> Result<PaperSheet> {
    let (not_found, reach) = (|| Error::NotFound(Thing::Paper), actor.writes());
    let sheet = store::find_paper(conn, &reach, paper_id).await?.ok_or_else(not_found)?;
    lock_producer(conn, &reach, sheet.producer_no).await?.ok_or_else(not_found)?;
    let sheet = store::find_paper(conn, &reach, paper_id).await?.ok_or_else(not_found)?;
    if sheet.closed_at.is_some() {
        return Err(Error::refused(
            "paper-closed",
            "Giấy này đã đóng trong sổ nên không sửa được nữa; có giấy mới thì xin thêm giấy mới.",
            "this paper is closed and is changed no more; enter the new one instead",
        ));
    }
    if sheet.version == version { Ok(sheet) } else { Err(Error::EditConflict) }
}

/// The product is the producer's and in the register. One that a paper has already may have left it since.
async fn check_product(
    conn: &mut AsyncPgConnection,
    producer_no: ProducerNo,
    draft: &PaperDraft,
    before: Option<ProductNo>,
) -> Result<()> {
    let Some(product_no) = draft.product_no.filter(|product_no| Some(*product_no) != before) else { return Ok(()) };
    match store::is_product_closed(conn, producer_no, product_no).await? {
        Some(false) => Ok(()),
        None => Err(Error::NotFound(Thing::Product)),
        Some(true) => Err(Error::invalid(
            "product_no",
            "Sản phẩm này đã đóng trong sổ; xin chọn sản phẩm khác hoặc chọn cả chủ thể.",
            "this product has left the register; choose another, or the producer as a whole",
        )),
    }
}
