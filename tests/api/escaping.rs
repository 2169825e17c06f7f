//! What people typed is text: in every page, picture, list and file that shows it, whatever it looks like. Hostile texts are put
//! into every column that takes them, into every field of every form and into every address, and everything is looked at.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::io::{Cursor, Read};

use nguon::accounts::types::{Actor, PlainSecret, ProducerNo, Role};
use nguon::cli::server::route_table;
use nguon::http::Route;
use nguon::stamp::BatchNo;
use nguon::trace::types::{StageNo, What};
use serde_json::json;

use crate::browser::{File, Person};
use crate::reach::FIELDS;
use crate::roles::{Caller, VISIT_COOKIE, may_call};
use crate::trace_stage::told;
use crate::two::{Two, address_of, forms, is_of_programs};
use crate::world::Answer;

/// Would run a script, leave an attribute, begin an entity, and be a formula in a spreadsheet.
const HOSTILE: &str = "=1+1<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";
/// The same for columns that take a few characters only: a lot has twenty.
const SHORT: &str = "=<script>\"'&";
/// As the value of a website: no link may lead there.
const SCRIPT_ADDRESS: &str = "javascript:alert(1)//https://a.example/\"'&<b>";

/// What a page never holds that shows those as text.
const RAW: [&str; 7] =
    ["<script>", "<img src=x", "\"'&", "href=\"javascript:", "href=\"data:", "href='", "src=\"javascript:"];
/// The empty icon that every page names itself.
const NO_ICON: &str = "<link rel=\"icon\" href=\"data:,\">";

impl Two {
    /// Writes a hostile text into every column of every table that takes it; the number of columns that did.
    async fn become_hostile(&self) -> usize {
        #[derive(diesel::QueryableByName)]
        struct Column {
            #[diesel(sql_type = diesel::sql_types::Text)]
            table_name: String,
            #[diesel(sql_type = diesel::sql_types::Text)]
            column_name: String,
        }
        // Not the keys, not what names a row of another table, not what the ledger signed, and not units of lots, which take no marks.
        let columns = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
                       JOIN information_schema.tables t USING (table_schema, table_name) \
                       WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type = 'text' \
                       AND c.is_generated = 'NEVER' AND c.column_name NOT IN ('commune_code', 'template', 'stage_template') \
                       AND c.table_name NOT IN ('keys', 'deployment', '__diesel_schema_migrations') AND c.table_name NOT LIKE 'ledger\\_%' \
                       AND NOT (c.table_name IN ('trace_inputs', 'trace_outside_lots') AND c.column_name = 'unit')";
        let mut conn = self.world.test_db.db.dedicated().await.unwrap();
        let columns: Vec<Column> =
            diesel_async::RunQueryDsl::load(diesel::sql_query(columns), &mut conn).await.unwrap();
        let mut n_taken = 0;
        for Column { table_name, column_name } in columns {
            let hostile = HOSTILE.replace('\'', "''");
            let short = SHORT.replace('\'', "''");
            // Some columns tell their rows apart; the row's own place does that here.
            for text in [format!("'{hostile}' || ctid::text"), format!("'{hostile}'"), format!("'{short}'")] {
                let write = format!(
                    "SET session_replication_role = replica; UPDATE {table_name} SET {column_name} = {text} WHERE {column_name} IS NOT NULL"
                );
                if self.world.test_db.sql(&write).await.is_ok() {
                    n_taken += 1;
                    break;
                }
            }
        }
        n_taken
    }
}

/// Leaves hostile texts in entries of the ledger, where nothing can be changed afterwards: reasons, and the names that a stage and a
/// village have by now.
async fn enter_hostile_texts(two: &Two) {
    let batch_no: BatchNo = two.one["batch_no"].parse().unwrap();
    for verb in ["suspend", "resume"] {
        let path = format!("/api/v1/batches/{batch_no}/{verb}");
        let answer = two.world.office.post(&path, &json!({ "reason": HOSTILE })).await;
        assert!(answer.status < 300, "{verb}: {}", answer.text());
    }
    let event = told(What::Stage(StageNo(two.one["stage_no"].parse().unwrap())));
    two.world.trace.record_event(&Actor::operator(), batch_no, event, None).await.unwrap();
}

/// Every address that shows something, with the query that searches for the hostile text.
fn shown(two: &Two) -> Vec<(Route, String)> {
    let routes = route_table().into_iter().filter(|route| route.method == "GET" && !route.path.starts_with("/static/"));
    let asked = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            ["q", "lot", "after", "cursor", "done", "next", "lang", "state", "act", "role"].map(|name| (name, HOSTILE)),
        )
        .finish();
    routes
        .flat_map(|route| {
            let path = address_of(&route, &two.one);
            let addresses =
                [path.clone(), format!("{path}?lang=en"), format!("{path}?{asked}"), format!("{path}?q=script")];
            addresses.map(|address| (route, address))
        })
        .collect()
}

/// What is wrong with an answer that shows hostile texts, if anything is.
fn fault(answer: &Answer) -> Option<String> {
    if 500 <= answer.status {
        return Some(format!("{}: {}", answer.status, answer.text()));
    }
    let kind = answer.header("content-type").split(';').next().unwrap();
    match kind {
        "text/html" | "image/svg+xml" | "application/xml" | "text/xml" => {
            let text = answer.text().replace(NO_ICON, "");
            let raw = RAW.iter().find_map(|raw| text.find(raw).map(|at| (raw, at)));
            raw.map(|(raw, at)| {
                let around: String =
                    text[text.floor_char_boundary(at.saturating_sub(200))..].chars().take(300).collect();
                format!("holds {raw}: {around}")
            })
        }
        "text/csv" => formula_in_csv(&answer.body),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => formula_in_workbook(&answer.body),
        // A browser runs nothing of these, as long as it does not guess.
        _ => (answer.header("x-content-type-options") != "nosniff").then(|| format!("{kind} may be sniffed")),
    }
}

/// A cell that a spreadsheet would take for a formula.
fn formula_in_csv(body: &[u8]) -> Option<String> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let mut lines = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body);
    let cells: Vec<String> =
        lines.records().flat_map(|line| line.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    cells.into_iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']))
}

fn formula_in_workbook(body: &[u8]) -> Option<String> {
    let mut package = zip::ZipArchive::new(Cursor::new(body)).unwrap();
    (0..package.len()).find_map(|place| {
        let mut part = package.by_index(place).unwrap();
        let mut text = Vec::new();
        part.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text);
        (text.contains("<f>") || text.contains("<f ")).then(|| "a formula".to_owned())
    })
}

#[actix_web::test]
async fn hostile_texts_of_the_register_are_shown_as_text_everywhere() {
    let two = Two::new().await;
    // Names first, for an entry says them as they are when it is made.
    let hostile = HOSTILE.replace('\'', "''");
    let names = format!(
        "UPDATE stages SET name_vi = '{hostile}', name_en = '{hostile}'; UPDATE producers SET village = '{hostile}'"
    );
    two.world.sql(&names).await;
    enter_hostile_texts(&two).await;
    let office = two.world.sign_in(Role::Office).await;
    let member = two.world.member_of(ProducerNo(1)).await;
    let inspector = two.world.sign_in(Role::Inspector).await;
    let address = SCRIPT_ADDRESS.replace('\'', "''");
    for kind in ["website", "zalo", "email", "phone", "person", "address"] {
        let contact = format!(
            "INSERT INTO producer_contacts (producer_no, kind, value, visibility, consent_by, consent_at, consent_text, created_at) \
             VALUES (1, '{kind}', '{address}', 'public', 'x', now(), 'x', now())"
        );
        two.world.sql(&contact).await;
    }
    let stand = "UPDATE batches SET standing = 'suspended', standing_reason = 'x', standing_advice = 'x', standing_contact = 'x', \
                 standing_since = now() WHERE batch_no = 1; UPDATE suspension_proposals SET note = 'x'; UPDATE quota_requests SET note = 'x'; \
                 UPDATE products SET ingredients = 'x', story_en = 'x', decision = 'x', source = 'x', pack_thousandths = 1, pack_unit = 'x'; \
                 UPDATE producers SET printed_address = 'x', former_commune = 'x'; UPDATE batches SET quantity_thousandths = 1, unit = 'x'; \
                 UPDATE food_safety_papers SET scope = 'x'";
    two.world.sql(stand).await;
    let n_taken = two.become_hostile().await;
    assert!(50 <= n_taken, "only {n_taken} columns took a hostile text");
    two.world.sql(&format!("UPDATE producer_contacts SET value = '{address}' WHERE visibility = 'public'")).await;
    // What waits for its seal would make the service unready.
    two.world.seal().await;
    let mut faults = Vec::new();
    let mut n_seen = 0;
    for (route, path) in shown(&two) {
        let people = [(Caller::Office, &office), (Caller::Producer, &member), (Caller::Inspector, &inspector)];
        for (caller, person) in people.into_iter().filter(|(caller, _)| may_call(&route, *caller)) {
            let answer = person.get(&path).await;
            n_seen += String::from_utf8_lossy(&answer.body).matches("alert(1)").count();
            faults.extend(fault(&answer).map(|fault| format!("{path} as {caller:?}: {fault}")));
        }
        if is_of_programs(&route) {
            faults.extend(fault(&two.world.office.get(&path).await).map(|fault| format!("{path}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(200 < n_seen, "the texts were shown {n_seen} times only");
}

async fn send(person: &Person, two: &Two, route: &Route, value: &str) -> Answer {
    let visit = PlainSecret::plain().unwrap();
    person.set_cookie(VISIT_COOKIE, visit.reveal());
    let path = address_of(route, &two.one);
    // The other version makes the answer show what stands, this one what was typed.
    let fields = FIELDS.map(|(name, _)| (name, if name == "version" { "1" } else { value }));
    if may_call(route, Caller::Nobody) {
        let token = visit.form_token().as_str().to_owned();
        return person.post_form(&path, &[&[("form_token", token.as_str())], &fields[..]].concat()).await;
    }
    let files = ["photo", "scan", "file"].map(|field| File {
        field,
        name: "<script>alert(1)<.svg",
        media_type: "image/svg+xml",
        bytes: b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
    });
    person.upload("/account", &path, &fields, &files).await
}

#[actix_web::test]
async fn what_was_typed_into_a_refused_form_is_shown_again_as_text() {
    let two = Two::new().await;
    let office = two.world.sign_in(Role::Office).await;
    let mut faults = Vec::new();
    let mut n_seen = 0;
    for route in forms() {
        for value in [HOSTILE, SHORT, SCRIPT_ADDRESS] {
            let answer = send(&office, &two, &route, value).await;
            n_seen += String::from_utf8_lossy(&answer.body).matches("&#60;script&#62;").count();
            faults.extend(fault(&answer).map(|fault| format!("{}: {fault}", route.path)));
            office.stay_signed_in(&two.world).await;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(30 < n_seen, "the texts were shown {n_seen} times only");
}

#[actix_web::test]
async fn an_address_that_runs_is_no_contact() {
    let two = Two::new().await;
    let member = two.world.member_of(ProducerNo(1)).await;
    for kind in ["website", "zalo", "email", "phone"] {
        for value in [
            SCRIPT_ADDRESS,
            "data:text/html,<script>alert(1)</script>",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "//a.example",
        ] {
            let fields = [("kind", kind), ("value", value), ("visibility", "offices")];
            let answer = member.submit("/producers/1", "/producers/1/contacts", &fields).await;
            assert_eq!(answer.status, 422, "{kind} {value}");
        }
    }
}
