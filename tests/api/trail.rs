//! The trail of writes: what is in it, what never is, that it only grows, and how it is read and taken away.

use nguon::accounts::PersonDraft;
use nguon::accounts::types::{Actor, ProducerNo, Role};
use nguon::register::import::{FileKind, read_register};
use nguon::register::{Photos, Progress};

use crate::world::World;

/// Writes this many entries by one person on successive days, for paging.
async fn fill(world: &World, n: u32) {
    let sql = format!(
        "INSERT INTO audit_trail (at, account_id, role, act, thing, details) \
         SELECT '2026-01-01T00:00:00Z'::timestamptz + g * interval '1 hour', 1, 'office', 'batch.opened', 'batch ' || g, '{{\"count\": 5}}' \
         FROM generate_series(1, {n}) g"
    );
    world.sql(&sql).await;
}

#[actix_web::test]
async fn a_write_is_recorded_with_who_for_whom_what_and_in_which_request() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let fields =
        [("login", "member"), ("name", "Thành Viên"), ("role", "producer"), ("producer", "1"), ("commune", "")];
    let answer = office.submit("/people/new", "/people", &fields).await;
    let recorded = format!(
        "SELECT count(*) AS n FROM audit_trail WHERE act = 'account.created' AND account_id = {} AND role = 'office' \
         AND producer_no = 1 AND thing = 'account 2' AND request_id = '{}' AND details->>'role' = 'producer' \
         AND at BETWEEN '2026-11-22T04:59:58Z' AND '2026-11-22T05:01:00Z'",
        office.account_id.0,
        answer.header("x-request-id"),
    );
    assert_eq!(world.test_db.count(&recorded).await, 1);
    let page = office.page("/trail?act=account.created").await;
    for part in
        ["Tạo tài khoản", "Người thử office", "tài khoản 2", "1 · HTX Thử Nghiệm", answer.header("x-request-id")]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[actix_web::test]
async fn the_trail_only_grows() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    office.submit("/account", "/account/sessions/end-others", &[]).await.assert_sent_on();
    for sql in [
        "UPDATE audit_trail SET act = 'nothing.done'",
        "DELETE FROM audit_trail",
        "TRUNCATE audit_trail",
        "DELETE FROM accounts",
    ] {
        let refused = world.test_db.sql(sql).await.unwrap_err();
        assert!(refused.contains("is refused") || refused.contains("foreign key"), "{sql}: {refused}");
    }
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM audit_trail WHERE act = 'session.ended'").await, 1);
}

#[actix_web::test]
async fn a_refused_write_leaves_no_entry() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let before = world.test_db.count("SELECT count(*) AS n FROM audit_trail").await;
    let taken = [("login", "office1"), ("name", "X"), ("role", "office"), ("producer", ""), ("commune", "")];
    office.submit("/people/new", "/people", &taken).await.assert_refused("Đã có tài khoản");
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM audit_trail").await, before);
}

#[actix_web::test]
async fn no_persons_data_is_in_the_trail() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let draft = PersonDraft::new("0912 345 678", "Hoàng Thị Đào", Role::Producer, Some(ProducerNo(1)), None).unwrap();
    let (account_id, _) = world.accounts.invite_person(&Actor::operator(), draft).await.unwrap();
    let page = format!("/people/{}", account_id.0);
    let changed = [("version", "1"), ("login", "0987 654 321"), ("name", "Hoàng Thị Mai"), ("role", "auditor")];
    office.submit(&page, &page, &changed).await.assert_sent_on();
    office.submit(&page, &format!("{page}/disable"), &[("version", "2")]).await.assert_sent_on();
    assert!(3 <= world.test_db.count("SELECT count(*) AS n FROM audit_trail WHERE thing = 'account 2'").await);
    for personal in ["912345678", "987654321", "Đào", "Mai", "Hoàng", "127.0.0", "Trình duyệt"] {
        let found = format!("SELECT count(*) AS n FROM audit_trail t WHERE t::text LIKE '%{personal}%'");
        assert_eq!(world.test_db.count(&found).await, 0, "{personal}");
    }
    let kept = "SELECT count(*) AS n FROM audit_trail WHERE act = 'account.changed' \
                AND details->'changed' = '[\"login\", \"name\"]' AND details->>'role_before' = 'producer'";
    assert_eq!(world.test_db.count(kept).await, 1);
}

#[actix_web::test]
async fn an_import_reads_as_if_someone_had_written_it_on_its_page() {
    let world = World::new().await;
    world.product().await;
    let text = "product_no\tproduct\tproduct_en\tproduct_set\tproducer_no\tproducer\tproducer_kind\tcommune_code\tpack_quantity\tpack_unit\t\
                decision\tfirst_year_seen\tsource\tcertificate_id\tcertificate_no\tcertificate_decision\tfrom\tto\n\
                1\tMiến dong mới\tNoodles\t8\t1\tHTX Đổi Tên\tcompany\t01840\t500\tg\t\
                12/QĐ-UBND\t2021\tBáo Thử\t1\t02/GCN\t13/QĐ-UBND\t2025-02-01\t2028-01-31\n";
    let rows = read_register(text.as_bytes(), FileKind::Tsv).unwrap();
    world.register.import(&Actor::operator(), rows, Photos::new(), false, &Progress::default()).await.unwrap();
    let office = world.sign_in(Role::Office).await;
    let page = office.page("/trail").await;
    for part in [
        "các mục: tên · loại · xã",
        "các mục: tên · tên tiếng Anh · nhóm · một gói · quyết định công nhận · năm đầu có sao · nguồn thông tin",
        "các mục: số giấy · số quyết định · ngày hiệu lực",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for code in ["product_set", "commune_code", "certificate_no", "fields:"] {
        assert!(!page.contains(code), "{code}: {page}");
    }
}

#[actix_web::test]
async fn the_trail_is_read_by_day_act_person_and_producer() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let auditor = world.sign_in(Role::Auditor).await;
    world
        .sql(
            "INSERT INTO audit_trail (at, account_id, role, producer_no, act, thing) VALUES \
             ('2026-11-19T16:59:59Z', 1, 'office', NULL, 'batch.closed', 'batch 1'), \
             ('2026-11-19T17:00:00Z', 1, 'office', 1, 'batch.opened', 'batch 2'), \
             ('2026-11-20T16:59:59Z', 2, 'auditor', 1, 'batch.closed', 'batch 3'), \
             ('2026-11-20T17:00:00Z', NULL, 'office', NULL, 'batch.opened', 'batch 4')",
        )
        .await;
    let found = async |query: &str| {
        let page = auditor.page(&format!("/trail?{query}")).await;
        (1..=4).filter(|n| page.contains(&format!(">lô {n}<"))).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [1, 2, 3, 4]);
    assert_eq!(found("from=2026-11-20&to=2026-11-20").await, [2, 3], "days in Vietnam");
    assert_eq!(found("act=batch.closed").await, [1, 3]);
    assert_eq!(found(&format!("person={}", office.account_id.0)).await, [1, 2]);
    assert_eq!(found("person=2+%C2%B7+X").await, [3]);
    assert_eq!(found("producer=thu+nghiem").await, [2, 3]);
    assert_eq!(found("producer=1&act=batch.opened&from=20%2F11%2F2026").await, [2]);
    assert!(auditor.page("/trail?act=batch.opened").await.contains("người vận hành máy chủ"));
    for (query, because) in
        [("from=x", "Ngày viết là"), ("person=An", "chọn một người"), ("producer=zzz", "Không tìm thấy chủ thể")]
    {
        auditor.get(&format!("/trail?{query}")).await.assert_refused(because);
    }
}

#[actix_web::test]
async fn every_entry_is_on_exactly_one_page() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    fill(&world, 250).await;
    let mut address = "/trail?act=batch.opened".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    for expected in [100, 100, 50] {
        let page = office.page(&address).await;
        let things: Vec<&str> = page.split(">lô ").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
        assert_eq!(things.len(), expected);
        seen.extend(things.iter().map(|thing| thing.parse::<u32>().unwrap()));
        if let Some(rest) = page.split("rel=\"next\" href=\"").nth(1) {
            address = rest.split('"').next().unwrap().replace("&#38;", "&");
        }
    }
    assert_eq!(seen, (1..=250).collect());
}

#[actix_web::test]
async fn the_whole_trail_is_taken_away_as_a_file_without_formulas() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    world.sql("UPDATE accounts SET display_name = '=HYPERLINK(\"http://evil.example\")'").await;
    world.sql("UPDATE producers SET name = '+84 HTX, \"Thử\"'").await;
    world
        .sql("INSERT INTO audit_trail (at, account_id, role, producer_no, act, thing, details) VALUES ('2026-11-20T00:00:00Z', 1, 'office', 1, 'stamps.voided', '-1', '{\"reason\": \"@SUM(1)\"}')")
        .await;
    fill(&world, 2_500).await;
    let answer = office.get("/trail.csv").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").contains("nhat-ky-2026-11-22.csv"));
    let text = answer.text();
    let body = text.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let n_entries = world.test_db.count("SELECT count(*) AS n FROM audit_trail").await;
    assert_eq!(i64::try_from(rows.len()).unwrap(), n_entries);
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
    }
    let voided = rows.iter().find(|row| &row[6] == "stamps.voided").unwrap();
    assert_eq!(&voided[4], "'=HYPERLINK(\"http://evil.example\")");
    assert_eq!((&voided[7], &voided[9], &voided[10]), ("'-1", "'+84 HTX, \"Thử\"", "reason: @SUM(1)"));
    let some = office.get("/trail.csv?act=stamps.voided").await;
    assert_eq!(some.text().lines().count(), 2);
}

#[actix_web::test]
async fn an_act_that_cannot_be_is_found_nowhere() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    assert_eq!(office.get("/trail?act=%00").await.status, 200);
}
