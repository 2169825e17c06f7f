//! Decides which folder the cluster lies in. Must never delete a database, nor start an empty one in place of a moved one.
//!
//! It is the wanted data folder. When root wants one that the user `postgres` cannot reach (a clone in /root), it is
//! `/var/lib/nguon/<16 hex digits>` instead, the digits being a hash of the wanted folder's real path, so two wanted folders
//! never share one. The choice is written into the wanted folder (`pg.location`) and stays: a later `chmod` does not make the
//! data disappear, and a folder that was moved or copied is refused instead of starting empty. When the wanted folder was
//! deleted to begin afresh, it has no note any more, and the database it left is set aside as `<16 hex digits>.old-1`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::layout::{Layout, PRIVATE_FOLDER, SHARED_FOLDER, ensure_folder};
use crate::db::cluster::lock::Lock;
use crate::db::cluster::user::RunAs;
use crate::db::cluster::{ClusterConfig, launch};

/// Where clusters go that cannot lie in their data folder.
const FALLBACK_ROOT: &str = "/var/lib/nguon";

/// The note in the wanted folder that says where its cluster is.
const LOCATION_NOTE: &str = "pg.location";

/// Decides which folder holds the cluster and creates it; says so through `progress` when it is not the wanted one. The same
/// wanted folder always gets the same answer.
///
/// Secrets and other files of the application belong into the wanted folder all the same: only the cluster moves.
pub fn choose_data_dir(config: &ClusterConfig, progress: &dyn Fn(&str)) -> Result<PathBuf, ClusterError> {
    let wanted = create_wanted(&config.data_dir)?;
    let note = wanted.join(LOCATION_NOTE);
    let fallback = fallback_for(&wanted);
    match read_note(&note)? {
        Some(noted) if noted != fallback => {
            return Err(ClusterError::FolderMoved { wanted, database: noted, expected: fallback, note });
        }
        Some(_) => {}
        None => {
            let has_cluster = wanted.join("pg").exists();
            if has_cluster || !nix::unistd::geteuid().is_root() {
                return Ok(wanted);
            }
            let user = RunAs::for_cluster(&wanted.join("pg"))?;
            if launch::can_reach(&config.launcher, &user, &wanted)? {
                return Ok(wanted);
            }
        }
    }
    settle(&fallback, &note, progress)?;
    progress(&format!(
        "Người dùng postgres không vào được {}; cơ sở dữ liệu nằm ở {} / the user postgres cannot reach it, so the database lies there",
        wanted.display(),
        fallback.display()
    ));
    Ok(fallback)
}

/// Creates the fallback and notes it. If we die before the note is written, the next call does the same again.
///
/// Two processes may come here at once: only who holds the fallback's lock changes anything, and looks at the note again first.
fn settle(fallback: &Path, note: &Path, progress: &dyn Fn(&str)) -> Result<(), ClusterError> {
    for folder in [Path::new(FALLBACK_ROOT), fallback] {
        ensure_folder(folder, SHARED_FOLDER)?;
    }
    if read_note(note)?.is_some() {
        return Ok(());
    }
    let layout = Layout { root: fallback.to_path_buf() };
    let Some(_lock) = Lock::try_take(&layout.lock())? else {
        return Ok(());
    };
    if read_note(note)?.is_some() {
        return Ok(());
    }
    if layout.pg().exists() {
        let aside = set_aside(fallback)?;
        progress(&format!(
            "Thư mục dữ liệu là mới; cơ sở dữ liệu cũ được giữ ở {} / the data folder is new, so its former database was set aside there",
            aside.display()
        ));
        ensure_folder(fallback, SHARED_FOLDER)?;
    }
    let fresh = note.with_extension("location.new");
    fs::write(&fresh, format!("{}\n", fallback.display()))
        .and_then(|()| fs::rename(&fresh, note))
        .map_err(|error| ClusterError::io("writing", note, error))
}

fn set_aside(fallback: &Path) -> Result<PathBuf, ClusterError> {
    let mut n = 1;
    let mut aside = fallback.with_extension("old-1");
    while aside.exists() {
        n += 1;
        aside = fallback.with_extension(format!("old-{n}"));
    }
    fs::rename(fallback, &aside).map_err(|error| ClusterError::io("renaming", fallback, error))?;
    Ok(aside)
}

fn read_note(note: &Path) -> Result<Option<PathBuf>, ClusterError> {
    match fs::read_to_string(note) {
        Ok(text) => Ok(Some(PathBuf::from(text.trim()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::io("reading", note, error)),
    }
}

/// Creates the data folder if need be. Root's may be passed through, because `postgres` has to; others' are private.
fn create_wanted(folder: &Path) -> Result<PathBuf, ClusterError> {
    let failed = |error| ClusterError::io("creating", folder, error);
    let folder = std::path::absolute(folder).map_err(failed)?;
    if !folder.is_dir() {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let mode = if nix::unistd::geteuid().is_root() { SHARED_FOLDER } else { PRIVATE_FOLDER };
        ensure_folder(&folder, mode)?;
    }
    fs::canonicalize(&folder).map_err(failed)
}

fn fallback_for(wanted: &Path) -> PathBuf {
    Path::new(FALLBACK_ROOT).join(format!("{:016x}", fnv1a(wanted.as_os_str().as_bytes())))
}

/// FNV-1a, 64 bits: a name that stays the same across versions, not a secret.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_folder_always_falls_back_to_the_same_place() {
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8, "test vector of the FNV authors");
        assert_eq!(fallback_for(Path::new("/")), Path::new("/var/lib/nguon/af63a24c860189fe"));
    }

    #[test]
    fn two_wanted_folders_never_share_a_fallback() {
        assert_ne!(fallback_for(Path::new("/root/a/data")), fallback_for(Path::new("/root/b/data")));
    }
}
