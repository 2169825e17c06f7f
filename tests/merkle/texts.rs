//! Notes, checkpoints, cosignatures and proof files: what is read, what is refused, and that everything prints as it was read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nguon::merkle::{
    Checkpoint, Cosignature, Hash, KeyKind, KeyName, MAX_NOTE_BYTES, MAX_SIGNATURES, MAX_TIME, MerkleError, Note,
    NoteSignature, SignedCheckpoint, SignerKey, TlogProof, TreeHead, VerifierKey, cosign, hash_leaf, root_of,
};
use proptest::prelude::*;

use crate::naive::{Naive, Twins, entry};

fn key(name: &str, kind: KeyKind, seed: u8) -> SignerKey {
    SignerKey::new(KeyName::parse(name).unwrap(), kind, &[seed; 32]).unwrap()
}

fn log() -> SignerKey {
    key("example.com/ledger", KeyKind::Ed25519, 1)
}

fn witness(seed: u8) -> SignerKey {
    key(&format!("witness{seed}.example"), KeyKind::Cosignature, seed)
}

fn checkpoint(size: u64) -> SignedCheckpoint {
    let log = log();
    Checkpoint { origin: log.verifier().name().clone(), head: Naive::default().head(size) }.sign(&log).unwrap()
}

fn known(signers: &[&SignerKey]) -> Vec<VerifierKey> {
    signers.iter().map(|signer| signer.verifier().clone()).collect()
}

fn names(note: &Note, signers: &[&SignerKey]) -> Result<Vec<String>, MerkleError> {
    Ok(note.verify(&known(signers))?.iter().map(|key| key.name().to_string()).collect())
}

fn parse(text: &str) -> Result<Note, MerkleError> {
    Note::parse(text.as_bytes())
}

/// A note with this text and the log's signature over it, put together by hand.
fn signed(text: &str) -> String {
    Note::sign(text, &log()).unwrap().to_string()
}

#[test]
fn a_note_may_have_empty_lines_in_its_text() {
    for text in ["\n", "\n\n\n", "a\n\nb\n\n", "ổn\n", "— not a signature\n\n— nor this\n"] {
        let note = parse(&signed(text)).unwrap();
        assert_eq!((note.unverified_text(), note.to_string()), (text, signed(text)));
        assert_eq!(names(&note, &[&log()]).unwrap(), ["example.com/ledger"]);
    }
}

#[test]
fn a_malformed_note_is_refused() {
    let good = signed("a text\n");
    let (text, line) = good.split_once("\n\n").unwrap();
    let (name, signature) = line.trim_end().strip_prefix("— ").unwrap().split_once(' ').unwrap();
    let bad = [
        String::new(),
        "\n".to_owned(),
        text.to_owned(),
        format!("{text}\n\n"),
        format!("{text}\n{line}"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}{line}after\n"),
        good.replace('\n', "\r\n"),
        good.replace("a text", "a\ttext"),
        good.replace("a text", "a\0text"),
        good.replace("— ", "- "),
        good.replace("— ", "—"),
        good.replace("— ", "—  "),
        format!("{text}\n\n— {name}  {signature}\n"),
        format!("{text}\n\n— {name} {signature} \n"),
        format!("{text}\n\n— {name}\n"),
        format!("{text}\n\n— {name} \n"),
        format!("{text}\n\n—  {signature}\n"),
        format!("{text}\n\n— a+b {signature}\n"),
        format!("{text}\n\n— a\u{a0}b {signature}\n"),
        format!("{text}\n\n— {name} {}\n", &signature[1..]),
        format!("{text}\n\n— {name} {}\n", signature.trim_end_matches('=')),
        format!("{text}\n\n— {name} AAAAAA==\n"),
    ];
    for note in bad {
        assert!(parse(&note).is_err(), "{note:?}");
    }
    assert!(Note::parse(&[good.as_bytes(), b"\xff"].concat()).is_err());
}

#[test]
fn a_note_has_at_most_100_signatures_and_a_million_bytes() {
    let good = signed("a text\n");
    let (text, line) = good.split_once("\n\n").unwrap();
    assert!(parse(&format!("{text}\n\n{}", line.repeat(MAX_SIGNATURES))).is_ok());
    assert!(parse(&format!("{text}\n\n{}", line.repeat(MAX_SIGNATURES + 1))).is_err());
    let padding = "a".repeat(MAX_NOTE_BYTES - good.len());
    assert!(parse(&format!("{padding}{good}")).is_ok());
    assert!(parse(&format!("{padding}a{good}")).is_err());
}

#[test]
fn signatures_of_unknown_keys_are_passed_over() {
    let note = parse(&signed("a text\n")).unwrap();
    let same_name = key("example.com/ledger", KeyKind::Ed25519, 9);
    assert_eq!(names(&note, &[&same_name]), Err(MerkleError::Unsigned));
    assert_eq!(names(&note, &[&witness(2)]), Err(MerkleError::Unsigned));
    assert_eq!(names(&note, &[]), Err(MerkleError::Unsigned));
    assert_eq!(names(&note, &[&same_name, &log()]).unwrap(), ["example.com/ledger"]);
    let same_id = parse(&signed("a text\n").replace("— example.com/ledger", "— other.example")).unwrap();
    assert_eq!(names(&same_id, &[&log()]), Err(MerkleError::Unsigned));
}

#[test]
fn one_false_signature_of_a_known_key_refuses_the_note() {
    let other = key("other.example", KeyKind::Ed25519, 3);
    let (good, false_text) = (signed("a text\n"), Note::sign("b text\n", &other).unwrap().to_string());
    let false_line = false_text.split_once("\n\n").unwrap().1;
    let note = parse(&format!("{good}{false_line}")).unwrap();
    assert_eq!(names(&note, &[&log()]).unwrap(), ["example.com/ledger"]);
    let refused = MerkleError::Signature(KeyName::parse("other.example").unwrap());
    assert_eq!(names(&note, &[&log(), &other]), Err(refused.clone()));
    assert_eq!(names(&note, &[&other]), Err(refused));
    let tampered = parse(&good.replace("a text", "a test")).unwrap();
    assert!(matches!(names(&tampered, &[&log()]), Err(MerkleError::Signature(_))));
}

#[test]
fn a_key_that_signed_twice_counts_once() {
    let good = signed("a text\n");
    let line = good.split_once("\n\n").unwrap().1;
    assert_eq!(names(&parse(&format!("{good}{line}")).unwrap(), &[&log()]).unwrap(), ["example.com/ledger"]);
}

/// With the private key one can sign so that R is the identity; lenient checks accept that and strict ones do not, and a log on which
/// verifiers disagree is no log.
#[test]
fn a_signature_with_a_small_order_point_is_refused() {
    use curve25519_dalek::{Scalar, edwards::CompressedEdwardsY};
    use ed25519_dalek::{Signature, SigningKey, Verifier};
    use sha2::{Digest, Sha512};
    let (private, r) =
        (SigningKey::from_bytes(&[1; 32]), CompressedEdwardsY([&[1][..], &[0; 31]].concat().try_into().unwrap()));
    let text = "a text\n";
    let hash = Sha512::new().chain_update(r.0).chain_update(private.verifying_key().as_bytes()).chain_update(text);
    let s = Scalar::from_bytes_mod_order_wide(&hash.finalize().into()) * private.to_scalar();
    let signature = Signature::from_components(r.0, s.to_bytes());
    assert!(private.verifying_key().verify(text.as_bytes(), &signature).is_ok());
    let bytes = [log().verifier().id().to_bytes().as_slice(), &signature.to_bytes()].concat();
    let note = parse(&format!("{text}\n— {} {}\n", log().verifier().name(), STANDARD.encode(bytes))).unwrap();
    assert!(matches!(names(&note, &[&log()]), Err(MerkleError::Signature(_))));
}

#[test]
fn only_a_text_that_can_be_read_again_is_signed() {
    for text in ["", "no newline", "a\rb\n", "a\0\n"] {
        assert!(matches!(Note::sign(text, &log()), Err(MerkleError::Note(_))), "{text:?}");
    }
    assert_eq!(Note::sign("a text\n", &witness(2)), Err(MerkleError::KeyKind));
}

fn open(text: &str) -> Result<SignedCheckpoint, MerkleError> {
    SignedCheckpoint::open(signed(text).as_bytes(), log().verifier())
}

#[test]
fn a_checkpoint_is_origin_size_and_root() {
    let head = Naive::default().head(7);
    let opened = open(&format!("example.com/ledger\n7\n{}\n", head.root)).unwrap();
    assert_eq!((opened.origin().as_str(), *opened.head()), ("example.com/ledger", head));
    assert_eq!(opened, checkpoint(7));
}

#[test]
fn extension_lines_are_read_over_and_kept() {
    let text = format!("example.com/ledger\n0\n{}\nan extension\nanother\n", Hash::EMPTY_ROOT);
    let opened = open(&text).unwrap();
    assert_eq!(*opened.head(), TreeHead::EMPTY);
    assert_eq!(opened.to_string(), signed(&text));
    let line = cosign(&opened, &witness(2), 5).unwrap();
    assert_eq!(open(&text).unwrap().add_cosignature(line.clone(), witness(2).verifier()), Ok(5));
    // The same tree without the extension is another statement.
    assert!(checkpoint(0).add_cosignature(line, witness(2).verifier()).is_err());
}

#[test]
fn a_malformed_checkpoint_is_refused_though_signed() {
    let root = Hash::EMPTY_ROOT.to_string();
    let bad = [
        "\n".to_owned(),
        "example.com/ledger\n".to_owned(),
        "example.com/ledger\n7\n".to_owned(),
        format!("example.com/ledger\n7\n{root}\n\n"),
        format!("example.com/ledger\n7\n{root}\n\nextension\n"),
        format!("example.com/ledger\n7\n{root}\nextension\n\n"),
        format!("example.com/ledger\n07\n{root}\n"),
        format!("example.com/ledger\n+7\n{root}\n"),
        format!("example.com/ledger\n-7\n{root}\n"),
        format!("example.com/ledger\n 7\n{root}\n"),
        format!("example.com/ledger\n7 \n{root}\n"),
        format!("example.com/ledger\n\n{root}\n"),
        format!("example.com/ledger\n9223372036854775808\n{root}\n"),
        format!("example.com/ledger\n7\n{}\n", &root[..43]),
        format!("example.com/ledger\n7\n{root} \n"),
        format!("example.com/ledger\n7\n{}\n", root.replace('/', "_")),
        "example.com/ledger\n7\nAAAA\n".to_owned(),
        "example.com/ledger\n7\n\n".to_owned(),
        format!("\n7\n{root}\n"),
        format!("an origin with spaces\n7\n{root}\n"),
    ];
    for text in bad {
        assert!(matches!(open(&text), Err(MerkleError::Checkpoint(_) | MerkleError::KeyName)), "{text:?}");
    }
}

#[test]
fn a_checkpoint_is_signed_and_opened_for_its_own_log_only() {
    let (log, other) = (log(), key("other.example", KeyKind::Ed25519, 1));
    let refused = MerkleError::Origin(log.verifier().name().clone());
    assert_eq!(open(&format!("other.example\n0\n{}\n", Hash::EMPTY_ROOT)), Err(refused.clone()));
    let checkpoint = Checkpoint { origin: other.verifier().name().clone(), head: TreeHead::EMPTY };
    assert_eq!(checkpoint.sign(&log), Err(refused));
    let by_witness = Checkpoint { origin: witness(2).verifier().name().clone(), head: TreeHead::EMPTY };
    assert_eq!(by_witness.sign(&witness(2)), Err(MerkleError::KeyKind));
    let signed = checkpoint.sign(&other).unwrap().to_string();
    assert_eq!(SignedCheckpoint::open(signed.as_bytes(), log.verifier()), Err(MerkleError::Unsigned));
    assert_eq!(SignedCheckpoint::open(signed.as_bytes(), witness(2).verifier()), Err(MerkleError::KeyKind));
}

#[test]
fn cosignatures_are_read_back_with_their_times() {
    let mut checkpoint = checkpoint(7);
    for (seed, time) in [(2, 0), (3, MAX_TIME)] {
        let line = cosign(&checkpoint, &witness(seed), time).unwrap();
        assert_eq!(checkpoint.add_cosignature(line, witness(seed).verifier()), Ok(time));
    }
    let opened = SignedCheckpoint::open(checkpoint.to_string().as_bytes(), log().verifier()).unwrap();
    let found = opened.cosignatures(&known(&[&witness(3), &witness(2), &witness(4)])).unwrap();
    let expected = [(3, MAX_TIME), (2, 0)]
        .map(|(seed, time)| Cosignature { witness: witness(seed).verifier().name().clone(), time });
    assert_eq!(found, expected);
    assert_eq!(names(opened.note(), &[&log(), &witness(2)]).unwrap(), ["example.com/ledger", "witness2.example"]);
}

#[test]
fn a_later_cosignature_takes_the_place_of_the_earlier() {
    let mut checkpoint = checkpoint(7);
    for time in [5, 9, 6] {
        let line = cosign(&checkpoint, &witness(2), time).unwrap();
        checkpoint.add_cosignature(line, witness(2).verifier()).unwrap();
    }
    assert_eq!(checkpoint.note().signatures().len(), 2);
    assert_eq!(checkpoint.cosignatures(&known(&[&witness(2)])).unwrap()[0].time, 6);
}

#[test]
fn a_witness_with_two_lines_counts_once_with_its_latest_time() {
    let checkpoint = checkpoint(7);
    let lines = [5, 9, 6].map(|time| cosign(&checkpoint, &witness(2), time).unwrap().to_string()).concat();
    let opened = SignedCheckpoint::open(format!("{checkpoint}{lines}").as_bytes(), log().verifier()).unwrap();
    let found = opened.cosignatures(&known(&[&witness(2)])).unwrap();
    assert_eq!(found.iter().map(|cosignature| cosignature.time).collect::<Vec<_>>(), [9]);
}

#[test]
fn a_false_cosignature_is_refused() {
    let (witness, other) = (witness(2), witness(3));
    let of_another_tree = cosign(&checkpoint(8), &witness, 5).unwrap();
    let mut seven = checkpoint(7);
    assert!(matches!(
        seven.add_cosignature(of_another_tree.clone(), witness.verifier()),
        Err(MerkleError::Signature(_))
    ));
    let line = cosign(&seven, &witness, 5).unwrap();
    assert_eq!(seven.add_cosignature(line, other.verifier()), Err(MerkleError::Unsigned));
    let meddled = format!("{seven}{of_another_tree}");
    let meddled = SignedCheckpoint::open(meddled.as_bytes(), log().verifier()).unwrap();
    assert!(matches!(meddled.cosignatures(&known(&[&witness])), Err(MerkleError::Signature(_))));
    assert_eq!(meddled.cosignatures(&known(&[&other])), Ok(vec![]));
}

#[test]
fn a_cosignature_with_another_time_than_was_signed_is_refused() {
    let checkpoint = checkpoint(7);
    // The time is bytes 4 to 12 of what the line spells: base64 characters 8 to 13 are its middle.
    let line = cosign(&checkpoint, &witness(2), 0).unwrap().to_string();
    let (name, signature) = line.trim_end().rsplit_once(' ').unwrap();
    let moved = format!("{name} {}B{}\n", &signature[..9], &signature[10..]);
    let [moved] = NoteSignature::parse_lines(&moved).unwrap().try_into().unwrap();
    let mut other = checkpoint.clone();
    assert!(matches!(other.add_cosignature(moved, witness(2).verifier()), Err(MerkleError::Signature(_))));
}

#[test]
fn a_cosignature_needs_a_witness_key_and_a_time_that_fits() {
    assert_eq!(cosign(&checkpoint(7), &log(), 5), Err(MerkleError::KeyKind));
    assert_eq!(cosign(&checkpoint(7), &witness(2), MAX_TIME + 1), Err(MerkleError::Time));
}

/// A log's key and a witness's key of the same bytes and name: neither signature passes for the other.
#[test]
fn a_signature_of_one_kind_is_none_of_the_other() {
    let twin = key("example.com/ledger", KeyKind::Cosignature, 1);
    let mut seven = checkpoint(7);
    let by_log = seven.note().signatures()[0].clone();
    assert_eq!(seven.add_cosignature(by_log, twin.verifier()), Err(MerkleError::Unsigned));
    let line = cosign(&seven, &twin, 5).unwrap();
    assert_eq!(seven.add_cosignature(line.clone(), log().verifier()), Err(MerkleError::Unsigned));
    let alone = format!("{}\n{line}", seven.note().unverified_text());
    assert_eq!(SignedCheckpoint::open(alone.as_bytes(), log().verifier()), Err(MerkleError::Unsigned));
}

#[test]
fn a_proof_file_verifies_offline_and_prints_as_it_was_read() {
    let naive = Naive::default();
    let (tiles, checkpoint) = (naive.tiles(7), checkpoint(7));
    for index in 0..7 {
        for extra in [None, Some(Vec::new()), Some(b"\xff anything".to_vec())] {
            let file = TlogProof::make(&tiles, &checkpoint, index, extra.clone()).unwrap().to_string();
            let proof = TlogProof::parse(file.as_bytes()).unwrap();
            assert_eq!(proof.to_string(), file);
            assert_eq!((proof.index(), proof.extra()), (index, extra.as_deref()));
            assert_eq!(proof.verify(log().verifier(), &hash_leaf(&entry(index))).as_ref(), Ok(&checkpoint));
        }
    }
}

#[test]
fn a_proof_of_another_entry_log_or_tree_does_not_verify() {
    let tiles = Naive::default().tiles(8);
    let proof = TlogProof::make(&tiles, &checkpoint(7), 2, None).unwrap();
    let leaf = hash_leaf(&entry(2));
    assert_eq!(proof.verify(log().verifier(), &hash_leaf(&entry(3))), Err(MerkleError::Root));
    assert_eq!(proof.verify(key("a.example", KeyKind::Ed25519, 1).verifier(), &leaf), Err(MerkleError::Unsigned));
    let moved = proof.to_string().replace("index 2", "index 3");
    let moved = TlogProof::parse(moved.as_bytes()).unwrap();
    assert_eq!(moved.verify(log().verifier(), &leaf), Err(MerkleError::Root));
    let beyond = proof.to_string().replace("index 2", "index 7");
    let beyond = TlogProof::parse(beyond.as_bytes()).unwrap();
    assert_eq!(beyond.verify(log().verifier(), &leaf), Err(MerkleError::NoSuchLeaf { index: 7, size: 7 }));
    assert_eq!(TlogProof::make(&tiles, &checkpoint(7), 7, None), Err(MerkleError::NoSuchLeaf { index: 7, size: 7 }));
}

#[test]
fn a_malformed_proof_file_is_refused() {
    let good = TlogProof::make(&Naive::default().tiles(7), &checkpoint(7), 2, Some(b"x".to_vec())).unwrap().to_string();
    let hash = hash_leaf(b"x");
    let bad = [
        String::new(),
        good.replace("@v1", "@v2"),
        format!("\n{good}"),
        format!("{good}\n"),
        good.trim_end().to_owned(),
        good.replace('\n', "\r\n"),
        good.replace("extra ", "Extra "),
        good.replace("extra eA==", "extra eA"),
        good.replace("extra eA==", "extra"),
        good.replace("extra eA==\n", "extra eA==\nextra eA==\n"),
        good.replace("extra eA==\n", "\n"),
        good.replace("index 2\n", ""),
        good.replace("index 2", "index 02"),
        good.replace("index 2", "index +2"),
        good.replace("index 2", "index  2"),
        good.replace("index 2", "index 2 "),
        good.replace("index 2", "index 9223372036854775808"),
        good.replace("index 2\n", "index 2\nAAAA\n"),
        good.replace("index 2\n", "index 2\n\n"),
        good.replace("index 2\n", &format!("index 2\n{}", format!("{hash}\n").repeat(61))),
        good.replace("\n\nexample", "\nexample"),
        good.split_once("\n\n").unwrap().0.to_owned(),
    ];
    for file in bad {
        assert!(TlogProof::parse(file.as_bytes()).is_err(), "{file:?}");
    }
    assert!(TlogProof::parse(good.as_bytes()).is_ok());
    assert!(TlogProof::parse(&[good.as_bytes(), b"\xff"].concat()).is_err());
    let too_long = MerkleError::TlogProof("it is longer than 2,000,000 bytes");
    assert_eq!(TlogProof::parse(&vec![b'a'; 2 * MAX_NOTE_BYTES + 1]), Err(too_long));
}

/// At a million leaves, with an entry of 500 bytes beside it and two witnesses' cosignatures.
#[test]
fn a_proof_file_of_a_million_leaves_stays_below_two_kilobytes() {
    let twins = Twins::default();
    let head = TreeHead { size: 1_000_000, root: root_of(&twins, 1_000_000).unwrap() };
    let log = key("ocop.thainguyen.vn/ledger", KeyKind::Ed25519, 1);
    let mut checkpoint = Checkpoint { origin: log.verifier().name().clone(), head }.sign(&log).unwrap();
    let bare = TlogProof::make(&twins, &checkpoint, 0, None).unwrap().to_string();
    for seed in [2, 3] {
        let line = cosign(&checkpoint, &witness(seed), 1_773_279_660).unwrap();
        checkpoint.add_cosignature(line, witness(seed).verifier()).unwrap();
    }
    let full = TlogProof::make(&twins, &checkpoint, 0, Some(vec![b'x'; 375])).unwrap().to_string();
    assert!(bare.len() < 1_200 && full.len() < 2_048, "{} {}", bare.len(), full.len());
    assert!(TlogProof::parse(full.as_bytes()).unwrap().verify(log.verifier(), &Twins::leaf()).is_ok());
}

proptest! {
    /// One character of a proof file changed, left out or put in: it is refused, or says nothing that the log did not sign.
    #[test]
    fn a_changed_proof_file_proves_nothing_new(at: prop::sample::Index, with in "[ -~\n—]?", replace: bool) {
        let checkpoint = checkpoint(7);
        let good = TlogProof::make(&Naive::default().tiles(7), &checkpoint, 5, None).unwrap().to_string();
        let mut places: Vec<usize> = good.char_indices().map(|(at, _)| at).collect();
        places.push(good.len());
        let start = places[at.index(places.len() - 1)];
        let end = if replace { places[places.iter().position(|place| *place == start).unwrap() + 1] } else { start };
        let changed = format!("{}{with}{}", &good[..start], &good[end..]);
        if let Ok(proof) = TlogProof::parse(changed.as_bytes()) {
            prop_assert_eq!(proof.to_string(), changed.as_str());
            let verified = proof.verify(log().verifier(), &hash_leaf(&entry(5)));
            prop_assert!(changed == good || verified.is_err());
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, text in "(c2sp.org/tlog-proof@v1\n)?[a-z0-9+/= \n—]{0,200}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(TlogProof::parse(bytes).is_err());
            if let Ok(note) = Note::parse(bytes) {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
            }
        }
        prop_assert!(VerifierKey::parse(&text).is_err());
        prop_assert!(SignerKey::parse(&text).is_err());
    }
}
