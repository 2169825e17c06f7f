//! Starts the cluster, with its lock held. Must never report a server that is not the child it has just spawned.

use std::ffi::OsString;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::db::cluster::binaries::{self, Installation};
use crate::db::cluster::endpoint::Endpoint;
use crate::db::cluster::error::ClusterError;
use crate::db::cluster::layout::{Layout, ensure_private_folder};
use crate::db::cluster::lock::Lock;
use crate::db::cluster::log::tells_of_full_disk;
use crate::db::cluster::server::Server;
use crate::db::cluster::user::RunAs;
use crate::db::cluster::{Cluster, Role, initdb, launch, pidfile, recover};

/// Time until a started server takes connections. Usually 0.1 s; after a crash it first replays at most `max_wal_size`.
const START_LIMIT: Duration = Duration::from_mins(3);

/// After this long the start is worth a line.
const START_NOTICE: Duration = Duration::from_secs(5);

/// Between two looks whether it is ready.
const START_POLL: Duration = Duration::from_millis(10);

/// Tries with another port when somebody takes the one that was free a moment ago.
const PORT_TRIES: u32 = 3;

/// Given on the command line, so that neither an edited file nor an older version of ours decides.
const SETTINGS: [&str; 21] = [
    // Durability is the point of using Postgres.
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    // One machine that does other things too; bounds memory, disk and the time of a recovery.
    "shared_buffers=32MB",
    "max_connections=50",
    "max_wal_size=256MB",
    "jit=off",
    "max_parallel_workers_per_gather=0",
    // Nobody else gets in.
    "password_encryption=scram-sha-256",
    "unix_socket_permissions=0700",
    "ssl=off",
    // Messages go through our pipe into a bounded file, without the statements' data, which may be personal.
    "logging_collector=off",
    "log_destination=stderr",
    "log_line_prefix=%m [%p] ",
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_statement=none",
    "log_checkpoints=off",
    "log_timezone=UTC",
    "timezone=UTC",
    "cluster_name=nguon",
];

/// Everything from a held lock to a server that takes connections.
pub(super) fn start(
    layout: Layout,
    mut lock: Lock,
    launcher: &Path,
    progress: &dyn Fn(&str),
) -> Result<Cluster, ClusterError> {
    let pg = layout.pg();
    let launcher = std::path::absolute(launcher).map_err(|error| launch::failed(launcher, &error))?;
    let user = RunAs::for_cluster(&pg)?;
    let version = layout.version()?;
    let installation = match &version {
        Some(version) => binaries::for_cluster(&pg, version)?,
        None => binaries::newest()?,
    };
    if nix::unistd::geteuid().is_root() && !launch::can_reach(&launcher, &user, &layout.root)? {
        return Err(ClusterError::Unreachable { folder: layout.root, user: user.name });
    }
    let password = initdb::password(&layout, version.is_none())?;
    if version.is_none() {
        progress("Đang tạo cơ sở dữ liệu riêng, chỉ lần đầu / creating the private database, first start only");
        initdb::create(&layout, &launcher, &user, &installation, &password)?;
    }
    recover::clear_leftovers(&layout, &launcher, &user, progress)?;
    ensure_private_folder(&pg, &user)?;
    ensure_private_folder(&layout.run(), &user)?;
    let (server, endpoint) = spawn(&layout, &launcher, &user, &installation, progress)?;
    lock.announce(&layout.lock(), server.pid())?;
    tracing::info!(postgres.pid = server.pid(), postgres.major = installation.major, "private Postgres is ready");
    let role = Role::Owner { server, _lock: lock };
    Ok(Cluster { layout, bin_dir: installation.bin_dir, endpoint, password, role })
}

fn spawn(
    layout: &Layout,
    launcher: &Path,
    user: &RunAs,
    installation: &Installation,
    progress: &dyn Fn(&str),
) -> Result<(Server, Endpoint), ClusterError> {
    let mut tries = 1;
    loop {
        let endpoint = Endpoint::choose(&layout.run())?;
        let mut command = launch::command(launcher, user, &installation.bin_dir.join("postgres"));
        command.arg("-D").arg(layout.pg());
        let settings = SETTINGS.iter().map(OsString::from).chain(endpoint.settings());
        command.args(settings.flat_map(|setting| [OsString::from("-c"), setting]));
        let server = Server::spawn(launcher, command, layout.log())?;
        match wait_until_ready(&server, &endpoint, layout, progress) {
            Ok(()) => return Ok((server, endpoint)),
            Err(ClusterError::PortInUse { .. }) if tries < PORT_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Ready means: our child lives, `postmaster.pid` is its own and says so, and the endpoint answers. A connection alone could
/// reach an older server that is just going away.
fn wait_until_ready(
    server: &Server,
    endpoint: &Endpoint,
    layout: &Layout,
    progress: &dyn Fn(&str),
) -> Result<(), ClusterError> {
    let began = Instant::now();
    let mut is_said = false;
    loop {
        let is_own = pidfile::read(&layout.pg()).is_some_and(|found| found.ready && found.pid == server.pid());
        if is_own && endpoint.answers() {
            return Ok(());
        }
        if server.wait(START_POLL) {
            return Err(explain_death(server.tail.last_words(), endpoint, layout));
        }
        if began.elapsed() > START_LIMIT {
            return Err(ClusterError::StartTimedOut { seconds: START_LIMIT.as_secs(), file: layout.log() });
        }
        if began.elapsed() > START_NOTICE && !is_said {
            progress(
                "Cơ sở dữ liệu đang khôi phục sau lần dừng đột ngột / the database is recovering from a sudden stop",
            );
            is_said = true;
        }
        sleep(START_POLL);
    }
}

fn explain_death(log: String, endpoint: &Endpoint, layout: &Layout) -> ClusterError {
    if tells_of_full_disk(&log) {
        ClusterError::DiskFull { path: layout.pg() }
    } else if log.contains("Address already in use") {
        ClusterError::PortInUse { port: endpoint.port() }
    } else {
        ClusterError::DiedAtStart { log, file: layout.log() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_a_taken_port_and_any_other_death_at_start_are_told_apart() {
        let layout = Layout { root: "/srv/data".into() };
        let explain = |log: &str| explain_death(log.to_owned(), &Endpoint::Loopback { port: 40123 }, &layout);
        let full = "FATAL:  could not write lock file \"postmaster.pid\": No space left on device";
        assert!(matches!(explain(full), ClusterError::DiskFull { .. }));
        let taken = "LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use";
        assert!(matches!(explain(taken), ClusterError::PortInUse { port: 40123 }));
        assert!(matches!(explain("FATAL:  anything else"), ClusterError::DiedAtStart { .. }));
    }
}
