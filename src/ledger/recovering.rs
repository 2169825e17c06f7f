//! Bringing back entries that exist only in an exported copy, so that a restored ledger goes on without a fork. Only a copy that our key
//! signed, that continues what the database has and reaches all that was published is taken, wholly or not at all. It brings back
//! entries, never the rows of the acts that they record: comparing the database with its ledger names those.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::merkle::{
    Bundle, Checkpoint, Hash, SignedCheckpoint, TILE_WIDTH, TreeHead, VerifierKey, bundles_of_growth, hash_leaf,
    read_bundle,
};
use crate::stamp::BatchNo;

use super::comparing::{compare, root_at};
use super::entry::Entry;
use super::export::CHECKPOINT;
use super::halting::Stop;
use super::sequencer::grow_tree;
use super::service::Ledger;
use super::statements::InsertPlaced;
use super::{checkpoint_store, tree_store};

/// Bundles that are read and stored together: 4096 entries.
const BUNDLES_AT_ONCE: usize = 16;

/// What was brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Entries that the database lacked.
    pub n_entries: u64,
    /// Entries that it has now.
    pub size: u64,
}

/// As the operator reads it.
impl fmt::Display for RecoveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_entries, size } = self;
        writeln!(
            f,
            "Đã lấy lại {n_entries} mục; sổ cái có {size} mục / {n_entries} entries brought back; the ledger has {size}"
        )?;
        write!(
            f,
            "Việc ghi trong các mục đó chưa có trong sổ đăng ký; xin đọc trên trang nhật ký của từng lô rồi nhập lại.\n\
             What these entries record is not in the register; read it on the timelines of their batches, and enter it again"
        )
    }
}

/// An entry of the copy.
struct Copied {
    index: u64,
    bytes: Vec<u8>,
    hash: Hash,
    entry: Entry,
}

/// Entries of the database that have no place yet: the copy may have them already, or another one in their place of a chain.
struct Pending {
    by_hash: BTreeMap<Vec<u8>, i64>,
    places: BTreeMap<(i32, i32), i64>,
}

impl Ledger {
    /// Takes the entries that the database lacks from an exported copy, and lets the ledger go on. One transaction: if we die in it, or
    /// anything does not fit, nothing was changed and the ledger is as halted as it was.
    pub async fn recover(&self, dir: &Path) -> Result<RecoveryReport> {
        let (path, log) = (dir.join(CHECKPOINT), self.verifier().clone());
        let copy = spawn_blocking(move || read_checkpoint(&path, &log)).await??;
        let (head, now) = (*copy.head(), self.parts.clock.now());
        let mark = self.read_mark().await?;
        let signed = Checkpoint { origin: self.verifier().name().clone(), head };
        let signed = signed.sign(&self.parts.signer).map_err(Error::internal)?.to_string();
        let mut conn = self.parts.db.conn().await?;
        let recovering = conn.transaction(async |conn| {
            tree_store::lock(conn).await?;
            let size = tree_store::find_state(conn).await?.size;
            check_reach(&head, size, mark.as_ref())?;
            // The trigger lets nothing in while the ledger is halted; if what follows fails, this is undone with it.
            tree_store::clear_halt(conn).await?;
            take_entries(conn, dir, size, head.size).await?;
            if root_at(conn, head.size).await? != head.root {
                return Err(Stop::Error(another_history()));
            }
            compare(conn, head.size, mark.as_ref()).await?;
            // The same words under the same key are the same signature: this is the checkpoint that was published.
            checkpoint_store::insert_checkpoint(conn, &head, &signed, now).await?;
            Ok(RecoveryReport { n_entries: head.size - size, size: head.size })
        });
        let outcome = recovering.await;
        drop(conn);
        let report = self.settle(outcome).await?;
        self.finish_staged().await?;
        // What witnesses said of it is as good as before, if the copy has it.
        if let Err(error) = self.accept_cosignature(copy.to_string().as_bytes()).await {
            tracing::info!(error.code = error.code(), "the copy has no cosignature that counts here");
        }
        tracing::warn!(
            ledger.size = report.size,
            ledger.entries = report.n_entries,
            "entries were brought back from a copy"
        );
        Ok(report)
    }
}

fn read_checkpoint(path: &Path, log: &VerifierKey) -> Result<SignedCheckpoint> {
    let note = std::fs::read(path).map_err(Error::file(path))?;
    SignedCheckpoint::open(&note, log).map_err(|err| {
        Error::refused(
            "copy-not-ours",
            format!("{} không phải do sổ cái này ký; xin chọn đúng thư mục bản xuất của sổ cái này.", path.display()),
            format!(
                "{} is not signed by this ledger ({err}); name the folder of an exported copy of it",
                path.display()
            ),
        )
    })
}

fn check_reach(head: &TreeHead, size: u64, mark: Option<&TreeHead>) -> Result<()> {
    if head.size <= size {
        return Err(Error::refused(
            "nothing-to-recover",
            format!("Cơ sở dữ liệu đã có {size} mục, bản xuất chỉ có {}; không cần lấy lại gì.", head.size),
            format!("the database has {size} entries, the copy {}; there is nothing to bring back", head.size),
        ));
    }
    let published = mark.map_or(0, |mark| mark.size);
    if head.size < published {
        return Err(Error::refused(
            "copy-too-old",
            format!(
                "Bản xuất có {} mục, nhưng sổ cái đã công bố {published} mục; xin tìm bản xuất mới hơn.",
                head.size
            ),
            format!("the copy has {} entries, but {published} were published; find a newer copy", head.size),
        ));
    }
    Ok(())
}

/// Stores the copy's entries from `size` on, and grows the tree over them.
async fn take_entries(conn: &mut AsyncPgConnection, dir: &Path, size: u64, end: u64) -> Result<(), Stop> {
    let mut pending = Pending::read(conn).await?;
    let bundles: Vec<Bundle> = bundles_of_growth(size, end).collect();
    let mut at = size;
    for some in bundles.chunks(BUNDLES_AT_ONCE) {
        let (dir, some) = (dir.to_owned(), some.to_vec());
        let copied = spawn_blocking(move || read_bundles(&dir, &some, at)).await??;
        let leaves: Vec<Hash> = copied.iter().map(|copied| copied.hash).collect();
        store_entries(conn, &mut pending, copied).await?;
        at = grow_tree(conn, at, leaves).await?;
    }
    Ok(())
}

/// The entries of these bundles from `first` on.
fn read_bundles(dir: &Path, bundles: &[Bundle], first: u64) -> Result<Vec<Copied>> {
    let mut all = Vec::new();
    for bundle in bundles {
        let path = dir.join(bundle.to_string());
        let bytes = std::fs::read(&path).map_err(Error::file(&path))?;
        let entries = read_bundle(*bundle, &bytes).map_err(|_| damaged(&path))?;
        for (index, bytes) in (bundle.leaves().index() * u64::from(TILE_WIDTH)..).zip(entries) {
            if first <= index {
                let entry = Entry::parse(bytes).map_err(|_| damaged(&path))?;
                all.push(Copied { index, bytes: bytes.to_vec(), hash: hash_leaf(bytes), entry });
            }
        }
    }
    Ok(all)
}

fn damaged(path: &Path) -> Error {
    Error::refused(
        "copy-damaged",
        format!("Tệp {} của bản xuất bị hỏng; xin dùng bản xuất khác.", path.display()),
        format!("{} of the copy is damaged; use another copy", path.display()),
    )
}

fn another_history() -> Error {
    Error::refused(
        "copy-differs",
        "Bản xuất này không nối tiếp cơ sở dữ liệu: một trong hai đã bị sửa. Chưa ghi gì; xin giữ nguyên cả hai làm bằng chứng.",
        "the copy does not continue the database: one of the two was rewritten; nothing was written, keep both as evidence",
    )
}

impl Pending {
    async fn read(conn: &mut AsyncPgConnection) -> Result<Self, Stop> {
        let rows = tree_store::pending(conn, i64::MAX).await?;
        let places = rows.iter().filter_map(|row| Some(((row.batch_no?, row.n?), row.entry_no))).collect();
        Ok(Self { by_hash: rows.into_iter().map(|row| (row.leaf_hash, row.entry_no)).collect(), places })
    }

    /// The row that is this entry already. Another entry in its place of the chain is a conflict that nobody can decide here.
    fn take(&mut self, copied: &Copied) -> Result<Option<i64>> {
        let place = copied.entry.batch.zip(copied.entry.n).map(|(batch, n)| (batch.to_i32(), n.cast_signed()));
        if let Some(entry_no) = self.by_hash.remove(copied.hash.as_bytes().as_slice()) {
            return Ok(Some(entry_no));
        }
        match place.filter(|place| self.places.contains_key(place)) {
            None => Ok(None),
            Some((batch, n)) => Err(Error::refused(
                "copy-conflicts",
                format!(
                    "Lô {batch} đã ghi thêm mục số {n} sau khi khôi phục, khác với bản xuất. Xin khôi phục lại bản sao lưu vào cơ sở dữ \
                     liệu trống (nguon restore), chạy nguon ledger recover ngay, rồi mới nhập lại việc đó."
                ),
                format!(
                    "batch {batch} got another entry {n} here after the restore than in the copy; restore the backup into an empty \
                     database again, run 'nguon ledger recover' before anything else, then enter that act anew"
                ),
            )),
        }
    }
}

async fn store_entries(conn: &mut AsyncPgConnection, pending: &mut Pending, copied: Vec<Copied>) -> Result<(), Stop> {
    let (mut entry_nos, mut places, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
    for copied in copied {
        match pending.take(&copied)? {
            Some(entry_no) => {
                entry_nos.push(entry_no);
                places.push(copied.index.cast_signed());
            }
            None => lacking.push(copied),
        }
    }
    tree_store::place_entries(conn, &entry_nos, &places).await?;
    let insert = InsertPlaced {
        indexes: &lacking.iter().map(|it| it.index.cast_signed()).collect::<Vec<_>>(),
        bytes: &lacking.iter().map(|it| it.bytes.clone()).collect::<Vec<_>>(),
        leaf_hashes: &lacking.iter().map(|it| it.hash.as_bytes().to_vec()).collect::<Vec<_>>(),
        kinds: &lacking.iter().map(|it| it.entry.kind.clone()).collect::<Vec<_>>(),
        batch_nos: &lacking.iter().map(|it| it.entry.batch.map(BatchNo::to_i32)).collect::<Vec<_>>(),
        ns: &lacking.iter().map(|it| it.entry.n.map(u32::cast_signed)).collect::<Vec<_>>(),
        declared: &lacking.iter().map(|it| it.entry.at).collect::<Vec<_>>(),
        recorded: &lacking.iter().map(|it| it.entry.recorded).collect::<Vec<_>>(),
    };
    insert.execute(conn).await?;
    Ok(())
}
