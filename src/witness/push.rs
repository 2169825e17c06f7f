//! Asking a witness elsewhere to cosign a checkpoint of ours (C2SP tlog-witness v1.0.0, the log's side). It must never believe an
//! answer that its witness's key did not sign, but for one thing: a witness that says it saw more of us than we have is heard.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use crate::error::{Error, Result};
use crate::ledger::policy::Witness as Named;
use crate::merkle::{Hash, KeyName, NoteSignature, SignedCheckpoint};
use crate::monitor::cause;

use super::request::{AddCheckpoint, parse_size};
use super::state::origin_hash;

/// A witness that cannot be reached in this time is tried again later.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nor is one that has not answered by then: it has one checkpoint to judge.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answer that is read, bytes: a few signature lines of the largest kind.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Of a refusal the first words are told, characters.
const MAX_REASON_CHARS: usize = 200;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// The checkpoint with the witness's cosignature, which was verified.
    Cosigned(Box<SignedCheckpoint>),
    /// The witness cosigned a tree of ours with this many entries, and this checkpoint has fewer.
    AheadOfUs(u64),
    /// The witness cosigned another tree than ours with this many entries.
    OtherTree(u64),
    /// Another answer: its status, and what it says.
    Refused {
        /// HTTP status.
        status: u16,
        /// For the log.
        reason: String,
    },
    /// No answer.
    Unreachable(String),
}

/// Asks witnesses, each over a connection that is kept.
#[derive(Clone, Debug)]
pub struct Pusher {
    http: Client,
}

/// One answer.
enum Answer {
    Lines(Vec<NoteSignature>),
    Size(u64),
    /// The proof does not lead from what the witness has to what we have.
    Inconsistent,
    Other(PushOutcome),
}

impl Pusher {
    /// Opens no connection yet. Redirections are not followed: a policy names the address.
    pub fn new() -> Result<Self> {
        let http = Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT).redirect(Policy::none());
        Ok(Self { http: http.build().map_err(Error::internal)? })
    }

    /// Asks the witness at this address to cosign; `old_size` is what it cosigned last as far as is known, 0 if nothing is. When it
    /// names another size it is asked once more, from that one. `prove` gives the consistency proof from a size to the checkpoint's.
    pub async fn push(
        &self,
        url: &str,
        witness: &Named,
        checkpoint: &SignedCheckpoint,
        old_size: u64,
        prove: impl AsyncFn(u64) -> Result<Vec<Hash>>,
    ) -> Result<PushOutcome> {
        let size = checkpoint.head().size;
        let first = old_size.min(size);
        let named = match self.ask(url, checkpoint, first, prove(first).await?).await {
            Answer::Size(named) => named,
            other => return Ok(conclude(other, witness, checkpoint, first)),
        };
        if size < named {
            return Ok(PushOutcome::AheadOfUs(named));
        }
        if named == first {
            return Ok(conclude(Answer::Size(named), witness, checkpoint, first));
        }
        let second = self.ask(url, checkpoint, named, prove(named).await?).await;
        Ok(conclude(second, witness, checkpoint, named))
    }

    /// The last checkpoint of a log that the witness says it cosigned (C2SP tlog-witness, monitor retrieval), if it shows one. Whose it
    /// is and what it proves is for the caller to find out.
    pub async fn read_last(&self, url: &str, origin: &KeyName) -> Option<Vec<u8>> {
        let address = format!("{}/{}/checkpoint", url.trim_end_matches('/'), origin_hash(origin));
        let mut response = self.http.get(address).send().await.ok()?;
        let body = read_limited(&mut response).await.ok()?;
        (response.status() == StatusCode::OK).then_some(body)
    }

    async fn ask(&self, url: &str, checkpoint: &SignedCheckpoint, old_size: u64, proof: Vec<Hash>) -> Answer {
        let request = AddCheckpoint { old_size, proof, checkpoint: checkpoint.note().clone() };
        let address = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        match self.send(&address, request.to_string()).await {
            Ok((status, body)) => read_answer(status, &body),
            Err(err) => Answer::Other(PushOutcome::Unreachable(cause(&err))),
        }
    }

    async fn send(&self, address: &str, body: String) -> Result<(StatusCode, Vec<u8>), reqwest::Error> {
        let mut response = self.http.post(address).body(body).send().await?;
        let answer = read_limited(&mut response).await?;
        Ok((response.status(), answer))
    }
}

/// Reads an answer; one that is too long is cut off, and then is neither lines nor a size nor a note any more.
async fn read_limited(response: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        answer.extend_from_slice(&chunk);
        if MAX_ANSWER_BYTES < answer.len() {
            answer.truncate(MAX_ANSWER_BYTES);
            break;
        }
    }
    Ok(answer)
}

fn read_answer(status: StatusCode, body: &[u8]) -> Answer {
    let said = match status {
        StatusCode::OK => {
            str::from_utf8(body).ok().and_then(|text| NoteSignature::parse_lines(text).ok()).map(Answer::Lines)
        }
        StatusCode::CONFLICT => parse_size(body).map(Answer::Size),
        StatusCode::UNPROCESSABLE_ENTITY => Some(Answer::Inconsistent),
        _ => None,
    };
    said.unwrap_or_else(|| {
        let reason = String::from_utf8_lossy(body).chars().take(MAX_REASON_CHARS).filter(|c| !c.is_control()).collect();
        Answer::Other(PushOutcome::Refused { status: status.as_u16(), reason })
    })
}

/// What the answer to a request from `old_size` means.
fn conclude(answer: Answer, witness: &Named, checkpoint: &SignedCheckpoint, old_size: u64) -> PushOutcome {
    let size = checkpoint.head().size;
    match answer {
        Answer::Lines(lines) => take_lines(lines, witness, checkpoint),
        Answer::Size(named) if size < named => PushOutcome::AheadOfUs(named),
        // It has this size, and yet not this tree (tlog-witness v1.0.0).
        Answer::Size(named) if named == size && old_size == size => PushOutcome::OtherTree(named),
        Answer::Size(named) => PushOutcome::Refused {
            status: StatusCode::CONFLICT.as_u16(),
            reason: format!("it has a checkpoint of {named} entries now; another instance may be asking too"),
        },
        // The empty tree is consistent with every other, so there is nothing to hold against us.
        Answer::Inconsistent if old_size == 0 => PushOutcome::Refused {
            status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
            reason: "it finds fault with a proof from the empty tree".to_owned(),
        },
        Answer::Inconsistent => PushOutcome::OtherTree(old_size),
        Answer::Other(outcome) => outcome,
    }
}

/// Lines of other keys are passed over; one under the witness's key has to verify.
fn take_lines(lines: Vec<NoteSignature>, witness: &Named, checkpoint: &SignedCheckpoint) -> PushOutcome {
    let refused = |reason: String| PushOutcome::Refused { status: StatusCode::OK.as_u16(), reason };
    let mut cosigned = checkpoint.clone();
    let mut n_taken = 0;
    for line in lines.into_iter().filter(|line| line.is_under(&witness.key)) {
        if let Err(err) = cosigned.add_cosignature(line, &witness.key) {
            return refused(err.to_string());
        }
        n_taken += 1;
    }
    if n_taken == 0 {
        return refused(format!("no line is signed with the key of {}", witness.name));
    }
    PushOutcome::Cosigned(Box::new(cosigned))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::ledger::policy::WitnessPolicy;
    use crate::merkle::{VerifierKey, prove_consistency};
    use crate::witness::answering::Counter;
    use crate::witness::testing::{Log, witness};
    use crate::witness::{Witness, start};

    fn named(key: &VerifierKey) -> Named {
        let text = format!("witness báo {key}\nquorum none\n");
        WitnessPolicy::parse(&text, None).unwrap().witnesses()[0].clone()
    }

    /// A real witness of this log at its counter; the address.
    fn serve(witness: &Witness, log: &Log) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let counter = Counter::open(witness.clone(), vec![log.known()]).unwrap();
        actix_web::rt::spawn(start(listener, counter).unwrap());
        url
    }

    /// Something that gives everyone this answer; the address.
    async fn answer_always(answer: String) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        actix_web::rt::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = answer.clone();
                actix_web::rt::spawn(async move {
                    let _ = stream.read(&mut vec![0; 64 * 1024]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                    // What is left unread at the end would cut the answer off.
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                });
            }
        });
        url
    }

    fn http(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    async fn push(url: &str, key: &VerifierKey, log: &Log, old: u64, new: u64) -> PushOutcome {
        let prove = async |old| Ok(prove_consistency(&log.tiles, old, new).unwrap());
        Pusher::new().unwrap().push(url, &named(key), &log.checkpoint(new), old, prove).await.unwrap()
    }

    fn cosigned_size(outcome: &PushOutcome, key: &VerifierKey) -> Option<u64> {
        let PushOutcome::Cosigned(checkpoint) = outcome else { return None };
        let found = checkpoint.cosignatures(std::slice::from_ref(key)).unwrap();
        (found.len() == 1).then_some(checkpoint.head().size)
    }

    #[actix_web::test]
    async fn a_witness_that_is_asked_from_the_wrong_size_is_asked_again_from_its_own() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(600));
        let witness = witness(dir.path());
        let url = serve(&witness, &log);
        let key = witness.verifier();
        for (old, new) in [(0, 5), (0, 300), (7, 300), (300, 600), (900, 600)] {
            let outcome = push(&url, key, &log, old, new).await;
            assert_eq!(cosigned_size(&outcome, key), Some(new), "{outcome:?}");
        }
    }

    #[actix_web::test]
    async fn a_witness_that_saw_more_says_how_much() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(600));
        let witness = witness(dir.path());
        let url = serve(&witness, &log);
        push(&url, witness.verifier(), &log, 0, 600).await;
        assert_eq!(push(&url, witness.verifier(), &log, 0, 400).await, PushOutcome::AheadOfUs(600));
        assert_eq!(push(&url, witness.verifier(), &log, 400, 400).await, PushOutcome::AheadOfUs(600));
        // And shows what we signed.
        let shown = Pusher::new().unwrap().read_last(&url, log.known().origin()).await.unwrap();
        let shown = log.known().check(crate::merkle::Note::parse(&shown).unwrap()).unwrap();
        assert_eq!(shown.head(), log.checkpoint(600).head());
    }

    #[actix_web::test]
    async fn a_witness_that_saw_another_tree_is_heard() {
        let (dir, log, fork) = (tempfile::tempdir().unwrap(), Log::of(600), Log::forked(600, 100));
        let witness = witness(dir.path());
        let url = serve(&witness, &log);
        push(&url, witness.verifier(), &log, 0, 300).await;
        for (old, new) in [(0, 600), (300, 600), (0, 300), (300, 300)] {
            assert_eq!(push(&url, witness.verifier(), &fork, old, new).await, PushOutcome::OtherTree(300));
        }
    }

    #[actix_web::test]
    async fn lines_of_another_key_are_no_cosignature() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(9));
        let url = serve(&witness(dir.path()), &log);
        let other_dir = tempfile::tempdir().unwrap();
        let other = witness(other_dir.path());
        assert!(matches!(push(&url, other.verifier(), &log, 0, 9).await, PushOutcome::Refused { status: 200, .. }));
    }

    #[actix_web::test]
    async fn a_false_signature_under_the_witnesss_key_is_refused() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(9));
        let witness = witness(dir.path());
        let line = crate::merkle::cosign(&log.checkpoint(8), &witness.state().read_key().unwrap(), 1).unwrap();
        let url = answer_always(http("200 OK", &line.to_string())).await;
        assert!(matches!(push(&url, witness.verifier(), &log, 0, 9).await, PushOutcome::Refused { status: 200, .. }));
    }

    #[actix_web::test]
    async fn answers_that_make_no_sense_are_refused_by_their_status() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(9));
        let witness = witness(dir.path());
        for (answer, expected) in [
            (http("200 OK", "thanks\n"), 200),
            (http("200 OK", &"x".repeat(2 * MAX_ANSWER_BYTES)), 200),
            (http("409 Conflict", "07\n"), 409),
            (http("409 Conflict", "0\n"), 409),
            (http("422 Unprocessable Entity", "no\n"), 422),
            (http("302 Found", ""), 302),
            (http("500 Internal Server Error", "\u{1b}[2J"), 500),
        ] {
            let url = answer_always(answer).await;
            match push(&url, witness.verifier(), &log, 0, 9).await {
                PushOutcome::Refused { status, reason } => {
                    assert_eq!(status, expected);
                    assert!(!reason.contains('\u{1b}') && reason.chars().count() <= 200);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[actix_web::test]
    async fn a_witness_that_is_not_there_is_unreachable() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(9));
        let witness = witness(dir.path());
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let outcome = push(&format!("http://{free}"), witness.verifier(), &log, 0, 9).await;
        assert!(matches!(outcome, PushOutcome::Unreachable(_)), "{outcome:?}");
    }
}
