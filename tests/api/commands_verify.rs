//! `nguon verify` as an inspector without signal runs it, with a key set alone, and beside the register. The exit codes are
//! a promise to scripts: 0 valid, 1 rejected, 2 usage, 3 cannot be decided.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use image::ImageFormat;
use nguon::label::{CarrierChoice, LabelWidth, PxPerModule, StampText, plan, qr_png};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::{Outcome, Place, bare_command};
use crate::world::TestDb;

/// A typed code that nobody gave out.
const CODE: &str = "0001-2G00-00G4-7K3M";

/// A folder with the vectors' key set, and no settings at all.
struct Inspector {
    folder: TempDir,
    vectors: Value,
}

impl Inspector {
    fn new() -> Self {
        let vectors: Value = serde_json::from_str(include_str!("../vectors/stamp_v1.json")).unwrap();
        let inspector = Self { folder: tempfile::tempdir().unwrap(), vectors };
        inspector.write("keys.json", inspector.vectors["jwks"].to_string().as_bytes());
        inspector
    }

    /// The same with the first key in another state.
    fn with_first_key(status: &str) -> Self {
        let mut inspector = Self::new();
        inspector.vectors["jwks"]["keys"][0]["status"] = json!(status);
        inspector.write("keys.json", inspector.vectors["jwks"].to_string().as_bytes());
        inspector
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A valid stamp by key 1 whose goods still keep.
    fn digits(&self) -> &str {
        self.vectors["valid"][0]["digits"].as_str().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut bare_command(self.folder.path(), arguments))
    }

    fn verify(&self, stamp: &str) -> Outcome {
        let issuer = self.vectors["issuer"].as_str().unwrap();
        self.run(&["verify", stamp, "--jwks", "keys.json", "--issuer", issuer, "--json"])
    }

    #[track_caller]
    fn check(&self, stamp: &str, code: i32, headline: &str, rule: &Value) {
        let said = self.verify(stamp).ended(code).json();
        assert_eq!((&said["headline"], &said["rule"]), (&json!(headline), rule), "{stamp}");
    }

    /// A stamp's symbol as a PNG.
    fn symbol(&self, choice: CarrierChoice) -> Vec<u8> {
        let origin = "https://tem.example.vn";
        let code = CODE.replace('-', "");
        let text = StampText { origin, digits: self.digits(), code: &code, serial: 1 };
        let plan = plan(choice, LabelWidth::STANDARD, origin).unwrap();
        qr_png(&plan.symbol(&text).unwrap(), PxPerModule::new(6).unwrap()).unwrap()
    }
}

#[test]
fn every_valid_vector_is_valid_offline() {
    let inspector = Inspector::new();
    for valid in inspector.vectors["valid"].as_array().unwrap() {
        let past = valid["fields"]["exp"] == 1;
        let headline = if past { "past_shelf_life" } else { "unchecked" };
        inspector.check(valid["digits"].as_str().unwrap(), 0, headline, &Value::Null);
    }
}

#[test]
fn every_invalid_vector_is_rejected_offline_by_its_rule() {
    let inspector = Inspector::new();
    let invalid = inspector.vectors["invalid"].as_array().unwrap();
    assert_eq!(invalid.len(), 25);
    for vector in invalid {
        let said = inspector.verify(vector["digits"].as_str().unwrap()).ended(1).json();
        assert_eq!(said["headline"], "not_issued");
        let rule = said["rule"].as_str().unwrap();
        let stage = match rule {
            "length" | "digit" | "group" => "decode",
            "key" => "kid",
            rule => rule,
        };
        assert_eq!(stage, vector["must_fail_at"], "{}: {rule}", vector["name"]);
    }
}

#[test]
fn a_text_names_the_first_rule_that_it_breaks() {
    let inspector = Inspector::new();
    let tail = &inspector.digits()[1..];
    inspector.check("", 1, "not_issued", &json!("length"));
    inspector.check(&format!(" {tail}"), 1, "not_issued", &json!("digit"));
    inspector.check(&format!("-{tail}"), 1, "not_issued", &json!("digit"));
    inspector.check(&format!("+{tail}"), 1, "not_issued", &json!("digit"));
    // A fullwidth digit has three bytes.
    inspector.check(&format!("０{tail}"), 1, "not_issued", &json!("length"));
    inspector.check(&format!("０{}", &tail[2..]), 1, "not_issued", &json!("digit"));
}

#[test]
fn a_url_is_read_without_what_apps_hang_on_it() {
    let inspector = Inspector::new();
    let url = format!("https://tem.example.vn/s/{}", inspector.digits());
    for tail in ["", "#a", "?", "?fbclid=IwAR0/s/1", "?utm_source=zalo&utm_medium=qr#top"] {
        inspector.check(&format!("{url}{tail}"), 0, "unchecked", &Value::Null);
    }
    inspector.check(&url.replacen("https", "HTTPS", 1), 0, "unchecked", &Value::Null);
}

#[test]
fn a_url_of_another_path_is_rejected_by_length() {
    let inspector = Inspector::new();
    let digits = inspector.digits();
    for path in [
        "",
        "/",
        &format!("/t/{digits}"),
        &format!("/s/{digits}/"),
        &format!("/s//{digits}"),
        &format!("/x/s/{digits}"),
        &format!("/?s=/s/{digits}"),
        &format!("/s/%30{}", &digits[1..]),
    ] {
        inspector.check(&format!("https://tem.example.vn{path}"), 1, "not_issued", &json!("length"));
    }
}

#[test]
fn a_stamp_of_a_compromised_key_cannot_be_decided_offline() {
    let inspector = Inspector::with_first_key("compromised");
    inspector.check(inspector.digits(), 3, "unchecked", &Value::Null);
}

#[test]
fn a_forgery_under_a_compromised_key_is_still_rejected() {
    let inspector = Inspector::with_first_key("compromised");
    let digits = inspector.digits();
    let last = if digits.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{last}", &digits[..186]);
    inspector.check(&forged, 1, "not_issued", &json!("signature"));
}

#[test]
fn a_stamp_of_a_retired_key_stays_valid() {
    let inspector = Inspector::with_first_key("retired");
    inspector.check(inspector.digits(), 0, "unchecked", &Value::Null);
}

#[test]
fn another_issuers_stamp_is_rejected_by_signature() {
    let inspector = Inspector::new();
    let arguments = ["verify", inspector.digits(), "--jwks", "keys.json", "--issuer", "other.example.vn", "--json"];
    assert_eq!(inspector.run(&arguments).ended(1).json()["rule"], "signature");
}

#[test]
fn without_json_the_answer_is_in_words_and_names_the_rule() {
    let inspector = Inspector::new();
    let arguments = ["verify", "12", "--jwks", "keys.json", "--issuer", "tem.example.vn"];
    assert!(inspector.run(&arguments).ended(1).stdout.contains("[length]"));
}

#[test]
fn a_typed_code_cannot_be_decided_offline() {
    let inspector = Inspector::new();
    let compact = format!("https://tem.example.vn/c/{}", CODE.replace('-', ""));
    for text in [CODE, "0000 0000 0000 000o", &compact] {
        let said = inspector.verify(text).ended(3).json();
        assert_eq!((&said["code"], &said["rule"]), (&json!("undecided"), &Value::Null), "{text}");
    }
}

#[test]
fn a_photo_of_a_symbol_is_read_as_png_and_as_jpeg() {
    let inspector = Inspector::new();
    let png = inspector.symbol(CarrierChoice::Full);
    let mut jpeg = Cursor::new(Vec::new());
    let grey = image::load_from_memory(&png).unwrap().into_luma8();
    grey.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    inspector.write("symbol.png", &png);
    inspector.write("photo.jpg", &jpeg.into_inner());
    inspector.check("symbol.png", 0, "unchecked", &Value::Null);
    inspector.check("photo.jpg", 0, "unchecked", &Value::Null);
}

#[test]
fn a_photo_of_a_compact_symbol_cannot_be_decided_offline() {
    let inspector = Inspector::new();
    inspector.write("small.png", &inspector.symbol(CarrierChoice::Compact));
    inspector.verify("small.png").ended(3);
}

#[test]
fn a_picture_without_a_symbol_cannot_be_decided() {
    let inspector = Inspector::new();
    let mut png = Cursor::new(Vec::new());
    let grey = image::GrayImage::from_fn(200, 200, |x, y| image::Luma([u8::try_from((x + y) % 251).unwrap()]));
    grey.write_to(&mut png, ImageFormat::Png).unwrap();
    inspector.write("field.png", &png.into_inner());
    inspector.verify("field.png").ended(3);
}

#[test]
fn a_picture_with_two_symbols_cannot_be_decided() {
    let inspector = Inspector::new();
    let one = image::load_from_memory(&inspector.symbol(CarrierChoice::Full)).unwrap().into_luma8();
    let mut two = image::GrayImage::from_pixel(one.width() * 2, one.height(), image::Luma([255]));
    image::imageops::overlay(&mut two, &one, 0, 0);
    image::imageops::overlay(&mut two, &one, i64::from(one.width()), 0);
    let mut png = Cursor::new(Vec::new());
    two.write_to(&mut png, ImageFormat::Png).unwrap();
    inspector.write("two.png", &png.into_inner());
    inspector.verify("two.png").ended(3);
}

#[test]
fn a_file_that_is_no_picture_is_a_matter_of_usage() {
    let inspector = Inspector::new();
    inspector.write("note.png", b"<svg onload=alert(1)>");
    let said = inspector.verify("note.png").ended(2);
    assert!(said.stderr.contains("PNG"), "{}", said.stderr);
}

#[test]
fn a_key_set_that_cannot_be_used_is_a_matter_of_usage() {
    let inspector = Inspector::new();
    let digits = inspector.digits();
    let identity = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let weak = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": identity, "stamp_kid": 1 }] });
    inspector.write("weak.json", weak.to_string().as_bytes());
    inspector.write("garbage.json", b"\x00\xff{");
    inspector.write("empty.json", b"");
    for name in ["missing.json", "garbage.json", "empty.json", "weak.json", "."] {
        let said = inspector.run(&["verify", digits, "--jwks", name, "--issuer", "tem.example.vn", "--json"]);
        assert!(said.stdout.is_empty(), "{}", said.stdout);
        said.ended(2);
    }
}

#[test]
fn a_key_set_without_an_issuer_is_a_matter_of_usage() {
    let inspector = Inspector::new();
    inspector.run(&["verify", inspector.digits(), "--jwks", "keys.json"]).ended(2);
    inspector.run(&["verify", inspector.digits(), "--issuer", "tem.example.vn"]).ended(2);
    let spaced = ["verify", inspector.digits(), "--jwks", "keys.json", "--issuer", "a b"];
    inspector.run(&spaced).ended(2);
}

#[test]
fn verifying_offline_leaves_nothing_behind() {
    let inspector = Inspector::new();
    inspector.check(inspector.digits(), 0, "unchecked", &Value::Null);
    assert_eq!(fs::read_dir(inspector.folder.path()).unwrap().count(), 1);
}

#[actix_web::test]
async fn beside_the_register_a_stamp_and_its_code_are_issued_and_a_wrong_code_is_rejected() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    let stamp = place.mint(batch_no, 10)["first_stamp"].clone();
    let (digits, code) = (stamp["digits"].as_str().unwrap(), stamp["code"].as_str().unwrap());
    for text in [digits, code, &code.to_lowercase(), &format!("https://tem.example.vn/s/{digits}?x")] {
        let said = place.run(&["verify", text, "--json"]).done().json();
        assert_eq!(said["headline"], "issued", "{text}");
    }
    let last = if code.ends_with('Z') { "Y" } else { "Z" };
    let wrong = format!("{}{last}", &code[..code.len() - 1]);
    let said = place.run(&["verify", &wrong, "--json"]).ended(1).json();
    assert_eq!((&said["headline"], &said["rule"]), (&json!("not_issued"), &json!("code")));
}

#[actix_web::test]
async fn a_stamp_of_a_compromised_key_is_settled_by_the_register() {
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    let batch_no = place.found();
    let stamp = place.mint(batch_no, 1)["first_stamp"].clone();
    place.run(&["keys", "mark-compromised", "1"]).done();
    let said = place.run(&["verify", stamp["digits"].as_str().unwrap(), "--json"]).done();
    assert_eq!(said.json()["headline"], "issued");
}

#[test]
fn without_a_register_nothing_can_be_decided() {
    let place = Place::new().with("DATABASE_URL", "mysql://u@127.0.0.1/x");
    place.run(&["verify", &"0".repeat(187)]).ended(3);
}
