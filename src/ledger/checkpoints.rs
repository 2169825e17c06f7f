//! Checkpoints, in an order that a crash cannot turn: recompute and compare, sign, stage, high-water file, publish. There are never two
//! roots for one size and never a smaller size; what is staged is finished by whoever finds it, with the same functions.

use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::error::{Error, Result};
use crate::merkle::{
    Checkpoint, SignedCheckpoint, Tile, TileSet, TreeHead, VerifierKey, consistency_subtrees, prove_consistency,
    root_of, tiles_of, tiles_of_edge, verify_consistency,
};

use super::checkpoint_store::StoredCheckpoint;
use super::comparing::{check_edge, check_running, compare};
use super::halting::{Alarm, HaltReason, Stop};
use super::sequencer::{begin, is_manifest_due};
use super::service::Ledger;
use super::{checkpoint_store, tree_store};

/// A checkpoint that the high-water file has: only such a one is published.
#[derive(Clone, Copy, Debug)]
pub struct Noted(TreeHead);

impl Ledger {
    /// Steps 1 to 3: recompute the root, prove that it continues the last checkpoint, sign, and stage, in one transaction under the
    /// sequencer's lock. Gives the checkpoint that is staged, also if an earlier one still waits; nothing when there is nothing new or
    /// another instance is at it. The first one is made of an empty tree too, so that a new log can be followed.
    ///
    /// If we die before it commits, the signature never left this process. After it, the checkpoint is staged: nobody has seen it, it
    /// blocks every other of its size, and the next tick of any instance goes on with it.
    pub async fn stage_checkpoint(&self) -> Result<Option<SignedCheckpoint>> {
        let mark = self.read_mark().await?;
        let now = self.parts.clock.now();
        let signer = &self.parts.signer;
        let mut conn = self.parts.db.conn().await?;
        let staging = conn.transaction(async |conn| {
            let Some(size) = begin(conn, mark.as_ref()).await? else { return Ok::<_, Stop>(None) };
            let last = checkpoint_store::newest_checkpoint(conn).await?;
            let last = last.map(|last| Ok::<_, Stop>((open_stored(&last, signer.verifier())?, last.is_published)));
            let last = match last.transpose()? {
                Some((staged, false)) => return Ok(Some(staged)),
                Some((last, true)) if last.head().size == size => return Ok(None),
                Some((last, true)) => Some(last),
                None => None,
            };
            let head = recompute(conn, last.as_ref().map(SignedCheckpoint::head), size).await?;
            let checkpoint = Checkpoint { origin: signer.verifier().name().clone(), head };
            let checkpoint = checkpoint.sign(signer).map_err(Error::internal)?;
            checkpoint_store::insert_checkpoint(conn, &head, &checkpoint.to_string(), now).await?;
            Ok(Some(checkpoint))
        });
        let outcome = staging.await;
        drop(conn);
        self.settle(outcome).await
    }

    /// Step 3, outside the database: the high-water file. A full disk leaves the checkpoint staged, and the next tick tries again.
    ///
    /// If we die after it, the file knows a checkpoint that is staged and unseen; whoever finds it publishes it.
    pub async fn note_high_water(&self, head: &TreeHead) -> Result<Noted> {
        let (marks, head) = (self.parts.high_water.clone(), *head);
        tokio::task::spawn_blocking(move || marks.note(&head)).await??;
        Ok(Noted(head))
    }

    /// Step 5: from here on anyone may see it, and what it covers is sealed. Step 4, the witnesses, does not hold it up: who follows
    /// checkpoints asks them, or they come by themselves, and their word is served with the checkpoint from then on.
    pub async fn publish(&self, Noted(head): Noted) -> Result<()> {
        let mut conn = self.parts.db.conn().await?;
        checkpoint_store::publish_checkpoint(&mut conn, head.size, self.parts.clock.now()).await?;
        self.tell_published(head);
        Ok(())
    }

    fn tell_published(&self, head: TreeHead) {
        self.published.send_if_modified(|known| known.replace(head) != Some(head));
    }

    /// Finishes what an instance left staged, and notes what others published: every instance's file knows the newest checkpoint, so
    /// that each notices a restored database. Compares first.
    pub async fn finish_staged(&self) -> Result<()> {
        let mark = self.read_mark().await?;
        let mut conn = self.parts.db.conn().await?;
        let outcome = newest_after_comparing(&mut conn, mark.as_ref(), self.verifier()).await;
        drop(conn);
        let Some(newest) = self.settle(outcome).await? else { return Ok(()) };
        if newest.is_published && mark.is_some_and(|mark| newest.head.size <= mark.size) {
            self.tell_published(newest.head);
            return Ok(());
        }
        let noted = self.note_high_water(&newest.head).await?;
        self.publish(noted).await
    }

    /// Whether a tick has anything to do: so that an idle ledger costs a few small queries and no lock.
    pub(super) async fn has_work(&self) -> Result<bool> {
        let mut conn = self.parts.db.conn().await?;
        let size = tree_store::find_state(&mut conn).await?.size;
        let newest = checkpoint_store::newest_checkpoint(&mut conn).await?;
        Ok(newest.is_none_or(|newest| newest.head.size != size || !newest.is_published)
            || tree_store::has_pending(&mut conn).await?
            || is_manifest_due(&mut conn, size, self.parts.clock.today()).await?)
    }
}

async fn newest_after_comparing(
    conn: &mut AsyncPgConnection,
    mark: Option<&TreeHead>,
    verifier: &VerifierKey,
) -> Result<Option<StoredCheckpoint>, Stop> {
    let state = tree_store::find_state(conn).await?;
    check_running(&state)?;
    compare(conn, state.size, mark).await?;
    let newest = checkpoint_store::newest_checkpoint(conn).await?;
    if let Some(newest) = &newest {
        open_stored(newest, verifier)?;
    }
    Ok(newest)
}

/// The stored note as a stranger would read it. That it says what its columns say is checked: they are what others are compared with.
pub(super) fn open_stored(stored: &StoredCheckpoint, verifier: &VerifierKey) -> Result<SignedCheckpoint, Stop> {
    let opened =
        SignedCheckpoint::open(stored.note.as_bytes(), verifier).map_err(|err| Stop::Error(other_key(&err)))?;
    if *opened.head() == stored.head {
        return Ok(opened);
    }
    let size = stored.head.size;
    let reason = HaltReason::new(
        format!("điểm chốt {size} mục đang lưu không phải là bản đã ký"),
        format!("the checkpoint of {size} entries is not the one that was signed"),
    );
    Err(Stop::Halt(Alarm::Damaged, reason))
}

fn other_key(err: &crate::merkle::MerkleError) -> Error {
    Error::refused(
        "ledger-key-differs",
        "Khóa ký sổ cái không phải là khóa đã ký các điểm chốt trong cơ sở dữ liệu này; xin khôi phục đúng tệp bí mật và đúng tên sổ \
         cái (địa chỉ công khai) của cơ sở dữ liệu này.",
        format!(
            "this ledger key did not sign the checkpoints of this database ({err}); restore the secret file and the ledger's name (the \
             public address) that belong to it"
        ),
    )
}

/// Step 1: the root from stored tiles, whose edge says what the entries say, and the proof that this tree continues the last one.
async fn recompute(conn: &mut AsyncPgConnection, last: Option<&TreeHead>, size: u64) -> Result<TreeHead, Stop> {
    let last = last.copied().unwrap_or(TreeHead::EMPTY);
    if size < last.size {
        let reason = HaltReason::new(
            format!("sổ cái còn {size} mục, mà điểm chốt cuối có {} mục", last.size),
            format!("the tree has {size} entries, the last checkpoint {}", last.size),
        );
        return Err(Stop::Halt(Alarm::Behind, reason));
    }
    let subtrees = consistency_subtrees(last.size, size)?;
    let mut wanted = tiles_of(&subtrees, size)?;
    wanted.extend(tiles_of_edge(size));
    let wanted: Vec<Tile> = wanted.into_iter().collect();
    let tiles = tree_store::find_tiles(conn, &wanted).await?;
    check_edge(conn, size, &tiles).await?;
    head_of(&tiles, &last, size)
}

fn head_of(tiles: &TileSet, last: &TreeHead, size: u64) -> Result<TreeHead, Stop> {
    let head = TreeHead { size, root: root_of(tiles, size)? };
    let proof = prove_consistency(tiles, last.size, size)?;
    verify_consistency(last, &head, &proof)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Hash, hash_leaf};

    fn leaves(n: u32) -> Vec<Hash> {
        (0..n).map(|n| hash_leaf(&n.to_be_bytes())).collect()
    }

    fn tree(n: u32) -> TileSet {
        let mut tiles = TileSet::default();
        tiles.append(0, &leaves(n)).unwrap();
        tiles
    }

    #[test]
    fn a_tree_that_continues_the_last_checkpoint_is_signed() {
        let tiles = tree(700);
        let last = head_of(&tree(300), &TreeHead::EMPTY, 300).ok().unwrap();
        assert_eq!(head_of(&tiles, &last, 700).ok().map(|head| head.root), root_of(&tiles, 700).ok());
    }

    #[test]
    fn the_empty_tree_has_a_checkpoint_too() {
        assert_eq!(head_of(&TileSet::default(), &TreeHead::EMPTY, 0).ok(), Some(TreeHead::EMPTY));
    }

    #[test]
    fn a_tree_with_another_history_halts() {
        let mut other = leaves(300);
        other[7] = Hash::EMPTY_ROOT;
        let mut tiles = TileSet::default();
        tiles.append(0, &other).unwrap();
        let last = head_of(&tree(200), &TreeHead::EMPTY, 200).ok().unwrap();
        assert!(matches!(head_of(&tiles, &last, 300), Err(Stop::Halt(Alarm::Damaged, _))));
    }
}
