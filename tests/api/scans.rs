//! What a scan answers, as a page and as JSON: every headline and every refusal, what a page may contain, and its headers.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::batches::types::Batch;
use nguon::keyring::StampSigner;
use nguon::register::import::{ImportRow, UndatedCertificate};
use nguon::stamp::{BatchNo, Issuer, KeyNo, LastValidDay, ProductNo, Serial, decode, encode};
use nguon::verify::MAX_WRONG_PER_NETWORK;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{Answer, CONTACT, ISSUER, ISSUER_NAME, StampText, World, certificate, day, good_row};

/// The largest first answer: what a server may send before it hears back, less some room for the connection's own bytes.
const MAX_FIRST_ANSWER_BYTES: usize = 14 * 1024;

/// A world, its batch of ten stamps, and the stamp with serial 7.
async fn scene() -> (World, Batch, StampText) {
    scene_of(good_row(), "2026-11-20", Some("2027-11-20")).await
}

async fn scene_of(row: ImportRow, packed_on: &str, last: Option<&str>) -> (World, Batch, StampText) {
    let world = World::new().await;
    let product_no = world.product_from(row).await;
    let batch = world.batch_of(product_no, "MD-01", packed_on, last).await;
    world.mint(batch.batch_no, 10).await;
    let stamp = world.stamp(batch.batch_no, 7).await;
    (world, batch, stamp)
}

/// Both addresses of a stamp: the signed digits and the typed code.
fn addresses(stamp: &StampText) -> [String; 2] {
    [format!("/s/{}", stamp.digits()), format!("/c/{}", stamp.plain_code())]
}

/// Signs a payload with the issuer's own key, whether or not it was minted.
fn sign(world: &World, product: ProductNo, batch: BatchNo, serial: u32, last: Option<&str>) -> String {
    let room = world.keys.room();
    let signer = room.signer(KeyNo::new(1).unwrap()).unwrap();
    let last = last.map_or(LastValidDay::NONE, |last| LastValidDay::from_date(day(last)).unwrap());
    let serial = Serial::new(serial).unwrap();
    signer.sign(&Issuer::new(ISSUER).unwrap(), product, batch, serial, last).to_digits()
}

/// Asserts a refusal, in JSON at both addresses and as a page.
async fn assert_refused(world: &World, digits: &str, rule: &str) {
    for path in [format!("/s/{digits}"), format!("/api/v1/verify/{digits}")] {
        let answer = world.public.get_json(&path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        let verdict = answer.json();
        assert_eq!(
            (&verdict["headline"], &verdict["rule"], &verdict["tone"]),
            (&json!("not_issued"), &json!(rule), &json!("red")),
            "{path}"
        );
    }
    let page = world.public.get_page(&format!("/s/{digits}")).await;
    assert_eq!(page.status, 404);
    let text = page.text();
    assert!(text.contains("<h1 id=\"headline\">Mã không hợp lệ</h1>") && text.contains(CONTACT), "{rule}: {text}");
}

/// Changes one byte of a stamp.
fn with_byte(digits: &str, at: usize, change: impl FnOnce(u8) -> u8) -> String {
    let mut bytes = decode(digits.as_bytes()).unwrap();
    bytes[at] = change(bytes[at]);
    encode(&bytes)
}

/// The whole answer as it travels, head and body.
async fn raw(world: &World, path: &str, accept: &str) -> Vec<u8> {
    let host = world.base_url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[actix_web::test]
async fn a_minted_stamp_is_issued_at_every_address() {
    let (world, batch, stamp) = scene().await;
    let mut paths = Vec::from(addresses(&stamp));
    paths.push(format!("/api/v1/verify/{}", stamp.digits()));
    paths.push(format!("/api/v1/verify/{}", stamp.plain_code()));
    for path in paths {
        let answer = world.public.get_json(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let verdict = answer.json();
        assert_eq!(
            (&verdict["headline"], &verdict["tone"], &verdict["rule"]),
            (&json!("issued"), &json!("green"), &json!(null))
        );
        assert_eq!(verdict["stamp"]["batch_no"], batch.batch_no.get());
        assert_eq!(verdict["stamp"]["serial"], 7);
    }
}

#[actix_web::test]
async fn the_json_has_every_fact_with_its_state() {
    let (world, _, stamp) = scene().await;
    let [full, compact] = addresses(&stamp);
    let states = async |path: &str| {
        let facts = world.public.verdict(path).await["facts"].clone();
        let names = ["signature", "key", "mint", "batch", "certificate", "shelf_life", "scan", "carrier"];
        names.map(|name| facts[name]["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(states(&full).await, ["valid", "active", "minted", "open", "in_force", "good", "not_recorded", "full"]);
    assert_eq!(
        states(&compact).await,
        ["not_carried", "active", "minted", "open", "in_force", "good", "not_recorded", "compact"]
    );
}

#[actix_web::test]
async fn an_unknown_key_number_is_not_called_known() {
    let (world, ..) = scene().await;
    let facts = world.public.verdict("/s/1").await["facts"].clone();
    assert_eq!((&facts["key"]["state"], &facts["signature"]["state"]), (&json!("unknown"), &json!("unread")));
}

#[actix_web::test]
async fn the_page_shows_the_seven_facts_of_the_law_and_the_certificate_with_both_answers() {
    let (world, _, stamp) = scene().await;
    for path in addresses(&stamp) {
        let text = world.public.get_page(&path).await.text();
        for shown in [
            "<h1 id=\"headline\">Tem do ",
            ISSUER_NAME,
            "Miến dong thử",
            "data:image/jpeg;base64,",
            "HTX Thử Nghiệm",
            "thôn Thử, Phường Bắc Kạn",
            "20/11/2026",
            "20/11/2027",
            "MD-01",
            "TCCS 01:2025",
            "4 sao OCOP",
            "01/GCN",
            "UBND tỉnh Thái Nguyên",
            "31/12/2027",
            "20/11/2026: còn hiệu lực",
            "22/11/2026: còn hiệu lực",
        ] {
            assert!(text.contains(shown), "{shown} is not in {text}");
        }
        assert!(!text.contains("hàng thật:") || text.contains("không bảo đảm"), "{text}");
    }
}

#[actix_web::test]
async fn a_product_without_a_picture_has_a_drawn_placeholder() {
    let (world, _, stamp) = scene().await;
    world.sql("UPDATE products SET photo = NULL").await;
    let [path, _] = addresses(&stamp);
    let is_drawn = async || {
        let text = world.public.get_page(&path).await.text();
        text.contains("Chưa có ảnh sản phẩm") && !text.contains("<img")
    };
    for _ in 0..100 {
        if is_drawn().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the page still has a picture");
}

#[actix_web::test]
async fn a_text_of_another_length_is_refused_by_length() {
    let (world, _, stamp) = scene().await;
    let digits = stamp.digits();
    for wrong in
        ["", "0", &digits[1..], &format!("{digits}0"), &format!("0{digits}"), &format!("{digits}/"), &"9".repeat(4_000)]
    {
        assert_refused(&world, wrong, "length").await;
    }
}

#[actix_web::test]
async fn percent_signs_are_never_resolved_into_digits() {
    let (world, _, stamp) = scene().await;
    let (first, rest) = stamp.digits().split_at(1);
    assert_refused(&world, &format!("%3{first}{rest}"), "length").await;
    assert_refused(&world, &format!("%EF%BC%90{rest}"), "length").await;
    assert_refused(&world, &format!("%0A{}", stamp.digits()), "length").await;
    let of_187_bytes = format!("%3{first}{}", &rest[2..]);
    assert_refused(&world, &of_187_bytes, "digit").await;
}

#[actix_web::test]
async fn a_sign_or_a_letter_among_187_bytes_is_refused_by_digit() {
    let (world, _, stamp) = scene().await;
    let rest = &stamp.digits()[1..];
    for wrong in ["+", "-", ".", "a", "~"] {
        assert_refused(&world, &format!("{wrong}{rest}"), "digit").await;
        assert_refused(&world, &format!("{rest}{wrong}"), "digit").await;
    }
}

#[actix_web::test]
async fn a_group_of_2_to_the_56_is_refused_by_group() {
    let (world, _, stamp) = scene().await;
    assert_refused(&world, &format!("72057594037927936{}", &stamp.digits()[17..]), "group").await;
    assert_refused(&world, &"9".repeat(187), "group").await;
}

#[actix_web::test]
async fn another_version_is_refused_by_version() {
    let (world, _, stamp) = scene().await;
    for version in [0_u8, 2, 15] {
        let digits = with_byte(stamp.digits(), 0, |byte| version << 4 | byte & 0x0f);
        assert_refused(&world, &digits, "version").await;
    }
}

#[actix_web::test]
async fn an_unknown_key_number_is_refused_by_key() {
    let (world, _, stamp) = scene().await;
    for key_no in [0_u8, 2, 255] {
        assert_refused(&world, &with_byte(stamp.digits(), 1, |_| key_no), "key").await;
    }
}

#[actix_web::test]
async fn a_changed_payload_or_signature_is_refused_by_signature() {
    let (world, _, stamp) = scene().await;
    for at in [2, 4, 5, 8, 10, 11, 12, 13, 44, 45, 76] {
        let digits = with_byte(stamp.digits(), at, |byte| byte ^ 1);
        assert_refused(&world, &digits, "signature").await;
    }
}

#[actix_web::test]
async fn a_stamp_of_another_issuer_or_another_key_is_refused_by_signature() {
    let (world, batch, _) = scene().await;
    let (product, serial) = (batch.product_no, Serial::new(7).unwrap());
    let last = LastValidDay::from_date(day("2027-11-20")).unwrap();
    let foreign = StampSigner::new(KeyNo::new(1).unwrap(), &[7; 32]);
    let own = Issuer::new(ISSUER).unwrap();
    let forged = foreign.sign(&own, product, batch.batch_no, serial, last);
    assert_refused(&world, &forged.to_digits(), "signature").await;
    let room = world.keys.room();
    let signer = room.signer(KeyNo::new(1).unwrap()).unwrap();
    let test_issuer = Issuer::new("demo.invalid").unwrap();
    let elsewhere = signer.sign(&test_issuer, product, batch.batch_no, serial, last);
    assert_refused(&world, &elsewhere.to_digits(), "signature").await;
}

#[actix_web::test]
async fn a_well_signed_stamp_that_no_run_holds_is_refused_as_not_minted() {
    let (world, batch, stamp) = scene().await;
    let (product, number) = (batch.product_no, batch.batch_no);
    let last = Some("2027-11-20");
    assert_eq!(sign(&world, product, number, 7, last), stamp.digits());
    let (other_product, other_batch) = (ProductNo::new(999).unwrap(), BatchNo::new(999).unwrap());
    for (what, digits) in [
        ("a serial past the run", sign(&world, product, number, 11, last)),
        ("the last serial of all", sign(&world, product, number, 16_777_215, last)),
        ("another product", sign(&world, other_product, number, 7, last)),
        ("a later last day", sign(&world, product, number, 7, Some("2028-11-20"))),
        ("no last day", sign(&world, product, number, 7, None)),
        ("a batch that does not exist", sign(&world, product, other_batch, 7, last)),
    ] {
        println!("{what}");
        assert_refused(&world, &digits, "not_minted").await;
    }
}

#[actix_web::test]
async fn a_refused_stamp_shows_nothing_of_a_real_product() {
    let (world, batch, _) = scene().await;
    let digits = sign(&world, batch.product_no, batch.batch_no, 11, Some("2027-11-20"));
    let verdict = world.public.verdict(&format!("/s/{digits}")).await;
    assert_eq!(verdict["facts"]["product"], json!(null));
    let page = world.public.get_page(&format!("/s/{digits}")).await.text();
    assert!(!page.contains("Miến dong thử"));
}

#[actix_web::test]
async fn a_batch_without_a_run_has_no_stamp_0() {
    let world = World::new().await;
    let batch = world.batch().await;
    let digits = sign(&world, batch.product_no, batch.batch_no, 0, Some("2027-11-20"));
    assert_refused(&world, &digits, "not_minted").await;
    world.mint(batch.batch_no, 1).await;
    assert_eq!(world.public.verdict(&format!("/s/{digits}")).await["headline"], "issued");
}

#[actix_web::test]
async fn a_stamp_minted_a_moment_ago_is_issued_though_its_batch_is_remembered() {
    let (world, batch, stamp) = scene().await;
    let [path, _] = addresses(&stamp);
    world.stop_listening();
    for _ in 0..5 {
        assert_eq!(world.public.verdict(&path).await["headline"], "issued");
        let minted = world.mint(batch.batch_no, 1).await;
        let verdict = world.public.verdict(&format!("/s/{}", minted.last.digits)).await;
        assert_eq!(verdict["headline"], "issued", "{verdict}");
        let code = minted.last.code.to_plain();
        assert_eq!(world.public.verdict(&format!("/c/{code}")).await["headline"], "issued");
    }
}

#[actix_web::test]
async fn query_parameters_are_ignored() {
    let (world, _, stamp) = scene().await;
    let tail = "?fbclid=IwAR0&zarsrc=31&utm_source=zalo&digits=1&/s/9";
    for path in addresses(&stamp) {
        assert_eq!(world.public.verdict(&format!("{path}{tail}")).await["headline"], "issued");
    }
    let refused = world.public.get_json(&format!("/s/1?{}", stamp.digits())).await;
    assert_eq!((refused.status, &refused.json()["rule"]), (404, &json!("length")));
}

#[actix_web::test]
async fn no_address_under_a_stamp_ever_answers_with_a_server_error() {
    let (world, _, stamp) = scene().await;
    let digits = stamp.digits();
    for tail in [
        "%00",
        "%",
        "%2",
        "%ff%fe",
        "..%2f..",
        "%2e%2e/%2e%2e",
        "//",
        "?",
        "'--",
        "%F0%9F%98%80",
        "<script>",
        "{}",
        "*",
    ] {
        for base in ["/s/", "/c/", "/api/v1/verify/"] {
            for path in [format!("{base}{tail}"), format!("{base}{digits}{tail}")] {
                let answer = String::from_utf8(raw(&world, &path, "application/json").await).unwrap();
                let status: u16 = answer.get(9..12).and_then(|text| text.parse().ok()).unwrap();
                assert!([200, 400, 404, 429].contains(&status), "{path}: {answer}");
            }
        }
    }
}

#[actix_web::test]
async fn after_the_last_day_the_headline_is_past_shelf_life() {
    let (world, _, stamp) = scene().await;
    let headlines = async |instant: &str| {
        world.move_clock_to(instant);
        let mut found = Vec::new();
        for path in addresses(&stamp) {
            found.push(world.public.verdict(&path).await["headline"].clone());
        }
        found
    };
    // The last day ends at 17:00 UTC.
    assert_eq!(headlines("2027-11-20T16:59:00Z").await, ["issued", "issued"]);
    assert_eq!(headlines("2027-11-20T17:01:00Z").await, ["past_shelf_life", "past_shelf_life"]);
    let [path, _] = addresses(&stamp);
    let page = world.public.get_page(&path).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("<h1 id=\"headline\">Hết hạn sử dụng</h1>"), "{text}");
    assert!(text.contains("20/11/2027") && text.contains(CONTACT));
}

#[actix_web::test]
async fn goods_that_do_not_expire_are_never_past_their_shelf_life() {
    let row = ImportRow { shelf_life: None, ..good_row() };
    let (world, _, stamp) = scene_of(row, "2026-11-20", None).await;
    world.move_clock_to("2090-01-01T00:00:00Z");
    let [path, _] = addresses(&stamp);
    let verdict = world.public.verdict(&path).await;
    assert_eq!((&verdict["headline"], &verdict["facts"]["shelf_life"]["state"]), (&json!("issued"), &json!("none")));
    assert_eq!(verdict["facts"]["certificate"]["today"], "lapsed");
}

#[actix_web::test]
async fn a_certificate_that_lapsed_after_packing_keeps_issued_and_shows_both_answers() {
    let row = ImportRow { certificate: Some(certificate("2024-01-01", "2026-12-31")), ..good_row() };
    let (world, _, stamp) = scene_of(row, "2026-11-20", Some("2027-11-20")).await;
    world.move_clock_to("2027-02-01T05:00:00Z");
    let [path, _] = addresses(&stamp);
    let verdict = world.public.verdict(&path).await;
    assert_eq!(verdict["headline"], "issued");
    let shown = &verdict["facts"]["certificate"];
    assert_eq!(
        (&shown["on_packing_day"], &shown["today"], &shown["to"]),
        (&json!("in_force"), &json!("lapsed"), &json!("2026-12-31"))
    );
    let text = world.public.get_page(&path).await.text();
    assert!(text.contains("20/11/2026: còn hiệu lực"), "{text}");
    let (_, today) = text.split_once("01/02/2027: ").unwrap();
    let today = today.split_once('<').unwrap().0;
    assert!(today.starts_with("đã hết") && today.ends_with("31/12/2026"), "{today}");
}

#[actix_web::test]
async fn a_certificate_that_did_not_cover_the_packing_day_is_the_headline() {
    let (world, _, stamp) = scene().await;
    world.sql("UPDATE certificates SET valid_from = '2020-01-01', valid_to = '2026-11-19'").await;
    let [path, _] = addresses(&stamp);
    world.move_clock_to("2026-11-22T06:00:00Z");
    let verdict = world.public.verdict(&path).await;
    assert_eq!((&verdict["headline"], &verdict["tone"]), (&json!("certificate_lapsed"), &json!("amber")));
    let page = world.public.get_page(&path).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("Chứng nhận OCOP đã hết hạn") && text.contains(CONTACT), "{text}");
}

#[actix_web::test]
async fn a_certificate_without_dates_is_called_unknown_and_never_lapsed() {
    let (world, _, stamp) = scene().await;
    world.sql("UPDATE certificates SET valid_from = NULL, valid_to = NULL").await;
    world.move_clock_to("2026-11-22T06:00:00Z");
    for path in addresses(&stamp) {
        let shown = world.public.verdict(&path).await["facts"]["certificate"].clone();
        assert_eq!((&shown["on_packing_day"], &shown["today"]), (&json!("unknown"), &json!("unknown")));
        let text = world.public.get_page(&path).await.text();
        assert!(text.contains("chưa có ngày chứng nhận trong sổ"), "{text}");
        assert!(!text.to_lowercase().contains("hết hạn"), "{text}");
        let english = world.public.get_page(&format!("{path}?lang=en")).await.text();
        assert!(!english.to_lowercase().contains("lapsed"), "{english}");
    }
}

#[actix_web::test]
async fn a_change_of_the_register_shows_on_the_next_scans_without_a_restart() {
    let (world, _, stamp) = scene().await;
    let [path, _] = addresses(&stamp);
    assert_eq!(world.public.verdict(&path).await["headline"], "issued");
    world.sql("UPDATE products SET name = 'Miến mới'").await;
    for _ in 0..100 {
        let name = world.public.verdict(&path).await["facts"]["product"]["name"].clone();
        if name == "Miến mới" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the old name is still shown after two seconds");
}

#[actix_web::test]
async fn a_typed_code_is_read_in_any_spelling() {
    let (world, _, stamp) = scene().await;
    let plain = stamp.plain_code();
    let spaced = plain.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap()).collect::<Vec<_>>();
    for spelling in [
        plain.to_lowercase(),
        spaced.join("-"),
        spaced.join("%20"),
        plain.replace('0', "O"),
        plain.replace('0', "o").replace('1', "l"),
        plain.replace('1', "I"),
    ] {
        let answer = world.public.get_json(&format!("/c/{spelling}")).await;
        assert_eq!(answer.status, 200, "{spelling}: {}", answer.text());
    }
}

#[actix_web::test]
async fn the_box_of_the_front_page_leads_to_the_codes_address() {
    let (world, _, stamp) = scene().await;
    let typed = stamp.code().to_lowercase().replace('-', " ").replace(' ', "+");
    let answer = world.public.get_page(&format!("/c?code=+{typed}+&lang=en")).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), format!("/c/{}?lang=en", stamp.plain_code()));
    let digits = world.public.get_page(&format!("/c?code=https://tem.example.vn/s/{}", stamp.digits())).await;
    assert_eq!(digits.header("location"), format!("/s/{}", stamp.digits()));
}

#[actix_web::test]
async fn nonsense_typed_into_the_box_stays_on_this_site_and_makes_no_header() {
    let world = World::new().await;
    for typed in [
        "%0d%0aSet-Cookie:x=1",
        "//evil.example",
        "https://evil.example/x",
        "..%2f..%2fapi",
        "%F0%9F%98%80",
        "?lang=en%23",
    ] {
        let answer = world.public.get_page(&format!("/c?code={typed}")).await;
        assert_eq!(answer.status, 303, "{typed}");
        let folder_and_rest = answer.header("location").strip_prefix("/c/").map(str::as_bytes);
        let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        assert!(folder_and_rest.is_some_and(|rest| rest.iter().all(is_harmless)), "{}", answer.header("location"));
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

#[actix_web::test]
async fn a_wrong_code_is_refused_by_code() {
    let (world, _, stamp) = scene().await;
    let plain = stamp.plain_code();
    let last = if plain.ends_with('0') { "2" } else { "0" };
    let wrong = format!("{}{last}", &plain[..15]);
    for code in [wrong.as_str(), "0", "U000000000000000", &format!("{plain}0")] {
        let answer = world.public.get_json(&format!("/c/{code}")).await;
        let verdict = answer.json();
        assert_eq!(answer.status, 404, "{code}");
        assert_eq!((&verdict["headline"], &verdict["rule"]), (&json!("not_issued"), &json!("code")));
    }
    let page = world.public.get_page(&format!("/c/{wrong}")).await;
    assert!(page.status == 404 && page.text().contains("Không có con tem nào mang mã này"));
}

/// Tries wrong codes until none are left this minute.
async fn use_up_the_wrong_codes(world: &World, headers: &[(&str, &str)]) {
    for n in 0..MAX_WRONG_PER_NETWORK {
        let mut request = world.public.request("GET", &format!("/c/{n:016}"));
        for (name, value) in headers {
            request = request.header(*name, value.replace('N', &n.to_string()));
        }
        assert_eq!(world.public.send(request).await.status, 404, "try {n}");
    }
}

#[actix_web::test]
async fn the_21st_wrong_code_in_a_minute_is_refused_and_the_right_one_too() {
    let (world, _, stamp) = scene().await;
    use_up_the_wrong_codes(&world, &[]).await;
    let right = stamp.plain_code();
    for path in ["/c/0000000000000099".to_owned(), format!("/c/{right}"), format!("/api/v1/verify/{right}")] {
        let answer = world.public.get_json(&path).await;
        answer.assert_problem(429, "too-many-codes");
        let seconds: u32 = answer.header("retry-after").parse().unwrap();
        assert!((1..=61).contains(&seconds), "{seconds}");
    }
    let [digits, _] = addresses(&stamp);
    assert_eq!(world.public.get(&digits).await.status, 200, "signatures are not limited");
    world.move_clock_to("2026-11-22T05:01:30Z");
    assert_eq!(world.public.get(&format!("/c/{right}")).await.status, 200);
}

#[actix_web::test]
async fn a_person_who_types_too_many_codes_gets_a_page() {
    let (world, ..) = scene().await;
    use_up_the_wrong_codes(&world, &[]).await;
    let page = world.public.get_page("/c/0000000000000099").await;
    assert_eq!((page.status, page.header("content-type")), (429, "text/html; charset=utf-8"));
    assert_ne!(page.header("retry-after"), "");
    assert!(page.text().contains("xin chờ"));
}

#[actix_web::test]
async fn a_forwarded_address_from_a_stranger_does_not_give_more_tries() {
    let (world, ..) = scene().await;
    let headers = [("X-Forwarded-For", "198.51.N.1"), ("Forwarded", "for=198.51.N.1"), ("X-Real-IP", "198.51.N.1")];
    use_up_the_wrong_codes(&world, &headers).await;
    let request = world.public.request("GET", "/c/0000000000000099");
    let request = request.header("X-Forwarded-For", "203.0.113.5");
    world.public.send(request).await.assert_problem(429, "too-many-codes");
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_network_has_its_own_tries() {
    let world = World::with_settings(&[("NGUON_TRUSTED_PROXIES", "127.0.0.1/32")], false).await;
    use_up_the_wrong_codes(&world, &[("X-Forwarded-For", "10.N.0.1, 203.0.113.5")]).await;
    let from = async |address: &str| {
        let request = world.public.request("GET", "/c/0000000000000099");
        world.public.send(request.header("X-Forwarded-For", address)).await.status
    };
    assert_eq!(from("203.0.113.77").await, 429, "a neighbour counts as the same network");
    assert_eq!(from("203.0.114.5").await, 404);
}

#[actix_web::test]
async fn right_codes_are_never_counted() {
    let (world, _, stamp) = scene().await;
    for _ in 0..2 * MAX_WRONG_PER_NETWORK {
        assert_eq!(world.public.get(&format!("/c/{}", stamp.plain_code())).await.status, 200);
    }
}

#[actix_web::test]
async fn pages_are_vietnamese_unless_english_is_asked_for() {
    let (world, _, stamp) = scene().await;
    let language = async |path: &str, header: Option<&str>| {
        let mut request = world.public.request("GET", path).header("Accept", "text/html");
        if let Some(header) = header {
            request = request.header("Accept-Language", header);
        }
        let text = world.public.send(request).await.text();
        let (_, rest) = text.split_once("<html lang=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    for path in ["/", &format!("/s/{}", stamp.digits()), "/s/1", "/nowhere"] {
        assert_eq!(language(path, None).await, "vi", "{path}");
        assert_eq!(language(path, Some("en-GB,en;q=0.9")).await, "en", "{path}");
        assert_eq!(language(path, Some("vi,en;q=0.9")).await, "vi", "{path}");
        assert_eq!(language(&format!("{path}?lang=en"), None).await, "en", "{path}");
        assert_eq!(language(&format!("{path}?lang=vi"), Some("en")).await, "vi", "{path}");
    }
}

#[actix_web::test]
async fn an_english_page_has_no_vietnamese_words_of_ours() {
    let (world, _, stamp) = scene().await;
    let page = world.public.get_page(&format!("/s/{}?lang=en", stamp.digits())).await.text();
    for word in ["Ngày", "Hạn sử dụng", "Cơ sở", "còn hiệu lực", "Kiểm tra"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("Issued by") && page.contains("in force"));
}

/// Pages of every kind.
async fn pages(world: &World, stamp: &StampText) -> Vec<Answer> {
    let mut pages = Vec::new();
    for path in [
        format!("/s/{}", stamp.digits()),
        format!("/c/{}", stamp.plain_code()),
        "/s/1".to_owned(),
        "/c/1".to_owned(),
        "/nowhere".to_owned(),
    ] {
        pages.push(world.public.get_page(&path).await);
    }
    pages
}

#[actix_web::test]
async fn every_page_has_the_security_headers() {
    let (world, _, stamp) = scene().await;
    for page in pages(&world, &stamp).await {
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        let text = page.text();
        let css = text.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
        assert!(policy.contains(&nguon::http::style_source(css)), "{policy}");
        assert!(page.headers.get("set-cookie").is_none());
    }
}

#[actix_web::test]
async fn no_search_engine_shows_a_stamps_page() {
    let (world, _, stamp) = scene().await;
    for page in pages(&world, &stamp).await {
        assert_eq!(page.header("x-robots-tag"), "noindex");
    }
}

#[actix_web::test]
async fn a_verdict_varies_with_what_was_asked_and_is_open_to_every_origin() {
    let (world, _, stamp) = scene().await;
    for path in [
        format!("/s/{}", stamp.digits()),
        format!("/api/v1/verify/{}", stamp.digits()),
        format!("/api/v1/verify/{}", stamp.plain_code()),
        "/s/1".to_owned(),
        "/api/v1/verify/1".to_owned(),
    ] {
        let answer = world.public.get_json(&path).await;
        assert_eq!(answer.header("vary"), "Accept, Accept-Language", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    // The office's own API is not open to other pages.
    let office = world.office.get("/api/v1/batches").await;
    assert_eq!(office.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn a_browser_gets_a_page_and_a_program_json_at_the_same_address() {
    let (world, _, stamp) = scene().await;
    let [path, _] = addresses(&stamp);
    let kind = async |accept: &str| {
        let request = world.public.request("GET", &path).header("Accept", accept);
        world.public.send(request).await.header("content-type").to_owned()
    };
    assert_eq!(kind("application/json").await, "application/json");
    for accept in
        ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "*/*", "text/html, application/json;q=0.5"]
    {
        assert_eq!(kind(accept).await, "text/html; charset=utf-8", "{accept}");
    }
}

#[actix_web::test]
async fn the_first_answer_fits_14_kb_with_a_photo_of_4_kib_in_place() {
    let (world, _, stamp) = scene().await;
    world
        .sql("UPDATE products SET photo = decode(repeat('ff', 4096), 'hex'), name = repeat('ệ', 80); UPDATE producers SET name = repeat('ở', 80)")
        .await;
    let [path, _] = addresses(&stamp);
    world.move_clock_to("2026-11-22T06:00:00Z");
    for path in [path.clone(), format!("{path}?lang=en")] {
        let bytes = raw(&world, &path, "text/html").await;
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("data:image/jpeg;base64,/////") && text.contains(&"ệ".repeat(80)));
        assert!(bytes.len() <= MAX_FIRST_ANSWER_BYTES, "{} bytes", bytes.len());
    }
}

#[actix_web::test]
async fn a_page_needs_nothing_from_elsewhere_and_runs_no_script() {
    let (world, _, stamp) = scene().await;
    for page in pages(&world, &stamp).await {
        // An empty icon of its own keeps browsers from asking for one.
        let text = page.text().replace("<link rel=\"icon\" href=\"data:,\">", "");
        for banned in [
            "<script",
            "javascript:",
            "http://",
            "https://",
            "src=\"/",
            "url(",
            "@import",
            "<link",
            "<iframe",
            " onload",
            " onclick",
            "style=\"",
        ] {
            assert!(!text.contains(banned), "{banned}: {text}");
        }
    }
}

#[actix_web::test]
async fn texts_of_the_register_cannot_break_out_of_the_page() {
    let row = ImportRow {
        product: "<script>alert(1)</script>".to_owned(),
        producer: "\"><img src=x onerror=alert(1)>".to_owned(),
        village: Some("</dd><b>đậm</b>".to_owned()),
        standards: Some("'\"&<i>".to_owned()),
        ..good_row()
    };
    let (world, _, stamp) = scene_of(row, "2026-11-20", None).await;
    for path in addresses(&stamp) {
        let text = world.public.get_page(&path).await.text();
        for banned in ["<script", "<img src=x", "<b>đậm", "<i>"] {
            assert!(!text.contains(banned), "{banned}: {text}");
        }
        assert!(text.contains("alert(1)") && text.contains("đậm"));
        let json = world.public.verdict(&path).await;
        assert_eq!(json["facts"]["product"]["name"], "<script>alert(1)</script>");
    }
}

#[actix_web::test]
async fn what_the_caller_sends_is_never_written_into_a_page() {
    let (world, ..) = scene().await;
    for path in [
        "/s/%3Cscript%3Ealert(1)",
        "/c/%3Cscript%3Ealert(1)",
        "/nowhere%3Cscript%3Ealert(1)",
        "/s/1?lang=%22%3E%3Cscript%3Ealert(1)",
    ] {
        let text = world.public.get_page(path).await.text();
        assert!(!text.contains("alert(1)"), "{path}: {text}");
    }
}

#[actix_web::test]
async fn pages_of_a_demonstration_say_so_and_others_do_not() {
    for is_demo in [false, true] {
        let world = if is_demo { World::demo().await } else { World::new().await };
        for path in ["/", "/s/1", "/c/1", "/s/1?lang=en"] {
            let text = world.public.get_page(path).await.text();
            assert_eq!(text.contains("BẢN TRÌNH DIỄN"), is_demo, "{path}");
        }
    }
}

#[actix_web::test]
async fn the_front_page_has_a_box_for_the_code_and_says_what_a_stamp_does_not_prove() {
    let world = World::new().await;
    let text = world.public.get_page("/").await.text();
    for shown in [
        "<form action=\"/c\" method=\"get\">",
        "name=\"code\"",
        "<label for=\"code\">",
        "không bảo đảm",
        CONTACT,
        ISSUER_NAME,
    ] {
        assert!(text.contains(shown), "{shown}");
    }
}

#[actix_web::test]
async fn a_head_request_has_the_headers_of_the_page_and_no_body() {
    let (world, _, stamp) = scene().await;
    let [path, _] = addresses(&stamp);
    let head = world.public.send(world.public.request("HEAD", &path)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("referrer-policy"), "no-referrer");
}

/// Takes the database away while the server runs.
async fn take_away_the_database(world: &World) {
    let name = &world.test_db.name;
    world.test_db.admin_sql(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

#[actix_web::test]
async fn without_the_database_a_remembered_batch_answers_and_an_unknown_one_is_unchecked() {
    let (world, batch, stamp) = scene().await;
    let other = world.batch_of(batch.product_no, "L-2", "2026-11-20", None).await;
    let unseen = world.mint(other.batch_no, 1).await.last;
    let remembered = addresses(&stamp);
    assert_eq!(world.public.verdict(&remembered[0]).await["headline"], "issued");
    take_away_the_database(&world).await;
    for path in &remembered {
        let answer = world.public.get_json(path).await;
        let verdict = answer.json();
        assert_eq!((answer.status, &verdict["headline"]), (200, &json!("issued")), "{verdict}");
        assert!(verdict["facts"]["batch"]["as_of"].is_string());
    }
    for path in [format!("/s/{}", unseen.digits), format!("/c/{}", unseen.code.to_plain())] {
        let answer = world.public.get_json(&path).await;
        let verdict = answer.json();
        assert_eq!((answer.status, &verdict["headline"]), (200, &json!("unchecked")), "{verdict}");
        assert_eq!(verdict["facts"]["mint"]["state"], "unknown");
        let text = world.public.get_page(&path).await.text();
        assert!(text.contains("chưa đối chiếu được sổ") && text.contains(CONTACT), "{text}");
    }
    assert_refused(&world, "1", "length").await;
}

#[actix_web::test]
async fn without_the_database_a_serial_outside_the_remembered_runs_is_unchecked_and_not_denied() {
    let (world, batch, stamp) = scene().await;
    let [path, _] = addresses(&stamp);
    assert_eq!(world.public.verdict(&path).await["headline"], "issued");
    let perhaps = sign(&world, batch.product_no, batch.batch_no, 11, Some("2027-11-20"));
    take_away_the_database(&world).await;
    let verdict = world.public.verdict(&format!("/s/{perhaps}")).await;
    assert_eq!(verdict["headline"], "unchecked", "{verdict}");
}

#[actix_web::test]
async fn facts_older_than_a_day_are_not_relied_on() {
    let (world, _, stamp) = scene().await;
    let [path, _] = addresses(&stamp);
    assert_eq!(world.public.verdict(&path).await["headline"], "issued");
    take_away_the_database(&world).await;
    world.move_clock_to("2026-11-23T04:59:00Z");
    assert_eq!(world.public.verdict(&path).await["headline"], "issued");
    world.move_clock_to("2026-11-23T05:01:00Z");
    let verdict = world.public.verdict(&path).await;
    assert_eq!(verdict["headline"], "unchecked");
    let page = world.public.get_page(&path).await.text();
    assert!(page.contains("cũ hơn một ngày") && page.contains("22/11/2026 12:00"), "{page}");
}

#[actix_web::test]
async fn without_the_database_the_office_gets_a_problem_and_is_told_to_try_again() {
    let (world, batch, _) = scene().await;
    take_away_the_database(&world).await;
    let order = world.office.order(batch.batch_no, "k", &json!({ "count": 1 })).await;
    for answer in [
        order,
        world.office.get("/api/v1/batches").await,
        world.public.get("/api/v1/products").await,
        world.public.get("/readyz").await,
    ] {
        answer.assert_problem(503, "unavailable");
        let seconds: u32 = answer.header("retry-after").parse().unwrap();
        assert!(0 < seconds);
        let text = answer.text();
        assert!(!text.contains("t_") && !text.to_lowercase().contains("postgres"), "a cause leaked: {text}");
    }
    assert_eq!(world.public.get("/healthz").await.status, 200);
}

#[actix_web::test]
async fn an_undated_certificate_of_the_register_is_shown_with_its_number() {
    let (world, batch, stamp) = scene().await;
    world.sql("UPDATE certificates SET valid_from = NULL, valid_to = NULL, certificate_no = '77/QĐ'").await;
    let row = ImportRow {
        certificate: None,
        undated_certificate: Some(UndatedCertificate { number: Some("77/QĐ".to_owned()), issuer: None }),
        ..good_row()
    };
    assert_eq!(world.product_from(row).await, batch.product_no);
    world.move_clock_to("2026-11-22T06:00:00Z");
    let [path, _] = addresses(&stamp);
    let verdict: Value = world.public.verdict(&path).await;
    assert_eq!(verdict["facts"]["certificate"]["certificate_no"], "77/QĐ");
}

#[actix_web::test]
async fn a_text_that_is_no_code_uses_up_no_try() {
    let (world, _, stamp) = scene().await;
    for n in 0..=MAX_WRONG_PER_NETWORK {
        assert_eq!(world.public.get(&format!("/c/UUUU{n}")).await.status, 404);
    }
    assert_eq!(world.public.get(&format!("/c/{}", stamp.plain_code())).await.status, 200);
}

#[actix_web::test]
async fn a_code_in_groups_is_read_by_the_api_too() {
    let (world, _, stamp) = scene().await;
    let code = stamp.plain_code();
    let groups = format!("{}%20{}%20{}%20{}", &code[..4], &code[4..8], &code[8..12], &code[12..]);
    assert_eq!(world.public.get(&format!("/api/v1/verify/{groups}")).await.status, 200);
}

#[actix_web::test]
async fn the_photo_gives_way_when_the_words_need_the_room() {
    let (world, _, stamp) = scene().await;
    world
        .sql("UPDATE products SET photo = decode(repeat('ff', 4096), 'hex'), standards = repeat('ệ', 500); UPDATE certificates SET issuer = repeat('ở', 200), certificate_no = repeat('ở', 60)")
        .await;
    let [path, _] = addresses(&stamp);
    world.move_clock_to("2026-11-22T06:00:00Z");
    let bytes = raw(&world, &path, "text/html").await;
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains(&"ệ".repeat(500)) && text.contains("Chưa có ảnh sản phẩm"));
    assert!(bytes.len() <= MAX_FIRST_ANSWER_BYTES, "{} bytes", bytes.len());
}

/// A scene whose certificate the office revoked on a day.
async fn revoked_scene(packed_on: &str, revoked_on: &str) -> (World, StampText) {
    let (world, _, stamp) = scene_of(good_row(), packed_on, Some("2027-11-20")).await;
    world
        .sql(&format!(
            "UPDATE certificates SET revoked_on = '{revoked_on}', revoked_reason = 'Kết quả <b>kiểm nghiệm</b> không đạt'"
        ))
        .await;
    (world, stamp)
}

#[actix_web::test]
async fn goods_packed_from_the_day_of_revocation_on_are_told_so_in_amber() {
    let (world, stamp) = revoked_scene("2026-11-20", "2026-11-20").await;
    let verdict = world.public.verdict(&format!("/s/{}", stamp.digits())).await;
    assert_eq!((&verdict["headline"], &verdict["tone"]), (&json!("certificate_lapsed"), &json!("amber")));
    let certificate = &verdict["facts"]["certificate"];
    assert_eq!((&certificate["state"], &certificate["today"]), (&json!("revoked"), &json!("revoked")));
    assert_eq!(certificate["revoked_on"], "2026-11-20");
    let text = world.public.get_page(&format!("/s/{}", stamp.digits())).await.text();
    for shown in [
        "<h1 id=\"headline\">Chứng nhận OCOP đã bị thu hồi</h1>",
        "đã bị thu hồi từ ngày 20/11/2026",
        "20/11/2026: Kết quả &#60;b&#62;kiểm nghiệm",
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
    assert!(!text.contains("đã hết hạn"), "{text}");
}

#[actix_web::test]
async fn goods_packed_before_the_revocation_keep_their_headline_and_the_sentence_beside_the_stars_says_it() {
    let (world, stamp) = revoked_scene("2026-11-20", "2026-11-21").await;
    let verdict = world.public.verdict(&format!("/s/{}", stamp.digits())).await;
    assert_eq!((&verdict["headline"], &verdict["tone"]), (&json!("issued"), &json!("green")));
    let certificate = &verdict["facts"]["certificate"];
    assert_eq!((&certificate["state"], &certificate["today"]), (&json!("in_force"), &json!("revoked")));
    let text = world.public.get_page(&format!("/s/{}", stamp.digits())).await.text();
    let sentence = "Giấy chứng nhận: đã bị thu hồi từ ngày 21/11/2026; ngày đóng gói còn hiệu lực";
    assert!(text.contains(sentence), "{text}");
}

#[actix_web::test]
async fn a_revoked_certificate_refuses_the_order_with_its_day() {
    let (world, _) = revoked_scene("2026-11-20", "2026-11-21").await;
    let batch_no = BatchNo::new(1).unwrap();
    let problem =
        world.office.order(batch_no, "k", &json!({ "count": 1 })).await.assert_problem(409, "certificate-revoked");
    assert!(problem["vi"].as_str().unwrap().contains("21/11/2026"), "{problem}");
}
