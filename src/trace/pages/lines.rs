//! A batch's timeline as lines that a template writes down, for keepers and for anyone. Nothing of a person reaches a line that
//! anyone sees, because the timeline that it is made from holds nothing of one.

use serde::Deserialize;

use crate::batches::pages::doer_name;
use crate::http::Language;
use crate::stamp::BatchNo;
use crate::trace::timeline::types::{EventLine, InputLine, InputLot, Kind, Seal, Supply, Timeline, TimelineLine};
use crate::trace::types::{BatchRef, LotRef, OutsideLot};

use super::words;

/// A name with what it says, and perhaps where that leads.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) href: Option<String>,
}

/// One line of the timeline, in words.
pub(super) struct Line {
    pub(super) n: u32,
    pub(super) title: String,
    pub(super) detail: String,
    /// The day it happened, as declared.
    pub(super) declared: String,
    /// When it was recorded, and how long after.
    pub(super) recorded: String,
    pub(super) author: String,
    pub(super) facts: Vec<Fact>,
    /// Addresses of photos.
    pub(super) photos: Vec<String>,
    /// Which line it says anew.
    pub(super) corrects: Option<OtherLine>,
    /// What took its place, with the day and the reason; then the line is struck.
    pub(super) struck: Option<Struck>,
    pub(super) seal: String,
    pub(super) is_sealed: bool,
    /// Where its proof is downloaded, once it is sealed.
    pub(super) proof_href: Option<String>,
    /// Where it can be corrected, for whoever may.
    pub(super) correct_href: Option<String>,
    language: Language,
}

/// Another line of the same timeline, perhaps on another page of it.
pub(super) struct OtherLine {
    pub(super) n: u32,
    pub(super) href: String,
}

impl OtherLine {
    fn new(n: u32, shown: &[TimelineLine]) -> Self {
        let is_here = shown.iter().any(|line| line.n == n);
        let href = if is_here { format!("#n{n}") } else { format!("?after={}#n{n}", n.saturating_add(1)) };
        Self { n, href }
    }
}

/// What took a line's place.
pub(super) struct Struck {
    pub(super) by: OtherLine,
    pub(super) on: String,
    pub(super) reason: Option<String>,
}

/// What the reader of a page may do with its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    /// Read them.
    Reads,
    /// Correct them.
    Corrects,
}

impl Line {
    /// Picks one of two texts.
    pub(super) const fn pick<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        self.language.pick(vi, en)
    }

    fn new(batch_no: BatchNo, line: &TimelineLine, shown: &[TimelineLine], hand: Hand, language: Language) -> Self {
        let event = line.event.as_ref();
        let by = line.by.as_ref().map(|doer| format!(": {}", doer_name(doer, language))).unwrap_or_default();
        let is_sealed = matches!(line.seal, Seal::Sealed { .. });
        let may_correct = hand == Hand::Corrects && event.is_some() && line.struck.is_none();
        Self {
            n: line.n,
            title: words::said(&line.title, language).to_owned(),
            detail: line.detail.as_ref().map(|detail| words::said(detail, language).to_owned()).unwrap_or_default(),
            declared: words::declared(line.declared_on, line.declared_time),
            recorded: format!(
                "{} ({})",
                words::instant(line.recorded_at, language),
                words::delay(line.delay_days, language)
            ),
            author: format!("{}{by}", words::said(&line.author, language)),
            facts: event.map(|event| facts(line, event, language)).unwrap_or_default(),
            photos: event.map(|event| event.files.iter().map(photo_href).collect()).unwrap_or_default(),
            corrects: line.corrects.map(|n| OtherLine::new(n, shown)),
            struck: line.struck.as_ref().map(|struck| Struck {
                by: OtherLine::new(struck.by_n, shown),
                on: words::day(struck.on),
                reason: struck.reason.clone(),
            }),
            seal: words::seal(&line.seal, language),
            is_sealed,
            proof_href: is_sealed.then(|| format!("/batches/{batch_no}/{}.tlog-proof", line.n)),
            correct_href: may_correct.then(|| format!("/batches/{batch_no}/events/{}/correction", line.n)),
            language,
        }
    }
}

/// Where a photo of an event is shown.
pub(super) fn photo_href(hash: &crate::files::Sha256Hash) -> String {
    format!("/files/{hash}.jpg")
}

/// The newest line first.
pub(super) fn newest_first(batch_no: BatchNo, lines: &[TimelineLine], hand: Hand, language: Language) -> Vec<Line> {
    lines.iter().rev().map(|line| Line::new(batch_no, line, lines, hand, language)).collect()
}

/// Whether there is not one event in the whole timeline, of which this is a page; other entries are acts of the register.
pub(super) fn is_empty(timeline: &Timeline, after: Option<u32>) -> bool {
    let is_event = |line: &TimelineLine| matches!(line.kind, Kind::Event | Kind::Correction);
    after.is_none() && timeline.older.is_none() && !timeline.lines.iter().any(is_event)
}

/// Which page of a timeline is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct PageQuery {
    /// The oldest line of the page before; the lines that are older come behind it.
    pub(super) after: Option<u32>,
}

fn facts(line: &TimelineLine, event: &EventLine, language: Language) -> Vec<Fact> {
    let plain = |name, value: Option<String>| value.map(|value| Fact { name, value, href: None });
    let place = [event.place_text.as_deref(), event.place.as_deref()];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    let place = (!place.is_empty()).then(|| place.join(", "));
    let amount = |amount: &crate::trace::types::Amount| words::amount(amount, language);
    let before = [
        plain(language.pick("Nơi làm", "Where"), place),
        plain(language.pick("Đưa vào", "Went in"), event.taken.as_ref().map(amount)),
        plain(words::made_name(event.step, language), event.made.as_ref().map(amount)),
    ];
    let wait = event.wait_days.map(|days| words::wait(line.declared_on, days, language));
    let after = [
        plain(language.pick("Cách ly sau phun", "Waiting after spraying"), wait),
        plain(language.pick("Ghi chú", "Note"), event.note.clone()),
    ];
    let inputs = event.inputs.iter().map(|input| input_fact(input, language));
    before.into_iter().flatten().chain(inputs).chain(after.into_iter().flatten()).collect()
}

fn input_fact(input: &InputLine, language: Language) -> Fact {
    let (from, href) = match &input.from {
        InputLot::Batch(batch) => batch_words(batch, language),
        InputLot::Number(batch_no) => {
            let text = format!("{} {batch_no}", language.pick("từ lô số", "of batch"));
            (text, Some(format!("/batches/{batch_no}/timeline")))
        }
        InputLot::Outside(Some(supply)) => (supply_words(supply, language), None),
        InputLot::Outside(None) => {
            (language.pick("nguyên liệu mua ngoài", "of material bought from outside").to_owned(), None)
        }
    };
    Fact {
        name: language.pick("Nguyên liệu", "Input"),
        value: format!("{} {from}", words::amount(&input.amount, language)),
        href,
    }
}

/// A lot in words, and where its own timeline is. Of a lot from outside only what the reader may know is there to be said.
pub(super) fn lot_words(lot: &LotRef, language: Language) -> (String, Option<String>) {
    match lot {
        LotRef::Batch(batch) => batch_words(batch, language),
        LotRef::Outside(lot) => {
            let OutsideLot { product, supplier, lot, received_on, .. } = lot.clone();
            (supply_words(&Supply { product, supplier, lot, received_on }, language), None)
        }
    }
}

fn batch_words(batch: &BatchRef, language: Language) -> (String, Option<String>) {
    let from = language.pick("từ lô", "of lot");
    let against = batch.against.map(|against| format!(" – {}", words::against(against, language)));
    let against = against.unwrap_or_default();
    let text = format!("{from} {}: {} ({}){against}", batch.lot, batch.product, batch.producer);
    (text, Some(format!("/batches/{}/timeline", batch.batch_no)))
}

fn supply_words(lot: &Supply, language: Language) -> String {
    let mut text = format!("{}, {}", lot.product, language.pick("mua ngoài", "bought from outside"));
    if let Some(supplier) = &lot.supplier {
        text = format!("{text} {} {supplier}", language.pick("của", "from"));
    }
    if let Some(no) = &lot.lot {
        text = format!("{text}, {} {no}", language.pick("lô", "lot"));
    }
    format!("{text}, {} {}", language.pick("nhận ngày", "received on"), words::day(lot.received_on))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::accounts::types::ProducerNo;
    use crate::stamp::ProductNo;
    use crate::trace::timeline::types::{self, Words};
    use crate::trace::types::{Against, Amount, BatchRef, OutsideLot, OutsideLotNo, Quantity, Step, Unit};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn amount(thousandths: i64) -> Amount {
        Amount { quantity: Quantity::from_thousandths(thousandths).unwrap(), unit: Unit::new("unit", "kg").unwrap() }
    }

    fn outside(supplier: Option<&str>) -> LotRef {
        LotRef::Outside(OutsideLot {
            lot_no: OutsideLotNo(1),
            product: "Dong riềng củ".into(),
            supplier: supplier.map(str::to_owned),
            lot: None,
            received_on: day("2026-11-01"),
            received: amount(1_000_000),
        })
    }

    fn line(event: Option<EventLine>) -> TimelineLine {
        TimelineLine {
            n: 4,
            kind: Kind::Event,
            title: Words { vi: "Sao chè".into(), en: "Firing".into() },
            detail: None,
            declared_on: day("2026-11-20"),
            declared_time: None,
            recorded_at: "2026-11-22T01:00:00Z".parse().unwrap(),
            delay_days: 2,
            author: Words { vi: "Cán bộ xã ghi thay".into(), en: "Recorded by the commune's officer".into() },
            by: None,
            event,
            corrects: None,
            struck: None,
            seal: Seal::Pending,
        }
    }

    fn event() -> EventLine {
        EventLine {
            step: Step::Process,
            place: Some("Xóm Mới, Xã Tân Cương".into()),
            place_text: None,
            taken: Some(amount(100_500)),
            made: Some(amount(20_000)),
            inputs: vec![InputLine { from: InputLot::Outside(None), amount: amount(100_500) }],
            wait_days: None,
            note: None,
            files: Vec::new(),
        }
    }

    fn shown(line: &TimelineLine, hand: Hand) -> Line {
        Line::new(BatchNo::new(7).unwrap(), line, std::slice::from_ref(line), hand, Language::Vi)
    }

    #[test]
    fn a_line_of_another_page_is_led_to_on_that_page() {
        let here = [line(None)];
        assert_eq!(OtherLine::new(4, &here).href, "#n4");
        assert_eq!(OtherLine::new(150, &here).href, "?after=151#n150");
    }

    #[test]
    fn a_line_tells_both_dates_and_the_delay() {
        let line = shown(&line(Some(event())), Hand::Reads);
        assert_eq!(
            (line.declared.as_str(), line.recorded.as_str()),
            ("20/11/2026", "08:00 ngày 22/11/2026 (sau 2 ngày)")
        );
    }

    #[test]
    fn a_line_that_is_not_sealed_offers_no_proof() {
        assert_eq!(shown(&line(Some(event())), Hand::Reads).proof_href, None);
    }

    #[test]
    fn a_sealed_line_offers_its_proof() {
        let seal = Seal::Sealed { index: 0, at: "2026-11-22T01:00:00Z".parse().unwrap(), witnesses: Vec::new() };
        let line = shown(&TimelineLine { seal, ..line(Some(event())) }, Hand::Reads);
        assert_eq!(line.proof_href.as_deref(), Some("/batches/7/4.tlog-proof"));
    }

    #[test]
    fn only_an_event_that_stands_is_offered_to_be_corrected() {
        let struck = types::Struck { by_n: 5, on: day("2026-11-23"), reason: None };
        let offers = |line: &TimelineLine| shown(line, Hand::Corrects).correct_href.is_some();
        assert!(offers(&line(Some(event()))));
        assert!(!offers(&line(None)));
        assert!(!offers(&TimelineLine { struck: Some(struck), ..line(Some(event())) }));
        assert!(shown(&line(Some(event())), Hand::Reads).correct_href.is_none());
    }

    #[test]
    fn a_line_that_is_not_what_was_recorded_offers_no_proof() {
        let line = shown(&TimelineLine { seal: Seal::Broken, ..line(Some(event())) }, Hand::Reads);
        assert_eq!((line.is_sealed, line.proof_href), (false, None));
    }

    #[test]
    fn a_lot_from_outside_is_for_anyone_a_quantity_alone() {
        let line = shown(&line(Some(event())), Hand::Reads);
        let input = line.facts.iter().find(|fact| fact.name == "Nguyên liệu").unwrap();
        assert_eq!(input.value, "100,5 kg nguyên liệu mua ngoài");
    }

    #[test]
    fn a_lot_that_was_recalled_since_says_so() {
        let lot = BatchRef {
            batch_no: BatchNo::new(7).unwrap(),
            lot: "MD-01".into(),
            product_no: ProductNo::new(1).unwrap(),
            product: "Miến".into(),
            producer_no: ProducerNo(1),
            producer: "HTX".into(),
            against: Some(Against::Recalled("2026-11-22T01:00:00Z".parse().unwrap())),
        };
        let (text, _) = lot_words(&LotRef::Batch(lot), Language::Vi);
        assert_eq!(text, "từ lô MD-01: Miến (HTX) – lô này đã bị thu hồi ngày 22/11/2026");
    }

    #[test]
    fn an_unknown_supplier_is_passed_over_in_silence() {
        let (text, _) = lot_words(&outside(None), Language::Vi);
        assert_eq!(text, "Dong riềng củ, mua ngoài, nhận ngày 01/11/2026");
        let (text, _) = lot_words(&outside(Some("Nguyễn Văn An")), Language::Vi);
        assert!(text.contains("mua ngoài của Nguyễn Văn An"), "{text}");
    }
}
