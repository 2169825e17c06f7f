//! How far a lot went: every batch that it reached, whose it is, and which stamps are out. Made to be printed for a recall.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::batches::Batches;
use crate::batches::types::SerialRange;
use crate::error::Result;
use crate::http::{Frame, Language, Overseer, page};
use crate::stamp::BatchNo;
use crate::trace::Trace;
use crate::trace::api::{batch_no, lot_no};
use crate::trace::graph::types::{MAX_REACHED, Reached, RecallReach, StandingKind};
use crate::trace::types::{LotRef, OutsideLotNo};

use super::lines::{Fact, lot_words};
use super::words;

/// Batches that the page lists, the nearest first; it counts all, and programs get all.
const MAX_SHOWN: usize = 500;

/// A batch that was reached, in words.
struct ReachRow {
    batch_no: BatchNo,
    lot: String,
    product: String,
    producer: String,
    depth: u32,
    standing: &'static str,
    /// Ranges of stamps in one line.
    stamps: String,
    n_stamps: u64,
}

impl ReachRow {
    fn new(reached: Reached, language: Language) -> Self {
        Self {
            n_stamps: reached.n_stamps(),
            stamps: in_one_line(&reached.stamps, language),
            standing: standing_name(reached.standing, language),
            depth: reached.depth,
            batch_no: reached.batch.batch_no,
            lot: reached.batch.lot,
            product: reached.batch.product,
            producer: reached.batch.producer,
        }
    }
}

fn in_one_line(ranges: &[SerialRange], language: Language) -> String {
    if ranges.is_empty() {
        return language.pick("không có tem", "no stamps").to_owned();
    }
    let one = |range: &SerialRange| {
        if range.first == range.last { range.first.to_string() } else { format!("{} – {}", range.first, range.last) }
    };
    ranges.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn standing_name(standing: Option<StandingKind>, language: Language) -> &'static str {
    match standing {
        Some(StandingKind::Recalled) => language.pick("Bị thu hồi", "Recalled"),
        Some(StandingKind::Suspended) => language.pick("Tạm dừng", "Suspended"),
        Some(StandingKind::Normal) => language.pick("Bình thường", "Normal"),
        None => language.pick("không rõ", "not known"),
    }
}

/// Everything that was reached, counted, with the nearest batches in words.
struct Summary {
    rows: Vec<ReachRow>,
    is_cut: bool,
    n_batches: usize,
    n_shown: usize,
    n_producers: usize,
    n_stamps: u64,
}

impl Summary {
    /// Off the web workers: there may be very many.
    async fn of(reach: RecallReach, language: Language) -> Result<Self> {
        let summary = move || {
            let producers: BTreeSet<_> = reach.batches.iter().map(|reached| reached.batch.producer_no).collect();
            Self {
                is_cut: reach.is_cut,
                n_batches: reach.batches.len(),
                n_shown: reach.batches.len().min(MAX_SHOWN),
                n_producers: producers.len(),
                n_stamps: reach.batches.iter().map(Reached::n_stamps).sum(),
                rows: reach.batches.into_iter().take(MAX_SHOWN).map(|row| ReachRow::new(row, language)).collect(),
            }
        };
        Ok(tokio::task::spawn_blocking(summary).await?)
    }
}

#[derive(Template)]
#[template(path = "trace/reach.html")]
struct ReachPage {
    frame: Frame,
    /// Where it leads back to, in words.
    back: (String, &'static str),
    /// Lots from outside that went into the batch: a recall may have to begin there.
    lots: Vec<Fact>,
    summary: Summary,
    max_reached: usize,
    made_at: String,
}

const fn help(language: Language) -> &'static str {
    language.pick(
        "Mọi lô đã dùng hàng của lô này, trực tiếp hoặc qua lô khác, và các tem đang lưu hành. In trang này để làm việc với từng chủ thể.",
        "Every batch that this lot went into, directly or by way of others, and the stamps that are out. Print this page to work with each producer.",
    )
}

pub(super) async fn show_reach(
    Overseer(actor): Overseer,
    req: HttpRequest,
    path: web::Path<String>,
    trace: web::Data<Trace>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let batch_no = batch_no(&path)?;
    let language = Language::of(&req);
    let batch = batches.find_batch(&actor.reads(), batch_no).await?;
    let reach = trace.recall_reach(&actor.reads(), batch_no).await?;
    let neighbours = trace.neighbours_of(&actor.reads(), batch_no).await?;
    let title =
        format!("{} {} {}", language.pick("Lô", "Where lot"), batch.lot, language.pick("đã đi tới đâu", "went"));
    page(&ReachPage {
        frame: Frame::new(&req, &actor, title, help(language)),
        back: (format!("/batches/{batch_no}"), language.pick("Về lô hàng", "Back to the batch")),
        lots: neighbours.back.iter().filter_map(|input| lot_fact(&input.from, language)).collect(),
        summary: Summary::of(reach, language).await?,
        max_reached: MAX_REACHED,
        made_at: words::instant(trace.now(), language),
    })
}

fn lot_fact(from: &LotRef, language: Language) -> Option<Fact> {
    match from {
        LotRef::Batch(_) => None,
        LotRef::Outside(lot) => Some(Fact {
            name: language.pick("Nguyên liệu", "Input"),
            value: lot_words(from, language).0,
            href: Some(lot_reach_href(lot.lot_no)),
        }),
    }
}

/// Where the reach of a lot from outside is shown.
pub(super) fn lot_reach_href(lot_no: OutsideLotNo) -> String {
    format!("/lots/{}/reach", lot_no.0)
}

pub(super) async fn show_reach_of_lot(
    Overseer(actor): Overseer,
    req: HttpRequest,
    path: web::Path<String>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let (lot, reach) = trace.recall_reach_of_lot(&actor.reads(), lot_no(&path)?).await?;
    let (lot, _) = lot_words(&LotRef::Outside(lot), language);
    let title = format!("{}: {lot}", language.pick("Đã đi tới đâu", "Where it went"));
    page(&ReachPage {
        frame: Frame::new(&req, &actor, title, help(language)),
        back: ("/batches".to_owned(), language.pick("Về danh sách lô hàng", "Back to the batches")),
        lots: Vec::new(),
        summary: Summary::of(reach, language).await?,
        max_reached: MAX_REACHED,
        made_at: words::instant(trace.now(), language),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Serial;

    #[test]
    fn ranges_of_stamps_stand_in_one_line() {
        let range = |first, last| SerialRange { first: Serial::new(first).unwrap(), last: Serial::new(last).unwrap() };
        let text = in_one_line(&[range(1, 40), range(42, 42)], Language::Vi);
        assert_eq!(text, "1 – 40; 42");
    }
}
