//! Proofs: one file that shows without network or database that an entry is in the ledger. It must never give out a proof that it
//! has not verified as a stranger would.

use diesel_async::AsyncPgConnection;

use crate::error::{Error, Result, Thing};
use crate::merkle::{
    Hash, MerkleError, SignedCheckpoint, Tile, TileSet, TlogProof, VerifierKey, consistency_subtrees, hash_leaf,
    inclusion_subtrees, prove_consistency, tiles_of,
};
use crate::stamp::BatchNo;

use super::checkpoint_store::published_size;
use super::published::choose_most_cosigned;
use super::service::Ledger;
use super::store;
use super::tree_store::find_tiles;

impl Ledger {
    /// The proof of a batch's entry as a tlog-proof file, with the entry's bytes as its extra data: under the published checkpoint
    /// that most of the policy's witnesses cosigned. At a million entries, with two witnesses, it stays below 2,048 bytes for an
    /// entry of up to 450. Refused as `not-sealed-yet` while the entry waits.
    pub async fn prove(&self, batch_no: BatchNo, n: u32) -> Result<String> {
        let mut conn = self.parts.db.conn().await?;
        let entry = store::entry_in_chain(&mut conn, batch_no, n).await?;
        let (index, bytes) = entry.ok_or(Error::NotFound(Thing::File))?;
        self.prove_entry(&mut conn, index.ok_or(Error::NotSealedYet)?, bytes).await
    }

    /// The proof that the published tree of `new` entries continues that of `old` (RFC 6962, section 2.1.2).
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        let mut conn = self.parts.db.conn().await?;
        if published_size(&mut conn).await?.is_none_or(|published| published < new) {
            return Err(Error::internal(format!("a tree of {new} entries is not published")));
        }
        let subtrees = consistency_subtrees(old, new).map_err(Error::internal)?;
        let wanted: Vec<Tile> = tiles_of(&subtrees, new).map_err(Error::internal)?.into_iter().collect();
        let tiles = find_tiles(&mut conn, &wanted).await?;
        prove_consistency(&tiles, old, new).map_err(Error::internal)
    }

    async fn prove_entry(&self, conn: &mut AsyncPgConnection, index: u64, bytes: Vec<u8>) -> Result<String> {
        let checkpoint = self.choose_checkpoint(conn, index).await?.ok_or(Error::NotSealedYet)?;
        let size = checkpoint.head().size;
        let subtrees = inclusion_subtrees(index, size).map_err(Error::internal)?;
        let wanted: Vec<Tile> = tiles_of(&subtrees, size).map_err(Error::internal)?.into_iter().collect();
        let tiles = find_tiles(conn, &wanted).await?;
        make_proof(&tiles, &checkpoint, index, bytes, self.verifier()).map_err(|err| {
            tracing::error!(alarm = "ledger-unprovable", ledger.index = index, %err, "an entry cannot be proved");
            Error::internal(err)
        })
    }

    /// Of the published checkpoints that cover an entry the one that most witnesses cosigned, or else the newest.
    async fn choose_checkpoint(&self, conn: &mut AsyncPgConnection, index: u64) -> Result<Option<SignedCheckpoint>> {
        let cosigned = self.recently_cosigned(conn, index).await?;
        if let Some(size) = choose_most_cosigned(&cosigned) {
            return self.checkpoint_of(conn, size).await.map(Some);
        }
        let newest = self.newest_checkpoint(conn).await?;
        Ok(newest.filter(|newest| index < newest.head().size))
    }
}

/// Makes the file, reads it again and verifies it with the public key alone.
fn make_proof(
    tiles: &TileSet,
    checkpoint: &SignedCheckpoint,
    index: u64,
    bytes: Vec<u8>,
    log: &VerifierKey,
) -> Result<String, MerkleError> {
    let leaf = hash_leaf(&bytes);
    let text = TlogProof::make(tiles, checkpoint, index, Some(bytes))?.to_string();
    TlogProof::parse(text.as_bytes())?.verify(log, &leaf)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Checkpoint, KeyKind, KeyName, SignerKey, TreeHead, cosign, root_of};

    const LEDGER: &str = "ocop.thainguyen.vn/ledger";

    fn key(name: &str, kind: KeyKind) -> SignerKey {
        SignerKey::new(KeyName::parse(name).unwrap(), kind, &[7; 32]).unwrap()
    }

    /// A tree in which every entry is the same one.
    fn tree(entry: &[u8], size: usize) -> (TileSet, TreeHead) {
        let mut tiles = TileSet::default();
        let size = tiles.append(0, &vec![hash_leaf(entry); size]).unwrap();
        let root = root_of(&tiles, size).unwrap();
        (tiles, TreeHead { size, root })
    }

    fn signed(head: TreeHead) -> SignedCheckpoint {
        Checkpoint { origin: KeyName::parse(LEDGER).unwrap(), head }.sign(&key(LEDGER, KeyKind::Ed25519)).unwrap()
    }

    #[test]
    fn a_proof_at_a_million_entries_with_two_witnesses_has_at_most_2048_bytes() {
        let entry = vec![b'x'; 450];
        // From 2^19 + 1 entries to 2^20 a path has the same length.
        let (tiles, head) = tree(&entry, (1 << 19) + 1);
        let mut checkpoint = signed(head);
        for name in ["baothainguyen.vn/witness", "tnu.edu.vn/nguon-witness"] {
            let witness = key(name, KeyKind::Cosignature);
            let cosignature = cosign(&checkpoint, &witness, 1_800_000_000).unwrap();
            checkpoint.add_cosignature(cosignature, witness.verifier()).unwrap();
        }
        let log = key(LEDGER, KeyKind::Ed25519);
        let proof = make_proof(&tiles, &checkpoint, 123_456, entry, log.verifier()).unwrap();
        assert!(proof.len() <= 2_048, "{} bytes", proof.len());
    }

    #[test]
    fn a_proof_holds_the_entry_that_it_proves() {
        let (tiles, head) = tree(b"entry", 300);
        let log = key(LEDGER, KeyKind::Ed25519);
        let proof = make_proof(&tiles, &signed(head), 299, b"entry".to_vec(), log.verifier()).unwrap();
        assert_eq!(TlogProof::parse(proof.as_bytes()).unwrap().extra(), Some(b"entry".as_slice()));
    }

    #[test]
    fn no_proof_is_given_out_that_does_not_verify() {
        let (tiles, head) = tree(b"entry", 300);
        let log = key(LEDGER, KeyKind::Ed25519);
        let prove = |head, bytes: &[u8]| make_proof(&tiles, &signed(head), 7, bytes.to_vec(), log.verifier());
        assert_eq!(prove(head, b"another"), Err(MerkleError::Root));
        let false_head = TreeHead { root: Hash::EMPTY_ROOT, ..head };
        assert_eq!(prove(false_head, b"entry"), Err(MerkleError::Root));
    }

    #[test]
    fn a_proof_takes_the_tiles_that_it_names_and_no_others() {
        let (all, head) = tree(b"entry", 70_000);
        let subtrees = inclusion_subtrees(65_000, head.size).unwrap();
        let mut tiles = TileSet::default();
        for tile in tiles_of(&subtrees, head.size).unwrap() {
            tiles.insert(tile, &all.data(tile).unwrap()).unwrap();
        }
        let log = key(LEDGER, KeyKind::Ed25519);
        assert!(make_proof(&tiles, &signed(head), 65_000, b"entry".to_vec(), log.verifier()).is_ok());
    }
}
