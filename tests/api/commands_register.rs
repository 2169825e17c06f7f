//! `nguon register import`: the sample in three forms, and files that must leave the register as it was.

use std::fs;
use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::commands::{HEADINGS, Outcome, Place, good_line};
use crate::world::TestDb;

const SAMPLE: &str = include_str!("../../assets/register/ocop_register_sample.tsv");

/// An initialised deployment with an empty register.
struct Desk {
    place: Place,
    test_db: TestDb,
}

impl Desk {
    async fn new() -> Self {
        let test_db = TestDb::new().await;
        let place = Place::on(&test_db).await;
        place.run(&["init"]).done();
        Self { place, test_db }
    }

    fn import(&self, name: &str, bytes: &[u8]) -> Outcome {
        let file = self.place.path(name);
        fs::write(&file, bytes).unwrap();
        self.place.run(&["register", "import", file.to_str().unwrap(), "--json"])
    }

    fn import_lines(&self, lines: &[String]) -> Outcome {
        self.import("lines.tsv", format!("{HEADINGS}\n{}\n", lines.join("\n")).as_bytes())
    }

    async fn n_products(&self) -> i64 {
        self.test_db.count("SELECT count(*) AS n FROM products").await
    }

    /// Asserts that the file was refused with an error at this place, and that nothing of it was taken.
    #[track_caller]
    fn assert_refused(said: Outcome, line: u32, column: &str) {
        let said = said.ended(1);
        let (vi, en) = (format!("Dòng {line}, cột {column}: "), format!("Line {line}, column {column}: "));
        assert!(said.stderr.contains(&vi) && said.stderr.contains(&en), "{}", said.stderr);
        assert_eq!(said.stdout, "");
    }
}

/// A workbook of texts.
fn workbook<'c>(rows: impl Iterator<Item = Vec<&'c str>>) -> Vec<u8> {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let cell = |text: &str| format!("<c t=\"inlineStr\"><is><t>{}</t></is></c>", escape(text));
    let rows: Vec<String> =
        rows.map(|row| format!("<row>{}</row>", row.iter().map(|text| cell(text)).collect::<String>())).collect();
    let sheet = format!("<worksheet><sheetData>{}</sheetData></worksheet>", rows.concat());
    let parts = [
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        ("xl/workbook.xml", r#"<workbook><sheets><sheet name="Sheet1" r:id="rId1"/></sheets></workbook>"#),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="rId1" Type="x/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
        ("xl/styles.xml", r#"<styleSheet><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>"#),
        ("xl/worksheets/sheet1.xml", &sheet),
    ];
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    SAMPLE.lines().map(|line| line.split('\t').collect())
}

fn png() -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(40, 30, image::Rgb([10, 120, 40]));
    image.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[actix_web::test]
async fn the_sample_register_is_the_same_65_products_as_tsv_csv_and_xlsx() {
    let desk = Desk::new().await;
    let mut csv = csv::Writer::from_writer(Vec::new());
    rows().for_each(|row| csv.write_record(row).unwrap());
    let counts = |said: Outcome| {
        let report = said.done().json();
        ["n_rows", "n_products_added", "n_products_updated"].map(|name| report[name].clone())
    };
    let (first, again) = ([65, 65, 0].map(Value::from), [65, 0, 0].map(Value::from));
    assert_eq!(counts(desk.import("sample.tsv", SAMPLE.as_bytes())), first);
    assert_eq!(counts(desk.import("sample.csv", &csv.into_inner().unwrap())), again);
    assert_eq!(counts(desk.import("sample.xlsx", &workbook(rows()))), again);
    assert_eq!(desk.n_products().await, 65);
}

#[actix_web::test]
async fn a_product_of_the_sample_without_certificate_dates_is_not_minted() {
    let desk = Desk::new().await;
    desk.import("sample.tsv", SAMPLE.as_bytes()).done();
    let day = crate::commands::today().to_string();
    desk.place.run(&["batch", "open", "--product", "1", "--lot", "A", "--packed-on", &day]).done();
    desk.place.run(&["mint", "1", "1"]).refused("no certificate dates");
}

#[actix_web::test]
async fn every_bad_row_is_named_in_both_languages_and_nothing_is_imported() {
    let desk = Desk::new().await;
    fs::write(desk.place.path("p.png"), png()).unwrap();
    let good = good_line("p.png");
    let with = |product: &str, from: &str, to: &str| good.replacen("Miến dong thử", product, 1).replacen(from, to, 1);
    let lines = [
        good.clone(),
        with("Trà", "\t7\t", "\t77\t"),
        with("Mật", "\tcooperative\t", "\ttrang trại\t"),
        with("Cam", "\t4\t01/GCN", "\t6\t01/GCN"),
        with("Gạo", &good_from(&good), "31/05/2026"),
        with("Chè", "12 tháng", "một năm"),
    ];
    let said = desk.import_lines(&lines).ended(1);
    for (line, column) in [(3, "product_set"), (4, "producer_kind"), (5, "stars"), (6, "from"), (7, "shelf_life")] {
        let places = [format!("Dòng {line}, cột {column}: "), format!("Line {line}, column {column}: ")];
        assert!(places.iter().all(|place| said.stderr.contains(place)), "{line} {column}: {}", said.stderr);
    }
    assert!(!said.stderr.contains("Dòng 2,"), "{}", said.stderr);
    assert_eq!(said.stdout, "");
    assert_eq!(desk.n_products().await, 0);
}

/// The certificate's first day in a line.
fn good_from(line: &str) -> String {
    line.split('\t').nth(10).unwrap().to_owned()
}

#[actix_web::test]
async fn a_row_that_contradicts_the_register_refuses_the_whole_file() {
    let desk = Desk::new().await;
    fs::write(desk.place.path("p.png"), png()).unwrap();
    let good = good_line("p.png");
    let other = good.replacen("Miến dong thử", "Trà", 1);
    let unknown = other.replacen("01843", "99999", 1);
    Desk::assert_refused(desk.import_lines(&[good.clone(), unknown]), 3, "commune_code");
    let misnamed = other.replacen("Phường Bắc Kạn", "Phường Đức Xuân", 1);
    Desk::assert_refused(desk.import_lines(&[good.clone(), misnamed]), 3, "commune");
    let other_kind = other.replacen("cooperative", "company", 1);
    Desk::assert_refused(desk.import_lines(&[good.clone(), other_kind]), 3, "producer_kind");
    assert_eq!(desk.n_products().await, 0);
    desk.import_lines(&[good, other]).done();
    assert_eq!(desk.n_products().await, 2);
}

#[actix_web::test]
async fn a_picture_beside_the_file_is_taken_into_the_register() {
    let desk = Desk::new().await;
    fs::write(desk.place.path("ảnh miến.png"), png()).unwrap();
    desk.import_lines(&[good_line("ảnh miến.png")]).done();
    let sql = "SELECT count(*) AS n FROM products WHERE length(photo) BETWEEN 100 AND 4096";
    assert_eq!(desk.test_db.count(sql).await, 1);
}

#[actix_web::test]
async fn a_picture_that_is_missing_or_none_is_an_error_of_its_row() {
    let desk = Desk::new().await;
    fs::write(desk.place.path("p.png"), png()).unwrap();
    fs::write(desk.place.path("note.png"), "no picture").unwrap();
    fs::create_dir(desk.place.path("folder.png")).unwrap();
    for image in ["gone.png", "note.png", "folder.png", "../p.png", "/etc/hostname"] {
        let second = good_line(image).replacen("Miến dong thử", "Trà", 1);
        Desk::assert_refused(desk.import_lines(&[good_line("p.png"), second]), 3, "image");
    }
    assert_eq!(desk.n_products().await, 0);
}

#[actix_web::test]
async fn a_file_that_is_no_register_is_refused_in_one_sentence() {
    let desk = Desk::new().await;
    let latin =
        desk.import("latin1.csv", b"product,product_set,producer,producer_kind\nMi\xea\xf1n,7,HTX,cooperative\n");
    let latin = latin.ended(1).stderr;
    assert!(latin.contains("Dòng 2: ") && latin.contains("not UTF-8"), "{latin}");
    desk.import("broken.xlsx", b"PK\x03\x04 and nothing more").ended(1);
    desk.import("heading.tsv", "sản phẩm\tproduct_set\n".as_bytes()).ended(1);
    let missing = desk.place.run(&["register", "import", "gone.tsv"]);
    missing.refused("gone.tsv");
    desk.place.run(&["register", "import", "."]).ended(1);
    assert_eq!(desk.n_products().await, 0);
}

#[actix_web::test]
async fn products_are_listed_with_the_state_unknown_when_dates_are_missing() {
    let desk = Desk::new().await;
    desk.import("sample.tsv", SAMPLE.as_bytes()).done();
    let server = desk.place.start("serve");
    let public = crate::world::Client::new(&server.base_url, None);
    let mut n = 0;
    let mut path = "/api/v1/products?limit=50".to_owned();
    loop {
        let page = public.get(&path).await.json();
        for product in page["items"].as_array().unwrap() {
            assert_eq!(product["certificate"]["state"], json!("unknown"), "{product}");
            n += 1;
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/products?limit=50&cursor={next}");
    }
    assert_eq!(n, 65);
}
