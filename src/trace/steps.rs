//! The vocabulary of events: eleven steps, each an event type of EPCIS 2.0 (ISO/IEC 19987:2024) with a business step of its Core
//! Business Vocabulary. Pure; what a template calls its stages is for `stages`.

/// What happens to goods, in the ledger's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Seed or plants are put into the ground, a herd or a swarm is set up.
    Sow,
    /// Fertilising, spraying, feeding: what is done while it grows.
    Care,
    /// Picked, dug, cut, taken out of the hive.
    Harvest,
    /// A lot of raw goods comes in.
    ReceiveLot,
    /// Input lots become an output lot.
    Process,
    /// Goods are put into the packs that are sold.
    Pack,
    /// A sample is looked at.
    Test,
    /// Goods leave.
    Ship,
    /// Goods arrive where they are sold.
    ReceiveGoods,
    /// Goods are sold.
    Sell,
    /// Goods are destroyed.
    Destroy,
}

/// An event type of EPCIS 2.0 with the action and the business step (CBV 2.0) it is said with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epcis {
    /// `ObjectEvent`, `TransformationEvent` or `AggregationEvent`.
    pub event_type: &'static str,
    /// `ADD`, `OBSERVE` or `DELETE`; a transformation has none.
    pub action: Option<&'static str>,
    /// The business step's bare name.
    pub biz_step: &'static str,
}

/// Where in the life of a batch a step may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before and up to packing.
    Making,
    /// About the day of packing.
    Packing,
    /// From the day of packing on.
    Leaving,
    /// Any time.
    Any,
}

impl Step {
    /// Every step, in the order of a batch's life.
    pub const ALL: [Self; 11] = [
        Self::Sow,
        Self::Care,
        Self::Harvest,
        Self::ReceiveLot,
        Self::Process,
        Self::Pack,
        Self::Test,
        Self::Ship,
        Self::ReceiveGoods,
        Self::Sell,
        Self::Destroy,
    ];

    /// The name in entries, in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sow => "sow",
            Self::Care => "care",
            Self::Harvest => "harvest",
            Self::ReceiveLot => "receive_lot",
            Self::Process => "process",
            Self::Pack => "pack",
            Self::Test => "test",
            Self::Ship => "ship",
            Self::ReceiveGoods => "receive_goods",
            Self::Sell => "sell",
            Self::Destroy => "destroy",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }

    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Sow => "Gieo trồng, gây nuôi",
            Self::Care => "Chăm sóc",
            Self::Harvest => "Thu hoạch",
            Self::ReceiveLot => "Nhận nguyên liệu",
            Self::Process => "Chế biến",
            Self::Pack => "Đóng gói",
            Self::Test => "Kiểm nghiệm",
            Self::Ship => "Xuất hàng",
            Self::ReceiveGoods => "Nơi bán nhận hàng",
            Self::Sell => "Bán",
            Self::Destroy => "Tiêu hủy",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Sow => "Sown or planted",
            Self::Care => "Cared for",
            Self::Harvest => "Harvested",
            Self::ReceiveLot => "Raw goods received",
            Self::Process => "Processed",
            Self::Pack => "Packed",
            Self::Test => "Tested",
            Self::Ship => "Shipped",
            Self::ReceiveGoods => "Received by the seller",
            Self::Sell => "Sold",
            Self::Destroy => "Destroyed",
        }
    }

    /// How EPCIS 2.0 says it. A lot is a class of objects, hence `creating_class_instance` where one comes into being.
    pub const fn epcis(self) -> Epcis {
        let (event_type, action, biz_step) = match self {
            Self::Sow | Self::Harvest => ("ObjectEvent", Some("ADD"), "creating_class_instance"),
            Self::Care => ("ObjectEvent", Some("OBSERVE"), "other"),
            Self::ReceiveLot => ("ObjectEvent", Some("OBSERVE"), "receiving"),
            Self::Process => ("TransformationEvent", None, "creating_class_instance"),
            Self::Pack => ("AggregationEvent", Some("ADD"), "packing"),
            Self::Test => ("ObjectEvent", Some("OBSERVE"), "inspecting"),
            Self::Ship => ("ObjectEvent", Some("OBSERVE"), "shipping"),
            Self::ReceiveGoods => ("ObjectEvent", Some("OBSERVE"), "accepting"),
            Self::Sell => ("ObjectEvent", Some("OBSERVE"), "retail_selling"),
            Self::Destroy => ("ObjectEvent", Some("DELETE"), "destroying"),
        };
        Epcis { event_type, action, biz_step }
    }

    /// Where in the life of a batch it may stand.
    pub const fn phase(self) -> Phase {
        match self {
            Self::Sow | Self::Care | Self::Harvest | Self::ReceiveLot | Self::Process => Phase::Making,
            Self::Pack => Phase::Packing,
            Self::Ship | Self::ReceiveGoods | Self::Sell => Phase::Leaving,
            Self::Test | Self::Destroy => Phase::Any,
        }
    }

    /// Whether it names lots that go in.
    pub const fn takes_lots(self) -> bool {
        matches!(self, Self::Sow | Self::ReceiveLot | Self::Process | Self::Pack)
    }

    /// Whether it says how much went in.
    pub const fn has_in(self) -> bool {
        matches!(self, Self::Sow | Self::ReceiveLot | Self::Process | Self::Pack | Self::ReceiveGoods)
    }

    /// Whether it says how much came out, left or was destroyed.
    pub const fn has_out(self) -> bool {
        matches!(self, Self::Harvest | Self::Process | Self::Pack | Self::Ship | Self::Sell | Self::Destroy)
    }

    /// Whether it is not understood without how much went in.
    pub const fn needs_in(self) -> bool {
        matches!(self, Self::ReceiveGoods)
    }

    /// Whether it is not understood without how much came out, left or was destroyed.
    pub const fn needs_out(self) -> bool {
        matches!(self, Self::Harvest | Self::Process | Self::Pack | Self::Ship | Self::Sell | Self::Destroy)
    }

    /// Whether a spray's days of waiting may stand beside it.
    pub const fn has_wait(self) -> bool {
        matches!(self, Self::Care)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read_back_from_its_name() {
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
        }
    }

    #[test]
    fn only_a_transformation_has_no_action() {
        for step in Step::ALL {
            let epcis = step.epcis();
            assert_eq!(epcis.action.is_none(), epcis.event_type == "TransformationEvent", "{step:?}");
        }
    }

    #[test]
    fn what_a_step_needs_it_also_has() {
        for step in Step::ALL {
            assert!(!step.needs_in() || step.has_in(), "{step:?}");
            assert!(!step.needs_out() || step.has_out(), "{step:?}");
        }
    }
}
