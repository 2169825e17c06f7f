//! How pages name the states, people and limits of batches, in both languages. Words only.

use crate::batches::minting::types::Doer;
use crate::batches::proposals::types::ProposalState;
use crate::batches::quota::policy::{Limit, LimitBy, NoLimit, Unknown};
use crate::batches::quota::types::QuotaState;
use crate::batches::types::{Batch, ShownBatches, Standing};
use crate::http::{Frame, Language, role_name};

/// A mark beside a name: its class and its word.
pub(super) struct Chip {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
}

/// How a batch stands: what the office says of it first, else whether it is open.
pub(super) fn chip_of(batch: &Batch, language: Language) -> Chip {
    let (class, word) = match (&batch.standing, batch.is_open) {
        (Standing::Recalled(_), _) => ("bad", language.pick("Bị thu hồi", "Recalled")),
        (Standing::Suspended(_), _) => ("care", language.pick("Tạm dừng", "Suspended")),
        (Standing::Normal, true) => ("good", language.pick("Đang mở", "Open")),
        (Standing::Normal, false) => ("plain", language.pick("Đã đóng", "Closed")),
    };
    Chip { class, word }
}

/// A state's name in the list's filter.
pub(super) const fn shown_name(shown: ShownBatches, language: Language) -> &'static str {
    match shown {
        ShownBatches::Open => language.pick("Đang mở", "Open"),
        ShownBatches::Closed => language.pick("Đã đóng", "Closed"),
        ShownBatches::Suspended => language.pick("Tạm dừng", "Suspended"),
        ShownBatches::Recalled => language.pick("Bị thu hồi", "Recalled"),
    }
}

/// Who did something.
pub(crate) fn doer_name(doer: &Doer, language: Language) -> String {
    match doer {
        Doer::Person { name, role } => format!("{name} ({})", role_name(*role, language)),
        Doer::Program(name) => format!("{}: {name}", language.pick("Chương trình", "Program")),
        Doer::Operator => language.pick("Người vận hành", "Operator").to_owned(),
    }
}

/// What became of a proposal.
pub(super) const fn proposal_state(state: ProposalState, language: Language) -> &'static str {
    match state {
        ProposalState::Waiting => language.pick("đang chờ", "waiting"),
        ProposalState::Accepted => language.pick("đã tạm dừng lô", "batch suspended"),
        ProposalState::Dismissed => language.pick("không chấp nhận", "dismissed"),
    }
}

/// What came of a request for more stamps.
pub(super) const fn request_state(state: QuotaState, language: Language) -> &'static str {
    match state {
        QuotaState::Waiting => language.pick("đang chờ văn phòng", "waiting for the office"),
        QuotaState::Approved => language.pick("văn phòng đã duyệt", "approved"),
        QuotaState::Refused => language.pick("văn phòng không duyệt", "refused"),
    }
}

/// How many stamps a batch may have, and where the number comes from.
pub(super) fn limit_sentence(limit: Limit, frame: &Frame) -> String {
    match limit {
        Limit::UpTo { by: LimitBy::Nothing(why), .. } => {
            let because = match why {
                Unknown::Quantity => frame.pick("lô chưa khai số lượng", "the batch declares no quantity"),
                Unknown::Pack => {
                    frame.pick("sổ chưa ghi mỗi gói chứa bao nhiêu", "the register does not say what a pack holds")
                }
                Unknown::Units => frame.pick(
                    "đơn vị của lô và của gói không đổi cho nhau được",
                    "batch and pack are counted in units that do not agree",
                ),
            };
            let asked = frame.pick(
                "Chưa tính được hạn mức tem, xin gửi đề nghị để văn phòng duyệt",
                "The quota of stamps cannot be computed; ask the office",
            );
            format!("{asked}: {because}.")
        }
        Limit::UpTo { n_stamps, by } => {
            let by = match by {
                LimitBy::Hand => frame.pick("do văn phòng đặt cho lô này", "set by the office for this batch"),
                LimitBy::Declared | LimitBy::Nothing(_) => frame.pick(
                    "tính từ số lượng đã khai chia cho lượng mỗi gói, cộng phần dự phòng in hỏng",
                    "from the quantity declared, by the pack, with a margin for misprints",
                ),
            };
            let up_to = frame.pick("Được cấp nhiều nhất", "At most");
            format!("{up_to} {} {}, {by}.", frame.number(&n_stamps), frame.pick("tem", "stamps"))
        }
        Limit::None(why) => {
            let because = match why {
                NoLimit::NotEnforced => {
                    frame.pick("văn phòng chưa áp dụng hạn mức", "the office does not enforce quotas")
                }
                NoLimit::Demo => {
                    let sentence = frame.pick(
                        "Đây là bản trình diễn nên không có hạn mức tem.",
                        "This is a demonstration, so there is no quota of stamps.",
                    );
                    return sentence.to_owned();
                }
            };
            format!("{}: {because}.", frame.pick("Không có hạn mức tem", "No quota of stamps"))
        }
    }
}
