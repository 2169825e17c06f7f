//! `nguon health`: one request to `/readyz`, for container health checks, with nothing but a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

/// A server that does not answer in this time is not ready.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Where `serve` listens when NGUON_HTTP says nothing.
const DEFAULT_PORT: u16 = 8080;
/// The status line and a little more.
const MAX_ANSWER_BYTES: u64 = 512;

pub(super) fn health(url: Option<&str>) -> ExitCode {
    let ready = target(url).is_some_and(|address| is_ready(address).unwrap_or(false));
    println!("{}", if ready { "ready" } else { "not ready" });
    if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn target(url: Option<&str>) -> Option<SocketAddr> {
    if let Some(url) = url {
        let url = url::Url::parse(url).ok()?;
        return (url.host_str()?, url.port_or_known_default()?).to_socket_addrs().ok()?.next();
    }
    let http = crate::config::process_environment("NGUON_HTTP");
    let port = http
        .as_deref()
        .map_or(Some(DEFAULT_PORT), |http| http.parse::<SocketAddr>().ok().map(|address| address.port()))?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}
