//! Creates the cluster, whole or not at all. Must never touch an existing one.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::db::cluster::binaries::Installation;
use crate::db::cluster::error::ClusterError;
use crate::db::cluster::layout::{Layout, ensure_private_folder, give};
use crate::db::cluster::log::{one_line, tells_of_full_disk};
use crate::db::cluster::user::RunAs;
use crate::db::cluster::{ROLE, launch};

/// `initdb` takes half a second on a good disk; a memory card may need a hundred times that.
const INIT_LIMIT: Duration = Duration::from_mins(3);

/// Between two looks whether `initdb` has ended.
const POLL: Duration = Duration::from_millis(10);

/// Tries to remove a half-made cluster: an `initdb` that lost its parent may still be writing for a moment.
const REMOVE_TRIES: u32 = 25;

/// Between two such tries.
const REMOVE_POLL: Duration = Duration::from_millis(200);

/// Random bytes in a password, printed as 32 hex digits: 128 bits.
const PASSWORD_BYTES: usize = 16;

/// Creates the cluster under another name, then renames it. If we die before the rename, the next call starts over; after it,
/// the cluster is complete. The password was stored before, so a complete cluster always has one.
pub(super) fn create(
    layout: &Layout,
    launcher: &Path,
    user: &RunAs,
    installation: &Installation,
    password: &str,
) -> Result<(), ClusterError> {
    let half_made = layout.pg_new();
    let password_copy = layout.root.join("pg.password.init");
    remove_half_made(&half_made)?;
    let result = ensure_private_folder(&half_made, user)
        .and_then(|()| {
            let _ = fs::remove_file(&password_copy);
            write_secret(&password_copy, password)
        })
        .and_then(|()| give(&password_copy, user).map_err(|error| ClusterError::io("giving", &password_copy, error)))
        .and_then(|()| run_initdb(&half_made, &password_copy, launcher, user, installation));
    // It may never have been written; if it stays, the next creation replaces it.
    let _ = fs::remove_file(&password_copy);
    let renamed = result.and_then(|()| {
        fs::rename(&half_made, layout.pg()).map_err(|error| ClusterError::io("renaming", &half_made, error))?;
        sync_folder(&layout.root)
    });
    if renamed.is_err() {
        // The first error is the one to report.
        let _ = remove_half_made(&half_made);
    }
    renamed
}

fn run_initdb(
    folder: &Path,
    password_file: &Path,
    launcher: &Path,
    user: &RunAs,
    installation: &Installation,
) -> Result<(), ClusterError> {
    let mut command = launch::command(launcher, user, &installation.bin_dir.join("initdb"));
    command
        .args(["--username", ROLE, "--auth=scram-sha-256", "--encoding=UTF8"])
        // Not `C`: its lower() and upper() leave Vietnamese letters alone, and pg_trgm drops them.
        .args(["--locale=C.UTF-8", "--data-checksums", "--no-instructions"])
        .arg("--pwfile")
        .arg(password_file)
        .arg("--pgdata")
        .arg(folder)
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| launch::failed(launcher, &error))?;
    let reader = child.stderr.take().map(|mut pipe| {
        thread::spawn(move || {
            let mut said = Vec::new();
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut said);
            said
        })
    });
    let is_done = wait(&mut child).map_err(|error| launch::failed(launcher, &error))?;
    let said = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    if is_done {
        return Ok(());
    }
    let log = one_line(&said);
    Err(if tells_of_full_disk(&log) {
        ClusterError::DiskFull { path: folder.to_path_buf() }
    } else {
        ClusterError::InitFailed { log }
    })
}

/// True when the child ended well, false when it failed or had to be killed for taking too long.
fn wait(child: &mut Child) -> std::io::Result<bool> {
    let deadline = Instant::now() + INIT_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(POLL);
    }
}

fn remove_half_made(folder: &Path) -> Result<(), ClusterError> {
    let mut tries = 0;
    loop {
        match fs::remove_dir_all(folder) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound && !folder.exists() => return Ok(()),
            Err(error) if tries == REMOVE_TRIES => return Err(ClusterError::io("deleting", folder, error)),
            Err(_) => tries += 1,
        }
        thread::sleep(REMOVE_POLL);
    }
}

/// The stored password, or for a cluster yet to be made a new one, on disk before it is used.
pub(super) fn password(layout: &Layout, is_new: bool) -> Result<String, ClusterError> {
    let file = layout.password();
    match fs::read_to_string(&file) {
        Ok(text) if is_password(text.trim()) => return Ok(text.trim().to_owned()),
        Ok(_) if !is_new => return Err(ClusterError::PasswordLost { file }),
        Err(error) if error.kind() == ErrorKind::NotFound && !is_new => {
            return Err(ClusterError::PasswordLost { file });
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(ClusterError::io("reading", &file, error)),
        _ => {}
    }
    let mut random = [0; PASSWORD_BYTES];
    getrandom::fill(&mut random)
        .map_err(|error| ClusterError::io("drawing a password for", &file, std::io::Error::other(error)))?;
    let password = format!("{:0width$x}", u128::from_be_bytes(random), width = 2 * PASSWORD_BYTES);
    let fresh = file.with_extension("password.new");
    let _ = fs::remove_file(&fresh);
    write_secret(&fresh, &password)?;
    fs::rename(&fresh, &file).map_err(|error| ClusterError::io("renaming", &fresh, error))?;
    sync_folder(&layout.root)?;
    Ok(password)
}

fn is_password(text: &str) -> bool {
    text.len() == 2 * PASSWORD_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn write_secret(file: &PathBuf, secret: &str) -> Result<(), ClusterError> {
    let write = || {
        let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        writeln!(opened, "{secret}")?;
        opened.sync_all()
    };
    write().map_err(|error| ClusterError::io("writing", file, error))
}

fn sync_folder(folder: &Path) -> Result<(), ClusterError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(|error| ClusterError::io("saving", folder, error))
}
