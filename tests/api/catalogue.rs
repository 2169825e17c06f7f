//! The public pages that need no stamp: what is found, what is shown, what is never shown, and how long it may be kept.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::cli::server::route_table;
use nguon::register::import::ImportRow;

use crate::world::{Answer, CONTACT, ISSUER_NAME, PUBLIC_URL, World, certificate, good_row};

fn row(product: &str, producer: &str) -> ImportRow {
    ImportRow { product: product.to_owned(), producer: producer.to_owned(), ..good_row() }
}

/// Names of the products that were found, in their order; not those that only come near.
fn names(page: &Answer) -> Vec<String> {
    let text = page.text();
    let text = text.split("Có phải quý vị tìm").next().unwrap();
    let rows = text.split("<strong>").skip(1).filter_map(|rest| rest.split_once("</strong>"));
    let hits = rows.filter(|(_, rest)| rest.contains("</a></li>"));
    hits.map(|(name, _)| name.to_owned()).collect()
}

async fn found(world: &World, query: &str) -> Vec<String> {
    let page = world.public.get_page(&format!("/?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    names(&page)
}

async fn three_products() -> World {
    let world = World::new().await;
    world.product_from(row("Miến dong Việt Cường", "HTX Hòa Thịnh")).await;
    world
        .product_from(ImportRow {
            set_no: 11,
            certificate: Some(certificate("2020-01-01", "2022-12-31")),
            stars: Some(3),
            ..row("Chè xanh Tân Cương", "Công ty 100% Chè")
        })
        .await;
    world.product_from(ImportRow { image: None, ..row("Gạo Bao thai", "HTX Định_Hóa") }).await;
    world
}

#[actix_web::test]
async fn a_search_ignores_diacritics_case_and_where_the_tone_stands() {
    let world = three_products().await;
    for words in
        ["mien+dong", "MI%E1%BA%BEN", "viet+cuong", "ho%C3%A0+th%E1%BB%8Bnh", "h%C3%B2a+thinh", "Mie%CC%82%CC%81n"]
    {
        assert_eq!(found(&world, &format!("q={words}")).await, ["Miến dong Việt Cường"], "{words}");
    }
}

#[actix_web::test]
async fn every_word_must_be_found_in_product_producer_commune_or_former_district() {
    let world = three_products().await;
    assert_eq!(found(&world, "q=thinh+mien").await, ["Miến dong Việt Cường"]);
    assert_eq!(found(&world, "q=mien+phuong+bac+kan+na+ri").await, ["Miến dong Việt Cường"]);
    assert_eq!(found(&world, "q=mien+che").await, Vec::<String>::new());
}

#[actix_web::test]
async fn signs_that_mean_something_to_a_database_mean_themselves() {
    let world = three_products().await;
    assert_eq!(found(&world, "q=100%25").await, ["Chè xanh Tân Cương"]);
    assert_eq!(
        found(&world, "q=%EF%BC%85").await,
        ["Chè xanh Tân Cương"],
        "a wide percent sign is read as a plain one"
    );
    assert_eq!(found(&world, "q=_").await, ["Gạo Bao thai"]);
    for odd in ["%5C", "%27%3B--", "%25%25", "a%5C", "%5C%25", "%F0%9F%8D%AF"] {
        assert_eq!(found(&world, &format!("q={odd}")).await, Vec::<String>::new(), "{odd}");
    }
}

#[actix_web::test]
async fn a_list_narrows_by_set_and_by_the_stars_that_hold_today() {
    let world = three_products().await;
    assert_eq!(found(&world, "set=11").await, ["Chè xanh Tân Cương"]);
    assert_eq!(found(&world, "stars=3").await, ["Chè xanh Tân Cương"]);
    assert_eq!(found(&world, "stars=4&set=7").await, ["Gạo Bao thai", "Miến dong Việt Cường"]);
    // A certificate with more stars that began since counts for more than what the register once wrote down.
    world.sql("UPDATE certificates SET stars = 5 WHERE product_no = 1").await;
    assert_eq!(found(&world, "stars=5").await, ["Miến dong Việt Cường"]);
    assert_eq!(found(&world, "stars=4").await, ["Gạo Bao thai"]);
    world.sql("UPDATE certificates SET revoked_on = '2026-11-22', revoked_reason = 'x' WHERE product_no = 1").await;
    assert_eq!(found(&world, "stars=5").await, Vec::<String>::new());
}

#[actix_web::test]
async fn what_makes_no_sense_narrows_nothing() {
    let world = three_products().await;
    for query in ["set=99", "stars=x", "page=-1", "page=0&set=", "unknown=1", "q=+++", "q=%00"] {
        assert_eq!(found(&world, query).await.len(), 3, "{query}");
    }
}

#[actix_web::test]
async fn a_row_says_stars_producer_commune_and_the_certificates_state_in_words() {
    let world = three_products().await;
    let text = world.public.get_page("/").await.text();
    for shown in [
        "3 sản phẩm",
        "4 sao",
        "HTX Hòa Thịnh · Phường Bắc Kạn",
        "Giấy chứng nhận còn hiệu lực đến hết ngày 31/12/2027",
        "Giấy chứng nhận: đã hết hiệu lực sau ngày 31/12/2022",
        "<a class=\"hit\" href=\"/p/1\"><img src=\"/p/1/picture.jpg\"",
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
    assert!(!text.contains("/p/3/picture.jpg"), "a product without a picture has a drawn one");
}

#[actix_web::test]
async fn twenty_products_make_a_page_and_links_lead_on_with_the_search() {
    let world = World::new().await;
    for n in 1..=21 {
        world.product_from(row(&format!("Chè {n:02}"), "HTX Chè")).await;
    }
    let first = world.public.get_page("/?q=che&set=7").await;
    assert_eq!(names(&first).len(), 20);
    let text = first.text();
    assert!(text.contains("21 sản phẩm") && text.contains("Trang 1/2"), "{text}");
    assert!(text.contains("href=\"/?q=che&#38;set=7&#38;page=2\"") && !text.contains("rel=\"prev\""), "{text}");
    let second = world.public.get_page("/?q=che&set=7&page=2").await;
    assert_eq!(names(&second), ["Chè 21"]);
    assert!(second.text().contains("rel=\"prev\"") && !second.text().contains("rel=\"next\""));
    let beyond = world.public.get_page("/?q=che&page=9").await;
    assert_eq!(beyond.status, 200);
    assert!(beyond.text().contains("Trang này không còn sản phẩm nào"));
}

#[actix_web::test]
async fn nothing_found_says_what_to_do_and_offers_names_that_come_near() {
    let world = three_products().await;
    let text = world.public.get_page("/?q=mien+dongg").await.text();
    assert!(text.contains("Không tìm thấy") && text.contains("Xin thử ít chữ hơn"), "{text}");
    let offered = text.split_once("Có phải quý vị tìm").unwrap().1;
    assert!(offered.contains("Miến dong Việt Cường") && !offered.contains("Gạo Bao thai"), "{offered}");
    let none = world.public.get_page("/?q=zzzzzz").await.text();
    assert!(none.contains("Không tìm thấy") && !none.contains("Có phải quý vị tìm"));
    let empty = World::new().await.public.get_page("/").await.text();
    assert!(empty.contains("Sổ chưa có sản phẩm nào"));
}

#[actix_web::test]
async fn examples_are_on_view_in_a_demonstration_alone() {
    for (world, n_expected, status) in [(World::new().await, 0, 404), (World::demo().await, 1, 200)] {
        world.demo_product().await;
        assert_eq!(found(&world, "q=mien").await.len(), n_expected);
        for path in ["/p/1", "/p/1/picture.jpg"] {
            assert_eq!(world.public.get_page(path).await.status, status, "{path}");
        }
        assert_eq!(world.public.get("/sitemap.xml").await.text().contains("/p/1<"), n_expected == 1);
    }
}

#[actix_web::test]
async fn a_closed_product_is_in_no_list_but_its_number_still_leads_to_its_page() {
    for table in ["products", "producers"] {
        let world = three_products().await;
        world.sql(&format!("UPDATE {table} SET closed_at = '2026-11-01T05:00:00Z' WHERE producer_no = 1")).await;
        assert_eq!(found(&world, "").await.len(), 2);
        assert!(!world.public.get("/sitemap.xml").await.text().contains("/p/1<"));
        let page = world.public.get_page("/p/1").await;
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(text.contains("không còn trong chương trình") && text.contains("01/11/2026"), "{text}");
        assert!(text.contains("Miến dong Việt Cường") && text.contains("content=\"noindex\""), "{text}");
    }
}

/// A world with one product that has everything there is to show.
async fn full_product() -> World {
    let world = World::new().await;
    world.product().await;
    world
        .sql(
            "UPDATE products SET name_en = 'Canna vermicelli', story = E'Dòng một\nDòng hai', story_en = 'A story', \
                 ingredients = 'Củ dong riềng', gtin = '8930000000019'; \
             UPDATE producers SET printed_address = 'Thôn Thử, xã Cũ, huyện Na Rì'; \
             INSERT INTO certificates (product_no, stars, certificate_no, issuer, valid_from, valid_to, revoked_on, revoked_reason) \
                 VALUES (1, 3, '99/CŨ', 'UBND huyện Na Rì', '2021-01-01', '2023-12-31', '2022-05-06', 'Không còn đạt'); \
             INSERT INTO producer_contacts (producer_no, kind, value, visibility, consent_by, consent_at, consent_text, created_at) VALUES \
                 (1, 'phone', '0209 000 111', 'public', 'chủ thể', now(), 'đồng ý', now()), \
                 (1, 'phone', '0209 000 222', 'offices', NULL, NULL, NULL, now()), \
                 (1, 'email', 'me@example.vn', 'me', NULL, NULL, NULL, now()), \
                 (1, 'website', 'javascript:alert(1)', 'public', 'chủ thể', now(), 'đồng ý', now()); \
             INSERT INTO food_safety_papers (producer_no, product_no, kind, paper_no, issued_on, valid_to, closed_at) VALUES \
                 (1, NULL, 'eligibility', '12/ATTP', '2025-03-01', '2028-02-29', NULL), \
                 (1, 1, 'test_report', NULL, NULL, '2026-11-22', NULL), \
                 (1, 1, 'organic', NULL, NULL, '2026-11-21', NULL), \
                 (1, NULL, 'haccp', NULL, NULL, NULL, now()); \
             INSERT INTO product_photos (product_no, place, jpeg, small, width_px, height_px, created_at) VALUES \
                 (1, 2, 'x', 'x', 640, 480, now()), (1, 1, 'x', 'x', 800, 600, now())",
        )
        .await;
    let product_no = nguon::stamp::ProductNo::new(1).unwrap();
    for (lot, packed_on, last) in [
        ("MD-01", "2026-11-20", Some("2027-11-20")),
        ("MD-OLD", "2025-06-01", Some("2026-06-01")),
        ("MD-REC", "2025-05-01", Some("2026-05-01")),
        ("MD-NEW", "2026-11-21", None),
    ] {
        let batch = world.batch_of(product_no, lot, packed_on, last).await;
        if lot != "MD-NEW" {
            world.sql(&format!("UPDATE batches SET next_serial = 11 WHERE batch_no = {}", batch.batch_no)).await;
        }
    }
    world
        .sql("UPDATE batches SET standing = 'recalled', standing_reason = 'Nấm mốc', standing_advice = 'Trả lại nơi bán', standing_since = now() WHERE lot = 'MD-REC'")
        .await;
    world
}

#[actix_web::test]
async fn a_products_page_shows_what_is_public_and_nothing_else() {
    let world = full_product().await;
    let text = world.public.get_page("/p/1").await.text();
    for shown in [
        "<h1 id=\"name\">Miến dong thử</h1>",
        "Canna vermicelli",
        "Dòng một\nDòng hai",
        "Củ dong riềng",
        "8930000000019",
        "12 tháng từ ngày đóng gói",
        "TCCS 01:2025",
        "01/GCN",
        "01/01/2025 – 31/12/2027",
        "còn hiệu lực",
        "99/CŨ",
        "UBND huyện Na Rì",
        "đã bị thu hồi từ ngày 06/05/2022",
        "Không còn đạt",
        "Hợp tác xã",
        "thôn Thử, Phường Bắc Kạn, Thái Nguyên",
        "Thôn Thử, xã Cũ, huyện Na Rì",
        "Na Rì, Bắc Kạn",
        "href=\"tel:0209000111\"",
        "số 12/ATTP; 01/03/2025 – 29/02/2028",
        "Phiếu kiểm nghiệm</dt><dd>đến hết ngày 22/11/2026",
        "MD-01",
        "20/11/2027",
        "Bị thu hồi: Nấm mốc",
        "Trả lại nơi bán",
        CONTACT,
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
    for hidden in ["0209 000 222", "me@example.vn", "hữu cơ", "HACCP", "href=\"javascript", "MD-OLD", "MD-NEW"] {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
    let first = text.find("/photos/2\"").unwrap();
    assert!(first < text.find("/photos/1\"").unwrap(), "photos stand in their order");
}

#[actix_web::test]
async fn an_english_page_prefers_english_texts() {
    let world = full_product().await;
    let text = world.public.get_page("/p/1?lang=en").await.text();
    assert!(text.contains("<h1 id=\"name\">Canna vermicelli</h1>") && text.contains("A story"), "{text}");
    for word in ["Hạn sử dụng", "Chủ thể", "còn hiệu lực", "Câu chuyện"] {
        assert!(!text.contains(word), "{word}");
    }
    world.sql("UPDATE products SET story_en = NULL").await;
    let text = world.public.get_page("/p/1?lang=en").await.text();
    assert!(text.contains("<p class=\"story\" lang=\"vi\">Dòng một"), "{text}");
}

#[actix_web::test]
async fn a_shared_product_has_a_title_a_picture_and_one_address() {
    let world = full_product().await;
    let text = world.public.get_page("/p/1?utm_source=zalo").await.text();
    for tag in [
        "<meta property=\"og:title\" content=\"Miến dong thử\">".to_owned(),
        "<meta property=\"og:type\" content=\"product\">".to_owned(),
        "<meta property=\"og:locale\" content=\"vi_VN\">".to_owned(),
        "<meta property=\"og:locale:alternate\" content=\"en_US\">".to_owned(),
        "<meta name=\"twitter:card\" content=\"summary_large_image\">".to_owned(),
        format!("<meta property=\"og:image\" content=\"{PUBLIC_URL}/photos/2\">"),
        format!("<meta property=\"og:url\" content=\"{PUBLIC_URL}/p/1\">"),
        format!("<link rel=\"canonical\" href=\"{PUBLIC_URL}/p/1\">"),
        format!("hreflang=\"en\" href=\"{PUBLIC_URL}/p/1?lang=en\""),
    ] {
        assert!(text.contains(&tag), "{tag} is not in {text}");
    }
    let description = text.split_once("og:description\" content=\"").unwrap().1.split_once('"').unwrap().0;
    assert!(description.starts_with("4 sao OCOP. HTX Thử Nghiệm, Phường Bắc Kạn, Thái Nguyên."), "{description}");
    world.sql("DELETE FROM product_photos").await;
    let text = world.public.get_page("/p/1").await.text();
    assert!(text.contains(&format!("content=\"{PUBLIC_URL}/p/1/picture.jpg\"")), "{text}");
}

#[actix_web::test]
async fn what_people_typed_is_not_part_of_the_front_pages_own_address() {
    let world = three_products().await;
    let text = world.public.get_page("/?q=mien&set=7&lang=en&fbclid=1").await.text();
    assert!(text.contains(&format!("<link rel=\"canonical\" href=\"{PUBLIC_URL}/?set=7&#38;lang=en\">")), "{text}");
    assert!(!text.contains("noindex") && text.contains(ISSUER_NAME));
}

#[actix_web::test]
async fn texts_of_the_register_cannot_break_out_of_public_pages() {
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'";
    let world = World::new().await;
    world
        .product_from(ImportRow { village: Some(evil.to_owned()), standards: Some(evil.to_owned()), ..row(evil, evil) })
        .await;
    let doubled = evil.replace('\'', "''");
    world
        .sql(&format!(
            "UPDATE products SET name_en = '{doubled}', story = '{doubled}', ingredients = '{doubled}'; \
             UPDATE producers SET printed_address = '{doubled}', former_commune = '{doubled}'; \
             UPDATE certificates SET certificate_no = '{doubled}', issuer = '{doubled}', revoked_on = '2026-01-01', revoked_reason = '{doubled}'; \
             INSERT INTO producer_contacts (producer_no, kind, value, visibility, consent_by, consent_at, consent_text, created_at) \
                 SELECT 1, kind, left('https://x/{doubled}', 200), 'public', 'a', now(), 'a', now() \
                 FROM unnest(ARRAY['person', 'phone', 'zalo', 'email', 'website', 'address']) AS kind"
        ))
        .await;
    let typed = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect::<String>();
    for path in [
        "/".to_owned(),
        format!("/?q={typed}"),
        format!("/?lang=en&q={typed}"),
        "/p/1".to_owned(),
        "/p/1?lang=en".to_owned(),
    ] {
        let text = world.public.get_page(&path).await.text();
        assert!(text.contains("alert(1)"), "{path} does not show the text at all");
        for banned in ["<script", "<img src=x", "\"><script", "alert(2)>"] {
            assert!(!text.contains(banned), "{banned}: {text}");
        }
    }
}

#[actix_web::test]
async fn a_public_page_may_be_kept_for_a_minute_and_is_not_sent_twice() {
    let world = three_products().await;
    for path in ["/", "/?q=mien", "/p/1", "/p/1/picture.jpg", "/robots.txt", "/sitemap.xml"] {
        let page = world.public.get_page(path).await;
        assert_eq!(page.status, 200, "{path}");
        let expected =
            if path.contains("jpg") || path.contains("robots") { "public, max-age=3600" } else { "public, max-age=60" };
        assert_eq!(page.header("cache-control"), expected, "{path}");
        assert_eq!(page.header("vary"), "Accept-Language, Cookie");
        let again =
            world.public.request("GET", path).header("If-None-Match", format!("\"x\", W/{}", page.header("etag")));
        let again = world.public.send(again).await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, page.header("etag")), "{path}");
        let policy = "content-security-policy";
        assert_eq!(again.header(policy), page.header(policy), "{path}: a kept page takes over the headers of a 304");
        let head = world.public.send(world.public.request("HEAD", path)).await;
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, page.header("etag")), "{path}");
    }
    let before = world.public.get_page("/p/1").await.header("etag").to_owned();
    world.sql("UPDATE certificates SET revoked_on = '2026-11-22', revoked_reason = 'x' WHERE product_no = 1").await;
    assert_ne!(world.public.get_page("/p/1").await.header("etag"), before);
}

#[actix_web::test]
async fn a_public_page_takes_nothing_from_elsewhere_and_runs_no_script() {
    let world = full_product().await;
    for path in ["/", "/p/1"] {
        let page = world.public.get_page(path).await;
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("img-src 'self' data:"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        let text = page.text();
        for css in text.split("<style>").skip(1).map(|rest| rest.split_once("</style>").unwrap().0) {
            assert!(policy.contains(&nguon::http::style_source(css)), "{policy}");
        }
        for banned in ["<script", "style=\"", "src=\"http", "url(", "@import", "<iframe"] {
            assert!(!text.contains(banned), "{banned}: {text}");
        }
        assert!(page.headers.get("set-cookie").is_none());
    }
}

#[actix_web::test]
async fn a_number_that_was_never_given_out_is_not_found() {
    let world = three_products().await;
    for number in ["99", "0", "01", "-1", "x", "1.0", "16777216", "99999999999999999999", "%00", "1%20", "1/x"] {
        let page = world.public.get_page(&format!("/p/{number}")).await;
        assert_eq!(page.status, 404, "{number}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
    assert_eq!(world.public.get("/p/3/picture.jpg").await.status, 404);
    assert_eq!(world.public.get("/p/1/picture.jpg").await.header("content-type"), "image/jpeg");
}

#[actix_web::test]
async fn search_engines_are_kept_out_of_every_place_but_the_public_ones() {
    let world = three_products().await;
    let robots = world.public.get("/robots.txt").await.text();
    let is_closed = |path: &str| {
        robots.lines().filter_map(|line| line.strip_prefix("Disallow: ")).any(|rule| match rule.strip_suffix('$') {
            Some(whole) => path == whole,
            None => path.starts_with(rule),
        })
    };
    for route in route_table() {
        let is_public = [
            "/",
            "/p/{product_no}",
            "/p/{product_no}/picture.jpg",
            "/photos/{photo_id}",
            "/photos/{photo_id}/small",
            "/robots.txt",
            "/sitemap.xml",
        ]
        .contains(&route.path);
        assert_eq!(is_closed(route.path), !is_public, "{}: {robots}", route.path);
    }
    assert!(robots.contains(&format!("Sitemap: {PUBLIC_URL}/sitemap.xml")));
    let map = world.public.get("/sitemap.xml").await.text();
    for path in ["/", "/p/1", "/p/2", "/p/3"] {
        assert!(map.contains(&format!("<loc>{PUBLIC_URL}{path}</loc>")), "{map}");
    }
}

#[actix_web::test]
async fn without_the_database_the_front_page_still_takes_codes_and_says_what_is_missing() {
    let world = three_products().await;
    world.test_db.admin_sql(&format!("DROP DATABASE {} WITH (FORCE)", world.test_db.name)).await;
    let home = world.public.get_page("/").await;
    assert_eq!((home.status, home.header("cache-control")), (503, "no-store"));
    assert!(home.header("retry-after").parse::<u32>().unwrap() > 0);
    let text = home.text();
    assert!(text.contains("<form action=\"/c\"") && text.contains("chưa xem được danh sách"), "{text}");
    let product = world.public.get_page("/p/1").await;
    assert_eq!(product.status, 503);
    assert!(product.text().contains("Chưa kết nối được với sổ") && product.text().contains(CONTACT));
}
