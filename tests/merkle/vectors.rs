//! Vectors made by independent implementations: our own set, and those of others where they lie beside the project.

use std::fs;
use std::path::{Path, PathBuf};

use nguon::merkle::{
    Bundle, Checkpoint, Cosignature, Frontier, Hash, KeyKind, KeyName, MerkleError, Note, SignedCheckpoint, SignerKey,
    Tile, TileSet, TlogProof, TreeHead, VerifierKey, cosign, hash_leaf, hash_node, prove_consistency, prove_inclusion,
    root_of, verify_consistency, verify_inclusion, write_bundle,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::naive::{Naive, entry};

const LEDGER: &str = include_str!("../vectors/ledger_v1.json");
/// Third-party vectors are not part of the project; where they are not beside it, their tests say so and pass.
const THIRD_PARTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/tlog");

fn ledger() -> Value {
    serde_json::from_str(LEDGER).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn hash(value: &Value) -> Hash {
    Hash::parse(text(value)).unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = text(value);
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The tree of our vectors: 70,000 entries.
fn tiles() -> TileSet {
    let leaves: Vec<Hash> = (0..70_000).map(|n| hash_leaf(&entry(n))).collect();
    let mut tiles = TileSet::default();
    tiles.append(0, &leaves).unwrap();
    tiles
}

#[test]
fn roots_and_proofs_are_as_computed_elsewhere() {
    let (ledger, tiles) = (ledger(), tiles());
    let head = |size| TreeHead { size, root: root_of(&tiles, size).unwrap() };
    for case in ledger["roots"].as_array().unwrap() {
        assert_eq!(head(number(&case["size"])).root, hash(&case["root"]), "{case}");
    }
    for case in ledger["inclusion"].as_array().unwrap() {
        let (index, size, path) = (number(&case["index"]), number(&case["size"]), hashes(&case["path"]));
        assert_eq!(prove_inclusion(&tiles, index, size).as_ref(), Ok(&path));
        assert_eq!(verify_inclusion(&head(size), index, &hash_leaf(&entry(index)), &path), Ok(()));
    }
    for case in ledger["consistency"].as_array().unwrap() {
        let (old, new, proof) = (number(&case["old"]), number(&case["new"]), hashes(&case["proof"]));
        assert_eq!(prove_consistency(&tiles, old, new).as_ref(), Ok(&proof));
        assert_eq!(verify_consistency(&head(old), &head(new), &proof), Ok(()));
    }
}

#[test]
fn tiles_and_bundles_are_as_computed_elsewhere() {
    let (ledger, tiles) = (ledger(), tiles());
    for case in ledger["tiles"].as_array().unwrap() {
        let tile = Tile::parse(text(&case["path"])).unwrap();
        assert_eq!(Sha256::digest(tiles.data(tile).unwrap()).as_slice(), hex(&case["sha256_hex"]), "{tile}");
    }
    let bundle = Bundle::parse(text(&ledger["bundle"]["path"])).unwrap();
    let first = bundle.leaves().index() * 256;
    let entries: Vec<Vec<u8>> = (first..first + u64::from(bundle.leaves().width())).map(entry).collect();
    let bytes = write_bundle(entries.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(Sha256::digest(bytes).as_slice(), hex(&ledger["bundle"]["sha256_hex"]));
}

fn signer(vector: &Value, kind: KeyKind) -> SignerKey {
    let signer = SignerKey::parse(text(&vector["skey"])).unwrap();
    let seed = hex(&vector["seed_hex"]).try_into().unwrap();
    let same = SignerKey::new(signer.verifier().name().clone(), kind, &seed).unwrap();
    assert_eq!(same.verifier(), signer.verifier());
    assert_eq!(signer.verifier().to_string(), text(&vector["vkey"]));
    assert_eq!(signer.to_private_text().as_str(), text(&vector["skey"]));
    signer
}

#[test]
fn checkpoint_cosignature_and_proof_file_are_as_computed_elsewhere() {
    let (ledger, tiles) = (ledger(), tiles());
    let (log, witness) = (signer(&ledger["log"], KeyKind::Ed25519), signer(&ledger["witness"], KeyKind::Cosignature));
    let head = TreeHead { size: 1_000, root: root_of(&tiles, 1_000).unwrap() };
    let mut checkpoint = Checkpoint { origin: log.verifier().name().clone(), head }.sign(&log).unwrap();
    assert_eq!(checkpoint.to_string(), text(&ledger["checkpoint"]));
    assert_eq!(
        SignedCheckpoint::open(text(&ledger["checkpoint"]).as_bytes(), log.verifier()).as_ref(),
        Ok(&checkpoint)
    );

    let time = number(&ledger["witness"]["time"]);
    let line = cosign(&checkpoint, &witness, time).unwrap();
    assert_eq!(line.to_string(), text(&ledger["witness"]["line"]));
    assert_eq!(checkpoint.add_cosignature(line, witness.verifier()), Ok(time));

    let (index, file) = (number(&ledger["tlog_proof"]["index"]), text(&ledger["tlog_proof"]["text"]));
    let proof = TlogProof::make(&tiles, &checkpoint, index, Some("sổ cái".as_bytes().to_vec())).unwrap();
    assert_eq!(proof.to_string(), file);
    let proof = TlogProof::parse(file.as_bytes()).unwrap();
    let proved = proof.verify(log.verifier(), &hash_leaf(&entry(index))).unwrap();
    let cosignature = Cosignature { witness: witness.verifier().name().clone(), time };
    assert_eq!(proved.cosignatures(&[witness.verifier().clone()]), Ok(vec![cosignature]));
}

/// Every file below a folder of third-party vectors, or nothing where they are missing.
fn third_party(folder: &str) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    collect(&Path::new(THIRD_PARTY).join(folder), &mut found);
    if found.is_empty() {
        eprintln!("skipped: the third-party vectors are not beside the project");
    }
    found
}

fn collect(path: &Path, found: &mut Vec<(PathBuf, Value)>) {
    if path.extension().is_some_and(|extension| extension == "json") {
        if let Ok(json) = fs::read(path) {
            found.push((path.to_owned(), serde_json::from_slice(&json).unwrap()));
        }
    } else if let Ok(entries) = fs::read_dir(path) {
        entries.for_each(|entry| collect(&entry.unwrap().path(), found));
    }
}

/// Hashes in those files may be absent, empty or of any length; what is no hash cannot even be handed over.
fn loose(value: &Value) -> Option<Hash> {
    Hash::parse(value.as_str()?)
}

fn loose_all(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(loose).collect())
}

#[test]
fn the_reference_tree_of_eight_leaves_is_ours() {
    for (_, case) in third_party("merkle/rfc6962_8leaf.json") {
        let leaves: Vec<Hash> =
            case["leaf_inputs_hex"].as_array().unwrap().iter().map(|leaf| hash_leaf(&hex(leaf))).collect();
        let of_hex = |value: &Value| Hash::new(hex(value).try_into().unwrap());
        let mut level = leaves.clone();
        for expected in case["node_hashes_hex_by_level"].as_array().unwrap() {
            assert_eq!(level, expected.as_array().unwrap().iter().map(of_hex).collect::<Vec<_>>());
            level = level.chunks_exact(2).map(|pair| hash_node(&pair[0], &pair[1])).collect();
        }
        let mut frontier = Frontier::default();
        for (size, root) in case["root_hashes_hex_size_0_to_8"].as_array().unwrap().iter().enumerate() {
            assert_eq!(frontier.root(), of_hex(root), "{size}");
            if let Some(leaf) = leaves.get(size) {
                frontier.append(*leaf).unwrap();
            }
        }
    }
}

#[test]
fn the_inclusion_proofs_of_others_are_judged_as_they_say() {
    let cases = third_party("merkle/inclusion");
    assert!(cases.is_empty() || cases.len() == 53, "{}", cases.len());
    for (path, case) in cases {
        let verify = || {
            let head = TreeHead { size: number(&case["treeSize"]), root: loose(&case["root"])? };
            let (leaf, proof) = (loose(&case["leafHash"])?, loose_all(&case["proof"])?);
            verify_inclusion(&head, number(&case["leafIdx"]), &leaf, &proof).ok()
        };
        assert_eq!(verify().is_none(), case["wantErr"].as_bool().unwrap(), "{}", path.display());
    }
}

#[test]
fn the_consistency_proofs_of_others_are_judged_as_they_say() {
    let cases = third_party("merkle/consistency");
    assert!(cases.is_empty() || cases.len() == 43, "{}", cases.len());
    for (path, case) in cases {
        let verify = || {
            let old = TreeHead { size: number(&case["size1"]), root: loose(&case["root1"])? };
            let new = TreeHead { size: number(&case["size2"]), root: loose(&case["root2"])? };
            verify_consistency(&old, &new, &loose_all(&case["proof"])?).ok()
        };
        assert_eq!(verify().is_none(), case["wantErr"].as_bool().unwrap(), "{}", path.display());
    }
}

#[test]
fn the_notes_of_others_are_judged_as_they_say() {
    for (_, vectors) in third_party("note/note_vectors.json") {
        for (name, vkey) in vectors["vkeys"].as_object().unwrap() {
            let key = VerifierKey::parse(text(vkey)).unwrap_or_else(|err| panic!("{name}: {err}"));
            assert_eq!(key.to_string(), text(vkey));
        }
        for vkey in vectors["bad_vkeys"].as_array().unwrap() {
            assert!(VerifierKey::parse(text(vkey)).is_err(), "{vkey}");
        }
        for case in vectors["open"].as_array().unwrap() {
            let known = case["known"].as_array().unwrap().iter();
            let known: Vec<VerifierKey> =
                known.map(|name| VerifierKey::parse(text(&vectors["vkeys"][text(name)])).unwrap()).collect();
            let verified = Note::parse(text(&case["msg"]).as_bytes()).and_then(|note| {
                assert_eq!(note.to_string(), text(&case["msg"]));
                Ok(note.verify(&known)?.iter().map(|key| key.name().to_string()).collect::<Vec<_>>())
            });
            assert_eq!(verified.is_ok(), case["ok"].as_bool().unwrap(), "{case}: {verified:?}");
            if let Ok(names) = verified {
                assert_eq!(names, case["verified"].as_array().unwrap().iter().map(text).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn the_note_key_of_others_makes_their_signature() {
    for (_, vectors) in third_party("note/note_vectors.json") {
        let signer = SignerKey::parse(text(&vectors["skey"])).unwrap();
        assert_eq!(signer.to_private_text().as_str(), text(&vectors["skey"]));
        assert_eq!(signer.verifier().to_string(), text(&vectors["vkeys"]["peter"]));
        let note = Note::parse(text(&vectors["open"][0]["msg"]).as_bytes()).unwrap();
        let again = Note::sign(note.unverified_text(), &signer).unwrap();
        assert_eq!(again.signatures()[0], note.signatures()[0]);
    }
}

/// 914 signatures at the edges of the curve: the keys of all but one are refused before a signature is looked at.
#[test]
fn the_weak_keys_of_others_verify_no_note() {
    for (_, vectors) in third_party("ed25519/ed25519vectors.json") {
        let name = KeyName::parse("example.com/edge").unwrap();
        let keys = vectors.as_array().unwrap().iter();
        let keys: Vec<_> = keys.map(|case| hex(&case["key"]).try_into().unwrap()).collect();
        let parsed = keys.iter().map(|key| VerifierKey::new(name.clone(), KeyKind::Ed25519, key));
        let (sound, weak): (Vec<_>, Vec<_>) = parsed.partition(Result::is_ok);
        assert_eq!((sound.len() + weak.len(), weak[0].clone().unwrap_err()), (914, MerkleError::WeakKey));
        let flags = |case: &Value| {
            case["flags"].as_array().map_or(0, |flags| flags.iter().filter(|flag| text(flag).ends_with("_A")).count())
        };
        let n_flawless = vectors.as_array().unwrap().iter().filter(|case| flags(case) == 0).count();
        assert_eq!(sound.len(), n_flawless);
    }
}

#[test]
fn the_naive_tree_agrees_with_the_vectors_too() {
    let naive = Naive::default();
    for case in ledger()["roots"].as_array().unwrap().iter().filter(|case| number(&case["size"]) <= 1_000) {
        assert_eq!(naive.hash(0, number(&case["size"])), hash(&case["root"]));
    }
}
