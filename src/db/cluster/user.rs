//! The user that Postgres runs as. Must never be root.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid};

use crate::db::cluster::error::ClusterError;

/// The user that distributions create for Postgres.
const POSTGRES_USER: &str = "postgres";

/// A user with a name.
#[derive(Debug, Clone)]
pub(super) struct RunAs {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    pub(super) name: String,
}

impl RunAs {
    /// Who runs the cluster in this folder, which may not exist yet: ourselves, or when we are root its owner, or `postgres`.
    pub(super) fn for_cluster(pg: &Path) -> Result<Self, ClusterError> {
        let owner = match std::fs::metadata(pg) {
            Ok(found) => Some(Uid::from_raw(found.uid())),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(ClusterError::io("reading", pg, error)),
        };
        let me = geteuid();
        match owner {
            Some(owner) if !me.is_root() && owner != me => Err(wrong_owner(pg, owner, &Self::with_uid(me)?)),
            Some(owner) if owner.is_root() => Err(wrong_owner(pg, owner, &Self::postgres()?)),
            Some(owner) => Self::with_uid(owner),
            None if me.is_root() => Self::postgres(),
            None => Self::with_uid(me),
        }
    }

    fn postgres() -> Result<Self, ClusterError> {
        User::from_name(POSTGRES_USER).ok().flatten().map(Self::from).ok_or(ClusterError::NoPostgresUser)
    }

    fn with_uid(uid: Uid) -> Result<Self, ClusterError> {
        let found = User::from_uid(uid).ok().flatten().map(Self::from);
        found.ok_or(ClusterError::NamelessUser { uid: uid.as_raw() })
    }
}

impl From<User> for RunAs {
    fn from(user: User) -> Self {
        Self { uid: user.uid, gid: user.gid, name: user.name }
    }
}

/// Turns a refused access to one of the files in our folder into whose they are.
pub(super) fn explain_refusal(folder: &Path, file: &Path, error: ClusterError) -> ClusterError {
    let refused =
        matches!(&error, ClusterError::NotWritable { source, .. } if source.kind() == ErrorKind::PermissionDenied);
    let owner = std::fs::metadata(file).ok().map(|found| Uid::from_raw(found.uid()));
    match (owner, RunAs::with_uid(geteuid())) {
        (Some(owner), Ok(me)) if refused && owner != me.uid => wrong_owner(folder, owner, &me),
        _ => error,
    }
}

fn wrong_owner(path: &Path, owner: Uid, needed: &RunAs) -> ClusterError {
    let owner = User::from_uid(owner).ok().flatten().map_or_else(|| owner.to_string(), |user| user.name);
    ClusterError::WrongOwner { path: path.to_path_buf(), owner, needed: needed.name.clone() }
}
