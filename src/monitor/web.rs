//! Reading a log over http: with limits on time and size, a few tries, and never from another host than the one named.
//! What comes is bytes of a stranger; nothing is believed here.

use std::error::Error as _;
use std::time::Duration;

use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, StatusCode};
use url::Url;

use crate::error::{Error, Result};

use super::source::SourceFault;

/// Reaching the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that stopped sending.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// One answer as a whole: a megabyte over a slow line.
const TIMEOUT: Duration = Duration::from_mins(2);
/// How often something is asked for before the log counts as out of reach.
const TRIES: u32 = 4;
/// Before the second try; each later one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// Redirects that are followed, on the same host: to https, or to a spelling with or without a slash.
const MAX_REDIRECTS: usize = 3;

/// A log's address and the connections to it.
#[derive(Clone, Debug)]
pub(super) struct Web {
    client: Client,
    /// Ends in a slash.
    base: Url,
}

/// Whether it is worth asking again.
enum Failure {
    Passing(SourceFault),
    Final(SourceFault),
}

impl Web {
    /// Below this address.
    pub(super) fn at(mut base: Url) -> Result<Self> {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = Client::builder()
            .user_agent(concat!("nguon/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::custom(stay_on_host))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client, base })
    }

    /// The same server, one step below.
    pub(super) fn below(&self, step: &str) -> Option<Self> {
        Some(Self { client: self.client.clone(), base: self.base.join(&format!("{step}/")).ok()? })
    }

    /// The address without its last slash.
    pub(super) fn name(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Reads a file of at most `limit` bytes below the base; a passing fault is tried again.
    pub(super) async fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, SourceFault> {
        let mut pause = FIRST_PAUSE;
        let mut n_tries = 1;
        loop {
            match self.read_once(path, limit).await {
                Ok(bytes) => return Ok(bytes),
                Err(Failure::Passing(_)) if n_tries < TRIES => {}
                Err(Failure::Passing(fault) | Failure::Final(fault)) => return Err(fault),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            n_tries += 1;
        }
    }

    async fn read_once(&self, path: &str, limit: usize) -> Result<Vec<u8>, Failure> {
        let unreachable = |why: String| SourceFault::Unreachable { path: path.to_owned(), why };
        let broken = |err: reqwest::Error| Failure::Passing(unreachable(cause(&err)));
        let url = self.base.join(path).map_err(|err| Failure::Final(unreachable(err.to_string())))?;
        let mut answer = self.client.get(url).send().await.map_err(broken)?;
        let status = answer.status();
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Err(Failure::Final(SourceFault::Missing { path: path.to_owned() }));
        }
        if status.is_redirection() {
            return Err(Failure::Final(SourceFault::Elsewhere { path: path.to_owned() }));
        }
        if status != StatusCode::OK {
            let fault = unreachable(format!("HTTP {}", status.as_u16()));
            let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            return Err(if passes { Failure::Passing(fault) } else { Failure::Final(fault) });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if limit < bytes.len() + chunk.len() {
                return Err(Failure::Final(SourceFault::TooLarge { path: path.to_owned(), limit }));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Follows a redirect on the same host, never from https down to http; another one is left standing as the answer.
fn stay_on_host(attempt: Attempt<'_>) -> Action {
    let Some(first) = attempt.previous().first() else { return attempt.stop() };
    let to = attempt.url();
    let is_same_port = to.port_or_known_default() == first.port_or_known_default();
    let is_upgrade =
        first.scheme() == "http" && to.scheme() == "https" && first.port().is_none() && to.port().is_none();
    let stays = to.host_str() == first.host_str() && ((is_same_port && to.scheme() == first.scheme()) || is_upgrade);
    if stays && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Why a request failed: the innermost reason, without the address.
pub(crate) fn cause(err: &reqwest::Error) -> String {
    let mut innermost = err.source();
    while let Some(deeper) = innermost.and_then(std::error::Error::source) {
        innermost = Some(deeper);
    }
    innermost.map_or_else(|| "no answer".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    /// Answers with these, one after the other, each on a connection of its own, and gives the paths that were asked for.
    fn serve(answers: Vec<String>) -> (Web, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Url::parse(&format!("http://{}/ledger", listener.local_addr().unwrap())).unwrap();
        let serving = std::thread::spawn(move || {
            let answer = |answer: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
                let request = String::from_utf8(request).unwrap();
                request.split(' ').nth(1).unwrap().to_owned()
            };
            answers.into_iter().map(answer).collect()
        });
        (Web::at(base).unwrap(), serving)
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_file_is_read_below_the_address() {
        let (web, serving) = serve(vec![answer("200 OK", "", "bytes")]);
        assert_eq!(web.read("tile/0/000.p/5", 5).await.unwrap(), b"bytes");
        assert_eq!(serving.join().unwrap(), ["/ledger/tile/0/000.p/5"]);
    }

    #[tokio::test]
    async fn what_is_not_there_is_asked_for_once() {
        for status in ["404 Not Found", "410 Gone"] {
            let (web, serving) = serve(vec![answer(status, "", "x")]);
            assert_eq!(web.read("vkey", 5).await, Err(SourceFault::Missing { path: "vkey".to_owned() }));
            serving.join().unwrap();
        }
    }

    #[tokio::test]
    async fn a_passing_fault_is_tried_again() {
        let answers = [answer("503 Service Unavailable", "", ""), answer("429 Too Many Requests", "", "")];
        let (web, serving) = serve([answers.to_vec(), vec![answer("200 OK", "", "x")]].concat());
        assert_eq!(web.read("vkey", 5).await.unwrap(), b"x");
        assert_eq!(serving.join().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn an_answer_beyond_the_limit_is_cut_off() {
        let (web, serving) = serve(vec![answer("200 OK", "", "123456")]);
        assert_eq!(web.read("vkey", 5).await, Err(SourceFault::TooLarge { path: "vkey".to_owned(), limit: 5 }));
        serving.join().unwrap();
    }

    #[tokio::test]
    async fn a_redirect_to_another_host_is_not_followed() {
        let (web, serving) = serve(vec![answer("302 Found", "Location: http://example.invalid/vkey\r\n", "")]);
        assert_eq!(web.read("vkey", 5).await, Err(SourceFault::Elsewhere { path: "vkey".to_owned() }));
        serving.join().unwrap();
    }

    #[tokio::test]
    async fn a_redirect_on_the_same_host_is_followed() {
        let (web, serving) =
            serve(vec![answer("308 Permanent Redirect", "Location: /log/vkey\r\n", ""), answer("200 OK", "", "x")]);
        assert_eq!(web.read("vkey", 5).await.unwrap(), b"x");
        assert_eq!(serving.join().unwrap(), ["/ledger/vkey", "/log/vkey"]);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unreachable() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let web = Web::at(Url::parse(&format!("http://{address}")).unwrap()).unwrap();
        assert!(matches!(web.read("vkey", 5).await, Err(SourceFault::Unreachable { .. })));
    }
}
