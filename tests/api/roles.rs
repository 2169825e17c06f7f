//! Who may call what, said once more and apart from the route table: every route is tried as every role, as nobody and with
//! every kind of token. A new route gets one line in `TABLE`; without it the build fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::BTreeSet;

use nguon::accounts::types::{PlainSecret, Role, Scope};
use nguon::cli::server::route_table;
use nguon::http::Route;

use crate::browser::{Browser, Person, SESSION_COOKIE};
use crate::two::{Two, address_of, is_of_programs};
use crate::world::{Answer, Client};

/// Someone who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Nobody,
    Office,
    Officer,
    Producer,
    Inspector,
    Auditor,
    /// A program of the office.
    OfficeToken,
    /// A program of a producer that may do all a producer's may.
    ProducerToken,
    /// A program of a producer that may read.
    ReadingToken,
    /// A program whose token allows nothing.
    PowerlessToken,
}

use Caller::{
    Auditor, Inspector, Nobody, Office, OfficeToken, Officer, PowerlessToken, Producer, ProducerToken, ReadingToken,
};

type Callers = &'static [Caller];

const ANYONE: Callers =
    &[Nobody, Office, Officer, Producer, Inspector, Auditor, OfficeToken, ProducerToken, ReadingToken, PowerlessToken];
/// Whoever has signed in.
const PEOPLE: Callers = &[Office, Officer, Producer, Inspector, Auditor];
const KEEPERS: Callers = &[Office, Officer, Producer];
const OFFICE: Callers = &[Office];
const AUDITORS: Callers = &[Office, Auditor];
const INSPECTORS: Callers = &[Office, Inspector];
const OVERSEERS: Callers = &[Office, Inspector, Auditor];
const READING_PROGRAMS: Callers = &[OfficeToken, ProducerToken, ReadingToken];
const WRITING_PROGRAMS: Callers = &[OfficeToken, ProducerToken];
const OFFICE_PROGRAMS: Callers = &[OfficeToken];

/// Every route and who may call it.
const TABLE: &[(&str, &str, Callers)] = &[
    // Open to all.
    ("GET", "/", ANYONE),
    ("GET", "/healthz", ANYONE),
    ("GET", "/readyz", ANYONE),
    ("GET", "/robots.txt", ANYONE),
    ("GET", "/sitemap.xml", ANYONE),
    ("GET", "/.well-known/jwks.json", ANYONE),
    ("GET", "/static/{hash}/{name}", ANYONE),
    ("GET", "/s/{digits}", ANYONE),
    ("GET", "/c", ANYONE),
    ("GET", "/c/{code}", ANYONE),
    ("GET", "/p/{product_no}", ANYONE),
    ("GET", "/p/{product_no}/picture.jpg", ANYONE),
    ("GET", "/photos/{photo_id}", ANYONE),
    ("GET", "/photos/{photo_id}/small", ANYONE),
    ("GET", "/batches/{batch_no}/timeline", ANYONE),
    ("GET", "/files/{sha256}.jpg", ANYONE),
    ("GET", "/ledger", ANYONE),
    ("GET", "/ledger/vkey", ANYONE),
    ("GET", "/ledger/checkpoint", ANYONE),
    ("GET", "/ledger/checkpoint/witnessed", ANYONE),
    ("GET", "/ledger/tile/{path}", ANYONE),
    ("POST", "/ledger/cosignatures", ANYONE),
    ("GET", "/batches/{no}/{n}.tlog-proof", ANYONE),
    ("GET", "/sign-in", ANYONE),
    ("POST", "/sign-in", ANYONE),
    ("GET", "/link/{secret}", ANYONE),
    ("POST", "/link/{secret}", ANYONE),
    ("GET", "/api/docs", ANYONE),
    ("GET", "/api/openapi.json", ANYONE),
    ("GET", "/api/v1/products", ANYONE),
    ("GET", "/api/v1/products/{product_no}", ANYONE),
    ("GET", "/api/v1/verify/{stamp}", ANYONE),
    // One's own.
    ("GET", "/desk", PEOPLE),
    ("GET", "/account", PEOPLE),
    ("POST", "/account/password", PEOPLE),
    ("POST", "/account/sessions/end-others", PEOPLE),
    ("POST", "/account/sessions/{session_id}/end", PEOPLE),
    ("POST", "/sign-out", PEOPLE),
    // People, programs and the trail.
    ("GET", "/people", AUDITORS),
    ("POST", "/people", OFFICE),
    ("GET", "/people/new", OFFICE),
    ("GET", "/people/{account_id}", AUDITORS),
    ("POST", "/people/{account_id}", OFFICE),
    ("POST", "/people/{account_id}/disable", OFFICE),
    ("POST", "/people/{account_id}/enable", OFFICE),
    ("POST", "/people/{account_id}/link", OFFICE),
    ("GET", "/tokens", AUDITORS),
    ("POST", "/tokens", OFFICE),
    ("POST", "/tokens/{token_id}/revoke", OFFICE),
    ("GET", "/trail", AUDITORS),
    ("GET", "/trail.csv", AUDITORS),
    // Producers.
    ("GET", "/producers", PEOPLE),
    ("POST", "/producers", OFFICE),
    ("GET", "/producers/new", OFFICE),
    ("GET", "/producers/{producer_no}", PEOPLE),
    ("GET", "/producers/{producer_no}/edit", KEEPERS),
    ("POST", "/producers/{producer_no}/edit", KEEPERS),
    ("POST", "/producers/{producer_no}/close", OFFICE),
    ("POST", "/producers/{producer_no}/reopen", OFFICE),
    ("POST", "/producers/{producer_no}/contacts", KEEPERS),
    ("POST", "/producers/{producer_no}/contacts/{contact_id}/visibility", KEEPERS),
    ("POST", "/producers/{producer_no}/contacts/{contact_id}/remove", KEEPERS),
    // The register as a workbook, out and in.
    ("GET", "/products.xlsx", PEOPLE),
    ("GET", "/producers.xlsx", PEOPLE),
    ("GET", "/certificates.xlsx", PEOPLE),
    ("GET", "/imports", AUDITORS),
    ("POST", "/imports", OFFICE),
    ("GET", "/imports/template.xlsx", AUDITORS),
    ("GET", "/imports/{job_id}", AUDITORS),
    ("POST", "/imports/{job_id}/confirm", OFFICE),
    ("POST", "/imports/{job_id}/drop", OFFICE),
    // Food-safety papers.
    ("GET", "/producers/{producer_no}/papers/new", KEEPERS),
    ("POST", "/producers/{producer_no}/papers", KEEPERS),
    ("GET", "/papers/{paper_id}/file", PEOPLE),
    ("GET", "/papers/{paper_id}/edit", KEEPERS),
    ("POST", "/papers/{paper_id}/edit", KEEPERS),
    ("POST", "/papers/{paper_id}/close", KEEPERS),
    // Products.
    ("GET", "/products", PEOPLE),
    ("POST", "/products", KEEPERS),
    ("GET", "/products/new", KEEPERS),
    ("GET", "/products/{product_no}", PEOPLE),
    ("GET", "/products/{product_no}/edit", KEEPERS),
    ("POST", "/products/{product_no}/edit", KEEPERS),
    ("POST", "/products/{product_no}/close", OFFICE),
    ("POST", "/products/{product_no}/reopen", OFFICE),
    ("POST", "/products/{product_no}/photos", KEEPERS),
    ("POST", "/products/{product_no}/photos/{photo_id}/first", KEEPERS),
    ("POST", "/products/{product_no}/photos/{photo_id}/remove", KEEPERS),
    // Certificates.
    ("GET", "/certificates", PEOPLE),
    ("GET", "/certificates/reminders", PEOPLE),
    ("GET", "/certificates/reminders.csv", PEOPLE),
    ("GET", "/certificates/{certificate_id}", PEOPLE),
    ("GET", "/certificates/{certificate_id}/scan", PEOPLE),
    ("GET", "/certificates/{certificate_id}/edit", OFFICE),
    ("POST", "/certificates/{certificate_id}/edit", OFFICE),
    ("POST", "/certificates/{certificate_id}/revoke", OFFICE),
    ("GET", "/products/{product_no}/certificates/new", OFFICE),
    ("POST", "/products/{product_no}/certificates", OFFICE),
    // Batches and stamps.
    ("GET", "/batches", PEOPLE),
    ("POST", "/batches", KEEPERS),
    ("GET", "/batches/new", KEEPERS),
    ("GET", "/batches/{batch_no}", PEOPLE),
    ("POST", "/batches/{batch_no}/stamps", KEEPERS),
    ("POST", "/batches/{batch_no}/voids", KEEPERS),
    ("POST", "/batches/{batch_no}/close", KEEPERS),
    ("POST", "/batches/{batch_no}/suspend", OFFICE),
    ("POST", "/batches/{batch_no}/resume", OFFICE),
    ("POST", "/batches/{batch_no}/recall", OFFICE),
    ("POST", "/batches/{batch_no}/quota", OFFICE),
    ("POST", "/batches/{batch_no}/quota-requests", KEEPERS),
    ("GET", "/batches/{batch_no}/sheet", KEEPERS),
    ("GET", "/batches/{batch_no}/stamps.csv", KEEPERS),
    ("GET", "/batches/{batch_no}/stamps/{serial}", KEEPERS),
    ("GET", "/batches/{batch_no}/stamps/{serial}/label.svg", KEEPERS),
    // What happened to a batch.
    ("GET", "/batches/{batch_no}/events", PEOPLE),
    ("GET", "/batches/{batch_no}/events/new", KEEPERS),
    ("POST", "/batches/{batch_no}/events/new", KEEPERS),
    ("GET", "/batches/{batch_no}/events/{n}/correction", KEEPERS),
    ("POST", "/batches/{batch_no}/events/{n}/correction", KEEPERS),
    ("GET", "/batches/{batch_no}/shares", KEEPERS),
    ("POST", "/batches/{batch_no}/shares", KEEPERS),
    ("GET", "/batches/{batch_no}/reach", OVERSEERS),
    ("GET", "/lots/{lot_no}/reach", OVERSEERS),
    ("GET", "/products/{product_no}/stages", KEEPERS),
    ("POST", "/products/{product_no}/stages", KEEPERS),
    ("GET", "/stages", OFFICE),
    ("GET", "/stages/{template}", OFFICE),
    ("POST", "/stages/{template}", OFFICE),
    ("POST", "/stages/{template}/{stage_no}", OFFICE),
    ("POST", "/stages/{template}/{stage_no}/move", OFFICE),
    ("POST", "/stages/{template}/{stage_no}/close", OFFICE),
    ("POST", "/stages/{template}/{stage_no}/reopen", OFFICE),
    // What waits for the office, and looking up in a market.
    ("GET", "/requests", OVERSEERS),
    ("POST", "/requests/proposals/{proposal_no}", OFFICE),
    ("POST", "/requests/quotas/{request_no}", OFFICE),
    ("POST", "/requests/policy", OFFICE),
    ("GET", "/inspect", OVERSEERS),
    ("POST", "/inspect", OVERSEERS),
    ("POST", "/inspect/proposals", INSPECTORS),
    // Programs.
    ("POST", "/api/v1/products", WRITING_PROGRAMS),
    ("PATCH", "/api/v1/products/{product_no}", WRITING_PROGRAMS),
    ("GET", "/api/v1/register.xlsx", READING_PROGRAMS),
    ("GET", "/api/v1/producers", READING_PROGRAMS),
    ("GET", "/api/v1/producers/{producer_no}", READING_PROGRAMS),
    ("POST", "/api/v1/producers", OFFICE_PROGRAMS),
    ("PATCH", "/api/v1/producers/{producer_no}", WRITING_PROGRAMS),
    ("GET", "/api/v1/producers/{producer_no}/papers", READING_PROGRAMS),
    ("POST", "/api/v1/producers/{producer_no}/papers", WRITING_PROGRAMS),
    ("PATCH", "/api/v1/papers/{paper_id}", WRITING_PROGRAMS),
    ("POST", "/api/v1/papers/{paper_id}/close", WRITING_PROGRAMS),
    ("GET", "/api/v1/certificates", READING_PROGRAMS),
    ("POST", "/api/v1/products/{product_no}/certificates", OFFICE_PROGRAMS),
    ("PATCH", "/api/v1/certificates/{certificate_id}", OFFICE_PROGRAMS),
    ("POST", "/api/v1/certificates/{certificate_id}/revoke", OFFICE_PROGRAMS),
    ("GET", "/api/v1/batches", READING_PROGRAMS),
    ("POST", "/api/v1/batches", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}", READING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/runs", READING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/voids", READING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/voids", WRITING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/stamps", WRITING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/close", WRITING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/suspend", OFFICE_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/resume", OFFICE_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/recall", OFFICE_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/stamps/{serial}", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/stamps/{serial}/qr.svg", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/stamps/{serial}/qr.png", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/stamps/{serial}/label.svg", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/stamps.csv", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/sheet.html", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/events", READING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/events", WRITING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/events/{n}/correction", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/trace", READING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/balance", READING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/reach", READING_PROGRAMS),
    ("GET", "/api/v1/lots/{lot_no}/reach", READING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/photos", WRITING_PROGRAMS),
    ("GET", "/api/v1/batches/{batch_no}/shares", READING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/shares", WRITING_PROGRAMS),
    ("POST", "/api/v1/batches/{batch_no}/shares/end", WRITING_PROGRAMS),
];

/// No witness has cosigned in a walk; what is served once one has is for the tests of witnesses.
const NOT_THERE_YET: &str = "/ledger/checkpoint/witnessed";

/// Whether this caller may call the route. A route that is not in `TABLE` is open to nobody here.
pub(crate) fn may_call(route: &Route, caller: Caller) -> bool {
    let path = route.open_api_path();
    let line = TABLE.iter().find(|(method, known, _)| *method == route.method && *known == path);
    line.is_some_and(|(_, _, callers)| callers.contains(&caller))
}

#[test]
fn every_route_is_in_this_table_and_every_line_of_it_is_a_route() {
    let routes = route_table();
    let served: BTreeSet<(&str, String)> = routes.iter().map(|route| (route.method, route.open_api_path())).collect();
    let known: BTreeSet<(&str, String)> = TABLE.iter().map(|(method, path, _)| (*method, (*path).to_owned())).collect();
    assert_eq!((served.len(), known.len()), (routes.len(), TABLE.len()), "something stands twice");
    let (missing, gone) = (served.difference(&known), known.difference(&served));
    let (missing, gone): (Vec<_>, Vec<_>) = (missing.collect(), gone.collect());
    assert!(missing.is_empty(), "say in TABLE who may call these: {missing:?}");
    assert!(gone.is_empty(), "these routes of TABLE are not served: {gone:?}");
}

/// Where the secret of a visit before signing in is kept.
pub(crate) const VISIT_COOKIE: &str = "__Host-nguon-visit";

/// What an answer says about the caller.
#[derive(Debug, PartialEq, Eq)]
enum Answered {
    /// They may call: whatever else is wrong is theirs to mend.
    LetIn,
    /// Nobody known here.
    SignInFirst,
    /// Known, and not allowed.
    Forbidden,
}

fn answered(route: &Route, answer: &Answer) -> Answered {
    if is_of_programs(route) {
        return match answer.status {
            401 => Answered::SignInFirst,
            403 => Answered::Forbidden,
            _ => Answered::LetIn,
        };
    }
    let leads_to_sign_in = answer.status == 303 && answer.header("location").starts_with("/sign-in?next=");
    match answer.status {
        _ if leads_to_sign_in => Answered::SignInFirst,
        403 if !answer.text().contains("xin mở lại trang") => Answered::Forbidden,
        _ => Answered::LetIn,
    }
}

/// Everyone who calls.
struct Everyone {
    nobody: Browser,
    people: Vec<(Caller, Person)>,
    programs: Vec<(Caller, Client)>,
    /// The secret of everyone's visit.
    visit: PlainSecret,
}

impl Everyone {
    async fn of(two: &Two) -> Self {
        let mut people = Vec::new();
        for (caller, role) in [Office, Officer, Producer, Inspector, Auditor].into_iter().zip(Role::ALL) {
            people.push((caller, two.world.sign_in(role).await));
        }
        let programs = vec![
            (OfficeToken, two.world.office.clone()),
            (ProducerToken, two.program_of_one(&Scope::OF_PRODUCER).await),
            (ReadingToken, two.program_of_one(&[Scope::Read]).await),
            (PowerlessToken, two.program_of_one(&[]).await),
        ];
        Self { nobody: two.world.browser(), people, programs, visit: PlainSecret::plain().unwrap() }
    }

    /// Calls a route as this caller: a form has the token of its session or visit, and otherwise nothing that could be taken.
    async fn call(&self, caller: Caller, route: &Route, path: &str) -> Answer {
        let is_open = may_call(route, Nobody);
        let mut token = self.visit.form_token();
        let person = self.people.iter().find(|(known, _)| *known == caller).map(|(_, person)| &person.browser);
        let program = self.programs.iter().find(|(known, _)| *known == caller).map(|(_, program)| program);
        let mut request = if let Some(program) = program {
            let request = program.request(route.method, path).header("accept", "text/html,*/*;q=0.8");
            request.header("cookie", format!("{VISIT_COOKIE}={}", self.visit.reveal()))
        } else {
            let browser = person.unwrap_or(&self.nobody);
            browser.set_cookie(VISIT_COOKIE, self.visit.reveal());
            if let Some(secret) = browser.cookie(SESSION_COOKIE).filter(|_| !is_open) {
                token = PlainSecret::received(secret).form_token();
            }
            browser.request(route.method, path)
        };
        let writes = !matches!(route.method, "GET" | "HEAD");
        if writes && is_of_programs(route) {
            request = request.header("Idempotency-Key", "k").json(&serde_json::json!({}));
        } else if writes {
            let form = format!("form_token={}&version=0", token.as_str());
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        match (program, person) {
            (Some(program), _) => program.send(request).await,
            (None, person) => person.unwrap_or(&self.nobody).send(request).await,
        }
    }

    async fn stay(&self, two: &Two) {
        for (_, person) in &self.people {
            person.stay_signed_in(&two.world).await;
        }
    }
}

/// Why this answer of this route to this caller is wrong, if it is.
fn fault(route: &Route, caller: Caller, answer: &Answer) -> Option<String> {
    let is_program = matches!(caller, OfficeToken | ProducerToken | ReadingToken | PowerlessToken);
    let expected = match caller {
        _ if may_call(route, caller) => Answered::LetIn,
        Nobody => Answered::SignInFirst,
        // A cookie opens nothing of the programs', a token none of the people's.
        _ if is_program != is_of_programs(route) => Answered::SignInFirst,
        _ => Answered::Forbidden,
    };
    let found = answered(route, answer);
    let is_broken = 500 <= answer.status;
    // What exists and is theirs is shown to them.
    let should_show = route.method == "GET" && route.path != NOT_THERE_YET;
    let is_not_shown = expected == Answered::LetIn && should_show && 400 <= answer.status;
    let line =
        format!("{} {} as {caller:?}: {expected:?}, and not {found:?}, {}", route.method, route.path, answer.status);
    (found != expected || is_broken || is_not_shown).then_some(line)
}

#[actix_web::test]
async fn every_route_is_for_whom_the_table_says_and_for_nobody_else() {
    let mut two = Two::new().await;
    let everyone = Everyone::of(&two).await;
    let sign_in = two.world.public.get_page("/sign-in").await.text();
    let style = sign_in.split("/static/").nth(1).unwrap().split('"').next().unwrap();
    let (hash, name) = style.split_once('/').unwrap();
    two.one.extend([("hash", hash.to_owned()), ("name", name.to_owned())]);
    // What is only looked at comes first: what is sent may take things away.
    let mut routes = route_table();
    routes.sort_by_key(|route| route.method != "GET");
    let mut faults = Vec::new();
    for route in &routes {
        let path = address_of(route, &two.one);
        for caller in ANYONE {
            let answer = everyone.call(*caller, route, &path).await;
            faults.extend(fault(route, *caller, &answer));
            everyone.stay(&two).await;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn a_head_is_answered_to_those_who_may_get() {
    let two = Two::new().await;
    let everyone = Everyone::of(&two).await;
    let mut faults = Vec::new();
    for route in route_table().iter().filter(|route| route.method == "GET" && !may_call(route, Nobody)) {
        let head = Route { method: "HEAD", ..*route };
        let path = address_of(route, &two.one);
        for caller in [Nobody, Office, Producer, PowerlessToken] {
            let (of_get, of_head) =
                (everyone.call(caller, route, &path).await, everyone.call(caller, &head, &path).await);
            if of_get.status != of_head.status || !of_head.body.is_empty() {
                faults.push(format!("HEAD {path} as {caller:?}: {}, GET {}", of_head.status, of_get.status));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
