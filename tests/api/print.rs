//! What is printed, over HTTP: symbols that a phone reads back, labels, sheets, and exports for a print house.

use nguon::accounts::types::Scope;
use nguon::batches::types::Batch;
use nguon::label::MAX_SHEET_STAMPS;
use nguon::register::import::ImportRow;
use nguon::verify::photo::read_qr;
use serde_json::json;

use crate::world::{Answer, PUBLIC_URL, World, good_row};

/// A world with a batch of which some stamps are minted.
async fn minted(n_stamps: u32) -> (World, Batch) {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, n_stamps).await;
    (world, batch)
}

async fn get(world: &World, batch: &Batch, rest: &str) -> Answer {
    world.office.get(&format!("/api/v1/batches/{}/{rest}", batch.batch_no)).await
}

/// Letters and digits of what a reader sees, without markup and gaps.
fn visible(markup: &str) -> String {
    let texts = markup.split('<').filter_map(|piece| piece.split_once('>'));
    texts.flat_map(|(_, text)| text.chars().filter(char::is_ascii_alphanumeric)).collect()
}

#[track_caller]
fn assert_ok(answer: &Answer, content_type: &str) {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type"), content_type);
}

fn lines(csv: &Answer) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.body.as_slice());
    let records = reader.records().map(Result::unwrap);
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

#[actix_web::test]
async fn a_stamp_says_its_url_digits_and_codes() {
    let (world, batch) = minted(3).await;
    let stamp = world.stamp(batch.batch_no, 2).await;
    assert_eq!(stamp.digits().len(), 187);
    assert_eq!(stamp.url(), format!("{PUBLIC_URL}/s/{}", stamp.digits()));
    assert_eq!(stamp.0["compact_url"], format!("{PUBLIC_URL}/c/{}", stamp.plain_code()));
    let groups: Vec<usize> = stamp.code().split(['-', ' ']).map(str::len).collect();
    assert_eq!(groups, [4, 4, 4, 4]);
}

#[actix_web::test]
async fn the_host_of_a_printed_address_never_comes_from_the_request() {
    let (world, batch) = minted(1).await;
    let path = format!("/api/v1/batches/{}/stamps/1", batch.batch_no);
    let request = world.office.request("GET", &path);
    let request = request.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
    let answer = world.office.send(request).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.text().contains("evil"));
}

#[actix_web::test]
async fn the_png_of_a_full_symbol_reads_back_as_the_url() {
    let (world, batch) = minted(3).await;
    let url = world.stamp(batch.batch_no, 2).await.url().to_owned();
    for width in ["18", "20", "22", "30", "100"] {
        let png = get(&world, &batch, &format!("stamps/2/qr.png?carrier=full&width_mm={width}")).await;
        assert_ok(&png, "image/png");
        assert_eq!(png.header("x-nguon-carrier"), "full");
        assert_eq!(read_qr(&png.body).unwrap().as_deref(), Some(url.as_str()), "{width} mm");
    }
}

#[actix_web::test]
async fn the_png_of_a_compact_symbol_reads_back_as_the_code_url() {
    let (world, batch) = minted(3).await;
    let stamp = world.stamp(batch.batch_no, 2).await;
    for width in ["14", "20", "40"] {
        let png = get(&world, &batch, &format!("stamps/2/qr.png?carrier=compact&width_mm={width}")).await;
        assert_ok(&png, "image/png");
        assert_eq!(png.header("x-nguon-carrier"), "compact");
        assert_eq!(read_qr(&png.body).unwrap().as_deref(), stamp.0["compact_url"].as_str(), "{width} mm");
    }
}

#[actix_web::test]
async fn the_carrier_is_chosen_by_width_unless_it_is_named() {
    let (world, batch) = minted(1).await;
    for (query, expected) in [
        ("", "full"),
        ("?width_mm=18", "full"),
        ("?width_mm=17.9", "compact"),
        ("?carrier=auto&width_mm=14", "compact"),
        ("?carrier=compact&width_mm=30", "compact"),
    ] {
        for kind in ["qr.png", "qr.svg", "label.svg"] {
            let answer = get(&world, &batch, &format!("stamps/1/{kind}{query}")).await;
            assert_eq!(answer.status, 200, "{kind}{query}: {}", answer.text());
            assert_eq!(answer.header("x-nguon-carrier"), expected, "{kind}{query}");
        }
    }
}

#[actix_web::test]
async fn a_symbol_that_does_not_fit_its_width_is_refused() {
    let (world, batch) = minted(1).await;
    for (query, code) in [
        ("carrier=full&width_mm=17.9", "label_full_too_narrow"),
        ("carrier=full&width_mm=12", "label_full_too_narrow"),
        ("carrier=compact&width_mm=11", "label_compact_too_narrow"),
        ("width_mm=9.9", "label_width"),
        ("width_mm=100.1", "label_width"),
        ("width_mm=-20", "label_width"),
        ("width_mm=NaN", "label_width"),
        ("width_mm=inf", "label_width"),
        ("carrier=micro", "label_carrier_unknown"),
    ] {
        for path in ["stamps/1/qr.png", "stamps/1/qr.svg", "stamps/1/label.svg", "sheet.html"] {
            let answer = get(&world, &batch, &format!("{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{path}?{query}");
            answer.assert_problem(422, code);
        }
    }
}

#[actix_web::test]
async fn a_png_has_1_to_32_pixels_a_module() {
    let (world, batch) = minted(1).await;
    for (px, expected) in [
        ("0", "label_px_per_module"),
        ("33", "label_px_per_module"),
        ("4294967295", "label_px_per_module"),
        ("-1", "invalid"),
        ("x", "invalid"),
    ] {
        let answer = get(&world, &batch, &format!("stamps/1/qr.png?px_per_module={px}")).await;
        answer.assert_problem(422, expected);
    }
    for px in [1_u32, 32] {
        let answer = get(&world, &batch, &format!("stamps/1/qr.png?px_per_module={px}")).await;
        assert_ok(&answer, "image/png");
        // 45 modules of version 7 and a quiet zone of 4 on both sides.
        assert_eq!(image::load_from_memory(&answer.body).unwrap().width(), 53 * px);
    }
}

#[actix_web::test]
async fn the_svg_symbol_is_self_contained_and_square() {
    let (world, batch) = minted(1).await;
    let svg = get(&world, &batch, "stamps/1/qr.svg").await;
    assert_ok(&svg, "image/svg+xml");
    let text = svg.text();
    assert!(text.contains("<svg") && text.contains("mm\""), "{text}");
    assert!(!text.contains("href") && !text.contains("<script"));
}

#[actix_web::test]
async fn only_labels_and_sheets_of_the_demonstration_say_so() {
    for is_demo in [false, true] {
        let world = World::new().await;
        let product_no = if is_demo { world.demo_product().await } else { world.product().await };
        let batch = world.batch_of(product_no, "MD-01", "2026-11-20", None).await;
        world.mint(batch.batch_no, 2).await;
        for path in
            ["stamps/1/label.svg", "stamps/1/label.svg?width_mm=14", "stamps/1/label.svg?width_mm=40", "sheet.html"]
        {
            let answer = get(&world, &batch, path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.text().contains("BẢN TRÌNH DIỄN"), is_demo, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_label_carries_the_typed_code_the_lot_and_the_serial() {
    let (world, batch) = minted(1234).await;
    let stamp = world.stamp(batch.batch_no, 1234).await;
    let svg = get(&world, &batch, "stamps/1234/label.svg").await;
    assert_ok(&svg, "image/svg+xml");
    let text = svg.text();
    assert!(visible(&text).contains(&stamp.plain_code()), "{text}");
    assert!(text.contains("MD-01") && text.contains("1234"), "{text}");
}

#[actix_web::test]
async fn a_products_name_cannot_break_out_of_a_label_or_a_sheet() {
    let world = World::new().await;
    let row = ImportRow {
        product: "</text><script>alert(1)</script>&\"'".to_owned(),
        producer: "<b>HTX</b>".to_owned(),
        ..good_row()
    };
    let product_no = world.product_from(row).await;
    let batch = world.batch_of(product_no, "A<B>&'\"", "2026-11-20", None).await;
    world.mint(batch.batch_no, 2).await;
    for path in ["stamps/1/label.svg?width_mm=40", "sheet.html?width_mm=40", "sheet.html"] {
        let text = get(&world, &batch, path).await.text();
        assert!(!text.contains("<script") && !text.contains("<b>HTX"), "{path}: {text}");
        assert!(!text.contains("A<B>"), "{path}");
    }
}

#[actix_web::test]
async fn a_stamp_that_was_not_minted_cannot_be_printed() {
    let (world, batch) = minted(3).await;
    for serial in ["4", "16777215", "16777216", "-1", "x", "1.0", "%31"] {
        for kind in ["", "/qr.svg", "/qr.png", "/label.svg"] {
            let answer = get(&world, &batch, &format!("stamps/{serial}{kind}")).await;
            if serial == "%31" {
                assert_eq!(answer.status, 200);
            } else {
                answer.assert_problem(404, "not-found");
            }
        }
    }
}

#[actix_web::test]
async fn printing_again_gives_the_same_stamps_even_after_the_batch_was_corrected() {
    let (world, batch) = minted(3).await;
    let before = world.stamp(batch.batch_no, 3).await;
    world.sql("UPDATE batches SET last_valid_day = '2027-01-31', lot = 'CORRECTED'").await;
    let after = world.stamp(batch.batch_no, 3).await;
    assert_eq!(after.0, before.0);
    let verdict = world.public.verdict(&format!("/s/{}", after.digits())).await;
    assert_eq!(verdict["headline"], "issued");
    assert_eq!(verdict["facts"]["shelf_life"]["last_valid_day"], "2027-01-31");
}

#[actix_web::test]
async fn the_csv_has_one_line_a_stamp_in_order_under_its_header() {
    let (world, batch) = minted(1_000).await;
    world.mint(batch.batch_no, 500).await;
    let csv = get(&world, &batch, "stamps.csv").await;
    assert_ok(&csv, "text/csv; charset=utf-8");
    assert_eq!(
        csv.header("content-disposition"),
        format!("attachment; filename=\"nguon-{}-1-1500.csv\"", batch.batch_no)
    );
    let lines = lines(&csv);
    assert_eq!(lines[0], ["batch_no", "serial", "code", "url", "compact_url"]);
    let serials: Vec<u32> = lines[1..].iter().map(|line| line[1].parse().unwrap()).collect();
    assert_eq!(serials, (1..=1_500).collect::<Vec<_>>());
    for serial in [1, 256, 257, 1_000, 1_001, 1_500_u32] {
        let stamp = world.stamp(batch.batch_no, serial).await;
        let line = &lines[usize::try_from(serial).unwrap()];
        assert_eq!(line[2..4], [stamp.code().to_owned(), stamp.url().to_owned()]);
        assert_eq!(line[4], stamp.0["compact_url"].as_str().unwrap());
    }
}

#[actix_web::test]
async fn the_csv_is_streamed_and_not_gathered_first() {
    let (world, batch) = minted(300_000).await;
    let path = format!("/api/v1/batches/{}/stamps.csv", batch.batch_no);
    let mut answer = world.office.request("GET", &path).send().await.unwrap();
    assert_eq!(answer.headers().get("content-length"), None);
    // 90 MB: the first piece arrives long before they could be signed, and going away harms nobody.
    let first = answer.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"batch_no,serial,code"));
    drop(answer);
    assert_eq!(world.public.get("/healthz").await.status, 200);
}

#[actix_web::test]
async fn the_csv_of_a_range_holds_that_range_and_nothing_unminted() {
    let (world, batch) = minted(100).await;
    let serials = |answer: &Answer| lines(answer)[1..].iter().map(|line| line[1].clone()).collect::<Vec<_>>();
    let middle = get(&world, &batch, "stamps.csv?first=40&last=42").await;
    assert_eq!(serials(&middle), ["40", "41", "42"]);
    let with_whole_batch = get(&world, &batch, "stamps.csv?first=0&last=1").await;
    assert_eq!(serials(&with_whole_batch), ["0", "1"]);
    for query in ["first=40&last=101", "first=101", "last=101", "last=16777215", "first=16777216", "last=4294967295"] {
        let answer = get(&world, &batch, &format!("stamps.csv?{query}")).await;
        answer.assert_problem(404, "not-found");
    }
    let backwards = get(&world, &batch, "stamps.csv?first=42&last=40").await;
    assert_eq!(backwards.assert_problem(422, "invalid")["field"], "last");
}

#[actix_web::test]
async fn a_batch_without_stamps_has_nothing_to_export() {
    let world = World::new().await;
    let batch = world.batch().await;
    for path in ["stamps.csv", "sheet.html", "stamps.csv?scratch=true"] {
        get(&world, &batch, path).await.assert_problem(404, "not-found");
    }
}

#[actix_web::test]
async fn scratch_codes_need_their_own_scope_and_nothing_is_recorded_without_it() {
    let world = World::new().await;
    let batch = world.batch().await;
    let order = json!({ "count": 10, "scratch": true });
    assert_eq!(world.office.order(batch.batch_no, "k", &order).await.status, 201);
    get(&world, &batch, "stamps.csv?scratch=true").await.assert_problem(403, "forbidden");
    let n_exports = "SELECT count(*) AS n FROM scratch_exports";
    assert_eq!(world.test_db.count(n_exports).await, 0);
    let plain = get(&world, &batch, "stamps.csv").await;
    assert_eq!(lines(&plain)[0].len(), 5);
}

#[actix_web::test]
async fn an_export_of_scratch_codes_is_recorded_with_who_and_which() {
    let world = World::new().await;
    let batch = world.batch().await;
    world.mint(batch.batch_no, 5).await;
    let order = json!({ "count": 10, "scratch": true });
    assert_eq!(world.office.order(batch.batch_no, "k", &order).await.status, 201);
    let token = world.accounts.create_token("print", None, &[Scope::Office, Scope::ScratchRead], None).await.unwrap();
    let printer = world.office.with_token(token.token.reveal());
    let path = format!("/api/v1/batches/{}/stamps.csv?scratch=true&first=4&last=8", batch.batch_no);
    let lines = lines(&printer.get(&path).await);
    assert_eq!(lines[0][5], "scratch_code");
    let codes: Vec<&str> = lines[1..].iter().map(|line| line[5].as_str()).collect();
    assert_eq!(codes[..2], ["", ""], "the first run has no scratch layer");
    for code in &codes[2..] {
        assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
    }
    let recorded = format!(
        "SELECT count(*) AS n FROM scratch_exports WHERE batch_no = {} AND first_serial = 4 AND last_serial = 8 AND exported_by = {}",
        batch.batch_no, token.token_id.0
    );
    assert_eq!(world.test_db.count(&recorded).await, 1);
}

#[actix_web::test]
async fn scratch_codes_stand_in_no_other_answer() {
    let world = World::new().await;
    let batch = world.batch().await;
    let order = json!({ "count": 3, "scratch": true });
    let minted = world.office.order(batch.batch_no, "k", &order).await;
    let printer = world.client_with(&[Scope::Office, Scope::ScratchRead]).await;
    let path = format!("/api/v1/batches/{}/stamps.csv?scratch=true", batch.batch_no);
    let scratch = lines(&printer.get(&path).await)[3][5].clone();
    let stamp = world.stamp(batch.batch_no, 3).await;
    let mut others = vec![minted.text(), stamp.0.to_string()];
    for path in ["stamps/3/label.svg", "sheet.html", "stamps.csv"] {
        others.push(get(&world, &batch, path).await.text());
    }
    others.push(world.public.get(&format!("/s/{}", stamp.digits())).await.text());
    for text in others {
        let outside_digits = text.replace(stamp.digits(), "");
        assert!(!outside_digits.contains(&scratch));
    }
}

#[actix_web::test]
async fn a_sheet_has_every_code_of_its_range_once() {
    let (world, batch) = minted(120).await;
    let sheet = get(&world, &batch, "sheet.html?first=11&last=110&width_mm=20").await;
    assert_ok(&sheet, "text/html; charset=utf-8");
    let text = sheet.text();
    let letters = visible(&text);
    for (serial, n_expected) in [(10, 0), (11, 1), (60, 1), (110, 1), (111, 0)] {
        let code = world.stamp(batch.batch_no, serial).await.plain_code();
        assert_eq!(letters.matches(&code).count(), n_expected, "serial {serial}");
    }
    assert!(text.contains("@page") && text.contains("A4") && text.contains("@media print"));
    assert!(!text.contains("<script") && !text.contains("http://") && !text.contains(" href="));
    assert!(text.trim_end().ends_with("</html>"));
}

#[actix_web::test]
async fn a_sheets_own_style_is_the_only_one_its_policy_allows() {
    let (world, batch) = minted(1).await;
    let sheet = get(&world, &batch, "sheet.html").await;
    let text = sheet.text();
    let css = text.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
    let policy = sheet.header("content-security-policy");
    assert!(policy.contains(&nguon::http::style_source(css)), "{policy}");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe-inline"), "{policy}");
}

#[actix_web::test]
async fn a_sheet_takes_no_more_stamps_than_it_says() {
    let (world, batch) = minted(MAX_SHEET_STAMPS + 1).await;
    get(&world, &batch, "sheet.html").await.assert_problem(422, "label_sheet_size");
}

/// Voids serials of a batch as misprints.
async fn void(world: &World, batch: &Batch, first: u32, last: u32) {
    let body = json!({ "first": first, "last": last, "reason": "misprint" });
    let answer = world.office.post(&format!("/api/v1/batches/{}/voids", batch.batch_no), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[actix_web::test]
async fn a_sheet_leaves_voided_stamps_out_and_says_which() {
    let (world, batch) = minted(100).await;
    void(&world, &batch, 45, 50).await;
    let sheet = get(&world, &batch, "sheet.html").await;
    assert_ok(&sheet, "text/html; charset=utf-8");
    let (text, letters) = (sheet.text(), visible(&sheet.text()));
    for (serial, n_expected) in [(44, 1), (45, 0), (47, 0), (50, 0), (51, 1)] {
        let code = world.stamp(batch.batch_no, serial).await.plain_code();
        assert_eq!(letters.matches(&code).count(), n_expected, "serial {serial}");
    }
    assert!(text.contains("In 94 tem trên "), "the number is of what is printed");
    let n_pages = text.matches("<section class=\"page\">").count();
    assert_eq!(text.matches("Đã bỏ qua 6 tem đã hủy: 45–50").count(), n_pages + 1, "in the help and on every page");
    assert!(!get(&world, &batch, "sheet.html?last=44").await.text().contains("bỏ qua"));
}

#[actix_web::test]
async fn the_csv_leaves_voided_stamps_out_over_two_runs() {
    let (world, batch) = minted(5).await;
    world.mint(batch.batch_no, 5).await;
    void(&world, &batch, 4, 7).await;
    let csv = get(&world, &batch, "stamps.csv").await;
    let serials: Vec<String> = lines(&csv)[1..].iter().map(|line| line[1].clone()).collect();
    assert_eq!(serials, ["1", "2", "3", "8", "9", "10"]);
}

#[actix_web::test]
async fn a_voided_stamp_says_so_and_no_picture_of_it_is_made() {
    let (world, batch) = minted(3).await;
    assert!(world.stamp(batch.batch_no, 2).await.0.get("voided").is_none());
    void(&world, &batch, 2, 2).await;
    assert_eq!(world.stamp(batch.batch_no, 2).await.0["voided"], "misprint");
    for kind in ["qr.svg", "qr.png", "label.svg"] {
        let problem = get(&world, &batch, &format!("stamps/2/{kind}")).await.assert_problem(409, "stamp-voided");
        assert!(problem["vi"].as_str().unwrap().contains("Tem số 2 đã hủy (in hỏng)"), "{problem}");
        assert_eq!(get(&world, &batch, &format!("stamps/3/{kind}")).await.status, 200, "{kind}");
    }
}

#[actix_web::test]
async fn a_range_of_voided_stamps_alone_is_a_sentence_and_not_an_empty_sheet() {
    let (world, batch) = minted(10).await;
    void(&world, &batch, 3, 5).await;
    void(&world, &batch, 6, 6).await;
    for path in ["sheet.html?first=3&last=6", "stamps.csv?first=4&last=6", "sheet.html?first=6&last=6"] {
        let problem = get(&world, &batch, path).await.assert_problem(409, "stamp-voided");
        assert!(problem["vi"].as_str().unwrap().contains("không còn tem nào để in"), "{path}: {problem}");
    }
}
