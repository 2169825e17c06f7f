//! The register's workbook: out and in again without loss, what a preview tells, rows by number, name and commune, certificates
//! by the rules of their day, and who may download what.

use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use nguon::accounts::types::{Actor, ProducerNo, Reach, Role};
use nguon::error::Result;
use nguon::register::import::{CertificateColumns, FileKind, FurtherColumns, ImportRow, read_register};
use nguon::register::products::{Closed, ProductFilter};
use nguon::register::{ChangeKind, ChangedThing, ImportPreview, ImportReport, Photos, Progress};

use crate::world::{World, certificate, good_row};

const HEADINGS: &str = "Số trong sổ\tTên sản phẩm\tNhóm sản phẩm\tHạng sao\tSố chủ thể\tChủ thể\tLoại hình chủ thể\tMã xã, phường\tXã, phường\tSố giấy chứng nhận\tSao trên giấy\tĐiểm đánh giá\tNơi cấp\tCấp công nhận\tCó hiệu lực từ\tCó hiệu lực đến\tTình trạng trong sổ\tThu hồi từ ngày";

/// Rows of a file with these headings.
fn rows(lines: &[&str]) -> Vec<ImportRow> {
    let text = format!("{HEADINGS}\n{}\n", lines.join("\n"));
    read_register(text.as_bytes(), FileKind::Tsv).unwrap()
}

async fn import(world: &World, rows: Vec<ImportRow>) -> Result<ImportReport> {
    world.register.import(&Actor::operator(), rows, Photos::new(), false, &Progress::default()).await
}

async fn preview(world: &World, rows: Vec<ImportRow>) -> ImportPreview {
    world.register.preview_import(rows, Photos::new()).await.unwrap()
}

/// The whole register, as exported.
async fn exported(world: &World) -> Vec<u8> {
    let everything = ProductFilter { closed: Closed::Shown, ..ProductFilter::default() };
    world.register.products_workbook(&Reach::Everything, &everything).await.unwrap()
}

fn read(workbook: &[u8]) -> Vec<ImportRow> {
    read_register(workbook, FileKind::Xlsx).unwrap()
}

/// Asserts that rows are refused at this line and heading, with this in the sentence.
async fn assert_refused(world: &World, rows: Vec<ImportRow>, place: &str, because: &str) {
    let refused = world.register.preview_import(rows.clone(), Photos::new()).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains(place) && text.contains(because), "{text}");
    assert_eq!(import(world, rows).await.unwrap_err().to_string(), text, "the import says the same");
}

/// How many acts of a kind the trail has.
async fn n_acts(world: &World, act: &str) -> i64 {
    world.test_db.count(&format!("SELECT count(*) AS n FROM audit_trail WHERE act = '{act}'")).await
}

/// A hash of everything that the register says.
async fn fingerprint(world: &World) -> Vec<i64> {
    let mut found = Vec::new();
    for table in ["producers", "products", "certificates"] {
        let sql =
            format!("SELECT coalesce(sum(hashtextextended(t::text, 0) % 1000000007), 0)::bigint AS n FROM {table} t");
        found.push(world.test_db.count(&sql).await);
    }
    found
}

/// A register with texts that programs trip over.
async fn hostile_world() -> World {
    let world = World::new().await;
    world.product().await;
    let long = "Chuyện \"kể\"\nhai dòng, ba & <bốn>. ".repeat(160);
    let further = FurtherColumns {
        product_en: Some("=HYPERLINK(\"http://x\",\"y\")".into()),
        story: Some(long.chars().take(4_999).collect::<String>() + "!"),
        story_en: Some("-1\n\n@two".into()),
        ingredients: Some("+84 912".into()),
        gtin: Some(nguon::register::gtin::Gtin::parse("8934567890120").unwrap()),
        printed_address: Some("@SUM(A1:A9)".into()),
        certificate_decision: Some("=1+1".into()),
        ..FurtherColumns::default()
    };
    let row = ImportRow {
        product: "=1+1".into(),
        producer: "+84 \"HTX\" _x0041_ 'Một'".into(),
        village: Some("-thôn @ 1; DROP".into()),
        source: Some("https://example.vn/?a=1&b=2".into()),
        further,
        ..good_row()
    };
    world.product_from(row).await;
    let decomposed = "Ba\u{301}nh de\u{309}o";
    world
        .sql(&format!(
            "INSERT INTO products (producer_no, name, set_no, story, pack_thousandths, pack_unit) VALUES
               (2, '{decomposed}', 5, E'dòng một\\r\\ndòng hai\\u0007', 500125, 'g'), (1, 'Đã đóng', 26, NULL, NULL, NULL);
             UPDATE products SET closed_at = now() WHERE name = 'Đã đóng';
             INSERT INTO producers (name, kind, village) VALUES ('HTX Thử Nghiệm', 'company', E'hai\\ndòng\\u200b');
             INSERT INTO products (producer_no, name, set_no) VALUES (3, 'Miến dong thử', 7);
             INSERT INTO certificates (product_no, stars, certificate_no, issuer, valid_from, valid_to, score_tenths, decision_no) VALUES
               (1, 3, '01/GCN', 'UBND huyện Na Rì', '2021-01-01', '2023-12-31', 655, '=2+2'),
               (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, NULL, '@9', 'ai đó', NULL, NULL, NULL, NULL);
             INSERT INTO certificates (product_no, stars, certificate_no, valid_from, valid_to, revoked_on, revoked_reason) VALUES
               (2, 5, NULL, '2018-01-01', '2040-12-31', '2019-01-01', '=thu hồi')"
        ))
        .await;
    world
}

#[actix_web::test]
async fn an_exported_workbook_imports_again_and_changes_nothing() {
    let world = hostile_world().await;
    let workbook = exported(&world).await;
    let rows = read(&workbook);
    assert_eq!(rows.len(), 8, "one row for each certificate, and for each product without");
    let told = preview(&world, rows.clone()).await;
    assert_eq!((told.changes, told.report.n_unchanged, told.n_more), (vec![], 8, 0));
    let before = fingerprint(&world).await;
    let n_trail = world.test_db.count("SELECT count(*) AS n FROM audit_trail").await;
    import(&world, rows.clone()).await.unwrap();
    assert_eq!(fingerprint(&world).await, before, "not even a version");
    let written = world.test_db.count("SELECT count(*) AS n FROM audit_trail").await - n_trail;
    assert_eq!(written, 1, "the import alone stands in the trail");
    assert_eq!(read(&exported(&world).await), rows);
}

#[actix_web::test]
async fn a_workbook_fills_an_empty_register_with_all_that_it_says() {
    let world = hostile_world().await;
    let mut rows = read(&exported(&world).await);
    let number_free = |row: &mut ImportRow| {
        row.further.product_no = None;
        row.further.producer_no = None;
        row.further.certificate_id = None;
    };
    // What left the register, was revoked or breaks the rules of its day does not come in as new.
    rows.retain(|row| row.product == "Miến dong thử" || row.product.starts_with("Bánh"));
    rows.retain(|row| row.further.revoked_on.is_none() && row.undated_certificate.is_none());
    rows.retain(|row| row.commune.is_some());
    rows.iter_mut().for_each(number_free);
    let empty = World::new().await;
    let report = import(&empty, rows.clone()).await.unwrap();
    assert_eq!((report.n_products_added, report.n_certificates_added), (2, 2));
    let mut again = read(&exported(&empty).await);
    again.iter_mut().for_each(number_free);
    for (row, expected) in again.iter_mut().zip(&rows) {
        row.line = expected.line;
        // A new certificate gets the level of its issuer from the list.
        row.further.issuer_level = expected.further.issuer_level;
    }
    let texts = |rows: &[ImportRow]| rows.iter().map(|row| format!("{row:?}")).collect::<BTreeSet<_>>();
    assert_eq!(texts(&again), texts(&rows));
}

#[actix_web::test]
async fn no_cell_is_a_formula_and_the_guide_comes_second() {
    let world = hostile_world().await;
    let mut workbook = Xlsx::new(Cursor::new(exported(&world).await)).unwrap();
    assert_eq!(workbook.sheet_names(), ["Sổ OCOP", "Hướng dẫn"]);
    let formulas = workbook.worksheet_formula("Sổ OCOP").unwrap();
    assert!(formulas.used_cells().next().is_none());
    let cells = workbook.worksheet_range("Sổ OCOP").unwrap();
    let texts: Vec<String> = cells.used_cells().map(|(_, _, cell)| cell.to_string()).collect();
    for text in ["=1+1", "+84 912", "@SUM(A1:A9)", "=thu hồi", "+84 \"HTX\" _x0041_ 'Một'"] {
        assert!(texts.iter().any(|known| known == text), "{text}");
    }
    assert!(cells.used_cells().any(|(_, _, cell)| matches!(cell, Data::DateTime(_))), "days are days");
}

#[actix_web::test]
async fn a_preview_tells_each_change_and_writes_nothing() {
    let world = World::new().await;
    world.product().await;
    let before = fingerprint(&world).await;
    let changed = ImportRow { stars: Some(3), standards: Some("TCVN 1".into()), ..good_row() };
    let changed = ImportRow { certificate: None, village: Some("thôn Mới".into()), ..changed };
    let new = ImportRow { line: 3, product: "Chè mới".into(), ..good_row() };
    let new = ImportRow { village: None, certificate: Some(certificate("2026-01-01", "2028-12-31")), ..new };
    let told = preview(&world, vec![changed, new]).await;
    let things: Vec<_> = told.changes.iter().map(|change| (change.line, change.thing, change.name.as_str())).collect();
    assert_eq!(
        things,
        [
            (2, ChangedThing::Producer, "HTX Thử Nghiệm"),
            (2, ChangedThing::Product, "Miến dong thử"),
            (3, ChangedThing::Product, "Chè mới"),
            (3, ChangedThing::Certificate, "01/GCN"),
        ]
    );
    let ChangeKind::Changed(fields) = &told.changes[1].kind else { panic!("{:?}", told.changes[1]) };
    let shown: Vec<_> =
        fields.iter().map(|field| (field.vi, field.before.as_deref(), field.after.as_deref())).collect();
    let expected = [("Hạng sao", Some("4"), Some("3")), ("Tiêu chuẩn áp dụng", Some("TCCS 01:2025"), Some("TCVN 1"))];
    assert_eq!(shown, expected);
    let added = |at: usize| {
        let ChangeKind::Added(fields) = &told.changes[at].kind else { panic!("{:?}", told.changes[at]) };
        fields.iter().map(|field| (field.vi, field.after.as_deref().unwrap())).collect::<Vec<_>>()
    };
    let expected = [
        ("Tên sản phẩm", "Chè mới"),
        ("Nhóm sản phẩm", "7"),
        ("Hạng sao", "4"),
        ("Tiêu chuẩn áp dụng", "TCCS 01:2025"),
        ("Hạn sử dụng", "12 tháng"),
        ("Số chủ thể", "1"),
        ("Chủ thể", "HTX Thử Nghiệm"),
    ];
    assert_eq!(added(2), expected, "of what is new, all that would be written");
    let expected = [
        ("Số giấy chứng nhận", "01/GCN"),
        ("Sao trên giấy", "4"),
        ("Nơi cấp", "UBND tỉnh Thái Nguyên"),
        ("Cấp công nhận", "Cấp tỉnh"),
        ("Có hiệu lực từ", "01/01/2026"),
        ("Có hiệu lực đến", "31/12/2028"),
        ("Tên sản phẩm", "Chè mới"),
    ];
    assert_eq!(added(3), expected);
    let report = &told.report;
    assert_eq!((report.n_producers_updated, report.n_products_updated, report.n_unchanged), (1, 1, 0));
    assert_eq!(fingerprint(&world).await, before);
}

#[actix_web::test]
async fn what_changes_gets_a_new_version_and_an_act_and_what_does_not_gets_neither() {
    let world = World::new().await;
    world.product().await;
    let other = ImportRow { product: "Chè thử".into(), ..good_row() };
    world.product_from(other.clone()).await;
    let changed = ImportRow { standards: Some("TCVN 1".into()), ..good_row() };
    let progress = Progress::default();
    let watched = progress.clone();
    let rows = vec![changed, ImportRow { line: 3, ..other }];
    world.register.import(&Actor::operator(), rows, Photos::new(), false, &progress).await.unwrap();
    let versions = "SELECT string_agg(version::text, '' ORDER BY product_no)::bigint AS n FROM products";
    assert_eq!(world.test_db.count(versions).await, 21);
    let details = "SELECT count(*) AS n FROM audit_trail WHERE act = 'product.changed' AND thing = 'product 1' \
                   AND producer_no = 1 AND details->'fields' = '[\"standards\"]'";
    assert_eq!(world.test_db.count(details).await, 1);
    assert_eq!((n_acts(&world, "product.changed").await, n_acts(&world, "producer.changed").await), (1, 0));
    assert_eq!(n_acts(&world, "register.imported").await, 3);
    assert_eq!((watched.done(), watched.total()), (1, 1));
}

#[actix_web::test]
async fn a_number_names_the_product_so_that_its_name_may_change() {
    let world = World::new().await;
    let product_no = world.product().await;
    let report = import(&world, rows(&["1\tMiến dong mới\t7\t\t1\tHTX Đổi Tên\tHTX"])).await.unwrap();
    assert_eq!((report.n_products_added, report.n_products_updated, report.n_producers_updated), (0, 1, 1));
    let product = world.register.find_product(product_no).await.unwrap();
    assert_eq!((product.name.as_str(), product.producer.name.as_str()), ("Miến dong mới", "HTX Đổi Tên"));
    assert_eq!(product.stars, Some(4), "an empty cell leaves what the register has");
}

#[actix_web::test]
async fn a_number_that_is_not_there_or_anothers_is_an_error_of_its_cell() {
    let world = World::new().await;
    world.product().await;
    world.product_from(ImportRow { producer: "HTX Khác".into(), ..good_row() }).await;
    assert_refused(
        &world,
        rows(&["9\tMiến\t7\t\t1\tHTX Thử Nghiệm\tHTX"]),
        "Dòng 2, cột Số trong sổ",
        "không có sản phẩm số 9",
    )
    .await;
    assert_refused(
        &world,
        rows(&["2\tMiến\t7\t\t1\tHTX Thử Nghiệm\tHTX"]),
        "Dòng 2, cột Số trong sổ",
        "là của chủ thể số 2, HTX Khác",
    )
    .await;
    assert_refused(&world, rows(&["\tMiến\t7\t\t9\tHTX\tHTX"]), "Dòng 2, cột Số chủ thể", "không có chủ thể số 9")
        .await;
    let swapped = ["\tA\t7\t\t\tHTX Thử Nghiệm\tHTX", "1\tA\t7\t\t\tHTX Thử Nghiệm\tHTX"];
    assert_refused(&world, rows(&swapped), "cột Tên sản phẩm", "đã có một sản phẩm khác mang tên này").await;
}

#[actix_web::test]
async fn two_producers_of_one_name_are_told_apart_by_commune_or_asked_about() {
    let world = World::new().await;
    let row = |commune: &str| format!("\tMật ong\t4\t\t\tHộ Nguyễn Văn A\tHộ gia đình\t{commune}");
    import(&world, rows(&[&row("01843"), &row("02185").replace("Mật ong", "Chè")])).await.unwrap();
    assert_eq!(world.test_db.count("SELECT count(*) AS n FROM producers").await, 2);
    let again = import(&world, rows(&[&row("02185")])).await.unwrap();
    assert_eq!((again.n_producers_added, again.n_products_added), (0, 1));
    assert_refused(&world, rows(&[&row("")]), "Dòng 2, cột Chủ thể", "số 1 (Phường Bắc Kạn), 2 (Xã Côn Minh)").await;
    let by_number = import(&world, rows(&["\tMật ong\t4\t\t2\tHộ Nguyễn Văn A\tHộ gia đình"])).await.unwrap();
    assert_eq!(by_number.n_unchanged, 1);
}

#[actix_web::test]
async fn a_commune_of_before_the_reform_is_refused_with_what_it_became() {
    let world = World::new().await;
    let row = |code: &str, name: &str| rows(&[&format!("\tMiến\t7\t\t\tHTX\tHTX\t{code}\t{name}")]);
    assert_refused(&world, row("01837", ""), "cột Mã xã, phường", "Phường Sông Cầu").await;
    assert_refused(&world, row("01837", ""), "cột Mã xã, phường", "nay thuộc Phường Bắc Kạn").await;
    assert_refused(&world, row("", "Phường Sông Cầu"), "cột Xã, phường", "nay thuộc Phường Bắc Kạn").await;
    assert_refused(&world, row("01843", "Phường Sông Cầu"), "cột Xã, phường", "Mã 01843 là Phường Bắc Kạn").await;
    assert_refused(&world, row("99999", ""), "cột Mã xã, phường", "Không có xã, phường nào mang mã 99999").await;
    let by_name = import(&world, row("", "phuong bac kan")).await.unwrap();
    assert_eq!(by_name.n_products_added, 1);
    let code = "SELECT count(*) AS n FROM producers WHERE commune_code = '01843'";
    assert_eq!(world.test_db.count(code).await, 1);
}

/// A line about product 1 with these cells of a certificate: number, stars, score, issuer, level, from, to.
fn of_certificate(stars: &str, cells: &str) -> Vec<ImportRow> {
    rows(&[&format!("1\tMiến dong thử\t7\t{stars}\t1\tHTX Thử Nghiệm\tHTX\t\t\t{cells}")])
}

#[actix_web::test]
async fn a_new_certificate_keeps_the_rules_of_its_first_day() {
    let world = World::new().await;
    world.product_from(ImportRow { certificate: None, ..good_row() }).await;
    let issuer = "UBND tỉnh Thái Nguyên\t";
    for (stars, cells, column, because) in [
        ("2", format!("9\t\t\t{issuer}\t2026-01-01"), "Hạng sao", "Sản phẩm 2 sao không có giấy chứng nhận"),
        ("4", format!("9\t\t69\t{issuer}\t2026-01-01"), "Điểm đánh giá", "từ 70 đến dưới 90"),
        ("4", format!("9\t\t\t{issuer}\t2026-01-01\t2030-01-01"), "Có hiệu lực đến", "36 tháng"),
        ("5", format!("9\t\t\t{issuer}\t2026-01-01"), "Cấp công nhận", "5 sao do"),
        ("4", "9\t\t\tai đó\t\t2026-01-01".to_owned(), "Cấp công nhận", "Xin chọn cấp"),
        ("4", "9\t\t\t\t\t2026-01-01".to_owned(), "Nơi cấp", "Xin điền nơi cấp"),
        ("4", format!("9\t\t\t{issuer}\t2028-01-01"), "Có hiệu lực từ", "hơn một năm"),
        ("3", format!("9\t4\t\t{issuer}\t2026-01-01"), "Hạng sao", "ghi 4 sao"),
    ] {
        assert_refused(&world, of_certificate(stars, &cells), &format!("Dòng 2, cột {column}"), because).await;
    }
    import(&world, of_certificate("", &format!("9\t\t76.5\t{issuer}\t2026-01-01"))).await.unwrap();
    let written = "SELECT count(*) AS n FROM certificates WHERE stars = 4 AND valid_to = '2028-12-31' \
                   AND score_tenths = 765 AND issuer_level = 'province'";
    assert_eq!(world.test_db.count(written).await, 1);
    assert_eq!(n_acts(&world, "certificate.recognised").await, 1);
}

#[actix_web::test]
async fn a_certificate_is_known_by_its_number_and_a_changed_fact_of_it_is_an_update() {
    let world = World::new().await;
    world.product().await;
    let report = import(&world, of_certificate("", "01/GCN\t\t80\t\t\t2025-02-01\t2028-01-31")).await.unwrap();
    assert_eq!((report.n_certificates_added, report.n_certificates_updated), (0, 1));
    let written = "SELECT count(*) AS n FROM certificates WHERE valid_from = '2025-02-01' AND score_tenths = 800 \
                   AND version = 2 AND issuer = 'UBND tỉnh Thái Nguyên'";
    assert_eq!(world.test_db.count(written).await, 1);
    assert_eq!(n_acts(&world, "certificate.changed").await, 1);
    let without_number = import(&world, of_certificate("", "\t\t81\t\t\t2025-02-01")).await.unwrap();
    assert_eq!(without_number.n_certificates_updated, 1, "its first day says which it is");
}

#[actix_web::test]
async fn a_revoked_certificate_is_shown_and_not_changed_by_a_file() {
    let world = World::new().await;
    world.product().await;
    world.sql("UPDATE certificates SET revoked_on = '2026-03-10', revoked_reason = 'thử'").await;
    let rows = read(&exported(&world).await);
    assert_eq!(preview(&world, rows.clone()).await.report.n_unchanged, 1);
    assert_refused(&world, of_certificate("", "01/GCN\t\t80"), "cột Số giấy chứng nhận", "đã bị thu hồi").await;
    let mut moved = rows;
    moved[0].further.revoked_on = Some("2026-03-11".parse().unwrap());
    assert_refused(&world, moved, "cột Thu hồi từ ngày", "Không thu hồi giấy chứng nhận qua tệp").await;
}

#[actix_web::test]
async fn what_left_the_register_is_not_changed_or_reopened_by_a_file() {
    let world = World::new().await;
    world.product().await;
    world.sql("UPDATE products SET closed_at = now()").await;
    let mut rows = read(&exported(&world).await);
    assert_eq!(preview(&world, rows.clone()).await.report.n_unchanged, 1);
    rows[0].standards = Some("TCVN 1".into());
    assert_refused(&world, rows.clone(), "cột Tên sản phẩm", "đã đóng trong sổ").await;
    rows[0].further.state = Some(nguon::register::import::RowState::Open);
    rows[0].standards = None;
    assert_refused(&world, rows, "cột Tình trạng trong sổ", "Không đóng hay mở lại qua tệp").await;
    let new = ImportRow { product: "Chè".into(), ..good_row() };
    world.sql("UPDATE producers SET closed_at = now()").await;
    assert_refused(&world, vec![new], "cột product", "đã đóng trong sổ").await;
}

#[actix_web::test]
async fn rows_of_one_product_may_not_contradict_each_other() {
    let world = World::new().await;
    let lines = [
        "\tTrà\t11\t3\t\tHTX\tHTX\t\t\t1\t\t\tUBND tỉnh Thái Nguyên\t\t2020-01-01",
        "\tTrà\t11\t4\t\tHTX\tHTX\t\t\t2\t\t\tUBND tỉnh Thái Nguyên\t\t2023-01-01",
    ];
    assert_refused(&world, rows(&lines), "Dòng 3, cột Hạng sao", "Khác với dòng 2 của cùng sản phẩm").await;
    let agreeing = lines.map(|line| line.replace("\t4\t\tHTX", "\t\t\tHTX"));
    let report = import(&world, rows(&[&agreeing[0], &agreeing[1]])).await.unwrap();
    assert_eq!((report.n_products_added, report.n_certificates_added), (1, 2));
}

#[actix_web::test]
async fn a_tax_code_belongs_to_one_producer() {
    let world = World::new().await;
    world.product().await;
    world.sql("UPDATE producers SET tax_code = '0100047516'").await;
    let tax_code = Some(nguon::register::producers::TaxCode::parse("0100047516").unwrap());
    let further = FurtherColumns { tax_code, ..FurtherColumns::default() };
    let other = ImportRow { producer: "HTX Khác".into(), further, ..good_row() };
    assert_refused(&world, vec![other.clone()], "cột tax_code", "đã là của một chủ thể khác").await;
    let own = ImportRow { producer: "HTX Thử Nghiệm".into(), ..other };
    assert_eq!(preview(&world, vec![own]).await.report.n_unchanged, 1);
}

#[actix_web::test]
async fn pictures_that_were_not_handed_in_are_counted_and_those_that_were_change_the_product() {
    let world = World::new().await;
    world.product().await;
    let told = preview(&world, vec![good_row()]).await;
    assert_eq!((told.report.n_unchanged, told.report.n_pictures_left_out), (1, 1));
    let photos = |bytes: &[u8]| Photos::from([("p.png".to_owned(), bytes.to_vec())]);
    let same = world.register.preview_import(vec![good_row()], photos(&crate::world::tiny_picture())).await.unwrap();
    assert_eq!(same.report.n_unchanged, 1);
    let other = world.register.preview_import(vec![good_row()], photos(b"other")).await.unwrap();
    let ChangeKind::Changed(fields) = &other.changes[0].kind else { panic!("{:?}", other.changes) };
    assert_eq!((fields.len(), fields[0].vi, fields[0].after.as_deref()), (1, "Tệp ảnh", Some("p.png")));
}

#[actix_web::test]
async fn ten_thousand_rows_come_in_and_go_out() {
    let world = World::new().await;
    let row = |n: u32| {
        let number = Some(format!("{n}/GCN"));
        ImportRow {
            line: n + 2,
            product: format!("Sản phẩm {n}"),
            producer: format!("HTX {}", n % 3_000),
            certificate: Some(CertificateColumns { number, ..certificate("2025-01-01", "2027-12-31") }),
            ..good_row()
        }
    };
    let rows: Vec<ImportRow> = (0..10_000).map(row).collect();
    let report = import(&world, rows).await.unwrap();
    assert_eq!(
        (report.n_producers_added, report.n_products_added, report.n_certificates_added),
        (3_000, 10_000, 10_000)
    );
    assert_eq!(report.new_product_nos, Some((1, 10_000)));
    let told = preview(&world, read(&exported(&world).await)).await;
    assert_eq!(told.report.n_unchanged, 10_000);
    assert_eq!(n_acts(&world, "product.added").await, 10_000);
}

#[actix_web::test]
async fn a_download_holds_what_the_list_finds_and_no_more_than_its_reader_may_see() {
    let world = World::new().await;
    world.product().await;
    world.product_from(ImportRow { product: "Chè thử".into(), producer: "HTX Khác".into(), ..good_row() }).await;
    let office = world.sign_in(Role::Office).await;
    let answer = office.browser.get("/products.xlsx?q=che").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"so-ocop-2026-11-22.xlsx\"");
    let names = |bytes: &[u8]| read(bytes).iter().map(|row| row.product.clone()).collect::<Vec<_>>();
    assert_eq!(names(&answer.body), ["Chè thử"]);
    let member = world.member_of(ProducerNo(1)).await;
    assert_eq!(names(&member.browser.get("/products.xlsx").await.body), ["Miến dong thử"]);
    assert_eq!(names(&world.office.get("/api/v1/register.xlsx?set=7").await.body), ["Chè thử", "Miến dong thử"]);
    let cells = |bytes: Vec<u8>| {
        let mut workbook = Xlsx::new(Cursor::new(bytes)).unwrap();
        let name = workbook.sheet_names()[0].clone();
        workbook
            .worksheet_range(&name)
            .unwrap()
            .rows()
            .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let producers = cells(member.browser.get("/producers.xlsx").await.body);
    assert_eq!((producers.len(), producers[0][1].as_str(), producers[1][1].as_str()), (2, "Chủ thể", "HTX Thử Nghiệm"));
    let certificates = cells(member.browser.get("/certificates.xlsx").await.body);
    assert_eq!((certificates.len(), certificates[1][2].as_str()), (2, "Miến dong thử"));
    assert_eq!(certificates[1].last().map(String::as_str), Some("Còn hiệu lực"));
    for (page, link) in [
        ("/products?q=che", "/products.xlsx?q=che"),
        ("/producers", "/producers.xlsx"),
        ("/certificates?stars=4", "/certificates.xlsx?stars=4"),
    ] {
        let shown = office.page(page).await;
        assert!(shown.contains(&format!("href=\"{link}\"")) && shown.contains("Tải về Excel"), "{page}: {shown}");
    }
    assert_eq!(office.browser.get("/products.xlsx?set=99").await.status, 422);
}

#[actix_web::test]
async fn a_blank_workbook_has_every_heading_and_no_row() {
    let world = World::new().await;
    let blank = world.register.blank_workbook().await.unwrap();
    assert_eq!(read(&blank), []);
}
