//! Voided ranges and their reasons, as values. Pure.

use chrono::{DateTime, Utc};

use crate::batches::minting::types::Doer;
use crate::batches::types::{MintRun, SerialRange};
use crate::error::{Error, Result};
use crate::stamp::Serial;
use crate::text::kept_text;

/// Why stamps were voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidReason {
    /// Printed wrong.
    Misprint,
    /// Damaged before use.
    Damaged,
    /// Lost.
    Lost,
    /// Stolen.
    Stolen,
    /// More printed than packs.
    Overprint,
    /// The order was cancelled.
    OrderCancelled,
    /// Anything else, told in a note.
    Other,
}

impl VoidReason {
    /// Every reason, in the order of forms.
    pub const ALL: [Self; 7] =
        [Self::Misprint, Self::Damaged, Self::Lost, Self::Stolen, Self::Overprint, Self::OrderCancelled, Self::Other];

    /// The name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Misprint => "misprint",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Overprint => "overprint",
            Self::OrderCancelled => "order_cancelled",
            Self::Other => "other",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Misprint => "in hỏng",
            Self::Damaged => "tem bị hư hại",
            Self::Lost => "bị mất",
            Self::Stolen => "bị lấy cắp",
            Self::Overprint => "in thừa",
            Self::OrderCancelled => "đơn hàng bị hủy",
            Self::Other => "lý do khác",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Misprint => "misprinted",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Overprint => "printed in excess",
            Self::OrderCancelled => "the order was cancelled",
            Self::Other => "another reason",
        }
    }
}

/// Stamps of one batch that no longer count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// Its number.
    pub void_no: i32,
    /// Which stamps; 0 is the whole batch's.
    pub range: SerialRange,
    /// Why.
    pub reason: VoidReason,
    /// More, for the producer and the office; never shown to who scans.
    pub note: Option<String>,
    /// When.
    pub voided_at: DateTime<Utc>,
}

impl Void {
    /// How many stamps it takes out, without the whole batch's own.
    pub fn n_stamps(&self) -> u32 {
        let packs = SerialRange { first: self.range.first.max(Serial::FIRST), last: self.range.last };
        if packs.last < packs.first { 0 } else { packs.n_serials() }
    }
}

/// A void as the batch's page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidLine {
    /// The void.
    pub void: Void,
    /// Who did it.
    pub by: Doer,
}

/// Stamps to void, checked but for what the batch has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidOrder {
    /// Which.
    pub range: SerialRange,
    /// Why.
    pub reason: VoidReason,
    /// More; `other` needs it.
    pub note: Option<String>,
}

/// Longest note, characters.
pub const MAX_NOTE_CHARS: usize = 500;

impl VoidOrder {
    /// Checks reason and note.
    pub fn new(range: SerialRange, reason: &str, note: Option<&str>) -> Result<Self> {
        let reason = VoidReason::parse(reason)
            .ok_or_else(|| Error::invalid("reason", "Xin chọn lý do hủy.", "choose one of the reasons"))?;
        let note = note.map(kept_text).filter(|note| !note.is_empty());
        if reason == VoidReason::Other && note.is_none() {
            return Err(Error::invalid(
                "note",
                "Với \"lý do khác\", xin ghi rõ lý do vào ghi chú.",
                "say why in the note when the reason is another one",
            ));
        }
        if note.as_ref().is_some_and(|note| MAX_NOTE_CHARS < note.chars().count()) {
            return Err(Error::invalid(
                "note",
                format!("Ghi chú dài nhất {MAX_NOTE_CHARS} ký tự."),
                format!("a note has at most {MAX_NOTE_CHARS} characters"),
            ));
        }
        Ok(Self { range, reason, note })
    }
}

/// Whether a range may be voided: every serial of it minted, none of it voided before. Runs and voids lowest serial first.
pub fn check_void(range: SerialRange, runs: &[MintRun], voids: &[Void]) -> Result<()> {
    if let Some(void) = voids.iter().find(|void| void.range.meet(&range).is_some()) {
        let (first, last) = (void.range.first, void.range.last);
        return Err(Error::refused(
            "already-voided",
            format!("Tem số {first} đến {last} của lô này đã hủy trước đó; xin chỉ ghi những tem chưa hủy."),
            format!("stamps {first} to {last} of this batch are voided already; give only those that are not"),
        ));
    }
    // Walks along the runs: what one leaves over the next must begin with.
    let mut wanted = range.first.get();
    for run in runs {
        let first = if run.holds(Serial::WHOLE_BATCH) { 0 } else { run.first.get() };
        if first <= wanted && wanted <= run.last.get() {
            wanted = run.last.get() + 1;
        }
    }
    if range.last.get() < wanted {
        return Ok(());
    }
    Err(Error::invalid(
        "last",
        format!("Lô này chưa phát tem số {wanted}; xin chỉ hủy những tem đã phát."),
        format!("stamp {wanted} of this batch was never minted; void only stamps that were"),
    ))
}

/// The void that holds a serial. `voids` are of one batch, lowest serial first; no two overlap.
pub fn find_void(voids: &[Void], serial: Serial) -> Option<&Void> {
    let n_before = voids.partition_point(|void| void.range.last < serial);
    voids.get(n_before).filter(|void| void.range.holds(serial))
}

/// The serials of a range that are not voided, lowest first. `voids` are of one batch, lowest serial first; no two overlap.
pub fn printable(range: SerialRange, voids: &[Void]) -> Vec<SerialRange> {
    let mut parts = Vec::new();
    let mut next = Some(range.first);
    for met in voids.iter().filter_map(|void| void.range.meet(&range)) {
        let before = met.first.get().checked_sub(1).and_then(|n| Serial::new(n).ok());
        if let (Some(first), Some(last)) = (next, before)
            && first <= last
        {
            parts.push(SerialRange { first, last });
        }
        next = Serial::new(met.last.get() + 1).ok();
    }
    if let Some(first) = next.filter(|first| *first <= range.last) {
        parts.push(SerialRange { first, last: range.last });
    }
    parts
}

/// Ranges as a sentence lists them: `4, 45–50`.
pub fn list_ranges(ranges: &[SerialRange]) -> String {
    let text = |range: &SerialRange| match (range.first, range.last) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}–{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::{BatchNo, KeyNo, LastValidDay, ProductNo};

    fn void(first: u32, last: u32) -> Void {
        let serial = |n| Serial::new(n).unwrap();
        let range = SerialRange::new(serial(first), serial(last)).unwrap();
        Void { void_no: 1, range, reason: VoidReason::Misprint, note: None, voided_at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn the_void_of_a_serial_is_the_one_whose_range_holds_it() {
        let voids = [void(0, 0), void(5, 7), void(8, 8), void(20, 30)];
        let found = |n| find_void(&voids, Serial::new(n).unwrap()).map(|void| void.range.first.get());
        let expected =
            [(0, Some(0)), (1, None), (5, Some(5)), (7, Some(5)), (8, Some(8)), (9, None), (30, Some(20)), (31, None)];
        for (serial, first) in expected {
            assert_eq!(found(serial), first, "{serial}");
        }
    }

    #[track_caller]
    fn check_printable((first, last): (u32, u32), voids: &[(u32, u32)], expected: &[(u32, u32)]) {
        let voids: Vec<Void> = voids.iter().map(|(first, last)| void(*first, *last)).collect();
        let parts = printable(void(first, last).range, &voids);
        let bounds: Vec<_> = parts.iter().map(|part| (part.first.get(), part.last.get())).collect();
        assert_eq!(bounds, expected, "{first} to {last}");
    }

    #[test]
    fn what_is_printed_of_a_range_leaves_out_its_voided_serials() {
        check_printable((1, 100), &[], &[(1, 100)]);
        check_printable((1, 100), &[(45, 50)], &[(1, 44), (51, 100)]);
        check_printable((1, 100), &[(1, 1), (100, 100)], &[(2, 99)]);
        check_printable((1, 100), &[(5, 7), (8, 8), (20, 30)], &[(1, 4), (9, 19), (31, 100)]);
        check_printable((10, 20), &[(1, 9), (21, 30)], &[(10, 20)]);
        check_printable((10, 20), &[(5, 12), (18, 30)], &[(13, 17)]);
        check_printable((10, 20), &[(5, 30)], &[]);
        check_printable((10, 20), &[(10, 15), (16, 20)], &[]);
        check_printable((0, 3), &[(0, 0)], &[(1, 3)]);
        check_printable((0, 3), &[(1, 2)], &[(0, 0), (3, 3)]);
        check_printable((16_777_214, 16_777_215), &[(16_777_215, 16_777_215)], &[(16_777_214, 16_777_214)]);
        check_printable((16_777_215, 16_777_215), &[(16_777_215, 16_777_215)], &[]);
    }

    #[test]
    fn a_range_of_one_is_listed_as_one_number() {
        assert_eq!(list_ranges(&[void(4, 4).range, void(45, 50).range]), "4, 45–50");
        assert_eq!(list_ranges(&[]), "");
    }

    fn run(first: u32, last: u32) -> MintRun {
        let serial = |n| Serial::new(n).unwrap();
        MintRun {
            batch_no: BatchNo::new(1).unwrap(),
            first: serial(first),
            last: serial(last),
            product_no: ProductNo::new(1).unwrap(),
            last_valid_day: LastValidDay::NONE,
            stamp_key: KeyNo::new(1).unwrap(),
            code_key: KeyNo::new(1).unwrap(),
            scratch_key: None,
            minted_at: DateTime::UNIX_EPOCH,
        }
    }

    #[track_caller]
    fn check((first, last): (u32, u32), expected: Result<(), &str>) {
        let runs = [run(1, 10), run(11, 20), run(31, 40)];
        let voids = [void(5, 7), void(15, 15)];
        let range = SerialRange::new(Serial::new(first).unwrap(), Serial::new(last).unwrap()).unwrap();
        let checked = check_void(range, &runs, &voids);
        assert_eq!(checked.map_err(|err| err.code()), expected, "{first} to {last}");
    }

    #[test]
    fn a_range_is_voided_when_every_stamp_of_it_was_minted_and_none_is_voided() {
        check((1, 4), Ok(()));
        check((8, 14), Ok(()));
        check((16, 20), Ok(()));
        check((31, 40), Ok(()));
        check((0, 0), Ok(()));
        check((0, 4), Ok(()));
        check((4, 5), Err("already-voided"));
        check((7, 7), Err("already-voided"));
        check((1, 20), Err("already-voided"));
        check((16, 21), Err("invalid"));
        check((16, 40), Err("invalid"));
        check((21, 30), Err("invalid"));
        check((41, 41), Err("invalid"));
    }

    #[test]
    fn the_whole_batchs_stamp_is_there_once_the_first_run_is() {
        let range = SerialRange::new(Serial::WHOLE_BATCH, Serial::WHOLE_BATCH).unwrap();
        assert!(check_void(range, &[], &[]).is_err());
        assert!(check_void(range, &[run(1, 1)], &[]).is_ok());
    }

    #[test]
    fn another_reason_needs_a_note() {
        let range = void(1, 2).range;
        assert!(VoidOrder::new(range, "lost", Some(" ")).is_ok());
        assert!(VoidOrder::new(range, "other", Some(" ")).is_err());
        assert!(VoidOrder::new(range, "other", Some("chuột cắn")).is_ok());
        assert!(VoidOrder::new(range, "stolen by mice", None).is_err());
        assert!(VoidOrder::new(range, "lost", Some(&"a".repeat(MAX_NOTE_CHARS + 1))).is_err());
    }

    #[test]
    fn every_reason_is_read_back_from_its_name() {
        for reason in VoidReason::ALL {
            assert_eq!(VoidReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(VoidReason::parse("shredded"), None);
    }
}
