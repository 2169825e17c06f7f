//! Clears what a killed server left behind, so that the next one can start. Must never delete `postmaster.pid` while a process
//! still works in the cluster: two postmasters on one folder destroy it.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::db::cluster::error::ClusterError;
use crate::db::cluster::layout::Layout;
use crate::db::cluster::user::RunAs;
use crate::db::cluster::{launch, pidfile};

/// Time the death signal gets: it reaches the postmaster within a few milliseconds of the application's end.
const DEATH_SIGNAL_GRACE: Duration = Duration::from_millis(300);

/// Time for a fast shutdown by an earlier run's postmaster, checkpoint included; then it is told to stop at once.
const FAST_LIMIT: Duration = Duration::from_mins(1);

/// Time for processes without a postmaster to notice that; most do at once, but one that was replaying the log may spin for ever.
const ORPHAN_LIMIT: Duration = Duration::from_secs(1);

/// Time for the immediate shutdown.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

/// Between two looks into /proc.
const POLL: Duration = Duration::from_millis(20);

/// Prints the processes that work in the folder `$1`.
const SCAN: &str = r#"for p in /proc/[0-9]*; do [ "$p/cwd" -ef "$1" ] && echo "${p#/proc/}"; done; true"#;

/// Where to look, and as whom.
#[derive(Debug)]
struct Search<'a> {
    pg: &'a Path,
    launcher: &'a Path,
    user: &'a RunAs,
}

/// With the lock held: waits for servers of an earlier run to end, ending them if need be, then deletes their traces. Killed
/// at any point, the next call does the same again.
pub(super) fn clear_leftovers(
    layout: &Layout,
    launcher: &Path,
    user: &RunAs,
    progress: &dyn Fn(&str),
) -> Result<(), ClusterError> {
    let pg = layout.pg();
    let search = Search { pg: &pg, launcher, user };
    if !search.occupants()?.is_empty() {
        progress(
            "Đang chờ cơ sở dữ liệu của lần chạy trước dừng hẳn / waiting for the previous database server to stop",
        );
        sleep(DEATH_SIGNAL_GRACE);
        let found = search.occupants()?;
        let postmaster = pidfile::read_pid(&pg).filter(|pid| found.contains(pid));
        if let Some(pid) = postmaster {
            send(pid, Signal::SIGINT);
        }
        for pid in search.wait_until_empty(postmaster.map_or(ORPHAN_LIMIT, |_| FAST_LIMIT))? {
            send(pid, Signal::SIGQUIT);
        }
        if let Some(pid) = search.wait_until_empty(QUIT_LIMIT)?.first() {
            return Err(ClusterError::LeftoverStays { pid: *pid, folder: pg });
        }
    }
    remove_traces(layout)
}

fn send(pid: i32, signal: Signal) {
    // It may have ended by itself since we looked.
    let _ = kill(Pid::from_raw(pid), signal);
}

/// The pid file and the sockets of a server that is gone.
fn remove_traces(layout: &Layout) -> Result<(), ClusterError> {
    let stale = layout.pg().join(pidfile::NAME);
    if stale.exists() {
        tracing::warn!(file = %stale.display(), "a database server was not stopped cleanly; recovering");
        remove(&stale)?;
    }
    for entry in fs::read_dir(layout.run()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(file: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ClusterError::io("deleting", file, error)),
        _ => Ok(()),
    }
}

impl Search<'_> {
    /// Postmaster and backends, which all work in the cluster's folder; a shell standing there does not count.
    fn occupants(&self) -> Result<Vec<i32>, ClusterError> {
        let folder = match fs::metadata(self.pg) {
            Ok(folder) => folder,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ClusterError::io("reading", self.pg, error)),
        };
        let mut pids = Vec::new();
        let processes =
            fs::read_dir("/proc").map_err(|error| ClusterError::io("reading", Path::new("/proc"), error))?;
        for entry in processes.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if !is_postgres(pid) {
                continue;
            }
            match fs::metadata(entry.path().join("cwd")) {
                Ok(cwd) if (cwd.dev(), cwd.ino()) == (folder.dev(), folder.ino()) => pids.push(pid),
                Err(error) if error.kind() == ErrorKind::PermissionDenied && self.is_of_user(&entry) => {
                    return self.occupants_as_user();
                }
                _ => {}
            }
        }
        Ok(pids)
    }

    fn is_of_user(&self, process: &DirEntry) -> bool {
        process.metadata().is_ok_and(|process| process.uid() == self.user.uid.as_raw())
    }

    /// Root in a container (no `SYS_PTRACE`) may not see what the processes' own user may.
    fn occupants_as_user(&self) -> Result<Vec<i32>, ClusterError> {
        let output = launch::command(self.launcher, self.user, Path::new("/bin/sh"))
            .args(["-c", SCAN, "sh"])
            .arg(self.pg)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| launch::failed(self.launcher, &error))?;
        if !output.status.success() {
            return Err(launch::failed(self.launcher, &std::io::Error::other(output.status.to_string())));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(said.lines().filter_map(|line| line.parse().ok()).filter(|pid| is_postgres(*pid)).collect())
    }

    fn wait_until_empty(&self, limit: Duration) -> Result<Vec<i32>, ClusterError> {
        let deadline = Instant::now() + limit;
        loop {
            let found = self.occupants()?;
            if found.is_empty() || Instant::now() > deadline {
                return Ok(found);
            }
            sleep(POLL);
        }
    }
}

fn is_postgres(pid: i32) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    matches!(name.trim_end(), "postgres" | "postmaster")
}
