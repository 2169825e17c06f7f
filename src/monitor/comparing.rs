//! Two checkpoints of one log held against each other by the tiles that the log publishes. It must never take a tile's word: what was
//! fetched counts only if it leads to a root that was signed.

use crate::merkle::{SignedCheckpoint, TileSet, VerifierKey};

use super::cover::{pieces_of, read_pieces, tiles_of_pieces};
use super::evidence::{Fork, NotFork};
use super::source::{Source, SourceFault, TilesFault};

/// How two checkpoints stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The larger tree begins with the smaller.
    Agrees,
    /// They contradict each other; this proves it.
    Fork(Box<Fork>),
    /// The published tiles do not lead to the larger root, so nothing can be said.
    Unproven,
    /// The tiles could not be read.
    Unread(SourceFault),
}

/// Compares a checkpoint that was kept with the one that the log shows, which is not smaller. Some twenty tiles are fetched.
pub async fn compare(
    source: &Source,
    log: &VerifierKey,
    held: &SignedCheckpoint,
    shown: &SignedCheckpoint,
) -> Comparison {
    let (old, new) = (held.head().size, shown.head().size);
    let nodes = match (pieces_of(0, old), pieces_of(old, new)) {
        (Ok(before), Ok(after)) if old < new => [before, after].concat(),
        _ => Vec::new(),
    };
    let tiles = match tiles_of_pieces(&nodes, new) {
        Ok(wanted) => source.read_tiles(wanted).await,
        Err(err) => Err(err.into()),
    };
    let proven = |tiles: &TileSet| Fork::prove(log, held, shown, read_pieces(tiles, nodes)?);
    match tiles.map(|tiles| proven(&tiles)) {
        Ok(Ok(fork)) => Comparison::Fork(Box::new(fork)),
        Ok(Err(NotFork::Agree)) => Comparison::Agrees,
        Err(TilesFault::Source(fault)) => Comparison::Unread(fault),
        Ok(Err(_)) | Err(TilesFault::Format(_)) => Comparison::Unproven,
    }
}
