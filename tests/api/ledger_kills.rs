//! Kills: two instances on one database under 32 writers, while applications, single connections and the whole of Postgres are ended
//! with SIGKILL again and again. No gap, no duplicate, no fork, and whatever was acknowledged has its proof.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use futures_util::future::join_all;
use nguon::db::cluster::{Cluster, ClusterConfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::commands::{Place, Server, today};
use crate::log::{ProofFile, PublishedLog, Watcher};
use crate::world::Client;

const N_WRITERS: usize = 32;
/// Between two orders of a writer: some hundred a second in all.
const PAUSE: Duration = Duration::from_millis(250);
/// An answer that does not come is asked for again, from the other instance.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Everything is back well before.
const PATIENCE: Duration = Duration::from_mins(1);
/// Work between two kills.
const BETWEEN_KILLS: Duration = Duration::from_millis(700);

/// A Postgres of this test's own, so that it may be killed.
struct Postgres {
    folder: TempDir,
    cluster: Option<Cluster>,
}

impl Postgres {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("nguon-kills-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let mut this = Self { folder, cluster: None };
        this.start_again();
        this
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start_again(&mut self) {
        let config = ClusterConfig { data_dir: self.data(), launcher: PathBuf::from(env!("CARGO_BIN_EXE_nguon")) };
        self.cluster = Some(Cluster::start_or_attach(&config, &|_| {}).unwrap());
    }

    fn url(&self, database: &str) -> String {
        self.cluster.as_ref().unwrap().url(database)
    }

    async fn sql(&self, text: &str) {
        let mut conn = AsyncPgConnection::establish(&self.url("postgres")).await.unwrap();
        conn.batch_execute(text).await.unwrap();
    }

    fn postmaster(&self) -> i32 {
        let text = fs::read_to_string(self.data().join("pg/postmaster.pid")).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    /// Kills one process that serves a connection; Postgres then ends all others and recovers by itself.
    fn kill_backend(&self) {
        let backends = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let entry = entry.ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let command = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            let is_ours = status.contains(&format!("\nPPid:\t{}\n", self.postmaster()));
            (is_ours && command.contains(" kills ")).then(|| entry.file_name().to_str().unwrap().parse().unwrap())
        });
        if let Some(pid) = backends.collect::<Vec<i32>>().first() {
            kill(Pid::from_raw(*pid), Signal::SIGKILL).unwrap();
        }
    }

    /// Kills the postmaster, waits until nothing of it runs, and starts it anew on what is on the disk.
    fn kill_and_start_again(&mut self) {
        let postmaster = self.postmaster();
        kill(Pid::from_raw(postmaster), Signal::SIGKILL).unwrap();
        let began = Instant::now();
        while self.cluster.as_ref().unwrap().is_alive() {
            assert!(began.elapsed() < PATIENCE, "the postmaster does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.cluster = None;
        self.start_again();
    }
}

/// Everything that may be killed.
struct Machines {
    servers: [Option<Server>; 2],
    places: [Place; 2],
    postgres: Postgres,
}

impl Machines {
    fn kill_app(&mut self, which: usize) {
        self.servers[which].take().unwrap().kill_hard();
    }

    fn start_app(&mut self, which: usize) {
        self.servers[which] = Some(self.places[which].start_unready());
    }

    fn do_round(&mut self, round: Round) {
        match round {
            Round::App(which) => {
                self.kill_app(which);
                self.start_app(which);
            }
            Round::Apps => {
                self.kill_app(0);
                self.kill_app(1);
                self.start_app(1);
                self.start_app(0);
            }
            Round::Backend => self.postgres.kill_backend(),
            Round::Postgres => self.postgres.kill_and_start_again(),
            Round::Everything => {
                self.kill_app(0);
                self.postgres.kill_and_start_again();
                self.kill_app(1);
                self.start_app(0);
                self.start_app(1);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Round {
    App(usize),
    Apps,
    Backend,
    Postgres,
    Everything,
}

const ROUNDS: [Round; 9] = [
    Round::App(0),
    Round::Backend,
    Round::App(1),
    Round::Postgres,
    Round::Apps,
    Round::Backend,
    Round::App(0),
    Round::Everything,
    Round::App(1),
];

/// A stamp that somebody was told of: batch and serial.
type Acknowledged = (u64, u64);

/// Orders one stamp after the other, each until it is acknowledged, now from the one instance and now from the other.
async fn write(clients: [Client; 2], batch_no: u64, is_over: Arc<AtomicBool>) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let key = format!("{batch_no}-{}", acknowledged.len());
        let began = Instant::now();
        for client in clients.iter().cycle().skip(acknowledged.len() % 2) {
            if let Some(first) = order(client, batch_no, &key).await {
                acknowledged.push((batch_no, first));
                break;
            }
            assert!(began.elapsed() < PATIENCE, "order {key} is never answered");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
    acknowledged
}

async fn order(client: &Client, batch_no: u64, key: &str) -> Option<u64> {
    let request = client.request("POST", &format!("/api/v1/batches/{batch_no}/stamps"));
    let request = request.header("Idempotency-Key", key).json(&json!({ "count": 1 })).timeout(ANSWER_TIMEOUT);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
    assert!([200, 201, 409, 500, 502, 503, 504].contains(&status), "{status}: {body}");
    body["first"].as_u64().filter(|_| status < 300)
}

/// Looks at the checkpoint through both instances, one after the other, until it is over.
async fn watch(clients: [Client; 2], vkey: String, is_over: Arc<AtomicBool>) -> Watcher {
    let mut watcher = Watcher::default();
    for client in clients.iter().cycle() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let asked = client.request("GET", "/ledger/checkpoint").timeout(ANSWER_TIMEOUT).send().await;
        if let Ok(answer) = asked
            && answer.status().as_u16() == 200
            && let Ok(note) = answer.bytes().await
        {
            watcher.saw(&note, &vkey);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    watcher
}

/// Two instances with data folders of their own, one secret, one database, and a batch for each writer.
async fn stage() -> (Machines, [Client; 2], Vec<u64>) {
    let postgres = spawn_blocking(Postgres::start).await.unwrap();
    postgres.sql("CREATE DATABASE kills").await;
    let url = postgres.url("kills");
    let one = Place::new().with("DATABASE_URL", &url);
    let first_batch = one.found();
    let secret = one.data().join("secret");
    let token = fs::read_to_string(one.data().join("office.token")).unwrap();
    let other = Place::new().with("DATABASE_URL", &url).with("NGUON_SECRET_FILE", secret.to_str().unwrap());
    fs::create_dir_all(other.data()).unwrap();
    let mut machines = Machines { servers: [None, None], places: [one, other], postgres };
    machines.servers[0] = Some(machines.places[0].start("serve"));
    // A machine that is new knows of nothing that was published; whoever sets it up vouches for the database.
    machines.places[1].run(&["ledger", "resume", "--without-mark"]).done();
    machines.start_app(1);
    let clients =
        [0, 1].map(|which| Client::new(&format!("http://{}", machines.places[which].http()), Some(token.trim())));
    let mut batches = vec![first_batch];
    for n in 1..N_WRITERS {
        let body = json!({ "product_no": 1, "lot": format!("L-{n}"), "packed_on": today().pred_opt().unwrap() });
        let opened = clients[0].post("/api/v1/batches", &body).await;
        assert_eq!(opened.status, 201, "{}", opened.text());
        batches.push(opened.json()["batch_no"].as_u64().unwrap());
    }
    (machines, clients, batches)
}

/// Every entry is published.
async fn until_sealed(client: &Client, n_acknowledged: usize) -> PublishedLog {
    let began = Instant::now();
    loop {
        client.until("/readyz", 200).await;
        let log = PublishedLog::fetch(client).await;
        let n_runs = log.read_entries().iter().filter(|entry| entry["kind"] == "run_minted").count();
        if n_acknowledged <= n_runs {
            return log;
        }
        assert!(began.elapsed() < PATIENCE, "{n_runs} runs are published, {n_acknowledged} were acknowledged");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[actix_web::test]
async fn two_instances_under_32_writers_lose_and_fork_nothing_whatever_is_killed() {
    let (mut machines, clients, batches) = stage().await;
    let vkey = clients[0].until("/ledger/vkey", 200).await.text().trim_end().to_owned();
    let is_over = Arc::new(AtomicBool::new(false));
    let watching = actix_web::rt::spawn(watch(clients.clone(), vkey.clone(), Arc::clone(&is_over)));
    let writing: Vec<_> = batches
        .iter()
        .map(|batch_no| actix_web::rt::spawn(write(clients.clone(), *batch_no, Arc::clone(&is_over))))
        .collect();
    for round in ROUNDS {
        tokio::time::sleep(BETWEEN_KILLS).await;
        machines = spawn_blocking(move || {
            machines.do_round(round);
            machines
        })
        .await
        .unwrap();
    }
    tokio::time::sleep(BETWEEN_KILLS).await;
    is_over.store(true, Ordering::Relaxed);
    let acknowledged: Vec<Acknowledged> = join_all(writing).await.into_iter().flat_map(Result::unwrap).collect();
    let watcher = watching.await.unwrap();

    let log = until_sealed(&clients[0], acknowledged.len()).await;
    log.assert_whole();
    watcher.assert_one_history(&log);
    assert!(ROUNDS.len() < watcher.n_seen(), "{} checkpoints were seen", watcher.n_seen());
    // No stamp twice and none missing: each was minted alone, so each has its entry.
    let mut places = BTreeMap::new();
    for entry in log.read_entries().iter().filter(|entry| entry["kind"] == "run_minted") {
        let stamp = (entry["batch"].as_u64().unwrap(), entry["public"]["first"].as_u64().unwrap());
        assert!(places.insert(stamp, entry["n"].as_u64().unwrap()).is_none(), "{stamp:?} was entered twice");
    }
    let distinct: BTreeSet<&Acknowledged> = acknowledged.iter().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "a stamp was acknowledged twice");
    for (n, batch_no) in batches.iter().enumerate() {
        let serials: Vec<u64> = places.keys().filter(|(of, _)| of == batch_no).map(|(_, serial)| *serial).collect();
        assert_eq!(serials, (1..=u64::try_from(serials.len()).unwrap()).collect::<Vec<_>>(), "writer {n}");
    }
    let proving = futures_util::stream::iter(&acknowledged).map(async |stamp| {
        let n = places.get(stamp).unwrap_or_else(|| panic!("{stamp:?} was acknowledged and is not in the log"));
        let path = format!("/batches/{}/{n}.tlog-proof", stamp.0);
        (path.clone(), clients[usize::try_from(n % 2).unwrap()].get(&path).await)
    });
    let proofs: Vec<_> = proving.buffer_unordered(16).collect().await;
    for (path, answer) in proofs {
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        ProofFile::read(&answer.text()).assert_proves(&vkey);
    }
    let audit = spawn_blocking(move || machines.places[0].run(&["audit", "--database"])).await.unwrap();
    audit.done();
}
