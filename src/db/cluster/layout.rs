//! The names of the cluster's files and whose they are. Must never touch a database file.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::user::RunAs;

/// A folder made for root is passable for `postgres` but not listable; every file in it has rights of its own.
pub(super) const SHARED_FOLDER: u32 = 0o711;

/// A folder for one user only.
pub(super) const PRIVATE_FOLDER: u32 = 0o700;

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

/// Creates a folder with exactly this mode, whatever the umask; one that exists keeps its own.
pub(super) fn ensure_folder(folder: &Path, mode: u32) -> Result<(), ClusterError> {
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
