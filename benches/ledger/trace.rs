//! Where lots come from and where they went: the graph of a batch as a program asks for it, and the reach of a recall in a register of
//! 100,000 batches, beside the bare walk along the edges in the database.

use std::hint::black_box;
use std::time::Instant;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use nguon::accounts::types::Reach;
use nguon::stamp::BatchNo;
use nguon::trace::Trace;
use serde_json::Value;

use crate::batches::open_batches;
use crate::figures::{Times, ms_since};
use crate::log::{Plan, write_log};
use crate::stage::{Server, Stage, number};

/// Batches of the register.
const REGISTERED: u32 = 100_000;
/// Batches that a recall of a part reaches: the first of every thousand leads to the rest of it.
const PART: u32 = 1_000;
/// Into how many batches each batch of a part goes.
const FAN_OUT: u32 = 10;
/// The graph that is asked for: how many batches stand at each step, the asked one first. Five steps, 200 batches.
const STEPS: [u32; 6] = [1, 4, 15, 40, 60, 80];
/// Requests of the graph, and those before that are not measured.
const GRAPHS: (usize, usize) = (200, 20);
/// Recalls of either reach, and those before that are not measured.
const RECALLS: (usize, usize) = (20, 3);

pub(crate) async fn measure_tracing() {
    let stage = Stage::new().await;
    let mut conn = stage.conn().await;
    let n_batches = REGISTERED + STEPS.iter().sum::<u32>();
    // Every batch was opened, and told of once.
    let plan = Plan { size: u64::from(2 * n_batches), per_batch: 2, at_once: 100, days: 1 };
    write_log(&stage, plan).await;
    open_batches(&mut conn, n_batches).await;
    let n_edges = write_edges(&mut conn).await;
    println!("a register of {n_batches} batches with {n_edges} lots that went in");
    let server = stage.serve().await;
    measure_graph(&stage, &server).await;
    let (_, trace) = stage.services(&stage.db()).await;
    measure_recall(&trace, &mut conn, 2, PART).await;
    measure_recall(&trace, &mut conn, 1, REGISTERED).await;
}

/// Each batch's event and the lots that went in; how many lots. Batch 1 goes into the first batch of every thousand; in a thousand each
/// goes into ten others, and into ten of its neighbour's. The graph's batches come last, each going into two of the step before.
async fn write_edges(conn: &mut AsyncPgConnection) -> i64 {
    let mut edges: Vec<(u32, u32)> = Vec::new();
    for to in 2..=REGISTERED {
        let (first, place) = ((to - 2) / PART * PART + 2, (to - 2) % PART);
        let from = if place == 0 { 1 } else { first + (place - 1) / FAN_OUT };
        edges.push((from, to));
        if 1 < from && first < from {
            edges.push((from - 1, to));
        }
    }
    let (mut above, mut next) = (REGISTERED + 1, REGISTERED + 2);
    for (n_above, n_here) in STEPS.into_iter().zip(STEPS.into_iter().skip(1)) {
        for place in 0..n_here {
            edges.push((next + place, above + place % n_above));
            if 1 < n_above {
                edges.push((next + place, above + (place + 1) % n_above));
            }
        }
        (above, next) = (next, next + n_here);
    }
    let rows: Vec<String> = edges.iter().map(|(from, to)| format!("({from},{to})")).collect();
    let fill = format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         CREATE TEMPORARY TABLE edges (from_batch integer, to_batch integer) ON COMMIT DROP;
         INSERT INTO edges VALUES {};
         INSERT INTO trace_events (batch_no, n, entry_no, step, happened_on, in_thousandths, in_unit, out_thousandths, out_unit, recorded_at, role)
             SELECT batch_no, n, entry_no, 'process', recorded_at::date, 500000, 'kg', 500000, 'kg', recorded_at, 'producer'
             FROM ledger_entries WHERE n = 2;
         INSERT INTO trace_inputs (batch_no, n, place, from_batch, quantity_thousandths, unit)
             SELECT to_batch, 2, row_number() OVER (PARTITION BY to_batch ORDER BY from_batch), from_batch, 5000, 'kg' FROM edges;
         COMMIT",
        rows.join(",")
    );
    conn.batch_execute(&fill).await.unwrap();
    conn.batch_execute("VACUUM ANALYZE trace_events").await.unwrap();
    conn.batch_execute("VACUUM ANALYZE trace_inputs").await.unwrap();
    number(conn, "SELECT count(*) AS value FROM trace_inputs").await
}

/// The whole graph of a batch over HTTP, one connection.
async fn measure_graph(stage: &Stage, server: &Server) {
    let http = reqwest::Client::new();
    let url = format!("{}/api/v1/batches/{}/trace", server.base_url, REGISTERED + 1);
    let (n_graphs, n_before) = GRAPHS;
    let (mut times, mut n_bytes) = (Vec::new(), 0);
    for asked in 0..n_before + n_graphs {
        let began = Instant::now();
        let answer = http.get(&url).bearer_auth(stage.token()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{url}");
        let body = answer.bytes().await.unwrap();
        let ms = ms_since(began);
        n_bytes = body.len();
        if asked == 0 {
            let graph: Value = serde_json::from_slice(&body).unwrap();
            let n_nodes = graph.get("nodes").unwrap().as_array().unwrap().len();
            assert_eq!(n_nodes, usize::try_from(STEPS.iter().sum::<u32>()).unwrap(), "not the whole graph");
        }
        if n_before <= asked {
            times.push(ms);
        }
    }
    let times = Times::new(times);
    println!(
        "  graph of 200 batches over five steps, over HTTP: p50 {:.2} ms, p95 {:.2} ms, {n_bytes} bytes (goal: at most 20 ms)",
        times.median(),
        times.percentile(95)
    );
}

/// The reach of a recall through the service, beside the bare walk.
async fn measure_recall(trace: &Trace, conn: &mut AsyncPgConnection, batch_no: u32, n_expected: u32) {
    let walk = format!(
        "WITH RECURSIVE reached (batch_no) AS (SELECT {batch_no} UNION \
         SELECT i.batch_no FROM reached r JOIN trace_inputs i ON i.from_batch = r.batch_no WHERE i.stands) \
         SELECT count(*) AS value FROM reached"
    );
    let (n_recalls, n_before) = RECALLS;
    let (mut of_walk, mut of_recall) = (Vec::new(), Vec::new());
    let (mut n_listed, mut is_cut) = (0, false);
    for asked in 0..n_before + n_recalls {
        let began = Instant::now();
        let n_reached = number(conn, &walk).await;
        let walked = ms_since(began);
        assert_eq!(n_reached, i64::from(n_expected), "the stage is not as meant");
        let began = Instant::now();
        let reach = trace.recall_reach(&Reach::Everything, BatchNo::new(batch_no).unwrap()).await.unwrap();
        let ms = ms_since(began);
        (n_listed, is_cut) = (black_box(&reach).batches.len(), reach.is_cut);
        if n_before <= asked {
            of_walk.push(walked);
            of_recall.push(ms);
        }
    }
    let (walk, recall) = (Times::new(of_walk), Times::new(of_recall));
    let cut = if is_cut { " and says that it was cut" } else { "" };
    println!(
        "  recall that reaches {n_expected} batches: p50 {:.1} ms, p95 {:.1} ms, lists {n_listed}{cut}; the bare walk {:.1} ms (goal: at most 100 ms)",
        recall.median(),
        recall.percentile(95),
        walk.median()
    );
}
