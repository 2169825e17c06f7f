//! Use cases of a product's photos: adding, ordering, taking away, showing. A photo's number names the same bytes for ever; what
//! was handed in is never kept, only what was drawn anew from it.

use diesel_async::AsyncConnection;

use crate::accounts::audit::{Act, details, record};
use crate::accounts::types::{Actor, Scope};
use crate::error::{Error, Result, Thing};
use crate::picture;
use crate::register::Register;
use crate::register::photo::{ReadyPhoto, prepare};
use crate::stamp::ProductNo;

use super::service::lock_open;
use super::store;
use super::types::PhotoId;

/// Most photos of one product: more than anyone looks through on a phone.
pub const MAX_PHOTOS: usize = 8;
/// Longest file name repeated in a message, characters.
const MAX_SHOWN_NAME_CHARS: usize = 40;

/// A photo that was handed in.
#[derive(Clone, Debug)]
pub struct HandedIn {
    /// What it was called, for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Register {
    /// Adds photos behind those that are there: all of them, or none. The first of all travels with every scan from then on.
    pub async fn add_photos(&self, actor: &Actor, product_no: ProductNo, photos: Vec<HandedIn>) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        if photos.is_empty() {
            return Err(Error::invalid("photo", "Xin chọn ít nhất một ảnh.", "choose at least one photo"));
        }
        // Before any of them is opened: whoever may not write here costs us nothing.
        let sheet = self.product_sheet(&actor.writes(), product_no).await?;
        check_room(sheet.photos.len(), photos.len())?;
        let mut ready = Vec::with_capacity(photos.len());
        for photo in photos {
            ready.push(draw(photo).await?);
        }
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let locked = lock_open(conn, actor, product_no).await?;
            check_room(store::list_photos(conn, product_no).await?.len(), ready.len())?;
            for photo in &ready {
                store::insert_photo(conn, product_no, photo, self.clock.now()).await?;
            }
            store::carry_first_photo(conn, product_no).await?;
            let n = u64::try_from(ready.len()).map_err(Error::internal)?;
            let act = self.act(actor, "product.photos_added", product_no, locked.producer_no);
            Ok(record(conn, Act { details: details([("count", n.into())]), ..act }).await?)
        })
        .await
    }

    /// Puts a photo before the others, so that it is the one that travels with scans.
    pub async fn put_photo_first(&self, actor: &Actor, product_no: ProductNo, photo_id: PhotoId) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let locked = lock_open(conn, actor, product_no).await?;
            if !store::put_first(conn, product_no, photo_id).await? {
                return Err(Error::NotFound(Thing::File));
            }
            store::carry_first_photo(conn, product_no).await?;
            let act = self.act(actor, "product.photo_first", product_no, locked.producer_no);
            Ok(record(conn, Act { details: details([("photo", photo_id.0.into())]), ..act }).await?)
        })
        .await
    }

    /// Takes a photo away for good.
    pub async fn remove_photo(&self, actor: &Actor, product_no: ProductNo, photo_id: PhotoId) -> Result<()> {
        actor.require(Scope::RegisterWrite)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let locked = lock_open(conn, actor, product_no).await?;
            if !store::remove_photo(conn, product_no, photo_id).await? {
                return Err(Error::NotFound(Thing::File));
            }
            store::carry_first_photo(conn, product_no).await?;
            let act = self.act(actor, "product.photo_removed", product_no, locked.producer_no);
            Ok(record(conn, Act { details: details([("photo", photo_id.0.into())]), ..act }).await?)
        })
        .await
    }

    /// A photo as a JPEG, as large as pages show it.
    pub async fn photo(&self, photo_id: PhotoId) -> Result<Vec<u8>> {
        store::photo(&mut *self.db.conn().await?, photo_id).await?.ok_or(Error::NotFound(Thing::File))
    }

    /// A photo as a JPEG of at most 4 KiB.
    pub async fn small_photo(&self, photo_id: PhotoId) -> Result<Vec<u8>> {
        store::small_photo(&mut *self.db.conn().await?, photo_id).await?.ok_or(Error::NotFound(Thing::File))
    }
}

fn check_room(n_there: usize, n_more: usize) -> Result<()> {
    if n_there + n_more <= MAX_PHOTOS {
        return Ok(());
    }
    Err(Error::invalid(
        "photo",
        format!("Mỗi sản phẩm có tối đa {MAX_PHOTOS} ảnh, hiện đã có {n_there}; xin bớt ảnh cũ hoặc chọn ít ảnh hơn."),
        format!(
            "a product has at most {MAX_PHOTOS} photos and this one has {n_there}; remove old ones or choose fewer"
        ),
    ))
}

/// Draws one photo anew, off the web workers.
async fn draw(photo: HandedIn) -> Result<ReadyPhoto> {
    let HandedIn { name, bytes } = photo;
    picture::apart(move || prepare(&bytes)).await.map_err(|error| naming(&name, error))
}

/// Says which of several photos is meant.
fn naming(name: &str, error: Error) -> Error {
    match error {
        Error::Invalid { field, vi, en } => {
            let name: String = name.chars().take(MAX_SHOWN_NAME_CHARS).collect();
            Error::Invalid { field, vi: format!("{name}: {vi}"), en: format!("{name}: {en}") }
        }
        other => other,
    }
}
