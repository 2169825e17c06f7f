//! Where the cluster's files lie and whose they are. Must never touch a database file.
//!
//! Beside each other in one folder: `pg` (the cluster), `run` (its socket), `pg.lock`, `pg.password`, `postgres.log`.
//! That folder is the wanted data folder. When root wants one that the user `postgres` cannot reach (a clone in /root), it is
//! `/var/lib/nguon/<16 hex digits>` instead, the digits being a hash of the wanted folder's real path, so two wanted folders
//! never share one. The choice is written into the wanted folder (`pg.location`) and stays: a later `chmod` does not make the
//! data disappear, and a folder that was moved or copied is refused instead of starting empty.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::user::RunAs;
use crate::db::cluster::{ClusterConfig, launch};

/// Where clusters go that cannot lie in their data folder.
const FALLBACK_ROOT: &str = "/var/lib/nguon";

/// The note in the wanted folder that says where its cluster is.
const LOCATION_NOTE: &str = "pg.location";

/// A folder made for root is passable for `postgres` but not listable; every file in it has rights of its own.
const SHARED_FOLDER: u32 = 0o711;

/// A folder for one user only.
const PRIVATE_FOLDER: u32 = 0o700;

/// The names below the folder that holds the cluster.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The folder itself.
    pub(super) root: PathBuf,
}

impl Layout {
    /// The cluster.
    pub(super) fn pg(&self) -> PathBuf {
        self.root.join("pg")
    }

    /// The cluster while `initdb` writes it.
    pub(super) fn pg_new(&self) -> PathBuf {
        self.root.join("pg.new")
    }

    /// The socket's folder.
    pub(super) fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The owner's lock.
    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("pg.lock")
    }

    /// The password of the role `nguon`.
    pub(super) fn password(&self) -> PathBuf {
        self.root.join("pg.password")
    }

    /// Postgres' log.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The major version that made the cluster, or `None` when there is no cluster yet.
    pub(super) fn version(&self) -> Result<Option<String>, ClusterError> {
        let pg = self.pg();
        let file = pg.join("PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_dir(&pg) {
                Ok(mut entries) => match entries.next() {
                    Some(_) => Err(ClusterError::NotACluster { folder: pg }),
                    None => Ok(None),
                },
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(ClusterError::io("reading", &pg, error)),
            },
            Err(error) => Err(ClusterError::io("reading", &file, error)),
        }
    }
}

/// Decides which folder holds the cluster and creates it; says so through `progress` when it is not the wanted one. The same
/// wanted folder always gets the same answer.
///
/// Secrets and other files of the application belong into the wanted folder all the same: only the cluster moves.
pub fn choose_data_dir(config: &ClusterConfig, progress: &dyn Fn(&str)) -> Result<PathBuf, ClusterError> {
    let wanted = create_wanted(&config.data_dir)?;
    let note = wanted.join(LOCATION_NOTE);
    let fallback = fallback_for(&wanted);
    let noted = match fs::read_to_string(&note) {
        Ok(text) => Some(PathBuf::from(text.trim())).filter(|noted| noted.is_absolute()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(ClusterError::io("reading", &note, error)),
    };
    let is_noted = noted.is_some();
    if let Some(database) = noted.filter(|noted| *noted != fallback) {
        return Err(ClusterError::FolderMoved {
            wanted,
            database,
            expected: fallback,
            note,
        });
    }
    let stays = if is_noted {
        false
    } else if wanted.join("pg").exists() || !nix::unistd::geteuid().is_root() {
        true
    } else {
        let user = RunAs::for_cluster(&wanted.join("pg"))?;
        !fallback.join("pg").exists() && launch::can_reach(&config.launcher, &user, &wanted)?
    };
    if stays {
        return Ok(wanted);
    }
    for folder in [Path::new(FALLBACK_ROOT), &fallback] {
        ensure_folder(folder, SHARED_FOLDER)?;
    }
    if !is_noted {
        let text = format!("{}\n", fallback.display());
        fs::write(&note, text).map_err(|error| ClusterError::io("writing", &note, error))?;
    }
    progress(&format!(
        "Người dùng postgres không vào được {}; cơ sở dữ liệu nằm ở {} / the user postgres cannot reach it, so the database lies there",
        wanted.display(),
        fallback.display()
    ));
    if !is_noted && fallback.join("pg").exists() {
        progress("Dùng lại dữ liệu đã có ở đó / using the data that is already there");
    }
    Ok(fallback)
}

/// Creates the data folder if need be. Root's may be passed through, because `postgres` has to; others' are private.
fn create_wanted(folder: &Path) -> Result<PathBuf, ClusterError> {
    let failed = |error| ClusterError::io("creating", folder, error);
    let folder = std::path::absolute(folder).map_err(failed)?;
    if !folder.is_dir() {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let mode = if nix::unistd::geteuid().is_root() {
            SHARED_FOLDER
        } else {
            PRIVATE_FOLDER
        };
        ensure_folder(&folder, mode)?;
    }
    fs::canonicalize(&folder).map_err(failed)
}

/// Creates a folder with exactly this mode, whatever the umask; one that exists keeps its own.
fn ensure_folder(folder: &Path, mode: u32) -> Result<(), ClusterError> {
    let failed = |error| ClusterError::io("creating", folder, error);
    match DirBuilder::new().mode(mode).create(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(mode)).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Creates a folder, if need be, that only the cluster's user may enter.
pub(super) fn ensure_private_folder(folder: &Path, user: &RunAs) -> Result<(), ClusterError> {
    let failed = |error| ClusterError::io("creating", folder, error);
    ensure_folder(folder, PRIVATE_FOLDER)?;
    give(folder, user).map_err(failed)?;
    fs::set_permissions(folder, Permissions::from_mode(PRIVATE_FOLDER)).map_err(failed)
}

/// Hands a file or folder to the cluster's user; a symbolic link is not followed.
pub(super) fn give(path: &Path, user: &RunAs) -> io::Result<()> {
    if nix::unistd::geteuid().is_root() {
        lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
    } else {
        Ok(())
    }
}

fn fallback_for(wanted: &Path) -> PathBuf {
    Path::new(FALLBACK_ROOT).join(format!("{:016x}", fnv1a(wanted.as_os_str().as_bytes())))
}

/// FNV-1a, 64 bits: a name that stays the same across versions, not a secret.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_folder_always_falls_back_to_the_same_place() {
        assert_eq!(
            fnv1a(b"foobar"),
            0x8594_4171_f739_67e8,
            "test vector of the FNV authors"
        );
        assert_eq!(
            fallback_for(Path::new("/")),
            Path::new("/var/lib/nguon/af63a24c860189fe")
        );
    }

    #[test]
    fn two_wanted_folders_never_share_a_fallback() {
        assert_ne!(
            fallback_for(Path::new("/root/a/data")),
            fallback_for(Path::new("/root/b/data"))
        );
    }
}
