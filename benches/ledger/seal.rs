//! Sealing: how many acts a second get their published checkpoint while 32 write at once, and how long each waits for it; beside it
//! what the entry adds to the smallest act there is.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::Utc;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use nguon::accounts::types::{Actor, Scope, TokenId};
use nguon::clock::day_in_vietnam;
use nguon::db::Db;
use nguon::db::schema::batches;
use nguon::error::Error;
use nguon::ledger::{Author, Draft, Kind, Ledger, append};
use nguon::stamp::BatchNo;
use nguon::trace::Trace;
use nguon::trace::types::{Amount, Declared, NewEvent, NewPlace, Note, Quantity, Step, Unit, What};
use serde_json::json;
use tokio::task::JoinSet;

use crate::batches::open_batches;
use crate::figures::{Times, median};
use crate::stage::{Stage, number};

/// Who writes, each on a batch of its own.
const WRITERS: u32 = 32;
/// Runs of the smallest act without and with its entry, in turn.
const ROUNDS: usize = 3;
/// How long each of them lasts.
const ROUND: Duration = Duration::from_secs(2);
/// How long events are recorded.
const RECORDING: Duration = Duration::from_secs(10);
/// Before what counts, so that every connection is open and has prepared its statements.
const WARM_UP: Duration = Duration::from_secs(1);
/// Between two looks whether everything is sealed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

diesel::table! {
    /// The smallest act: one row of a batch.
    bench_acts (act_no) {
        act_no -> BigInt,
        batch_no -> Integer,
        facts -> Text,
        done_at -> Timestamptz,
    }
}

/// Whether an act leaves an entry in the ledger.
#[derive(Clone, Copy)]
enum Entering {
    Nothing,
    AnEntry,
}

/// An event that was recorded.
struct Told {
    batch_no: i32,
    n: i32,
    asked: Instant,
    answered: Instant,
}

pub(crate) async fn measure_sealing() {
    let stage = Stage::new().await;
    let mut conn = stage.conn().await;
    open_batches(&mut conn, WRITERS).await;
    let create = "CREATE TABLE bench_acts (act_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                  batch_no integer NOT NULL REFERENCES batches, facts text NOT NULL, done_at timestamptz NOT NULL)";
    conn.batch_execute(create).await.unwrap();
    let db = stage.db();
    let (ledger, trace) = stage.services(&db).await;
    println!("sealing: {WRITERS} writers on {WRITERS} batches, Postgres with fsync on, a checkpoint every 200 ms");
    measure_bare(&db, &ledger, &mut conn).await;
    measure_events(&trace, &ledger, &mut conn).await;
}

/// The same transaction without and with its entry, in turn.
async fn measure_bare(db: &Db, ledger: &Ledger, conn: &mut AsyncPgConnection) {
    act_for(WARM_UP, db, Entering::Nothing).await;
    let (mut of_bare, mut of_entered) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_bare.push(act_for(ROUND, db, Entering::Nothing).await / ROUND.as_secs_f64());
        let sealing = keep(ledger);
        let began = Instant::now();
        let n_acts = act_for(ROUND, db, Entering::AnEntry).await;
        wait_until_sealed(ledger, conn).await;
        of_entered.push(n_acts / began.elapsed().as_secs_f64());
        sealing.abort();
    }
    let (bare, entered) = (median(of_bare), median(of_entered));
    println!("  an act of one row (lock the batch, insert, commit): {bare:.0} a second");
    println!(
        "  the same with its entry, until all are sealed: {entered:.0} a second = {:.0} % (medians of {ROUNDS} runs of {} s)",
        100.0 * entered / bare,
        ROUND.as_secs()
    );
}

fn keep(ledger: &Ledger) -> tokio::task::JoinHandle<()> {
    let ledger = ledger.clone();
    tokio::spawn(async move { ledger.keep().await })
}

/// Everyone acts for so long; how many acts there were.
async fn act_for(time: Duration, db: &Db, entering: Entering) -> f64 {
    let until = Instant::now() + time;
    let mut writers = JoinSet::new();
    for no in 1..=WRITERS {
        let (db, batch_no) = (db.clone(), BatchNo::new(no).unwrap());
        writers.spawn(async move {
            let mut n_acts = 0_u32;
            while Instant::now() < until {
                act(&db, batch_no, entering).await.unwrap();
                n_acts += 1;
            }
            n_acts
        });
    }
    writers.join_all().await.into_iter().map(f64::from).sum()
}

async fn act(db: &Db, batch_no: BatchNo, entering: Entering) -> Result<(), Error> {
    let mut conn = db.conn().await?;
    let now = Utc::now();
    conn.transaction(async |conn| {
        let row = batches::table.find(batch_no.to_i32()).select(batches::state).for_update();
        row.first::<String>(conn).await?;
        let facts = "tráng bánh, 50 kg bột, 30 kg bánh";
        let columns =
            (bench_acts::batch_no.eq(batch_no.to_i32()), bench_acts::facts.eq(facts), bench_acts::done_at.eq(now));
        diesel::insert_into(bench_acts::table).values(columns).execute(conn).await?;
        if let Entering::AnEntry = entering {
            let public = json!({ "step": "process", "facts": facts, "in": 50_000, "out": 30_000, "unit": "kg" });
            let author = Author { role: "producer", account: Some(217), token: None };
            let draft = Draft { kind: Kind::Event, batch: Some(batch_no), at: now, author, public, private: None };
            append(conn, &draft, now).await?;
        }
        Ok::<_, Error>(())
    })
    .await
}

/// Until a published checkpoint covers every entry.
async fn wait_until_sealed(ledger: &Ledger, conn: &mut AsyncPgConnection) {
    let published = ledger.follow_checkpoints();
    let sizes = "SELECT CASE WHEN EXISTS (SELECT FROM ledger_entries WHERE ledger_index IS NULL) THEN -1 ELSE size END AS value \
                 FROM ledger_state";
    loop {
        let size = u64::try_from(number(conn, sizes).await).ok();
        let covered = published.borrow().map(|head| head.size);
        if size.is_some() && size <= covered {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Events through the service as phones send them, each under a key of its own.
async fn measure_events(trace: &Trace, ledger: &Ledger, conn: &mut AsyncPgConnection) {
    let sealing = keep(ledger);
    record_for(WARM_UP, trace).await;
    wait_until_sealed(ledger, conn).await;
    let publications = Arc::new(Mutex::new(Vec::new()));
    let noting = {
        let (publications, mut published) = (Arc::clone(&publications), ledger.follow_checkpoints());
        tokio::spawn(async move {
            while published.changed().await.is_ok() {
                let head = *published.borrow_and_update();
                publications.lock().unwrap().push((head.unwrap().size, Instant::now()));
            }
        })
    };
    let began = Instant::now();
    let all_told = record_for(RECORDING, trace).await;
    wait_until_sealed(ledger, conn).await;
    sealing.abort();
    noting.abort();
    let publications = publications.lock().unwrap().clone();
    let sealed = sealed_at(conn, &all_told, &publications).await;
    let last = sealed.iter().max().unwrap();
    let ms = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1e3;
    let until_answered = Times::new(all_told.iter().map(|told| ms(told.asked, told.answered)).collect());
    let until_sealed = Times::new(all_told.iter().zip(&sealed).map(|(told, sealed)| ms(told.asked, *sealed)).collect());
    println!(
        "  events through the service: {:.0} sealed a second ({} in {:.1} s, {} checkpoints; goal: at least 1,000)",
        until_sealed.n() as f64 / (*last - began).as_secs_f64(),
        until_sealed.n(),
        (*last - began).as_secs_f64(),
        publications.len()
    );
    tell("from request to answer", &until_answered, "");
    tell("from request to published checkpoint", &until_sealed, " (goal: p95 at most 500)");
}

fn tell(what: &str, times: &Times, goal: &str) {
    let [p50, p95, p99] = [50, 95, 99].map(|percent| times.percentile(percent));
    println!("  {what}: p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms{goal}");
}

/// Everyone records events for so long.
async fn record_for(time: Duration, trace: &Trace) -> Vec<Told> {
    let until = Instant::now() + time;
    let mut writers = JoinSet::new();
    for no in 1..=WRITERS {
        let (trace, batch_no) = (trace.clone(), BatchNo::new(no).unwrap());
        // The office's token, which `init` made.
        let actor = Actor::with_token(TokenId(1), None, vec![Scope::Office]);
        writers.spawn(async move {
            let mut told = Vec::new();
            while Instant::now() < until {
                let event = event();
                let key = format!("{batch_no}-{}", Utc::now().timestamp_micros());
                let key = event.order_key(batch_no, &key);
                let asked = Instant::now();
                let recorded = trace.record_event(&actor, batch_no, event, Some(key)).await.unwrap();
                let answered = Instant::now();
                let n = i32::try_from(recorded.event.n).unwrap();
                told.push(Told { batch_no: batch_no.to_i32(), n, asked, answered });
            }
            told
        });
    }
    writers.join_all().await.into_iter().flatten().collect()
}

/// A stage as it is told in thirty seconds: what, when, where, how much of what, a note.
fn event() -> NewEvent {
    let amount =
        |number: &str| Amount { quantity: Quantity::parse(number).unwrap(), unit: Unit::new("unit", "kg").unwrap() };
    NewEvent {
        what: What::Step(Step::Process),
        when: Declared { on: day_in_vietnam(Utc::now()), time: None },
        place: NewPlace::Own,
        taken: Some(amount("50")),
        made: Some(amount("30.5")),
        inputs: Vec::new(),
        wait_days: None,
        note: Some(Note::new("note", "trời nắng, phơi được trong ngày").unwrap()),
        files: Vec::new(),
    }
}

/// When the first checkpoint was published that covers each of these events.
async fn sealed_at(conn: &mut AsyncPgConnection, all_told: &[Told], publications: &[(u64, Instant)]) -> Vec<Instant> {
    use nguon::db::schema::ledger_entries as entries;
    let columns =
        (entries::batch_no.assume_not_null(), entries::n.assume_not_null(), entries::ledger_index.assume_not_null());
    let rows: Vec<(i32, i32, i64)> =
        entries::table.filter(entries::batch_no.is_not_null()).select(columns).load(conn).await.unwrap();
    let indexes: std::collections::HashMap<(i32, i32), i64> =
        rows.into_iter().map(|(batch_no, n, index)| ((batch_no, n), index)).collect();
    let seal_of = |told: &Told| {
        let index = indexes.get(&(told.batch_no, told.n)).unwrap().cast_unsigned();
        let covering = publications.partition_point(|(size, _)| *size <= index);
        publications.get(covering).unwrap().1
    };
    all_told.iter().map(seal_of).collect()
}
