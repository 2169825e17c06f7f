//! What can be wrong with a ledger, each in one plain sentence that says where. Pure. Text of a log was written by strangers: it must
//! never reach a terminal with a character that moves, hides or reverses what stands there.

use crate::http::Language;
use crate::monitor::{ChainFault, Fault, Place, Problem};

use super::telling::clean;

/// A problem as one line.
pub(super) fn of_problem(problem: &Problem, language: Language) -> String {
    let (place, fault) = (of_place(&problem.place, language), of_fault(&problem.fault, language));
    if place.is_empty() { fault } else { format!("{place}: {fault}") }
}

fn of_place(place: &Place, language: Language) -> String {
    let mut parts = Vec::new();
    match (place.index, place.entry_no) {
        (Some(index), _) => parts.push(format!("{} {index}", language.pick("mục", "entry"))),
        (None, Some(row)) => {
            parts.push(format!(
                "{} {row}",
                language.pick("mục chưa niêm phong, hàng", "entry that is not sealed yet, row")
            ));
        }
        (None, None) => {}
    }
    if let (Some(batch), Some(n)) = (place.batch, place.n) {
        parts.push(match language {
            Language::Vi => format!("lô {batch} dòng {n}"),
            Language::En => format!("batch {batch} line {n}"),
        });
    }
    parts.join(", ")
}

fn of_fault(fault: &Fault, language: Language) -> String {
    let said = match language {
        Language::Vi => vi(fault),
        Language::En => en(fault),
    };
    clean(&said)
}

fn vi(fault: &Fault) -> String {
    match fault {
        Fault::Unreadable(_) => "nội dung không phải một mục đúng dạng".to_owned(),
        Fault::Leaf { tile } => format!("nội dung và mã băm đã công bố ở {tile} không khớp nhau"),
        Fault::Tile { tile } => format!("{tile} có mã băm không tính ra được từ các mục bên dưới"),
        Fault::Cut { path } => format!("tệp {path} thiếu hoặc thừa từ chỗ này"),
        Fault::Rewritten => "nội dung đã khác với lần kiểm tra trước".to_owned(),
        Fault::Chain(ChainFault::Number { expected }) => {
            format!("chuỗi của lô bị đứt: phải đến dòng {expected}; có dòng bị bớt, lặp hoặc đảo chỗ")
        }
        Fault::Chain(ChainFault::Prev) => "chuỗi của lô bị đứt: không nối vào dòng ngay trước nó".to_owned(),
        Fault::Manifest => "bản tổng kết ngày không đúng với các mục trước nó".to_owned(),
        Fault::Root { size } => format!("{size} mục đã công bố không cho ra đúng mã gốc mà sổ cái đã ký"),
        Fault::Checkpoint(_) => "bản xác nhận (checkpoint) không do khóa này ký, hoặc đã bị sửa".to_owned(),
        Fault::Cosignature(witness) => {
            format!("chữ ký mang tên người làm chứng {witness} là chữ ký giả hoặc đã bị sửa")
        }
        Fault::Column(column) => format!("cột {column} khác với nội dung đã ghi"),
        Fault::NoEntry => "không có mục nào mang số này".to_owned(),
        Fault::Private => "phần riêng giữ ngoài sổ không khớp với mã băm trong mục".to_owned(),
        Fault::StoredTile { tile } => format!("ô mã băm {tile} trong cơ sở dữ liệu thiếu, thừa hoặc sai độ dài"),
        Fault::StoredCheckpoint { size, what } => {
            format!("bản xác nhận cho {size} mục trong cơ sở dữ liệu sai ở: {what}")
        }
        Fault::Size { said } => format!("bảng ledger_state ghi {said} mục, khác với số mục thật có"),
        Fault::HighWaterAhead { size } => {
            format!("tệp ghi mốc ngoài cơ sở dữ liệu biết đã công bố {size} mục; cơ sở dữ liệu là bản cũ")
        }
        Fault::HighWater { size } => {
            format!("tệp ghi mốc ngoài cơ sở dữ liệu (mốc {size} mục) không khớp với những gì đã công bố")
        }
    }
}

fn en(fault: &Fault) -> String {
    match fault {
        Fault::Unreadable(why) => format!("its bytes are no entry in its one spelling ({why})"),
        Fault::Leaf { tile } => format!("its bytes and the hash that is published in {tile} do not fit each other"),
        Fault::Tile { tile } => format!("{tile} holds a hash that does not follow from the entries below"),
        Fault::Cut { path } => format!("the file {path} is cut or too long from here on"),
        Fault::Rewritten => "its bytes are other ones than at the last audit".to_owned(),
        Fault::Chain(ChainFault::Number { expected }) => {
            format!(
                "the batch's chain breaks: line {expected} comes next; a line is missing, stands twice or in the wrong place"
            )
        }
        Fault::Chain(ChainFault::Prev) => {
            "the batch's chain breaks: it does not continue the line before it".to_owned()
        }
        Fault::Manifest => "the daily manifest is not what the entries before it give".to_owned(),
        Fault::Root { size } => format!("the {size} published entries do not lead to the root that the ledger signed"),
        Fault::Checkpoint(why) => format!("the checkpoint was not signed by this key, or was changed ({why})"),
        Fault::Cosignature(witness) => format!("the cosignature under the name of {witness} is false, or was changed"),
        Fault::Column(column) => format!("the column {column} differs from the recorded bytes"),
        Fault::NoEntry => "no entry has this number".to_owned(),
        Fault::Private => "what is kept outside the ledger does not fit the hash in the entry".to_owned(),
        Fault::StoredTile { tile } => {
            format!("the tile {tile} in the database is missing, of another length, or one too many")
        }
        Fault::StoredCheckpoint { size, what } => {
            format!("the stored checkpoint of {size} entries is wrong in: {what}")
        }
        Fault::Size { said } => format!("ledger_state says {said} entries, which is not how many there are"),
        Fault::HighWaterAhead { size } => {
            format!(
                "the high-water file outside the database knows that {size} entries were published; the database is an old copy"
            )
        }
        Fault::HighWater { size } => {
            format!(
                "the high-water file outside the database (at {size} entries) does not agree with what was published"
            )
        }
    }
}

/// The name of a fault for programs, and the column, path or size that it is about.
pub(super) fn code_of(fault: &Fault) -> (&'static str, Option<String>) {
    match fault {
        Fault::Unreadable(why) => ("unreadable", Some(why.clone())),
        Fault::Leaf { tile } => ("leaf", Some(tile.clone())),
        Fault::Tile { tile } => ("tile", Some(tile.clone())),
        Fault::Cut { path } => ("cut", Some(path.clone())),
        Fault::Rewritten => ("rewritten", None),
        Fault::Chain(ChainFault::Number { expected }) => ("chain-number", Some(expected.to_string())),
        Fault::Chain(ChainFault::Prev) => ("chain-prev", None),
        Fault::Manifest => ("manifest", None),
        Fault::Root { size } => ("root", Some(size.to_string())),
        Fault::Checkpoint(why) => ("checkpoint", Some(why.clone())),
        Fault::Cosignature(witness) => ("cosignature", Some(witness.clone())),
        Fault::Column(column) => ("column", Some((*column).to_owned())),
        Fault::NoEntry => ("no-entry", None),
        Fault::Private => ("private", None),
        Fault::StoredTile { tile } => ("stored-tile", Some(tile.clone())),
        Fault::StoredCheckpoint { size, what } => ("stored-checkpoint", Some(format!("{size} {what}"))),
        Fault::Size { said } => ("size", Some(said.to_string())),
        Fault::HighWaterAhead { size } => ("high-water-ahead", Some(size.to_string())),
        Fault::HighWater { size } => ("high-water", Some(size.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::BatchNo;

    #[test]
    fn a_problem_names_entry_batch_and_line() {
        let place = Place { batch: BatchNo::new(2041).ok(), n: Some(4), ..Place::at(17) };
        let problem = Problem { place, fault: Fault::Column("kind") };
        assert_eq!(of_problem(&problem, Language::Vi), "mục 17, lô 2041 dòng 4: cột kind khác với nội dung đã ghi");
        assert_eq!(
            of_problem(&problem, Language::En),
            "entry 17, batch 2041 line 4: the column kind differs from the recorded bytes"
        );
    }

    #[test]
    fn a_problem_without_a_place_is_told_alone() {
        let problem = Problem { place: Place::default(), fault: Fault::Size { said: 9 } };
        assert!(of_problem(&problem, Language::En).starts_with("ledger_state says 9"));
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        let problem = Problem { place: Place::at(0), fault: Fault::Unreadable("\u{1b}[2J\u{202e}".to_owned()) };
        assert!(!of_problem(&problem, Language::Vi).contains(['\u{1b}', '\u{202e}']));
    }
}
