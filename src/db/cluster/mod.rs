//! The private Postgres that runs when no `DATABASE_URL` is set. Must never touch a cluster without holding its lock, and never
//! turns fsync off: it is the same engine as production.
//!
//! Reading order: `place` (where), `lock` (who), `initdb` (once), `recover` (after a crash), `launch` (how a child becomes
//! `postgres` without root), `server` (the child). Blocking throughout: call it from a thread that may wait.

mod binaries;
mod endpoint;
mod error;
mod initdb;
mod launch;
mod layout;
mod lock;
mod log;
mod pidfile;
mod place;
mod recover;
mod server;
mod start;
mod user;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use error::ClusterError;
pub use launch::{LAUNCH_COMMAND, run_launcher};
pub use place::choose_data_dir;

use endpoint::Endpoint;
use layout::Layout;
use lock::Lock;
use server::Server;

/// The role that the application connects as; it owns the cluster.
const ROLE: &str = "nguon";

/// Time that another process gets to get the cluster ready that we want to attach to: more than ending an old server, `initdb`
/// and a start may take together.
const ATTACH_LIMIT: Duration = Duration::from_secs(450);

/// After this long the waiting is worth a line.
const ATTACH_NOTICE: Duration = Duration::from_secs(1);

/// Between two looks at lock and server.
const ATTACH_POLL: Duration = Duration::from_millis(50);

/// What the private Postgres needs to know.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// The application's data folder. The cluster lies in `pg` below it, its socket in `run`; where the socket's path would be
    /// longer than the system allows, Postgres listens on a free port of 127.0.0.1 instead.
    pub data_dir: PathBuf,
    /// The binary that answers to [`LAUNCH_COMMAND`]: the application's own.
    pub launcher: PathBuf,
}

/// A running private Postgres; dropping it stops the server if this process started it.
///
/// When it dies by itself, drop this value and start again: the lock is held until then.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    bin_dir: PathBuf,
    endpoint: Endpoint,
    password: String,
    role: Role,
}

#[derive(Debug)]
enum Role {
    /// We started it. Fields drop in this order: the server is stopped before the lock is let go.
    Owner { server: Server, _lock: Lock },
    /// A process beside us did.
    Guest { postmaster: i32 },
}

impl Cluster {
    /// Attaches to the cluster if a process beside us runs it; otherwise recovers what a crash left, creates it the first time,
    /// and starts it. Two calls at the same moment: one starts, the other waits and attaches.
    pub fn start_or_attach(config: &ClusterConfig, progress: &dyn Fn(&str)) -> Result<Self, ClusterError> {
        let layout = Layout { root: choose_data_dir(config, progress)? };
        let began = Instant::now();
        let mut is_said = false;
        loop {
            let lock = Lock::try_take(&layout.lock())
                .map_err(|error| user::explain_refusal(&layout.root, &layout.lock(), error))?;
            if let Some(lock) = lock {
                return start::start(layout, lock, &config.launcher, progress);
            }
            if let Some(cluster) = Self::attach(&layout)? {
                return Ok(cluster);
            }
            if began.elapsed() > ATTACH_LIMIT {
                let owner = lock::holder(&layout.lock()).owner.map_or_else(|| "?".to_owned(), |pid| pid.to_string());
                return Err(ClusterError::AttachTimedOut {
                    owner,
                    lock: layout.lock(),
                    seconds: ATTACH_LIMIT.as_secs(),
                });
            }
            if began.elapsed() > ATTACH_NOTICE && !is_said {
                progress("Đang chờ nguon khác mở cơ sở dữ liệu / waiting for the database of another nguon");
                is_said = true;
            }
            sleep(ATTACH_POLL);
        }
    }

    /// Only to the postmaster that the lock's holder has announced: an old one may still be shutting down.
    fn attach(layout: &Layout) -> Result<Option<Self>, ClusterError> {
        let pg = layout.pg();
        let announced = lock::holder(&layout.lock()).postmaster;
        let Some(found) = pidfile::read(&pg).filter(|found| found.ready && Some(found.pid) == announced) else {
            return Ok(None);
        };
        let endpoint = Endpoint::of(&found);
        let (true, Some(version)) = (endpoint.answers(), layout.version()?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            bin_dir: binaries::for_cluster(&pg, &version)?.bin_dir,
            password: initdb::password(layout, false)?,
            layout: layout.clone(),
            endpoint,
            role: Role::Guest { postmaster: found.pid },
        }))
    }

    /// The connection URL of one of its databases; it contains the password.
    pub fn url(&self, database: &str) -> String {
        self.endpoint.url(ROLE, &self.password, database)
    }

    /// The folder that the cluster really lies in: the wanted one, or its stand-in below /var/lib/nguon.
    pub fn data_dir(&self) -> &Path {
        &self.layout.root
    }

    /// Where `psql`, `pg_dump` and `pg_restore` of the right version lie.
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// Whether this process started the server; false when attached.
    pub fn is_owner(&self) -> bool {
        matches!(self.role, Role::Owner { .. })
    }

    /// Whether the server still runs.
    pub fn is_alive(&self) -> bool {
        match &self.role {
            Role::Owner { server, .. } => server.is_alive(),
            Role::Guest { postmaster } => {
                pidfile::read_pid(&self.layout.pg()) == Some(*postmaster) && self.endpoint.answers()
            }
        }
    }

    /// Stops the server if this process started it, waiting until it has written everything; otherwise only lets go of it.
    pub fn stop(self) -> Result<(), ClusterError> {
        match &self.role {
            Role::Owner { server, .. } => server.stop(),
            Role::Guest { .. } => Ok(()),
        }
    }
}
