//! Whether the database still is what was published: compared with the high-water file and with its own checkpoints, by roots made of
//! stored tiles. Reads alone; whoever calls it decides what follows.

use diesel_async::AsyncPgConnection;

use crate::error::Error;
use crate::merkle::{Hash, Tile, TileSet, TreeHead, root_of, tiles_of_edge};

use super::checkpoint_store;
use super::halting::{Alarm, HaltReason, Stop, halted};
use super::tree_store::{self, State};

/// Refuses to go on while the ledger is halted.
pub(super) fn check_running(state: &State) -> Result<(), Stop> {
    let reason = state.halted_reason.as_deref().map(HaltReason::stored);
    reason.map_or(Ok(()), |reason| Err(Stop::Error(halted(&reason))))
}

/// Whether the tree is at least as large as the mark says, with the same root. `mark` was read before: whoever else publishes in the
/// meantime stores first and marks after, so a mark is never ahead of a whole database.
pub(super) async fn compare(conn: &mut AsyncPgConnection, size: u64, mark: Option<&TreeHead>) -> Result<(), Stop> {
    let Some(mark) = mark else { return check_unmarked(conn).await };
    check_size(size, mark)?;
    // The stored checkpoint answers without reading tiles. Where there is none of this size, as in a restored database that has grown
    // again, the tiles do.
    let root = match checkpoint_store::checkpoint_at(conn, mark.size).await? {
        Some(checkpoint) => checkpoint.head.root,
        None => root_at(conn, mark.size).await?,
    };
    check_root(&root, mark)
}

/// The same without trusting anything but tiles, and for the newest checkpoint and the newest that a witness holds as well.
pub(super) async fn compare_all(conn: &mut AsyncPgConnection, size: u64, mark: Option<&TreeHead>) -> Result<(), Stop> {
    if mark.is_none() {
        check_unmarked(conn).await?;
    }
    let newest = checkpoint_store::newest_checkpoint(conn).await?.map(|checkpoint| checkpoint.head);
    let cosigned = checkpoint_store::newest_cosigned(conn).await?.map(|checkpoint| checkpoint.head);
    for head in [mark.copied(), newest, cosigned].into_iter().flatten() {
        check_size(size, &head)?;
        check_root(&root_at(conn, head.size).await?, &head)?;
    }
    let edge: Vec<Tile> = tiles_of_edge(size).collect();
    let tiles = tree_store::find_tiles(conn, &edge).await?;
    check_edge(conn, size, &tiles).await
}

/// Without a mark nothing may have been published. A file that was lost together with a restored database would otherwise let the
/// ledger sign a second history; whether this is so, only an operator can tell.
async fn check_unmarked(conn: &mut AsyncPgConnection) -> Result<(), Stop> {
    match checkpoint_store::published_size(conn).await? {
        None => Ok(()),
        Some(_) => Err(Stop::Error(Error::refused(
            "ledger-mark-missing",
            "Tệp mốc của sổ cái (ledger-high-water) trống hoặc đã mất, mà sổ cái thì đã công bố. Xin chép tệp này từ máy cũ hoặc từ bản \
             sao lưu mới nhất. Nếu chắc chắn cơ sở dữ liệu này là bản mới nhất, xin chạy: nguon ledger resume --without-mark",
            "the ledger's high-water file is empty or lost, and the ledger was published; copy the file from the old machine or from \
             the newest backup. Only if this database is surely the newest, run: nguon ledger resume --without-mark",
        ))),
    }
}

/// The root of the first `size` entries, recomputed from stored tiles.
pub(super) async fn root_at(conn: &mut AsyncPgConnection, size: u64) -> Result<Hash, Stop> {
    let edge: Vec<Tile> = tiles_of_edge(size).collect();
    Ok(root_of(&tree_store::find_tiles(conn, &edge).await?, size)?)
}

/// Whether the last, partial tile of leaf hashes says what the entries say: some 255 hashes at the most.
pub(super) async fn check_edge(conn: &mut AsyncPgConnection, size: u64, tiles: &TileSet) -> Result<(), Stop> {
    let Some(tile) = tiles_of_edge(size).find(|tile| tile.level() == 0) else { return Ok(()) };
    let leaves = tree_store::leaf_hashes(conn, size - u64::from(tile.width()), size).await?;
    let stored: Vec<u8> = leaves.iter().flat_map(Hash::as_bytes).copied().collect();
    if tiles.data(tile).is_some_and(|data| data == stored) {
        return Ok(());
    }
    let reason = HaltReason::new(
        format!("ô {tile} không giữ đúng mã băm của các mục trong đó"),
        format!("{tile} does not hold the leaf hashes of its entries"),
    );
    Err(Stop::Halt(Alarm::Damaged, reason))
}

fn check_size(size: u64, published: &TreeHead) -> Result<(), Stop> {
    if published.size <= size {
        return Ok(());
    }
    let published = published.size;
    let reason = HaltReason::new(
        format!(
            "cơ sở dữ liệu có {size} mục, mà đã công bố {published} mục: nó cũ hơn bản mà người khác đang giữ, như sau khi khôi phục một bản \
             sao lưu cũ"
        ),
        format!(
            "the database has {size} entries, {published} were published: it is older than what others hold, as after restoring an old \
             backup"
        ),
    );
    Err(Stop::Halt(Alarm::Behind, reason))
}

fn check_root(root: &Hash, published: &TreeHead) -> Result<(), Stop> {
    if *root == published.root {
        return Ok(());
    }
    let TreeHead { size, root: said } = published;
    let reason = HaltReason::new(
        format!("{size} mục đầu của cơ sở dữ liệu có mã gốc {root}, mà đã công bố mã gốc {said}: lịch sử đã khác"),
        format!(
            "the first {size} entries of the database have the root {root}, the root {said} was published: it has another history"
        ),
    );
    Err(Stop::Halt(Alarm::Behind, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_behind_what_was_published_halts() {
        let mark = TreeHead { size: 3, root: Hash::EMPTY_ROOT };
        assert!(matches!(check_size(2, &mark), Err(Stop::Halt(Alarm::Behind, _))));
        assert!(check_size(3, &mark).is_ok());
    }

    #[test]
    fn another_root_than_the_published_one_halts() {
        let mark = TreeHead { size: 3, root: Hash::new([7; Hash::LEN]) };
        assert!(matches!(check_root(&Hash::EMPTY_ROOT, &mark), Err(Stop::Halt(Alarm::Behind, _))));
        assert!(check_root(&Hash::new([7; Hash::LEN]), &mark).is_ok());
    }
}
