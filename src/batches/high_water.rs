//! The high-water file: which serials were handed out, kept outside the database.
//!
//! A database restored from yesterday's backup would hand out today's serials a second time, under the same key, as the
//! same stamps. The file remembers them: at start every batch that lies behind it is moved past it, so no serial is given
//! twice. It never tells what was minted, only how far.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::durable::{Readers, lock_lines, replace};
use crate::error::{Error, Result};
use crate::stamp::{BatchNo, Serial};

/// The file. A command beside the server may replace it at any time, so it is opened and locked anew for each change.
#[derive(Clone)]
pub struct HighWater {
    path: PathBuf,
}

/// The highest serial handed out by batch number.
pub(super) type Marks = BTreeMap<i32, i32>;

impl HighWater {
    /// Makes the file, if it is not there.
    pub fn open(path: &Path) -> Result<Self> {
        let this = Self { path: path.to_owned() };
        this.lock().map_err(Error::file(path))?;
        Ok(this)
    }

    /// Opens the file for appending, alone among all threads and processes until it is dropped, and cuts off a torn last line:
    /// what is appended to it would damage it.
    fn lock(&self) -> std::io::Result<File> {
        lock_lines(&self.path, OpenOptions::new().read(true).append(true).create(true).mode(0o600))
    }

    /// Takes over the marks of a saved file. Nothing is forgotten: serials may have been handed out here since.
    pub fn take_over(&self, saved: &Path) -> Result<()> {
        let marks = Self { path: saved.to_owned() }.marks()?;
        let append = || {
            let mut file = self.lock()?;
            file.write_all(to_text(&marks).as_bytes())?;
            file.sync_data()
        };
        append().map_err(Error::file(&self.path))
    }

    /// Notes that a batch's serials up to `last` are handed out. Durable when it returns.
    ///
    /// The mint is committed before the line is written and answered after. If we die between the two, nobody was given the
    /// stamps yet, and the next start writes the line from the database.
    pub(super) fn note(&self, batch_no: BatchNo, last: Serial) -> Result<()> {
        let append = || {
            let mut file = self.lock()?;
            file.write_all(format!("{batch_no} {last}\n").as_bytes())?;
            file.sync_data()
        };
        append().map_err(Error::file(&self.path))
    }

    /// Reads all marks. A torn last line belongs to a mint that was never answered.
    pub(super) fn marks(&self) -> Result<Marks> {
        let text = std::fs::read_to_string(&self.path).map_err(Error::file(&self.path))?;
        let mut marks = Marks::new();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (batch_no, last) = parse(line).ok_or_else(|| {
                Error::refused(
                    "high-water-file",
                    format!("Tệp {} hỏng ở dòng \"{line}\"; xin khôi phục từ bản sao lưu.", self.path.display()),
                    format!("{} is damaged at the line \"{line}\"; restore it from a backup", self.path.display()),
                )
            })?;
            let mark = marks.entry(batch_no).or_default();
            *mark = last.max(*mark);
        }
        Ok(marks)
    }

    /// Rewrites the file with one line a batch, together with what others noted since. The old file stays until the new one is
    /// whole on disk.
    pub(super) fn rewrite(&self, marks: &Marks) -> Result<()> {
        let _held = self.lock().map_err(Error::file(&self.path))?;
        let mut all = self.marks()?;
        for (&batch_no, &last) in marks {
            let mark = all.entry(batch_no).or_default();
            *mark = last.max(*mark);
        }
        replace(&self.path, to_text(&all).as_bytes(), Readers::Owner).map_err(Error::file(&self.path))
    }
}

fn to_text(marks: &Marks) -> String {
    let lines = marks.iter().map(|(batch_no, last)| format!("{batch_no} {last}\n"));
    lines.collect()
}

fn parse(line: &str) -> Option<(i32, i32)> {
    let (batch_no, last) = line.split_once(' ')?;
    let (batch_no, last): (BatchNo, Serial) = (batch_no.parse().ok()?, last.parse().ok()?);
    Some((batch_no.to_i32(), last.to_i32()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(file: &HighWater, batch: u32, last: u32) {
        file.note(BatchNo::new(batch).unwrap(), Serial::new(last).unwrap()).unwrap();
    }

    #[test]
    fn the_highest_serial_of_each_batch_is_remembered_over_a_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        let file = HighWater::open(&path).unwrap();
        mark(&file, 1, 10);
        mark(&file, 2, 5);
        mark(&file, 1, 30);
        let marks = HighWater::open(&path).unwrap().marks().unwrap();
        assert_eq!(marks, Marks::from([(1, 30), (2, 5)]));
        file.rewrite(&marks).unwrap();
        mark(&file, 2, 6);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1 30\n2 5\n2 6\n");
    }

    #[test]
    fn a_torn_last_line_is_forgotten_and_a_damaged_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        std::fs::write(&path, "1 10\n2 3").unwrap();
        assert_eq!(HighWater::open(&path).unwrap().marks().unwrap(), Marks::from([(1, 10)]));
        std::fs::write(&path, "1 10\nx\n").unwrap();
        assert_eq!(HighWater::open(&path).unwrap().marks().unwrap_err().code(), "high-water-file");
    }
}
