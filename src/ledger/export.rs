//! The published ledger as files, for any web host or a USB stick: the tree that the server answers with, path for path. It must never
//! leave a folder whose checkpoint covers what is not in it: the checkpoint is written last.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use tokio::task::spawn_blocking;

use crate::durable::{Readers, replace_for_now, sync_folder};
use crate::error::{Error, Result};
use crate::merkle::{
    Bundle, Hash, SignedCheckpoint, Tile, VerifierKey, bundles_of_growth, root_of, tiles_of_edge, tiles_of_growth,
};

use super::published::{missing, read_bundle_bytes};
use super::service::Ledger;
use super::tree_store::find_tiles;

/// Tiles that are read and written together: half a megabyte.
const TILES_AT_ONCE: usize = 64;
/// An entry takes this many bytes of a bundle at least: its length, and `{}`.
const MIN_ENTRY_BYTES: u64 = 4;
/// The newest checkpoint with its cosignatures, the head of the copy.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The key that it is checked against.
const VKEY: &str = "vkey";
/// Held while an export runs. A file, because some file systems lock nothing that is not open for writing.
const LOCK: &str = ".export.lock";

/// What an export did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// Entries that the folder now has.
    pub size: u64,
    /// Files written.
    pub n_files_written: usize,
    /// Files that were there already.
    pub n_files_kept: usize,
}

impl Ledger {
    /// Writes the published ledger into a folder, which is made if it is not there; what it has already is left. A folder of another
    /// ledger, of a longer one or of another history is refused, and nothing is written.
    ///
    /// Tiles and bundles come first, each whole or not at all under its name, the checkpoint last. If we die before it, the folder
    /// still is what its old checkpoint says, and the next export goes on from there.
    pub async fn export(&self, dir: &Path) -> Result<ExportReport> {
        let mut conn = self.parts.db.conn().await?;
        let checkpoint = self.newest_checkpoint(&mut conn).await?.ok_or_else(nothing_to_export)?;
        let size = checkpoint.head().size;
        let (dir, log) = (dir.to_owned(), self.verifier().clone());
        let (folder, old) = in_background(move || {
            let folder = Folder::open(&dir)?;
            let old = folder.last_checkpoint(&log)?;
            Ok((Arc::new(folder), old))
        })
        .await?;
        if let Some(old) = &old {
            check_history(&mut conn, old, &checkpoint, &folder.path).await?;
        }
        let wanted: Vec<Piece> = pieces_of(size).collect();
        let n_wanted = wanted.len();
        let looked_at = Arc::clone(&folder);
        let lacking: Vec<Piece> =
            in_background(move || Ok(wanted.into_iter().filter(|piece| !looked_at.has(*piece)).collect())).await?;
        for pieces in lacking.chunk_by(|one, other| one.is_tile() && other.is_tile()) {
            for pieces in pieces.chunks(TILES_AT_ONCE) {
                let files = read_pieces(&mut conn, pieces).await?;
                let folder = Arc::clone(&folder);
                in_background(move || files.iter().try_for_each(|(name, bytes)| folder.write(name, bytes))).await?;
            }
        }
        let texts = [(VKEY, format!("{}\n", self.verifier())), (CHECKPOINT, checkpoint.to_string())];
        in_background(move || {
            folder.settle()?;
            texts.iter().try_for_each(|(name, text)| folder.write(name, text.as_bytes()))?;
            folder.settle_top()
        })
        .await?;
        Ok(ExportReport { size, n_files_written: lacking.len() + 2, n_files_kept: n_wanted - lacking.len() })
    }
}

/// A file of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Tile(Tile),
    Bundle(Bundle),
}

impl Piece {
    const fn is_tile(self) -> bool {
        matches!(self, Self::Tile(_))
    }

    fn name(self) -> String {
        match self {
            Self::Tile(tile) => tile.to_string(),
            Self::Bundle(bundle) => bundle.to_string(),
        }
    }

    /// Whether a file of this many bytes may be it. A file gets its name once it is whole, so this finds what others cut off.
    fn fits(self, n_bytes: u64) -> bool {
        match self {
            Self::Tile(tile) => usize::try_from(n_bytes) == Ok(usize::from(tile.width()) * Hash::LEN),
            Self::Bundle(bundle) => u64::from(bundle.leaves().width()) * MIN_ENTRY_BYTES <= n_bytes,
        }
    }
}

/// Everything that a tree of this size consists of, tiles before bundles.
fn pieces_of(size: u64) -> impl Iterator<Item = Piece> {
    tiles_of_growth(0, size).map(Piece::Tile).chain(bundles_of_growth(0, size).map(Piece::Bundle))
}

/// Files by name: some tiles, or one bundle.
async fn read_pieces(conn: &mut AsyncPgConnection, pieces: &[Piece]) -> Result<Vec<(String, Vec<u8>)>> {
    let tiles: Vec<Tile> =
        pieces.iter().filter_map(|piece| if let Piece::Tile(tile) = piece { Some(*tile) } else { None }).collect();
    let set = find_tiles(conn, &tiles).await?;
    let mut files = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let bytes = match piece {
            Piece::Tile(tile) => set.data(*tile).ok_or_else(|| missing(tile))?,
            Piece::Bundle(bundle) => read_bundle_bytes(conn, *bundle).await?,
        };
        files.push((piece.name(), bytes));
    }
    Ok(files)
}

/// Whether the folder holds the beginning of what is to be written: it is a memory outside the database, and may know better.
async fn check_history(
    conn: &mut AsyncPgConnection,
    old: &SignedCheckpoint,
    new: &SignedCheckpoint,
    path: &Path,
) -> Result<()> {
    let (old, new) = (old.head(), new.head());
    if new.size < old.size {
        return Err(Error::refused(
            "export-is-newer",
            format!(
                "Thư mục {} đã có {} dòng sổ cái, cơ sở dữ liệu chỉ có {}: cơ sở dữ liệu là bản cũ. Chưa ghi gì; xin khôi phục bản mới nhất.",
                path.display(),
                old.size,
                new.size
            ),
            format!(
                "{} has {} entries and the database only {}: the database is an old copy; nothing was written, restore the newest one",
                path.display(),
                old.size,
                new.size
            ),
        ));
    }
    let edge: Vec<Tile> = tiles_of_edge(old.size).collect();
    let root = root_of(&find_tiles(conn, &edge).await?, old.size).map_err(Error::internal)?;
    if root == old.root {
        return Ok(());
    }
    Err(Error::refused(
        "export-differs",
        format!(
            "{} dòng đầu trong thư mục {} khác với cơ sở dữ liệu: một trong hai đã bị sửa. Chưa ghi gì; xin giữ nguyên thư mục làm bằng chứng, báo người quản trị, và xuất ra thư mục khác.",
            old.size,
            path.display()
        ),
        format!(
            "the first {} entries in {} differ from the database: one of the two was rewritten; nothing was written, keep the folder as evidence, tell the operator, and export into another folder",
            old.size,
            path.display()
        ),
    ))
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await?
}

/// The folder that is exported into, for one export at a time.
struct Folder {
    path: PathBuf,
    /// Released when it is dropped.
    _lock: File,
}

impl Folder {
    /// Makes the folder, if it is not there, and holds it.
    fn open(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(explain(path))?;
        let lock =
            File::options().write(true).create(true).truncate(false).open(path.join(LOCK)).map_err(explain(path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::refused(
                "export-running",
                format!("Đang có một lần xuất khác vào thư mục {}; xin chờ xong rồi chạy lại.", path.display()),
                format!("another export into {} is running; wait for it, then run this again", path.display()),
            )),
            Err(TryLockError::Error(err)) => Err(explain(path)(err)),
        }
    }

    /// The checkpoint of the last export, checked to be of this ledger.
    fn last_checkpoint(&self, log: &VerifierKey) -> Result<Option<SignedCheckpoint>> {
        let vkey = self.read(VKEY)?.filter(|vkey| vkey.trim_ascii_end() != log.to_string().as_bytes());
        let checkpoint = self.read(CHECKPOINT)?.map(|note| SignedCheckpoint::open(&note, log)).transpose();
        match (vkey, checkpoint) {
            (None, Ok(checkpoint)) => Ok(checkpoint),
            _ => Err(Error::refused(
                "export-of-another-ledger",
                format!(
                    "Thư mục {} không phải của sổ cái này; chưa ghi gì. Xin chọn thư mục khác.",
                    self.path.display()
                ),
                format!("{} is not of this ledger; nothing was written, choose another folder", self.path.display()),
            )),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
            Err(err) => Err(explain(&path)(err)),
        }
    }

    fn has(&self, piece: Piece) -> bool {
        std::fs::metadata(self.path.join(piece.name())).is_ok_and(|it| it.is_file() && piece.fits(it.len()))
    }

    /// Writes a file under another name, and renames it once it is whole on the disk.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            replace_for_now(&path, bytes, Readers::Usual)
        };
        write().map_err(explain(&path))
    }

    /// Makes the names of all files durable, so that the checkpoint is never there before what it covers.
    fn settle(&self) -> Result<()> {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let mut settle = || {
                for entry in std::fs::read_dir(&folder)? {
                    let entry = entry?;
                    if entry.file_type()?.is_dir() {
                        folders.push(entry.path());
                    }
                }
                sync_folder(&folder)
            };
            settle().map_err(explain(&self.path))?;
        }
        Ok(())
    }

    /// Makes the names of the texts durable, which stand at the top.
    fn settle_top(&self) -> Result<()> {
        sync_folder(&self.path).map_err(explain(&self.path))
    }
}

fn nothing_to_export() -> Error {
    Error::refused(
        "nothing-to-export",
        "Sổ cái chưa công bố lần nào nên chưa có gì để xuất; xin chạy máy chủ (nguon serve) vài giây rồi thử lại.",
        "the ledger has published nothing yet; let the server (nguon serve) run for some seconds and try again",
    )
}

/// A full disk says so; every other fault names its file.
fn explain(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |err| match err.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::refused(
            "disk-full",
            format!(
                "Ổ đĩa đã đầy khi ghi {}; xin dọn bớt hoặc dùng ổ lớn hơn rồi chạy lại. Phần đã ghi vẫn dùng được.",
                path.display()
            ),
            format!(
                "the disk is full at {}; free some space or use a larger one and run this again; what was written is kept",
                path.display()
            ),
        ),
        _ => Error::file(path)(err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Checkpoint, KeyKind, KeyName, SignerKey, TreeHead};

    fn signer(name: &str) -> SignerKey {
        SignerKey::new(KeyName::parse(name).unwrap(), KeyKind::Ed25519, &[7; 32]).unwrap()
    }

    fn note(signer: &SignerKey) -> String {
        let checkpoint = Checkpoint { origin: signer.verifier().name().clone(), head: TreeHead::EMPTY };
        checkpoint.sign(signer).unwrap().to_string()
    }

    #[test]
    fn the_files_are_those_of_the_tree_with_their_widths() {
        let names: Vec<String> = pieces_of(600).map(Piece::name).collect();
        let expected = [
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/88",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/88",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_file_is_kept_if_it_has_its_length() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let tile = Piece::Tile(Tile::new(0, 1_000, 2).unwrap());
        assert!(!folder.has(tile));
        folder.write(&tile.name(), &[0; 63]).unwrap();
        assert!(!folder.has(tile));
        folder.write(&tile.name(), &[0; 64]).unwrap();
        assert!(folder.has(tile));
    }

    #[test]
    fn a_written_file_leaves_no_other_behind() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        folder.write("tile/0/000.p/1", &[1; 32]).unwrap();
        folder.settle().unwrap();
        let inside: Vec<_> = std::fs::read_dir(dir.path().join("tile/0/000.p")).unwrap().collect();
        assert_eq!(inside.len(), 1);
    }

    #[test]
    fn one_export_runs_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = Folder::open(dir.path()).unwrap();
        assert_eq!(Folder::open(dir.path()).err().unwrap().code(), "export-running");
        drop(held);
        assert!(Folder::open(dir.path()).is_ok());
    }

    #[test]
    fn a_folder_remembers_how_far_it_went() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, log) = (Folder::open(dir.path()).unwrap(), signer("example.com/ledger"));
        assert!(folder.last_checkpoint(log.verifier()).unwrap().is_none());
        folder.write(VKEY, format!("{}\n", log.verifier()).as_bytes()).unwrap();
        folder.write(CHECKPOINT, note(&log).as_bytes()).unwrap();
        assert_eq!(folder.last_checkpoint(log.verifier()).unwrap().unwrap().head(), &TreeHead::EMPTY);
    }

    #[test]
    fn a_folder_of_another_ledger_is_refused() {
        let (ours, other) = (signer("example.com/ledger"), signer("example.org/ledger"));
        for (name, text) in [(VKEY, format!("{}\n", other.verifier())), (CHECKPOINT, note(&other))] {
            let dir = tempfile::tempdir().unwrap();
            let folder = Folder::open(dir.path()).unwrap();
            folder.write(name, text.as_bytes()).unwrap();
            assert_eq!(folder.last_checkpoint(ours.verifier()).unwrap_err().code(), "export-of-another-ledger");
        }
    }

    #[test]
    fn a_full_disk_is_told_as_such() {
        let path = Path::new("/media/usb");
        assert_eq!(explain(path)(ErrorKind::StorageFull.into()).code(), "disk-full");
        assert_eq!(explain(path)(ErrorKind::PermissionDenied.into()).code(), "file");
    }
}
