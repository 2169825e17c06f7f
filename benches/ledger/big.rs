//! A log of a million entries: what a proof out of it takes, how long it is to export and to audit from outside, beside the hashing that
//! no audit is spared, and how long the database takes to check itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nguon::merkle::{Frontier, SignedCheckpoint, TlogProof, VerifierKey, bundles_of_growth, hash_leaf, read_bundle};

use crate::figures::{Times, median, ms_since};
use crate::log::{Plan, write_log};
use crate::stage::{Ended, Server, Stage, measure_folder, run, run_to};

/// A million entries: 10,000 batches with some hundred entries each, told over a hundred days.
const PLAN: Plan = Plan { size: 1_000_000, per_batch: 100, at_once: 1_000, days: 100 };
/// Batches that have all their entries.
const WHOLE_BATCHES: u64 = 9_000;
/// Proofs that are asked for, one after the other; and before them, not measured.
const PROOFS: (u64, u64) = (2_000, 100);
/// Audits of either kind, each from the first entry on.
const AUDITS: usize = 3;
/// Any prime larger than the numbers it is multiplied with scatters them.
const SCATTER: u64 = 1_000_003;
/// Who cosigns: a proof carries their lines.
const WITNESSES: [&str; 2] = ["baothainguyen.example/witness", "tnu.example/nguon-witness"];

pub(crate) async fn measure_a_million() {
    let stage = Stage::new().await;
    let witnesses = found_witnesses(&stage);
    let began = Instant::now();
    let n_bytes = write_log(&stage, PLAN).await;
    println!(
        "a log of {} entries of {} bytes on average in 10,000 batches, {} manifests, {} witnesses (written in {:.0} s)",
        PLAN.size,
        n_bytes as u64 / PLAN.size,
        PLAN.days - 1,
        WITNESSES.len(),
        began.elapsed().as_secs_f64()
    );
    let server = stage.serve().await;
    println!("  a server on it is ready, manifest and checkpoint of the day made, after {:.0} ms", server.ms_to_ready);
    for folder in witnesses {
        run(stage.command(&["witness", "pull", &server.base_url, "--state", text(&folder)]));
    }
    measure_proofs(&server).await;
    let folder = stage.path("export");
    let exported = run(stage.command(&["ledger", "export", text(&folder)]));
    let (n_files, n_bytes) = measure_folder(&folder);
    println!(
        "  export: {:.1} s, {n_files} files, {:.0} MB; at most {:.0} MB RSS",
        exported.seconds,
        n_bytes as f64 / 1e6,
        exported.peak_mb
    );
    measure_audits(&stage, &server, &folder);
    // The log was written without the rows of its acts, which the second half of the check misses: as much work as if they were there.
    let checked = run_to(stage.command(&["audit", "--database"]), 4);
    println!("  audit --database: {:.1} s, at most {:.0} MB RSS", checked.seconds, checked.peak_mb);
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Makes the witnesses' folders and names them to the ledger.
fn found_witnesses(stage: &Stage) -> Vec<PathBuf> {
    let (mut lines, mut folders) = (Vec::new(), Vec::new());
    for (name, place) in WITNESSES.into_iter().zip(1..) {
        let folder = stage.path(&format!("witness-{place}"));
        let made = run(stage.command(&["witness", "init", "--name", name, "--state", text(&folder)]));
        lines.push(format!("witness w{place} {}", made.printed.trim()));
        folders.push(folder);
    }
    lines.push("group both all w1 w2\nquorum both\n".to_owned());
    stage.name_witnesses(&lines.join("\n"));
    folders
}

/// Proofs over HTTP, one connection; each is verified by the key alone.
async fn measure_proofs(server: &Server) {
    let http = reqwest::Client::new();
    let get = async |path: String| {
        let answer = http.get(format!("{}{path}", server.base_url)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.bytes().await.unwrap()
    };
    let vkey = String::from_utf8(get("/ledger/vkey".to_owned()).await.to_vec()).unwrap();
    let log = VerifierKey::parse(vkey.trim()).unwrap();
    let (n_proofs, n_before) = PROOFS;
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for asked in 0..n_before + n_proofs {
        let scattered = asked * SCATTER % (WHOLE_BATCHES * PLAN.per_batch);
        let (batch_no, n) = (1 + scattered / PLAN.per_batch, 1 + scattered % PLAN.per_batch);
        let began = Instant::now();
        let text = get(format!("/batches/{batch_no}/{n}.tlog-proof")).await;
        let ms = ms_since(began);
        let proof = TlogProof::parse(&text).unwrap();
        let checkpoint = proof.verify(&log, &hash_leaf(proof.extra().unwrap())).unwrap();
        assert_eq!(checkpoint.note().signatures().len(), 1 + WITNESSES.len(), "not cosigned");
        if n_before <= asked {
            times.push(ms);
            sizes.push(text.len() as f64);
        }
    }
    let (times, sizes) = (Times::new(times), Times::new(sizes));
    println!(
        "  inclusion proof over HTTP: p50 {:.2} ms, p95 {:.2} ms (goal: p50 at most 5); {:.0} bytes, at most {:.0} (goal: at most 2,048)",
        times.median(),
        times.percentile(95),
        sizes.median(),
        sizes.percentile(100)
    );
}

/// Whole audits of folder and server, and the hashing that neither is spared, in turn.
fn measure_audits(stage: &Stage, server: &Server, folder: &Path) {
    let (mut of_bare, mut of_folder, mut of_server) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..AUDITS {
        of_bare.push(hash_all(folder));
        of_folder.push(audit(stage, text(folder), &format!("folder-{round}")));
        of_server.push(audit(stage, &server.base_url, &format!("server-{round}")));
    }
    let bare = median(of_bare);
    println!("  bare: read every entry of the folder, hash it, make the root: {bare:.2} s");
    for (what, all) in [("folder", of_folder), ("server", of_server)] {
        let seconds = median(all.iter().map(|ended| ended.seconds).collect());
        let peak = all.iter().map(|ended| ended.peak_mb).fold(0.0, f64::max);
        println!(
            "  whole audit of the {what}: {seconds:.2} s = {:.1} × bare, at most {peak:.0} MB RSS (median of {AUDITS}; goal: at most 10 s)",
            seconds / bare
        );
    }
}

/// An audit that knows nothing from before.
fn audit(stage: &Stage, source: &str, file: &str) -> Ended {
    run(stage.command(&["audit", source, "--state", text(&stage.path(file))]))
}

/// Seconds to read and hash all that the checkpoint covers.
fn hash_all(folder: &Path) -> f64 {
    let vkey = fs::read_to_string(folder.join("vkey")).unwrap();
    let checkpoint = fs::read(folder.join("checkpoint")).unwrap();
    let checkpoint = SignedCheckpoint::open(&checkpoint, &VerifierKey::parse(vkey.trim()).unwrap()).unwrap();
    let began = Instant::now();
    let mut frontier = Frontier::default();
    for bundle in bundles_of_growth(0, checkpoint.head().size) {
        let bytes = fs::read(folder.join(bundle.to_string())).unwrap();
        for entry in read_bundle(bundle, &bytes).unwrap() {
            frontier.append(hash_leaf(entry)).unwrap();
        }
    }
    assert_eq!(frontier.head(), *checkpoint.head(), "the folder is not what was signed");
    began.elapsed().as_secs_f64()
}
