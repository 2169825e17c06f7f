//! Producers on their pages: the list, who may write what, communes that are gone, contacts and the consent that makes one
//! public, and that another producer's things are not there.

use nguon::accounts::types::{ProducerNo, Role, Scope};
use nguon::register::import::{ImportRow, ProducerKind};
use serde_json::{Value, json};

use crate::browser::Person;
use crate::world::{Client, World, good_row};

/// Another producer than that of `good_row`, in another commune.
fn other_row() -> ImportRow {
    ImportRow {
        product: "Mật ong thử".to_owned(),
        set_no: 4,
        producer: "Hộ Nuôi Ong Thử".to_owned(),
        producer_kind: ProducerKind::Household,
        village: None,
        commune_code: Some("02185".to_owned()),
        commune: Some("Xã Côn Minh".to_owned()),
        former_district: None,
        former_province: None,
        certificate: None,
        ..good_row()
    }
}

/// A world with producer 1 (of `good_row`) and producer 2.
async fn world_of_two() -> World {
    let world = World::new().await;
    world.product().await;
    world.product_from(other_row()).await;
    world
}

/// What the office types for a new producer.
const NEW: [(&str, &str); 9] = [
    ("name", "Công ty Trà Thử"),
    ("kind", "company"),
    ("tax_code", "0100047516"),
    ("commune", "phuong bac kan"),
    ("village", "tổ 3"),
    ("printed_address", "Tổ 3, phường Sông Cầu, TP. Bắc Kạn"),
    ("former_commune", "Phường Sông Cầu"),
    ("former_district", "Thành phố Bắc Kạn"),
    ("former_province", "Bắc Kạn"),
];

/// The form with one field typed otherwise.
fn with<'f>(fields: &[(&'f str, &'f str)], name: &'f str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    fields.iter().filter(|(known, _)| *known != name).copied().chain([(name, value)]).collect()
}

async fn create(office: &Person, fields: &[(&str, &str)]) -> crate::world::Answer {
    office.submit("/producers/new", "/producers", fields).await
}

async fn n_acts(world: &World, act: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM audit_trail WHERE act = '{act}'")).await
}

/// The version of a producer.
async fn version(world: &World, producer_no: i32) -> String {
    let sql = format!("SELECT version::bigint AS n FROM producers WHERE producer_no = {producer_no}");
    world.test_db.count(&sql).await.to_string()
}

#[actix_web::test]
async fn the_office_adds_a_producer_in_todays_commune_by_its_name_without_diacritics() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    assert_eq!(create(&office, &NEW).await.assert_sent_on(), "/producers/1?done=created");
    let page = office.page("/producers/1").await;
    for shown in [
        "Công ty Trà Thử",
        "Công ty, doanh nghiệp",
        "0100047516",
        "tổ 3, Phường Bắc Kạn, Thái Nguyên",
        "Tổ 3, phường Sông Cầu, TP. Bắc Kạn",
        "Phường Sông Cầu, Thành phố Bắc Kạn, Bắc Kạn",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert_eq!(n_acts(&world, "producer.created").await, 1);
    let leaks = "SELECT count(*) AS n FROM audit_trail WHERE details::text ~ '0100047516|Trà Thử'";
    assert_eq!(world.test_db.count(leaks).await, 0);
}

#[actix_web::test]
async fn a_commune_that_ended_with_the_reform_is_refused_with_what_it_became() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let answer = create(&office, &with(&NEW, "commune", "xã Nông Thượng")).await;
    answer.assert_refused("chỉ có đến 30/06/2025, nay thuộc Phường Bắc Kạn");
    assert!(answer.text().contains("value=\"xã Nông Thượng\"") && answer.text().contains("value=\"Công ty Trà Thử\""));
    create(&office, &with(&NEW, "commune", "Xã Không Có")).await.assert_refused("không có xã, phường nào");
    // Its code is a commune's of today too, with another name: a code is no name.
    create(&office, &with(&NEW, "commune", "01837")).await.assert_refused("không có xã, phường nào");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM producers").await, 0);
}

#[actix_web::test]
async fn a_wrong_tax_code_is_refused_and_one_that_is_taken_too() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    create(&office, &with(&NEW, "tax_code", "0100047517")).await.assert_refused("số kiểm tra");
    create(&office, &NEW).await.assert_sent_on();
    let again = with(&with(&NEW, "name", "Công ty Khác"), "tax_code", "0100 047 516");
    create(&office, &again).await.assert_refused("đã là của một chủ thể khác");
}

#[actix_web::test]
async fn two_producers_share_a_name_in_two_communes_but_not_in_one() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    create(&office, &with(&NEW, "tax_code", "")).await.assert_sent_on();
    create(&office, &with(&NEW, "tax_code", "")).await.assert_refused("đã có một chủ thể mang tên này");
    let elsewhere = with(&with(&NEW, "tax_code", ""), "commune", "Côn Minh");
    create(&office, &elsewhere).await.assert_sent_on();
}

#[actix_web::test]
async fn every_text_is_escaped_wherever_it_shows() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let script = "<script>alert(1)</script>\"'&";
    let fields: Vec<(&str, &str)> = NEW
        .into_iter()
        .map(
            |(name, value)| {
                if matches!(name, "kind" | "tax_code" | "commune") { (name, value) } else { (name, script) }
            },
        )
        .collect();
    create(&office, &fields).await.assert_sent_on();
    let contact =
        [("kind", "person"), ("value", script), ("visibility", "public"), ("consent", "yes"), ("consent_by", script)];
    office.submit("/producers/1", "/producers/1/contacts", &contact).await.assert_sent_on();
    for path in ["/producers", "/producers?q=%3Cscript%3E%22", "/producers/1", "/producers/1/edit"] {
        let page = office.page(path).await;
        assert!(page.contains("&#60;script&#62;") && !page.contains("<script>alert"), "{path}: {page}");
    }
}

#[actix_web::test]
async fn the_list_is_searched_without_diacritics_filtered_and_ends_at_the_reach() {
    let world = world_of_two().await;
    let office = world.sign_in(Role::Office).await;
    let names = async |person: &Person, query: &str| {
        let page = person.page(&format!("/producers?{query}")).await;
        ["HTX Thử Nghiệm", "Hộ Nuôi Ong Thử"].map(|name| page.contains(name))
    };
    for (query, expected) in [
        ("", [true, true]),
        ("q=thu+nghiem", [true, false]),
        ("q=ong+nuoi", [false, true]),
        ("q=%25", [false, false]),
        ("commune=02185", [false, true]),
        ("kind=cooperative", [true, false]),
        ("kind=company", [false, false]),
        ("sort=products&q=thu", [true, true]),
        ("sort=commune", [true, true]),
        ("sort=newest", [true, true]),
        ("closed=only", [false, false]),
        ("page=2", [false, false]),
    ] {
        assert_eq!(names(&office, query).await, expected, "{query}");
    }
    assert_eq!(office.get("/producers?kind=farm").await.status, 422);
    let auditor = world.sign_in(Role::Auditor).await;
    assert_eq!(names(&auditor, "").await, [true, true]);
    let officer = world.officer_of("02185").await;
    assert_eq!(names(&officer, "").await, [false, true]);
    let member = world.member_of(ProducerNo(1)).await;
    assert_eq!(names(&member, "closed=all").await, [true, false]);
}

#[actix_web::test]
async fn a_search_by_tax_code_finds_the_whole_code_alone() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    create(&office, &NEW).await.assert_sent_on();
    assert!(office.page("/producers?q=0100047516").await.contains("Công ty Trà Thử"));
    assert!(!office.page("/producers?q=010004751").await.contains("Công ty Trà Thử"));
}

#[actix_web::test]
async fn another_producer_is_not_there_in_any_form() {
    let world = world_of_two().await;
    world.sql("INSERT INTO producer_contacts (producer_no, kind, value, visibility, created_at) VALUES (2, 'phone', '0208 000 002', 'offices', now())").await;
    let member = world.member_of(ProducerNo(1)).await;
    let officer = world.officer_of("01843").await;
    for person in [&member, &officer] {
        let token = person.form_token("/producers/1").await;
        for path in ["/producers/2", "/producers/2/edit", "/producers/999", "/producers/x"] {
            assert_eq!(person.get(path).await.status, 404, "{path}");
        }
        for path in [
            "/producers/2/edit",
            "/producers/2/contacts",
            "/producers/2/contacts/1/visibility",
            "/producers/2/contacts/1/remove",
            "/producers/1/contacts/1/visibility",
            "/producers/1/contacts/1/remove",
        ] {
            let fields = [
                ("form_token", token.as_str()),
                ("version", "1"),
                ("village", "của tôi"),
                ("kind", "phone"),
                ("value", "0208 000 001"),
                ("visibility", "offices"),
            ];
            assert_eq!(person.post_form(path, &fields).await.status, 404, "{path}");
        }
    }
    let untouched =
        "SELECT count(*) AS n FROM producer_contacts WHERE value = '0208 000 002' AND visibility = 'offices'";
    assert_eq!(world.test_db.count(untouched).await, 1);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM producers WHERE version > 1").await, 0);
}

#[actix_web::test]
async fn a_producer_and_its_officer_write_their_part_and_no_more() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let officer = world.officer_of("01843").await;
    for (person, village) in [(&member, "thôn Mới"), (&officer, "thôn Mới Hơn")] {
        let page = person.page("/producers/1/edit").await;
        assert!(page.contains("name=\"village\"") && !page.contains("name=\"tax_code\""), "{page}");
        let fields = [
            ("version", &*version(&world, 1).await),
            ("village", village),
            ("printed_address", "In trên bao bì"),
            ("name", "Tên Chiếm Đoạt"),
            ("kind", "company"),
            ("tax_code", "0100047516"),
        ];
        person.submit("/producers/1/edit", "/producers/1/edit", &fields).await.assert_sent_on();
        let page = person.page("/producers/1").await;
        assert!(page.contains(village) && page.contains("In trên bao bì"), "{page}");
        assert!(
            page.contains("HTX Thử Nghiệm") && !page.contains("Tên Chiếm Đoạt") && !page.contains("0100047516"),
            "{page}"
        );
        for (method, path) in [
            ("GET", "/producers/new"),
            ("POST", "/producers"),
            ("POST", "/producers/1/close"),
            ("POST", "/producers/1/reopen"),
        ] {
            assert_eq!(person.send(person.request(method, path)).await.status, 403, "{method} {path}");
        }
    }
    let fields = "SELECT count(*) AS n FROM audit_trail WHERE act = 'producer.changed' AND details = '{\"fields\": [\"village\"]}' AND producer_no = 1";
    assert_eq!(world.test_db.count(fields).await, 1, "the second changed the village alone");
}

#[actix_web::test]
async fn inspectors_and_auditors_look_and_write_nothing() {
    let world = world_of_two().await;
    for role in [Role::Inspector, Role::Auditor] {
        let person = world.sign_in(role).await;
        let page = person.page("/producers/1").await;
        assert!(!page.contains("/producers/1/edit") && !page.contains("action=\"/producers/1"), "{page}");
        assert_eq!(person.get("/producers/1/edit").await.status, 403);
        let token = person.form_token("/producers/1").await;
        for path in
            ["/producers/1/edit", "/producers/1/contacts", "/producers/1/close", "/producers/1/reopen", "/producers"]
        {
            let fields = [("form_token", token.as_str()), ("version", "1")];
            assert_eq!(person.post_form(path, &fields).await.status, 403, "{role:?} {path}");
        }
    }
}

#[actix_web::test]
async fn the_second_of_two_people_is_told_and_sees_what_the_first_wrote() {
    let world = world_of_two().await;
    let (first, second) = (world.sign_in(Role::Office).await, world.member_of(ProducerNo(1)).await);
    let base = [("version", "1"), ("name", "HTX Thử Nghiệm"), ("kind", "cooperative"), ("commune", "Phường Bắc Kạn")];
    let fields = [&base[..], &[("village", "thôn Một")]].concat();
    first.submit("/producers/1/edit", "/producers/1/edit", &fields).await.assert_sent_on();
    let answer =
        second.submit("/producers/1/edit", "/producers/1/edit", &[("version", "1"), ("village", "thôn Hai")]).await;
    assert_eq!(answer.status, 409);
    let text = answer.text();
    assert!(text.contains("Chưa có gì bị ghi đè") && text.contains("value=\"thôn Một\""), "{text}");
    assert!(text.contains("name=\"version\" value=\"2\"") && !text.contains("thôn Hai"), "{text}");
    assert!(second.page("/producers/1").await.contains("thôn Một"));
    assert_eq!(n_acts(&world, "producer.changed").await, 1);
}

#[actix_web::test]
async fn a_closed_producer_leaves_the_list_and_stays_on_its_own_page() {
    let world = world_of_two().await;
    let office = world.sign_in(Role::Office).await;
    office.submit("/producers/1", "/producers/1/close", &[]).await.assert_sent_on();
    world.move_clock_to("2026-12-01T05:00:00Z");
    let office = world.sign_in(Role::Office).await;
    office.submit("/producers/2", "/producers/1/close", &[]).await.assert_sent_on();
    assert_eq!(n_acts(&world, "producer.closed").await, 1);
    assert!(!office.page("/producers").await.contains("HTX Thử Nghiệm"));
    assert!(office.page("/producers?closed=only").await.contains("HTX Thử Nghiệm"));
    let page = office.page("/producers/1").await;
    assert!(page.contains("Đã đóng</strong> 22/11/2026 12:00") && !page.contains("/producers/1/close"), "{page}");
    assert!(world.test_db.sql("DELETE FROM producers").await.is_err());
}

#[actix_web::test]
async fn a_closed_producer_is_taken_back_by_the_office_and_once() {
    let world = world_of_two().await;
    let office = world.sign_in(Role::Office).await;
    office.submit("/producers/1", "/producers/1/close", &[]).await.assert_sent_on();
    assert!(office.page("/producers/1").await.contains("/producers/1/reopen"));
    for _ in 0..2 {
        office.submit("/producers/2", "/producers/1/reopen", &[]).await.assert_sent_on();
    }
    assert_eq!(n_acts(&world, "producer.reopened").await, 1);
    assert!(office.page("/producers").await.contains("HTX Thử Nghiệm"));
    assert!(!office.page("/producers/1").await.contains("/producers/1/reopen"));
}

#[actix_web::test]
async fn a_closed_producer_is_changed_no_more_and_nobody_reads_how_to_reach_it() {
    let world = world_of_two().await;
    let (office, member) = (world.sign_in(Role::Office).await, world.member_of(ProducerNo(1)).await);
    let public = [&PHONE[..2], &[("visibility", "public"), ("consent", "yes"), ("consent_by", "Người Thử")]].concat();
    member.submit("/producers/1", "/producers/1/contacts", &public).await.assert_sent_on();
    assert!(world.public.get_page("/p/1").await.text().contains("0208 000 111"));
    office.submit("/producers/1", "/producers/1/close", &[]).await.assert_sent_on();
    assert!(!world.public.get_page("/p/1").await.text().contains("0208 000 111"));
    member.submit("/producers/1", "/producers/1/contacts", &PHONE).await.assert_refused("đã đóng trong sổ");
}

const PHONE: [(&str, &str); 3] = [("kind", "phone"), ("value", "0208 000 111"), ("visibility", "offices")];

#[actix_web::test]
async fn a_contact_is_seen_by_those_its_producer_chose() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    for (value, visibility) in [("0208 000 001", "public"), ("0208 000 002", "offices"), ("0208 000 003", "me")] {
        let fields = [
            ("kind", "phone"),
            ("value", value),
            ("visibility", visibility),
            ("consent", "yes"),
            ("consent_by", "Người Thử"),
        ];
        member.submit("/producers/1", "/producers/1/contacts", &fields).await.assert_sent_on();
    }
    let seen = |page: &str| ["0208 000 001", "0208 000 002", "0208 000 003"].map(|value| page.contains(value));
    assert_eq!(seen(&member.page("/producers/1").await), [true, true, true]);
    for role in [Role::Office, Role::Officer, Role::Inspector, Role::Auditor] {
        let person = world.sign_in(role).await;
        assert_eq!(seen(&person.page("/producers/1").await), [true, true, false], "{role:?}");
    }
    let public: Vec<String> =
        world.register.public_contacts(ProducerNo(1)).await.unwrap().into_iter().map(|contact| contact.value).collect();
    assert_eq!(public, ["0208 000 001"]);
    let program = world.client_with(&[Scope::Read]).await;
    assert_eq!(seen(&program.get("/api/v1/producers/1").await.text()), [true, true, false]);
    let own = world.accounts.create_token("htx", Some(ProducerNo(1)), &[Scope::Read], None).await.unwrap();
    let own = world.public.with_token(own.token.reveal());
    assert_eq!(seen(&own.get("/api/v1/producers/1").await.text()), [true, true, true]);
    // What is the producer's alone is not there for the office: not to be shared, not to be removed.
    let office = world.sign_in(Role::Office).await;
    let hidden =
        world.test_db.count("SELECT contact_id::bigint AS n FROM producer_contacts WHERE visibility = 'me'").await;
    for what in ["visibility", "remove"] {
        let path = format!("/producers/1/contacts/{hidden}/{what}");
        assert_eq!(office.submit("/producers/1", &path, &[("visibility", "offices")]).await.status, 404);
    }
}

#[actix_web::test]
async fn a_contact_becomes_public_only_with_a_stored_consent_and_loses_it_when_it_is_hidden() {
    let world = world_of_two().await;
    let member = world.member_of(ProducerNo(1)).await;
    let add = async |fields: &[(&str, &str)]| member.submit("/producers/1", "/producers/1/contacts", fields).await;
    let public = with(&PHONE, "visibility", "public");
    add(&public).await.assert_refused("xin đánh dấu vào ô đồng ý");
    add(&[&public[..], &[("consent", "yes")]].concat()).await.assert_refused("họ tên người đồng ý");
    add(&PHONE).await.assert_sent_on();
    let share = async |fields: &[(&str, &str)]| {
        member.submit("/producers/1", "/producers/1/contacts/1/visibility", fields).await
    };
    share(&[("visibility", "public")]).await.assert_refused("xin đánh dấu vào ô đồng ý");
    share(&[("visibility", "public"), ("consent", "yes"), ("consent_by", "Người Thử")]).await.assert_sent_on();
    let page = member.page("/producers/1").await;
    assert!(
        page.contains("Người Thử, 22/11/2026 12:0") && page.contains("Tôi đồng ý để thông tin liên hệ này"),
        "{page}"
    );
    let stored = "SELECT count(*) AS n FROM producer_contacts WHERE consent_by = 'Người Thử' \
                  AND consent_at::date = '2026-11-22' AND consent_text LIKE 'Tôi đồng ý để %'";
    assert_eq!(world.test_db.count(stored).await, 1);
    share(&[("visibility", "offices")]).await.assert_sent_on();
    let kept =
        "SELECT count(*) AS n FROM producer_contacts WHERE num_nonnulls(consent_by, consent_at, consent_text) > 0";
    assert_eq!(world.test_db.count(kept).await, 0);
    assert_eq!((n_acts(&world, "contact.added").await, n_acts(&world, "contact.shared").await), (1, 2));
}

#[actix_web::test]
async fn a_removed_contact_is_gone_and_the_trail_never_held_its_value() {
    let world = world_of_two().await;
    let officer = world.officer_of("01843").await;
    officer.submit("/producers/1", "/producers/1/contacts", &PHONE).await.assert_sent_on();
    officer.submit("/producers/1", "/producers/1/contacts/1/remove", &[]).await.assert_sent_on();
    assert_eq!(officer.submit("/producers/1", "/producers/1/contacts/1/remove", &[]).await.status, 404);
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM producer_contacts").await, 0);
    assert_eq!(n_acts(&world, "contact.removed").await, 1);
    let leaks = "SELECT count(*) AS n FROM audit_trail WHERE thing || details::text ~ '0208'";
    assert_eq!(world.test_db.count(leaks).await, 0);
}

#[actix_web::test]
async fn the_office_cannot_hide_a_contact_from_itself_and_a_producer_has_at_most_twenty() {
    let world = world_of_two().await;
    let office = world.sign_in(Role::Office).await;
    let add = async |fields: &[(&str, &str)]| office.submit("/producers/1", "/producers/1/contacts", fields).await;
    add(&with(&PHONE, "visibility", "me")).await.assert_refused("Chỉ người của chủ thể");
    assert!(!office.page("/producers/1").await.contains("value=\"me\""));
    add(&with(&PHONE, "value", "không phải số")).await.assert_refused("8 đến 15 chữ số");
    world
        .sql("INSERT INTO producer_contacts (producer_no, kind, value, visibility, created_at) SELECT 1, 'person', 'Người ' || n, 'me', now() FROM generate_series(1, 20) n")
        .await;
    add(&PHONE).await.assert_refused("nhiều nhất 20");
}

#[actix_web::test]
async fn programs_list_producers_page_by_page_within_their_reach() {
    let world = world_of_two().await;
    let page = world.office.get("/api/v1/producers?limit=1").await.json();
    assert_eq!((&page["items"][0]["name"], &page["next"]), (&"HTX Thử Nghiệm".into(), &"1".into()));
    let page = world.office.get("/api/v1/producers?limit=1&cursor=1").await.json();
    assert_eq!((&page["items"][0]["commune"], &page["next"]), (&"Xã Côn Minh".into(), &serde_json::Value::Null));
    let own = world.accounts.create_token("hộ", Some(ProducerNo(2)), &[Scope::Read], None).await.unwrap();
    let own = world.public.with_token(own.token.reveal());
    assert_eq!(own.get("/api/v1/producers").await.json()["items"].as_array().unwrap().len(), 1);
    own.get("/api/v1/producers/1").await.assert_problem(404, "not-found");
    world.office.get("/api/v1/producers?limit=0").await.assert_problem(422, "invalid");
    world.office.get("/api/v1/producers?cursor=x").await.assert_problem(422, "invalid");
}

#[actix_web::test]
async fn programs_of_the_office_add_and_change_producers_and_a_producers_own_writes_its_part() {
    let world = world_of_two().await;
    let new = json!({ "name": "HTX Lập Trình", "kind": "cooperative", "commune": "Phường Bắc Kạn", "village": "tổ 1" });
    let added = world.office.post("/api/v1/producers", &new).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let added = added.json();
    assert_eq!((added["commune_code"].as_str(), added["version"].as_i64()), (Some("01843"), Some(1)));
    let path = format!("/api/v1/producers/{}", added["producer_no"]);
    let patch =
        async |client: &Client, path: &str, body: &Value| client.send(client.request("PATCH", path).json(body)).await;
    let changed = patch(&world.office, &path, &json!({ "village": null, "kind": "company", "version": 1 })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!(
        (&changed["village"], &changed["kind"], &changed["name"]),
        (&json!(null), &json!("company"), &new["name"])
    );
    patch(&world.office, &path, &json!({ "village": "tổ 2", "version": 1 })).await.assert_problem(409, "edit-conflict");
    patch(&world.office, &path, &json!({ "village": "tổ 2" })).await.assert_problem(422, "invalid");
    world.office.post("/api/v1/producers", &json!({ "name": "x" })).await.assert_problem(422, "invalid");
    let own = world.client_of(1, &Scope::OF_PRODUCER).await;
    assert_eq!(patch(&own, "/api/v1/producers/1", &json!({ "village": "thôn Mới", "version": 1 })).await.status, 200);
    let name = json!({ "name": "Tên Chiếm Đoạt", "version": 2 });
    patch(&own, "/api/v1/producers/1", &name).await.assert_problem(403, "forbidden");
}
