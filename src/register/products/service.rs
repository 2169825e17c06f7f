//! Use cases of products: listing, looking at one, writing one. Reading takes the reach of whoever reads; every write asks for
//! the scope, looks within the writer's reach, and leaves its line in the audit trail.

use std::sync::Arc;

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::accounts::audit::{Act, details, record};
use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::error::{Error, Result, Thing};
use crate::register::Register;
use crate::stamp::ProductNo;

use super::filter::{Closed, ProductFilter};
use super::listing::{self, Slice};
use super::store::{self, Locked, Written};
use super::types::{
    Closing, ListedProduct, Lists, ProducerChoice, ProductDraft, ProductPage, ProductSheet, Rights, check_choices,
    check_rights,
};

impl Register {
    /// The dated lists of today.
    pub async fn lists(&self) -> Result<Arc<Lists>> {
        let (day, now) = (self.clock.today(), self.clock.now());
        if let Some(lists) = self.lists.find(day, now) {
            return Ok(lists);
        }
        let lists = listing::load_lists(&mut *self.db.conn().await?, day).await?;
        Ok(self.lists.keep(day, now, lists))
    }

    /// One page of the products that a reader may see.
    pub async fn list_products(&self, reach: &Reach, filter: &ProductFilter) -> Result<ProductPage> {
        self.list_slice(reach, filter, Slice::Page).await
    }

    /// Public products above a number, in ascending order.
    pub async fn public_products_after(
        &self,
        filter: &ProductFilter,
        product_no: i32,
        limit: i64,
    ) -> Result<Vec<ListedProduct>> {
        let filter = ProductFilter { closed: Closed::Hidden, ..filter.clone() };
        let slice = Slice::After { product_no, limit };
        Ok(self.list_slice(&Reach::Everything, &filter, slice).await?.products)
    }

    async fn list_slice(&self, reach: &Reach, filter: &ProductFilter, slice: Slice) -> Result<ProductPage> {
        let lists = self.lists().await?;
        let mut conn = self.db.conn().await?;
        Ok(listing::list(&mut conn, reach, filter, slice, &lists, self.clock.today()).await?)
    }

    /// Everything of one product, for whoever may see it.
    pub async fn product_sheet(&self, reach: &Reach, product_no: ProductNo) -> Result<ProductSheet> {
        let mut conn = self.db.conn().await?;
        let sheet = store::find_sheet(&mut conn, reach, product_no, self.clock.today()).await?;
        sheet.ok_or(Error::NotFound(Thing::Product))
    }

    /// Everything of one product for its public page. One that left the register is still shown: printed stamps lead to it.
    pub async fn public_product(&self, product_no: ProductNo) -> Result<ProductSheet> {
        self.product_sheet(&Reach::Everything, product_no).await
    }

    /// The open producers for which someone may enter products.
    pub async fn producer_choices(&self, reach: &Reach) -> Result<Vec<ProducerChoice>> {
        Ok(store::producer_choices(&mut *self.db.conn().await?, reach).await?)
    }

    /// Adds a product.
    pub async fn add_product(&self, actor: &Actor, draft: &ProductDraft) -> Result<ProductNo> {
        actor.require(Scope::RegisterWrite)?;
        let mut chosen = vec!["set"];
        chosen.extend(draft.stars.map(|_| "stars"));
        check_rights(Rights::of_new(actor.role), &chosen)?;
        check_choices(&*self.lists().await?, draft, &chosen)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            require_producer(conn, &actor.writes(), draft.producer_no).await?;
            let is_demo = crate::register::store::deployment(conn).await?.is_some_and(|(_, is_demo)| is_demo);
            let number = store::insert(conn, draft, is_demo).await?.ok_or_else(name_taken)?;
            let product_no = ProductNo::try_from(number).map_err(Error::internal)?;
            let facts = details([("set", draft.set_no.into()), ("stars", draft.stars.into())]);
            let act = self.act(actor, "product.added", product_no, draft.producer_no);
            record(conn, Act { details: facts, ..act }).await?;
            Ok(product_no)
        })
        .await
    }

    /// Writes a product that is still as it was when the form was opened.
    pub async fn save_product(
        &self,
        actor: &Actor,
        product_no: ProductNo,
        version: i32,
        draft: &ProductDraft,
    ) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        let lists = self.lists().await?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let locked = lock_open(conn, actor, product_no).await?;
            let sheet = store::find_sheet(conn, &Reach::Everything, product_no, self.clock.today()).await?;
            let sheet = sheet.filter(|sheet| sheet.version == version).ok_or(Error::EditConflict)?;
            let changed = draft.differences(&sheet.draft());
            if changed.is_empty() {
                return Ok(());
            }
            check_rights(sheet.rights(actor.role), &changed)?;
            check_choices(&lists, draft, &changed)?;
            if draft.producer_no != locked.producer_no {
                require_producer(conn, &actor.writes(), draft.producer_no).await?;
            }
            match store::update(conn, product_no, version, draft).await? {
                Written::Yes => {}
                Written::OtherVersion => return Err(Error::EditConflict),
                Written::NameTaken => return Err(name_taken()),
            }
            let fields: Vec<String> = changed.into_iter().map(str::to_owned).collect();
            let facts =
                details([("fields", fields.into()), ("set", draft.set_no.into()), ("stars", draft.stars.into())]);
            let act = self.act(actor, "product.changed", product_no, draft.producer_no);
            Ok(record(conn, Act { details: facts, ..act }).await?)
        })
        .await
    }

    /// Takes a product out of the register, or back in. What is printed stays known.
    pub async fn close_product(
        &self,
        actor: &Actor,
        product_no: ProductNo,
        version: i32,
        closing: Closing,
    ) -> Result<()> {
        actor.require(Scope::Office)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let locked =
                store::lock(conn, &actor.writes(), product_no).await?.ok_or(Error::NotFound(Thing::Product))?;
            let (closed_at, act) = match closing {
                Closing::Close => (Some(self.clock.now()), "product.closed"),
                Closing::Reopen => (None, "product.reopened"),
            };
            if !store::set_closed(conn, product_no, version, closed_at).await? {
                return Err(Error::EditConflict);
            }
            Ok(record(conn, self.act(actor, act, product_no, locked.producer_no)).await?)
        })
        .await
    }

    /// An act on a product, without details.
    pub(super) fn act<'a>(
        &self,
        actor: &'a Actor,
        act: &'static str,
        product_no: ProductNo,
        producer_no: ProducerNo,
    ) -> Act<'a> {
        let thing = store::thing(product_no);
        Act { act, thing, producer_no: Some(producer_no), details: details([]), actor, at: self.clock.now() }
    }
}

/// Locks a product within the writer's reach. One that left the register is written no more.
pub(super) async fn lock_open(conn: &mut AsyncPgConnection, actor: &Actor, product_no: ProductNo) -> Result<Locked> {
    let locked = store::lock(conn, &actor.writes(), product_no).await?.ok_or(Error::NotFound(Thing::Product))?;
    if locked.is_closed {
        return Err(Error::refused(
            "product-closed",
            "Sản phẩm này đã đóng trong sổ nên không sửa được nữa; cần sửa thì xin văn phòng mở lại.",
            "this product has left the register and is changed no more; ask the office to take it back in first",
        ));
    }
    Ok(locked)
}

async fn require_producer(conn: &mut AsyncPgConnection, reach: &Reach, producer_no: ProducerNo) -> Result<()> {
    let is_there = store::has_open_producer(conn, reach, producer_no).await?;
    if is_there { Ok(()) } else { Err(Error::NotFound(Thing::Producer)) }
}

fn name_taken() -> Error {
    Error::invalid(
        "name",
        "Chủ thể này đã có sản phẩm mang tên này; xin mở sản phẩm đó để sửa, hoặc đặt tên khác.",
        "this producer already has a product of this name; open that one to change it, or choose another name",
    )
}
