//! Whether a certificate keeps the rules of its day, until when it holds, whether it overlaps another. Pure: the dated rows come
//! in as arguments; nothing here knows a decree.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::error::{Error, Result};
use crate::register::types::Certificate;

use super::types::{CertificateDraft, CertificateEntry, IssuerLevel, Rules, Score, StarBand};

/// A first day further ahead than this is a slip of the pen.
const MAX_MONTHS_AHEAD: u32 = 12;

impl Rules {
    /// The bands of a day, fewest stars first; none before the first decision.
    pub fn bands_on(&self, day: NaiveDate) -> impl Iterator<Item = &StarBand> {
        self.bands.iter().filter(move |band| band.valid_from <= day && band.valid_to.is_none_or(|last| day <= last))
    }

    /// The band of these stars on a day.
    pub fn band(&self, stars: u8, day: NaiveDate) -> Option<&StarBand> {
        self.bands_on(day).find(|band| band.stars == stars)
    }

    /// The fewest points of the band above, which this one stays below.
    fn next_score(&self, stars: u8, day: NaiveDate) -> Option<Score> {
        self.bands_on(day).filter(|band| stars < band.stars).map(|band| band.min_score).min()
    }

    /// Whether any issuer of a level was there on a day.
    fn has_level(&self, level: IssuerLevel, day: NaiveDate) -> bool {
        let is_there = |from: NaiveDate, to: Option<NaiveDate>| from <= day && to.is_none_or(|last| day <= last);
        self.issuers.iter().any(|issuer| issuer.level == level && is_there(issuer.valid_from, issuer.valid_to))
    }

    /// Until when a certificate holds that its band gives: the first day, plus the band's months, less one day. Where the month
    /// has no such day, its last day counts (Civil Code 2015, article 148).
    pub fn last_day(&self, stars: u8, from: NaiveDate) -> Option<NaiveDate> {
        last_day_of_term(from, self.band(stars, from)?.months?)
    }

    /// The band by which a last day was computed; none when someone chose another.
    pub fn computed_by(&self, stars: u8, (from, to): (NaiveDate, NaiveDate)) -> Option<&StarBand> {
        self.band(stars, from).filter(|_| self.last_day(stars, from) == Some(to))
    }
}

fn last_day_of_term(from: NaiveDate, months: u32) -> Option<NaiveDate> {
    let day_after = from.checked_add_months(Months::new(months))?;
    if day_after.day() < from.day() { Some(day_after) } else { day_after.checked_sub_days(Days::new(1)) }
}

/// Checks a draft by the rules of its first day and completes its days.
pub(in crate::register) fn complete(
    draft: CertificateDraft,
    rules: &Rules,
    today: NaiveDate,
) -> Result<CertificateEntry> {
    let Some(from) = draft.from else {
        return without_days(draft);
    };
    if months_ahead_limit(today) < from {
        return Err(Error::invalid(
            "from",
            "Ngày đầu còn hơn một năm nữa mới tới; xin xem lại năm.",
            "the first day is more than a year ahead; look at the year again",
        ));
    }
    let stars = draft.stars.ok_or_else(|| {
        Error::invalid(
            "stars",
            "Giấy có ngày hiệu lực thì cần hạng sao: xin chọn 3, 4 hoặc 5 sao.",
            "choose 3, 4 or 5 stars",
        )
    })?;
    let band = rules.band(stars, from);
    let to = last_day(&draft, rules, stars, from)?;
    if let (Some(score), Some(band)) = (draft.score, band) {
        check_score(score, band, rules.next_score(stars, from))?;
    }
    check_issuer(&draft, band, rules, from)?;
    Ok(CertificateEntry { window: Some((from, to)), draft })
}

fn months_ahead_limit(today: NaiveDate) -> NaiveDate {
    super::types::months_ahead(today, MAX_MONTHS_AHEAD)
}

/// Without a first day the state is unknown, so nothing dated can be checked; something must tell which paper it is.
fn without_days(draft: CertificateDraft) -> Result<CertificateEntry> {
    if draft.to.is_some() {
        return Err(Error::invalid(
            "from",
            "Có ngày cuối thì cần cả ngày đầu; nếu chưa biết, xin bỏ trống cả hai.",
            "a last day needs a first day; leave both empty if they are not known",
        ));
    }
    if draft.number.is_none() && draft.decision_no.is_none() {
        return Err(Error::invalid(
            "number",
            "Xin điền ít nhất số giấy chứng nhận, số quyết định hoặc ngày hiệu lực.",
            "fill in at least the certificate's number, the decision's number or the days",
        ));
    }
    Ok(CertificateEntry { draft, window: None })
}

fn last_day(draft: &CertificateDraft, rules: &Rules, stars: u8, from: NaiveDate) -> Result<NaiveDate> {
    let computed = rules.last_day(stars, from);
    let Some(to) = draft.to else {
        return computed.ok_or_else(|| {
            Error::invalid(
                "to",
                "Sổ không có quy định về thời hạn cho ngày đầu này nên không tự tính được; xin điền ngày cuối.",
                "the register has no rule on the term for this first day; fill in the last day",
            )
        });
    };
    if to < from {
        return Err(Error::invalid("to", "Ngày cuối phải sau ngày đầu.", "the last day must come after the first"));
    }
    // Some papers count the day of the decision and its anniversary both.
    let longest = computed.and_then(|last| last.checked_add_days(Days::new(1)));
    if longest.is_some_and(|longest| longest < to) {
        let months = rules.band(stars, from).and_then(|band| band.months).unwrap_or_default();
        return Err(Error::invalid(
            "to",
            format!("Giấy chứng nhận chỉ có giá trị {months} tháng kể từ ngày đầu; xin xem lại hai ngày."),
            format!("a certificate holds {months} months from its first day; look at both days again"),
        ));
    }
    Ok(to)
}

fn check_score(score: Score, band: &StarBand, below: Option<Score>) -> Result<()> {
    if band.min_score <= score && below.is_none_or(|below| score < below) {
        return Ok(());
    }
    let (vi, en) = match below {
        Some(below) => {
            (format!("từ {} đến dưới {below}", band.min_score), format!("from {} to below {below}", band.min_score))
        }
        None => (format!("từ {} đến 100", band.min_score), format!("from {} to 100", band.min_score)),
    };
    Err(Error::invalid(
        "score",
        format!("{score} điểm không hợp với {} sao: {vi} điểm, theo {}.", band.stars, band.source),
        format!("{score} points do not fit {} stars: {en} points by {}", band.stars, band.source),
    ))
}

fn check_issuer(draft: &CertificateDraft, band: Option<&StarBand>, rules: &Rules, from: NaiveDate) -> Result<()> {
    let Some(issuer) = &draft.issuer else {
        return Err(Error::invalid("issuer", "Xin điền nơi cấp như trên giấy.", "fill in the issuer as printed"));
    };
    let level = draft
        .issuer_level
        .ok_or_else(|| Error::invalid("issuer_level", "Xin chọn cấp của nơi cấp.", "choose the issuer's level"))?;
    let is_same = |name: &str| name.to_lowercase() == issuer.to_lowercase();
    if let Some(known) = rules.issuers.iter().find(|known| is_same(&known.name) && known.level != level) {
        return Err(Error::invalid(
            "issuer_level",
            format!("{} là {}.", known.name, known.level.vi().to_lowercase()),
            format!("{} belongs to the level {}", known.name, known.level.as_str()),
        ));
    }
    if level == IssuerLevel::District && !rules.has_level(level, from) {
        return Err(Error::invalid(
            "issuer_level",
            "Ngày đầu này không còn cấp huyện (cấp huyện kết thúc ngày 30/06/2025); xin xem lại ngày hoặc nơi cấp.",
            "there were no districts on this first day (they ended on 2025-06-30); look at the day or the issuer again",
        ));
    }
    match band.and_then(|band| Some((band, band.recognised_by?))) {
        Some((_, by)) if by == level => Ok(()),
        // Districts recognised in the province's place, never in the ministry's.
        Some((_, IssuerLevel::Province)) if level == IssuerLevel::District => Ok(()),
        None => Ok(()),
        Some((band, by)) => Err(Error::invalid(
            "issuer_level",
            format!("{} sao do {} công nhận, theo {}.", band.stars, by.vi().to_lowercase(), band.source),
            format!("{} stars are recognised by the {} ({})", band.stars, by.as_str(), band.source),
        )),
    }
}

/// The days a certificate holds, its revocation counted in; none when it holds no day at all.
fn days_held(certificate: &Certificate) -> Option<(NaiveDate, NaiveDate)> {
    let (from, to) = certificate.window?;
    let to = match &certificate.revoked {
        Some((on, _)) => to.min(on.pred_opt()?),
        None => to,
    };
    (from <= to).then_some((from, to))
}

/// Refuses a window that overlaps another certificate of the same product, naming both.
pub(in crate::register) fn check_overlap(window: (NaiveDate, NaiveDate), others: &[Certificate]) -> Result<()> {
    let (from, to) = window;
    let overlaps = |other: &&Certificate| days_held(other).is_some_and(|(first, last)| first <= to && from <= last);
    let Some(other) = others.iter().find(overlaps) else { return Ok(()) };
    let days = |(from, to): (NaiveDate, NaiveDate)| (vi_days(from, to), format!("{from} to {to}"));
    let number = other.number.as_deref().unwrap_or("?");
    let ((vi, en), (other_vi, other_en)) = (days(window), days(days_held(other).unwrap_or(window)));
    Err(Error::refused(
        "certificate-overlap",
        format!(
            "Thời hạn {vi} trùng với giấy chứng nhận số {number} của sản phẩm này ({other_vi}). Xin xem lại ngày, hoặc sửa giấy kia trước."
        ),
        format!(
            "the days {en} overlap certificate {number} of this product ({other_en}); look at the days, or change the other one first"
        ),
    ))
}

fn vi_days(from: NaiveDate, to: NaiveDate) -> String {
    format!("{} – {}", from.format("%d/%m/%Y"), to.format("%d/%m/%Y"))
}

/// Whether a certificate may be revoked from a day on.
pub(super) fn check_revocation(certificate: &Certificate, on: NaiveDate, today: NaiveDate) -> Result<()> {
    check_not_revoked(certificate)?;
    let refused = |vi: String, en: String| Err(Error::invalid("on", vi, en));
    if today < on {
        return refused(
            "Ngày thu hồi không được ở sau hôm nay.".into(),
            "the day of revocation must not lie ahead".into(),
        );
    }
    match certificate.window {
        Some((from, _)) if on < from => refused(
            format!("Ngày thu hồi không được trước ngày đầu của giấy ({}).", from.format("%d/%m/%Y")),
            format!("the day of revocation must not come before the certificate's first day ({from})"),
        ),
        Some((_, to)) if to < on => refused(
            format!("Giấy này đã hết hạn ngày {}; chỉ thu hồi được từ một ngày còn hiệu lực.", to.format("%d/%m/%Y")),
            format!("this certificate ended on {to}; it can only be revoked from a day on which it held"),
        ),
        _ => Ok(()),
    }
}

/// A revoked certificate is changed no more.
pub(in crate::register) fn check_not_revoked(certificate: &Certificate) -> Result<()> {
    match &certificate.revoked {
        None => Ok(()),
        Some((on, _)) => Err(Error::refused(
            "certificate-already-revoked",
            format!(
                "Giấy này đã bị thu hồi từ ngày {} nên không đổi được nữa. Nếu thu hồi nhầm, xin nhập giấy mới.",
                on.format("%d/%m/%Y")
            ),
            format!(
                "this certificate was revoked on {on} and is changed no more; enter a new one if that was an error"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::certificates::types::Issuer;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Two decrees: the bands of the second begin ten points higher and hold 24 months.
    fn rules() -> Rules {
        let band = |stars: u8, points: u16, (from, to): (&str, Option<&str>), months| StarBand {
            stars,
            valid_from: day(from),
            valid_to: to.map(day),
            min_score: Score::from_tenths(points * 10).unwrap(),
            recognised_by: match stars {
                3 | 4 => Some(IssuerLevel::Province),
                5 => Some(IssuerLevel::Ministry),
                _ => None,
            },
            months: (3 <= stars).then_some(months),
            source: "Quyết định thử".into(),
        };
        let (first, second) = (("2023-02-24", Some("2025-12-31")), ("2026-01-01", None));
        let issuer = |name: &str, level, to: Option<&str>| Issuer {
            name: name.into(),
            level,
            valid_from: day("2018-05-07"),
            valid_to: to.map(day),
        };
        Rules {
            bands: vec![
                band(2, 30, first, 36),
                band(3, 50, first, 36),
                band(4, 70, first, 36),
                band(5, 90, first, 36),
                band(3, 60, second, 24),
                band(4, 80, second, 24),
            ],
            issuers: vec![
                issuer("UBND tỉnh Thái Nguyên", IssuerLevel::Province, None),
                issuer("UBND huyện Na Rì", IssuerLevel::District, Some("2025-06-30")),
                issuer("Bộ Nông nghiệp", IssuerLevel::Ministry, None),
            ],
        }
    }

    fn draft(stars: u8, from: &str) -> CertificateDraft {
        let (issuer, level) = if stars == 5 {
            ("Bộ Nông nghiệp", IssuerLevel::Ministry)
        } else {
            ("UBND tỉnh Thái Nguyên", IssuerLevel::Province)
        };
        CertificateDraft {
            number: Some("01/GCN".into()),
            stars: Some(stars),
            issuer: Some(issuer.into()),
            issuer_level: Some(level),
            from: Some(day(from)),
            ..CertificateDraft::default()
        }
    }

    /// The last day, or the field that was refused.
    fn outcome(draft: CertificateDraft) -> String {
        match complete(draft, &rules(), day("2026-11-22")) {
            Ok(entry) => entry.window.map_or("unknown".into(), |(_, to)| to.to_string()),
            Err(Error::Invalid { field, .. }) => format!("wrong {field}"),
            Err(error) => error.code().to_owned(),
        }
    }

    #[track_caller]
    fn check(draft: CertificateDraft, expected: &str) {
        assert_eq!(outcome(draft), expected);
    }

    #[test]
    fn the_last_day_is_the_first_plus_the_months_of_its_days_rule_less_one_day() {
        for (from, last) in [
            ("2024-07-01", "2027-06-30"),
            ("2024-01-01", "2026-12-31"),
            ("2023-03-31", "2026-03-30"),
            ("2026-01-01", "2027-12-31"),
            // No 29 February three years later: its last day counts.
            ("2024-02-29", "2027-02-28"),
        ] {
            check(draft(4, from), last);
        }
        let rules = rules();
        let window = |to| (day("2024-07-01"), day(to));
        assert_eq!(rules.computed_by(4, window("2027-06-30")).map(|band| band.months), Some(Some(36)));
        assert_eq!(rules.computed_by(4, window("2027-06-29")), None);
    }

    #[test]
    fn a_first_day_before_every_decree_needs_its_last_day_typed() {
        check(draft(3, "2019-01-01"), "wrong to");
        check(CertificateDraft { to: Some(day("2021-12-31")), ..draft(3, "2019-01-01") }, "2021-12-31");
    }

    #[test]
    fn a_term_may_be_shorter_and_count_its_anniversary_but_no_longer() {
        let until = |to| CertificateDraft { to: Some(day(to)), ..draft(3, "2024-07-01") };
        check(until("2025-01-01"), "2025-01-01");
        check(until("2027-07-01"), "2027-07-01");
        check(until("2027-07-02"), "wrong to");
        check(until("2024-06-30"), "wrong to");
        check(until("2024-07-01"), "2024-07-01");
    }

    #[test]
    fn a_score_fits_the_band_of_the_first_day() {
        let scored =
            |stars, from, score| CertificateDraft { score: Some(Score::parse(score).unwrap()), ..draft(stars, from) };
        for (stars, score, expected) in [
            (3, "49.9", "wrong score"),
            (3, "50", "2027-06-30"),
            (3, "69,9", "2027-06-30"),
            (3, "70", "wrong score"),
            (4, "70", "2027-06-30"),
            (4, "90", "wrong score"),
            (5, "89.9", "wrong score"),
            (5, "100", "2027-06-30"),
        ] {
            check(scored(stars, "2024-07-01", score), expected);
        }
        check(scored(3, "2026-07-01", "55"), "wrong score");
        check(scored(3, "2026-07-01", "75"), "2028-06-30");
        let said = complete(scored(3, "2024-07-01", "70"), &rules(), day("2026-11-22")).unwrap_err().vi();
        assert!(said.contains("từ 50 đến dưới 70 điểm, theo Quyết định thử"), "{said}");
    }

    #[test]
    fn the_issuers_level_is_that_which_recognises_the_stars() {
        let by = |stars, from, name: &str, level| CertificateDraft {
            issuer: Some(name.into()),
            issuer_level: Some(level),
            ..draft(stars, from)
        };
        let (before, after) = ("2025-06-30", "2025-07-01");
        check(by(5, before, "Ai đó", IssuerLevel::Province), "wrong issuer_level");
        check(by(4, before, "Ai đó", IssuerLevel::Ministry), "wrong issuer_level");
        check(by(3, before, "Ai đó", IssuerLevel::District), "2028-06-29");
        check(by(3, after, "Ai đó", IssuerLevel::District), "wrong issuer_level");
        check(by(5, before, "Ai đó", IssuerLevel::District), "wrong issuer_level");
        check(by(3, before, "ubnd huyện na rì", IssuerLevel::Province), "wrong issuer_level");
        check(CertificateDraft { issuer_level: None, ..draft(3, before) }, "wrong issuer_level");
        check(CertificateDraft { issuer: None, ..draft(3, before) }, "wrong issuer");
    }

    #[test]
    fn without_days_the_state_is_unknown_and_nothing_dated_is_asked() {
        let undated = CertificateDraft { number: Some("7".into()), ..CertificateDraft::default() };
        check(undated.clone(), "unknown");
        check(CertificateDraft { to: Some(day("2027-01-01")), ..undated }, "wrong from");
        check(CertificateDraft::default(), "wrong number");
        check(CertificateDraft { stars: None, ..draft(3, "2024-07-01") }, "wrong stars");
    }

    #[test]
    fn a_first_day_more_than_a_year_ahead_is_a_slip() {
        check(draft(3, "2027-11-22"), "2029-11-21");
        check(draft(3, "2027-11-23"), "wrong from");
    }

    fn certificate(from: &str, to: &str, revoked_on: Option<&str>) -> Certificate {
        Certificate {
            stars: Some(3),
            number: Some("01/GCN".into()),
            issuer: None,
            window: Some((day(from), day(to))),
            revoked: revoked_on.map(|on| (day(on), "gian dối".into())),
        }
    }

    #[test]
    fn windows_of_one_product_touch_but_never_overlap() {
        let overlaps = |from, to, revoked_on| {
            let other = certificate("2024-01-01", "2026-12-31", revoked_on);
            check_overlap((day(from), day(to)), &[other]).is_err()
        };
        assert!(overlaps("2026-12-31", "2029-12-30", None));
        assert!(!overlaps("2027-01-01", "2029-12-31", None));
        assert!(overlaps("2021-01-02", "2024-01-01", None));
        assert!(!overlaps("2021-01-01", "2023-12-31", None));
        assert!(overlaps("2026-03-09", "2029-03-08", Some("2026-03-10")));
        assert!(
            !overlaps("2026-03-10", "2029-03-09", Some("2026-03-10")),
            "a new one may start on the day of revocation"
        );
        assert!(!overlaps("2024-01-01", "2026-12-31", Some("2024-01-01")), "it held no day");
    }

    #[test]
    fn an_overlap_names_both_windows() {
        let other = certificate("2024-01-01", "2026-12-31", Some("2026-03-10"));
        let said = check_overlap((day("2026-01-01"), day("2028-12-31")), &[other]).unwrap_err();
        assert_eq!(said.code(), "certificate-overlap");
        for part in ["01/01/2026 – 31/12/2028", "01/01/2024 – 09/03/2026", "số 01/GCN"] {
            assert!(said.vi().contains(part), "{part}: {}", said.vi());
        }
    }

    #[test]
    fn a_revocation_is_of_a_day_that_the_certificate_held_and_is_final() {
        let (dated, today) = (certificate("2024-01-01", "2026-06-30", None), day("2026-11-22"));
        let undated = Certificate { window: None, ..dated.clone() };
        for (of, on, is_good) in [
            (&dated, "2023-12-31", false),
            (&dated, "2024-01-01", true),
            (&dated, "2026-06-30", true),
            (&dated, "2026-07-01", false),
            (&undated, "2020-01-01", true),
            (&undated, "2026-11-22", true),
            (&undated, "2026-11-23", false),
        ] {
            assert_eq!(check_revocation(of, day(on), today).is_ok(), is_good, "{on}");
        }
        let revoked = certificate("2024-01-01", "2026-06-30", Some("2026-01-01"));
        assert_eq!(
            check_revocation(&revoked, day("2026-02-01"), today).unwrap_err().code(),
            "certificate-already-revoked"
        );
    }

    #[test]
    fn a_score_is_read_to_one_decimal_with_comma_or_point() {
        for (text, shown) in [("0", "0"), ("76,5", "76.5"), ("91.1", "91.1"), ("100", "100"), ("100,0", "100")] {
            assert_eq!(Score::parse(text).unwrap().to_string(), shown);
        }
        for wrong in ["", "-1", "100.1", "91,14", "1e2", ".5", "5.", "101", "0x10", "7 6"] {
            assert!(Score::parse(wrong).is_err(), "{wrong}");
        }
    }
}
