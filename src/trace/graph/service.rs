//! Use cases of the graph. What does not lie within the asker's reach is shown one step away, by lot, product and producer, and
//! never walked past.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::AsyncPgConnection;

use crate::accounts::types::Reach;
use crate::error::{Error, Result, Thing};
use crate::stamp::BatchNo;
use crate::trace::lots::{batch_refs, outside_lots};
use crate::trace::service::Trace;
use crate::trace::types::{Input, LotRef, OutsideLot, OutsideLotNo};

use super::closures::{Walked, Way, walk};
use super::store::{self, Point, Ranges};
use super::types::{
    BatchState, Edge, Graph, MAX_NEIGHBOURS, MAX_NODES, MAX_REACHED, Neighbours, Node, NodeId, Reached, RecallReach,
    depths, without_voids,
};

impl Trace {
    /// Where a batch comes from and where it went. Seven queries.
    pub async fn graph_of(&self, reach: &Reach, batch_no: BatchNo) -> Result<Graph> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        let root = [batch_no.to_i32()];
        let mut back = walk(&mut conn, reach, &root, Way::Back, MAX_NODES + 1).await?;
        let mut forward = walk(&mut conn, reach, &root, Way::Forward, MAX_NODES + 1).await?;
        let is_cut = MAX_NODES < back.len().max(forward.len());
        back.truncate(MAX_NODES);
        forward.truncate(MAX_NODES);
        let walked: BTreeMap<BatchNo, bool> =
            back.iter().chain(&forward).map(|walked| (walked.batch_no, walked.is_own)).collect();
        let mut edges = store::edges(&mut conn, &own(&back), &own(&forward)).await?;
        edges.retain(|edge| is_drawn(edge, &walked));
        let nodes = nodes(&mut conn, batch_no, &walked, &edges).await?;
        Ok(Graph { root: batch_no, nodes, edges, is_cut })
    }

    /// One step back and one step forward from a batch. Five queries.
    pub async fn neighbours_of(&self, reach: &Reach, batch_no: BatchNo) -> Result<Neighbours> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        let limit = i64::try_from(MAX_NEIGHBOURS + 1).map_err(Error::internal)?;
        let mut into = store::edges_into(&mut conn, batch_no, limit).await?;
        let mut out_of = store::edges_out_of(&mut conn, batch_no, limit).await?;
        let is_cut = MAX_NEIGHBOURS < into.len().max(out_of.len());
        into.truncate(MAX_NEIGHBOURS);
        out_of.truncate(MAX_NEIGHBOURS);
        let from_batches = into.iter().filter_map(|edge| match edge.from {
            NodeId::Batch(batch_no) => Some(batch_no.to_i32()),
            NodeId::Outside(_) => None,
        });
        let batch_nos: Vec<i32> = from_batches.chain(out_of.iter().map(|edge| edge.to.to_i32())).collect();
        let batches = batch_refs(&mut conn, &batch_nos).await?;
        let lots = outside_lots(&mut conn, &into.iter().filter_map(outside_of).collect::<Vec<_>>()).await?;
        let batch = |no: BatchNo| batches.iter().find(|batch| batch.batch_no == no).cloned();
        let lot = |no: OutsideLotNo| lots.iter().find(|lot| lot.lot_no == no).cloned();
        let input = |edge: Edge| {
            let from = match edge.from {
                NodeId::Batch(no) => LotRef::Batch(batch(no)?),
                NodeId::Outside(no) => LotRef::Outside(lot(no)?),
            };
            Some(Input { from, amount: edge.amount })
        };
        let back = into.into_iter().filter_map(input).collect();
        let forward = out_of.into_iter().filter_map(|edge| Some((batch(edge.to)?, edge.amount))).collect();
        Ok(Neighbours { back, forward, is_cut })
    }

    /// Every batch that a recall of this one reaches, with the stamps that are out. Six queries.
    pub async fn recall_reach(&self, reach: &Reach, batch_no: BatchNo) -> Result<RecallReach> {
        let found = {
            let mut conn = self.parts.db.conn().await?;
            self.batch_within(&mut conn, reach, batch_no).await?;
            Found::from(&mut conn, reach, vec![batch_no.to_i32()]).await?
        };
        found.into_reach(0).await
    }

    /// A lot from outside, and every batch that a recall of it reaches, with the stamps that are out. Eight queries.
    pub async fn recall_reach_of_lot(&self, reach: &Reach, lot_no: OutsideLotNo) -> Result<(OutsideLot, RecallReach)> {
        let limit = i64::try_from(MAX_REACHED + 1).map_err(Error::internal)?;
        let (lot, found) = {
            let mut conn = self.parts.db.conn().await?;
            let lot = store::lot_within(&mut conn, reach, lot_no).await?.ok_or(Error::NotFound(Thing::Lot))?;
            let users = store::users_of(&mut conn, lot_no, limit).await?;
            (lot, Found::from(&mut conn, reach, users).await?)
        };
        Ok((lot, found.into_reach(1).await?))
    }
}

/// What was found of a reach, table by table.
struct Found {
    roots: Vec<i32>,
    walked: Vec<Walked>,
    is_cut: bool,
    links: Vec<(BatchNo, BatchNo)>,
    points: BTreeMap<BatchNo, Point>,
    minted: Ranges,
    voided: Ranges,
}

impl Found {
    /// Everything forward from these batches, which lie within reach.
    async fn from(conn: &mut AsyncPgConnection, reach: &Reach, roots: Vec<i32>) -> Result<Self> {
        let mut walked = walk(conn, reach, &roots, Way::Forward, MAX_REACHED + 1).await?;
        let is_cut = MAX_REACHED < walked.len();
        walked.truncate(MAX_REACHED);
        let own = own(&walked);
        let links = store::links_out_of(conn, &own).await?;
        let points = store::points(conn, &numbers(&walked)).await?;
        let minted = store::minted(conn, &own).await?;
        let voided = store::voided(conn, &own).await?;
        Ok(Self { roots, walked, is_cut, links, points, minted, voided })
    }

    /// Puts it together off the web workers: there may be very much of it. The roots lie at the depth `first`.
    async fn into_reach(self, first: u32) -> Result<RecallReach> {
        Ok(tokio::task::spawn_blocking(move || self.reach(first)).await?)
    }

    fn reach(mut self, first: u32) -> RecallReach {
        let roots: BTreeSet<i32> = self.roots.into_iter().collect();
        let is_root = |batch_no: &BatchNo| roots.contains(&batch_no.to_i32());
        let roots: Vec<BatchNo> = self.walked.iter().map(|walked| walked.batch_no).filter(is_root).collect();
        let depths = depths(&roots, first, &self.links);
        let mut batches = Vec::with_capacity(self.walked.len());
        for Walked { batch_no, is_own } in self.walked {
            let Some(point) = self.points.remove(&batch_no) else { continue };
            let minted = self.minted.get(&batch_no).map(Vec::as_slice).unwrap_or_default();
            let voided = self.voided.get(&batch_no).map(Vec::as_slice).unwrap_or_default();
            batches.push(Reached {
                depth: depths.get(&batch_no).copied().unwrap_or_default(),
                batch: point.batch,
                standing: is_own.then_some(point.standing),
                stamps: without_voids(minted, voided),
            });
        }
        batches.sort_by_key(|reached| (reached.depth, reached.batch.batch_no));
        RecallReach { batches, is_cut: self.is_cut }
    }
}

fn numbers(walked: &[Walked]) -> Vec<i32> {
    walked.iter().map(|walked| walked.batch_no.to_i32()).collect()
}

fn own(walked: &[Walked]) -> Vec<i32> {
    walked.iter().filter(|walked| walked.is_own).map(|walked| walked.batch_no.to_i32()).collect()
}

/// Whether both ends of an edge are shown.
fn is_drawn(edge: &Edge, walked: &BTreeMap<BatchNo, bool>) -> bool {
    let has_start = match edge.from {
        NodeId::Batch(batch_no) => walked.contains_key(&batch_no),
        NodeId::Outside(_) => true,
    };
    has_start && walked.contains_key(&edge.to)
}

/// The points of a graph, the root first, then batches by number, then lots from outside.
async fn nodes(
    conn: &mut AsyncPgConnection,
    root: BatchNo,
    walked: &BTreeMap<BatchNo, bool>,
    edges: &[Edge],
) -> Result<Vec<Node>> {
    let all: Vec<i32> = walked.keys().map(|batch_no| batch_no.to_i32()).collect();
    let own: Vec<i32> = walked.iter().filter(|(_, is_own)| **is_own).map(|(no, _)| no.to_i32()).collect();
    let mut points = store::points(conn, &all).await?;
    let minted = store::minted(conn, &own).await?;
    let lot_nos: BTreeSet<i32> = edges.iter().filter_map(outside_of).collect();
    let lots = outside_lots(conn, &lot_nos.into_iter().collect::<Vec<_>>()).await?;
    let mut nodes = Vec::with_capacity(walked.len() + lots.len());
    let rest = walked.keys().copied().filter(|batch_no| *batch_no != root);
    for batch_no in std::iter::once(root).chain(rest) {
        let point = points.remove(&batch_no).ok_or(Error::NotFound(Thing::Batch))?;
        let is_own = walked.get(&batch_no).copied().unwrap_or_default();
        let runs = minted.get(&batch_no).into_iter().flatten();
        let n_stamps = runs.map(|range| u64::from(range.n_serials())).sum();
        let state = BatchState { declared: point.declared, standing: point.standing, is_open: point.is_open, n_stamps };
        nodes.push(Node::Batch { batch: point.batch, state: is_own.then_some(state) });
    }
    nodes.extend(lots.into_iter().map(Node::Outside));
    Ok(nodes)
}

const fn outside_of(edge: &Edge) -> Option<i32> {
    match edge.from {
        NodeId::Outside(lot_no) => Some(lot_no.0),
        NodeId::Batch(_) => None,
    }
}
