//! Register files handed in on a page: checked first, shown, and written when the office agrees to what it saw.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::io::{Cursor, Write};
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use nguon::accounts::types::{Actor, Role};
use nguon::register::import::{FileKind, ImportRow, read_register};
use nguon::register::{Photos, Progress};
use zip::write::SimpleFileOptions;

use crate::browser::{Browser, File, Person};
use crate::world::{Answer, World};

const HEADINGS: &str = "product\tproduct_set\tproducer\tproducer_kind\tvillage\tcommune_code\tstars";
/// Two new products of one new producer.
const GOOD: [&str; 2] =
    ["Miến dong thử\t7\tHTX Thử\tcooperative\tthôn Thử\t01843\t4", "Mật ong thử\t4\tHTX Thử\tcooperative\t\t01843\t3"];

fn tsv(lines: &[&str]) -> Vec<u8> {
    format!("{HEADINGS}\n{}\n", lines.join("\n")).into_bytes()
}

/// A file with a new certificate, whose stars, level and last day the register computes.
fn certified() -> Vec<u8> {
    let columns = "certificate_no\tissuer\tfrom";
    format!("{HEADINGS}\t{columns}\n{}\t09/GCN\tUBND tỉnh Thái Nguyên\t2026-01-01\n", GOOD[0]).into_bytes()
}

fn rows(lines: &[&str]) -> Vec<ImportRow> {
    read_register(&tsv(lines), FileKind::Tsv).unwrap()
}

/// A zip of these parts.
fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn send(by: &Browser, name: &str, bytes: &[u8]) -> Answer {
    let file = File { field: "file", name, media_type: "application/octet-stream", bytes };
    by.upload("/imports", "/imports", &[], &[file]).await
}

/// Hands a file in; the address of its page.
async fn hand_in(by: &Browser, name: &str, bytes: &[u8]) -> String {
    send(by, name, bytes).await.assert_sent_on()
}

/// The page of an import once nobody works on it any more.
async fn settled(by: &Browser, job: &str) -> String {
    for _ in 0..300 {
        let page = by.page(job).await;
        if !page.contains("data-refresh") {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{job} does not end: {}", by.page(job).await);
}

/// Hands a file in and waits for what is found.
async fn checked(by: &Browser, name: &str, bytes: &[u8]) -> (String, String) {
    let job = hand_in(by, name, bytes).await;
    let page = settled(by, &job).await;
    (job, page)
}

fn digest_in(page: &str) -> &str {
    let rest = page.split("name=\"digest\" value=\"").nth(1);
    rest.unwrap_or_else(|| panic!("nothing to agree to: {page}")).split('"').next().unwrap()
}

/// Agrees to what a page shows.
async fn agree(by: &Browser, job: &str, page: &str) -> Answer {
    by.submit(job, &format!("{job}/confirm"), &[("digest", digest_in(page))]).await
}

async fn n_products(world: &World) -> i64 {
    world.test_db.count("SELECT count(*) AS n FROM products").await
}

async fn n_certificates(world: &World, condition: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM certificates WHERE {condition}")).await
}

async fn n_jobs(world: &World, condition: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM import_jobs WHERE {condition}")).await
}

async fn n_acts(world: &World, act: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM audit_trail WHERE act = '{act}'")).await
}

/// Someone else writes to the register.
async fn import_beside(world: &World, lines: &[&str]) {
    let (operator, progress) = (Actor::operator(), Progress::default());
    world.register.import(&operator, rows(lines), Photos::new(), false, &progress).await.unwrap();
}

/// An import in this state, as another instance left it so many seconds ago; its page.
async fn left_by_another(world: &World, by: &Person, state: &str, seconds: i64) -> String {
    let at = world.clock.now() - chrono::TimeDelta::seconds(seconds);
    let sql = format!(
        "WITH made AS (INSERT INTO import_jobs (account_id, file_name, content, state, n_done, n_total, digest, report, created_at, updated_at) \
         VALUES ({}, 'so.tsv', 'x', '{state}', 120, 1000, sha256('x'), \
         '{{\"kind\": \"checked\", \"changes\": [], \"n_more\": 0, \"is_anew\": false}}', '{at}', '{at}') RETURNING job_id) \
         SELECT job_id::bigint AS n FROM made",
        by.account_id.0,
    );
    format!("/imports/{}", world.test_db.count(&sql).await)
}

#[actix_web::test]
async fn a_good_file_is_checked_shown_and_written_only_when_the_office_agrees() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "Sổ mới.tsv", &tsv(&GOOD)).await;
    for part in ["Sổ mới.tsv", "Chờ quyết định", "HTX Thử", "Miến dong thử", "Mật ong thử", "Ghi vào sổ", "Bỏ tệp này"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(n_products(&world).await, 0, "nothing is written before");
    assert_eq!(agree(&office, &job, &page).await.assert_sent_on(), job);
    let page = settled(&office, &job).await;
    assert!(page.contains("Đã ghi vào sổ") && page.contains("href=\"/products?sort=newest\""), "{page}");
    assert_eq!(n_products(&world).await, 2);
    assert!(office.page("/products").await.contains("Mật ong thử"));
}

#[actix_web::test]
async fn the_list_says_who_handed_in_what_and_what_came_of_it() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    assert!(office.page("/imports").await.contains("Chưa có lần nhập nào"));
    let (job, page) = checked(&office, "so-2026.tsv", &tsv(&GOOD)).await;
    agree(&office, &job, &page).await.assert_sent_on();
    settled(&office, &job).await;
    checked(&office, "sai.tsv", &tsv(&["Trà\t77\tHTX Thử\tcooperative\t\t\t"])).await;
    let page = office.page("/imports").await;
    for part in ["so-2026.tsv", "Người thử office", "22/11/2026", "3 mới, 0 thay đổi", "sai.tsv", "1 lỗi"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[actix_web::test]
async fn wrong_rows_are_told_by_row_and_column_in_both_languages_and_nothing_is_written() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let lines = [
        GOOD[0],
        "Trà\t77\tHTX Thử\tcooperative\t\t\t",
        "Cam\t1\tHTX Thử\tHội\t\t\t",
        "Gạo\t3\tHTX Khác\tcooperative\t\t99999\t4",
    ];
    let (job, page) = checked(&office, "so.tsv", &tsv(&lines)).await;
    assert!(page.contains("Lỗi trong tệp: 2") && page.contains("từ 1 đến 26"), "{page}");
    for (line, column) in [(3, "product_set"), (4, "producer_kind")] {
        let is_told = |row: &str| row.contains(&format!(">{line}<")) && row.contains(column);
        assert!(page.split("<tr>").any(is_told), "{column}: {page}");
    }
    let english = office.page(&format!("{job}?lang=en")).await;
    assert!(english.contains("Errors in the file: 2") && english.contains("from 1 to 26"), "{english}");
    assert!(!page.contains("/confirm"), "{page}");
    office.page("/imports?lang=vi").await;
    // What only the register knows is wrong is told the same way.
    let (_, page) = checked(&office, "so.tsv", &tsv(&[GOOD[0], lines[3]])).await;
    assert!(page.contains("Lỗi trong tệp: 1"), "{page}");
    assert!(page.contains("commune_code") && page.contains(">3<"), "{page}");
    assert_eq!(n_products(&world).await, 0);
    assert_eq!(n_jobs(&world, "content IS NOT NULL").await, 0, "a refused file is not kept");
}

#[actix_web::test]
async fn what_is_no_register_file_is_refused_with_what_to_do() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let bomb = package(&[("xl/worksheets/sheet1.xml", &vec![b' '; 101 * 1024 * 1024])]);
    assert!(bomb.len() < 1024 * 1024);
    let files: [(&str, &[u8], &str); 6] = [
        ("bomb.xlsx", &bomb, "quá lớn khi mở ra"),
        ("so.xlsx", b"PK\x03\x04 and nothing more", "lưu lại thành .xlsx"),
        ("so.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xlsx"),
        ("so.xlsx", "<svg onload=alert(1)>".as_bytes(), ".xlsx"),
        ("anh.jpg", b"\xff\xd8\xff\xe0 \n \xff", "UTF-8"),
        ("so.csv", "sản phẩm lạ,nhóm lạ\nTrà,11\n".as_bytes(), "sản phẩm lạ"),
    ];
    for (name, bytes, because) in files {
        let (_, page) = checked(&office, name, bytes).await;
        assert!(page.contains("Tệp có lỗi") && page.contains(because), "{name}: {page}");
    }
    assert_eq!(n_products(&world).await, 0);
}

#[actix_web::test]
async fn a_file_of_50_mb_and_an_empty_one_are_refused_with_the_limit() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let large = send(&office, "so.xlsx", &vec![b'x'; 50 * 1024 * 1024]).await;
    assert!(large.status == 413 && large.text().contains("20 MB"), "{} {}", large.status, large.text());
    send(&office, "so.xlsx", b"").await.assert_refused("không quá 20 MB");
    assert_eq!(n_jobs(&world, "true").await, 0);
}

#[actix_web::test]
async fn markup_in_a_file_name_and_in_cells_is_shown_as_text() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let evil = "<script>alert(1)</script>";
    let line = format!("{evil}\t7\t<b onclick=x>HTX\tcooperative\t\t01843\t4");
    let (job, page) = checked(&office, "<img src=x onerror=alert(1)>.tsv", &tsv(&[&line])).await;
    let (_, wrong) = checked(&office, "so.tsv", &tsv(&[&line, &format!("Trà\t7\tHTX\t{evil}\t\t\t")])).await;
    agree(&office, &job, &page).await.assert_sent_on();
    let done = settled(&office, &job).await;
    for page in [page, wrong, done, office.page("/imports").await] {
        assert!(
            !page.contains("<script>alert") && !page.contains("<b onclick") && !page.contains("<img src=x"),
            "{page}"
        );
    }
    assert_eq!(n_products(&world).await, 1);
}

#[actix_web::test]
async fn only_the_office_hands_in_and_only_the_office_and_auditors_look() {
    let world = World::new().await;
    world.product().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    for role in [Role::Producer, Role::Officer, Role::Inspector] {
        let person = world.sign_in(role).await;
        for path in ["/imports", &job] {
            assert_eq!(person.get(path).await.status, 403, "{role:?} {path}");
        }
        for path in ["/imports".to_owned(), format!("{job}/confirm"), format!("{job}/drop")] {
            let fields = [("form_token", ""), ("digest", digest_in(&page))];
            assert_eq!(person.post_form(&path, &fields).await.status, 403, "{role:?} {path}");
        }
    }
    let auditor = world.sign_in(Role::Auditor).await;
    let (list, shown) = (auditor.page("/imports").await, auditor.page(&job).await);
    assert!(list.contains("so.tsv") && shown.contains("Miến dong thử"), "{list} {shown}");
    assert!(!list.contains("action=\"/imports") && !shown.contains("action=\"/imports"), "no buttons: {list} {shown}");
    let token = auditor.form_token("/account").await;
    for path in [format!("{job}/confirm"), format!("{job}/drop")] {
        let fields = [("form_token", token.as_str()), ("digest", digest_in(&page))];
        assert_eq!(auditor.post_form(&path, &fields).await.status, 403, "{path}");
    }
    assert_eq!(n_jobs(&world, "state = 'checked'").await, 1);
}

#[actix_web::test]
async fn agreeing_twice_at_once_and_once_more_writes_once() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    let (one, two) = tokio::join!(agree(&office, &job, &page), agree(&office, &job, &page));
    one.assert_sent_on();
    two.assert_sent_on();
    settled(&office, &job).await;
    agree(&office, &job, &page).await.assert_sent_on();
    settled(&office, &job).await;
    assert_eq!(n_products(&world).await, 2);
    assert_eq!((n_acts(&world, "import.confirmed").await, n_acts(&world, "register.imported").await), (1, 1));
}

#[actix_web::test]
async fn what_someone_else_wrote_between_checking_and_agreeing_is_told_before_anything_is_written() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    import_beside(&world, &GOOD[..1]).await;
    agree(&office, &job, &page).await.assert_sent_on();
    let anew = settled(&office, &job).await;
    assert!(anew.contains("có người đã sửa sổ") && anew.contains("Ghi vào sổ"), "{anew}");
    assert!(!anew.contains("Miến dong thử") && anew.contains("Mật ong thử"), "{anew}");
    assert_eq!(n_products(&world).await, 1, "nothing of the file was written");
    assert_ne!(digest_in(&page), digest_in(&anew));
    // The page from before agrees to nothing any more.
    agree(&office, &job, &page).await.assert_refused("Chưa ghi gì");
    assert_eq!(n_products(&world).await, 1);
    agree(&office, &job, &anew).await.assert_sent_on();
    assert!(settled(&office, &job).await.contains("Đã ghi vào sổ"));
    assert_eq!(n_products(&world).await, 2);
}

#[actix_web::test]
async fn a_new_certificate_is_shown_with_its_computed_last_day_before_it_is_written() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &certified()).await;
    for (column, value) in [
        ("Số giấy chứng nhận", "09/GCN"),
        ("Sao trên giấy", "4"),
        ("Nơi cấp", "UBND tỉnh Thái Nguyên"),
        ("Cấp công nhận", "Cấp tỉnh"),
        ("Có hiệu lực từ", "01/01/2026"),
        ("Có hiệu lực đến", "31/12/2028"),
        ("Nhóm sản phẩm", "7"),
        ("Hạng sao", "4"),
        ("Xã, phường", "Phường Bắc Kạn"),
    ] {
        assert!(page.contains(&format!("{column}: <strong>{value}</strong>")), "{column}: {page}");
    }
    assert!(!page.contains("→ <strong>"), "nothing was there before: {page}");
    assert_eq!(n_certificates(&world, "true").await, 0);
    agree(&office, &job, &page).await.assert_sent_on();
    assert!(settled(&office, &job).await.contains("Đã ghi vào sổ"));
    let written = "certificate_no = '09/GCN' AND stars = 4 AND issuer_level = 'province' AND valid_to = '2028-12-31'";
    assert_eq!(n_certificates(&world, written).await, 1);
}

#[actix_web::test]
async fn what_would_be_computed_otherwise_since_the_check_is_told_before_it_is_written() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, mut page) = checked(&office, "so.tsv", &certified()).await;
    for (change, computed) in [
        (
            "UPDATE star_bands SET certificate_months = 24 WHERE stars = 4 AND valid_to IS NULL",
            "Có hiệu lực đến: <strong>31/12/2027</strong>",
        ),
        (
            "UPDATE issuers SET level = 'district' WHERE name = 'UBND tỉnh Thái Nguyên'",
            "Cấp công nhận: <strong>Cấp huyện",
        ),
    ] {
        assert!(!page.contains(computed), "{page}");
        world.sql(change).await;
        agree(&office, &job, &page).await.assert_sent_on();
        let anew = settled(&office, &job).await;
        assert!(anew.contains("quy định đã đổi") && anew.contains(computed), "{anew}");
        assert_eq!((n_products(&world).await, n_certificates(&world, "true").await), (0, 0), "{change}");
        page = anew;
    }
    agree(&office, &job, &page).await.assert_sent_on();
    assert!(settled(&office, &job).await.contains("Đã ghi vào sổ"));
    assert_eq!(n_certificates(&world, "valid_to = '2027-12-31' AND issuer_level = 'district'").await, 1);
}

#[actix_web::test]
async fn a_file_that_the_register_has_since_made_wrong_is_refused_whole() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    world.sql("UPDATE communes SET valid_to = '2026-01-01' WHERE code = '01843' AND valid_to IS NULL").await;
    agree(&office, &job, &page).await.assert_sent_on();
    let page = settled(&office, &job).await;
    assert!(page.contains("Tệp có lỗi") && page.contains("commune_code"), "{page}");
    assert_eq!(n_products(&world).await, 0);
}

#[actix_web::test]
async fn a_dropped_file_is_gone_and_cannot_be_written() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    for _ in 0..2 {
        office.submit(&job, &format!("{job}/drop"), &[]).await.assert_sent_on();
    }
    assert!(office.page(&job).await.contains("Đã bỏ"));
    assert_eq!(n_jobs(&world, "state = 'dropped' AND content IS NULL AND report IS NULL").await, 1);
    let token = office.form_token("/imports").await;
    let fields = [("form_token", token.as_str()), ("digest", digest_in(&page))];
    let refused = office.post_form(&format!("{job}/confirm"), &fields).await;
    assert!(refused.status == 422 && refused.text().contains("không còn chờ quyết định"), "{}", refused.text());
    assert_eq!((n_products(&world).await, n_acts(&world, "import.dropped").await), (0, 1));
}

#[actix_web::test]
async fn an_import_whose_process_is_gone_is_failed_and_says_that_nothing_was_written() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    for state in ["checking", "writing"] {
        let job = left_by_another(&world, &office, state, 60).await;
        let page = office.page(&job).await;
        assert!(page.contains("Chưa ghi gì vào sổ") && page.contains("xin gửi lại tệp"), "{state}: {page}");
        assert!(!page.contains("data-refresh"), "{state}: {page}");
    }
    // At the start of a server, nobody has to look.
    left_by_another(&world, &office, "writing", 60).await;
    world.register.tidy_imports().await.unwrap();
    assert_eq!(n_jobs(&world, "state = 'failed' AND content IS NULL").await, 3);
}

#[actix_web::test]
async fn the_progress_of_another_instance_is_read_and_its_import_is_left_alone() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let job = left_by_another(&world, &office, "writing", 5).await;
    world.register.tidy_imports().await.unwrap();
    let page = office.page(&job).await;
    for part in ["120 / 1.000", "value=\"120\" max=\"1000\"", "data-refresh", "<noscript><meta http-equiv=\"refresh\""]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(office.page("/imports").await.contains("120 / 1.000"));
}

#[actix_web::test]
async fn a_checked_file_that_nobody_decides_on_is_dropped_after_three_days() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (early, late) = (
        left_by_another(&world, &office, "checked", 71 * 3600).await,
        left_by_another(&world, &office, "checked", 73 * 3600).await,
    );
    world.register.tidy_imports().await.unwrap();
    assert!(office.page(&early).await.contains("Chờ quyết định"));
    assert!(office.page(&late).await.contains("Không ai quyết định trong 3 ngày"));
    assert_eq!(n_jobs(&world, "state = 'dropped' AND content IS NULL").await, 1);
}

#[actix_web::test]
async fn imports_take_turns_and_too_many_at_once_are_sent_away() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let mut other = world.test_db.db.dedicated().await.unwrap();
    other.batch_execute("SELECT pg_advisory_lock(121390630923778)").await.unwrap();
    let mut jobs = Vec::new();
    for n in 0..4 {
        jobs.push(hand_in(&office, "so.tsv", &tsv(&[&format!("Trà {n}\t11\tHTX {n}\tcooperative\t\t\t")])).await);
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(n_jobs(&world, "state = 'checking' AND updated_at > created_at").await, 4, "they wait and are alive");
    send(&office, "so.tsv", &tsv(&GOOD)).await.assert_refused("Đang xử lý 4 tệp khác");
    drop(other);
    for job in jobs {
        assert!(settled(&office, &job).await.contains("Chờ quyết định"));
    }
    for _ in 0..16 {
        left_by_another(&world, &office, "checked", 5).await;
    }
    send(&office, "so.tsv", &tsv(&GOOD)).await.assert_refused("Đã có 20 tệp");
}

#[actix_web::test]
async fn every_act_is_in_the_trail_with_figures_and_without_content() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "Nguyễn Thị Thử.tsv", &tsv(&GOOD)).await;
    agree(&office, &job, &page).await.assert_sent_on();
    settled(&office, &job).await;
    let (other, _) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    office.submit(&other, &format!("{other}/drop"), &[]).await.assert_sent_on();
    let recorded = async |condition: &str| {
        let sql = format!(
            "SELECT count(*) AS n FROM audit_trail WHERE account_id = {} AND request_id IS NOT NULL AND {condition}",
            office.account_id.0
        );
        world.test_db.count(&sql).await
    };
    assert_eq!(recorded("act = 'import.uploaded' AND thing = 'import 1' AND details->>'kind' = 'tsv'").await, 1);
    assert_eq!(recorded("act = 'import.confirmed' AND details->>'rows' = '2' AND details->>'added' = '3'").await, 1);
    assert_eq!(recorded("act = 'register.imported'").await, 1);
    assert_eq!(recorded("act = 'import.dropped' AND thing = 'import 2'").await, 1);
    assert_eq!(recorded("(details::text LIKE '%Nguyễn%' OR details::text LIKE '%Miến%')").await, 0);
}

#[actix_web::test]
async fn a_register_that_is_locked_by_someone_else_fails_the_import_and_says_so() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let (job, page) = checked(&office, "so.tsv", &tsv(&GOOD)).await;
    let mut other = world.test_db.db.dedicated().await.unwrap();
    other.batch_execute("SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE products").await.unwrap();
    agree(&office, &job, &page).await.assert_sent_on();
    let page = settled(&office, &job).await;
    assert!(page.contains("Bị ngắt, chưa ghi gì"), "{page}");
    drop(other);
    assert_eq!(n_products(&world).await, 0);
}

#[actix_web::test]
async fn every_change_is_shown_as_before_and_after() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    import_beside(&world, &GOOD).await;
    let (_, page) = checked(&office, "so.tsv", &tsv(&[&GOOD[0].replace("\t4", "\t5"), GOOD[1]])).await;
    assert!(page.contains("4 → <strong>5</strong>"), "{page}");
    assert!(!page.contains("Mật ong thử"), "what stays is not listed: {page}");
}

#[actix_web::test]
async fn the_empty_template_is_read_back_without_a_fault() {
    let world = World::new().await;
    let office = world.sign_in(Role::Office).await;
    let template = office.get("/imports/template.xlsx").await;
    assert!(template.status == 200 && template.header("content-disposition").contains(".xlsx"));
    let (_, page) = checked(&office, "mau.xlsx", &template.body).await;
    assert!(page.contains("không có gì để ghi"), "{page}");
}
