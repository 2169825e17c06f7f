//! A register in which two producers of two communes have one of everything: for tests that walk the route table with addresses
//! that exist, one's own or another's.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::BTreeMap;

use nguon::accounts::PersonDraft;
use nguon::accounts::types::{AccountId, Actor, ProducerNo, Role, Scope};
use nguon::cli::server::route_table;
use nguon::files::FileStore;
use nguon::http::{Face, Route};
use nguon::register::import::{CertificateColumns, ImportRow, ProducerKind};
use nguon::stamp::BatchNo;
use nguon::trace::types::{
    Amount, InputFrom, LotRef, NewEvent, NewInput, OutsideLotDraft, Quantity, Said, Step, Unit, What,
};

use crate::browser::Person;
use crate::trace_stage::told;
use crate::world::{Client, World, day, good_row, tiny_picture};

/// Stands in every text of the other producer's and in no text of the one's.
pub(crate) const MARK: &str = "Bên Kia";
/// The same in texts that take no blanks or no diacritics.
pub(crate) const PLAIN_MARK: &str = "BEN-KIA";
/// The commune of the other producer.
pub(crate) const OTHER_COMMUNE: &str = "02185";
/// Stamps that each of them has.
const N_STAMPS: u32 = 5;

/// What stands for each parameter of an address.
pub(crate) type Things = BTreeMap<&'static str, String>;

/// The two, and what they have.
pub(crate) struct Two {
    pub(crate) world: World,
    /// Of the producer whose people and programs `World::sign_in` and the callers of a walk are.
    pub(crate) one: Things,
    pub(crate) other: Things,
}

/// The row of the other producer.
fn other_row() -> ImportRow {
    ImportRow {
        product: format!("Mật ong {MARK}"),
        set_no: 4,
        producer: format!("Hộ {MARK}"),
        producer_kind: ProducerKind::Household,
        village: Some(format!("thôn {MARK}")),
        commune_code: Some(OTHER_COMMUNE.to_owned()),
        commune: Some("Xã Côn Minh".to_owned()),
        former_district: None,
        former_province: None,
        standards: Some(format!("TCCS {MARK}")),
        certificate: Some(CertificateColumns {
            number: Some(format!("{PLAIN_MARK}/GCN")),
            ..crate::world::certificate("2025-01-01", "2027-12-31")
        }),
        ..good_row()
    }
}

impl Two {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let first = world.product().await;
        let second = world.product_from(other_row()).await;
        let mut both = Vec::new();
        for (product_no, lot, mark, commune) in
            [(first, "MD-01", "Bên Này", crate::browser::COMMUNE), (second, PLAIN_MARK, MARK, OTHER_COMMUNE)]
        {
            let batch = world.batch_of(product_no, lot, "2026-11-20", Some("2027-11-20")).await;
            world.mint(batch.batch_no, N_STAMPS).await;
            let things = fill(&world, product_no.get(), batch.batch_no, mark, commune).await;
            both.push(things);
        }
        // Proofs are there for what is sealed.
        world.seal().await;
        let edge = format!("0/000.p/{}", world.test_db.tree_size().await);
        for things in &mut both {
            things.insert("path", edge.clone());
        }
        let other = both.pop().unwrap();
        Self { world, one: both.pop().unwrap(), other }
    }

    /// A program with a token of the first producer.
    pub(crate) async fn program_of_one(&self, scopes: &[Scope]) -> Client {
        self.world.client_of(1, scopes).await
    }
}

/// Puts one of everything beside a batch; the numbers of what was made.
async fn fill(world: &World, product_no: u32, batch_no: BatchNo, mark: &str, commune: &str) -> Things {
    let producer_no = ProducerNo(i32::try_from(product_no).unwrap());
    let stamp = world.stamp(batch_no, 1).await;
    let jpeg = tiny_picture().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let file = format!("sha256(decode('{jpeg}', 'hex'))");
    world
        .sql(&format!(
            "INSERT INTO files VALUES ({file}, 'image/jpeg', decode('{jpeg}', 'hex'), now()) ON CONFLICT DO NOTHING; \
             UPDATE certificates SET scan_sha256 = {file}, decision_no = 'QĐ {mark}' WHERE product_no = {product_no}; \
             UPDATE products SET story = 'Chuyện {mark}', name_en = 'English {mark}' WHERE product_no = {product_no}; \
             INSERT INTO voids (batch_no, first_serial, last_serial, reason, note, voided_at) VALUES ({batch_no}, 5, 5, 'lost', 'mất {mark}', now())"
        ))
        .await;
    let certificate = format!("SELECT certificate_id::bigint AS n FROM certificates WHERE product_no = {product_no}");
    let mut things = Things::from([
        ("producer_no", producer_no.to_string()),
        ("product_no", product_no.to_string()),
        ("batch_no", batch_no.to_string()),
        ("no", batch_no.to_string()),
        ("serial", "1".to_owned()),
        ("digits", stamp.digits().to_owned()),
        ("stamp", stamp.digits().to_owned()),
        ("code", stamp.plain_code()),
        ("certificate_id", world.test_db.count(&certificate).await.to_string()),
    ]);
    add_event(world, &mut things, batch_no, mark).await;
    let account_id = add_people(world, &mut things, producer_no, mark, commune).await;
    let photo = format!("{product_no}, 1, decode('{jpeg}', 'hex'), decode('{jpeg}', 'hex'), 16, 16, now()");
    let contact = format!("{producer_no}, 'person', 'Liên hệ {mark}', 'offices', now()");
    let paper = format!("{producer_no}, {product_no}, 'haccp', 'Giấy {mark}', 'Nơi cấp {mark}', {file}");
    let proposal = format!("{batch_no}, 1, 'Đề nghị {mark}', now()");
    let request = format!("{batch_no}, 9, 'Xin thêm {mark}', now()");
    let job = format!("{}, '{mark}.xlsx', 'refused', now(), now()", account_id.0);
    for (name, table, columns, values) in [
        ("photo_id", "product_photos", "product_no, place, jpeg, small, width_px, height_px, created_at", photo),
        ("contact_id", "producer_contacts", "producer_no, kind, value, visibility, created_at", contact),
        ("paper_id", "food_safety_papers", "producer_no, product_no, kind, paper_no, issuer, file_sha256", paper),
        ("proposal_no", "suspension_proposals", "batch_no, serial, reason, proposed_at", proposal),
        ("request_no", "quota_requests", "batch_no, n_stamps, reason, asked_at", request),
        ("job_id", "import_jobs", "account_id, file_name, state, created_at, updated_at", job),
    ] {
        let sql = format!(
            "WITH made AS (INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING {name}) SELECT {name}::bigint AS n FROM made"
        );
        things.insert(name, world.test_db.count(&sql).await.to_string());
    }
    things
}

/// An event with a photo, a lot from outside and words of a person, and a stage to choose.
async fn add_event(world: &World, things: &mut Things, batch_no: BatchNo, mark: &str) {
    let files = FileStore::in_folder(&world.data_dir.path().join("files")).unwrap();
    let photo = files.put(tiny_picture()).await.unwrap();
    let amount = Amount { quantity: Quantity::parse("40").unwrap(), unit: Unit::new("unit", "kg").unwrap() };
    let lot = OutsideLotDraft {
        product: Said::new("inputs", &format!("Củ {mark}")).unwrap(),
        supplier: Said::new("inputs", &format!("Bà {mark}")).unwrap(),
        lot: Said::optional("inputs", "PN-7").unwrap(),
        received_on: day("2026-11-20"),
        received: amount.clone(),
    };
    let event = NewEvent {
        inputs: vec![NewInput { from: InputFrom::NewOutside(lot), amount }],
        note: Said::optional("note", &format!("Ghi chú {mark}")).unwrap(),
        files: vec![photo],
        ..told(What::Step(Step::ReceiveLot))
    };
    let actor = Actor::operator();
    let recorded = world.trace.record_event(&actor, batch_no, event, None).await.unwrap();
    let stages = world.trace.stages_of_batch(&actor.reads(), batch_no).await.unwrap();
    let lot_no = match &recorded.event.inputs[0].from {
        LotRef::Outside(lot) => lot.lot_no.0.to_string(),
        LotRef::Batch(_) => panic!("the lot is from outside"),
    };
    things.extend([
        ("lot_no", lot_no),
        ("n", recorded.event.n.to_string()),
        ("sha256", photo.to_string()),
        ("stage_no", stages.stages[0].stage_no.0.to_string()),
        ("template", stages.template),
    ]);
}

/// A member with a session and a link, a spare account, and a program.
async fn add_people(
    world: &World,
    things: &mut Things,
    producer_no: ProducerNo,
    mark: &str,
    commune: &str,
) -> AccountId {
    let (login, name) = (format!("member{producer_no}"), format!("Người {mark}"));
    let member = PersonDraft::new(&login, &name, Role::Producer, Some(producer_no), None).unwrap();
    let (account_id, link) = world.accounts.invite_person(&Actor::operator(), member).await.unwrap();
    let (login, name) = (format!("spare{producer_no}"), format!("Cán bộ {mark}"));
    let spare = PersonDraft::new(&login, &name, Role::Officer, None, Some(commune)).unwrap();
    let (spare_id, _) = world.accounts.invite_person(&Actor::operator(), spare).await.unwrap();
    let session_id = world.session_of(account_id, &world.browser()).await;
    let program = format!("phần mềm {mark}");
    let token = world.accounts.create_token(&program, Some(producer_no), &[Scope::Read], None).await.unwrap();
    things.extend([
        ("secret", link.secret.reveal().to_owned()),
        ("account_id", spare_id.0.to_string()),
        ("session_id", session_id.to_string()),
        ("token_id", token.token_id.0.to_string()),
    ]);
    account_id
}

/// The names of an address's parameters, in their order.
pub(crate) fn parameters(route: &Route) -> Vec<String> {
    let path = route.open_api_path();
    path.split('{').skip(1).map(|piece| piece.split('}').next().unwrap().to_owned()).collect()
}

/// The address with each parameter filled in by `value_of`.
pub(crate) fn address(route: &Route, mut value_of: impl FnMut(&str) -> String) -> String {
    parameters(route)
        .iter()
        .fold(route.open_api_path(), |path, name| path.replacen(&format!("{{{name}}}"), &value_of(name), 1))
}

/// The address of these things.
pub(crate) fn address_of(route: &Route, things: &Things) -> String {
    address(route, |name| {
        let value = things.get(name).cloned();
        value.unwrap_or_else(|| panic!("`two.rs` has no {{{name}}} for {}: put one into `fill`", route.path))
    })
}

/// Forms on pages: whatever a browser may send.
pub(crate) fn forms() -> Vec<Route> {
    route_table().into_iter().filter(|route| route.face == Face::Page && route.method == "POST").collect()
}

/// Whether the route belongs to programs, which show a token and no cookie.
pub(crate) fn is_of_programs(route: &Route) -> bool {
    route.path.starts_with("/api/")
}

impl World {
    /// A number for each table that changes with any of its rows, the trail and the sessions included.
    pub(crate) async fn contents(&self) -> BTreeMap<String, i64> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            name: String,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let mut conn = self.test_db.db.dedicated().await.unwrap();
        let tables = "SELECT table_name::text AS name, 0::bigint AS n FROM information_schema.tables \
                      WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
        let tables: Vec<Row> = diesel_async::RunQueryDsl::load(diesel::sql_query(tables), &mut conn).await.unwrap();
        let sums: Vec<String> = tables
            .iter()
            .map(|Row { name, .. }| {
                format!(
                    "SELECT '{name}' AS name, (count(*) + coalesce(sum(hashtextextended(t::text, 0) % 1000000007), 0))::bigint AS n FROM {name} t"
                )
            })
            .collect();
        let sums = diesel::sql_query(sums.join(" UNION ALL "));
        let rows: Vec<Row> = diesel_async::RunQueryDsl::load(sums, &mut conn).await.unwrap();
        rows.into_iter().map(|row| (row.name, row.n)).collect()
    }
}

impl Person {
    /// Signs this person in again when something they sent has ended their session.
    pub(crate) async fn stay_signed_in(&self, world: &World) {
        if self.cookie(crate::browser::SESSION_COOKIE).is_none() {
            world.session_of(self.account_id, &self.browser).await;
        }
    }
}
