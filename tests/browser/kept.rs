//! What every page keeps for everyone who uses it (checks.js), walked by the route table: a page that is added is walked as
//! well, and one that nobody can open on this stage fails the test until the stage has what it needs.

use nguon::accounts::types::Role;
use nguon::cli::server::route_table;
use nguon::http::Route;
use nguon::register::import::ImportRow;

use crate::chromium::{Browser, DESKTOP, PHONE};
use crate::people::{File, Person, SESSION_COOKIE};
use crate::world::{World, good_row, tiny_picture};

/// A session's cookie where the public address is plain HTTP, as it is for these browsers.
const PLAIN_SESSION_COOKIE: &str = "nguon-session";
/// Sheets of paper: as wide as A4 on every screen (WCAG 2.2, 1.4.10 leaves out what needs two dimensions).
const PAPER: &[&str] = &["/batches/{batch_no}/sheet"];
/// What machines fetch: no page even if it is HTML.
const FOR_MACHINES: &[&str] = &["/api/", "/static/", "/ledger/", "/.well-known/", "/healthz", "/readyz"];
/// Pages with something asked of them, beside what the route table leads to.
const ASKED: &[&str] = &[
    "/?q=mien+dong",
    "/?q=khong+co+gi+nhu+the",
    "/products?q=khong+co+gi+nhu+the",
    "/products?state=in_force&stars=4&sort=name",
    "/producers?q=khong+co+gi+nhu+the",
    "/certificates?q=khong+co+gi+nhu+the",
    "/batches?q=khong+co+gi+nhu+the",
    "/batches?product=1",
    "/batches/new?product=1&like=last",
    "/batches/1/events/new?like=destroy",
    "/batches/2/events",
    "/batches/2/timeline",
    "/batches/1/shares?q=htx",
    "/batches/2",
    "/batches/3",
    "/products/2",
    "/products/new?producer=1",
    "/inspect?q=MD-01",
    "/inspect?q=%231",
    "/inspect?q=khong-co",
    "/people?q=khong+co+gi+nhu+the",
    "/trail?act=batch.opened",
    "/trail?from=2020-01-01&to=2020-01-02",
    "/khong-co-trang-nay",
];

/// A province with something on every page.
struct Stage {
    world: World,
    /// One of each role, and nobody last.
    people: Vec<(Option<Role>, Option<Person>)>,
    digits: String,
    code: String,
    link: String,
    /// An event of the first batch with a photo.
    event: String,
    photo: String,
}

impl Stage {
    async fn new() -> Self {
        let world = World::at_its_own_address().await;
        world.product().await;
        let bare = ImportRow {
            product: "Chè xanh thử".to_owned(),
            standards: None,
            image: None,
            certificate: None,
            ..good_row()
        };
        world.product_from(bare).await;
        let mut people = Vec::new();
        for role in Role::ALL {
            people.push((Some(role), Some(sign_in(&world, role).await)));
        }
        people.push((None, None));
        let batch = world.batch().await;
        world.mint(batch.batch_no, 120).await;
        let stamp = world.stamp(batch.batch_no, 7).await;
        let (digits, code) = (stamp.digits().to_owned(), stamp.plain_code());
        let [link, event, photo] = [const { String::new() }; 3];
        let mut stage = Self { world, people, digits, code, link, event, photo };
        stage.fill_register().await;
        stage.fill_batches().await;
        stage.fill_log().await;
        stage
    }

    fn person(&self, role: Role) -> &Person {
        self.people.iter().find(|(known, _)| *known == Some(role)).and_then(|(_, person)| person.as_ref()).unwrap()
    }

    async fn fill_register(&mut self) {
        let office = self.person(Role::Office);
        let contact = [("kind", "phone"), ("value", "0209 000 000"), ("visibility", "offices")];
        office.submit("/producers/1", "/producers/1/contacts", &contact).await.assert_sent_on();
        let picture = tiny_picture();
        let file = |field| File { field, name: "anh.jpg", media_type: "image/jpeg", bytes: &picture };
        office.upload("/products/1", "/products/1/photos", &[], &[file("photo"), file("photo")]).await.assert_sent_on();
        let certificate = [
            ("version", ""),
            ("number", "02/GCN"),
            ("stars", "4"),
            ("issuer", "UBND tỉnh"),
            ("issuer_level", "province"),
            ("from", "2023-06-01"),
            ("to", "2024-12-31"),
        ];
        let (form, action) = ("/products/1/certificates/new", "/products/1/certificates");
        office.upload(form, action, &certificate, &[file("scan")]).await.assert_sent_on();
        let paper = "INSERT INTO food_safety_papers (producer_no, product_no, kind, paper_no, file_sha256) \
             SELECT 1, 1, 'eligibility', '12/2025/ATTP', scan_sha256 FROM certificates WHERE certificate_id = 2";
        self.world.sql(paper).await;
        let job = "INSERT INTO import_jobs (account_id, file_name, state, created_at, updated_at) \
             SELECT min(account_id), 'so-ocop.xlsx', 'refused', now(), now() FROM accounts";
        self.world.sql(job).await;
        let invited =
            [("name", "Người mới"), ("login", "nguoi.moi"), ("role", "auditor"), ("producer", ""), ("commune", "")];
        let made = office.submit("/people/new", "/people", &invited).await.text();
        let secret = made.split("/link/").nth(1).unwrap().split('<').next().unwrap();
        secret.trim().clone_into(&mut self.link);
        let token = [("name", "Máy in ở xưởng"), ("producer", "1"), ("scopes", "read"), ("expires", "2027-01-31")];
        self.person(Role::Office).submit("/tokens", "/tokens", &token).await;
    }

    /// The first batch with voids and a proposal, the second recalled with a request for more stamps, the third closed.
    async fn fill_batches(&self) {
        let (office, farmer) = (self.person(Role::Office), self.person(Role::Producer));
        let void = [
            ("void_first", "3"),
            ("void_last", "5"),
            ("void_reason", "misprint"),
            ("void_note", ""),
            ("void_sure", "yes"),
        ];
        farmer.submit("/batches/1", "/batches/1/voids", &void).await.assert_sent_on();
        let proposal = [("q", "#1"), ("batch_no", "1"), ("serial", "7"), ("reason", "Bao bì rách, có mùi mốc")];
        self.person(Role::Inspector).submit("/inspect?q=%231", "/inspect/proposals", &proposal).await.assert_sent_on();
        for (lot, day) in [("MD-02", "2026-11-21"), ("MD-03", "2026-11-22")] {
            let fields = [
                ("product", "1"),
                ("lot", lot),
                ("packed_on", day),
                ("last_valid_day", ""),
                ("quantity", "20"),
                ("unit", "kg"),
            ];
            farmer.submit("/batches/new?product=1", "/batches", &fields).await.assert_sent_on();
        }
        self.world.sql("UPDATE batches SET max_stamps = 10 WHERE batch_no = 2").await;
        let more = [("more_count", "40"), ("more_reason", "Đóng gói nhỏ hơn dự kiến")];
        farmer.submit("/batches/2", "/batches/2/quota-requests", &more).await.assert_sent_on();
        let words = [
            ("version", "1"),
            ("recall_reason", "Mẫu kiểm nghiệm không đạt"),
            ("recall_advice", ""),
            ("recall_contact", ""),
            ("recall_sure", "yes"),
        ];
        office.submit("/batches/2", "/batches/2/recall", &words).await.assert_sent_on();
        farmer.submit("/batches/3", "/batches/3/close", &[("close_sure", "yes")]).await.assert_sent_on();
    }

    /// The first batch with an event that has a photo, one that does not add up, and one that was corrected; with a lot from
    /// outside; shared with another.
    async fn fill_log(&mut self) {
        let farmer = self.person(Role::Producer);
        let page = "/batches/1/events/new";
        let fields = [
            ("order_key", "khoa-1"),
            ("what", "destroy"),
            ("on", "2026-11-21"),
            ("place", "own"),
            ("out", "5000"),
            ("out_unit", "kg"),
            ("note", "Ẩm mốc, đã chôn lấp sau vườn"),
        ];
        let picture = tiny_picture();
        let photo = File { field: "photo", name: "anh.jpg", media_type: "image/jpeg", bytes: &picture };
        farmer.upload(page, page, &fields, &[photo]).await.assert_sent_on();
        let newest = "SELECT max(n)::bigint AS n FROM trace_events WHERE batch_no = 1";
        let first = self.world.test_db.count(newest).await;
        let log = farmer.page("/batches/1/events").await;
        let photo = log.split("/files/").nth(1).unwrap().split('.').next().unwrap().to_owned();
        let correction = format!("/batches/1/events/{first}/correction");
        let anew = [&fields[1..], &[("order_key", "khoa-2"), ("kept", &photo), ("reason", "ghi nhầm giờ")]].concat();
        farmer.upload(&correction, &correction, &anew, &[]).await.assert_sent_on();
        farmer.submit("/batches/1/shares", "/batches/1/shares", &[("with", "everyone")]).await.assert_sent_on();
        let event = self.world.test_db.count(newest).await.to_string();
        // What is sealed has its proof; what comes behind it waits.
        self.world.seal().await;
        let buying = "SELECT stage_no::bigint AS n FROM stages WHERE template = 'noodles' AND code = 'buy'";
        let buying = self.world.test_db.count(buying).await.to_string();
        let bought = [
            ("order_key", "khoa-3"),
            ("what", buying.as_str()),
            ("on", "2026-11-21"),
            ("place", "own"),
            ("new_product", "Củ dong riềng"),
            ("new_supplier", "Bà Ví Dụ"),
            ("new_received", "900"),
            ("new_unit", "kg"),
        ];
        farmer.upload(page, page, &bought, &[]).await.assert_sent_on();
        self.event = event;
        self.photo = photo;
    }

    /// The route's address with what exists here; a parameter that is not named is the number 1.
    fn address(&self, route: &Route) -> String {
        let mut address = route.open_api_path().replace("{digits}", &self.digits).replace("{code}", &self.code);
        address = address.replace("{secret}", &self.link);
        // The second certificate is the one with a scan.
        address = address.replace("{certificate_id}", "2");
        address = address.replace("{template}", "generic").replace("{sha256}", &self.photo);
        address = address.replace("{n}", &self.event);
        while let Some((before, after)) = address.split_once('{').filter(|_| address.contains('}')) {
            address = format!("{before}1{}", after.split_once('}').unwrap().1);
        }
        address
    }

    /// The addresses of the pages that this person is shown, and whether each is a sheet of paper.
    async fn pages_of(&self, person: Option<&Person>) -> Vec<(String, bool)> {
        let mut pages = Vec::new();
        for route in page_routes() {
            let address = self.address(&route);
            if is_page(&self.world, person, &address).await == Some(true) {
                pages.push((address, PAPER.contains(&route.path)));
            }
        }
        for asked in ASKED {
            pages.push(((*asked).to_owned(), false));
        }
        pages
    }
}

/// Someone whose cookie this plain address takes.
async fn sign_in(world: &World, role: Role) -> Person {
    let person = world.sign_in(role).await;
    person.set_cookie(PLAIN_SESSION_COOKIE, &person.cookie(SESSION_COOKIE).unwrap());
    person
}

fn page_routes() -> impl Iterator<Item = Route> {
    let is_for_machines = |route: &Route| FOR_MACHINES.iter().any(|start| route.path.starts_with(start));
    route_table().into_iter().filter(move |route| route.method == "GET" && !is_for_machines(route))
}

/// Whether an address answers this person with a page; None when it does not answer with success.
async fn is_page(world: &World, person: Option<&Person>, address: &str) -> Option<bool> {
    let answer = match person {
        Some(person) => person.get(address).await,
        None => world.public.get_page(address).await,
    };
    (answer.status == 200).then(|| answer.header("content-type").starts_with("text/html"))
}

#[actix_web::test]
async fn every_page_opens_for_someone_on_this_stage() {
    let stage = Stage::new().await;
    for route in page_routes() {
        let address = stage.address(&route);
        let mut opens = false;
        for (_, person) in &stage.people {
            opens = opens || is_page(&stage.world, person.as_ref(), &address).await.is_some();
        }
        // A code that leads on to its page, and a search for one.
        let leads_on = matches!(route.path, "/c");
        assert!(opens || leads_on, "nobody can open {} as {address}: give the stage what it shows", route.path);
    }
}

/// A browser that this person is signed in with, or nobody.
async fn browser_of(world: &World, person: Option<&Person>) -> Browser {
    let browser = Browser::open(&world.base_url, PHONE).await;
    if let Some(person) = person {
        browser.keep_cookie(PLAIN_SESSION_COOKIE, &person.cookie(SESSION_COOKIE).unwrap()).await;
    }
    browser
}

/// What a page breaks in this size with everything unfolded.
async fn faults_on(browser: &Browser, size: (u32, u32), address: &str) -> Vec<String> {
    browser.go(address).await;
    browser.unfold().await;
    let found = browser.faults().await.into_iter();
    found.map(|fault| format!("{address} at {}: {fault}", size.0)).collect()
}

/// Walks a person's pages in both sizes.
async fn walk(role: Option<Role>) {
    let stage = Stage::new().await;
    let person = role.map(|role| stage.person(role));
    let browser = browser_of(&stage.world, person).await;
    let mut faults = Vec::new();
    for size in [PHONE, DESKTOP] {
        browser.resize(size).await;
        for (address, is_paper) in stage.pages_of(person).await {
            let found = faults_on(&browser, size, &address).await.into_iter();
            faults.extend(found.filter(|fault| !is_paper || !fault.contains(": wider than")));
        }
    }
    browser.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn what_anyone_sees_is_kept() {
    walk(None).await;
}

#[actix_web::test]
async fn every_page_of_the_office_is_kept() {
    walk(Some(Role::Office)).await;
}

#[actix_web::test]
async fn every_page_of_an_officer_is_kept() {
    walk(Some(Role::Officer)).await;
}

#[actix_web::test]
async fn every_page_of_a_producer_is_kept() {
    walk(Some(Role::Producer)).await;
}

#[actix_web::test]
async fn every_page_of_an_inspector_is_kept() {
    walk(Some(Role::Inspector)).await;
}

#[actix_web::test]
async fn every_page_of_an_auditor_is_kept() {
    walk(Some(Role::Auditor)).await;
}

#[actix_web::test]
async fn the_pages_of_an_empty_register_are_kept() {
    let world = World::at_its_own_address().await;
    let office = sign_in(&world, Role::Office).await;
    let browser = browser_of(&world, Some(&office)).await;
    let mut faults = Vec::new();
    for route in page_routes().filter(|route| !route.path.contains('{')) {
        if is_page(&world, Some(&office), route.path).await == Some(true) {
            faults.extend(faults_on(&browser, PHONE, route.path).await);
        }
    }
    browser.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn the_trail_has_words_for_all_that_was_done_here() {
    let stage = Stage::new().await;
    let page = stage.person(Role::Office).page("/trail").await;
    let acts = page.split("<option value=\"").skip(1).filter_map(|option| option.split_once("\">"));
    let acts = acts.filter_map(|(act, rest)| Some((act, rest.split_once('<')?.0)));
    let without_words: Vec<_> = acts.filter(|(act, name)| act == name).collect();
    assert!(without_words.is_empty(), "{without_words:?}");
}
