//! Reads Postgres' own `postmaster.pid`. Must never write it.

use std::fs;
use std::path::{Path, PathBuf};

/// The name of the file in the cluster's folder.
pub(super) const NAME: &str = "postmaster.pid";

/// What a running postmaster says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    /// Its process.
    pub(super) pid: i32,
    /// The port, which is part of the socket's name too.
    pub(super) port: u16,
    /// The folder of its socket, if it listens on one.
    pub(super) socket_dir: Option<PathBuf>,
    /// It takes connections.
    pub(super) ready: bool,
}

/// What the file in this cluster says; `None` when it is absent or still being written.
pub(super) fn read(pg: &Path) -> Option<Postmaster> {
    parse(&fs::read_to_string(pg.join(NAME)).ok()?)
}

/// The process named in the first line, which is there before the rest.
pub(super) fn read_pid(pg: &Path) -> Option<i32> {
    fs::read_to_string(pg.join(NAME)).ok()?.lines().next()?.trim().parse().ok()
}

/// Lines: pid, data folder, start time, port, socket folder, listen address, shared memory key, status (PostgreSQL 10 and later).
fn parse(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let port = lines.nth(2)?.trim().parse().ok()?;
    let socket_dir = lines.next().filter(|line| !line.is_empty()).map(PathBuf::from);
    let ready = lines.nth(2).is_some_and(|line| line.trim() == "ready");
    Some(Postmaster { pid, port, socket_dir, ready })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: &str = "4711\n/srv/pg\n1795334400\n5432\n/srv/run\n\n  1234567  0\nready   \n";

    #[test]
    fn a_running_server_is_ready_only_by_its_eighth_line() {
        let expected = Postmaster { pid: 4711, port: 5432, socket_dir: Some(PathBuf::from("/srv/run")), ready: true };
        assert_eq!(parse(RUNNING), Some(expected.clone()));
        assert_eq!(parse(&RUNNING.replace("ready   ", "starting")), Some(Postmaster { ready: false, ..expected }));
    }

    #[test]
    fn a_half_written_file_says_nothing() {
        assert_eq!(parse("4711\n/srv/pg\n1795334400\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn without_a_socket_the_port_is_on_loopback() {
        let text = "4711\n/srv/pg\n1795334400\n40123\n\n127.0.0.1\n  1234567  0\nready   \n";
        assert_eq!(parse(text).and_then(|found| found.socket_dir), None);
        assert_eq!(parse(text).map(|found| found.ready), Some(true));
    }
}
