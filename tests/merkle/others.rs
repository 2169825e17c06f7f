//! What others' crates make of our trees and notes, and we of theirs: `tlog_tiles`, `ct-merkle` and `signed_note` were written by
//! other people from the same specifications.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use nguon::merkle::{
    Checkpoint, Hash, KeyKind, KeyName, Note, SignedCheckpoint, SignerKey, Tile, TileSet, TreeHead, VerifierKey,
    hash_leaf, prove_consistency, prove_inclusion, root_of, tiles_of_growth, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};

/// Enough for two levels of tiles and a ragged edge above them.
const MAX_LEAVES: usize = 1_500;

fn ours(entries: &[Vec<u8>]) -> TileSet {
    let leaves: Vec<Hash> = entries.iter().map(|entry| hash_leaf(entry)).collect();
    let mut tiles = TileSet::default();
    tiles.append(0, &leaves).unwrap();
    tiles
}

fn head(tiles: &TileSet, size: u64) -> TreeHead {
    TreeHead { size, root: root_of(tiles, size).unwrap() }
}

/// The hashes that `tlog_tiles` stores, one after the other.
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

impl Stored {
    fn of(entries: &[Vec<u8>]) -> Self {
        let mut stored = Self(Vec::new());
        for (n, entry) in (0..).zip(entries) {
            let hashes = tlog_tiles::stored_hashes(n, entry, &stored).unwrap();
            stored.0.extend(hashes);
        }
        stored
    }
}

fn to_ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::new(hash.0)).collect()
}

fn entries() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..MAX_LEAVES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn tlog_tiles_makes_and_accepts_the_same_proofs(entries in entries(), at: (u64, u64)) {
        let (tiles, stored) = (ours(&entries), Stored::of(&entries));
        let new = u64::try_from(entries.len()).unwrap();
        let (index, old) = (at.0 % new, 1 + at.1 % new);
        let (old_head, new_head) = (head(&tiles, old), head(&tiles, new));
        let (old_root, root) = (tlog_tiles::Hash(*old_head.root.as_bytes()), tlog_tiles::Hash(*new_head.root.as_bytes()));
        prop_assert_eq!(tlog_tiles::tree_hash(new, &stored).unwrap(), root);

        let path = tlog_tiles::prove_record(new, index, &stored).unwrap();
        prop_assert_eq!(prove_inclusion(&tiles, index, new), Ok(to_ours(&path)));
        let leaf = hash_leaf(&entries[usize::try_from(index).unwrap()]);
        prop_assert!(tlog_tiles::check_record(&path, new, root, index, tlog_tiles::Hash(*leaf.as_bytes())).is_ok());
        prop_assert_eq!(verify_inclusion(&new_head, index, &leaf, &to_ours(&path)), Ok(()));

        let proof = tlog_tiles::prove_tree(new, old, &stored).unwrap();
        prop_assert_eq!(prove_consistency(&tiles, old, new), Ok(to_ours(&proof)));
        prop_assert!(tlog_tiles::check_tree(&proof, new, root, old, old_root).is_ok());
        prop_assert_eq!(verify_consistency(&old_head, &new_head, &to_ours(&proof)), Ok(()));
    }

    #[test]
    fn tlog_tiles_cuts_the_same_tiles(entries in entries(), at: u64) {
        let (tiles, stored) = (ours(&entries), Stored::of(&entries));
        let new = u64::try_from(entries.len()).unwrap();
        let old = at % new;
        let theirs = tlog_tiles::Tile::new_tiles(8, old, new);
        prop_assert_eq!(tiles_of_growth(old, new).count(), theirs.len());
        for (tile, their) in tiles_of_growth(old, new).zip(theirs) {
            // Their path names the height of the tile too.
            prop_assert_eq!(tile.to_string(), their.path().replacen("tile/8/", "tile/", 1));
            prop_assert_eq!(tiles.data(tile), their.read_data(&stored).ok());
        }
    }

    #[test]
    fn tlog_tiles_spells_the_same_paths(level in 0_u8..7, index in 0..1_u64 << 50, width in 1_u16..=256) {
        if let Ok(tile) = Tile::new(level, index, width) {
            let theirs = tlog_tiles::Tile::new(8, level, index, width.into(), false).path();
            prop_assert_eq!(tile.to_string(), theirs.replacen("tile/8/", "tile/", 1));
        }
    }

    #[test]
    fn ct_merkle_makes_and_accepts_the_same_proofs(entries in entries(), at: (u64, u64)) {
        let tiles = ours(&entries);
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let new = u64::try_from(entries.len()).unwrap();
        let (index, old) = (at.0 % new, 1 + at.1 % new);
        for entry in &entries[..usize::try_from(old).unwrap()] {
            theirs.push(entry.clone());
        }
        let their_old_root = theirs.root();
        for entry in &entries[usize::try_from(old).unwrap()..] {
            theirs.push(entry.clone());
        }
        let new_head = head(&tiles, new);
        let their_root = theirs.root();
        prop_assert_eq!(their_root.as_bytes().as_slice(), new_head.root.as_bytes());

        let place = usize::try_from(index).unwrap();
        let path = prove_inclusion(&tiles, index, new).unwrap();
        let their_path = theirs.prove_inclusion(place);
        prop_assert_eq!(path.iter().flat_map(Hash::as_bytes).copied().collect::<Vec<u8>>(), their_path.as_bytes());
        prop_assert!(their_root.verify_inclusion(&entries[place], index, &their_path).is_ok());

        // Of a tree with itself they prove nothing.
        if old < new {
            let proof = prove_consistency(&tiles, old, new).unwrap();
            let their_proof = theirs.prove_consistency(usize::try_from(new - old).unwrap());
            prop_assert_eq!(proof.iter().flat_map(Hash::as_bytes).copied().collect::<Vec<u8>>(), their_proof.as_bytes());
            prop_assert!(their_root.verify_consistency(&their_old_root, &their_proof).is_ok());
        }
    }

    #[test]
    fn signed_note_signs_and_verifies_the_same_notes(seed: [u8; 32], name in "[a-z0-9./-]{1,40}", text in "[^\u{0}-\u{1f}]{0,60}") {
        let signer = SignerKey::new(KeyName::parse(&name).unwrap(), KeyKind::Ed25519, &seed).unwrap();
        let text = format!("{text}\n");
        let note = Note::sign(&text, &signer).unwrap().to_string();

        let theirs = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
        let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
        prop_assert!(theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok());

        let their_signer = StandardSigner::new(&signer.to_private_text()).unwrap();
        let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        theirs.add_sigs(&[&their_signer]).unwrap();
        prop_assert_eq!(String::from_utf8(theirs.to_bytes()).unwrap(), note);
    }

    #[test]
    fn signed_note_and_we_agree_on_what_is_a_note(note in "[a\n —+]{0,12}\n\n(— [ab+ ]{1,3} [A-Z]{8}(AA==|AAA=|AB==)?\n?){0,3}") {
        let (ours, theirs) = (Note::parse(note.as_bytes()), signed_note::Note::from_bytes(note.as_bytes()));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", ours);
        if let Ok(ours) = ours {
            prop_assert_eq!(ours.to_string(), note);
        }
    }

    #[test]
    fn tlog_tiles_reads_our_checkpoints(size in 0..=i64::MAX.unsigned_abs(), root: [u8; 32]) {
        let origin = KeyName::parse("example.com/ledger").unwrap();
        let checkpoint = Checkpoint { origin, head: TreeHead { size, root: Hash::new(root) } };
        let text = checkpoint.to_text();
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
        prop_assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), ("example.com/ledger", size, root));
        prop_assert_eq!(theirs.to_bytes(), text.as_bytes());
    }
}

#[test]
fn a_key_made_by_signed_note_opens_our_checkpoint() {
    let signer = SignerKey::new(KeyName::parse("example.com/ledger").unwrap(), KeyKind::Ed25519, &[7; 32]).unwrap();
    let origin = signer.verifier().name().clone();
    let note = Checkpoint { origin, head: TreeHead::EMPTY }.sign(&signer).unwrap().to_string();
    let vkey = signer.verifier().to_string();
    assert!(StandardVerifier::new(&vkey).is_ok());
    assert!(SignedCheckpoint::open(note.as_bytes(), &VerifierKey::parse(&vkey).unwrap()).is_ok());
}
