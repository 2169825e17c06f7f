//! `add-checkpoint` over HTTP (C2SP tlog-witness v1.0.0): statuses, media types, limits. Answers are plain text because the format
//! says so. It must never keep a web worker waiting for the disk.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};

use crate::error::{Error, Result};

use super::answering::{Answer, Counter};
use super::policy::Refusal;
use super::request::{MAX_REQUEST_BYTES, SIZE_TYPE, print_size};

/// A client that has not sent its request head by then is let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// A client that has not sent its body, which mostly has less than 4 KiB, by then is let go too.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Logs ask every few seconds; their connection is kept for the next time.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Threads that read requests. Judging happens on others, one request of a log at a time.
const N_WORKERS: usize = 2;
/// Open connections a worker: more logs than one witness follows, and few enough to wait for one lock.
const MAX_CONNECTIONS_PER_WORKER: usize = 128;
/// Running requests get this long to end when the server stops, seconds.
const SHUTDOWN_SECONDS: u64 = 10;
/// What is not a size is a sentence or a signature line.
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// Starts answering on a listener that is already bound; ends on SIGINT or SIGTERM.
pub fn start(listener: TcpListener, counter: Counter) -> Result<Server> {
    let counter = web::Data::new(counter);
    let server = HttpServer::new(move || App::new().app_data(counter.clone()).configure(mount));
    let server = server
        .workers(N_WORKERS)
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .max_connections(MAX_CONNECTIONS_PER_WORKER)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .listen(listener)
        .map_err(Error::internal)?;
    Ok(server.run())
}

fn mount(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/add-checkpoint").route(web::post().to(add_checkpoint)))
        .service(web::resource("/{origin_hash}/checkpoint").route(web::get().to(show_last)))
        .service(web::resource("/healthz").route(web::get().to(show_health)));
}

async fn add_checkpoint(counter: web::Data<Counter>, payload: web::Payload) -> HttpResponse {
    let body = match tokio::time::timeout(BODY_TIMEOUT, payload.to_bytes_limited(MAX_REQUEST_BYTES)).await {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(_))) => return say(StatusCode::BAD_REQUEST, "the body breaks off"),
        Ok(Err(_)) => return say(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than any honest one"),
        Err(_) => return say(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    match tokio::task::spawn_blocking(move || counter.answer(&body)).await.map_err(Error::from).flatten() {
        Ok(answer) => respond(answer),
        Err(error) => fail(&error),
    }
}

/// The statuses of tlog-witness v1.0.0.
fn respond(answer: Answer) -> HttpResponse {
    match answer {
        Answer::Cosigned(lines) => HttpResponse::Ok().content_type(TEXT_TYPE).body(lines),
        Answer::Malformed(reason) => say(StatusCode::BAD_REQUEST, &reason),
        Answer::UnknownLog => say(StatusCode::NOT_FOUND, "this witness does not follow the log of this origin"),
        Answer::NotSigned(reason) => say(StatusCode::FORBIDDEN, &reason.to_string()),
        Answer::Refused(refusal) => match &refusal {
            Refusal::OldBeyondNew { .. } => say(StatusCode::BAD_REQUEST, &refusal.to_string()),
            // v1.0.0 has 409 for a second root too; the drafts after it have 422.
            Refusal::OtherSize { last: size } | Refusal::OtherRoot { size } => {
                HttpResponse::Conflict().content_type(SIZE_TYPE).body(print_size(*size))
            }
            Refusal::Inconsistent(_) => say(StatusCode::UNPROCESSABLE_ENTITY, &refusal.to_string()),
        },
    }
}

/// The last cosigned checkpoint of a log (tlog-witness, monitor retrieval).
async fn show_last(counter: web::Data<Counter>, hash: web::Path<String>) -> HttpResponse {
    match tokio::task::spawn_blocking(move || counter.last(&hash)).await.map_err(Error::from).flatten() {
        Ok(Some(note)) => HttpResponse::Ok().content_type(TEXT_TYPE).body(note),
        Ok(None) => say(StatusCode::NOT_FOUND, "this witness never cosigned a checkpoint of this log"),
        Err(error) => fail(&error),
    }
}

async fn show_health() -> HttpResponse {
    say(StatusCode::OK, "ok")
}

fn say(status: StatusCode, sentence: &str) -> HttpResponse {
    HttpResponse::build(status).content_type(TEXT_TYPE).body(format!("{sentence}\n"))
}

/// Nothing was signed; the cause is for the log alone.
fn fail(error: &Error) -> HttpResponse {
    tracing::error!(alarm = "witness-cannot-sign", error.code = error.code(), error.cause = ?error, "a request was not answered");
    say(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot read or write its record; nothing was signed")
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::dev::{Service, ServiceResponse};
    use actix_web::test::{TestRequest, init_service};

    use super::*;
    use crate::merkle::{Note, NoteSignature, prove_consistency};
    use crate::monitor::Fork;
    use crate::witness::state::origin_hash;
    use crate::witness::testing::{Log, witness};
    use crate::witness::{AddCheckpoint, Witness};

    /// A witness at its counter, in a folder of its own.
    struct Stage {
        dir: tempfile::TempDir,
        witness: Witness,
        log: Log,
    }

    struct Said {
        status: u16,
        media_type: String,
        body: String,
    }

    impl Stage {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let witness = witness(dir.path());
            Self { dir, witness, log: Log::of(300) }
        }

        async fn call(&self, request: TestRequest) -> Said {
            let counter = Counter::open(self.witness.clone(), vec![self.log.known()]).unwrap();
            let app = init_service(App::new().app_data(web::Data::new(counter)).configure(mount)).await;
            let response: ServiceResponse = app.call(request.to_request()).await.unwrap();
            let media_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
            Said {
                status: response.status().as_u16(),
                media_type: media_type.unwrap_or_default(),
                body: String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap(),
            }
        }

        async fn post(&self, body: impl Into<String>) -> Said {
            self.call(TestRequest::post().uri("/add-checkpoint").set_payload(body.into())).await
        }

        /// As an honest log asks.
        async fn add(&self, old: u64, new: u64) -> Said {
            self.post(body(&self.log, old, new)).await
        }

        fn last(&self) -> u64 {
            self.witness.last(&self.log.known()).unwrap().map_or(0, |last| last.checkpoint.head().size)
        }
    }

    fn body(log: &Log, old: u64, new: u64) -> String {
        let proof = prove_consistency(&log.tiles, old, new).unwrap();
        AddCheckpoint { old_size: old, proof, checkpoint: log.checkpoint(new).note().clone() }.to_string()
    }

    #[track_caller]
    fn check(said: &Said, status: u16, media_type: &str) {
        assert_eq!((said.status, said.media_type.as_str()), (status, media_type), "{}", said.body);
    }

    #[actix_web::test]
    async fn a_growing_log_gets_signature_lines_that_verify() {
        let stage = Stage::new();
        for (old, new) in [(0, 3), (3, 256), (256, 300), (300, 300)] {
            let said = stage.add(old, new).await;
            check(&said, 200, TEXT_TYPE);
            let mut checkpoint = stage.log.checkpoint(new);
            for line in NoteSignature::parse_lines(&said.body).unwrap() {
                assert!(checkpoint.add_cosignature(line, stage.witness.verifier()).unwrap() > 0);
            }
            assert_eq!(stage.last(), new);
        }
    }

    #[actix_web::test]
    async fn a_malformed_request_is_400() {
        let stage = Stage::new();
        for body in [String::new(), "old 1".to_owned(), body(&stage.log, 0, 3).replace("old 0", "old 00")] {
            check(&stage.post(body).await, 400, TEXT_TYPE);
        }
    }

    #[actix_web::test]
    async fn a_signed_text_that_is_no_checkpoint_is_400() {
        let stage = Stage::new();
        let note = Note::sign("ocop.example/ledger\n007\n", &stage.log.signer).unwrap();
        check(&stage.post(format!("old 0\n\n{note}")).await, 400, TEXT_TYPE);
    }

    #[actix_web::test]
    async fn an_old_size_beyond_the_checkpoint_is_400() {
        let stage = Stage::new();
        stage.add(0, 9).await;
        let body = body(&stage.log, 0, 5).replace("old 0", "old 9");
        check(&stage.post(body).await, 400, TEXT_TYPE);
    }

    #[actix_web::test]
    async fn an_unknown_log_is_404() {
        let stage = Stage::new();
        let body = body(&stage.log, 0, 3).replace("ocop.example/ledger", "ocop.example/other");
        check(&stage.post(body).await, 404, TEXT_TYPE);
    }

    #[actix_web::test]
    async fn a_checkpoint_that_no_known_key_signed_is_403() {
        let stage = Stage::new();
        check(&stage.post(body(&Log::with_key(300, 8), 0, 3)).await, 403, TEXT_TYPE);
        let changed = body(&stage.log, 0, 3).replace("\n3\n", "\n4\n");
        check(&stage.post(changed).await, 403, TEXT_TYPE);
        assert_eq!(stage.last(), 0);
    }

    #[actix_web::test]
    async fn another_old_size_is_409_with_the_last_size() {
        let stage = Stage::new();
        stage.add(0, 20).await;
        for (old, new) in [(0, 20), (0, 30), (19, 30), (21, 30), (0, 5), (5, 5)] {
            let said = stage.add(old, new).await;
            check(&said, 409, "text/x.tlog.size");
            assert_eq!(said.body, "20\n");
        }
        assert_eq!(stage.last(), 20);
    }

    #[actix_web::test]
    async fn a_second_root_for_the_last_size_is_409() {
        let stage = Stage::new();
        stage.add(0, 20).await;
        let said = stage.post(body(&Log::forked(300, 10), 20, 20)).await;
        check(&said, 409, "text/x.tlog.size");
        assert_eq!(said.body, "20\n");
    }

    #[actix_web::test]
    async fn the_proof_of_a_fork_is_kept() {
        let stage = Stage::new();
        stage.add(0, 20).await;
        stage.post(body(&Log::forked(300, 10), 20, 20)).await;
        let hash = origin_hash(stage.log.known().origin());
        let evidence = std::fs::read(stage.dir.path().join("logs").join(hash).join("fork.evidence")).unwrap();
        let fork = Fork::parse(&evidence).unwrap();
        assert_eq!(fork.second(), &Log::forked(300, 10).checkpoint(20));
    }

    #[actix_web::test]
    async fn a_proof_that_does_not_verify_is_422() {
        let stage = Stage::new();
        check(&stage.post(body(&stage.log, 7, 20).replace("old 7", "old 0")).await, 422, TEXT_TYPE);
        stage.add(0, 20).await;
        check(&stage.post(body(&Log::forked(300, 10), 20, 30)).await, 422, TEXT_TYPE);
        check(&stage.post(body(&stage.log, 0, 30).replace("old 0", "old 20")).await, 422, TEXT_TYPE);
        assert_eq!(stage.last(), 20);
    }

    #[actix_web::test]
    async fn a_body_beyond_the_limit_is_413() {
        let stage = Stage::new();
        check(&stage.post("x".repeat(MAX_REQUEST_BYTES + 1)).await, 413, TEXT_TYPE);
    }

    #[actix_web::test]
    async fn only_post_adds_a_checkpoint() {
        let stage = Stage::new();
        assert_eq!(stage.call(TestRequest::get().uri("/add-checkpoint")).await.status, 405);
        assert_eq!(stage.call(TestRequest::get().uri("/healthz")).await.body, "ok\n");
    }

    #[actix_web::test]
    async fn anyone_may_read_the_last_checkpoint_with_its_cosignature() {
        let stage = Stage::new();
        let uri = format!("/{}/checkpoint", origin_hash(stage.log.known().origin()));
        assert_eq!(stage.call(TestRequest::get().uri(&uri)).await.status, 404);
        stage.add(0, 20).await;
        let said = stage.call(TestRequest::get().uri(&uri)).await;
        check(&said, 200, TEXT_TYPE);
        let checkpoint = stage.log.known().check(Note::parse(said.body.as_bytes()).unwrap()).unwrap();
        assert_eq!(checkpoint.cosignatures(&[stage.witness.verifier().clone()]).unwrap().len(), 1);
        assert_eq!(stage.call(TestRequest::get().uri("/00/checkpoint")).await.status, 404);
    }
}
