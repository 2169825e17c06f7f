//! What a test stands on: a database of its own, the services on it, a server on a free port, and people to act.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use nguon::accounts::Accounts;
use nguon::accounts::types::{Actor, Scope};
use nguon::batches::types::{Batch, Lot, MintOrder, OpenBatch};
use nguon::batches::{Batches, BatchesParts, HighWater, Minted};
use nguon::cli::server::{Services, start};
use nguon::clock::Clock;
use nguon::config::{FilesSettings, Mode, Settings};
use nguon::db::cluster::{Cluster, ClusterConfig};
use nguon::db::{Db, migrate};
use nguon::error::Error;
use nguon::files::FileStore;
use nguon::keys::types::Purpose;
use nguon::keys::{Keys, Secret};
use nguon::ledger::{Ledger, LedgerMarks, LedgerParts, WitnessPolicy, adopt};
use nguon::monitor::verify_database;
use nguon::register::import::{CertificateColumns, FurtherColumns, Headings, ImportRow, ProducerKind, ShelfLife};
use nguon::register::{Photos, Progress, Register};
use nguon::stamp::{BatchNo, Issuer, ProductNo};
use nguon::trace::projection::verify_projections;
use nguon::trace::{Trace, TraceParts};
use nguon::verify::{Cards, Verifier};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// Where every test's clock stands at first: noon in Vietnam.
pub(crate) const NOW: &str = "2026-11-22T05:00:00Z";
/// The issuer of every test.
pub(crate) const ISSUER: &str = "tem.example.vn";
/// The issuer's name on pages.
pub(crate) const ISSUER_NAME: &str = "Văn phòng OCOP thử";
/// Whom to call, on pages.
pub(crate) const CONTACT: &str = "0208 000 000";
/// What printed addresses start with.
pub(crate) const PUBLIC_URL: &str = "https://tem.example.vn";

/// Test processes share one cluster folder, so they take turns; the lock ends with the process.
static TURN: OnceCell<std::fs::File> = OnceCell::const_new();
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static DRIVERS: std::sync::LazyLock<Runtime> = std::sync::LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
});

const TEMPLATE_NAME: &str = "nguon_template";

/// The Postgres that all tests share; it ends with the process.
async fn cluster() -> &'static Cluster {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let turn = folder.join("cluster.turn");
    let wait = || async {
        let take_turn = move || {
            let file = std::fs::File::create(turn).unwrap();
            file.lock().unwrap();
            file
        };
        tokio::task::spawn_blocking(take_turn).await.unwrap()
    };
    TURN.get_or_init(wait).await;
    let start = || async {
        let config =
            ClusterConfig { data_dir: folder.join("cluster"), launcher: PathBuf::from(env!("CARGO_BIN_EXE_nguon")) };
        tokio::task::spawn_blocking(move || Cluster::start_or_attach(&config, &|_| {}).unwrap()).await.unwrap()
    };
    CLUSTER.get_or_init(start).await
}

async fn admin() -> AsyncPgConnection {
    AsyncPgConnection::establish(&cluster().await.url("postgres")).await.unwrap()
}

async fn ensure_template() {
    TEMPLATE
        .get_or_init(|| async {
            let mut admin = admin().await;
            for name in leftovers(&mut admin).await {
                admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            }
            admin.batch_execute(&format!("CREATE DATABASE {TEMPLATE_NAME}")).await.unwrap();
            let db = Db::new(&cluster().await.url(TEMPLATE_NAME), DRIVERS.handle().clone()).unwrap();
            migrate(&db).await.unwrap();
            Register::new(db.clone(), Clock::system()).load_reference_lists().await.unwrap();
            Trace::load_stage_lists(&db).await.unwrap();
            adopt(&db, Clock::system().now(), async |_| Ok(Vec::new())).await.unwrap();
            drop(db);
        })
        .await;
}

/// Databases of runs that ended in the middle.
async fn leftovers(admin: &mut AsyncPgConnection) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        datname: String,
    }
    let sql = "SELECT datname::text FROM pg_database WHERE datname LIKE 't\\_%' OR datname LIKE 'nguon\\_template%'";
    let names: Vec<Name> = diesel_async::RunQueryDsl::load(diesel::sql_query(sql), admin).await.unwrap();
    names.into_iter().map(|name| name.datname).collect()
}

/// A fresh, migrated database.
pub(crate) struct TestDb {
    pub(crate) name: String,
    pub(crate) db: Db,
    /// Whether a test wrote rows by itself, which then no entry speaks of.
    is_written_by_hand: AtomicBool,
}

impl TestDb {
    pub(crate) async fn new() -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        ensure_template().await;
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("t_{}_{n}", std::process::id());
        // Cloning fails while another session is still leaving the template.
        let mut admin = admin().await;
        let clone = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE_NAME}");
        for attempt in 0.. {
            match admin.batch_execute(&clone).await {
                Ok(()) => break,
                Err(err) if attempt < 50 && err.to_string().contains("being accessed") => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                Err(err) => panic!("{err}"),
            }
        }
        let db = Db::new(&cluster().await.url(&name), DRIVERS.handle().clone()).unwrap();
        Self { name, db, is_written_by_hand: AtomicBool::new(false) }
    }

    /// The URL of this database, for commands.
    pub(crate) async fn url(&self) -> String {
        cluster().await.url(&self.name)
    }

    /// Runs plain SQL and returns the error's text, if it is refused.
    pub(crate) async fn sql(&self, sql: &str) -> Result<(), String> {
        self.is_written_by_hand.store(true, Ordering::Relaxed);
        let mut conn = self.db.dedicated().await.unwrap();
        conn.batch_execute(sql).await.map_err(|err| err.to_string())
    }

    /// Runs SQL outside this database, which may thus be its own end.
    pub(crate) async fn admin_sql(&self, sql: &str) {
        admin().await.batch_execute(sql).await.unwrap();
    }

    /// One number from the database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct N {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let mut conn = self.db.dedicated().await.unwrap();
        let row: N = diesel_async::RunQueryDsl::get_result(diesel::sql_query(sql), &mut conn).await.unwrap();
        row.n
    }
}

/// A deployment with a server.
pub(crate) struct World {
    pub(crate) test_db: TestDb,
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
    pub(crate) ledger: Ledger,
    pub(crate) accounts: Accounts,
    pub(crate) register: Register,
    pub(crate) batches: Batches,
    pub(crate) trace: Trace,
    pub(crate) base_url: String,
    pub(crate) office: Client,
    /// Nobody: no token.
    pub(crate) public: Client,
    pub(crate) data_dir: tempfile::TempDir,
    /// Whether the log is verified at the end: a test that tampers says that it is not.
    pub(crate) is_ledger_whole: bool,
    server: actix_web::dev::ServerHandle,
    following: actix_web::rt::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.following.abort();
        drop(self.server.stop(false));
        if self.is_ledger_whole && !std::thread::panicking() {
            let has_rows_of_acts_alone = !self.test_db.is_written_by_hand.load(Ordering::Relaxed);
            verify_whole_ledger(self.test_db.db.clone(), self.ledger.clone(), has_rows_of_acts_alone);
        }
    }
}

/// Seals what waits and verifies the whole log, entry by entry, as every test leaves it. On a thread of its own: a drop cannot wait
/// for anything. A database that is gone has nothing to verify. Rows that only acts wrote are compared with the acts' entries.
fn verify_whole_ledger(db: Db, ledger: Ledger, has_rows_of_acts_alone: bool) {
    let verifying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            match ledger.seal_pending().await {
                Err(Error::Unavailable(_)) => return,
                sealed => drop(sealed.unwrap()),
            }
            let report = verify_database(&db, ledger.verifier()).await.unwrap();
            assert!(report.problems.is_empty(), "the ledger does not hold: {:?}", report.problems);
            if has_rows_of_acts_alone {
                let mut rows = verify_projections(&db).await.unwrap();
                // Tests turn their clock back, so that a seal is older than what it seals.
                rows.problems.retain(|fault| fault.table != "ledger_checkpoints");
                assert!(rows.problems.is_empty(), "rows are not what their entries say: {:?}", rows.problems);
            }
        });
    });
    verifying.join().unwrap();
}

pub(crate) fn settings(extra: &[(&str, &str)]) -> Settings {
    let basic = [("NGUON_PUBLIC_URL", PUBLIC_URL), ("NGUON_ISSUER_NAME", ISSUER_NAME), ("NGUON_CONTACT", CONTACT)];
    let env = |name: &str| {
        let mut set = extra.iter().chain(&basic);
        set.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    nguon::config::read(Mode::Demo, &env).unwrap()
}

fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

impl World {
    /// A deployment that is no demonstration, standing at `NOW`.
    pub(crate) async fn new() -> Self {
        Self::with_settings(&[], false).await
    }

    /// A demonstration.
    pub(crate) async fn demo() -> Self {
        Self::with_settings(&[], true).await
    }

    /// A deployment with these variables besides the usual ones.
    pub(crate) async fn with_settings(extra: &[(&str, &str)], is_demo: bool) -> Self {
        Self::on(free_port(), extra, is_demo).await
    }

    /// A deployment whose public address is where it answers, for real browsers.
    pub(crate) async fn at_its_own_address() -> Self {
        let listener = free_port();
        let public_url = format!("http://{}", listener.local_addr().unwrap());
        Self::on(listener, &[("NGUON_PUBLIC_URL", &public_url)], false).await
    }

    async fn on(listener: TcpListener, extra: &[(&str, &str)], is_demo: bool) -> Self {
        let test_db = TestDb::new().await;
        let db = test_db.db.clone();
        let clock = Clock::system();
        clock.move_to(NOW.parse().unwrap());
        let data_dir = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(ISSUER).unwrap();
        let secret = Secret::create(&data_dir.path().join("secret")).unwrap();
        let keys = Keys::new(db.clone(), clock.clone(), secret, issuer.clone());
        for purpose in Purpose::ALL {
            keys.create(purpose).await.unwrap();
        }
        let ledger = ledger_on(&db, &clock, &keys, &data_dir.path().join("ledger-high-water"));
        ledger.open().await.unwrap();
        ledger.seal_pending().await.unwrap();
        let register = Register::new(db.clone(), clock.clone());
        register.found_deployment(&issuer, is_demo).await.unwrap();
        let accounts = Accounts::new(db.clone(), clock.clone());
        let high_water = HighWater::open(&data_dir.path().join("high-water")).unwrap();
        let batches = Batches::new(BatchesParts {
            db: db.clone(),
            clock: clock.clone(),
            keys: keys.clone(),
            register: register.clone(),
            issuer: issuer.clone(),
            high_water,
        });
        let trace = trace_on(&db, &clock, &ledger, data_dir.path());
        let cards = Arc::new(Cards::new(db, clock.clone()));
        let verifier = Arc::new(Verifier::new(clock.clone(), keys.clone(), issuer, Arc::clone(&cards)));
        let following = {
            let keys = keys.clone();
            actix_web::rt::spawn(async move { cards.follow_changes(&keys).await })
        };
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let services = Services {
            db: test_db.db.clone(),
            clock: clock.clone(),
            settings: settings(extra),
            keys: keys.clone(),
            ledger: ledger.clone(),
            accounts: accounts.clone(),
            register: register.clone(),
            batches: batches.clone(),
            trace: trace.clone(),
            verifier,
            is_demo,
        };
        let server = start(listener, services).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let token = accounts.create_token("office", None, &[Scope::Office], None).await.unwrap();
        let office = Client::new(&base_url, Some(token.token.reveal()));
        let public = Client::new(&base_url, None);
        Self {
            test_db,
            clock,
            keys,
            ledger,
            accounts,
            register,
            batches,
            trace,
            base_url,
            office,
            public,
            data_dir,
            is_ledger_whole: true,
            server: handle,
            following,
        }
    }

    /// Seals what waits, as the server does five times a second.
    pub(crate) async fn seal(&self) {
        self.ledger.seal_pending().await.unwrap();
    }

    /// The ledger of this deployment as another instance with a high-water file of its own has it.
    pub(crate) fn second_ledger(&self, file: &str) -> Ledger {
        ledger_on(&self.test_db.db, &self.clock, &self.keys, &self.data_dir.path().join(file))
    }

    /// A product that may be minted at `NOW`.
    pub(crate) async fn product(&self) -> ProductNo {
        self.product_from(good_row()).await
    }

    /// A product as this row says; `image: Some("p.png")` has a picture.
    pub(crate) async fn product_from(&self, row: ImportRow) -> ProductNo {
        self.import_row(row, false).await
    }

    /// A product of the demonstration.
    pub(crate) async fn demo_product(&self) -> ProductNo {
        self.import_row(good_row(), true).await
    }

    async fn import_row(&self, row: ImportRow, is_demo: bool) -> ProductNo {
        let photos = Photos::from([("p.png".to_owned(), tiny_picture())]);
        let (name, producer) = (row.product.clone(), row.producer.clone());
        self.register.import(&Actor::operator(), vec![row], photos, is_demo, &Progress::default()).await.unwrap();
        let all = self.register.products_after(0, 1_000).await.unwrap();
        all.iter().find(|product| product.name == name && product.producer.name == producer).unwrap().product_no
    }

    /// An open batch of a product that may be minted.
    pub(crate) async fn batch(&self) -> Batch {
        let product_no = self.product().await;
        self.batch_of(product_no, "MD-01", "2026-11-20", Some("2027-11-20")).await
    }

    pub(crate) async fn batch_of(
        &self,
        product_no: ProductNo,
        lot: &str,
        packed_on: &str,
        last_valid_day: Option<&str>,
    ) -> Batch {
        let order = OpenBatch {
            product_no,
            lot: Lot::new(lot).unwrap(),
            packed_on: day(packed_on),
            last_valid_day: last_valid_day.map(day),
            quantity: None,
            unit: None,
        };
        self.batches.open_batch(&Actor::operator(), order).await.unwrap()
    }

    /// Mints through the service.
    pub(crate) async fn mint(&self, batch_no: BatchNo, count: u32) -> Minted {
        let order = MintOrder { count: count.try_into().unwrap(), scratch: false };
        self.batches.mint_stamps(&Actor::operator(), batch_no, order, None).await.unwrap()
    }

    /// Mints one stamp as another process with its own keys in memory would.
    pub(crate) async fn mint_with(&self, keys: &Keys, batch_no: BatchNo) -> Minted {
        let batches = Batches::new(BatchesParts {
            db: self.test_db.db.clone(),
            clock: self.clock.clone(),
            keys: keys.clone(),
            register: self.register.clone(),
            issuer: Issuer::new(ISSUER).unwrap(),
            high_water: HighWater::open(&self.data_dir.path().join("high-water")).unwrap(),
        });
        let order = MintOrder { count: 1.try_into().unwrap(), scratch: false };
        batches.mint_stamps(&Actor::operator(), batch_no, order, None).await.unwrap()
    }

    /// What is printed for one minted stamp.
    pub(crate) async fn stamp(&self, batch_no: BatchNo, serial: u32) -> StampText {
        let answer = self.office.get(&format!("/api/v1/batches/{batch_no}/stamps/{serial}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        StampText(answer.json())
    }

    /// From now on this server hears of no change, as when notifications are late or lost.
    pub(crate) fn stop_listening(&self) {
        self.following.abort();
    }

    /// Runs SQL that must succeed.
    pub(crate) async fn sql(&self, sql: &str) {
        self.test_db.sql(sql).await.unwrap();
    }

    /// Makes a token and returns a client that has it.
    pub(crate) async fn client_with(&self, scopes: &[Scope]) -> Client {
        let token = self.accounts.create_token("test", None, scopes, None).await.unwrap();
        self.public.with_token(token.token.reveal())
    }

    pub(crate) fn move_clock_to(&self, instant: &str) {
        let instant: DateTime<Utc> = instant.parse().unwrap();
        self.clock.move_to(instant);
    }
}

pub(crate) fn ledger_on(db: &Db, clock: &Clock, keys: &Keys, high_water: &std::path::Path) -> Ledger {
    Ledger::new(LedgerParts {
        db: db.clone(),
        clock: clock.clone(),
        signer: keys.room().ledger_signer().unwrap().clone(),
        high_water: LedgerMarks::open(high_water).unwrap(),
        witnesses: WitnessPolicy::default(),
    })
}

pub(crate) fn trace_on(db: &Db, clock: &Clock, ledger: &Ledger, folder: &std::path::Path) -> Trace {
    let files = FileStore::open(&FilesSettings::Folder(folder.join("files"))).unwrap();
    Trace::new(TraceParts { db: db.clone(), clock: clock.clone(), ledger: ledger.clone(), files })
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A row whose product may be minted at `NOW`.
pub(crate) fn good_row() -> ImportRow {
    ImportRow {
        line: 2,
        headings: Headings::default(),
        product: "Miến dong thử".to_owned(),
        set_no: 7,
        producer: "HTX Thử Nghiệm".to_owned(),
        producer_kind: ProducerKind::Cooperative,
        village: Some("thôn Thử".to_owned()),
        commune_code: Some("01843".to_owned()),
        commune: Some("Phường Bắc Kạn".to_owned()),
        former_commune: None,
        former_district: Some("Na Rì".to_owned()),
        former_province: Some("Bắc Kạn".to_owned()),
        stars: Some(4),
        first_year_seen: None,
        decision: None,
        source: None,
        certificate: Some(certificate("2025-01-01", "2027-12-31")),
        undated_certificate: None,
        image: Some("p.png".to_owned()),
        standards: Some("TCCS 01:2025".to_owned()),
        shelf_life: Some(ShelfLife::Months(12)),
        further: FurtherColumns::default(),
    }
}

pub(crate) fn certificate(from: &str, to: &str) -> CertificateColumns {
    CertificateColumns {
        number: Some("01/GCN".to_owned()),
        issuer: Some("UBND tỉnh Thái Nguyên".to_owned()),
        from: day(from),
        to: Some(day(to)),
    }
}

/// A JPEG of a few hundred bytes.
pub(crate) fn tiny_picture() -> Vec<u8> {
    let image = image::RgbImage::from_pixel(16, 16, image::Rgb([120, 90, 40]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// One printed stamp as the API tells it.
pub(crate) struct StampText(pub(crate) Value);

impl StampText {
    fn field(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    pub(crate) fn digits(&self) -> &str {
        self.field("digits")
    }

    pub(crate) fn url(&self) -> &str {
        self.field("url")
    }

    /// The typed code in groups of four.
    pub(crate) fn code(&self) -> &str {
        self.field("code")
    }

    /// The typed code as it stands in addresses.
    pub(crate) fn plain_code(&self) -> String {
        self.code().replace(['-', ' '], "")
    }
}

/// Someone who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    base_url: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts an error with this status and code, in both languages.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert!(!problem["vi"].as_str().unwrap().is_empty() && !problem["en"].as_str().unwrap().is_empty());
        problem
    }
}

impl Client {
    pub(crate) fn new(base_url: &str, token: Option<&str>) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { base_url: base_url.to_owned(), token: token.map(str::to_owned), http }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A request with the token, to be changed before it is sent.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base_url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// GET with `Accept: application/json`.
    pub(crate) async fn get_json(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).header("accept", "application/json")).await
    }

    /// GET as a browser asks for a page.
    pub(crate) async fn get_page(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).header("accept", "text/html,*/*;q=0.8")).await
    }

    /// The verdict on an address as JSON.
    pub(crate) async fn verdict(&self, path: &str) -> Value {
        self.get_json(path).await.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body)).await
    }

    /// Orders stamps under an Idempotency-Key.
    pub(crate) async fn order(&self, batch_no: BatchNo, key: &str, body: &Value) -> Answer {
        let request = self.request("POST", &format!("/api/v1/batches/{batch_no}/stamps"));
        self.send(request.header("Idempotency-Key", key).json(body)).await
    }
}
