//! What the ledger serves as it is published: checkpoints with their cosignatures, tiles, bundles of entries. It must never serve
//! what no published checkpoint covers.

use diesel_async::AsyncPgConnection;

use crate::error::{Error, Result};
use crate::merkle::{Bundle, NoteSignature, SignedCheckpoint, TILE_WIDTH, Tile, write_bundle};

use super::checkpoint_store::{checkpoint_at, published_size};
use super::policy::{Witness, WitnessPolicy};
use super::published_store;
use super::service::Ledger;
use super::store;
use super::tree_store::find_tiles;

/// How many of the latest cosignatures are looked at for the checkpoint that most witnesses share: a bound on the work for a proof,
/// however long the ledger has been witnessed.
const RECENT_COSIGNATURES: i64 = 500;

/// A published checkpoint by its size, with who of the policy cosigned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cosigned {
    pub(super) size: u64,
    /// Names in the policy, each once.
    pub(super) witnesses: Vec<String>,
}

impl Ledger {
    /// The newest published checkpoint with the cosignatures of the policy's witnesses; none before the first.
    pub async fn newest_checkpoint_text(&self) -> Result<Option<String>> {
        let mut conn = self.parts.db.conn().await?;
        Ok(self.newest_checkpoint(&mut conn).await?.map(|checkpoint| checkpoint.to_string()))
    }

    pub(super) async fn newest_checkpoint(&self, conn: &mut AsyncPgConnection) -> Result<Option<SignedCheckpoint>> {
        match published_store::newest_note(conn).await? {
            Some(note) => self.with_cosignatures(conn, &note).await.map(Some),
            None => Ok(None),
        }
    }

    /// The newest checkpoint with enough cosignatures for the policy; where none has, the one with most. None while no witness
    /// cosigned.
    pub async fn witnessed_checkpoint_text(&self) -> Result<Option<String>> {
        let mut conn = self.parts.db.conn().await?;
        let cosigned = self.recently_cosigned(&mut conn, 0).await?;
        let Some(size) = choose_witnessed(&cosigned, &self.parts.witnesses) else { return Ok(None) };
        Ok(Some(self.checkpoint_of(&mut conn, size).await?.to_string()))
    }

    /// The checkpoint of a size that the caller knows to be published.
    pub(super) async fn checkpoint_of(&self, conn: &mut AsyncPgConnection, size: u64) -> Result<SignedCheckpoint> {
        let stored = checkpoint_at(conn, size).await?.filter(|stored| stored.is_published);
        let stored = stored.ok_or_else(|| missing(&format_args!("the checkpoint of {size}")))?;
        self.with_cosignatures(conn, &stored.note).await
    }

    /// A tile's bytes, if the published tree has all its hashes.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>> {
        let mut conn = self.parts.db.conn().await?;
        if !tile.exists_in(published_size(&mut conn).await?.unwrap_or(0)) {
            return Ok(None);
        }
        find_tiles(&mut conn, &[tile]).await?.data(tile).map(Some).ok_or_else(|| missing(&tile))
    }

    /// A bundle's bytes, if the published tree has all its entries.
    pub async fn bundle(&self, bundle: Bundle) -> Result<Option<Vec<u8>>> {
        let mut conn = self.parts.db.conn().await?;
        if !bundle.leaves().exists_in(published_size(&mut conn).await?.unwrap_or(0)) {
            return Ok(None);
        }
        read_bundle_bytes(&mut conn, bundle).await.map(Some)
    }

    /// Published checkpoints of more than `above` entries with who cosigned them lately, the largest first.
    pub(super) async fn recently_cosigned(&self, conn: &mut AsyncPgConnection, above: u64) -> Result<Vec<Cosigned>> {
        let filed_as = self.filed_as();
        if filed_as.is_empty() {
            return Ok(Vec::new());
        }
        let rows = published_store::recently_cosigned(conn, above, &filed_as, RECENT_COSIGNATURES).await?;
        Ok(by_size(rows, &self.parts.witnesses))
    }

    /// A published checkpoint with its cosignatures, all of them verified. One that does not verify is left out and told of.
    async fn with_cosignatures(&self, conn: &mut AsyncPgConnection, note: &str) -> Result<SignedCheckpoint> {
        let mut checkpoint = SignedCheckpoint::open(note.as_bytes(), self.verifier()).map_err(Error::internal)?;
        let size = checkpoint.head().size;
        let filed_as = self.filed_as();
        if filed_as.is_empty() {
            return Ok(checkpoint);
        }
        for line in published_store::cosignature_lines(conn, size, &filed_as).await? {
            for signature in NoteSignature::parse_lines(&line).map_err(Error::internal)? {
                let Some(witness) = self.parts.witnesses.claimed_by(&signature) else { continue };
                if let Err(err) = checkpoint.add_cosignature(signature, &witness.key) {
                    tracing::error!(
                        alarm = "ledger-cosignature-damaged",
                        ledger.size = size,
                        ledger.witness = witness.name,
                        %err,
                        "a stored cosignature does not verify"
                    );
                }
            }
        }
        Ok(checkpoint)
    }

    fn filed_as(&self) -> Vec<String> {
        self.parts.witnesses.witnesses().iter().map(Witness::signs_as).collect()
    }
}

/// A bundle's bytes; the caller knows that the tree has its entries.
pub(super) async fn read_bundle_bytes(conn: &mut AsyncPgConnection, bundle: Bundle) -> Result<Vec<u8>> {
    let (start, width) = (bundle.leaves().index() * u64::from(TILE_WIDTH), u64::from(bundle.leaves().width()));
    let entries = store::entries_in_tree(conn, start, start + width).await?;
    if u64::try_from(entries.len()) != Ok(width) {
        return Err(missing(&bundle));
    }
    write_bundle(entries.iter().map(Vec::as_slice)).map_err(Error::internal)
}

pub(super) fn missing(what: &impl std::fmt::Display) -> Error {
    Error::internal(format!("{what} is published and not stored"))
}

/// Gathers cosignatures, the largest size first, by checkpoint.
fn by_size(rows: Vec<(u64, String)>, policy: &WitnessPolicy) -> Vec<Cosigned> {
    let mut all: Vec<Cosigned> = Vec::new();
    for (size, filed_as) in rows {
        let Some(witness) = policy.signing_as(&filed_as) else { continue };
        match all.last_mut().filter(|last| last.size == size) {
            Some(last) => last.witnesses.push(witness.name.clone()),
            None => all.push(Cosigned { size, witnesses: vec![witness.name.clone()] }),
        }
    }
    all
}

/// The size with most cosignatures, of several the largest.
pub(super) fn choose_most_cosigned(cosigned: &[Cosigned]) -> Option<u64> {
    cosigned.iter().max_by_key(|it| (it.witnesses.len(), it.size)).map(|it| it.size)
}

/// The largest size with enough cosignatures; where none has, the one with most.
fn choose_witnessed(cosigned: &[Cosigned], policy: &WitnessPolicy) -> Option<u64> {
    let has_enough = |it: &&Cosigned| {
        let names: Vec<&str> = it.witnesses.iter().map(String::as_str).collect();
        policy.has_quorum(&names)
    };
    let enough = cosigned.iter().filter(has_enough).map(|it| it.size).max();
    enough.or_else(|| choose_most_cosigned(cosigned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{KeyKind, KeyName, SignerKey};

    /// Three witnesses, of which two make the quorum.
    fn policy() -> WitnessPolicy {
        let line = |name: &str, seed: u8| {
            let key_name = KeyName::parse(&format!("{name}.example")).unwrap();
            let key = SignerKey::new(key_name, KeyKind::Cosignature, &[seed; 32]).unwrap();
            format!("witness {name} {}\n", key.verifier())
        };
        let lines = [line("a", 1), line("b", 2), line("c", 3), "group two 2 a b c\nquorum two\n".to_owned()];
        WitnessPolicy::parse(&lines.concat(), None).unwrap()
    }

    fn cosigned(all: &[(u64, &str)]) -> Vec<Cosigned> {
        let policy = policy();
        let filed_as = |name: &str| policy.witnesses().iter().find(|it| it.name == name).unwrap().signs_as();
        by_size(all.iter().map(|(size, name)| (*size, filed_as(name))).collect(), &policy)
    }

    #[test]
    fn cosignatures_are_gathered_by_checkpoint() {
        let expected = [(9, vec!["a"]), (7, vec!["b", "c"])];
        let expected =
            expected.map(|(size, names)| Cosigned { size, witnesses: names.into_iter().map(Into::into).collect() });
        assert_eq!(cosigned(&[(9, "a"), (7, "b"), (7, "c")]), expected);
    }

    #[test]
    fn a_cosignature_of_no_witness_of_the_policy_does_not_count() {
        assert_eq!(by_size(vec![(9, "d.example+00000000".to_owned())], &policy()), []);
    }

    #[test]
    fn a_proof_takes_the_checkpoint_with_most_cosignatures_and_of_several_the_newest() {
        assert_eq!(choose_most_cosigned(&cosigned(&[(9, "a"), (7, "a"), (7, "b"), (5, "b"), (5, "c")])), Some(7));
        assert_eq!(choose_most_cosigned(&[]), None);
    }

    #[test]
    fn the_witnessed_checkpoint_is_the_newest_with_a_quorum() {
        let all = [(9, "a"), (7, "a"), (7, "b"), (5, "a"), (5, "b"), (5, "c")];
        assert_eq!(choose_witnessed(&cosigned(&all), &policy()), Some(7));
    }

    #[test]
    fn without_a_quorum_the_witnessed_checkpoint_is_the_one_with_most() {
        assert_eq!(choose_witnessed(&cosigned(&[(9, "a"), (7, "b")]), &policy()), Some(9));
        assert_eq!(choose_witnessed(&[], &policy()), None);
    }
}
