//! Keeps files under the hash of their bytes. A file that does not match its name is never handed out; nothing is ever changed or
//! taken away here.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::client::SpawnedReqwestConnector;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::Handle;

use crate::config::{Bucket, FilesSettings};
use crate::error::{Cause, Error, Result};

use super::types::Sha256Hash;

/// Largest file kept, bytes: twice the largest photo.
pub const MAX_KEPT_BYTES: usize = 1024 * 1024;
/// Where all files lie, below the folder or the bucket's prefix; another way of naming files would get another folder.
const FOLDER: &str = "sha256";
/// Writing or reading one file takes no longer, tries again included; then the caller is told to come again.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// One request to the object storage.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// Reaching the object storage at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a request is sent again after a passing fault.
const MAX_RETRIES: usize = 2;
/// Between the first two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A kept file whose bytes are not those of its name: the cause of the error that hides it.
#[derive(Debug, thiserror::Error)]
#[error("the kept file {0} does not match its hash")]
pub(super) struct DamagedFile(Sha256Hash);

/// Where files are kept. Clones share it.
#[derive(Clone)]
pub struct FileStore {
    objects: Arc<dyn ObjectStore>,
    is_folder: bool,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_folder { "FileStore(folder)" } else { "FileStore(bucket)" })
    }
}

impl FileStore {
    /// Opens it; a folder that is not there is made. Requests to object storage run on the runtime that opens it.
    pub fn open(settings: &FilesSettings) -> Result<Self> {
        match settings {
            FilesSettings::Folder(folder) => Self::in_folder(folder),
            FilesSettings::Bucket(bucket) => Self::in_bucket(bucket),
        }
    }

    /// In a folder of this machine, readable by its owner alone.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        make_folder(folder).map_err(Error::file(folder))?;
        // A written file is on the disk, name and all, before `put` answers.
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(Error::internal)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects), is_folder: true })
    }

    fn in_bucket(bucket: &Bucket) -> Result<Self> {
        let retry = RetryConfig {
            backoff: BackoffConfig { init_backoff: FIRST_PAUSE, ..BackoffConfig::default() },
            max_retries: MAX_RETRIES,
            retry_timeout: MAX_WAIT,
        };
        let options = ClientOptions::new().with_timeout(REQUEST_TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(&bucket.key.id)
            .with_secret_access_key(bucket.key.secret.as_str())
            .with_retry(retry)
            // Connections live as long as the runtime that opened them: web workers come and go.
            .with_http_connector(SpawnedReqwestConnector::new(Handle::current()));
        let mut allow_http = false;
        if let Some(endpoint) = &bucket.endpoint {
            allow_http = endpoint.scheme() == "http";
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        let objects =
            builder.with_client_options(options.with_allow_http(allow_http)).build().map_err(Error::internal)?;
        let prefix = Key::parse(&bucket.prefix).map_err(Error::internal)?;
        Ok(Self { objects: Arc::new(PrefixStore::new(objects, prefix)), is_folder: false })
    }

    /// Whether files lie in a folder of this machine.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Keeps a file and names it. Durable when this answers; keeping it again changes nothing, and mends one that was damaged.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<Sha256Hash> {
        if MAX_KEPT_BYTES < bytes.len() {
            return Err(Error::BodyTooLarge { limit: MAX_KEPT_BYTES });
        }
        let (hash, bytes) = tokio::task::spawn_blocking(move || (Sha256Hash::of(&bytes), bytes)).await?;
        // Written beside its name and moved there whole: nobody ever reads half a file.
        in_time(self.objects.put(&key_of(hash), PutPayload::from(bytes))).await?.map_err(|err| not_written(&err))?;
        Ok(hash)
    }

    /// A file's bytes; none when it is not kept here.
    pub async fn get(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>> {
        let Some(bytes) = in_time(self.read(hash)).await?? else { return Ok(None) };
        let (found, bytes) = tokio::task::spawn_blocking(move || (Sha256Hash::of(&bytes), bytes)).await?;
        if found == hash { Ok(Some(bytes)) } else { Err(damaged(hash)) }
    }

    /// Whether a file is kept here. Its bytes are not looked at.
    pub async fn has(&self, hash: Sha256Hash) -> Result<bool> {
        match in_time(self.objects.head(&key_of(hash))).await? {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(err) => Err(not_read(err)),
        }
    }

    async fn read(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>> {
        let found = match self.objects.get(&key_of(hash)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(err) => return Err(not_read(err)),
        };
        if u64::try_from(MAX_KEPT_BYTES).unwrap_or(u64::MAX) < found.meta.size {
            return Err(damaged(hash));
        }
        Ok(Some(found.bytes().await.map_err(not_read)?.into()))
    }

    /// The names of all files that are kept; anything else that lies there is passed over.
    pub fn hashes(&self) -> impl Stream<Item = Result<Sha256Hash>> + Unpin {
        let listed = self.objects.list(Some(&Key::from(FOLDER))).map_err(not_read);
        listed.try_filter_map(|found| std::future::ready(Ok(hash_of(&found.location))))
    }
}

/// Where a file lies: `sha256/ab/cd/` and its whole hash. No folder gets more entries than a file system likes.
fn key_of(hash: Sha256Hash) -> Key {
    let [first, second, ..] = hash.0;
    Key::from_iter([FOLDER.to_owned(), format!("{first:02x}"), format!("{second:02x}"), hash.to_string()])
}

fn hash_of(key: &Key) -> Option<Sha256Hash> {
    let hash = key.filename()?.parse().ok()?;
    (key_of(hash) == *key).then_some(hash)
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        Some(above) => File::open(above)?.sync_all(),
        None => Ok(()),
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(MAX_WAIT, work)
        .await
        .map_err(|_| Error::Unavailable("the files did not answer in time".into()))
}

fn damaged(hash: Sha256Hash) -> Error {
    tracing::error!(
        alarm = "file-damaged",
        file.hash = %hash,
        "a kept file does not match its hash and is not handed out; copy it back from a backup"
    );
    Error::internal(DamagedFile(hash))
}

fn not_read(err: object_store::Error) -> Error {
    Error::Unavailable(Cause::from(err))
}

/// What cannot be written now is worth another try without its files; nothing was recorded.
fn not_written(err: &object_store::Error) -> Error {
    tracing::error!(alarm = "file-not-written", error.cause = ?err, "a file was not kept; is the disk full or the storage away?");
    Error::refused(
        "file-not-kept",
        "Chưa cất được ảnh vì kho tệp đầy hoặc tạm thời không ghi được, nên chưa ghi gì cả. Xin gửi lại không kèm ảnh, hoặc thử lại sau ít phút; nếu vẫn lỗi xin báo văn phòng.",
        "the photo could not be kept because the file storage is full or away, so nothing was recorded; send again without photos or try in a few minutes, and tell the office if it stays",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::files::testing::FakeBucket;

    struct Place {
        dir: tempfile::TempDir,
        files: FileStore,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let files = FileStore::in_folder(&dir.path().join("files")).unwrap();
            Self { dir, files }
        }

        fn path_of(&self, hash: Sha256Hash) -> PathBuf {
            self.dir.path().join("files").join(key_of(hash).as_ref())
        }
    }

    #[tokio::test]
    async fn a_file_comes_back_by_its_hash() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        assert_eq!(place.files.get(hash).await.unwrap().as_deref(), Some(&b"abc"[..]));
    }

    #[tokio::test]
    async fn a_file_lies_where_its_hash_says() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        let expected = "files/sha256/ba/78/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(place.path_of(hash), place.dir.path().join(expected));
        assert_eq!(fs::read(place.path_of(hash)).unwrap(), b"abc");
    }

    #[tokio::test]
    async fn keeping_a_file_twice_changes_nothing() {
        let place = Place::new();
        let first = place.files.put(b"abc".to_vec()).await.unwrap();
        assert_eq!(place.files.put(b"abc".to_vec()).await.unwrap(), first);
        let kept: Vec<Sha256Hash> = place.files.hashes().try_collect().await.unwrap();
        assert_eq!(kept, [first]);
    }

    #[tokio::test]
    async fn a_file_that_nobody_kept_is_not_there() {
        assert_eq!(Place::new().files.get(Sha256Hash::of(b"abc")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_kept_is_found_without_being_read() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        assert!(place.files.has(hash).await.unwrap());
        assert!(!place.files.has(Sha256Hash::of(b"abd")).await.unwrap());
    }

    #[tokio::test]
    async fn a_file_with_a_flipped_bit_is_never_handed_out() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        fs::write(place.path_of(hash), b"abb").unwrap();
        assert_eq!(place.files.get(hash).await.unwrap_err().code(), "internal");
    }

    #[tokio::test]
    async fn keeping_a_damaged_file_again_mends_it() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        fs::write(place.path_of(hash), b"abb").unwrap();
        place.files.put(b"abc".to_vec()).await.unwrap();
        assert!(place.files.get(hash).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_file_that_grew_is_refused_before_it_is_read() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        File::options().write(true).open(place.path_of(hash)).unwrap().set_len(1 << 21).unwrap();
        assert_eq!(place.files.get(hash).await.unwrap_err().code(), "internal");
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_is_not_taken() {
        let refused = Place::new().files.put(vec![0; MAX_KEPT_BYTES + 1]).await.unwrap_err();
        assert_eq!(refused.code(), "body-too-large");
    }

    #[tokio::test]
    async fn where_nothing_can_be_written_the_sender_is_told_and_nothing_stays() {
        let place = Place::new();
        let [first, ..] = Sha256Hash::of(b"abc").0;
        let folder = place.dir.path().join("files/sha256");
        fs::create_dir(&folder).unwrap();
        // A file where the folder should be: even root cannot write below it.
        fs::write(folder.join(format!("{first:02x}")), b"").unwrap();
        assert_eq!(place.files.put(b"abc".to_vec()).await.unwrap_err().code(), "file-not-kept");
        let kept: Vec<Sha256Hash> = place.files.hashes().try_collect().await.unwrap();
        assert_eq!(kept, []);
    }

    #[tokio::test]
    async fn what_is_no_kept_file_is_passed_over() {
        let place = Place::new();
        let hash = place.files.put(b"abc".to_vec()).await.unwrap();
        fs::write(place.path_of(hash).with_file_name("notes.txt"), b"x").unwrap();
        fs::write(place.dir.path().join("files/sha256").join(hash.to_string()), b"abc").unwrap();
        let kept: Vec<Sha256Hash> = place.files.hashes().try_collect().await.unwrap();
        assert_eq!(kept, [hash]);
    }

    fn in_bucket(bucket: &FakeBucket) -> FileStore {
        FileStore::open(&FilesSettings::Bucket(bucket.settings())).unwrap()
    }

    #[tokio::test]
    async fn a_bucket_keeps_a_file_below_its_prefix_and_gives_it_back() {
        let bucket = FakeBucket::start();
        let files = in_bucket(&bucket);
        let hash = files.put(b"abc".to_vec()).await.unwrap();
        assert_eq!(files.get(hash).await.unwrap().as_deref(), Some(&b"abc"[..]));
        let asked = bucket.asked.lock().unwrap()[0].clone();
        assert!(asked.starts_with(&format!("PUT /tem/anh/2026/sha256/ba/78/{hash} ")), "{asked}");
    }

    #[tokio::test]
    async fn requests_to_a_bucket_are_signed_and_never_carry_the_secret() {
        let bucket = FakeBucket::start();
        in_bucket(&bucket).put(b"abc".to_vec()).await.unwrap();
        let asked = bucket.asked.lock().unwrap()[0].clone();
        assert!(asked.contains("Credential=KHOA/") && !asked.contains("hemmelig"), "{asked}");
    }

    #[tokio::test]
    async fn a_bucket_without_the_file_has_none_and_one_that_changed_it_is_not_believed() {
        let bucket = FakeBucket::start();
        let files = in_bucket(&bucket);
        assert_eq!(files.get(Sha256Hash::of(b"abc")).await.unwrap(), None);
        let hash = files.put(b"abc".to_vec()).await.unwrap();
        bucket.damage();
        assert_eq!(files.get(hash).await.unwrap_err().code(), "internal");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_refused_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("files"), b"").unwrap();
        assert_eq!(FileStore::in_folder(&dir.path().join("files/below")).unwrap_err().code(), "file");
    }
}
