//! What the timeline calls entries and their authors. Words only; what an entry does not say is not made up.

use chrono::NaiveDate;
use serde_json::Value;

use crate::batches::types::VoidReason;
use crate::ledger::Kind;
use crate::trace::types::Step;

use super::types::Words;

fn words(vi: impl Into<String>, en: impl Into<String>) -> Words {
    Words { vi: vi.into(), en: en.into() }
}

/// What an entry of a batch's chain records.
pub(super) fn title_of(kind: Kind, public: &Value) -> Words {
    let (vi, en) = match kind {
        Kind::BatchOpened => ("Mở lô hàng", "Batch opened"),
        Kind::BatchClosed => ("Đóng lô hàng", "Batch closed"),
        Kind::RunMinted => ("Phát tem", "Stamps minted"),
        Kind::RangeVoided => ("Hủy tem", "Stamps voided"),
        Kind::Suspended => ("Tạm dừng bán", "Sale suspended"),
        Kind::Resumed => ("Cho bán tiếp", "Sale resumed"),
        Kind::Recalled => ("Thu hồi lô hàng", "Batch recalled"),
        Kind::Inspection => ("Kiểm tra", "Inspected"),
        Kind::Imported => ("Ghi lô hàng vào sổ cái", "Batch taken into the ledger"),
        Kind::Erasure => ("Xóa thông tin cá nhân của một dòng", "Personal data of a line erased"),
        Kind::Event | Kind::Correction => return name_in(public),
        // These stand in no batch's chain.
        Kind::Recognised
        | Kind::RecognitionChanged
        | Kind::RecognitionRevoked
        | Kind::KeyAdded
        | Kind::KeyRetired
        | Kind::KeyCompromised
        | Kind::Manifest => ("Ghi sổ cái", "Entry in the ledger"),
    };
    words(vi, en)
}

/// What an event's own entry calls it: the stage as it was named then, else the step.
fn name_in(public: &Value) -> Words {
    let text = |name: &str| public.get(name).and_then(Value::as_str);
    let step = text("step").and_then(Step::parse);
    let vi = text("name").or(step.map(Step::vi)).unwrap_or("Ghi việc");
    words(vi, step.map_or("Something done", Step::en))
}

/// More about an entry that is no event. `private` is what is kept outside it, unless that was erased.
pub(super) fn detail_of(kind: Kind, public: &Value, private: Option<&Value>) -> Option<Words> {
    let text = |name: &str| public.get(name).and_then(Value::as_str);
    match kind {
        Kind::BatchOpened => {
            let packed_on: NaiveDate = text("packed_on")?.parse().ok()?;
            let vi = packed_on.format("%d/%m/%Y");
            Some(words(
                format!("Mã lô {}, đóng gói ngày {vi}", text("lot")?),
                format!("Lot {}, packed on {packed_on}", text("lot")?),
            ))
        }
        Kind::RunMinted => range_in(public),
        Kind::RangeVoided => {
            let range = range_in(public)?;
            let reason = text("reason").and_then(VoidReason::parse);
            Some(reason.map_or_else(
                || range.clone(),
                |reason| words(format!("{}: {}", range.vi, reason.vi()), format!("{}: {}", range.en, reason.en())),
            ))
        }
        Kind::Suspended | Kind::Resumed | Kind::Recalled => {
            private?.get("reason").and_then(Value::as_str).map(|reason| words(reason, reason))
        }
        Kind::Imported => Some(words("Lô này có trước khi lập sổ cái", "This batch is older than the ledger")),
        _ => None,
    }
}

fn range_in(public: &Value) -> Option<Words> {
    let serial = |name: &str| public.get(name).and_then(Value::as_u64);
    let (first, last) = (serial("first")?, serial("last")?);
    Some(if first == last {
        words(format!("Tem số {first}"), format!("Stamp {first}"))
    } else {
        words(format!("Tem số {first} đến {last}"), format!("Stamps {first} to {last}"))
    })
}

/// Who recorded an entry, by role and never by name.
pub(super) fn author_of(role: &str) -> Words {
    match role {
        "producer" => words("Cơ sở tự ghi", "Recorded by the producer"),
        "officer" => words("Cán bộ xã ghi thay", "Recorded by the commune's officer for the producer"),
        "office" => words("Văn phòng tỉnh ghi", "Recorded by the province's office"),
        "inspector" => words("Thanh tra ghi", "Recorded by an inspector"),
        "operator" => words("Người vận hành hệ thống ghi", "Recorded by the operator"),
        _ => words("Hệ thống tự ghi", "Recorded by the service"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::types::Role;
    use serde_json::json;

    #[test]
    fn an_event_is_called_what_it_was_called_when_it_was_recorded() {
        let public = json!({ "step": "process", "name": "Sao khô" });
        assert_eq!(title_of(Kind::Event, &public), words("Sao khô", "Processed"));
        assert_eq!(title_of(Kind::Correction, &json!({ "step": "sell" })), words("Bán", "Sold"));
        assert_eq!(title_of(Kind::Event, &json!({})), words("Ghi việc", "Something done"));
    }

    #[test]
    fn acts_are_told_with_their_numbers() {
        let detail = |kind, public: Value| detail_of(kind, &public, None).map(|words| words.vi);
        assert_eq!(detail(Kind::RunMinted, json!({ "first": 1, "last": 500 })).as_deref(), Some("Tem số 1 đến 500"));
        assert_eq!(
            detail(Kind::RangeVoided, json!({ "first": 7, "last": 7, "reason": "lost" })).as_deref(),
            Some("Tem số 7: bị mất")
        );
        assert_eq!(
            detail(Kind::BatchOpened, json!({ "lot": "A-1", "packed_on": "2026-11-20" })).as_deref(),
            Some("Mã lô A-1, đóng gói ngày 20/11/2026")
        );
        assert_eq!(detail(Kind::RunMinted, json!({})), None);
    }

    #[test]
    fn the_reason_of_a_ruling_is_told_until_it_is_erased() {
        let (public, private) = (json!({ "was": "normal" }), json!({ "reason": "Nấm mốc" }));
        for kind in [Kind::Suspended, Kind::Resumed, Kind::Recalled] {
            assert_eq!(detail_of(kind, &public, Some(&private)), Some(words("Nấm mốc", "Nấm mốc")));
            assert_eq!(detail_of(kind, &public, None), None);
        }
    }

    #[test]
    fn whoever_may_write_has_words_of_their_own() {
        let service = author_of("service");
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Auditor) {
            assert_ne!(author_of(role.as_str()), service, "{role:?}");
        }
        assert_eq!(author_of("officer").vi, "Cán bộ xã ghi thay");
    }
}
