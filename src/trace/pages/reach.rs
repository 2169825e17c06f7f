//! How far a lot went: every batch that it reached, whose it is, and which stamps are out. Made to be printed for a recall.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::batches::Batches;
use crate::batches::types::{Batch, SerialRange};
use crate::error::Result;
use crate::http::{Frame, Language, Overseer, page};
use crate::stamp::BatchNo;
use crate::trace::Trace;
use crate::trace::api::batch_no;
use crate::trace::graph::types::{MAX_REACHED, Reached};

use super::words;

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

fn standing_name(standing: Option<&str>, language: Language) -> &'static str {
    match standing {
        Some("recalled") => language.pick("Bị thu hồi", "Recalled"),
        Some("suspended") => language.pick("Tạm dừng", "Suspended"),
        Some(_) => language.pick("Bình thường", "Normal"),
        None => language.pick("không rõ", "not known"),
    }
}

#[derive(Template)]
#[template(path = "trace/reach.html")]
struct ReachPage {
    frame: Frame,
    batch: Batch,
    rows: Vec<ReachRow>,
    is_cut: bool,
    max_reached: usize,
    n_batches: usize,
    n_producers: usize,
    n_stamps: u64,
    made_at: String,
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
    let mut producers: Vec<_> = reach.batches.iter().map(|reached| reached.batch.producer_no).collect();
    producers.sort_unstable();
    producers.dedup();
    let title =
        format!("{} {} {}", language.pick("Lô", "Where lot"), batch.lot, language.pick("đã đi tới đâu", "went"));
    let help = language.pick(
        "Mọi lô đã dùng hàng của lô này, trực tiếp hoặc qua lô khác, và các tem đang lưu hành. In trang này để làm việc với từng chủ thể.",
        "Every batch that this lot went into, directly or by way of others, and the stamps that are out. Print this page to work with each producer.",
    );
    page(&ReachPage {
        frame: Frame::new(&req, &actor, title, help),
        batch,
        is_cut: reach.is_cut,
        max_reached: MAX_REACHED,
        n_batches: reach.batches.len(),
        n_producers: producers.len(),
        n_stamps: reach.batches.iter().map(Reached::n_stamps).sum(),
        rows: reach.batches.into_iter().map(|reached| ReachRow::new(reached, language)).collect(),
        made_at: words::instant(trace.parts.clock.now(), language),
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
