//! How pages say what is recorded of a batch: dates, delays, seals, quantities, in both languages. Words only.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::clock::{day_in_vietnam, in_vietnam};
use crate::http::Language;
use crate::trace::timeline::types::{Seal, Words};
use crate::trace::types::{Against, Amount, Step};

/// What the ledger can tell and what it cannot; it stands on every page that shows a timeline.
pub(super) const fn what_it_proves(language: Language) -> &'static str {
    language.pick(
        "Sổ cái cho biết ai ghi gì, lúc nào và không bị sửa lén; không chứng minh lời khai là đúng.",
        "The ledger tells who recorded what and when, and that nothing was changed in secret; it does not prove that what was said is true.",
    )
}

/// A sentence in the page's language.
pub(super) fn said(words: &Words, language: Language) -> &str {
    language.pick(&words.vi, &words.en)
}

/// A quantity with its unit, as people write it.
pub(super) fn amount(amount: &Amount, language: Language) -> String {
    format!("{} {}", language.decimal(&amount.quantity), amount.unit.as_str())
}

/// A day as people here write it.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// An instant on Vietnam's clocks as it is said in a sentence.
pub(super) fn instant(instant: DateTime<Utc>, language: Language) -> String {
    let there = in_vietnam(instant);
    format!("{} {} {}", there.format("%H:%M"), language.pick("ngày", "on"), there.format("%d/%m/%Y"))
}

/// What the office says against a lot, as it stands beside the lot.
pub(super) fn against(against: Against, language: Language) -> String {
    let (said, since) = match against {
        Against::Suspended(since) => (language.pick("lô này tạm dừng bán từ ngày", "suspended since"), since),
        Against::Recalled(since) => (language.pick("lô này đã bị thu hồi ngày", "recalled on"), since),
    };
    format!("{said} {}", day(day_in_vietnam(since)))
}

/// A declared day with its time of day, when one was declared.
pub(super) fn declared(on: NaiveDate, time: Option<NaiveTime>) -> String {
    let time = time.map(|time| time.format(" %H:%M").to_string()).unwrap_or_default();
    format!("{}{time}", day(on))
}

/// How long after the declared day something was recorded.
pub(super) fn delay(days: i64, language: Language) -> String {
    match (days, language) {
        (..=0, _) => language.pick("trong ngày", "on the same day").to_owned(),
        (1, Language::En) => "1 day later".to_owned(),
        (n, Language::Vi) => format!("sau {n} ngày"),
        (n, Language::En) => format!("{n} days later"),
    }
}

/// Whether a line is sealed, since when, and who signed beside us.
pub(super) fn seal(seal: &Seal, language: Language) -> String {
    match seal {
        Seal::Pending => language
            .pick(
                "Đang chờ niêm phong; thường xong sau vài giây, xin tải lại trang.",
                "Waiting to be sealed; it usually takes some seconds, load the page again.",
            )
            .to_owned(),
        Seal::Broken => language
            .pick(
                "Dòng này không khớp với sổ cái; xin báo văn phòng.",
                "This line is not what the ledger says; please tell the office.",
            )
            .to_owned(),
        Seal::Sealed { at, witnesses, .. } => {
            let at = instant(*at, language);
            let sealed = match language {
                Language::Vi => format!("Ghi sổ cái lúc {at}, từ đó không bị sửa."),
                Language::En => format!("In the ledger since {at}; unchanged from then on."),
            };
            if witnesses.is_empty() {
                return sealed;
            }
            let witnesses = witnesses.iter().map(|by| format!("{}, {}", by.name, instant(by.at, language)));
            let witnesses = witnesses.collect::<Vec<_>>().join("; ");
            format!("{sealed} {}: {witnesses}.", language.pick("Cùng xác nhận", "Also confirmed by"))
        }
    }
}

/// What the quantity that came out of a step is called.
pub(super) const fn made_name(step: Step, language: Language) -> &'static str {
    match step {
        Step::Harvest => language.pick("Thu được", "Harvested"),
        Step::Ship => language.pick("Xuất đi", "Shipped"),
        Step::Sell => language.pick("Đã bán", "Sold"),
        Step::Destroy => language.pick("Đã hủy", "Destroyed"),
        Step::Sow => language.pick("Đã trồng, nuôi", "Planted"),
        _ => language.pick("Làm ra", "Made"),
    }
}

/// The day by which goods may be harvested again after spraying.
pub(super) fn wait(on: NaiveDate, n_days: u16, language: Language) -> String {
    let until = on.checked_add_days(Days::new(u64::from(n_days))).map(day).unwrap_or_default();
    match language {
        Language::Vi => format!("{n_days} ngày, thu hoạch từ ngày {until}"),
        Language::En => format!("{n_days} days, harvest from {until}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::SealedBy;

    fn sealed(witnesses: &[&str]) -> Seal {
        let at = "2026-03-12T01:41:00Z".parse().unwrap();
        let witnesses = witnesses.iter().map(|name| SealedBy { name: (*name).to_owned(), at }).collect();
        Seal::Sealed { index: 7, at, witnesses }
    }

    #[test]
    fn a_seal_is_told_on_vietnams_clocks() {
        let text = seal(&sealed(&[]), Language::Vi);
        assert_eq!(text, "Ghi sổ cái lúc 08:41 ngày 12/03/2026, từ đó không bị sửa.");
    }

    #[test]
    fn witnesses_are_named_with_the_time_at_which_each_confirmed() {
        let text = seal(&sealed(&["Báo Thái Nguyên", "Hội Nông dân"]), Language::Vi);
        let confirmed = "Cùng xác nhận: Báo Thái Nguyên, 08:41 ngày 12/03/2026; Hội Nông dân, 08:41 ngày 12/03/2026.";
        assert!(text.ends_with(confirmed), "{text}");
    }

    #[test]
    fn what_is_not_sealed_is_never_said_to_be() {
        assert!(seal(&Seal::Pending, Language::Vi).starts_with("Đang chờ niêm phong"));
    }

    #[test]
    fn a_line_that_is_not_what_was_recorded_is_said_to_be_so() {
        assert_eq!(seal(&Seal::Broken, Language::Vi), "Dòng này không khớp với sổ cái; xin báo văn phòng.");
    }

    #[test]
    fn a_delay_is_told_in_days() {
        let all = [-1, 0, 1, 30].map(|days| delay(days, Language::Vi));
        assert_eq!(all, ["trong ngày", "trong ngày", "sau 1 ngày", "sau 30 ngày"]);
    }

    #[test]
    fn waiting_after_spraying_names_the_first_day_of_harvest() {
        let on = NaiveDate::from_ymd_opt(2026, 2, 20).unwrap();
        assert_eq!(wait(on, 10, Language::Vi), "10 ngày, thu hoạch từ ngày 02/03/2026");
    }
}
