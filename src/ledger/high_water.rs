//! The ledger's high-water file: the newest checkpoint that anyone may have seen, kept outside the database.
//!
//! A database restored from yesterday's backup would give today's places in the tree to other entries, and the ledger would sign two
//! histories. The file remembers how far it went: whoever signs compares first. It must never forget a larger tree for a smaller one.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::durable::{Readers, lock_lines, replace, sync_folder_of};
use crate::error::{Error, Result};
use crate::merkle::{Hash, MAX_SIZE, TreeHead};

/// From this length on, in bytes, the file is cut down to its last line: some 16,000 checkpoints.
const COMPACT_FROM: u64 = 1 << 20;
/// No line is longer, in bytes: 19 digits, a space, 44 characters of base64, a newline.
const MAX_LINE_BYTES: u64 = 65;

/// The file: one line `<size> <root>` a published checkpoint, the newest last. Several processes may note in it, so it is opened and
/// locked anew each time.
#[derive(Clone, Debug)]
pub struct LedgerMarks {
    path: PathBuf,
}

impl LedgerMarks {
    /// Makes the file if it is not there, and checks every line of it. A damaged file is refused. It is not cut down here: every command
    /// opens it, perhaps under another user than the server's.
    pub fn open(path: &Path) -> Result<Self> {
        let this = Self { path: path.to_owned() };
        this.create().map_err(Error::file(path))?;
        let mut file = this.lock().map_err(Error::file(path))?;
        let mut text = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut text)).map_err(Error::file(path))?;
        this.check_lines(&text)?;
        Ok(this)
    }

    /// The newest checkpoint noted.
    pub fn last(&self) -> Result<Option<TreeHead>> {
        self.last_in(&mut self.lock().map_err(Error::file(&self.path))?)
    }

    /// Notes a checkpoint. Durable when it returns. What the file knows already is not written again, and a larger tree stays.
    ///
    /// The checkpoint is stored before its line is written and published after. If we die between the two, nobody has seen it; the
    /// next tick of any instance finds it in the database and goes on from there.
    pub(super) fn note(&self, head: &TreeHead) -> Result<()> {
        let mut file = self.lock().map_err(Error::file(&self.path))?;
        match self.last_in(&mut file)? {
            Some(last) if head.size < last.size || *head == last => return Ok(()),
            Some(last) if head.size == last.size => return Err(self.differs(head, &last)),
            _ => {}
        }
        self.append(&mut file, &to_line(head)).map_err(Error::file(&self.path))
    }

    /// Takes over the mark of a saved file. What this file knows beyond it stays.
    pub fn take_over(&self, saved: &Path) -> Result<()> {
        let text = std::fs::read_to_string(saved).map_err(Error::file(saved))?;
        let whole = text.rfind('\n').and_then(|end| text.get(..=end)).unwrap_or_default();
        match (Self { path: saved.to_owned() }).check_lines(whole)? {
            Some(head) => self.note(&head),
            None => Ok(()),
        }
    }

    /// Reads whole lines and gives the last: never a smaller tree behind a larger one, never two roots for one size.
    fn check_lines(&self, text: &str) -> Result<Option<TreeHead>> {
        let mut last: Option<TreeHead> = None;
        for line in text.lines() {
            let head = self.read_line(line)?;
            if last.is_some_and(|last| head.size < last.size || (head.size == last.size && head != last)) {
                return Err(self.damaged(line));
            }
            last = Some(head);
        }
        Ok(last)
    }

    /// Makes the file unless it is there: of several processes that start at once only one makes it, and none empties it.
    fn create(&self) -> std::io::Result<()> {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path) {
            Ok(_) => sync_folder_of(&self.path),
            Err(err) if err.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Opens the file, alone among all threads and processes until it is dropped, and cuts off a torn last line: it belongs to a
    /// checkpoint that was never published.
    fn lock(&self) -> std::io::Result<File> {
        lock_lines(&self.path, OpenOptions::new().read(true).append(true))
    }

    fn last_in(&self, file: &mut File) -> Result<Option<TreeHead>> {
        let tail = read_tail(file).map_err(Error::file(&self.path))?;
        let Some(text) = tail.strip_suffix('\n') else { return Ok(None) };
        self.read_line(text.rsplit('\n').next().unwrap_or(text)).map(Some)
    }

    fn append(&self, file: &mut File, line: &str) -> std::io::Result<()> {
        let before = file.metadata()?.len();
        if COMPACT_FROM <= before {
            return replace(&self.path, line.as_bytes(), Readers::Owner);
        }
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        if written.is_err() {
            // A line that may not be on disk must not look as if it were: the next try writes it again.
            file.set_len(before)?;
        }
        written
    }

    fn read_line(&self, line: &str) -> Result<TreeHead> {
        parse(line).ok_or_else(|| self.damaged(line))
    }

    fn damaged(&self, line: &str) -> Error {
        let path = self.path.display();
        Error::refused(
            "ledger-high-water-file",
            format!(
                "Tệp {path} hỏng ở dòng \"{line}\"; xin khôi phục tệp này từ bản sao lưu mới nhất rồi khởi động lại."
            ),
            format!("{path} is damaged at the line \"{line}\"; restore it from the newest backup, then start again"),
        )
    }

    fn differs(&self, head: &TreeHead, last: &TreeHead) -> Error {
        let path = self.path.display();
        let size = head.size;
        Error::refused(
            "ledger-high-water-file",
            format!(
                "Tệp {path} ghi một gốc khác cho {size} mục của sổ cái; xin dừng lại và chạy: nguon ledger resume, để biết cách khôi phục."
            ),
            format!(
                "{path} has the root {} for {size} entries, the database {}; run 'nguon ledger resume' to learn how to recover",
                last.root, head.root
            ),
        )
    }
}

fn to_line(head: &TreeHead) -> String {
    format!("{} {}\n", head.size, head.root)
}

/// Reads a line in its only spelling.
fn parse(line: &str) -> Option<TreeHead> {
    let (size, root) = line.split_once(' ')?;
    let head = TreeHead { size: size.parse().ok().filter(|size| *size <= MAX_SIZE)?, root: Hash::parse(root)? };
    (to_line(&head).strip_suffix('\n') == Some(line)).then_some(head)
}

fn read_tail(file: &mut File) -> std::io::Result<String> {
    let length = file.metadata()?.len();
    // One byte more than a line: the newline before it.
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_LINE_BYTES + 1)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(String::from_utf8_lossy(&tail).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::hash_leaf;

    fn head(size: u64) -> TreeHead {
        TreeHead { size, root: hash_leaf(&size.to_be_bytes()) }
    }

    fn in_folder(check: impl FnOnce(&Path)) {
        let dir = tempfile::tempdir().unwrap();
        check(&dir.path().join("ledger-high-water"));
    }

    #[test]
    fn a_new_file_knows_no_checkpoint() {
        in_folder(|path| assert_eq!(LedgerMarks::open(path).unwrap().last().unwrap(), None));
    }

    #[test]
    fn the_newest_checkpoint_is_remembered_over_a_reopening() {
        in_folder(|path| {
            let marks = LedgerMarks::open(path).unwrap();
            for size in [0, 7, 1_000_000] {
                marks.note(&head(size)).unwrap();
            }
            assert_eq!(LedgerMarks::open(path).unwrap().last().unwrap(), Some(head(1_000_000)));
        });
    }

    #[test]
    fn a_long_file_is_cut_down_while_it_is_written() {
        in_folder(|path| {
            let marks = LedgerMarks::open(path).unwrap();
            std::fs::write(path, to_line(&head(3)).repeat(25_000)).unwrap();
            marks.note(&head(4)).unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), to_line(&head(4)));
        });
    }

    #[test]
    fn a_smaller_tree_never_stands_behind_a_larger_one() {
        in_folder(|path| {
            let marks = LedgerMarks::open(path).unwrap();
            marks.note(&head(9)).unwrap();
            marks.note(&head(8)).unwrap();
            assert_eq!(marks.last().unwrap(), Some(head(9)));
        });
    }

    #[test]
    fn a_second_root_for_a_size_is_refused() {
        in_folder(|path| {
            let marks = LedgerMarks::open(path).unwrap();
            marks.note(&head(9)).unwrap();
            let other = TreeHead { size: 9, root: Hash::EMPTY_ROOT };
            assert_eq!(marks.note(&other).unwrap_err().code(), "ledger-high-water-file");
        });
    }

    #[test]
    fn a_torn_last_line_is_forgotten() {
        in_folder(|path| {
            std::fs::write(path, format!("{}12 abc", to_line(&head(9)))).unwrap();
            assert_eq!(LedgerMarks::open(path).unwrap().last().unwrap(), Some(head(9)));
        });
    }

    #[test]
    fn a_torn_line_is_cut_before_the_next_is_written() {
        in_folder(|path| {
            let marks = LedgerMarks::open(path).unwrap();
            std::fs::write(path, "9 abc").unwrap();
            marks.note(&head(9)).unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), to_line(&head(9)));
        });
    }

    #[track_caller]
    fn check_damaged(text: &str) {
        in_folder(|path| {
            std::fs::write(path, text).unwrap();
            assert_eq!(LedgerMarks::open(path).unwrap_err().code(), "ledger-high-water-file", "{text:?}");
        });
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let (seven, nine) = (to_line(&head(7)), to_line(&head(9)));
        check_damaged("x\n");
        check_damaged("\n");
        check_damaged(&format!("0{nine}"));
        check_damaged(&format!("{nine}{seven}"));
        check_damaged(&format!("{nine}9 {}\n", Hash::EMPTY_ROOT));
        check_damaged(&nine.replace(' ', "  "));
        check_damaged(&format!("9223372036854775808 {}\n", Hash::EMPTY_ROOT));
    }

    #[test]
    fn a_saved_mark_is_taken_over_only_if_it_is_newer() {
        let dir = tempfile::tempdir().unwrap();
        let marks = LedgerMarks::open(&dir.path().join("here")).unwrap();
        let saved = LedgerMarks::open(&dir.path().join("saved")).unwrap();
        marks.note(&head(5)).unwrap();
        saved.note(&head(4)).unwrap();
        marks.take_over(&saved.path).unwrap();
        assert_eq!(marks.last().unwrap(), Some(head(5)));
        saved.note(&head(6)).unwrap();
        marks.take_over(&saved.path).unwrap();
        assert_eq!(marks.last().unwrap(), Some(head(6)));
    }

    #[test]
    fn a_file_that_vanished_takes_no_mark() {
        in_folder(|path| {
            let marks = LedgerMarks::open(path).unwrap();
            std::fs::remove_file(path).unwrap();
            assert_eq!(marks.note(&head(1)).unwrap_err().code(), "file");
        });
    }
}
