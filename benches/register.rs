//! The register and its people, measured from outside: what a list of a thousand products costs the server and how many queries it
//! takes, sign-ins against as many bare argon2 verifications in the same run, an import of 10,000 rows with its memory.
//!
//! CPU is user plus system time from /proc, of the server's process and of its Postgres apart, divided by the requests. Queries are
//! counted by Postgres: outside a transaction each statement is a transaction of its own, and these pages open none; a fraction
//! above a whole number is its own housekeeping. Absolute figures are this machine's; read the ratios.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot set its stage should fail there"
)]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "figures for reading")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use nguon::db::cluster::{Cluster, ClusterConfig};
use reqwest::redirect::Policy;

/// Runs of whatever is compared, in turn.
const ROUNDS: usize = 5;
/// Products of the list, besides the demo's own.
const LISTED: usize = 1_000;
/// Requests of one list.
const REQUESTS: u32 = 500;
/// Requests that come first and are not measured, as many at once as the pool has connections, so often that each has prepared its
/// statements.
const WARM_UP: (usize, usize) = (8, 12);
/// Sign-ins of one run, and verifications it is compared with.
const SIGN_INS: u32 = 40;
/// Rows of the large import.
const IMPORTED: usize = 10_000;
/// Products of one producer.
const PER_PRODUCER: usize = 10;
/// After this long a Postgres backend that has nothing to do has told its figures.
const FIGURES_TOLD: Duration = Duration::from_secs(12);
/// Between two looks at a process's memory.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Ticks a second in /proc/PID/stat (fixed for user space on Linux).
const TICKS: f64 = 100.0;
/// The office's person of the demo.
const LOGIN: &str = "vanphong";
/// Goals: CPU of one list, queries of one list, memory and time of the import.
const GOALS: &str = "goals: at most 5 ms and 3 queries · argon2 at least 90 % · at most 256 MB, under 10 s";

/// The lists that are measured.
const LISTS: [(&str, &str); 5] = [
    ("no filter", "/products"),
    ("words of two names", "/products?q=hop+tac+xa+san+pham"),
    ("commune, set, stars, kind", "/products?commune=01843&set=7&stars=4&kind=cooperative"),
    ("in force, ending, first to end", "/products?state=in_force&ends=36&sort=ends"),
    ("lapsed, closed ones too", "/products?state=lapsed&closed=all&sort=stars"),
];

fn main() {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(measure());
}

async fn measure() {
    let folder = tempfile::Builder::new().prefix("nguon-bench-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let data = folder.path().join("data");
    let nguon = Server(start_demo(folder.path(), port));
    import(&data, &write_workbook(folder.path(), "list", LISTED));
    let mut database = Database::beside(&data).await;
    let office = Office::new(port, &data).await;
    measure_lists(nguon.0.id(), &office, &mut database).await;
    measure_sign_ins(nguon.0.id(), &office, &mut database).await;
    measure_import(folder.path(), &data);
    println!("{GOALS}");
}

/// The server, which ends with the bench whatever happens.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.0.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.0.wait().unwrap();
    }
}

fn start_demo(folder: &Path, port: u16) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nguon"))
        .arg("demo")
        .env("NGUON_DATA", folder.join("data"))
        .env("NGUON_HTTP", format!("127.0.0.1:{port}"))
        .stdout(Stdio::piped())
        .stderr(File::create(folder.join("nguon.log")).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains("office.token")).unwrap().unwrap();
    // It has more to say, and ends when nobody listens.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// The Postgres of the demo, asked beside it.
struct Database {
    conn: AsyncPgConnection,
    postmaster: u32,
}

impl Database {
    async fn beside(data: &Path) -> Self {
        let launcher = env!("CARGO_BIN_EXE_nguon").into();
        let config = ClusterConfig { data_dir: data.to_owned(), launcher };
        let cluster = tokio::task::spawn_blocking(move || Cluster::start_or_attach(&config, &|_| {}).unwrap());
        let cluster = cluster.await.unwrap();
        let conn = AsyncPgConnection::establish(&cluster.url("nguon")).await.unwrap();
        let pid_file = fs::read_to_string(cluster.data_dir().join("pg/postmaster.pid")).unwrap();
        Self { conn, postmaster: pid_file.lines().next().unwrap().parse().unwrap() }
    }

    /// One text.
    async fn text(&mut self, sql: &str) -> String {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            value: String,
        }
        let row: Row = diesel::sql_query(sql).get_result(&mut self.conn).await.unwrap();
        row.value
    }

    /// Transactions of everybody else, once they have been told.
    async fn transactions(&mut self) -> i64 {
        tokio::time::sleep(FIGURES_TOLD).await;
        let sql = "SELECT (xact_commit + xact_rollback)::text AS value FROM pg_stat_database WHERE datname = current_database()";
        self.text(sql).await.parse().unwrap()
    }

    /// CPU of every process of this Postgres.
    fn cpu_seconds(&self) -> f64 {
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        let of_ours = pids.filter_map(stat).filter(|stat| stat[1] == self.postmaster.to_string());
        of_ours.map(|stat| cpu_of(&stat)).sum()
    }
}

/// Someone of the office at a browser.
struct Office {
    http: reqwest::Client,
    base_url: String,
    password: String,
    /// The cookie and the form token of the visit before signing in.
    visit: (String, String),
    session: String,
}

impl Office {
    async fn new(port: u16, data: &Path) -> Self {
        let people = fs::read_to_string(data.join("accounts.txt")).unwrap();
        let line = people.lines().find(|line| line.starts_with(LOGIN)).unwrap();
        let password = line.split_whitespace().nth(1).unwrap().to_owned();
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let base_url = format!("http://127.0.0.1:{port}");
        let answer = http.get(format!("{base_url}/sign-in")).send().await.unwrap();
        let cookie = cookie(&answer);
        let page = answer.text().await.unwrap();
        let token = page.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let mut office = Self { http, base_url, password, visit: (cookie, token), session: String::new() };
        office.session = office.sign_in().await;
        office
    }

    /// Signs in once more; the session's cookie.
    async fn sign_in(&self) -> String {
        let (visit, token) = &self.visit;
        let fields = [("form_token", token.as_str()), ("login", LOGIN), ("password", &self.password)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}/sign-in", self.base_url)).header("cookie", visit);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 303, "not signed in");
        cookie(&answer)
    }

    async fn open(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.base_url)).header("cookie", &self.session);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.text().await.unwrap()
    }
}

fn cookie(answer: &reqwest::Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn measure_lists(nguon: u32, office: &Office, database: &mut Database) {
    println!("a list of products, {REQUESTS} requests each, one after the other, session's look-up included");
    for (name, path) in LISTS {
        let (n_at_once, n_times) = WARM_UP;
        for _ in 0..n_times {
            futures_util::future::join_all((0..n_at_once).map(|_| office.open(path))).await;
        }
        let n_before = database.transactions().await;
        let (cpu, postgres) = (cpu_seconds(nguon), database.cpu_seconds());
        let mut n_bytes = 0;
        for _ in 0..REQUESTS {
            n_bytes = black_box(office.open(path).await).len();
        }
        let per_request = |seconds: f64| seconds * 1e3 / f64::from(REQUESTS);
        let cpu = per_request(cpu_seconds(nguon) - cpu);
        let postgres = per_request(database.cpu_seconds() - postgres);
        // Reading the figures is a transaction itself.
        let n_queries = (database.transactions().await - n_before - 1) as f64 / f64::from(REQUESTS);
        println!(
            "  {name}: {cpu:.2} ms server CPU + {postgres:.2} ms Postgres · {n_queries:.2} queries · {n_bytes} bytes"
        );
    }
}

async fn measure_sign_ins(nguon: u32, office: &Office, database: &mut Database) {
    let stored = format!("SELECT password_hash AS value FROM accounts WHERE login = '{LOGIN}'");
    let stored = database.text(&stored).await;
    let hash = PasswordHash::new(&stored).unwrap();
    let params = Params::try_from(&hash).unwrap();
    let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let (mut of_bare, mut of_sign_in) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu_seconds(std::process::id());
        for _ in 0..SIGN_INS {
            black_box(argon2.verify_password(office.password.as_bytes(), &hash)).unwrap();
        }
        of_bare.push((cpu_seconds(std::process::id()) - before) * 1e3 / f64::from(SIGN_INS));
        let before = cpu_seconds(nguon);
        for _ in 0..SIGN_INS {
            office.sign_in().await;
        }
        of_sign_in.push((cpu_seconds(nguon) - before) * 1e3 / f64::from(SIGN_INS));
    }
    let (bare, sign_in) = (median(&mut of_bare), median(&mut of_sign_in));
    println!(
        "signing in: {sign_in:.2} ms server CPU, of which bare argon2 {bare:.2} ms = {:.1} % (median of {ROUNDS} runs of {SIGN_INS})",
        100.0 * bare / sign_in
    );
}

fn measure_import(folder: &Path, data: &Path) {
    let workbook = write_workbook(folder, "large", IMPORTED);
    let n_bytes = fs::metadata(&workbook).unwrap().len();
    for what in ["all of them new", "all of them there already"] {
        let (seconds, peak) = import(data, &workbook);
        println!(
            "importing {IMPORTED} rows ({n_bytes} bytes of XLSX), {what}: {seconds:.2} s, at most {peak:.1} MB RSS"
        );
    }
}

/// A workbook of products with certificates, under the headings of a register file.
fn write_workbook(folder: &Path, name: &str, n_rows: usize) -> std::path::PathBuf {
    const HEADINGS: [&str; 14] = [
        "product",
        "product_set",
        "producer",
        "producer_kind",
        "village",
        "commune_code",
        "commune",
        "stars",
        "certificate_no",
        "issuer",
        "from",
        "to",
        "standards",
        "shelf_life",
    ];
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in (0..).zip(HEADINGS) {
        sheet.write_string(0, column, heading).unwrap();
    }
    for (row, n) in (1..).zip(0..n_rows) {
        let stars = if n % 2 == 0 { "3" } else { "4" };
        let cells = [
            format!("Sản phẩm {name} {n}"),
            (1 + n % 13).to_string(),
            format!("Hợp tác xã {name} {}", n / PER_PRODUCER),
            "cooperative".to_owned(),
            format!("thôn {}", n / PER_PRODUCER),
            "01843".to_owned(),
            "Phường Bắc Kạn".to_owned(),
            stars.to_owned(),
            format!("{n}/GCN-{name}"),
            "UBND tỉnh Thái Nguyên".to_owned(),
            "2025-01-01".to_owned(),
            "2027-12-31".to_owned(),
            "TCCS 01:2025, TCVN 12940:2020".to_owned(),
            "12 tháng".to_owned(),
        ];
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    let path = folder.join(format!("{name}.xlsx"));
    workbook.save(&path).unwrap();
    path
}

/// Imports a file beside the running server; seconds it took, and the most memory it had, MB.
fn import(data: &Path, file: &Path) -> (f64, f64) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nguon"))
        .args(["register", "import", file.to_str().unwrap()])
        .env("NGUON_DATA", data)
        .env("RUST_LOG", "warn")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // The kernel keeps the peak; a process that has ended has none to show.
        peak = peak.max(peak_bytes(child.id()).unwrap_or_default());
        std::thread::sleep(LOOK_AGAIN);
    };
    assert!(status.success(), "the import was refused");
    (began.elapsed().as_secs_f64(), peak / 1e6)
}

fn peak_bytes(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? * 1024.0)
}

/// The fields of /proc/PID/stat after the name: the state, the parent, and so on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit(") ").next()?.split(' ').map(str::to_owned).collect())
}

fn cpu_of(stat: &[String]) -> f64 {
    (stat[11].parse::<f64>().unwrap() + stat[12].parse::<f64>().unwrap()) / TICKS
}

fn cpu_seconds(pid: u32) -> f64 {
    cpu_of(&stat(pid).unwrap())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
