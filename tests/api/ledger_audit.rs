//! `nguon audit` against a running server and against exported folders: the real command with each of its exit codes, and what an
//! auditor holds in hand when the operator has rewritten history.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::fs;
use std::path::Path;

use chrono::Utc;
use nguon::merkle::{KeyKind, KeyName, SignerKey, hash_leaf};
use nguon::stamp::BatchNo;

use crate::commands::{Outcome, Place, bare_command, free_port};
use crate::ledger_stage::seal_all;
use crate::world::World;

/// A log of today, and an auditor with a folder of their own.
struct Stage {
    world: World,
    place: Place,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        world.clock.move_to(Utc::now());
        world.enter_many(296).await;
        // With today's manifest behind them.
        world.seal().await;
        Self { world, place: Place::new() }
    }

    /// A log whose database the test is going to spoil.
    async fn to_be_spoilt() -> Self {
        let mut stage = Self::new().await;
        stage.world.is_ledger_whole = false;
        stage
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.place.run(arguments)
    }

    /// Audits the server with the memory of earlier audits.
    fn audit(&self, arguments: &[&str]) -> Outcome {
        self.run(&[&["audit", &self.world.base_url, "--state", "memory.json"], arguments].concat())
    }

    async fn grow(&self) {
        self.world.enter_many(5).await;
        self.world.seal().await;
    }

    /// The operator, who holds the key, changes what an entry says, makes everything else fit, and lets the log sign anew.
    async fn rewrite_history(&self) {
        let rows = self.world.test_db.entries().await;
        let victim = rows.iter().find(|row| row.ledger_index == Some(123)).unwrap();
        let text = String::from_utf8(victim.bytes.clone()).unwrap();
        let changed = text.replace("\"n\":119", "\"n\":999");
        assert_ne!(changed, text);
        let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let (bytes, leaf) = (hex(changed.as_bytes()), hex(hash_leaf(changed.as_bytes()).as_bytes()));
        let sql = format!(
            "UPDATE ledger_entries SET bytes = '\\x{bytes}', leaf_hash = '\\x{leaf}' WHERE ledger_index = 123;
             UPDATE ledger_entries SET ledger_index = NULL; UPDATE ledger_state SET size = 0;
             DELETE FROM ledger_cosignatures; DELETE FROM ledger_checkpoints; DELETE FROM ledger_tiles"
        );
        self.world.test_db.tamper(&sql).await;
        fs::remove_file(self.world.high_water_path()).unwrap();
        seal_all(&self.world, &self.world.second_ledger("ledger-high-water")).await;
    }

    fn path(&self, name: &str) -> String {
        self.place.path(name).to_str().unwrap().to_owned()
    }
}

fn said(outcome: &Outcome) -> String {
    format!("{}{}", outcome.stdout, outcome.stderr)
}

#[actix_web::test]
async fn a_log_that_only_grew_is_whole_each_time_and_its_first_key_is_not_pinned_in_silence() {
    let stage = Stage::new().await;
    let vkey = stage.world.ledger.verifier().to_string();
    let first = stage.audit(&[]).done();
    assert!(said(&first).contains(&vkey), "{}", said(&first));
    for arguments in [&[][..], &["--full"], &["--vkey", &vkey]] {
        stage.audit(arguments).done();
        stage.grow().await;
        stage.audit(arguments).done();
    }
}

#[actix_web::test]
async fn a_log_that_does_not_answer_ends_with_1() {
    let stage = Stage::new().await;
    let nobody = format!("http://127.0.0.1:{}", free_port());
    stage.run(&["audit", &nobody, "--state", "memory.json"]).ended(1);
    stage.run(&["audit", &stage.path("no-such-folder"), "--state", "memory.json"]).ended(1);
}

/// The auditor ends with 2, and the file that they get is verified by anyone, offline.
fn assert_fork_with_evidence(stage: &Stage, arguments: &[&str]) {
    let found = stage.audit(&[arguments, &["--evidence-to", "proof"]].concat()).ended(2);
    assert!(said(&found).contains("proof"), "{}", said(&found));
    let anywhere = |arguments: &[&str]| Outcome::of(&mut bare_command(Path::new("/tmp"), arguments));
    let file = stage.path("proof");
    let vkey = stage.world.ledger.verifier().to_string();
    anywhere(&["audit", "--evidence", &file]).ended(2);
    anywhere(&["audit", "--evidence", &file, "--vkey", &vkey]).ended(2);
    let proof = fs::read_to_string(&file).unwrap();
    assert!(proof.contains(&vkey) && proof.matches("\u{2014} ").count() >= 2, "{proof}");
    let changed = stage.path("changed");
    fs::write(&changed, proof.replacen("-----BEGIN first", "-----BEGIN frist", 1)).unwrap();
    anywhere(&["audit", "--evidence", &changed]).ended(64);
}

#[actix_web::test]
async fn history_rewritten_under_the_same_size_is_a_fork_with_evidence() {
    let stage = Stage::to_be_spoilt().await;
    stage.audit(&[]).done();
    stage.rewrite_history().await;
    assert_fork_with_evidence(&stage, &[]);
    // And again: what the log signed once is never forgotten.
    stage.audit(&[]).ended(2);
}

#[actix_web::test]
async fn history_rewritten_in_a_log_that_went_on_is_a_fork_with_evidence() {
    let stage = Stage::to_be_spoilt().await;
    stage.audit(&[]).done();
    stage.grow().await;
    stage.rewrite_history().await;
    stage.world.enter_many(400).await;
    seal_all(&stage.world, &stage.world.second_ledger("ledger-high-water")).await;
    assert_fork_with_evidence(&stage, &[]);
}

#[actix_web::test]
async fn a_checkpoint_that_somebody_kept_is_enough_to_prove_a_fork() {
    let stage = Stage::to_be_spoilt().await;
    fs::write(stage.path("kept"), stage.world.public.get("/ledger/checkpoint").await.body).unwrap();
    stage.audit(&["--checkpoint", "kept"]).done();
    fs::remove_file(stage.path("memory.json")).unwrap();
    stage.rewrite_history().await;
    stage.world.enter_many(3).await;
    seal_all(&stage.world, &stage.world.second_ledger("ledger-high-water")).await;
    assert_fork_with_evidence(&stage, &["--checkpoint", "kept"]);
}

#[actix_web::test]
async fn a_log_with_fewer_entries_than_it_signed_is_rolled_back() {
    let stage = Stage::to_be_spoilt().await;
    let (backup, before) = (stage.world.test_db.copy("backup").await, stage.world.test_db.tree_size().await);
    stage.grow().await;
    stage.audit(&[]).done();
    let after = stage.world.test_db.tree_size().await;
    stage.world.test_db.put_back(&backup).await;
    let found = stage.audit(&[]).ended(3);
    for size in [before, after] {
        assert!(said(&found).contains(&size.to_string()), "{}", said(&found));
    }
    stage.audit(&[]).ended(3);
}

#[actix_web::test]
async fn an_entry_that_was_changed_behind_the_servers_back_ends_with_4_and_is_named() {
    let stage = Stage::to_be_spoilt().await;
    stage.audit(&[]).done();
    let flip =
        "UPDATE ledger_entries SET bytes = set_byte(bytes, 50, get_byte(bytes, 50) # 1) WHERE ledger_index = 271";
    stage.world.test_db.tamper(flip).await;
    let found = stage.audit(&["--full"]).ended(4);
    assert!(said(&found).contains("271"), "{}", said(&found));
    stage.run(&["audit", &stage.world.base_url, "--state", "another.json"]).ended(4);
}

#[actix_web::test]
async fn a_checkpoint_under_another_key_ends_with_4_or_is_refused() {
    let stage = Stage::new().await;
    let name = KeyName::parse(stage.world.ledger.verifier().name().as_str()).unwrap();
    let other = SignerKey::new(name, KeyKind::Ed25519, &[9; 32]).unwrap().verifier().to_string();
    stage.run(&["audit", &stage.world.base_url, "--state", "other.json", "--vkey", &other]).ended(4);
    stage.audit(&[]).done();
    let refused = stage.audit(&["--vkey", &other]).ended(64);
    assert!(refused.stderr.contains("another key"), "{}", refused.stderr);
}

#[actix_web::test]
async fn a_log_without_news_for_long_is_stale_unless_one_asked_to_wait_longer() {
    let stage = Stage { world: World::new().await, place: Place::new() };
    stage.world.clock.move_to(Utc::now() - chrono::TimeDelta::hours(60));
    stage.grow().await;
    stage.audit(&[]).ended(5);
    stage.audit(&["--stale-after", "72"]).done();
}

#[actix_web::test]
async fn a_log_without_the_witnesses_that_were_asked_for_is_stale() {
    let stage = Stage::new().await;
    let witness = SignerKey::new(KeyName::parse("bao.example").unwrap(), KeyKind::Cosignature, &[5; 32]).unwrap();
    fs::write(stage.path("policy"), format!("witness báo {}\nquorum báo\n", witness.verifier())).unwrap();
    stage.audit(&["--policy", "policy"]).ended(5);
    fs::write(stage.path("policy"), format!("witness báo {}\nquorum none\n", witness.verifier())).unwrap();
    stage.audit(&["--policy", "policy"]).done();
}

#[actix_web::test]
async fn a_command_that_makes_no_sense_ends_with_64() {
    let stage = Stage::new().await;
    let url = stage.world.base_url.as_str();
    for arguments in [
        &["audit"][..],
        &["audit", url, "--database"],
        &["audit", url, "--evidence", "x"],
        &["audit", url, "--stale-after", "0"],
        &["audit", url, "--no-such-flag"],
        &["audit", url, "--vkey", "x"],
        &["audit", url, "--vkey", "@no-such-file"],
        &["audit", url, "--checkpoint", "no-such-file"],
        &["audit", url, "--policy", "no-such-file"],
        &["audit", "ftp://example.com/ledger"],
        &["audit", "http://user:secret@example.com/ledger"],
        &["audit", "--evidence", "no-such-file"],
    ] {
        stage.run(arguments).ended(64);
    }
    fs::write(stage.path("memory.json"), "{}").unwrap();
    stage.audit(&[]).ended(64);
}

#[actix_web::test]
async fn an_exported_copy_is_audited_like_the_server_and_a_damaged_file_is_named() {
    let stage = Stage::new().await;
    let copy = stage.path("so-cai");
    let audit = |state: &str| stage.run(&["audit", &copy, "--state", state]);
    stage.world.ledger.export(Path::new(&copy)).await.unwrap();
    audit("a.json").done();
    stage.grow().await;
    stage.world.ledger.export(Path::new(&copy)).await.unwrap();
    audit("a.json").done();
    let served = stage.world.public.get("/ledger/tile/entries/000").await.body;
    let file = Path::new(&copy).join("tile/entries/000");
    assert_eq!(fs::read(&file).unwrap(), served, "the copy is what the server answers with");
    let mut damaged = served.clone();
    damaged[60] ^= 1;
    fs::write(&file, damaged).unwrap();
    audit("b.json").ended(4);
    fs::write(&file, &served).unwrap();
    audit("b.json").done();
    fs::remove_file(file).unwrap();
    audit("c.json").ended(1);
}

#[actix_web::test]
async fn a_proof_file_is_checked_offline_with_the_key_alone() {
    let stage = Stage::new().await;
    stage.world.enter(7).await;
    stage.world.enter(7).await;
    stage.world.seal().await;
    let prove = async |n| stage.world.ledger.prove(BatchNo::new(7).unwrap(), n).await.unwrap();
    let (proof, other) = (prove(1).await, prove(2).await);
    let vkey = stage.world.ledger.verifier().to_string();
    let verify = |text: &str, key: &str| {
        fs::write(stage.path("x.tlog-proof"), text).unwrap();
        let arguments = ["ledger", "verify", &stage.path("x.tlog-proof"), "--vkey", key];
        Outcome::of(&mut bare_command(Path::new("/tmp"), &arguments))
    };
    verify(&proof, &vkey).ended(0);
    let line = |text: &str| text.lines().find(|line| line.starts_with("extra ")).unwrap().to_owned();
    verify(&proof.replace(&line(&proof), &line(&other)), &vkey).ended(4);
    let size = proof.split_once("\n\n").unwrap().1.lines().nth(1).unwrap().to_owned();
    verify(&proof.replace(&format!("\n{size}\n"), "\n999\n"), &vkey).ended(2);
    let name = stage.world.ledger.verifier().name().clone();
    let stranger = SignerKey::new(name, KeyKind::Ed25519, &[9; 32]).unwrap().verifier().to_string();
    verify(&proof, &stranger).ended(2);
    verify("không phải bằng chứng", &vkey).ended(64);
    stage.run(&["ledger", "verify", "x.tlog-proof"]).ended(64);
}
