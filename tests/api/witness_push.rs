//! Witnesses that are asked (push mode): `nguon witness serve` answers `add-checkpoint` with the statuses of tlog-witness v1.0.0, the
//! server asks the witnesses of its policy by itself, and a witness that holds more than the server has stops the ledger.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs;
use std::time::{Duration, Instant};

use nguon::merkle::{Hash, KeyKind, NoteSignature, SignedCheckpoint, SignerKey, TreeHead, VerifierKey};
use nguon::witness::origin_hash;
use serde_json::json;

use crate::commands::{Server, free_port};
use crate::ledger_stage::mark_in;
use crate::log::PublishedLog;
use crate::witness::{Deployment, cosigned_by};
use crate::world::{Answer, Client};

const KEY_NAME: &str = "vien.example/witness";
const FOLDER: &str = "vien";
/// A witness is asked every ten seconds.
const PATIENCE: Duration = Duration::from_mins(1);
const TEXT: &str = "text/plain; charset=utf-8";
const SIZE: &str = "text/x.tlog.size";

impl Deployment {
    /// Starts the witness of a folder for this deployment's log.
    fn serve_witness(&self, http: &str) -> Server {
        let log = self.signer.verifier().to_string();
        let arguments = ["witness", "serve", "--state", FOLDER, "--listen", http, "--log", &log];
        Server::spawn(self.place.command(&arguments), http).once(Server::is_alive)
    }
}

/// A log with two published checkpoints, and a witness that was asked for neither.
struct Stage {
    deployment: Deployment,
    _witness: Server,
    key: VerifierKey,
    counter: Client,
    small: SignedCheckpoint,
    large: SignedCheckpoint,
    log: PublishedLog,
}

impl Stage {
    async fn new() -> Self {
        let deployment = Deployment::new().await;
        let key = deployment.make_witness(FOLDER, KEY_NAME);
        let server = deployment.place.start("serve");
        let client = Client::new(&server.base_url, None);
        let newest = async || {
            let note = client.get("/ledger/checkpoint").await.body;
            SignedCheckpoint::open(&note, deployment.signer.verifier()).unwrap()
        };
        let small = newest().await;
        for _ in 0..3 {
            deployment.grow(&server).await;
        }
        let (large, log) = (newest().await, PublishedLog::fetch_whole(&client).await);
        let witness = deployment.serve_witness(&format!("127.0.0.1:{}", free_port()));
        let counter = Client::new(&witness.base_url, None);
        Self { deployment, _witness: witness, key, counter, small, large, log }
    }

    /// The proof from a size to the large checkpoint, by the crate of others.
    fn proof(&self, old: u64) -> Vec<String> {
        let reader = tlog_tiles::TileHashReader::new(self.large.head().size, *self.log.checkpoint.hash(), &self.log);
        let proof = tlog_tiles::prove_tree(self.large.head().size, old, &reader).unwrap();
        proof.iter().map(|hash| Hash::new(hash.0).to_string()).collect()
    }

    async fn add(&self, old: u64, proof: &[String], checkpoint: &SignedCheckpoint) -> Answer {
        let proof = proof.join("\n");
        let end = if proof.is_empty() { "" } else { "\n" };
        self.post(format!("old {old}\n{proof}{end}\n{checkpoint}")).await
    }

    async fn post(&self, body: String) -> Answer {
        self.counter.send(self.counter.request("POST", "/add-checkpoint").body(body)).await
    }

    /// Has the witness cosign the small checkpoint.
    async fn has_small(self) -> Self {
        assert_eq!(self.add(0, &[], &self.small).await.status, 200);
        self
    }

    #[track_caller]
    fn assert_cosigned(&self, answer: &Answer, checkpoint: &SignedCheckpoint) {
        assert_eq!((answer.status, answer.header("content-type")), (200, TEXT), "{}", answer.text());
        let mut cosigned = checkpoint.clone();
        for line in NoteSignature::parse_lines(&answer.text()).unwrap() {
            cosigned.add_cosignature(line, &self.key).unwrap();
        }
        let log = self.deployment.signer.verifier();
        assert_eq!(cosigned_by(&cosigned.to_string(), log, std::slice::from_ref(&self.key)), [KEY_NAME]);
    }
}

#[track_caller]
fn check(answer: &Answer, status: u16, media_type: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, media_type), "{}", answer.text());
}

#[actix_web::test]
async fn a_log_that_only_grew_is_cosigned_200() {
    let stage = Stage::new().await;
    let first = stage.add(0, &[], &stage.small).await;
    stage.assert_cosigned(&first, &stage.small);
    let old = stage.small.head().size;
    let second = stage.add(old, &stage.proof(old), &stage.large).await;
    stage.assert_cosigned(&second, &stage.large);
    let new = stage.large.head().size;
    stage.assert_cosigned(&stage.add(new, &[], &stage.large).await, &stage.large);
}

#[actix_web::test]
async fn a_request_that_is_none_is_400() {
    let stage = Stage::new().await.has_small().await;
    let large = &stage.large;
    let old = stage.small.head().size;
    for body in [
        String::new(),
        "old 0".to_owned(),
        format!("old 0{old}\n\n{large}"),
        format!("old -1\n\n{large}"),
        format!("old {old}\nkhông phải băm\n\n{large}"),
        format!("old {old}\r\n\r\n{large}"),
        format!("old {old}\n{}\n{large}", format!("{}\n", Hash::EMPTY_ROOT).repeat(64)),
        format!("old {}\n\n{large}", large.head().size + 1),
    ] {
        check(&stage.post(body).await, 400, TEXT);
    }
}

#[actix_web::test]
async fn a_checkpoint_that_the_logs_key_did_not_sign_is_403() {
    let stage = Stage::new().await;
    let origin = stage.deployment.signer.verifier().name().clone();
    let thief = SignerKey::new(origin.clone(), KeyKind::Ed25519, &[9; 32]).unwrap();
    let forged = nguon::merkle::Checkpoint { origin, head: *stage.small.head() }.sign(&thief).unwrap();
    check(&stage.add(0, &[], &forged).await, 403, TEXT);
    let size = stage.small.head().size;
    let changed = stage.small.to_string().replace(&format!("\n{size}\n"), &format!("\n{}\n", size + 1));
    check(&stage.post(format!("old 0\n\n{changed}")).await, 403, TEXT);
}

#[actix_web::test]
async fn a_log_that_the_witness_does_not_follow_is_404() {
    let stage = Stage::new().await;
    let name = nguon::merkle::KeyName::parse("khac.example/ledger").unwrap();
    let other = SignerKey::new(name.clone(), KeyKind::Ed25519, &[9; 32]).unwrap();
    let foreign = nguon::merkle::Checkpoint { origin: name, head: TreeHead::EMPTY }.sign(&other).unwrap();
    check(&stage.add(0, &[], &foreign).await, 404, TEXT);
}

#[actix_web::test]
async fn another_old_size_is_409_with_the_size_that_was_cosigned_last() {
    let stage = Stage::new().await.has_small().await;
    let old = stage.small.head().size;
    for claimed in [0, old - 1, old + 1] {
        let proof = if claimed == 0 { Vec::new() } else { stage.proof(claimed) };
        let answer = stage.add(claimed, &proof, &stage.large).await;
        check(&answer, 409, SIZE);
        assert_eq!(answer.text(), format!("{old}\n"), "{claimed}");
    }
}

#[actix_web::test]
async fn a_second_root_for_the_last_size_is_409() {
    let stage = Stage::new().await.has_small().await;
    let old = stage.small.head().size;
    let fork = stage.deployment.sign(old, Hash::EMPTY_ROOT);
    let answer = stage.add(old, &[], &fork).await;
    check(&answer, 409, SIZE);
    assert_eq!(answer.text(), format!("{old}\n"));
}

#[actix_web::test]
async fn a_log_whose_proof_does_not_hold_is_422() {
    let stage = Stage::new().await.has_small().await;
    let old = stage.small.head().size;
    check(&stage.add(old, &[], &stage.large).await, 422, TEXT);
    let mut proof = stage.proof(old);
    proof[0] = Hash::EMPTY_ROOT.to_string();
    check(&stage.add(old, &proof, &stage.large).await, 422, TEXT);
    let fork = stage.deployment.sign(stage.large.head().size, Hash::EMPTY_ROOT);
    check(&stage.add(old, &stage.proof(old), &fork).await, 422, TEXT);
}

#[actix_web::test]
async fn what_was_refused_leaves_the_witnesss_record_as_it_was() {
    let stage = Stage::new().await.has_small().await;
    let record = format!("/{}/checkpoint", origin_hash(stage.deployment.signer.verifier().name()));
    let before = stage.counter.get(&record).await.text();
    let old = stage.small.head().size;
    stage.add(old, &[], &stage.large).await;
    stage.add(old, &[], &stage.deployment.sign(old, Hash::EMPTY_ROOT)).await;
    stage.add(0, &[], &stage.large).await;
    assert_eq!(stage.counter.get(&record).await.text(), before);
    assert!(before.starts_with(&stage.small.to_string()), "{before}");
}

#[actix_web::test]
async fn the_record_of_a_witness_outlives_its_process() {
    let deployment = Deployment::new().await;
    deployment.make_witness(FOLDER, KEY_NAME);
    let http = format!("127.0.0.1:{}", free_port());
    let server = deployment.place.start("serve");
    let note = Client::new(&server.base_url, None).get("/ledger/checkpoint").await.text();
    let ask = async || {
        let witness = deployment.serve_witness(&http);
        let counter = Client::new(&witness.base_url, None);
        let answer = counter.send(counter.request("POST", "/add-checkpoint").body(format!("old 0\n\n{note}"))).await;
        witness.kill_hard();
        answer.status
    };
    assert_eq!([ask().await, ask().await], [200, 409]);
}

/// A server that asks a witness of its policy, and the witness; nothing was asked yet.
async fn asking_stage() -> (Deployment, Server, VerifierKey) {
    let deployment = Deployment::new().await;
    let key = deployment.make_witness(FOLDER, KEY_NAME);
    let http = format!("127.0.0.1:{}", free_port());
    let witness = deployment.serve_witness(&http);
    let deployment = deployment.with_policy(&format!("witness viện {key} http://{http}\nquorum viện\n"));
    // A first checkpoint, so that there is something to be asked about from the start.
    drop(deployment.place.start("serve"));
    (deployment, witness, key)
}

#[actix_web::test]
async fn the_server_asks_the_witnesses_of_its_policy_and_serves_their_word() {
    let (deployment, _witness, key) = asking_stage().await;
    let server = deployment.place.start("serve");
    let client = Client::new(&server.base_url, None);
    let witnessed = client.until("/ledger/checkpoint/witnessed", 200).await.text();
    assert_eq!(cosigned_by(&witnessed, deployment.signer.verifier(), &[key]), [KEY_NAME]);
}

#[actix_web::test]
async fn a_witness_that_is_away_keeps_nobody_from_working() {
    let (deployment, witness, _) = asking_stage().await;
    witness.kill_hard();
    let server = deployment.place.start("serve");
    deployment.grow(&server).await;
    assert_eq!(Client::new(&server.base_url, None).get("/readyz").await.status, 200);
}

#[actix_web::test]
async fn a_witness_that_holds_more_than_the_restored_database_stops_the_ledger() {
    let (deployment, _witness, _) = asking_stage().await;
    let backup = deployment.test_db.copy("backup").await;
    let server = deployment.place.start("serve");
    deployment.grow(&server).await;
    drop(server);
    // Started anew, it asks at once.
    let server = deployment.place.start("serve");
    let client = Client::new(&server.base_url, None);
    let size = mark_in(&deployment.place.data().join("ledger-high-water")).unwrap();
    let cosigned = format!("\n{size}\n");
    let began = Instant::now();
    while !client.until("/ledger/checkpoint/witnessed", 200).await.text().contains(&cosigned) {
        assert!(began.elapsed() < PATIENCE, "the newest checkpoint is never cosigned");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(server);
    deployment.put_back(&backup).await;
    let checkpoints = deployment.test_db.checkpoints().await;

    let server = deployment.place.start_unready();
    let client = Client::new(&server.base_url, None);
    client.until("/readyz", 503).await;
    let token = fs::read_to_string(deployment.place.data().join("office.token")).unwrap();
    let office = client.with_token(token.trim());
    let suspend = format!("/api/v1/batches/{}/suspend", deployment.batch_no);
    office.post(&suspend, &json!({ "reason": "x" })).await.assert_problem(503, "ledger-halted");
    assert_eq!(deployment.test_db.checkpoints().await, checkpoints, "signed before the witness was asked");
}
