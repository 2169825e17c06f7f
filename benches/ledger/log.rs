//! A long log made in bulk: entries of real size in right chains, a manifest a day, the tiles above them, and the size last, all written
//! as the sequencer would have left them. What is signed of it is left to the ledger itself.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use nguon::clock::{beginning_of, day_in_vietnam};
use nguon::ledger::manifest::{ChainHead, Manifest};
use nguon::ledger::{Entry, EntryActor, Kind};
use nguon::merkle::{Hash, Tile, TileSet, hash_leaf, tiles_of_growth};
use nguon::stamp::BatchNo;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use crate::stage::{Stage, number};

/// Entries of one statement.
const CHUNK: usize = 10_000;
/// Tiles of one statement: some four megabytes.
const TILES_AT_ONCE: usize = 500;

/// How long a log is to be.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Entries in all, manifests among them.
    pub(crate) size: u64,
    /// Entries of each batch; the first says that it was opened.
    pub(crate) per_batch: u64,
    /// Batches that are worked on at the same time.
    pub(crate) at_once: u64,
    /// Days over which they spread; the last is yesterday.
    pub(crate) days: i32,
}

/// Entries as columns.
#[derive(Default)]
struct Columns {
    indexes: Vec<i64>,
    bytes: Vec<Vec<u8>>,
    leaf_hashes: Vec<Vec<u8>>,
    kinds: Vec<&'static str>,
    batch_nos: Vec<Option<i32>>,
    ns: Vec<Option<i32>>,
    declared: Vec<DateTime<Utc>>,
    recorded: Vec<DateTime<Utc>>,
}

/// Writes the log into a database whose tree is empty yet, and gives the number of bytes of its entries.
pub(crate) async fn write_log(stage: &Stage, plan: Plan) -> usize {
    let mut conn = stage.conn().await;
    assert_eq!(number(&mut conn, "SELECT size AS value FROM ledger_state").await, 0, "the tree is not empty");
    // One thread makes what Postgres takes in meanwhile.
    let (sender, mut chunks) = tokio::sync::mpsc::channel(2);
    let making = tokio::task::spawn_blocking(move || Maker::new(plan).make(&sender));
    let mut n_bytes = 0;
    while let Some(columns) = chunks.recv().await {
        n_bytes += columns.bytes.iter().map(Vec::len).sum::<usize>();
        insert_entries(&mut conn, columns).await;
    }
    insert_tiles(&mut conn, &making.await.unwrap(), plan.size).await;
    conn.batch_execute(&format!("UPDATE ledger_state SET size = {}", plan.size)).await.unwrap();
    conn.batch_execute("VACUUM ANALYZE ledger_entries").await.unwrap();
    conn.batch_execute("VACUUM ANALYZE ledger_tiles").await.unwrap();
    n_bytes
}

/// Makes the entries one after the other.
struct Maker {
    plan: Plan,
    began: DateTime<Utc>,
    step: TimeDelta,
    heads: Vec<ChainHead>,
    tiles: TileSet,
    n_events: u64,
    last_manifest: NaiveDate,
}

impl Maker {
    fn new(plan: Plan) -> Self {
        let end = beginning_of(day_in_vietnam(Utc::now()));
        let began = end - TimeDelta::days(plan.days.into());
        let step = (end - began) / i32::try_from(plan.size).unwrap();
        let last_manifest = day_in_vietnam(began);
        Self { plan, began, step, heads: Vec::new(), tiles: TileSet::default(), n_events: 0, last_manifest }
    }

    fn make(mut self, sender: &Sender<Columns>) -> TileSet {
        let (mut columns, mut leaves) = (Columns::default(), Vec::new());
        for index in 0..self.plan.size {
            let entry = self.next_entry(index);
            let bytes = entry.to_bytes().unwrap();
            let leaf = hash_leaf(&bytes);
            if let (Some(batch), Some(n)) = (entry.batch, entry.n) {
                let head = ChainHead { batch, n, hash: leaf };
                match self.heads.get_mut(position_of(batch)) {
                    Some(before) => *before = head,
                    None => self.heads.push(head),
                }
            }
            leaves.push(leaf);
            columns.push(index, &entry, bytes, leaf);
            if columns.bytes.len() == CHUNK || index + 1 == self.plan.size {
                self.tiles.append(index + 1 - u64::try_from(leaves.len()).unwrap(), &leaves).unwrap();
                leaves.clear();
                sender.blocking_send(std::mem::take(&mut columns)).unwrap();
            }
        }
        self.tiles
    }

    fn next_entry(&mut self, index: u64) -> Entry {
        let recorded = self.began + self.step * i32::try_from(index).unwrap();
        let recorded = DateTime::from_timestamp_millis(recorded.timestamp_millis()).unwrap();
        let day = day_in_vietnam(recorded);
        if self.last_manifest < day {
            self.last_manifest = day;
            let public = Manifest::new(day, index, &self.heads).unwrap().to_public();
            return entry(Kind::Manifest, None, recorded, public);
        }
        let k = self.n_events;
        self.n_events += 1;
        let Plan { per_batch, at_once, .. } = self.plan;
        let in_a_round = at_once * per_batch;
        let batch = BatchNo::new(u32::try_from(1 + k / in_a_round * at_once + k % at_once).unwrap()).unwrap();
        let n = u32::try_from(1 + k % in_a_round / at_once).unwrap();
        let prev = self.heads.get(position_of(batch)).map(|head| head.hash);
        let (kind, public) = match n {
            1 => (Kind::BatchOpened, opened(batch, day)),
            _ => (Kind::Event, told(k, day)),
        };
        entry(kind, Some((batch, n, prev)), recorded, public)
    }
}

/// Where a batch's head stands; batches come in the order of their numbers.
fn position_of(batch: BatchNo) -> usize {
    usize::try_from(batch.get() - 1).unwrap()
}

fn entry(kind: Kind, place: Option<(BatchNo, u32, Option<Hash>)>, recorded: DateTime<Utc>, public: Value) -> Entry {
    let actor = match kind {
        Kind::Manifest => EntryActor { role: "service".to_owned(), account: None, token: None },
        _ => EntryActor { role: "producer".to_owned(), account: Some(217), token: None },
    };
    // A third of what is told has words of people beside it, of which the entry holds the hash.
    let has_words = kind == Kind::Event && recorded.timestamp_millis() % 3 == 0;
    Entry {
        v: 1,
        kind: kind.as_str().to_owned(),
        batch: place.map(|(batch, ..)| batch),
        n: place.map(|(_, n, _)| n),
        prev: place.and_then(|(.., prev)| prev),
        at: recorded - TimeDelta::hours(3),
        recorded,
        actor,
        data: has_words.then(|| *hash_leaf(&recorded.timestamp_millis().to_be_bytes()).as_bytes()),
        public,
    }
}

fn opened(batch: BatchNo, day: NaiveDate) -> Value {
    json!({
        "product": 1 + batch.get() % 900,
        "lot": format!("L{batch}"),
        "packed_on": day.to_string(),
        "last_valid_day": (day + TimeDelta::days(365)).to_string(),
    })
}

/// What the service writes of a stage, every other time with quantities.
fn told(k: u64, day: NaiveDate) -> Value {
    let mut public = json!({
        "step": "process",
        "stage": "mien_dong.trang_banh",
        "name": "Tráng bánh",
        "on": day.to_string(),
        "place": { "commune": "02185", "name": "Xã Côn Minh" },
        "village": "thôn Chè Cọ",
    });
    if let (0, Some(members)) = (k % 2, public.as_object_mut()) {
        let number = 50_000 + k % 70_000;
        members.insert("time".to_owned(), json!("08:30"));
        members.insert("in".to_owned(), json!({ "quantity": number * 5, "unit": "kg" }));
        members.insert("out".to_owned(), json!({ "quantity": number, "unit": "kg" }));
    }
    public
}

impl Columns {
    fn push(&mut self, index: u64, entry: &Entry, bytes: Vec<u8>, leaf: Hash) {
        self.indexes.push(index.cast_signed());
        self.bytes.push(bytes);
        self.leaf_hashes.push(leaf.as_bytes().to_vec());
        self.kinds.push(Kind::parse(&entry.kind).unwrap().as_str());
        self.batch_nos.push(entry.batch.map(BatchNo::to_i32));
        self.ns.push(entry.n.map(|n| n.try_into().unwrap()));
        self.declared.push(entry.at);
        self.recorded.push(entry.recorded);
    }
}

async fn insert_entries(conn: &mut AsyncPgConnection, columns: Columns) {
    let insert = "INSERT INTO ledger_entries (ledger_index, bytes, leaf_hash, kind, batch_no, n, declared_at, recorded_at) \
                  SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)";
    diesel::sql_query(insert)
        .bind::<Array<BigInt>, _>(columns.indexes)
        .bind::<Array<Binary>, _>(columns.bytes)
        .bind::<Array<Binary>, _>(columns.leaf_hashes)
        .bind::<Array<Text>, _>(columns.kinds)
        .bind::<Array<Nullable<Integer>>, _>(columns.batch_nos)
        .bind::<Array<Nullable<Integer>>, _>(columns.ns)
        .bind::<Array<Timestamptz>, _>(columns.declared)
        .bind::<Array<Timestamptz>, _>(columns.recorded)
        .execute(conn)
        .await
        .unwrap();
}

async fn insert_tiles(conn: &mut AsyncPgConnection, set: &TileSet, size: u64) {
    let all: Vec<Tile> = tiles_of_growth(0, size).collect();
    for tiles in all.chunks(TILES_AT_ONCE) {
        let levels: Vec<i16> = tiles.iter().map(|tile| tile.level().into()).collect();
        let indexes: Vec<i64> = tiles.iter().map(|tile| tile.index().cast_signed()).collect();
        let hashes: Vec<Vec<u8>> = tiles.iter().map(|tile| set.data(*tile).unwrap()).collect();
        diesel::sql_query("INSERT INTO ledger_tiles (level, tile_index, hashes) SELECT * FROM unnest($1, $2, $3)")
            .bind::<Array<SmallInt>, _>(levels)
            .bind::<Array<BigInt>, _>(indexes)
            .bind::<Array<Binary>, _>(hashes)
            .execute(conn)
            .await
            .unwrap();
    }
}
