//! Events, graphs, balances and shares as JSON shows them. Quantities are decimal text, exact to three places.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::trace::balance::types::{Balance, Finding};
use crate::trace::events::MAX_EVENTS_LISTED;
use crate::trace::graph::types::{Edge, Graph, Node, NodeId, Reached, RecallReach, StandingKind};
use crate::trace::lots::types::Share;
use crate::trace::types::{Amount, BatchRef, Event, Input, LotRef, OutsideLot, Sha256Hash};

/// How much of what.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AmountView {
    /// Decimal, at most three places.
    #[schema(example = "120.5")]
    quantity: String,
    unit: String,
}

impl From<&Amount> for AmountView {
    fn from(amount: &Amount) -> Self {
        Self { quantity: amount.quantity.to_string(), unit: amount.unit.as_str().to_owned() }
    }
}

/// A batch by lot, product and producer.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BatchRefView {
    batch_no: u32,
    lot: String,
    product_no: u32,
    product: String,
    producer_no: i32,
    producer: String,
}

impl From<BatchRef> for BatchRefView {
    fn from(batch: BatchRef) -> Self {
        Self {
            batch_no: batch.batch_no.get(),
            lot: batch.lot,
            product_no: batch.product_no.get(),
            product: batch.product,
            producer_no: batch.producer_no.0,
            producer: batch.producer,
        }
    }
}

/// A lot from outside.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct OutsideLotView {
    outside: i32,
    product: String,
    /// Null once it was erased.
    supplier: Option<String>,
    lot: Option<String>,
    received_on: NaiveDate,
    received: AmountView,
}

impl From<OutsideLot> for OutsideLotView {
    fn from(lot: OutsideLot) -> Self {
        Self {
            outside: lot.lot_no.0,
            received: AmountView::from(&lot.received),
            product: lot.product,
            supplier: lot.supplier,
            lot: lot.lot,
            received_on: lot.received_on,
        }
    }
}

/// A lot that went in: one of `batch` and `outside`.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct InputView {
    batch: Option<BatchRefView>,
    outside: Option<OutsideLotView>,
    amount: AmountView,
}

impl From<Input> for InputView {
    fn from(input: Input) -> Self {
        let amount = AmountView::from(&input.amount);
        match input.from {
            LotRef::Batch(batch) => Self { batch: Some(batch.into()), outside: None, amount },
            LotRef::Outside(lot) => Self { batch: None, outside: Some(lot.into()), amount },
        }
    }
}

/// Where an event happened.
#[derive(Serialize, utoipa::ToSchema)]
struct PlaceView {
    commune_code: Option<String>,
    commune: Option<String>,
    village: Option<String>,
    /// Free words, which are not in the ledger's entry.
    text: Option<String>,
}

/// What an event is in EPCIS 2.0.
#[derive(Serialize, utoipa::ToSchema)]
struct EpcisView {
    #[schema(example = "TransformationEvent")]
    event_type: &'static str,
    action: Option<&'static str>,
    /// A business step of CBV 2.0.
    biz_step: &'static str,
}

/// An event of a batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EventView {
    batch_no: u32,
    /// Its line in the batch's chain.
    n: u32,
    stage_no: Option<i32>,
    /// What was done, in Vietnamese.
    name: String,
    /// What was done, in English.
    name_en: String,
    /// `sow`, `care`, `harvest`, `receive_lot`, `process`, `pack`, `test`, `ship`, `receive_goods`, `sell` or `destroy`.
    step: &'static str,
    epcis: EpcisView,
    on: NaiveDate,
    /// `hh:mm`.
    time: Option<String>,
    place: PlaceView,
    #[serde(rename = "in")]
    taken: Option<AmountView>,
    #[serde(rename = "out")]
    made: Option<AmountView>,
    inputs: Vec<InputView>,
    wait_days: Option<u16>,
    note: Option<String>,
    /// SHA-256 of its photos; each is served at `/files/{sha256}.jpg`.
    files: Vec<String>,
    recorded_at: DateTime<Utc>,
    /// As what its author acted.
    role: String,
    /// The line it says anew.
    corrects: Option<u32>,
    /// Why it says it anew.
    reason: Option<String>,
    /// The line that took its place.
    corrected_by: Option<u32>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let epcis = event.step.epcis();
        let (vi, en) = event.name();
        let (name, name_en) = (vi.to_owned(), en.to_owned());
        let (commune_code, commune) = event.place.commune.unzip();
        Self {
            batch_no: event.batch_no.get(),
            n: event.n,
            stage_no: event.stage.map(|stage| stage.stage_no.0),
            name,
            name_en,
            step: event.step.as_str(),
            epcis: EpcisView { event_type: epcis.event_type, action: epcis.action, biz_step: epcis.biz_step },
            on: event.when.on,
            time: event.when.time.map(|time| time.format("%H:%M").to_string()),
            place: PlaceView { commune_code, commune, village: event.place.village, text: event.place.text },
            taken: event.taken.as_ref().map(AmountView::from),
            made: event.made.as_ref().map(AmountView::from),
            inputs: event.inputs.into_iter().map(InputView::from).collect(),
            wait_days: event.wait_days,
            note: event.note,
            files: event.files.iter().map(ToString::to_string).collect(),
            recorded_at: event.recorded_at,
            role: event.role,
            corrects: event.corrects,
            reason: event.reason,
            corrected_by: event.corrected_by,
        }
    }
}

/// What was recorded of a batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EventList {
    items: Vec<EventView>,
    /// `after` of the next list, null at the end.
    next: Option<u32>,
}

impl From<Vec<Event>> for EventList {
    fn from(events: Vec<Event>) -> Self {
        let is_full = u32::try_from(events.len()).is_ok_and(|n| n == MAX_EVENTS_LISTED);
        let next = events.last().map(|event| event.n).filter(|_| is_full);
        Self { items: events.into_iter().map(EventView::from).collect(), next }
    }
}

/// A point of the graph: one of `batch` and `outside`.
#[derive(Serialize, utoipa::ToSchema)]
struct NodeView {
    /// Its name in the edges.
    #[schema(example = "batch:12")]
    id: String,
    batch: Option<BatchRefView>,
    outside: Option<OutsideLotView>,
    /// What the batch declares; null for others' batches.
    declared: Option<AmountView>,
    /// `normal`, `suspended` or `recalled`; null for others' batches.
    standing: Option<&'static str>,
    /// Whether it may get stamps; null for others' batches.
    is_open: Option<bool>,
    /// Stamps minted; null for others' batches.
    n_stamps: Option<u64>,
}

/// So much of one lot went into another.
#[derive(Serialize, utoipa::ToSchema)]
struct EdgeView {
    #[schema(example = "batch:12")]
    from: String,
    #[schema(example = "batch:13")]
    to: String,
    amount: AmountView,
    /// The event's line in the chain of `to`.
    n: u32,
}

/// Where a batch comes from and where it went.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TraceView {
    /// The batch that was asked about.
    #[schema(example = "batch:13")]
    root: String,
    nodes: Vec<NodeView>,
    edges: Vec<EdgeView>,
    /// Whether there is more than is shown.
    is_cut: bool,
}

fn id_of(id: NodeId) -> String {
    match id {
        NodeId::Batch(batch_no) => format!("batch:{batch_no}"),
        NodeId::Outside(lot_no) => format!("outside:{}", lot_no.0),
    }
}

impl From<Node> for NodeView {
    fn from(node: Node) -> Self {
        let id = id_of(node.id());
        let bare =
            Self { id, batch: None, outside: None, declared: None, standing: None, is_open: None, n_stamps: None };
        match node {
            Node::Outside(lot) => Self { outside: Some(lot.into()), ..bare },
            Node::Batch { batch, state: None } => Self { batch: Some(batch.into()), ..bare },
            Node::Batch { batch, state: Some(state) } => Self {
                batch: Some(batch.into()),
                declared: state.declared.as_ref().map(AmountView::from),
                standing: Some(state.standing.as_str()),
                is_open: Some(state.is_open),
                n_stamps: Some(state.n_stamps),
                ..bare
            },
        }
    }
}

impl From<&Edge> for EdgeView {
    fn from(edge: &Edge) -> Self {
        let to = id_of(NodeId::Batch(edge.to));
        Self { from: id_of(edge.from), to, amount: AmountView::from(&edge.amount), n: edge.n }
    }
}

impl From<Graph> for TraceView {
    fn from(graph: Graph) -> Self {
        Self {
            root: id_of(NodeId::Batch(graph.root)),
            nodes: graph.nodes.into_iter().map(NodeView::from).collect(),
            edges: graph.edges.iter().map(EdgeView::from).collect(),
            is_cut: graph.is_cut,
        }
    }
}

/// One thing that does not add up.
#[derive(Serialize, utoipa::ToSchema)]
struct FindingView {
    /// `yield`, `batch`, `outside` or `source`.
    check: &'static str,
    /// What there was at the most, thousandths of `unit`.
    at_most_thousandths: u64,
    /// What was told, thousandths of `unit`.
    told_thousandths: u64,
    unit: String,
    vi: String,
    en: String,
}

/// What does not add up in a batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BalanceView {
    findings: Vec<FindingView>,
    /// Whether there was anything to compare at all.
    is_compared: bool,
}

impl From<Balance> for BalanceView {
    fn from(balance: Balance) -> Self {
        let view = |finding: Finding| FindingView {
            check: finding.check.as_str(),
            at_most_thousandths: finding.at_most_thousandths,
            told_thousandths: finding.told_thousandths,
            unit: finding.unit,
            vi: finding.words.vi,
            en: finding.words.en,
        };
        Self { is_compared: balance.is_compared, findings: balance.findings.into_iter().map(view).collect() }
    }
}

/// A range of stamps.
#[derive(Serialize, utoipa::ToSchema)]
struct StampRangeView {
    first: u32,
    last: u32,
}

/// A batch that a recall reaches.
#[derive(Serialize, utoipa::ToSchema)]
struct ReachedView {
    /// Steps away; 0 is the batch itself, 1 whatever a lot from outside went into.
    depth: u32,
    #[serde(flatten)]
    batch: BatchRefView,
    /// `normal`, `suspended` or `recalled`; null for others' batches.
    standing: Option<&'static str>,
    /// How many stamps are out.
    n_stamps: u64,
    /// Stamps that are out, without the voided ones; empty for others' batches.
    stamps: Vec<StampRangeView>,
}

impl From<Reached> for ReachedView {
    fn from(reached: Reached) -> Self {
        let range = |range: &crate::batches::types::SerialRange| StampRangeView {
            first: range.first.get(),
            last: range.last.get(),
        };
        Self {
            depth: reached.depth,
            n_stamps: reached.n_stamps(),
            stamps: reached.stamps.iter().map(range).collect(),
            batch: reached.batch.into(),
            standing: reached.standing.map(StandingKind::as_str),
        }
    }
}

/// What a recall of a batch reaches.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RecallReachView {
    batches: Vec<ReachedView>,
    /// Whether there is more than is shown.
    is_cut: bool,
}

impl From<RecallReach> for RecallReachView {
    fn from(reach: RecallReach) -> Self {
        Self { batches: reach.batches.into_iter().map(ReachedView::from).collect(), is_cut: reach.is_cut }
    }
}

/// What a recall of a lot from outside reaches.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct LotReachView {
    lot: OutsideLotView,
    #[serde(flatten)]
    reach: RecallReachView,
}

impl From<(OutsideLot, RecallReach)> for LotReachView {
    fn from((lot, reach): (OutsideLot, RecallReach)) -> Self {
        Self { lot: lot.into(), reach: reach.into() }
    }
}

/// A photo that is kept.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PhotoView {
    /// SHA-256 of the photo as it was drawn anew: what `files` of an event takes.
    #[schema(example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    sha256: String,
}

impl From<Sha256Hash> for PhotoView {
    fn from(hash: Sha256Hash) -> Self {
        Self { sha256: hash.to_string() }
    }
}

/// With whom a lot is shared: a producer, or everyone.
#[derive(Serialize, utoipa::ToSchema)]
struct ShareView {
    producer_no: Option<i32>,
    producer: Option<String>,
    everyone: bool,
    shared_at: DateTime<Utc>,
}

/// The shares of a lot.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ShareList {
    /// The latest first.
    items: Vec<ShareView>,
}

impl From<Vec<Share>> for ShareList {
    fn from(shares: Vec<Share>) -> Self {
        let view = |share: Share| {
            let producer_no = share.with.producer_no().map(|no| no.0);
            ShareView { producer_no, producer: share.name, everyone: producer_no.is_none(), shared_at: share.shared_at }
        };
        Self { items: shares.into_iter().map(view).collect() }
    }
}
