//! Everything that can go wrong with the private Postgres, each with what to do next. Must never carry the password.

use std::io;
use std::path::{Path, PathBuf};

use crate::db::cluster::binaries::OLDEST_MAJOR;

/// Why the private Postgres could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No usable `initdb` and `postgres` on this machine.
    #[error(
        "no PostgreSQL {OLDEST_MAJOR} or newer was found on this machine; install it (apt-get install postgresql) or set DATABASE_URL"
    )]
    NoPostgres,
    /// Postgres refuses to run as root, and there is no user to hand it to.
    #[error(
        "Postgres never runs as root and there is no system user `postgres`; create it (apt-get install postgresql does) or start nguon as an ordinary user"
    )]
    NoPostgresUser,
    /// The user id that Postgres would run as has no name; `initdb` needs one.
    #[error(
        "user id {uid} has no entry in /etc/passwd, which Postgres needs; run as a user that has one, or set DATABASE_URL"
    )]
    NamelessUser {
        /// The user id.
        uid: u32,
    },
    /// The data folder, or a file in it, cannot be written.
    #[error("{} cannot be written: {source}; give this user the right to write there, or choose another data folder", path.display())]
    NotWritable {
        /// What could not be written.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The user that Postgres runs as cannot enter the folder of an existing cluster.
    #[error("user `{user}` cannot reach {}; let it pass through every folder above (chmod o+x), then start again", folder.display())]
    Unreachable {
        /// The folder that holds the cluster.
        folder: PathBuf,
        /// The user that Postgres runs as.
        user: String,
    },
    /// The cluster's files belong to somebody else.
    #[error("the files in {} belong to `{owner}`, but the database would run as `{needed}`; run nguon as the same user as before, or hand the files over: chown -R {needed}: {}", path.display(), path.display())]
    WrongOwner {
        /// The file or folder.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who would have to own it.
        needed: String,
    },
    /// The data folder was moved or copied, and its database lies elsewhere.
    #[error("{} was moved or copied: its database lies in {}; if moved: mv {} {} && echo {} > {}; if copied, to begin with an empty database: rm {}", wanted.display(), database.display(), database.display(), expected.display(), expected.display(), note.display(), note.display())]
    FolderMoved {
        /// The data folder as asked for.
        wanted: PathBuf,
        /// Where the note in the folder says that the database is.
        database: PathBuf,
        /// Where it would have to be for the folder's present place.
        expected: PathBuf,
        /// The file that holds the note.
        note: PathBuf,
    },
    /// The cluster was made by a major version that is not installed.
    #[error("the database in {} was made by PostgreSQL {cluster}, but this machine has PostgreSQL {installed}; install version {cluster} (apt-get install postgresql-{cluster}), or carry the data over with pg_dump", folder.display())]
    OtherMajor {
        /// The cluster's folder.
        folder: PathBuf,
        /// The cluster's major version.
        cluster: String,
        /// The major versions found on this machine.
        installed: String,
    },
    /// The place of the cluster holds something else.
    #[error("{} exists but holds no Postgres cluster; move it aside, then start again", folder.display())]
    NotACluster {
        /// The folder in question.
        folder: PathBuf,
    },
    /// The cluster is there and its password is not.
    #[error("{} is missing or damaged, and the database cannot be opened without it; put it back from a backup", file.display())]
    PasswordLost {
        /// The password's file.
        file: PathBuf,
    },
    /// No room left on the disk.
    #[error("the disk that holds {} is full; free some space (a new database needs {INIT_NEEDS}), then start again", path.display())]
    DiskFull {
        /// The file or folder that did not fit.
        path: PathBuf,
    },
    /// `initdb` failed for another reason.
    #[error("the database could not be created; initdb said: {log}")]
    InitFailed {
        /// The last lines of `initdb`.
        log: String,
    },
    /// The hidden command that starts Postgres did not come up.
    #[error("{} could not start Postgres: {reason}; check that the file exists and may be executed", launcher.display())]
    LaunchFailed {
        /// The program that was run.
        launcher: PathBuf,
        /// What it said, or the system's answer.
        reason: String,
    },
    /// Postgres ended before it took connections.
    #[error("the database stopped while starting; the last lines of {} are: {log}", file.display())]
    DiedAtStart {
        /// The last lines of the log.
        log: String,
        /// Where the whole log is.
        file: PathBuf,
    },
    /// Postgres runs but took no connections within the limit.
    #[error("the database was not ready within {seconds} seconds; look into {}, then start again", file.display())]
    StartTimedOut {
        /// The limit.
        seconds: u64,
        /// Where the log is.
        file: PathBuf,
    },
    /// Another process holds the cluster and never got it ready.
    #[error("another nguon (process {owner}) has held {} for {seconds} seconds without its database being ready; wait for it or stop it, then start again", lock.display())]
    AttachTimedOut {
        /// The process that holds the lock, as far as known.
        owner: String,
        /// The lock file.
        lock: PathBuf,
        /// The limit.
        seconds: u64,
    },
    /// A server of an earlier run does not go away.
    #[error("process {pid}, a Postgres of an earlier run, still works in {} and does not stop; stop it (kill -QUIT {pid}), then start again", folder.display())]
    LeftoverStays {
        /// The process.
        pid: i32,
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// The loopback port was taken by somebody else, several times in a row.
    #[error(
        "port {port} on 127.0.0.1 is in use by another program; start again, or choose a data folder with a shorter path so that no port is needed"
    )]
    PortInUse {
        /// The last port tried.
        port: u16,
    },
    /// Postgres did not end when told to.
    #[error(
        "the database (process {pid}) did not stop within {seconds} seconds; no data is lost; stop it with kill -QUIT {pid}"
    )]
    StopTimedOut {
        /// The postmaster.
        pid: i32,
        /// The limit.
        seconds: u64,
    },
    /// Any other answer of the system.
    #[error("{doing} {} failed: {source}", path.display())]
    Io {
        /// What was being done, as "reading".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// What a fresh cluster takes on disk with PostgreSQL 15: 39 MB, and room for the first write-ahead segments.
const INIT_NEEDS: &str = "about 100 MB";

impl ClusterError {
    /// Gives the system's answers that have a remedy of their own their variant.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            // The last two: a file stands where a folder should be.
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => Self::NotWritable { path, source },
            _ => Self::Io { doing, path, source },
        }
    }

    /// The same in Vietnamese.
    pub fn vi(&self) -> String {
        match self {
            Self::NoPostgres => format!(
                "Máy này chưa có PostgreSQL {OLDEST_MAJOR} trở lên. Hãy cài đặt (apt-get install postgresql) hoặc đặt biến DATABASE_URL."
            ),
            Self::NoPostgresUser => "Postgres không chạy bằng quyền root và máy chưa có người dùng hệ thống `postgres`. Hãy tạo người dùng đó (apt-get install postgresql sẽ tạo) hoặc chạy nguon bằng người dùng thường.".to_owned(),
            Self::NamelessUser { uid } => format!(
                "Người dùng số {uid} không có tên trong /etc/passwd, mà Postgres cần có. Hãy chạy bằng người dùng có tên, hoặc đặt biến DATABASE_URL."
            ),
            Self::NotWritable { path, source } => format!(
                "Không ghi được vào {} ({source}). Hãy cấp quyền ghi cho người dùng này hoặc chọn thư mục dữ liệu khác.",
                path.display()
            ),
            Self::Unreachable { folder, user } => format!(
                "Người dùng `{user}` không vào được {}. Hãy cho phép đi qua các thư mục phía trên (chmod o+x) rồi chạy lại.",
                folder.display()
            ),
            Self::WrongOwner { path, owner, needed } => format!(
                "Các tệp trong {} thuộc về `{owner}`, nhưng cơ sở dữ liệu sẽ chạy bằng `{needed}`. Hãy chạy nguon bằng đúng người dùng như lần trước, hoặc giao lại tệp: chown -R {needed}: {}",
                path.display(),
                path.display()
            ),
            Self::FolderMoved { wanted, database, expected, note } => format!(
                "Thư mục {} đã bị chuyển chỗ hoặc sao chép; cơ sở dữ liệu của nó nằm ở {}. Nếu đã chuyển chỗ, hãy chạy: mv {} {} && echo {} > {}. Nếu là bản sao và muốn bắt đầu với cơ sở dữ liệu trống, hãy chạy: rm {}",
                wanted.display(),
                database.display(),
                database.display(),
                expected.display(),
                expected.display(),
                note.display(),
                note.display()
            ),
            Self::OtherMajor { folder, cluster, installed } => format!(
                "Cơ sở dữ liệu trong {} do PostgreSQL {cluster} tạo ra, nhưng máy này có PostgreSQL {installed}. Hãy cài phiên bản {cluster} (apt-get install postgresql-{cluster}) hoặc chuyển dữ liệu bằng pg_dump.",
                folder.display()
            ),
            Self::NotACluster { folder } => format!(
                "{} đã có nhưng không phải là cơ sở dữ liệu Postgres. Hãy chuyển thư mục này đi chỗ khác rồi chạy lại.",
                folder.display()
            ),
            Self::PasswordLost { file } => format!(
                "Tệp {} bị mất hoặc bị hỏng, không mở được cơ sở dữ liệu. Hãy chép lại tệp này từ bản sao lưu.",
                file.display()
            ),
            Self::DiskFull { path } => format!(
                "Ổ đĩa chứa {} đã đầy. Hãy xóa bớt để có chỗ trống (cơ sở dữ liệu mới cần khoảng 100 MB) rồi chạy lại.",
                path.display()
            ),
            Self::InitFailed { .. }
            | Self::LaunchFailed { .. }
            | Self::DiedAtStart { .. }
            | Self::StartTimedOut { .. }
            | Self::AttachTimedOut { .. }
            | Self::LeftoverStays { .. }
            | Self::PortInUse { .. }
            | Self::StopTimedOut { .. }
            | Self::Io { .. } => self.vi_running(),
        }
    }

    /// The Vietnamese of what goes wrong once programs run.
    fn vi_running(&self) -> String {
        match self {
            Self::InitFailed { log } => {
                format!("Không tạo được cơ sở dữ liệu. Hãy xem lỗi initdb báo rồi chạy lại: {log}")
            }
            Self::LaunchFailed { launcher, reason } => format!(
                "{} không khởi động được Postgres: {reason}. Hãy kiểm tra tệp này còn đó và được phép chạy.",
                launcher.display()
            ),
            Self::DiedAtStart { log, file } => {
                format!("Cơ sở dữ liệu dừng ngay khi khởi động. Hãy xem những dòng cuối của {}: {log}", file.display())
            }
            Self::StartTimedOut { seconds, file } => {
                format!("Sau {seconds} giây cơ sở dữ liệu vẫn chưa sẵn sàng. Hãy xem {} rồi chạy lại.", file.display())
            }
            Self::AttachTimedOut { owner, lock, seconds } => format!(
                "Một nguon khác (tiến trình {owner}) đã giữ {} suốt {seconds} giây mà cơ sở dữ liệu chưa sẵn sàng. Hãy chờ hoặc dừng tiến trình đó rồi chạy lại.",
                lock.display()
            ),
            Self::LeftoverStays { pid, folder } => format!(
                "Tiến trình {pid}, một Postgres của lần chạy trước, vẫn làm việc trong {} và không chịu dừng. Hãy dừng nó (kill -QUIT {pid}) rồi chạy lại.",
                folder.display()
            ),
            Self::PortInUse { port } => format!(
                "Cổng {port} trên 127.0.0.1 đang bị chương trình khác dùng. Hãy chạy lại, hoặc chọn thư mục dữ liệu có đường dẫn ngắn hơn để không cần cổng."
            ),
            Self::StopTimedOut { pid, seconds } => format!(
                "Sau {seconds} giây cơ sở dữ liệu (tiến trình {pid}) vẫn chưa dừng. Dữ liệu không mất. Hãy dừng bằng kill -QUIT {pid}."
            ),
            Self::Io { path, source, .. } => format!(
                "Hệ thống báo lỗi với {}: {source}. Hãy kiểm tra ổ đĩa và quyền của thư mục rồi chạy lại.",
                path.display()
            ),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_refused_folder_keep_their_own_remedy() {
        let of = |kind: io::ErrorKind| ClusterError::io("writing", Path::new("/srv/data"), kind.into());
        assert!(matches!(of(io::ErrorKind::StorageFull), ClusterError::DiskFull { .. }));
        assert!(matches!(of(io::ErrorKind::ReadOnlyFilesystem), ClusterError::NotWritable { .. }));
        assert!(matches!(of(io::ErrorKind::TimedOut), ClusterError::Io { .. }));
    }

    #[test]
    fn what_goes_wrong_while_programs_run_is_said_in_vietnamese_too() {
        let path = || PathBuf::from("/srv/data");
        let errors = [
            ClusterError::InitFailed { log: "log".to_owned() },
            ClusterError::LaunchFailed { launcher: path(), reason: "reason".to_owned() },
            ClusterError::DiedAtStart { log: "log".to_owned(), file: path() },
            ClusterError::StartTimedOut { seconds: 1, file: path() },
            ClusterError::AttachTimedOut { owner: "1".to_owned(), lock: path(), seconds: 1 },
            ClusterError::LeftoverStays { pid: 1, folder: path() },
            ClusterError::PortInUse { port: 1 },
            ClusterError::StopTimedOut { pid: 1, seconds: 1 },
            ClusterError::io("writing", &path(), io::ErrorKind::TimedOut.into()),
        ];
        for error in errors {
            assert_ne!(error.vi(), error.to_string());
        }
    }
}
