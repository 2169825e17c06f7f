//! The running service, measured from outside: server CPU of a scan against a static answer of the same bytes plus one bare
//! `verify_strict`, the two alternated in one run; a mint of a million stamps; memory at rest.
//!
//! Server CPU is user plus system time of the server's process from /proc, divided by the requests it answered. Absolute
//! figures are this machine's; read the ratio. Access log on in both servers, identity encoding, distinct stamps.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot set its stage should fail there"
)]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "figures for reading")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, middleware, web};
use ed25519_dalek::{Signature, VerifyingKey};
use nguon::http::{answer_request, page_headers};
use nguon::stamp::decode;
use serde_json::Value;

/// Runs of each of the two, in turn.
const ROUNDS: usize = 5;
/// Requests a run.
const REQUESTS: usize = 20_000;
/// Connections that ask at the same time.
const CONNECTIONS: usize = 64;
/// Ticks a second in /proc/PID/stat (fixed for user space on Linux).
const TICKS: f64 = 100.0;
/// Makes this binary the static server.
const STATIC_SERVER: &str = "--static-server";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == STATIC_SERVER) {
        nguon::telemetry::start();
        return serve_static(&arguments[2], &arguments[3]);
    }
    let folder = tempfile::Builder::new().prefix("nguon-bench-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let port = free_port();
    let mut nguon = start_demo(folder.path(), port);
    let token = fs::read_to_string(folder.path().join("data/office.token")).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    println!("idle server RSS: {:.1} MB", resident_bytes(nguon.id()) / 1e6);
    mint_a_million(port, token.trim());
    measure_scans(folder.path(), port, token.trim(), nguon.id());
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(nguon.id().try_into().unwrap()),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    nguon.wait().unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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
    child
}

fn serve_static(port: &str, body: &str) {
    let body = fs::read_to_string(body).unwrap();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let answer = |body: web::Data<String>| async move {
        let mut response = HttpResponse::Ok();
        response.insert_header(("vary", "Accept, Accept-Language"));
        response.insert_header(("access-control-allow-origin", "*"));
        page_headers(&mut response);
        response.body(body.as_str().to_owned())
    };
    let body = web::Data::new(body);
    actix_web::rt::System::new()
        .block_on(
            HttpServer::new(move || {
                App::new()
                    .app_data(body.clone())
                    .wrap(middleware::from_fn(answer_request))
                    .route("/s/{digits:.*}", web::get().to(answer))
            })
            .listen(listener)
            .unwrap()
            .run(),
        )
        .unwrap();
}

fn measure_scans(folder: &Path, port: u16, token: &str, nguon: u32) {
    let paths: Vec<String> = stamps(port, token);
    let page = request(&mut connect(port), &get(&paths[0]));
    fs::write(folder.join("page.html"), &page).unwrap();
    let static_port = free_port();
    let mut fixed = Command::new(std::env::current_exe().unwrap())
        .args([STATIC_SERVER, &static_port.to_string(), folder.join("page.html").to_str().unwrap()])
        .stderr(File::create(folder.join("static.log")).unwrap())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    load(static_port, &paths);
    load(port, &paths);
    let (mut of_static, mut of_scan) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_static.push(cpu_per_request(fixed.id(), || load(static_port, &paths)));
        of_scan.push(cpu_per_request(nguon, || load(port, &paths)));
    }
    fixed.kill().unwrap();
    fixed.wait().unwrap();
    let (of_static, of_scan, bare) = (median(&mut of_static), median(&mut of_scan), bare_verify(port, &paths));
    println!(
        "page of {} bytes, {REQUESTS} requests a run, {CONNECTIONS} connections, median of {ROUNDS} runs",
        page.len()
    );
    println!(
        "static answer: {of_static:.1} µs server CPU · bare verify_strict: {bare:.1} µs · scan: {of_scan:.1} µs server CPU"
    );
    println!("scan ÷ (static + verify) = {:.2} (goal: at most 1.25)", of_scan / (of_static + bare));
}

/// Paths of distinct stamps.
fn stamps(port: u16, token: &str) -> Vec<String> {
    let asking = format!(
        "GET /api/v1/batches/1/stamps.csv?first=1&last={REQUESTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    let mut stream = connect(port);
    stream.write_all(asking.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let starts = text.match_indices("/s/").map(|(at, _)| text[at..at + 3 + 187].to_owned());
    starts.filter(|path| path[3..].bytes().all(|b| b.is_ascii_digit())).collect()
}

fn bare_verify(port: u16, paths: &[String]) -> f64 {
    let jwks: Value = serde_json::from_slice(&request(&mut connect(port), &get("/.well-known/jwks.json"))).unwrap();
    let x = jwks["keys"][0]["x"].as_str().unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, x).unwrap();
    let key = VerifyingKey::from_bytes(&bytes.try_into().unwrap()).unwrap();
    let issuer = nguon::config::DEMO_ISSUER.as_bytes();
    let ready: Vec<(Vec<u8>, Signature)> = paths
        .iter()
        .filter_map(|path| {
            let bytes = decode(&path.as_bytes()[3..]).ok()?;
            let (payload, signature) = bytes.split_first_chunk::<13>()?;
            let message =
                [b"vn-ocop-stamp/1\0".as_slice(), &[u8::try_from(issuer.len()).ok()?], issuer, payload].concat();
            Some((message, Signature::from_slice(signature).ok()?))
        })
        .collect();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let before = cpu_seconds(std::process::id());
            for (message, signature) in &ready {
                black_box(key.verify_strict(message, signature)).unwrap();
            }
            (cpu_seconds(std::process::id()) - before) * 1e6 / ready.len() as f64
        })
        .collect();
    median(&mut rounds)
}

fn mint_a_million(port: u16, token: &str) {
    let body = r#"{"count":1000000}"#;
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let asking = format!(
                "POST /api/v1/batches/1/stamps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: bench-{round}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let mut stream = connect(port);
            let began = Instant::now();
            let answer = request(&mut stream, asking.as_bytes());
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["count"], 1_000_000, "{answer}");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    println!(
        "minting 1,000,000 stamps: one row, answered in {:.1} ms (median of {ROUNDS}; goal: under 50 ms)",
        median(&mut times)
    );
}

fn load(port: u16, paths: &[String]) {
    let share = REQUESTS / CONNECTIONS;
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            scope.spawn(move || {
                let mut stream = connect(port);
                for n in 0..share {
                    request(&mut stream, &get(&paths[(connection * share + n) % paths.len()]));
                }
            });
        }
    });
}

fn cpu_per_request(pid: u32, work: impl FnOnce()) -> f64 {
    let before = cpu_seconds(pid);
    work();
    (cpu_seconds(pid) - before) * 1e6 / (REQUESTS / CONNECTIONS * CONNECTIONS) as f64
}

fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS
}

fn resident_bytes(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n").into_bytes()
}

/// Sends one request and reads one answer with a Content-Length; returns its body.
fn request(stream: &mut TcpStream, asking: &[u8]) -> Vec<u8> {
    stream.write_all(asking).unwrap();
    let mut answer = Vec::with_capacity(16_384);
    let mut piece = [0; 16_384];
    loop {
        let n = stream.read(&mut piece).unwrap();
        assert!(0 < n, "the server hung up");
        answer.extend_from_slice(&piece[..n]);
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let length: usize =
            head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        if end + 4 + length <= answer.len() {
            return answer[end + 4..end + 4 + length].to_vec();
        }
    }
}
