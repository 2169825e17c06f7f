//! Where a log is read from: a web address, or a folder as `nguon ledger export` writes it, with the same paths below either.
//! It hands out bytes and checks nothing but their number; whoever asked must not believe them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use url::Url;

use crate::error::{Error, Result};
use crate::ledger::MAX_ENTRY_BYTES;
use crate::merkle::{Bundle, Hash, MAX_NOTE_BYTES, MerkleError, Note, TILE_WIDTH, Tile, TileSet};

use super::web::Web;

/// Files that are asked for at the same time: enough to keep two cores busy, few enough for a small server.
pub(super) const N_PARALLEL: usize = 8;
/// Longest verifier key that is read, bytes: a name, an identifier and 44 characters of key.
const MAX_KEY_BYTES: usize = 4 * 1024;
/// Bytes before each entry of a bundle: its length.
const LENGTH_BYTES: usize = 2;
/// The folder of the ledger below the address of a server of this program.
const LEDGER: &str = "ledger";

/// Why something of a log could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// It answers, and has no such file.
    #[error("{path} is not there")]
    Missing {
        /// Below the base.
        path: String,
    },
    /// There is no folder of this name.
    #[error("there is no folder {path}")]
    NoFolder {
        /// As it was named.
        path: String,
    },
    /// It does not answer, or not as it should.
    #[error("{path} cannot be read: {why}")]
    Unreachable {
        /// Below the base.
        path: String,
        /// What the system or the server says.
        why: String,
    },
    /// It sends one elsewhere.
    #[error("{path} redirects to another host; name the address to which it leads, if you trust it")]
    Elsewhere {
        /// Below the base.
        path: String,
    },
    /// More than such a file can hold.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// Below the base.
        path: String,
        /// The limit.
        limit: usize,
    },
}

impl SourceFault {
    /// In Vietnamese.
    pub fn vi(&self) -> String {
        match self {
            Self::Missing { path } => format!("không có tệp {path}"),
            Self::NoFolder { path } => format!("không có thư mục {path}"),
            Self::Unreachable { path, .. } => format!("không đọc được {path}"),
            Self::Elsewhere { path } => {
                format!("{path} chuyển sang máy chủ khác; nếu tin máy chủ đó, xin ghi thẳng địa chỉ của nó")
            }
            Self::TooLarge { path, limit } => format!("{path} lớn hơn {limit} byte"),
        }
    }
}

/// A log as it is published.
#[derive(Clone, Debug)]
pub struct Source {
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Web(Web),
    Folder(PathBuf),
}

impl Source {
    /// Reads an `http(s)://` address, a `file:` address or the path of a folder. Nothing is fetched yet.
    pub fn parse(text: &str) -> Result<Self> {
        let is_address = text.contains("://") || text.starts_with("file:");
        if !is_address {
            return Ok(Self::in_folder(Path::new(text)));
        }
        let url = Url::parse(text).map_err(|_| bad_address())?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        match url.scheme() {
            "file" => url.to_file_path().map(|path| Self::in_folder(&path)).map_err(|()| bad_address()),
            "http" | "https" if is_plain && url.fragment().is_none() && url.has_host() => {
                Ok(Self { place: Place::Web(Web::at(url)?) })
            }
            _ => Err(bad_address()),
        }
    }

    /// A folder as `nguon ledger export` writes it.
    pub fn in_folder(path: &Path) -> Self {
        Self { place: Place::Folder(path.to_owned()) }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Web(web) => web.name().to_owned(),
            Place::Folder(path) => path.display().to_string(),
        }
    }

    /// Finds the log here or one step below, in `ledger`, and gives it with its newest checkpoint.
    pub async fn find(&self) -> Result<(Self, Vec<u8>), SourceFault> {
        if let Place::Folder(path) = &self.place
            && !path.is_dir()
        {
            return Err(SourceFault::NoFolder { path: self.name() });
        }
        let here = self.read_checkpoint().await;
        if here.as_ref().is_ok_and(|bytes| Note::parse(bytes).is_ok()) {
            return here.map(|bytes| (self.clone(), bytes));
        }
        // A page that stands in for everything unknown must not hide the log below it.
        let answers = !matches!(here, Err(SourceFault::Unreachable { .. }));
        if let (true, Some(below)) = (answers, self.below()) {
            match (below.read_checkpoint().await, &here) {
                (Ok(bytes), Err(_)) => return Ok((below, bytes)),
                (Ok(bytes), Ok(_)) if Note::parse(&bytes).is_ok() => return Ok((below, bytes)),
                _ => {}
            }
        }
        here.map(|bytes| (self.clone(), bytes))
    }

    fn below(&self) -> Option<Self> {
        let place = match &self.place {
            Place::Web(web) => Place::Web(web.below(LEDGER)?),
            Place::Folder(path) => Place::Folder(path.join(LEDGER)),
        };
        Some(Self { place })
    }

    /// The newest checkpoint with whatever signatures it has.
    pub async fn read_checkpoint(&self) -> Result<Vec<u8>, SourceFault> {
        self.read("checkpoint", MAX_NOTE_BYTES).await
    }

    /// The text of the verifier key that the log gives for itself, without its newline.
    pub async fn read_vkey(&self) -> Result<String, SourceFault> {
        let bytes = self.read("vkey", MAX_KEY_BYTES).await?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// The bytes of a tile. A log may drop a partial tile once the full one is there (C2SP tlog-tiles); its beginning is then the
    /// partial one.
    pub async fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, SourceFault> {
        let limit = Hash::LEN * usize::from(TILE_WIDTH);
        let read = self.read(&tile.to_string(), limit).await;
        let (true, Ok(full), Err(SourceFault::Missing { .. })) =
            (!tile.is_full(), Tile::new(tile.level(), tile.index(), TILE_WIDTH), &read)
        else {
            return read;
        };
        match self.read(&full.to_string(), limit).await {
            Ok(mut bytes) => {
                bytes.truncate(Hash::LEN * usize::from(tile.width()));
                Ok(bytes)
            }
            Err(SourceFault::Missing { .. }) => read,
            Err(fault) => Err(fault),
        }
    }

    /// The bytes of a bundle of entries, cut from the full one where the partial one was dropped.
    pub async fn read_bundle(&self, bundle: Bundle) -> Result<Vec<u8>, SourceFault> {
        let limit = (LENGTH_BYTES + MAX_ENTRY_BYTES) * usize::from(TILE_WIDTH);
        let read = self.read(&bundle.to_string(), limit).await;
        let leaves = bundle.leaves();
        let (true, Ok(full), Err(SourceFault::Missing { .. })) =
            (!leaves.is_full(), Bundle::new(leaves.index(), TILE_WIDTH), &read)
        else {
            return read;
        };
        match self.read(&full.to_string(), limit).await {
            Ok(bytes) => Ok(first_entries(bytes, leaves.width())),
            Err(SourceFault::Missing { .. }) => read,
            Err(fault) => Err(fault),
        }
    }

    /// The newest checkpoint that enough witnesses cosigned. Servers of this program alone have it; a folder does not.
    pub(super) async fn read_witnessed(&self) -> Result<Vec<u8>, SourceFault> {
        self.read("checkpoint/witnessed", MAX_NOTE_BYTES).await
    }

    /// Several tiles at once, a few at a time. One with another number of bytes is an error of the format.
    pub async fn read_tiles(&self, tiles: impl IntoIterator<Item = Tile>) -> Result<TileSet, TilesFault> {
        let reads = stream::iter(tiles).map(async |tile| self.read_tile(tile).await.map(|data| (tile, data)));
        let read: Vec<(Tile, Vec<u8>)> = reads.buffered(N_PARALLEL).try_collect().await?;
        let mut set = TileSet::default();
        for (tile, data) in read {
            set.insert(tile, &data)?;
        }
        Ok(set)
    }

    async fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, SourceFault> {
        match &self.place {
            Place::Web(web) => web.read(path, limit).await,
            Place::Folder(folder) => {
                let (file, path) = (folder.join(path), path.to_owned());
                let reading = tokio::task::spawn_blocking(move || read_file(&file, path, limit));
                reading.await.unwrap_or_else(|err| {
                    Err(SourceFault::Unreachable { path: "a file".to_owned(), why: err.to_string() })
                })
            }
        }
    }
}

/// Why tiles could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TilesFault {
    /// One could not be read.
    #[error(transparent)]
    Source(#[from] SourceFault),
    /// One is not what a tile is.
    #[error(transparent)]
    Format(#[from] MerkleError),
}

fn bad_address() -> Error {
    Error::invalid(
        "source",
        "Địa chỉ sổ cái phải có dạng https://MÁY_CHỦ/ledger (không có tên người dùng, dấu ? hay #), hoặc là một thư mục.",
        "the address of a ledger looks like https://HOST/ledger, without a user, query or fragment; or it is a folder",
    )
}

fn read_file(file: &Path, path: String, limit: usize) -> Result<Vec<u8>, SourceFault> {
    let failed = |err: std::io::Error| {
        let path = path.clone();
        match err.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => SourceFault::Missing { path },
            _ => SourceFault::Unreachable { path, why: err.to_string() },
        }
    };
    let meta = std::fs::metadata(file).map_err(failed)?;
    // A pipe would keep the audit waiting for ever.
    if !meta.is_file() {
        return Err(SourceFault::Missing { path });
    }
    let too_large = || SourceFault::TooLarge { path: path.clone(), limit };
    if usize::try_from(meta.len()).map_or(true, |n_bytes| limit < n_bytes) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    if limit < bytes.len() { Err(too_large()) } else { Ok(bytes) }
}

/// Cuts a bundle down to its first entries; bytes that are no bundle stay as they are, and whoever reads them says so.
fn first_entries(mut bytes: Vec<u8>, n_entries: u16) -> Vec<u8> {
    let mut rest = bytes.as_slice();
    for _ in 0..n_entries {
        let after = rest
            .split_first_chunk::<LENGTH_BYTES>()
            .and_then(|(length, after)| after.get(usize::from(u16::from_be_bytes(*length))..));
        match after {
            Some(after) => rest = after,
            None => return bytes,
        }
    }
    bytes.truncate(bytes.len() - rest.len());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{read_bundle, write_bundle};

    #[track_caller]
    fn check_name(text: &str, expected: &str) {
        assert_eq!(Source::parse(text).unwrap().name(), expected);
    }

    #[test]
    fn an_address_a_file_address_and_a_folder_are_sources() {
        check_name("https://ocop.example/ledger/", "https://ocop.example/ledger");
        check_name("http://127.0.0.1:8080", "http://127.0.0.1:8080");
        check_name("file:///mnt/usb/s%E1%BB%95", "/mnt/usb/sổ");
        check_name("exports/2026", "exports/2026");
    }

    #[test]
    fn an_address_with_a_user_a_query_or_another_scheme_is_refused() {
        let bad = [
            "https://a:b@h/ledger",
            "https://h/ledger?x=1",
            "https://h/#x",
            "ftp://h/ledger",
            "https://",
            "file://h/x",
        ];
        for text in bad {
            assert_eq!(Source::parse(text).unwrap_err().code(), "invalid", "{text}");
        }
    }

    fn entries(n: u16) -> Vec<Vec<u8>> {
        (0..n).map(|n| n.to_be_bytes().repeat(usize::from(n % 5))).collect()
    }

    #[tokio::test]
    async fn a_partial_tile_that_was_dropped_is_read_from_the_full_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("tile/0")).unwrap();
        let data: Vec<u8> = (0..8192_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        std::fs::write(dir.path().join("tile/0/000"), &data).unwrap();
        let source = Source::in_folder(dir.path());
        assert_eq!(source.read_tile(Tile::new(0, 0, 5).unwrap()).await.unwrap(), data[..160]);
        let missing = source.read_tile(Tile::new(0, 1, 5).unwrap()).await.unwrap_err();
        assert_eq!(missing, SourceFault::Missing { path: "tile/0/001.p/5".to_owned() });
    }

    #[tokio::test]
    async fn a_partial_bundle_that_was_dropped_is_read_from_the_full_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("tile/entries")).unwrap();
        let all = entries(256);
        let bytes = write_bundle(all.iter().map(Vec::as_slice)).unwrap();
        std::fs::write(dir.path().join("tile/entries/000"), bytes).unwrap();
        let bundle = Bundle::new(0, 77).unwrap();
        let read = Source::in_folder(dir.path()).read_bundle(bundle).await.unwrap();
        assert_eq!(read_bundle(bundle, &read).unwrap(), all[..77].iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn bytes_that_are_no_bundle_are_not_cut() {
        assert_eq!(first_entries(vec![0, 9, 1], 1), [0, 9, 1]);
        assert_eq!(first_entries(vec![0, 1, 1, 0], 2), [0, 1, 1, 0]);
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_said_to_be_so() {
        let fault = Source::in_folder(Path::new("nodir")).find().await.unwrap_err();
        assert_eq!(fault, SourceFault::NoFolder { path: "nodir".to_owned() });
    }

    #[tokio::test]
    async fn a_file_beyond_its_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("vkey"), vec![b'x'; MAX_KEY_BYTES + 1]).unwrap();
        let fault = Source::in_folder(dir.path()).read_vkey().await.unwrap_err();
        assert_eq!(fault, SourceFault::TooLarge { path: "vkey".to_owned(), limit: MAX_KEY_BYTES });
    }
}
