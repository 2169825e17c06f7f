//! Voided ranges and their reasons, as values. Pure.

use chrono::{DateTime, Utc};

use crate::batches::types::SerialRange;
use crate::stamp::Serial;

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

/// The void that holds a serial. `voids` are of one batch, lowest serial first; no two overlap.
pub fn find_void(voids: &[Void], serial: Serial) -> Option<&Void> {
    let n_before = voids.partition_point(|void| void.range.last < serial);
    voids.get(n_before).filter(|void| void.range.holds(serial))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn every_reason_is_read_back_from_its_name() {
        for reason in VoidReason::ALL {
            assert_eq!(VoidReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(VoidReason::parse("shredded"), None);
    }
}
