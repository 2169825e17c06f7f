//! What tests of the ledger share: its rows as the database has them, entries that record nothing in particular, and roots over
//! checkpoints.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use diesel_async::{AsyncConnection, RunQueryDsl};
use nguon::db::Db;
use nguon::error::Result;
use nguon::ledger::{Appended, Author, Draft, Kind, Ledger, append, append_all};
use nguon::stamp::BatchNo;
use serde_json::{Value, json};

use crate::world::{Answer, Client, TestDb, World};

/// How long a test waits for something that takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// An entry's row.
#[derive(Clone, Debug, diesel::QueryableByName, PartialEq, Eq)]
pub(crate) struct Row {
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) ledger_index: Option<i64>,
    #[diesel(sql_type = Binary)]
    pub(crate) bytes: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub(crate) kind: String,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(crate) batch_no: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(crate) n: Option<i32>,
}

impl Row {
    /// What it says.
    pub(crate) fn entry(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// What anyone may read of it.
    pub(crate) fn public(&self) -> Value {
        self.entry()["public"].clone()
    }
}

/// A checkpoint's row.
#[derive(Clone, Debug, diesel::QueryableByName, PartialEq, Eq)]
pub(crate) struct CheckpointRow {
    #[diesel(sql_type = BigInt)]
    pub(crate) size: i64,
    #[diesel(sql_type = Text)]
    pub(crate) note: String,
    #[diesel(sql_type = Bool)]
    pub(crate) is_published: bool,
}

impl TestDb {
    /// Every entry in the order of its row.
    pub(crate) async fn entries(&self) -> Vec<Row> {
        let sql = "SELECT ledger_index, bytes, kind, batch_no, n FROM ledger_entries ORDER BY entry_no";
        let mut conn = self.db.dedicated().await.unwrap();
        diesel::sql_query(sql).load(&mut conn).await.unwrap()
    }

    /// Every checkpoint by size.
    pub(crate) async fn checkpoints(&self) -> Vec<CheckpointRow> {
        let sql = "SELECT size, note, published_at IS NOT NULL AS is_published FROM ledger_checkpoints ORDER BY size";
        let mut conn = self.db.dedicated().await.unwrap();
        diesel::sql_query(sql).load(&mut conn).await.unwrap()
    }

    /// How many entries there are.
    pub(crate) async fn n_entries(&self) -> i64 {
        self.count("SELECT count(*) AS n FROM ledger_entries").await
    }

    /// How many of a kind.
    pub(crate) async fn n_of_kind(&self, kind: &str) -> i64 {
        self.count(&format!("SELECT count(*) AS n FROM ledger_entries WHERE kind = '{kind}'")).await
    }

    /// Entries in the tree, as the database counts them.
    pub(crate) async fn tree_size(&self) -> i64 {
        self.count("SELECT size AS n FROM ledger_state").await
    }

    /// Runs SQL as a superuser whom no trigger holds back.
    pub(crate) async fn tamper(&self, sql: &str) {
        self.sql(&format!("SET session_replication_role = replica; {sql}")).await.unwrap();
    }

    /// Copies the database as it is now; the copy's name.
    pub(crate) async fn copy(&self, suffix: &str) -> String {
        let copy = format!("{}_{suffix}", self.name);
        self.swap_connections(&self.name, &format!("CREATE DATABASE {copy} TEMPLATE {}", self.name)).await;
        copy
    }

    /// Puts a copy in the database's place, as a restored backup does.
    pub(crate) async fn put_back(&self, copy: &str) {
        let name = &self.name;
        self.admin_sql(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        self.admin_sql(&format!("ALTER DATABASE {copy} RENAME TO {name}")).await;
    }

    /// Runs SQL while nobody is connected to a database, and none may come.
    async fn swap_connections(&self, name: &str, sql: &str) {
        self.admin_sql(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        let end = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
        self.admin_sql(&end).await;
        self.admin_sql(sql).await;
        self.admin_sql(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    }
}

impl World {
    /// What an act left in the ledger.
    pub(crate) async fn entered(&self, act: impl Future) -> Vec<Row> {
        let n_before = self.test_db.n_entries().await;
        act.await;
        self.test_db.entries().await.into_iter().skip(usize::try_from(n_before).unwrap()).collect()
    }

    /// Commits one entry of a batch's chain.
    pub(crate) async fn enter(&self, batch_no: u32) -> Appended {
        enter(&self.test_db.db, Some(batch_no), self.clock.now()).await.unwrap()
    }

    /// Commits entries without a chain.
    pub(crate) async fn enter_many(&self, n_entries: u32) {
        let now = self.clock.now();
        let drafts: Vec<Draft> = (0..n_entries).map(|n| draft(None, json!({ "n": n }), now)).collect();
        let mut conn = self.test_db.db.conn().await.unwrap();
        conn.transaction(async |conn| append_all(conn, &drafts, now).await).await.unwrap();
    }

    /// The text of the high-water file.
    pub(crate) fn high_water(&self) -> String {
        std::fs::read_to_string(self.high_water_path()).unwrap()
    }

    /// Where the high-water file lies.
    pub(crate) fn high_water_path(&self) -> std::path::PathBuf {
        self.data_dir.path().join("ledger-high-water")
    }
}

/// Entries that no published checkpoint covers.
const UNSEALED: &str = "SELECT count(*) AS n FROM ledger_entries WHERE ledger_index IS NULL
    OR ledger_index >= (SELECT coalesce(max(size), 0) FROM ledger_checkpoints WHERE published_at IS NOT NULL)";

/// Ticks until everything is sealed. One tick may do nothing: a connection that died a moment ago may hold the tree for another.
pub(crate) async fn seal_all(world: &World, ledger: &Ledger) {
    let began = Instant::now();
    loop {
        ledger.seal_pending().await.unwrap();
        if world.test_db.count(UNSEALED).await == 0 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "never sealed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Client {
    /// Asks until the answer has this status, and gives it.
    pub(crate) async fn until(&self, path: &str, status: u16) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.get(path).await;
            if answer.status == status {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{path} is {} and never {status}: {}", answer.status, answer.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// An entry that records nothing in particular.
pub(crate) fn draft(batch_no: Option<u32>, public: Value, at: DateTime<Utc>) -> Draft {
    let batch = batch_no.map(|no| BatchNo::new(no).unwrap());
    // Of a kind that no table repeats, so that no row is missed.
    Draft { kind: Kind::Inspection, batch, at, author: Author::OPERATOR, public, private: None }
}

/// Commits one entry.
pub(crate) async fn enter(db: &Db, batch_no: Option<u32>, now: DateTime<Utc>) -> Result<Appended> {
    let draft = draft(batch_no, json!({ "what": "thử" }), now);
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| append(conn, &draft, now).await).await
}

/// The size in the last line of a high-water file.
pub(crate) fn mark_in(path: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().last().map(|line| line.split(' ').next().unwrap().parse().unwrap())
}
