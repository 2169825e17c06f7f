//! The proof that a log forked: two checkpoints that its key signed and that cannot both be true, in a text that anyone can verify with
//! SHA-256 and Ed25519 alone. Pure. A [`Fork`] exists only once it was verified; a text has one spelling, so that what its
//! lines claim beside the signatures is true as well.

use std::fmt;

use crate::merkle::{Hash, MAX_NOTE_BYTES, MerkleError, Node, SignedCheckpoint, VerifierKey, parse_decimal};

use super::cover::{Piece, root_of_pieces};

/// First line of the file.
const HEADER: &str = "nguon ledger fork evidence v1";
/// Longest file that is read, bytes: two of the longest notes, and as much again for the rest.
pub const MAX_EVIDENCE_BYTES: usize = 3 * MAX_NOTE_BYTES;
/// What the file says of itself.
const EXPLANATION: &str = "\
Sổ cái này đã ký hai bản xác nhận (checkpoint) không thể cùng đúng. Ai cũng kiểm tra được: nguon audit --evidence TỆP
Cần tự so dòng \"log\" với khóa mà sổ cái đã công bố từ trước; tệp này không chứng minh khóa là của ai.

The log below signed two checkpoints that cannot both be true. Anyone can check that: nguon audit --evidence FILE
Compare the line \"log\" with the key that the log published before; this file does not prove whose key it is.

By hand: 1. Both notes carry a signature of that key (C2SP signed-note, tlog-checkpoint). 2. For one size they say two roots, and
that is all; or the subtrees below, each written as level, index and RFC 6962 hash, lie side by side from the first entry on.
Hashing them together gives the root of the second note; hashing together those of the first note's entries gives another
root than the first note says. So what was signed second is not what was signed first with more entries behind it.
";

/// Why two checkpoints are no proof of a fork.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFork {
    /// Not the text of an evidence file, or one that was changed.
    #[error("this is no evidence file, or it was changed on its way (line ends included): {0}")]
    Text(&'static str),
    /// A note or a hash that does not hold.
    #[error("the evidence does not hold: {0}")]
    Format(#[from] MerkleError),
    /// The second is the smaller one.
    #[error("the second checkpoint has fewer entries than the first")]
    Order,
    /// The hashes do not lead to the root that was signed second.
    #[error("the subtrees do not lead to the second checkpoint's root")]
    Unproven,
    /// Both can be true.
    #[error("the two checkpoints agree")]
    Agree,
}

/// Two checkpoints of one log that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    log: VerifierKey,
    first: SignedCheckpoint,
    second: SignedCheckpoint,
    /// The second tree, cut where the first should end; empty where both have one size.
    pieces: Vec<Piece>,
    /// The root of the first size in the second tree.
    computed: Hash,
}

impl Fork {
    /// Proves it, or says why not. Between checkpoints of one size no hashes are needed.
    pub fn prove(
        log: &VerifierKey,
        first: &SignedCheckpoint,
        second: &SignedCheckpoint,
        pieces: Vec<Piece>,
    ) -> Result<Self, NotFork> {
        // Whatever key the caller checked them under: it is this one that the evidence names.
        let check = |checkpoint: &SignedCheckpoint| SignedCheckpoint::check(checkpoint.note().clone(), log);
        let (first, second) = (check(first)?, check(second)?);
        let (first_head, second_head) = (first.head(), second.head());
        let computed = if first_head.size == second_head.size {
            if !pieces.is_empty() {
                return Err(NotFork::Unproven);
            }
            second_head.root
        } else {
            root_in(&pieces, first_head.size, &second)?
        };
        if computed == first_head.root {
            return Err(NotFork::Agree);
        }
        Ok(Self { log: log.clone(), first, second, pieces, computed })
    }

    /// The log's key.
    pub const fn log(&self) -> &VerifierKey {
        &self.log
    }

    /// The smaller checkpoint, or the one that was held where both have one size.
    pub const fn first(&self) -> &SignedCheckpoint {
        &self.first
    }

    /// The other.
    pub const fn second(&self) -> &SignedCheckpoint {
        &self.second
    }

    /// Reads a file and verifies it.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotFork> {
        if MAX_EVIDENCE_BYTES < bytes.len() {
            return Err(NotFork::Text("it is too long"));
        }
        let text = str::from_utf8(bytes).map_err(|_| NotFork::Text("it is not UTF-8"))?;
        let rest = text.strip_prefix(HEADER).ok_or(NotFork::Text("its first line is another"))?;
        let (_, rest) = rest.split_once("\nlog ").ok_or(NotFork::Text("it names no log"))?;
        let (key, rest) = rest.split_once('\n').ok_or(NotFork::Text("it ends early"))?;
        let log = VerifierKey::parse(key)?;
        let (first, rest) = read_note(rest, "first")?;
        let (second, rest) = read_note(rest, "second")?;
        let first = SignedCheckpoint::open(first.as_bytes(), &log)?;
        let second = SignedCheckpoint::open(second.as_bytes(), &log)?;
        let pieces = rest.split('\n').filter_map(|line| line.strip_prefix("subtree ")).map(read_piece);
        let pieces = pieces.collect::<Option<Vec<_>>>().ok_or(NotFork::Text("a subtree is misspelt"))?;
        let fork = Self::prove(&log, &first, &second, pieces)?;
        if fork.to_string() == text { Ok(fork) } else { Err(NotFork::Text("a line differs from what follows")) }
    }
}

/// The root of the first `size` leaves in the tree of the second checkpoint, which its pieces open.
fn root_in(pieces: &[Piece], size: u64, second: &SignedCheckpoint) -> Result<Hash, NotFork> {
    let head = second.head();
    if head.size < size {
        return Err(NotFork::Order);
    }
    let end_of = |node: &Node| (node.index() + 1) << node.level();
    let n_before = pieces.iter().take_while(|(node, _)| end_of(node) <= size).count();
    let (before, after) = pieces.split_at_checked(n_before).ok_or(NotFork::Unproven)?;
    let is_cut_there = before.last().map_or(0, |(node, _)| end_of(node)) == size;
    let is_whole = after.last().or(before.last()).map_or(0, |(node, _)| end_of(node)) == head.size;
    if is_cut_there && is_whole && root_of_pieces(pieces)? == head.root {
        Ok(root_of_pieces(before)?)
    } else {
        Err(NotFork::Unproven)
    }
}

fn read_note<'a>(text: &'a str, which: &str) -> Result<(&'a str, &'a str), NotFork> {
    let misspelt = || NotFork::Text("a checkpoint does not stand between its marks");
    let rest = text.split_once(&format!("-----BEGIN {which} checkpoint, ")).ok_or_else(misspelt)?.1;
    let (length, rest) = rest.split_once(" bytes-----\n").ok_or_else(misspelt)?;
    let length = parse_decimal(length).and_then(|n| usize::try_from(n).ok()).ok_or_else(misspelt)?;
    let (note, rest) = rest.split_at_checked(length).ok_or_else(misspelt)?;
    let rest = rest.strip_prefix(&format!("-----END {which} checkpoint-----\n")).ok_or_else(misspelt)?;
    Ok((note, rest))
}

fn read_piece(line: &str) -> Option<Piece> {
    let (level, rest) = line.split_once(' ')?;
    let (index, hash) = rest.split_once(' ')?;
    let level = parse_decimal(level)?.try_into().ok()?;
    Some((Node::new(level, parse_decimal(index)?).ok()?, Hash::parse(hash)?))
}

/// The file.
impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\n\n{EXPLANATION}\nlog {}\n", self.log)?;
        for (which, checkpoint) in [("first", &self.first), ("second", &self.second)] {
            let note = checkpoint.to_string();
            let n_bytes = note.len();
            writeln!(
                f,
                "-----BEGIN {which} checkpoint, {n_bytes} bytes-----\n{note}-----END {which} checkpoint-----\n"
            )?;
        }
        for (node, hash) in &self.pieces {
            writeln!(f, "subtree {} {} {hash}", node.level(), node.index())?;
        }
        let (first, second) = (self.first.head(), self.second.head());
        writeln!(f, "signed first: {} entries have the root {}", first.size, first.root)?;
        writeln!(f, "signed second: {} entries have the root {}", second.size, second.root)?;
        writeln!(f, "in the second tree the first {} entries have the root {}", first.size, self.computed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Checkpoint, TileSet, TreeHead, hash_leaf, root_of};
    use crate::monitor::cover::{pieces_of, read_pieces};
    use crate::monitor::testing::signer;

    fn tree(from: u32) -> TileSet {
        let leaves: Vec<Hash> =
            (0..700_u32).map(|n| hash_leaf(&[n.to_be_bytes(), u32::from(from <= n).to_be_bytes()].concat())).collect();
        let mut tiles = TileSet::default();
        tiles.append(0, &leaves).unwrap();
        tiles
    }

    fn checkpoint(tiles: &TileSet, size: u64) -> SignedCheckpoint {
        let head = TreeHead { size, root: root_of(tiles, size).unwrap() };
        Checkpoint { origin: signer().verifier().name().clone(), head }.sign(&signer()).unwrap()
    }

    fn pieces(tiles: &TileSet, old: u64, new: u64) -> Vec<Piece> {
        read_pieces(tiles, [pieces_of(0, old).unwrap(), pieces_of(old, new).unwrap()].concat()).unwrap()
    }

    fn prove(ours: &TileSet, old: u64, theirs: &TileSet, new: u64) -> Result<Fork, NotFork> {
        let pieces = if old == new { Vec::new() } else { pieces(theirs, old, new) };
        Fork::prove(signer().verifier(), &checkpoint(ours, old), &checkpoint(theirs, new), pieces)
    }

    /// Two histories that part at entry 100.
    fn two() -> (TileSet, TileSet) {
        (tree(u32::MAX), tree(100))
    }

    #[test]
    fn two_roots_for_one_size_are_a_fork() {
        let (ours, theirs) = two();
        assert!(prove(&ours, 300, &theirs, 300).is_ok());
        assert_eq!(prove(&ours, 100, &theirs, 100), Err(NotFork::Agree));
    }

    #[test]
    fn a_larger_tree_that_does_not_contain_the_smaller_is_a_fork() {
        let (ours, theirs) = two();
        for (old, new) in [(101, 102), (128, 256), (300, 700), (699, 700)] {
            assert!(prove(&ours, old, &theirs, new).is_ok(), "{old} {new}");
        }
    }

    #[test]
    fn a_tree_that_only_grew_is_no_fork() {
        let (ours, theirs) = two();
        for (tiles, old, new) in [(&ours, 300, 700), (&ours, 100, 101), (&ours, 1, 700), (&theirs, 64, 128)] {
            assert_eq!(prove(tiles, old, tiles, new), Err(NotFork::Agree));
        }
        assert_eq!(prove(&ours, 100, &theirs, 700), Err(NotFork::Agree));
    }

    #[test]
    fn hashes_that_do_not_open_the_second_root_prove_nothing() {
        let (ours, theirs) = two();
        let (first, second) = (checkpoint(&ours, 300), checkpoint(&theirs, 700));
        let good = pieces(&theirs, 300, 700);
        let bad = [
            Vec::new(),
            pieces(&ours, 300, 700),
            pieces(&theirs, 290, 700),
            pieces(&theirs, 300, 699),
            good[1..].to_vec(),
            good[..good.len() - 1].to_vec(),
        ];
        for pieces in bad {
            assert!(Fork::prove(signer().verifier(), &first, &second, pieces).is_err());
        }
        assert_eq!(Fork::prove(signer().verifier(), &second, &first, good), Err(NotFork::Order));
    }

    #[test]
    fn an_evidence_file_is_read_as_it_was_written() {
        let (ours, theirs) = two();
        for (old, new) in [(300, 300), (300, 700)] {
            let fork = prove(&ours, old, &theirs, new).unwrap();
            assert_eq!(Fork::parse(fork.to_string().as_bytes()), Ok(fork));
        }
    }

    #[test]
    fn a_changed_evidence_file_is_refused() {
        let (ours, theirs) = two();
        let text = prove(&ours, 300, &theirs, 700).unwrap().to_string();
        for at in (0..text.len()).step_by(7) {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(Fork::parse(&bytes).is_err(), "{at}");
            assert!(Fork::parse(&text.as_bytes()[..at]).is_err(), "{at}");
        }
        assert!(Fork::parse(text.replace('\n', "\r\n").as_bytes()).is_err());
        assert!(Fork::parse(format!("{text}\n").as_bytes()).is_err());
    }
}
