//! Dates as written in a register: ISO only. Any other order is refused with the dates it could mean; none is ever picked for the writer.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};

use super::columns::shorten;
use super::errors::Sentence;

/// Years a certificate date may lie in: OCOP began in 2018 (Decision 490/2018), and a date past 2100 is a slip of the pen.
pub const CERTIFICATE_YEARS: RangeInclusive<i32> = 2018..=2100;

/// Reads `yyyy-mm-dd`, and nothing else.
pub(super) fn parse_date(text: &str) -> Result<NaiveDate, Sentence> {
    if !is_iso_shape(text) {
        return Err(not_iso(text));
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
        Sentence::new(
            format!("Lịch không có ngày {text} (thứ tự là năm-tháng-ngày). Hãy xem lại ngày."),
            format!("The calendar has no day {text} (the order is year-month-day). Check the date."),
        )
    })?;
    check_year(date)
}

/// Refuses a date outside the years of OCOP.
pub(super) fn check_year(date: NaiveDate) -> Result<NaiveDate, Sentence> {
    if CERTIFICATE_YEARS.contains(&date.year()) {
        return Ok(date);
    }
    let (first, last) = (CERTIFICATE_YEARS.start(), CERTIFICATE_YEARS.end());
    Err(Sentence::new(
        format!("Ngày {} nằm ngoài các năm {first}–{last}. Hãy xem lại năm.", date.format("%d/%m/%Y")),
        format!("{date} is outside the years {first}–{last}. Check the year."),
    ))
}

fn is_iso_shape(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(
            |(at, byte)| {
                if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() }
            },
        )
}

fn not_iso(text: &str) -> Sentence {
    let quoted = shorten(text);
    let readings = readings(text);
    if readings.is_empty() {
        return Sentence::new(
            format!("“{quoted}” không phải là ngày. Hãy viết năm-tháng-ngày, ví dụ 2026-05-31."),
            format!("“{quoted}” is not a date. Write year-month-day, for example 2026-05-31."),
        );
    }
    let vi: Vec<String> = readings.keys().copied().map(in_words).collect();
    let iso: Vec<String> = readings.keys().map(ToString::to_string).collect();
    let en: Vec<String> = readings.iter().map(|(date, order)| format!("{date} ({})", order.en())).collect();
    Sentence::new(
        format!(
            "“{quoted}” có thể là {}. Hãy định dạng ô là Ngày (Date) trong Excel, hoặc viết năm-tháng-ngày: {}.",
            vi.join(" hoặc "),
            iso.join(" hoặc ")
        ),
        format!("“{quoted}” could be {}. Write the right one, as year-month-day.", en.join(" or ")),
    )
}

/// A date that nobody can read in another order.
fn in_words(date: NaiveDate) -> String {
    format!("ngày {} tháng {} năm {}", date.day(), date.month(), date.year())
}

/// The orders in which people write a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    DayMonthYear,
    MonthDayYear,
    YearMonthDay,
}

impl Order {
    const ALL: [Self; 3] = [Self::DayMonthYear, Self::MonthDayYear, Self::YearMonthDay];

    const fn en(self) -> &'static str {
        match self {
            Self::DayMonthYear => "read day-month-year",
            Self::MonthDayYear => "read month-day-year",
            Self::YearMonthDay => "read year-month-day",
        }
    }

    fn date(self, [a, b, c]: [&str; 3]) -> Option<NaiveDate> {
        let (day, month, year) = match self {
            Self::DayMonthYear => (a, b, c),
            Self::MonthDayYear => (b, a, c),
            Self::YearMonthDay => (c, b, a),
        };
        let year = match (year.len(), year.parse::<i32>().ok()?) {
            (4, year) => year,
            (2, year) => year.checked_add(2000)?,
            _ => return None,
        };
        if day.len() > 2 || month.len() > 2 {
            return None;
        }
        NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)
    }

    /// Cuts digits written without separators, such as 310526 or 20260531.
    fn cut(self, digits: &str) -> Option<[&str; 3]> {
        let year_len = match digits.len() {
            6 => 2,
            8 => 4,
            _ => return None,
        };
        let first = if self == Self::YearMonthDay { year_len } else { 2 };
        let (a, rest) = digits.split_at_checked(first)?;
        let (b, c) = rest.split_at_checked(2)?;
        Some([a, b, c])
    }
}

/// Every date the text could mean, each once, with the first order that gives it.
fn readings(text: &str) -> BTreeMap<NaiveDate, Order> {
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let mut found = BTreeMap::new();
    for order in Order::ALL {
        let parts = match groups.as_slice() {
            [a, b, c] => Some([*a, *b, *c]),
            [digits] => order.cut(digits),
            _ => None,
        };
        if let Some(date) = parts.and_then(|parts| order.date(parts)) {
            found.entry(date).or_insert(order);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn refusal(text: &str) -> String {
        parse_date(text).unwrap_err().vi
    }

    #[test]
    fn only_year_month_day_is_read() {
        assert_eq!(parse_date("2026-05-31"), Ok(day(2026, 5, 31)));
        for other in ["2026/05/31", "2026-5-31", "26-05-31", "31/05/2026", "310526", "2026-05-31 ", "２026-05-31"] {
            assert!(parse_date(other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_ambiguous_date_is_refused_with_all_its_readings() {
        assert_eq!(
            refusal("01/02/03"),
            "“01/02/03” có thể là ngày 3 tháng 2 năm 2001 hoặc ngày 2 tháng 1 năm 2003 hoặc ngày 1 tháng 2 năm 2003. \
             Hãy định dạng ô là Ngày (Date) trong Excel, hoặc viết năm-tháng-ngày: \
             2001-02-03 hoặc 2003-01-02 hoặc 2003-02-01."
        );
        assert!(refusal("05/03/2025").contains("có thể là ngày 5 tháng 3 năm 2025 hoặc ngày 3 tháng 5 năm 2025. Hãy"));
    }

    #[test]
    fn digits_without_separators_are_refused_with_their_readings() {
        assert!(refusal("100525").contains(": 2010-05-25 hoặc 2025-05-10 hoặc 2025-10-05."));
        assert!(refusal("010203").contains("ngày 3 tháng 2 năm 2001 hoặc ngày 2 tháng 1 năm 2003 hoặc ngày 1"));
        assert!(refusal("31052025").contains("có thể là ngày 31 tháng 5 năm 2025. Hãy"));
        assert!(refusal("20250531").contains("có thể là ngày 31 tháng 5 năm 2025. Hãy"));
    }

    #[test]
    fn a_date_in_words_is_refused_with_its_reading() {
        assert!(refusal("ngày 15 tháng 7 năm 2025").contains("2025-07-15"));
    }

    #[test]
    fn a_day_no_calendar_has_is_refused() {
        assert!(refusal("2025-02-29").contains("Lịch không có ngày 2025-02-29"));
        assert!(refusal("hôm qua").contains("không phải là ngày"));
    }

    #[test]
    fn a_year_before_ocop_is_refused() {
        assert!(refusal("2017-12-31").contains("2018–2100"));
        assert!(parse_date("2018-01-01").is_ok());
        assert!(parse_date("2101-01-01").is_err());
    }
}
