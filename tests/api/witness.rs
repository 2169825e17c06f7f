//! Witnesses that go and look (pull mode): the real command against a real server, which takes their word, serves it with its
//! checkpoint, and believes them when they hold more than it has.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs;
use std::path::PathBuf;

use chrono::Utc;
use nguon::clock::Clock;
use nguon::keys::{Keys, Secret};
use nguon::ledger::{Ledger, LedgerMarks, LedgerParts, Line, Seal, WitnessPolicy};
use nguon::merkle::{
    Checkpoint, Hash, KeyKind, KeyName, NoteSignature, SignedCheckpoint, SignerKey, TreeHead, VerifierKey, cosign,
};
use nguon::stamp::{BatchNo, Issuer};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::commands::{Outcome, Place, Server};
use crate::log::{ProofFile, PublishedLog};
use crate::world::{Answer, Client, ISSUER, TestDb};

/// The witness of most tests by its name in the policy, and in its signatures.
const NAME: &str = "báo-Thái-Nguyên";
const KEY_NAME: &str = "bao.example/witness";

/// A deployment of commands with one batch, and witnesses beside it.
pub(crate) struct Deployment {
    pub(crate) test_db: TestDb,
    pub(crate) place: Place,
    pub(crate) batch_no: u64,
    /// The log's key, opened as the operator can.
    pub(crate) signer: SignerKey,
}

impl Deployment {
    pub(crate) async fn new() -> Self {
        let test_db = TestDb::new().await;
        let place = Place::on(&test_db).await;
        let batch_no = place.found();
        let secret = Secret::read(&place.data().join("secret")).unwrap();
        let keys = Keys::new(test_db.db.clone(), Clock::system(), secret, Issuer::new(ISSUER).unwrap());
        let signer = keys.reload().await.unwrap().ledger_signer().unwrap().clone();
        Self { test_db, place, batch_no, signer }
    }

    /// Makes a witness with a folder of this name; its key.
    pub(crate) fn make_witness(&self, folder: &str, key_name: &str) -> VerifierKey {
        let made = self.place.run(&["witness", "init", "--name", key_name, "--state", folder]).done();
        VerifierKey::parse(made.stdout.trim_end()).unwrap()
    }

    /// Names witnesses to the server, as it starts the next time.
    pub(crate) fn with_policy(mut self, policy: &str) -> Self {
        let file = self.place.path("witnesses");
        fs::write(&file, policy).unwrap();
        self.place = self.place.with("NGUON_WITNESSES", file.to_str().unwrap());
        self
    }

    /// Runs a witness once.
    pub(crate) fn pull(&self, server: &Server, folder: &str) -> Outcome {
        self.place.run(&["witness", "pull", &server.base_url, "--state", folder])
    }

    /// One more entry, sealed.
    pub(crate) async fn grow(&self, server: &Server) {
        self.place.mint(self.batch_no, 1);
        let n_entries = self.test_db.n_entries().await;
        let client = Client::new(&server.base_url, None);
        loop {
            let note = client.get("/ledger/checkpoint").await.text();
            if note.lines().nth(1).unwrap().parse::<i64>().unwrap() >= n_entries {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The deployment's ledger as a process that knows this policy has it.
    pub(crate) fn ledger(&self, policy: &str) -> Ledger {
        Ledger::new(LedgerParts {
            db: self.test_db.db.clone(),
            clock: Clock::system(),
            signer: self.signer.clone(),
            high_water: LedgerMarks::open(&self.place.data().join("ledger-high-water")).unwrap(),
            witnesses: WitnessPolicy::parse(policy, None).unwrap(),
        })
    }

    async fn lines(&self, policy: &str) -> Vec<Line> {
        let batch_no = BatchNo::new(u32::try_from(self.batch_no).unwrap()).unwrap();
        self.ledger(policy).lines_of(batch_no, None, 100).await.unwrap()
    }

    /// A checkpoint signed with the log's key, whatever it says.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> SignedCheckpoint {
        let origin = self.signer.verifier().name().clone();
        Checkpoint { origin, head: TreeHead { size, root } }.sign(&self.signer).unwrap()
    }

    /// The database as it was, no memory of anything newer, and an operator who takes it for the newest.
    pub(crate) async fn put_back(&self, backup: &str) {
        self.test_db.put_back(backup).await;
        fs::remove_file(self.place.data().join("ledger-high-water")).unwrap();
        self.place.run(&["ledger", "resume", "--without-mark"]).done();
    }
}

pub(crate) fn policy_of(key: &VerifierKey) -> String {
    format!("witness {NAME} {key}\nquorum {NAME}\n")
}

/// Who of these cosigned a note, and when.
pub(crate) fn cosigned_by(note: &str, log: &VerifierKey, witnesses: &[VerifierKey]) -> Vec<String> {
    let checkpoint = SignedCheckpoint::open(note.as_bytes(), log).unwrap();
    let found = checkpoint.cosignatures(witnesses).unwrap();
    found.iter().map(|cosignature| cosignature.witness.as_str().to_owned()).collect()
}

/// A server whose policy names one witness.
async fn stage() -> (Deployment, Server, VerifierKey) {
    let deployment = Deployment::new().await;
    let key = deployment.make_witness("lam-chung", KEY_NAME);
    let deployment = deployment.with_policy(&policy_of(&key));
    let server = deployment.place.start("serve");
    (deployment, server, key)
}

#[actix_web::test]
async fn a_pulled_cosignature_is_served_with_the_checkpoint_and_named_on_the_batchs_lines() {
    let (deployment, server, key) = stage().await;
    let client = Client::new(&server.base_url, None);
    assert_eq!(client.get("/ledger/checkpoint/witnessed").await.status, 404, "nobody cosigned yet");
    let said = deployment.pull(&server, "lam-chung").done();
    assert!(said.stderr.contains("LẦN ĐẦU"), "the key was pinned in silence: {}", said.stderr);
    for path in ["/ledger/checkpoint", "/ledger/checkpoint/witnessed"] {
        let note = client.get(path).await.text();
        assert_eq!(cosigned_by(&note, deployment.signer.verifier(), std::slice::from_ref(&key)), [KEY_NAME], "{path}");
    }
    for line in deployment.lines(&policy_of(&key)).await {
        let Seal::Sealed { witnesses, .. } = line.seal else { panic!("{line:?}") };
        let names: Vec<&str> = witnesses.iter().map(|by| by.name.as_str()).collect();
        assert_eq!(names, [NAME]);
    }
    PublishedLog::fetch_whole(&client).await;
}

#[actix_web::test]
async fn a_proof_carries_the_cosignature_of_the_checkpoint_that_it_stands_on() {
    let (deployment, server, key) = stage().await;
    deployment.pull(&server, "lam-chung").done();
    deployment.grow(&server).await;
    let client = Client::new(&server.base_url, None);
    let path = format!("/batches/{}/1.tlog-proof", deployment.batch_no);
    let proof = ProofFile::read(&client.get(&path).await.text());
    let log = deployment.signer.verifier();
    proof.assert_proves(&log.to_string());
    assert_eq!(cosigned_by(&proof.note, log, &[key]), [KEY_NAME], "the newest checkpoint has no cosignature yet");
}

#[actix_web::test]
async fn a_witness_follows_the_log_and_its_latest_word_counts_once() {
    let (deployment, server, key) = stage().await;
    let client = Client::new(&server.base_url, None);
    for _ in 0..2 {
        deployment.pull(&server, "lam-chung").done();
        deployment.pull(&server, "lam-chung").done();
        let note = client.get("/ledger/checkpoint").await.text();
        assert_eq!(note.matches(KEY_NAME).count(), 1, "{note}");
        deployment.grow(&server).await;
    }
    let newest = client.get("/ledger/checkpoint").await.text();
    let witnessed = client.get("/ledger/checkpoint/witnessed").await.text();
    assert!(!newest.contains(KEY_NAME) && witnessed.contains(KEY_NAME));
    assert_eq!(cosigned_by(&witnessed, deployment.signer.verifier(), &[key]), [KEY_NAME]);
}

#[actix_web::test]
async fn a_witness_that_the_policy_does_not_name_is_refused() {
    let (deployment, server, _) = stage().await;
    deployment.make_witness("nguoi-la", "la.example/witness");
    let refused = deployment.pull(&server, "nguoi-la").ended(1);
    assert!(refused.stderr.contains("không có trong danh sách của sổ cái"), "{}", refused.stderr);
    let note = Client::new(&server.base_url, None).get("/ledger/checkpoint").await.text();
    assert!(!note.contains("la.example"), "{note}");
}

#[actix_web::test]
async fn a_witness_of_a_copy_on_a_stick_writes_a_file_that_anyone_may_bring_to_the_server() {
    let (deployment, server, key) = stage().await;
    let copy = deployment.place.path("so-cai");
    deployment.place.run(&["ledger", "export", copy.to_str().unwrap()]).done();
    let pull = ["witness", "pull", copy.to_str().unwrap(), "--state", "lam-chung"];
    deployment.place.run(&pull).ended(64);
    let out = deployment.place.path("cosigned");
    deployment.place.run(&[&pull[..], &["--out", out.to_str().unwrap()]].concat()).done();
    let client = Client::new(&server.base_url, None);
    let note = fs::read_to_string(out).unwrap();
    assert_eq!(post(&client, note).await.status, 204);
    let served = client.get("/ledger/checkpoint").await.text();
    assert_eq!(cosigned_by(&served, deployment.signer.verifier(), &[key]), [KEY_NAME]);
}

async fn post(client: &Client, note: String) -> Answer {
    client.send(client.request("POST", "/ledger/cosignatures").body(note)).await
}

#[actix_web::test]
async fn a_cosignature_is_taken_only_for_a_published_checkpoint_by_a_named_witness_that_signed_it() {
    let deployment = Deployment::new().await;
    let name = KeyName::parse(KEY_NAME).unwrap();
    let witness = SignerKey::new(name, KeyKind::Cosignature, &[5; 32]).unwrap();
    let stranger = SignerKey::new(KeyName::parse("la.example").unwrap(), KeyKind::Cosignature, &[6; 32]).unwrap();
    let deployment = deployment.with_policy(&policy_of(witness.verifier()));
    let server = deployment.place.start("serve");
    let client = Client::new(&server.base_url, None);
    let note = client.get("/ledger/checkpoint").await.text();
    let now = u64::try_from(Utc::now().timestamp()).unwrap();
    let published = SignedCheckpoint::open(note.as_bytes(), deployment.signer.verifier()).unwrap();
    let line = |key: &SignerKey, time: u64| cosign(&published, key, time).unwrap().to_string();

    post(&client, note.clone()).await.assert_problem(422, "invalid");
    post(&client, "không phải điểm chốt".to_owned()).await.assert_problem(422, "invalid");
    post(&client, format!("{note}{}", line(&stranger, now))).await.assert_problem(403, "unknown-witness");
    post(&client, format!("{note}{}", line(&witness, now + 3 * 86_400))).await.assert_problem(422, "invalid");
    post(&client, format!("{note}{}", "x".repeat(20_000))).await.assert_problem(413, "body-too-large");
    // A cosignature of another text.
    let other = deployment.sign(2, Hash::EMPTY_ROOT);
    let false_line = cosign(&other, &witness, now).unwrap().to_string();
    post(&client, format!("{note}{false_line}")).await.assert_problem(422, "invalid");
    // Another log's checkpoint.
    let other_log = SignerKey::new(KeyName::parse("x.example/ledger").unwrap(), KeyKind::Ed25519, &[7; 32]).unwrap();
    let foreign = Checkpoint { origin: other_log.verifier().name().clone(), head: *published.head() };
    let foreign = foreign.sign(&other_log).unwrap().to_string();
    post(&client, format!("{foreign}{}", line(&witness, now))).await.assert_problem(422, "invalid");
    // A tree of ours that was never published as such.
    let size = published.head().size - 1;
    let root = PublishedLog::fetch_whole(&client).await.root_at(size).0;
    let between = deployment.sign(size, Hash::new(root));
    let cosigned = format!("{between}{}", cosign(&between, &witness, now).unwrap());
    post(&client, cosigned).await.assert_problem(409, "unknown-checkpoint");
    assert!(!client.get("/ledger/checkpoint").await.text().contains(KEY_NAME));

    let good = format!("{note}{}", line(&witness, now));
    assert_eq!(post(&client, good).await.status, 204);
    let earlier = format!("{note}{}", line(&witness, now - 100));
    assert_eq!(post(&client, earlier).await.status, 204);
    let served = client.get("/ledger/checkpoint").await.text();
    assert!(served.contains(&line(&witness, now)), "an earlier word replaced the later one");
    assert_eq!(NoteSignature::parse_lines(served.split_once("\n\n").unwrap().1).unwrap().len(), 2);
    assert_eq!(client.get("/readyz").await.status, 200, "none of this is an alarm");
}

#[actix_web::test]
async fn a_checkpoint_that_a_witness_holds_and_a_restored_database_does_not_know_stops_the_ledger() {
    let (deployment, server, _) = stage().await;
    server.stop(Signal::SIGTERM);
    let backup = deployment.test_db.copy("backup").await;
    let server = deployment.place.start("serve");
    deployment.grow(&server).await;
    let out = deployment.place.path("cosigned");
    let copy = deployment.place.path("so-cai");
    deployment.place.run(&["ledger", "export", copy.to_str().unwrap()]).done();
    let pull = ["witness", "pull", copy.to_str().unwrap(), "--state", "lam-chung", "--out", out.to_str().unwrap()];
    deployment.place.run(&pull).done();
    drop(server);
    deployment.put_back(&backup).await;

    let server = deployment.place.start("serve");
    let client = Client::new(&server.base_url, None);
    let answer = post(&client, fs::read_to_string(&out).unwrap()).await;
    assert!(400 <= answer.status, "{}", answer.status);
    client.until("/readyz", 503).await;
    let token = fs::read_to_string(deployment.place.data().join("office.token")).unwrap();
    let office = client.with_token(token.trim());
    let suspend = format!("/api/v1/batches/{}/suspend", deployment.batch_no);
    office.post(&suspend, &json!({ "reason": "x" })).await.assert_problem(503, "ledger-halted");
    assert!(server.said().contains("fork-signed-by-us"), "{}", server.said());
    // The witness itself sees that there is less than it cosigned.
    assert!(deployment.pull(&server, "lam-chung").ended(3).stderr.contains("ROLLBACK"));
}

/// The evidence files in a witness's folder.
fn evidence_in(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut unseen = vec![folder];
    while let Some(folder) = unseen.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                unseen.push(entry.path());
            } else if fs::read(entry.path()).unwrap().starts_with(b"nguon ledger fork evidence") {
                found.push(entry.path());
            }
        }
    }
    found
}

#[actix_web::test]
async fn a_log_that_was_rewritten_is_not_cosigned_and_the_witness_keeps_the_evidence() {
    let (deployment, server, _) = stage().await;
    server.stop(Signal::SIGTERM);
    let backup = deployment.test_db.copy("backup").await;
    let server = deployment.place.start("serve");
    deployment.grow(&server).await;
    deployment.pull(&server, "lam-chung").done();
    drop(server);
    // Another history behind what the backup has, signed with the same key.
    deployment.put_back(&backup).await;
    let ledger = deployment.ledger("quorum none\n");
    for batch_no in [7, 8, 9] {
        crate::ledger_stage::enter(&deployment.test_db.db, Some(batch_no), Utc::now()).await.unwrap();
    }
    ledger.seal_pending().await.unwrap();
    let server = deployment.place.start_unready();
    let refused = deployment.pull(&server, "lam-chung").ended(2);
    assert!(refused.stderr.contains("FORK"), "{}", refused.stderr);
    let evidence = evidence_in(deployment.place.path("lam-chung"));
    assert_eq!(evidence.len(), 1);
    deployment.place.run(&["audit", "--evidence", evidence[0].to_str().unwrap()]).ended(2);
}
