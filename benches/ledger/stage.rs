//! What every part stands on: a deployment that the real binary set up, its private Postgres run by this process, commands and a
//! server beside it. It must never turn off what makes Postgres durable.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use nguon::clock::Clock;
use nguon::db::Db;
use nguon::db::cluster::{Cluster, ClusterConfig};
use nguon::files::FileStore;
use nguon::keys::{Keys, Secret};
use nguon::ledger::{Ledger, LedgerMarks, LedgerParts, WitnessPolicy};
use nguon::stamp::Issuer;
use nguon::trace::{Trace, TraceParts};
use tokio::runtime::Runtime;

use crate::figures::ms_since;

/// Whose ledger it is.
const ISSUER: &str = "ocop.thainguyen.vn";
/// The database's name in the private Postgres.
const DATABASE: &str = "nguon";
/// The file that names the ledger's witnesses, when a part has some.
const WITNESSES: &str = "witnesses";
/// Connections of the ledger's own, as in the server.
const LEDGER_CONNECTIONS: usize = 2;
/// Longest that a server may take until it is ready.
const MAX_START: Duration = Duration::from_mins(1);
/// Between two looks at something that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The runtime that moves the bytes between pool and Postgres, as in the server.
static DRIVERS: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// A deployment and its Postgres, which end with it.
pub(crate) struct Stage {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Set up, empty, and as durable as it must be.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("nguon-bench-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let launcher = env!("CARGO_BIN_EXE_nguon").into();
        let config = ClusterConfig { data_dir: folder.path().join("data"), launcher };
        let starting = tokio::task::spawn_blocking(move || Cluster::start_or_attach(&config, &|_| {}).unwrap());
        let stage = Self { cluster: starting.await.unwrap(), folder };
        run(stage.command(&["init"]));
        let mut conn = stage.conn().await;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(text(&mut conn, &format!("SELECT current_setting('{setting}') AS value")).await, "on");
        }
        stage
    }

    /// A file or folder beside the data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Names witnesses by their policy file; servers and commands from now on know them.
    pub(crate) fn name_witnesses(&self, policy: &str) {
        fs::write(self.path(WITNESSES), policy).unwrap();
    }

    /// A connection without the limits of the pool's, to set the stage.
    pub(crate) async fn conn(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.cluster.url(DATABASE)).await.unwrap()
    }

    /// The pool of a server.
    pub(crate) fn db(&self) -> Db {
        Db::new(&self.cluster.url(DATABASE), DRIVERS.handle().clone()).unwrap()
    }

    /// The ledger and the events of batches on this pool, put together as the server does.
    pub(crate) async fn services(&self, db: &Db) -> (Ledger, Trace) {
        let data = self.path("data");
        let clock = Clock::system();
        let secret = Secret::read(&data.join("secret")).unwrap();
        let keys = Keys::new(db.clone(), clock.clone(), secret, Issuer::new(ISSUER).unwrap());
        let signer = keys.reload().await.unwrap().ledger_signer().unwrap().clone();
        let high_water = LedgerMarks::open(&data.join("ledger-high-water")).unwrap();
        let parts = LedgerParts {
            db: db.apart(LEDGER_CONNECTIONS).unwrap(),
            clock: clock.clone(),
            signer,
            high_water,
            witnesses: WitnessPolicy::default(),
        };
        let ledger = Ledger::new(parts);
        ledger.open().await.unwrap();
        let files = FileStore::in_folder(&data.join("files")).unwrap();
        let trace = Trace::new(TraceParts { db: db.clone(), clock, ledger: ledger.clone(), files });
        (ledger, trace)
    }

    /// A command on this deployment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nguon"));
        command.args(arguments);
        command.env("NGUON_DATA", self.path("data")).env("NGUON_ISSUER", ISSUER).env("RUST_LOG", "warn");
        command.env("NGUON_PUBLIC_URL", format!("https://{ISSUER}"));
        command.env("NGUON_ISSUER_NAME", "Văn phòng OCOP").env("NGUON_CONTACT", "0208 000 000");
        if self.path(WITNESSES).exists() {
            command.env("NGUON_WITNESSES", self.path(WITNESSES));
        }
        command
    }

    /// The office's token.
    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.path("data/office.token")).unwrap().trim().to_owned()
    }

    /// A server, once it is ready.
    pub(crate) async fn serve(&self) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base_url = format!("http://127.0.0.1:{port}");
        let log = self.path("server.log");
        let began = Instant::now();
        let mut command = self.command(&["serve"]);
        command.env("NGUON_HTTP", format!("127.0.0.1:{port}"));
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut server = Server { child: command.spawn().unwrap(), base_url, ms_to_ready: 0.0 };
        let ready = format!("{}/readyz", server.base_url);
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(began.elapsed() < MAX_START, "not ready: {}", fs::read_to_string(&log).unwrap());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        server.ms_to_ready = ms_since(began);
        server
    }
}

/// A running server, which ends with the part whatever happens.
pub(crate) struct Server {
    child: Child,
    /// What its addresses start with.
    pub(crate) base_url: String,
    /// How long it took until it was ready.
    pub(crate) ms_to_ready: f64,
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap();
    }
}

/// What a command took.
pub(crate) struct Ended {
    /// Until it had ended, seconds.
    pub(crate) seconds: f64,
    /// The most memory it had, megabytes.
    pub(crate) peak_mb: f64,
    /// What it printed.
    pub(crate) printed: String,
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: Command) -> Ended {
    run_to(command, 0)
}

/// Runs a command to its end, which must come with this exit code.
pub(crate) fn run_to(mut command: Command, code: i32) -> Ended {
    let (out, err) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let file = |named: &tempfile::NamedTempFile| named.as_file().try_clone().unwrap();
    let began = Instant::now();
    let mut child = command.stdout(file(&out)).stderr(file(&err)).spawn().unwrap();
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // The kernel keeps the peak; a process that has ended has none to show.
        peak = peak.max(peak_bytes(child.id()).unwrap_or_default());
        std::thread::sleep(LOOK_AGAIN);
    };
    let seconds = began.elapsed().as_secs_f64();
    let read = |named: &tempfile::NamedTempFile| fs::read_to_string(named.path()).unwrap();
    assert!(status.code() == Some(code), "{command:?} ended with {status}: {}{}", read(&out), read(&err));
    Ended { seconds, peak_mb: peak / 1e6, printed: read(&out) }
}

fn peak_bytes(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? * 1024.0)
}

/// All files below a folder: how many, and their bytes.
pub(crate) fn measure_folder(folder: &Path) -> (usize, u64) {
    let (mut n_files, mut n_bytes) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            let (below, bytes) = measure_folder(&entry.path());
            n_files += below;
            n_bytes += bytes;
        } else {
            n_files += 1;
            n_bytes += metadata.len();
        }
    }
    (n_files, n_bytes)
}

#[derive(diesel::QueryableByName)]
struct TextRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// One text, called `value`.
pub(crate) async fn text(conn: &mut AsyncPgConnection, sql: &str) -> String {
    let row: TextRow = diesel::sql_query(sql).get_result(conn).await.unwrap();
    row.value
}

#[derive(diesel::QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    value: i64,
}

/// One number, a bigint called `value`.
pub(crate) async fn number(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    let row: NumberRow = diesel::sql_query(sql).get_result(conn).await.unwrap();
    row.value
}
