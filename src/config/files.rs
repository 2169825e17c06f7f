//! Where the files of events lie: a folder of this machine, or a bucket of S3-compatible object storage. It opens neither.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::variables::Source;

/// Where files lie.
#[derive(Clone, Debug)]
pub enum FilesSettings {
    /// A folder, made when it is first needed.
    Folder(PathBuf),
    /// Object storage.
    Bucket(Bucket),
}

/// A bucket of object storage that speaks S3.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all files begin with, without slashes around it; may be empty.
    pub prefix: String,
    /// The server; none means Amazon's of the region.
    pub endpoint: Option<url::Url>,
    /// The region that requests are signed for.
    pub region: String,
    /// The key that requests are signed with.
    pub key: BucketKey,
}

/// An access key. `Debug` shows neither half.
#[derive(Clone)]
pub struct BucketKey {
    /// The key's public name.
    pub id: String,
    /// Its secret.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BucketKey(..)")
    }
}

const URL: &str = "NGUON_FILES_URL";
const ENDPOINT: &str = "NGUON_FILES_ENDPOINT";
const REGION: &str = "NGUON_FILES_REGION";
const KEY_FILE: &str = "NGUON_FILES_KEY_FILE";
/// What most servers other than Amazon's call their only region.
const DEFAULT_REGION: &str = "us-east-1";

/// Reads where files lie; `folder` is where they lie when nothing is said.
pub(super) fn files(folder: PathBuf, source: &mut Source<'_>) -> Option<FilesSettings> {
    let Some(url) = source.text(URL) else {
        if let Some(name) = [ENDPOINT, REGION, KEY_FILE].into_iter().find(|name| source.text(name).is_some()) {
            return source.problem(
                name,
                "đã đặt nhưng NGUON_FILES_URL chưa đặt; xin đặt cả hai hoặc bỏ cả hai",
                "is set but NGUON_FILES_URL is not; set both or neither",
            );
        }
        return Some(FilesSettings::Folder(folder));
    };
    let place = bucket_and_prefix(&url).or_else(|| {
        source.problem(
            URL,
            "phải có dạng s3://TÊN_KHO/THƯ_MỤC, không kèm khóa, dấu hỏi hay dấu thăng",
            "must look like s3://BUCKET/PREFIX, without a key, a question mark or a hash sign",
        )
    });
    let endpoint = match source.text(ENDPOINT) {
        None => Some(None),
        Some(text) => endpoint(&text, source).map(Some),
    };
    let key = key(source);
    let region = source.text(REGION).unwrap_or_else(|| DEFAULT_REGION.to_owned());
    let (name, prefix) = place?;
    Some(FilesSettings::Bucket(Bucket { name, prefix, endpoint: endpoint?, region, key: key? }))
}

fn bucket_and_prefix(text: &str) -> Option<(String, String)> {
    let url = url::Url::parse(text).ok()?;
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if url.scheme() != "s3" || has_more {
        return None;
    }
    let prefix = url.path().trim_matches('/');
    let is_plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let is_plain = prefix.is_empty() || prefix.split('/').all(is_plain);
    let name = url.host_str().filter(|name| !name.is_empty() && is_plain)?;
    Some((name.to_owned(), prefix.to_owned()))
}

/// The server that is named. http is taken too: requests are signed, and what comes back is checked against its hash.
fn endpoint(text: &str, source: &mut Source<'_>) -> Option<url::Url> {
    let url = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    });
    url.or_else(|| {
        source.problem(
            ENDPOINT,
            "phải có dạng https://MÁY_CHỦ hoặc http://MÁY_CHỦ:CỔNG, không kèm khóa",
            "must look like https://HOST or http://HOST:PORT, without a key",
        )
    })
}

/// The file holds the key's name and its secret, on a line each.
fn key(source: &mut Source<'_>) -> Option<BucketKey> {
    let text = Zeroizing::new(source.file_text(KEY_FILE)?);
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(id), Some(secret), None) => {
            Some(BucketKey { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
        }
        _ => source.problem(
            KEY_FILE,
            "phải trỏ tới tệp có hai dòng: tên khóa truy cập, rồi khóa bí mật",
            "must name a file of two lines: the access key's id, then its secret",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<FilesSettings, String> {
        let env = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let mut source = Source::new(&env);
        let settings = files(PathBuf::from("data/files"), &mut source);
        source.finish(settings).map_err(|err| err.to_string())
    }

    fn key_file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn bucket(url: &str, endpoint: &str, key: &str) -> Result<Bucket, String> {
        let file = key_file(key);
        let settings = read(&[(URL, url), (ENDPOINT, endpoint), (KEY_FILE, file.path().to_str().unwrap())])?;
        match settings {
            FilesSettings::Bucket(bucket) => Ok(bucket),
            FilesSettings::Folder(folder) => Err(folder.display().to_string()),
        }
    }

    #[test]
    fn files_lie_below_the_data_folder_unless_a_bucket_is_named() {
        assert!(matches!(read(&[]).unwrap(), FilesSettings::Folder(folder) if folder.ends_with("data/files")));
    }

    #[test]
    fn a_bucket_is_read_with_its_prefix_and_key() {
        let bucket = bucket("s3://tem/anh/2026/", "http://minio:9000", "MINIO\nhemmelig\n").unwrap();
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("tem", "anh/2026"));
        assert_eq!((bucket.key.id.as_str(), bucket.key.secret.as_str()), ("MINIO", "hemmelig"));
        assert_eq!(bucket.region, "us-east-1");
    }

    #[test]
    fn a_bucket_needs_no_prefix() {
        assert_eq!(bucket("s3://tem", "", "a b").unwrap().prefix, "");
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?}", bucket("s3://tem/anh", "", "MINIO\nhemmelig").unwrap());
        assert!(!shown.contains("hemmelig") && !shown.contains("MINIO"), "{shown}");
    }

    #[test]
    fn nonsense_is_refused_by_the_variables_name() {
        for url in ["tem/anh", "https://tem/anh", "s3://", "s3://id:secret@tem/anh", "s3://tem/a b", "s3://tem/../x?y"]
        {
            assert!(bucket(url, "", "a b").unwrap_err().contains(URL), "{url}");
        }
        assert!(bucket("s3://tem", "minio:9000", "a b").unwrap_err().contains(ENDPOINT));
        for key in ["alone", "a b c", " \n"] {
            assert!(bucket("s3://tem", "", key).unwrap_err().contains(KEY_FILE), "{key}");
        }
    }

    #[test]
    fn a_bucket_without_a_key_is_refused() {
        assert!(read(&[(URL, "s3://tem")]).unwrap_err().contains(KEY_FILE));
    }

    #[test]
    fn half_a_setting_is_refused_instead_of_ignored() {
        for name in [ENDPOINT, REGION, KEY_FILE] {
            assert!(read(&[(name, "x")]).unwrap_err().contains(name));
        }
    }
}
