//! The private Postgres, started for real: as root (Postgres then runs as `postgres`) and as an ordinary user. Must never use a
//! server that it has not started itself.
//!
//! Where root may not mount a tmpfs, the full disk is checked by hand: point the data folder at a file system with 20 MB free and
//! start; expected: the sentence about the full disk, and no `pg.new` left behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nguon::db::cluster::{Cluster, ClusterConfig, ClusterError, choose_data_dir};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

/// The variable that turns this test binary into a server process for another test.
const SERVER_DATA: &str = "NGUON_TEST_CLUSTER_DATA";

/// How long a test waits for something that takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A data folder that the user `postgres` can reach.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("nguon-cluster-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("dữ liệu")
    }

    fn config(&self) -> ClusterConfig {
        config(self.data())
    }

    fn start(&self) -> Cluster {
        Cluster::start_or_attach(&self.config(), &|_| {}).unwrap()
    }

    /// A cluster that was created and stopped again.
    fn created() -> Self {
        let place = Self::new();
        let cluster = place.start();
        sql(&cluster, "create table kept as select 7 as n");
        cluster.stop().unwrap();
        place
    }

    fn postmaster(&self) -> Option<i32> {
        fs::read_to_string(self.data().join("pg/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }
}

fn config(data_dir: PathBuf) -> ClusterConfig {
    ClusterConfig { data_dir, launcher: PathBuf::from(env!("CARGO_BIN_EXE_nguon")) }
}

fn refusal(config: &ClusterConfig) -> ClusterError {
    match Cluster::start_or_attach(config, &|_| {}) {
        Err(error) => error,
        Ok(cluster) => panic!("started in {}", cluster.data_dir().display()),
    }
}

fn sql(cluster: &Cluster, text: &str) -> String {
    let output = Command::new(cluster.bin_dir().join("psql"))
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text])
        .arg(cluster.url("postgres"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[track_caller]
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_running(pid: i32) -> bool {
    // A killed child of this process stays as a zombie until somebody waits for it; it runs no more.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

/// This test binary once more, as the process of an application that owns or attaches to the cluster.
struct ServerProcess {
    child: Child,
    is_owner: bool,
}

impl ServerProcess {
    fn spawn(data: &Path) -> Self {
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", &format!("{module}::a_server_process_for_the_other_tests")])
            .env(SERVER_DATA, data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said =
            lines.map_while(Result::ok).find_map(|line| line.split_once("owner=").map(|(_, rest)| rest.to_owned()));
        Self { child, is_owner: said.as_deref() == Some("true") }
    }

    fn kill_hard(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
#[ignore = "run by the other tests as a process of its own"]
fn a_server_process_for_the_other_tests() {
    let data = PathBuf::from(std::env::var_os(SERVER_DATA).unwrap());
    let cluster = Cluster::start_or_attach(&config(data), &|_| {}).unwrap();
    println!("owner={}", cluster.is_owner());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_new_cluster_knows_vietnamese_letters_and_keeps_its_promises() {
    let place = Place::new();
    let cluster = place.start();
    assert!(cluster.is_owner() && cluster.is_alive());
    assert_eq!(cluster.data_dir(), fs::canonicalize(place.data()).unwrap());
    assert_eq!(sql(&cluster, "select lower('ĐẶC SẢN')"), "đặc sản");
    let settings = ["fsync", "data_checksums", "full_page_writes", "password_encryption", "listen_addresses"];
    let found = settings.map(|name| sql(&cluster, &format!("show {name}")));
    assert_eq!(found, ["on", "on", "on", "scram-sha-256", ""]);
    cluster.stop().unwrap();
    assert_eq!(place.postmaster(), None);
}

#[test]
fn the_password_is_needed_and_only_its_owner_can_read_it() {
    let place = Place::new();
    let cluster = place.start();
    let file = place.data().join("pg.password");
    let password = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(password.len(), 32);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let wrong = cluster.url("postgres").replace(&password, "0123456789abcdef0123456789abcdef");
    let psql = Command::new(cluster.bin_dir().join("psql")).args(["-Xc", "select 1", &wrong]).output().unwrap();
    assert!(String::from_utf8_lossy(&psql.stderr).contains("password authentication failed"));
}

#[test]
fn the_second_start_keeps_the_data_and_does_not_create_again() {
    let place = Place::created();
    let said = std::cell::RefCell::new(Vec::new());
    let cluster = Cluster::start_or_attach(&place.config(), &|line| said.borrow_mut().push(line.to_owned())).unwrap();
    assert_eq!(sql(&cluster, "select n from kept"), "7");
    assert!(said.borrow().iter().all(|line| !line.contains("creating")), "{said:?}");
}

#[test]
fn an_attached_command_never_stops_the_server() {
    let place = Place::new();
    let owner = place.start();
    let guest = place.start();
    assert!(!guest.is_owner() && guest.is_alive());
    assert_eq!(guest.url("postgres"), owner.url("postgres"));
    guest.stop().unwrap();
    drop(place.start());
    assert!(owner.is_alive());
    assert_eq!(sql(&owner, "select 1"), "1");
}

#[test]
fn a_guest_sees_that_the_owner_has_stopped_and_the_next_one_becomes_owner() {
    let place = Place::new();
    let owner = place.start();
    let guest = place.start();
    owner.stop().unwrap();
    assert!(!guest.is_alive());
    assert!(place.start().is_owner());
}

#[test]
fn commands_started_at_the_same_moment_share_one_server() {
    let place = Place::new();
    let clusters: Vec<Cluster> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..4).map(|_| scope.spawn(|| place.start())).collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(clusters.iter().filter(|one| one.is_owner()).count(), 1);
    for cluster in &clusters {
        assert_eq!(sql(cluster, "select 1"), "1");
    }
}

#[test]
fn dropping_the_owner_stops_the_server() {
    let place = Place::new();
    let cluster = place.start();
    let pid = place.postmaster().unwrap();
    drop(cluster);
    assert!(!is_running(pid));
}

#[test]
fn a_killed_postgres_is_noticed_and_the_next_start_recovers_what_was_committed() {
    let place = Place::created();
    let cluster = place.start();
    sql(&cluster, "insert into kept values (8)");
    signal(place.postmaster().unwrap(), Signal::SIGKILL);
    wait_until("the death is noticed", || !cluster.is_alive());
    drop(cluster);
    assert_eq!(sql(&place.start(), "select sum(n) from kept"), "15");
}

#[test]
fn a_killed_application_takes_its_server_down_cleanly() {
    let place = Place::created();
    let server = ServerProcess::spawn(&place.data());
    assert!(server.is_owner);
    let pid = place.postmaster().unwrap();
    server.kill_hard();
    wait_until("the postmaster ends", || !is_running(pid));
    let log = fs::read_to_string(place.data().join("pg/postmaster.pid"));
    assert!(log.is_err(), "a clean shutdown removes the pid file");
    assert_eq!(sql(&place.start(), "select n from kept"), "7");
}

#[test]
fn a_start_right_after_a_killed_application_waits_for_the_old_server() {
    let place = Place::created();
    for _ in 0..3 {
        let server = ServerProcess::spawn(&place.data());
        assert!(server.is_owner);
        let old = place.postmaster().unwrap();
        server.kill_hard();
        let cluster = place.start();
        assert!(cluster.is_owner());
        assert!(!is_running(old));
        assert_eq!(sql(&cluster, "select n from kept"), "7");
    }
}

#[test]
fn application_and_postgres_killed_together_are_recovered() {
    let place = Place::created();
    let server = ServerProcess::spawn(&place.data());
    let pid = place.postmaster().unwrap();
    signal(pid, Signal::SIGKILL);
    server.kill_hard();
    assert_eq!(sql(&place.start(), "select n from kept"), "7");
}

#[test]
fn a_command_of_another_process_attaches_and_its_death_leaves_the_server_alone() {
    let place = Place::created();
    let owner = place.start();
    let guest = ServerProcess::spawn(&place.data());
    assert!(!guest.is_owner);
    guest.kill_hard();
    assert!(owner.is_alive());
    assert_eq!(sql(&owner, "select n from kept"), "7");
}

#[test]
fn a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle() {
    let place = Place::created();
    let mut stranger = Command::new("sleep").arg("600").spawn().unwrap();
    let pg = place.data().join("pg");
    let text = format!("{}\n{}\n1\n5432\n\n\n 1 2\nready   \n", stranger.id(), pg.display());
    fs::write(pg.join("postmaster.pid"), text).unwrap();
    fs::write(place.data().join("run/.s.PGSQL.5432.lock"), format!("{}\n", stranger.id())).unwrap();
    let cluster = place.start();
    assert_eq!(sql(&cluster, "select n from kept"), "7");
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger must not be signalled");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let place = Place::new();
    fs::create_dir_all(place.data().join("pg.new/base")).unwrap();
    fs::set_permissions(place.data(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(sql(&place.start(), "select 1"), "1");
    assert!(!place.data().join("pg.new").exists());
}

#[test]
fn a_cluster_of_another_major_version_is_refused_naming_both() {
    let place = Place::created();
    fs::write(place.data().join("pg/PG_VERSION"), "9\n").unwrap();
    let error = refusal(&place.config());
    let ClusterError::OtherMajor { cluster, installed, .. } = &error else { panic!("{error}") };
    assert_eq!(cluster, "9");
    assert!(!installed.is_empty());
    for sentence in [error.to_string(), error.vi()] {
        assert!(sentence.contains("PostgreSQL 9") && sentence.contains(installed.as_str()), "{sentence}");
    }
}

#[test]
fn a_folder_named_pg_that_is_no_cluster_is_left_alone() {
    let place = Place::new();
    fs::create_dir_all(place.data().join("pg")).unwrap();
    fs::write(place.data().join("pg/photo.jpg"), "x").unwrap();
    if geteuid().is_root() {
        // Root's own folder is refused for its owner before anybody looks inside.
        assert!(matches!(refusal(&place.config()), ClusterError::WrongOwner { .. }));
    } else {
        assert!(matches!(refusal(&place.config()), ClusterError::NotACluster { .. }));
    }
    assert!(place.data().join("pg/photo.jpg").exists());
}

#[test]
fn a_lost_password_is_named_and_not_replaced() {
    let place = Place::created();
    fs::remove_file(place.data().join("pg.password")).unwrap();
    assert!(matches!(refusal(&place.config()), ClusterError::PasswordLost { .. }));
    assert!(!place.data().join("pg.password").exists());
}

#[test]
fn a_server_that_dies_while_starting_gives_the_last_lines_of_its_log() {
    let place = Place::created();
    fs::write(place.data().join("pg/postgresql.auto.conf"), "no_such_setting = 1\n").unwrap();
    let error = refusal(&place.config());
    assert!(matches!(error, ClusterError::DiedAtStart { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn a_missing_launcher_is_named() {
    let place = Place::new();
    let launcher = PathBuf::from("/nonexistent/nguon");
    let error = refusal(&ClusterConfig { launcher, ..place.config() });
    assert!(matches!(error, ClusterError::LaunchFailed { .. }), "{error}");
    assert!(error.vi().contains("/nonexistent/nguon"));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let place = Place::new();
    // Not even root can create a folder below a file, nor below /proc.
    fs::write(place.data(), "").unwrap();
    let below_a_file = refusal(&config(place.data().join("data")));
    assert!(matches!(below_a_file, ClusterError::NotWritable { .. }), "{below_a_file}");
    if !geteuid().is_root() {
        let locked = refusal(&config(PathBuf::from("/var/lib/nguon-test-locked")));
        assert!(matches!(locked, ClusterError::NotWritable { .. }), "{locked}");
    }
}

#[test]
fn a_path_too_long_for_a_socket_uses_loopback_and_can_be_attached_to() {
    let place = Place::new();
    let long = config(place.data().join("d".repeat(100)));
    fs::create_dir_all(&long.data_dir).unwrap();
    for folder in [place.data(), long.data_dir.clone()] {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    let owner = Cluster::start_or_attach(&long, &|_| {}).unwrap();
    assert!(owner.url("postgres").contains("@127.0.0.1:"));
    let guest = Cluster::start_or_attach(&long, &|_| {}).unwrap();
    assert_eq!(guest.url("postgres"), owner.url("postgres"));
    assert_eq!(sql(&guest, "show listen_addresses"), "127.0.0.1");
}

/// A folder below one that only root may enter; its stand-in below /var/lib/nguon goes with it.
struct Hidden {
    place: Place,
}

impl Hidden {
    fn new() -> Option<Self> {
        if !geteuid().is_root() {
            eprintln!("skipped: only root has folders that Postgres cannot reach");
            return None;
        }
        let place = Place::new();
        fs::set_permissions(place.folder.path(), Permissions::from_mode(0o700)).unwrap();
        Some(Self { place })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        for entry in fs::read_dir(self.place.folder.path()).into_iter().flatten().flatten() {
            if let Ok(noted) = fs::read_to_string(entry.path().join("pg.location")) {
                let _ = fs::remove_dir_all(noted.trim());
                let _ = fs::remove_dir_all(Path::new(noted.trim()).with_extension("old-1"));
            }
        }
    }
}

#[test]
fn a_folder_that_postgres_cannot_reach_falls_back_and_stays_there() {
    let Some(hidden) = Hidden::new() else { return };
    let said = std::cell::RefCell::new(String::new());
    let cluster = Cluster::start_or_attach(&hidden.place.config(), &|line| said.borrow_mut().push_str(line)).unwrap();
    let fallback = cluster.data_dir().to_path_buf();
    assert!(fallback.starts_with("/var/lib/nguon"));
    assert!(said.borrow().contains(fallback.to_str().unwrap()));
    sql(&cluster, "create table kept as select 7 as n");
    cluster.stop().unwrap();
    fs::set_permissions(hidden.place.folder.path(), Permissions::from_mode(0o755)).unwrap();
    let again = hidden.place.start();
    assert_eq!(again.data_dir(), fallback);
    assert_eq!(sql(&again, "select n from kept"), "7");
}

#[test]
fn a_data_folder_that_was_deleted_begins_afresh_and_its_database_is_set_aside() {
    let Some(hidden) = Hidden::new() else { return };
    let cluster = hidden.place.start();
    let fallback = cluster.data_dir().to_path_buf();
    sql(&cluster, "create table kept as select 7 as n");
    cluster.stop().unwrap();
    fs::remove_dir_all(hidden.place.data()).unwrap();
    let afresh = hidden.place.start();
    assert_eq!(afresh.data_dir(), fallback);
    assert_eq!(sql(&afresh, "select count(*) from pg_tables where tablename = 'kept'"), "0");
    assert!(fallback.with_extension("old-1").join("pg/PG_VERSION").exists());
}

#[test]
fn a_data_folder_that_was_deleted_under_a_running_server_does_not_cost_it_its_database() {
    let Some(hidden) = Hidden::new() else { return };
    let owner = hidden.place.start();
    fs::remove_dir_all(hidden.place.data()).unwrap();
    let guest = hidden.place.start();
    assert!(!guest.is_owner());
    assert_eq!(guest.url("postgres"), owner.url("postgres"));
    let _ = fs::remove_dir_all(owner.data_dir());
}

#[test]
fn a_moved_folder_is_refused_instead_of_starting_empty() {
    let Some(hidden) = Hidden::new() else { return };
    let first = choose_data_dir(&hidden.place.config(), &|_| {}).unwrap();
    let moved = hidden.place.folder.path().join("moved");
    fs::rename(hidden.place.data(), &moved).unwrap();
    let error = refusal(&config(moved.clone()));
    let ClusterError::FolderMoved { database, expected, note, .. } = &error else { panic!("{error}") };
    assert_eq!(*database, first);
    assert_ne!(*expected, first);
    // The remedy that the sentence gives for a moved folder.
    fs::rename(database, expected).unwrap();
    fs::write(note, expected.to_str().unwrap()).unwrap();
    assert_eq!(choose_data_dir(&config(moved), &|_| {}).unwrap(), *expected);
}

#[test]
fn a_cluster_that_became_unreachable_is_refused_instead_of_starting_empty() {
    let Some(hidden) = Hidden::new() else { return };
    fs::set_permissions(hidden.place.folder.path(), Permissions::from_mode(0o755)).unwrap();
    hidden.place.start().stop().unwrap();
    fs::set_permissions(hidden.place.folder.path(), Permissions::from_mode(0o700)).unwrap();
    let error = refusal(&hidden.place.config());
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
}

/// A file system of a few megabytes.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("nguon-disk-").tempdir_in("/tmp").unwrap();
        let option = format!("size={size},mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &option, "none"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        eprintln!("skipped: no file system can be mounted here; see the head of this file");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

#[test]
fn a_disk_that_fills_up_during_creation_is_named_and_nothing_half_made_stays() {
    let Some(disk) = SmallDisk::new("20m") else { return };
    let data = disk.folder.path().join("data");
    let error = refusal(&config(data.clone()));
    assert!(matches!(error, ClusterError::DiskFull { .. }), "{error}");
    assert!(!data.join("pg.new").exists() && !data.join("pg").exists());
}

#[test]
fn a_disk_that_is_full_at_start_is_named() {
    let Some(disk) = SmallDisk::new("80m") else { return };
    let data = disk.folder.path().join("data");
    Cluster::start_or_attach(&config(data.clone()), &|_| {}).unwrap().stop().unwrap();
    let filler = fs::File::create(data.join("filler")).unwrap();
    let _ = std::io::copy(&mut std::io::repeat(0), &mut &filler);
    let error = refusal(&config(data));
    assert!(matches!(error, ClusterError::DiskFull { .. }), "{error}");
}
