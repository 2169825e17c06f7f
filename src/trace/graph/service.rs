//! Use cases of the graph. What does not lie within the asker's reach is shown one step away, by lot, product and producer, and
//! never walked past.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::AsyncPgConnection;

use crate::accounts::types::Reach;
use crate::error::{Error, Result, Thing};
use crate::stamp::BatchNo;
use crate::trace::lots::outside_lots;
use crate::trace::service::Trace;

use super::closures::{Walked, Way, walk};
use super::store;
use super::types::{
    BatchState, Edge, Graph, MAX_NODES, MAX_REACHED, Node, NodeId, Reached, RecallReach, depths, without_voids,
};

impl Trace {
    /// Where a batch comes from and where it went. Seven queries.
    pub async fn graph_of(&self, reach: &Reach, batch_no: BatchNo) -> Result<Graph> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        let mut back = walk(&mut conn, reach, batch_no, Way::Back, MAX_NODES + 1).await?;
        let mut forward = walk(&mut conn, reach, batch_no, Way::Forward, MAX_NODES + 1).await?;
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

    /// Every batch that a recall of this one reaches, with the stamps that are out. Five queries.
    pub async fn recall_reach(&self, reach: &Reach, batch_no: BatchNo) -> Result<RecallReach> {
        let mut conn = self.parts.db.conn().await?;
        self.batch_within(&mut conn, reach, batch_no).await?;
        let mut walked = walk(&mut conn, reach, batch_no, Way::Forward, MAX_REACHED + 1).await?;
        let is_cut = MAX_REACHED < walked.len();
        walked.truncate(MAX_REACHED);
        let own = own(&walked);
        let depths = depths(batch_no, &store::links_out_of(&mut conn, &own).await?);
        let mut points = store::points(&mut conn, &numbers(&walked)).await?;
        let minted = store::minted(&mut conn, &own).await?;
        let voided = store::voided(&mut conn, &own).await?;
        let mut batches = Vec::with_capacity(walked.len());
        for Walked { batch_no, is_own } in walked {
            let Some(point) = points.remove(&batch_no) else { continue };
            let minted = minted.get(&batch_no).map(Vec::as_slice).unwrap_or_default();
            let voided = voided.get(&batch_no).map(Vec::as_slice).unwrap_or_default();
            batches.push(Reached {
                depth: depths.get(&batch_no).copied().unwrap_or_default(),
                batch: point.batch,
                standing: is_own.then_some(point.standing),
                stamps: without_voids(minted, voided),
            });
        }
        batches.sort_by_key(|reached| (reached.depth, reached.batch.batch_no));
        Ok(RecallReach { batches, is_cut })
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
