//! What the tests of the command line stand on: the real binary with nothing in its environment but what a test names, data
//! folders of its own, and servers that are stopped whatever happens. Must never end a process that it did not start.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, TimeDelta, Utc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::world::{ISSUER, PUBLIC_URL, TestDb, tiny_picture};

/// How long a test waits for something that takes seconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Today in Vietnam, as commands see it.
pub(crate) fn today() -> NaiveDate {
    (Utc::now() + TimeDelta::hours(7)).date_naive()
}

/// A folder with the settings of one deployment, which the user `postgres` can reach.
pub(crate) struct Place {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Place {
    /// A service with its own private Postgres.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("nguon-commands-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data").to_str().unwrap().to_owned();
        let place = Self { folder, settings: Vec::new() };
        place
            .with("NGUON_DATA", &data)
            .with("NGUON_ISSUER", ISSUER)
            .with("NGUON_PUBLIC_URL", PUBLIC_URL)
            .with("NGUON_ISSUER_NAME", "Văn phòng OCOP thử")
            .with("NGUON_CONTACT", "0208 000 000")
            .with("NGUON_HTTP", &format!("127.0.0.1:{}", free_port()))
    }

    /// A service on a database of the shared Postgres: quick to open.
    pub(crate) async fn on(test_db: &TestDb) -> Self {
        Self::new().with("DATABASE_URL", &test_db.url().await)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        let data = self.settings.iter().find(|(name, _)| name == "NGUON_DATA").unwrap();
        PathBuf::from(&data.1)
    }

    /// The binary with this place's settings.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = bare_command(self.folder.path(), arguments);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Starts `serve` or `demo` and waits until it answers.
    pub(crate) fn start(&self, command: &str) -> Server {
        Server::start(self.command(&[command]), self.http())
    }

    /// Starts `serve` and waits until it answers anything, ready or not.
    pub(crate) fn start_unready(&self) -> Server {
        Server::spawn(self.command(&["serve"]), self.http()).once(Server::is_alive)
    }

    /// Where its server listens.
    pub(crate) fn http(&self) -> &str {
        let http = self.settings.iter().find(|(name, _)| name == "NGUON_HTTP").unwrap();
        &http.1
    }

    /// Starts `serve` behind a line of shell that limits what it may do, and waits until it answers.
    pub(crate) fn serve_behind(&self, limits: &str) -> Server {
        let serve = self.command(&["serve"]);
        let mut shell = Command::new("sh");
        let line = format!("{limits} && exec \"$0\" serve");
        shell.args(["-c", &line]).arg(serve.get_program()).env_clear().current_dir(self.folder.path());
        shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        Server::start(shell, self.http())
    }

    /// Initialises, imports one product that may be minted and opens a batch of it; returns the batch's number.
    pub(crate) fn found(&self) -> u64 {
        self.run(&["init"]).done();
        self.open_batch()
    }

    /// Imports one product that may be minted and opens a batch of it; returns the batch's number.
    pub(crate) fn open_batch(&self) -> u64 {
        fs::write(self.path("p.jpg"), tiny_picture()).unwrap();
        let file = self.path("register.tsv");
        fs::write(&file, format!("{HEADINGS}\n{}\n", good_line("p.jpg"))).unwrap();
        self.run(&["register", "import", file.to_str().unwrap()]).done();
        let day = |n| today().checked_sub_days(Days::new(n)).unwrap().to_string();
        let opened = self.run(&["batch", "open", "--product", "1", "--lot", "MD-01", "--packed-on", &day(3), "--json"]);
        opened.done().json()["batch_no"].as_u64().unwrap()
    }

    /// Mints and returns what `--json` says.
    #[track_caller]
    pub(crate) fn mint(&self, batch_no: u64, count: u32) -> Value {
        self.run(&["mint", &batch_no.to_string(), &count.to_string(), "--json"]).done().json()
    }

    /// Postgres processes that work in this place's cluster.
    pub(crate) fn postgres_processes(&self) -> Vec<PathBuf> {
        let cluster = self.data().join("pg");
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .map(|entry| entry.path())
            .filter(|process| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == cluster))
            .collect()
    }
}

pub(crate) const HEADINGS: &str = "product\tproduct_set\tproducer\tproducer_kind\tvillage\tcommune_code\tcommune\tstars\tcertificate_no\tissuer\tfrom\tto\timage\tstandards\tshelf_life";

/// A line whose product may be minted today.
pub(crate) fn good_line(image: &str) -> String {
    let from = today().checked_sub_days(Days::new(100)).unwrap();
    let to = today().checked_add_days(Days::new(900)).unwrap();
    format!(
        "Miến dong thử\t7\tHTX Thử Nghiệm\tcooperative\tthôn Thử\t01843\tPhường Bắc Kạn\t4\t01/GCN\tUBND tỉnh Thái Nguyên\t{from}\t{to}\t{image}\tTCCS 01:2025\t12 tháng"
    )
}

/// The binary with nothing but `PATH` in its environment.
pub(crate) fn bare_command<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nguon"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Runs the command to its end; one that never ends, as a server that should have refused, is ended.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (read_all(child.stdout.take().unwrap()), read_all(child.stderr.take().unwrap()));
        let status = wait(&mut child).or_else(|| end(&mut child, Signal::SIGTERM).and(None));
        Self {
            code: status.and_then(|status| status.code()),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.ended(0)
    }

    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts a refusal that says why on standard error, in both languages.
    #[track_caller]
    pub(crate) fn refused(self, because: &str) -> Self {
        let said = self.ended(1);
        assert!(said.stderr.contains(because), "{because}: {}", said.stderr);
        for language in ["Lỗi: ", "Error: "] {
            let sentences = said.stderr.lines().filter(|line| line.starts_with(language)).count();
            assert_eq!(sentences, 1, "{}", said.stderr);
        }
        said
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| panic!("{err}: {}", self.stdout))
    }
}

/// A running `serve` or `demo`.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) base_url: String,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Server {
    fn start(command: Command, http: &str) -> Self {
        Self::spawn(command, http).once(Self::is_ready)
    }

    /// Starts a command that answers there.
    pub(crate) fn spawn(mut command: Command, http: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = follow(child.stdout.take().unwrap());
        let stderr = follow(child.stderr.take().unwrap());
        Self { child: Some(child), base_url: format!("http://{http}"), stdout, stderr }
    }

    /// The server once it is as it should be.
    pub(crate) fn once(mut self, is_so: impl Fn(&Self) -> bool) -> Self {
        let began = Instant::now();
        while !is_so(&self) {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}\n{}", self.said());
            assert!(began.elapsed() < PATIENCE, "never ready\n{}", self.last_words());
            std::thread::sleep(Duration::from_millis(50));
        }
        self
    }

    fn is_ready(&self) -> bool {
        let health = Outcome::of(&mut bare_command(Path::new("/"), &["health", &self.base_url]));
        health.code == Some(0)
    }

    /// Whether it answers anything, ready or not.
    pub(crate) fn is_alive(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(self.base_url.trim_start_matches("http://"))?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Standard output so far.
    pub(crate) fn printed(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// Both outputs so far.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.printed(), self.stderr.lock().unwrap())
    }

    /// The end of what it said; a server that fails at every request says it thousands of times.
    fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Ends it as a power cut does: nothing is finished, nothing is told.
    pub(crate) fn kill_hard(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal, waits for the end, and asserts that it was a clean one.
    #[track_caller]
    pub(crate) fn stop(mut self, signal: Signal) {
        let mut child = self.child.take().unwrap();
        let status = end(&mut child, signal);
        assert_eq!(status.and_then(|status| status.code()), Some(0), "{}", self.said());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child, Signal::SIGTERM);
        }
    }
}

/// Signals a child of ours and waits; none when it had to be killed.
fn end(child: &mut Child, signal: Signal) -> Option<ExitStatus> {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).ok()?;
    let status = wait(child);
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    status
}

/// Waits for the end of a child; none when patience ends first.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

fn read_all(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

fn follow(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let copy = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut text = copy.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let commands = [
        "serve",
        "demo",
        "init",
        "migrate",
        "backup",
        "restore",
        "keys new",
        "keys list",
        "keys retire",
        "keys mark-compromised",
        "register import",
        "register list",
        "batch open",
        "mint",
        "label",
        "verify",
        "token create",
        "token revoke",
        "health",
        "audit",
        "ledger verify",
        "ledger export",
        "ledger status",
        "ledger recover",
        "ledger resume",
        "witness init",
        "witness pull",
        "witness serve",
    ];
    for name in commands {
        let arguments: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        let help = Outcome::of(&mut bare_command(folder.path(), &arguments)).done().stdout;
        assert!(help.contains("Example") && help.contains(&format!("nguon {name}")), "{help}");
    }
}

#[test]
fn an_unknown_command_is_a_matter_of_usage() {
    let folder = tempfile::tempdir().unwrap();
    Outcome::of(&mut bare_command(folder.path(), &["print"])).ended(2);
}
